"""The pocket models as they are shipped: stock code draws with them, and clips show and do what their sentences say. Thorough figures are `bench.pocket`'s."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline

from bench.pocket_clips import WAYS, made
from engine.diffusion.inversion import round_trip
from engine.diffusion.levels import Levels
from engine.metrics import pocket_judge
from engine.metrics.clips import direction
from engine.tasks.text_to_video.pocket.models import HOME, Pocket, load
from engine.world.moving import MovingDiorama
from engine.world.spec import TIMES, SceneSpec, SubjectSpec


@cache
def models() -> Pocket:
    return load()


def test_stock_diffusers_draws_the_time_of_day_that_the_prompt_says():
    pipe: Any = DiffusionPipeline.from_pretrained(str(HOME / "pocket-sd"))
    pipe.set_progress_bar_config(disable=True)
    said = {"dawn": "at dawn", "day": "by day", "sunset": "at sunset", "night": "at night"}
    prompts = [f"a red boat on the sea {said[time]}" for time in TIMES]
    pictures = pipe(prompts, num_inference_steps=8, guidance_scale=3.5, generator=[torch.Generator().manual_seed(k) for k in range(4)], output_type="np").images
    judge = pocket_judge.load(HOME / "pocket-judge")
    found = judge(pocket_judge.small_pictures((pictures * 255).round().astype(np.uint8)))["time"].argmax(1).tolist()
    assert sum(a == b for a, b in zip(found, range(4), strict=True)) >= 3  # a guess: 1 of 4


def test_inversion_and_back_returns_the_picture():
    parts = models().parts
    frame = MovingDiorama(SceneSpec(subjects=(SubjectSpec(kind="house", colour="blue", size="large"),), seed=8), 128).frame(1.0)
    latents = parts.encode(torch.from_numpy(frame.copy()).permute(2, 0, 1)[None].float().div(127.5).sub(1))
    back = round_trip(parts.unet, Levels.of(parts.scheduler, 20), latents[None], parts.text_states([""])[0])  # as is usual: with no text
    error = (parts.decode(back[0]) - parts.decode(latents)).div(2).pow(2).mean()
    assert float(-10 * error.log10()) > 18  # measured: 21; another picture 14, the picture of fresh noise 12


@pytest.mark.parametrize("way", ["left", "right"])
def test_a_clip_goes_where_its_sentence_says(way):
    frames, _ = made(models(), f"a large red boat sails to the {way} on the sea by day", 3, steps=8, candidates=2)
    found = direction(frames)
    assert found is not None and float(np.dot(np.array([found.dx, found.dy]), WAYS[way])) > 0.5  # the other way: below 0; frozen: none
