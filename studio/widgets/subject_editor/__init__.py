"""The subject editor: a video, who is meant in it, and how sure the masks over its time are. This side checks values; the scripts beside it draw.

In the browser the value is `{"video": file or None, "start": s, "end": s or None, "subjects": [Subject as JSON]}`, a file being `{"path", "url", "orig_name"}`;
in Python the same with a path. What is a default of `Subject` is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.events import EventListener
from pydantic import TypeAdapter, ValidationError

from engine.errors import InvalidInput, StudioError
from engine.tasks.subject_swap.request import COLOURS, MAX_FRAMES, MAX_SUBJECTS, Subject
from studio.widgets.base import Widget, read_parts
from studio.widgets.served import guarded

FOLDER = Path(__file__).parent
SCRIPTS = (
    *(f"shared/{name}.js" for name in ("bound", "newest", "intake", "range", "history", "timeline", "view")),
    *(f"subject_editor/{name}.js" for name in ("words", "subjects", "frames", "stage", "pointer", "people", "lanes", "playing", "marking", "showing", "main")),
)  # fmt: skip
"""Joined in this order into one function body: `main.js` starts the widget from the parts before it."""
SUBJECTS: TypeAdapter[tuple[Subject, ...]] = TypeAdapter(tuple[Subject, ...])
SECONDS: TypeAdapter[float | None] = TypeAdapter(float | None)
LONGEST = {name: next(m.max_length for m in Subject.model_fields[name].metadata if hasattr(m, "max_length")) for name in ("name", "words")}

Answer = Callable[[dict[str, Any]], Any]


class SubjectEditor(Widget):
    """Choose a video and mark who is meant. The event `follow` asks for a run of the task `task` that follows them; its data hold `owner`.

    Without answers the widget only takes videos. Each answer takes `{"video": str, "start", "end", "subjects", "settings"}`, checked (`settings` reaches it as it is); pictures are data URLs, masks grey PNGs.
    `on_look` returns `{"picture", "masks": one a proposal, "width", "height", "fps", "frames", "seconds", "total_seconds", "shots": [[first, last]],
    "proposals": [{"box", "sentence", "score", "source"}], "note"}`; frames count from the range's first.
    `on_frame` also takes `frame` and returns `{"picture", "labels": grey value = number of a subject from 1, "subjects": [{"present", "confidence", "source"}], "seconds"}`.
    `on_cut` takes `index` and `frame` and returns `{"mask", "box", "area", "confidence", "said", "notes"}`.
    `on_tracks` returns `{"followed", "frames", "fps", "shots", "subjects": [{"confidence": a number a frame, -1 where it is not there, "keys", "doubtful", "stale": [[first, last]],
    "events": [{"frame", "kind", "said"}]}], and may name `"clip"`: a film of the range with its masks}`; `followed` is True when nothing of them is stale.
    A `StudioError` that one of them raises becomes a sentence in the widget.
    """

    follow: Any = EventListener("follow").listener

    def __init__(
        self,
        value: Mapping[str, Any] | None = None,
        *,
        on_look: Answer | None = None,
        on_frame: Answer | None = None,
        on_cut: Answer | None = None,
        on_tracks: Answer | None = None,
        task: str = "",
        settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.settings = dict(settings or {})
        functions = []
        if on_look is not None:
            functions.append(guarded("look", lambda data: on_look(self._question(data))))
        if on_frame is not None:
            functions.append(guarded("frame", lambda data: on_frame({**self._question(data), "frame": number(data, "frame")})))
        if on_cut is not None:
            functions.append(guarded("cut", lambda data: on_cut({**self._question(data), "index": number(data, "index"), "frame": number(data, "frame")})))
        if on_tracks is not None:
            functions.append(guarded("tracks", lambda data: self._served(on_tracks(self._question(data)))))
        super().__init__(
            value or {},
            html_template='<div class="su kin-field"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER.parent, SCRIPTS),
            apply_default_css=False,
            server_functions=functions,
            task=task,
            settings=self.settings,
            colours=list(COLOURS),
            limits={"subjects": MAX_SUBJECTS, **LONGEST},
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """What the browser sent, checked. A wrong value becomes a `gr.Error`."""
        try:
            return self._read(payload)
        except StudioError as error:
            raise gr.Error(error.line, title="The subjects", print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """For the browser, the video copied to where Gradio serves it; one that is gone is left out and named in `note`."""
        given = value if isinstance(value, Mapping) else {}
        start, end = read_range(given.get("start"), given.get("end"))
        shown: dict[str, Any] = {"video": None, "start": start, "end": end, "subjects": read_subjects(given.get("subjects"))}
        path = given.get("video")
        if path is not None and Path(path).is_file():
            shown["video"] = self._file(path)
        elif path is not None:
            shown["note"] = f"{Path(path).name} is gone: load it again."
        return shown

    def _file(self, path: Any) -> dict[str, Any]:
        return dict(FileData(path=str(self.move_resource_to_block_cache(str(path))), orig_name=Path(path).name).model_dump())

    def _read(self, payload: Any) -> dict[str, Any]:
        given = payload if isinstance(payload, Mapping) else {}
        file = given.get("video")
        path = None if file is None else str(self.cached_file(file.get("path") if isinstance(file, Mapping) else None, field="video"))
        start, end = read_range(given.get("start"), given.get("end"))
        return {"video": path, "start": start, "end": end, "subjects": read_subjects(given.get("subjects"))}

    def _question(self, data: dict[str, Any]) -> dict[str, Any]:
        clean = self._read(data)
        if clean["video"] is None:
            raise InvalidInput("there is no video yet", fix="load one", field="video")
        settings = data.get("settings")
        return {**clean, "settings": dict(settings) if isinstance(settings, Mapping) else {}}

    def _served(self, tracks: dict[str, Any]) -> dict[str, Any]:
        """Tracks with the film of the followed range at an address that the page can play."""
        clip = tracks.get("clip")
        if clip is None or not Path(clip).is_file():
            return {**tracks, "clip": None}
        path = self._file(clip)["path"]
        return {**tracks, "clip": {"path": path}}

    def api_info(self) -> dict[str, Any]:
        """The value's JSON schema, for API and MCP clients: plain types only, which is all that Gradio's clients can read."""
        number_, text, points = {"type": "number"}, {"type": "string"}, {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
        kinds: dict[str, Any] = {"name": text, "words": text, "frame": {"type": "integer"}, "box": {"type": "array", "items": number_}, "points": points, "avoid": points, "hidden": points}
        other: dict[str, Any] = {"scribble": {"type": "array", "items": {"type": "object"}}, "erase": {"type": "array", "items": {"type": "object"}}, "keyframes": {"type": "object"}}
        subject = {name: {**{**kinds, **other}[name], "description": info.description or ""} for name, info in Subject.model_fields.items()}
        file = {"anyOf": [{"type": "object", "properties": {"path": text}, "required": ["path"]}, {"type": "null"}]}
        subjects = {"type": "array", "items": {"type": "object", "properties": subject}, "maxItems": MAX_SUBJECTS}
        return {"type": "object", "properties": {"video": file, "start": number_, "end": {"anyOf": [number_, {"type": "null"}]}, "subjects": subjects}}

    def example_payload(self) -> Any:
        return {"video": None, "start": 0.0, "end": None, "subjects": [{"name": "The red car", "points": [[0.4, 0.6]]}]}

    def example_value(self) -> Any:
        return self.example_payload()


def read_subjects(raw: Any) -> list[dict[str, Any]]:
    """Subjects as clean JSON dictionaries without what is default. Else `InvalidInput`, which names the first wrong place."""
    if raw is None:
        return []
    if not isinstance(raw, (list, tuple)) or len(raw) > MAX_SUBJECTS:
        raise InvalidInput(f"subjects is not a list of at most {MAX_SUBJECTS} subjects", fix="delete some", field="subjects")
    try:
        subjects = SUBJECTS.validate_python(tuple(raw))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = first["loc"][0]
        who = f"subject {where + 1}" if isinstance(where, int) else "a subject"
        raise InvalidInput(f"{who} is wrong", why=f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg'].removeprefix('Value error, ')}", fix="undo, or delete it", field="subjects") from error
    return [one.model_dump(mode="json", exclude_defaults=True) for one in subjects]


def read_range(start: Any, end: Any) -> tuple[float, float | None]:
    """Start and end of the range in seconds. Else `InvalidInput`. That the end comes after the start is the request's business."""
    try:
        first, last = SECONDS.validate_python(start), SECONDS.validate_python(end)
    except ValidationError as error:
        raise InvalidInput("the range is not two numbers of seconds", fix="set it again", field="start") from error
    if not all(one is None or 0.0 <= one < 1e6 for one in (first, last)):
        raise InvalidInput(f"the range {first} to {last} is not allowed", fix="set it again", field="start")
    return first or 0.0, last or None


def number(data: Mapping[str, Any], name: str) -> int:
    """A whole number of a page's question; a wrong one is a `TypeError` or `ValueError`."""
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MAX_FRAMES:
        raise ValueError(name)
    return value
