"""What a user asks of a movie. Light: no OpenCV, no numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from engine.movie.plan import LONGEST_FILM, MOST_SCENES, Mood, Plan, Shape
from engine.task import Request, media_field
from engine.tasks.text_to_video.models import TITLES, Model

LONGEST_IDEA = 2000
SHORTEST_FILM = 3.0
"""Seconds: a storyboard by hand may be shorter, one that is asked for may not."""


def _spaced(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


class MoviePlanRequest(Request):
    """A sentence that becomes the plan of a film."""

    idea: Annotated[str, BeforeValidator(_spaced)] = Field("", max_length=LONGEST_IDEA, description="The film in one sentence, in any language: who, what they want, where.")
    scenes: int = Field(6, ge=1, le=MOST_SCENES, description="How many scenes.")
    seconds: float = Field(30.0, ge=SHORTEST_FILM, le=LONGEST_FILM, description="Length of the whole film, title card and all.", json_schema_extra={"unit": "s", "step": 1})
    shape: Shape = Field("wide", description="Wide 16:9, square, or tall 9:16 for phones.")
    style: str = Field("", max_length=200, description="Words that end every prompt: a look, a light, a time of year.")
    mood: Literal["auto"] | Mood = Field("auto", description="How the film feels; auto takes it from the idea.")
    planner: Literal["auto", "built-in", "endpoint", "local"] = Field(
        "auto",
        description="Who writes the plan. Built-in: grammar and sentence encoder, at once. Endpoint: an OpenAI-compatible server, named in the settings. "
        "Local: a small instruct model from its folder. Auto: the best that is there.",
    )
    video_model: Model = Field(
        "diorama",
        description="Who draws the scenes. Diorama: the paper-cut world, drawn exactly. Pocket: a small diffusion model of that world, soft and sometimes wrong. The others draw anything, as in Text to video.",
        json_schema_extra={"titles": dict(TITLES)},
    )
    seed: int | None = Field(None, ge=0, lt=2**32, description="Empty: a new one each time, always recorded.")

    @model_validator(mode="after")
    def _has_something(self) -> MoviePlanRequest:
        if not self.idea and getattr(self, "plan", None) is None and getattr(self, "project", None) is None:
            raise ValueError("an idea is needed: write one sentence, such as: a little red boat looks for the moon")
        return self


class MovieRequest(MoviePlanRequest):
    """A sentence, or the plan of a film, that becomes the film."""

    plan: Plan | None = Field(None, description="The plan to film; empty: one is written from the idea.")
    project: Path | None = media_field("project", "A project zip that was saved with an earlier film; it brings its plan and its clips.", default=None)
    until: Literal["animatic", "scenes", "film"] = Field(
        "film", description="How far: an animatic (the whole film at once, drawn by the diorama), the scenes alone, or the film."
    )
    only: tuple[str, ...] = Field((), max_length=MOST_SCENES, description="Until scenes: the ids of those that are made; empty: all.")
    side: int = Field(768, ge=128, le=1920, description="Longest side of the film.", json_schema_extra={"unit": "px", "step": 2})
    voice: str = Field("auto", max_length=80, description="The narrator's voice; auto takes the best that this machine has, none is silence.")
    music: Literal["auto", "none", "library", "own"] = Field("auto", description="Auto and library: pieces that fit mood and tempo. Own: from your folder of sounds.")
    captions: Literal["off", "file", "burnt"] = Field("file", description="What is said, as text: not at all, as .srt and .vtt files, or in the picture, too.")
    match_colours: float = Field(0.3, ge=0.0, le=1.0, description="How far the colours of all scenes are drawn together.", json_schema_extra={"step": 0.1})
    loudness: float = Field(-16.0, ge=-31.0, le=-10.0, description="Loudness of the whole film (ITU-R BS.1770).", json_schema_extra={"unit": "LUFS", "step": 1})
    steps: int | None = Field(None, ge=1, le=200, description="Denoising steps of scenes that diffusion draws; empty: the model's own count.")
    hand_over: bool = Field(True, description="Also save a project zip, and what an editor needs: OpenTimelineIO, FCPXML, sound stems, subtitles.")
