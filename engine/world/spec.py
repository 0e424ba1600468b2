"""What a moving scene is, as data: the words of the world, `SceneSpec`, and random specs. Nothing is drawn here."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from pydantic import Field, ValidationError

from engine.errors import InvalidInput
from engine.task import Part

Time = Literal["dawn", "day", "sunset", "night"]
Weather = Literal["clear", "cloudy", "rain", "snow", "fog"]
Place = Literal["sea", "beach", "hills", "mountains", "forest", "desert", "snow field", "city", "river"]
Motion = Literal["left", "right", "up", "down", "bounce", "circle", "approach", "sway", "still"]
Speed = Literal["slow", "normal", "fast"]
Size = Literal["small", "medium", "large"]
Side = Literal["left", "right"]
CameraMove = Literal["still", "pan left", "pan right", "tilt up", "tilt down", "zoom in", "zoom out", "follow"]
Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "white", "black", "grey", "turquoise"]
Kind = Literal[
    "balloon", "bird", "plane", "butterfly", "helicopter", "kite", "rocket",
    "boat", "fish", "whale", "duck",
    "car", "bus", "train", "bicycle", "cat", "dog", "horse", "ball", "house", "tree", "flower", "umbrella", "snowman", "windmill",
]  # fmt: skip

TIMES: tuple[Time, ...] = get_args(Time)
WEATHERS: tuple[Weather, ...] = get_args(Weather)
PLACES: tuple[Place, ...] = get_args(Place)
MOTIONS: tuple[Motion, ...] = get_args(Motion)
SPEEDS: tuple[Speed, ...] = get_args(Speed)
SIZES: tuple[Size, ...] = get_args(Size)
CAMERAS: tuple[CameraMove, ...] = get_args(CameraMove)
COLOURS: tuple[Colour, ...] = get_args(Colour)
KINDS: tuple[Kind, ...] = get_args(Kind)

AIR: frozenset[str] = frozenset({"balloon", "bird", "plane", "butterfly", "helicopter", "kite", "rocket"})
WATER: frozenset[str] = frozenset({"boat", "fish", "whale", "duck"})
ROOTED: frozenset[str] = frozenset({"house", "tree", "flower", "windmill", "snowman"})
"""Things that stand where they are in any sensible scene; a spec may still move them."""

FACED: frozenset[str] = frozenset(
    {"bird", "plane", "helicopter", "boat", "fish", "whale", "duck", "car", "bus", "train", "bicycle", "cat", "dog", "horse"}
)
"""Things with a front: which way they look is part of the picture even when they do not travel."""

HOMES: dict[str, tuple[Place, ...]] = {
    "balloon": ("hills", "mountains", "desert", "snow field", "forest"), "bird": PLACES, "plane": PLACES,
    "butterfly": ("hills", "forest", "river", "beach"), "helicopter": ("city", "mountains", "sea", "snow field", "desert"),
    "kite": ("beach", "hills", "river"), "rocket": ("desert", "hills", "mountains", "snow field", "city"),
    "boat": ("sea", "river", "beach"), "fish": ("sea", "river"), "whale": ("sea",), "duck": ("river", "sea"),
    "car": ("city", "hills", "desert", "mountains", "snow field", "forest", "beach"), "bus": ("city", "hills", "mountains"),
    "train": ("hills", "mountains", "desert", "snow field", "city", "forest"), "bicycle": ("city", "hills", "forest", "beach", "river"),
    "cat": ("city", "hills", "forest", "river"), "dog": ("beach", "hills", "snow field", "city", "forest"),
    "horse": ("hills", "desert", "mountains", "beach", "forest"), "ball": ("beach", "hills", "city", "desert"),
    "house": ("hills", "mountains", "snow field", "forest", "river", "beach"), "tree": ("hills", "river", "mountains", "snow field", "city"),
    "flower": ("hills", "forest", "river", "mountains"), "umbrella": ("beach", "city", "hills"),
    "snowman": ("snow field", "mountains", "forest"), "windmill": ("hills", "river", "mountains", "snow field"),
}  # fmt: skip
"""Where each thing belongs. Any pairing can be drawn; these are the ones that are drawn unless asked otherwise."""

HABITS: dict[str, tuple[Motion, ...]] = {
    "air": ("left", "right", "left", "right", "up", "down", "circle", "approach", "sway", "bounce"),
    "water": ("left", "right", "left", "right", "bounce", "approach", "sway", "circle", "still"),
    "ground": ("left", "right", "left", "right", "bounce", "approach", "still", "sway"),
    "rooted": ("still", "sway", "still", "sway", "bounce", "left", "right"),
}
"""Motions drawn for each habitat, repeated by weight."""


def habitat(kind: str) -> Literal["air", "water", "ground", "rooted"]:
    """Where a kind of thing lives."""
    if kind in AIR:
        return "air"
    if kind in WATER:
        return "water"
    return "rooted" if kind in ROOTED else "ground"


TRAVELS: frozenset[str] = frozenset({"left", "right", "up", "down"})
"""Motions that lead somewhere: what a camera can follow."""


class SubjectSpec(Part):
    """One thing that the scene is about."""

    kind: Kind
    colour: Colour = "red"
    size: Size = Field("medium", description="About 26, 36 or 46 % of the picture's shorter side; in company a little less.")
    motion: Motion = "still"
    speed: Speed = "normal"
    facing: Side = Field("right", description="Which way it looks; a motion to the left or right decides it.")
    start: tuple[float, float] | None = Field(
        None, description="Middle of the thing at time 0 as fractions of width and height; none: where it suits the place and the motion."
    )

    @property
    def looks(self) -> Side:
        """Which way it looks in the picture."""
        return self.motion if self.motion in ("left", "right") else self.facing  # type: ignore[return-value]


class SceneSpec(Part):
    """A whole moving scene. The same spec gives the same frames, bit for bit, at a given size."""

    time: Time = "day"
    weather: Weather = "clear"
    place: Place = "hills"
    subjects: tuple[SubjectSpec, ...] = Field((), max_length=3)
    camera: CameraMove = "still"
    seconds: float = Field(2.0, gt=0.0, le=60.0, description="Length of the clip.", json_schema_extra={"unit": "s"})
    fps: float = Field(8.0, gt=0.0, le=120.0, description="Frames a second.")
    seed: int = Field(0, ge=0, lt=2**32, description="Where the hills, clouds and things lie.")

    @property
    def frames(self) -> int:
        """How many frames the clip has."""
        return max(1, round(self.seconds * self.fps))


def sample_spec(rng: np.random.Generator, **constraints: Any) -> SceneSpec:
    """A random sensible scene.

    constraints: any field of `SceneSpec` by name; `count` fixes the number of subjects; `kind`, `colour`, `size`, `motion`, `speed`,
    `facing` fix a field of the first subject; `wild=True` draws every place and motion alike, sensible or not.
    Raises `InvalidInput` for another name or value.
    """
    wild = bool(constraints.pop("wild", False))
    first: dict[str, Any] = {
        name: constraints.pop(name) for name in ("kind", "colour", "size", "motion", "speed", "facing") if name in constraints
    }
    count = int(constraints.pop("count", 0)) or int(rng.choice([1, 1, 1, 2, 2, 3]))
    unknown = set(constraints) - set(SceneSpec.model_fields)
    if unknown:
        raise InvalidInput(
            f"{', '.join(sorted(unknown))} cannot be fixed", fix=f"use {', '.join([*SceneSpec.model_fields, 'count', 'kind'])}"
        )
    fields: dict[str, Any] = {
        "time": str(rng.choice(TIMES)),
        "weather": str(rng.choice(WEATHERS, p=[0.4, 0.2, 0.14, 0.14, 0.12])),
        "camera": str(rng.choice(CAMERAS, p=[0.51, *[0.07] * 7])),
        "seed": int(rng.integers(2**32)),
    }
    kind = str(first.get("kind", rng.choice(KINDS)))
    if "place" in constraints and "kind" not in first and not wild:
        kind = _native(rng, str(constraints["place"]))
    homes = PLACES if wild else HOMES.get(kind, PLACES)
    fields["place"] = str(rng.choice(homes))
    fields.update(constraints)
    if "subjects" not in constraints:
        taken: list[SubjectSpec] = []
        for index in range(count):
            given: dict[str, Any] = (
                {"kind": kind, **first} if index == 0 else {"kind": str(rng.choice(KINDS)) if wild else _native(rng, str(fields["place"]))}
            )
            taken.append(_subject(rng, given, taken, wild))
        fields["subjects"] = tuple(taken)
    spec = _checked(fields)
    if spec.camera != "follow" or (spec.subjects and spec.subjects[0].motion in TRAVELS):
        return spec
    if "camera" in constraints and spec.subjects and not {"motion", "facing"} & set(first) and "subjects" not in constraints:
        way = str(rng.choice(["left", "right"]))
        lead = spec.subjects[0].model_copy(update={"motion": way, "facing": way})
        return spec.model_copy(update={"subjects": (lead, *spec.subjects[1:])})
    return spec if "camera" in constraints else spec.model_copy(update={"camera": "still"})


def _checked(fields: dict[str, Any]) -> SceneSpec:
    try:
        return SceneSpec.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(
            f"{where}={str(first.get('input'))[:60]!r} is not allowed", fix=str(first["msg"]).lower(), field=where
        ) from error


def _native(rng: np.random.Generator, place: str) -> str:
    at_home = [kind for kind in KINDS if place in HOMES[kind]]
    return str(rng.choice(at_home or list(KINDS)))


def _subject(rng: np.random.Generator, given: dict[str, Any], taken: list[SubjectSpec], wild: bool) -> SubjectSpec:
    """A subject that differs in kind or colour from those already there."""
    kind = str(given["kind"])
    colours = [c for c in COLOURS if all(one.colour != c for one in taken)]
    fields = {
        "colour": str(rng.choice(colours)),
        "size": str(rng.choice(SIZES, p=[0.2, 0.45, 0.35] if not taken else [0.5, 0.4, 0.1])),
        "motion": str(rng.choice(MOTIONS if wild or kind not in KINDS else HABITS[habitat(kind)])),
        "speed": str(rng.choice(SPEEDS, p=[0.25, 0.5, 0.25])),
        "facing": str(rng.choice(["left", "right"])),
        **given,
    }
    if fields["motion"] in ("left", "right"):
        fields["facing"] = fields["motion"]
    if fields["motion"] == "still":
        fields["speed"] = given.get("speed", "normal")
    if kind not in FACED and fields["motion"] not in ("left", "right"):
        fields["facing"] = given.get("facing", "right")
    return _checked({"subjects": (fields,)}).subjects[0]
