"""Steps that are nearly like the ones before are not computed whole. Four methods, each with two levels; the first one that a model's net takes is used unless the setting names one.

off: every step whole. safe: what changes hardly is left out, the picture stays the same to the eye. fast: more is left out, fine detail may change.

First block cache (after ParaAttention): when the first block answers nearly as in the step before, the others are taken from there. TaylorSeer (Liu et al., 2025): between steps computed
whole, the net's last layer is foretold from its changes. Pyramid attention broadcast (Zhao et al., 2024) and FasterCache (Lv et al., 2024) keep attention alone for some steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from engine.hub.fields import Level
from engine.hub.names import DENOISERS
from engine.settings import StepCacheMethod

THRESHOLD: dict[str, float] = {"safe": 0.05, "fast": 0.15}
"""Mean change of the first block's answer, beside its size, below which the other blocks are taken from the step before."""

EVERY: dict[str, int] = {"safe": 2, "fast": 3}
"""Each so-many-th step is whole (TaylorSeer), or computes its attention (the other two)."""

BEGIN = 4
"""Steps at the beginning that TaylorSeer leaves whole: there the layout is made, and the changes are not known yet. Models of four steps are not touched at all."""

BETWEEN = (100, 800)
"""Noise levels (of 1000) between which attention may be kept."""


@contextmanager
def cached(pipeline: Any, level: Level, method: StepCacheMethod = "auto") -> Iterator[str]:
    """A pipeline with a step cache for the length of a block; yields the name of the method, empty when the model takes none."""
    if level == "off":
        yield ""
        return
    taken: list[Any] = []
    name = ""
    for part in DENOISERS:
        net: Any = getattr(pipeline, part, None)
        for known, config in METHODS.items() if hasattr(net, "enable_cache") else ():
            if method not in ("auto", known):
                continue
            try:
                net.enable_cache(config(pipeline, level))
            except Exception:  # a net whose blocks the method does not know; the next method is tried
                _clear(net)
                continue
            taken.append(net)
            name = known
            break
    try:
        yield name
    finally:
        for net in taken:
            net.disable_cache()


def _first_block(pipeline: Any, level: str) -> Any:
    from diffusers import FirstBlockCacheConfig

    return FirstBlockCacheConfig(threshold=THRESHOLD[level])


def _taylorseer(pipeline: Any, level: str) -> Any:
    import torch
    from diffusers import TaylorSeerCacheConfig

    # Of first order: a second one was never nearer (`python -m bench.caches`).
    return TaylorSeerCacheConfig(cache_interval=EVERY[level], disable_cache_before_step=BEGIN, max_order=1, taylor_factors_dtype=torch.float32, use_lite_mode=True)


def _pyramid(pipeline: Any, level: str) -> Any:
    from diffusers import PyramidAttentionBroadcastConfig

    return PyramidAttentionBroadcastConfig(
        spatial_attention_block_skip_range=EVERY[level], spatial_attention_timestep_skip_range=BETWEEN, current_timestep_callback=lambda: _now(pipeline)
    )


def _fastercache(pipeline: Any, level: str) -> Any:
    from diffusers import FasterCacheConfig

    # The branch without words is left whole: it is a call of its own in most pipelines, which the method does not know.
    return FasterCacheConfig(
        spatial_attention_block_skip_range=EVERY[level], spatial_attention_timestep_skip_range=BETWEEN, current_timestep_callback=lambda: _now(pipeline),
        attention_weight_callback=lambda module: 0.5, is_guidance_distilled=True,
    )  # fmt: skip


def _now(pipeline: Any) -> float:
    """The noise level of the step at work; of several (each frame has its own in diffusion forcing), the highest."""
    import torch

    return float(torch.as_tensor(pipeline.current_timestep).float().max())


METHODS: dict[str, Callable[[Any, str], Any]] = {"first-block": _first_block, "taylorseer": _taylorseer, "pyramid": _pyramid, "fastercache": _fastercache}
"""In the order in which they are tried."""


def _clear(net: Any) -> None:
    """Take half-made hooks away again."""
    for part in net.modules():
        registry: Any = getattr(part, "_diffusers_hook", None)
        for name in list(getattr(registry, "hooks", {})):
            if any(word in name for word in ("cache", "broadcast", "block")):
                registry.remove_hook(name, recurse=False)
    net._cache_config = None
