"""Carry latents along displacement fields, and turn fields that say where content goes into fields that say where it came from.

A field is `(F, 2, h, w)` in latent cells, x then y. *Forward*: what lies at a place of the first frame has moved so far by frame f. *Backward*: what lies at
a place of frame f has moved so far to get there. For a field that is the same everywhere the two are equal.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from scipy.ndimage import distance_transform_edt

FINE = 8
"""Each latent cell is divided so often a side when forward fields are turned round: one cell can hold an edge between two motions."""


def translations(frames: int, step: tuple[float, float], size: tuple[int, int]) -> torch.Tensor:
    """(F, 2, h, w): frame f has moved by f * `step` (x, y) cells. size: (h, w)."""
    return torch.arange(frames)[:, None, None, None] * torch.tensor(step, dtype=torch.float32)[:, None, None].expand(2, *size)


def pulled(latents: torch.Tensor, backward: torch.Tensor) -> torch.Tensor:
    """Every frame's content as the field has carried it, from (B, F or 1, C, h, w); beyond the edge the picture is mirrored.

    backward: (F, 2, k * h, k * w). k = 1: each cell takes the nearest cell, so that noise keeps its spread (as Text2Video-Zero does it). k > 1: each
    cell takes the mean of k * k nearest ones, which moves clean latents by parts of a cell and mixes both sides of an edge by their share.
    """
    fine, (height, width) = backward.shape[-1] // latents.shape[-1], latents.shape[-2:]
    batch, frames = len(latents), len(backward)
    x, y = places(backward, fine)
    # With corners not aligned, -1 and 1 are the outer edges of the outermost cells.
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], -1).to(latents)
    rows = latents.expand(batch, frames, *latents.shape[2:]).flatten(0, 1)
    found = F.grid_sample(rows, grid.repeat(batch, 1, 1, 1), mode="nearest", padding_mode="reflection", align_corners=False)
    return (F.avg_pool2d(found, fine) if fine > 1 else found).unflatten(0, (batch, frames))


def places(backward: torch.Tensor, fine: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Where the content of each (fine) cell came from: x and y (F, k * h, k * w), in cells, whole numbers at their middles."""
    height, width = backward.shape[-2:]
    x = (torch.arange(width, device=backward.device) + 0.5) / fine - 0.5 - backward[:, 0]
    y = ((torch.arange(height, device=backward.device) + 0.5) / fine - 0.5)[:, None] - backward[:, 1]
    return x, y


def coarse(backward: torch.Tensor, fine: int = FINE) -> torch.Tensor:
    """A fine backward field at the middles of the cells: (F, 2, k * h, k * w) -> (F, 2, h, w)."""
    return backward[..., fine // 2 :: fine, fine // 2 :: fine]


def turned_round(forward: torch.Tensor, front: torch.Tensor | None = None, *, fine: int = FINE) -> tuple[torch.Tensor, torch.Tensor]:
    """A forward field as a fine backward one: (F, 2, h, w) -> (F, 2, k * h, k * w), and (F, h, w) the share of each cell that was uncovered.

    Where several places arrive at one, that with the largest `front` (h, w) is seen; None: what moves most unlike the rest lies in front. A hard
    choice (softmax splatting at its limit, Niklaus and Liu 2020), so that two layers never mix into a third. What nothing reaches shows the ground
    nearest to it, mirrored: carried by the ground's motion alone, the place would show again the thing that has just left it.
    """
    frames, _, height, width = forward.shape
    size = (height * fine, width * fine)
    moved = _finer(forward.float(), size)
    middle = moved.flatten(2).median(2).values[..., None, None]
    height_of = (moved - middle).norm(dim=1) if front is None else F.interpolate(front[None, None].float(), size=size, mode="nearest")[0].expand(frames, -1, -1)
    x = torch.arange(size[1], device=forward.device) + (moved[:, 0] * fine).round().long()
    y = torch.arange(size[0], device=forward.device)[:, None] + (moved[:, 1] * fine).round().long()
    backward, uncovered = [], []
    for f in range(frames):
        inside = (x[f] >= 0) & (x[f] < size[1]) & (y[f] >= 0) & (y[f] < size[0])
        order = height_of[f].flatten().argsort(stable=True)  # from the back to the front
        rank = torch.empty_like(order)
        rank[order] = torch.arange(1, len(order) + 1, device=order.device)
        top = torch.zeros(size[0] * size[1], dtype=torch.long, device=forward.device)
        top.scatter_reduce_(0, (y[f] * size[1] + x[f])[inside], rank.view(size)[inside], "amax")
        uncovered.append(_gaps(top.view(size) == 0, fine))
        source = torch.where(top > 0, order[(top - 1).clamp_min(0)], -1).view(size)
        far = height_of[f] <= (height_of[f].median() + height_of[f].max()) / 2  # things cover less than half of the picture
        backward.append(_with_holes(source, far, moved[f], fine))
    return torch.stack(backward), torch.stack(uncovered)


def _finer(field: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """The field at more places: in between where it is smooth, in steps where neighbours part by a cell or more, for there two layers meet."""
    around = F.pad(field, (1, 1, 1, 1), mode="replicate")
    spread = (F.max_pool2d(around, 3, 1) - field).maximum(field + F.max_pool2d(-around, 3, 1)).amax(1, keepdim=True)
    torn = F.interpolate((spread >= 1).float(), size=size, mode="nearest") > 0
    return torch.where(torn, F.interpolate(field, size=size, mode="nearest"), F.interpolate(field, size=size, mode="bilinear"))


def _gaps(holes: torch.Tensor, fine: int) -> torch.Tensor:
    """(h, w) share of each cell that is a hole, lines of one fine cell left out: growth and turns tear those."""
    solid = -F.max_pool2d(-F.max_pool2d((~holes)[None, None].float(), 3, 1, 1), 3, 1, 1)
    return 1 - F.avg_pool2d(solid, fine)[0, 0]


def _with_holes(source: torch.Tensor, far: torch.Tensor, moved: torch.Tensor, fine: int) -> torch.Tensor:
    """The backward field (2, H, W) in cells. source: (H, W) the fine cell of frame 0 seen at each place, -1 in holes; far: (H, W) which fine cells of
    frame 0 are ground; moved: (2, H, W) their motion."""
    height, width = source.shape
    seen = moved.flatten(1)[:, source.clamp_min(0).flatten()].view(2, height, width)
    holes = source < 0
    ground = ~holes & far.flatten()[source.clamp_min(0).flatten()].view(height, width)
    if not bool(holes.any()):
        return seen
    if not bool(ground.any()):
        ground = ~holes
        if not bool(ground.any()):  # everything has left the picture
            return torch.zeros_like(seen)
    near = torch.from_numpy(distance_transform_edt(~ground.cpu().numpy(), return_distances=False, return_indices=True)).long().to(source.device)
    here = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")).to(source.device)
    mirrored = 2 * near - here - (near - here).sign()  # about the edge of the nearest ground, not its middle
    inside = (mirrored >= 0).all(0) & (mirrored[0] < height) & (mirrored[1] < width)
    mirrored = torch.stack([mirrored[0].clamp(0, height - 1), mirrored[1].clamp(0, width - 1)])
    shown = torch.where(inside & ground[mirrored[0], mirrored[1]], mirrored, near)
    taken = source[shown[0], shown[1]]
    filled = torch.stack([here[1] - taken % width, here[0] - taken // width]) / fine
    return torch.where(holes, filled.to(seen), seen)
