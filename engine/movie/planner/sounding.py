"""What is heard: the place and weather all through a scene, sounds at their moments, and music whose mood and tempo follow the arc. All in words that a sound bank is searched by."""

from __future__ import annotations

from random import Random

from engine.movie.plan import Effect, Mood, Music, Tempo
from engine.movie.planner.idea import Idea
from engine.movie.planner.staging import Shot

PLACE_SOUNDS = {
    "sea": ("waves of the open sea", "a steady sea wind"), "beach": ("waves on the beach", "seagulls far away"), "hills": ("a gentle wind over grass", "birds singing"), "mountains": ("a cold mountain wind",),
    "forest": ("a quiet forest", "birds singing in the trees"), "desert": ("a dry wind over the sand",), "snow field": ("a soft winter wind",), "city": ("distant city traffic", "a murmur of people"), "river": ("a flowing river", "birds singing"),
}  # fmt: skip
NIGHT_SOUNDS = {"hills": "crickets at night", "forest": "crickets at night", "river": "crickets at night", "beach": "waves on the beach", "city": "distant city traffic"}
STORM_SOUNDS = {"rain": ("a storm with heavy rain", "howling wind"), "snow": ("a howling snow storm",), "fog": ("a strong howling wind",)}
RIDES = {"train": "a train ride", "car": "a car engine running", "bus": "a bus engine running", "plane": "a plane engine humming", "helicopter": "a helicopter engine", "rocket": "a spaceship humming"}

CALLS = {
    "bird": "a bird calls", "whale": "a whale sings", "duck": "a duck quacks", "dog": "a dog barks", "cat": "a cat meows", "horse": "a horse gallops", "train": "a train whistle", "car": "a car passes", "bicycle": "a bicycle bell",
    "boat": "a ship's horn", "rocket": "a rocket launch", "balloon": "a balloon burner", "bus": "a car passes", "plane": "a plane whooshes by", "helicopter": "a whoosh of air", "butterfly": "fluttering butterfly wings", "fish": "a small splash of water",
    "snowman": "steps in the snow", "house": "a door opens", "ball": "a ball bounces, boing", "windmill": "wood creaks", "kite": "a whoosh of wind", "umbrella": "a soft pop", "tree": "wood creaks", "flower": "a magic sparkle",
}  # fmt: skip
STEPS = "footsteps on gravel"
"""What each kind sounds like, and somebody who is none of them."""

BEAT_EFFECTS = {"want": ("a soft magic sparkle",), "once": ("a soft magic sparkle",), "low point": ("a drop of water", "a slow heartbeat"), "turn": ("a small bell",), "climax": ("a bright magic sparkle",), "closing": ("a church bell far away", "a small bell"), "wonder": ("a soft magic sparkle",)}
STORM_EFFECTS = {"rain": "thunder", "snow": "a gust of icy wind, whoosh", "fog": "a gust of wind, whoosh"}
SHORT = 1.2
"""Scenes shorter than so many seconds have no sounds at moments."""

ACTS: dict[str, tuple[int, Tempo, str]] = {
    "opening": (0, "slow", "a quiet beginning"), "introduce": (0, "slow", "a quiet beginning"), "want": (0, "slow", "a quiet beginning"), "once": (0, "medium", "a quiet beginning"), "only": (4, "medium", "warm and open"),
    "big trouble": (2, "fast", "stormy and tense"), "low point": (3, "slow", "lonely and soft"), "turn": (3, "slow", "lonely and soft"), "climax": (4, "medium", "warm and open"), "closing": (4, "medium", "warm and open"),
}  # fmt: skip
"""Beat -> act, tempo and words of its music; all others are on the way."""

ON_THE_WAY = (1, "medium", "light and moving")
MOODS: dict[Mood, tuple[Mood, ...]] = {
    "calm": ("calm", "calm", "energetic", "tender", "happy"), "happy": ("happy", "happy", "energetic", "tender", "happy"), "tender": ("tender", "calm", "energetic", "tender", "happy"),
    "nostalgic": ("nostalgic", "calm", "energetic", "nostalgic", "nostalgic"), "energetic": ("energetic", "energetic", "energetic", "calm", "energetic"),
}  # fmt: skip
"""The film's mood -> the moods of its five acts."""

MOOD_WORDS: dict[Mood, frozenset[str]] = {
    "tender": frozenset({"lonely", "shy", "sad", "lost", "gentle", "young"}), "nostalgic": frozenset({"old", "last", "tired"}), "happy": frozenset({"happy", "clever", "magic"}), "energetic": frozenset({"brave"}),
}  # fmt: skip
MOOD_DEEDS: dict[str, Mood] = {"win": "energetic", "catch": "energetic", "escape": "energetic", "play": "happy", "dance": "happy", "sleep": "calm", "friend": "tender", "return": "nostalgic", "help": "tender", "sing": "happy", "explore": "happy", "fly": "happy"}


def mood_of(idea: Idea) -> Mood:
    """The mood that an idea asks for."""
    for mood, words in MOOD_WORDS.items():
        if words & set(idea.moods):
            return mood
    return MOOD_DEEDS.get(idea.wish, "calm")


def ambience(shot: Shot, kind: str) -> tuple[str, ...]:
    """What is heard all through a scene: at most three sounds."""
    stage = shot.stage
    if shot.beat == "big trouble":
        sounds = [*STORM_SOUNDS.get(stage.weather, STORM_SOUNDS["rain"]), PLACE_SOUNDS[stage.place][0]]
    else:
        sounds = [PLACE_SOUNDS[stage.place][0]]
        if stage.time == "night":
            sounds.append(NIGHT_SOUNDS.get(stage.place, "a soft night wind"))
        elif stage.weather == "clear" and len(PLACE_SOUNDS[stage.place]) > 1:
            sounds.append(PLACE_SOUNDS[stage.place][1])
        if stage.weather == "rain":
            sounds.append("steady rain")
        elif stage.weather in ("cloudy", "fog") and stage.place != "mountains":
            sounds.append("a low wind")
    if kind in RIDES and shot.motion in ("left", "right"):
        sounds.insert(1, RIDES[kind])
    return tuple(dict.fromkeys(sounds))[:3]


def effects(shot: Shot, kind: str, seconds: float, rng: Random) -> tuple[Effect, ...]:
    """Sounds at moments of a scene, within it."""
    if seconds < SHORT:
        return ()
    found: list[tuple[str, float]] = []
    if shot.beat == "big trouble":
        strike = STORM_EFFECTS.get(shot.stage.weather, "thunder")
        found += [(strike, 0.15), (strike, 0.62)] if seconds > 3 else [(strike, 0.2)]
    if shot.beat in ("introduce", "set out", "only", "try", "friends"):
        found.append((CALLS.get(kind, STEPS), 0.2))
    if shot.beat in ("friend", "pass") and shot.others:
        found.append((CALLS.get(shot.others[-1].kind, STEPS), 0.25))
    if shot.beat in BEAT_EFFECTS:
        found.append((rng.choice(BEAT_EFFECTS[shot.beat]), 0.55))
    if shot.motion in ("bounce", "down") and shot.stage.place in ("sea", "river") and kind in ("boat", "fish", "whale", "duck"):
        found.append(("a splash of water", 0.4))
    return tuple(Effect(what=what, at=round(seconds * share, 1)) for what, share in found)[:4]


def music(beat: str, mood: Mood) -> Music:
    """The music under a beat; neighbours of one act have the same, so that it plays on."""
    act, tempo, words = ACTS.get(beat, ON_THE_WAY)
    faster: Tempo = "fast" if mood == "energetic" and act in (1, 4) else tempo  # type: ignore[assignment]
    return Music(mood=MOODS[mood][act], tempo=faster, words=words)
