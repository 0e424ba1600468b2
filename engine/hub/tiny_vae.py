"""Tiny autoencoders for previews: pictures by diffusers' `AutoencoderTiny`, clips by the net of TAEHV (Boer Bohan, 2025), which is built here with the names of its published weights.

Both take latents as a pipeline's loop holds them. Nothing here encodes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.card import Card
from engine.catalog.weights import check_finite, inspect
from engine.errors import ModelUnavailable

if TYPE_CHECKING:
    import numpy as np

WIDTHS = (256, 128, 64, 64)
"""Channels of the decoder's stages, the coarsest first."""

ENCODER_WIDTH = 64
SHRINKS = (2, 2, 1)
"""Frames that each stage of the encoder joins to one; the decoder's strides in their published order are (1, 2, 2)."""

GROWS = (1, 2, 2)

MOST_SIDE = 512
"""Pixels of a preview's longer side: it is looked at while it changes."""


@cache
def _parts() -> Any:
    """The classes of the net, defined when torch is wanted."""
    import torch
    from torch import nn

    class Clamp(nn.Module):
        """Latents far out of the usual range are drawn in softly."""

        def forward(self, x: Any) -> Any:
            return torch.tanh(x / 3) * 3

    class Memory(nn.Module):
        """A residual block that sees each frame with the one before it: (T, C, h, w) -> the same shape. Before the first frame there are zeros."""

        def __init__(self, width: int) -> None:
            super().__init__()
            self.conv = nn.Sequential(_conv(2 * width, width), nn.ReLU(), _conv(width, width), nn.ReLU(), _conv(width, width))

        def forward(self, x: Any) -> Any:
            past = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
            return torch.relu(self.conv(torch.cat([x, past], 1)) + x)

    class Grow(nn.Module):
        """Each frame becomes `stride` frames: (T, C, h, w) -> (T * stride, C, h, w)."""

        def __init__(self, width: int, stride: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(width, width * stride, 1, bias=False)

        def forward(self, x: Any) -> Any:
            return self.conv(x).reshape(-1, *x.shape[1:])

    class Pool(nn.Module):
        """`stride` frames become one; only its weights' names are wanted here."""

        def __init__(self, width: int, stride: int) -> None:
            super().__init__()
            self.conv = nn.Conv2d(width * stride, width, 1, bias=False)

    return Clamp, Memory, Grow, Pool


def _conv(inner: int, outer: int, **options: Any) -> Any:
    from torch import nn

    return nn.Conv2d(inner, outer, 3, padding=1, **options)


def decoder(channels: int = 16, *, patch: int = 1, grows: tuple[int, ...] = GROWS) -> Any:
    """The decoder as a row of layers: (T, channels, h, w) latents -> (T * prod(grows), 3 * patch**2, 8 h, 8 w) in about 0..1. Causal: a frame is made of latents up to its own."""
    from torch import nn

    clamp, memory, grow, _ = _parts()
    layers = [clamp(), _conv(channels, WIDTHS[0]), nn.ReLU()]
    for inner, outer, stride in zip(WIDTHS, WIDTHS[1:], grows, strict=False):
        layers += [*(memory(inner) for _ in range(3)), nn.Upsample(scale_factor=2), grow(inner, stride), _conv(inner, outer, bias=False)]
    return nn.Sequential(*layers, nn.ReLU(), _conv(WIDTHS[-1], 3 * patch**2))


def _encoder(channels: int, patch: int) -> Any:
    """The encoder, for the names and shapes of its weights."""
    from torch import nn

    _, memory, _, pool = _parts()
    layers = [_conv(3 * patch**2, ENCODER_WIDTH), nn.ReLU()]
    for stride in SHRINKS:
        layers += [pool(ENCODER_WIDTH, stride), _conv(ENCODER_WIDTH, ENCODER_WIDTH, stride=2, bias=False), *(memory(ENCODER_WIDTH) for _ in range(3))]
    return nn.Sequential(*layers, _conv(ENCODER_WIDTH, channels))


def published(channels: int = 16, patch: int = 1) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every weight of a published file."""
    import torch

    with torch.device("meta"):
        halves = {"encoder": _encoder(channels, patch), "decoder": decoder(channels, patch=patch)}
    return {f"{half}.{name}": tuple(weight.shape) for half, net in halves.items() for name, weight in net.state_dict().items()}


def load_clips(file: Path, *, channels: int = 16, grows: tuple[int, ...] = (1, 1, 1)) -> Any:
    """The decoder of a published file, frozen, float32. grows: frames that a stage makes of one; with 1 it makes the last of those that the file's net makes.

    Raises `ModelUnavailable` for a file that is unsound, or whose weights are not exactly the published ones.
    """
    from safetensors.torch import load_file

    header, wanted = inspect(file), published(channels)
    found = {name: shape for name, (_, shape) in header.items()}
    other = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if other:
        raise ModelUnavailable(f"{file.name} is not a tiny autoencoder of these latents", why=f"{len(other)} weights differ, the first is {other[0][:60]}", fix="fetch it again")
    state = {name.removeprefix("decoder."): weight.float() for name, weight in load_file(file).items() if name.startswith("decoder.")}
    check_finite(state, file.name)
    net = decoder(channels, grows=grows)
    for name, weight in net.state_dict().items():
        state[name] = state[name][-len(weight) :]
    net.load_state_dict(state)
    return net.eval().requires_grad_(False)


@dataclass
class TinyLooks:
    """Looks of latents by a tiny autoencoder, within a budget of time. `each`: seconds that a frame took when last measured."""

    net: Any
    device: Any
    dtype: Any
    moves: bool
    each: float | None = field(default=None, init=False)

    def afford(self, room: float, most: int) -> int:
        """Frames, at most `most`, that can be decoded in `room` seconds; one to begin with, whose time is measured. 0: none for now."""
        if room < 0:
            return 0
        return 1 if self.each is None else most if self.each * most <= room else int(room / self.each)

    def __call__(self, latents: np.ndarray) -> np.ndarray:
        """(F, C, h, w) clean latents, as inside the loop -> (F, H, W, 3) uint8."""
        import numpy as np
        import torch
        from torch.nn.functional import interpolate

        began = time.monotonic()
        with torch.no_grad():
            given = torch.from_numpy(np.ascontiguousarray(latents)).to(self.device, self.dtype)
            seen = self.net(given) if self.moves else torch.cat([self.net.decode(one[None], return_dict=False)[0] for one in given]) / 2 + 0.5
            side = max(seen.shape[2:])
            if side > MOST_SIDE:
                seen = interpolate(seen.float(), scale_factor=MOST_SIDE / side, mode="area")
            frames = (seen.float().clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        self.each = (time.monotonic() - began) / len(latents)
        return np.ascontiguousarray(frames)


def tiny_looks(card: Card, folder: Path, device: Any, dtype: Any) -> TinyLooks:
    """The tiny autoencoder of a card that is here. Raises `ModelUnavailable` for files that are unsound."""
    from engine.hub.components import Component, load_net

    moves = not any(file.name == "config.json" for file in card.files)
    net = load_clips(folder / card.files[0].name) if moves else load_net(Component("vae", "diffusers", "AutoencoderTiny", folder), dtype)
    return TinyLooks(net.to(device, dtype), device, dtype, moves)
