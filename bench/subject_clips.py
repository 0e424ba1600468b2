"""Ten clips of the paper-cut world on which following a subject is judged: occlusion, a moving camera, leaving and returning, look-alikes. Everything true of them is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.world.moving import MovingDiorama, WorldClip
from engine.world.spec import SceneSpec, SubjectSpec

SIZE = (640, 360)
FPS = 12.0


@dataclass(frozen=True)
class Trial:
    """One clip. frames, plate: (T, H, W, 3) uint8; masks: (T, N, H, W) bool; words: what the first subject is called; flow of neighbours (T - 1, H, W, 2) where the clip plays forwards."""

    name: str
    frames: np.ndarray
    plate: np.ndarray
    masks: np.ndarray
    words: str
    fps: float = FPS

    @property
    def present(self) -> np.ndarray:
        """(T,) bool: the first subject is to be seen."""
        return self.masks[:, 0].reshape(len(self.masks), -1).sum(1) > 12

    def box(self, frame: int = 0, subject: int = 0) -> tuple[float, float, float, float]:
        """The subject's box in 0..1 on a frame."""
        ys, xs = np.nonzero(self.masks[frame, subject])
        height, width = self.masks.shape[2:]
        return float(xs.min() / width), float(ys.min() / height), float((xs.max() + 1) / width), float((ys.max() + 1) / height)


def _clip(seconds: float, size: tuple[int, int], **fields: object) -> WorldClip:
    return MovingDiorama(SceneSpec.model_validate({"seconds": seconds, "fps": FPS, **fields}), size).clip()


def _thing(kind: str, colour: str, motion: str, x: float, y: float, size: str = "medium", speed: str = "normal") -> SubjectSpec:
    return SubjectSpec.model_validate({"kind": kind, "colour": colour, "motion": motion, "start": (x, y), "size": size, "speed": speed})


def _there(name: str, words: str, clip: WorldClip) -> Trial:
    return Trial(name, clip.frames, clip.plate, clip.masks, words)


def _back(name: str, words: str, clip: WorldClip) -> Trial:
    """Forwards, then backwards: what left comes back."""

    def both(array: np.ndarray) -> np.ndarray:
        return np.concatenate([array, array[-2::-1]])

    return Trial(name, both(clip.frames), both(clip.plate), both(clip.masks), words)


def makers(size: tuple[int, int] = SIZE) -> dict[str, Callable[[], Trial]]:
    """Each clip by name, made when it is called."""
    return {
        "car behind a bus": lambda: _there("car behind a bus", "the red car", _clip(4, size, place="city", seed=3, subjects=(_thing("car", "red", "right", 0.25, 0.72), _thing("bus", "blue", "left", 0.8, 0.74)))),
        "pan": lambda: _there("pan", "the yellow boat", _clip(4, size, place="sea", seed=5, camera="pan right", subjects=(_thing("boat", "yellow", "right", 0.4, 0.6),))),
        "zoom": lambda: _there("zoom", "the purple balloon", _clip(4, size, place="hills", seed=8, camera="zoom in", subjects=(_thing("balloon", "purple", "up", 0.45, 0.6),))),
        "leaves and returns": lambda: _back("leaves and returns", "the orange bird", _clip(3, size, place="mountains", seed=11, subjects=(_thing("bird", "orange", "right", 0.55, 0.35, speed="fast"),))),
        "look-alikes": lambda: _there("look-alikes", "the white duck on the left", _clip(4, size, place="river", seed=14, subjects=(_thing("duck", "white", "right", 0.25, 0.66, "small"), _thing("duck", "white", "left", 0.78, 0.68, "small")))),
        "turning in the rain": lambda: _there("turning in the rain", "the pink fish", _clip(4, size, place="sea", weather="rain", seed=17, subjects=(_thing("fish", "pink", "circle", 0.5, 0.72),))),
        "hopping": lambda: _there("hopping", "the green ball", _clip(4, size, place="beach", time="sunset", seed=19, subjects=(_thing("ball", "green", "bounce", 0.35, 0.7),))),
        "followed": lambda: _there("followed", "the black horse", _clip(4, size, place="desert", seed=23, camera="follow", subjects=(_thing("horse", "black", "left", 0.6, 0.7),))),
        "approaching at night": lambda: _there("approaching at night", "the yellow train", _clip(4, size, place="hills", time="night", seed=29, subjects=(_thing("train", "yellow", "approach", 0.5, 0.7),))),
        "two leave, one returns": lambda: _back("two leave, one returns", "the blue plane", _clip(3, size, place="snow field", weather="cloudy", seed=31, camera="pan left", subjects=(_thing("plane", "blue", "left", 0.4, 0.3, speed="fast"), _thing("kite", "red", "sway", 0.75, 0.4, "small")))),
    }  # fmt: skip


def trials(size: tuple[int, int] = SIZE) -> Iterator[Trial]:
    """All ten, one after the other."""
    for make in makers(size).values():
        yield make()
