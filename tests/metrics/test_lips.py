"""Lip meters on curves that are known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.metrics.lips import LipMeter, correlation, offset, opening, peaks
from engine.vision.faces.mesh import Face
from engine.vision.faces.topology import INNER_BOTTOM, INNER_TOP, canonical
from tests.faces import portrait, portrait_face, the_finder


def speech(seed: int = 0, count: int = 200) -> np.ndarray:
    from scipy.ndimage import gaussian_filter1d

    return np.clip(gaussian_filter1d(np.random.default_rng(seed).standard_normal(count), 1.5), 0, None)


@pytest.mark.parametrize("late", [-3, -1, 0, 2, 5])
def test_lips_that_are_late_by_so_many_frames(late: int) -> None:
    voice = speech()
    lips = np.roll(voice, late)
    assert offset(lips, voice, 25.0) == pytest.approx(late / 25, abs=0.008)


def test_lateness_of_half_a_frame_is_seen() -> None:
    t = np.arange(200) / 25
    voice, lips = (1 + np.sin(2 * np.pi * 2.3 * (t - shift)) * np.sin(2 * np.pi * 0.31 * (t - shift)) for shift in (0.0, 0.02))
    assert offset(lips, voice, 25.0) == pytest.approx(0.02, abs=0.006)


def test_correlation_of_the_same_of_another_and_of_a_closed_mouth() -> None:
    assert correlation(speech() * 3 + 1, speech()) == pytest.approx(1.0)
    assert abs(correlation(speech(1), speech(2))) < 0.25
    assert correlation(np.zeros(200), speech()) == 0.0


def test_peaks_of_laughter_are_counted() -> None:
    t = np.arange(100) / 25
    lips = np.clip(np.sin(2 * np.pi * 4.5 * (t - 0.5)), 0, 1) * ((t > 0.5) & (t < 2.5)) + 0.02 * speech(3, 100)
    found = peaks(lips, 25.0)
    assert len(found) == 9
    assert np.abs(np.diff(found) - 1 / 4.5).max() < 0.045
    assert len(peaks(np.full(50, 0.3), 25.0)) == 0


def test_the_opening_is_measured_in_eye_widths() -> None:
    points = canonical().points.copy()
    points[INNER_BOTTOM] = points[INNER_TOP] + (0, 0.13, 0)
    assert opening(Face(100 * points, np.zeros((2, 5, 2)), 1.0)) == pytest.approx(0.13, abs=0.002)


def test_the_meter_repeats_what_it_knows_where_the_face_is_hidden() -> None:
    meter = LipMeter(the_finder().mesher, portrait_face())
    meter.feed(portrait())
    meter.feed(np.full_like(portrait(), 128))
    assert meter.openings[0] == meter.openings[1] == pytest.approx(opening(portrait_face()), abs=0.03)
