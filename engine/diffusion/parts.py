"""The parts of a Stable Diffusion model from a diffusers folder, and what they do alone: texts to states, pictures to latents and back."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import diffusers
import numpy as np
import torch
import transformers
from diffusers import DDIMScheduler

from engine.catalog.weights import check_finite
from engine.errors import InvalidInput, ModelUnavailable
from engine.hardware import number_for_cpu

Checkpoint = Callable[[], None]
"""Called between pieces of work; raises `Cancelled` when the user pressed Stop."""

KNOWN = {
    "unet": ("UNet2DConditionModel", "UNetMotionModel"), "vae": ("AutoencoderTiny", "AutoencoderKL"), "text_encoder": ("CLIPTextModel",),
    "tokenizer": ("CLIPTokenizer", "CLIPTokenizerFast"),
}  # fmt: skip
"""The classes that a folder may name for each part: nothing else is ever built."""

CACHED_TEXTS = 64


@dataclass(frozen=True)
class Parts:
    """A model of the Stable Diffusion family, frozen, ready to draw. `scheduler` is a `DDIMScheduler` whatever the folder named."""

    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    scheduler: Any
    at_once: ClassVar[int] = 8
    """Pictures that the VAE takes together."""
    _texts: OrderedDict[str, torch.Tensor] = field(default_factory=OrderedDict, init=False, repr=False, compare=False)

    @property
    def device(self) -> torch.device:
        """Where the UNet is."""
        return self.unet.device

    @property
    def dtype(self) -> torch.dtype:
        """The kind of number that the models compute in; latents stay float32."""
        return self.unet.dtype

    @property
    def factor(self) -> int:
        """Pixels a side of one latent cell."""
        stages = self.vae.config.encoder_block_out_channels if hasattr(self.vae.config, "encoder_block_out_channels") else self.vae.config.block_out_channels
        return 2 ** (len(stages) - 1)

    @property
    def channels(self) -> int:
        """Channels of the latents."""
        return self.vae.config.latent_channels

    @torch.no_grad()
    def text_states(self, texts: Sequence[str]) -> torch.Tensor:
        """(B, tokens, width) float32 states of the texts' tokens on the processor, cut and padded to the encoder's length. The last ones asked for are remembered.

        Each text is encoded alone, so that its states do not depend on what else was asked for.
        """
        for text in dict.fromkeys(texts):
            if text not in self._texts:
                self._texts[text] = self._states_of(text)
            self._texts.move_to_end(text)
        found = torch.stack([self._texts[text] for text in texts])
        while len(self._texts) > CACHED_TEXTS:
            self._texts.popitem(last=False)
        return found

    def _states_of(self, text: str) -> torch.Tensor:
        return self.text_encoder(ids_of(self.tokenizer, text).to(self.text_encoder.device))[0][0].float().cpu()

    @torch.no_grad()
    def encode(self, pictures: torch.Tensor, checkpoint: Checkpoint = lambda: None) -> torch.Tensor:
        """(F, 3, H, W) in [-1, 1] -> (F, C, H / factor, W / factor) float32, scaled to what the UNet knows. A posterior gives its mode.

        Raises `InvalidInput` when a side is no multiple of the factor. Works in chunks with `checkpoint` between them.
        """
        if any(side % self.factor for side in pictures.shape[-2:]):
            raise InvalidInput(f"pictures of {pictures.shape[-1]}x{pictures.shape[-2]} cannot be encoded", fix=f"choose sides that are multiples of {self.factor}")
        scale, shift = self._scaling()

        def one(chunk: torch.Tensor) -> torch.Tensor:
            found = self.vae.encode(chunk)
            raw = found.latents if hasattr(found, "latents") else found.latent_dist.mode()
            return (raw.float() - shift) * scale

        return self._in_chunks(pictures, one, checkpoint)

    @torch.no_grad()
    def decode(self, latents: torch.Tensor, checkpoint: Checkpoint = lambda: None) -> torch.Tensor:
        """(F, C, h, w) -> (F, 3, h * factor, w * factor) float32 in [-1, 1], on the latents' device. Works in chunks with `checkpoint` between them."""
        scale, shift = self._scaling()
        return self._in_chunks(latents / scale + shift, lambda chunk: self.vae.decode(chunk).sample.float().clamp(-1, 1), checkpoint)

    def _scaling(self) -> tuple[float, float]:
        return float(self.vae.config.scaling_factor or 1.0), float(getattr(self.vae.config, "shift_factor", None) or 0.0)

    def _in_chunks(self, given: torch.Tensor, work: Callable[[torch.Tensor], torch.Tensor], checkpoint: Checkpoint) -> torch.Tensor:
        done = []
        for chunk in given.split(self.at_once):
            checkpoint()
            done.append(work(chunk.to(self.vae.device, self.vae.dtype)).to(given.device))
        return torch.cat(done)


def ids_of(tokenizer: Any, text: str) -> torch.Tensor:
    """(1, tokens) ids of a text, cut and padded to the tokenizer's length."""
    return tokenizer([text], padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt").input_ids


def as_pictures(tensor: torch.Tensor) -> np.ndarray:
    """(F, 3, H, W) in [-1, 1] -> (F, H, W, 3) uint8."""
    return np.ascontiguousarray(((tensor.float().clamp(-1, 1) + 1) * 127.5 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).numpy())


def default_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 on a processor that multiplies it in hardware, float32 on another, float16 on a graphics card."""
    return torch.float16 if device.type != "cpu" else number_for_cpu()


def load_parts(folder: Path | str, *, dtype: torch.dtype | None = None, device: torch.device | str = "cpu") -> Parts:
    """The parts of a whole diffusers folder, by the stock classes that its `model_index.json` names, from safetensors alone.

    dtype: None takes `default_dtype`. Raises `ModelUnavailable` when the folder is no such model, names another class, or a part cannot be read.
    """
    folder, device = Path(folder), torch.device(device)
    dtype = default_dtype(device) if dtype is None else dtype
    return Parts(**read_parts(folder, KNOWN, dtype, device), scheduler=scheduler_of(folder))


def read_parts(folder: Path, known: Mapping[str, tuple[str, ...]], dtype: torch.dtype, device: torch.device, exact: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parts of a folder that `known` names, each by one of its classes, frozen, on the device. exact: parts whose numbers stay float32. Raises as `load_parts`."""
    index = _read(folder / "model_index.json", folder)
    loaded = {part: _load(folder, part, index, known[part], torch.float32 if part in exact else dtype) for part in known}
    for part, found in loaded.items():
        if isinstance(found, torch.nn.Module):
            check_finite(dict(found.named_parameters()), folder.name)
            loaded[part] = found.to(device).eval().requires_grad_(False)
    if device.type == "cpu":
        for part in ("unet", "vae"):
            loaded[part] = loaded[part].to(memory_format=torch.channels_last)
    return loaded


def scheduler_of(folder: Path) -> Any:
    """A `DDIMScheduler` with the noise schedule that a folder tells."""
    return ddim(_read(folder / "scheduler/scheduler_config.json", folder))


def ddim(config: dict[str, Any], **changes: Any) -> Any:
    """A `DDIMScheduler` with the noise schedule of any scheduler's config. Clipping, a default of the class, is for pixels and stays off."""
    return DDIMScheduler.from_config({**config, "clip_sample": False, "thresholding": False, **changes})


def _read(path: Path, folder: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{folder.name} is not a whole diffusers model", why=f"{path.name}: {error}", fix="choose a folder with model_index.json") from error
    if not isinstance(found, dict):
        raise ModelUnavailable(f"{folder.name} is not a whole diffusers model", why=f"{path.name} holds no settings")
    return found


def _load(folder: Path, part: str, index: dict[str, Any], known: tuple[str, ...], dtype: torch.dtype) -> Any:
    """One part by its stock class. A half-precision variant is taken where the plain file is missing."""
    name = (index.get(part) or [None, None])[1]
    if name not in known:
        raise ModelUnavailable(f"{folder.name} names {name} as its {part}", fix=f"Kinora runs {' or '.join(known)}")
    library: Any = diffusers if hasattr(diffusers, name) else transformers
    kind = getattr(library, name)
    try:
        if part.startswith("tokenizer"):
            return kind.from_pretrained(folder / part, local_files_only=True)
        plain, halves = list((folder / part).glob("*model.safetensors*")), list((folder / part).glob("*.fp16.safetensors*"))
        chosen = {"variant": "fp16"} if halves and not plain else {}
        number = "torch_dtype" if library is diffusers else "dtype"
        return kind.from_pretrained(folder / part, local_files_only=True, use_safetensors=True, **{number: dtype}, **chosen)
    except Exception as error:  # the two libraries raise a dozen kinds for a missing, cut or foreign file
        raise ModelUnavailable(f"the {part} of {folder.name} cannot be read", why=str(error), fix="fetch the model again") from error
