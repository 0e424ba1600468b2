"""The subject editor in a real browser: proposals, clicks, boxes, strokes and words; following, the timeline, corrections on later frames; range, keys, playing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.tasks.subject_swap.request import SubjectMaskRequest
from tests.browser.conftest import PATIENCE
from tests.browser.harness_prompt import launch
from tests.browser.harness_subjects import CROSSING, FPS, FRAMES, Studio, build, film, middle

pytestmark = pytest.mark.browser

EDITOR = "document.querySelector('#subjects .su').subjectEditor"
CANVAS = "#subjects .su-canvas"


class Server:
    """The running page; `seen` is what Python got from Run, `studio` what the helper would know; `folder` holds films."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen, self.studio = folder, [], Studio()  # type: ignore[var-annotated]
        self.page = build(folder, studio=self.studio, seen=self.seen)
        self.url = launch(self.page, prevent_thread_lock=True)
        film(folder / "short.mp4", 20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("subjects"))
    yield running
    running.page.close(verbose=False)


@pytest.fixture(scope="module")
def shared(server: Server, browser: Browser) -> Iterator[Page]:
    """The page of all tests; at the end it must not have thrown an error."""
    errors: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 1300}, reduced_motion="reduce", has_touch=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if "js_on_load" in message.text else None)
    page.goto(server.url, timeout=30_000)
    page.wait_for_selector("#subjects .su-empty")
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def page(shared: Page, server: Server) -> Page:
    """The page with nothing loaded and nothing followed."""
    shared.set_viewport_size({"width": 1280, "height": 1300})
    times = int(shared.locator("#emptied input").input_value())
    shared.click("#nothing")
    expect(shared.locator("#emptied input")).to_have_value(str(times + 1), timeout=20_000)  # an answer that came later would empty what the test loads
    expect(shared.locator("#subjects .su-empty")).to_be_visible()
    server.studio.followed = None
    for asked in server.studio.asked.values():
        asked.clear()
    server.seen.clear()
    return shared


def load(page: Page, server: Server, name: str = "street.mp4") -> None:
    page.set_input_files("#subjects input[type=file]", server.folder / name)
    expect(page.locator(CANVAS)).to_be_visible(timeout=30_000)
    settled(page)


def settled(page: Page) -> None:
    """Every answer has come, and the frame in sight has its masks."""
    page.wait_for_function(f"() => {{ const e = {EDITOR}; return e.look && !e.loading && !Object.values(e.owed).some(Boolean) && !e.cutter.next && e.frames.fresh(e.frame); }}")


def spot(page: Page, x: float, y: float) -> tuple[float, float]:
    """Screen place of a place in the picture."""
    box = page.locator(CANVAS).bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def click(page: Page, x: float, y: float, **options: Any) -> None:
    page.mouse.click(*spot(page, x, y), **options)
    settled(page)


def drag(page: Page, points: list[tuple[float, float]]) -> None:
    page.mouse.move(*spot(page, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*spot(page, *point), steps=6)
    page.mouse.up()
    settled(page)


def subjects(page: Page) -> list[dict[str, Any]]:
    """What the widget holds, as Python gets it."""
    found: list[dict[str, Any]] = page.evaluate(f"() => {EDITOR}.model.plain()")
    return found


def label_at(page: Page, x: float, y: float) -> int:
    """The number of the subject whose mask covers a place of the frame in sight; 0 is nobody."""
    return int(page.evaluate(f"([x, y]) => {{ const e = {EDITOR}, f = e.frames.get(e.frame); return f.labels ? f.labels[Math.floor(y * f.height) * f.width + Math.floor(x * f.width)] : 0; }}", [x, y]))


def colour_at(page: Page, x: float, y: float) -> list[int]:
    """What the canvas shows there."""
    found: list[int] = page.evaluate(
        "([x, y, at]) => { const c = document.querySelector(at), k = c.width / c.clientWidth; return [...c.getContext('2d').getImageData(x * c.clientWidth * k, y * c.clientHeight * k, 1, 1).data].slice(0, 3); }",
        [x, y, CANVAS],
    )
    return found


def run(page: Page, server: Server) -> dict[str, Any]:
    """The value that Python gets, which must make a request."""
    page.click("#run")
    page.wait_for_timeout(100)
    for _ in range(PATIENCE // 100):
        if server.seen:
            break
        page.wait_for_timeout(100)
    value: dict[str, Any] = server.seen[-1]
    SubjectMaskRequest.model_validate({**value, "video": value["video"] or "x.mp4"})
    return value


def go_to(page: Page, frame: int) -> None:
    page.evaluate(f"(frame) => {EDITOR}.seek(frame)", frame)
    settled(page)


def follow(page: Page, server: Server) -> None:
    """Press Follow; the tracks have come."""
    before = len(server.studio.asked["follow"])
    page.locator("#subjects .su-acts .kin-button.primary").click()
    page.wait_for_function(f"(before) => {{ const e = {EDITOR}; return !e.errand && e.tracks?.followed && e.known && !e.tracker.busy && !e.tracker.next; }}", arg=before)
    assert len(server.studio.asked["follow"]) == before + 1
    settled(page)


def test_a_video_is_looked_at_and_a_proposal_is_tapped(page: Page, server: Server) -> None:
    load(page, server)
    expect(page.locator("#subjects .su-facts")).to_have_text("480 × 270 · 12 frames a second · 4.0 s")
    expect(page.locator("#subjects .su-offers .kin-button")).to_have_text(["A red thing at the left, moving right", "A blue thing at the right, moving left"])
    bare = colour_at(page, 0.13, 0.62)
    page.touchscreen.tap(*spot(page, *middle("red", 0)))
    settled(page)
    (car,) = subjects(page)
    assert car["name"] == "Red thing at the left" and car["box"] == pytest.approx([0.01, 0.5, 0.19, 0.73], abs=0.02) and len(car["points"]) == 1
    x, y = car["points"][0]
    assert label_at(page, x, y) == 1 and label_at(page, 0.5, 0.3) == 0
    assert colour_at(page, 0.13, 0.62) != bare, "the mask is laid over the picture"
    expect(page.locator("#subjects .su-status")).to_have_text("90 % sure")
    expect(page.locator("#subjects .su-offers .kin-button")).to_have_text(["A blue thing at the right, moving left"])
    page.locator("#subjects .su-offers .kin-button").click()
    settled(page)
    assert label_at(page, *middle("blue", 0)) == 2 and label_at(page, x, y) == 1
    value = run(page, server)
    assert Path(value["video"]).name == "street.mp4" and [one["name"] for one in value["subjects"]] == ["Red thing at the left", "Blue thing at the right"]
    page.get_by_role("button", name="Delete Red thing at the left").click()
    settled(page)
    assert [one["name"] for one in subjects(page)] == ["Blue thing at the right"] and label_at(page, *middle("blue", 0)) == 1


def test_marks_of_every_kind_and_the_way_back(page: Page, server: Server) -> None:
    load(page, server)
    page.keyboard.press("x")
    page.locator(CANVAS).focus()
    page.keyboard.press("x")
    click(page, 0.5, 0.3)
    expect(page.locator("#subjects .su-said")).to_contain_text("Choose whose mask is too large")
    page.get_by_role("button", name="Brush over it").click()
    red = middle("red", 0)
    page.locator("#subjects .su-brushing input[type=checkbox]").check()
    drag(page, [red, (0.3, 0.4)])
    (one,) = subjects(page)
    assert one["scribble"][0]["exact"] and len(one["scribble"][0]["points"]) > 5 and label_at(page, 0.28, 0.426) == 1
    page.keyboard.press("e")
    drag(page, [(0.27, 0.44), (0.31, 0.39)])
    assert len(subjects(page)[0]["erase"]) == 1 and label_at(page, 0.29, 0.413) == 0
    page.keyboard.press("c")
    click(page, 0.12, 0.6)
    page.keyboard.down("Alt")
    click(page, 0.6, 0.3)
    page.keyboard.up("Alt")
    click(page, 0.7, 0.3, button="right")
    (one,) = subjects(page)
    assert one["points"] == [pytest.approx([0.12, 0.6], abs=0.003)] and one["avoid"] == [pytest.approx([0.6, 0.3], abs=0.003), pytest.approx([0.7, 0.3], abs=0.003)]
    page.keyboard.press("b")
    drag(page, [(0.2, 0.8), (0.02, 0.45)])
    assert subjects(page)[0]["box"] == pytest.approx([0.02, 0.45, 0.2, 0.8], abs=0.004), "the box is upright however it was drawn"
    before = subjects(page)
    for _ in range(6):
        page.keyboard.press("Control+z")
    settled(page)
    assert subjects(page) == []
    for _ in range(6):
        page.keyboard.press("Control+Shift+z")
    settled(page)
    assert subjects(page) == before
    page.locator(CANVAS).focus()
    page.keyboard.press("Delete")
    settled(page)
    assert subjects(page) == [{}]


def test_words_say_who(page: Page, server: Server) -> None:
    load(page, server)
    field = page.get_by_role("textbox", name="A new subject in words")
    field.fill("the blue ball")
    field.press("Enter")
    settled(page)
    expect(page.locator("#subjects .su-understood")).to_have_text("Understood: the blue ball.")
    assert subjects(page) == [{"words": "the blue ball"}] and label_at(page, *middle("blue", 0)) == 1
    page.get_by_role("textbox", name="Subject 1 in words").fill("the green dog")
    expect(page.locator("#subjects .su-understood")).to_contain_text("a red thing and a blue thing were seen")
    expect(page.locator("#subjects .su-status")).to_have_text("not found")
    assert label_at(page, *middle("blue", 0)) == 0, "nobody is shown for words that mean nobody"
    page.get_by_role("textbox", name="Subject 1 in words").fill("the red car")
    expect(page.locator("#subjects .su-status")).to_have_text("90 % sure")
    assert label_at(page, *middle("red", 0)) == 1
    page.get_by_role("textbox", name="Name of subject 1").fill("Lightning")
    page.get_by_role("textbox", name="Name of subject 1").blur()
    assert run(page, server)["subjects"] == [{"name": "Lightning", "words": "the red car"}]


def test_followed_doubted_corrected_and_followed_again(page: Page, server: Server) -> None:
    load(page, server)
    click(page, *middle("red", 0))
    button = page.locator("#subjects .su-acts .kin-button.primary")
    expect(button).to_have_text("Follow through the clip")
    go_to(page, 10)
    expect(page.locator("#subjects .su-status")).to_have_text("not followed yet")
    follow(page, server)
    expect(button).to_have_text("Followed")
    expect(button).to_be_disabled()
    assert label_at(page, *middle("red", 10)) == 1
    expect(page.locator("#subjects .su-status")).to_have_text("95 % sure")
    page.keyboard.press("n")
    settled(page)
    expect(page.locator("#subjects .su-clock")).to_contain_text(f"frame {CROSSING} of {FRAMES - 1}")
    page.keyboard.press("n")
    settled(page)
    at = CROSSING + 6
    assert label_at(page, *middle("blue", at)) == 1 and label_at(page, *middle("red", at)) == 0, "the tracking took the one for the other"
    click(page, *middle("red", at))
    assert subjects(page)[0]["keyframes"] == {str(at): {"points": [pytest.approx(list(middle("red", at)), abs=0.003)]}}
    assert label_at(page, *middle("red", at)) == 1 and label_at(page, *middle("blue", at)) == 0, "the mask of that frame is put right at once"
    expect(button).to_have_text(f"Follow again: frames 1–{FRAMES - 1} only")
    go_to(page, at + 3)
    assert label_at(page, *middle("red", at + 3)) == 0, "later frames wait until it is followed again"
    follow(page, server)
    asked = server.studio.asked["follow"][-1]
    assert list(asked["subjects"][0]["keyframes"]) == [str(at)] and len(asked["owner"]) == 32
    assert label_at(page, *middle("red", at + 3)) == 1
    go_to(page, at)
    expect(page.get_by_role("button", name="Take the marks of this frame away")).to_have_text("Remove this key frame")
    page.get_by_role("button", name="Take the marks of this frame away").click()
    assert "keyframes" not in subjects(page)[0]
    expect(button).to_contain_text("Follow again")
    page.locator("#subjects .su-events .kin-button").click()
    settled(page)
    expect(page.locator("#subjects .su-clock")).to_contain_text(f"frame {CROSSING} of")


def test_gone_and_hidden(page: Page, server: Server) -> None:
    load(page, server)
    click(page, *middle("red", 0))
    expect(page.get_by_role("button", name="It is not there from this frame on")).to_be_disabled()
    go_to(page, 30)
    page.keyboard.press("g")
    settled(page)
    assert subjects(page)[0]["keyframes"] == {"30": {"gone": True}} and label_at(page, *middle("red", 30)) == 0
    expect(page.locator("#subjects .su-status")).to_have_text("not here")
    page.keyboard.press("g")
    assert "keyframes" not in subjects(page)[0]
    go_to(page, 8)
    page.get_by_role("button", name="No mask in a range of frames").click()
    go_to(page, 4)
    expect(page.get_by_role("button", name="No mask in a range of frames")).to_have_text("Hide frames 4 to 8")
    page.keyboard.press("h")
    go_to(page, 9)
    page.keyboard.press("h")
    go_to(page, 12)
    page.keyboard.press("h")
    assert subjects(page)[0]["hidden"] == [[4, 12]], "ranges that touch are one"
    page.get_by_role("button", name="Show frames 4 to 12 again").click()
    assert "hidden" not in subjects(page)[0]


def test_the_range_moves_and_marks_keep_their_place_in_the_video(page: Page, server: Server) -> None:
    load(page, server)
    go_to(page, 6)
    click(page, *middle("red", 6))
    go_to(page, 20)
    click(page, *middle("red", 20))
    one = subjects(page)[0]
    assert one["frame"] == 6 and list(one["keyframes"]) == ["20"]
    start = page.get_by_role("slider", name="The range begins at")
    start.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => {EDITOR}.look?.frames === {FRAMES - 4}")
    settled(page)
    one = subjects(page)[0]
    assert one["frame"] == 2 and list(one["keyframes"]) == ["16"]
    expect(page.locator("#subjects .su-range-words")).to_have_text("0:00.3 to 0:04.0 of 0:04.0")
    go_to(page, 2)
    assert label_at(page, *middle("red", 6)) == 1, "the frames are counted from the range's first"
    for _ in range(8):
        page.evaluate("() => document.querySelector('#subjects .su-grip-start').focus()")
        page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => {EDITOR}.look?.frames === {FRAMES - 12}")
    one = subjects(page)[0]
    assert one["frame"] == 8 and "keyframes" not in one, "the marks that are left say where it is"
    box, bar = page.locator("#subjects .su-grip-end").bounding_box(), page.locator("#subjects .su-range").bounding_box()
    assert box is not None and bar is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(bar["x"] + bar["width"] * 0.75, box["y"], steps=8)
    page.mouse.up()
    page.wait_for_function(f"() => {EDITOR}.look?.frames === {FRAMES // 4 * 3 - 12}")
    value = run(page, server)
    assert value["start"] == pytest.approx(12 / FPS, abs=1e-3) and value["end"] == pytest.approx(3.0, abs=1e-3)


def test_without_a_mouse(page: Page, server: Server) -> None:
    load(page, server)
    page.locator(CANVAS).focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    settled(page)
    expect(page.locator("#subjects .su-clock")).to_contain_text("frame 10 of")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    for _ in range(7):
        page.keyboard.press("Shift+ArrowLeft")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    for _ in range(7):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("b")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    settled(page)
    (one,) = subjects(page)
    assert "points" in one and label_at(page, *middle("red", 0)) == 1
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    settled(page)
    expect(page.locator("#subjects .su-clock")).to_contain_text("frame 1 of")
    page.keyboard.press("+")
    assert page.evaluate(f"() => {EDITOR}.stage.view.zoom") == pytest.approx(1.25)
    page.keyboard.press("0")
    time = page.get_by_role("slider", name="Frame of the range")
    time.focus()
    page.keyboard.press("End")
    assert time.get_attribute("aria-valuenow") == str(FRAMES - 1)


def test_it_plays_in_place_also_what_the_browser_cannot_read(page: Page, server: Server) -> None:
    load(page, server)
    click(page, *middle("red", 0))
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {EDITOR}.playback.playing && {EDITOR}.frame > 4")
    assert page.evaluate(f"() => {EDITOR}.playback.kind") == "file"
    page.keyboard.press("Space")
    assert not page.evaluate(f"() => {EDITOR}.playback.playing")
    page.evaluate(f"() => {EDITOR}.playback.broken.add({EDITOR}.file.url)")
    page.get_by_role("combobox", name="What is shown").select_option("mask")
    go_to(page, 0)
    page.locator(CANVAS).focus()
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {EDITOR}.playback.playing && {EDITOR}.frame > 4")
    assert page.evaluate(f"() => {EDITOR}.playback.kind") == "steps"
    page.keyboard.press("Space")
    assert colour_at(page, 0.5, 0.1) == [0, 0, 0], "the mask alone, on black"
    page.get_by_role("combobox", name="What is shown").select_option("overlay")


def test_what_cannot_be_read_leaves_the_video_before(page: Page, server: Server) -> None:
    load(page, server)
    click(page, *middle("red", 0))
    held = subjects(page)
    page.set_input_files("#subjects input[type=file]", server.folder / "broken.mp4")
    expect(page.locator("#subjects .su-said[data-kind=error]")).to_contain_text("the file is not a video")
    settled(page)
    assert subjects(page) == held and Path(run(page, server)["video"]).name == "street.mp4"
    load(page, server, "short.mp4")
    expect(page.locator("#subjects .su-filename")).to_have_text("short.mp4")
    assert subjects(page) == []


def test_values_from_python_show_everything_again_also_at_a_phones_width(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 360, "height": 900})
    page.click("#set")
    expect(page.locator("#subjects .su-person")).to_have_count(2)
    settled(page)
    expect(page.get_by_role("textbox", name="Name of subject 1")).to_have_value("Red car")
    expect(page.locator("#subjects .su-hidden")).to_contain_text("3–5")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    wide = page.evaluate("() => [...document.querySelectorAll('#subjects *')].filter((n) => n.getBoundingClientRect().right > 360.5 && !n.closest('.su-scroll, .su-events')).map((n) => n.className)")
    assert wide == []
    page.touchscreen.tap(*spot(page, 0.7, 0.3))
    settled(page)
    value = run(page, server)
    assert value["end"] == 3.5 and len(value["subjects"][0]["points"]) == 2 and value["subjects"][1] == {"words": "the blue ball"}
