"""Steps that are nearly like the one before are not computed whole (First Block Cache, after ParaAttention; Pyramid Attention Broadcast, Zhao et al., 2024).

off: every step whole. safe: what changes hardly is left out, the picture stays the same to the eye. fast: more is left out, fine detail may change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from engine.hub.pipeline import DENOISERS

Level = Literal["off", "safe", "fast"]

THRESHOLD: dict[str, float] = {"safe": 0.05, "fast": 0.15}
"""Mean change of the first block's answer, beside its size, below which the other blocks are taken from the step before."""

SKIP: dict[str, int] = {"safe": 2, "fast": 3}
"""Pyramid Attention Broadcast: each so-many-th step computes spatial attention."""


@contextmanager
def cached(pipeline: Any, level: Level) -> Iterator[str]:
    """A pipeline with a step cache for the length of a block; yields the name of the method, empty when the model takes none."""
    if level == "off":
        yield ""
        return
    taken: list[Any] = []
    name = ""
    for part in DENOISERS:
        net: Any = getattr(pipeline, part, None)
        for method, config in _configs(pipeline, level) if hasattr(net, "enable_cache") else ():
            try:
                net.enable_cache(config)
            except Exception:  # a net whose blocks the method does not know; the next method is tried
                _clear(net)
                continue
            taken.append(net)
            name = method
            break
    try:
        yield name
    finally:
        for net in taken:
            net.disable_cache()


def _configs(pipeline: Any, level: str) -> list[tuple[str, Any]]:
    from diffusers import FirstBlockCacheConfig, PyramidAttentionBroadcastConfig

    return [
        ("first block cache", FirstBlockCacheConfig(threshold=THRESHOLD[level])),
        (
            "pyramid attention broadcast",
            PyramidAttentionBroadcastConfig(
                spatial_attention_block_skip_range=SKIP[level], spatial_attention_timestep_skip_range=(100, 800), current_timestep_callback=lambda: pipeline.current_timestep
            ),
        ),
    ]


def _clear(net: Any) -> None:
    """Take half-made hooks away again."""
    for part in net.modules():
        registry: Any = getattr(part, "_diffusers_hook", None)
        for name in list(getattr(registry, "hooks", {})):
            if "cache" in name or "broadcast" in name:
                registry.remove_hook(name, recurse=False)
    net._cache_config = None
