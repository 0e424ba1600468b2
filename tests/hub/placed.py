"""Two more checks of every card: its nets are moved while it works, and it wears adapters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from copy import deepcopy
from inspect import signature
from unittest.mock import patch

import numpy as np
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict

from engine.catalog.card import Card
from engine.hub import session
from engine.hub.adapters import Adapter
from engine.hub.fit import Fit
from engine.hub.names import DENOISERS
from engine.hub.session import Extras, opened
from tests.hub import tiny
from tests.hub.checks import Bed, laid, modes, ruled, wish_for

MODES = (Fit("group offload", tiles=False), Fit("model offload", tiles=False))
RANK, LOUD = 2, 0.5
CHANGE = 4
"""Of 255; a rounding changes 1: a sum's order follows where numbers lie in memory."""


def once(check: Callable[[Bed, Card], str]) -> Callable[[Bed, Card], str]:
    """A check that is not made again for another card of the same tiny copy and the same rules."""

    def checked(bed: Bed, card: Card) -> str:
        drawing = ruled(card, image=modes(card)[0]).drawing
        assert drawing is not None
        key = check.__name__, tiny.MAKERS[card.id], drawing.model_dump_json(exclude={"activations_mib", "steps", "most"})
        if key not in bed.said:
            bed.said[key] = check(bed, card)
        return bed.said[key]

    return checked


@once
def offloads(bed: Bed, card: Card) -> str:
    """By layers and by nets: the frames stay those of resident nets but for roundings, and hooks are there and gone again. With 8-bit weights they stay near."""
    image = modes(card)[0]
    small = ruled(card, image=image)
    wish, whole = wish_for(small, image=image), bed.record(card, image=image).frames
    for fit in (*MODES, Fit("processor")):
        with placed(fit), laid(bed, small, wish) as found:
            net = denoiser(found.pipeline)
            assert hooks(net) == {"group offload": (False, True), "model offload": (True, False)}.get(fit.mode, (False, False))
            list(found.steps(wish))
            assert np.abs(found.frames().astype(int) - whole).max() <= 1
    with placed(Fit("processor", "float8")), laid(bed, small, wish) as found:
        assert any(weight.dtype == torch.float8_e4m3fn for weight in denoiser(found.pipeline).parameters())
        list(found.steps(wish))
        frames = found.frames()
        assert frames.shape == whole.shape
        assert frames.std() > 1
    return "layers, nets, 8 bit"


@once
def wears(bed: Bed, card: Card) -> str:
    """An adapter changes the picture, and leaves no trace."""
    drawing = card.drawing
    assert drawing is not None
    if not drawing.lora:
        return "none"
    image = modes(card)[0]
    small = ruled(card, image=image)
    wish, whole = wish_for(small, image=image), bed.record(card, image=image).frames
    folder = bed.root / "loras"
    with laid(bed, small, wish) as found:
        save(found.pipeline, folder, card.id)
    extras = Extras(adapters=(Adapter(card.id, folder / f"{card.id}.safetensors", 1.0),))
    with patch.object(session.gc, "collect", lambda: 0), opened(small, bed.place(card), bed.context(), image=image, size=wish.size, frames=wish.frames, extras=extras) as found:
        list(found.steps(wish))
        assert np.abs(found.frames().astype(int) - whole).max() > CHANGE
    with laid(bed, small, wish) as found:
        list(found.steps(wish))
        assert np.abs(found.frames().astype(int) - whole).max() <= 1
    return "yes"


def save(pipeline: object, folder: object, name: str) -> None:
    """Noise as an adapter of the pipeline's denoiser, saved by the pipeline's own method."""
    net = deepcopy(denoiser(pipeline))
    ends = {part.rsplit(".", 1)[-1] for part, layer in net.named_modules() if isinstance(layer, torch.nn.Linear)}
    net.add_adapter(LoraConfig(r=RANK, lora_alpha=2 * RANK, target_modules=sorted(ends & {"to_q", "to_v"}) or sorted(ends)[:1]))
    generator = torch.Generator().manual_seed(0)
    state = {key: LOUD * torch.randn(weight.shape, generator=generator) for key, weight in get_peft_model_state_dict(net).items()}
    kind = "unet_lora_layers" if "unet_lora_layers" in signature(type(pipeline).save_lora_weights).parameters else "transformer_lora_layers"
    type(pipeline).save_lora_weights(folder, **{kind: state}, weight_name=f"{name}.safetensors")


def denoiser(pipeline: object) -> torch.nn.Module:
    return next(net for name in DENOISERS if (net := getattr(pipeline, name, None)) is not None)


def hooks(net: torch.nn.Module) -> tuple[bool, bool]:
    """Whether a net is moved as a whole, and whether its layers are."""
    return hasattr(net, "_hf_hook"), any("group_offloading" in part._diffusers_hook.hooks for part in net.modules() if hasattr(part, "_diffusers_hook"))


@contextmanager
def placed(fit: Fit):
    """Every session of the block is placed so."""
    own = session.place
    device = torch.device("cpu", 0) if fit.mode == "model offload" else torch.device("cpu")
    with patch.object(session, "choose", lambda *given: fit), patch.object(session, "place", lambda pipeline, chosen, where: own(pipeline, fit, device)):
        yield
