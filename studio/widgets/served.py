"""A widget that lives on the studio's service: its script calls named operations and draws what they return."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.errors import StudioError
from studio.widgets.base import Widget, read_parts

Operation = Callable[[dict[str, Any]], Any]


class ServedWidget(Widget):
    """`folder` holds the `scripts`, which run as one, and `style.css`; `operations` are what the script may call, as `server.NAME({...})`.

    An operation's `StudioError`, or a wrong argument of the browser, becomes `{"error": line}`; nothing else reaches the page.
    """

    def __init__(self, folder: Path | None = None, operations: dict[str, Operation] | None = None, scripts: tuple[str, ...] = ("main.js",), **options: Any) -> None:
        self.folder, self.operations = folder, operations
        functions = [guarded(name, act) for name, act in (operations or {}).items()]
        if folder is not None:
            options |= {"html_template": '<div class="host"></div>', "css_template": read_parts(folder, ("style.css",)), "js_on_load": read_parts(folder, scripts), "apply_default_css": False}
        super().__init__(server_functions=functions, **options)


def guarded(name: str, act: Operation) -> Callable[[Any], Any]:
    """`act` as a server function that never shows a traceback."""

    def call(data: Any) -> Any:
        try:
            result = act(data if isinstance(data, dict) else {})
        except StudioError as error:
            return {"error": error.line}
        except (KeyError, TypeError, ValueError):
            return {"error": "the page sent something that cannot be used: reload it"}
        return {} if result is None else result

    call.__name__ = name
    return call
