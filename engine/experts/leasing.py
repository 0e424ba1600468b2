"""Experts' models on a device: one of each role, resident from one run to the next where there is a pool. Light: torch is loaded with the first model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.folders import weight_bytes
from engine.experts import Expert, Role, available

if TYPE_CHECKING:
    from engine.context import RunContext

_loaded: dict[str, Any] = {}
"""Models of a process that has no pool."""


class Models:
    """The models of some experts, leased from a run's pool where there is one, else loaded once a process. device: a torch device's name."""

    def __init__(self, there: dict[Role, Expert], device: str, run: RunContext) -> None:
        self._there, self._device, self._pool = there, device, run.pool
        self._stack, self._mine = ExitStack(), dict[Role, Any]()

    def lease(self, role: Role) -> AbstractContextManager[Any]:
        """The model of a role, for as long as it is asked. Raises `ModelUnavailable` for a broken one, `OutOfMemory` when the pool has no room."""
        expert = self._there[role]
        name = f"expert:{identity(expert.folder)}:{self._device}"
        if self._pool is None:
            if name not in _loaded:
                _loaded[name] = _load(expert, self._device)
            return nullcontext(_loaded[name])
        return self._pool.lease(name, lambda progress: _load(expert, self._device), expected=weight_bytes(expert.folder))

    def held(self, role: Role) -> Any:
        """The model of a role, which stays until `close`."""
        if role not in self._mine:
            self._mine[role] = self._stack.enter_context(self.lease(role))
        return self._mine[role]

    def close(self) -> None:
        """Give back what is held."""
        self._mine.clear()
        self._stack.close()


@contextmanager
def lent(run: RunContext, role: Role) -> Iterator[Any]:
    """The model of a role for the length of a block, on the run's device; None where no such expert is on this machine. Raises as `Models.lease` does."""
    there = available(run.settings)
    if role not in there:
        yield None
        return
    from engine.hardware import device_of

    with Models(there, str(device_of(run.settings.device)), run).lease(role) as model:
        yield model


def identity(folder: Path) -> str:
    """Tells a model's folder, with the weights that are in it now, from others."""
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.suffix in (".safetensors", ".json", ".txt")]
    return hashlib.sha256(json.dumps([str(folder.resolve()), files]).encode()).hexdigest()[:24]


def _load(expert: Expert, device: str) -> Any:
    from engine.experts import between, caption, depth, enlarging, grounding, hearing, judging, pose, sam, sam2

    makers: dict[Role, Callable[[Expert, str], Any]] = {
        "find": grounding.load, "cut": sam.load, "follow": sam2.Sam2, "describe": caption.Describer, "depth": depth.DepthReader, "pose": pose.PoseReader,
        "judge": judging.Judge, "enlarge": enlarging.Enlarger, "between": between.Film, "hear": hearing.Hearer,
    }  # fmt: skip
    return makers[expert.role](expert, device)
