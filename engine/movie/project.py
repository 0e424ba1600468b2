"""A film as one file: a zip of its plan, its clips and the files that the plan names. It is opened as what it is, a file of unknown origin."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from engine.errors import InvalidInput, LimitExceeded, StudioError, UnreadableMedia
from engine.media.cage import Inlet
from engine.media.disk import as_disk_error, whole_file
from engine.media.sniff import PROJECT_TYPE
from engine.movie.plan import MOST_SCENES, Plan, Scene
from engine.settings import Settings

FORMAT = 1
"""Goes up when an older Kinora could no longer read what is written."""
DOCUMENT_BYTES = 4 << 20
"""The longest plan that its limits allow is about a quarter of a megabyte."""
MOST_ENTRIES = 2 + 3 * MOST_SCENES
"""The type, the document, and a clip, a video and a picture for each scene."""
DIRECTORY_BYTES = 256 << 10
"""The directory of so many entries is a tenth of this; a directory of a gigabyte would fill the memory before its entries could be counted."""
_DOCUMENT, _TYPE = "plan.json", "mimetype"
_OWN = {"file": "file", "picture": "image"}
"""Scenes whose clip is a file that they name: kind of source -> its field."""
_MEDIA = re.compile(r"(clips|inputs)/[a-z0-9]{1,16}(-[a-z]{1,8})?\.[a-z0-9]{1,5}")
_BLOCK = 1 << 20
_MIB = 1 << 20
_DATE = (1980, 1, 1, 0, 0, 0)
"""One date for all: the same film gives the same bytes."""


def save_project(path: Path, plan: Plan, clips: Mapping[str, Path], *, checkpoint: Callable[[], None] = lambda: None) -> Path:
    """Write plan and clips (scene id -> file) as a project that `open_project` reads; whole or not at all. Media are stored as they are, not deflated.

    The videos and pictures that scenes name go in, too, once, also where they are the scene's clip. Clips of other scenes than the plan's are left out; a scene without one is simply not made yet.
    checkpoint: called before each file. Raises `UnreadableMedia` when a file is gone, `LimitExceeded` when the disk is full.
    """
    files: dict[str, Path] = {}
    scenes = []
    for scene in plan.scenes:
        own = _OWN.get(scene.source.kind)
        if scene.id in clips and not (own and clips[scene.id] == getattr(scene.source, own)):
            files[f"clips/{scene.id}{_suffix(clips[scene.id])}"] = clips[scene.id]
        named = {}
        for field in ("file", "image"):
            given = getattr(scene.source, field)
            if given is not None:
                named[field] = Path(f"inputs/{scene.id}-{field}{_suffix(given)}")
                files[named[field].as_posix()] = given
        scenes.append(scene.model_copy(update={"source": scene.source.model_copy(update=named)}) if named else scene)
    document = {"kinora-project": FORMAT, "plan": plan.model_copy(update={"scenes": tuple(scenes)}).model_dump(mode="json"), "files": sorted(files)}
    with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(_TYPE, _DATE), PROJECT_TYPE)
        text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
        archive.writestr(zipfile.ZipInfo(_DOCUMENT, _DATE), text.encode(), zipfile.ZIP_DEFLATED)
        for name, file in files.items():
            checkpoint()
            try:
                with file.open("rb") as source:
                    entry = zipfile.ZipInfo(name, _DATE)
                    entry.file_size = file.stat().st_size
                    with archive.open(entry, "w") as member:
                        shutil.copyfileobj(source, member, _BLOCK)
            except FileNotFoundError as error:
                raise UnreadableMedia(f"{file.name} is gone, so the project cannot be saved", fix="make its scene again") from error
    return path


def open_project(path: Path, settings: Settings, folder: Path) -> tuple[Plan, dict[str, Path]]:
    """The plan and the clips (scene id -> file) of a project, unpacked into `folder`, which is made when it is missing; what it has of the same names is replaced.

    Files that scenes name lie in `folder`, too, and the plan says where. Nothing is unpacked before names, kinds, counts and sizes of all entries are found to be right, and
    nothing is left behind when something fails. What is in the media is not looked at: whoever reads them does that in the cage.
    Raises `UnreadableMedia` (not a project, damaged, or one that no Kinora wrote), `InvalidInput` (a plan that is not valid) or `LimitExceeded`.
    """
    name = Path(path).name
    with Inlet(path, settings, projects=True) as inlet:
        if inlet.format.family != "project":
            raise UnreadableMedia(f"{inlet.name} is no project", why=f"it is {inlet.format.name}", fix="choose a project zip that was saved with a film")
        name, size = inlet.name, inlet.size
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f".{secrets.token_hex(8)}.part"
        try:
            with open(inlet.fd, "rb", closefd=False) as file:
                if _directory_bytes(file, size) > DIRECTORY_BYTES:
                    raise LimitExceeded(f"{name} has too many entries", why=f"a project has at most {MOST_ENTRIES}", fix="choose a project zip that was saved with a film")
            with open(inlet.fd, "rb", closefd=False) as file, zipfile.ZipFile(file) as archive:
                entries = _checked(archive, name, size, settings)
                plan, listed = _plan(archive, entries[_DOCUMENT], name)
                media = {entry.filename: entry for entry in entries.values() if "/" in entry.filename}
                if set(media) != listed:
                    odd = sorted(set(media) ^ listed)[0]
                    raise _broken(name, f"{odd} is {'missing' if odd in listed else 'not in its list'}")
                plan = _placed(plan, set(media), folder, name)
                need = sum(entry.file_size for entry in media.values())
                if shutil.disk_usage(folder).free < need + settings.min_free_mib * _MIB:
                    raise LimitExceeded(f"the disk has no room for {name}", why=f"it holds {need / _MIB:.0f} MiB", fix="free some disk space")
                for entry in media.values():
                    _unpacked(archive, entry, aside / entry.filename)
            for member in media:
                (folder / member).parent.mkdir(exist_ok=True)
                (aside / member).replace(folder / member)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OverflowError, ValueError) as error:
            raise _broken(name, " ".join(str(error).split())[:120] or "it is damaged") from error
        except OSError as error:
            raise as_disk_error(error, folder) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    clips = {scene.id: getattr(scene.source, _OWN[scene.source.kind]) for scene in plan.scenes if scene.source.kind in _OWN}
    return plan, clips | {Path(member).stem: folder / member for member in media if member.startswith("clips/")}


def _suffix(path: Path) -> str:
    """The file's ending when it is a plain one, else that of a video."""
    ending = path.suffix.lower()
    return ending if re.fullmatch(r"\.[a-z0-9]{1,5}", ending) else ".mp4"


def _directory_bytes(file: BinaryIO, size: int) -> int:
    """The largest size of a directory that any end record near the file's end claims, in the old form or the 64-bit one."""
    file.seek(max(0, size - (1 << 16) - 128))
    tail = file.read()
    file.seek(0)
    claims = [0]
    for mark, at, length in ((b"PK\x05\x06", 12, 4), (b"PK\x06\x06", 40, 8)):
        place = tail.find(mark)
        while place >= 0:
            claim = int.from_bytes(tail[place + at : place + at + length], "little")
            # All ones in the old form: the 64-bit record tells it.
            claims.append(claim if claim != 0xFFFFFFFF else 0)
            place = tail.find(mark, place + 1)
    return max(claims)


def _checked(archive: zipfile.ZipFile, name: str, size: int, settings: Settings) -> dict[str, zipfile.ZipInfo]:
    """The entries by name, or an error: known names only, each once, plain files, stored (a bomb needs deflate), together no larger than the file itself (or they overlap)."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise LimitExceeded(f"{name} has {len(entries)} entries", why=f"a project has at most {MOST_ENTRIES}", fix="choose a project zip that was saved with a film")
    found: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for entry in entries:
        if entry.filename in found:
            raise _broken(name, f"{entry.filename} is in it twice")
        if entry.orig_filename != entry.filename or (entry.filename not in (_TYPE, _DOCUMENT) and not _MEDIA.fullmatch(entry.filename)):
            raise _broken(name, f"{entry.orig_filename[:60]!r} is no name of a project's file")
        mode = entry.external_attr >> 16
        if entry.flag_bits & 1 or (stat.S_IFMT(mode) not in (0, stat.S_IFREG)):
            raise _broken(name, f"{entry.filename} is locked or no plain file")
        if entry.filename == _DOCUMENT:
            if entry.file_size > DOCUMENT_BYTES:
                raise LimitExceeded(f"the plan in {name} has {entry.file_size / _MIB:.0f} MiB", why=f"at most {DOCUMENT_BYTES >> 20} are read", fix="choose another project")
        elif entry.compress_type != zipfile.ZIP_STORED or entry.compress_size != entry.file_size:
            raise _broken(name, f"{entry.filename} is packed, not stored")
        if entry.file_size > settings.max_video_mib * _MIB:
            raise LimitExceeded(f"{entry.filename} in {name} has {entry.file_size / _MIB:.0f} MiB", fix="use a smaller clip or raise KINORA_MAX_VIDEO_MIB")
        total += entry.compress_size
        found[entry.filename] = entry
    if total > size:
        raise _broken(name, "its entries overlap")
    if _DOCUMENT not in found:
        raise _broken(name, f"it has no {_DOCUMENT}")
    return found


def _plan(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> tuple[Plan, set[str]]:
    """The plan and the names of its media, from the document."""
    with archive.open(entry) as member:
        # One byte more than allowed tells a bomb, whatever its header claims.
        text = member.read(DOCUMENT_BYTES + 1)
    try:
        document: Any = json.loads(text) if len(text) <= DOCUMENT_BYTES else None
    except (ValueError, RecursionError) as error:
        raise _broken(name, f"{_DOCUMENT} is not JSON") from error
    if not isinstance(document, dict) or not isinstance(document.get("files"), list) or not all(isinstance(file, str) for file in document["files"]):
        raise _broken(name, f"{_DOCUMENT} is not a project's document")
    if document.get("kinora-project") != FORMAT:
        raise UnreadableMedia(f"{name} was saved by another version of Kinora", why=f"this one reads format {FORMAT}", fix="open it with the version that saved it")
    try:
        return Plan.model_validate(document.get("plan")), set(document["files"])
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidInput(f"the plan in {name} is not valid", why=f"{where}: {first['msg']}"[:200], fix="choose another project") from error


def _placed(plan: Plan, media: set[str], folder: Path, name: str) -> Plan:
    """The plan with its files where they are unpacked. A path that the project itself does not hold is never followed."""

    def placed(scene: Scene) -> Scene:
        found = {}
        for field in ("file", "image"):
            given = getattr(scene.source, field)
            if given is not None:
                if given.as_posix() not in media or not given.as_posix().startswith("inputs/"):
                    raise _broken(name, f"scene {scene.id} names a file that is not in it")
                found[field] = folder / given
        return scene.model_copy(update={"source": scene.source.model_copy(update=found)}) if found else scene

    ids = {scene.id for scene in plan.scenes}
    for member in media:
        if member.startswith("clips/") and Path(member).stem not in ids:
            raise _broken(name, f"{member} belongs to no scene")
    if len({Path(member).stem for member in media}) != len(media):
        raise _broken(name, "a scene has two clips")
    return plan.model_copy(update={"scenes": tuple(placed(scene) for scene in plan.scenes)})


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    """Copy one entry, checking its size and its checksum."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as member, target.open("xb") as file:
        shutil.copyfileobj(member, file, _BLOCK)
    if target.stat().st_size != entry.file_size:
        raise zipfile.BadZipFile(f"{entry.filename} is cut off")


def _broken(name: str, why: str) -> StudioError:
    return UnreadableMedia(f"{name} cannot be opened as a project", why=why, fix="choose a project zip that was saved with a film")
