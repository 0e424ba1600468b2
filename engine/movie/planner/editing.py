"""Changes of a plan that follow from one decision: another hero, a new plan around locked cards, a card split or put in between."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from pydantic import ValidationError

from engine.errors import InvalidInput
from engine.movie.plan import LONGEST_FILM, LONGEST_SCENE, MOST_SCENES, SHORTEST_SCENE, Hero, Plan, Scene
from engine.movie.planner.built_in import to_the_frame
from engine.movie.planner.cast import Role
from engine.movie.planner.clock import shared
from engine.movie.planner.idea import Idea
from engine.movie.planner.journey import Stage
from engine.movie.planner.pictures import moving_otherwise, prompt_of
from engine.movie.planner.sounding import ambience, effects
from engine.movie.planner.staging import Shot, camera_for, motions_for
from engine.movie.planner.telling import SENTENCE, Teller, spoken
from engine.tasks.movie.scenes import seed_of
from engine.world.reading import spec_from_text
from engine.world.spec import TIMES

BETWEEN = ("wonder", "weather", "rest", "ask", "play", "song", "try")
"""Beats of a card that is put in between: they fit anywhere."""

TRIES = 12
"""Lines that are tried for a new card until one is not told yet."""


def with_hero(plan: Plan, hero: Hero) -> Plan:
    """The same film about somebody else: the old phrase is replaced word for word in all prompts, and the old name in title, logline, headings and lines."""
    pairs = [(plan.hero.phrase, hero.phrase)]
    if plan.hero.name and hero.name:
        pairs += [(plan.hero.name, hero.name), (_once(plan.hero.name), _once(hero.name))]
    scenes = tuple(
        _changed(scene, prompt=_replaced(scene.prompt, pairs[:1], 1000), heading=_replaced(scene.heading, pairs[1:], 80), line=_replaced(scene.line, [*pairs[1:], pairs[0]], 400)) for scene in plan.scenes
    )
    return _changed(plan, hero=hero, scenes=scenes, title=_replaced(plan.title, pairs[1:], 80) or plan.title, logline=_replaced(plan.logline, [*pairs[1:], pairs[0]], 300))


def replan(plan: Plan, new: Plan) -> Plan:
    """A new plan, of any planner, that keeps the locked cards of the present one as they are, at about their place in the film; the new cards share the time that is left.

    The present film's seed and, where it is of the same kind, its hero stay while a card is locked, so that what was made stays, too. Raises `InvalidInput` when the locked cards leave no room.
    """
    locked = [(index, scene) for index, scene in enumerate(plan.scenes) if scene.locked]
    count, seconds = len(new.scenes), new.seconds
    if not locked:
        return new
    if len(locked) > count:
        raise InvalidInput(f"{len(locked)} cards are locked, and {count} scenes are asked for", fix=f"unlock some, or ask for at least {len(locked)} scenes", field="scenes")
    places = _positions([index for index, _ in locked], len(plan.scenes), count)
    kept = dict(zip(places, (scene for _, scene in locked), strict=True))
    free = [index for index in range(count) if index not in kept]
    left = seconds - new.title_seconds - sum(scene.seconds for scene in kept.values())
    if left < len(free) * SHORTEST_SCENE - 1e-9 or left > len(free) * LONGEST_SCENE + 1e-9 or (not free and abs(left) > 1e-6):
        raise InvalidInput(
            f"the locked cards and {len(free)} new ones do not make {seconds:g} s", why=f"{left:.1f} s are left for the new ones", fix="unlock cards, or change the number of scenes or the length", field="seconds"
        )
    if _kind(new.hero.phrase) == _kind(plan.hero.phrase):
        new = with_hero(new, plan.hero)
    times = dict(zip(free, shared([new.scenes[index].seconds for index in free], left), strict=True)) if free else {}
    taken = {scene.id for scene in kept.values()}
    names = iter(name for name in (f"s{number}" for number in range(1, 10 * MOST_SCENES)) if name not in taken)
    scenes = []
    for index, scene in enumerate(new.scenes):
        if index in kept:
            scenes.append(kept[index])
        else:
            scenes.append(_changed(scene, id=next(names), seconds=times[index], line=spoken(scene.line, times[index]), effects=_within(scene, times[index])))
    notes = (*new.notes, f"{len(kept)} locked {'card stays as it was' if len(kept) == 1 else 'cards stay as they were'}.")
    return to_the_frame(_changed(new, scenes=tuple(scenes), seed=plan.seed, notes=notes[:20]), seconds)


def split_scene(plan: Plan, scene_id: str, at: float | None = None) -> Plan:
    """Two cards of one, `at` seconds from its begin (half way unless said). The film stays as long; sentences and sounds go to the part in which they are.

    The second part is another shot of the same scene: the same place by its seed, with another camera move, and another motion of the hero where its pictures are made from the prompt.
    """
    index = _index(plan, scene_id)
    scene = plan.scenes[index]
    cut = round(scene.seconds / 2 if at is None else at, 1)
    if scene.seconds < 2 * SHORTEST_SCENE or not SHORTEST_SCENE <= cut <= scene.seconds - SHORTEST_SCENE:
        raise InvalidInput(f"a scene of {scene.seconds:g} s cannot be split at {cut:g} s", why=f"each part lasts at least {SHORTEST_SCENE:g} s", fix="make it longer first, or split it elsewhere", field="at")
    sentences = SENTENCE.findall(scene.line)
    share = round(len(sentences) * cut / scene.seconds) if len(sentences) > 1 else 1
    rng = Random(f"split {plan.seed} {scene.id}")
    hero, prompt = _role(plan.hero), str(scene.prompt)
    if scene.source.kind == "text" and hero.kind:
        able = motions_for("another", hero.kind, _motion(prompt))
        prompt = moving_otherwise(prompt, hero, rng.sample(able, len(able)), rng)
    camera = camera_for("weather", _motion(prompt), [scene.camera], rng)
    first = _changed(scene, seconds=cut, line="".join(sentences[:share]).strip(), effects=tuple(sound for sound in scene.effects if sound.at < cut))
    second = _changed(
        scene, id=_new_id(plan), prompt=prompt, seed=seed_of(plan, scene, scene.take), heading=f"{str(scene.heading)[:72]}, again" if scene.heading else "", seconds=round(scene.seconds - cut, 6), camera=camera, line="".join(sentences[share:]).strip(), transition="cut", locked=False, take=1,
        effects=tuple(_changed(sound, at=round(sound.at - cut, 3)) for sound in scene.effects if sound.at >= cut), source=_later(scene, cut),
    )  # fmt: skip
    return _with_scenes(plan, (*plan.scenes[:index], first, second, *plan.scenes[index + 1 :]))


def add_scene(plan: Plan, after: str | None = None, seconds: float | None = None, seed: int = 0) -> Plan:
    """A new card behind one (or at the begin): the hero on the way between what is before and behind it, in place, time and weather. The film grows by its length.

    seconds: the mean of its neighbours unless said.
    """
    index = _index(plan, after) + 1 if after else 0
    before, behind = plan.scenes[index - 1] if index else None, plan.scenes[index] if index < len(plan.scenes) else None
    near = [scene for scene in (before, behind) if scene is not None]
    length = round(sum(scene.seconds for scene in near) / len(near), 1) if seconds is None else seconds
    stages = _stages(plan)
    here = [stages[i] for i in (index - 1, index) if 0 <= i < len(stages)]
    rng = Random(f"add {plan.seed} {seed} {after}")
    beat = rng.choice(BETWEEN)
    hero = _role(plan.hero)
    stage = Stage(here[-1].place, _middle(here[0].time, here[-1].time), here[0].weather if here[0].weather == here[-1].weather else "cloudy")
    motion = rng.choice(["right", "sway", "approach"])
    shot = Shot(beat, stage, motion, "", camera_for(beat, motion, [str(scene.camera) for scene in near], rng))
    told = {scene.line for scene in plan.scenes}
    line = heading = ""
    for attempt in range(TRIES):
        teller = Teller(Idea("en", None), hero, None, False, Random(f"{seed} {attempt} {plan.seed}"), introduced=True)
        line, heading = teller.line(shot, length), teller.heading(shot)
        if line and line not in told:
            break
    scene = Scene(
        id=_new_id(plan), heading=heading, prompt=prompt_of(shot, hero, rng, free=not _kind(plan.hero.phrase)), camera=shot.camera, seconds=length, ambience=ambience(shot, hero.kind), effects=effects(shot, hero.kind, length, rng)[:2],  # type: ignore[arg-type]
        music=near[0].music, transition="cross-fade" if before else near[0].transition, blend=round(max(0.1, min(0.7, length * 0.3)), 1), line=line,
    )  # fmt: skip
    return _with_scenes(plan, (*plan.scenes[:index], scene, *plan.scenes[index:]))


def _with_scenes(plan: Plan, scenes: tuple[Scene, ...]) -> Plan:
    if len(scenes) > MOST_SCENES:
        raise InvalidInput(f"a film has at most {MOST_SCENES} scenes", fix="delete one first", field="scenes")
    return _changed(plan, scenes=scenes)


def _changed(part: Any, **fields: Any) -> Any:
    """The same plan or part of it with other fields, checked anew."""
    try:
        return type(part)(**{**{name: getattr(part, name) for name in type(part).model_fields}, **fields})
    except ValidationError as error:
        told = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise InvalidInput("the plan cannot be changed so", why=told, fix=f"a film lasts at most {LONGEST_FILM:g} s, a scene {SHORTEST_SCENE:g} to {LONGEST_SCENE:g} s") from error


def _replaced(text: str, pairs: list[tuple[str, str]], most: int) -> str:
    for old, new in pairs:
        if old:
            text = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda found, new=new: _as(found.group(), new), text, flags=re.IGNORECASE)  # type: ignore[misc]
    return text[:most]


def _as(model: str, text: str) -> str:
    """The text with the capitals of what it stands for: of a title, or of a sentence's begin."""
    if len(model.split()) > 1 and all(word[:1].isupper() for word in model.split()[1:]):
        first, *rest = text.split()
        return " ".join([first[:1].upper() + first[1:] if model[:1].isupper() else first, *[word[:1].upper() + word[1:] for word in rest]])
    return text[:1].upper() + text[1:] if model[:1].isupper() else text


def _once(name: str) -> str:
    """A name as it is first told: the little boat -> a little boat."""
    if not name.startswith("the "):
        return name
    return f"{'an' if name[4:5] in 'aeiou' else 'a'} {name[4:]}"


def _positions(old: list[int], before: int, count: int) -> list[int]:
    """Where cards of a film of `before` scenes stand in one of `count`: about as far into it, in their order, no two alike."""
    out: list[int] = []
    for number, index in enumerate(old):
        wish = round(index * (count - 1) / max(1, before - 1))
        out.append(min(max(wish, out[-1] + 1 if out else 0), count - (len(old) - number)))
    return out


def _kind(phrase: str) -> str:
    subjects = spec_from_text(phrase).spec.subjects
    return subjects[0].kind if subjects else ""


def _motion(prompt: str) -> str:
    subjects = spec_from_text(prompt).spec.subjects
    return subjects[0].motion if subjects else "still"


def _role(hero: Hero) -> Role:
    """The hero of any plan, as far as the world reads its phrase."""
    subjects = spec_from_text(hero.phrase).spec.subjects
    name = str(hero.name) or re.sub(r"^(an?|the)\s", "the ", str(hero.phrase))
    many = len(subjects) if len({one.kind for one in subjects}) == 1 else 1
    words = ("they", "them", "their") if many > 1 else ("it", "it", "its") if name.startswith("the ") else (name, name, f"{name}'s")
    return Role(subjects[0].kind if subjects else "", hero.phrase, name, name, *words, max(1, many), subjects[0].colour if subjects else "")


def _stages(plan: Plan) -> list[Stage]:
    """Where the scenes of any plan play, as the world reads their prompts."""
    specs = [spec_from_text(scene.prompt).spec for scene in plan.scenes]
    return [Stage(spec.place, spec.time, spec.weather) for spec in specs]


def _middle(first: str, last: str) -> str:
    start = TIMES.index(first)  # type: ignore[arg-type]
    return TIMES[(start + ((TIMES.index(last) - start) % 4) // 2) % 4]  # type: ignore[arg-type]


def _within(scene: Scene, seconds: float) -> tuple[Any, ...]:
    """The sounds at moments, moved so that they stay in a scene of another length."""
    return tuple(_changed(sound, at=round(sound.at * min(1.0, seconds / scene.seconds), 1)) for sound in scene.effects)


def _later(scene: Scene, cut: float) -> Any:
    """The source of a scene's second part: a clip goes on where the first part ends."""
    return _changed(scene.source, start=round(scene.source.start + cut, 3)) if scene.source.kind in ("library", "file") else scene.source


def _index(plan: Plan, scene_id: str) -> int:
    for index, scene in enumerate(plan.scenes):
        if scene.id == scene_id:
            return index
    raise InvalidInput(f"there is no card {scene_id[:20]!r}", fix=f"use one of: {', '.join(scene.id for scene in plan.scenes)}", field="scenes")


def _new_id(plan: Plan) -> str:
    taken = {scene.id for scene in plan.scenes}
    return next(name for name in (f"n{number}" for number in range(1, 10 * MOST_SCENES)) if name not in taken)
