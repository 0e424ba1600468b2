"""Outlines as (N, 2) float arrays of x, y: circles, blobs, smooth curves, ridges, leaves. Geometry only, in any unit; y points down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

Points = Sequence[Sequence[float]] | np.ndarray


def polygon(points: Points) -> np.ndarray:
    """(N, 2) float64 of any list of points."""
    return np.asarray(points, float).reshape(-1, 2)


def move(points: Points, x: float = 0.0, y: float = 0.0, *, scale: float | tuple[float, float] = 1.0, angle: float = 0.0) -> np.ndarray:
    """Scaled (about the origin), turned clockwise on screen by `angle` degrees, then shifted."""
    a = np.deg2rad(angle)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return (polygon(points) * np.asarray(scale)) @ turn + np.array([x, y])


def mirrored(points: Points) -> np.ndarray:
    """The outline of a symmetric thing from its right half, listed from top to bottom."""
    half = polygon(points)
    return np.concatenate([half, half[::-1] * np.array([-1.0, 1.0])])


def circle(x: float, y: float, radius: float, *, squash: float = 1.0, count: int = 96) -> np.ndarray:
    """A circle, or an ellipse of half height `radius * squash`."""
    a = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x + radius * np.cos(a), y + radius * squash * np.sin(a)], axis=1)


def blob(
    x: float, y: float, radius: float, rng: np.random.Generator, *, rough: float = 0.05, lobes: int = 5, count: int = 180
) -> np.ndarray:
    """A circle as cut by hand: its radius varies by about the fraction `rough` in up to `lobes` waves."""
    a = np.linspace(0, 2 * np.pi, count, endpoint=False)
    r = np.ones(count)
    for k in range(2, lobes + 1):
        r += rough * rng.normal() / np.sqrt(k) * np.cos(k * a + rng.uniform(0, 2 * np.pi))
    return np.stack([x + radius * r * np.cos(a), y + radius * r * np.sin(a)], axis=1)


def smooth(points: Points, *, closed: bool = True, per: int = 12) -> np.ndarray:
    """A curve through all points (Catmull and Rom 1974, uniform), `per` samples between two of them."""
    p = polygon(points)
    ring = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, per, endpoint=False)[:, None]
    parts = []
    for i in range(len(ring) - 3):
        a, b, c, d = ring[i : i + 4]
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    if not closed:
        parts.append(p[-1:])
    return np.concatenate(parts)


def ribbon(centre: Points, widths: Sequence[float] | float) -> np.ndarray:
    """The outline of a line of changing width: centre (N, 2); full widths at evenly spaced places along it, or one number."""
    c = polygon(centre)
    given = np.atleast_1d(np.asarray(widths, float))
    w = np.interp(np.linspace(0, 1, len(c)), np.linspace(0, 1, len(given)), given)[:, None] / 2
    along = np.gradient(c, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return np.concatenate([c + normal * w, (c - normal * w)[::-1]])


def lens(x: float, y: float, width: float, height: float, *, angle: float = 0.0, count: int = 24) -> np.ndarray:
    """A sliver with two pointed ends: a glint on water, a leaf, an eye."""
    t = np.linspace(0, 1, count)
    top = np.stack([t - 0.5, -0.5 * np.sin(np.pi * t) ** 1.2], axis=1)
    return move(np.concatenate([top, top[::-1] * np.array([1.0, -1.0])]), x, y, scale=(width, height), angle=angle)


def star(x: float, y: float, radius: float, *, points: int = 4, inner: float = 0.36, angle: float = 0.0) -> np.ndarray:
    """A star with `points` tips."""
    a = np.pi / points * np.arange(2 * points) - np.pi / 2
    r = np.where(np.arange(2 * points) % 2 == 0, radius, inner * radius)
    return move(np.stack([r * np.cos(a), r * np.sin(a)], axis=1), x, y, angle=angle)


def crescent(x: float, y: float, radius: float, *, thick: float = 0.62, angle: float = -30.0, count: int = 60) -> np.ndarray:
    """A moon's sickle, its back to the left before it is turned; `thick` in 0..1 is its width against the radius."""
    a = np.linspace(0.5 * np.pi, 1.5 * np.pi, count)
    back = np.stack([np.cos(a), np.sin(a)], axis=1)
    front = np.stack([np.cos(a) * (1 - 1.3 * thick), np.sin(a)], axis=1)[::-1]
    return move(np.concatenate([back, front]), x, y, scale=radius, angle=angle)


def rounded_box(left: float, top: float, right: float, bottom: float, radius: float) -> np.ndarray:
    """A rectangle with round corners."""
    a = np.linspace(0, np.pi / 2, 8)
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    corner = radius * np.stack([np.cos(a), np.sin(a)], axis=1)
    cx, cy = (left + right) / 2, (top + bottom) / 2
    wx, wy = (right - left) / 2 - radius, (bottom - top) / 2 - radius
    turned = [move(corner, wx * sx, wy * sy, angle=90 * k) for k, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1)))]
    return np.concatenate(turned) + np.array([cx, cy])


def wave_noise(x: np.ndarray, rng: np.random.Generator, *, waves: float, octaves: int = 3, fall: float = 0.45) -> np.ndarray:
    """Smooth noise along x (0..1 is the picture), about -1..1: sines of `waves`, 2 `waves`, ... periods with random phases."""
    out = np.zeros_like(x)
    for k in range(octaves):
        out += fall**k * np.sin(2 * np.pi * waves * (1.9**k) * x * rng.uniform(0.85, 1.15) + rng.uniform(0, 2 * np.pi))
    return out / sum(fall**k for k in range(octaves))


def under(line: Points, bottom: float) -> np.ndarray:
    """The area between an open line from left to right and the height `bottom`."""
    p = polygon(line)
    return np.concatenate([p, [[p[-1, 0], bottom], [p[0, 0], bottom]]])


def peaks(left: float, right: float, base: float, height: float, rng: np.random.Generator, *, count: int) -> np.ndarray:
    """A mountain line of straight cuts, open, from left to right: `count` peaks up to `height` above `base`."""
    xs = np.linspace(left, right, 2 * count + 1)
    step = (right - left) / (2 * count)
    xs[1:-1] += rng.uniform(-0.3, 0.3, 2 * count - 1) * step
    ys = base - height * np.where(
        np.arange(2 * count + 1) % 2 == 1, rng.uniform(0.6, 1.0, 2 * count + 1), rng.uniform(0.05, 0.3, 2 * count + 1)
    )
    return np.stack([xs, ys], axis=1)


def scallops(left: float, right: float, y: float, width: float, height: float, *, shift: float = 0.0) -> np.ndarray:
    """A line of round arches that hang upwards, open, from left to right, each `width` wide."""
    xs = np.linspace(left, right, max(8, int((right - left) / width * 24)))
    return np.stack([xs, y - height * np.abs(np.sin(np.pi * (xs / width + shift)))], axis=1)


def all_moved(
    parts: Iterable[Points], x: float = 0.0, y: float = 0.0, *, scale: float | tuple[float, float] = 1.0, angle: float = 0.0
) -> list[np.ndarray]:
    """`move` for several outlines."""
    return [move(part, x, y, scale=scale, angle=angle) for part in parts]
