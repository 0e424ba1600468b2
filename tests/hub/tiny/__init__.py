"""Pipelines of toy size with random weights, of the same classes as the real ones, saved in the hub's folder layout: only ids, sizes and numbers differ.

`MAKERS`: card id -> what saves its tiny copy into a folder; `small`: a card whose rules ask for clips of toy size.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.catalog.card import Card
from tests.hub.tiny import animate, animatediff, cogvideox, hunyuan, ltx, mochi, pictures, sana, skyreels, svd, vace, wan
from tests.hub.tiny.wan import wan_t2v

Maker = Callable[[Path], None]

MAKERS: dict[str, Maker] = {
    **wan.MAKERS, **ltx.MAKERS, **hunyuan.MAKERS, **skyreels.MAKERS, **sana.MAKERS, **cogvideox.MAKERS, **mochi.MAKERS, **animatediff.MAKERS, **svd.MAKERS,
    **vace.MAKERS, **animate.MAKERS,
    **pictures.MAKERS,
}  # fmt: skip

SMALLER: dict[str, dict[str, Any]] = {
    "ltx-2": {"spatio_temporal_guidance_blocks": [1], "max_sequence_length": 32},
    "ltx-2-3": {"spatio_temporal_guidance_blocks": [1], "max_sequence_length": 32, "use_cross_timestep": False},
    **dict.fromkeys(("sana-video-2b", "sana-video-2b-720p"), {"use_resolution_binning": False, "max_sequence_length": 32}),
    **pictures.SMALLER,
}
"""Arguments that depend on a network's depth or on the sizes that it was taught."""


def small(card: Card, **changes: Any) -> Card:
    """A card of the same rules with clips of a few frames, about 64x48 or a little more where its rules ask for it."""
    drawing = card.drawing
    assert drawing is not None
    step = drawing.multiple
    size = {"width": -(-64 // step) * step, "height": -(-48 // step) * step}
    frames = drawing.count(5)
    windows = drawing.windows
    if windows is not None:
        windows = windows.model_copy(update={"length": 17, "overlap": 5})
    # What the card says of its whole size would be asked of the machine for each toy clip, and a long one would be refused where little memory is free.
    rules = {**size, "frames": frames, "windows": windows, "fixed": {**drawing.fixed, **SMALLER.get(card.id, {})}, "activations_mib": drawing.activations_mib / 100, **changes}
    return card.model_copy(update={"drawing": drawing.model_copy(update=rules)})


__all__ = ["MAKERS", "SMALLER", "Maker", "small", "wan_t2v"]
