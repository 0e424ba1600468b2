"""The film's clock in whole frames: where each scene begins, how long it is shown, and how far its clip runs on into the next transition."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from engine.movie.plan import Plan, Scene

ENDING = 1.0
"""Seconds in which the film's last pictures and sounds fade out, at most a third of the last scene."""


@dataclass(frozen=True)
class Slot:
    """A scene on the film's clock, in frames. It is shown alone from `start + blend` to `end`; during the first `blend` frames what stood before runs on under it.

    `needed`: how many frames its clip must have: its own and those of the transition into the next.
    """

    scene: Scene
    start: int
    end: int
    blend: int
    tail: int

    @property
    def frames(self) -> int:
        """Frames of its own."""
        return self.end - self.start

    @property
    def needed(self) -> int:
        """Frames that its clip gives."""
        return self.frames + self.tail


@dataclass(frozen=True)
class Timeline:
    """All of a film in frames of `fps`. The title card is shown from 0 to `title`, and `title_tail` frames longer under the first scene's transition."""

    fps: int
    title: int
    title_tail: int
    slots: tuple[Slot, ...]
    ending: int

    @property
    def frames(self) -> int:
        """Length of the film."""
        return self.slots[-1].end


def timeline(plan: Plan) -> Timeline:
    """The clock of a plan. Ends are rounded from the running sum, so the film is as long as its seconds say, to the frame, whatever the scenes are."""
    passed = plan.title_seconds
    marks = [round(passed * plan.fps)]
    for scene in plan.scenes:
        passed += scene.seconds
        marks.append(max(round(passed * plan.fps), marks[-1] + 1))
    before = marks[0]
    blends = []
    for scene, (start, end) in zip(plan.scenes, pairwise(marks), strict=True):
        # A transition takes at most half of either side, so that every scene is also seen alone.
        most = min(end - start, before) // 2
        blends.append(0 if scene.transition == "cut" else min(round(scene.blend * plan.fps), most))
        before = end - start
    tails = [*blends[1:], 0]
    slots = tuple(Slot(scene, start, end, blend, tail) for scene, (start, end), blend, tail in zip(plan.scenes, pairwise(marks), blends, tails, strict=True))
    return Timeline(plan.fps, marks[0], blends[0], slots, min(round(ENDING * plan.fps), slots[-1].frames // 3))
