"""A run whose frames stay in memory, for tests that look at them before they are encoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.context import RunContext


class Kept:
    """Stands for the studio's writer."""

    def __init__(self, path: Path) -> None:
        self.path, self.kept = path, list[np.ndarray]()

    @property
    def frames(self) -> int:
        return len(self.kept)

    def write(self, frame: np.ndarray) -> None:
        self.kept.append(frame.copy())

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class KeptRun(RunContext):
    """Frames by the name of the file that they would have made: `run.kept[name].kept`."""

    @property
    def kept(self) -> dict[str, Kept]:
        """The frames of each file so far."""
        found: dict[str, Kept] = self.__dict__.setdefault("_kept", {})
        return found

    def clip_writer(self, *, fps: float, name: str = "result.mp4", **options: Any) -> Any:
        self.kept[name] = writer = Kept(self.directory / name)
        return writer
