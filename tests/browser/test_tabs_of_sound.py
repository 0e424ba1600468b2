"""The tabs of sound in the whole studio: a face and a recording become a speaking head; a song is seen with its beats, previewed, and plays in step."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Profile
from tests.conftest import Served
from tests.faces import syllables, with_faces
from tests.waves import write_wave

pytestmark = pytest.mark.browser

SLOW = 90_000
MAIN, HEAD, VIDEO = ".rp-main:visible", ".rp-head:visible", ".rp-result video:visible"


def open_tab(page: Page, served: Served, name: str) -> None:
    page.goto(served.url)
    page.click(f"button[role=tab]:has-text('{name}')")


def finished(page: Page, tab: str) -> dict[str, Any]:
    """Wait until the run is done; its details."""
    expect(page.locator(HEAD)).to_contain_text("Done in", timeout=3 * SLOW)
    run = json.loads(page.evaluate(f"() => localStorage.getItem('kinora.run.{tab}')"))
    document: dict[str, Any] = page.evaluate("(run) => fetch(kinora.media(`${run}/run.json`)).then((answer) => answer.json())", run)
    return document


def test_a_portrait_says_a_recording(served: Served, profile: Profile) -> None:
    with_faces(served.data)
    voice = write_wave(served.data.parent / "voice.wav", syllables([0.1, 0.5, 0.8], 1.4), 16000)
    page = profile().new_page()
    open_tab(page, served, "Talking head")
    expect(page.locator("#face-editor")).to_contain_text("The face is found", timeout=SLOW)
    page.click("#voice-track button:has-text('A recording')")
    page.set_input_files("#voice-track input[accept*=audio]", voice)
    expect(page.locator("#voice-track canvas").first).to_be_visible(timeout=SLOW)
    page.click(MAIN)
    document = finished(page, "talking-head")
    figures = {meter["name"]: meter["value"] for meter in document["result"]["meters"]}
    assert figures["lip_sync"] > 0.6 and abs(figures["lip_offset"]) <= 40
    assert document["request"]["audio"] == "voice.wav" and document["request"]["text"] == ""
    assert page.locator(VIDEO).evaluate("(video) => video.duration") == pytest.approx(1.4, abs=0.1)


def test_a_song_is_seen_previewed_and_plays(served: Served, profile: Profile) -> None:
    page = profile().new_page()
    open_tab(page, served, "Music video")
    track = page.locator("#song-track")
    expect(track).to_contain_text("112 beats a minute", timeout=SLOW)
    page.locator("#music-video-shape summary").click()
    for side in ("Width in pixels", "Height in pixels"):
        page.locator("#music-video-shape").get_by_label(side).fill("128")
        page.locator("#music-video-shape").get_by_label(side).blur()
    page.wait_for_timeout(500)
    track.locator("button:has-text('Preview')").click()
    document = finished(page, "music-video")
    assert document["request"]["excerpt_end"] - document["request"]["excerpt_start"] == pytest.approx(5.0)
    hits = next(meter for meter in document["result"]["meters"] if meter["name"] == "beat_hits")
    assert hits["value"] > hits["baseline"] + 0.3
    video = page.locator(VIDEO)
    video.evaluate("(video) => { video.muted = true; return video.play(); }")
    page.wait_for_function("() => [...document.querySelectorAll('.rp-result video')].some((video) => video.currentTime > 0.5)")
    assert video.evaluate("(video) => video.duration") == pytest.approx(5.0, abs=0.1)
