"""The scene cards: a sentence, and the storyboard that comes of it. This side checks values; the scripts beside it draw.

In the browser the value is `{"idea": str, "plan": Plan as JSON or None}`, the files of scenes being `{"path", "url", "orig_name"}`; in Python the same with paths.
`{"add": {"run", "title"}, "nonce"}` from Python puts the clip of an earlier run behind the scenes that are there.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import gradio as gr
from gradio.data_classes import FileData
from gradio.events import EventListener
from pydantic import ValidationError

from engine.errors import InvalidInput, StudioError
from engine.movie import plan as plans
from engine.movie.plan import Effect, Hero, Plan, Scene
from engine.task import Part
from engine.tasks.movie.request import LONGEST_IDEA
from studio.widgets.base import Widget, read_parts
from studio.widgets.served import guarded

FOLDER = Path(__file__).parent
SCRIPTS = (
    *(f"shared/{name}.js" for name in ("bound", "newest", "intake", "history", "timeline")),
    *(f"prompt_box/{name}.js" for name in ("text", "marks", "animatic")),
    *(f"scene_cards/{name}.js" for name in ("words", "story", "readings", "picture", "sounds", "source", "details", "card", "cast", "strip", "carry", "idea", "drafts", "showing", "asking", "main")),
)  # fmt: skip
"""Joined in this order into one function body: `main.js` starts the widget from the parts before it."""
STYLES = ("prompt_box/style.css", "scene_cards/style.css", "scene_cards/folds.css")
MEDIA = ("file", "image")
NEEDS = {"head": "image", "picture": "image", "file": "file"}
"""Source kind -> the file without which it is none."""
ACTS = ("hero", "split", "add")

Answer = Callable[[dict[str, Any]], Any]


class SceneCards(Widget):
    """Write a sentence, get a storyboard, and edit it card by card.

    Events: `animatic` asks for the whole film at once, drawn by the diorama; `make` for the clips of `{"only": [scene ids]}`. Both carry `owner`.
    Each `on_` function takes a checked dictionary; what it raises as a `StudioError` becomes a sentence in the widget:
    `on_write` {"idea", "plan" or None, "settings"} -> {"plan", "planner", "notes"}; `on_edit` {"plan", "act", "hero", "scene", "settings"} -> {"plan"};
    `on_state` {"idea", "plan", "settings"} -> {"scenes": {id: [{"key", "made", "seed"} a take]}};
    `on_read` {"prompt", "camera", "width", "height", "seed"} -> what a prompt box's `on_read` returns; `on_library` {"owner"} -> [{"id", "title", "words", "created", "seconds"}].
    `settings` reaches `on_write`, `on_edit` and `on_state` as it is; a change of it (`gr.update(settings={...})`) asks anew what is made.
    """

    animatic: Any = EventListener("animatic").listener
    make: Any = EventListener("make").listener

    def __init__(
        self,
        value: Mapping[str, Any] | None = None,
        *,
        on_write: Answer | None = None,
        on_edit: Answer | None = None,
        on_state: Answer | None = None,
        on_read: Answer | None = None,
        on_library: Answer | None = None,
        settings: Mapping[str, Any] | None = None,
        ideas: tuple[str, ...] = (),
        tab: str = "",
        **options: Any,
    ) -> None:
        self.settings, self.ideas, self.tab = dict(settings or {}), ideas, tab
        given = {"write": on_write, "edit": on_edit, "state": on_state}
        functions = [guarded(name, self._answered(act)) for name, act in given.items() if act is not None]
        if on_read is not None:
            functions.append(guarded("read", lambda data: on_read(reading(data))))
        if on_library is not None:
            functions.append(guarded("library", lambda data: {"results": on_library({"owner": str(data.get("owner", ""))[:64]})}))
        super().__init__(
            value or {},
            html_template='<div class="sb kin-field"></div>',
            css_template=read_parts(FOLDER.parent, STYLES),
            js_on_load=read_parts(FOLDER.parent, SCRIPTS),
            apply_default_css=False,
            server_functions=functions,
            settings=self.settings,
            ideas=list(ideas),
            tab=tab,
            choices={"cameras": cameras(), "transitions": list(plans.TRANSITIONS), "moods": list(plans.MOODS), "tempos": list(get_args(plans.Tempo)), "aspects": {name: list(sides) for name, sides in plans.ASPECTS.items()}},
            limits=limits(),
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """What the browser sent, its files as paths. Whether the plan is a good one is the request's business. A file that this studio does not keep becomes a `gr.Error`."""
        try:
            return self._read(payload)
        except StudioError as error:
            raise gr.Error(error.line, title="The storyboard", print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """For the browser, files copied to where Gradio serves them. A plan that is none is left out, a scene whose file is gone is made from its prompt: `note` says so."""
        given = value if isinstance(value, Mapping) else {}
        if "add" in given:
            return dict(given)
        shown: dict[str, Any] = {"idea": str(given.get("idea") or ""), "plan": None}
        if given.get("plan") is not None:
            try:
                shown["plan"], lost = self._shown(given["plan"])
                if lost:
                    shown["note"] = f"{', '.join(lost)} {'is' if len(lost) == 1 else 'are'} gone: {'its scene is' if len(lost) == 1 else 'their scenes are'} made from the prompt now."
            except ValidationError as error:
                shown["note"] = f"This storyboard cannot be used: {_why(error)}"
        return shown

    def _read(self, payload: Any) -> dict[str, Any]:
        given = payload if isinstance(payload, Mapping) else {}
        idea = given.get("idea")
        plan, _ = self._plan(given.get("plan"))
        return {"idea": clean_text(idea, "idea") if idea else "", "plan": plan}

    def _plan(self, raw: Any) -> tuple[dict[str, Any] | None, dict[str, dict[str, Any]]]:
        """A browser's plan with paths, and the browser's file for each path."""
        if raw is None:
            return None, {}
        if not isinstance(raw, Mapping):
            raise InvalidInput("the storyboard is not a plan", fix="reload the page", field="plan")
        plan: dict[str, Any] = copy.deepcopy(dict(raw))
        known: dict[str, dict[str, Any]] = {}
        for source, name in files_in(plan):
            file = source[name]
            path = str(self.cached_file(file.get("path") if isinstance(file, Mapping) else None, field="plan"))
            source[name], known[path] = path, dict(file)
        return plan, known

    def _shown(self, raw: Any, known: Mapping[str, dict[str, Any]] | None = None) -> tuple[dict[str, Any], list[str]]:
        """A plan for the browser and the names of files that are gone. Raises `ValidationError`.

        known: the browser's own files by path. With it no other file is shown: a planner's answer never opens one.
        """
        lost: list[str] = []
        plan = copy.deepcopy(raw.model_dump(mode="json") if isinstance(raw, Plan) else dict(raw) if isinstance(raw, Mapping) else {})
        for source, name in files_in(plan):
            if (known is not None and source[name] not in known) or not Path(str(source[name])).is_file():
                lost.append(Path(str(source[name])).name)
                source.update(kind="text", **{name: None})
        for scene in scenes_in(plan):  # a clip of a film that was dropped here may have left its picture behind
            held = scene.get("source")
            if isinstance(held, dict) and not held.get(NEEDS.get(str(held.get("kind")), "kind")):
                lost.append(f"the file of “{str(scene.get('heading') or scene.get('id'))[:40]}”")
                held["kind"] = "text"
        shown: dict[str, Any] = Plan.model_validate(plan).model_dump(mode="json")
        for source, name in files_in(shown):
            source[name] = known[source[name]] if known is not None else self._served(source[name])
        return shown, lost

    def _served(self, path: str) -> dict[str, Any]:
        return dict(FileData(path=str(self.move_resource_to_block_cache(path)), orig_name=Path(path).name).model_dump())

    def _answered(self, act: Answer) -> Answer:
        """`act` behind a check of the question, its plan handed back as browsers hold it."""

        def answer(data: dict[str, Any]) -> Any:
            plan, known = self._plan(data.get("plan"))
            settings = data.get("settings")
            question = {"idea": clean_text(data.get("idea") or "", "idea"), "plan": plan, "settings": dict(settings) if isinstance(settings, Mapping) else {}, **edit_of(data)}
            given = act(question)
            if isinstance(given, dict) and "plan" in given:
                return {**given, "plan": self._shown(given["plan"], known)[0]}
            return given

        return answer

    def api_info(self) -> dict[str, Any]:
        """The value's JSON schema, for API and MCP clients: plain types only, which is all that Gradio's clients can read."""
        scenes = {"type": "array", "maxItems": plans.MOST_SCENES, "items": {"type": "object", "description": "See the schema of the task `movie`."}}
        plan = {"type": "object", "properties": {"title": {"type": "string"}, "scenes": scenes}}
        return {"type": "object", "properties": {"idea": {"type": "string", "maxLength": LONGEST_IDEA}, "plan": {"anyOf": [plan, {"type": "null"}]}}}

    def example_payload(self) -> Any:
        return {"idea": "A little red boat looks for the moon.", "plan": None}

    def example_value(self) -> Any:
        return self.example_payload()


def scenes_in(plan: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The scenes of a raw plan that are dictionaries."""
    scenes = plan.get("scenes")
    yield from (scene for scene in (scenes if isinstance(scenes, list) else []) if isinstance(scene, dict))


def files_in(plan: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Each place of a raw plan that names a file: the source that holds it, and under which name."""
    for scene in scenes_in(plan):
        source = scene.get("source")
        if isinstance(source, dict):
            yield from ((source, name) for name in MEDIA if source.get(name) is not None)


def clean_text(raw: Any, field: str) -> str:
    """Text that can be stored. Else `InvalidInput`."""
    if not isinstance(raw, str) or "\0" in raw or any("\ud800" <= sign <= "\udfff" for sign in raw):
        raise InvalidInput(f"the {field} holds something that is not text", fix="write it again", field=field)
    return raw


def edit_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The edit that a page asks for; nothing for a question without one. Else `InvalidInput`."""
    if "act" not in data:
        return {}
    if data["act"] not in ACTS:
        raise InvalidInput("this edit is not known", fix="reload the page", field="plan")
    hero = data.get("hero")
    return {"act": data["act"], "hero": dict(hero) if isinstance(hero, Mapping) else None, "scene": str(data.get("scene") or "")[:16]}


def reading(data: Mapping[str, Any]) -> dict[str, Any]:
    """A prompt that a page wants read and drawn. Else `InvalidInput`."""
    sides = [data.get(name) for name in ("width", "height")]
    if any(isinstance(side, bool) or not isinstance(side, int) or not 64 <= side <= 1024 for side in sides) or data.get("camera") not in cameras():
        raise InvalidInput("the picture's shape or camera is not known", fix="reload the page", field="plan")
    seed = data.get("seed")
    longest = 2 * _most(Scene, "prompt")
    return {
        "prompt": clean_text(data.get("prompt") or "", "prompt")[:longest], "camera": data["camera"], "width": sides[0], "height": sides[1],
        "seed": seed if isinstance(seed, int) and not isinstance(seed, bool) and 0 <= seed < 2**32 else 0,
    }  # fmt: skip


def cameras() -> list[str]:
    """The camera's moves, first the one that the prompt names."""
    return [choice for kind in get_args(plans.Camera) for choice in get_args(kind) or (kind,)]


def limits() -> dict[str, Any]:
    """The plan's limits as the page keeps to them."""
    texts = {f"{kind.__name__.lower()}_{name}": _most(kind, name) for kind, names in ((Plan, ("title", "logline")), (Hero, ("name", "phrase")), (Scene, ("heading", "prompt", "line")), (Effect, ("what",))) for name in names}
    return {"scenes": plans.MOST_SCENES, "shortest": plans.SHORTEST_SCENE, "longest": plans.LONGEST_SCENE, "film": plans.LONGEST_FILM, "takes": plans.MOST_TAKES, "sounds": plans.MOST_SOUNDS, "idea": LONGEST_IDEA, "blend": _range(Scene, "blend"), "palette": [_least(Plan, "palette"), _most(Plan, "palette")], "at": plans.LONGEST_SCENE, **texts}


def _most(kind: type[Part], name: str) -> int:
    return int(next(m.max_length for m in kind.model_fields[name].metadata if hasattr(m, "max_length")))


def _least(kind: type[Part], name: str) -> int:
    return int(next(m.min_length for m in kind.model_fields[name].metadata if hasattr(m, "min_length")))


def _range(kind: type[Part], name: str) -> list[float]:
    return [float(next(getattr(m, side) for m in kind.model_fields[name].metadata if hasattr(m, side))) for side in ("ge", "le")]


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")
