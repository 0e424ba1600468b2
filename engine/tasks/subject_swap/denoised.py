"""A new subject drawn by the pocket diffusion model, as a stand-in: Make-A-Protagonist's mask-guided denoising (Zhao et al. 2023) on the paper-cut world.

In the key frame a square around the old subject is drawn anew inside a room that a thing of another form fits into, several times over; the one that shows the
words best, in one piece, is cut out. Then frames are taken in windows: each is seen from the subject (its motion undone), so that the thing stands still in it
and the land moves; the cut-out is laid in, noised part of the way, and all frames of the window are drawn on together, each looking at the key frame and the
one before, the protagonist's text inside the mask and the place's outside, with the surroundings given. So the thing is drawn in the light of every frame, and stays itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from engine.diffusion.attention import attending
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, Known, denoiser_of, finish
from engine.diffusion.masked import Protagonist, mask_guided
from engine.diffusion.motion_field import layers
from engine.diffusion.parts import as_pictures
from engine.diffusion.zero import held_to
from engine.metrics.pocket_clip import alternatives, shown
from engine.tasks.text_to_video.pocket.models import Pocket
from engine.tasks.text_to_video.pocket.wording import sentence
from engine.world.spec import PLACES, TIMES, WEATHERS, SceneSpec, SubjectSpec

SIDE = 128
"""Pixels a side of what the model draws."""

SHARE = 0.45
"""The old subject's longer side beside the square around it: about a large thing of the world that the model knows."""

NOTCH = 9
"""Pixels: gaps in a cover up to this wide are closed."""

CANDIDATES, STEPS, GUIDANCE = 6, 12, 4.0
WINDOW = 16
"""Frames that are drawn together; the first of them is the key frame."""

REDRAWN, HELD, HELD_UNTIL = 0.4, 0.7, 0.8
"""In the windows: the share of the way that is drawn anew; how strongly, and until which part of the steps, the thing is held to its cut-out."""

COVERED = 0.35
"""Cover from which a pixel is the thing's: a little less than half, for dark wheels and feet are seen less surely."""


@dataclass(frozen=True)
class Text:
    """What the model is told: of the protagonist in its place, and of the place alone."""

    spec: SceneSpec
    drawn: str
    around: str


def told(pocket: Pocket, picture: np.ndarray, subject: SubjectSpec) -> Text:
    """The texts for a subject in the place that a picture (H, W, 3) uint8 shows: pocket CLIP says which place, time and weather that looks like, field by field."""
    seen, spec = pocket.clip.image_features(picture[None])[0], SceneSpec(subjects=())
    for name, values in (("place", PLACES), ("time", TIMES), ("weather", WEATHERS)):
        options = [spec.model_copy(update={name: value}) for value in values]
        spec = options[int((pocket.clip.text_features([sentence(one) for one in options]) @ seen).argmax())]
    return Text(spec, sentence(spec.model_copy(update={"subjects": (subject,)})), sentence(spec))


def as_tensor(pictures: np.ndarray) -> torch.Tensor:
    """(F, H, W, 3) uint8 -> (F, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


@dataclass
class Painter:
    """Draws with the pocket models. All pictures are (SIDE, SIDE, 3) uint8."""

    pocket: Pocket
    text: Text
    seed: int
    checkpoint: Callable[[], None]
    levels: Levels = field(init=False)

    def __post_init__(self) -> None:
        self.levels = Levels.of(self.pocket.parts.scheduler, STEPS)

    @property
    def states(self) -> dict[str, torch.Tensor]:
        """States of the texts, (tokens, width): the protagonist's, the place's and the empty one."""
        found = self.pocket.parts.text_states([self.text.drawn, self.text.around, ""])
        return dict(zip(("states", "around", "negative"), found, strict=True))

    def walk(self, latents: torch.Tensor, mask: torch.Tensor, known: Known, *, start: int = 0, joint: bool = False, held: torch.Tensor | None = None) -> torch.Tensor:
        """Mask-guided denoising of (B, F, C, h, w) from step `start`; joint: frames look at the first and the one before; held: clean latents that they keep to at first."""
        unet, states = self.pocket.parts.unet, self.states
        model = attending(denoiser_of(unet), unet, mode="first+prev") if joint else denoiser_of(unet)
        protagonist = Protagonist(mask, states["states"], states["around"], mode="latent", fuse="inverse")
        hooks = {} if held is None else {"hooks": held_to(held, until=HELD_UNTIL, strength=HELD, first_too=True)}
        return finish(
            mask_guided(model, self.levels, latents, protagonist, nets=[unet], negative=states["negative"], guidance=Guidance(GUIDANCE), start_at=start, known=known, checkpoint=self.checkpoint, **hooks)
        )

    def candidates(self, picture: np.ndarray, room: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
        """The picture with a new thing in the room (SIDE, SIDE) bool, several times: latents (N, C, h, w), and (N, SIDE, SIDE, 3) uint8."""
        parts = self.pocket.parts
        clean, mask = parts.encode(as_tensor(picture[None]))[None], cells(room[None])[None]
        noise = torch.randn((CANDIDATES, *clean.shape[1:]), generator=torch.Generator().manual_seed(self.seed))
        drawn = self.walk(noise, mask, Known(clean, 1 - mask, noise))[:, 0]
        return drawn, as_pictures(parts.decode(drawn, self.checkpoint))

    def together(self, pictures: np.ndarray, inside: np.ndarray, thing: torch.Tensor, cover: np.ndarray) -> np.ndarray:
        """(F, SIDE, SIDE, 3) uint8 drawn on together, from pictures that show the thing already. inside: (SIDE, SIDE) bool, where it may be drawn, in all of them.

        thing: (C, h, w), the latents that it was drawn with, which count where `cover` (SIDE, SIDE) 0..1 is whole: decoded and encoded again it would lose its details.
        """
        parts = self.pocket.parts
        clean, mask = parts.encode(as_tensor(pictures), self.checkpoint)[None], cells(inside[None])[None]
        own = (F.adaptive_avg_pool2d(torch.from_numpy(cover)[None, None], (clean.shape[-2], clean.shape[-1])) > 0.9).float()
        clean = torch.lerp(clean, thing.to(clean).expand_as(clean), own.expand_as(clean))
        noise = torch.randn((1, 1, *clean.shape[2:]), generator=torch.Generator().manual_seed(self.seed + 1)).expand_as(clean)
        start = self.levels.start(REDRAWN)
        drawn = self.walk(self.levels.noised(clean, noise, start), mask, Known(clean, 1 - mask, noise), start=start, joint=True, held=clean)
        return as_pictures(parts.decode(drawn[0], self.checkpoint))

    @torch.no_grad()
    def covers(self, pictures: np.ndarray) -> np.ndarray:
        """(N, SIDE, SIDE) float32 0..1: where a thing is, as the motion field's net sees it."""
        states = self.pocket.parts.text_states([self.text.drawn] * len(pictures))
        found = layers(self.pocket.flow, as_tensor(pictures), states, torch.full((len(pictures),), 0.5), torch.zeros(len(pictures)))
        return found.cover[:, 0].sigmoid().numpy()

    def scores(self, pictures: np.ndarray) -> np.ndarray:
        """(N,) log-probabilities that pictures show the words of the protagonist's text, by pocket CLIP."""
        clip, text = self.pocket.clip, self.text.drawn
        seen, total = clip.image_features(pictures), torch.zeros(len(pictures))
        for span, name, value in shown(text):
            if name in ("kind", "colour"):
                options = alternatives(name, span.text)
                features = clip.text_features([text[: span.start] + word + text[span.end :] for word in options.values()])
                total += (seen @ features.T * clip.towers.scale.exp()).log_softmax(1)[:, list(options).index(value)]
        return total.numpy()


def cells(masks: np.ndarray) -> torch.Tensor:
    """(F, SIDE, SIDE) bool -> (F, 1, h, w) float32, 1 for cells of the latents of which a good part is covered."""
    small = F.adaptive_avg_pool2d(torch.from_numpy(masks.astype(np.float32))[:, None], (SIDE // 8, SIDE // 8))
    return (small > 0.3).float()


def whole(cover: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, float]:
    """The largest piece of a cover (H, W) 0..1 within the room, bool, and how much of a thing in one piece it is, 0..1: pieces apart and a rim cut by the room count against it."""
    there = ((cover > COVERED) & room).astype(np.uint8)
    # Blue on blue is seen badly: notches narrower than this are taken to be the thing's.
    there = cv2.morphologyEx(there, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (NOTCH, NOTCH)))
    count, names, stats, _ = cv2.connectedComponentsWithStats(there, connectivity=8)
    if count < 2:
        return there > 0, 0.0
    best = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    piece = names == best
    rim = room & ~cv2.erode(room.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0).astype(bool)
    share = stats[best, cv2.CC_STAT_AREA] / max(1, int(there.sum()))
    return piece, float(share * max(0.0, 1.0 - 2.0 * (piece & rim).sum() / max(1, int(rim.sum()))))
