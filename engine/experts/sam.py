"""Cutting a thing out of a picture by clicks or a box: Segment Anything (Kirillov et al. 2023), by the package segment-anything or by transformers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from engine.errors import InvalidInput
from engine.experts import Expert
from engine.experts.loading import filled, picture, state_of, stock, stock_processor, unreadable

Point = tuple[float, float]
Box = tuple[float, float, float, float]


class Cutter(Protocol):
    """Cuts things out of pictures. The last picture is remembered: further cuts from it are quick."""

    def cut(self, image: np.ndarray, points: Sequence[Point] = (), avoid: Sequence[Point] = (), box: Box | None = None) -> tuple[np.ndarray, float]:
        """The mask (H, W) bool, and how sure the model is of it, 0..1. image: (H, W, 3) uint8; points on the thing, points beside it and the box in 0..1 of the picture.

        Raises `InvalidInput` when nothing says where the thing is.
        """


def load(expert: Expert, device: torch.device | str = "cpu") -> Cutter:
    """The cutter of a folder. Raises `ModelUnavailable` when it cannot be read."""
    return PackageCutter(expert.folder, device) if expert.kind == "segment-anything" else StockCutter(expert.folder, device)


class StockCutter:
    """Segment Anything as transformers has it."""

    def __init__(self, folder: Path, device: torch.device | str = "cpu") -> None:
        from transformers import SamModel, SamProcessor

        self.model: Any = stock(SamModel, folder, device)
        self.processor: Any = stock_processor(SamProcessor, folder)
        self.components = {"model": self.model}
        self._seen: tuple[np.ndarray, torch.Tensor] | None = None

    @torch.no_grad()
    def cut(self, image: np.ndarray, points: Sequence[Point] = (), avoid: Sequence[Point] = (), box: Box | None = None) -> tuple[np.ndarray, float]:
        """See `Cutter.cut`."""
        places, labels, corners = _marks(picture(image), points, avoid, box)
        marks = {} if places is None else {"input_points": [[places.tolist()]], "input_labels": [[labels.tolist()]]}
        marks |= {} if corners is None else {"input_boxes": [[corners.tolist()]]}
        given = self.processor(image, **marks, return_tensors="pt")
        asked = {name: value.float() if value.is_floating_point() else value for name, value in given.items() if name.startswith("input_")}
        if self._seen is None or not _same(self._seen[0], image):
            self._seen = image.copy(), self.model.get_image_embeddings(given["pixel_values"].to(self.model.device))
        several = _ambiguous(points, avoid, box)
        found = self.model(image_embeddings=self._seen[1], **{name: value.to(self.model.device) for name, value in asked.items()}, multimask_output=several)
        masks = self.processor.image_processor.post_process_masks(found.pred_masks.cpu(), given["original_sizes"], given["reshaped_input_sizes"])[0][0]
        return _best(masks.numpy(), found.iou_scores[0, 0].cpu().numpy())


class PackageCutter:
    """Segment Anything as its authors' package has it.

    The folder holds `config.json` (`{"model_type": "segment-anything", "size": "vit_b"}`) and the authors' weights as .safetensors.
    """

    def __init__(self, folder: Path, device: torch.device | str = "cpu") -> None:
        from segment_anything import SamPredictor, sam_model_registry

        try:
            size = json.loads((folder / "config.json").read_text(encoding="utf-8"))["size"]
            model = sam_model_registry[size]()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise unreadable(folder, error) from error
        self.predictor: Any = SamPredictor(filled(model, state_of(folder), folder).to(device))
        self.components = {"model": self.predictor.model}
        self._seen: np.ndarray | None = None

    def cut(self, image: np.ndarray, points: Sequence[Point] = (), avoid: Sequence[Point] = (), box: Box | None = None) -> tuple[np.ndarray, float]:
        """See `Cutter.cut`."""
        places, labels, corners = _marks(picture(image), points, avoid, box)
        if self._seen is None or not _same(self._seen, image):
            self.predictor.set_image(image)
            self._seen = image.copy()
        masks, scores, _ = self.predictor.predict(places, labels, corners, multimask_output=_ambiguous(points, avoid, box))
        return _best(masks, scores)


def _marks(image: np.ndarray, points: Sequence[Point], avoid: Sequence[Point], box: Box | None) -> tuple[np.ndarray | None, np.ndarray, np.ndarray | None]:
    """Marks in pixels: places (N, 2) float32 or None, labels (N,) int64, 1 on the thing and 0 beside it, and the box (4,) or None."""
    if not points and box is None:
        raise InvalidInput("nothing says where the thing is", fix="click on it, or draw a box around it", field="subjects")
    size = np.array([image.shape[1], image.shape[0]], np.float32)
    places = np.array([*points, *avoid], np.float32).reshape(-1, 2) * size if points or avoid else None
    labels = np.array([1] * len(points) + [0] * len(avoid), np.int64)
    return places, labels, None if box is None else np.array(box, np.float32) * np.concatenate([size, size])


def _ambiguous(points: Sequence[Point], avoid: Sequence[Point], box: Box | None) -> bool:
    """A single click may mean a part or the whole: then the model gives three masks, of which the surest is taken."""
    return box is None and len(points) + len(avoid) == 1


def _best(masks: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, float]:
    best = int(scores.argmax())
    return np.ascontiguousarray(masks[best]).astype(bool), float(np.clip(scores[best], 0.0, 1.0))


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other))
