"""Mask-guided denoising: one text inside a mask and one outside; what is kept of the source comes back."""

from __future__ import annotations

import pytest
import torch

from engine.diffusion.attention import attending
from engine.diffusion.inversion import invert
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, Known, denoise, denoiser_of, finish
from engine.diffusion.masked import MixedText, Protagonist, mask_guided, trail_of
from tests.diffusion import toy

STRONG = Guidance(3.0)
PAIRS = [("all", "all"), ("all", "inverse"), ("latent", "all"), ("latent", "inverse"), ("text", "inverse")]


@pytest.fixture(scope="module")
def scene():
    unet, levels = toy.unet(), Levels.of(toy.parts().scheduler, 4)
    mask = torch.zeros(1, 3, 1, 8, 8)
    mask[..., 2:6, 2:6] = 1
    texts = {"inside": toy.states(), "outside": toy.states(seed=9), "negative": toy.states(seed=7)}
    latents = toy.noise(1, 3, 4, 8, 8)
    plain = {name: finish(denoise(unet, levels, latents, texts[name], negative=texts["negative"], guidance=STRONG)) for name in ("inside", "outside")}
    return unet, levels, latents, mask, texts, plain


def drawn(scene, protagonist, **options):
    unet, levels, latents, _, texts, _ = scene
    return finish(mask_guided(unet, levels, latents, protagonist, negative=texts["negative"], guidance=STRONG, **options))


@pytest.mark.parametrize(("mode", "fuse"), PAIRS)
def test_equal_texts_are_the_unmasked_model(scene, mode, fuse):
    _, _, _, mask, texts, plain = scene
    assert (drawn(scene, Protagonist(mask, texts["inside"], texts["inside"], mode, fuse)) - plain["inside"]).abs().max() < 1e-4


@pytest.mark.parametrize(("mode", "fuse"), PAIRS)
def test_an_empty_mask_is_the_other_text_alone_and_a_full_one_the_first(scene, mode, fuse):
    _, _, _, mask, texts, plain = scene
    assert (plain["inside"] - plain["outside"]).abs().max() > 1
    assert (drawn(scene, Protagonist(0 * mask, texts["inside"], texts["outside"], mode, fuse)) - plain["outside"]).abs().max() < 1e-4
    if (mode, fuse) != ("latent", "all"):  # that one is the mean of both inside, by definition
        assert (drawn(scene, Protagonist(0 * mask + 1, texts["inside"], texts["outside"], mode, fuse)) - plain["inside"]).abs().max() < 1e-4


def test_two_predictions_are_fused_as_published():
    inside, outside, mask = torch.full((1, 1, 1, 1, 2), 6.0), torch.full((1, 1, 1, 1, 2), 2.0), torch.tensor([0.0, 1.0])
    given = (torch.zeros(1), torch.zeros(1), torch.zeros(1))
    assert Protagonist(*given, fuse="all").fused(inside, outside, mask).flatten().tolist() == [2.0, 4.0]
    assert Protagonist(*given, fuse="inverse").fused(inside, outside, mask).flatten().tolist() == [2.0, 6.0]


def test_the_mask_acts_between_its_steps_alone(scene):
    _, _, _, mask, texts, plain = scene
    fields = {"mask": mask, "states": texts["inside"], "around": texts["outside"], "mode": "all", "fuse": "inverse"}
    whole, never, half = (drawn(scene, Protagonist(**fields, start=a, end=b)) for a, b in ((0.0, 1.0), (0.0, 0.0), (0.5, 1.0)))
    assert (never - plain["inside"]).abs().max() < 1e-4
    assert (whole - half).abs().max() > 1e-2 and (half - never).abs().max() > 1e-2


def test_texts_are_mixed_by_place_and_the_model_is_as_before(scene):
    unet, levels, latents, mask, texts, _ = scene
    before = dict(unet.attn_processors)
    first = next(mask_guided(unet, levels, latents, Protagonist(mask, texts["inside"], texts["outside"], "text", "inverse")))
    assert unet.attn_processors == before and not any(isinstance(one, MixedText) for one in before.values())
    both = [next(denoise(unet, levels, latents, texts[name])).x0 for name in ("inside", "outside")]
    near = [(first.x0 - one)[..., 3:5, 3:5].abs().mean() for one in both]
    assert near[0] < near[1], "inside it is nearer to what the first text draws"


def test_what_is_kept_of_a_source_comes_back_the_way_of_its_inversion(scene):
    unet, _, latents, mask, texts, _ = scene
    levels, source = Levels.of(toy.parts().scheduler, 12), 0.5 * toy.noise(1, 3, 4, 8, 8, seed=4)
    trail = trail_of(source, invert(unet, levels, source, texts["negative"]), 1 - mask)
    assert len(trail.trail) == 13
    protagonist = Protagonist(mask, texts["inside"], texts["outside"], "latent", "inverse")
    model = attending(denoiser_of(unet), unet, mode="first+prev")
    steps = list(mask_guided(model, levels, trail.noise, protagonist, nets=[unet], negative=texts["negative"], guidance=STRONG, known=trail))
    outside = (mask == 0).expand_as(source)
    assert torch.equal(steps[-1].latents[outside], source[outside]) and (steps[-1].latents - source)[~outside].abs().mean() > 0.1
    noised = finish(mask_guided(model, levels, trail.noise, protagonist, nets=[unet], negative=texts["negative"], guidance=STRONG, known=Known(source, 1 - mask, trail.noise)))
    assert torch.equal(noised[outside], source[outside]) and not torch.equal(noised, steps[-1].latents)


def test_guidance_needs_a_negative_text(scene):
    unet, levels, latents, mask, texts, _ = scene
    with pytest.raises(ValueError, match="negative"):
        mask_guided(unet, levels, latents, Protagonist(mask, texts["inside"], texts["outside"]), guidance=STRONG)
