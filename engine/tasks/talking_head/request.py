"""What a user asks of a talking head: a face, a voice, and how lively it is. Light: no OpenCV, no numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from engine.task import Part, Request, media_field

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Handle = Literal["eye_left", "eye_right", "mouth_left", "mouth_right", "lip_top", "lip_bottom", "chin"]
"""Points of a face that a hand can move. Left and right are those of the picture."""

HANDLES: tuple[Handle, ...] = get_args(Handle)

MAX_SECONDS = 600.0
"""Longest voice, in seconds."""


class Landmark(Part):
    """A point of the face that the finder got wrong, put right by hand."""

    name: Handle = Field(description="Which point: left and right are those of the picture.")
    x: Fraction = Field(description="In 0..1 of the upright picture's width.")
    y: Fraction = Field(description="In 0..1 of the upright picture's height.")


class Expression(Part):
    """What the face shows during a span of the voice."""

    start: float = Field(ge=0.0, le=MAX_SECONDS, description="Where the span begins.", json_schema_extra={"unit": "s"})
    end: float = Field(gt=0.0, le=MAX_SECONDS, description="Where it ends.", json_schema_extra={"unit": "s"})
    kind: Literal["neutral", "talk", "smile", "laugh", "sad"] = Field("smile", description="Neutral keeps the mouth closed; talk follows the voice plainly; smile, laugh and sad colour it.")
    strength: float = Field(1.0, ge=0.0, le=1.5, description="0 is nothing, 1 is plain, above it is much.", json_schema_extra={"step": 0.05})

    @model_validator(mode="after")
    def _ends_after_start(self) -> Expression:
        if self.end <= self.start:
            raise ValueError("an expression must end after it starts")
        return self


class Speaker(Part):
    """Another face of the same picture that speaks too: with a voice of its own, or during spans of the main voice."""

    face: int | tuple[Fraction, Fraction] = Field(description="Which face: its place by size (0 is the largest), or a point [x, y] in 0..1 of the picture.")
    audio: Path | None = media_field("audio", "This speaker's own voice; empty: it says the spans of the main voice.", default=None)
    spans: tuple[tuple[float, float], ...] = Field((), max_length=200, description="Parts [start, end] of the main voice, in seconds, that this face says instead.")

    @model_validator(mode="after")
    def _says_something(self) -> Speaker:
        if self.audio is None and not self.spans:
            raise ValueError("a second speaker needs a voice of its own, or spans of the main voice")
        if any(not 0 <= start < end for start, end in self.spans):
            raise ValueError("a span is [start, end] in seconds with the end after the start")
        return self


class TalkingHeadRequest(Request):
    """A portrait, or a video of a speaker, that says what a voice says."""

    portrait: Path | None = media_field("image", "The portrait: a photo, a drawing, a frame of a video.", default=None)
    video: Path | None = media_field("video", "A video of a speaker, to be given a new voice; only the mouth's region changes.", default=None)
    face: int | tuple[Fraction, Fraction] = Field(0, description="Which face speaks: its place by size (0 is the largest), or a point [x, y] in 0..1 of the picture.")
    landmarks: tuple[Landmark, ...] = Field((), max_length=len(HANDLES), description="Points put right by hand; both eyes and both mouth corners alone make a face where none is found.")
    audio: Path | None = media_field("audio", "The voice.", default=None)
    text: str = Field("", max_length=2000, description="What a built-in voice says, where no recording is given.")
    voice: str = Field("auto", max_length=80, description="Which built-in voice says the text; auto takes the best that this machine has.")
    speed: float = Field(1.0, ge=0.5, le=2.0, description="How fast the text is said.", json_schema_extra={"unit": "times", "step": 0.05})
    speakers: tuple[Speaker, ...] = Field((), max_length=4, description="Other faces of the picture that speak too.")
    expressions: tuple[Expression, ...] = Field((), max_length=200, description="What the face shows when: neutral, talk, smile, laugh or sad, in spans that do not overlap.")
    auto_laughter: bool = Field(True, description="Find laughter in the voice and let the face laugh with it.")
    intensity: float = Field(1.0, ge=0.0, le=1.5, description="How far the mouth opens.", json_schema_extra={"step": 0.05})
    blink: float = Field(1.0, ge=0.0, le=2.0, description="How often the eyes blink; 0 never.", json_schema_extra={"step": 0.05})
    gaze: float = Field(1.0, ge=0.0, le=2.0, description="How much the eyes wander; 0 keeps them where they look.", json_schema_extra={"step": 0.05})
    brows: float = Field(1.0, ge=0.0, le=2.0, description="How much the brows follow the voice's stress.", json_schema_extra={"step": 0.05})
    sway: float = Field(1.0, ge=0.0, le=2.0, description="How much the head moves with the voice.", json_schema_extra={"step": 0.05})
    still: bool = Field(False, description="Keep the head fixed; the face alone moves.")
    fps: int = Field(25, ge=12, le=60, description="Frames a second; a video keeps its own rate.", json_schema_extra={"unit": "frames/s"})
    max_side: int = Field(1920, ge=64, le=4096, description="Longest side of the clip; a smaller picture keeps its own size.", json_schema_extra={"unit": "px", "step": 2})
    method: Literal["auto", "mesh-drive"] = Field("auto", description="How the face is moved: mesh-drive runs everywhere; auto takes the best that this machine has.")
    captions: Literal["off", "file", "burnt"] = Field("file", description="What is said, as text: not at all, as .srt and .vtt files, or in the picture, too. A recording is heard by Whisper, once it is fetched.")
    label: bool = Field(False, description="Write AI-generated into a corner of the picture. The file's own data always says so.")
    seed: int | None = Field(None, ge=0, lt=2**32, description="Empty: a new one each time, always recorded. It decides blinks, gaze and sway.")

    @model_validator(mode="after")
    def _spans_apart(self) -> TalkingHeadRequest:
        spans = sorted(self.expressions, key=lambda one: one.start)
        for one, other in zip(spans, spans[1:], strict=False):
            if other.start < one.end - 1e-6:
                raise ValueError(f"the expressions from {one.start:g} s and {other.start:g} s overlap")
        if len({mark.name for mark in self.landmarks}) < len(self.landmarks):
            raise ValueError("a landmark is given twice")
        return self
