"""Settings from the environment, the command line, and on Spaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli import parse, settings_of
from engine.errors import InvalidInput
from engine.settings import Settings


def test_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KINORA_PORT", "7000")
    monkeypatch.setenv("KINORA_KEEP_GIB", "3")
    settings = settings_of(parse(["--port", "7001", "--data-dir", str(tmp_path)]))
    assert (settings.port, settings.keep_gib, settings.data_dir) == (7001, 3.0, tmp_path)
    assert settings_of(parse(["--port", "7001", "tasks"])).port == 7001, "an option may stand before or after the command"


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="a setting is wrong"):
        settings_of(parse(["--port", "many"]))


def test_on_spaces_visitors_are_apart_and_the_proxy_reaches_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings.load().host, Settings.load().shared) == ("127.0.0.1", False)
    monkeypatch.setenv("SPACE_ID", "someone/kinora")
    settings = Settings.load()
    assert (settings.host, settings.shared, settings.port) == ("0.0.0.0", True, 7860)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "kinora" in Settings.load().data_dir.name and Settings.load().data_dir != Settings().data_dir


def test_the_readme_front_matter_fits_the_requirements() -> None:
    from tests.conftest import ROOT

    lines = (ROOT / "README.md").read_text(encoding="utf-8").split("---")[1].strip().splitlines()
    front = dict(line.split(": ", 1) for line in lines)
    assert front["sdk"] == "gradio" and front["app_file"] == "app.py" and (ROOT / front["app_file"]).exists() and front["license"] == "apache-2.0"
    assert (ROOT / "requirements.txt").read_text().startswith(f"gradio>={front['sdk_version'].rsplit('.', 1)[0]}")
    assert len(front["short_description"]) <= 60
