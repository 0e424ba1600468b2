"""Who or what may be meant in a frame: things that move, people, and what stands out, each as a mask of its own, best first. No torch; about a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.media.frames import Pictures
from engine.settings import Settings
from engine.vision import optical
from engine.vision.subjects import kinds as recogniser
from engine.vision.subjects import motion, saliency
from engine.vision.subjects.cutting import Ground, fine, seeded, wholeness
from engine.vision.subjects.knowing import STILL, Facts, facts_of
from engine.vision.subjects.layers import regrouped
from engine.vision.subjects.motion import LEAST, Around
from engine.vision.subjects.people import Person, people
from engine.world.spec import KINDS

AHEAD = 6
"""Frames into the shot from which a frame at its end is looked at: motion is seen best with frames on both sides."""

TRIED = 9
"""Patches that stand out which are cut exactly; cutting takes most of the time."""

REGROUPED = 4
"""Moving things whose parts are gathered by their motion."""

REGAINED = 0.84
"""How much like a thing, beside its old mask, a mask must look that has gained or lost much by which way its parts go."""

SAME, INSIDE = 0.5, 0.85
"""Shared part of two masks' union from which they are one thing; part of a mask that lies in another from which it is a part of that."""

FACELESS = 0.62
"""How surely a figure without a face is a person, where the network says so: it takes animals and drawings for people, too."""

WHOLE = 0.8
"""How much like a thing, beside its best part, a whole must look to take the part's place."""

UNMOVED = 0.45
"""Share of its score that a thing of a real picture keeps which only stands out: lights and signs do that, too."""

PAPER = 0.75
"""Certainty of one kind, in any mask, from which the picture is taken for one of the paper-cut world."""

CERTAIN = 0.7
"""Share of a paper thing's score that the recogniser's certainty decides."""

WEAK = 0.16
"""Score below which nothing is proposed, as long as something else is."""


@dataclass(frozen=True)
class Proposal:
    """One thing. mask: (h, w) bool at the size of the frame; box: left, top, right, bottom in 0..1; source: moves, face, person or stands out;
    score: how surely it is a thing of its own, 0..1; facts: what it knows about itself."""

    mask: np.ndarray
    box: tuple[float, float, float, float]
    source: str
    score: float
    facts: Facts


@dataclass(eq=False)
class _Candidate:
    """A mask (h, w) bool on the small copy on its way to a proposal."""

    mask: np.ndarray
    source: str
    score: float
    way: tuple[float, float] = (0.0, 0.0)
    growth: float = 0.0
    kinds: tuple[tuple[str, float], ...] = ()


def propose(frames: Pictures, index: int, shot: tuple[int, int], settings: Settings, *, most: int = 8) -> list[Proposal]:
    """What may be meant in frame `index`, best first, at most so many.

    frames: at a proxy size, longer side 640 or less; shot: inclusive range of frames around it that belong together. An empty or plain picture has none.
    """
    picture = frames.read(index)
    if min(picture.shape[:2]) < 24:
        return []
    around = motion.look_around(frames, index, shot)
    small = around.picture
    moving = _moving(frames, index, shot, around)
    ground = Ground.of(small)
    standing = _standing(small, ground)
    persons = people(small, settings, moving) if min(small.shape[:2]) >= 64 else []
    found = [_Candidate(mask, "stands out", 0.0) for mask in (*moving, *standing) if mask.any()]
    paper = _judge(found, around, ground, frames.fps)
    found = _apart([one for one in found if one.score > 0])
    found = _whole(found, around, ground, frames.fps, paper=paper)
    found = _with_people(found, persons, around, frames.fps)
    found.sort(key=lambda one: -one.score)
    strong = [one for one in found if one.score >= WEAK] or found[:1]
    return [_proposal(picture, one) for one in strong[:most]]


def _moving(frames: Pictures, index: int, shot: tuple[int, int], around: Around) -> list[np.ndarray]:
    """Masks (h, w) bool on the small copy of what moves on its own."""
    before, after = index - shot[0], shot[1] - index
    pivot = index + AHEAD if before < 4 and after >= 2 * AHEAD else index - AHEAD if after < 4 and before >= 2 * AHEAD else index
    view = around if pivot == index else motion.look_around(frames, pivot, shot, steps=motion.PIVOT)
    found = motion.patches(view, motion.apartness(view), most=6)
    if pivot == index:
        return [seeded(view.picture, patch.region, patch.own) for patch in found]
    # Seen from both sides there, and carried here along the flow, then cut here.
    along = next(one.flow for one in around.views if one.step == pivot - index)

    def carried(mask: np.ndarray) -> np.ndarray:
        here = optical.pull(mask.astype(np.float32), along, border=cv2.BORDER_CONSTANT) > 0.5
        return cv2.morphologyEx(here.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(bool)

    rough = [(carried(patch.region), carried(patch.own)) for patch in found]
    return [seeded(around.picture, region | own, own) for region, own in rough if own.mean() > LEAST / 2]


def _standing(small: np.ndarray, ground: Ground) -> list[np.ndarray]:
    """Masks (h, w) bool of what stands out of the picture itself."""
    found = saliency.patches(small)
    found.sort(key=lambda one: -ground.outlined(one.region) * wholeness(one.region) * min(1.0, one.apart / 40) ** 0.5)
    return [seeded(small, one.region, one.own) for one in found[:TRIED]]


def _thinghood(mask: np.ndarray, ground: Ground) -> float:
    """0..1: how much a mask looks like a thing: its outline on edges, in one piece, of a sensible size."""
    area = float(mask.mean())
    if area < LEAST:
        return 0.0
    size = min(1.0, (area / 0.008) ** 0.4) * (1.0 if area < 0.35 else 0.6)
    return ground.outlined(mask) ** 1.5 * wholeness(mask) * size


def _judge(found: Sequence[_Candidate], around: Around, ground: Ground, fps: float, *, paper: bool = False) -> bool:
    """Scores, kinds and motion of candidates. paper: the picture is known to be of the paper-cut world; True is returned when it is."""
    for one in found:
        one.score = _thinghood(one.mask, ground)
    paper = _recognise(around.picture, found, paper=paper)
    for one in found:
        one.way, one.growth = _motion_of(around, one.mask, fps)
        if np.hypot(*one.way) > 2.5 * STILL:
            one.source, one.score = "moves", one.score * 1.25 + 0.05
        elif not paper:
            one.score *= UNMOVED
    return paper


def _whole(found: list[_Candidate], around: Around, ground: Ground, fps: float, *, paper: bool) -> list[_Candidate]:
    """The candidates, those that move with all that goes along with them where that looks as much like a thing."""
    out = sorted(found, key=lambda one: -one.score)
    for one in [one for one in out if one.source == "moves"][:REGROUPED]:
        mask = regrouped(around, one.mask)
        if mask is None:
            continue
        other = _Candidate(mask, one.source, 0.0)
        if _judge([other], around, ground, fps, paper=paper) and not paper:
            return _whole(found, around, ground, fps, paper=_judge(found, around, ground, fps, paper=True))
        changed = not 1 / 1.15 < mask.sum() / one.mask.sum() < 1.15
        if other.score >= one.score * (REGAINED if changed else 1.0):
            out[out.index(one)] = other
    return _apart(out)


def _recognise(small: np.ndarray, found: Sequence[_Candidate], *, paper: bool = False) -> bool:
    """Kinds of the paper-cut world for the candidates, where the recogniser is there; what it takes for scenery counts less. True when the picture is of that world."""
    if not found or not recogniser.there():
        return False
    table = recogniser.load().kinds(small, [one.mask for one in found])
    paper = paper or float(table[:, : len(KINDS)].max()) > PAPER
    for one, row in zip(found, table, strict=True):
        nothing = float(row[recogniser.NOTHING])
        # The surer it is of one kind, the more exactly the mask holds the thing: half of a bird or a bird with its sky leave it in doubt.
        one.score *= (1.3 - nothing) * (CERTAIN * float(row[: len(KINDS)].max()) + 1 - CERTAIN if paper else 1.0)
        order = np.argsort(-row[: len(KINDS)])[:3]
        one.kinds = tuple((KINDS[k], float(row[k])) for k in order if row[k] >= 0.05) if paper else ()
    return paper


def _motion_of(around: Around, mask: np.ndarray, fps: float) -> tuple[tuple[float, float], float]:
    """Motion a second against the ground, in shares of the longer side, and growth a second."""
    across, down = around.drift(mask)
    return (across * fps, down * fps), around.growth(mask) * fps


def _apart(found: list[_Candidate]) -> list[_Candidate]:
    """One candidate for each thing: the best of those that share most of their pixels; parts of better ones are left out, and so are heaps of several things."""
    kept: list[_Candidate] = []
    for one in sorted(found, key=lambda candidate: -candidate.score):
        area = one.mask.sum()
        twin = False
        inside: list[_Candidate] = []
        for other in kept:
            common = int((one.mask & other.mask).sum())
            twin = twin or common > SAME * (area + other.mask.sum() - common) or common > INSIDE * area
            if common > INSIDE * other.mask.sum():
                inside.append(other)
        if twin:
            continue
        if inside:
            # A whole beats its parts when it looks nearly as much like a thing and they make up much of it; else it is a heap of things, or a thing and its ground.
            share = sum(int(other.mask.sum()) for other in inside) / area
            if one.score < WHOLE * inside[0].score or share < (0.05 if len(inside) == 1 else 0.35):
                continue
            kept = [other for other in kept if all(other is not part for part in inside)]
        kept.append(one)
    return kept


def _with_people(found: list[_Candidate], persons: Sequence[Person], around: Around, fps: float) -> list[_Candidate]:
    """The candidates with the people of the picture, who stand for what shares their place."""
    out = list(found)
    paper = any(one.kinds and one.kinds[0][1] > 0.6 for one in found)
    ground = Ground.of(around.picture) if any(person.face is None for person in persons) else None
    for person in persons:
        body = _trimmed(person, around, ground)
        known = next((one for one in out if one.source != "face" and _share(one.mask, person.mask) > 0.4), None)
        if person.face is None and (paper or _known(around.picture, person.mask)):
            continue  # the network takes paper birds for people
        way, growth = _motion_of(around, body, fps)
        if known is not None:
            out.remove(known)
        sure = person.score if person.face is not None else FACELESS * person.score
        out.append(_Candidate(body, "person", sure, way, growth, (("person", sure),)))
        if person.face is not None:
            out = [one for one in out if one.source in ("face", "person") or not (one.mask & person.mask).sum() > INSIDE * one.mask.sum()]
            if person.face.mean() >= LEAST:
                out.append(_Candidate(person.face, "face", 0.9 * person.score, *_motion_of(around, person.face, fps), (("face", person.score),)))
    return out


def _trimmed(person: Person, around: Around, ground: Ground | None) -> np.ndarray:
    """(h, w) bool: a figure without a face as far as it goes along with itself: the network takes what it stands on and leans against, too."""
    mask = regrouped(around, person.mask) if person.face is None and ground is not None else None
    return mask if mask is not None and ground is not None and _thinghood(mask, ground) > _thinghood(person.mask, ground) else person.mask


def _known(small: np.ndarray, mask: np.ndarray) -> bool:
    """True when the recogniser is sure of a kind of paper thing."""
    return recogniser.there() and float(recogniser.load().kinds(small, [mask])[0, : len(KINDS)].max()) > PAPER


def _share(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def _proposal(picture: np.ndarray, one: _Candidate) -> Proposal:
    height, width = picture.shape[:2]
    if one.mask.shape == (height, width):
        mask = one.mask
    elif one.source == "face":
        mask = cv2.resize(one.mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    else:
        mask = fine(picture, one.mask)
    mask = mask if mask.any() else cv2.resize(one.mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    return Proposal(mask, (x / width, y / height, (x + w) / width, (y + h) / height), one.source, float(np.clip(one.score, 0, 0.97)), facts_of(picture, mask, one.way, one.growth, one.kinds))
