"""Results of the examples that come with the studio, so that a tab shows what it makes before anything was run: `python -m studio.shown [TAB ...]` makes them anew.

They are results as any other, a little smaller than the example asks for, with their settings inside the file; the pictures that they were made from lie beside them already.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from engine.settings import Settings
from studio.form import example_fields
from studio.tab import ASSETS, Tab

FOLDER = ASSETS / "examples" / "shown"
SEED = 1

CRF = 26
"""They are encoded once more at this quality, half the bytes of a result's own."""

SMALLER: dict[str, dict[str, Any]] = {
    "stroke-motion": {"max_side": 640}, "text-to-video": {"width": 640, "height": 360}, "talking-head": {"max_side": 512}, "music-video": {"width": 384, "height": 384},
    "subject-swap": {"max_side": 640}, "movie": {"side": 480},
}  # fmt: skip
"""By tab: what is asked for otherwise than in the example, so that all of them together stay a few MB."""


def clips(tab: Tab) -> list[str]:
    """File names of the clips of a tab's examples, in their order; empty where there is none."""
    return [name if (FOLDER / (name := f"{tab.id}-{index}.mp4")).is_file() else "" for index in range(len(tab.examples))]


def request(tab: Tab, index: int) -> dict[str, Any]:
    """What makes the clip of an example."""
    return {"task": tab.task, **example_fields(tab, index, ASSETS / "examples"), "seed": SEED, **SMALLER.get(tab.id, {})}


def make(tab: Tab, index: int) -> Path:
    """Make the clip of an example as the command line does."""
    with tempfile.TemporaryDirectory() as name:
        asked = Path(name) / "request.json"
        asked.write_text(json.dumps(request(tab, index)), encoding="utf-8")
        subprocess.run([sys.executable, "app.py", "run", str(asked), "--out", str(Path(name) / "out")], cwd=ASSETS.parent, check=True, stdout=subprocess.DEVNULL)
        FOLDER.mkdir(exist_ok=True)
        return encoded_small(Path(name) / "out" / "result.mp4", FOLDER / f"{tab.id}-{index}.mp4")


def encoded_small(source: Path, target: Path) -> Path:
    """The same clip with its sound and its settings, in fewer bytes."""
    from engine.media.audio import read_audio
    from engine.media.probe import probe
    from engine.media.provenance import read_stamp, stamp
    from engine.media.video import open_video
    from engine.media.writer import ClipWriter

    settings = Settings()
    told, known = read_stamp(source, settings), probe(source, settings)
    sound = read_audio(source, settings) if known.has_audio else None
    with open_video(source, settings) as frames, ClipWriter(target, fps=frames.fps, crf=CRF, preset="veryslow", audio=sound) as writer:
        for frame in frames:
            writer.write(frame)
    assert told is not None, "every result tells its settings"
    return stamp(target, told.document)


def main() -> None:
    """Command line."""
    from tabs import TABS

    for tab in TABS:
        for index, example in enumerate(tab.examples):
            if not sys.argv[1:] or tab.id in sys.argv[1:]:
                path = make(tab, index)
                print(f"{tab.title}: {example.title}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
