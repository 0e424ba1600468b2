"""What stands behind a subject instead: one choice of a kind, and what that kind needs. This side checks values; the script beside it draws.

Value in Python: `{"background": Background as JSON, its files as paths}`; in the browser a file is `{"path", "url", "orig_name"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import gradio as gr
from gradio.data_classes import FileData
from pydantic import ValidationError

from engine.errors import InvalidInput, StudioError
from engine.tasks.subject_swap.request import Background, BackgroundKind, read_background
from studio.widgets.base import Widget, read_parts

FOLDER = Path(__file__).parent
FILES = ("image", "clip")
LONGEST_WORDS = next(m.max_length for m in Background.model_fields["words"].metadata if hasattr(m, "max_length"))


class BackgroundChoice(Widget):
    """An editor of one `Background`."""

    def __init__(self, **options: Any) -> None:
        blur = Background.model_fields["blur"]
        low, high = (next(getattr(m, name) for m in blur.metadata if hasattr(m, name)) for name in ("ge", "le"))
        super().__init__(
            value={"background": {}},
            html_template='<div class="bg kin-field"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER.parent, ("background_choice/words.js", "shared/bound.js", "shared/intake.js", "shared/range.js", "background_choice/main.js")),
            apply_default_css=False,
            kinds=list(get_args(BackgroundKind)),
            start={"colour": Background.model_fields["colour"].default, "blur": blur.default},
            limits={"blur": [low, high], "words": LONGEST_WORDS},
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """What the browser sent, checked; a file that this studio does not keep becomes a `gr.Error`."""
        given = payload.get("background") if isinstance(payload, Mapping) else None
        try:
            held = dict(given) if isinstance(given, Mapping) else {}
            for name in FILES:
                file = held.get(name)
                held[name] = None if file is None else str(self.cached_file(file.get("path") if isinstance(file, Mapping) else None, field="background"))
            return {"background": read_choice(held)}
        except StudioError as error:
            raise gr.Error(error.line, title="The background", print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """For the browser; a file that is gone is left out."""
        given = value.get("background") if isinstance(value, Mapping) else None
        shown = read_choice(given.model_dump(mode="json") if isinstance(given, Background) else given)
        return {"background": {**shown, **{name: self._shown(shown[name]) for name in FILES if name in shown}}}

    def _shown(self, path: str) -> dict[str, Any] | None:
        if not Path(path).is_file():
            return None
        return dict(FileData(path=str(self.move_resource_to_block_cache(path)), orig_name=Path(path).name).model_dump())


def read_choice(raw: Any) -> dict[str, Any]:
    """A background as a clean JSON dictionary without what is default; nothing is the default. Else `InvalidInput`."""
    try:
        return Background.model_validate({} if raw is None else read_background(raw)).model_dump(mode="json", exclude_defaults=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput("the background cannot be used", why=f"{where}: {first['msg']}", fix="choose it again", field="background") from error
