"""Settings of this browser: chime, notification, my defaults for each tab. They live in the browser; the server keeps none of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio.events import EventListener

from studio.widgets.served import ServedWidget


class Preferences(ServedWidget):
    """Event `keep`: tell the script the present values of a tab's form, to keep them as defaults (data: `tab`).

    The answer comes as the value `{"tab", "fields", "nonce"}`.
    """

    keep: Any = EventListener("keep").listener

    def __init__(self, tabs: list[dict[str, str]] | None = None, limits: list[list[str]] | None = None, **options: Any) -> None:
        self.tabs, self.limits = tabs, limits
        super().__init__(Path(__file__).parent, {}, tabs=tabs or [], limits=limits or [], **options)
