"""How well the pocket picture model obeys prompts that it has never seen, judged by nets that have seen true renders only.

`python -m bench.pocket [--model FOLDER] [--count 200]` draws held-out prompts and prints accuracy for each attribute beside chance, beside what the judge says of
true renders and of the same after the VAE (the model's ceiling); PSNR of the VAE and of the upscaler beside do-nothing figures; the Fréchet distance of drawn to true
pictures beside that of two true sets; which words pocket-clip sees; and the time of a picture as a ratio to drawing it with the world's own renderer.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import StableDiffusionPipeline

from engine.metrics import pocket_clip, pocket_judge
from engine.metrics.frechet import frechet
from engine.training import clip, upscale, vae
from engine.training.data import HALF, STREAMS
from engine.training.home import training_dir
from engine.training.image import draw_sheet
from engine.training.ship import SHELF
from engine.training.wording import short
from engine.vision.upscale import load as load_upscaler
from engine.world.captions import captions
from engine.world.moving import MovingDiorama
from engine.world.spec import COLOURS, KINDS, PLACES, TIMES, WEATHERS, SceneSpec, sample_spec

CHANCE = {
    "time": 1 / len(TIMES), "place": 1 / len(PLACES), "weather": 1 / len(WEATHERS), "subject": 1 / len(KINDS), "colour": 1 / len(COLOURS),
    "subject and colour": 1 / len(KINDS) / len(COLOURS),
}  # fmt: skip
"""A guess that knows only the number of choices, for one thing in the picture."""


def held_out(count: int, stream: int = 99) -> list[SceneSpec]:
    """Scenes of one thing that no training has seen, always the same ones; another stream gives others."""
    rng = np.random.default_rng([STREAMS["held-out"], stream])
    return [sample_spec(rng, count=1).model_copy(update={"seed": HALF + 1000 * stream + k}) for k in range(count)]


def rendered(specs: Sequence[SceneSpec], side: int) -> tuple[np.ndarray, float]:
    """(N, side, side, 3) uint8, the middle frame of each scene, and the seconds of one."""
    began = time.perf_counter()
    frames = np.stack([MovingDiorama(spec, side).frame(0.5 * spec.seconds) for spec in specs])
    return frames, (time.perf_counter() - began) / len(specs)


def drawn(pipe: Any, texts: list[str], steps: int, guidance: float) -> tuple[np.ndarray, float]:
    """(N, H, W, 3) uint8 pictures, one seed each, and the seconds of one picture."""
    began, out = time.perf_counter(), []
    for k in range(0, len(texts), 8):
        noise = [torch.Generator().manual_seed(k + j) for j in range(len(texts[k : k + 8]))]
        with torch.no_grad():
            out.append(pipe(texts[k : k + 8], num_inference_steps=steps, guidance_scale=guidance, generator=noise, output_type="np").images)
    return (np.concatenate(out) * 255).round().astype(np.uint8), (time.perf_counter() - began) / len(texts)


def place(name: str) -> Path:
    """Where a pocket model lies: shipped, or as last trained here."""
    return SHELF / name if (SHELF / name).exists() else training_dir() / name / "export"


def vae_figures(autoencoder: Any, truth: np.ndarray) -> str:
    """PSNR of encoding and decoding true renders, beside their averages over 8x8 pixels enlarged."""
    pictures = vae.to_tensor(truth)
    enlarged = F.interpolate(F.avg_pool2d(pictures, vae.FACTOR), scale_factor=vae.FACTOR, mode="bilinear")
    blurred = float((-10 * ((enlarged - pictures) / 2).pow(2).mean((1, 2, 3)).log10()).mean())
    return f"VAE: {vae.psnr(autoencoder, pictures)[0]:.1f} dB on {len(truth)} held-out renders (their averages over 8x8 pixels enlarged: {blurred:.1f} dB)"


def upscaler_figures(autoencoder: Any, specs: Sequence[SceneSpec]) -> str:
    """PSNR of the upscaler and of bicubic, of a frame's milliseconds too, on held-out renders of 256 px, on the same through the VAE, and on photos."""
    high, _ = rendered(specs, upscale.HIGH)
    low = np.stack([cv2.resize(one, (upscale.HIGH // 2, upscale.HIGH // 2), interpolation=cv2.INTER_AREA) for one in high])
    soft = upscale.softened(autoencoder, low, torch.Generator().manual_seed(0), (0, 0))
    model = load_upscaler(place("pocket-upscale"))
    found = upscale.figures(model, upscale.Pairs(high, low, soft))
    model.enlarge(low[:16])
    began = time.perf_counter()
    model.enlarge(low[:16])
    spent = (time.perf_counter() - began) / 16
    return "upscaler: " + ", ".join(f"{name} {ours:.2f} dB (bicubic {plain:.2f})" for name, (ours, plain) in found.items()) + f"; {1000 * spent:.0f} ms a 128 px frame"


def table(columns: dict[str, dict[str, float]], names: Sequence[str]) -> str:
    """One line for each name, one column for each set, in per cent."""
    return "\n".join(f"{name:20}" + "   ".join(f"{column}: {100 * figures[name]:.1f} %" for column, figures in columns.items() if name in figures) for name in names)


def main() -> None:
    """Print the tables; write `pocket-bench.png` into the training folder to look at."""
    parser = argparse.ArgumentParser(prog="python -m bench.pocket", description="Measure the pocket picture model.")
    parser.add_argument("--model", type=Path, default=SHELF / "pocket-sd", help="a diffusers folder")
    parser.add_argument("--count", type=int, default=200, help="held-out prompts for each kind of wording")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--guidance", type=float, default=3.5)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    pipe: Any = StableDiffusionPipeline.from_pretrained(chosen.model, torch_dtype=torch.bfloat16)
    pipe.set_progress_bar_config(disable=True)
    judge, towers = pocket_judge.load(place("pocket-judge")), pocket_clip.load(place("pocket-clip"), chosen.model)
    specs = held_out(chosen.count)
    side = pipe.unet.config.sample_size * pipe.vae_scale_factor
    truth, rendering = rendered(specs, side)
    others, _ = rendered(held_out(chosen.count, 98), side)
    round_trips = upscale.softened(pipe.vae, truth, torch.Generator().manual_seed(0), (0, 0))
    rng = np.random.default_rng(5)
    wordings = {
        "short prompts, unseen patterns": [short(spec, rng, held_out=True, leave_out=0.0)[0] for spec in specs],
        "captions, unseen patterns and synonyms": [captions(spec, rng, 1, held_out=True)[0] for spec in specs],
    }
    plain = next(iter(wordings.values()))
    sets = {"true renders": truth, "after the VAE": round_trips, "renders of other prompts": np.roll(truth, 1, 0)}
    seconds = 0.0
    for name, texts in wordings.items():
        sets[name], seconds = drawn(pipe, texts, chosen.steps, chosen.guidance)
        print(f"sampled: {name}", flush=True)
    columns = {"chance": CHANCE} | {name: pocket_judge.verdicts(judge, pictures, specs) for name, pictures in sets.items()}
    print("what the judge sees of what was asked\n" + table(columns, list(CHANCE)))
    few = min(64, len(specs))
    seen = {name: clip.word_accuracy(towers, pictures[:few], plain[:few]) for name, pictures in sets.items() if name != "captions, unseen patterns and synonyms"}
    known = {name: {word: both[0] for word, both in figures.items()} for name, figures in seen.items()}
    guess = {word: both[1] for word, both in seen["true renders"].items()}
    print("words that pocket-clip finds right among their alternatives\n" + table({"chance": guess} | known, list(guess)))
    near = {name: towers.image_features(pictures).numpy() for name, pictures in sets.items()}
    far = towers.image_features(others).numpy()
    print("Fréchet distance to a second true set (pocket-clip features): " + ", ".join(f"{name} {frechet(features, far):.4f}" for name, features in near.items() if "other" not in name))
    print(vae_figures(pipe.vae, truth[:64]))
    print(upscaler_figures(pipe.vae, held_out(min(48, chosen.count))))
    print(f"a picture of {chosen.steps} steps takes {seconds / rendering:.1f} times as long as rendering it ({seconds:.2f} s on {torch.get_num_threads()} threads, beside whatever else runs)")
    draw_sheet(pipe, plain[:18], training_dir() / "pocket-bench.png", steps=chosen.steps, guidance=chosen.guidance)


if __name__ == "__main__":
    main()
