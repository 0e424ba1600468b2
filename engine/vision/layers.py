"""Pictures cut into things and ground, each moved along its own displacement over time: how the pocket motion field becomes frames.

Things stay stiff: each is moved by the one similarity (shift, turn, enlargement) that fits its displacements best, so that it neither wobbles nor tears, and a
share of what is left over (wings, legs) bends it. The shade that a thing throws on the ground beside it travels along.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SMALLEST_THING = 0.003
"""Share of the picture below which a patch of cover is no thing but noise of the mask."""

SHADE_REACH = 0.05
"""How far from a thing its shade is looked for, as a share of the picture's shorter side."""

SMALLEST_HALF = 0.2
"""Share of a patch of cover that a part must have to be a thing of its own."""

SPLIT = 0.04
"""Misfit of one similarity, as a share of the shorter side, above which a patch of cover is taken for two things that touch."""

BEND = 0.6
"""Share of the displacements beyond a similarity that is followed."""


@dataclass(frozen=True)
class Motion:
    """Displacements over a clip. field: (K, 2, h, w) float32, x and y as fractions of the picture's shorter side, at K moments evenly spread over the clip."""

    field: np.ndarray

    def at(self, moment: float) -> np.ndarray:
        """(2, h, w) at a moment in 0..1: Catmull-Rom between the keys."""
        keys = len(self.field)
        where = float(np.clip(moment, 0.0, 1.0)) * (keys - 1)
        k = min(int(where), keys - 2)
        f = where - k
        before, a, b, after = (self.field[min(max(j, 0), keys - 1)] for j in (k - 1, k, k + 1, k + 2))
        out: np.ndarray = 0.5 * (2 * a + (b - before) * f + (2 * before - 5 * a + 4 * b - after) * f**2 + (3 * a - before - 3 * b + after) * f**3)
        return out


@dataclass(frozen=True)
class _Thing:
    """One thing cut out. pixels: (H, W, 4) float32, colour times cover, and cover, all 0..1; shade: (H, W) float32, 1 where there is none."""

    pixels: np.ndarray
    shade: np.ndarray
    weight: np.ndarray
    bottom: float


class LayeredPicture:
    """A picture, its cover and the ground behind, ready to be seen at any moment.

    picture, ground: (H, W, 3) uint8; cover: (H, W) float32 in 0..1; things, land: motion of both; moment: when in the clip (0..1) the picture is.
    strength: factor of all motion. At `moment` the frame is the picture itself.
    """

    def __init__(
        self, picture: np.ndarray, ground: np.ndarray, cover: np.ndarray, things: Motion, land: Motion, *, moment: float = 0.5, strength: float = 1.0
    ) -> None:
        self.moment, self.strength, self.things, self.land = moment, strength, things, land
        height, width = picture.shape[:2]
        self.short = min(height, width)
        radius = max(2, round(SHADE_REACH * self.short))
        cover = _sure(cover)
        near = cv2.dilate(cover, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
        near = cv2.GaussianBlur(near, (0, 0), radius / 3)[..., None]
        real = picture.astype(np.float32) / 255
        self.ground = (real * (1 - near) + ground.astype(np.float32) / 255 * near).astype(np.float32)
        self.cut = self._cut(real, cover)
        self._zero = (things.at(moment), land.at(moment))

    def _cut(self, real: np.ndarray, cover: np.ndarray) -> list[_Thing]:
        height, width = cover.shape
        count, labels, stats, _ = cv2.connectedComponentsWithStats((cover > 0.5).astype(np.uint8))
        large = [labels == k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] > SMALLEST_THING * height * width]
        kept = [part for mask in large for part in apart(mask, self.things.field)]
        # Where the ground is brighter than the picture beside a thing, the thing throws a shade there.
        darker = (real.mean(2) + 0.02) / (self.ground.mean(2) + 0.02)
        shade = cv2.GaussianBlur(np.clip(darker, 0.55, 1.0), (0, 0), 0.008 * self.short)
        things = []
        distances = np.stack([cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3) for mask in kept]) if kept else np.zeros((0, height, width))
        owner = distances.argmin(0) if kept else None
        cells = self.things.field.shape[-2:]
        for index, mask in enumerate(kept):
            mine = np.asarray(owner == index, np.float32)
            alpha = (cover * mine)[..., None]
            close = (distances[index] < SHADE_REACH * self.short) & (owner == index)
            weight = cv2.resize(mask.astype(np.float32), cells[::-1], interpolation=cv2.INTER_AREA)
            things.append(_Thing(np.concatenate([real * alpha, alpha], 2), np.where(close, shade, 1.0).astype(np.float32), weight, float(np.flatnonzero(mask.any(1))[-1])))
        return sorted(things, key=lambda thing: thing.bottom)

    @property
    def cover(self) -> np.ndarray:
        """(N, H, W) float32 in 0..1: how much of each pixel each thing covers in the picture, the nearest thing last."""
        return np.stack([thing.pixels[..., 3] for thing in self.cut]) if self.cut else np.zeros((0, *self.ground.shape[:2]), np.float32)

    def frame(self, moment: float, land_moment: float | None = None) -> np.ndarray:
        """(H, W, 3) uint8: the picture at a moment of the clip in 0..1. land_moment: another one for the ground, where the camera keeps its own time."""
        land = (self.land.at(moment if land_moment is None else land_moment) - self._zero[1]) * (self.strength * self.short)
        canvas = pulled(self.ground, land)
        away = (self.things.at(moment) - self._zero[0]) * (self.strength * self.short)
        moved = [self._moved(thing, away) for thing in self.cut]
        for _, shade in moved:
            canvas *= shade[..., None]
        for pixels, _ in moved:
            canvas = canvas * (1 - pixels[..., 3:]) + pixels[..., :3]
        return (canvas.clip(0, 1) * 255 + 0.5).astype(np.uint8)

    def frames(self, count: int) -> np.ndarray:
        """(count, H, W, 3) uint8, evenly spread from the start to the end of the clip."""
        return np.stack([self.frame(float(t)) for t in np.linspace(0, 1, count)])

    def _moved(self, thing: _Thing, away: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        height, width = thing.shade.shape
        matrix, rest = similarity(away, thing.weight, (width, height))
        size = (width, height)
        pixels, shade = thing.pixels, thing.shade
        if np.abs(rest).max() > 0.25:
            x, y = _grid(size)
            bend = [cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) * BEND for part in rest]
            pixels = cv2.remap(pixels, x - bend[0], y - bend[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return (
            cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT),
            cv2.warpAffine(shade, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=1.0),
        )


def _sure(cover: np.ndarray) -> np.ndarray:
    """The cover without doubtful patches: what is not beside a patch that is large enough and covered by more than half counts as ground."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((cover > 0.5).astype(np.uint8))
    large = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] > SMALLEST_THING * cover.size]
    beside = cv2.dilate(np.isin(labels, large).astype(np.uint8), np.ones((5, 5), np.uint8))
    return cover * beside.astype(np.float32)


def _grid(size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    return x, y


def pulled(picture: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    """A picture whose content is carried along a smooth displacement field.

    picture: (H, W, C) float32; displacement: (2, h, w) in pixels of the picture, where each place's content goes. The field is inverted by fixed-point
    iteration; beyond its edge the picture is mirrored.
    """
    height, width = picture.shape[:2]
    if not displacement.any():
        return picture.copy()
    x, y = _grid((width, height))
    dx, dy = (cv2.resize(part.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) for part in displacement)
    px, py = x - dx, y - dy
    for _ in range(3):
        px, py = x - cv2.remap(dx, px, py, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), y - cv2.remap(dy, px, py, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.remap(picture, px, py, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def apart(mask: np.ndarray, field: np.ndarray, depth: int = 2) -> list[np.ndarray]:
    """A patch of cover as the things that it holds: one, or more where parts of it go different ways.

    mask: (H, W) bool; field: (K, 2, h, w) displacements as in `Motion`. Cells are parted in two by their whole paths (k-means) when no one similarity fits them, and the
    parting takes most of the misfit away.
    """
    cells = field.shape[-2:]
    weight = cv2.resize(mask.astype(np.float32), cells[::-1], interpolation=cv2.INTER_AREA)
    inside = weight > 0.3
    misfit = _misfit(field, weight)
    if depth == 0 or inside.sum() < 12 or misfit < SPLIT:
        return [mask]
    paths = np.ascontiguousarray(field[:, :, inside].reshape(-1, int(inside.sum())).T, np.float32)
    cv2.setRNGSeed(0)
    _, found, _ = cv2.kmeans(paths, 2, None, (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 1e-4), 4, cv2.KMEANS_PP_CENTERS)
    label = np.zeros(cells, np.float32)
    label[inside] = found[:, 0]
    known = cv2.resize(inside.astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    second = cv2.resize(label, mask.shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5 * known
    halves = [mask & ~second, mask & second]
    better = sum(_misfit(field, cv2.resize(half.astype(np.float32), cells[::-1], interpolation=cv2.INTER_AREA)) * half.sum() for half in halves) / mask.sum()
    if min(half.sum() for half in halves) < SMALLEST_HALF * mask.sum() or better > 0.4 * misfit:
        return [mask]
    return [part for half in halves for part in apart(half, field, depth - 1)]


def _misfit(field: np.ndarray, weight: np.ndarray) -> float:
    """How far the best similarity misses at the clip's two ends, as a share of the shorter side."""
    side = float(min(weight.shape))
    rests = [similarity(field[k] * side, weight, weight.shape[::-1])[1] / side for k in (0, -1)]
    return float(max(np.sqrt(((rest**2).sum(0) * weight).sum() / max(weight.sum(), 1e-6)) for rest in rests))


def similarity(away: np.ndarray, weight: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The similarity that fits displacements best, and what it leaves over.

    away: (2, h, w) in pixels of a picture of `size` (width, height); weight: (h, w). Returns (2, 3) float32 from old to new pixel positions, and the rest (2, h, w)
    in the old picture's frame, zero where there is no weight. Least squares in closed form (Umeyama, 1991, without reflection).
    """
    rows, columns = weight.shape
    x = (np.arange(columns, dtype=np.float64) + 0.5) * size[0] / columns - 0.5
    y = (np.arange(rows, dtype=np.float64) + 0.5) * size[1] / rows - 0.5
    place = np.broadcast_to(x, weight.shape) + 1j * np.broadcast_to(y[:, None], weight.shape)
    goal = place + away[0] + 1j * away[1]
    total = weight.sum()
    if total <= 0:
        return np.array([[1, 0, 0], [0, 1, 0]], np.float32), np.zeros_like(away)
    middle, aim = (place * weight).sum() / total, (goal * weight).sum() / total
    spread = (np.abs(place - middle) ** 2 * weight).sum()
    turn = ((goal - aim) * np.conj(place - middle) * weight).sum() / spread if spread > 0 else 1.0
    offset = aim - turn * middle
    matrix = np.array([[turn.real, -turn.imag, offset.real], [turn.imag, turn.real, offset.imag]], np.float32)
    rest = (goal - (turn * place + offset)) / turn * (weight > 0)
    return matrix, np.stack([rest.real, rest.imag]).astype(np.float32)
