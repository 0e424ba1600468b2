"""Picture models on tiny copies of their real classes, and the first pictures that they draw for clips."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
import torch
from PIL import Image

from engine.catalog import get_card
from engine.catalog.experts import SWIN2SR
from engine.catalog.fetch import ModelFiles
from engine.catalog.pictures import CARDS
from engine.context import RunContext
from engine.errors import Cancelled, ModelUnavailable
from engine.hub import looks, session
from engine.hub.located import fetched_with, located
from engine.media.images import write_image
from engine.media.probe import probe
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Note, Preview, Progress, Stage, get_task, parse_request
from engine.tasks.text_to_video import hub, models, opening
from engine.tasks.text_to_video.cost import forecast
from engine.tasks.text_to_video.shapes import fitted
from engine.tasks.text_to_video.takes import make_all, provider
from tests.experts import test_enlarging
from tests.hub import checks, tiny
from tests.hub.columns import COLUMNS
from tests.hub.tiny import pictures


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    return checks.Bed(tmp_path_factory.mktemp("pictures"))


OFFLOADED = ("flux-2-klein-4b", "flux-1-schnell", "lcm-dreamshaper-7")
"""One card of each way to work: a language model that reads, T5 and CLIP that read, a UNet."""


@pytest.mark.parametrize(("card", "column"), [(card, name) for card in CARDS for name in COLUMNS if name != "offload" or card.id in OFFLOADED], ids=lambda one: getattr(one, "id", one))
def test_every_picture_card(bed, card, column):
    assert COLUMNS[column](bed, card)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_preview_is_made_of_what_the_vae_decodes(bed, card):
    """The grid of a call's last latents, taken back to the VAE's own numbers, is decoded to the call's picture."""
    small = checks.ruled(card, image=False)
    wish = checks.wish_for(small, image=False)
    with checks.laid(bed, small, wish) as found, torch.no_grad():
        list(found.steps(wish))
        own, vae = found.frames(), found.pipeline.vae
        grid = torch.from_numpy(looks.grid(found.pipeline, small.drawing, found._watched.latents, wish.size, 1))
        seen = vae.decode(looks.restored(vae, grid), return_dict=False)[0][0].permute(1, 2, 0).numpy()
    seen = np.clip(np.rint((seen / 2 + 0.5) * 255), 0, 255)
    assert np.abs(own[0] - seen).max() <= 1
    assert own[0].std() > 3


# A network of its own on the parts of another card

LIGHTNING = get_card("sdxl-lightning")


@pytest.fixture
def lent(bed, tmp_path):
    """Settings with tiny copies of Stable Diffusion XL and of the four-step network."""
    models = tmp_path / "data/models"
    models.mkdir(parents=True)
    for name in ("sdxl-base", LIGHTNING.id):
        (models / name).symlink_to(bed.folder(pictures.MAKERS[name]))
    with patch.object(looks, "stills", lambda: np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)):
        yield Settings(data_dir=tmp_path / "data", device="cpu")


def test_the_four_step_network_draws_as_its_makers_show(bed, lent):
    """Their way: a UNet by the base's settings, filled from the file, in the base's pipeline, with trailing steps and without guidance."""
    import diffusers
    from safetensors.torch import load_file

    base, file = lent.data_dir / "models/sdxl-base", lent.data_dir / "models" / LIGHTNING.id / LIGHTNING.files[0].name
    net = diffusers.UNet2DConditionModel.from_config(diffusers.UNet2DConditionModel.load_config(base, subfolder="unet"))
    net.load_state_dict(load_file(file))
    pipeline = diffusers.StableDiffusionXLPipeline.from_pretrained(base, unet=net.eval(), variant="fp16", local_files_only=True)
    pipeline.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipeline.scheduler.config, timestep_spacing="trailing")
    pipeline.set_progress_bar_config(disable=True)
    small = tiny.small(LIGHTNING)
    wish = checks.wish_for(small, image=False, steps=small.drawing.steps)
    theirs = pipeline("a red boat", width=64, height=64, num_inference_steps=4, guidance_scale=0, generator=torch.Generator().manual_seed(wish.seed), output_type="np")
    with session.opened(small, located(small, lent), bed.context(), image=False, size=wish.size, frames=1) as found:
        list(found.steps(wish))
        assert np.array_equal(found.frames(), checks.frames_of(theirs))  # by the base's own network up to 96 of 255 away, with its leading steps 70


def test_what_is_lent_is_resident_once(bed, lent):
    fresh = RunContext("0" * 32, bed.root, lent, 0, pool=ModelPool(2**30))
    for card in (get_card("sdxl-base"), LIGHTNING):
        small = tiny.small(card)
        with session.opened(small, located(small, lent), fresh, image=False, size=(64, 64), frames=1):
            pass
    keys = [one["key"].split(":")[0] for one in fresh.pool.stats()["models"]]
    assert {name: keys.count(name) for name in keys if name != "settings"} == {
        "AutoencoderKL": 1, "CLIPTextModel": 1, "CLIPTextModelWithProjection": 1, "UNet2DConditionModel": 2,
    }  # fmt: skip


def test_a_lender_that_is_not_here_is_told(lent):
    (lent.data_dir / "models/sdxl-base").unlink()
    with pytest.raises(ModelUnavailable, match="Stable Diffusion XL is not on this machine"):
        located(LIGHTNING, lent)
    assert [card.id for card in fetched_with(LIGHTNING)] == [LIGHTNING.id, "sdxl-base"] and fetched_with(PICTURE) == (PICTURE,)
    with patch.object(ModelFiles, "present", lambda files, card: card.id != "sdxl-base"):
        assert "Stable Diffusion XL is not on this machine" in forecast(request_for(picture_model=LIGHTNING.id), lent).line


# The first picture of a clip

VIDEO, PICTURE = get_card("svd-xt"), get_card("flux-2-klein-4b")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Settings with tiny copies of a video model that begins with a picture and of a picture model."""
    root = tmp_path_factory.mktemp("first")
    with (
        patch.object(looks, "stills", lambda: np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)),
        patch.object(session, "SHARE", float("inf")),
    ):
        tiny.MAKERS[VIDEO.id](root / "data/models" / VIDEO.id)
        pictures.MAKERS[PICTURE.id](root / "data/models" / PICTURE.id)
        with patch.dict(hub.LARGE, {VIDEO.id: tiny.small(VIDEO)}), patch.dict(models.PICTURES, {PICTURE.id: tiny.small(PICTURE, steps=3)}):
            yield Settings(data_dir=root / "data", device="cpu")


def request_for(**fields):
    return parse_request(get_task("text-to-video"), {
        "prompt": "a boat", "model": VIDEO.id, "picture_model": PICTURE.id, "seconds": 0.5, "fps": 8, "width": 64, "height": 64, "steps": 2, "interpolate": False, **fields,
    })  # fmt: skip


def made(settings, folder, seed, pool=None, cancelled=lambda: False, **fields):
    """(the events, the pictures that the video pipeline was given, the pool's nets when it was opened) of a run."""
    folder.mkdir()
    run = RunContext("0" * 32, folder, settings, seed, pool=pool, preview_every=0.0, cancelled=cancelled)
    events, given, resident = [], [], []
    own = session.arguments

    def watched(pipeline, drawing, wish):
        if wish.first is not None:
            given.append(wish.first)
            resident.extend(one["key"] for one in (pool.stats()["models"] if pool is not None else ()))
        return own(pipeline, drawing, wish)

    with patch.object(session, "arguments", watched):
        for event in make_all(request_for(**fields), run):
            events.append(event)
    return events, given, resident


def test_a_clip_begins_with_the_picture_that_was_drawn_for_it(clips, tmp_path):
    pool = ModelPool(2**30)
    events, given, resident = made(clips, tmp_path / "a", 3, pool)
    result = events[-1]
    picture = np.asarray(Image.open(result.artifacts["first"]))
    width, height = picture.shape[1::-1]
    assert result.artifacts["first"].parent == tmp_path / "a"
    assert np.array_equal(given[0], fitted(picture, *result.details["model_size"])) and picture.std() > 3
    told = result.details["first_picture"]
    assert (told["model"], told["pipeline"], told["seed"], told["size"]) == (PICTURE.id, "Flux2KleinPipeline", 3, [width, height])
    labels = [event.label for event in events if isinstance(event, Stage)]
    assert labels[0] == "Drawing the first picture" and "Denoising" in labels[1:]
    counts = [(event.done, event.total) for event in events if isinstance(event, Progress) and event.stage == "picture"]
    assert counts == [(1, 3), (2, 3), (3, 3)]
    before = events[: events.index(next(event for event in events if isinstance(event, Progress) and event.stage == "denoising"))]
    assert any(isinstance(event, Preview) for event in before)
    assert any("UNetSpatioTemporal" in key for key in resident) and not any("Flux2" in key or "Qwen" in key for key in resident)

    alone = RunContext("0" * 32, tmp_path, clips, 0)
    for seed in (3, 4):
        list(opening.draw_pictures([opening.Order(request_for(), seed, tmp_path / f"{seed}.png")], alone, opening.PICTURES[PICTURE.id]))
    assert (tmp_path / "3.png").read_bytes() == result.artifacts["first"].read_bytes() != (tmp_path / "4.png").read_bytes()


@contextmanager
def counted(pool):
    """The keys of what a pool reads from disk, once for each time."""
    loaded, lease = [], pool.lease

    def counting(key, load, **more):
        return lease(key, lambda *given: (loaded.append(key), load(*given))[1], **more)

    with patch.object(pool, "lease", counting):
        yield loaded


def test_the_pictures_of_all_takes_are_drawn_with_one_opening(clips, tmp_path):
    pool = ModelPool(2**30)
    with counted(pool) as loaded:
        events, given, _ = made(clips, tmp_path / "a", 3, pool, takes=3)
    result = events[-1]
    assert sum("Flux2Transformer" in key for key in loaded) == 1 and sum("UNetSpatioTemporal" in key for key in loaded) == 1  # take by take: 3 and 3
    alone = RunContext("0" * 32, tmp_path, clips, 0)
    for index, name in enumerate(("first", "take-2-first", "take-3-first")):
        list(opening.draw_pictures([opening.Order(request_for(), 3 + index, tmp_path / "one.png")], alone, opening.PICTURES[PICTURE.id]))
        assert result.artifacts[name].read_bytes() == (tmp_path / "one.png").read_bytes()
        assert np.array_equal(given[index], fitted(np.asarray(Image.open(tmp_path / "one.png")), *result.details["model_size"]))
    assert [take["details"]["first_picture"]["seed"] for take in result.details["takes"]] == [3, 4, 5]
    assert [(event.done, event.total) for event in events if isinstance(event, Progress) and event.stage == "picture"] == [(k, 9) for k in range(1, 10)]


def test_takes_of_a_model_of_ones_own_share_an_opening_too(clips, tmp_path):
    tiny.MAKERS[VIDEO.id](tmp_path / "shelf/mine")
    settings = clips.model_copy(update={"model_folders": str(tmp_path / "shelf")})
    pool = ModelPool(2**30)
    with patch("engine.catalog.own.CARDS", (tiny.small(VIDEO),)):
        with counted(pool) as loaded:
            events, given, _ = made(settings, tmp_path / "a", 3, pool, takes=2, model="local", checkpoint="mine")
        alone, once, _ = made(settings, tmp_path / "b", 4, pool, model="local")
    assert sum("Flux2Transformer" in key for key in loaded) == 1 and sum("UNetSpatioTemporal" in key for key in loaded) == 1  # take by take: 2 and 2
    assert [take["details"]["first_picture"]["seed"] for take in events[-1].details["takes"]] == [3, 4] and not np.array_equal(*given)
    assert events[-1].artifacts["take-2-first"].read_bytes() == alone[-1].artifacts["first"].read_bytes() and np.array_equal(given[1], once[0])


def test_cells_that_begin_alike_share_a_picture(clips, tmp_path):
    events, given, _ = made(clips, tmp_path / "a", 3, ModelPool(2**30), grid={"x_field": "motion", "x_values": [0.5, 1.5]})
    assert len(given) == 2 and np.array_equal(*given) and len(events[-1].details["takes"]) == 2
    assert max(event.done for event in events if isinstance(event, Progress) and event.stage == "picture") == 3


def test_stop_among_the_pictures_of_several_takes_makes_no_clip(clips, tmp_path):
    def cancelled():
        return len(list((tmp_path / "a").glob("*-first.png"))) > 1

    with pytest.raises(Cancelled):
        made(clips, tmp_path / "a", 3, ModelPool(2**30), cancelled, takes=3)
    assert len(list((tmp_path / "a").iterdir())) == 2 and not list((tmp_path / "a").glob("*.mp4"))


def test_stop_while_the_picture_is_drawn_ends_the_run(clips, tmp_path):
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        made(clips, tmp_path / "a", 3, ModelPool(2**30), cancelled)
    assert not list((tmp_path / "a").iterdir())


def test_a_picture_model_that_is_not_here_is_told_before_anything_is_drawn(clips, tmp_path):
    with pytest.raises(ModelUnavailable, match=r"FLUX.1 schnell.*Apache-2.0"):
        made(clips, tmp_path / "a", 3, picture_model="flux-1-schnell")
    with pytest.raises(ModelUnavailable, match=r"FLUX.1 schnell.*Apache-2.0"):
        made(clips, tmp_path / "b", 3, picture_model="flux-1-schnell", takes=2)
    assert "FLUX.1 schnell, 12B is not on this machine" in forecast(request_for(picture_model="flux-1-schnell"), clips).line


def test_a_picture_model_that_has_nothing_to_do_is_left_out_with_a_note(clips, tmp_path):
    given = tmp_path / "given.png"
    write_image(given, np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8))
    events, seen, _ = made(clips, tmp_path / "a", 3, ModelPool(2**30), first_image=str(given))
    assert any("picture model is left out: a first picture is given" in event.text for event in events if isinstance(event, Note))
    assert "first" not in events[-1].artifacts and np.array_equal(seen[0], fitted(np.asarray(Image.open(given)), *events[-1].details["model_size"]))
    words = get_card("wan-2-1-t2v-1-3b")
    assert opening.opener(request_for(), words) is None and opening.opener(request_for(picture_model="none"), VIDEO) is None
    assert "picture_model" not in (provider("pocket").honours | provider("diorama").honours)


def test_the_picture_counts_in_the_estimate():
    task = get_task("text-to-video")
    with_it, without = (task.work(request_for(picture_model=name)) for name in (PICTURE.id, "none"))
    assert with_it > without


def test_a_clip_is_enlarged_where_the_model_for_it_is_here(clips, tmp_path):
    """At twice the size; without it a note says what brings it."""
    bare, *_ = made(clips, tmp_path / "bare", 3, upscale="2x")
    assert probe(bare[-1].clip, clips).width == 64
    assert any(isinstance(event, Note) and "app.py fetch swin2sr-x2" in event.text for event in bare)
    folder = clips.data_dir / "models" / SWIN2SR.id
    test_enlarging.save(folder)
    try:
        events, *_ = made(clips, tmp_path / "large", 3, pool=ModelPool(2**30), upscale="2x")
    finally:
        shutil.rmtree(folder)
    facts = probe(events[-1].clip, clips)
    assert (facts.width, facts.height, facts.frame_count) == (128, 128, probe(bare[-1].clip, clips).frame_count)
    assert not any(isinstance(event, Note) and "keeps its size" in event.text for event in events)
