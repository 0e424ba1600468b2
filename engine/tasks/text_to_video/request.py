"""What a user asks of text to video. Light: no OpenCV, no numpy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from engine.hub.fields import Guidance, Loras, StepCache, Steps
from engine.task import Part, Request, media_field
from engine.tasks.text_to_video.models import PICTURE_TITLES, TITLES, Model, PictureModel

MOST_TAKES = 8
MOST_VALUES = 5
LONGEST = 60.0


def _spaced(value: Any) -> Any:
    """Line ends and other white space inside a prompt are one space."""
    return " ".join(value.split()) if isinstance(value, str) else value


class Moment(Part):
    """A prompt that holds from `at` on."""

    at: float = Field(ge=0.0, le=LONGEST, description="When the prompt begins.", json_schema_extra={"unit": "s", "step": 0.1})
    prompt: Annotated[str, BeforeValidator(_spaced)] = Field(min_length=1, max_length=2000, description="What should be seen from then on.")


class Still(Part):
    """A picture that the clip passes through at `at`."""

    at: float = Field(ge=0.0, le=LONGEST, description="When the clip shows the picture.", json_schema_extra={"unit": "s", "step": 0.1})
    image: Path = media_field("image", "The picture.")


Scalar = bool | int | float | str


class Grid(Part):
    """Clips over the values of one or two fields, all of one seed: x runs along a row, y down the rows. An empty `y_field` is a single row."""

    x_field: str = Field(min_length=1, max_length=40, description="The field that changes along a row.")
    x_values: tuple[Scalar, ...] = Field(min_length=1, max_length=MOST_VALUES, description="Its values, 1 to 5.")
    y_field: str = Field("", max_length=40, description="The field that changes from row to row.")
    y_values: tuple[Scalar, ...] = Field((), max_length=MOST_VALUES, description="Its values, 1 to 5.")


class TextToVideoRequest(Request):
    """A sentence that becomes a clip."""

    prompt: str = Field(max_length=2000, description="What should be seen and what should happen, in plain English. `at 2 s: ...` changes it over time.")
    negative_prompt: str = Field("", max_length=2000, description="What should not be seen.")
    prompts: tuple[Moment, ...] = Field((), max_length=16, description="Prompts that take over one after the other; each is blended into the next.")
    seconds: float = Field(4.0, ge=0.5, le=LONGEST, description="Length of the clip.", json_schema_extra={"unit": "s", "step": 0.5})
    fps: int = Field(24, ge=4, le=60, description="Frames a second.", json_schema_extra={"unit": "frames/s"})
    width: int = Field(768, ge=64, le=1920, description="Width of the clip.", json_schema_extra={"unit": "px", "step": 2})
    height: int = Field(432, ge=64, le=1920, description="Height of the clip.", json_schema_extra={"unit": "px", "step": 2})
    model: Model = Field(
        "diorama",
        description="Who draws. Diorama: the paper-cut world, at once and exactly as the words are understood. Pocket: a small diffusion model of that world. "
        "A model of your own: from its folder. The others are large open models, which are fetched when you ask for it and want a graphics card.",
        json_schema_extra={"titles": dict(TITLES)},
    )
    picture_model: PictureModel = Field(
        "none", description="Large models that go on from a picture: who draws the first one from the prompt, when you give none.", json_schema_extra={"titles": dict(PICTURE_TITLES)}
    )
    checkpoint: str = Field("", max_length=200, description="A model of your own: the name of its folder; empty takes the only one there is.")
    motion_module: str = Field("", max_length=200, description="Model local, method animatediff: the name of the motion adapter's folder; empty takes the only one there is.")
    camera: Literal["as written", "still", "pan left", "pan right", "tilt up", "tilt down", "zoom in", "zoom out", "follow"] = Field(
        "as written", description="The camera's move; as written takes it from the prompt."
    )
    motion: float = Field(1.0, ge=0.0, le=2.0, description="Strength of the motion: 0 is still, 1 as the words say, 2 twice as much.", json_schema_extra={"step": 0.1})
    loop: Literal["none", "loop", "boomerang"] = Field("none", description="Play once; loop (the end fades into the start); or boomerang (goes there and comes back).")
    takes: int = Field(1, ge=1, le=MOST_TAKES, description="Clips to choose from; each has its own seed, counted up from the first.")
    seed: int | None = Field(None, ge=0, lt=2**32, description="Empty: a new one each time, always recorded.")
    draft: bool = Field(False, description="A quick look at lower quality. A draft that pleases can be finished later.")
    steps: Steps = None
    guidance: Guidance = None
    candidates: int = Field(8, ge=1, le=16, description="Pictures begun for each clip; halfway, the one that fits the words best is chosen and finished.")
    method: Literal["flow", "zero", "animatediff", "clip", "independent"] = Field(
        "flow",
        description="How diffusion gets motion. Flow: one picture is drawn and moved along a motion field read from the words. Zero: Text2Video-Zero. "
        "Animatediff: a motion module. Clip: a small net draws all frames around a picture at once. Independent: every frame alone, the baseline.",
    )
    long_method: Literal["co-denoise", "extend", "keyframes", "hierarchy"] = Field(
        "co-denoise",
        description="How a clip longer than the model's own is made. Co-denoise: overlapping windows, averaged at each step. Extend: each window goes on from the last. "
        "Keyframes: sparse frames first, then filled. Hierarchy: far frames first, then nearer ones.",
    )
    step_cache: StepCache = "off"
    loras: Loras = ""
    free_init: bool = Field(False, description="AnimateDiff: begin three times, each time from the slow parts of the clip before. Steadier, and three times as long.")
    interpolate: bool = Field(True, description="Frames between the model's own, so that the frame rate is reached. Large models: drawn by FILM where it was fetched, else along the optical flow.")
    upscale: Literal["off", "2x"] = Field(
        "off", description="Twice the width and height. LTX-Video 13B and LTX-2 draw such a clip in a second stage of their own, with new detail, once their upscaler was fetched; other large models' pictures are enlarged one by one by Swin2SR."
    )
    first_image: Path | None = media_field("image", "The clip begins with this picture.", default=None)
    last_image: Path | None = media_field("image", "The clip ends with this picture.", default=None)
    images: tuple[Still, ...] = Field((), max_length=16, description="Pictures that the clip passes through at given moments.")
    grid: Grid | None = Field(None, description="One clip for every pair of values of two fields, all of one seed.")
    continue_run: str = Field("", max_length=32, description="The run whose draft is finished; empty: none.", json_schema_extra={"run": True})
    continue_take: int = Field(1, ge=1, le=MOST_VALUES**2, description="Which of that run's takes.")

    @property
    def own_steps(self) -> int:
        """Denoising steps of the pocket model and of Stable Diffusion folders."""
        return 12 if self.steps is None else self.steps

    @property
    def own_guidance(self) -> float:
        """Guidance of the pocket model and of Stable Diffusion folders."""
        return 3.5 if self.guidance is None else self.guidance
