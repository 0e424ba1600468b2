"""Find laughter in a voice: bursts of one sound that come back three to six times a second, voiced at their peaks and breath between (Bachorowski et al., 2001).

Speech has the same pace but changes its sound with every syllable; music repeats itself but does not breathe. Only the pattern is known here, no words, no speaker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.envelope import SILENCE
from engine.sound.spectra import HOP, PACE, RATE, band, banded, decibels, mel_bands, resampled, smooth

STEPS = (0.12, 0.46)
"""Seconds from burst to burst."""

RISE = 3.5
"""dB that a burst stands above the dips around it."""

ALIKE, NEARLY, ALIKE_ALL = 0.88, 0.72, 0.905
"""Correlation of two successive bursts' spectra: for the very same sound, at least within a laugh, and on the mean over it."""

VOICED, BREATH, BETWEEN = 0.42, 0.7, 0.08
"""Periodicity: least at a burst, most in the dip after it, and how much less it is there."""

UNEVEN = 1.75
"""Most that one step is longer than the one before."""

FEWEST, FIRM = 4, 2
"""Bursts of a laugh, and steps of it that lead to the very same sound."""

APART = 0.7
"""Seconds between bursts under which two laughs are one, with a breath drawn in it."""

BANDS = 24


@dataclass(frozen=True)
class Laugh:
    """A laugh. start and end in seconds; strength: 0 a chuckle, 1 a roar; bursts: the moments of its ha-ha-ha in seconds."""

    start: float
    end: float
    strength: float
    bursts: tuple[float, ...]


def find_laughter(samples: np.ndarray, rate: int) -> list[Laugh]:
    """The laughs in samples (N,) float32 mono at `rate` Hz, in order. The level does not matter; silence, speech and music have none."""
    heard = resampled(samples, rate, RATE)
    power = banded(heard, np.concatenate([mel_bands(BANDS, 150.0, 6000.0), band(200.0, 4000.0), band(1000.0, 4000.0)], axis=1))
    level = decibels(power[:, BANDS])
    if len(level) < PACE // 2 or level.max() < SILENCE:
        return []
    top = float(np.percentile(level[level > level.max() - 40], 97))
    shape = smooth(np.maximum(level, top - 40), 0.025)
    colours = smooth(np.log(np.maximum(power[:, :BANDS], 10 ** ((top - 55) / 10))), 0.02)
    peaks = _peaks(shape)
    if len(peaks) < FEWEST:
        return []
    links = _Links(heard, shape, colours, peaks)
    laughs = []
    for own in _joined(_chains(links), peaks):
        effort = decibels(power[own, BANDS + 1]).mean() - level[own].mean()
        laughs.append(_laugh(own, shape, float(effort), top))
    return laughs


class _Links:
    """What binds each burst to the next, for all of them: steps in seconds, likeness of the spectra, and whether there is voice at the bursts and breath between."""

    def __init__(self, heard: np.ndarray, shape: np.ndarray, colours: np.ndarray, peaks: np.ndarray) -> None:
        self.steps = np.diff(peaks) / PACE
        seen = np.stack([colours[max(0, k - 3) : k + 4].mean(axis=0) for k in peaks])
        seen = seen - seen.mean(axis=1, keepdims=True)
        seen /= np.linalg.norm(seen, axis=1, keepdims=True) + 1e-9
        self.likeness = (seen[1:] * seen[:-1]).sum(axis=1)
        dips = np.array([a + int(np.argmin(shape[a:b])) for a, b in zip(peaks, peaks[1:], strict=False)])
        at_peaks = np.max([periodicity(heard, peaks + shift) for shift in (-2, 0, 2)], axis=0)
        between = np.min([periodicity(heard, dips + shift) for shift in (-2, 0, 2)], axis=0)
        voice = np.minimum(at_peaks[1:], at_peaks[:-1])
        self.fits = (self.steps >= STEPS[0]) & (self.steps <= STEPS[1]) & (voice > VOICED) & (between < np.minimum(BREATH, voice - BETWEEN))
        self.firm = self.fits & (self.likeness > ALIKE)

    def even(self, one: int, other: int) -> bool:
        """True when two links follow each other at about one pace."""
        long, short = max(self.steps[one], self.steps[other]), min(self.steps[one], self.steps[other])
        return bool(long < UNEVEN * short)


def _chains(links: _Links) -> list[np.ndarray]:
    """The numbers of the bursts of every laugh."""
    near = links.fits & (links.likeness > NEARLY)
    out: list[np.ndarray] = []
    place = 0
    while place < len(near):
        end = place
        while near[place] and end + 1 < len(near) and near[end + 1] and links.even(end, end + 1):
            end += 1
        span = slice(place, end + 1)
        if near[place] and end - place + 2 >= FEWEST and links.firm[span].sum() >= max(FIRM, 0.5 * (end - place + 1)) and links.likeness[span].mean() > ALIKE_ALL:
            out.append(np.arange(place, end + 2))
        place = end + 1
    return out


def _joined(chains: list[np.ndarray], peaks: np.ndarray) -> list[np.ndarray]:
    """Places of the bursts of each laugh, where those that follow each other closely are one."""
    out: list[np.ndarray] = []
    for chain in chains:
        if out and peaks[chain[0]] - out[-1][-1] <= APART * PACE:
            out[-1] = np.union1d(out[-1], peaks[chain])
        else:
            out.append(peaks[chain])
    return out


def _laugh(peaks: np.ndarray, shape: np.ndarray, effort: float, top: float) -> Laugh:
    """A laugh from its bursts. effort: dB by which the upper voice lies under the whole: a shout has more of it than a chuckle."""
    step = float(np.median(np.diff(peaks)))
    start, end = max(0.0, peaks[0] - 0.5 * step), min(float(len(shape)), peaks[-1] + 0.6 * step)
    loud = float(np.clip((shape[peaks].mean() - top + 15) / 15, 0, 1))
    shouted = float(np.clip((effort + 14) / 12, 0, 1))
    long = float(np.clip((len(peaks) - 3) / 9, 0, 1))
    return Laugh(float(start / PACE), float(end / PACE), float(np.clip(0.15 + 0.4 * shouted + 0.25 * loud + 0.25 * long, 0, 1)), tuple(float(k) / PACE for k in peaks))


def _peaks(shape: np.ndarray) -> np.ndarray:
    from scipy.signal import find_peaks

    found, _ = find_peaks(shape, prominence=RISE, distance=round(0.09 * PACE))
    return found


def periodicity(heard: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(P,) in 0..1: how much the sound at RATE repeats itself at 70 to 890 Hz in 40 ms around each place (P,) at `PACE`; noise is below 0.4, a clean voice near 1."""
    length, longest, shortest = 640, RATE // 70, RATE // 890
    window = np.hanning(length)
    padded = np.pad(heard, (length // 2 + HOP * 4, length + HOP * 4))
    own = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * length)) ** 2)[: longest + 1]
    out = np.empty(len(places))
    for start in range(0, len(places), 512):
        begins = places[start : start + 512] * HOP + HOP * 4
        frames = padded[begins[:, None] + np.arange(length)] * window
        spectrum = np.abs(np.fft.rfft(frames, 2 * length)) ** 2
        repeats = np.fft.irfft(spectrum)[:, : longest + 1] / (own / own[0] + 1e-3)
        out[start : start + 512] = repeats[:, shortest:].max(axis=1) / (repeats[:, 0] + 1e-9)
    return np.clip(out, 0, 1)
