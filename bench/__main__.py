"""`python -m bench`: what can be measured, and how to run it."""

from __future__ import annotations

import ast
from pathlib import Path

for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]
    print(f"python -m bench.{path.stem:14} {first}")
