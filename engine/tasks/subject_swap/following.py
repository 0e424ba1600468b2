"""The masks of one subject over a whole range, from its key frames: each key is followed both ways up to its neighbours, and what was followed once is kept.

A run belongs to one key: its frame, its mask and a direction. A correction on another frame makes a key more; the runs of the others stay, so that only the frames up to the
neighbouring keys are followed again. Between two keys the nearer and surer run counts.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from engine.tasks.subject_swap import shelf
from engine.tasks.subject_swap.source import Known, Source
from engine.vision.masks import Masks
from engine.vision.tracking.follower import Follower, Step
from engine.vision.tracking.looks import Look

SAVED = 25
"""Frames after which a run that goes on is written down."""

Count = Callable[[], None]


@dataclass(frozen=True)
class Key:
    """A frame on which the subject is known. mask: (h, w) bool at the proxy's size, empty when it is gone from there on; sure: 0..1; words: by which experts look for it in
    another shot, empty when nothing was said."""

    frame: int
    mask: np.ndarray = field(repr=False)
    sure: float = 1.0
    words: str = ""

    @property
    def name(self) -> str:
        """Tells this key from others."""
        return hashlib.sha256(np.packbits(self.mask).tobytes()).hexdigest()[:16] + f"@{self.frame}"


@dataclass(frozen=True)
class At:
    """A subject on one frame. confidence: 0..1; state: there, left, hidden (and never where it is not)."""

    confidence: float
    state: str


class Stepper(Protocol):
    """Goes with a subject from frame to frame, one way."""

    def step(self, frame: int) -> Step:
        """What becomes of it on a frame, which is the neighbour of the one before (of the key's at first)."""


class Stepping(Protocol):
    """A method of following. name: tells its results from those of other methods, and of other weights."""

    @property
    def name(self) -> str: ...

    def start(self, source: Source, known: Known, key: Key, way: int, first: Key | None) -> Stepper:
        """A stepper that stands on a key. way: 1 onwards, -1 backwards; first: a key that shows the subject, when this one says that it is gone."""


class FlowStepper:
    """Steps by flow, colours and remembered looks (`engine.vision.tracking.follower`)."""

    def __init__(self, source: Source, known: Known, key: Key, way: int, first: Key | None) -> None:
        self._source, self._known, self._way, self._at = source, known, way, key.frame
        looks = [Look.of(source.proxy.read(first.frame), first.mask)] if first is not None else None
        behind = source.scenery(key.frame, key.mask) if key.mask.any() else None
        self._follower = Follower(source.proxy.read(key.frame), key.mask, looks, behind)

    def step(self, frame: int) -> Step:
        """See `Stepper`."""
        image = self._source.proxy.read(frame)
        cut = self._known.shot_of(frame) != self._known.shot_of(self._at)
        if cut:
            self._follower.cut(image)
        motion = self._known.motion(frame) if self._way > 0 else self._known.backwards(frame)
        self._at = frame
        return self._follower.step(image, None if cut else motion)


class Embedded:
    """The method that runs everywhere."""

    name = "embedded"

    def start(self, source: Source, known: Known, key: Key, way: int, first: Key | None) -> Stepper:
        """See `Stepping`."""
        return FlowStepper(source, known, key, way, first)


class Run:
    """A key followed in one direction, as far as it was asked for. way: 1 onwards, -1 backwards; first: the subject's first key that shows it."""

    def __init__(self, source: Source, known: Known, key: Key, way: int, first: Key | None, by: Stepping) -> None:
        self.source, self.known, self.key, self.way, self.by = source, known, key, way, by
        # A key that shows the subject needs no other: what was followed from it stays when the first one changes.
        self.first = None if key.mask.any() else first
        self.folder = shelf.place(source.settings, "run", shelf.key(source.name, by.name, key.name, key.words, way, None if self.first is None else self.first.name))
        self.steps: dict[int, At] = {}
        self.masks: Masks | None = None
        note = shelf.read_note(self.folder)
        if note is not None:
            with contextlib.suppress(OSError, ValueError, TypeError, AttributeError, KeyError, IndexError):  # damaged: followed anew
                self.masks, self.steps = _kept(self.folder, note, source.size)
        self._stepper: Stepper | None = None
        self._at = key.frame

    def reach(self, last: int, counted: Count) -> None:
        """Follow up to and with frame `last` unless that was done. counted: called once for every frame that is followed anew; it may raise."""
        if last in self.steps or (last - self.key.frame) * self.way <= 0:
            return
        if self._stepper is None:
            # A stepper cannot be kept between runs: what was followed before is followed again when more is wanted.
            if self.masks is not None:
                self.masks.close()
            self.masks = Masks(self.folder, self.source.size)
            self.steps = {}
            self._stepper = self.by.start(self.source, self.known, self.key, self.way, self.first)
            self._at = self.key.frame
        assert self.masks is not None
        try:
            while self._at != last:
                frame = self._at + self.way
                step = self._stepper.step(frame)
                self.steps[frame] = At(step.confidence, step.state)
                if step.state == "there":
                    self.masks.put(frame, step.mask.astype(np.uint8))
                self._at = frame
                counted()
                if len(self.steps) % SAVED == 0:
                    self.save()
        finally:
            self.save()

    def mask(self, frame: int) -> np.ndarray:
        """(h, w) bool."""
        if frame == self.key.frame:
            return self.key.mask
        if self.masks is None or frame not in self.masks:
            return np.zeros((self.source.size[1], self.source.size[0]), bool)
        return self.masks.read(frame) > 0

    def at(self, frame: int) -> At:
        """What is known of a frame that was reached."""
        if frame == self.key.frame:
            return At(self.key.sure, "there" if self.key.mask.any() else "hidden")
        return self.steps.get(frame, At(0.0, "hidden"))

    def save(self) -> None:
        """Write down what was followed so far."""
        if self.masks is not None:
            self.masks.save()
            shelf.write_note(self.folder, {"steps": {str(k): [round(v.confidence, 4), v.state] for k, v in self.steps.items()}})

    def close(self) -> None:
        """Give the files back."""
        if self.masks is not None:
            self.masks.close()


class Track:
    """One subject over the range, from its keys, which stand in order of time. by: who follows."""

    def __init__(self, source: Source, known: Known, keys: list[Key], by: Stepping | None = None) -> None:
        if not keys:
            raise ValueError("a track needs a key")
        self.source, self.known, self.keys = source, known, keys
        self.followed = 0
        first = next((key for key in keys if key.mask.any()), None)
        self._runs = {(index, way): Run(source, known, key, way, first, by or Embedded()) for index, key in enumerate(keys) for way in (1, -1)}

    def wanted(self) -> list[tuple[Run, int]]:
        """Each run and the frame up to which it is needed."""
        out = []
        for index, key in enumerate(self.keys):
            out.append((self._runs[index, 1], self.keys[index + 1].frame - 1 if index + 1 < len(self.keys) else self.known.count - 1))
            # Gone is gone from its frame on: what lies before a key is told by following backwards only when both it and the key before show the subject.
            if index == 0 or (key.mask.any() and self.keys[index - 1].mask.any()):
                out.append((self._runs[index, -1], self.keys[index - 1].frame + 1 if index else 0))
        return out

    def missing(self) -> int:
        """Frames that are still to be followed."""
        return sum(max(0, (last - run.key.frame) * run.way) for run, last in self.wanted() if last not in run.steps and (last - run.key.frame) * run.way > 0)

    def stale(self) -> list[tuple[int, int]]:
        """Ranges of frames whose masks wait for being followed."""
        spans = []
        for run, last in self.wanted():
            if (last - run.key.frame) * run.way > 0 and last not in run.steps:
                spans.append((min(run.key.frame + run.way, last), max(run.key.frame + run.way, last)))
        spans.sort()
        out: list[tuple[int, int]] = []
        for span in spans:
            if out and span[0] <= out[-1][1] + 1:
                out[-1] = (out[-1][0], max(out[-1][1], span[1]))
            else:
                out.append(span)
        return out

    def follow(self, counted: Count) -> None:
        """Follow all that is missing; frames followed anew are counted in `followed`."""

        def one() -> None:
            self.followed += 1
            counted()

        for run, last in self.wanted():
            run.reach(last, one)

    def run_at(self, frame: int) -> Run:
        """The run whose mask counts on a frame."""
        index = max((k for k, key in enumerate(self.keys) if key.frame <= frame), default=-1)
        if index < 0:
            return self._runs[0, -1]
        key = self.keys[index]
        onwards = self._runs[index, 1]
        if key.frame == frame or index + 1 == len(self.keys):
            return onwards
        other = self.keys[index + 1]
        back = self._runs[index + 1, -1]
        if not key.mask.any() or not other.mask.any():
            return onwards
        if self.known.shot_of(key.frame) != self.known.shot_of(other.frame):
            if self.known.shot_of(frame) == self.known.shot_of(other.frame):
                return back
            if self.known.shot_of(frame) == self.known.shot_of(key.frame):
                return onwards
        if frame not in back.steps:
            return onwards
        if frame not in onwards.steps:
            return back
        share = (frame - key.frame) / (other.frame - key.frame)
        near, far = onwards.at(frame).confidence * (1.0 - share), back.at(frame).confidence * share
        return onwards if near >= far else back

    def mask(self, frame: int) -> np.ndarray:
        """(h, w) bool at the proxy's size."""
        return self.run_at(frame).mask(frame)

    def at(self, frame: int) -> At:
        """How sure it is there, and whether."""
        return self.run_at(frame).at(frame)

    def close(self) -> None:
        """Give the files back."""
        for run in self._runs.values():
            run.close()


def enlarged(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask (h, w) bool at another size (width, height), its outline smooth."""
    if mask.shape == (size[1], size[0]):
        return mask
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_CUBIC if size[0] > mask.shape[1] else cv2.INTER_AREA) > 0.5


def _kept(folder: Path, note: dict[str, Any], size: tuple[int, int]) -> tuple[Masks, dict[int, At]]:
    """What was written down of a run. Raises `ValueError` and others when it does not fit together."""
    steps = {int(k): At(float(v[0]), str(v[1])) for k, v in note["steps"].items()}
    masks = Masks.load(folder)
    if masks.size != size or any(step.state == "there" and frame not in masks for frame, step in steps.items()):
        masks.close()
        raise ValueError("the masks do not fit the notes of the run")
    return masks, steps
