"""Plans from a language model of this machine: a tiny random one, whose nonsense still becomes a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import Cancelled
from engine.movie.planner import write_plan
from engine.settings import Settings
from tests.movie.test_planner_replies import REQUEST, check


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a random instruct model of 20 thousand weights in `checkpoints`."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    data = tmp_path_factory.mktemp("language")
    folder = data / "checkpoints" / "tiny-instruct"
    words = ["<pad>", "<eos>", "<unk>", "{", "}", "scenes", "prompt", "boat", "a", "red", "sea", ":", ",", '"', "[", "]"]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")
    fast.chat_template = "{% for m in messages %}{{ m['content'] }} {% endfor %}"
    fast.save_pretrained(folder)
    config = LlamaConfig(vocab_size=len(words), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=256, pad_token_id=0, eos_token_id=1, bos_token_id=2)
    LlamaForCausalLM(config).save_pretrained(folder, safe_serialization=True)
    return data


def test_a_local_model_writes_and_its_nonsense_becomes_a_plan(tiny_model: Path) -> None:
    from engine.movie.planner.asking import messages
    from engine.movie.planner.local import language_folder, write_locally

    settings = Settings(data_dir=tiny_model, device="cpu")
    assert language_folder(settings).name == "tiny-instruct"
    calls: list[int] = []
    first, again, other = (write_locally(messages(REQUEST), 1, seed, settings, check=lambda: calls.append(1)) for seed in (3, 3, 4))
    assert first == again != other and len(calls) > 20, "deterministic by seed, and Stop can act at every word"
    written = write_plan(REQUEST.model_copy(update={"planner": "local"}), 1, settings, check=lambda: None)
    check(written.plan)
    waiting = write_plan(REQUEST.model_copy(update={"planner": "local"}), 1, settings)
    assert waiting.planner == "built-in" and "run of its own" in waiting.plan.notes[0]

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        write_plan(REQUEST.model_copy(update={"planner": "local"}), 1, settings, check=stop)


def test_a_missing_or_broken_local_model_is_told(tiny_model: Path, tmp_path: Path) -> None:
    import shutil

    local = REQUEST.model_copy(update={"planner": "local"})
    written = write_plan(local, 1, Settings(data_dir=tmp_path), check=lambda: None)
    assert written.planner == "built-in" and "no language model" in written.plan.notes[0]
    folder = tmp_path / "checkpoints" / "cut"
    shutil.copytree(tiny_model / "checkpoints" / "tiny-instruct", folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    written = write_plan(local, 1, Settings(data_dir=tmp_path, device="cpu"), check=lambda: None)
    assert written.planner == "built-in" and "cannot be read" in " ".join(written.plan.notes)
