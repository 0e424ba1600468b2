"""Pacing and measuring of timestamps, as properties."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.media.av_source import measure_times
from engine.media.timing import MAX_RATE, Pacer, Rate, nearest_standard, own_rate, plan_rate


def paced(times: list[float], length: float, fps: Fraction, start: float = 0.0) -> list[int]:
    """Index of the source frame shown at each output frame."""
    shown: list[int] = []
    pacer: Pacer[int] = Pacer(Rate(fps, start, length), emit=shown.append, repeat=lambda: shown.append(shown[-1]))
    for index, time in enumerate(times):
        pacer.put(time, index)
    pacer.finish(length)
    return shown


@given(
    gaps=st.lists(st.floats(0.001, 0.5), min_size=1, max_size=60),
    fps=st.sampled_from([Fraction(5), Fraction(24), Fraction(30000, 1001), Fraction(60)]),
)
def test_every_output_frame_shows_what_stands_then(gaps: list[float], fps: Fraction) -> None:
    times = [sum(gaps[:i]) for i in range(len(gaps))]
    length = sum(gaps)
    shown = paced(times, length, fps)
    assert len(shown) == Rate(fps, 0.0, length).count
    assert shown == sorted(shown)
    half = 0.5 / float(fps) + 1e-6
    for slot, index in enumerate(shown):
        assert times[index] <= slot / float(fps) + half
        if index + 1 < len(times):
            assert times[index + 1] >= slot / float(fps) - half


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(24), Fraction(30), Fraction(60)])
def test_milliseconds_are_not_variable(fps: Fraction) -> None:
    times = [round(i / float(fps), 3) for i in range(300)]
    facts = measure_times([(t, 0.0) for t in times], float(fps))
    assert not facts["variable_rate"] and own_rate(facts["fps"], facts["shortest_gap"], variable=False) == fps
    # Taking the nearest earlier frame instead of the nearest would double and drop a third of them.
    assert paced(times, 300 / float(fps), fps) == list(range(300))


def test_variable_rate_takes_the_quickest_part() -> None:
    times = [round(i / 30, 3) for i in range(30)] + [round(1 + i / 10, 3) for i in range(20)]
    facts = measure_times([(t, 0.0) for t in times], 18.33)
    assert facts["variable_rate"] and own_rate(facts["fps"], facts["shortest_gap"], variable=True) == 30
    assert own_rate(200.0, 0.002, variable=True) == 60


def test_plans_stay_within_the_clip() -> None:
    facts = {"fps": 24.0, "shortest_gap": 1 / 24, "variable_rate": False, "duration": 2.0}
    assert plan_rate(facts, {}).count == 48
    assert plan_rate(facts, {"start": 1.5, "end": 9.0}).count == 12
    assert plan_rate(facts, {"start": 5.0}).count == 1
    assert plan_rate(facts, {"fps": "12"}).count == 24
    assert nearest_standard(1e9) == MAX_RATE and nearest_standard(23.98) == Fraction(24000, 1001)
