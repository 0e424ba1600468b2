"""From words to the proposed thing that is meant: each word is weighed against what the proposals know about themselves, and what was understood is said.

English. Words that are not in `vocabulary` are named and left out: the sentence encoder (card minilm) needs torch, which the helper process never loads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.settings import Settings
from engine.vision.subjects.knowing import Facts
from engine.vision.subjects.proposals import Proposal
from engine.vision.subjects.vocabulary import GROUPS, Term, read

FITS = 0.2
"""Least score of every word that says what the thing is: below it nothing fits."""

CLEAR = 0.35
"""Score from which a proposal may be meant by words that are not known."""

NEIGHBOURS = {
    frozenset(pair): share
    for pair, share in (
        (("red", "pink"), 0.45), (("red", "orange"), 0.4), (("orange", "yellow"), 0.45), (("orange", "brown"), 0.4), (("red", "brown"), 0.35), (("blue", "turquoise"), 0.5),
        (("green", "turquoise"), 0.4), (("blue", "purple"), 0.4), (("purple", "pink"), 0.45), (("grey", "white"), 0.4), (("grey", "black"), 0.4), (("yellow", "white"), 0.2),
        (("yellow", "brown"), 0.25), (("black", "blue"), 0.2), (("black", "brown"), 0.25), (("grey", "blue"), 0.25), (("yellow", "green"), 0.2), (("black", "purple"), 0.15), (("grey", "brown"), 0.2),
    )
}  # fmt: skip
"""How far one colour's name may be said of another: light and cameras shift them."""

CLOSE_KINDS = {frozenset(pair) for pair in (("car", "bus"), ("bus", "train"), ("cat", "dog"), ("dog", "horse"), ("bird", "duck"), ("bird", "butterfly"), ("bird", "plane"), ("fish", "whale"), ("balloon", "ball"),
                                            ("flower", "tree"), ("kite", "butterfly"), ("plane", "rocket"), ("house", "windmill"), ("umbrella", "balloon"))}  # fmt: skip
"""Kinds that the recogniser takes for each other."""

WHAT = ("colour", "kind", "motion", "shape")
"""Fields whose words say what it is; places, sizes and ranks choose among those that fit."""


@dataclass(frozen=True)
class Understood:
    """index: the proposal that is meant, None when none fits; scores: of each, 0..1; said: what each word was taken for; seen: what is there, for an error; notes: doubts."""

    index: int | None
    scores: tuple[float, ...]
    said: str
    seen: str
    notes: tuple[str, ...] = ()


def understand(words: str, proposals: Sequence[Proposal], settings: Settings) -> Understood:
    """Which of the proposals is meant by some words. Empty words mean the best one. settings: unused so far, where a language model would lie."""
    terms = read(words)
    facts = [one.facts for one in proposals]
    seen = " ".join(f"{k + 1}. {one.sentence()};" for k, one in enumerate(facts)).rstrip(";")
    seen = f"I see: {seen}" if facts else "I see nothing that stands out or moves"
    said = f"Understood: {', '.join(_said(term) for term in terms)}" if terms else "No words: the one that stands out most"
    notes: list[str] = []
    if not facts:
        return Understood(None, (), said, seen)
    told = [term for term in terms if term.field not in ("any", "unknown")]
    knows = any(one.kinds and one.kinds[0][1] >= 0.5 and one.kinds[0][0] not in ("person", "face") for one in facts)
    table = np.ones((len(terms), len(facts)))
    for row, term in enumerate(terms):
        if term.field in ("any", "unknown", "rank"):
            continue
        values = np.array([_fit(term, one, proposal.source, facts, knows) for one, proposal in zip(facts, proposals, strict=True)])
        table[row] = 1.02 - values if term.no else values
    if any(term.field == "kind" for term in told) and not knows and not any(term.value in ("person", "face", "cyclist") for term in told if term.field == "kind"):
        notes.append("nothing here can tell what kinds of things these are: the other words decided")
    prior = np.array([0.75 + 0.25 * proposal.score for proposal in proposals])
    scores = table.clip(0.02, 1.0).prod(axis=0) ** (1.0 / max(1, len(told))) if told else np.ones(len(facts))
    scores = scores * prior * np.array([1.0 if _wants_face(terms) or proposal.source != "face" else 0.6 for proposal in proposals])
    what = [row for row, term in enumerate(terms) if term.field in WHAT]
    fits = (table[what] >= FITS).all(axis=0) if what else np.ones(len(facts), bool)
    where = [row for row, term in enumerate(terms) if term.field in ("place", "size", "speed") and term.no]
    fits &= (table[where] >= FITS).all(axis=0) if where else True
    ranks = [term for term in terms if term.field == "rank"]
    if not told and any(term.field == "unknown" for term in terms):
        index = _plainest(proposals)
        if index is None:
            return Understood(None, tuple(float(v) for v in scores.clip(0, 1)), said, seen, ("none of the words is known",))
        does = "moves" if facts[index].motion != "still" else "stands out"
        return Understood(index, tuple(float(v) for v in scores.clip(0, 1)), f"{said}; taken instead: the one that {does} most, {facts[index].sentence()}", seen, ("none of the words is known",))
    if not fits.any():
        # How something moves is measured least surely: what fits in all else is meant, and that is said.
        looks = [row for row in what if terms[row].field in ("colour", "kind")]
        if looks and len(looks) < len(what) and (table[looks] >= FITS).all(axis=0).any():
            fits = (table[looks] >= FITS).all(axis=0)
            notes.append("nothing moves as the words say: what looks like it was taken")
    if not fits.any():
        return Understood(None, tuple(float(v) for v in np.where(fits, scores, 0.5 * scores).clip(0, 1)), said, seen, tuple(notes))
    # Ranks are among those that the other words leave.
    left = np.flatnonzero(fits & (scores >= 0.6 * scores[fits].max()))
    for term in ranks:
        order = _order(term, facts, left)
        scores = scores * 0.5
        if term.no:
            left = np.array([k for k in left if k != order[0]]) if len(left) > 1 else left
            scores[left] *= 2.0
        else:
            place = _place_of(term, len(order))
            scores[order[place]] = min(1.0, 2.0 * scores[order[place]] + 0.3)
    scores = np.where(fits, scores, 0.3 * scores).clip(0, 1)
    index = int(np.argmax(scores))
    others = np.delete(scores, index)
    if len(others) and others.max() > 0.93 * scores[index] and told:
        notes.append(f"{int(np.argmax(np.where(np.arange(len(scores)) == index, -1, scores))) + 1}. fits nearly as well")
    return Understood(index, tuple(float(v) for v in scores), said, seen, tuple(notes))


def _plainest(proposals: Sequence[Proposal]) -> int | None:
    """The one proposal that is clearly the subject by itself, or None when others are nearly as clear. Parts of it are no rivals."""
    worth = [one.score * one.facts.area**0.25 for one in proposals]
    best = int(np.argmax(worth))
    if proposals[best].score < CLEAR:
        return None
    whole = proposals[best].mask
    rivals = [value for k, (one, value) in enumerate(zip(proposals, worth, strict=True)) if k != best and (one.mask & whole).sum() <= 0.7 * one.mask.sum()]
    return best if max(rivals, default=0.0) < 0.75 * worth[best] else None


def _wants_face(terms: Sequence[Term]) -> bool:
    return any(term.field == "kind" and term.value == "face" and not term.no for term in terms)


def _said(term: Term) -> str:
    if term.field == "unknown":
        return f'"{term.words}" (not known, ignored)'
    if term.field == "any":
        return f"{term.words} (anything)"
    value = {"rank": f"the one furthest {term.value}" if term.value in ("left", "right") else f"the most {term.value}"}.get(term.field, term.value)
    return f"{'not ' if term.no else ''}{term.words} ({term.field}{'' if value == term.words else f': {value}'})"


def _fit(term: Term, facts: Facts, source: str, everyone: Sequence[Facts], knows: bool) -> float:
    """0..1: how well one word fits one thing."""
    weigh: dict[str, Callable[[], float]] = {
        "colour": lambda: _colour(term.value, facts, everyone),
        "kind": lambda: _kind(term.value, facts, source, knows),
        "place": lambda: _place(term.value, facts),
        "size": lambda: _size(term.value, facts, everyone),
        "motion": lambda: _motion(term.value, facts, everyone),
        "speed": lambda: _speed(term.value, facts, everyone),
        "shape": lambda: 1.0 if facts.shape == term.value else 0.45 if facts.shape == "compact" else 0.3,
    }
    return weigh[term.field]() if term.field in weigh else 1.0


def _colour(name: str, facts: Facts, everyone: Sequence[Facts]) -> float:
    if name in ("dark", "light"):
        order = sorted(one.light for one in everyone)
        middle = order[len(order) // 2] if len(order) > 2 else 50.0
        away = (facts.light - (middle + 50.0) / 2) * (1 if name == "light" else -1)
        return float(np.clip(0.5 + away / 40, 0.05, 1.0))
    if name == "colourful":
        return float(np.clip(0.3 + 0.7 * sum(share for one, share in facts.colours if one not in ("black", "white", "grey", "brown")), 0, 1))
    total = 0.0
    for one, share in facts.colours:
        total += share * (1.0 if one == name else 0.25 * NEIGHBOURS.get(frozenset((one, name)), 0.0))
    return float(np.clip(total / 0.5, 0.04, 1.0))


def _kind(name: str, facts: Facts, source: str, knows: bool) -> float:
    sure = dict(facts.kinds)
    if name in ("person", "cyclist"):
        if source == "person":
            return 1.0
        if source == "face":
            return 0.5
        cycle = sure.get("bicycle", 0.0) if name == "cyclist" else 0.0
        upright = 0.42 if source == "moves" and facts.shape in ("tall", "compact", "long") else 0.25 if source == "moves" and not knows else 0.08
        return max(cycle, upright if not (facts.kinds and facts.kinds[0][1] > 0.6) else 0.05)
    if name == "face":
        return 1.0 if source == "face" else 0.35 if source == "person" else 0.05
    wanted = GROUPS.get(name, (name,))
    if source in ("person", "face"):
        return 0.5 if source == "person" and sure.get("person", 1.0) < 0.7 and not knows else 0.05
    best = max(sure.get(one, 0.0) for one in wanted)
    if not facts.kinds:
        return 0.3 if knows else 0.5
    if best >= 0.15:
        return float(np.clip(0.3 + 0.7 * best, 0, 1))
    top = facts.kinds[0][0]
    near = any(frozenset((top, one)) in CLOSE_KINDS for one in wanted)
    # What the recogniser does not know well may be anything.
    return 0.25 if near else 0.3 if facts.kinds[0][1] < 0.35 else 0.08


def _place(name: str, facts: Facts) -> float:
    x, y = facts.centre
    if name == "middle":
        return float(np.clip(1.25 - 2.4 * np.hypot(x - 0.5, 0.5 * (y - 0.5)), 0.05, 1.0))
    at = {"left": 1 - x, "right": x, "top": 1 - y, "bottom": y}[name]
    return float(np.clip(1 / (1 + np.exp(-(at - 0.5) / 0.09)), 0.03, 1.0))


def _size(name: str, facts: Facts, everyone: Sequence[Facts]) -> float:
    middle = float(np.median([one.area for one in everyone]))
    ratio = np.log(max(facts.area, 1e-6) / max((middle * 0.02) ** 0.5, 1e-6))  # half against the others, half against what is usual
    if name == "medium":
        return float(np.exp(-((ratio / 1.0) ** 2)))
    return float(np.clip(1 / (1 + np.exp(-1.4 * ratio * (1 if name == "big" else -1))), 0.1, 1.0))


def _motion(name: str, facts: Facts, everyone: Sequence[Facts]) -> float:
    fastest = max(max(one.speed for one in everyone), 1e-6)
    if name == "still":
        return 1.0 if facts.motion == "still" else float(np.clip(0.6 - facts.speed / 0.05, 0.05, 0.6))
    if name == "moving":
        return 0.1 if facts.motion == "still" else float(np.clip(0.6 + 0.4 * facts.speed / fastest, 0, 1))
    if facts.motion == name:
        return 1.0
    if facts.motion == "still":
        return 0.25 if name in ("towards", "away") else 0.15
    if name in ("towards", "away"):
        way = facts.growth * (1 if name == "towards" else -1)
        return float(np.clip(0.3 + 4 * way, 0.05, 0.9))
    opposite = {"left": "right", "right": "left", "up": "down", "down": "up"}
    return 0.05 if facts.motion == opposite[name] else 0.3


def _speed(name: str, facts: Facts, everyone: Sequence[Facts]) -> float:
    fastest = max(max(one.speed for one in everyone), 1e-6)
    share = facts.speed / fastest
    return float(np.clip(share if name == "fast" else 1.1 - share, 0.15, 1.0))


def _order(term: Term, facts: Sequence[Facts], left: np.ndarray) -> list[int]:
    """Those that are left, the one that the rank asks for first."""
    keys: dict[str, Callable[[Facts], float]] = {
        "left": lambda one: one.centre[0], "right": lambda one: -one.centre[0], "top": lambda one: one.centre[1], "bottom": lambda one: -one.centre[1], "middle": lambda one: abs(one.centre[0] - 0.5),
        "big": lambda one: -one.area, "small": lambda one: one.area, "fast": lambda one: -one.speed, "slow": lambda one: one.speed, "tall": lambda one: -one.area * (2 if one.shape == "tall" else 1),
        "near": lambda one: -(one.centre[1] + 1.5 * one.area**0.5), "far": lambda one: one.centre[1] + 1.5 * one.area**0.5,
    }  # fmt: skip
    key = keys[term.value.split()[0]]
    return sorted((int(k) for k in left), key=lambda k: key(facts[k]))


def _place_of(term: Term, count: int) -> int:
    number = int(term.value.split()[1]) if " " in term.value else 1
    return min(count, number if number > 0 else count) - 1
