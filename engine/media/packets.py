"""The encoded pictures of a clip as they are, read in the cage: for joining clips without decoding and encoding them again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from engine.errors import UnreadableMedia
from engine.media.cage import Decoder, Inlet
from engine.settings import Settings

_HEAD = 17


@dataclass(frozen=True)
class Packet:
    """One encoded picture. pts, dts: when it is shown and when it must be decoded, in the clip's time base. key: decoding can begin here. data: its bytes."""

    pts: int
    dts: int
    key: bool
    data: bytes


class PacketReader:
    """An iterable of `Packet` in decoding order, made by `open_packets`. Iterate once; leaving the `with` block ends the decoder.

    parameters: what a decoder must be told to show the pictures; clips whose parameters are equal can stand in one stream. time_base: seconds of a tick.
    times: the pts of all pictures, in order. opens: the first picture in both orders is a key frame.
    """

    def __init__(self, decoder: Decoder, name: str, size: int) -> None:
        self._decoder, self._name, self._most = decoder, name, size + _HEAD
        answer = decoder.read_json()
        self.parameters: dict[str, Any] = answer["parameters"]
        self.time_base = Fraction(self.parameters["time_base"])
        self.times = [int(pts) for pts in answer["times"]]
        self.opens = bool(answer["opens"])

    def is_even(self, fps: Fraction) -> bool:
        """Whether the pictures begin at 0 and follow each other at exactly `fps`."""
        step = 1 / (fps * self.time_base)
        return step.denominator == 1 and self.times == [k * int(step) for k in range(len(self.times))]

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
        """End the decoder. Twice does no harm."""
        self._decoder.close()

    def __enter__(self) -> PacketReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_packets(path: str | os.PathLike[str], settings: Settings) -> PacketReader:
    """A reader of the clip's encoded pictures. Raises `UnreadableMedia` or `LimitExceeded`."""
    with Inlet(path, settings) as inlet:
        decoder = Decoder(inlet, settings, "packets")
        try:
            return PacketReader(decoder, inlet.name, inlet.size)
        except BaseException:
            decoder.close()
            raise
