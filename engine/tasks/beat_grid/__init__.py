"""Beat grid: a song in, its tempo, beats, bars, sections and band curves out, as a file. Light; numpy and scipy load when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from engine.sound.music.correction import Correction
from engine.task import Event, Request, Task, media_field

if TYPE_CHECKING:
    from engine.context import RunContext


class BeatGridRequest(Request):
    """A song that is listened to."""

    audio: Path = media_field("audio", "The song, or a clip that has one; up to 20 minutes.")
    grid: Correction = Field(Correction(), description="How the beats that were heard are put right.")


class ListenToMusic(Task[BeatGridRequest]):
    """Provider: the listening of `engine.sound.music` (embedded, everywhere)."""

    id, version, title = "beat-grid", 1, "Beat grid"
    request_type = BeatGridRequest
    default_rate = 5.0

    def memory_mib(self, request: BeatGridRequest) -> float:
        return 400.0

    def disk_mib(self, request: BeatGridRequest) -> float:
        return 2.0

    def run(self, request: BeatGridRequest, run: RunContext) -> Iterator[Event]:
        from engine.tasks.beat_grid.recipe import listen_to

        yield from listen_to(request, run)


TASK = ListenToMusic()
