"""Cards of latent upsamplers: nets that double width and height of a model's latents, before the model itself refines them. Which one fits, and how, is told by the rules of the model."""

from __future__ import annotations

from engine.catalog.card import Card, File, HubSource
from engine.catalog.drawing import Drawing

ROLE = "upscale latents"

LTX = Card(
    id="ltx-upscaler", title="LTX spatial upscaler 0.9.7, twice the size", role=ROLE, family="ltx", provider="hub", source=HubSource(repo="Lightricks/ltxv-spatial-upscaler-0.9.7", revision="main"),
    licence="LTXV Open Weights License", licence_note="Companies with ten million dollars of yearly revenue or more need another licence from Lightricks; some uses are forbidden.",
    files=(File(name="latent_upsampler/*", bytes=505_000_000), File(name="model_index.json", bytes=500)), memory_mib=500,
    good_at="Clips of LTX-Video 13B at twice the width and height, with detail that the model itself draws in a second stage.", bad_at="Four times the memory and more than that of time for each step of the second stage.",
)  # fmt: skip

CARDS: tuple[Card, ...] = (LTX,)


def upscaler_for(drawing: Drawing) -> Card | None:
    """The card of the net that doubles the latents of a model with those rules; None without one."""
    return None if drawing.upscaling is None else next(card for card in CARDS if card.id == drawing.upscaling.card)
