"""The parts of a model folder in diffusers layout, each resident on its own: two cards with one text encoder or one VAE hold it once, by the content of its weights.

Only classes of diffusers and transformers are built, from safetensors alone; no code of a model folder ever runs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.weights import check_finite
from engine.errors import ModelUnavailable
from engine.experts.loading import complete, unreadable
from engine.hub.quantised import shrink, takes
from engine.settings import Weights

if TYPE_CHECKING:
    from engine.residency import ModelPool

SAMPLES, SAMPLE = 32, 4096
"""A fingerprint reads so many places of so many bytes of each file, besides its header."""


@dataclass(frozen=True)
class Joined:
    """A model whose part `name` lies in a folder of its own, beside a whole model that lacks it."""

    base: Path
    name: str
    part: Path


@dataclass(frozen=True)
class Swapped:
    """A whole model whose part `name` is another net of the same shape, in a single file, named as its authors or as diffusers name weights."""

    base: Path
    name: str
    file: Path


@dataclass(frozen=True)
class Alone:
    """One part of a model by itself: the folder `name` below `base`. library: the module of diffusers' pipelines that knows its class."""

    base: Path
    name: str
    library: str


Place = Path | Joined | Swapped | Alone
"""Where a model lies: in one folder, in two, in a folder and a file; or one part of it."""

PRECISION = re.compile(r"^[^.]+\.(\w+?)(-\d+-of-\d+)?\.safetensors$")
"""Names such as model.fp16.safetensors and model.fp16-00001-of-00003.safetensors."""


def precision_of(file: Path) -> str | None:
    """The precision in a weight file's name, such as fp16; None without one."""
    found = PRECISION.match(file.name)
    return found[1] if found else None


@dataclass(frozen=True)
class Component:
    """One entry of model_index.json. folder: where its files lie; file: a single file that stands for its weights."""

    name: str
    library: str
    kind: str
    folder: Path
    file: Path | None = None

    @property
    def weights(self) -> tuple[Path, ...]:
        """Its safetensors files; of several precisions, those without one in their name, else the first precision."""
        if self.file is not None:
            return (self.file,)
        files = sorted(self.folder.glob("*.safetensors"))
        plain = [file for file in files if precision_of(file) is None]
        first = min((one for one in map(precision_of, files) if one is not None), default=None)
        return tuple(plain or [file for file in files if precision_of(file) == first])

    @property
    def variant(self) -> str | None:
        """The precision in its files' names, such as fp16; None without one."""
        files = self.weights
        return precision_of(files[0]) if files else None


def index(folder: Path) -> dict[str, Any]:
    """A folder's model_index.json. Raises `ModelUnavailable`."""
    try:
        document = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise unreadable(folder, error) from error
    if not isinstance(document, dict) or not isinstance(document.get("_class_name"), str):
        raise unreadable(folder, ValueError("model_index.json names no pipeline"))
    return document


def components_of(folder: Place) -> list[Component]:
    """The parts that a folder says it has. Raises `ModelUnavailable` for an index that names none, or files outside the folder."""
    if isinstance(folder, Alone):
        place = folder.base / folder.name
        return [Component(folder.name, folder.library, kind_in(place), place)]
    if isinstance(folder, Joined):
        return [*(part for part in components_of(folder.base) if part.name != folder.name), Component(folder.name, "diffusers", kind_in(folder.part), folder.part)]
    if isinstance(folder, Swapped):
        return [replace(part, file=folder.file) if part.name == folder.name else part for part in components_of(folder.base)]
    found = []
    for name, value in index(folder).items():
        if isinstance(value, list) and len(value) == 2 and all(isinstance(word, str) for word in value):
            place = (folder / name).resolve()
            if "/" in name or name.startswith(".") or place.parent != folder.resolve():
                raise unreadable(folder, ValueError(f"the part {name[:60]!r} lies outside the folder"))
            found.append(Component(name, value[0], value[1], place))
    if not found:
        raise unreadable(folder, ValueError("model_index.json names no parts"))
    return found


def kind_in(folder: Path) -> str:
    """The class that the config.json of a part names. Raises `ModelUnavailable`."""
    try:
        return str(json.loads((folder / "config.json").read_text(encoding="utf-8"))["_class_name"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unreadable(folder, error) from error


def settings_of(folder: Place) -> dict[str, Any]:
    """What model_index.json tells the pipeline besides its parts, such as boundary_ratio."""
    folder = folder if isinstance(folder, Path) else folder.base
    return {name: value for name, value in index(folder).items() if not name.startswith("_") and not isinstance(value, list)}


def class_of(component: Component) -> Any:
    """The class of a part. Raises `ModelUnavailable` for anything but a class of models, schedulers, tokenizers and processors of the two libraries."""
    from diffusers.configuration_utils import ConfigMixin
    from diffusers.guiders.guider_utils import BaseGuidance
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, ProcessorMixin
    from transformers.image_processing_base import ImageProcessingMixin

    known = (ConfigMixin, BaseGuidance, PreTrainedModel, PreTrainedTokenizerBase, ProcessorMixin, ImageProcessingMixin)
    try:
        inside = component.library if component.library in ("diffusers", "transformers") else f"diffusers.pipelines.{component.library}"
        kind = getattr(import_module(inside), component.kind) if component.library.isidentifier() else None
    except (ImportError, AttributeError):
        kind = None
    if not isinstance(kind, type) or not issubclass(kind, known):
        raise ModelUnavailable(
            f"{component.folder.parent.name} asks for {component.library}.{component.kind}"[:120], why="this installation has no such kind of model", fix="update diffusers, or choose another model"
        )
    return kind


def fingerprint(files: tuple[Path, ...]) -> str:
    """A name for the content of weight files: their sizes, headers and many places inside. Two files that differ in a single weight may share it; two models do not."""
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        with open(file, "rb") as stream:
            head = stream.read(8)
            digest.update(size.to_bytes(8, "little") + head + stream.read(min(int.from_bytes(head, "little"), 2**27, size)))
            for k in range(SAMPLES):
                stream.seek(k * max(0, size - SAMPLE) // (SAMPLES - 1))
                digest.update(stream.read(SAMPLE))
    return digest.hexdigest()[:32]


def net_key(kind: str, files: Iterable[tuple[Path, ...]], dtype: Any, weights: Weights) -> str:
    """By which a resident net is known: its class, the content of its weights, the numbers that they are, and how they are kept."""
    return ":".join((kind, *map(fingerprint, files), str(dtype).removeprefix("torch."))) + ("" if weights == "whole" else f":{weights}")


def load_net(component: Component, dtype: Any) -> Any:
    """A part with weights, frozen, on the processor. Raises `ModelUnavailable` when weights are missing, foreign or broken."""
    kind = class_of(component)
    if component.file is not None:
        return _from_file(kind, component, component.file, dtype)
    told: dict[str, Any]
    try:
        model, told = kind.from_pretrained(
            component.folder, local_files_only=True, use_safetensors=True, torch_dtype=dtype, output_loading_info=True, **({"variant": component.variant} if component.variant else {})
        )
    except Exception as error:  # each library raises a dozen kinds for a missing, cut or foreign file
        raise unreadable(component.folder, error) from error
    complete(component.folder, told.get("missing_keys", ()), told.get("mismatched_keys", ()))
    check_finite(dict(model.named_parameters()), f"{component.folder.parent.name}/{component.name}")
    return model.eval().requires_grad_(False)


def _from_file(kind: Any, component: Component, file: Path, dtype: Any) -> Any:
    """A net of a single file, by the settings of the folder whose part it stands for."""
    from safetensors.torch import load_file

    try:
        if not hasattr(kind, "from_single_file"):
            raise ValueError(f"{kind.__name__} cannot be read from a single file")
        model = kind.from_single_file(load_file(file), config=str(component.folder.parent), subfolder=component.folder.name, torch_dtype=dtype, local_files_only=True)
    except Exception as error:  # diffusers raises a dozen kinds for a file of another family
        raise unreadable(file, error) from error
    complete(file, [name for name, weight in model.named_parameters() if weight.is_meta], ())
    check_finite(model.state_dict(), file.name)
    return model.eval().requires_grad_(False)


def load_small(component: Component) -> Any:
    """A part without weights: scheduler, tokenizer, processor. Raises `ModelUnavailable`."""
    try:
        return class_of(component).from_pretrained(component.folder, local_files_only=True)
    except ModelUnavailable:
        raise
    except Exception as error:  # as above
        raise unreadable(component.folder, error) from error


@contextmanager
def leased(
    folder: Place, pool: ModelPool | None, dtypes: Mapping[str, Any], *, wanted: frozenset[str] | None = None, weights: Weights = "whole", exact: tuple[str, ...] = ()
) -> Iterator[dict[str, Any]]:
    """All parts of a folder by name for the length of a block, resident from one run to the next where there is a pool.

    dtypes: part -> torch dtype, `""` for those not named. wanted: leave other parts out. weights: how the parts that take it keep them, but for those in exact. Small parts are copies: a run may change its scheduler.
    """
    parts = [part for part in components_of(folder) if wanted is None or part.name in wanted]
    nets = [part for part in parts if part.weights]
    with ExitStack() as held:
        out: dict[str, Any] = {}
        for part in nets:
            dtype = dtypes.get(part.name, dtypes[""])
            kept: Weights = weights if takes(part.name, weights) and part.name not in exact else "whole"

            def load(progress: Any = None, part: Component = part, dtype: Any = dtype, kept: Weights = kept) -> Any:
                return shrink(load_net(part, dtype), kept)

            if pool is None:
                out[part.name] = load()
            else:
                out[part.name] = held.enter_context(pool.lease(net_key(part.kind, [part.weights], dtype, kept), load, expected=numbers(part.weights) * dtype.itemsize))
        others = [part for part in parts if part not in nets]

        def rest() -> dict[str, Any]:
            return {part.name: load_small(part) for part in others}

        loaded = rest() if pool is None else held.enter_context(pool.lease(f"settings:{folder}", lambda progress: rest(), expected=0))
        yield {**out, **{name: deepcopy(one) if hasattr(one, "timesteps") else one for name, one in loaded.items()}}


def numbers(files: tuple[Path, ...]) -> int:
    """How many numbers weight files hold, from their headers. Raises `ModelUnavailable` for a broken one."""
    return sum(prod(shape) for _, shape in shapes(files))


def shapes(files: tuple[Path, ...]) -> list[tuple[str, tuple[int, ...]]]:
    """Name and shape of every tensor of weight files, from their headers. Raises `ModelUnavailable` for a broken one."""
    return [one for file in files for one in _shapes(file, *_state(file))]


def _state(file: Path) -> tuple[int, int]:
    """By which a file that was changed is known; zeros for one that is not there, which reading it tells."""
    try:
        told = file.stat()
    except OSError:
        return 0, 0
    return told.st_size, told.st_mtime_ns


@lru_cache(maxsize=64)
def _shapes(file: Path, size: int, changed: int) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Read once: each run asks several times for the headers of all its files, thousands of tensors. A broken file is read again, as an error is not kept."""
    from engine.catalog.weights import inspect

    return tuple((name, tuple(shape)) for name, (_, shape) in inspect(file).items())
