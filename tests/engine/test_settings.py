"""Settings from the environment, the command line, and on Spaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli import parse, settings_of
from engine.errors import InvalidInput
from engine.hub import backends
from engine.settings import Settings


def refused(*arguments: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as told:
        settings_of(parse(list(arguments)))
    return told.value


def test_the_command_line_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KINORA_PORT", "7000")
    monkeypatch.setenv("KINORA_KEEP_GIB", "3")
    settings = settings_of(parse(["--port", "7001", "--data-dir", str(tmp_path)]))
    assert (settings.port, settings.keep_gib, settings.data_dir) == (7001, 3.0, tmp_path)
    assert settings_of(parse(["--port", "7001", "tasks"])).port == 7001, "an option may stand before or after the command"


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="a setting is wrong"):
        settings_of(parse(["--port", "many"]))


def test_an_attention_that_diffusers_does_not_know_is_refused_with_those_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers.models.attention_dispatch import AttentionBackendName

    assert backends.names() == tuple(one.value for one in AttentionBackendName if not one.value.endswith("_hub"))
    for name in backends.names():
        assert f" {name}" in str(refused("--attention", "no-such"))
    monkeypatch.setenv("KINORA_ATTENTION", "Flash")
    assert "choose one of: flash" in str(refused())
    assert "code from the hub" in str(refused("--attention", "sage_hub"))
    assert settings_of(parse(["--attention", "_native_math"])).attention == "_native_math"


def test_an_attention_whose_package_is_missing_is_refused_and_one_that_is_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    there: dict[str, bool] = {}
    monkeypatch.setattr(backends, "installed", lambda package, least: there.setdefault(package, False))
    for name, package in (("flash_varlen", "flash-attn 2.6"), ("_flash_3", "flash_attn_3"), ("sage", "sageattention"), ("_sage_qk_int8_pv_fp16_triton", "sageattention"), ("xformers", "xformers")):
        assert f"needs the package {package}" in str(refused("--attention", name))
    there["xformers"] = True
    assert settings_of(parse(["--attention", "xformers"])).attention == "xformers"


def test_the_studio_and_the_command_line_end_with_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    import app

    (tmp_path / "request.json").write_text('{"task": "text-to-video", "prompt": "a boat"}', encoding="utf-8")
    for command in (["run", str(tmp_path / "request.json"), "--out", str(tmp_path)], ["serve"]):
        assert app.main([*command, "--attention", "no-such", "--data-dir", str(tmp_path)]) == 2, command
        told = capsys.readouterr()
        assert told.err.count("\n") == 1 and "no-such" in told.err and not told.out


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
