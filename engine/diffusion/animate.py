"""AnimateDiff (Guo et al. 2023): temporal attention laid into a picture UNet. The loop runs the motion UNet like any other model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import MotionAdapter, UNetMotionModel
from torch import nn

from engine.errors import InvalidInput, ModelUnavailable

MOST_FRAMES = 32


def zeroed_adapter(
    unet: Any, *, frames: int = MOST_FRAMES, heads: int | tuple[int, ...] = 8, layers: int | tuple[int, ...] = 1, middle: bool = True, seed: int = 0
) -> Any:
    """A fresh `MotionAdapter` that fits a `UNet2DConditionModel` and changes nothing: the motion UNet draws each frame as the picture UNet does.

    frames: the most that it will ever see at once; heads must divide the UNet's widths; layers: temporal transformers in each module, 0 for one that only
    projects; both may be given for each width. middle: a module in the middle block too. A plain new adapter is no identity; the paper's training starts from
    output projections of zero, and so does this.
    """
    config = unet.config
    many = (heads,) * len(config.block_out_channels) if isinstance(heads, int) else heads
    if len(many) != len(config.block_out_channels) or any(width % each for width, each in zip(config.block_out_channels, many, strict=True)):
        raise InvalidInput(f"{heads} heads do not divide widths of {', '.join(map(str, config.block_out_channels))}", fix="choose another number of heads")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        adapter: Any = MotionAdapter(
            block_out_channels=config.block_out_channels, motion_layers_per_block=config.layers_per_block, motion_num_attention_heads=heads,
            motion_norm_num_groups=config.norm_num_groups, motion_max_seq_length=frames, use_motion_mid_block=middle,
            motion_transformer_layers_per_block=layers,
        )  # fmt: skip
    for name, module in adapter.named_modules():
        if name.endswith("proj_out"):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
    return adapter.to(unet.device, unet.dtype)


def motion_unet(unet: Any, adapter: Any) -> Any:
    """A `UNetMotionModel` with copies of the weights of both, ready to draw. Raises `InvalidInput` when they do not fit together."""
    try:
        made = UNetMotionModel.from_unet2d(unet, adapter)
    except (ValueError, RuntimeError) as error:
        raise InvalidInput("the motion adapter does not fit the picture model", why=str(error)[:200], fix="choose an adapter of the same family") from error
    return made.to(unet.device).eval().requires_grad_(False)


def load_adapter(folder: Path | str, *, dtype: torch.dtype, device: torch.device | str = "cpu") -> Any:
    """A saved `MotionAdapter`, from safetensors alone. Raises `ModelUnavailable` when it cannot be read."""
    try:
        made: Any = MotionAdapter.from_pretrained(folder, torch_dtype=dtype, local_files_only=True, use_safetensors=True)
    except Exception as error:  # diffusers raises a dozen kinds for a missing, cut or foreign file
        raise ModelUnavailable(f"the motion adapter in {Path(folder).name} cannot be read", why=str(error)[:200], fix="fetch the model again") from error
    return made.to(device).eval().requires_grad_(False)
