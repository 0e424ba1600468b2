"""How the person of a clip moves, as Wan Animate (Cheng et al., 2025) is told: their joints and the box of their face, frame by frame, read once before the model is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.experts.pose import GAP, PoseReader, box_of
from engine.media.frames import Pictures
from engine.vision.faces import topology
from engine.vision.faces.locate import Finder
from engine.vision.faces.mesh import Face
from engine.vision.skeleton import COCO, SEEN

ROOM = 1.3
"""Area of a face's picture beside the box from brows to chin; a quarter of the room in height is below the chin, the rest above, as the model was taught."""

HEAD = 0.25
"""Room around the mask in which a face is looked for, as a share of its longer side: masks may end at the hair."""

WIDE, TALL, OVER = 2.2, 1.9, 0.4
"""A face seen from the front beside the distance of its eyes: its width, from brows to chin, and from brows to eyes."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Drive:
    """rows: frame of the clip -> row; points: (N, 17, 3) keypoints of COCO in pixels of the frame; faces: (N, 4) left, top, right, bottom in pixels, NaN where no face is seen."""

    rows: dict[int, int]
    points: np.ndarray
    faces: np.ndarray

    def joints(self, frame: int) -> np.ndarray:
        """(17, 3) of a frame."""
        return np.asarray(self.points[self.rows[frame]])

    def face(self, frame: int, picture: np.ndarray, side: int) -> np.ndarray:
        """(side, side, 3) uint8: the face of a frame, from its picture (H, W, 3) uint8; black where none is seen, which the model takes for no expression."""
        box = self.faces[self.rows[frame]]
        if not np.isfinite(box).all():
            return np.zeros((side, side, 3), np.uint8)
        left, top, right, bottom = (int(round(float(np.clip(edge, 0, limit)))) for edge, limit in zip(box, (*picture.shape[1::-1], *picture.shape[1::-1]), strict=True))
        if right - left < 2 or bottom - top < 2:
            return np.zeros((side, side, 3), np.uint8)
        part = picture[top:bottom, left:right]
        return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA if min(part.shape[:2]) > side else cv2.INTER_LINEAR))


def read_drive(
    frames: Pictures, masks: Callable[[int], np.ndarray], stretches: Sequence[Sequence[int]], reader: PoseReader, finder: Finder | None, checkpoint: Callable[[], None] = lambda: None
) -> Drive:
    """Look through stretches of frames, each of one shot and in order. finder: without one, faces are placed by eyes, ears and nose alone."""
    rows: dict[int, int] = {}
    points, faces = [np.zeros((0, len(COCO), 3))], [np.zeros((0, 4))]
    for stretch in stretches:
        seen = _Faces(frames, masks, stretch, finder)
        track = reader.follow(seen, (masks(index) for index in stretch), checkpoint)
        rows |= {index: len(rows) + place for place, index in enumerate(stretch)}
        points.append(track)
        faces.append(steadied([box if box is not None else head_of(joints) for box, joints in zip(seen.boxes, track, strict=True)]))
    return Drive(rows, np.concatenate(points), np.concatenate(faces))


class _Faces:
    """The frames of a stretch, (H, W, 3) uint8 each; `boxes` are those of the face on the frames that were asked for so far."""

    def __init__(self, frames: Pictures, masks: Callable[[int], np.ndarray], stretch: Sequence[int], finder: Finder | None) -> None:
        self.frames, self.masks, self.stretch, self.finder = frames, masks, stretch, finder
        self.boxes: list[Box | None] = []

    def __iter__(self) -> Iterator[np.ndarray]:
        last: Face | None = None
        for index in self.stretch:
            picture = self.frames.read(index)
            last = None if self.finder is None else face_in(picture, self.masks(index), self.finder, last)
            self.boxes.append(None if last is None else _grown(_box(last)))
            yield picture


def face_in(picture: np.ndarray, mask: np.ndarray, finder: Finder, last: Face | None) -> Face | None:
    """The face of who a mask (H, W) bool covers: the one before, where it still is, else the largest one there. None without."""
    box = box_of(mask)
    if box is None:
        return None
    again = finder.mesher.again(picture, last) if last is not None else None
    if again is not None and _inside(again, box):
        return again
    room = HEAD * max(box[2:])
    low = np.maximum([box[0] - room, box[1] - room], 0).astype(int)
    high = np.minimum([box[0] + box[2] + room, box[1] + box[3] + room], picture.shape[1::-1]).astype(int)
    part = np.ascontiguousarray(picture[low[1] : high[1], low[0] : high[0]])
    there = [Face(face.points + [*low, 0], face.irises + low, face.score) for face in finder.faces(part)]
    return next((face for face in there if _inside(face, box)), None)


def head_of(joints: np.ndarray) -> Box | None:
    """About the box of a face, from (17, 3) keypoints: the eyes' distance says how large it is. None unless both eyes are sure."""
    eyes = joints[[COCO.index("left eye"), COCO.index("right eye")]]
    if (eyes[:, 2] < SEEN).any():
        return None
    apart = float(np.hypot(*(eyes[0, :2] - eyes[1, :2])))
    ears = joints[[COCO.index("left ear"), COCO.index("right ear")]]
    if (ears[:, 2] >= SEEN).all():  # seen from the side, the eyes are nearer to one another than the head is wide
        apart = max(apart, float(np.hypot(*(ears[0, :2] - ears[1, :2]))) / WIDE)
    if apart < 1:
        return None
    middle = eyes[:, :2].mean(axis=0)
    top = middle[1] - OVER * apart
    return _grown((middle[0] - WIDE * apart / 2, top, middle[0] + WIDE * apart / 2, top + TALL * apart))


def steadied(boxes: Sequence[Box | None]) -> np.ndarray:
    """(N, 4) boxes with short gaps bridged and jitter smoothed, both from both sides; NaN where no face is seen for longer."""
    out = np.array([[np.nan] * 4 if box is None else box for box in boxes], np.float64).reshape(-1, 4)
    there = np.flatnonzero(np.isfinite(out).all(axis=1))
    for begin, end in zip(there[:-1], there[1:], strict=True):
        if 1 < end - begin <= GAP + 1:
            part = np.arange(1, end - begin)[:, None] / (end - begin)
            out[begin + 1 : end] = (1 - part) * out[begin] + part * out[end]
    seen = np.asarray(np.isfinite(out).all(axis=1))
    weights = np.zeros(len(out))
    total = np.zeros_like(out)
    # Pairs on both sides, so that a box that moves on evenly stays where it is.
    for reach, weight in ((0, 1.0), (1, 0.6), (2, 0.15)):
        for index in range(reach, len(out) - reach):
            pair = [index - reach, index + reach]
            if seen[index] and seen[pair].all():
                total[index] += weight * out[pair].mean(axis=0)
                weights[index] += weight
    out[seen] = total[seen] / weights[seen, None]
    return out


def _box(face: Face) -> Box:
    """From the brows to the chin, and as wide as the face."""
    brows = face.flat[[*topology.BROW_LEFT_UP, *topology.BROW_RIGHT_UP]]
    left, _, right, bottom = face.box
    return left, float(brows[:, 1].min()), right, bottom


def _grown(box: Box) -> Box:
    left, top, right, bottom = box
    wide, high = (ROOM**0.5 - 1) * (right - left), (ROOM**0.5 - 1) * (bottom - top)
    return left - wide / 2, top - 0.75 * high, right + wide / 2, bottom + 0.25 * high


def _inside(face: Face, box: Box) -> bool:
    """The middle of a face lies in the box (left, top, width, height), or just beside it."""
    x, y = face.flat.mean(axis=0)
    room = HEAD * max(box[2:]) / 2
    return bool(box[0] - room <= x <= box[0] + box[2] + room and box[1] - room <= y <= box[1] + box[3] + room)
