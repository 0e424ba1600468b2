"""How each scene is staged: who is in it, how they move, how the camera moves. Varied: no two scenes in a row have the same camera move or, where it can be, the same motion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from engine.movie.planner.cast import Role, passer_by
from engine.movie.planner.journey import Stage
from engine.world.spec import HABITS, TRAVELS, habitat

CAMERAS: dict[str, tuple[str, ...]] = {
    "opening": ("zoom out", "pan right", "tilt down"), "introduce": ("zoom in", "pan left", "still"), "once": ("zoom in", "pan right"), "only": ("zoom out", "tilt up"), "want": ("tilt up", "zoom in", "still"),
    "set out": ("follow", "pan right", "zoom out"), "wonder": ("pan right", "tilt up", "pan left"), "rest": ("still", "zoom out", "tilt down"), "ask": ("pan left", "still", "zoom in"), "pass": ("pan left", "still", "pan right"),
    "play": ("still", "zoom in", "pan right"), "try": ("pan left", "zoom out", "follow"), "song": ("zoom in", "tilt up", "still"), "weather": ("tilt down", "pan right", "zoom out"), "trouble": ("zoom out", "pan left", "still"),
    "friend": ("pan right", "zoom in", "still"), "friends": ("follow", "pan right", "zoom out"), "big trouble": ("pan left", "zoom in", "tilt down"), "low point": ("zoom out", "still", "tilt down"), "turn": ("tilt up", "zoom in", "pan right"),
    "climax": ("tilt up", "zoom in", "zoom out"), "closing": ("zoom out", "pan left", "tilt up"),
}  # fmt: skip
"""Beat -> camera moves that suit it, the likeliest first."""

MOTIONS: dict[str, tuple[str, ...]] = {
    "opening": ("still", "sway", "right"), "introduce": ("bounce", "approach", "sway"), "once": ("approach", "sway", "bounce"), "only": ("right", "up", "approach"), "want": ("sway", "still", "bounce"), "set out": ("right",),
    "wonder": ("circle", "right", "sway"), "rest": ("still", "sway"), "ask": ("left", "sway", "still"), "pass": ("right", "approach", "left"), "play": ("bounce", "circle", "sway"), "try": ("left", "right"), "song": ("sway", "bounce"),
    "weather": ("right", "sway", "approach"), "trouble": ("left", "sway", "still"), "friend": ("approach", "bounce", "sway"), "friends": ("right", "bounce", "circle"), "big trouble": ("sway", "down", "left"), "low point": ("still",),
    "turn": ("approach", "up", "right"), "another": ("approach", "right", "sway", "circle", "left", "bounce", "still"), "climax": ("up", "approach", "circle", "bounce"), "closing": ("sway", "left", "circle"),
}  # fmt: skip
"""Beat -> motions that suit it; another: the second shot of a scene that was split."""

SPEEDS = {"set out": "", "big trouble": "quickly", "low point": "slowly", "closing": "slowly", "play": "quickly", "rest": "slowly", "friends": "", "song": "gently", "turn": "quickly"}
STIFF = frozenset({"train", "bus", "car", "bicycle", "plane", "helicopter", "house", "windmill", "tree", "umbrella"})
UNFIT = frozenset({"bounce", "circle"})
"""Things that do not hop, and what they do not do."""

ALONE = ("low point", "want", "opening", "trouble", "ask")
"""Beats in which a friend who came along later is not seen."""


@dataclass(frozen=True)
class Shot:
    """What a scene shows. others: who else is in it, in the order in which they are said."""

    beat: str
    stage: Stage
    motion: str
    speed: str
    camera: str
    others: tuple[Role, ...] = ()
    passing: Role | None = None


def shots(beats: list[str], where: list[Stage], hero: Role, friend: Role | None, from_start: bool, goal: Role | None, rng: Random) -> list[Shot]:
    """The stagings of a film, one a beat. The friend is there once met (or from the start), what is wished for at the end, and somebody goes by where the beat says so."""
    out: list[Shot] = []
    met = from_start
    for beat, stage in zip(beats, where, strict=True):
        met = met or beat == "friend" or (beat in ("climax", "only") and friend is not None and goal is None)
        motion = _motion(beat, hero.kind, out, rng)
        others: list[Role] = []
        if friend is not None and met and (beat not in ALONE or (from_start and beat != "low point")):
            others.append(friend)
        if goal is not None and beat in ("climax", "closing", "only"):
            others.append(goal)
        passing = passer_by(stage.place, hero, friend or hero, rng) if beat in ("pass", "wonder") and len(others) < 2 else None
        if passing is not None:
            others.append(passing)
        speed = SPEEDS.get(beat, "") if motion != "still" else ""
        out.append(Shot(beat, stage, motion, speed, camera_for(beat, motion, [shot.camera for shot in out], rng), tuple(others[: 3 - min(hero.count, 2)]), passing if beat == "pass" else None))
    return out


def _motion(beat: str, kind: str, before: Sequence[Shot], rng: Random) -> str:
    able = _able(kind)
    if kind == "whale" and beat == "climax":
        able.add("up")
    last = before[-1].motion if before else ""
    suiting = [motion for motion in MOTIONS[beat] if motion in able]
    return rng.choice([motion for motion in suiting if motion != last] or suiting or ["still"])


def motions_for(beat: str, kind: str, last: str) -> list[str]:
    """The motions that suit a beat and that a kind of thing can do, without the one before."""
    able = _able(kind)
    return [motion for motion in MOTIONS[beat] if motion in able and motion != last]


def _able(kind: str) -> set[str]:
    return {str(motion) for motion in (*HABITS[habitat(kind)], "left", "right")} - (UNFIT if kind in STIFF else set())


def camera_for(beat: str, motion: str, before: Sequence[str], rng: Random) -> str:
    """A camera move that suits the beat and is not the one before; it follows only what travels."""
    able = [camera for camera in CAMERAS.get(beat, CAMERAS["weather"]) if (camera != "follow" or motion in TRAVELS) and camera not in before[-1:]]
    rare = [camera for camera in able if camera not in before[-2:]]
    return (rare or able)[0] if rng.random() < 0.5 else rng.choice(rare or able)
