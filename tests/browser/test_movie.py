"""The Movie tab in the whole studio: from a sentence to a film, one card changed and made again, cards moved, on a phone."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Profile
from tests.conftest import Served

pytestmark = pytest.mark.browser

SLOW = 120_000
SHORT = {"seconds": 6, "scenes": 3, "side": 192, "video_model": "diorama", "music": "none"}
"""A film that is quick to make; kept as the visitor's defaults, as the tab Settings does."""
WIDGET = "document.querySelector('#scene-cards .sb').sceneCards"
CARDS = "#scene-cards .sb-card"
MAIN, HEAD, VIDEO = ".rp-main:visible", ".rp-head:visible", ".rp-result video:visible"
ANSWERED = f"() => {WIDGET}.story.plan && {WIDGET}.asked && !{WIDGET}.busy && !{WIDGET}.asker.busy && {WIDGET}.asker.next === null"


def open_tab(page: Page, served: Served) -> None:
    page.set_default_timeout(SLOW)
    page.goto(served.url)
    page.wait_for_selector("button[role=tab]:has-text('Movie')", state="attached")
    page.evaluate("() => [...document.querySelectorAll('button[role=tab]')].find((tab) => tab.textContent.includes('Movie')).click()")
    expect(page.locator(CARDS)).to_have_count(6, timeout=SLOW)  # the example's storyboard
    page.wait_for_function(ANSWERED)


def states(page: Page) -> list[str]:
    """The state of each card, when the studio has answered about all of them."""
    page.wait_for_timeout(500)  # the page asks a moment after the last key
    page.wait_for_function(ANSWERED)
    found: list[str] = page.locator(CARDS).evaluate_all("(cards) => cards.map((card) => card.dataset.state)")
    return found


def start(page: Page, button: str) -> dict[str, Any]:
    """Press a button that starts a run, and wait for its end; its document."""
    before = page.evaluate("() => localStorage.getItem('kinora.run.movie')")
    page.click(button)
    page.wait_for_function("(before) => localStorage.getItem('kinora.run.movie') !== before", arg=before)
    run = json.loads(page.evaluate("() => localStorage.getItem('kinora.run.movie')"))
    # The panel still shows the run before for a moment: only the new one's result tells.
    page.wait_for_function("(run) => document.querySelector('.rp-stage .kin-error') || fetch(kinora.media(`${run}/run.json`)).then((answer) => answer.ok)", arg=run, polling=300, timeout=3 * SLOW)
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=SLOW)
    expect(page.locator(VIDEO)).to_have_attribute("src", re.compile(run))
    document: dict[str, Any] = page.evaluate("(run) => fetch(kinora.media(`${run}/run.json`)).then((answer) => answer.json())", run)
    return document


def clips(served: Served) -> dict[str, str]:
    """Part -> hash of its clip, of all that lie on the shelf."""
    shelf = served.data / "cache" / "parts"
    return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in shelf.glob("[0-9a-f]*/result.mp4")} if shelf.is_dir() else {}


def write(page: Page, served: Served, idea: str) -> None:
    """Three scenes for an idea, under the settings of `SHORT`."""
    page.add_init_script(f"localStorage.setItem('kinora.defaults.movie', {json.dumps(json.dumps(SHORT))})")
    open_tab(page, served)
    page.wait_for_function(f"(wanted) => Object.entries(wanted).every(([name, value]) => {WIDGET}.settings[name] === value)", arg=SHORT)
    box = page.get_by_role("textbox", name="Your film in one sentence")
    box.fill(idea)
    box.press("Enter")
    expect(page.locator(CARDS)).to_have_count(3, timeout=SLOW)


@pytest.mark.timeout(900)
def test_a_sentence_becomes_a_film_and_one_change_makes_one_scene(served: Served, profile: Profile, tmp_path: Path) -> None:
    page = profile(accept_downloads=True).new_page()
    write(page, served, "A yellow balloon learns to fly.")
    assert page.evaluate(f"() => {WIDGET}.story.seconds") == pytest.approx(6.0, abs=0.05)
    prompts = page.evaluate(f"() => {WIDGET}.story.scenes.map((scene) => scene.prompt)")
    assert all("yellow balloon" in prompt for prompt in prompts) and len(set(prompts)) == 3
    assert states(page) == ["new"] * 3

    # The animatic is the whole film, and is no scene made.
    document = start(page, "#scene-cards button[aria-label^=Animatic]")
    assert document["result"]["details"]["animatic"] is True
    assert document["result"]["details"]["frames"] == round(6 * document["result"]["details"]["fps"])
    assert states(page) == ["new"] * 3
    sketches = clips(served)

    # The film: each scene is made once and lies on the shelf.
    document = start(page, MAIN)
    first = clips(served)
    assert len(first) - len(sketches) == 3 and states(page) == ["made"] * 3
    assert document["request"]["side"] == 192 and document["request"]["plan"]["title"] == page.locator(".sb-title").input_value()
    video = page.locator(VIDEO)
    assert video.evaluate("(video) => video.duration") == pytest.approx(6.0, abs=0.06)
    expect(page.locator(".fi-chapter:visible")).to_have_count(3)

    # A chapter is a place in the film; the film plays and can be saved.
    page.locator(".fi-chapter:visible").nth(1).click()
    begin = document["result"]["details"]["scenes"][1]["start"]
    page.wait_for_function("(begin) => [...document.querySelectorAll('.rp-result video')].some((video) => video.currentTime > begin + 0.2)", arg=begin)
    expect(page.locator(".fi-chapter:visible").nth(1)).to_have_attribute("aria-current", "true")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download the video").locator("visible=true").click()
    saved.value.save_as(tmp_path / "film.mp4")
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"
    for name in ("Project (ZIP)", "For editors (ZIP)"):
        expect(page.get_by_role("link", name=f"Download: {name}")).to_be_visible()

    # One prompt changed: one card is stale, one clip is made, the others are the same to the byte.
    page.get_by_role("textbox", name="What is seen").nth(1).fill("a yellow balloon rises over the sea at night")
    page.keyboard.press("Enter")
    assert states(page) == ["made", "changed", "made"]
    page.get_by_role("textbox", name="Heading").nth(2).fill("The end")
    assert states(page) == ["made", "changed", "made"], "a heading is no picture"
    document = start(page, MAIN)
    second = clips(served)
    assert len(second) == len(first) + 1 and {key: second[key] for key in first} == first
    assert states(page) == ["made"] * 3 and document["result"]["details"]["scenes"][2]["heading"] == "The end"

    # Moved by keyboard: another film, nothing is made.
    ids = page.evaluate(f"() => {WIDGET}.story.scenes.map((scene) => scene.id)")
    page.locator(".sb-grip").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate(f"() => {WIDGET}.story.scenes.map((scene) => scene.id)") == [ids[1], ids[0], ids[2]]
    assert page.evaluate("() => document.activeElement.classList.contains('sb-grip')"), "the hand stays on the card"
    assert states(page) == ["made"] * 3
    document = start(page, MAIN)
    assert clips(served) == second and [scene["id"] for scene in document["result"]["details"]["scenes"]] == [ids[1], ids[0], ids[2]]

    # Undo goes back step by step.
    page.locator("#scene-cards").get_by_role("button", name="Undo").click()
    assert page.evaluate(f"() => {WIDGET}.story.scenes.map((scene) => scene.id)") == ids


@pytest.mark.timeout(600)
def test_on_a_phone_nothing_is_wider_than_the_screen(served: Served, profile: Profile) -> None:
    page = profile(phone=True).new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    open_tab(page, served)
    page.set_viewport_size({"width": 390, "height": 844})  # the tab itself lies in a menu then
    card = page.locator(CARDS).first
    card.get_by_role("button", name="More").click()
    card.get_by_label("Where the pictures come from").select_option("library")
    expect(card.locator(".sb-shelf")).to_be_visible()
    page.wait_for_timeout(300)
    wide = page.evaluate("() => [document.documentElement.scrollWidth, ...[...document.querySelectorAll('#scene-cards .sb-card, #scene-cards .sb-details, #scene-cards .sb-strip')].map((one) => one.getBoundingClientRect().right)]")
    assert max(wide) <= 390
    small = card.locator(".sb-acts button").evaluate_all("(all) => all.map((one) => Math.min(one.offsetWidth, one.offsetHeight))")
    assert min(small) >= 38, "a finger hits every button"
    # What was changed outlives a reload, though it was never run.
    page.get_by_role("textbox", name="Heading").nth(1).fill("Mine")
    page.keyboard.press("Enter")
    page.wait_for_function("() => kinora.store.get('draft.movie')?.value.plan.scenes[1].heading === 'Mine'")
    page.set_viewport_size({"width": 1280, "height": 900})
    open_tab(page, served)
    expect(page.get_by_role("textbox", name="Heading").nth(1)).to_have_value("Mine")
