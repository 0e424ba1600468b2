"""A portrait in a reference picture, without any network: a face found by a boosted cascade, and the head and shoulders that belong to it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from engine.vision.segmentation import fit_side

SIDE = 360
"""Longer side, in pixels, of the copy on which a portrait is found and cut."""

SMALLEST = 0.12
"""Share of the picture's shorter side that a face spans at least to be what the picture is of."""

AGREED = 6
"""Neighbouring hits that make a face (`cv2.CascadeClassifier`): fewer find faces in leaves."""

CASCADE = "haarcascade_frontalface_alt2.xml"
"""File of OpenCV's own data."""


def portrait(picture: np.ndarray) -> np.ndarray | None:
    """(H, W) bool: who a picture (H, W, 3) uint8 is a portrait of; None when no large face is seen.

    The face by a cascade of Haar features (Viola and Jones, 2001; Lienhart and Maydt, 2002); where head and shoulders usually lie about a face starts GrabCut.
    """
    small = fit_side(picture, SIDE)
    height, width = small.shape[:2]
    grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    least = max(20, round(SMALLEST * min(height, width)))
    finder = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
    if finder.empty():
        return None  # a build of OpenCV without its data
    faces = finder.detectMultiScale(grey, scaleFactor=1.08, minNeighbors=AGREED, minSize=(least, least))
    if not len(faces):
        return None
    mask = _body(small, *(float(v) for v in max(faces, key=lambda face: face[2] * face[3])))
    return cv2.resize(mask.astype(np.float32), picture.shape[1::-1], interpolation=cv2.INTER_CUBIC) > 0.5


def _body(small: np.ndarray, left: float, top: float, wide: float, high: float) -> np.ndarray:
    """(h, w) bool of who has a face in that box."""
    height, width = small.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = (x - left - 0.5 * wide) / wide, (y - top - 0.5 * high) / high
    # A head is taller than its face; shoulders slope from the neck to one and a half faces' width.
    slope = np.clip((v - 0.65) / 0.5, 0.0, 1.0)
    near = ((u / 0.72) ** 2 + ((v + 0.12) / 0.92) ** 2 < 1.0) | ((v > 0.55) & (np.abs(u) < 0.4 + 0.85 * slope))
    sure = ((u / 0.4) ** 2 + (v / 0.5) ** 2 < 1.0) | ((v > 0.9) & (np.abs(u) < 0.45))
    far = ((u / 0.95) ** 2 + ((v + 0.25) / 1.2) ** 2 < 1.0) | ((v > 0.5) & (np.abs(u) < 0.7 + 1.1 * slope))
    labels = np.where(near, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[~far], labels[sure] = cv2.GC_BGD, cv2.GC_FGD
    if (labels == cv2.GC_BGD).sum() < 50:
        return near
    cv2.setRNGSeed(0)
    cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    mask = cv2.morphologyEx(np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8), cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    _, parts = cv2.connectedComponents(mask, connectivity=4)
    return np.isin(parts, np.unique(parts[sure & (mask > 0)]))
