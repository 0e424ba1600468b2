"""Weights of the next run are read into the system's cache while this one works: on a graphics card the disk is idle then, and loading is most of a first run's wait."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from engine.errors import StudioError
from engine.hardware import memory_mib
from engine.runs import RunStore
from engine.settings import Settings
from engine.task import get_task

SHARE = 0.5
"""Part of the free memory that is filled ahead: what does not fit would push out what is needed now."""


def next_weights(runs: RunStore, settings: Settings) -> tuple[Path, ...]:
    """Weight files of the run that waits first; none when nothing waits, or its task tells none."""
    waiting = next((run for run in runs.queue() if run.state == "queued"), None)
    if waiting is None:
        return ()
    try:
        task = get_task(waiting.task)
        return task.weights(task.request_type.model_validate(waiting.request), settings)
    except (StudioError, ValueError):
        return ()  # the run itself will tell what is wrong with it


def read_ahead(files: Iterable[Path]) -> int:
    """Ask the system to read files into its cache; returns at once, with the bytes that were asked for. Nothing where they do not fit, or the system has no such call."""
    sizes = {file: file.stat().st_size for file in files if file.is_file()}
    free = memory_mib("MemAvailable")
    if not hasattr(os, "posix_fadvise") or free is None or sum(sizes.values()) > SHARE * free * 2**20:
        return 0
    for file, size in sizes.items():
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, size, os.POSIX_FADV_WILLNEED)
        finally:
            os.close(descriptor)
    return sum(sizes.values())
