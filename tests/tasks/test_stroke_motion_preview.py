"""The quick look tells the truth about the final render, and keeps what it found."""

from __future__ import annotations

import cv2
import numpy as np

from engine.tasks.stroke_motion.paths import Timeline
from engine.tasks.stroke_motion.preview import PreviewSession, quick_preview
from engine.tasks.stroke_motion.request import Camera, Stroke
from engine.tasks.stroke_motion.scene import build
from engine.tasks.stroke_motion.things import Reader
from tests.vision.scenes import ball, overlap

STROKE = Stroke(points=((85 / 240, 95 / 180, 0.0), (165 / 240, 90 / 180, 1.0)))


def large_ball() -> np.ndarray:
    return cv2.resize(ball()[0], (960, 720), interpolation=cv2.INTER_CUBIC)


def test_shapes_and_contents() -> None:
    picture, mask = ball()
    look = quick_preview(picture, [STROKE, Stroke(kind="pin", points=((0.9, 0.9, 0.0),))], frames=8, seconds=2.0)
    assert look.frames.shape == (8, 180, 240, 3) and look.frames.dtype == np.uint8 and look.fps == 4.0
    assert look.flow_rgb.shape == (180, 240, 3) and (look.flow_rgb[:20] == 255).all()
    assert len(look.masks) == 1 and overlap(look.masks[0] > 127, mask) > 0.93  # one for each move stroke
    assert look.arrows and all(abs(dx - 80 / 240) < 0.01 for _, _, dx, _ in look.arrows)
    assert look.notes == []


def test_the_preview_is_the_final_render_made_smaller() -> None:
    picture = large_ball()
    look = quick_preview(picture, [STROKE], frames=6)
    strokes = [STROKE]
    scene, _ = build(picture, strokes, Camera(), Reader(picture).read(strokes, Camera()), Timeline(6))
    for i in range(6):
        final = cv2.resize(scene.frame(i), look.frames[0].shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(final.astype(int) - look.frames[i]).mean() < 2.5  # frame 0 against frame 5: over 15
    assert np.abs(look.frames[0].astype(int) - look.frames[5]).mean() > 8


def test_a_session_searches_only_what_is_new() -> None:
    session = PreviewSession(ball()[0])
    finder, asked = session._reader.finder, []
    find = finder.find
    finder.find = lambda *a, **k: asked.append(1) or find(*a, **k)  # type: ignore[method-assign]
    session.preview([STROKE], frames=2)
    session.preview([STROKE], Camera(zoom=1.2), frames=2, loop="boomerang")
    assert len(asked) == 1
    session.preview([STROKE, Stroke(points=((0.8, 0.2, 0.0), (0.7, 0.2, 1.0)))], frames=2)
    assert len(asked) == 2


def test_background_strokes_have_empty_masks_and_say_why() -> None:
    sky = np.full((120, 160, 3), 200, np.uint8)
    look = quick_preview(sky, [Stroke(points=((0.5, 0.5, 0.0), (0.6, 0.5, 1.0)))], frames=2)
    assert not look.masks[0].any() and any("camera" in note for note in look.notes)
