"""The Movie tab: one sentence becomes a storyboard, and the storyboard a film."""

from __future__ import annotations

from studio.movies import StoryField, VoiceField
from studio.tab import Tab, load_examples

TAB = Tab(
    id="movie",
    title="Movie",
    task="movie",
    help="Write one sentence: a storyboard comes of it. Change any card, let scenes be made by any tab, and press Run for the film, with narration, sounds and music. "
    "Only what you changed is made again.",
    front=("seconds", "scenes", "shape", "mood"),
    widgets=(StoryField(), VoiceField()),
    more=(
        ("Look", ("style", "video_model", "steps", "side", "match_colours")),
        ("Sound", ("voice", "music", "loudness", "captions")),
        ("Film", ("planner", "hand_over", "seed")),
    ),
    hidden=("until", "only", "project"),
    examples=load_examples("movie.json"),
)
