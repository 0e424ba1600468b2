"""Nets whose weights are kept in fewer bits, frozen: what each way keeps, what it takes, and whether this installation has it. Light: torch and the packages come with the first net.

int8: a scale for each row (torchao). float8: numbers cast layer by layer for the work (diffusers), for denoisers alone: the encoders of the T5 kind look at the number that a weight
is stored as. int4: the sixteen levels of NF4 in blocks of 64, whose scales are 8-bit numbers themselves (Dettmers et al., QLoRA, 2023; bitsandbytes).
Embeddings, norms and the layers at both ends stay as they are: they are small, and errors in them go everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from math import prod
from typing import Any

from engine.hardware import installed
from engine.hub.names import DENOISERS, ENCODERS
from engine.settings import Weights

PACKAGES: dict[Weights, tuple[str, tuple[int, int]]] = {"int8": ("torchao", (0, 16)), "int4": ("bitsandbytes", (0, 49))}
"""What a way needs, and from which version on: these have the kinds of tensors that are moved between devices as a whole, and 4-bit numbers on a processor too."""

STAY = re.compile(r"embed|norm|shared|relative|lm_head|(^|\.)head\.|^proj_(in|out)\b|^conv_(in|out)\b|^time_|^add_")
"""Names of layers that stay as they are."""

BLOCK, BLOCKS = 64, 256
"""NF4: numbers that share a scale, and scales that share a scale of their own."""


@cache
def available() -> tuple[Weights, ...]:
    """The ways that this installation has."""
    ways: tuple[Weights, ...] = ("int8", "float8", "int4")
    return tuple(way for way in ways if way not in PACKAGES or installed(*PACKAGES[way]))


def takes(part: str, weights: Weights) -> bool:
    """Whether a part of a pipeline, by its name, keeps its weights that way."""
    return weights != "whole" and part in (DENOISERS if weights == "float8" else DENOISERS + ENCODERS)


def small_bytes(shapes: Iterable[tuple[str, tuple[int, ...]]], weights: Weights, bytes_each: int) -> float:
    """Bytes of a net whose tensors have those names and shapes. bytes_each: of a number that stays as it is."""
    return sum(_bytes(prod(shape), shape[0], weights) if _shrinks(name, shape, weights) else prod(shape) * bytes_each for name, shape in shapes)


def _bytes(numbers: int, rows: int, weights: Weights) -> float:
    if weights == "int8":
        return numbers + 4 * rows
    return numbers / 2 + numbers / BLOCK * (1 + 4 / BLOCKS) if weights == "int4" else numbers


def _shrinks(name: str, shape: tuple[int, ...], weights: Weights) -> bool:
    if not name.endswith(".weight") or STAY.search(name):
        return False
    return len(shape) >= 2 if weights == "float8" else len(shape) == 2 and prod(shape) % BLOCK == 0


def shrink(net: Any, weights: Weights) -> Any:
    """The net itself, on the processor, with its weights kept that way."""
    if weights == "float8":
        import torch

        dtype = net.dtype
        net.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
        for layer in net.modules():
            if getattr(getattr(layer, "weight", None), "dtype", None) == torch.float8_e4m3fn:
                layer.compute_dtype = dtype  # by it peft knows in which numbers an adapter's weights work: float8 is for storing alone
    elif weights == "int8":
        from torchao.quantization import Int8WeightOnlyConfig, quantize_  # type: ignore[import-untyped, import-not-found, unused-ignore]

        chosen = {id(layer) for _, layer in _layers(net, weights)}
        quantize_(net, Int8WeightOnlyConfig(version=2, set_inductor_config=False), filter_fn=lambda layer, name: id(layer) in chosen)
    elif weights == "int4":
        for name, layer in _layers(net, weights):
            above, _, last = name.rpartition(".")
            setattr(net.get_submodule(above), last, _four_bits(layer))
        # By it peft knows which kind of adapter fits.
        net.is_loaded_in_4bit = True
    return net


def _layers(net: Any, weights: Weights) -> list[tuple[str, Any]]:
    """The layers that shrink. Of other classes than torch's own the weight may be used without the layer, as in its attention."""
    import torch

    return [(name, layer) for name, layer in net.named_modules() if type(layer) is torch.nn.Linear and _shrinks(f"{name}.weight", tuple(layer.weight.shape), weights)]


def _four_bits(layer: Any) -> Any:
    from bitsandbytes.nn.modules import Linear4bit, Params4bit  # type: ignore[import-untyped, import-not-found, unused-ignore]

    # Stored as the layer's own kind of number: nets ask their weights for it and cast what comes in.
    dtype = layer.weight.dtype
    options = {"quant_type": "nf4", "compress_statistics": True, "quant_storage": dtype}
    small = Linear4bit(layer.in_features, layer.out_features, bias=layer.bias is not None, compute_dtype=dtype, device="meta", **options)
    small.weight = Params4bit(layer.weight.data, requires_grad=False, module=small, **options)
    small.bias = layer.bias
    # On processors with AVX512-BF16 the first call would pack the weight anew as bytes: nets that cast what comes in to their weights' kind of number then cast it to bytes,
    # scales are rounded, and the second call gives another picture than the first.
    small.support_avx512bf16_for_cpu = False
    return small.to("cpu").eval().requires_grad_(False)
