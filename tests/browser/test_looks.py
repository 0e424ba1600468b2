"""A widget that looks at the server again and again leaves what is under the pointer: the widgets' own scripts on a bare page, with a server that the test plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import studio
from studio.widgets.base import read_parts
from tests.browser.conftest import Profile

pytestmark = pytest.mark.browser

ROOT = Path(studio.__file__).parent
PLAYED = """
window.asked = []; window.told = []; window.answers = {};
window.server = new Proxy({}, { get: (_, name) => async (data) => { window.asked.push([name, data]); return window.answers[name] ?? {}; } });
window.mount = (code, props) => new Function("element", "server", "trigger", "props", "watch", code)(
    document.body.appendChild(document.createElement("div")), window.server, (...told) => window.told.push(told), props, () => {});
"""

Mount = Callable[..., Page]


@pytest.fixture
def mount(profile: Profile) -> Iterator[Mount]:
    """`mount(widget, scripts, answers, props, kept)`: a page that holds this widget alone; `kept` is what the browser remembers."""

    def make(widget: str, scripts: tuple[str, ...], answers: dict[str, Any], props: dict[str, Any], kept: dict[str, Any] | None = None) -> Page:
        page = profile().new_page()
        page.route("http://bare.test/", lambda route: route.fulfill(body="<!doctype html><body></body>", content_type="text/html"))
        page.goto("http://bare.test/")
        page.add_style_tag(path=ROOT / "page.css")
        page.add_script_tag(content=PLAYED)
        page.add_script_tag(path=ROOT / "page.js")
        answer(page, answers)
        page.evaluate("(kept) => { for (const [key, value] of Object.entries(kept)) window.kinora.store.set(key, value); }", kept or {})
        page.evaluate("([code, props]) => window.mount(code, props)", [read_parts(ROOT / "widgets" / widget, scripts), props])
        return page

    yield make


def answer(page: Page, answers: dict[str, Any]) -> None:
    page.evaluate("(answers) => Object.assign(window.answers, answers)", answers)


def asked(page: Page, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("(name) => window.asked.filter((one) => one[0] === name).map((one) => one[1])", name)
    return found


def looks(page: Page, name: str, times: int = 2) -> None:
    """Wait until the widget has asked that often again, and drawn all but the last answer."""
    page.wait_for_function("([name, count]) => window.asked.filter((one) => one[0] === name).length >= count", arg=[name, len(asked(page, name)) + times])


def press(page: Page, name: str, meanwhile: Callable[[], None]) -> None:
    """A slow press on the middle of the button of that name."""
    box = page.get_by_role("button", name=name, exact=True).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    meanwhile()
    page.mouse.up()


def run(name: str, state: str, share: float = 0.0, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": "Stroke motion", "state": state, "share": share, "request": {"prompt": f"run {name}"}, "stage": "frames", "remaining": 30 - share, **more}


def test_a_slow_press_in_the_queue_counts_although_a_run_goes_on(mount: Mount) -> None:
    page = mount("queue", ("main.js",), {"list_queue": [run("a", "running", 0.1), run("b", "queued"), run("c", "queued")]}, {})
    expect(page.locator(".qu-item")).to_have_count(3)

    def go_on() -> None:
        answer(page, {"list_queue": [run("a", "running", 0.7), run("b", "queued"), run("c", "queued")]})
        looks(page, "list_queue")

    press(page, "Edit", go_on)  # rows that are made anew lose it
    assert page.evaluate("() => window.told") == [["edit", {"run": "b"}]]
    assert page.locator(".qu-item i").first.get_attribute("style") == "width: 70%;"


def test_the_queue_follows_the_server_and_keeps_the_focus(mount: Mount) -> None:
    page = mount("queue", ("main.js",), {"list_queue": [run("a", "running", 0.1), run("b", "queued"), run("c", "queued")]}, {})
    page.locator(".qu-item").nth(2).get_by_role("button", name="Earlier").focus()
    answer(page, {"list_queue": [run("a", "stopping"), run("c", "queued"), run("b", "queued"), run("d", "interrupted")]})
    page.keyboard.press("Enter")
    expect(page.locator(".qu-name")).to_have_text([f"Stroke motion: run {name}" for name in "acbd"])
    assert asked(page, "move_run")[0]["run"] == "c" and asked(page, "move_run")[0]["steps"] == -1
    assert page.evaluate("() => document.activeElement === document.querySelectorAll('.qu-item')[1].querySelector('button')"), "the row that was moved keeps the focus"
    expect(page.locator(".qu-item").first).to_contain_text("Stopping")
    assert not page.locator(".qu-item .kin-bar").first.is_visible()
    answer(page, {"list_queue": [run("c", "running", 0.5), run("d", "interrupted")]})
    looks(page, "list_queue")
    expect(page.locator(".qu-item")).to_have_count(2)
    expect(page.locator(".qu-item").first.get_by_role("button")).to_have_count(1)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Dismiss").click()
    assert asked(page, "stop_run")[0]["run"] == "c" and asked(page, "forget_run")[0]["run"] == "d"


def test_a_refused_move_is_read_until_the_queue_changes(mount: Mount) -> None:
    page = mount("queue", ("main.js",), {"list_queue": [run("a", "running", 0.1), run("b", "queued")], "move_run": {"error": "that is too far"}}, {})
    page.get_by_role("button", name="Later").click()
    looks(page, "list_queue")
    expect(page.get_by_role("status")).to_have_text("that is too far")


def test_a_slow_press_on_stop_counts(mount: Mount) -> None:
    state = {"id": "a" * 32, "task": "stroke-motion", "title": "Stroke motion", "state": "running", "active": True, "share": 0.2, "elapsed": 1.0, "notes": [{"text": "a note"}], "request": {}}
    page = mount("run_panel", ("takes.js", "compare.js", "player.js", "main.js"), {"watch_run": state}, {"tab": "stroke-motion", "tasks": ["stroke-motion"], "value": {}}, {"run.stroke-motion": state["id"]})
    expect(page.locator(".rp-main")).to_have_text("Stop")
    note = page.locator(".rp-notes .kin-note").element_handle()

    def go_on() -> None:
        answer(page, {"watch_run": {**state, "share": 0.6}})
        looks(page, "watch_run", 3)

    press(page, "Stop", go_on)
    page.wait_for_function("() => window.asked.some((one) => one[0] === 'stop_run')")  # a face that is made anew at every look loses the press
    assert asked(page, "stop_run") == [{"run": state["id"]}] and page.locator(".kin-bar").get_attribute("aria-valuenow") == "60"
    assert note.evaluate("(node) => node.isConnected") and page.locator(".kin-note").count() == 1


@pytest.mark.parametrize("grid", [None, {"x_field": "steps", "x_values": [6, 12], "y_field": "", "y_values": []}], ids=["takes", "grid"])
def test_the_take_that_fits_the_words_best_is_marked(mount: Mount, grid: Any) -> None:
    takes = [
        {"clip": f"take-{k}.mp4", "seed": k, "label": f"take {k}", "details": {}, "meters": [], "draft": False, "changes": {}, "partial": False, "rank": rank} for k, rank in ((1, 2), (2, 1))
    ]
    state = {
        "id": "a" * 32, "task": "text-to-video", "title": "Text to video", "state": "done", "active": False, "share": 1.0, "elapsed": 1.0, "notes": [], "request": {"prompt": "a cat"}, "seed": 1,
        "result": {"clip": "take-1.mp4", "artifacts": {}, "meters": [], "details": {"takes": takes, "grid": grid}, "partial": False},
    }  # fmt: skip
    page = mount("run_panel", ("takes.js", "compare.js", "film.js", "player.js", "main.js"), {"watch_run": state}, {"tab": "text-to-video", "tasks": ["text-to-video"], "value": {}}, {"run.text-to-video": state["id"]})
    mark = page.locator(".tk-best")
    expect(mark).to_have_text(["fits the words best"])
    expect(page.get_by_role("button", name="Choose take 2, which fits the words best")).to_be_visible()
    page.get_by_role("button", name="Choose take 2").click()
    expect(page.locator(".tk-big .tk-best")).to_be_visible()
    page.get_by_role("button", name="Choose take 1").click()
    expect(mark).to_have_count(1)  # on its card alone, not beside the one that is shown large


def test_what_is_said_can_be_switched_on_in_the_player(mount: Mount) -> None:
    state = {
        "id": "a" * 32, "task": "talking-head", "title": "Talking head", "state": "done", "active": False, "share": 1.0, "elapsed": 1.0, "notes": [], "request": {}, "seed": 1,
        "result": {"clip": "result.mp4", "artifacts": {"subtitles": "captions.srt", "web_subtitles": "captions.vtt"}, "meters": [], "details": {}, "partial": False},
    }  # fmt: skip
    page = mount("run_panel", ("takes.js", "compare.js", "film.js", "player.js", "main.js"), {"watch_run": state}, {"tab": "talking-head", "tasks": ["talking-head"], "value": {}}, {"run.talking-head": state["id"]})
    for ending in ("SRT", "VTT"):
        expect(page.get_by_role("link", name=f"Download: Subtitles ({ending})")).to_be_visible()
    page.route("**/captions.vtt", lambda route: route.fulfill(body="WEBVTT\n\n00:00:00.500 --> 00:00:01.500\ngood morning\n", content_type="text/vtt"))
    page.evaluate("() => { document.querySelector('.rp-result video').textTracks[0].mode = 'showing'; }")  # as the player's own switch does
    page.wait_for_function("() => document.querySelector('.rp-result video').textTracks[0].cues?.[0]?.text === 'good morning'")


def test_library_cards_stay_when_another_result_comes(mount: Mount) -> None:
    def result(name: str, **more: Any) -> dict[str, Any]:
        return {"id": name * 32, "task": "stroke-motion", "title": f"Result {name}", "created": 1.0, "request": {}, "result": {"clip": "result.mp4"}, "pinned": False, **more}

    page = mount("library", ("main.js",), {"list_results": [result("a"), result("b")]}, {"tabs": []})
    expect(page.locator(".kin-card")).to_have_count(2)

    def come() -> None:
        answer(page, {"list_results": [result("a"), result("b"), result("c")]})
        page.evaluate("() => window.dispatchEvent(new CustomEvent('kinora-changed'))")
        expect(page.locator(".kin-card")).to_have_count(3)

    press(page, "Pin", come)
    assert asked(page, "pin_run") == [{"run": "a" * 32, "pinned": True}]
    answer(page, {"list_results": [result("c"), result("a", pinned=True)]})
    page.evaluate("() => window.dispatchEvent(new CustomEvent('kinora-changed'))")
    expect(page.locator(".li-name")).to_have_text(["Result c", "Result a"])
    expect(page.locator(".kin-card").nth(1).get_by_role("button", name="Unpin")).to_be_visible()


def room(*cards: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What the engine room is told."""
    return {
        "worker": {"memory_mib": 100}, "machine": {"memory_mib": 4096, "processor": "p", "cores": 2, "graphics": []}, "free_mib": 1024, "cards": list(cards), "groups": ["Built in", "Experts"], "keep_gib": 4,
        "offline": False, "locked": False, "owner": True, "trash_days": 7, "trash_bytes": 0, "disk": {"models": 4e9, "results": 1e9, "cache": 0, "trash": 0, "coming": 0, "free": 5e9, "total": 2e10}, **more,
    }  # fmt: skip


def model(name: str = "m", **more: Any) -> dict[str, Any]:
    return {
        "id": name, "title": f"Model {name}", "here": False, "own": False, "bytes": 5e6, "memory_mib": 100, "licence": "MIT", "role": "draws", "good_at": "", "bad_at": "", "licence_note": "Ask first.", "source": "hub",
        "group": "Experts", "tabs": ["movie"], "needed": [], "from": "them/tiny", "job": None, "trashed": None, "lies": "", "path": "", **more,
    }  # fmt: skip


def job(state: str, done: float = 1e6, **more: Any) -> dict[str, Any]:
    return {"kind": "fetch", "state": state, "done": done, "total": 4e6, "file": "a.safetensors", "waiting": "", "rate": 1e6, "left": 3, "error": "", "said": "", "can_pause": True, **more}


ROOM = ("bars.js", "cards.js", "own.js", "main.js")


def test_the_engine_room_keeps_its_buttons(mount: Mount) -> None:
    page = mount("engine_room", ROOM, {"look_engine": room(model())}, {})
    expect(page.locator(".en-card")).to_have_count(1)
    fetch = page.get_by_role("button", name="Fetch 5 MB").element_handle()

    def go_on() -> None:
        answer(page, {"look_engine": room(model(), worker={"memory_mib": 321})})
        expect(page.locator(".en-box").first).to_contain_text("321 MiB")

    press(page, "Free memory", go_on)
    expect(page.get_by_role("status")).to_contain_text("Asked the worker")
    assert len(asked(page, "free_models")) == 1 and fetch.evaluate("(node) => node.isConnected")


def test_nothing_is_fetched_before_size_and_licence_were_seen(mount: Mount) -> None:
    page = mount("engine_room", ROOM, {"look_engine": room(model())}, {})
    page.get_by_role("button", name="Fetch 5 MB").click()
    expect(page.locator(".en-ask")).to_contain_text("Fetch 5 MB from them/tiny?Licence: MIT. Ask first.")
    assert asked(page, "fetch_model") == []
    page.get_by_role("button", name="Not now").click()
    page.get_by_role("button", name="Fetch 5 MB").click()
    answer(page, {"fetch_model": {"error": "offline is on"}})
    page.get_by_role("button", name="Yes, fetch it").click()
    expect(page.locator(".en-card .kin-error")).to_have_text("offline is on")
    assert asked(page, "fetch_model") == [{"model": "m"}]


def test_a_fetch_shows_how_far_it_is_under_buttons_that_stay(mount: Mount) -> None:
    page = mount("engine_room", ROOM, {"look_engine": room(model(job=job("working")))}, {})
    bar = page.get_by_role("progressbar", name="Fetching Model m")
    expect(bar).to_have_attribute("aria-valuenow", "25")
    expect(page.locator(".en-card")).to_contain_text("1.0 MB of 4.0 MB · 25 % · 1.0 MB/s · 3.0 s left")

    def go_on() -> None:
        answer(page, {"look_engine": room(model(job=job("working", 2e6)))})
        expect(bar).to_have_attribute("aria-valuenow", "50")

    press(page, "Pause: Model m", go_on)
    assert asked(page, "pause_model") == [{"model": "m"}]
    answer(page, {"look_engine": room(model(job=job("paused", 2e6)))})
    page.get_by_role("button", name="Go on: Model m").click()
    answer(page, {"look_engine": room(model(job=job("failed", 2e6, error="the network was lost")))})
    expect(page.locator(".en-card .kin-error")).to_have_text("the network was lost")
    page.get_by_role("button", name="Throw away: Model m").click()
    assert asked(page, "fetch_model") == [{"model": "m"}] and asked(page, "cancel_model") == [{"model": "m"}]


def test_a_model_goes_to_the_trash_and_back_and_for_good_only_when_asked_twice(mount: Mount) -> None:
    page = mount("engine_room", ROOM, {"look_engine": room(model(here=True, own=True, needed=["talking-head"])), "remove_model": {"bytes": 5e6}}, {})
    page.get_by_role("button", name="Remove: Model m").click()
    expect(page.locator(".en-ask")).to_contain_text("Talking head cannot work without it")
    page.get_by_role("button", name="Yes, remove it").click()
    expect(page.get_by_role("status")).to_have_text("Model m is in the trash (5.0 MB).")
    answer(page, {"look_engine": room(model(trashed={"bytes": 5e6, "removed": 0}), trash_bytes=5e6)})
    page.get_by_role("button", name="Restore: Model m").click()
    page.get_by_role("button", name="Empty the trash of models").click()
    expect(page.get_by_text("Really? 5.0 MB of models go for good")).to_be_visible()
    assert asked(page, "empty_models") == []
    page.get_by_text("Really? 5.0 MB of models go for good").click()
    expect(page.get_by_role("status")).to_contain_text("The trash of models is empty")
    assert asked(page, "empty_models") == [{}] or len(asked(page, "empty_models")) == 1


def test_many_models_can_be_searched_and_visitors_only_look(mount: Mount) -> None:
    many = [model(f"a{index}", title=f"Thing {index}") for index in range(12)]
    page = mount("engine_room", ROOM, {"look_engine": room(*many)}, {})
    expect(page.locator(".en-card")).to_have_count(12)
    expect(page.get_by_label("Search models")).to_be_hidden()
    answer(page, {"look_engine": room(*many, model("b", title="Owl", group="Built in"), owner=False)})
    page.get_by_label("Search models").fill("owl")
    expect(page.locator(".en-card:visible")).to_have_count(1)
    expect(page.get_by_role("button", name="Fetch")).to_have_count(0)
    expect(page.get_by_role("switch")).to_be_disabled()
    page.get_by_label("Search models").fill("nobody")
    expect(page.get_by_text("No model has these words.")).to_be_visible()
