"""The example film of the subject tools: a red car and a cyclist pass each other in town. `python -m engine.world.passing OUT_DIR` writes it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from engine.media.writer import ClipWriter
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec, SubjectSpec

NAME = "street.mp4"
SIZE = (640, 360)
CRF = 20
"""Paper grain stays, and the file is below 400 kB."""
SPEC = SceneSpec(
    time="day",
    place="city",
    subjects=(
        SubjectSpec(kind="bicycle", colour="yellow", motion="left", size="small", start=(0.86, 0.74)),
        SubjectSpec(kind="car", colour="red", motion="right", size="small", start=(0.12, 0.8)),  # the later one is nearer: the car passes before the cyclist
    ),
    seconds=4.5,
    fps=24,
    seed=8,
)


def write_passing(path: Path) -> None:
    """Write the film as MP4."""
    scene = MovingDiorama(SPEC, SIZE)
    with ClipWriter(path, fps=SPEC.fps, crf=CRF, preset="slow") as clip:
        for time in scene.times():
            clip.write(scene.frame(float(time)))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: write the film into a folder."""
    parser = argparse.ArgumentParser(prog="python -m engine.world.passing", description="Write the example film of the subject tools.")
    parser.add_argument("folder", type=Path, metavar="OUT_DIR")
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    write_passing(folder / NAME)
    print(f"{folder / NAME}: {(folder / NAME).stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
