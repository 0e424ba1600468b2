"""The Text to video tab in a real browser: type, see the animatic and the marked words, run, stop, run again, find it by its link; takes, drafts, a grid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from engine.media.images import write_image
from tests.browser.conftest import Profile
from tests.conftest import Served

pytestmark = pytest.mark.browser

SLOW = 60_000
MAIN, HEAD, VIDEO = ".rp-main:visible", ".rp-head:visible", ".rp-result video:visible"


def open_tab(profile: Profile, served: Served) -> Page:
    page = profile().new_page()
    page.goto(served.url)
    page.click("button[role=tab]:has-text('Text to video')")
    expect(page.locator("#prompt-box textarea")).not_to_have_value("", timeout=SLOW)  # the example is there
    return page


def set_number(page: Page, name: str, value: float) -> None:
    field = page.locator(f"#text-to-video-{name} input[type=number]")
    field.fill(str(value))
    field.blur()


def open_more(page: Page) -> None:
    page.get_by_text("More", exact=True).locator("visible=true").click()
    expect(page.locator("#text-to-video-takes")).to_be_visible()


def run_small(page: Page) -> dict[str, Any]:
    """Run at 96 px and wait for the end; the result's document."""
    page.locator("#text-to-video-shape summary").click()
    page.get_by_label("Width in pixels").fill("96")
    page.get_by_label("Width in pixels").blur()
    page.get_by_label("Height in pixels").fill("96")
    page.get_by_label("Height in pixels").blur()
    page.wait_for_timeout(500)
    page.click(MAIN)
    return finished(page)


def finished(page: Page) -> dict[str, Any]:
    """Wait until the run that was just begun is done; its details."""
    expect(page.locator(MAIN)).to_have_text("Stop", timeout=SLOW)
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=3 * SLOW)
    run = json.loads(page.evaluate("() => localStorage.getItem('kinora.run.text-to-video')"))
    document: dict[str, Any] = page.evaluate("(run) => fetch(kinora.media(`${run}/run.json`)).then((answer) => answer.json())", run)
    return document


TIMES = "() => [...document.querySelectorAll('.tk video')].map((video) => video.currentTime)"


def test_type_run_and_find_it_by_its_link(profile: Profile, served: Served) -> None:
    page = open_tab(profile, served)
    page.locator("#prompt-box textarea").fill("a green car drives to the right through the city at night with a zorblax and a baloon")
    box = page.locator("#prompt-box")
    expect(box).to_contain_text("green car", timeout=SLOW)
    expect(box).to_contain_text("zorblax", timeout=SLOW)
    page.get_by_role("button", name="Replace baloon by balloon", exact=True).click()
    expect(page.locator("#prompt-box textarea")).to_have_value("a green car drives to the right through the city at night with a zorblax and a balloon")
    page.locator("#text-to-video-seconds input[type=number]").fill("1")
    page.locator("#text-to-video-seconds input[type=number]").blur()
    page.wait_for_timeout(400)
    page.click(MAIN)
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=3 * SLOW)
    expect(page.locator(VIDEO)).to_be_visible()
    expect(page.locator(".rp-notes:visible")).to_contain_text("zorblax")
    run = json.loads(page.evaluate("() => localStorage.getItem('kinora.run.text-to-video')"))
    other = profile().new_page()
    other.goto(f"{served.url}?run={run}")
    expect(other.locator(VIDEO)).to_be_visible(timeout=SLOW)  # the link opens the right tab
    expect(other.locator("#prompt-box textarea")).to_have_value("a green car drives to the right through the city at night with a zorblax and a balloon", timeout=SLOW)


def test_stop_keeps_a_part_and_the_next_run_works(profile: Profile, served: Served) -> None:
    page = open_tab(profile, served)
    set_number(page, "seconds", 60)
    page.locator("#text-to-video-shape summary").click()
    for name, value in (("Width in pixels", "1280"), ("Height in pixels", "720")):
        page.get_by_label(name).fill(value)
        page.get_by_label(name).blur()
    page.wait_for_timeout(400)
    page.click(MAIN)
    page.wait_for_function("() => [...document.querySelectorAll('.rp .kin-bar')].some((bar) => Number(bar.getAttribute('aria-valuenow')) > 2)", timeout=SLOW)
    expect(page.locator(".rp-preview:visible")).to_be_visible(timeout=SLOW)
    page.click(MAIN)
    expect(page.locator(HEAD)).to_contain_text("Stopped", timeout=SLOW)
    expect(page.locator(VIDEO)).to_be_visible()
    set_number(page, "seconds", 0.5)
    page.wait_for_timeout(400)
    page.click(MAIN)
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=3 * SLOW)


def test_an_empty_prompt_says_what_to_do(profile: Profile, served: Served) -> None:
    page = open_tab(profile, served)
    page.locator("#prompt-box textarea").fill("")
    page.wait_for_timeout(600)
    page.click(MAIN)
    expect(page.locator(".rp-notes:visible .kin-error")).to_contain_text("prompt", timeout=SLOW)


def test_two_drafts_play_together_and_the_chosen_one_is_finished(profile: Profile, served: Served) -> None:
    page = open_tab(profile, served)
    set_number(page, "seconds", 1)
    open_more(page)
    set_number(page, "takes", 2)
    page.get_by_label("Draft").check()
    made = run_small(page)
    takes = made["result"]["details"]["takes"]
    assert [take["seed"] for take in takes] == [made["seed"], made["seed"] + 1] and all(take["draft"] for take in takes)
    page.wait_for_function("() => [...document.querySelectorAll('.tk video')].filter((video) => video.readyState > 2).length === 2", timeout=SLOW)
    page.wait_for_function(f"() => ({TIMES})().every((time) => time > 0.05)", timeout=SLOW)  # both play
    page.get_by_role("button", name="Pause all").click()
    page.get_by_role("slider", name="Time of all takes").fill("0.6")
    page.wait_for_timeout(300)
    first, second = page.evaluate(TIMES)
    assert abs(first - second) < 0.02 and abs(first - 0.6) < 0.05, "both stand at 0.6 s; players of their own would stay where they were paused"
    page.get_by_role("button", name="Choose take 1").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".tk-big video")).to_be_visible()
    expect(page.get_by_role("button", name="Choose take 2")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Use this seed").click()
    expect(page.locator("#text-to-video-seed input")).to_have_value(str(takes[1]["seed"]), timeout=SLOW)
    with page.expect_download() as got:
        page.locator(".tk-big").get_by_role("link", name="Download").click()
    assert got.value.suggested_filename.endswith("-2.mp4")
    page.locator(".tk-big").get_by_role("button", name="Finish this take").click()
    whole = finished(page)
    assert whole["seed"] == takes[1]["seed"] and whole["request"]["continue_run"] == made["id"] and whole["request"]["draft"] is False
    assert page.evaluate("() => document.querySelector('.rp-result video').videoWidth") == 96, "the draft had 64"


def test_a_grid_is_a_table_prompts_change_over_time_and_pictures_travel(profile: Profile, served: Served, tmp_path: Path) -> None:
    page = open_tab(profile, served)
    set_number(page, "seconds", 1)
    open_more(page)
    grid = page.locator("#text-to-video-grid")
    grid.get_by_label("Across: field").select_option("motion")
    grid.get_by_label("Across: values").fill("0, 9")
    grid.get_by_label("Down: field").select_option("loop")
    grid.get_by_role("button", name="none", exact=True).click()
    grid.get_by_role("button", name="boomerang", exact=True).click()
    expect(grid).to_contain_text("2 × 2: 4 clips")
    expect(page.locator(".kin-preflight.bad:visible")).to_contain_text("motion=9", timeout=SLOW)
    grid.get_by_label("Across: values").fill("0, 1")
    page.get_by_role("button", name="Add a prompt at a moment").click()
    page.keyboard.type("a blue balloon over the desert at night")
    page.get_by_label("Prompt 1 begins at").fill("0.5")
    page.locator("#text-to-video-pictures input[type=file]").first.set_input_files(write_image(tmp_path / "start 🎬.png", np.full((40, 60, 3), 120, np.uint8)))
    expect(page.get_by_role("button", name="First picture: start 🎬.png. Change it")).to_be_visible(timeout=SLOW)
    made = run_small(page)
    assert made["request"]["first_image"] == "start 🎬.png" and "first_image" in made["inputs"]
    expect(page.locator(".rp-notes:visible")).to_contain_text("The model diorama leaves out what you set for: first image.")
    assert made["request"]["prompts"] == [{"at": 0.5, "prompt": "a blue balloon over the desert at night"}]
    assert [take["changes"] for take in made["result"]["details"]["takes"]] == [{"motion": m, "loop": loop} for loop in ("none", "boomerang") for m in (0.0, 1.0)]
    table = page.locator(".tk-table")
    expect(table.locator("thead th")).to_have_text(["motion 0", "motion 1"])
    expect(table.locator("tbody th")).to_have_text(["loop none", "loop boomerang"])
    table.get_by_role("button", name="Choose motion 1 · loop boomerang").click()
    page.locator(".tk-big").get_by_role("button", name="Use these values").click()
    expect(page.get_by_role("radio", name="Boomerang")).to_be_checked(timeout=SLOW)
    expect(grid.get_by_label("Across: field")).to_have_value("")  # the grid is empty again
    page.get_by_role("button", name="Remove prompt 1").click()
    expect(page.get_by_label("Prompt 1", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Restore settings").locator("visible=true").click()
    expect(page.get_by_label("Prompt 1", exact=True)).to_have_value("a blue balloon over the desert at night", timeout=SLOW)
    expect(grid.get_by_label("Across: values")).to_have_value("0, 1", timeout=SLOW)
