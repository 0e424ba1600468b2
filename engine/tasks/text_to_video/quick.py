"""The animatic as a quick call: which words are understood, and a small looped drawing of the scene while one types."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import cv2
import numpy as np

from engine.settings import Settings
from engine.tasks.text_to_video.diorama import in_words, read_scene
from engine.tasks.text_to_video.prompts import Segment, segments
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.world.moving import MovingDiorama

SIDE, FRAMES, COLUMNS, FPS, SECONDS = 288, 16, 4, 8, 2.0

_worlds: OrderedDict[str, MovingDiorama] = OrderedDict()


def read_prompt(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: `prompt`, and `width`, `height`, `camera`, `seed` where they are set.

    Value: understood [[start, end, meaning]], unknown [[start, end, meaning, offers]], said, count, cols, width, height, fps. Blob: the frames as one JPEG grid.
    Offsets count code points. An empty prompt has no frames. Of prompts that change over time (`at 2 s: ...`) all are read and the first is drawn.
    """
    prompt = str(args.get("prompt") or "")[: TextToVideoRequest.model_fields["prompt"].metadata[0].max_length]
    if not prompt.strip():
        return {"understood": [], "unknown": [], "said": "", "count": 0}, []
    given = {name: args[name] for name in ("width", "height", "camera") if args.get(name)}
    request = TextToVideoRequest.model_validate({**given, "prompt": prompt, "seconds": SECONDS, "fps": FPS})
    pieces = segments(prompt) or (Segment(0.0, 0, prompt),)
    readings = [(piece.start, read_scene(request, int(args.get("seed") or 0), piece.text)) for piece in pieces]
    reading = readings[0][1]
    scale = SIDE / max(request.width, request.height)
    size = max(32, round(request.width * scale)), max(32, round(request.height * scale))
    frames = _world(reading.spec.model_dump_json(), size, reading.spec).frames(FRAMES)
    grid = np.concatenate([np.concatenate(list(row), axis=1) for row in frames.reshape(FRAMES // COLUMNS, COLUMNS, *frames.shape[1:])])
    value = {
        "understood": [[start + span.start, start + span.end, span.meaning] for start, one in readings for span in one.understood],
        "unknown": [[start + span.start, start + span.end, span.meaning, list(span.offers)] for start, one in readings for span in one.unknown],
        "said": " · ".join(f"at {piece.at:g} s: {in_words(one.spec)}" if piece.at else in_words(one.spec) for piece, (_, one) in zip(pieces, readings, strict=True)), "count": FRAMES, "cols": COLUMNS, "width": size[0], "height": size[1], "fps": FPS,
    }  # fmt: skip
    return value, [cv2.imencode(".jpg", grid[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])[1].tobytes()]


def _world(key: str, size: tuple[int, int], spec: Any) -> MovingDiorama:
    name = f"{key}{size}"
    if name not in _worlds:
        _worlds[name] = MovingDiorama(spec, size)
        while len(_worlds) > 8:
            _worlds.popitem(last=False)
    _worlds.move_to_end(name)
    return _worlds[name]
