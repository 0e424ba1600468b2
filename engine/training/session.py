"""What every training is made of: what learns and its checkpoint, and the walk that trains, reports and stops."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from engine.training.home import Log, Stop, be_modest, load_checkpoint, only_one, save_checkpoint, training_dir
from engine.training.optim import Optimiser

CHECKPOINT = "checkpoint.safetensors"


class Learner:
    """A model that learns, and all that a checkpoint must hold. rng draws examples, noise (a generator of torch) what is laid over them.

    `seconds` of processor time and `samples` seen, in all sessions. A subclass with more to keep adds it in `extra` and takes it back in `restore`.
    """

    def __init__(self, optimiser: Optimiser, rng: np.random.Generator, seed: int = 0) -> None:
        self.optimiser, self.rng, self.noise = optimiser, rng, torch.Generator().manual_seed(seed)
        self.seconds, self.samples = 0.0, 0

    def learn(self, loss: torch.Tensor, count: int, scale: float = 1.0) -> float:
        """Step down a loss of `count` examples at `scale` times the rates; the loss as a number."""
        self.optimiser.zero()
        loss.backward()
        self.optimiser.step(scale)
        self.samples += count
        return float(loss.detach())

    def extra(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Further tensors and state to keep."""
        return {}, {}

    def restore(self, tensors: dict[str, torch.Tensor], state: dict[str, Any]) -> None:
        """Take back what `extra` gave."""

    def save(self, path: Path) -> None:
        """Write all of it; `load` continues bit for bit."""
        tensors, state = self.extra()
        own = {"steps": self.optimiser.steps, "samples": self.samples, "seconds": self.seconds, "rng": self.rng.bit_generator.state}
        save_checkpoint(path, {**self.optimiser.tensors(), "noise": self.noise.get_state(), **tensors}, {**own, **state})

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises `ModelUnavailable` when it cannot be read."""
        tensors, state = load_checkpoint(path)
        self.optimiser.load(tensors, state["steps"])
        if "noise" in tensors:
            self.noise.set_state(tensors["noise"])
        # Checkpoints of before 2026-11-24 call samples pictures, or do not count them.
        self.rng.bit_generator.state, self.seconds, self.samples = state["rng"], state["seconds"], state.get("samples", state.get("pictures", 0))
        self.restore(tensors, state)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint if there is one."""
        if path.exists():
            self.load(path)


def rate_at(done: float, warm: float = 0.01, fall: float = 0.4) -> float:
    """Share of the full rate when `done` (0 to 1) of the run is over: a short rise, a plateau, a straight fall to 2 %."""
    return min(1.0, 0.05 + done / warm, max(0.02, (1 - done) / fall))


def arguments(module: str, does: str, *, minutes: float, batch: int) -> argparse.ArgumentParser:
    """The options that every training has."""
    parser = argparse.ArgumentParser(prog=f"python -m engine.training.{module}", description=f"{does}; resumes by itself.")
    parser.add_argument("--minutes", type=float, default=minutes, help="minutes of processor time in all, earlier sessions included; the rate falls over the last 40 %%")
    parser.add_argument("--batch", type=int, default=batch)
    return parser


@contextmanager
def session(name: str) -> Iterator[tuple[Path, Stop, Log]]:
    """The folder of a model, held for this modest process alone, its stop and its log. Raises `InvalidInput` when another process trains it."""
    be_modest()
    cv2.setNumThreads(1)
    folder = training_dir() / name
    with only_one(folder):
        yield folder, Stop(), Log(folder)


def train(learner: Learner, minutes: float, step: Callable[[float], float], report: Callable[[float | None], None], *, stop: Stop, every: float = 120.0) -> None:
    """Step until the minutes are over or somebody stops it.

    step: share of the minutes that is over, 0..1 -> loss. report: mean loss since the last report, None without a step; called every so many seconds of
    processor time, so that a busy machine does not spend its time on reports, and at the end.
    """
    marked, began = learner.seconds, time.process_time()
    losses: list[float] = []
    while not stop and learner.seconds < 60 * minutes:
        losses.append(step(learner.seconds / 60 / minutes))
        spent = time.process_time()
        learner.seconds, began = learner.seconds + spent - began, spent
        if learner.seconds - marked > every:
            report(float(np.mean(losses)))
            marked, losses, began = learner.seconds, [], time.process_time()
    report(float(np.mean(losses)) if losses else None)
