"""Draw a face under a look: the skin warped by its mesh, the eyes behind the lids, the mouth's inside behind the lips. Pixels that do not move stay bit for bit."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from engine.vision.faces import topology
from engine.vision.faces.look import Look
from engine.vision.faces.mesh import Face
from engine.vision.faces.mouth import light_of, paint, to_linear, to_srgb
from engine.vision.faces.rig import RINGS, Rig
from engine.vision.faces.topology import canonical
from engine.vision.warping import mesh_linear, mesh_map, widened

STRETCH = 10.0
"""A triangle whose pixels come from further apart than this many pixels is a sliver: it would show specks from afar, and takes its neighbours' displacement."""

OPEN_ALREADY = 0.045
"""From this gap between the lips on (in eye widths), the picture shows teeth of its own, which are kept."""


def triangles() -> tuple[np.ndarray, np.ndarray]:
    """((T, 3) skin, rings and what lies between the lips; (E, 3) the eyes' holes). The vertices are those of `Rig.rest`, then once more the 468 of the mesh for the eyes."""
    count, first = len(topology.OVAL), len(canonical().points)
    inner = np.array(topology.OVAL)
    strips = []
    for k in range(len(RINGS)):
        outer = first + k * count + np.arange(count)
        for i in range(count):
            j = (i + 1) % count
            strips += [[inner[i], inner[j], outer[j]], [inner[i], outer[j], outer[i]]]
        inner = outer
    lips = _between(topology.LIPS_INNER_UP, topology.LIPS_INNER_LOW)
    eyes = np.concatenate([_between(topology.EYE_LEFT_UP, topology.EYE_LEFT_LOW), _between(topology.EYE_RIGHT_UP, topology.EYE_RIGHT_LOW)])
    return np.concatenate([lips, strips, canonical().triangles]), eyes


def _between(up: tuple[int, ...], low: tuple[int, ...]) -> np.ndarray:
    """(N, 3) triangles that fill a hole between its upper and lower rim."""
    out = []
    for k in range(len(up) - 1):
        out += [[up[k], up[k + 1], low[k + 1]], [up[k], low[k + 1], low[k]]]
    return np.array([t for t in out if len(set(t)) == 3])


class Head:
    """A picture with one face that can move. image: (H, W, 3) uint8; face: its mesh; step: pixels of one cell of the map, by the face's size if not given."""

    def __init__(self, image: np.ndarray, face: Face, *, step: int | None = None) -> None:
        self.image, self.rig = image, Rig(face)
        self.size = (image.shape[1], image.shape[0])
        self.step = step or int(np.clip(round(self.rig.pose.scale / 130), 1, 4))
        skin, eyes = triangles()
        shift = len(self.rig.rest)
        self.triangles = np.concatenate([eyes + shift, skin])
        self.eyes = len(eyes)
        self.rest = np.concatenate([self.rig.rest, self._wide_eyes(self.rig.rest[: len(canonical().points)])])
        self.light = light_of(image, face.flat)
        self.open_already = float(self.rig.gap[len(self.rig.gap) // 2]) > OPEN_ALREADY

    def frame(self, look: Look) -> np.ndarray:
        """(H, W, 3) uint8: the picture under a look."""
        out = self.image.copy()
        drawn = self.part(look)
        if drawn is not None:
            window, pixels, changed = drawn
            out[window][changed] = pixels[changed]
        return out

    def part(self, look: Look) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray] | None:
        """The window that changes, its pixels, and which of them change (h, w); None when nothing moves."""
        moved = self.rig.moved(look)
        count = len(canonical().points)
        # Eyes lie in the head: lids and squints pass over them.
        still = self.rig.moved(Look(yaw=look.yaw, pitch=look.pitch, roll=look.roll, shift=look.shift))[:count]
        every = np.concatenate([moved, self._wide_eyes(still)])
        active = np.abs(every - self.rest).max(axis=1) > 0.02
        if look.gaze != (0.0, 0.0):
            active[len(moved) :][list(topology.HOLES["eye_left"] + topology.HOLES["eye_right"])] = True
        used = self.triangles[active[self.triangles].any(axis=1)]
        folded = _folded(self.rest[used], every[used])
        used = np.concatenate([used[folded], used[~folded]])
        opened = self._hole(moved)
        if not len(used):
            return None
        touched = np.concatenate([every[used].reshape(-1, 2), self.rest[used].reshape(-1, 2)])
        x0, y0 = np.maximum(np.floor(touched.min(axis=0)).astype(int) - 1, 0)
        x1, y1 = np.minimum(np.ceil(touched.max(axis=0)).astype(int) + 2, self.size)
        if x1 <= x0 or y1 <= y0:
            return None
        window = (slice(int(y0), int(y1)), slice(int(x0), int(x1)))
        source, owner = mesh_map(self.rest, every, used, window, step=self.step)
        ys, xs = np.mgrid[: owner.shape[0], : owner.shape[1]]
        place = np.stack([xs * self.step + window[1].start, ys * self.step + window[0].start], axis=-1)
        source[owner < 0] = place[owner < 0]
        owned = owner >= 0
        cracks = cv2.morphologyEx(owned.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)).astype(bool) & ~owned
        wrong = owned & (owner < int(folded.sum())) | cracks
        if wrong.any():
            _mend(source, place, wrong)
        if look.gaze != (0.0, 0.0):
            eyes = owned & (used.min(axis=1) >= len(moved))[np.maximum(owner, 0)]
            source[eyes] = self._gazed(source[eyes], look.gaze)
        maps = widened(source, window, self.step)
        pixels = cv2.remap(self.image, maps[..., 0], maps[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        ys, xs = np.mgrid[window[0], window[1]]
        same = (np.abs(maps[..., 0] - xs) < 0.01) & (np.abs(maps[..., 1] - ys) < 0.01)
        changed = ~same
        if opened is not None:
            changed |= self._fill_mouth(pixels, window, opened, look)
        return window, pixels, changed

    def _wide_eyes(self, points: np.ndarray) -> np.ndarray:
        """The eyes' rims a little wider, so that no gap opens between lid and eye."""
        out = points.copy()
        for up, low in ((topology.EYE_LEFT_UP, topology.EYE_LEFT_LOW), (topology.EYE_RIGHT_UP, topology.EYE_RIGHT_LOW)):
            rim = sorted({*up, *low})
            centre = points[rim].mean(axis=0)
            out[rim] = centre + (points[rim] - centre) * 1.08
        return out

    def _gazed(self, source: np.ndarray, gaze: tuple[float, float]) -> np.ndarray:
        """Source places (N, 2) inside the eyes, so that the irises look elsewhere; the whites stretch."""
        out = source.copy()
        for side, corners in ((0, (33, 133)), (1, (362, 263))):
            iris = self.rig.face.irises[side]
            centre, radius = iris[0], float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
            width = float(np.linalg.norm(self.rig.face.flat[corners[1]] - self.rig.face.flat[corners[0]]))
            move = width * (self.rig.pose.rotation[:2, :2] @ np.array(gaze))
            for _ in range(2):
                away = np.linalg.norm(out - centre, axis=1) / max(radius, 1.0)
                weight = np.clip((2.2 - away) / 1.1, 0, 1)[:, None]
                near = np.linalg.norm(source - self.rig.face.flat[list(corners)].mean(axis=0), axis=1) < 0.75 * width
                out = np.where(near[:, None], source - move * weight, out)
        return out

    def _hole(self, moved: np.ndarray) -> np.ndarray | None:
        """(N, 2) rim of the open mouth, smoothed; None when the lips are closed."""
        up, low = moved[list(topology.LIPS_INNER_UP)], moved[list(topology.LIPS_INNER_LOW)]
        down = self.rig.pose.rotation[:2, 1]
        gaps = (low - up) @ down
        if gaps.max() < max(0.5, 0.006 * self.rig.pose.scale):
            return None
        middle = (up + low) / 2
        up, low = middle - np.maximum(gaps, 0)[:, None] / 2 * down, middle + np.maximum(gaps, 0)[:, None] / 2 * down
        return np.concatenate([_smooth(up), _smooth(low)[::-1]])

    def _fill_mouth(self, pixels: np.ndarray, window: tuple[slice, slice], hole: np.ndarray, look: Look) -> np.ndarray:
        """Compose the mouth's inside over a window's pixels, in place and in linear light; which pixels that were (h, w)."""
        touched = np.zeros(pixels.shape[:2], bool)
        low = np.maximum(np.floor(hole.min(axis=0)).astype(int) - 2, [window[1].start, window[0].start])
        high = np.minimum(np.ceil(hole.max(axis=0)).astype(int) + 3, [window[1].stop, window[0].stop])
        if (high - low).min() < 2:
            return touched
        box = (slice(low[1], high[1]), slice(low[0], high[0]))
        shape = (int(high[1] - low[1]), int(high[0] - low[0]))
        fine = np.zeros((shape[0] * 4, shape[1] * 4), np.uint8)
        cv2.fillPoly(fine, [np.round(((hole - low) * 4 + 1.5) * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        cover = cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        head, own = self._upper_jaw(look), None
        local = head.copy()
        local[:, 2] -= low
        if self.open_already:
            own = self._own_teeth(look, low, shape)
        rig = self.rig
        jaw = float(np.linalg.norm(rig.moved(replace(look, smile=0.0, rounding=0.0, blink=0.0))[topology.INNER_BOTTOM] - self._lips_meet(look)) / rig.pose.scale)
        inside = paint(shape, cover, local, jaw, self.light, own)
        inner = (slice(box[0].start - window[0].start, box[0].stop - window[0].start), slice(box[1].start - window[1].start, box[1].stop - window[1].start))
        target = pixels[inner]
        mixed = to_linear(target) * (1 - cover[..., None]) + inside * cover[..., None]
        changed = cover > 0
        target[changed] = np.rint(to_srgb(mixed))[changed].astype(np.uint8)
        touched[inner] = changed
        return touched

    def _line(self) -> np.ndarray:
        """(3,) canonical place where the lips meet, in this face."""
        own = self.rig.own
        return (own[topology.INNER_TOP] * 0.8 + own[topology.INNER_BOTTOM] * 0.2) if self.open_already else (own[topology.INNER_TOP] + own[topology.INNER_BOTTOM]) / 2

    def _lips_meet(self, look: Look) -> np.ndarray:
        return self.rig.bones(self._line()[None], look)[0]

    def _upper_jaw(self, look: Look) -> np.ndarray:
        """(2, 3) from the mouth's texture units to pixels."""
        line = self._line()
        places = self.rig.bones(line + np.array([[0, 0, 0], [0.1, 0, 0.0], [0, 0.1, 0.0]]), look)
        return np.stack([(places[1] - places[0]) * 10, (places[2] - places[0]) * 10, places[0]], axis=1)

    def _own_teeth(self, look: Look, low: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """The picture's own mouth inside, carried with the head: (linear colours (h, w, 3), cover (h, w))."""
        flat = self.rig.face.flat
        rim = np.concatenate([flat[list(topology.LIPS_INNER_UP)], flat[list(topology.LIPS_INNER_LOW)][::-1]])
        here, there = self._upper_jaw(Look()), self._upper_jaw(look)
        linear = there[:, :2] @ np.linalg.inv(here[:, :2])
        matrix = np.concatenate([linear, (there[:, 2] - linear @ here[:, 2])[:, None]], axis=1)
        local = matrix.copy()
        local[:, 2] -= low
        mask = np.zeros(self.image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(rim).astype(np.int32)], 255)
        radius = max(1, round(0.010 * self.rig.pose.scale))
        x0, y0 = np.maximum(np.floor(rim.min(axis=0)).astype(int) - 4 * radius, 0)
        x1, y1 = np.minimum(np.ceil(rim.max(axis=0)).astype(int) + 4 * radius, self.size)
        cut = cv2.erode(mask[y0:y1, x0:x1], np.ones((radius * 2 + 1, radius * 2 + 1), np.uint8))
        cut = cv2.GaussianBlur(cut, (0, 0), max(0.8, 0.7 * radius))
        shifted = local.copy()
        shifted[:, 2] += local[:, :2] @ np.array([x0, y0])
        colours = cv2.warpAffine(self.image[y0:y1, x0:x1], shifted, shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.warpAffine(cut, shifted, shape[::-1], flags=cv2.INTER_LINEAR).astype(np.float32) / 255
        return to_linear(colours), cover


def _folded(rest: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """(T,) which triangles (T, 3, 2) turn over, or have hardly any skin to show for where they go."""

    def area(corners: np.ndarray) -> np.ndarray:
        a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])

    before, after = area(rest), area(moved)
    linear = mesh_linear(moved, rest)
    # The greatest singular value: how far apart two neighbouring pixels are where they come from.
    square = (linear**2).sum(axis=(1, 2))
    reach = np.sqrt((square + np.sqrt(np.maximum(square**2 - 4 * np.linalg.det(linear) ** 2, 0.0))) / 2)
    return (before * after <= 0) | (np.abs(before) < 0.08 * np.abs(after)) | (reach > STRETCH)


def _mend(source: np.ndarray, place: np.ndarray, wrong: np.ndarray) -> None:
    """Give the pixels of folded triangles the displacement of the nearest sound one, in place. source, place: (h, w, 2); wrong: (h, w)."""
    _, labels = cv2.distanceTransformWithLabels(wrong.astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    sound = np.flatnonzero(~wrong)
    nearest = np.zeros(int(labels.max()) + 1, np.int64)
    nearest[labels.reshape(-1)[sound]] = sound
    shift = (source - place).reshape(-1, 2)
    source[wrong] = place[wrong] + shift[nearest[labels[wrong]]]


def _smooth(points: np.ndarray) -> np.ndarray:
    """A rim of 11 points with twice as many between (Catmull-Rom), so that lips are round."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    out = [b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))) for t in (0.0, 1 / 3, 2 / 3)]
    return np.concatenate([np.stack(out, axis=1).reshape(-1, 2), points[-1:]])
