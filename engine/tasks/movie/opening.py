"""A saved project as the page opens it: its plan, with every file that it brought kept among the inputs. Answered by the helper process."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from engine.helper import Answer
from engine.movie.plan import Plan, Scene, Source, print_of
from engine.movie.project import open_project
from engine.parts import find
from engine.settings import Settings
from engine.store import Store
from engine.tasks.movie.request import SHORTEST_FILM, MovieRequest
from engine.tasks.movie.scenes import part_of

BROUGHT = "Scenes show the clips that the project brought. A card whose prompt, camera or seed you change is made anew."


def movie_open(args: dict[str, object], settings: Settings) -> Answer:
    """{"path": a project zip} -> {"plan", "shape", "style", "mood", "scenes", "seconds"}: the fields of a `MovieRequest` that shows it.

    A scene that a model made shows the clip that came with it, as long as its card says what it said, unless the same clip lies on the shelf. Raises what `open_project` raises.
    """
    store = Store(settings)
    folder = Path(tempfile.mkdtemp(prefix=".project-", dir=store.staging))
    try:
        plan, clips = open_project(Path(str(args["path"])), settings, folder)
        plan = plan.model_copy(update={"scenes": tuple(_kept(scene, plan, clips.get(scene.id), store) for scene in plan.scenes)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _fields(plan, bool(clips)), []


def _kept(scene: Scene, plan: Plan, clip: Path | None, store: Store) -> Scene:
    """The scene with its files in the store."""
    source = scene.source
    named = {name: store.keep_input(path) for name in ("file", "image") if (path := getattr(source, name)) is not None}
    if clip is not None and source.kind in ("text", "library"):
        part = part_of(MovieRequest(plan=plan), plan, scene)
        here = store.result_folder(source.run) is not None if source.kind == "library" else part is not None and find(store.settings, part.key) is not None
        if not here:
            made_as = print_of(scene.prompt, scene.camera, scene.seed) if source.kind == "text" else ""
            source = Source(kind="file", file=store.keep_input(clip), start=0.0, keep_sound=source.kind == "library" and source.keep_sound, made_as=made_as)
    return scene.model_copy(update={"source": source.model_copy(update=named)})


def _fields(plan: Plan, brought: bool) -> dict[str, Any]:
    used = any(scene.source.kind == "file" for scene in plan.scenes)
    notes = (*plan.notes[:19], BROUGHT) if brought and used else plan.notes
    shown = plan.model_copy(update={"notes": notes})
    return {
        "plan": shown.model_dump(mode="json"), "shape": plan.shape, "style": plan.style, "mood": plan.mood, "scenes": len(plan.scenes), "seconds": max(plan.seconds, SHORTEST_FILM),
    }  # fmt: skip
