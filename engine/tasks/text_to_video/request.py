"""What a user asks of text to video. Light: no OpenCV, no numpy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.task import Request


class TextToVideoRequest(Request):
    """A sentence that becomes a clip."""

    prompt: str = Field(max_length=2000, description="What should be seen and what should happen, in plain English.")
    seconds: float = Field(4.0, ge=0.5, le=60.0, description="Length of the clip.", json_schema_extra={"unit": "s", "step": 0.5})
    fps: int = Field(24, ge=4, le=60, description="Frames a second.", json_schema_extra={"unit": "frames/s"})
    width: int = Field(768, ge=64, le=1920, description="Width of the clip.", json_schema_extra={"unit": "px", "step": 2})
    height: int = Field(432, ge=64, le=1920, description="Height of the clip.", json_schema_extra={"unit": "px", "step": 2})
    camera: Literal["as written", "still", "pan left", "pan right", "tilt up", "tilt down", "zoom in", "zoom out", "follow"] = Field(
        "as written", description="The camera's move; as written takes it from the prompt."
    )
    model: Literal["diorama"] = Field("diorama", description="Who draws: the diorama, a paper-cut world that is drawn at once. It draws what it knows and names what it does not.")
    seed: int | None = Field(None, ge=0, lt=2**32, description="Empty: a new one each time, always recorded.")
