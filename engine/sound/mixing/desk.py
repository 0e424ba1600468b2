"""The mixing desk: cues become blocks of their buses, in the order of the film. Only what sounds now is held in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.sound.mixing.cues import RATE, SILENT, BlockReader, Bus, Cue, length_of, reader_of

DECLICK = round(0.005 * RATE)
"""Samples of the shortest fade."""

LOOP_FADE = 1.0
"""Seconds of the cross-fade where a loop goes round, at most a third of the sound."""

SHORTEST_LOOP = round(0.05 * RATE)
"""Samples: what is shorter would become a buzz, and is played once."""


def fade_curve(length: int) -> np.ndarray:
    """(length,) float32 from 0 to 1: its square and the square of its mirror image add up to 1 (equal power), and it leaves 0 and reaches 1 without a corner."""
    x = (np.arange(length) + 0.5) / max(length, 1)
    return np.asarray(np.sin(np.pi / 2 * np.sin(np.pi / 2 * x) ** 2), np.float32)


class Desk:
    """Draws cues together. length: of the film in samples; what lies beyond is cut, with a fade. closing: seconds in which everything fades out at the end.

    Blocks may be read in any order; those of one pass in rising order keep only the sounds of the moment.
    """

    def __init__(self, cues: Sequence[Cue], length: int, closing: float = 0.0) -> None:
        self.length = length
        self._closing = min(round(closing * RATE), length)
        # Silence after the last sample, for blocks that reach beyond the film.
        self._last = np.append(fade_curve(self._closing)[::-1], np.float32(0))
        self._players = [_Player(cue, length) for cue in cues]

    @property
    def buses(self) -> set[Bus]:
        """The buses that have cues."""
        return {player.cue.bus for player in self._players}

    def read(self, start: int, count: int, only: Bus | None = None) -> dict[Bus, np.ndarray]:
        """Bus -> (count, 2) float32 from sample `start`; buses without a sound are left out."""
        out: dict[Bus, np.ndarray] = {}
        for player in self._players:
            if only is not None and player.cue.bus != only:
                continue
            if not player.touches(start, start + count):
                player.rest()
                continue
            block = out.setdefault(player.cue.bus, np.zeros((count, 2), np.float32))
            player.add(block, start)
        fade = self.length - self._closing
        if self._closing and start + count > fade:
            places = np.clip(np.arange(start, start + count) - fade, 0, self._closing)
            curve = self._last[places]
            curve[: max(0, fade - start)] = 1
            for block in out.values():
                block *= curve[:, None]
        return out

    def rest(self) -> None:
        """Let all sounds go."""
        for player in self._players:
            player.rest()


class _Player:
    """One cue on its way into its bus."""

    def __init__(self, cue: Cue, film: int) -> None:
        self.cue = cue
        at = round(cue.at * RATE)
        # What begins before the film is entered later.
        self._skip = round(cue.start * RATE) + max(0, -at)
        self._begin = max(0, at)
        self._end = min(film, at + round(cue.seconds * RATE)) if cue.seconds is not None else film
        angle = (cue.pan + 1) * np.pi / 4
        self._gain = np.asarray(np.sqrt(2) * np.array([np.cos(angle), np.sin(angle)]) * 10 ** (cue.gain_db / 20), np.float32)
        self._reader: BlockReader | None = None
        self._source = 0
        self._loops = False
        self._turn = np.zeros(0, np.float32)
        self._rise, self._fall = np.zeros(0, np.float32), np.zeros(0, np.float32)
        self._known = False

    def touches(self, start: int, stop: int) -> bool:
        """Whether it sounds between two samples."""
        return self._begin < min(stop, self._end) and start < self._end

    def rest(self) -> None:
        """Let the sound go until it is asked for again."""
        if self._reader is not None:
            release = getattr(self._reader, "release", None)
            if release is not None:
                release()
            self._reader = None

    def add(self, block: np.ndarray, start: int) -> None:
        """Add what is heard from sample `start` of the film to a block (n, 2)."""
        if self._reader is None:
            self._open()
        first, last = max(start, self._begin), min(start + len(block), self._end)
        if first >= last:
            return
        part = self._sound(first - self._begin + self._skip, last - first) * self._gain
        self._fade(part, first - self._begin)
        block[first - start : last - start] += part

    def _open(self) -> None:
        self._reader = reader_of(self.cue.source)
        if self._known:
            return
        self._known = True
        length = length_of(self._reader)
        if length is not None:
            self._source = length
            self._loops = self.cue.loop and length >= SHORTEST_LOOP and self._skip + self._end - self._begin > length
            if self._loops:
                sounding = getattr(self._reader, "sounding", None)
                self._source = max(SHORTEST_LOOP, int(sounding())) if sounding is not None else length
                self._turn = fade_curve(min(round(LOOP_FADE * RATE), self._source // 3))
            else:
                self._end = min(self._end, self._begin + max(0, length - self._skip))
        count = self._end - self._begin
        rise = max(round(self.cue.fade_in * RATE), 0 if self._starts_silent(0) else DECLICK)
        fall = max(round(self.cue.fade_out * RATE), 0 if self._starts_silent(count - 1) else DECLICK)
        if rise + fall > count:
            rise, fall = (count * rise // (rise + fall), count * fall // (rise + fall))
        self._rise, self._fall = fade_curve(rise), fade_curve(fall)[::-1]

    def _starts_silent(self, place: int) -> bool:
        """True when the sound's sample there is silence, so that no step stands at the border. A source that does not say its length is not asked out of order."""
        return self._source > 0 and place >= 0 and float(np.abs(self._sound(place + self._skip, 1)).max()) * float(self._gain.max()) < SILENT

    def _fade(self, part: np.ndarray, at: int) -> None:
        """Fades on what is heard from sample `at` of the cue."""
        if at < len(self._rise):
            some = self._rise[at : at + len(part)]
            part[: len(some)] *= some[:, None]
        begin = self._end - self._begin - len(self._fall)
        if at + len(part) > begin:
            ahead = max(0, begin - at)
            part[ahead:] *= self._fall[at + ahead - begin :][: len(part) - ahead, None]

    def _sound(self, at: int, count: int) -> np.ndarray:
        """(count, 2) of the source, gone round when it is too short."""
        if not self._loops:
            return self._exact(at, count)
        curve = self._turn
        fade, period = len(curve), self._source - len(curve)
        out = np.zeros((count, 2), np.float32)
        for turn in range(max(0, (at - self._source) // period + 1), (at + count - 1) // period + 1):
            first, last = max(at, turn * period), min(at + count, turn * period + self._source)
            if first >= last:
                continue
            own = first - turn * period
            part = self._exact(own, last - first)
            if turn and own < fade:
                part[: fade - own] *= curve[own:][: len(part), None]
            if own + len(part) > period:
                ahead = max(0, period - own)
                part[ahead:] *= curve[::-1][own + ahead - period :][: len(part) - ahead, None]
            out[first - at : last - at] += part
        return out

    def _exact(self, at: int, count: int) -> np.ndarray:
        """(count, 2) float32, a copy: what a reader gives, filled up with silence, all of it finite."""
        assert self._reader is not None
        got = np.asarray(self._reader.read(at, count), np.float32)
        if got.ndim != 2 or got.shape[1] != 2 or len(got) > count:
            raise ValueError(f"a reader gives at most ({count}, 2) samples, not {got.shape}")
        out = np.zeros((count, 2), np.float32)
        out[: len(got)] = got
        # A sum is finite only when all of it is, and is made in a tenth of the time.
        return out if np.isfinite(out.sum()) else np.nan_to_num(out, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
