"""The Stroke motion tab: draw on a photo, it moves."""

from __future__ import annotations

from studio.strokes import StrokeField
from studio.tab import Tab, load_examples

TAB = Tab(
    id="stroke-motion",
    title="Stroke motion",
    task="stroke-motion",
    help="Draw from a thing to where it should go; pin what must stay. It moves a second after you lift the pen.",
    front=("seconds", "loop", "max_side"),
    widgets=(StrokeField(),),
    examples=load_examples("examples.json"),
)
