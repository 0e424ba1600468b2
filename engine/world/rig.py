"""Things with moving parts: what a part is, how joints turn with time, how a thing is cut into sheets. The things are the cast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from engine.world.diorama import Cutout, Diorama
from engine.world.palette import Colour, Sky, lighter, mix, rgb
from engine.world.paper import Cut, blur, shadow
from engine.world.sheets import CACHE, Matrix, about, pack, shift, stretch, turn

MIRROR = stretch(-1.0, 1.0)


@dataclass(frozen=True)
class Clock:
    """Where a thing is in its motion. time: seconds; way: distance travelled in its own units (forwards is positive);
    pace: 1 when it is busy, less at rest; phase: radians that set it apart from its neighbours."""

    time: float
    way: float
    pace: float
    phase: float


Joint = Callable[[Clock], Matrix]
"""A part's own motion, in the thing's units while it looks to the right."""


def swing(x: float, y: float, degrees: float, hz: float, *, phase: float = 0.0, rest: float = 0.0, always: bool = False) -> Joint:
    """Turns to and fro about (x, y): a leg, a tail, a sail. rest: degrees about which it turns; always: also when at rest."""

    def joint(clock: Clock) -> Matrix:
        reach = degrees if always else degrees * clock.pace
        return about(x, y, turn(rest + reach * np.sin(2 * np.pi * hz * clock.time + phase + clock.phase)))

    return joint


def roll(x: float, y: float, radius: float) -> Joint:
    """A wheel that rolls without slipping."""
    return lambda clock: about(x, y, turn(np.rad2deg(clock.way / radius)))


def spin(x: float, y: float, hz: float) -> Joint:
    """Turns on and on: a windmill, a pedal."""
    return lambda clock: about(x, y, turn(360 * hz * clock.time + np.rad2deg(clock.phase)))


def squeeze(x: float, y: float, sx: float, sy: float, hz: float, *, phase: float = 0.0) -> Joint:
    """Breathes between whole and (sx, sy) of its size about (x, y): beating wings seen flat, a propeller, a flame."""

    def joint(clock: Clock) -> Matrix:
        share = 0.5 - 0.5 * np.cos(2 * np.pi * hz * clock.time + phase + clock.phase)
        return about(x, y, stretch(1 + (sx - 1) * share, 1 + (sy - 1) * share))

    return joint


def lean(y: float, amount: float, hz: float, *, phase: float = 0.0) -> Joint:
    """Shears sideways about the height y: a crown in the wind, a bellied sail."""

    def joint(clock: Clock) -> Matrix:
        k = amount * np.sin(2 * np.pi * hz * clock.time + phase + clock.phase)
        return np.array([[1.0, -k, k * y], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])

    return joint


def fixed(_: Clock) -> Matrix:
    """A part that moves with the whole thing only."""
    return np.eye(3)


@dataclass(frozen=True)
class Limb:
    """One part of a thing: its papers, its joint, how high it lies above the part behind (in 1/1000 of the thing's units)."""

    cutout: Cutout
    joint: Joint = fixed
    lift: float = 14.0


@dataclass
class Actor:
    """A thing of several parts, from back to front, looking to the right.

    box: (left, top, right, bottom) in its own units; foot: y at which it touches ground or water.
    """

    box: tuple[float, float, float, float]
    foot: float
    limbs: list[Limb] = field(default_factory=list)
    bank: float = 0.0
    """Degrees by which it rocks as a whole (a boat on the waves)."""
    hop: float = 0.0
    """How much it bobs while it moves, in its own units."""

    def part(self, joint: Joint = fixed, lift: float = 14.0) -> Cutout:
        """A new part in front of the others, to be drawn on."""
        cutout = Cutout()
        self.limbs.append(Limb(cutout, joint, lift))
        return cutout

    @property
    def unit(self) -> float:
        """The length that `size` measures: the height, or 1/1.3 of the width of a long thing."""
        left, top, right, bottom = self.box
        return max(bottom - top, (right - left) / 1.3)

    @property
    def middle(self) -> tuple[float, float]:
        """Centre of the box."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2


@dataclass(frozen=True)
class Tone:
    """The papers of a coloured thing: main, a light trim that differs from it, and a dark of the same family."""

    main: Colour
    trim: Colour
    dark: Colour
    lit: bool = False
    """Night: windows and lamps shine."""

    @property
    def paper(self) -> tuple[Colour, Colour, Colour]:
        """The main colour as a sheet that is a little lighter on top."""
        return lighter(self.main, 0.05), self.main, lighter(self.main, -0.06)

    @property
    def shade(self) -> tuple[Colour, Colour]:
        """The main colour in the shade: a far leg, the inside."""
        return lighter(self.main, -0.07), lighter(self.main, -0.12)

    @property
    def glass(self) -> tuple[Colour, Colour]:
        """Window panes."""
        return ("#fff3c0", "#ffdb8e") if self.lit else ("#bfe6f5", "#7fbcd8")


PAINTS: dict[str, str] = {
    "red": "#dd352c", "orange": "#f5862a", "yellow": "#fbcf33", "green": "#3fa650", "blue": "#2f6fd8", "purple": "#8148ba", "pink": "#f57fb2",
    "brown": "#8f5b39", "white": "#faf6ee", "black": "#2a2933", "grey": "#8d929d", "turquoise": "#24b5b0",
}  # fmt: skip


def tone(colour: str, *, night: bool = False) -> Tone:
    """The papers of a named colour. At night they hardly darken: a subject must be read against the sky."""
    main = rgb(PAINTS[colour])
    if night:
        main = mix(main, "#3b4aa8", 0.08)
        if colour in ("blue", "purple", "brown", "black", "green", "red"):
            main = lighter(main, 0.05)
    trims = {"white": "#c9d3e4", "yellow": "#fff4cf", "black": "#d9d6e0", "grey": "#f1eee8"}
    return Tone(main, trims.get(colour, "#fbecd2"), lighter(main, -0.16) if colour != "black" else "#17161f", night)


@dataclass(frozen=True)
class Piece:
    """A cut limb: premultiplied pixels, cover, and its rest from sheet pixels to the thing's (possibly mirrored) units."""

    pixels: np.ndarray
    cover: np.ndarray
    rest: Matrix


def cut_actor(
    key: tuple[str, ...], make: Callable[[], Actor], scale: float, unit: float, sky: Sky, *, flip: bool, glow: float
) -> tuple[Actor, list[Piece]]:
    """The thing cut at `scale` pixels per own unit, kept for the next clip. unit: pixels per 1/1000 of the picture's shorter side.

    flip: mirrored before it is cut, so that the lamp still stands at the upper left.
    glow: strength of a pale halo (night) instead of a dark one.
    """
    full = (*key, scale, unit, sky.shadow, flip, glow)

    def cut() -> tuple[Actor, list[Piece]]:
        actor = make()
        return actor, [_cut_limb(limb, scale, unit, sky, flip, glow, seed) for seed, limb in enumerate(actor.limbs)]

    return CACHE.get(full, cut, lambda made: sum(p.pixels.nbytes + p.cover.nbytes for p in made[1]))


def _cut_limb(limb: Limb, scale: float, unit: float, sky: Sky, flip: bool, glow: float, seed: int) -> Piece:
    points = np.concatenate([outline for piece in limb.cutout.pieces for outline in piece.outlines])
    if flip:
        points = points * (-1, 1)
    lift = limb.lift * scale / 1000
    pad = int(np.ceil(4 * lift)) + 4
    low, high = points.min(0), points.max(0)
    size = tuple(int(np.ceil((high - low)[i] * scale)) + 2 * pad for i in (0, 1))
    bench = Diorama("limb", size, sky, seed)  # type: ignore[arg-type]
    bench.unit = unit
    origin = (pad - low[0] * scale, pad - low[1] * scale)
    made = bench.assembled(limb.cutout, origin, scale, 0.0, flip)
    if made is None:
        raise ValueError("a limb without outlines cannot be cut")
    colour, piece = made
    dark: Colour = sky.shadow
    fallen = shadow(piece, size, max(lift, 1.2), 0.40, 0.3)  # type: ignore[arg-type]
    if glow > 0 and fallen is not None:
        field_ = np.zeros(size[::-1], np.float32)
        field_[piece.box] = piece.mask
        fallen = Cut(np.minimum(glow * 1.6 * blur(field_, 1.1 * max(lift, 1.5)), 0.42), (slice(0, size[1]), slice(0, size[0])))
        dark = sky.light
    pixels, cover, (left, top) = pack(colour, piece, fallen, dark)
    rest = shift(-origin[0] / scale, -origin[1] / scale) @ stretch(1 / scale, 1 / scale) @ shift(left, top)
    return Piece(pixels, cover, rest)


def pose(joint: Joint, clock: Clock, flip: bool) -> Matrix:
    """A limb's motion, mirrored with the thing."""
    matrix = joint(clock)
    return MIRROR @ matrix @ MIRROR if flip else matrix
