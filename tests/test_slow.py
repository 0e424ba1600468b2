"""The list of slow tests: it names tests that exist, leaves the main ways in, and is made by measured time."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests import slow
from tests.conftest import ROOT


def test_every_listed_test_exists_and_no_main_way_is_listed() -> None:
    named = {*slow.names(), *slow.KEPT}
    there = {f"{file}::{node.name}" for file in {name.split("::")[0] for name in named} for node in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(node, ast.FunctionDef)}
    assert not named - there, "renamed or removed: python -m tests.slow writes the list anew"
    assert not slow.names() & set(slow.KEPT)


def test_the_slowest_go_until_the_rest_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = tmp_path / "report.xml"
    cases = [("tests.a", "test_one[x]", 3), ("tests.a", "test_one[y]", 4), ("tests.b", "test_two", 5), ("tests.b", "test_three", 2), ("tests.b", "test_main", 9)]
    report.write_text("<testsuites><testsuite>" + "".join(f'<testcase classname="{place}" name="{name}" time="{time}"/>' for place, name, time in cases) + "</testsuite></testsuites>")
    took = slow.seconds(report)
    assert took == Counter({"tests/b.py::test_main": 9.0, "tests/a.py::test_one": 7.0, "tests/b.py::test_two": 5.0, "tests/b.py::test_three": 2.0})
    monkeypatch.setattr(slow, "KEPT", ("tests/b.py::test_main",))
    assert slow.slowest(took, 23.0) == [] and slow.slowest(took, 16.0) == ["tests/a.py::test_one"]
    assert slow.slowest(took, 12.0) == ["tests/a.py::test_one", "tests/b.py::test_two"]
