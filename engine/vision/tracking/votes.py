"""Every pixel's vote: what flow, colours near it, the remembered look, the camera and the known background say of it, as a sum of log odds."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision import optical
from engine.vision.matting import guided_filter
from engine.vision.tracking.colours import LocalColours, lab_of
from engine.vision.tracking.looks import Placed

FLOW, UNTRUSTED = 2.2, 0.35
"""Weight of what flow carried on, and the share of it that is left where flow does not come home."""

COLOUR, ENOUGH = 1.5, 3.0
"""Weight of the colours near a pixel, and the samples from which they count in full."""

LOOK, HIDDEN, BESIDE_LOOK = 1.8, 1.2, 1.6
"""Weights of the remembered look: where it fits; against a place where it should be and does not fit; against what lies beside one that fits well."""

STILL_NEAR, STILL_KNOWN, STILL_FAR = 1.8, 0.2, 2.4
"""Weights against what moves with the camera while the subject does not: within its shape, there on a place whose background is known to look otherwise, beyond."""

GROUND_NEAR, GROUND_FAR, GROUND_SHARE = 2.5, 5.0, 0.85
"""Weights against the known background, within and beyond the shape, and the share of all other votes that it takes away."""

ALSO_OWN = 0.8
"""How much of that is taken back where the colours near are the subject's, too, and the texture is not the background's."""

JOINS = 2.0
"""Weight of a part right beside the subject that moves with it, or has colours that only the subject has."""

DENSE = 12_000
"""Pixels of a window above which every other one of each row and column is enough to learn colours from."""


@dataclass(frozen=True)
class Window:
    """A part of two frames around the subject. where: row and column slices; before, part: (h, w, 3) uint8 of the frame before and the new one; lab: the new one in CIELAB;
    soft: (h, w) the mask before, 0..1; back, forth: (h, w, 2) flow; carried: (h, w) the mask carried on, 0..1; trusted, home: (h, w) bool, where back and forth come home."""

    where: tuple[slice, slice]
    before: np.ndarray
    part: np.ndarray
    lab: np.ndarray
    soft: np.ndarray
    back: np.ndarray
    forth: np.ndarray
    carried: np.ndarray
    trusted: np.ndarray
    home: np.ndarray

    @classmethod
    def of(cls, where: tuple[slice, slice], frames: tuple[np.ndarray, np.ndarray], greys: tuple[np.ndarray, np.ndarray], soft: np.ndarray) -> Window:
        """frames: the one before and the new one, (H, W, 3) uint8; greys: the same, (H, W) uint8; soft: (H, W) the mask before."""
        first, second = greys[0][where], greys[1][where]
        back, forth = optical.flow(second, first), optical.flow(first, second)
        part, own = np.ascontiguousarray(frames[1][where]), soft[where]
        before = np.ascontiguousarray(frames[0][where])
        return cls(where, before, part, lab_of(part), own, back, forth, optical.pull(own, back), optical.agreed(back, forth), optical.agreed(forth, back))

    @property
    def corner(self) -> np.ndarray:
        """(2,) x and y of its upper left pixel."""
        return np.array([self.where[1].start, self.where[0].start], np.float64)


@dataclass(frozen=True)
class Behind:
    """What is known of the background of a window, (h, w) each: still -1..1 (`ground.stillness`), ground 0..1 and unlike bool (`Ground.alike`), same 0..1 (`Ground.same`), seen bool: it is known at all there."""

    still: np.ndarray
    ground: np.ndarray
    same: np.ndarray
    unlike: np.ndarray
    seen: np.ndarray


def votes(window: Window, placed: Placed | None, colours: tuple[np.ndarray, np.ndarray], near: np.ndarray, behind: Behind, reach: float, own: np.ndarray | None) -> np.ndarray:
    """(h, w) float32 in 0..1: how surely each pixel of a window is the subject.

    colours: as `near_colours` gives them; near: (h, w) bool, the subject's shape and a little beside; reach: pixels beside the mask within which new parts may join; own: (h, w) how much
    only the subject has a pixel's colour, 0..1, None where its look is placed.
    """
    carried, trusted, (share, known) = window.carried, window.trusted, colours
    # What came by flow is sure inside, less so near its rim, and hardly where flow does not come home.
    rim = cv2.GaussianBlur(carried, (0, 0), 1.5)
    odds = (UNTRUSTED + (1 - UNTRUSTED) * trusted) * FLOW * _odds(0.6 * carried + 0.4 * rim)
    odds += COLOUR * np.clip(known / ENOUGH, 0.0, 1.0) * _odds(share)
    if placed is not None:
        odds += LOOK * placed.fit * _odds(cv2.GaussianBlur(placed.shape, (0, 0), 1.0))
        odds -= HIDDEN * (1.0 - placed.fit) * (placed.shape > 0.5) * (1 - trusted)  # something is before it
        sure = float(np.clip((placed.agreement(placed.shape > 0.5) - 0.55) / 0.3, 0.0, 1.0))
        odds -= BESIDE_LOOK * sure * (cv2.dilate(placed.shape, np.ones((5, 5), np.uint8)) < 0.2)
    # A foot that stands while its walker goes on is unlike the known ground; what was hidden until now is not known.
    odds -= np.where(near, np.where(behind.unlike, STILL_KNOWN, STILL_NEAR), STILL_FAR) * behind.still
    # A dark coat looks like the dark wall behind it: there only the wall's own texture tells.
    ground = behind.ground * np.maximum(1.0 - ALSO_OWN * np.clip(2.0 * share - 0.5, 0.0, 1.0) * np.clip(known / ENOUGH, 0.0, 1.0) * trusted, behind.same)
    odds = odds * (1.0 - GROUND_SHARE * ground) - np.where(near, GROUND_NEAR, GROUND_FAR) * ground
    # What moves as the subject, right beside it, and is not the known background, is a part of it that was not seen before.
    joins = np.clip(-behind.still, 0, 1) * behind.seen
    if own is not None:
        joins = 2.0 * np.maximum(joins, own)
    odds += JOINS * joins * (cv2.dilate((carried > 0.5).astype(np.uint8), disc(reach)) > 0) * (1.0 - ground)
    vote = 1.0 / (1.0 + np.exp(-np.clip(odds, -12, 12)))
    out: np.ndarray = np.clip(guided_filter(window.part.astype(np.float32) / 255.0, vote.astype(np.float32), 3, 2e-4), 0.0, 1.0)
    return out


def near_colours(window: Window, placed: Placed | None, size: float) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) share of the subject in the colours near each pixel, 0..1, and how many samples say so. size: of the subject, in pixels."""
    height, width = window.lab.shape[:2]
    x, y = optical.grid(width, height)
    colours = LocalColours((width, height), max(12.0, 0.2 * size))
    step = 2 if height * width > DENSE else 1
    every = (slice(step // 2, None, step), slice(step // 2, None, step))
    before = lab_of(np.ascontiguousarray(window.before[every])).reshape(-1, 3)
    weight = np.full(len(before), float(step * step), np.float32)
    colours.add(before, window.soft[every].reshape(-1), weight, (x + window.forth[..., 0])[every].reshape(-1), (y + window.forth[..., 1])[every].reshape(-1))
    if placed is not None:
        own = np.zeros((height, width), bool)
        own[every] = placed.shape[every] > 0.5
        if own.any():
            count = int(own.sum())
            colours.add(lab_of(placed.picture[own][None])[0], np.ones(count, np.float32), np.full(count, 0.6 * step * step, np.float32), x[own], y[own])
    colours.soften()
    share, known = colours.look(window.lab.reshape(-1, 3), x.reshape(-1), y.reshape(-1))
    return share.reshape(height, width), known.reshape(height, width)


def agreement(mask: np.ndarray, vote: np.ndarray, window: Window, colours: tuple[np.ndarray, np.ndarray], placed: Placed | None) -> float:
    """How far flow, colours and memory agree on a mask of the window, 0..1."""
    if not mask.any():
        return 0.0
    share, known = colours
    near = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9))).astype(bool)
    by_colour = float((np.where(mask, share, 1 - share)[near & (known > 0.5)] > 0.5).mean()) if (near & (known > 0.5)).any() else 0.5
    rim = near & ~cv2.erode(mask.astype(np.uint8), np.ones((5, 5))).astype(bool)
    clear = float(np.abs(2 * vote[rim] - 1).mean()) if rim.any() else 0.0
    parts = [overlap(mask, window.carried > 0.5), by_colour, 0.4 + 0.6 * float(window.trusted[mask].mean()), 0.5 + 0.5 * clear]
    if placed is not None:
        parts.append(0.3 + 0.7 * placed.agreement(mask))
    return float(np.prod(parts) ** (1.0 / len(parts)))


def cleaned(mask: np.ndarray, carried: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """The parts of a mask (h, w) bool that what was carried on or the look's shape (both 0..1) vouch for, its small holes closed."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count > 1:
        areas = stats[1:, cv2.CC_STAT_AREA]
        held = np.bincount(parts[(carried > 0.5) | (shape > 0.5)], minlength=count)[1:]
        kept = 1 + np.flatnonzero((held >= 0.25 * areas) & (areas >= max(6, 0.01 * areas.max())))
        mask = np.isin(parts, kept)
    count, holes, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] < 0.004 * max(mask.sum(), 1)]
    return mask | np.isin(holes, small) if small else mask


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks; 1 when both are empty."""
    union = int((a | b).sum())
    return float((a & b).sum()) / union if union else 1.0


def disc(radius: float) -> np.ndarray:
    """A round kernel for growing masks by so many pixels, at least one."""
    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def _odds(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0.02, 0.98)
    out: np.ndarray = np.log(share / (1.0 - share))
    return out
