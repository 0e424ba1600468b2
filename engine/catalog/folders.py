"""Models that the user has on disk: whole Stable Diffusion folders in diffusers layout, motion adapters, and whatever else looks like weights. Found by looking, named by their folders."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.catalog.weights import PICKLES, check_folder, inspect, read_json
from engine.errors import ModelUnavailable
from engine.settings import Settings

Kind = Literal["checkpoint", "motion module"]
MOST_OWN = 500
"""Entries of a shelf that are looked at."""

KIND_OF_NAMES = (
    ("lora_", "LoRA"), (".lora", "LoRA"), ("motion_modules", "motion module"), ("control_model", "ControlNet"), ("model.diffusion_model.", "whole model in one file"),
    ("first_stage_model", "VAE"), ("decoder.conv_in", "VAE"), ("text_model.", "text encoder"),
)  # fmt: skip
"""What names of tensors in a single file tell of it, first come first."""

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
    """The model of that name; an empty name takes the only one. Raises `ModelUnavailable` that says what there is and where to put one, or why that one may not be loaded."""
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
    check_folder(right[0].folder)
    return right[0]


def weight_bytes(folder: Path) -> int:
    """Bytes of a model's safetensors on disk, of each part the smallest variant: what it will take in memory, at the least."""
    parts: dict[Path, int] = {}
    for file in folder.rglob("*.safetensors"):
        size = file.stat().st_size
        parts[file.parent] = min(parts.get(file.parent, size), size)
    return sum(parts.values())


@dataclass(frozen=True)
class Own:
    """Something of the user's that looks like a model. kind: in words; refused: why it may not be loaded, "" when it may."""

    name: str
    kind: str
    bytes: int
    path: Path
    refused: str = ""


def survey(settings: Settings) -> list[Own]:
    """Everything below the shelves that looks like a model: folders with weights, and single safetensors files, with their headers looked at. Nothing is loaded."""
    out: list[Own] = []
    for shelf in shelves(settings):
        entries = [shelf, *sorted(shelf.iterdir())] if shelf.is_dir() else []
        for entry in entries[:MOST_OWN]:
            if entry.name.startswith("."):
                continue
            if entry.is_file() and entry.suffix in (".safetensors", *PICKLES):
                out.append(_own_file(entry))
            elif entry.is_dir() and (any((entry / name).is_file() for name in FILE_OF.values()) or (entry != shelf and any(entry.glob("*.safetensors")))):
                out.append(_own_folder(entry))
    return out


def _own_file(path: Path) -> Own:
    size = path.stat().st_size if path.is_file() else 0
    if path.suffix in PICKLES:
        return Own(path.name, "pickle file", size, path, "pickle files run code when they are loaded: get the model in safetensors")
    try:
        names = inspect(path)
    except ModelUnavailable as error:
        return Own(path.name, "broken file", size, path, error.why or error.what)
    return Own(path.name, next((kind for part, kind in KIND_OF_NAMES if any(part in name for name in names)), "weights"), size, path)


def _own_folder(folder: Path) -> Own:
    size = sum(file.stat().st_size for file in folder.rglob("*.safetensors") if file.is_file())
    told: Any = {}
    for name in ("config.json", "model_index.json"):
        if (folder / name).is_file():
            try:
                told = read_json(folder / name)
            except ModelUnavailable:
                told = {}
    told = told if isinstance(told, dict) else {}
    kind = next((kind for kind in FILE_OF if _is(folder, kind)), "") or str(told.get("_class_name") or told.get("model_type") or "weights")[:60]
    try:
        check_folder(folder)
    except ModelUnavailable as error:
        return Own(folder.name, kind, size, folder, f"{error.what}: {error.why}" if error.why else error.what)
    return Own(folder.name, kind, size, folder)


def _is(folder: Path, kind: Kind) -> bool:
    try:
        document: Any = json.loads((folder / FILE_OF[kind]).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(document, dict):
        return False
    return document.get("_class_name") == "MotionAdapter" if kind == "motion module" else {"unet", "vae", "text_encoder", "tokenizer"} <= document.keys()
