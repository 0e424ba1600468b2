"""The page-wide drop target: a Kinora file dropped anywhere restores its tab's settings and inputs; a picture goes to the open tab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio.events import EventListener

from engine.errors import InvalidInput
from studio.widgets.served import ServedWidget


class DropTarget(ServedWidget):
    """Event `dropped`: a file was uploaded. The value is `{"path", "name", "nonce"}`; handlers get the checked path and its own name."""

    dropped: Any = EventListener("dropped").listener

    def __init__(self, **options: Any) -> None:
        super().__init__(Path(__file__).parent, {}, **options)

    def preprocess(self, payload: Any) -> Path | None:  # type: ignore[override]
        """The uploaded file, if it really lies among Gradio's uploads."""
        if not isinstance(payload, dict):
            return None
        try:
            return self.cached_file(payload.get("path"), field="file")
        except InvalidInput:
            return None
