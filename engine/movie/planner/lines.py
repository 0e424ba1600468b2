"""What the narrator may say and cards may be called, beat by beat. Data only.

Slots: {hero} {Hero} the hero once known, {first} {First} when it is first told of, {it} {It} {them} {its} its pronouns, {was} its verb; {friend} {Friend} {new} {New} the friend known and new;
{do} {doing} {did} the wish; {lack} how things stand before it; {goal} {Goal}; {land} where one is, {where} the same with its preposition, {storm}; {other} {Other} who goes by.
A line may begin with where it fits, before a bar: times, weathers, or `friend`, `sky` (the goal is in the sky), `goal` (the wish is for something), `own` (the companion is there from the start), `new` (a land not seen before).
"""

from __future__ import annotations

LINES: dict[str, tuple[str, ...]] = {
    "opening": (
        "dawn|Morning came softly to {land}.", "dawn|The day had only just begun, and {land} was still asleep.", "day|The sun stood high over {land}.", "sunset|The last light lay warm on {land}.",
        "night|Night lay quietly over {land}.", "Far away, {where}, lived {first}.", "Once, {where}, there {was} {first}.", "Once upon a time there {was} {first}.", "dawn day|It was a quiet day {where}.", "Once upon a time.",
    ),
    "introduce": (
        "This is the story of {first}.", "Here lived {first}.", "{where_cap} lived {first}, and everybody knew {them}.", "Every day {hero} looked out over {land} and wondered.",
        "{Hero} knew every corner of {land}.", "Nobody here was as curious as {hero}.", "Look, there: {first}.", "Once there {was} {first}.", "There once {was} {first}.", "{First} looked out over {land}.", "own|{Hero} and {friend} did everything together.", "And here is our hero: {first}.",
    ),
    "want": (
        "{Hero} had one great wish: to {do}.", "More than anything, {hero} wanted to {do}.", "\"One day,\" said {hero}, \"I will {say}.\"", "Day and night {hero} thought of one thing: to {do}.",
        "{Hero} wanted to {do}.", "{It} wanted to {do}.", "To {do}: that was the wish.", "{lack}", "One great wish.", "There was only one thing {hero} still wanted: to {do}.",
    ),
    "once": (
        "Once there {was} {first} who wanted to {do}.", "Once {first} wanted to {do}.", "There {was} once {first} with one great wish: to {do}.", "{First} had a wish.", "A wish.",
    ),
    "only": (
        "Once {first} wanted to {do}. And one day {it} {did}.", "Once {first} wanted to {do}, and nobody believed it. But one day, after a long journey, {hero} {did}.", "{First} {did}.", "And {it} {did}!",
    ),
    "set out": (
        "So {hero} set out.", "Off {it} went, across {land}.", "dawn day|One bright morning {hero} set out, and did not look back.", "{Hero} took a deep breath and set out.", "No map, no plan, only a wish.", "And so the journey began.",
        "own|So {hero} and {friend} set out together.", "Off {it} went.", "goal|Somewhere out there it had to be. So {hero} set out.", "{land_cap} had never looked so wide.",
    ),
    "wonder": (
        "How wide the world was!", "new|{Hero} had never seen {land} before.", "There was so much to see {where}.", "new|So this was {land}. It was even bigger than in the stories.", "{Hero} looked, and looked, and forgot the time.",
        "Every bend of the way held something new.", "\"Oh,\" said {hero}, and that was all.",
    ),
    "rest": (
        "Here {hero} rested for a while.", "For a moment there was nothing to do at all.", "The way was long, and a rest was good.", "{Hero} closed {its} eyes and listened.", "Nobody hurried {where}.", "Sometimes standing still is part of the journey.",
    ),
    "ask": (
        "\"Which way now?\" asked {hero}.", "\"Is it far?\" asked {hero}. Nobody answered.", "{Hero} asked everybody {where}. Nobody knew.", "Was it still far? Nobody knew.", "Left or right? {Hero} chose right.", "\"Just a little further,\" thought {hero}.",
    ),
    "pass": (
        "{Other} went by and wished {them} luck.", "\"Good luck!\" called {other}, and was gone.", "{Other} knew a story about it, and told it gladly.", "\"You are nearly there,\" said {other}. It was a kind lie.", "For a mile or two {other} came along.", "{Other} had never heard of it, but waved.",
    ),
    "play": (
        "For a while {hero} forgot the wish and played.", "It was the kind of day that asks for a game.", "Round and round, only for fun.", "Even on a great journey there is time to play.", "{Hero} laughed out loud.", "{where_cap}, everything was a game.",
    ),
    "try": (
        "It was the wrong way. {Hero} turned around.", "{Hero} tried, and failed, and tried again.", "Not here either. On and on.", "Once {it} thought {it} had done it. Not yet.", "So near, and then so far again.", "What looked like the end was only a bend.",
    ),
    "song": (
        "To keep up {its} courage, {hero} hummed a song.", "There was music in {land}, if one listened.", "A little song makes a long way short.", "{Hero} sang, very softly, for nobody.", "The old song had many verses, and {hero} knew them all.",
    ),
    "weather": (
        "fog|The fog came, and every sound grew soft.", "rain|It rained, and {hero} did not mind.", "snow|Snow fell, flake by flake by flake.", "cloudy|The clouds went the same way.", "clear|The sky was wide open.", "night|The stars came out, one by one.",
        "dawn|A new day, and on it went.", "sunset|The evening painted everything gold.", "day|The sun warmed {them} all the way.", "fog|In the fog, {hero} went by ear.", "rain|Every drop told of far away.", "dawn|The first light found {hero} already on the way.",
        "sunset|The shadows grew long {where}.", "night|By starlight, {land} looked like another world.", "cloudy|Grey clouds, light heart.",
    ),
    "trouble": (
        "But the way was longer than anybody had said.", "Then, suddenly, nothing looked familiar.", "cloudy|Then the clouds came.", "fog|Then fog came down, and the way was gone.", "It was not as easy as it had seemed.", "Here the way came to an end.",
        "For the first time {hero} did not know what to do.", "\"This cannot be right,\" thought {hero}.", "Oh dear.",
    ),
    "friend": (
        "Then {hero} met {new}.", "\"Are you lost?\" asked {new}.", "{New} came along, and stayed.", "\"I know the way,\" said {new}.", "And there was {new}, who was also alone.", "\"May I come with you?\" asked {new}.", "A friend!",
        "own|Side by side, it was only half as far.", "own|{Friend} was always one step ahead.", "own|\"We can do it,\" said {friend}.",
    ),
    "friends": (
        "friend|Now they were two, and the way was shorter.", "friend|{Friend} knew a short cut. It was longer.", "friend|Together they laughed at the dark.", "friend|\"Tell me again,\" said {friend}. \"What do you wish for?\"", "friend|Where one was tired, the other was not.",
        "friend|{Friend} went first, {hero} close behind.", "friend|They shared everything, even the quiet.", "friend|\"Stay close,\" said {friend}.",
    ),
    "big trouble": (
        "Then came the {storm}.", "Then a {storm} broke over {land}, dark and wild.", "The {storm} came out of nowhere.", "The wind howled, and {hero} could see nothing at all.", "friend|\"Hold on!\" called {friend}. But the {storm} was stronger.",
        "friend|The {storm} tore {hero} and {friend} apart.", "The {storm}!", "All through the {storm}, {hero} held on.",
    ),
    "low point": (
        "Now {hero} {was} all alone.", "Then everything was still, and {hero} {was} alone.", "\"Perhaps I should turn back,\" thought {hero}.", "Never before had {hero} felt so small.", "Everything was dark. Only the wish was still there.", "All alone.", "The wish had never seemed so far away.",
    ),
    "turn": (
        "Then, far away, there was a light.", "But giving up was not in {its} nature.", "And then {hero} remembered why {it} had set out.", "friend|\"There you are!\" called {friend}.", "friend|{Friend} had not forgotten {them}.", "Slowly, the sky cleared.", "One more try. Just one.",
        "friend|\"I looked for you everywhere,\" said {friend}.", "Hope is small, but it weighs nothing.",
    ),
    "climax": (
        "And then, at last, {hero} {did}!", "friend|Together they went on. And {hero} {did}!", "friend|\"Look!\" called {friend}. And {hero} {did}!", "sky|There it was: {goal}, bright above {land}.", "And {hero} {did}!", "And {it} {did}!", "At last!", "It was true. After all that way, {hero} {did}.",
    ),
    "closing": (
        "From that day on, {hero} {was} never lonely again.", "friend|And {hero} and {friend} stayed friends for ever.", "And if you look closely, you can see them still.", "Some wishes come true. This one did.", "friend|And what next? {Friend} already had an idea.",
        "And {hero} {was} happy all the way home.", "friend|And they stayed friends for ever.", "It was the best day of all.", "What a journey that was!", "And nobody was afraid any more.", "And then it was time to rest.", "sunset night|And then, very late, everybody slept.", "The end.", "dawn|A new day began, and it was a good one.",
    ),
}  # fmt: skip
"""Beat -> lines, of which one is told that fits and is short enough. `once` begins a film without an opening, `only` is a film of one scene."""

MORE: dict[str, tuple[str, ...]] = {
    "opening": ("Nothing stirred yet but the light.", "It was a place where nothing ever happened, until this day.", "The air smelt of far away."),
    "introduce": ("Small, perhaps, but full of questions.", "And this day was different from all the others.", "Everybody liked {hero}, and still something was missing."),
    "want": ("{lack}", "And who does not ask will never know.", "And today seemed a good day to begin."),
    "once": ("{lack}", "And today seemed a good day to begin."),
    "only": ("And if you look closely, you can see it still.",),
    "set out": ("The first step is always the longest.", "Behind {them}, home grew smaller and smaller.", "{lack}"),
    "trouble": ("Which way was right? There was nobody to ask.", "But going back was out of the question."),
    "friend": ("From now on they were two.", "And two see more than one.", "own|And that was the best of it."),
    "big trouble": ("There was no up and no down any more.", "It seemed to last for ever.", "Nobody had ever seen anything like it."),
    "low point": ("It was so quiet that one could hear one's own heart.", "And the way home was just as long as the way on."),
    "climax": ("It was even better than in the dream.", "Nobody said a word, for a long, long time.", "friend|\"I knew it,\" said {friend} softly."),
    "closing": ("And they tell this story there to this day.", "For nothing is too far for a true wish.", "And this was only the beginning."),
}
"""A second and third sentence where there is time for them; beats that are not here take those of `ROAD_MORE`."""

ROAD_MORE = (
    "On and on it went.", "It was not far now. Or was it?", "The wind came from behind, and that helped.", "One could almost hear the wish come true.", "Step by step, mile by mile.", "And still the way went on.",
    "goal|Somewhere behind the horizon it was waiting.", "Everything seemed possible.",
)  # fmt: skip

HEADINGS: dict[str, tuple[str, ...]] = {
    "opening": ("{Time} {where}", "Far away", "A quiet {time}"), "introduce": ("{Name}", "Meet {name}", "At home {where}"), "want": ("A wish", "One great wish", "The wish"), "once": ("A wish", "{Name}"), "only": ("{Name}",),
    "set out": ("Setting out", "The first step", "Away from home"), "wonder": ("How wide the world is", "Something new", "Seen for the first time"), "rest": ("A rest", "Standing still", "Time to breathe"),
    "ask": ("Which way?", "Is it far?", "A question"), "pass": ("Somebody goes by", "A word on the way", "Met by chance"), "play": ("A game", "Just for fun", "Time to play"), "try": ("The wrong way", "Once more", "Not here"),
    "song": ("A song", "Music in the air", "Humming along"), "weather": ("{Time} {where}", "On the way", "Under the sky"), "trouble": ("Lost", "The first trouble", "No way on"), "friend": ("A friend", "Somebody new", "Two are more than one"),
    "friends": ("Together", "Side by side", "Two on the way"), "big trouble": ("The {storm}", "Wild {time}", "Hold on!"), "low point": ("Alone", "The darkest hour", "So far from home"), "turn": ("A light", "One more try", "Not over yet"),
    "climax": ("At last", "It comes true", "There!"), "closing": ("Happy end", "All is well", "And ever after"),
}  # fmt: skip
"""Beat -> what its card may be called; {Time} {where} is always possible: Morning by the river."""

TITLES = {
    "goal": ("{Name} and {Goal}", "How {Name} {did}", "{Name}: The Search for {Goal}", "The Way to {Goal}", "All the Way to {Goal}"),
    "plain": ("{Name} and the Great Wish", "How {Name} {did}", "{Name} and {title}", "The Great Journey of {Name}"),
}
"""Titles of films with a goal and without one."""

LOGLINES = (
    "{First} want{s} nothing more than to {do}. Through {storm} and dark, with {new} alongside, {it} learn{s} how far a wish can carry.",
    "When {first} set{s} out to {do}, the way is longer than anybody said; but {new} comes along, and after the {storm} the sky is wide open.",
    "To {do}: that is all that {first} hope{s} for. The journey leads across {lands}, into a {storm}, and to {new}.",
)
LOGLINE_ALONE = "{First} want{s} nothing more than to {do}, and set{s} out across {lands} to make it come true."
"""The film in one sentence; the last where nobody comes along."""
