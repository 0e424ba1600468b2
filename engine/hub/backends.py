"""The ways of computing attention that large models can be told to use, by their names in diffusers: which there are, and whether this installation has one. Light: no torch."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from engine.errors import InvalidInput
from engine.hardware import installed

PACKAGES: dict[str, tuple[str, tuple[int, int], str]] = {
    "flash_3": ("flash_attn_3", (0, 0), "build it from the sources of flash-attention"), "flash_varlen_3": ("flash_attn_3", (0, 0), "build it from the sources of flash-attention"),
    "flash": ("flash-attn", (2, 6), "pip install flash-attn"), "sage": ("sageattention", (2, 1), "pip install sageattention"), "xformers": ("xformers", (0, 0), "pip install xformers"),
    "native_npu": ("torch_npu", (0, 0), "pip install torch_npu"), "native_xla": ("torch_xla", (2, 2), "pip install torch_xla"),
}  # fmt: skip
"""What a name begins with, without underscores before it -> package, least version, and how to get it; the first that fits counts. Other names are torch's own."""

ON_PROCESSORS = ("native", "_native_math", "_native_flash", "flex")
"""Names whose kernels a processor has, too; the others end a run there."""


@cache
def names() -> tuple[str, ...]:
    """The names that the installed diffusers knows, read from its source, as importing it takes seconds and torch. Those that fetch code from the hub are left out: none of it runs here."""
    spec = find_spec("diffusers")
    assert spec is not None and spec.origin is not None, "in requirements.txt"
    tree = ast.parse((Path(spec.origin).parent / "models/attention_dispatch.py").read_text(encoding="utf-8"))
    kinds = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "AttentionBackendName")
    values = [node.value.value for kind in kinds for node in kind.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)]
    return tuple(name for name in map(str, values) if not name.endswith("_hub"))


def check_attention(name: str) -> None:
    """Raises `InvalidInput` for a name that diffusers does not know, and for one whose package is not installed; an empty one is torch's own."""
    if not name:
        return
    if name not in names():
        why = "it would fetch code from the hub and run it" if name.endswith("_hub") else "diffusers knows no such name"
        raise InvalidInput(f"--attention {name[:40]} cannot be used", why=why, fix=f"choose one of: {', '.join(names())}; or leave it out for torch's own")
    needed = next((told for begins, told in PACKAGES.items() if name.lstrip("_").startswith(begins)), None)
    if needed is not None and not installed(*needed[:2]):
        package, (major, minor), get = needed
        least = f" {major}.{minor} or newer" if major + minor else ""
        raise InvalidInput(f"--attention {name} needs the package {package}{least}", why="it is not installed", fix=f"{get}, or leave --attention out for torch's own")
