"""A film for an editing program: every clip at the film's size and rate, sound stems, subtitles, and the cut as OpenTimelineIO and FCPXML, in one folder that can be moved.

A transition is centred on its cut, as editing programs have it: the cut stands in the middle of the film's own transition, and both clips reach beyond it by half of its length
(an odd number of frames loses one). What an editor can do better is left to it: colours are not matched, no captions are burnt in, and every transition is a dissolve, named after ours.
"""

from __future__ import annotations

import importlib.util
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine.errors import UnreadableMedia
from engine.media.disk import whole_file
from engine.media.joining import Chapter, Mould
from engine.media.probe import probe
from engine.media.writer import ClipWriter
from engine.movie.film.assemble import chapters, shot, start_of
from engine.movie.film.captions import Cue, write_captions
from engine.movie.film.titles import title_card
from engine.movie.plan import Plan, Scene
from engine.movie.timing import Timeline
from engine.settings import Settings
from engine.task import Note, Progress

FCPXML_VERSION = "1.10"
_DISSOLVE_UID = "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"
"""Final Cut's own Cross Dissolve; other programs go by its name."""
_TITLE = "clips/00-title.mp4"
_ROLES = {"narration": "dialogue", "speech": "dialogue", "voice": "dialogue", "music": "music", "effects": "effects", "ambience": "effects"}


@dataclass(frozen=True)
class Piece:
    """One element of the picture track, in frames: from `start` for `frames`, showing its clip from `begin` on. clip: its place in the folder, empty for a gap.

    into: name of the transition from the piece before, whose `half` frames lie on each side of `start`. media: frames that the clip has.
    """

    name: str
    clip: str
    start: int
    frames: int
    begin: int = 0
    media: int = 0
    into: str = "cut"
    half: int = 0
    note: str = ""


@dataclass(frozen=True)
class Stem:
    """A sound over the whole film. frames: how many frames of the film it lasts; role: dialogue, music or effects."""

    name: str
    file: str
    frames: int
    role: str
    rate: int
    channels: int


@dataclass(frozen=True)
class Cut:
    """All that an editing program is told. frames: the film's length."""

    title: str
    fps: int
    size: tuple[int, int]
    frames: int
    pieces: tuple[Piece, ...]
    stems: tuple[Stem, ...]
    chapters: tuple[Chapter, ...]


def cut_of(plan: Plan, timeline: Timeline, have: Sequence[str], size: tuple[int, int], stems: Sequence[Stem] = ()) -> Cut:
    """The cut of a film. have: ids of the scenes that have a clip; the others are gaps."""
    shots: list[tuple[str, str, int, int, str, int, str]] = []
    if timeline.title:
        shots.append((plan.title, _TITLE, 0, timeline.title + timeline.title_tail, "cut", 0, ""))
    for number, slot in enumerate(timeline.slots, 1):
        scene = slot.scene
        clip = _clip_of(number, scene) if scene.id in have else ""
        shots.append((scene.heading or f"Scene {number}", clip, slot.start, slot.needed, scene.transition, slot.blend, scene.prompt))
    halves = [blend // 2 if clip and number and shots[number - 1][1] else 0 for number, (_, clip, _, _, _, blend, _) in enumerate(shots)]
    # A dissolve over a gap cannot be had: the cut stands where the scene begins.
    cuts = [start + half for (_, _, start, *_), half in zip(shots, halves, strict=True)] + [timeline.frames]
    pieces = tuple(
        Piece(name, clip, cuts[n], cuts[n + 1] - cuts[n], cuts[n] - start, media, kind if halves[n] else "cut", halves[n], note)
        for n, (name, clip, start, media, kind, _, note) in enumerate(shots)
    )
    return Cut(plan.title, timeline.fps, size, timeline.frames, pieces, tuple(stems), tuple(chapters(plan, timeline)))


def hand_over(
    folder: Path,
    plan: Plan,
    timeline: Timeline,
    clips: Mapping[str, Path],
    *,
    size: tuple[int, int],
    settings: Settings,
    stems: Mapping[str, Path] | None = None,
    cues: Sequence[Cue] = (),
    checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[Progress | Note]:
    """Fill `folder`, which is made when it is missing: clips/, stems/, film.srt and film.vtt (when there are cues), film.otio, film.fcpxml, README.txt.

    clips: scene id -> clip, as `assemble` takes them; a scene without one becomes a gap. stems: name (narration, music, ...) -> sound file of the whole film. A clip that is as the film
    needs it is copied, any other is written anew. Without the package opentimelineio film.otio is left out, with a note. Raises what reading and writing media raise.
    """
    (folder / "clips").mkdir(parents=True, exist_ok=True)
    have = [slot.scene.id for slot in timeline.slots if slot.scene.id in clips]
    total = len(have) + bool(timeline.title)
    done = 0
    if timeline.title:
        count = timeline.title + timeline.title_tail
        _write(folder / _TITLE, title_card(plan.title, plan.palette, size, timeline.fps, count, seed=plan.seed), timeline.fps, checkpoint)
        done += 1
        yield Progress("hand-over", done, total)
    mould = Mould(size, Fraction(timeline.fps), settings)
    for number, slot in enumerate(timeline.slots, 1):
        if slot.scene.id not in clips:
            continue
        checkpoint()
        target = folder / _clip_of(number, slot.scene)
        source = clips[slot.scene.id]
        if start_of(slot.scene) == 0 and mould.fits(source, slot.needed):
            with whole_file(target) as temporary:
                shutil.copyfile(source, temporary)
        else:
            _write(target, (look() for look in shot(slot, source, size, timeline.fps, settings)), timeline.fps, checkpoint)
        done += 1
        yield Progress("hand-over", done, total)
    made = [_stem(name, file, folder, timeline, settings) for name, file in (stems or {}).items()]
    cut = cut_of(plan, timeline, have, size, made)
    if cues:
        write_captions(folder, "film", cues)
    _write_text(folder / "film.fcpxml", fcpxml(cut))
    if importlib.util.find_spec("opentimelineio") is not None:
        _write_text(folder / "film.otio", otio_timeline(cut).to_json_string(indent=2))
    else:
        yield Note("film.otio was left out: the package opentimelineio is not installed (pip install opentimelineio).")
    _write_text(folder / "README.txt", _readme(cut, bool(cues)))


def otio_timeline(cut: Cut) -> Any:
    """The cut as an `opentimelineio.schema.Timeline`: one picture track, one track a stem, chapters as markers of the picture track. Media are named by relative paths."""
    import opentimelineio as otio

    def time(frames: int) -> Any:
        return otio.opentime.RationalTime(frames, cut.fps)

    def span(start: int, frames: int) -> Any:
        return otio.opentime.TimeRange(time(start), time(frames))

    timeline = otio.schema.Timeline(cut.title, global_start_time=time(0))
    pictures = otio.schema.Track("Pictures", kind=otio.schema.TrackKind.Video)
    for piece in cut.pieces:
        if piece.half:
            dissolve = otio.schema.Transition(
                piece.into, otio.schema.TransitionTypes.SMPTE_Dissolve, in_offset=time(piece.half), out_offset=time(piece.half), metadata={"kinora": {"transition": piece.into}}
            )
            pictures.append(dissolve)
        if not piece.clip:
            pictures.append(otio.schema.Gap(name=piece.name, duration=time(piece.frames)))
            continue
        media = otio.schema.ExternalReference(quote(piece.clip), available_range=span(0, piece.media))
        pictures.append(otio.schema.Clip(piece.name, media, span(piece.begin, piece.frames), metadata={"kinora": {"prompt": piece.note}}))
    for chapter in cut.chapters:
        pictures.markers.append(otio.schema.Marker(chapter.title, marked_range=span(chapter.start, chapter.end - chapter.start), color=otio.schema.MarkerColor.PURPLE))
    timeline.tracks.append(pictures)
    for stem in cut.stems:
        track = otio.schema.Track(stem.name, kind=otio.schema.TrackKind.Audio)
        media = otio.schema.ExternalReference(quote(stem.file), available_range=span(0, stem.frames))
        track.append(otio.schema.Clip(stem.name, media, span(0, min(stem.frames, cut.frames)), metadata={"kinora": {"role": stem.role}}))
        if stem.frames < cut.frames:
            track.append(otio.schema.Gap(duration=time(cut.frames - stem.frames)))
        timeline.tracks.append(track)
    return timeline


def fcpxml(cut: Cut) -> str:
    """The cut as FCPXML (Apple, "FCPXML Reference", version 1.10), which Final Cut Pro and DaVinci Resolve read. Stems are connected below the first element."""

    def time(frames: int) -> str:
        return f"{frames * 100}/{cut.fps * 100}s" if frames else "0s"

    root = ET.Element("fcpxml", version=FCPXML_VERSION)
    resources = ET.SubElement(root, "resources")
    width, height = cut.size
    ET.SubElement(resources, "format", id="r1", frameDuration=time(1), width=str(width), height=str(height), colorSpace="1-1-1 (Rec. 709)")
    ids: dict[str, str] = {}

    def asset(name: str, file: str, frames: int, **facts: str) -> None:
        ids[file] = f"r{len(ids) + 2}"
        made = ET.SubElement(resources, "asset", {"id": ids[file], "name": name, "start": "0s", "duration": time(frames), **facts})
        ET.SubElement(made, "media-rep", kind="original-media", src=f"./{quote(file)}")

    for piece in cut.pieces:
        if piece.clip:
            asset(piece.name, piece.clip, piece.media, hasVideo="1", format="r1", videoSources="1")
    for stem in cut.stems:
        asset(stem.name, stem.file, stem.frames, hasAudio="1", audioSources="1", audioChannels=str(stem.channels), audioRate=str(stem.rate))
    dissolve = f"r{len(ids) + 2}"
    if any(piece.half for piece in cut.pieces):
        ET.SubElement(resources, "effect", id=dissolve, name="Cross Dissolve", uid=_DISSOLVE_UID)
    event = ET.SubElement(ET.SubElement(root, "library"), "event", name="Kinora")
    project = ET.SubElement(event, "project", name=cut.title)
    sequence = ET.SubElement(project, "sequence", format="r1", duration=time(cut.frames), tcStart="0s", tcFormat="NDF", audioLayout="stereo", audioRate="48k")
    spine = ET.SubElement(sequence, "spine")
    for number, piece in enumerate(cut.pieces):
        if piece.half:
            over = ET.SubElement(spine, "transition", name="Cross Dissolve", offset=time(piece.start - piece.half), duration=time(2 * piece.half))
            ET.SubElement(over, "filter-video", ref=dissolve, name="Cross Dissolve")
        where = {"name": piece.name, "offset": time(piece.start), "start": time(piece.begin), "duration": time(piece.frames)}
        shown = {"ref": ids[piece.clip], "format": "r1", "tcFormat": "NDF"} if piece.clip else {}
        element = ET.SubElement(spine, "asset-clip" if piece.clip else "gap", {**shown, **where})
        if piece.note:
            ET.SubElement(element, "note").text = piece.note
        # The schema wants connected clips before markers.
        for lane, stem in enumerate(cut.stems if number == 0 else (), 1):
            length = time(min(stem.frames, cut.frames))
            ET.SubElement(element, "asset-clip", ref=ids[stem.file], lane=str(-lane), name=stem.name, offset=time(piece.begin), start="0s", duration=length, audioRole=stem.role)
        ET.SubElement(element, "chapter-marker", start=time(piece.begin), duration=time(1), value=piece.name, posterOffset="0s")
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{ET.tostring(root, encoding="unicode")}\n'


def _clip_of(number: int, scene: Scene) -> str:
    """The place in the folder of the film's scene of that number, from 1."""
    return f"clips/{number:02d}-{scene.id}.mp4"


def _write(path: Path, frames: Iterator[Any], fps: int, checkpoint: Callable[[], None]) -> None:
    with ClipWriter(path, fps=fps) as writer:
        for frame in frames:
            checkpoint()
            writer.write(frame)


def _write_text(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _stem(name: str, file: Path, folder: Path, timeline: Timeline, settings: Settings) -> Stem:
    facts = probe(file, settings)
    if not facts.has_audio:
        raise UnreadableMedia(f"the stem {name} has no sound", why=file.name, fix="choose a sound")
    plain = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in name.lower()) or "stem"
    target = f"stems/{plain}{file.suffix.lower()}"
    (folder / "stems").mkdir(exist_ok=True)
    with whole_file(folder / target) as temporary:
        shutil.copyfile(file, temporary)
    frames = max(1, round(facts.audio_duration * timeline.fps))
    return Stem(name, target, frames, _ROLES.get(plain, "effects"), facts.sample_rate, facts.channels)


def _readme(cut: Cut, captions: bool) -> str:
    width, height = cut.size
    lines = [
        f"{cut.title}: {cut.frames / cut.fps:g} s, {width}x{height}, {cut.fps} frames a second.",
        "",
        "film.fcpxml  the cut for Final Cut Pro (File > Import > XML) and DaVinci Resolve (File > Import > Timeline)",
        "film.otio    the same for every program that reads OpenTimelineIO (Resolve, Premiere Pro, Avid, Blender, Hiero and others)",
        "clips/       every scene at the film's size and rate; they reach into their transitions",
    ]
    lines += ["stems/       the sounds of the whole film, one file each; together they are the film's sound"] if cut.stems else []
    lines += ["film.srt     what is said, as subtitles; film.vtt the same for web pages"] if captions else []
    lines += [
        "",
        "Both files name the media by relative paths: keep them beside clips/ and stems/. If a program asks for missing media, show it this folder.",
        "Every transition is a dissolve here, whatever it is in the film; colours are not matched, captions are not burnt in, and the end does not fade.",
    ]
    gaps = [piece.name for piece in cut.pieces if not piece.clip]
    lines += ["", f"Scenes that are not made yet are gaps: {', '.join(gaps)}."] if gaps else []
    return "\n".join(lines) + "\n"
