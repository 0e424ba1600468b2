"""The song track in a real browser: beats at their pixels, tapped and dragged; interval edges that snap; prompts, stills, previews; restored values; a phone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from engine.tasks.music_video.request import MusicVideoRequest
from tests.browser.conftest import PATIENCE
from tests.browser.harness_prompt import launch
from tests.browser.harness_song import FIRST_BEAT, PERIOD, build
from tests.browser.test_talking_head_widgets import drag, middle

pytestmark = pytest.mark.browser

TRACK = "document.querySelector('#song .so').songTrack"
SECONDS = 32.0
BEATS = np.arange(FIRST_BEAT, SECONDS, PERIOD)


class Server:
    """The running page. `seen` is what Python got from Run; `heard` and `drawn` what the stand-ins were asked; `excerpts` the previews that were wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []
        self.drawn: list[dict[str, Any]] = []
        self.excerpts: list[Any] = []
        self.page = build(folder, seen=self.seen, heard=self.heard, drawn=self.drawn, excerpts=self.excerpts)
        self.url = launch(self.page, prevent_thread_lock=True)
        (folder / "broken.mp3").write_bytes(b"not a sound")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("song"))
    yield running
    running.page.close(verbose=False)


@pytest.fixture(scope="module")
def pages(server: Server, browser: Browser) -> Iterator[Callable[..., Page]]:
    """`pages()` gives the page of all tests with nothing in it, `pages(phone=True)` a fresh one 360 px wide; at the end no page may have thrown an error."""
    opened: dict[bool, Page] = {}
    errors: list[str] = []

    def page_of(*, phone: bool = False) -> Page:
        for kept in (server.seen, server.heard, server.drawn, server.excerpts):
            kept.clear()
        if phone not in opened:
            context = browser.new_context(viewport={"width": 360 if phone else 1280, "height": 1100}, has_touch=phone, is_mobile=phone, reduced_motion="reduce")
            page = opened[phone] = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: errors.append(message.text) if "js_on_load" in message.text else None)
            page.goto(server.url)
        else:
            page = opened[phone]
            if page.locator("#song .so-track").is_visible():
                page.get_by_role("button", name="Remove the song").click()
        page.wait_for_selector("#song .so-empty")
        return page

    yield page_of
    for page in opened.values():
        page.context.close()
    assert errors == []


@pytest.fixture
def page(pages: Callable[..., Page]) -> Page:
    """The page with nothing in it."""
    return pages()


def load(page: Page, server: Server) -> Locator:
    """The song is heard; gives its intervals."""
    page.set_input_files("#song input[accept*=audio]", server.folder / "song.wav")
    page.wait_for_function(f"() => {TRACK}.look && !{TRACK}.loading && document.querySelector('#song .so-track').offsetParent")
    pieces = page.locator("#song .so-piece")
    expect(pieces).to_have_count(4)
    return pieces


def run(page: Page, server: Server) -> dict[str, Any]:
    """What Python gets; it must pass the request's own check."""
    before, end = len(server.seen), time.monotonic() + PATIENCE / 1000
    page.click("#run")
    while len(server.seen) == before:
        assert time.monotonic() < end, "Run did not reach Python"
        page.wait_for_timeout(20)
    value = server.seen[-1]
    MusicVideoRequest.model_validate(value)
    return value


def scale(page: Page) -> float:
    return float(page.evaluate(f"() => {TRACK}.scale"))


def bounds(page: Page) -> list[list[float]]:
    found: list[list[float]] = page.evaluate(f"() => {TRACK}.plan.list.map((one) => [one.start, one.end])")
    return found


def left(page: Page) -> float:
    box = page.locator("#song .so-inner").bounding_box()
    assert box is not None
    return box["x"]


def heard_beats(page: Page, count: int | None = None) -> np.ndarray:
    """The beats that are shown, when what was asked is answered and there are `count` of them."""
    page.wait_for_function(f"() => !{TRACK}.asker.busy && !{TRACK}.owed" + (f" && {TRACK}.look.beats.length === {count}" if count else ""))
    return np.array(page.evaluate(f"() => {TRACK}.look.beats"))


def ticks(page: Page) -> np.ndarray:
    """Seconds of the marks that are really painted in the lowest pixels of the beats' row."""
    columns = page.evaluate("""() => { const canvas = document.querySelector('#song .so-wave'), ratio = canvas.width / canvas.clientWidth, row = canvas.getContext('2d').getImageData(0, Math.round(36 * ratio), canvas.width, 1).data;
        return Array.from({ length: canvas.width }, (_, x) => row[x * 4 + 3] > 80 ? x / ratio : -1).filter((x) => x >= 0); }""")
    marks = [x for index, x in enumerate(columns) if index == 0 or x - columns[index - 1] > 1.6]
    return np.array(marks) / scale(page)


def test_a_song_is_seen_with_its_beats_where_they_sound(page: Page, server: Server) -> None:
    load(page, server)
    expect(page.locator("#song .so-tempo")).to_have_text("120 beats a minute, 4/4")
    painted = ticks(page)
    assert len(painted) == len(BEATS)
    assert np.abs(painted - BEATS).max() * scale(page) < 2.5, "a beat is 10 px apart from the next"
    expect(page.locator("#song .so-section")).to_have_count(4)
    expect(page.locator("#song .so-piece.so-proposed")).to_have_count(4)
    assert run(page, server)["intervals"] == [], "a proposal is no value of the user"
    page.mouse.click(left(page) + 10 * scale(page), middle(page.locator("#song .so-face"))[1])
    assert page.evaluate(f"() => {TRACK}.player.time") == pytest.approx(10, abs=0.05)
    page.locator("#song .so-face").focus()
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {TRACK}.player.time > 10.3")
    page.keyboard.press("Space")
    for _ in range(3):
        page.get_by_role("button", name="Show it closer").click()
    shown, first = ticks(page), float(page.evaluate("() => document.querySelector('#song .so-scroll').scrollLeft")) / scale(page)
    assert first > 3 and min(abs(first + shown[3] - BEATS)) * scale(page) < 3
    page.evaluate("() => { const s = document.querySelector('#song .so-scroll'); s.scrollLeft = 0; s.dispatchEvent(new WheelEvent('wheel', { deltaY: 120, bubbles: true, cancelable: true })); }")
    assert page.evaluate("() => document.querySelector('#song .so-scroll').scrollLeft") == 120


def test_an_edge_snaps_to_bars_and_with_alt_to_beats_and_takes_its_neighbour_along(page: Page, server: Server) -> None:
    load(page, server)
    wide, edge = scale(page), page.get_by_role("slider", name="Edge between intervals 1 and 2")
    assert bounds(page)[0][1] == pytest.approx(8.5, abs=0.02)
    drag(page, middle(edge), (-1.7 * wide, 0))  # 6.8: the bar at 6.5 is nearer than that at 8.5
    assert bounds(page)[0][1] == bounds(page)[1][0] == pytest.approx(6.5, abs=0.02)
    page.keyboard.down("Alt")
    drag(page, middle(edge), (0.9 * wide, 0))  # 7.4: the beat at 7.5
    page.keyboard.up("Alt")
    assert bounds(page)[0][1] == bounds(page)[1][0] == pytest.approx(7.5, abs=0.02)
    edge.focus()
    page.keyboard.press("ArrowRight")
    assert bounds(page)[1][0] == pytest.approx(8.5, abs=0.02)
    page.keyboard.press("Alt+ArrowLeft")
    page.keyboard.press("Alt+ArrowLeft")
    value = run(page, server)["intervals"]
    assert len(value) == 4 and value[0]["end"] == value[1]["start"] == pytest.approx(7.5, abs=0.02), "the first edit makes the proposal the user's own"
    for _ in range(5):
        page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("#song .so-piece.so-proposed")).to_have_count(4)
    assert bounds(page)[0][1] == pytest.approx(8.5, abs=0.02)


def test_intervals_are_split_joined_deleted_and_planned_again(page: Page, server: Server) -> None:
    pieces = load(page, server)
    page.mouse.click(left(page) + 4.6 * scale(page), middle(page.locator("#song .so-face"))[1])
    pieces.first.focus()
    page.keyboard.press("s")
    assert [one[0] for one in bounds(page)] == pytest.approx([0, 4.5, 8.5, 16.5, 24.5], abs=0.02), "the cut lies on the beat nearest to the cursor"
    expect(page.locator("#song .so-piece.so-on")).to_have_attribute("aria-label", "Interval 2, 0:04.5 to 0:08.5, hold: a red balloon over the hills at sunset")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    assert [one[0] for one in bounds(page)] == pytest.approx([0, 4.5, 16.5, 24.5], abs=0.02)
    page.get_by_role("button", name="Join with the next interval").click()
    expect(pieces).to_have_count(3)
    page.get_by_role("button", name="The plan that the song suggests").click()
    expect(page.locator("#song .so-piece.so-proposed")).to_have_count(4)
    assert run(page, server)["intervals"] == []


def test_beats_are_doubled_tapped_nudged_dragged_and_undone(page: Page, server: Server) -> None:
    load(page, server)
    page.get_by_role("button", name="Twice as many beats").click()
    assert len(heard_beats(page, 2 * len(BEATS) - 1)) == 125
    page.get_by_role("button", name="Half as many beats").click()
    heard_beats(page, len(BEATS))
    page.get_by_role("button", name="All beats 10 ms later").click(modifiers=["Shift"])
    page.wait_for_function(f"() => {TRACK}.look.beats[0] > 0.53")
    assert heard_beats(page)[0] == pytest.approx(FIRST_BEAT + 0.05, abs=0.012)
    wide, row = scale(page), middle(page.locator("#song .so-beatrow"))[1]
    drag(page, (left(page) + heard_beats(page)[8] * wide, row), (0.2 * wide, 0))
    page.wait_for_function(f"() => {TRACK}.look.beats[8] > 4.6")
    value = run(page, server)["grid"]
    assert value["factor"] == 1 and value["nudge"] == 0.05 and np.subtract(*value["moved"][0][::-1]) == pytest.approx(0.2, abs=1.5 / wide)
    page.mouse.click(left(page) + 3.1 * wide, row + 60)
    page.get_by_role("button", name="A bar starts at the beat nearest").click()
    page.get_by_role("combobox", name="Beats of a bar").select_option("3")
    expect(page.locator("#song .so-tempo")).to_contain_text("3/4")
    assert min(abs(np.array(page.evaluate(f"() => {TRACK}.look.downbeats")) - 3.05)) < 0.02
    page.evaluate(f"() => {{ const track = {TRACK}; for (const at of [1, 1.4, 1.8, 2.2, 2.6]) {{ Object.defineProperty(track.player, 'playing', {{ get: () => true, configurable: true }}); track.player.time = at; track.beats.tap(); }} delete track.player.playing; }}")
    expect(page.locator("#song .so-taps")).to_have_text("5")
    expect(page.locator("#song .so-tempo")).to_contain_text("150 beats a minute")
    assert run(page, server)["grid"]["taps"] == [1, 1.4, 1.8, 2.2, 2.6]
    for _ in range(2):  # all taps are one step, the meter before it another
        page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.locator("#song .so-tempo")).to_contain_text("4/4")
    assert run(page, server)["grid"]["downbeat"] == pytest.approx(3.05, abs=0.02)
    page.get_by_role("button", name="As the studio heard the beats").click()
    heard_beats(page, len(BEATS))
    assert run(page, server)["grid"] == {"factor": 1, "nudge": 0, "taps": [], "moved": [], "downbeat": None, "meter": None}


def test_tapping_while_it_plays(page: Page, server: Server) -> None:
    load(page, server)
    page.locator("#song .so-face").focus()
    page.keyboard.press("t")  # the first one lets it play
    page.wait_for_function(f"() => {TRACK}.player.time > 0.1")
    for _ in range(4):
        page.keyboard.press("t")
        page.wait_for_timeout(300)
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {TRACK}.plan.grid.taps.length === 4")
    taps = np.diff(page.evaluate(f"() => {TRACK}.plan.grid.taps"))
    assert 0.25 < taps.mean() < 0.5 and heard_beats(page)[1] > 0


def test_prompts_chain_stills_are_rolled_and_dragged_and_all_goes_into_the_value(page: Page, server: Server) -> None:
    pieces = load(page, server)
    expect(page.locator("#song .so-editor img")).to_have_count(2)
    assert all(one["seed"] is None or one["seed"] == 7 for question in server.drawn for one in question["prompts"]), "ends take the seed of their start"
    end, start = page.get_by_role("textbox", name="End prompt"), page.get_by_role("textbox", name="Start prompt")
    end.fill("a green frog at night")
    pieces.nth(1).click()
    expect(start).to_have_value("")
    expect(start).to_have_attribute("placeholder", "a green frog at night")
    page.wait_for_function(f"() => {TRACK}.stills.picture({TRACK}.slots()[1].start)")
    expect(page.locator("#song .so-card-start .so-title")).to_have_text("Start: continues interval 1")
    shown = page.locator("#song .so-card-start .so-still")
    before = page.locator("#song .so-card-start img").get_attribute("src")
    shown.click()  # another picture of a chained start is another end of the interval before
    page.wait_for_function("(before) => document.querySelector('#song .so-card-start img')?.src !== before", arg=before)
    value = run(page, server)["intervals"]
    assert value[0]["end_prompt"] == "a green frog at night" and value[0]["end_seed"] is not None and value[1]["start_seed"] is None
    assert value[0]["start_seed"] == 7, "the picture that is shown is the one that will be made"
    source, target = page.locator("#song .so-piece .so-start").nth(1), page.locator("#song .so-piece .so-end").nth(3)
    place, goal = middle(source), middle(target)
    drag(page, place, (goal[0] - place[0], goal[1] - place[1]))
    value = run(page, server)["intervals"]
    assert value[3]["end_prompt"] == "a green frog at night" and value[3]["end_seed"] == value[0]["end_seed"]
    page.locator("#song .so-card-end").get_by_role("button", name="Ideas").click()
    page.locator("#song .so-card-end").get_by_role("button", name="at dawn", exact=True).click()
    page.get_by_role("button", name="Cut", exact=True).click()
    page.get_by_role("combobox", name="What pulses").select_option("bass")
    page.get_by_role("combobox", name="What it moves").select_option("zoom")
    page.get_by_role("slider", name="How much it moves").fill("0.5")
    page.set_input_files("#song input[accept*=image]", server.folder / "photo.jpg")
    value = run(page, server)["intervals"]
    assert value[1]["end_prompt"].endswith("at dawn") and (value[1]["pattern"], value[1]["driver"], value[1]["target"], value[1]["strength"]) == ("cut", "bass", "zoom", 0.5)
    page.wait_for_function(f"() => {TRACK}.plan.list[1].picture")
    assert Path(run(page, server)["intervals"][1]["picture"]).name == "photo.jpg"
    expect(page.locator("#song .so-own img")).to_be_visible()


def test_a_preview_of_five_seconds_is_asked_for(page: Page, server: Server) -> None:
    pieces = load(page, server)
    pieces.nth(1).click()
    page.keyboard.press("Enter")
    expect(page.locator("#asked textarea")).to_have_value(re.compile("start"))
    (asked,) = server.excerpts
    assert asked["start"] == pytest.approx(8.5, abs=0.02) and asked["end"] == pytest.approx(13.5, abs=0.02)
    page.mouse.click(left(page) + 14.5 * scale(page), middle(page.locator("#song .so-face"))[1])
    page.get_by_role("button", name="Preview 2 s from 0:14").click()
    expect(page.locator("#asked textarea")).to_have_value(re.compile("16.49|16.5"))
    assert server.excerpts[-1]["start"] == pytest.approx(14.5, abs=0.06) and server.excerpts[-1]["end"] == pytest.approx(16.5, abs=0.02)


def test_a_restored_value_shows_everything_again_and_a_refused_song_leaves_the_one_before(page: Page, server: Server) -> None:
    page.click("#set")
    pieces = page.locator("#song .so-piece")
    expect(pieces).to_have_count(3)
    expect(page.locator("#song .so-name").first).to_have_text("song.wav")
    heard_beats(page, 2 * len(BEATS) - 1)
    expect(pieces.nth(1).locator("img")).to_be_visible()
    expect(pieces.first).to_have_attribute("aria-label", "Interval 1, 0:00.0 to 0:08.5, cut: a white boat on the sea at dawn, then a white boat on the sea at night")
    expect(page.get_by_role("combobox", name="What pulses")).to_have_value("bass")
    value = run(page, server)
    assert value["grid"]["factor"] == 2 and [one["start_seed"] for one in value["intervals"]][:2] == [3, None] and Path(value["intervals"][1]["picture"]).name == "photo.jpg"
    page.set_input_files("#song input[accept*=audio]", server.folder / "broken.mp3")
    expect(page.locator("#song .so-said[data-kind=error]")).to_contain_text("no sound was found")
    expect(pieces).to_have_count(3)
    again = run(page, server)
    assert Path(again["audio"]).name == "song.wav" and again["grid"]["factor"] == 2 and len(again["intervals"]) == 3
    page.fill("#theme textarea, #theme input", "a blue whale")
    page.get_by_role("button", name="The plan that the song suggests").click()
    expect(pieces.first).to_contain_text("a blue whale")


def test_on_a_phone_nothing_runs_over_and_a_finger_can_do_it(pages: Callable[..., Page], server: Server) -> None:
    page = pages(phone=True)
    pieces = load(page, server)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    box = pieces.nth(2).bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + 60)
    expect(page.locator("#song .so-heading")).to_contain_text("Interval 3")
    page.wait_for_function(f"() => {TRACK}.stills.picture({TRACK}.slots()[2].start)")
    page.locator("#song .so-card-start").get_by_role("button", name="Copy picture").tap()
    page.locator("#song .so-card-end").get_by_role("button", name="Put here").tap()
    for button in page.locator("#song .so-track button:visible").all():
        size = button.bounding_box()
        assert size is not None and size["height"] >= 30 and size["x"] + size["width"] <= 360
    value = run(page, server)["intervals"]
    assert value[2]["end_prompt"] == "a red balloon over the hills at night"
