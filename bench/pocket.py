"""How well the pocket picture model obeys prompts that it has never seen, judged by a net that has seen true renders only.

`python -m bench.pocket [--model FOLDER] [--count 200]` draws held-out prompts and prints accuracy for each attribute beside chance and beside what the judge
says of the true renders; the VAE's PSNR beside two do-nothing figures; and the time of a picture as a ratio to drawing it with the world's own renderer.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import StableDiffusionPipeline

from engine.training import judge, vae
from engine.training.data import HALF, STREAMS
from engine.training.home import training_dir
from engine.training.image import NAME, draw_sheet
from engine.training.wording import short
from engine.world.captions import captions
from engine.world.moving import MovingDiorama
from engine.world.spec import COLOURS, KINDS, PLACES, TIMES, WEATHERS, SceneSpec, sample_spec

CHANCE = {
    "time": 1 / len(TIMES), "place": 1 / len(PLACES), "weather": 1 / len(WEATHERS), "subject": 1 / len(KINDS), "colour": 1 / len(COLOURS),
    "subject and colour": 1 / len(KINDS) / len(COLOURS),
}  # fmt: skip
"""A guess that knows only the number of choices, for one thing in the picture."""


def held_out(count: int) -> list[SceneSpec]:
    """Scenes of one thing that no training has seen, always the same ones."""
    rng = np.random.default_rng([STREAMS["held-out"], 99])
    return [sample_spec(rng, count=1).model_copy(update={"seed": HALF + k}) for k in range(count)]


def drawn(pipe: Any, texts: list[str], steps: int, guidance: float) -> tuple[np.ndarray, float]:
    """(N, H, W, 3) uint8 pictures, one seed each, and the seconds of one picture."""
    began, out = time.perf_counter(), []
    for k in range(0, len(texts), 8):
        noise = [torch.Generator().manual_seed(k + j) for j in range(len(texts[k : k + 8]))]
        with torch.no_grad():
            out.append(pipe(texts[k : k + 8], num_inference_steps=steps, guidance_scale=guidance, generator=noise, output_type="np").images)
    return (np.concatenate(out) * 255).round().astype(np.uint8), (time.perf_counter() - began) / len(texts)


def vae_figures(autoencoder: Any, truth: np.ndarray) -> str:
    """PSNR of encoding and decoding true renders, beside their 16x16 average enlarged."""
    pictures = vae.to_tensor(truth)
    enlarged = F.interpolate(F.avg_pool2d(pictures, vae.FACTOR), scale_factor=vae.FACTOR, mode="bilinear")
    blurred = float((-10 * ((enlarged - pictures) / 2).pow(2).mean((1, 2, 3)).log10()).mean())
    return f"VAE: {vae.psnr(autoencoder, pictures)[0]:.1f} dB on {len(truth)} held-out renders (their 16x16 average enlarged: {blurred:.1f} dB)"


def main() -> None:
    """Print the table; write `pocket-bench.png` beside the model to look at."""
    parser = argparse.ArgumentParser(prog="python -m bench.pocket", description="Measure the pocket picture model.")
    parser.add_argument("--model", type=Path, default=None, help="a diffusers folder; the last export of the training unless given")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--guidance", type=float, default=3.5)
    chosen = parser.parse_args()
    folder = chosen.model or training_dir() / NAME / "export"
    pipe: Any = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.bfloat16)
    pipe.set_progress_bar_config(disable=True)
    model, specs = judge.load_judge(), held_out(chosen.count)
    began = time.perf_counter()
    truth = np.stack([MovingDiorama(spec, 256).frame(0.5 * spec.seconds) for spec in specs])
    rendering = (time.perf_counter() - began) / len(specs)
    rng = np.random.default_rng(5)
    wordings = {
        "short prompts, unseen patterns": [short(spec, rng, held_out=True, leave_out=0.0)[0] for spec in specs],
        "captions, unseen patterns and synonyms": [captions(spec, rng, 1, held_out=True)[0] for spec in specs],
    }
    columns = {"chance": CHANCE, "true renders": judge.verdicts(model, truth, specs), "renders of other prompts": judge.verdicts(model, truth, specs[1:] + specs[:1])}
    seconds = 0.0
    for name, texts in wordings.items():
        pictures, seconds = drawn(pipe, texts, chosen.steps, chosen.guidance)
        columns[name] = judge.verdicts(model, pictures, specs)
        print(f"sampled: {name}", flush=True)
    for name in CHANCE:
        print(f"{name:20}" + "   ".join(f"{column}: {100 * figures[name]:.1f} %" for column, figures in columns.items()))
    print(vae_figures(pipe.vae, truth[:64]))
    print(f"a picture of {chosen.steps} steps takes {seconds / rendering:.1f} times as long as rendering it ({seconds:.2f} s on {torch.get_num_threads()} threads, beside whatever else runs)")
    cv2.setNumThreads(1)
    draw_sheet(pipe, next(iter(wordings.values()))[:18], folder.parent / "pocket-bench.png", steps=chosen.steps, guidance=chosen.guidance)


if __name__ == "__main__":
    main()
