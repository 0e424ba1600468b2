"""What a picture will look like, from its latents, in microseconds: a linear map from latent channels to red, green and blue.

The map is not taken from anywhere: it is measured on the model's own VAE, by encoding stills of the diorama and solving least squares, once for each VAE; the figures
are kept on disk by the VAE's content.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.catalog.drawing import Drawing

SIDE = 256
"""Pixels of a still's side when it is encoded."""

RIDGE = 1e-3
"""Keeps the map sane for channels that hardly vary: a share of the channels' mean power."""

STILLS = 12


@dataclass(frozen=True)
class Looks:
    """weights: (C + 1, 3) float32; the last row is what stands alone. fit: the share of the stills' variance that the map explains, 1 is all."""

    weights: np.ndarray
    fit: float

    def __call__(self, latents: np.ndarray) -> np.ndarray:
        """(F, C, h, w) clean latents, as inside the loop -> (F, h, w, 3) uint8."""
        colours = np.einsum("fchw,cd->fhwd", latents, self.weights[:-1]) + self.weights[-1]
        return np.clip(np.rint(colours * 255), 0, 255).astype(np.uint8)


def measured(vae: Any, folder: Path, name: str) -> Looks:
    """The map of a VAE, from `folder` when it was measured before. name: the content of the VAE."""
    kept = folder / f"{name}.json"
    try:
        told = json.loads(kept.read_text(encoding="utf-8"))
        return Looks(np.array(told["weights"], np.float32), float(told["fit"]))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    looks = measure(vae, stills())
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps({"weights": looks.weights.tolist(), "fit": looks.fit}), encoding="utf-8")
    return looks


def stills(count: int = STILLS, side: int = SIDE) -> np.ndarray:
    """(count, side, side, 3) uint8: scenes of many colours, some turned into their negatives, as no scene is pink or green all over."""
    from engine.world.stills import SCENES, make_scene

    names = list(SCENES)
    seen = [make_scene(names[k % len(names)], size=(side, side), seed=k).render() for k in range(count)]
    return np.stack([255 - one if k % 3 == 2 else one for k, one in enumerate(seen)])


def measure(vae: Any, pictures: np.ndarray) -> Looks:
    """Solve for the map on pictures (N, H, W, 3) uint8."""
    import torch

    video = encodes_video(vae)
    rows, colours = [], []
    with torch.no_grad():
        for picture in pictures:
            given = torch.from_numpy(picture.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
            told = vae.encode((given[:, :, None] if video else given).to(vae.device, vae.dtype))
            raw = told.latent_dist.mode() if hasattr(told, "latent_dist") else getattr(told, "latents", None) if hasattr(told, "latents") else told.latent
            latents = normalised(vae, raw).float().cpu()
            grid = (latents[0, :, 0] if latents.ndim == 5 else latents[0]).numpy()
            small = cv2.resize(picture, (grid.shape[2], grid.shape[1]), interpolation=cv2.INTER_AREA).reshape(-1, 3)
            rows.append(grid.reshape(len(grid), -1).T)
            colours.append(small.astype(np.float64) / 255)
    x, y = np.concatenate(rows).astype(np.float64), np.concatenate(colours)
    x = np.concatenate([x, np.ones((len(x), 1))], 1)
    power = RIDGE * float((x[:, :-1] ** 2).mean()) * len(x)
    pull = np.diag([power] * (x.shape[1] - 1) + [0.0])
    weights = np.linalg.solve(x.T @ x + pull, x.T @ y)
    left, whole = float(((x @ weights - y) ** 2).sum()), float(((y - y.mean(0)) ** 2).sum())
    return Looks(weights.astype(np.float32), 1 - left / whole)


def encodes_video(vae: Any) -> bool:
    """True for a VAE whose input has frames."""
    import torch

    first = next(module for module in vae.encoder.modules() if isinstance(module, (torch.nn.Conv2d, torch.nn.Conv3d)))
    return isinstance(first, torch.nn.Conv3d)


def normalised(vae: Any, raw: Any) -> Any:
    """A VAE's latents as a pipeline's loop holds them: shifted and scaled by the figures in the VAE's settings."""
    import torch

    config = vae.config
    norm = getattr(vae, "bn", None)
    if norm is not None:  # FLUX.2: the channels of 2x2 places together, by the statistics of a batch norm
        centre, spread = (one.float().view(1, -1, 1, 1) for one in (norm.running_mean, (norm.running_var + config.batch_norm_eps).sqrt()))
        return (torch.nn.functional.pixel_unshuffle(raw.float(), 2) - centre) / spread
    own = dict(vae.named_buffers(recurse=False))
    mean, deviation = (config.get(name) if config.get(name) is not None else own.get(name) for name in ("latents_mean", "latents_std"))
    scale = config.get("scaling_factor") or 1.0
    if mean is None or deviation is None:
        return (raw - (config.get("shift_factor") or 0.0)) * scale
    shape = (1, -1, *[1] * (raw.ndim - 2))
    mean, deviation = (torch.as_tensor(one, dtype=torch.float32, device=raw.device).view(shape) for one in (mean, deviation))
    return (raw.float() - mean) * scale / deviation


def restored(vae: Any, latents: Any) -> Any:
    """The inverse of `normalised`: latents of a loop as the VAE decodes them."""
    import torch

    patched = getattr(vae, "bn", None) is not None
    raw = torch.nn.functional.pixel_shuffle(latents, 2) if patched else latents
    zero = normalised(vae, raw * 0)
    found = (latents.float() - zero) / (normalised(vae, raw * 0 + 1) - zero)
    return torch.nn.functional.pixel_shuffle(found, 2) if patched else found


def grid(pipeline: Any, drawing: Drawing, latents: Any, size: tuple[int, int], frames: int) -> np.ndarray | None:
    """(F, C, h, w) float32 of a pipeline's latents, of the first clip; None when their layout cannot be told. size: (width, height) in pixels."""
    match drawing.latents:
        case "bcfhw":
            whole = latents[0].transpose(0, 1)
            if drawing.known or drawing.driven:  # pictures of what should be seen stand before the clip
                whole = whole[-((frames - 1) // drawing.every + 1) :]
        case "bfchw":
            whole = latents[0, drawing.padding :]
        case "bchw":
            whole = latents
        case "tokens":
            found = unpacked(pipeline, latents, size, frames, ahead=drawing.conditions is not None and drawing.conditions.ahead)
            if found is None:
                return None
            whole = found[0].transpose(0, 1) if found.ndim == 5 else found
    return np.asarray(whole.detach().float().cpu().numpy())


def unpacked(pipeline: Any, latents: Any, size: tuple[int, int], frames: int, *, ahead: bool) -> Any:
    """Latents that a pipeline keeps as one row of tokens, as a grid again, by its own method; None without one.

    The tokens of pictures at certain frames stand beside those of the clip: before them (`ahead`) or behind them.
    """
    from inspect import signature

    if hasattr(pipeline, "_unpack_latents_with_ids"):
        import torch

        side = 2 * pipeline.vae_scale_factor
        places = torch.empty(1, 1, size[1] // side, size[0] // side)
        return pipeline._unpack_latents_with_ids(latents, pipeline._prepare_latent_ids(places).to(latents.device), *places.shape[2:])
    if not hasattr(pipeline, "_unpack_latents"):
        return None
    names = list(signature(pipeline._unpack_latents).parameters)
    if "num_frames" in names:
        across, along = pipeline.vae_spatial_compression_ratio, pipeline.vae_temporal_compression_ratio
        counts = ((frames - 1) // along + 1, size[1] // across, size[0] // across)
        places = counts[0] * counts[1] * counts[2] // (pipeline.transformer_spatial_patch_size**2 * pipeline.transformer_temporal_patch_size)
        latents = latents[:, -places:] if ahead else latents[:, :places]
        return pipeline._unpack_latents(latents, *counts, pipeline.transformer_spatial_patch_size, pipeline.transformer_temporal_patch_size)
    return pipeline._unpack_latents(latents, size[1], size[0], pipeline.vae_scale_factor)
