"""What a talking head says, as captions: the words of a text are known, those of a recording are heard by Whisper where it is here. A run never fails for want of captions."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.catalog.experts import WHISPER_SMALL
from engine.errors import Cancelled, StudioError
from engine.experts import available
from engine.experts.leasing import lent
from engine.movie.film.captions import Cue, cues_of
from engine.sound.mixing.words import phrases
from engine.task import Event, Note, Progress, Stage
from engine.tasks.talking_head.request import TalkingHeadRequest
from engine.tasks.talking_head.voice import Voice

if TYPE_CHECKING:
    from engine.context import RunContext


def captioned(request: TalkingHeadRequest, voices: list[Voice], seconds: float, run: RunContext) -> Generator[Event, None, tuple[list[Cue], dict[str, object]]]:
    """Returns the cues of a clip of so many seconds, and what is to be told of the hearing (model and language). voices: one for each face, the main one first."""
    told: dict[str, object] = {}
    if request.captions == "off":
        return [], told
    # A face that says spans of the main voice has no words of its own.
    own = [voices[0], *[voice for voice, one in zip(voices[1:], request.speakers, strict=True) if one.audio is not None]]
    if not all(voice.title for voice in own):
        try:
            own, told = yield from _heard(own, run, asked=request.captions == "burnt")
        except Cancelled:
            raise
        except StudioError as error:
            yield Note(f"What the recording says was not heard, so it has no captions: {error.line}")
    return cues_of([phrase for voice in own for phrase in phrases(voice.words)], seconds), told


def _heard(voices: list[Voice], run: RunContext, *, asked: bool) -> Generator[Event, None, tuple[list[Voice], dict[str, object]]]:
    """Returns the voices, recordings (those without a title) with their words where Whisper is here. asked: the user wants to see captions, so their want is told; files come by themselves where
    they can."""
    expert = available(run.settings).get("hear")
    if expert is None:
        if asked:
            yield Note(
                f"The recording has no captions: what it says is heard by {WHISPER_SMALL.title} ({WHISPER_SMALL.id}, {WHISPER_SMALL.bytes / 1e9:.1f} GB, {WHISPER_SMALL.licence}), which is not here. "
                f"Fetch it in the engine room, or by `python app.py fetch {WHISPER_SMALL.id}`."
            )  # fmt: skip
        return voices, {}
    yield Stage("hearing", "Hearing what is said")
    out = list(voices)
    recorded = [place for place, voice in enumerate(voices) if not voice.title]
    languages: list[str] = []
    with lent(run, "hear") as hearer:
        for number, place in enumerate(recorded):
            for heard in hearer.hear(voices[place].samples, voices[place].rate, run.checkpoint):
                yield Progress("hearing", number * heard.of + heard.done, len(recorded) * heard.of)
                out[place] = replace(voices[place], words=heard.words)
                languages += [heard.language] if heard.language not in languages else []
    if not any(out[place].words for place in recorded):
        yield Note("The recording has no captions: no words were heard in it.")
    return out, {"heard_by": expert.card.id, "languages": languages}
