"""What is done to every frame of a stretch of the film, as moviepy effects: each takes a clip and gives a clip, and computes nothing until a frame is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from moviepy import Effect, VideoClip

from engine.movie.film.captions import BurntCaptions
from engine.movie.film.light import frame_of, light_of
from engine.movie.film.matching import Correction


@dataclass
class MatchColours(Effect):  # type: ignore[misc]
    """The scene's correction on each of its frames."""

    correction: Correction

    def apply(self, clip: VideoClip) -> VideoClip:
        return clip if self.correction.is_nothing else clip.image_transform(self.correction)


@dataclass
class BurnCaptions(Effect):  # type: ignore[misc]
    """Captions at the times of the whole film. moviepy's own way, an ImageClip for each cue in a CompositeVideoClip, copies every frame to Pillow and back, captioned or not."""

    captions: BurntCaptions

    def apply(self, clip: VideoClip) -> VideoClip:
        return clip.transform(lambda frame_at, time: self.captions(frame_at(time), time))


@dataclass
class FadeAway(Effect):  # type: ignore[misc]
    """The last `frames` frames go to black, the very last one being black. moviepy's FadeOut ends half a frame before it, and fades in codes, not in light."""

    frames: int
    fps: int

    def apply(self, clip: VideoClip) -> VideoClip:
        total = round(clip.duration * self.fps)

        def faded(frame_at: Any, time: float) -> np.ndarray:
            picture: np.ndarray = frame_at(time)
            left = total - 1 - int(time * self.fps)
            if left >= self.frames:
                return picture
            share = left / self.frames
            return frame_of(light_of(picture) * np.float32((share * share * (3 - 2 * share)) ** 1.6))

        return clip.transform(faded)
