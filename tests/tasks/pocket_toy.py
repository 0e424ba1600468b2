"""Whole pocket models of toy size on disk, random weights: what the provider loads, so that only the numbers differ from the real ones."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.diffusion.packed import pack_folder
from engine.metrics.pocket_clip import Towers
from engine.training import clip, flow, image, text, upscale, vae
from engine.vision.upscale import Upscaler
from tests.diffusion.toy import shaken

WIDTH = 32


def save(folder: Path) -> Path:
    """Write pocket-sd, pocket-flow, pocket-upscale and pocket-clip below `folder`."""
    torch.manual_seed(1)
    tokenizer = text.build_tokenizer(["a", "red", "blue", "boat", "balloon", "at", "night", "sea", "the", "hills"])
    encoder = text.build_encoder(tokenizer, WIDTH, 1).eval()
    image.export(shaken(image.build((32, 32, 32), (1, 1, 1), WIDTH), 3, 0.5), vae.build(8, (0, 0, 1, 1), (1, 1, 0, 0)).eval(), tokenizer, encoder, folder / "pocket-sd")
    shaken(flow.build((32, 32, 32), (1, 1, 1), WIDTH), 4, 0.3).half().save_pretrained(folder / "pocket-flow")
    pack_folder(folder / "pocket-flow")
    upscale.export(Upscaler(16, 1), folder / "pocket-upscale")
    clip.export(clip.Training(Towers(8, WIDTH), tokenizer, encoder), folder / "pocket-clip")
    return folder
