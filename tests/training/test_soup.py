"""Averages of two picture models."""

import pytest
import torch

from engine.errors import ModelUnavailable
from engine.training import image, soup
from tests.diffusion.toy import shaken


def test_weights_lie_between_both():
    one, other = (shaken(image.build((32, 32), (1, 1), 32, side=8), seed) for seed in (1, 2))
    for share in (0.0, 0.25, 1.0):
        made = soup.averaged(one, other, share).state_dict()
        for name, weight in one.state_dict().items():
            assert torch.allclose(made[name], weight + share * (other.state_dict()[name] - weight), atol=1e-6)
    assert not torch.allclose(one.conv_in.weight, other.conv_in.weight)


def test_another_shape_is_refused():
    with pytest.raises(ModelUnavailable, match="one shape"):
        soup.averaged(image.build((32, 32), (1, 1), 32, side=8), image.build((32, 64), (1, 1), 32, side=8), 0.5)
