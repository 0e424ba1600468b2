"""The Music video tab: a song drives pictures, on the beat."""

from __future__ import annotations

from engine.tasks.music_video.request import MusicVideoRequest
from studio.clips import shape_field
from studio.music import SongField
from studio.tab import Example, Tab

TAB = Tab(
    id="music-video",
    title="Music video",
    task="music-video",
    help="Drop a song: its beats and sections are found, and a plan of pictures is laid over it. Change what is seen when, what pulses, and what it moves; "
    "preview five seconds, then make the whole.",
    front=("theme", "style", "width"),
    widgets=(SongField(), shape_field(MusicVideoRequest, "music-video-shape")),
    more=(
        ("Motion", ("smooth", "soften_flashes", "fps", "drawn")),
        ("Diffusion", ("steps", "guidance", "model", "seed")),
    ),
    hidden=("excerpt_start", "excerpt_end"),
    examples=(Example("A paper song", {"audio": "paper-song.mp3", "theme": "a yellow balloon over the sea"}),),
)
