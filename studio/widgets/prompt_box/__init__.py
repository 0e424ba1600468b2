"""The prompt box: a text field that marks what it understood and plays an animatic. This side checks values; the scripts beside it draw.

The value is `{"prompt": str}`, in the browser and in Python.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from engine.errors import InvalidInput, LimitExceeded, StudioError
from studio.widgets.base import Widget, read_parts

FOLDER = Path(__file__).parent
SCRIPTS = ("text.js", "asking.js", "marks.js", "animatic.js", "hints.js", "main.js")
"""Joined in this order into one function body: `main.js` starts the widget from the parts before it."""

Read = Callable[[dict[str, Any]], Any]


class PromptBox(Widget):
    """A prompt that is read while it is typed. `on_read` answers each pause in typing; without it the box is a text field with ideas.

    `on_read` takes `{"prompt": str, "settings": dict}`, checked, and returns (or is a coroutine that returns)
    `{"understood": [[start, end, meaning]], "unknown": [[start, end, meaning or "", [offer]]], "frames": data URL of one JPEG grid,
    "count", "cols", "width", "height" (pixels of one frame), "fps", "said": one sentence of what was understood}`; start and end are
    indices into the Python string. Without `frames` only words are marked. A `StudioError` that it raises becomes a line under the text.
    `settings` reaches `on_read` as it is; a change of it (`gr.update(settings={...})`) asks again, and its `width` and `height` give
    the stage its shape before the first frames come.
    max_chars: longest prompt in characters; a longer one is kept in the box, marked as too long, and refused by `preprocess`.
    ideas: prompts to start from; the first few are shown, the dice picks among all of them.
    """

    def __init__(
        self,
        value: Mapping[str, Any] | Callable[[], Any] | None = None,
        *,
        on_read: Read | None = None,
        settings: Mapping[str, Any] | None = None,
        max_chars: int = 2000,
        placeholder: str = "What should happen? Name a place, a time of day, things with colours, and how they and the camera move.",
        ideas: Sequence[str] = (),
        **options: Any,
    ) -> None:
        if max_chars < 1:
            raise InvalidInput(f"max_chars={max_chars} is not allowed", fix="give at least 1")
        self.settings, self.max_chars = dict(settings or {}), max_chars
        super().__init__(
            value,
            html_template='<div class="pb"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER, SCRIPTS),
            apply_default_css=False,
            server_functions=[self._checked(on_read)] if on_read else None,
            settings=self.settings,
            max_chars=max_chars,
            placeholder=placeholder,
            ideas=list(ideas),
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, str]:  # type: ignore[override]
        """What the browser sent, checked: `{"prompt": str}`. A wrong value becomes a `gr.Error`."""
        try:
            return {"prompt": read_prompt(payload, self.max_chars)}
        except LimitExceeded as error:
            # The box says this itself while one types: a message box with every key would only be in the way.
            raise gr.Error(error.line, title="The prompt", visible=False, print_exception=False) from error
        except StudioError as error:
            raise gr.Error(error.line, title="The prompt", print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        """`{"prompt": str or None}` or None for the browser. Else `InvalidInput`; a prompt that is too long is shown as such."""
        return {"prompt": read_prompt(value, None)}

    def _checked(self, answer: Read) -> Read:
        """`answer` behind a check of what the browser sends: server functions get the raw payload, not `preprocess`'s value."""

        def question(data: Any) -> dict[str, Any]:
            settings = data.get("settings") if isinstance(data, Mapping) else None
            return {"prompt": read_prompt(data, self.max_chars), "settings": dict(settings) if isinstance(settings, Mapping) else {}}

        if inspect.iscoroutinefunction(answer):

            async def read(data: Any) -> Any:
                try:
                    return await answer(question(data))
                except StudioError as error:
                    return {"error": error.line}

            return read

        def read_now(data: Any) -> Any:
            try:
                return answer(question(data))
            except StudioError as error:
                return {"error": error.line}

        read_now.__name__ = "read"
        return read_now

    def api_info(self) -> dict[str, Any]:
        """The value's JSON schema, for API and MCP clients."""
        return {"type": "object", "properties": {"prompt": {"type": "string", "maxLength": self.max_chars}}}

    def example_payload(self) -> Any:
        return {"prompt": "a red boat sails left on the sea at sunset"}

    def example_value(self) -> Any:
        return {"prompt": "a red boat sails left on the sea at sunset"}


def read_prompt(raw: Any, max_chars: int | None) -> str:
    """The prompt from whatever came; nothing is `""`, line ends become `\\n`, and nothing is cut.

    Raises `LimitExceeded` above `max_chars` characters, `InvalidInput` for anything that is not text which can be stored.
    """
    if raw in (None, ""):
        return ""
    if not isinstance(raw, Mapping):
        why = f"got {type(raw).__name__}"
        raise InvalidInput("the prompt box holds something else than a prompt", why=why, fix="reload the page", field="prompt")
    prompt = raw.get("prompt")
    if prompt is None:
        return ""
    if not isinstance(prompt, str):
        raise InvalidInput("the prompt is not text", why=f"got {type(prompt).__name__}", fix="type it again", field="prompt")
    prompt = prompt.replace("\r\n", "\n").replace("\r", "\n")
    if max_chars is not None and len(prompt) > max_chars:
        raise LimitExceeded(f"the prompt has {len(prompt)} characters", why=f"at most {max_chars} are read", fix="shorten it", field="prompt")
    if "\0" in prompt or any("\ud800" <= sign <= "\udfff" for sign in prompt):
        why = "half of a pair, or a zero"
        raise InvalidInput("the prompt holds a broken character", why=why, fix="delete what looks odd, or type it again", field="prompt")
    return prompt
