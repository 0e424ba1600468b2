"""Things of the ground that go: car, bus, train, bicycle, cat, dog, horse, ball. Each looks to the right, wheels and feet at `foot`."""

from __future__ import annotations

import numpy as np

from engine.world import shapes
from engine.world.diorama import Cutout
from engine.world.palette import Colour, lighter, mix
from engine.world.rig import Actor, Tone, roll, squeeze, swing

RUBBER, STEEL = "#2f2c3a", "#dcd6c9"


def wheel(thing: Cutout, x: float, y: float, radius: float, hub: Colour = STEEL) -> None:
    """A tyre with a hub and spokes that show how it turns."""
    thing.add(shapes.circle(x, y, radius, count=60), lighter(RUBBER, 0.05), RUBBER, lift=6)
    thing.add(shapes.circle(x, y, radius * 0.62, count=48), hub, lighter(hub, -0.05), lift=3, edge=0.6)
    for k in range(3):
        thing.add(
            shapes.move(shapes.rounded_box(-0.55 * radius, -0.09 * radius, 0.55 * radius, 0.09 * radius, 0.02), x, y, angle=60 * k),
            "#6c6875",
            lift=0,
            edge=0.2,
        )
    thing.add(shapes.circle(x, y, radius * 0.17, count=24), RUBBER, lift=1)


def car(c: Tone) -> Actor:
    """A round small car."""
    a = Actor((-0.56, -0.48, 0.56, 0.12), 0.12, hop=0.012)
    body = a.part(lift=18)
    body.add(
        shapes.smooth([[-0.38, -0.18], [-0.28, -0.42], [-0.1, -0.48], [0.12, -0.47], [0.26, -0.38], [0.38, -0.18]], per=8),
        lighter(c.main, 0.05),
        lighter(c.main, -0.01),
        lift=9,
    )
    body.add(
        shapes.smooth([[-0.28, -0.19], [-0.22, -0.36], [-0.04, -0.41], [-0.04, -0.19]], per=6), *c.glass, lift=3, glow=0.6 if c.lit else 0
    )
    body.add(shapes.smooth([[0.02, -0.19], [0.02, -0.41], [0.16, -0.38], [0.28, -0.19]], per=6), *c.glass, lift=3, glow=0.6 if c.lit else 0)
    body.add(
        shapes.smooth(
            [[-0.55, -0.12], [-0.5, -0.21], [-0.2, -0.23], [0.3, -0.22], [0.5, -0.18], [0.56, -0.06], [0.53, 0.04], [-0.52, 0.04]], per=6
        ),
        *c.paper,
        lift=12,
    )
    body.add(shapes.ribbon([[-0.7, -0.055], [0.7, -0.055]], 0.035), c.trim, within="piece", lift=3)
    body.add(shapes.circle(0.49, -0.12, 0.05), "#fff6cf", lift=3, glow=0.8)
    body.add(shapes.circle(-0.51, -0.12, 0.035), "#ff7a5c", lift=2, glow=0.3)
    for x in (-0.3, 0.31):
        wheel(a.part(roll(x, 0.0, 0.125), lift=8), x, 0.0, 0.125)
    return a


def bus(c: Tone) -> Actor:
    """A city bus with a row of windows."""
    a = Actor((-0.68, -0.5, 0.68, 0.12), 0.12, hop=0.01)
    body = a.part(lift=18)
    body.add(shapes.rounded_box(-0.68, -0.5, 0.68, 0.03, 0.09), *c.paper, lift=14)
    body.add(shapes.rounded_box(-0.8, -0.135, 0.8, -0.085, 0.0), c.trim, within="piece", lift=3)
    for x in (-0.58, -0.33, -0.08, 0.17):
        body.add(shapes.rounded_box(x, -0.42, x + 0.2, -0.2, 0.03), *c.glass, lift=4, glow=0.8 if c.lit else 0)
    body.add(shapes.rounded_box(0.42, -0.43, 0.55, 0.02, 0.02), *c.glass, lift=4, glow=0.6 if c.lit else 0)
    body.add(shapes.smooth([[0.6, -0.42], [0.68, -0.4], [0.68, -0.2], [0.6, -0.2]], per=4), *c.glass, lift=3)
    body.add(shapes.circle(0.63, -0.045, 0.042), "#fff6cf", lift=3, glow=0.8)
    for x in (-0.4, 0.32):
        wheel(a.part(roll(x, 0.0, 0.125), lift=8), x, 0.0, 0.125)
    return a


def train(c: Tone) -> Actor:
    """A steam engine with a coach; wheels roll, smoke puffs."""
    a = Actor((-0.86, -0.56, 0.76, 0.12), 0.12, hop=0.006)
    for k in range(3):
        puff = a.part(squeeze(0.5, -0.55, 0.72, 0.72, 0.8, phase=1.3 * k), lift=6)
        puff.add(shapes.circle(0.46 - 0.16 * k, -0.6 - 0.085 * k, 0.085 + 0.028 * k), "#fbf7f0", "#dcd8dc")
    body = a.part(lift=16)
    body.add(shapes.rounded_box(-0.86, -0.36, -0.22, -0.02, 0.05), lighter(c.main, 0.0), lighter(c.main, -0.08), lift=12)
    body.add(shapes.rounded_box(-0.88, -0.42, -0.2, -0.34, 0.03), c.dark, lift=5)
    for x in (-0.78, -0.57, -0.36):
        body.add(shapes.rounded_box(x - 0.02, -0.29, x + 0.12, -0.14, 0.02), *c.glass, lift=4, glow=0.8 if c.lit else 0)
    body.add(shapes.ribbon([[-0.24, -0.03], [-0.1, -0.03]], 0.04), "#4b4856", lift=2)
    body.add([[0.46, -0.3], [0.44, -0.5], [0.4, -0.56], [0.6, -0.56], [0.56, -0.5], [0.54, -0.3]], c.dark, lift=6)
    body.add(shapes.rounded_box(0.02, -0.31, 0.68, -0.02, 0.12), *c.paper, lift=14)
    body.add(shapes.rounded_box(-0.14, -0.47, 0.2, 0.0, 0.03), lighter(c.main, -0.03), lighter(c.main, -0.1), lift=12)
    body.add(shapes.rounded_box(-0.18, -0.53, 0.24, -0.45, 0.03), c.dark, lift=6)
    body.add(shapes.rounded_box(-0.06, -0.38, 0.12, -0.22, 0.03), *c.glass, lift=4, glow=0.8 if c.lit else 0)
    body.add(shapes.ribbon([[0.38, -0.4], [0.38, 0.2]], 0.05), c.trim, within="thing", lift=3)
    body.add(shapes.circle(0.66, -0.165, 0.055), "#fff2b8", lift=4, glow=0.8)
    body.add([[0.6, 0.0], [0.76, 0.1], [0.56, 0.1], [0.52, 0.0]], c.trim, lift=6)
    for x, radius in ((-0.72, 0.085), (-0.4, 0.085), (0.04, 0.12), (0.3, 0.12), (0.52, 0.085)):
        wheel(a.part(roll(x, 0.12 - radius, radius), lift=6), x, 0.12 - radius, radius)
    return a


def bicycle(c: Tone) -> Actor:
    """A bicycle with its rider; wheels and legs turn."""
    a = Actor((-0.5, -0.86, 0.5, 0.2), 0.2)

    def leg(phase: float, shade: tuple[Colour, ...], lift: float) -> None:
        part = a.part(swing(-0.12, -0.28, 18, 1.1, phase=phase), lift=lift)
        line = shapes.smooth([[-0.12, -0.3], [0.1, -0.2], [0.04, 0.04]], closed=False)
        part.add(shapes.ribbon(line, [0.1, 0.08, 0.065]), *shade)
        part.add(shapes.rounded_box(0.0, 0.02, 0.13, 0.07, 0.02), "#3a3340", lift=4)

    leg(np.pi, ("#46578a", "#364673"), 6)
    for x in (-0.3, 0.3):
        part = a.part(roll(x, 0.0, 0.2), lift=6)
        ring, hole = shapes.circle(x, 0, 0.2), shapes.circle(x, 0, 0.155)
        part.add(ring, RUBBER, holes=[hole], lift=4)
        for k in range(4):
            part.add(shapes.move(shapes.rounded_box(-0.165, -0.009, 0.165, 0.009, 0.004), x, 0, angle=45 * k), "#b9b4c0", lift=0, edge=0.3)
    body = a.part(lift=14)
    for line in (
        [[-0.3, 0], [0.02, 0.03], [0.24, -0.24]],
        [[-0.3, 0], [-0.14, -0.24], [0.24, -0.24]],
        [[-0.16, -0.27], [0.02, 0.03]],
        [[0.3, 0], [0.22, -0.34]],
    ):
        body.add(shapes.ribbon(line, 0.055), *c.paper, lift=4)
    body.add(shapes.ribbon([[0.13, -0.37], [0.27, -0.35]], 0.04), "#4b4856", lift=3)
    body.add(shapes.rounded_box(-0.25, -0.3, -0.06, -0.25, 0.02), "#4b4856", lift=3)
    body.add(
        shapes.smooth([[-0.2, -0.3], [-0.16, -0.52], [-0.02, -0.64], [0.1, -0.58], [0.04, -0.44], [-0.03, -0.28]], per=8), *c.paper, lift=10
    )
    body.add(
        shapes.ribbon(shapes.smooth([[0.02, -0.56], [0.06, -0.44], [0.18, -0.385]], closed=False), 0.065),
        c.main,
        lighter(c.main, -0.07),
        lift=7,
    )
    body.add(shapes.circle(0.07, -0.73, 0.105), "#f3c79f", "#e0a97f", lift=8)
    body.add(shapes.smooth([[-0.06, -0.72], [-0.02, -0.84], [0.09, -0.87], [0.18, -0.78], [0.2, -0.745]], per=6), c.dark, lift=5)
    leg(0.0, ("#5b6fae", "#475a94"), 10)
    return a


def _walker(
    a: Actor, c: Tone, hips: tuple[float, float], y: float, foot: float, wide: float, body: Cutout | None, *, reach: float = 24.0
) -> None:
    """Two far legs when `body` is none, else two near ones; opposite legs go together."""
    near = body is not None
    for k, x in enumerate(hips):
        part = a.part(swing(x, y, reach, 1.25, phase=np.pi * (k + (0 if near else 1))), lift=8 if near else 5)
        dx = 0.0 if near else 0.06
        shade = (lighter(c.main, 0.0), lighter(c.main, -0.07)) if near else c.shade
        part.add(
            shapes.ribbon([[x + dx, y - 0.06], [x + dx, (y + foot) / 2], [x + dx, foot - 0.02]], [wide * 1.5, wide, wide * 0.8]), *shade
        )
        part.add(shapes.rounded_box(x + dx - wide * 0.45, foot - 0.045, x + dx + wide * 0.75, foot, 0.02), c.dark, lift=2)


def cat(c: Tone) -> Actor:
    """A cat that walks, its tail curling."""
    a = Actor((-0.56, -0.58, 0.56, 0.3), 0.3, hop=0.015)
    _walker(a, c, (-0.22, 0.2), 0.02, 0.3, 0.075, None)
    tail = a.part(swing(-0.34, -0.1, 14, 0.7, always=True))
    tail.add(
        shapes.ribbon(shapes.smooth([[-0.3, -0.06], [-0.46, -0.2], [-0.5, -0.4], [-0.42, -0.55]], closed=False), [0.1, 0.085, 0.06]),
        *c.shade,
    )
    body = a.part(lift=16)
    body.add(
        shapes.smooth(
            [[-0.38, -0.06], [-0.2, -0.2], [0.1, -0.18], [0.3, -0.2], [0.34, 0.0], [0.24, 0.1], [-0.24, 0.12], [-0.36, 0.06]], per=8
        ),
        *c.paper,
    )
    for x in (-0.2, -0.07, 0.06):
        body.add(shapes.ribbon([[x, -0.3], [x + 0.02, -0.08]], [0.05, 0.01]), c.trim, within="piece", lift=2)
    _walker(a, c, (-0.26, 0.22), 0.04, 0.3, 0.08, body)
    head = a.part(swing(0.28, -0.16, 4, 0.7, always=True), lift=16)
    for x, tip in ((0.2, 0.17), (0.42, 0.46)):
        head.add([[x - 0.02, -0.36], [tip, -0.58], [x + 0.12, -0.42]], lighter(c.main, -0.02), lighter(c.main, -0.07), lift=5)
    head.add(shapes.circle(0.34, -0.28, 0.2, squash=0.88), *c.paper)
    for x in (0.27, 0.43):
        head.add(shapes.circle(x, -0.31, 0.045, squash=1.15, count=30), "#fdf5c8", lift=2, edge=0.3)
        head.add(shapes.lens(x + 0.008, -0.31, 0.09, 0.04, angle=90), "#1a1626", lift=0, edge=0.2)
    head.add(shapes.smooth([[0.29, -0.2], [0.36, -0.23], [0.43, -0.2], [0.36, -0.13]]), c.trim, lift=2)
    head.add([[0.335, -0.225], [0.385, -0.225], [0.36, -0.19]], "#e2768a", lift=1)
    return a


def dog(c: Tone) -> Actor:
    """A dog that trots and wags its tail."""
    a = Actor((-0.56, -0.52, 0.6, 0.32), 0.32, hop=0.02)
    _walker(a, c, (-0.24, 0.2), 0.02, 0.32, 0.08, None, reach=27)
    tail = a.part(swing(-0.36, -0.12, 24, 1.6, always=True))
    tail.add(shapes.ribbon(shapes.smooth([[-0.32, -0.08], [-0.45, -0.2], [-0.52, -0.38]], closed=False), [0.1, 0.07, 0.03]), *c.shade)
    body = a.part(lift=16)
    body.add(
        shapes.smooth(
            [[-0.4, -0.08], [-0.2, -0.19], [0.12, -0.17], [0.32, -0.24], [0.36, 0.0], [0.2, 0.12], [-0.2, 0.1], [-0.36, 0.08]], per=8
        ),
        *c.paper,
    )
    body.add(
        shapes.smooth([[-0.2, -0.24], [0.02, -0.26], [0.04, -0.06], [-0.12, -0.02], [-0.22, -0.1]], per=8),
        c.trim,
        mix(c.trim, c.main, 0.2),
        within="piece",
        lift=3,
    )
    _walker(a, c, (-0.28, 0.22), 0.04, 0.32, 0.085, body, reach=27)
    head = a.part(swing(0.28, -0.18, 5, 0.9, always=True), lift=16)
    head.add(
        shapes.smooth(
            [
                [0.14, -0.34],
                [0.22, -0.48],
                [0.38, -0.5],
                [0.46, -0.36],
                [0.6, -0.3],
                [0.6, -0.2],
                [0.46, -0.16],
                [0.26, -0.14],
                [0.15, -0.2],
            ],
            per=8,
        ),
        *c.paper,
    )
    head.add(shapes.smooth([[0.46, -0.3], [0.62, -0.31], [0.62, -0.14], [0.44, -0.14]], per=6), c.trim, within="piece", lift=3)
    head.add(shapes.circle(0.585, -0.285, 0.042), "#251f2c", lift=3)
    head.add(shapes.circle(0.38, -0.375, 0.042), "#fffdf6", lift=2, edge=0.3)
    head.add(shapes.circle(0.388, -0.372, 0.027), "#1a1626", lift=0, edge=0.2)
    head.add(shapes.ribbon([[0.16, -0.17], [0.38, -0.13]], 0.055), "#e8b33f", lift=4)
    ear = a.part(swing(0.22, -0.42, 12, 1.25, always=True), lift=10)
    ear.add(
        shapes.smooth([[0.26, -0.46], [0.16, -0.46], [0.1, -0.28], [0.15, -0.18], [0.25, -0.26]], per=8), c.dark, lighter(c.dark, -0.05)
    )
    return a


def horse(c: Tone) -> Actor:
    """A horse at a trot, mane and tail in the wind."""
    a = Actor((-0.58, -0.66, 0.6, 0.42), 0.42, hop=0.03)
    _walker(a, c, (-0.26, 0.2), 0.02, 0.42, 0.075, None, reach=26)
    tail = a.part(swing(-0.36, -0.18, 12, 0.9, rest=6, always=True))
    tail.add(
        shapes.smooth([[-0.32, -0.2], [-0.46, -0.18], [-0.56, 0.02], [-0.54, 0.22], [-0.44, 0.08], [-0.36, -0.06]], per=8),
        c.dark,
        lighter(c.dark, -0.05),
    )
    body = a.part(lift=16)
    body.add(
        shapes.smooth(
            [
                [-0.4, -0.12],
                [-0.22, -0.23],
                [0.06, -0.18],
                [0.24, -0.26],
                [0.36, -0.1],
                [0.28, 0.08],
                [0.0, 0.12],
                [-0.28, 0.1],
                [-0.4, 0.0],
            ],
            per=8,
        ),
        *c.paper,
    )
    body.add(shapes.smooth([[-0.14, -0.3], [0.1, -0.3], [0.1, -0.06], [-0.02, 0.0], [-0.14, -0.06]], per=6), c.trim, within="piece", lift=4)
    _walker(a, c, (-0.3, 0.24), 0.04, 0.42, 0.08, body, reach=26)
    head = a.part(swing(0.24, -0.12, 6, 0.9, always=True), lift=16)
    head.add([[0.3, -0.56], [0.32, -0.68], [0.39, -0.57]], lighter(c.main, -0.05), lift=4)
    head.add(
        shapes.smooth(
            [
                [0.1, -0.14],
                [0.16, -0.4],
                [0.28, -0.58],
                [0.4, -0.58],
                [0.5, -0.48],
                [0.6, -0.36],
                [0.58, -0.28],
                [0.48, -0.28],
                [0.4, -0.34],
                [0.36, -0.08],
                [0.26, 0.0],
            ],
            per=8,
        ),
        *c.paper,
    )
    head.add(shapes.smooth([[0.54, -0.42], [0.62, -0.36], [0.6, -0.26], [0.5, -0.27]], per=6), c.trim, within="piece", lift=2)
    head.add(
        shapes.smooth([[0.34, -0.62], [0.24, -0.58], [0.12, -0.42], [0.05, -0.16], [0.14, -0.16], [0.2, -0.36], [0.3, -0.5]], per=8),
        c.dark,
        lighter(c.dark, -0.05),
        lift=6,
    )
    head.add(shapes.circle(0.42, -0.475, 0.034), "#1a1626", lift=1, edge=0.3)
    return a


def ball(c: Tone) -> Actor:
    """A beach ball that rolls."""
    a = Actor((-0.4, -0.4, 0.4, 0.4), 0.4)
    part = a.part(roll(0, 0, 0.4), lift=22)
    part.add(shapes.circle(0, 0, 0.4), *c.paper, lift=14)
    for k in (0, 2, 4):
        b = np.deg2rad(np.linspace(60 * k, 60 * k + 44, 14))
        part.add([[0, 0], *np.stack([0.5 * np.cos(b), 0.5 * np.sin(b)], 1)], c.trim, within="piece", lift=3)
    part.add(shapes.circle(0, 0, 0.085), c.dark, lift=4)
    return a
