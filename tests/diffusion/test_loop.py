"""The loop equals stock sampling, resumes bit for bit, and every hook takes part."""

from __future__ import annotations

from itertools import islice

import pytest
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel

from engine.diffusion.levels import Levels, diffused
from engine.diffusion.loop import Call, Guidance, Hooks, Known, denoise, finish
from engine.errors import Cancelled, InvalidInput
from engine.training import image
from tests.diffusion import toy

START = toy.noise(1, 3, 4, 8, 8)


def levels(steps: int = 5) -> Levels:
    return Levels.of(image.scheduler(), steps)


def drawn(**more) -> torch.Tensor:
    return finish(denoise(toy.parts().unet, more.pop("levels", levels()), more.pop("latents", START), more.pop("states", toy.states()), **more))


@pytest.mark.parametrize("prediction", ["v_prediction", "epsilon", "sample"])
@pytest.mark.parametrize(("spacing", "one"), [("trailing", True), ("leading", False), ("linspace", True)])
def test_the_update_equals_diffusers(prediction, spacing, one):
    scheduler = DDIMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, prediction_type=prediction, timestep_spacing=spacing, clip_sample=False, steps_offset=1,
        set_alpha_to_one=one,
    )  # fmt: skip
    steps = 10 if spacing != "linspace" else 1
    scheduler.set_timesteps(steps)
    own, wanted = Levels.of(scheduler, steps), START.clone()
    assert own.timesteps == tuple(scheduler.timesteps.tolist())
    latents = START
    for step, timestep in enumerate(scheduler.timesteps):
        output = torch.sin(3 * wanted) + 0.1 * timestep / 1000
        wanted = scheduler.step(output, int(timestep), wanted).prev_sample
        latents = own.following(*own.read(torch.sin(3 * latents) + 0.1 * timestep / 1000, latents, step), step)
    assert (latents - wanted).abs().max() < 1e-4 * wanted.abs().max()


def test_levels_for_every_number_of_steps():
    for spacing, offset in (("trailing", 0), ("leading", 1)):
        scheduler = DDIMScheduler(timestep_spacing=spacing, steps_offset=offset)
        for steps in (1, 7, 12, 999, 1000):
            own = Levels.of(scheduler, steps)
            assert len(own.alphas) == own.steps + 1 and own.steps in (steps, steps - 1)
            assert all(a < b for a, b in zip(own.alphas, own.alphas[1:], strict=False)) and own.timesteps[0] <= 999
    for steps in (0, 1001):
        with pytest.raises(InvalidInput, match=f"steps={steps}"):
            Levels.of(scheduler, steps)
    assert levels(10).start(1) == 0 and levels(10).start(0) == 10 and levels(10).start(0.6) == 4


def test_a_whole_run_equals_the_stock_pipeline():
    own = toy.parts()
    stock = image.pipeline(own.unet, own.vae, own.tokenizer, own.text_encoder)
    texts = ["a red boat", "the sea at night"]
    noise = toy.noise(2, 4, 8, 8)
    wanted = stock(texts, negative_prompt=["blue", "blue"], num_inference_steps=5, guidance_scale=4.0, guidance_rescale=0.3, latents=noise, output_type="latent").images
    # The two texts are the two frames.
    found = drawn(latents=noise[None], states=own.text_states(texts), negative=own.text_states(["blue"])[0], guidance=Guidance(4.0, 0.3))[0]
    assert (found - wanted).abs().max() < 1e-3 * wanted.std()
    assert (drawn(latents=noise[None], states=own.text_states(texts))[0] - wanted).abs().max() > 0.1 * wanted.std()  # without guidance


def test_guidance_of_one_takes_one_pass_and_more_takes_one_batch():
    rows = []

    def model(latents, timestep, states, **extra):
        rows.append(len(latents))
        return latents * 0.1 + states.mean()

    list(denoise(model, levels(2), START, toy.states(), negative=toy.states(seed=6)))
    list(denoise(model, levels(2), START, toy.states(), negative=toy.states(seed=6), guidance=Guidance(3.0)))
    assert rows == [1, 1, 2, 2]
    with pytest.raises(ValueError, match="negative"):
        next(denoise(model, levels(2), START, toy.states(), guidance=Guidance(3.0)))


def test_a_draft_is_finished_with_the_same_bits():
    known = Known(toy.noise(1, 3, 4, 8, 8, seed=3), torch.tensor([1.0, 0.5, 0.0]).view(3, 1, 1, 1), toy.noise(1, 3, 4, 8, 8, seed=4))
    how = {"negative": toy.states(seed=6), "guidance": Guidance(3.0), "known": known}
    steps = list(denoise(toy.parts().unet, levels(), START, toy.states(), **how))
    assert [(one.step, one.total) for one in steps] == [(k, 5) for k in range(1, 6)]
    draft = list(islice(denoise(toy.parts().unet, levels(), START, toy.states(), **how), 2))[-1]
    rest = list(denoise(toy.parts().unet, levels(), draft.latents, toy.states(), start_at=draft.step, **how))
    assert torch.equal(rest[-1].latents, steps[-1].latents) and torch.equal(rest[0].x0, steps[2].x0)
    again = drawn(latents=draft.latents, start_at=1, **how)
    assert not torch.equal(again, steps[-1].latents)  # from the wrong step
    assert [one.step for one in denoise(toy.parts().unet, levels(), START, toy.states(), stop_at=2)] == [1, 2]


def test_texts_by_frame_reach_their_frames():
    each = toy.states(3)
    found = drawn(states=each)
    for k in range(3):
        alone = drawn(latents=START[:, k : k + 1], states=each[k])
        assert (alone - found[:, k : k + 1]).abs().max() < 1e-3
    assert (drawn(states=each[0]) - found)[:, 1].abs().max() > 0.01  # the first text for all


def test_takes_are_what_they_are_alone():
    two = toy.noise(2, 3, 4, 8, 8)
    found = drawn(latents=two, negative=toy.states(seed=6), guidance=Guidance(2.0), states=torch.stack([toy.states(), toy.states(seed=7)])[:, None])
    alone = drawn(latents=two[1:], negative=toy.states(seed=6), guidance=Guidance(2.0), states=toy.states(seed=7))
    assert (found[1:] - alone).abs().max() < 1e-3  # branches and takes mixed up: about 1


def test_what_is_known_comes_back_and_the_rest_is_drawn_to_it():
    given = toy.noise(1, 3, 4, 8, 8, seed=3)
    frames = Known(given, torch.tensor([1.0, 0.0, 1.0]).view(3, 1, 1, 1), toy.noise(1, 3, 4, 8, 8, seed=4))
    found = drawn(known=frames)
    assert torch.equal(found[:, 0], given[:, 0]) and torch.equal(found[:, 2], given[:, 2]) and not torch.equal(found[:, 1], given[:, 1])
    mask = torch.zeros(1, 1, 1, 8, 8)
    mask[..., :4] = 1
    half = drawn(known=Known(given, mask, frames.noise))
    assert torch.equal(half[..., :4], given[..., :4])
    assert (half[..., 4:] - drawn()[..., 4:]).abs().max() > 0.01  # the given half is seen while the other is drawn: pasted at the end, 0


def test_a_start_by_strength_keeps_more_the_smaller_it_is():
    clean = toy.noise(1, 3, 4, 8, 8, seed=3)
    ten, change = levels(10), []
    for strength in (0.2, 0.8):
        start = ten.start(strength)
        change.append(float((drawn(levels=ten, latents=ten.noised(clean, START, start), start_at=start) - clean).std()))
    assert change[0] < 0.7 * change[1]
    assert not list(denoise(toy.parts().unet, ten, clean, toy.states(), start_at=ten.start(0.0)))


def test_every_hook_takes_part():
    heard = []
    plain = drawn()

    def kwargs(call: Call) -> dict:
        heard.append((call.branches, call.frames, tuple(call.latents.shape), tuple(call.each(torch.zeros(1, 3, 2)).shape)))
        return {"mid_block_additional_residual": torch.ones(len(call.latents) * 3, 32, 4, 4)}

    assert (drawn(hooks=Hooks(model_kwargs=kwargs), negative=toy.states(seed=6), guidance=Guidance(2.0)) - plain).abs().max() > 0.01
    assert heard[0] == (("text", "negative"), (0, 1, 2), (2, 3, 4, 8, 8), (2, 3, 2)) and len(heard) == 5
    moments = []
    drawn(hooks=Hooks(before_step=lambda moment: moments.append((moment.step, moment.timestep, moment.alpha))))
    assert moments == [(k, levels().timesteps[k], levels().alphas[k]) for k in range(5)]
    assert torch.equal(drawn(hooks=Hooks(on_x0=lambda moment, x0, noise: (torch.zeros_like(x0), torch.zeros_like(noise)))), torch.zeros_like(START))
    assert torch.equal(drawn(hooks=Hooks(after_step=lambda moment, latents: latents + (moment.step == 4))), plain + 1)
    other = Hooks(branches={"more": toy.states(seed=6)}, guide=lambda outputs, call: 2 * outputs["text"] - outputs["more"])
    wanted = drawn(negative=toy.states(seed=6), guidance=Guidance(2.0))
    assert (drawn(hooks=other) - wanted).abs().max() < 1e-3
    assert (wanted - plain).abs().max() > 0.01  # the branch left out


def test_conditions_by_channel_enter_by_the_input_hook():
    torch.manual_seed(0)
    wide = toy.shaken(UNet2DConditionModel.from_config({**toy.parts().unet.config, "in_channels": 9}))
    given = toy.noise(1, 3, 5, 8, 8)
    found = finish(denoise(wide, levels(2), START, toy.states(), hooks=Hooks(model_input=lambda call: torch.cat([call.latents, call.each(given)], 2))))
    zeros = finish(denoise(wide, levels(2), START, toy.states(), hooks=Hooks(model_input=lambda call: torch.cat([call.latents, 0 * call.each(given)], 2))))
    assert found.shape == START.shape and (found - zeros).abs().max() > 0.01


def test_it_stops_between_evaluations_and_leaves_gradients_on_outside():
    count = []

    def stop() -> None:
        count.append(1)
        if len(count) == 3:
            raise Cancelled

    done = []
    with pytest.raises(Cancelled):
        for one in denoise(toy.parts().unet, levels(), START, toy.states(), checkpoint=stop):
            assert torch.is_grad_enabled()
            done.append(one.step)
    assert done == [1, 2]


def test_fresh_noise_takes_latents_to_a_lower_level():
    clean, noise, more = (toy.noise(1, 4, 4, 64, 64, seed=k) for k in range(3))
    own = levels(10)
    mixed = diffused(own.noised(clean, noise, 7), more, own.alphas[7], own.alphas[3])
    signal = float((mixed * clean).mean() / clean.pow(2).mean())
    assert signal == pytest.approx(own.alphas[3] ** 0.5, abs=0.02) and float(mixed.std()) == pytest.approx(1, abs=0.02)  # as they were: 0.9
