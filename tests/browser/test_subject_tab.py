"""The subject tab: the result beside its original; and, in the whole studio, the five steps with a correction on a later frame."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Profile
from tests.browser.harness_prompt import launch
from tests.browser.harness_subjects import HEIGHT, WIDTH, build_panel, middle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with a finished run."""
    page, served = build_panel(tmp_path_factory.mktemp("panel"))
    yield launch(page, prevent_thread_lock=True, app_kwargs={"routes": served})
    page.close(verbose=False)


def shown_at(page: Page, x: float, y: float) -> list[int]:
    """The colour on the screen at a place of the result."""
    box = page.locator(".cm-frame").bounding_box()
    assert box is not None
    picture = Image.open(io.BytesIO(page.screenshot(clip={"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "width": 1, "height": 1})))
    return list(picture.convert("RGB").getpixel((0, 0)))  # type: ignore[arg-type]


def test_before_and_after_are_in_step_on_both_sides_of_a_line(panel: str, profile: Profile) -> None:
    page = profile(reduced_motion="reduce").new_page()
    page.goto(panel)
    page.click("#show")
    grip = page.get_by_role("slider", name="Line between before and after")
    expect(grip).to_have_attribute("aria-valuenow", "50")
    page.wait_for_function("() => document.querySelector('.cm').compare.before.readyState > 2 && document.querySelector('.cm').compare.video.readyState > 2")
    assert page.evaluate(f"() => Math.abs(document.querySelector('.cm-frame').clientWidth / document.querySelector('.cm-frame').clientHeight - {WIDTH / HEIGHT}) < 0.02")
    red, blue = middle("red", 0), middle("blue", 0)
    page.wait_for_timeout(300)
    assert shown_at(page, *red)[0] > 180, "left of the line the original: the car is there"
    assert shown_at(page, *blue)[2] < 150, "right of it the result: the ball is gone"
    grip.focus()
    page.keyboard.press("End")
    page.wait_for_timeout(150)
    assert shown_at(page, *blue)[2] > 180
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    expect(grip).to_have_attribute("aria-valuenow", "10")
    box = page.locator(".cm-frame").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 30, steps=5)
    page.mouse.up()
    assert float(grip.get_attribute("aria-valuenow") or 0) == pytest.approx(75, abs=1)
    page.get_by_role("slider", name="Time of the result").fill("0.5")
    page.wait_for_function("() => { const { video, before } = document.querySelector('.cm').compare; return video.currentTime > 1.9 && !before.seeking && Math.abs(video.currentTime - before.currentTime) < 0.02; }")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.querySelector('.cm').compare.video.currentTime > 2.6")
    apart = page.evaluate("() => { const { video, before } = document.querySelector('.cm').compare; return Math.abs(video.currentTime - before.currentTime); }")
    assert apart < 0.2, "both play in step"
    switch = page.get_by_role("button", name="Compare with the original")
    switch.click()
    expect(grip).to_be_hidden()
    assert page.evaluate("() => document.querySelector('.rp-result video').controls")
    expect(page.get_by_role("link", name="Download: Mask (MKV)")).to_be_visible()
    switch.click()
    expect(grip).to_be_visible()
