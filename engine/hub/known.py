"""A clip of which parts are known, as editors take it: frames with grey where something is to be drawn, and a mask that says where that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

GREY = 0.5
"""What lies under the mask: the middle of the range, as the editor was taught (VACE, Jiang et al., 2025)."""


def known_clip(frames: np.ndarray, masks: np.ndarray) -> dict[str, Any]:
    """The arguments `video` and `mask` of a call. frames: (F, H, W, 3) uint8; masks: (F, H, W) bool, True where it is drawn anew."""
    hidden = masks[..., None]
    video = np.where(hidden, np.float32(GREY), frames.astype(np.float32) / 255)
    return {"video": video[None], "mask": np.broadcast_to(hidden, frames.shape).astype(np.float32)[None]}


def known_frames(size: tuple[int, int], frames: int, stills: Sequence[tuple[int, np.ndarray]]) -> dict[str, Any]:
    """The arguments of a call that knows single frames as a whole. size: (width, height); stills: (H, W, 3) uint8 by the frame at which each stands. Nothing for none."""
    if not stills:
        return {}
    clip, masks = np.zeros((frames, size[1], size[0], 3), np.uint8), np.ones((frames, size[1], size[0]), bool)
    for frame, picture in stills:
        place = min(max(frame, 0), frames - 1)
        clip[place], masks[place] = picture, False
    return known_clip(clip, masks)
