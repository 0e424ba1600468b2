"""The encoded pictures of a clip as they are, for joining clips without decoding and encoding them again: of a file of unknown origin read in the cage, of one of ours read here."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.container import InputContainer

from engine.errors import UnreadableMedia
from engine.media.cage import Decoder, Inlet
from engine.media.encoded import parameters_of
from engine.settings import Settings

_HEAD = 17


@dataclass(frozen=True)
class Packet:
    """One encoded picture. pts, dts: when it is shown and when it must be decoded, in the clip's time base. key: decoding can begin here. data: its bytes."""

    pts: int
    dts: int
    key: bool
    data: bytes


class Packets(ABC):
    """An iterable of `Packet` in decoding order. Iterate once; leaving the `with` block ends the reading.

    parameters: what a decoder must be told to show the pictures; clips whose parameters are equal can stand in one stream. time_base: seconds of a tick.
    times: the pts of all pictures, in order. opens: the first picture in both orders is a key frame.
    cuts: numbers of the pictures, besides the first, before which the packets can be cut: no picture on one side needs one on the other. Known for clips of ours only.
    """

    def __init__(self, parameters: dict[str, Any], times: list[int], opens: bool, cuts: frozenset[int] = frozenset()) -> None:
        self.parameters, self.times, self.opens, self.cuts = parameters, times, opens, cuts
        self.time_base = Fraction(parameters["time_base"])

    def is_even(self, fps: Fraction) -> bool:
        """Whether the pictures begin at 0 and follow each other at exactly `fps`."""
        step = 1 / (fps * self.time_base)
        return step.denominator == 1 and self.times == [k * int(step) for k in range(len(self.times))]

    @abstractmethod
    def __iter__(self) -> Iterator[Packet]: ...

    @abstractmethod
    def close(self) -> None:
        """End the reading. Twice does no harm."""

    def __enter__(self) -> Packets:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class PacketReader(Packets):
    """Packets of a file of unknown origin, from the cage. Made by `open_packets`."""

    def __init__(self, decoder: Decoder, name: str, size: int) -> None:
        self._decoder, self._name, self._most = decoder, name, size + _HEAD
        answer = decoder.read_json()
        super().__init__(answer["parameters"], [int(pts) for pts in answer["times"]], bool(answer["opens"]))

    def __iter__(self) -> Iterator[Packet]:
        while True:
            kind, length = self._decoder.read_header()
            if kind == "J":
                self._decoder.read_json_body(length)
                return
            if kind != "D" or not _HEAD < length <= self._most:
                raise UnreadableMedia(f"{self._name} could not be read", why="the decoder gave data of the wrong size", fix="use another file")
            body = np.empty(length, np.uint8)
            self._decoder.read_into(body.data.cast("B"))
            raw = body.tobytes()
            yield Packet(int.from_bytes(raw[:8], "little", signed=True), int.from_bytes(raw[8:16], "little", signed=True), bool(raw[16]), raw[_HEAD:])

    def close(self) -> None:
        self._decoder.close()


class OwnPackets(Packets):
    """Packets of a clip that `ClipWriter` made, read in this process. Raises `UnreadableMedia`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._container = self._opened()
        stream = self._container.streams.video[0]
        # In decoding order.
        found = [(int(packet.pts), bool(packet.is_keyframe)) for packet in self._container.demux(stream) if packet.pts is not None and packet.size]
        times = sorted(pts for pts, _ in found)
        super().__init__(parameters_of(stream), times, bool(found) and found[0] == (times[0], True), _cuts(found, times))

    def __iter__(self) -> Iterator[Packet]:
        self._container.close()
        self._container = self._opened()
        for packet in self._container.demux(self._container.streams.video[0]):
            if packet.pts is not None and packet.dts is not None and packet.size:
                yield Packet(int(packet.pts), int(packet.dts), bool(packet.is_keyframe), bytes(packet))

    def close(self) -> None:
        self._container.close()

    def _opened(self) -> InputContainer:
        try:
            # `file:` keeps FFmpeg from reading a protocol into the name.
            container = av.open(f"file:{self._path}", "r", format="mp4")
            if container.streams.video:
                return container
            container.close()
            why = "it has no pictures"
        except (av.FFmpegError, OSError, ValueError):
            why = "it is missing or damaged"
        raise UnreadableMedia(f"{os.path.basename(self._path)} cannot be read", why=why, fix="make it again")


def _cuts(found: list[tuple[int, bool]], times: list[int]) -> frozenset[int]:
    """Where all that is decoded before a key frame is also shown before it, and all after it after. found: (pts, key) in decoding order."""
    cuts, latest = set(), -1
    for number, (pts, key) in enumerate(found):
        if key and number and latest < pts == times[number]:
            cuts.add(number)
        latest = max(latest, pts)
    return frozenset(cuts)


def open_packets(path: str | os.PathLike[str], settings: Settings, *, ours: bool = False) -> Packets:
    """A reader of the clip's encoded pictures. ours: `ClipWriter` made it on this machine, so that it needs no cage. Raises `UnreadableMedia` or `LimitExceeded`."""
    if ours:
        return OwnPackets(path)
    with Inlet(path, settings) as inlet:
        decoder = Decoder(inlet, settings, "packets")
        try:
            return PacketReader(decoder, inlet.name, inlet.size)
        except BaseException:
            decoder.close()
            raise
