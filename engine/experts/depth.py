"""How near what a picture shows is: Depth Anything V2 (Yang et al. 2024), from a single picture and without a unit. It tells a ControlNet the layout of a scene."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from engine.experts import Expert
from engine.experts.loading import picture, stock, stock_processor

ENDS = (2.0, 98.0)
"""Percentiles that become 0 and 1: a few pixels of sky or of a near wire would take the range for themselves."""


class DepthReader:
    """Reads depth from pictures."""

    def __init__(self, expert: Expert, device: torch.device | str = "cpu") -> None:
        from transformers import DepthAnythingForDepthEstimation, DPTImageProcessor

        self.model: Any = stock(DepthAnythingForDepthEstimation, expert.folder, device)
        self.processor: Any = stock_processor(DPTImageProcessor, expert.folder)
        self.components = {"model": self.model}

    @torch.no_grad()
    def raw(self, image: np.ndarray) -> np.ndarray:
        """(H, W) float32: the inverse depth of a picture (H, W, 3) uint8 up to a scale and a shift of its own; more is nearer."""
        given = self.processor(images=picture(image), return_tensors="pt").to(self.model.device)
        found = self.processor.post_process_depth_estimation(self.model(**given), target_sizes=[image.shape[:2]])
        return found[0]["predicted_depth"].float().cpu().numpy()

    def depths(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        """(F, H, W) float32 0..1, near is 1, of frames (H, W, 3) uint8 of one scene and size. They share a range: one for each would flicker. All 0 where nothing differs."""
        each = np.stack([self.raw(frame) for frame in frames])
        low, high = np.percentile(each, ENDS)
        if high - low < 1e-6:
            return np.zeros_like(each)
        return np.clip((each - low) / (high - low), 0.0, 1.0).astype(np.float32)
