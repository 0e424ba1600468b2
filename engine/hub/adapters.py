"""LoRA adapters (Hu et al., 2021) of the user's own: small safetensors files that teach a model a style or a thing, each with a strength.

They lie in `data/loras`, or in a folder `loras` below those of the setting `model_folders`. A request names them as `paper-cut 0.8, smoke`; a path is never opened.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.catalog.weights import inspect
from engine.errors import InvalidInput, ModelUnavailable
from engine.hub.pipeline import DENOISERS
from engine.settings import Settings

MOST = 8
STRONGEST = 3.0
_ONE = re.compile(r"^(?P<name>.+?)(?:[\s:=]+(?P<strength>[+-]?\d+(?:[.,]\d+)?))?$")


@dataclass(frozen=True)
class Adapter:
    """A file and how strongly it counts; 0 is not at all, 1 as it was trained."""

    name: str
    file: Path
    strength: float = 1.0


def shelves(settings: Settings) -> list[Path]:
    """Where adapters are looked for."""
    more = [Path(one).expanduser() / "loras" for one in settings.model_folders.split(os.pathsep) if one.strip()]
    return [settings.data_dir / "loras", *more]


def found(settings: Settings) -> dict[str, Path]:
    """Name -> file of every adapter that is here."""
    out: dict[str, Path] = {}
    for shelf in shelves(settings):
        for file in sorted(shelf.rglob("*.safetensors")) if shelf.is_dir() else ():
            out.setdefault(file.stem, file)
    return out


def wanted(text: str, settings: Settings) -> list[Adapter]:
    """The adapters that a request names, such as `paper-cut 0.8, smoke`. Raises `InvalidInput` for one that is not here or a strength that cannot be."""
    there, out = found(settings), []
    for word in filter(None, (part.strip() for part in text.split(","))):
        match = _ONE.match(word)
        whole = there.get(word)
        name = word if whole is not None or match is None else match["name"]
        strength = 1.0 if whole is not None or match is None or match["strength"] is None else float(match["strength"].replace(",", "."))
        if name not in there:
            known = f"choose one of: {', '.join(there)}" if there else f"put its .safetensors file into {shelves(settings)[0]}"
            raise InvalidInput(f"there is no LoRA named {name[:80]!r}", fix=known, field="loras")
        if abs(strength) > STRONGEST:
            raise InvalidInput(f"a strength of {strength:g} is not allowed", fix=f"give one from -{STRONGEST:g} to {STRONGEST:g}", field="loras")
        out.append(Adapter(name, there[name], strength))
    if len(out) > MOST or len({one.name for one in out}) < len(out):
        raise InvalidInput("too many LoRAs, or one of them twice", fix=f"name at most {MOST}, each once", field="loras")
    return out


def trigger_words(file: Path) -> str:
    """The words that a file says wake it, from its own metadata; empty when it does not say."""
    try:
        with open(file, "rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            told: Any = json.loads(stream.read(min(length, 2**24))).get("__metadata__", {})
        return " ".join(str(told.get("modelspec.trigger_phrase") or told.get("trigger_words") or "").split())[:200]
    except (OSError, ValueError, AttributeError):
        return ""


@contextmanager
def worn(pipeline: Any, adapters: list[Adapter]) -> Iterator[list[str]]:
    """A pipeline with adapters for the length of a block; yields notes. Its own weights are not changed. Raises `ModelUnavailable` for one that does not fit."""
    if not adapters:
        yield []
        return
    if not hasattr(pipeline, "load_lora_weights"):
        raise InvalidInput("this model takes no LoRA", fix="leave them out, or choose another model", field="loras")
    notes = []
    try:
        for index, one in enumerate(adapters):
            _load(pipeline, one, f"lora{index}")
            words = trigger_words(one.file)
            if words:
                notes.append(f"The LoRA {one.name} is woken by: {words}")
        pipeline.set_adapters([f"lora{index}" for index in range(len(adapters))], adapter_weights=[one.strength for one in adapters])
        yield notes
    finally:
        pipeline.unload_lora_weights()


@contextmanager
def worn_too(pipeline: Any, worn: list[Adapter], more: list[Adapter]) -> Iterator[None]:
    """A pipeline with more adapters than those that it wears already (`worn`), for the length of a block. Raises `ModelUnavailable` for one that does not fit."""
    if not more:
        yield
        return
    names = [f"lora{index}" for index in range(len(worn) + len(more))]
    try:
        for name, one in zip(names[len(worn) :], more, strict=True):
            _load(pipeline, one, name)
        pipeline.set_adapters(names, adapter_weights=[one.strength for one in (*worn, *more)])
        yield
    finally:
        pipeline.delete_adapters([name for name in names[len(worn) :] if _held(pipeline, name)])
        if worn:
            pipeline.set_adapters(names[: len(worn)], adapter_weights=[one.strength for one in worn])


def _load(pipeline: Any, one: Adapter, name: str) -> None:
    """Raises `ModelUnavailable`."""
    inspect(one.file)
    try:
        with _at_full_size(pipeline):
            pipeline.load_lora_weights(str(one.file.parent), weight_name=one.file.name, adapter_name=name, local_files_only=True, use_safetensors=True)
    except Exception as error:  # peft and diffusers raise a dozen kinds for a file of another family
        why = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise ModelUnavailable(f"the LoRA {one.name} does not fit this model", why=why, fix="choose one that was trained for it", field="loras") from error
    if not _held(pipeline, name):
        raise ModelUnavailable(f"the LoRA {one.name} does not fit this model", why="none of its weights belong to it", fix="choose one that was trained for it", field="loras")


@contextmanager
def _at_full_size(pipeline: Any) -> Iterator[None]:
    """For the length of a block peft makes adapters of float8 layers in the numbers that the net computes with: it takes those of the layer's weights, in which nothing is multiplied."""
    import torch
    from peft.tuners.tuners_utils import BaseTunerLayer

    own = BaseTunerLayer._get_base_layer_device_and_dtype
    computed = next(net.dtype for name in DENOISERS if (net := getattr(pipeline, name, None)) is not None)

    def told(self: Any, layer: Any) -> tuple[Any, Any]:
        device, dtype = own(self, layer)
        return device, computed if dtype == torch.float8_e4m3fn else dtype

    BaseTunerLayer._get_base_layer_device_and_dtype = told  # type: ignore[method-assign]
    try:
        yield
    finally:
        BaseTunerLayer._get_base_layer_device_and_dtype = own  # type: ignore[method-assign]


def _held(pipeline: Any, name: str) -> bool:
    return any(name in names for names in pipeline.get_list_adapters().values())
