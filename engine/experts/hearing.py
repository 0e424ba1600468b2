"""What is said in a recording, word for word with its times: Whisper (Radford et al. 2022). It hears windows of 30 s at 16 kHz; which ones, `engine.sound.activity` says.

Words get their times from the cross-attention of some heads, along which text and sound are aligned by dynamic time warping; a folder that does not name such heads (`alignment_heads`) tells
the times of whole sentences alone, and their words share them. Whisper makes words of silence and falls into loops: silence is not heard, words outside of a voice are dropped, and a
window that repeats itself is heard again, then cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.errors import ModelUnavailable
from engine.experts.loading import stock, stock_processor
from engine.experts.transcript import grouped, repeating, spread, unlooped, voiced
from engine.sound.activity import Span, speech_spans, windows
from engine.sound.mixing.words import Word
from engine.sound.spectra import RATE, resampled

if TYPE_CHECKING:
    from engine.experts import Expert

STEP = 0.02
"""Seconds between two of Whisper's timestamp tokens."""

TEMPERATURES = (0.0, 0.4, 0.8)
"""A window that repeats itself is heard again with more chance (Radford et al. 2022, "Strategies for Reliable Long-form Transcription"; they go from 0 to 1 by 0.2). Always the same chance."""


@dataclass(frozen=True)
class Heard:
    """words: so far, in order; language: its code, such as en; done, of: windows."""

    words: tuple[Word, ...] = ()
    language: str = ""
    done: int = 0
    of: int = 0


class Hearer:
    """Whisper from a folder. Raises `ModelUnavailable` for weights or settings with which no times can be told."""

    def __init__(self, expert: Expert, device: torch.device | str = "cpu") -> None:
        from transformers import WhisperForConditionalGeneration, WhisperProcessor

        self.model: Any = stock(WhisperForConditionalGeneration, expert.folder, device)
        self.processor: Any = stock_processor(WhisperProcessor, expert.folder)
        self.components = {"model": self.model}
        told = self.model.generation_config
        if not hasattr(told, "no_timestamps_token_id"):
            raise ModelUnavailable(f"{expert.folder.name} tells no times", why="its generation_config.json does not name no_timestamps_token_id", fix="take the file of the Whisper that it comes from, or another card")
        self._stamps = int(told.no_timestamps_token_id) + 1
        self._ends = int(self.model.config.eos_token_id)
        self._languages: dict[int, str] = {number: name.strip("<|>") for name, number in getattr(told, "lang_to_id", {}).items()}
        self._aligned = bool(getattr(told, "alignment_heads", None))
        self.window = float(self.processor.feature_extractor.chunk_length)

    def hear(self, samples: np.ndarray, rate: int, checkpoint: Callable[[], None] = lambda: None) -> Iterator[Heard]:
        """What samples (N,) or (N, C) say: yields all that is heard so far after each window; nothing where there is no voice. checkpoint: called before every token; what it raises ends it."""
        heard = resampled(samples, rate, RATE)
        voice = speech_spans(heard)
        plan = windows(voice, heard, self.window)
        words: list[Word] = []
        language = ""
        for number, window in enumerate(plan, 1):
            checkpoint()
            part = heard[round(window.start * RATE) : round(window.end * RATE)]
            seen, frames = self._encoded(part)
            if self._languages and not language:
                # The first window decides for all, as in Whisper's own transcription: a language of its own for each would change within a sentence.
                language = self._languages[int(self.model.detect_language(encoder_outputs=seen)[0])]
            inside = [Span(max(0.0, span.start - window.start), span.end - window.start) for span in voice if span.end > window.start and span.start < window.end]
            words += [Word(word.text, word.start + window.start, word.end + window.start) for word in self._said(seen, frames, language, inside, checkpoint)]
            yield Heard(tuple(words), language or "en", number, len(plan))

    @torch.no_grad()
    def _encoded(self, part: np.ndarray) -> tuple[Any, torch.Tensor]:
        """The encoder's answer to a window, and which of its mel frames (1, F) are sound. It is asked apart: asked by `generate`, it would give back all of its attention (GBs) with the heads' own."""
        given = self.processor(part, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True).to(self.model.device)
        return self.model.get_encoder()(given.input_features), given.attention_mask

    def _said(self, seen: Any, frames: torch.Tensor, language: str, voice: list[Span], checkpoint: Callable[[], None]) -> list[Word]:
        """The words of a window, in seconds from its start."""
        words: list[Word] = []
        for temperature in TEMPERATURES:
            words = self._words(*self._tokens(seen, frames, language, temperature, checkpoint), voice)
            if not repeating(words):
                return words
        words = unlooped(words)
        return [] if repeating(words) else words

    def _tokens(self, seen: Any, frames: torch.Tensor, language: str, temperature: float, checkpoint: Callable[[], None]) -> tuple[list[int], np.ndarray | None]:
        """The tokens of a window (text and timestamps), and where heads are known, the second at which each of them ends."""
        from transformers import StoppingCriteriaList

        def going_on(tokens: torch.Tensor, scores: Any) -> torch.Tensor:
            checkpoint()
            return torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)

        options: dict[str, Any] = {"language": f"<|{language}|>", "task": "transcribe"} if language else {}
        if self._aligned:
            options |= {"return_token_timestamps": True, "attention_mask": frames}
        with torch.random.fork_rng():
            torch.manual_seed(0)
            found = self.model.generate(
                encoder_outputs=seen, return_timestamps=True, force_unique_generate_call=True, temperature=temperature, stopping_criteria=StoppingCriteriaList([going_on]), **options
            )  # fmt: skip
        row = (found["sequences"] if self._aligned else found)[0].tolist()
        # Before the first timestamp stands what the model was told: language and task.
        first = next((place for place, token in enumerate(row) if token >= self._stamps), len(row))
        return row[first:], found["token_timestamps"][0, first:].double().cpu().numpy() if self._aligned else None

    def _words(self, tokens: list[int], ends: np.ndarray | None, voice: list[Span]) -> list[Word]:
        words: list[Word] = []
        for start, end, places in self._sentences(tokens):
            texts = grouped([tokens[place] for place in places], self.processor.tokenizer)
            if ends is None:
                words += spread([text for text, _ in texts], start, min(end, self.window), voice)
                continue
            at = 0
            for text, count in texts:
                mine, at = places[at : at + count], at + count
                # A token begins where the one before it ends; before the first of a sentence stands its timestamp, and silence counts as that one's.
                last = float(ends[mine[-1]])
                word = voiced(Word(text, min(last, max(start, float(ends[mine[0] - 1]))), last), voice)
                words += [word] if word else []
        return words

    def _sentences(self, tokens: list[int]) -> Iterator[tuple[float, float, list[int]]]:
        """Start and end in seconds, and the places of the text tokens, of what stands between two timestamps. The last may have no end: it goes on to the window's."""
        start, held = 0.0, list[int]()
        for place, token in enumerate(tokens):
            if token >= self._stamps:
                moment = (token - self._stamps) * STEP
                if held:
                    yield start, moment, held
                start, held = moment, []
            elif token < self._ends:
                held.append(place)
        if held:
            yield start, self.window, held
