"""What an encoded picture stream is: the parameters that two streams must share to stand in one file. Used inside the cage and on files of our own."""

from __future__ import annotations

from typing import Any

from av.video.stream import VideoStream


def parameters_of(stream: VideoStream) -> dict[str, Any]:
    """Codec, parameter sets, size, pixel format, colours, shape of pixels and time base, as JSON."""
    context = stream.codec_context
    return {
        "codec": context.codec.canonical_name,
        "extradata": (context.extradata or b"").hex(),
        "size": [context.width, context.height],
        "format": context.pix_fmt,
        "profile": context.profile,
        "aspect": str(stream.sample_aspect_ratio or 1),
        "colour": [int(context.colorspace), int(context.color_primaries), int(context.color_trc), int(context.color_range)],
        "time_base": str(stream.time_base),
    }
