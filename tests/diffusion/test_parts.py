"""Parts load from a whole folder by stock classes alone, and texts and pictures go in and out as stock pipelines do it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
import torch

from engine.diffusion.parts import CACHED_TEXTS, ddim, default_dtype, load_parts
from engine.errors import Cancelled, InvalidInput, ModelUnavailable
from engine.training import image
from tests.diffusion import toy


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    own = toy.parts()
    place = tmp_path_factory.mktemp("models") / "toy"
    image.export(own.unet, own.vae, own.tokenizer, own.text_encoder, place)
    return place


def test_a_folder_loads_as_it_was_saved(folder):
    loaded, own = load_parts(folder, dtype=torch.float32), toy.parts()
    assert loaded.factor == 8 and loaded.channels == 4 and loaded.scheduler.config.prediction_type == "v_prediction"
    given = toy.noise(2, 4, 8, 8)
    found, wanted = (one.unet(given, 500, toy.states(2)).sample for one in (loaded, own))
    assert (found - wanted).abs().max() < 0.02 * wanted.std()  # saved in half precision; another model: over 1
    assert not any(weight.requires_grad for weight in loaded.unet.parameters())
    halves = load_parts(folder)
    assert halves.dtype == halves.vae.dtype == halves.text_encoder.dtype == default_dtype(torch.device("cpu"))


def test_texts_are_read_as_stock_pipelines_do_it_and_do_not_depend_on_company(folder):
    own = toy.parts()
    stock = image.pipeline(own.unet, own.vae, own.tokenizer, own.text_encoder)
    texts = ["a red boat at night", "", "the hills " * 4000]
    wanted = torch.cat(stock.encode_prompt(texts, "cpu", 1, False)[:1])
    fresh, found = replace(own), own.text_states(texts)
    assert found.shape == (3, 64, toy.WIDTH) and (found - wanted).abs().max() < 1e-4
    assert (fresh.text_states(texts[:1])[0] - found[0]).abs().max() < 1e-4 and (found[0] - found[1]).abs().max() > 0.1
    for k in range(CACHED_TEXTS + 5):
        fresh.text_states([str(k)])
    assert len(fresh._texts) == CACHED_TEXTS and texts[0] not in fresh._texts
    calls: list[int] = []
    counting = fresh.text_encoder.register_forward_hook(lambda *_: calls.append(1))
    fresh.text_states(["9", "40", "9"])
    assert not calls
    fresh.text_states([texts[0]])
    counting.remove()
    assert len(calls) == 1


@pytest.mark.parametrize("kind", ["tiny", "kl"])
def test_pictures_go_in_and_out_scaled_in_chunks(kind):
    own = toy.parts() if kind == "tiny" else replace(toy.parts(), vae=toy.autoencoder_kl())
    pictures = toy.noise(9, 3, 16, 24).clamp(-1, 1)
    calls = []
    latents = own.encode(pictures, lambda: calls.append(1))
    assert latents.shape == (9, 4, 2, 3) and own.factor == 8 and len(calls) == 2
    raw = own.vae.encode(pictures)
    wanted = raw.latents if kind == "tiny" else (raw.latent_dist.mode() - 0.25) * 0.5  # without the scaling: off by a quarter and twofold
    assert (latents - wanted).abs().max() < 1e-4
    drawn = own.decode(latents)
    assert drawn.shape == pictures.shape
    assert (drawn - own.vae.decode(raw.latents if kind == "tiny" else raw.latent_dist.mode()).sample.clamp(-1, 1)).abs().max() < 1e-4

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        own.decode(latents, stop)
    with pytest.raises(InvalidInput, match="multiples of 8"):
        own.encode(pictures[..., :-1])


def test_clipping_stays_off_for_latents():
    config = {"num_train_timesteps": 1000, "beta_schedule": "scaled_linear", "skip_prk_steps": True}
    assert not ddim(config).config.clip_sample and ddim(config, timestep_spacing="trailing").config.timestep_spacing == "trailing"


def test_folders_that_are_no_model_are_refused_in_one_line(folder, tmp_path):
    with pytest.raises(ModelUnavailable, match="model_index.json"):
        load_parts(tmp_path)
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    weights = broken / "unet/diffusion_pytorch_model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelUnavailable, match="the unet of broken cannot be read"):
        load_parts(broken)
    weights.unlink()
    (broken / "unet/diffusion_pytorch_model.bin").write_bytes(b"never unpickled")
    with pytest.raises(ModelUnavailable, match="the unet of broken"):
        load_parts(broken)
    (broken / "unet/diffusion_pytorch_model.bin").unlink()
    (broken / "unet/diffusion_pytorch_model.fp16.safetensors").write_bytes(whole)
    assert load_parts(broken).channels == 4
    index = json.loads((broken / "model_index.json").read_text())
    index["unet"] = ["transformers", "AutoModel"]
    (broken / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelUnavailable, match="names AutoModel as its unet"):
        load_parts(broken)
    (broken / "scheduler/scheduler_config.json").write_text("[]")
    index["unet"] = ["diffusers", "UNet2DConditionModel"]
    (broken / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelUnavailable, match="holds no settings"):
        load_parts(broken)
