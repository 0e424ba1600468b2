"""Measure the canonical face: `python -m engine.vision.faces.measure PHOTO...` averages the meshes of frontal photos and their mirrors and joins the points to triangles."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import MEDIAPIPE_FACE
from engine.media.images import read_image
from engine.settings import Settings
from engine.vision.faces import topology
from engine.vision.faces.finder import detectors, find_faces
from engine.vision.faces.mesh import Mesher


def straightened(points: np.ndarray) -> np.ndarray:
    """(468, 3) turned to look straight ahead: the eye line becomes x, forehead to chin becomes y; scaled and shifted as `Canonical` says."""
    right = points[[362, 263]].mean(axis=0) - points[[33, 133]].mean(axis=0)
    right /= np.linalg.norm(right)
    down = points[topology.CHIN] - points[10]
    down -= right * (down @ right)
    down /= np.linalg.norm(down)
    turned = (points - points[[33, 263]].mean(axis=0)) @ np.stack([right, down, np.cross(right, down)], axis=1)
    return turned / (turned[263, 0] - turned[33, 0])


def mirror_pairs(points: np.ndarray) -> np.ndarray:
    """(468,) the point that each is the mirror of: the pairing of least distance over all points of a mean face."""
    from scipy.optimize import linear_sum_assignment

    distance = np.linalg.norm(points[:, None] * (-1, 1, 1) - points[None], axis=2)
    return np.asarray(linear_sum_assignment(distance + distance.T)[1])


def triangulate(points: np.ndarray) -> np.ndarray:
    """(T, 3) triangles of the skin: Delaunay of the face with its mouth and eyes wide open, without what lies in the holes or outside the oval."""
    from scipy.spatial import Delaunay

    opened = points[:, :2].copy()
    low = set(topology.LIPS_INNER_LOW[1:-1])
    below = np.array([k in low or points[k, 1] > points[topology.INNER_BOTTOM, 1] for k in range(len(points))])
    opened[below, 1] += 0.25
    for up, lower in ((topology.EYE_LEFT_UP, topology.EYE_LEFT_LOW), (topology.EYE_RIGHT_UP, topology.EYE_RIGHT_LOW)):
        opened[list(up[1:-1]), 1] -= 0.01
        opened[list(lower[1:-1]), 1] += 0.01
    found = np.asarray(Delaunay(opened).simplices)
    centres = opened[found].mean(axis=1)
    keep = _inside(opened[list(topology.OVAL)], centres)
    for hole in topology.HOLES.values():
        keep &= ~(np.isin(found, hole).all(axis=1) & _inside(opened[list(hole)], centres))
    return found[keep]


def _inside(polygon: np.ndarray, points: np.ndarray) -> np.ndarray:
    outline = (polygon * 4096).astype(np.float32)
    return np.array([cv2.pointPolygonTest(outline, (float(x) * 4096, float(y) * 4096), False) >= 0 for x, y in points])


def main() -> int:
    """Write `canonical.json` beside this file."""
    parser = argparse.ArgumentParser(prog="python -m engine.vision.faces.measure", description="Average the faces of frontal photos into the canonical face")
    parser.add_argument("photos", nargs="+", type=Path)
    photos = parser.parse_args().photos
    settings = Settings()
    folder = ModelFiles.of(settings).path(MEDIAPIPE_FACE)
    finders, mesher = detectors(folder), Mesher(folder)
    meshes = []
    for photo in photos:
        image = read_image(photo, settings)
        for seen in (image, np.ascontiguousarray(image[:, ::-1])):
            found = find_faces(seen, finders)
            face = mesher.at(seen, found[0]) if found else None
            if face is None:
                print(f"{photo}: no face")
                continue
            meshes.append(straightened(face.points))
    mean = np.median(meshes, axis=0)
    pairs = mirror_pairs(mean)
    points = (mean + mean[pairs] * (-1, 1, 1)) / 2
    points -= (points[33] + points[263]) / 2
    triangles = triangulate(points)
    topology.CANONICAL_FILE.write_text(json.dumps({"points": np.round(points, 4).tolist(), "triangles": triangles.tolist()}) + "\n", encoding="utf-8")
    print(f"{len(meshes)} meshes, {len(triangles)} triangles, written to {topology.CANONICAL_FILE.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
