"""What tests of faces share: the face networks, a real portrait, and a voice of syllables that are known."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import MEDIAPIPE_FACE
from engine.settings import Settings
from engine.vision.faces.locate import Finder, finder
from engine.vision.faces.mesh import Face

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT / "data"
"""Where `python app.py fetch` puts the models of a checkout."""


def faces_or_skip() -> Path:
    """The folder of the face networks; skips the test where they were not fetched (`make test` fetches them)."""
    settings = Settings(data_dir=SHARED)
    files = ModelFiles(SHARED / "models", settings)
    if not files.present(MEDIAPIPE_FACE):
        pytest.skip("mediapipe-face is not here: python app.py fetch mediapipe-face")
    return files.path(MEDIAPIPE_FACE)


def with_faces(data_dir: Path) -> None:
    """Make the face networks known to a studio with a data folder of its own."""
    place = data_dir / "models" / MEDIAPIPE_FACE.id
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.symlink_to(faces_or_skip())


@cache
def the_finder() -> Finder:
    """The face networks."""
    faces_or_skip()
    return finder(Settings(data_dir=SHARED))


@cache
def portrait() -> np.ndarray:
    """(400, 352, 3) uint8: Eileen Collins, NASA, public domain; she smiles with her lips apart."""
    from skimage import data

    image = data.astronaut()[20:260, 120:332]
    return np.ascontiguousarray(cv2.resize(image, (352, 400), interpolation=cv2.INTER_CUBIC))


@cache
def portrait_face() -> Face:
    """The face of `portrait`."""
    return the_finder().faces(portrait())[0]


def syllables(times: list[float], seconds: float, rate: int = 16000, *, long: float = 0.16, seed: int = 0) -> np.ndarray:
    """(N,) float32 speech-like sound: a voiced 'a' of 120 Hz with its formants at each time, silence between; every syllable is `long` seconds with soft edges."""
    t = np.arange(int(seconds * rate)) / rate
    source = sum(np.sin(2 * np.pi * 120 * k * t) * np.exp(-(((120 * k - f) / 160) ** 2)) * g for k in range(1, 30) for f, g in ((700, 1.0), (1200, 0.5), (2500, 0.2)))
    envelope = np.zeros_like(t)
    for start in times:
        inside = np.clip((t - start) / long, 0, 1)
        envelope = np.maximum(envelope, np.sin(np.pi * inside) ** 0.7 * ((t >= start) & (t <= start + long)))
    noise = np.random.default_rng(seed).standard_normal(len(t)) * 0.001
    return (0.4 * envelope * source / np.abs(source).max() + noise).astype(np.float32)
