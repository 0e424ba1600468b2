"""How an expert's weights come from a folder: stock classes, safetensors alone, every weight accounted for.

Each expert tells its nets as `components`, by which the pool counts their bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.weights import check_finite, check_folder, inspect
from engine.errors import InvalidInput, ModelUnavailable

if TYPE_CHECKING:
    import numpy as np
    import torch


def stock(kind: Any, folder: Path, device: torch.device | str) -> Any:
    """A model of a transformers class, float32, frozen. Raises `ModelUnavailable` when the folder does not hold one, or leaves weights out."""
    import torch

    check_folder(folder)
    try:
        model, told = kind.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True)
    except Exception as error:  # transformers raises a dozen kinds for a missing, cut or foreign file
        raise unreadable(folder, error) from error
    complete(folder, told["missing_keys"], told["mismatched_keys"])
    check_finite(dict(model.named_parameters()), folder.name)
    return model.to(device).eval().requires_grad_(False)


def stock_processor(kind: Any, folder: Path) -> Any:
    """What turns pictures and texts into a model's input. Raises `ModelUnavailable`."""
    try:
        return kind.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # as above
        raise unreadable(folder, error) from error


def state_of(folder: Path) -> dict[str, torch.Tensor]:
    """All weights of a folder's safetensors files, by name. Raises `ModelUnavailable` when there are none that can be read."""
    from safetensors.torch import load_file

    try:
        files = sorted(folder.glob("*.safetensors"))
        if not files:
            raise FileNotFoundError("no .safetensors file")
        for file in files:
            inspect(file)
        return {name: weight for file in files for name, weight in load_file(file).items()}
    except ModelUnavailable:
        raise
    except Exception as error:  # safetensors has its own kind of error for each way in which a file can be broken
        raise unreadable(folder, error) from error


def filled(model: Any, state: dict[str, torch.Tensor], folder: Path, ignored: tuple[str, ...] = ()) -> Any:
    """A model with all of its weights taken from `state`, frozen. Names in `state` that start with one of `ignored` may be left over.

    Raises `ModelUnavailable` when a name is missing or left over: the libraries' own loaders say nothing then, and the model finds nonsense.
    """
    try:
        result = model.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise unreadable(folder, error) from error
    complete(folder, result.missing_keys, [name for name in result.unexpected_keys if not name.startswith(ignored)])
    check_finite(dict(model.named_parameters()), folder.name)
    return model.eval().requires_grad_(False)


def complete(folder: Path, missing: Any, foreign: Any) -> None:
    """Raises `ModelUnavailable` when names of weights are missing or do not belong."""
    names = [str(name) for name in [*missing, *foreign]]
    if names:
        raise ModelUnavailable(f"the weights in {folder.name} do not fit their model", why=f"{len(names)} names differ, such as {names[0]}", fix="fetch the model again")


def unreadable(folder: Path, error: Exception) -> ModelUnavailable:
    """The error for a folder that cannot be loaded."""
    why = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return ModelUnavailable(f"the model in {folder.name} cannot be read", why=why, fix="fetch the model again; weights must be safetensors")


def picture(image: np.ndarray) -> np.ndarray:
    """The picture itself when it is (H, W, 3) uint8. Raises `InvalidInput` otherwise."""
    import numpy as np

    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise InvalidInput(f"a picture of shape {image.shape} and type {image.dtype} cannot be looked at", fix="give (H, W, 3) uint8")
    return np.ascontiguousarray(image)
