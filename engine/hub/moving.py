"""A picture model that learns to move: its UNet joined with a motion module (AnimateDiff, Guo et al., 2023), resident as one net."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from engine.hub.components import Joined, components_of, load_net, net_key, numbers
from engine.hub.quantised import shrink
from engine.settings import Weights

if TYPE_CHECKING:
    from engine.residency import ModelPool


@contextmanager
def moving(place: Joined, pool: ModelPool | None, dtypes: Mapping[str, Any], *, kept: Weights = "whole") -> Iterator[dict[str, Any]]:
    """The parts `unet` and `motion_adapter` for the length of a block. The adapter's weights are in the UNet: what is left of it are its settings."""
    nets = {part.name: part for part in components_of(place) if part.name in ("unet", place.name)}
    dtype = dtypes.get("unet", dtypes[""])

    def load(progress: Any = None) -> Any:
        from diffusers import UNetMotionModel

        whole = UNetMotionModel.from_unet2d(load_net(nets["unet"], dtype), load_net(nets[place.name], dtype)).eval().requires_grad_(False)
        return shrink(whole, kept)

    if pool is None:
        yield {"unet": load(), "motion_adapter": _settings(place)}
        return
    weights = [nets[name].weights for name in ("unet", place.name)]
    with pool.lease(net_key("UNetMotionModel", weights, dtype, kept), load, expected=sum(map(numbers, weights)) * dtype.itemsize) as unet:
        yield {"unet": unet, "motion_adapter": _settings(place)}


def _settings(place: Joined) -> Any:
    from diffusers import MotionAdapter

    return SimpleNamespace(config=SimpleNamespace(**{"motion_max_seq_length": 32, **MotionAdapter.load_config(place.part, local_files_only=True)}))
