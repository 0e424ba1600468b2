"""The studio's run of a large model against its bare pipeline with the same writer, on a small copy of Wan whose steps take a quarter of a second or more. `python -m bench.hub`

Asked: at most 1.03 times the processor time, and the same bits; opening a warm model at most 0.02 of a cold one's time; A, B, A with room for both reads nothing from disk the
second time.

The processor time is compared in two ways. Of two whole runs: rounds take turns in who is first; a step's own time differs from round to round by more than what is looked for, so
this only shows that nothing large is hidden. And inside one run: of every thread of the studio, what is spent outside the pipeline's call and the writer, or inside the callback
that the pipeline calls, is the studio's own; against it stands the same figure of the bare run, where it is the meter itself.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from statistics import median
from typing import Any, Self
from unittest.mock import patch

import diffusers

from engine.catalog import get_card
from engine.catalog.card import Card
from engine.context import RunContext
from engine.hub import components, session
from engine.hub.pipeline import Wish, arguments, ready
from engine.hub.watching import Watched
from engine.media.writer import ClipWriter
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


class Own:
    """Processor seconds that a run of the studio spends beside the pipeline's call and the writer.

    Every thread has a clock of its own: this one's and the one in which the pipeline is called are read; encoders' own threads are the writer's. The functions that both runs share
    are patched to tell how long they took in their thread.
    """

    def __init__(self) -> None:
        self.shared = self.inside = self.thread = 0.0
        self._began = 0.0
        self._held = ExitStack()

    def __enter__(self) -> Self:
        for owner, name in ((diffusers.WanPipeline, "__call__"), (ClipWriter, "write"), (ClipWriter, "__exit__")):
            self._meter(owner, name, "shared")
        self._meter(session, "frames_of", "shared")
        self._meter(Watched, "_callback", "inside")
        self._meter(Watched, "_call", "thread")
        self._began = time.thread_time()
        return self

    def __exit__(self, *ended: object) -> None:
        self.seconds = time.thread_time() - self._began + self.thread - self.shared + self.inside
        self._held.close()

    def _meter(self, owner: Any, name: str, told: str) -> None:
        own = getattr(owner, name)

        def metered(*given: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return own(*given, **named)
            finally:
                setattr(self, told, getattr(self, told) + time.thread_time() - began)

        self._held.enter_context(patch.object(owner, name, wraps(own)(metered)))


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
            with Own() as own:
                for event in draw(request, RunContext("0" * 32, out, settings, 3, pool=pool), 3, "result", card, place):
                    if isinstance(event, Progress) and event.stage == "denoising":
                        first, last = first or time.monotonic(), time.monotonic()
                    if isinstance(event, Made):
                        clip = event.clip
            studio_own.append(own.seconds)
            steps = (last - first) * STEPS / (STEPS - 1)
            return clip, steps, time.monotonic() - began - steps

        def bare(place: Path, number: int) -> Path:
            wish = Wish("a red boat", "", SIZE, FRAMES, 3, STEPS, card.rules.guidance)
            with ready(place, card.rules, card.title, pool, {"": torch.float32}, image=False) as pipeline:
                given = arguments(pipeline, card.rules, wish)
                began = time.process_time()
                with Own() as own:
                    frames = session.frames_of(pipeline(**given))
                    with ClipWriter(root / f"bare{number}.mp4", fps=16) as writer:
                        for frame in frames:
                            writer.write(frame)
                bare_own.append(own.seconds)
                bare_cpu.append(time.process_time() - began)
            return writer.path

        opened: list[float] = []
        studio_own: list[float] = []
        bare_own: list[float] = []
        bare_cpu: list[float] = []

        @contextmanager
        def opening(*given: Any, own: Any = session.opened, **named: Any) -> Iterator[Any]:
            began = time.monotonic()
            with own(*given, **named) as found:
                opened.append(time.monotonic() - began)
                yield found

        with patch.object(session, "opened", opening):
            (_, steps, cold), _, _ = timed(lambda: studio(places[0], 0))
            print(f"a step: {1000 * steps / STEPS:.0f} ms")
            studio_cpu, warm, same = [], [], []
            for number in range(1, ROUNDS + 1):
                found: dict[str, Any] = {}
                for kind in ("bare", "studio") if number % 2 else ("studio", "bare"):
                    found[kind] = timed(lambda kind=kind, number=number: bare(places[0], number) if kind == "bare" else studio(places[0], number))  # type: ignore[misc]
                (own, _, outside), spent, _ = found["studio"]
                clip = found["bare"][0]
                studio_cpu.append(spent)
                warm.append(outside)
                same.append(own.read_bytes() == clip.read_bytes())
        ratios = sorted(one / other for one, other in zip(studio_cpu, bare_cpu, strict=True))
        print(f"processor time, studio / bare pipeline and writer: {min(studio_cpu) / min(bare_cpu):.3f} of the least ({min(studio_cpu):.2f} and {min(bare_cpu):.2f} s); asked at most 1.03")
        print(f"  rounds: median {median(ratios):.3f}, of {', '.join(f'{one:.3f}' for one in ratios)}; bare alone spreads over {min(bare_cpu):.2f} to {max(bare_cpu):.2f} s")
        own, meter = median(studio_own[1:]), median(bare_own)
        print(
            f"what the studio spends beside the pipeline and the writer: {1000 * own:.0f} ms a run ({1000 * min(studio_own[1:]):.0f} to {1000 * max(studio_own[1:]):.0f}), "
            f"bare {1000 * meter:.0f} ms: {1 + (own - meter) / median(bare_cpu):.4f} times the processor time; asked at most 1.03"
        )
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
