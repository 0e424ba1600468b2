"""The Text to video tab in a real browser: type, see the animatic and the marked words, run, stop, run again, find it by its link."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

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
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=SLOW)
    expect(page.locator(VIDEO)).to_be_visible()
    expect(page.locator(".rp-notes:visible")).to_contain_text("zorblax")
    run = json.loads(page.evaluate("() => localStorage.getItem('kinora.run.text-to-video')"))
    other = profile().new_page()
    other.goto(f"{served.url}?run={run}")
    expect(other.locator(VIDEO)).to_be_visible(timeout=SLOW)  # the link opens the right tab
    expect(other.locator("#prompt-box textarea")).to_have_value("a green car drives to the right through the city at night with a zorblax and a balloon", timeout=SLOW)


def test_stop_keeps_a_part_and_the_next_run_works(profile: Profile, served: Served) -> None:
    page = open_tab(profile, served)
    for name, value in (("seconds", "60"), ("width", "1280"), ("height", "720")):
        page.locator(f"#text-to-video-{name} input[type=number]").fill(value)
        page.locator(f"#text-to-video-{name} input[type=number]").blur()
    page.wait_for_timeout(400)
    page.click(MAIN)
    page.wait_for_function("() => [...document.querySelectorAll('.rp .kin-bar')].some((bar) => Number(bar.getAttribute('aria-valuenow')) > 2)", timeout=SLOW)
    expect(page.locator(".rp-preview:visible")).to_be_visible(timeout=SLOW)
    page.click(MAIN)
    expect(page.locator(HEAD)).to_contain_text("Stopped", timeout=SLOW)
    expect(page.locator(VIDEO)).to_be_visible()
    page.locator("#text-to-video-seconds input[type=number]").fill("0.5")
    page.locator("#text-to-video-seconds input[type=number]").blur()
    page.wait_for_timeout(400)
    page.click(MAIN)
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=SLOW)


def test_an_empty_prompt_says_what_to_do(profile: Profile, served: Served) -> None:
    page = open_tab(profile, served)
    page.locator("#prompt-box textarea").fill("")
    page.wait_for_timeout(600)
    page.click(MAIN)
    expect(page.locator(".rp-notes:visible .kin-error")).to_contain_text("prompt", timeout=SLOW)
