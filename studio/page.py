"""One tab's page: form on the left, run panel on the right, and what happens between them. Handlers only translate; nothing here computes."""

from __future__ import annotations

import html
import itertools
from typing import Any

import gradio as gr
from gradio.components import Component

from engine.errors import StudioError
from engine.task import get_task
from studio.form import Form, example_fields
from studio.service import Studio
from studio.shown import clips
from studio.tab import ASSETS, Errand, Tab, errands_of
from studio.widgets.run_panel import RunPanel

_nonces = itertools.count(1)

EXAMPLE_CHOSEN = "() => { window.dispatchEvent(new CustomEvent('kinora-example', { detail: { tab: '%s', index: %d } })); return []; }"
"""Tells the run panel which example was chosen."""


def nonce() -> int:
    """A number that no other answer to the page has."""
    return next(_nonces)


def said(*, run: str | None = None, error: str | None = None, edit: str | None = None) -> dict[str, Any]:
    """A new value of a run panel."""
    return {"run": run, "error": error, "edit": edit, "nonce": nonce()}


class TabPage:
    """Builds the tab inside a Blocks context and wires it."""

    def __init__(self, tab: Tab, studio: Studio, targets: tuple[tuple[str, str], ...] = ()) -> None:
        """targets: (id, title) of other tabs that take a result of this one as it is."""
        self.tab, self.studio, self.targets = tab, studio, targets
        self.task = get_task(tab.task)
        self.form = Form(self.task.request_type, tab, studio)

    def build(self) -> None:
        """Controls left, result right; on a phone they stand below each other."""
        gr.Markdown(self.tab.help, elem_classes="kin-help")
        with gr.Row(equal_height=False):
            with gr.Column(scale=7, min_width=320):
                self.form.build_widgets()
                examples: list[gr.Button] = []
                if len(self.tab.examples) > 1:  # a single one is what the tab opens with
                    with gr.Row(elem_classes="kin-examples"):
                        examples = [gr.Button(e.title, icon=self._icon(e.fields), size="sm", min_width=110) for e in self.tab.examples]
                if self.tab.more:  # many controls need the wide column
                    self._build_more()
            with gr.Column(scale=5, min_width=320):
                self.preflight = gr.HTML("", elem_classes="kin-preflight-box")
                self.panel = RunPanel(self.studio, tab=self.tab.id, tasks=self.tab.tasks, targets=self.targets, shown=tuple(clips(self.tab)))
                self.fit = gr.Button("Choose settings that fit", size="sm", visible=False)
                with gr.Group():
                    self.form.build_front()
                if not self.tab.more:
                    self._build_more()
        for index, button in enumerate(examples):
            button.click(None, js=EXAMPLE_CHOSEN % (self.tab.id, index), show_progress="hidden", api_visibility="private")
            button.click(lambda i=index: self.form.spread(example_fields(self.tab, i, ASSETS / "examples")), None, self.form.components, show_progress="hidden", api_visibility="private")

    def _build_more(self) -> None:
        with gr.Accordion("More", open=False):
            self.form.build_more()

    def wire(self) -> None:
        """Connect the controls: Run, restore, the preflight line, and what a widget's preview follows."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": True}
        parts = self.form.components
        started = self.panel.start(self._start, [self.panel, *parts], [self.panel], **quiet)
        started.failure(lambda: said(error="The form holds something that cannot be used: see the message."), None, [self.panel], **quiet)
        self.panel.hello(self._hello, None, parts, **quiet)
        self.panel.restore(self._restore, None, parts, **quiet)
        self.panel.apply(self._apply, parts, parts, **quiet)
        changes = [component.change for component in parts if hasattr(component, "change")]
        gr.on(changes, self._preflight, parts, [self.preflight, self.fit], trigger_mode="always_last", **quiet)
        self.panel.ended(self._preflight, parts, [self.preflight, self.fit], **quiet)
        self.fit.click(self._fit, parts, parts, **quiet)
        for name, widget in self.form.widgets.items():
            for event, errand in errands_of(widget).items():
                getattr(self.form.controls[name], event)(self._errand(errand), [self.panel, *parts], [self.panel], **quiet)
            followed = {key: part for key, part in self.form.controls.items() if set(self.form.fields_of(key)) & set(widget.follows)}
            if followed:
                gr.on([part.change for part in followed.values()], self._follow(name, list(followed)), list(followed.values()), [self.form.controls[name]], trigger_mode="always_last", **quiet)  # type: ignore[attr-defined]

        self._wire_relevance(quiet)

    def _wire_relevance(self, quiet: dict[str, Any]) -> None:
        """Fields that do not matter for the value of another one are hidden; they stay on the page, so that they keep what they hold."""
        for ruler in dict.fromkeys(other for other, _ in self.tab.relevant.values()):
            ruled = {self.form.control_of(name): values for name, (other, values) in self.tab.relevant.items() if other == ruler}

            def show(value: Any, kept: tuple[tuple[Any, ...], ...] = tuple(ruled.values())) -> list[Any]:
                return [gr.update(visible=value in values or "hidden") for values in kept]

            control = self.form.controls[self.form.control_of(ruler)]
            default = self.task.request_type.model_fields[ruler].default
            for name, values in ruled.items():
                self.form.controls[name].visible = default in values or "hidden"
            gr.on([control.change], show, [control], [self.form.controls[name] for name in ruled], **quiet)  # type: ignore[attr-defined]

    @property
    def components(self) -> list[Component]:
        """The form's components, for shell-wide handlers."""
        return self.form.components

    def updates(self, fields: dict[str, Any]) -> dict[Component, Any]:
        """What to send to the page so that the form shows `fields`."""
        return dict(zip(self.form.components, self.form.spread(fields), strict=True))

    def _errand(self, errand: Errand) -> Any:
        """A handler that runs the form with what a widget's errand changes of it."""
        task = get_task(errand.task or self.task.id)

        def run(event: gr.EventData, edited: str | None, *values: Any) -> dict[str, Any]:
            asked = event._data if isinstance(event._data, dict) else {}
            fields = {**self.form.collect(values), **errand.change(asked)}
            known = {name: value for name, value in fields.items() if task is self.task or name in task.request_type.model_fields}
            return self._submit(str(asked.get("owner") or "")[:64], None, known, task.id)

        return run

    def _start(self, event: gr.EventData, edited: str | None, *values: Any) -> dict[str, Any]:
        return self._submit(str(getattr(event, "owner", ""))[:64], edited, self.form.collect(values))

    def _submit(self, owner: str, edited: str | None, fields: dict[str, Any], task: str | None = None) -> dict[str, Any]:
        try:
            if edited and not self.studio.edit(edited, fields):
                return said(error="This run has begun with its old settings; press Run for a new one.")
            return said(run=edited or self.studio.submit(task or self.task.id, fields, owner).id)
        except StudioError as error:
            return said(error=error.line, edit=edited)

    def _hello(self, event: gr.EventData) -> list[Any]:
        data = event._data or {}
        try:
            task_id, fields = self.studio.restore_fields(str(data.get("run")))
            if task_id in self.tab.tasks:
                return self.form.spread(fields)
        except StudioError:
            pass  # a run of another machine, or one that is gone: the tab opens as usual
        defaults = data.get("defaults")
        start = example_fields(self.tab, 0, ASSETS / "examples") if self.tab.examples else {}
        if isinstance(defaults, dict):
            start |= {name: value for name, value in defaults.items() if name in self.task.request_type.model_fields and name not in self.tab.content}
        return self.form.spread(start) if start else [gr.skip()] * len(self.form.components)

    def _restore(self, event: gr.EventData) -> list[Any]:
        try:
            return self.form.spread(self.studio.restore_fields(str((event._data or {}).get("run")))[1])
        except StudioError as error:
            raise gr.Error(error.line, print_exception=False) from error

    def _apply(self, event: gr.EventData, *values: Any) -> list[Any]:
        given = (event._data or {}).get("fields")
        known = {name: value for name, value in (given if isinstance(given, dict) else {}).items() if name in self.task.request_type.model_fields}
        return self.form.spread({**self.form.collect(values), **known})

    def _preflight(self, *values: Any) -> list[Any]:
        ahead = self.studio.preflight(self.task.id, self.form.collect(values))
        if "error" in ahead:
            return [_line(ahead["line"], bad=True), gr.update(visible=False)]
        waits = f" · {ahead['waiting']} ahead in the queue" if ahead["waiting"] else ""
        learnt = "" if ahead["learnt"] else " (a guess: this machine has not done it yet)"
        text = f"About {_span(ahead['seconds'])}{learnt} · {ahead['memory_mib']:.0f} MB of memory · {ahead['disk_mib']:.0f} MB of disk{waits}"
        if not ahead["able"]:
            return [_line(ahead["forecast"], bad=True), gr.update(visible=False)]
        if ahead["forecast"]:
            text += f" · {ahead['forecast']}"
        if not ahead["fits"]:
            text = f"Needs {ahead['memory_mib']:.0f} MB of memory, {ahead['free_mib']:.0f} MB are free"
        return [_line(text, bad=not ahead["fits"]), gr.update(visible=not ahead["fits"])]

    def _fit(self, *values: Any) -> list[Any]:
        fields = self.form.collect(values)
        try:
            task, request = self.studio.request(self.task.id, fields, keep=False)
        except StudioError as error:
            raise gr.Error(error.line, print_exception=False) from error
        fitting = task.fit(request, self.studio.preflight(self.task.id, fields).get("free_mib") or 1e9)
        return self.form.spread(fitting.model_dump(mode="json"))

    def _follow(self, widget: str, names: list[str]) -> Any:
        def update(*values: Any) -> Any:
            settings: dict[str, Any] = {}
            for name, value in zip(names, values, strict=True):
                outer, _, inner = name.partition(".")
                if value is None:
                    continue
                if name in self.form.widgets:
                    settings |= value
                elif inner:
                    settings.setdefault(outer, {})[inner] = value
                else:
                    settings[outer] = value
            return gr.update(settings=settings)

        return update

    def _icon(self, fields: Any) -> str | None:
        names = [name for name in self.task.request_type.media_fields() if name in fields]
        return str(ASSETS / "examples" / fields[names[0]]) if names else None


def _span(seconds: float) -> str:
    """A length of time in words, as the scripts say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _line(text: str, *, bad: bool = False) -> str:
    return f'<div class="kin-preflight{" bad" if bad else ""}" role="status">{html.escape(text)}</div>'
