"""Depth Anything from a folder with tiny random weights of the real class, and the ControlNet that is told what it measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.diffusion.parts import load_parts
from engine.errors import InvalidInput, ModelUnavailable
from engine.experts import CARDS_OF, available, depth, expert
from engine.settings import Settings
from engine.tasks.subject_swap import inpainted, structure
from tests.experts.tiny import picture, shaken
from tests.tasks import pocket_toy


def save(folder: Path) -> Path:
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config, DPTImageProcessor

    torch.manual_seed(0)
    eyes = Dinov2Config(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, mlp_ratio=2, image_size=56, patch_size=14, out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
    )  # fmt: skip
    config = DepthAnythingConfig(backbone_config=eyes, reassemble_hidden_size=16, neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8, head_hidden_size=4)
    model = shaken(DepthAnythingForDepthEstimation(config), 3, 0.5)
    with torch.no_grad():  # a random head is all 0 behind its last rectifier for most seeds
        model.head.conv3.bias.fill_(5.0)
    model.save_pretrained(folder)
    DPTImageProcessor(size={"height": 56, "width": 56}, keep_aspect_ratio=True, ensure_multiple_of=14, resample=3).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Settings:
    root = tmp_path_factory.mktemp("depth")
    save(root / "data/models" / CARDS_OF["depth"][0].id)
    return Settings(data_dir=root / "data")


@pytest.fixture(scope="module")
def reader(here) -> depth.DepthReader:
    return depth.DepthReader(expert(here, "depth"))


def test_it_is_found_by_its_settings_and_named_when_it_is_missing(here, tmp_path):
    assert available(here)["depth"].kind == "depth_anything" and set(available(here)) == {"depth"}
    with pytest.raises(InvalidInput, match=r"Depth Anything V2, small: 99 MB, Apache-2.0.*app.py fetch depth-anything-v2-small"):
        expert(Settings(data_dir=tmp_path), "depth")


def test_a_depth_follows_the_picture_and_frames_share_a_range(reader):
    frames = [picture(seed) for seed in range(3)]
    raw = np.stack([reader.raw(frame) for frame in frames])
    assert raw.shape == (3, 48, 64) and raw.dtype == np.float32 and raw.std() > 1e-4
    assert np.array_equal(raw[0], reader.raw(frames[0])) and not np.allclose(raw[0], raw[1])
    near = reader.depths(frames)
    low, high = np.percentile(raw, depth.ENDS)
    assert near.shape == (3, 48, 64) and near.min() == 0 and near.max() == 1
    np.testing.assert_allclose(near, np.clip((raw - low) / (high - low), 0, 1), atol=1e-5)
    assert reader.raw(picture(0, 30, 90)).shape == (30, 90)


def test_more_is_nearer_and_nothing_that_differs_is_all_far(reader, monkeypatch):
    ramp = np.tile(np.linspace(2, 8, 64, dtype=np.float32), (48, 1))
    monkeypatch.setattr(reader, "raw", lambda frame: ramp + frame.mean() / 255)
    near = reader.depths([np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), 255, np.uint8)])
    assert (np.diff(near[0, 0]) >= 0).all() and near[1].mean() > near[0].mean() + 0.1
    monkeypatch.setattr(reader, "raw", lambda frame: np.full((48, 64), 3.0, np.float32))
    assert not reader.depths([picture()]).any()


def test_weights_that_are_missing_or_not_finite_are_refused(here, tmp_path):
    import shutil

    whole = expert(here, "depth")
    state = load_file(whole.folder / "model.safetensors")
    name = next(name for name in state if name.startswith("head"))
    for changed, why in (({k: v for k, v in state.items() if k != name}, "do not fit"), ({**state, name: state[name] * float("nan")}, "")):
        broken = tmp_path / str(len(list(tmp_path.iterdir())))
        shutil.copytree(whole.folder, broken)
        save_file(changed, broken / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(ModelUnavailable, match=why):
            depth.DepthReader(type(whole)(whole.role, whole.kind, broken, whole.card))


def test_the_controlnet_is_told_the_measured_depth(reader, tmp_path):
    from diffusers import ControlNetModel

    pocket_toy.save(tmp_path)
    parts = load_parts(tmp_path / "pocket-sd", dtype=torch.float32)
    control = shaken(ControlNetModel.from_unet(parts.unet, conditioning_channels=3), 6, 0.3)
    told = []
    control.register_forward_pre_hook(lambda net, given, named: told.append(named["controlnet_cond"]), with_kwargs=True)
    side = parts.unet.config.sample_size * parts.factor // 2
    pictures, masks = np.stack([picture(seed, side, side) for seed in (0, 1)]), np.zeros((2, side, side), bool)
    masks[:, side // 4 : side // 2, side // 4 : side // 2] = True

    def drawn(used):
        told.clear()
        depth_net = structure.Structure("depth", tmp_path, net=control, reader=used)
        made = inpainted.repainted(inpainted.Inpainter(parts, (depth_net,)), pictures, masks, "a red boat", 1, steps=2)
        return made.astype(int), told[0][:2, 0].numpy()

    (by_measure, measured), (by_guess, guessed) = drawn(reader), drawn(None)
    np.testing.assert_array_equal(measured, reader.depths(list(pictures)))
    np.testing.assert_array_equal(guessed, np.stack([structure.rough_depth(one) for one in masks]))
    assert (by_measure != by_guess)[masks].any()
