"""A bare page with the song track, and stand-ins for the helper's answers that hear the song: for tests and for looking.

Songs are clicks over a bass, so that the stand-in finds its beats by their attack; a still is one flat colour by its words and seed.
Run it by hand with `python tests/browser/harness_song.py [port]`.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw

from engine.errors import InvalidInput
from engine.tasks.music_video.request import MusicVideoRequest
from studio.widgets.song_track import SongTrack
from tests.browser.harness_heads import RATE, jpeg, samples_of, wav
from tests.browser.harness_prompt import launch

FIRST_BEAT, PERIOD = 0.5, 0.5
"""Seconds of the first click of a song, and from one to the next: 120 a minute."""
COLOURS = {"day": (120, 190, 235), "sunset": (235, 130, 80), "night": (30, 36, 84), "dawn": (236, 186, 190)}
SETTINGS = {name: MusicVideoRequest.model_fields[name].default for name in ("theme", "style", "width", "height")}


def song(seconds: float) -> np.ndarray:
    """Clicks at every beat, louder at each fourth, over a bass in the second half and a middle tone in every other 8 s."""
    rng = np.random.default_rng(3)
    t = np.arange(round(seconds * RATE)) / RATE
    out = 0.35 * np.sin(2 * np.pi * 60 * t) * (t > seconds / 2) * (0.6 + 0.4 * np.sin(2 * np.pi * t / 2)) + 0.2 * np.sin(2 * np.pi * 520 * t) * (t % 16 < 8)
    for index, beat in enumerate(np.arange(FIRST_BEAT, seconds, PERIOD)):
        first = round(beat * RATE)
        click = rng.normal(size=min(900, len(out) - first)) * np.exp(-np.arange(min(900, len(out) - first)) / 160) * (0.8 if index % 4 == 0 else 0.4)
        out[first : first + len(click)] += click
    return np.asarray(np.clip(out, -1, 1), np.float32)


def clicks(samples: np.ndarray) -> np.ndarray:
    """Seconds of the attacks: where the fast changes of the sound jump up."""
    hop = 80
    rough = np.abs(np.diff(samples, n=2))
    energy = rough[: len(rough) // hop * hop].reshape(-1, hop).max(axis=1)
    rising = np.concatenate([[0.0], np.maximum(energy[1:] - energy[:-1], 0)])
    found: list[int] = []
    for index in np.flatnonzero(rising > 0.12 * rising.max()):
        if not found or index - found[-1] > 0.15 * RATE / hop:
            found.append(int(index))
    return np.array(found) * hop / RATE


def put_right(beats: np.ndarray, grid: dict[str, Any], seconds: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Beats and first beats with the corrections, in the order of the fields."""
    if grid["factor"] > 1:
        beats = np.sort(np.concatenate([beats, (beats[1:] + beats[:-1]) / 2]))
    elif grid["factor"] < 1:
        beats = beats[:: round(1 / grid["factor"])]
    beats = beats + grid["nudge"]
    if len(grid["taps"]) >= 4:
        taps = np.array(grid["taps"])
        step = float(np.diff(taps).mean())
        beats = np.arange(float((taps - step * np.arange(len(taps))).mean()) % step, seconds, step)
    for start, end in grid["moved"]:
        beats[np.argmin(np.abs(beats - start))] = end
    meter = grid["meter"] or 4
    first = 0 if grid["downbeat"] is None else int(np.argmin(np.abs(beats - grid["downbeat"]))) % meter
    return beats, beats[first::meter], meter


def look(question: dict[str, Any]) -> dict[str, Any]:
    """The stand-in of song-look."""
    samples = samples_of(question["audio"])
    seconds = len(samples) / RATE
    if seconds < 0.2:
        raise InvalidInput(f"the song is {seconds:.2f} s long", fix="use another song", field="audio")
    beats, downbeats, meter = put_right(clicks(samples), question["grid"], seconds)
    blocks = np.array_split(samples, min(1600, len(samples)))
    bass = np.convolve(samples, np.ones(60) / 60, "same")
    bands = {"bass": bass, "voice": np.convolve(samples - bass, np.ones(10) / 10, "same"), "percussive": np.concatenate([[0], np.diff(samples)]), "level": samples}
    strengths = {name: np.array([np.sqrt(np.mean(part**2)) for part in np.array_split(curve, len(blocks))]) for name, curve in bands.items()}
    edges = [0.0, *[float(downbeats[np.argmin(np.abs(downbeats - at))]) for at in np.arange(8, seconds - 4, 8)], seconds] if len(downbeats) else [0.0, seconds]
    sections = [{"start": a, "end": b, "label": "AB"[k % 2]} for k, (a, b) in enumerate(zip(edges, edges[1:], strict=False))]
    times = list(COLOURS)
    theme = question["settings"].get("theme") or SETTINGS["theme"]
    plan = [
        {"start": one["start"], "end": one["end"], "start_prompt": "" if k else f"{theme} at {times[0]}", "end_prompt": f"{theme} at {times[(k + 1) % 4]}", "pattern": ("transition", "hold", "cut", "transition")[k % 4], "driver": "percussive", "target": "progress", "strength": 1.0}
        for k, one in enumerate(sections)
    ]  # fmt: skip
    return {
        "seconds": seconds, "tempo": 60 / float(np.median(np.diff(beats))) if len(beats) > 1 else 0.0, "meter": meter, "confidence": 0.9, "peaks": [[float(b.min()), float(b.max())] for b in blocks],
        "bands": {name: (curve / max(curve.max(), 1e-6)).tolist() for name, curve in strengths.items()}, "beats": beats.tolist(), "downbeats": downbeats.tolist(), "sections": sections, "plan": plan, "notes": [],
    }  # fmt: skip


def still(prompt: str, seed: int, width: int, height: int) -> Image.Image:
    """Sky by the time of day that the words name, and a ball whose place is the seed's."""
    sky = next((colour for word, colour in COLOURS.items() if word in prompt), (150, 150, 150))
    picture = Image.new("RGB", (256, max(32, round(256 * height / width))), sky)
    brush, rng = ImageDraw.Draw(picture), np.random.default_rng(seed)
    brush.rectangle((0, picture.height * 0.75, 256, picture.height), fill=tuple(c // 2 for c in sky))
    x, y, hue = rng.uniform(40, 216), rng.uniform(30, picture.height * 0.6), hashlib.md5(prompt.split(" at ")[0].encode()).digest()
    brush.ellipse((x - 26, y - 26, x + 26, y + 26), fill=(hue[0], hue[1], hue[2]))
    return picture


def stills(question: dict[str, Any]) -> dict[str, Any]:
    """The stand-in of stills: where no seed is given, the best one is 7."""
    settings = {**SETTINGS, **question["settings"]}
    time.sleep(0.1)
    seeds = [7 if one["seed"] is None else one["seed"] for one in question["prompts"]]
    return {"seeds": seeds, "ms": 100, "pictures": [jpeg(still(one["prompt"], seed, settings["width"], settings["height"])) for one, seed in zip(question["prompts"], seeds, strict=True)]}


def build(folder: Path, *, seen: list[dict[str, Any]] | None = None, drawn: list[dict[str, Any]] | None = None, heard: list[dict[str, Any]] | None = None, excerpts: list[Any] | None = None) -> gr.Blocks:
    """The page. Run reads the value into `seen`; `drawn` and `heard` collect what the stand-ins were asked, `excerpts` the previews that were wanted."""
    kept: dict[str, list[Any]] = {"seen": [] if seen is None else seen, "drawn": [] if drawn is None else drawn, "heard": [] if heard is None else heard, "excerpts": [] if excerpts is None else excerpts}
    track = folder / "song.wav"
    track.write_bytes(wav(song(32)))
    photo = folder / "photo.jpg"
    still("at sunset", 5, 4, 3).save(photo)

    def hear(question: dict[str, Any]) -> dict[str, Any]:
        kept["heard"].append(question)
        return look(question)

    def draw(question: dict[str, Any]) -> dict[str, Any]:
        kept["drawn"].append(question)
        return stills(question)

    def read(value: dict[str, Any]) -> dict[str, Any]:
        kept["seen"].append(value)
        return value

    def wanted(event: gr.EventData) -> str:
        kept["excerpts"].append(event._data)
        return str(event._data)

    restored = [
        {"start": 0.0, "end": 8.5, "start_prompt": "a white boat on the sea at dawn", "end_prompt": "a white boat on the sea at night", "start_seed": 3, "pattern": "cut", "driver": "bass", "target": "zoom", "strength": 0.5},
        {"start": 8.5, "end": 16.5, "picture": photo},
        {"start": 16.5, "end": 32.0, "start_prompt": "a red car in the city by day"},
    ]
    with gr.Blocks(title="Song") as page:
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=320):
                widget = SongTrack(on_look=hear, on_stills=draw, settings=SETTINGS, elem_id="song")
            with gr.Column(scale=5, min_width=320):
                run = gr.Button("Run", variant="primary", elem_id="run")
                both = gr.Button("Set from Python", elem_id="set")
                nothing = gr.Button("Set to nothing", elem_id="nothing")
                theme = gr.Textbox(SETTINGS["theme"], label="Theme", elem_id="theme")
                asked = gr.Textbox(label="Preview", elem_id="asked")
                shown = gr.JSON(label="What Python got", elem_id="got")
        run.click(read, widget, shown)
        both.click(lambda: {"audio": track, "grid": {"factor": 2.0}, "intervals": restored}, None, widget)
        nothing.click(lambda: {"audio": None}, None, widget)
        theme.change(lambda words: gr.update(settings={**SETTINGS, "theme": words}), theme, widget)
        widget.excerpt(wanted, None, asked)
    return page


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        launch(build(Path(folder)), server_port=int(sys.argv[1]) if len(sys.argv) > 1 else 7874)
