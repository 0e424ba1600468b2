"""Depths of an anchor's corners, and how each key frame moves them: fitted to each other over all key frames together (a rank-one factorisation)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.vision.filling.motion import PROXY_SIDE, Motion, basis, far, project
from engine.vision.filling.quantiles import quantiles

FEWEST = 10
"""Corners below which a picture counts as plain: nothing tells its motion, and nothing shows it."""
CLOSE = 1.0
"""Proxy pixels within which a corner agrees with a motion."""
PARALLAX = 0.35
"""Proxy pixels left over by the homographies above which depth is looked at."""
ROUNDS = 4
"""Rounds in which depths and bends are fitted to each other."""
STIFF = 0.01
"""Pull towards a camera that neither turns nor zooms while depths are first looked for: parallax along the rows could be told as a zoom with other depths."""
PULLED = 0.25
"""Proxy pixels that one unit of depth has to move a corner in a frame for the frame to tell its depth."""
FARTHEST = 8.0
"""Depths lie within that; nearly all of them lie about -1..1."""
AGREED = 3
"""Frames that must agree on the depth of a corner."""
SCALES = (12.0, 6.0, 3.0, 1.5, 0.8, 0.8)
"""Proxy pixels within which a corner counts, from wide to narrow."""


def deepened(
    points: np.ndarray, size: tuple[int, int], motions: Sequence[Motion], tracks: Sequence[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, list[Motion]] | None:
    """Look at what the homographies of all key frames leave over together: the depth (P,) of each corner (P, 2), NaN where not known, and the motions with their bends; None where depth does not matter.

    size: (width, height) of the picture; tracks: places (P, 2) and sureness (P,) of the corners in each key frame.
    """
    if not motions:
        return None
    left = np.stack([places - project(m.h, points) for m, (places, _) in zip(motions, tracks, strict=True)])
    sure = np.stack([good for _, good in tracks])
    # Depth shows only where the camera goes somewhere: under a still one, what is left over moves by itself.
    goes = np.array([far(m.h, size) > 4 * PARALLAX for m in motions], bool)
    enough = goes & (sure.sum(axis=1) >= 2 * FEWEST)
    if not enough.any():
        return None
    spread = np.array([quantiles(np.linalg.norm(left[s][sure[s]], axis=1), 0.8)[0] if enough[s] else 0.0 for s in range(len(left))])
    if spread.max() < PARALLAX:
        return None
    # Of the frames with enough of it the least is taken to begin with: near the anchor corners are followed more surely.
    main = int(np.where(spread >= min(4 * PARALLAX, spread.max()), spread, np.inf).argmin())
    ways = np.stack([places - points for places, _ in tracks])
    here = sure[main]
    flat = np.zeros(len(points))
    turned = basis(points, flat) @ bendings(points, flat, ways[main][None], here[None], STIFF)[0][0]
    # Depths that follow the rows look like a turn of the camera: both beginnings are tried, and the one that explains more corners is gone on with.
    depth, bends = max(
        (_settled(points, _first_depth(ways[main] - level, here), ways, sure) for level in (turned, np.median(ways[main][here], axis=0))),
        key=lambda found: _explained(points, found[0], found[1], ways, sure),
    )
    tried = sure.sum(axis=0)
    for _ in range(ROUNDS):
        depth = _depths(points, bends, ways, sure)
        bends = _bends(points, depth, ways, sure)
        # A corner that slipped in one frame says nothing there.
        sure = sure & (np.linalg.norm(ways - basis(points, np.nan_to_num(depth)) @ bends, axis=2) < 3 * CLOSE)
    depth[sure.sum(axis=0) < np.minimum(AGREED, tried)] = np.nan  # a thing that moves by itself
    if np.isfinite(depth).sum() < 2 * FEWEST:
        return None
    return depth, [Motion(np.eye(3), bend) for bend in bends]


def bendings(points: np.ndarray, depth: np.ndarray, ways: np.ndarray, sure: np.ndarray, stiff: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """The bends (S, 6, 2) of frames whose corners (N, 2) of depths (N,) go `ways` (S, N, 2) where sure (S, N), and the corners' weights (S, N). Outliers do not bend them.

    A similarity, and for each depth a shift and a scale of its own: no shear, or depths that rise with a picture's rows could not be told from a leaning wall.
    """
    x, y = (points / (PROXY_SIDE / 2) - 1.0).T
    half = len(x)
    across, down = both = np.zeros((2, half, 7))
    across[:, 0], across[:, 2], across[:, 3], across[:, 4], across[:, 6] = 1.0, x, -y, depth, depth * x
    down[:, 1], down[:, 2], down[:, 3], down[:, 5], down[:, 6] = 1.0, y, x, depth, depth * y
    columns = both.reshape(2 * half, 7)
    squares = (across[:, :, None] * across[:, None] + down[:, :, None] * down[:, None]).reshape(half, 49)  # a corner's two axes weigh the same
    goals = np.concatenate([ways[..., 0], ways[..., 1]], axis=1)  # (S, 2N)
    base = sure.astype(float)
    weight, ridge = base, np.diag([1e-3, 1e-3, *[1e-3 + stiff * len(x)] * 2, 1e-3, 1e-3, 1e-3 + stiff * len(x)])
    found = np.zeros((len(ways), 7))
    for scale in SCALES:
        pulled = (weight[:, None] * goals.reshape(-1, 2, half)).reshape(-1, 2 * half)
        found = np.linalg.solve((weight @ squares).reshape(-1, 7, 7) + ridge, (pulled @ columns)[..., None])[..., 0]
        off = (found @ columns.T - goals) ** 2
        weight = base / (1.0 + (off[:, :half] + off[:, half:]) / (scale * CLOSE) ** 2) ** 2
    ax, ay, s, r, ex, ey, k = found.T
    zero = np.zeros_like(k)
    return np.stack([ax, ay, s, r, -r, s, ex, ey, k, zero, zero, k], axis=1).reshape(-1, 6, 2), weight


def _settled(points: np.ndarray, depth: np.ndarray, ways: np.ndarray, sure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depths and bends after two rounds of fitting them to each other."""
    bends = _bends(points, depth, ways, sure, STIFF)
    for _ in range(2):
        depth = _depths(points, bends, ways, sure)
        bends = _bends(points, depth, ways, sure, STIFF)
    return depth, bends


def _explained(points: np.ndarray, depth: np.ndarray, bends: np.ndarray, ways: np.ndarray, sure: np.ndarray) -> int:
    """How many corners, over all frames, depths and bends bring to their places."""
    off = np.linalg.norm(ways - basis(points, np.nan_to_num(depth, nan=1e6)) @ bends, axis=2)
    return int(((off < CLOSE) & sure).sum())


def _bends(points: np.ndarray, depth: np.ndarray, ways: np.ndarray, sure: np.ndarray, stiff: float = 0.0) -> np.ndarray:
    """The bend of each key frame, (S, 6, 2), for given depths (P,); zero where too few corners tell it."""
    use = sure & np.isfinite(depth)
    bends, _ = bendings(points, np.nan_to_num(depth), ways, use, stiff)
    bends[use.sum(axis=1) < 2 * FEWEST] = 0.0
    return bends


def _depths(points: np.ndarray, bends: np.ndarray, ways: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """(P,): for each corner the depth that most frames' ways (S, P, 2) agree on; NaN where none tells. A corner that slipped in many frames still has the depth that the others say."""
    flat = basis(points, np.zeros(len(points))) @ bends
    pull = basis(points, np.ones(len(points))) @ bends - flat
    share = (pull**2).sum(axis=2)
    told = sure & (share > PULLED**2)
    said = np.where(told, ((ways - flat) * pull).sum(axis=2) / np.maximum(share, 1e-9), np.nan)  # (S, P)
    apart = np.abs(said[:, None] - said[None]) * np.sqrt(share)[None]  # (offered by, in the frame), P
    agree = (apart < 2 * CLOSE) & told[None] & told[:, None]
    best = agree.sum(axis=1).argmax(axis=0)  # (P,)
    use = agree[best, :, np.arange(len(points))].T  # (S, P)
    total = np.where(use, np.nan_to_num(said) * share, 0.0).sum(axis=0)
    weight = np.where(use, share, 0.0).sum(axis=0)
    fresh = np.where(weight > 1e-3, total / np.maximum(weight, 1e-9), np.nan)
    if not np.isfinite(fresh).any():
        return fresh
    low, middle, high = quantiles(fresh, 0.05, 0.5, 0.95)
    return np.clip((fresh - middle) / (0.5 * (high - low) + 1e-6), -FARTHEST, FARTHEST)


def _first_depth(left: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """(P,): the leftovers along their main direction, NaN where not sure."""
    vectors = left[sure]
    size = quantiles(np.linalg.norm(vectors, axis=1), 0.8)[0] + 1e-6
    clipped = vectors * np.minimum(1.0, 4 * size / np.maximum(np.linalg.norm(vectors, axis=1), 1e-9))[:, None]
    axis = np.linalg.eigh(clipped.T @ clipped)[1][:, 1]
    depth = np.full(len(left), np.nan)
    depth[sure] = clipped @ axis / size
    return depth
