"""What is being trained, how far it is, and its last figures. `python -m engine.training.status [LINES]`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from engine.media.disk import files_below
from engine.training.home import read_log, running, training_dir


def folders(home: Path) -> list[Path]:
    """The folders of models that were trained here, those touched last first."""
    return sorted((log.parent for log in home.glob("*/log.jsonl")), key=lambda folder: -(folder / "log.jsonl").stat().st_mtime)


def describe(folder: Path, lines: int = 1) -> str:
    """A few lines on one model: whether it is running, its last figures, and how old its checkpoint is."""
    pid = running(folder)
    saved = max((path.stat().st_mtime for path in folder.glob("checkpoint*.safetensors")), default=None)
    age = "no checkpoint yet" if saved is None else f"checkpoint {(time.time() - saved) / 60:.0f} min old"
    head = f"{folder.name}: {f'running as process {pid}' if pid else 'not running'}, {age}, {'export ready' if (folder / 'export').exists() else 'no export yet'}"
    return "\n".join([head, *("  " + _shown(line) for line in read_log(folder)[-lines:])])


def _shown(line: dict[str, Any]) -> str:
    return ", ".join(f"{k} {v if not isinstance(v, dict) else json.dumps(v)}" for k, v in line.items())


def main(arguments: list[str]) -> int:
    """Print every model's state."""
    home = training_dir()
    found = folders(home)
    print("\n".join(describe(folder, int(arguments[0]) if arguments else 1) for folder in found) or "nothing has been trained here yet")
    held = sum(facts.st_size for _, facts in files_below(home / "cache"))
    print(f"cache: {held / 2**30:.1f} GiB in {len(list((home / 'cache').glob('*')))} folders")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
