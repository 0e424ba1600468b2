"""Replace by Stable Diffusion inpainting from a folder: Make-A-Protagonist's scheme (Zhao et al. 2023) on a model that knows the whole world.

Windows of frames are seen through a box that goes along with the subject; DDIM inversion of the source is the start, so that its motion and layout are in the
noise; all frames are denoised together, each looking at the first and the one before; inside the mask the new subject's text draws, and outside the source's own
latents stand. The model is Stable Diffusion 1.5, where ControlNets for depth, edges and pose keep the layout (`engine.tasks.subject_swap.structure`), or XL, at
1024 pixels. Outside the grown mask no bit of a frame changes.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from engine.catalog.fetch import ModelFiles
from engine.catalog.folders import found, weight_bytes
from engine.diffusion.attention import attending
from engine.diffusion.control import controlled
from engine.diffusion.inversion import invert
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Call, Guidance, Hooks, finish
from engine.diffusion.masked import Protagonist, mask_guided, trail_of
from engine.diffusion.parts import Parts, as_pictures, load_parts
from engine.diffusion.parts_xl import denoiser_with, load_parts_xl
from engine.errors import InvalidInput
from engine.experts.leasing import identity
from engine.hardware import device_of
from engine.media.frames import Pictures
from engine.settings import Settings
from engine.tasks.subject_swap.denoised import as_tensor
from engine.tasks.subject_swap.models import INPAINTERS
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.tasks.subject_swap.structure import Structure, chosen, config_of, strength, told, with_joints
from engine.tasks.text_to_video.local import NUMBERS
from engine.tasks.text_to_video.shapes import sized

if TYPE_CHECKING:
    from engine.context import RunContext

STEPS, GUIDANCE = 30, 7.5
AROUND = 1.7
"""Sides of the box around the subject, beside the subject's longer side."""

GROWN = 0.04
"""By how much of its longer side the mask grows: a new thing has another outline, and the old one's rim must not show."""


LOOKED = 3
"""Frames on which a person is looked for."""


@dataclass(frozen=True)
class Inpainter:
    """An inpainting model, and what keeps the layout. scale: strength of each net; None: by their number."""

    parts: Parts
    structures: tuple[Structure, ...] = ()
    scale: float | None = None


def model_here(settings: Settings, drawing: str) -> Path:
    """Where the inpainting model of a value of `drawing` lies. Raises `InvalidInput` that says what to fetch."""
    kind = INPAINTERS[drawing]
    card = kind.card
    place = ModelFiles.of(settings).find(card)
    models = [*([place] if place is not None else []), settings.data_dir / "models" / card.id, *(one.folder for one in found(settings, "checkpoint"))]
    model = next((folder for folder in models if config_of(folder / "unet").get("in_channels") == 9 and (folder / "text_encoder_2").is_dir() == kind.xl), None)
    if model is None:
        raise InvalidInput(
            f"drawing={drawing} needs a model that is not on this machine", why=f"{card.title}: {card.bytes / 1e6:.0f} MB, {card.licence}; it also needs a graphics card",
            fix=f"fetch it by `python app.py fetch {card.id}`, or choose the drawing embedded", field="drawing",
        )  # fmt: skip
    return model


def structures_for(request: SubjectSwapRequest, settings: Settings) -> tuple[tuple[Structure, ...], list[str]]:
    """The ControlNets that draw with a request's model, with notes. Those that are known here are of Stable Diffusion 1.5."""
    if not INPAINTERS[request.drawing].xl:
        return chosen(request.structure, settings)
    return (), [] if request.structure == "none" else ["No ControlNet is used with Stable Diffusion XL: the layout is kept by the inversion alone."]


class InpaintedLook:
    """See `engine.tasks.subject_swap.actions.Look`. Windows are drawn when their first frame is asked for, and one is held."""

    needs_plate = False

    def __init__(self, request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Callable[[int], np.ndarray], shots: Sequence[tuple[int, int]]) -> None:
        self.notes: list[str] = []
        self._run, self._frames, self._masks, self._shots, self._prompt = run, frames, masks, list(shots), request.prompt
        device, kind = device_of(run.settings.device), INPAINTERS[request.drawing]
        if device.type == "cpu":
            self.notes.append(f"Drawn by {kind.card.title} on the processor: this takes minutes a frame. A graphics card is meant for it.")
        model = model_here(run.settings, request.drawing)
        structures, notes = structures_for(request, run.settings)
        self._together = kind.together
        self.notes += notes

        def load() -> Inpainter:
            parts = (load_parts_xl if kind.xl else load_parts)(model, device=device)
            return Inpainter(parts, tuple(one.loaded(dtype=parts.dtype, device=device) for one in structures))

        with ExitStack() as stack:
            if run.pool is None:
                self._painter = load()
            else:
                used = [folder for one in structures for folder in (one.folder, one.expert.folder if one.expert is not None else None) if folder is not None]
                expected = NUMBERS * sum(weight_bytes(one) for one in (model, *used))
                self._painter = stack.enter_context(run.pool.lease(f"inpaint:{':'.join(map(identity, (model, *used)))}:{device}", lambda progress: load(), expected=expected))
            weakref.finalize(self, stack.pop_all().close)
        if any(one.kind == "pose" for one in structures):
            self._without_things()
        self._held: tuple[range, dict[int, tuple[np.ndarray, tuple[slice, slice]]]] = (range(0), {})

    def frame(self, index: int, source: np.ndarray, mask: np.ndarray, plate: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8: the source with the new subject inside the grown mask, elsewhere its own bits."""
        if not mask.any():
            return source
        if index not in self._held[0]:
            first, last = next(shot for shot in self._shots if shot[0] <= index <= shot[1])
            window = range(index, min(index + self._together, last + 1))
            self._held = window, self._window([frame for frame in window if self._masks(frame).any()])
        drawn, place = self._held[1][index]
        share = softened(grown(mask))[place][..., None]
        out = source.copy()
        out[place] = np.where(share > 0, np.clip(source[place] + share * (drawn.astype(np.float32) - source[place]) + 0.5, 0, 255), source[place]).astype(np.uint8)
        return out

    def _without_things(self) -> None:
        """Leave the pose out when who is replaced has no joints."""
        there = [frame for frame in range(self._frames.count) if self._masks(frame).any()]
        looked = there[:: max(1, len(there) // LOOKED)][:LOOKED]
        kept = with_joints(self._painter.structures, [self._frames.read(frame) for frame in looked], [self._masks(frame) for frame in looked])
        if len(kept) < len(self._painter.structures):
            self.notes.append("No person is seen where something is replaced: no pose is kept.")
            self._painter = replace(self._painter, structures=kept)

    def _window(self, frames: list[int]) -> dict[int, tuple[np.ndarray, tuple[slice, slice]]]:
        masks = [grown(self._masks(frame)) for frame in frames]
        places = boxes(masks)
        parts = self._painter.parts
        wide, high = places[0][1].stop - places[0][1].start, places[0][0].stop - places[0][0].start
        size = sized(parts.unet.config.sample_size * parts.factor, wide / high, parts.factor * 2 ** (len(parts.unet.config.block_out_channels) - 1))
        shrink = cv2.INTER_AREA if size[0] < wide else cv2.INTER_CUBIC
        pictures = np.stack([cv2.resize(self._frames.read(frame)[place], size, interpolation=shrink) for frame, place in zip(frames, places, strict=True)])
        small = np.stack([cv2.resize(mask[place].astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.02 for mask, place in zip(masks, places, strict=True)])
        drawn = repainted(self._painter, pictures, small, self._prompt, self._run.seed, self._run.checkpoint, steps=STEPS)
        return {frame: (cv2.resize(one, (wide, high), interpolation=cv2.INTER_CUBIC), place) for frame, one, place in zip(frames, drawn, places, strict=True)}


def repainted(painter: Inpainter, pictures: np.ndarray, masks: np.ndarray, prompt: str, seed: int, checkpoint: Callable[[], None] = lambda: None, *, steps: int = STEPS) -> np.ndarray:
    """(F, H, W, 3) uint8 with what the masks (F, H, W) bool cover drawn anew. pictures: (F, H, W, 3) uint8, sides as the model takes them."""
    parts = painter.parts
    levels = Levels.of(parts.scheduler, steps)
    seen = as_tensor(pictures)
    hidden = torch.from_numpy(masks.astype(np.float32))[:, None]
    clean = parts.encode(seen, checkpoint)[None].float()
    bare = parts.encode(seen * (hidden < 0.5), checkpoint)[None].float()
    mask = (F.adaptive_max_pool2d(hidden, tuple(clean.shape[-2:])) > 0).float()[None]
    states, empty = parts.text_states([prompt, ""])
    extra = torch.cat([mask, bare], 2) if parts.unet.config.in_channels > parts.channels else None
    structures = painter.structures
    scale = strength(len(structures)) if painter.scale is None else painter.scale
    control = told(structures, pictures, masks) if structures else None

    def model_input(call: Call) -> torch.Tensor:
        return call.latents if extra is None else torch.cat([call.latents, call.each(extra).to(call.latents)], 2)

    nets = [parts.unet, *(one.net for one in structures)]
    plain = controlled(parts.unet, *((one.net, scale) for one in structures)) if structures else denoiser_with(parts)
    model = attending(plain, *nets, mode="first+prev")
    hooks = Hooks(model_input=model_input, model_kwargs=None if control is None else lambda call: {"control": call.each(control)})
    trail = trail_of(clean, invert(model, levels, clean, empty, hooks=hooks, checkpoint=checkpoint), 1 - mask)
    # Inside the mask half of the noise is fresh: the inversion alone would draw the old subject again.
    fresh = torch.randn(clean[:, :1].shape, generator=torch.Generator().manual_seed(seed)).expand_as(clean)
    start = torch.where(mask > 0, (trail.noise + fresh) / 2**0.5, trail.noise)
    walk = mask_guided(
        model, levels, start, Protagonist(mask, states, empty, mode="latent", fuse="inverse"), nets=nets, negative=empty, guidance=Guidance(GUIDANCE), known=trail, hooks=hooks,
        checkpoint=checkpoint,
    )  # fmt: skip
    return as_pictures(parts.decode(finish(walk)[0], checkpoint).cpu())


def grown(mask: np.ndarray) -> np.ndarray:
    """A mask (H, W) bool grown by `GROWN` of its longer side."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return mask
    reach = 2 * max(2, round(GROWN * max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1)) + 1
    return cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0


def softened(mask: np.ndarray) -> np.ndarray:
    """(H, W) float32: 0 outside a mask, rising to 1 over a few pixels inside it."""
    inner = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    return np.clip(inner / max(2.0, 0.15 * float(inner.max())), 0.0, 1.0)


def boxes(masks: Sequence[np.ndarray]) -> list[tuple[slice, slice]]:
    """A window of one size for each mask (H, W) bool, going along with it smoothly and staying in the picture."""
    height, width = masks[0].shape
    ends = np.array([[edge for axis in (1, 0) for edge in (np.flatnonzero(mask.any(axis=axis))[[0, -1]] + [0, 1])] for mask in masks], np.float32)  # top, bottom, left, right
    longer = float(max((ends[:, 1] - ends[:, 0]).max(), (ends[:, 3] - ends[:, 2]).max()))
    out = []
    middles = np.stack([(ends[:, 0] + ends[:, 1]) / 2, (ends[:, 2] + ends[:, 3]) / 2], 1)
    if len(middles) > 2:
        middles = cv2.GaussianBlur(middles, (1, 5), 1.0, borderType=cv2.BORDER_REPLICATE)
    for k in range(len(masks)):
        slices = []
        for axis, limit in enumerate((height, width)):
            side = min(limit, int(np.ceil(AROUND * longer)))
            # The whole mask lies in it, whatever the smoothing says.
            start = min(max(float(middles[k, axis]) - side / 2, float(ends[k, 2 * axis + 1]) - side), float(ends[k, 2 * axis]))
            first = int(min(max(round(start), 0), limit - side))
            slices.append(slice(first, first + side))
        out.append((slices[0], slices[1]))
    return out
