"""What stands behind a moving subject, from the rest of its shot: pictures of other frames brought to one by the camera's motion, and their median (background estimation;
Massey and Bender, 1996).

Where most frames show the same and this one does not, something moves through. It tells a subject from what has its colours, before a single frame was followed. Who stands still
is part of the median and is told by nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.media.frames import Pictures
from engine.vision.camera import GlobalMotion, global_motion
from engine.vision.matting import grown_box
from engine.vision.tracking.colours import lab_of

STANDS = 0.35
"""Pixels by which a corner of the picture must move before a picture is warped: warping blurs."""

AWAY = (4, 8, 12, 18, 26, 36, 48)
"""Distances, before and after, of the frames that are asked: near ones while a panning camera still shows the place, far ones until a slow subject has left it."""

ASKED, LEAST = 9, 4
"""Frames that are asked at most, and that must show a place."""

ALIKE, MOST_AGREE = 20.0, 0.55
"""Levels of 255 within which a frame agrees with the median, and the share that must do so for the place to be known."""

SHARED = 0.4
"""Share of a picture's corners that must follow the camera's motion for it to be brought to another one."""

UNLIKE, CLEARLY_UNLIKE = 14.0, 24.0
"""Differences from the scenery in CIELAB (0..255 an axis) that mean something, and that are sure."""

PATCH, TEXTURE = (7, 7), 4.0
"""Size in pixels of the surroundings in which textures are compared, and the contrast in CIELAB of 0..255 below which they are noise."""

DARKEST, TINTED, UNEVEN = -1.3, 0.16, 0.09
"""A shadow: the least log of the light that it leaves, by how much that may differ between colours, and between neighbours."""

SAME = 0.6
"""Correlation from which a texture is the scenery's own."""

BESIDE = 0.3
"""How far beside a rough mask its missing parts are sought, as a share of its size."""

RESTLESS = 0.25
"""Share of the picture that differs from its scenery from which that tells nothing: water, a crowd, a hand-held camera among near things."""


@dataclass(frozen=True)
class Scenery:
    """picture: (H, W, 3) uint8, as the place of a frame looks without what moves; known: (H, W) bool."""

    picture: np.ndarray
    known: np.ndarray

    def apart(self, image: np.ndarray) -> np.ndarray:
        """(H, W) float32: how far each pixel of the frame (H, W, 3) uint8 is from the scenery within a pixel of it, in CIELAB of 0..255 an axis; 0 where that is not known."""
        own = cv2.GaussianBlur(lab_of(image), (0, 0), 0.8).astype(np.int16)
        lab = cv2.GaussianBlur(lab_of(self.picture), (0, 0), 0.8)
        kernel = np.ones((3, 3), np.uint8)
        # Beyond the range of what lies right beside: edges of a scenery that is a pixel off say nothing.
        beyond = np.maximum(np.maximum(own - cv2.dilate(lab, kernel), cv2.erode(lab, kernel) - own), 0).astype(np.float32)
        out: np.ndarray = cv2.sqrt(cv2.transform(beyond * beyond, np.ones((1, 3), np.float32))) * self.known
        return out

    def same(self, image: np.ndarray) -> np.ndarray:
        """(H, W) float32, -1..1: how far the frame's texture around each pixel is the scenery's (normalised cross-correlation of lightness, whatever the light); 0 on plain or unknown places."""
        own, other = (lab_of(one)[..., 0].astype(np.float32) for one in (image, self.picture))
        means = cv2.blur(own, PATCH), cv2.blur(other, PATCH)
        spread = [np.maximum(cv2.blur(one * one, PATCH) - mean * mean, 0.0) for one, mean in zip((own, other), means, strict=True)]
        common = cv2.blur(own * other, PATCH) - means[0] * means[1]
        out: np.ndarray = common / (np.sqrt(spread[0] * spread[1]) + TEXTURE**2) * self.known
        return out

    def retextured(self, image: np.ndarray) -> np.ndarray:
        """(H, W) bool: where the scenery has a texture and the frame has not that one: dark cloth before a dark grating."""
        lightness = lab_of(self.picture)[..., 0].astype(np.float32)
        uneven = cv2.blur(lightness * lightness, PATCH) - cv2.blur(lightness, PATCH) ** 2
        out: np.ndarray = self.known & (uneven > (2 * TEXTURE) ** 2) & (self.same(image) < 0.5 * SAME)
        return out

    def shaded(self, image: np.ndarray) -> np.ndarray:
        """(H, W) bool: where the frame may be the scenery in a shadow: darker by a factor that hardly differs between colours and between neighbours (Horprasert et al., 1999)."""
        own, other = (cv2.blur(one, (3, 3)).astype(np.float32) ** 2.2 + 40.0 for one in (image, self.picture))
        logs = np.log(own / other)
        mean = logs.mean(axis=2)
        tint = np.abs(logs - mean[..., None]).max(axis=2)
        rough = cv2.absdiff(mean, cv2.blur(mean, PATCH))
        # A shadow leaves the texture of what it falls on.
        out: np.ndarray = ~self.retextured(image) & (mean > DARKEST) & (mean < 0.0) & (tint < TINTED) & (cv2.blur(rough, (3, 3)) < UNEVEN)
        return out & self.known


def scenery(frames: Pictures, index: int, shot: tuple[int, int], motion: Callable[[int], GlobalMotion] | None = None, *, avoid: np.ndarray | None = None) -> Scenery | None:
    """The scenery of frame `index`; None when too few frames show the same place. shot: inclusive range of frames that belong together; motion: the camera's from
    the frame before to one, measured anew between the frames where it is not given; avoid: (H, W) bool, where the subject is, roughly: it does not vote for the camera's motion."""
    image = frames.read(index)
    stack: list[np.ndarray] = []
    covers: list[np.ndarray] = []
    for other in _asked(index, shot):
        picture = frames.read(other)
        way = _way(index, other, image, picture, motion, avoid)
        if way is None:
            continue
        height, width = image.shape[:2]
        if _moves(way, width, height):
            picture = cv2.warpPerspective(picture, way, (width, height), flags=cv2.INTER_LINEAR)
            covers.append(cv2.warpPerspective(np.ones((height, width), np.uint8), way, (width, height), flags=cv2.INTER_NEAREST) > 0)
        else:
            covers.append(np.ones((height, width), bool))
        # What a frame does not show is put at either end of the order in turn, so that it does not pull the median.
        stack.append(np.where(covers[-1][..., None], picture, np.uint8(255 * (len(stack) % 2))))
    if len(stack) < LEAST:
        return None
    middle = _median(stack)
    agree, seen = np.zeros(image.shape[:2], np.float32), np.zeros(image.shape[:2], np.float32)
    for picture, cover in zip(stack, covers, strict=True):
        agree += cover & (cv2.absdiff(cv2.blur(picture, (3, 3)), cv2.blur(middle, (3, 3))).max(axis=2) < ALIKE)
        seen += cover
    out = Scenery(middle, (seen >= LEAST) & (agree >= MOST_AGREE * seen))
    restless = float((out.apart(image) > UNLIKE).sum()) / max(float(out.known.sum()), 1.0)
    return out if out.known.mean() > 0.2 and restless < 2 * RESTLESS else None


def _asked(index: int, shot: tuple[int, int]) -> list[int]:
    """The frames of a shot that are asked, spread evenly over those that may be."""
    found = [index + way * step for step in AWAY for way in (1, -1) if shot[0] <= index + way * step <= shot[1]]
    if len(found) < ASKED:  # at a shot's end one side tells more
        found += [index + way * step for step in (22, 31, 42, 56, 66, 78) for way in (1, -1) if shot[0] <= index + way * step <= shot[1]]
    found = sorted(dict.fromkeys(found), key=lambda one: abs(one - index))
    return found if len(found) <= ASKED else [found[k] for k in np.linspace(0, len(found) - 1, ASKED).astype(int)]


def _way(index: int, other: int, image: np.ndarray, picture: np.ndarray, motion: Callable[[int], GlobalMotion] | None, avoid: np.ndarray | None) -> np.ndarray | None:
    """(3, 3) from pixels of frame `other` to those of `index`; None when it is not known."""
    whole: np.ndarray = np.eye(3)
    height, width = image.shape[:2]
    steps = [motion(step) for step in range(min(index, other) + 1, max(index, other) + 1)] if motion is not None else []
    for one in steps:
        whole = one.matrix @ whole
    whole = whole if other < index else np.asarray(np.linalg.inv(whole))
    sure = bool(steps) and all(one.ok for one in steps)
    if sure and not _moves(whole, width, height):
        return whole
    # Many small errors add up: put right by one look from end to end.
    rest = global_motion(image, cv2.warpPerspective(picture, whole, (width, height), borderMode=cv2.BORDER_REPLICATE), avoid=avoid)
    if rest.ok and rest.inliers > SHARED:
        return np.linalg.inv(rest.matrix) @ whole
    return whole if sure else None


def _moves(way: np.ndarray, width: int, height: int) -> bool:
    corners = np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]], float)
    there = way @ corners
    return bool(np.abs(there[:2] / there[2] - corners[:2]).max() >= STANDS)


def _median(stack: list[np.ndarray]) -> np.ndarray:
    """The middle of pictures at each pixel and channel, by exchanges of whole pictures (odd-even transposition): quicker than sorting pixels."""
    order = list(stack)
    for turn in range(len(order)):
        for k in range(turn % 2, len(order) - 1, 2):
            order[k], order[k + 1] = cv2.min(order[k], order[k + 1]), cv2.max(order[k], order[k + 1])
    half = len(order) // 2
    return order[half] if len(order) % 2 else cv2.addWeighted(order[half - 1], 0.5, order[half], 0.5, 0.0)


TOLD = 0.35
"""Share of a mask that must differ from the scenery for that to tell the subject."""

def moved_out(image: np.ndarray, behind: Scenery, mask: np.ndarray, allowed: np.ndarray, yes: np.ndarray | None = None, no: np.ndarray | None = None) -> np.ndarray | None:
    """The mask (H, W) bool of what stands before its scenery, from a rough one; None when too little of that differs from the scenery, as of what stands still.

    image: (H, W, 3) uint8; allowed: (H, W) bool, where it may be at all; yes, no: what surely belongs to it and what surely does not. Where the scenery tells nothing, colours do (GrabCut), and the rough mask where they start.
    """
    window = grown_box(allowed, 8)
    apart, inside, may = behind.apart(image)[window], mask[window], allowed[window]
    shaded = behind.shaded(image)[window]
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    differs = cv2.morphologyEx(((apart > UNLIKE) & may & ~shaded).astype(np.uint8), cv2.MORPH_OPEN, kernel).astype(bool)
    reached = _reached(differs, may & inside)
    if not inside.any() or (reached & inside).sum() < TOLD * inside.sum():
        return None
    core = cv2.erode(((apart > CLEARLY_UNLIKE) & reached).astype(np.uint8), kernel).astype(bool)
    alike = behind.known[window] & (apart < 0.5 * UNLIKE)
    # To look like a plain wall says little, for a coat may be as grey; to look like a wall's bricks says much.
    surely = behind.known[window] & (behind.same(image)[window] > SAME) & (alike | shaded) & ~reached
    surely = cv2.morphologyEx(surely.astype(np.uint8), cv2.MORPH_OPEN, kernel).astype(bool)
    hull = cv2.morphologyEx(reached.astype(np.uint8), cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))).astype(bool)
    likely = reached | (inside & ~alike & ~shaded) | (hull & inside)
    labels = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[core] = cv2.GC_FGD
    labels[surely | ~may] = cv2.GC_BGD
    if yes is not None:
        labels[yes[window]] = cv2.GC_FGD
    if no is not None:
        labels[no[window]] = cv2.GC_BGD
    if not (labels == cv2.GC_BGD).any() or not (labels == cv2.GC_FGD).any():
        return None
    cv2.setRNGSeed(0)
    cv2.grabCut(np.ascontiguousarray(image[window]), labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    # A hand or a shoe of another colour differs clearly, whatever GrabCut makes of its colour.
    found |= (apart > CLEARLY_UNLIKE) & reached & may
    if no is not None:
        found &= ~no[window]
    found = _reached(cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, kernel).astype(bool), core)
    count, holes, stats, _ = cv2.connectedComponentsWithStats((~found).astype(np.uint8), connectivity=4)
    small = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] < 0.01 * found.sum()]
    out = np.zeros(mask.shape, bool)
    out[window] = found | np.isin(holes, small)
    return out


def _reached(mask: np.ndarray, seed: np.ndarray) -> np.ndarray:
    """The parts of a mask that hold at least a tenth of themselves, and more than specks, in `seed`."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return mask
    held = np.bincount(parts[seed], minlength=count)[1:]
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = 1 + np.flatnonzero((held >= np.maximum(0.1 * areas, 4)) & (areas >= 0.02 * max(areas.max(), 1)))
    return np.isin(parts, kept)


def beside(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool: a mask and as far beside it as its missing parts may lie, such as feet."""
    reach = 2 * max(3, round(BESIDE * float(np.sqrt(mask.sum())))) + 1
    return cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0
