"""A card's pipeline, ready to be called: its class, its parts leased from the pool, its texts remembered, and the arguments of a call by the card's rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.catalog.drawing import FREE_INIT, Drawing
from engine.errors import InvalidInput, ModelUnavailable
from engine.hub.components import Joined, Place, components_of, fingerprint, leased, settings_of
from engine.hub.known import known_frames
from engine.hub.moving import moving
from engine.hub.names import ENCODERS
from engine.hub.texts import remember
from engine.settings import Weights

if TYPE_CHECKING:
    import numpy as np
    import torch

    from engine.residency import ModelPool


@dataclass(frozen=True)
class Wish:
    """What one call should draw. size: (width, height) in pixels and frames, by the card's rules; pictures are (H, W, 3) uint8.

    stills: pictures by the frame at which they stand; motion: its strength from 0 to 2; free_init: begin anew from the clip's own low frequencies. The last
    three count only where the card's rules know them. given: other arguments of the call, by their name.
    """

    prompt: str
    negative: str
    size: tuple[int, int]
    frames: int
    seed: int
    steps: int
    guidance: float
    first: np.ndarray | None = None
    last: np.ndarray | None = None
    stills: tuple[tuple[int, np.ndarray], ...] = ()
    motion: float = 1.0
    free_init: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)


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


def dtypes_on(device: torch.device, drawing: Drawing) -> dict[str, torch.dtype]:
    """Part -> numbers that its weights are, `""` for those not named: half-size ones on a card, whole ones on the processor and where a card's rules ask for them."""
    import torch

    return {"": torch.float32 if device.type == "cpu" else torch.bfloat16, **dict.fromkeys(drawing.exact, torch.float32)}


@contextmanager
def ready(folder: Place, drawing: Drawing, title: str, pool: ModelPool | None, dtypes: dict[str, Any], *, image: bool, weights: Weights = "whole") -> Iterator[Any]:
    """The pipeline of a folder, on the processor, for the length of a block; what it is placed on and sped up by is the caller's (`engine.hub.placing`)."""
    from inspect import signature

    import diffusers

    kind = class_for(drawing, title, image=image)
    named = set(signature(kind.__init__).parameters) - {"self"}
    with ExitStack() as held:
        whole: dict[str, Any] = {}
        if isinstance(folder, Joined):
            whole = held.enter_context(moving(folder, pool, dtypes, kept=weights))
        absent = {part.name for part in components_of(folder) if part.name in kind._optional_components and not part.folder.is_dir()}
        wanted = frozenset(named - set(whole) - absent)
        parts = {**held.enter_context(leased(folder, pool, dtypes, wanted=wanted, weights=weights, exact=drawing.exact)), **whole}
        adapter = parts.pop("motion_adapter", None)
        missing = [name for name in named - set(parts) if signature(kind.__init__).parameters[name].default is signature(kind.__init__).empty]
        if missing and not all(name in kind._optional_components for name in missing):
            raise ModelUnavailable(f"{title} lacks {', '.join(sorted(missing))}", why=f"{kind.__name__} needs it", fix="fetch the model again, or leave the picture out")
        told = {name: value for name, value in settings_of(folder).items() if name in named}
        pipeline = kind(**{**dict.fromkeys(missing), **told, **parts})
        if adapter is not None:
            pipeline.motion_adapter = adapter
        if drawing.scheduler or drawing.sampler:
            sampler = getattr(diffusers, drawing.sampler) if drawing.sampler else type(pipeline.scheduler)
            pipeline.scheduler = sampler.from_config(pipeline.scheduler.config, **drawing.scheduler)
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
    # Some picture models were taught zeros for no negative prompt, which are not what an empty one gives.
    unsaid = None if drawing.picture else ""
    strength = None if drawing.motion is None else drawing.motion.at(wish.motion)
    found: dict[str, Any] = {
        "prompt": wish.prompt, "negative_prompt": (wish.negative or unsaid) if drawing.negative else None, "num_inference_steps": wish.steps, "output_type": "np",
        "generator": torch.Generator("cpu").manual_seed(wish.seed), **drawing.fixed,
    }  # fmt: skip
    if drawing.sized:
        found |= {"width": width, "height": height}
    if not drawing.picture:
        found[drawing.frames_name] = wish.frames
    if drawing.guidance_name:
        found[drawing.guidance_name] = wish.guidance
    if drawing.rate_name:
        found[drawing.rate_name] = drawing.fps
    if drawing.timesteps and wish.steps == len(drawing.timesteps):
        found["timesteps"] = list(drawing.timesteps)
    if drawing.windows is not None:
        found |= {drawing.windows.length_name: drawing.windows.length, drawing.windows.overlap_name: drawing.windows.overlap if drawing.passes(wish.frames) > 1 else None}
    if drawing.motion is not None and strength is not None:
        if drawing.motion.name:
            found[drawing.motion.name] = round(strength)
        else:
            found["prompt"] += drawing.motion.words.format(strength)
    if drawing.known:
        found |= known_frames(wish.size, wish.frames, stands(wish))
    elif drawing.conditions is not None:
        found["conditions"] = conditions(drawing, wish) or None
    else:
        found |= {name: Image.fromarray(picture) for name, picture in (("image", wish.first), ("last_image", wish.last)) if picture is not None}
    found |= wish.given
    takes = signature(pipeline.__call__).parameters
    return {name: value for name, value in found.items() if name in takes and (value is not None or name == "negative_prompt")}


def stands(wish: Wish) -> list[tuple[int, np.ndarray]]:
    """The pictures of a wish by the frame at which each stands, in order."""
    return [*([(0, wish.first)] if wish.first is not None else []), *wish.stills, *([(wish.frames - 1, wish.last)] if wish.last is not None else [])]


def conditions(drawing: Drawing, wish: Wish) -> list[Any]:
    """The pictures of a wish as the pipeline takes them, in order; each stands at the nearest frame at which a picture can stand."""
    from PIL import Image

    rules = drawing.conditions
    assert rules is not None
    kind = condition_class(drawing)
    found: dict[int, Any] = {}
    for frame, picture in stands(wish):
        found[round(frame / drawing.every)] = Image.fromarray(picture)
    return [kind(**{rules.picture: picture, rules.index: place if rules.latent else place * drawing.every}) for place, picture in sorted(found.items())]


def condition_class(drawing: Drawing) -> Any:
    """The class of a picture at a frame, which lies beside the pipeline's own."""
    import diffusers

    assert drawing.conditions is not None
    return getattr(import_module(getattr(diffusers, drawing.image).__module__), drawing.conditions.kind)


@contextmanager
def prepared(pipeline: Any, drawing: Drawing, wish: Wish) -> Iterator[None]:
    """What a call needs to be told at the pipeline and not by an argument, for the length of a block: guidance of a guider, long clips, a clip begun anew."""
    guider = getattr(pipeline, "guider", None)
    if guider is not None:
        pipeline.guider = guider.new(guidance_scale=wish.guidance)
    long = 0 < drawing.context < wish.frames
    if long:
        pipeline.enable_free_noise(context_length=drawing.context, context_stride=drawing.context // 4)
    if drawing.free_init and wish.free_init:
        pipeline.enable_free_init(num_iters=FREE_INIT)
    try:
        yield
    finally:
        if guider is not None:
            pipeline.guider = guider
        if long:
            pipeline.disable_free_noise()
        if drawing.free_init:
            pipeline.disable_free_init()


def frames_of(result: Any) -> np.ndarray:
    """(F, H, W, 3) uint8 of a pipeline's result, of the first clip or picture."""
    import numpy as np

    whole = getattr(result, "frames", None)
    seen = whole[0] if whole is not None else result.images
    return np.clip(np.rint(np.asarray(seen, np.float32) * 255), 0, 255).astype(np.uint8)


def sound_of(pipeline: Any, result: Any) -> tuple[np.ndarray, int] | None:
    """(samples (N, C) float32, rate in Hz) of the sound that came with a result; None without one."""
    import numpy as np

    sound = getattr(result, "audio", None)
    if sound is None:
        return None
    samples = sound[0].detach().float().cpu().numpy()
    return np.ascontiguousarray(np.clip(samples.T, -1, 1)), int(pipeline.vocoder.config.output_sampling_rate)


def vae_name(folder: Place) -> str:
    """The content of a folder's VAE, as a name."""
    return next((fingerprint(part.weights) for part in components_of(folder) if part.name == "vae"), "none")
