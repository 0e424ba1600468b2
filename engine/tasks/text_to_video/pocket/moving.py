"""Method `flow`: pictures that the diffusion model drew (or the user gave), each cut into layers and moved along the motion field that a net reads from the words.

A clip is a few anchors on the line of time: a picture, when it stands, and its layers. Between two anchors their frames are blended.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import cv2
import numpy as np
import torch

from engine.diffusion.motion_field import KEYS, layers
from engine.diffusion.parts import as_pictures
from engine.tasks.text_to_video.diorama import mixed
from engine.tasks.text_to_video.pocket.models import Pocket
from engine.tasks.text_to_video.pocket.wording import Told
from engine.tasks.text_to_video.shapes import fitted
from engine.vision.inpainting import diffuse, fill
from engine.vision.layers import LayeredPicture, Motion
from engine.world.course import AIM, TEMPO, Camera, Frame
from engine.world.spec import SceneSpec

CYCLE = 2.0
"""Seconds of the clips that the motion field learnt from."""

RESTLESS = frozenset({"bounce", "circle", "sway"})
"""Motions that go on and on; the others lead somewhere and take the whole clip for it."""


@dataclass(frozen=True)
class Pace:
    """How time in seconds becomes a moment of the learnt clip, 0..1, for things and for the ground (the camera). seconds: length of the clip."""

    seconds: float
    restless: bool
    whole: bool

    @staticmethod
    def of(spec: SceneSpec, seconds: float) -> Pace:
        """The pace of a scene: things that bounce, circle or sway keep their beat in a longer clip, all else is stretched over it."""
        first = spec.subjects[0] if spec.subjects else None
        restless = first is not None and first.motion in RESTLESS
        return Pace(seconds, restless, restless and first is not None and first.motion == "circle" and TEMPO[first.speed] == 1.0)

    def things(self, time: float) -> float:
        """The things' moment at a time."""
        if not self.restless or self.seconds <= CYCLE:
            return min(1.0, time / self.seconds)
        cycles = time / CYCLE
        # A whole turn of a circle ends where it began; any other beat goes there and back.
        return cycles % 1.0 if self.whole else 1.0 - abs(cycles % 2.0 - 1.0)

    def land(self, time: float) -> float:
        """The ground's moment at a time."""
        return min(1.0, time / self.seconds)


@dataclass(frozen=True)
class Anchor:
    """A layered picture that stands at `at` seconds."""

    at: float
    picture: LayeredPicture
    pace: Pace

    def frame(self, time: float) -> np.ndarray:
        """(H, W, 3) uint8 at a time in seconds."""
        return self.picture.frame(self.pace.things(time), self.pace.land(time))


FAR, NEAR = 0.35, 1.0
"""How much of the camera's move the top and the foot of a picture take: what stands high in a landscape is far away."""


def camera_motion(spec: SceneSpec, cells: tuple[int, int], parallax: np.ndarray) -> np.ndarray:
    """Where the camera's move carries each place of a picture: (KEYS, 2, h, w) in fractions of the shorter side, from the start of the clip.

    cells: (h, w); parallax: share of the move that each place takes, broadcast to (h, w). A camera that follows is no move of its own: see `layered`.
    """
    short = min(cells)
    camera = Camera(spec.model_copy(update={"seconds": CYCLE, "fps": 8.0}), Frame.of((cells[1], cells[0])), 1.0)
    y, x = np.mgrid[: cells[0], : cells[1]]
    place = np.stack([(x + 0.5 - cells[1] / 2) / short, (y + 0.5 - cells[0] / 2) / short - AIM])
    begin, out = camera.state(0.0), []
    for time in np.linspace(0, CYCLE, KEYS):
        east, south, big = camera.state(float(time))
        grown = (big / begin[2]) ** (0.3 + 0.7 * parallax)
        out.append(grown * (place - parallax * np.array([east - begin[0], south - begin[1]])[:, None, None]) - place)
    return np.stack(out).astype(np.float32)


@torch.no_grad()
def layered(
    pocket: Pocket, picture: np.ndarray, small: torch.Tensor, told: Told, moment: float, phase: float, strength: float, times: int
) -> LayeredPicture:
    """Cut a picture and ask where its parts go. What the things do is learnt; the camera is geometry, with far parts moving less than near ones.

    small: (3, h, w) in [-1, 1], the picture at the net's own size; picture: (H, W, 3) uint8, the same at the size of the clip; told: what happens; moment: 0..1,
    when in the clip it stands; phase: radians of its beat; times: how often the hidden ground is doubled before it is fitted to the picture; 0 is for a quick look.
    """
    found = layers(pocket.flow, small[None], pocket.parts.text_states([told.sentence]), torch.tensor([moment]), torch.tensor([phase]))
    things, land = found.things[0].numpy(), found.land[0].numpy()
    cells = (int(things.shape[-2]), int(things.shape[-1]))
    depth = np.linspace(FAR, NEAR, cells[0])[:, None]
    if told.spec.camera == "follow":
        weight = cv2.resize(found.cover[0, 0].sigmoid().numpy(), cells[::-1], interpolation=cv2.INTER_AREA)
        way = (things * weight).sum((2, 3), keepdims=True) / max(float(weight.sum()), 1e-6)
        things, land = things - way, land - way * depth
    elif told.spec.camera != "still":
        things = things + camera_motion(told.spec, cells, np.ones_like(depth))
        land = land + camera_motion(told.spec, cells, depth)
    mask = found.cover[0, 0].sigmoid().numpy()
    ground = filled(as_pictures(small[None])[0], mask, quick=times == 0)[None]
    for _ in range(times):
        ground = pocket.upscaler.enlarge(ground)
    height, width = picture.shape[:2]
    cover = cv2.resize(mask, ground.shape[2:0:-1], interpolation=cv2.INTER_CUBIC).clip(0, 1)
    return LayeredPicture(
        picture, fitted(ground[0], width, height), np.ascontiguousarray(fitted(cover[..., None], width, height).reshape(height, width)), Motion(things),
        Motion(land), moment=moment, strength=strength,
    )  # fmt: skip


HIDDEN = 0.25
"""Cover from which a place counts as hidden: a little less than half, for its rim is mixed with the thing."""


def filled(picture: np.ndarray, cover: np.ndarray, *, quick: bool) -> np.ndarray:
    """The ground of a small picture (H, W, 3) uint8 without its things: what they and their rim hide is filled with texture from around, or smoothly if `quick`.

    The net paints the hidden ground too, but after so little training it leaves the thing's ghost (an error of 23 of 255); a search for patches leaves none.
    """
    reach = max(3, round(0.1 * min(cover.shape))) | 1
    hidden = cv2.dilate((cover > HIDDEN).astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0
    if hidden.all():
        return picture
    if quick:
        return np.clip(diffuse(picture.astype(np.float32), hidden), 0, 255).astype(np.uint8)
    return fill(picture, hidden)


def phase_of(seed: int) -> float:
    """The beat's phase that a seed gives, in radians."""
    return float(np.random.default_rng([seed, 17]).uniform(0, 2 * pi))


def blended(anchors: list[Anchor], shares: list[float], time: float) -> np.ndarray:
    """The frame at a time: that of the one anchor that counts, or two of them mixed. shares: one for each anchor, their sum 1."""
    return mixed([(share, anchor.frame(time)) for share, anchor in zip(shares, anchors, strict=True) if share > 0])


def shares_between(times: list[float], time: float) -> list[float]:
    """How much each of some anchors at rising times counts: all of it at its own time, smoothly going over to the next one."""
    out = [0.0] * len(times)
    after = next((k for k, at in enumerate(times) if at > time), len(times))
    if after in (0, len(times)):
        out[min(after, len(times) - 1)] = 1.0
        return out
    share = (time - times[after - 1]) / (times[after] - times[after - 1])
    share = share * share * (3 - 2 * share)
    out[after - 1], out[after] = 1.0 - share, share
    return out
