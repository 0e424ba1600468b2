"""Cards of latent upsamplers: nets that double width and height of a model's latents, before the model itself refines them. Which one fits, and how, is told by the rules of the model."""

from __future__ import annotations

from engine.catalog.card import Card, File, HubSource
from engine.catalog.drawing import Drawing

ROLE = "upscale latents"


def _card(id: str, title: str, repo: str, files: dict[str, int], licence: str, note: str, memory_mib: int, good_at: str) -> Card:
    return Card(
        id=id, title=title, role=ROLE, family="ltx", provider="hub", source=HubSource(repo=repo, revision="main"), licence=licence, licence_note=note,
        files=tuple(File(name=name, bytes=size) for name, size in files.items()), memory_mib=memory_mib, good_at=good_at,
        bad_at="Each step of the second stage works on four times as many pixels, and needs the memory for them.",
    )  # fmt: skip


LTX = _card(
    "ltx-upscaler", "LTX spatial upscaler 0.9.7", "Lightricks/ltxv-spatial-upscaler-0.9.7", {"latent_upsampler/*": 505_000_000}, "LTXV Open Weights License",
    "Companies with ten million dollars of yearly revenue or more need another licence from Lightricks; some uses are forbidden.", 500,
    "Clips of LTX-Video 13B at twice the width and height, with detail that the model itself draws in a second stage.",
)  # fmt: skip

LTX2 = _card(
    "ltx-2-upscaler", "LTX-2 spatial upscaler", "Lightricks/LTX-2", {"latent_upsampler/*": 995_800_000, "ltx-2-19b-distilled-lora-384.safetensors": 7_670_000_000}, "LTX-2 Community License",
    "Companies with ten million dollars of yearly revenue or more need a paid licence from Lightricks; some uses are forbidden.", 8_500,
    "Clips of LTX-2 at twice the width and height, with detail that the model itself draws in a second stage; with the LoRA that it wears for that.",
)  # fmt: skip

CARDS: tuple[Card, ...] = (LTX, LTX2)


def upscaler_for(drawing: Drawing) -> Card | None:
    """The card of the net that doubles the latents of a model with those rules; None without one."""
    return None if drawing.upscaling is None else next(card for card in CARDS if card.id == drawing.upscaling.card)


def doubled(size: tuple[int, int]) -> tuple[int, int]:
    """(width, height) in pixels of the second stage of a clip of that size."""
    return 2 * size[0], 2 * size[1]
