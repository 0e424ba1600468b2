"""What becomes of a large model's clip: twice its size by a second stage where the model's upsampler is here, else picture by picture, else not; frames between its own. On tiny copies."""

from __future__ import annotations

import json
from shutil import rmtree
from unittest.mock import patch

import numpy as np
import pytest

from engine.catalog import get_card
from engine.catalog.experts import FILM, SWIN2SR
from engine.catalog.upscalers import LTX
from engine.context import RunContext
from engine.errors import Cancelled
from engine.hub import looks
from engine.media.probe import probe
from engine.settings import Settings
from engine.task import Note, Progress, Result, Stage, get_task, parse_request
from engine.tasks.text_to_video import hub
from engine.tasks.text_to_video.takes import make_all
from engine.vision import interpolation
from tests.experts import test_between, test_enlarging
from tests.hub import tiny
from tests.hub.tiny import ltx

DISTILLED = "ltx-video-13b-distilled"


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """Settings with a tiny copy of a model, and the folder where its upsampler would lie."""
    root = tmp_path_factory.mktemp("studio")
    ltx.ltx(root / "data/models" / DISTILLED)
    small = tiny.small(get_card(DISTILLED))
    with patch.object(looks, "stills", lambda: np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)), patch.dict(hub.LARGE, {DISTILLED: small}):
        yield Settings(data_dir=root / "data", device="cpu")


@pytest.fixture
def here(studio):
    """The upsampler is fetched."""
    place = studio.data_dir / "models" / LTX.id
    ltx.ltx_upsampler(place)
    yield place
    rmtree(place)


def request_for(**more):
    return parse_request(get_task("text-to-video"), {"prompt": "a boat", "model": DISTILLED, "seconds": 0.5, "width": 64, "height": 64, "seed": 3, "upscale": "2x", **more})


def made(studio, folder, cancelled=lambda events: False, **more):
    """The events of a run."""
    folder.mkdir()
    events = []
    run = RunContext("0" * 32, folder, studio, 3, pool=None, preview_every=0.0, cancelled=lambda: cancelled(events))
    try:
        for event in make_all(request_for(**more), run):
            events.append(event)
    except Cancelled:
        pass
    return events


def notes(events):
    return " ".join(event.text for event in events if isinstance(event, Note))


def test_a_run_takes_the_models_own_way_where_its_net_is_here(studio, here, tmp_path):
    events = made(studio, tmp_path / "own")
    facts, details = probe(events[-1].clip, studio), events[-1].details
    assert (facts.width, facts.height) == (128, 128)
    assert details["upscale"] == {"by": LTX.id, "size": [128, 128], "steps": 3} and "latent_upsampler" in details["weights"]
    assert LTX.title in notes(events) and "128x128" in notes(events)
    assert [event.done for event in events if isinstance(event, Progress) and event.stage == "refining"] == [1, 2, 3]
    off = made(studio, tmp_path / "off", upscale="off")
    assert "upscale" not in off[-1].details and probe(off[-1].clip, studio).width == 64


def test_without_the_net_pictures_are_enlarged_or_a_note_says_what_to_fetch(studio, tmp_path):
    bare = made(studio, tmp_path / "bare")
    assert probe(bare[-1].clip, studio).width == 64 and "upscale" not in bare[-1].details
    assert all(f"app.py fetch {card.id}" in notes(bare) for card in (LTX, SWIN2SR))
    folder = studio.data_dir / "models" / SWIN2SR.id
    test_enlarging.save(folder)
    try:
        pictures = made(studio, tmp_path / "pictures")
    finally:
        rmtree(folder)
    assert probe(pictures[-1].clip, studio).width == 128 and pictures[-1].details["upscale"] == {"by": SWIN2SR.id}
    assert f"app.py fetch {LTX.id}" in notes(pictures)


def test_a_draft_keeps_its_size_and_its_finish_has_two_stages(studio, here, tmp_path):
    draft = made(studio, tmp_path / "draft", draft=True)
    assert probe(draft[-1].clip, studio).width == 64 and "a draft is not enlarged" in notes(draft)
    (tmp_path / "draft/run.json").write_text(json.dumps({"result": {"details": draft[-1].details}}), encoding="utf-8")
    with patch.object(RunContext, "earlier", lambda self, run, name: tmp_path / "draft" / name):
        finished = made(studio, tmp_path / "finished", continue_run="1" * 32)
    at_once = made(studio, tmp_path / "once")
    assert finished[-1].clip.read_bytes() == at_once[-1].clip.read_bytes()


def test_a_stop_in_a_later_piece_keeps_the_size_of_those_before(studio, here, tmp_path):
    long = hub.LARGE[DISTILLED].model_copy(update={"drawing": hub.LARGE[DISTILLED].rules.model_copy(update={"most": 9})})
    with patch.dict(hub.LARGE, {DISTILLED: long}):
        events = made(studio, tmp_path / "long", lambda events: sum(isinstance(one, Stage) and one.name == "denoising" for one in events) > 1, seconds=1)
    assert isinstance(events[-1], Result) and events[-1].partial
    facts = probe(events[-1].clip, studio)
    assert (facts.width, facts.height) == (128, 128) and events[-1].details["model_frames"] == 17


def test_the_second_stage_counts_before_the_run(studio, here):
    task = get_task("text-to-video")
    assert task.work(request_for()) > task.work(request_for(upscale="off")) * 1.5
    assert "second stage" in task.forecast(request_for(), studio).line
    assert task.forecast(request_for(), studio).memory_mib > task.forecast(request_for(upscale="off"), studio).memory_mib
    assert len(task.weights(request_for(), studio)) == 1 + len(task.weights(request_for(upscale="off"), studio))


def test_frames_between_are_those_of_the_net_where_it_is_here(studio, tmp_path, monkeypatch):
    # Neighbours of a net with random weights have little in common, but are to be no cuts here.
    monkeypatch.setattr(interpolation, "CUT", 255.0)
    without = made(studio, tmp_path / "without", upscale="off", fps=48)
    folder = test_between.save_film(studio.data_dir / "models" / FILM.id, test_between.random_weights())
    try:
        within, own, plain = (made(studio, tmp_path / name, upscale="off", **more) for name, more in (("with", {"fps": 48}), ("own", {"fps": 24}), ("plain", {"fps": 48, "interpolate": False})))
    finally:
        rmtree(folder)
    assert within[-1].details["between"] == FILM.id and within[-1].clip.read_bytes() != without[-1].clip.read_bytes()
    assert probe(within[-1].clip, studio).frame_count == probe(without[-1].clip, studio).frame_count
    assert all("between" not in events[-1].details for events in (without, own, plain))
