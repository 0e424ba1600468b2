"""What Subject swap lets be said of a large editor's call: steps, guidance, step cache and LoRA reach the model, the estimate and the result's document. On a tiny copy of Wan VACE."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from engine.catalog.video.vace import SMALL
from engine.cli import load_request
from engine.context import RunContext
from engine.errors import InvalidInput
from engine.hub import looks, session
from engine.media.frames import Held
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Note, Progress
from engine.tasks.subject_swap import TASK, models
from engine.tasks.subject_swap.actions import look_of
from engine.tasks.subject_swap.models import EDITORS, OF_EDITORS
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.tasks.text_to_video.request import TextToVideoRequest
from tabs.subject_swap import TAB
from tests.hub import tiny
from tests.hub.placed import denoiser, save

COUNT, STEPS = 5, 2


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A data folder with a tiny copy of Wan VACE and an adapter of its net that names its trigger words."""
    root = tmp_path_factory.mktemp("fields")
    folder = root / "models" / SMALL.id
    tiny.MAKERS[SMALL.id](folder)
    from diffusers import WanVACEPipeline

    save(WanVACEPipeline.from_pretrained(folder), root / "loras", "paper-cut")
    file = root / "loras/paper-cut.safetensors"
    save_file(load_file(file), file, metadata={"format": "pt", "modelspec.trigger_phrase": "papercut style"})
    noise = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    with (
        patch.object(looks, "stills", lambda: noise), patch.object(session.gc, "collect", lambda: 0),
        patch.dict(EDITORS, {SMALL.id: tiny.small(SMALL, steps=STEPS, most=COUNT, frames=COUNT)}),
    ):  # fmt: skip
        yield Settings(data_dir=root, device="cpu")


@pytest.fixture(scope="module")
def pool() -> ModelPool:
    return ModelPool(2**31)


def request_of(**fields: Any) -> SubjectSwapRequest:
    return SubjectSwapRequest.model_validate({"video": "clip.mp4", "action": "replace", "prompt": "a green bus", "drawing": SMALL.id, **fields})


class Drawn:
    """The middle of a clip drawn anew. pixels: (F, H, W, 3) uint8; calls: times that the net's last block worked."""

    def __init__(self, settings: Settings, pool: ModelPool, **fields: Any) -> None:
        video = np.random.default_rng(1).integers(60, 180, (COUNT, 64, 96, 3)).astype(np.uint8)
        mask = np.zeros((64, 96), bool)
        mask[20:44, 30:60] = True
        run = RunContext("0" * 32, settings.data_dir, settings, 3, pool=pool)
        look: Any = look_of(request_of(**fields), run, Held(video, 16.0), lambda index: mask, [(0, COUNT - 1)])
        own, self.calls, self.asked = session.arguments, 0, []
        hooks = []

        def count(*given: Any) -> None:
            self.calls += 1

        def watched(pipeline: Any, *given: Any) -> Any:
            hooks.append(denoiser(pipeline).blocks[1].attn1.register_forward_hook(count))  # type: ignore[index, operator, union-attr]
            self.asked.append(own(pipeline, *given))
            return self.asked[-1]

        with patch.object(session, "arguments", watched):
            self.events = [event for index in range(COUNT) for event in look.draws(index)]
        for hook in hooks:
            hook.remove()
        self.pixels = np.stack([look.frame(index, video[index], mask, video[index]) for index in range(COUNT)])
        self.details = look.details
        self.notes = [event.text for event in self.events if isinstance(event, Note)]


@pytest.fixture(scope="module")
def plain(settings: Settings, pool: ModelPool) -> Drawn:
    return Drawn(settings, pool)


def test_the_fields_are_those_of_text_to_video() -> None:
    swap, text = (kind.model_json_schema()["properties"] for kind in (SubjectSwapRequest, TextToVideoRequest))
    assert {name: swap[name] for name in OF_EDITORS} == {name: text[name] for name in OF_EDITORS}


def test_they_are_shown_only_with_large_editors() -> None:
    for name in OF_EDITORS:
        ruler, values = TAB.relevant[name]
        assert ruler == "drawing" and set(values) == set(EDITORS) and not set(values) & set(models.OWN)


def test_an_adapter_changes_the_picture_by_its_strength_and_none_at_all_keeps_every_bit(settings: Settings, pool: ModelPool, plain: Drawn) -> None:
    change = {}
    for text in ("paper-cut 0", "paper-cut 0.3", "paper-cut"):
        made = Drawn(settings, pool, loras=text)
        change[text] = float(np.abs(made.pixels.astype(float) - plain.pixels).mean())
    assert change["paper-cut 0"] == 0 < change["paper-cut 0.3"] < change["paper-cut"]  # left out: all 0
    assert made.details["loras"] == {"paper-cut": 1.0} and any("woken by: papercut style" in note for note in made.notes)
    assert np.array_equal(Drawn(settings, pool).pixels, plain.pixels)


def test_an_adapter_that_is_not_here_is_told_before_the_run(settings: Settings, pool: ModelPool) -> None:
    with pytest.raises(InvalidInput, match="no LoRA named 'smoke'"):
        Drawn(settings, pool, loras="smoke")
    told = TASK.forecast(request_of(loras="smoke"), settings)
    assert not told.able and "paper-cut" in told.line and TASK.forecast(request_of(loras="paper-cut"), settings).able


def test_steps_and_guidance_are_those_of_the_request_else_the_cards(settings: Settings, pool: ModelPool, plain: Drawn) -> None:
    made = Drawn(settings, pool, steps=5, guidance=1.0)
    assert [(event.done, event.total) for event in made.events if isinstance(event, Progress)] == [(k, 5) for k in range(1, 6)]
    assert (made.details["steps"], made.details["guidance"]) == (5, 1.0) and (plain.details["steps"], plain.details["guidance"]) == (STEPS, 5.0)
    assert (made.calls, plain.calls) == (5, 2 * STEPS)  # without guidance, the words alone are evaluated
    assert made.asked[0]["guidance_scale"] == 1.0


def test_the_estimate_follows_steps_and_guidance() -> None:
    base, more, plain = (TASK.work(request_of(**fields)) for fields in ({"steps": 10}, {"steps": 20}, {"steps": 20, "guidance": 1.0}))
    followed = TASK.work(request_of(drawing="embedded"))
    assert more - followed == pytest.approx(2 * (base - followed)) == pytest.approx(2 * (plain - followed))


def test_a_step_cache_does_less_work(settings: Settings, pool: ModelPool) -> None:
    whole, quick = (Drawn(settings, pool, steps=12, step_cache=level) for level in ("off", "fast"))
    assert whole.calls == 24 > quick.calls
    assert quick.details["step_cache"] == "fast" and quick.details["step_cache_method"] == "first-block" and "step_cache" not in whole.details
    assert 0 < np.abs(quick.pixels.astype(float) - whole.pixels).mean() < 10


def test_the_command_line_takes_them_and_names_a_wrong_one(tmp_path: Path) -> None:
    fields = {"steps": 7, "guidance": 2.5, "step_cache": "safe", "loras": "paper-cut 0.5"}

    def read(**more: Any) -> Any:
        file = tmp_path / "request.json"
        file.write_text(json.dumps({"task": "subject-swap", "video": "clip.mp4", "prompt": "a bus", "action": "replace", "drawing": SMALL.id, **fields, **more}), encoding="utf-8")
        return load_request(file)[1].model_dump(mode="json")

    assert {name: read()[name] for name in OF_EDITORS} == fields
    with pytest.raises(InvalidInput) as refused:
        read(steps=0)
    assert refused.value.field == "steps"
