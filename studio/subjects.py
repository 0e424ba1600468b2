"""The subject editor as a part of a form: what is seen in a video, and the masks of single frames, are answered by the helper process."""

from __future__ import annotations

from typing import Any, Literal

from gradio.components import Component

from engine.tasks.subject_swap.request import SubjectMaskRequest
from studio.service import Studio
from studio.strokes import data_url
from studio.tab import Errand
from studio.widgets.subject_editor import SubjectEditor

LOOKING_SECONDS, CUTTING_SECONDS = 90.0, 25.0
"""How long an answer may take: a long video is gone through in the one, a single frame is cut in the other."""
FOLLOWING_TASK = "subject-mask"


class SubjectField:
    """Edits the video, its range, and who is meant in it."""

    fields = ("video", "start", "end", "subjects")
    follows = ("method", "max_side")
    place: Literal["main"] = "main"
    errands = {"follow": Errand(task=FOLLOWING_TASK)}
    """The subjects are followed through the range: the same fields without what becomes of them."""

    def build(self, studio: Studio) -> Component:
        """The editor, with videos looked at by this studio's helper."""

        def ask(name: str, seconds: float, question: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
            settings = {name: question["settings"].get(name) for name in self.follows}
            value, blobs = studio.helper.call(name, seconds, **{**question, "settings": None, **settings})
            return dict(value), blobs

        def look(question: dict[str, Any]) -> dict[str, Any]:
            value, blobs = ask("subject-look", LOOKING_SECONDS, {**question, "subjects": []})
            return {**value, "picture": data_url("image/jpeg", blobs[0]), "masks": [data_url("image/png", blob) for blob in blobs[1:]]}

        def frame(question: dict[str, Any]) -> dict[str, Any]:
            value, blobs = ask("subject-frame", CUTTING_SECONDS, question)
            return {**value, "picture": data_url("image/jpeg", blobs[0]), "labels": data_url("image/png", blobs[1])}

        def cut(question: dict[str, Any]) -> dict[str, Any]:
            value, blobs = ask("subject-cut", CUTTING_SECONDS, question)
            return {**value, "mask": data_url("image/png", blobs[0])}

        def tracks(question: dict[str, Any]) -> dict[str, Any]:
            return ask("subject-tracks", CUTTING_SECONDS, question)[0]

        defaults = {name: SubjectMaskRequest.model_fields[name].default for name in self.follows}
        return SubjectEditor(on_look=look, on_frame=frame, on_cut=cut, on_tracks=tracks, task=FOLLOWING_TASK, settings=defaults, elem_id="subject-editor")
