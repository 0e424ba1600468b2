"""The columns of the table of large models."""

from __future__ import annotations

from collections.abc import Callable

from engine.catalog.card import Card
from tests.hub.checks import Bed, loads, preview, recovers, steps, stops
from tests.hub.placed import offloads, wears

COLUMNS: dict[str, Callable[[Bed, Card], str]] = {
    "loads": loads, "steps": steps, "preview": preview, "stops": stops, "after OOM": recovers, "offload": offloads, "LoRA": wears,
}  # fmt: skip
"""Column of the table -> its check, which is also the test of that name in `test_cards`."""
