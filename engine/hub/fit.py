"""Whether a model fits a machine, and how: chosen from free memory and the model's own figures before anything is loaded, and corrected by what earlier runs used. Light: no torch.

Modes, quickest first: resident (everything on the card), model offload (one net at a time on the card), group offload (a few layers at a time, the next ones on their way),
each also with weights kept in fewer bits (`engine.hub.quantised`). Without a card all is on the processor.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Literal

from engine.errors import ModelUnavailable, OutOfMemory
from engine.settings import Weights

Mode = Literal["processor", "resident", "model offload", "group offload"]

MARGIN = 0.9
"""Share of free memory that is planned with: allocators leave holes, and other programs breathe."""

GROUPS = 0.12
"""Part of the largest net that lies on the card at once with group offload: the layers at work, the next ones, and what is not in a block."""

DECODING = 0.6
"""Memory of decoding beside an evaluation's, when the VAE works in tiles."""

KEPT = 5
"""Runs of a model whose use of memory is remembered."""


@dataclass(frozen=True)
class Machine:
    """Free memory in MiB. device: cuda, mps or cpu; on a cpu `card_mib` is 0."""

    device: str
    card_mib: float
    ram_mib: float


@dataclass(frozen=True)
class Needs:
    """What a call needs in MiB. nets: part -> its weights at the size in which they are loaded; activations: of one evaluation; smaller: way of keeping weights that this
    installation has -> part -> its size then, of the parts that take it; spare: what the user may leave out, when it is too much."""

    nets: Mapping[str, float]
    activations: float
    smaller: Mapping[Weights, Mapping[str, float]] = field(default_factory=dict)
    spare: str = ""

    def kept(self, weights: Weights) -> Needs:
        """The same with the weights kept that way."""
        return replace(self, nets={**self.nets, **self.smaller.get(weights, {})})

    def loading(self, weights: Weights) -> float:
        """All nets in memory beside the processor, the last one as it lies in its files: it is made smaller after it was read."""
        small = self.kept(weights).nets
        return sum(small.values()) + max((whole - small[name] for name, whole in self.nets.items()), default=0.0)


@dataclass(frozen=True)
class Fit:
    """How a call is placed. weights: how they are kept; card_mib, ram_mib: what it is thought to need at the most on each; tiles: the VAE works piece by piece."""

    mode: Mode
    weights: Weights = "whole"
    tiles: bool = False
    card_mib: float = 0.0
    ram_mib: float = 0.0

    @property
    def line(self) -> str:
        """For the user: what was chosen and what it needs."""
        where = {
            "processor": "on the processor", "resident": "all of it on the graphics card", "model offload": "one net at a time on the graphics card",
            "group offload": "a few layers at a time on the graphics card",
        }[self.mode]  # fmt: skip
        kept = {"whole": "", "int8": ", weights as 8-bit integers", "float8": ", weights as 8-bit floats", "int4": ", weights in 4 bits"}[self.weights]
        more = kept + (", decoded in tiles" if self.tiles else "")
        need = f"{self.ram_mib / 1024:.1f} GB of memory" if self.mode == "processor" else f"{self.card_mib / 1024:.1f} GB on the card and {self.ram_mib / 1024:.1f} GB beside it"
        return f"{where}{more}: about {need}"


def choose(needs: Needs, machine: Machine, title: str, asked: str = "auto", weights: str = "auto") -> Fit:
    """The quickest way that fits, and of those the one with the least loss.

    asked, weights: `auto`, or a mode and a way of keeping weights that are taken unless they cannot fit. Raises `OutOfMemory` that names what would fit, `ModelUnavailable` for
    weights that this installation cannot keep so.
    """
    if weights not in ("auto", "whole", *needs.smaller):
        raise ModelUnavailable(f"weights cannot be kept as {weights} here", why="the package for it is not installed", fix="pip install torchao (int8) or bitsandbytes (int4), or choose --weights auto")
    ways = [one for one in _ways(needs, machine) if asked in ("auto", one.mode) and weights in ("auto", one.weights)]
    card, ram = machine.card_mib * MARGIN, machine.ram_mib * MARGIN
    for way in ways:
        if way.card_mib <= card and way.ram_mib <= ram:
            return way
    least = min(ways, key=lambda way: max(0.0, way.card_mib - card) + max(0.0, way.ram_mib - ram)) if ways else None
    if least is None:
        if machine.device != "cpu":
            raise OutOfMemory(f"{title} cannot be placed as {asked} with weights as {weights}", why="4-bit weights are not moved by layers", fix="choose auto for one of them")
        raise OutOfMemory(f"{title} cannot be placed as {asked}", why="this machine has no graphics card", fix="choose auto")
    spare = f"{needs.spare}, " if needs.spare else ""
    if least.ram_mib > ram:
        raise OutOfMemory(
            f"{title} needs {least.ram_mib / 1024:.1f} GB of memory, {_free(machine.ram_mib)}", fix=f"{spare}close other programs, free the resident models, or choose a smaller model", field="model"
        )
    share = max(0.05, (card - (least.card_mib - needs.activations)) / needs.activations)
    raise OutOfMemory(
        f"{title} needs {least.card_mib / 1024:.1f} GB on the graphics card, {_free(machine.card_mib)}",
        fix=spare + (f"make the clip about {share:.0%} as large (width x height x seconds), or choose a smaller model" if share > 0.05 else "choose a smaller model"), field="width",
    )  # fmt: skip


def _free(mib: float) -> str:
    return f"{mib / 1024:.1f} GB are free and {mib * MARGIN / 1024:.1f} GB of them can be counted on"


def _ways(needs: Needs, machine: Machine) -> list[Fit]:
    """Every way, the one to be preferred first. 8-bit weights come before layers that are moved at each step, which wait for the bus; 4-bit weights, whose loss is seen, last.
    4-bit weights are not moved by layers: their scales would stay behind."""
    eights: list[Weights] = [way for way in ("int8", "float8") if way in needs.smaller]
    fours: list[Weights] = ["int4"] if "int4" in needs.smaller else []
    if machine.device == "cpu":
        plain = [_on_processor(needs, "whole", tiles=False), _on_processor(needs, "whole", tiles=True)]
        return [*plain, *(_on_processor(needs, way, tiles=True) for way in [*eights, *fours])]
    quick = [_on_card(needs, mode, way) for way in eights for mode in ("resident", "model offload")]
    layers = [_on_card(needs, "group offload", way) for way in ["whole", *eights]]
    last = [_on_card(needs, mode, way) for way in fours for mode in ("resident", "model offload")]
    resident = _on_card(needs, "resident", "whole")
    untiled = replace(resident, tiles=False, card_mib=sum(needs.nets.values()) + needs.activations)
    tiled = replace(resident, card_mib=sum(needs.nets.values()) + needs.activations * DECODING)
    return [untiled, tiled, _on_card(needs, "model offload", "whole"), *quick, *layers, *last]


def _on_processor(needs: Needs, weights: Weights, *, tiles: bool) -> Fit:
    return Fit("processor", weights, tiles, ram_mib=needs.loading(weights) + needs.activations * (DECODING if tiles else 1.0))


def _on_card(needs: Needs, mode: Mode, weights: Weights) -> Fit:
    nets = needs.kept(weights).nets
    largest = max(nets.values(), default=0.0)
    lies = {"resident": sum(nets.values()), "model offload": largest, "group offload": largest * GROUPS}[mode]
    beside = max(needs.nets.values(), default=0.0) if mode == "resident" else needs.loading(weights)
    return Fit(mode, weights, True, card_mib=lies + needs.activations, ram_mib=beside)


class Learnt:
    """What calls really used besides their weights, by model, in MiB for each million pixels of all frames together; kept in a small file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "memory.json"

    def activations(self, model: str, megapixels: float, otherwise: float) -> float:
        """MiB of one evaluation by what was seen before, or `otherwise`."""
        seen = self._read().get(model, [])
        return median(seen) * megapixels if seen else otherwise

    def note(self, model: str, megapixels: float, used_mib: float) -> None:
        """Remember what a call used. A full disk loses the note, nothing else."""
        told = self._read()
        told[model] = [*told.get(model, []), round(max(0.0, used_mib) / max(megapixels, 1e-6), 3)][-KEPT:]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            aside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            aside.write_text(json.dumps(told), encoding="utf-8")
            os.replace(aside, self.path)
        except OSError:
            return

    def _read(self) -> dict[str, list[float]]:
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(name): [float(one) for one in seen] for name, seen in told.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
