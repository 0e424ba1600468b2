"""Prompts that change over time: reading `at 2 s: ...` inside a prompt, the whole schedule of a request, and how two prompts blend. Pure Python."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from engine.errors import InvalidInput
from engine.tasks.text_to_video.request import Moment, TextToVideoRequest

BLEND_SECONDS = 1.0
"""Over this long one prompt turns into the next, centred on the written moment; less where the neighbours are nearer."""

_MARK = re.compile(r"(?<!\w)at\s+(\d+(?:[.,]\d+)?)\s*(?:s|secs?|seconds?)\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class Segment:
    """A piece of a prompt: `text` stands at `start` (code points) of the whole and holds from `at` seconds on."""

    at: float
    start: int
    text: str


def segments(prompt: str) -> tuple[Segment, ...]:
    """The pieces of a prompt as written: what stands before the first `at N s:` begins at 0. Empty pieces are left out; a prompt without marks is one piece."""
    found, at, start = [], 0.0, 0
    for mark in [*_MARK.finditer(prompt), None]:
        text = prompt[start : mark.start() if mark else len(prompt)]
        left = len(text) - len(text.lstrip(" \t\r\n;,"))
        # A separator before the next mark belongs to neither prompt.
        bare = text[left:].rstrip(" \t\r\n;,") if mark else text[left:].rstrip()
        if bare:
            found.append(Segment(at, start + left, bare))
        if mark:
            at, start = float(mark[1].replace(",", ".")), mark.end()
    return tuple(found)


def schedule(request: TextToVideoRequest) -> tuple[Moment, ...]:
    """All prompts of a request in order, the first at 0 s: those written as `at 2 s: ...` and those of `prompts` together.

    Raises `InvalidInput` when times do not rise, when two prompts begin at once, or when one begins at or after the clip's end.
    """
    written = segments(request.prompt)
    for name, times in (("prompt", [segment.at for segment in written]), ("prompts", [moment.at for moment in request.prompts])):
        for before, after in pairwise(times):
            if after <= before:
                raise InvalidInput(f"a prompt at {after:g} s follows one at {before:g} s", fix="put them in order, each at its own time", field=name)
        late = [time for time in times if time >= request.seconds]
        if late:
            raise InvalidInput(
                f"a prompt begins at {late[0]:g} s, but the clip ends at {request.seconds:g} s", fix=f"give a time below {request.seconds:g} or a longer clip", field=name
            )
    both = sorted([*(Moment(at=segment.at, prompt=segment.text) for segment in written), *request.prompts], key=lambda moment: moment.at)
    for one, other in pairwise(both):
        if one.at == other.at:
            raise InvalidInput(f"two prompts begin at {one.at:g} s", fix="give each its own time; the prompt itself begins at 0 s", field="prompts")
    if both:
        both[0] = Moment(at=0.0, prompt=both[0].prompt)
    return tuple(both)


def weights(moments: tuple[Moment, ...], time: float) -> list[float]:
    """How much each prompt of a schedule counts at `time` seconds: at most two are above 0, the sum is 1.

    Around each change the weight goes over linearly within `BLEND_SECONDS`, or within the distance to the next change where that is shorter.
    """
    counts = [0.0] * len(moments)
    current = max((index for index, moment in enumerate(moments) if moment.at <= time), default=0)
    counts[current] = 1.0
    for index in (current, current + 1):
        if not 0 < index < len(moments):
            continue
        at = moments[index].at
        gaps = [at - moments[index - 1].at, *([moments[index + 1].at - at] if index + 1 < len(moments) else [])]
        half = min(BLEND_SECONDS, *gaps) / 2
        if abs(time - at) < half:
            share = (time - at + half) / (2 * half)
            counts[index - 1], counts[index] = 1.0 - share, share
            break
    return counts
