"""A card's pipeline, ready to be called: its class, its parts leased from the pool, its texts remembered, and the arguments of a call by the card's rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.drawing import Drawing
from engine.errors import InvalidInput, ModelUnavailable
from engine.hub.components import components_of, fingerprint, leased, settings_of
from engine.hub.texts import remember

if TYPE_CHECKING:
    import numpy as np

    from engine.residency import ModelPool

DENOISERS = ("transformer", "transformer_2", "unet")
ENCODERS = ("text_encoder", "text_encoder_2", "text_encoder_3")


@dataclass(frozen=True)
class Wish:
    """What one call should draw. size: (width, height) in pixels and frames, by the card's rules; pictures are (H, W, 3) uint8; None: the card's own figure."""

    prompt: str
    negative: str
    size: tuple[int, int]
    frames: int
    seed: int
    steps: int
    guidance: float
    first: np.ndarray | None = None
    last: np.ndarray | None = None
    more: dict[str, Any] = field(default_factory=dict)


def class_for(drawing: Drawing, title: str, *, image: bool) -> Any:
    """The pipeline class for words alone or for a first picture. Raises `InvalidInput` when the card has none, `ModelUnavailable` when diffusers is too old."""
    import diffusers

    name = drawing.image if image else drawing.text
    if not name:
        if image:
            raise InvalidInput(f"{title} takes no first picture", fix="leave the first picture empty, or choose another model", field="first_image")
        raise InvalidInput(f"{title} begins with a picture", fix="give a first picture, or choose another model", field="first_image")
    kind = getattr(diffusers, name, None)
    if kind is None:
        raise ModelUnavailable(f"{title} needs a newer diffusers", why=f"this one has no {name}", fix="pip install --upgrade diffusers")
    return kind


@contextmanager
def ready(folder: Path, drawing: Drawing, title: str, pool: ModelPool | None, dtypes: dict[str, Any], *, image: bool, eight_bit: bool = False) -> Iterator[Any]:
    """The pipeline of a folder, on the processor, for the length of a block; what it is placed on and sped up by is the caller's (`engine.hub.placing`)."""
    from inspect import signature

    kind = class_for(drawing, title, image=image)
    named = set(signature(kind.__init__).parameters) - {"self"}
    with leased(folder, pool, dtypes, wanted=frozenset(named), eight_bit=frozenset(DENOISERS if eight_bit else ())) as parts:
        missing = [name for name in named - set(parts) if signature(kind.__init__).parameters[name].default is signature(kind.__init__).empty]
        if missing and not all(name in kind._optional_components for name in missing):
            raise ModelUnavailable(f"{title} lacks {', '.join(sorted(missing))}", why=f"{kind.__name__} needs it", fix="fetch the model again, or leave the picture out")
        told = {name: value for name, value in settings_of(folder).items() if name in named}
        pipeline = kind(**{**dict.fromkeys(missing), **told, **parts})
        if drawing.scheduler:
            pipeline.scheduler = type(pipeline.scheduler).from_config(pipeline.scheduler.config, **drawing.scheduler)
        pipeline.set_progress_bar_config(disable=True)
        yield pipeline


def remember_texts(pipeline: Any) -> None:
    """Let the text encoders of a pipeline remember; called after it was placed, so that a known text does not move them."""
    for name in ENCODERS:
        encoder = getattr(pipeline, name, None)
        if encoder is not None:
            remember(encoder)


def arguments(pipeline: Any, drawing: Drawing, wish: Wish) -> dict[str, Any]:
    """The call's arguments for a wish, and nothing that the class does not take."""
    from inspect import signature

    import torch
    from PIL import Image

    width, height = wish.size
    found: dict[str, Any] = {
        "prompt": wish.prompt, "negative_prompt": wish.negative if drawing.negative else None, "num_inference_steps": wish.steps, "output_type": "np",
        "generator": torch.Generator("cpu").manual_seed(wish.seed), **drawing.fixed, **wish.more,
    }  # fmt: skip
    if drawing.sized:
        found |= {"width": width, "height": height}
    if not drawing.picture:
        found[drawing.frames_name] = wish.frames
    if drawing.guidance_name:
        found[drawing.guidance_name] = wish.guidance
    if drawing.rate_name:
        found[drawing.rate_name] = drawing.fps
    for name, picture in (("image", wish.first), ("last_image", wish.last)):
        if picture is not None:
            found[name] = Image.fromarray(picture)
    takes = signature(pipeline.__call__).parameters
    return {name: value for name, value in found.items() if name in takes and (value is not None or name == "negative_prompt")}


def frames_of(result: Any) -> np.ndarray:
    """(F, H, W, 3) uint8 of a pipeline's result, of the first clip or picture."""
    import numpy as np

    whole = getattr(result, "frames", None)
    seen = whole[0] if whole is not None else result.images
    return np.clip(np.rint(np.asarray(seen, np.float32) * 255), 0, 255).astype(np.uint8)


def vae_name(folder: Path) -> str:
    """The content of a folder's VAE, as a name."""
    return next((fingerprint(part.weights) for part in components_of(folder) if part.name == "vae"), "none")
