"""The repeated blocks of denoisers compiled by torch, each by itself: quicker once it is done. What cannot be compiled runs as it is, and the run goes on.

`Module.compile` compiles nothing yet: that is done when a block is called first, in the middle of a run, and there it fails where a C++ compiler or Triton is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BACKEND = "inductor"
"""Torch's own compiler. It needs Triton on a graphics card, and a C++ compiler on the processor."""


def compile_blocks(net: Any, tell: Callable[[str], None]) -> None:
    """Let the repeated blocks of a net be compiled when they are called; they stay so from one run to the next. tell: takes a note when that fails, now or later in the run."""
    net.kinora_tell = tell
    failed = getattr(net, "kinora_uncompiled", "")
    if failed:
        tell(failed)  # it would fail again, after as long a wait
    elif not _compiled(net):
        try:
            net.compile_repeated_blocks(dynamic=True, backend=BACKEND)
        except (RuntimeError, ValueError) as error:  # torch cannot compile on this Python, or the net names no blocks
            _leave(net, error)
        for block in _compiled(net):
            block._compiled_call_impl = _guarded(net, block)


def _guarded(net: Any, block: Any) -> Callable[..., Any]:
    """A block's compiled call, after whose failure all blocks of the net run as they are."""
    compiled = block._compiled_call_impl

    def call(*given: Any, **named: Any) -> Any:
        from torch._dynamo.exc import TorchDynamoException

        try:
            return compiled(*given, **named)
        except TorchDynamoException as error:
            _leave(net, error)
        return block(*given, **named)

    return call


def _leave(net: Any, error: Exception) -> None:
    for block in _compiled(net):
        block._compiled_call_impl = None
    why = " ".join(str(error).partition("\n\n")[0].split())[:200] or type(error).__name__
    net.kinora_uncompiled = f"Blocks run as they are, they could not be compiled ({why}). Compiling takes a C++ compiler, and Triton on a graphics card; without them leave --compiled out."
    net.kinora_tell(net.kinora_uncompiled)


def _compiled(net: Any) -> list[Any]:
    return [part for part in net.modules() if part._compiled_call_impl is not None]
