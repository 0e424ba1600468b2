"""Things that move: balloon, sailing boat, rocket, bird, fish, car. Each is a `Cutout` of many papers about its own origin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.world import shapes
from engine.world.diorama import Cutout
from engine.world.palette import Colour, lighter, mix


def balloon(
    colours: Sequence[Colour] = ("#d8432f", "#f6e3bf", "#e98b3a", "#f6e3bf"), *, band: Colour = "#2f6f77", gores: int = 9
) -> Cutout:
    """A hot-air balloon 1.42 high and 1 wide, the origin at the middle of its envelope."""
    top, middle, mouth = -0.56, -0.06, 0.52

    def half(y: np.ndarray) -> np.ndarray:
        """Half width of the envelope at height y: a round crown that runs straight into the mouth."""
        crown = np.sqrt(np.clip(1 - ((y - middle) / (middle - top)) ** 2, 0, 1)) * 0.5
        s = np.clip((y - middle) / (mouth - middle), 0, 1)
        skirt = 0.08 + 0.42 * (0.5 + 0.5 * np.cos(np.pi * s)) ** 0.85
        return np.where(y < middle, crown, skirt)

    y = np.concatenate([np.linspace(top, top + 0.06, 14), np.linspace(top + 0.07, mouth, 70)])
    thing = Cutout()
    edges = np.sin(np.linspace(-np.pi / 2, np.pi / 2, gores + 1))
    for k in sorted(range(gores), key=lambda i: -abs(i - (gores - 1) / 2)):
        left, right = np.stack([half(y) * edges[k], y], 1), np.stack([half(y) * edges[k + 1], y], 1)
        base, side = colours[k % len(colours)], (edges[k] + edges[k + 1]) / 2
        shade = lighter(base, -0.05 * abs(side) - 0.075 * max(side, 0) + 0.02)
        thing.add(np.concatenate([left, right[::-1]]), lighter(shade, 0.035), shade, lighter(shade, -0.06), lift=13, edge=0.9)
    a = np.linspace(-np.pi / 2, np.pi / 2, 60)

    def around(height: float, bow: float) -> np.ndarray:
        """A parallel of the envelope, seen from slightly below."""
        return np.stack([float(half(np.array(height))) * np.sin(a), height + bow * np.cos(a)], 1)

    for upper, lower, colour in ((-0.145, 0.065, band), (-0.118, 0.038, mix(band, "#fff3d8", 0.86))):
        thing.add(
            np.concatenate([around(upper, 0.05) * (1.004, 1), around(lower, 0.075)[::-1] * (1.004, 1)]),
            lighter(colour, 0.05),
            colour,
            lighter(colour, -0.07),
            lift=9,
            within="thing",
            angle=20,
        )
    for k, side in enumerate(np.sin(np.linspace(-1.25, 1.25, 9))):
        w = 0.5 * np.sqrt(1 - side**2)
        thing.add(
            shapes.move(shapes.star(0, 0, 0.068, inner=0.42), 0.5 * side, -0.04 + 0.0625 * np.sqrt(1 - side**2), scale=(w * 1.55, 1.0)),
            colours[0] if k % 2 == 0 else band,
            lift=5,
            within="thing",
        )
    thing.add(
        np.concatenate([around(0.305, 0.06) * (1.01, 1), around(0.345, 0.062)[::-1] * (1.01, 1)]),
        lighter(band, 0.04),
        lighter(band, -0.05),
        lift=6,
        within="thing",
        angle=20,
    )
    for x in (-0.062, -0.03, 0.03, 0.062):
        thing.add(shapes.ribbon([[x * 1.2, 0.505], [x * 1.02, 0.735]], 0.0075), "#5a3b2c", lift=4, edge=0.3)
    thing.add(shapes.ribbon([[-0.082, 0.513], [0.082, 0.513]], 0.02), lighter(band, -0.08), lift=5)
    basket = [[-0.078, 0.72], [0.078, 0.72], [0.066, 0.855], [-0.066, 0.855]]
    thing.add(basket, "#c48a55", "#8b5a35", lift=7)
    for k in range(4):
        thing.add(
            shapes.ribbon([[-0.09, 0.752 + 0.027 * k], [0.09, 0.752 + 0.027 * k]], 0.0085),
            "#a06c41",
            "#7b4f30",
            lift=2,
            within="thing",
            angle=0,
        )
    thing.add(shapes.rounded_box(-0.086, 0.708, 0.086, 0.736, 0.012), "#6f4530", "#553423", lift=4)
    for x in (-0.06, 0.062):
        thing.add(shapes.circle(x, 0.775, 0.021, squash=1.25, count=30), "#e9d9b8", "#c4a980", lift=5)
    return thing


def boat(sail: Colour = "#d5382f", hull: Colour = "#7c3327", *, jib: Colour = "#f2a65e") -> Cutout:
    """A sailing boat 1.15 high and 1 long with its bow to the right, the origin at the waterline under the mast."""
    thing = Cutout()
    thing.add(shapes.ribbon([[0.015, 0.0], [0.008, -0.98]], [0.026, 0.016]), "#8a5a3c", "#5d3826", lift=9)
    front = np.concatenate(
        [
            shapes.smooth([[0.03, -0.90], [0.16, -0.62], [0.30, -0.34], [0.455, -0.145]], closed=False),
            shapes.smooth([[0.455, -0.145], [0.25, -0.155], [0.045, -0.135]], closed=False)[1:],
            [[0.035, -0.5]],
        ]
    )
    thing.add(front, lighter(jib, 0.05), jib, lighter(jib, -0.08), lift=15, angle=20)
    thing.add(shapes.ribbon([[0.05, -0.42], [0.23, -0.415], [0.31, -0.40]], 0.012), lighter(jib, -0.1), lift=2, within="piece", edge=0.3)
    luff, foot = shapes.polygon([[0.0, -0.955], [0.0, -0.165]]), shapes.polygon([[-0.445, -0.185]])
    leech = shapes.smooth([[-0.445, -0.185], [-0.37, -0.42], [-0.22, -0.71], [0.0, -0.955]], closed=False)
    main = np.concatenate([luff, foot, leech[1:-1]])
    thing.add(main, lighter(sail, 0.055), sail, lighter(sail, -0.07), lift=18, angle=160)
    for k, share in enumerate((0.25, 0.46, 0.65, 0.81)):  # the seams of the sail: each upper panel lies on the one below
        y = -0.165 - 0.79 * share
        panel = [[0.01, y], [0.01, -1.0], [-0.5, -1.0], [-0.5, y - 0.03], [-0.2, y + 0.022]]
        thing.add(
            panel,
            lighter(sail, 0.05 - 0.012 * k),
            lighter(sail, 0.014 * (k + 1)),
            lighter(sail, -0.06 + 0.015 * k),
            lift=5,
            within="piece",
            angle=160,
        )
    thing.add(shapes.star(-0.15, -0.36, 0.072, points=5, inner=0.42), mix(sail, "#fff2d4", 0.88), lift=6)
    thing.add(shapes.ribbon([[-0.455, -0.165], [0.02, -0.15]], [0.016, 0.022]), "#7a4c32", lift=8)
    thing.add(
        shapes.smooth([[0.008, -1.0], [-0.07, -0.985], [-0.13, -1.01], [-0.19, -0.985], [-0.13, -0.965], [-0.07, -0.95], [0.008, -0.955]]),
        jib,
        lift=8,
    )
    body = np.concatenate(
        [
            shapes.smooth([[-0.46, -0.11], [-0.2, -0.075], [0.15, -0.085], [0.53, -0.155]], closed=False),
            shapes.smooth(
                [[0.53, -0.155], [0.44, -0.02], [0.33, 0.075], [0.1, 0.11], [-0.2, 0.105], [-0.37, 0.07], [-0.46, -0.11]], closed=False
            )[1:-1],
        ]
    )
    thing.add(body, lighter(hull, 0.06), hull, lighter(hull, -0.09), lift=16)
    rail = shapes.smooth([[-0.48, -0.085], [-0.2, -0.045], [0.15, -0.052], [0.56, -0.13]], closed=False)
    thing.add(shapes.ribbon(rail, 0.034), "#f7e7c9", "#e2c99d", lift=6, within="piece", angle=0)
    thing.add(
        shapes.ribbon(shapes.smooth([[-0.48, 0.03], [-0.2, 0.062], [0.15, 0.06], [0.5, 0.0]], closed=False), 0.026),
        lighter(hull, -0.1),
        lift=4,
        within="piece",
    )
    for x in (-0.27, -0.13, 0.01, 0.15):
        thing.add(shapes.circle(x, 0.012 - 0.02 * abs(x), 0.021, count=30), "#f2c56b", lift=3)
    return thing


def rocket(body: Colour = "#f7ead3", accent: Colour = "#d93a36", glass: Colour = "#4fb2c6", *, flame: bool = True) -> Cutout:
    """A rocket 1 high without its flame, 0.55 wide over the fins, the origin at its middle."""
    thing = Cutout()
    if flame:
        for wide, long, colour in ((0.30, 0.52, "#f0642d"), (0.215, 0.40, "#f9a638"), (0.125, 0.27, "#ffe38a"), (0.065, 0.16, "#fffbe6")):
            tongue = shapes.mirrored(
                [
                    [0.0, 0.42],
                    [0.30 * wide, 0.44],
                    [0.5 * wide, 0.44 + 0.22 * long],
                    [0.42 * wide, 0.44 + 0.46 * long],
                    [0.16 * wide, 0.44 + 0.78 * long],
                    [0.0, 0.44 + long],
                ]
            )
            thing.add(shapes.smooth(tongue[:-1]), colour, mix(colour, "#d8402a", 0.18), lift=7, glow=0.75)
    for side in (-1, 1):
        fin = shapes.smooth(
            [[0.12, 0.10], [0.20, 0.20], [0.275, 0.34], [0.285, 0.52], [0.235, 0.47], [0.17, 0.415], [0.10, 0.40]], per=8
        ) * (side, 1)
        shade = lighter(accent, 0.0 if side < 0 else -0.055)
        thing.add(fin, lighter(shade, 0.04), lighter(shade, -0.07), lift=12)
    thing.add([[-0.10, 0.38], [0.10, 0.38], [0.128, 0.475], [-0.128, 0.475]], "#e9a93f", "#b5702f", lift=8, angle=0)
    y = np.linspace(-0.5, 0.41, 60)
    s = (y + 0.5) / 0.91
    half = 0.19 * np.sin(np.pi * np.clip(0.06 + 0.66 * s, 0, 1)) ** 0.9 - 0.19 * np.sin(np.pi * 0.06) ** 0.9 * (1 - s)
    shell = shapes.mirrored(np.stack([half, y], 1))
    thing.add(shell, lighter(body, 0.03), body, mix(body, "#8a7fa6", 0.5), lift=16, angle=0)
    thing.add(
        [[0.055, -0.6], [0.3, -0.6], [0.3, 0.5], [0.075, 0.5], [0.115, 0.0]],
        mix(body, "#8a7fa6", 0.28),
        mix(body, "#8a7fa6", 0.5),
        lift=5,
        within="piece",
        angle=0,
    )
    nose = shapes.smooth([[-0.3, -0.285], [0.0, -0.255], [0.3, -0.285]], closed=False)
    thing.add(
        np.concatenate([[[-0.3, -0.6]], nose, [[0.3, -0.6]]]),
        lighter(accent, 0.05),
        accent,
        lighter(accent, -0.1),
        lift=7,
        within="piece",
        angle=0,
    )
    thing.add(
        shapes.ribbon(shapes.smooth([[-0.3, -0.255], [0.0, -0.222], [0.3, -0.255]], closed=False), 0.018), "#f2b544", lift=4, within="piece"
    )
    bands: list[tuple[float, float, Colour]] = [(0.245, 0.07, accent), (0.315, 0.024, "#f2b544")]
    for level, wide, tint in bands:
        thing.add(
            shapes.ribbon(shapes.smooth([[-0.3, level - 0.025], [0.0, level], [0.3, level - 0.025]], closed=False), wide),
            lighter(tint, 0.04),
            tint,
            lighter(tint, -0.1),
            lift=6,
            within="piece",
            angle=0,
        )
    for wy, r in ((-0.095, 0.088), (0.105, 0.056)):
        thing.add(shapes.circle(0, wy, r), "#7f86a0", "#4b506c", lift=8, angle=60)
        thing.add(shapes.circle(0, wy, r * 0.76), lighter(glass, -0.17), glass, lighter(glass, 0.08), lift=0, angle=60)
        thing.add(shapes.lens(-r * 0.22, wy - r * 0.28, r * 0.75, r * 0.26, angle=-38), "#e8fbff", lift=0, edge=0.2, alpha=0.85)
    for angle in range(0, 360, 45):
        a = np.deg2rad(angle + 22.5)
        thing.add(shapes.circle(0.0775 * np.cos(a), -0.095 + 0.0775 * np.sin(a), 0.0062, count=14), "#dfe3ee", lift=1, edge=0.3)
    thing.add(
        shapes.smooth([[0.0, 0.13], [0.02, 0.22], [0.022, 0.40], [0.0, 0.53], [-0.022, 0.40], [-0.02, 0.22]]),
        lighter(accent, 0.03),
        lighter(accent, -0.05),
        lift=10,
    )
    return thing


def bird(body: Colour = "#5b6f96", breast: Colour = "#e4572e", *, wing: Colour | None = None, raised: bool = True) -> Cutout:
    """A small bird in flight to the right, about 1 long, the origin in its breast."""
    wing = lighter(body, -0.07) if wing is None else wing
    thing = Cutout()
    for k, (x, y, long, angle) in enumerate(
        ((-0.06, -0.19, 0.50, -124), (-0.02, -0.2, 0.46, -106), (0.02, -0.17, 0.38, -88)) if raised else ()
    ):
        thing.add(shapes.lens(x, y, long, 0.17, angle=angle), lighter(wing, -0.10 + 0.02 * k), lift=10)
    for k, angle in enumerate((168, 180, 192)):
        thing.add(shapes.lens(-0.40 + 0.01 * k, 0.055 + 0.022 * (1 - k), 0.36, 0.085, angle=angle), lighter(body, -0.10 + 0.02 * k), lift=8)
    shell = shapes.smooth(
        [
            [-0.33, 0.03],
            [-0.18, -0.095],
            [0.03, -0.15],
            [0.18, -0.225],
            [0.295, -0.2],
            [0.345, -0.115],
            [0.30, -0.02],
            [0.2, 0.10],
            [0.02, 0.16],
            [-0.17, 0.12],
        ]
    )
    thing.add(shell, lighter(body, 0.06), body, lighter(body, -0.05), lift=14)
    thing.add(
        shapes.smooth(
            [
                [0.36, -0.13],
                [0.27, -0.145],
                [0.20, -0.09],
                [0.13, 0.01],
                [-0.02, 0.07],
                [-0.22, 0.10],
                [-0.1, 0.22],
                [0.2, 0.22],
                [0.42, 0.0],
            ]
        ),
        lighter(breast, 0.04),
        breast,
        lighter(breast, -0.06),
        lift=6,
        within="piece",
    )
    thing.add([[0.335, -0.145], [0.44, -0.098], [0.33, -0.075]], "#f2b33d", "#cf7f22", lift=5)
    thing.add(shapes.circle(0.252, -0.142, 0.032, count=30), "#1c1a2b", lift=0, edge=0.2)
    thing.add(shapes.circle(0.262, -0.153, 0.011, count=16), "#ffffff", lift=0, edge=0.0)
    feathers = (
        ((-0.20, -0.235, 0.56, -140), (-0.14, -0.265, 0.54, -126), (-0.075, -0.26, 0.47, -111))
        if raised
        else ((-0.17, -0.005, 0.46, 172), (-0.14, 0.02, 0.40, 166), (-0.1, 0.035, 0.33, 160))
    )
    for k, (x, y, long, angle) in enumerate(feathers):
        thing.add(shapes.lens(x, y, long, 0.18, angle=angle), lighter(wing, 0.02 + 0.035 * k), lighter(wing, -0.03 + 0.03 * k), lift=9)
    thing.add(
        shapes.smooth([[-0.12, -0.13], [0.0, -0.16], [0.1, -0.09], [0.07, 0.02], [-0.05, 0.03], [-0.13, -0.04]]),
        lighter(wing, 0.12),
        lighter(wing, 0.05),
        lift=8,
    )
    return thing


def fish(body: Colour = "#f0762a", stripe: Colour = "#fff4e0", *, rim: Colour = "#3a2030", fin: Colour | None = None) -> Cutout:
    """A reef fish swimming to the right, 1.2 long and 0.75 high with its fins, the origin in its middle."""
    fin = lighter(body, -0.05) if fin is None else fin
    thing = Cutout()

    def rayed(outline: np.ndarray, root: tuple[float, float], tips: Sequence[tuple[float, float]], lift: float = 10) -> None:
        """A fin with its dark hem and the folds that run from its root."""
        thing.add(outline, lighter(fin, 0.05), lighter(fin, -0.07), lift=lift)
        for tip in tips:
            thing.add(shapes.ribbon([root, tip], [0.004, 0.013]), lighter(fin, -0.13), lift=1, edge=0.3, alpha=0.75)

    rayed(
        shapes.smooth(
            [[-0.40, 0.0], [-0.52, -0.15], [-0.70, -0.24], [-0.665, -0.09], [-0.64, 0.0], [-0.665, 0.10], [-0.69, 0.25], [-0.52, 0.15]]
        ),
        (-0.43, 0.0),
        ((-0.64, -0.185), (-0.62, -0.085), (-0.605, 0.0), (-0.62, 0.09), (-0.635, 0.19)),
        14,
    )
    rayed(
        shapes.smooth([[-0.28, -0.18], [-0.2, -0.36], [-0.02, -0.43], [0.10, -0.40], [0.20, -0.27], [0.0, -0.2]]),
        (-0.02, -0.1),
        ((-0.18, -0.325), (-0.09, -0.375), (0.0, -0.39), (0.085, -0.365)),
    )
    rayed(
        shapes.smooth([[-0.25, 0.17], [-0.2, 0.31], [-0.07, 0.38], [0.0, 0.30], [0.02, 0.2]]),
        (-0.1, 0.1),
        ((-0.175, 0.28), (-0.1, 0.32), (-0.04, 0.3)),
    )
    rayed(
        shapes.smooth([[0.12, 0.22], [0.08, 0.37], [0.14, 0.42], [0.22, 0.33], [0.24, 0.2]]), (0.17, 0.15), ((0.115, 0.365), (0.165, 0.36))
    )
    shell = shapes.smooth(
        [
            [-0.47, 0.0],
            [-0.36, -0.10],
            [-0.17, -0.235],
            [0.06, -0.285],
            [0.28, -0.22],
            [0.42, -0.09],
            [0.465, 0.015],
            [0.41, 0.105],
            [0.27, 0.215],
            [0.05, 0.275],
            [-0.17, 0.225],
            [-0.36, 0.10],
        ],
        per=16,
    )
    thing.add(shell, lighter(body, 0.08), body, lighter(body, -0.10), lift=18)
    for row, y in enumerate(np.arange(-0.2, 0.25, 0.066)):  # scales: arcs cut into the body
        for x in np.arange(-0.34 + 0.045 * (row % 2), 0.13, 0.09):
            arc = shapes.circle(x, y, 0.046, count=28)[9:20]
            thing.add(shapes.ribbon(arc, [0.001, 0.007, 0.007, 0.001]), lighter(body, -0.085), lift=0, within="piece", edge=0.2, alpha=0.55)
    for x, wide, bow in ((0.175, 0.105, 0.07), (-0.115, 0.105, -0.03), (-0.375, 0.055, -0.02)):
        centre = shapes.smooth([[x - 0.02, -0.34], [x + bow, -0.08], [x + bow, 0.08], [x - 0.02, 0.34]], closed=False)
        thing.add(shapes.ribbon(centre, wide + 0.042), rim, lighter(rim, -0.04), lift=2, within="piece", edge=0.5)
        thing.add(shapes.ribbon(centre, wide), lighter(stripe, 0.02), stripe, mix(stripe, "#8f7f9c", 0.35), lift=4, within="piece")
    thing.add(shapes.circle(0.335, -0.055, 0.056, count=40), "#fffaf0", lift=5)
    thing.add(shapes.circle(0.345, -0.053, 0.037, count=32), "#191426", lift=0, edge=0.2)
    thing.add(shapes.circle(0.358, -0.067, 0.013, count=20), "#ffffff", lift=0, edge=0.0)
    thing.add(
        shapes.ribbon(shapes.smooth([[0.465, 0.045], [0.42, 0.062], [0.385, 0.05]], closed=False), [0.012, 0.014, 0.003]),
        lighter(body, -0.22),
        lift=0,
        within="piece",
        edge=0.3,
    )
    rayed(
        shapes.smooth([[0.06, 0.03], [-0.04, -0.055], [-0.145, -0.03], [-0.16, 0.075], [-0.09, 0.165], [0.01, 0.135]]),
        (0.05, 0.045),
        ((-0.11, -0.01), (-0.125, 0.055), (-0.1, 0.115), (-0.035, 0.13)),
        14,
    )
    return thing


def car(body: Colour = "#d9a441", *, load: bool = False) -> Cutout:
    """A small round car driving to the right, 1 long and 0.5 high, the origin on the ground below it; `load`: a tree on its roof."""
    thing = Cutout()
    if load:
        for k in range(4):
            thing.add(
                [[0.40 - 0.17 * k, -0.545], [0.18 - 0.17 * k, -0.66], [0.20 - 0.17 * k, -0.545], [0.18 - 0.17 * k, -0.455]],
                lighter("#2f6b52", 0.03 * (k % 2)),
                "#245443",
                lift=8,
            )
        thing.add(shapes.ribbon([[-0.52, -0.552], [-0.28, -0.55]], 0.035), "#6b4430", lift=4)
    thing.add(
        shapes.smooth([[-0.30, -0.25], [-0.24, -0.43], [-0.11, -0.485], [0.07, -0.485], [0.18, -0.42], [0.28, -0.25]]),
        lighter(body, 0.05),
        lighter(body, -0.02),
        lift=10,
    )
    thing.add(
        shapes.smooth([[-0.225, -0.275], [-0.18, -0.40], [-0.045, -0.435], [-0.04, -0.275]], per=6), "#ffe7a8", "#f6c873", lift=3, glow=0.5
    )
    thing.add(shapes.smooth([[0.0, -0.275], [0.0, -0.435], [0.12, -0.41], [0.215, -0.275]], per=6), "#ffe7a8", "#f6c873", lift=3, glow=0.5)
    thing.add(shapes.rounded_box(-0.5, -0.29, 0.5, -0.09, 0.085), lighter(body, 0.03), body, lighter(body, -0.09), lift=12)
    thing.add(shapes.rounded_box(-0.51, -0.135, 0.515, -0.085, 0.025), "#e9e4d8", "#b5aca0", lift=5)
    thing.add(shapes.circle(0.452, -0.205, 0.042, count=30), "#fff6cf", lift=3, glow=0.7)
    thing.add(shapes.ribbon([[-0.02, -0.27], [-0.02, -0.135]], 0.008), lighter(body, -0.13), lift=0, edge=0.2)
    for x in (-0.275, 0.285):
        thing.add(shapes.circle(x, -0.088, 0.098, count=60), "#33303f", "#22202c", lift=9)
        thing.add(shapes.circle(x, -0.088, 0.052, count=40), "#ddd6c6", "#aaa294", lift=4)
    return thing
