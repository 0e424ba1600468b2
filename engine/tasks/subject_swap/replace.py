"""Replace: another subject moves where the old one moved, in its light, behind what stood before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path as File

import cv2
import numpy as np

from engine.context import RunContext
from engine.errors import InvalidInput
from engine.media.frames import Held, Pictures
from engine.media.images import read_image
from engine.settings import Settings
from engine.tasks.subject_swap.drawn import Drawn, meant
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.vision.transplant import light, shutter
from engine.vision.transplant.cutout import SIDE, CutOut, Finding, cut_reference
from engine.vision.transplant.motion import Labels, Path, follow
from engine.vision.transplant.shape import Shape, hidden, usual_shape
from engine.vision.transplant.standin import StandIn, Still, laid, placed, stands

Masks = Callable[[int], np.ndarray]
Layer = tuple[np.ndarray, np.ndarray, tuple[slice, slice]]
"""(h, w, 3) linear light, (h, w) alpha, and their place in the frame."""

UNKNOWN_BACKDROP = np.full(3, 0.2)
"""Mean light that is taken to have been around a subject that comes without a background."""

BELIEVED, UNBELIEVED = 0.75, 0.3
"""How far a new subject takes on the light of the place, at full strength, when its own light is known and when it is not."""

SUBJECT = 0.4
"""Share of the old subject's own brightness, beside that of what is around it, in the light of the place: a figure against the light is dark."""

PALEST = 0.5
"""The least share of its colour that a new subject keeps in a colourless place, at full strength."""

LEAST_PERSON = 0.03
"""Share of a reference picture that a person covers at least to be the one who is meant."""

SURE_PROPOSAL = 0.5
"""Score from which a proposal may be a reference's subject."""

BRIGHTER = 0.8
"""Exponent with which the changing brightness of the old subject along its way is laid on the new one."""

SMOOTH = 4.0
"""Standard deviation, in frames, over which that brightness is smoothed."""

SHADED, STEEPEST = 0.6, 0.5
"""How far a new subject takes on how light falls off across the old one, and the largest such difference in the log of light from middle to end."""

FLATTEST = 0.5
"""Levels of grain below which none is added."""


@dataclass
class _Lit:
    """What is measured of light while a subject is followed: of itself and of what is around it, by frame."""

    own: dict[int, np.ndarray] = field(default_factory=dict)
    around: dict[int, np.ndarray] = field(default_factory=dict)
    slopes: dict[int, np.ndarray] = field(default_factory=dict)
    """`light.slope` of the subject."""
    open: dict[int, float] = field(default_factory=dict)
    """`shutter.open_for` of the subject."""
    colour: dict[int, float] = field(default_factory=dict)
    """How strong the colours of the whole picture are."""


@dataclass
class Part:
    """One subject in one shot: its way, its usual shape, who stands in, and how that is put and lit."""

    path: Path
    shape: Shape
    stand_in: StandIn
    place: np.ndarray
    gains: np.ndarray
    """(3,) factors of linear light for the whole shot."""
    course: np.ndarray
    """(T,) factor of linear light along the way."""
    keep: float
    """Share of its colour that the new subject keeps."""
    soften: float
    grain: float
    shutter: float
    """Share of a frame's time for which the clip's shutter is open."""
    slope: np.ndarray
    """(2,) by which the log of light changes from the middle of the subject to its right and to its lower end."""

    def motion(self, frame: int) -> np.ndarray:
        """(2,) pixels a frame that the subject's middle moves."""
        poses = self.path.poses
        k = frame - self.path.first
        before, after = max(0, k - 1), min(len(poses) - 1, k + 1)
        moved: np.ndarray = (poses[after, :2] - poses[before, :2]) / max(1, after - before)
        return moved


def apart(masks: Masks, count: int) -> Labels:
    """Labels (H, W) uint8 of each subject. Masks that know them (an attribute `labels`, frame -> labels) are asked; one subject is its mask; otherwise the `count` largest
    pieces of a frame are told apart from left to right."""
    labels: Labels | None = getattr(masks, "labels", None)
    if labels is not None:
        return labels
    if count == 1:
        return lambda index: masks(index).view(np.uint8)

    def cut(index: int) -> np.ndarray:
        mask = masks(index)
        number, parts, stats, middles = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        chosen = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:count] if number > 1 else np.zeros(0, int)
        names = np.zeros(number, np.uint8)
        for k, part in enumerate(sorted(chosen, key=lambda one: middles[one][0])):
            names[part] = k + 1
        return names[parts]

    return cut


class ReplaceLook:
    """See `engine.tasks.subject_swap.actions.Look`. Everything is prepared when it is made: one walk over all frames on small copies."""

    needs_plate = True

    def __init__(self, request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Masks, shots: Sequence[tuple[int, int]]) -> None:
        self.notes: list[str] = []
        self._frames, self._seed, self._strength = frames, run.seed, request.strength
        self._laid: tuple[int, list[Layer]] = -1, []
        self._size = frames.width, frames.height
        count = len(request.named)
        self._labels, self._union = apart(masks, count), count == 1
        lit: dict[tuple[int, int], _Lit] = {}
        watch = _Watch(lit, self._labels, count)
        paths = follow(_Watched(frames, watch), self._labels, count, shots, run.checkpoint)
        make = self._maker(request, run)
        self._shots: list[tuple[int, int, list[Part | None]]] = []
        for (first, last), of_shot in zip(shots, paths, strict=True):
            parts: list[Part | None] = []
            for k, path in enumerate(of_shot):
                part = None
                if path is not None:
                    run.checkpoint()
                    part = self._part(path, k + 1, _gathered(lit, first, last, k), make, request)
                parts.append(part)
            self._shots.append((first, last, parts))
        if all(part is None for _, _, parts in self._shots for part in parts):
            self.notes.append("The subject is not seen in this range: nothing was replaced.")

    def frame(self, index: int, source: np.ndarray, mask: np.ndarray, plate: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8: the plate with the new subjects in it; elsewhere its own bits."""
        return self.onto(plate, index, source, mask)

    def onto(self, ground: np.ndarray, index: int, source: np.ndarray, mask: np.ndarray, *, elsewhere: bool = False, place: np.ndarray | None = None) -> np.ndarray:
        """The new subjects of a frame before `ground` (H, W, 3) uint8. elsewhere: the ground is not the source's place: nothing of that hides them or lights them.

        place: (3,) mean linear light of such a ground, None when it has none of its own.
        """
        out = ground.copy()
        self._laid = index, list(self._layers(index, mask, elsewhere, place))
        for colours, alpha, window in self._laid[1]:
            light.over(out, colours, alpha, window)
        return out

    def cut(self, index: int, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(H, W, 4) uint8: the new subjects of the frame that was made last, alone."""
        sheet = light.Sheet(self._size)
        for layer in self._laid[1] if self._laid[0] == index else self._layers(index, mask, False, None):
            sheet.lay(*layer)
        return sheet.straight()

    def _layers(self, index: int, mask: np.ndarray, elsewhere: bool, place: np.ndarray | None) -> Iterator[Layer]:
        """The new subjects of a frame, from the furthest to the nearest."""
        parts = next((parts for first, last, parts in self._shots if first <= index <= last), [])
        shown = [(k, part) for k, part in enumerate(parts) if part is not None and part.path.present(index)]
        labels = None if self._union else self._labels(index)
        # What stands lower in the picture stands nearer.
        for k, part in sorted(shown, key=lambda one: (one[1].path.matrix(index) @ np.array([0.0, one[1].shape.box[3], 1.0]))[1]):
            motion = part.motion(index)
            room = shutter.room_of(motion, part.shutter) if part.shutter > 0 else 0
            layer = laid(part.stand_in, part.path.matrix(index) @ part.place, index, self._size, part.soften, room)
            if layer is None:
                continue
            colours, alpha, window = layer
            if room > 1:
                colours, alpha = shutter.smeared(colours, alpha, motion, part.shutter)
            if not elsewhere:
                before = hidden(part.shape, part.path, index, mask if labels is None else (labels == k + 1))
                if before is not None:
                    alpha = alpha * (1.0 - before[window])
            gain = _gains(place, part.stand_in, self._strength) if elsewhere else part.gains * part.course[index - part.path.first]
            colours = np.clip(light.paled(colours, 1.0 if elsewhere else part.keep) * gain, 0.0, 1.0)
            if not elsewhere and part.slope.any():
                colours = np.clip(colours * light.ramp(part.slope, alpha), 0.0, 1.0)
            if part.grain > FLATTEST:
                noise = light.grain(alpha.shape, part.grain, self._seed + 7919 * index + k)
                # A step of one level near x is a step of its slope in light: 2.2 x / level, by the power law.
                colours = np.clip(colours * np.exp(2.2 * noise / np.maximum(255.0 * colours ** (1 / 2.2), 12.0)), 0.0, 1.0)
            yield colours, alpha, window

    def _maker(self, request: SubjectSwapRequest, run: RunContext) -> Callable[[Path, Shape], StandIn]:
        """Who stands in, for a path: by the reference picture, or by words."""
        if request.reference is not None:
            cut = reference_of(request.reference, run.settings)
            if cut.note:
                self.notes.append(cut.note)
            if any(cut.rims):
                self.notes.append("The subject of the reference picture is cut off by its border, and so is the new one.")
            still = Still(cut)
            return lambda path, shape: still
        if not request.prompt.strip():
            raise InvalidInput("what should stand in the subject's place is not said", fix="give a reference picture, or name the new subject in words", field="reference")
        spec = meant(request.prompt)
        self.notes.append(f"Drawn by the diorama: a {spec.colour} {spec.kind}.")

        def drawn(path: Path, shape: Shape) -> StandIn:
            x0, y0, x1, y1 = shape.box
            sizes = np.exp(path.poses[:, 2])
            steps = np.diff(path.poses[:, 0], prepend=path.poses[0, 0])
            left = float(path.poses[-1, 0] - path.poses[0, 0]) < -0.25 * (x1 - x0) or (spec.facing == "left" and abs(path.poses[-1, 0] - path.poses[0, 0]) < 0.25 * (x1 - x0))
            gone = np.cumsum(steps / np.maximum(sizes * max(y1 - y0, 1.0), 1.0)) * (-1.0 if left else 1.0)
            pixels = request.scale * float(sizes.max()) * max(y1 - y0, (x1 - x0) / 1.3)
            return Drawn(spec, pixels, self._frames.fps, lambda frame: float(gone[np.clip(frame - path.first, 0, len(gone) - 1)]), left=left)

        return drawn

    def _part(self, path: Path, subject: int, lit: _Lit, make: Callable[[Path, Shape], StandIn], request: SubjectSwapRequest) -> Part:
        shape = usual_shape(path, self._labels, subject)
        stand_in = make(path, shape)
        trusted = np.flatnonzero(path.trusted)
        x0, _, x1, y1 = shape.box
        foot = np.array([0.5 * (x0 + x1), y1, 1.0])
        feet = np.stack([(path.matrix(path.first + int(i)) @ foot)[:2] for i in trusted])
        heights = np.exp(path.poses[trusted, 2]) * (y1 - shape.box[1])
        place = placed(shape.box, (stand_in.width, stand_in.height), request.scale, grounded=stands(feet, heights, self._size[1]))
        gains = _gains(_light_of_place(lit), stand_in, request.strength)
        soften, grain, own = self._matched(path, subject, stand_in, place)
        pale = (float(np.mean(list(lit.colour.values()))) / max(own, 0.05)) ** 0.6 if lit.colour else 1.0
        keep = 1.0 - request.strength * (1.0 - float(np.clip(pale, PALEST, 1.0)))
        slope = np.zeros(2)
        if lit.slopes:
            seen = laid(stand_in, path.matrix(path.key) @ place, path.key, self._size)
            given = light.slope(light.encoded(seen[0]), seen[1] > 0.9) if seen is not None else None
            slope = request.strength * SHADED * np.clip(np.median(list(lit.slopes.values()), axis=0) - (0.0 if given is None else given), -STEEPEST, STEEPEST)
        open_for = [one for index, one in lit.open.items() if path.trusted[index - path.first]]
        share = float(np.median(open_for)) if len(open_for) >= 2 else 0.0
        return Part(path, shape, stand_in, place, gains, _course(path, lit, request.strength), keep, soften, grain, share if share > shutter.SEEN else 0.0, slope)

    def _matched(self, path: Path, subject: int, stand_in: StandIn, place: np.ndarray) -> tuple[float, float, float]:
        """Blur (sigma in pixels) and grain (levels) that the new subject needs to be as soft and as noisy as the old one in its key frame; and how strong its own colours are."""
        source = self._frames.read(path.key)
        old = cv2.erode((self._labels(path.key) == subject).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        layer = laid(stand_in, path.matrix(path.key) @ place, path.key, self._size)
        if layer is None or old.sum() < 100:
            return 0.0, 0.0, 0.0
        colours, alpha, _ = layer
        picture = light.encoded(colours)
        inside = cv2.erode((alpha > 0.9).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        soften = light.softening(picture, inside, light.sharpness(source, old)) if inside.sum() > 100 else 0.0
        own = light.grain_of(source)
        missing = float(np.sqrt(max(0.0, own**2 - light.grain_of(picture) ** 2))) if soften == 0.0 else own
        return soften, missing, light.colourfulness(colours[alpha > 0.9])


class _Watch:
    """Measures light on frames as they pass by, once each: every third frame is enough."""

    def __init__(self, lit: dict[tuple[int, int], _Lit], labels: Labels, count: int) -> None:
        self.lit, self.labels, self.count = lit, labels, count
        self._middles: tuple[int, list[np.ndarray | None]] = -1, []

    def _shutters(self, index: int, picture: np.ndarray, shown: np.ndarray) -> None:
        for k, before in enumerate(self._middles[1]):
            mask = shown == k + 1
            now = _middle(mask)
            if before is None or now is None or float(np.hypot(*(now - before))) < shutter.FAST:
                continue
            share = shutter.open_for(picture, mask, now - before)
            if share is not None:
                self.lit.setdefault((index, k), _Lit()).open[index] = share

    def __call__(self, index: int, picture: np.ndarray) -> None:
        shown = self.labels(index)
        if index % 3 == 1:
            self._middles = index, [_middle(shown == k + 1) for k in range(self.count)]
        if index % 3 == 2 and self._middles[0] == index - 1:
            self._shutters(index, picture, shown)
        if index % 3:
            return
        scale = min(1.0, 192 / max(shown.shape))
        size = max(1, round(shown.shape[1] * scale)), max(1, round(shown.shape[0] * scale))
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        small_labels = cv2.resize(shown, size, interpolation=cv2.INTER_NEAREST)
        for k in range(self.count):
            mask = (small_labels == k + 1).astype(np.uint8)
            area = int(mask.sum())
            if area < 30:
                continue
            reach = 2 * max(3, round(0.35 * area**0.5)) + 1
            ring = (cv2.dilate(mask, np.ones((reach, reach), np.uint8)) > 0) & (cv2.dilate((small_labels > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0)
            inner = cv2.erode(mask, np.ones((3, 3), np.uint8)) > 0
            strongest = light.colourfulness(light.linear(small[small_labels == 0][::7]))
            own, around = light.mean_light(small, inner), light.mean_light(small, ring)
            kept = self.lit.setdefault((index, k), _Lit())
            if own is not None:
                kept.own[index] = own
                slope = light.slope(small, inner)
                if slope is not None:
                    kept.slopes[index] = slope
            if around is not None:
                kept.around[index] = around
            kept.colour[index] = strongest


def _middle(mask: np.ndarray) -> np.ndarray | None:
    """(2,) pixels: the middle of a mask, None when hardly any of it is there."""
    moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    return np.array([moments["m10"], moments["m01"]]) / moments["m00"] if moments["m00"] > 100 else None


class _Watched:
    """Pictures that are shown to a watcher as they are read."""

    def __init__(self, frames: Pictures, watch: _Watch) -> None:
        self._frames, self._watch = frames, watch
        self.count, self.fps, self.width, self.height = frames.count, frames.fps, frames.width, frames.height

    def read(self, index: int) -> np.ndarray:
        picture = self._frames.read(index)
        self._watch(index, picture)
        return picture


def _gathered(lit: dict[tuple[int, int], _Lit], first: int, last: int, subject: int) -> _Lit:
    out = _Lit()
    for (index, k), one in lit.items():
        if k == subject and first <= index <= last:
            out.own.update(one.own)
            out.around.update(one.around)
            out.colour.update(one.colour)
            out.slopes.update(one.slopes)
            out.open.update(one.open)
    return out


def _light_of_place(lit: _Lit) -> np.ndarray | None:
    """(3,) mean linear light in which the old subject stood: the colour of what is around it, as bright as that and the subject itself. None when nothing is known."""
    if not lit.around:
        return None
    around = np.mean(list(lit.around.values()), axis=0)
    if not lit.own:
        return around
    luminance = np.array([0.2126, 0.7152, 0.0722])
    darker = float(np.mean(list(lit.own.values()), axis=0) @ luminance) / max(float(around @ luminance), 1e-3)
    return around * min(1.0, darker) ** SUBJECT


def _gains(place: np.ndarray | None, stand_in: StandIn, strength: float) -> np.ndarray:
    """(3,) factors of light that bring a stand-in into a place of that mean light; ones where that has none."""
    if place is None:
        return np.ones(3, np.float32)
    known = stand_in.backdrop is not None
    return light.gains(place, UNKNOWN_BACKDROP if stand_in.backdrop is None else stand_in.backdrop, strength * (BELIEVED if known else UNBELIEVED))


def _course(path: Path, lit: _Lit, strength: float) -> np.ndarray:
    """(T,) by which the old subject is brighter or darker in each frame than on the mean of those that show it whole, smoothed."""
    count = path.last - path.first + 1
    known = np.array(sorted(index for index in lit.own if path.trusted[index - path.first]))
    if len(known) < 4:
        return np.ones(count, np.float32)
    logs = np.log(np.array([float(lit.own[index] @ np.array([0.2126, 0.7152, 0.0722])) for index in known]) + 1e-3)
    values = np.interp(np.arange(path.first, path.last + 1), known, logs - np.median(logs))
    soft = cv2.GaussianBlur(values[None].astype(np.float32), (0, 0), SMOOTH, borderType=cv2.BORDER_REPLICATE)[0]
    return np.exp(strength * BRIGHTER * np.clip(soft, -0.8, 0.8)).astype(np.float32)


def reference_of(path: File, settings: Settings) -> CutOut:
    """The subject of a reference picture, cut out. Raises `InvalidInput` when nothing stands out of it, and what `read_image` raises."""
    return cut_reference(read_image(path, settings, max_side=SIDE, alpha="keep"), _person(settings), _proposed(settings))


def _person(settings: Settings) -> Finding:
    """Finds the largest person of a picture, where the networks are on this machine."""

    def find(image: np.ndarray) -> np.ndarray | None:
        from engine.vision.subjects.people import people

        found = [one for one in people(image, settings) if one.face is not None and one.mask.mean() > LEAST_PERSON]
        return max(found, key=lambda one: float(one.mask.sum())).mask if found else None

    return find


def _proposed(settings: Settings) -> Finding:
    """Finds what the proposals of the clip's first step are sure of."""

    def find(image: np.ndarray) -> np.ndarray | None:
        from engine.vision.subjects.proposals import propose

        found = [one for one in propose(Held(image[None]), 0, (0, 0), settings, most=3) if one.score >= SURE_PROPOSAL]
        return found[0].mask if found else None

    return find
