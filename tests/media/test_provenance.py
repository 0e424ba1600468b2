"""How a clip was made comes back from the clip, survives other tools, and a hostile file gets nothing done."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import LimitExceeded
from engine.media import provenance
from engine.media.boxes import find_uuid, top_level, uuid_box
from engine.media.provenance import Stamp, read_stamp, stamp
from engine.media.writer import ClipWriter
from engine.settings import Settings
from tests.media import corpus

SETTINGS = Settings()
DOCUMENT = {"task": "stroke-motion", "strokes": [[0.1, 0.2, 0.0]], "note": 'Bär 😀 "x" \n \\ %s{} <script>'}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    with ClipWriter(tmp_path / "a.mp4", fps=24, audio=(corpus.sine(1, 48000), 48000), metadata={"title": "kept"}) as out:
        for frame in corpus.grey_levels(24):
            out.write(frame)
    return out.path


def decoded(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with av.open(str(path)) as container:
        pictures = np.stack([f.to_ndarray() for f in container.decode(video=0)])
    with av.open(str(path)) as container:
        return pictures, np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], 1)


def test_document_and_inputs_come_back_and_the_clip_is_the_same(clip: Path) -> None:
    before = decoded(clip)
    assert read_stamp(clip, SETTINGS) is None
    files = {"photo 😀.png": bytes(range(256)) * 100, "b.json": b"{}"}
    stamp(clip, DOCUMENT, files)
    assert read_stamp(clip, SETTINGS) == Stamp(DOCUMENT, files)
    after = decoded(clip)
    assert np.array_equal(before[0], after[0]) and np.array_equal(before[1], after[1])
    with open(clip, "rb") as file:
        kinds = [box.kind for box in top_level(file)]
    assert kinds[:2] == [b"ftyp", b"moov"] and kinds[-1] == b"uuid" and [p.name for p in clip.parent.iterdir()] == ["a.mp4"]
    stamp(clip, {"second": 2}, {})
    assert read_stamp(clip, SETTINGS) == Stamp({"second": 2}, {})
    with av.open(str(clip)) as container:
        assert container.metadata["title"] == "kept" and json.loads(container.metadata["comment"]) == {"second": 2}


@pytest.mark.parametrize("name", ["b.mp4", "b.mkv", "b.mov"])
def test_the_document_survives_other_tools(clip: Path, name: str) -> None:
    stamp(clip, DOCUMENT, {"a.png": b"x"})
    other = clip.with_name(name)
    with av.open(str(clip)) as source, av.open(str(other), "w") as output:
        output.metadata.update(source.metadata)
        streams = {s.index: output.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                output.mux(packet)
    # The uuid box is gone after a remux; without the comment nothing would be left.
    assert read_stamp(other, SETTINGS) == Stamp(DOCUMENT, {})


def test_too_much_is_refused_and_changes_nothing(clip: Path) -> None:
    before = clip.read_bytes()
    noise = np.random.default_rng(0).bytes(13 << 20)
    with pytest.raises(LimitExceeded, match="13 MiB packed, over 12 MiB"):
        stamp(clip, DOCUMENT, {"a.bin": noise})
    with pytest.raises(LimitExceeded, match="over 4 MiB"):
        stamp(clip, {"x": "y" * (5 << 20)})
    for name in ("../a", "a/b", "", "..", "a\\b", "a\nb", "x" * 300):
        with pytest.raises(ValueError, match="plain file name"):
            stamp(clip, DOCUMENT, {name: b""})
    with pytest.raises(ValueError, match="JSON"):
        stamp(clip, {"x": float("nan")})
    assert clip.read_bytes() == before and [p.name for p in clip.parent.iterdir()] == ["a.mp4"]


def zipped(entries: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


GOOD = ("run.json", b'{"a": 1}')


@pytest.mark.parametrize(
    "content",
    [
        zipped([GOOD, ("inputs/../../evil", b"x")]),
        zipped([GOOD, ("/etc/passwd", b"x")]),
        zipped([GOOD, ("inputs/a/b", b"x")]),
        zipped([GOOD, ("inputs/bomb", b"\0" * (80 << 20))]),
        zipped([("run.json", b'{"a": "' + b"x" * (5 << 20) + b'"}')]),
        zipped([GOOD] + [(f"inputs/{i}", b"") for i in range(200)]),
        zipped([("run.json", b"[1]")]),
        zipped([("run.json", b"[" * 100_000)]),
        zipped([("run.json", b'{"a": NaN}')]),
        zipped([("inputs/a", b"x")]),
        zipped([GOOD])[:-10],
        b"PK\x05\x06" + b"\xff" * 18,
        b"not a zip",
        b"",
    ],
    ids=lambda c: f"{len(c)}",
)
def test_a_hostile_box_gives_nothing(clip: Path, content: bytes) -> None:
    with open(clip, "ab") as file:
        file.write(uuid_box(provenance.USER_TYPE, content))
    assert read_stamp(clip, SETTINGS) is None
    # The same box with an honest zip is read: it is the content that is refused.
    with open(clip, "ab") as file:
        file.write(uuid_box(provenance.USER_TYPE, zipped([GOOD, ("inputs/a", b"x")])))
    assert read_stamp(clip, SETTINGS) == Stamp({"a": 1}, {"a": b"x"})


def test_hostile_boxes_end_the_walk(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    ftyp = b"\0\0\0\x10ftypisom\0\0\0\0"
    for tail in (
        b"\xff\xff\xff\xffuuid",
        b"\0\0\0\1uuid" + b"\xff" * 8,
        b"\0\0\0\4uuid",
        b"\0\0\0\1uuid" + (8).to_bytes(8, "big"),
        b"\0\0",
    ):
        path.write_bytes(ftyp + tail)
        with open(path, "rb") as file:
            assert [box.kind for box in top_level(file)] == [b"ftyp"]
            assert find_uuid(file, provenance.USER_TYPE, 100) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=300), at=st.integers(0, 200))
def test_any_bytes_unpack_to_nothing_or_a_stamp(noise: bytes, at: int) -> None:
    honest = zipped([GOOD, ("inputs/a", b"x" * 50)])
    mixed = honest[:at] + noise + honest[at + len(noise) :]
    found = provenance._unpack(mixed)
    assert found is None or isinstance(found.document, dict)
