"""The judge: says what is in a picture of the world. Inference only; `engine.training.judge` trains it, on true renders alone.

It measures the picture models: time of day, place and weather; which things are there; and the colour of each.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from engine.errors import ModelUnavailable
from engine.world.spec import COLOURS, KINDS, PLACES, TIMES, WEATHERS, SceneSpec

SIDE = 128
"""Side of the pictures that are judged, in pixels; others are brought to it."""

FIELDS = {"time": TIMES, "place": PLACES, "weather": WEATHERS}
WEIGHTS, CONFIG = "model.safetensors", "config.json"


class Trunk(nn.Sequential):
    """(B, 3, H, W) in [-1, 1] -> (B, 6 * width, H/16, W/16): what is where."""

    def __init__(self, width: int = 32) -> None:
        widths = [width, 2 * width, 4 * width, 6 * width]
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.ReLU()]
        for before, after in zip(widths, widths[1:], strict=False):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(8, after), nn.ReLU(), nn.Conv2d(after, after, 3, 1, 1), nn.GroupNorm(8, after), nn.ReLU()]
        super().__init__(*layers)


class Judge(nn.Module):
    """(B, 3, 128, 128) in [-1, 1] -> logits: time, place, weather, things (B, 25), colours of things (B, 25, 12)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.config = {"width": width}
        self.trunk = Trunk(width)
        self.scene = nn.Linear(12 * width, sum(map(len, FIELDS.values())))
        # Things are found at places of the picture: the strongest place speaks for each, and its colour is read there.
        self.things = nn.Conv2d(6 * width, len(KINDS), 1)
        self.colours = nn.Conv2d(6 * width, len(KINDS) * len(COLOURS), 1)

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits by name."""
        return self.look(pictures)[0]

    def look(self, pictures: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor]:
        """Logits by name, and those of things (B, 25, places) and of colours (B, 25, 12, places) at each place, row by row."""
        seen = self.trunk(pictures)
        pooled = torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1)
        out = dict(zip(FIELDS, self.scene(pooled).split([len(v) for v in FIELDS.values()], 1), strict=True))
        things = self.things(seen).flatten(2)  # (B, 25, places)
        share = (things.float() * 2).softmax(2)
        out["things"] = (things.float() * share).sum(2)
        colours = self.colours(seen).flatten(2).unflatten(1, (len(KINDS), len(COLOURS)))  # (B, 25, 12, places)
        out["colours"] = (colours.float() * share[:, :, None]).sum(3)
        return out, things, colours


def labels_of(spec: SceneSpec) -> list[int]:
    """Indices of time, place and weather, then for each kind of thing the index of its colour; -1 where there is none, -2 for two colours of one kind."""
    colours = [-1] * len(KINDS)
    for one in spec.subjects:
        k = KINDS.index(one.kind)
        colours[k] = COLOURS.index(one.colour) if colours[k] == -1 else -2
    return [choices.index(getattr(spec, name)) for name, choices in FIELDS.items()] + colours


def small_pictures(pictures: np.ndarray) -> torch.Tensor:
    """(B, H, W, 3) uint8 of any size -> (B, 3, 128, 128) in [-1, 1]; what is not square is squeezed."""
    shrunk = np.stack([one if one.shape[:2] == (SIDE, SIDE) else cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for one in pictures])
    return torch.from_numpy(shrunk).permute(0, 3, 1, 2).float().div(127.5).sub(1)


@torch.no_grad()
def verdicts(model: nn.Module, pictures: np.ndarray, specs: Sequence[SceneSpec]) -> dict[str, float]:
    """How often the judge sees what the specs ask for. pictures: (B, H, W, 3) uint8, one for each spec.

    time, place, weather: share of pictures. subject: share of asked kinds that are among the n likeliest, n being how many kinds were asked.
    colour: share of asked things whose likeliest colour is the right one, found or not. subject and colour: both at once.
    """
    parts = [model(part) for part in small_pictures(pictures).split(32)]
    out = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    hits: dict[str, list[float]] = {name: [] for name in (*FIELDS, "subject", "colour", "subject and colour")}
    for row, spec in enumerate(specs):
        wanted = labels_of(spec)
        for k, name in enumerate(FIELDS):
            hits[name].append(float(int(out[name][row].argmax()) == wanted[k]))
        asked = [(k, colour) for k, colour in enumerate(wanted[len(FIELDS) :]) if colour != -1]
        likeliest = set(out["things"][row].topk(len(asked)).indices.tolist()) if asked else set()
        for kind, colour in asked:
            hits["subject"].append(float(kind in likeliest))
            if colour >= 0:
                right = float(int(out["colours"][row, kind].argmax()) == colour)
                hits["colour"].append(right)
                hits["subject and colour"].append(right * (kind in likeliest))
    return {name: float(np.mean(found)) if found else float("nan") for name, found in hits.items()}


def load(folder: Path | str) -> Judge:
    """The judge of a folder, float32, frozen. Raises `ModelUnavailable` when the folder does not hold one that can be read."""
    folder = Path(folder)
    try:
        model = Judge(int(json.loads((folder / CONFIG).read_text(encoding="utf-8"))["width"]))
        model.load_state_dict(load_file(folder / WEIGHTS))
    except Exception as error:  # safetensors, json and torch each raise their own kinds for a missing, cut or foreign file
        raise ModelUnavailable(f"the judge in {folder.name} cannot be read", why=f"{type(error).__name__}: {str(error)[:120]}", fix="restore the folder") from error
    return model.eval().requires_grad_(False)
