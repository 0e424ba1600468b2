"""Starting noise for clips: shared between frames, carried along motion, or shuffled over long clips. All of it is white in each frame, and exact by seed.

Generators are those of the CPU, so that one seed gives one noise on every device.
"""

from __future__ import annotations

import torch

from engine.diffusion.displacement import places
from engine.errors import InvalidInput

Shape = tuple[int, ...]
"""(B, F, C, h, w)."""


def white(shape: Shape, generator: torch.Generator) -> torch.Tensor:
    """Independent noise."""
    return torch.randn(shape, generator=generator)


def mixed(shape: Shape, share: float | torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Noise of which every frame has the same part, of power `share`, and a part of its own (Ge et al. 2023, mixed model; their alpha^2 is share / (1 - share)).

    share: 0 to 1, one for all or (B,) one for each clip.
    """
    if isinstance(share, torch.Tensor):
        share = share.view(-1, 1, 1, 1, 1)
    else:
        _check(share)
    common, own = torch.randn((shape[0], 1, *shape[2:]), generator=generator), torch.randn(shape, generator=generator)
    return share**0.5 * common + (1 - share) ** 0.5 * own


def chained(shape: Shape, share: float, generator: torch.Generator, first: torch.Tensor | None = None) -> torch.Tensor:
    """Noise of which each frame has a part of power `share` from the frame before (Ge et al. 2023, progressive model). first: (B, 1, C, h, w) to begin with."""
    _check(share)
    frames = list(torch.randn(shape, generator=generator).unbind(1))
    if first is not None:
        frames[0] = first[:, 0]
    for f in range(1, len(frames)):
        frames[f] = share**0.5 * frames[f - 1] + (1 - share) ** 0.5 * frames[f]
    return torch.stack(frames, 1)


def slerp(one: torch.Tensor, other: torch.Tensor, share: float) -> torch.Tensor:
    """Along the great arc between two noises of one shape, each item of the first axis on its own (Shoemake 1985); 0 and 1 give the ends exactly."""
    if share in (0, 1):
        return (other if share else one).clone()
    a, b = one.flatten(1).double(), other.flatten(1).double()
    cosine = ((a * b).sum(1, keepdim=True) / (a.norm(dim=1, keepdim=True) * b.norm(dim=1, keepdim=True)).clamp_min(1e-12)).clamp(-1, 1)
    angle = cosine.arccos()
    flat = angle.sin().abs() < 1e-6  # the same direction, or opposite ones: a straight line
    sine = torch.where(flat, torch.ones_like(angle), angle.sin())
    left = torch.where(flat, torch.full_like(angle, 1 - share), ((1 - share) * angle).sin() / sine)
    right = torch.where(flat, torch.full_like(angle, share), (share * angle).sin() / sine)
    return (left * a + right * b).view_as(one).to(one.dtype)


def carried(noise: torch.Tensor, backward: torch.Tensor, generator: torch.Generator, uncovered: torch.Tensor | None = None) -> torch.Tensor:
    """The noise of frame 0 (B, 1, C, h, w) carried along a backward field (F, 2, h, w) in cells: (B, F, C, h, w), white in every frame.

    Each cell of frame 0 is used once a frame at most, by the place that it hits best; other places, and those of which more than half is `uncovered`
    (F, h, w), get fresh noise, the same in all frames. Interpolated or repeated noise would not be white, and a model answers it with blur or stripes (Chang et al. 2024).
    """
    height, width = noise.shape[-2:]
    fresh = torch.randn(noise.shape, generator=generator).to(noise).flatten(3)
    x, y = (each.cpu() for each in places(backward, 1))
    inside = (x.round() >= 0) & (x.round() < width) & (y.round() >= 0) & (y.round() < height)
    inside = inside if uncovered is None else inside & (uncovered.cpu() <= 0.5)
    miss, source = (x - x.round()).abs() + (y - y.round()).abs(), y.round().long() * width + x.round().long()
    own, out = noise.flatten(3), []
    for f in range(len(backward)):
        cells, able = source[f].flatten(), inside[f].flatten()
        rank = miss[f].flatten().argsort(stable=True).argsort()
        best = torch.full((height * width,), height * width, dtype=torch.long).scatter_reduce_(0, cells[able], rank[able], "amin")
        kept = able & (best[cells.clamp(0, height * width - 1)] == rank)
        out.append(torch.where(kept.to(own.device), own[..., cells.clamp(0, height * width - 1).to(own.device)], fresh))
    return torch.cat(out, 1).unflatten(3, (height, width))


def reshuffled(noise: torch.Tensor, frames: int, stride: int, generator: torch.Generator) -> torch.Tensor:
    """Noise for a long clip from that of one window (B, n, C, h, w): (B, frames, C, h, w) (FreeNoise, Qiu et al. 2023).

    The next `stride` frames are those of n frames earlier in another order, so that any window sees nearly the same noise and far frames belong together.
    """
    window = noise.shape[1]
    if not 1 <= stride <= window:
        raise InvalidInput(f"stride={stride} does not fit a window of {window} frames", fix=f"choose 1 to {window}")
    order = list(range(window))
    while len(order) < frames:
        earlier = order[len(order) - window : len(order) - window + stride]
        order += [earlier[k] for k in torch.randperm(stride, generator=generator).tolist()]
    return noise[:, order[:frames]]


def _check(share: float) -> None:
    if not 0 <= share <= 1:
        raise InvalidInput(f"share={share:g} of the noise cannot be common", fix="choose 0 to 1")
