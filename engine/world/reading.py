"""From a sentence to the scene that it means: `spec_from_text`. A small grammar: colours go to the nearest noun, motions to their subject."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from engine.world.lexicon import MARKS, Entry, Item, Token, found, table, vocabulary
from engine.world.spec import FACED, HOMES, KINDS, PLACES, SceneSpec, SubjectSpec
from engine.world.words import NATURAL

MOST_OFFERS = 24
"""Different unknown words for which near ones are looked up: each costs a few milliseconds."""

TYPO = 0.83
"""Likeness (difflib ratio) from which an unknown word is taken for a misspelt known one."""

Nearest = Callable[[str, list[str]], str | None]
"""An unknown word and the known kinds of things -> the one that it is most like, or none."""


class Span(NamedTuple):
    """Characters [start, end) of the prompt. meaning: what was made of them, "" for nothing; offers: known words that are near."""

    start: int
    end: int
    text: str
    meaning: str
    offers: tuple[str, ...] = ()


class Reading(NamedTuple):
    """What a prompt means: the scene, the words that decided it, and those that did not (or were only guessed: then `meaning` says as what)."""

    spec: SceneSpec
    understood: list[Span]
    unknown: list[Span]


@dataclass
class _Subject:
    """A subject while it is being read."""

    kind: str
    count: int = 1
    values: dict[str, Any] = field(default_factory=dict)
    clause: int = 0
    announced: bool = False
    """Only named as what the camera follows: the next thing of this kind is the same one."""


def spec_from_text(prompt: str, *, seed: int = 0, seconds: float = 2.0, fps: float = 8.0, nearest: Nearest | None = None) -> Reading:
    """The scene that a prompt in English means, and what was understood of it. Never fails on any text.

    What is not said is chosen: day, clear, the place where the first subject belongs, its natural colour,
    moving to the right if it moves without a direction.
    nearest: maps an unknown word to a known kind of thing (a sentence encoder); without it, only misspelt words are guessed.
    """
    items, strange = found(prompt)
    guesses, offers = _guesses(strange, nearest)
    resolved = [Item(i.start, i.end, guesses[i.word]) if isinstance(i, Token) and i.word in guesses else i for i in items]
    reader = _Reader(prompt)
    reader.read(resolved)
    guessed = {(t.start, t.end) for t in strange if t.word in guesses}
    understood = [span for span in reader.spans if (span.start, span.end) not in guessed]
    meanings = {(span.start, span.end): span.meaning for span in reader.spans}
    unknown = [
        Span(t.start, t.end, prompt[t.start : t.end], meanings.get((t.start, t.end), ""), offers.get(t.word, ())) for t in strange
    ] + reader.unused
    return Reading(reader.spec(seed, seconds, fps), understood, sorted(unknown))


@lru_cache(maxsize=4096)
def near_words(word: str) -> tuple[str, ...]:
    """Up to three known words that are spelt like this one, best first."""
    return tuple(difflib.get_close_matches(word, vocabulary(), n=3, cutoff=0.7)) if 2 < len(word) <= 24 else ()


def _guesses(strange: list[Token], nearest: Nearest | None) -> tuple[dict[str, Entry], dict[str, tuple[str, ...]]]:
    """For unknown words: what each is taken for, if for anything, and which known words are near."""
    guesses: dict[str, Entry] = {}
    offers: dict[str, tuple[str, ...]] = {}
    for word in list(dict.fromkeys(t.word for t in strange))[:MOST_OFFERS]:
        close = near_words(word)
        if close and len(word) >= 5 and difflib.SequenceMatcher(None, word, close[0]).ratio() >= TYPO:
            guesses[word] = table()[(close[0],)]
        elif nearest is not None and word.isalpha():
            kind = nearest(word, list(KINDS))
            if kind in KINDS:
                guesses[word] = Entry("noun", str(kind))
                close = (str(kind), *[c for c in close if c != kind])
        offers[word] = close
    return guesses, offers


class _Reader:
    """Goes through the items clause by clause and fills in the scene."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.scene: dict[str, str] = {}
        self.hints: dict[str, str] = {}
        self.subjects: list[_Subject] = []
        self.spans: list[Span] = []
        self.unused: list[Span] = []
        self.clause = 0
        self.adjectives: list[Item] = []
        self.waiting: list[Item] = []
        self.current: _Subject | None = None
        self.last = ""
        self.negated: Item | None = None
        self.joined = False
        self.definite = False

    def read(self, items: list[Item | Token]) -> None:
        """Read everything."""
        for index, item in enumerate(items):
            if isinstance(item, Token):
                self._token(item, items, index)
            else:
                self._item(item)
        self._end_clause()
        for item in self.waiting:
            self._to_subject(item, self.subjects[-1] if self.subjects else None)
        self.waiting = []

    def _token(self, token: Token, items: list[Item | Token], index: int) -> None:
        if token.word in MARKS or token.word in ("and", "while", "as", "but", "&"):
            before = items[index - 1] if index else None
            follows = next((i for i in items[index + 1 :] if isinstance(i, Item)), None)
            both_colours = (
                isinstance(before, Item) and before.entry.field == "colour" and follows is not None and follows.entry.field == "colour"
            )
            if not (both_colours and self.adjectives):
                self._end_clause()
                self.joined = token.word in ("and", "&", ",", "，", "、")
            if token.word in ".;!?…。！？\n":
                self.last = ""
        self.definite = token.word in ("the", "it", "this", "that")

    def _item(self, item: Item) -> None:
        entry = item.entry
        if self.negated is not None and entry.field not in ("colour", "size", "count", "not", "lens"):
            self._negate(item)
            return
        match entry.field:
            case "not":
                self.negated = item
                return
            case "noun":
                self._noun(item)
            case "colour" | "size" | "count":
                self.adjectives.append(item)
            case "time" | "weather" | "place":
                self._scenery(item)
            case "camera":
                self._set_camera(item, entry.value)
            case "lens" | "sky":
                self._drop_adjectives()
                self.last = "lens" if entry.field == "lens" else "scenery"
            case _:
                self._motion(item)
        self.definite = False

    def _note(self, item: Item, meaning: str) -> None:
        self.spans.append(Span(item.start, item.end, self.prompt[item.start : item.end], meaning))

    def _leave(self, item: Item) -> None:
        self.unused.append(Span(item.start, item.end, self.prompt[item.start : item.end], ""))

    def _negate(self, item: Item) -> None:
        """After "no", "not", "without": the opposite where there is one, otherwise nothing."""
        start = self.negated.start if self.negated else item.start
        whole = Item(start, item.end, item.entry)
        self.negated = None
        self.adjectives = []
        name = item.entry
        if name.field in ("go", "motion", "direction") and self.last != "scenery":
            self._to_subject(
                Item(start, item.end, Entry("motion", "still")), self.current or (self.subjects[-1] if self.subjects else None)
            )
            return
        if name.field == "weather" and name.value != "clear":
            self.scene.setdefault("weather", "clear")
            self.last = "scenery"
        if name.field == "camera":
            self.scene["camera"] = "still"
        self._note(whole, f"no {name.value}")

    def _noun(self, item: Item) -> None:
        entry = item.entry
        fields: dict[str, Any] = {}
        count = 2 if entry.plural else 1
        for adjective in self.adjectives:
            name = adjective.entry.field
            if name == "count":
                count = int(adjective.entry.value)
                self._note(adjective, f"{count} of them")
            elif name not in fields:
                fields[name] = adjective.entry.value
                self._note(adjective, adjective.entry.value)
            else:
                self._leave(adjective)
        self.adjectives = []
        known = [s for s in self.subjects if s.kind == entry.value]
        if known and known[-1].announced:
            subject = known[-1]
            subject.values.update(fields)
            subject.announced = False
        elif known and self.definite and not (fields.get("colour") and fields["colour"] != known[-1].values.get("colour")):
            subject = known[-1]
            subject.values.update(fields)
        else:
            subject = _Subject(entry.value, count, fields, self.clause, announced=self.last == "lens" and self.definite and not fields)
            self.subjects.append(subject)
        subject.clause = self.clause
        self._note(item, entry.value)
        self.last, self.current = "subject", subject
        for waiting in self.waiting:
            self._to_subject(waiting, subject)
        self.waiting = []

    def _drop_adjectives(self) -> None:
        """Colours and sizes of what is no subject: the hills are as they are."""
        for adjective in self.adjectives:
            self._leave(adjective)
        self.adjectives = []

    def _scenery(self, item: Item) -> None:
        entry = item.entry
        self._drop_adjectives()
        hint = self.prompt[item.start : item.end].lower() in ("stars", "moon", "winter")
        if hint:
            self.hints.setdefault(entry.field, entry.value)
        else:
            self.scene.setdefault(entry.field, entry.value)
        self._note(item, entry.value)
        self.last = "scenery" if entry.field == "weather" or hint else self.last

    def _set_camera(self, item: Item, value: str) -> None:
        self._drop_adjectives()
        self.scene["camera"] = value
        self._note(item, f"camera: {value}")
        self.last = "lens"

    def _motion(self, item: Item) -> None:
        """Direction, motion, speed, place or facing: for the camera after a word for it, for rain and clouds after those, else for a subject."""
        entry = item.entry
        if self.last == "lens":
            moves = {"left": "pan left", "right": "pan right", "up": "tilt up", "down": "tilt down"}
            if entry.field == "direction" and "camera" not in self.scene:
                self._set_camera(item, moves[entry.value])
            else:
                self._note(item, "camera")
            return
        falls = entry.field in ("go", "speed") or entry.value == "down"
        if self.last == "scenery" and (falls if self.current is None else entry.field in ("go", "motion", "speed")):
            self._note(item, "weather")
            return
        if self.adjectives and self.adjectives[-1].entry.field == "colour" and entry.field in ("go", "motion") and self.current is None:
            self.waiting.append(item)
            return
        if self.current is not None and self.current.clause == self.clause:
            self._to_subject(item, self.current)
        else:
            self.waiting.append(item)

    def _to_subject(self, item: Item, subject: _Subject | None) -> None:
        if subject is None:
            self._leave(item)
            return
        entry, values = item.entry, subject.values
        match entry.field:
            case "direction" if values.get("motion", "go") in ("go", "left", "right", "up", "down"):
                if values.get("motion") in ("up", "down") and entry.value in ("left", "right"):
                    values.setdefault("facing", entry.value)
                else:
                    values["motion"] = entry.value
            case "direction":
                if entry.value in ("left", "right"):
                    values.setdefault("facing", entry.value)
            case "go":
                values.setdefault("motion", "go")
            case "motion":
                if values.get("motion") in (None, "go"):
                    values["motion"] = entry.value
                elif values["motion"] in ("left", "right") and entry.value not in ("up", "down", "still"):
                    values["facing"], values["motion"] = values["motion"], entry.value
            case _:
                values.setdefault(entry.field, entry.value)
        self._note(item, "moving" if entry.field == "go" else entry.value if entry.field != "facing" else f"facing {entry.value}")

    def _end_clause(self) -> None:
        """A comma, a full stop, "and" or "while": what is left over goes to the subject before it."""
        if self.adjectives:
            named = self.current is not None and self.current.clause == self.clause
            subject = self.current if named else self.subjects[-1] if self.subjects else None
            for adjective in self.adjectives:
                name = adjective.entry.field
                if subject is not None and name != "count" and name not in subject.values:
                    subject.values[name] = adjective.entry.value
                    self._note(adjective, adjective.entry.value)
                else:
                    self._leave(adjective)
            self.adjectives = []
        if self.waiting and self.subjects:
            for item in self.waiting:
                self._to_subject(item, self.subjects[-1])
            self.waiting = []
        self.negated = None
        here = [s for s in self.subjects if s.clause == self.clause]
        before = [s for s in self.subjects if s.clause == self.clause - 1]
        if (
            self.joined
            and here
            and here[0].values.get("motion")
            and self._began_with_subject
            and before
            and not before[-1].values.get("motion")
        ):
            # "A red balloon and a blue bird fly left": the first one has no verb of its own.
            for name in ("motion", "speed"):
                if here[0].values.get(name):
                    before[-1].values[name] = here[0].values[name]
        self.clause += 1
        if self.last != "lens" or self.current is not None:
            self.last = ""
        self.current = None if not here else self.current

    @property
    def _began_with_subject(self) -> bool:
        return bool(self.subjects) and self.subjects[-1].clause == self.clause

    def spec(self, seed: int, seconds: float, fps: float) -> SceneSpec:
        """The scene, with what was left open chosen."""
        made: list[SubjectSpec] = []
        for subject in self.subjects:
            made += [_finished(subject, index) for index in range(subject.count)]
        made = made[:3]
        first = made[0].kind if made else ""
        homes = HOMES.get(first, PLACES)
        place = self.scene.get("place") or self.hints.get("place")
        if place is None:
            place = "snow field" if self.scene.get("weather") == "snow" else "hills" if len(homes) == len(PLACES) else homes[0]
        camera = self.scene.get("camera", "still")
        return SceneSpec.model_validate(
            {
                "time": self.scene.get("time") or self.hints.get("time", "day"),
                "weather": self.scene.get("weather", "clear"),
                "place": place,
                "subjects": tuple(made),
                "camera": "still" if camera == "follow" and not made else camera,
                "seconds": seconds,
                "fps": fps,
                "seed": seed,
            }
        )


def _finished(subject: _Subject, index: int) -> SubjectSpec:
    values = dict(subject.values)
    facing = values.get("facing", "right")
    motion = values.get("motion", "still")
    motion = facing if motion == "go" else motion
    where = values.pop("position", None)
    start = (
        {"left": (0.27, 0.5), "right": (0.73, 0.5), "middle": (0.5, 0.5), "top": (0.5, 0.27), "bottom": (0.5, 0.75)}.get(where)
        if where and not index
        else None
    )
    fields = {k: v for k, v in values.items() if k in ("colour", "size", "speed")}
    if motion in ("left", "right"):
        facing = motion
    elif subject.kind not in FACED:
        facing = "right"
    chosen = {"colour": NATURAL[subject.kind], **fields}
    return SubjectSpec.model_validate({"kind": subject.kind, "motion": motion, "facing": facing, "start": start, **chosen})
