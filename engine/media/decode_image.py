"""Decoding of pictures inside the cage, by Pillow: to upright 8-bit sRGB from any mode, depth and colour profile.

Runs in the decoder's child process only; the parent's side is `engine.media.images` and `engine.media.video`.
"""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageCms

from engine.errors import LimitExceeded, UnreadableMedia
from engine.media.turns import EXIF_TURNS, UPRIGHT, Turn, as_rotation, turned

if TYPE_CHECKING:
    from engine.media.decoder import Answers, Source

# Our own check, with the numbers in its message, replaces Pillow's.
Image.MAX_IMAGE_PIXELS = None

_PILLOW_FORMATS = {"JPEG": ("JPEG", "MPO"), "TIFF": ("TIFF",)}
_ORIENTATION_TAG = 0x0112
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")


def probe(order: dict[str, Any], source: Source, answers: Answers) -> None:
    """Answer with the picture's facts, from its header alone."""
    answers.json({"facts": _facts(order, _open(order, source))})


def still(order: dict[str, Any], source: Source, answers: Answers) -> None:
    """Answer with the first frame: its shape, then its bytes. Options: max_side, alpha (keep or drop)."""
    picture = _open(order, source)
    max_side = order["options"].get("max_side")
    if max_side and picture.format == "JPEG":
        # The decoder itself can halve a JPEG; twice the wanted size leaves the final filter its detail.
        picture.draft(None, (2 * max_side, 2 * max_side))
    turn = _turn(picture)
    with _damage_named(order):
        picture.load()
    array = turned(_to_srgb(picture, max_side), turn)
    if order["options"].get("alpha") == "drop":
        array = without_alpha(array)
    answers.json({"shape": list(array.shape)})
    answers.data(np.ascontiguousarray(array))


def animation(order: dict[str, Any], source: Source, answers: Answers) -> None:
    """Answer as a clip: the frames of an animated picture at a constant rate (see `engine.media.timing`)."""
    from engine.media.timing import Pacer, plan_rate

    picture = _open(order, source)
    facts = _facts(order, picture, count=True)
    options = order["options"]
    turn = _turn(picture)
    rate = plan_rate(facts, options)
    pacer: Pacer[np.ndarray] | None = None
    time, note = 0.0, ""
    with _damage_named(order):
        picture.seek(0)
        picture.load()
    for index in range(facts["frame_count"]):
        try:
            picture.seek(index)
            picture.load()
        except (OSError, ValueError, SyntaxError, EOFError):
            note = f"{order['name']} is damaged: only its first {index} pictures could be read"
            break
        upright = turned(_to_srgb(picture.copy(), options.get("max_side")), turn)
        array = np.ascontiguousarray(without_alpha(upright, keep=options.get("alpha") == "keep"))
        if pacer is None:
            answers.json({"facts": facts, "shape": list(array.shape), "fps": rate.text, "count": rate.count})
            pacer = Pacer(rate, emit=answers.data, repeat=answers.repeat)
        pacer.put(time, array)
        time += _frame_seconds(picture)
    assert pacer is not None
    pacer.finish(time)
    answers.json({"end": True, "note": note})


def _open(order: dict[str, Any], source: Source) -> Image.Image:
    name, limits = order["name"], order["limits"]
    formats = _PILLOW_FORMATS.get(order["demuxer"], (order["demuxer"],))
    try:
        picture = Image.open(io.BufferedReader(source, 1 << 16), formats=formats)
    except Exception as error:
        what = f"{name} is not a readable {order['format']} picture"
        raise UnreadableMedia(what, why="its header is damaged", fix="use another file") from error
    pixels, most = picture.width * picture.height, limits["image_pixels"]
    if pixels > most:
        raise LimitExceeded(
            f"{name} is {picture.width}x{picture.height}, {pixels / 1e6:.0f} megapixels; at most {most / 1e6:.0f} are read here",
            fix="make it smaller or raise KINORA_MAX_IMAGE_PIXELS",
        )
    return picture


@contextlib.contextmanager
def _damage_named(order: dict[str, Any]) -> Any:
    try:
        yield
    except (OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
        why = " ".join(str(error).split())[:120]
        raise UnreadableMedia(f"{order['name']} is damaged or cut off", why=why, fix="use another copy of it") from error


def _facts(order: dict[str, Any], picture: Image.Image, *, count: bool = False) -> dict[str, Any]:
    turn = _turn(picture)
    rotation, flipped = as_rotation(turn)
    width, height = (picture.height, picture.width) if turn[0] else picture.size
    frames, seconds = 1, 0.0
    if getattr(picture, "is_animated", False):
        frames = int(getattr(picture, "n_frames", 1))
    durations = []
    if count and frames > 1:
        for index in range(frames):
            try:
                picture.seek(index)
                if picture.format in ("WEBP", "AVIF"):
                    # These two tell a frame's duration only once it is decoded.
                    picture.load()
            except (OSError, EOFError, SyntaxError, ValueError):
                frames = max(1, index)
                break
            durations.append(_frame_seconds(picture))
            seconds += durations[-1]
            if seconds > order["limits"]["seconds"]:
                what = f"{order['name']} is longer than {order['limits']['seconds']:g} s"
                raise LimitExceeded(what, fix="shorten it or raise KINORA_MAX_VIDEO_SECONDS")
        picture.seek(0)
    mode, info = picture.mode, picture.info
    return {
        "kind": "image",
        "format": order["format"],
        "codec": order["format"].lower(),
        "width": width,
        "height": height,
        "duration": seconds,
        "frame_count": frames,
        "fps": len(durations) / seconds if seconds else 0.0,
        "shortest_gap": min(durations, default=0.0),
        "variable_rate": bool(durations) and max(durations) - min(durations) > 1e-4,
        "alpha": mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in info,
        "bit_depth": 16 if mode in _DEEP_MODES else 8,
        "rotation": rotation,
        "flipped": flipped,
        "size_bytes": order["bytes"],
    }


def _frame_seconds(picture: Image.Image) -> float:
    """How long the current frame stands. Browsers show frames of 10 ms or less for 100 ms, and files rely on it."""
    milliseconds = picture.info.get("duration", 100)
    seconds = float(milliseconds) / 1000.0 if isinstance(milliseconds, (int, float)) else 0.1
    return seconds if 0.0105 < seconds <= 3600.0 else 0.1


def _turn(picture: Image.Image) -> Turn:
    """What the EXIF orientation asks for; nothing when there is none or when the EXIF block is broken."""
    try:
        value = picture.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - a broken EXIF block raises struct, key, value, type and syntax errors
        return UPRIGHT
    return EXIF_TURNS.get(value, UPRIGHT) if isinstance(value, int) else UPRIGHT


def _to_srgb(picture: Image.Image, max_side: int | None) -> np.ndarray:
    """(H, W, 3 or 4) uint8 sRGB, not yet turned, at most `max_side` on the longer side."""
    profile = picture.info.get("icc_profile")
    if picture.mode in _DEEP_MODES:
        picture = Image.fromarray(_deep_to_8bit(np.asarray(picture)))
    if picture.mode in ("P", "PA"):
        picture = picture.convert("RGBA" if picture.mode == "PA" or "transparency" in picture.info else "RGB")
    elif picture.mode in ("L", "RGB", "1") and "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode in ("RGBa", "La"):
        picture = picture.convert("RGBA" if picture.mode == "RGBa" else "LA")
    if max_side and max(picture.size) > max_side:
        scale = max_side / max(picture.size)
        # Pillow filters colour premultiplied by alpha, so that hidden colours do not bleed in.
        picture = picture.resize(tuple(max(1, round(side * scale)) for side in picture.size), Image.Resampling.LANCZOS, reducing_gap=3.0)  # type: ignore[arg-type]
    alpha = picture.getchannel("A") if picture.mode in ("RGBA", "LA") else None
    if alpha is not None:
        picture = picture.convert("RGB" if picture.mode == "RGBA" else "L")
    picture = _through_profile(picture, profile) if profile else picture
    colour = np.asarray(picture.convert("RGB"))
    return colour if alpha is None else np.dstack([colour, np.asarray(alpha)])


def _deep_to_8bit(values: np.ndarray) -> np.ndarray:
    """(H, W) uint8 from 16-bit, 32-bit or float grey. 65535 becomes 255; float 1.0 becomes 255."""
    grey = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    top = 65535.0 if values.dtype.kind in "iu" else 1.0
    if values.dtype.kind == "f" and grey.size and grey.max() > 1.0:
        # Scientific TIFF: counts instead of fractions.
        top = 255.0 if grey.max() <= 255.0 else float(grey.max())
    return np.clip(np.rint(grey * (255.0 / top)), 0, 255).astype(np.uint8)


def _through_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    """The picture converted by its ICC profile to sRGB; unchanged when the profile is broken or of another colour model."""
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(source) and picture.mode == "RGB":
            return picture
        return (
            ImageCms.profileToProfile(
                picture,
                source,
                ImageCms.createProfile("sRGB"),
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
            or picture
        )
    return picture


def without_alpha(array: np.ndarray, *, keep: bool = False) -> np.ndarray:
    """(H, W, 3): transparent parts laid over white. With `keep`, always (H, W, 4)."""
    if keep:
        return array if array.shape[2] == 4 else np.dstack([array, np.full(array.shape[:2], 255, np.uint8)])
    if array.shape[2] == 3:
        return array
    alpha = array[..., 3:].astype(np.uint16)
    return ((array[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
