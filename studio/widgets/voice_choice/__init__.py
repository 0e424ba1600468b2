"""A voice of this machine, by name. Value in Python and in the browser: `{"voice": str}`; "auto" takes the best one, "none" is silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.widgets.base import Widget, read_parts
from studio.widgets.served import guarded

FOLDER = Path(__file__).parent
LONGEST_NAME = 80


class VoiceChoice(Widget):
    """A list of voices. `voices` gives `(value, label)` of those besides "auto" and "none"; it is asked when the list is wanted first."""

    def __init__(self, *, voices: Callable[[], Sequence[tuple[str, str]]] | None = None, **options: Any) -> None:
        super().__init__(
            value={"voice": "auto"},
            html_template='<div class="vc kin-field"></div>',
            js_on_load=read_parts(FOLDER, ("main.js",)),
            apply_default_css=False,
            server_functions=[guarded("voices", lambda data: {"voices": [list(voice) for voice in voices()]})] if voices else None,
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, str]:  # type: ignore[override]
        """What the browser chose; anything else is "auto". Whether there is such a voice is the run's business."""
        return {"voice": read_voice(payload)}

    def postprocess(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        return {"voice": read_voice(value)}

    def api_info(self) -> dict[str, Any]:
        """The value's JSON schema."""
        return {"type": "object", "properties": {"voice": {"type": "string", "maxLength": LONGEST_NAME}}}


def read_voice(raw: Any) -> str:
    """The voice of whatever came."""
    voice = raw.get("voice") if isinstance(raw, Mapping) else None
    return voice if isinstance(voice, str) and voice.isprintable() and 0 < len(voice) <= LONGEST_NAME else "auto"
