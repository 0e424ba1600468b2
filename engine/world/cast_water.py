"""Things of the water with their moving parts: boat, fish, whale, duck. Each looks to the right, its water line at `foot`."""

from __future__ import annotations

from engine.world import shapes
from engine.world.palette import lighter, mix
from engine.world.rig import Actor, Tone, lean, squeeze, swing


def boat(c: Tone) -> Actor:
    """A sailing boat that rocks; its sails belly and the pennant waves."""
    a = Actor((-0.55, -0.98, 0.58, 0.14), 0.06, bank=4.0, hop=0.02)
    flag = a.part(squeeze(0.0, -0.945, 0.7, 1.0, 1.1), lift=5)
    flag.add([[0.0, -0.99], [-0.17, -0.945], [0.0, -0.9]], c.dark)
    jib = a.part(squeeze(0.03, -0.5, 0.86, 1.0, 0.45))
    jib.add(
        shapes.smooth([[0.04, -0.86], [0.2, -0.55], [0.5, -0.18], [0.25, -0.16], [0.04, -0.17]], per=8),
        c.trim,
        mix(c.trim, c.main, 0.25),
        lift=12,
    )
    sail = a.part(squeeze(0.0, -0.5, 0.9, 1.0, 0.45, phase=1.0))
    main = [[0.0, -0.94], [-0.2, -0.7], [-0.36, -0.43], [-0.46, -0.17]]
    sail.add([*shapes.smooth(main, closed=False), [0.0, -0.16]], *c.paper, lift=15, angle=160)
    for y in (-0.36, -0.58):
        sail.add(shapes.ribbon([[-0.5, y + 0.03], [0.1, y]], 0.016), lighter(c.main, -0.1), within="piece", lift=2, edge=0.4)
    hull = a.part(lift=18)
    hull.add(shapes.ribbon([[0.015, -0.08], [0.012, -0.98]], [0.034, 0.022]), "#8a5a3c", "#5d3826", lift=6)
    hull.add(
        shapes.smooth(
            [[-0.5, -0.12], [-0.2, -0.085], [0.2, -0.09], [0.58, -0.17], [0.46, 0.03], [0.3, 0.12], [-0.2, 0.13], [-0.42, 0.07]], per=8
        ),
        lighter(c.main, -0.03),
        lighter(c.main, -0.11),
        lift=14,
    )
    hull.add(
        shapes.ribbon(shapes.smooth([[-0.55, -0.1], [-0.2, -0.05], [0.2, -0.055], [0.62, -0.15]], closed=False), 0.05),
        c.trim,
        within="piece",
        lift=4,
    )
    return a


def fish(c: Tone) -> Actor:
    """A reef fish whose tail and fins beat."""
    a = Actor((-0.66, -0.4, 0.5, 0.38), 0.38, hop=0.03)
    tail = a.part(squeeze(-0.36, 0.0, 0.55, 1.0, 1.2))
    tail.add(
        shapes.smooth([[-0.34, 0.0], [-0.48, -0.2], [-0.66, -0.3], [-0.6, -0.1], [-0.57, 0.0], [-0.6, 0.1], [-0.66, 0.3], [-0.48, 0.2]]),
        lighter(c.main, 0.0),
        lighter(c.main, -0.09),
    )
    fins = a.part(lean(-0.1, 0.2, 0.8))
    fins.add(
        shapes.smooth([[-0.24, -0.2], [-0.16, -0.38], [0.04, -0.42], [0.2, -0.26], [0, -0.18]]),
        lighter(c.main, -0.02),
        lighter(c.main, -0.09),
    )
    fins.add(shapes.smooth([[-0.16, 0.2], [-0.16, 0.36], [0.02, 0.38], [0.1, 0.22]]), lighter(c.main, -0.04), lighter(c.main, -0.1))
    body = a.part(lift=20)
    body.add(
        shapes.smooth(
            [
                [-0.46, 0.0],
                [-0.3, -0.14],
                [-0.08, -0.27],
                [0.18, -0.28],
                [0.38, -0.17],
                [0.5, 0.02],
                [0.38, 0.18],
                [0.16, 0.27],
                [-0.1, 0.25],
                [-0.3, 0.13],
            ],
            per=8,
        ),
        *c.paper,
    )
    for x, wide in ((0.12, 0.1), (-0.16, 0.085)):
        body.add(
            shapes.ribbon(shapes.smooth([[x - 0.03, -0.36], [x + 0.04, 0.0], [x - 0.03, 0.36]], closed=False), wide),
            c.trim,
            mix(c.trim, c.main, 0.25),
            within="piece",
            lift=4,
        )
    body.add(shapes.circle(0.33, -0.055, 0.068), "#fffdf6", lift=4)
    body.add(shapes.circle(0.345, -0.055, 0.042), "#1a1626", lift=0, edge=0.2)
    near = a.part(swing(0.1, 0.05, 24, 1.0, always=True), lift=12)
    near.add(
        shapes.smooth([[0.1, 0.02], [-0.08, -0.0], [-0.14, 0.12], [-0.02, 0.18], [0.1, 0.12]]),
        lighter(c.main, 0.02),
        lighter(c.main, -0.08),
    )
    return a


def whale(c: Tone) -> Actor:
    """A whale with a beating fluke and a fountain."""
    a = Actor((-0.74, -0.52, 0.62, 0.34), 0.16, bank=3.0, hop=0.03)
    jet = a.part(squeeze(0.22, -0.24, 0.8, 0.6, 0.9))
    for side in (-1, 1):
        stream = shapes.smooth(
            [[0.22, -0.22], [0.22 + 0.04 * side, -0.42], [0.22 + 0.15 * side, -0.52], [0.22 + 0.24 * side, -0.4]], closed=False
        )
        jet.add(shapes.ribbon(stream, [0.04, 0.06, 0.05]), "#d8f2fb", "#a5d8ee", lift=4)
    tail = a.part(swing(-0.42, 0.06, 14, 0.9, always=True))
    tail.add(
        shapes.smooth(
            [
                [-0.3, 0.18],
                [-0.5, 0.06],
                [-0.58, -0.1],
                [-0.74, -0.26],
                [-0.58, -0.26],
                [-0.5, -0.2],
                [-0.38, -0.28],
                [-0.42, -0.12],
                [-0.36, -0.02],
                [-0.2, -0.02],
            ],
            per=8,
        ),
        lighter(c.main, -0.02),
        lighter(c.main, -0.1),
    )
    body = a.part(lift=20)
    body.add(
        shapes.smooth(
            [[-0.42, 0.06], [-0.2, -0.12], [0.1, -0.25], [0.4, -0.22], [0.6, -0.02], [0.56, 0.16], [0.3, 0.31], [-0.1, 0.32], [-0.36, 0.2]],
            per=8,
        ),
        *c.paper,
    )
    body.add(
        shapes.smooth([[0.66, 0.06], [0.4, 0.12], [0.1, 0.13], [-0.3, 0.17], [-0.2, 0.4], [0.6, 0.4]], per=8),
        c.trim,
        mix(c.trim, c.main, 0.25),
        within="piece",
        lift=5,
    )
    body.add(shapes.circle(0.38, -0.035, 0.042), "#fffdf6", lift=3)
    body.add(shapes.circle(0.388, -0.033, 0.026), "#1a1626", lift=0, edge=0.2)
    fin = a.part(swing(0.14, 0.14, 16, 0.9, always=True), lift=12)
    fin.add(
        shapes.smooth([[0.22, 0.1], [0.08, 0.1], [-0.08, 0.26], [-0.02, 0.32], [0.14, 0.24]]),
        lighter(c.main, -0.03),
        lighter(c.main, -0.11),
    )
    return a


def duck(c: Tone) -> Actor:
    """A duck afloat: head and wing nod."""
    a = Actor((-0.54, -0.56, 0.52, 0.3), 0.2, bank=4.0, hop=0.02)
    body = a.part(lift=16)
    body.add(
        shapes.smooth(
            [[-0.54, -0.16], [-0.34, -0.1], [-0.02, -0.14], [0.3, -0.08], [0.38, 0.06], [0.24, 0.24], [-0.1, 0.3], [-0.38, 0.2]], per=8
        ),
        *c.paper,
    )
    head = a.part(swing(0.2, -0.05, 7, 0.8, always=True), lift=16)
    head.add([[0.42, -0.42], [0.56, -0.36], [0.54, -0.29], [0.4, -0.31]], "#f9a62f", "#e07f22", lift=5)
    head.add(
        shapes.smooth(
            [
                [0.1, 0.02],
                [0.14, -0.22],
                [0.12, -0.42],
                [0.24, -0.56],
                [0.4, -0.54],
                [0.46, -0.4],
                [0.38, -0.26],
                [0.36, -0.02],
                [0.24, 0.08],
            ],
            per=8,
        ),
        lighter(c.main, 0.03),
        lighter(c.main, -0.04),
    )
    head.add(shapes.ribbon([[0.06, -0.13], [0.46, -0.17]], 0.055), c.trim, within="piece", lift=3)
    head.add(shapes.circle(0.33, -0.42, 0.04), "#fffdf6", lift=3)
    head.add(shapes.circle(0.34, -0.42, 0.025), "#1a1626", lift=0, edge=0.2)
    wing = a.part(swing(0.12, 0.0, 8, 1.0, always=True), lift=14)
    wing.add(
        shapes.smooth([[0.18, -0.02], [-0.02, -0.06], [-0.36, -0.06], [-0.26, 0.1], [-0.04, 0.18], [0.14, 0.12]], per=8),
        lighter(c.main, -0.04),
        lighter(c.main, -0.11),
    )
    wing.add(shapes.smooth([[0.1, 0.0], [-0.08, -0.01], [-0.24, 0.0], [-0.14, 0.08], [0.04, 0.11]], per=6), c.trim, lift=4)
    return a
