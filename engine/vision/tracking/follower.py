"""A subject followed from frame to frame: dense flow, local colours and remembered looks vote for every pixel; where they disagree, confidence falls.

Flow carries the mask on, checked forth and back; colours near each place say what belongs to it (`colours`); a remembered look of the subject, moved along with it by
a similarity and corrected by flow, keeps the mask from drifting and brings back what was hidden (`looks`). When nothing of it is left to be seen the subject is gone, and
each frame is searched until it is found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from engine.vision import optical
from engine.vision.camera import GlobalMotion
from engine.vision.matting import guided_filter
from engine.vision.tracking.colours import LocalColours, lab_of
from engine.vision.tracking.ground import Ground, stillness
from engine.vision.tracking.looks import Look, Placed, joined
from engine.vision.tracking.searching import Searcher, colour_cells, colour_share

State = Literal["there", "left", "hidden"]

LEAST = 24
"""Pixels below which nothing of the subject is seen any more."""

REMEMBER_AGAIN = 8
"""Frames after which a sure look may be remembered."""

LOOKS = 3
"""Looks that are remembered beside the first: the newest ones."""


DENSE = 12_000
"""Pixels of a window above which every other one of each row and column is enough to learn colours from."""

GROWS = 2.0
"""Weight of a part beside the subject that moves with it."""


@dataclass(frozen=True)
class Step:
    """What became of the subject on one frame. mask: (H, W) bool; confidence: 0..1; state: there, left (over the picture's rim) or hidden; back: found again just now."""

    mask: np.ndarray
    confidence: float
    state: State
    back: bool = False


class Follower:
    """Follows one subject. image: (H, W, 3) uint8; mask: (H, W) bool, where it is there; looks: remembered ones of other key frames of the same subject."""

    def __init__(self, image: np.ndarray, mask: np.ndarray, looks: list[Look] | None = None) -> None:
        self.image, self.grey = image, optical.grey(image)
        self.soft = mask.astype(np.float32)
        self.first = Look.of(image, mask) if mask.sum() >= LEAST else None
        self.looks: list[Look] = list(looks or [])
        self.placed: Placed | None = self.first.here() if self.first is not None else None
        self.state: State = "there" if self.first is not None else "hidden"
        self.velocity = np.zeros(2)
        self.size = float(np.sqrt(max(mask.sum(), 1)))
        self.age = 0
        self.searcher = Searcher()
        self.palette: np.ndarray | None = None
        self.ground = Ground(image, mask)

    @property
    def known(self) -> list[Look]:
        """Every remembered look, the first one first."""
        return ([self.first] if self.first is not None else []) + self.looks

    def step(self, image: np.ndarray, motion: GlobalMotion | None = None, others: np.ndarray | None = None) -> Step:
        """The next frame. motion: the camera's, from the frame before to this one; others: (H, W) bool, what surely belongs to other subjects there."""
        grey = optical.grey(image)
        self.ground.carry(motion)
        if self.state == "there":
            out = self._follow(image, grey, motion, others)
        else:
            out = self._search(image, others)
        self.image, self.grey = image, grey
        return out

    def cut(self, image: np.ndarray) -> None:
        """The next frame is of another shot: nothing goes on from here, the subject must be found again. image: that frame."""
        self.state = "hidden"
        self.soft[:] = 0
        self.ground = Ground(image, np.ones(image.shape[:2], bool))
        self.ground.known[:] = False
        self.image, self.grey = image, optical.grey(image)

    def _follow(self, image: np.ndarray, grey: np.ndarray, motion: GlobalMotion | None, others: np.ndarray | None) -> Step:
        window = self._window()
        before, now = self.grey[window], grey[window]
        back, forth = optical.flow(now, before), optical.flow(before, now)
        trusted = optical.agreed(back, forth)
        soft = self.soft[window]
        carried = optical.pull(soft, back)
        part = np.ascontiguousarray(image[window])
        corner = np.array([window[1].start, window[0].start], np.float64)

        placed = self._placed(part, corner, forth, soft, optical.agreed(forth, back), motion)
        shape, fit = (np.zeros_like(carried), np.zeros_like(carried)) if placed is None else (placed.shape, placed.fit)

        lab = lab_of(part)
        share, known = self._colours(window, lab, forth, placed)
        # What came by flow is sure inside, less so near its rim, and hardly where flow does not come home.
        rim = cv2.GaussianBlur(carried, (0, 0), 1.5)
        odds = (0.35 + 0.65 * trusted) * 2.2 * _odds(0.6 * carried + 0.4 * rim)
        odds += 1.5 * np.clip(known / 3.0, 0.0, 1.0) * _odds(share)
        odds += 1.8 * fit * _odds(cv2.GaussianBlur(shape, (0, 0), 1.0))
        odds -= 1.2 * (1.0 - fit) * (shape > 0.5) * (1 - trusted)  # where the subject should be but looks otherwise, something is before it
        if placed is not None:
            # What lies beside a look that fits well is not it.
            sure = float(np.clip((placed.agreement(shape > 0.5) - 0.55) / 0.3, 0.0, 1.0))
            odds -= 1.6 * sure * (cv2.dilate(shape, np.ones((5, 5), np.uint8)) < 0.2)
        # What moves with the camera while the subject does not, or looks as the background there did, is background: surely beside the subject's shape, perhaps within it.
        step = _similarity(forth, (soft > 0.5) & optical.agreed(forth, back), corner) if placed is None or self.placed is None else joined(placed.as_look(self.placed.look).matrix, cv2.invertAffineTransform(self.placed.matrix))
        near = cv2.dilate(shape, _disc(0.06 * self.size)) > 0.3
        still = stillness(back, motion, step, window) * trusted
        known_ground, other = self.ground.alike(lab, window, (carried > 0.3) | near)
        # A foot that stands while its walker goes on is unlike the known ground; what was hidden until now is not known.
        odds -= np.where(near, np.where(other, 0.2, 1.8), 2.4) * still
        odds = odds * (1.0 - 0.85 * known_ground) - np.where(near, 2.5, 5.0) * known_ground
        # What moves as the subject, right beside it, and is not the known background, is a part of it that was not seen before.
        whole_size = self.size if placed is not None or self.first is None else max(self.size, self.searcher.scale * float(np.sqrt(self.first.mask.sum())))
        beside = cv2.dilate((carried > 0.5).astype(np.uint8), _disc((0.12 if placed is not None else 0.3) * whole_size)) > 0
        joins = np.clip(-still, 0, 1) * self.ground.known[window]
        if placed is None and self.palette is not None:
            joins = np.maximum(joins, np.clip(2.0 * (self.palette[colour_cells(lab.astype(np.float32))] - 0.5), 0, 1))
        odds += (GROWS if placed is not None else 2 * GROWS) * joins * beside * (1.0 - known_ground)
        if others is not None:
            odds -= 3.0 * others[window]
        vote = 1.0 / (1.0 + np.exp(-np.clip(odds, -12, 12)))
        vote = np.clip(guided_filter(part.astype(np.float32) / 255.0, vote.astype(np.float32), 3, 2e-4), 0.0, 1.0)
        mask = _cleaned(vote > 0.5, carried, shape * fit)
        self.soft = np.zeros(image.shape[:2], np.float32)
        self.soft[window] = np.where(mask, np.maximum(vote, 0.5), np.minimum(vote, 0.5)) * (cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) > 0)
        whole = np.zeros(image.shape[:2], bool)
        whole[window] = mask
        area = int(mask.sum())
        confidence = self._confidence(mask, vote, carried, trusted, share, known, placed)
        if placed is not None:
            self.velocity = 0.5 * self.velocity + 0.5 * (placed.centre - self.placed.centre if self.placed is not None else 0.0)
            self.placed = placed
        expected = placed.visible(image.shape[1::-1]) if placed is not None else 1.0
        size = placed.area if placed is not None else self.size**2
        if area < max(LEAST, 0.02 * size) or expected < 0.015:
            self.state = "left" if expected < 0.4 else "hidden"
            self.soft[:] = 0
            return Step(np.zeros(image.shape[:2], bool), 0.0, self.state)
        self.size = float(np.sqrt(area))
        self.age += 1
        self.ground.see(image, whole)
        if placed is not None and expected > 0.9 and confidence > 0.8:
            self.searcher.learn(placed)
        if placed is not None and self._worth_remembering(mask, confidence, trusted, placed, expected):
            self.age = 0
            self.looks = [*self.looks[-(LOOKS - 1) :], Look.of(image, whole, placed)]
        return Step(whole, confidence, "there")

    def _worth_remembering(self, mask: np.ndarray, confidence: float, trusted: np.ndarray, placed: Placed, expected: float) -> bool:
        """True when the whole of the subject is seen as it should be, or when it has been followed well without doubt for so long that it just looks different now."""
        if self.age < REMEMBER_AGAIN or confidence < 0.8 or expected < 0.97:
            return False
        whole = _overlap(mask, placed.shape > 0.5) > 0.88 and mask.sum() > 0.85 * placed.area
        return whole or (self.age > 3 * REMEMBER_AGAIN and confidence > 0.88 and float(trusted[mask].mean()) > 0.93)

    def _window(self) -> tuple[slice, slice]:
        """Where the subject may be in the next frame."""
        height, width = self.soft.shape
        ys, xs = np.nonzero(self.soft > 0.5)
        x0, x1, y0, y1 = (int(xs.min()), int(xs.max()), int(ys.min()), int(ys.max())) if len(xs) else (0, width - 1, 0, height - 1)
        if self.placed is not None:
            low, high = self.placed.box
            x0, y0 = min(x0, max(0, int(low[0]))), min(y0, max(0, int(low[1])))
            x1, y1 = max(x1, min(width - 1, int(high[0]))), max(y1, min(height - 1, int(high[1])))
        margin = 24 + 0.2 * max(x1 - x0, y1 - y0) + (40 if self.placed is None else 0)
        vx, vy = self.velocity
        left, right = int(x0 - margin + min(0, vx)), int(x1 + margin + max(0, vx))
        top, bottom = int(y0 - margin + min(0, vy)), int(y1 + margin + max(0, vy))
        left, right = max(0, min(left, width - 64)), min(width, max(right, 64))
        top, bottom = max(0, min(top, height - 64)), min(height, max(bottom, 64))
        return slice(top, bottom), slice(left, right)

    def _placed(self, part: np.ndarray, corner: np.ndarray, forth: np.ndarray, soft: np.ndarray, sure: np.ndarray, motion: GlobalMotion | None) -> Placed | None:
        """The remembered look where it lies now: moved as the subject's own pixels moved, then fitted to the picture."""
        if self.placed is None:
            return self._guessed(part, corner, soft)
        onwards = np.array([[1.0, 0.0, self.velocity[0]], [0.0, 1.0, self.velocity[1]]])
        steps = [onwards]
        own = (soft > 0.5) & sure
        if motion is not None and motion.ok:
            # Background that slipped into the mask must not hold the subject back.
            moving = own & (optical.length(forth - _field(motion, corner, own.shape)) > 1.5)
            if moving.sum() > 0.2 * own.sum():
                own = moving
        step = _similarity(forth, own, corner)
        if step is not None:
            steps.append(step)
        # A subject that was on its way seldom stops within a frame; background in its mask always does.
        halts = step is not None and motion is not None and motion.ok and self._halts(step, motion)
        # Of two look-alikes that cross, or when something passes before it, most pixels may go another way: the looks themselves decide.
        choices: list[tuple[float, int, Placed]] = []
        for one in steps:
            moved = self.placed.moved(one)
            for look in self.known:
                there = moved if look is self.placed.look else moved.as_look(look)
                choices.append((there.likeness(part, corner) + 0.02 * (look is self.placed.look) + (0.0 if one is onwards else -0.12 if halts else 0.02), len(choices), there))
        return max(choices)[2].fitted(part, corner)

    def _guessed(self, part: np.ndarray, corner: np.ndarray, soft: np.ndarray) -> Placed | None:
        """The look that fits best where the whole mask is; None while the mask touches the picture's rim, or when none fits."""
        rim = self.soft[[0, -1]].max() > 0.5 or self.soft[:, [0, -1]].max() > 0.5
        if rim or not self.known:
            return None
        ys, xs = np.nonzero(soft > 0.5)
        best: tuple[float, Placed] | None = None
        for look in self.known:
            rows, columns = np.nonzero(look.mask)
            scale = float(np.sqrt(len(xs) / len(columns)))
            shift = np.array([xs.mean(), ys.mean()]) + corner - scale * np.array([columns.mean(), rows.mean()])
            there = look.here(np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]]))
            worth = there.likeness(part, corner)
            if 0.5 < scale < 2.0 and (best is None or worth > best[0]):
                best = worth, there
        if best is None or best[0] < 0.25:
            return None
        placed = best[1].fitted(part, corner)
        return placed if placed.agreement(placed.shape > 0.5) > 0.4 else None

    def _halts(self, step: np.ndarray, motion: GlobalMotion) -> bool:
        """True when a step goes with the camera although the subject was moving on its own."""
        if self.placed is None:
            return False
        centre = np.array([*self.placed.centre, 1.0])
        camera = motion.matrix @ centre
        drawn = camera[:2] / camera[2] - centre[:2]
        own = step @ centre - centre[:2]
        return bool(np.linalg.norm(own - drawn) < 1.0 and np.linalg.norm(self.velocity - drawn) > 4.0)

    def _colours(self, window: tuple[slice, slice], lab: np.ndarray, forth: np.ndarray, placed: Placed | None) -> tuple[np.ndarray, np.ndarray]:
        """(h, w) share of the subject in the colours near each pixel, and how many samples say so."""
        height, width = lab.shape[:2]
        x, y = optical.grid(width, height)
        colours = LocalColours((width, height), max(12.0, 0.2 * self.size))
        step = 2 if height * width > DENSE else 1
        every = (slice(step // 2, None, step), slice(step // 2, None, step))
        before = lab_of(np.ascontiguousarray(self.image[window][every])).reshape(-1, 3)
        weight = np.full(len(before), float(step * step), np.float32)
        colours.add(before, self.soft[window][every].reshape(-1), weight, (x + forth[..., 0])[every].reshape(-1), (y + forth[..., 1])[every].reshape(-1))
        if placed is not None:
            own = np.zeros((height, width), bool)
            own[every] = placed.shape[every] > 0.5
            if own.any():
                count = int(own.sum())
                colours.add(lab_of(placed.picture[own][None])[0], np.ones(count, np.float32), np.full(count, 0.6 * step * step, np.float32), x[own], y[own])
        colours.soften()
        share, known = colours.look(lab.reshape(-1, 3), x.reshape(-1), y.reshape(-1))
        return share.reshape(height, width), known.reshape(height, width)

    def _confidence(self, mask: np.ndarray, vote: np.ndarray, carried: np.ndarray, trusted: np.ndarray, share: np.ndarray, known: np.ndarray, placed: Placed | None) -> float:
        """How far flow, colours and memory agree on the mask, 0..1."""
        if not mask.any():
            return 0.0
        by_flow = _overlap(mask, carried > 0.5)
        near = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9))).astype(bool)
        by_colour = float((np.where(mask, share, 1 - share)[near & (known > 0.5)] > 0.5).mean()) if (near & (known > 0.5)).any() else 0.5
        home = float(trusted[mask].mean())
        rim = near & ~cv2.erode(mask.astype(np.uint8), np.ones((5, 5))).astype(bool)
        clear = float(np.abs(2 * vote[rim] - 1).mean()) if rim.any() else 0.0
        parts = [by_flow, by_colour, 0.4 + 0.6 * home, 0.5 + 0.5 * clear]
        if placed is not None:
            parts.append(0.3 + 0.7 * placed.agreement(mask))
        return float(np.prod(parts) ** (1.0 / len(parts)))

    def _search(self, image: np.ndarray, others: np.ndarray | None) -> Step:
        found = self.searcher.search(image, self.known, self.ground, others)
        if found is None:
            self.ground.see(image, optical.length(lab_of(image).astype(np.float32) - lab_of(self.ground.image)) > 12.0)
            return Step(np.zeros(image.shape[:2], bool), 0.0, self.state)
        mask, placed, confidence = found
        self.palette = colour_share(self.known, lab_of(self.ground.image).astype(np.float32))
        self.ground.see(image, mask)
        self.state = "there"
        self.soft = mask.astype(np.float32)
        self.placed = placed
        self.velocity[:] = 0
        self.age = 0
        self.size = float(np.sqrt(max(mask.sum(), 1)))
        return Step(mask, confidence, "there", back=True)


def _field(motion: GlobalMotion, corner: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(h, w, 2) the camera's flow on a window."""
    x, y = optical.grid(shape[1], shape[0])
    x, y = x + corner[0], y + corner[1]
    m = motion.matrix
    w = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    return np.stack([(m[0, 0] * x + m[0, 1] * y + m[0, 2]) / w - x, (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / w - y], 2)


def _disc(radius: float) -> np.ndarray:
    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def _odds(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0.02, 0.98)
    out: np.ndarray = np.log(share / (1.0 - share))
    return out


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    union = int((a | b).sum())
    return float((a & b).sum()) / union if union else 1.0


def _similarity(forth: np.ndarray, where: np.ndarray, corner: np.ndarray) -> np.ndarray | None:
    """(2, 3) the similarity, in pixels of the whole picture, that most arrows inside `where` follow; None when too few do."""
    ys, xs = np.nonzero(where)
    if len(xs) < LEAST:
        return None
    pick = np.linspace(0, len(xs) - 1, min(400, len(xs))).astype(int)
    start = np.stack([xs[pick], ys[pick]], 1).astype(np.float64) + corner
    end = start + forth[ys[pick], xs[pick]]
    cv2.setRNGSeed(0)
    matrix, good = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=1.5, maxIters=300)
    if matrix is None or good.mean() < 0.3:
        shift = np.median(end - start, axis=0)
        return np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if not 0.8 < scale < 1.25:
        return None
    return np.asarray(matrix, np.float64)


def _cleaned(mask: np.ndarray, carried: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """The parts of a mask that something vouches for, its small holes closed."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count > 1:
        areas = stats[1:, cv2.CC_STAT_AREA]
        held = np.bincount(parts[(carried > 0.5) | (shape > 0.5)], minlength=count)[1:]
        kept = 1 + np.flatnonzero((held >= 0.25 * areas) & (areas >= max(6, 0.01 * areas.max())))
        mask = np.isin(parts, kept)
    count, holes, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    small = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] < 0.004 * max(mask.sum(), 1)]
    return mask | np.isin(holes, small) if small else mask


