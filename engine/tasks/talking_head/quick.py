"""Quick calls of the talking head: the found face, the still face under sliders, and the voice as a picture. They run in the helper process."""

from __future__ import annotations

import io
import time
import wave
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.errors import InvalidInput, StudioError
from engine.settings import Settings
from engine.tasks.talking_head.footage import marks_of
from engine.tasks.talking_head.request import TalkingHeadRequest
from engine.vision.faces import topology
from engine.vision.faces.handles import handles
from engine.vision.faces.head import Head
from engine.vision.faces.locate import finder, selected, usable
from engine.vision.faces.look import Look
from engine.vision.faces.mesh import Face

SHOWN_SIDE = 1024
"""Longer side of the picture that the page shows; the look of the face under sliders is of this picture, too."""

KEPT = 4
"""Pictures that are kept ready."""

PEAKS = 1000
ENERGY_RATE = 25.0


@dataclass
class _Picture:
    """A picture that the page looks at: image (h, w, 3) uint8, its whole size, its faces, and the head that was moved last."""

    image: np.ndarray
    faces: list[Face]
    size: tuple[int, int]
    head: tuple[str, Head] | None = None


_pictures: OrderedDict[str, _Picture] = OrderedDict()


def face_look(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: `portrait` or `video` (path), and `face`, `landmarks` of the request.

    Value: width, height of the whole upright picture; faces with box [x, y, w, h] and score; chosen; points and lines of the chosen one's mesh; handles;
    notes. All places in fractions of the picture. Blob: the picture as JPEG, the longer side at most `SHOWN_SIDE`.
    """
    picture, request = _ready(args, settings)
    height, width = picture.image.shape[:2]
    size = np.array([width, height], float)
    notes = []
    marks = marks_of(request, (width, height))
    try:
        index, face = selected(picture.faces, request.face, marks, (width, height))
    except InvalidInput as error:
        notes.append(error.line)
        index, face = selected(picture.faces, 0, marks, (width, height))
    if face is None:
        notes.append("No face was found by itself. Click both eyes and both corners of the mouth.")
    else:
        try:
            # The picture here may be smaller than the whole one: the size that counts is that of the whole.
            warning = usable(_scaled(face, picture.size[0] / width))
            notes += [warning] if warning else []
        except StudioError as error:
            notes.append(error.line)
    if face is not None and marks and index is None:
        notes.append("This face is made of your points: look at its mouth and eyes in Try one frame.")
    boxes = [{"box": [round(float(v), 5) for v in (f.box[0] / width, f.box[1] / height, (f.box[2] - f.box[0]) / width, (f.box[3] - f.box[1]) / height)], "score": round(f.score, 3)} for f in picture.faces]
    value = {
        "width": picture.size[0], "height": picture.size[1], "chosen": index, "faces": boxes, "notes": notes,
        "points": np.round(face.flat / size, 5).tolist() if face is not None else [],
        "lines": [list(line) for line in topology.LINES] if face is not None else [],
        "handles": {name: np.round(place[:2] / size, 5).tolist() for name, place in handles(face.points).items()} if face is not None else {},
    }  # fmt: skip
    return value, [_jpeg(picture.image, 88)]


def face_try(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: as `face_look`, and mouth 0..1, smile -1..1, blink 0..1, turn, nod, tilt -1..1. Value: ms, box of the picture that the blob (JPEG) covers, in fractions."""
    began = time.perf_counter()
    picture, request = _ready(args, settings)
    height, width = picture.image.shape[:2]
    marks = marks_of(request, (width, height))
    key = repr((request.face if picture.faces else None, sorted(marks.items())))
    if picture.head is None or picture.head[0] != key:
        face = selected(picture.faces, request.face, marks, (width, height))[1]
        if face is None:
            raise InvalidInput("there is no face to move yet", fix="click both eyes and both corners of the mouth", field="face")
        picture.head = (key, Head(picture.image, face))
    head = picture.head[1]

    def at(name: str, low: float) -> float:
        value = args.get(name, 0.0)
        return float(np.clip(value, low, 1.0)) if isinstance(value, int | float) and np.isfinite(value) else 0.0

    look = Look(
        opening=at("mouth", 0.0), smile=at("smile", -1.0), blink=at("blink", 0.0), yaw=0.14 * at("turn", -1.0), pitch=0.10 * at("nod", -1.0), roll=0.12 * at("tilt", -1.0),
        wide=float(at("mouth", 0.0) == 0),  # a mouth that nobody opens stays as the photo has it
    )  # fmt: skip
    frame = head.frame(look)
    low, high = head.rig.rest.min(axis=0), head.rig.rest.max(axis=0)
    x0, y0 = (int(v) for v in np.maximum(np.floor(low), 0))
    x1, y1 = (int(v) for v in np.minimum(np.ceil(high), [width, height]))
    part = np.ascontiguousarray(frame[y0:y1, x0:x1])
    value = {"box": [x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height], "ms": round(1000 * (time.perf_counter() - began), 1)}
    return value, [_jpeg(part, 90)]


def voice_look(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: `audio` (path), or `text`, `voice`, `speed`. Value: seconds, peaks, energy at 25 a second, laughs, voice, notes. Blob: a spoken text as WAV."""
    from engine.tasks.talking_head.voice import read_voice, speak_text

    if args.get("audio"):
        voice, blobs = read_voice(Path(str(args["audio"])), settings, ENERGY_RATE), []
    else:
        request = TalkingHeadRequest.model_validate({name: args[name] for name in ("text", "voice", "speed") if args.get(name) is not None})
        if not request.text.strip():
            raise InvalidInput("there is no text to say", fix="write a sentence", field="text")
        voice = speak_text(request.text, request.voice, request.speed, settings, ENERGY_RATE)
        blobs = [_wav(voice.samples, voice.rate)]
    mono = voice.samples.mean(axis=1)
    cuts = np.linspace(0, len(mono), min(PEAKS, len(mono)) + 1).astype(int)[:-1]
    peaks = np.stack([np.minimum.reduceat(mono, cuts), np.maximum.reduceat(mono, cuts)], axis=1)
    top = max(float(np.abs(mono).max()), 1e-6)
    every = max(1, -(-len(voice.energy) // 3000))
    value = {
        "seconds": round(voice.seconds, 3), "peaks": np.round(peaks / top, 3).tolist(), "energy": np.round(voice.energy[::every], 3).tolist(),
        "laughs": [{"start": round(one.start, 2), "end": round(one.end, 2), "strength": round(one.strength, 2)} for one in voice.laughs],
        "voice": voice.title, "notes": list(voice.notes),
    }  # fmt: skip
    return value, blobs


def voice_list(args: dict[str, Any], settings: Settings) -> tuple[list[dict[str, str]], list[bytes]]:
    """The built-in voices of this machine: id, title, language, engine, licence."""
    from engine.sound.voices import voices

    return [{"id": one.id, "title": one.title, "language": one.language, "engine": one.engine, "licence": one.licence} for one in voices(settings)], []


def _ready(args: dict[str, Any], settings: Settings) -> tuple[_Picture, TalkingHeadRequest]:
    """The picture of a call, found faces included, and the call's request fields."""
    fields = {name: args[name] for name in ("portrait", "video", "face", "landmarks") if args.get(name) is not None}
    request = TalkingHeadRequest.model_validate(fields)
    path = request.portrait or request.video
    if path is None:
        raise InvalidInput("there is no picture yet", fix="load a portrait or a video", field="portrait")
    key = str(path)
    if key not in _pictures:
        image, size = _opened(request, settings)
        _pictures[key] = _Picture(image, finder(settings).faces(image), size)
        while len(_pictures) > KEPT:
            _pictures.popitem(last=False)
    _pictures.move_to_end(key)
    return _pictures[key], request


def _opened(request: TalkingHeadRequest, settings: Settings) -> tuple[np.ndarray, tuple[int, int]]:
    """The picture, or the video's first frame, at most `SHOWN_SIDE` px, and the whole one's (width, height)."""
    from engine.media.images import read_image
    from engine.media.probe import probe
    from engine.media.video import open_video

    path = request.portrait or request.video
    assert path is not None
    facts = probe(path, settings)
    if request.portrait is not None:
        return read_image(path, settings, max_side=SHOWN_SIDE), (facts.width, facts.height)
    with open_video(path, settings, max_side=SHOWN_SIDE) as reader:
        return next(iter(reader)), (facts.width, facts.height)


def _scaled(face: Face, factor: float) -> Face:
    return Face(face.points * factor, face.irises * factor, face.score)


def _jpeg(image: np.ndarray, quality: int) -> bytes:
    return cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _wav(samples: np.ndarray, rate: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as stream:
        stream.setnchannels(samples.shape[1])
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
