"""Things cut out of one picture and pasted into another, with what is known of each place: how a net that sees few scenes learns things apart from their scenery.

Simple copy-paste of Ghiasi et al. (2021), with the coarse covers that the picture model's cache holds: a rim of the thing's own scenery comes along.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from engine.world.spec import KINDS

NOTHING, UNKNOWN = len(KINDS), -1
"""In a map of places: no thing is there; it is not known what is there. Other numbers are indices of `KINDS`."""

COVERED, BARE = 0.4, 0.05
"""A place belongs to the thing from this cover on, and to the scenery below that one; between them it is unknown."""

STAYS = 0.65
"""Share of a picture's own things that must stay visible, and of a pasted one that must lie inside, or nothing is pasted."""


def places(covers: torch.Tensor, things: torch.Tensor) -> torch.Tensor:
    """(B, H, W) long, what is at each pixel. covers: (B, H, W) in 0..1, negative where it is not known; things: (B, 25), the colour's index, -1 for no such thing."""
    count, kind = (things != -1).sum(1), (things != -1).int().argmax(1)
    thing = torch.where(count == 1, kind, UNKNOWN)[:, None, None]
    found = torch.where(covers >= COVERED, thing, torch.where(covers < BARE, NOTHING, UNKNOWN))
    return torch.where(covers < 0, UNKNOWN, found)


def pasted(pictures: torch.Tensor, covers: torch.Tensor, things: torch.Tensor, rng: np.random.Generator, share: float = 0.6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A share of the pictures get the only thing of another one, moved, scaled and mirrored at random.

    pictures: (B, 3, H, W); covers: (B, h, w) in 0..1, negative where not known; things: (B, 25). Returns pictures, things and the map of places (B, H, W), all new.
    """
    covers = F.interpolate(covers[:, None], pictures.shape[-2:], mode="bilinear")[:, 0]
    out, things, found = pictures.clone(), things.clone(), places(covers, things)
    known = covers.amin((1, 2)) >= 0
    donors = [k for k in range(len(pictures)) if known[k] and int((things[k] != -1).sum()) == 1 and int(things[k].max()) >= 0 and covers[k].max() > COVERED]
    kinds = (things != -1).int().argmax(1).tolist()
    colours = things.max(1).values.tolist()
    for k in range(len(pictures)):
        if not donors or not known[k] or rng.random() >= share:
            continue
        donor = donors[int(rng.integers(len(donors)))]
        if things[k, kinds[donor]] != -1:
            continue
        cut = torch.cat([pictures[donor], covers[donor][None]])[None]
        turned = F.grid_sample(cut, _grid(covers[donor], rng, cut.shape), mode="bilinear", align_corners=False)[0]
        mask = F.avg_pool2d((turned[3:] > 0.25).float(), 3, 1, 1, count_include_pad=False)
        inside = float((turned[3] > 0.25).sum()), float((covers[k] * (1 - mask[0])).sum() + 1) / float(covers[k].sum() + 1)
        if inside[0] < 0.01 * mask.numel() or inside[1] < STAYS:
            continue
        out[k] = torch.lerp(out[k], turned[:3], mask)
        found[k] = torch.where(mask[0] > 0.9, kinds[donor], torch.where(mask[0] > 0, UNKNOWN, found[k]))
        things[k, kinds[donor]] = colours[donor]
    return out, things, found


def _grid(cover: torch.Tensor, rng: np.random.Generator, shape: torch.Size) -> torch.Tensor:
    """Where each output pixel comes from, so that the middle of the covered places comes to a random place at 0.75 to 1.3 times its size."""
    rows, columns = torch.nonzero(cover > COVERED, as_tuple=True)
    middle = 2 * float(columns.float().mean()) / cover.shape[1] - 1, 2 * float(rows.float().mean()) / cover.shape[0] - 1
    to, scale = rng.uniform(-0.6, 0.6, 2), rng.uniform(0.75, 1.3)
    side = (1 if rng.random() < 0.5 else -1) / scale
    turn = torch.tensor([[side, 0, middle[0] - side * to[0]], [0, 1 / scale, middle[1] - to[1] / scale]], dtype=torch.float32)
    return F.affine_grid(turn[None], list(shape), align_corners=False)
