"""Things that stand still: trees, houses, church, street lamp, lighthouse, launch tower, smoke, corals, seaweed. Each is a `Cutout`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from engine.world import shapes
from engine.world.diorama import Cutout
from engine.world.palette import Colour, lighter, mix

GLASS = ("#ffe79a", "#ffb94c")
"""A window with a lamp behind it, top and bottom."""


def pine(green: Colour = "#2d5d59", *, snow: Colour | None = None, tiers: int = 4) -> Cutout:
    """A conifer 1 high, the origin at its foot; `snow` lies on each tier."""
    thing = Cutout().add(shapes.ribbon([[0, 0.0], [0, -0.24]], [0.075, 0.05]), "#6a4633", "#49302a", lift=5)
    for k in range(tiers):
        share = k / (tiers - 1)
        low, tall, wide = -0.12 - 0.62 * share, 0.40 - 0.10 * share, 0.30 - 0.165 * share
        teeth = np.linspace(-1, 1, 7)
        hem = np.stack([wide * teeth, low + np.where(np.arange(7) % 2 == 0, 0.022, -0.016) + 0.018 * (1 - teeth**2)], 1)
        shade = lighter(green, 0.045 * share)
        thing.add(np.concatenate([hem[::-1], [[0.0, low - tall]]]), lighter(shade, 0.04), lighter(shade, -0.05), lift=20)
        if snow is not None:
            drip = np.stack([0.60 * wide * teeth, low - 0.40 * tall + 0.036 * (np.arange(7) % 2) + 0.03 * (1 - teeth**2)], 1)
            cap = np.concatenate([shapes.smooth(drip, closed=False, per=5)[::-1], [[0.0, low - tall - 0.004]]])
            thing.add(cap, snow, mix(snow, "#8fa5cf", 0.28), lift=6)
    return thing


def round_tree(green: Colour = "#5f8f4e", trunk: Colour = "#6b4532", *, seed: int = 0) -> Cutout:
    """A leafy tree 1 high, the origin at its foot."""
    rng = np.random.default_rng(seed)
    thing = Cutout().add(
        shapes.ribbon([[0, 0.02], [0.01, -0.3], [0, -0.55]], [0.085, 0.05, 0.03]), lighter(trunk, 0.04), lighter(trunk, -0.04), lift=8
    )
    for x, y, r, shade in ((0.14, -0.52, 0.24, -0.05), (-0.15, -0.56, 0.24, -0.02), (0.02, -0.72, 0.27, 0.02), (-0.03, -0.56, 0.17, 0.06)):
        leaf = lighter(green, shade)
        thing.add(shapes.blob(x, y, r, rng, rough=0.05, lobes=9), lighter(leaf, 0.05), lighter(leaf, -0.05), lift=14)
    return thing


def house(
    wall: Colour = "#c9604a",
    roof: Colour = "#5a3f52",
    *,
    snow: Colour | None = None,
    lit: bool = True,
    wide: float = 1.0,
    floors: int = 1,
    door: Colour = "#6d3b32",
) -> Cutout:
    """A gabled house, `wide` wide and about 1.1 high (0.36 more for each further floor), the origin at the middle of its ground line."""
    thing, half, eave = Cutout(), wide / 2, -0.52 - 0.36 * (floors - 1)
    ridge = eave - 0.52
    glass = GLASS if lit else ("#7d93b8", "#566a92")
    thing.add(
        shapes.rounded_box(half * 0.36, ridge - 0.02, half * 0.62, eave - 0.05, 0.01), lighter(wall, -0.12), lighter(wall, -0.18), lift=8
    )
    if snow is not None:
        thing.add(shapes.rounded_box(half * 0.31, ridge - 0.065, half * 0.67, ridge + 0.005, 0.03), snow, lift=6)
    thing.add(
        [[-half * 0.9, 0.02], [-half * 0.9, eave], [0, ridge + 0.03], [half * 0.9, eave], [half * 0.9, 0.02]],
        lighter(wall, 0.04),
        wall,
        lighter(wall, -0.06),
        lift=14,
    )

    def window(x: float, y: float, w: float, h: float) -> None:
        thing.add(
            shapes.rounded_box(x - w / 2 - 0.022, y - h / 2 - 0.022, x + w / 2 + 0.022, y + h / 2 + 0.022, 0.008),
            "#f5ead6",
            "#d9c8b2",
            lift=8,
        )
        thing.add(shapes.rounded_box(x - w / 2, y - h / 2, x + w / 2, y + h / 2, 0.004), *glass, lift=0, glow=0.9 if lit else 0.0, edge=0.2)
        thing.add(shapes.ribbon([[x, y - h / 2], [x, y + h / 2]], 0.014), "#e8d8bf", lift=3, edge=0.4)
        thing.add(shapes.ribbon([[x - w / 2, y], [x + w / 2, y]], 0.014), "#e8d8bf", lift=3, edge=0.4)
        if snow is not None:
            thing.add(shapes.rounded_box(x - w / 2 - 0.045, y + h / 2 + 0.004, x + w / 2 + 0.045, y + h / 2 + 0.042, 0.02), snow, lift=5)

    for floor in range(floors):
        y = -0.32 - 0.36 * floor
        for x in (-0.52 * half, 0.52 * half):
            window(x, y, 0.19 * min(wide, 1.2), 0.22)
    if floors > 1 or wide > 1.1:
        window(0.0, -0.32 - 0.36 * (floors - 1), 0.19, 0.22)
    if not (floors == 1 and wide > 1.1):
        thing.add(
            np.concatenate([[[-0.1, 0.02], [-0.1, -0.2]], shapes.circle(0, -0.2, 0.1, count=40)[20:], [[0.1, -0.2], [0.1, 0.02]]]),
            lighter(door, 0.04),
            lighter(door, -0.05),
            lift=6,
        )
        thing.add(shapes.circle(0.06, -0.12, 0.014, count=16), "#f0c463", lift=2)
    thing.add(shapes.circle(0, eave - 0.17, 0.085, count=40), "#f5ead6", "#d9c8b2", lift=6)
    thing.add(shapes.circle(0, eave - 0.17, 0.062, count=40), *glass, lift=0, glow=0.9 if lit else 0.0, edge=0.2)
    slope = [[-half * 1.09, eave + 0.09], [0, ridge], [half * 1.09, eave + 0.09]]
    thing.add(
        [*slope, [half * 1.0, eave + 0.145], [0, ridge + 0.125], [-half * 1.0, eave + 0.145]],
        lighter(roof, 0.04),
        lighter(roof, -0.04),
        lift=14,
    )
    if snow is not None:
        left = shapes.smooth(
            [
                [0, ridge + 0.05],
                [-half * 0.35, ridge + 0.225],
                [-half * 0.62, ridge + 0.36],
                [-half * 0.86, ridge + 0.535],
                [-half * 1.02, eave + 0.125],
            ],
            closed=False,
            per=6,
        )
        outer = np.concatenate(
            [shapes.smooth([[-half * 1.13, eave + 0.095], [-half * 0.55, ridge + 0.20], [0, ridge - 0.05]], closed=False)]
        )
        cap = np.concatenate([outer, outer[::-1] * (-1, 1), left[::-1] * (-1, 1), left])
        thing.add(cap, snow, mix(snow, "#9db2da", 0.3), lift=10)
    return thing


def church(wall: Colour = "#d9cbbd", roof: Colour = "#49506f", *, snow: Colour | None = None) -> Cutout:
    """A village church: a nave and a tower with a spire, 1.7 high, the origin at the foot of the tower."""
    thing = Cutout()
    thing.add([[0.1, 0.02], [0.1, -0.36], [0.82, -0.36], [0.82, 0.02]], lighter(wall, -0.03), lighter(wall, -0.08), lift=10)
    for x in (0.34, 0.54, 0.73):
        thing.add(
            np.concatenate(
                [
                    [[x - 0.045, -0.08], [x - 0.045, -0.22]],
                    shapes.circle(x, -0.22, 0.045, count=24)[12:],
                    [[x + 0.045, -0.22], [x + 0.045, -0.08]],
                ]
            ),
            *GLASS,
            lift=0,
            glow=0.9,
            edge=0.2,
        )
    white = roof if snow is None else snow
    thing.add([[0.05, -0.34], [0.14, -0.68], [0.78, -0.68], [0.88, -0.34]], lighter(white, 0.0), mix(white, "#8fa5cf", 0.3), lift=12)
    thing.add([[-0.19, 0.02], [-0.19, -0.86], [0.19, -0.86], [0.19, 0.02]], lighter(wall, 0.03), lighter(wall, -0.06), lift=14)
    thing.add(
        np.concatenate([[[-0.06, -0.56], [-0.06, -0.7]], shapes.circle(0, -0.7, 0.06, count=24)[12:], [[0.06, -0.7], [0.06, -0.56]]]),
        *GLASS,
        lift=0,
        glow=0.9,
        edge=0.2,
    )
    thing.add(shapes.circle(0, -0.40, 0.085, count=40), "#f7ecd8", lift=5)
    thing.add(shapes.ribbon([[0, -0.46], [0, -0.40], [0.045, -0.385]], 0.014), "#3b3350", lift=0, edge=0.2)
    thing.add(
        np.concatenate([[[-0.08, 0.02], [-0.08, -0.16]], shapes.circle(0, -0.16, 0.08, count=30)[15:], [[0.08, -0.16], [0.08, 0.02]]]),
        "#7a4638",
        "#5b332d",
        lift=5,
    )
    thing.add([[-0.245, -0.84], [0.0, -1.56], [0.245, -0.84]], lighter(roof, 0.05), lighter(roof, -0.04), lift=14, angle=10)
    if snow is not None:
        rim = shapes.smooth(
            [[0.03, -1.60], [0.0, -1.36], [-0.06, -1.22], [-0.055, -1.08], [-0.12, -0.98], [-0.115, -0.82]], closed=False, per=6
        )
        thing.add(np.concatenate([[[-0.3, -0.82], [-0.05, -1.6]], rim]), snow, mix(snow, "#8fa5cf", 0.3), lift=5, within="piece")
    thing.add(shapes.ribbon([[0, -1.54], [0, -1.70]], 0.018), "#e5b656", lift=4)
    thing.add(shapes.ribbon([[-0.05, -1.645], [0.05, -1.645]], 0.018), "#e5b656", lift=4)
    return thing


def street_lamp(iron: Colour = "#2a2740", *, snow: Colour | None = None) -> Cutout:
    """A street lamp 1 high, the origin at its foot; its light is at (0, -0.86)."""
    thing = Cutout()
    thing.add(shapes.ribbon([[0, 0.01], [0, -0.80]], [0.034, 0.02]), lighter(iron, 0.10), lighter(iron, 0.02), lift=8, angle=0)
    thing.add(
        shapes.smooth([[-0.062, 0.015], [-0.04, -0.05], [-0.026, -0.15], [0.026, -0.15], [0.04, -0.05], [0.062, 0.015]], per=6),
        lighter(iron, 0.07),
        iron,
        lift=6,
    )
    for side in (-1, 1):
        curl = shapes.smooth([[0, -0.66], [0.05, -0.69], [0.085, -0.735], [0.07, -0.77], [0.045, -0.755]], closed=False) * (side, 1)
        thing.add(shapes.ribbon(curl, [0.014, 0.010]), lighter(iron, 0.05), lift=5)
    thing.add([[-0.05, -0.79], [0.05, -0.79], [0.078, -0.925], [-0.078, -0.925]], "#fffbe2", "#ffdf8c", lift=6, glow=1.0)
    for x in (-0.064, 0.0, 0.064):
        thing.add(shapes.ribbon([[x * 0.8, -0.79], [x, -0.925]], 0.010), lighter(iron, 0.06), lift=2, edge=0.3)
    thing.add(shapes.rounded_box(-0.058, -0.805, 0.058, -0.78, 0.006), lighter(iron, 0.06), lift=4)
    thing.add([[-0.095, -0.92], [0.095, -0.92], [0.028, -0.99], [-0.028, -0.99]], lighter(iron, 0.12), iron, lift=8)
    thing.add(shapes.circle(0, -1.0, 0.02, count=24), lighter(iron, 0.1), lift=4)
    if snow is not None:
        thing.add(
            shapes.smooth(
                [
                    [-0.102, -0.925],
                    [-0.05, -0.985],
                    [0.0, -1.022],
                    [0.05, -0.985],
                    [0.102, -0.925],
                    [0.05, -0.945],
                    [0.0, -0.957],
                    [-0.05, -0.94],
                ]
            ),
            snow,
            mix(snow, "#9db2da", 0.2),
            lift=5,
        )
    return thing


def lighthouse(white: Colour = "#f3e6d2", red: Colour = "#c9423c") -> Cutout:
    """A lighthouse 1 high, the origin at its foot; its light is at (0, -0.85)."""
    thing = Cutout()
    thing.add(
        [[-0.13, 0.02], [-0.085, -0.76], [0.085, -0.76], [0.13, 0.02]],
        lighter(white, 0.01),
        white,
        mix(white, "#5d4d77", 0.45),
        lift=14,
        angle=0,
    )
    for low in (-0.12, -0.40, -0.66):
        thing.add(
            [[-0.3, low], [-0.3, low - 0.13], [0.3, low - 0.13], [0.3, low]],
            lighter(red, 0.03),
            red,
            mix(red, "#3a2450", 0.4),
            lift=3,
            within="piece",
            angle=0,
        )
    for y in (-0.19, -0.47):
        thing.add(shapes.rounded_box(-0.018, y - 0.07, 0.018, y, 0.016), *GLASS, lift=0, glow=0.9, edge=0.2)
    thing.add(shapes.rounded_box(-0.125, -0.785, 0.125, -0.75, 0.01), "#4a4160", "#342c47", lift=8)
    thing.add(shapes.rounded_box(-0.065, -0.92, 0.065, -0.78, 0.01), "#fffbe0", "#ffe08f", lift=5, glow=1.0)
    for x in (-0.062, 0.0, 0.062):
        thing.add(shapes.ribbon([[x, -0.92], [x, -0.78]], 0.01), "#4a4160", lift=2, edge=0.3)
    thing.add(
        np.concatenate([shapes.circle(0, -0.915, 0.09, squash=0.95, count=40)[20:], [[0.09, -0.91], [-0.09, -0.91]]]),
        lighter(red, 0.03),
        lighter(red, -0.06),
        lift=8,
    )
    thing.add(shapes.circle(0, -1.005, 0.016, count=20), red, lift=4)
    return thing


def launch_tower(iron: Colour = "#b9584a") -> Cutout:
    """A launch tower of struts, 1 high and 0.2 wide with an arm to the right at 0.62, the origin at its foot."""
    thing, w = Cutout(), 0.075
    levels = np.linspace(0.0, -0.92, 9)
    for a, b in pairwise(levels):
        thing.add(shapes.ribbon([[-w, a], [w, b]], 0.011), lighter(iron, -0.10), lift=4, edge=0.5)
        thing.add(shapes.ribbon([[w, a], [-w, b]], 0.011), lighter(iron, -0.06), lift=4, edge=0.5)
    for y in levels[1:]:
        thing.add(shapes.ribbon([[-w - 0.012, y], [w + 0.012, y]], 0.017), iron, lift=5)
    for x in (-w, w):
        thing.add(shapes.ribbon([[x, 0.01], [x, -0.94]], 0.022), lighter(iron, 0.05), lighter(iron, -0.04), lift=7)
    for y, long in ((-0.40, 0.16), (-0.64, 0.16)):
        thing.add(shapes.ribbon([[w, y], [w + long, y]], 0.022), lighter(iron, 0.03), lift=7)
        thing.add(shapes.ribbon([[w, y + 0.06], [w + long * 0.8, y + 0.006]], 0.010), lighter(iron, -0.06), lift=3)
    thing.add(shapes.rounded_box(-w - 0.03, -0.975, w + 0.03, -0.93, 0.01), lighter(iron, 0.06), lighter(iron, -0.03), lift=8)
    thing.add(shapes.ribbon([[0, -0.97], [0, -1.10]], [0.014, 0.006]), iron, lift=5)
    thing.add(shapes.circle(0, -1.10, 0.014, count=24), "#ff6a4d", lift=2, glow=0.9)
    return thing


def smoke(colours: Sequence[Colour], *, seed: int, wide: float = 1.0, tall: float = 0.45, dip: float = 0.0) -> Cutout:
    """A bank of smoke `wide` by `tall`, the origin at the middle of its base: one billowing sheet per colour, from the back to the front.

    dip: how far the crest sinks in the middle, as a fraction of `tall` (where the flame strikes it).
    """
    rng = np.random.default_rng(seed)
    thing = Cutout()
    for k, colour in enumerate(colours):
        share = k / max(len(colours), 1)
        puffs, count = [], 11 + 2 * k
        for x in np.linspace(-0.5, 0.5, count) + rng.uniform(-0.02, 0.02, count):
            crest = tall * (1 - 0.78 * share) * (1 - 0.5 * (2 * x) ** 2 - dip * np.exp(-((x / 0.13) ** 2)))
            r = wide * rng.uniform(0.042, 0.078) * (1 - 0.25 * share)
            puffs += [
                shapes.circle(x * wide, -crest + r, r),
                shapes.circle((x + rng.uniform(-0.03, 0.03)) * wide, -0.5 * crest + r, r * 1.25),
            ]
        slab = np.stack(
            [
                np.linspace(-0.5, 0.5, 30),
                -tall
                * (1 - 0.78 * share)
                * (0.86 - 0.5 * np.linspace(-1, 1, 30) ** 2 - dip * np.exp(-((np.linspace(-0.5, 0.5, 30) / 0.13) ** 2)))
                + 0.025 * wide,
            ],
            1,
        )
        slab[:, 0] *= wide
        thing.join([*puffs, shapes.under(slab, 0.04)], lighter(colour, 0.05), colour, lighter(colour, -0.07), lift=15)
    return thing


def coral(colour: Colour = "#ef6f82", *, seed: int = 0, depth: int = 4, spread: float = 30.0, thick: float = 0.085) -> Cutout:
    """A branching coral about 1 high, the origin at its foot: all branches one sheet, with ridges laid on the thick ones."""
    rng = np.random.default_rng(seed)
    levels: list[list[np.ndarray]] = [[] for _ in range(depth)]
    ridges: list[np.ndarray] = []

    def grow(x: float, y: float, angle: float, long: float, wide: float, level: int) -> None:
        bend = rng.uniform(-10, 10)
        tip = (x + long * np.sin(np.deg2rad(angle)), y - long * np.cos(np.deg2rad(angle)))
        mid = (x + 0.5 * long * np.sin(np.deg2rad(angle + bend)), y - 0.5 * long * np.cos(np.deg2rad(angle + bend)))
        levels[level] += [
            shapes.ribbon(shapes.smooth([[x, y], mid, tip], closed=False, per=6), [wide, wide * 0.72]),
            shapes.circle(*tip, wide * 0.42, count=24),
        ]
        if level + 1 < depth:
            ridges.append(
                shapes.ribbon(shapes.smooth([[x, y], mid, tip], closed=False, per=6)[2:-2], [wide * 0.10, wide * 0.26, wide * 0.08])
            )
            for side in rng.permutation([-1.0, 1.0] if level else [-1.0, 0.0, 1.0]):
                grow(*tip, angle + side * spread * rng.uniform(0.75, 1.2), long * rng.uniform(0.66, 0.84), wide * 0.74, level + 1)

    grow(0.0, 0.02, 0.0, 0.33, thick, 0)
    thing = Cutout()
    thing.join([part for level in levels for part in level], lighter(colour, 0.06), colour, lighter(colour, -0.07), lift=10)
    thing.join(ridges, lighter(colour, 0.10), lighter(colour, 0.04), lift=4, edge=0.7)
    return thing


def seaweed(colour: Colour = "#2f8f6b", *, seed: int = 0, blades: int = 3) -> Cutout:
    """Ribbons of seaweed about 1 high with leaves to both sides, the origin at their foot."""
    rng = np.random.default_rng(seed)
    thing = Cutout()
    for k in range(blades):
        tall, foot, phase = rng.uniform(0.72, 1.0), rng.uniform(-0.07, 0.07), rng.uniform(0, 2 * np.pi)
        t = np.linspace(0, 1, 30)
        x = foot + 0.055 * np.sin(2.2 * np.pi * t + phase) * (0.3 + t) + (k - (blades - 1) / 2) * 0.13 * t
        line = np.stack([x, -tall * t], 1)
        shade = lighter(colour, 0.05 * (k - 1))
        for i in range(3, 28, 3):
            side = 1 if i % 2 else -1
            size = 0.17 * (1 - 0.55 * t[i])
            lean = -90 + side * 46
            dx, dy = np.cos(np.deg2rad(lean)) * size / 2, np.sin(np.deg2rad(lean)) * size / 2
            thing.add(
                shapes.lens(line[i, 0] + dx, line[i, 1] + dy, size, size * 0.36, angle=lean),
                lighter(shade, 0.03),
                lighter(shade, -0.04),
                lift=7,
            )
        thing.add(shapes.ribbon(line, [0.034, 0.024, 0.008]), lighter(shade, 0.05), lighter(shade, -0.04), lift=8)
    return thing


def brain_coral(colour: Colour = "#b48bd0", *, seed: int = 0) -> Cutout:
    """A round coral of nested arches, 1 wide and 0.55 high, the origin at the middle of its base."""
    rng = np.random.default_rng(seed)
    thing = Cutout()
    for k, radius in enumerate(np.linspace(0.5, 0.1, 6)):
        arch = shapes.blob(0.02 * k, 0.05, radius, rng, rough=0.02, lobes=7)
        arch[:, 1] = np.minimum(arch[:, 1], 0.06)
        shade = lighter(colour, 0.045 * k - 0.1)
        thing.add(arch, lighter(shade, 0.04), lighter(shade, -0.05), lift=13)
    return thing
