"""An untrusted clip or sound opened inside the cage: forced format, known codecs only, and its measured facts.

Runs in the decoder's child process only. `engine.media.decode_av` turns what is opened here into frames and samples.
"""

from __future__ import annotations

import time
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.errors import LimitExceeded, UnreadableMedia
from engine.media.colour import read_tags, side_data
from engine.media.decoder import Source
from engine.media.turns import Turn, as_rotation, matrix_turn

# Decoders that cameras, phones, editors and browsers produce files for. The rest of FFmpeg's are old games and curiosities.
_CODEC_NAMES = """
    h264 hevc av1 libdav1d vp8 vp9 libvpx libvpx-vp9 mpeg4 mpeg2video mpeg1video mjpeg prores dnxhd ffv1 h263 theora qtrle huffyuv ffvhuff
    utvideo rawvideo png cfhd dvvideo msmpeg4 msmpeg4v1 msmpeg4v2 msmpeg4v3 wmv1 wmv2 wmv3 vc1 flv cinepak wmav1 wmav2
    aac mp1 mp1float mp2 mp2float mp3 mp3float flac alac opus libopus vorbis ac3 eac3 adpcm_ms adpcm_ima_wav adpcm_ima_qt
    pcm_u8 pcm_s8 pcm_s16le pcm_s16be pcm_s24le pcm_s24be pcm_s32le pcm_s32be pcm_f32le pcm_f32be pcm_f64le pcm_f64be pcm_alaw pcm_mulaw
"""
_CODECS = frozenset(_CODEC_NAMES.split())
_MAX_STREAMS = 32
_MAX_CHANNELS = 16
_MAX_SAMPLE_RATE = 384_000
# Reading every packet's time gives true facts; a huge file on a slow disk gets its header's facts after this share of the time limit.
_SCAN_SHARE = 0.4
_TAG_BYTES = 8 << 20


class Clip:
    """An open container with its first real video stream and its first sound, either of which may be None."""

    container: InputContainer
    picture: VideoStream | None
    sound: AudioStream | None

    def __init__(self, order: dict[str, Any], source: Source) -> None:
        self.order, self.name, self.limits = order, order["name"], order["limits"]
        self._source = source
        self._open()

    def _open(self) -> None:
        order = self.order
        self._source.seek(0)
        names = ",".join(sorted(_CODECS))
        try:
            self.container = av.open(
                self._source,
                "r",
                format=order["demuxer"],
                options={"protocol_whitelist": "none", "codec_whitelist": names, "max_streams": str(_MAX_STREAMS)},
                metadata_errors="replace",
                buffer_size=1 << 18,
            )
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError) as error:
            why = f"it begins like {order['format']} but its index is missing or damaged"
            fix = "the copy may be incomplete: copy or record it again"
            raise UnreadableMedia(f"{self.name} cannot be read", why=why, fix=fix) from error
        streams = self.container.streams
        self.picture = next((s for s in streams.video if not s.disposition & Disposition.attached_pic), None)
        self.sound = next(iter(streams.audio), None)
        if self.picture is None and self.sound is None:
            raise UnreadableMedia(f"{self.name} holds neither pictures nor sound", fix="choose another file")
        for stream in (self.picture, self.sound):
            if stream is not None:
                self._check_codec(stream)
        for other in streams:
            if other not in (self.picture, self.sound):
                other.discard = Discard.all
        self._check_size()
        if self.picture is not None:
            # Two: each further frame thread holds one more frame in memory, and a page has other work for its cores.
            self.picture.codec_context.thread_type = "AUTO"  # type: ignore[assignment]
            self.picture.codec_context.thread_count = 2

    def _check_codec(self, stream: VideoStream | AudioStream) -> None:
        context = stream.codec_context
        name = context.codec.name if context is not None else "unknown"
        if name not in _CODECS:
            fix = "convert it to H.264 or VP9, with AAC or Opus sound"
            raise UnreadableMedia(f"{self.name} uses the codec {name}", why="it is not read here", fix=fix)

    def _check_size(self) -> None:
        if self.picture is not None:
            check_frame(self.order, self.picture.codec_context.width, self.picture.codec_context.height)
        if self.sound is not None:
            context = self.sound.codec_context
            if not 0 < context.channels <= _MAX_CHANNELS or not 0 < context.sample_rate <= _MAX_SAMPLE_RATE:
                if self.picture is None:
                    what = f"{self.name} has sound of {context.channels} channels at {context.sample_rate} Hz"
                    raise UnreadableMedia(what, fix="convert it to stereo at 48000 Hz")
                self.sound = None

    def picture_decoder(self) -> CodecContext | None:
        """A decoder that keeps the alpha plane of VP8 and VP9, which FFmpeg's own decoders drop; None when the usual one will do."""
        stream = self.picture
        if stream is None or stream.metadata.get("alpha_mode") != "1":
            return None
        other = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.codec.name)
        return CodecContext.create(other, "r") if other else None

    def facts(self) -> dict[str, Any]:
        """The fields of `engine.media.probe.Facts`, and `zero`: the container time (s) that is 0 for everything read from the file."""
        times = self._scan()
        facts: dict[str, Any] = {
            "kind": "video" if self.picture is not None else "audio",
            "format": self.order["format"],
            "size_bytes": self.order["bytes"],
            "tags": self._tags(),
            "note": "",
        }
        if self.picture is not None:
            self._add_picture(facts, times["picture"])
        if self.sound is not None:
            self._add_sound(facts, times["sound"])
        header = float(self.container.duration or 0) / av.time_base
        longest = max(facts.get("duration", 0.0), facts.get("audio_duration", 0.0))
        if longest > self.limits["seconds"]:
            raise LimitExceeded(
                f"{self.name} is {longest:.0f} s long; at most {self.limits['seconds']:g} s are read here",
                fix="cut it or raise KINORA_MAX_VIDEO_SECONDS",
            )
        if times["whole"] and header - longest > max(0.5, 0.02 * header):
            facts["note"] = f"{self.name} says it lasts {header:.1f} s, but only {longest:.1f} s are in it"
        return facts

    def _scan(self) -> dict[str, Any]:
        """Every packet's time and length, in seconds, per stream; `whole` when the scan reached the file's end."""
        found: dict[str, Any] = {"picture": [], "sound": [], "whole": True}
        deadline = time.monotonic() + _SCAN_SHARE * self.limits["silence"]
        wanted = {s.index: key for key, s in (("picture", self.picture), ("sound", self.sound)) if s is not None}
        try:
            for packet in self.container.demux([s for s in (self.picture, self.sound) if s is not None]):
                stamp = packet.pts if packet.pts is not None else packet.dts
                if stamp is None or packet.time_base is None or packet.is_discard or packet.size == 0:
                    continue
                unit = packet.time_base
                found[wanted[packet.stream_index]].append((float(stamp * unit), float((packet.duration or 0) * unit)))
                if time.monotonic() > deadline:
                    found["whole"] = False
                    break
        except (av.FFmpegError, ValueError):
            found["whole"] = True
        return found

    def _add_picture(self, facts: dict[str, Any], times: list[tuple[float, float]]) -> None:
        # The first frame opens the container anew: a stream taken before it would be gone.
        first = self.first_frame()
        stream = self.picture
        assert stream is not None
        guessed = float(stream.guessed_rate or stream.average_rate or 0)
        timing = measure_times(times, guessed)
        turn = turn_of(first)
        width, height = square_size(stream, first)
        facts |= timing
        facts["codec"] = stream.codec_context.codec.canonical_name
        facts["width"], facts["height"] = (height, width) if turn[0] else (width, height)
        facts["rotation"], facts["flipped"] = as_rotation(turn)
        facts["alpha"] = any(c.is_alpha for c in first.format.components)
        facts["bit_depth"] = max((c.bits for c in first.format.components), default=8)
        facts["hdr"] = read_tags(first).hdr

    def _add_sound(self, facts: dict[str, Any], times: list[tuple[float, float]]) -> None:
        assert self.sound is not None
        context = self.sound.codec_context
        facts |= {"has_audio": True, "audio_codec": context.codec.canonical_name}
        facts |= {"sample_rate": context.sample_rate, "channels": context.channels}
        if not times:
            facts["audio_duration"] = 0.0
            facts.setdefault("zero", 0.0)
            return
        begin, end = min(t for t, _ in times), max(t + d for t, d in times)
        # Encoders' priming samples are cut by the decoder: they lie before 0 in MP4 and Ogg, before the start time in MP3.
        start = float((self.sound.start_time or 0) * (self.sound.time_base or 0))
        zero = facts.setdefault("zero", max(begin, start, 0.0))
        facts["audio_duration"] = max(0.0, end - zero)
        if self.picture is None:
            facts["duration"] = facts["audio_duration"]

    def _tags(self) -> dict[str, str]:
        tags, room = {}, _TAG_BYTES
        for key, value in self.container.metadata.items():
            room -= len(key) + len(value)
            if room < 0:
                break
            tags[key.lower()] = value
        return tags

    def first_frame(self) -> VideoFrame:
        """The first frame that decodes, from the file's beginning."""
        assert self.picture is not None
        for frame in self.frames():
            return frame
        raise UnreadableMedia(f"{self.name} has no picture that can be decoded", fix="the file may be damaged: use another one")

    def frames(self, start: float | None = None) -> Any:
        """Decoded video frames from the key frame at or before `start` (container seconds), skipping what is damaged."""
        self.rewind(to=start)
        stream = self.picture
        assert stream is not None
        other = self.picture_decoder()
        self.damaged = 0
        try:
            for packet in self.container.demux(stream):
                try:
                    decoded = other.decode(packet if packet.size else None) if other is not None else packet.decode()  # type: ignore[attr-defined]
                except MemoryError:
                    raise
                except av.error.EOFError:
                    continue
                except av.FFmpegError:
                    self.damaged += 1
                    continue
                for frame in decoded:
                    check_frame(self.order, frame.width, frame.height)
                    self.damaged += frame.is_corrupt
                    yield frame
        except (av.error.InvalidDataError, av.error.EOFError, av.error.OSError):
            self.damaged += 1

    def rewind(self, *, to: float | None = None) -> None:
        """Go to the key frame at or before `to` (container seconds), or to the very beginning."""
        stream = self.picture if self.picture is not None else self.sound
        if to is not None and stream is not None and stream.time_base:
            try:
                self.container.seek(int(to / stream.time_base), stream=stream, backward=True)
                return
            except av.FFmpegError:
                pass
        # Formats without an index cannot seek, not even to their beginning; opening the file again always works.
        self.container.close()
        self._open()


def check_frame(order: dict[str, Any], width: int, height: int) -> None:
    """Refuse frames beyond the limit, with the numbers."""
    most = order["limits"]["frame_pixels"]
    if width * height > most:
        raise LimitExceeded(
            f"{order['name']} has frames of {width}x{height}, {width * height / 1e6:.0f} megapixels",
            why=f"at most {most / 1e6:.0f} are read here",
            fix="make it smaller or raise KINORA_MAX_FRAME_PIXELS",
        )


def measure_times(times: list[tuple[float, float]], guessed: float) -> dict[str, Any]:
    """zero, duration, fps, frame_count, variable_rate and shortest_gap from (time, length) of every frame, in any order."""
    stamps = np.sort(np.array([t for t, _ in times])) if times else np.zeros(1)
    gaps = np.diff(stamps)
    gaps = gaps[gaps > 1e-6]
    fallback = 1.0 / guessed if guessed > 0 else 0.04
    if not len(gaps):
        length = max((d for _, d in times), default=0.0) or fallback
        return _timing(float(stamps[0]), length, 1.0 / length, max(1, len(times)), False, length)
    middle, low = float(np.median(gaps)), float(np.percentile(gaps, 5))
    # Containers that round to milliseconds make gaps of 33 and 34 ms out of 30 frames a second: that is not variable.
    variable = bool(np.any(np.abs(gaps - middle) > 0.25 * middle + 0.0015))
    shortest = float(gaps[gaps <= 1.25 * low].mean())
    last_length = next((d for t, d in reversed(times) if t == stamps[-1]), 0.0)
    if not 0.25 * shortest <= last_length <= 10.0:
        last_length = shortest
    duration = float(stamps[-1] - stamps[0]) + last_length
    fps = len(gaps) / float(gaps.sum())
    if not variable and guessed > 0 and abs(guessed / fps - 1.0) < 1.0 / len(gaps):
        fps = guessed
    return _timing(float(stamps[0]), duration, fps, len(times), variable, shortest)


def _timing(zero: float, duration: float, fps: float, count: int, variable: bool, gap: float) -> dict[str, Any]:
    return {"zero": zero, "duration": duration, "fps": fps, "frame_count": count, "variable_rate": variable, "shortest_gap": gap}


def square_size(stream: VideoStream, frame: VideoFrame) -> tuple[int, int]:
    """(width, height) of the frame with square pixels: DV and DVD store 720 wide pixels for 768 or 1024."""
    ratio = float(stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1)
    # Hostile headers hold ratios of thousands.
    return (max(1, round(frame.width * ratio)), frame.height) if 0.1 <= ratio <= 10 else (frame.width, frame.height)


def turn_of(frame: VideoFrame) -> Turn:
    """What the frame's display matrix asks for."""
    return matrix_turn(side_data(frame, Type.DISPLAYMATRIX))
