"""Scenes of a film on several Ray actors against one, for speed and for sameness: `python -m bench.cluster [--model pocket --scenes 6 --seconds 3 --side 256 --actors 2]`.

Each round makes the same new scenes on one actor, then on all. Printed: wall seconds and their ratio; processor seconds of each actor, and one actor's beside the busiest one's
(what the clock would say of a machine that does nothing else); whether the encoded pictures are the same to the byte. Actors have one thread each;
the diorama's scenes are mostly encoding, which one actor already spreads over two cores.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import av

from engine.ray_executor import RayExecutor
from engine.runs import PartRow
from engine.settings import Settings
from engine.store import Store
from engine.task import get_task, parse_request

WORDS = ("red boat on the sea", "blue balloon over hills", "yellow car in the city", "green tree in the forest", "white bird in the mountains", "orange fish in the sea")


def film(options: argparse.Namespace, number: int) -> dict[str, Any]:
    """The request of a film whose scenes nothing made before."""
    scenes = [{"id": f"s{n}", "prompt": f"a {WORDS[n % len(WORDS)]}", "seconds": options.seconds, "seed": 1000 * number + n} for n in range(options.scenes)]
    plan = {"title": "Bench", "hero": {"phrase": "a boat"}, "title_seconds": 0, "scenes": scenes}
    return {"plan": plan, "side": options.side, "video_model": options.model, "voice": "none", "music": "none", "hand_over": False, "seed": 1, "until": "scenes"}


def made(executor: RayExecutor, fields: dict[str, Any]) -> float:
    """Seconds from submitting a film's scenes until all are there."""
    task = get_task("movie")
    request = parse_request(task, fields)
    rows = [PartRow(own.id, own.version, asked.model_dump(mode="json"), part.key, part.label, 1.0) for part in task.parts(request) for own, asked in [part.request()]]
    began = time.monotonic()
    run = executor.store.runs.submit("movie", 1, request.model_dump(mode="json"), parts=rows)
    executor.wake()
    while any(part.active for part in executor.store.runs.parts(run.id)):
        time.sleep(0.02)
    seconds = time.monotonic() - began
    assert all(part.state == "done" for part in executor.store.runs.parts(run.id)), [part.error for part in executor.store.runs.parts(run.id)]
    while executor.store.runs.get(run.id).active:
        time.sleep(0.02)
    return seconds


def streams(folder: Path) -> dict[str, str]:
    """Part -> hash of its encoded pictures."""
    found = {}
    for clip in (folder / "cache" / "parts").glob("*/result.mp4"):
        with av.open(str(clip)) as container:
            found[clip.parent.name] = hashlib.sha256(b"".join(bytes(packet) for packet in container.demux(video=0))).hexdigest()
    return found


def processor_seconds(executor: RayExecutor) -> list[float]:
    """Processor time that each actor has used."""
    ticks = [Path(f"/proc/{actor['pid']}/stat").read_text().rsplit(")", 1)[1].split()[11:13] for actor in executor.stats()["actors"]]
    return [sum(map(int, pair)) / os.sysconf("SC_CLK_TCK") for pair in ticks]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--actors", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    known = Settings.load().data_dir / "models"
    with tempfile.TemporaryDirectory(prefix="bench-cluster-") as name:
        executors = []
        for actors in (1, options.actors):
            folder = Path(name) / f"of-{actors}"
            folder.mkdir(exist_ok=True)
            if known.is_dir():
                (folder / "models").symlink_to(known)
            executors.append(RayExecutor(Store(Settings(data_dir=folder, ray_actors=actors))))
            executors[-1].start()
        one, several = executors
        while len(one.stats()["actors"]) < 1 or len(several.stats()["actors"]) < options.actors:
            time.sleep(0.1)
        for executor in executors:
            made(executor, {**film(options, 0), "side": 192})  # imports and models, in every actor
        ratios, shares = [], []
        for number in range(1, options.rounds + 1):
            spent, used = [], []
            for executor in executors:
                before = processor_seconds(executor)
                spent.append(made(executor, film(options, number)))
                used.append([after - earlier for after, earlier in zip(processor_seconds(executor), before, strict=True)])
            ratios.append(spent[0] / spent[1])
            shares.append(used[0][0] / max(used[1]))
            each = " + ".join(f"{seconds:.1f}" for seconds in used[1])
            print(f"round {number}: one actor {spent[0]:.1f} s (processor {used[0][0]:.1f} s), {options.actors} actors {spent[1]:.1f} s (processor {each} s); load {os.getloadavg()[0]:.1f}")
            print(f"  {ratios[-1]:.2f} times as fast by the clock, {shares[-1]:.2f} by the busiest actor's processor time")
        same = streams(one.store.root) == streams(several.store.root)
        print(f"best {max(ratios):.2f} by the clock, {max(shares):.2f} by processor time; {len(streams(one.store.root))} clips, encoded pictures {'the same to the byte' if same else 'DIFFER'}")
        for executor in reversed(executors):
            executor.stop()


if __name__ == "__main__":
    main()
