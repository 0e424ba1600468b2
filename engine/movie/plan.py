"""The typed plan of a film: what a planner writes, a user edits and the assembly obeys (MovieFactory, Zhu et al. 2023, section 3.1: a script of scenes). Data only; light."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from engine.errors import InvalidInput
from engine.task import Part, media_field
from engine.world.spec import CameraMove

MOST_SCENES = 40
SHORTEST_SCENE, LONGEST_SCENE = 0.5, 60.0
LONGEST_FILM = 1200.0
MOST_TAKES = 4
MOST_SOUNDS = 6
LONGEST_TITLE = 10.0
LONGEST_PROMPT = 1000

Shape = Literal["wide", "square", "tall"]
Mood = Literal["calm", "happy", "tender", "nostalgic", "energetic"]
Tempo = Literal["slow", "medium", "fast"]
Transition = Literal["cut", "cross-fade", "fade through black", "wipe", "match on colour"]
Camera = Literal["as written"] | CameraMove

ASPECTS: dict[str, tuple[int, int]] = {"wide": (16, 9), "square": (1, 1), "tall": (9, 16)}
"""Width to height of each shape."""

MOODS: tuple[Mood, ...] = get_args(Mood)
TEMPOS: tuple[Tempo, ...] = get_args(Tempo)
TRANSITIONS: tuple[Transition, ...] = get_args(Transition)


def _spaced(value: Any) -> Any:
    """White space and signs that nobody sees are one space."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split()) if isinstance(value, str) else value


def text(most: int, least: int = 0) -> Any:
    """The type of a line of at most so many characters."""
    return Annotated[str, BeforeValidator(_spaced), Field(min_length=least, max_length=most)]


Line80, Line120, Line200, Line300, Line400 = (text(most) for most in (80, 120, 200, 300, 400))
Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


def _with_prompts(scenes: Any) -> Any:
    """Raises `InvalidInput` for a scene without a prompt, which is what a card is left with most easily: by its number, as the user counts, not by its place in a list."""
    for number, scene in enumerate(scenes if isinstance(scenes, list | tuple) else (), 1):
        prompt = scene.get("prompt", "") if isinstance(scene, dict) else "given"
        if prompt is None or (isinstance(prompt, str) and not _spaced(prompt)):
            raise InvalidInput(f"Scene {number} has no prompt", fix="write what is seen in it", field=f"plan.scenes[{number - 1}].prompt")
    return scenes


class Effect(Part):
    """A sound at a moment of its scene."""

    what: text(80, 1) = Field(description="What is heard, in words: a bell, thunder, steps.")  # type: ignore[valid-type]
    at: float = Field(0.0, ge=0.0, le=LONGEST_SCENE, description="When, from the scene's begin.", json_schema_extra={"unit": "s", "step": 0.1})


class Music(Part):
    """What music plays under a scene. Scenes that follow each other with the same music share one piece."""

    mood: Mood = Field("calm", description="How the music feels.")
    tempo: Tempo = Field("medium", description="How fast it goes.")
    words: Line120 = Field("", description="More about it, in words; the nearest piece is taken.")  # type: ignore[valid-type]


class Source(Part):
    """Where a scene's pictures come from.

    text: made from the prompt. head: a face says the scene's line. library: the clip of an earlier run (a stroke clip, a music video, a swapped subject, anything). file: a video of the user's.
    picture: a still with the scene's camera move over it.
    """

    kind: Literal["text", "head", "library", "file", "picture"] = Field("text", description="Where the pictures come from.")
    run: str = Field("", pattern=r"^([0-9a-f]{32})?$", description="Library: the run whose clip is shown.")
    file: Path | None = media_field("video", "File: a video.", default=None)
    image: Path | None = media_field("image", "Picture: what is shown; head: the face that speaks.", default=None)
    start: float = Field(0.0, ge=0.0, le=36000.0, description="Library, file: where in the clip the scene begins.", json_schema_extra={"unit": "s", "step": 0.1})
    keep_sound: bool = Field(True, description="Library, file: the clip's own sound is heard, too.")
    made_as: str = Field(
        "", pattern=r"^([0-9a-f]{64})?$", description="File: what the card said when this clip was made from it. A card that says something else is made from its prompt again; empty: the file stays."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Source:
        needs = {"library": ("run", self.run), "file": ("file", self.file), "picture": ("image", self.image), "head": ("image", self.image)}
        name, value = needs.get(self.kind, ("", True))
        if not value:
            raise ValueError(f"a scene from {self.kind} needs {name}")
        return self


def print_of(prompt: Any, camera: Any, seed: Any) -> str:
    """What a card says of its pictures, as a SHA-256 in hex."""
    return hashlib.sha256(json.dumps([_spaced(prompt), camera or "as written", seed], default=str).encode()).hexdigest()


class Scene(Part):
    """One card of the storyboard. `seconds` is its time on the film's clock: the lengths of all scenes and the title card add up to the film's.

    `transition` is how the scene follows what stands before it, over `blend` seconds of its own begin.
    """

    id: str = Field(pattern=r"^[a-z0-9]{1,16}$", description="Stays with the card when it moves.")
    heading: Line80 = Field("", description="The card's title.")  # type: ignore[valid-type]
    prompt: text(LONGEST_PROMPT, 1) = Field(description="What is seen, in English, with the hero's phrase in it.")  # type: ignore[valid-type]
    camera: Camera = Field("as written", description="The camera's move.")
    seconds: float = Field(5.0, ge=SHORTEST_SCENE, le=LONGEST_SCENE, description="How long it lasts.", json_schema_extra={"unit": "s", "step": 0.1})
    ambience: tuple[text(80, 1), ...] = Field((), max_length=MOST_SOUNDS, description="What is heard all through it: wind, waves, birds.")  # type: ignore[valid-type]
    effects: tuple[Effect, ...] = Field((), max_length=MOST_SOUNDS, description="Sounds at moments.")
    music: Music | None = Field(None, description="The music; none is silence.")
    transition: Transition = Field("cut", description="How it follows what stands before it.")
    blend: float = Field(0.6, ge=0.1, le=3.0, description="How long the transition takes; a cut takes none.", json_schema_extra={"unit": "s", "step": 0.1})
    line: Line400 = Field("", description="What the narrator, or the head, says.")  # type: ignore[valid-type]
    source: Source = Field(Source(), description="Where the pictures come from.")
    seed: int | None = Field(None, ge=0, lt=2**32, description="Empty: from the film's seed and the card's id, so that moving a card changes nothing.")
    takes: int = Field(1, ge=1, le=MOST_TAKES, description="Clips to choose from.")
    take: int = Field(1, ge=1, le=MOST_TAKES, description="The one that is shown.")
    locked: bool = Field(False, description="A new plan and a re-roll leave it as it is.")

    @model_validator(mode="before")
    @classmethod
    def _keeps_to_its_prompt(cls, data: Any) -> Any:
        """A clip that stands for a card as it was does not stand for another one."""
        if not isinstance(data, dict):
            return data
        source = data.get("source")
        made_as = source.get("made_as") if isinstance(source, dict) else getattr(source, "made_as", "")
        return {**data, "source": Source()} if made_as and made_as != print_of(data.get("prompt"), data.get("camera"), data.get("seed")) else data


class Hero(Part):
    """Who the film is about. `phrase` stands word for word in every prompt: that keeps the hero the same."""

    name: Line80 = Field("", description="What the narrator calls it: the little red boat, Mia.")  # type: ignore[valid-type]
    phrase: text(120, 1) = Field(description="How prompts describe it: a small red boat.")  # type: ignore[valid-type]


class Plan(Part):
    """A whole film. Frames, seconds and seeds follow from it alone, so that the same plan gives the same film."""

    title: text(80, 1) = Field(description="The film's title.")  # type: ignore[valid-type]
    logline: Line300 = Field("", description="The film in one sentence.")  # type: ignore[valid-type]
    style: Line200 = Field("", description="Words that end every prompt.")  # type: ignore[valid-type]
    mood: Mood = Field("calm", description="The film's mood.")
    shape: Shape = Field("wide", description="Wide 16:9, square, or tall 9:16.")
    hero: Hero
    palette: tuple[Colour, ...] = Field(("#25273b", "#ee5d36", "#ffd27a"), min_length=3, max_length=6, description="Colours of the title card, and what scenes are matched to.")
    title_seconds: float = Field(2.0, ge=0.0, le=LONGEST_TITLE, description="Length of the title card; 0 leaves it out.", json_schema_extra={"unit": "s", "step": 0.1})
    scenes: Annotated[tuple[Scene, ...], BeforeValidator(_with_prompts)] = Field(min_length=1, max_length=MOST_SCENES)
    fps: int = Field(24, ge=12, le=60, description="Frames a second.")
    seed: int = Field(0, ge=0, lt=2**32, description="Where the seeds of all scenes come from.")
    notes: tuple[Line300, ...] = Field((), max_length=20, description="What the planner had to decide or leave out.")  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _holds_together(self) -> Plan:
        if len({scene.id for scene in self.scenes}) < len(self.scenes):
            raise ValueError("two scenes have the same id")
        if self.seconds > LONGEST_FILM:
            raise ValueError(f"the film would last {self.seconds:g} s; {LONGEST_FILM:g} are allowed")
        return self

    @property
    def seconds(self) -> float:
        """Length of the film."""
        return self.title_seconds + sum(scene.seconds for scene in self.scenes)


def film_size(shape: Shape, side: int) -> tuple[int, int]:
    """(width, height) in pixels of a film with so many on its longer side; both are even."""
    across, down = ASPECTS[shape]
    longer = max(across, down)
    return 2 * round(side * across / longer / 2), 2 * round(side * down / longer / 2)
