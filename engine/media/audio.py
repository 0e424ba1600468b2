"""Reading sound: float32 samples at a stated rate, as loud as they are in the file, through the cage."""

from __future__ import annotations

import os

import numpy as np

from engine.errors import InvalidInput, UnreadableMedia
from engine.media.cage import Decoder, Inlet
from engine.settings import Settings

_MAX_CHANNELS = 16

WINDOW = 30
"""Seconds of sound that `SoundWindows` holds: 11 MB of stereo at 48 kHz."""


def read_audio(
    path: str | os.PathLike[str],
    settings: Settings,
    *,
    rate: int | None = None,
    mono: bool = False,
    start: float = 0.0,
    end: float | None = None,
) -> tuple[np.ndarray, int]:
    """(samples, rate): samples are (N, C) float32, never normalised (peaks may pass 1), always finite (NaN becomes 0).

    Sample 0 stands at `start` seconds of the clip's first picture, or of the first sample when there are no pictures; holes in the
    timestamps are silence. rate: Hz, None keeps the file's. mono: the mean of the channels, (N, 1). Raises `UnreadableMedia` (also when
    there is no sound) or `LimitExceeded`.
    """
    if rate is not None and not 1000 <= rate <= 384_000:
        raise InvalidInput(f"rate={rate} is not allowed", fix="give 1000 to 384000 Hz")
    if end is not None and not end > start:
        raise InvalidInput(f"end={end:g} is not after start={start:g}", fix="give an end after the start")
    options = {"rate": rate, "mono": mono, "start": start, "end": end}
    with Inlet(path, settings) as inlet, Decoder(inlet, settings, "audio", options) as decoder:
        answer = decoder.read_json()
        actual, channels = int(answer["rate"]), int(answer["channels"])
        if not 1 <= channels <= _MAX_CHANNELS or not 1000 <= actual <= 384_000:
            raise UnreadableMedia(f"{inlet.name} could not be decoded", why="the decoder gave an impossible format", fix="use another file")
        room = int((settings.max_video_seconds + 1) * actual) * channels * 4
        blocks: list[np.ndarray] = []
        while True:
            kind, length = decoder.read_header()
            if kind == "J":
                decoder.read_json_body(length)
                break
            room -= length
            if kind != "D" or room < 0 or length % (4 * channels):
                why = "the decoder gave data of the wrong size"
                raise UnreadableMedia(f"{inlet.name} could not be decoded", why=why, fix="use another file")
            block = np.empty((length // (4 * channels), channels), np.float32)
            decoder.read_into(block.data.cast("B") if block.size else memoryview(b""))
            blocks.append(block)
    return (np.concatenate(blocks) if blocks else np.zeros((0, channels), np.float32)), actual


class SoundWindows:
    """The samples of a file by number, decoded in windows of `WINDOW` seconds as they are asked for, so that memory does not grow with the sound.

    shape: (samples, channels), one or two channels; the number of samples is the file's own claim. rate: Hz. Windows meet exactly where the file's codec gives every
    sample at its place (WAV, FLAC). Raises what `read_audio` raises, also while slicing.
    """

    def __init__(self, path: str | os.PathLike[str], settings: Settings, *, rate: int | None = None) -> None:
        from engine.media.probe import probe

        facts = probe(path, settings)
        if not facts.has_audio:
            raise UnreadableMedia(f"{os.path.basename(os.fspath(path))} has no sound", fix="choose a sound")
        self._path, self._settings = path, settings
        self.rate = rate or facts.sample_rate
        self.shape = (round(facts.audio_duration * self.rate), min(facts.channels, 2))
        self._held: tuple[int, np.ndarray] = (-1, np.zeros((0, self.shape[1]), np.float32))

    def __getitem__(self, part: slice) -> np.ndarray:
        """(n, C) float32 of samples `part.start` to `part.stop`, both given; fewer at the end of the sound."""
        at, stop = int(part.start), int(part.stop)
        size = WINDOW * self.rate
        pieces = []
        while at < stop:
            number, offset = divmod(at, size)
            block = self._window(number)[offset : offset + stop - at]
            if not len(block):
                break
            pieces.append(block)
            at += len(block)
        return np.concatenate(pieces) if pieces else np.zeros((0, self.shape[1]), np.float32)

    def _window(self, number: int) -> np.ndarray:
        if self._held[0] != number:
            if number * WINDOW * self.rate >= self.shape[0]:
                return np.zeros((0, self.shape[1]), np.float32)
            start = float(number * WINDOW)
            samples, _ = read_audio(self._path, self._settings, rate=self.rate, mono=self.shape[1] == 1, start=start, end=start + WINDOW)
            self._held = (number, samples[: WINDOW * self.rate, :2])
        return self._held[1]
