"""Layers, the scene that they make, and the workbench on which a scene is built from the back to the front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from engine.world import shapes
from engine.world.palette import Colour, Sky, rgb
from engine.world.paper import Box, Cut, Paint, cut, painted, shadow

Kind = Literal["paper", "shadow", "light"]
Within = Literal["", "piece", "thing"]


@dataclass(frozen=True)
class Layer:
    """One layer of a scene. rgba: (h, w, 4) uint8, straight alpha, sRGB, on `box` of the picture.

    depth: distance from the viewer, 0 in front to 1 for the sky. kind: paper has a place in depth; shadow and light only change colours.
    """

    name: str
    rgba: np.ndarray
    box: Box
    depth: float
    kind: Kind = "paper"


@dataclass(frozen=True)
class Scene:
    """A finished picture as layers from back to front; the picture is nothing but these layers laid over each other."""

    name: str
    width: int
    height: int
    layers: tuple[Layer, ...]

    def render(self) -> np.ndarray:
        """(H, W, 3) uint8 sRGB: each layer over what lies behind it, `c + (layer - c) * alpha`, rounded once at the end."""
        picture = np.zeros((self.height, self.width, 3), np.float32)
        for layer in self.layers:
            behind = picture[layer.box]
            behind += (layer.rgba[..., :3].astype(np.float32) - behind) * (layer.rgba[..., 3:].astype(np.float32) / 255.0)
        return np.clip(np.round(picture), 0, 255).astype(np.uint8)

    def layer(self, name: str) -> Layer:
        """The layer of that name; `KeyError` names those that there are."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"{name!r} is not a layer of {self.name}: {', '.join(one.name for one in self.layers)}")

    def alpha(self, name: str) -> np.ndarray:
        """(H, W) float32 in 0..1: the whole extent of a layer, whether or not something lies before it."""
        layer = self.layer(name)
        out = np.zeros((self.height, self.width), np.float32)
        out[layer.box] = layer.rgba[..., 3].astype(np.float32) / 255.0
        return out

    def visible(self, name: str) -> np.ndarray:
        """(H, W) float32 in 0..1: how much of each pixel is this paper layer, after the papers in front of it."""
        share = self.alpha(name)
        above = False
        for layer in self.layers:
            if above and layer.kind == "paper":
                share[layer.box] *= 1 - layer.rgba[..., 3].astype(np.float32) / 255.0
            above = above or layer.name == name
        return share

    def depth(self) -> np.ndarray:
        """(H, W) float32 in 0..1: the depth of the foremost paper that covers at least half of the pixel."""
        out = np.ones((self.height, self.width), np.float32)
        for layer in self.layers:
            if layer.kind == "paper":
                out[layer.box][layer.rgba[..., 3] >= 128] = layer.depth
        return out


@dataclass
class Piece:
    """A part of a thing made of several papers. outline in the thing's own units; lift in 1/1000 of the thing's size.

    within: "piece" cuts it off where the last free piece ends (a stripe on a hull), "thing" where all pieces below it end.
    alpha: below 1 for tracing paper.
    """

    outlines: list[np.ndarray]
    paint: Paint
    lift: float = 12.0
    within: Within = ""
    holes: list[np.ndarray] = field(default_factory=list)
    alpha: float = 1.0


@dataclass
class Cutout:
    """A thing drawn about its own origin in its own units (its size is about 1), ready to be placed anywhere."""

    pieces: list[Piece] = field(default_factory=list)

    def add(
        self,
        outline: shapes.Points,
        *colours: Colour,
        lift: float = 12.0,
        within: Within = "",
        holes: Sequence[shapes.Points] = (),
        alpha: float = 1.0,
        angle: float = 90.0,
        edge: float = 1.0,
        glow: float = 0.0,
        grain: float = 1.0,
    ) -> Cutout:
        """Lay one more paper on top. Several colours blend along `angle`."""
        return self.join(
            [outline], *colours, lift=lift, within=within, holes=holes, alpha=alpha, angle=angle, edge=edge, glow=glow, grain=grain
        )

    def join(
        self,
        outlines: Sequence[shapes.Points],
        *colours: Colour,
        lift: float = 12.0,
        within: Within = "",
        holes: Sequence[shapes.Points] = (),
        alpha: float = 1.0,
        angle: float = 90.0,
        edge: float = 1.0,
        glow: float = 0.0,
        grain: float = 1.0,
    ) -> Cutout:
        """Lay one more paper on top that is the union of several outlines."""
        paint = Paint(colours, angle, grain, edge, glow)
        self.pieces.append(Piece([shapes.polygon(o) for o in outlines], paint, lift, within, [shapes.polygon(h) for h in holes], alpha))
        return self

    def extend(
        self, other: Cutout, x: float = 0.0, y: float = 0.0, *, scale: float | tuple[float, float] = 1.0, angle: float = 0.0
    ) -> Cutout:
        """Lay another thing on this one, moved and turned; a negative x scale mirrors it."""
        for piece in other.pieces:
            where = {"scale": scale, "angle": angle}
            outlines, holes = shapes.all_moved(piece.outlines, x, y, **where), shapes.all_moved(piece.holes, x, y, **where)  # type: ignore[arg-type]
            lift = piece.lift * (abs(scale[1]) if isinstance(scale, tuple) else abs(scale))
            self.pieces.append(Piece(outlines, piece.paint, lift, piece.within, holes, piece.alpha))
        return self


class Diorama:
    """The workbench: sheets and things are laid from the back to the front, then `finish` gives the scene.

    Places are fractions of the picture's width and height; lengths are 1/1000 of its shorter side, so a scene keeps its look at any size.
    """

    def __init__(self, name: str, size: tuple[int, int], sky: Sky, seed: int = 0) -> None:
        self.name, self.size, self.sky = name, size, sky
        self.width, self.height = size
        self.unit = min(size) / 1000.0
        self.rng = np.random.default_rng(seed)
        self.layers: list[Layer] = []

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of a place given as fractions."""
        return x * self.width, y * self.height

    def px(self, length: float) -> float:
        """Pixels of a length given in 1/1000 of the shorter side."""
        return length * self.unit

    def sheet(
        self,
        name: str,
        outlines: Sequence[np.ndarray],
        paint: Paint,
        depth: float,
        *,
        holes: Sequence[np.ndarray] = (),
        lift: float = 12.0,
        dark: float = 0.5,
        halo: float = 0.35,
    ) -> None:
        """One sheet of paper (outlines in pixels) with the shadow that it casts. lift: its height above the sheet behind."""
        piece = cut(outlines, self.size, holes=holes, margin=max(3, int(self.px(10))))
        if piece is None:
            return
        self._shadow(name, piece, depth, lift, dark, halo)
        colour = painted(piece, paint, self._offset(), self.unit)
        self._lay(name, colour, piece.mask, piece.box, depth, "paper")

    def place(
        self,
        name: str,
        thing: Cutout,
        x: float,
        y: float,
        size: float,
        depth: float,
        *,
        angle: float = 0.0,
        flip: bool = False,
        lift: float = 12.0,
        dark: float = 0.5,
        halo: float = 0.3,
    ) -> None:
        """A cut-out thing with its origin at the fractions (x, y), `size` long per unit of its own, turned clockwise by `angle`."""
        made = self.assembled(thing, self.at(x, y), self.px(size), angle, flip)
        if made is None:
            return
        colour, piece = made
        self._shadow(name, piece, depth, lift, dark, halo)
        self._lay(name, colour, piece.mask, piece.box, depth, "paper")

    def glow(
        self, name: str, x: float, y: float, radius: float, strength: float, depth: float, colour: Colour | None = None, power: float = 2.0
    ) -> None:
        """Light in the air about a place: strongest there, gone at `radius`."""
        (cx, cy), reach = self.at(x, y), self.px(radius)
        left, right = max(int(cx - reach), 0), min(int(cx + reach) + 1, self.width)
        top, bottom = max(int(cy - reach), 0), min(int(cy + reach) + 1, self.height)
        if left >= right or top >= bottom:
            return
        rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32) + np.float32(0.5)
        near = np.clip(1 - np.hypot(columns - cx, rows - cy) / reach, 0, 1) ** power
        self.light(name, Cut((strength * near).astype(np.float32), (slice(top, bottom), slice(left, right))), colour, depth)

    def light(self, name: str, area: Cut, colour: Colour | None, depth: float) -> None:
        """A colour laid over everything behind, as strong as the area's mask says."""
        flat = np.broadcast_to(rgb(self.sky.light if colour is None else colour).astype(np.float32), (*area.mask.shape, 3))
        self._lay(name, flat, area.mask, area.box, depth, "light")

    def finish(self, *, vignette: float = 0.34, warmth: float = 0.10) -> Scene:
        """The scene: a breath of lamp light from the upper left, a gentle darkening of the corners, and done."""
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        x, y = (x + 0.5) / self.width - 0.5, (y + 0.5) / self.height - 0.5
        whole = (slice(0, self.height), slice(0, self.width))
        if warmth > 0:
            lamp = np.clip(1 - np.hypot(x + 0.42, y + 0.5) / 1.05, 0, 1) ** 2
            self.light("lamp light", Cut(warmth * lamp, whole), self.sky.light, 0.0)
        if vignette > 0:
            ring = np.clip((np.hypot(x * 1.02, y * 1.02) - 0.34) / 0.42, 0, 1) ** 2
            self._lay("vignette", self._flat(ring.shape), vignette * ring, whole, 0.0, "shadow")
        return Scene(self.name, self.width, self.height, tuple(self.layers))

    def assembled(
        self, thing: Cutout, origin: tuple[float, float], size: float, angle: float, flip: bool
    ) -> tuple[np.ndarray, Cut] | None:
        """(h, w, 3) colours and the silhouette of a thing: pieces over each other, each with a small shadow on those below."""
        where = {"scale": (-size if flip else size, size), "angle": angle}
        placed = [shapes.all_moved(piece.outlines, *origin, **where) for piece in thing.pieces]  # type: ignore[arg-type]
        whole = cut([outline for outlines in placed for outline in outlines], self.size, margin=max(3, int(self.px(10))))
        if whole is None:
            return None
        colour = np.zeros((*whole.mask.shape, 3), np.float32)
        alpha = np.zeros(whole.mask.shape, np.float32)
        base = np.zeros(whole.mask.shape, np.float32)
        dark = rgb(self.sky.shadow).astype(np.float32)
        for piece, outlines in zip(thing.pieces, placed, strict=True):
            part = cut(outlines, self.size, holes=shapes.all_moved(piece.holes, *origin, **where), margin=2)  # type: ignore[arg-type]
            if part is None:
                continue
            part, here = _clipped(part, whole.box)
            ground = alpha if piece.within == "thing" else base
            if piece.within:
                part = Cut(part.mask * ground[here], part.box)
            fallen = shadow(part, self.size, piece.lift * size / 1000, 0.42, 0.3)
            if fallen is not None:
                fallen, there = _clipped(fallen, whole.box)
                reach = fallen.mask * ground[there] if piece.within else fallen.mask
                colour[there] += (dark - colour[there]) * reach[..., None]
            over = painted(part, piece.paint, self._offset(), self.unit)
            cover = part.mask * piece.alpha
            if piece.within:
                colour[here] += (over - colour[here]) * _share(cover, alpha[here])[..., None]
                continue
            total = cover + alpha[here] * (1 - cover)
            colour[here] = np.where(
                total[..., None] > 1e-4,
                (over * cover[..., None] + colour[here] * (alpha[here] * (1 - cover))[..., None]) / np.maximum(total, 1e-4)[..., None],
                over,
            )
            alpha[here] = total
            base[:] = 0
            base[here] = part.mask
        return colour, Cut(alpha, whole.box)

    def _shadow(self, name: str, piece: Cut, depth: float, lift: float, dark: float, halo: float) -> None:
        fallen = shadow(piece, self.size, self.px(lift), dark, halo)
        if fallen is not None:
            self._lay(f"{name} shadow", self._flat(fallen.mask.shape), fallen.mask, fallen.box, depth, "shadow")

    def _flat(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.broadcast_to(rgb(self.sky.shadow).astype(np.float32), (*shape, 3))

    def _offset(self) -> tuple[int, int]:
        first, second = self.rng.integers(0, 4096, 2)
        return int(first), int(second)

    def _lay(self, name: str, colour: np.ndarray, alpha: np.ndarray, box: Box, depth: float, kind: Kind) -> None:
        rgba = np.concatenate([colour, alpha[..., None]], axis=2)
        self.layers.append(Layer(name, cv2.convertScaleAbs(rgba, alpha=255.0), box, depth, kind))


def _clipped(piece: Cut, box: Box) -> tuple[Cut, Box]:
    """The part of a piece that lies within the box, and its place counted from the box's corner."""
    (rows, columns), (outer_rows, outer_columns) = piece.box, box
    top, bottom = max(rows.start, outer_rows.start), min(rows.stop, outer_rows.stop)
    left, right = max(columns.start, outer_columns.start), min(columns.stop, outer_columns.stop)
    mask = piece.mask[top - rows.start : bottom - rows.start, left - columns.start : right - columns.start]
    local = (slice(top - outer_rows.start, bottom - outer_rows.start), slice(left - outer_columns.start, right - outer_columns.start))
    return Cut(mask, (slice(top, bottom), slice(left, right))), local


def _share(cover: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """How much of the visible paper a clipped piece takes; `cover` already holds the factor `alpha`."""
    return np.where(alpha > 1e-4, cover / np.maximum(alpha, 1e-4), 0.0)
