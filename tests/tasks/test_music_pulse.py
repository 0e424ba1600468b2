"""What pulses: positions that follow the music exactly, and what a frame does with a pulse."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.tasks.music_video.pictures import Walk
from engine.tasks.music_video.pulse import travel, values
from engine.tasks.music_video.request import Interval
from engine.tasks.music_video.screen import Screen, moved


def hits(count: int, every: int) -> np.ndarray:
    out = np.zeros(count)
    out[every::every] = 1.0
    return out


def test_positions_move_when_it_sounds_and_rest_between() -> None:
    pulse = hits(97, 12)
    place = travel(pulse)
    assert place[0] == 0.0 and place[-1] == 1.0
    steps = np.diff(place)
    assert (steps >= 0).all()
    assert np.corrcoef(steps, pulse[1:])[0, 1] > 0.99
    assert abs(np.corrcoef(np.diff(np.linspace(0, 1, 97)) + 1e-9 * np.random.default_rng(0).standard_normal(96), pulse[1:])[0, 1]) < 0.2


def test_silence_moves_evenly_and_one_huge_hit_does_not_take_all() -> None:
    assert np.allclose(travel(np.zeros(50)), np.linspace(0, 1, 50))
    pulse = 0.1 * hits(200, 10)
    pulse[100] = 50.0
    assert np.diff(travel(pulse)).max() < 0.3, "unlimited, the hit would take 0.96 of the way"
    rare = np.zeros(720)
    rare[[90, 300, 540]] = 1.0
    assert np.flatnonzero(np.diff(travel(rare)) > 0.1).tolist() == [89, 299, 539], "three hits in half a minute are three steps"
    assert np.allclose(travel(hits(60, 6), smooth=1.0), np.linspace(0, 1, 60))
    assert len(travel(np.ones(1))) == 1


@pytest.mark.parametrize("driver", ["percussive", "bass", "level", "voice"])
def test_a_short_hit_is_not_missed_between_frames(driver: str) -> None:
    rate, curve = 100.0, np.zeros(400)
    curve[123] = 1.0  # 1.235 s
    times = (np.arange(96) + 0.5) / 24
    found = values(driver, times, {driver: curve}, rate, np.zeros(0))  # type: ignore[arg-type]
    assert found.max() == 1.0
    assert abs(times[int(found.argmax())] - 1.235) < 1 / 24


def test_beats_pulse_at_beats() -> None:
    times = (np.arange(48) + 0.5) / 24
    found = values("beats", times, {}, 100.0, np.array([0.5, 1.0, 1.5]))
    assert (found[[12, 24, 36]] > 0.6).all()
    assert (found[[10, 22, 34]] < 0.4).all()
    assert (values("linear", times, {}, 100.0, np.zeros(0)) == 1).all()


def ramp_walk(count: int = 5) -> Walk:
    """Pictures whose brightness rises evenly along the way, with stripes for the flow to hold on to."""
    stripes = np.indices((48, 48)).sum(0) // 6 % 2 * 20
    return Walk(np.stack([np.repeat((stripes + 40 * k)[..., None], 3, 2).astype(np.uint8) for k in range(count)]), np.linspace(0, 1, count))


def screen(pattern: str, target: str, pulse: np.ndarray, **extra: object) -> Screen:
    interval = Interval.model_validate({"start": 0, "end": len(pulse) / 24, "pattern": pattern, "target": target, **extra})
    return Screen(interval, pulse, np.arange(len(pulse)) // 12 + 1.0, 24.0, 0.0, ramp_walk())


def shown(made: Screen) -> np.ndarray:
    return np.stack([made.frame(k) for k in range(len(made.pulse))]).astype(int)


def test_a_transition_goes_from_its_start_to_its_end_exactly() -> None:
    pulse = np.zeros(49)
    pulse[[5, 9, 17, 22, 24, 31, 40, 46]] = 1.0  # irregular, so that nothing regular can follow it by chance
    frames = shown(screen("transition", "progress", pulse))
    walk = ramp_walk()
    assert (frames[0] == walk.pictures[0]).all() and (frames[-1] == walk.pictures[-1]).all()
    change = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    assert np.corrcoef(change, pulse[1:])[0, 1] > 0.7
    even = shown(screen("transition", "progress", np.ones(49), driver="linear"))
    assert abs(np.corrcoef(np.abs(np.diff(even, axis=0)).mean(axis=(1, 2, 3)), pulse[1:])[0, 1]) < 0.2


def test_a_held_picture_pulses_and_comes_back_and_a_frozen_one_does_not() -> None:
    held = shown(screen("hold", "progress", hits(48, 8)))
    assert (held[0] == held[7]).all() and np.abs(held[8] - held[7]).mean() > 20 and (held[9] == held[7]).all()
    frozen = shown(screen("freeze", "progress", hits(48, 8)))
    assert (frozen == frozen[0]).all()


def test_cuts_fall_on_bars() -> None:
    frames = shown(screen("cut", "progress", hits(48, 8)))
    change = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    assert set(np.flatnonzero(change > 1) + 1) == {12, 24, 36}


@pytest.mark.parametrize("target", ["zoom", "shake", "brightness", "colour"])
def test_each_target_changes_the_picture_with_the_pulse_alone(target: str) -> None:
    rng = np.random.default_rng(0)
    picture = np.kron(rng.integers(30, 220, (6, 6, 3), dtype=np.uint8), np.ones((10, 10, 1), np.uint8))
    assert (moved(picture, target, 0.0, 3) == picture).all()
    weak, strong = (np.abs(moved(picture, target, much, 3).astype(int) - picture).mean() for much in (0.3, 1.0))
    assert 0.5 < weak < strong


def test_light_that_changes_is_mixed_and_things_that_move_are_moved() -> None:
    rng = np.random.default_rng(3)
    cloth = cv2.GaussianBlur(rng.integers(0, 255, (96, 116, 3), dtype=np.uint8), (0, 0), 2.0)
    one, shifted = np.ascontiguousarray(cloth[:, 4:100]), np.ascontiguousarray(cloth[:, 12:108])
    dusk = (one * np.array([1.0, 0.6, 0.4])).astype(np.uint8)
    between = Walk(np.stack([one, dusk]), np.array([0.0, 1.0])).at(0.5).astype(int)
    assert np.abs(between - (one.astype(int) + dusk) / 2).max() <= 1
    half = Walk(np.stack([one, shifted]), np.array([0.0, 1.0])).at(0.5).astype(int)
    truth = cloth[:, 8:104].astype(int)
    assert np.abs(half - truth)[8:-8, 12:-12].mean() < 0.3 * np.abs((one.astype(int) + shifted) / 2 - truth)[8:-8, 12:-12].mean(), "mixing them would blur"
