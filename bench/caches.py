"""What each step cache leaves out, and how near the clip stays, on tiny copies of all families of large models: `python -m bench.caches [FAMILY ...]`.

Weights are random there: taught nets change more evenly from step to step. Shares are of the multiplications in the blocks; PSNR is against the clip whose steps are all whole.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from engine.catalog.video import CARDS
from engine.hub.caching import METHODS
from tests.hub.checks import Bed
from tests.hub.skipped import STEPS, measured


def main() -> None:
    """Measure and print."""
    families = {card.family: card for card in reversed(CARDS)}
    print(f"{STEPS} steps; share of the work done, PSNR")
    with tempfile.TemporaryDirectory() as name:
        bed = Bed(Path(name))
        for family, card in families.items():
            if sys.argv[1:] and family not in sys.argv[1:]:
                continue
            for method in METHODS:
                for level in ("safe", "fast"):
                    found = measured(bed, card, level, method)  # type: ignore[arg-type]
                    print(f"{card.id:24} {method:12} {level:5}", f"{found.share:.2f}  {found.psnr:5.1f} dB" if found.method else "not taken", "" if found.same_after else "NOT THE SAME AFTER", flush=True)


if __name__ == "__main__":
    main()
