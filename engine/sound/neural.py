"""A neural voice of the Piper family (VITS: Kim et al., 2021), run by onnxruntime. The sounds come from `pronouncing`; the net itself says how long each lasts.

Piper's own program is GPL and asks espeak-ng for the sounds; with a permissive dictionary and onnxruntime (MIT) neither is needed, so this voice needs no GPL part.
"""

from __future__ import annotations

import importlib.util
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ModelUnavailable
from engine.sound.phones import Phone, spelled

PAUSE = 0.25
"""Seconds between sentences."""

_DURATIONS = b"/Ceil_output_0"
_VALUE_NAME, _GRAPH_OUTPUT, _MODEL_GRAPH = b"\x0a", b"\x62", b"\x3a"
"""Tags of ONNX's protocol buffers: fields 1, 12 and 7, each with a length."""

_MARKS = "ˈˌ"
_LENGTH = "ːˑ"


def ready() -> bool:
    """True when onnxruntime is installed; nothing is imported."""
    return importlib.util.find_spec("onnxruntime") is not None


class NeuralVoice:
    """A voice: `voice.onnx` and `voice.json` of a folder. rate: of its sound in Hz."""

    def __init__(self, folder: Path) -> None:
        if not ready():
            raise ModelUnavailable("the neural voice needs onnxruntime", why="the package is not installed", fix="install it: pip install onnxruntime")
        import onnxruntime

        told = json.loads((folder / "voice.json").read_text(encoding="utf-8"))
        self.rate = int(told["audio"]["sample_rate"])
        self.ids: dict[str, list[int]] = told["phoneme_id_map"]
        self.calm = (float(told["inference"]["noise_scale"]), float(told["inference"]["noise_w"]))
        # The published file gives the sound alone. Messages of one field are merged when they follow each other: so a few bytes after its end name a second
        # output, the frames that each sound lasts.
        name = _VALUE_NAME + _length(len(_DURATIONS)) + _DURATIONS
        output = _GRAPH_OUTPUT + _length(len(name)) + name
        whole = (folder / "voice.onnx").read_bytes() + _MODEL_GRAPH + _length(len(output)) + output
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = min(2, os.cpu_count() or 1), 4
        # Threads that wait in a loop would take the time of what runs beside them.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The voice varies a little from draw to draw: the same text shall sound the same.
        onnxruntime.set_seed(1)
        self.session: Any = onnxruntime.InferenceSession(whole, options, providers=["CPUExecutionProvider"])

    def say(self, sentences: list[str], speed: float) -> tuple[np.ndarray, tuple[Phone, ...]]:
        """IPA of sentences -> samples (N,) float32 at `rate`, and the phones with their times. speed: 1 is plain, 2 twice as fast."""
        sounds: list[np.ndarray] = []
        phones: list[Phone] = []
        spent = 0
        for sentence in sentences:
            sound, own = self._one(sentence, speed)
            phones += [Phone(one.symbol, one.start + spent / self.rate, one.end + spent / self.rate) for one in own]
            sounds += [sound, np.zeros(round(PAUSE / speed * self.rate), np.float32)]
            spent += len(sound) + len(sounds[-1])
        return np.concatenate(sounds) if sounds else np.zeros(0, np.float32), tuple(phones)

    def _one(self, sentence: str, speed: float) -> tuple[np.ndarray, list[Phone]]:
        letters = [letter for letter in sentence if letter in self.ids]
        pad = self.ids["_"]
        ids = [*self.ids["^"], *pad]
        for letter in letters:
            ids += [*self.ids[letter], *pad]
        ids += self.ids["$"]
        feed = {
            "input": np.array([ids], np.int64), "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([self.calm[0], 1 / speed, self.calm[1]], np.float32),
        }  # fmt: skip
        sound, frames = self.session.run(["output", _DURATIONS.decode()], feed)
        sound, frames = np.asarray(sound, np.float32).reshape(-1), np.asarray(frames, np.float64).reshape(-1)
        edges = np.concatenate([[0.0], np.cumsum(frames)]) * len(sound) / frames.sum() / self.rate
        # A sound's own frames, and half of the blanks around it.
        middle = [(edges[k] + edges[k + 1]) / 2 for k in range(1, len(ids), 2)]
        spans = [(letter, float(middle[k]), float(middle[k + 1])) for k, letter in enumerate(letters)]
        return sound, _phones(spans)


@lru_cache(maxsize=1)
def load(folder: Path) -> NeuralVoice:
    """The voice, kept in memory once it has spoken."""
    return NeuralVoice(folder)


def _phones(spans: list[tuple[str, float, float]]) -> list[Phone]:
    """Letters with their times as phones: stress marks go to what follows, length marks to what goes before, a short space to both neighbours."""
    out: list[Phone] = []
    waits: float | None = None
    for letter, start, end in spans:
        if letter in _MARKS:
            waits = start if waits is None else waits
        elif letter in _LENGTH and out:
            out[-1] = Phone(out[-1].symbol + letter, out[-1].start, end)
        elif spelled(letter):
            begin = start if waits is None else waits
            out.append(Phone(letter, begin, end))
            waits = None
        elif letter == " " and out:
            half = (start + end) / 2
            out[-1] = Phone(out[-1].symbol, out[-1].start, half)
            waits = half
        else:
            # A comma or a full stop: a pause.
            waits = None
    return out


def _length(count: int) -> bytes:
    """A length as protocol buffers write it."""
    out = b""
    while count > 127:
        out += bytes([count & 127 | 128])
        count >>= 7
    return out + bytes([count])
