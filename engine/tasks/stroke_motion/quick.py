"""The stroke preview as a quick call: small looped frames, flow colours, arrows and masks, within a second of lifting the pen."""

from __future__ import annotations

import time
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from engine.settings import Settings
from engine.task import parse_request
from engine.tasks.stroke_motion import TASK

if TYPE_CHECKING:
    from engine.tasks.stroke_motion.preview import PreviewSession

KEPT_SESSIONS = 4
COLUMNS = 4

_sessions: OrderedDict[str, PreviewSession] = OrderedDict()


def stroke_preview(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: `image` (path), `strokes` and the other fields of the request as JSON.

    Value: count, cols, width, height, fps, arrows, notes, ms. Blobs: the frames as one JPEG grid, flow colours as PNG, then a PNG mask a move stroke.
    With nothing that moves, the picture is only made ready (its session), and `count` is 0.
    """
    from engine.tasks.stroke_motion.preview import quick_preview

    began = time.perf_counter()
    session = _session(Path(args["image"]), settings)
    fields = {name: value for name, value in args.items() if name in TASK.request_type.model_fields}
    if not fields.get("strokes") and not any((fields.get("camera") or {}).values()):
        return {"count": 0, "ms": 0.0, "notes": []}, []
    request = parse_request(TASK, fields)
    result = quick_preview(session, request.strokes, request.camera, loop=request.loop, parallax=request.parallax, seconds=request.seconds)
    frames = result.frames
    count, height, width = frames.shape[:3]
    rows = -(-count // COLUMNS)
    grid = np.zeros((rows * height, COLUMNS * width, 3), np.uint8)
    for index, frame in enumerate(frames):
        y, x = index // COLUMNS * height, index % COLUMNS * width
        grid[y : y + height, x : x + width] = frame
    value = {
        "count": count, "cols": COLUMNS, "width": width, "height": height, "fps": result.fps,
        "arrows": result.arrows, "notes": result.notes, "masks": len(result.masks), "ms": round(1000 * (time.perf_counter() - began), 1),
    }  # fmt: skip
    blobs = [_encode(".jpg", grid[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 84]), _encode(".png", result.flow_rgb[..., ::-1])]
    blobs += [_encode(".png", np.dstack([np.full((*mask.shape, 3), 255, np.uint8), mask])) for mask in result.masks]
    return value, blobs


def _session(path: Path, settings: Settings) -> PreviewSession:
    from engine.media.images import read_image
    from engine.tasks.stroke_motion.preview import PREVIEW_SIDE, PreviewSession

    key = str(path)
    if key not in _sessions:
        # Twice the preview's side: enough for a crisp small picture, and a fraction of the decoding of a phone photo.
        _sessions[key] = PreviewSession(read_image(path, settings, max_side=PREVIEW_SIDE * 2, alpha="drop"))
        while len(_sessions) > KEPT_SESSIONS:
            _sessions.popitem(last=False)
    _sessions.move_to_end(key)
    return _sessions[key]


def _encode(ending: str, picture: np.ndarray, options: list[int] | None = None) -> bytes:
    return cv2.imencode(ending, picture, options or [])[1].tobytes()
