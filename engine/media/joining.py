"""Clips that are encoded alike, put one after the other without encoding their pictures again, with sound and chapters: packets are copied, only times change."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer, OutputContainer
from av.packet import Packet as AvPacket

from engine.errors import InvalidInput, StudioError
from engine.media.aac import SoundTrack
from engine.media.disk import badly_written, whole_file
from engine.media.encoded import parameters_of
from engine.media.packets import Packets, open_packets
from engine.media.writer import ClipWriter, Coding
from engine.settings import Settings

DELAY = 2
"""Pictures that `ClipWriter`'s H.264 is decoded ahead of being shown at most: B-frames that others refer to."""
_CHAPTER_TICKS = Fraction(1, 1000)


@dataclass(frozen=True)
class Chapter:
    """A named stretch, in frames."""

    title: str
    start: int
    end: int


@dataclass(frozen=True)
class Section:
    """Pictures `first` to `first + count` of a clip. ours: `ClipWriter` made it on this machine; then it needs no cage, and may be cut where its packets allow it."""

    path: Path
    count: int
    first: int = 0
    ours: bool = False


class Mould:
    """What a clip of `ClipWriter` must be like to be joined: one written here for the purpose, of one grey picture.

    size: (width, height). coding: how `ClipWriter` encodes. The joined file is described by the mould alone, never by a file of unknown origin.
    """

    def __init__(self, size: tuple[int, int], fps: Fraction, settings: Settings, coding: Coding | None = None) -> None:
        self.fps, self.settings, self.coding = fps, settings, coding or Coding()
        with tempfile.TemporaryDirectory(prefix="kinora-mould-") as folder:
            with ClipWriter(Path(folder) / "mould.mp4", fps=fps, coding=self.coding) as writer:
                writer.write(np.full((size[1], size[0], 3), 128, np.uint8))
            self._clip = writer.path.read_bytes()
        with self.opened() as own:
            self.parameters = parameters_of(own.streams.video[0])

    def opened(self) -> InputContainer:
        """The mould's own clip, to be closed by the caller."""
        return av.open(io.BytesIO(self._clip), "r", format="mp4")

    def takes(self, clip: Packets, first: int, count: int) -> bool:
        """Whether pictures `first` to `first + count` of a clip may stand in one stream with this mould's: same codec, parameter sets, colours and even times, opening with a key
        frame, and cut at both ends where it can be.
        """
        last, borders = len(clip.times), {0, len(clip.times)} | clip.cuts
        return clip.parameters == self.parameters and clip.opens and clip.is_even(self.fps) and 0 < count <= last - first and {first, first + count} <= borders

    def fits(self, path: Path, frames: int) -> bool:
        """Whether the mould takes the whole clip of that name, which must have so many pictures. A file that cannot be read does not fit."""
        try:
            with open_packets(path, self.settings) as clip:
                return len(clip.times) == frames and self.takes(clip, 0, frames)
        except StudioError:
            return False

    def sections(self, clip: Packets, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Of each span (first, last) of a clip's pictures the longest section that can be cut out and that the mould takes; spans without one are left out."""
        borders = sorted({0, len(clip.times)} | clip.cuts)
        inside = [[border for border in borders if first <= border <= last] for first, last in spans]
        return [(some[0], some[-1]) for some in inside if some and self.takes(clip, some[0], some[-1] - some[0])]


def join(
    parts: Sequence[Section],
    out: Path,
    mould: Mould,
    *,
    sound: SoundTrack | None = None,
    chapters: Sequence[Chapter] = (),
    metadata: dict[str, str] | None = None,
    checkpoint: Callable[[], None] = lambda: None,
) -> int:
    """Write the parts, in order, as one MP4; whole or not at all. How many pictures that has.

    Pictures are the parts' packets, byte for byte. They are renumbered in decoding order (all parts' rate is constant), so that decoding times rise evenly across the joins,
    `DELAY` pictures ahead of showing. sound: encoded here, cut or padded to the pictures' length. chapters: cut to that length.
    checkpoint: called before each part. Raises `InvalidInput` for a part that does not fit the mould, `LimitExceeded` when the disk is full.
    """
    total = sum(part.count for part in parts)
    if not total:
        raise InvalidInput(f"{out.name} would have no pictures", fix="give at least one clip")
    with whole_file(out) as temporary:
        with (
            mould.opened() as template,
            av.open(f"file:{temporary}", "w", format="mp4", options={"movflags": "+faststart"}) as output,
        ):
            output.metadata.update(metadata or {})
            _set_chapters(output, chapters, total, mould.fps)
            stream = output.add_stream_from_template(template.streams.video[0])
            if sound is not None:
                sound.attach(output)
            done = 0
            for part in parts:
                checkpoint()
                with open_packets(part.path, mould.settings, ours=part.ours) as reader:
                    if not mould.takes(reader, part.first, part.count):
                        raise InvalidInput(f"{part.path.name} is encoded in another way than the film", fix="encode it again")
                    step = int(1 / (mould.fps * reader.time_base))
                    # Where a clip can be cut, as many pictures are decoded before the place as are shown before it.
                    for number, read in enumerate(islice(reader, part.first, part.first + part.count)):
                        packet = AvPacket(read.data)
                        packet.stream, packet.time_base = stream, 1 / mould.fps
                        packet.pts, packet.dts, packet.duration = done + read.pts // step - part.first, done + number - DELAY, 1
                        packet.is_keyframe = read.key
                        output.mux(packet)
                        if sound is not None:
                            output.mux(list(sound.packets(until=Fraction(done + number + 1) / mould.fps)))
                done += part.count
            if sound is not None:
                output.mux(list(sound.packets(until=Fraction(total) / mould.fps, last=True)))
        _verify(temporary, out, total, mould.fps, sound)
    return total


def _set_chapters(output: OutputContainer, chapters: Sequence[Chapter], total: int, fps: Fraction) -> None:
    def ticks(frame: int) -> int:
        return round(Fraction(min(frame, total)) / fps / _CHAPTER_TICKS)

    kept = [chapter for chapter in chapters if chapter.start < total]
    if kept:
        output.set_chapters(
            [
                {"id": n, "start": ticks(chapter.start), "end": ticks(chapter.end), "time_base": _CHAPTER_TICKS, "metadata": {"title": chapter.title}}
                for n, chapter in enumerate(kept)
            ]
        )


def _verify(temporary: Path, out: Path, total: int, fps: Fraction, sound: SoundTrack | None) -> None:
    """Read it back: every picture is there, its last one ends where it should, and so does the sound. A faulty file is never published."""
    ends: dict[int, Fraction] = {}
    count = 0
    with av.open(f"file:{temporary}", "r", format="mp4") as check:
        video = check.streams.video[0]
        heard = check.streams.audio[0] if check.streams.audio else None
        for packet in check.demux([stream for stream in (video, heard) if stream is not None]):
            if packet.pts is None or packet.time_base is None:
                continue
            count += packet.stream_index == video.index
            ends[packet.stream_index] = max(ends.get(packet.stream_index, Fraction(0)), (packet.pts + (packet.duration or 0)) * packet.time_base)
        length = Fraction(total) / fps
        whole = count == total and abs(ends.get(video.index, Fraction(0)) - length) <= 1 / fps
        if sound is not None:
            whole = whole and heard is not None and abs(ends.get(heard.index, Fraction(0)) - length) <= 1 / fps
    if not whole:
        raise badly_written(out, "reading it back gave other lengths")
