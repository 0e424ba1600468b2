"""The engine room: the worker, its memory over time, resident models, the disk, and every model: fetch, pause, verify, remove, restore; and models of the owner's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.service import Studio
from studio.widgets.served import ServedWidget

SCRIPTS = ("bars.js", "cards.js", "own.js", "main.js")


class EngineRoom(ServedWidget):
    """Shows the engine; fetches, verifies, removes and restores models when asked."""

    def __init__(self, studio: Studio, **options: Any) -> None:
        self.studio, room, folder = studio, studio.room, Path(__file__).parent
        super().__init__(
            folder,
            {
                "look_engine": lambda data: studio.engine(),
                "free_models": lambda data: studio.free(),
                "fetch_model": lambda data: room.fetch(str(data["model"])),
                "pause_model": lambda data: room.pause(str(data["model"])),
                "cancel_model": lambda data: room.cancel(str(data["model"])),
                "verify_model": lambda data: room.verify(str(data["model"])),
                "remove_model": lambda data: room.remove(str(data["model"])),
                "restore_model": lambda data: room.restore(str(data["model"])),
                "empty_models": lambda data: room.empty_trash(),
                "go_offline": lambda data: room.go_offline(bool(data["offline"])),
                "own_models": lambda data: room.own(),
            },
            SCRIPTS,
            **options,
        )
