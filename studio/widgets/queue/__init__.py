"""The run drawer: what works, waits, or was interrupted; reorder, stop, edit, run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio.events import EventListener

from engine.errors import InvalidInput
from studio.service import Studio
from studio.widgets.served import ServedWidget


class QueueList(ServedWidget):
    """Event `edit`: load this waiting run's settings into its tab (data: `run`)."""

    edit: Any = EventListener("edit").listener

    def __init__(self, studio: Studio, **options: Any) -> None:
        self.studio = studio

        def move(data: dict[str, Any]) -> None:
            steps = int(data["steps"])
            if abs(steps) > 1000:
                raise InvalidInput("that is too far", fix="move by places")
            studio.store.runs.move(str(data["run"]), steps)

        super().__init__(
            Path(__file__).parent,
            {
                "list_queue": lambda data: studio.queue(str(data.get("owner", ""))),
                "stop_run": lambda data: studio.cancel(str(data["run"])),
                "move_run": move,
                "again_run": lambda data: {"run": studio.again(str(data["run"]), str(data.get("owner", ""))).id},
                "forget_run": lambda data: studio.store.remove(str(data["run"])),
            },
            **options,
        )
