"""Random models of toy size: the shapes of the pocket models, weights that do something everywhere."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from diffusers import AutoencoderKL

from engine.diffusion.parts import Parts
from engine.training import image, text, vae

WORDS = ["a", "red", "blue", "boat", "balloon", "at", "night", "sea", "the", "hills"]
WIDTH = 32


def shaken(model: Any, seed: int = 0, scale: float = 1.0) -> Any:
    """The model with noise on every weight: as they are built, many branches begin at zero and would hide a fault."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            fan = weight[0].numel() if weight.ndim > 1 else 16
            weight.add_(torch.randn(weight.shape, generator=generator) * scale / fan**0.5)
    return model.eval().requires_grad_(False)


def unet(seed: int = 0) -> Any:
    """float32, two stages, cross-attention in the outer one and the middle."""
    torch.manual_seed(seed)
    return shaken(image.build((32, 32), (1, 1), WIDTH, side=8), seed)


@cache
def parts() -> Parts:
    """All parts, float32, made once."""
    torch.manual_seed(1)
    tokenizer = text.build_tokenizer(WORDS)
    encoder: Any = text.build_encoder(tokenizer, WIDTH, 1).eval().requires_grad_(False)
    autoencoder = vae.build(8, (0, 0, 1, 1), (1, 1, 0, 0)).eval().requires_grad_(False)
    return Parts(unet(), autoencoder, encoder, tokenizer, image.scheduler())


def autoencoder_kl() -> Any:
    """Factor 8, with a scaling and a shift."""
    torch.manual_seed(2)
    made = AutoencoderKL(
        block_out_channels=(8, 8, 8, 8), down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, layers_per_block=1, latent_channels=4,
        norm_num_groups=4, scaling_factor=0.5, shift_factor=0.25,
    )  # fmt: skip
    return made.eval()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    """Unit Gaussian."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def states(*shape: int, seed: int = 5) -> torch.Tensor:
    """Random states (..., 6 tokens, width)."""
    return noise(*shape, 6, WIDTH, seed=seed)
