"""What the pocket model is told: the prompt as the world's grammar understands it, in the words that the model learnt.

The model's vocabulary is small. The grammar that drives the animatic reads far more words than the model has seen, so the model is given the
plain sentence of what was understood; the user's own words stay in the metadata.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.tasks.text_to_video.diorama import notes, read_scene
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.world.captions import captions
from engine.world.spec import SceneSpec

WORDINGS = 24
"""Sentences that are tried; the shortest one is the plainest."""


@dataclass(frozen=True)
class Told:
    """A prompt as it was understood: the scene, the sentence for the model, and what the user should know about the words."""

    spec: SceneSpec
    sentence: str
    notes: tuple[str, ...]
    known: bool
    """False when no word was understood."""


def told(request: TextToVideoRequest, seed: int, prompt: str) -> Told:
    """The reading of a prompt. The same prompt, camera and seed give the same sentence."""
    reading = read_scene(request, seed, prompt, 2.0)
    return Told(reading.spec, sentence(reading.spec), tuple(notes(reading)), bool(reading.understood))


def sentence(spec: SceneSpec) -> str:
    """The plainest of the world's own captions of a scene, always the same one. The camera is left out: it is moved by geometry, not by the model."""
    spec = spec.model_copy(update={"camera": "still"})
    return min(captions(spec, np.random.default_rng(0), WORDINGS), key=lambda text: (len(text), text))
