"""Clips at twice their size in a second stage: the bits of diffusers' own two pipelines called one after the other, Stop and memory in each stage. What a run does with it: `tests/tasks/test_text_to_video_finishing.py`."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import diffusers
import numpy as np
import pytest
import torch
from diffusers.pipelines.ltx import LTXLatentUpsamplerModel
from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition
from diffusers.pipelines.ltx2 import LTX2LatentUpsamplerModel
from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition
from PIL import Image

from engine.catalog import get_card
from engine.catalog.upscalers import CARDS, LTX, LTX2, ROLE, upscaler_for
from engine.catalog.video import CARDS as VIDEO
from engine.errors import OutOfMemory
from engine.hub import looks, session
from engine.hub.adapters import Adapter
from engine.hub.fit import Fit, Learnt, Machine, choose
from engine.hub.needs import needs_of
from engine.hub.pipeline import frames_of
from engine.hub.session import Extras, opened
from tests.hub import checks, placed
from tests.hub.tiny import ltx

DEV, DISTILLED, SOUND = "ltx-video-13b", "ltx-video-13b-distilled", "ltx-2"
REFINED = {DEV: 4, DISTILLED: 3, SOUND: 3}
"""Steps of the second stage: the last four of ten; of four listed ones all but the first; three."""


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    noise = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    with patch.object(looks, "stills", lambda: noise), patch.object(session, "SHARE", float("inf")), patch.object(session.gc, "collect", lambda: 0):
        yield checks.Bed(tmp_path_factory.mktemp("upscaling"))


def asked(name, *, image):
    """A tiny card and what it is asked to draw. Pictures come at the size of the second stage."""
    card = checks.ruled(get_card(name), image=image)
    wish = checks.wish_for(card, image=image)
    picture = np.random.default_rng(1).integers(0, 255, (2 * wish.size[1], 2 * wish.size[0], 3), np.uint8) if image else None
    return card, replace(wish, first=picture)


def upsampler(bed, card):
    """Where the tiny copy of a card's upsampler lies."""
    place = bed.folder(ltx.ltx2_upsampler if card.id == SOUND else ltx.ltx_upsampler)
    lora = card.rules.upscaling.lora
    if lora and not (place / lora).is_file():
        placed.save(diffusers.LTX2Pipeline.from_pretrained(bed.place(card), local_files_only=True), place, lora.removesuffix(".safetensors"))
    return place


@contextmanager
def laid(bed, card, wish, extras=None, **context):
    extras = Extras(upsampler=upsampler(bed, card)) if extras is None else extras
    with opened(card, bed.place(card), bed.context(**context), image=wish.first is not None, size=wish.size, frames=wish.frames, extras=extras) as found:
        yield found


def drawn(bed, card, wish, **context):
    """(told of the first stage, told of the second, frames) of both stages."""
    with laid(bed, card, wish, **context) as found:
        first = list(found.steps(wish))
        second = [] if found.stopped else list(found.refine(wish))
        return first, second, found.frames()


def by_hand(bed, card, wish):
    """The frames of diffusers' two pipelines, loaded by diffusers and called one after the other with the figures of its documentation."""
    whole = diffusers.LTXConditionPipeline.from_pretrained(bed.place(card), local_files_only=True)
    net = LTXLatentUpsamplerModel.from_pretrained(bed.folder(ltx.ltx_upsampler), subfolder="latent_upsampler", local_files_only=True)
    larger = diffusers.LTXLatentUpsamplePipeline(whole.vae, net)
    for pipeline in (whole, larger):
        pipeline.set_progress_bar_config(disable=True)
    shared = {
        "prompt": wish.prompt, "num_frames": wish.frames, "frame_rate": 24, "decode_timestep": 0.05, "decode_noise_scale": 0.025,
        "conditions": None if wish.first is None else [LTXVideoCondition(image=Image.fromarray(wish.first), frame_index=0)],
    }  # fmt: skip
    (width, height), seed = wish.size, lambda: torch.Generator().manual_seed(wish.seed)
    if card.id == DEV:
        shared |= {"negative_prompt": wish.negative, "guidance_scale": wish.guidance}
        one, two, three = {"num_inference_steps": wish.steps}, {}, {"num_inference_steps": 10, "denoise_strength": 0.4}
    else:
        shared |= {"guidance_scale": 1.0, "image_cond_noise_scale": 0.0}
        one, two = {"timesteps": [1000, 993, 987, 981, 975, 909, 725, 0.03]}, {"adain_factor": 1.0, "tone_map_compression_ratio": 0.6}
        three = {"timesteps": [1000, 909, 725, 421, 0], "denoise_strength": 0.999}
    latents = whole(**shared, **one, width=width, height=height, generator=seed(), output_type="latent").frames
    latents = larger(latents=latents, output_type="latent", **two).frames
    return frames_of(whole(**shared, **three, latents=latents, width=2 * width, height=2 * height, generator=seed(), output_type="np"))


def with_sound_by_hand(bed, card, wish):
    """The same for LTX-2: (frames, sound). The LoRA is worn in the second call alone, whose scheduler takes the noise levels as they are."""
    kind = diffusers.LTX2Pipeline if wish.first is None else diffusers.LTX2ConditionPipeline
    whole = kind.from_pretrained(bed.place(card), local_files_only=True)
    place = upsampler(bed, card)
    larger = diffusers.LTX2LatentUpsamplePipeline(whole.vae, LTX2LatentUpsamplerModel.from_pretrained(place, subfolder="latent_upsampler", local_files_only=True))
    whole.set_progress_bar_config(disable=True)
    stills = {} if wish.first is None else {"conditions": [LTX2VideoCondition(frames=Image.fromarray(wish.first), index=0)]}
    shared = {"prompt": wish.prompt, "negative_prompt": wish.negative, "num_frames": wish.frames, "frame_rate": 24, "return_dict": False, **card.rules.fixed, **stills}
    (width, height), seed = wish.size, lambda: torch.Generator().manual_seed(wish.seed)
    latents, sound = whole(**shared, width=width, height=height, num_inference_steps=wish.steps, guidance_scale=wish.guidance, generator=seed(), output_type="latent")
    latents = larger(latents=latents, output_type="latent", return_dict=False)[0]
    whole.load_lora_weights(place, weight_name=card.rules.upscaling.lora)
    whole.scheduler = diffusers.FlowMatchEulerDiscreteScheduler.from_config(whole.scheduler.config, use_dynamic_shifting=False, shift_terminal=None)
    levels = [0.909375, 0.725, 0.421875]
    frames, sound = whole(
        **shared, latents=latents, audio_latents=sound, width=2 * width, height=2 * height, num_inference_steps=3, sigmas=levels, noise_scale=levels[0], guidance_scale=1.0, generator=seed(),
        output_type="np",
    )  # fmt: skip
    return frames_of(SimpleNamespace(frames=frames)), sound[0].numpy().T


@pytest.mark.parametrize("image", [False, True], ids=["words", "picture"])
def test_sound_and_pictures_are_refined_together(bed, image):
    card, wish = asked(SOUND, image=image)
    with laid(bed, card, wish) as found:
        first, second = list(found.steps(wish)), list(found.refine(wish))
        frames, (sound, _) = found.frames(), found.sound
        assert not found.pipeline.get_list_adapters().get("transformer")
    expected, heard = with_sound_by_hand(bed, card, wish)
    assert frames.shape == (wish.frames, 2 * wish.size[1], 2 * wish.size[0], 3) and frames.std() > 1
    assert np.array_equal(frames, expected)
    assert np.array_equal(sound, np.clip(heard, -1, 1))
    assert checks.counted(first) == [1, 2, 3] == checks.counted(second)[-3:]


def test_what_the_user_wears_is_worn_in_both_stages_and_the_models_own_in_the_second_alone(bed):
    card, wish = asked(SOUND, image=False)
    place = upsampler(bed, card)
    mine = Adapter("mine", place / card.rules.upscaling.lora, 0.5)
    with laid(bed, card, wish, Extras(upsampler=place, adapters=(mine,))) as found:
        net = found.pipeline.transformer
        for told in found.steps(wish):
            assert net.active_adapters() == ["lora0"], told
        for done, _ in found.refine(wish):
            assert net.active_adapters() == ["lora0", "lora1"] if done else True
        assert net.active_adapters() == ["lora0"]
    with laid(bed, card, wish, Extras()) as found:
        assert not getattr(found.pipeline.transformer, "peft_config", {})


@pytest.mark.parametrize("image", [False, True], ids=["words", "picture"])
@pytest.mark.parametrize("name", [DEV, DISTILLED])
def test_both_stages_are_the_bits_of_diffusers_own_pipelines(bed, name, image):
    card, wish = asked(name, image=image)
    first, second, frames = drawn(bed, card, wish)
    width, height = wish.size
    assert frames.shape == (wish.frames, 2 * height, 2 * width, 3)
    assert frames.std() > 3
    assert np.array_equal(frames, by_hand(bed, card, wish))
    assert checks.counted(first) == list(range(1, wish.steps + 1))
    assert checks.counted(second)[-REFINED[name] :] == list(range(1, REFINED[name] + 1))
    seen = [look for _, look in second if look is not None]
    assert len(seen) >= REFINED[name] - 1 and {look.shape[1:3] for look in seen} == {(height // 16, width // 16)}


def test_the_net_stays_and_gives_the_same_bits_cold_and_warm(bed):
    card, wish = asked(DISTILLED, image=False)
    with patch.object(bed, "pool", None):
        _, _, alone = drawn(bed, card, wish)
    runs = [drawn(bed, card, wish)[2] for _ in range(2)]
    assert all(np.array_equal(frames, alone) for frames in runs)
    held = [one for one in bed.pool.stats()["models"] if one["key"].startswith("LTXLatentUpsamplerModel:")]
    assert len(held) == 1 and not held[0]["users"]


@pytest.mark.parametrize("name", [DISTILLED, SOUND])
def test_stop_ends_either_stage_with_what_is_there(bed, name):
    card, wish = asked(name, image=False)
    plain = Extras()
    with laid(bed, card, wish, plain) as found:
        list(found.steps(wish))
        ordinary = found.frames()
    # In the first stage: what the call without a second one would have shown.
    with laid(bed, card, wish, plain, cancelled=lambda: True) as found:
        list(found.steps(wish))
        early = found.frames()
    first, second, frames = drawn(bed, card, wish, cancelled=lambda: True)
    assert checks.counted(first) == [1] and not second and np.array_equal(frames, early)
    # Between the two: the whole clip at its first size.
    with laid(bed, card, wish, cancelled=lambda: found is not None and found._watched.done == wish.steps) as found:
        assert checks.counted(found.steps(wish)) == list(range(1, wish.steps + 1))
        assert found.stopped and np.array_equal(found.frames(), ordinary)
    # In the second.
    later: list[int] = []
    with laid(bed, card, wish, cancelled=lambda: bool(later)) as found:
        list(found.steps(wish))
        for done, _ in found.refine(wish):
            later += [done] if done else []
        frames = found.frames()
        assert found.stopped and later[-1] == 2
        assert frames.shape[1:3] == (2 * wish.size[1], 2 * wish.size[0]) and frames.std() > 3


def test_a_step_of_the_second_stage_tells_the_clean_latents(bed):
    """From two neighbours on the straight way between the noise levels of the listed steps."""
    card, wish = asked(DISTILLED, image=False)
    with laid(bed, card, wish) as found:
        list(found.steps(wish))
        told = []
        with patch.object(found, "_look", lambda step, *given: told.append(step)):
            list(found.refine(wish))
    two, three = told
    expected = (0.725 * two.after - 0.421 * two.before) / (0.725 - 0.421)
    assert torch.allclose(two.x0, expected, atol=1e-4)
    assert torch.equal(three.x0, three.after)


@pytest.mark.parametrize("fit", placed.MODES, ids=lambda fit: fit.mode)
@pytest.mark.parametrize("name", [DISTILLED, SOUND])
def test_a_net_that_is_moved_comes_back(bed, name, fit):
    card, wish = asked(name, image=False)
    _, _, whole = drawn(bed, card, wish)
    # Pipelines place their nets anew when an adapter was loaded, where no card is found but by this.
    own = diffusers.DiffusionPipeline.enable_model_cpu_offload
    with placed.placed(fit), patch.object(diffusers.DiffusionPipeline, "enable_model_cpu_offload", lambda self, **given: own(self, device=torch.device("cpu", 0))):
        _, _, moved = drawn(bed, card, wish)
    assert np.abs(moved.astype(int) - whole).max() <= 1
    assert np.array_equal(drawn(bed, card, wish)[2], whole)


def test_weights_in_fewer_bits_wear_the_second_stages_adapter(bed):
    card, wish = asked(SOUND, image=False)
    _, _, whole = drawn(bed, card, wish)
    with placed.placed(Fit("processor", "float8")):
        _, _, small = drawn(bed, card, wish)
    assert 0 < np.abs(small.astype(int) - whole).mean() < 5


def test_memory_that_runs_out_in_the_second_stage_is_told_and_the_next_clip_is_fine(bed):
    card, wish = asked(DISTILLED, image=False)
    _, _, whole = drawn(bed, card, wish)
    with pytest.raises(OutOfMemory, match="leave out upscale"), laid(bed, card, wish) as found:
        list(found.steps(wish))
        hook = found.pipeline.transformer.register_forward_pre_hook(checks._full)
        try:
            list(found.refine(wish))
        finally:
            hook.remove()
    assert np.array_equal(drawn(bed, card, wish)[2], whole)


def test_the_larger_stage_counts(bed, tmp_path):
    card, wish = asked(DEV, image=False)
    learnt, net = Learnt(tmp_path), bed.folder(ltx.ltx_upsampler)
    one, two = (needs_of(card, bed.place(card), wish.size, wish.frames, learnt, bytes_each=4, upsampler=place) for place in (None, net))
    assert two.activations == pytest.approx(4 * one.activations)
    assert set(two.nets) - set(one.nets) == {"latent_upsampler"} and two.nets["latent_upsampler"] > 0.1
    machine = Machine("cpu", 0.0, 0.7 * one.activations / 0.9)
    choose(one, machine, card.title)
    with pytest.raises(OutOfMemory, match="leave out upscale"):
        choose(two, machine, card.title)


def test_cards_fit_the_models_that_name_them():
    users = {net.id: [card for card in VIDEO if upscaler_for(card.rules) is net] for net in CARDS}
    assert {name: [card.id for card in cards] for name, cards in users.items()} == {LTX.id: [DEV, DISTILLED], LTX2.id: [SOUND]}
    for net in CARDS:
        assert get_card(net.id) is net and net.role == ROLE
        for card in users[net.id]:
            rules = card.rules.upscaling
            assert card.licence == net.licence and (not rules.lora or rules.lora in {file.name for file in net.files})
