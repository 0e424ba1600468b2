"""Things that stand: house, tree, flower, umbrella, snowman, windmill, with what moves about them in the wind. Feet at `foot`."""

from __future__ import annotations

import numpy as np

from engine.world import shapes
from engine.world.palette import lighter, mix
from engine.world.rig import Actor, Tone, lean, spin, squeeze, swing


def house(c: Tone) -> Actor:
    """A gabled house with a smoking chimney."""
    a = Actor((-0.5, -0.72, 0.5, 0.36), 0.36)
    for k in range(2):
        smoke = a.part(squeeze(0.25, -0.62, 0.7, 0.75, 0.7, phase=1.6 * k), lift=5)
        smoke.add(shapes.circle(0.28 + 0.075 * k, -0.66 - 0.07 * k, 0.065 + 0.02 * k), "#f4f1ef", "#d9d6dc")
    body = a.part(lift=18)
    roof = mix(c.dark, "#5a3a3a", 0.35)
    body.add(shapes.rounded_box(0.18, -0.6, 0.32, -0.2, 0.01), "#9c5a49", "#7d4439", lift=6)
    body.add([[-0.4, 0.36], [-0.4, -0.16], [0, -0.5], [0.4, -0.16], [0.4, 0.36]], *c.paper, lift=14)
    for x in (-0.24, 0.24):
        body.add(shapes.rounded_box(x - 0.105, -0.1, x + 0.105, 0.12, 0.015), "#fdf3df", lift=5)
        body.add(shapes.rounded_box(x - 0.08, -0.075, x + 0.08, 0.095, 0.01), *c.glass, lift=0, glow=0.9 if c.lit else 0)
        body.add(shapes.ribbon([[x, -0.09], [x, 0.11]], 0.022), "#fdf3df", lift=2, edge=0.4)
        body.add(shapes.ribbon([[x - 0.09, 0.01], [x + 0.09, 0.01]], 0.022), "#fdf3df", lift=2, edge=0.4)
    body.add(shapes.rounded_box(-0.09, 0.06, 0.09, 0.38, 0.05), roof, lighter(roof, -0.06), lift=5)
    body.add(shapes.circle(0.05, 0.22, 0.018), "#f6cf6b", lift=2)
    body.add(shapes.circle(0, -0.24, 0.07), *c.glass, lift=3, glow=0.9 if c.lit else 0)
    body.add(
        [[-0.5, -0.06], [0, -0.56], [0.5, -0.06], [0.44, 0.0], [0, -0.42], [-0.44, 0.0]], lighter(roof, 0.05), lighter(roof, -0.03), lift=14
    )
    return a


def tree(c: Tone) -> Actor:
    """A leafy tree in the chosen colour; its crown sways."""
    a = Actor((-0.42, -0.74, 0.42, 0.4), 0.4)
    trunk = a.part()
    trunk.add(shapes.ribbon([[0, 0.42], [0.01, 0.1], [0, -0.25]], [0.2, 0.12, 0.08]), "#8a5d40", "#63402e", lift=8)
    trunk.add(shapes.ribbon([[0.0, 0.06], [0.17, -0.14]], [0.07, 0.04]), "#7a5138", lift=4)
    rng = np.random.default_rng(4)
    for k, (parts, hz) in enumerate(
        ((((0.2, -0.2, 0.23, -0.07), (-0.21, -0.22, 0.23, -0.05)), 0.5), (((0.02, -0.46, 0.29, 0.0), (-0.04, -0.22, 0.22, 0.03)), 0.5))
    ):
        crown = a.part(lean(0.0, 0.09, hz, phase=0.5 * k), lift=16)
        for x, y, r, shade in parts:
            leaf = lighter(c.main, shade)
            crown.add(shapes.blob(x, y, r, rng, rough=0.05, lobes=9), lighter(leaf, 0.05), leaf, lighter(leaf, -0.06), lift=14)
    fruit = a.part(lean(0.0, 0.09, 0.5, phase=0.5), lift=5)
    for x, y in ((-0.13, -0.5), (0.14, -0.42), (0.0, -0.25), (-0.2, -0.24), (0.22, -0.2), (0.03, -0.62)):
        fruit.add(shapes.circle(x, y, 0.035, count=24), c.trim)
    return a


def flower(c: Tone) -> Actor:
    """A daisy on a swaying stalk."""
    a = Actor((-0.36, -0.66, 0.36, 0.4), 0.4)
    stalk = a.part(lean(0.4, 0.14, 0.6))
    stalk.add(shapes.ribbon(shapes.smooth([[0, 0.42], [0.02, 0.1], [0, -0.3]], closed=False), [0.06, 0.045]), "#5fae57", "#3f8a45", lift=6)
    for side, y in ((-1, 0.2), (1, 0.08)):
        leaf = shapes.smooth([[0, 0.06], [0.1 * side, -0.1], [0.3 * side, -0.16], [0.22 * side, 0.02]])
        stalk.add(leaf + (0.0, y), "#6cbc62", "#459350", lift=6)
    head = a.part(lean(0.4, 0.14, 0.6), lift=14)
    for k in range(8):
        angle = 45 * k
        b = np.deg2rad(angle)
        head.add(
            shapes.circle(0.2 * np.cos(b), -0.32 + 0.2 * np.sin(b), 0.135, squash=1.0),
            lighter(c.main, 0.04 * (k % 2)),
            lighter(c.main, -0.05 + 0.02 * (k % 2)),
            lift=8,
        )
    centre = "#f9c33c" if np.hypot(*(np.asarray(lighter(c.main, 0))[:2] - (0.97, 0.8))) > 0.25 else "#8a5530"
    head.add(shapes.circle(0, -0.32, 0.13), lighter(centre, 0.05), lighter(centre, -0.07), lift=9)
    return a


def umbrella(c: Tone) -> Actor:
    """A big umbrella that rocks in the wind."""
    a = Actor((-0.52, -0.52, 0.52, 0.5), 0.5)
    pole = a.part(swing(0, 0.5, 4, 0.6, always=True))
    pole.add(shapes.ribbon([[0, -0.5], [0, 0.5]], 0.045), "#b98a5b", "#8d6440", lift=6)
    shade = a.part(swing(0, 0.5, 4, 0.6, always=True), lift=20)
    x = np.linspace(-0.52, 0.52, 61)
    dome = np.stack([x, -0.02 - 0.46 * np.sqrt(np.clip(1 - (x / 0.52) ** 2, 0, 1))], 1)
    hem = np.stack([x, -0.02 - 0.06 * np.abs(np.sin(np.pi * (x + 0.52) / 0.26))], 1)
    shade.add(np.concatenate([dome, hem[::-1]]), *c.paper, lift=16)
    for low, high in ((-0.26, 0.0), (0.26, 0.52)):
        inner = np.stack([dome[:, 0] * 0 + low * np.cos(np.linspace(0, np.pi / 2, 61)), np.linspace(0.02, -0.5, 61)], 1)
        outer = np.stack([high * np.cos(np.linspace(0, np.pi / 2, 61)), np.linspace(0.02, -0.5, 61)], 1)
        shade.add(np.concatenate([inner, outer[::-1]]), c.trim, mix(c.trim, c.main, 0.2), within="piece", lift=4)
    shade.add(shapes.circle(0, -0.49, 0.035), c.dark, lift=4)
    return a


def snowman(c: Tone) -> Actor:
    """A snowman whose scarf, hat and buttons have the colour; its arms wave."""
    a = Actor((-0.46, -0.72, 0.46, 0.42), 0.42)
    for side in (-1, 1):
        arm = a.part(swing(0.22 * side, -0.1, 16, 0.9, phase=0.8 * side, always=True), lift=5)
        arm.add(shapes.ribbon([[0.2 * side, -0.08], [0.46 * side, -0.26]], [0.045, 0.03]), "#7a5138", lift=3)
    body = a.part(lift=18)
    for y, r in ((0.18, 0.27), (-0.13, 0.2), (-0.4, 0.155)):
        body.add(shapes.circle(0, y, r), "#ffffff", "#f3f6fd", "#ccd6ea", lift=12)
    for y in (-0.16, -0.03, 0.12):
        body.add(shapes.circle(0, y, 0.03, count=24), c.dark, lift=3)
    body.add(shapes.smooth([[-0.2, -0.32], [0, -0.27], [0.2, -0.32], [0.18, -0.2], [0, -0.17], [-0.18, -0.2]], per=8), *c.paper, lift=7)
    body.add([[0.05, -0.24], [0.17, -0.24], [0.2, 0.06], [0.08, 0.06]], lighter(c.main, 0.0), lighter(c.main, -0.07), lift=6)
    body.add([[0.0, -0.43], [0.2, -0.37], [0.0, -0.36]], "#f58a2e", "#d96c1e", lift=4)
    for x in (-0.06, 0.07):
        body.add(shapes.circle(x, -0.46, 0.024, count=24), "#262330", lift=1)
    body.add(shapes.rounded_box(-0.2, -0.55, 0.2, -0.49, 0.02), *c.paper, lift=6)
    body.add(shapes.rounded_box(-0.135, -0.74, 0.135, -0.52, 0.02), *c.paper, lift=8)
    body.add(shapes.ribbon([[-0.3, -0.56], [0.3, -0.56]], 0.045), c.trim, within="piece", lift=3)
    return a


def windmill(c: Tone) -> Actor:
    """A windmill with turning sails."""
    a = Actor((-0.46, -0.84, 0.46, 0.42), 0.42)
    body = a.part(lift=18)
    body.add([[-0.26, 0.42], [-0.17, -0.32], [0.17, -0.32], [0.26, 0.42]], *c.paper, lift=14)
    for y in (-0.12, 0.14):
        body.add(shapes.rounded_box(-0.055, y - 0.075, 0.055, y + 0.06, 0.04), *c.glass, lift=4, glow=0.9 if c.lit else 0)
    body.add(shapes.rounded_box(-0.07, 0.25, 0.07, 0.44, 0.05), c.dark, lift=4)
    body.add(
        shapes.smooth([[-0.21, -0.3], [-0.13, -0.46], [0, -0.54], [0.13, -0.46], [0.21, -0.3]], per=8),
        c.dark,
        lighter(c.dark, -0.05),
        lift=10,
    )
    sails = a.part(spin(0, -0.38, 0.22), lift=20)
    for k in range(4):
        blade = shapes.move([[-0.02, 0.0], [-0.02, -0.46], [0.15, -0.46], [0.11, -0.1], [0.02, -0.06]], 0, -0.38, angle=90 * k + 20)
        sails.add(blade, c.trim, mix(c.trim, c.main, 0.18), lift=8)
        sails.add(shapes.move(shapes.ribbon([[0, 0], [0, -0.47]], 0.035), 0, -0.38, angle=90 * k + 20), "#8a5d40", lift=3)
    sails.add(shapes.circle(0, -0.38, 0.06), c.dark, lift=5)
    return a
