"""A bare page with the subject editor, and stand-ins for the helper's answers that know where two drawn things are: for tests and for looking.

A red car drives to the right before a blue ball that rolls to the left; where they have crossed, the stand-in's tracking takes the one for the other until it is corrected.
Run it by hand with `python tests/browser/harness_subjects.py [port]`.
"""

from __future__ import annotations

import io
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import av
import gradio as gr
import numpy as np
from PIL import Image, ImageDraw

from engine.errors import InvalidInput, UnreadableMedia
from studio.routes import routes
from studio.widgets.run_panel import RunPanel
from studio.widgets.subject_editor import SubjectEditor
from tests.browser.harness_heads import data_url, jpeg
from tests.browser.harness_prompt import launch

WIDTH, HEIGHT, FPS, FRAMES = 480, 270, 12, 48
CROSSING = 24
"""The frame on which both things meet."""
THINGS = ("red", "blue")
SENTENCES = {"red": "a red thing at the left, moving right", "blue": "a blue thing at the right, moving left"}
Mask = np.ndarray


def middle(thing: str, frame: int) -> tuple[float, float]:
    """Where a thing is, in fractions of the picture."""
    way = (frame - CROSSING) / FRAMES
    return (0.5 + 0.8 * way, 0.62) if thing == "red" else (0.5 - 0.8 * way, 0.6)


def shape(thing: str, frame: int, scale: int = 1) -> Image.Image:
    """A thing's silhouette as a grey picture."""
    picture = Image.new("L", (WIDTH * scale, HEIGHT * scale), 0)
    brush = ImageDraw.Draw(picture)
    x, y = (side * share * scale for side, share in zip((WIDTH, HEIGHT), middle(thing, frame), strict=True))
    s = scale * HEIGHT
    if thing == "red":
        brush.rounded_rectangle((x - 0.16 * s, y - 0.05 * s, x + 0.16 * s, y + 0.07 * s), 0.04 * s, fill=255)
        brush.rounded_rectangle((x - 0.09 * s, y - 0.12 * s, x + 0.08 * s, y), 0.04 * s, fill=255)
        for wheel in (-0.09, 0.09):
            brush.ellipse((x + wheel * s - 0.04 * s, y + 0.03 * s, x + wheel * s + 0.04 * s, y + 0.11 * s), fill=255)
    else:
        brush.ellipse((x - 0.13 * s, y - 0.13 * s, x + 0.13 * s, y + 0.13 * s), fill=255)
    return picture


def mask_of(thing: str, frame: int) -> Mask:
    """(H, W) bool: what is seen of a thing; the car is before the ball."""
    seen = np.asarray(shape(thing, frame)) > 127
    return np.asarray(seen & ~(np.asarray(shape("red", frame)) > 127) if thing == "blue" else seen)


def picture(frame: int, *, bare: bool = False) -> Image.Image:
    """A frame of the film; `bare`: without the things."""
    ground = Image.new("RGB", (WIDTH, HEIGHT))
    brush = ImageDraw.Draw(ground)
    for row in range(HEIGHT):
        brush.line((0, row, WIDTH, row), fill=(120 + row // 4, 170 - row // 6, 215 - row // 2))
    brush.rectangle((0, HEIGHT * 0.7, WIDTH, HEIGHT), fill=(96, 104, 112))
    for x in range(0, WIDTH, 60):
        brush.rectangle((x, HEIGHT * 0.84, x + 30, HEIGHT * 0.86), fill=(225, 220, 200))
    for thing, colour in () if bare else (("blue", (40, 80, 205)), ("red", (214, 46, 44))):
        ground.paste(colour, (0, 0), shape(thing, frame))
    return ground


def film(path: Path, frames: int = FRAMES, *, bare: bool = False) -> Path:
    """The clip as an MP4."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", FPS, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_image(picture(frame, bare=bare))))
        container.mux(stream.encode())
    return path


def png(values: Mask) -> str:
    buffer = io.BytesIO()
    Image.fromarray(values.astype(np.uint8)).save(buffer, "PNG")
    return data_url("image/png", buffer.getvalue())


def box_of(mask: Mask) -> list[float]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [columns[0] / WIDTH, rows[0] / HEIGHT, (columns[-1] + 1) / WIDTH, (rows[-1] + 1) / HEIGHT] if len(rows) else [0.0, 0.0, 0.0, 0.0]


def painted(strokes: list[dict[str, Any]]) -> Mask:
    """Where strokes went."""
    paper = Image.new("L", (WIDTH, HEIGHT), 0)
    brush = ImageDraw.Draw(paper)
    for stroke in strokes:
        r = stroke.get("radius", 0.012) * WIDTH
        for x, y in stroke["points"]:
            brush.ellipse((x * WIDTH - r, y * HEIGHT - r, x * WIDTH + r, y * HEIGHT + r), fill=255)
    return np.asarray(paper) > 127


class Studio:
    """What the helper would know: who was followed, by which marks. `asked` collects the questions by name."""

    def __init__(self) -> None:
        self.asked: dict[str, list[dict[str, Any]]] = {name: [] for name in ("look", "frame", "cut", "tracks", "follow")}
        self.followed: list[dict[str, Any]] | None = None
        self.lock = threading.Lock()

    def note(self, name: str, question: dict[str, Any]) -> tuple[int, int]:
        """First and last frame of the question's range in the whole clip."""
        with self.lock:
            self.asked[name].append(question)
        if "broken" in str(question["video"]):
            raise UnreadableMedia("the file is not a video", fix="use an MP4 file", field="video")
        first = round(question["start"] * FPS)
        return first, (FRAMES if question["end"] is None else round(question["end"] * FPS)) - 1

    def look(self, question: dict[str, Any]) -> dict[str, Any]:
        first, last = self.note("look", question)
        masks = [mask_of(thing, first) for thing in THINGS]
        return {
            "width": WIDTH, "height": HEIGHT, "fps": FPS, "frames": last - first + 1, "seconds": (last - first + 1) / FPS, "total_seconds": FRAMES / FPS, "shots": [[0, last - first]], "note": "",
            "proposals": [{"box": box_of(mask), "sentence": SENTENCES[thing], "score": 0.9, "source": "motion"} for thing, mask in zip(THINGS, masks, strict=True)],
            "picture": jpeg(picture(first)), "masks": [png(mask * 255) for mask in masks],
        }  # fmt: skip

    def thing(self, subject: dict[str, Any], marks: dict[str, Any], frame: int) -> str:
        """Which thing marks on a frame mean, or the words do."""
        spots = [*marks.get("points", []), *(stroke["points"][0] for stroke in marks.get("scribble", []))]
        if "box" in marks:
            x0, y0, x1, y1 = marks["box"]
            spots.append([(x0 + x1) / 2, (y0 + y1) / 2])
        for x, y in spots:
            for one in THINGS:
                if np.asarray(shape(one, frame))[min(HEIGHT - 1, int(y * HEIGHT)), min(WIDTH - 1, int(x * WIDTH))]:
                    return one
        for one in THINGS:
            if one in subject.get("words", ""):
                return one
        if spots or subject.get("words"):
            raise InvalidInput("nothing here fits", why="a red thing and a blue thing were seen", fix="click it, or say it in other words")
        return "red"

    def marked(self, subject: dict[str, Any], frame: int, first: int) -> Mask:
        """The mask that marks on a frame of the range make."""
        marks = subject if frame == subject.get("frame", 0) else subject.get("keyframes", {}).get(str(frame), {})
        if marks.get("gone"):
            return np.zeros((HEIGHT, WIDTH), bool)
        mask = mask_of(self.thing(subject, marks, first + frame), first + frame)
        return np.asarray((mask | painted(marks.get("scribble", []))) & ~painted(marks.get("erase", [])))

    def tracked(self, subject: dict[str, Any], frame: int, first: int) -> tuple[Mask, float]:
        """The stand-in's tracking: right until both things have crossed, then wrong until the next key frame."""
        own = self.thing(subject, subject, first + subject.get("frame", 0))
        keys = [int(key) for key in subject.get("keyframes", {}) if int(key) <= frame]
        if keys and subject["keyframes"][str(max(keys))].get("gone"):
            return np.zeros((HEIGHT, WIDTH), bool), 0.0
        if frame + first < CROSSING or keys:
            return mask_of(own, first + frame), 0.95
        return mask_of(THINGS[1 - THINGS.index(own)], first + frame), max(0.2, 0.5 - 0.02 * (frame + first - CROSSING))

    def frame(self, question: dict[str, Any]) -> dict[str, Any]:
        first, _ = self.note("frame", question)
        at, labels, told = question["frame"], np.zeros((HEIGHT, WIDTH), np.uint8), []
        for index, subject in enumerate(question["subjects"]):
            before = self.followed[index] if self.followed is not None and index < len(self.followed) else None
            mask, sure, source = np.zeros((HEIGHT, WIDTH), bool), 0.0, "none"
            if any(a <= at <= b for a, b in subject.get("hidden", [])):
                source = "marks"
            elif at == subject.get("frame", 0) or str(at) in subject.get("keyframes", {}):
                mask, sure, source = self.marked(subject, at, first), 1.0, "marks"
            elif before is not None:
                mask, sure = self.tracked(before, at, first)
                source = "followed"
            labels[mask] = index + 1
            told.append({"present": bool(mask.any()), "confidence": sure, "source": source})
        return {"frame": at, "seconds": at / FPS, "subjects": told, "ms": 5, "picture": jpeg(picture(first + at)), "labels": png(labels)}

    def cut(self, question: dict[str, Any]) -> dict[str, Any]:
        first, _ = self.note("cut", question)
        subject = question["subjects"][question["index"]]
        mask = self.marked(subject, question["frame"], first)
        said = f"Understood: {subject['words']}." if subject.get("words") else ""
        return {"mask": png(mask * 255), "box": box_of(mask), "area": float(mask.mean()), "confidence": 0.9, "said": said, "notes": [], "ms": 5}

    def tracks(self, question: dict[str, Any]) -> dict[str, Any]:
        first, last = self.note("tracks", question)
        count = last - first + 1
        subjects: list[dict[str, Any]] = []
        for index, subject in enumerate(question["subjects"]):
            before = self.followed[index] if self.followed is not None and index < len(self.followed) else None
            if before is None:
                subjects.append({"confidence": [], "keys": [], "doubtful": [], "stale": [[0, count - 1]], "events": []})
                continue
            sure = [self.tracked(before, frame, first) for frame in range(count)]
            confidence = [round(value, 3) if mask.any() else -1.0 for mask, value in sure]
            keys = sorted(int(key) for key in subject.get("keyframes", {}))
            held = [subject.get("frame", 0), *keys]
            changed = [key for key in keys if before.get("keyframes", {}).get(str(key)) != subject["keyframes"][str(key)]] or [int(k) for k in before.get("keyframes", {}) if int(k) not in keys]
            stale = [[max([0, *(k + 1 for k in held if k < key)]), min([count - 1, *(k - 1 for k in held if k > key)])] for key in changed]
            lost = [frame for frame in range(count) if 0 <= confidence[frame] < 0.6]
            events = [{"frame": lost[0], "kind": "lost", "said": "the mask is unsure from here on"}] if lost else []
            subjects.append({"confidence": confidence, "keys": keys, "doubtful": lost[::6], "stale": stale, "events": events})
        return {"followed": self.followed is not None and not any(one["stale"] for one in subjects), "frames": count, "fps": FPS, "shots": [[0, count - 1]], "subjects": subjects, "clip": None}

    def follow(self, subjects: list[dict[str, Any]]) -> None:
        self.followed = subjects


TOLD = "() => window.dispatchEvent(new CustomEvent('kinora-run', { detail: { status: { id: 'run', task: 'subject-mask', active: false, state: 'done' } } }))"
"""What the run panel of a tab tells when a run is done."""


def build(folder: Path, *, studio: Studio | None = None, seen: list[dict[str, Any]] | None = None, start: bool = False) -> gr.Blocks:
    """The page. Run reads the value into `seen`; other buttons set it from Python. Following is done at once."""
    kept: list[dict[str, Any]] = [] if seen is None else seen
    known = studio or Studio()
    clip = film(folder / "street.mp4")
    (folder / "broken.mp4").write_bytes(b"not a video at all")

    def read(value: dict[str, Any]) -> dict[str, Any]:
        kept.append(value)
        return value

    def follow(value: dict[str, Any], event: gr.EventData) -> int:
        known.asked["follow"].append({**value, **(event._data or {})})
        known.follow(value["subjects"])
        return len(known.asked["follow"])

    held = {"name": "Red car", "points": [[0.1, 0.62]], "keyframes": {30: {"points": [[0.6, 0.62]]}}, "hidden": [[3, 5]]}
    with gr.Blocks(title="Subjects") as page:
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=320):
                widget = SubjectEditor({"video": clip} if start else None, on_look=known.look, on_frame=known.frame, on_cut=known.cut, on_tracks=known.tracks, task="subject-mask", elem_id="subjects")
            with gr.Column(scale=5, min_width=320):
                run = gr.Button("Run", variant="primary", elem_id="run")
                given = gr.Button("Set from Python", elem_id="set")
                nothing = gr.Button("Set to nothing", elem_id="nothing")
                emptied = gr.Number(0, label="Set to nothing", elem_id="emptied")
                done = gr.Number(0, label="Runs that are done", elem_id="done")
                shown = gr.JSON(label="What Python got", elem_id="got")
        run.click(read, widget, shown)
        given.click(lambda: {"video": clip, "start": 0.0, "end": 3.5, "subjects": [held, {"words": "the blue ball"}]}, None, widget)
        nothing.click(lambda times: ({"video": None}, times + 1), emptied, [widget, emptied])
        widget.follow(follow, widget, done)
        done.change(None, [done], None, js=TOLD)
    return page


class Finished:
    """A studio that knows one run, which is done: the clip without its things, and the film that it was made from."""

    RUN = "0" * 32

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        film(folder / "before.mp4")
        film(folder / "result.mp4", bare=True)
        (folder / "mask.mkv").write_bytes(b"a mask")

    def status(self, run: str) -> dict[str, Any]:
        result = {"clip": "result.mp4", "artifacts": {"before": "before.mp4", "mask": "mask.mkv"}, "meters": [], "details": {}, "timings": {}}
        return {"id": self.RUN, "task": "subject-swap", "title": "Subject swap", "state": "done", "active": False, "notes": [], "elapsed": 2.0, "request": {"action": "remove"}, "seed": 1, "result": result}

    def result_file(self, run: str, name: str) -> Path | None:
        return self.folder / name if (self.folder / name).is_file() else None


def build_panel(folder: Path) -> tuple[gr.Blocks, list[Any]]:
    """A page with the run panel alone, which shows the run of `Finished`; and the routes that serve its files."""
    studio: Any = Finished(folder)
    with gr.Blocks(title="Run") as page:
        panel = RunPanel(studio, tab="subject-swap", tasks=("subject-swap",), elem_id="panel")
        show = gr.Button("Show", elem_id="show")
        show.click(lambda: {"run": Finished.RUN, "error": None, "edit": None, "nonce": 1}, None, panel)
    return page, list(routes(studio))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        launch(build(Path(folder), start=True), server_port=int(sys.argv[1]) if len(sys.argv) > 1 else 7875)
