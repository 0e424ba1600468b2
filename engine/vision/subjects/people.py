"""People in a picture: faces, and the masks of the bodies that belong to them, by small networks that are used only where they have been fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import MEDIAPIPE_FACE, MEDIAPIPE_PERSON
from engine.settings import Settings
from engine.vision.faces.mesh import Face
from engine.vision.segmentation import grabcut

SIZES = {"selfie_segmentation.tflite": (256, 256), "selfie_segmentation_landscape.tflite": (256, 144)}
"""Width and height that each network takes."""

SURE, SEEN = 0.8, 0.5
"""Mean probability of a person in the mask from which it is proposed, and the probability of a pixel from which it belongs."""

HINT = 0.4
"""Probability in the whole picture from which the network looks again at what moves there."""

SMALLEST = 0.004
"""Share of the picture that a person covers at least."""


@dataclass(frozen=True)
class Person:
    """mask: (h, w) bool; face: (h, w) bool, the face alone, or None when none is seen; score: how surely it is a person, 0..1."""

    mask: np.ndarray
    face: np.ndarray | None
    score: float


class Silhouettes:
    """MediaPipe's selfie segmentation (Google, 2021; Apache-2.0), run by OpenCV. folder: that of the card `mediapipe-person`."""

    def __init__(self, folder: Path) -> None:
        self._nets = [(size, cv2.dnn.readNetFromTFLite(str(folder / name))) for name, size in SIZES.items()]

    def probability(self, picture: np.ndarray) -> np.ndarray:
        """(h, w) float32 in 0..1: where a person is in a picture (h, w, 3) uint8. The network whose shape is nearer to the picture's is asked."""
        height, width = picture.shape[:2]
        size, net = self._nets[1] if width > 1.25 * height else self._nets[0]
        net.setInput(cv2.dnn.blobFromImage(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), 1 / 255.0))
        return cv2.resize(net.forward().reshape(size[1], size[0]), (width, height), interpolation=cv2.INTER_LINEAR)


@lru_cache(maxsize=2)
def _silhouettes(folder: Path) -> Silhouettes:
    return Silhouettes(folder)


def silhouettes(settings: Settings) -> Silhouettes | None:
    """The network, or None where it has not been fetched."""
    files = ModelFiles.of(settings)
    return _silhouettes(files.path(MEDIAPIPE_PERSON)) if files.present(MEDIAPIPE_PERSON) else None


def faces_in(picture: np.ndarray, settings: Settings) -> list[Face]:
    """The faces of a picture, largest first; none where the face networks have not been fetched."""
    from engine.vision.faces.locate import finder

    if not ModelFiles.of(settings).present(MEDIAPIPE_FACE):
        return []
    return finder(settings).faces(picture, thorough=False)


def people(picture: np.ndarray, settings: Settings, moving: Sequence[np.ndarray] = ()) -> list[Person]:
    """The people of a picture (h, w, 3) uint8, surest first. moving: masks (h, w) bool of what moves, where the network looks again from near by."""
    net = silhouettes(settings)
    found = np.zeros(picture.shape[:2], np.float32) if net is None else net.probability(picture)
    whole = found.copy()
    if net is not None:
        for mask in list(moving)[:4]:
            if float(whole[mask].max(initial=0.0)) > HINT:
                window = _around(mask)
                near = net.probability(picture[window])
                # From near by the network sees people everywhere: there must be a hint from afar, and what moves must look like one as a whole.
                if _agreement(near > SEEN, mask[window]) > 0.45:
                    found[window] = np.maximum(found[window], near * cv2.dilate(mask[window].astype(np.float32), np.ones((9, 9), np.uint8)))
    faces = faces_in(picture, settings)
    ovals = [_oval(face, picture.shape[:2]) for face in faces]
    masks = _parted(found, ovals) if found.max() > SEEN else []
    out: list[Person] = []
    for oval, face in zip(ovals, faces, strict=True):
        own = next((mask for mask in masks if mask[oval].mean() > 0.5), None)
        body = own if own is not None else _body(picture, face, oval)
        out.append(Person(body, oval, 0.97 if own is not None else 0.85))
    for mask in masks:
        sure = float(found[mask].mean())
        if sure > SURE and not any(person.mask is mask for person in out):
            out.append(Person(mask, None, min(0.9, sure)))
    return sorted(out, key=lambda one: (-one.score, -int(one.mask.sum())))


def _agreement(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def _around(mask: np.ndarray) -> tuple[slice, slice]:
    """The window of a mask with a quarter of its size beside it."""
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    beside = max(8, round(0.25 * max(width, height)))
    return slice(max(0, y - beside), y + height + beside), slice(max(0, x - beside), x + width + beside)


def _oval(face: Face, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(face.flat.round().astype(np.int32)), 1)
    return mask.astype(bool)


def _parted(found: np.ndarray, ovals: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Masks of single people: what hangs together, parted between the faces in it by the nearer one."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats((found > SEEN).astype(np.uint8), connectivity=4)
    out: list[np.ndarray] = []
    for k in range(1, count):
        if stats[k, cv2.CC_STAT_AREA] < SMALLEST * found.size:
            continue
        part = parts == k
        inside = [oval for oval in ovals if oval.any() and part[oval].mean() > 0.5]
        if len(inside) < 2:
            out.append(part)
            continue
        # Sideways counts double: bodies hang below their faces.
        columns, rows = np.meshgrid(np.arange(found.shape[1]), np.arange(found.shape[0]))
        away = [np.hypot(2 * (columns - np.nonzero(oval)[1].mean()), rows - np.nonzero(oval)[0].mean()) / np.sqrt(oval.sum()) for oval in inside]
        nearest = np.argmin(np.stack(away), axis=0)
        out += [part & (nearest == n) for n in range(len(inside))]
    return out


def _body(picture: np.ndarray, face: Face, oval: np.ndarray) -> np.ndarray:
    """Head and shoulders without the person network: GrabCut from the face and the trunk below it."""
    left, top, right, bottom = face.box
    width, height = right - left, bottom - top
    sure = oval.astype(np.uint8)
    middle = (left + right) / 2
    trunk = np.array([[middle - 0.3 * width, bottom], [middle + 0.3 * width, bottom], [middle + 0.75 * width, bottom + 1.3 * height], [middle - 0.75 * width, bottom + 1.3 * height]])
    cv2.fillConvexPoly(sure, trunk.round().astype(np.int32), 1)
    likely = sure.copy()
    cv2.ellipse(likely, (round(middle), round((top + bottom) / 2 - 0.12 * height)), (round(0.68 * width), round(0.75 * height)), 0, 0, 360, 1, -1)
    shoulders = np.array([[middle - 0.6 * width, bottom], [middle + 0.6 * width, bottom], [middle + 1.7 * width, bottom + 1.2 * height], [middle + 1.8 * width, picture.shape[0]],
                          [middle - 1.8 * width, picture.shape[0]], [middle - 1.7 * width, bottom + 1.2 * height]])  # fmt: skip
    cv2.fillConvexPoly(likely, shoulders.round().astype(np.int32), 1)
    never = ~cv2.dilate(likely, np.ones((9, 9), np.uint8)).astype(bool)
    return grabcut(picture, likely.astype(bool), sure.astype(bool), never)
