"""A bare page with the face editor and the voice track, and stand-ins for the helper's answers that look at the files: for tests and for looking.

The faces are drawn in one skin colour, so that the stand-in finds them by it; the voices are tones, so that it finds the "laughter", which is a higher one.
Run it by hand with `python tests/browser/harness_heads.py [port]`.
"""

from __future__ import annotations

import base64
import io
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import find_objects, label

from engine.errors import InvalidInput, UnreadableMedia
from studio.widgets.face_editor import FaceEditor
from studio.widgets.voice_track import VoiceTrack
from tests.browser.harness_prompt import launch

SKIN, RATE = (224, 172, 140), 16000
PLACES = {
    "eye_left": (0.3, 0.4), "eye_right": (0.7, 0.4), "mouth_left": (0.35, 0.72), "mouth_right": (0.65, 0.72), "lip_top": (0.5, 0.69), "lip_bottom": (0.5, 0.76), "chin": (0.5, 0.97),
}  # fmt: skip
"""Where the drawn faces have their points, in fractions of the face's box."""
Box = tuple[float, float, float, float]


def data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def jpeg(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return data_url("image/jpeg", buffer.getvalue())


def portrait(path: Path, boxes: list[Box], size: tuple[int, int] = (900, 675)) -> Path:
    """A picture with a drawn face in each box (x, y, width, height in fractions)."""
    picture = Image.new("RGB", size, (70, 95, 120))
    brush = ImageDraw.Draw(picture)
    for row in range(size[1]):
        brush.line((0, row, size[0], row), fill=(60 + row // 12, 80 + row // 10, 130 + row // 14))
    for x, y, w, h in boxes:
        spot = [(x + fx * w, y + fy * h) for fx, fy in PLACES.values()]
        brush.ellipse(((x - 0.06 * w) * size[0], (y - 0.12 * h) * size[1], (x + 1.06 * w) * size[0], (y + 0.75 * h) * size[1]), fill=(70, 45, 35))
        brush.ellipse((x * size[0], y * size[1], (x + w) * size[0], (y + h) * size[1]), fill=SKIN)
        for ex, ey in spot[:2]:
            r = 0.055 * w * size[0]
            brush.ellipse((ex * size[0] - r, ey * size[1] - r * 0.6, ex * size[0] + r, ey * size[1] + r * 0.6), fill=(250, 250, 250))
            brush.ellipse((ex * size[0] - r * 0.45, ey * size[1] - r * 0.5, ex * size[0] + r * 0.45, ey * size[1] + r * 0.5), fill=(60, 60, 90))
        brush.line([(spot[2][0] * size[0], spot[2][1] * size[1]), (spot[5][0] * size[0], spot[5][1] * size[1]), (spot[3][0] * size[0], spot[3][1] * size[1])], fill=(150, 60, 60), width=round(0.03 * w * size[0]))
    picture.save(path, quality=95)
    return path


def read_picture(question: dict[str, Any]) -> Image.Image:
    try:
        return Image.open(question["portrait"]).convert("RGB")
    except OSError as error:
        raise UnreadableMedia("the file is not a picture", fix="use a JPEG, PNG or WebP file", field="portrait") from error


def faces_of(picture: Image.Image) -> list[Box]:
    """Boxes of the skin-coloured areas, largest first, in fractions."""
    near = (np.abs(np.asarray(picture, int) - np.array(SKIN)).max(axis=2) < 14).reshape(picture.height, picture.width)
    areas, _ = label(near)
    found = [(s[1].start / picture.width, s[0].start / picture.height, (s[1].stop - s[1].start) / picture.width, (s[0].stop - s[0].start) / picture.height) for s in find_objects(areas)]
    return sorted((box for box in found if box[2] > 0.05 and box[3] > 0.05), key=lambda box: -box[2] * box[3])


def face_at(picture: Image.Image, question: dict[str, Any]) -> tuple[list[Box], int | None, Box | None, dict[str, list[float]]]:
    """All boxes, the chosen one, where the face is, and its seven points with the corrections."""
    boxes, face = faces_of(picture), question["face"]
    marks = {mark["name"]: [mark["x"], mark["y"]] for mark in question["landmarks"]}
    if boxes:
        middles = [np.array((x + w / 2, y + h / 2)) for x, y, w, h in boxes]
        chosen = face if isinstance(face, int) else int(np.argmin([np.linalg.norm(middle - face) for middle in middles]))
        box = boxes[chosen]
    elif {"eye_left", "eye_right", "mouth_left", "mouth_right"} <= set(marks):
        chosen, (left, top), (right, low) = None, marks["eye_left"], marks["mouth_right"]
        width = abs(right - left) / 0.35
        box = (left - 0.3 * width, top - 0.4 * (low - top) / 0.32, width, (low - top) / 0.32)
    else:
        return boxes, None, None, {}
    x, y, w, h = box
    return boxes, chosen, box, {name: marks.get(name, [x + fx * w, y + fy * h]) for name, (fx, fy) in PLACES.items()}


def look(question: dict[str, Any]) -> dict[str, Any]:
    """The stand-in of face-look."""
    if "slow" in str(question["portrait"]):
        time.sleep(0.7)
    picture = read_picture(question)
    boxes, chosen, box, points = face_at(picture, question)
    mesh: list[list[float]] = list(points.values())
    lines: list[list[int]] = []
    if box is not None:
        lines = [[2, 4, 3, 5, 2]]
        for eye in ("eye_left", "eye_right"):
            ring = [[points[eye][0] + 0.07 * box[2] * np.cos(a), points[eye][1] + 0.035 * box[3] * np.sin(a)] for a in np.linspace(0, 2 * np.pi, 13)]
            lines.append(list(range(len(mesh), len(mesh) + 13)))
            mesh += ring
        oval = [[box[0] + box[2] * (0.5 + 0.5 * np.cos(a)), box[1] + box[3] * (0.5 + 0.5 * np.sin(a))] for a in np.linspace(0, 2 * np.pi, 37)]
        lines.append(list(range(len(mesh), len(mesh) + 37)))
        mesh += oval + [[box[0] + box[2] * i / 12, box[1] + box[3] * j / 14] for i in range(2, 11) for j in range(2, 13)]
    notes = [] if box is not None else ["No face was found here: click both eyes and both mouth corners, four clicks make a face."]
    shown = picture.copy()
    shown.thumbnail((1024, 1024))
    return {
        "picture": jpeg(shown), "width": picture.width, "height": picture.height, "chosen": chosen, "faces": [{"box": list(one), "score": 0.9} for one in boxes],
        "points": mesh, "lines": lines, "handles": points, "notes": notes,
    }  # fmt: skip


def try_face(question: dict[str, Any]) -> dict[str, Any]:
    """The stand-in of face-try: the face's box with the mouth drawn open in red, as wide as `mouth` says."""
    begun = time.perf_counter()
    picture = read_picture(question)
    _, _, box, points = face_at(picture, question)
    if box is None:
        raise InvalidInput("there is no face yet", fix="click both eyes and both mouth corners")
    x, y, w, h = box
    (left, middle), (right, _) = points["mouth_left"], points["mouth_right"]
    brush, high = ImageDraw.Draw(picture), question["mouth"] * 0.1 * h + 0.002
    brush.ellipse((left * picture.width, (middle - high) * picture.height, right * picture.width, (middle + high) * picture.height), fill=(200, 20, 30))
    part = picture.crop((round(x * picture.width), round(y * picture.height), round((x + w) * picture.width), round((y + h) * picture.height)))
    time.sleep(0.05)
    return {"picture": jpeg(part), "box": list(box), "ms": (time.perf_counter() - begun) * 1000}


def wav(samples: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32000).astype("<i2").tobytes())
    return buffer.getvalue()


def speech(seconds: float, laugh: tuple[float, float] | None = None) -> np.ndarray:
    """Syllables of a low tone; between `laugh` bursts of a high one."""
    t = np.arange(round(seconds * RATE)) / RATE
    level = np.clip(np.sin(2 * np.pi * 2.2 * t) + 0.35 * np.sin(2 * np.pi * 0.6 * t), 0, 1)
    voice = level * np.sin(2 * np.pi * 140 * t) * 0.7
    if laugh is not None:
        inside = (t >= laugh[0]) & (t < laugh[1])
        voice[inside] = (np.clip(np.sin(2 * np.pi * 4.5 * t), 0, 1) * np.sin(2 * np.pi * 1500 * t) * 0.9)[inside]
    return np.asarray(voice, np.float32)


def samples_of(path: str) -> np.ndarray:
    """A file's sound at 16 kHz, mono, read as the engine's decoders do."""
    import av

    try:
        with av.open(path) as container:
            resampler = av.AudioResampler("flt", "mono", RATE)
            parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise UnreadableMedia("no sound was found in the file", fix="use a WAV, MP3, M4A or a video with sound", field="audio") from error
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def listen(question: dict[str, Any]) -> dict[str, Any]:
    """The stand-in of voice-look: peaks, loudness and stretches of the high tone; a text is said by one syllable a letter."""
    said = question["audio"] is None
    samples = speech(max(0.5, len(question["text"]) / 15 / question["speed"])) if said else samples_of(question["audio"])
    if not len(samples):
        raise InvalidInput("the voice has no sound", fix="record it again", field="audio")
    blocks = np.array_split(samples, min(1000, len(samples)))
    frames = np.array_split(samples, max(1, round(len(samples) / RATE * 25)))
    high = [float(np.mean(np.abs(np.diff(np.signbit(block).astype(int))))) > 0.06 and np.abs(block).max() > 0.05 for block in np.array_split(samples, max(1, round(len(samples) / RATE * 2)))]
    areas, count = label(np.array(high))
    spans = [(int(np.argmax(areas == k)) / 2, int(len(areas) - np.argmax(areas[::-1] == k)) / 2) for k in range(1, count + 1)]
    return {
        "seconds": len(samples) / RATE, "peaks": [[float(b.min()), float(b.max())] for b in blocks], "energy": [float(np.sqrt(np.mean(f**2))) for f in frames],
        "laughs": [{"start": a, "end": b, "strength": 0.8} for a, b in spans], "voice": "Robot" if said else "", "notes": [], "sound": data_url("audio/wav", wav(samples)) if said else None,
    }  # fmt: skip


def build(folder: Path, *, start: dict[str, Any] | None = None, seen: list[dict[str, Any]] | None = None, asked: list[dict[str, Any]] | None = None) -> gr.Blocks:
    """The page. Buttons read both values into `seen`, set them from Python, and set nothing; `asked` collects the questions to face-try."""
    kept: list[dict[str, Any]] = [] if seen is None else seen
    tries: list[dict[str, Any]] = [] if asked is None else asked
    two = portrait(folder / "two.jpg", [(0.12, 0.2, 0.26, 0.45), (0.6, 0.3, 0.2, 0.38)])
    voice = folder / "voice.wav"
    voice.write_bytes(wav(speech(8, (5, 7))))

    def record(question: dict[str, Any]) -> dict[str, Any]:
        tries.append(question)
        return try_face(question)

    def read(face: dict[str, Any], sound: dict[str, Any]) -> dict[str, Any]:
        kept.append({**face, **sound})
        return kept[-1]

    spans = [{"start": 1.0, "end": 2.5, "kind": "smile", "strength": 0.8}]
    with gr.Blocks(title="Heads") as page:
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=320):
                face = FaceEditor(start, on_look=look, on_try=record, elem_id="face")
                sound = VoiceTrack(start, on_look=listen, voices=lambda: [("robot", "Robot (English)")], elem_id="voice")
            with gr.Column(scale=5, min_width=320):
                run = gr.Button("Run", variant="primary", elem_id="run")
                both = gr.Button("Set from Python", elem_id="set")
                nothing = gr.Button("Set to nothing", elem_id="nothing")
                shown = gr.JSON(label="What Python got", elem_id="got")
        run.click(read, [face, sound], shown)
        mark = [{"name": "chin", "x": 0.3, "y": 0.62}]
        both.click(lambda: ({"portrait": two, "face": [0.25, 0.4], "landmarks": mark}, {"audio": voice, "expressions": spans, "auto_laughter": False}), None, [face, sound])
        nothing.click(lambda: ({"portrait": None}, {"audio": None, "text": None}), None, [face, sound])
    return page


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        launch(build(Path(folder)), server_port=int(sys.argv[1]) if len(sys.argv) > 1 else 7873)
