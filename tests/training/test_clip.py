"""pocket-clip's training: wrong sentences differ by one word, batches hold different scenes, it learns, resumes and exports."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.errors import ModelUnavailable
from engine.metrics import pocket_clip
from engine.training import clip, judge, text, vae
from engine.training.home import Log, read_log
from tests.diffusion import toy as tiny
from tests.training import toy


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> clip.Scenes:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KINORA_TRAINING_DIR", str(tmp_path_factory.mktemp("home")))
        return clip.Scenes(*judge.renders(judge.Recipe(scenes=12, frames=2, size=64), 1))


TOKENIZER = text.build_tokenizer(["red", "blue", "green", "night", "day", "sea", "hills", "car", "boat"])


def training() -> clip.Training:
    torch.manual_seed(0)
    encoder = text.build_encoder(TOKENIZER, 32, 1)
    return clip.Training(pocket_clip.Towers(8, 32), TOKENIZER, encoder, kind=torch.float32)


def test_wrong_copies_differ_by_one_word_that_a_picture_can_show():
    rng, sentence = np.random.default_rng(0), "a red car by the sea at night"
    for wrong in clip.swapped(sentence, rng, 20):
        apart = [(one, other) for one, other in zip(sentence.split(), wrong.split(), strict=False) if one != other]
        assert wrong != sentence and apart[0][0] in ("red", "car", "sea", "night")
    assert clip.swapped("zzyx", rng) == []


def test_a_batch_never_holds_a_scene_and_its_mirror_image(scenes):
    rng = np.random.default_rng(0)
    pictures, texts, wrong = scenes.draw(rng, 64)
    assert len(pictures) == len(texts) == len(wrong) == 6  # scenes with their mirror images: 12
    flat = pictures.astype(int)
    assert all(np.abs(flat[k] - flat[j]).mean() > 8 and np.abs(flat[k] - flat[j][:, ::-1]).mean() > 8 for k in range(6) for j in range(k))


def test_the_loss_knows_right_from_wrong():
    right = torch.eye(4, 8)
    none = torch.zeros(4, 2, dtype=torch.bool)
    args = torch.zeros(4, 2, 8), none, torch.tensor(20.0)
    assert clip.loss_of(right, right, *args) < 0.01 < 5 < clip.loss_of(right, right.roll(1, 0), *args)
    near = right[:, None].expand(-1, 2, -1)
    assert clip.loss_of(right, right, near, ~none, args[2]) > 1.5  # copies that are as near as the right sentence


def test_it_learns_resumes_exactly_and_exports_what_loads(tmp_path, scenes):
    one = training()
    fixed = scenes.draw(one.rng, 6)
    losses = [one.step(*fixed) for _ in range(16)]
    assert np.mean(losses[-4:]) < 0.6 * np.mean(losses[:4])  # measured: 0.24; no learning: 1.00
    one.save(tmp_path / "c.safetensors")
    two = training()
    two.load(tmp_path / "c.safetensors")
    batch = scenes.draw(np.random.default_rng(1), 6)
    assert one.step(*batch) == two.step(*batch)
    clip.report(one, tmp_path, Log(tmp_path), losses, scenes, 12, among=6)
    line = read_log(tmp_path)[-1]
    assert 0 <= line["retrieval"] <= 1 and line["words_and_chance"]["kind"][1] == pytest.approx(1 / 25, abs=1e-3)
    one.frozen.save_pretrained(tmp_path / "words/text_encoder")
    one.tokenizer.save_pretrained(tmp_path / "words/tokenizer")
    loaded = pocket_clip.load(tmp_path / "export", tmp_path / "words")
    pictures = scenes.pictures[:, 0]
    assert torch.allclose(loaded.image_features(pictures), one.averaged().image_features(pictures), atol=2e-2)
    next(one.frozen.parameters()).data[:] += 1
    one.frozen.save_pretrained(tmp_path / "words/text_encoder")
    with pytest.raises(ModelUnavailable, match="another text encoder"):
        pocket_clip.load(tmp_path / "export", tmp_path / "words")


def test_the_image_tower_begins_as_the_judges_trunk(tmp_path):
    torch.manual_seed(3)
    judged = judge.Judge()
    judge.export(judged, tmp_path / "export")
    begun = clip.begun(tmp_path / "export")
    assert torch.allclose(begun.trunk[0].weight, judged.trunk[0].weight, atol=1e-3)
    assert not torch.allclose(clip.begun(tmp_path / "none").trunk[0].weight, judged.trunk[0].weight, atol=1e-3)


def test_wrong_words_are_things_most_often():
    rng, sentence = np.random.default_rng(0), "a red car by the sea at night"
    things = np.mean(["car" not in wrong for wrong in clip.swapped(sentence, rng, 200)])
    assert 0.45 < things < 0.66  # 5 of 9; each word alike: 0.25


def test_every_second_picture_goes_through_the_models(tmp_path, scenes):
    pictures = scenes.pictures.copy()
    clip.soften(pictures, tmp_path)
    assert (pictures == scenes.pictures).all()  # nothing is trained there
    toy.small_vae().save_pretrained(tmp_path / vae.NAME / "export")
    clip.soften(pictures, tmp_path, mirrored=True)
    assert (pictures[1::2] == pictures[::2, :, :, ::-1]).all()
    apart = np.abs(pictures.astype(int) - scenes.pictures).mean((0, 2, 3, 4))
    assert apart[0] == 0 and apart[1] > 3  # nothing done: 0


def test_half_drawn_pictures_come_from_a_noisy_look(scenes):
    parts = tiny.parts()
    given = scenes.pictures[:3, 0]
    one, same, other = (clip.half_drawn(parts, given, seed) for seed in (0, 0, 1))
    assert one.shape == given.shape and one.dtype == np.uint8
    assert (one == same).all() and np.abs(one.astype(int) - other).mean() > 1  # without noise: 0
