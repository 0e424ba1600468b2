"""The prompt box as a part of a form: it edits `prompt`; which words are understood, and the animatic, come from the helper process."""

from __future__ import annotations

from typing import Any, Literal

from gradio.components import Component

from engine.task import get_task
from engine.tasks.text_to_video.models import draws_anything
from studio.service import Studio
from studio.strokes import data_url
from studio.widgets.prompt_box import PromptBox

IDEAS = [
    "a red boat sails to the left on the sea at sunset",
    "a yellow balloon rises over snowy mountains at dawn",
    "a blue car drives fast to the right through the city at night, it rains",
    "a white horse and a brown dog in the desert, the camera pans right",
    "a pink butterfly circles over a forest in fog",
    "an orange train moves slowly to the left past the hills, the camera follows it",
]


class PromptField:
    """Edits the prompt of a task whose scenes the diorama can draw."""

    fields = ("prompt",)
    follows = ("width", "height", "camera", "seed", "model")
    place: Literal["main"] = "main"

    def __init__(self, task: str) -> None:
        self.task = task

    def build(self, studio: Studio) -> Component:
        """The box, with readings and animatics from this studio's helper."""

        def read(data: dict[str, Any]) -> dict[str, Any]:
            settings = {name: value for name, value in data["settings"].items() if name in self.follows}
            model = str(settings.pop("model", ""))
            value, blobs = studio.helper.call("read-prompt", prompt=data["prompt"], **settings)
            if draws_anything(model):
                # Such a model knows more words than the paper world: none is marked as strange.
                value = {**value, "unknown": []}
            return {**value, "frames": data_url("image/jpeg", blobs[0])} if blobs else value

        longest = next(m.max_length for m in get_task(self.task).request_type.model_fields["prompt"].metadata if hasattr(m, "max_length"))
        return PromptBox({"prompt": ""}, on_read=read, ideas=IDEAS, max_chars=longest, placeholder="What should be seen, and what should happen?", elem_id="prompt-box")
