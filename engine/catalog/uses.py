"""Under which heading a card stands in lists of models, and which tabs use it. A card says only which tabs cannot work without it."""

from __future__ import annotations

from engine.catalog.card import Card

BUILT_IN, VIDEO, PICTURES, EXPERTS, LANGUAGE, SOUND, OTHER = "Built in", "Video", "Pictures", "Experts", "Language", "Sound", "Other"
GROUPS = (BUILT_IN, VIDEO, PICTURES, EXPERTS, LANGUAGE, SOUND, OTHER)

OF_ROLE: dict[str, tuple[str, tuple[str, ...]]] = {
    "text to clip": (VIDEO, ("text-to-video", "movie")),
    "picture to clip": (VIDEO, ("text-to-video", "movie")),
    "text to picture": (PICTURES, ("text-to-video", "music-video", "movie")),
    "first picture": (PICTURES, ("text-to-video",)),
    "preview": (PICTURES, ("text-to-video", "subject-swap")),
    "upscale latents": (VIDEO, ("text-to-video",)),
    "edit video": (VIDEO, ("subject-swap", "text-to-video", "movie")),
    "replace a person": (VIDEO, ("subject-swap",)),
    "draw inside a mask": (PICTURES, ("subject-swap",)),
    "structure from depth": (PICTURES, ("subject-swap",)),
    "structure from edges": (PICTURES, ("subject-swap",)),
    "structure from pose": (PICTURES, ("subject-swap",)),
    "depth": (EXPERTS, ("subject-swap",)),
    "pose": (EXPERTS, ("subject-swap",)),
    "find by words": (EXPERTS, ("subject-swap",)),
    "cut out": (EXPERTS, ("subject-swap",)),
    "follow": (EXPERTS, ("subject-swap",)),
    "describe": (EXPERTS, ("subject-swap",)),
    "judge": (EXPERTS, ("text-to-video",)),
    "enlarge": (EXPERTS, ("text-to-video",)),
    "frames between": (EXPERTS, ("text-to-video",)),
    "sounds by words": (SOUND, ("movie",)),
    "write plans": (LANGUAGE, ("movie",)),
    "picture to motion": (VIDEO, ("text-to-video", "music-video", "movie")),
    "2x upscaling": (PICTURES, ("text-to-video",)),
    "prompt consistency": (EXPERTS, ("text-to-video", "music-video", "movie")),
    "hear": (SOUND, ("talking-head",)),
    "voice to mouth": (SOUND, ("talking-head",)),
    "naming things": (EXPERTS, ("subject-swap",)),
    "person masks": (EXPERTS, ("subject-swap",)),
    "face landmarks": (EXPERTS, ("talking-head", "subject-swap")),
    "sentence encoder": (LANGUAGE, ("movie",)),
    "text to speech": (SOUND, ("talking-head", "movie")),
    "pronunciation": (SOUND, ("talking-head", "movie")),
    "film music": (SOUND, ("movie",)),
}
"""Of a card's role: its heading, unless it is built in, and the tabs that use it."""


def group_of(card: Card) -> str:
    """The heading of a card."""
    if card.provider == "embedded":
        return BUILT_IN
    if card.role in OF_ROLE:
        return OF_ROLE[card.role][0]
    return next((group for word, group in (("clip", VIDEO), ("video", VIDEO), ("picture", PICTURES)) if word in card.role), OTHER)


def tabs_of(card: Card) -> tuple[str, ...]:
    """Ids of the tabs that use a card, those that need it first."""
    return tuple(dict.fromkeys((*card.tabs, *OF_ROLE.get(card.role, (OTHER, ()))[1])))
