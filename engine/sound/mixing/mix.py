"""The mix of a film: cues become one file of the wanted loudness, and a stem a bus. Everything goes through in blocks, twice: once to measure, once to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.errors import InvalidInput
from engine.media.sound_writer import SoundWriter
from engine.sound.mixing import limiter
from engine.sound.mixing.cues import BUSES, RATE, Bus, Cue
from engine.sound.mixing.desk import Desk
from engine.sound.mixing.ducking import DEPTH, Ducker, Levels, presence, speech_spans
from engine.sound.mixing.encoded import EncodedPeaks
from engine.sound.mixing.loudness import PER_BLOCK, RELATIVE_GATE, STEP, Energies, LoudnessMeter, integrated, lufs, windows
from engine.sound.mixing.true_peak import TruePeakMeter, decibels

BLOCK = 64 * 480
"""Samples that are mixed at once: 0.64 s."""

CODEC_ROOM = 1.0
"""dB that the mix stays below the wanted true peak at first: AAC gives peaks back a little higher, and bursts of noise up to 2.3 dB (`python -m bench.mixing codec`)."""

TRIES, MARGIN = 5, 0.3
"""How often a film is written at most, lower by so many dB more than what AAC made too high, and only there."""

MOST_GAIN = 30.0
"""dB that a quiet film is turned up at most: beyond it, what is heard is noise."""

MOST_LIMITING, SHARE = 12.0, 0.2
"""dB that the limiter may take, but in a fifth of what is heard: one bang may be pressed down for the sake of all the rest, but not a film of nothing but bangs."""

ENOUGH = 0.2
"""LU: nearer than that to the wanted loudness is near enough."""

MOST_SECONDS = 3600.0
_FINE = 480
"""Samples of a step of the survey, 10 ms."""

_STEPS = round(STEP * RATE / _FINE)


@dataclass(frozen=True)
class Mixed:
    """What was written. path: the film's sound. stems: bus -> its file, for buses that have cues; their sum, turned up by -`stems_db`, is the mix before the limiter.

    loudness: LUFS, -inf for silence; true_peak: dBTP; range: LU. gain_db: how far everything was turned up; limited_db: the most that the limiter took (0 or below);
    stems_db: how far the stems were turned down so that none of them clips, mostly 0. notes: sentences for the user.
    """

    path: Path
    stems: dict[Bus, Path]
    loudness: float
    true_peak: float
    range: float
    gain_db: float = 0.0
    limited_db: float = 0.0
    stems_db: float = 0.0
    notes: tuple[str, ...] = ()


def mix(
    cues: Sequence[Cue],
    seconds: float | Fraction,
    folder: Path,
    *,
    loudness: float = -16.0,
    true_peak: float = -1.0,
    closing: float = 0.0,
    draft: bool = False,
    checkpoint: Callable[[], None] | None = None,
) -> Mixed:
    """Mix a film of so many seconds into `folder`/mix.flac and stem-BUS.flac (24 bit, 48 kHz, stereo, exactly round(seconds * 48000) samples).

    loudness: integrated, LUFS (BS.1770-4). It is met within 0.5 LU unless that would take more than 30 dB of gain, or more than 12 dB of limiting for more than a fifth
    of what is heard: a film that is one click stays quiet, and a note says so. true_peak: dBTP that is kept after encoding as AAC, which is tried here.
    closing: seconds of a fade at the film's end. draft: no stems, and AAC is not tried, so that peaks may pass `true_peak` a little, in half the time. checkpoint: called between blocks; what it raises ends the mix, and no file is left. Raises `LimitExceeded` when the disk is full.
    """
    length = round(seconds * RATE)
    if not 0 < length <= MOST_SECONDS * RATE:
        raise InvalidInput(f"a film of {float(seconds):g} s cannot be mixed", fix=f"give more than 0 and at most {MOST_SECONDS:g} seconds")
    desk = Desk(cues, length, closing)
    ducker = _listen(desk, checkpoint)
    survey = _Survey()
    for blocks in _blocks(desk, ducker, checkpoint):
        survey.feed(blocks)
    ceilings = np.full(-(-length // BLOCK), true_peak - CODEC_ROOM)
    for last in (True,) if draft else (False,) * (TRIES - 1) + (True,):
        gain = survey.gain(loudness, ceilings)
        stems_db = min(0.0, -0.1 - gain - decibels(max(survey.tops.values(), default=0.0)))
        mixed, encoded = _write(desk, ducker, folder, gain, ceilings, stems_db, true_peak, checkpoint, draft)
        over = 20 * np.log10(np.maximum(encoded, 1e-9)) - true_peak
        if last or over.max() <= 0:
            break
        ceilings[over > 0] -= over[over > 0] + MARGIN
    return replace(mixed, notes=_notes(mixed.loudness, loudness))


def _write(
    desk: Desk, ducker: Ducker | None, folder: Path, gain: float, ceilings: np.ndarray, stems_db: float, true_peak: float, checkpoint: Callable[[], None] | None,
    draft: bool,
) -> tuple[Mixed, np.ndarray]:  # fmt: skip
    """The second pass: what was written, and the peak of each block after AAC as amplitude. ceilings: (blocks,) dBTP."""
    factor, less = np.float32(10 ** (gain / 20)), np.float32(10 ** (stems_db / 20))
    limit, meter, peak, encoded = limiter.Limiter(0.0), LoudnessMeter(RATE), TruePeakMeter(), EncodedPeaks(BLOCK, 10 ** (true_peak / 20))
    buses = [bus for bus in BUSES if bus in desk.buses]
    with ExitStack() as stack:
        whole = stack.enter_context(SoundWriter(folder / "mix.flac", rate=RATE))
        stems = {bus: stack.enter_context(SoundWriter(folder / f"stem-{bus}.flac", rate=RATE)) for bus in buses if not draft}

        def send(block: np.ndarray) -> None:
            whole.write(block)
            meter.feed(block)
            peak.feed(block)
            if not draft:
                encoded.feed(block)

        for blocks, ceiling in zip(_blocks(desk, ducker, checkpoint), ceilings, strict=True):
            limit.ceiling = float(ceiling)
            total = np.zeros((blocks.count, 2), np.float32)
            for bus in buses:
                sound = blocks.sounds.get(bus)
                if sound is not None:
                    sound *= factor
                    total += sound
                if not draft:
                    stems[bus].write(np.zeros((blocks.count, 2), np.float32) if sound is None else sound * less)
            send(limit.feed(total))
        send(limit.finish())
    paths = {bus: writer.path for bus, writer in stems.items()}
    mixed = Mixed(whole.path, paths, meter.integrated, peak.finish(), meter.range, gain, limit.deepest, stems_db)
    return mixed, np.zeros(len(ceilings)) if draft else encoded.finish(len(ceilings))


def _notes(reached: float, wanted: float) -> tuple[str, ...]:
    if reached == -np.inf or reached >= wanted - 1.0:
        return ()
    return (f"The sound is softer than asked ({reached:.0f} instead of {wanted:g} LUFS): it is too quiet or too short-lived to be turned up without noise or distortion.",)


@dataclass
class _Blocks:
    """count: samples; sounds: bus -> (count, 2)."""

    count: int
    sounds: dict[Bus, np.ndarray] = field(default_factory=dict)


def _blocks(desk: Desk, ducker: Ducker | None, checkpoint: Callable[[], None] | None) -> Iterator[_Blocks]:
    """The film's buses from begin to end, ducked."""
    try:
        for start in range(0, desk.length, BLOCK):
            if checkpoint is not None:
                checkpoint()
            blocks = _Blocks(min(BLOCK, desk.length - start))
            blocks.sounds = desk.read(start, blocks.count)
            if ducker is not None:
                for bus, sound in blocks.sounds.items():
                    ducker.apply(bus, sound, start)
            yield blocks
    finally:
        desk.rest()


def _listen(desk: Desk, checkpoint: Callable[[], None] | None) -> Ducker | None:
    """When somebody speaks; None when nobody does or nothing has to give way."""
    if "narration" not in desk.buses or not desk.buses & set(DEPTH):
        return None
    levels = Levels()
    for start in range(0, desk.length, BLOCK):
        if checkpoint is not None:
            checkpoint()
        count = min(BLOCK, desk.length - start)
        levels.feed(desk.read(start, count, only="narration").get("narration", np.zeros((count, 2), np.float32)))
    desk.rest()
    return Ducker(presence(speech_spans(levels.finish()), desk.length / RATE))


class _Survey:
    """What the first pass finds: energy and peak of the plain sum every 10 ms, and the highest sample of each bus."""

    def __init__(self) -> None:
        self.tops: dict[Bus, float] = {}
        self._energies = Energies(RATE, 2, _FINE / RATE)
        self._peaks: list[np.ndarray] = []

    def feed(self, blocks: _Blocks) -> None:
        """Take in a block; all but the last one have `BLOCK` samples."""
        total = np.zeros((blocks.count, 2), np.float32)
        for bus, sound in blocks.sounds.items():
            self.tops[bus] = max(self.tops.get(bus, 0.0), float(np.abs(sound).max(initial=0.0)))
            total += sound
        self._energies.feed(total)
        padded = np.pad(np.abs(total), ((0, -blocks.count % _FINE), (0, 0)))
        # Samples only: what lies between them is a few tenths of a dB higher, and the limiter itself looks there.
        self._peaks.append(padded.reshape(-1, 2 * _FINE).max(axis=1))

    def gain(self, wanted: float, ceilings: np.ndarray) -> float:
        """dB with which the film, limited to `ceilings` (dBTP, one a block), has the wanted loudness, or comes as near as is allowed; 0 for what cannot be measured."""
        energies = self._energies.means
        with np.errstate(divide="ignore"):
            peaks = 20 * np.log10(np.concatenate(self._peaks).astype(np.float64))
        ceiling = np.repeat(ceilings, BLOCK // _FINE)[: len(peaks)]
        plain = _coarse(energies)
        loud = integrated(plain)
        if not np.isfinite(loud):
            return 0.0
        steps = len(plain) * _STEPS
        # What is heard: the steps of gating blocks that count.
        blocks = lufs(windows(plain, PER_BLOCK)) > loud + RELATIVE_GATE
        heard = np.repeat(np.convolve(blocks, np.ones(PER_BLOCK)) > 0, _STEPS)

        def after(gain: float) -> tuple[float, float]:
            turned = _limited(peaks + gain - ceiling)[:steps]
            share = float((turned[heard] < -MOST_LIMITING).mean())
            return integrated(_coarse(energies[:steps] * 10 ** ((gain + turned) / 10))), share

        def too_much(gain: float) -> bool:
            reached, share = after(gain)
            return reached > wanted or share > SHARE

        most = _last(lambda gain: not too_much(gain), -MOST_GAIN - 40.0, MOST_GAIN)
        best = after(most)[0]
        # Where the limiter takes all that gain gives, the least gain that comes as far is taken.
        return most if best > wanted - ENOUGH else _last(lambda gain: after(gain)[0] < best - ENOUGH, -MOST_GAIN - 40.0, most)


def _last(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The highest value between two for which something holds that holds below it."""
    if holds(high):
        return high
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _coarse(energies: np.ndarray) -> np.ndarray:
    """Steps of 10 ms as steps of 0.1 s; the last part of one is left out."""
    whole = len(energies) // _STEPS
    return np.asarray(energies[: whole * _STEPS].reshape(whole, _STEPS).mean(axis=1))


def _limited(over: np.ndarray) -> np.ndarray:
    """(T,) dB that the limiter will take, foretold in steps of 10 ms from how far the peaks are over its ceiling."""
    from scipy.ndimage import minimum_filter1d

    least = minimum_filter1d(np.minimum(-over, 0.0), limiter.HOLD // _FINE * 2 + 1)
    return limiter.recovering(least, 0.0, limiter.RECOVERY * _FINE / RATE)
