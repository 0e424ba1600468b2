"""What a sound of the bank is, and how families of sounds make themselves known. Light: no scipy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

Kind = Literal["ambience", "effect", "music"]

Ring = Callable[[np.random.Generator, int], np.ndarray]
"""(chance, samples) -> (samples, 2): a bed whose end runs into its begin."""

Once = Callable[[np.random.Generator, float], np.ndarray]
"""(chance, seconds) -> (N,) or (N, 2): an effect; only one that lasts heeds the seconds."""


@dataclass(frozen=True)
class Sound:
    """A sound that can be asked for by words.

    seconds: about its natural length without the echo, None for one that goes on for ever; level: LUFS at which `play` gives it, of an ambience integrated, of an effect its loudest 0.4 s, so that
    all of them stand beside each other as they do outdoors; also: other ways to say the caption; path: the file, of a sound of the user's own.
    """

    id: str
    caption: str
    kind: Kind
    seconds: float | None
    level: float
    also: tuple[str, ...] = ()
    path: Path | None = None


@dataclass(frozen=True)
class Recipe:
    """How a sound is made. layers: rings of different lengths that sound together; lasts: an effect that can be made of any length."""

    sound: Sound
    ring: Ring | None = None
    once: Once | None = None
    layers: int = 2
    lasts: bool = False


@dataclass
class Registry:
    """All recipes by id, in the order in which they were declared."""

    recipes: dict[str, Recipe] = field(default_factory=dict)

    def add(self, recipe: Recipe) -> None:
        if recipe.sound.id in self.recipes:
            raise ValueError(f"two sounds are called {recipe.sound.id}")
        self.recipes[recipe.sound.id] = recipe


REGISTRY = Registry()


def ambience(id: str, caption: str, *also: str, level: float, layers: int = 2) -> Callable[[Ring], Ring]:
    """Declare a bed. One layer is for what keeps time or pitch; two of different lengths do not repeat for minutes."""

    def declare(ring: Ring) -> Ring:
        REGISTRY.add(Recipe(Sound(id, caption, "ambience", None, level, also), ring=ring, layers=layers))
        return ring

    return declare


def effect(id: str, caption: str, *also: str, seconds: float, level: float, lasts: bool = False) -> Callable[[Once], Once]:
    """Declare an effect of so many seconds."""

    def declare(once: Once) -> Once:
        REGISTRY.add(Recipe(Sound(id, caption, "effect", seconds, level, also), once=once, lasts=lasts))
        return once

    return declare
