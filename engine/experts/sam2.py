"""Following a thing through a clip: SAM 2 (Ravi et al. 2024), by transformers, frame by frame with memory that does not grow with the clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from engine.errors import InvalidInput
from engine.experts import Expert
from engine.experts.loading import picture, stock, stock_processor
from engine.media.frames import Pictures

Point = tuple[float, float]
Box = tuple[float, float, float, float]

MOST_KEYS = 32
"""Corrected frames that are remembered whole, the nearest: each takes about a megabyte. The model itself looks at no more than its four nearest."""


class Followed(NamedTuple):
    """A frame of a followed thing. mask: (H, W) bool, empty when it is not seen; score: how sure the model is that it is, 0..1."""

    frame: int
    mask: np.ndarray
    score: float


class Sam2:
    """The model, which several followers share."""

    def __init__(self, expert: Expert, device: torch.device | str = "cpu") -> None:
        from transformers import Sam2VideoModel, Sam2VideoProcessor

        self.model: Any = stock(Sam2VideoModel, expert.folder, device)
        self.processor: Any = stock_processor(Sam2VideoProcessor, expert.folder)
        self.components = {"model": self.model}


class Follower:
    """Follows one thing through one shot. Mark it on a frame, `propagate` from there either way, mark again where it went wrong.

    Any frame may be marked at any time; what was followed beyond it must be followed again by whoever asks. frames: read by number, each when it is needed.
    """

    def __init__(self, sam2: Sam2, frames: Pictures, checkpoint: Callable[[], None] = lambda: None) -> None:
        self._sam2, self._frames, self._checkpoint = sam2, frames, checkpoint
        self._size = frames.height, frames.width
        self._session: Any = sam2.processor.init_video_session(inference_device=sam2.model.device, dtype=torch.float32)
        config = sam2.model.config
        # The model looks back at the masks of so many frames, and at the short tokens of so many more.
        self._reach = max(int(config.num_maskmem), int(config.max_object_pointers_in_encoder))

    @property
    def keys(self) -> tuple[int, ...]:
        """The frames that were marked, in order."""
        return tuple(sorted(self._outputs["cond_frame_outputs"])) if self._session.get_obj_num() else ()

    def mark(self, frame: int, points: Sequence[Point] = (), avoid: Sequence[Point] = (), box: Box | None = None, mask: np.ndarray | None = None) -> Followed:
        """Say what the thing is on a frame: points on it, points beside it and a box in 0..1 of the picture, or its whole mask (H, W) bool.

        The frame is a key frame from then on. Points refine what is followed to there, when something is; a box or a mask starts anew. Raises `InvalidInput`
        when nothing is said, or the mask has another size.
        """
        if mask is None and not points and box is None and not (avoid and self.keys):
            raise InvalidInput("nothing says where the thing is", fix="click on it, or draw a box around it", field="subjects")
        if mask is not None and mask.shape != self._size:
            raise InvalidInput(f"the mask has {mask.shape[1]}x{mask.shape[0]} pixels, the clip {self._size[1]}x{self._size[0]}", fix="give one of the clip's size", field="subjects")
        refined = mask is None and box is None and any(abs(known - frame) <= self._reach for known in self._known())
        self._forget(frame)
        if mask is not None:
            self._sam2.processor.add_inputs_to_inference_session(self._session, frame, 1, input_masks=mask.astype(np.float32), original_size=self._size)
            self._session.video_height, self._session.video_width = self._size
        else:
            height, width = self._size
            places = [[x * width, y * height] for x, y in (*points, *avoid)]
            marks: dict[str, Any] = {"input_points": [[places]], "input_labels": [[[1] * len(points) + [0] * len(avoid)]]} if places else {}
            if box is not None:
                marks["input_boxes"] = [[[box[0] * width, box[1] * height, box[2] * width, box[3] * height]]]
            self._sam2.processor.add_inputs_to_inference_session(self._session, frame, 1, **marks, original_size=self._size)
        # A frame that counts as followed already is cut with what is remembered of its neighbours.
        tracked = self._session.frames_tracked_per_obj[0]
        tracked.pop(frame, None)
        if refined and self.keys:
            tracked[frame] = {"reverse": False}
        found = self._run(frame)
        self._make_key(frame)
        return found

    def propagate(self, first: int, last: int) -> Iterator[Followed]:
        """Follow from frame `first` to `last`, both included, forwards or backwards. `first` is a key frame, or next to what was followed just before.

        Raises `ValueError` when nothing was marked.
        """
        if not self.keys:
            raise ValueError("mark the thing on a frame before it is followed")
        backwards = last < first
        for frame in range(first, last + (-1 if backwards else 1), -1 if backwards else 1):
            self._checkpoint()
            yield self._run(frame, backwards)
            self._tidy(frame)

    @property
    def _outputs(self) -> dict[str, dict[int, Any]]:
        return self._session.output_dict_per_obj[0]

    def _known(self) -> set[int]:
        return {frame for kept in self._outputs.values() for frame in kept} if self._session.get_obj_num() else set()

    @torch.no_grad()
    def _run(self, frame: int, backwards: bool = False) -> Followed:
        if frame in self.keys and not self._session.obj_with_new_inputs:
            out = self._outputs["cond_frame_outputs"][frame]
            return self._told(frame, out["pred_masks"], out["object_score_logits"])
        image = self._sam2.processor.video_processor(videos=[picture(self._frames.read(frame))[None]], return_tensors="pt").pixel_values_videos[0][0]
        out = self._sam2.model(self._session, frame=image.to(self._sam2.model.device), frame_idx=frame, reverse=backwards)
        self._session.processed_frames.clear()
        self._session.cache.clear_all()
        return self._told(frame, out.pred_masks, out.object_score_logits)

    def _told(self, frame: int, masks: torch.Tensor, scores: torch.Tensor) -> Followed:
        large = self._sam2.processor.post_process_masks([masks.cpu()], [list(self._size)], binarize=False)[0]
        score = float(torch.sigmoid(scores.float()).flatten()[0])
        shown = large.reshape(self._size).numpy() > 0
        return Followed(frame, shown if score > 0.5 else np.zeros_like(shown), score)

    def _make_key(self, frame: int) -> None:
        """What was just found on a frame is what the model looks back at first."""
        kept = self._outputs
        out = kept["non_cond_frame_outputs"].pop(frame, None)
        if out is not None:
            kept["cond_frame_outputs"][frame] = out
        kept["cond_frame_outputs"][frame].pop("high_res_masks", None)
        while len(kept["cond_frame_outputs"]) > MOST_KEYS:
            self._forget(max(kept["cond_frame_outputs"], key=lambda other: abs(other - frame)))

    def _forget(self, frame: int) -> None:
        if self._session.get_obj_num():
            for kept in self._outputs.values():
                kept.pop(frame, None)

    def _tidy(self, frame: int) -> None:
        """Let go what the model never looks back at again: frames further away than its reach, and pictures of masks at full size."""
        kept = self._outputs["non_cond_frame_outputs"]
        for old in [other for other in kept if abs(other - frame) > self._reach]:
            del kept[old]
        if frame in kept:
            kept[frame].pop("high_res_masks", None)
        tracked = self._session.frames_tracked_per_obj[0]
        for old in [other for other in tracked if abs(other - frame) > self._reach]:
            del tracked[old]
        for inputs in (self._session.point_inputs_per_obj[0], self._session.mask_inputs_per_obj[0]):
            inputs.clear()
