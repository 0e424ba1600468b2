"""Whisper of toy size, of the real class and saved in the hub's layout: one that was taught five words in seconds, and one whose weights are a script that it says whatever it hears."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

RATE = 16_000
VOWELS = {"moon": (300, 870), "bird": (490, 1350), "tree": (280, 2300), "cat": (700, 1750), "star": (750, 1150)}
"""Each word's sound: one vowel, by its first two formants in Hz (about those of Peterson and Barney, 1952)."""

LONG, STEP, BEFORE = 0.45, 0.9, 0.3
"""Seconds: of a word, from one to the next, and before the first of a window."""

WINDOW = 3
"""Seconds that the taught one hears at once."""

SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>")


def said(words: list[tuple[str, float]], seconds: float, *, seed: int = 0, level: float = 0.3) -> np.ndarray:
    """(N,) float32 at `RATE`: words of `VOWELS` at their starts in seconds, in faint noise."""
    rng = np.random.default_rng(seed)
    out = rng.standard_normal(round(seconds * RATE)) * 0.0005
    time = np.arange(round(LONG * RATE)) / RATE
    for word, start in words:
        pitch = 115 * (1 + 0.06 * rng.uniform(-1, 1)) * (1 - 0.1 * time / LONG)
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        tone = np.zeros(len(time))
        for k in range(1, 30):
            loud = sum(share * np.exp(-(((115 * k - formant) / 150) ** 2)) for formant, share in zip(VOWELS[word], (1.0, 0.7), strict=True))
            tone += (loud + 0.01) * np.sin(k * phase)
        at = round(start * RATE)
        out[at : at + len(time)] += level * np.sin(np.pi * np.linspace(0, 1, len(time))) ** 0.5 * tone / np.abs(tone).max()
    return out.astype(np.float32)


def tokenizer(text: list[str], seconds: int) -> Any:
    """Byte-level BPE whose merges spell the words of `text` with a space before them as one token each, with Whisper's special tokens in Whisper's order."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import AddedToken, WhisperTokenizer

    names = sorted(ByteLevel.alphabet())
    merges: list[tuple[str, str]] = []
    for word in text:
        whole = "Ġ"
        for letter in word:
            if (whole, letter) not in merges:
                merges.append((whole, letter))
                names.append(whole + letter)
            whole += letter
    made = WhisperTokenizer(vocab={name: k for k, name in enumerate(names)}, merges=merges)
    made.add_special_tokens({"additional_special_tokens": list(SPECIAL)})
    made.add_tokens([AddedToken(f"<|{k * 0.02:.2f}|>", special=False, normalized=False) for k in range(50 * seconds + 1)])
    return made


def empty(text: list[str], seconds: int, width: int, heads: int, layers: tuple[int, int]) -> tuple[Any, Any]:
    """A fresh model and its processor. layers: of the encoder and the decoder."""
    from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperProcessor

    torch.manual_seed(0)
    words = tokenizer(text, seconds)
    ids = words.convert_tokens_to_ids
    # init_std: with Whisper's own 0.02, at so small a width, the sound would drown in the sinusoids of its places.
    config = WhisperConfig(
        vocab_size=len(words), num_mel_bins=40, d_model=width, encoder_layers=layers[0], decoder_layers=layers[1], encoder_attention_heads=heads, decoder_attention_heads=heads,
        encoder_ffn_dim=2 * width, decoder_ffn_dim=2 * width, max_source_positions=50 * seconds, max_target_positions=96, decoder_start_token_id=ids(SPECIAL[1]),
        pad_token_id=ids(SPECIAL[0]), bos_token_id=ids(SPECIAL[0]), eos_token_id=ids(SPECIAL[0]), begin_suppress_tokens=None, init_std=0.1, attn_implementation="eager",
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig(
        decoder_start_token_id=ids(SPECIAL[1]), pad_token_id=ids(SPECIAL[0]), eos_token_id=ids(SPECIAL[0]), max_length=96, is_multilingual=True,
        lang_to_id={name: ids(name) for name in ("<|en|>", "<|de|>")}, task_to_id={"translate": ids("<|translate|>"), "transcribe": ids("<|transcribe|>")},
        no_timestamps_token_id=ids("<|notimestamps|>"), max_initial_timestamp_index=50, alignment_heads=[[layers[1] - 1, 0]],
    )  # fmt: skip
    return model, WhisperProcessor(WhisperFeatureExtractor(feature_size=40, chunk_length=seconds), words)


def save(model: Any, processor: Any, folder: Path) -> Path:
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def taught(folder: Path, steps: int = 120) -> Path:
    """One that writes down one to three words, each `STEP` after the one before, from the sound alone. Its last layer is shown where each word lies, as alignment heads find it by themselves."""
    text = list(VOWELS)
    model, processor = empty(text, WINDOW, 48, 1, (1, 1))
    ids = processor.tokenizer.convert_tokens_to_ids
    rng = np.random.default_rng(0)
    sounds, rows, spans = [], [], []
    for seed in range(160):
        spoken = [str(rng.choice(text)) for _ in range(int(rng.integers(1, 4)))]
        starts = [BEFORE + STEP * k + float(rng.uniform(-0.08, 0.08)) for k in range(len(spoken))]
        sounds.append(said(list(zip(spoken, starts, strict=True)), starts[-1] + LONG + float(rng.uniform(0.1, 0.4)), seed=seed, level=float(rng.uniform(0.04, 0.5))))
        end = starts[-1] + LONG
        row = [ids(name) for name in ("<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|0.00|>", *("Ġ" + word for word in spoken), f"<|{round(end * 10) / 10:.2f}|>", "<|endoftext|>")]
        rows.append(row + [-100] * (9 - len(row)))
        # The token before a word looks at it, and the last word at what follows it.
        spans.append([(0.0, 0.0)] * 3 + [(start, start + LONG) for start in starts] + [(end, end + 0.3)] * 2 + [(0.0, 0.0)] * (3 - len(spoken)))
    heard = torch.cat([processor(sound, sampling_rate=RATE, return_tensors="pt").input_features for sound in sounds])
    labels = torch.tensor(rows)
    moments = torch.arange(50 * WINDOW) / 50
    limits = torch.tensor(spans)  # (E, 8, 2)
    shown = ((moments >= limits[..., :1]) & (moments < limits[..., 1:])).float()
    shown /= shown.sum(-1, keepdim=True).clamp(min=1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=steps, pct_start=0.2)
    for _ in range(steps):
        picks = torch.from_numpy(rng.choice(len(rows), 8))
        given = labels[picks, :-1].clamp(min=0)
        out = model(input_features=heard[picks], decoder_input_ids=given, output_attentions=True)
        loss = torch.nn.functional.cross_entropy(out.logits.transpose(1, 2), labels[picks, 1:], ignore_index=-100)
        loss = loss - (out.cross_attentions[-1].mean(1).clamp(min=1e-6).log() * shown[picks]).sum() / len(picks) / 4
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return save(model, processor, folder)


def scripted(folder: Path, script: list[tuple[str, float]], *, language: str = "de", aligned: bool = True) -> Path:
    """One that says `script` in every window of 30 s, whatever it hears: pieces of text (or timestamps) and the second at which each begins.

    Only embeddings and one attention count: a place's embedding points at the token that follows, and its query at the encoder's place in the middle of that token. aligned: its settings
    name the head by which that is seen.
    """
    model, processor = empty([word.strip() for word, _ in script if word[:1] == " "], 30, 128, 1, (1, 1))
    ids = processor.tokenizer.convert_tokens_to_ids
    tokens, moments = [ids(f"<|{language}|>"), ids("<|transcribe|>")], [0.0, 0.0]
    for (piece, start), (_, after) in zip(script, [*script[1:], ("", script[-1][1])], strict=True):
        spelled = [ids(piece)] if piece.startswith("<|") else processor.tokenizer.encode(piece, add_special_tokens=False)
        tokens += spelled
        moments += [start + (after - start) * (k + 0.5) / len(spelled) for k in range(len(spelled))]
    tokens.append(ids("<|endoftext|>"))
    moments.append(script[-1][1])
    decoder, layer = model.model.decoder, model.model.decoder.layers[0]
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name and "encoder.embed_positions" not in name:
                weight.zero_()
        codes = torch.nn.functional.normalize(torch.randn(decoder.embed_tokens.weight.shape, generator=torch.Generator().manual_seed(1)), dim=1)
        decoder.embed_tokens.weight.copy_(3 * codes)
        decoder.embed_positions.weight[: len(tokens)] = 60 * codes[tokens]
        given = torch.tensor([ids("<|startoftranscript|>"), *tokens[:-1]])
        states = torch.nn.functional.layer_norm(decoder.embed_tokens.weight[given] + decoder.embed_positions.weight[: len(given)], (128,))
        places = torch.nn.functional.layer_norm(model.model.encoder.embed_positions.weight, (128,))
        wanted = places[(50 * torch.tensor(moments)).round().long().clamp(max=1499)]
        layer.encoder_attn.k_proj.weight.copy_(torch.eye(128))
        layer.encoder_attn.q_proj.weight.copy_(2 * torch.linalg.lstsq(states, wanted, driver="gelsd").solution.T)
    if not aligned:
        del model.generation_config.alignment_heads
    return save(model, processor, folder)
