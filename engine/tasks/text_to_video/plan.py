"""What a large model will draw for a request: size, pieces, steps and guidance by its card's rules. Light."""

from __future__ import annotations

from dataclasses import dataclass

from engine.catalog.drawing import Drawing
from engine.hub.fields import asked
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.shapes import sized

LEAST_AREA = 0.2
"""Of its own area, a model draws at least so much: smaller pictures fall apart. Up to its own area it draws what was asked for; larger clips are resized."""

MOST_WINDOWS = 12
"""Times that a clip may go on from its last frame: what drifts, drifts further each time."""


@dataclass(frozen=True)
class Plan:
    """What will be drawn: size (width, height) in pixels, frames of each window, in order; a window after the first repeats the last frame of the one before."""

    drawing: Drawing
    size: tuple[int, int]
    windows: tuple[int, ...]
    steps: int
    guidance: float
    anew: bool = False

    @property
    def frames(self) -> int:
        """Frames of the whole clip at the model's rate."""
        return sum(self.windows) - len(self.windows) + 1

    @property
    def evaluations(self) -> int:
        """Steps of all windows together."""
        return self.before(len(self.windows))

    def before(self, number: int) -> int:
        """Steps of the first `number` windows."""
        return self.steps * sum(self.drawing.passes(frames, anew=self.anew) for frames in self.windows[:number])


def size_for(drawing: Drawing, width: int, height: int) -> tuple[int, int]:
    """(width, height) in pixels that a model draws for a clip of width x height, by its card's rules."""
    if not drawing.shaped:
        return drawing.width, drawing.height
    if drawing.narrowest:
        wide = round(drawing.height * width / height / drawing.multiple) * drawing.multiple
        return min(drawing.width, max(drawing.narrowest, wide)), drawing.height
    whole = drawing.width * drawing.height
    area = min(whole, max(whole * LEAST_AREA, width * height))
    return sized(area**0.5, width / height, drawing.multiple)


def plan_for(request: TextToVideoRequest, drawing: Drawing, seconds: float) -> Plan:
    """Sizes, windows, steps and guidance of a request by a card's rules. Light. seconds: of ordinary time that the clip must show."""
    wanted = seconds * drawing.fps + 1
    windows = [drawing.count(wanted)]
    while drawing.image and sum(windows) - len(windows) + 1 < wanted - drawing.every and len(windows) < MOST_WINDOWS:
        windows.append(drawing.count(wanted - sum(windows) + len(windows)))
    steps, guidance = asked(drawing, request.steps, request.guidance)
    return Plan(drawing, size_for(drawing, request.width, request.height), tuple(windows), steps, guidance, anew=request.free_init and drawing.free_init)
