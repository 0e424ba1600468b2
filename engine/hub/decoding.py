"""Frames of a call that was halted: its latents are decoded here, since its pipeline never came to that."""

from __future__ import annotations

from inspect import signature
from types import SimpleNamespace
from typing import Any

from engine.catalog.drawing import Drawing
from engine.hub.looks import restored


def decoded(pipeline: Any, drawing: Drawing, passes: list[Any]) -> Any:
    """What a pipeline would have returned for the latents of its passes, in order: windows of one clip are joined, of beginnings anew the last one counts."""
    import torch

    latents = passes[-1]
    if drawing.windows is not None:
        shared = (drawing.windows.overlap - 1) // drawing.every + 1
        latents = torch.cat([passes[0], *(one[:, :, shared:] for one in passes[1:])], dim=2)
    with torch.no_grad():
        if drawing.picture:
            picture = pipeline.vae.decode(restored(pipeline.vae, latents).to(pipeline.vae.dtype), return_dict=False)[0]
            return SimpleNamespace(images=pipeline.image_processor.postprocess(picture, output_type="np"))
        return SimpleNamespace(frames=pipeline.video_processor.postprocess_video(video=_video(pipeline, drawing, latents), output_type="np"))


def _video(pipeline: Any, drawing: Drawing, latents: Any) -> Any:
    """(B, C, F, H, W) in -1..1, by the pipeline's own method where it has one."""
    vae = pipeline.vae
    own = getattr(pipeline, "decode_latents", None)
    if own is None:
        return vae.decode(restored(vae, latents).to(vae.dtype), return_dict=False)[0]
    latents = latents[:, drawing.padding :]  # only layouts with their frames first have a padding
    chunk = drawing.fixed.get("decode_chunk_size", 16)
    told = {"num_frames": latents.shape[1], "decode_chunk_size": chunk}
    return own(latents.to(vae.dtype), **{name: value for name, value in told.items() if name in signature(own).parameters})
