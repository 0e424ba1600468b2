"""The scene cards as a part of a form: the storyboard is written, edited and looked at by the helper process."""

from __future__ import annotations

from typing import Any, Literal

from gradio.components import Component

from engine.errors import InvalidInput
from engine.tasks.movie.request import MovieRequest
from studio.service import Studio
from studio.strokes import data_url
from studio.tab import Errand
from studio.widgets.scene_cards import SceneCards
from studio.widgets.voice_choice import VoiceChoice

WRITING_SECONDS, EDITING_SECONDS = 180.0, 30.0
"""How long an answer may take: a language model may write in the one; the other changes a plan, or looks what is made."""

MOST_RESULTS = 60
"""Newest clips of the library that a card offers."""

IDEAS = (
    "A little red boat looks for the moon.",
    "A yellow balloon is afraid of heights, and learns to fly.",
    "A blue car drives home through the rain, where a dog waits.",
    "A white bird wants to see the snow for the first time.",
    "An old train says goodbye to the city, and finds the sea.",
)


class StoryField:
    """Edits the idea and the plan of a film."""

    fields = ("idea", "plan")
    follows = tuple(name for name in MovieRequest.model_fields if name not in ("idea", "plan", "project", "until", "only"))
    place: Literal["main"] = "main"
    errands = {
        "animatic": Errand(lambda asked: {"until": "animatic"}),
        "make": Errand(lambda asked: {"until": "scenes", "only": [str(name)[:16] for name in asked.get("only") or ()]}),
    }
    """The whole film as drawings, at once; the clips of some scenes."""

    def build(self, studio: Studio) -> Component:
        """The cards, with plans from this studio's helper."""

        def request(question: dict[str, Any]) -> dict[str, Any]:
            """The fields of the form as the helper wants them."""
            settings = {name: value for name, value in question["settings"].items() if name in self.follows}
            return {**settings, "idea": question["idea"], **({"plan": question["plan"]} if question["plan"] else {})}

        def write(question: dict[str, Any]) -> dict[str, Any]:
            value, _ = studio.helper.call("movie-plan", WRITING_SECONDS, fields=request({**question, "plan": None}), plan=question["plan"])
            return dict(value)

        def edit(question: dict[str, Any]) -> dict[str, Any]:
            value, _ = studio.helper.call("movie-edit", EDITING_SECONDS, plan=needed(question), act=question.get("act"), hero=question.get("hero"), scene=question.get("scene"))
            return dict(value)

        def state(question: dict[str, Any]) -> dict[str, Any]:
            needed(question)
            value, _ = studio.helper.call("movie-state", EDITING_SECONDS, fields=request(question))
            return dict(value)

        def read(question: dict[str, Any]) -> dict[str, Any]:
            value, blobs = studio.helper.call("read-prompt", **question)
            return {**value, "frames": data_url("image/jpeg", blobs[0])} if blobs else dict(value)

        def library(question: dict[str, Any]) -> list[dict[str, Any]]:
            found = [one for one in studio.results(question["owner"]) if one["result"].get("clip")]
            return [_shown(one) for one in found[:MOST_RESULTS]]

        defaults = {name: MovieRequest.model_fields[name].default for name in self.follows}
        return SceneCards(on_write=write, on_edit=edit, on_state=state, on_read=read, on_library=library, settings=defaults, ideas=IDEAS, tab="movie", elem_id="scene-cards")

    def sent(self, run_id: str, studio: Studio) -> dict[str, Any]:
        """The value that adds the clip of an earlier run as a scene. Raises `InvalidInput` when there is none."""
        run = studio.store.runs.get(run_id)
        if studio.store.result_folder(run_id) is None or not (run.result or {}).get("clip"):
            raise InvalidInput("this result has no clip", fix="choose another")
        return {"add": _shown(studio.status(run_id))}


class VoiceField:
    """Edits which voice narrates."""

    fields = ("voice",)
    follows: tuple[str, ...] = ()
    place: Literal["more"] = "more"

    def build(self, studio: Studio) -> Component:
        """The choice, with the voices that this machine has."""
        return VoiceChoice(voices=studio.voices, elem_id="movie-voice")


def needed(question: dict[str, Any]) -> dict[str, Any]:
    """The plan of a question that has no answer without one."""
    if not question["plan"]:
        raise InvalidInput("there is no storyboard yet", fix="write one", field="plan")
    return dict(question["plan"])


def _shown(result: dict[str, Any]) -> dict[str, Any]:
    """A result of the library as a card offers it."""
    request = result["request"]
    words = request.get("prompt") or request.get("idea") or request.get("text") or request.get("theme") or ""
    seconds = request.get("seconds")
    return {
        "id": result["id"], "title": result["title"], "words": str(words)[:300], "created": result["created"], "seconds": seconds if isinstance(seconds, int | float) and not isinstance(seconds, bool) else None,
    }  # fmt: skip
