"""One face through the frames of a clip: its mesh in each, made steady without lag, and where it was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from engine.vision.faces.locate import Finder
from engine.vision.faces.mesh import Face

JITTER = 0.010
"""Motion from frame to frame below this (in widths between the outer eye corners) is mostly the net's own noise; well above it, it is the face's."""

SAME = 0.9
"""A face found anew is the same one when its middle lies within so many eye widths of the last place."""


def follow(frames: Iterable[np.ndarray], finder: Finder, start: Callable[[np.ndarray], list[Face]], checkpoint: Callable[[], None]) -> list[list[Face | None]]:
    """For each face that `start` gives for the first frame: its mesh in every frame, None where it is not to be seen. frames: (H, W, 3) uint8 each."""
    tracks: list[list[Face | None]] = []
    last: list[Face] = []
    for image in frames:
        checkpoint()
        if not tracks:
            last = start(image)
            tracks = [[face] for face in last]
            continue
        for k, track in enumerate(tracks):
            face = finder.mesher.again(image, last[k]) if track[-1] is not None else None
            if face is None or _away(face, last[k]) > SAME:
                face = _found_again(image, finder, last[k])
            track.append(face)
            if face is not None:
                last[k] = face
    return tracks


def steady(track: list[Face | None]) -> list[Face | None]:
    """The track with its jitter gone and its motion kept: each point is averaged over its neighbours in time where it hardly moves (two-sided, so without lag)."""
    out = list(track)
    for k, face in enumerate(track):
        around = [track[j] for j in range(max(0, k - 2), min(len(track), k + 3))]
        if face is None or any(one is None for one in around) or len(around) < 3:
            continue
        weights = np.array([np.exp(-((j - k) ** 2) / 2.0) for j in range(max(0, k - 2), min(len(track), k + 3))])
        weights /= weights.sum()
        size = float(np.linalg.norm(face.flat[263] - face.flat[33]))
        mean = np.tensordot(weights, np.stack([one.points for one in around if one is not None]), 1)
        near = np.stack([one.flat for one in around if one is not None])
        speed = np.abs(near[-1] - near[0]).max(axis=1) / (len(around) - 1) / size
        calm = np.exp(-((speed / JITTER) ** 2))[:, None]
        irises = np.tensordot(weights, np.stack([one.irises for one in around if one is not None]), 1)
        still = float(calm.mean())
        out[k] = Face(face.points + calm * (mean - face.points), face.irises + still * (irises - face.irises), face.score)
    return out


def _away(face: Face, last: Face) -> float:
    size = float(np.linalg.norm(last.flat[263] - last.flat[33]))
    return float(np.linalg.norm(face.flat.mean(axis=0) - last.flat.mean(axis=0))) / max(size, 1.0)


def _found_again(image: np.ndarray, finder: Finder, last: Face) -> Face | None:
    """The nearest face of a frame, if it is near enough to be the same."""
    faces = sorted(finder.faces(image, thorough=False), key=lambda face: _away(face, last))
    return faces[0] if faces and _away(faces[0], last) < 2.5 * SAME else None
