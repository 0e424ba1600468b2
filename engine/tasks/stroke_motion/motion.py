"""How each part moves: the background's few degrees of freedom, rigid things, and elastic things, as functions of the clip's phase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.tasks.stroke_motion.paths import Path, camera_matrix
from engine.tasks.stroke_motion.request import Camera
from engine.vision.completion import Completion
from engine.vision.deform import Elastic, Mesh, cover, follow, largest_share
from engine.vision.segmentation import colour_edges, fit_side, outline
from engine.vision.warping import affine, fit_similarity, similarity, translation

STROKE_MARGIN, CAMERA_MARGIN = 0.12, 0.01
"""How far beyond the photo's edge the background is invented, as a fraction of its sides, when strokes or numbers move the camera. A larger
view zooms in instead. A stroke is a promise about pixels, so it gets room; a zoom or pan given as a number looks best on real pixels only."""


@dataclass(frozen=True)
class Ground:
    """The background's motion. paths: strokes that carry it; pins: (P, 2) places that it keeps; size: (width, height);
    frame: 3x3 fixed zoom that keeps the view inside the picture; margin: (left, top, right, bottom) invented pixels."""

    camera: Camera
    paths: tuple[Path, ...]
    pins: np.ndarray
    size: tuple[int, int]
    frame: np.ndarray
    margin: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def still(self) -> bool:
        """True when the background never moves."""
        return self.camera.still and not self.paths

    def filmed(self, phase: float) -> np.ndarray:
        """3x3: the camera given as numbers, and the framing. It films everything that is not held by a pin."""
        if self.camera.still:
            return self.frame
        fixed = self.pins.mean(axis=0) if len(self.pins) else None
        return self.frame @ camera_matrix(self.camera, phase, self.size, fixed)

    def at(self, phase: float) -> np.ndarray:
        """3x3 map from the photo to the screen. Strokes and pins on the background: a translation for one, a similarity for several."""
        if not self.paths:
            return self.filmed(phase)
        rest = np.array([p.start for p in self.paths] + list(self.pins))
        moved = np.array([p.at(phase) for p in self.paths] + list(self.pins))
        return self.filmed(phase) @ fit_similarity(rest, moved)


def ground(camera: Camera, paths: list[Path], pins: list[Path], size: tuple[int, int], first_phase: float, parallax: float) -> tuple[Ground, list[str]]:
    """The background's motion with its framing and margin, and sentences for the user."""
    held = np.array([p.start for p in pins]).reshape(-1, 2)
    plain = Ground(camera, tuple(paths), held, size, np.eye(3))
    if plain.still:
        return plain, []
    width, height = size
    limit = (STROKE_MARGIN if paths else CAMERA_MARGIN) * np.array([width, height])

    def beyond(frame: np.ndarray) -> np.ndarray:
        """(4,) pixels that the view reaches beyond the photo: left, top, right, bottom."""
        trial = Ground(camera, tuple(paths), held, size, frame)
        corners = np.array([[-0.5, -0.5], [width - 0.5, -0.5], [-0.5, height - 0.5], [width - 0.5, height - 0.5]])
        seen = np.concatenate([affine(np.linalg.inv(trial.at(p)), corners) for p in np.linspace(first_phase, 1.0, 41)])
        rest = np.concatenate([corners] * 41)
        seen = seen + parallax * 0.6 * (seen - rest)
        low, high = seen.min(axis=0), seen.max(axis=0)
        return np.maximum([-0.5 - low[0], -0.5 - low[1], high[0] - width + 0.5, high[1] - height + 0.5], 0.0)

    def fits(zoom: float) -> bool:
        return bool((beyond(similarity(zoom, 0.0, centre)) <= np.tile(limit, 2) + 1e-6).all())

    centre = ((width - 1) / 2, (height - 1) / 2)
    zoom, notes = 1.0, []
    if not fits(1.0):
        low, high = 1.0, 8.0
        for _ in range(18):
            middle = (low + high) / 2
            low, high = (low, middle) if fits(middle) else (middle, high)
        zoom = high
        notes.append(f"The camera move reaches beyond the photo, so the whole clip is enlarged {zoom:.2f} times to stay inside.")
    frame = similarity(zoom, 0.0, centre) if zoom > 1.0 else np.eye(3)
    over = beyond(frame)
    margin = tuple(int(np.ceil(v)) + 2 if v > 0.01 else 0 for v in over)
    if max(over) > 0.02 * max(size):
        sides = [name for name, v in zip(("left", "top", "right", "bottom"), over, strict=True) if v > 1.0]
        notes.append(f"The camera looks up to {max(over):.0f} px beyond the photo ({', '.join(sides)}); that strip is invented.")
    return Ground(camera, tuple(paths), held, size, frame, (margin[0], margin[1], margin[2], margin[3])), notes


@dataclass(frozen=True)
class Rigid:
    """A thing that keeps its shape: one stroke shifts it, several turn and scale it too."""

    paths: tuple[Path, ...]

    def at(self, phase: float) -> np.ndarray:
        """3x3 map of the thing at `phase`, before the camera."""
        rest, moved = np.array([p.start for p in self.paths]), np.array([p.at(phase) for p in self.paths])
        return fit_similarity(rest, moved) if len(self.paths) > 1 else translation(*(moved[0] - rest[0]))

    def misses(self) -> float:
        """How far, at most, the strokes' ends lie from where this motion puts them, as a fraction of the strokes' reach."""
        if len(self.paths) == 1:
            return 0.0
        matrix = self.at(1.0)
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
        miss = max(float(np.linalg.norm(affine(matrix, p.start) - p.at(1.0))) / max(p.reach, 1e-6) for p in self.paths)
        return miss if 0.4 < scale < 2.5 else 1.0


@dataclass(frozen=True)
class Bending:
    """A thing that bends: mesh positions at even phases, in between interpolated. steps: (S, V, 2)."""

    mesh: Mesh
    phases: np.ndarray
    steps: np.ndarray

    def at(self, phase: float) -> np.ndarray:
        """(V, 2) vertices at `phase`, before the camera."""
        place = float(np.interp(phase, self.phases, np.arange(len(self.phases))))
        low = min(int(place), len(self.phases) - 2)
        share = place - low
        return (1 - share) * self.steps[low] + share * self.steps[low + 1]


def bend(
    image: np.ndarray,
    mask: np.ndarray,
    paths: list[Path],
    pins: list[Path],
    rooted: np.ndarray,
    soft: bool,
    first_phase: float,
    checkpoint: Callable[[], None],
) -> tuple[Bending, float]:
    """The elastic motion of a thing, and the share of its strokes that it can follow without folding.

    image: (H, W, 3) uint8; mask: (H, W) bool at the same size; rooted: (R, 2) places where the picture's rim cuts the thing, kept;
    soft: the mask is a patch without an edge of its own, so its whole rim is kept. Otherwise only the parts of the rim that lie on
    no edge of the picture are kept: there the thing goes on into what is around it.
    """
    rows, columns = np.nonzero(mask)
    longest = max(int(np.ptp(rows)), int(np.ptp(columns))) + 1
    mesh = cover(mask, cells=int(np.clip(longest / 6, 8, 24)))  # cells below 6 px would be finer than the filter
    handles = np.concatenate([_disc(p.start[None], 0.5 * p.radius, 6) for p in paths])
    owner = np.repeat(np.arange(len(paths)), len(handles) // len(paths))
    spread = [_disc(p.points[:: max(1, len(p.points) // 12)], 0.8 * p.radius, 8) for p in pins]
    holds = [np.concatenate(spread)] if spread else []
    weights = [np.full(len(h), 1.0) for h in holds]
    clear = 1.5 * max(p.radius for p in paths)
    for places, weight in ((rooted, 0.3), (_open_rim(image, mask, soft), 0.3 if soft else 0.05)):
        far = np.array([p for p in places if np.linalg.norm(handles - p, axis=1).min() > clear]).reshape(-1, 2)
        if len(far):
            holds.append(far)
            weights.append(np.full(len(far), weight))
    fixed, firm = (np.concatenate(holds), np.concatenate(weights)) if holds else (np.zeros((0, 2)), np.zeros(0))
    checkpoint()
    field = Completion(image, np.concatenate([handles, fixed]), np.concatenate([np.full(len(handles), 20.0), 20.0 * firm + 0.5]))
    one = np.zeros((len(handles) + len(fixed), len(paths)))
    one[np.arange(len(handles)), owner] = 1.0
    shares = field.small(one)  # (h, w, strokes): how much each place goes with each stroke
    drift = _widened(_sample(shares, mesh.vertices, image.shape[:2]))[:, owner] / (len(handles) // len(paths))
    phases = np.unique(np.concatenate([np.linspace(0.0, 1.0, 17), np.linspace(first_phase, 0.0, 5 if first_phase < 0 else 1)]))
    pulls = np.array([[paths[k].at(phase) - paths[k].start for k in owner] for phase in phases])  # (S, K, 2)
    elastic, share = None, -1.0
    # Stiff first, which turns limbs well; when that would fold, closer to the even fall-off of the completed field.
    for loyalty in (0.05, 0.6):
        checkpoint()
        trial = Elastic(mesh, handles, fixed, firm, drift, loyalty=loyalty)
        reached = largest_share(trial, pulls)
        if reached > share:
            elastic, share = trial, reached
        if share == 1.0:
            break
    assert elastic is not None
    checkpoint()
    return Bending(mesh, phases, follow(elastic, pulls, share=share)), share


def rim_contact(mask: np.ndarray, paths: list[Path]) -> np.ndarray:
    """(R, 2) rim pixels of `mask` where the strokes would pull a bending thing's cut edge into view; empty when they do not, or hardly touch."""
    height, width = mask.shape
    moves = np.array([p.at(t) - p.start for p in paths for t in (0.5, 1.0)])
    mean = moves.mean(axis=0)
    found = []
    for line, vector, place in (
        (mask[:, 0], (1, 0), lambda i: (0, i)),
        (mask[:, -1], (-1, 0), lambda i: (width - 1, i)),
        (mask[0], (0, 1), lambda i: (i, 0)),
        (mask[-1], (0, -1), lambda i: (i, height - 1)),
    ):
        inward = float(mean @ vector)
        sideways = float(np.abs(mean).sum()) - abs(inward)
        if line.sum() > 0.04 * max(mask.shape) and (inward > 1.0 or sideways > 2.0 * max(-inward, 0.0)):
            found += [place(i) for i in np.flatnonzero(line)[::3]]
    perimeter = float(outline(mask).sum()) / 2 + 1.0
    points = np.array(found, float).reshape(-1, 2)
    return points if 3 * len(points) > 0.08 * perimeter else np.zeros((0, 2))


def _open_rim(image: np.ndarray, mask: np.ndarray, soft: bool) -> np.ndarray:
    """(N, 2) places on the mask's outline that lie on no edge of the picture (all of the outline for a soft patch)."""
    inner = outline(mask) & mask
    if not soft:
        edges = cv2.dilate(colour_edges(fit_side(image, 320)), np.ones((5, 5)))
        weak = (edges < max(3.0, float(np.percentile(edges, 60)) * 0.6)).astype(np.uint8)
        inner &= cv2.resize(weak, mask.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
    ys, xs = np.nonzero(inner)
    every = max(1, len(xs) // 160)
    return np.stack([xs[::every], ys[::every]], axis=1).astype(float)


def _disc(centres: np.ndarray, radius: float, around: int) -> np.ndarray:
    """(N, 2) places that fill a brush: its centres and a ring around each, so that it takes an area and not a point."""
    angles = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([centres, *(centres + r for r in ring)])


def _widened(shares: np.ndarray, ratio: float = 8.0) -> np.ndarray:
    """Shares (V, K) with an even fall-off.

    A harmonic field around a disc falls with the logarithm of the distance, steepest at the disc, and folds there. This is the map that turns
    the logarithm into a straight line when the field ends `ratio` disc radii away.
    """
    wide = (1.0 - ratio ** -np.clip(shares, 0.0, 1.0)) / (1.0 - 1.0 / ratio)
    return wide / np.maximum(wide.sum(axis=1, keepdims=True), 1.0)


def _sample(field: np.ndarray, points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(N, C) values of a small field at `points` given in the pixels of a picture of `shape`; 0 outside."""
    scale = np.array([field.shape[1] / shape[1], field.shape[0] / shape[0]])
    where = ((points + 0.5) * scale - 0.5).astype(np.float32)[:, None]
    return np.stack(
        [cv2.remap(np.ascontiguousarray(field[..., c]), where, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0] for c in range(field.shape[2])], axis=1
    )

