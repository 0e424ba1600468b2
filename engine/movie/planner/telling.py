"""What is told of each scene: the narrator's line, short enough to be spoken in its time, the card's heading, and the film's title and logline."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from engine.movie.planner.cast import Role
from engine.movie.planner.idea import Idea
from engine.movie.planner.journey import NIGHTLY, Stage, storm_of
from engine.movie.planner.lines import HEADINGS, LINES, LOGLINE_ALONE, LOGLINES, MORE, ROAD_MORE, TITLES
from engine.movie.planner.staging import Shot
from engine.movie.planner.wishes import OPEN, WISHES
from engine.world.spec import AIR, WATER

PACE = 2.3
"""Words a second of a calm narrator."""

BREATH = 0.8
"""Seconds of a scene in which nobody speaks."""

FULL = 0.5
"""A line is chosen among those that fill this share of the time, where there are such."""

SENTENCE = re.compile(r"[^.!?…]+[.!?…]*[\"”’]?\s*")
MOST_SENTENCES, MOST_LETTERS = 4, 390

LANDS = {"sea": "the sea", "beach": "the beach", "hills": "the hills", "mountains": "the mountains", "forest": "the forest", "desert": "the desert", "snow field": "the snow", "city": "the city", "river": "the river"}
WHERES = {"sea": "out at sea", "beach": "on the beach", "hills": "in the hills", "mountains": "in the mountains", "forest": "in the forest", "desert": "in the desert", "snow field": "in the snow", "city": "in the city", "river": "by the river"}
ON_WATER = {"sea": "out at sea", "river": "on the river", "beach": "near the beach"}
IN_AIR = {"sea": "above the sea", "mountains": "above the mountains", "hills": "over the hills", "forest": "above the forest", "city": "above the city"}
NAMED_PLACES = {"the harbour": "in the harbour", "the lake": "on the lake", "the farm": "on the farm", "the garden": "in the garden", "the coast": "on the coast", "the park": "in the park", "the meadow": "in the meadow", "the pond": "on the pond"}
TIMES = {"dawn": "morning", "day": "day", "sunset": "evening", "night": "night"}
SMALL = frozenset({"a", "an", "the", "and", "of", "to", "in", "on", "at", "for", "with", "by", "from"})
"""Words that stay small in a title."""


@dataclass
class Teller:
    """Tells a film scene by scene; what was once told is not told again while there is anything else."""

    idea: Idea
    hero: Role
    friend: Role | None
    from_start: bool
    rng: Random
    introduced: bool = False
    met: bool = False
    used: set[str] = field(default_factory=set)
    lands: list[str] = field(default_factory=list)
    _slots_of: dict[Shot | None, dict[str, str]] = field(default_factory=dict)

    def line(self, shot: Shot, seconds: float) -> str:
        """What the narrator says; "" where there is no time for words."""
        room = int(PACE * (seconds - BREATH))
        able = self._able(LINES.get(shot.beat, LINES["weather"]), shot, room)
        fresh = [template for template in able if template not in self.used] or able
        # The film must tell what is wished, and that it came true.
        must = {"want": ("{do}", "{say}"), "once": ("{do}", "{say}"), "climax": ("{did}", "{goal}")}.get(shot.beat, ())
        fresh = [template for template in fresh if any(slot in template for slot in must)] or fresh
        full = [template for template in fresh if self._words(template, shot) >= FULL * min(room, 9)]
        chosen = self.rng.choice(full) if full else max(fresh, key=lambda template: self._words(template, shot), default="")
        played = self._played(shot, room) if not self.introduced and ("{first}" in chosen or "{First}" in chosen or shot.beat in ("introduce", "once")) else ""
        told = [self._filled(chosen, shot)] if chosen else []
        self._note(chosen)
        if played and len(" ".join([*told, played]).split()) <= room:
            told.append(played)
        elif played and shot.beat == "introduce":
            told = [played]
        more = list(MORE.get(shot.beat, ROAD_MORE))
        self.rng.shuffle(more)
        for template in self._able(more, shot, room):
            words = len(" ".join(told).split()) + self._words(template, shot)
            if told and template not in self.used and words <= room * 0.9 and len(told) < MOST_SENTENCES and self._filled(template, shot) not in told:
                told.append(self._filled(template, shot))
                self._note(template)
        self.met = self.met or shot.beat == "friend" or self.from_start
        self.lands.append(shot.stage.place)
        line = " ".join(told)
        return line if len(line) <= MOST_LETTERS else told[0][:MOST_LETTERS]

    def heading(self, shot: Shot) -> str:
        """The card's title, another one each time while there are any."""
        options = [*HEADINGS.get(shot.beat, ()), "{Time} {where}"]
        filled = [self._filled(option, shot) for option in options]
        self.rng.shuffle(filled)
        fresh = [text for text in filled if text not in self.used]
        chosen = (fresh or [filled[0]])[0]
        self.used.add(chosen)
        return chosen[:1].upper() + chosen[1:80]

    def title(self) -> str:
        """The film's title."""
        wish = WISHES[self.idea.wish or OPEN]
        name = _titled(self.hero.called)
        goal = _titled(self._goal() if not self._goal().startswith(("a ", "an ")) else "the " + self._goal().split(" ", 1)[1])
        did = wish.did.format(goal=goal, was="Were" if self.hero.count > 1 else "Was", its="Its", it="It")
        about = bool(self.idea.goal) and "{goal}" in wish.do
        options = [one for one in TITLES["goal" if about else "plain"] if "{did}" not in one or ("," not in did and not did.startswith(("Wa", "We", "ha", "Ha", "wa", "we")))]
        options = [one for one in options if "Search" not in one or self.idea.wish == "find"]
        options = [one for one in options if "Way to" not in one or self.idea.target or self.idea.wish in ("find", "visit", "see")]
        texts = [_titled(one.format(Name=name, Goal=goal, did=_titled(did), title=_titled(wish.title.format(goal=goal)))) for one in options]
        short = [text for text in texts if len(text) <= 60] or [text[:80] for text in texts]
        chosen = self.rng.choice(short)
        return chosen[:1].upper() + chosen[1:]

    def logline(self, stages: list[Stage]) -> str:
        """The film in one sentence."""
        places = list(dict.fromkeys(LANDS[stage.place] for stage in stages))[:3]
        lands = places[0] if len(places) == 1 else f"{', '.join(places[:-1])} and {places[-1]}"
        pattern = self.rng.choice(LOGLINES) if self.friend is not None and self.idea.wish not in ("meet", "help") else LOGLINE_ALONE
        storm = next((storm_of(stage.place, stage.weather) for stage in stages if stage.weather in ("rain", "snow", "fog")), "storm")
        many = self.hero.count > 1
        slots = {**self._slots(None), "lands": lands, "storm": storm, "s": "" if many else "s", "new": self.friend.first if self.friend else ""}
        text = pattern.format(**slots)
        return text[:1].upper() + text[1:300]

    def _goal(self) -> str:
        return (self.idea.goal or WISHES[self.idea.wish or OPEN].default).replace("{its}", self.hero.its)

    def _slots(self, shot: Shot | None) -> dict[str, str]:
        if shot not in self._slots_of:
            self._slots_of[shot] = self._all_slots(shot)
        return self._slots_of[shot]

    def _all_slots(self, shot: Shot | None) -> dict[str, str]:
        hero, wish = self.hero, WISHES[self.idea.wish or OPEN]
        was = "were" if hero.count > 1 else "was"
        base = {"goal": self._goal(), "its": hero.its, "it": hero.it, "was": was, "receiver": (self.idea.receiver or "a friend").replace("{its}", hero.its)}
        do = ("learn to " if self.idea.learning and "{goal}" not in wish.do else "") + wish.do.format(**base)
        say = do.replace(hero.its + " ", "my ") if hero.its in ("its", "his", "her", "their") else do
        slots = {
            **base, "do": do, "say": say, "doing": wish.doing.format(**base), "did": wish.did.format(**base), "lack": _capital(wish.lack.format(**base)), "them": hero.them, "hero": hero.called, "first": hero.first, "name": hero.called,
        }  # fmt: skip
        if self.friend is not None:
            slots |= {"friend": self.friend.called, "new": self.friend.first}
        if shot is not None:
            stage = shot.stage
            home = self.idea.place_name if stage.place == self.idea.place else ""
            where = NAMED_PLACES.get(home) or (ON_WATER if hero.kind in WATER else IN_AIR if hero.kind in AIR else {}).get(stage.place) or WHERES[stage.place]
            slots |= {"land": home or LANDS[stage.place], "where": where, "storm": storm_of(stage.place, stage.weather), "time": TIMES[stage.time]}
            slots |= {"land_cap": _capital(slots["land"]), "where_cap": _capital(where)}
            if shot.passing is not None:
                slots["other"] = shot.passing.first
        return {**slots, **{name[:1].upper() + name[1:]: _capital(text) for name, text in slots.items()}}

    def _able(self, templates: tuple[str, ...] | list[str], shot: Shot, room: int) -> list[str]:
        """Those that fit the scene and its time."""
        return [template for template in templates if self._fits(template, shot) and self._words(template, shot) <= room]

    def _fits(self, template: str, shot: Shot) -> bool:
        when, bar, text = template.partition("|")
        tags = when.split() if bar else []
        text = text if bar else template
        first = "{first}" in text or "{First}" in text
        if (first and self.introduced and shot.beat not in ("once", "only")) or (not first and not self.introduced and shot.beat in ("introduce", "once")):
            return False
        if "our hero" in text and self.hero.count > 1:
            return False
        if ("{other}" in text or "{Other}" in text) and shot.passing is None:
            return False
        company = self.friend is not None and (self.met or self.from_start or self.friend in shot.others)
        needs_friend = "friend" in tags or "{friend}" in text or "{Friend}" in text
        if needs_friend and not company or ("{new}" in text.casefold() and (self.friend is None or self.from_start)):
            return False
        if shot.beat == "friend" and ("own" in tags) != self.from_start:
            return False
        if "own" in tags and not self.from_start:
            return False
        if "new" in tags and shot.stage.place in self.lands:
            return False
        nightly = self.idea.goal_thing is not None and self.idea.goal_thing.noun in NIGHTLY
        if "sky" in tags and not (nightly and shot.stage.time == "night"):
            return False
        if "goal" in tags and "{goal}" not in WISHES[self.idea.wish or OPEN].do:
            return False
        moments = [tag for tag in tags if tag not in ("friend", "own", "new", "sky", "goal")]
        return not moments or shot.stage.time in moments or shot.stage.weather in moments

    def _played(self, shot: Shot, room: int) -> str:
        if not self.hero.played:
            return ""
        plays = f"{self.hero.phrase} {'play' if self.hero.count > 1 else 'plays'}"
        name = self.hero.called if not self.hero.called.startswith("the ") else f"the {self.hero.called.split()[-1]}"
        texts = (f"In our story, {plays} {self.hero.called}.", _capital(f"{plays} {self.hero.called}."), _capital(f"{plays} {name}."))
        return next((text for text in texts if len(text.split()) <= room), "")

    def _words(self, template: str, shot: Shot) -> int:
        return len(self._filled(template, shot).split())

    def _filled(self, template: str, shot: Shot) -> str:
        return template.partition("|")[2].format(**self._slots(shot)) if "|" in template else template.format(**self._slots(shot))

    def _note(self, template: str) -> None:
        self.used.add(template)
        self.introduced = self.introduced or "{first}" in template or "{First}" in template


def spoken(line: str, seconds: float) -> str:
    """As many whole sentences of a line as can be spoken in a scene's time; "" when not even the first can."""
    room = int(PACE * (seconds - BREATH))
    kept: list[str] = []
    for sentence in SENTENCE.findall(line):
        if len(" ".join([*kept, sentence]).split()) > room:
            break
        kept.append(sentence.strip())
    return " ".join(kept)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _titled(text: str) -> str:
    """Title case: small words stay small but for the first and behind a colon."""
    out: list[str] = []
    for word in text.split():
        small = word.casefold() in SMALL and out and not out[-1].endswith(":")
        out.append(word.casefold() if small else _capital(word))
    return " ".join(out)
