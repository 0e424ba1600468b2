"""The nine places of the moving scenes: which sheets of land and water lie between the sky and the viewer, and where things stand in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.world import props, shapes
from engine.world.backdrop import Backdrop
from engine.world.diorama import Cutout
from engine.world.palette import Colour, lighter, mix
from engine.world.sheets import Matrix, shift
from engine.world.sky import lamp_place


@dataclass(frozen=True)
class Stage:
    """Where things belong in a place: rows as fractions of the picture's height (0 on top), depths as in `Sheet`.

    air: middle of what flies; ground: feet of what stands; water: water line of what swims, none where there is no water.
    """

    air: float
    ground: float
    water: float | None
    air_depth: float = 0.47
    ground_depth: float = 0.4
    water_depth: float = 0.4


def _swell(amount: float, hz: float, phase: float) -> Callable[[float], Matrix]:
    """Water that goes to and fro."""
    return lambda time: shift(amount * np.sin(2 * np.pi * hz * time + phase), 0.22 * amount * np.cos(2 * np.pi * hz * time + phase))


def _waves(table: Backdrop, rows: tuple[float, ...], colours: tuple[Colour, ...], depths: tuple[float, ...], *, name: str = "wave") -> None:
    """Sheets of water with scalloped crests, each swaying against its neighbour."""
    for k, (row, colour, depth) in enumerate(zip(rows, colours, depths, strict=True)):
        parallax = float(np.clip(1.25 - 0.85 * depth / 0.75 * 0.9, 0.4, 1.2))
        wide, tall = 0.075 + 0.03 * k, 0.007 + 0.004 * k
        left, _, right, _ = table.span(parallax)
        line = shapes.scallops(left - 0.3, right + 0.3, table.row(row), wide, tall, shift=float(table.rng.random()))
        line[:, 1] += 0.005 * np.sin(2 * np.pi * line[:, 0] * table.rng.uniform(0.6, 1.2) + table.rng.uniform(0, 6))
        swell = 0.012 + 0.006 * k
        move = _swell(swell * (1 if k % 2 else -1), 0.35, float(table.rng.uniform(0, 6.28)))
        shades = (lighter(colour, 0.06), colour, lighter(colour, -0.05))
        table.paper(f"{name} {k + 1}", [table.below(line, parallax)], shades, depth, parallax, lift=10, move=move, reach=(swell, swell))
        if table.weather in ("clear", "cloudy"):
            low = rows[k + 1] if k + 1 < len(rows) else min(row + 0.13, 0.98)
            _glitter(table, f"{name} {k + 1} glitter", (row, low), colour, depth - 0.003, parallax, move)


def _glitter(
    table: Backdrop, name: str, rows: tuple[float, float], water: Colour, depth: float, parallax: float, move: Callable[[float], Matrix]
) -> None:
    """Slivers of the sun's or moon's light on one sheet of water, below the light and wider towards the viewer."""
    x, wide = lamp_place(table, table.seed)[0], 0.05 + 0.16 * rows[0] ** 2
    share = {"day": 0.5, "night": 0.25}.get(table.time, 0.12)
    slivers = []
    for _ in range(5 + round(24 * (rows[1] - rows[0]))):
        at, y = x + float(table.rng.normal(0, 0.5)) * wide, table.row(float(table.rng.uniform(rows[0] + 0.014, rows[1])))
        long = wide * float(table.rng.uniform(0.25, 0.7))
        slivers.append(shapes.lens(at, y, long, 0.005 + 0.05 * long))
    light = mix(table.sky.light, table.tinted(water, depth), share)
    table.paper(name, slivers, (light,), depth, parallax, lift=2, glow=0.7, edge=0.4, move=move, reach=(0.05, 0.02), tint=False)


def _blossoms(
    table: Backdrop, rows: tuple[float, float], depth: float, colours: tuple[Colour, ...] = ("#fff4dc", "#f6cf4f", "#ee8fa8")
) -> None:
    """Small flowers in the grass, one sheet of each colour."""
    parallax = _parallax(depth)
    left, _, right, _ = table.span(parallax)
    for k, colour in enumerate(colours):
        heads = []
        for _ in range(round(9 * (right - left))):
            x, y = float(table.rng.uniform(left, right)), table.row(float(table.rng.uniform(*rows)))
            heads.append(shapes.smooth(shapes.star(x, y, 0.0105, points=5, inner=0.55), per=3))
        table.paper(f"blossoms {k + 1}", heads, (colour,), depth - 0.001 * k, parallax, lift=3, edge=0.6)


def _parallax(depth: float) -> float:
    """Share of the camera's motion at a depth: 1 on the stage (0.4), little far away."""
    return float(np.clip(1.0 + (0.4 - depth) * (1.55 if depth > 0.4 else 0.7), 0.12, 1.25))


def _hill(
    table: Backdrop, name: str, row: float, amplitude: float, waves: float, colours: tuple[Colour, ...], depth: float, *, tilt: float = 0.0
) -> np.ndarray:
    parallax = _parallax(depth)
    line = table.crest(row, amplitude, waves, parallax, tilt=tilt)
    table.paper(name, [table.below(line, parallax)], colours, depth, parallax)
    return line


def _wooded(
    table: Backdrop, name: str, row: float, amplitude: float, colours: tuple[Colour, ...], depth: float, *, tall: tuple[float, float], gap: float,
    clear: float = 0.0, waves: float = 1.3,
) -> None:  # fmt: skip
    """A hill sheet with conifers cut from the same paper. tall: their heights in world units; gap: their distance; clear: half width left free."""
    parallax = _parallax(depth)
    line = table.crest(row, amplitude, waves, parallax)
    trees, x = [], float(line[0, 0]) + 0.1
    while x < line[-1, 0] - 0.1:
        x += gap * table.rng.uniform(0.6, 1.5)
        if abs(x) >= clear:
            trees += _conifer(x, float(np.interp(x, line[:, 0], line[:, 1])) + 0.006, float(table.rng.uniform(*tall)))
    table.paper(name, [table.below(line, parallax), *trees], colours, depth, parallax)


def _conifer(x: float, base: float, tall: float) -> list[np.ndarray]:
    """A small conifer as outlines, (x, base) its foot."""
    out = []
    for k in range(4):
        top, wide = base - tall * (1 - 0.22 * k), tall * 0.44 * (0.36 + 0.64 * (k + 1) / 4)
        low = top + tall * 0.37
        out.append(np.array([[x, top], [x + wide / 2, low], [x, low - 0.05 * tall], [x - wide / 2, low]]))
    out.append(
        np.array(
            [[x - tall * 0.04, base - tall * 0.2], [x + tall * 0.04, base - tall * 0.2], [x + tall * 0.04, base], [x - tall * 0.04, base]]
        )
    )
    return out


def _row_of(
    table: Backdrop, name: str, make: Callable[[int], Cutout], line: np.ndarray, places: list[tuple[float, float]], depth: float
) -> None:
    """Props along a crest. places: (x, size) in world units."""
    for k, (x, size) in enumerate(places):
        y = float(np.interp(x, line[:, 0], line[:, 1])) + 0.012
        table.thing(f"{name} {k + 1}", make(k), x, y, size, depth, _parallax(depth), flip=bool(k % 2))


def _apart(table: Backdrop, depth: float, gap: float, sizes: tuple[float, float], *, clear: float = 0.0) -> list[tuple[float, float]]:
    """Places at about `gap` along all that is seen at a depth, none nearer to the middle than `clear`."""
    left, _, right, _ = table.span(_parallax(depth))
    xs = np.arange(left - gap / 2, right + gap, gap) + table.rng.uniform(0, gap)
    return [(float(x + table.rng.uniform(-0.25, 0.25) * gap), float(table.rng.uniform(*sizes))) for x in xs if abs(x) > clear]


def sea(table: Backdrop) -> None:
    """Open water from the middle of the picture down."""
    rows = (0.50, 0.555, 0.62, 0.70, 0.84)
    _waves(table, rows, ("#6fb6d4", "#4c9cc8", "#3685bb", "#2570a8", "#195a91"), (0.75, 0.66, 0.57, 0.49, 0.3))


def beach(table: Backdrop) -> None:
    """Sea behind, sand in front."""
    _waves(table, (0.50, 0.56, 0.62), ("#7cc6d6", "#53afc9", "#3597bd"), (0.75, 0.66, 0.58))
    _hill(table, "wet sand", 0.70, 0.014, 0.9, ("#e9d3a2", "#d8bb86"), 0.46, tilt=0.03)
    _hill(table, "sand", 0.76, 0.018, 1.1, ("#f7e3b4", "#ebcb92"), 0.44, tilt=-0.02)
    front = _hill(table, "sand front", 0.955, 0.012, 1.3, ("#f2d6a0", "#dcb67b"), 0.25)
    shells = [(x, 0.035) for x, _ in _apart(table, 0.24, 0.5, (1, 1))]
    _row_of(table, "shell", lambda k: _shell(table.tinted("#f59b86" if k % 2 else "#f7efe2", 0.24)), front + (0, 0.03), shells, 0.24)


def _shell(colour: Colour) -> Cutout:
    thing = Cutout()
    thing.add(shapes.smooth(shapes.star(0, -0.4, 0.6, points=5, inner=0.5), per=5), lighter(colour, 0.04), lighter(colour, -0.05), lift=8)
    return thing


def hills(table: Backdrop) -> None:
    """Rolling green hills."""
    _hill(table, "far hills", 0.56, 0.055, 1.1, ("#a9d6a0", "#8cc590"), 0.8)
    _hill(table, "hills", 0.66, 0.05, 0.9, ("#7fc278", "#62ad66"), 0.66, tilt=0.04)
    line = _hill(table, "near hill", 0.77, 0.035, 0.7, ("#5fb15a", "#46984f"), 0.5, tilt=-0.04)
    _row_of(
        table,
        "tree",
        lambda k: props.round_tree(table.tinted("#3f8f4c", 0.5), table.tinted("#6b4532", 0.5), seed=k),
        line,
        _apart(table, 0.49, 0.62, (0.12, 0.18), clear=0.3),
        0.49,
    )
    _hill(table, "meadow", 0.845, 0.012, 0.8, ("#58ab52", "#3d8a45"), 0.43)
    _blossoms(table, (0.865, 0.985), 0.425)


def mountains(table: Backdrop) -> None:
    """Snowy peaks behind a meadow with firs."""
    for k, (base, height, count, colours, depth) in enumerate(
        ((0.66, 0.36, 4, ("#8f9dc4", "#a3b1d0"), 0.85), (0.72, 0.24, 5, ("#6a7fae", "#8396bd"), 0.74))
    ):
        parallax = _parallax(depth)
        left, _, right, _ = table.span(parallax)
        wide = right - left + 0.4
        line = shapes.peaks(left - 0.2, right + 0.2, table.row(base), height, table.rng, count=max(3, round(count * wide / 1.5)))
        table.paper(f"mountains {k + 1}", [shapes.under(line, table.row(1.0) + 0.4)], colours, depth, parallax)
        if k == 0:
            table.paper("snow caps", _caps(line), ("#ffffff", "#dfe7f5"), depth - 0.005, parallax, lift=4, dark=0.3)
    _wooded(table, "firs", 0.74, 0.02, ("#4d8a6c", "#3c7560"), 0.6, tall=(0.08, 0.14), gap=0.13)
    _hill(table, "meadow", 0.81, 0.018, 0.8, ("#6fb365", "#4f9553"), 0.45)
    _blossoms(table, (0.835, 0.98), 0.445, ("#fff4dc", "#b79be0"))


def _caps(line: np.ndarray) -> list[np.ndarray]:
    """Snow on the tops of a line of peaks."""
    caps = []
    for i in range(1, len(line) - 1, 2):
        top, left, right = line[i], line[i - 1], line[i + 1]
        depth = 0.45 * min(left[1], right[1]) + 0.55 * top[1] - top[1]
        a, b = (top + (side - top) * depth / (side[1] - top[1]) for side in (left, right))
        steps = np.linspace(1, 0, 7)[1:-1]
        jag = [[a[0] + (b[0] - a[0]) * s, a[1] + depth * (0.22 if j % 2 else -0.3)] for j, s in enumerate(steps)]
        caps.append(np.array([a, top, b, *jag]))
    return caps


def forest(table: Backdrop) -> None:
    """Three rows of firs, and a clearing."""
    _wooded(table, "far wood", 0.60, 0.02, ("#9cc7ae", "#83b59a"), 0.8, tall=(0.16, 0.26), gap=0.085)
    _wooded(table, "wood", 0.68, 0.02, ("#659f80", "#4f8a6c"), 0.66, tall=(0.2, 0.32), gap=0.13)
    line = _hill(table, "clearing back", 0.78, 0.015, 0.9, ("#4e8d5f", "#3b7650"), 0.5)
    pines = _apart(table, 0.49, 0.34, (0.34, 0.46), clear=0.34)
    _row_of(table, "pine", lambda k: props.pine(table.tinted("#2f7257", 0.5)), line, pines, 0.49)
    _hill(table, "clearing", 0.85, 0.01, 1.0, ("#5fa15c", "#43854b"), 0.44)
    _blossoms(table, (0.875, 0.985), 0.435, ("#fff4dc", "#e5705e"))


def desert(table: Backdrop) -> None:
    """Dunes and cacti."""
    parallax = _parallax(0.82)
    left, _, right, _ = table.span(parallax)
    mesas, x = [], left
    while x < right:
        wide, tall = table.rng.uniform(0.16, 0.3), table.rng.uniform(0.08, 0.2)
        base = table.row(0.66)
        mesas.append(
            np.array(
                [
                    [x - 0.03, base + 0.4],
                    [x, base - tall * 0.5],
                    [x + 0.03, base - tall],
                    [x + wide, base - tall],
                    [x + wide + 0.03, base - tall * 0.4],
                    [x + wide + 0.06, base + 0.4],
                ]
            )
        )
        x += wide + table.rng.uniform(0.12, 0.4)
    table.paper("mesas", mesas, ("#d98f63", "#c27852"), 0.82, parallax)
    _hill(table, "far dunes", 0.62, 0.035, 1.0, ("#f3cf94", "#e6b778"), 0.74)
    line = _hill(table, "dunes", 0.72, 0.04, 0.8, ("#efc07c", "#dea862"), 0.58, tilt=0.05)
    _row_of(
        table, "cactus", lambda k: _cactus(table.tinted("#4e9c64", 0.55)), line, _apart(table, 0.57, 0.5, (0.17, 0.27), clear=0.12), 0.57
    )
    _hill(table, "sand", 0.83, 0.02, 0.7, ("#f2c987", "#dba75f"), 0.44)


def _cactus(green: Colour) -> Cutout:
    thing = Cutout()
    for arm in ([[0, -0.36], [0.22, -0.36], [0.24, -0.7]], [[0, -0.26], [-0.2, -0.26], [-0.22, -0.54]]):
        thing.add(shapes.ribbon(shapes.smooth(arm, closed=False), [0.11, 0.11, 0.1]), lighter(green, 0.02), lighter(green, -0.05), lift=8)
        thing.add(shapes.circle(*arm[-1], 0.052), lighter(green, 0.02), lift=2)
    thing.add(shapes.rounded_box(-0.085, -1.0, 0.085, 0.03, 0.085), lighter(green, 0.06), lighter(green, -0.04), lift=10)
    return thing


def snow_field(table: Backdrop) -> None:
    """White hills with snowy pines."""
    _wooded(table, "far wood", 0.58, 0.03, ("#9fb6d6", "#8aa5cb"), 0.8, tall=(0.07, 0.13), gap=0.09)
    _hill(table, "far snow", 0.63, 0.035, 0.9, ("#e6edf8", "#c3d2ea"), 0.7)
    line = _hill(table, "snow hill", 0.73, 0.035, 0.8, ("#f4f7fd", "#cfdcf0"), 0.55, tilt=0.04)
    green = table.tinted("#3c7a6c", 0.5)
    pines = _apart(table, 0.54, 0.42, (0.24, 0.36), clear=0.3)
    _row_of(table, "pine", lambda k: props.pine(green, snow=table.tinted("#f7f9fe", 0.5)), line, pines, 0.54)
    _hill(table, "snow", 0.83, 0.014, 0.8, ("#ffffff", "#dbe5f4"), 0.44)


def city(table: Backdrop) -> None:
    """Two rows of houses and a street."""
    for k, (base, colours, depth, tall, gap) in enumerate(
        ((0.80, ("#a6b4d0", "#93a2c4"), 0.78, (0.28, 0.52), 0.15), (0.83, ("#7888b4", "#64749f"), 0.6, (0.16, 0.34), 0.2))
    ):
        parallax = _parallax(depth)
        left, _, right, _ = table.span(parallax)
        houses, panes, x = [], [], left - gap
        while x < right + gap:
            wide, high = gap * table.rng.uniform(0.75, 1.2), table.rng.uniform(*tall)
            top = table.row(base) - high
            houses.append(np.array([[x, top], [x + wide, top], [x + wide, table.row(1.0) + 0.4], [x, table.row(1.0) + 0.4]]))
            if table.rng.random() < 0.35:
                houses.append(np.array([[x + wide * 0.3, top + 0.01], [x + wide * 0.5, top - 0.07], [x + wide * 0.7, top + 0.01]]))
            columns, rows = 3 if k else 2, int(high / 0.062)
            for row in range(rows):
                for column in range(columns):
                    if table.rng.random() < 0.72:
                        cx, cy = x + wide * (column + 1) / (columns + 1), top + 0.045 + row * 0.062
                        panes.append(shapes.rounded_box(cx - 0.013, cy - 0.015, cx + 0.013, cy + 0.015, 0.003))
            x += wide + gap * (0.0 if k == 0 else table.rng.uniform(0.02, 0.3))
        table.paper(f"houses {k + 1}", houses, colours, depth, parallax)
        shines = table.time in ("night", "sunset")
        pane = ("#ffe08a",) if shines else (lighter(colours[0], 0.12),)
        table.paper(
            f"windows {k + 1}", panes, pane, depth - 0.005, parallax, lift=0, glow=0.8 if shines else 0.0, tint=not shines, edge=0.3
        )
    _hill(table, "pavement", 0.815, 0.0, 1.0, ("#d5d2cf", "#bfbcbd"), 0.46)
    _hill(table, "street", 0.85, 0.0, 1.0, ("#6f7180", "#5b5d6c"), 0.44)
    parallax = _parallax(0.43)
    left, _, right, _ = table.span(parallax)
    marks = [
        shapes.rounded_box(x, table.row(0.955), x + 0.13, table.row(0.955) + 0.018, 0.004) for x in np.arange(left - 0.2, right + 0.2, 0.24)
    ]
    table.paper("street marks", marks, ("#f3ecd9",), 0.43, parallax, lift=2)


def river(table: Backdrop) -> None:
    """A river between green banks."""
    _hill(table, "far hills", 0.52, 0.05, 1.0, ("#a8d39c", "#8bc18c"), 0.8)
    line = _hill(table, "far bank", 0.61, 0.02, 0.8, ("#79bd70", "#5ea75f"), 0.64)
    _row_of(
        table,
        "tree",
        lambda k: props.round_tree(table.tinted("#4a9650", 0.6), table.tinted("#6b4532", 0.6), seed=k + 3),
        line,
        _apart(table, 0.63, 0.36, (0.13, 0.2), clear=0.05),
        0.63,
    )
    _waves(table, (0.665, 0.715, 0.79), ("#7cc4de", "#55aed3", "#3c97c4"), (0.6, 0.54, 0.34), name="water")
    bank = _hill(table, "near bank", 0.925, 0.012, 0.9, ("#63b159", "#439147"), 0.28)
    reeds = [(x, s) for x, s in _apart(table, 0.27, 0.42, (0.09, 0.15), clear=0.12)]
    _row_of(table, "reeds", lambda k: props.seaweed(table.tinted("#3f9150", 0.3), seed=k, blades=2), bank + (0, 0.03), reeds, 0.27)


PLACE_TABLES: dict[str, Callable[[Backdrop], None]] = {
    "sea": sea, "beach": beach, "hills": hills, "mountains": mountains, "forest": forest, "desert": desert, "snow field": snow_field, "city": city,
    "river": river,
}  # fmt: skip
"""Place -> what lays its sheets."""


STAGES: dict[str, Stage] = {
    "sea": Stage(0.33, 0.83, 0.845, water_depth=0.38, ground_depth=0.37),
    "beach": Stage(0.33, 0.885, 0.69, water_depth=0.5),
    "hills": Stage(0.34, 0.905, None),
    "mountains": Stage(0.32, 0.9, None),
    "forest": Stage(0.34, 0.905, None),
    "desert": Stage(0.33, 0.9, None),
    "snow field": Stage(0.33, 0.9, None),
    "city": Stage(0.32, 0.905, None),
    "river": Stage(0.32, 0.955, 0.79, ground_depth=0.26, water_depth=0.42),
}
"""Place -> where things stand in it."""
