"""Small looks at a clip: a poster, a looping hover preview, and previews of frames that are not a clip yet."""

from __future__ import annotations

import io
import os
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from engine.errors import StudioError
from engine.media.disk import whole_file
from engine.media.images import write_image

PREVIEW_SIDE = 320
PREVIEW_FRAMES = 24
_PREVIEW_SECONDS = 3.0
# WebP effort 0 of 6: each step up costs twice the time for a tenth of the size, and previews are made while someone waits.
_EFFORT = 0


def encode_preview(frames: np.ndarray, fps: float, *, quality: int = 75) -> bytes:
    """An endlessly looping animated WebP. frames: (F, H, W, 3) uint8 sRGB, at least one; fps: frames a second, above 0.

    quality: 1-100; below 75 WebP takes slow motion in soft areas for noise and leaves it out.
    """
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not len(frames) or not fps > 0:
        raise ValueError(f"a preview is (F, H, W, 3) uint8 with F above 0 at a positive rate, not {frames.shape} {frames.dtype} at {fps}")
    # Whole milliseconds that add up: rounding each duration alone would make the loop drift.
    ends = np.rint(np.arange(1, len(frames) + 1) * 1000.0 / fps)
    durations = np.maximum(np.diff(ends, prepend=0.0), 11).astype(int).tolist()
    pictures = [Image.fromarray(np.ascontiguousarray(frame)) for frame in frames]
    out = io.BytesIO()
    pictures[0].save(out, "WEBP", save_all=True, append_images=pictures[1:], duration=durations, loop=0, quality=quality, method=_EFFORT)
    return out.getvalue()


def make_thumbs(clip: str | os.PathLike[str], poster: str | os.PathLike[str], preview: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write a poster JPEG and a hover preview (animated WebP, at most `PREVIEW_SIDE` px and `PREVIEW_FRAMES` frames) of a clip of ours.

    For files that `ClipWriter` made only: it decodes in this process. The poster is at most 640 px: the frame a third into the clip, where
    things have begun to move. The preview shows the whole clip in at most three seconds. Returns both paths.
    """
    with av.open(f"file:{clip}", "r", format="mp4") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_type = "AUTO"  # type: ignore[assignment]
        total = stream.frames
        if total < 1:
            raise StudioError(f"{Path(clip).name} has no pictures", fix="run again")
        wanted = sorted(set(np.linspace(0, total - 1, min(total, PREVIEW_FRAMES)).round().astype(int).tolist()))
        chosen, small = total // 3, []
        reformatter = VideoReformatter()
        for index, frame in enumerate(container.decode(stream)):
            if index == chosen:
                write_image(poster, _fitted(frame, 640, VideoReformatter()), quality=85)
            if index in wanted:
                small.append(_fitted(frame, PREVIEW_SIDE, reformatter))
        seconds = total / float(stream.average_rate or 24)
    fps = len(small) / min(max(seconds, 0.1), _PREVIEW_SECONDS)
    return Path(poster), _written(Path(preview), encode_preview(np.stack(small), fps))


def _fitted(frame: av.VideoFrame, side: int, reformatter: VideoReformatter) -> np.ndarray:
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    return reformatter.reformat(frame, width=width, height=height, format="rgb24", interpolation=Interpolation.AREA).to_ndarray()


def _written(target: Path, content: bytes) -> Path:
    with whole_file(target) as temporary:
        temporary.write_bytes(content)
    return target
