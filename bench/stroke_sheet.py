"""Contact sheets of stroke motion on real photographs: `python bench/stroke_sheet.py OUT_FOLDER [case ...]`.

Each sheet shows first, middle and last frame, the mattes, the plate and the flow colours, with the meters; look at them.
The photographs are those of scikit-image (coffee, chelsea, rocket, astronaut).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.context import RunContext
from engine.media.images import write_image
from engine.settings import Settings
from engine.task import Note, Result, Stage, parse_request
from engine.tasks.stroke_motion import TASK


def move(*points: tuple[float, float], **more: Any) -> dict[str, Any]:
    """A move stroke through `points`."""
    return {"kind": "move", "points": [list(p) for p in points], **more}


def pin(*points: tuple[float, float], radius: float = 0.03) -> dict[str, Any]:
    """A pin that covers `points`."""
    return {"kind": "pin", "points": [list(p) for p in points], "radius": radius}


CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "rocket_launch": ("rocket", {"strokes": [move((0.5, 0.5), (0.5, 0.4), (0.5, 0.1), easing="ease-in")]}),
    "rocket_curve": ("rocket", {"strokes": [move((0.5, 0.45), (0.52, 0.3), (0.6, 0.2), (0.72, 0.15))]}),
    "cup_slide": ("coffee", {"strokes": [move((0.34, 0.3), (0.42, 0.33), (0.5, 0.36), easing="ease")]}),
    "cup_brushed": (
        "coffee",
        {"strokes": [move((0.34, 0.3), (0.44, 0.3), easing="ease", radius=0.09, area=[(0.38, 0.3), (0.4, 0.2), (0.55, 0.16), (0.62, 0.25), (0.58, 0.45), (0.45, 0.5), (0.5, 0.33)])]},
    ),
    "spoon": ("coffee", {"strokes": [move((0.6, 0.7), (0.68, 0.62), (0.72, 0.5))]}),
    "cat_eye": ("chelsea", {"strokes": [move((0.38, 0.37), (0.42, 0.36), (0.45, 0.38))]}),
    "cat_nose_pins": ("chelsea", {"strokes": [move((0.57, 0.82), (0.6, 0.78)), pin((0.38, 0.37), radius=0.05), pin((0.7, 0.45), radius=0.04)]}),
    "cat_cheek_pins": ("chelsea", {"strokes": [move((0.3, 0.6), (0.24, 0.55), on="thing"), pin((0.38, 0.37), radius=0.06)]}),
    "cat_ear_brushed": (
        "chelsea",
        {"strokes": [move((0.81, 0.06), (0.84, 0.06), (0.86, 0.08), radius=0.06, area=[(0.8, 0.02), (0.82, 0.1), (0.78, 0.17), (0.86, 0.03)]), pin((0.76, 0.2), (0.74, 0.12))]},
    ),
    "shuttle": ("astronaut", {"strokes": [move((0.8, 0.15), (0.78, 0.1), (0.72, 0.02))]}),
    "helmet": ("astronaut", {"strokes": [move((0.75, 0.8), (0.7, 0.78), (0.65, 0.78))]}),
    "head_lean": ("astronaut", {"strokes": [move((0.42, 0.22), (0.45, 0.22), (0.48, 0.23)), pin((0.41, 0.36), radius=0.02)]}),
    "smile_pins": ("astronaut", {"strokes": [move((0.455, 0.285), (0.47, 0.277), on="thing", radius=0.015), pin((0.44, 0.23), radius=0.02), pin((0.4, 0.2), radius=0.02)]}),
    "patch_turn": ("astronaut", {"strokes": [move((0.32, 0.72), (0.35, 0.75), (0.35, 0.78)), move((0.32, 0.78), (0.29, 0.75), (0.29, 0.72))]}),
    "pan_stroke": ("coffee", {"strokes": [move((0.9, 0.3), (0.82, 0.32), on="background")]}),
    "sky_and_rocket": ("rocket", {"strokes": [move((0.5, 0.5), (0.5, 0.3)), move((0.3, 0.2), (0.25, 0.25))]}),
    "zoom_held": ("rocket", {"strokes": [pin((0.5, 0.45))], "camera": {"zoom": 1.5, "pan_x": 0.1}, "parallax": 0.5}),
    "zoom_out": ("astronaut", {"camera": {"zoom": 0.7, "roll": 8.0}}),
    "loop": ("rocket", {"strokes": [move((0.5, 0.5), (0.5, 0.4))], "loop": "loop"}),
    "boomerang_blur": ("coffee", {"strokes": [move((0.34, 0.3), (0.5, 0.36))], "loop": "boomerang", "motion_blur": 0.6}),
}


class Keeper:
    """Stands for the studio's writer and keeps the frames as they are rendered."""

    def __init__(self, path: Path) -> None:
        self.path, self.kept = path, []

    kept: list[np.ndarray]

    @property
    def frames(self) -> int:
        """How many frames were written."""
        return len(self.kept)

    def write(self, frame: np.ndarray) -> None:
        """Keep a copy of one frame."""
        self.kept.append(frame.copy())

    def __enter__(self) -> Keeper:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class KeepingRun(RunContext):
    """A run whose clip stays in memory."""

    keeper: Keeper

    def clip_writer(self, *, fps: float, name: str = "result.mp4", **options: Any) -> Any:
        """A `Keeper`."""
        self.keeper = Keeper(self.directory / name)
        return self.keeper


def sheet(name: str, folder: Path, *, seconds: float = 1.5, side: int = 512) -> str:
    """Render one case, write its sheet, return a line of figures."""
    import skimage.data

    photo, fields = CASES[name]
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "photo.png"
        write_image(image, np.ascontiguousarray(getattr(skimage.data, photo)()[..., :3]))
        run = KeepingRun(id=name, directory=Path(scratch), settings=Settings(), seed=0)
        request = parse_request(TASK, {"image": str(image), "seconds": seconds, "max_side": side, **fields})
        began = time.perf_counter()
        events, stages = [], []
        for event in TASK.run(request, run):
            events.append(event)
            if isinstance(event, Stage):
                stages.append((event.name, time.perf_counter()))
        stages.append(("end", time.perf_counter()))
        took = time.perf_counter() - began
        result = next(e for e in events if isinstance(e, Result))
        frames = run.keeper.kept
        tiles = [frames[0], frames[len(frames) // 3], frames[2 * len(frames) // 3], frames[-1]]
        masks = sorted(k for k in result.artifacts if k.startswith("mask_"))
        for key in [*masks[:2], "plate", "flow"]:
            tile = cv2.imread(str(result.artifacts[key]))[..., ::-1]
            tiles.append(cv2.resize(tile, frames[0].shape[1::-1]))
    while len(tiles) < 8:
        tiles.append(np.zeros_like(frames[0]))
    picture = np.vstack([np.hstack(tiles[:4]), np.hstack(tiles[4:])])
    cv2.imwrite(str(folder / f"{name}.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    figures = "  ".join(f"{m.name} {m.value:.3f}" for m in result.meters)
    timing = "  ".join(f"{name} {after - at:.2f} s" for (name, at), (_, after) in zip(stages, stages[1:], strict=False))
    said = "".join(f"\n    note: {e.text}" for e in events if isinstance(e, Note))
    return f"{name:16s} {took:5.2f} s ({timing})  {figures}  {result.details['things']}{said}"


if __name__ == "__main__":
    cv2.setNumThreads(2)
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "data/sheets")
    out.mkdir(parents=True, exist_ok=True)
    for case in sys.argv[2:] or CASES:
        print(sheet(case, out), flush=True)
