"""How a film is made: plan, scenes, sound, pictures, and the files around it. Each step takes what lies on the shelf and makes what is missing."""

from __future__ import annotations

import math
import shutil
import zipfile
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Cancelled, InvalidInput, StudioError
from engine.movie.plan import Plan, Scene
from engine.movie.timing import Timeline, timeline
from engine.parts import RunPart, clip_of, make, sweep
from engine.task import Event, Meter, Note, Result, Stage
from engine.tasks.movie.request import MovieRequest
from engine.tasks.movie.scenes import ANIMATIC_FPS, part_of, size_of, wanted
from engine.tasks.movie.sketches import SKETCHY, sketches, small_pictures
from engine.tasks.movie.soundtrack import InBackground, Soundtrack, soundtrack

if TYPE_CHECKING:
    from engine.context import RunContext
    from engine.movie.film.captions import Cue


def film(request: MovieRequest, run: RunContext) -> Iterator[Event]:
    """The events of a film, ending in its `Result`."""
    yield Stage("plan", "Writing the storyboard" if request.plan is None and request.project is None else "Reading the storyboard")
    plan, brought = the_plan(request, run)
    request = request.model_copy(update={"plan": plan})
    (run.directory / "plan.json").write_text(plan.model_dump_json(indent=1), encoding="utf-8")
    yield from (Note(note) for note in plan.notes)
    there = clips_there(request, plan, brought, run)

    if request.until == "scenes":
        made = yield from scenes_of(request, plan, brought, run)
        yield scenes_alone(made, run)
        return
    clock = timeline(shown(request, plan))
    # Where a face speaks, its clip is a part of the sound, which is mixed when all clips are there.
    speaks = request.until == "film" and any(scene.source.kind == "head" for scene in plan.scenes)
    with small_pictures() if request.until == "animatic" else nullcontext(), InBackground(request, plan, clock, there, run) if not speaks else nullcontext() as ahead:
        if request.until == "animatic":
            drawn = yield from sketches(plan, there, run)
        else:
            made = yield from scenes_of(request, plan, brought, run)
            drawn = {scene.id: made[scene.id, scene.take] for scene in plan.scenes if (scene.id, scene.take) in made}
        clips = drawn | there
        yield Stage("sound", "Mixing the sound")
        sound = yield from ahead.wait() if ahead is not None else soundtrack(request, plan, clock, clips, run)
    yield from together(request, plan, clock, clips, sound, run, sketched=frozenset(drawn) if request.until == "animatic" else frozenset())


def scenes_of(request: MovieRequest, plan: Plan, brought: dict[str, Path], run: RunContext) -> Generator[Event, None, dict[tuple[str, int], Path]]:
    """Make the clips that are asked for and were not brought by a project. Returns (scene id, take) -> clip; scenes that no model makes are not among them."""
    made: dict[tuple[str, int], Path] = {}
    chosen = wanted(request, plan)
    for index, (scene, take) in enumerate(chosen):
        run.checkpoint()
        yield Stage("scenes", f"Scene {index + 1} of {len(chosen)}")
        if scene.id not in brought and (part := part_of(request, plan, scene, take)) is not None:
            made[scene.id, take] = clip_of((yield from making(part, scene, plan, run)))
    sweep(run.settings)
    return made


def shown(request: MovieRequest, plan: Plan) -> Plan:
    """The plan as its pictures are joined: an animatic has fewer frames a second."""
    return plan.model_copy(update={"fps": ANIMATIC_FPS}) if request.until == "animatic" else plan


def the_plan(request: MovieRequest, run: RunContext) -> tuple[Plan, dict[str, Path]]:
    """The plan of a request, and the clips that a project zip brought with it (scene id -> clip)."""
    if request.plan is not None:
        return request.plan, {}
    if request.project is not None:
        from engine.movie.project import open_project

        return open_project(request.project, run.settings, run.directory / ".project")
    from engine.movie.planner import write_plan

    return write_plan(request, run.seed, run.settings, pool=run.pool, check=run.checkpoint).plan, {}


def making(part: RunPart, scene: Scene, plan: Plan, run: RunContext) -> Generator[Event, None, Path]:
    """Make a scene's clip; returns its folder on the shelf. A fault is told with the scene that it befell."""
    try:
        for event in make(part, run):
            if isinstance(event, Path):
                return event
            yield event
    except (StudioError, OSError) as error:
        place = f"scene {plan.scenes.index(scene) + 1}" + (f" ({scene.heading})" if scene.heading else "")
        if isinstance(error, StudioError):
            raise type(error)(f"{place}: {error.what}", why=error.why, fix=error.fix, field=error.field and f"plan.scenes[{plan.scenes.index(scene)}]") from error
        raise
    raise AssertionError("a part ends with its folder")


def clips_there(request: MovieRequest, plan: Plan, brought: dict[str, Path], run: RunContext) -> dict[str, Path]:
    """Scene id -> the clip or picture that is there already: of a project, of an earlier run, or a file; in an animatic a face that speaks is its picture.

    Raises `InvalidInput` for one that is gone, before anything is made.
    """
    found = dict(brought)
    made = ("text",) if request.until == "animatic" else ("text", "head")
    for index, scene in enumerate(plan.scenes):
        source = scene.source
        if scene.id in brought or source.kind in made:
            continue
        try:
            folder = run.results(source.run) if source.kind == "library" else None
            path = clip_of(folder) if folder is not None else source.file if source.kind == "file" else source.image
        except (StudioError, OSError):
            path = None
        if path is None or not path.is_file():
            gone = "the clip from the library" if source.kind == "library" else "its file"
            why = "it was deleted, or is of another machine"
            raise InvalidInput(f"scene {index + 1}: {gone} is not here any more", why=why, fix="choose another source for the scene", field=f"plan.scenes[{index}].source")
        found[scene.id] = path
    return found


def scenes_alone(made: dict[tuple[str, int], Path], run: RunContext) -> Result:
    """The result of making scenes without the film: what was made lies on the shelf; the clip is a copy of the first."""
    if not made:
        raise InvalidInput("none of these scenes is made by a model", why="their clips are there already", fix="make the film")
    clip = run.directory / "result.mp4"
    shutil.copyfile(next(iter(made.values())), clip)
    return Result(clip, artifacts={"plan": run.directory / "plan.json"}, details={"scenes": [{"id": scene, "take": take} for scene, take in made]})


def together(request: MovieRequest, plan: Plan, clock: Timeline, clips: dict[str, Path], sound: Soundtrack, run: RunContext, sketched: frozenset[str]) -> Iterator[Event]:
    """Join the pictures and the sound, and write what goes with the film. A stopped film is what was joined by then. sketched: ids of scenes whose clips are sketches."""
    from engine.movie.film.assemble import assemble
    from engine.movie.film.captions import cues_of, write_captions

    animatic = request.until == "animatic"
    run.checkpoint()
    artifacts = {"plan": run.directory / "plan.json"}
    captions = cues_of(sound.captions, clock.frames / clock.fps) if request.captions != "off" else []
    if captions:
        artifacts |= write_captions(run.directory, "film", captions)

    yield Stage("film", "Joining the pictures")
    out = run.directory / "result.mp4"
    details = details_of(request, plan, clock, sound)
    try:
        yield from assemble(
            shown(request, plan), clock, clips, sound.mixed.path, out, size=size_of(request), captions=captions if request.captions == "burnt" else (),
            match=0.0 if animatic else request.match_colours, coding=SKETCHY if animatic else None, ours=sketched, settings=run.settings, checkpoint=run.checkpoint,
        )  # fmt: skip
    except Cancelled:
        if out.is_file():
            yield Result(out, artifacts=artifacts, details=details, partial=True)
        raise
    if request.hand_over and not animatic:
        yield Stage("saving", "Saving the project")
        artifacts |= yield from around(request, plan, clock, clips, sound, captions, run)
    clear(run.directory, sound)
    yield Result(out, artifacts=artifacts, meters=meters_of(request, sound), details=details)


def around(
    request: MovieRequest, plan: Plan, clock: Timeline, clips: dict[str, Path], sound: Soundtrack, captions: list[Cue], run: RunContext
) -> Generator[Event, None, dict[str, Path]]:
    """The project zip, and the zip for editing programs. Returns their artifacts."""
    from engine.movie.handover import hand_over
    from engine.movie.project import save_project

    folder = run.directory / "hand-over"
    stems = {str(bus): path for bus, path in sound.mixed.stems.items()}
    try:
        yield from hand_over(folder, plan, clock, clips, size=size_of(request), settings=run.settings, stems=stems, cues=captions, checkpoint=run.checkpoint)
        files = {"project": save_project(run.directory / "project.zip", plan, clips, checkpoint=run.checkpoint), "hand-over": zipped(folder, run)}
        for name in ("film.otio", "film.fcpxml"):
            if (folder / name).is_file():
                files[name.removeprefix("film.")] = Path(shutil.copyfile(folder / name, run.directory / name))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return files


def zipped(folder: Path, run: RunContext) -> Path:
    """The folder as FOLDER.zip beside it. Media are stored as they are."""
    from engine.media.disk import whole_file

    with whole_file(folder.with_suffix(".zip")) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                run.checkpoint()
                archive.write(path, Path(folder.name) / path.relative_to(folder))
    return folder.with_suffix(".zip")


def clear(folder: Path, sound: Soundtrack) -> None:
    """What was only needed on the way goes: the sound is in the film, its stems are in the hand-over."""
    for path in (sound.mixed.path, *sound.mixed.stems.values()):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder / ".project", ignore_errors=True)


def details_of(request: MovieRequest, plan: Plan, clock: Timeline, sound: Soundtrack) -> dict[str, Any]:
    """What the page shows of a film: its plan, where its scenes stand, and what is heard."""
    return {
        "plan": plan.model_dump(mode="json"), "frames": clock.frames, "fps": clock.fps, "animatic": request.until == "animatic",
        "scenes": [{"id": slot.scene.id, "heading": slot.scene.heading, "start": slot.start / clock.fps, "end": slot.end / clock.fps} for slot in clock.slots],
        "heard": sound.heard,
    }  # fmt: skip


def meters_of(request: MovieRequest, sound: Soundtrack) -> tuple[Meter, ...]:
    """Figures of a film."""
    found = []
    if math.isfinite(sound.mixed.loudness):
        found.append(Meter("loudness", "Loudness", round(sound.mixed.loudness, 1), "LUFS", help=f"Integrated, by ITU-R BS.1770; {request.loudness:g} was asked for."))
        found.append(Meter("true-peak", "True peak", round(sound.mixed.true_peak, 1), "dBTP", good_below=-1.0, help="The highest peak between samples; -1 is the usual limit."))
    return tuple(found)
