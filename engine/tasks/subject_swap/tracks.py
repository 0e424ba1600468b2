"""What is told of a followed subject: per frame whether it is there, where, and how sure; what happened to it; which frames are doubtful."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from engine.tasks.subject_swap.following import At, Track
from engine.tasks.subject_swap.request import COLOURS, SubjectMaskRequest
from engine.tasks.subject_swap.source import Known

DOUBTFUL = 0.62
"""Confidence below which a frame should be looked at."""

APART = 5
"""Frames between two doubtful ones that are named: a bad stretch is named by its worst."""


@dataclass
class Told:
    """One subject over the range. confidence: (T,), -1 where it is not to be seen; boxes: (T, 4) in 0..1; centres: (T, 2); areas: (T,) share of the picture; events as in `tracks.json`."""

    confidence: np.ndarray
    boxes: np.ndarray
    centres: np.ndarray
    areas: np.ndarray
    events: list[dict[str, Any]] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)

    @property
    def doubtful(self) -> list[int]:
        """Frames that should be looked at, the worst of each stretch."""
        low = np.flatnonzero((self.confidence >= 0) & (self.confidence < DOUBTFUL))
        out: list[int] = []
        for frame in sorted(low, key=lambda k: self.confidence[k]):
            if all(abs(frame - other) > APART for other in out):
                out.append(int(frame))
        return sorted(out)


def told(masks: Iterable[np.ndarray | None], track: Track, known: Known) -> Told:
    """masks: the subject's, (h, w) bool, of every frame in order, None where there is none; each is looked at and let go."""
    count = known.count
    steps = [track.at(frame) for frame in range(count)]
    out = Told(np.full(count, -1.0), np.zeros((count, 4)), np.zeros((count, 2)), np.zeros(count), keys=[key.frame for key in track.keys])
    for frame, (mask, step) in enumerate(zip(masks, steps, strict=True)):
        if mask is None or not mask.any():
            continue
        height, width = mask.shape
        left, top, across, down = cv2.boundingRect(mask.view(np.uint8))
        part = mask[top : top + down, left : left + across]
        by_column, by_row = part.sum(0), part.sum(1)
        area = float(by_column.sum())
        out.boxes[frame] = left / width, top / height, (left + across) / width, (top + down) / height
        out.centres[frame] = (by_column @ (left + np.arange(across) + 0.5)) / area / width, (by_row @ (top + np.arange(down) + 0.5)) / area / height
        out.areas[frame] = area / mask.size
        out.confidence[frame] = step.confidence
    out.events = _events(out.confidence >= 0, steps, known)
    return out


def _events(there: np.ndarray, steps: list[At], known: Known) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    starts = {first for first, _ in known.shots[1:]}
    for frame in range(1, len(there)):
        if there[frame - 1] and not there[frame]:
            kind = "cut" if frame in starts else "left" if steps[frame].state == "left" else "lost"
            said = {"cut": "not in this shot", "left": "leaves the picture", "lost": "lost from sight"}[kind]
            events.append({"frame": frame, "kind": kind, "said": said})
        elif there[frame] and not there[frame - 1]:
            left = any(one["kind"] == "left" for one in events[-1:])
            events.append({"frame": frame, "kind": "returned" if left else "found", "said": "is back in the picture" if left else "is seen again"})
    return events


def document(request: SubjectMaskRequest, known: Known, size: tuple[int, int], all_told: list[Told], greys: np.ndarray) -> dict[str, Any]:
    """`tracks.json`: places in 0..1 of the upright picture, areas as shares of it."""
    subjects = []
    for index, one in enumerate(all_told):
        frames = [
            {
                "frame": frame,
                "present": bool(one.confidence[frame] >= 0),
                "confidence": round(max(float(one.confidence[frame]), 0.0), 3),
                "box": [round(float(v), 5) for v in one.boxes[frame]] if one.confidence[frame] >= 0 else None,
                "centre": [round(float(v), 5) for v in one.centres[frame]] if one.confidence[frame] >= 0 else None,
                "area": round(float(one.areas[frame]), 6),
            }
            for frame in range(len(one.confidence))
        ]
        subjects.append(
            {"name": request.name_of(index), "colour": COLOURS[index], "level": int(greys[index + 1]), "keys": one.keys, "doubtful": one.doubtful, "events": one.events, "frames": frames}
        )
    return {"width": size[0], "height": size[1], "fps": known.fps, "frames": known.count, "shots": [list(shot) for shot in known.shots], "subjects": subjects}
