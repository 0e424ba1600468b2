"""The engine room: the worker, its memory over time, resident models, the models that could be fetched, and what the disk holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.service import Studio
from studio.widgets.served import ServedWidget


class EngineRoom(ServedWidget):
    """Shows the engine; frees, fetches and removes models when asked."""

    def __init__(self, studio: Studio, **options: Any) -> None:
        self.studio = studio
        super().__init__(
            Path(__file__).parent,
            {
                "look_engine": lambda data: studio.engine(),
                "free_models": lambda data: studio.executor.free(),
                "fetch_model": lambda data: studio.fetch_model(str(data["model"])),
                "remove_model": lambda data: studio.remove_model(str(data["model"])),
            },
            **options,
        )
