"""How a clip was made, inside the clip: a JSON document in the `comment` tag, and document and inputs in a `uuid` box.

The tag survives remuxing by other tools; the box also carries the inputs, so that a dropped file restores a whole request.
Reading treats the file as hostile: the box is parsed by hand within limits, the tag comes from the caged decoder.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from engine.errors import LimitExceeded, StudioError
from engine.media.boxes import find_uuid, top_level, uuid_box
from engine.media.cage import Inlet
from engine.media.disk import whole_file
from engine.media.probe import probe
from engine.settings import Settings

USER_TYPE = b"Kinora Run Box 1"
"""Any 16 bytes that no one else uses."""
BOX_BYTES = 12 << 20
"""A photo or two, strokes and settings fit; a whole input clip does not belong into every result."""
DOCUMENT_BYTES = 4 << 20
"""The longest strokes that a request allows are about 3 MB of JSON."""
_UNPACKED_BYTES = 64 << 20
_MOST_FILES = 64
_DOCUMENT = "run.json"
_INPUTS = "inputs/"


@dataclass(frozen=True)
class Stamp:
    """document: what `stamp` was given. files: input name -> bytes; empty when only the comment survived."""

    document: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)


def stamp(path: str | os.PathLike[str], document: dict[str, Any], files: dict[str, bytes] | None = None) -> Path:
    """Put `document` and `files` (plain names -> bytes) into an MP4 that `ClipWriter` made, replacing what was there; whole or not at all.

    Streams are copied, not encoded again; the index stays in front. Raises `LimitExceeded` when the packed files are over `BOX_BYTES`
    (nothing is changed then) or when the disk is full, `ValueError` for names that are not plain.
    """
    import av

    target = Path(path)
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if len(text.encode()) > DOCUMENT_BYTES:
        raise LimitExceeded(f"the settings of {target.name} are over {DOCUMENT_BYTES >> 20} MiB", fix="use fewer stroke points")
    packed = _pack(text, files or {})
    with whole_file(target) as temporary:
        with (
            av.open(f"file:{target}", "r", format="mp4") as source,
            av.open(f"file:{temporary}", "w", format="mp4", options={"movflags": "+faststart"}) as output,
        ):
            kept = {k: v for k, v in source.metadata.items() if k in ("title", "artist", "date", "copyright", "description")}
            output.metadata.update({**kept, "comment": text})
            output.set_chapters(source.chapters())
            streams = {s.index: output.add_stream_from_template(s) for s in source.streams if s.type in ("video", "audio")}
            for packet in source.demux([source.streams[index] for index in streams]):
                if packet.dts is None:
                    continue
                packet.stream = streams[packet.stream_index]
                output.mux(packet)
        with open(temporary, "r+b") as file:
            if not any(box.kind == b"moov" for box in top_level(file)):
                raise StudioError(f"{target.name} could not be stamped", why="the copy has no index", fix="run again")
            file.seek(0, os.SEEK_END)
            file.write(uuid_box(USER_TYPE, packed))
    return target


def read_stamp(path: str | os.PathLike[str], settings: Settings) -> Stamp | None:
    """What `stamp` put into the file, None when there is nothing (readable) of it. The file may be hostile, and of any format.

    The document is any JSON object: validate it like a request. Raises `UnreadableMedia` or `LimitExceeded` like every reader.
    """
    with Inlet(path, settings) as inlet:
        if inlet.format.demuxer == "mov":
            with os.fdopen(os.dup(inlet.fd), "rb") as file:
                content = find_uuid(file, USER_TYPE, BOX_BYTES)
            found = _unpack(content) if content is not None else None
            if found is not None:
                return found
        if inlet.format.family != "av":
            return None
    document = _parsed(probe(path, settings).tags.get("comment", ""))
    return Stamp(document) if document is not None else None


def _pack(text: str, files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in {_DOCUMENT: text.encode(), **{_INPUTS + name: content for name, content in files.items()}}.items():
            if name != _DOCUMENT and not _is_plain(name):
                raise ValueError(f"{name!r} is not a plain file name")
            # A fixed date: the same inputs give the same bytes.
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    if buffer.tell() > BOX_BYTES or len(files) >= _MOST_FILES or sum(map(len, files.values())) > _UNPACKED_BYTES - DOCUMENT_BYTES:
        what = f"the inputs are {buffer.tell() / 2**20:.0f} MiB packed, over {BOX_BYTES >> 20} MiB"
        raise LimitExceeded(what, fix="store them beside the clip")
    return buffer.getvalue()


def _is_plain(name: str) -> bool:
    """`inputs/` and one file name: no folder, no way up, no control character, at most 255 bytes."""
    tail = name.removeprefix(_INPUTS)
    return (
        name.startswith(_INPUTS)
        and tail not in ("", ".", "..")
        and "/" not in tail
        and "\\" not in tail
        and tail.isprintable()
        and len(tail.encode("utf-8", "replace")) <= 255
        and PurePosixPath(tail).name == tail
    )


def _unpack(content: bytes) -> Stamp | None:
    """The stamp in a box's zip; None when anything about it is wrong: then nothing of it is believed."""
    document: dict[str, Any] | None = None
    files: dict[str, bytes] = {}
    room = _UNPACKED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_FILES or len({e.filename for e in entries}) != len(entries):
                return None
            for entry in entries:
                if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    return None
                if entry.filename != _DOCUMENT and not _is_plain(entry.filename):
                    return None
                most = min(room, DOCUMENT_BYTES) if entry.filename == _DOCUMENT else room
                with archive.open(entry) as member:
                    # One byte more than allowed tells a bomb, whatever sizes its headers claim.
                    body = member.read(most + 1)
                if len(body) > most:
                    return None
                room -= len(body)
                if entry.filename == _DOCUMENT:
                    document = _parsed(body)
                else:
                    files[entry.filename.removeprefix(_INPUTS)] = body
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, OverflowError):
        return None
    return Stamp(document, files) if document is not None else None


def _parsed(text: str | bytes) -> dict[str, Any] | None:
    """A JSON object without NaN or endless nesting, else None."""
    if not text or len(text) > DOCUMENT_BYTES:
        return None
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
