"""A subject followed from frame to frame: dense flow, local colours and remembered looks vote for every pixel; where they disagree, confidence falls.

Flow carries the mask on, checked forth and back; colours near each place say what belongs to it (`colours`); a remembered look of the subject, moved along with it by
a similarity and corrected by flow, keeps the mask from drifting and brings back what was hidden (`looks`, `posing`); what is known of the background leaves the mask (`ground`); `votes` adds
it all up. When nothing of it is left to be seen the subject is gone, and each frame is searched until it is found again (`searching`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from engine.vision import optical
from engine.vision.camera import GlobalMotion
from engine.vision.tracking.colours import lab_of
from engine.vision.tracking.ground import Ground, stillness
from engine.vision.tracking.looks import Look, Placed, joined
from engine.vision.tracking.posing import guessed_place, next_place, similarity
from engine.vision.tracking.scenery import Scenery
from engine.vision.tracking.searching import Searcher, colour_cells, colour_share
from engine.vision.tracking.votes import Behind, Window, agreement, cleaned, disc, near_colours, overlap, votes

State = Literal["there", "left", "hidden"]

LEAST = 24
"""Pixels below which nothing of the subject is seen any more."""

REMEMBER_AGAIN = 8
"""Frames after which a sure look may be remembered."""

LOOKS = 3
"""Looks that are remembered beside the first: the newest ones."""

NEAR_SHAPE = 0.06
"""How far beside its look's shape the subject may well be, as a share of its size."""

REACH, REACH_BACK = 0.12, 0.3
"""How far beside the mask new parts may join, as a share of the subject's size; further while it comes back and its look is not placed yet."""


@dataclass(frozen=True)
class Step:
    """What became of the subject on one frame. mask: (H, W) bool; confidence: 0..1; state: there, left (over the picture's rim) or hidden; back: found again just now."""

    mask: np.ndarray
    confidence: float
    state: State
    back: bool = False


class Follower:
    """Follows one subject. image: (H, W, 3) uint8; mask: (H, W) bool, where it is there; looks: remembered ones of other key frames of the same subject; behind: the
    scenery of that frame, where the rest of its shot tells it."""

    def __init__(self, image: np.ndarray, mask: np.ndarray, looks: list[Look] | None = None, behind: Scenery | None = None) -> None:
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
        if behind is not None:
            self.ground.learn(behind, image, mask)

    @property
    def known(self) -> list[Look]:
        """Every remembered look, the first one first."""
        return ([self.first] if self.first is not None else []) + self.looks

    def step(self, image: np.ndarray, motion: GlobalMotion | None = None) -> Step:
        """The next frame. motion: the camera's, from the frame before to this one."""
        grey = optical.grey(image)
        self.ground.carry(motion)
        out = self._follow(image, grey, motion) if self.state == "there" else self._search(image)
        self.image, self.grey = image, grey
        return out

    def cut(self, image: np.ndarray) -> None:
        """The next frame is of another shot: nothing goes on from here, the subject must be found again. image: that frame."""
        self.state = "hidden"
        self.soft[:] = 0
        self.ground = Ground(image, np.ones(image.shape[:2], bool))
        self.ground.known[:] = False
        self.image, self.grey = image, optical.grey(image)

    def _follow(self, image: np.ndarray, grey: np.ndarray, motion: GlobalMotion | None) -> Step:
        window = Window.of(self._window(), (self.image, image), (self.grey, grey), self.soft)
        placed = self._placed(window, motion)
        colours = near_colours(window, placed, self.size)
        shape = placed.shape if placed is not None else np.zeros_like(window.carried)
        near = cv2.dilate(shape, disc(NEAR_SHAPE * self.size)) > 0.3
        behind = self._behind(window, placed, motion, near)
        own = None
        if placed is None and self.palette is not None:
            own = np.clip(2.0 * (self.palette[colour_cells(window.lab.astype(np.float32))] - 0.5), 0, 1)
        vote = votes(window, placed, colours, near, behind, self._reach(placed), own)
        mask = cleaned(vote > 0.5, window.carried, shape * placed.fit if placed is not None else shape)
        mask &= ~self.ground.left_over(window.part, window.where, behind.same)
        self.soft = np.zeros(image.shape[:2], np.float32)
        self.soft[window.where] = np.where(mask, np.maximum(vote, 0.5), np.minimum(vote, 0.5)) * (cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) > 0)
        return self._settled(image, window, mask, agreement(mask, vote, window, colours, placed), placed)

    def _settled(self, image: np.ndarray, window: Window, mask: np.ndarray, confidence: float, placed: Placed | None) -> Step:
        """What a mask of the window means: still there, or gone; what is remembered of it."""
        whole = np.zeros(image.shape[:2], bool)
        whole[window.where] = mask
        area = int(mask.sum())
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
        if placed is not None and self._worth_remembering(mask, confidence, window, placed, expected):
            self.age = 0
            self.looks = [*self.looks[-(LOOKS - 1) :], Look.of(image, whole, placed)]
        return Step(whole, confidence, "there")

    def _worth_remembering(self, mask: np.ndarray, confidence: float, window: Window, placed: Placed, expected: float) -> bool:
        """True when the whole of the subject is seen as it should be, or when it has been followed well without doubt for so long that it just looks different now."""
        if self.age < REMEMBER_AGAIN or confidence < 0.8 or expected < 0.97:
            return False
        whole = overlap(mask, placed.shape > 0.5) > 0.88 and mask.sum() > 0.85 * placed.area
        return whole or (self.age > 3 * REMEMBER_AGAIN and confidence > 0.88 and float(window.trusted[mask].mean()) > 0.93)

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

    def _placed(self, window: Window, motion: GlobalMotion | None) -> Placed | None:
        """The remembered look where it lies now; None while the subject comes back over the picture's rim, or when no look fits it."""
        own = window.soft > 0.5
        if self.placed is not None:
            return next_place(self.placed, self.known, self.velocity, window.part, window.corner, window.forth, own & window.home, motion)
        if self.soft[[0, -1]].max() > 0.5 or self.soft[:, [0, -1]].max() > 0.5 or not own.any():
            return None
        return guessed_place(self.known, own, window.part, window.corner)

    def _behind(self, window: Window, placed: Placed | None, motion: GlobalMotion | None, near: np.ndarray) -> Behind:
        """What the camera and the known background say of the window."""
        if placed is None or self.placed is None:
            step = similarity(window.forth, (window.soft > 0.5) & window.home, window.corner)
        else:
            step = joined(placed.as_look(self.placed.look).matrix, cv2.invertAffineTransform(self.placed.matrix))
        ground, unlike = self.ground.alike(window.lab, window.where, (window.carried > 0.3) | near)
        return Behind(stillness(window.back, motion, step, window.where) * window.trusted, ground, self.ground.same(window.part, window.where), unlike, self.ground.known[window.where])

    def _reach(self, placed: Placed | None) -> float:
        """Pixels beside the mask within which new parts may join."""
        if placed is not None or self.first is None:
            return (REACH if placed is not None else REACH_BACK) * self.size
        return REACH_BACK * max(self.size, self.searcher.scale * float(np.sqrt(self.first.mask.sum())))

    def _search(self, image: np.ndarray) -> Step:
        found = self.searcher.search(image, self.known, self.ground)
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
