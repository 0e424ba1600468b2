"""Hearing and speaking load their heavy parts only when they run."""

from __future__ import annotations

import subprocess
import sys


def test_importing_loads_nothing_heavy() -> None:
    code = "import sys, engine.sound.speech, engine.sound.laughter, engine.sound.voices; print(sorted({'torch', 'scipy', 'gradio', 'onnxruntime', 'librosa', 'safetensors'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
