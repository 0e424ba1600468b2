"""Who is seen and told of: the hero as prompts describe it and as the narrator calls it, stand-ins for whom the world cannot draw, and a friend.

A stand-in is the nearest kind by the sentence encoder among those that suit (a being for a being), or by the word table where the encoder is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from engine.errors import StudioError
from engine.movie.planner.idea import BEINGS, Idea, Thing
from engine.movie.planner.vocabulary import plural_of
from engine.settings import Settings
from engine.world.spec import COLOURS, HOMES
from engine.world.words import COLOUR_WORDS, MORE_COLOURS, MORE_SIZES, NATURAL, SIZE_WORDS

STAND_INS: dict[str, tuple[str, ...]] = {
    "she": ("cat", "bird", "duck", "horse", "butterfly", "boat", "rocket", "snowman"), "he": ("dog", "horse", "bird", "boat", "snowman", "duck", "rocket"), "they": ("dog", "cat", "bird", "boat", "rocket", "snowman", "car"),
    "beast": ("dog", "cat", "horse"), "flier": ("bird", "butterfly"), "swimmer": ("duck", "fish", "whale"), "wheels": ("car", "bus", "train"), "sails": ("boat",),
    "sky": ("balloon",), "thing": ("ball", "balloon", "umbrella", "house", "kite"), "name": ("cat", "dog", "bird"),
    "unknown": ("dog", "cat", "bird", "horse", "duck", "fish", "boat", "car", "rocket", "snowman", "balloon", "ball", "house", "flower", "tree", "umbrella", "train", "plane", "butterfly"),
}  # fmt: skip
"""Category -> the kinds that may stand in; the first is taken without the encoder."""

NEAR = {
    "cat": "cat, kitten, tiger, lion, mouse, rabbit, squirrel, girl, woman, queen, grandmother", "dog": "dog, puppy, fox, wolf, bear, sheep, pig, monkey, boy, man, king, grandfather, farmer, friend",
    "horse": "horse, pony, unicorn, donkey, cow, deer, elephant, giraffe, knight", "bird": "bird, dragon, bat, owl, angel, singer", "butterfly": "butterfly, bee, firefly, fairy, insect",
    "duck": "duck, frog, penguin, turtle, swan", "fish": "fish, octopus, crab, mermaid", "whale": "whale, dolphin, seal, shark", "boat": "boat, ship, sailor, fisherman, pirate, captain, lighthouse keeper",
    "rocket": "rocket, spaceship, astronaut, robot, alien", "snowman": "snowman, ghost, gnome, wizard, giant", "car": "car, tractor, truck, machine, driver", "bus": "bus, fire engine, passengers", "train": "train, tram, wagon",
    "plane": "plane, pilot", "balloon": "balloon, moon, cloud, planet", "ball": "ball, toy, stone, apple, pearl", "umbrella": "umbrella, tent, mushroom", "house": "house, castle, lighthouse, building",
    "kite": "kite, letter, leaf, feather, paper", "flower": "flower, plant, seed, garden", "tree": "tree, forest, plant",
}  # fmt: skip
"""What each kind may stand for; the encoder compares with each of these words."""

TINTS = {
    "dragon": "green", "fox": "orange", "bear": "brown", "panda": "white", "mouse": "grey", "rabbit": "white", "bunny": "white", "hare": "brown", "squirrel": "orange", "hedgehog": "brown", "lion": "yellow", "tiger": "orange",
    "wolf": "grey", "elephant": "grey", "monkey": "brown", "giraffe": "yellow", "cow": "white", "sheep": "white", "lamb": "white", "pig": "pink", "donkey": "grey", "deer": "brown", "dinosaur": "green", "unicorn": "white", "bat": "black",
    "bee": "yellow", "firefly": "yellow", "frog": "green", "turtle": "green", "tortoise": "green", "penguin": "black", "dolphin": "grey", "seal": "grey", "crab": "red", "octopus": "purple", "snail": "brown", "robot": "grey", "ghost": "white",
    "angel": "white", "witch": "black", "pirate": "black", "moon": "white", "star": "yellow", "sun": "yellow", "fire engine": "red", "submarine": "yellow", "wizard": "blue",
    "mermaid": "turquoise", "fairy": "pink", "owl": "brown", "seagull": "white", "gull": "white", "parrot": "green", "crow": "black", "swan": "white", "goose": "white", "dove": "white", "robin": "red", "eagle": "brown", "duckling": "yellow",
    "goldfish": "orange", "oak": "green", "airship": "grey", "taxi": "yellow", "locomotive": "black", "ship": "white", "sparrow": "brown", "swallow": "blue", "rose": "red", "lighthouse keeper": "blue", "knight": "grey",
}  # fmt: skip
"""The colour of whom none is said, where it is not the kind's own."""

FRIENDS: dict[str, tuple[str, ...]] = {
    "bird": ("white", "blue", "yellow", "grey"), "whale": ("blue", "grey"), "duck": ("white", "yellow"), "fish": ("yellow", "blue", "orange"), "dog": ("brown", "white"), "cat": ("black", "grey", "white"),
    "butterfly": ("yellow", "blue", "purple"), "horse": ("white", "brown"),
}  # fmt: skip
"""Who may come along, and in which colours."""

DEFAULT_HERO = Thing("boat", "boat", colour="red", size="small", article="a")


@dataclass(frozen=True)
class Role:
    """Somebody of the film. phrase: with its article, word for word in prompts; called: by the narrator once known; first: when first told of; it, them, its: its pronouns."""

    kind: str
    phrase: str
    called: str
    first: str
    it: str = "it"
    them: str = "it"
    its: str = "its"
    count: int = 1
    colour: str = ""
    played: bool = False
    """Another kind stands in for it."""


def hero_of(idea: Idea, written: bool, settings: Settings | None) -> tuple[Role, list[str]]:
    """The hero and what had to be decided. written: the phrase stays as the idea says it (for models that draw anything)."""
    notes: list[str] = []
    thing = idea.hero
    if thing is None:
        strange = f" ({', '.join(idea.strange)} is not in the word tables)" if idea.strange else ""
        notes.append(f"The idea names nobody that was understood{strange}: the film is about a small red boat.")
        thing = DEFAULT_HERO
    kind = thing.kind or stand_in(thing, settings, {friend.kind for friend in idea.friends})
    role = _role(thing, kind)
    if written:
        return Role(kind, _as_written(thing), role.called, role.first, role.it, role.them, role.its, role.count, role.colour), notes
    if not thing.kind:
        who = thing.name if not thing.noun else f"{'an' if thing.described[:1] in 'aeiou' else 'a'} {thing.described}"
        notes.append(f"The video model cannot draw {who}: {role.phrase} stands in. With a Stable Diffusion model of your own (video model: local) it stays as written.")
    return role, notes


def stand_in(thing: Thing, settings: Settings | None, taken: set[str]) -> str:
    """The kind that is drawn for somebody whom the world cannot draw; none of those that are taken, where there is another."""
    able = STAND_INS.get(thing.category, STAND_INS["unknown"])
    able = tuple(kind for kind in able if kind not in taken) or able
    if len(able) == 1 or settings is None or not thing.noun:
        return able[0]
    from engine import sentences

    try:
        if not sentences.ready(settings):
            return able[0]
        pairs = [(kind, word.strip()) for kind in able for word in NEAR[kind].split(",")]
        vectors = sentences.encode([thing.noun, *[word for _, word in pairs]], settings)
    except StudioError:
        return able[0]
    likeness = vectors[1:] @ vectors[0]
    return pairs[int(likeness.argmax())][0]


def friend_of(idea: Idea, hero: Role, places: list[str], rng: Random, settings: Settings | None = None) -> tuple[Role, bool]:
    """Who comes along, and whether from the start: the idea's own companion, else somebody at home in the places, of another kind and colour."""
    given = idea.goal_thing if idea.wish in ("meet", "help") and idea.goal_thing is not None and (idea.goal_thing.kind or idea.goal_thing.category in BEINGS) else None
    own = [thing for thing in idea.friends if thing.kind or thing.category in BEINGS]
    thing = given if given is not None else own[0] if own else None
    if thing is not None:
        kind = thing.kind or stand_in(thing, settings, {hero.kind})
        if kind != hero.kind or (thing.colour and thing.colour != hero.colour):
            return _role(thing, kind, other_than=hero.colour), thing is not given
    able = [kind for kind in FRIENDS if kind != hero.kind]
    homes = {kind: sum(place in HOMES[kind] for place in places) for kind in able}
    best = max(homes.values())
    kind = rng.choice([kind for kind in able if homes[kind] == best or (kind == "bird" and homes[kind])])
    colour = rng.choice([colour for colour in FRIENDS[kind] if colour != hero.colour])
    return _beside(kind, colour), False


def passer_by(place: str, hero: Role, friend: Role, rng: Random) -> Role | None:
    """Somebody who is at home in a place and only goes by; none where nobody is."""
    able = [kind for kind in FRIENDS if place in HOMES[kind] and kind not in (hero.kind, friend.kind)]
    if not able:
        return None
    kind = rng.choice(able)
    colour = rng.choice([colour for colour in FRIENDS[kind] if colour not in (hero.colour, friend.colour)] or list(FRIENDS[kind]))
    return _beside(kind, colour)


def _beside(kind: str, colour: str) -> Role:
    """Somebody beside the hero: drawn small, so that the eye stays with the hero."""
    return replace(_role(Thing(kind, kind, colour=colour, article="a"), kind), phrase=f"a small {colour} {kind}")


def goal_role(idea: Idea, hero: Role, friend: Role) -> Role | None:
    """What the hero wishes for, when the world draws it and it is neither the hero's nor the friend's kind."""
    thing = idea.goal_thing
    if thing is None or not thing.kind or thing.kind in (hero.kind, friend.kind):
        return None
    return _role(thing, thing.kind, other_than=hero.colour)


def world_colour(word: str) -> str:
    """The world's colour that a colour word means; "" for none."""
    return next((colour for colour, (usual, rare) in COLOUR_WORDS.items() if word in (*usual, *rare)), MORE_COLOURS.get(word, ""))


def world_size(word: str) -> str:
    """The world's size that a size word means; "" for none."""
    return next((size for size, (usual, rare) in SIZE_WORDS.items() if word in (*usual, *rare)), MORE_SIZES.get(word, ""))


def _role(thing: Thing, kind: str, other_than: str = "") -> Role:
    drawn = thing.noun if thing.kind else kind
    colour = thing.colour if world_colour(thing.colour) else TINTS.get(thing.noun, NATURAL[kind])
    if not thing.colour and colour == other_than:
        colour = next(other for other in FRIENDS.get(kind, COLOURS) if other != other_than)
    size = thing.size if world_size(thing.size) else ""
    phrase = _counted(" ".join(part for part in (size, colour) if part), drawn, thing.count)
    it, them, its = {"she": ("she", "her", "her"), "he": ("he", "him", "his")}.get(thing.category, ("it", "it", "its"))
    noun = thing.noun or kind
    looks = " ".join(part for part in (*thing.qualities[:1], {"small": "little"}.get(size, size) if not thing.qualities else "", thing.colour) if part)
    if thing.count > 1:
        it, them, its = "they", "them", "their"
        known = f"the {'two' if thing.count == 2 else 'three'} {looks} {plural_of(noun)}".replace("  ", " ")
        return Role(kind, phrase, known, known.removeprefix("the "), it, them, its, thing.count, world_colour(colour), not thing.kind)
    first = f"the {looks} {noun}" if "last" in thing.qualities[:1] else _counted(looks if thing.noun else f"{size} {colour}".strip(), noun, 1)
    if thing.name:
        name = thing.name[:1].upper() + thing.name[1:]
        pronouns = (it, them, its) if thing.category in ("she", "he") else (name, name, f"{name}'s")
        return Role(kind, phrase, name, f"{first} called {name}", *pronouns, 1, world_colour(colour), bool(thing.noun) and not thing.kind)
    if thing.category == "they":
        it, them, its = f"the {noun}", f"the {noun}", f"the {noun}'s"
    return Role(kind, phrase, f"the {looks} {noun}".replace("  ", " "), first, it, them, its, 1, world_colour(colour), not thing.kind)


def _counted(looks: str, noun: str, count: int) -> str:
    if count > 1:
        return f"{'two' if count == 2 else 'three'} {looks} {plural_of(noun)}".replace("  ", " ")
    words = f"{looks} {noun}".strip()
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"


def _as_written(thing: Thing) -> str:
    if not thing.noun:
        return thing.name
    phrase = _counted(" ".join(part for part in (*thing.qualities, thing.size, thing.colour) if part), thing.noun, thing.count)
    return f"{phrase} named {thing.name}" if thing.name else phrase
