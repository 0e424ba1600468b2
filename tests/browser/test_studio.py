"""The whole studio in a real browser, as a user meets it: example, stroke, preview, run, reload, stop, drop, library, queue, phone, keyboard."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from engine.media.provenance import read_stamp
from engine.settings import Settings
from tests.browser.conftest import Profile
from tests.conftest import Served

pytestmark = pytest.mark.browser

CANVAS = "document.querySelector('#stroke-canvas .sc').strokeCanvas"
MAIN, HEAD = ".rp-main", ".rp-head"
SLOW = 60_000


def open_studio(profile: Profile, served: Served, query: str = "", **options: Any) -> Page:
    page = profile(**options).new_page()
    page.goto(served.url + query)
    page.wait_for_selector("#stroke-canvas .sc-canvas:not([hidden])", timeout=SLOW)  # the first example is there
    page.wait_for_function(f"() => {CANVAS}.store.strokes.length > 0", timeout=SLOW)
    return page


def strokes(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(f"() => JSON.parse(JSON.stringify({CANVAS}.store.strokes))")
    return found


def draw(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    box = page.locator("#stroke-canvas .sc-canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + start[0] * box["width"], box["y"] + start[1] * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0] * box["width"], box["y"] + end[1] * box["height"], steps=8)
    page.mouse.up()


def set_seconds(page: Page, seconds: float, fps: int | None = None) -> None:
    page.locator("#stroke-motion-seconds input[type=number]").fill(str(seconds))
    page.locator("#stroke-motion-seconds input[type=number]").blur()
    if fps:
        page.get_by_text("More", exact=True).click()
        page.locator("#stroke-motion-fps input[type=number]").fill(str(fps))
        page.locator("#stroke-motion-fps input[type=number]").blur()


def run_id(page: Page) -> str:
    page.wait_for_function("() => localStorage.getItem('kinora.run.stroke-motion')")
    found: str = page.evaluate("() => JSON.parse(localStorage.getItem('kinora.run.stroke-motion'))")
    return found


def expect_playing(page: Page) -> None:
    video = page.locator(".rp-result video")
    expect(video).to_be_visible(timeout=SLOW)
    page.evaluate("() => document.querySelector('.rp-result video').play()")
    page.wait_for_function("() => document.querySelector('.rp-result video').currentTime > 0.1", timeout=SLOW)


def test_an_example_is_seen_before_anything_was_run(profile: Profile, served: Served) -> None:
    page = open_studio(profile, served)
    shown = page.locator("#tabs .rp-shown video:visible")
    page.wait_for_function("() => document.querySelector('.rp-shown video').currentTime > 0.1", timeout=SLOW)
    assert shown.evaluate("(video) => video.currentSrc").endswith("/kinora/example/stroke-motion-0.mp4")
    page.locator(".kin-examples button").nth(1).click()
    page.wait_for_function("() => document.querySelector('.rp-shown video').currentSrc.endsWith('/stroke-motion-1.mp4')", timeout=SLOW)
    expect(page.locator(".rp-shown figcaption").first).to_contain_text("What this example becomes")


def test_from_example_to_result_with_a_reload_in_between(profile: Profile, served: Served) -> None:
    page = open_studio(profile, served)
    before = len(strokes(page))
    page.wait_for_function(f"() => {CANVAS}.player.strip", timeout=SLOW)
    page.evaluate(f"() => {{ {CANVAS}.player.strip = null; }}")
    draw(page, (0.2, 0.2), (0.35, 0.25))
    assert len(strokes(page)) == before + 1
    page.wait_for_function(f"() => {CANVAS}.player.strip", timeout=SLOW)
    drawn = strokes(page)
    set_seconds(page, 8)
    ahead = page.locator(".kin-preflight:visible")
    expect(ahead).to_contain_text("a guess", timeout=SLOW)
    page.click(MAIN)
    expect(page.locator(MAIN)).to_have_text("Stop", timeout=SLOW)
    expect(page.locator(HEAD)).to_contain_text(" s", timeout=SLOW)
    page.reload()
    expect(page.locator(MAIN)).to_have_text("Stop", timeout=SLOW)
    page.wait_for_function("() => document.querySelector('.rp .kin-bar')?.getAttribute('aria-valuenow')", timeout=SLOW)
    page.wait_for_selector("#stroke-canvas .sc-canvas:not([hidden])", timeout=SLOW)
    page.wait_for_function(f"() => {CANVAS}.store.strokes.length === {before + 1}", timeout=SLOW)
    assert [stroke["points"] for stroke in strokes(page)] == [stroke["points"] for stroke in drawn], "the reload loses nothing"
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=3 * SLOW)
    expect(ahead).not_to_contain_text("a guess", timeout=SLOW)  # what was learnt is told without a change of the form
    expect_playing(page)
    expect(page.locator(".kin-meter").first).to_contain_text("Stroke error")
    expect(page.locator(MAIN)).to_have_text("Run")


def test_stop_keeps_what_is_finished_and_a_link_shows_it_elsewhere(profile: Profile, served: Served) -> None:
    page = open_studio(profile, served)
    set_seconds(page, 20, fps=60)
    page.click(MAIN)
    page.wait_for_function("() => Number(document.querySelector('.rp .kin-bar')?.getAttribute('aria-valuenow')) > 3", timeout=SLOW)
    page.click(MAIN)
    expect(page.locator(HEAD)).to_contain_text("Stopped", timeout=SLOW)
    expect_playing(page)
    other = profile().new_page()
    other.goto(f"{served.url}?run={run_id(page)}")
    expect(other.locator(HEAD)).to_contain_text("Stopped", timeout=SLOW)
    expect_playing(other)
    other.wait_for_function(f"() => {CANVAS}.store.strokes.length > 0", timeout=SLOW)
    expect(other.locator("#stroke-motion-seconds input[type=number]")).to_have_value("20", timeout=SLOW)


def drop(page: Page, path: Path, name: str | None = None, kind: str = "video/mp4") -> None:
    """Drop a file on the page, as from the desktop."""
    data = base64.b64encode(path.read_bytes()).decode()
    page.evaluate(
        """([data, name, kind]) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: kind }));
            for (const type of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }""",
        [data, name or path.name, kind],
    )


def test_a_dropped_result_brings_strokes_and_settings_back(profile: Profile, served: Served) -> None:
    page = open_studio(profile, served)
    draw(page, (0.3, 0.8), (0.5, 0.8))
    drawn = strokes(page)
    set_seconds(page, 1.3)
    page.get_by_label("Boomerang").check()
    page.click(MAIN)
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=3 * SLOW)
    clip = served.data / "results" / run_id(page) / "result.mp4"
    stamp = read_stamp(clip, Settings())
    assert stamp is not None
    fresh = open_studio(profile, served)
    assert len(strokes(fresh)) != len(drawn)
    fresh.click("button[role=tab]:has-text('Library')")  # dropped on any tab
    drop(fresh, clip, "my film 🎬 'final'.mp4")
    fresh.wait_for_function(f"() => document.querySelector('#stroke-canvas .sc') && {CANVAS}.store.strokes.length === {len(drawn)}", timeout=SLOW)
    for back, given in zip(strokes(fresh), stamp.document["request"]["strokes"], strict=True):
        for mine, theirs in zip(back["points"], given["points"], strict=True):
            assert mine == pytest.approx(theirs, abs=1e-4)
    expect(fresh.locator("#stroke-motion-seconds input[type=number]")).to_have_value("1.3", timeout=SLOW)
    expect(fresh.get_by_label("Boomerang")).to_be_checked()


@pytest.mark.parametrize(("content", "name"), [(b"not a picture\n" * 50, "notes.png"), (b"", "empty.png"), (b"ffconcat version 1.0\nfile x\n", "list.mp4")])
def test_hostile_drops_get_one_sentence_and_lose_nothing(profile: Profile, served: Served, tmp_path: Path, content: bytes, name: str) -> None:
    page = open_studio(profile, served)
    before = strokes(page)
    (tmp_path / name).write_bytes(content)
    drop(page, tmp_path / name)
    said = page.locator(".dr-said")
    expect(said).not_to_have_text(re.compile("Reading|^$"), timeout=SLOW)
    assert "Traceback" not in said.inner_text() and len(said.inner_text()) < 300
    assert strokes(page) == before


def test_a_form_that_cannot_run_says_why(profile: Profile, served: Served) -> None:
    page = open_studio(profile, served)
    page.get_by_role("button", name=re.compile("clear", re.I)).first.click()
    page.wait_for_function(f"() => {CANVAS}.store.strokes.length === 0")
    page.wait_for_timeout(800)
    page.click(MAIN)
    expect(page.locator(".rp-notes .kin-error")).to_contain_text("nothing would move", timeout=SLOW)
    expect(page.locator(MAIN)).to_have_text("Run")


def test_by_keyboard_alone_on_a_phone(profile: Profile, served: Served) -> None:
    page = open_studio(profile, served, phone=True, reduced_motion="reduce")
    before = len(strokes(page))
    page.locator("#stroke-canvas .sc-canvas").focus()
    for key in ("m", "ArrowRight", "ArrowRight", "Enter", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowUp", "Enter"):
        page.keyboard.press(key)
    page.wait_for_function(f"() => {CANVAS}.store.strokes.length === {before + 1}", timeout=SLOW)
    width = page.evaluate("() => document.scrollingElement.scrollWidth")
    assert width <= 390, "nothing sticks out sideways"
    page.wait_for_timeout(500)
    page.keyboard.press("Control+Enter")
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=3 * SLOW)
    assert page.evaluate("() => document.querySelector('.rp-result video').paused"), "reduced motion: nothing plays by itself"


def test_library_trash_undo_restore_and_send(profile: Profile, served: Served) -> None:
    page = open_studio(profile, served)
    set_seconds(page, 0.7)
    page.click(MAIN)
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=3 * SLOW)
    page.click("button[role=tab]:has-text('Library')")
    cards = page.locator(".kin-grid .kin-card")
    expect(cards.first).to_be_visible(timeout=SLOW)
    count = cards.count()
    still = cards.first.locator("img").get_attribute("src")
    cards.first.locator("figure").hover()
    expect(cards.first.locator("img")).not_to_have_attribute("src", still or "")
    cards.first.get_by_role("button", name="Move to trash").click()
    expect(cards).to_have_count(count - 1)
    page.get_by_role("button", name="Undo").last.click()
    expect(cards).to_have_count(count)
    page.get_by_label("Search the library").fill("zzz-nothing")
    expect(cards).to_have_count(0)
    page.get_by_label("Search the library").fill("")
    cards.first.locator("figure").click()
    expect(page.locator(".li-open video")).to_be_visible()
    page.get_by_role("button", name="Send to Stroke motion").click()
    page.wait_for_selector("#stroke-canvas .sc-canvas:not([hidden])", timeout=SLOW)
    page.wait_for_function(f"() => {CANVAS}.store.strokes.length === 0", timeout=SLOW)
    page.click("button[role=tab]:has-text('Library')")
    cards.first.get_by_role("button", name="Restore settings").click()
    page.wait_for_selector("#stroke-canvas .sc-canvas:not([hidden])", timeout=SLOW)
    page.wait_for_function(f"() => {CANVAS}.store.strokes.length > 0", timeout=SLOW)
    expect(page.locator("#stroke-motion-seconds input[type=number]")).to_have_value("0.7")


def test_queue_reorder_and_cancel(profile: Profile, served: Served) -> None:
    page = open_studio(profile, served)
    set_seconds(page, 20, fps=60)
    page.wait_for_timeout(300)
    page.click(MAIN)
    expect(page.locator(MAIN)).to_have_text("Stop", timeout=SLOW)
    second, third = (open_studio(profile, served) for _ in range(2))
    for index, other in enumerate((second, third)):
        set_seconds(other, 20, fps=59 - index)
        other.wait_for_timeout(300)
        other.click(MAIN)
        expect(other.locator(HEAD)).to_contain_text("Waiting", timeout=SLOW)
    page.locator("#run-drawer").get_by_role("button").first.click()
    items = page.locator(".qu-item")
    expect(items).to_have_count(3, timeout=SLOW)
    first_waiting = items.nth(1)
    first_waiting.get_by_role("button", name="Later").click()
    third_run, second_run = run_id(third), run_id(second)
    expect(third.locator(HEAD)).to_contain_text("Waiting for the worker", timeout=SLOW)
    expect(second.locator(HEAD)).to_contain_text("number 2", timeout=SLOW)
    assert third_run != second_run
    for _ in range(2):
        items.nth(1).get_by_role("button", name="Cancel").click()
        page.wait_for_timeout(1200)
    expect(items).to_have_count(1, timeout=SLOW)
    items.first.get_by_role("button", name="Stop").click()
    expect(items).to_have_count(0, timeout=SLOW)


def test_everything_has_a_name_and_nothing_comes_from_elsewhere(profile: Profile, served: Served) -> None:
    context = profile()
    page = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(served.url)
    page.wait_for_selector("#stroke-canvas .sc-canvas:not([hidden])", timeout=SLOW)
    page.get_by_text("More", exact=True).click()
    for tab in ("Text to video", "Library", "Engine room", "Settings", "Stroke motion"):
        page.click(f"button[role=tab]:has-text('{tab}')")
        page.wait_for_timeout(600)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('button, input, select, textarea, a[href], video, [role=slider]')].filter((node) => node.offsetParent).filter((node) => {
                const label = node.getAttribute('aria-label') || node.getAttribute('aria-labelledby') || node.getAttribute('title') || node.textContent.trim()
                    || (node.labels && [...node.labels].map((l) => l.textContent).join('').trim()) || node.getAttribute('placeholder');
                return !label; }).map((node) => node.outerHTML.slice(0, 200))"""
        )
        assert nameless == [], tab
    assert errors == []
    outside = [url for url in asked if not url.startswith((served.url, "data:", "blob:"))]
    assert outside == []


def test_after_a_crash_the_page_offers_to_run_again(profile: Profile, tmp_path: Path) -> None:
    studio = Served(tmp_path / "data")
    try:
        page = open_studio(profile, studio)
        set_seconds(page, 20, fps=60)
        page.click(MAIN)
        page.wait_for_function("() => Number(document.querySelector('.rp .kin-bar')?.getAttribute('aria-valuenow')) > 2", timeout=SLOW)
        studio.kill()
        expect(page.locator(HEAD)).to_contain_text("connection is lost", timeout=SLOW)
        studio.start()
        page.reload()
        expect(page.locator(HEAD)).to_contain_text("interrupted", timeout=SLOW)
        page.get_by_role("button", name="Run it again").first.click()
        expect(page.locator(MAIN)).to_have_text("Stop", timeout=SLOW)
        page.click(MAIN)
        expect(page.locator(HEAD)).to_contain_text("Stopped", timeout=SLOW)
    finally:
        studio.close()


def test_the_page_process_has_no_torch(served: Served) -> None:
    assert "libtorch" not in Path(f"/proc/{served.process.pid}/maps").read_text()
    assert "cv2" not in Path(f"/proc/{served.process.pid}/maps").read_text()


def test_a_waiting_run_is_edited_in_place(profile: Profile, served: Served) -> None:
    page = open_studio(profile, served)
    set_seconds(page, 20, fps=60)
    page.wait_for_timeout(300)
    page.click(MAIN)
    expect(page.locator(MAIN)).to_have_text("Stop", timeout=SLOW)
    other = open_studio(profile, served)
    set_seconds(other, 0.9)
    other.wait_for_timeout(300)
    other.click(MAIN)
    expect(other.locator(HEAD)).to_contain_text("Waiting", timeout=SLOW)
    waiting = run_id(other)
    page.locator("#run-drawer").get_by_role("button").first.click()
    edit = page.locator(".qu-item").nth(1).get_by_role("button", name="Edit")
    stays = edit.element_handle()
    for _ in range(2):
        before = page.locator(".qu-item").first.inner_html()
        page.wait_for_function("(before) => document.querySelector('.qu-item').innerHTML !== before", arg=before, timeout=SLOW)
    assert stays.evaluate("(node) => node.isConnected"), "the button outlives every look at the queue, and so does a press on it"
    edit.click()
    expect(page.locator(MAIN)).to_have_text("Save into the waiting run", timeout=SLOW)
    expect(page.locator("#stroke-motion-seconds input[type=number]")).to_have_value("0.9", timeout=SLOW)
    set_seconds(page, 0.6)
    page.wait_for_timeout(300)
    page.locator(MAIN).press("Enter")
    expect(page.locator(HEAD)).to_contain_text("Waiting", timeout=SLOW)
    assert run_id(page) == waiting, "the same run, in the same place"
    page.locator(".qu-item").first.get_by_role("button", name="Stop").click()
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=3 * SLOW)
    page.get_by_text("What made it").click()
    expect(page.locator(".rp-made")).to_contain_text("0.6")
