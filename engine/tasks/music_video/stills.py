"""Single pictures for the page while a music video is planned: the very stills at which intervals begin and end. Runs in the painter process, which may hold torch."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.context import RunContext
from engine.errors import InvalidInput
from engine.settings import Settings
from engine.tasks.music_video.pictures import Painter
from engine.tasks.music_video.request import SEEDS, MusicVideoRequest
from engine.tasks.text_to_video.pocket.models import Pocket, load

MOST = 8
SHOWN_SIDE = 256

_held: list[Pocket] = []
_painters: dict[str, Painter] = {}
"""By the request's fields: what a painter drew once it gives again at once."""

PAINTERS = 4


def stills(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: `prompts` [{prompt, seed or None}], at most `MOST`, and `style`, `width`, `height`, `steps`, `guidance` of the request.

    Value: seeds (chosen where none was given: the one of several whose picture shows the words best) and ms; blobs: a JPEG each, `SHOWN_SIDE` px on the longer side.
    """
    began = time.perf_counter()
    wanted = args.get("prompts")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= MOST or not all(isinstance(one, dict) and str(one.get("prompt") or "").strip() for one in wanted):
        raise InvalidInput("prompts is not a list of prompts", fix=f"give 1 to {MOST} of them", field="prompts")
    fields = {name: args[name] for name in ("style", "width", "height", "steps", "guidance") if args.get(name) is not None}
    request = MusicVideoRequest.model_validate({"audio": "song", **fields})
    if not _held:
        _held.append(load())
    key = request.model_dump_json()
    if key not in _painters:
        while len(_painters) >= PAINTERS:
            _painters.pop(next(iter(_painters)))
        _painters[key] = Painter(request, RunContext(id="stills", directory=Path(), settings=settings, seed=0), _held[0])
    painter = _painters[key]
    seeds, blobs = [], []
    for one in wanted:
        base = one.get("seed")
        base = int(base) % SEEDS if isinstance(base, int) and not isinstance(base, bool) else None
        sentence = painter.told(str(one["prompt"])[:400]).sentence
        seed = base if base is not None else painter.best_seed(sentence)
        picture = painter.decoded(painter.still(sentence, seed, request.guidance)[None])
        big = painter.pocket.upscaler.enlarge(picture)[0]
        scale = SHOWN_SIDE / max(big.shape[:2])
        big = cv2.resize(big, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        seeds.append(seed)
        blobs.append(cv2.imencode(".jpg", np.ascontiguousarray(big[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())
    return {"seeds": seeds, "ms": round(1000 * (time.perf_counter() - began), 1)}, blobs
