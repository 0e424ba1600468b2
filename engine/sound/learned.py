"""A mouth from sound by a small trained net (`pocket-voice`), in numpy. `engine.training.voice` trained it on speech whose phones are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine.catalog.pocket import tensors
from engine.sound.spectra import PACE, banded, decibels, mel_bands, smooth

NAME = "pocket-voice"
PLACE = Path(__file__).resolve().parents[2] / "assets/models" / NAME
WEIGHTS = "model.safetensors"

BANDS = 36
DILATIONS = (1, 2, 4, 8)
"""Of the convolutions of three after the first one of five: the net hears 170 ms before and after a moment."""

FLOOR = -60.0
"""dB of full scale: a recording whose loud parts are below it is silent."""


def heard_features(heard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, BANDS) and what is awake (N,) in 0..1, at `PACE`, of samples at `RATE`.

    Decibels in mel bands against the recording's loud syllables, so that the level does not matter, in units of 20 dB; awake is 0 in silence.
    """
    power = banded(heard, mel_bands(BANDS, 60.0, 7600.0))
    level = decibels(smooth(power.sum(axis=1), 0.01))
    if not len(level) or level.max() < FLOOR:
        return np.zeros((len(power), BANDS), np.float32), np.zeros(len(power), np.float32)
    top = float(np.percentile(level[level > level.max() - 40], 95))
    told = np.clip(decibels(power) - top, -70.0, 10.0) / 20 + 1.5
    awake = np.clip((level - top + 46.0) / 8.0, 0.0, 1.0)
    return told.astype(np.float32), awake.astype(np.float32)


@dataclass(frozen=True)
class Net:
    """The weights, as `engine.training.voice.Mouth` names them: convolutions over time (out, in, taps)."""

    tensors: dict[str, np.ndarray]

    def __call__(self, told: np.ndarray) -> np.ndarray:
        """Features (N, BANDS) -> curves (N, 5) in the order of `curves.NAMES`."""
        seen = np.maximum(self._convolved("entry", told, 1), 0)
        for k, dilation in enumerate(DILATIONS):
            seen = seen + np.maximum(self._convolved(f"blocks.{k}", seen, dilation), 0)
        out = self._convolved("exit", seen, 1)
        # Between 0 and 1, and the width between -1 and 1.
        out = 1 / (1 + np.exp(-np.clip(out, -30, 30)))
        out[:, 1] = 2 * out[:, 1] - 1
        return out.astype(np.float32)

    def _convolved(self, name: str, seen: np.ndarray, dilation: int) -> np.ndarray:
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        taps = weight.shape[2]
        reach = taps // 2 * dilation
        padded = np.pad(seen, ((reach, reach), (0, 0)), mode="edge") if len(seen) else seen
        return sum((padded[k * dilation : k * dilation + len(seen)] @ weight[:, :, k].T for k in range(taps)), bias)


def there(place: Path = PLACE) -> bool:
    """True when the weights are."""
    return (place / WEIGHTS).exists()


@lru_cache(maxsize=4)
def load(place: Path = PLACE) -> Net:
    """The net from its folder. Raises `ModelUnavailable` when it is not there."""
    return Net(tensors(place / WEIGHTS, "engine.training.voice"))


def table_learned(heard: np.ndarray, net: Net) -> np.ndarray:
    """(N, 5) curves at `PACE` of samples at `RATE`."""
    told, awake = heard_features(heard)
    if not awake.any():
        return np.zeros((len(told), 5), np.float32)
    return net(told) * smooth(awake, 1.5 / PACE)[:, None]
