"""The table of large models: every card, what its tiny copy was seen to do, and the test that shows it. `python -m bench.cards` prints it and writes it into the README."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

FIRST, LAST = "<!-- cards -->", "<!-- /cards -->"
README = Path(__file__).parents[1] / "README.md"


def rows_of(readme: str) -> dict[str, list[str]]:
    """Card id -> the cells of its row, between the two marks."""
    table = readme.split(FIRST)[1].split(LAST)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in rows}


def table(only: list[str]) -> str:
    """Run the checks and lay out what they found; a check that fails says why in its cell."""
    from engine.catalog import pictures, video
    from tests.hub.checks import Bed
    from tests.hub.columns import COLUMNS

    lines = ["| card | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    with tempfile.TemporaryDirectory() as folder:
        bed = Bed(Path(folder))
        for card in (*video.CARDS, *pictures.CARDS):
            if only and card.id not in only:
                continue
            cells = []
            for check in COLUMNS.values():
                try:
                    cells.append(check(bed, card))
                except Exception as error:  # the table says what went wrong, whatever it was
                    cells.append(f"no: {type(error).__name__} {str(error).splitlines()[0][:60] if str(error) else ''}".strip())
            lines.append(f"| `{card.id}` | " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
    lines += ["", "Each cell is shown by `pytest tests/hub -k \"test_every and CARD and COLUMN\"`."]
    return "\n".join(lines)


def written(readme: str, found: str) -> str:
    """The README with another table between its marks."""
    before, rest = readme.split(FIRST)
    return f"{before}{FIRST}\n{found}\n{LAST}{rest.split(LAST)[1]}"


def main() -> int:
    """Print the table; write it unless only some cards were asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.cards", description="What every card of a large model was seen to do on its tiny copy.")
    parser.add_argument("cards", nargs="*", help="only these; the README stays as it is")
    chosen = parser.parse_args()
    found = table(chosen.cards)
    if not chosen.cards:
        README.write_text(written(README.read_text(encoding="utf-8"), found), encoding="utf-8")
    return int("| no: " in found)


if __name__ == "__main__":
    sys.exit(main())
