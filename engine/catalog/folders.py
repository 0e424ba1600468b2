"""Models that the user has on disk: whole Stable Diffusion folders in diffusers layout, and motion adapters. Found by looking, named by their folders."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import ModelUnavailable
from engine.settings import Settings

Kind = Literal["checkpoint", "motion module"]
FILE_OF: dict[Kind, str] = {"checkpoint": "model_index.json", "motion module": "config.json"}


@dataclass(frozen=True)
class Found:
    """A model of the user's. name: its folder's, by which a request asks for it; a path from a request is never opened."""

    name: str
    kind: Kind
    folder: Path


def shelves(settings: Settings) -> list[Path]:
    """The folders that are searched, first come first: `checkpoints` in the data folder, then those of the setting `model_folders`."""
    more = [Path(one).expanduser() for one in settings.model_folders.split(os.pathsep) if one.strip()]
    return [settings.data_dir / "checkpoints", *more]


def found(settings: Settings, kind: Kind) -> list[Found]:
    """What is there of a kind, by name; a shelf may also be a model itself. Of two with one name the first shelf's counts."""
    out: dict[str, Found] = {}
    for shelf in shelves(settings):
        for folder in [shelf, *sorted(shelf.iterdir())] if shelf.is_dir() else []:
            if _is(folder, kind):
                out.setdefault(folder.name, Found(folder.name, kind, folder))
    return sorted(out.values(), key=lambda one: one.name.lower())


def chosen(settings: Settings, kind: Kind, name: str) -> Found:
    """The model of that name; an empty name takes the only one. Raises `ModelUnavailable` that says what there is and where to put one."""
    there = found(settings, kind)
    if not there:
        raise ModelUnavailable(
            f"there is no {kind} on this machine", fix=f"put one in diffusers layout below {shelves(settings)[0]}, or name its folder in KINORA_MODEL_FOLDERS", field="model"
        )
    right = [one for one in there if one.name == name] if name else there
    if len(right) != 1:
        known = ", ".join(one.name for one in there)
        what = f"there is no {kind} named {name[:80]!r}" if name else f"there is more than one {kind}"
        raise ModelUnavailable(what, fix=f"choose one of: {known}", field=kind.replace(" ", "_"))
    return right[0]


def weight_bytes(folder: Path) -> int:
    """Bytes of a model's safetensors on disk, of each part the smallest variant: what it will take in memory, at the least."""
    parts: dict[Path, int] = {}
    for file in folder.rglob("*.safetensors"):
        size = file.stat().st_size
        parts[file.parent] = min(parts.get(file.parent, size), size)
    return sum(parts.values())


def _is(folder: Path, kind: Kind) -> bool:
    try:
        document: Any = json.loads((folder / FILE_OF[kind]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(document, dict):
        return False
    return document.get("_class_name") == "MotionAdapter" if kind == "motion module" else {"unet", "vae", "text_encoder", "tokenizer"} <= document.keys()
