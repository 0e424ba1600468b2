"""The run panel of every tab: Run and Stop, stage, progress, preview, result, meters. The scripts beside it watch the run by its id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio.events import EventListener

from studio.service import Studio
from studio.widgets.base import Widget, read_parts
from studio.widgets.served import guarded

FOLDER = Path(__file__).parent
SCRIPTS = ("shared/timeline.js", *(f"run_panel/{name}.js" for name in ("takes", "compare", "film", "player", "main")))
"""Joined in this order into one function body; `main.js` starts the panel from the parts before it."""


class RunPanel(Widget):
    """Value: `{"run": id or None, "error": line or None, "edit": waiting run or None, "nonce": number}`; `nonce` tells two equal answers apart.

    With `edit`, the button saves the form into that waiting run instead of starting a new one. Events: `start` (the button was pressed), `hello` (the panel came to life; its data hold `owner`, the `run` to attach to and the user's `defaults`),
    `restore` (put this run's settings into the form), `apply` (put the data's `fields` into the form, the others stay), `send` (the result into another tab; data: `run`, `tab`),
    `ended` (the run that the panel watched is over: what it taught of time is known now).
    targets: (id, title) of the tabs that a result can be sent to; shown: by example of the tab the file name of a clip of it, which stands where the result will be.
    """

    start: Any = EventListener("start").listener
    hello: Any = EventListener("hello").listener
    restore: Any = EventListener("restore").listener
    apply: Any = EventListener("apply").listener
    send: Any = EventListener("send").listener
    ended: Any = EventListener("ended").listener

    def __init__(self, studio: Studio, tab: str = "", tasks: tuple[str, ...] = (), targets: tuple[tuple[str, str], ...] = (), shown: tuple[str, ...] = (), **options: Any) -> None:
        self.studio = studio
        functions = [
            guarded("watch_run", lambda data: studio.status(str(data["run"]))),
            guarded("stop_run", lambda data: studio.cancel(str(data["run"]))),
            guarded("finish_take", lambda data: {"run": studio.finish_take(str(data["run"]), int(data["take"]), str(data.get("owner", ""))).id}),
            guarded("run_again", lambda data: {"run": studio.again(str(data["run"]), str(data.get("owner", ""))).id}),
        ]
        super().__init__(
            value={"run": None, "error": None, "edit": None, "nonce": 0},
            html_template='<div class="rp"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER.parent, SCRIPTS),
            apply_default_css=False,
            server_functions=functions,
            tab=tab,
            tasks=list(tasks),
            targets=[list(target) for target in targets],
            shown=list(shown),
            **options,
        )

    def preprocess(self, payload: Any) -> str | None:
        """The waiting run that is being edited, if one is."""
        run = payload.get("edit") if isinstance(payload, dict) else None
        return run if isinstance(run, str) else None
