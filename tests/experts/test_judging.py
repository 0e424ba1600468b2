"""CLIP from a folder with tiny random weights of the real class: its figures are transformers' own, and every clip of a large model gets them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.context import RunContext
from engine.experts import CARDS_OF, available
from engine.experts.judging import UNRELATED, Judge
from engine.experts.leasing import lent
from engine.media.writer import ClipWriter
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Note
from engine.tasks.text_to_video import takes
from engine.tasks.text_to_video.request import TextToVideoRequest
from tests.experts.tiny import picture, shaken
from tests.hub.tiny.parts import clip_words

PROMPT = "a red boat"


def save(folder: Path) -> Path:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor

    torch.manual_seed(0)
    eyes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8}
    words = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 80, "max_position_embeddings": 24, "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    shaken(CLIPModel(CLIPConfig(text_config=words, vision_config=eyes, projection_dim=12)), 1, 0.5).save_pretrained(folder)
    CLIPProcessor(CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}), clip_words()).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Settings:
    root = tmp_path_factory.mktemp("judge")
    save(root / "data/models" / CARDS_OF["judge"][0].id)
    return Settings(data_dir=root / "data", device="cpu")


def context(settings: Settings, directory: Path) -> RunContext:
    return RunContext("0" * 32, directory, settings, 1, pool=ModelPool(2**30))


def judged(made: takes.Made, request: TextToVideoRequest, run: RunContext) -> tuple[takes.Made, list[Note]]:
    """The take after its judgement, and what the user was told."""
    steps, notes = takes._judged(made, request, run), []
    while True:
        try:
            notes.append(next(steps))
        except StopIteration as end:
            return end.value, notes


def test_the_figures_are_those_of_the_stock_model(here):
    from transformers import CLIPModel, CLIPProcessor

    frames = [picture(seed) for seed in range(4)]
    expert = available(here)["judge"]
    found = Judge(expert).verdict(frames, PROMPT)
    model, processor = CLIPModel.from_pretrained(expert.folder).eval(), CLIPProcessor.from_pretrained(expert.folder)
    with torch.no_grad():
        told = model(**processor(images=frames, text=[PROMPT, *UNRELATED], padding=True, truncation=True, return_tensors="pt"))
    alike = told.logits_per_image / model.logit_scale.exp()
    seen = told.image_embeds / told.image_embeds.norm(dim=-1, keepdim=True)
    assert found.prompt == pytest.approx(float(alike[:, 0].mean()), abs=1e-5)
    assert found.unrelated == pytest.approx(float(alike[:, 1:].mean()), abs=1e-5)
    assert found.steady == pytest.approx(float((seen[1:] * seen[:-1]).sum(1).mean()), abs=1e-5)
    assert found.steady < 0.9999


def test_a_still_clip_is_steady_and_no_frames_are_refused(here):
    judge = Judge(available(here)["judge"])
    assert judge.verdict([picture(1)] * 5, PROMPT).steady == pytest.approx(1.0, abs=1e-5)
    assert judge.verdict([picture(1)], PROMPT).steady == 1.0
    with pytest.raises(ValueError, match="no frames"):
        judge.verdict([], PROMPT)


def test_a_take_of_a_large_model_carries_the_figures_where_clip_is_here(here, tmp_path):
    with ClipWriter(tmp_path / "result.mp4", fps=8) as writer:
        for seed in range(6):
            writer.write(picture(seed))
    made = takes.Made(writer.path, 1)
    request = TextToVideoRequest(prompt=PROMPT, model="wan-2-1-t2v-1-3b")
    run = context(here, tmp_path)
    meters = {meter.name: meter for meter in judged(made, request, run)[0].meters}
    assert set(meters) == {"prompt_fit", "clip_steady"}
    assert -1 < meters["prompt_fit"].value < 1 and meters["prompt_fit"].baseline != meters["prompt_fit"].value
    other = judged(made, request.model_copy(update={"prompt": "a blue fish, 9 of them"}), run)[0].meters[0]
    assert other.value != meters["prompt_fit"].value and other.baseline == pytest.approx(meters["prompt_fit"].baseline)
    assert len(run.pool.stats()["models"]) == 1
    for left in (request.model_copy(update={"model": "diorama"}), request.model_copy(update={"prompt": " "})):
        assert judged(made, left, run)[0] is made
    assert judged(made, request, context(Settings(data_dir=tmp_path / "none"), tmp_path))[0] is made


@pytest.mark.parametrize("trouble", ["cut short", "no room"])
def test_a_judge_that_fails_loses_no_take(here, tmp_path, trouble):
    folder = tmp_path / "data/models" / CARDS_OF["judge"][0].id
    shutil.copytree(available(here)["judge"].folder, folder)
    if trouble == "cut short":
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-500])
    with ClipWriter(tmp_path / "result.mp4", fps=8) as writer:
        for seed in range(3):
            writer.write(picture(seed))
    made = takes.Made(writer.path, 1)
    run = RunContext("0" * 32, tmp_path, Settings(data_dir=tmp_path / "data", device="cpu"), 1, pool=ModelPool(1000 if trouble == "no room" else 2**30))
    request = TextToVideoRequest(prompt=PROMPT, model="wan-2-1-t2v-1-3b")
    kept, notes = judged(made, request, run)
    assert kept is made
    assert len(notes) == 1 and "was not measured" in notes[0].text


def test_without_it_there_is_no_judge(tmp_path):
    with lent(context(Settings(data_dir=tmp_path), tmp_path), "judge") as judge:
        assert judge is None


def test_pictures_are_compared_by_what_they_show(here):
    seen = Judge(available(here)["judge"]).pictures([picture(1), picture(1), picture(2)])
    assert torch.allclose(seen.norm(dim=1), torch.ones(3), atol=1e-5)
    assert np.isclose(float(seen[0] @ seen[1]), 1.0, atol=1e-5) and float(seen[0] @ seen[2]) < 0.9999
