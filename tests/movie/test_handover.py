"""Hand-over to editing programs: what opentimelineio reads back is the film's cut, and every file that is named is there, long enough for its transitions."""

from __future__ import annotations

import builtins
import importlib.util
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from engine.media.probe import probe
from engine.movie.film.captions import Cue
from engine.movie.handover import Stem, cut_of, fcpxml, hand_over, otio_timeline
from engine.movie.timing import Timeline, timeline
from engine.settings import Settings
from engine.task import Note, Progress
from tests.movie.reels import SIZE, film, numbered, write
from tests.waves import write_wave

otio = pytest.importorskip("opentimelineio")

SCENES = [{"heading": "A & <b>"}, {"transition": "cross-fade"}, {"transition": "wipe", "blend": 0.3}, {}, {"transition": "fade through black"}]
STEMS = (Stem("music", "stems/music.wav", 300, "music", 48000, 2), Stem("narration", "stems/narration.wav", 40, "dialogue", 48000, 1))


def test_the_cut_adds_up() -> None:
    plan = film(SCENES)
    clock = timeline(plan)
    cut = cut_of(plan, clock, [f"s{n}" for n in range(5)], SIZE)
    assert cut.pieces[0].start == 0 and all(one.start + one.frames == two.start for one, two in zip(cut.pieces, [*cut.pieces[1:]], strict=False))
    assert sum(one.frames for one in cut.pieces) == clock.frames == 132
    assert [one.half for one in cut.pieces] == [0, 0, 3, 3, 0, 3]  # six and seven frames; a cut has none
    for one, two in zip(cut.pieces, cut.pieces[1:], strict=False):
        # Both sides have pictures for their half of the transition, and each picture stands where the film has it.
        assert one.begin + one.frames + two.half <= one.media and two.begin >= two.half
    assert [one.start - one.begin for one in cut.pieces[1:]] == [slot.start for slot in clock.slots]


@pytest.mark.parametrize("have", [("s0", "s1", "s2", "s3", "s4"), ("s0", "s2", "s4"), ()])
@pytest.mark.parametrize("titled", [0.5, 0.0])
def test_opentimelineio_reads_both_files_back(have: tuple[str, ...], titled: float) -> None:
    plan = film(SCENES, title_seconds=titled)
    clock = timeline(plan)
    cut = cut_of(plan, clock, have, SIZE, STEMS)
    back = otio.adapters.read_from_string(otio_timeline(cut).to_json_string(), "otio_json")
    pictures, music, voice = back.tracks
    assert back.name == plan.title and back.duration() == otio.opentime.RationalTime(max(clock.frames, 0), 24)
    assert [(one.name, one.duration().value) for one in pictures if not isinstance(one, otio.schema.Transition)] == [(one.name, one.frames) for one in cut.pieces]
    assert [one.in_offset.value for one in pictures if isinstance(one, otio.schema.Transition)] == [one.half for one in cut.pieces if one.half]
    assert sum(isinstance(one, otio.schema.Gap) for one in pictures) == 5 - len(have)
    assert [(one.name, one.marked_range.start_time.value) for one in pictures.markers][-1] == ("Scene 5", clock.slots[-1].start)
    assert music.duration() == voice.duration() == back.duration()
    for clip in pictures.find_clips():
        # A transition needs pictures before and after what is shown.
        trimmed = pictures.trimmed_range_of_child(clip)
        assert trimmed.duration.value <= clip.available_range().duration.value and not clip.media_reference.target_url.startswith("/")
        assert clip.source_range.end_time_exclusive() <= clip.available_range().end_time_exclusive()

    spine = ET.fromstring(fcpxml(cut)).find(".//spine")
    assert spine is not None
    clips = [one for one in spine if one.tag != "transition"]
    assert [Fraction(one.attrib["offset"].rstrip("s")) * 24 for one in clips] == [one.start for one in cut.pieces]
    assert [Fraction(one.attrib["duration"].rstrip("s")) * 24 for one in clips] == [one.frames for one in cut.pieces]
    assets = {one.attrib["id"]: Fraction(one.attrib["duration"].rstrip("s")) for one in ET.fromstring(fcpxml(cut)).iter("asset")}
    assert {one.attrib["ref"] for one in spine.iter("asset-clip")} == set(assets)
    for over in spine.findall("transition"):
        length = Fraction(over.attrib["duration"].rstrip("s")) * 24
        assert Fraction(over.attrib["offset"].rstrip("s")) * 24 + length / 2 in [one.start for one in cut.pieces]
    if have and importlib.util.find_spec("otio_fcpx_xml_adapter") is not None:  # of gaps alone it makes no track
        read = otio.adapters.read_from_string(fcpxml(cut), "fcpx_xml")[0]
        track = next(one for one in read.tracks if one.name == "0")
        assert track.duration().value == clock.frames
        assert [one.duration().value for one in track if not isinstance(one, otio.schema.Transition)] == [one.frames for one in cut.pieces]


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Timeline, list[Progress | Note], Path]:
    """A folder that was handed over: one scene's clip is as the film needs it, one has another rate and shape, one is not made."""
    folder = tmp_path_factory.mktemp("hand-over")
    settings = Settings()
    alike = write(folder / "a.mp4", numbered(24), crf=18)
    other = write(folder / "b.mp4", numbered(40, (60, 60)), fps=30)
    music = write_wave(folder / "m.wav", np.zeros((5 * 8000, 2), np.float32), 8000)
    plan = film([{"heading": "One"}, {}, {"transition": "cross-fade"}])
    clock = timeline(plan)
    events = list(hand_over(folder / "out", plan, clock, {"s0": alike, "s2": other}, size=SIZE, settings=settings, stems={"Music, loud!": music}, cues=[Cue(1, 2, ("Ahoy",))]))
    return folder / "out", clock, events, alike


def test_the_folder_is_whole_and_can_be_moved(handed: tuple[Path, Timeline, list[Progress | Note], Path], tmp_path: Path) -> None:
    folder, clock, events, alike = handed
    assert [(one.done, one.total) for one in events if isinstance(one, Progress)] == [(1, 3), (2, 3), (3, 3)]
    moved = folder.rename(tmp_path / "elsewhere")
    back = otio.adapters.read_from_file(str(moved / "film.otio"))
    named = [moved / unquote(clip.media_reference.target_url) for clip in back.find_clips()]
    assert len(named) == 4 and all(one.is_file() for one in named)
    for clip in back.tracks[0].find_clips():
        facts = probe(moved / clip.media_reference.target_url, Settings())
        assert facts.frame_count == clip.available_range().duration.value and (facts.width, facts.height, facts.fps) == (*SIZE, 24)
    assert (moved / "clips/01-s0.mp4").read_bytes() == alike.read_bytes()  # copied
    sources = [one.attrib["src"] for one in ET.parse(moved / "film.fcpxml").iter("media-rep")]
    assert len(sources) == 4 and all((moved / one).is_file() and one.startswith("./") for one in sources)
    assert "Ahoy" in (moved / "film.srt").read_text() and "Ahoy" in (moved / "film.vtt").read_text() and "gaps: Scene 2" in (moved / "README.txt").read_text()
    assert not list(moved.rglob(".*"))
    moved.rename(folder)


def test_without_opentimelineio_the_rest_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, load = importlib.util.find_spec, builtins.__import__
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "opentimelineio" else found(name, *more))

    def refuse(name: str, *more: object, **extra: object) -> object:
        assert not name.startswith("opentimelineio")
        return load(name, *more, **extra)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)
    plan = film([{}], title_seconds=0.0)
    events = list(hand_over(tmp_path, plan, timeline(plan), {}, size=SIZE, settings=Settings()))
    assert any(isinstance(one, Note) and "opentimelineio" in one.text for one in events)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["README.txt", "clips", "film.fcpxml"]
