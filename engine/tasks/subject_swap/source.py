"""The video of a subject task: its range at the size it is worked at and at the size of the result, its shots and the camera's way, looked through once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from engine.media.frames import Frames
from engine.settings import Settings
from engine.tasks.subject_swap import shelf
from engine.tasks.subject_swap.request import SubjectMaskRequest
from engine.vision.camera import GlobalMotion, global_motion
from engine.vision.shots import ShotFinder
from engine.vision.tracking.scenery import Scenery, scenery

PROXY_SIDE = 640
"""Longer side, in pixels, of the copy on which subjects are found and followed."""


@dataclass(frozen=True)
class Known:
    """What is known of a range after looking through it. shots: inclusive ranges of frames; motions: (count, 3, 3) float64, the camera's from the frame before (identity where nothing
    could be said: `sure` is False there); note: what was odd about the file."""

    count: int
    fps: float
    shots: tuple[tuple[int, int], ...]
    motions: np.ndarray
    sure: np.ndarray
    note: str = ""

    def motion(self, frame: int) -> GlobalMotion:
        """The camera's motion from frame - 1 to frame."""
        return GlobalMotion(self.motions[frame], 1.0 if self.sure[frame] else 0.0, bool(self.sure[frame]))

    def backwards(self, frame: int) -> GlobalMotion:
        """The camera's motion from frame + 1 back to frame."""
        return self.motion(frame + 1).inverse()

    def shot_of(self, frame: int) -> tuple[int, int]:
        """The shot in which a frame lies."""
        return next((shot for shot in self.shots if shot[0] <= frame <= shot[1]), self.shots[-1])


class Source:
    """The chosen range of a video. `proxy` are its frames at the size that is worked at; close it when done."""

    def __init__(self, request: SubjectMaskRequest, settings: Settings) -> None:
        self.request, self.settings = request, settings
        self.path = Path(request.video)
        self.proxy = Frames(self.path, settings, start=request.start, end=request.end, max_side=min(PROXY_SIDE, request.max_side))
        self.name = shelf.key(shelf.identity(self.path), request.start, request.end, self.proxy.width, self.proxy.height)
        self._known: Known | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) that is worked at."""
        return self.proxy.width, self.proxy.height

    def full(self, budget_mib: float = 256.0) -> Frames:
        """The frames at the result's size."""
        return Frames(self.path, self.settings, start=self.request.start, end=self.request.end, max_side=self.request.max_side, budget_mib=budget_mib)

    def known(self) -> Known | None:
        """What an earlier look through the range found; None when nobody looked yet."""
        if self._known is None:
            folder = shelf.place(self.settings, "shots", self.name)
            note = shelf.read_note(folder)
            if note is not None:
                with contextlib.suppress(OSError, KeyError, TypeError, ValueError, SafetensorError):  # damaged: looked through anew
                    self._known = _read(folder, note)
                    self.proxy.count = self._known.count
        return self._known

    def look(self) -> Iterator[tuple[int, int]]:
        """Look through the range, unless that was done; then `known` tells. Yields (frames done, of how many). Raises `InvalidInput` when there are no pictures."""
        if self.known() is not None:
            return
        finder = ShotFinder()
        motions, sure = [], []
        before: np.ndarray | None = None
        for index, frame in enumerate(self.proxy):
            finder.feed(frame)
            moved = global_motion(before, frame) if before is not None else None
            motions.append(moved.matrix if moved is not None and moved.ok else np.eye(3))
            sure.append(moved is not None and moved.ok)
            before = frame
            yield index + 1, self.proxy.count
        shots = finder.shots()
        for first, _ in shots:
            motions[first], sure[first] = np.eye(3), False
        self._known = known = Known(self.proxy.count, self.proxy.fps, tuple(shots), np.stack(motions), np.array(sure), self.proxy.note)
        folder = shelf.place(self.settings, "shots", self.name)
        folder.mkdir(parents=True, exist_ok=True)
        # As bytes, because the library does not say by its error that the disk is full.
        (folder / "motions.safetensors").write_bytes(save({"motions": known.motions, "sure": known.sure}))
        shelf.write_note(folder, {"count": known.count, "fps": known.fps, "shots": shots, "note": known.note})

    def scenery(self, frame: int, subject: np.ndarray) -> Scenery | None:
        """What stands behind a subject, from the rest of its shot; None where that is not to be told, or before `look`. subject: (h, w) bool, where it is, roughly."""
        known = self.known()
        return None if known is None else scenery(self.proxy, frame, known.shot_of(frame), known.motion, avoid=subject)

    def close(self) -> None:
        """End the decoder."""
        self.proxy.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read(folder: Path, note: dict[str, Any]) -> Known:
    """What was written down of a range. Raises `ValueError` and others when it does not fit together."""
    data = load_file(folder / "motions.safetensors")
    known = Known(int(note["count"]), float(note["fps"]), tuple((int(a), int(b)) for a, b in note["shots"]), data["motions"], data["sure"], str(note["note"]))
    ends = [-1, *(last for _, last in known.shots)]
    whole = known.count >= 1 and known.fps > 0 and known.motions.shape == (known.count, 3, 3) and known.sure.shape == (known.count,)
    if not whole or ends[-1] != known.count - 1 or any(first != end + 1 or last < first for (first, last), end in zip(known.shots, ends, strict=False)):
        raise ValueError("the notes of the range do not fit together")
    return known
