"""Structure from ControlNets (Zhang et al. 2023) in the denoising loop (block B5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from engine.diffusion.loop import Denoiser
from engine.errors import ModelUnavailable


def controlled(unet: Any, *nets: tuple[Any, float]) -> Denoiser:
    """A denoiser of the loop that takes `control` (R, n, 3 N, H, W) in 0..1 beside the rest, three channels for each of N nets, whose answers are added.

    nets: each with its strength. Channels beyond a net's own (of an inpainting UNet) are for the UNet alone.
    """

    def call(latents: torch.Tensor, timestep: int, states: torch.Tensor, *, control: torch.Tensor, **extra: Any) -> torch.Tensor:
        given, told = latents.flatten(0, 1).to(unet.device, unet.dtype), states.flatten(0, 1).to(unet.device, unet.dtype)
        pictures = control.flatten(0, 1).to(unet.device, unet.dtype).split(3, dim=1)
        found: list[torch.Tensor] = []
        for (net, scale), picture in zip(nets, pictures, strict=True):
            down, middle = net(given[:, : net.config.in_channels], timestep, told, controlnet_cond=picture, conditioning_scale=scale, return_dict=False)
            each = [*down, middle]
            found = [one + other for one, other in zip(found, each, strict=True)] if found else each
        sample = unet(given, timestep, told, down_block_additional_residuals=found[:-1], mid_block_additional_residual=found[-1], **extra).sample
        return sample.unflatten(0, latents.shape[:2]).to(latents.device)

    return call


def load_control(folder: Path, *, dtype: torch.dtype, device: torch.device | str = "cpu") -> Any:
    """A ControlNet of a diffusers folder, from safetensors, frozen. Raises `ModelUnavailable` when the folder does not hold one that can be read."""
    from diffusers import ControlNetModel

    try:
        halves = not (folder / "diffusion_pytorch_model.safetensors").exists() and any(folder.glob("*.fp16.safetensors"))
        net = ControlNetModel.from_pretrained(folder, local_files_only=True, use_safetensors=True, torch_dtype=dtype, **({"variant": "fp16"} if halves else {}))
    except Exception as error:  # diffusers raises a dozen kinds for a missing, cut or foreign file
        raise ModelUnavailable(f"the ControlNet in {folder.name} cannot be read", why=str(error)[:200], fix="fetch the model again") from error
    return net.to(device).eval().requires_grad_(False)
