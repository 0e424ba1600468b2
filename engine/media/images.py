"""Pictures in and out: reading any picture as upright 8-bit sRGB through the cage, and writing one atomically."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.errors import InvalidInput, UnreadableMedia
from engine.media.cage import Decoder, Inlet
from engine.media.disk import whole_file
from engine.settings import Settings


def read_image(
    path: str | os.PathLike[str], settings: Settings, *, max_side: int | None = None, alpha: Literal["keep", "drop"] = "drop"
) -> np.ndarray:
    """(H, W, 3) uint8 sRGB, upright: EXIF orientation and ICC profile applied, 16 bits reduced to 8, first frame of an animation.

    alpha "keep" gives (H, W, 4) when the picture has transparency; "drop" lays it over white. `max_side` (px) makes a larger
    picture smaller, never a smaller one larger. Raises `UnreadableMedia` or `LimitExceeded`.
    """
    if max_side is not None and max_side < 1:
        raise InvalidInput(f"max_side={max_side} is not allowed", fix="give at least 1 pixel")
    with Inlet(path, settings) as inlet, Decoder(inlet, settings, "image", {"max_side": max_side, "alpha": alpha}) as decoder:
        shape = tuple(int(n) for n in decoder.read_json()["shape"])
        # The child is not trusted with our memory either.
        if len(shape) != 3 or min(shape) < 1 or shape[2] not in (3, 4) or shape[0] * shape[1] > settings.max_image_pixels:
            raise UnreadableMedia(f"{inlet.name} could not be decoded", why="the decoder gave an impossible size", fix="use another file")
        array = np.empty(shape, np.uint8)
        decoder.read_array(array)
        return array


def write_image(path: str | os.PathLike[str], array: np.ndarray, *, quality: int = 92) -> Path:
    """Write (H, W), (H, W, 3) or (H, W, 4) uint8 as PNG, JPEG or WebP by the name's ending; whole or not at all.

    `quality` (1-100) is for JPEG and WebP. JPEG has no alpha: it is laid over white. Raises `LimitExceeded` when the disk is full.
    """
    from PIL import Image

    target = Path(path)
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        ".png": ("PNG", {"compress_level": 3}),
        ".jpg": ("JPEG", {"quality": quality, "subsampling": 0 if quality >= 90 else 2, "optimize": True}),
        ".webp": ("WEBP", {"quality": quality, "method": 2}),
    }
    kinds[".jpeg"] = kinds[".jpg"]
    kind = kinds.get(target.suffix.lower())
    if kind is None:
        raise InvalidInput(f"pictures cannot be written as {target.suffix or 'a file without an ending'}", fix="use .png, .jpg or .webp")
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ValueError(f"a picture is (H, W), (H, W, 3) or (H, W, 4) uint8, not {array.shape} {array.dtype}")
    if kind[0] == "JPEG" and array.ndim == 3 and array.shape[2] == 4:
        alpha = array[..., 3:].astype(np.uint16)
        array = ((array[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    with whole_file(target) as temporary:
        Image.fromarray(np.ascontiguousarray(array)).save(temporary, kind[0], **kind[1])
    return target
