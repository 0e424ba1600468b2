"""Picture models on tiny copies of their real classes, and the first pictures that they draw for clips."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import pytest
import torch

from engine.catalog.pictures import CARDS
from engine.hub import looks
from tests.hub import checks, tiny
from tests.hub.tiny import pictures


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    with (
        patch.dict(tiny.MAKERS, pictures.MAKERS), patch.dict(tiny.SMALLER, pictures.SMALLER), patch.dict(checks.SHRINK, {"flux-2-klein-4b": 16}),
    ):  # fmt: skip
        yield checks.Bed(tmp_path_factory.mktemp("pictures"))


@pytest.mark.parametrize("column", checks.COLUMNS)
@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_picture_card(bed, card, column):
    checks.COLUMNS[column](bed, card)


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
