"""Find the thing under a stroke's start: geodesic candidates, GrabCut on each, the most object-like one wins.

A single disc says little about how large the thing is. So several sizes are tried: the level sets of an edge-aware geodesic distance from
the disc (Bai and Sapiro 2007) are scored by how much of their outline lies on edges, the best ones start a GrabCut (Rother,
Kolmogorov, Blake 2004), and its results compete. All of it happens on a small copy; `engine.vision.matting` refines the outline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

SEARCH_SIDE = 192
"""Longer side, in pixels, of the copy on which candidates compete: GrabCut takes about 50 ms there on one core."""
REFINE_SIDE = 320
"""Longer side of the copy on which the winner's outline is cut again, in a narrow band only."""


@dataclass(frozen=True)
class Support:
    """What was found. mask: (H, W) bool at the search picture's own size; the figures are fractions.

    `area` of the picture, `edge` of the outline that lies on picture edges (1 is a clean cut-out), `border` of the picture's rim that
    the mask covers. `found` is False when nothing object-like was there and the mask is only a soft patch around the seed.
    """

    mask: np.ndarray
    area: float
    edge: float
    border: float
    found: bool = True


@dataclass
class Finder:
    """The per-picture part of the search, made once: image (H, W, 3) uint8 sRGB of any size.

    `find` answers for one seed. Nothing in it depends on chance.
    """

    image: np.ndarray
    checkpoint: Callable[[], None] = lambda: None
    small: np.ndarray = field(init=False)
    fine: np.ndarray = field(init=False)
    edges: np.ndarray = field(init=False)
    edge_scale: float = field(init=False)
    _graph: csr_matrix = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.small, self.fine = fit_side(self.image, SEARCH_SIDE), fit_side(self.image, REFINE_SIDE)
        self.edges = colour_edges(self.small)
        # A silhouette is among the strongest edges of its picture and well above what the eye ignores; lines inside a thing are weaker.
        self.edge_scale = max(5.0, float(np.percentile(self.edges, 82)))
        self._graph = grid_graph(0.02 + self.edges / 30.0)

    def find(self, seed: np.ndarray, avoid: np.ndarray | None = None, *, most: float = 0.55, patch: float = 0.0) -> Support:
        """The thing under `seed`.

        seed: (H, W) bool or uint8 at any size, what surely belongs to the thing; avoid: the same, what surely does not;
        most: the largest fraction of the picture that a thing may cover; patch: radius, in pixels of `fine`, of the soft patch that is returned
        when nothing can be cut out (at least three brushes). The mask has `self.fine`'s size.
        """
        size = self.small.shape[1::-1]
        brushed = shrink_mask(seed, size)
        sure = _core(brushed, self.small)
        never = shrink_mask(avoid, size) & ~sure if avoid is not None else np.zeros_like(sure)
        standing = self._standing_out(sure)
        distance = dijkstra(self._graph, directed=False, indices=np.flatnonzero(sure.ravel()), min_only=True).reshape(sure.shape)
        self.checkpoint()
        if standing is None:
            return self._patch(distance, brushed, never, patch * size[0] / self.fine.shape[1])
        best: tuple[float, np.ndarray] | None = None
        for candidate in self._candidates(distance, standing & ~never, sure, never):
            mask = candidate
            for _ in range(3):  # a further cut lets a long thing grow beyond the reach of the one before
                grown = grabcut(self.small, mask, sure, never)
                self.checkpoint()
                settled = _overlap(grown, mask) > 0.97
                mask = grown
                if settled:
                    break
            score = self._score(mask, sure)
            # Something smaller than the brush itself is a spot of texture, not what was meant.
            if mask.mean() <= most and mask.sum() >= 0.8 * brushed.sum() and (best is None or score > best[0]):
                best = score, mask
        if best is None or best[0] < 0.35 or self._on_edges(best[1]) < 0.8:
            return self._patch(distance, brushed, never, patch * size[0] / self.fine.shape[1])
        mask = self._refine(best[1], sure, never)
        # Edges are blurred over two pixels: without that rim, left-overs do not hang together around the whole thing.
        core = cv2.erode((standing & ~never).astype(np.uint8), np.ones((5, 5), np.uint8))
        free, open_ = (cv2.resize(m, mask.shape[::-1], interpolation=cv2.INTER_NEAREST).astype(bool) for m in (core, 1 - core))
        mask = self._absorb(mask, free, open_)
        if avoid is not None:
            mask = mask & ~shrink_mask(avoid, mask.shape[::-1])
        return Support(mask, float(mask.mean()), self._on_edges(best[1]), rim_cover(mask))

    def _candidates(self, distance: np.ndarray, standing: np.ndarray, sure: np.ndarray, never: np.ndarray) -> list[np.ndarray]:
        """Up to three masks of clearly different sizes that look most like things, from two sources.

        Level sets of the geodesic distance find compact things; what stands out of the smooth surroundings, cut off at some distance
        from the seed, finds long thin ones that inner lines would split.
        """
        levels = np.quantile(distance[~sure], np.linspace(0.004, 0.4, 20))
        sets = [(distance <= level) & ~never for level in levels]
        away = cv2.distanceTransform((~sure).astype(np.uint8), cv2.DIST_L2, 5)
        radius = float(np.sqrt(max(sure.sum(), 9) / np.pi))
        for reach in (5.0, 10.0, 20.0):
            near = (standing & (away <= reach * radius)) | sure
            _, parts = cv2.connectedComponents(near.astype(np.uint8), connectivity=4)
            sets.append(np.isin(parts, np.unique(parts[sure])))
        scores = [self._score(s, sure) for s in sets]
        chosen: list[np.ndarray] = []
        for i in np.argsort(scores)[::-1]:
            if all(abs(np.log(sets[i].sum() / other.sum())) > 0.6 for other in chosen):
                chosen.append(sets[i])
            if len(chosen) == 3:
                break
        return chosen

    def _absorb(self, mask: np.ndarray, standing: np.ndarray, surroundings: np.ndarray) -> np.ndarray:
        """`mask` with the small left-overs that only it and the open `surroundings` touch: a tip, of another colour
        than either, that GrabCut left out."""
        _, parts, stats, _ = cv2.connectedComponentsWithStats((standing & ~mask).astype(np.uint8), connectivity=8)
        lab = cv2.cvtColor(self.fine.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
        grow = np.ones((5, 5), np.uint8)
        touching = np.unique(parts[cv2.dilate(mask.astype(np.uint8), grow).astype(bool) & ~mask])
        out, area = mask, float(mask.sum())
        most = (0.5 if _longest(mask) > 3.0 * area**0.5 else 0.15) * area  # a long thin thing may well have been cut at a third
        for i in touching[touching > 0]:
            if 0.004 * area < stats[i, cv2.CC_STAT_AREA] < most:
                ring = cv2.dilate((parts == i).astype(np.uint8), grow, iterations=4).astype(bool)
                around = ring & ~mask & (parts != i)
                apart = np.linalg.norm(np.median(lab[parts == i], axis=0) - np.median(lab[around], axis=0)) if around.any() else 0.0
                if apart > 10.0 and surroundings[around].mean() > 0.9:
                    out = out | (parts == i)
        return cv2.morphologyEx(out.astype(np.uint8), cv2.MORPH_CLOSE, grow).astype(bool) if out is not mask else mask

    def _standing_out(self, sure: np.ndarray) -> np.ndarray | None:
        """(h, w) bool: everything but the large smooth regions (sky, wall, table); None when the seed lies in a very large one itself."""
        smooth = self.edges < 0.35 * self.edge_scale
        count, parts, stats, _ = cv2.connectedComponentsWithStats(smooth.astype(np.uint8), connectivity=4)
        own, most = np.bincount(parts[sure], minlength=count), max(int(sure.sum()), 1)
        areas = stats[:, cv2.CC_STAT_AREA] / smooth.size
        if any(areas[i] > 0.25 and own[i] > 0.9 * most for i in range(1, count)):
            return None
        large = [i for i in range(1, count) if areas[i] > 0.04 and own[i] == 0]
        return ~cv2.dilate(np.isin(parts, large).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)

    def _score(self, mask: np.ndarray, sure: np.ndarray) -> float:
        """How much `mask` looks like a thing: outline on edges, not along the rim, of a size that the brush suggests."""
        expected = 22.0 * max(int(sure.sum()), 9)  # people draw a brush about a fifth as wide as the thing
        size = float(np.exp(-0.5 * (np.log(mask.sum() / expected) / 1.6) ** 2)) if mask.any() else 0.0
        return self._on_edges(mask) * (0.6 + 0.4 * size) - 1.2 * rim_cover(mask)

    def _on_edges(self, mask: np.ndarray) -> float:
        return self.on_edges(outline(mask))

    def on_edges(self, line: np.ndarray) -> float:
        """How much of `line`, (H, W) bool at any size, lies on edges of the picture: 0..1; 0 for an empty line."""
        line = shrink_mask(line, self.edges.shape[1::-1]) if line.shape != self.edges.shape else line
        strength = cv2.dilate(self.edges, np.ones((3, 3)))[line]
        return float(np.minimum(strength / self.edge_scale, 1.0).mean()) if strength.size else 0.0

    def _patch(self, distance: np.ndarray, seed: np.ndarray, never: np.ndarray, least: float) -> Support:
        """A soft patch around the seed that prefers to end at edges: for what cannot be cut out, such as a cheek."""
        radius = max(3.0 * float(np.sqrt(max(float(seed.sum()), 4.0) / np.pi)), least)
        near = cv2.distanceTransform((~seed).astype(np.uint8), cv2.DIST_L2, 5)
        reach = near / radius + distance / max(float(np.quantile(distance, 0.5)), 1e-6) * 0.3
        mask = (reach < 1.0) & ~never
        mask = cv2.resize(mask.astype(np.uint8), self.fine.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(bool)
        return Support(mask, float(mask.mean()), 0.0, rim_cover(mask), found=False)

    def snap(self, brushed: np.ndarray, slack: float) -> Support:
        """A hand-brushed mask (H, W) bool at `fine` size, its outline moved to the picture's edges by at most `slack` pixels."""
        reach = 2 * max(1, round(slack)) + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
        inner = cv2.erode(brushed.astype(np.uint8), kernel).astype(bool)
        if not inner.any():
            return Support(brushed, float(brushed.mean()), 1.0, rim_cover(brushed))
        mask = grabcut(self.fine, brushed, inner, ~cv2.dilate(brushed.astype(np.uint8), kernel).astype(bool))
        mask = mask if _overlap(mask, brushed) > 0.6 else brushed
        return Support(mask, float(mask.mean()), 1.0, rim_cover(mask))

    def _refine(self, mask: np.ndarray, sure: np.ndarray, never: np.ndarray) -> np.ndarray:
        """The outline cut again at `fine` size: only a band around it may change its mind."""
        size = self.fine.shape[1::-1]
        if size == mask.shape[::-1]:
            return mask
        large = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
        up = [cv2.resize(m.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool) for m in (sure, never)]
        kernel = np.ones((7, 7), np.uint8)
        inner = cv2.erode(large.astype(np.uint8), kernel).astype(bool) | up[0]
        outer = ~cv2.dilate(large.astype(np.uint8), kernel).astype(bool) | up[1]
        refined = grabcut(self.fine, large, inner, outer, rounds=1)
        return refined if _overlap(refined, large) > 0.6 else large


def grabcut(image: np.ndarray, probable: np.ndarray, sure: np.ndarray, never: np.ndarray, *, rounds: int = 1) -> np.ndarray:
    """One GrabCut on the part of `image` (H, W, 3 uint8) near `probable`; all masks (H, W) bool. Keeps what hangs together with `sure`."""
    longest, size = _longest(probable), float(np.sqrt(probable.sum()))
    reach = max(6.0, 0.6 * size, 0.5 * longest if longest > 3.0 * size else 0.0)  # a long thin thing may go on far beyond its middle
    away = cv2.distanceTransform((~probable).astype(np.uint8), cv2.DIST_L2, 3)
    labels = np.where(probable, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[(away > reach) | never] = cv2.GC_BGD
    labels[sure] = cv2.GC_FGD
    ys, xs = np.nonzero(away <= 1.5 * reach)
    window = slice(int(ys.min()), int(ys.max()) + 1), slice(int(xs.min()), int(xs.max()) + 1)
    part = np.ascontiguousarray(labels[window])
    if not np.isin(part, (cv2.GC_BGD, cv2.GC_PR_BGD)).any() or not np.isin(part, (cv2.GC_FGD, cv2.GC_PR_FGD)).any():
        return probable | sure  # GrabCut needs examples of both
    cv2.setRNGSeed(0)
    cv2.grabCut(np.ascontiguousarray(image[window]), part, None, np.zeros((1, 65)), np.zeros((1, 65)), rounds, cv2.GC_INIT_WITH_MASK)
    mask = np.zeros(probable.shape, bool)
    mask[window] = (part == cv2.GC_FGD) | (part == cv2.GC_PR_FGD)
    return tidy(mask, sure)


def tidy(mask: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """The parts of `mask` that hang together with `sure`, smoothed by a pixel, holes closed (the coffee goes with the cup). (H, W) bool."""
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    smooth = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, ellipse).astype(bool) | sure
    _, parts = cv2.connectedComponents(smooth.astype(np.uint8), connectivity=4)
    smooth = np.isin(parts, np.unique(parts[sure & smooth]))
    count, holes, stats, _ = cv2.connectedComponentsWithStats((~smooth).astype(np.uint8), connectivity=4)
    small = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] < 0.4 * smooth.sum()]
    return smooth | np.isin(holes, small)


def colour_edges(image: np.ndarray) -> np.ndarray:
    """Edge strength of (H, W, 3) uint8 sRGB, in Lab units per pixel at two scales: (H, W) float32."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    strength = np.zeros(image.shape[:2], np.float32)
    for sigma in (0.8, 1.6):
        soft = cv2.GaussianBlur(lab, (0, 0), sigma)
        gx, gy = cv2.Scharr(soft, cv2.CV_32F, 1, 0) / 32.0, cv2.Scharr(soft, cv2.CV_32F, 0, 1) / 32.0
        strength = np.maximum(strength, np.sqrt((gx * gx + gy * gy).sum(axis=2)) * sigma**0.5)
    return strength


def outline(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool: the pixels on both sides of the mask's boundary, the picture's rim excepted."""
    m = mask.astype(np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    return (cv2.dilate(m, kernel) - cv2.erode(m, kernel)).astype(bool)


def rim_cover(mask: np.ndarray) -> float:
    """Fraction of the picture's rim that the mask covers, 0..1."""
    rim = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return float(rim.mean())


def fit_side(image: np.ndarray, side: int) -> np.ndarray:
    """`image` scaled down so that its longer side is at most `side`; never enlarged, never below 1 px."""
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    if scale == 1.0:
        return image
    return cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)


def shrink_mask(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`mask` at another size (width, height) as bool; never empty when the mask was not."""
    area = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    limit = min(0.5, float(area.max()))
    return area >= limit if limit > 0 else np.zeros(area.shape, bool)


def _core(seed: np.ndarray, image: np.ndarray) -> np.ndarray:
    """The part of a seed that is like its middle: a brush wider than the thing must not make the sky a sure part of it."""
    depth = cv2.distanceTransform(np.pad(seed.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    middle = depth >= max(0.6 * float(depth.max()), 0.5)
    lab = cv2.cvtColor(image.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    apart = np.linalg.norm(lab - np.median(lab[middle], axis=0), axis=2)
    like = seed & ((apart < max(14.0, 1.5 * float(np.median(apart[middle])))) | (depth >= 0.8 * depth.max()))
    _, parts = cv2.connectedComponents(like.astype(np.uint8), connectivity=4)
    return like & np.isin(parts, np.unique(parts[middle & like]))


def grid_graph(cost: np.ndarray) -> csr_matrix:
    """8-neighbour graph of a picture; an edge costs the mean of its ends' `cost` (H, W) times its length."""
    height, width = cost.shape
    index = np.arange(height * width).reshape(height, width)
    ends = [(index[:, :-1], index[:, 1:], 1.0), (index[:-1], index[1:], 1.0)]
    ends += [(index[:-1, :-1], index[1:, 1:], 2**0.5), (index[:-1, 1:], index[1:, :-1], 2**0.5)]
    flat = cost.ravel()
    a = np.concatenate([e[0].ravel() for e in ends])
    b = np.concatenate([e[1].ravel() for e in ends])
    length = np.concatenate([np.full(e[0].size, e[2]) for e in ends])
    return csr_matrix((length * (flat[a] + flat[b]) / 2.0, (a, b)), shape=(flat.size, flat.size))


def _longest(mask: np.ndarray) -> int:
    """Longer side of the mask's bounding box, in pixels."""
    rows, columns = np.nonzero(mask)
    return max(int(np.ptp(rows)), int(np.ptp(columns))) + 1


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks."""
    union = int((a | b).sum())
    return float((a & b).sum()) / union if union else 1.0
