"""A bare page with the stroke canvas, a photo, and a stand-in preview that only shifts the picture: for tests and for looking.

Run it by hand with `python tests/browser/harness_canvas.py [port]`.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image
from skimage import data

from engine.errors import InvalidInput
from studio.widgets.stroke_canvas import StrokeCanvas

FRAMES, COLUMNS, FPS, SIDE = 16, 4, 12, 320


def data_url(picture: Image.Image, kind: str) -> str:
    """The picture as a data URL of `kind` (JPEG or PNG)."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, quality=85)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def shift_preview(question: dict[str, Any]) -> dict[str, Any]:
    """The whole picture slides along the first move stroke: enough to see that frames arrive, play and change."""
    begun = time.perf_counter()
    moves = [s for s in question["strokes"] if s["kind"] == "move"]
    if question["settings"].get("seconds", 3) > 15:
        raise InvalidInput("seconds=20 is over 15 here", fix="shorten the clip")
    picture = Image.open(question["image"]).convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    w, h = picture.size
    (x0, y0, _), (x1, y1, _) = (moves[0]["points"][0], moves[0]["points"][-1]) if moves else ((0, 0, 0), (0, 0, 0))
    strip = Image.new("RGB", (w * COLUMNS, h * -(-FRAMES // COLUMNS)))
    for i in range(FRAMES):
        share = i / (FRAMES - 1)
        frame = Image.new("RGB", (w, h), (30, 30, 40))
        frame.paste(picture, (round((x1 - x0) * share * w), round((y1 - y0) * share * h)))
        strip.paste(frame, ((i % COLUMNS) * w, (i // COLUMNS) * h))
    masks = []
    for stroke in question["strokes"]:
        x, y, _ = stroke["points"][0]
        mask = Image.new("RGBA", (w, h))
        r = round(stroke["radius"] * w * 2)
        mask.paste((255, 255, 255, 255), (round(x * w) - r, round(y * h) - r, round(x * w) + r, round(y * h) + r))
        masks.append(data_url(mask, "PNG"))
    flow = Image.new("RGB", (w, h), (255, 120, 60))
    arrows = [[(i + 0.5) / 12, (j + 0.5) / 8, (x1 - x0) / 6, (y1 - y0) / 6] for i in range(12) for j in range(8)]
    return {
        "frames": data_url(strip, "JPEG"), "count": FRAMES, "cols": COLUMNS, "width": w, "height": h, "fps": FPS,
        "flow": data_url(flow, "PNG"), "arrows": arrows, "masks": masks, "notes": [], "ms": (time.perf_counter() - begun) * 1000,
    }  # fmt: skip


def photo(folder: Path) -> Path:
    """Chelsea the cat, 451 x 300, as a JPEG in `folder`."""
    path = folder / "chelsea.jpg"
    Image.fromarray(data.chelsea()).save(path, quality=92)
    return path


def build(folder: Path, *, loaded: bool = True, seen: list[dict[str, Any]] | None = None) -> gr.Blocks:
    """The page. `loaded` starts with the photo; buttons set the value from Python, change the settings and read the value back into `seen`."""
    path = photo(folder)
    kept: list[dict[str, Any]] = [] if seen is None else seen
    strokes = [
        {"kind": "move", "radius": 0.05, "points": [[0.2, 0.4], [0.4, 0.3], [0.6, 0.45]]},
        {"kind": "pin", "radius": 0.04, "points": [[0.8, 0.8, 0.0]]},
    ]

    def read(value: dict[str, Any]) -> dict[str, Any]:
        kept.append(value)
        return value

    with gr.Blocks(title="Stroke canvas") as page:
        canvas = StrokeCanvas({"image": path, "strokes": []} if loaded else None, on_preview=shift_preview, settings={"seconds": 3}, elem_id="canvas")
        with gr.Row():
            run = gr.Button("Run", variant="primary", elem_id="run")
            restore = gr.Button("Set from Python", elem_id="set")
            longer = gr.Button("Change settings", elem_id="settings")
        shown = gr.JSON(label="What Python got", elem_id="got")
        loads = gr.Textbox(label="image_loaded", elem_id="loads")
        changes = gr.Number(0, label="change events", elem_id="changes")
        with gr.Tabs():
            with gr.Tab("Plain", id="plain"):
                gr.Markdown("Nothing here.")
            with gr.Tab("Hidden canvas", id="hidden"):
                StrokeCanvas({"image": path, "strokes": strokes}, elem_id="second")
        run.click(read, canvas, shown)
        restore.click(lambda: {"image": path, "strokes": strokes}, None, canvas)
        longer.click(lambda: gr.update(settings={"seconds": 20}), None, canvas)
        canvas.change(lambda n: n + 1, changes, changes, show_progress="hidden")
        canvas.image_loaded(lambda value: Path(value["image"]).name, canvas, loads, show_progress="hidden")
    return page


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder)).launch(server_port=int(sys.argv[1]) if len(sys.argv) > 1 else 7871, quiet=True)
