"""Music videos end to end with the pocket model at its smallest, on songs whose hits are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import Cancelled, InvalidInput, StudioError
from engine.media.audio import read_audio
from engine.media.images import write_image
from engine.media.video import open_video
from engine.media.writer import ClipWriter
from engine.settings import Settings
from engine.task import Note, Result, get_task, parse_request
from engine.tasks.music_video.pictures import Painter
from engine.tasks.music_video.plan import intervals
from engine.tasks.music_video.recipe import covered
from engine.tasks.music_video.request import Interval
from tests.waves import write_wave

RATE, FPS = 22050, 12
TASK = get_task("music-video")
SMALL = {"width": 128, "height": 128, "fps": FPS, "drawn": 1.0, "steps": 4, "seed": 3}
DAY, NIGHT = "a red balloon over the hills by day", "a red balloon over the hills at night"


def song(path: Path, hits: list[float], seconds: float) -> Path:
    """Drum hits at moments, in faint noise."""
    rng = np.random.default_rng(0)
    t = np.arange(int(0.15 * RATE)) / RATE
    drum = np.sin(2 * np.pi * 70 * t) * np.exp(-t * 30) + rng.normal(0, 0.4, len(t)) * np.exp(-t * 80)
    out = rng.normal(0, 0.002, int(seconds * RATE))
    for hit in hits:
        start = int(hit * RATE)
        part = drum[: len(out) - start]
        out[start : start + len(part)] += 0.7 * part
    return write_wave(path, out, RATE)


def made(place: Path, name: str, **fields: object) -> tuple[Result, list[object], list[np.ndarray]]:
    """The result, all events, and the frames as they reached the writer."""
    frames: list[np.ndarray] = []
    write = ClipWriter.write

    def keep(self: ClipWriter, frame: np.ndarray) -> None:
        frames.append(frame.copy())
        write(self, frame)

    request = parse_request(TASK, {**SMALL, **fields})
    folder = place / name
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClipWriter, "write", keep)
        events = list(TASK.run(request, RunContext(id="x", directory=folder, settings=Settings(data_dir=place / "data"), seed=3)))
    result = events[-1]
    assert isinstance(result, Result)
    return result, events, frames


def change(frames: list[np.ndarray]) -> np.ndarray:
    """(F,) how much each frame differs from the one before."""
    table = np.stack(frames).astype(np.int16)
    return np.concatenate([[0.0], np.abs(np.diff(table, axis=0)).mean(axis=(1, 2, 3))])


IRREGULAR = [0.4, 0.9, 1.2, 2.1, 2.35, 3.0, 3.7]


def test_the_picture_goes_on_with_the_drums_and_rests_between(tmp_path: Path) -> None:
    path = song(tmp_path / "song.wav", IRREGULAR, 4.0)
    one = {"start": 0, "end": 4, "start_prompt": DAY, "end_prompt": NIGHT, "start_seed": 5, "end_seed": 5}
    result, _, frames = made(tmp_path, "drums", audio=path, intervals=[one])
    assert len(frames) == 4 * FPS
    struck = np.zeros(4 * FPS)
    struck[[int(hit * FPS) for hit in IRREGULAR]] = 1.0
    moved = change(frames)
    assert np.corrcoef(moved[1:], struck[1:])[0, 1] > 0.7
    _, _, even = made(tmp_path, "even", audio=path, intervals=[{**one, "driver": "linear"}])
    assert abs(np.corrcoef(change(even)[1:], struck[1:])[0, 1]) < 0.25, "driven by nothing, it moves all the time"
    assert result.clip is not None
    with open_video(result.clip, Settings(data_dir=tmp_path / "data")) as reader:
        assert reader.count == 4 * FPS
    heard, rate = read_audio(result.clip, Settings(data_dir=tmp_path / "data"), mono=True)
    loud = np.abs(heard[:, 0])
    for hit in (IRREGULAR[0], IRREGULAR[-1]):
        window = loud[int((hit - 0.1) * rate) : int((hit + 0.1) * rate)]
        assert abs(np.argmax(window > 0.3 * window.max()) / rate - 0.1) < 0.02


def test_both_ends_are_the_chosen_stills_and_neighbours_chain(tmp_path: Path) -> None:
    path = song(tmp_path / "song.wav", [0.5, 1.5, 2.5], 3.0)
    plan = [
        {"start": 0, "end": 1.5, "start_prompt": DAY, "end_prompt": NIGHT, "start_seed": 5, "end_seed": 9},
        {"start": 1.5, "end": 3.0, "end_prompt": DAY},
    ]
    result, _, frames = made(tmp_path, "ends", audio=path, intervals=plan)
    request = parse_request(TASK, {**SMALL, "audio": path, "intervals": plan})
    from engine.tasks.text_to_video.pocket.models import load

    painter = Painter(request, RunContext(id="x", directory=tmp_path, settings=Settings(data_dir=tmp_path / "data"), seed=3), load())
    stills = [painter.finished(painter.decoded(painter.still(painter.told(prompt).sentence, seed, request.guidance)[None]))[0] for prompt, seed in ((DAY, 5), (NIGHT, 9))]
    cut = round(1.5 * FPS)
    # Processors round products of other sizes differently: of 25000 values one may be a level off.
    assert np.abs(frames[0].astype(int) - stills[0]).max() <= 1
    assert np.abs(frames[cut - 1].astype(int) - stills[1]).max() <= 1
    assert (frames[cut] == frames[cut - 1]).all(), "the next interval begins where this one ended"
    rows = json.loads(result.artifacts["timeline"].read_text())["intervals"]
    assert [row["start_seed"] for row in rows] == [5, 9]


def test_the_page_s_stills_are_those_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.tasks.music_video.stills import stills

    path = song(tmp_path / "song.wav", [0.5], 1.0)
    settings = Settings(data_dir=tmp_path / "data")
    value, blobs = stills({"prompts": [{"prompt": DAY}, {"prompt": NIGHT, "seed": 9}], "width": 128, "height": 128, "steps": 4}, settings)
    result, _, _ = made(tmp_path, "run", audio=path, intervals=[{"start": 0, "end": 1, "start_prompt": DAY, "end_prompt": NIGHT, "end_seed": 9}])
    row = json.loads(result.artifacts["timeline"].read_text())["intervals"][0]
    assert value["seeds"] == [row["start_seed"], row["end_seed"]]
    assert len(blobs) == 2 and blobs[0] != blobs[1] and blobs[0][:2] == b"\xff\xd8"
    with pytest.raises(InvalidInput, match="prompts"):
        stills({"prompts": []}, settings)


def test_only_what_changed_is_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = song(tmp_path / "song.wav", [0.5, 1.5], 2.0)
    plan = [{"start": 0, "end": 1, "start_prompt": DAY, "start_seed": 1, "end_prompt": NIGHT}, {"start": 1, "end": 2, "end_prompt": DAY, "end_seed": 2}]
    drawn: list[int] = []
    draw = Painter.draw
    monkeypatch.setattr(Painter, "draw", lambda self, noise, states, guidance: (drawn.append(len(noise)), draw(self, noise, states, guidance))[1])
    _, _, first = made(tmp_path, "first", audio=path, intervals=plan)
    all_of_it = sum(drawn)
    drawn.clear()
    _, _, again = made(tmp_path, "again", audio=path, intervals=plan)
    assert drawn == [] and all((a == b).all() for a, b in zip(first, again, strict=True))
    _, _, other = made(tmp_path, "other", audio=path, intervals=[plan[0], {**plan[1], "end_seed": 4}])
    assert 0 < sum(drawn) < all_of_it
    assert all((a == b).all() for a, b in zip(first[:FPS], other[:FPS], strict=True))


def test_a_photo_and_a_held_picture_pulse(tmp_path: Path) -> None:
    path = song(tmp_path / "song.wav", [0.5, 1.5], 2.0)
    write_image(tmp_path / "photo.png", np.kron(np.random.default_rng(1).integers(0, 255, (16, 16, 3), dtype=np.uint8), np.ones((10, 10, 1), np.uint8)))
    plan = [
        {"start": 0, "end": 1, "picture": tmp_path / "photo.png", "pattern": "freeze", "target": "zoom"},
        {"start": 1, "end": 2, "start_prompt": DAY, "start_seed": 1, "pattern": "hold", "target": "brightness"},
    ]
    _, _, frames = made(tmp_path, "photo", audio=path, intervals=plan)
    moved = change(frames)
    assert moved[6] > 3 * np.median(moved[1:5]) + 1, "the photo jumps on the drum"
    assert moved[18] > 3 * np.median(moved[13:17]) + 1
    assert np.abs(frames[11].astype(int) - frames[0]).mean() < 0.2 * moved[6], "and comes back"


def test_an_excerpt_is_that_part_of_the_whole(tmp_path: Path) -> None:
    path = song(tmp_path / "song.wav", [0.5, 1.5], 2.0)
    plan = [{"start": 0, "end": 2, "start_prompt": DAY, "start_seed": 1, "end_prompt": NIGHT}]
    _, _, whole = made(tmp_path, "whole", audio=path, intervals=plan)
    _, _, part = made(tmp_path, "part", audio=path, intervals=plan, excerpt_start=1.0, excerpt_end=1.5)
    assert len(part) == FPS // 2
    assert all((a == b).all() for a, b in zip(part, whole[FPS : FPS + FPS // 2], strict=True))
    with pytest.raises(InvalidInput, match="outside the song"):
        made(tmp_path, "beyond", audio=path, intervals=plan, excerpt_start=5.0, excerpt_end=6.0)


def test_harmful_flashes_are_held_back_or_named(tmp_path: Path) -> None:
    path = song(tmp_path / "song.wav", [k / 6 for k in range(1, 12)], 2.0)
    write_image(tmp_path / "grey.png", np.full((64, 64, 3), 90, np.uint8))
    plan = [{"start": 0, "end": 2, "picture": tmp_path / "grey.png", "pattern": "freeze", "target": "brightness", "strength": 2.0}]
    soft, _, _ = made(tmp_path, "soft", audio=path, intervals=plan, fps=24)
    hard, events, _ = made(tmp_path, "hard", audio=path, intervals=plan, fps=24, soften_flashes=False)
    worst = [next(meter.value for meter in one.meters if meter.name == "flashes") for one in (soft, hard)]
    assert worst[0] <= 3 < worst[1]
    assert any("epilepsy" in event.text and event.level == "warning" for event in events if isinstance(event, Note))


def test_without_intervals_a_plan_is_made_from_sections(tmp_path: Path) -> None:
    class Section:
        def __init__(self, start: float, end: float, label: str) -> None:
            self.start, self.end, self.label = start, end, label

    sections = [Section(0, 10, "A"), Section(10, 50, "B"), Section(50, 60, "A")]
    plan = intervals(60.0, sections, np.arange(0, 60, 2.0), [0.2, 1.0, 0.2], "a boat", 1)
    assert plan[0].start == 0 and plan[-1].end == 60
    assert all(a.end == b.start for a, b in zip(plan, plan[1:], strict=False))
    assert all(edge.start % 2 == 0 for edge in plan), "edges lie on first beats"
    assert plan[0].pattern == "hold" and plan[1].pattern == "transition"
    assert max(one.end - one.start for one in plan) <= 20
    assert plan[-1].start_prompt == plan[0].start_prompt, "what sounds the same looks the same"
    assert all("boat" in one.end_prompt for one in plan)
    named = intervals(60.0, sections, np.arange(0, 60, 2.0), [0.2, 1.0, 0.2], "a green boat over the sea at night", 1)
    assert named[0].start_prompt == "a green boat over the sea at night", "what the theme names is where it begins"


def test_gaps_are_filled_and_the_song_s_end_is_the_end() -> None:
    plan = covered([Interval(start=1, end=2, start_prompt="a boat"), Interval(start=3, end=9, end_prompt="a bird")], 5.0)
    assert [(one.start, one.end, one.pattern) for one in plan] == [(0, 1, "freeze"), (1, 2, "transition"), (2, 3, "freeze"), (3, 5, "transition")]
    assert plan[0].start_prompt == "a boat"


def test_a_stopped_run_keeps_what_it_has(tmp_path: Path) -> None:
    path = song(tmp_path / "song.wav", [0.5, 1.5], 3.0)
    request = parse_request(TASK, {**SMALL, "audio": path, "intervals": [{"start": 0, "end": 1, "start_prompt": DAY, "start_seed": 1, "pattern": "freeze"}, {"start": 1, "end": 3, "end_prompt": NIGHT}]})
    (tmp_path / "stopped").mkdir()
    frames: list[int] = []
    run = RunContext(id="x", directory=tmp_path / "stopped", settings=Settings(data_dir=tmp_path / "data"), seed=3, cancelled=lambda: len(frames) > 6)
    results = []
    with pytest.raises(Cancelled), pytest.MonkeyPatch.context() as patch:
        write = ClipWriter.write
        patch.setattr(ClipWriter, "write", lambda self, frame: (frames.append(1), write(self, frame))[1])
        for event in TASK.run(request, run):
            if isinstance(event, Result):
                results.append(event)
    assert results and results[0].partial and results[0].clip is not None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"intervals": [{"start": 0, "end": 2}, {"start": 1, "end": 3}]}, "overlap"),
        ({"intervals": [{"start": 2, "end": 2}]}, "end after it starts"),
        ({"excerpt_start": 3, "excerpt_end": 2}, "must come after"),
        ({"intervals": [{"start": 0, "end": 1, "pattern": "spin"}]}, "pattern"),
    ],
)
def test_requests_that_make_no_sense(tmp_path: Path, fields: dict[str, object], says: str) -> None:
    with pytest.raises(StudioError, match=says):
        parse_request(TASK, {"audio": tmp_path / "a.wav", **fields})
