"""Hostile and broken weights are refused with the reason before anything is loaded; sound ones of every kind are read as the format's own library reads them."""

from __future__ import annotations

import io
import json
import os
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

from engine.catalog.pocket import SHELF as HOME
from engine.catalog.weights import MOST_HEADER_BYTES, bounds, check_finite, check_folder, inspect
from engine.errors import ModelUnavailable
from tests.conftest import ROOT

SOURCES = [path for folder in ("engine", "studio", "tabs", "bench") for path in (ROOT / folder).rglob("*.py")] + [ROOT / "app.py"]


def header(tensors: Any, data: bytes = b"\0" * 16) -> bytes:
    text = tensors if isinstance(tensors, bytes) else json.dumps(tensors).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensor(first: int = 0, last: int = 16, shape: Any = (4,), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape) if isinstance(shape, tuple) else shape, "data_offsets": [first, last]}


def zipped() -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("archive/data.pkl", b"x" * 50)
    return body.getvalue()


HOSTILE: dict[str, tuple[bytes, str]] = {
    "pickle": (b"\x80\x04\x95" + b"cos\nsystem\n" * 9, "pickle"),
    "old pickle": (b"\x80\x02}q\x00" + b"x" * 90, "pickle"),
    "zip": (zipped(), "zip"),
    "pointer of lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "Git LFS"),
    "web page": (b"<!doctype html><html>not found</html>", "web page"),
    "gguf": (b"GGUF\x03\0\0\0" + b"\0" * 50, "GGUF"),
    "empty": (b"", "0 bytes"),
    "short": (b"\x10\0\0\0\0\0\0\0{", "whole file has 9"),
    "absurd header length": (struct.pack("<Q", 2**63) + b"{}" + b" " * 50, "at most"),
    "header beyond the limit": (struct.pack("<Q", MOST_HEADER_BYTES + 1) + b"{}" + b" " * 50, "at most"),
    "header beyond the file": (struct.pack("<Q", 5000) + b'{"w": 1}', "whole file has"),
    "no json": (header(b"{not json}"), "not JSON"),
    "no utf-8": (header(b'{"\xff\xfe": 1}'), "not JSON"),
    "deep json": (header(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "not JSON"),
    "a list": (header(b"[1, 2, 3]"), "not JSON"),
    "names twice": (header(b'{"w":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"w":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}'), "twice"),
    "offsets twice": (header(b'{"w":{"dtype":"U8","shape":[16],"data_offsets":[0,99],"data_offsets":[0,16]}}'), "twice"),
    "overlap": (header({"a": tensor(0, 16), "b": tensor(8, 16, (2,))}), "over each other"),
    "out of range": (header({"a": tensor(0, 16), "b": tensor(16, 32)}), "file has 16 bytes"),
    "truncated": (header({"a": tensor(0, 64, (16,))}), "cut short"),
    "backwards": (header({"a": tensor(16, 0)}), "lies at"),
    "negative": (header({"a": tensor(-16, 0)}), "lies at"),
    "wrong size": (header({"a": tensor(0, 16, (5,))}), r"16 bytes.*has 20"),
    "hole": (header({"a": tensor(8, 16, (2,))}), "belong to no tensor"),
    "bytes behind": (header({"a": tensor(0, 8, (2,))}), "after the last"),
    "nothing but bytes": (header({}), "after the last"),
    "absurd shape": (header({"a": tensor(0, 16, (2**40, 2**40))}), "absurd"),
    "product that wraps": (header({"a": tensor(0, 16, (2**62, 4, 4))}), "absurd"),
    "zero hides it": (header({"a": tensor(0, 0, (-1, 0))}, b""), "absurd"),
    "many axes": (header({"a": tensor(0, 16, (1,) * 64)}), "absurd"),
    "shape of text": (header({"a": tensor(0, 16, "4")}), "absurd"),
    "shape of fractions": (header({"a": tensor(0, 16, [4.0])}), "absurd"),
    "shape of truths": (header({"a": tensor(0, 4, [True])}), "absurd"),
    "unknown dtype": (header({"a": tensor(0, 16, dtype="PY_OBJECT")}), "unknown dtype"),
    "dtype of a list": (header({"a": tensor(0, 16, dtype=[1])}), "unknown dtype"),
    "no tensor": (header({"a": 5}), "not told as a tensor"),
    "more than a tensor": (header({"a": {**tensor(), "code": "x"}}), "not told as a tensor"),
    "long name": (header({"a" * 1000: tensor()}), "not told as a tensor"),
    "notes that are no text": (header({"__metadata__": {"a": [1]}, "a": tensor()}), "notes"),
    "infinite": (header(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,16]}}'), "absurd"),
    "digits without end": (header(b'{"a":{"dtype":"F32","shape":[' + b"9" * 10_000 + b'],"data_offsets":[0,16]}}'), "not JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_sound_file_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    body, said = HOSTILE[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(body)
    with pytest.raises(ModelUnavailable, match=said) as caught:
        inspect(path)
    assert caught.value.what and caught.value.why and caught.value.fix and len(caught.value.line) < 400


def test_sound_files_are_read_as_the_formats_own_library_reads_them(tmp_path: Path) -> None:
    state = {
        "half": torch.ones(2, 3, dtype=torch.float16), "brain": torch.ones(4, dtype=torch.bfloat16), "eight": torch.ones(3, 3).to(torch.float8_e4m3fn), "whole": torch.arange(5),
        "truth": torch.ones(7, dtype=torch.bool), "one": torch.tensor(3.0), "none": torch.zeros(0, 8), "complex": torch.ones(2, dtype=torch.complex64),
    }  # fmt: skip
    save_torch(state, tmp_path / "all.safetensors", metadata={"format": "pt"})
    found = inspect(tmp_path / "all.safetensors")
    assert {name: shape for name, (_, shape) in found.items()} == {name: tuple(one.shape) for name, one in state.items()}
    with safe_open(tmp_path / "all.safetensors", "pt") as theirs:
        assert {name: told for name, (told, _) in found.items()} == {name: theirs.get_slice(name).get_dtype() for name in theirs.keys()}  # noqa: SIM118
    real = sorted((ROOT / "assets/models").rglob("*.safetensors"))
    assert len(real) > 5 and all(inspect(path) for path in real)


def test_random_changes_of_a_header_never_pass_what_the_library_refuses(tmp_path: Path) -> None:
    save_file({"a": np.zeros((3, 4), np.float32), "b": np.zeros(7, np.int64)}, tmp_path / "good.safetensors")
    good, path = (tmp_path / "good.safetensors").read_bytes(), tmp_path / "bad.safetensors"
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(400):
        body = bytearray(good)
        for at in rng.integers(0, len(good) - 104, rng.integers(1, 4)):
            body[at] = rng.choice(list(b'0123456789[]{}",:FIUabdt')) if at >= 8 else rng.integers(0, 256)
        path.write_bytes(bytes(body[: len(body) - int(rng.integers(0, 3))]))
        try:
            inspect(path)
        except ModelUnavailable:
            refused += 1
            continue
        with safe_open(path, "np"):
            pass  # ours is the stricter of the two
    assert 300 < refused < 400


def test_links_lead_nowhere_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    save_file({"a": np.zeros(3)}, tmp_path / "secret.safetensors")
    (tmp_path / "model/a.safetensors").symlink_to("../secret.safetensors")
    with pytest.raises(ModelUnavailable, match="leads out"):
        inspect(tmp_path / "model/a.safetensors")
    (tmp_path / "model/b.safetensors").symlink_to("b.safetensors")
    with pytest.raises(ModelUnavailable, match="link"):
        inspect(tmp_path / "model/b.safetensors")
    os.mkfifo(tmp_path / "model/c.safetensors")
    with pytest.raises(ModelUnavailable, match="no file"):
        inspect(tmp_path / "model/c.safetensors")
    snapshot = tmp_path / "models--them--tiny/snapshots/abc"
    snapshot.mkdir(parents=True)
    (tmp_path / "models--them--tiny/blobs").mkdir()
    save_file({"a": np.zeros(3)}, tmp_path / "models--them--tiny/blobs/00")
    (snapshot / "a.safetensors").symlink_to("../../blobs/00")
    assert inspect(snapshot / "a.safetensors") and bounds(snapshot) == tmp_path / "models--them--tiny"
    (snapshot / "b.safetensors").symlink_to("../../../secret.safetensors")
    with pytest.raises(ModelUnavailable, match="leads out"):
        inspect(snapshot / "b.safetensors")


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A folder in diffusers layout with small sound weights."""
    folder = tmp_path / "pipe"
    for part in ("unet", "vae", "tokenizer"):
        (folder / part).mkdir(parents=True)
    for part in ("unet", "vae"):
        (folder / part / "config.json").write_text(json.dumps({"_class_name": "X", "block_out_channels": [4]}))
        save_file({"w": np.zeros(4, np.float32)}, folder / part / "diffusion_pytorch_model.safetensors")
    (folder / "tokenizer/vocab.json").write_text("{}")
    change(folder, {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"], "tokenizer": ["transformers", "CLIPTokenizer"],
                    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"], "feature_extractor": [None, None], "requires_safety_checker": True, "boundary": 0.9})  # fmt: skip
    return folder


def change(folder: Path, told: dict[str, Any]) -> None:
    path = folder / "model_index.json"
    path.write_text(json.dumps({**(json.loads(path.read_text()) if path.exists() else {}), **told}))


def text(path: Path, body: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body.encode() if isinstance(body, str) else body)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "code": (lambda folder: text(folder / "unet/modeling.py", "import os"), "code"),
    "auto_map": (lambda folder: text(folder / "unet/config.json", '{"a": {"auto_map": {"AutoModel": "x.Y"}}}'), "auto_map"),
    "custom class": (lambda folder: change(folder, {"unet": ["my_module", "UNet"]}), "only classes of diffusers"),
    "module of the system": (lambda folder: change(folder, {"unet": ["os", "System"]}), "only classes of diffusers"),
    "path as a module": (lambda folder: change(folder, {"unet": ["diffusers.utils", "X"]}), "only classes of diffusers"),
    "function": (lambda folder: change(folder, {"unet": ["diffusers", "load_image"]}), "only classes of diffusers"),
    "part out of the folder": (lambda folder: change(folder, {"../unet": ["diffusers", "UNet2DConditionModel"]}), "no folder beside it"),
    "custom pipeline": (lambda folder: change(folder, {"_class_name": ["pipeline", "MyPipeline"]}), "no pipeline of diffusers"),
    "unknown pipeline": (lambda folder: change(folder, {"_class_name": "NobodysPipeline"}), "no pipeline of diffusers"),
    "pickles alone": (lambda folder: (folder / "vae/diffusion_pytorch_model.safetensors").rename(folder / "vae/diffusion_pytorch_model.bin"), "pickle"),
    "pickle beside nothing": (lambda folder: text(folder / "extra/x.ckpt", "x"), "pickle"),
    "missing weights": (lambda folder: (folder / "vae/diffusion_pytorch_model.safetensors").unlink(), "no .safetensors"),
    "broken weights": (lambda folder: text(folder / "vae/diffusion_pytorch_model.safetensors", zipped()), "zip"),
    "shard elsewhere": (lambda folder: text(folder / "unet/x.safetensors.index.json", '{"weight_map": {"w": "../vae/diffusion_pytorch_model.safetensors"}}'), "not a safetensors file beside it"),
    "shard by its path": (lambda folder: text(folder / "unet/x.safetensors.index.json", '{"weight_map": {"w": "/etc/passwd"}}'), "not a safetensors file beside it"),
    "shard as pickle": (lambda folder: text(folder / "unet/x.safetensors.index.json", '{"weight_map": {"w": "x.bin"}}'), "not a safetensors file beside it"),
    "shard missing": (lambda folder: text(folder / "unet/x.safetensors.index.json", '{"weight_map": {"w": "x-00001.safetensors"}}'), "missing"),
    "tensor missing": (lambda folder: text(folder / "unet/x.safetensors.index.json", '{"weight_map": {"v": "diffusion_pytorch_model.safetensors"}}'), "does not hold v"),
    "index without a map": (lambda folder: text(folder / "unet/x.safetensors.index.json", "[]"), "weight_map"),
    "config without json": (lambda folder: text(folder / "unet/config.json", "{"), "not JSON"),
    "folder as a link": (lambda folder: (folder / "text_encoder").symlink_to("/etc"), "link"),
    "file as a link": (lambda folder: (folder / "vae/passwd.json").symlink_to("/etc/passwd"), "leads out"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_folder_that_may_not_be_loaded_is_refused_with_the_reason(name: str, pipeline: Path) -> None:
    check_folder(pipeline)
    act, said = BROKEN[name]
    act(pipeline)
    with pytest.raises(ModelUnavailable, match=said):
        check_folder(pipeline)


def test_pickles_beside_safetensors_are_left_alone(pipeline: Path) -> None:
    text(pipeline / "unet/diffusion_pytorch_model.bin", "x")
    text(pipeline / "v1-5-pruned.ckpt", "x")
    text(pipeline / ".git/hook.py", "x")
    check_folder(pipeline)


def test_the_models_that_ship_are_sound() -> None:
    check_folder(HOME / "pocket-sd")
    with pytest.raises(ModelUnavailable, match="no weights"):
        check_folder(ROOT / "assets/readme")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_weights_that_are_not_finite_are_refused(dtype: torch.dtype) -> None:
    good = {"a": torch.full((300, 7), 448.0).to(dtype), "empty": torch.zeros(0), "count": torch.tensor(7), "large": torch.tensor([3e38])}
    check_finite(good, "Tiny")
    for bad in (float("nan"), float("inf")) if dtype != torch.float8_e4m3fn else (float("nan"),):
        broken = good["a"].float().clone()
        broken[299, 6] = bad
        with pytest.raises(ModelUnavailable, match=r"Tiny.*deep\.a holds values that are not finite"):
            check_finite({**good, "deep.a": broken.to(dtype)}, "Tiny")


@pytest.mark.parametrize("pattern", [r"torch\.load\(", r"\beval\((?!\))", r"\bexec\(", r"\bimport pickle|pickle\.loads?\(", r"trust_remote_code\s*=\s*True", r"use_safetensors\s*=\s*False", r"weights_only"])
def test_nothing_in_the_sources_would_run_what_weights_bring(pattern: str) -> None:
    found = [f"{path.relative_to(ROOT)}: {line.strip()}" for path in SOURCES for line in path.read_text(encoding="utf-8").splitlines() if re.search(pattern, line.split("#")[0])]
    assert not found
