"""Quick calls of the subject tools: what a video shows and who may be meant in it, a frame with its masks, a mask by marks, and what is known after following. They run in the helper process."""

from __future__ import annotations

import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.errors import InvalidInput, StudioError
from engine.settings import Settings
from engine.task import parse_request
from engine.tasks.subject_mask import TASK
from engine.tasks.subject_swap import shelf
from engine.tasks.subject_swap.expert import remembered
from engine.tasks.subject_swap.following import Key, Track
from engine.tasks.subject_swap.request import SubjectMaskRequest
from engine.tasks.subject_swap.source import Known, Source
from engine.tasks.subject_swap.tracks import told
from engine.tasks.subject_swap.who import corrected, first_key, near_shot, proposals, with_key
from engine.vision.segmentation import fit_side

SHOWN_SIDE = 960
"""Longer side, in pixels, of pictures for the page."""

KEPT = 2
"""Videos that are kept open."""

_open: OrderedDict[str, Source] = OrderedDict()


def subject_look(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: `video`, `start`, `end` of the request.

    Value: width, height, fps, frames, seconds (of the range), total_seconds, shots (empty until the range was looked through), proposals [{box, sentence, score, source}], note.
    Blobs: the range's first frame as JPEG, then a grey PNG mask for each proposal.
    """
    request = _request(args)
    source = _source(request, settings)
    first = source.proxy.read(0)
    known = source.known()
    seen = proposals(source, 0, near_shot(source, 0))
    facts = source.proxy.facts
    value = {
        "width": facts.width, "height": facts.height, "fps": round(source.proxy.fps, 3), "frames": source.proxy.count, "seconds": round(source.proxy.count / source.proxy.fps, 3),
        "total_seconds": round(facts.duration, 3), "shots": [list(shot) for shot in known.shots] if known is not None else [],
        "proposals": [{"box": [round(float(v), 5) for v in one.box], "sentence": one.facts.sentence(), "score": round(one.score, 3), "source": one.source} for one in seen],
        "note": source.proxy.note,
    }  # fmt: skip
    return value, [_jpeg(_shown(source, request, 0, first)), *[_png(one.mask.astype(np.uint8) * 255) for one in seen]]


def subject_cut(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: as a `subject-mask` request, `index` of the subject, `frame`. Value: box, area (share), confidence, said, notes, ms. Blob: the mask, grey PNG."""
    began = time.perf_counter()
    request, index, frame = _request(args), _number(args, "index"), _number(args, "frame")
    if not 0 <= index < len(request.named):
        raise InvalidInput(f"there is no subject {index}", fix="choose one of the list", field="subjects")
    source = _source(request, settings)
    frame, _ = source.proxy.nearest(frame)
    mask, confidence, said, notes, _ = _mask_on(source, request, index, frame)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    box = [columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height] if len(rows) else None
    value = {
        "box": [round(float(v), 5) for v in box] if box else None, "area": round(float(mask.mean()), 5), "confidence": round(confidence, 3), "said": said, "notes": notes,
        "ms": round(1000 * (time.perf_counter() - began), 1),
    }  # fmt: skip
    return value, [_png(mask.astype(np.uint8) * 255)]


def subject_frame(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: as a `subject-mask` request, and `frame`. Value: frame, seconds, subjects [{present, confidence, source}], ms. Blobs: the frame as JPEG, the labels as grey PNG (value k: subject k, 0 nobody)."""
    began = time.perf_counter()
    request = _request(args)
    source = _source(request, settings)
    frame, image = source.proxy.nearest(_number(args, "frame"))
    labels = np.zeros(image.shape[:2], np.uint8)
    subjects = []
    for index, subject in enumerate(request.subjects):
        said = {"present": False, "confidence": 0.0, "source": "none"}
        if not any(first <= frame <= last for first, last in subject.hidden):
            try:
                mask, confidence, _, _, origin = _mask_on(source, request, index, frame)
                labels[mask] = index + 1
                said = {"present": bool(mask.any()), "confidence": round(confidence, 3), "source": origin}
            except StudioError:
                pass  # a subject whose words nobody fits is told by `subject-cut`
        subjects.append(said)
    value = {"frame": frame, "seconds": round(frame / source.proxy.fps, 4), "subjects": subjects, "ms": round(1000 * (time.perf_counter() - began), 1)}
    return value, [_jpeg(_shown(source, request, frame, image)), _png(labels)]


def subject_tracks(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: as a `subject-mask` request. Value: what is known of the followed masks.

    followed, frames, fps, shots, subjects [{confidence (-1 not present), keys, doubtful, stale [[first, last]] that wait for being followed, events [{frame, kind, said}]}].
    """
    request = _request(args)
    source = _source(request, settings)
    known = source.known()
    value: dict[str, Any] = {"followed": False, "frames": source.proxy.count, "fps": round(source.proxy.fps, 3), "shots": [], "subjects": []}
    if known is None:
        return value, []
    value["shots"] = [list(shot) for shot in known.shots]
    whole = bool(request.subjects)
    for index, subject in enumerate(request.subjects):
        try:
            track = _track(source, known, request, index)
        except StudioError:
            whole = False
            value["subjects"].append({"confidence": [], "keys": [], "doubtful": [], "stale": [[0, known.count - 1]], "events": []})
            continue
        try:
            stale = track.stale()
            hidden = [any(first <= frame <= last for first, last in subject.hidden) for frame in range(known.count)]
            one = told((None if hidden[frame] else track.mask(frame) for frame in range(known.count)), track, known)
        finally:
            track.close()
        whole = whole and not stale
        value["subjects"].append(
            {"confidence": np.round(one.confidence, 3).tolist(), "keys": one.keys, "doubtful": one.doubtful, "stale": [list(span) for span in stale], "events": one.events}
        )
    value["followed"] = whole
    return value, []


def _mask_on(source: Source, request: SubjectMaskRequest, index: int, frame: int) -> tuple[np.ndarray, float, str, list[str], str]:
    """(mask, confidence, said, notes, where it comes from: marks, followed or none) of a subject on a frame."""
    subject = request.named[index]
    by = remembered(request, source.settings)
    key, said, notes = first_key(source, request, index, by)
    edit = subject.keyframes.get(frame)
    if frame == key.frame and edit is None:
        return key.mask, key.sure, said, notes, "marks"
    known = source.known()
    nothing = np.zeros(key.mask.shape, bool)
    before, confidence = nothing, 0.0
    if known is not None:
        # What was followed from the keys without the edit on this very frame is what the edit corrects.
        others = {k: v for k, v in subject.keyframes.items() if k != frame}
        plain = request.model_copy(update={"subjects": tuple(one.model_copy(update={"keyframes": others}) if k == index else one for k, one in enumerate(request.named))})
        track = _track(source, known, plain, index)
        try:
            run = track.run_at(frame)
            if frame in run.steps or frame == run.key.frame:
                before, confidence = run.mask(frame), run.at(frame).confidence
        finally:
            track.close()
    if edit is None:
        return before, confidence, said, notes, "followed" if before.any() else "none"
    if not edit.any:
        return (nothing, 1.0, "", notes, "marks") if edit.gone else (before, 1.0, "", notes, "marks")
    mask, doubt = corrected(source, frame, edit, before, by)
    return mask, 1.0, doubt, notes, "marks"


def _track(source: Source, known: Known, request: SubjectMaskRequest, index: int) -> Track:
    """A subject's track as far as it was followed: corrections whose frames no run has reached yet are cut by their marks alone."""
    subject, by = request.named[index], remembered(request, source.settings)
    keys: list[Key] = [first_key(source, request, index, by)[0]]
    for frame in sorted(subject.keyframes):
        edit = subject.keyframes[frame]
        if frame >= known.count:
            continue
        mask = np.zeros(keys[0].mask.shape, bool)
        if edit.any or not edit.gone:
            track = Track(source, known, keys, by)
            try:
                run = track.run_at(frame)
                before = run.mask(frame)
            finally:
                track.close()
            mask, _ = corrected(source, frame, edit, before, by)
        keys = with_key(keys, Key(frame, mask, words=keys[0].words))
    return Track(source, known, keys, by)


def _request(args: dict[str, Any]) -> SubjectMaskRequest:
    if not args.get("video"):
        raise InvalidInput("there is no video yet", fix="load one", field="video")
    fields = {name: args[name] for name in ("video", "start", "end", "subjects", "method", "max_side", "mask") if args.get(name) is not None}
    return parse_request(TASK, fields)


def _number(args: dict[str, Any], name: str) -> int:
    try:
        return int(args.get(name) or 0)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{name}={args[name]!r} is not a number", fix="give a whole number", field=name) from error


def _source(request: SubjectMaskRequest, settings: Settings) -> Source:
    """The opened range; the last ones stay open. A file that was replaced is another one."""
    name = f"{settings.data_dir}|{shelf.identity(Path(request.video))}|{request.video}|{request.start}|{request.end}|{request.max_side}"
    if name not in _open:
        _open[name] = Source(request, settings)
        while len(_open) > KEPT:
            _open.popitem(last=False)[1].close()
    _open.move_to_end(name)
    return _open[name]


def _shown(source: Source, request: SubjectMaskRequest, frame: int, proxy: np.ndarray) -> np.ndarray:
    """The picture for the page: the first frame sharper than the size that is worked at, others as they are."""
    if frame or max(source.proxy.facts.width, source.proxy.facts.height) <= max(proxy.shape[:2]):
        return proxy
    from engine.media.video import open_video

    with open_video(source.path, source.settings, start=request.start, end=request.end, max_side=SHOWN_SIDE) as reader:
        return fit_side(next(iter(reader)), SHOWN_SIDE)


def _jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def _png(grey: np.ndarray) -> bytes:
    return cv2.imencode(".png", grey, [cv2.IMWRITE_PNG_COMPRESSION, 2])[1].tobytes()
