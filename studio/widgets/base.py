"""What every browser widget shares: its scripts and styles read from files, and a check of file paths that browsers send.

Gradio's `gr.HTML` runs the script with `element, trigger, props, server, upload, watch` in scope, once per page element.
"""

from __future__ import annotations

from abc import ABCMeta
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.component_meta import ComponentMeta, updateable
from gradio.utils import is_in_or_equal

from engine.errors import InvalidInput

MAX_PATH_CHARS = 4096


class WidgetMeta(ComponentMeta):
    """Gradio's metaclass without its habit of writing a `.pyi` file beside the source, which would then hide the source from mypy."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> WidgetMeta:
        if "__init__" in attrs:
            attrs["__init__"] = updateable(attrs["__init__"])
        return ABCMeta.__new__(mcs, name, bases, attrs)


class Widget(gr.HTML, metaclass=WidgetMeta):
    """A `gr.HTML` whose page element is built by its script, so that a new value never rebuilds it."""

    def preprocess(self, payload: Any) -> Any:
        """What Python gets of the script's `props.value`: any JSON that a browser may send."""
        return payload

    def postprocess(self, value: Any) -> Any:
        """What the script gets as `props.value`: any JSON."""
        return value

    def api_info(self) -> dict[str, Any]:
        """The value's JSON schema."""
        return {"type": "object"}

    def cached_file(self, path: Any, *, field: str) -> Path:
        """The file at `path` if Gradio itself keeps it (an upload, or a file that this page was given to show).

        `path` comes from a browser and may be anything. Links, `..` and remote addresses are refused with `InvalidInput`.
        """
        if not isinstance(path, str) or not path or len(path) > MAX_PATH_CHARS or "\0" in path:
            raise InvalidInput("the picture has no usable path", fix="load the picture again", field=field)
        try:
            inside = is_in_or_equal(path, self.GRADIO_CACHE)
            found = inside and Path(path).resolve().is_file()
        except OSError:
            inside = found = False
        if not inside:
            raise InvalidInput("the picture was not loaded in this studio", fix="load the picture again", field=field)
        if not found:
            raise InvalidInput("the loaded picture is gone", why="it was cleaned up after a day or a restart", fix="load it again", field=field)
        return Path(path).resolve()


def read_parts(folder: Path, names: tuple[str, ...]) -> str:
    """The text of the named files of `folder`, in that order, as one script or style sheet."""
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
