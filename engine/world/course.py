"""Where subjects and camera are at each moment. World units: the picture's shorter side is 1, the origin its middle, x right, y down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.world.rig import Actor, Clock
from engine.world.sheets import Matrix, about, shift, stretch, turn
from engine.world.spec import SceneSpec, SubjectSpec, habitat

HEIGHTS = {"small": 0.26, "medium": 0.36, "large": 0.46}
"""Size of a subject in world units."""

CROWD = {1: 1.0, 2: 0.92, 3: 0.82}
"""Factor of the size by the number of subjects, so that each is seen."""

TRAVEL = {"slow": 0.14, "normal": 0.28, "fast": 0.46}
"""World units a second sideways; half of it up and down."""

TEMPO = {"slow": 0.6, "normal": 1.0, "fast": 1.55}
"""Factor of the beat of bounces, circles and sways."""

WIDEST = {"left": 0.8, "right": 0.8, "up": 0.5, "down": 0.5}
"""Longest way in the frame's own side: in a longer clip a thing goes slower rather than out of sight."""

PAN, TILT, ZOOM = 0.14, 0.09, 0.17
"""Camera: world units a second, world units a second, and log2 enlargement a second on the stage."""

AIM = 0.16
"""World y that a zoom goes to: a little below the middle, where things stand."""


@dataclass(frozen=True)
class Frame:
    """The picture in world units: half its width and half its height (the shorter one is 0.5)."""

    half_width: float
    half_height: float

    @classmethod
    def of(cls, size: tuple[int, int]) -> Frame:
        """The frame of a picture of (width, height) pixels."""
        short = min(size)
        return cls(size[0] / short / 2, size[1] / short / 2)


@dataclass(frozen=True)
class Course:
    """The motion of one subject: its middle at mid-clip, how far it travels, and its beat. Made by `course`."""

    spec: SubjectSpec
    actor: Actor
    scale: float
    middle: tuple[float, float]
    way: tuple[float, float]
    seconds: float
    phase: float

    @property
    def flip(self) -> bool:
        """True when it looks to the left."""
        return self.spec.looks == "left"

    def share(self, time: float) -> float:
        """Time as -0.5 at the start to 0.5 at the end of the clip."""
        return time / self.seconds - 0.5

    def place(self, time: float) -> tuple[float, float, float, float]:
        """Middle x, y in world units, degrees clockwise and enlargement at a time in seconds."""
        motion, beat = self.spec.motion, 2 * np.pi * TEMPO[self.spec.speed] * time
        s = self.share(time)
        x, y = self.middle[0] + s * self.way[0], self.middle[1] + s * self.way[1]
        busy = motion in ("left", "right", "up", "down", "approach")
        bob = self.actor.hop * self.scale * np.sin(2.1 * np.pi * time + self.phase)
        degrees = self.actor.bank * np.sin(1.3 * np.pi * time + self.phase) * (0.8 if busy else 0.6)
        big = 1.0
        match motion:
            case "bounce":
                y -= 0.2 * abs(np.sin(0.75 * beat / 2 + 0.3))
                bob = 0.0
            case "circle":
                turn_ = 0.5 * beat * (1 if not self.flip else -1) - np.pi / 2
                x, y = x + 0.17 * np.cos(turn_), y + 0.13 * np.sin(turn_)
            case "approach":
                grown = TEMPO[self.spec.speed] * min(self.seconds, 4.0) * 0.26
                big = 2.0 ** ((s - 0.12) * min(2 * grown, 1.9))
            case "sway":
                degrees += 14 * np.sin(0.7 * beat + self.phase)
                x += 0.03 * np.sin(0.7 * beat + self.phase)
            case _:
                pass
        return x, y + bob, degrees, float(big)

    def matrix(self, time: float) -> Matrix:
        """3x3 from the thing's own (mirrored, if it looks to the left) units to the world. It turns about its foot or its middle."""
        x, y, degrees, big = self.place(time)
        mx, my = self.actor.middle
        mx = -mx if self.flip else mx
        pivot = 0.0 if habitat(self.spec.kind) == "air" else (self.actor.foot - my) * self.scale
        if self.spec.motion == "approach" and pivot:
            y += pivot * (1 - big) * 0.75
        return (
            shift(x, y) @ shift(0, pivot) @ turn(degrees) @ shift(0, -pivot) @ stretch(self.scale * big, self.scale * big) @ shift(-mx, -my)
        )

    def clock(self, time: float) -> Clock:
        """What its joints need at a time."""
        motion = self.spec.motion
        forward = abs(self.way[0]) * (self.share(time) + 0.5) if motion in ("left", "right") else 0.0
        pace = {"still": 0.15, "sway": 0.3, "up": 0.5, "down": 0.5}.get(motion, 1.0)
        if motion in ("bounce", "circle", "approach"):
            forward = 0.16 * TEMPO[self.spec.speed] * time
        return Clock(time * (0.7 + 0.3 * TEMPO[self.spec.speed]), forward / self.scale, pace, self.phase)

    @property
    def largest(self) -> float:
        """Its greatest enlargement in the clip."""
        return max(self.place(t)[3] for t in (0.0, self.seconds))


def course(
    spec: SubjectSpec, actor: Actor, scene: SceneSpec, frame: Frame, rest: tuple[float, float], rng: np.random.Generator, *, followed: bool
) -> Course:
    """The course of a subject whose place at rest is `rest` (x, and y of its foot, or of its middle in the air)."""
    scale = HEIGHTS[spec.size] * CROWD[len(scene.subjects)] / actor.unit
    x, y = rest
    left, top, right, bottom = actor.box
    if habitat(spec.kind) != "air":
        y -= (actor.foot - actor.middle[1]) * scale
    seconds = scene.frames / scene.fps
    way = (0.0, 0.0)
    if spec.motion in ("left", "right"):
        long = TRAVEL[spec.speed] * seconds
        long = min(long, 3.0 if followed else WIDEST[spec.motion] * 2 * frame.half_width)
        way = (long if spec.motion == "right" else -long, 0.0)
    elif spec.motion in ("up", "down"):
        long = min(0.6 * TRAVEL[spec.speed] * seconds, 2.0 if followed else WIDEST[spec.motion] * 2 * frame.half_height)
        way = (0.0, long if spec.motion == "down" else -long)
        # A thing on the ground goes up from it and comes down to it; in the air it passes its place of rest halfway.
        y -= 0.0 if habitat(spec.kind) == "air" else long / 2
    if spec.motion in ("left", "right") and not followed:
        room = max(frame.half_width - abs(way[0]) / 2 - 0.3 * (right - left) * scale, 0.02)
        x = float(np.clip(x, -room, room))
    half_width, half_height = (right - left) * scale / 2, (bottom - top) * scale / 2
    aside = max(frame.half_width - half_width, 0) + 0.12
    x = float(np.clip(x, -aside, aside))
    low = max(frame.half_height - half_height - (0.17 if spec.motion in ("circle", "bounce") else 0.03) - abs(way[1]) / 2, 0.0)
    y = max(y, -low)
    if spec.start is not None:
        sx, sy = (spec.start[0] - 0.5) * 2 * frame.half_width, (spec.start[1] - 0.5) * 2 * frame.half_height
        x, y = sx + way[0] / 2, sy + way[1] / 2
    return Course(spec, actor, scale, (x, y), way, seconds, float(rng.uniform(0, 2 * np.pi)))


@dataclass(frozen=True)
class Camera:
    """The camera of a scene: a view matrix for every depth at every time."""

    scene: SceneSpec
    frame: Frame
    pixels: float
    """Pixels per world unit."""
    followed: Course | None = None

    def state(self, time: float) -> tuple[float, float, float]:
        """Where it looks (x, y in world units on the stage) and its enlargement there."""
        seconds = self.scene.frames / self.scene.fps
        s = time / seconds - 0.5
        pan, tilt, zoom = min(PAN * seconds, 0.8), min(TILT * seconds, 0.3), min(ZOOM * seconds, 0.6)
        match self.scene.camera:
            case "pan left":
                return -s * pan, 0.0, 1.0
            case "pan right":
                return s * pan, 0.0, 1.0
            case "tilt up":
                return 0.0, -s * tilt, 1.0
            case "tilt down":
                return 0.0, s * tilt, 1.0
            case "zoom in":
                return 0.0, 0.0, float(2 ** (zoom * (s + 0.5)))
            case "zoom out":
                return 0.0, 0.0, float(2 ** (zoom * (0.5 - s)))
            case "follow" if self.followed is not None:
                share = self.followed.share(time)
                return share * self.followed.way[0], 0.85 * share * self.followed.way[1], 1.0
        return 0.0, 0.0, 1.0

    def view(self, time: float, parallax: float) -> Matrix:
        """3x3 from the world to frame pixels (continuous, pixel centres at +0.5) for what takes `parallax` of the camera's motion."""
        x, y, zoom = self.state(time)
        big = zoom ** (0.3 + 0.7 * parallax)
        centre = shift(self.frame.half_width * self.pixels, self.frame.half_height * self.pixels)
        return centre @ stretch(self.pixels, self.pixels) @ about(0.0, AIM, stretch(big, big)) @ shift(-parallax * x, -parallax * y)

    def seen(self, parallax: float) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in world units of all that is ever in view at that depth."""
        corners = np.array([[0, 0, 1], [2 * self.frame.half_width * self.pixels, 2 * self.frame.half_height * self.pixels, 1.0]]).T
        seconds = self.scene.frames / self.scene.fps
        ends = [np.linalg.inv(self.view(t, parallax)) @ corners for t in (0.0, seconds / 2, seconds)]
        points = np.concatenate(ends, axis=1)
        return float(points[0].min()), float(points[1].min()), float(points[0].max()), float(points[1].max())

    def largest(self, parallax: float) -> float:
        """Greatest enlargement of what lies at that depth, in pixels per world unit."""
        seconds = self.scene.frames / self.scene.fps
        return max(float(self.view(t, parallax)[0, 0]) for t in (0.0, seconds))

    @property
    def still(self) -> bool:
        """True when it never moves."""
        return self.scene.camera == "still" or (
            self.scene.camera == "follow" and (self.followed is None or self.followed.way == (0.0, 0.0))
        )
