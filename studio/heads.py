"""The face editor and the voice track as parts of a form: what they ask is answered by the helper process."""

from __future__ import annotations

from typing import Any, Literal

from gradio.components import Component

from studio.service import Studio
from studio.strokes import data_url
from studio.widgets.face_editor import FaceEditor
from studio.widgets.voice_track import VoiceTrack


class FaceField:
    """Edits the face: its picture or video, which face of it, and the points put right by hand."""

    fields = ("portrait", "video", "face", "landmarks")
    follows: tuple[str, ...] = ()
    place: Literal["main"] = "main"

    def build(self, studio: Studio) -> Component:
        """The editor, with faces found and moved by this studio's helper."""

        def look(question: dict[str, Any]) -> dict[str, Any]:
            value, blobs = studio.helper.call("face-look", **question)
            return {**value, "picture": data_url("image/jpeg", blobs[0])}

        def try_face(question: dict[str, Any]) -> dict[str, Any]:
            value, blobs = studio.helper.call("face-try", **question)
            return {**value, "picture": data_url("image/jpeg", blobs[0])}

        return FaceEditor(on_look=look, on_try=try_face, elem_id="face-editor")


class VoiceField:
    """Edits the voice, recorded or said, and the expressions over it."""

    fields = ("audio", "text", "voice", "speed", "expressions", "auto_laughter")
    follows: tuple[str, ...] = ()
    place: Literal["main"] = "main"

    def build(self, studio: Studio) -> Component:
        """The track, with voices read and spoken by this studio's helper."""

        def listen(question: dict[str, Any]) -> dict[str, Any]:
            value, blobs = studio.helper.call("voice-look", seconds=60.0, **question)
            return {**value, "sound": data_url("audio/wav", blobs[0]) if blobs else None}

        return VoiceTrack(on_look=listen, voices=studio.voices, elem_id="voice-track")
