"""A face made ready to move: the points of its mesh, of the head around it, and of the still frame outside, and where a `Look` puts them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.vision.faces import topology
from engine.vision.faces.look import Look
from engine.vision.faces.mesh import Face
from engine.vision.faces.pose import Pose, pose_of
from engine.vision.faces.shapes import WIDEST, jaw_turn, shapes
from engine.vision.faces.topology import canonical

RINGS = (1.10, 1.24, 1.42, 1.66, 1.95, 2.3)
"""Rings around the face's rim, as multiples of its distance from the face's middle; on the last one nothing moves."""

UP = (1.0, 1.0, 0.96, 0.80, 0.42, 0.0)
DOWN = (0.94, 0.80, 0.58, 0.34, 0.12, 0.0)
"""How much of the head's motion a ring follows above and at the sides (hair), and below the chin (neck)."""

DEEPER = (0.15, 0.35, 0.6, 0.85, 1.0, 1.0)
"""How far a ring's depth has gone from that of the face's rim to that of the ears."""

SKIN = (0.62, 0.20, 0.03, 0.0, 0.0, 0.0)
"""How much of the jaw's motion the rings below the chin follow."""

PIVOT = (0.0, 1.35, 0.45)
"""Canonical place about which the head turns: the top of the neck."""

LIP_SHARE = 0.8
"""How far the lower lip drops, in widths between the eyes, for a radian of the jaw."""

LIPS = tuple(zip(topology.LIPS_INNER_UP, topology.LIPS_INNER_LOW, strict=True))[1:-1]
EYES = ((topology.EYE_LEFT_UP, topology.EYE_LEFT_LOW, topology.BROW_LEFT_LOW), (topology.EYE_RIGHT_UP, topology.EYE_RIGHT_LOW, topology.BROW_RIGHT_LOW))


@dataclass
class Rig:
    """Built once for a portrait, or for each frame of a video. face: its mesh; head False: only the face moves, the rings stay."""

    face: Face
    pose: Pose = field(init=False)
    rest: np.ndarray = field(init=False)
    """(V, 2) pixels: the 468 points of the mesh, then the rings."""
    gap: np.ndarray = field(init=False)
    """(9,) how far the inner lips are apart in the picture, from left to right, in widths between the eyes."""

    def __post_init__(self) -> None:
        self.pose = pose_of(self.face)
        self.face = _lips_bare(self.face)
        own = self.pose.back(self.face.points)
        self.own = own
        middle = np.array([0.0, 0.35, 0.0])
        oval = own[list(topology.OVAL)] - middle
        # The hair reaches higher above the mesh than the cheeks reach beyond it.
        high = 1.0 + 0.30 * np.clip(-oval[:, 1:2] / 0.9, 0, 1)
        rings = [middle + oval * (1 + (f - 1) * high * (1, 1, 0)) for f in RINGS]
        for ring, share in zip(rings, DEEPER, strict=True):
            ring[:, 2] += share * (0.45 - ring[:, 2])
        self.spread = np.concatenate([own, *rings])
        self.rest = np.concatenate([self.face.flat, *[self.pose.place(ring)[:, :2] for ring in rings]])
        down = np.clip(oval[:, 1] / 0.75, 0, 1) ** 1.5
        follow = [np.asarray(up * (1 - down) + low * down) for up, low in zip(UP, DOWN, strict=True)]
        self.follow = np.concatenate([np.ones(len(own)), *follow])
        self.skin = [np.asarray(share * down) for share in SKIN]
        corners = own[[topology.MOUTH_LEFT, topology.MOUTH_RIGHT]]
        calm = canonical().points[[topology.MOUTH_LEFT, topology.MOUTH_RIGHT]]
        outward = float((np.abs(corners[:, 0]) - np.abs(calm[:, 0])).mean())
        upward = float((calm[:, 1] - corners[:, 1]).mean())
        self.smiles = float(np.clip((outward + upward) / 0.15, 0.0, 0.85))
        """How far the picture smiles already, 0..0.85: a smile adds only the rest."""
        self.gap = np.array([np.linalg.norm(self.face.flat[low] - self.face.flat[up]) / self.pose.scale for up, low in LIPS])

    def moved(self, look: Look) -> np.ndarray:
        """(V, 2) pixels where the points are under a look."""
        moves = np.concatenate([self._expression(look), np.zeros((len(self.rest) - len(self.own), 3))])
        rim = moves[list(topology.OVAL)]
        count = len(topology.OVAL)
        for k, share in enumerate(self.skin):
            moves[len(self.own) + k * count : len(self.own) + (k + 1) * count] = rim * share[:, None]
        flat = self.rest + self.pose.carry(moves)
        self._meet(flat, shut=look.opening * (1 - min(look.press, 1.0)) < 0.015 and look.wide < 0.02)
        flat[: len(self.own)] += self._blink(look.blink, flat)
        if look.yaw or look.pitch or look.roll or look.shift != (0.0, 0.0):
            place = self.spread + moves - PIVOT
            turned = place @ head_turn(look.yaw, look.pitch, look.roll).T
            flat += self.pose.carry((turned - place) * self.follow[:, None] + np.array([*look.shift, 0.0]) * self.follow[:, None])
        return flat

    def bones(self, points: np.ndarray, look: Look) -> np.ndarray:
        """Canonical points (N, 3) of the skull in pixels (N, 2): they follow the head's motion and nothing else of a look."""
        turned = (points - PIVOT) @ head_turn(look.yaw, look.pitch, look.roll).T + PIVOT + np.array([*look.shift, 0.0])
        return np.asarray(self.pose.place(turned)[:, :2])

    def _expression(self, look: Look) -> np.ndarray:
        """(468, 3) canonical displacements of the face."""
        basis, rest = shapes(), canonical().points
        press = min(max(look.press, 0.0), 1.0)
        opening = look.opening * (1 - press)
        middle = float(self.gap[len(self.gap) // 2])
        # The photo's own open mouth counts: it is closed first, unless the look keeps it.
        wanted = opening * WIDEST * LIP_SHARE
        kept = min(look.wide * (1 - press), 1.0)
        closing = (1 - kept) * max(0.0, middle - wanted)
        angle = max(0.0, wanted - middle) / LIP_SHARE
        moves = jaw_turn(rest, basis.jaw, angle)
        moves += basis.upper_lift * min(opening, 1.2)
        moves += basis.wide * (look.width if look.width > 0 else 1.3 * look.width) * (1 - 0.4 * look.rounding)
        moves += basis.round * look.rounding + basis.tuck * look.teeth
        moves += basis.smile * max(look.smile, 0.0) * (1 - self.smiles) - basis.frown * min(look.smile, 0.0)
        moves += basis.squint * look.squint + basis.brow * look.brow + basis.sad * look.sad
        if closing > 0.002:
            share = closing / middle
            moves += self._closed(basis.upper_close, basis.lower_close, share)
        return moves

    def _meet(self, flat: np.ndarray, *, shut: bool) -> None:
        """Inner lips never pass through each other, and meet exactly when the mouth is shut; in place."""
        down = self.pose.rotation[:2, 1]
        for up, low in LIPS:
            gap = float((flat[low] - flat[up]) @ down)
            if gap < 0 or (shut and gap < 0.05 * self.pose.scale):
                flat[up] += 0.5 * gap * down
                flat[low] -= 0.5 * gap * down

    def _closed(self, upper: np.ndarray, lower: np.ndarray, share: float) -> np.ndarray:
        """(468, 3): the lips go together by a share of the gap that the picture shows, column by column."""
        columns = np.array([(self.own[up, 0] + self.own[low, 0]) / 2 for up, low in LIPS])
        ends = self.own[[78, 308], 0]
        gap = np.interp(self.own[:, 0], [ends[0], *columns, ends[1]], [0.0, *self.gap, 0.0])
        gap = np.where(np.abs(self.own[:, 0]) > 0.5, 0.0, gap)
        # Who is further from where lips meet goes further: the upper lip of a smile, the lower one of an open jaw.
        line = canonical().points[[topology.INNER_TOP, topology.INNER_BOTTOM], 1].mean()
        raised, dropped = max(line - self.own[topology.INNER_TOP, 1], 0.01), max(self.own[topology.INNER_BOTTOM, 1] - line, 0.01)
        part = float(np.clip(raised / (raised + dropped), 0.2, 0.8))
        lift = share * gap * (part * upper - (1 - part) * lower)
        return np.stack([np.zeros_like(lift), lift, np.zeros_like(lift)], axis=1)

    def _blink(self, amount: float, flat: np.ndarray) -> np.ndarray:
        """(468, 2) pixels: the upper lids go down to the lower ones and take the lids' skin along."""
        out = np.zeros((len(self.own), 2))
        if amount <= 0:
            return out
        x, y = self.own[:, 0], self.own[:, 1]
        for up, low, brow in EYES:
            drop = 0.97 * (flat[list(low)] - flat[list(up)])
            height = np.interp(x, self.own[list(up), 0], self.own[list(up), 1])
            along = np.stack([np.interp(x, self.own[list(up), 0], drop[:, k], left=0, right=0) for k in (0, 1)], axis=1)
            above = height - y
            # The lashes' row goes as it is; what stretches is the skin between the crease and the brow.
            order = np.argsort(self.own[list(brow), 0])
            room = height - np.interp(x, self.own[list(brow), 0][order], self.own[list(brow), 1][order])
            t = np.clip((above - 0.02) / np.clip(room - 0.04, 0.06, 0.17), 0, 1)
            weight = np.where(above >= -1e-6, 1 - t * t * (3 - 2 * t), 0.0)
            weight[list(low[1:-1])] = 0.0
            weight[list(up)] = 1.0
            inside = (x > self.own[up[0], 0] - 1e-6) & (x < self.own[up[-1], 0] + 1e-6) & (above < 0.25)
            out += amount * along * (weight * inside)[:, None]
            out[list(low[1:-1])] -= 0.06 / 0.97 * amount * drop[1:-1]
        return out


def _lips_bare(face: Face) -> Face:
    """The face with the inner rims of an open mouth moved a little into the lips: the net draws them on the dark, of which nothing may stick to a lip that moves."""
    size = float(np.linalg.norm(face.flat[263] - face.flat[33]))
    gap = float(np.linalg.norm(face.flat[topology.INNER_BOTTOM] - face.flat[topology.INNER_TOP])) / size
    share = 0.22 * float(np.clip((gap - 0.02) / 0.05, 0, 1))
    if share == 0.0:
        return face
    points = face.points.copy()
    for inner, outer in ((topology.LIPS_INNER_UP, topology.LIPS_OUTER_UP), (topology.LIPS_INNER_LOW[1:-1], topology.LIPS_OUTER_LOW[1:-1])):
        points[list(inner)] += share * (face.points[list(outer)] - face.points[list(inner)])
    return Face(points, face.irises, face.score)


def head_turn(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """(3, 3) rotation of the head: yaw to the picture's right, pitch down, roll clockwise."""
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    about_y = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)
