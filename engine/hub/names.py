"""What the pipelines of diffusers call their parts."""

from __future__ import annotations

DENOISERS = ("transformer", "transformer_2", "unet")
ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")
