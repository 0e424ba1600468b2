"""The helper processes: quick answers for the hand (a stroke's preview, what a file is), never behind a run, caged in memory.

Started by `engine.quick.Helper` as `python -m engine.helper SETTINGS_JSON KIND`. The `quick` one holds no model and never imports torch; the `painter`
draws single pictures with the pocket model, is started by the first call and ended when it has nothing to do for a while. A message is one JSON line `{"call", "args", "blobs": [sizes]}`
followed by the blobs' bytes; the answer is `{"value"| "error", "blobs": [sizes]}` likewise.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from typing import BinaryIO

from engine.errors import StudioError
from engine.execution import named
from engine.settings import Settings

Answer = tuple[object, list[bytes]]
Call = Callable[[dict[str, object], Settings], Answer]


def drawings() -> dict[str, Call]:
    """Every call of the painter by name."""
    from engine.tasks.music_video.stills import stills

    return {"stills": stills}


def calls() -> dict[str, Call]:
    """Every quick call by name. A new one is one line here and one function next to its task."""
    from engine.media.quick import first_frame, probe_file, read_stamp_file
    from engine.tasks.movie.opening import movie_open
    from engine.tasks.movie.quick import movie_edit, movie_plan, movie_state
    from engine.tasks.music_video.quick import song_look
    from engine.tasks.stroke_motion.quick import stroke_preview
    from engine.tasks.subject_swap.quick import subject_cut, subject_frame, subject_look, subject_tracks
    from engine.tasks.talking_head.quick import face_look, face_try, voice_list, voice_look
    from engine.tasks.text_to_video.quick import read_prompt

    return {
        "probe": probe_file, "first-frame": first_frame, "read-stamp": read_stamp_file, "stroke-preview": stroke_preview, "read-prompt": read_prompt,
        "face-look": face_look, "face-try": face_try, "voice-look": voice_look, "voice-list": voice_list, "song-look": song_look,
        "subject-look": subject_look, "subject-cut": subject_cut, "subject-frame": subject_frame, "subject-tracks": subject_tracks,
        "movie-plan": movie_plan, "movie-edit": movie_edit, "movie-state": movie_state, "movie-open": movie_open,
    }  # fmt: skip


def write_message(stream: BinaryIO, head: dict[str, object], blobs: list[bytes]) -> None:
    """One message: a JSON line with the sizes of the blobs, then the blobs."""
    stream.write(json.dumps({**head, "blobs": [len(blob) for blob in blobs]}).encode() + b"\n")
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[dict[str, object], list[bytes]] | None:
    """The next message; None when the other side is gone."""
    line = stream.readline()
    if not line:
        return None
    head = json.loads(line)
    return head, [stream.read(size) for size in head.pop("blobs", [])]


def main() -> None:
    """Answer calls until the page ends."""
    settings = Settings.model_validate_json(sys.argv[1])
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not break the messages
    table = {"quick": calls, "painter": drawings}[sys.argv[2]]()
    limit = settings.helper_memory_mib * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while (message := read_message(incoming)) is not None:
        head, _ = message
        try:
            value, blobs = table[str(head["call"])](dict(head["args"]), settings)  # type: ignore[call-overload]
            write_message(outgoing, {"value": value}, blobs)
        except Exception as error:
            fault = error if isinstance(error, StudioError) else named(error, settings)
            write_message(outgoing, {"error": fault.to_dict()}, [])


if __name__ == "__main__":
    main()
