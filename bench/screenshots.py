"""The README's two pictures, taken from a studio that runs: `python -m bench.screenshots URL` (needs Chromium)."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

OUT = Path(__file__).resolve().parent.parent / "assets" / "readme"


def save(page: Page, name: str, width: int) -> None:
    """A screenshot scaled to `width` px with 256 colours: a README should load fast."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    picture.quantize(256, method=Image.Quantize.MEDIANCUT).save(OUT / name, optimize=True)


def main(url: str) -> None:
    """Wide and light with a running preview and a result; narrow and dark in the library."""
    OUT.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1360, "height": 1000})
        page.goto(url)
        page.wait_for_function("() => document.querySelector('#stroke-canvas .sc')?.strokeCanvas?.player?.strip", timeout=60_000)
        page.click(".rp-main")
        page.wait_for_selector(".rp-result video", timeout=120_000)
        page.wait_for_timeout(2500)
        save(page, "stroke-motion.png", 1200)
        phone = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2, color_scheme="dark")
        phone.goto(url + "?__theme=dark")
        phone.click(".overflow-menu > button")  # where a narrow page puts all tabs but one
        phone.click(".overflow-dropdown button:has-text('Library')")
        phone.wait_for_selector(".kin-grid .kin-card img", timeout=60_000)
        phone.wait_for_timeout(2000)
        save(phone, "phone.png", 520)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
