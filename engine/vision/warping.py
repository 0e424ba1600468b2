"""Move pictures and cut-out layers: affine maps, mesh maps, and compositing of premultiplied layers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Layer:
    """A cut-out. pixels: (h, w, 4) float32, colours 0..255 multiplied by alpha, alpha 0..1; left, top: its place in the picture."""

    pixels: np.ndarray
    left: int
    top: int


def cut_layer(colours: np.ndarray, alpha: np.ndarray, window: tuple[slice, slice]) -> Layer:
    """The layer of `alpha` (H, W) over `colours` (H, W, 3), cropped to `window`."""
    a = alpha[window][..., None].astype(np.float32)
    return Layer(np.concatenate([colours[window].astype(np.float32) * a, a], axis=2), window[1].start, window[0].start)


def affine(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """`points` (..., 2) moved by a 3x3 matrix."""
    return points @ matrix[:2, :2].T + matrix[:2, 2]


def translation(dx: float, dy: float) -> np.ndarray:
    """3x3 shift."""
    return np.array([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])


def similarity(scale: float, degrees: float, centre: tuple[float, float]) -> np.ndarray:
    """3x3 enlargement by `scale` and clockwise turn by `degrees` about `centre` (x right, y down)."""
    turn = np.deg2rad(degrees)
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    return translation(*centre) @ np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ translation(-centre[0], -centre[1])


def fit_similarity(rest: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """3x3 least-squares similarity from `rest` to `moved` (N, 2); one point, or all in one place: a translation. Umeyama 1991, in the plane."""
    centre, target = rest.mean(axis=0), moved.mean(axis=0)
    a, b = rest - centre, moved - target
    spread = float((a**2).sum())
    if spread < 1e-6:
        return translation(*(target - centre))
    c = float((a * b).sum()) / spread
    s = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread
    matrix = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    matrix[:2, 2] = target - matrix[:2, :2] @ centre
    return matrix


def is_identity(matrix: np.ndarray) -> bool:
    """True when the matrix moves no pixel of a 10000 px picture by more than a thousandth."""
    return bool(np.abs(matrix - np.eye(3))[:2, :2].max() < 1e-7 and np.abs(matrix[:2, 2]).max() < 1e-3)


def warp_layer(layer: Layer, matrix: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, tuple[slice, slice]] | None:
    """The layer moved by a 3x3 matrix, with its window in a picture of `size` (width, height); None when it lies outside."""
    height, width = layer.pixels.shape[:2]
    corners = np.array([[layer.left, layer.top], [layer.left + width, layer.top], [layer.left, layer.top + height], [layer.left + width, layer.top + height]], float)
    window = _window(affine(matrix, corners - 0.5), size)
    if window is None:
        return None
    local = translation(-window[1].start, -window[0].start) @ matrix @ translation(layer.left, layer.top)
    shape = (window[1].stop - window[1].start, window[0].stop - window[0].start)
    return _sound(cv2.warpAffine(layer.pixels, local[:2], shape, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)), window


def warp_mesh(
    layer: Layer, rest: np.ndarray, moved: np.ndarray, triangles: np.ndarray, size: tuple[int, int], *, step: int = 3
) -> tuple[np.ndarray, tuple[slice, slice]] | None:
    """The layer under the piecewise affine map that carries `rest` to `moved` (V, 2); result as of `warp_layer`.

    The inverse map is drawn triangle by triangle on a grid `step` times coarser and interpolated (`mesh_map`), which holds for any turn.
    """
    window = _window(moved, size)
    if window is None:
        return None
    source, owner = mesh_map(rest, moved, triangles, window, step=step)
    source[owner < 0] = -1e5  # far outside: nothing there
    maps = widened(source - np.array([layer.left, layer.top]), window, step)
    return _sound(cv2.remap(layer.pixels, maps[..., 0], maps[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)), window


def mesh_map(rest: np.ndarray, moved: np.ndarray, triangles: np.ndarray, window: tuple[slice, slice], *, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of a window come from under the piecewise affine map that carries `rest` to `moved` (V, 2).

    Returns (source (h, w, 2) places of the picture, owner (h, w) index of the triangle or -1) on a grid `step` times coarser than the window; later triangles
    (T, 3) lie over earlier ones. Where no triangle lies, the source is that of the first one carried on.
    """
    low = ((window[1].stop - window[1].start) // step + 2, (window[0].stop - window[0].start) // step + 2)
    local = (moved - np.array([window[1].start, window[0].start])) / step
    owner = np.full((low[1], low[0]), -1.0, np.float32)
    fixed = np.round(local[triangles] * 256).astype(np.int32)  # (T, 3, 2) in 1/256 px
    for i, triangle in enumerate(fixed):
        cv2.fillConvexPoly(owner, triangle, float(i), lineType=cv2.LINE_8, shift=8)
    index = owner.astype(np.int64)
    chosen = _affine_coefficients(local[triangles], rest[triangles])[np.maximum(index, 0)]  # (h, w, 2, 3)
    ys, xs = np.mgrid[: low[1], : low[0]]
    return chosen[..., 0] * xs[..., None] + chosen[..., 1] * ys[..., None] + chosen[..., 2], index


def widened(source: np.ndarray, window: tuple[slice, slice], step: int) -> np.ndarray:
    """A map on the coarse grid of `mesh_map` for every pixel of the window, (H, W, 2) float32. Low grid point k stands for pixel k * step."""
    shape = (window[1].stop - window[1].start, window[0].stop - window[0].start)
    if step == 1:
        return np.ascontiguousarray(source[: shape[1], : shape[0]].astype(np.float32))
    grid = np.array([[1.0 / step, 0.0, 0.0], [0.0, 1.0 / step, 0.0]])
    return cv2.warpAffine(source.astype(np.float32), grid, shape, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)


def put(frame: np.ndarray, pixels: np.ndarray, window: tuple[slice, slice]) -> None:
    """Lay premultiplied `pixels` (h, w, 4) over `frame` (H, W, 3) uint8, in place. Where alpha is 0 not one bit changes."""
    below = frame[window]
    mixed = pixels[..., :3] + (1.0 - pixels[..., 3:]) * below
    frame[window] = np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def mesh_linear(moved: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(T, 2, 2): for every triangle (T, 3, 2) the linear part of the affine map from moved to rest."""
    return _affine_coefficients(moved, rest)[..., :2]


def _affine_coefficients(moved: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(T, 2, 3): for every triangle (T, 3, 2) the affine map from moved to rest."""
    p, q = moved[:, 1] - moved[:, 0], moved[:, 2] - moved[:, 0]
    det = p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]
    det = np.where(np.abs(det) < 1e-9, 1e-9, det)
    inverse = np.stack([np.stack([q[:, 1], -q[:, 0]], -1), np.stack([-p[:, 1], p[:, 0]], -1)], 1) / det[:, None, None]  # rows: barycentric
    edges = np.stack([rest[:, 1] - rest[:, 0], rest[:, 2] - rest[:, 0]], axis=2)  # (T, 2, 2), columns are edges
    linear = edges @ inverse
    shift = rest[:, 0] - np.einsum("tij,tj->ti", linear, moved[:, 0])
    return np.concatenate([linear, shift[..., None]], axis=2)


def _window(points: np.ndarray, size: tuple[int, int]) -> tuple[slice, slice] | None:
    """Pixels of a picture of `size` that the points' bounding box touches, with 2 px for the filter; None when outside."""
    x0, y0 = np.floor(points.min(axis=0)).astype(int) - 2
    x1, y1 = np.ceil(points.max(axis=0)).astype(int) + 3
    x0, y0, x1, y1 = max(int(x0), 0), max(int(y0), 0), min(int(x1), size[0]), min(int(y1), size[1])
    return (slice(y0, y1), slice(x0, x1)) if x1 > x0 and y1 > y0 else None


def _sound(pixels: np.ndarray) -> np.ndarray:
    """Cubic overshoot taken back: alpha in 0..1, colours in 0..255 alpha."""
    np.clip(pixels[..., 3], 0.0, 1.0, out=pixels[..., 3])
    np.clip(pixels[..., :3], 0.0, 255.0 * pixels[..., 3:], out=pixels[..., :3])
    return pixels
