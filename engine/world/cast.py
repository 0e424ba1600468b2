"""The cast by name: which function draws which kind of thing."""

from __future__ import annotations

from collections.abc import Callable

from engine.world import cast_air, cast_land, cast_rooted, cast_water
from engine.world.rig import Actor, Tone

CAST: dict[str, Callable[[Tone], Actor]] = {
    **{name: getattr(cast_air, name) for name in ("balloon", "bird", "plane", "butterfly", "helicopter", "kite", "rocket")},
    **{name: getattr(cast_water, name) for name in ("boat", "fish", "whale", "duck")},
    **{name: getattr(cast_land, name) for name in ("car", "bus", "train", "bicycle", "cat", "dog", "horse", "ball")},
    **{name: getattr(cast_rooted, name) for name in ("house", "tree", "flower", "umbrella", "snowman", "windmill")},
}
"""Kind -> drawing of the thing in a tone, looking to the right."""
