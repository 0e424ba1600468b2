"""Each training lowers its loss, goes on exactly after a stop, and writes what stock diffusers loads."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny, StableDiffusionImg2ImgPipeline, StableDiffusionPipeline

from engine.errors import InvalidInput, ModelUnavailable
from engine.training import home, image, status, vae
from engine.training.data import Cache
from engine.training.latents import fingerprint
from engine.training.optim import Optimiser, orthogonalised
from tests.training import toy


def equal(one: Optimiser, two: Optimiser) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.tensors().values(), two.tensors().values(), strict=True))


def test_orthogonalised_has_singular_values_near_one():
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonalised(torch.randn(24, 60) @ torch.diag(torch.logspace(0, 1, 60))))
    assert values.min() > 0.5 and values.max() < 1.4  # as given: spread over a factor of 10


def test_the_optimiser_keeps_steps_that_a_bfloat16_parameter_would_lose():
    weight = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
    optimiser = Optimiser([("weight", weight)], adam_rate=1e-4)
    for _ in range(100):
        weight.grad = torch.ones_like(weight)
        optimiser.step()
    assert float(optimiser.masters["weight"][0]) == pytest.approx(0.99, abs=1e-3)
    assert float(weight[0]) < 1  # stepping the parameter itself: 1.0 for ever


def test_a_step_with_a_broken_gradient_changes_nothing():
    weight = torch.nn.Parameter(torch.ones(3))
    optimiser = Optimiser([("weight", weight)])
    weight.grad = torch.full((3,), float("nan"))
    optimiser.step()
    assert torch.equal(weight.detach(), torch.ones(3)) and optimiser.steps == 0


def vae_training() -> vae.Training:
    return vae.Training(toy.small_vae(), kind=torch.float32)


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    cache = Cache(toy.RECIPE, tmp_path_factory.mktemp("raw"))
    cache.make(0)
    return np.array(cache.frames(0)).reshape(-1, 64, 64, 3)


def test_vae_learns_and_resumes_exactly(tmp_path, frames):
    one = vae_training()
    losses = [one.step(frames) for _ in range(20)]
    assert np.mean(losses[-3:]) < 0.75 * losses[0]  # no learning: ratio 1.00
    one.save(tmp_path / "c.safetensors")
    two = vae_training()
    two.load(tmp_path / "c.safetensors")
    assert one.step(frames) == two.step(frames) and equal(one.optimiser, two.optimiser)


def test_exported_vae_has_unit_latents_and_stock_diffusers_loads_it(tmp_path, frames):
    training = vae_training()
    for _ in range(10):
        training.step(frames)
    training.exported(vae.to_tensor(frames)).save_pretrained(tmp_path)
    model = AutoencoderTiny.from_pretrained(tmp_path)
    with torch.no_grad():
        latents = model.encode(vae.to_tensor(frames)).latents
        plain = training.averaged().encode(vae.to_tensor(frames)).latents
    assert latents.shape == (12, vae.CHANNELS, 8, 8)
    assert latents.mean((0, 2, 3)).abs().max() < 0.01 and (latents.std((0, 2, 3)) - 1).abs().max() < 0.02
    assert (plain.std((0, 2, 3)) - 1).abs().max() > 0.1  # without whitening


def test_a_frozen_encoder_keeps_its_mark_while_the_decoder_learns(tmp_path, frames):
    training = vae_training()
    training.step(frames)
    training.freeze(vae.to_tensor(frames))
    marks, decoders = [], []
    for number in range(2):
        model = training.exported(vae.to_tensor(frames[: 6 + number]))  # a frozen one is not measured again
        model.save_pretrained(tmp_path / str(number))
        marks.append(fingerprint(tmp_path / str(number)))
        decoders.append(model.decoder.layers[0].weight.detach().clone())
        training.step(frames)
    assert marks[0] == marks[1] and not torch.equal(*decoders)


def image_training(parts) -> image.Training:
    unet, _, tokenizer, encoder = parts
    return image.Training(unet, tokenizer, encoder, kind=torch.float32)


def test_image_model_learns_and_resumes_exactly(tmp_path):
    batches = image.Batches(toy.latents(tmp_path))
    one = image_training(toy.parts())
    losses = [one.step(batches, 12) for _ in range(20)]
    assert np.mean(losses[-4:]) < 0.93 * np.mean(losses[:2])  # no learning: ratio 1.0 give or take 0.05
    one.save(tmp_path / "c.safetensors")
    two = image_training(toy.parts())
    two.load(tmp_path / "c.safetensors")
    assert one.step(batches, 12) == two.step(batches, 12) and equal(one.optimiser, two.optimiser)
    assert two.samples == 21 * 12


def test_a_fresh_unet_says_nothing_yet_every_part_of_it_can_learn():
    torch.manual_seed(0)
    unet, _, _, _ = toy.parts()
    latents, states, steps = torch.randn(4, vae.CHANNELS, 8, 8), torch.randn(4, 8, 32), torch.tensor([10, 300, 600, 900])
    training = image_training(toy.parts())
    assert unet(latents, steps, states).sample.abs().max() == 0
    for _ in range(4):
        training.optimiser.zero()
        image.loss_of(training.unet, training.alphas, latents, states, steps, torch.randn(latents.shape)).backward()
        training.optimiser.step()
    still = [name for name, p in training.unet.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    # A key's bias cannot change a softmax; there is none here, so nothing may be still.
    assert still == []


def test_timesteps_are_spread_over_the_whole_schedule():
    steps = image.spread(50, torch.Generator().manual_seed(0)).sort().values
    assert all(20 * k <= int(step) < 20 * (k + 1) for k, step in enumerate(steps))  # independent draws leave about 18 of 50 parts empty


def test_stock_pipelines_load_the_folder_and_draw(tmp_path):
    unet, autoencoder, tokenizer, encoder = toy.parts()
    for parameter in unet.parameters():
        if not parameter.abs().max() > 0:  # an untrained model says nothing, whatever the prompt
            torch.nn.init.normal_(parameter, std=0.2)
    image.export(unet, autoencoder, tokenizer, encoder, tmp_path / "model")
    assert json.loads((tmp_path / "model/model_index.json").read_text())["_class_name"] == "StableDiffusionPipeline"
    made = StableDiffusionPipeline.from_pretrained(tmp_path / "model")
    made.set_progress_bar_config(disable=True)

    def drawn(prompt: str) -> np.ndarray:
        return made(prompt, num_inference_steps=3, guidance_scale=3.0, generator=torch.Generator().manual_seed(0), output_type="np").images

    assert drawn("a red boat").shape == (1, 64, 64, 3)
    assert (drawn("a red boat") == drawn("a red boat")).all() and (drawn("a red boat") != drawn("blue hills at night")).any()
    again = StableDiffusionImg2ImgPipeline(**made.components, requires_safety_checker=False)
    again.set_progress_bar_config(disable=True)
    picture = torch.rand(1, 3, 64, 64)
    assert again("a red boat", image=picture, strength=0.5, num_inference_steps=4, output_type="np").images.shape == (1, 64, 64, 3)


def test_one_training_a_folder_and_a_dead_holder_is_no_holder(tmp_path):
    (tmp_path / "pid").write_text("999999999")
    with home.only_one(tmp_path):
        assert (tmp_path / "pid").exists()
    assert not (tmp_path / "pid").exists()


def test_a_checkpoint_that_is_missing_or_broken_is_named(tmp_path):
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        home.load_checkpoint(tmp_path / "none.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"not a checkpoint")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        home.load_checkpoint(tmp_path / "bad.safetensors")


def test_parts_that_are_not_trained_yet_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KINORA_TRAINING_DIR", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="pocket-vae is not trained yet"):
        image.load_parts()


def test_a_second_training_of_the_same_folder_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(home, "running", lambda folder: 4242)
    with pytest.raises(InvalidInput, match="4242"), home.only_one(tmp_path):
        pass


def test_status_tells_figures_and_survives_a_cut_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KINORA_TRAINING_DIR", str(tmp_path))
    log = home.Log(tmp_path / "pocket-x")
    log.write(psnr=31.23456789)
    with log.path.open("a") as file:
        file.write('{"psnr": 3')
    assert status.main([]) == 0
    said = capsys.readouterr().out
    assert "pocket-x: not running" in said and "31.235" in said
