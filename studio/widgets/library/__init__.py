"""The library: everything made so far; hover to play, search, details, restore, send on, pin, trash with undo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio.events import EventListener

from studio.service import Studio
from studio.widgets.served import ServedWidget


class Library(ServedWidget):
    """Events: `restore` (put this run's settings into its tab; data: `run`), `send` (its clip's first picture into another tab; data: `run`, `tab`)."""

    restore: Any = EventListener("restore").listener
    send: Any = EventListener("send").listener

    def __init__(self, studio: Studio, tabs: list[dict[str, str]] | None = None, **options: Any) -> None:
        self.studio, self.tabs = studio, tabs
        super().__init__(
            Path(__file__).parent,
            {
                "list_results": lambda data: studio.results(str(data.get("owner", "")), trashed=bool(data.get("trash"))),
                "trash_run": lambda data: studio.store.remove(str(data["run"])),
                "untrash_run": lambda data: studio.store.restore(str(data["run"])),
                "pin_run": lambda data: studio.store.runs.mark(str(data["run"]), pinned=bool(data["pinned"])),
            },
            tabs=tabs or [],
            **options,
        )
