"""What this machine and this installation have, told without torch (but for `number_for_cpu` and `device_of`): processor, cores, memory, graphics cards. The page shows it; the worker decides with it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


@cache
def describe() -> dict[str, object]:
    """`{"processor", "cores", "memory_mib", "graphics"}`; graphics: names of NVIDIA cards, empty without any."""
    return {"processor": _processor(), "cores": os.cpu_count() or 1, "memory_mib": memory_mib("MemTotal"), "graphics": _graphics()}


def memory_mib(name: str) -> float | None:
    """A figure of the system's memory in MiB: MemTotal, or MemAvailable (what a new process may take). None where it is not told."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":")), None)


def graphics_free_mib() -> float | None:
    """Free memory of the first NVIDIA card in MiB; None without one."""
    told = _asked("memory.free")
    try:
        return float(told[0].split()[0]) if told else None
    except ValueError:
        return None


def installed(package: str, least: tuple[int, int]) -> bool:
    """True when a package is installed from that version (major, minor) on. Imports nothing of it."""
    try:
        found = re.match(r"(\d+)\.(\d+)", version(package))
    except PackageNotFoundError:
        return False
    return found is not None and (int(found[1]), int(found[2])) >= least


def number_for_cpu() -> Any:
    """The torch dtype in which nets run fastest on this processor: bfloat16 where it multiplies that in hardware, float32 elsewhere. Imports torch."""
    import torch

    able: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return torch.bfloat16 if able.get("avx512_bf16") or able.get("amx_bf16") else torch.float32


def planned_device(name: str) -> str:
    """What `device_of` will most likely give, without torch: cuda or cpu."""
    return "cuda" if name in ("auto", "cuda") and describe()["graphics"] else "cpu"


def device_of(name: str) -> Any:
    """The torch device of a setting: its own name, or for auto a graphics card where there is one, else the processor. Imports torch."""
    import torch

    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor() or platform.machine())


def _graphics() -> list[str]:
    return _asked("name,memory.total")


def _asked(what: str) -> list[str]:
    """One line of nvidia-smi for each card; nothing where there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        done = subprocess.run([tool, f"--query-gpu={what}", "--format=csv,noheader"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()] if done.returncode == 0 else []
