"""Whether a model fits a machine, and how: chosen from free memory and the model's own figures before anything is loaded, and corrected by what earlier runs used. Light: no torch.

Modes, quickest first: resident (everything on the card), model offload (one net at a time on the card), group offload (a few layers at a time, the next ones on their way),
each also with the denoiser's weights kept as 8-bit floats. Without a card all is on the processor.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Literal

from engine.errors import OutOfMemory

Mode = Literal["processor", "resident", "model offload", "group offload"]

MARGIN = 0.9
"""Share of free memory that is planned with: allocators leave holes, and other programs breathe."""

GROUPS = 0.12
"""Part of the largest net that lies on the card at once with group offload: the layers at work, the next ones, and what is not in a block."""

EIGHT_BIT = 0.55
"""Size of a denoiser with 8-bit weights beside its half-size numbers: embeddings and norms stay as they are."""

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
    """What a call needs in MiB. nets: part -> its weights at the size in which they are loaded; denoisers: which of them take 8-bit weights; activations: of one evaluation."""

    nets: Mapping[str, float]
    denoisers: tuple[str, ...]
    activations: float

    def eighth(self) -> Needs:
        """The same with the denoisers' weights as 8-bit floats."""
        return replace(self, nets={name: size * (EIGHT_BIT if name in self.denoisers else 1.0) for name, size in self.nets.items()})


@dataclass(frozen=True)
class Fit:
    """How a call is placed. card_mib, ram_mib: what it is thought to need at the most on each; tiles: the VAE works piece by piece."""

    mode: Mode
    eight_bit: bool = False
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
        more = (", weights as 8-bit floats" if self.eight_bit else "") + (", decoded in tiles" if self.tiles else "")
        need = f"{self.ram_mib / 1024:.1f} GB of memory" if self.mode == "processor" else f"{self.card_mib / 1024:.1f} GB on the card and {self.ram_mib / 1024:.1f} GB beside it"
        return f"{where}{more}: about {need}"


def choose(needs: Needs, machine: Machine, title: str, asked: str = "auto") -> Fit:
    """The quickest way that fits. asked: `auto`, or a mode that is taken unless it cannot fit. Raises `OutOfMemory` that names what would fit."""
    ways = [one for one in _ways(needs, machine) if asked in ("auto", one.mode)]
    card, ram = machine.card_mib * MARGIN, machine.ram_mib * MARGIN
    for way in ways:
        if way.card_mib <= card and way.ram_mib <= ram:
            return way
    least = min(ways, key=lambda way: max(0.0, way.card_mib - card) + max(0.0, way.ram_mib - ram)) if ways else None
    if least is None:
        raise OutOfMemory(f"{title} cannot be placed as {asked}", why="this machine has no graphics card", fix="choose auto")
    if least.ram_mib > ram:
        raise OutOfMemory(
            f"{title} needs {least.ram_mib / 1024:.1f} GB of memory, {machine.ram_mib / 1024:.1f} GB are free", fix="close other programs, free the resident models, or choose a smaller model", field="model"
        )
    share = max(0.05, (card - (least.card_mib - needs.activations)) / needs.activations)
    raise OutOfMemory(
        f"{title} needs {least.card_mib / 1024:.1f} GB on the graphics card, {machine.card_mib / 1024:.1f} GB are free",
        fix=f"make the clip about {share:.0%} as large (width x height x seconds), or choose a smaller model" if share > 0.05 else "choose a smaller model", field="width",
    )  # fmt: skip


def _ways(needs: Needs, machine: Machine) -> list[Fit]:
    whole, largest = sum(needs.nets.values()), max(needs.nets.values(), default=0.0)
    work = needs.activations
    if machine.device == "cpu":
        return [Fit("processor", ram_mib=whole + work), Fit("processor", tiles=True, ram_mib=whole + work * DECODING)]
    small = needs.eighth()
    tight, small_largest = sum(small.nets.values()), max(small.nets.values(), default=0.0)
    return [
        Fit("resident", card_mib=whole + work, ram_mib=largest),
        Fit("resident", tiles=True, card_mib=whole + work * DECODING, ram_mib=largest),
        Fit("model offload", tiles=True, card_mib=largest + work, ram_mib=whole),
        Fit("resident", eight_bit=True, tiles=True, card_mib=tight + work, ram_mib=largest),
        Fit("model offload", eight_bit=True, tiles=True, card_mib=small_largest + work, ram_mib=tight),
        Fit("group offload", tiles=True, card_mib=largest * GROUPS + work, ram_mib=whole),
        Fit("group offload", eight_bit=True, tiles=True, card_mib=small_largest * GROUPS + work, ram_mib=tight),
    ]


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
