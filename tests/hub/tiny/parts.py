"""Parts that several families share: tokenizers with vocabularies made here, text and picture encoders, schedulers."""

from __future__ import annotations

from typing import Any

import torch

from tests.experts.tiny import shaken

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,"
WIDTH = 16
"""Numbers of a text encoder's every token."""


def t5_words() -> Any:
    """A T5 tokenizer of single characters."""
    from transformers import T5Tokenizer

    return T5Tokenizer(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), *((letter, -4.0) for letter in "▁" + LETTERS)], extra_ids=0)


def gemma_words() -> Any:
    """A Gemma tokenizer of single characters."""
    from transformers import GemmaTokenizer

    names = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *LETTERS]
    return GemmaTokenizer(vocab={name: k for k, name in enumerate(names)}, merges=[])


def clip_words() -> Any:
    """A CLIP tokenizer of single characters, which end a word or not."""
    from transformers import CLIPTokenizer

    names = ["<|startoftext|>", "<|endoftext|>", *LETTERS, *(letter + "</w>" for letter in LETTERS)]
    return CLIPTokenizer(vocab={name: k for k, name in enumerate(names)}, merges=[], model_max_length=24)


def qwen_words() -> Any:
    """A Qwen2 tokenizer of single characters with a chat template of its shape."""
    from transformers import Qwen2Tokenizer

    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "Ġ", "Ċ", ":", *LETTERS, *LETTERS[:26].upper()]
    words = Qwen2Tokenizer(vocab={name: k for k, name in enumerate(names)}, merges=[])
    words.chat_template = "{% for one in messages %}<|im_start|>{{ one.role }}\n{{ one.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    return words


def t5() -> Any:
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(1)
    return shaken(T5EncoderModel(T5Config(vocab_size=64, d_model=WIDTH, d_kv=8, d_ff=16, num_layers=1, num_heads=2)))


def umt5() -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    torch.manual_seed(1)
    return shaken(UMT5EncoderModel(UMT5Config(vocab_size=64, d_model=WIDTH, d_kv=8, d_ff=16, num_layers=1, num_heads=2)))


def clip_eyes(side: int = 32, *, projected: bool = False) -> Any:
    """A CLIP that sees, and what prepares pictures for it."""
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel, CLIPVisionModelWithProjection

    torch.manual_seed(4)
    config = CLIPVisionConfig(hidden_size=WIDTH, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=side, patch_size=side // 2, projection_dim=WIDTH)
    kind = CLIPVisionModelWithProjection if projected else CLIPVisionModel
    return shaken(kind(config)), CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side})


def flow(**options: Any) -> Any:
    """The scheduler of most flow matching models."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    return FlowMatchEulerDiscreteScheduler(**options)
