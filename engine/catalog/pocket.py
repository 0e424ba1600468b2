"""Cards of the pocket models, which Kinora's own scripts trained and the repository holds: words from here, files from the manifest that shipping wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.card import Card, File, RepositorySource
from engine.errors import ModelUnavailable

if TYPE_CHECKING:
    import numpy as np

FOLDER = "assets/models"
SHELF = Path(__file__).resolve().parents[2] / FOLDER

DRAWN = "Trained by Kinora's own scripts on scenes that Kinora draws; the record lies beside the weights."

WORDS: dict[str, dict[str, str]] = {
    "pocket-sd": {
        "title": "Pocket picture model", "role": "text to picture", "family": "stable-diffusion",
        "good_at": "Paper-cut scenes of the diorama from a sentence, a second or two a picture on two CPU cores; loads in stock diffusers.",
        "bad_at": "Anything outside the diorama's words; fine detail.",
    },
    "pocket-flow": {
        "title": "Pocket motion field", "role": "picture to motion", "family": "motion-field",
        "good_at": "Layers of a paper-cut scene and where they go, from one picture and a sentence, in one pass.",
        "bad_at": "Photos; motions that the diorama does not know.",
    },
    "pocket-motion": {
        "title": "Pocket motion adapter", "role": "text to clip", "family": "stable-diffusion",
        "good_at": "Method animatediff: temporal attention for the pocket picture model; loads in stock diffusers.",
        "bad_at": "Directions: it was trained for twenty minutes and obeys them no better than chance; method flow does.",
    },
    "pocket-frames": {
        "title": "Pocket clip model", "role": "picture to clip", "family": "clip-model",
        "good_at": "Method clip: sixteen frames of 128 px around any frames that are given, in a fraction of a second on one core.",
        "bad_at": "Sharp frames, and directions after so little training: blending the given frames is nearer to the truth.",
    },
    "pocket-upscale": {
        "title": "Pocket upscaler", "role": "2x upscaling", "family": "upscaler",
        "good_at": "Twice the width and height of paper-cut pictures, about 20 ms a 128 px frame on one core.",
        "bad_at": "Inventing detail: on photos it is a slightly sharper bicubic.",
    },
    "pocket-clip": {
        "title": "Pocket CLIP", "role": "prompt consistency", "family": "clip",
        "good_at": "How well a picture of the diorama shows a sentence, and which of its words it does not show.",
        "bad_at": "Photos; words outside the diorama; motion, which one picture does not show.",
    },
    "pocket-judge": {
        "title": "Pocket judge", "role": "measuring pictures", "family": "judge",
        "good_at": "Time, place, weather, things and their colours in a picture of the diorama; has seen true renders only.",
        "bad_at": "Everything outside the diorama.",
    },
    "pocket-voice": {
        "title": "Pocket lip reader", "role": "voice to mouth", "family": "mouth",
        "good_at": "What lips do for a voice, in any language, from its sound alone: opening, width, rounding, pressed lips, teeth on the lip; in time within a frame.",
        "bad_at": "Singing, several voices at once, loud music behind the voice.",
        "licence_note": "Trained by Kinora's own scripts on speech that espeak-ng and the card voice-joe made of made-up sentences; the record lies beside the weights.",
    },
    "pocket-things": {
        "title": "Pocket recogniser of things", "role": "naming things", "family": "things",
        "good_at": "Which of the diorama's 25 things a mask shows, or none of them, in 3 ms a mask on one core: words such as 'the boat' find it.",
        "bad_at": "Photos: there it knows nothing, and says so most of the time.",
        "licence_note": "Trained by Kinora's own scripts on scenes that Kinora draws and, for what is no thing, on photos that scikit-image carries; the record lies beside the weights.",
    },
}  # fmt: skip


def cards(shelf: Path = SHELF, folder: str = FOLDER) -> tuple[Card, ...]:
    """A card for each model of the manifest, in the order of `WORDS`; none when nothing has been shipped."""
    path = shelf / "manifest.json"
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return tuple(
        Card(
            id=name, provider="embedded", licence="Apache-2.0", source=RepositorySource(folder=f"{folder}/{name}"),
            files=tuple(File(**file) for file in manifest[name]["files"]), memory_mib=manifest[name]["memory_mib"], **{"licence_note": DRAWN, **words},
        )
        for name, words in WORDS.items()
        if name in manifest
    )  # fmt: skip


CARDS = cards()


def tensors(weights: Path, script: str) -> dict[str, np.ndarray]:
    """The weights of a small net that runs without torch, by name, float32. script: the module that trains it. Raises `ModelUnavailable` when the file is not there."""
    import numpy as np
    from safetensors.numpy import load_file

    try:
        return {name: tensor.astype(np.float32) for name, tensor in load_file(weights).items()}
    except OSError as error:
        raise ModelUnavailable(f"{weights.parent.name} is not here", fix=f"restore its folder, or train it: python -m {script}") from error
