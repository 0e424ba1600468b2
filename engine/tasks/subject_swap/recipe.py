"""The chain of the subject swap: boxes, masks and tracks (`masking`), the plate behind the subjects, and the result. Each stage is kept: a late setting never makes an early one anew."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from engine.errors import Cancelled, StudioError
from engine.media.alpha_writer import AlphaWriter
from engine.media.mask_writer import MaskWriter, levels
from engine.task import Event, Meter, Note, Preview, Progress, Result, Stage
from engine.tasks.subject_swap import shelf
from engine.tasks.subject_swap.actions import Draws, cut_of, export_of, look_of
from engine.tasks.subject_swap.layers import Patches
from engine.tasks.subject_swap.masking import Followed, follow, tinted
from engine.tasks.subject_swap.models import EDITORS, OF_EDITORS
from engine.tasks.subject_swap.request import SubjectMaskRequest, SubjectSwapRequest
from engine.tasks.subject_swap.tracks import document
from engine.vision.filling.plate import fill_clip
from engine.vision.segmentation import fit_side

if TYPE_CHECKING:
    from engine.context import RunContext

FEWEST_FRAMES = 3
"""A stopped run keeps its clip from this many frames on."""

SOFT_EDGE = 0.005
"""How far beyond a mask its subject still tints pixels, as a share of the longer side; at least 3 px. So far holes are grown."""

MADE_BY = "Edited by Kinora: a subject or its background was changed."


def mask_only(request: SubjectMaskRequest, run: RunContext) -> Iterator[Event]:
    """The task `subject-mask`: result.mp4 shows the masks over the video; artifacts mask.mkv and tracks.json."""
    followed = yield from follow(request, run)
    try:
        artifacts = {"tracks": _write_tracks(followed, run)}
        yield Stage("result", "Writing the mask")
        greys = levels(len(followed.tracks))
        shown: list[np.ndarray] = []
        writer = run.clip_writer(fps=followed.frames.fps)
        path = run.directory / "mask.mkv"
        try:
            with writer, MaskWriter(path, followed.frames.fps) as masks:
                for index in range(followed.known.count):
                    run.checkpoint()
                    frame, labels = followed.frames.read(index), followed.layers.labels(index)
                    masks.write(greys[labels])
                    over = tinted(frame, labels)
                    writer.write(over)
                    yield from _shown(over, shown, index, followed, run)
        except Cancelled:
            if writer.frames >= FEWEST_FRAMES:
                yield Result(writer.path, {**artifacts, **({"mask": path} if path.exists() else {})}, details=_details(followed), partial=True)
            raise
        yield Result(writer.path, {"mask": path, **artifacts}, meters=_mask_meters(followed), details=_details(followed))
    finally:
        followed.close()


def swap(request: SubjectSwapRequest, run: RunContext) -> Iterator[Event]:
    """The task `subject-swap`: result.mp4, before.mp4 (the same frames untouched), mask.mkv, tracks.json, and the cut-out with alpha where asked."""
    followed = yield from follow(request, run)
    patches: Patches | None = None
    try:
        artifacts = {"tracks": _write_tracks(followed, run)}
        left_out = [name for name in OF_EDITORS if getattr(request, name) != SubjectSwapRequest.model_fields[name].default]
        if left_out and request.drawing not in EDITORS:
            yield Note(f"Only large editors know what you set for: {', '.join(left_out).replace('_', ' ')}.")
        look = None
        if request.action != "remove" or request.drawing in EDITORS:
            yield Stage("reading", "Preparing the change")
            look = look_of(request, run, followed.frames, followed.layers, followed.known.shots)
            for text in look.notes:
                yield Note(text)
        if look is None or look.needs_plate:
            yield Stage("plate", "Filling in what was behind")
            patches = yield from _plate(request, run, followed)
        sound = None
        if request.keep_sound:
            sound = _sound(request, run)
        yield Stage("result", "Making frames")
        export = export_of(request)
        made = _Made(request, run, followed, patches)
        shown: list[np.ndarray] = []
        writer = run.clip_writer(fps=followed.frames.fps, audio=sound, metadata={"description": MADE_BY})
        before = run.clip_writer(fps=followed.frames.fps, name="before.mp4", crf=20)
        masks = MaskWriter(run.directory / "mask.mkv", followed.frames.fps)
        alpha = AlphaWriter(run.directory / ("cutout.mov" if export == "prores" else "cutout.webm"), followed.frames.fps, export) if export != "none" else None
        artifacts |= {"before": before.path, "mask": masks.path} | ({"cutout": alpha.path} if alpha is not None else {})
        greys = levels(len(followed.tracks))
        try:
            with contextlib.ExitStack() as open_:
                for one in (before, masks, alpha, writer):
                    if one is not None:
                        open_.enter_context(one)
                for index in range(followed.known.count):
                    # What was drawn before Stop is written, too.
                    if not (stopped(look) and isinstance(look, Draws) and look.holds(index)):
                        run.checkpoint()
                    if isinstance(look, Draws):
                        yield from look.draws(index)
                    source, labels = followed.frames.read(index), followed.layers.labels(index)
                    mask = labels > 0
                    frame = made.frame(index, source, mask, look)
                    writer.write(frame)
                    before.write(source)
                    masks.write(greys[labels])
                    if alpha is not None:
                        alpha.write(cut_of(look, request, index, source, mask))
                    yield from _shown(frame, shown, index, followed, run)
                if stopped(look):
                    run.checkpoint()
        except Cancelled:
            if writer.frames >= FEWEST_FRAMES:
                kept = {name: path for name, path in artifacts.items() if path.exists()}
                yield Result(writer.path, kept, meters=made.meters(), details=_details(followed, look), partial=True)
            raise
        yield Result(writer.path, artifacts, meters=(*made.meters(), *_mask_meters(followed)), details=_details(followed, look))
    finally:
        if patches is not None:
            patches.close()
        followed.close()


class _Made:
    """Frames of the result, and what is measured of them."""

    def __init__(self, request: SubjectSwapRequest, run: RunContext, followed: Followed, patches: Patches | None) -> None:
        self.request, self.followed, self.patches = request, followed, patches
        note = shelf.read_note(patches.folder) if patches is not None else None
        self.seen = float(note.get("seen", 0.0)) if note is not None else None

    def frame(self, index: int, source: np.ndarray, mask: np.ndarray, look: Any) -> np.ndarray:
        """(H, W, 3) uint8."""
        plate = source
        if self.patches is not None:
            hole = hole_of(mask, self.request.mask.feather)
            plate = self.patches.over(index, source, hole)
        if look is None:
            return faded(source, plate, mask, self.request.mask.feather)
        out: np.ndarray = look.frame(index, source, mask, plate)
        return out

    def meters(self) -> tuple[Meter, ...]:
        if self.seen is None:
            return ()
        text = "Share of the filled pixels whose colour was seen in another frame; the rest is texture from around, made up."
        return (Meter("seen", "Background seen in other frames", 100 * self.seen, "%", None, "", None, text),)


def hole_of(mask: np.ndarray, feather: float = 0.0) -> np.ndarray:
    """(H, W) bool: what is filled in behind a mask, grown past its soft edge."""
    reach = max(3, round(SOFT_EDGE * max(mask.shape))) + round(feather)
    return cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))) > 0


def faded(source: np.ndarray, plate: np.ndarray, mask: np.ndarray, feather: float) -> np.ndarray:
    """The plate where the subject was, going over into the source within `feather` pixels."""
    if feather < 1 or not mask.any():
        return plate
    inner = hole_of(mask)
    away = cv2.distanceTransform((~inner).astype(np.uint8), cv2.DIST_L2, 3)
    share = np.clip(1.0 - away / (feather + 1.0), 0.0, 1.0)[..., None]
    ring = (away > 0) & (away <= feather)
    out = plate.copy()
    out[ring] = np.rint(plate * share + source * (1 - share)).astype(np.uint8)[ring]
    return out


def _plate(request: SubjectSwapRequest, run: RunContext, followed: Followed) -> Generator[Event, None, Patches]:
    """What lies behind the subjects on every frame; taken from disk when it was filled before."""
    folder = shelf.place(run.settings, "plate", shelf.key(followed.name, request.mask.feather))
    if shelf.read_note(folder) is not None:
        with contextlib.suppress(OSError, ValueError):  # damaged: made anew
            kept = Patches.load(folder)
            if all(index in kept for index in range(followed.known.count)):
                yield Progress("plate", followed.known.count, followed.known.count)
                return kept
            kept.close()
    patches = Patches(folder)
    seen = total = 0

    def holes(index: int) -> np.ndarray:
        return hole_of(followed.layers(index), request.mask.feather)

    try:
        for index, filled in enumerate(fill_clip(followed.frames, holes, followed.known.shots, seed=0, checkpoint=run.checkpoint)):
            hole = holes(index)
            patches.put(index, filled.frame, hole)
            seen, total = seen + int(filled.seen.sum()), total + int(hole.sum())
            run.checkpoint()
            yield Progress("plate", index + 1, followed.known.count)
            if run.wants_preview():
                yield Preview(fit_side(filled.frame, 320)[None], fps=1.0)
        patches.save()
        shelf.write_note(folder, {"seen": seen / total if total else 1.0})
    except BaseException:
        patches.close()
        raise
    return patches


def _sound(request: SubjectSwapRequest, run: RunContext) -> tuple[np.ndarray, int] | None:
    from engine.media.audio import read_audio
    from engine.media.probe import probe

    if not probe(request.video, run.settings).has_audio:
        return None
    try:
        samples, rate = read_audio(request.video, run.settings, rate=48_000, start=request.start, end=request.end)
    except StudioError:
        return None  # a damaged sound track is no reason to lose the pictures
    return (samples, rate) if len(samples) else None


def _shown(frame: np.ndarray, shown: list[np.ndarray], index: int, followed: Followed, run: RunContext) -> Iterator[Event]:
    if index % max(1, round(followed.known.fps / 12)) == 0:
        shown.append(fit_side(frame, 320))
        del shown[:-36]
    yield Progress("result", index + 1, followed.known.count)
    if len(shown) > 1 and run.wants_preview():
        yield Preview(np.stack(shown), fps=12.0)


def _write_tracks(followed: Followed, run: RunContext) -> Path:
    path = run.directory / "tracks.json"
    size = (followed.frames.width, followed.frames.height)
    path.write_text(json.dumps(document(followed.layers.request, followed.known, size, followed.told, levels(len(followed.tracks)))), encoding="utf-8")
    return path


def _mask_meters(followed: Followed) -> tuple[Meter, ...]:
    there = np.concatenate([one.confidence[one.confidence >= 0] for one in followed.told])
    if not len(there):
        return ()
    over = "on the mean over all frames in which a subject is seen; look at the timeline for the worst."
    embedded = followed.by is None
    text = f"How far flow, colours and memory agree on the masks, {over}" if embedded else f"How sure SAM 2 is that the subject is there, {over}"
    return (Meter("mask_confidence", "Masks agree" if embedded else "SAM 2 is sure", float(there.mean()), "", None, "", None, text),)


def stopped(look: Any) -> bool:
    """Stop ended a look in the middle of its work."""
    return isinstance(look, Draws) and look.stopped


def _details(followed: Followed, look: Any = None) -> dict[str, object]:
    """What was understood and done, for the page and the saved metadata."""
    request = followed.layers.request
    subjects = [
        {"name": request.name_of(index), "said": followed.who[index].said, "keys": one.keys, "doubtful": one.doubtful, "events": one.events, "seen_frames": int((one.confidence >= 0).sum())}
        for index, one in enumerate(followed.told)
    ]
    return {
        "provider": followed.provider, "frames": followed.known.count, "fps": round(followed.known.fps, 4), "shots": [list(shot) for shot in followed.known.shots],
        "worked_at": list(followed.source.size), "size": [followed.frames.width, followed.frames.height], "followed_anew": followed.anew, "subjects": subjects, "made_by": MADE_BY,
        **(look.details if isinstance(look, Draws) else {}),
    }  # fmt: skip
