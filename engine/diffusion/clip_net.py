"""A small net for whole clips: all frames of a clip are channels of one picture (MCVD, Voleti et al. 2022), so every layer sees all of the motion at the price of one picture.

It takes given frames as `engine.diffusion.conditioned` lays them out (block B15), the words by cross-attention, and predicts v. Stored at one byte a number.
"""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from engine.diffusion.conditioned import channels
from engine.diffusion.packed import WEIGHTS, unpacked
from engine.errors import InvalidInput, ModelUnavailable

GROUPS = 8


class Block(nn.Module):
    """A depthwise convolution and a mixing of channels (ConvNeXt, Liu et al. 2022), shifted and scaled by the time."""

    def __init__(self, width: int, time: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm = nn.GroupNorm(GROUPS, width)
        self.spread, self.mixed = nn.Conv2d(width, 2 * width, 1), nn.Conv2d(2 * width, width, 1)
        self.when = nn.Linear(time, 2 * width)
        for part in (self.mixed, self.when):
            for weight in part.parameters():
                nn.init.zeros_(weight)

    def forward(self, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        """x: (B, width, h, w); time: (B, time)."""
        scale, shift = self.when(time)[:, :, None, None].chunk(2, 1)
        inside = self.norm(self.near(x)) * (1 + scale) + shift
        return x + self.mixed(F.gelu(self.spread(inside), approximate="tanh"))


class Words(nn.Module):
    """Each cell looks at all other cells, or at the words of the text."""

    def __init__(self, width: int, seen: int, head: int = 32) -> None:
        super().__init__()
        self.head = head
        self.norm = nn.GroupNorm(GROUPS, width)
        self.ask, self.tell, self.out = nn.Linear(width, width, bias=False), nn.Linear(seen, 2 * width, bias=False), nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: torch.Tensor, states: torch.Tensor | None = None) -> torch.Tensor:
        """x: (B, width, h, w); states: (B, tokens, seen), None: the cells themselves."""
        cells = self.norm(x).flatten(2).transpose(1, 2)
        key, value = self.tell(cells if states is None else states).chunk(2, 2)
        query, key, value = (part.unflatten(2, (-1, self.head)).transpose(1, 2) for part in (self.ask(cells), key, value))
        weights = (query @ key.transpose(2, 3) * self.head**-0.5).float().softmax(3).to(value.dtype)
        return x + self.out((weights @ value).transpose(1, 2).flatten(2)).transpose(1, 2).unflatten(2, x.shape[2:])


class ClipNet(nn.Module):
    """settings: `latents` channels of a frame, `frames` of a clip, `width` and `low` channels at full and at half the size, `high_blocks` (on each side) and
    `low_blocks`, `words` width of the text's states. Every setting is in `config`."""

    def __init__(self, *, latents: int = 4, frames: int = 16, width: int = 144, low: int = 160, high_blocks: int = 3, low_blocks: int = 4, words: int = 256, time: int = 96) -> None:
        super().__init__()
        self.config: dict[str, int] = {
            "latents": latents, "frames": frames, "width": width, "low": low, "high_blocks": high_blocks, "low_blocks": low_blocks, "words": words, "time": time,
        }  # fmt: skip
        self.time = time
        self.clock = nn.Sequential(nn.Linear(time, time), nn.SiLU(), nn.Linear(time, time), nn.SiLU())
        self.enter = nn.Conv2d(frames * channels(latents), width, 3, padding=1)
        self.first = nn.ModuleList(Block(width, time) for _ in range(high_blocks))
        self.down = nn.Conv2d(width, low, 2, 2)
        self.middle = nn.ModuleList(Block(low, time) for _ in range(low_blocks))
        self.reading = nn.ModuleList(Words(low, words) for _ in range(low_blocks // 2))
        self.around = Words(low, low)
        self.up = nn.ConvTranspose2d(low, width, 2, 2)
        self.last = nn.ModuleList(Block(width, time) for _ in range(high_blocks))
        self.norm = nn.GroupNorm(GROUPS, width)
        self.leave = nn.Conv2d(width, frames * latents, 3, padding=1)
        for weight in self.leave.parameters():
            nn.init.zeros_(weight)

    @property
    def dtype(self) -> torch.dtype:
        """The kind of number that it computes in."""
        return self.leave.weight.dtype

    def forward(self, entered: torch.Tensor, timestep: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
        """entered: (B, F, 2C + 2, h, w), h and w even; timestep: (B,) 0..999; states: (B, tokens, words). v as (B, F, C, h, w) in the kind of number it was given.

        Raises `InvalidInput` for another number of frames.
        """
        if entered.shape[1] != self.config["frames"]:
            raise InvalidInput(f"the clip model draws {self.config['frames']} frames at once, not {entered.shape[1]}", fix="give windows of that many")
        time = self.clock(waves(timestep, self.time).to(self.dtype))
        high = self.enter(entered.flatten(1, 2).to(self.dtype).contiguous(memory_format=torch.channels_last))
        for block in self.first:
            high = block(high, time)
        x, states = self.down(high), states.to(self.dtype)
        for k, block in enumerate(self.middle):
            x = block(x, time)
            if k % 2 == 0:
                x = self.reading[k // 2](x, states)
            elif k == 1:
                x = self.around(x)
        x = high + self.up(x)
        for block in self.last:
            x = block(x, time)
        return self.leave(F.silu(self.norm(x))).unflatten(1, (self.config["frames"], -1)).to(entered.dtype)

    def draw(self, latents: torch.Tensor, timestep: int, states: torch.Tensor) -> torch.Tensor:
        """As a `Denoiser` of the loop: (R, F, 2C + 2, h, w), the same text in all frames or that of the middle one, (R, F, tokens, words)."""
        when = torch.full((len(latents),), timestep, device=latents.device)
        return self(latents, when, states[:, states.shape[1] // 2])


def waves(timestep: torch.Tensor, count: int) -> torch.Tensor:
    """(B,) as (B, count) cosines and sines of wave lengths from 1 to 10,000 (Vaswani et al. 2017)."""
    rates = torch.exp(-log(10_000) * torch.arange(count // 2, device=timestep.device) / (count // 2))
    angles = timestep.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], 1)


def load_clip_net(folder: Path, dtype: torch.dtype) -> ClipNet:
    """A net from a folder with packed or plain weights, frozen. Raises `ModelUnavailable` when it cannot be read."""
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        model = ClipNet(**config)
        model.load_state_dict(unpacked(load_file(folder / WEIGHTS)))
    except Exception as error:  # json, torch and safetensors each raise their own kinds for a missing, cut or foreign file
        raise ModelUnavailable(f"the net in {folder.name} cannot be read", why=f"{type(error).__name__}: {str(error)[:120]}", fix="restore the folder") from error
    return model.to(dtype).to(memory_format=torch.channels_last).eval().requires_grad_(False)
