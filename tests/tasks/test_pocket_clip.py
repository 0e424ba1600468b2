"""Methods `animatediff` and `clip` of the pocket provider run when their models are there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel

from engine.context import RunContext
from engine.diffusion.clip_net import ClipNet
from engine.errors import StudioError
from engine.settings import Settings
from engine.task import parse_request
from engine.tasks.text_to_video import local
from engine.training import frames as clip_training
from engine.training import motion
from tests.diffusion.toy import shaken
from tests.tasks import pocket_toy
from tests.tasks.test_pocket import BASE, TASK, frames, make


@pytest.fixture(autouse=True, scope="module")
def models(tmp_path_factory):
    folder = pocket_toy.save(tmp_path_factory.mktemp("pocket"))
    unet = UNet2DConditionModel.from_pretrained(folder / "pocket-sd/unet")
    motion.export(shaken(motion.adapter(unet), 1, 0.3), folder / "pocket-motion")
    torch.manual_seed(0)
    clip_training.export(shaken(ClipNet(width=16, low=32, high_blocks=1, low_blocks=2, words=pocket_toy.WIDTH, time=16), 2, 0.3), folder / "pocket-frames")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KINORA_POCKET_DIR", str(folder))
        yield folder


@pytest.mark.parametrize("method", ["animatediff", "clip"])
@pytest.mark.parametrize("fields", [{}, {"seconds": 2.5, "steps": 2}, {"seconds": 2.5, "steps": 2, "long_method": "extend"}], ids=["short", "co-denoise", "extend"])
def test_clips_of_any_length_move(tmp_path, method, fields):
    _, folder = make(tmp_path / "a", method=method, candidates=1, **fields)
    found = frames(folder / "result.mp4")
    assert len(found) == round(fields.get("seconds", 0.5) * 8)
    assert np.abs(np.diff(found.astype(int), axis=0)).mean() > 0.3  # one picture repeated: 0


def test_the_clip_model_looks_at_the_users_picture(tmp_path):
    clips = []
    for value in (30, 220):
        picture = tmp_path / f"{value}.png"
        cv2.imwrite(str(picture), np.full((128, 128, 3), value, np.uint8))
        _, folder = make(tmp_path / str(value), method="clip", first_image=str(picture), seconds=1.0)
        clips.append(frames(folder / "result.mp4").astype(int))
    assert np.abs(clips[0] - clips[1])[2:].mean() > 1  # later frames too; a picture that is not looked at: 0


def test_a_model_of_another_world_refuses_the_clip_model(tmp_path):
    request = parse_request(TASK, {**BASE, "model": "local", "method": "clip", "checkpoint": "any"})
    with pytest.raises(StudioError):
        list(local.make(request, RunContext("b" * 32, tmp_path, Settings(), 3), 3, "result"))
