"""The five example pictures as scenes: each a function of size and seed, composed from scenery, props and subjects."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.world import props, scenery, shapes, subjects
from engine.world.diorama import Diorama, Scene
from engine.world.palette import SKIES, lighter, mix
from engine.world.paper import Cut, Paint, blur, cut

Size = tuple[int, int]


def balloon_at_sunrise(size: Size = (1024, 768), seed: int = 7) -> Scene:
    """A striped balloon over misty hills, the sun just up. Subject layers: "balloon", "far balloon"."""
    world = Diorama("balloon", size, SKIES["dawn"], seed)
    scenery.ringed_sky(world, 0.24, 0.615, inner=140, rings=6, outer=430, rough=0.014)
    scenery.disc(world, "sun", 0.24, 0.615, 90, ("#fffbe9", "#ffe9a8", "#fdc873"), 0.93, halo=3.4, strength=0.75)
    scenery.clouds(world, [(0.115, 0.40, 210), (0.90, 0.615, 240), (0.215, 0.115, 170)], ("#fff4e2", "#f6c3b2"), 0.88)
    world.place(
        "far balloon",
        subjects.balloon(("#7d6ca8", "#f5e2d0", "#c7859c", "#f5e2d0"), band="#5c6aa0", gores=7),
        0.425,
        0.15,
        96,
        0.7,
        lift=7,
        dark=0.28,
    )
    hills = (
        (0.665, 0.040, 1.3, ("#efa78e", "#f3bc9c"), 0.80),
        (0.720, 0.050, 1.7, ("#d27f86", "#dd9b93"), 0.70),
        (0.785, 0.048, 1.5, ("#a05f83", "#b57c8f"), 0.58),
        (0.855, 0.050, 1.4, ("#67487c", "#7b5c87"), 0.42),
        (0.925, 0.045, 1.2, ("#3d3766", "#4a4474"), 0.28),
    )
    for k, (y, amplitude, waves, colours, depth) in enumerate(hills):
        line = scenery.hill_line(world, y, amplitude, waves=waves, tilt=(-0.05, 0.06, -0.04, 0.05, -0.03)[k])
        trees: list[np.ndarray] = []
        if k >= 2:
            groups = ((0.13, 0.93), (0.30, 0.80), (0.07, 0.52, 0.90))[k - 2]
            spots = [middle + world.rng.normal(0, 0.035) for middle in groups for _ in range(5)]
            trees = scenery.conifers(world, line, [(float(x), float(world.rng.uniform(26, 48) * (0.55 + 0.32 * k))) for x in spots])
        scenery.ground(world, f"hill {k + 1}", line, colours, depth, extra=trees)
        if k in (0, 1, 2):
            world.glow(f"mist {k + 1}", 0.24, y + 0.03, 420, 0.26 - 0.07 * k, depth, "#ffe6c0")
    world.place("balloon", subjects.balloon(), 0.70, 0.325, 372, 0.2, lift=9, dark=0.32)
    scenery.flock(world, "birds", ((0.435, 0.405, 19, -8), (0.47, 0.375, 15, 4), (0.405, 0.36, 13, -4)), "#4a3a66", 0.5)
    _meadow(world, ("#2b3158", "#1f2748"), 0.12)
    return world.finish()


def _meadow(world: Diorama, colours: tuple[str, str], depth: float) -> None:
    """Dark grass and flowers along the lower edge, higher in the corners: a frame for the eye."""
    x = np.linspace(-0.05, 1.05, 200)
    line = np.stack([x * world.width, (0.995 - 0.10 * (2 * np.abs(x - 0.5)) ** 3) * world.height], 1)
    blades = []
    for _ in range(120):
        at = world.rng.uniform(-0.02, 1.02)
        tall = world.px(world.rng.uniform(22, 60) * (0.5 + 1.0 * abs(2 * at - 1)))
        root, lean = (at * world.width, scenery.on_line(line, at * world.width) + world.px(6)), world.rng.uniform(-0.5, 0.5) * tall
        stem = shapes.smooth([root, (root[0] + 0.2 * lean, root[1] - 0.55 * tall), (root[0] + lean, root[1] - tall)], closed=False, per=6)
        blades.append(shapes.ribbon(stem, [world.px(7), world.px(5), world.px(0.6)]))
    scenery.ground(world, "meadow", line, colours, depth, extra=blades)


def boat_in_moonlight(size: Size = (1024, 768), seed: int = 11) -> Scene:
    """A red sailing boat on the evening sea, the moon's path on the water. Subject layer: "boat"."""
    world = Diorama("boat", size, SKIES["dusk"], seed)
    scenery.banded_sky(world, 0.56, bands=7)
    mx, my = 0.30, 0.265
    scenery.stars(world, 46, bottom=0.42, depth=0.92, clear=[(mx, my, 170), (0.62, 0.40, 110)])
    scenery.disc(world, "moon", mx, my, 88, ("#fffbe8", "#fbe7b4", "#f2cf94"), 0.9, halo=3.2, strength=0.55)
    cx, cy = world.at(mx, my)
    craters = [
        shapes.circle(cx + world.px(dx), cy + world.px(dy), world.px(r), count=40)
        for dx, dy, r in ((-30, -22, 17), (22, 10, 22), (-14, 36, 11), (38, -32, 9))
    ]
    world.sheet("moon craters", craters, Paint(("#efcf98",), glow=0.2, edge=-0.8), 0.9, lift=0)
    scenery.clouds(world, [(0.12, 0.43, 250), (0.52, 0.17, 210), (0.93, 0.36, 300)], ("#c98b9d", "#7b5a8f"), 0.85)
    for k, (y, a, colours) in enumerate(((0.545, 0.030, ("#8d6291", "#7b5689")), (0.575, 0.018, ("#5f4a80", "#50417a")))):
        line = scenery.hill_line(world, y, a, waves=1.9 + k, tilt=(-0.03, 0.02)[k])
        scenery.ground(world, f"coast {k + 1}", line, colours, 0.8 - 0.04 * k, lift=10)
    sea = ("#6a6aa6", "#55609f", "#435694", "#344a86", "#283e76", "#1e3265", "#162552", "#0f1a40")
    tops = (0.600, 0.635, 0.680, 0.735, 0.800, 0.868, 0.928, 0.975)
    for k, (colour, y) in enumerate(zip(sea, tops, strict=True)):
        scenery.wave(
            world,
            f"sea {k + 1}",
            y,
            (lighter(colour, 0.05), colour, lighter(colour, -0.05)),
            0.7 - 0.07 * k,
            width=44 + 13 * k,
            height=6 + 2.6 * k,
        )
        if k == 0:
            rock = shapes.smooth([[-90, 16], [-66, -14], [-30, -30], [8, -34], [40, -18], [70, -8], [96, 18]], per=8)
            spot = world.at(0.885, 0.62)
            world.place("lighthouse", props.lighthouse(), 0.885, 0.585, 178, 0.66, lift=8)
            world.sheet("rock", [shapes.move(rock, *spot, scale=world.unit)], Paint(("#54406d", "#3b2f58")), 0.65, lift=9)
            world.glow("lighthouse glow", 0.885, 0.585 - 0.85 * 178 * world.unit / world.height, 120, 0.6, 0.64, "#fff0b8")
        if k in (0, 1, 2, 3, 4, 5):
            y1 = tops[k + 1] if k + 1 < len(tops) else 1.0
            rows = np.linspace(y + 0.008, y1 + 0.004, 3 + k // 2)
            scenery.glitter(
                world,
                f"glitter {k + 1}",
                mx,
                rows,
                [58 + 13 * k] * len(rows),
                mix("#ffeebb", colour, 0.04 * k),
                0.69 - 0.07 * k,
                spread=0.55 - 0.02 * k,
            )
        if k == 4:
            world.place("boat", subjects.boat(), 0.605, 0.80, 500, 0.4, angle=3, lift=10, dark=0.38)
        if k == 5:
            rows = np.linspace(y + 0.018, 0.92, 3)
            scenery.glitter(world, "sail reflection", 0.595, rows, [105, 80, 58], "#d9504a", 0.34, spread=0.35)
    scenery.flock(world, "gulls", ((0.80, 0.215, 22, -10), (0.755, 0.25, 16, 6)), "#f4e6dc", 0.5)
    return world.finish(warmth=0.05)


def rocket_at_night(size: Size = (768, 1024), seed: int = 23) -> Scene:
    """A rocket that leaves its pad under a full sky of stars; portrait. Subject layer: "rocket"."""
    world = Diorama("rocket", size, SKIES["night"], seed)
    scenery.ringed_sky(world, 0.54, 0.72, inner=420, rings=4, rough=0.02)
    scenery.stars(
        world,
        120,
        bottom=0.70,
        depth=0.9,
        clear=[
            (0.19, 0.15, 120),
            (0.55, 0.37, 150),
            (0.55, 0.50, 190),
            (0.55, 0.63, 210),
            (0.83, 0.265, 105),
            (0.205, 0.48, 95),
            (0.205, 0.62, 95),
        ],
    )
    mx, my = world.at(0.19, 0.15)
    world.glow("moon glow", 0.165, 0.155, 250, 0.35, 0.9)
    world.sheet(
        "moon", [shapes.crescent(mx, my, world.px(78), thick=0.36, angle=-28)], Paint(("#fff6d8", "#f6d899"), glow=0.3), 0.89, lift=9
    )
    px, py = world.at(0.83, 0.265)
    planet = world.px(56)
    world.sheet("planet", [shapes.circle(px, py, planet)], Paint(("#f3a0a0", "#c2658f", "#7f4686"), angle=60), 0.88, lift=9)
    ring = shapes.move(shapes.circle(0, 0, 1.75, squash=0.30, count=120), px, py, scale=planet, angle=-20)
    gap = shapes.move(shapes.circle(0, 0, 1.32, squash=0.25, count=120), px, py, scale=planet, angle=-20)
    behind = shapes.move([[-1, -1.02], [1, -1.02], [1, -0.12], [-1, -0.12]], px, py, scale=planet * 0.93, angle=-20)
    world.sheet("planet ring", [ring], Paint(("#f7d9a4", "#d9a878"), angle=0), 0.87, holes=[gap, behind], lift=4)
    scenery.mountains(world, "mountains", 0.825, 0.115, ("#3f4389", "#343a78"), 0.75, count=5, snow="#a9aede")
    for k, (y, a, colours) in enumerate(((0.795, 0.022, ("#2d3570", "#252c62")), (0.835, 0.02, ("#222857", "#1b204a")))):
        line = scenery.hill_line(world, y, a, waves=1.4 + k * 0.4)
        spots = np.sort(world.rng.uniform(0.0, 1.0, 15))
        trees = scenery.conifers(world, line, [(float(x), float(world.rng.uniform(44, 74) + 14 * k)) for x in spots if abs(x - 0.52) > 0.2])
        scenery.ground(world, f"hill {k + 1}", line, colours, 0.62 - 0.06 * k, extra=trees)
    world.glow("launch light", 0.55, 0.80, 620, 0.62, 0.5, "#ff9d5c", power=2.2)
    world.place("tower", props.launch_tower("#8f4f5d"), 0.205, 0.885, 640, 0.5, lift=10)
    puffs = ("#8b6a92", "#c98a8e", "#eeb592", "#fbd9ad")
    world.place("smoke behind", props.smoke(puffs[:3], seed=seed + 1, wide=1.25, tall=0.34, dip=0.1), 0.55, 0.93, 900, 0.45, lift=12)
    world.place("rocket", subjects.rocket(), 0.55, 0.47, 520, 0.4, lift=9, dark=0.38)
    world.glow("flame light", 0.55, 0.765, 300, 0.5, 0.38, "#ffd58a", power=2.4)
    world.place("smoke", props.smoke(puffs[1:], seed=seed + 5, wide=1.3, tall=0.21), 0.55, 0.955, 950, 0.3, lift=14)
    base = scenery.hill_line(world, 0.945, 0.006, waves=1.0, octaves=1)
    scenery.ground(world, "ground", base, ("#2a2450", "#171536"), 0.2)
    for x, tall in ((0.05, 190), (0.135, 120), (0.93, 205), (0.845, 125)):
        world.place(f"pine at {x}", props.pine("#23305e"), x, 1.0, tall, 0.12, lift=12)
    return world.finish(warmth=0.03)


def reef(size: Size = (1024, 768), seed: int = 5) -> Scene:
    """An orange fish over a coral reef, light from the surface. Subject layers: "fish", "blue fish", "weed left"."""
    world = Diorama("reef", size, SKIES["water"], seed)
    scenery.ringed_sky(world, 0.62, -0.08, inner=185, rings=4, outer=375, fade=0.42, rough=0.02)
    _sunbeams(world, 0.62, -0.25)
    for k, (y, a, colours) in enumerate(((0.72, 0.05, ("#1b7f92", "#17707f")), (0.79, 0.05, ("#126577", "#0f5567")))):
        line = scenery.hill_line(world, y, a, waves=1.8 + 0.5 * k, tilt=(0.06, -0.09)[k])
        scenery.ground(world, f"far reef {k + 1}", line, colours, 0.8 - 0.06 * k)
        if k == 0:
            for x, tall, shade in ((0.14, 150, "#1d7f8d"), (0.235, 120, "#218896"), (0.70, 130, "#1d7f8d"), (0.90, 160, "#218896")):
                foot = scenery.on_line(line, x * world.width) / world.height + 0.02
                world.place(f"far coral {x}", props.coral(shade, seed=int(100 * x), thick=0.1), x, foot, tall, 0.79, lift=6, dark=0.3)
    world.place("weed back", props.seaweed("#1f7d6d", seed=4, blades=3), 0.79, 0.95, 480, 0.6, lift=10)
    world.place(
        "blue fish", subjects.fish("#3f7fd0", "#f8e27a", rim="#1d2f66", fin="#f2c64a"), 0.275, 0.275, 165, 0.55, angle=4, lift=10, dark=0.35
    )
    world.place(
        "small fish",
        subjects.fish("#3f7fd0", "#f8e27a", rim="#1d2f66", fin="#f2c64a"),
        0.135,
        0.375,
        110,
        0.58,
        angle=-4,
        lift=8,
        dark=0.33,
    )
    line = scenery.hill_line(world, 0.885, 0.035, waves=1.3, tilt=-0.02)
    scenery.ground(world, "sand back", line, ("#c9a77e", "#a8866d"), 0.5)
    world.place("coral pink", props.coral("#ee6d86", seed=3), 0.875, 0.985, 410, 0.42, lift=12)
    world.place("coral purple", props.brain_coral("#9a74c4", seed=2), 0.70, 0.945, 230, 0.4, lift=12)
    world.place("coral orange", props.coral("#f39a4a", seed=12, depth=4, spread=26, thick=0.1), 0.335, 0.985, 290, 0.42, lift=12)
    world.place("weed left", props.seaweed("#38a06a", seed=8, blades=3), 0.115, 0.985, 540, 0.3, lift=13)
    world.place("fish", subjects.fish(), 0.525, 0.50, 380, 0.25, angle=-6, lift=9, dark=0.32)
    rings = ((0.80, 0.40, 15), (0.815, 0.34, 10), (0.793, 0.295, 18), (0.812, 0.225, 8), (0.80, 0.17, 13))
    bubbles = [shapes.circle(*world.at(x, y), world.px(r)) for x, y, r in rings]
    insides = [shapes.circle(world.at(x, y)[0] + world.px(2), world.at(x, y)[1] + world.px(2), world.px(0.72 * r)) for x, y, r in rings]
    world.sheet("bubbles", bubbles, Paint(("#e6fff6", "#a5e0da"), angle=60, glow=0.2), 0.24, holes=insides, lift=5, dark=0.3)
    front = scenery.hill_line(world, 0.955, 0.02, waves=1.1, tilt=0.02)
    scenery.ground(world, "sand", front, ("#e8cc9c", "#c39d78"), 0.2)
    sx, sy = world.at(0.47, 0.965)
    sea_star = shapes.smooth(shapes.star(sx, sy, world.px(44), points=5, inner=0.45, angle=14), per=6)
    world.sheet("sea star", [sea_star], Paint(("#ff8e72", "#e2574f")), 0.18, lift=8)
    world.place("coral front", props.coral("#c93f6b", seed=21, spread=28, thick=0.11), 0.975, 1.03, 300, 0.12, lift=14)
    world.place("coral red", props.brain_coral("#e5705e", seed=6), 0.035, 1.02, 250, 0.12, lift=14)
    return world.finish(warmth=0.0, vignette=0.42)


def _sunbeams(world: Diorama, x: float, y: float) -> None:
    """Broad soft shafts of light that fan out from above the surface."""
    cx, cy = world.at(x, y)
    far = world.height * 1.7
    for k, (angle, wide) in enumerate(((-34, 5), (-19, 8), (-3, 6), (11, 9), (27, 5))):
        a, b = np.deg2rad(90 - angle - wide / 2), np.deg2rad(90 - angle + wide / 2)
        beam = cut(
            [np.array([[cx, cy], [cx + far * np.cos(a), cy + far * np.sin(a)], [cx + far * np.cos(b), cy + far * np.sin(b)]])], world.size
        )
        if beam is None:
            continue
        rows = np.linspace(beam.box[0].start, beam.box[0].stop, beam.mask.shape[0])[:, None] / world.height
        fade = np.clip(1 - rows / 0.95, 0, 1) ** 1.2
        world.light(f"sunbeam {k + 1}", Cut((0.22 * blur(beam.mask, world.px(9)) * fade).astype(np.float32), beam.box), "#eafff0", 0.85)


def snowy_village(size: Size = (1024, 768), seed: int = 31) -> Scene:
    """A village in the snow at nightfall, a street lamp, a robin in flight. Subject layers: "robin", "car"."""
    world = Diorama("village", size, SKIES["snow"], seed)
    scenery.banded_sky(world, 0.60, bands=4, amplitude=0.014)
    scenery.stars(world, 44, bottom=0.36, depth=0.92, clear=[(0.80, 0.16, 130), (0.615, 0.27, 150)])
    scenery.disc(world, "moon", 0.80, 0.165, 62, ("#fffdf0", "#f7ecc9"), 0.9, halo=3.6, strength=0.45)
    scenery.mountains(world, "mountains", 0.62, 0.26, ("#7d93bf", "#8fa4cb"), 0.82, count=5, snow="#eef3fb")
    snow = "#f3f6fd"
    back = scenery.hill_line(world, 0.585, 0.03, waves=1.4, tilt=0.03)
    spots = np.sort(world.rng.uniform(0, 1, 26))
    scenery.ground(
        world,
        "forest",
        back,
        ("#4a6394", "#5a74a5"),
        0.74,
        extra=scenery.conifers(world, back, [(float(x), float(world.rng.uniform(48, 86))) for x in spots]),
    )
    middle = scenery.hill_line(world, 0.665, 0.025, waves=1.2, tilt=-0.05)
    scenery.ground(world, "snow hill 1", middle, ("#d3def2", "#aebfe0"), 0.64)
    world.place("church", props.church(snow=snow), 0.475, 0.685, 195, 0.6, lift=10)
    for name, x, y, s, wall, wide in (
        ("house far left", 0.27, 0.70, 118, "#8e6f8f", 1.1),
        ("house far right", 0.715, 0.685, 112, "#b5705c", 1.0),
    ):
        world.place(name, props.house(wall, snow=snow, wide=wide), x, y, s, 0.58, lift=9)
        world.glow(f"{name} glow", x, y - 0.04, 110, 0.32, 0.57)
    front = scenery.hill_line(world, 0.745, 0.022, waves=1.0, tilt=0.03)
    scenery.ground(world, "snow hill 2", front, ("#dfe8f7", "#b7c7e6"), 0.5)
    for name, x, y, s, wall, roof, wide, floors in (
        ("house left", 0.125, 0.815, 205, "#b94f48", "#4f3550", 1.05, 2),
        ("house right", 0.905, 0.815, 225, "#cf8a4d", "#53394d", 1.15, 1),
        ("house middle", 0.60, 0.79, 165, "#5f8a8b", "#413a58", 1.15, 1),
    ):
        world.place(name, props.house(wall, roof, snow=snow, wide=wide, floors=floors), x, y, s, 0.45, lift=12)
        world.glow(f"{name} glow", x, y - 0.07, 190, 0.30, 0.44)
    for x, y, tall in ((0.27, 0.815, 205), (0.745, 0.80, 170), (0.43, 0.79, 130)):
        world.place(f"pine at {x}", props.pine("#2f5a62", snow=snow), x, y, tall, 0.42, lift=11)
    road = scenery.hill_line(world, 0.825, 0.012, waves=0.9, tilt=-0.02)
    scenery.ground(world, "snow street", road, ("#eaf0fb", "#c0cee9"), 0.36)
    world.place("car", subjects.car("#c8453f", load=True), 0.69, 0.925, 225, 0.32, lift=10)
    near = scenery.hill_line(world, 0.925, 0.02, waves=0.8, tilt=0.03)
    scenery.ground(world, "snow front", near, ("#eef3fd", "#bccbe8"), 0.24)
    world.glow("lamp pool", 0.375, 0.93, 340, 0.55, 0.23, "#ffd27d", power=1.6)
    lamp_y, lamp_size = 0.955, 560
    light = lamp_y - 0.86 * lamp_size * world.unit / world.height
    world.glow("lamp glow", 0.375, light, 300, 0.62, 0.22, "#ffdf9c", power=2.0)
    world.place("lamp", props.street_lamp(snow=snow), 0.375, lamp_y, lamp_size, 0.2, lift=13)
    world.glow("lamp shine", 0.375, light, 120, 0.75, 0.19, "#fff6d2", power=2.2)
    world.place("robin", subjects.bird("#6b5a58", "#ea5a2c"), 0.615, 0.307, 174, 0.15, angle=-10, lift=8, dark=0.32)
    scenery.snowfall(world, "snow fall", 80, (2.5, 7.5), 0.1, clear=[(0.615, 0.30, 140), (0.375, light, 60)])
    world.place("pine front left", props.pine("#1f444f", snow=snow), 0.02, 1.05, 430, 0.08, lift=16)
    world.place("pine front right", props.pine("#1f444f", snow=snow), 0.985, 1.06, 330, 0.08, lift=16)
    return world.finish(warmth=0.0)


SCENES: dict[str, Callable[..., Scene]] = {
    "balloon": balloon_at_sunrise,
    "boat": boat_in_moonlight,
    "rocket": rocket_at_night,
    "reef": reef,
    "village": snowy_village,
}
"""By name, which is also the name of the picture's file: call with `size=(width, height)` and `seed`, or with neither."""
