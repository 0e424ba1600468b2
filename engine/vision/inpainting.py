"""Fill what a moved thing uncovers with texture from around it: multi-scale patch search and voting, no smears.

Space-time completion of Wexler, Shechtman, Irani (2007), in one picture: every patch that touches the hole looks for its like in the known
part, all of them vote for the hole's colours, coarse to fine. The search is PatchMatch (Barnes et al. 2009) on patches projected
to a few principal components, all pixels at once in numpy. Above `WORK_SIDE` pixels the found places are only copied at full
resolution, so cost hardly grows with the picture and its grain stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.matting import grown_box

PATCH = 7
COMPONENTS = 16
WORK_SIDE = 288
"""Longer side, in pixels, of the finest picture on which patches are searched."""


def fill(
    image: np.ndarray,
    hole: np.ndarray,
    *,
    avoid: np.ndarray | None = None,
    work_side: int = WORK_SIDE,
    rounds: int = 3,
    checkpoint: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """`image` (H, W, 3) uint8 with `hole` (H, W) bool replaced by plausible texture; pixels outside the hole are returned unchanged.

    avoid: (H, W) bool, known pixels that must not serve as a source (another thing that will also move). rounds: search-and-vote rounds
    per scale. `checkpoint` is called between rounds. The same input gives the same output.
    """
    if not hole.any():
        return image.copy()
    rows, columns = np.flatnonzero(hole.any(axis=1)), np.flatnonzero(hole.any(axis=0))
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    window = grown_box(hole, int(max(0.8 * extent, 0.12 * max(hole.shape), 24)))
    part, gap = image[window], hole[window]
    barred = gap if avoid is None else gap | avoid[window]
    step = max(1, int(np.ceil(max(gap.shape) / work_side)))
    size = (max(1, gap.shape[1] // step), max(1, gap.shape[0] // step))
    if min(size) < 2 * PATCH or not (~barred).any():
        filled = diffuse(part.astype(np.float32), gap)
    else:
        height, width = size[1] * step, size[0] * step  # a whole number of steps, the rest is filled from the nearest place found
        small = _reduced(part[:height, :width].astype(np.float32), ~gap[:height, :width], size)
        gap_small = cv2.resize(gap[:height, :width].astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
        barred_small = cv2.resize(barred[:height, :width].astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
        checkpoint()
        found = _search(small, gap_small, barred_small | gap_small, rounds, checkpoint)
        if found is None:
            filled = diffuse(part.astype(np.float32), gap)
        else:
            places, coarse = found
            checkpoint()
            filled = _copy(part, gap, barred, places, coarse, step, checkpoint) if step > 1 else coarse
    out = image.copy()
    out[window][gap] = np.clip(np.rint(filled[gap]), 0, 255).astype(np.uint8)
    return out


def diffuse(picture: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    """Smooth membrane over `unknown` (H, W) bool of `picture` (H, W, C) float32: pull down to one pixel, push up again."""
    known = (~unknown).astype(np.float32)
    values = picture * known[..., None]
    if min(unknown.shape) > 1 and unknown.any():
        size = ((unknown.shape[1] + 1) // 2, (unknown.shape[0] + 1) // 2)
        weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
        mean = cv2.resize(values, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], -1) / np.maximum(weight, 1e-6)[..., None]
        below = diffuse(mean, weight <= 0)
        wide = cv2.resize(below, unknown.shape[::-1], interpolation=cv2.INTER_LINEAR).reshape(picture.shape)
        values = np.where(unknown[..., None], wide, picture)
    for _ in range(3):  # a few relaxations take the blocks of the pyramid away
        values = np.where(unknown[..., None], cv2.blur(values, (3, 3)).reshape(picture.shape), values)
    return values.astype(np.float32)


@dataclass
class _Level:
    """One scale of the search. colours: (h, w, 3) float32; centres of target patches and of source patches as flat indices."""

    colours: np.ndarray
    gap: np.ndarray
    targets: np.ndarray
    sources: np.ndarray


def _reduced(picture: np.ndarray, known: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`picture` (H, W, C) float32 at a smaller size, each pixel the mean of the known ones under it: the hole does not bleed into the rim."""
    if size == known.shape[::-1]:
        return picture
    weight = cv2.resize(known.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(picture * known[..., None], size, interpolation=cv2.INTER_AREA)
    return total / np.maximum(weight, 1e-6)[..., None]


def _search(
    picture: np.ndarray, gap: np.ndarray, barred: np.ndarray, rounds: int, checkpoint: Callable[[], None]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Coarse to fine. Returns (places (h, w, 2) int: for every pixel the (x, y) whose patch it resembles, filled (h, w, 3)), or None."""
    pyramid = [(picture, gap, barred)]
    while True:
        colours, hole, bar = pyramid[-1]
        deep = float(cv2.distanceTransform(np.pad(hole.astype(np.uint8), 1, mode="edge"), cv2.DIST_L2, 3).max())
        size = (colours.shape[1] // 2, colours.shape[0] // 2)
        if deep <= 3.0 or min(size) < 3 * PATCH:
            break
        small_bar = cv2.resize(bar.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.25
        small_hole = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.25
        if _sources(small_bar).size < 60:
            break
        pyramid.append((cv2.resize(colours, size, interpolation=cv2.INTER_AREA), small_hole, small_bar))
    rng = np.random.default_rng(0)
    places: np.ndarray | None = None
    rim = np.zeros_like(picture)
    colours = diffuse(pyramid[-1][0], pyramid[-1][1])
    for depth, (known, hole, bar) in enumerate(reversed(pyramid)):
        sources = _sources(bar)
        if sources.size < 20:
            return None
        near = cv2.dilate(hole.astype(np.uint8), np.ones((PATCH, PATCH), np.uint8)).astype(bool)
        near &= _inner(near.shape)
        if depth:
            rough = cv2.resize(colours, hole.shape[::-1], interpolation=cv2.INTER_CUBIC)
            colours = np.where(hole[..., None], rough, known)
        level = _Level(colours, hole, np.flatnonzero(near.ravel()), sources)
        basis, source_words = _basis(level)
        guess = _upsample(places, hole.shape) if places is not None else None
        checkpoint()
        matches = _initial(level, guess, bar, rng)
        for turn in range(rounds + (4 if depth == 0 else 0)):
            words = _words(level.colours, level.targets, basis)
            exhaustive = depth == 0 and level.targets.size * level.sources.size < 3_000_000
            matches, error = _match(level, words, source_words, matches, bar, rng, exhaustive, turn)
            last = depth == len(pyramid) - 1 and turn == rounds - 1
            level.colours, rim = _vote(level, matches, error, sharp=last)
            checkpoint()
        colours = level.colours
        places = _places(level, matches, hole.shape)
    assert places is not None
    # Around the hole the votes can be compared with the truth; the slow part of the difference is carried inwards, so that light is continuous.
    outside = rim.any(axis=2) & ~pyramid[0][2]
    light = diffuse(np.where(outside[..., None], picture - rim, 0.0).astype(np.float32), ~outside)
    return places, np.where(gap[..., None], colours + light, colours)


def _inner(shape: tuple[int, ...]) -> np.ndarray:
    """(h, w) bool: centres whose whole patch lies in the picture."""
    half = PATCH // 2
    inner = np.zeros(shape, bool)
    inner[half : shape[0] - half, half : shape[1] - half] = True
    return inner


def _sources(barred: np.ndarray) -> np.ndarray:
    """Flat indices of patch centres whose patch holds known pixels only."""
    whole = cv2.dilate(barred.astype(np.uint8), np.ones((PATCH, PATCH), np.uint8)) == 0
    return np.flatnonzero((whole & _inner(barred.shape)).ravel())


def _patches(colours: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(N, PATCH*PATCH*3) float32 patches around flat centres."""
    half, width = PATCH // 2, colours.shape[1]
    flat = colours.reshape(-1, 3)
    offsets = (np.arange(-half, half + 1)[:, None] * width + np.arange(-half, half + 1)[None, :]).ravel()
    return flat[centres[:, None] + offsets[None, :]].reshape(centres.size, -1)


def _basis(level: _Level) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Principal components of the known patches ((147,) mean, (147, k) axes), and every pixel's word (h*w, k) where it is a source."""
    sample = level.sources[:: max(1, level.sources.size // 2500)]
    data = _patches(level.colours, sample)
    mean = data.mean(axis=0)
    _, vectors = np.linalg.eigh((data - mean).T @ (data - mean))
    basis = mean, np.ascontiguousarray(vectors[:, ::-1][:, :COMPONENTS])
    words = np.zeros((level.gap.size, COMPONENTS + 2), np.float32)
    words[level.sources] = _words(level.colours, level.sources, basis)
    return basis, words


def _words(colours: np.ndarray, centres: np.ndarray, basis: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """(N, k + 2): projected patches, and the place itself with a small weight: near sources share light and focus."""
    projected = (_patches(colours, centres) - basis[0]) @ basis[1]
    width = colours.shape[1]
    pull = 60.0 / max(colours.shape[:2])
    return np.concatenate([projected, pull * np.stack([centres % width, centres // width], axis=1)], axis=1).astype(np.float32)


def _initial(level: _Level, guess: np.ndarray | None, barred: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """First matches (N,) flat indices: the coarser level's where they are legal here, anywhere legal otherwise."""
    matches = rng.choice(level.sources, size=level.targets.size)
    if guess is not None:
        legal = np.zeros(level.gap.size, bool)
        legal[level.sources] = True
        offered = guess.reshape(-1)[level.targets]
        matches = np.where(legal[offered], offered, matches)
    return matches


def _match(
    level: _Level,
    words: np.ndarray,
    source_words: np.ndarray,
    matches: np.ndarray,
    barred: np.ndarray,
    rng: np.random.Generator,
    exhaustive: bool,
    turn: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Better matches (N,) and their squared distances (N,)."""
    if exhaustive:
        table = source_words[level.sources]
        cost = (table**2).sum(axis=1)[None, :] - 2.0 * words @ table.T
        best = cost.argmin(axis=1)
        return level.sources[best], np.maximum(cost[np.arange(best.size), best] + (words**2).sum(axis=1), 0.0)
    height, width = level.gap.shape
    legal = np.zeros(height * width, bool)
    legal[level.sources] = True
    error = ((words - source_words[matches]) ** 2).sum(axis=1)
    field = np.full(height * width, -1, np.int64)
    tx, ty = level.targets % width, level.targets // width

    def offer(candidates: np.ndarray, valid: np.ndarray) -> None:
        nonlocal matches, error
        chosen = np.flatnonzero(valid)
        places = candidates[chosen]
        chosen, places = chosen[legal[places]], places[legal[places]]
        fresh = ((words[chosen] - source_words[places]) ** 2).sum(axis=1)
        better = fresh < error[chosen]
        matches[chosen[better]], error[chosen[better]] = places[better], fresh[better]

    matches = matches.copy()
    for jump in (8, 4, 2, 1):  # jump flooding instead of a raster scan: the same spread, all pixels at once
        for dx, dy in ((jump, 0), (-jump, 0), (0, jump), (0, -jump)):
            field[level.targets] = matches
            nx, ny = tx - dx, ty - dy
            inside = (nx >= 0) & (nx < width) & (ny >= 0) & (ny < height)
            neighbour = field[np.where(inside, ny * width + nx, 0)]
            mx, my = neighbour % width + dx, neighbour // width + dy
            valid = inside & (neighbour >= 0) & (mx >= 0) & (mx < width) & (my >= 0) & (my < height)
            offer(np.where(valid, my * width + mx, 0), valid)
    radius = max(width, height) / (1 + turn)
    while radius >= 1.0:
        mx = matches % width + rng.integers(-int(radius), int(radius) + 1, matches.size)
        my = matches // width + rng.integers(-int(radius), int(radius) + 1, matches.size)
        valid = (mx >= 0) & (mx < width) & (my >= 0) & (my < height)
        offer(np.where(valid, my * width + mx, 0), valid)
        radius /= 2.0
    return matches, error


def _vote(level: _Level, matches: np.ndarray, error: np.ndarray, *, sharp: bool) -> tuple[np.ndarray, np.ndarray]:
    """(colours (h, w, 3) with the hole voted anew, the votes alone (h, w, 3), 0 where there are none): a mean of what patches propose.

    A patch weighs by its likeness and by its nearness to known pixels (Wexler 2007, section 3.2), so truth flows inwards. sharp: patches count
    mostly near their middle, so that fewer of them mix and the grain stays.
    """
    height, width = level.gap.shape
    away = cv2.distanceTransform(level.gap.astype(np.uint8), cv2.DIST_L2, 3).ravel()[level.targets]
    scale = max(float(np.percentile(error, 60)), 1.0)
    weight = (np.exp(-error / (2.0 * scale)) * 1.25 ** (-np.minimum(away, 30.0)) + 1e-9).astype(np.float32)
    flat = level.colours.reshape(-1, 3)
    total = np.zeros((height * width, 4), np.float32)
    half = PATCH // 2
    for dy in range(-half, half + 1):
        for dx in range(-half, half + 1):
            share = weight * np.float32(0.3 ** (dx * dx + dy * dy)) if sharp else weight
            step = dy * width + dx  # targets and matches both keep `half` from the rim, so no index leaves the picture
            # Centres are distinct, so within one offset the places are too: plain indexing adds correctly.
            total[level.targets + step, :3] += flat[matches + step] * share[:, None]
            total[level.targets + step, 3] += share
    voted = (total[:, :3] / np.maximum(total[:, 3:], 1e-12)).reshape(level.colours.shape)
    use = level.gap & (total[:, 3].reshape(height, width) > 0)
    return np.where(use[..., None], voted, level.colours), voted


def _places(level: _Level, matches: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(h, w) flat index of every pixel's match; pixels that are no target point at themselves."""
    places = np.arange(shape[0] * shape[1])
    places[level.targets] = matches
    return places.reshape(shape)


def _upsample(places: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Matches of a coarser level as flat indices here: twice the place plus the pixel's own parity."""
    height, width = places.shape
    ys, xs = np.mgrid[: shape[0], : shape[1]]
    above = places[np.minimum(ys // 2, height - 1), np.minimum(xs // 2, width - 1)]
    mx = np.clip(2 * (above % width) + xs % 2, 0, shape[1] - 1)
    my = np.clip(2 * (above // width) + ys % 2, 0, shape[0] - 1)
    return my * shape[1] + mx


def _copy(
    part: np.ndarray, gap: np.ndarray, barred: np.ndarray, places: np.ndarray, coarse: np.ndarray, step: int, checkpoint: Callable[[], None]
) -> np.ndarray:
    """Full-resolution colours (H, W, 3) float32 from matches found on a copy `step` times smaller.

    Each pixel takes the mean of what the five nearest matches propose (they agree except at seams), then the slow difference
    to the voted picture and to the rim is removed, so that light stays continuous.
    """
    height, width = gap.shape
    low_h, low_w = places.shape
    ys, xs = np.nonzero(cv2.dilate(gap.astype(np.uint8), np.ones((2 * step + 1, 2 * step + 1), np.uint8)))
    picture = part.astype(np.float32)
    total, weight = np.zeros((ys.size, 3), np.float32), np.zeros((ys.size, 1), np.float32)
    reach = step * 0.5
    for dy, dx, share in ((0, 0, 2.0), (reach, reach, 1.0), (reach, -reach, 1.0), (-reach, reach, 1.0), (-reach, -reach, 1.0)):
        cy = np.clip((ys + dy) // step, 0, low_h - 1).astype(np.int64)
        cx = np.clip((xs + dx) // step, 0, low_w - 1).astype(np.int64)
        match = places[cy, cx]
        sy = ys + (match // low_w - cy) * step
        sx = xs + (match % low_w - cx) * step
        valid = (sy >= 0) & (sy < height) & (sx >= 0) & (sx < width)
        sy, sx = np.clip(sy, 0, height - 1), np.clip(sx, 0, width - 1)
        valid &= ~barred[sy, sx]
        part_weight = (share * valid)[:, None].astype(np.float32)
        total += picture[sy, sx] * part_weight
        checkpoint()
        weight += part_weight
    checkpoint()
    smooth = cv2.resize(coarse, (low_w * step, low_h * step), interpolation=cv2.INTER_LINEAR)
    smooth = cv2.copyMakeBorder(smooth, 0, height - low_h * step, 0, width - low_w * step, cv2.BORDER_REPLICATE)
    copied = picture.copy()
    known = weight[:, 0] > 0
    copied[ys[known], xs[known]] = (total / np.maximum(weight, 1e-6))[known]
    copied[ys[~known], xs[~known]] = smooth[ys[~known], xs[~known]]
    checkpoint()
    # Where the copy differs slowly from the truth at the rim, carry the difference inwards; slow, so a small copy will do.
    rim = cv2.dilate(gap.astype(np.uint8), np.ones((2 * step + 1, 2 * step + 1), np.uint8)).astype(bool) & ~barred
    whole = (slice(0, low_h * step), slice(0, low_w * step))
    difference = np.where(rim[..., None], picture - copied, 0.0).astype(np.float32)[whole]
    slow = _reduced(difference, rim[whole], (low_w, low_h))
    seen = cv2.resize(rim[whole].astype(np.float32), (low_w, low_h), interpolation=cv2.INTER_AREA) > 0
    carried = cv2.resize(diffuse(slow, ~seen), (low_w * step, low_h * step), interpolation=cv2.INTER_LINEAR)
    carried = cv2.copyMakeBorder(carried, 0, height - low_h * step, 0, width - low_w * step, cv2.BORDER_REPLICATE)
    out = picture.copy()
    out[gap] = (copied + carried)[gap]
    return out
