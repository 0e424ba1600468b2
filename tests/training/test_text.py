"""The tokenizer takes any text; the encoder learns to say what a sentence says."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.training import text, wording
from engine.world import words as w
from engine.world.spec import sample_spec

TOKENIZER = text.build_tokenizer(["a", "red", "balloon", "night", "sea"])


def squeezed(said: str) -> str:
    """Lower case by the tokenizer's own Unicode tables, which are newer or older than Python's; no spaces."""
    return "".join(TOKENIZER.backend_tokenizer.normalizer.normalize_str(said).split())


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_comes_back_but_for_case_and_spaces(said):
    ids = TOKENIZER(said, truncation=False).input_ids
    assert ids[0] == TOKENIZER.bos_token_id and ids[-1] == TOKENIZER.eos_token_id
    assert squeezed(TOKENIZER.decode(ids[1:-1])) == squeezed(said)


def test_known_words_are_one_token_and_unknown_ones_fall_into_letters():
    assert TOKENIZER.tokenize("A red balloon") == ["a</w>", "red</w>", "balloon</w>"]
    assert len(TOKENIZER.tokenize("zzyx")) == 4


def test_tokens_are_cut_and_padded_to_the_length_of_the_encoder():
    ids = text.tokens(TOKENIZER, ["", "red " * 500])
    assert ids.shape == (2, text.LENGTH) and (ids[:, 0] == TOKENIZER.bos_token_id).all()
    assert (ids[1, 1:-1] != TOKENIZER.eos_token_id).all() and ids[1, -1] == TOKENIZER.eos_token_id


def test_the_vocabulary_has_no_word_that_only_held_out_captions_use():
    found = set(text.words_of_the_world())
    assert {"balloon", "teal", "gull"} <= found
    assert not {"chopper", "yacht", "automobile"} & found


def test_synonyms_never_come_from_the_held_out_lists():
    held = {phrase for _, phrases in w.NOUNS.values() for phrase in phrases} | {phrase for _, phrases in w.COLOUR_WORDS.values() for phrase in phrases}
    for phrase, more in wording.synonyms().items():
        assert not held & set(more), phrase


def test_short_prompts_always_name_the_thing_and_say_only_what_they_claim():
    rng = np.random.default_rng(3)
    for _ in range(50):
        spec = sample_spec(rng, count=1)
        said, fields = wording.short(spec, rng)
        assert any(noun in said.lower() for noun in w.NOUNS[spec.subjects[0].kind][0])
        if "time" not in fields:
            assert not any(phrase in said for phrases in w.TIME_PHRASES.values() for phrase in phrases[0])


def test_twenty_steps_lower_the_loss_and_resume_exactly(tmp_path):
    tokenizer = text.build_tokenizer()

    def fresh() -> text.Training:
        torch.manual_seed(0)
        return text.Training(tokenizer, text.build_encoder(tokenizer, 64, 1))

    one = fresh()
    losses = [one.step(16, 2.0) for _ in range(20)]
    assert np.mean(losses[-4:]) < 0.93 * np.mean(losses[:2])  # no learning: ratio 1.00 give or take 0.02
    one.save(tmp_path / "c.safetensors")
    two = fresh()
    two.load(tmp_path / "c.safetensors")
    assert one.step(16) == two.step(16)
    assert all(torch.equal(a, b) for a, b in zip(one.optimiser.tensors().values(), two.optimiser.tensors().values(), strict=True))
