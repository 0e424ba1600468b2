"""Weights of unknown origin: what a safetensors file says it holds, read from its header alone, and whether a model's folder may be loaded at all. Light: no torch.

A safetensors file is eight bytes of header length (little endian), a JSON header, and the tensors' bytes without holes. Nothing is loaded here, and nothing of a file is trusted.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch

Header = dict[str, tuple[str, tuple[int, ...]]]
"""Of each tensor its dtype in the format's own letters (F16, BF16, ...) and its shape."""

MOST_HEADER_BYTES = 16 * 2**20
"""Longest header that is read: ten thousand tensors take 2 MiB, and what is parsed takes some twenty times as much memory."""

MOST_RANK = 12
"""Most axes of a tensor: video models use six."""

MOST_ELEMENTS = 2**40
"""Most numbers of one tensor: beyond any weights, and far below where products overflow elsewhere."""

MOST_NAME = 512
"""Longest name of a tensor in characters."""

MOST_FILES = 20_000
"""Files below a model's folder that are looked at."""

MOST_JSON_BYTES = 32 * 2**20
"""Longest settings file that is read: tokenizers have up to 20 MiB."""

BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64, "C64": 64,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
"""Bits of a number of each dtype that the format knows."""

PICKLES = (".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth")
"""Endings of files that would have to be unpickled: never fetched, never loaded."""

CODE = (".py", ".pyc", ".so", ".pyd", ".dll")
"""Endings of files with code: a model that brings some is refused."""

MAGIC = (
    (b"PK\x03\x04", "it is a zip archive, as torch.save writes them"),
    (b"\x80\x02", "it is a pickle file"), (b"\x80\x03", "it is a pickle file"), (b"\x80\x04", "it is a pickle file"), (b"\x80\x05", "it is a pickle file"),
    (b"version https://git-lfs", "it is a pointer of Git LFS, not the file itself"),
    (b"GGUF", "it is a GGUF file"), (b"\x89HDF", "it is an HDF5 file"), (b"\x1f\x8b", "it is a gzip archive"), (b"<", "it is a web page"),
)  # fmt: skip
"""First bytes of what is often found under the name of weights."""

CODE_KEYS = {"auto_map", "custom_pipelines", "custom_pipeline"}
"""Keys in settings by which a model brings code of its own."""

LIBRARIES = ("diffusers", "transformers")
"""Where the classes of a model_index.json may come from, besides the pipeline folders of diffusers."""


def inspect(path: Path, within: Path | None = None) -> Header:
    """Names, dtypes and shapes of a safetensors file, from its header alone.

    within: the folder that a symbolic link may lead into; None: the file's own, or for a snapshot of a Hugging Face cache its repository's. Raises `ModelUnavailable`
    with the reason for whatever is not a sound file: another format, a header that is too long or no JSON, names twice, dtypes that are unknown, absurd shapes, bytes that
    overlap, lie out of range, leave holes, or do not fit their shape.
    """
    size = _plain_size(path, within or bounds(path.parent))
    with open(path, "rb") as stream:
        head = stream.read(64)
        length = int.from_bytes(head[:8], "little")
        if len(head) < 9 or head[8:9] != b"{" or length > MOST_HEADER_BYTES:
            raise _foreign(path, head, length)
        if length > size - 8:
            raise _refused(path, f"its header should have {length} bytes, the whole file has {size}", truncated=True)
        stream.seek(8)
        text = stream.read(length)
    return _checked(path, _header(path, text), size - 8 - length)


def check_index(path: Path, within: Path | None = None) -> None:
    """Raises `ModelUnavailable` unless every file of a `*.safetensors.index.json` lies beside it, is sound, and holds the tensors that are looked for in it."""
    told = read_json(path, within)
    named = told.get("weight_map") if isinstance(told, dict) else None
    if not isinstance(named, dict) or not named:
        raise _refused(path, "it has no weight_map")
    wanted: dict[str, set[str]] = {}
    for tensor, file in named.items():
        if not isinstance(file, str) or not file.endswith(".safetensors") or file != Path(file).name or "\\" in file or file.startswith("."):
            raise _refused(path, f"it names {str(file)[:80]!r}, which is not a safetensors file beside it")
        wanted.setdefault(file, set()).add(tensor)
    for file, tensors in wanted.items():
        if not (path.parent / file).is_file():
            raise _refused(path, f"{file} is missing", truncated=True)
        lacking = tensors - inspect(path.parent / file, within).keys()
        if lacking:
            raise _refused(path, f"{file} does not hold {min(lacking)[:80]}")


def check_folder(folder: Path) -> None:
    """Raises `ModelUnavailable` with the reason unless a model's folder (diffusers or transformers layout) may be loaded: sound safetensors alone, no code, no foreign classes.

    Pickle files may lie beside safetensors, which are what is loaded then. Folders that begin with a dot are never loaded, nor looked at.
    """
    within = bounds(folder)
    files = list(_files(folder, within))
    weights = [path for path in files if path.suffix == ".safetensors"]
    index = folder / "model_index.json"
    for path in files:
        if path.suffix in CODE:
            raise _refused(path, "a model that brings code is never run", root=folder)
    for path in files:
        whole = path.parent == folder and index in files  # a single file of everything beside the parts: the parts are loaded
        if path.suffix in PICKLES and not whole and not any(one.parent == path.parent for one in weights):
            raise _refused(path, "pickle files run code when they are loaded, and there is no safetensors file beside it", root=folder)
    if not weights:
        raise ModelUnavailable(f"{folder.name} holds no weights", why="there is no .safetensors file", fix="get the model in safetensors")
    for path in files:
        if path.suffix == ".json" and path.name.endswith("config.json"):
            asked = CODE_KEYS & set(_keys(read_json(path, within)))
            if asked:
                raise _refused(path, f"it asks for code of its own ({min(asked)}), which is never run", root=folder)
        elif path.name.endswith(".safetensors.index.json"):
            check_index(path, within)
    if index in files:
        _check_classes(index, weights, within)
    for path in weights:
        inspect(path, within)


def check_finite(state: Mapping[str, torch.Tensor], title: str) -> None:
    """Raises `ModelUnavailable` when a weight is not a number or infinite. state: parameters, not buffers (masks hold infinities rightly). title: the model's name for the user."""
    import torch

    for name, weight in state.items():
        if not weight.is_floating_point() or not weight.numel() or weight.is_meta:
            continue
        for block in weight.detach().reshape(-1).split(2**24):
            if not bool(torch.isfinite(block if block.element_size() > 1 else block.float()).all()):
                raise ModelUnavailable(f"the weights of {title} are broken", why=f"{name} holds values that are not finite", fix="get the model again, or another one")


def bounds(folder: Path) -> Path:
    """The folder that links in a model's folder may lead into: itself, or the repository's for a snapshot of a Hugging Face cache, whose files are links to `blobs`."""
    for parent in (folder, *folder.parents):
        if parent.parent.name == "snapshots" and parent.parent.parent.name.startswith("models--"):
            return parent.parent.parent
    return folder


def read_json(path: Path, within: Path | None = None) -> Any:
    """A settings file as JSON. Raises `ModelUnavailable` when it is too long, no JSON, or a link that leads out."""
    if _plain_size(path, within or bounds(path.parent)) > MOST_JSON_BYTES:
        raise _refused(path, f"it is longer than {MOST_JSON_BYTES // 2**20} MiB")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _refused(path, "it is not JSON") from error


def _header(path: Path, text: bytes) -> dict[str, Any]:
    twice: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) < len(items):
            seen: set[str] = set()
            twice.append(next(name for name, _ in items if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
        return made

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise _refused(path, "its header is not JSON") from error
    if twice:
        raise _refused(path, f"its header names {twice[0][:80]!r} twice")
    if not isinstance(header, dict):
        raise _refused(path, "its header is not a table")
    notes = header.pop("__metadata__", {})
    if not isinstance(notes, dict) or not all(isinstance(value, str) for value in notes.values()):
        raise _refused(path, "its notes are not text")
    return header


def _checked(path: Path, header: dict[str, Any], data: int) -> Header:
    """The header's tensors, once all of them are sound. data: bytes after the header."""
    out: Header = {}
    spans = []
    for name, told in header.items():
        short = name[:80]
        if len(name) > MOST_NAME or not isinstance(told, dict) or told.keys() != {"dtype", "shape", "data_offsets"}:
            raise _refused(path, f"{short!r} is not told as a tensor")
        dtype, shape, span = told["dtype"], told["shape"], told["data_offsets"]
        if not isinstance(dtype, str) or dtype not in BITS:
            raise _refused(path, f"{short} has the unknown dtype {str(dtype)[:20]!r}")
        if not _whole_numbers(shape) or len(shape) > MOST_RANK or (elements := _product(shape)) > MOST_ELEMENTS:
            raise _refused(path, f"{short} has an absurd shape, {str(shape)[:60]}")
        if not _whole_numbers(span) or len(span) != 2 or span[0] > span[1] or span[1] > data:
            cut = _whole_numbers(span) and len(span) == 2 and span[0] <= span[1]
            raise _refused(path, f"{short} lies at {str(span)[:60]}, the file has {data} bytes of tensors", truncated=cut)
        if (span[1] - span[0]) * 8 != elements * BITS[dtype]:
            raise _refused(path, f"{short} has {span[1] - span[0]} bytes, {dtype} of shape {shape} has {elements * BITS[dtype] / 8:g}")
        spans.append((span[0], span[1], short))
        out[name] = (dtype, tuple(shape))
    end, before = 0, ""
    for first, last, short in sorted(spans):
        if first < end:
            raise _refused(path, f"{short} and {before} lie over each other")
        if first > end:
            raise _refused(path, f"{first - end} bytes before {short} belong to no tensor")
        end, before = last, short
    if end != data:
        raise _refused(path, f"{data - end} bytes after the last tensor belong to none")
    return out


def _keys(value: Any) -> Iterator[str]:
    """All keys of a JSON value at any depth."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _whole_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(one) is int and 0 <= one < 2**63 for one in value)


def _product(shape: list[int]) -> int:
    product = 1
    for size in shape:
        product *= size
    return product


def _foreign(path: Path, head: bytes, length: int) -> ModelUnavailable:
    """The error for a file that does not begin as safetensors do."""
    if len(head) < 9:
        return _refused(path, f"it has {len(head)} bytes", truncated=True)
    kind = next((told for magic, told in MAGIC if head.startswith(magic)), None)
    if kind is None:
        kind = f"its header should have {length} bytes, at most {MOST_HEADER_BYTES} are read" if length > MOST_HEADER_BYTES else "its header is not JSON"
    return _refused(path, kind)


def _plain_size(path: Path, within: Path) -> int:
    """Bytes of a regular file whose links lead nowhere out of `within`."""
    try:
        real = path.resolve(strict=True)
        facts = real.stat()
    except (OSError, RuntimeError) as error:
        raise _refused(path, "it is not there, or is a link that leads nowhere") from error
    if not real.is_relative_to(within.resolve()):
        raise _refused(path, f"it is a link that leads out of {within.name}")
    if not stat.S_ISREG(facts.st_mode):
        raise _refused(path, "it is no file")
    return facts.st_size


def _files(folder: Path, within: Path) -> Iterator[Path]:
    """All files below a folder, but not those below folders that begin with a dot. Links to folders are refused when they lead out, and followed never."""
    seen = 0
    for place, folders, names in os.walk(folder):
        for name in folders:
            if (Path(place) / name).is_symlink():
                raise _refused(Path(place) / name, "a folder is a link", root=folder)
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in sorted(names):
            seen += 1
            if seen > MOST_FILES:
                raise ModelUnavailable(f"{folder.name} holds more than {MOST_FILES} files", fix="it is no model's folder: name the model's own")
            path = Path(place) / name
            if path.is_symlink():
                _plain_size(path, within)
            yield path


def _check_classes(index: Path, weights: list[Path], within: Path) -> None:
    """A pipeline and its parts must be classes of diffusers or transformers: the libraries would import any other module by its name."""
    told = read_json(index, within)
    if not isinstance(told, dict):
        raise _refused(index, "it is not a table")
    home = find_spec("diffusers")
    root = Path(home.origin).parent if home is not None and home.origin else None
    known = (root / "__init__.py").read_text(encoding="utf-8") if root is not None else None
    pipeline = told.get("_class_name")
    if not isinstance(pipeline, str) or (known is not None and f'"{pipeline}"' not in known):
        raise _refused(index, f"{str(pipeline)[:80]!r} is no pipeline of diffusers")
    for part, value in told.items():
        if part.startswith("_") or not (isinstance(value, list) and len(value) == 2) or value == [None, None]:
            continue
        library, kind = value
        inside = root is not None and isinstance(library, str) and library.isidentifier() and (root / "pipelines" / library).is_dir()
        if not (library in LIBRARIES or inside) or not (isinstance(kind, str) and kind.isidentifier() and kind[0].isupper()):
            raise _refused(index, f"its part {part[:40]} is {str(value)[:80]}: only classes of diffusers and transformers are used")
        if not part.isidentifier():
            raise _refused(index, f"its part {part[:40]!r} is no folder beside it")
        place = index.parent / part
        if (place / "config.json").is_file() and not kind.endswith(("Tokenizer", "TokenizerFast", "Processor", "Extractor")) and not any(one.parent == place for one in weights):
            raise _refused(place, "this part has no .safetensors file", truncated=True, root=index.parent)


def _refused(path: Path, why: str, *, truncated: bool = False, root: Path | None = None) -> ModelUnavailable:
    name = str(path.relative_to(root)) if root is not None and path.is_relative_to(root) else path.name
    fix = "it was cut short: fetch it again" if truncated else "it was not loaded; get the model from its makers, in safetensors"
    return ModelUnavailable(f"{name} was refused", why=why, fix=fix)
