"""The pocket motion field: from one picture and a sentence to layers that move. Inference only; `engine.training.flow` trains it.

The net is a `UNet2DConditionModel` used as a plain regressor: pixels go in four by four (pixel-unshuffle), its "timestep" is the moment of the picture in
the clip, and cross-attention reads the words. It gives the things' cover, the ground behind them, and where things and ground go, all in one pass.
The idea is that of MCDiff's flow completion (Chen et al., 2023) with words in place of strokes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

PATCH = 4
"""Pixels of a side that enter the net as channels."""

KEYS = 16
"""Moments of the clip, evenly spread from its start to its end, for which motion is given."""

EXTRA = 2
"""Input channels beside the pixels: cosine and sine of the beat's phase, which the picture alone does not tell."""

IN_CHANNELS = 3 * PATCH**2 + EXTRA
OUT_CHANNELS = 4 * PATCH**2 + 4 * KEYS
REACH = 8.0
"""Net units per side of the picture: an output of 1 is an eighth of the side."""


@dataclass(frozen=True)
class Layers:
    """What moves in B pictures and what lies behind.

    cover: (B, 1, H, W) logits of how much of a pixel belongs to a thing; ground: (B, 3, H, W), the picture in [-1, 1] without the things;
    things, land: (B, KEYS, 2, h, w), where what is seen at a place of the picture goes, for the things and for the ground, at each moment of the clip: x and y
    displacement as fractions of the picture's shorter side, measured from the picture's own moment. h and w are a quarter of H and W.
    """

    cover: torch.Tensor
    ground: torch.Tensor
    things: torch.Tensor
    land: torch.Tensor


def layers(net: Any, pictures: torch.Tensor, states: torch.Tensor, moment: torch.Tensor, phase: torch.Tensor) -> Layers:
    """Ask the net once.

    pictures: (B, 3, H, W) in [-1, 1], sides multiples of 16; states: (B, tokens, width) of the sentences; moment: (B,) in 0..1, when in the clip
    the picture is; phase: (B,) radians, where in its beat the first thing is.
    """
    batch, _, height, width = pictures.shape
    packed = F.pixel_unshuffle(pictures, PATCH)
    beat = torch.stack([phase.cos(), phase.sin()], 1)[:, :, None, None].expand(-1, -1, *packed.shape[2:])
    entered = torch.cat([packed, beat.to(packed)], 1).to(net.dtype).contiguous(memory_format=torch.channels_last)
    out = net(entered, moment * 1000, states.to(net.dtype)).sample.float()
    painted = F.pixel_shuffle(out[:, : 4 * PATCH**2], PATCH)
    moved = out[:, 4 * PATCH**2 :].reshape(batch, 2, KEYS, 2, height // PATCH, width // PATCH) / REACH
    return Layers(painted[:, :1], pictures + painted[:, 1:], moved[:, 0], moved[:, 1])
