"""Decoding of clips and sounds inside the cage, by PyAV: frames at a constant rate, samples as float32.

Runs in the decoder's child process only; the parent's side is `engine.media.video` and `engine.media.audio`.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from engine.errors import UnreadableMedia
from engine.media.av_source import Clip, square_size, turn_of
from engine.media.colour import ToSrgb
from engine.media.decode_image import without_alpha
from engine.media.decoder import Answers, Source
from engine.media.encoded import parameters_of
from engine.media.timing import Pacer, plan_rate
from engine.media.turns import turned

# Times within 20 ms of where the samples stand anyway are rounding; a wider hole is real and becomes silence.
_HOLE_SECONDS = 0.02
# Samples of a block at least: 0.7 s of a song, far less than a decoder may be silent.
_BLOCK = 1 << 15


def probe(order: dict[str, Any], source: Source, answers: Answers) -> None:
    """Answer with the file's facts."""
    answers.json({"facts": Clip(order, source).facts()})


def video(order: dict[str, Any], source: Source, answers: Answers) -> None:
    """Answer with the clip's plan, then its frames. Options: fps, start, end, max_side, alpha (keep or drop)."""
    clip = Clip(order, source)
    if clip.picture is None:
        raise UnreadableMedia(f"{order['name']} has sound but no pictures", fix="choose a clip")
    facts, options = clip.facts(), order["options"]
    rate = plan_rate(facts, options)
    zero, tail = facts["zero"], 1.0 / facts["fps"]
    pacer: Pacer[VideoFrame] | None = None
    time = 0.0
    for frame in clip.frames(zero + rate.start if rate.start > 0 else None):
        time = float(frame.pts * frame.time_base) - zero if frame.pts is not None and frame.time_base else time + tail
        if pacer is None:
            sender = _Sender(clip.picture, frame, options, answers)
            answers.json({"facts": facts, "shape": list(sender.shape), "fps": rate.text, "count": rate.count})
            pacer = Pacer(rate, emit=sender.send, repeat=answers.repeat)
        pacer.put(time, frame)
        if pacer.full:
            break
    if pacer is None:
        raise UnreadableMedia(f"{order['name']} has no picture that can be decoded", fix="the file may be damaged: use another one")
    # The last frame stands to the clip's end, unless the end was not reached: what is missing is not invented.
    reached = time + 2.5 * tail >= facts["duration"]
    pacer.finish(max(time + tail, facts["duration"]) if reached else time + tail)
    note = facts["note"]
    if clip.damaged and not note:
        note = f"{order['name']} is damaged: {clip.damaged} of its pictures could not be read whole"
    answers.json({"end": True, "note": note})


def packets(order: dict[str, Any], source: Source, answers: Answers) -> None:
    """Answer with the codec's parameters, then each encoded packet of the pictures as it is: pts, dts (8 bytes each, little endian), key (1 byte), payload."""
    clip = Clip(order, source)
    if clip.picture is None:
        raise UnreadableMedia(f"{order['name']} has sound but no pictures", fix="choose a clip")
    times = []
    for packet in clip.container.demux(clip.picture):
        if packet.pts is not None and packet.dts is not None and packet.size:
            times.append((packet.pts, packet.is_keyframe))
    clip.rewind()
    stream = clip.picture
    first = min(times, default=(0, False))
    opens = bool(times) and first[1] and times[0][0] == first[0]
    answers.json({"parameters": parameters_of(stream), "times": sorted(pts for pts, _ in times), "opens": opens})
    for packet in clip.container.demux(stream):
        if packet.pts is None or packet.dts is None or not packet.size:
            continue
        head = packet.pts.to_bytes(8, "little", signed=True) + packet.dts.to_bytes(8, "little", signed=True) + bytes([packet.is_keyframe])
        answers.data(np.frombuffer(head + bytes(packet), np.uint8))
    answers.json({"end": True})


class _Sender:
    """Sends frames as upright arrays of one shape; what is never shown is never converted."""

    def __init__(self, stream: VideoStream, first: VideoFrame, options: dict[str, Any], answers: Answers) -> None:
        self._answers = answers
        self._turn = turn_of(first)
        width, height = square_size(stream, first)
        max_side = options.get("max_side")
        if max_side and max(width, height) > max_side:
            scale = max_side / max(width, height)
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
        self._keep = options.get("alpha") == "keep"
        has_alpha = any(component.is_alpha for component in first.format.components)
        self._convert = ToSrgb(first, width, height, alpha=has_alpha)
        channels = 4 if self._keep else 3
        self.shape = (width, height, channels) if self._turn[0] else (height, width, channels)

    def send(self, frame: VideoFrame) -> None:
        """Convert and send one frame."""
        picture = without_alpha(turned(self._convert(frame), self._turn), keep=self._keep)
        self._answers.data(np.ascontiguousarray(picture))


def audio(order: dict[str, Any], source: Source, answers: Answers) -> None:
    """Answer with rate and channels, then blocks of (N, C) float32. Options: rate, mono, start, end (s)."""
    clip = Clip(order, source)
    if clip.sound is None:
        raise UnreadableMedia(f"{order['name']} has no sound", fix="choose a sound, or a clip with sound")
    facts, options = clip.facts(), order["options"]
    native = facts["sample_rate"]
    rate = int(options.get("rate") or native)
    channels = 1 if options.get("mono") else facts["channels"]
    answers.json({"facts": facts, "rate": rate, "channels": channels})
    start = max(0.0, float(options.get("start") or 0.0))
    end = min(float(options["end"]), order["limits"]["seconds"]) if options.get("end") is not None else order["limits"]["seconds"]
    if order["demuxer"] == "mov":
        # MP4 says exactly where its sound ends; the last AAC frame decodes to padding beyond that.
        end = min(end, facts["audio_duration"])
    blocks = _gathered(_placed(clip, facts["zero"], native, facts["channels"], round(start * native), round(end * native)))
    if channels == 1:
        blocks = (block.mean(axis=1, keepdims=True, dtype=np.float32) for block in blocks)
    for block in blocks if rate == native else _resampled(blocks, native, rate, channels):
        answers.data(np.ascontiguousarray(block, dtype=np.float32))
    answers.json({"end": True, "note": facts["note"]})


def _placed(clip: Clip, zero: float, rate: int, channels: int, first: int, last: int) -> Iterator[np.ndarray]:
    """Blocks (N, C) of the samples `first`..`last` of the timeline that begins at `zero`: holes silent, overlaps cut."""
    at = 0
    for stamp, block in _decoded(clip, rate, channels):
        want = at if stamp is None else round((stamp - zero) * rate)
        if at == 0 or abs(want - at) > _HOLE_SECONDS * rate:
            if want > at:
                yield from _silence(max(at, first), min(want, last), channels)
                at = want
            else:
                block = block[at - want :]
        begin, end = max(first - at, 0), min(last - at, len(block))
        if end > begin:
            yield block[begin:end]
        at += len(block)
        if at >= last:
            return


def _gathered(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same samples in larger blocks, all finite: a frame of MP3 is 26 ms, and each block costs a message and a call of the resampler."""
    held: list[np.ndarray] = []
    for block in blocks:
        held.append(block)
        if sum(map(len, held)) >= _BLOCK:
            yield np.nan_to_num(np.concatenate(held), nan=0.0, posinf=0.0, neginf=0.0)
            held = []
    if held:
        yield np.nan_to_num(np.concatenate(held), nan=0.0, posinf=0.0, neginf=0.0)


def _silence(begin: int, end: int, channels: int) -> Iterator[np.ndarray]:
    while begin < end:
        size = min(end - begin, 1 << 16)
        yield np.zeros((size, channels), np.float32)
        begin += size


def _decoded(clip: Clip, rate: int, channels: int) -> Iterator[tuple[float | None, np.ndarray]]:
    """(time in s or None, (N, C) float32) of every decoded frame; damaged packets are skipped."""
    clip.rewind()
    assert clip.sound is not None
    planar: AudioResampler | None = None
    made_for: tuple[Any, ...] = ()
    for packet in clip.container.demux(clip.sound):
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except av.FFmpegError:
            continue
        for frame in frames:
            kind = (frame.format.name, frame.layout.name, frame.sample_rate)
            if planar is None or kind != made_for:
                if frame.sample_rate != rate or frame.layout.nb_channels != channels:
                    continue
                planar, made_for = AudioResampler(format="fltp"), kind
            stamp = float(frame.pts * frame.time_base) if frame.pts is not None and frame.time_base else None
            for part in planar.resample(frame):
                yield stamp, part.to_ndarray().T
                stamp = None


def _resampled(blocks: Iterator[np.ndarray], native: int, rate: int, channels: int) -> Iterator[np.ndarray]:
    """The same sound at another rate, by libswresample."""
    layout = f"{channels} channels" if channels > 2 else ("mono", "stereo")[channels - 1]
    resampler = AudioResampler(format="fltp", layout=layout, rate=rate)
    at = 0
    for block in blocks:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = native, at, Fraction(1, native)
        at += len(block)
        for part in resampler.resample(frame):
            yield np.nan_to_num(part.to_ndarray().T, nan=0.0, posinf=0.0, neginf=0.0)
    for part in resampler.resample(None):
        yield np.nan_to_num(part.to_ndarray().T, nan=0.0, posinf=0.0, neginf=0.0)
