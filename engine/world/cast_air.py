"""Things of the air with their moving parts: balloon, bird, plane, butterfly, helicopter, kite, rocket. Each looks to the right."""

from __future__ import annotations

import numpy as np

from engine.world import shapes
from engine.world.palette import lighter, mix
from engine.world.rig import Actor, Tone, lean, spin, squeeze, swing


def balloon(c: Tone) -> Actor:
    """A hot-air balloon: striped envelope, a basket that swings a little, a flame."""
    a = Actor((-0.5, -0.6, 0.5, 0.82), 0.82, hop=0.02)
    basket = a.part(swing(0, 0.45, 4, 0.5, always=True))
    for x in (-0.075, -0.03, 0.03, 0.075):
        basket.add(shapes.ribbon([[x * 1.3, 0.46], [x, 0.64]], 0.014), "#5d4030", lift=3, edge=0.3)
    basket.add(shapes.rounded_box(-0.115, 0.62, 0.115, 0.82, 0.035), "#c98d55", "#9a6239", lift=8)
    basket.add(shapes.rounded_box(-0.13, 0.61, 0.13, 0.655, 0.02), "#7c4c30", lift=5)
    flame = a.part(squeeze(0, 0.56, 0.75, 0.55, 1.6))
    flame.add(shapes.smooth([[0, 0.40], [0.045, 0.51], [0, 0.57], [-0.045, 0.51]]), "#ffe28a", "#f9982f", glow=0.9, lift=2)
    skin = a.part()
    y = np.linspace(-0.6, 0.5, 70)
    s = np.clip((y + 0.1) / 0.6, 0, 1)
    half = np.where(y < -0.1, 0.5 * np.sqrt(np.clip(1 - ((y + 0.1) / 0.5) ** 2, 0, 1)), 0.1 + 0.4 * (0.5 + 0.5 * np.cos(np.pi * s)) ** 0.9)
    skin.add(shapes.mirrored(np.stack([half, y], 1)), *c.paper, lift=18)
    for low, high, side in ((-0.72, -0.36, -1), (0.36, 0.72, 1)):
        gore = np.concatenate([np.stack([half * low, y], 1), np.stack([half * high, y], 1)[::-1]])
        skin.add(gore, lighter(c.trim, 0.02), c.trim, mix(c.trim, c.main, 0.35 if side > 0 else 0.2), lift=6, within="piece")
    skin.add(shapes.ribbon(shapes.smooth([[-0.6, 0.13], [0, 0.21], [0.6, 0.13]], closed=False), 0.075), c.dark, lift=5, within="thing")
    skin.add(shapes.rounded_box(-0.115, 0.455, 0.115, 0.505, 0.02), c.dark, lift=5)
    return a


def bird(c: Tone) -> Actor:
    """A songbird with two beating wings and a tail."""
    a = Actor((-0.62, -0.58, 0.54, 0.36), 0.3, hop=0.04)
    far = a.part(swing(0.0, -0.06, 32, 1.9, rest=14, always=True))
    far.add(shapes.smooth([[0.1, -0.05], [0.03, -0.34], [-0.18, -0.56], [-0.22, -0.3], [-0.16, -0.05]]), *c.shade)
    tail = a.part(swing(-0.3, 0.05, 6, 1.9, always=True))
    for angle in (170, 186, 202):
        tail.add(shapes.lens(-0.42, 0.05 + (angle - 186) * -0.0025, 0.42, 0.13, angle=angle), *c.shade, lift=5)
    body = a.part(lift=20)
    body.add(
        shapes.smooth(
            [
                [-0.38, 0.03],
                [-0.12, -0.17],
                [0.1, -0.21],
                [0.24, -0.28],
                [0.38, -0.22],
                [0.42, -0.1],
                [0.34, 0.06],
                [0.1, 0.23],
                [-0.16, 0.19],
            ]
        ),
        *c.paper,
    )
    body.add(
        shapes.smooth([[0.4, -0.06], [0.24, -0.02], [0.08, 0.08], [-0.14, 0.14], [0.0, 0.36], [0.4, 0.2]]),
        c.trim,
        mix(c.trim, c.main, 0.3),
        within="piece",
        lift=5,
    )
    body.add([[0.395, -0.2], [0.535, -0.13], [0.4, -0.09]], "#f7b236", "#dd8424", lift=5)
    body.add(shapes.circle(0.29, -0.165, 0.045), "#fffdf6", lift=2, edge=0.3)
    body.add(shapes.circle(0.3, -0.165, 0.029), "#1c1a28", lift=0, edge=0.2)
    near = a.part(swing(0.0, -0.04, 36, 1.9, rest=8, always=True), lift=22)
    near.add(
        shapes.smooth([[0.14, -0.02], [0.02, -0.3], [-0.24, -0.56], [-0.33, -0.26], [-0.26, 0.03], [-0.06, 0.1]]),
        lighter(c.main, -0.02),
        lighter(c.main, -0.1),
    )
    near.add(
        shapes.smooth([[0.1, -0.02], [0.0, -0.22], [-0.16, -0.36], [-0.2, -0.14], [-0.08, 0.05]]),
        lighter(c.main, 0.08),
        lighter(c.main, 0.02),
        lift=6,
    )
    return a


def plane(c: Tone) -> Actor:
    """An airliner with a turning propeller and a blinking fin."""
    a = Actor((-0.72, -0.36, 0.76, 0.36), 0.36, bank=2.0, hop=0.02)
    far = a.part()
    far.add([[0.05, -0.06], [-0.12, -0.36], [-0.27, -0.36], [-0.16, -0.04]], *c.shade)
    body = a.part(lift=18)
    body.add([[-0.44, -0.04], [-0.72, -0.36], [-0.54, -0.36], [-0.26, -0.08]], lighter(c.main, 0.02), lighter(c.main, -0.06), lift=8)
    hull = shapes.smooth(
        [[-0.64, -0.06], [-0.3, -0.13], [0.2, -0.145], [0.5, -0.12], [0.66, -0.02], [0.6, 0.08], [0.3, 0.125], [-0.2, 0.11], [-0.5, 0.05]]
    )
    body.add(hull, *c.paper, lift=16)
    body.add(shapes.ribbon([[-0.8, 0.02], [0.8, 0.045]], 0.05), c.trim, within="piece", lift=3)
    body.add(shapes.smooth([[0.44, -0.1], [0.6, -0.05], [0.57, 0.0], [0.44, -0.01]]), *c.glass, lift=3, glow=0.6 if c.lit else 0)
    for x in np.linspace(-0.36, 0.32, 7):
        body.add(shapes.circle(x, -0.055, 0.034, count=30), *c.glass, lift=2, glow=0.8 if c.lit else 0, edge=0.4)
    body.add([[-0.5, 0.0], [-0.68, 0.1], [-0.56, 0.1], [-0.36, 0.03]], lighter(c.main, -0.04), lighter(c.main, -0.1), lift=8)
    wing = a.part(swing(0.05, 0.06, 3, 0.9, always=True), lift=24)
    wing.add([[0.16, 0.03], [-0.2, 0.36], [-0.38, 0.36], [-0.14, 0.04]], lighter(c.main, 0.04), lighter(c.main, -0.08))
    prop = a.part(squeeze(0.67, 0.0, 1.0, 0.25, 1.7), lift=8)
    prop.add(shapes.lens(0.69, 0.0, 0.05, 0.46), "#4a4a58", lift=4)
    prop.add(shapes.circle(0.685, 0, 0.045), c.trim, lift=4)
    return a


def butterfly(c: Tone) -> Actor:
    """A butterfly seen from above, wings that open and close."""
    a = Actor((-0.5, -0.46, 0.5, 0.46), 0.46, hop=0.07, bank=7.0)
    for side in (-1, 1):
        wing = a.part(squeeze(0.0, 0.0, 0.42, 1.0, 1.3))
        wing.add(
            shapes.smooth([[0.03, 0.02], [0.2, -0.04], [0.38, 0.1], [0.36, 0.32], [0.2, 0.42], [0.06, 0.22]]) * (side, 1),
            lighter(c.main, -0.03),
            lighter(c.main, -0.1),
            lift=12,
        )
        wing.add(
            shapes.smooth([[0.03, 0.05], [0.06, -0.2], [0.24, -0.44], [0.46, -0.42], [0.5, -0.18], [0.34, 0.03]]) * (side, 1),
            *c.paper,
            lift=14,
        )
        wing.add(shapes.circle(0.32 * side, -0.24, 0.085), c.trim, lift=4)
        wing.add(shapes.circle(0.24 * side, 0.2, 0.07), c.trim, lift=4)
        wing.add(shapes.circle(0.32 * side, -0.24, 0.04, count=30), c.dark, lift=2)
    body = a.part()
    for side in (-1, 1):
        body.add(
            shapes.ribbon(shapes.smooth([[0, -0.24], [0.05 * side, -0.36], [0.13 * side, -0.42]], closed=False), 0.018), "#3b2f3f", lift=3
        )
    body.add(shapes.lens(0, 0.03, 0.6, 0.11, angle=90), "#54424f", "#332737", lift=9)
    body.add(shapes.circle(0, -0.24, 0.055), "#54424f", lift=5)
    return a


def helicopter(c: Tone) -> Actor:
    """A helicopter: rotor and tail rotor turn."""
    a = Actor((-0.72, -0.42, 0.56, 0.36), 0.34, bank=3.0, hop=0.03)
    body = a.part(lift=18)
    body.add(
        shapes.smooth([[-0.7, -0.2], [-0.66, -0.14], [-0.1, 0.08], [0.0, -0.12], [-0.3, -0.16]]),
        lighter(c.main, -0.02),
        lighter(c.main, -0.09),
        lift=9,
    )
    body.add([[-0.74, -0.36], [-0.62, -0.36], [-0.56, -0.1], [-0.68, -0.12]], *c.paper, lift=6)
    body.add(shapes.ribbon([[-0.02, -0.2], [0.0, -0.38]], 0.05), c.dark, lift=4)
    for x in (-0.12, 0.2):
        body.add(shapes.ribbon([[x, 0.16], [x - 0.03, 0.31]], 0.03), "#5a5866", lift=3)
    body.add(shapes.rounded_box(-0.34, 0.3, 0.42, 0.345, 0.02), "#6d6b7a", lift=5)
    body.add(
        shapes.smooth([[-0.3, -0.04], [-0.14, -0.2], [0.14, -0.24], [0.38, -0.15], [0.5, 0.02], [0.42, 0.17], [0.1, 0.22], [-0.2, 0.16]]),
        *c.paper,
        lift=16,
    )
    body.add(shapes.smooth([[0.17, -0.18], [0.36, -0.11], [0.46, 0.03], [0.17, 0.04]], per=6), *c.glass, lift=4, glow=0.7 if c.lit else 0)
    body.add(shapes.rounded_box(-0.1, -0.13, 0.09, 0.02, 0.03), *c.glass, lift=4, glow=0.7 if c.lit else 0)
    body.add(shapes.ribbon([[-0.4, 0.1], [0.6, 0.1]], 0.05), c.trim, within="piece", lift=3)
    tail = a.part(spin(-0.67, -0.22, 0.9), lift=6)
    tail.add(shapes.lens(-0.67, -0.22, 0.3, 0.055), "#46434f")
    tail.add(shapes.lens(-0.67, -0.22, 0.3, 0.055, angle=90), "#46434f", lift=2)
    rotor = a.part(squeeze(0.0, -0.38, 0.35, 1.0, 1.6), lift=10)
    rotor.add(shapes.rounded_box(-0.6, -0.405, 0.6, -0.355, 0.025), "#565362", "#3c3a46")
    rotor.add(shapes.circle(0, -0.38, 0.05), c.trim, lift=4)
    return a


def kite(c: Tone) -> Actor:
    """A diamond kite with a tail of bows that waves."""
    a = Actor((-0.4, -0.56, 0.4, 0.86), 0.86, bank=8.0, hop=0.05)
    tail = a.part(lean(0.4, 0.32, 0.8))
    line = shapes.smooth([[0, 0.4], [0.06, 0.52], [-0.05, 0.66], [0.05, 0.84]], closed=False)
    tail.add(shapes.ribbon(line, 0.02), "#6a5360", lift=3)
    for x, y, tilt in ((0.055, 0.52, 20), (-0.045, 0.665, -20), (0.05, 0.83, 15)):
        for side in (-1, 1):
            tail.add(
                shapes.move([[0, 0], [0.1 * side, -0.05], [0.1 * side, 0.05]], x, y, angle=tilt), c.main if y != 0.665 else c.trim, lift=4
            )
    skin = a.part()
    top, right, bottom, left = (0, -0.56), (0.4, -0.1), (0, 0.42), (-0.4, -0.1)
    skin.add([top, right, bottom, left], *c.paper, lift=14)
    skin.add([top, right, (0, -0.1)], lighter(c.main, -0.05), lighter(c.main, -0.09), within="piece", lift=4)
    skin.add([left, (0, -0.1), bottom], lighter(c.main, -0.04), lighter(c.main, -0.1), within="piece", lift=4)
    skin.add([(0, -0.27), (0.16, -0.1), (0, 0.12), (-0.16, -0.1)], c.trim, lift=5)
    skin.add(shapes.ribbon([top, bottom], 0.022), c.dark, lift=3, edge=0.5)
    skin.add(shapes.ribbon([left, right], 0.022), c.dark, lift=3, edge=0.5)
    return a


def rocket(c: Tone) -> Actor:
    """A rocket on a flickering flame."""
    a = Actor((-0.32, -0.62, 0.32, 0.72), 0.46)
    for wide, long, colour, hz in ((0.30, 0.34, "#f0642d", 1.3), (0.2, 0.25, "#fba93a", 1.7), (0.11, 0.16, "#fff0b0", 1.1)):
        flame = a.part(squeeze(0, 0.42, 0.85, 0.6, hz, phase=long * 9), lift=6)
        flame.add(
            shapes.smooth(
                [
                    [-0.5 * wide, 0.4],
                    [0.5 * wide, 0.4],
                    [0.52 * wide, 0.42 + 0.4 * long],
                    [0, 0.44 + long],
                    [-0.52 * wide, 0.42 + 0.4 * long],
                ]
            ),
            colour,
            glow=0.8,
        )
    body = a.part(lift=18)
    for side in (-1, 1):
        fin = shapes.smooth([[0.14, 0.08], [0.25, 0.18], [0.32, 0.34], [0.31, 0.5], [0.2, 0.42], [0.1, 0.4]]) * (side, 1)
        body.add(fin, lighter(c.main, 0.0 if side < 0 else -0.05), lighter(c.main, -0.1), lift=9)
    body.add([[-0.13, 0.36], [0.13, 0.36], [0.16, 0.47], [-0.16, 0.47]], "#73717f", "#55535f", lift=6)
    shell = shapes.smooth(
        [[0, -0.62], [0.11, -0.46], [0.2, -0.2], [0.21, 0.08], [0.15, 0.4], [-0.15, 0.4], [-0.21, 0.08], [-0.2, -0.2], [-0.11, -0.46]]
    )
    body.add(shell, lighter(c.main, 0.06), c.main, lighter(c.main, -0.08), lift=16, angle=0)
    body.add(
        shapes.smooth([[-0.3, -0.31], [0, -0.26], [0.3, -0.31], [0.3, -0.2], [0, -0.15], [-0.3, -0.2]], per=6),
        c.trim,
        within="piece",
        lift=5,
    )
    body.add(shapes.ribbon(shapes.smooth([[-0.3, 0.26], [0, 0.3], [0.3, 0.26]], closed=False), 0.07), c.trim, within="piece", lift=5)
    body.add(shapes.circle(0, 0.02, 0.115), c.trim, lift=6)
    body.add(shapes.circle(0, 0.02, 0.08), *(c.glass if c.lit else ("#8fd8f0", "#3f97c4")), lift=0, angle=60, glow=0.5 if c.lit else 0)
    return a
