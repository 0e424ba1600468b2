"""What the song track takes from a browser and gives to one; and its own script without a browser: intervals that chain and cover the song, beats put right, undo."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.sound.music.correction import Correction
from engine.tasks.music_video.request import MusicVideoRequest
from studio.music import SongField
from studio.tab import FieldWidget
from studio.widgets.base import read_parts
from studio.widgets.song_track import FOLDER, LONGEST_PROMPT, MOST_INTERVALS, MOST_STILLS, SCRIPTS, SongTrack, ideas, read_grid, read_intervals, wanted_stills

PLAIN = Correction().model_dump(mode="json")
ONE = {"start": 0.0, "end": 4.0, "start_prompt": "a red boat on the sea"}
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the script without a browser")


@pytest.fixture
def track(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SongTrack:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return SongTrack(on_look=lambda question: {"asked": question}, on_stills=lambda question: {"asked": question})


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    found = {name: tmp_path / name for name in ("song.mp3", "photo.jpg")}
    for path in found.values():
        path.write_bytes(path.name.encode())
    return found


def call(track: SongTrack, name: str, data: Any) -> dict[str, Any]:
    """A server function, as the page calls it."""
    answer = getattr(track, name)(data)
    return dict(asyncio.run(answer) if asyncio.iscoroutine(answer) else answer)


def run_script(code: str, data: Any) -> Any:
    """What the page's own script says, run by node."""
    script = read_parts(FOLDER.parent, ("shared/history.js", "shared/timeline.js", "song_track/grid.js", "song_track/plan.js", "song_track/ideas.js"))
    whole = f'globalThis.window = {{}}; const data = JSON.parse(require("fs").readFileSync(0, "utf8"));\n{script}\nconsole.log(JSON.stringify((() => {{ {code} }})()));'
    done = subprocess.run(["node", "-e", whole], input=json.dumps(data), capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_a_value_goes_to_the_browser_and_back(track: SongTrack, files: dict[str, Path]) -> None:
    second = {"start": 4.0, "end": 9.0, "picture": files["photo.jpg"], "pattern": "hold", "driver": "bass", "target": "zoom", "strength": 0.5}
    shown = track.postprocess({"audio": files["song.mp3"], "grid": {"factor": 2.0, "taps": [1, 2, 3, 4]}, "intervals": [ONE, second]})
    kept = Path(shown["intervals"][1]["picture"]["path"])
    assert kept.is_relative_to(track.GRADIO_CACHE) and kept.read_bytes() == b"photo.jpg"
    back = track.preprocess(json.loads(json.dumps(shown)))
    request = MusicVideoRequest.model_validate(back)
    assert request.audio.read_bytes() == b"song.mp3" and request.grid.factor == 2.0 and request.grid.taps == (1, 2, 3, 4)
    assert request.intervals[1].picture == kept.resolve() and request.intervals[1].target == "zoom" and request.intervals[0].start_prompt == ONE["start_prompt"]


def test_nothing_yet_is_no_song_no_correction_no_interval(track: SongTrack, tmp_path: Path) -> None:
    for nothing in (None, "", {}, {"audio": None, "grid": None, "intervals": None}):
        assert track.preprocess(nothing) == {"audio": None, "grid": PLAIN, "intervals": []}
        assert track.postprocess(nothing) == {"audio": None, "grid": PLAIN, "intervals": []}
    lost = track.postprocess({"audio": tmp_path / "lost.mp3", "intervals": [{**ONE, "picture": tmp_path / "lost.jpg"}]})
    assert lost["note"] == "lost.jpg, lost.mp3 are gone: load again." and lost["intervals"][0]["picture"] is None


def test_files_outside_the_studios_store_are_refused(track: SongTrack, files: dict[str, Path]) -> None:
    for path in ("/etc/passwd", str(files["song.mp3"]), "http://example.com/a.mp3", "", None, 7):
        for value in ({"audio": {"path": path}}, {"intervals": [{**ONE, "clip": {"path": path}}]}):
            with pytest.raises(gr.Error):
                track.preprocess(value)
        assert "error" in call(track, "listen", {"audio": {"path": path}})


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda one: st.lists(one, max_size=4) | st.dictionaries(st.sampled_from(["start", "end", "taps", "factor", "prompt", "seed", "prompts", "x"]), one, max_size=4),
)


@given(anything)
@settings(max_examples=80, deadline=None)
def test_anything_is_read_or_refused_in_words(raw: Any) -> None:
    for read, field in ((read_grid, "grid"), (read_intervals, "intervals"), (lambda given: wanted_stills({"prompts": given}), "intervals")):
        try:
            value = read(raw)
        except InvalidInput as error:
            assert error.field == field
        else:
            assert value is not None and json.dumps(value)


def test_wrong_intervals_and_stills_are_named() -> None:
    for wrong in ({**ONE, "end": 0.0}, {**ONE, "pattern": "spin"}, {**ONE, "strength": 9}, {**ONE, "start_seed": -1}, {**ONE, "start_prompt": "x" * (LONGEST_PROMPT + 1)}, 7):
        with pytest.raises(InvalidInput, match="interval 2 is wrong"):
            read_intervals([ONE, wrong])
    with pytest.raises(InvalidInput):
        read_intervals([ONE] * (MOST_INTERVALS + 1))
    good = {"prompt": "a boat", "seed": 3}
    for prompts in ([], [good] * (MOST_STILLS + 1), [{"prompt": " ", "seed": None}], [{"prompt": "a", "seed": 1.5}], [{"prompt": "a", "seed": True}], [{"prompt": "a", "seed": 2**32}]):
        with pytest.raises(InvalidInput):
            wanted_stills({"prompts": prompts})
    assert wanted_stills({"prompts": [good], "settings": {"style": "ink"}}) == {"prompts": [good], "settings": {"style": "ink"}}


def test_the_studio_is_asked_with_checked_values(track: SongTrack, files: dict[str, Path]) -> None:
    audio = track.postprocess({"audio": files["song.mp3"]})["audio"]
    asked = call(track, "listen", {"audio": audio, "grid": {"nudge": 0.05}, "settings": {"theme": "boats"}})["asked"]
    assert Path(asked["audio"]).name == "song.mp3" and asked["grid"] == {**PLAIN, "nudge": 0.05} and asked["settings"] == {"theme": "boats"}
    assert "there is no song yet" in call(track, "listen", {"audio": None})["error"]
    assert "beats" in call(track, "listen", {"audio": audio, "grid": {"factor": 99}})["error"]
    assert call(track, "stills", {"prompts": [{"prompt": "a boat", "seed": None}]})["asked"]["prompts"] == [{"prompt": "a boat", "seed": None}]


def test_the_scripts_are_there_and_load_nothing(track: SongTrack) -> None:
    assert {path.name for path in FOLDER.glob("*.js")} == {Path(name).name for name in SCRIPTS if name.startswith("song_track")}
    text = (track.js_on_load or "") + track.css_template
    assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text and "innerHTML" not in text


def test_it_is_a_field_of_the_request() -> None:
    field: FieldWidget = SongField()
    assert {*field.fields, *field.follows} <= set(MusicVideoRequest.model_fields) and field.place == "main"


STEPS = st.lists(
    st.tuples(st.sampled_from(["edge", "start", "split", "join", "remove", "prompt", "again", "undo", "redo", "factor", "nudge", "bar", "move"]), st.integers(0, 6), st.floats(-2, 34, allow_nan=False)),
    min_size=1, max_size=25,
)  # fmt: skip


@needs_node
@given(st.lists(STEPS, min_size=20, max_size=20))
@settings(max_examples=4, deadline=None)
def test_edited_intervals_always_cover_the_song_and_undo_goes_all_the_way_back(walks: list[list[tuple[str, int, float]]]) -> None:
    """Random edits by the page's own script; each state must be what the request takes, without gap or overlap."""
    code = """return data.map((walk) => {
      const plan = new Plan(), states = [];
      plan.seconds = 32;
      plan.load(null, []);
      plan.propose([0, 8, 16, 24].map((start, k) => ({ start, end: start + 8, start_prompt: k ? "" : "a boat", end_prompt: "a boat " + k })));
      for (const [what, index, at] of walk) {
        const { id } = plan.list[index % plan.list.length];
        if (what === "edge") plan.edge(id, "end", at);
        else if (what === "start") plan.edge(id, "start", at);
        else if (what === "split") plan.split(at);
        else if (what === "join") plan.join(id);
        else if (what === "remove") plan.remove(id, "theme");
        else if (what === "prompt") plan.put(id, { end_prompt: `at ${at}` });
        else if (what === "again" || what === "undo" || what === "redo") plan[what]();
        else if (what === "factor") plan.correct(Grid.times(plan.grid, index % 2 ? 2 : 0.5));
        else if (what === "nudge") plan.correct(Grid.nudge(plan.grid, at / 50));
        else if (what === "bar") plan.correct(Grid.bar(plan.grid, Math.max(0, at)));
        else plan.correct(Grid.move(plan.grid, Math.max(0, at), Math.max(0, at + 0.1)));
        const slots = ends(plan.list, "theme");
        states.push({ grid: plan.grid, intervals: plan.plain(), list: plan.list.map((one) => [one.start, one.end]), slots: slots.map(({ start, end }) => [start.prompt, end.prompt]), chosen: Boolean(plan.piece) });
      }
      while (plan.undo()) ;
      return { states, rest: { grid: plan.grid, intervals: plan.plain() } };
    });"""
    for walk in run_script(code, walks):
        assert walk["rest"] == {"grid": PLAIN, "intervals": []}
        for state in walk["states"]:
            MusicVideoRequest.model_validate({"audio": "song.mp3", "grid": state["grid"], "intervals": state["intervals"]})
            assert state["list"][0][0] == 0 and state["list"][-1][1] == 32 and state["chosen"]
            assert all(abs(one[1] - other[0]) < 0.002 for one, other in pairwise(state["list"])) and all(end - start > 0.249 for start, end in state["list"])
            assert all(start and end for start, end in state["slots"])


@needs_node
def test_pictures_chain_as_the_recipe_chains_them() -> None:
    """An empty start continues the interval before, a seed that is not given is that of the start; photos break the chain."""
    listed = [
        {"start_prompt": "a", "end_prompt": "b", "start_seed": 5},
        {"end_prompt": "c"},
        {"pattern": "freeze", "end_prompt": "unseen"},
        {"end_prompt": "d", "end_seed": 9},
        {"picture": {"path": "x"}},
        {"end_prompt": "e"},
    ]
    code = """const plan = new Plan(); plan.load(null, data.map((one, k) => ({ start: k, end: k + 1, ...one })));
      return ends(plan.list, "theme").map(({ start, end }) => [start && [start.prompt, start.seed, start.chained], end && [end.prompt, end.seed]]);"""
    assert run_script(code, listed) == [
        [["a", 5, False], ["b", 5]], [["b", 5, True], ["c", 5]], [["c", 5, True], ["c", 5]], [["c", 5, True], ["d", 9]], [None, None], [["theme", None, False], ["e", None]],
    ]  # fmt: skip


@needs_node
def test_corrections_of_beats_follow_each_other() -> None:
    """Taps take over from factor and nudge; a nudge takes single beats along; a beat that is dragged twice is moved once, and back is not at all."""
    code = """const plain = Grid.plain({}), tapped = Grid.through({ ...plain, factor: 2, nudge: 0.1, moved: [[1, 1.1]], meter: 3 }, [2, 1, 3, 4]);
      const once = Grid.move(plain, 2, 2.1), twice = Grid.move(once, 2.1, 2.2);
      return { tapped, double: Grid.times(tapped, 2).taps, half: Grid.times(tapped, 0.5).taps, late: Grid.nudge(tapped, 0.05), far: Grid.times(Grid.times(plain, 2), 2).factor, toofar: Grid.times(Grid.times(Grid.times(plain, 2), 2), 2),
        twice: twice.moved, back: Grid.move(twice, 2.2, 2).moved, nudged: Grid.nudge({ ...twice, downbeat: 4 }, -0.01), snap: [nearest([1, 2, 4], 3.1), nearest([], 1)], next: [beyond([1, 2, 4], 2, 1), beyond([1, 2, 4], 2, -1), beyond([1, 2], 2, 1)] };"""
    said = run_script(code, None)
    assert said["tapped"] == {**PLAIN, "taps": [1, 2, 3, 4], "meter": 3}
    assert said["double"] == [1, 1.5, 2, 2.5, 3, 3.5, 4] and said["half"] == [1, 3, 5, 7] and (said["late"]["taps"], said["late"]["nudge"]) == ([1.05, 2.05, 3.05, 4.05], 0.05)
    assert said["far"] == 4 and said["toofar"] is None
    assert said["twice"] == [[2, 2.2]] and said["back"] == []
    assert said["nudged"] == {**PLAIN, "nudge": -0.01, "moved": [[1.99, 2.19]], "downbeat": 3.99}
    assert said["snap"] == [2, -1] and said["next"] == [4, 1, None]


@needs_node
@pytest.mark.parametrize(
    ("prompt", "kind", "say", "expected"),
    [
        ("a red balloon over the hills by day", "time", "at night", "a red balloon over the hills at night"),
        ("a red balloon over the hills", "time", "at night", "a red balloon over the hills at night"),
        ("a red balloon at sunset", "colour", "orange", "an orange balloon at sunset"),
        ("a hot air balloon at sunset", "colour", "orange", "an orange hot air balloon at sunset"),
        ("an orange balloon in the desert", "subject", "bus", "an orange bus in the desert"),
        ("in the desert", "subject", "umbrella", "an umbrella in the desert"),
        ("a scary cat", "subject", "dog", "a scary dog"),
        ("", "subject", "umbrella", "an umbrella"),
        ("", "time", "at night", "at night"),
    ],
)
def test_an_idea_takes_the_place_of_its_kind(prompt: str, kind: str, say: str, expected: str) -> None:
    assert run_script("return withIdea(data.prompt, data.kind, data.say, data.ideas);", {"prompt": prompt, "kind": kind, "say": say, "ideas": ideas()}) == expected
