"""The built-in planner: one sentence in any of eleven languages becomes the plan of a whole film, by word tables, grammar and a sentence encoder, without a language model.

MovieFactory (Zhu et al., 2023, section 3.1) lets a large language model write the script; here a ten-beat arc is filled from what the sentence says. The same request and
seed give the same plan.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

from engine.errors import InvalidInput
from engine.movie.plan import Hero, Plan, Scene, Transition
from engine.movie.planner.arc import arc
from engine.movie.planner.cast import friend_of, goal_role, hero_of
from engine.movie.planner.clock import WEIGHTS, check_fits, lengths
from engine.movie.planner.colours import palette
from engine.movie.planner.idea import Idea, read_idea
from engine.movie.planner.journey import stages
from engine.movie.planner.pictures import prompt_of
from engine.movie.planner.sounding import ambience, effects, mood_of, music
from engine.movie.planner.staging import Shot, shots
from engine.movie.planner.telling import Teller
from engine.movie.planner.wishes import OPEN_WISHES
from engine.movie.timing import timeline
from engine.settings import Settings
from engine.tasks.movie.request import MoviePlanRequest
from engine.tasks.text_to_video.models import draws_anything

MOST_READ = 600
"""Characters of an idea that are read: a story is told in its first sentences."""

BLENDS: dict[str, float] = {"cross-fade": 0.7, "fade through black": 1.0, "wipe": 0.6, "match on colour": 0.8, "cut": 0.6}
BLEND_SHARE = 0.3
"""Seconds of each transition, and the share of a scene that it takes at most."""

RARE_WIPE = 0.12

ON_FOOT = "dog"
"""Whose places are those of somebody who is drawn as written."""


def plan_built_in(request: MoviePlanRequest, seed: int, settings: Settings | None = None) -> Plan:
    """The plan of a film from one sentence. Without settings, or where the encoder is not there, stand-ins come from a table.

    Raises `InvalidInput` for an empty idea and for a number of scenes that the time has no room for.
    """
    if not request.idea.strip():
        raise InvalidInput("an idea is needed", fix="write one sentence, such as: a little red boat looks for the moon", field="idea")
    check_fits(request.scenes, request.seconds)
    rng = Random(f"film {seed}")
    idea = read_idea(request.idea[:MOST_READ])
    if not idea.wish:
        idea = replace(idea, wish=rng.choice(OPEN_WISHES[:2] if idea.friends else OPEN_WISHES))
    free = draws_anything(request.video_model)
    hero, notes = hero_of(idea, free, settings)
    # Somebody whom the world does not draw, for a model that draws anything: heard, moved and placed as a person, not as a stand-in.
    being = free and idea.hero is not None and not idea.hero.kind
    beats = arc(request.scenes, rng)
    heard = "" if being else hero.kind
    where = stages(beats, ON_FOOT if being else hero.kind, idea, rng)
    friend, from_start = friend_of(idea, hero, [stage.place for stage in where], rng, settings)
    if friend.played and not free:
        notes.append(f"The video model cannot draw {friend.called}: {friend.phrase} stands in.")
    goal = goal_role(idea, hero, friend)
    staged = shots(beats, where, hero, friend, from_start, goal, rng)
    met = any(friend in shot.others for shot in staged)
    mood = mood_of(idea) if request.mood == "auto" else request.mood
    title_seconds, times = lengths([WEIGHTS.get(beat, 1.0) for beat in beats], request.seconds)
    teller = Teller(idea, hero, friend if met else None, from_start, Random(f"words {seed}"))
    scenes = []
    for index, (shot, seconds) in enumerate(zip(staged, times, strict=True)):
        kind, blend = transition(staged[index - 1] if index else None, shot, seconds, title_seconds > 0, rng)
        scenes.append(
            Scene(
                id=f"s{index + 1}", heading=teller.heading(shot), prompt=prompt_of(shot, hero, rng, free=free, being=being, goal=idea.goal.replace("{its}", hero.its)), camera=shot.camera, seconds=seconds, ambience=ambience(shot, heard),  # type: ignore[arg-type]
                effects=effects(shot, heard, seconds, rng), music=music(shot.beat, mood), transition=kind, blend=blend, line=teller.line(shot, seconds),
            )
        )  # fmt: skip
    notes += _notes(idea, request)
    plan = Plan(
        title=teller.title(), logline=teller.logline(where), style=request.style, mood=mood, shape=request.shape, hero=Hero(name=hero.called, phrase=hero.phrase), palette=palette(hero.colour, where),
        title_seconds=title_seconds, scenes=tuple(scenes), seed=seed, notes=tuple(note[:300] for note in notes),
    )  # fmt: skip
    return to_the_frame(plan, request.seconds)


def transition(before: Shot | None, shot: Shot, seconds: float, has_title: bool, rng: Random) -> tuple[Transition, float]:
    """How a scene follows: a jump in time through black, one place by a cross-fade, action by a cut; a wipe or a dissolve on colour now and then."""
    kind: Transition
    if before is None:
        kind = "cross-fade" if has_title else "cut"
    elif "big trouble" in (shot.beat, before.beat) and before.stage.time == shot.stage.time:
        kind = "cut"
    elif before.stage.time != shot.stage.time and (before.stage.place != shot.stage.place or shot.beat in ("climax", "closing")):
        kind = "fade through black"
    elif before.stage.place == shot.stage.place:
        kind = "cross-fade"
    elif shot.beat in ("pass", "try", "play") and rng.random() < RARE_WIPE * 4:
        kind = "wipe"
    else:
        kind = "match on colour" if before.stage.time == shot.stage.time and rng.random() < 0.3 else "cut" if shot.beat in ("set out", "play", "friends") else "cross-fade"
    return kind, round(max(0.1, min(BLENDS[kind], seconds * BLEND_SHARE)), 1)


def to_the_frame(plan: Plan, seconds: float) -> Plan:
    """The same plan, its last scene changed by less than a frame where sums of tenths would round to another frame than `seconds` does."""
    wanted = round(seconds * plan.fps)
    for nudge in (0.0, 1e-6, -1e-6, 1e-3, -1e-3):
        last = plan.scenes[-1]
        trial = plan.model_copy(update={"scenes": (*plan.scenes[:-1], last.model_copy(update={"seconds": last.seconds + nudge}))}) if nudge else plan
        if timeline(trial).frames == wanted:
            return trial
    return plan


def _notes(idea: Idea, request: MoviePlanRequest) -> list[str]:
    notes = []
    if idea.strange and idea.hero is not None:
        notes.append(f"Not in the word tables, and left out of the story: {', '.join(idea.strange)}.")
    if len(request.idea) > MOST_READ:
        notes.append(f"Only the first {MOST_READ} characters of the idea were read.")
    return notes
