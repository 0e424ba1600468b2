"""The studio's run of a large model against its bare pipeline with the same writer, on a small copy of Wan whose steps take a quarter of a second or more. `python -m bench.hub`

Asked: at most 1.03 times the processor time, and the same bits; a warm request at most 0.02 of the cold one's time outside its steps; A, B, A with room for both reads
nothing from disk the second time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from engine.catalog import get_card
from engine.catalog.card import Card
from engine.context import RunContext
from engine.hub import components
from engine.hub.pipeline import Wish, arguments, frames_of, ready
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Progress, get_task, parse_request
from engine.tasks.text_to_video.hub import draw
from engine.tasks.text_to_video.takes import Made

SIZE, FRAMES, STEPS, ROUNDS = (192, 128), 17, 8, 5
CARD = get_card("wan-2-1-t2v-1-3b")


def small(card: Card) -> Card:
    """The card with clips of the bench's size."""
    assert card.drawing is not None
    return card.model_copy(update={"drawing": card.drawing.model_copy(update={"width": SIZE[0], "height": SIZE[1], "frames": FRAMES, "most": FRAMES})})


def save(folder: Path, seed: int) -> None:
    """A Wan of eight layers: large enough for steps that count."""
    import torch
    from diffusers import WanPipeline

    from tests.hub.tiny import wan

    torch.manual_seed(seed)
    net = wan.wan_net(num_layers=8, num_attention_heads=8, attention_head_dim=48, ffn_dim=1536, seed=seed)
    WanPipeline(wan.t5_words(), wan.umt5(), wan.wan_vae(), wan.wan_scheduler(), net).save_pretrained(folder)


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Result, processor seconds, seconds by the clock."""
    cpu, clock = time.process_time(), time.monotonic()
    found = work()
    return found, time.process_time() - cpu, time.monotonic() - clock


def main() -> int:
    """Measure and print."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        places = [root / "a", root / "b"]
        for seed, place in enumerate(places):
            save(place, seed)
        settings, card = Settings(data_dir=root / "data", device="cpu"), small(CARD)
        request = parse_request(
            get_task("text-to-video"),
            {"prompt": "a red boat", "model": CARD.id, "seconds": FRAMES / 16, "fps": 16, "width": SIZE[0], "height": SIZE[1], "steps": STEPS},
        )
        pool = ModelPool(4 * 2**30)

        def studio(place: Path, number: int) -> tuple[Path, float, float]:
            """The clip, seconds of the steps, seconds outside them."""
            out = root / f"studio{number}"
            out.mkdir()
            began, first, last, clip = time.monotonic(), 0.0, 0.0, out
            for event in draw(request, RunContext("0" * 32, out, settings, 3, pool=pool), 3, "result", card, place):
                if isinstance(event, Progress) and event.stage == "denoising":
                    first, last = first or time.monotonic(), time.monotonic()
                if isinstance(event, Made):
                    clip = event.clip
            steps = (last - first) * STEPS / (STEPS - 1)
            return clip, steps, time.monotonic() - began - steps

        def bare(place: Path, number: int) -> Path:
            from engine.media.writer import ClipWriter

            wish = Wish("a red boat", "", SIZE, FRAMES, 3, STEPS, card.drawing.guidance)  # type: ignore[union-attr]
            with ready(place, card.drawing, card.title, pool, {"": torch.float32}, image=False) as pipeline:  # type: ignore[arg-type]
                frames = frames_of(pipeline(**arguments(pipeline, card.drawing, wish)))  # type: ignore[arg-type]
            with ClipWriter(root / f"bare{number}.mp4", fps=16) as writer:
                for frame in frames:
                    writer.write(frame)
            return writer.path

        (_, steps, cold), _, _ = timed(lambda: studio(places[0], 0))
        print(f"a step: {1000 * steps / STEPS:.0f} ms")
        ratios, warm, same = [], [], []
        for number in range(1, ROUNDS + 1):
            clip, bare_cpu, _ = timed(lambda number=number: bare(places[0], number))
            (own, _, outside), own_cpu, _ = timed(lambda number=number: studio(places[0], number))
            ratios.append(own_cpu / bare_cpu)
            warm.append(outside)
            same.append(own.read_bytes() == clip.read_bytes())
        print(f"processor time, studio / bare pipeline and writer: {median(ratios):.3f} (of {', '.join(f'{one:.3f}' for one in sorted(ratios))}); asked at most 1.03")
        print(f"clips are the same bits: {sum(same)} of {len(same)}")
        loading = cold - median(warm)
        print(f"outside the steps: cold {cold:.2f} s, warm {median(warm):.2f} s (decoding and writing the clip are in both); loading and measuring alone {loading:.2f} s")
        studio(places[1], 90)
        with patch.object(components, "load_net", side_effect=AssertionError("read from disk")), patch.object(components, "load_small", side_effect=AssertionError("read from disk")):
            studio(places[0], 91)
            studio(places[1], 92)
        print("A, B, A, B: nothing was read from disk the second time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
