"""The stroke canvas in a real browser: drawing by mouse, finger and keys, history, text, files, values from Python, and the preview."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.harness_canvas import build

pytestmark = pytest.mark.browser

APP = "document.querySelector('#canvas .sc').strokeCanvas"
STROKES = f"() => {APP}.store.strokes"
Open = Callable[..., Page]


class Server:
    """Two running pages: `loaded` has the photo, `empty` starts without; `seen` is what Python got from Run."""

    def __init__(self, folder: Path) -> None:
        self.seen: list[dict[str, Any]] = []
        self.pages = [build(folder, loaded=loaded, seen=self.seen) for loaded in (True, False)]
        self.loaded, self.empty = (page.launch(prevent_thread_lock=True, quiet=True)[1] for page in self.pages)

    def close(self) -> None:
        for page in self.pages:
            page.close(verbose=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("canvas"))
    yield running
    running.close()


@pytest.fixture
def open_page(server: Server, browser: Browser) -> Iterator[Open]:
    """Opens the page in a fresh browser profile; after the test no page may have logged an error."""
    contexts, errors = [], []

    def opened(*, loaded: bool = True, phone: bool = False, reduced: bool = False) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        context = browser.new_context(viewport=size, has_touch=phone, reduced_motion="reduce" if reduced else "no-preference")  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if "js_on_load" in message.text else None)
        page.goto(server.loaded if loaded else server.empty)
        page.wait_for_selector("#canvas .sc-canvas:not([hidden])" if loaded else "#canvas .sc-load")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Window pixels of a place in the picture, which fills the canvas when it is not zoomed."""
    box = page.locator("#canvas .sc-canvas").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def draw(page: Page, points: list[tuple[float, float]], steps: int = 8) -> None:
    page.mouse.move(*place(page, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*place(page, *point), steps=steps)
    page.mouse.up()


def strokes(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(STROKES)
    return found


def off_path(point: list[float], corners: list[tuple[float, float]]) -> float:
    """Distance of a point from the polyline through the corners."""
    best = math.inf
    for (ax, ay), (bx, by) in zip(corners, corners[1:], strict=False):
        dx, dy = bx - ax, by - ay
        share = min(1.0, max(0.0, ((point[0] - ax) * dx + (point[1] - ay) * dy) / (dx * dx + dy * dy)))
        best = min(best, math.hypot(point[0] - ax - share * dx, point[1] - ay - share * dy))
    return best


def pixels(page: Page) -> list[int]:
    """A grid of 32 x 32 samples of what the canvas shows."""
    found: list[int] = page.evaluate(
        f"""() => {{ const c = document.createElement('canvas'); c.width = c.height = 32;
        c.getContext('2d').drawImage({APP}.canvas, 0, 0, 32, 32); return [...c.getContext('2d').getImageData(0, 0, 32, 32).data]; }}"""
    )
    return found


def difference(a: list[int], b: list[int]) -> float:
    return sum(abs(p - q) for p, q in zip(a, b, strict=True)) / len(a)


def test_a_drawn_stroke_reaches_python(open_page: Open, server: Server) -> None:
    page = open_page()
    corners = [(0.3, 0.5), (0.45, 0.3), (0.7, 0.4)]
    draw(page, corners)
    page.click("#run")
    expect(page.locator("#got")).to_contain_text("move")
    value = server.seen[-1]
    assert Path(value["image"]).name == "chelsea.jpg"
    (stroke,) = value["strokes"]
    first, last = stroke["points"][0], stroke["points"][-1]
    assert math.dist(first[:2], corners[0]) < 0.01 and math.dist(last[:2], corners[-1]) < 0.01
    assert max(off_path(p, corners) for p in stroke["points"]) < 0.02  # a straight line from end to end is 0.1 off
    assert min(math.dist(p[:2], corners[1]) for p in stroke["points"]) < 0.03
    times = [t for _, _, t in stroke["points"]]
    assert times == sorted(times) and times[0] == 0 and times[-1] == 1
    assert page.locator("#loads textarea, #loads input").input_value() == "chelsea.jpg"


def test_the_drawn_timing_is_kept(open_page: Open) -> None:
    page = open_page()
    page.mouse.move(*place(page, 0.2, 0.5))
    page.mouse.down()
    for i in range(1, 21):  # the first half in 20 slow steps, the second in 4 quick ones
        page.mouse.move(*place(page, 0.2 + 0.3 * i / 20, 0.5))
        page.wait_for_timeout(25)
    page.mouse.move(*place(page, 0.8, 0.5), steps=4)
    page.mouse.up()
    (stroke,) = strokes(page)
    half = min(stroke["points"], key=lambda p: abs(p[0] - 0.5))
    assert half[2] > 0.7  # evenly timed: 0.5


def test_many_samples_become_at_most_200_points(open_page: Open) -> None:
    page = open_page()
    count = page.evaluate(
        """() => { const app = APP, raw = [];
        for (let i = 0; i < 3000; i++) raw.push([0.5 + 0.3 * Math.sin(i / 9) * Math.cos(i / 400), 0.5 + 0.3 * Math.cos(i / 7), i * 2]);
        app.finishDrawing({ kind: 'move', radius: 0.03, points: raw }, false); return app.store.strokes[0].points.length; }""".replace("APP", APP)
    )
    assert 100 < count <= 200


def test_undo_redo_delete_and_order(open_page: Open) -> None:
    page = open_page()
    draw(page, [(0.2, 0.2), (0.4, 0.2)])
    page.keyboard.press("p")
    draw(page, [(0.8, 0.8), (0.9, 0.8)])
    assert [s["kind"] for s in strokes(page)] == ["move", "pin"]
    page.keyboard.press("Control+z")
    assert [s["kind"] for s in strokes(page)] == ["move"]
    page.keyboard.press("Control+z")
    assert strokes(page) == []
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+Shift+z")
    assert [s["kind"] for s in strokes(page)] == ["move", "pin"]
    page.locator("[aria-label='Move stroke 2 up']").first.click()
    assert [s["kind"] for s in strokes(page)] == ["pin", "move"]
    page.locator("[aria-label='Delete stroke 1']").first.click()
    assert [s["kind"] for s in strokes(page)] == ["move"]
    page.locator("#canvas [aria-label='Clear all strokes']").click()
    assert strokes(page) == []
    page.keyboard.press("Control+z")
    assert len(strokes(page)) == 1


def test_select_drags_a_stroke_and_its_points(open_page: Open) -> None:
    page = open_page()
    draw(page, [(0.3, 0.5), (0.6, 0.5)])
    page.keyboard.press("v")
    draw(page, [(0.36, 0.5), (0.36, 0.6)])  # between handles: the whole stroke
    moved = strokes(page)[0]["points"]
    assert abs(moved[0][1] - 0.6) < 0.01 and abs(moved[-1][1] - 0.6) < 0.01
    draw(page, [(0.6, 0.6), (0.8, 0.3)])  # the last handle: the start stays
    bent = strokes(page)[0]["points"]
    assert math.dist(bent[0][:2], moved[0][:2]) < 1e-6 and math.dist(bent[-1][:2], (0.8, 0.3)) < 0.01
    page.keyboard.press("Delete")
    assert strokes(page) == []


def test_a_key_in_the_middle_of_a_gesture_drops_it(open_page: Open) -> None:
    page = open_page()
    draw(page, [(0.3, 0.5), (0.6, 0.5)])
    before = strokes(page)
    for key in ("p", "v", "Escape", "Control+z"):
        page.mouse.move(*place(page, 0.3, 0.5))
        page.mouse.down()
        page.mouse.move(*place(page, 0.4, 0.7), steps=4)
        page.keyboard.press(key)
        page.mouse.move(*place(page, 0.5, 0.8), steps=4)
        page.mouse.up()
        assert page.evaluate(f"() => [{APP}.drawing, {APP}.pointer.action, {APP}.store.before]") == [None, None, None]
        if key != "Control+z":
            assert strokes(page) == before
    assert strokes(page) == []  # Ctrl+Z dropped the gesture and took back the first stroke
    page.keyboard.press("m")
    page.mouse.move(*place(page, 0.3, 0.5))
    page.mouse.down()
    page.mouse.move(*place(page, 0.4, 0.7), steps=4)
    page.evaluate("() => document.querySelector('#set').click()")
    page.wait_for_function(f"() => {APP}.store.strokes.length === 2")
    page.mouse.move(*place(page, 0.5, 0.8), steps=4)
    page.mouse.up()
    assert [s["kind"] for s in strokes(page)] == ["move", "pin"]


def test_brush_size_and_choices_belong_to_the_selected_stroke(open_page: Open, server: Server) -> None:
    page = open_page()
    draw(page, [(0.3, 0.5), (0.6, 0.5)])
    page.keyboard.press("b")
    draw(page, [(0.28, 0.45), (0.36, 0.55)])
    page.get_by_label("Timing").first.select_option("ease")
    page.get_by_label("Takes").first.select_option("thing")
    page.keyboard.press("Tab")
    slider = page.locator("#canvas [aria-label='Size of the stroke']")
    slider.fill("0.08")
    page.click("#run")
    expect(page.locator("#got")).to_contain_text("ease")
    (stroke,) = server.seen[-1]["strokes"]
    assert stroke["easing"] == "ease" and stroke["on"] == "thing" and stroke["radius"] == 0.08
    assert len(stroke["area"]) > 5 and max(off_path(p, [(0.28, 0.45), (0.36, 0.55)]) for p in stroke["area"]) < 0.01


def test_keyboard_alone_draws(open_page: Open) -> None:
    page = open_page()
    page.locator("#canvas .sc-canvas").focus()
    for key in ["ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowLeft", "Enter", *["Shift+ArrowRight"] * 6, "ArrowUp", "ArrowUp", "Enter"]:
        page.keyboard.press(key)
    (stroke,) = strokes(page)
    first, last = stroke["points"][0], stroke["points"][-1]
    assert math.dist(first[:2], (0.4, 0.5)) < 0.002
    assert abs(last[0] - 0.7) < 0.002 and abs(last[1] - (0.5 - 0.02 * 451 / 300)) < 0.002
    assert "%" in page.locator("#canvas .sc-status").inner_text()
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert [s["kind"] for s in strokes(page)] == ["move", "pin"]
    page.keyboard.press("v")
    page.keyboard.press(",")
    page.keyboard.press("Delete")
    assert len(strokes(page)) == 1


def fingers(page: Page) -> Callable[..., None]:
    """A function that puts fingers down, moves or lifts them: the browser's own touch events, not synthetic ones."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]})

    return touch


def test_one_finger_draws_and_two_zoom(open_page: Open) -> None:
    page = open_page(phone=True)
    touch = fingers(page)
    touch("touchStart", place(page, 0.3, 0.5))
    for i in range(1, 9):
        touch("touchMove", place(page, 0.3 + 0.05 * i, 0.5))
    touch("touchEnd")
    (stroke,) = strokes(page)
    assert math.dist(stroke["points"][0][:2], (0.3, 0.5)) < 0.01 and math.dist(stroke["points"][-1][:2], (0.7, 0.5)) < 0.01
    touch("touchStart", place(page, 0.4, 0.5))
    touch("touchStart", place(page, 0.4, 0.5), place(page, 0.6, 0.5))
    for i in range(1, 9):
        touch("touchMove", place(page, 0.4 - 0.025 * i, 0.5), place(page, 0.6 + 0.025 * i, 0.5))
    touch("touchEnd")
    assert page.evaluate(f"() => {APP}.view.zoom") == pytest.approx(3.0, rel=0.05)  # without pinch: 1
    assert len(strokes(page)) == 1  # the first finger's beginning was dropped, nothing was drawn
    assert page.evaluate("() => window.scrollY") == 0
    page.locator("#canvas .sc-fit").click()
    assert page.evaluate(f"() => {APP}.view.zoom") == 1


def test_tools_are_large_enough_for_fingers(open_page: Open) -> None:
    page = open_page(phone=True)
    draw(page, [(0.3, 0.5), (0.6, 0.5)])
    page.wait_for_selector("#canvas .sc-views:not([hidden])")
    for node in page.locator("#canvas button:visible").all():
        box = node.bounding_box()
        assert box is not None and box["width"] >= 36 and box["height"] >= 36, node.get_attribute("aria-label") or node.inner_text()
        assert (node.get_attribute("aria-label") or node.inner_text()).strip()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_json_is_checked_and_applied(open_page: Open) -> None:
    page = open_page()
    page.locator("#canvas summary").click()
    text, message = page.locator("#canvas textarea"), page.locator("#canvas .sc-message")
    apply = page.locator("#canvas").get_by_role("button", name="Apply")
    text.fill('[{"kind": "move", "points": [[0.1, 0.2], [1.4, 0.2]]}]')
    apply.click()
    expect(message).to_have_text("Stroke 1, point 2: x is 1.4, it must be from 0 to 1.")
    assert strokes(page) == []
    text.fill('[{"kind": "move"')
    apply.click()
    expect(message).to_contain_text("This is not JSON yet")
    text.fill('[{"kind": "move", "points": [[0.1, 0.2, 0.5], [0.3, 0.2, 0.1]]}]')
    apply.click()
    expect(message).to_contain_text("times must not fall")
    text.fill('[{"kind": "move", "points": [[0.1, 0.2], [0.4, 0.2]]}]')
    apply.click()
    expect(message).to_have_text("1 stroke applied.")
    assert strokes(page)[0]["points"] == [[0.1, 0.2, 0], [0.4, 0.2, 1]]


def test_strokes_go_to_a_file_and_come_back(open_page: Open, tmp_path: Path) -> None:
    page = open_page()
    draw(page, [(0.3, 0.5), (0.6, 0.5)])
    before = strokes(page)
    page.locator("#canvas summary").click()
    with page.expect_download() as download:
        page.locator("#canvas").get_by_role("button", name="Export JSON").click()
    path = tmp_path / "strokes.json"
    download.value.save_as(path)
    page.locator("#canvas [aria-label='Clear all strokes']").click()
    page.locator("#canvas [aria-label='Strokes file']").set_input_files(path)
    page.wait_for_function(f"() => {APP}.store.strokes.length === 1")
    assert strokes(page) == before


def test_python_sets_the_value_and_undo_brings_the_old_one_back(open_page: Open) -> None:
    page = open_page()
    draw(page, [(0.3, 0.5), (0.6, 0.5)])
    node = page.locator("#canvas .sc-canvas").element_handle()
    page.click("#set")
    page.wait_for_function(f"() => {APP}.store.strokes.length === 2")
    assert [s["kind"] for s in strokes(page)] == ["move", "pin"]
    assert strokes(page)[0]["points"][1] == [0.4, 0.3, 0.5]
    expect(page.locator("#canvas .sc-row")).to_have_count(2)
    assert node is not None and page.evaluate("node => node.isConnected", node)  # a re-render would have replaced it
    page.wait_for_function(f"() => {APP}.player.strip")
    page.locator("#canvas [aria-label='Undo']").click()
    assert len(strokes(page)) == 1


def test_the_preview_plays_in_the_canvas(open_page: Open) -> None:
    page = open_page()
    still = pixels(page)
    draw(page, [(0.3, 0.5), (0.7, 0.5)])
    page.wait_for_function(f"() => {APP}.player.strip")
    page.wait_for_timeout(900)
    middle = pixels(page)
    page.wait_for_timeout(300)
    assert difference(still, middle) > 8  # without frames only the stroke's own line: below 3
    assert difference(middle, pixels(page)) > 1  # paused: 0
    page.locator("#canvas .sc-canvas").focus()
    page.keyboard.press("Space")
    page.mouse.move(2, 2)
    page.wait_for_timeout(100)
    held = pixels(page)
    page.wait_for_timeout(300)
    assert difference(held, pixels(page)) == 0
    page.locator("#canvas").get_by_role("button", name="Flow colours").click()
    page.wait_for_timeout(100)
    assert difference(held, pixels(page)) > 8
    page.locator("#canvas").get_by_role("button", name="Picture", exact=True).click()
    page.wait_for_timeout(100)
    assert difference(still, pixels(page)) < 6


def test_reduced_motion_starts_paused(open_page: Open) -> None:
    page = open_page(reduced=True)
    draw(page, [(0.3, 0.5), (0.7, 0.5)])
    page.wait_for_selector("#canvas .sc-play:not([hidden])")
    expect(page.locator("#canvas .sc-play")).to_have_attribute("aria-label", "Play the preview")
    page.mouse.move(2, 2)
    page.wait_for_timeout(100)
    first = pixels(page)
    page.wait_for_timeout(300)
    assert difference(first, pixels(page)) == 0  # playing: above 1


def test_changed_settings_ask_again_and_an_error_is_a_sentence(open_page: Open) -> None:
    page = open_page()
    draw(page, [(0.3, 0.5), (0.7, 0.5)])
    page.wait_for_function(f"() => {APP}.player.strip")
    page.click("#settings")
    expect(page.locator("#canvas .sc-status")).to_have_text("seconds=20 is over 15 here: shorten the clip")
    assert len(strokes(page)) == 1
    assert page.evaluate(f"() => {APP}.mode") == "picture"


def test_only_the_newest_answer_counts(open_page: Open) -> None:
    page = open_page()
    questions = page.evaluate(
        """async () => { const app = APP, wait = (ms) => new Promise((done) => setTimeout(done, ms));
        const stroke = (x) => [{ kind: 'move', radius: 0.03, points: [[0.1, 0.5, 0], [x, 0.5, 1]], on: 'auto', easing: 'drawn', area: null }];
        const asked = [], real = app.player.ask;
        app.player.ask = async (data) => { asked.push(data.strokes[0].points[1][0]); await wait(asked.length === 1 ? 500 : 50); return real(data); };
        for (const x of [0.3, 0.4, 0.5, 0.6]) { app.store.change({ strokes: stroke(x) }); app.committed(); await wait(100); }
        await wait(1500); return asked; }""".replace("APP", APP)
    )
    assert questions == [0.3, 0.6]  # one under way at a time; the ones between are never asked
    assert page.evaluate(f"() => Boolean({APP}.player.strip)")


def test_photo_is_loaded_kept_and_replaced(open_page: Open, server: Server, tmp_path: Path) -> None:
    from PIL import Image

    page = open_page(loaded=False)
    expect(page.locator("#canvas .sc-status")).to_contain_text("Load a photo")
    first, second, broken = tmp_path / "первый снимок 🌅.png", tmp_path / "b.jpg", tmp_path / "text.png"
    Image.new("RGB", (300, 200), (200, 60, 40)).save(first)
    Image.new("RGB", (200, 300), (40, 60, 200)).save(second)
    broken.write_text("this is not a picture")
    chooser = page.locator("#canvas [aria-label='Photo file']")
    chooser.set_input_files(first)
    page.wait_for_selector("#canvas .sc-canvas:not([hidden])")
    draw(page, [(0.3, 0.5), (0.6, 0.5)])
    chooser.set_input_files(broken)
    expect(page.locator("#canvas .sc-status")).to_contain_text("could not be read as a picture")
    assert len(strokes(page)) == 1
    chooser.set_input_files(second)
    keep = page.locator("#canvas").get_by_role("button", name="Keep stroke")
    expect(keep).to_be_visible()
    assert strokes(page) == []
    keep.click()
    assert len(strokes(page)) == 1
    page.click("#run")
    expect(page.locator("#got")).to_contain_text("move")
    assert Image.open(server.seen[-1]["image"]).size == (200, 300)
    for _ in range(2):
        page.locator("#canvas [aria-label='Undo']").click()
    page.wait_for_function(f"() => {APP}.view.imageWidth === 300")


def test_a_photo_is_dropped_or_pasted_and_other_files_are_left_to_the_page(open_page: Open) -> None:
    page = open_page(loaded=False)
    page.evaluate("() => { window.left = []; document.addEventListener('drop', (event) => window.left.push(event.defaultPrevented)); }")
    give = """async ([how, name, type, size]) => {
        const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
        canvas.getContext('2d').fillRect(0, 0, size, size);
        const blob = type.startsWith('image/') ? await new Promise((done) => canvas.toBlob(done, type)) : new Blob(['[{"points": [[0.1, 0.1], [0.5, 0.5]]}]'], { type });
        const files = new DataTransfer();
        files.items.add(new File([blob], name, { type }));
        const stage = document.querySelector('#canvas .sc-stage'), options = { bubbles: true, cancelable: true };
        if (how === 'paste') document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: files, ...options }));
        else stage.dispatchEvent(new DragEvent('drop', { dataTransfer: files, ...options }));
    }"""
    page.evaluate(give, ["drop", "a.png", "image/png", 120])
    page.wait_for_function(f"() => {APP}.view.imageWidth === 120")
    page.evaluate(give, ["paste", "b.png", "image/png", 90])
    page.wait_for_function(f"() => {APP}.view.imageWidth === 90")
    page.evaluate(give, ["drop", "strokes.json", "application/json", 0])
    page.wait_for_function(f"() => {APP}.store.strokes.length === 1")
    page.evaluate(give, ["drop", "result.mp4", "video/mp4", 0])
    assert page.evaluate("() => window.left") == [False]  # only the clip reached the page, untouched


def test_a_canvas_in_a_hidden_tab_appears_when_the_tab_does(open_page: Open) -> None:
    page = open_page()
    second = "document.querySelector('#second .sc').strokeCanvas"
    for _ in range(2):
        page.get_by_role("tab", name="Hidden canvas").click()
        page.wait_for_function(f"() => {second}.view.width > 300 && {second}.picture.shown")
        expect(page.locator("#second .sc-row")).to_have_count(2)
        page.get_by_role("tab", name="Plain").click()
    assert page.evaluate("() => !document.querySelector('#second .sc')?.offsetParent")


def test_a_canvas_without_room_waits_for_it(open_page: Open) -> None:
    page = open_page()
    draw(page, [(0.3, 0.5), (0.6, 0.5)])
    page.evaluate("() => { document.querySelector('#canvas').style.display = 'none'; }")
    page.set_viewport_size({"width": 700, "height": 800})
    page.wait_for_timeout(100)
    page.evaluate("() => { document.querySelector('#canvas').style.display = ''; }")
    page.wait_for_function(f"() => {APP}.view.width > 300 && {APP}.view.width < 700")
    for _ in range(50):  # the picture is drawn in a frame after the size is known
        if (seen := sum(pixels(page))) > 32 * 32 * 255:
            break
        page.wait_for_timeout(100)
    assert seen > 32 * 32 * 255  # an empty canvas: 0
    page.get_by_role("tab", name="Hidden canvas").click()
    page.wait_for_selector("#second .sc-canvas:not([hidden])")
    assert not page.evaluate("() => document.querySelector('#second .sc').strokeCanvas.player.available")  # no server function: it only draws


def test_starting_twice_leaves_one_instance(open_page: Open) -> None:
    page = open_page()
    page.evaluate(f"() => {{ const old = {APP}; old.destroy(); new old.constructor(old.root, {{ ...old, server: {{}}, upload: null, watch: () => 0 }}); }}")
    expect(page.locator("#canvas .sc-canvas")).to_have_count(1)


def test_64_strokes_stay_fluid_and_a_65th_is_refused(open_page: Open) -> None:
    page = open_page()
    frame = page.evaluate(
        """() => { const app = APP, strokes = [];
        for (let k = 0; k < 64; k++) strokes.push({ kind: 'move', radius: 0.03, on: 'auto', easing: 'drawn', area: null,
          points: Array.from({ length: 200 }, (_, i) => [0.1 + 0.004 * i, 0.02 + k / 70 + 0.02 * Math.sin(i / 8), i / 199]) });
        app.store.change({ strokes, selected: -1 }); app.painter.paint(performance.now());
        let painted = 0; const real = app.painter.stroke.bind(app.painter); app.painter.stroke = (...a) => { painted++; real(...a); };
        for (let i = 0; i < 20; i++) app.painter.paint(performance.now() + i); return painted; }""".replace("APP", APP)
    )
    assert frame == 0  # frames reuse the layer; painting every stroke each frame would be 1280
    draw(page, [(0.3, 0.5), (0.7, 0.5)])
    expect(page.locator("#canvas .sc-status")).to_contain_text("64 strokes")
    assert len(strokes(page)) == 64


def test_the_ghost_hand_shows_once(open_page: Open) -> None:
    page = open_page()
    assert page.evaluate(f"() => {APP}.demo.running")
    draw(page, [(0.3, 0.5), (0.7, 0.5)])
    assert not page.evaluate(f"() => {APP}.demo.running")
    page.reload()
    page.wait_for_selector("#canvas .sc-canvas:not([hidden])")
    assert not page.evaluate(f"() => {APP}.demo.running")
