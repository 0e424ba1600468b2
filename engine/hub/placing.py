"""A pipeline on its device, as `engine.hub.fit` chose: moved, offloaded by nets or by layers, with 8-bit weights, tiles, another attention, compiled blocks.

A net that is shared between pipelines is placed anew when another one takes it over, and only then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.hub.backends import ON_PROCESSORS
from engine.hub.compiling import compile_blocks
from engine.hub.names import DENOISERS

if TYPE_CHECKING:
    import torch

    from engine.hub.fit import Fit

GROUP = ("group_offloading", "layer_execution_tracker", "lazy_prefetch_group_offloading")
"""The names that diffusers gives to its hooks of group offload; the last two learn the order of the layers in the first call."""

NOWHERE = ("", "")
"""Mode and device of a net that is not placed."""


def place(pipeline: Any, fit: Fit, device: torch.device) -> None:
    """Put a pipeline where it works. Its nets may have been placed otherwise before, by another pipeline."""
    import torch

    nets: dict[str, Any] = {name: one for name, one in pipeline.components.items() if isinstance(one, torch.nn.Module)}
    how = (fit.mode, str(device))
    for net in nets.values():
        if getattr(net, "kinora_placed", None) != how:
            lift(net)
    if fit.mode in ("processor", "resident"):
        for net in nets.values():
            net.to(device)
    elif fit.mode == "model offload":
        pipeline.enable_model_cpu_offload(device=device)
    elif any(getattr(net, "kinora_placed", None) != how for net in nets.values()):
        stream = device.type == "cuda"
        fresh = [name for name, net in nets.items() if getattr(net, "kinora_placed", None) == how]
        pipeline.enable_group_offload(onload_device=device, offload_device=torch.device("cpu"), offload_type="leaf_level", use_stream=stream, non_blocking=stream, exclude_modules=fresh)
    for net in nets.values():
        net.kinora_placed = how
    vae = nets.get("vae")
    for kind in ("tiling", "slicing"):
        switch = getattr(vae, f"{'enable' if fit.tiles else 'disable'}_{kind}", None)
        if switch is not None:
            switch()


def lift_moved(pipeline: Any) -> None:
    """Take the nets of a pipeline from what moves them while they work; those that lie somewhere stay there."""
    for net in pipeline.components.values():
        if getattr(net, "kinora_placed", NOWHERE)[0] in ("model offload", "group offload"):
            lift(net)


def lift(net: Any) -> None:
    """Take a net from whatever moves it, back to the processor."""
    from accelerate.hooks import remove_hook_from_module  # type: ignore[import-untyped]

    if hasattr(net, "_hf_hook"):
        remove_hook_from_module(net, recurse=True)
    if getattr(net, "kinora_placed", NOWHERE)[0] == "group offload":
        for part in net.modules():
            registry = getattr(part, "_diffusers_hook", None)
            if registry is not None:
                for name in GROUP:
                    registry.remove_hook(name, recurse=False)
    net.to("cpu")
    net.kinora_placed = NOWHERE


def tune(pipeline: Any, device: torch.device, attention: str, compiled: bool, tell: Callable[[str], None]) -> None:
    """Another attention for the denoisers and compiled blocks, where the installation has them. tell: takes notes of what could not be had, of compiling while the run works, too."""
    if attention and device.type == "cpu" and attention not in ON_PROCESSORS:
        tell(f"Attention {attention!r} is one for graphics cards: torch's own is used.")
        attention = ""
    for name in DENOISERS:
        net = getattr(pipeline, name, None)
        if net is None:
            continue
        if attention and getattr(net, "kinora_attention", "") != attention:
            try:
                net.set_attention_backend(attention)
                net.kinora_attention = attention
            except Exception as error:  # each attention library has its own way to be absent
                tell(f"Attention {attention!r} cannot be had here ({str(error).splitlines()[0][:120]}): torch's own is used.")
        if compiled:
            compile_blocks(net, tell)
