"""What is heard when: cues, and the sounds that they take their samples from. How cues are drawn together is in `desk`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np

from engine.settings import Settings

RATE = 48_000
"""Hz: everything in the mix is at this rate."""

Bus = Literal["narration", "music", "ambience", "effects", "clip"]
"""Narration: who speaks to the listener (narrator and talking heads): music and ambience give way under it. Clip: the sound that a scene's own video has."""

BUSES: tuple[Bus, ...] = get_args(Bus)

MOST_GAIN = 60.0
"""dB that a cue may be turned up or down."""

SILENT = 10 ** (-66 / 20)
"""Amplitude below which a step is not heard as a click."""


@runtime_checkable
class BlockReader(Protocol):
    """Stereo at `RATE`, from any place: (count, 2) float32 from sample `start` (at least 0); fewer rows, or zeros, beyond its end.

    It may say its `length` in samples, without which it counts as endless, and may have `release()`, which is called when it is not needed for now.
    """

    def read(self, start: int, count: int) -> np.ndarray:
        """(count, 2) float32."""


@dataclass(frozen=True)
class Cue:
    """A sound on a bus.

    at: seconds on the film's clock. source: samples (N,) or (N, C) with their rate in Hz, or a reader. seconds: how long it is heard; None: to its end. A source that
    is shorter ends early, or goes round with an equal-power cross-fade when `loop` is set. gain_db: 0 leaves it. fade_in, fade_out: seconds, of equal power, so that
    two cues that overlap by their fades make a cross-fade; 5 ms at least, unless the source begins (ends) in silence. pan: -1 left, 0 as it is, 1 right, of constant
    power. start: seconds into the source. Raises `ValueError`.
    """

    bus: Bus
    at: float
    source: tuple[np.ndarray, int] | BlockReader
    seconds: float | None = None
    gain_db: float = 0.0
    fade_in: float = 0.0
    fade_out: float = 0.0
    pan: float = 0.0
    loop: bool = False
    start: float = 0.0

    def __post_init__(self) -> None:
        if self.bus not in BUSES:
            raise ValueError(f"there is no bus {self.bus!r}; there are {', '.join(BUSES)}")
        numbers = (self.at, self.gain_db, self.fade_in, self.fade_out, self.pan, self.start, self.seconds or 0.0)
        if not all(map(math.isfinite, numbers)):
            raise ValueError(f"a cue's numbers are finite, not {numbers}")
        if min(self.fade_in, self.fade_out, self.start, self.seconds or 0.0) < 0 or abs(self.pan) > 1 or abs(self.gain_db) > MOST_GAIN:
            raise ValueError(f"a cue has fades, start and seconds of 0 or more, a pan of -1 to 1 and a gain of {MOST_GAIN:g} dB at most, not {numbers}")
        if isinstance(self.source, tuple):
            samples, rate = self.source
            if samples.ndim not in (1, 2) or (samples.ndim == 2 and not samples.shape[1]) or not 1000 <= rate <= 384_000:
                raise ValueError(f"a source is (N,) or (N, C) at 1000 to 384000 Hz, not {samples.shape} at {rate}")


class Samples:
    """An array as a reader. samples: (N,) or (N, C) float at any rate; mono goes to both sides as it is, 5.1 is mixed down (BS.775), other counts become mono."""

    def __init__(self, samples: np.ndarray, rate: int) -> None:
        self._table = np.nan_to_num(_at_rate(_stereo(samples), rate), nan=0.0, posinf=0.0, neginf=0.0)

    @property
    def length(self) -> int:
        """Samples at `RATE`."""
        return len(self._table)

    def read(self, start: int, count: int) -> np.ndarray:
        """(up to count, 2) float32."""
        return self._table[start : start + count]

    def sounding(self) -> int:
        """The sample after the last one that is not silence: a piece that fades out must go round before its silence."""
        heard = np.flatnonzero(np.abs(self._table).max(axis=1, initial=0.0) > SILENT)
        return int(heard[-1]) + 1 if len(heard) else len(self._table)


class FileSound:
    """The sound of a file of any kind as a reader. It is decoded, through the cage, when it is first asked for, and let go when the mix is past it.

    start, end: seconds of the file. Reading raises `UnreadableMedia` or `LimitExceeded`, as `read_audio` does.
    """

    def __init__(self, path: Path, settings: Settings, *, start: float = 0.0, end: float | None = None) -> None:
        self.path = path
        self._settings, self._start, self._end = settings, start, end
        self._samples: Samples | None = None

    @property
    def samples(self) -> Samples:
        """The decoded sound."""
        from engine.media.audio import read_audio

        if self._samples is None:
            self._samples = Samples(*read_audio(self.path, self._settings, rate=RATE, start=self._start, end=self._end))
        return self._samples

    @property
    def length(self) -> int:
        """Samples at `RATE`."""
        return self.samples.length

    def read(self, start: int, count: int) -> np.ndarray:
        """(up to count, 2) float32."""
        return self.samples.read(start, count)

    def sounding(self) -> int:
        """As `Samples.sounding`."""
        return self.samples.sounding()

    def release(self) -> None:
        """Let the samples go until they are asked for again."""
        self._samples = None


def reader_of(source: tuple[np.ndarray, int] | BlockReader) -> BlockReader:
    """Any source as a reader."""
    return Samples(*source) if isinstance(source, tuple) else source


def length_of(reader: BlockReader) -> int | None:
    """A reader's length in samples; None when it is endless."""
    length = getattr(reader, "length", None)
    return None if length is None else int(length)


def _stereo(samples: np.ndarray) -> np.ndarray:
    """(N, 2) float32."""
    table = (samples if samples.ndim == 2 else samples[:, None]).astype(np.float32, copy=False)
    if table.shape[1] == 6:
        side = table[:, 2:3] * np.float32(np.sqrt(0.5))
        return np.asarray(table[:, :2] + side + table[:, 4:] * np.float32(np.sqrt(0.5)), np.float32)
    if table.shape[1] != 2:
        table = np.repeat(table.mean(axis=1, keepdims=True), 2, axis=1)
    return table


def _at_rate(table: np.ndarray, rate: int) -> np.ndarray:
    """(round(N * RATE / rate), 2): at `RATE`."""
    from engine.sound.spectra import resampled

    if rate == RATE:
        return table
    if (table[:, 0] == table[:, 1]).all():
        return np.repeat(resampled(table[:, 0], rate, RATE)[:, None], 2, axis=1)
    return np.stack([resampled(table[:, side], rate, RATE) for side in (0, 1)], axis=1)
