"""Texts are encoded once: a text encoder remembers what it made of the last inputs, on the processor, so a prompt that comes again neither moves nor runs it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

MOST_BYTES = 256 * 2**20
"""What one encoder may remember: a text is 4 MB with most, 200 MB with those that hand on every layer; the last one is always kept."""


def remember(encoder: Any) -> None:
    """Let an encoder keep its answers. Safe to call again; answers are bit-identical to its own."""
    if getattr(encoder, "kinora_texts", None) is None:
        encoder.kinora_texts = OrderedDict()
    own = encoder.forward
    if not getattr(own, "kinora_remembers", False):
        encoder.forward = _remembering(own, encoder.kinora_texts)


def forget(encoder: Any) -> None:
    """Drop the answers, as after its weights were changed."""
    if getattr(encoder, "kinora_texts", None):
        encoder.kinora_texts.clear()


def _remembering(own: Callable[..., Any], kept: OrderedDict[str, Any]) -> Callable[..., Any]:
    def forward(*given: Any, **named: Any) -> Any:
        import torch

        key, device = _key((given, named)), next((one.device for one in _tensors((given, named))), torch.device("cpu"))
        if key is None:
            return own(*given, **named)
        if key not in kept:
            kept[key] = _moved(own(*given, **named), "cpu")
            while len(kept) > 1 and sum(one.nbytes for one in _tensors(list(kept.values()))) > MOST_BYTES:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return _moved(kept[key], device)

    forward.kinora_remembers = True  # type: ignore[attr-defined]
    return forward


def _tensors(value: Any) -> list[Any]:
    if hasattr(value, "untyped_storage"):
        return [value]
    parts = value.values() if hasattr(value, "values") else value if isinstance(value, (list, tuple)) else ()
    return [tensor for part in parts for tensor in _tensors(part)]


def _key(value: Any) -> str | None:
    """The content of a call's arguments; None when something in them cannot be compared."""
    digest = hashlib.sha256()

    def add(one: Any) -> bool:
        if hasattr(one, "untyped_storage"):
            if one.requires_grad:
                return False
            digest.update(f"{one.dtype}{tuple(one.shape)}".encode() + one.detach().cpu().contiguous().flatten().view(_byte()).numpy().tobytes())
            return True
        if isinstance(one, dict):
            digest.update(b"{")
            return all(add(str(name)) and add(part) for name, part in sorted(one.items()))
        if isinstance(one, (list, tuple)):
            digest.update(b"(")
            return all(add(part) for part in one)
        digest.update(repr(one).encode())
        return one is None or isinstance(one, (str, bool, int, float))

    return digest.hexdigest() if add(value) else None


def _byte() -> Any:
    import torch

    return torch.uint8


def _moved(value: Any, device: Any) -> Any:
    """The same answer with its tensors on another device; other parts as they are."""
    if hasattr(value, "untyped_storage"):
        return value.to(device)
    if isinstance(value, tuple):
        return type(value)(_moved(part, device) for part in value) if type(value) is tuple else value
    if isinstance(value, list):
        return [_moved(part, device) for part in value]
    if isinstance(value, dict):  # a transformers output is one, too
        return type(value)(**{name: _moved(part, device) for name, part in value.items()}) if type(value) is not dict else {name: _moved(part, device) for name, part in value.items()}
    return value
