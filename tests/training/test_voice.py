"""The training of the mouth: its examples are true, a little of it helps, and the net that is used is the net that was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import ModelUnavailable
from engine.sound import espeak, learned
from engine.sound.by_hand import table_by_hand
from engine.sound.curves import NAMES
from engine.sound.learned import BANDS, heard_features, table_learned
from engine.sound.phones import Phone
from engine.sound.spectra import RATE
from engine.training import voice
from engine.training.spoken import LANGUAGES, UNSEEN_LANGUAGES, UNSEEN_VARIANTS, VARIANTS, Spoken, sentence, speaker
from tests.sound.buzz import mama, murmur, silence, vowel


def said(seed: int) -> Spoken:
    """Made-up speech of m and five vowels with its phones."""
    rng = np.random.default_rng(seed)
    sound, phones, at = [silence(0.2)], [], 0.2
    for _ in range(8):
        name, long, short = str(rng.choice(list("aiueo"))), float(rng.uniform(0.12, 0.25)), float(rng.uniform(0.06, 0.1))
        sound += [murmur(short), vowel(name, long, pitch=float(rng.uniform(90, 220)))]
        phones += [Phone("m", at, at + short), Phone(name, at + short, at + short + long)]
        at += short + long
    return Spoken(np.concatenate([*sound, silence(0.2)]).astype(np.float32), RATE, tuple(phones), "buzz")


def test_a_little_training_finds_closures_in_unseen_sentences(tmp_path: Path) -> None:
    parts = [voice.example(said(seed)) for seed in range(12)]
    examples = voice.Corpus(np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts]))
    torch.manual_seed(0)
    training = voice.Training(voice.Mouth(32))
    for _ in range(60):
        training.step(examples, 8)
    test = [said(100 + k) for k in range(4)]
    fresh = voice.figures(lambda heard: table_learned(heard, voice.Training(voice.Mouth(32)).averaged()), test)
    found = voice.figures(lambda heard: table_learned(heard, training.averaged()), test)
    assert found["opening"] > 0.75 > fresh["opening"] + 0.2 and found["closure"] > 0.75 > fresh["closure"] + 0.2
    assert found["closed"] > 0.8 and abs(found["late"]) <= 20
    voice.export(training.averaged(), tmp_path / "export")
    again = learned.load(tmp_path / "export")
    heard = said(7).samples
    assert np.abs(table_learned(heard, again) - table_learned(heard, training.averaged())).max() < 2e-3


def test_the_net_in_numpy_is_the_net_in_torch() -> None:
    torch.manual_seed(1)
    net = voice.Mouth(24).eval()
    told = np.random.default_rng(0).normal(0, 1, (57, BANDS)).astype(np.float32)
    with torch.no_grad():
        logits = net(torch.from_numpy(told.T[None]))[0].T
    truth = torch.sigmoid(logits)
    truth[:, 1] = 2 * truth[:, 1] - 1
    used = learned.Net({name: tensor.numpy() for name, tensor in net.state_dict().items()})
    assert np.abs(used(told) - truth.numpy()).max() < 1e-4
    assert used(told[:0]).shape == (0, len(NAMES))


@pytest.mark.skipif(not espeak.languages(), reason="espeak-ng is not on this machine: apt-get install espeak-ng")
def test_the_shipped_net_beats_rules_in_voices_that_it_never_heard() -> None:
    rng = np.random.default_rng(31)
    with speaker() as one:
        test = [one.any(rng, UNSEEN_LANGUAGES, UNSEEN_VARIANTS) for _ in range(8)]
    net, rules = voice.figures(lambda heard: table_learned(heard, learned.load()), test), voice.figures(table_by_hand, test)
    assert net["opening"] > 0.8 > rules["opening"] and net["closed"] > 0.85 > rules["closed"] and net["width"] > 0.75 and abs(net["late"]) <= 10


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="engine.training.voice"):
        learned.load(tmp_path)
    assert not learned.there(tmp_path)


def test_features_do_not_know_the_level_and_silence_is_asleep() -> None:
    samples, _, _ = mama(3)
    (plain, awake), (soft, _) = heard_features(samples), heard_features(samples * 0.05)
    assert np.abs(plain - soft).max() < 0.05 and awake[:20].max() == 0 and awake[40:60].max() == 1
    assert not heard_features(np.zeros(RATE, np.float32))[1].any()


def test_spoiling_keeps_length_and_changes_sound() -> None:
    samples, _, _ = mama(3)
    rng = np.random.default_rng(0)
    changed = [voice.spoiled(samples, rng) for _ in range(8)]
    assert all(len(one) == len(samples) and np.isfinite(one).all() for one in changed)
    assert len({round(float(np.abs(one).max()), 4) for one in changed}) == 8


def test_another_throat_moves_the_phones_with_the_sound() -> None:
    spoken = said(3)
    heard, phones = voice.heard_at(spoken, np.random.default_rng(2))
    begins = np.argmax(np.abs(heard) > 0.02) / RATE
    assert abs(phones[0].start - begins) < 0.02 and abs(heard.shape[0] / RATE - phones[-1].end) < 0.9
    assert abs((phones[-1].end - phones[0].start) / (spoken.phones[-1].end - spoken.phones[0].start) - 1) > 0.01


def test_held_out_voices_are_held_out_and_sentences_are_many() -> None:
    assert not set(LANGUAGES) & set(UNSEEN_LANGUAGES) and not set(VARIANTS) & set(UNSEEN_VARIANTS)
    rng = np.random.default_rng(0)
    assert len({sentence(rng) for _ in range(50)}) == 50
