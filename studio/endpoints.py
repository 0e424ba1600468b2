"""The public endpoints, for HTTP clients and agents (MCP): submit, status, result, cancel, tasks. Same run ids as the page."""

from __future__ import annotations

from typing import Any

import gradio as gr

from engine.errors import InvalidInput, StudioError
from engine.slots import put, slots
from engine.task import all_tasks, get_task
from studio.service import Studio


def add_endpoints(studio: Studio) -> None:
    """Add the endpoints to the Blocks that is being built."""

    def tasks() -> dict[str, Any]:
        """Every task with the JSON schema of its request."""
        return {task_id: {"title": task.title, "version": task.version, "schema": task.request_type.model_json_schema()} for task_id, task in all_tasks().items()}

    def submit(task: str, request: dict[str, Any], files: list[gr.FileData] | None = None) -> dict[str, Any]:
        """Queue a run; returns {"run": id}. Media fields name an uploaded file by its place in `files`: "file:0"."""
        fields = dict(request)
        try:
            if files:
                named = [slot for slot in slots(get_task(task).request_type, fields) if isinstance(slot.value, str) and slot.value.startswith("file:")]
                fields = put(fields, {slot.name: files[int(slot.value[5:])]["path"] for slot in named})  # type: ignore[index]
            _only_given_files(task, fields, files or [])
            return {"run": studio.submit(task, fields).id}
        except (StudioError, ValueError, IndexError, KeyError) as error:
            raise gr.Error(error.line if isinstance(error, StudioError) else "a file reference is wrong: use file:0, file:1, ...", print_exception=False) from error

    def status(run: str) -> dict[str, Any]:
        """State, stage, share done, seconds left, notes and error of a run."""
        return _told(lambda: studio.status(run))

    def result(run: str) -> dict[str, Any]:
        """The result of an ended run: its meters, and the addresses of its files on this server."""
        status = _told(lambda: studio.status(run))
        found = status["result"] or {}
        names = ([found["clip"]] if found.get("clip") else []) + list(found.get("artifacts", {}).values())
        return {"state": status["state"], "meters": found.get("meters", []), "files": {name: f"/kinora/media/{run}/{name}" for name in names}}

    def preview(run: str) -> dict[str, Any]:
        """The address of a working run's newest preview, or null."""
        shown = _told(lambda: studio.status(run))["preview"]
        return {"preview": f"/kinora/media/{shown}" if shown else None}

    def cancel(run: str) -> dict[str, Any]:
        """Stop a run within a step; what is finished is kept."""
        return _told(lambda: studio.stop_and_tell(run))

    for act in (tasks, submit, status, result, preview, cancel):
        gr.api(act, api_name=act.__name__)  # type: ignore[attr-defined]


def _told(act: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = act()
    except StudioError as error:
        raise gr.Error(error.line, print_exception=False) from error
    return answer


def _only_given_files(task: str, fields: dict[str, Any], files: list[Any]) -> None:
    """A remote caller's request may name only files that it uploaded, never a path of this machine."""
    given = [file["path"] for file in files]
    for slot in slots(get_task(task).request_type, fields):
        if slot.value not in given:
            raise InvalidInput(f"{slot.name} is not an uploaded file", fix='upload it, list it in `files`, and write "file:0"', field=slot.name)
