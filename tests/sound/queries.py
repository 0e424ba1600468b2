"""What people and planners ask of the sound bank, with the sounds that are right. `TUNED` was looked at while captions were written; `HELD_OUT` was written before and never was."""

from __future__ import annotations

TUNED = (
    ("rain drumming on the roof", "ambience", "rain-roof"), ("footsteps in the snow", "effect", "steps-snow"), ("a ship far away blows its horn", "effect", "ship-horn"),
    ("wind howling over the hills", "ambience", "wind"), ("gentle waves on a beach", "ambience", "waves"), ("crackling campfire", "ambience", "fire"),
    ("birds singing at dawn", "ambience", "birds"), ("crickets on a summer night", "ambience", "crickets"), ("busy city street with cars", "ambience", "traffic"),
    ("people murmuring in a hall", "ambience", "crowd"), ("a brook babbling in the woods", "ambience", "stream"), ("deep under the sea", "ambience", "underwater"),
    ("drifting silently among the stars", "ambience", "space"), ("water dripping in a dark cave", "ambience", "cave"), ("the engine hums", "ambience", "engine"),
    ("riding on an old train", "ambience", "train"), ("a thunderclap", "effect", "thunder"), ("church bell tolling", "effect", "church-bell"),
    ("a little bell rings", "effect", "small-bell"), ("walking on gravel", "effect", "steps-gravel"), ("steps on wooden floor", "effect", "steps-wood"),
    ("a big splash", "effect", "splash"), ("something swooshes by", "effect", "whoosh"), ("a car drives by", "effect", "car-pass"),
    ("the train whistles", "effect", "train-whistle"), ("a dog barks twice", "effect", "dog"), ("the cat says meow", "effect", "cat"),
    ("hooves of a galloping horse", "effect", "gallop"), ("the door slams", "effect", "door"), ("someone knocks three times", "effect", "knock"),
    ("audience applauds", "effect", "applause"), ("glasses clinking together", "effect", "glass"), ("magic sparkles", "effect", "sparkle"),
    ("heart pounding", "effect", "heartbeat"), ("tick tock of a clock", "effect", "clock"), ("rocket lift-off", "effect", "rocket"),
    ("whale singing in the deep", "effect", "whale"), ("ducks quacking", "effect", "duck"), ("butterfly wings fluttering", "effect", "flutter"), ("old wood creaking", "effect", "creak"),
)  # fmt: skip

HELD_OUT = (
    ("it is pouring outside", "ambience", "rain"), ("soft drizzle on the leaves", "ambience", "drizzle"), ("a hurricane rages", "ambience", "storm"),
    ("cold winter silence", "ambience", "snow"), ("surf breaking against the cliffs", "ambience", "waves"), ("a mighty river rushes past", "ambience", "river"),
    ("logs burning in the hearth", "ambience", "fire"), ("morning birdsong in the park", "ambience", "birds"), ("leaves rustling in the trees", "ambience", "forest"),
    ("night insects", "ambience", "crickets"), ("downtown traffic noise", "ambience", "traffic"), ("chatter in a cafe", "ambience", "crowd"),
    ("rattling railway carriage", "ambience", "train"), ("hum of the spaceship", "ambience", "space"), ("the harbour with gulls crying", "ambience", "seagulls"),
    ("a breeze blowing", "ambience", "wind"), ("bubbles and fish below the surface", "ambience", "underwater"), ("lightning strikes nearby", "effect", "thunder"),
    ("the foghorn of a steamer", "effect", "ship-horn"), ("the locomotive toots", "effect", "train-whistle"), ("she walks through deep snow", "effect", "steps-snow"),
    ("he climbs the wooden stairs", "effect", "steps-wood"), ("the puppy yelps", "effect", "dog"), ("a kitten cries", "effect", "cat"),
    ("a duckling on the pond", "effect", "duck"), ("riders approach on horseback", "effect", "gallop"), ("the boat's timbers groan", "effect", "creak"),
    ("a stone drops into the pond", "effect", "splash"), ("the hall of the cathedral rings out the hour", "effect", "church-bell"), ("a cyclist rings", "effect", "bicycle-bell"),
    ("the balloon's gas flame", "effect", "balloon-burner"), ("a toast with champagne", "effect", "glass"), ("everyone bursts out laughing", "effect", "laughter"),
    ("clapping hands", "effect", "applause"), ("a fairy waves her wand", "effect", "sparkle"), ("a ball bounces", "effect", "boing"),
    ("a soap bubble bursts", "effect", "pop"), ("a light switch is flipped", "effect", "click"), ("one beat of a big drum", "effect", "drum"), ("the countdown ends and the rocket takes off", "effect", "rocket"),
)  # fmt: skip

NOTHING = ("the price of shares", "a philosophical thought", "blue paint", "democracy", "grammar lesson", "an empty spreadsheet", "xqzt vrrp", "sincerely yours", "tax return", "the colour green", "", "...", "🎬")
"""What no sound of the bank is."""
