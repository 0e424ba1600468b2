"""Key frames of a stretch one after another, away from its anchor: where its corners lie in each, and how the ground moved. Both ways are gone side by side."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.vision.filling.motion import IDENTITY, Motion, between, far
from engine.vision.filling.registration import Anchor, brightness
from engine.vision.filling.shot import Shot

Track = tuple[np.ndarray, np.ndarray]
"""(P, 2) places of an anchor's corners in a frame, and (P,) bool which are sure."""
FLAT = Motion(np.eye(3), np.zeros((6, 2)))
"""No motion, in the form of those that depth bends."""


@dataclass
class Course:
    """What is known of the frames about an anchor, by number: motions from it, its corners, and how many times brighter they are."""

    motions: dict[int, Motion]
    tracks: dict[int, Track] = field(default_factory=dict)
    brightness: dict[int, float] = field(default_factory=dict)

    def ahead(self, index: int, ahead: int) -> Motion:
        """A guess of the motion at a frame beyond the last one known: as fast as before."""
        back = 2 * index - ahead
        return between(self.motions[back], self.motions[index], 2.0) if back in self.motions else self.motions[index]

    def update(self, other: Course) -> None:
        """Take over what another one knows."""
        self.motions.update(other.motions)
        self.tracks.update(other.tracks)
        self.brightness.update(other.brightness)


@dataclass(frozen=True)
class Follower:
    """Follows an anchor's corners from its frame `at` through others, whose small copies the shot must keep already. No way may move farther than `most` proxy pixels."""

    shot: Shot
    anchor: Anchor
    at: int
    most: float

    def course(self, first: int, last: int, step: int) -> Course | None:
        """All key frames from first to last, every `step` frames from the anchor on; None when one cannot be told or has moved too far."""
        known, begun = Course({self.at: IDENTITY}), min(self.at + step, last)
        # The first step ahead tells the first one back how fast the camera goes.
        for ways in ([(self.at, begun)], [(begun, last), (self.at, first)]):
            for found in self.shot.workers.map(lambda way: self._way(*way, step, known), ways):
                if found is None:
                    return None
                known.update(found)
            self.shot.checkpoint()
        return known

    def again(self, motions: dict[int, Motion]) -> dict[int, Motion] | None:
        """Motions, bent, of the key frames, looked for again from where their depths say the corners are; None when one cannot be told."""
        order = sorted(motions)
        sides = [[i for i in order if i > self.at], [i for i in reversed(order) if i < self.at]]
        out = {self.at: IDENTITY}
        for found in self.shot.workers.map(lambda side: self._side(side, motions), sides):
            if found is None:
                return None
            out.update(found)
        return out

    def _way(self, start: int, bound: int, step: int, known: Course) -> Course | None:
        """See `course`: from a known frame on, without it."""
        so_far, found = Course(dict(known.motions), dict(known.tracks)), Course({})
        index = start
        while index != bound:
            ahead = min(index + step, bound) if bound > index else max(index - step, bound)
            picture = self.shot.proxy(ahead)
            got = self.anchor.locate(picture, so_far.ahead(index, ahead), start=self._reached(so_far, index, ahead))
            if got is None or far(got[0].h, self.anchor.size) > self.most:
                return None
            found.motions[ahead], found.tracks[ahead] = got[0], got[1:]
            found.brightness[ahead] = brightness(self.anchor, picture, *got[1:])
            so_far.update(found)
            index = ahead
        return found

    def _reached(self, course: Course, index: int, ahead: int) -> np.ndarray | None:
        """Where the corners should be in frame `ahead` if each goes on as it went from the anchor to frame `index`."""
        if index not in course.tracks:
            return None
        places, sure = course.tracks[index]
        share = np.float32((ahead - self.at) / (index - self.at))
        gone = self.anchor.points + share * (places - self.anchor.points)
        return np.where(sure[:, None], gone, self.anchor.expected(course.ahead(index, ahead)))

    def _side(self, side: list[int], motions: dict[int, Motion]) -> dict[int, Motion] | None:
        """See `again`, on one side of the anchor, ever further away from it."""
        found = {self.at: FLAT}
        for index in side:
            if len(found) == 1:
                guess = motions[index]
            else:
                one, other = [*found][-2:]
                guess = between(found[one], found[other], (index - one) / (other - one))
            got = self.anchor.locate(self.shot.proxy(index), guess, search=False)
            if got is None:
                return None
            found[index] = got[0] if got[0].bend is not None else FLAT
        del found[self.at]
        return found
