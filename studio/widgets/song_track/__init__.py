"""The song track: a song with its beats and sections, put right by hand, and the intervals of a music video over it. This side checks values; the scripts beside it draw.

In the browser the value is `{"audio": file or None, "grid": Correction as JSON, "intervals": [Interval as JSON, its picture or clip a file]}`, a file being
`{"path", "url", "orig_name"}`; in Python the same with paths. Without intervals the plan that the song suggests is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import gradio as gr
from gradio.data_classes import FileData
from gradio.events import EventListener
from pydantic import ValidationError

from engine.errors import InvalidInput, StudioError
from engine.sound.music.correction import Correction
from engine.tasks.music_video.request import SEEDS, Driver, Interval, MusicVideoRequest, Pattern, Target
from engine.world import words
from studio.widgets.base import Widget, read_parts
from studio.widgets.served import guarded

FOLDER = Path(__file__).parent
SCRIPTS = (
    *(f"shared/{name}.js" for name in ("bound", "newest", "intake", "range", "history", "timeline", "player")),
    *(f"song_track/{name}.js" for name in ("words", "grid", "plan", "stills", "wave", "beats", "lane", "carry", "ideas", "editor", "view", "acting", "main")),
)  # fmt: skip
"""Joined in this order into one function body: `main.js` starts the widget from the parts before it."""
MOST_INTERVALS = next(m.max_length for m in MusicVideoRequest.model_fields["intervals"].metadata if hasattr(m, "max_length"))
LONGEST_PROMPT = next(m.max_length for m in Interval.model_fields["start_prompt"].metadata if hasattr(m, "max_length"))
MOST_STILLS = 8
MEDIA = ("picture", "clip")

Answer = Callable[[dict[str, Any]], Any]


class SongTrack(Widget):
    """Choose a song, put its beats right, and say what is seen when. The event `excerpt` asks for a preview of `{"start", "end"}`, in seconds.

    `on_look` takes `{"audio": str, "grid": dict, "settings": dict}`, checked, and returns `{"seconds", "tempo", "meter", "confidence", "peaks": [[low, high]] in -1..1,
    "bands": {name: [0..1]}, "beats": [s], "downbeats": [s], "sections": [{"start", "end", "label"}], "plan": [Interval as JSON], "notes": [sentence]}`.
    `on_stills` takes `{"prompts": [{"prompt", "seed": int or None}], "settings": dict}` and returns `{"seeds": [int], "pictures": [data URL]}`.
    A `StudioError` that one of them raises becomes a sentence in the widget. `settings` reaches both as it is; a change of it (`gr.update(settings={...})`) asks again.
    """

    excerpt: Any = EventListener("excerpt").listener

    def __init__(self, value: Mapping[str, Any] | None = None, *, on_look: Answer | None = None, on_stills: Answer | None = None, settings: Mapping[str, Any] | None = None, **options: Any) -> None:
        self.settings = dict(settings or {})
        functions = []
        if on_look is not None:
            functions.append(guarded("listen", lambda data: on_look(self._song(data))))
        if on_stills is not None:
            functions.append(guarded("stills", lambda data: on_stills(wanted_stills(data))))
        super().__init__(
            value or {},
            html_template='<div class="so kin-field"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER.parent, SCRIPTS),
            apply_default_css=False,
            server_functions=functions,
            settings=self.settings,
            choices={"patterns": list(get_args(Pattern)), "drivers": list(get_args(Driver)), "targets": list(get_args(Target))},
            ideas=ideas(),
            limits={"prompt": LONGEST_PROMPT, "intervals": MOST_INTERVALS, "stills": MOST_STILLS},
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """What the browser sent, checked. That intervals lie in order is the request's business. A wrong value becomes a `gr.Error`."""
        try:
            return self._read(payload)
        except StudioError as error:
            raise gr.Error(error.line, title="The song", print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """For the browser, files copied to where Gradio serves them; those that are gone are left out and named in `note`."""
        given = value if isinstance(value, Mapping) else {}
        lost: list[str] = []
        intervals = [{**clean, **{name: self._shown(clean[name], lost) for name in MEDIA}} for clean in read_intervals(given.get("intervals") or [])]
        shown = {"audio": self._shown(given.get("audio"), lost), "grid": read_grid(given.get("grid")), "intervals": intervals}
        return {**shown, "note": f"{', '.join(lost)} {'is' if len(lost) == 1 else 'are'} gone: load again."} if lost else shown

    def _read(self, payload: Any) -> dict[str, Any]:
        given = payload if isinstance(payload, Mapping) else {}
        listed = given.get("intervals") or []
        if not isinstance(listed, (list, tuple)):
            raise InvalidInput("intervals is not a list", fix="reload the page", field="intervals")
        held = [{**one, **{name: self._kept(one.get(name), "intervals") for name in MEDIA}} if isinstance(one, Mapping) else one for one in listed]
        return {"audio": self._kept(given.get("audio"), "audio"), "grid": read_grid(given.get("grid")), "intervals": read_intervals(held)}

    def _kept(self, file: Any, field: str) -> str | None:
        """The path of a file of the browser's value."""
        return None if file is None else str(self.cached_file(file.get("path") if isinstance(file, Mapping) else None, field=field))

    def _shown(self, path: Any, lost: list[str]) -> dict[str, Any] | None:
        if path is None:
            return None
        if not Path(path).is_file():
            lost.append(Path(path).name)
            return None
        return dict(FileData(path=str(self.move_resource_to_block_cache(str(path))), orig_name=Path(path).name).model_dump())

    def _song(self, data: dict[str, Any]) -> dict[str, Any]:
        path = self._kept(data.get("audio"), "audio")
        if path is None:
            raise InvalidInput("there is no song yet", fix="load one", field="audio")
        return {"audio": path, "grid": read_grid(data.get("grid")), "settings": settings_of(data)}

    def api_info(self) -> dict[str, Any]:
        """The value's JSON schema, for API and MCP clients: plain types only, which is all that Gradio's clients can read."""
        number: dict[str, Any] = {"type": "number"}
        text: dict[str, Any] = {"type": "string"}
        file: dict[str, Any] = {"anyOf": [{"type": "object", "properties": {"path": text}, "required": ["path"]}, {"type": "null"}]}
        listed = {"type": "array", "items": number}
        grid = {"factor": number, "nudge": number, "taps": listed, "moved": {"type": "array", "items": listed}, "downbeat": number, "meter": {"type": "integer"}}
        kinds: dict[str, Any] = {"start": number, "end": number, "strength": number, "start_seed": {"type": "integer"}, "end_seed": {"type": "integer"}, **dict.fromkeys(MEDIA, file)}
        interval = {name: {**kinds.get(name, text), "description": info.description or ""} for name, info in Interval.model_fields.items()}
        intervals = {"type": "array", "items": {"type": "object", "properties": interval}, "maxItems": MOST_INTERVALS}
        return {"type": "object", "properties": {"audio": file, "grid": {"type": "object", "properties": grid}, "intervals": intervals}}

    def example_payload(self) -> Any:
        return {"audio": None, "grid": {"factor": 2.0}, "intervals": [{"start": 0.0, "end": 8.0, "start_prompt": "a red balloon over the hills by day", "end_prompt": "a red balloon over the hills at night"}]}

    def example_value(self) -> Any:
        return self.example_payload()


def read_grid(raw: Any) -> dict[str, Any]:
    """A `Correction` as a clean JSON dictionary; nothing is no correction. Else `InvalidInput`."""
    try:
        return Correction.model_validate({} if raw is None else raw).model_dump(mode="json")
    except ValidationError as error:
        raise InvalidInput("the beats put right by hand cannot be used", why=_why(error), fix="reset the beats", field="grid") from error


def read_intervals(raw: Any) -> list[dict[str, Any]]:
    """Intervals as clean JSON dictionaries. Else `InvalidInput`, which names the first wrong place."""
    if not isinstance(raw, (list, tuple)) or len(raw) > MOST_INTERVALS:
        raise InvalidInput(f"intervals is not a list of at most {MOST_INTERVALS} intervals", fix="join some", field="intervals")
    clean = []
    for index, item in enumerate(raw):
        try:
            clean.append(Interval.model_validate(item).model_dump(mode="json"))
        except ValidationError as error:
            raise InvalidInput(f"interval {index + 1} is wrong", why=_why(error), fix="change or delete it", field="intervals") from error
    return clean


def wanted_stills(data: Mapping[str, Any]) -> dict[str, Any]:
    """The pictures that a page asks for, checked. Else `InvalidInput`."""
    listed = data.get("prompts")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_STILLS:
        raise InvalidInput("prompts is not a list of prompts", fix=f"give 1 to {MOST_STILLS} of them", field="intervals")
    wanted = []
    for one in listed:
        prompt, seed = (one.get("prompt"), one.get("seed")) if isinstance(one, Mapping) else (None, None)
        if not isinstance(prompt, str) or not prompt.strip() or len(prompt) > LONGEST_PROMPT or "\0" in prompt or any("\ud800" <= sign <= "\udfff" for sign in prompt):
            raise InvalidInput("a prompt cannot be drawn", fix=f"write 1 to {LONGEST_PROMPT} letters", field="intervals")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < SEEDS):
            raise InvalidInput("a seed is not a whole number", fix="click the picture again", field="intervals")
        wanted.append({"prompt": prompt, "seed": seed})
    return {"prompts": wanted, "settings": settings_of(data)}


def settings_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The other controls that a page's question comes with."""
    settings = data.get("settings")
    return dict(settings) if isinstance(settings, Mapping) else {}


def ideas() -> dict[str, list[dict[str, Any]]]:
    """The words that prompts are made of, by kind: what is written, and what it takes the place of."""

    def phrases(table: Mapping[str, tuple[list[str], list[str]]]) -> list[dict[str, Any]]:
        return [{"say": shown[0], "words": [phrase for phrase in (*shown, *rare) if phrase]} for shown, rare in table.values()]

    nouns = [{"say": noun, "words": [*shown, *rare, *words.MORE_NOUNS.get(noun, [])]} for noun, (shown, rare) in words.NOUNS.items()]
    return {"subject": nouns, "colour": phrases(words.COLOUR_WORDS), "place": phrases(words.PLACE_PHRASES), "time": phrases(words.TIME_PHRASES)}


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")
