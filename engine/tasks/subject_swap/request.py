"""What a user asks of the subject tools: who is meant in a video, and what becomes of them. Light: no OpenCV, no numpy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from engine.hub.fields import Guidance, Loras, StepCache, Steps
from engine.task import Part, Request, media_field
from engine.tasks.subject_swap.models import TITLES, Drawer

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Point = tuple[Fraction, Fraction]
Box = tuple[Fraction, Fraction, Fraction, Fraction]
Action = Literal["remove", "replace", "background", "both", "restyle", "matte"]
BackgroundKind = Literal["blur", "colour", "transparent", "picture", "clip", "words"]

ACTIONS: tuple[Action, ...] = get_args(Action)
MAX_SUBJECTS = 8
MAX_FRAMES = 200_000

COLOURS = ("#e4572e", "#17becf", "#f2c14e", "#7b5ea7", "#4caf50", "#e377c2", "#8c6d46", "#5b7fde")
"""The colour in which each subject is shown, by its place in the list."""


class Scribble(Part):
    """A stroke of the brush: along it everything belongs to the subject."""

    points: tuple[Point, ...] = Field(min_length=1, max_length=4000, description="Where the brush went, [x, y] in 0..1 of the upright picture.")
    radius: float = Field(0.012, gt=0.0, le=0.5, description="Half the brush's width, as a share of the picture's longer side.")
    exact: bool = Field(False, description="The stroke paints the mask itself, to the pixel, rather than pointing at the thing under it.")


def _strokes(value: Any) -> Any:
    """A bare list of points, or of such lists, as strokes."""
    if isinstance(value, list | tuple) and value:
        if all(isinstance(one, list | tuple) and len(one) == 2 and all(isinstance(v, int | float) for v in one) for one in value):
            return [{"points": value}]
        return [{"points": one} if isinstance(one, list | tuple) else one for one in value]
    return value


class Marks(Part):
    """What a hand says about one frame: clicks, a box, strokes. All places in 0..1 of the upright picture."""

    points: tuple[Point, ...] = Field((), max_length=200, description="Clicks on the subject, [x, y].")
    avoid: tuple[Point, ...] = Field((), max_length=200, description="Clicks on what does not belong to it.")
    box: Box | None = Field(None, description="A box around it, [x0, y0, x1, y1].")
    scribble: tuple[Scribble, ...] = Field((), max_length=100, description="Brush strokes on the subject; a bare list of points is one stroke.")
    erase: tuple[Scribble, ...] = Field((), max_length=100, description="Brush strokes on what does not belong to it.")

    @field_validator("scribble", "erase", mode="before")
    @classmethod
    def _read_strokes(cls, value: Any) -> Any:
        return _strokes(value)

    @field_validator("box")
    @classmethod
    def _upright(cls, box: Box | None) -> Box | None:
        if box is None:
            return None
        x0, y0, x1, y1 = min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])
        if x1 - x0 < 0.002 or y1 - y0 < 0.002:
            raise ValueError("the box has no area: give [x0, y0, x1, y1]")
        return x0, y0, x1, y1

    @property
    def any(self) -> bool:
        """True when something is said."""
        return bool(self.points or self.avoid or self.box or self.scribble or self.erase)


class Edit(Marks):
    """A correction on a later frame. It stands for itself: what is seen there is cut anew from these marks and what was tracked, and holds until the next key frame."""

    gone: bool = Field(False, description="The subject is not to be seen from this frame on, until it is found again or another edit shows it.")


class Subject(Marks):
    """One subject of the video."""

    name: str = Field("", max_length=60, description="What it is called; empty: by its words, or its number.")
    words: str = Field("", max_length=200, description="What it is, in words: the red car, the person on the left, what moves.")
    frame: int = Field(0, ge=0, lt=MAX_FRAMES, description="The frame, counted from the range's first, on which the marks or words are meant.")
    keyframes: dict[Annotated[int, Field(ge=0, lt=MAX_FRAMES)], Edit] = Field({}, max_length=500, description="Corrections by frame.")
    hidden: tuple[tuple[int, int], ...] = Field((), max_length=100, description="Ranges [first, last] of frames in which it has no mask.")

    @model_validator(mode="after")
    def _says_who(self) -> Subject:
        if any(not 0 <= first <= last for first, last in self.hidden):
            raise ValueError("a hidden range is [first, last] in frames, the last not before the first")
        return self

    @property
    def pointed(self) -> bool:
        """True when marks say where it is; otherwise the words do, or it is the one that stands out."""
        return bool(self.points or self.box or self.scribble)


class MaskShape(Part):
    """How a mask is trimmed before it is used."""

    grow: float = Field(0.0, ge=-100.0, le=100.0, description="Pixels by which masks grow; below 0 they shrink.", json_schema_extra={"unit": "px", "step": 1})
    feather: float = Field(0.0, ge=0.0, le=100.0, description="Width of a soft edge beyond the one that the picture has.", json_schema_extra={"unit": "px", "step": 1})
    holes: bool = Field(True, description="Close small holes, and drop specks.")


_CLIPS = (".mp4", ".mov", ".webm", ".mkv", ".avi", ".gif", ".m4v")
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".bmp")


class Background(Part):
    """What stands behind the subject instead. Empty: chosen by what is given. A plain string is read too: blur, transparent, #rrggbb, a file, or words."""

    kind: BackgroundKind | None = Field(None, description="Empty: a picture or a clip when one is given, words when they are, else blur.")
    image: Path | None = media_field("image", "The picture behind.", default=None)
    clip: Path | None = media_field("video", "The clip behind; it starts again when it is too short.", default=None)
    colour: str = Field("#20c060", pattern=r"^#[0-9a-fA-F]{6}$", description="The plain colour behind, #rrggbb.")
    words: str = Field("", max_length=400, description="What is behind, in words: drawn by the pocket model or the diorama.")
    blur: float = Field(0.02, ge=0.001, le=0.2, description="Radius of the blur as a share of the longer side.", json_schema_extra={"step": 0.005})

    @property
    def chosen(self) -> BackgroundKind:
        """The kind that is used."""
        if self.kind is not None:
            return self.kind
        if self.clip is not None:
            return "clip"
        if self.image is not None:
            return "picture"
        return "words" if self.words.strip() else "blur"


def read_background(value: Any) -> Any:
    """A plain string as the fields of a `Background`."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text in ("", "blur", "transparent"):
        return {"kind": text or "blur"}
    if re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return {"kind": "colour", "colour": text}
    if re.fullmatch(r"#[0-9a-fA-F]{3}", text):
        return {"kind": "colour", "colour": "#" + "".join(2 * c for c in text[1:])}
    suffix = Path(text).suffix.lower()
    if suffix in _CLIPS:
        return {"kind": "clip", "clip": text}
    if suffix in _PICTURES:
        return {"kind": "picture", "image": text}
    return {"kind": "words", "words": text}


class SubjectMaskRequest(Request):
    """Who is meant in a video, followed through all of it."""

    video: Path = media_field("video", "The video.")
    start: float = Field(0.0, ge=0.0, description="Where the range begins.", json_schema_extra={"unit": "s", "step": 0.1})
    end: float | None = Field(None, gt=0.0, description="Where it ends; empty: with the video.", json_schema_extra={"unit": "s", "step": 0.1})
    subjects: tuple[Subject, ...] = Field((), max_length=MAX_SUBJECTS, description="Who is meant; none: the one that moves or stands out most.")
    mask: MaskShape = Field(MaskShape(), description="How masks are trimmed.")
    method: Literal["auto", "embedded", "experts"] = Field(
        "auto", description="Who finds and follows: embedded (flow and learned colours) runs everywhere; experts are fetched models (Grounding DINO, SAM, SAM 2); auto takes the best that this machine has."
    )
    seed: int | None = Field(None, ge=0, lt=2**32, description="Empty: a new one each time, always recorded.")
    max_side: int = Field(1920, ge=64, le=8192, description="Longest side of the result; a smaller video keeps its size.", json_schema_extra={"unit": "px", "step": 2})

    @model_validator(mode="after")
    def _sound(self) -> SubjectMaskRequest:
        if self.end is not None and self.end <= self.start:
            raise ValueError("the range must end after it starts")
        return self

    @property
    def named(self) -> tuple[Subject, ...]:
        """The subjects, at least one; the one of an empty list is proposed by the machine."""
        return self.subjects or (Subject(),)

    def name_of(self, index: int) -> str:
        """What a subject is called."""
        subject = self.named[index]
        return subject.name or subject.words or (f"Subject {index + 1}" if len(self.named) > 1 else "The subject")


class SubjectSwapRequest(SubjectMaskRequest):
    """What becomes of them."""

    action: Action = Field(
        "remove",
        description="Remove: what was behind is filled in. Replace: another one, by a picture or words, moves in their place. Background: everything else changes. "
        "Both: replace, and change the background. Restyle: only the subject looks different. Matte: cut out, with transparency.",
    )
    reference: Path | None = media_field("image", "Replace: a picture of the new subject; it is cut out of its own background.", default=None)
    prompt: str = Field("", max_length=400, description="Replace: the new subject in words. Restyle: how it should look, such as blue, pencil, cartoon, black and white.")
    background: Background = Field(Background(), description="Background: what stands behind instead.")
    strength: float = Field(1.0, ge=0.0, le=1.0, description="How much of a new look is laid on, and how far a new subject takes on the light of the place.", json_schema_extra={"step": 0.05})
    scale: float = Field(1.0, ge=0.2, le=4.0, description="Size of a new subject beside the one that it replaces.", json_schema_extra={"unit": "times", "step": 0.05})
    drawing: Drawer = Field(
        "auto",
        description="Who draws: embedded works on any video; pocket is a small diffusion model of the paper-cut world; diffusion and diffusion-xl need fetched models and a graphics card. "
        "The others are large open models, which are fetched when you ask for it and want a graphics card: they draw what the mask hides, moving as a video does.",
        json_schema_extra={"titles": dict(TITLES)},
    )
    steps: Steps = None
    guidance: Guidance = None
    step_cache: StepCache = "off"
    loras: Loras = ""
    structure: Literal["auto", "depth", "edges", "pose", "none"] = Field(
        "auto",
        description="What a new subject drawn by diffusion keeps of the old one, by a ControlNet: depth (how the scene is laid out), edges (its lines), pose (a person's joints), "
        "or none. Auto: depth, and a person's pose, as far as they are here.",
    )
    keep_sound: bool = Field(True, description="The video's own sound stays.")
    export: Literal["none", "prores", "vp9"] = Field("none", description="Also the cut-out subject with transparency: ProRes 4444 for editors, VP9 for the web.")

    @field_validator("background", mode="before")
    @classmethod
    def _read_background(cls, value: Any) -> Any:
        return read_background(value)

    @classmethod
    def spelled_out(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """See `Request.spelled_out`."""
        return {**fields, "background": read_background(fields["background"])} if "background" in fields else fields
