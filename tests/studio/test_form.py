"""Requests become controls: every field has one, with its range and help; values make the round trip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from engine.settings import Settings
from engine.task import all_tasks, parse_request
from studio.form import Form
from studio.service import Studio
from studio.shell import build
from tabs import TABS


@pytest.fixture
def studio(settings: Settings) -> Studio:
    return Studio(settings)


@pytest.mark.parametrize("tab", TABS, ids=lambda tab: tab.id)
def test_every_field_has_exactly_one_control(tab: Any, studio: Studio) -> None:
    task = all_tasks()[tab.task]
    form = Form(task.request_type, tab, studio)
    with gr.Blocks():
        form.build_widgets()
        form.build_front()
        form.build_more()
    covered: list[str] = []
    for name in form.controls:
        covered += name.split("+") if "+" in name else [name.split(".")[0]]
    assert set(covered) | set(tab.hidden) == set(task.request_type.model_fields)
    labels = [component.label for component in form.components if component.label]
    assert len(labels) == len(set(labels))


def test_ranges_and_help_come_from_the_field(studio: Studio) -> None:
    tab = TABS[0]
    task = all_tasks()[tab.task]
    form = Form(task.request_type, tab, studio)
    with gr.Blocks():
        form.build_front()
        form.build_more()
    seconds: Any = form.controls["seconds"]
    assert (seconds.minimum, seconds.maximum, seconds.value) == (0.2, 20.0, 3.0)
    assert seconds.info == task.request_type.model_fields["seconds"].description
    assert isinstance(form.controls["seed"], gr.Number) and form.controls["seed"].value is None
    assert [choice[1] for choice in form.controls["loop"].choices] == ["none", "loop", "boomerang"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("index", range(len(TABS[0].examples)))
def test_examples_make_the_round_trip_through_the_form(index: int, studio: Studio) -> None:
    from studio.form import example_fields
    from studio.tab import ASSETS

    tab = TABS[0]
    task = all_tasks()[tab.task]
    form = Form(task.request_type, tab, studio)
    with gr.Blocks():
        form.build_widgets()
        form.build_front()
        form.build_more()
    fields = example_fields(tab, index, ASSETS / "examples")
    request = parse_request(task, fields)
    assert parse_request(task, form.collect(form.spread(fields))) == request


def test_the_page_builds_with_all_rooms(studio: Studio) -> None:
    demo = build(studio)
    config = demo.get_config_file()
    names = {dependency["api_name"] for dependency in config["dependencies"] if dependency["api_visibility"] == "public"}
    assert names == {"tasks", "submit", "status", "result", "preview", "cancel"}, "the public endpoints are a contract"
    assert {component["props"].get("label") for component in config["components"] if component["type"] == "tabitem"} >= {"Stroke motion", "Library", "Engine room", "Settings"}


def test_nothing_is_loaded_from_elsewhere(studio: Studio) -> None:
    from studio.shell import HERE
    from studio.theme import theme

    # Gradio turns a named web font into a stylesheet address; the system's own fonts need none.
    assert not theme()._stylesheets if hasattr(theme(), "_stylesheets") else True
    for path in [*HERE.rglob("*.js"), *HERE.rglob("*.css")]:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text, path


def test_paths_of_this_machine_stay_inside(studio: Studio, tmp_path: Path) -> None:
    for run, name in (("a" * 32, "../../kinora.db"), ("..", "kinora.db"), ("a" * 32, ".hidden"), ("A/../b", "x"), ("a" * 31 + "/", "x")):
        assert studio.result_file(run, name) is None
