"""What the prompt box takes from a browser and gives to one: hostile values get one clear line, good ones pass unchanged."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput, LimitExceeded
from studio.widgets.prompt_box import FOLDER, SCRIPTS, PromptBox, read_prompt


def echo(question: dict[str, Any]) -> dict[str, Any]:
    return {"said": question["prompt"], "settings": question["settings"]}


@pytest.mark.parametrize("text", ["a red boat", "🎈 قارب 船\n\tx", "  spaces  stay  ", "<b>&amp;</b>", "e\u0301\u200d\u202e"])
def test_good_text_passes_unchanged_both_ways(text: str) -> None:
    box = PromptBox(on_read=echo)
    assert box.preprocess({"prompt": text}) == {"prompt": text}
    assert box.preprocess(json.loads(json.dumps(box.postprocess({"prompt": text})))) == {"prompt": text}
    assert box.read({"prompt": text, "settings": {"width": 3}}) == {"said": text, "settings": {"width": 3}}


def test_nothing_yet_is_an_empty_prompt() -> None:
    box = PromptBox()
    for empty in (None, "", {}, {"prompt": None}, {"prompt": ""}):
        assert box.preprocess(empty) == box.postprocess(empty) == {"prompt": ""}


def test_line_ends_become_one_kind() -> None:
    assert read_prompt({"prompt": "a\r\nb\rc\nd"}, 10) == "a\nb\nc\nd"


def test_too_long_is_said_and_nothing_is_cut() -> None:
    box = PromptBox(on_read=echo, max_chars=10)
    assert box.preprocess({"prompt": "🎈" * 10}) == {"prompt": "🎈" * 10}
    with pytest.raises(gr.Error) as caught:
        box.preprocess({"prompt": "🎈" * 11})
    assert caught.value.message == "the prompt has 11 characters (at most 10 are read): shorten it"
    assert not caught.value.visible  # the box says it while one types
    assert box.read({"prompt": "a" * 11}) == {"error": "the prompt has 11 characters (at most 10 are read): shorten it"}
    assert box.postprocess({"prompt": "a" * 11}) == {"prompt": "a" * 11}
    with pytest.raises(LimitExceeded):
        read_prompt({"prompt": "a" * 11}, 10)


@pytest.mark.parametrize("payload", [7, "text", ["prompt"], {"prompt": 7}, {"prompt": ["a"]}, {"prompt": {}}, {"prompt": True}, {"prompt": "a\ud83d"}, {"prompt": "\0"}])
def test_a_hostile_value_gets_one_line(payload: Any) -> None:
    box = PromptBox(on_read=echo)
    with pytest.raises(gr.Error) as caught:
        box.preprocess(payload)
    assert caught.value.visible and "\n" not in caught.value.message and ": " in caught.value.message
    answer = box.read(payload)
    assert set(answer) == {"error"} and answer["error"] == caught.value.message
    with pytest.raises(InvalidInput):
        box.postprocess(payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["prompt", "settings", "x"]), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_any_json_gives_a_value_or_one_line(payload: Any) -> None:
    box = PromptBox(on_read=echo, max_chars=8)
    try:
        value = box.preprocess(payload)
    except gr.Error as error:
        assert error.message and "\n" not in error.message
    else:
        assert set(value) == {"prompt"} and isinstance(value["prompt"], str) and len(value["prompt"]) <= 8
        value["prompt"].encode()
    answer = box.read(payload)
    assert set(answer) in ({"error"}, {"said", "settings"}) and isinstance(answer.get("settings", {}), dict)


def test_the_reading_may_be_a_coroutine_and_may_refuse() -> None:
    async def answer(question: dict[str, Any]) -> dict[str, Any]:
        if question["prompt"] == "no":
            raise InvalidInput("this is not a scene", fix="name a thing")
        return echo(question)

    box = PromptBox(on_read=answer)
    with ThreadPoolExecutor() as pool:  # the browser tests of the same session keep a loop running in this thread
        found = [pool.submit(lambda text=text: asyncio.run(box.read({"prompt": text, "settings": 3}))).result() for text in ("no", "yes")]  # type: ignore[misc]
    assert found == [{"error": "this is not a scene: name a thing"}, {"said": "yes", "settings": {}}]


def test_a_box_that_could_hold_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="max_chars=0"):
        PromptBox(max_chars=0)


def test_the_page_gets_scripts_settings_and_ideas() -> None:
    box = PromptBox({"prompt": "a"}, settings={"width": 256}, ideas=("a", "b"), max_chars=50, placeholder="Say", elem_id="p")
    config = box.get_config()
    assert config["props"] | {"settings": {"width": 256}, "ideas": ["a", "b"], "max_chars": 50, "placeholder": "Say"} == config["props"]
    json.dumps(config, default=lambda value: pytest.fail(f"{value!r} cannot be sent to the page"))
    assert "{{" not in config["css_template"] and "`" not in config["css_template"] and "${" not in config["css_template"]  # Gradio fills these in
    assert not (FOLDER / "__init__.pyi").exists()
    assert {path.name for path in FOLDER.glob("*.js")} == set(SCRIPTS)
    assert box.api_info()["properties"]["prompt"]["maxLength"] == 50
    assert PromptBox().preprocess(box.example_payload()) == box.example_value()


def test_no_script_reaches_the_network_or_makes_html_of_text() -> None:
    for path in [*FOLDER.glob("*.js"), *FOLDER.glob("*.css")]:
        text = path.read_text(encoding="utf-8")
        for word in ("http://", "https://", "@import", "eval(", "innerHTML", "insertAdjacentHTML", "outerHTML"):
            assert word not in text, (path.name, word)
