"""The words of the world: every noun, colour, motion, camera move, weather, time and place with its synonyms. Data only.

Where a pair of lists is given, the second holds the phrasings that captions use only when held-out wording is asked for.
"""

from __future__ import annotations

NOUNS: dict[str, tuple[list[str], list[str]]] = {
    "balloon": (["balloon", "hot-air balloon", "hot air balloon"], ["gas balloon"]),
    "bird": (["bird", "songbird"], ["robin", "sparrow"]),
    "plane": (["plane", "airplane"], ["aeroplane", "airliner"]),
    "butterfly": (["butterfly"], ["moth"]),
    "helicopter": (["helicopter"], ["chopper"]),
    "kite": (["kite", "paper kite"], ["diamond kite"]),
    "rocket": (["rocket", "spaceship"], ["rocket ship", "spacecraft"]),
    "boat": (["boat", "sailing boat", "sailboat"], ["yacht", "sailing ship"]),
    "fish": (["fish", "reef fish"], ["tropical fish"]),
    "whale": (["whale"], ["blowing whale"]),
    "duck": (["duck"], ["duckling"]),
    "car": (["car"], ["automobile", "motor car"]),
    "bus": (["bus", "city bus"], ["coach", "school bus"]),
    "train": (["train", "steam train"], ["locomotive", "railway train"]),
    "bicycle": (["bicycle", "bike"], ["cyclist", "bike rider"]),
    "cat": (["cat", "kitten"], ["kitty", "pussycat"]),
    "dog": (["dog", "puppy"], ["hound", "doggy"]),
    "horse": (["horse", "pony"], ["stallion", "mare"]),
    "ball": (["ball", "beach ball"], ["toy ball"]),
    "house": (["house", "cottage"], ["hut"]),
    "tree": (["tree", "leafy tree"], ["oak", "apple tree"]),
    "flower": (["flower", "daisy"], ["blossom", "tulip"]),
    "umbrella": (["umbrella", "parasol"], ["sunshade", "beach umbrella"]),
    "snowman": (["snowman"], ["man of snow"]),
    "windmill": (["windmill"], ["mill"]),
}

NATURAL: dict[str, str] = {
    "balloon": "red", "bird": "blue", "plane": "white", "butterfly": "orange", "helicopter": "yellow", "kite": "red", "rocket": "red",
    "boat": "red",
    "fish": "orange", "whale": "blue", "duck": "yellow", "car": "red", "bus": "yellow", "train": "green", "bicycle": "blue",
    "cat": "orange", "dog": "brown",
    "horse": "brown", "ball": "red", "house": "red", "tree": "green", "flower": "pink", "umbrella": "red", "snowman": "red",
    "windmill": "white",
}  # fmt: skip
"""The colour of a thing of which none is said."""

MORE_NOUNS: dict[str, list[str]] = {
    "balloon": ["airship", "🎈"],
    "bird": ["gull", "seagull", "sea bird", "eagle", "parrot", "crow", "owl", "swallow", "dove", "🐦"],
    "plane": ["jet", "aircraft", "✈"],
    "butterfly": ["🦋"],
    "helicopter": ["🚁"],
    "kite": ["🪁"],
    "rocket": ["🚀"],
    "boat": ["ship", "sail boat", "river boat", "⛵", "🚤"],
    "fish": ["goldfish", "clownfish", "🐟", "🐠"],
    "whale": ["🐳", "🐋"],
    "duck": ["swan", "goose", "🦆"],
    "car": ["taxi", "cab", "truck", "van", "🚗", "🚙"],
    "bus": ["🚌", "tram"],
    "train": ["engine", "🚂", "🚆"],
    "bicycle": ["rider", "mountain bike", "🚲", "🚴"],
    "cat": ["🐱", "🐈"],
    "dog": ["🐶", "🐕"],
    "horse": ["🐴", "🐎"],
    "ball": ["football", "⚽"],
    "house": ["home", "cabin", "🏠", "🏡"],
    "tree": ["🌳"],
    "flower": ["rose", "🌸", "🌼", "🌷"],
    "umbrella": ["☂", "🏖", "☔"],
    "snowman": ["⛄", "☃"],
}
"""Understood, but never written in captions."""

PLURALS = {
    "butterflies": "butterfly", "fish": "fish", "fishes": "fish", "buses": "bus", "busses": "bus", "daisies": "daisy",
    "puppies": "puppy", "ponies": "pony",
    "snowmen": "snowman", "coaches": "coach", "doggies": "doggy", "kitties": "kitty", "geese": "goose", "aircraft": "aircraft",
    "spacecraft": "spacecraft",
}  # fmt: skip

COLOUR_WORDS: dict[str, tuple[list[str], list[str]]] = {
    "red": (["red", "bright red"], ["crimson", "scarlet"]),
    "orange": (["orange"], ["tangerine", "bright orange"]),
    "yellow": (["yellow", "bright yellow"], ["golden", "lemon yellow"]),
    "green": (["green"], ["emerald", "grass green"]),
    "blue": (["blue", "bright blue"], ["navy", "sky blue"]),
    "purple": (["purple", "violet"], ["lilac", "lavender"]),
    "pink": (["pink"], ["rosy", "hot pink"]),
    "brown": (["brown"], ["chestnut", "chocolate brown"]),
    "white": (["white"], ["snow white", "ivory"]),
    "black": (["black"], ["jet black", "ebony"]),
    "grey": (["grey", "gray"], ["silver", "slate grey"]),
    "turquoise": (["turquoise", "teal"], ["cyan", "aqua"]),
}

MORE_COLOURS = {
    "magenta": "pink",
    "gold": "yellow",
    "beige": "white",
    "cream": "white",
    "indigo": "purple",
    "azure": "blue",
    "maroon": "red",
    "olive": "green",
    "dark red": "red",
    "light blue": "blue",
    "dark blue": "blue",
    "dark green": "green",
    "light green": "green",
    "lime": "green",
    "mauve": "purple",
    "amber": "orange",
}

SIZE_WORDS: dict[str, tuple[list[str], list[str]]] = {
    "small": (["small", "little"], ["tiny"]),
    "medium": ([], ["medium sized"]),
    "large": (["large", "big"], ["huge", "giant"]),
}
MORE_SIZES = {
    "mini": "small",
    "miniature": "small",
    "enormous": "large",
    "great": "large",
    "gigantic": "large",
    "massive": "large",
    "medium": "medium",
}

SPEED_WORDS: dict[str, tuple[list[str], list[str]]] = {
    "slow": (["slowly", "gently"], ["at a slow pace", "unhurriedly"]),
    "fast": (["quickly", "fast"], ["at high speed", "swiftly"]),
}
MORE_SPEEDS = {
    "rapidly": "fast",
    "in a hurry": "fast",
    "speedily": "fast",
    "at full speed": "fast",
    "quick": "fast",
    "slow": "slow",
    "lazily": "slow",
    "leisurely": "slow",
    "gradually": "slow",
    "calmly": "slow",
    "softly": "slow",
    "hastily": "fast",
    "rapid": "fast",
    "swift": "fast",
    "briskly": "fast",
}

DIRECTION_WORDS: dict[str, tuple[list[str], list[str]]] = {
    "left": (["to the left", "leftwards", "from right to left", "towards the left"], ["left", "in from the right", "toward the left side"]),
    "right": (
        ["to the right", "rightwards", "from left to right", "towards the right"],
        ["right", "in from the left", "toward the right side"],
    ),
    "up": (["upwards", "up", "straight up"], ["higher and higher", "up into the air", "skywards"]),
    "down": (["downwards", "down", "straight down"], ["lower and lower", "down from above", "groundwards"]),
}
MORE_DIRECTIONS = {
    "leftward": "left",
    "rightward": "right",
    "upward": "up",
    "downward": "down",
    "skyward": "up",
    "higher": "up",
    "lower": "down",
    "from the right": "left",
    "from the left": "right",
    "left side": "left",
    "right side": "right",
    "toward the left": "left",
    "toward the right": "right",
    "to left": "left",
    "to right": "right",
    "from bottom to top": "up",
    "from top to bottom": "down",
    "into the sky": "up",
    "to the ground": "down",
    "from the top": "down",
    "to the top": "up",
    "to the bottom": "down",
    "east": "right",
    "west": "left",
    "right to left": "left",
    "left to right": "right",
    "←": "left",
    "→": "right",
    "↑": "up",
    "↓": "down",
    "⬅": "left",
    "➡": "right",
    "⬆": "up",
    "⬇": "down",
    "into the air": "up",
    "from below": "up",
    "from above": "down",
}

POSITION_WORDS = {
    "on the left": "left",
    "on the right": "right",
    "at the left": "left",
    "at the right": "right",
    "on the left side": "left",
    "on the right side": "right",
    "in the middle": "middle",
    "in the centre": "middle",
    "in the center": "middle",
    "at the top": "top",
    "at the bottom": "bottom",
}

TRAVEL_VERBS: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    "air": ([("flies", "flying"), ("glides", "gliding"), ("moves", "moving")], [("soars", "soaring"), ("heads", "heading")]),
    "float": ([("drifts", "drifting"), ("floats", "floating"), ("moves", "moving")], [("wafts", "wafting"), ("heads", "heading")]),
    "sail": ([("sails", "sailing"), ("moves", "moving")], [("cruises", "cruising"), ("heads", "heading")]),
    "swim": ([("swims", "swimming"), ("moves", "moving")], [("paddles", "paddling"), ("heads", "heading")]),
    "drive": ([("drives", "driving"), ("rolls", "rolling"), ("moves", "moving")], [("travels", "travelling"), ("heads", "heading")]),
    "walk": ([("walks", "walking"), ("runs", "running"), ("moves", "moving")], [("trots", "trotting"), ("heads", "heading")]),
    "roll": ([("rolls", "rolling"), ("moves", "moving")], [("tumbles", "tumbling"), ("heads", "heading")]),
    "slide": ([("moves", "moving"), ("slides", "sliding")], [("shifts", "shifting"), ("travels", "travelling")]),
}

GAITS = {
    "balloon": "float", "bird": "air", "plane": "air", "butterfly": "air", "helicopter": "air", "kite": "air", "rocket": "air",
    "boat": "sail",
    "fish": "swim", "whale": "swim", "duck": "swim", "car": "drive", "bus": "drive", "train": "drive", "bicycle": "drive",
    "cat": "walk", "dog": "walk",
    "horse": "walk", "ball": "roll",
}  # fmt: skip
"""Kind -> how it travels; all others slide."""

MOTION_PHRASES: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]]]] = {
    "up": ([("rises", "rising"), ("climbs", "climbing")], [("ascends", "ascending")]),
    "down": ([("sinks", "sinking"), ("comes down", "coming down")], [("descends", "descending")]),
    "bounce": (
        [("bounces", "bouncing"), ("hops up and down", "hopping up and down")],
        [("jumps up and down", "jumping up and down"), ("leaps", "leaping")],
    ),
    "circle": (
        [("circles", "circling"), ("moves in a circle", "moving in a circle")],
        [("goes round and round", "going round and round"), ("loops", "looping")],
    ),
    "approach": (
        [("comes closer", "coming closer"), ("approaches", "approaching")],
        [("comes towards us", "coming towards us"), ("draws nearer", "drawing nearer")],
    ),
    "sway": (
        [("sways", "swaying"), ("rocks from side to side", "rocking from side to side")],
        [("swings to and fro", "swinging to and fro"), ("wobbles", "wobbling")],
    ),
    "still": (
        [("stays still", "staying still"), ("stands still", "standing still")],
        [("does not move", "not moving"), ("rests", "resting")],
    ),
}
"""Motion -> (finite, participle) phrases."""

MOTION_WORDS: dict[str, list[str]] = {
    "up": ["rise", "climb", "ascend", "take off", "lift off", "launch", "go up"],
    "down": ["sink", "descend", "land", "dive", "drop", "fall", "come down", "go down"],
    "bounce": ["bounce", "hop", "jump", "leap", "up and down", "bob"],
    "circle": ["circle", "loop", "orbit", "spin around", "in a circle", "in circles", "round and round", "around in circles", "go around"],
    "approach": [
        "approach",
        "closer",
        "nearer",
        "towards us",
        "toward us",
        "towards the camera",
        "toward the camera",
        "towards the viewer",
        "toward the viewer",
        "come closer",
        "draw nearer",
        "get closer",
        "get bigger",
    ],
    "sway": [
        "sway",
        "swing",
        "rock",
        "wobble",
        "from side to side",
        "side to side",
        "to and fro",
        "back and forth",
        "swing to and fro",
        "rock from side to side",
    ],
    "still": [
        "still",
        "stay still",
        "stand still",
        "motionless",
        "stationary",
        "does not move",
        "do not move",
        "not moving",
        "doesn't move",
        "don't move",
        "rest",
        "at rest",
        "parked",
        "stand",
        "sit",
        "wait",
        "hover",
        "sleep",
        "without moving",
        "immobile",
        "frozen",
        "unmoving",
        "stay",
        "sit still",
        "hang",
    ],
}
"""Words by which a motion is understood; verbs in their plain form."""

GO_WORDS = [
    "fly", "glide", "move", "soar", "head", "drift", "float", "waft", "sail", "cruise", "swim", "paddle", "drive", "roll", "travel",
    "walk", "run", "trot",
    "tumble", "slide", "shift", "go", "ride", "race", "gallop", "cross", "pass", "rush", "speed", "pedal", "wander", "stroll",
    "march", "journey", "chug", "dash",
    "crawl", "flutter", "come", "chase",
]  # fmt: skip
"""Verbs of motion that leave the direction open."""

IRREGULAR: dict[str, list[str]] = {
    "fly": ["flies", "flying", "flew", "flown"], "run": ["runs", "running", "ran"], "go": ["goes", "going", "went"], "rise": ["rises",
    "rising", "risen"],
    "swim": ["swims", "swimming", "swam"], "drive": ["drives", "driving", "drove"], "ride": ["rides", "riding", "rode"],
    "hop": ["hops", "hopping", "hopped"],
    "trot": ["trots", "trotting", "trotted"], "drop": ["drops", "dropping", "dropped"], "swing": ["swings", "swinging", "swung"],
    "fall": ["falls", "falling", "fell"],
    "sit": ["sits", "sitting", "sat"], "travel": ["travels", "travelling", "traveling", "travelled"], "stand": ["stands", "standing",
    "stood"], "bob": ["bobs", "bobbing"],
    "come": ["comes", "coming", "came"], "draw": ["draws", "drawing"], "get": ["gets", "getting"], "take": ["takes", "taking",
    "took"], "sink": ["sinks", "sinking", "sank"],
    "spin": ["spins", "spinning"], "chug": ["chugs", "chugging"], "stay": ["stays", "staying", "stayed"], "pass": ["passes",
    "passing", "passed"],
    "cross": ["crosses", "crossing", "crossed"], "dash": ["dashes", "dashing"], "rush": ["rushes", "rushing"], "march": ["marches",
    "marching"], "pan": ["pans", "panning"],
    "sleep": ["sleeps", "sleeping"], "speed": ["speeds", "speeding", "sped"], "hang": ["hangs", "hanging"], "approach": ["approaches",
    "approaching"],
    "carry": ["carries", "carrying"],
}  # fmt: skip


def forms(verb: str) -> list[str]:
    """A verb (its first word is inflected) in its plain form, third person, participle and past."""
    first, _, rest = verb.partition(" ")
    if first in IRREGULAR:
        made = IRREGULAR[first]
    elif first.endswith("e"):
        made = [first + "s", first[:-1] + "ing", first + "d"]
    else:
        made = [first + ("es" if first.endswith(("s", "sh", "ch", "x")) else "s"), first + "ing", first + "ed"]
    return [f"{one} {rest}".strip() for one in (first, *made)]


FACING_PHRASES: dict[str, tuple[list[str], list[str]]] = {
    "left": (["facing left", "looking to the left"], ["turned to the left", "that faces left"]),
    "right": (["facing right", "looking to the right"], ["turned to the right", "that faces right"]),
}

TIME_PHRASES: dict[str, tuple[list[str], list[str]]] = {
    "dawn": (["at dawn", "at sunrise", "in the early morning"], ["at daybreak", "at first light"]),
    "day": (["by day", "in the daytime", "at noon"], ["in broad daylight", "at midday"]),
    "sunset": (["at sunset", "in the evening"], ["at dusk", "at sundown"]),
    "night": (["at night", "in the night", "at midnight"], ["after dark", "under the stars"]),
}
TIME_WORDS: dict[str, list[str]] = {
    "dawn": ["dawn", "sunrise", "early morning", "morning", "daybreak", "first light", "rising sun", "🌅"],
    "day": ["day", "daytime", "noon", "daylight", "midday", "afternoon", "broad daylight", "lunchtime"],
    "sunset": ["sunset", "evening", "dusk", "sundown", "twilight", "golden hour", "setting sun", "🌇"],
    "night": [
        "night",
        "midnight",
        "nighttime",
        "night time",
        "after dark",
        "under the stars",
        "moonlight",
        "moonlit",
        "starry",
        "starlit",
        "stars",
        "moon",
        "🌙",
        "🌃",
        "tonight",
    ],
}

WEATHER_PHRASES: dict[str, tuple[list[str], list[str]]] = {
    "clear": (["", "", "under a clear sky", "in clear weather"], ["", "under a cloudless sky", "in fine weather"]),
    "cloudy": (["under a cloudy sky", "in cloudy weather", "beneath many clouds"], ["under an overcast sky", "below grey clouds"]),
    "rain": (["in the rain", "while it rains", "in rainy weather"], ["in a downpour", "as rain is falling"]),
    "snow": (["in falling snow", "while it snows", "in snowy weather"], ["among falling snowflakes", "during a snowfall"]),
    "fog": (["in the fog", "in foggy weather", "in thick mist"], ["amid the haze", "shrouded in mist"]),
}
WEATHER_WORDS: dict[str, list[str]] = {
    "clear": [
        "clear",
        "clear sky",
        "clear skies",
        "cloudless",
        "cloudless sky",
        "sunny",
        "fine weather",
        "blue sky",
        "blue skies",
        "sunshine",
        "good weather",
        "☀",
    ],
    "cloudy": [
        "cloudy",
        "clouds",
        "cloud",
        "overcast",
        "grey clouds",
        "gray clouds",
        "dark clouds",
        "white clouds",
        "grey sky",
        "gray sky",
        "☁",
    ],
    "rain": [
        "rain",
        "rains",
        "raining",
        "rainy",
        "downpour",
        "drizzle",
        "shower",
        "showers",
        "rainstorm",
        "storm",
        "stormy",
        "falling rain",
        "raindrops",
        "wet",
        "🌧",
    ],
    "snow": [
        "snow",
        "snows",
        "snowing",
        "snowy",
        "snowfall",
        "snowflakes",
        "blizzard",
        "falling snow",
        "snowstorm",
        "falling snowflakes",
        "🌨",
        "❄",
    ],
    "fog": ["fog", "foggy", "mist", "misty", "haze", "hazy", "🌫"],
}

PLACE_PHRASES: dict[str, tuple[list[str], list[str]]] = {
    "sea": (["at sea", "over the sea", "on the ocean"], ["by the open water", "above the waves"]),
    "beach": (["at the beach", "on a sandy beach", "by the beach"], ["at the seaside", "along the shore"]),
    "hills": (["in the hills", "among green hills", "over rolling hills"], ["in the countryside", "in a meadow"]),
    "mountains": (["in the mountains", "before the mountains", "among snowy mountains"], ["below the peaks", "in the alps"]),
    "forest": (["in the forest", "by a forest", "in front of the forest"], ["in the woods", "among the trees"]),
    "desert": (["in the desert", "over the desert", "in a sandy desert"], ["among the dunes", "amid sand dunes"]),
    "snow field": (["in a snow field", "on a snowy field", "over the snow field"], ["in a winter landscape", "on a snowy plain"]),
    "city": (["in the city", "in front of the city", "in town"], ["downtown", "on a city street"]),
    "river": (["at the river", "by a river", "over the river"], ["at the riverside", "beside a stream"]),
}
PLACE_WORDS: dict[str, list[str]] = {
    "sea": ["sea", "ocean", "open water", "waves", "high seas", "open sea", "seas", "🌊"],
    "beach": ["beach", "sandy beach", "seaside", "shore", "seashore", "coast", "beaches"],
    "hills": [
        "hills",
        "hill",
        "green hills",
        "rolling hills",
        "countryside",
        "meadow",
        "meadows",
        "field",
        "fields",
        "grass",
        "grassland",
        "green meadow",
        "farm",
        "park",
        "valley",
    ],
    "mountains": ["mountains", "mountain", "snowy mountains", "snowy mountain", "peaks", "alps", "mountain range", "snowy peaks", "🏔", "⛰"],
    "forest": ["forest", "woods", "wood", "woodland", "among the trees", "through the trees", "pines", "jungle", "green forest", "🌲"],
    "desert": ["desert", "sandy desert", "dunes", "sand dunes", "sahara", "🏜"],
    "snow field": [
        "snow field",
        "snow fields",
        "snowy field",
        "snowy fields",
        "snowfield",
        "winter landscape",
        "snowy plain",
        "snowy landscape",
        "snow landscape",
        "winter",
        "arctic",
        "tundra",
        "snowy hills",
        "field of snow",
        "white snow",
        "wintry",
    ],
    "city": ["city", "town", "downtown", "city street", "street", "streets", "skyline", "skyscrapers", "buildings", "road", "urban", "🏙"],
    "river": ["river", "stream", "riverside", "riverbank", "lake", "pond", "creek", "canal", "brook"],
}

CAMERA_PHRASES: dict[str, tuple[list[str], list[str]]] = {
    "still": (["", "", "the camera stays still", "the camera is fixed"], ["", "the camera does not move", "static shot"]),
    "pan left": (["the camera pans left", "the camera pans to the left"], ["the view pans towards the left", "a pan to the left"]),
    "pan right": (["the camera pans right", "the camera pans to the right"], ["the view pans towards the right", "a pan to the right"]),
    "tilt up": (["the camera tilts up", "the camera tilts upwards"], ["the view tilts up", "an upward tilt"]),
    "tilt down": (["the camera tilts down", "the camera tilts downwards"], ["the view tilts down", "a downward tilt"]),
    "zoom in": (["the camera zooms in", "zooming in"], ["the view zooms in", "the camera pushes in"]),
    "zoom out": (["the camera zooms out", "zooming out"], ["the view zooms out", "the camera pulls back"]),
    "follow": (["the camera follows it", "the camera moves along with it"], ["a tracking shot", "the camera tracks it"]),
}

CAMERA_NAMES = ["camera", "view", "shot", "frame", "lens"]

STYLE_WORDS = frozenset((
    "a", "about", "above", "across", "again", "air", "all", "alone", "along", "also", "amid", "among", "an", "and", "animate",
        "animation", "another",
    "any", "anywhere", "appears", "are", "around", "as", "at", "away", "back", "background", "be", "beautiful", "been", "before",
        "behind", "being",
    "below", "beneath", "beside", "between", "big", "both", "bottom", "bright", "but", "by", "calm", "can", "clip", "colorful",
        "colourful", "could",
    "craft", "create", "cut", "cute", "cutout", "dark", "deep", "did", "diorama", "distance", "do", "does", "down", "draw", "during",
        "each",
    "everything", "falling", "far", "features", "featuring", "few", "film", "first", "footage", "for", "foreground", "from", "front",
        "generate",
    "give", "great", "green", "ground", "had", "happily", "happy", "has", "have", "he", "her", "here", "him", "his", "how", "i", "if",
        "image",
    "imagine", "in", "includes", "inside", "into", "is", "it", "it's", "its", "just", "land", "layered", "let", "light", "like",
        "little", "long",
    "look", "looks", "lovely", "made", "make", "many", "me", "middle", "more", "most", "movie", "my", "near", "new", "next", "nice",
        "no", "not",
    "note", "nothing", "of", "off", "old", "on", "once", "one", "only", "onto", "or", "other", "our", "out", "outside", "over",
        "paper", "papercut",
    "past", "picture", "please", "pretty", "quiet", "quietly", "quite", "really", "same", "sand", "says", "scene", "second", "see",
        "seen", "she",
    "short", "shot", "should", "show", "shows", "shrouded", "side", "sky", "so", "some", "somebody", "something", "somewhere",
        "story", "style",
    "sun", "tells", "than", "that", "the", "their", "them", "then", "there", "these", "they", "thick", "third", "this", "those",
        "through", "time",
    "to", "together", "too", "top", "toward", "towards", "toy", "under", "up", "upon", "us", "very", "video", "view", "want", "was",
        "watch", "water",
    "we", "weather", "were", "what", "when", "where", "which", "while", "who", "will", "with", "without", "world", "would", "you", "your",
))  # fmt: skip
"""Words that carry no attribute of their own and are neither marked as understood nor as unknown."""
