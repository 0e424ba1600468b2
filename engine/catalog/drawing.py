"""How the pipeline of a card is called: classes, sizes, frame rules, defaults. Data alone; what it means is done in `engine.hub`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Layout = Literal["bcfhw", "bfchw", "bchw", "tokens"]
"""Order of a pipeline's latents inside its loop: batch, channels, frames, rows, columns; or one row of tokens for all of them."""


class Drawing(BaseModel):
    """The rules of one card's pipeline. Classes are named as in diffusers; a pipeline that needs a picture has no `text` class.

    Frames come in counts of `every * k + first`. Sizes are multiples of `multiple` pixels, about `width` x `height` in area.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field("", description="Class that draws from words alone.")
    image: str = Field("", description="Class that goes on from a first picture.")
    last: bool = Field(False, description="The image class can also be given the last picture.")
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    multiple: int = Field(gt=0)
    frames: int = Field(1, ge=1, description="Frames of a clip unless another length is asked for; 1: it draws single pictures.")
    most: int = Field(1, ge=1, description="Frames up to which one call stays good.")
    every: int = Field(4, ge=1)
    first: int = Field(1, ge=0)
    fps: float = Field(16.0, gt=0)
    steps: int = Field(50, ge=1)
    guidance: float = Field(5.0, ge=0)
    negative: bool = Field(True, description="Takes a negative prompt.")
    guidance_name: str = Field("guidance_scale", description="What the call names the strength of guidance; empty: guidance is part of the model or of its guider.")
    frames_name: str = Field("num_frames", description="What the call names the count of frames.")
    rate_name: str = Field("", description="What the call names the frame rate; empty: it is not told.")
    sized: bool = Field(True, description="Takes width and height; otherwise they follow from the picture.")
    fixed: dict[str, float | int | str | bool] = Field(default_factory=dict, description="Arguments of every call.")
    scheduler: dict[str, float | int | str | bool] = Field(default_factory=dict, description="Settings of the scheduler that differ from its file, such as flow_shift.")
    exact: tuple[str, ...] = Field((), description="Parts that stay float32: their half-size numbers spoil the picture.")
    latents: Layout = "bcfhw"
    lora: bool = Field(False, description="The pipeline loads LoRA adapters.")
    sound: bool = Field(False, description="The clip has its own sound.")
    activations_mib: float = Field(1500.0, gt=0, description="About the memory of one evaluation besides the weights at the default size.")

    @property
    def picture(self) -> bool:
        """True for models of single pictures."""
        return self.most == 1

    def count(self, wanted: float) -> int:
        """The allowed count of frames nearest to `wanted`, at most `most`."""
        if self.picture:
            return 1
        least = self.first + self.every if self.first < 2 else self.first
        nearest = round((wanted - self.first) / self.every) * self.every + self.first
        top = (self.most - self.first) // self.every * self.every + self.first
        return min(top, max(least, nearest))
