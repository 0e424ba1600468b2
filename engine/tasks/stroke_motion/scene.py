"""The photo taken apart: a completed background plate and soft cut-out layers, each with its motion; and any frame put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from engine.tasks.stroke_motion.motion import Bending, Ground, Rigid, bend, ground, rim_contact
from engine.tasks.stroke_motion.paths import Path, Timeline
from engine.tasks.stroke_motion.request import Camera, Stroke
from engine.tasks.stroke_motion.things import Reading, Thing
from engine.vision.inpainting import WORK_SIDE, fill
from engine.vision.matting import grown_box, own_colours, soft_matte
from engine.vision.warping import Layer, affine, cut_layer, is_identity, put, translation, warp_layer, warp_mesh


@dataclass
class Actor:
    """A thing ready to move. alpha: (H, W) float32; motion: rigid, bending, or None for a thing that pins hold on the screen;
    base: y of its lowest pixel, for parallax."""

    thing: Thing
    alpha: np.ndarray
    motion: Rigid | Bending | None
    layer: Layer
    base: float

    @property
    def mask(self) -> np.ndarray:
        """(H, W) bool."""
        return self.alpha > 0.5


@dataclass
class Scene:
    """Everything that frames are made of. image: (H, W, 3) uint8; plate: the same with margins, things removed; actors: bottom to top."""

    image: np.ndarray
    plate: np.ndarray
    ground: Ground
    actors: list[Actor]
    paths: list[Path]
    timeline: Timeline
    parallax: float = 0.0
    motion_blur: float = 0.0
    _covers: dict[float, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of photo and frames."""
        return self.image.shape[1], self.image.shape[0]

    def frame(self, index: int) -> np.ndarray:
        """Frame `index` (H, W, 3) uint8. With motion blur: the mean of moments while the shutter is open, as many as the speed needs."""
        moments = [float(index)]
        if self.motion_blur > 0:
            count = int(np.clip(np.ceil(self.motion_blur * self.speed(index) / 1.5), 1, 12))
            moments = [index + self.motion_blur * (k + 0.5) / count - self.motion_blur / 2 for k in range(count)] if count > 1 else moments
        pictures = [(self.moment(phase), weight / len(moments)) for m in moments for phase, weight in self.timeline.phases(m)]
        if len(pictures) == 1:
            return pictures[0][0]
        total = np.zeros(self.image.shape, np.float32)
        for picture, weight in pictures:
            total += np.float32(weight) * picture
        return np.rint(total).astype(np.uint8)

    def moment(self, phase: float) -> np.ndarray:
        """The sharp picture at `phase`, (H, W, 3) uint8."""
        out = self._background(phase)
        cover = np.zeros(out.shape[:2], bool)
        for actor in self.actors:
            moved = self._placed(actor, phase)
            if moved is not None:
                put(out, *moved)
                cover[moved[1]] |= moved[0][..., 3] > 0
        self._covers = {phase: cover, **dict(list(self._covers.items())[:3])}
        return out

    def covered(self, phase: float) -> np.ndarray:
        """(H, W) bool: where a thing is at `phase`, with its soft rim. Free for a moment that was just made."""
        if phase not in self._covers:
            self.moment(phase)
        return self._covers[phase]

    def flow(self, phase: float, since: float = 0.0, *, step: int = 1) -> np.ndarray:
        """(h, w, 2) float32 pixels: where each `step`-th pixel of the photo goes on the screen between two phases. Exactly 0 where nothing moves."""
        width, height = self.size
        grid = np.stack(np.meshgrid(np.arange(0, width, step, dtype=np.float64), np.arange(0, height, step, dtype=np.float64)), axis=-1)
        out = np.zeros(grid.shape, np.float32)
        if not (is_identity(self.ground.at(phase)) and is_identity(self.ground.at(since))):
            out[:] = self.carried(grid, phase) - self.carried(grid, since)
        for actor in self.actors:
            mask = actor.mask[::step, ::step]
            window = grown_box(mask, 0)
            now, then = (self._actor_places(actor, grid[window], p) for p in (phase, since))
            out[window] = np.where(mask[window][..., None], now - then, out[window])
        return out

    def commanded(self, stroke: int, phase: float) -> np.ndarray:
        """(2,) screen place that move stroke `stroke` orders its start to be at."""
        point = self.paths[stroke].at(phase)
        matrix = self.ground.filmed(phase)
        return affine(matrix, point)

    def speed(self, index: int) -> float:
        """Largest motion in pixels from frame `index` to the next, over corners and things."""
        a, b = self.timeline.phases(index)[0][0], self.timeline.phases(index + 1)[0][0]
        width, height = self.size
        corners = np.array([[0.0, 0.0], [width, 0], [0, height], [width, height]])
        steps = [affine(self.ground.at(b), corners) - affine(self.ground.at(a), corners)]
        for actor in self.actors:
            if isinstance(actor.motion, Bending):
                steps.append(actor.motion.at(b) - actor.motion.at(a))
            elif isinstance(actor.motion, Rigid):
                steps.append(np.array([p.at(b) - p.at(a) for p in actor.motion.paths]))
        return max(float(np.linalg.norm(s, axis=-1).max()) for s in steps)

    def carried(self, points: np.ndarray, phase: float) -> np.ndarray:
        """Background points (..., 2) on the screen, with parallax: low in the picture is near and moves more."""
        moved = affine(self.ground.at(phase), points)
        if self.parallax == 0:
            return moved
        rest = affine(self.ground.frame, points)
        return rest + (moved - rest) * self._nearness(points[..., 1:])

    def extend(self, actor: Actor, colours: np.ndarray, work_side: int, rounds: int, checkpoint: Callable[[], None]) -> None:
        """Let a thing that the picture's edge cuts go on beyond it, as far as some frame shows, with texture of its own."""
        width, height = self.size
        corners = np.array([[-0.5, -0.5], [width - 0.5, -0.5], [-0.5, height - 0.5], [width - 0.5, height - 0.5]])
        seen = []
        for phase in np.linspace(self.timeline.first_phase, 1.0, 17):
            matrix = self._camera_for(actor, float(phase)) @ (actor.motion.at(float(phase)) if isinstance(actor.motion, Rigid) else np.eye(3))
            seen.append(affine(np.linalg.inv(matrix), corners))
        low, high = np.concatenate(seen).min(axis=0), np.concatenate(seen).max(axis=0)
        rims = (actor.mask[:, 0], actor.mask[0], actor.mask[:, -1], actor.mask[-1])
        beyond = (-low[0], -low[1], high[0] - width, high[1] - height)
        most = round(0.3 * max(self.size))
        left, top, right, bottom = (
            min(int(np.ceil(far)) + 2, most) if rim.any() and far > 0.5 else 0 for rim, far in zip(rims, beyond, strict=True)
        )
        if not left + top + right + bottom:
            return
        alpha = cv2.copyMakeBorder(actor.alpha, top, bottom, left, right, cv2.BORDER_REPLICATE)
        picture = cv2.copyMakeBorder(np.clip(np.rint(colours), 0, 255).astype(np.uint8), top, bottom, left, right, cv2.BORDER_REFLECT_101)
        outside = np.ones(alpha.shape, bool)
        outside[top : top + height, left : left + width] = False
        filled = fill(picture, outside & (alpha > 0), avoid=alpha < 0.5, work_side=work_side, rounds=rounds, checkpoint=checkpoint).astype(np.float32)
        filled[top : top + height, left : left + width] = colours
        layer = cut_layer(filled, alpha, grown_box(alpha > 0, 2))
        actor.layer = Layer(layer.pixels, layer.left - left, layer.top - top)

    def _background(self, phase: float) -> np.ndarray:
        width, height = self.size
        left, top = self.ground.margin[:2]
        matrix = self.ground.at(phase)
        if is_identity(matrix):
            return self.plate[top : top + height, left : left + width].copy()
        if self.parallax == 0:
            placed = matrix @ translation(-left, -top)
            return cv2.warpAffine(self.plate, placed[:2], (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        # Depth is smooth, so the inverse of the parallax map is found on a coarse grid by fixed-point steps.
        step = 8
        xs, ys = np.meshgrid(np.arange(0, width + 2 * step, step, dtype=float), np.arange(0, height + 2 * step, step, dtype=float))
        screen = np.stack([xs, ys], axis=-1)
        source = affine(np.linalg.inv(matrix), screen)
        back = _linear(matrix)
        for _ in range(6):
            source = source + affine(back, screen - self.carried(source, phase))
        small = np.array([[1.0 / step, 0, 0], [0, 1.0 / step, 0]])
        maps = cv2.warpAffine(source.astype(np.float32), small, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
        return cv2.remap(self.plate, maps[..., 0] + left, maps[..., 1] + top, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)

    def _nearness(self, y: np.ndarray) -> np.ndarray:
        """How much more than the camera's own move a place at height `y` moves: 1 in the middle of the picture."""
        return 1.0 + self.parallax * 1.0 * (np.clip((y + 0.5) / self.size[1], -0.2, 1.2) - 0.5)

    def _camera_for(self, actor: Actor, phase: float) -> np.ndarray:
        """3x3 that films a thing: the numbers' camera, stronger for near things when there is parallax; only the framing for a held one."""
        if actor.motion is None:
            return self.ground.frame
        matrix = self.ground.filmed(phase)
        if self.parallax == 0 or is_identity(matrix):
            return matrix
        near = float(self._nearness(np.array(actor.base))) + 0.15 * self.parallax
        return self.ground.frame + (matrix - self.ground.frame) * near

    def _placed(self, actor: Actor, phase: float) -> tuple[np.ndarray, tuple[slice, slice]] | None:
        camera = self._camera_for(actor, phase)
        if isinstance(actor.motion, Bending):
            mesh = actor.motion.mesh
            return warp_mesh(actor.layer, mesh.vertices, affine(camera, actor.motion.at(phase)), mesh.triangles, self.size)
        return warp_layer(actor.layer, camera @ actor.motion.at(phase) if actor.motion is not None else camera, self.size)

    def _actor_places(self, actor: Actor, points: np.ndarray, phase: float) -> np.ndarray:
        camera = self._camera_for(actor, phase)
        if actor.motion is None:
            return affine(camera, points)
        if isinstance(actor.motion, Rigid):
            return affine(camera @ actor.motion.at(phase), points)
        moved = actor.motion.mesh.interpolation(points[::4, ::4].reshape(-1, 2)) @ (actor.motion.at(phase) - actor.motion.mesh.vertices)
        coarse = moved.reshape(*points[::4, ::4].shape).astype(np.float32)
        return affine(camera, points + cv2.resize(coarse, points.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def _linear(matrix: np.ndarray) -> np.ndarray:
    """3x3 of the inverse's linear part alone."""
    out = np.eye(3)
    out[:2, :2] = np.linalg.inv(matrix[:2, :2])
    return out


def build(
    image: np.ndarray,
    strokes: Sequence[Stroke],
    camera: Camera,
    reading: Reading,
    timeline: Timeline,
    *,
    parallax: float = 0.0,
    motion_blur: float = 0.0,
    work_side: int = WORK_SIDE,
    rounds: int = 3,
    checkpoint: Callable[[], None] = lambda: None,
) -> tuple[Scene, list[str]]:
    """The scene of `image` (H, W, 3) uint8 for strokes that were read, and sentences for the user.

    work_side and rounds are the effort of the background's filling (`engine.vision.inpainting.fill`).
    """
    height, width = image.shape[:2]
    paths = [Path.of(s, width, height) for s in strokes]
    floor, notes = ground(camera, [paths[i] for i in reading.camera], [paths[i] for i in reading.camera_pins], (width, height), timeline.first_phase, parallax)
    actors: list[Actor] = []
    scene = Scene(image, image, floor, actors, paths, timeline, parallax if not floor.still else 0.0, motion_blur)
    alphas = []
    for thing in reading.things:
        alphas.append(soft_matte(image, thing.mask))
        checkpoint()
    for index, (thing, alpha) in enumerate(zip(reading.things, alphas, strict=True)):
        if not (alpha > 0.5).any():
            notes.append(f"What stroke {thing.order + 1} takes is too small to be cut out; draw on a larger part of it.")
            continue
        motion, said = _motion(image, thing, alpha > 0.5, paths, timeline, checkpoint)
        notes += said
        above = np.zeros((height, width), bool)
        for upper in alphas[index + 1 :]:
            above |= upper > 0.02
        own = alpha
        picture = image
        if (above & (alpha > 0)).any():  # what lies on this thing moves by itself: the thing goes on under it
            hidden = _dilated(above, 3)
            picture = fill(image, hidden & _dilated(alpha > 0, 6), avoid=alpha <= 0.5, work_side=work_side, rounds=rounds, checkpoint=checkpoint)
            own = np.maximum(alpha, (above & cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)).astype(bool)).astype(np.float32))
        checkpoint()
        colours = own_colours(picture, own) if thing.found else picture.astype(np.float32)
        checkpoint()
        window = grown_box(own > 0, 2)
        actors.append(Actor(thing, own, motion, cut_layer(colours, own, window), float(window[0].stop)))
        if not isinstance(motion, Bending):
            scene.extend(actors[-1], colours, work_side, rounds, checkpoint)
        checkpoint()
    scene.plate = _plate(scene, work_side, rounds, checkpoint)
    return scene, notes


def _motion(
    image: np.ndarray, thing: Thing, mask: np.ndarray, paths: list[Path], timeline: Timeline, checkpoint: Callable[[], None]
) -> tuple[Rigid | Bending | None, list[str]]:
    """How a thing moves: rigid when nothing holds it and its strokes agree, bending otherwise, None when only pins name it."""
    if not thing.moves:
        return None, []
    own, pins = [paths[i] for i in thing.moves], [paths[i] for i in thing.pins]
    rigid = Rigid(tuple(own))
    if thing.found and not pins and rigid.misses() < 0.1:
        return rigid, []
    rooted = rim_contact(mask, own) if thing.found else np.zeros((0, 2))
    bending, share = bend(image, mask, own, pins, rooted, not thing.found, timeline.first_phase, checkpoint)
    name = f"stroke {thing.moves[0] + 1}"
    notes = []
    if share < 0.05:
        notes.append(f"The thing of {name} cannot follow without tearing, so it stays; move the pins away, or brush a larger area.")
    elif share < 0.97:
        notes.append(f"The thing of {name} would tear, so it follows {100 * share:.0f} % of the way; move the pins away, or brush a larger area.")
    return bending, notes


def _plate(scene: Scene, work_side: int, rounds: int, checkpoint: Callable[[], None]) -> np.ndarray:
    """The photo without its things, with margins. Only what some frame uncovers is searched for; the rest of the hole stays as it is."""
    image, (left, top, right, bottom) = scene.image, scene.ground.margin
    height, width = image.shape[:2]
    rim = max(3, round(0.008 * max(height, width)))
    things = np.zeros((height, width), bool)
    for actor in scene.actors:
        if actor.thing.found:  # a soft patch keeps its rim in place and uncovers nothing
            things |= _dilated(actor.alpha > 0, rim)
    plate = cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_REFLECT_101) if any(scene.ground.margin) else image
    hole = np.zeros(plate.shape[:2], bool)
    if any(scene.ground.margin):
        hole[:] = True
        hole[top : top + height, left : left + width] = False
    shown = things.copy()
    if scene.ground.still:
        always = np.ones((height, width), bool)
        for phase in np.linspace(scene.timeline.first_phase, 1.0, 9):
            solid = np.zeros((height, width), bool)
            for actor in scene.actors:
                moved = scene._placed(actor, float(phase))
                if moved is not None:
                    solid[moved[1]] |= moved[0][..., 3] > 0.98
            always &= solid
            checkpoint()
        # Beyond what is uncovered, a wide strip of the hidden part belongs to the hole too: the thing itself must not be continued.
        shown = things & _dilated(shown & ~always, max(6, round(0.12 * max(height, width))))
    avoid = np.zeros_like(hole)
    avoid[top : top + height, left : left + width] = things
    hole[top : top + height, left : left + width] |= shown
    if not hole.any():
        return plate
    return fill(plate, hole, avoid=avoid, work_side=work_side, rounds=rounds, checkpoint=checkpoint)


def _dilated(mask: np.ndarray, radius: int) -> np.ndarray:
    """(H, W) bool grown by `radius` pixels; by distances, whose cost does not grow with the radius."""
    if not mask.any():
        return mask
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) <= radius
