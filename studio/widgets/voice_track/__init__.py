"""The voice track: a recording or a text to say, its waveform, and the expressions over it. This side checks values; the scripts beside it draw.

In the browser the value is `{"audio": file or None, "text", "voice", "speed", "expressions": [{"start", "end", "kind", "strength"}], "auto_laughter"}`, a file
being `{"path", "url", "orig_name"}`; in Python the same with a path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import gradio as gr
from gradio.data_classes import FileData
from pydantic import ValidationError

from engine.errors import InvalidInput, StudioError
from engine.tasks.talking_head.request import Expression, TalkingHeadRequest
from studio.widgets.base import Widget, read_parts
from studio.widgets.served import guarded

FOLDER = Path(__file__).parent
SCRIPTS = (
    *(f"shared/{name}.js" for name in ("bound", "newest", "intake", "range", "history", "timeline", "player")),
    *(f"voice_track/{name}.js" for name in ("spans", "wave", "lane", "recorder", "panes", "inspector", "layout", "main")),
)  # fmt: skip
"""Joined in this order into one function body: `main.js` starts the widget from the parts before it."""
FIELDS = TalkingHeadRequest.model_fields
MOST_SPANS, LONGEST_TEXT = (next(m.max_length for m in FIELDS[name].metadata if hasattr(m, "max_length")) for name in ("expressions", "text"))

Answer = Callable[[dict[str, Any]], Any]
Voices = Callable[[], Sequence[tuple[str, str]]]


class VoiceTrack(Widget):
    """Choose a voice and say what the face shows when. `on_look` says what is in the voice; without it there is no waveform.

    `on_look` takes `{"audio": str or None, "text", "voice", "speed"}`, checked, and returns `{"seconds", "peaks": [[low, high]] in -1..1, "energy",
    "laughs": [{"start", "end", "strength"}], "voice": name of the voice that spoke or "", "notes": [sentence], "sound": data URL of the spoken text or None}`.
    A `StudioError` that it raises becomes a sentence under the voice. `voices` gives `(value, label)` of the built-in voices besides "auto"; it is asked when
    they are wanted first.
    """

    def __init__(self, value: Mapping[str, Any] | None = None, *, on_look: Answer | None = None, voices: Voices | None = None, **options: Any) -> None:
        functions = []
        if on_look is not None:
            functions.append(guarded("listen", lambda data: on_look(self._question(data))))
        if voices is not None:
            functions.append(guarded("voices", lambda data: {"voices": [list(voice) for voice in voices()]}))
        super().__init__(
            value or {},
            html_template='<div class="vt kin-field"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER.parent, SCRIPTS),
            apply_default_css=False,
            server_functions=functions,
            max_text=LONGEST_TEXT,
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """What the browser sent, checked; how long a text may be, and that spans lie apart, is the request's business. A wrong value becomes a `gr.Error`."""
        try:
            return self._read(payload)
        except StudioError as error:
            raise gr.Error(error.line, title="The voice", print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """For the browser, the file copied to where Gradio serves it; a file that is gone is left out and named in `note`."""
        given = value if isinstance(value, Mapping) else {}
        shown: dict[str, Any] = {"audio": None, **read_saying(given), "expressions": read_expressions(given.get("expressions") or [])}
        path = given.get("audio")
        if path is not None and Path(path).is_file():
            shown["audio"] = FileData(path=str(self.move_resource_to_block_cache(str(path))), orig_name=Path(path).name).model_dump()
        elif path is not None:
            shown["note"] = f"{Path(path).name} is gone: load it again."
        return shown

    def _read(self, payload: Any) -> dict[str, Any]:
        given = payload if isinstance(payload, Mapping) else {}
        file = given.get("audio")
        path = None if file is None else str(self.cached_file(file.get("path") if isinstance(file, Mapping) else None, field="audio"))
        return {"audio": path, **read_saying(given), "expressions": read_expressions(given.get("expressions") or [])}

    def _question(self, data: dict[str, Any]) -> dict[str, Any]:
        clean = self._read(data)
        if clean["audio"] is None and not clean["text"].strip():
            raise InvalidInput("there is no voice yet", fix="load a recording or write a text", field="audio")
        if len(clean["text"]) > LONGEST_TEXT:
            raise InvalidInput(f"the text has {len(clean['text'])} characters", why=f"at most {LONGEST_TEXT} are said", fix="shorten it", field="text")
        return {name: clean[name] for name in ("audio", "text", "voice", "speed")}

    def api_info(self) -> dict[str, Any]:
        """The value's JSON schema, for API and MCP clients: plain types only, which is all that Gradio's clients can read."""
        file = {"anyOf": [{"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}, {"type": "null"}]}
        look = {"type": "string", "enum": list(get_args(Expression.model_fields["kind"].annotation))}
        span = {"type": "object", "properties": {"start": {"type": "number"}, "end": {"type": "number"}, "kind": look, "strength": {"type": "number"}}}
        spans = {"type": "array", "items": span, "maxItems": MOST_SPANS}
        plain = {"text": "string", "voice": "string", "speed": "number", "auto_laughter": "boolean"}
        return {"type": "object", "properties": {"audio": file, "expressions": spans, **{name: {"type": kind} for name, kind in plain.items()}}}

    def example_payload(self) -> Any:
        smile = {"start": 0.2, "end": 1.0, "kind": "smile", "strength": 1.0}
        return {"audio": None, "text": "Good morning!", "voice": "auto", "speed": 1.0, "expressions": [smile], "auto_laughter": True}

    def example_value(self) -> Any:
        return self.example_payload()


def read_saying(given: Mapping[str, Any]) -> dict[str, Any]:
    """Text, voice, speed and the switch for laughter; what is missing gets the request's default. Else `InvalidInput`."""
    text, voice, speed, laughter = (FIELDS[name].default if given.get(name) is None else given[name] for name in ("text", "voice", "speed", "auto_laughter"))
    if not isinstance(text, str) or not isinstance(voice, str) or "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text + voice):
        raise InvalidInput("the text to say holds something that cannot be said", fix="write it again", field="text")
    if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0.5 <= speed <= 2:
        raise InvalidInput("the speed is not between 0.5 and 2", fix="move its slider", field="speed")
    return {"text": text.replace("\r\n", "\n"), "voice": voice, "speed": float(speed), "auto_laughter": bool(laughter)}


def read_expressions(raw: Any) -> list[dict[str, Any]]:
    """Spans as clean JSON dictionaries. Else `InvalidInput`, which names the first wrong place."""
    if not isinstance(raw, (list, tuple)) or len(raw) > MOST_SPANS:
        raise InvalidInput(f"expressions is not a list of at most {MOST_SPANS} spans", fix="remove some", field="expressions")
    spans = []
    for index, item in enumerate(raw):
        try:
            spans.append(Expression.model_validate(item).model_dump(mode="json"))
        except ValidationError as error:
            why = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
            raise InvalidInput(f"expressions[{index}] is wrong", why=why, fix="remove it and add it again", field="expressions") from error
    return spans
