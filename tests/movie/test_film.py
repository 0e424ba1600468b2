"""The film's pictures: every frame where it should be, however its clip came; titles, captions, stills; packets copied where nothing touches them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from engine.errors import Cancelled, InvalidInput, StudioError
from engine.media.images import write_image
from engine.media.packets import open_packets
from engine.media.probe import probe
from engine.media.provenance import stamp
from engine.media.video import open_video
from engine.media.writer import Coding
from engine.movie.film.assemble import assemble, chapters
from engine.movie.film.captions import LINE_SIGNS, READING_SPEED, BurntCaptions, Cue, cues_of, srt, vtt, write_captions
from engine.movie.film.fit import fitted
from engine.movie.film.framing import framed
from engine.movie.film.lettering import HOUSE_FONT, lettered, lines_of
from engine.movie.film.lettering import fitted as set_text
from engine.movie.film.light import mixed
from engine.movie.film.picture import moving_picture
from engine.movie.film.titles import title_card
from engine.movie.plan import Plan, film_size
from engine.movie.timing import timeline
from engine.settings import Settings
from tests.movie.reels import SIZE, film, level, numbered, write
from tests.waves import write_wave

SETTINGS = Settings()
DARK, BRIGHT = 30, 120
"""Grey levels at which the two kinds of scenes begin."""


@pytest.fixture(scope="module")
def reels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Clips of 30 numbered frames at 24 frames a second, one dark, one bright; 24 frames as the film's own writer makes them; others of other rates."""
    folder = tmp_path_factory.mktemp("reels")
    return {
        "dark": write(folder / "dark.mp4", numbered(30, base=DARK)),
        "bright": write(folder / "bright.mp4", numbered(30, base=BRIGHT)),
        "alike": write(folder / "alike.mp4", numbered(24, base=BRIGHT), crf=18),
        "fast": write(folder / "fast.mp4", numbered(60, base=DARK, step=4), fps=60),
        "slow": write(folder / "slow.mp4", numbered(12, base=DARK, step=4), fps=12),
        "pal": write(folder / "pal.mp4", numbered(50, base=DARK, step=4), fps=25),
        "sound": write_wave(folder / "sound.wav", np.stack([0.3 * np.sin(np.arange(3 * 48000) * 0.05)] * 2, axis=1).astype(np.float32), 48000),
    }


def made(plan: Plan, clips: dict[str, Path], out: Path, sound: Path | None = None, **options: object) -> list[np.ndarray]:
    """The film's frames, read back."""
    steps = list(assemble(plan, timeline(plan), clips, sound, out, size=SIZE, settings=SETTINGS, coding=Coding(crf=4), **options))  # type: ignore[arg-type]
    assert [one.name for one in out.parent.iterdir() if one.name.startswith(".")] == []
    assert (steps[-1].stage, steps[-1].done, steps[-1].total) == ("film", timeline(plan).frames, timeline(plan).frames)
    with open_video(out, SETTINGS) as reader:
        return list(reader)


def chapters_in(path: Path) -> list[tuple[str, int, int]]:
    """Title, first frame and end of each chapter, as a player reads them."""
    with av.open(str(path)) as file:
        return [(one["metadata"]["title"], *(round(one[end] * one["time_base"] * 24) for end in ("start", "end"))) for one in file.chapters()]


def test_every_frame_is_where_the_plan_puts_it(reels: dict[str, Path], tmp_path: Path) -> None:
    plan = film([{"transition": "cross-fade", "heading": "One"}, {"transition": "cut"}, {"transition": "cross-fade", "heading": "Three"}], title_seconds=0.5)
    clock = timeline(plan)
    frames = made(plan, {"s0": reels["dark"], "s1": reels["bright"], "s2": reels["dark"]}, tmp_path / "film.mp4", reels["sound"])
    assert len(frames) == clock.frames == 84
    for slot, base in zip(clock.slots, (DARK, BRIGHT, DARK), strict=True):
        for number in range(slot.blend, slot.frames - (clock.ending if slot is clock.slots[-1] else 0)):
            assert abs(level(frames[slot.start + number]) - (base + 2 * number)) < 1.5, f"{slot.scene.id}, frame {number}"
    # In the cross-fade both run on: frame 2 of six is two fifths of the way from frame 26 of the one to frame 2 of the other, in light.
    last = clock.slots[2]
    flat = [np.full((2, 2, 3), value, np.uint8) for value in (BRIGHT + 2 * (24 + 2), DARK + 2 * 2)]
    assert abs(level(frames[last.start + 2]) - mixed(flat[0], flat[1], 2 / 5)[0, 0, 0]) < 2
    assert level(frames[-1]) < 3 and level(frames[-1 - clock.ending]) > 60
    facts = probe(tmp_path / "film.mp4", SETTINGS)
    assert facts.tags["title"] == "The boat" and facts.has_audio
    with av.open(str(tmp_path / "film.mp4")) as file:
        ends = [max((packet.pts + packet.duration) * packet.time_base for packet in file.demux(stream) if packet.pts is not None) for stream in (file.streams.video[0],)]
    assert abs(float(ends[0]) - facts.audio_duration) < 1 / 24 and abs(facts.audio_duration - clock.frames / 24) < 1 / 24
    wanted = [(one.title, one.start, one.end) for one in chapters(plan, clock)]
    assert chapters_in(tmp_path / "film.mp4") == wanted == [("The boat", 0, 12), ("One", 12, 36), ("Scene 2", 36, 60), ("Three", 60, 84)]
    stamp(tmp_path / "film.mp4", {"made": "so"})
    assert chapters_in(tmp_path / "film.mp4") == wanted  # settings that are put into the file later leave them


def test_untouched_scenes_are_copied_byte_for_byte_and_touched_ones_are_not(reels: dict[str, Path], tmp_path: Path) -> None:
    """s0 has a caption, s1 and s2 are as they are, s3 runs on under a wipe, s4 comes with it."""
    out, clip = tmp_path / "film.mp4", reels["alike"]
    plan = film([{}, {}, {}, {}, {"transition": "wipe"}], title_seconds=0.5)
    clips = {**{f"s{n}": clip for n in range(4)}, "s4": reels["dark"]}
    list(assemble(plan, timeline(plan), clips, reels["sound"], out, size=SIZE, settings=SETTINGS, captions=[Cue(0.6, 1.2, ("Ahoy",))]))
    with open_packets(out, SETTINGS) as reader:
        packets, even = list(reader), reader.is_even(Fraction(24))
    with open_packets(clip, SETTINGS) as reader:
        own = list(reader)
    assert len(packets) == 12 + 5 * 24 and even
    copied = [[one.data for one in packets[first : first + 24]] == [one.data for one in own] for first in (12, 36, 60, 84, 108)]
    assert copied == [False, True, True, False, False]
    assert all(one.dts < two.dts for one, two in zip(packets, packets[1:], strict=False)) and all(one.pts >= one.dts for one in packets)
    with open_video(out, SETTINGS) as film_reader, open_video(clip, SETTINGS) as clip_reader:
        frames, wanted = list(film_reader), list(clip_reader)
    assert len(frames) == 132 and all(np.array_equal(frames[36 + 24 * scene + n], wanted[n]) for scene in range(2) for n in range(24))
    assert np.abs(frames[12 + 8].astype(int) - wanted[8]).max() > 60 and np.abs(frames[12 + 20].astype(int) - wanted[20]).max() < 12  # Ahoy, and gone


CUT = Coding(crf=4, preset="ultrafast", cut_every=6, aac_coder="fast")


def test_of_a_clip_that_may_be_cut_only_transitions_are_composed(reels: dict[str, Path], tmp_path: Path) -> None:
    """The same film as from clips that are composed whole, with most packets copied; s1 is too short for what follows it, and comes to rest."""
    scenes = [{"transition": "cross-fade"}, {}, {"transition": "fade through black", "blend": 0.5}, {"transition": "wipe"}]
    plan = film([{**scene, "line": "Ahoy"} for scene in scenes], title_seconds=0.5)  # with a line: no clip is stretched
    clips = {f"s{n}": write(tmp_path / f"{n}.mp4", numbered(32, base=DARK + 10 * n), coding=CUT) for n in range(4)}
    clips["s1"] = write(tmp_path / "short.mp4", numbered(26, base=DARK), coding=CUT)
    steps = {"size": SIZE, "settings": SETTINGS, "coding": CUT}
    captions = [Cue(3.0, 3.1, ("Ahoy",))]
    for name, ours in (("whole.mp4", ()), ("cut.mp4", tuple(clips))):
        list(assemble(plan, timeline(plan), clips, reels["sound"], tmp_path / name, captions=captions, ours=ours, **steps))  # type: ignore[arg-type]
    with open_video(tmp_path / "whole.mp4", SETTINGS) as one, open_video(tmp_path / "cut.mp4", SETTINGS) as two:
        wanted, found = list(one), list(two)
    assert len(found) == len(wanted) == timeline(plan).frames == 108
    # Encoded once instead of twice: up to 3 levels at crf 4. A frame that is one place off is 2 levels off everywhere.
    assert max(abs(level(a) - level(b)) for a, b in zip(wanted, found, strict=True)) < 0.6
    assert max(float(np.abs(a.astype(int) - b).mean()) for a, b in zip(wanted, found, strict=True)) < 1.0
    with open_packets(tmp_path / "cut.mp4", SETTINGS) as reader:
        data = [one.data for one in reader]
    # Of 24 frames each: not the transitions, not what rests (from frame 17 of s1 on), not the caption (12 to 15 of s2), not the film's end (from frame 16 of s3 on).
    for slot, (first, last) in zip(timeline(plan).slots, [(6, 24), (0, 12), (18, 24), (6, 12)], strict=True):
        with open_packets(clips[slot.scene.id], SETTINGS, ours=True) as reader:
            own = [one.data for one in reader]
        same = [data[slot.start + n] == own[n] for n in range(24)]
        assert all(same[first:last]) and not any(same[:first:6] + same[last::6]), f"{slot.scene.id}: {same}"
    facts = probe(tmp_path / "cut.mp4", SETTINGS)
    assert abs(facts.audio_duration - facts.duration) < 1 / 24


def test_colours_are_matched_across_a_cut(reels: dict[str, Path], tmp_path: Path) -> None:
    plan = film([{}, {}], title_seconds=0.0)
    frames = made(plan, {"s0": reels["bright"], "s1": reels["dark"]}, tmp_path / "film.mp4", match=1.0)
    jump = abs(level(frames[24]) - level(frames[23]))
    assert jump < 0.6 * ((BRIGHT + 46) - DARK)  # both rise by 46 within themselves, which stays
    steps = np.diff([level(frame) for frame in frames[:24]])
    assert (steps > 0).all() and steps.std() < 1  # one curve for the whole scene: no flicker


def test_a_stopped_film_keeps_what_is_finished(reels: dict[str, Path], tmp_path: Path) -> None:
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls > 40:
            raise Cancelled

    plan = film([{}, {}], title_seconds=0.5)
    with pytest.raises(Cancelled):
        made(plan, {"s0": reels["alike"], "s1": reels["dark"]}, tmp_path / "film.mp4", reels["sound"], checkpoint=stop)
    facts = probe(tmp_path / "film.mp4", SETTINGS)
    assert 36 < facts.frame_count < 60 and abs(facts.audio_duration - facts.duration) < 1 / 24
    assert [one.name for one in tmp_path.iterdir()] == ["film.mp4"]


def test_what_is_missing_or_broken_is_named(reels: dict[str, Path], tmp_path: Path) -> None:
    plan = film([{}, {}])
    with pytest.raises(InvalidInput, match="scene s1 has no clip"):
        made(plan, {"s0": reels["dark"]}, tmp_path / "film.mp4")
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(reels["dark"].read_bytes()[:700])
    with pytest.raises(StudioError, match="bad.mp4"):
        made(plan, {"s0": reels["dark"], "s1": bad}, tmp_path / "film.mp4")
    late = film([{"source": {"kind": "file", "file": str(reels["dark"]), "start": 100.0}}])
    with pytest.raises(StudioError):
        made(late, {"s0": reels["dark"]}, tmp_path / "film.mp4")
    assert [one.name for one in tmp_path.iterdir()] == ["bad.mp4"]


def levels(path: Path, count: int, **options: object) -> list[float]:
    frames = list(fitted(path, SETTINGS, count=count, size=SIZE, fps=24, **options))  # type: ignore[arg-type]
    assert len(frames) == count and all(frame.shape == (54, 96, 3) for frame in frames)
    return [level(frame) for frame in frames]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("dark", lambda n: n),  # the film's own rate: frame for frame
        ("fast", lambda n: 5 * n),  # 60 to 24: between two frames, both
        ("pal", lambda n: 2 * n * 25 / 24),
        ("slow", lambda n: 2 * (n // 2)),  # 12 to 24: drawn on twos (levels rise by 4 there)
    ],
)
def test_clips_of_any_rate_are_in_time(reels: dict[str, Path], name: str, place: Callable[[int], float]) -> None:
    found = levels(reels[name], 22)
    # H.264 keeps a grey level to one; showing the nearest frame would be up to two off in two of them.
    assert max(abs(value - (DARK + 2 * place(n))) for n, value in enumerate(found)) < 1.4


def test_blending_keeps_motion_where_showing_the_nearest_frame_stutters(tmp_path: Path) -> None:
    def square(at: float) -> np.ndarray:
        x = np.arange(96) + 0.5
        cover = np.clip(np.minimum(x + 0.5, at + 12) - np.maximum(x - 0.5, at), 0, 1)
        return np.repeat(np.repeat((20 + 200 * cover).astype(np.uint8)[None, :, None], 54, 0), 3, 2)

    path = write(tmp_path / "a.mp4", (square(10 + 1.5 * n) for n in range(30)), fps=30)
    frames = list(fitted(path, SETTINGS, count=20, size=SIZE, fps=24))
    places = []
    for frame in frames:
        weight = np.maximum(frame.mean(axis=(0, 2)) - 20, 0)
        places.append(float((weight * (np.arange(96) + 0.5)).sum() / weight.sum()))
    error = np.abs(np.array(places) - [16 + 1.5 * n * 30 / 24 for n in range(20)]).max()
    nearest = np.abs(np.array([16 + 1.5 * round(n * 30 / 24) for n in range(20)]) - [16 + 1.5 * n * 30 / 24 for n in range(20)]).max()
    assert nearest > 0.7 and error < 0.35 * nearest


def test_a_long_clip_is_cut_and_may_begin_later(reels: dict[str, Path]) -> None:
    assert abs(levels(reels["dark"], 10)[-1] - (DARK + 18)) < 1 and abs(levels(reels["dark"], 10, start=0.5)[0] - (DARK + 24)) < 1


def test_a_short_clip_comes_to_rest_and_the_camera_goes_on(reels: dict[str, Path]) -> None:
    frames = list(fitted(reels["dark"], SETTINGS, count=72, size=SIZE, fps=24))
    found = np.array([level(frame) for frame in frames])
    steps = np.diff(found)
    assert (steps > -0.6).all() and abs(found[-1] - (DARK + 58)) < 1.5  # playing it backwards would fall again
    assert abs(steps[:15].mean() - 2) < 0.2 and 0.2 < steps[24:32].mean() < 1.6  # slower and slower
    late = [frame[frame.shape[0] // 2 :].astype(float) for frame in (frames[50], frames[70])]
    assert np.abs(late[0] - late[1]).mean() > 0.5  # a frozen frame: 0


def test_a_loop_begins_again(tmp_path: Path) -> None:
    def wave(count: int) -> list[np.ndarray]:
        return [np.full((54, 96, 3), round(120 + 60 * np.sin(2 * np.pi * n / 24)), np.uint8) for n in range(count)]

    path = write(tmp_path / "a.mp4", iter(wave(24)))
    assert max(abs(value - float(frame.mean())) for value, frame in zip(levels(path, 60), wave(60), strict=True)) < 1.5


def test_a_clip_may_be_stretched_a_little(reels: dict[str, Path]) -> None:
    found = levels(reels["dark"], 32, stretch=True)
    assert abs(found[-1] - (DARK + 58)) < 1.5 and (np.diff(found) > 0.9).all() and found[1] < DARK + 2.5


def test_shapes() -> None:
    assert [film_size(shape, 768) for shape in ("wide", "square", "tall")] == [(768, 432), (768, 768), (432, 768)]
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[:, :50], picture[:, 150:] = (255, 0, 0), (0, 0, 255)
    picture[40:60, 90:110] = 255
    cut = framed(picture, (140, 100))
    assert cut.shape == (100, 140, 3) and abs(int((cut[20, :, 0] > 128).sum()) - 20) <= 1  # the middle 140 columns
    whole = framed(picture, (100, 200))
    band = whole[75:125]
    assert abs(int((band[4, :, 0] > 128).sum()) - 25) <= 1 and abs(int((band[4, :, 2] > 128).sum()) - 25) <= 1  # all of it, half as large
    assert whole[:70].any() and np.abs(np.diff(whole[20].astype(int), axis=0)).max() < 12  # before its blurred copy
    assert framed(cut, (140, 100)) is cut


def test_a_still_moves_by_parts_of_a_pixel_without_shimmer() -> None:
    grid = np.full((300, 500, 3), 30, np.uint8)
    cv2.circle(grid, (250 * 16, 150 * 16), 12 * 16, (230, 230, 230), -1, cv2.LINE_AA, 4)
    frames = list(moving_picture(grid, 61, (200, 120), "pan right"))
    centres = []
    for frame in frames:
        weight = np.maximum(frame[..., 0].astype(float) - 30, 0)
        centres.append((weight * np.arange(200)).sum() / weight.sum())
    steps = np.diff(centres)
    assert (steps < 0).all() and centres[0] - centres[-1] > 15  # the camera goes right, things go left
    smooth = np.convolve(steps, np.ones(7) / 7, mode="valid")
    assert np.abs(steps[3:-3] - smooth).max() < 0.05  # whole pixels: 0.5
    lines = np.zeros((480, 800, 3), np.uint8)
    lines[::2] = 255  # the finest lines there are
    found = [frame[40:80, 60:140].astype(float) for frame in moving_picture(lines, 20, (200, 120), "zoom in")]
    plain = [cv2.resize(lines[n : 480 - n, n : 800 - n], (200, 120), interpolation=cv2.INTER_LINEAR)[40:80, 60:140].astype(float) for n in range(0, 40, 2)]
    assert max(one.std() for one in found) < 0.3 * max(one.std() for one in plain)


@pytest.mark.parametrize("camera", ["zoom in", "zoom out", "tilt up", "still", "as written"])
def test_cameras_over_a_still(camera: str) -> None:
    rng = np.random.default_rng(0)
    picture = cv2.resize(rng.integers(0, 255, (20, 32, 3), np.uint8), (640, 400), interpolation=cv2.INTER_CUBIC)
    frames = list(moving_picture(picture, 12, (160, 90), camera))  # type: ignore[arg-type]
    moved = np.abs(frames[0].astype(int) - frames[-1]).mean()
    assert (moved < 0.01) if camera == "still" else (moved > 3)
    if camera == "zoom out":
        assert np.abs(frames[-1].astype(int) - list(moving_picture(picture, 12, (160, 90), "zoom in"))[0]).max() <= 1


def test_a_picture_is_a_shot(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png", np.full((200, 300, 3), 77, np.uint8))
    assert {round(value) for value in levels(path, 5, camera="zoom in")} == {77}


@pytest.mark.parametrize("size", [(256, 144), (144, 256), (160, 160)])
def test_a_title_card(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    palette = ("#25273b", "#ee5d36", "#ffd27a")
    frames = list(title_card("A little red boat looks for the moon", palette, size, 12, 24))
    assert len(list(title_card("\U0001f680", palette, size, 12, 2))) == 2  # no letters to show
    monkeypatch.setattr("engine.movie.film.titles._words", lambda *_: iter(()))
    bare = list(title_card("A little red boat looks for the moon", palette, size, 12, 24))
    assert len(frames) == 24 and frames[0].shape == (size[1], size[0], 3)
    changed = np.abs(frames[-1].astype(int) - bare[-1]).max(axis=2) > 40
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    assert changed.mean() > 0.01 and columns[0] > 0.04 * size[0] and columns[-1] < 0.96 * size[0] and rows[0] > 0.1 * size[1] and rows[-1] < 0.9 * size[1]
    letters = frames[-1][changed]
    assert np.percentile(letters.max(1), 90) > 215 and float(np.median(bare[-1])) < 110  # light on dark
    early = [np.abs(a.astype(int) - b).max(axis=2) > 40 for a, b in zip(frames[:4], bare[:4], strict=True)]
    assert early[0].sum() == 0 and np.abs(frames[0].astype(int) - frames[12]).mean() > 5  # words rise, sheets open
    assert np.abs(frames[-1].astype(int) - frames[-2]).mean() > 0.02  # and nothing stops dead


@pytest.mark.parametrize("text", ["Żółta łódź szuka księżyca", "Красная лодка", "小さな赤い船", "القارب الصغير", "Ελληνική βάρκα", "नाव", "🚀 to the 🌙!", "x" * 300, " "])
def test_no_letter_becomes_a_box(text: str) -> None:
    from PIL import ImageFont

    shown, path = lettered(text)
    font = ImageFont.truetype(str(path), 24)
    lacking = bytes(font.getmask("\U0010fffd"))
    assert all(bytes(font.getmask(sign)) != lacking for sign in shown if not sign.isspace())
    if path == HOUSE_FONT and text[0] in "小न":
        assert shown.isascii() and len(shown) > 2  # written in Latin letters
    block = set_text(text, 300, 120, most_lines=4, most_size=60)
    ink = np.flatnonzero(block.mask().any(0)) if block.words else np.zeros(1)
    assert ink[-1] - ink[0] <= 304


def test_lines_in_two_scripts_have_a_font_each() -> None:
    """What the first line cannot be set in must not make boxes of the second."""
    both, alone = lines_of(("Маяк 小さな", "القارب"), 40), lines_of(("القارب",), 40)
    second = both.mask()[round(1.16 * 40) + 9 :]
    ink = [int((one > 128).sum()) for one in (second, alone.mask())]
    assert abs(ink[0] - ink[1]) < 0.1 * ink[1]


def test_cues_can_be_read() -> None:
    long = "The little red boat wakes up far out on the dark water, and there is no moon at all. Where has it gone? It asks the whale, it asks the gulls, and nobody knows; so it sets out alone."
    cues = cues_of([(1.0, 13.0, long), (20.0, 20.3, "Home!"), (25, 26, "   "), (30, 29, "never"), (-5, 0, "before"), (58, 70, "The end.")], 60.0)
    assert " ".join(" ".join(cue.lines) for cue in cues) == long + " Home! The end."
    assert all(len(cue.lines) <= 2 and all(len(line) <= LINE_SIGNS for line in cue.lines) for cue in cues)
    assert all(sum(map(len, cue.lines)) / (cue.end - cue.start) <= READING_SPEED for cue in cues)
    assert all(one.end <= two.start for one, two in zip(cues, cues[1:], strict=False)) and cues[-1].end <= 60
    home = next(cue for cue in cues if cue.lines == ("Home!",))
    assert abs(home.end - home.start - 1.0) < 0.01  # said in 0.3 s, shown for one
    wide = cues_of([(0, 20, "小さな赤い船が月を探して、" * 8)], 20)
    assert all(len(line) <= LINE_SIGNS // 2 for cue in wide for line in cue.lines)
    text = srt(cues)
    assert text.startswith("1\n00:00:01,000 --> 00:00:") and text.count("-->") == len(cues) and "\n00:00:58,000 --> 00:01:00" in text
    assert srt([Cue(0, 1, ("<b>a</b> --> b",))]).count("<") == 0


def test_captions_for_the_web_say_the_same(tmp_path: Path) -> None:
    cues = [Cue(1.0, 2.5, ("Fish & chips", "<i>at</i> --> sea")), Cue(3661.04, 3662.0, ("Home!",))]
    assert vtt(cues).split("\n\n") == ["WEBVTT", "00:00:01.000 --> 00:00:02.500\nFish &amp; chips\n‹i›at‹/i› → sea", "01:01:01.040 --> 01:01:02.000\nHome!", ""]
    files = write_captions(tmp_path, "film", cues)
    assert files["subtitles"].read_text(encoding="utf-8") == srt(cues) and files["web_subtitles"].name == "film.vtt" and files["web_subtitles"].read_text(encoding="utf-8") == vtt(cues)


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (200, 200)])
def test_burnt_captions_stay_in_the_safe_area(size: tuple[int, int]) -> None:
    frame = np.full((size[1], size[0], 3), 128, np.uint8)
    cue = Cue(1.0, 2.0, ("The little red boat wakes up far out on th", "e dark water, and there is no moon at all."))
    burn = BurntCaptions([cue], size)
    assert burn(frame, 0.99) is frame and burn(frame, 2.0) is frame
    changed = burn(frame, 1.5) != 128
    rows, columns = np.flatnonzero(changed.any((1, 2))), np.flatnonzero(changed.any((0, 2)))
    assert columns[0] >= 0.03 * size[0] and columns[-1] <= 0.97 * size[0] and rows[-1] <= 0.96 * size[1] and rows[0] > 0.5 * size[1]
    white = np.full_like(frame, 255)
    seen = burn(white, 1.5)
    assert (seen.min(2) < 90).mean() > 0.02 and (seen != 255).any()  # the outline shows where the letters would not
    assert np.array_equal(burn(frame, 1.2), burn(frame, 1.8))


def test_decoders_of_many_scenes_do_not_run_at_once(reels: dict[str, Path], tmp_path: Path) -> None:
    plan = film([{"seconds": 0.5, "transition": "cross-fade" if n % 3 == 2 else "cut"} for n in range(5)], title_seconds=0.0, fps=12)
    clips = {f"s{n}": reels["slow"] for n in range(5)}
    most = 0
    for _ in assemble(plan, timeline(plan), clips, None, tmp_path / "film.mp4", size=SIZE, settings=SETTINGS):
        here = Path("/proc/self/task")
        children = sum(len(one.joinpath("children").read_text().split()) for one in here.iterdir()) if here.is_dir() else 0
        most = max(most, children)
    assert most <= 3 and probe(tmp_path / "film.mp4", SETTINGS).frame_count == 30
