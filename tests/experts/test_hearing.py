"""Whisper from a folder, of the real class and tiny: one that was taught five words writes down what is said and when; one that says a script shows what is made of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import Cancelled, ModelUnavailable
from engine.experts import CARDS_OF, Expert, available
from engine.experts.hearing import TEMPERATURES, Hearer
from engine.experts.leasing import lent
from engine.experts.transcript import grouped, repeating, spread, unlooped, voiced
from engine.residency import ModelPool
from engine.settings import Settings
from engine.sound.activity import Span
from engine.sound.mixing.words import Word
from tests.experts.tiny_whisper import LONG, RATE, STEP, VOWELS, said, scripted, tokenizer
from tests.faces import syllables

SCRIPT = [("<|0.40|>", 0.4), (" Der", 0.5), (" rote", 1.0), (" Bus,", 1.5), ("<|2.00|>", 2.0), ("<|2.00|>", 2.0), (" fährt", 2.2), (" heim.", 2.8), ("<|3.40|>", 3.4)]
WORDS = [(piece.strip(), start) for piece, start in SCRIPT if piece[0] == " "]
TALK = [0.3 + 0.2 * k for k in range(16)]
"""Syllables from 0.3 to 3.5 s: a voice for the script."""
FROM = 0.05
"""Where the window of `TALK` begins, from which the script counts: `MARGIN` before its first vowel."""


def hearer(folder: Path) -> Hearer:
    return Hearer(Expert("hear", "whisper", folder, CARDS_OF["hear"][0]))


def listened(who: Hearer, samples: np.ndarray, **options: Any) -> tuple[list[Word], str]:
    """What is heard in the end."""
    last = None
    for last in who.hear(samples, RATE, **options):  # noqa: B007
        pass
    return (list(last.words), last.language) if last else ([], "")


def counted(who: Hearer, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What `generate` is called with, from now on."""
    calls: list[dict[str, Any]] = []
    generate = who.model.generate
    monkeypatch.setattr(who.model, "generate", lambda **given: (calls.append(given), generate(**given))[1])
    return calls


@pytest.fixture(scope="module")
def pupil(whisper: Path) -> Hearer:
    return hearer(whisper)


@pytest.fixture(scope="module")
def reciter(tmp_path_factory: pytest.TempPathFactory) -> Hearer:
    return hearer(scripted(tmp_path_factory.mktemp("reciter"), SCRIPT))


def test_what_is_said_in_seventy_seconds_is_written_down_with_its_times(pupil: Hearer, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, at, told = np.random.default_rng(5), 1.0, []
    while at < 62:
        for _ in range(int(rng.integers(1, 4))):
            told.append((str(rng.choice(list(VOWELS))), at))
            at += STEP
        at += 3.0
    calls = counted(pupil, monkeypatch)
    words, language = listened(pupil, said(told, 70.0, seed=9))
    assert language == "en" and len(words) == len(told) > 20
    right = [word.text == truth for word, (truth, _) in zip(words, told, strict=True)]
    assert np.mean(right) > 0.9, "one word for all is right for a fifth"
    # Between two words lie 0.45 s of silence, and either may have them.
    late = np.array([(word.start - start, word.end - start - LONG) for word, (_, start) in zip(words, told, strict=True)])
    assert np.abs(late).max() < 0.5 and np.abs(late).mean() < 0.35
    assert len(calls) == sum(later - sooner > 2 for (_, sooner), (_, later) in zip(told, told[1:], strict=False)) + 1, "a window for each group of words"


def test_the_level_of_a_recording_its_rate_and_its_channels_do_not_matter(pupil: Hearer) -> None:
    from engine.sound.spectra import resampled

    sound = said([("moon", 0.5), ("tree", 1.4)], 2.6, seed=3)
    stereo = np.stack([resampled(0.5 * sound, RATE, 44_100)] * 2, axis=1)
    (last,) = pupil.hear(stereo, 44_100)
    assert [word.text for word in last.words] == ["moon", "tree"] == [word.text for word in listened(pupil, sound)[0]]


def test_words_of_several_tokens_get_the_times_at_which_attention_finds_them(reciter: Hearer) -> None:
    words, language = listened(reciter, syllables(TALK, 4.0))
    assert language == "de", "what the first token says"
    assert [word.text for word in words] == [text for text, _ in WORDS]
    assert max(abs(word.start - start - FROM) for word, (_, start) in zip(words, WORDS, strict=True)) < 0.1
    assert all(one.end <= two.start + 1e-6 for one, two in zip(words, words[1:], strict=False)) and words[-1].end == pytest.approx(3.4 + FROM, abs=0.1)


def test_attention_is_read_as_the_stock_pipeline_reads_it(reciter: Hearer) -> None:
    """Raw ends of words, before they are laid where the voice is: transformers' own are the same."""
    from transformers import pipeline

    sound = np.pad(syllables(TALK, 4.0), (0, 26 * RATE))
    stock = pipeline("automatic-speech-recognition", model=reciter.model, tokenizer=reciter.processor.tokenizer, feature_extractor=reciter.processor.feature_extractor)
    theirs = stock({"raw": sound, "sampling_rate": RATE}, return_timestamps="word", generate_kwargs={"language": "<|de|>"})["chunks"]
    ours = reciter._words(*reciter._tokens(*reciter._encoded(sound), "de", 0.0, lambda: None), [Span(0.0, 30.0)])
    assert [one["text"].strip() for one in theirs] == [word.text for word in ours]
    assert [one["timestamp"][1] for one in theirs] == pytest.approx([word.end for word in ours], abs=0.011)


def test_a_long_talk_is_heard_in_windows_that_meet(reciter: Hearer, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(reciter, monkeypatch)
    parts = list(reciter.hear(np.tile(syllables([0.02 + 0.2 * k for k in range(25)], 5.0), 14), RATE))
    assert [(part.done, part.of) for part in parts] == [(1, 3), (2, 3), (3, 3)] and len(calls) == 3
    assert all(call["attention_mask"].sum() <= 3000 for call in calls) and sum(int(call["attention_mask"].sum()) for call in calls) == pytest.approx(7000, abs=80)
    starts = [word.start for word in parts[-1].words if word.text == "Der"]
    assert len(starts) == 3 and 12 < starts[1] - starts[0] <= 30 and 12 < starts[2] - starts[1] <= 30


@pytest.mark.parametrize("kind", ["nothing", "zeros", "hiss", "rumble", "clicks"])
def test_where_nobody_speaks_nothing_is_heard(reciter: Hearer, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    calls, rng = counted(reciter, monkeypatch), np.random.default_rng(0)
    noise = rng.standard_normal(6 * RATE)
    rumble = np.fft.irfft(np.fft.rfft(noise) / np.arange(1, 3 * RATE + 2))
    clicks = np.zeros(6 * RATE)
    clicks[RATE::RATE] = 0.9
    sound = {"nothing": np.zeros(0), "zeros": np.zeros(6 * RATE), "hiss": 0.05 * noise, "rumble": 0.5 * rumble / np.abs(rumble).max(), "clicks": clicks + 1e-4 * noise}[kind]
    assert listened(reciter, sound.astype(np.float32)) == ([], "") and not calls


def test_words_beside_the_voice_were_not_said(reciter: Hearer) -> None:
    """The voice rests from 1.3 to 3.5 s; one word of the script lies there."""
    assert [word.text for word in listened(reciter, syllables([*TALK[:5], 3.5], 4.0))[0]] == ["Der", "rote", "Bus,", "heim."]


def test_a_loop_is_heard_again_and_then_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = [(text, 0.3 + 0.1 * k + start) for k in range(28) for text, start in ((" wir", 0.0), (" gehen", 0.05))]
    who = hearer(scripted(tmp_path / "looping", [("<|0.20|>", 0.2), *rounds, ("<|3.40|>", 3.4)]))
    calls = counted(who, monkeypatch)
    assert [word.text for word in listened(who, syllables(TALK, 4.0))[0]] == ["wir", "gehen"]
    assert [call["temperature"] for call in calls] == list(TEMPERATURES)


def test_without_alignment_heads_words_share_their_sentence(tmp_path: Path) -> None:
    words, _ = listened(hearer(scripted(tmp_path / "bare", SCRIPT, aligned=False)), syllables(TALK, 4.0))
    assert [word.text for word in words] == [text for text, _ in WORDS]
    edges = [words[0].start, words[2].end, words[3].start, words[-1].end]
    assert edges == pytest.approx([FROM + start for start in (0.4, 2.0, 2.0, 3.4)], abs=0.011)
    lengths = [word.end - word.start for word in words[:3]]
    assert lengths == pytest.approx([1.6 * len(word.text) / 11 for word in words[:3]], abs=0.02)


def test_it_stops_between_two_tokens(reciter: Hearer) -> None:
    asked = []

    def stop() -> None:
        asked.append(0)
        if len(asked) == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        listened(reciter, syllables(TALK, 4.0), checkpoint=stop)
    assert len(asked) == 5
    assert len(listened(reciter, syllables(TALK, 4.0))[0]) == len(WORDS), "and hears as before"


def test_a_folder_without_timestamps_is_refused(reciter: Hearer, tmp_path: Path) -> None:
    folder = scripted(tmp_path / "plain", SCRIPT)
    settings = folder / "generation_config.json"
    told = json.loads(settings.read_text())
    del told["no_timestamps_token_id"]
    settings.write_text(json.dumps(told))
    with pytest.raises(ModelUnavailable, match=r"no_timestamps_token_id.*another card"):
        hearer(folder)


def test_the_most_able_card_that_is_here_is_leased(whisper: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, device="cpu")
    run = RunContext("0" * 32, tmp_path, settings, 1, pool=ModelPool(2**30))
    with lent(run, "hear") as nobody:
        assert nobody is None
    for card in ("whisper-tiny", "whisper-small"):
        shutil.copytree(whisper, tmp_path / "models" / card)
        assert available(settings)["hear"].card.id == card
    with lent(run, "hear") as who:
        assert isinstance(who, Hearer) and run.pool and len(run.pool.stats()["models"]) == 1


def test_letters_of_several_tokens_stay_whole_and_scripts_without_spaces_part_at_marks() -> None:
    bpe = tokenizer([], 1)
    for text, words in (
        (" naïve café — für ŵ", ["naïve", "café", "—", "für", "ŵ"]),
        ("小さな船。月を探して、行く", ["小さな船。", "月を探して、", "行く"]),
        (" he said: \"no!\"", ["he", "said:", '"no!"']),
    ):
        tokens = bpe.encode(text, add_special_tokens=False)
        found = grouped(tokens, bpe)
        assert [word for word, _ in found] == words and sum(count for _, count in found) == len(tokens)


def test_loops_are_told_from_what_people_repeat() -> None:
    def spoken(text: str) -> list[Word]:
        return [Word(word, k, k + 1) for k, word in enumerate(text.split())]

    song = "no no no I said no and that is the end of it"
    assert not repeating(spoken(song)) and [word.text for word in unlooped(spoken(song))] == song.split()
    loop = "and so " + "Thank you for watching. " * 20
    assert repeating(spoken(loop)) and [word.text for word in unlooped(spoken(loop))] == ["and", "so", "Thank", "you", "for", "watching."]
    assert repeating(unlooped(spoken("la" * 200))), "one endless word is no word"


def test_words_are_laid_where_the_voice_is() -> None:
    voice = [Span(1.0, 2.0), Span(4.0, 6.0)]
    assert voiced(Word("a", 0.0, 1.5), voice) == Word("a", 1.0, 1.5) and voiced(Word("a", 5.5, 9.0), voice) == Word("a", 5.5, 6.0)
    assert voiced(Word("a", 2.1, 2.2), voice) == Word("a", 2.0, 2.0) and voiced(Word("a", 2.5, 3.5), voice) is None and voiced(Word("", 1.0, 1.5), voice) is None
    assert spread(["ab", "cdef"], 0.0, 9.0, voice) == [Word("ab", 1.0, 2.0), Word("cdef", 4.0, 6.0)] and spread(["ab"], 2.5, 3.5, voice) == []
