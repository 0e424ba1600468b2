"""What stands behind and before the subjects: skies, sun, moon, stars, clouds, hills, mountains, sea, falling snow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.world import shapes
from engine.world.diorama import Diorama
from engine.world.palette import Colour, lighter, mix, ramp, rgb
from engine.world.paper import Paint


def ringed_sky(
    world: Diorama,
    x: float,
    y: float,
    *,
    inner: float,
    rings: int,
    outer: float | None = None,
    fade: float = 0.62,
    rough: float = 0.03,
    lift: float = 15.0,
) -> None:
    """A sky of sheets with ever larger holes about the light at (x, y), lightest inside: the layers of a paper light box.

    inner, outer: radii of the smallest and the largest hole; without `outer` the rings reach almost to the farthest corner,
    with it the last ring is one sheet on which the sky's colours run from the fraction `fade` to their end.
    """
    tones = ramp(world.sky.stops, 256)[::-1]
    share = np.linspace(0, 1, rings + 1) if outer is None else np.linspace(0, fade, rings + 1)
    colours = tones[np.round(255 * share).astype(int)]
    frame = np.array([[-20.0, -20.0], [world.width + 20.0, -20.0], [world.width + 20.0, world.height + 20.0], [-20.0, world.height + 20.0]])
    cx, cy = world.at(x, y)
    far = max(np.hypot(cx - a, cy - b) for a in (0, world.width) for b in (0, world.height)) / world.unit
    world.sheet(
        "sky",
        [frame],
        Paint((colours[0], lighter(colours[0], -0.02)), centre=(cx, cy), reach=world.px(inner * 1.2), grain=0.7),
        1.0,
        lift=0,
    )
    widest, last = (0.86 * far, rings) if outer is None else (outer, rings - 1)
    for k in range(rings):
        radius = inner + (widest - inner) * (k / last) ** 1.15
        hole = shapes.blob(cx, cy, world.px(radius), world.rng, rough=rough, lobes=6)
        shade = Paint((lighter(colours[k + 1], 0.035), lighter(colours[k + 1], -0.03)), centre=(cx, cy), reach=world.px(radius * 2.2))
        if outer is not None and k + 1 == rings:  # one large sheet on which the light fades out
            run = np.interp(np.linspace(0, 1, 12), [radius / far, 1.0], [share[-1] + 0.06, 1.0])
            shade = Paint(tuple(tones[(255 * run).astype(int)]), centre=(cx, cy), reach=world.px(far))
        world.sheet(f"sky ring {k + 1}", [frame], shade, 0.99 - 0.01 * k, holes=[hole], lift=lift, dark=0.30, halo=0.75)


def banded_sky(world: Diorama, horizon: float, *, bands: int, amplitude: float = 0.02, lift: float = 13.0) -> None:
    """A sky of wavy sheets hanging from the top, darkest on top and lightest behind the horizon (fraction of the height)."""
    colours = ramp(world.sky.stops, bands)[::-1]
    x = np.linspace(-0.05, 1.05, 240)
    for k in range(bands):
        bottom = horizon * (1 - k / bands) + 0.06 if k else 1.05
        line = bottom + amplitude * shapes.wave_noise(x, world.rng, waves=1.3 + 0.25 * k, octaves=2)
        edge = np.stack([x * world.width, line * world.height], axis=1)
        whole = shapes.under(edge, -30.0)
        paint = Paint((lighter(colours[k], -0.035), colours[k], lighter(colours[k], 0.02)))
        world.sheet("sky" if k == 0 else f"sky band {k}", [whole], paint, 1.0 - 0.01 * k, lift=lift if k else 0, dark=0.28, halo=0.6)


def disc(
    world: Diorama,
    name: str,
    x: float,
    y: float,
    radius: float,
    colours: tuple[Colour, ...],
    depth: float,
    *,
    halo: float = 2.6,
    strength: float = 0.5,
) -> None:
    """A sun or full moon with its glow; halo is the glow's radius in radii."""
    world.glow(f"{name} glow", x, y, radius * halo, strength, depth)
    cx, cy = world.at(x, y)
    paint = Paint(
        colours, centre=(cx - 0.3 * world.px(radius), cy - 0.3 * world.px(radius)), reach=world.px(1.3 * radius), glow=0.25, edge=0.7
    )
    world.sheet(name, [shapes.circle(cx, cy, world.px(radius), count=160)], paint, depth, lift=9, dark=0.22, halo=0.5)


def stars(world: Diorama, count: int, *, bottom: float, depth: float, clear: Sequence[tuple[float, float, float]] = ()) -> None:
    """Small cut stars above `bottom`, a few of them large, spread evenly; `clear` lists places (x, y, radius) to leave free."""
    outlines, placed = [], [(x * world.width, y * world.height, world.px(r)) for x, y, r in clear]
    for _ in range(count * 12):
        x, y = world.at(world.rng.uniform(0.01, 0.99), bottom * world.rng.uniform(0.02, 1.0) ** 1.25)
        big = world.rng.random() ** 5
        size = world.px(2.2 + 8.5 * big)
        if all(np.hypot(x - a, y - b) > r + size + world.px(13) for a, b, r in placed):
            placed.append((x, y, size * 1.6))
            outlines.append(
                shapes.star(x, y, size, inner=0.3, angle=world.rng.uniform(-12, 12))
                if big > 0.06
                else shapes.circle(x, y, size * 0.72, count=16)
            )
        if len(outlines) == count:
            break
    world.sheet("stars", outlines, Paint((world.sky.light,), glow=0.7, edge=0.3), depth, lift=2.5, dark=0.35)


def cloud_outline(x: float, y: float, width: float, rng: np.random.Generator, *, puffs: int = 6) -> list[np.ndarray]:
    """A flat-bottomed cloud in pixels, as overlapping discs on a slab; (x, y) is the middle of its base."""
    out, height = [], width * rng.uniform(0.20, 0.25)
    at = np.linspace(-0.38, 0.38, puffs) + rng.uniform(-0.025, 0.025, puffs)
    summit = rng.uniform(-0.12, 0.12)
    for a in at:
        r = height * (0.26 + 0.50 * np.exp(-(((a - summit) / 0.2) ** 2))) * rng.uniform(0.9, 1.12)
        out.append(shapes.circle(x + a * width, y - max(r * 0.75, height * 0.17), r))
    slab = height * 0.34
    out.append(shapes.rounded_box(x - width / 2, y - slab, x + width / 2, y, slab / 2))
    return out


def clouds(
    world: Diorama,
    places: Sequence[tuple[float, float, float]],
    colours: tuple[Colour, Colour],
    depth: float,
    *,
    lift: float = 13.0,
    layers: int = 2,
    name: str = "cloud",
) -> None:
    """Clouds at (x, y, width): each of `layers` sheets, the front one smaller and lighter. colours: the top and the base."""
    for i, (x, y, wide) in enumerate(places):
        cx, cy = world.at(x, y)
        for k in range(layers):
            share = k / max(layers - 1, 1)
            width = world.px(wide) * (1 - 0.36 * share)
            outlines = cloud_outline(
                cx + world.px(wide) * 0.11 * share * (1 if i % 2 else -1), cy + world.px(0.035 * wide * k), width, world.rng, puffs=6 - k
            )
            paint = Paint((mix(colours[0], colours[1], 0.4 * (1 - share)), mix(colours[1], colours[0], 0.15 * share)))
            world.sheet(f"{name} {i + 1}.{k + 1}", outlines, paint, depth - 0.002 * k, lift=lift * (1 - 0.3 * share), dark=0.34)


def hill_line(world: Diorama, y: float, amplitude: float, *, waves: float, octaves: int = 3, tilt: float = 0.0) -> np.ndarray:
    """A hill's crest in pixels, open, from left to right beyond the frame. y, amplitude, tilt: fractions of the height."""
    x = np.linspace(-0.06, 1.06, 260)
    h = y + tilt * (x - 0.5) - amplitude * shapes.wave_noise(x, world.rng, waves=waves, octaves=octaves)
    return np.stack([x * world.width, h * world.height], axis=1)


def on_line(line: np.ndarray, x: float) -> float:
    """The height in pixels of a crest at x pixels."""
    return float(np.interp(x, line[:, 0], line[:, 1]))


def ground(
    world: Diorama,
    name: str,
    line: np.ndarray,
    colours: tuple[Colour, ...],
    depth: float,
    *,
    lift: float = 16.0,
    extra: Sequence[np.ndarray] = (),
    dark: float = 0.42,
) -> None:
    """The sheet below a crest, with `extra` outlines (trees, reeds) cut from the same paper."""
    world.sheet(name, [shapes.under(line, world.height + 40.0), *extra], Paint(colours), depth, lift=lift, dark=dark, halo=0.7)


def conifers(world: Diorama, line: np.ndarray, places: Sequence[tuple[float, float]], *, slim: float = 0.42) -> list[np.ndarray]:
    """Outlines of small conifers rooted on a crest, for `ground(extra=...)`. places: (x as a fraction, height in 1/1000)."""
    out = []
    for x, tall in places:
        cx, h = x * world.width, world.px(tall)
        base = on_line(line, cx) + world.px(6)
        tiers = 4 if tall > 45 else 3
        for k in range(tiers):
            top, wide = base - h * (1 - 0.24 * k), h * slim * (0.34 + 0.66 * (k + 1) / tiers)
            low = top + h * (0.36 + 0.04 * k)
            out.append(np.array([[cx, top], [cx + wide / 2, low], [cx, low - 0.06 * h], [cx - wide / 2, low]]))
        out.append(
            np.array([[cx - h * 0.03, base - h * 0.2], [cx + h * 0.03, base - h * 0.2], [cx + h * 0.03, base], [cx - h * 0.03, base]])
        )
    return out


def mountains(
    world: Diorama,
    name: str,
    base: float,
    height: float,
    colours: tuple[Colour, Colour],
    depth: float,
    *,
    count: int,
    snow: Colour | None = None,
    lift: float = 15.0,
) -> None:
    """A mountain range with a sheet of snow on the tops. base, height: fractions of the height."""
    line = shapes.peaks(-0.08 * world.width, 1.08 * world.width, base * world.height, height * world.height, world.rng, count=count)
    world.sheet(name, [shapes.under(line, world.height + 40.0)], Paint(colours), depth, lift=lift, dark=0.4, halo=0.6)
    if snow is None:
        return
    caps = []
    for i in range(1, len(line) - 1, 2):
        top, left, right = line[i], line[i - 1], line[i + 1]
        a, b = top + 0.42 * (left - top), top + 0.42 * (right - top)
        low = max(a[1], b[1])
        a, b = top + (left - top) * (low - top[1]) / (left[1] - top[1]), top + (right - top) * (low - top[1]) / (right[1] - top[1])
        steps = np.linspace(0, 1, 8)
        jag = np.stack([b[0] + (a[0] - b[0]) * steps, low + np.where(np.arange(8) % 2 == 1, 0.5, -0.25) * (low - top[1]) * 0.35], axis=1)
        jag[0, 1] = jag[-1, 1] = low
        caps.append(np.concatenate([[a, top, b], jag[1:-1]]))
    world.sheet(f"{name} snow", caps, Paint((snow, mix(snow, colours[0], 0.25))), depth - 0.002, lift=4, dark=0.4)


def wave(
    world: Diorama,
    name: str,
    y: float,
    colours: tuple[Colour, ...],
    depth: float,
    *,
    width: float,
    height: float,
    lift: float = 12.0,
    swell: float = 0.006,
) -> None:
    """One sheet of sea with a scalloped crest at `y` (fraction); width and height of a crest in 1/1000."""
    line = shapes.scallops(-30.0, world.width + 30.0, y * world.height, world.px(width), world.px(height), shift=world.rng.random())
    line[:, 1] += swell * world.height * np.sin(2 * np.pi * (line[:, 0] / world.width * world.rng.uniform(0.7, 1.4) + world.rng.random()))
    ground(world, name, line, colours, depth, lift=lift, dark=0.45)


def glitter(
    world: Diorama,
    name: str,
    x: float,
    rows: Iterable[float],
    widths: Sequence[float],
    colour: Colour,
    depth: float,
    *,
    spread: float = 0.6,
) -> None:
    """Slivers of light on water in rows (fractions of the height) about x; widths in 1/1000 row by row."""
    outlines = []
    for y, wide in zip(rows, widths, strict=True):
        for _ in range(3):
            dx, share = np.clip(world.rng.normal(0, spread * wide), -1.1 * wide, 1.1 * wide), world.rng.uniform(0.25, 1.0)
            cx, cy = world.at(x, y + world.rng.uniform(-0.005, 0.005))
            outlines.append(shapes.lens(cx + world.px(dx), cy, world.px(wide * share), world.px(3.6 + 0.05 * wide * share)))
    world.sheet(name, outlines, Paint((colour,), glow=0.8, edge=0.4), depth, lift=3.0, dark=0.35)


def snowfall(
    world: Diorama,
    name: str,
    count: int,
    sizes: tuple[float, float],
    depth: float,
    *,
    clear: Sequence[tuple[float, float, float]] = (),
    bottom: float = 1.0,
) -> None:
    """Flakes as small paper discs, sizes in 1/1000, spread over the picture down to `bottom`."""
    outlines, taken = [], [(x * world.width, y * world.height, world.px(r)) for x, y, r in clear]
    for _ in range(count * 8):
        (x, y), r = world.at(world.rng.random(), world.rng.random() * bottom), world.px(world.rng.uniform(*sizes))
        if all(np.hypot(x - a, y - b) > r + s + world.px(16) for a, b, s in taken):
            taken.append((x, y, r))
            outlines.append(shapes.circle(x, y, r, count=24))
        if len(outlines) == count:
            break
    world.sheet(name, outlines, Paint((rgb("#ffffff"),), edge=0.8), depth, lift=7, dark=0.3)


def flock(world: Diorama, name: str, places: Sequence[tuple[float, float, float, float]], colour: Colour, depth: float) -> None:
    """Far birds, each two bent strokes of the knife. places: (x, y, half span in 1/1000, degrees clockwise)."""
    wings = shapes.smooth([[-1, -0.25], [-0.45, -0.42], [0, 0.0], [0.45, -0.42], [1, -0.25]], closed=False)
    far = shapes.ribbon(wings, [0.02, 0.16, 0.2, 0.16, 0.02])
    outlines = [shapes.move(far, *world.at(x, y), scale=world.px(span), angle=angle) for x, y, span, angle in places]
    world.sheet(name, outlines, Paint((colour,)), depth, lift=4, dark=0.3)
