"""What the hand feels on the page: pen up to moving preview, click to playable result, Stop to stopped; in Chromium, beside a bare event.

`python -m bench.page [PHOTO]` starts a studio of its own, loads the photo (default: an example) and prints medians. The bare event is a
server call that does nothing, asked from the same page: what Gradio and the browser cost without us.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.conftest import ROOT, Served

CANVAS = "document.querySelector('#stroke-canvas .sc').strokeCanvas"


def wait(page: Page, condition: str) -> None:
    page.wait_for_function(condition, timeout=120_000, polling=10)


def pen_to_preview(page: Page, index: int) -> float:
    """Seconds from pointer up to new frames in the canvas."""
    box = page.locator("#stroke-canvas .sc-canvas").bounding_box()
    assert box is not None
    wait(page, f"() => {CANVAS}.player.strip")
    page.evaluate(f"() => {{ {CANVAS}.player.strip = null; }}")
    x, y = 0.25 + 0.06 * index, 0.35 + 0.05 * index
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + (x + 0.12) * box["width"], box["y"] + (y - 0.1) * box["height"], steps=6)
    began = time.perf_counter()
    page.mouse.up()
    wait(page, f"() => {CANVAS}.player.strip")
    return time.perf_counter() - began


def main(photo: str | None) -> None:
    """Run every measurement once on one studio."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, ExitStack() as stack:
        studio = stack.enter_context(closing(Served(Path(folder) / "data")))
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(studio.url)
        wait(page, "() => document.querySelector('#stroke-canvas .sc')?.strokeCanvas?.player?.strip")
        page.set_input_files("#stroke-canvas input[type=file][accept*=image]", photo or str(ROOT / "assets" / "examples" / "boat.jpg"))
        page.wait_for_timeout(1500)
        if page.get_by_role("button", name="keep").count():
            page.get_by_role("button", name="keep").first.click()
        page.wait_for_timeout(2500)
        bare = page.evaluate(
            "async () => { const times = []; for (let i = 0; i < 15; i++) { const t = performance.now(); await fetch('/kinora/health'); times.push(performance.now() - t); } return times.sort((a, b) => a - b)[7]; }"
        )
        taken = [pen_to_preview(page, index) for index in range(5)]
        print(f"bare request {bare:.0f} ms; pen up to preview: first {taken[0]:.2f} s, median of the next {statistics.median(taken[1:]):.2f} s (goal: 1 s)")
        page.locator("#stroke-motion-max-side input[type=number]").fill("512")
        page.locator("#stroke-motion-max-side input[type=number]").blur()
        page.wait_for_timeout(500)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            page.click(".rp-main")
            page.wait_for_function("() => document.querySelector('.rp-main').textContent !== 'Run'", polling=10)
            wait(page, "() => document.querySelector('.rp-main').textContent === 'Run' && document.querySelector('.rp-result video')?.readyState >= 2")
            times.append(time.perf_counter() - began)
            if page.locator(".rp .kin-error").count():
                sys.exit(page.inner_text(".rp .kin-error"))
        print(f"click to playable 3 s clip at 512 px: cold {times[0]:.2f} s, warm {min(times[1:]):.2f} to {max(times[1:]):.2f} s (goal: 10 s)")
        page.locator("#stroke-motion-seconds input[type=number]").fill("20")
        page.locator("#stroke-motion-seconds input[type=number]").blur()
        page.wait_for_timeout(500)
        stops = []
        for _ in range(5):
            page.click(".rp-main")
            wait(page, "() => Number(document.querySelector('.rp .kin-bar').getAttribute('aria-valuenow')) > 3 && document.querySelector('.rp-main').textContent === 'Stop'")
            began = time.perf_counter()
            page.click(".rp-main")
            wait(page, "() => document.querySelector('.rp-head').textContent.startsWith('Stopped')")
            stops.append(time.perf_counter() - began)
        print(f"Stop to a sealed, playable part of the clip: median {statistics.median(stops):.2f} s, worst {max(stops):.2f} s")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
