"""Reading sound: float32 samples at a stated rate, as loud as they are in the file, through the cage."""

from __future__ import annotations

import os

import numpy as np

from engine.errors import InvalidInput, UnreadableMedia
from engine.media.cage import Decoder, Inlet
from engine.settings import Settings

_MAX_CHANNELS = 16


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
