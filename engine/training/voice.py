"""`pocket-voice`: from sound to five curves of a mouth. `python -m engine.training.voice`.

It learns from speech whose phones are known, spoiled as recordings are: espeak-ng's in many voices and languages, and the neural voice's, which sounds like a person.
The labels are what `engine.sound.phones` makes of the phones.
"""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from engine.sound.by_hand import table_by_hand
from engine.sound.curves import NAMES
from engine.sound.learned import BANDS, DILATIONS, NAME, WEIGHTS, Net, heard_features, table_learned
from engine.sound.phones import Phone, table_of_phones
from engine.sound.spectra import RATE, mono, resampled
from engine.sound.voices import NEURAL, speak
from engine.training.home import Log, swap, training_dir
from engine.training.optim import Optimiser
from engine.training.session import CHECKPOINT, Learner, arguments, rate_at, session, train
from engine.training.spoken import UNSEEN_LANGUAGES, UNSEEN_VARIANTS, Spoken, sentence, speaker

WIDTH = 96
CROP = 200
"""Steps of 10 ms in an example."""

KNOTS, COLOUR = 8, 0.2
"""Of the curve that colours an example: its corners, and their standard deviation in units of 20 dB."""

WEIGHT = (1.0, 0.5, 0.6, 1.0, 0.8)
"""Of the curves in the loss, in the order of `NAMES`."""


class Mouth(nn.Module):
    """Features (B, BANDS, N) -> logits (B, 5, N)."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.entry = nn.Conv1d(BANDS, width, 5, padding="same", padding_mode="replicate")
        self.blocks = nn.ModuleList(nn.Conv1d(width, width, 3, padding="same", padding_mode="replicate", dilation=d) for d in DILATIONS)
        self.exit = nn.Conv1d(width, len(NAMES), 1)

    def forward(self, told: torch.Tensor) -> torch.Tensor:
        """The curves before they are brought into their ranges."""
        seen = F.relu(self.entry(told))
        for block in self.blocks:
            seen = seen + F.relu(block(seen))
        return self.exit(seen)


def loss_of(said: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Squared errors; pressed lips and bitten ones are rare and count more. said: logits (B, 5, N); truth: (B, 5, N)."""
    curves = torch.sigmoid(said)
    curves = torch.cat([curves[:, :1], 2 * curves[:, 1:2] - 1, curves[:, 2:]], 1)
    rare = 1 + 4 * truth[:, 3:4] + 4 * truth[:, 4:5]
    weight = torch.tensor(WEIGHT)[None, :, None] * torch.cat([torch.ones_like(truth[:, :3]), rare, rare], 1)
    return (weight * (curves - truth) ** 2).mean()


def music(count: int, rng: np.random.Generator) -> np.ndarray:
    """(count,) float32 at `RATE`: chords and drums that are in nobody's way of speaking."""
    moments = np.arange(count) / RATE
    out = np.zeros(count, np.float32)
    beat = 60 / rng.uniform(70, 150)
    for start in np.arange(0, count / RATE, 4 * beat):
        root = 110 * 2 ** (rng.integers(0, 24) / 12)
        span = slice(int(start * RATE), int((start + 4 * beat) * RATE))
        for step in (0, rng.choice((3, 4)), 7, 12):
            for k in range(1, 6):
                out[span] += np.sin(2 * np.pi * root * 2 ** (step / 12) * k * moments[span] + rng.uniform(0, 6)) / k**1.5
    for start in np.arange(0, count / RATE, beat / 2):
        place, length = int(start * RATE), int(0.06 * RATE)
        hit = rng.normal(0, 2, length) * np.exp(-np.arange(length) / (0.015 * RATE))
        out[place : place + length] += hit[: max(0, count - place)]
    return (out / (np.abs(out).max() + 1e-6)).astype(np.float32)


def spoiled(clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Speech at `RATE` as a recording may give it: a room, hum, hiss or music behind it, narrow, loud or faint. The length stays."""
    from scipy.signal import butter, fftconvolve, sosfilt

    out = clean / (np.abs(clean).max() + 1e-6)
    if rng.random() < 0.4:
        length = int(rng.uniform(0.08, 0.5) * RATE)
        room = rng.normal(0, 1, length) * np.exp(-6.9 * np.arange(length) / length) * rng.uniform(0.01, 0.06)
        room[0] = 1.0
        out = fftconvolve(out, room)[: len(out)]
    # The tilt of a microphone.
    if rng.random() < 0.6:
        tilt = rng.uniform(-0.6, 0.6)
        out = out + tilt * np.concatenate([[0.0], out[:-1]])
    behind = rng.random()
    if behind < 0.45:
        noise = rng.normal(0, 1, len(out))
        if rng.random() < 0.6:
            noise = sosfilt(butter(1, rng.uniform(200, 2000), fs=RATE, output="sos"), noise)
        out = out + noise / (noise.std() + 1e-9) * 10 ** (rng.uniform(-70, -28) / 20)
    elif behind < 0.6:
        out = out + music(len(out), rng) * 10 ** (rng.uniform(-45, -14) / 20)
    if rng.random() < 0.15:
        out = out + 10 ** (rng.uniform(-50, -20) / 20) * np.sin(2 * np.pi * rng.choice((50, 60, 100, 120)) * np.arange(len(out)) / RATE)
    if rng.random() < 0.35:
        out = sosfilt(butter(4, rng.uniform(3000, 7000), fs=RATE, output="sos"), out)
    if rng.random() < 0.35:
        out = sosfilt(butter(2, rng.uniform(60, 350), "high", fs=RATE, output="sos"), out)
    if rng.random() < 0.1:
        out = np.clip(out, -0.4, 0.4)
    return (out * 10 ** (rng.uniform(-30, 0) / 20)).astype(np.float32)


def heard_at(spoken: Spoken, rng: np.random.Generator | None = None) -> tuple[np.ndarray, tuple[Phone, ...]]:
    """Speech at `RATE` and its phones, with pauses around it; with an rng also in a longer or shorter throat, which changes pitch, formants and pace alike."""
    factor = 1.0 if rng is None else float(rng.uniform(0.82, 1.2))
    heard = resampled(mono(spoken.samples, spoken.rate), round(spoken.rate / factor / 50) * 50, RATE)
    factor = len(heard) / RATE / (len(spoken.samples) / spoken.rate)
    before, after = (0.1, 0.1) if rng is None else (float(rng.uniform(0, 0.5)), float(rng.uniform(0, 0.5)))
    heard = np.pad(heard, (round(before * RATE), round(after * RATE)))
    return heard, tuple(Phone(one.symbol, before + one.start * factor, before + one.end * factor) for one in spoken.phones)


def example(spoken: Spoken, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, BANDS) and curves (N, 5) of one sentence, float16; spoiled if there is an rng."""
    heard, phones = heard_at(spoken, rng)
    told, _ = heard_features(heard if rng is None else spoiled(heard, rng))
    return told.astype(np.float16), table_of_phones(phones, len(heard) / RATE)[: len(told)].astype(np.float16)


def wordless(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Music or noise alone, for which the mouth stays closed."""
    count = int(rng.uniform(2, 4) * RATE)
    sound = music(count, rng) if rng.random() < 0.6 else rng.normal(0, 0.3, count).astype(np.float32)
    told, _ = heard_features(spoiled(sound, rng))
    return told.astype(np.float16), np.zeros((len(told), len(NAMES)), np.float16)


@dataclass
class Corpus:
    """Sentences after one another. told: (N, BANDS), truth: (N, 5), both float16."""

    told: np.ndarray
    truth: np.ndarray

    def draw(self, rng: np.random.Generator, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Features (count, BANDS, CROP) and curves (count, 5, CROP)."""
        picks = rng.integers(len(self.told) - CROP, size=count)
        told, truth = (np.stack([part[k : k + CROP] for k in picks]).astype(np.float32) for part in (self.told, self.truth))
        return torch.from_numpy(told).transpose(1, 2), torch.from_numpy(truth).transpose(1, 2)


def corpus(plain: int, natural: int, place: Path) -> Corpus:
    """The training set, made once: so many sentences of espeak-ng and of the neural voice, each spoiled several times in different ways, and things without words."""
    if not place.exists():
        rng = np.random.default_rng(7)
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        with speaker() as voice:
            for k in range(plain + natural):
                spoken = voice.any(rng) if k < plain else neural_sentence(rng)
                if len(spoken.samples) < spoken.rate // 2:
                    continue
                parts += [example(spoken, rng) for _ in range(2 if k < plain else 4)]
                if k % 10 == 0:
                    parts.append(wordless(rng))
        aside = place.with_suffix(".part")
        aside.parent.mkdir(parents=True, exist_ok=True)
        save_file({"told": torch.from_numpy(np.concatenate([a for a, _ in parts])), "truth": torch.from_numpy(np.concatenate([b for _, b in parts]))}, aside)
        aside.replace(place)
    held = load_file(place)
    return Corpus(held["told"].numpy(), held["truth"].numpy())


def neural_sentence(rng: np.random.Generator) -> Spoken:
    """A sentence of the neural voice. Raises `ModelUnavailable` when it is not on this machine."""
    said = speak(sentence(rng), NEURAL, float(rng.uniform(0.75, 1.5)))
    return Spoken(said.samples, said.rate, said.phones, said.voice)


def aligned(path: Path) -> list[Spoken]:
    """Recordings of people from a JSON list of {"path": a WAV file of one channel and 16 bits, "phones": [[IPA, start s, end s]]}, as a forced aligner gives them."""
    out = []
    for one in json.loads(path.read_text(encoding="utf-8")):
        with wave.open(str(path.parent / one["path"])) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
            out.append(Spoken(samples, file.getframerate(), tuple(Phone(*phone) for phone in one["phones"] if phone[0]), "human"))
    return out


def unseen(count: int = 60) -> dict[str, list[Spoken]]:
    """Sentences that were never trained on: plain in languages and voices that were not either, natural in the neural voice."""
    rng = np.random.default_rng(1001)
    with speaker() as voice:
        plain = [one for one in (voice.any(rng, UNSEEN_LANGUAGES, UNSEEN_VARIANTS) for _ in range(count)) if len(one.samples) > one.rate // 2]
    return {"plain": plain, "natural": [neural_sentence(rng) for _ in range(count // 3)]}


def figures(table_of: Any, sentences: list[Spoken], *, spoil: bool = False) -> dict[str, float]:
    """How near a map from sound (samples at `RATE` -> (N, 5)) comes to the phones, in all sentences together.

    The correlation of each curve; closed: share of m, b and p at whose middle (30 ms around) the lips are more closed than open; false: share of other phones, away
    from closures, that are closed so; late: by how many ms the opening follows, negative when it leads.
    """
    rng = np.random.default_rng(5)
    said, truths = [], []
    closed, wrongly = list[bool](), list[bool]()
    for one in sentences:
        heard, phones = heard_at(one)
        truth = table_of_phones(phones, len(heard) / RATE)
        table = table_of(spoiled(heard, rng) if spoil else heard)[: len(truth)]
        said.append(table)
        truths.append(truth[: len(table)])
        for phone in phones:
            middle = round((phone.start + phone.end) / 2 * 100)
            shut = bool((table[max(0, middle - 3) : middle + 4, 3] > 0.5).any())
            if phone.symbol[:1] in ("m", "b", "p"):
                closed.append(shut)
            elif not truth[max(0, middle - 12) : middle + 13, 3].max() > 0.3:
                wrongly.append(shut)
    both = np.concatenate(said), np.concatenate(truths)
    out = {name: round(alike(both[0][:, k], both[1][:, k]), 3) for k, name in enumerate(NAMES)}
    late = max(range(-12, 13), key=lambda d: alike(np.roll(both[0][:, 0], -d), both[1][:, 0]))
    return {**out, "closed": round(float(np.mean(closed or [False])), 3), "false": round(float(np.mean(wrongly or [False])), 3), "late": 10.0 * late}


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation; 0 when one of them never changes."""
    return float(np.corrcoef(one, other)[0, 1]) if one.std() and other.std() else 0.0


class Training(Learner):
    """The net with everything that a step needs."""

    def __init__(self, net: Mouth, seed: int = 0) -> None:
        super().__init__(Optimiser(net.named_parameters(), muon_rate=2e-3, adam_rate=2e-3, average=0.998, adam_only=("exit",)), np.random.default_rng([seed, 21]), seed)
        self.net = net

    def step(self, examples: Corpus, count: int, scale: float = 1.0) -> float:
        """One step on so many crops; the loss. Each is coloured in its own way, as microphones, rooms and throats colour a voice: a smooth curve over the bands."""
        told, truth = examples.draw(self.rng, count)
        knots = self.rng.normal(0, COLOUR, (count, 1, KNOTS)) + self.rng.normal(0, COLOUR, (count, 1, 1)) * np.linspace(-1, 1, KNOTS)
        colour = F.interpolate(torch.from_numpy(knots.astype(np.float32)), BANDS, mode="linear", align_corners=True).transpose(1, 2)
        return self.learn(loss_of(self.net(told + colour), truth), count, scale)

    def averaged(self) -> Net:
        """The net with the averaged weights, as it is used."""
        return Net({name: tensor.half().float().numpy() for name, tensor in self.optimiser.averages.items()})


def export(net: Net, place: Path) -> None:
    """Write float16 safetensors, aside and then swapped into place."""
    aside = place.with_suffix(".part")
    aside.mkdir(parents=True, exist_ok=True)
    save_file({name: torch.from_numpy(tensor).half() for name, tensor in net.tensors.items()}, aside / WEIGHTS)
    (aside / "config.json").write_text(json.dumps({"bands": BANDS, "dilations": DILATIONS, "curves": NAMES}) + "\n", encoding="utf-8")
    swap(aside, place)


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    parser = arguments("voice", "Train the map from sound to a mouth", minutes=6, batch=32)
    parser.add_argument("--plain", type=int, default=500, help="sentences of espeak-ng to learn from, about 3 s each")
    parser.add_argument("--natural", type=int, default=220, help="sentences of the neural voice, about 4 s each")
    parser.add_argument("--aligned", type=Path, help="JSON list of recordings of people with their phones, to be measured on")
    chosen = parser.parse_args()
    with session(NAME) as (folder, stop, log):
        examples = corpus(chosen.plain, chosen.natural, training_dir() / "cache" / f"voice-{chosen.plain}-{chosen.natural}.safetensors")
        test = {**unseen(), **({"people": aligned(chosen.aligned)} if chosen.aligned else {})}
        log.write(by_hand=measured(table_by_hand, test))
        torch.manual_seed(0)
        training = Training(Mouth())
        training.resume(folder / CHECKPOINT)
        train(training, chosen.minutes, lambda done: training.step(examples, chosen.batch, rate_at(done)), lambda loss: _report(training, folder, log, loss, test), stop=stop, every=120)
    return 0


def measured(table_of: Any, test: dict[str, list[Spoken]]) -> dict[str, dict[str, float]]:
    """`figures` on each set, and on the plain one spoiled."""
    return {**{name: figures(table_of, ones) for name, ones in test.items()}, "spoiled": figures(table_of, test["plain"], spoil=True)}


def _report(training: Training, folder: Path, log: Log, loss: float | None, test: dict[str, list[Spoken]]) -> None:
    training.save(folder / CHECKPOINT)
    net = training.averaged()
    log.write(samples=training.samples, minutes=training.seconds / 60, loss=loss, held_out=measured(lambda heard: table_learned(heard, net), test))
    export(net, folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
