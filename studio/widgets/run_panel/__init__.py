"""The run panel of every tab: Run and Stop, stage, progress, preview, result, meters. The script beside it watches the run by its id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio.events import EventListener

from engine.errors import StudioError
from studio.service import Studio
from studio.widgets.base import Widget, read_parts

FOLDER = Path(__file__).parent


class RunPanel(Widget):
    """Value: `{"run": id or None, "error": line or None, "nonce": number}`; `nonce` tells two equal answers apart.

    Events: `start` (Run was pressed), `hello` (the panel came to life; its data hold `owner` and the `run` to attach to), `restore` (put this
    run's settings into the form), `fit` (choose settings that fit the machine).
    """

    start: Any = EventListener("start").listener
    hello: Any = EventListener("hello").listener
    restore: Any = EventListener("restore").listener
    fit: Any = EventListener("fit").listener

    def __init__(self, studio: Studio | None = None, tab: str = "", task: str = "", sendable: list[list[str]] | None = None, **options: Any) -> None:
        self.studio = studio

        def watch_run(data: Any) -> dict[str, Any]:
            """Status of a run, or an error line."""
            return answer(lambda: _studio(studio).status(str(data["run"])))

        def stop_run(data: Any) -> dict[str, Any]:
            """Ask a run to stop."""
            return answer(lambda: _studio(studio).cancel(str(data["run"])))

        def run_again(data: Any) -> dict[str, Any]:
            """Run again, under the same seed."""
            return answer(lambda: {"run": _studio(studio).again(str(data["run"]), str(data.get("owner", ""))).id})

        options.setdefault("value", {"run": None, "error": None, "nonce": 0})
        super().__init__(
            html_template='<div class="rp"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER, ("player.js", "main.js")),
            apply_default_css=False,
            server_functions=[watch_run, stop_run, run_again],
            tab=tab,
            task=task,
            sendable=sendable or [],
            **options,
        )

    def preprocess(self, payload: Any) -> str | None:
        """The run that the panel shows."""
        run = payload.get("run") if isinstance(payload, dict) else None
        return run if isinstance(run, str) else None

    def postprocess(self, value: Any) -> dict[str, Any]:
        """The panel's value as it is."""
        return dict(value)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}


def answer(act: Any) -> dict[str, Any]:
    """The result of `act` for a script, with a `StudioError` as `{"error": line}`."""
    try:
        return act() or {}
    except StudioError as error:
        return {"error": error.line}
    except (KeyError, TypeError, ValueError):
        return {"error": "the page sent something that cannot be used: reload it"}


def _studio(studio: Studio | None) -> Studio:
    if studio is None:
        raise StudioError("this panel belongs to no studio", fix="reload the page")
    return studio
