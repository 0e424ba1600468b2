"""What a hero may wish, and how English tells it: before, while and when it comes true. Data only.

{goal} is what it is about, {receiver} who gets it, {its}, {it}, {was} the hero.
"""

from __future__ import annotations

from dataclasses import dataclass

MODAL = ("want", "learn")
"""Deeds that only say that another one is wished."""


@dataclass(frozen=True)
class Wish:
    """do: behind "wanted to"; doing: the way there; did: when it has come true; lack: how things stand before; default: the goal when none is said.

    leads: a place without another goal is where it leads.
    """

    do: str
    doing: str
    did: str
    lack: str
    default: str
    title: str
    leads: bool = False


WISHES: dict[str, Wish] = {
    "find": Wish("find {goal}", "looking for {goal}", "found {goal}", "Where could {goal} be?", "a treasure", "the Search for {goal}", leads=True),
    "see": Wish("see {goal}", "dreaming of {goal}", "saw {goal} at last", "What did {goal} look like, up close?", "the wide world", "{goal}", leads=True),
    "visit": Wish("visit {goal}", "on the way to {goal}", "stood before {goal}", "It had been so long.", "an old friend", "the Way to {goal}", leads=True),
    "travel": Wish("travel to {goal}", "on the way to {goal}", "reached {goal}", "The way was long.", "the end of the world", "the Way to {goal}", leads=True),
    "fly": Wish("fly", "dreaming of the sky", "flew", "If only {it} could fly!", "the sky", "the Dream of Flying"),
    "swim": Wish("swim", "dreaming of the water", "swam", "But the water was deep.", "the water", "the Great Swim"),
    "dance": Wish("dance", "dreaming of the dance", "danced", "But nobody danced there.", "the dance", "the Dance"),
    "sing": Wish("sing", "looking for a song", "sang", "But {it} had no song.", "a song", "the Song"),
    "meet": Wish("meet {goal}", "looking for {goal}", "met {goal}", "Somewhere, {goal} was waiting.", "a friend", "{goal}"),
    "help": Wish("help {goal}", "on the way to {goal}", "saved {goal}", "Somebody had to do it.", "a friend", "{goal}"),
    "win": Wish("win the race", "racing along", "won the race", "Could the smallest be the fastest?", "the race", "the Great Race"),
    "return": Wish("find the way home", "on the way home", "{was} home again", "Home was far away.", "home", "the Way Home"),
    "catch": Wish("catch {goal}", "chasing {goal}", "caught {goal}, and let it go", "It was always one step ahead.", "a falling star", "{goal}"),
    "explore": Wish("discover {goal}", "on the way to {goal}", "had discovered {goal}", "What lay behind the horizon?", "the wide world", "{goal}", leads=True),
    "bring": Wish("bring {goal} to {receiver}", "carrying {goal}", "had brought {goal} all the way", "Somebody was waiting for it.", "a gift", "{goal}", leads=True),
    "brave": Wish("be brave", "trying to be brave", "{was} not afraid any more", "But {it} {was} afraid.", "courage", "the Brave Heart"),
    "friend": Wish("find a friend", "looking for a friend", "had found a friend", "It was quiet, all alone.", "a friend", "the Search for a Friend"),
    "sleep": Wish("find a place to sleep", "looking for a quiet place", "fell fast asleep", "But sleep would not come.", "a quiet place", "the Quiet Night"),
    "play": Wish("play", "looking for somebody to play with", "played all day long", "But nobody was there to play with.", "a friend to play with", "the Best Day"),
    "climb": Wish("climb {goal}", "climbing {goal}", "stood on top of {goal}", "It was so very high.", "the highest mountain", "the Way up", leads=True),
    "wander": Wish("see the wide world", "on the way into the world", "saw the wide world", "There had to be more than this.", "the wide world", "the Wide World"),
    "horizon": Wish("see what lies behind the horizon", "on the way to the horizon", "saw what lies behind the horizon", "What lay behind the horizon?", "the horizon", "the Far Horizon"),
    "escape": Wish("be free", "running free", "{was} free", "There had to be a way.", "freedom", "the Great Escape"),
}
"""Deed -> how it is told."""

OPEN = "wander"
OPEN_WISHES = ("wander", "horizon", "friend")
"""The wishes of a hero of whom none is said."""
