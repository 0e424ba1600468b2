"""Project zips: a film that comes back the same, and files that lie about being one."""

from __future__ import annotations

import io
import json
import stat
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import InvalidInput, LimitExceeded, StudioError, UnreadableMedia
from engine.media.probe import probe
from engine.media.sniff import PROJECT_TYPE
from engine.media.video import open_video
from engine.movie.plan import Plan
from engine.movie.project import open_project, save_project
from engine.settings import Settings
from tests.movie.reels import film, numbered, write


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clips") / "a.mp4", numbered(4))


def test_a_project_comes_back_the_same(clip: Path, tmp_path: Path, settings: Settings) -> None:
    plan = film([{"heading": "Ä <b>"}, {"source": {"kind": "file", "file": str(clip)}}, {"source": {"kind": "picture", "image": str(clip)}}, {}])
    path = save_project(tmp_path / "film.zip", plan, {"s0": clip, "s1": clip, "gone": clip})
    assert probe(path, settings).kind == "project"
    opened, clips = open_project(path, settings, tmp_path / "open")
    assert sorted(clips) == ["s0", "s1", "s2"] and all(one.read_bytes() == clip.read_bytes() for one in clips.values())
    assert opened.scenes[1].source.file is not None and opened.scenes[1].source.file.read_bytes() == clip.read_bytes()
    assert opened.scenes[2].source.image == tmp_path / "open" / "inputs" / "s2-image.mp4"
    plain = {"source": {"kind": "text"}}
    assert [scene.model_copy(update=plain) for scene in opened.scenes] == [scene.model_copy(update=plain) for scene in plan.scenes]
    # Saved again from what was opened: the same bytes, so nothing is lost or gathered on the way.
    assert save_project(tmp_path / "again.zip", opened, clips).read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist()[2:] == ["clips/s0.mp4", "inputs/s1-file.mp4", "inputs/s2-image.mp4"]  # a file of the user's is in it once
        assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist() if one.filename.startswith("clips/"))


def test_a_project_is_no_clip(clip: Path, tmp_path: Path, settings: Settings) -> None:
    path = save_project(tmp_path / "film.zip", film([{}]), {})
    with pytest.raises(UnreadableMedia, match="saved project"):
        open_video(path, settings)
    with pytest.raises(UnreadableMedia, match="is no project"):
        open_project(clip, settings, tmp_path / "open")
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(StudioError):
        open_project(other, settings, tmp_path / "open")
    with pytest.raises(StudioError):
        probe(other, settings)


def test_a_clip_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="lost.mp4 is gone"):
        save_project(tmp_path / "film.zip", film([{}]), {"s0": tmp_path / "lost.mp4"})
    assert list(tmp_path.iterdir()) == []


def document(plan: object, files: list[str], version: int = 1) -> str:
    return json.dumps({"kinora-project": version, "plan": plan, "files": files})


def archive(entries: list[tuple[zipfile.ZipInfo | str, bytes | str]], *, deflate: bool = False) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as made:
        warnings.simplefilter("ignore")
        made.writestr("mimetype", PROJECT_TYPE)
        for name, content in entries:
            made.writestr(name, content, zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED)
    return buffer.getvalue()


PLAN = film([{}]).model_dump(mode="json")
GOOD = ("plan.json", document(PLAN, ["clips/s0.mp4"]))
CLIP = ("clips/s0.mp4", b"x" * 100)


def _link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("clips/s0.mp4")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def _with_file(path: str) -> dict[str, object]:
    return film([{"source": {"kind": "file", "file": path}}]).model_dump(mode="json")


def _changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data and len(old) == len(new)
    return data.replace(old, new)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "way up": lambda: archive([GOOD, CLIP, ("clips/../../evil.mp4", b"x")]),
    "absolute": lambda: archive([GOOD, CLIP, ("/etc/evil", b"x")]),
    "other name": lambda: archive([GOOD, CLIP, ("clips/S0 .mp4", b"x")]),
    "nul in name": lambda: _changed(archive([GOOD, CLIP, ("clips/s0.mpx", b"x")]), b"clips/s0.mpx", b"clips/s0.m\x00x"),
    "folder": lambda: archive([GOOD, CLIP, ("clips/", b"")]),
    "link": lambda: archive([GOOD, (_link(), b"/etc/passwd")]),
    "twice": lambda: archive([GOOD, CLIP, CLIP]),
    "two clips": lambda: archive([("plan.json", document(PLAN, ["clips/s0.mp4", "clips/s0.mov"])), CLIP, ("clips/s0.mov", b"x")]),
    "missing clip": lambda: archive([GOOD]),
    "unlisted clip": lambda: archive([("plan.json", document(PLAN, [])), CLIP]),
    "clip of no scene": lambda: archive([("plan.json", document(PLAN, ["clips/s7.mp4"])), ("clips/s7.mp4", b"x")]),
    "no plan": lambda: archive([CLIP]),
    "not JSON": lambda: archive([("plan.json", "{"), CLIP]),
    "nested": lambda: archive([("plan.json", "[" * 100_000), CLIP]),
    "no object": lambda: archive([("plan.json", "[]"), CLIP]),
    "files no list": lambda: archive([("plan.json", json.dumps({"kinora-project": 1, "plan": PLAN, "files": {"a": 1}})), CLIP]),
    "wrong plan": lambda: archive([("plan.json", document({**PLAN, "fps": 1000}, ["clips/s0.mp4"])), CLIP]),
    "plan of text": lambda: archive([("plan.json", document("x", ["clips/s0.mp4"])), CLIP]),
    "a later format": lambda: archive([("plan.json", document(PLAN, ["clips/s0.mp4"], 2)), CLIP]),
    "path outside": lambda: archive([("plan.json", document(_with_file("/etc/passwd"), ["clips/s0.mp4"])), CLIP]),
    "path up": lambda: archive([("plan.json", document(_with_file("inputs/../../x.mp4"), ["clips/s0.mp4"])), CLIP]),
    "deflated clip": lambda: archive([GOOD, CLIP], deflate=True),
    "bomb of a plan": lambda: archive([("plan.json", " " * (64 << 20)), CLIP], deflate=True),
    "plan that lies": lambda: _changed(archive([("plan.json", " " * (8 << 20))], deflate=True), (8 << 20).to_bytes(4, "little"), (1 << 10).to_bytes(4, "little")),
    "many": lambda: archive([GOOD, *((f"clips/a{n}.mp4", b"") for n in range(500))]),
    "very many": lambda: archive([(f"clips/a{n}.mp4", b"") for n in range(6000)]),
    "cut off": lambda: archive([GOOD, CLIP])[:-60],
    "damaged": lambda: archive([GOOD, CLIP]).replace(b"x" * 100, b"y" * 100),
    "head only": lambda: archive([GOOD, CLIP])[:80],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_projects_are_refused_in_one_line(name: str, tmp_path: Path, settings: Settings) -> None:
    path, folder = tmp_path / "film.zip", tmp_path / "open"
    path.write_bytes(HOSTILE[name]())
    with pytest.raises((UnreadableMedia, InvalidInput, LimitExceeded)) as caught:
        open_project(path, settings, folder)
    assert caught.value.fix and "\n" not in caught.value.line
    assert not any(one.is_file() or one.is_symlink() for one in folder.rglob("*")), "nothing is left behind"
    assert sorted(one.name for one in tmp_path.iterdir()) in (["film.zip"], ["film.zip", "open"])


def test_overlapping_entries_are_refused(tmp_path: Path, settings: Settings) -> None:
    """The directory names one stretch of bytes many times: small as a file, large when it is unpacked (Fifield, "A better zip bomb", 2019)."""
    plan = film([{} for _ in range(3)]).model_dump(mode="json")
    names = [f"clips/s{n}.mp4" for n in range(3)]
    data = archive([("plan.json", document(plan, names)), *((name, bytes(50_000)) for name in names)])
    with zipfile.ZipFile(io.BytesIO(data)) as read:
        places = [read.getinfo(name).header_offset for name in names]
        directory = read.start_dir
    moved = bytearray(data[: places[0]] + data[places[0] : places[1]] + data[directory:])
    shift = directory - places[1]
    for place in places[1:]:
        at = moved.index(place.to_bytes(4, "little"), places[1])
        moved[at : at + 4] = places[0].to_bytes(4, "little")
    end = moved.rindex(b"PK\x05\x06")
    moved[end + 16 : end + 20] = (directory - shift).to_bytes(4, "little")
    path = tmp_path / "film.zip"
    path.write_bytes(moved)
    with pytest.raises(UnreadableMedia):
        open_project(path, settings, tmp_path / "open")


def test_limits_of_the_settings_hold(clip: Path, tmp_path: Path, settings: Settings) -> None:
    path = save_project(tmp_path / "film.zip", film([{}]), {"s0": clip})
    with pytest.raises(LimitExceeded):
        open_project(path, settings.model_copy(update={"min_free_mib": 1 << 40}), tmp_path / "open")
    with pytest.raises(LimitExceeded):
        open_project(path, settings.model_copy(update={"max_video_mib": 0}), tmp_path / "open")


def test_plans_of_any_length_fit(tmp_path: Path, settings: Settings) -> None:
    scenes = [{"id": f"s{n}", "prompt": "ö" * 1000, "seconds": 1.0, "line": "漢" * 400} for n in range(40)]
    plan = Plan.model_validate({"title": "T", "hero": {"phrase": "a boat"}, "scenes": scenes})
    assert open_project(save_project(tmp_path / "a.zip", plan, {}), settings, tmp_path / "o") == (plan, {})
