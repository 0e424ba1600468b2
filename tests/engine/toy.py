"""A task small enough for tests: it counts, previews and writes a clip of plain frames."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from pydantic import Field

from engine.context import RunContext
from engine.errors import Cancelled, InvalidInput
from engine.task import Event, Meter, Note, Preview, Progress, Request, Result, Stage, Task


class ToyRequest(Request):
    """What the toy does, and how it fails."""

    frames: int = Field(8, ge=1, le=10_000, description="Frames of the clip.")
    pause: float = Field(0.0, ge=0, le=10, description="Seconds a frame.", json_schema_extra={"unit": "s"})
    fail: str = Field("", description="A way to fail.")
    seed: int | None = Field(None, ge=0, lt=2**32, description="Empty: a new one.")


class Toy(Task[ToyRequest]):
    """Frames of one grey level that depends on the seed."""

    id, version, title = "toy", 1, "Toy"
    request_type = ToyRequest

    def work(self, request: ToyRequest) -> float:
        return request.frames

    def run(self, request: ToyRequest, run: RunContext) -> Iterator[Event]:
        yield Stage("work", "Working")
        yield Note("a note")
        faults = {
            "memory": MemoryError(), "disk": OSError(28, "No space left on device"), "bug": ZeroDivisionError("secret detail"),
            "input": InvalidInput("frames=3 is odd", fix="take 4", field="frames"),
        }  # fmt: skip
        if request.fail in faults:
            raise faults[request.fail]
        if request.fail == "nothing":
            return
        grey = int(run.rng.integers(50, 200))
        done = 0
        partial = False
        try:
            with run.clip_writer(fps=10) as out:
                for index in range(request.frames):
                    run.checkpoint()
                    out.write(np.full((32, 48, 3), grey, np.uint8))
                    done += 1
                    if run.wants_preview():
                        yield Preview(np.full((2, 16, 16, 3), grey, np.uint8))
                    yield Progress("work", index + 1, request.frames)
                    time.sleep(request.pause)
        except Cancelled:
            if not done:
                raise
            partial = True
        yield Result(run.directory / "result.mp4", meters=(Meter("grey", "Grey", float(grey)),), partial=partial)


TASK = Toy()
