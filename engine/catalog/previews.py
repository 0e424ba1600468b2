"""Cards of tiny autoencoders (Ollin Boer Bohan): they decode a model's latents many times as quickly as its own VAE, so that a picture or clip can be looked at while it is drawn.

Which one fits is told by the VAE of the model, not by its card: two models with one VAE have the same latents, and so have a user's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.catalog.card import Card, File, HubSource

ROLE = "preview"

NEAR = 1e-3
"""Two VAEs with the same figures to scale their latents by have the same latents."""


def _card(id: str, title: str, repo: str, files: tuple[File, ...], good_at: str, bad_at: str) -> Card:
    return Card(
        id=id, title=title, role=ROLE, family="tiny-autoencoder", provider="hub", source=HubSource(repo=repo, revision="main"), licence="MIT", files=files, memory_mib=50, good_at=good_at,
        bad_at=bad_at,
    )  # fmt: skip


NET = (File(name="diffusion_pytorch_model.safetensors", bytes=9_800_000), File(name="config.json", bytes=1_000))

TAESD = _card("taesd", "TAESD, previews of Stable Diffusion 1.5", "madebyollin/taesd", NET, "Sharp previews for Stable Diffusion 1.5, AnimateDiff and Stable Video Diffusion.", "Faces and lettering are rougher than in the finished picture.")
TAESDXL = _card("taesdxl", "TAESDXL, previews of Stable Diffusion XL", "madebyollin/taesdxl", NET, "Sharp previews for Stable Diffusion XL.", "Faces and lettering are rougher than in the finished picture.")
TAEF1 = _card("taef1", "TAEF1, previews of FLUX.1", "madebyollin/taef1", NET, "Sharp previews for FLUX.1 and Z-Image.", "Lettering is rougher than in the finished picture.")
TAEW = _card(
    "taew2-1", "TAEW 2.1, previews of Wan", "OzzyGT/taew2_1", (File(name="taew2_1.safetensors", bytes=22_642_902, sha256="04766eac0221b5390b985ae3fdcca652cbb4b1e8b82b28ea7ff89dfad1b1a93f"),),
    "Sharp previews for Wan 2.1, the large Wan 2.2, VACE and SkyReels-V2.", "Fine things that move fast; Wan 2.2 5B, whose latents are others.",
)  # fmt: skip

CARDS: tuple[Card, ...] = (TAESD, TAESDXL, TAEF1, TAEW)


def preview_for(kind: str, config: Mapping[str, Any]) -> Card | None:
    """The card whose latents are those of a VAE; None without one. kind: the VAE's class in diffusers; config: its settings."""
    scale, shift = config.get("scaling_factor") or 1.0, config.get("shift_factor") or 0.0
    match kind, config.get("latent_channels") or config.get("z_dim"):
        case ("AutoencoderKL" | "AutoencoderKLTemporalDecoder"), 4:
            return TAESD if abs(scale - 0.18215) < NEAR else TAESDXL if kind == "AutoencoderKL" and abs(scale - 0.13025) < NEAR else None
        case "AutoencoderKL", 16:
            return TAEF1 if abs(scale - 0.3611) < NEAR and abs(shift - 0.1159) < NEAR else None
        case "AutoencoderKLWan", 16:
            return TAEW
    return None
