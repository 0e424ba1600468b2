"""What a user asks of stroke motion: a picture, strokes on it, and how long it moves. Light: no OpenCV, no numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from engine.task import Part, Request, media_field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Point = tuple[Fraction, Fraction, Fraction]


def _with_times(points: Any) -> Any:
    """Points may come without times: `[x, y]` pairs get evenly spaced ones."""
    if isinstance(points, (list, tuple)) and points and all(isinstance(p, (list, tuple)) and len(p) == 2 for p in points):
        last = max(len(points) - 1, 1)
        return [(*p, i / last) for i, p in enumerate(points)]
    return points


class Stroke(Part):
    """A path drawn on the picture.

    `points` are `[x, y, t]`: x and y in 0..1 of the upright picture's width and height, t in 0..1 of the clip, never falling.
    A `move` stroke carries what lies under its first point along the path; a `pin` holds what it covers still.
    """

    kind: Literal["move", "pin"] = Field("move", description="Move what is under the stroke, or hold it still.")
    radius: float = Field(0.03, gt=0.0, le=0.5, description="Half width of the stroke, as a fraction of the picture's longer side.")
    points: Annotated[tuple[Point, ...], BeforeValidator(_with_times)] = Field(
        min_length=1, max_length=4000, description="The path as [x, y, t], each in 0..1."
    )
    on: Literal["auto", "thing", "background"] = Field(
        "auto", description="What the stroke takes: the thing under its start, or the background (which moves the camera)."
    )
    easing: Literal["drawn", "even", "ease", "ease-in", "ease-out"] = Field(
        "drawn", description="Timing along the path: as drawn, at even speed, or eased."
    )
    area: Annotated[tuple[Point, ...], BeforeValidator(_with_times)] | None = Field(
        None, max_length=4000, description="Brushed extent of the thing, as [x, y, t] points of a brush of this radius; points of equal t are one dab. Empty: it is found."
    )

    @model_validator(mode="after")
    def _times_never_fall(self) -> Stroke:
        times = [t for _, _, t in self.points]
        if any(b < a for a, b in zip(times, times[1:], strict=False)):
            raise ValueError("the times t of a stroke's points must not fall")
        if self.kind == "move" and len(self.points) < 2:
            raise ValueError("a move stroke needs at least two points")
        return self


class Camera(Part):
    """The camera's whole move over the clip. Zero (zoom 1) is still."""

    pan_x: float = Field(0.0, ge=-0.5, le=0.5, description="Sideways move; positive looks to the right.", json_schema_extra={"unit": "of the width"})
    pan_y: float = Field(0.0, ge=-0.5, le=0.5, description="Up and down move; positive looks down.", json_schema_extra={"unit": "of the height"})
    zoom: float = Field(1.0, ge=0.5, le=3.0, description="Final enlargement; above 1 goes in, below 1 out.", json_schema_extra={"unit": "times"})
    roll: float = Field(0.0, ge=-45.0, le=45.0, description="Final turn; positive turns the picture clockwise.", json_schema_extra={"unit": "degrees"})

    @property
    def still(self) -> bool:
        """True when the camera does not move at all."""
        return self == Camera()


class StrokeMotionRequest(Request):
    """A photo that moves along the strokes drawn on it."""

    image: Path = media_field("image", "The photo or picture that will move.")
    strokes: tuple[Stroke, ...] = Field((), max_length=64, description="Paths drawn on the picture: move strokes carry things, pins hold them.")
    camera: Camera = Field(Camera(), description="Camera move over the whole clip, as numbers.")
    seconds: float = Field(3.0, ge=0.2, le=20.0, description="Length of the clip.", json_schema_extra={"unit": "s", "step": 0.1})
    fps: int = Field(24, ge=4, le=60, description="Frames a second.", json_schema_extra={"unit": "frames/s"})
    loop: Literal["none", "loop", "boomerang"] = Field(
        "none", description="Play once; loop (goes and fades back into the start); or boomerang (goes there and comes back)."
    )
    method: Literal["auto", "flow-warp"] = Field("auto", description="How motion is made: flow-warp runs everywhere; auto takes the best that this machine has.")
    seed: int | None = Field(None, ge=0, lt=2**32, description="Empty: a new one each time, always recorded.")
    max_side: int = Field(1024, ge=64, le=1920, description="Longest side of the clip; a smaller photo keeps its own size.", json_schema_extra={"unit": "px", "step": 2})
    parallax: float = Field(0.0, ge=0.0, le=1.0, description="Depth feeling of camera moves: near parts move more than far ones.", json_schema_extra={"step": 0.05})
    motion_blur: float = Field(0.0, ge=0.0, le=1.0, description="Shutter opening: 0 is sharp, 0.5 is like film.", json_schema_extra={"step": 0.05})
