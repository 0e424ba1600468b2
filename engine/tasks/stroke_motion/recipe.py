"""The method `flow-warp`: read the strokes, take the photo apart, put every frame together, measure. Works everywhere, no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.errors import Cancelled, InvalidInput
from engine.metrics.motion import MotionMeter, Target, track_points
from engine.task import Event, Meter, Note, Preview, Progress, Result, Stage
from engine.tasks.stroke_motion.motion import Rigid
from engine.tasks.stroke_motion.paths import Timeline
from engine.tasks.stroke_motion.request import StrokeMotionRequest
from engine.tasks.stroke_motion.scene import Scene, build
from engine.tasks.stroke_motion.things import Reader, Reading
from engine.vision.flow import flow_to_rgb
from engine.vision.segmentation import fit_side

if TYPE_CHECKING:
    from engine.context import RunContext

SMALLEST_SIDE = 16
FEWEST_FRAMES = 3
"""A stopped run keeps its clip from this many frames on."""


def animate(request: StrokeMotionRequest, run: RunContext) -> Iterator[Event]:
    """Makes the clip. Writes result.mp4, mask_<n>.png, plate.png, flow.png and flow.npz into the run's folder.

    flow.npz: `flow` (H, W, 2) float16, pixels from the first frame to the far end; `steps` (8, h, w, 2) float16, pixels of the full picture in
    each eighth of the way, at every k-th pixel so that the grid is at most 128 wide and high. Raises `InvalidInput` for a picture that is too small; `Cancelled` after a partial result.
    """
    yield Stage("reading", "Reading the photo")
    image, notes = load_picture(request, run)
    height, width = image.shape[:2]
    for text in notes:
        yield Note(text)
    run.checkpoint()

    yield Stage("finding", "Finding what the strokes take")
    reading = Reader(image, run.checkpoint).read(request.strokes, request.camera)
    if not reading.things and not reading.camera and request.camera.still:
        yield Note("Nothing moves: no stroke has any length.", "warning")
    for text in reading.notes:
        yield Note(text)

    yield Stage("preparing", "Cutting out, completing the background and the motion")
    timeline = Timeline(max(2, round(request.seconds * request.fps)), request.loop)
    scene, said = build(
        image,
        request.strokes,
        request.camera,
        reading,
        timeline,
        parallax=request.parallax,
        motion_blur=request.motion_blur,
        work_side=384,
        checkpoint=run.checkpoint,
    )
    for text in said:
        yield Note(text)
    artifacts = _store(scene, run.directory, run.checkpoint)
    run.checkpoint()

    yield Stage("rendering", "Making frames")
    meter = MotionMeter(targets(scene, reading), scene.size)
    shown: list[np.ndarray] = []
    writer = run.clip_writer(fps=request.fps)
    try:
        with writer:
            for index in range(timeline.frames):
                run.checkpoint()
                frame = scene.frame(index)
                writer.write(frame)
                measure(meter, scene, index, frame)
                if index % max(1, request.fps // 12) == 0 and len(shown) < 60:
                    shown.append(fit_side(frame, 320))
                yield Progress("rendering", index + 1, timeline.frames)
                if run.wants_preview() and len(shown) > 1:
                    yield Preview(np.stack(shown), fps=min(12.0, float(request.fps)))
    except Cancelled:
        if writer.frames >= FEWEST_FRAMES:
            yield Result(clip=writer.path, artifacts=artifacts, meters=meters(meter), details=_details(scene, reading), partial=True)
        raise
    yield Result(clip=writer.path, artifacts=artifacts, meters=meters(meter), details=_details(scene, reading))


def load_picture(request: StrokeMotionRequest, run: RunContext) -> tuple[np.ndarray, list[str]]:
    """The photo as (H, W, 3) uint8 within `max_side`, and notes. Transparent pictures are laid on white."""
    from engine.media.images import read_image

    picture = read_image(request.image, run.settings, max_side=request.max_side, alpha="keep")
    return flatten(picture)


def flatten(picture: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """`picture` (H, W, 3 or 4) uint8 as (H, W, 3) on white, with a note when something was transparent. Raises `InvalidInput` below 16 px."""
    height, width = picture.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise InvalidInput(
            f"the picture is {width}x{height} px", why=f"strokes need at least {SMALLEST_SIDE} px on each side", fix="choose a larger picture", field="image"
        )
    if picture.shape[2] == 3:
        return np.ascontiguousarray(picture), []
    alpha = picture[..., 3:].astype(np.float32) / 255.0
    if alpha.min() == 1.0:
        return np.ascontiguousarray(picture[..., :3]), []
    flat = picture[..., :3] * alpha + 255.0 * (1.0 - alpha)
    return np.rint(flat).astype(np.uint8), ["The picture is transparent in places; they are shown white."]


def targets(scene: Scene, reading: Reading) -> list[Target]:
    """What the meter checks: each move stroke's thing (or the background), at the last frame of the way out at which its place is in view."""
    out = []
    takers = {i: actor for actor in scene.actors for i in actor.thing.moves}
    width, height = scene.size
    background = np.ones((height, width), bool)
    for actor in scene.actors:
        background &= actor.alpha == 0
    first = scene.frame(0)
    for stroke in sorted([*takers, *reading.camera]):
        path = scene.paths[stroke]
        before = scene.commanded(stroke, scene.timeline.phases(0)[0][0])
        if stroke in takers:
            actor = takers[stroke]
            # A bending thing obeys at the stroke's start only; a rigid one moves as a whole.
            mask, reach = actor.mask, float(max(width, height)) if isinstance(actor.motion, Rigid) else 0.7 * path.radius
        else:
            mask, reach = background, 0.25 * max(width, height)
        points = np.zeros((0, 2), np.float32)
        for wider in (1.0, 1.7, 3.0):  # until something there has texture
            points = track_points(first, mask, before, wider * reach) if len(points) < 5 else points
        end, frame = before, 0
        for frame in range(scene.timeline.outward, 0, -1):
            end = scene.commanded(stroke, scene.timeline.phases(frame)[0][0])
            if (end >= -0.5).all() and (end <= [width - 0.5, height - 0.5]).all():
                break
        if len(points) and np.linalg.norm(end - before) > 0.002 * max(width, height):
            out.append(Target(before, points, end - before, frame))
    return out


def measure(meter: MotionMeter, scene: Scene, index: int, frame: np.ndarray) -> None:
    """Feed one frame, with where things and background should be now."""
    phases = scene.timeline.phases(index)
    covered = np.zeros(frame.shape[:2], bool)
    moments = [float(index)] if scene.motion_blur == 0 else [index - scene.motion_blur / 2, float(index), index + scene.motion_blur / 2]
    for phase in {phase for moment in moments for phase, _ in scene.timeline.phases(moment)}:
        covered |= scene.covered(phase)
    if len(phases) > 1 and not scene.ground.still:
        covered[:] = True  # two moving backgrounds shine through each other while a loop fades: nothing is still there
    meter.feed(frame, covered, None if scene.ground.still else lambda places: scene.carried(places, phases[0][0]))


def meters(meter: MotionMeter) -> tuple[Meter, ...]:
    """The figures of the result; a figure that could not be measured is left out."""
    out = []
    if (error := meter.stroke_error()) is not None:
        text = "How far things end from where they were sent, tracked in the finished frames, as a part of the stroke's length."
        out.append(Meter("stroke_error", "Stroke error", error, "of the stroke", 1.0, "no motion", 0.15, text))
    if (drift := meter.background_drift()) is not None:
        out.append(
            Meter("background_drift", "Background drift", drift, "px/frame", 0.0, "the photo itself", 0.3, "Motion outside the things, camera move removed.")
        )
    if (flicker := meter.flicker()) is not None:
        text = "How much pixels change in time while no thing is on them."
        out.append(Meter("flicker", "Flicker", flicker, "grey levels", 0.0, "the photo itself", 1.0, text))
    return tuple(out)


def _store(scene: Scene, folder: FilePath, checkpoint: Callable[[], None]) -> dict[str, FilePath]:
    """Write masks, plate and flow; returns artifact name -> file."""
    out: dict[str, FilePath] = {}

    def picture(name: str, pixels: np.ndarray) -> None:
        out[name] = folder / f"{name}.png"
        ok, data = cv2.imencode(".png", pixels[..., ::-1] if pixels.ndim == 3 else pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])
        if ok:
            out[name].write_bytes(data.tobytes())
        checkpoint()

    for number, actor in enumerate(scene.actors, start=1):
        picture(f"mask_{number}", np.rint(actor.alpha * 255).astype(np.uint8))
    picture("plate", scene.plate)
    flow = scene.flow(1.0)
    checkpoint()
    picture("flow", flow_to_rgb(flow))
    phases = np.linspace(0.0, 1.0, 9)
    stride = max(1, -(-max(scene.size) // 128))
    steps = [scene.flow(b, a, step=stride) for a, b in zip(phases, phases[1:], strict=False)]
    out["flow_data"] = folder / "flow.npz"
    np.savez_compressed(out["flow_data"], flow=flow.astype(np.float16), steps=np.stack(steps).astype(np.float16))
    return out


def _details(scene: Scene, reading: Reading) -> dict[str, object]:
    """What was understood, for the page and the saved metadata."""
    return {
        "provider": "flow-warp",
        "things": [
            {"strokes": a.thing.moves, "pins": a.thing.pins, "area": round(float(a.mask.mean()), 4), "motion": type(a.motion).__name__.lower() if a.motion else "held"}
            for a in scene.actors
        ],
        "camera_strokes": reading.camera,
        "width": scene.size[0],
        "height": scene.size[1],
        "frames": scene.timeline.frames,
    }
