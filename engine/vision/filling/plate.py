"""A subject taken out of a clip: behind it stands what other frames show there, and what none shows is invented once and then stays.

A shot is cut into stretches over which the camera moves little. Each has an anchor frame, to which its frames are registered (`registration`), a depth for each
place where one plane does not explain the motion (`depth`), what passes before the ground (`movers`), and one picture of the ground (`canvas`) from which
every frame of the stretch is filled; the rim decides the light (`rim`). One whose picture strays from what frames show beside the holes is made shorter.
A stretch begins with what the one before ended on, so what was invented lives on, and the first frames of a stretch fade over.

The idea of carrying pixels along the motion of the ground is that of flow-guided inpainting (Xu et al. 2019; Gao et al. 2020), with a model of the motion in
place of a dense flow: inside the hole nothing can be measured, and a model does not flicker.
What it does not do: shadows and reflections outside the hole stay; things in the ground that move by themselves behind the subject are frozen there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

import numpy as np

from engine.media.frames import Pictures
from engine.vision.filling.render import Filled, misfit, render
from engine.vision.filling.shot import Shot
from engine.vision.filling.stretch import Stretch
from engine.vision.filling.workers import Workers

__all__ = ["Filled", "fill_clip"]

LONGEST = 64
"""Frames of a stretch at most."""
SHORT = 12
"""Frames of a stretch that is not made shorter for its depths."""
STRAYS = 9.5
"""Levels beside the holes at a stretch's ends above which it is made shorter."""
FADE = 6
"""Frames over which one stretch's ground fades into the next one's."""


def fill_clip(
    frames: Pictures,
    holes: Callable[[int], np.ndarray],
    shots: Sequence[tuple[int, int]],
    *,
    seed: int = 0,
    threads: int | None = None,
    checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[Filled]:
    """Every frame in order with its hole filled.

    holes: (H, W) bool of a frame by number, already grown past the subject's soft edge; shots: first and last frame of each, in order, no frame of one ever
    shows in another. Memory does not grow with the clip, and a frame costs a bounded time. The same input gives the same output,
    with any number of threads: as many as cores, at most `workers.MOST`, if not given.
    """
    with Workers(threads) as workers:
        for first, last in shots:
            yield from _filled(Shot(frames, holes, first, last, checkpoint, workers), seed)


def _strays(stretch: Stretch) -> bool:
    """True when one picture does not do for a stretch over whose depths the camera passes: what near things hide at its ends is not what they hide in its middle."""
    if stretch.anchor.depth is None:
        return False
    shot = stretch.shot
    ends = [(index, hole) for index in (stretch.first, stretch.last) if (hole := shot.hole(index)) is not None]
    asked = [(shot.frames.read(index), hole, stretch.views(index, None, 1.0)[0]) for index, hole in ends]
    return any(off > STRAYS for off in shot.workers.map(lambda one: misfit(*one), asked))


def _filled(shot: Shot, seed: int) -> Iterator[Filled]:
    """The shot's frames."""
    at, length = shot.first, LONGEST
    before: Stretch | None = None
    carry: tuple[int, Filled] | None = None
    while at <= shot.last:
        shot.checkpoint()
        if shot.hole(at) is None:
            yield Filled(shot.frames.read(at).copy(), np.zeros(shot.shape, bool))
            before = None
            at += 1
            continue
        end = min(at + length - 1, shot.last)
        stretch, grows = Stretch.of(shot, at, end, carry), 2
        while stretch is None or (end - at >= SHORT and _strays(stretch)):
            if stretch is not None:
                grows = 1
            end = at + (end - at) // 2
            stretch = Stretch.of(shot, at, end, carry)
        length = min(LONGEST, grows * (end - at + 1))
        waiting: deque[Future[Filled]] = deque()
        for index in range(at, end + 1):
            shot.checkpoint()
            share = (index - at + 1) / (FADE + 1) if before is not None and index - at < FADE else 1.0
            waiting.append(shot.workers.submit(render, shot.frames.read(index), shot.hole(index), stretch.views(index, before, share), (seed, index)))
            if len(waiting) > shot.workers.threads:
                yield waiting.popleft().result()
        while waiting:
            out = waiting.popleft().result()
            yield out
        carry, before = (end, out), stretch
        at = end + 1
