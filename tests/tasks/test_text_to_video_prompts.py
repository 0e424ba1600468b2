"""Prompts that change over time: reading the marks, one schedule out of text and field, and how two prompts share a moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.tasks.text_to_video.prompts import BLEND_SECONDS, schedule, segments, weights
from engine.tasks.text_to_video.request import Moment, TextToVideoRequest
from engine.tasks.text_to_video.timeline import Timeline


def moments(*pairs: tuple[float, str]) -> tuple[Moment, ...]:
    return tuple(Moment(at=at, prompt=prompt) for at, prompt in pairs)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a red boat", [(0.0, "a red boat")]),
        ("a red boat. at 2 s: it snows", [(0.0, "a red boat."), (2.0, "it snows")]),
        ("a boat; at 1.5s: fog, at 3 seconds: night", [(0.0, "a boat"), (1.5, "fog"), (3.0, "night")]),
        ("at 0 s: a cat\nAt 2,5 sec: a dog", [(0.0, "a cat"), (2.5, "a dog")]),
        ("a party at 2 s past nine", [(0.0, "a party at 2 s past nine")]),
        ("a cat 2 s: loud", [(0.0, "a cat 2 s: loud")]),
        ("a cat at 3 s:   ", [(0.0, "a cat")]),
        ("  \n ", []),
    ],
)
def test_marks_are_read_where_they_stand(prompt: str, expected: list[tuple[float, str]]) -> None:
    found = segments(prompt)
    assert [(piece.at, piece.text) for piece in found] == expected
    assert all(prompt[piece.start : piece.start + len(piece.text)] == piece.text for piece in found)


@given(st.text(max_size=120))
def test_any_text_is_read_and_no_word_is_invented(text: str) -> None:
    for piece in segments(text):
        assert piece.text and text[piece.start : piece.start + len(piece.text)] == piece.text


def test_text_and_field_make_one_schedule() -> None:
    request = TextToVideoRequest(prompt="a boat at 2 s: a storm", prompts=moments((1.0, "fog"), (3.0, "calm")), seconds=4)
    assert schedule(request) == moments((0.0, "a boat"), (1.0, "fog"), (2.0, "a storm"), (3.0, "calm"))
    assert schedule(TextToVideoRequest(prompt="", prompts=moments((1.0, "fog")), seconds=4)) == moments((0.0, "fog")), "the first prompt begins the clip"


@pytest.mark.parametrize(
    ("prompt", "given", "words"),
    [
        ("a at 3 s: b at 2 s: c", (), "a prompt at 2 s follows one at 3 s"),
        ("a", ((2.0, "b"), (1.0, "c")), "a prompt at 1 s follows one at 2 s"),
        ("a", ((1.0, "b"), (1.0, "c")), "follows"),
        ("a", ((0.0, "b"),), "two prompts begin at 0 s"),
        ("a at 4 s: b", (), "begins at 4 s, but the clip ends at 4 s"),
        ("a at 900 s: b", (), "begins at 900 s"),
        ("a", ((9.0, "b"),), "begins at 9 s"),
    ],
)
def test_times_that_make_no_sense_are_one_line(prompt: str, given: tuple[tuple[float, str], ...], words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        schedule(TextToVideoRequest(prompt=prompt, prompts=moments(*given), seconds=4))
    assert "\n" not in caught.value.line and caught.value.field in ("prompt", "prompts")


def test_a_change_is_centred_on_its_moment_and_lasts_a_second() -> None:
    two = moments((0.0, "a"), (2.0, "b"))
    assert weights(two, 0.0) == [1.0, 0.0] and weights(two, 1.5) == [1.0, 0.0]
    assert weights(two, 2.0) == pytest.approx([0.5, 0.5]), "a hard cut gives [0, 1]"
    assert weights(two, 1.75) == pytest.approx([0.75, 0.25]) and weights(two, 2.5) == [0.0, 1.0]
    near = moments((0.0, "a"), (0.4, "b"), (3.0, "c"))
    assert weights(near, 0.3) == pytest.approx([0.75, 0.25, 0.0]) and weights(near, 0.1) == [1.0, 0.0, 0.0], "the blend is no longer than the gap"


@given(st.lists(st.floats(0.05, 5), min_size=1, max_size=8), st.floats(0, 45))
def test_weights_are_a_share_of_at_most_two_neighbours_and_never_jump(gaps: list[float], time: float) -> None:
    at, rows = 0.0, []
    for gap in gaps:
        rows.append((at, "x"))
        at += gap
    plan = moments(*rows)
    now, soon = weights(plan, time), weights(plan, time + 0.001)
    assert sum(now) == pytest.approx(1.0) and min(now) >= 0.0
    seen = [index for index, weight in enumerate(now) if weight > 0]
    assert len(seen) <= 2 and seen == list(range(seen[0], seen[-1] + 1))
    steepest = 1 / min([BLEND_SECONDS, *gaps])
    assert max(abs(a - b) for a, b in zip(now, soon, strict=True)) <= 0.001 * steepest * 2 + 1e-6, "a hard cut jumps by 1"


@given(st.integers(2, 300), st.sampled_from(["none", "loop", "boomerang"]))
def test_a_loop_closes(frames: int, loop: str) -> None:
    timeline = Timeline(frames, loop)
    shown = [timeline.shown(index) for index in range(frames)]
    assert all(sum(weight for _, weight in parts) == pytest.approx(1.0) and all(0 <= which < timeline.needed for which, _ in parts) for parts in shown)
    where = [max(parts, key=lambda part: part[1])[0] for parts in shown]
    match loop:
        case "none":
            assert where == list(range(frames)), "played again it jumps back by the whole clip"
        case "boomerang":
            assert where[0] == 0 and where[-1] == 1 and max(abs(a - b) for a, b in zip(where, where[1:], strict=False)) <= 1
        case "loop":
            assert shown[0] == [(frames, 1.0)] and shown[-1] == [(frames - 1, 1.0)], "frame 0 follows the last one"
