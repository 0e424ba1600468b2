"""The parts of the 468-point mesh by name, and the one face that all are measured against. Left and right are those of the picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

CANONICAL_FILE = Path(__file__).with_name("canonical.json")

LIPS_OUTER_UP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LIPS_OUTER_LOW = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
LIPS_INNER_UP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LIPS_INNER_LOW = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""Lips from the picture's left corner to the right one: the outer and inner rims of the upper and lower lip."""

EYE_LEFT_UP = (33, 246, 161, 160, 159, 158, 157, 173, 133)
EYE_LEFT_LOW = (33, 7, 163, 144, 145, 153, 154, 155, 133)
EYE_RIGHT_UP = (362, 398, 384, 385, 386, 387, 388, 466, 263)
EYE_RIGHT_LOW = (362, 382, 381, 380, 374, 373, 390, 249, 263)
"""Lid margins from left to right."""

BROW_LEFT_UP, BROW_LEFT_LOW = (70, 63, 105, 66, 107), (46, 53, 52, 65, 55)
BROW_RIGHT_UP, BROW_RIGHT_LOW = (336, 296, 334, 293, 300), (285, 295, 282, 283, 276)
"""Brows from left to right."""

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The rim of the face, clockwise from the middle of the forehead."""

EYE_CORNERS = (33, 133, 362, 263)
CHIN, NOSE_TIP, LIP_TOP, LIP_BOTTOM, MOUTH_LEFT, MOUTH_RIGHT, INNER_TOP, INNER_BOTTOM = 152, 4, 0, 17, 61, 291, 13, 14

LINES = (
    (*LIPS_OUTER_UP, *LIPS_OUTER_LOW[::-1]),
    (*LIPS_INNER_UP, *LIPS_INNER_LOW[::-1]),
    (*EYE_LEFT_UP, *EYE_LEFT_LOW[::-1]),
    (*EYE_RIGHT_UP, *EYE_RIGHT_LOW[::-1]),
    BROW_LEFT_UP,
    BROW_RIGHT_UP,
    (*OVAL, OVAL[0]),
)
"""Lines that show a mesh to people."""

HOLES = {
    "mouth": (*LIPS_INNER_UP, *LIPS_INNER_LOW[-2:0:-1]),
    "eye_left": (*EYE_LEFT_UP, *EYE_LEFT_LOW[-2:0:-1]),
    "eye_right": (*EYE_RIGHT_UP, *EYE_RIGHT_LOW[-2:0:-1]),
}
"""Where the skin ends: closed polygons of mesh points."""


@dataclass(frozen=True)
class Canonical:
    """A calm, symmetric face that looks straight ahead with its lips a little apart. points: (468, 3): x right, y down, z away from the viewer; the outer eye corners
    are at x = -0.5 and 0.5, y = 0. triangles: (T, 3) of the skin, without the holes of eyes and mouth."""

    points: np.ndarray
    triangles: np.ndarray


@cache
def canonical() -> Canonical:
    """The face of `canonical.json`, which `python -m engine.vision.faces.measure` writes."""
    data = json.loads(CANONICAL_FILE.read_text(encoding="utf-8"))
    return Canonical(np.array(data["points"], float), np.array(data["triangles"], int))
