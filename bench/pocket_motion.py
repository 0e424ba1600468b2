"""What the two models that draw whole clips can do, on scenes and wordings that were never trained on. `python -m bench.pocket_motion [--count 24] [--sheet FILE]`.

Text to clip: whether the most moving pixels go where the prompt says, frame consistency and change, for the motion adapter and the clip model, beside the picture model with the
same shared noise and no adapter, frozen clips and true renders. Given frames: PSNR of the frames that were not given, beside blending the given ones and beside DIS in-betweens.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from bench.pocket import place
from bench.pocket_clips import obeyed, prompts
from engine.diffusion.animate import load_adapter, motion_unet
from engine.diffusion.clip_net import load_clip_net
from engine.diffusion.conditioned import by_channel
from engine.diffusion.levels import Levels
from engine.diffusion.long import known_frames
from engine.diffusion.loop import Guidance, denoise, denoiser_of, finish
from engine.diffusion.noise import mixed
from engine.diffusion.parts import as_pictures
from engine.metrics.clips import adjacent_change, frame_consistency
from engine.task import get_task, parse_request
from engine.tasks.text_to_video.pocket.models import Pocket, load
from engine.tasks.text_to_video.pocket.wording import told
from engine.training.frames import mask_of
from engine.training.upscale import psnr
from engine.vision.interpolation import Between
from engine.world.moving import MovingDiorama

FRAMES, STEPS, MIDDLE = 16, 10, 8


def between(frames: np.ndarray, mask: np.ndarray, mix: Callable[[int, int, float], np.ndarray]) -> np.ndarray:
    """All frames by the nearest given ones before and after; beyond the last given one stays."""
    known = np.flatnonzero(mask)
    out = []
    for k in range(len(frames)):
        before, after = known[known <= k], known[known >= k]
        a, b = int(before[-1] if len(before) else after[0]), int(after[0] if len(after) else before[-1])
        out.append(frames[a] if a == b else mix(a, b, (k - a) / (b - a)))
    return np.stack(out)


def given_frames(models: Pocket, net: Any, specs: list[Any], texts: list[str], true: list[np.ndarray]) -> None:
    """Print PSNR by what is given."""
    levels = Levels.of(models.parts.scheduler, STEPS)
    print(f"{'PSNR of the frames not given':30}{'clip model':>12}{'blending':>12}{'DIS':>12}{'VAE alone':>12}{'direction':>12}")
    for kind in ("first", "last", "both", "every 4th"):
        mask = mask_of(kind, FRAMES, np.random.default_rng(0))
        hidden = np.flatnonzero(mask == 0)
        rows, agree = [], []
        for k, (clip, text, spec) in enumerate(zip(true, texts, specs, strict=True)):
            latents = models.parts.encode(torch.from_numpy(clip).permute(0, 3, 1, 2).float().div(127.5).sub(1))
            noise, dust = torch.randn((2, 1, *latents.shape), generator=torch.Generator().manual_seed(k))
            known = known_frames({int(f): latents[f] for f in np.flatnonzero(mask)}, noise)
            made = finish(denoise(net.draw, levels, noise, models.parts.text_states([text])[0], known=known, hooks=by_channel(known, noise.shape, noise=dust)))
            drawn, round_trip = as_pictures(models.parts.decode(made[0])), as_pictures(models.parts.decode(latents))
            blended = between(clip, mask, lambda a, b, share: cv2.addWeighted(clip[a], 1 - share, clip[b], share, 0))  # noqa: B023
            flowed = between(clip, mask, lambda a, b, share: Between(clip[a], clip[b]).at(share))  # noqa: B023
            rows.append([psnr(each[hidden], clip[hidden]) for each in (drawn, blended, flowed, round_trip)])
            agree.append(obeyed(drawn, spec))
        print(f"{kind:30}" + "".join(f"{value:12.1f}" for value in np.mean(rows, 0)) + f"{100 * np.mean(agree):10.0f} %")


def clips_of(models: Pocket, draw: Callable[[torch.Tensor, torch.Tensor, int], torch.Tensor], texts: list[str]) -> list[np.ndarray]:
    """(16, 128, 128, 3) uint8 for each text."""
    empty = models.parts.text_states([""])[0]
    return [as_pictures(models.parts.decode(draw(models.parts.text_states([text])[0], empty, k)[0])) for k, text in enumerate(texts)]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.pocket_motion", description="Measure the motion adapter and the clip model.")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--guidance", type=float, default=3.5)
    parser.add_argument("--shares", type=float, nargs="*", default=[0.5, 0.8], help="shares of common noise for the motion adapter")
    parser.add_argument("--sheet", type=Path, help="write clips as rows of frames into this PNG")
    chosen = parser.parse_args()
    models = load()
    asked = prompts(chosen.count)
    # As the provider does: strange words become those that the models know.
    specs, texts = [spec for spec, _ in asked], [told(parse_request(get_task("text-to-video"), {"prompt": text, "model": "pocket"}), k, text).sentence for k, (_, text) in enumerate(asked)]
    true = [MovingDiorama(spec, 128).frames(FRAMES) for spec in specs]
    net = load_clip_net(place("pocket-frames"), models.parts.dtype)
    adapted = motion_unet(models.parts.unet, load_adapter(place("pocket-motion"), dtype=models.parts.dtype))
    levels, shape, guided = Levels.of(models.parts.scheduler, STEPS), (1, FRAMES, 4, 16, 16), Guidance(chosen.guidance)

    def by_unet(unet: Any, share: float) -> Callable[[torch.Tensor, torch.Tensor, int], torch.Tensor]:
        def draw(states: torch.Tensor, empty: torch.Tensor, seed: int) -> torch.Tensor:
            noise = mixed(shape, share, torch.Generator().manual_seed(seed))
            return finish(denoise(denoiser_of(unet), levels, noise, states, negative=empty, guidance=guided))

        return draw

    def by_net(scale: float, alone: bool) -> Callable[[torch.Tensor, torch.Tensor, int], torch.Tensor]:
        def draw(states: torch.Tensor, empty: torch.Tensor, seed: int) -> torch.Tensor:
            generator = torch.Generator().manual_seed(seed)
            picture = finish(denoise(models.parts.unet, levels, torch.randn((1, 1, 4, 16, 16), generator=generator), states, negative=empty, guidance=guided))
            noise, dust = torch.randn((2, *shape), generator=generator)
            known = known_frames({} if alone else {MIDDLE: picture[0, 0]}, noise)
            hooks = by_channel(known, noise.shape, noise=dust)
            return finish(denoise(net.draw, levels, noise, states, negative=empty, guidance=Guidance(scale), known=None if alone else known, hooks=hooks))

        return draw

    makers = {f"motion adapter, {share:g} of noise shared": by_unet(adapted, share) for share in chosen.shares}
    makers |= {f"no adapter, {share:g} of noise shared": by_unet(models.parts.unet, share) for share in chosen.shares}
    makers |= {f"clip model around a picture, guidance {scale:g}": by_net(scale, False) for scale in (1.0, chosen.guidance)} | {"clip model alone": by_net(chosen.guidance, True)}
    print(f"{'':48}{'direction':>10}{'consistency':>13}{'change':>9}{'seconds':>9}")
    rows = []
    for name, maker in makers.items():
        began = time.perf_counter()
        clips = clips_of(models, maker, texts)
        tell(models, name, clips, specs, (time.perf_counter() - began) / len(clips))
        rows.append(clips)
    tell(models, "frozen", [np.repeat(clip[:1], FRAMES, 0) for clip in true], specs, 0)
    tell(models, "true renders", true, specs, 0)
    given_frames(models, net, specs, texts, true)
    if chosen.sheet:
        few = [np.concatenate([np.concatenate(list(clip[::3]), 1) for clip in clips[:6]], 0) for clips in [*rows, true]]
        cv2.imwrite(str(chosen.sheet), np.concatenate([np.concatenate(few[k : k + 2] + [np.zeros_like(few[0])] * (2 - len(few[k : k + 2])), 1) for k in range(0, len(few), 2)])[..., ::-1])


def tell(models: Pocket, name: str, clips: list[np.ndarray], specs: list[Any], seconds: float) -> None:
    """Print one row."""
    agree = np.mean([obeyed(clip, spec) for clip, spec in zip(clips, specs, strict=True)])
    alike = np.mean([frame_consistency(clip, lambda frames: models.clip.image_features(frames).numpy()) for clip in clips])
    print(f"{name:48}{100 * agree:8.0f} %{alike:13.4f}{np.mean([adjacent_change(clip) for clip in clips]):9.2f}{seconds:9.2f}", flush=True)


if __name__ == "__main__":
    main()
