"""How the canonical face moves: for each control a field of displacements over its 468 points, in widths between the outer eye corners.

The jaw is a rigid part that turns about an axis through the ears, with a soft hinge; the rest are soft bumps around lips, cheeks, lids and brows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from engine.vision.faces import topology
from engine.vision.faces.topology import canonical

HINGE = (0.30, 0.55)
"""Height and depth of the jaw's axis."""

WIDEST = 0.25
"""Jaw angle in radians at opening 1: the lower lip drops by a fifth of the width between the eyes' outer corners."""

MOUTH = (0.0, 0.69)
CORNER = 0.318


@dataclass(frozen=True)
class Shapes:
    """jaw: (468,) share of the jaw's turn; the others (468, 3) displacements at full strength, or (468,) weights. up, low: is a point of the upper or lower lip's side."""

    jaw: np.ndarray
    upper_lift: np.ndarray
    wide: np.ndarray
    round: np.ndarray
    smile: np.ndarray
    frown: np.ndarray
    squint: np.ndarray
    brow: np.ndarray
    sad: np.ndarray
    tuck: np.ndarray
    upper_close: np.ndarray
    lower_close: np.ndarray


@cache
def shapes() -> Shapes:
    """The fields, computed once from the canonical face."""
    points = canonical().points
    x, y = np.abs(points[:, 0]), points[:, 1]
    side = np.sign(points[:, 0])
    upper = np.zeros(len(points), bool)
    upper[list(topology.LIPS_INNER_UP)] = True
    upper |= y < points[topology.INNER_TOP, 1] + 0.02
    upper[list(topology.LIPS_INNER_LOW[1:-1])] = False
    upper[list(topology.LIPS_OUTER_LOW[1:-1])] = False
    lower = ~upper
    mid = np.clip(x / CORNER, 0, 1)

    # The jaw: whole below the mouth, less to the sides and near the corners, none above the lip line but at the cheeks' lower edge.
    below = _step((y - 0.52) / 0.34) * (1 - 0.45 * _step((x - 0.40) / 0.35))
    lip_low = 1 - 0.62 * mid**2
    near = np.exp(-(((y - 0.78) / 0.10) ** 2)) * (x < CORNER + 0.06)
    jaw = np.where(lower, below * (1 - near) + lip_low * near, 0.0)
    cheek = _step((x - 0.16) / 0.22) * _step((y - 0.42) / 0.42) * (1 - 0.45 * _step((x - 0.40) / 0.35)) * 0.62
    jaw = np.where(upper, cheek, jaw)
    corners = [topology.MOUTH_LEFT, topology.MOUTH_RIGHT, 78, 308]
    jaw[corners] = 0.36

    def bump(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        return np.asarray(np.exp(-(((x - cx) / rx) ** 2) - ((y - cy) / ry) ** 2))

    def move(weight: np.ndarray, dx: float, dy: float, dz: float = 0.0) -> np.ndarray:
        return weight[:, None] * np.stack([side * dx, np.full(len(points), dy), np.full(len(points), dz)], axis=1)

    corner = bump(CORNER, 0.68, 0.17, 0.15)
    mouth = bump(0.0, 0.69, 0.36, 0.20)
    rounding = np.stack([-points[:, 0] * 0.30, (y - MOUTH[1]) * 0.16, np.full(len(points), -0.06)], axis=1) * mouth[:, None]
    smile = move(corner, 0.075, -0.075, 0.03) + move(bump(0.40, 0.40, 0.22, 0.20), 0.012, -0.045, -0.02) + move(bump(0.0, 0.58, 0.18, 0.08) * upper, 0.0, -0.018)
    smile += move(bump(0.34, 0.09, 0.2, 0.07) * (y > 0.0), 0.0, -0.018) + move(bump(0.0, 0.80, 0.2, 0.1) * lower, 0.0, -0.012)
    frown = move(corner, -0.012, 0.055, 0.0) + move(bump(0.0, 0.85, 0.2, 0.1) * lower, 0.0, -0.02) + move(bump(0.42, 0.55, 0.2, 0.2), 0.0, 0.015)
    lid_low = bump(0.34, 0.04, 0.16, 0.06) * (y > 0.0)
    squint = move(lid_low, 0.0, -0.03) + move(bump(0.40, 0.30, 0.22, 0.16), 0.0, -0.025) + move(bump(0.36, -0.22, 0.22, 0.08), 0.0, 0.02)
    brow = move(bump(0.33, -0.26, 0.30, 0.14), 0.0, -0.06) + move(bump(0.34, -0.09, 0.18, 0.06), 0.0, -0.006)
    sad = move(bump(0.12, -0.24, 0.13, 0.14), -0.012, -0.06) + move(bump(0.52, -0.20, 0.14, 0.12), 0.0, 0.02)

    # Closing lips: each rim goes to the line between them and takes the skin up to nose and chin along, less and less.
    top, bottom = points[topology.LIP_TOP, 1], points[topology.LIP_BOTTOM, 1]
    upper_close = np.where(upper, _step((y - 0.40) / (top - 0.44)) * _step((CORNER + 0.22 - x) / 0.25), 0.0)
    lower_close = np.where(lower, (1 - 0.55 * _step((y - bottom) / 0.30)) * _step((CORNER + 0.30 - x) / 0.30), 0.0)
    return Shapes(
        jaw=jaw,
        upper_lift=move(bump(0.0, 0.60, 0.22, 0.10) * upper, 0.0, -0.022),
        wide=move(corner, 0.055, 0.0, 0.02), round=rounding, smile=smile, frown=frown, squint=squint, brow=brow, sad=sad,
        tuck=move(bump(0.0, 0.76, 0.22, 0.10) * lower, 0.0, -0.035, 0.03), upper_close=upper_close, lower_close=lower_close,
    )  # fmt: skip


def jaw_turn(points: np.ndarray, share: np.ndarray, angle: float) -> np.ndarray:
    """(N, 3) displacements of canonical points when the jaw opens by `angle` radians and each follows by its share."""
    turn = angle * share
    dy, dz = points[:, 1] - HINGE[0], points[:, 2] - HINGE[1]
    c, s = np.cos(turn), np.sin(turn)
    # Positive opening carries the chin, which lies in front of the axis (dz < 0), down and back.
    return np.stack([np.zeros(len(points)), dy * (c - 1) - dz * s, dy * s + dz * (c - 1)], axis=1)


def _step(t: np.ndarray) -> np.ndarray:
    """Smoothstep: 0 below 0, 1 above 1."""
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3 - 2 * t)
