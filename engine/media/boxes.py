"""The boxes that an MP4 file is made of (ISO/IEC 14496-12), walked by hand: no decoder, safe on hostile files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

# A real file has a handful of top-level boxes, a fragmented one two for each second.
_MOST = 20_000
USER_TYPE_BYTES = 16


@dataclass(frozen=True)
class Box:
    """kind: four characters. start: where its header begins; body: where its content begins; end: past its last byte."""

    kind: bytes
    start: int
    body: int
    end: int


def top_level(file: BinaryIO) -> Iterator[Box]:
    """The top-level boxes of an open file, in order, until the end or the first one that makes no sense."""
    size = os.fstat(file.fileno()).st_size
    at = 0
    for _ in range(_MOST):
        file.seek(at)
        header = file.read(16)
        if len(header) < 8:
            return
        length, kind, body = int.from_bytes(header[:4], "big"), header[4:8], at + 8
        if length == 1:
            if len(header) < 16:
                return
            length, body = int.from_bytes(header[8:16], "big"), at + 16
        end = size if length == 0 else at + length
        if end < body or end > size:
            return
        yield Box(kind, at, body, end)
        if end == size:
            return
        at = end


def uuid_box(user_type: bytes, content: bytes) -> bytes:
    """A `uuid` box: 16 bytes of user type, then content. Players skip types that they do not know (14496-12, 4.2)."""
    if len(user_type) != USER_TYPE_BYTES:
        raise ValueError(f"a user type has {USER_TYPE_BYTES} bytes, not {len(user_type)}")
    return (8 + USER_TYPE_BYTES + len(content)).to_bytes(4, "big") + b"uuid" + user_type + content


def find_uuid(file: BinaryIO, user_type: bytes, most: int) -> bytes | None:
    """The content of the last `uuid` box of that type, None when there is none or when it is over `most` bytes."""
    found: Box | None = None
    for box in top_level(file):
        if box.kind != b"uuid" or box.end - box.body < USER_TYPE_BYTES:
            continue
        file.seek(box.body)
        if file.read(USER_TYPE_BYTES) == user_type:
            found = box
    if found is None or found.end - found.body - USER_TYPE_BYTES > most:
        return None
    file.seek(found.body + USER_TYPE_BYTES)
    return file.read(found.end - found.body - USER_TYPE_BYTES)
