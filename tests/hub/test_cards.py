"""Every card of a large model, on its tiny copy: the checks of `tests.hub.checks` for all of them, and what single families can do besides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from bench.cards import FIRST, LAST, rows_of
from engine.catalog import pictures
from engine.catalog.own import card_like
from engine.catalog.video import CARDS
from engine.hub import components
from engine.hub.decoding import decoded
from engine.hub.looks import grid, normalised, restored
from engine.hub.pipeline import arguments, frames_of
from engine.media.probe import probe
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Note, Preview, Progress
from engine.tasks.text_to_video import hub
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.cost import forecast
from engine.tasks.text_to_video.plan import size_for
from engine.tasks.text_to_video.request import TextToVideoRequest
from tests.hub import tiny
from tests.hub.checks import Bed, by_hand, counted, laid, modes, ruled, wish_for
from tests.hub.columns import COLUMNS

BY_ID = {card.id: card for card in CARDS}
FAMILIES = {family: [card for card in CARDS if card.family == family] for family in dict.fromkeys(card.family for card in CARDS)}


@pytest.fixture(scope="session")
def bed(tmp_path_factory):
    return Bed(tmp_path_factory.mktemp("cards"))


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_card(bed, card, column):
    assert COLUMNS[column](bed, card)


def test_every_card_has_a_row():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert readme.count(FIRST) == readme.count(LAST) == 1
    assert set(rows_of(readme)) == {*BY_ID, *(card.id for card in pictures.CARDS)}


def test_checks_fail_for_a_card_without_a_tiny_copy(bed):
    with pytest.raises(AssertionError, match="no maker"):
        bed.place(CARDS[0].model_copy(update={"id": "unknown"}))


@pytest.mark.parametrize("family", FAMILIES)
def test_loading_by_parts_is_loading_by_diffusers(bed, family):
    import diffusers

    card = FAMILIES[family][0]
    image = modes(card)[0]
    small, record = ruled(card, image=image), bed.record(card, image=image)
    drawing, place = small.drawing, bed.place(card)
    kind = getattr(diffusers, record.kind)
    variant = {"mochi": "bf16", "svd": "fp16"}.get(family)
    if isinstance(place, components.Joined):
        pipeline = kind.from_pretrained(place.base, motion_adapter=diffusers.MotionAdapter.from_pretrained(place.part), local_files_only=True)
    else:
        pipeline = kind.from_pretrained(place, variant=variant, local_files_only=True)
    sampler = getattr(diffusers, drawing.sampler) if drawing.sampler else type(pipeline.scheduler)
    pipeline.scheduler = sampler.from_config(pipeline.scheduler.config, **drawing.scheduler)
    pipeline.set_progress_bar_config(disable=True)
    assert np.array_equal(frames_of(by_hand(pipeline, small, record.wish)), record.frames)


def opened_parts(bed, card):
    """Which parts were read from disk when a card was opened and placed."""
    read = []
    small = ruled(card, image=modes(card)[0])
    wish = wish_for(small, image=modes(card)[0])
    with (
        patch.object(components, "load_net", lambda part, dtype, own=components.load_net: (read.append(part.name), own(part, dtype))[1]),
        patch.object(components, "load_small", lambda part, own=components.load_small: (read.append(part.name), own(part))[1]),
        laid(bed, small, wish),
    ):
        return read


@pytest.mark.parametrize("family", [name for name, cards in FAMILIES.items() if len(cards) > 1 and name != "animatediff"])
def test_cards_of_a_family_share_their_text_encoder_and_the_third_call_reads_nothing(bed, family):
    fresh = Bed(bed.root, ModelPool(2**31), bed._made)
    first, second = FAMILIES[family][:2]
    assert "text_encoder" in opened_parts(fresh, first)
    assert "text_encoder" not in opened_parts(fresh, second)
    assert opened_parts(fresh, first) == []


def test_a_motion_module_is_joined_once(bed):
    fresh = Bed(bed.root, ModelPool(2**31), bed._made)
    card = BY_ID["animatediff-v1-5-2"]
    opened_parts(fresh, card)
    keys = [one["key"] for one in fresh.pool.stats()["models"]]
    assert sum(key.startswith("UNetMotionModel") for key in keys) == 1
    assert opened_parts(fresh, card) == []


def test_weights_in_several_files_of_one_precision_are_all_taken(bed):
    folder = bed.folder(tiny.MAKERS["mochi-1"])
    part = next(one for one in components.components_of(folder) if one.name == "transformer")
    assert part.variant == "bf16"
    assert len(part.weights) > 1


# Windows in one call


def long_wish(card, **more):
    """41 frames in windows of 17 that share 5: three passes."""
    return wish_for(card, image=False, frames=41, steps=2, **more)


def test_a_long_clip_is_drawn_window_by_window(bed):
    card = ruled(BY_ID["skyreels-v2-df-1-3b"], image=False)
    wish = long_wish(card)
    assert card.drawing.passes(41) == 3
    with laid(bed, card, wish) as found:
        told = list(found.steps(wish))
        assert counted(told) == [1, 2, 3, 4, 5, 6]
        assert found._watched.total == 6
        assert [look is None for _, look in told] == [True, False] * 3
        frames = found.frames()
        assert len(frames) == 41
        assert np.array_equal(frames, frames_of(by_hand(found.pipeline, card, wish)))


def test_a_long_clip_that_is_stopped_keeps_the_windows_that_were_finished(bed):
    card = ruled(BY_ID["skyreels-v2-df-1-3b"], image=False)
    wish = long_wish(card)
    with laid(bed, card, wish) as found:
        list(found.steps(wish))
        whole = found.frames()
    with laid(bed, card, wish) as found:
        found.run.cancelled = lambda: found._watched.done >= 3
        assert counted(found.steps(wish)) == [1, 2, 3]
        assert found.stopped
        frames = found.frames()
    # The first window is whole; of the second, which had just begun, there is only noise.
    assert len(frames) == 17
    assert np.abs(frames.astype(int) - whole[:17]).max() <= 1


@pytest.mark.parametrize("name", ["skyreels-v2-df-1-3b", "sana-video-2b-720p", "cogvideox-1-5-5b"])
def test_what_is_decoded_after_a_stop_is_what_the_pipeline_decodes(bed, name):
    card = ruled(BY_ID[name], image=False)
    wish = wish_for(card, image=False)
    with laid(bed, card, wish) as found:
        list(found.steps(wish))
        own = found.frames()
        again = frames_of(decoded(found.pipeline, card.drawing, [found._watched.latents]))
        assert np.abs(own.astype(int) - again).max() <= 1


@pytest.mark.parametrize("name", ["wan-2-1-t2v-1-3b", "ltx-video-2b", "sana-video-2b-720p", "mochi-1", "cogvideox-2b"])
def test_restoring_undoes_normalising(bed, name):
    import torch

    card = ruled(BY_ID[name], image=False)
    with laid(bed, card, wish_for(card, image=False)) as found:
        vae = found.pipeline.vae
        channels = vae.config.get("z_dim") or vae.config.latent_channels
        raw = torch.randn(1, channels, 1, 2, 2, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(restored(vae, normalised(vae, raw)), raw, rtol=1e-4, atol=1e-4)


# CogVideoX 1.5


@pytest.mark.parametrize("name", ["cogvideox-1-5-5b", "cogvideox-1-5-5b-i2v"])
def test_the_frame_that_is_put_before_a_clip_is_in_neither_preview_nor_frames(bed, name):
    image = modes(BY_ID[name])[0]
    card = ruled(BY_ID[name], image=image)
    wish = wish_for(card, image=image)
    with laid(bed, card, wish) as found:
        list(found.steps(wish))
        latents = found._watched.latents
        assert latents.shape[1] == 6  # 17 frames are 5 of the latents
        seen = grid(found.pipeline, card.drawing, latents, wish.size, wish.frames)
        assert np.array_equal(seen, latents[0, 1:].numpy())
        whole = found.frames()
        assert np.abs(whole.astype(int) - frames_of(decoded(found.pipeline, card.drawing, [latents]))).max() <= 1
        other = latents.clone()
        other[:, 0] += 5
        assert np.array_equal(frames_of(decoded(found.pipeline, card.drawing, [other])), frames_of(decoded(found.pipeline, card.drawing, [latents])))


@pytest.mark.parametrize(("seconds", "frames"), [(1, 17), (2, 33), (5, 81), (10, 161), (20, 161)])
def test_counts_of_frames_are_those_that_become_an_odd_count_of_latents(seconds, frames):
    drawing = BY_ID["cogvideox-1-5-5b"].drawing
    assert drawing.count(seconds * 16 + 1) == frames
    assert ((frames - 1) // 4 + 1) % 2 == drawing.padding


@pytest.mark.parametrize(("asked", "words", "picture"), [
    ((1920, 1080), (1360, 768), (1360, 768)), ((3000, 1000), (1360, 768), (1360, 768)), ((640, 480), (1360, 768), (1024, 768)), ((500, 500), (1360, 768), (768, 768)),
    ((480, 854), (1360, 768), (768, 768)),
])  # fmt: skip
def test_sizes_stay_within_what_was_taught(asked, words, picture):
    assert size_for(BY_ID["cogvideox-1-5-5b"].drawing, *asked) == words
    assert size_for(BY_ID["cogvideox-1-5-5b-i2v"].drawing, *asked) == picture


@pytest.mark.parametrize("name", ["cogvideox-2b", "cogvideox-5b-i2v", "cogvideox-1-5-5b", "cogvideox-1-5-5b-i2v", "sana-video-2b", "sana-video-2b-720p"])
def test_a_folder_of_the_user_is_known_by_the_marks_of_its_net(bed, name):
    found = card_like(bed.place(BY_ID[name]))
    assert (found.rules.padding, found.rules.frames, found.rules.width) == (BY_ID[name].rules.padding, BY_ID[name].rules.frames, BY_ID[name].rules.width)


# AnimateDiff


def test_freenoise_draws_more_than_sixteen_frames_and_leaves_the_net_as_it_was(bed):
    card = ruled(BY_ID["animatediff-v1-5-2"], image=False, context=8)
    wish = wish_for(card, image=False, frames=16, steps=2)
    short = wish_for(card, image=False, frames=8, steps=2)
    with laid(bed, card, short) as found:
        list(found.steps(short))
        before = found.frames()
    with laid(bed, card, wish) as found:
        list(found.steps(wish))
        assert found.frames().shape[0] == 16
        assert not any("FreeNoise" in type(part).__name__ for part in found.pipeline.unet.modules())
        kinds = []
        hook = found.pipeline.unet.register_forward_pre_hook(lambda net, given: kinds.append(any("FreeNoise" in type(part).__name__ for part in net.modules())))
        list(found.steps(wish))
        hook.remove()
        assert kinds and all(kinds)
    with laid(bed, card, short) as found:
        list(found.steps(short))
        assert np.array_equal(found.frames(), before)


def test_freeinit_begins_three_times_and_can_be_stopped(bed):
    card = ruled(BY_ID["animatediff-v1-5-2"], image=False)
    wish = wish_for(card, image=False, steps=2, free_init=True)
    plain = wish_for(card, image=False, steps=2)
    with laid(bed, card, plain) as found:
        list(found.steps(plain))
        once = found.frames()
    with laid(bed, card, wish) as found:
        assert counted(found.steps(wish)) == [1, 2, 3, 4, 5, 6]
        thrice = found.frames()
    assert not np.array_equal(once, thrice)
    with laid(bed, card, wish) as found:
        found.run.cancelled = lambda: found._watched.done >= 3
        assert counted(found.steps(wish)) == [1, 2, 3]
        assert found.stopped
        # The third step is the first of the second beginning: what the first one came to is kept.
        assert np.abs(found.frames().astype(int) - once).max() <= 1


def test_the_forecast_of_a_motion_module_counts_the_model_that_it_moves(bed, tmp_path):
    request = TextToVideoRequest.model_validate({"prompt": "a boat", "model": "animatediff-v1-5-2"})
    settings = Settings(data_dir=tmp_path, device="cpu")
    (tmp_path / "models").mkdir()
    (tmp_path / "models/animatediff-v1-5-2").symlink_to(bed.folder(tiny.MAKERS["animatediff-v1-5-2"]))
    assert "there is no checkpoint" in forecast(request, settings).line
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/mine").symlink_to(bed.folder(tiny.animatediff.checkpoint))
    told = forecast(request, settings)
    assert told.able and told.line.startswith("AnimateDiff v2")


# Arguments as data


def given(bed, name, **wish):
    image = wish.pop("image", modes(BY_ID[name])[0])
    card = ruled(BY_ID[name], image=image)
    asked = wish_for(card, image=image, **wish)
    with laid(bed, card, asked) as found:
        return arguments(found.pipeline, card.drawing, asked)


@pytest.mark.parametrize(("strength", "bucket"), [(0.0, 1), (1.0, 127), (1.5, 191), (2.0, 255)])
def test_motion_becomes_the_bucket_of_stable_video_diffusion(bed, strength, bucket):
    found = given(bed, "svd-xt", motion=strength)
    assert found["motion_bucket_id"] == bucket
    assert "prompt" not in found


def test_motion_becomes_words_for_sana(bed):
    assert given(bed, "sana-video-2b", motion=1.0)["prompt"].endswith("a red boat motion score: 30.")


def test_steps_of_a_distilled_model_are_its_own_until_another_count_is_asked(bed):
    assert given(bed, "ltx-video-13b-distilled")["timesteps"][-1] == 0.03
    assert "timesteps" not in given(bed, "ltx-video-13b-distilled", steps=5)


def test_pictures_stand_at_frames_of_the_clip_or_of_the_latents(bed):
    picture = np.zeros((64, 64, 3), np.uint8)
    found = given(bed, "ltx-video-2b", image=True, frames=33, stills=((15, picture),), last=picture)
    assert [one.frame_index for one in found["conditions"]] == [0, 16, 32]
    found = given(bed, "ltx-2", image=True, frames=33, stills=((15, picture),), last=picture)
    assert [one.index for one in found["conditions"]] == [0, 2, 4]


def test_pictures_beside_the_clip_are_not_in_its_preview(bed):
    picture = np.zeros((64, 64, 3), np.uint8)
    for name in ("ltx-video-2b", "ltx-2"):
        card = ruled(BY_ID[name], image=True)
        wish = wish_for(card, image=True, frames=17, steps=2, last=picture)
        with laid(bed, card, wish) as found:
            seen = [look for _, look in found.steps(wish) if look is not None]
            assert seen and all(look.shape == (3, wish.size[1] // 32, wish.size[0] // 32, 3) for look in seen)


def test_guidance_is_set_at_the_guider_for_one_call(bed):
    card = ruled(BY_ID["hunyuan-video-1-5-t2v"], image=False)
    wish = wish_for(card, image=False, steps=2)
    with laid(bed, card, wish) as found:
        guider = found.pipeline.guider
        list(found.steps(wish))
        assert found.pipeline.guider is guider
        usual = found.frames()
    stronger = replace(wish, guidance=12.0)
    with laid(bed, card, stronger) as found:
        list(found.steps(stronger))
        assert not np.array_equal(found.frames(), usual)


def test_sizes_that_sana_was_taught_are_those_of_its_own_kind(bed):
    """A tiny copy as the real one is, told apart by its sample size: 1280x704 is drawn in 11 frames of 22 rows of 40 places."""
    from diffusers.pipelines.sana_video import pipeline_sana_video as sana

    large = BY_ID["sana-video-2b-720p"].drawing
    assert [large.height, large.width] in sana.ASPECT_RATIO_720_BIN.values()
    card = ruled(BY_ID["sana-video-2b-720p"], image=False)
    with laid(bed, card, wish_for(card, image=False)) as found:
        assert found.pipeline.transformer.config.sample_size == 22
        shape = found.pipeline.prepare_latents(1, 8, large.height, large.width, large.frames, generator=None, dtype=None, device=None).shape
    assert tuple(shape[2:]) == (11, 22, 40)


def test_rules_change_with_a_first_picture():
    drawing = BY_ID["skyreels-v2-df-1-3b"].drawing
    assert (drawing.given(image=False).guidance, drawing.given(image=True).guidance) == (6.0, 5.0)
    assert drawing.given(image=True).scheduler == {"flow_shift": 5.0}


# Through the provider


def clip(bed, tmp_path, name, card=None, **fields):
    """(events, what was made) of a request, drawn by the provider with the tiny copy of a card."""
    asked = {"prompt": "a red boat", "model": name, "seconds": 0.5, "fps": 24, "width": 64, "height": 64, "steps": 2, **fields}
    run = bed.context()
    run.directory = tmp_path
    noise = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    small = tiny.small(card or BY_ID[name])
    with patch("engine.hub.looks.stills", lambda: noise):
        events = list(hub.draw(TextToVideoRequest.model_validate(asked), run, 7, "result", small, bed.place(small)))
    return events, next(one for one in events if isinstance(one, Made))


def test_sound_is_in_the_clip(bed, tmp_path):
    events, made = clip(bed, tmp_path, "ltx-2")
    found = probe(made.clip, bed.settings)
    assert made.details["sound"] is True
    assert found.has_audio
    assert any(isinstance(event, Preview) for event in events) and any(isinstance(event, Progress) for event in events)


def test_a_clip_that_loops_is_silent_and_says_so(bed, tmp_path):
    events, made = clip(bed, tmp_path, "ltx-2", loop="boomerang")
    assert made.details["sound"] is False
    assert any(isinstance(event, Note) and "silent" in event.text for event in events)


def test_a_long_clip_of_skyreels_is_one_piece(bed, tmp_path):
    events, made = clip(bed, tmp_path, "skyreels-v2-df-1-3b", seconds=1.2)
    assert made.details["model_frames"] == 29
    told = [event for event in events if isinstance(event, Progress) and event.stage == "denoising"]
    assert [event.done for event in told] == [1, 2, 3, 4]
    assert not any(isinstance(event, Note) and "last frame" in event.text for event in events)


def test_a_picture_alone_becomes_a_clip(bed, tmp_path):
    from PIL import Image

    picture = tmp_path / "first.png"
    Image.fromarray(np.random.default_rng(2).integers(0, 255, (48, 80, 3), dtype=np.uint8)).save(picture)
    events, made = clip(bed, tmp_path, "svd-xt", first_image=picture, motion=1.5)
    found = probe(made.clip, bed.settings)
    assert (found.width, found.height, found.frame_count) == (64, 64, 12)
    assert any(isinstance(event, Note) and "no words" in event.text for event in events)


def test_what_a_model_cannot_do_is_told(bed, tmp_path):
    events, _ = clip(bed, tmp_path, "wan-2-1-t2v-1-3b", motion=2.0, free_init=True)
    notes = " ".join(event.text for event in events if isinstance(event, Note))
    assert "motion" in notes and "free init" in notes
