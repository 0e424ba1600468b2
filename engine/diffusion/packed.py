"""Weights at one byte each: matrices as int8 with a scale for every row. For nets that only Kinora's own code loads; what stock code loads stays float16."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

from engine.errors import ModelUnavailable

WEIGHTS = "diffusion_pytorch_model.safetensors"
SCALE = ".scale"
SMALLEST = 4096
"""Tensors of fewer numbers stay float16: they weigh nothing."""


def packed(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Each matrix or kernel as int8 and, under its name with `.scale`, (rows,) float32 by which its rows are multiplied; all else as float16."""
    out: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        if tensor.ndim < 2 or tensor.numel() < SMALLEST:
            out[name] = tensor.half().contiguous()
            continue
        flat = tensor.float().flatten(1)
        scale = flat.abs().amax(1).clamp_min(1e-12) / 127
        out[name], out[name + SCALE] = (flat / scale[:, None]).round().to(torch.int8).view(tensor.shape).contiguous(), scale
    return out


def unpacked(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What `packed` was given, as float32, to within half a step of each row's scale. Weights that were never packed pass through."""
    return {
        name: tensor.float() * tensors[name + SCALE].float().view(-1, *(1,) * (tensor.ndim - 1)) if name + SCALE in tensors else tensor.float()
        for name, tensor in tensors.items()
        if not name.endswith(SCALE)
    }


def pack_folder(folder: Path) -> None:
    """Pack the weights of a saved diffusers model in place."""
    save_file(packed(load_file(folder / WEIGHTS)), folder / WEIGHTS, metadata={"format": "pt"})


def eighths_folder(folder: Path) -> None:
    """Store the matrices of a saved diffusers model as 8-bit floats (E4M3: three bits of fraction), all else as float16, in place. Stock code loads them as any other
    numbers, which int8 with scales it does not, at about five times the rounding error."""
    tensors = {
        name: tensor.to(torch.float8_e4m3fn) if tensor.ndim >= 2 and tensor.numel() >= SMALLEST else tensor.half() for name, tensor in load_file(folder / WEIGHTS).items()
    }
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def load_unet(folder: Path, dtype: torch.dtype) -> Any:
    """A `UNet2DConditionModel` from a folder with packed or plain weights, frozen. Raises `ModelUnavailable` when it cannot be read."""
    try:
        model: Any = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(folder, local_files_only=True))
        model.load_state_dict(unpacked(load_file(folder / WEIGHTS)))
    except Exception as error:  # diffusers, torch and safetensors each raise their own kinds for a missing, cut or foreign file
        raise ModelUnavailable(f"the net in {folder.name} cannot be read", why=f"{type(error).__name__}: {str(error)[:120]}", fix="restore the folder") from error
    return model.to(dtype).to(memory_format=torch.channels_last).eval().requires_grad_(False)
