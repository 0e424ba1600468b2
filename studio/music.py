"""The song track as a part of a form: the song is heard by the helper process, and stills are drawn by the painter process."""

from __future__ import annotations

from typing import Any, Literal

from gradio.components import Component

from engine.tasks.music_video.request import MusicVideoRequest
from studio.service import Studio
from studio.strokes import data_url
from studio.tab import Errand
from studio.widgets.song_track import SongTrack

LISTENING_SECONDS, PAINTING_SECONDS = 150.0, 90.0
"""How long an answer may take: the longest song is heard in the one, the models are loaded and the first pictures drawn in the other."""


class SongField:
    """Edits the song, what is put right of its beats, and the intervals over it."""

    fields = ("audio", "grid", "intervals")
    follows = ("theme", "style", "width", "height", "steps", "guidance", "seed")
    place: Literal["main"] = "main"
    errands = {"excerpt": Errand(lambda asked: {"excerpt_start": asked.get("start"), "excerpt_end": asked.get("end")})}
    """A preview of the part that the browser names."""

    def build(self, studio: Studio) -> Component:
        """The track, with songs heard and stills drawn by this studio's processes."""

        def look(question: dict[str, Any]) -> dict[str, Any]:
            settings = {name: question["settings"].get(name) for name in ("theme", "seed")}
            value, _ = studio.helper.call("song-look", LISTENING_SECONDS, audio=question["audio"], grid=question["grid"], **settings)
            return dict(value)

        def stills(question: dict[str, Any]) -> dict[str, Any]:
            settings = {name: question["settings"].get(name) for name in ("style", "width", "height", "steps", "guidance")}
            value, blobs = studio.painter.call("stills", PAINTING_SECONDS, prompts=question["prompts"], **settings)
            return {**value, "pictures": [data_url("image/jpeg", blob) for blob in blobs]}

        defaults = {name: MusicVideoRequest.model_fields[name].default for name in self.follows}
        return SongTrack(on_look=look, on_stills=stills, settings=defaults, elem_id="song-track")
