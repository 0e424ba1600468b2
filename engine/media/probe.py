"""What a media file is: its facts, read by a caged decoder. See `engine.media.cage` for how it is caged."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from engine.media.cage import Decoder, Inlet
from engine.settings import Settings


@dataclass(frozen=True)
class Facts:
    """A file's measured facts; what does not apply is 0, empty or False.

    width, height: pixels of the upright picture with square pixels. duration: seconds from the first picture (or first
    sample of a sound) to the end of the last one. fps: mean frames a second. frame_count: frames in the file, 1 for a still.
    variable_rate: the frames are not evenly spaced. shortest_gap: seconds between the closest frames (5th percentile).
    rotation: degrees clockwise that reading turns the stored picture, after `flipped` (mirrored left-right). bit_depth: bits of
    a channel. hdr: "", "pq" or "hlg". sample_rate: Hz. audio_duration: seconds. tags: the container's own texts, lower-case keys.
    note: one sentence about what is odd, such as a file that was cut off.
    """

    kind: Literal["image", "video", "audio", "project"]
    format: str
    codec: str = ""
    width: int = 0
    height: int = 0
    duration: float = 0.0
    fps: float = 0.0
    frame_count: int = 0
    variable_rate: bool = False
    shortest_gap: float = 0.0
    rotation: int = 0
    flipped: bool = False
    alpha: bool = False
    bit_depth: int = 8
    hdr: str = ""
    has_audio: bool = False
    audio_codec: str = ""
    sample_rate: int = 0
    channels: int = 0
    audio_duration: float = 0.0
    size_bytes: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    note: str = ""

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Facts:
        """Facts from the decoder's answer; unknown keys are dropped."""
        known = {f.name for f in fields(Facts)}
        return Facts(**{k: v for k, v in values.items() if k in known})


def probe(path: str | os.PathLike[str], settings: Settings) -> Facts:
    """The facts of a file. Raises `UnreadableMedia` (not a known or readable format) or `LimitExceeded`."""
    with Inlet(path, settings, projects=True) as inlet:
        if inlet.format.family == "project":
            return Facts("project", inlet.format.name, size_bytes=inlet.size)
        with Decoder(inlet, settings, "probe") as decoder:
            return Facts.from_dict(decoder.read_json()["facts"])
