"""From trainings to the repository: `python -m engine.training.ship NAME...` puts exports into `assets/models/`, each with the record of how it was made.

Weights become float16. `manifest.json` lists every shipped file with its size and SHA-256: the model cards are made from it, so nothing is typed by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import load_file, save_file

from engine.errors import InvalidInput, LimitExceeded, ModelUnavailable, StudioError
from engine.training.home import read_log, swap, training_dir

SHELF = Path(__file__).resolve().parents[2] / "assets/models"
MOST = 60 * 10**6
"""Bytes that all shipped models may take together."""

LINES = 5
"""Lines of each log that are kept in the record."""


@dataclass(frozen=True)
class Stage:
    """What made a model. scripts: module -> folder of its log, in the order in which they ran; numbers: bytes that each weight takes when loaded on a CPU;
    data: what it learned from."""

    scripts: dict[str, str]
    numbers: int = 2
    data: str = "rendered by engine.world"


STAGES = {
    "pocket-sd": Stage({"vae": "pocket-vae", "text": "pocket-text", "image": "pocket-sd"}),
    "pocket-flow": Stage({"flow": "pocket-flow"}),
    "pocket-motion": Stage({"motion": "pocket-motion"}),
    "pocket-frames": Stage({"frames": "pocket-frames"}),
    "pocket-upscale": Stage({"upscale": "pocket-upscale"}),
    "pocket-clip": Stage({"text": "pocket-text", "clip": "pocket-clip"}, 4),
    "pocket-judge": Stage({"judge": "pocket-judge"}, 4),
    "pocket-voice": Stage({"voice": "pocket-voice"}, 4, "sentences of engine.training.spoken, said by espeak-ng and by the card voice-joe"),
    "pocket-things": Stage({"things": "pocket-things"}, 4, "masks of things and patches of scenery, cut from scenes that engine.world drew, and patches of scikit-image's photos"),
}


def halved(source: Path, target: Path) -> int:
    """Copy a safetensors file with its float32 tensors as float16, those of one byte as they are; how many numbers it holds."""
    with safe_open(source, "pt") as file:
        metadata = file.metadata()
    tensors = {name: t.half() if t.is_floating_point() and t.element_size() > 1 else t for name, t in load_file(source).items()}
    save_file(tensors, target, metadata={key: value for key, value in (metadata or {}).items() if key == "format"} or None)
    return sum(t.numel() for t in tensors.values())


def record(name: str, stage: Stage, home: Path, count: int) -> dict[str, Any]:
    """How a model was made: for each script its minutes, its last figures and the last lines of its log. Raises `ModelUnavailable` without a log."""
    made = []
    for script, folder in stage.scripts.items():
        lines = read_log(home / folder)
        if not lines:
            raise ModelUnavailable(f"{folder} has no log", fix=f"train it: python -m engine.training.{script}")
        last = lines[-1]
        made.append({"script": f"python -m engine.training.{script}", "minutes": last.get("minutes"), "last": last, "log": lines[-LINES:]})
    return {"name": name, "parameters": count, "numbers": "float16", "hardware": "one CPU core", "data": stage.data, "licence": "Apache-2.0", "made": made}


def gather(name: str, home: Path, aside: Path) -> dict[str, Any]:
    """Bring the export of a model into the folder `aside` with its `card.json`; its entry of the manifest."""
    export, stage = home / name / "export", STAGES[name]
    if not export.exists():
        raise ModelUnavailable(f"{name} has no export", fix=f"train it: python -m engine.training.{list(stage.scripts)[-1]}")
    shutil.rmtree(aside, ignore_errors=True)
    count = 0
    for path in sorted(one for one in export.rglob("*") if one.is_file()):
        target = aside / path.relative_to(export)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".safetensors":
            count += halved(path, target)
        else:
            shutil.copyfile(path, target)
        target.chmod(0o644)
    (aside / "card.json").write_text(json.dumps(record(name, stage, home, count), indent=1) + "\n", encoding="utf-8")
    return {"files": files_of(aside), "parameters": count, "memory_mib": max(1, math.ceil(count * stage.numbers / 2**20))}


def files_of(folder: Path) -> list[dict[str, Any]]:
    """Name, bytes and SHA-256 of every file below a folder, in order."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [{"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()} for path in found]


def ship(names: list[str], *, home: Path | None = None, shelf: Path = SHELF, most: int = MOST) -> dict[str, Any]:
    """Put the models in place, all or none, and write the manifest; returns it.

    Raises `InvalidInput` for an unknown name, `ModelUnavailable` for one that is not trained, `LimitExceeded` when all shipped files together would pass `most` bytes.
    """
    home = home or training_dir()
    if unknown := [name for name in names if name not in STAGES]:
        raise InvalidInput(f"{', '.join(unknown)} cannot be shipped", fix=f"use {', '.join(STAGES)}")
    shelf.mkdir(parents=True, exist_ok=True)
    manifest = read_manifest(shelf)
    try:
        for name in names:
            manifest[name] = gather(name, home, shelf / f"{name}.part")
        total = sum(file["bytes"] for entry in manifest.values() for file in entry["files"])
        if total > most:
            raise LimitExceeded(f"the shipped models take {total / 1e6:.1f} MB together", why=f"{most / 1e6:.0f} MB are allowed", fix="ship a smaller one")
        for name in names:
            swap(shelf / f"{name}.part", shelf / name)
    finally:
        for name in names:
            shutil.rmtree(shelf / f"{name}.part", ignore_errors=True)
    text = json.dumps(dict(sorted(manifest.items())), indent=1) + "\n"
    (shelf / "manifest.part").write_text(text, encoding="utf-8")
    (shelf / "manifest.part").replace(shelf / "manifest.json")
    return manifest


def read_manifest(shelf: Path) -> dict[str, Any]:
    """Model -> its entry; empty when nothing has been shipped yet."""
    path = shelf / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def main(arguments: list[str] | None = None) -> int:
    """The command line: ship the models that are named."""
    parser = argparse.ArgumentParser(prog="python -m engine.training.ship", description="Put trained models into assets/models.")
    parser.add_argument("names", nargs="+", metavar="NAME", help=", ".join(STAGES))
    chosen = parser.parse_args(arguments)
    try:
        manifest = ship(chosen.names)
    except StudioError as error:
        print(error.line, file=sys.stderr)
        return 1
    for name, entry in manifest.items():
        print(f"{name:16} {sum(file['bytes'] for file in entry['files']) / 1e6:6.1f} MB in {len(entry['files'])} files, {entry['parameters'] / 1e6:.1f} M numbers")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
