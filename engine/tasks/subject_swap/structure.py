"""What a ControlNet (Zhang et al., 2023) is told of the source while a subject is drawn anew: how near things are, the lines of what is there, or the joints of a person.

Each kind wants a net of its own, and depth and pose an expert besides. What is asked for and not here is told by a note, and drawn without.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch

from engine.catalog.card import Card
from engine.catalog.experts import CONTROLNET_DEPTH, CONTROLNET_EDGES, CONTROLNET_POSE, DEPTH, VITPOSE
from engine.catalog.fetch import ModelFiles
from engine.catalog.folders import shelves
from engine.diffusion.control import load_control
from engine.experts import Expert, available
from engine.experts.depth import DepthReader
from engine.experts.pose import PoseReader, person
from engine.settings import Settings
from engine.vision import skeleton

Kind = Literal["depth", "edges", "pose"]

NETS: dict[Kind, Card] = {"depth": CONTROLNET_DEPTH, "edges": CONTROLNET_EDGES, "pose": CONTROLNET_POSE}
NAMED: dict[Kind, tuple[str, ...]] = {"depth": ("depth",), "edges": ("canny", "edge"), "pose": ("openpose", "pose")}
"""Words in the name of a net of the user's own, or in the one that its settings tell: the weights alone do not say what it was taught."""

ALONE, TOGETHER = 0.8, 0.5
"""Strength of a net by itself, and of each of two, as Make-A-Protagonist (Zhao et al., 2023) has them."""

LINES = 100.0, 200.0
"""Thresholds of Canny's edges (Canny, 1986), those of ControlNet's own pictures."""


@dataclass(frozen=True)
class Structure:
    """A kind of structure that is here. net: None until it is loaded; reader: of depth or joints, None where depth is guessed from the mask."""

    kind: Kind
    folder: Path
    expert: Expert | None = None
    net: Any = None
    reader: Any = None

    def loaded(self, *, dtype: torch.dtype, device: torch.device | str) -> Structure:
        """With its net and its expert in memory."""
        net = load_control(self.folder, dtype=dtype, device=device)
        makers: dict[str, Callable[..., Any]] = {"depth": DepthReader, "pose": PoseReader}
        return Structure(self.kind, self.folder, self.expert, net, None if self.expert is None else makers[self.kind](self.expert, device))

    def pictures(self, frames: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """(F, H, W, 3) float32 0..1: what the net is told of frames (F, H, W, 3) uint8 whose subjects are covered by masks (F, H, W) bool."""
        match self.kind:
            case "depth":
                near = np.stack([rough_depth(one) for one in masks]) if self.reader is None else self.reader.depths(list(frames))
                return np.repeat(near[..., None], 3, axis=3)
            case "edges":
                return np.stack([lines(frame) for frame in frames])
            case "pose":
                track = self.reader.follow(list(frames), list(masks))
                return np.stack([skeleton.drawn([one], frames.shape[2:0:-1]).astype(np.float32) / 255 for one in track])


def chosen(asked: str, settings: Settings) -> tuple[tuple[Structure, ...], list[str]]:
    """The structures that are used for a request's `structure`, and notes of what is not here.

    auto: depth, and the joints of a person besides. Lines are never taken by themselves: they hold a new thing in the old one's form.
    """
    if asked == "none":
        return (), []
    nets, experts = nets_here(settings), available(settings)
    notes: list[str] = []
    found: list[Structure] = []
    kinds: tuple[Kind, ...] = ("depth", "pose") if asked == "auto" else (asked,)  # type: ignore[assignment]
    for kind in kinds:
        expert = experts.get("depth" if kind == "depth" else "pose") if kind != "edges" else None
        if kind not in nets:
            if asked != "auto":
                notes.append(f"No ControlNet for {kind} is here: the layout is kept by the inversion alone. `python app.py fetch {NETS[kind].id}` brings one.")
        elif kind == "pose" and expert is None:
            notes.append(f"Joints cannot be found here, so no pose is kept. `python app.py fetch {VITPOSE.id}` brings a model that finds them.")
        else:
            if kind == "depth" and expert is None:
                notes.append(f"The depth of the scene is guessed from the mask. `python app.py fetch {DEPTH.id}` brings a model that measures it.")
            found.append(Structure(kind, nets[kind], expert))
    if asked == "auto" and not found and not notes:
        more = " structure=edges keeps the lines of what is there." if "edges" in nets else ""
        notes.append(f"No ControlNet for depth is here: the layout is kept by the inversion alone. `python app.py fetch {CONTROLNET_DEPTH.id}` brings one.{more}")
    return tuple(found), notes


def nets_here(settings: Settings) -> dict[Kind, Path]:
    """ControlNets on this machine by kind: what was fetched, then folders of the user's own whose name, or settings, tell what they were taught."""
    files, own = ModelFiles.of(settings), settings.data_dir / "models"
    found: dict[Kind, Path] = {}
    for kind, card in NETS.items():
        # A net that was put there by hand may have other file names than the hub's.
        place = files.find(card) or (own / card.id if config_of(own / card.id).get("_class_name") == "ControlNetModel" else None)
        if place is not None:
            found[kind] = place
    for shelf in shelves(settings):
        for folder in sorted(shelf.iterdir()) if shelf.is_dir() else ():
            told = config_of(folder)
            if told.get("_class_name") == "ControlNetModel":
                names = f"{folder.name} {told.get('_name_or_path', '')}".lower()
                for kind, words in NAMED.items():
                    if any(word in names for word in words):
                        found.setdefault(kind, folder)
    return found


def lines(frame: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32, 1 on the edges of a frame (H, W, 3) uint8, 0 elsewhere: those of the old subject, which a new one is to keep, and those around it."""
    edges = cv2.Canny(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), *LINES)
    return np.repeat((edges > 0).astype(np.float32)[..., None], 3, axis=2)


def rough_depth(mask: np.ndarray) -> np.ndarray:
    """(H, W) float32 0..1, near is 1, for a picture of which only the subject's mask is known: the land comes nearer towards its foot, and the subject stands upright where its
    lowest part is."""
    rows = np.flatnonzero(mask.any(axis=1))
    land = np.linspace(0.0, 0.8, mask.shape[0], dtype=np.float32)
    out = np.repeat(land[:, None], mask.shape[1], axis=1)
    if rows.size:
        out[mask] = min(1.0, float(land[rows[-1]]) + 0.2)
    return cv2.GaussianBlur(out, (0, 0), 1.5)


def told(structures: tuple[Structure, ...], frames: np.ndarray, masks: np.ndarray) -> torch.Tensor:
    """(1, F, 3 N, H, W) float32: the pictures of all structures, for `engine.diffusion.control.controlled`."""
    return torch.from_numpy(np.concatenate([one.pictures(frames, masks) for one in structures], axis=3)).permute(0, 3, 1, 2)[None].float()


def with_joints(structures: tuple[Structure, ...], frames: list[np.ndarray], masks: list[np.ndarray]) -> tuple[Structure, ...]:
    """The structures without the pose, unless a person is seen: a black picture would say that nobody is there."""
    return tuple(one for one in structures if one.kind != "pose" or person(one.reader.follow(frames, masks)))


def strength(count: int) -> float:
    """Of each of so many nets."""
    return ALONE if count < 2 else TOGETHER


def config_of(folder: Path) -> dict[str, Any]:
    """The settings of a folder; empty when there are none that can be read."""
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
