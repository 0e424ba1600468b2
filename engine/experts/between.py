"""Frames between two frames, by a net that was taught on films: FILM (Reda et al., 2022), which finds the motion from coarse to fine and blends what both frames show.

The net is built here with the names of its published weights; what it computes follows the paper and its authors' description. It was taught to draw the middle; for other moments its
motion is followed for that share of the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, grid_sample, interpolate, leaky_relu, pad

from engine.catalog.experts import FILM_FILE
from engine.catalog.weights import check_finite, inspect
from engine.errors import ModelUnavailable
from engine.vision.interpolation import Between

if TYPE_CHECKING:
    from engine.experts import Expert

LEVELS = 7
"""Halvings of the picture, its own size counted: motion of up to 3 * 2**6 pixels is seen."""

FUSED = 5
"""Of them, those from which the picture is put together."""

OWN = 3
"""The finest of them, whose motion has a net of its own; the others share one."""

DEEP = 4
"""Halvings that features are taken over: a level's features are those of its own picture and of the next finer ones, halved."""

CONVS = 3
"""Layers of a motion net before its last two."""

ALIGN = 2 ** (LEVELS - 1)

Pyramid = list[torch.Tensor]


@dataclass(frozen=True)
class Sizes:
    """filters: features of the finest level; motion: of the four motion nets, the finest first."""

    filters: int = 64
    motion: tuple[int, ...] = (32, 64, 128, 256)

    def features(self, level: int) -> int:
        """Features of a level."""
        return sum(self.filters << depth for depth in range(min(level + 1, DEEP)))

    def aligned(self, level: int) -> int:
        """What the fusion sees of a level: both pictures with their features, and both motions."""
        return 2 * (3 + self.features(level)) + 4

    def fused(self, level: int) -> int:
        """What the fusion makes of a level."""
        return self.filters << min(level, OWN)


def motion_net(level: int) -> str:
    """The name of a level's motion net."""
    return f"predict_flow._predictors.{OWN - 1 - level}" if level < OWN else "predict_flow._predictor"


def published(sizes: Sizes = Sizes()) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every weight of a published file."""
    convs: dict[str, tuple[int, int, int]] = {}
    inner = 3
    for depth in range(DEEP):
        for k in range(2):
            convs[f"extract.extract_sublevels.convs.{depth}.{k}.conv"] = inner, sizes.filters << depth, 3
            inner = sizes.filters << depth
    for level in range(OWN + 1):
        inner, width = 2 * sizes.features(level), sizes.motion[level]
        for k, (outer, size) in enumerate([*[(width, 3)] * CONVS, (width // 2, 1), (2, 1)]):
            convs[f"{motion_net(level)}._convs.{k}.conv"] = inner, outer, size
            inner = outer
    for level in range(FUSED - 1):
        name, outer = f"fuse.convs.{FUSED - 2 - level}", sizes.fused(level)
        coarser = sizes.aligned(level + 1) if level == FUSED - 2 else sizes.fused(level + 1)
        convs |= {f"{name}.0.conv": (coarser, outer, 2), f"{name}.1.conv": (sizes.aligned(level) + outer, outer, 3), f"{name}.2.conv": (outer, outer, 3)}
    convs["fuse.output_conv"] = sizes.filters, 3, 1
    return {f"{name}.{kind}": shape for name, (inner, outer, size) in convs.items() for kind, shape in (("weight", (outer, inner, size, size)), ("bias", (outer,)))}


class FilmNet(nn.Module):
    """(1, 3, H, W) in 0..1 twice -> what lies between; H and W are multiples of `ALIGN`."""

    def __init__(self, state: dict[str, torch.Tensor]) -> None:
        super().__init__()
        for name, weight in state.items():
            self.register_parameter(name.replace(".", ":"), nn.Parameter(weight, requires_grad=False))

    def _conv(self, name: str, x: torch.Tensor, *, bent: bool = True) -> torch.Tensor:
        weight, bias = (self.get_parameter(f"{name}.{kind}".replace(".", ":")) for kind in ("weight", "bias"))
        side = weight.shape[-1]
        # Kernels of even size reach to the right and down, as TensorFlow lays them.
        x = conv2d(pad(x, (0, 1, 0, 1)), weight, bias) if side % 2 == 0 else conv2d(x, weight, bias, padding=side // 2)
        return leaky_relu(x, 0.2) if bent else x

    def look(self, picture: torch.Tensor) -> tuple[Pyramid, Pyramid]:
        """The picture at all levels, the finest first, and the features of each."""
        pictures = [picture]
        while len(pictures) < LEVELS:
            pictures.append(avg_pool2d(pictures[-1], 2))
        deep = []
        for level, x in enumerate(pictures):
            found: Pyramid = []
            for depth in range(min(LEVELS - level, DEEP)):
                x = avg_pool2d(x, 2) if depth else x
                for k in range(2):
                    x = self._conv(f"extract.extract_sublevels.convs.{depth}.{k}.conv", x)
                found.append(x)
            deep.append(found)
        return pictures, [torch.cat([deep[level - depth][depth] for depth in range(min(level + 1, DEEP))], 1) for level in range(LEVELS)]

    def motion(self, here: Pyramid, there: Pyramid) -> Pyramid:
        """Of the fused levels, the finest first: (1, 2, h, w), where each place of the one lies in the other, as x and y steps in the level's pixels."""
        flow: torch.Tensor | None = None
        found: Pyramid = []
        for level in reversed(range(LEVELS)):
            seen = there[level]
            if flow is not None:
                flow = 2 * interpolate(flow, size=seen.shape[2:], mode="bilinear", align_corners=False)
                seen = pulled(seen, flow)
            x = torch.cat([here[level], seen], 1)
            for k in range(CONVS + 2):
                x = self._conv(f"{motion_net(level)}._convs.{k}.conv", x, bent=k < CONVS + 1)
            flow = x if flow is None else flow + x
            found.append(flow)
        return found[::-1][:FUSED]

    def fuse(self, aligned: Pyramid) -> torch.Tensor:
        """(1, 3, H, W) of what was brought to one moment."""
        x = aligned[-1]
        for level in reversed(range(FUSED - 1)):
            name = f"fuse.convs.{FUSED - 2 - level}"
            x = self._conv(f"{name}.0.conv", interpolate(x, size=aligned[level].shape[2:], mode="nearest"), bent=False)
            x = self._conv(f"{name}.2.conv", self._conv(f"{name}.1.conv", torch.cat([aligned[level], x], 1)))
        return self._conv("fuse.output_conv", x, bent=False)


def pulled(picture: torch.Tensor, flow: torch.Tensor) -> torch.Tensor:
    """What lies at the end of each place's arrow (x, y), in pixels; beyond the rim, what is nearest."""
    height, width = flow.shape[2:]
    x = torch.arange(width, device=flow.device) + 0.5 + flow[:, 0].float()
    y = torch.arange(height, device=flow.device)[:, None] + 0.5 + flow[:, 1].float()
    places = torch.stack([2 * x / width - 1, 2 * y / height - 1], -1)
    return grid_sample(picture.float(), places, mode="bilinear", padding_mode="border", align_corners=False).to(picture.dtype)


class Film:
    """FILM from a folder; half-size numbers on a graphics card."""

    def __init__(self, expert: Expert, device: torch.device | str = "cpu") -> None:
        from safetensors.torch import load_file

        file = expert.folder / FILM_FILE
        header = {name: tuple(shape) for name, (_, shape) in inspect(file).items()}
        try:
            wide = header["extract.extract_sublevels.convs.0.0.conv.weight"][0]
            motion = tuple(header[f"{motion_net(level)}._convs.0.conv.weight"][0] for level in range(OWN + 1))
        except KeyError as error:
            raise ModelUnavailable(f"{file.name} is not FILM", why=f"it has no {error.args[0]}", fix="fetch it again") from error
        wanted = published(Sizes(wide, motion))
        other = sorted(name for name in wanted.keys() | header.keys() if wanted.get(name) != header.get(name))
        if other:
            raise ModelUnavailable(f"{file.name} is not FILM", why=f"{len(other)} weights differ, the first is {other[0][:60]}", fix="fetch it again")
        state = load_file(file)
        check_finite(state, file.name)
        kind = torch.float32 if torch.device(device).type == "cpu" else torch.float16
        self.net = FilmNet({name: weight.to(device, kind) for name, weight in state.items()})
        self.components: dict[str, Any] = {"model": self.net}
        self.device, self.kind = device, kind

    def tensor(self, picture: np.ndarray) -> torch.Tensor:
        """(H, W, 3) uint8 -> (1, 3, H', W') in 0..1, its rim repeated up to what the net takes."""
        height, width = picture.shape[:2]
        padded = np.pad(picture, ((0, -height % ALIGN), (0, -width % ALIGN), (0, 0)), mode="edge")
        return torch.from_numpy(padded).permute(2, 0, 1)[None].to(self.device, self.kind) / 255


class Learned:
    """How pairs of frames are gone between (`engine.vision.interpolation.Passing`). short: memory ran out, and some pairs were gone between along their optical flow."""

    def __init__(self, film: Film) -> None:
        self.film, self.short = film, False

    def __call__(self, first: np.ndarray, second: np.ndarray) -> LearnedPair:
        return LearnedPair(self.film, first, second, self._ran_short)

    def _ran_short(self) -> None:
        self.short = True


@dataclass(frozen=True)
class LearnedPair:
    """Two neighbouring frames, (H, W, 3) uint8 each, and everything between them. A cut stays a cut."""

    film: Film
    first: np.ndarray
    second: np.ndarray
    short: Callable[[], None]

    @cached_property
    def flow(self) -> Between:
        """The same pair without a net."""
        return Between(self.first, self.second)

    @cached_property
    def seen(self) -> tuple[tuple[Pyramid, Pyramid], tuple[Pyramid, Pyramid], Pyramid, Pyramid]:
        """What is found once: pictures and features of both, the motion from the first to the second, and back."""
        one, two = (self.film.net.look(self.film.tensor(picture)) for picture in (self.first, self.second))
        return one, two, self.film.net.motion(one[1], two[1]), self.film.net.motion(two[1], one[1])

    def at(self, share: float) -> np.ndarray:
        """(H, W, 3) uint8 at a share of the way, 0 (the first frame) to 1 (the second)."""
        if share <= 0 or share >= 1 or self.flow.cut:
            return self.flow.at(share)
        try:
            with torch.no_grad():
                return self._drawn(share)
        except torch.OutOfMemoryError:
            self.short()
            return self.flow.at(share)

    def _drawn(self, share: float) -> np.ndarray:
        one, two, forth, back = self.seen
        aligned = []
        for level in range(FUSED):
            to_first, to_second = share * back[level], (1 - share) * forth[level]
            brought = [pulled(torch.cat([pictures[level], features[level]], 1), along) for (pictures, features), along in ((one, to_first), (two, to_second))]
            aligned.append(torch.cat([*brought, to_first, to_second], 1))
        height, width = self.first.shape[:2]
        picture = self.film.net.fuse(aligned)[0, :, :height, :width].float().clamp(0, 1).permute(1, 2, 0).cpu().numpy()
        return np.ascontiguousarray(np.rint(255 * picture).astype(np.uint8))
