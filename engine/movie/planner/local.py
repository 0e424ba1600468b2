"""Plans from a small instruct model in a folder of this machine, by transformers: safetensors alone, no code from the folder. Imports torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from engine.catalog.fetch import ModelFiles
from engine.catalog.folders import shelves, weight_bytes
from engine.catalog.language import CARDS
from engine.errors import Cancelled, ModelUnavailable
from engine.hardware import device_of, number_for_cpu
from engine.residency import ModelPool
from engine.settings import Settings

TOKENS_EACH, TOKENS_BASE, TOKENS_MOST = 220, 400, 6000
"""New tokens that a scene, and the rest of a plan, may take; and all together."""

WARMTH, NUCLEUS = 0.8, 0.95
"""Temperature, and share of the probability from which words are drawn (nucleus sampling, Holtzman et al., 2020)."""

MOST_CONFIG_BYTES = 1_000_000

Check = Callable[[], None]


def language_folder(settings: Settings) -> Path:
    """The folder of an instruct model: one of the user's own, else a fetched one. Raises `ModelUnavailable` that says where to put one."""
    for shelf in shelves(settings):
        for folder in sorted(shelf.iterdir()) if shelf.is_dir() else []:
            if _is_language_model(folder):
                return folder
    files = ModelFiles.of(settings)
    for card in CARDS:
        if files.present(card):
            return files.path(card)
    card = CARDS[0]
    raise ModelUnavailable(
        "there is no language model on this machine",
        why="a plan by the local planner needs one",
        fix=f"fetch {card.title} ({card.bytes / 1e9:.1f} GB, {card.licence}) in the engine room or by `python app.py fetch {card.id}`, put one below {shelves(settings)[0]}, or choose the built-in planner",
        field="planner",
    )


def _document(path: Path) -> dict[str, Any]:
    """A small JSON file; empty when it is none."""
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= MOST_CONFIG_BYTES else None
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_language_model(folder: Path) -> bool:
    kinds = _document(folder / "config.json").get("architectures")
    return isinstance(kinds, list) and any(isinstance(kind, str) and kind.endswith("ForCausalLM") for kind in kinds) and any(folder.glob("*.safetensors"))


def _brings_code(path: Path) -> bool:
    return "auto_map" in _document(path)


class Writer:
    """An instruct model with its tokenizer."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if any(_brings_code(folder / name) for name in ("config.json", "tokenizer_config.json")):
            raise ModelUnavailable(f"the language model in {folder.name} brings code of its own", why="which is never run", fix="use a model of a kind that transformers knows, such as Qwen, Llama or SmolLM")
        number = number_for_cpu() if device.type == "cpu" else torch.bfloat16 if device.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float16
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model: Any = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype=number)
        except Exception as error:  # transformers raises a dozen kinds for a missing, cut or foreign file
            why = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise ModelUnavailable(f"the language model in {folder.name} cannot be read", why=why, fix="fetch the model again; weights must be safetensors") from error
        self.model = model.to(device).eval().requires_grad_(False)
        self.components = {"model": self.model}

    @torch.no_grad()
    def write(self, messages: list[dict[str, str]], most: int, seed: int, check: Check) -> str:
        """The model's answer to a chat, at most so many tokens. `check` is called at every token and may raise. The same seed gives the same answer on the same machine."""
        from transformers import StoppingCriteria, StoppingCriteriaList

        class Stop(StoppingCriteria):  # type: ignore[misc]
            def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any) -> torch.Tensor:
                check()
                return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)

        given = self._tokens(messages)
        room = int(getattr(self.model.config, "max_position_embeddings", 0) or 2048)
        given = given[:, -max(1, room - min(most, room // 2)) :]
        with torch.random.fork_rng(devices=[self.model.device] if self.model.device.type == "cuda" else []):
            torch.manual_seed(seed)
            told = self.model.generate(
                given, attention_mask=torch.ones_like(given), max_new_tokens=min(most, room - given.shape[1]), do_sample=True, temperature=WARMTH, top_p=NUCLEUS, top_k=0, stopping_criteria=StoppingCriteriaList([Stop()]),
                pad_token_id=self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else self.tokenizer.eos_token_id,
            )  # fmt: skip
        return str(self.tokenizer.decode(told[0, given.shape[1] :], skip_special_tokens=True))

    def _tokens(self, messages: list[dict[str, str]]) -> torch.Tensor:
        """(1, tokens) of the chat in the model's own form; of a model without one, its texts one after the other."""
        if getattr(self.tokenizer, "chat_template", None):
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            tokens = self.tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
        else:
            tokens = self.tokenizer("\n\n".join(message["content"] for message in messages), return_tensors="pt")["input_ids"]
        return tokens.to(self.model.device)  # type: ignore[no-any-return]


def write_locally(messages: list[dict[str, str]], scenes: int, seed: int, settings: Settings, pool: ModelPool | None = None, check: Check = lambda: None) -> str:
    """What the machine's own language model answers. Raises `ModelUnavailable` when there is none or it cannot be used; what `check` raises goes through."""
    folder = language_folder(settings)
    device = device_of(settings.device)
    most = min(TOKENS_MOST, TOKENS_BASE + TOKENS_EACH * scenes)
    pool = pool or ModelPool.for_machine(settings)
    with pool.lease(f"language {folder}", lambda _: Writer(folder, device), expected=weight_bytes(folder)) as writer:
        try:
            return writer.write(messages, most, seed, check)
        except Cancelled:
            raise
        except (RuntimeError, ValueError, IndexError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            why = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise ModelUnavailable(f"the language model in {folder.name} cannot write", why=why, fix="choose another model, or the built-in planner") from error
