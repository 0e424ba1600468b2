"""Drafts of the families whose samplers do not look back: what is finished later is the clip made at once, to the bit."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import diffusers
import numpy as np
import pytest

from engine.catalog import get_card
from engine.catalog.video import CARDS
from engine.hub import looks, session
from engine.hub.session import Extras, opened
from tests.hub import checks


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    return checks.Bed(tmp_path_factory.mktemp("drafts"))


LOOKS_NOT_BACK = {"sampler": "CogVideoXDDIMScheduler"}
"""In place of the sampler that this family's makers advise, which looks back."""


@pytest.mark.parametrize(
    ("name", "image", "changes"),
    [
        ("ltx-video-2b", False, {}), ("ltx-video-13b-distilled", False, {}), ("ltx-video-13b-distilled", True, {}), ("svd-xt", True, {}),
        ("cogvideox-2b", False, {}), ("animatediff-v1-5-2", False, {}), ("cogvideox-1-5-5b", False, LOOKS_NOT_BACK), ("cogvideox-1-5-5b-i2v", True, LOOKS_NOT_BACK),
    ],
)  # fmt: skip
def test_a_finished_draft_is_the_clip_made_at_once(bed, name, image, changes):
    card = checks.ruled(get_card(name), image=image, **changes)
    assert card.rules.drafts
    wish = checks.wish_for(card, image=image)
    wish = wish if card.rules.timesteps else replace(wish, steps=4)

    def drawn(extras):
        with opened(card, bed.place(card), bed.context(), image=image, size=wish.size, frames=wish.frames, extras=extras) as found:
            list(found.steps(wish))
            return found.frames(), found.noisy, found.rests

    noise = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    with patch.object(looks, "stills", lambda: noise), patch.object(session.gc, "collect", lambda: 0):
        whole, _, _ = drawn(Extras())
        seen, latents, rests = drawn(Extras(rest_after=2))
        finished, _, _ = drawn(Extras(begin_after=2, latents=latents))
    assert rests and np.array_equal(finished, whole)
    assert not np.array_equal(seen, whole)


def test_every_model_that_makes_drafts_prepares_its_latents():
    for card in CARDS:
        for kind in (card.rules.text, card.rules.image):
            assert not kind or not card.rules.drafts or hasattr(getattr(diffusers, kind), "prepare_latents"), card.id
