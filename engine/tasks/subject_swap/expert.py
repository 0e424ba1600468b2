"""The fetched experts in the chain of the subject tools: Grounding DINO finds by words, SAM cuts out, SAM 2 follows, BLIP names who it is about when nothing is said
(Make-A-Protagonist, Zhao et al. 2023). Light: torch is loaded with the first model. What they found is kept beside the embedded stages, under names of its own, so that
a process without torch knows it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.experts import Expert, Role, able, available, require
from engine.experts.leasing import Models, identity
from engine.hardware import describe
from engine.settings import Settings
from engine.tasks.subject_swap import shelf
from engine.tasks.subject_swap.following import Key, Stepper
from engine.tasks.subject_swap.request import Edit, Marks, Scribble, Subject, SubjectMaskRequest
from engine.tasks.subject_swap.source import Known, Source
from engine.tasks.subject_swap.who import named, near_shot, nobody, other_frames, proposals
from engine.vision.masks import Masks
from engine.vision.tracking.cutting import painted
from engine.vision.tracking.follower import LEAST, State, Step

if TYPE_CHECKING:
    from engine.context import RunContext

LOOK_EVERY = 5
"""Frames of another shot between two looks for a subject that words name."""

ALONG = 6
"""Points of a brush stroke that SAM is told."""

NEAR = 0.25
"""Clicks within a mask's box, grown by this share of its sides, correct that mask; others mean another thing."""


class Experts:
    """The experts as a run asks them; they also follow (`engine.tasks.subject_swap.following.Stepping`). get: the models; without it only what was found earlier is known.

    name: tells their results from those of other methods and other weights.
    """

    title = "experts: Grounding DINO + SAM + SAM 2"

    def __init__(self, settings: Settings, there: dict[Role, Expert], models: Models | None = None) -> None:
        self._settings, self._models, self._describes = settings, models, "describe" in there
        self.name = shelf.key("experts", {role: identity(one.folder) for role, one in there.items()})

    def first_key(self, source: Source, request: SubjectMaskRequest, index: int) -> tuple[Key, str, list[str]] | None:
        """See `engine.tasks.subject_swap.who.first_key`; None when it is not known and there are no models to ask."""
        subject = request.named[index]
        asked = min(subject.frame, source.proxy.count - 1)
        marks = subject.model_dump_json(include={"points", "avoid", "box", "scribble", "erase", "words"})
        folder = shelf.place(self._settings, "found", shelf.key(source.name, self.name, asked, marks))
        key = _kept(folder)
        if key is None and self._models is not None:
            key = self._marked(source, subject, asked) if subject.pointed else self._named(source, request, index, asked)
            _keep(folder, *key)
        if key is None:
            return None
        notes = [f"{request.name_of(index)}: frame {subject.frame} lies beyond the range; its last one, frame {asked}, is taken."] if asked != subject.frame else []
        notes += [f"{request.name_of(index)}: found on frame {key[0].frame}, not on frame {asked}."] if key[0].frame != asked else []
        return key[0], key[1], notes

    def corrected(self, source: Source, frame: int, edit: Edit, before: np.ndarray) -> np.ndarray | None:
        """See `engine.tasks.subject_swap.who.corrected`; None as in `first_key`."""
        marks = edit.model_dump_json(include={"points", "avoid", "box", "scribble", "erase"})
        folder = shelf.place(self._settings, "edit", shelf.key(source.name, self.name, frame, marks, named(before)))
        key = _kept(folder)
        if key is None and self._models is not None:
            key = Key(frame, self._cut(source.proxy.read(frame), edit, before)[0]), ""
            _keep(folder, *key)
        return None if key is None else key[0].mask

    def start(self, source: Source, known: Known, key: Key, way: int, first: Key | None) -> Stepper:
        """See `engine.tasks.subject_swap.following.Stepping`."""
        return Sam2Stepper(self, source, known, key, way, first)

    def follower(self, source: Source) -> Any:
        """A new follower of SAM 2 over the range; the model is held until `close`."""
        from engine.experts.sam2 import Follower

        return Follower(self._ask().held("follow"), source.proxy)

    def find(self, image: np.ndarray, words: str) -> tuple[np.ndarray, float, str] | None:
        """(mask, how sure, the words that it answers) of what fits words best in a picture (h, w, 3) uint8; None when nothing does."""
        with self._ask().lease("find") as finder:
            boxes = finder.find(image, words)
        for one in boxes:
            with self._ask().lease("cut") as cutter:
                mask, sure = cutter.cut(image, box=one.box)
            if mask.sum() >= LEAST:
                return mask, sure, f"{one.phrase or words} ({one.score:.0%})"
        return None

    def close(self) -> None:
        """Give the models back."""
        if self._models is not None:
            self._models.close()

    def _ask(self) -> Models:
        assert self._models is not None, "only a run follows"
        return self._models

    def _marked(self, source: Source, subject: Subject, frame: int) -> tuple[Key, str]:
        mask, sure = self._cut(source.proxy.read(frame), subject)
        return Key(frame, mask, sure, subject.words.strip()), ""

    def _named(self, source: Source, request: SubjectMaskRequest, index: int, frame: int) -> tuple[Key, str]:
        """The key of a subject that words name, or nobody does: then BLIP says who the clip is about, and without BLIP what moves or stands out is taken."""
        subject = request.named[index]
        sentence, words = "", subject.words.strip()
        if not words:
            sentence, words = self._protagonist(source)
        for other in [frame, *other_frames(source, frame)] if words else []:
            image = source.proxy.read(other)
            found = self.find(image, words)
            if found is not None:
                mask, sure, phrase = found
                if subject.avoid or subject.erase:
                    mask, sure = self._cut(image, Marks(avoid=subject.avoid, erase=subject.erase), mask)
                said = f"Taken as {phrase}." if subject.words.strip() else f"The clip shows {sentence}. Taken as {phrase}."
                return Key(other, mask, sure, words), said
        if subject.words.strip():
            told = self._protagonist(source)[0]
            raise nobody(request, index, f"the clip shows {told}" if told else _proposed(source, frame, words))
        seen = proposals(source, frame, near_shot(source, frame))
        if not seen:
            raise nobody(request, index, "")
        mask, sure = self._cut(source.proxy.read(frame), Marks(box=seen[0].box))
        return Key(frame, mask, sure), f"Taken by itself: {seen[0].facts.sentence()}."

    def _protagonist(self, source: Source) -> tuple[str, str]:
        """What BLIP says that the clip shows, and the first thing that it names; empty without BLIP."""
        if not self._describes:
            return "", ""
        from engine.experts.caption import LOOKED_AT

        frames = [source.proxy.read(k) for k in sorted({round(k) for k in np.linspace(0, source.proxy.count - 1, LOOKED_AT)})]
        with self._ask().lease("describe") as describer:
            caption = describer.describe(frames)
        return caption.sentence, caption.noun

    def _cut(self, image: np.ndarray, marks: Marks, before: np.ndarray | None = None) -> tuple[np.ndarray, float]:
        """The mask that marks mean in a picture, by SAM, and how sure it is of it. What a brush painted holds to the pixel."""
        size = image.shape[1], image.shape[0]
        start = before if before is not None and before.any() else np.zeros(image.shape[:2], bool)
        yes = [*marks.points, *along(marks.scribble)]
        no = [*marks.avoid, *along(marks.erase)]
        box = marks.box or (box_around(start, yes) if start.any() else None)
        mask, sure = start, 1.0
        if yes or marks.box is not None or (no and box is not None):
            with self._ask().lease("cut") as cutter:
                mask, sure = cutter.cut(image, yes, no, box)
        return (mask | painted(marks.scribble, size)) & ~painted(marks.erase, size), sure


class Sam2Stepper:
    """Steps by SAM 2 within a shot (`engine.tasks.subject_swap.following.Stepper`). In another shot the subject is looked for by its words, if any, and is lost without."""

    def __init__(self, experts: Experts, source: Source, known: Known, key: Key, way: int, first: Key | None) -> None:
        self._experts, self._source, self._known, self._words, self._way = experts, source, known, key.words, way
        self._at, self._seen, self._since = key.frame, key.mask, -1
        self._state: State = "there" if key.mask.any() else "hidden"
        self._found: Iterator[Any] | None = None
        if key.mask.any():
            self._begin(key.frame, [key])
        elif first is not None and known.shot_of(first.frame) == known.shot_of(key.frame):
            # The model remembers the look of what is gone, and knows it when it comes back.
            self._begin(key.frame, [first, key])

    def step(self, frame: int) -> Step:
        """See `Stepper`."""
        if self._known.shot_of(frame) != self._known.shot_of(self._at):
            self._found, self._state, self._since = None, "hidden", 0
        self._at = frame
        if self._found is not None:
            followed = next(self._found)
            return self._told(followed.mask, followed.score)
        return self._search(frame)

    def _begin(self, frame: int, keys: list[Key]) -> None:
        """Follow on from a frame, the last of the keys, to the end of its shot."""
        follower = self._experts.follower(self._source)
        for key in keys:
            follower.mark(key.frame, mask=key.mask)
        first, last = self._known.shot_of(frame)
        self._found = follower.propagate(frame, last if self._way > 0 else first)
        next(self._found)

    def _search(self, frame: int) -> Step:
        """Look for the subject in a shot where it was not seen yet; in its key's own shot it is gone because somebody said so."""
        due, self._since = self._since >= 0 and self._since % LOOK_EVERY == 0, self._since + (self._since >= 0)
        found = self._experts.find(self._source.proxy.read(frame), self._words) if due and self._words else None
        if found is None:
            return Step(np.zeros(self._seen.shape, bool), 0.0, self._state)
        mask, sure, _ = found
        self._begin(frame, [Key(frame, mask)])
        return self._told(mask, sure)

    def _told(self, mask: np.ndarray, score: float) -> Step:
        back = self._state != "there"
        if mask.sum() >= LEAST:
            self._state, self._seen = "there", mask
            return Step(mask, score, "there", back)
        if not back:
            rim = np.concatenate([self._seen[0], self._seen[-1], self._seen[:, 0], self._seen[:, -1]])
            self._state = "left" if rim.any() else "hidden"
        return Step(np.zeros(mask.shape, bool), 0.0, self._state)


def chosen(request: SubjectMaskRequest, run: RunContext) -> Experts | None:
    """The experts that a run works with; None: embedded. Raises `InvalidInput` that says what to fetch when the request insists on models that are not here."""
    settings = run.settings
    if request.method == "embedded" or (request.method == "auto" and not able(settings)):
        return None
    there = require(settings)
    from engine.hardware import device_of

    device = device_of(settings.device)
    if request.method == "auto" and device.type == "cpu":
        return None
    run.device = str(device)
    return Experts(settings, there, Models(there, run.device, run))


def remembered(request: SubjectMaskRequest, settings: Settings) -> Experts | None:
    """The experts that a run would work with, as far as their results are on disk, for a process without torch; None: embedded."""
    if request.method == "embedded" or not able(settings):
        return None
    card = bool(describe()["graphics"]) if settings.device == "auto" else settings.device != "cpu"
    return Experts(settings, available(settings)) if card or request.method == "experts" else None


def along(strokes: tuple[Scribble, ...]) -> list[tuple[float, float]]:
    """Points spread over brush strokes; of a stroke that paints the mask itself none: it says nothing of the thing under it."""
    out: list[tuple[float, float]] = []
    for stroke in strokes:
        if not stroke.exact:
            out += [stroke.points[k] for k in sorted({round(k) for k in np.linspace(0, len(stroke.points) - 1, ALONG)})]
    return out


def box_around(mask: np.ndarray, points: list[tuple[float, float]]) -> tuple[float, float, float, float] | None:
    """The box in 0..1 of a mask (h, w) bool and points on the same thing; None when all points lie so far away that they mean another one."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x0, y0, x1, y1 = float(columns[0] / width), float(rows[0] / height), float((columns[-1] + 1) / width), float((rows[-1] + 1) / height)
    wide, high = NEAR * (x1 - x0), NEAR * (y1 - y0)
    if points and not any(x0 - wide <= x <= x1 + wide and y0 - high <= y <= y1 + high for x, y in points):
        return None
    xs, ys = [x0, x1, *(x for x, _ in points)], [y0, y1, *(y for _, y in points)]
    return min(xs), min(ys), max(xs), max(ys)


def _proposed(source: Source, frame: int, words: str) -> str:
    """What is seen on a frame without a description of the clip."""
    from engine.vision.subjects.words import understand

    return understand(words, proposals(source, frame, near_shot(source, frame)), source.settings).seen


def _kept(folder: Path) -> tuple[Key, str] | None:
    """A key and what was said of it, as `_keep` left them."""
    note = shelf.read_note(folder)
    if note is None:
        return None
    try:
        with Masks.load(folder) as masks:
            return Key(int(note["frame"]), masks.read(int(note["frame"])) > 0, float(note["sure"]), str(note["words"])), str(note["said"])
    except (OSError, ValueError, KeyError):
        return None


def _keep(folder: Path, key: Key, said: str) -> None:
    with Masks(folder, (key.mask.shape[1], key.mask.shape[0])) as masks:
        masks.put(key.frame, key.mask.astype(np.uint8))
        masks.save()
    shelf.write_note(folder, {"frame": key.frame, "sure": key.sure, "words": key.words, "said": said})
