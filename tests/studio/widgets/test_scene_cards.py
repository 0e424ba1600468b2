"""What the scene cards take from a browser and give to one; and their own script without a browser: lengths that fit, cards moved, lines timed."""

from __future__ import annotations

import asyncio
import copy
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.movie.plan import Plan, Scene
from engine.settings import Settings
from engine.task import get_task, parse_request
from studio.movies import StoryField
from studio.service import Studio
from studio.tab import ASSETS, FieldWidget
from studio.widgets.base import read_parts
from studio.widgets.scene_cards import FOLDER, SceneCards, cameras, limits, reading
from studio.widgets.voice_choice import read_voice

EXAMPLE = json.loads((ASSETS / "examples" / "movie.json").read_text(encoding="utf-8"))[0]["fields"]
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the script without a browser")


def plan(**first: Any) -> dict[str, Any]:
    """The example's plan; `first` changes its first scene."""
    made: dict[str, Any] = copy.deepcopy(EXAMPLE["plan"])
    made["scenes"][0] |= first
    return made


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SceneCards:
    """The widget; what its functions are asked comes back, and `write` answers with the plan of the settings."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))

    def echo(question: dict[str, Any]) -> dict[str, Any]:
        return {"asked": question}

    return SceneCards(on_write=lambda question: {"plan": question["settings"]["answer"]}, on_edit=echo, on_state=echo, on_read=echo, on_library=lambda question: [question])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"a photo")
    return path


def call(cards: SceneCards, name: str, data: Any) -> dict[str, Any]:
    """A server function, as the page calls it."""
    answer = getattr(cards, name)(data)
    return dict(asyncio.run(answer) if asyncio.iscoroutine(answer) else answer)


def source(**given: Any) -> dict[str, Any]:
    return {"kind": "text", "run": "", "file": None, "image": None, "start": 0.0, "keep_sound": True, "made_as": "", **given}


def run_script(code: str, data: Any) -> Any:
    """What the page's own script says, run by node."""
    script = read_parts(FOLDER.parent, ("shared/history.js", "shared/timeline.js", "scene_cards/words.js", "scene_cards/story.js"))
    whole = f'globalThis.window = {{}}; const data = JSON.parse(require("fs").readFileSync(0, "utf8"));\n{script}\nconst story = new Story(data.limits); story.restart(data.plan);\nconsole.log(JSON.stringify((() => {{ {code} }})()));'
    done = subprocess.run(["node", "-e", whole], input=json.dumps({"limits": limits(), "plan": plan(), **data}), capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_a_value_goes_to_the_browser_and_back(cards: SceneCards, photo: Path) -> None:
    shown = cards.postprocess({"idea": "A boat.", "plan": plan(source=source(kind="picture", image=str(photo)))})
    file = shown["plan"]["scenes"][0]["source"]["image"]
    assert file["orig_name"] == "photo.jpg" and file["path"] != str(photo), "a copy that Gradio may serve, not the store's own"
    back = cards.preprocess(json.loads(json.dumps(shown)))
    assert back["idea"] == "A boat." and Path(back["plan"]["scenes"][0]["source"]["image"]).read_bytes() == b"a photo"
    assert Plan.model_validate(back["plan"]).scenes[1:] == Plan.model_validate(plan()).scenes[1:]
    assert cards.postprocess(None) == {"idea": "", "plan": None} and cards.preprocess(None) == {"idea": "", "plan": None}
    field: FieldWidget = StoryField()
    assert set(field.fields) == {"idea", "plan"} and "plan" not in field.follows


def test_a_file_that_is_gone_leaves_a_scene_from_its_prompt(cards: SceneCards, photo: Path) -> None:
    shown = cards.postprocess({"plan": plan(source=source(kind="head", image=str(photo.with_name("gone.jpg"))))})
    assert shown["plan"]["scenes"][0]["source"]["kind"] == "text" and "gone.jpg" in shown["note"]
    shown = cards.postprocess({"plan": plan(heading="Hello", source=source(kind="file"))})
    assert shown["plan"]["scenes"][0]["source"]["kind"] == "text" and "Hello" in shown["note"], "a clip that was dropped on the page may come without its picture"


@pytest.mark.parametrize(
    "broken",
    [{"scenes": []}, {"scenes": "six"}, {"title": ""}, {"scenes": [1, None]}, {"palette": ["red"]}, [], "plan", 7, {"scenes": [{"id": "../x", "prompt": "a"}]}, {"extra": 1}],
)  # fmt: skip
def test_a_plan_that_is_none_is_not_shown(cards: SceneCards, broken: Any) -> None:
    given = {**plan(), **broken} if isinstance(broken, dict) else broken
    shown = cards.postprocess({"idea": "A boat.", "plan": given})
    assert shown["idea"] == "A boat." and shown["plan"] is None and shown["note"].startswith("This storyboard cannot be used")


@pytest.mark.parametrize("path", ["/etc/passwd", "../../etc/passwd", "http://example.org/a.jpg", "", None, 3, "a\0b", ["x"], "/proc/self/environ"])
def test_no_file_but_an_upload_is_taken(cards: SceneCards, path: Any) -> None:
    for kind, name in (("picture", "image"), ("file", "file"), ("head", "image")):
        for file in ({"path": path}, path):
            hostile = {"idea": "", "plan": plan(source=source(kind=kind, **{name: file}))}
            if file is None:
                continue
            with pytest.raises(gr.Error):
                cards.preprocess(hostile)
            for function in ("write", "edit", "state"):
                assert "error" in call(cards, function, {**hostile, "settings": {"answer": plan()}})


def test_a_planners_answer_opens_no_file(cards: SceneCards, photo: Path) -> None:
    answer = plan(source=source(kind="picture", image=str(photo)))
    got = call(cards, "write", {"idea": "A boat.", "settings": {"answer": answer}})
    assert got["plan"]["scenes"][0]["source"] == source(), "the browser did not give this file"
    shown = cards.postprocess({"plan": answer})
    kept = str(Path(shown["plan"]["scenes"][0]["source"]["image"]["path"]).resolve())
    got = call(cards, "write", {"plan": shown["plan"], "settings": {"answer": plan(source=source(kind="picture", image=kept))}})
    assert got["plan"]["scenes"][0]["source"]["image"] == shown["plan"]["scenes"][0]["source"]["image"], "its own file comes back as it went"


JSON_VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=12)


@settings(max_examples=40, deadline=None)
@given(value=JSON_VALUES, scenes=JSON_VALUES, held=JSON_VALUES)
def test_hostile_values_are_refused_in_one_line_or_left_to_the_request(value: Any, scenes: Any, held: Any) -> None:
    cards = SceneCards(on_state=lambda question: {})
    for payload in (value, {"idea": value, "plan": held}, {"plan": {"scenes": scenes}}, {"plan": {"scenes": [{"source": held}]}}, {"plan": {**plan(), "scenes": [{**plan()["scenes"][0], "source": held}]}}):
        try:
            read = cards.preprocess(payload)
        except gr.Error as error:
            assert "\n" not in str(error)
            continue
        assert set(read) == {"idea", "plan"}
        json.dumps(read)
        call(cards, "state", payload if isinstance(payload, dict) else {})


def test_questions_are_checked(cards: SceneCards) -> None:
    asked = call(cards, "edit", {"plan": plan(), "act": "split", "scene": "a1", "hero": 4, "settings": 7, "idea": "A boat."})["asked"]
    assert asked == {"idea": "A boat.", "plan": plan(), "settings": {}, "act": "split", "scene": "a1", "hero": None}
    for wrong in ({"act": "rm -rf"}, {"act": None}, {"act": ["split"]}, {"plan": 3}, {"idea": 3}, {"idea": "half a pair \ud800"}):
        assert "error" in call(cards, "edit", {"plan": plan(), "act": "split", **wrong})
    good = {"prompt": "a boat", "camera": "pan left", "width": 384, "height": 216, "seed": 3}
    assert call(cards, "read", good)["asked"] == good and reading({**good, "seed": -1})["seed"] == 0
    for wrong in ({"width": 10**6}, {"height": "216"}, {"camera": "fly"}, {"prompt": ["a"]}, {"width": True}):
        assert "error" in call(cards, "read", {**good, **wrong})
    assert cameras()[0] == "as written" and "zoom in" in cameras()
    assert read_voice({"voice": "a\0"}) == read_voice(3) == read_voice(None) == "auto" and read_voice({"voice": "none"}) == "none"


def test_the_example_is_a_whole_film() -> None:
    task = get_task("movie")
    request = parse_request(task, dict(EXAMPLE))
    assert request.plan is not None and request.plan.seconds == EXAMPLE["seconds"] and len(request.plan.scenes) == EXAMPLE["scenes"]  # type: ignore[attr-defined]
    assert all(request.plan.hero.phrase in scene.prompt for scene in request.plan.scenes)  # type: ignore[attr-defined]


def test_only_plain_files_of_the_shelf_are_reached(tmp_path: Path) -> None:
    studio = Studio.__new__(Studio)  # its processes are not needed here
    studio.settings = Settings(data_dir=tmp_path)
    key = "ab" * 32
    folder = tmp_path / "cache" / "parts" / key
    folder.mkdir(parents=True)
    (folder / "hover.webp").write_bytes(b"x")
    (folder / "link.webp").symlink_to("/etc/passwd")
    (tmp_path / "cache" / "parts" / ".secret.json").write_text("{}")
    assert studio.part_file(key, "hover.webp") == folder / "hover.webp"
    for wrong_key, name in ((key, "link.webp"), (key, "../.secret.json"), (key, ".hidden"), (key, "none.webp"), ("..", "x.webp"), (key.upper(), "hover.webp"), (key[:-1], "hover.webp"), (key, "hover.webp\n"), (key + "\n", "hover.webp"), ("", "")):
        assert studio.part_file(wrong_key, name) is None


@needs_node
def test_the_film_is_fitted_to_a_length_by_its_free_scenes() -> None:
    code = "const out = []; for (const total of data.totals) { story.restart(data.plan); const done = story.fit(total); out.push([done, story.seconds, story.scenes.map((scene) => scene.seconds)]); } return out;"
    locked = plan(locked=True)
    totals = [12.0, 30.0, 47.3, 300.0, 6.0, 1200.0]
    found = run_script(code, {"plan": locked, "totals": totals})
    for total, (done, seconds, lengths) in zip(totals, found, strict=True):
        possible = total != 6.0 and total != 1200.0  # 2.5 s of title, a locked scene of 5 s; five free ones of at most 60 s
        assert done is possible
        assert seconds == pytest.approx(total if possible else 30.0)
        assert lengths[0] == 5.0 and all(0.5 <= length <= 60 and round(length * 10) == pytest.approx(length * 10) for length in lengths)


@needs_node
def test_cards_move_are_copied_and_come_back() -> None:
    code = """
      const ids = () => story.scenes.map((scene) => scene.id), step = (act) => { const said = act(); story.end(); return said; };
      const first = ids(), moved = step(() => story.move(first[0], 99)), after = ids(), none = story.move(first[0], 99);
      const copy = step(() => story.duplicate(first[2])), copied = ids(), same = story.find(copy).prompt === story.find(first[2]).prompt;
      for (const id of ids().slice(1)) step(() => story.remove(id));
      const last = ids().length, kept = story.remove(ids()[0]);
      while (story.undo()) {}
      const back = ids();
      while (story.scenes.length < data.limits.scenes) story.duplicate(first[0]);
      const clip = story.clip({ id: "a".repeat(32), title: "Stroke motion", words: "", seconds: 2 });
      return { clip, first, moved, after, none, copy, copied, same, last, kept, back, full: story.duplicate(first[0]), unique: new Set(ids()).size };
    """
    found = run_script(code, {})
    first = found["first"]
    assert Scene.model_validate({**found["clip"], "id": "x"}).seconds == 2, "what is sent here from elsewhere is a scene"
    assert found["moved"] and found["after"] == [*first[1:], first[0]] and not found["none"]
    assert found["same"] and found["copied"].index(found["copy"]) == found["copied"].index(first[2]) + 1
    assert found["last"] == 1 and found["kept"] is False and found["back"] == first
    assert found["full"] is None and found["unique"] == limits()["scenes"]


@needs_node
def test_how_long_a_line_takes_to_say() -> None:
    lines = ["", "   ", "One two three four five six seven.", "—", "月を探す小さな赤い船。", "Маленькая лодка ищет луну."]
    empty, blank, seven, dash, japanese, russian = run_script("return data.lines.map(spoken);", {"lines": lines})
    assert empty == blank == dash == 0
    assert seven == pytest.approx(7 / 2.3) and russian == pytest.approx(4 / 2.3)
    assert 1.5 < japanese < 4
