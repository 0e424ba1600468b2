"""Stills of the diorama: make a scene, write it as a picture. `python -m engine.world.stills OUT_DIR` writes the examples."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2

from engine.errors import InvalidInput
from engine.world.diorama import Layer, Scene
from engine.world.gallery import SCENES

__all__ = ["QUALITY", "SCENES", "Layer", "Scene", "make_scene", "write_still"]

QUALITY = 88
"""JPEG quality of the examples: paper grain stays, a picture is at most 220 kB."""


def make_scene(name: str, *, size: tuple[int, int] | None = None, seed: int | None = None) -> Scene:
    """The scene of that name (`SCENES`), at its own size (width, height) and seed unless given.

    The same name, size and seed give the same layers, bit for bit. Raises `InvalidInput` for an unknown name or a side not in 64..4096.
    """
    if name not in SCENES:
        raise InvalidInput(f"scene {name!r} is unknown", fix=f"use one of: {', '.join(SCENES)}")
    if size is not None and not all(64 <= side <= 4096 for side in size):
        raise InvalidInput(f"size={size[0]}x{size[1]} is not allowed", fix="give sides from 64 to 4096 pixels")
    options: dict[str, object] = {} if size is None else {"size": size}
    return SCENES[name](**options) if seed is None else SCENES[name](seed=seed, **options)


def write_still(scene: Scene, path: Path, *, quality: int = QUALITY) -> None:
    """Write the scene as JPEG: 4:4:4 chroma, so that cut edges keep their colour; the same bytes for the same OpenCV."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    done, data = cv2.imencode(".jpg", scene.render()[..., ::-1], options)
    assert done, "OpenCV always encodes an 8-bit picture"
    path.write_bytes(data.tobytes())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: write every scene, or those named, into a folder."""
    parser = argparse.ArgumentParser(prog="python -m engine.world.stills", description="Write the example pictures.")
    parser.add_argument("folder", type=Path, metavar="OUT_DIR")
    parser.add_argument("--only", nargs="+", choices=sorted(SCENES), default=list(SCENES), help="names of scenes; all unless given")
    chosen = parser.parse_args(arguments)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name in chosen.only:
        path = chosen.folder / f"{name}.jpg"
        write_still(make_scene(name), path)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
