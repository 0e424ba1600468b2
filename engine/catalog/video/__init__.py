"""Cards of large models that draw clips, one file per family."""

from __future__ import annotations

from engine.catalog.card import Card
from engine.catalog.video.wan import CARDS as _WAN

CARDS: tuple[Card, ...] = (*_WAN,)
