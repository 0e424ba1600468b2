"""A bare page with the prompt box and a stand-in reading that knows a few words and moves a disc: for tests and for looking.

Run it by hand with `python tests/browser/harness_prompt.py [port]`.
"""

from __future__ import annotations

import base64
import io
import re
import sys
import time
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image, ImageDraw

import studio
from engine.errors import InvalidInput
from studio.theme import theme
from studio.widgets.prompt_box import PromptBox

FRAMES, COLUMNS, FPS = 16, 4, 8.0
KNOWN = {
    "red": "red", "blue": "blue", "boat": "boat", "sails": "moving", "left": "to the left", "sea": "sea", "sunset": "sunset", "balloon": "balloon", "bird": "bird",
    "night": "night", "hot air balloon": "balloon", "قارب": "boat", "بحر": "sea", "船": "boat", "海": "sea", "beach": "beach", "camera pans right": "camera: pan right",
}  # fmt: skip
STRANGE: dict[str, tuple[str, list[str]]] = {"dragon": ("", ["bird", "whale"]), "ballon": ("balloon", ["balloon", "ball"]), "wizard": ("", []), "🐉": ("", ["bird"])}
IDEAS = ["a red boat sails left on the sea at sunset", "a blue balloon over the beach at night", "🌊 a dragon and a bird", "two boats meet on a calm sea while the camera pans right"]
WORDS = re.compile("|".join(sorted(map(re.escape, [*KNOWN, *STRANGE]), key=len, reverse=True)), re.IGNORECASE)


def picture(prompt: str, width: int, height: int) -> str:
    """A disc that crosses a sky, its colours from the prompt, as a data URL of one grid of frames."""
    sky = (16, 20, 50) if "night" in prompt else (250, 150, 90) if "sunset" in prompt else (150, 205, 240)
    disc = (210, 50, 40) if "red" in prompt else (50, 90, 220)
    grid = Image.new("RGB", (width * COLUMNS, height * -(-FRAMES // COLUMNS)), sky)
    brush = ImageDraw.Draw(grid)
    for index in range(FRAMES):
        x, y = index % COLUMNS * width, index // COLUMNS * height
        brush.rectangle((x, y + height * 0.65, x + width - 1, y + height - 1), fill=(40, 80, 110))
        at = x + width * (0.15 + 0.7 * index / (FRAMES - 1))
        brush.ellipse((at - height * 0.1, y + height * 0.4, at + height * 0.1, y + height * 0.6), fill=disc)
    buffer = io.BytesIO()
    grid.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def read_words(question: dict[str, Any]) -> dict[str, Any]:
    """The stand-in: the words of `KNOWN` and `STRANGE`; `slow` in the prompt waits 0.6 s, `fail` is an error, `crash` a bug."""
    prompt = question["prompt"]
    if "slow" in prompt:
        time.sleep(0.6)
    if "fail" in prompt:
        raise InvalidInput("this prompt fails", fix="take out the word")
    if "crash" in prompt:
        raise RuntimeError("a bug of the stand-in")
    understood: list[list[Any]] = []
    unknown: list[list[Any]] = []
    for found in WORDS.finditer(prompt):
        word = found.group().lower()
        if word in KNOWN:
            understood.append([found.start(), found.end(), KNOWN[word]])
        else:
            unknown.append([found.start(), found.end(), *STRANGE[word]])
    width, height = question["settings"].get("width", 256), question["settings"].get("height", 144)
    said = "A scene with " + ", ".join(dict.fromkeys(str(entry[2]) for entry in understood)) + "." if understood else "An empty scene."
    return {
        "understood": understood, "unknown": unknown, "frames": picture(prompt, width, height), "count": FRAMES, "cols": COLUMNS,
        "width": width, "height": height, "fps": FPS, "said": said,
    }  # fmt: skip


def build(seen: list[Any] | None = None, asked: list[dict[str, Any]] | None = None, *, start: str = "", read: Any = read_words) -> gr.Blocks:
    """The page. Buttons read the value into `seen`, set it from Python and change the settings; `asked` collects the questions."""
    kept: list[Any] = [] if seen is None else seen
    questions: list[dict[str, Any]] = [] if asked is None else asked

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        questions.append(question)
        return read(question)  # type: ignore[no-any-return]

    def keep(value: dict[str, str]) -> dict[str, str]:
        kept.append(value)
        return value

    with gr.Blocks(title="Prompt box") as page:
        box = PromptBox({"prompt": start}, on_read=answer, settings={"width": 256, "height": 144}, ideas=IDEAS, elem_id="box")
        with gr.Row():
            run = gr.Button("Run", variant="primary", elem_id="run")
            given = gr.Button("Set from Python", elem_id="set")
            tall = gr.Button("Tall", elem_id="tall")
            square = gr.Button("Square", elem_id="square")
        shown = gr.JSON(label="What Python got", elem_id="got")
        changes = gr.Number(0, label="change events", elem_id="changes")
        length = gr.Textbox(label="Length at the last change", elem_id="length")
        with gr.Accordion("Without a server function", open=False):
            PromptBox({"prompt": "a red boat"}, elem_id="plain", max_chars=20)
        run.click(keep, box, shown)
        given.click(lambda: {"prompt": "🎈 a hot air balloon\r\nover the sea"}, None, box)
        tall.click(lambda: gr.update(settings={"width": 144, "height": 256}), None, box)
        square.click(lambda: gr.update(settings={"width": 200, "height": 200}), None, box)
        box.change(lambda n: n + 1, changes, changes, show_progress="hidden")
        box.change(lambda value: str(len(value["prompt"])), box, length, show_progress="hidden")
    return page


def launch(page: gr.Blocks, **options: Any) -> str:
    """Serves the page with the studio's own script, styles and theme; gives its address."""
    folder = Path(studio.__file__).parent
    head = f"<script>{(folder / 'page.js').read_text(encoding='utf-8')}</script>"
    return str(page.launch(quiet=True, theme=theme(), css_paths=[folder / "page.css"], head=head, **options)[1])


if __name__ == "__main__":
    launch(build(start=IDEAS[0]), server_port=int(sys.argv[1]) if len(sys.argv) > 1 else 7872)
