"""The page as a whole: header, tabs, run drawer, library, engine room, settings, drop target, endpoints; and what it is launched with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from engine.errors import InvalidInput, StudioError
from engine.settings import Settings
from studio.endpoints import add_endpoints
from studio.page import TabPage, nonce, said
from studio.routes import routes
from studio.service import Studio
from studio.tab import takes_results
from studio.theme import theme
from studio.widgets.drop_target import DropTarget
from studio.widgets.engine_room import EngineRoom
from studio.widgets.library import Library
from studio.widgets.preferences import Preferences
from studio.widgets.queue import QueueList
from tabs import TABS

HERE = Path(__file__).parent
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

LOGO = (
    '<svg viewBox="0 0 48 48" aria-hidden="true"><rect width="48" height="48" rx="13" fill="#25273b"/><circle cx="33" cy="15" r="7" fill="#ffd27a"/>'
    '<path d="M0 34 Q12 22 24 31 T48 27 V48 H0Z" fill="#fb7e5a"/><path d="M0 40 Q14 31 27 38 T48 36 V48 H0Z" fill="#ee5d36"/><path d="M14 14l9 6-9 6z" fill="#fffdf9"/></svg>'
)


def build(studio: Studio) -> gr.Blocks:
    """The whole page for one studio."""
    takers = tuple((tab.id, tab.title) for tab in TABS if takes_results(tab))
    pages = [TabPage(tab, studio, tuple(one for one in takers if one[0] != tab.id)) for tab in TABS]
    names = [{"id": tab.id, "title": tab.title, "task": tab.task, "takes": " ".join(page.task.request_type.media_fields().values())} for tab, page in zip(TABS, pages, strict=True)]
    with gr.Blocks(title="Kinora", delete_cache=(3600, 86400), analytics_enabled=False, fill_width=True) as demo:
        gr.HTML(f'<header class="kin-header">{LOGO}<div><h1>Kinora</h1><p>A video studio in your browser: everything here works without a GPU.</p></div></header>')
        drop = DropTarget(value={})
        with gr.Sidebar(position="right", open=False, label="Runs", elem_id="run-drawer"):
            gr.Markdown("### Runs")
            queue = QueueList(studio)
        with gr.Tabs(selected=TABS[0].id, elem_id="tabs") as tabs:
            for tab, page in zip(TABS, pages, strict=True):
                with gr.Tab(tab.title, id=tab.id):
                    page.build()
            with gr.Tab("Library", id="library"):
                library = Library(studio, tabs=names)
            with gr.Tab("Engine room", id="engine-room"):
                EngineRoom(studio)
            with gr.Tab("Settings", id="settings"):
                preferences = Preferences(tabs=names, limits=_limits(studio.settings), value={})
        for page in pages:
            page.wire()
        _wire_shell(studio, pages, tabs, drop, queue, library, preferences)
        demo.load(_linked_tab(studio, pages), None, [tabs], **QUIET)
        add_endpoints(studio)
    return demo


def _wire_shell(studio: Studio, pages: list[TabPage], tabs: gr.Tabs, drop: DropTarget, queue: QueueList, library: Library, preferences: Preferences) -> None:
    """Handlers that reach across tabs: restore settings, send a result on, a dropped file, kept defaults."""
    parts = [component for page in pages for component in page.components]

    def show(task_id: str, fields: dict[str, Any]) -> dict[Any, Any]:
        page = next(page for page in pages if task_id in page.tab.tasks)
        return {tabs: gr.Tabs(selected=page.tab.id), **page.updates(fields)}

    def restore(event: gr.EventData) -> dict[Any, Any]:
        try:
            return show(*studio.restore_fields(_text(event, "run")))
        except StudioError as error:
            raise gr.Error(error.line, print_exception=False) from error

    def edit(event: gr.EventData) -> dict[Any, Any]:
        run = _text(event, "run")
        shown = restore(event)
        page = next(page for page in pages if studio.store.runs.get(run).task in page.tab.tasks)
        return {**shown, page.panel: said(edit=run)}

    def send(event: gr.EventData) -> dict[Any, Any]:
        page = next((page for page in pages if page.tab.id == _text(event, "tab")), None)
        if page is None:
            raise gr.Error("this tab does not exist: reload the page", print_exception=False)
        taker = takes_results(page.tab)
        try:
            if taker is not None:
                return {tabs: gr.Tabs(selected=page.tab.id), page.form.controls[page.form.control_of(taker.fields[0])]: {**taker.sent(_text(event, "run"), studio), "nonce": nonce()}}  # type: ignore[attr-defined]
            field, path = studio.clip_as_input(_text(event, "run"), page.task.id)
        except StudioError as error:
            raise gr.Error(error.line, print_exception=False) from error
        return {tabs: gr.Tabs(selected=page.tab.id), **page.updates({field: str(path)})}

    def dropped(path: Path | None, event: gr.EventData) -> dict[Any, Any]:
        name = _text(event, "name")[:120]
        try:
            if path is None:
                raise InvalidInput("the file did not arrive", fix="drop it again")
            found = studio.read_file(path)
            if found is not None:
                return {drop: {"said": f"Settings of {name} are back."}, **show(*found)}
            task_id, field, kept = studio.adopt(path)
            return {drop: {"said": f"{name} is loaded."}, **show(task_id, {field: str(kept)})}
        except StudioError as error:
            return {drop: {"said": error.line}}

    def keep(event: gr.EventData, *values: Any) -> dict[str, Any]:
        page = next(page for page in pages if page.tab.id == _text(event, "tab"))
        start = sum(len(before.components) for before in pages[: pages.index(page)])
        fields = page.form.collect(values[start : start + len(page.components)])
        own = page.tab.content | set(page.task.request_type.media_fields()) | {"seed"}
        return {"tab": page.tab.id, "fields": {name: value for name, value in fields.items() if name not in own}, "nonce": nonce()}

    queue.edit(edit, None, [tabs, *parts, *(page.panel for page in pages)], **QUIET)
    library.restore(restore, None, [tabs, *parts], **QUIET)
    for place in (library, *(page.panel for page in pages)):
        place.send(send, None, [tabs, *parts], **QUIET)
    drop.dropped(dropped, [drop], [drop, tabs, *parts], **QUIET)
    preferences.keep(keep, parts, [preferences], **QUIET)


def _linked_tab(studio: Studio, pages: list[TabPage]) -> Any:
    """A link names a run: the page opens on that run's tab."""

    def select(request: gr.Request) -> Any:
        run = request.query_params.get("run")
        try:
            task_id = studio.restore_fields(str(run))[0] if run else None
        except StudioError:
            return gr.skip()
        return next((gr.Tabs(selected=page.tab.id) for page in pages if task_id in page.tab.tasks), gr.skip())

    return select


def _text(event: gr.EventData, name: str) -> str:
    data = event._data
    return str(data.get(name, "")) if isinstance(data, dict) else ""


def _limits(settings: Settings) -> list[list[str]]:
    """The limits that a user may meet: name, value, reason."""
    return [[name.replace("_", " "), str(getattr(settings, name)), field.description or ""] for name, field in Settings.model_fields.items() if name not in ("data_dir", "host", "port", "ray_address")]


def launch_options(studio: Studio) -> dict[str, Any]:
    """What `gr.Blocks.launch` is told besides the address: looks, routes, limits, and folders that are never served as files."""
    settings = studio.settings
    return {
        "share": False, "show_error": False, "ssr_mode": False, "footer_links": ["api", "settings"], "run_history": False,
        "max_file_size": f"{settings.max_video_mib}mb", "app_kwargs": {"routes": routes(studio)}, "blocked_paths": [str(settings.data_dir)], "mcp_server": settings.mcp or None,
        "theme": theme(), "css_paths": [HERE / "page.css"], "head": f"<script>{(HERE / 'page.js').read_text(encoding='utf-8')}</script>",
    }  # fmt: skip
