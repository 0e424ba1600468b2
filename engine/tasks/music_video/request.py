"""What a user asks of a music video: a song, what is seen when, what pulses and what it moves. Light: no OpenCV, no numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from engine.sound.music.correction import LONGEST, Correction
from engine.task import Part, Request, media_field

Pattern = Literal["transition", "hold", "cut", "freeze"]
Driver = Literal["percussive", "bass", "voice", "level", "beats", "linear"]
Target = Literal["progress", "zoom", "shake", "brightness", "colour", "guidance", "motion"]

SEEDS = 2**32


class Interval(Part):
    """A part of the song with its pictures.

    transition goes from the start picture to the end picture; hold stays with the start picture, which pulses; cut changes between both on every first beat;
    freeze shows the start picture.
    """

    start: float = Field(ge=0.0, le=LONGEST, description="Where it begins.", json_schema_extra={"unit": "s"})
    end: float = Field(gt=0.0, le=LONGEST, description="Where it ends; the next one begins there.", json_schema_extra={"unit": "s"})
    start_prompt: str = Field("", max_length=400, description="What is seen at its start; empty: what the interval before ends with.")
    end_prompt: str = Field("", max_length=400, description="What is seen at its end; empty: the same as at the start.")
    start_seed: int | None = Field(None, ge=0, lt=SEEDS, description="Which picture of the start prompt; empty: of several always the same ones that which shows the words best.")
    end_seed: int | None = Field(None, ge=0, lt=SEEDS, description="Which picture of the end prompt; empty: that of the start, so that the places of things agree.")
    pattern: Pattern = Field("transition", description="What happens between its pictures.")
    driver: Driver = Field("percussive", description="What of the music pulses.")
    target: Target = Field("progress", description="What the pulse moves; progress is the way between the two pictures.")
    strength: float = Field(1.0, ge=0.0, le=2.0, description="How much the pulse moves it.", json_schema_extra={"step": 0.05})
    picture: Path | None = media_field("image", "A photo instead of the prompts: it is moved by the same pulse.", default=None)
    clip: Path | None = media_field("video", "A clip instead of the prompts: the pulse plays it.", default=None)

    @model_validator(mode="after")
    def _ends_after_start(self) -> Interval:
        if self.end <= self.start:
            raise ValueError("an interval must end after it starts")
        if self.picture is not None and self.clip is not None:
            raise ValueError("an interval has a photo or a clip, not both")
        return self


class MusicVideoRequest(Request):
    """A song that drives pictures."""

    audio: Path = media_field("audio", "The song.")
    grid: Correction = Field(Correction(), description="How the beats that were heard are put right.")
    intervals: tuple[Interval, ...] = Field((), max_length=400, description="Parts of the song with their pictures, in order; none: a plan is made from the song's sections and the theme.")
    theme: str = Field("a red balloon over the hills", max_length=400, description="What a video without intervals is about.")
    style: str = Field("", max_length=200, description="Words that are added to every prompt.")
    width: int = Field(512, ge=64, le=1280, description="Width of the clip.", json_schema_extra={"unit": "px", "step": 16})
    height: int = Field(512, ge=64, le=1280, description="Height of the clip.", json_schema_extra={"unit": "px", "step": 16})
    fps: int = Field(24, ge=8, le=60, description="Frames a second.", json_schema_extra={"unit": "frames/s"})
    drawn: float = Field(2.0, ge=0.5, le=12.0, description="Pictures that the model draws for a second of music; the others lie between them.", json_schema_extra={"unit": "pictures/s", "step": 0.5})
    steps: int = Field(12, ge=4, le=50, description="Denoising steps of a picture.")
    guidance: float = Field(3.5, ge=1.0, le=12.0, description="How strictly prompts are followed.", json_schema_extra={"step": 0.5})
    smooth: float = Field(0.0, ge=0.0, le=1.0, description="0 follows the pulse exactly, 1 moves evenly.", json_schema_extra={"step": 0.05})
    soften_flashes: bool = Field(True, description="Hold back more than three bright flashes a second, which can harm people with epilepsy (WCAG 2.3.1).")
    excerpt_start: float | None = Field(None, ge=0.0, le=LONGEST, description="Make only a part: from here.", json_schema_extra={"unit": "s"})
    excerpt_end: float | None = Field(None, gt=0.0, le=LONGEST, description="Make only a part: to here.", json_schema_extra={"unit": "s"})
    model: Literal["pocket"] = Field("pocket", description="What draws the pictures: pocket is the diffusion model of Kinora's paper-cut world.")
    seed: int | None = Field(None, ge=0, lt=SEEDS, description="Which automatic plan; pictures have seeds of their own.")

    @model_validator(mode="after")
    def _in_order(self) -> MusicVideoRequest:
        for one, other in zip(self.intervals, self.intervals[1:], strict=False):
            if other.start < one.end - 1e-6:
                raise ValueError(f"the intervals from {one.start:g} s and {other.start:g} s overlap or are not in order")
        if self.excerpt_start is not None and self.excerpt_end is not None and self.excerpt_end <= self.excerpt_start:
            raise ValueError("excerpt_end must come after excerpt_start")
        return self
