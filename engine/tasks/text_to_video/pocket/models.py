"""The pocket models as a run holds them: leased from the pool when there is one, loaded from their folders when needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.diffusion.clip_net import ClipNet, load_clip_net
from engine.diffusion.packed import load_unet
from engine.diffusion.parts import Parts, default_dtype, load_parts
from engine.errors import ModelUnavailable
from engine.metrics.pocket_clip import PocketClip, alternatives, shown
from engine.metrics.pocket_clip import load as load_clip
from engine.vision.upscale import Upscaler
from engine.vision.upscale import load as load_upscaler

if TYPE_CHECKING:
    from engine.context import RunContext

HOME = Path(__file__).resolve().parents[4] / "assets/models"
EXPECTED = 120 * 2**20
"""Bytes of all of them in memory, roughly; the pool measures the true figure after loading."""


@dataclass(frozen=True)
class Pocket:
    """All that the provider draws with. flow: the motion field's net, None for a picture model that has none; upscaler: doubles pictures; clip: says how well a picture shows a sentence."""

    parts: Parts
    flow: Any
    upscaler: Upscaler
    clip: PocketClip

    def best(self, pictures: np.ndarray, sentence: str) -> int:
        """Which of the pictures (N, H, W, 3) uint8 shows the words of a sentence best: the one with the greatest product of the words' scores."""
        seen, total = self.clip.image_features(pictures), torch.zeros(len(pictures))
        for span, name, value in shown(sentence):
            options = alternatives(name, span.text)
            features = self.clip.text_features([sentence[: span.start] + word + sentence[span.end :] for word in options.values()])
            total += (seen @ features.T * self.clip.towers.scale.exp()).log_softmax(1)[:, list(options).index(value)]
        return int(total.argmax())


def folder(name: str, *, fix: str = "choose the model diorama, or fetch Kinora again with its assets", field: str = "model") -> Path:
    """Where a pocket model lies: below `KINORA_POCKET_DIR` (to try a fresh training), else in the repository. Raises `ModelUnavailable` with that fix and field."""
    given = os.environ.get("KINORA_POCKET_DIR")
    place = (Path(given) if given else HOME) / name
    if not place.is_dir():
        raise ModelUnavailable(f"the model {name} is not in this installation", fix=fix, field=field)
    return place


def load() -> Pocket:
    """Read all of them from disk. Raises `ModelUnavailable` when one is missing or cannot be read."""
    flow = load_unet(folder("pocket-flow"), default_dtype(torch.device("cpu")))
    return Pocket(load_parts(folder("pocket-sd")), flow, load_upscaler(folder("pocket-upscale")), load_clip(folder("pocket-clip"), folder("pocket-sd")))


def trained(name: str) -> Path:
    """Where a model lies that Kinora does not ship: everyone can train it. Raises `ModelUnavailable` that says how."""
    fix = f"choose the method flow, or train it: python -m engine.training.{name}, then python -m engine.training.ship pocket-{name}"
    return folder(f"pocket-{name}", fix=fix, field="method")


def motion_model(pocket: Pocket) -> Any:
    """The motion UNet of method `animatediff`: the picture UNet with the trained motion adapter. Raises `ModelUnavailable` when none is here."""
    from engine.diffusion.animate import load_adapter, motion_unet

    return motion_unet(pocket.parts.unet, load_adapter(trained("motion"), dtype=pocket.parts.dtype))


def clip_model(pocket: Pocket) -> ClipNet:
    """The net of method `clip`, which draws all frames of a window at once around those that are given. Raises `ModelUnavailable` when it is not here."""
    return load_clip_net(trained("frames"), pocket.parts.dtype)


@contextmanager
def leased(run: RunContext) -> Iterator[Pocket]:
    """The models for the length of a block; resident from one run to the next where the run has a pool."""
    if run.pool is None:
        yield load()
        return
    with run.pool.lease("pocket", lambda progress: load(), expected=EXPECTED) as models:
        yield models
