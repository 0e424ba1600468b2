"""Quick calls about files, answered in the helper process."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from engine.settings import Settings


def probe_file(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """What a file is: the facts of `engine.media.probe.probe` as JSON."""
    from engine.media.probe import probe

    facts = probe(Path(args["path"]), settings)
    return dataclasses.asdict(facts), []


def read_stamp_file(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any] | None, list[bytes]]:
    """The document inside a Kinora MP4 with the names of its embedded inputs, their bytes as blobs; None for any other file."""
    from engine.media.provenance import read_stamp

    stamp = read_stamp(Path(args["path"]), settings)
    if stamp is None:
        return None, []
    return {"document": stamp.document, "files": list(stamp.files)}, list(stamp.files.values())


def first_frame(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """The first picture of a clip as PNG, for tabs that take a picture."""
    import cv2

    from engine.media.video import open_video

    with open_video(Path(args["path"]), settings) as reader:
        frame = next(iter(reader))
    return {}, [cv2.imencode(".png", frame[..., ::-1])[1].tobytes()]
