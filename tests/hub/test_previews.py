"""Tiny autoencoders: the nets with the names of their published weights, and the previews that they make within a budget of time."""

from __future__ import annotations

from math import prod
from unittest.mock import patch

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.catalog import get_card
from engine.catalog.previews import CARDS, TAEF1, TAESD, TAESDXL, TAEW, preview_for
from engine.context import RunContext
from engine.diffusion.parts import load_parts
from engine.errors import ModelUnavailable
from engine.hub import looks, session
from engine.hub.pipeline import Wish
from engine.hub.session import opened
from engine.hub.tiny_vae import TinyLooks, decoder, load_clips, published, tiny_looks
from engine.settings import Settings
from engine.tasks.text_to_video.pocket.models import HOME
from tests.hub.tiny import wan

NAME = "taew2_1.safetensors"

STILLS = looks.stills


def weights(seed=0):
    """Random weights with the names and shapes of a published file, float16 as that is."""
    generator = torch.Generator().manual_seed(seed)
    return {name: (torch.randn(shape, generator=generator) / max(1, prod(shape[1:])) ** 0.5).half() for name, shape in published().items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("taew")
    save_file(weights(), place / NAME)
    return place


def test_the_net_has_the_weights_of_the_published_file():
    """The published taew2_1.safetensors: 128 tensors, 22,642,902 bytes of float16."""
    names = published()
    assert len(names) == 128
    assert 0 < TAEW.bytes - 2 * sum(map(prod, names.values())) < 20_000  # the header
    assert names["decoder.1.weight"] == (256, 16, 3, 3) and names["decoder.22.weight"] == (3, 64, 3, 3)
    assert names["decoder.3.conv.0.weight"] == (256, 512, 3, 3) and names["decoder.13.conv.weight"] == (256, 128, 1, 1)
    assert names["encoder.2.conv.weight"] == (64, 128, 1, 1) and "decoder.3.skip.weight" not in names


def test_clips_grow_in_space_and_time_and_no_frame_looks_ahead(folder):
    whole = load_clips(folder / NAME, grows=(1, 2, 2))
    latents = torch.randn(3, 16, 4, 6, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        seen, later = whole(latents), whole(torch.cat([latents[:2], -latents[2:]]))
        first = whole(torch.cat([-latents[:1], latents[1:]]))
    assert seen.shape == (12, 3, 32, 48)
    assert torch.equal(seen[:8], later[:8]) and not torch.allclose(seen[8:], later[8:])
    assert not torch.allclose(seen[4:8], first[4:8])  # it remembers


def test_one_frame_for_each_latent_is_the_last_of_those_that_it_becomes(folder):
    """Where nothing is remembered: of a single latent frame, whose later frames have frames before them, the nets differ by memory alone."""
    state = weights()
    for name in state:
        if ".conv.0.weight" in name and name.startswith("decoder."):
            state[name][:, state[name].shape[1] // 2 :] = 0
    save_file(state, folder / "forgetful.safetensors")
    whole, short = (load_clips(folder / "forgetful.safetensors", grows=grows) for grows in ((1, 2, 2), (1, 1, 1)))
    latents = torch.randn(2, 16, 4, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.allclose(short(latents), whole(latents)[3::4], atol=1e-5)


@pytest.mark.parametrize("spoil", ["missing", "more", "shape", "nan", "pickle", "cut"])
def test_other_weights_are_refused(folder, tmp_path, spoil):
    state, file = weights(), tmp_path / NAME
    match spoil:
        case "missing":
            del state["decoder.8.weight"]
        case "more":
            state["decoder.99.weight"] = torch.zeros(1)
        case "shape":
            state["decoder.1.weight"] = torch.zeros(256, 48, 3, 3)
        case "nan":
            state["decoder.8.weight"][0, 0, 0, 0] = float("nan")
    save_file(state, file)
    if spoil == "pickle":
        torch.save(state, file)
    if spoil == "cut":
        file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(ModelUnavailable):
        load_clips(file)


def test_pictures_are_those_of_diffusers(tmp_path):
    from diffusers import AutoencoderTiny

    torch.manual_seed(0)
    net = AutoencoderTiny(latent_channels=4).eval()
    net.save_pretrained(tmp_path)
    seen = tiny_looks(TAESD, tmp_path, torch.device("cpu"), torch.float32)
    latents = torch.randn(2, 4, 8, 12, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert all(torch.equal(seen.net.decode(one[None]).sample, net.decode(one[None]).sample) for one in latents)
        own = torch.cat([net.decode(one[None]).sample for one in latents])
    assert np.array_equal(seen(latents.numpy()), ((own / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy())
    state = load_file(tmp_path / "diffusion_pytorch_model.safetensors")
    save_file(dict(list(state.items())[:-1]), tmp_path / "diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelUnavailable):
        tiny_looks(TAESD, tmp_path, torch.device("cpu"), torch.float32)


def test_a_vae_says_which_one_has_its_latents():
    assert preview_for("AutoencoderKL", {"latent_channels": 4, "scaling_factor": 0.18215}) is TAESD
    assert preview_for("AutoencoderKL", {"latent_channels": 4, "scaling_factor": 0.13025}) is TAESDXL
    assert preview_for("AutoencoderKL", {"latent_channels": 16, "scaling_factor": 0.3611, "shift_factor": 0.1159}) is TAEF1
    assert preview_for("AutoencoderKL", {"latent_channels": 16, "scaling_factor": 1.5305, "shift_factor": 0.0609}) is None  # Stable Diffusion 3
    assert preview_for("AutoencoderKLWan", {"z_dim": 16}) is TAEW and preview_for("AutoencoderKLWan", {"z_dim": 48}) is None
    assert preview_for("AutoencoderKLCogVideoX", {"latent_channels": 16, "scaling_factor": 0.7}) is None
    assert all(get_card(card.id) is card and card.role == "preview" for card in CARDS)


def test_frames_are_thinned_out_to_what_can_be_afforded():
    seen = TinyLooks(decoder(), torch.device("cpu"), torch.float32, moves=True)
    assert seen.afford(0.0, 16) == 1 and seen.afford(-0.1, 16) == 0  # the first is measured
    seen.each = 0.1
    assert [seen.afford(room, 16) for room in (0.05, 0.35, 1.0, 5.0)] == [0, 3, 10, 16]


CARD = get_card("wan-2-1-t2v-1-3b")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    root = tmp_path_factory.mktemp("previews")
    wan.wan_t2v(root / "data/models" / CARD.id)
    with patch.object(looks, "stills", lambda: np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)), patch.object(session, "SHARE", float("inf")):
        yield Settings(data_dir=root / "data", device="cpu")


def previews(settings, tmp_path):
    """(previews, notes) of a call of three steps, of five frames."""
    run = RunContext("0" * 32, tmp_path, settings, 3, preview_every=0.0)
    wish = Wish("a red boat", "", (48, 32), 5, 3, 3, 5.0)
    with opened(CARD, settings.data_dir / "models" / CARD.id, run, image=False, size=wish.size, frames=wish.frames) as found:
        return [look for _, look in found.steps(wish) if look is not None], found.news()


def test_a_preview_is_decoded_where_the_autoencoder_is_here(settings, tmp_path, folder):
    before, _ = previews(settings, tmp_path)
    place = settings.data_dir / "models" / TAEW.id
    place.mkdir()
    (place / NAME).write_bytes((folder / NAME).read_bytes())
    wide = patch("engine.hub.session.preview_for", lambda kind, config: TAEW)
    with wide, patch("engine.hub.session.ModelFiles.find", lambda self, card: place):
        sharp, notes = previews(settings, tmp_path)
        (place / NAME).write_bytes(b"broken")
        after, told = previews(settings, tmp_path)
    assert {look.shape[1:] for look in before} == {(4, 6, 3)} and {look.shape[1:] for look in sharp} == {(32, 48, 3)}
    assert not any("Previews" in note for note in notes) and any(note.startswith("Previews are made without TAEW") for note in told)
    assert all(map(np.array_equal, before, after))


def test_a_trained_one_is_nearer_to_the_picture_than_a_flat_one():
    """The decoder learns one still of the pocket model's latents in a moment: the same way as previews are decoded."""
    from diffusers import AutoencoderTiny

    vae = load_parts(HOME / "pocket-sd").vae.float()
    still = STILLS(1, 64)[0]
    with torch.no_grad():
        latents = looks.normalised(vae, vae.encode(torch.from_numpy(still.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]).latents)
    torch.manual_seed(0)
    blocks = {"encoder_block_out_channels": (8,) * 4, "decoder_block_out_channels": (16,) * 4, "num_decoder_blocks": (1, 1, 1, 1), "num_encoder_blocks": (1, 1, 1, 1)}
    net = AutoencoderTiny(latent_channels=latents.shape[1], **blocks)
    seen = TinyLooks(net, torch.device("cpu"), torch.float32, moves=False)
    side = seen(latents.numpy()).shape[1]
    truth = torch.nn.functional.interpolate(torch.from_numpy(still.astype(np.float32)).permute(2, 0, 1)[None], (side, side), mode="area")
    learner = torch.optim.Adam(net.decoder.parameters(), 3e-3)
    for _ in range(60):
        learner.zero_grad()
        (net.decode(latents).sample - (truth / 127.5 - 1)).square().mean().backward()
        learner.step()
    picture = truth[0].permute(1, 2, 0).numpy()
    error, flat = (np.abs(picture - other).mean() for other in (seen(latents.numpy())[0], picture.mean((0, 1))))
    assert error < 0.5 * flat
