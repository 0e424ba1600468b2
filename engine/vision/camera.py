"""The camera's motion between two pictures: corners followed by Lucas-Kanade there and back, and the simplest transform that most of them agree on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.optical import grid

CORNERS = 240
SIDE = 400
"""Longer side of the copy on which corners are followed."""

AGREE = 1.0
"""Pixels of that copy by which a corner may miss the common motion."""

ENOUGH = {"homography": 60, "affine": 24, "similarity": 8}
"""Inliers that a transform needs before it is trusted: eight numbers on few corners bend the rest of the picture."""

STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.03)
"""When a corner is followed well enough: steps, pixels."""

LEAST_SHARE = 0.3
"""Share of all corners that must agree; below it there is no common motion to speak of."""


@dataclass(frozen=True)
class GlobalMotion:
    """matrix: (3, 3) float64 from pixels of the first picture to those of the second (centres at whole numbers); inliers: share of corners that agree, 0..1;
    ok: False when nothing could be said and the matrix is the identity; kind: homography, affine, similarity or none."""

    matrix: np.ndarray
    inliers: float
    ok: bool
    kind: str = "none"

    def inverse(self) -> GlobalMotion:
        """The motion from the second picture back to the first."""
        return GlobalMotion(np.linalg.inv(self.matrix), self.inliers, self.ok, self.kind)

    def field(self, height: int, width: int, corner: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
        """(H, W, 2) float32: the flow that this motion alone would make on a window whose upper left pixel lies at `corner` (x, y) of the picture."""
        x, y = grid(width, height)
        x, y = x + np.float32(corner[0]), y + np.float32(corner[1])
        m = (self.matrix / self.matrix[2, 2]).astype(np.float32)
        w = m[2, 0] * x + m[2, 1] * y + m[2, 2]
        # Differences from the identity, so that single precision loses nothing where the motion is small.
        return np.dstack([((m[0, 0] - w) * x + m[0, 1] * y + m[0, 2]) / w, (m[1, 0] * x + (m[1, 1] - w) * y + m[1, 2]) / w])


NONE = GlobalMotion(np.eye(3), 0.0, False)


def global_motion(first: np.ndarray, second: np.ndarray, *, avoid: np.ndarray | None = None) -> GlobalMotion:
    """The camera's motion from one picture to another, both (H, W) or (H, W, 3) uint8 of one size.

    avoid: (H, W) bool, moving things of the first picture that must not vote. A homography when many corners support it better than an affine motion does, else an
    affine motion, a similarity, or the identity (`ok` False). RANSAC (Fischler and Bolles, 1981) in OpenCV's USAC form decides who agrees.
    """
    height, width = first.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    one, other = _grey(first, size), _grey(second, size)
    mask = None
    if avoid is not None and avoid.any():
        mask = cv2.dilate(cv2.resize(avoid.astype(np.uint8), size, interpolation=cv2.INTER_AREA), np.ones((5, 5), np.uint8))
        mask = np.where(mask > 0, 0, 255).astype(np.uint8)
    places, ends = _followed(one, other, mask)
    if len(places) < ENOUGH["similarity"]:
        return NONE
    matrix, share, kind = _agreed(places, ends)
    if matrix is None:
        return NONE
    # From the copy's pixels to the picture's: a pixel's centre lies at (x + 0.5) / scale - 0.5.
    zoom = np.array([[size[0] / width, 0, 0.5 * size[0] / width - 0.5], [0, size[1] / height, 0.5 * size[1] / height - 0.5], [0, 0, 1]])
    whole = np.linalg.inv(zoom) @ matrix @ zoom
    return GlobalMotion(whole / whole[2, 2], share, True, kind)


def _grey(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    plain = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return plain if plain.shape[::-1] == size else cv2.resize(plain, size, interpolation=cv2.INTER_AREA)


def _followed(one: np.ndarray, other: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Corners of `one` and where they are in `other`, (N, 2) float32 each; only those that come home."""
    none = np.zeros((0, 2), np.float32)
    if min(one.shape) < 24:
        return none, none
    found = cv2.goodFeaturesToTrack(one, CORNERS, 0.003, max(4, round(0.012 * max(one.shape))), mask=mask, blockSize=5)
    if found is None:
        return none, none
    # Following them takes most of the time: small windows and few steps do, since most corners agree in the end.
    there, seen, _ = cv2.calcOpticalFlowPyrLK(one, other, found, None, winSize=(11, 11), maxLevel=4, criteria=STOP)  # type: ignore[call-overload]
    back, home, _ = cv2.calcOpticalFlowPyrLK(other, one, there, None, winSize=(11, 11), maxLevel=4, criteria=STOP)  # type: ignore[call-overload]
    good = (seen[:, 0] > 0) & (home[:, 0] > 0) & (np.linalg.norm(back - found, axis=-1)[:, 0] < 0.5)
    return found[good, 0], there[good, 0]


def _agreed(places: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray | None, float, str]:
    """The transform, the share of corners that follow it, and its kind; None when too few agree."""
    count = len(places)
    cv2.setRNGSeed(0)
    simple, _ = cv2.estimateAffinePartial2D(places, ends, method=cv2.RANSAC, ransacReprojThreshold=AGREE, maxIters=500, confidence=0.995)
    best, kind = (np.vstack([simple, [0, 0, 1]]), "similarity") if simple is not None else (None, "none")
    votes = int(_hits(best, places, ends).sum()) if best is not None else 0
    if count >= ENOUGH["affine"]:
        affine, _ = cv2.estimateAffine2D(places, ends, method=cv2.RANSAC, ransacReprojThreshold=AGREE, maxIters=500, confidence=0.995)
        if affine is not None:
            matrix = np.vstack([affine, [0, 0, 1]])
            agree = int(_hits(matrix, places, ends).sum())
            # A richer motion must explain clearly more, or it only bends to noise.
            if agree >= max(ENOUGH["affine"], 1.03 * votes + 2):
                best, kind, votes = matrix, "affine", agree
    if count >= ENOUGH["homography"]:
        matrix, _ = cv2.findHomography(places, ends, cv2.USAC_MAGSAC, AGREE, maxIters=500, confidence=0.995)
        if matrix is not None:
            agree = int(_hits(matrix, places, ends).sum())
            if agree >= max(ENOUGH["homography"], 1.03 * votes + 2) and _sane(matrix, places):
                best, kind, votes = matrix, "homography", agree
    if best is None or votes < max(ENOUGH["similarity"], LEAST_SHARE * count):
        return None, votes / count, "none"
    return best, votes / count, kind


def _hits(matrix: np.ndarray, places: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """(N,) bool: which corners follow a transform."""
    moved = cv2.perspectiveTransform(places[None].astype(np.float64), matrix)[0]
    return np.linalg.norm(moved - ends, axis=1) < AGREE


def _sane(matrix: np.ndarray, places: np.ndarray) -> bool:
    """A homography between neighbouring frames neither mirrors nor bends much."""
    depth = places @ matrix[2, :2] + matrix[2, 2]
    return bool(np.linalg.det(matrix[:2, :2] / matrix[2, 2]) > 0.2 and depth.min() > 0.6 * depth.max() > 0)
