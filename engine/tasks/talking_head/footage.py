"""The pictures of a talking head with the faces in them: a portrait, the same for every frame, or a video, whose frames are read twice: to follow the faces, and to draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidInput
from engine.settings import Settings
from engine.tasks.talking_head.request import TalkingHeadRequest
from engine.vision.faces.handles import corrected
from engine.vision.faces.locate import Finder, chosen, finder, meant, usable
from engine.vision.faces.mesh import Face
from engine.vision.faces.pose import pose_of
from engine.vision.faces.tracks import follow, steady

if TYPE_CHECKING:
    from engine.context import RunContext
    from engine.media.video import VideoReader

CHUNK = 1.0
"""Seconds of a video that are held at once when it plays backwards."""

Which = int | tuple[float, float]


@dataclass
class Footage:
    """Pictures and faces. `follow` first, then `frames`. moving: a video. first: each face in the first picture; notes: sentences for the user."""

    request: TalkingHeadRequest
    settings: Settings
    finder: Finder
    fps: float
    moving: bool
    first: list[Face] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    image: np.ndarray | None = field(default=None, repr=False)
    tracks: list[list[Face | None]] = field(default_factory=list, repr=False)

    def follow(self, which: list[Which], frames: int) -> Iterator[tuple[int, int]]:
        """Find the meant faces (and follow them through at most `frames` of a video). Yields (done, total)."""
        if not self.moving:
            assert self.image is not None
            self.first = [self._meant(self.image, one, index) for index, one in enumerate(which)]
            self.notes += [text for text in map(usable, self.first) if text]
            return
        assert self.request.video is not None
        with self._open() as reader:
            total = min(reader.count, frames)
            done = 0

            def pictures() -> Iterator[np.ndarray]:
                nonlocal done
                for done, image in enumerate(reader, start=1):
                    yield image
                    if done >= total:
                        return

            tracks = follow(pictures(), self.finder, lambda image: [self._meant(image, one, index) for index, one in enumerate(which)], lambda: None)
            yield done, max(total, done)
        if not tracks or not tracks[0]:
            raise InvalidInput("the video has no pictures", fix="use another video", field="video")
        self.first = [track[0] for track in tracks if track[0] is not None]
        self.tracks = [steady(track) for track in tracks]
        lost = sum(face is None for face in self.tracks[0])
        if lost:
            at = next(k for k, face in enumerate(self.tracks[0]) if face is None) / self.fps
            self.notes.append(f"The face is not to be seen in {lost} of {len(self.tracks[0])} frames (first at {at:.1f} s): they stay as they are.")
        if len(self.tracks[0]) < frames:
            self.notes.append(f"The video ends after {len(self.tracks[0]) / self.fps:.1f} s, before the voice: it plays backwards and forwards until the voice ends.")

    def frames(self, count: int) -> Iterator[tuple[np.ndarray, list[Face | None]]]:
        """(picture, its faces) for each frame; the pictures must not be changed."""
        if not self.moving:
            assert self.image is not None
            for _ in range(count):
                yield self.image, list(self.first)
            return
        assert self.request.video is not None
        for index, image in there_and_back(self, len(self.tracks[0]), count):
            yield image, [track[index] for track in self.tracks]

    def described(self) -> list[dict[str, object]]:
        """The faces, for the result's document."""
        out: list[dict[str, object]] = []
        for face in self.first:
            pose = pose_of(face)
            out.append({"box": [round(v, 1) for v in face.box], "score": round(face.score, 3), "yaw": round(pose.yaw, 1), "pitch": round(pose.pitch, 1), "eye_width": round(pose.scale, 1)})
        return out

    def _open(self, start: float = 0.0, end: float | None = None, fps: float | Fraction | None = None) -> VideoReader:
        from engine.media.video import open_video

        assert self.request.video is not None
        return open_video(self.request.video, self.settings, max_side=self.request.max_side, start=start, end=end, fps=fps)

    def _meant(self, image: np.ndarray, which: Which, index: int) -> Face:
        """The face of a speaker; hand corrections are for the first one."""
        marks = marks_of(self.request, (image.shape[1], image.shape[0])) if index == 0 else {}
        if not self.moving:
            return meant(image, self.settings, which, marks)
        # A video's marks cannot be followed: they only correct the start.
        faces = self.finder.faces(image)
        number = chosen(faces, which, (image.shape[1], image.shape[0]))
        if number is None:
            raise InvalidInput("no face was found at the start of the video", why="faces of people are found by themselves, from the front to three quarters", fix="cut the video to where the face is seen", field="video")
        usable(faces[number])
        return corrected(faces[number], marks)


def of_portrait(request: TalkingHeadRequest, run: RunContext) -> Footage:
    """A picture that stands still."""
    from engine.media.images import read_image

    assert request.portrait is not None
    image = read_image(request.portrait, run.settings, max_side=request.max_side)
    return Footage(request, run.settings, finder(run.settings), float(request.fps), False, image=image)


def of_video(request: TalkingHeadRequest, run: RunContext) -> Footage:
    """A video, at its own rate."""
    footage = Footage(request, run.settings, finder(run.settings), 25.0, True)
    with footage._open() as reader:
        footage.fps = float(reader.fps)
    return footage


def there_and_back(footage: Footage, length: int, count: int) -> Iterator[tuple[int, np.ndarray]]:
    """(source frame, picture) for `count` frames of a clip of `length`: forwards, backwards, forwards; a second of pictures is held at most."""
    made = 0
    forward = True
    while made < count:
        if forward:
            with footage._open() as reader:
                for index, image in enumerate(reader):
                    if index >= length or made >= count:
                        break
                    if made and index == 0:
                        continue  # the picture at the turn is shown once
                    yield index, image
                    made += 1
        else:
            step = max(1, round(CHUNK * footage.fps))
            for high in range(length - 1, 0, -step):
                low = max(0, high - step)
                with footage._open((low + 0.5) / footage.fps, (high + 0.5) / footage.fps, Fraction(footage.fps).limit_denominator(100_000)) as reader:
                    held = list(reader)[: high - low]
                for k in range(len(held) - 1, -1, -1):
                    if made < count:
                        yield low + k, held[k]
                        made += 1
        if length <= 1 and made < count:
            with footage._open() as reader:
                only = next(iter(reader))
            while made < count:
                yield 0, only
                made += 1
        forward = not forward


def marks_of(request: TalkingHeadRequest, size: tuple[int, int]) -> dict[str, tuple[float, float]]:
    """The hand corrections in pixels of a picture of `size` (width, height). Raises `InvalidInput` for two marks in one place."""
    marks: dict[str, tuple[float, float]] = {mark.name: (mark.x * size[0], mark.y * size[1]) for mark in request.landmarks}
    if "eye_left" in marks and "eye_right" in marks and marks["eye_left"] == marks["eye_right"]:
        raise InvalidInput("both eyes are in one place", fix="move one of them", field="landmarks")
    return marks
