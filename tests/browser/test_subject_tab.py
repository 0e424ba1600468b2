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
from tests.conftest import Served

pytestmark = pytest.mark.browser

SLOW = 150_000


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


EDITOR = "document.querySelector('#subject-editor .su').subjectEditor"
CORRECTED = 8
"""The frame on which a click puts the mask right: the range is cut to 14 frames, so that the test is quick."""


def settled(page: Page) -> None:
    page.wait_for_function(f"() => {{ const e = {EDITOR}; return e.look && !e.errand && !Object.values(e.owed).some(Boolean) && !e.cutter.next && !e.tracker.busy && e.frames.fresh(e.frame); }}", timeout=SLOW)


def area(page: Page) -> float:
    """Share of the frame in sight that the first subject's mask covers."""
    return float(page.evaluate(f"() => {{ const e = {EDITOR}, {{ labels }} = e.frames.get(e.frame); return labels.reduce((sum, one) => sum + (one === 1), 0) / labels.length; }}"))


def test_five_steps_with_a_correction_on_a_later_frame(served: Served, profile: Profile) -> None:
    page = profile(reduced_motion="reduce").new_page()
    page.set_default_timeout(SLOW)
    page.goto(served.url)
    page.click("button[role=tab]:has-text('Subject swap')")
    editor = page.locator("#subject-editor")
    # 1: the video, a part of it.
    expect(editor.locator(".su-facts")).to_contain_text("640 × 360 · 24 frames a second · 4.5 s", timeout=SLOW)
    settled(page)
    end = page.get_by_role("slider", name="The range ends at")
    end.focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    for _ in range(22):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"() => {EDITOR}.look?.frames === 14")
    # 2: who. The example's words find the car; a proposal says the same.
    settled(page)
    expect(editor.locator(".su-understood")).to_contain_text("red", timeout=SLOW)
    page.get_by_role("button", name="Delete the red car").click()
    offer = editor.locator(".su-offers .kin-button", has_text="red").first
    expect(offer).to_be_visible(timeout=SLOW)
    offer.click()
    settled(page)
    assert 0.01 < area(page) < 0.08
    # 3: followed, looked at, corrected on a later frame, followed again from there on.
    follow = editor.locator(".su-acts .kin-button.primary")
    expect(follow).to_have_text("Follow through the clip", timeout=SLOW)
    follow.click()
    expect(follow).to_have_text("Followed", timeout=SLOW)
    settled(page)
    sure = page.evaluate(f"() => {EDITOR}.tracks.subjects[0].confidence")
    assert len(sure) == 14 and min(sure) > 0.3
    page.evaluate(f"() => {EDITOR}.seek({CORRECTED})")
    settled(page)
    assert 0.01 < area(page) < 0.08
    canvas = editor.locator(".su-canvas").bounding_box()
    point = page.evaluate(f"() => {{ const e = {EDITOR}, f = e.frames.get(e.frame); return deepestOf(f); function deepestOf({{ labels, width, height }}) {{ let x = 0, y = 0, n = 0; labels.forEach((one, at) => {{ if (one === 1) {{ x += at % width; y += Math.floor(at / width); n += 1; }} }}); return [x / n / width, y / n / height]; }} }}")
    assert canvas is not None
    page.mouse.click(canvas["x"] + point[0] * canvas["width"], canvas["y"] + point[1] * canvas["height"])
    settled(page)
    assert 0.01 < area(page) < 0.08
    expect(follow).to_contain_text("Follow again: frames ", timeout=SLOW)
    follow.click()
    expect(follow).to_have_text("Followed", timeout=SLOW)
    # 4 and 5: removed; the result beside its original, and the masks as a film.
    page.click(".rp-main:visible")
    expect(page.locator(".rp-head:visible")).to_contain_text("Done in", timeout=3 * SLOW)
    page.wait_for_selector(".cm:visible")
    page.wait_for_function("() => { const { video, before } = document.querySelector('.cm').compare; return video.readyState > 1 && before.readyState > 1; }")
    assert page.evaluate("() => { const { video, before } = document.querySelector('.cm').compare; return [video.videoWidth === before.videoWidth, Math.abs(video.duration - before.duration) < 0.05]; }") == [True, True]
    expect(page.get_by_role("link", name="Download: Mask (MKV)").last).to_be_visible(timeout=SLOW)
    run = page.evaluate("() => JSON.parse(localStorage.getItem('kinora.run.subject-swap'))")
    document = page.evaluate("(run) => fetch(kinora.media(`${run}/run.json`)).then((answer) => answer.json())", run)
    assert document["request"]["action"] == "remove" and list(document["request"]["subjects"][0]["keyframes"]) == [str(CORRECTED)]
    page.evaluate("() => { document.querySelector('.cm').compare.video.currentTime = 0.25; }")
    page.wait_for_function("() => { const { video, before } = document.querySelector('.cm').compare; return [video, before].every((film) => !film.seeking && film.readyState > 1 && Math.abs(film.currentTime - 0.25) < 0.02); }")
    shown, left = page.evaluate(
        """() => { const { video, before } = document.querySelector('.cm').compare;
        return [before, video].map((film) => { const canvas = document.createElement('canvas'); canvas.width = film.videoWidth; canvas.height = film.videoHeight;
          const brush = canvas.getContext('2d'); brush.drawImage(film, 0, 0); const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
          let red = 0; for (let at = 0; at < data.length; at += 4) red += data[at] > 140 && data[at + 1] < 110 && data[at + 2] < 110; return red; }); }"""
    )
    assert shown > 1000 and left < 0.05 * shown, f"red pixels before {shown}, after {left}"
    # A reload finds the run and its fields again.
    page.reload()
    page.click("button[role=tab]:has-text('Subject swap')")
    expect(page.locator(".cm")).to_be_visible(timeout=SLOW)
    settled(page)
    assert page.evaluate(f"() => [{EDITOR}.model.list.length, Object.keys({EDITOR}.model.list[0].keyframes).length]") == [1, 1]
    expect(follow).to_have_text("Followed", timeout=SLOW)


def test_only_what_the_action_needs_is_asked(served: Served, profile: Profile) -> None:
    page = profile().new_page()
    page.goto(served.url)
    page.click("button[role=tab]:has-text('Subject swap')")
    needed = {"Remove": (), "Replace": ("reference", "prompt"), "Background": ("background",), "Both": ("reference", "prompt", "background"), "Restyle": ("prompt",)}
    for action, fields in needed.items():
        page.locator("#subject-swap-action input").click(timeout=SLOW)
        page.get_by_role("option", name=action, exact=True).click()
        for field in ("reference", "prompt", "background"):
            expect(page.locator(f"#subject-swap-{field}")).to_be_visible(visible=field in fields)
    page.locator("#subject-swap-action input").click()
    page.get_by_role("option", name="Background", exact=True).click()
    choice = page.locator("#subject-swap-background")
    choice.get_by_role("combobox", name="What stands behind").select_option("words")
    choice.get_by_role("textbox", name="What is behind, in words").fill("a beach at sunset")
    assert page.evaluate("() => document.querySelector('#subject-swap-background .bg').choice.value()") == {"background": {"kind": "words", "words": "a beach at sunset"}}
    choice.get_by_role("combobox", name="What stands behind").select_option("colour")
    choice.get_by_label("Colour behind").fill("#112233")
    assert page.evaluate("() => document.querySelector('#subject-swap-background .bg').choice.value()") == {"background": {"kind": "colour", "colour": "#112233"}}


def test_what_only_large_editors_obey_is_shown_with_them_alone(profile: Profile, served: Served) -> None:
    page = profile().new_page()
    page.goto(served.url)
    page.click("button[role=tab]:has-text('Subject swap')")
    page.get_by_text("More", exact=True).locator("visible=true").click()
    fields = [page.locator(f"#subject-swap-{name}") for name in ("steps", "guidance", "step-cache", "loras")]
    drawing = page.locator("#subject-swap-drawing input")
    expect(drawing).to_be_visible(timeout=SLOW)

    def choose(title: str) -> None:
        drawing.click()
        page.get_by_role("option", name=title).click()

    for field in fields:
        expect(field).to_be_hidden()
    choose("Wan 2.1 VACE, 1.3B")
    for field in fields:
        expect(field).to_be_visible(timeout=SLOW)
    choose("Cut out and moved")
    for field in fields:
        expect(field).to_be_hidden(timeout=SLOW)
