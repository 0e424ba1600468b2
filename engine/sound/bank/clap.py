"""CLAP hears the sounds themselves and reads the words (Wu et al., 2023; Elizalde et al., 2023): an expert of the hub, used when it was fetched."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.catalog.experts import CLAP
from engine.catalog.fetch import ModelFiles
from engine.settings import Settings
from engine.sound.bank import own
from engine.sound.bank.registry import Sound
from engine.sound.bank.rings import RATE

HEARD = 10.0
"""Seconds of a sound that are listened to: as long as the net's window."""

LOW, HIGH = 0.0, 0.5
"""Cosines of a text and a sound that have nothing in common, and that belong together: they become 0 and 1."""

SEED = 0
"""Of the sounds that are listened to."""


def scores(words: str, asked: tuple[Sound, ...], settings: Settings) -> np.ndarray | None:
    """(S,) in 0..1: how well each sound is what the words say; None when CLAP was not fetched. The first call listens to each sound once."""
    files = ModelFiles.of(settings)
    if not files.present(CLAP):
        return None
    listener = load(files.path(CLAP))
    heard = np.stack([listener.heard(sound, settings) for sound in asked])
    return np.clip((heard @ listener.read(words) - LOW) / (HIGH - LOW), 0, 1)


@lru_cache(maxsize=1)
def load(folder: Path) -> Listener:
    """The expert of a folder, kept in memory. Raises `ModelUnavailable`."""
    return Listener(folder)


class Listener:
    """CLAP with the vectors of what it has heard."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

        from engine.experts.loading import stock, stock_processor

        self.model: Any = stock(ClapModel, folder, "cpu")
        self.features: Any = stock_processor(ClapFeatureExtractor, folder)
        self.tokenizer: Any = stock_processor(AutoTokenizer, folder)
        self._known: dict[tuple[str, int], np.ndarray] = {}

    def read(self, words: str) -> np.ndarray:
        """(D,) unit vector of words."""
        import torch

        tokens = self.tokenizer([words], return_tensors="pt", truncation=True, max_length=77, padding=True)
        with torch.inference_mode():
            return _unit(self.model.get_text_features(**tokens))

    def listen(self, samples: np.ndarray) -> np.ndarray:
        """(D,) unit vector of samples (N, 2) at `RATE`."""
        import torch

        mono = samples.mean(axis=1)[: round(HEARD * RATE)]
        given = self.features([mono], sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            return _unit(self.model.get_audio_features(**given))

    def heard(self, sound: Sound, settings: Settings) -> np.ndarray:
        """The vector of a sound, listened to once."""
        from engine.sound.bank import play

        changed = sound.path.stat().st_mtime_ns if sound.path else 0
        if (sound.id, changed) not in self._known:
            samples = own.read(sound.path, settings) if sound.path else play(sound.id, None, SEED)
            self._known[sound.id, changed] = self.listen(samples)
        return self._known[sound.id, changed]


def _unit(given: Any) -> np.ndarray:
    # Newer versions of the library give an output with several fields, older ones the vector itself.
    vector = getattr(given, "pooler_output", given)[0].float().numpy()
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)
