"""One clip of the pocket provider while it is made: what was asked, the models, and the sizes that follow. And how frames become the clip, alike for every method."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch

from engine.diffusion.clip_net import ClipNet
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance
from engine.errors import Cancelled
from engine.media.images import read_image
from engine.metrics.clips import adjacent_change, frame_consistency
from engine.task import Event, Meter, Preview, Progress, Stage
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.diorama import mixed
from engine.tasks.text_to_video.pocket.models import Pocket, clip_model, motion_model
from engine.tasks.text_to_video.pocket.moving import Pace
from engine.tasks.text_to_video.pocket.shapes import doublings, native_size
from engine.tasks.text_to_video.pocket.wording import Told
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.shapes import fitted
from engine.tasks.text_to_video.timeline import Timeline

if TYPE_CHECKING:
    from engine.context import RunContext

MODEL_FPS = 8
"""Frames a second that the models know; more lie between them."""

FEWEST_FRAMES = 3
"""A stopped run keeps its clip from this many frames on."""

PREVIEW_SIDE, MOST_LOOKS = 320, 48


@dataclass(frozen=True)
class Job:
    """A clip to make. readings: one for each prompt of the schedule."""

    request: TextToVideoRequest
    run: RunContext
    seed: int
    stem: str
    pocket: Pocket
    readings: list[Told]
    artifacts: dict[str, Path] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    meters: list[Meter] = field(default_factory=list)

    @cached_property
    def timeline(self) -> Timeline:
        """Which moment each frame of the clip shows."""
        return Timeline(max(2, round(self.request.seconds * self.request.fps)), self.request.loop)

    @property
    def lasts(self) -> float:
        """Seconds of ordinary time that must be made."""
        return self.timeline.needed / self.request.fps

    @cached_property
    def paces(self) -> list[Pace]:
        """The pace of each prompt's scene."""
        return [Pace.of(reading.spec, self.lasts) for reading in self.readings]

    @cached_property
    def native(self) -> tuple[int, int]:
        """(width, height) in pixels that the model draws."""
        return native_size(self.request.width, self.request.height)

    @property
    def times(self) -> int:
        """How often what is drawn is doubled."""
        return doublings(self.native, self.request.width, self.request.height) + (self.request.upscale == "2x")

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the finished clip."""
        factor = 2 if self.request.upscale == "2x" else 1
        return self.request.width * factor, self.request.height * factor

    @cached_property
    def levels(self) -> Levels:
        """The noise levels of the request's steps."""
        return Levels.of(self.pocket.parts.scheduler, self.request.own_steps)

    @property
    def knows_words(self) -> bool:
        """Whether pocket-clip can say which words of the prompt the clip shows."""
        return True

    def motion_model(self) -> Any:
        """The motion UNet of method `animatediff`. Raises `ModelUnavailable` when there is none."""
        return motion_model(self.pocket)

    def clip_model(self) -> ClipNet:
        """The net of method `clip`. Raises `ModelUnavailable` when there is none."""
        return clip_model(self.pocket)

    @property
    def guidance(self) -> Guidance:
        """How strictly the prompt is followed."""
        return Guidance(self.request.own_guidance)

    @property
    def cell_shape(self) -> tuple[int, int, int]:
        """(C, h, w) of one frame's latents."""
        parts = self.pocket.parts
        return parts.channels, self.native[1] // parts.factor, self.native[0] // parts.factor

    def states(self, *sentences: str) -> torch.Tensor:
        """(B, tokens, width) of texts."""
        return self.pocket.parts.text_states(sentences)

    def enlarged(self, pictures: np.ndarray) -> np.ndarray:
        """(T, H, W, 3) uint8 doubled as often as the clip needs."""
        for _ in range(self.times):
            pictures = self.pocket.upscaler.enlarge(pictures, self.run.checkpoint)
        return pictures

    def given(self) -> list[tuple[float, np.ndarray, torch.Tensor]]:
        """The user's pictures in order: (seconds, (H, W, 3) uint8 at working size, (3, h, w) in [-1, 1] at the model's size)."""
        request, native = self.request, self.native
        files = [(0.0, request.first_image)] if request.first_image else []
        files += [(still.at, still.image) for still in sorted(request.images, key=lambda still: still.at)]
        files += [(request.seconds, request.last_image)] if request.last_image else []
        out = []
        for at, path in files:
            self.run.checkpoint()
            picture = fitted(read_image(path, self.run.settings, max_side=2048), native[0] * 2**self.times, native[1] * 2**self.times)
            small = cv2.resize(picture, native, interpolation=cv2.INTER_AREA)
            out.append((at, picture, torch.from_numpy(small).permute(2, 0, 1).float().div(127.5).sub(1)))
        return out

    def time_of(self, index: int) -> float:
        """Seconds of ordinary frame `index`; without frames between, the nearest earlier moment that the model knows."""
        time = index / self.request.fps
        return time if self.request.interpolate else float(np.floor(time * MODEL_FPS + 1e-6) / MODEL_FPS)

    def render(self, ordinary: Callable[[int], np.ndarray]) -> Iterator[Event | Made]:
        """Write the clip frame by frame and tell what was made. ordinary: index of a frame of ordinary time -> (H, W, 3) uint8 of the finished size."""
        yield Stage("rendering", "Moving it")
        request, run = self.request, self.run
        writer = run.clip_writer(fps=request.fps, name=f"{self.stem}.mp4")
        looks: list[np.ndarray] = []
        try:
            with writer:
                for index in range(self.timeline.frames):
                    run.checkpoint()
                    frame = mixed([(share, ordinary(which)) for which, share in self.timeline.shown(index)])
                    writer.write(frame)
                    if index % max(1, request.fps // 12) == 0 and len(looks) < MOST_LOOKS:
                        looks.append(small(frame))
                    yield Progress("rendering", index + 1, self.timeline.frames)
                    if run.wants_preview() and len(looks) > 1:
                        yield Preview(np.stack(looks), fps=min(12.0, float(request.fps)))
        except Cancelled:
            if writer.frames >= FEWEST_FRAMES:
                yield Made(writer.path, self.seed, details=self.details, artifacts=self.artifacts, partial=True)
            raise
        seen = np.stack(looks)
        consistency = frame_consistency(seen, lambda frames: self.pocket.clip.image_features(frames).numpy())
        self.meters.append(Meter("consistency", "Frame consistency", consistency, baseline=1.0, baseline_label="a frozen clip", help="Likeness of neighbouring frames; see the change beside it."))
        self.meters.append(Meter("change", "Change", adjacent_change(seen), "of 255", 0.0, "a frozen clip", help="Mean change of a pixel from one looked-at frame to the next, twelve a second."))
        if self.knows_words:
            few = seen[:: max(1, len(seen) // 4)]
            self.details["words"] = [[word.start, word.end, round(word.score, 3)] for word in self.pocket.clip.words(few, request.prompt)]
        yield Made(writer.path, self.seed, tuple(self.meters), self.details, self.artifacts)


def small(frame: np.ndarray, side: int = PREVIEW_SIDE) -> np.ndarray:
    """A frame (H, W, 3) at preview size."""
    scale = side / max(frame.shape[:2])
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
