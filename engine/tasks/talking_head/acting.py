"""From a voice and the wishes of the user to what the face does in each frame: mouth, expressions, laughter, blinks, gaze, brows, sway. No pictures here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.laughter import Laugh
from engine.sound.speech import MouthCurves
from engine.tasks.talking_head.request import Expression, TalkingHeadRequest
from engine.vision.faces.look import Look

EDGE = 0.22
"""Seconds in which an expression comes and goes."""

BLINK_EVERY = 3.6
"""Mean seconds between blinks of a person who speaks (Bentivoglio et al., 1997: 26 a minute in conversation, 17 at rest)."""

LAUGH_RATE = 4.5
"""Bursts a second of a laugh for which none were heard."""

SETTLE = 0.5
"""Seconds in which the head leaves the place that it has in the picture."""

NAMES = ("opening", "width", "rounding", "teeth", "press", "smile", "squint", "sad", "brow", "blink", "gaze_x", "gaze_y", "yaw", "pitch", "roll", "shift_x", "shift_y")


@dataclass(frozen=True)
class Acting:
    """curves: name of `NAMES` -> (T,) float32; spans: the expressions that were played, with the laughter that was found; fps: frames a second."""

    fps: float
    curves: dict[str, np.ndarray]
    spans: tuple[Expression, ...]

    def __len__(self) -> int:
        return len(self.curves["opening"])

    def look(self, frame: int) -> Look:
        """What the face does in one frame."""
        at = {name: float(curve[frame]) for name, curve in self.curves.items()}
        gaze, shift = (at.pop("gaze_x"), at.pop("gaze_y")), (at.pop("shift_x"), at.pop("shift_y"))
        return Look(gaze=gaze, shift=shift, **at)


def act(request: TalkingHeadRequest, mouth: MouthCurves, energy: np.ndarray, laughs: list[Laugh], rng: np.random.Generator) -> Acting:
    """The acting of a voice. mouth: its curves (T frames); energy: (T,) loudness 0..1; laughs: found laughter; rng decides blinks, gaze and sway."""
    count, fps = len(mouth), mouth.fps
    times = (np.arange(count) + 0.5) / fps
    spans = played(request, laughs)
    level = {kind: _level(spans, kind, times) for kind in ("neutral", "talk", "smile", "laugh", "sad")}
    laugh, bursts = level["laugh"], _bursts(spans, laughs, energy, times)
    awake = 1 - np.clip(level["neutral"], 0, 1)
    strong = request.intensity * awake
    # In laughter the bursts drive the jaw; the speech map knows words only.
    speaking = np.clip(1 - laugh * 1.5, 0, 1)
    jaw = 0.80 * mouth.opening * strong * speaking
    laughing = laugh * (0.16 + 0.62 * bursts) * request.intensity
    opening = np.maximum(jaw, laughing)
    calm = 1 - np.clip(laugh, 0, 1)
    curves = {
        "opening": opening,
        "width": 0.8 * mouth.width * strong * speaking + 0.25 * laugh,
        "rounding": 0.75 * mouth.rounding * strong * speaking,
        "teeth": mouth.teeth * strong * speaking,
        "press": mouth.closure * speaking * np.clip(strong, 0, 1),
        "smile": level["smile"] * 0.8 + laugh * (0.75 + 0.15 * bursts) - 0.75 * level["sad"],
        "squint": np.clip(0.25 * level["smile"] + laugh * (0.55 + 0.25 * bursts), 0, 1),
        "sad": np.clip(level["sad"], 0, 1.2),
    }
    still = 0.0 if request.still else request.sway
    stress = _stress(energy, fps)
    curves["brow"] = request.brows * (0.40 * stress * calm + 0.10 * _slow(rng, count, fps, 2.5)) + 0.15 * laugh - 0.1 * level["sad"]
    curves["blink"] = np.clip(_blinks(rng, energy, fps, request.blink) + 0.12 * level["sad"], 0, 1)
    curves["gaze_x"], curves["gaze_y"] = _gaze(rng, energy, fps, request.gaze)
    curves["gaze_y"] = curves["gaze_y"] + 0.05 * level["sad"]
    leave = _eased(times / SETTLE)
    lively = 0.6 + 0.6 * _smooth(energy, fps, 0.6)
    curves["yaw"] = still * leave * lively * 0.036 * _slow(rng, count, fps, 2.6)
    curves["pitch"] = still * leave * (lively * 0.020 * _slow(rng, count, fps, 2.0) + 0.030 * _smooth(stress, fps, 0.13) + 0.05 * level["sad"] - laugh * (0.045 - 0.060 * bursts))
    curves["roll"] = still * leave * lively * 0.018 * _slow(rng, count, fps, 2.9)
    curves["shift_x"] = still * leave * 0.016 * _slow(rng, count, fps, 3.1)
    curves["shift_y"] = still * leave * (0.008 * _slow(rng, count, fps, 2.7) + laugh * 0.045 * bursts)
    return Acting(fps, {name: np.asarray(curves[name], np.float32) for name in NAMES}, spans)


def played(request: TalkingHeadRequest, laughs: list[Laugh]) -> tuple[Expression, ...]:
    """The user's expressions, and found laughter where none of them lies."""
    own = sorted(request.expressions, key=lambda one: one.start)
    found = []
    if request.auto_laughter:
        for laugh in laughs:
            if all(laugh.end <= one.start or laugh.start >= one.end for one in own):
                found.append(Expression(start=round(laugh.start, 3), end=round(laugh.end, 3), kind="laugh", strength=round(float(np.clip(0.35 + 0.85 * laugh.strength, 0, 1.2)), 3)))
    return tuple(sorted([*own, *found], key=lambda one: one.start))


def _level(spans: tuple[Expression, ...], kind: str, times: np.ndarray) -> np.ndarray:
    """(T,) how much of an expression there is, with soft edges that begin before the span."""
    out = np.zeros(len(times))
    for span in spans:
        if span.kind == kind:
            edge = min(EDGE, (span.end - span.start) / 2)
            rise = np.clip((times - span.start + edge / 2) / edge, 0, 1)
            fall = np.clip((span.end + edge / 2 - times) / edge, 0, 1)
            shape = np.minimum(rise, fall)
            out = np.maximum(out, span.strength * _eased(shape))
    return out


def _bursts(spans: tuple[Expression, ...], laughs: list[Laugh], energy: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(T,) 0..1 pulses of laughter: at the bursts that were heard; where none were, those of the loudness; in silence, at the usual rate."""
    out = np.zeros(len(times))
    heard = np.array([burst for laugh in laughs for burst in laugh.bursts])
    for span in spans:
        if span.kind != "laugh":
            continue
        inside = heard[(heard >= span.start - 0.05) & (heard <= span.end + 0.05)] if len(heard) else heard
        here = (times >= span.start) & (times <= span.end)
        if not len(inside):
            loud = energy[here]
            if len(loud) and loud.max() > 0.2:
                out[here] = np.maximum(out[here], np.clip((loud - 0.25) / 0.6, 0, 1))
                continue
            inside = np.arange(span.start + 0.1, span.end, 1 / LAUGH_RATE)
        period = float(np.median(np.diff(inside))) if len(inside) > 1 else 1 / LAUGH_RATE
        attack, release = 0.30 * period, 0.42 * period
        for burst in inside:
            away = times - burst
            pulse = np.where(away < 0, np.clip(1 + away / attack, 0, 1), np.clip(1 - away / release, 0, 1))
            out = np.maximum(out, _eased(pulse))
    return out


def _eased(share: np.ndarray) -> np.ndarray:
    """Smoothstep: 0 below 0, 1 above 1, level at both."""
    t = np.clip(share, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _smooth(curve: np.ndarray, fps: float, seconds: float) -> np.ndarray:
    """Gaussian smoothing with a standard deviation in seconds."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(np.asarray(curve, float), max(seconds * fps, 0.1), mode="nearest"))


def _stress(energy: np.ndarray, fps: float) -> np.ndarray:
    """(T,) 0..1: syllables that are louder than their surroundings, where brows rise and heads nod (Graf et al., 2002)."""
    local, wide = _smooth(energy, fps, 0.12), _smooth(energy, fps, 0.9)
    return np.asarray(_smooth(np.clip((local - wide - 0.05) / 0.35, 0, 1), fps, 0.06))


def _slow(rng: np.random.Generator, count: int, fps: float, period: float) -> np.ndarray:
    """(T,) smooth noise of about one swing in `period` seconds, standard deviation 1, never above 2.2."""
    knots = rng.standard_normal(int(count / fps / period * 2) + 6)
    from scipy.interpolate import CubicSpline

    at = np.arange(count) / fps / (period / 2) + 1.5
    return np.clip(np.asarray(CubicSpline(np.arange(len(knots)), knots)(at)), -2.2, 2.2)


def _blinks(rng: np.random.Generator, energy: np.ndarray, fps: float, often: float) -> np.ndarray:
    """(T,) 0..1 lids: blinks of 0.3 s at irregular times, drawn to the beginnings of pauses."""
    out = np.zeros(len(energy))
    if often <= 0 or not len(energy):
        return out
    times = (np.arange(len(energy)) + 0.5) / fps
    quiet = energy < 0.15
    pauses = times[1:][quiet[1:] & ~quiet[:-1]]
    moment = float(rng.uniform(0.8, 2.0)) / max(often, 0.3)
    while moment < times[-1]:
        near = pauses[np.abs(pauses - moment) < 0.6]
        start = float(near[0]) + 0.05 if len(near) else moment
        away = times - start
        close, hold, opened = 0.09, 0.05, 0.17
        lid = np.where(away < close, away / close, np.where(away < close + hold, 1.0, 1 - (away - close - hold) / opened))
        out = np.maximum(out, _eased(lid))
        moment = start + 0.45 + float(rng.gamma(2.5, (BLINK_EVERY / often - 0.45) / 2.5 if often < 7 else 0.1))
    return out


def _gaze(rng: np.random.Generator, energy: np.ndarray, fps: float, much: float) -> tuple[np.ndarray, np.ndarray]:
    """Two (T,): where the eyes look, in parts of the eye's width: held for a second or so, changed within 40 ms; further away in pauses, when people think."""
    x, y = np.zeros(len(energy)), np.zeros(len(energy))
    frame = int(rng.uniform(0.6, 1.6) * fps)
    while frame < len(energy):
        thinking = energy[frame] < 0.12 and rng.random() < 0.45
        reach = 0.10 if thinking else 0.035
        hold = int(fps * rng.uniform(0.5, 1.3 if thinking else 2.2)) + 1
        x[frame : frame + hold] = np.clip(rng.normal(0, reach), -0.14, 0.14)
        y[frame : frame + hold] = np.clip(rng.normal(0, reach * 0.5), -0.05, 0.06)
        frame += hold
    return much * _smooth(x, fps, 0.018), much * _smooth(y, fps, 0.018)
