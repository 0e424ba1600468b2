"""Background: something else stands behind the subject, which stays as it is, or is replaced as well; and the matte, which is the subject over nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import cv2
import numpy as np

from engine.context import RunContext
from engine.errors import InvalidInput
from engine.media.frames import Frames, Pictures
from engine.media.images import read_image
from engine.tasks.subject_swap.replace import Layer, ReplaceLook
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.vision.edges import alpha_of, subject_colours
from engine.vision.matting import grown_box
from engine.vision.transplant import light
from engine.vision.transplant.camera import camera_path
from engine.world.moving import MovingDiorama
from engine.world.reading import spec_from_text
from engine.world.spec import SceneSpec

Masks = Callable[[int], np.ndarray]
Shots = Sequence[tuple[int, int]]

CHECKER = (204, 153)
"""Grey levels of the squares that stand for transparency."""

ENLARGED = 1.35
"""How much larger than the frame a picture is drawn at most, so that it can follow the camera; a camera that goes further is followed in part."""

ADAPTED = 0.55
"""How far, at full strength, a subject takes on the light of its new background."""

SAMPLES = 9
"""Frames from which the light of a place is averaged."""

SCENE_SECONDS = 20.0
"""Length of a drawn scene; a longer clip sees it go there and back."""


class Ground(Protocol):
    """What is behind. light: (3,) mean linear light, None where the subject's own light is left alone."""

    needs_plate: bool
    light: np.ndarray | None

    def picture(self, index: int, plate: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 of a frame."""


class BackgroundLook:
    """See `engine.tasks.subject_swap.actions.Look`: actions background, both and matte."""

    def __init__(self, request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Masks, shots: Shots, replaced: ReplaceLook | None = None) -> None:
        """replaced: who stands before the new background, for the action both; None: chosen by the request."""
        self.notes: list[str] = []
        self._feather, self._replaced = request.mask.feather, replaced
        self._kept: tuple[int, Layer] | None = None
        kind = "transparent" if request.action == "matte" else request.background.chosen
        self._ground = _ground(kind, request, run, frames, masks, shots, self.notes)
        if request.action == "both":
            self._replaced = replaced or ReplaceLook(request, run, frames, masks, shots)
            self.notes += self._replaced.notes
        if kind == "transparent":
            self.notes.append(f"The squares stand for nothing: {'cutout.webm' if request.export == 'vp9' else 'cutout.mov'} beside the result has the real transparency.")
        self.needs_plate = self._ground.needs_plate
        self._gains = np.ones(3, np.float32)
        if self._ground.light is not None and self._replaced is None:
            place = _place_light(frames, masks)
            if place is not None:
                self._gains = light.gains(self._ground.light, place, request.strength * ADAPTED)

    def frame(self, index: int, source: np.ndarray, mask: np.ndarray, plate: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8: the subject before its new background, mixed in linear light."""
        ground = self._ground.picture(index, plate)
        if self._replaced is not None:
            return self._replaced.onto(ground, index, source, mask, elsewhere=True, place=self._ground.light)
        out = ground.copy()
        layer = self._layer(index, source, mask)
        if layer is not None:
            light.over(out, *layer)
        return out

    def cut(self, index: int, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(H, W, 4) uint8: the subject alone, in the light of its new background; or who replaces it."""
        if self._replaced is not None:
            return self._replaced.cut(index, source, mask)
        sheet = light.Sheet(mask.shape[::-1])  # type: ignore[arg-type]
        layer = self._layer(index, source, mask)
        if layer is not None:
            sheet.lay(*layer)
        return sheet.straight()

    def _layer(self, index: int, source: np.ndarray, mask: np.ndarray) -> Layer | None:
        """The subject itself, cut out; kept for the frame that is asked for twice."""
        if not mask.any():
            return None
        if self._kept is None or self._kept[0] != index:
            alpha = alpha_of(source, mask, self._feather)
            window = grown_box(alpha > 0, 0)
            colours = np.clip(np.rint(subject_colours(source, alpha)[window]), 0, 255).astype(np.uint8)
            self._kept = index, (light.linear(colours) * self._gains, alpha[window], window)
        return self._kept[1]


def _ground(kind: str, request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Masks, shots: Shots, notes: list[str]) -> Ground:
    """What is asked for behind. Raises `InvalidInput` when it is not given."""
    background, size = request.background, (frames.width, frames.height)
    if kind == "blur":
        return Blurred(background.blur * max(size))
    if kind == "colour":
        return Plain(np.full((size[1], size[0], 3), [int(background.colour[k : k + 2], 16) for k in (1, 3, 5)], np.uint8))
    if kind == "transparent":
        return Plain(checker(size))
    if kind == "clip":
        if background.clip is None:
            raise InvalidInput("the background is to be a clip, but none is given", fix="choose a clip, or another background", field="background.clip")
        return Running(Frames(background.clip, run.settings, max_side=max(size)), frames.fps, size)
    if kind == "picture":
        if background.image is None:
            raise InvalidInput("the background is to be a picture, but none is given", fix="choose a picture, or another background", field="background.image")
        picture = read_image(background.image, run.settings, max_side=int(2 * ENLARGED * max(size)))
        return Following(lambda index: picture, picture.shape[1::-1], size, followed(frames, masks, shots, run.checkpoint))
    words = background.words.strip() or (request.prompt.strip() if request.action == "background" else "")
    if not words:
        raise InvalidInput("what should be behind is not said", fix="describe it in words, or choose a picture, a clip, a colour or blur", field="background.words")
    scene = Scene(words, run.seed, frames, (round(ENLARGED * size[0]), round(ENLARGED * size[1])))
    notes += scene.notes
    return Following(scene.picture, scene.size, size, followed(frames, masks, shots, run.checkpoint))


class Plain:
    """The same picture behind all frames."""

    needs_plate = False
    light: np.ndarray | None = None

    def __init__(self, picture: np.ndarray) -> None:
        self._picture = picture

    def picture(self, index: int, plate: np.ndarray) -> np.ndarray:
        """See `Ground`."""
        return self._picture


class Blurred:
    """The place itself, out of focus: the plate through a round opening of `radius` pixels, in linear light, so that lights grow into discs. No colour of the subject is in it."""

    needs_plate = True
    light: np.ndarray | None = None

    def __init__(self, radius: float) -> None:
        self._factor = max(1.0, radius / 6.0)
        radius = radius / self._factor
        reach = int(np.ceil(radius + 0.5))
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        disc = np.clip(radius + 0.5 - np.hypot(x, y), 0.0, 1.0).astype(np.float32)
        self._disc = disc / disc.sum()

    def picture(self, index: int, plate: np.ndarray) -> np.ndarray:
        """See `Ground`."""
        height, width = plate.shape[:2]
        small = max(1, round(width / self._factor)), max(1, round(height / self._factor))
        bright = light.linear(plate if self._factor == 1.0 else cv2.resize(plate, small, interpolation=cv2.INTER_AREA))
        soft = cv2.filter2D(bright, -1, self._disc, borderType=cv2.BORDER_REFLECT_101)
        return light.encoded(soft) if self._factor == 1.0 else cv2.resize(light.encoded(soft), (width, height), interpolation=cv2.INTER_CUBIC)


class Running:
    """A clip behind, at its own speed, filling the frame. When it is too short it starts again if its end meets its start, else it runs back."""

    needs_plate = False

    def __init__(self, clip: Frames, fps: float, size: tuple[int, int]) -> None:
        self._clip, self._fps, self._size = clip, fps, size
        self.light: np.ndarray | None = None
        self._meets: bool | None = None
        first = clip.read(0)
        self.light = light.mean_light(first, np.ones(first.shape[:2], bool))

    def picture(self, index: int, plate: np.ndarray) -> np.ndarray:
        """See `Ground`."""
        place = int(index * self._clip.fps / self._fps + 1e-6)
        while True:
            try:
                return covering(self._clip.read(self._turned(place)), self._size)
            except IndexError:  # the file is shorter than it says: now its count is true
                if self._clip.count < 1:
                    raise

    def _turned(self, place: int) -> int:
        count = self._clip.count
        if place < count:
            return place
        if self._meets is None:
            first, second, last = (self._clip.read(i).astype(np.int16) for i in (0, min(1, count - 1), count - 1))
            self._meets = float(np.abs(last - first).mean()) < 2.5 * float(np.abs(second - first).mean()) + 1.0
        if self._meets or count == 1:
            return place % count
        there = place % (2 * count - 2)
        return there if there < count else 2 * count - 2 - there


class Scene:
    """A place of the diorama as words say, larger than the frame. size: (width, height) in pixels."""

    def __init__(self, words: str, seed: int, frames: Pictures, size: tuple[int, int]) -> None:
        shrink = min(1.0, 2600.0 / max(size))
        self.size = max(64, round(size[0] * shrink)), max(64, round(size[1] * shrink))
        self._fps, self._seconds = frames.fps, float(np.clip(frames.count / frames.fps, 0.5, SCENE_SECONDS))
        reading = spec_from_text(words, seed=seed, seconds=self._seconds, fps=min(60.0, frames.fps))
        if not reading.understood:
            raise InvalidInput(
                f"no word of “{words[:80]}” is known to the diorama", why="it draws places (sea, beach, hills, mountains, forest, desert, snow field, city, river), times of day and weather",
                fix="describe the background with these, or give a picture", field="background.words",
            )  # fmt: skip
        self._world = MovingDiorama(SceneSpec.model_validate({**reading.spec.model_dump(), "camera": "still"}), self.size)
        self.notes = [f"“{span.text}” is not a word of the diorama." for span in reading.unknown[:4] if not span.meaning]

    def picture(self, index: int) -> np.ndarray:
        """(h, w, 3) uint8 at a frame's time."""
        time = (index / self._fps) % (2 * self._seconds)
        return self._world.frame(time if time <= self._seconds else 2 * self._seconds - time)


class Following:
    """A picture, or a drawn scene, that fills the frame and moves as the camera does, so that it does not slide behind the subject."""

    needs_plate = False

    def __init__(self, draw: Callable[[int], np.ndarray], drawn: Sequence[int], size: tuple[int, int], views: np.ndarray) -> None:
        self._draw, self._size = draw, size
        # From places of the frame at rest, enlarged and shifted as the camera asks, to pixels of what is drawn: it fills the frame.
        fill = max(size[0] / drawn[0], size[1] / drawn[1])
        cover = np.array([[fill, 0.0, 0.5 * (size[0] - fill * drawn[0]) + 0.5 * fill - 0.5], [0.0, fill, 0.5 * (size[1] - fill * drawn[1]) + 0.5 * fill - 0.5], [0.0, 0.0, 1.0]])
        self._maps = views @ cover
        first = draw(0)
        self.light: np.ndarray | None = light.mean_light(first, np.ones(first.shape[:2], bool))
        self._shrunk: tuple[float, np.ndarray] | None = None
        self._same = draw(1) is first

    def picture(self, index: int, plate: np.ndarray) -> np.ndarray:
        """See `Ground`."""
        matrix = self._maps[min(index, len(self._maps) - 1)]
        scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
        picture = self._draw(index)
        if scale < 0.7:
            level = float(2.0 ** (np.ceil(np.log2(scale) * 2) / 2))
            if self._shrunk is None or self._shrunk[0] != level or not self._same:
                self._shrunk = level, cv2.resize(picture, None, fx=level, fy=level, interpolation=cv2.INTER_AREA)
            fx, fy = picture.shape[1] / self._shrunk[1].shape[1], picture.shape[0] / self._shrunk[1].shape[0]
            matrix, picture = matrix @ np.array([[fx, 0.0, 0.5 * fx - 0.5], [0.0, fy, 0.5 * fy - 0.5], [0.0, 0.0, 1.0]]), self._shrunk[1]
        return cv2.warpAffine(picture, matrix[:2], self._size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def followed(frames: Pictures, masks: Masks, shots: Shots, checkpoint: Callable[[], None]) -> np.ndarray:
    """(T, 3, 3): how a picture that fills the frame moves with the camera, enlarged so that the frame is always filled. A camera that goes far is followed in part: what lies far away moves less."""
    out = []
    for first, last in shots:
        out.append(filled(camera_path(frames, masks, first, last, checkpoint), (frames.width, frames.height)))
    return np.concatenate(out)


def filled(path: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(T, 3, 3) for one shot: as much of the camera's `path` (T, 3, 3) as an enlargement of at most `ENLARGED` allows, about its middle, with that enlargement."""
    width, height = size
    corners = np.array([[-0.5, width - 0.5, -0.5, width - 0.5], [-0.5, -0.5, height - 0.5, height - 0.5], [1.0, 1.0, 1.0, 1.0]])
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    # About the middle of the shot, as log size, turn and shift of the frame's middle: shares of a motion are shares of these.
    linear = path[:, :2, :2]
    sizes, turns = 0.5 * np.log(np.linalg.det(linear)), np.unwrap(np.arctan2(linear[:, 1, 0], linear[:, 0, 0]))
    shifts = np.einsum("tij,j->ti", linear, middle) + path[:, :2, 2] - middle
    values = np.column_stack([sizes, turns, shifts])
    values -= 0.5 * (values.max(axis=0) + values.min(axis=0))

    def views(share: float, enlarged: float) -> np.ndarray:
        s, t = share * values[:, 0] + np.log(enlarged), share * values[:, 1]
        c, d = np.exp(s) * np.cos(t), np.exp(s) * np.sin(t)
        moved = middle + share * values[:, 2:]
        out = np.tile(np.eye(3), (len(values), 1, 1))
        out[:, 0, 0], out[:, 0, 1], out[:, 1, 0], out[:, 1, 1] = c, -d, d, c
        out[:, :2, 2] = moved - np.einsum("tij,j->ti", out[:, :2, :2], middle)
        return out

    def reached(maps: np.ndarray) -> bool:
        seen = np.linalg.inv(maps) @ corners
        return bool((seen[:, 0] >= -0.75).all() and (seen[:, 0] <= width - 0.25).all() and (seen[:, 1] >= -0.75).all() and (seen[:, 1] <= height - 0.25).all())

    for share in (1.0, 0.75, 0.5, 0.35, 0.2, 0.1, 0.05, 0.0):
        for enlarged in (1.0, 1.02, 1.05, 1.1, 1.15, 1.2, 1.28, ENLARGED):
            maps = views(share, enlarged)
            if reached(maps):
                return maps
    return np.tile(np.eye(3), (len(values), 1, 1))


def covering(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture scaled and cut about its middle so that it fills `size` (width, height)."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    scale = max(size[0] / width, size[1] / height)
    large = cv2.resize(picture, (max(size[0], round(width * scale)), max(size[1], round(height * scale))), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (large.shape[1] - size[0]) // 2, (large.shape[0] - size[1]) // 2
    return large[top : top + size[1], left : left + size[0]]


def checker(size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8: the grey squares that stand for transparency."""
    side = max(4, round(max(size) / 60))
    y, x = np.mgrid[: size[1], : size[0]]
    return np.repeat(np.where((x // side + y // side) % 2, CHECKER[1], CHECKER[0]).astype(np.uint8)[..., None], 3, axis=2)


def _place_light(frames: Pictures, masks: Masks) -> np.ndarray | None:
    """(3,) mean light of the clip around the subject."""
    seen = []
    for index in np.unique(np.linspace(0, frames.count - 1, SAMPLES).astype(int)):
        value = light.mean_light(frames.read(int(index)), ~masks(int(index)))
        if value is not None:
            seen.append(value)
    return np.mean(seen, axis=0) if seen else None
