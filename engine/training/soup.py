"""The picture model averaged with an earlier one of its own training (model soups, Wortsman et al. 2022). `python -m engine.training.soup FOLDER [--share 0.5]`.

A longer training draws things better, and its noise predictions turn more sharply along the way, so that DDIM inversion comes back less exactly. The mean of both
weights keeps most of either: `bench.pocket_clips` and `tests/test_shipped.py` are the two that decide.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel

from engine.errors import ModelUnavailable
from engine.training import image
from engine.training.data import Recipe
from engine.training.latents import LatentCache
from engine.training.session import session


def averaged(one: Any, other: Any, share: float) -> Any:
    """A copy of UNet `one` with `share` (0 to 1) of the weights of `other`, float32. Raises `ModelUnavailable` when they are not of one shape."""
    ours, theirs = one.state_dict(), other.state_dict()
    if {name: t.shape for name, t in ours.items()} != {name: t.shape for name, t in theirs.items()}:
        raise ModelUnavailable("the two picture models are not of one shape", fix="give an earlier model of the same training")
    made: Any = UNet2DConditionModel.from_config(one.config)
    made.load_state_dict({name: torch.lerp(t.float(), theirs[name].float(), share) for name, t in ours.items()})
    return made.to(memory_format=torch.channels_last).eval()


def main() -> int:
    """Write the export of the picture model anew, with its held-out figures and those of both that it is made of in the log."""
    parser = argparse.ArgumentParser(prog="python -m engine.training.soup", description="Average the picture model with an earlier one.")
    parser.add_argument("folder", type=Path, help="the earlier model's diffusers folder")
    parser.add_argument("--share", type=float, default=0.5, help="share of the earlier model, 0 to 1")
    chosen = parser.parse_args()
    with session(image.NAME) as (folder, _, log):
        autoencoder, tokenizer, encoder, mark = image.load_parts()
        training = image.Training(image.build(), tokenizer, encoder)
        training.load(folder / f"checkpoint-{mark}.safetensors")
        test = image.Batches(LatentCache(Recipe(split="held-out"), autoencoder, mark))
        newest = training.averaged(torch.float32)
        earlier: Any = UNet2DConditionModel.from_pretrained(chosen.folder / "unet", torch_dtype=torch.float32)
        made = averaged(newest, earlier, chosen.share)
        found = {name: training.held_out(unet.to(training.unet.dtype), test) for name, unet in (("newest", newest), ("earlier", earlier))}
        image.export(made, autoencoder, tokenizer, training.words, folder / "export")
        log.write(samples=training.samples, minutes=training.seconds / 60, soup_of_an_earlier_export=chosen.share, held_out=training.held_out(made.to(training.unet.dtype), test), **{f"held_out_{name}": value for name, value in found.items()})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
