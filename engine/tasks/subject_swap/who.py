"""From what a user says of a subject to its key frames: marks are cut out, words are looked for among the proposals, corrections change what was followed."""

from __future__ import annotations

import contextlib
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidInput
from engine.tasks.subject_swap import shelf
from engine.tasks.subject_swap.following import Count, Key, Track
from engine.tasks.subject_swap.request import Edit, Marks, Subject, SubjectMaskRequest
from engine.tasks.subject_swap.source import Known, Source
from engine.vision.masks import Masks
from engine.vision.tracking.cutting import cut, sharpened
from engine.vision.tracking.scenery import beside, moved_out

if TYPE_CHECKING:
    from engine.tasks.subject_swap.expert import Experts
    from engine.vision.subjects.proposals import Proposal

LOOKS = 6
"""Frames of the range in which a subject is looked for that is not on the first one."""

DOUBTED = 0.5
"""Score of a proposal from which a click on it means all of it."""

EVERYTHING = 0.97
"""Share of the picture from which a mask covers everything."""

_seen: OrderedDict[tuple[str, int, tuple[int, int]], list[Proposal]] = OrderedDict()


@dataclass
class Who:
    """A subject's key frames. said: what words were taken for, or how it was chosen; notes: sentences for the user."""

    keys: list[Key]
    said: str = ""
    notes: list[str] = field(default_factory=list)


def proposals(source: Source, frame: int, shot: tuple[int, int]) -> list[Proposal]:
    """What may be meant on a frame, the likeliest first; kept for the next question."""
    from engine.vision.subjects.proposals import propose

    where = (source.name, frame, shot)
    if where not in _seen:
        _seen[where] = propose(source.proxy, frame, shot, source.settings)
        while len(_seen) > 12:
            _seen.popitem(last=False)
    _seen.move_to_end(where)
    return _seen[where]


def near_shot(source: Source, frame: int) -> tuple[int, int]:
    """The shot of a frame where shots are known, else the frames just around it that look alike."""
    known = source.known()
    if known is not None:
        return known.shot_of(frame)
    from engine.vision.shots import shots_of

    first, last = max(0, frame - 12), min(source.proxy.count - 1, frame + 24)
    pictures = []
    for index in range(first, last + 1):
        try:
            pictures.append(source.proxy.read(index))
        except IndexError:
            break
    ranges = shots_of(pictures)
    low, high = next(((a, b) for a, b in ranges if a <= frame - first <= b), (0, len(pictures) - 1))
    return first + low, first + high


def first_key(source: Source, request: SubjectMaskRequest, index: int, by: Experts | None = None) -> tuple[Key, str, list[str]]:
    """The key frame that marks or words of subject `index` make, what was understood, and notes. Raises `InvalidInput` when nobody fits. by: fetched experts that find it."""
    subject = request.named[index]
    told = by.first_key(source, request, index) if by is not None else None
    if told is not None:
        _check(told[0].mask, request, index)
        return told
    frame, image = source.proxy.nearest(subject.frame)
    notes = [f"{request.name_of(index)}: frame {subject.frame} lies beyond the range; its last one, frame {frame}, is taken."] if frame != subject.frame else []
    if subject.pointed:
        mask, sure, said = _cut(source, image, frame, subject)
        _check(mask, request, index)
        return Key(frame, mask, sure), said, notes
    seen = ""
    for other in [frame, *other_frames(source, frame)]:
        found, said, sure = _by_words(source, other, subject, first=other == frame)
        seen = seen or said
        if found is not None:
            notes += [f"{request.name_of(index)}: found on frame {other}, not on frame {frame}."] if other != frame else []
            _check(found, request, index)
            if subject.avoid or subject.erase:
                found = cut(source.proxy.read(other), Marks(avoid=subject.avoid, erase=subject.erase), before=found).mask
            return Key(other, found, sure), said, notes
    raise nobody(request, index, seen)


def nobody(request: SubjectMaskRequest, index: int, seen: str) -> InvalidInput:
    """The error when nobody fits. seen: what was seen instead, empty when nothing was."""
    words = request.named[index].words
    return InvalidInput(
        f"nobody in the video fits {words!r}" if words else "nothing stands out in the video by itself",
        why=seen or "nothing moves or stands out",
        fix="say it with one of the things that were seen, or click on it, or draw a box" if seen else "click on the subject, or draw a box around it",
        field=f"subjects.{index}.words" if request.subjects else "subjects",
    )


def _by_words(source: Source, frame: int, subject: Subject, *, first: bool) -> tuple[np.ndarray | None, str, float]:
    """(mask or None, what was understood or seen, how sure) on one frame."""
    from engine.vision.subjects.words import understand

    seen = proposals(source, frame, near_shot(source, frame))
    if not subject.words.strip():
        if not seen or (seen[0].score < 0.25 and not first):
            return None, "", 0.0
        return seen[0].mask, f"Taken by itself: {seen[0].facts.sentence()}.", seen[0].score
    understood = understand(subject.words, seen, source.settings)
    if understood.index is None:
        return None, understood.seen or understood.said, 0.0
    chosen = seen[understood.index]
    return chosen.mask, understood.said, chosen.score


def _cut(source: Source, image: np.ndarray, frame: int, subject: Subject) -> tuple[np.ndarray, float, str]:
    """The mask that marks mean; the same marks are cut once. A click on a thing that moves or stands out by itself means all of it."""
    name = shelf.key(source.name, frame, subject.model_dump_json(include={"points", "avoid", "box", "scribble", "erase"}))
    folder = shelf.place(source.settings, "cut", name)
    note = shelf.read_note(folder)
    if note is not None:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError), Masks.load(folder) as kept:  # damaged: cut anew
            if kept.size == source.size and frame in kept:
                return kept.read(frame) > 0, float(note["sure"]), str(note["said"])
    hint = _under(source, frame, subject) if frame == 0 and subject.box is None and not subject.scribble else None
    if hint is not None:
        mask = sharpened(image, hint.mask)
        behind = source.scenery(frame, mask)
        moved = moved_out(image, behind, mask, beside(mask)) if behind is not None else None
        mask = mask if moved is None else moved
        if subject.avoid or subject.erase:
            mask = cut(image, Marks(avoid=subject.avoid, erase=subject.erase), before=mask).mask
        sure, said = hint.score, f"Taken as {hint.facts.sentence()}."
    else:
        found = cut(image, subject, behind=lambda rough: source.scenery(frame, rough))
        mask, sure, said = found.mask, found.confidence, found.said
    with contextlib.suppress(OSError):  # a full disk: it is cut again the next time
        with Masks(folder, source.size) as kept:
            kept.put(frame, mask.astype(np.uint8))
            kept.save()
        shelf.write_note(folder, {"sure": sure, "said": said})
    return mask, sure, said


def _under(source: Source, frame: int, subject: Subject) -> Proposal | None:
    """The smallest proposal that holds every click and none of those beside."""
    width, height = source.size

    def holds(mask: np.ndarray, point: tuple[float, float]) -> bool:
        return bool(mask[min(height - 1, int(point[1] * height)), min(width - 1, int(point[0] * width))])

    fitting = [
        one
        for one in proposals(source, frame, near_shot(source, frame))
        if one.score >= DOUBTED and all(holds(one.mask, p) for p in subject.points) and not any(holds(one.mask, p) for p in subject.avoid)
    ]
    return min(fitting, key=lambda one: one.mask.sum(), default=None)


def other_frames(source: Source, frame: int) -> list[int]:
    """Frames spread over the range, the nearest first."""
    count = source.proxy.count
    spread = {int(k) for k in np.linspace(0, count - 1, LOOKS)} - {frame}
    return sorted(spread, key=lambda k: abs(k - frame))


def _check(mask: np.ndarray, request: SubjectMaskRequest, index: int) -> None:
    where = f"subjects.{index}" if request.subjects else "subjects"
    if not mask.any():
        raise InvalidInput(f"{request.name_of(index)}: nothing is there", why="the marks hold no pixels of their own", fix="click on the subject, or draw a box around it", field=where)
    if mask.mean() > EVERYTHING:
        raise InvalidInput(
            f"{request.name_of(index)} covers the whole picture", why="then nothing of the background is to be seen", fix="draw a box around the subject alone, or click beside it with minus", field=where
        )


def keys_of(source: Source, known: Known, request: SubjectMaskRequest, index: int, counted: Count, by: Experts | None = None) -> Who:
    """All key frames of a subject, in order of time. Corrections change what was followed up to them, which is done here as far as needed. counted: see `Run.reach`; by: see `first_key`."""
    subject = request.named[index]
    key, said, notes = first_key(source, request, index, by)
    keys = [key]
    for frame in sorted(subject.keyframes):
        edit = subject.keyframes[frame]
        if frame >= known.count:
            notes.append(f"{request.name_of(index)}: the correction on frame {frame} lies beyond the range and is left out.")
            continue
        if edit.gone and not edit.any:
            keys = with_key(keys, Key(frame, np.zeros((source.size[1], source.size[0]), bool), words=key.words))
            continue
        track = Track(source, known, keys, by)
        try:
            run = track.run_at(frame)
            run.reach(frame, counted)
            before = run.mask(frame)
        finally:
            track.close()
        keys = with_key(keys, Key(frame, corrected(source, frame, edit, before, by)[0], words=key.words))
    return Who(keys, said, notes)


def corrected(source: Source, frame: int, edit: Edit, before: np.ndarray, by: Experts | None = None) -> tuple[np.ndarray, str]:
    """The mask (h, w) bool that a correction makes of what was followed, and a sentence when it is doubtful. before: (h, w) bool, empty where nothing was."""
    if not edit.any:
        return before, ""
    mask = by.corrected(source, frame, edit, before) if by is not None else None
    if mask is not None:
        return mask, ""
    found = cut(source.proxy.read(min(frame, source.proxy.count - 1)), edit, before=before if before.any() else None, behind=lambda rough: source.scenery(frame, rough))
    return found.mask, found.said


def with_key(keys: list[Key], key: Key) -> list[Key]:
    """Keys in order of time with one more, which takes the place of another on its frame."""
    return sorted([*(one for one in keys if one.frame != key.frame), key], key=lambda one: one.frame)


def named(mask: np.ndarray) -> str:
    """Tells a mask from others."""
    return hashlib.sha256(np.packbits(mask).tobytes()).hexdigest()[:16]
