"""A film from one sentence: how long each step takes, whether length, loudness, peaks and joins are right, and memory over a film's length.

`python -m bench.movie [IDEA] [--seconds 30 --scenes 6 --model diorama --side 768 --out DIR]`: storyboard, animatic, film; then one prompt changed.
`python -m bench.movie memory [SECONDS ...]`: the peak of the process that makes a small film of 30 s and of 600 s.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.context import RunContext
from engine.media.audio import read_audio
from engine.media.probe import probe
from engine.movie.plan import Plan
from engine.movie.timing import timeline
from engine.residency import ModelPool
from engine.settings import Settings
from engine.sound.mixing.loudness import measured
from engine.sound.mixing.true_peak import true_peak
from engine.task import Note, Result, Stage, parse_request
from engine.tasks.movie import TASK

IDEA = "a little red boat looks for the moon"


def worked() -> float:
    """Seconds of processor time of this process and of its children that have ended: on a machine that others use it tells more than the clock."""
    return sum(facts.ru_utime + facts.ru_stime for facts in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def made(settings: Settings, folder: Path, pool: ModelPool, **fields: Any) -> tuple[Result, dict[str, float], float]:
    """Run the movie task here: its result, the seconds of each stage, and of all; the stage "processor" is the processor time of all."""
    folder.mkdir(parents=True)
    request = parse_request(TASK, fields)
    stages: dict[str, float] = {}
    began, before = time.perf_counter(), worked()
    since = began
    stage, result = "", None
    for event in TASK.run(request, RunContext("bench", folder, settings, 1, pool=pool)):
        now = time.perf_counter()
        if isinstance(event, Stage):
            stages[stage] = stages.get(stage, 0.0) + now - since
            stage, since = event.name if event.name in ("plan", "sound", "film", "saving") else "scenes", now
        elif isinstance(event, Note):
            print(f"    note: {event.text}")
        elif isinstance(event, Result):
            result = event
    stages[stage] = stages.get(stage, 0.0) + time.perf_counter() - since
    assert result is not None
    stages["processor"] = worked() - before
    return result, {name: seconds for name, seconds in stages.items() if name}, time.perf_counter() - began


def figures(clip: Path, plan: Plan, settings: Settings) -> None:
    """Print what a film must keep."""
    clock = timeline(plan)
    facts = probe(clip, settings)
    samples, rate = read_audio(clip, settings)
    joins = [slot.start / clock.fps for slot in clock.slots]
    bend = np.abs(np.diff(samples, n=2, axis=0)).max(axis=1)
    near = np.zeros(len(bend), bool)
    for moment in joins:
        near[max(0, round((moment - 0.02) * rate)) : round((moment + 0.02) * rate)] = True
    print(f"  pictures {facts.frame_count} of {clock.frames} planned; sound ends {(len(samples) / rate - clock.frames / clock.fps) * clock.fps:+.2f} frames after them")
    print(f"  loudness {measured(samples, rate):.1f} LUFS, true peak {true_peak(samples):.1f} dBTP; sharpest bend at joins {bend[near].max():.3f}, elsewhere {bend[~near].max():.3f}")


def whole(options: argparse.Namespace) -> None:
    """Storyboard, animatic, film, a change; warm: models are loaded by a film before."""
    from engine.tasks.movie_plan import TASK as PLANNING

    settings = Settings.load()
    pool = ModelPool.for_machine(settings)
    base = {"side": options.side, "video_model": options.model, "seed": options.seed}
    folder = Path(options.out or tempfile.mkdtemp(prefix="bench-movie-"))
    asked = parse_request(PLANNING, {"idea": options.idea, "seconds": options.seconds, "scenes": options.scenes, "video_model": options.model, "seed": options.seed})
    for label in ("cold", "warm"):
        aside = folder / f"plan-{label}"
        aside.mkdir(parents=True)
        began = time.perf_counter()
        last = list(PLANNING.run(asked, RunContext("bench", aside, settings, options.seed)))[-1]
        print(f"storyboard, {label}: {time.perf_counter() - began:.2f} s")
    assert isinstance(last, Result)
    plan = Plan.model_validate(last.details["plan"])
    fps = plan.fps
    for until in ("animatic", "film"):
        plan = plan.model_copy(update={"fps": fps})
        result, stages, seconds = made(settings, folder / until, pool, plan=plan.model_dump(mode="json"), until=until, **base)
        plan = plan.model_copy(update={"fps": result.details["fps"]})
        print(f"{until}: {seconds:.1f} s ({', '.join(f'{name} {value:.1f}' for name, value in stages.items())})")
        assert result.clip is not None
        figures(result.clip, plan, settings)
    document = plan.model_dump(mode="json")
    document["scenes"][1]["prompt"] += ", slowly"
    _, stages, seconds = made(settings, folder / "changed", pool, plan=document, **base)
    print(f"one prompt changed: {seconds:.1f} s ({', '.join(f'{name} {value:.1f}' for name, value in stages.items())})")
    print(f"files: {folder}")


def memory(lengths: list[float]) -> None:
    """The peak of a process that makes a film of each length."""
    for seconds in lengths:
        subprocess.run([sys.executable, "-m", "bench.movie", "child", str(seconds)], check=True)


def child(seconds: float) -> None:
    """A film of four-second scenes, 128 px wide, with narration, music and ambience."""
    with tempfile.TemporaryDirectory() as name:
        known = Settings.load().data_dir / "models"
        settings = Settings(data_dir=Path(name) / "data")
        settings.data_dir.mkdir()
        if known.is_dir():
            (settings.data_dir / "models").symlink_to(known)
        count = 8 if seconds <= 60 else 40
        scenes = [
            {
                "id": f"s{n}", "prompt": "a small red boat on the sea", "seconds": seconds / count, "transition": "cross-fade" if n % 2 else "cut", "line": f"Scene number {n + 1}.",
                "ambience": ["waves of the sea"], "effects": [{"what": "a bell", "at": 0.5}], "music": {"mood": "calm" if n < count / 2 else "happy"}, "seed": n % 4,
            }
            for n in range(count)
        ]  # fmt: skip
        plan = {"title": "Memory", "title_seconds": 0, "hero": {"phrase": "a small red boat"}, "scenes": scenes}
        result, stages, whole = made(settings, Path(name) / "run", ModelPool.for_machine(settings), plan=plan, side=128, video_model="diorama", seed=1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{seconds:g} s: peak {peak:.0f} MiB, {whole:.0f} s ({', '.join(f'{stage} {value:.0f}' for stage, value in stages.items())})", flush=True)


def main() -> None:
    """Command line."""
    if len(sys.argv) > 1 and sys.argv[1] == "memory":
        memory([float(value) for value in sys.argv[2:]] or [30.0, 600.0])
        return
    if len(sys.argv) > 1 and sys.argv[1] == "child":
        child(float(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("idea", nargs="?", default=IDEA)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--model", default="diorama")
    parser.add_argument("--side", type=int, default=768)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="")
    whole(parser.parse_args())


if __name__ == "__main__":
    main()
