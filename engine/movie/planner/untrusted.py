"""From what a language model wrote to a plan. All of it is untrusted data: limited, cut to what a plan may hold, put right where that is simple; else the built-in plan with a note.

A reply decides words, camera, sounds and how time is shared. It never decides where pictures come from, ids, seeds, locks or files.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from engine.movie.plan import MOODS, MOST_SCENES, MOST_SOUNDS, TEMPOS, TRANSITIONS, Effect, Hero, Mood, Music, Plan, Scene, Tempo, Transition
from engine.movie.planner.built_in import BLEND_SHARE, BLENDS, plan_built_in, to_the_frame
from engine.movie.planner.clock import lengths
from engine.movie.planner.extracting import find_document
from engine.movie.planner.telling import spoken
from engine.settings import Settings
from engine.tasks.movie.request import MoviePlanRequest
from engine.tasks.text_to_video.models import draws_anything
from engine.world.reading import spec_from_text
from engine.world.spec import CAMERAS

NAMES = {
    "prompt": ("prompt", "visual", "visuals", "image_prompt", "video_prompt", "description", "action", "text"), "heading": ("heading", "title", "name", "slug"), "line": ("line", "narration", "voiceover", "voice_over", "dialogue"),
    "seconds": ("seconds", "duration", "length", "time"), "ambience": ("ambience", "ambient", "background_sound"), "effects": ("effects", "sound_effects", "sfx", "sounds"), "music": ("music", "soundtrack"),
    "camera": ("camera", "camera_move", "shot"), "transition": ("transition", "transition_in"),
}  # fmt: skip
"""Field of a scene -> the names by which models call it, best first."""

MOOD_NEAR: dict[str, Mood] = {
    "sad": "tender", "melancholic": "nostalgic", "melancholy": "nostalgic", "romantic": "tender", "gentle": "tender", "warm": "tender", "epic": "energetic", "dramatic": "energetic", "tense": "energetic", "exciting": "energetic", "dark": "energetic",
    "joyful": "happy", "cheerful": "happy", "playful": "happy", "hopeful": "happy", "triumphant": "happy", "uplifting": "happy", "peaceful": "calm", "serene": "calm", "mysterious": "calm", "wistful": "nostalgic",
}  # fmt: skip
TEMPO_NEAR: dict[str, Tempo] = {"adagio": "slow", "andante": "medium", "moderate": "medium", "allegro": "fast", "presto": "fast", "quick": "fast", "upbeat": "fast", "slowly": "slow"}
TRANSITION_NEAR: dict[str, Transition] = {
    "dissolve": "cross-fade", "crossfade": "cross-fade", "cross dissolve": "cross-fade", "fade": "fade through black", "fade to black": "fade through black", "fade in": "fade through black", "fade out": "fade through black",
    "match cut": "match on colour", "match": "match on colour", "hard cut": "cut", "jump cut": "cut", "smash cut": "cut", "swipe": "wipe", "slide": "wipe",
}  # fmt: skip

ADDRESS = re.compile(r"\b(?:[a-z][a-z0-9+.-]{1,12}:|www\.)\S{0,200}[/\\.]\S*|(?<!\w)(?:~|\.{1,2}|[A-Za-z]:)?[/\\]\S*", re.IGNORECASE)
"""Web addresses and paths: they have no place in words that are read aloud or drawn."""

LEAST_WORDS = 3
"""A prompt of fewer words tells nothing."""


def plan_from_reply(text: str, request: MoviePlanRequest, seed: int, settings: Settings | None = None) -> tuple[Plan, tuple[str, ...]]:
    """The plan that a reply holds, and what had to be done to it. For any text the plan is valid, has the request's length to the frame and pictures from prompts only.

    Raises `InvalidInput` for what the request itself cannot have (see `plan_built_in`), never for a reply.
    """
    own = plan_built_in(request, seed, settings)
    document = find_document(text) if isinstance(text, str) else None
    drafts = _drafts(document)
    if document is None or not drafts:
        return _with_notes(own, ["The language model's answer held no plan that can be read: this one is of the built-in planner."])
    notes: list[str] = []
    try:
        plan = _plan(document, drafts, request, own, seed, notes)
    except (ValidationError, ValueError, TypeError, OverflowError, RecursionError):
        return _with_notes(own, ["The language model's plan could not be put right: this one is of the built-in planner."])
    return _with_notes(plan, notes)


def _with_notes(plan: Plan, notes: Sequence[str]) -> tuple[Plan, tuple[str, ...]]:
    told = tuple(dict.fromkeys((*notes, *plan.notes)))[:20]
    return plan.model_copy(update={"notes": told}), told


def _drafts(document: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The scenes of a reply that have a prompt."""
    scenes = (document or {}).get("scenes")
    if isinstance(scenes, dict):
        scenes = list(scenes.values())
    if not isinstance(scenes, list):
        return []
    return [scene for scene in scenes[: 4 * MOST_SCENES] if isinstance(scene, dict) and len(_words(_of(scene, "prompt"), 1000).split()) >= LEAST_WORDS]


def _plan(document: dict[str, Any], drafts: list[dict[str, Any]], request: MoviePlanRequest, own: Plan, seed: int, notes: list[str]) -> Plan:
    if len(drafts) != request.scenes:
        notes.append(f"The language model wrote {len(drafts)} of {request.scenes} scenes{': the first are taken' if len(drafts) > request.scenes else ''}.")
    drafts = drafts[: request.scenes]
    hero = _hero(document, request, own, notes)
    if len(drafts) < request.scenes:
        # The built-in planner's last scenes complete the story.
        missing = request.scenes - len(drafts)
        drafts += [{"prompt": str(scene.prompt).replace(str(own.hero.phrase), str(hero.phrase)), "heading": scene.heading, "line": str(scene.line).replace(str(own.hero.name), str(hero.name)), "camera": scene.camera} for scene in own.scenes[-missing:]]
    weights = [min(60.0, max(1.0, _number(_of(draft, "seconds"), 5.0))) for draft in drafts]
    title_seconds, times = lengths(weights, request.seconds)
    mood = _nearest(document.get("mood"), MOODS, MOOD_NEAR, own.mood) if request.mood == "auto" else request.mood
    given = 0
    scenes = []
    for index, (draft, seconds) in enumerate(zip(drafts, times, strict=True)):
        like = own.scenes[index]
        prompt, added = _with_phrase(_words(_of(draft, "prompt"), 1000), hero.phrase)
        given += added
        scenes.append(_scene(draft, index, seconds, prompt, mood, like))
    if given:
        notes.append(f"The hero's phrase was put into {given} of {len(scenes)} prompts.")
    plan = Plan(
        title=_words(document.get("title"), 80) or own.title, logline=_words(document.get("logline"), 300), style=request.style, mood=mood, shape=request.shape, hero=hero, palette=_palette(document.get("palette"), own), title_seconds=title_seconds,
        scenes=tuple(scenes), seed=seed, notes=own.notes if hero == own.hero else (),
    )  # fmt: skip
    return to_the_frame(plan, request.seconds)


def _scene(draft: dict[str, Any], index: int, seconds: float, prompt: str, mood: Mood, like: Scene) -> Scene:
    line = _words(_of(draft, "line"), 400)
    kind = _nearest(_of(draft, "transition"), TRANSITIONS, TRANSITION_NEAR, like.transition)
    ambience = tuple(words for item in _list(_of(draft, "ambience")) if (words := _words(item, 80)))[:MOST_SOUNDS]
    return Scene(
        id=f"s{index + 1}", heading=_words(_of(draft, "heading"), 80), prompt=prompt, camera=_camera(_of(draft, "camera"), str(like.camera)), seconds=seconds, ambience=ambience or like.ambience,  # type: ignore[arg-type]
        effects=_effects(_of(draft, "effects"), seconds), music=_music(_of(draft, "music"), mood, like.music), transition=kind, blend=round(max(0.1, min(BLENDS[kind], seconds * BLEND_SHARE)), 1), line=spoken(line, seconds),
    )  # fmt: skip


def _hero(document: dict[str, Any], request: MoviePlanRequest, own: Plan, notes: list[str]) -> Hero:
    """The reply's hero where it names one whom the video model draws; else the built-in planner's."""
    given = document.get("hero")
    if isinstance(given, str):
        given = {"phrase": given}
    if not isinstance(given, dict):
        return own.hero
    phrase = _words(given.get("phrase") or given.get("description"), 120).rstrip(" .,;:")
    name = _words(given.get("name"), 80)
    if not phrase:
        return own.hero
    if not draws_anything(request.video_model):
        reading = spec_from_text(phrase)
        if not reading.spec.subjects or reading.unknown:
            notes.append(f"The video model cannot draw {phrase[:80]}: {own.hero.phrase} stands in.")
            return own.hero.model_copy(update={"name": name or own.hero.name})
    return Hero(name=name or own.hero.name, phrase=phrase)


def _with_phrase(prompt: str, phrase: str) -> tuple[str, bool]:
    """The prompt with the hero's phrase word for word in it, and whether it had to be put there: for the bare noun where it stands alone, else before all."""
    if phrase in prompt:
        return prompt, False
    exact = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", lambda _: phrase, prompt, count=1, flags=re.IGNORECASE)
    if phrase in exact:
        return exact, False
    noun = phrase.split()[-1]
    put = re.sub(rf"(?<!\w)(?:the|a|an)\s+(?:\w+\s+){{0,2}}?{re.escape(noun)}(?!\w)", lambda _: phrase, prompt, count=1, flags=re.IGNORECASE)
    return (put if phrase in put else f"Here is {phrase}: {prompt}")[:1000], True


def _camera(value: Any, otherwise: str) -> str:
    """The nearest camera move: by name, or as the world reads "the camera ..."."""
    words = _words(value, 80).casefold().replace("_", " ").replace("-", " ")
    if not words:
        return otherwise
    if words in CAMERAS:
        return words
    if words in ("static", "fixed", "locked", "still shot", "none"):
        return "still"
    read = spec_from_text(f"a red ball. the camera {words}").spec.camera
    near = difflib.get_close_matches(words, CAMERAS, n=1, cutoff=0.6)
    return read if read != "still" else near[0] if near else otherwise


def _music(value: Any, mood: Mood, otherwise: Music | None) -> Music:
    if isinstance(value, dict):
        words = _words(value.get("words") or value.get("description") or value.get("style"), 120)
        return Music(mood=_nearest(value.get("mood"), MOODS, MOOD_NEAR, mood), tempo=_nearest(value.get("tempo"), TEMPOS, TEMPO_NEAR, "medium"), words=words)
    words = _words(value, 120)
    return Music(mood=_in_words(words, mood), words=words) if words else otherwise or Music(mood=mood)


def _in_words(words: str, otherwise: Mood) -> Mood:
    return next((MOOD_NEAR.get(word) or word for word in re.findall(r"[a-z]+", words.casefold()) if word in MOODS or word in MOOD_NEAR), otherwise)  # type: ignore[return-value]


def _effects(value: Any, seconds: float) -> tuple[Effect, ...]:
    out = []
    for number, item in enumerate(_list(value)[:MOST_SOUNDS]):
        what, at = item, seconds * (number + 1) / (MOST_SOUNDS + 1)
        if isinstance(item, dict):
            what = next((item[name] for name in ("what", "sound", "name", "description") if name in item), "")
            at = _number(next((item[name] for name in ("at", "time", "start") if name in item), at), at)
        words = _words(what, 80)
        if words:
            out.append(Effect(what=words, at=round(min(max(0.0, at), max(0.0, seconds - 0.1)), 1)))
    return tuple(out)


def _palette(value: Any, own: Plan) -> tuple[str, ...]:
    colours = [item.lower() for item in _list(value)[:12] if isinstance(item, str) and re.fullmatch(r"#[0-9a-fA-F]{6}", item)]
    return tuple(colours[:6]) if len(colours) >= 3 else own.palette


def _of(scene: dict[str, Any], name: str) -> Any:
    """A field of a scene by any of its names."""
    return next((scene[key] for key in NAMES[name] if key in scene and scene[key] is not None), None)


def _words(value: Any, most: int) -> str:
    """A line of text: no signs that nobody sees, no addresses, at most so many characters; "" for what is no text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)[: 4 * most]
    text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(ADDRESS.sub(" ", text).split())[:most].strip()


def _number(value: Any, otherwise: float) -> float:
    """A finite number, also from a text like "4.5 s"."""
    if isinstance(value, str):
        match = re.search(r"-?\d{1,6}(?:\.\d{1,6})?", value[:40])
        value = float(match.group()) if match else otherwise
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return float(value) if abs(value) < 1e9 and math.isfinite(value) else otherwise


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        return value[:1000].split(",")
    return value[:50] if isinstance(value, list) else []


def _nearest(value: Any, allowed: Sequence[Any], near: dict[str, Any], otherwise: Any) -> Any:
    """The value of an enumeration that a text means: itself, by a table, by spelling; else another."""
    words = _words(value, 80).casefold().replace("_", " ")
    if not words:
        return otherwise
    if words in allowed:
        return words
    if words in near:
        return near[words]
    inside = next((one for one in re.findall(r"[a-z]+", words) if one in allowed or one in near), None)
    if inside is not None:
        return inside if inside in allowed else near[inside]
    close = difflib.get_close_matches(words, list(allowed), n=1, cutoff=0.6)
    return close[0] if close else otherwise

