"""`pocket-clip`: pictures beside the sentences of the frozen pocket text encoder. `python -m engine.training.clip`.

CLIP's loss (Radford et al., 2021) over distinct scenes, and for each picture a few copies of its own sentence with one word swapped for a wrong one: among random
sentences place and time alone tell them apart, and colours would never be learnt. The image tower begins as the judge's trunk where there is one.
Half of its pictures have been through the pocket VAE or half of the picture model's way: halfway drawn ones are what it has to choose between.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTokenizer

from engine.diffusion.levels import Levels
from engine.diffusion.loop import denoise
from engine.diffusion.parts import Parts, as_pictures, load_parts
from engine.errors import ModelUnavailable
from engine.metrics.pocket_clip import CHOICES, CHUNK, CONFIG, WEIGHTS, PocketClip, Towers, alternatives, fingerprint, shown, text_states
from engine.metrics.pocket_judge import small_pictures
from engine.training import judge, text, vae
from engine.training.data import Recipe
from engine.training.home import Log, swap, training_dir
from engine.training.judge import HELD_OUT, augmented, renders
from engine.training.optim import Optimiser
from engine.training.session import CHECKPOINT, Learner, arguments, rate_at, session, train
from engine.training.upscale import softened
from engine.training.vae import to_tensor
from engine.training.wording import short, typed
from engine.world.spec import SceneSpec

NAME = "pocket-clip"
SWAPPED = 2
"""Copies of each sentence with a wrong word."""

WEIGHT = {"kind": 5.0, "colour": 2.0}
"""How often these words are the wrong ones, where others count once: a sentence has four that are easy to see, and one thing, with 24 others to take it for."""

WIDTHS = (0.0, 0.3)
"""Range of the width of the noise on the VAE's unit latents; a drawn picture is further from a render than its round trip is."""

HALFWAY = (0.2, 0.8)
"""Range of the signal power at which a render is taken up by the picture model."""

AMONG = 64
"""Sentences among which the right one is to be found."""


def swapped(sentence: str, rng: np.random.Generator, count: int = SWAPPED) -> list[str]:
    """So many copies of a sentence, each with one word that a picture can show swapped for a wrong one; fewer when it has no such word."""
    spans = shown(sentence)
    shares = np.cumsum([WEIGHT.get(name, 1.0) for _, name, _ in spans])
    out = []
    for _ in range(count if spans else 0):
        span, name, value = spans[int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))]
        options = alternatives(name, span.text)
        wrong = [word for other, word in options.items() if other != value]
        out.append(sentence[: span.start] + wrong[int(rng.integers(len(wrong)))] + sentence[span.end :])
    return out


@torch.no_grad()
def half_drawn(parts: Parts, pictures: np.ndarray, seed: int = 0) -> np.ndarray:
    """(N, H, W, 3) uint8 renders as the picture model expects them from a noisy look, without being told what they show."""
    noise, states, done = torch.Generator().manual_seed(seed), parts.text_states([""]), []
    levels = Levels.of(parts.scheduler, 50)
    steps = [k for k in range(levels.steps) if HALFWAY[0] < levels.alphas[k] < HALFWAY[1]]
    for k in range(0, len(pictures), CHUNK):
        latents = parts.encode(to_tensor(pictures[k : k + CHUNK]))[:, None]  # (B, 1, C, h, w)
        step = steps[int(torch.randint(len(steps), (), generator=noise))]
        noisy = levels.noised(latents, torch.randn(latents.shape, generator=noise), step)
        clean = next(denoise(parts.unet, levels, noisy, states, start_at=step)).x0[:, 0]
        done.append(as_pictures(parts.decode(clean)))
    return np.concatenate(done)


def soften(pictures: np.ndarray, home: Path, *, mirrored: bool = False) -> None:
    """Put every second picture of each scene (scenes, frames, H, W, 3) through what the models there do: the VAE, and the picture model where it is trained.

    mirrored: every second scene is the mirror image of the one before, and stays so; that halves the work.
    """
    if not (home / vae.NAME / "export").exists():
        return
    autoencoder: Any = AutoencoderTiny.from_pretrained(home / vae.NAME / "export", torch_dtype=torch.bfloat16).eval()
    drawing = home / "pocket-sd/export"
    parts = load_parts(drawing) if drawing.exists() else None
    apart = 2 if mirrored else 1
    for frame in range(1, pictures.shape[1], 2):
        given = pictures[::apart, frame]
        if parts is not None and frame % 4 == 3:
            done = half_drawn(parts, given)
        else:
            done = softened(autoencoder, given, torch.Generator().manual_seed(frame), WIDTHS)
        pictures[::apart, frame] = done
        if mirrored:
            pictures[1::2, frame] = done[:, :, ::-1]


def loss_of(pictures: torch.Tensor, sentences: torch.Tensor, wrong: torch.Tensor, there: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """InfoNCE both ways. pictures, sentences: (B, D), row by row the same scene; wrong: (B, K, D), of which `there` (B, K) bool are really there."""
    alike = pictures @ sentences.T * scale  # (B, B)
    near = (wrong @ pictures[:, :, None])[..., 0] * scale  # (B, K)
    right = torch.arange(len(pictures))
    rows = torch.cat([alike, near.masked_fill(~there, float("-inf"))], 1)
    # The swapped words once more on their own: against 63 other scenes they would hardly be felt.
    pairs = torch.cat([alike.diagonal()[:, None], near.masked_fill(~there, float("-inf"))], 1)
    return F.cross_entropy(rows, right) + F.cross_entropy(alike.T, right) + F.cross_entropy(pairs, torch.zeros_like(right))


class Scenes:
    """Pictures by scene and what is said of them. Every second scene is the mirror image of the one before, and the two are never in one batch."""

    def __init__(self, pictures: np.ndarray, records: list[dict[str, Any]]) -> None:
        self.pictures, self.captions = pictures, [record["captions"] for record in records]
        self.specs = [SceneSpec.model_validate(record["spec"]) for record in records]

    def draw(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, list[str], list[list[str]]]:
        """Pictures (count, H, W, 3) uint8 of different scenes, a sentence each, and wrong copies of it."""
        picks = 2 * rng.permutation(len(self.specs) // 2)[:count] + rng.integers(2, size=min(count, len(self.specs) // 2))
        frames = rng.integers(self.pictures.shape[1], size=len(picks))
        texts = [typed(self.specs[k], rng, caption=self.captions[k][int(rng.integers(len(self.captions[k])))])[0] for k in picks]
        return self.pictures[picks, frames], texts, [swapped(one, rng) for one in texts]


class Training(Learner):
    """The towers with everything that a step needs. The text encoder is frozen."""

    def __init__(self, towers: Towers, tokenizer: CLIPTokenizer, encoder: Any, seed: int = 0, *, kind: torch.dtype = torch.bfloat16) -> None:
        self.tokenizer, self.frozen = tokenizer, encoder.eval().requires_grad_(False)
        copy: Any = CLIPTextModel(encoder.config)
        copy.load_state_dict(encoder.state_dict())
        self.encoder = copy.to(kind).eval().requires_grad_(False)
        optimiser = Optimiser(towers.named_parameters(), muon_rate=2e-3, adam_rate=1e-3, average=0.995, adam_only=("queries", "scale"))
        super().__init__(optimiser, np.random.default_rng([seed, 8]), seed)
        self.towers, self.kind = towers.to(kind).to(memory_format=torch.channels_last), kind

    def step(self, pictures: np.ndarray, texts: list[str], wrong: list[list[str]], scale: float = 1.0) -> float:
        """One step on (B, H, W, 3) uint8 pictures, a sentence each, and wrong copies of each sentence; the loss."""
        part = augmented(small_pictures(pictures), self.rng, mirror=False)
        with torch.no_grad():
            states, ends = text_states(self.tokenizer, self.encoder, [*texts, *(one for few in wrong for one in few)])
        seen = self.towers.pictures(part.to(self.kind).contiguous(memory_format=torch.channels_last))
        said = self.towers.sentences(states.to(self.kind), ends)
        there = torch.tensor([[k < len(few) for k in range(SWAPPED)] for few in wrong])
        others = torch.zeros(len(texts), SWAPPED, said.shape[1]).masked_scatter(there[..., None], said[len(texts) :])
        loss = loss_of(seen, said[: len(texts)], others, there, self.towers.scale.float().exp().clamp(max=100))
        return self.learn(loss, len(texts), scale)

    def averaged(self) -> PocketClip:
        """The averaged towers, float32, with the frozen encoder."""
        fresh = Towers(**self.towers.config)
        fresh.load_state_dict(self.optimiser.averages)
        return PocketClip(fresh.eval().requires_grad_(False), self.tokenizer, self.frozen)


def retrieval(model: PocketClip, pictures: np.ndarray, texts: list[str], among: int = AMONG) -> float:
    """Share of pictures (N, H, W, 3) whose own sentence is the nearest among so many. A guess: 1 / among."""
    hits = []
    for k in range(0, len(texts) - among + 1, among):
        near = model.image_features(pictures[k : k + among]) @ model.text_features(texts[k : k + among]).T
        hits.append((near.argmax(1) == torch.arange(among)).float())
    return float(torch.cat(hits).mean())


def word_accuracy(model: PocketClip, pictures: np.ndarray, texts: list[str]) -> dict[str, list[float]]:
    """For each of `CHOICES` that the sentences say: how often the word that is said wins among its alternatives, and how often a guess would."""
    hits: dict[str, list[tuple[float, float]]] = {}
    seen = model.image_features(pictures)
    for picture, sentence in zip(seen, texts, strict=True):
        for span, name, value in shown(sentence):
            options = alternatives(name, span.text)
            near = model.text_features([sentence[: span.start] + word + sentence[span.end :] for word in options.values()]) @ picture
            hits.setdefault(name, []).append((float(list(options)[int(near.argmax())] == value), 1 / len(options)))
    return {name: [round(float(v), 3) for v in np.mean(hits[name], 0)] for name in CHOICES if name in hits}


def export(training: Training, place: Path) -> None:
    """Write float16 safetensors and the config, which names the text encoder by its fingerprint, aside and then swapped into place."""
    aside = place.with_suffix(".part")
    aside.mkdir(parents=True, exist_ok=True)
    save_file({name: t.half().contiguous() for name, t in training.optimiser.averages.items()}, aside / WEIGHTS)
    (aside / CONFIG).write_text(json.dumps({**training.towers.config, "text_encoder": fingerprint(training.frozen)}) + "\n", encoding="utf-8")
    swap(aside, place)


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    parser = arguments("clip", "Train pocket-clip", minutes=20, batch=64)
    parser.add_argument("--shards", type=int, default=60, help="shards of 64 scenes to learn from; one is 13 MB")
    chosen = parser.parse_args()
    home = training_dir()
    words = home / text.NAME / "export"
    if not words.exists():
        raise ModelUnavailable(f"{text.NAME} is not trained yet", fix="run python -m engine.training.text first")
    with session(NAME) as (folder, stop, log):
        pictures, records = renders(HELD_OUT, 1)
        # Each scene as it is rendered, and as it is when the models have been over it.
        pictures = np.repeat(pictures[:, :1], 4, 1)
        soften(pictures, home)
        test = Scenes(pictures, records)
        torch.manual_seed(0)
        encoder: Any = CLIPTextModel.from_pretrained(words, dtype=torch.float32)
        training = Training(begun(home / judge.NAME / "export"), CLIPTokenizer.from_pretrained(words / "tokenizer"), encoder)
        training.resume(folder / CHECKPOINT)
        pictures, records = renders(Recipe(), chosen.shards, stop)
        soften(pictures, home, mirrored=Recipe().mirrored)
        learn = Scenes(pictures, records)

        def step(done: float) -> float:
            return training.step(*learn.draw(training.rng, chosen.batch), rate_at(done))

        train(training, chosen.minutes, step, lambda loss: report(training, folder, log, loss, test, len(learn.specs)), stop=stop, every=90)
    return 0


def begun(trained: Path) -> Towers:
    """Fresh towers whose trunk is the judge's, if that is trained."""
    towers = Towers(text_width=text.WIDTH)
    if trained.exists():
        known = load_file(trained / WEIGHTS)
        towers.trunk.load_state_dict({name.removeprefix("trunk."): t.float() for name, t in known.items() if name.startswith("trunk.")})
    return towers


def report(training: Training, folder: Path, log: Log, loss: float | None, test: Scenes, scenes: int, among: int = AMONG) -> None:
    """Checkpoint, held-out figures in unseen patterns of wording, and the export."""
    training.save(folder / CHECKPOINT)
    model, rng = training.averaged(), np.random.default_rng(6)
    texts = [short(spec, rng, held_out=True, leave_out=0.0)[0] for spec in test.specs]
    shown_as = {"words_and_chance": 0, "after_vae": 1, "half_drawn": 3}
    words = {name: word_accuracy(model, test.pictures[:among, frame], texts[:among]) for name, frame in shown_as.items() if frame < test.pictures.shape[1]}
    log.write(steps=training.optimiser.steps, minutes=training.seconds / 60, scenes=scenes, loss=loss,
              retrieval=retrieval(model, test.pictures[:, 0], texts, among), among=among, **words)  # fmt: skip
    export(training, folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
