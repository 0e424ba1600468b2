"""What a call of a card needs, and what this machine has: the figures for `engine.hub.fit`. Light: no torch; weights are counted by their files' headers."""

from __future__ import annotations

from pathlib import Path

from engine.catalog.card import Card
from engine.catalog.upscalers import doubled
from engine.hardware import graphics_free_mib, memory_mib
from engine.hub.components import Place, components_of, numbers, shapes
from engine.hub.fit import Learnt, Machine, Needs
from engine.hub.located import alone
from engine.hub.quantised import available, small_bytes, takes


def megapixels(size: tuple[int, int], frames: int) -> float:
    """Millions of pixels of all frames of a call."""
    return size[0] * size[1] * frames / 1e6


def needs_of(card: Card, folder: Place, size: tuple[int, int], frames: int, learnt: Learnt, *, bytes_each: int, upsampler: Path | None = None) -> Needs:
    """The needs of one call. folder: where the model lies; bytes_each: of a number in memory; upsampler: where the net of a second stage lies, whose size then counts."""
    drawing = card.rules
    whole = megapixels(size if upsampler is None else doubled(size), frames)
    usual = megapixels((drawing.width, drawing.height), drawing.frames)
    activations = learnt.activations(card.id, whole, drawing.activations_mib * whole / usual)
    parts = {part.name: part.weights for part in components_of(folder) if part.weights}
    if upsampler is not None and drawing.upscaling is not None:
        [net] = components_of(alone(drawing.upscaling, upsampler))
        parts |= {net.name: net.weights, **({"lora": (upsampler / drawing.upscaling.lora,)} if drawing.upscaling.lora else {})}
    nets = {name: numbers(files) * (4 if name in drawing.exact else bytes_each) / 2**20 for name, files in parts.items()}
    smaller = {way: {name: small_bytes(shapes(files), way, bytes_each) / 2**20 for name, files in parts.items() if takes(name, way) and name not in drawing.exact} for way in available()}
    return Needs(nets, activations, smaller, "" if upsampler is None else "leave out upscale")


def machine_of(device: str, reclaimable_mib: float = 0.0) -> Machine:
    """This machine's free memory. reclaimable_mib: of resident models that would make room."""
    card = graphics_free_mib() if device == "cuda" else None
    return Machine(device, card or 0.0, (memory_mib("MemAvailable") or 8192.0) + reclaimable_mib)
