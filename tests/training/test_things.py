"""The training of the recogniser of paper things: its examples are true, a little of it helps, and the net that is used is the net that was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import ModelUnavailable
from engine.training import things
from engine.vision.subjects import kinds
from engine.vision.subjects.kinds import NOTHING, SIDE, crop
from engine.world.spec import KINDS


def test_the_net_in_numpy_is_the_net_in_torch() -> None:
    torch.manual_seed(1)
    net = things.Things().eval()
    crops = np.random.default_rng(0).normal(0, 0.5, (3, 4, SIDE, SIDE)).astype(np.float32)
    with torch.no_grad():
        truth = net(torch.from_numpy(crops)).softmax(1).numpy()
    found = kinds.Net({name: tensor.detach().numpy() for name, tensor in net.state_dict().items()})(crops)
    assert np.abs(found - truth).max() < 1e-5


def test_a_little_training_tells_two_shapes_apart_and_survives_export(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    crops, labels = [], []
    for k in range(48):
        picture = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
        ys, xs = np.mgrid[:64, :64]
        mask = np.hypot(xs - 32, ys - 32) < 20 if k % 2 else (abs(xs - 32) < 24) & (abs(ys - 32) < 7)
        crops.append(things.packed(crop(picture, things.spoiled(mask, rng))[None])[0])
        labels.append(KINDS.index("ball") if k % 2 else KINDS.index("train"))
    examples = things.Corpus(np.stack(crops), np.array(labels))
    torch.manual_seed(0)
    training = things.Training(things.Things())
    before = things.figures(training.averaged(), examples)["kind"]
    for _ in range(30):
        training.step(examples, 16)
    net = training.averaged()
    assert things.figures(net, examples)["kind"] > 0.9 > before
    things.export(net, tmp_path / "export")
    again = kinds.load(tmp_path / "export")
    assert np.abs(again(things.unpacked(examples.crops)) - net(things.unpacked(examples.crops))).max() < 2e-3
    with pytest.raises(ModelUnavailable, match="things"):
        kinds.load(tmp_path)


def test_the_shipped_net_names_things_of_scenes_that_it_never_saw() -> None:
    net, right, refused = kinds.load(), list[bool](), list[bool]()
    for number in (3, 8):
        for picture, label, _, mask in things.scene(number, held_out=True):
            answer = int(net.kinds(picture, [mask])[0].argmax())
            (refused if label == NOTHING else right).append(answer == label)
    assert np.mean(right) > 0.6 and np.mean(refused) > 0.7  # by chance: 0.04
