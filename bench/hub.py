"""The studio's run of a large model against its bare pipeline with the same writer, on a small copy of Wan whose steps take a quarter of a second or more. `python -m bench.hub`

Asked: at most 1.03 times the processor time, and the same bits; opening a warm model at most 0.02 of a cold one's time; A, B, A with room for both reads nothing from disk the
second time. Rounds take turns in who is first, and the least time of each counts: other work on a machine, and the way memory happens to lie, only ever add.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from engine.catalog import get_card
from engine.catalog.card import Card
from engine.context import RunContext
from engine.hub import components, session
from engine.hub.pipeline import Wish, arguments, frames_of, ready
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Progress, get_task, parse_request
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.hub import draw

SIZE, FRAMES, STEPS, ROUNDS = (192, 128), 17, 8, 8
CARD = get_card("wan-2-1-t2v-1-3b")


def small(card: Card) -> Card:
    """The card with clips of the bench's size."""
    return card.model_copy(update={"drawing": card.rules.model_copy(update={"width": SIZE[0], "height": SIZE[1], "frames": FRAMES, "most": FRAMES})})


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

            wish = Wish("a red boat", "", SIZE, FRAMES, 3, STEPS, card.rules.guidance)
            with ready(place, card.rules, card.title, pool, {"": torch.float32}, image=False) as pipeline:
                frames = frames_of(pipeline(**arguments(pipeline, card.rules, wish)))
            with ClipWriter(root / f"bare{number}.mp4", fps=16) as writer:
                for frame in frames:
                    writer.write(frame)
            return writer.path

        opened: list[float] = []

        @contextmanager
        def opening(*given: Any, own: Any = session.opened, **named: Any) -> Iterator[Any]:
            began = time.monotonic()
            with own(*given, **named) as found:
                opened.append(time.monotonic() - began)
                yield found

        with patch.object(session, "opened", opening):
            (_, steps, cold), _, _ = timed(lambda: studio(places[0], 0))
            print(f"a step: {1000 * steps / STEPS:.0f} ms")
            studio_cpu, bare_cpu, warm, same = [], [], [], []
            for number in range(1, ROUNDS + 1):
                found: dict[str, Any] = {}
                for kind in ("bare", "studio") if number % 2 else ("studio", "bare"):
                    found[kind] = timed(lambda kind=kind, number=number: bare(places[0], number) if kind == "bare" else studio(places[0], number))  # type: ignore[misc]
                (own, _, outside), spent, _ = found["studio"]
                clip, alone, _ = found["bare"]
                studio_cpu.append(spent)
                bare_cpu.append(alone)
                warm.append(outside)
                same.append(own.read_bytes() == clip.read_bytes())
        ratios = sorted(one / other for one, other in zip(studio_cpu, bare_cpu, strict=True))
        print(f"processor time, studio / bare pipeline and writer: {min(studio_cpu) / min(bare_cpu):.3f} of the least ({min(studio_cpu):.2f} and {min(bare_cpu):.2f} s); asked at most 1.03")
        print(f"  rounds: median {median(ratios):.3f}, of {', '.join(f'{one:.3f}' for one in ratios)}; bare alone spreads over {min(bare_cpu):.2f} to {max(bare_cpu):.2f} s")
        print(f"clips are the same bits: {sum(same)} of {len(same)}")
        print(f"opening the model: cold {opened[0]:.2f} s, warm {median(opened[1:]):.3f} s, {median(opened[1:]) / opened[0]:.4f} of it; asked at most 0.02")
        print(f"all outside the steps: cold {cold:.2f} s, warm {median(warm):.2f} s (decoding and writing the clip are in both)")
        studio(places[1], 90)
        with patch.object(components, "load_net", side_effect=AssertionError("read from disk")), patch.object(components, "load_small", side_effect=AssertionError("read from disk")):
            studio(places[0], 91)
            studio(places[1], 92)
        print("A, B, A, B: nothing was read from disk the second time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
