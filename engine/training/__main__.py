"""`python -m engine.training`: every pocket model in order, each from where it stopped. A stage whose budget is used up passes at once."""

from __future__ import annotations

import argparse
import subprocess
import sys

from engine.training.home import Stop

STAGES: tuple[tuple[str, ...], ...] = (
    ("data", "--shards", "16"),
    ("vae", "--minutes", "60"),
    ("text", "--minutes", "20"),
    ("judge", "--minutes", "20"),
    ("clip", "--minutes", "20"),
    ("upscale", "--minutes", "12"),
    ("flow", "--minutes", "40"),
    ("image", "--minutes", "240"),
    ("vae", "--minutes", "120", "--decoder-only"),
    ("voice", "--minutes", "6"),
    ("things", "--minutes", "3", "--scenes", "320"),
)
"""Module and arguments. The image tower of clip begins as the judge's, and the upscaler learns to repair what the VAE softens."""


def main() -> int:
    """Run the stages; ends with the first that fails, and passes a request to end on to the one that runs."""
    parser = argparse.ArgumentParser(prog="python -m engine.training", description="Train all pocket models, one after the other, at lowest priority.")
    parser.add_argument("--from", dest="first", choices=sorted({stage[0] for stage in STAGES}), help="skip the stages before this one")
    chosen = parser.parse_args()
    start = next((k for k, stage in enumerate(STAGES) if stage[0] == chosen.first), 0)
    stop = Stop()
    for module, *arguments in STAGES[start:]:
        print(f"stage: {module} {' '.join(arguments)}", flush=True)
        child = subprocess.Popen([sys.executable, "-m", f"engine.training.{module}", *arguments])
        while True:
            try:
                code = child.wait(1)
                break
            except subprocess.TimeoutExpired:
                if stop:
                    child.terminate()
        if code or stop:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
