"""How the pipeline of a card is called: classes, sizes, frame rules, defaults. Data alone; what it means is done in `engine.hub`."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

Layout = Literal["bcfhw", "bfchw", "bchw", "tokens"]
"""Order of a pipeline's latents inside its loop: batch, channels, frames, rows, columns; or one row of tokens for all of them."""

Setting = float | int | str | bool | list[int] | list[float]
"""A value of a call's argument or of a scheduler's setting."""


FREE_INIT = 3
"""Times that a clip is begun in all when it is begun anew: beyond that little changes (Wu et al., 2023)."""


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Conditions(_Rules):
    """How pictures at any frame are given: as a list of objects of the class `kind`, each with a picture and an index.

    latent: the index counts frames of the latents, not of the clip. ahead: the pictures' tokens stand before those of the clip, not behind them.
    """

    kind: str
    picture: str
    index: str
    latent: bool = False
    ahead: bool = False


class Windows(_Rules):
    """A long clip in one call: windows of `length` frames, each of which takes its first `overlap` frames over from the one before."""

    length: int = Field(gt=1)
    overlap: int = Field(ge=1)
    length_name: str
    overlap_name: str


class Motion(_Rules):
    """How the strength of motion is told: as the argument `name`, or as `words` at the end of the prompt. values: of no, ordinary and double strength."""

    name: str = ""
    words: str = ""
    values: tuple[float, float, float]

    def at(self, strength: float) -> float:
        """The value of a strength from 0 to 2."""
        still, usual, double = self.values
        return still + (usual - still) * strength if strength <= 1 else usual + (double - usual) * (strength - 1)


class Upscaling(_Rules):
    """The second stage of a clip: a net doubles width and height of its latents, and the model walks some more steps at that size.

    card: id of the net's card; library: the module of diffusers that knows its class; pipeline: class that holds it. adain: how far mean and spread of each channel go back to those
    of the first stage, 0 to 1 (Huang and Belongie, 2017); tone_map: how far large values are drawn in, 0 to 1. steps: those of the second call, of which it walks the last `walked`;
    guidance: its guidance, where it is another; fixed: its other arguments; scheduler: settings of its scheduler that differ; lora: a file beside the net that the model wears meanwhile. raw: the pipeline gives and takes latents
    as the VAE has them, not as its loop does.
    """

    card: str
    library: str
    pipeline: str
    adain: float = Field(0.0, ge=0, le=1)
    tone_map: float = Field(0.0, ge=0, le=1)
    steps: int = Field(ge=1)
    walked: int = Field(ge=1)
    guidance: float | None = None
    fixed: dict[str, Setting]
    scheduler: dict[str, Setting | None] = Field(default_factory=dict)
    lora: str = ""
    raw: bool = False


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
    words: bool = Field(True, description="Takes a prompt.")
    negative: bool = Field(True, description="Takes a negative prompt.")
    guidance_name: str = Field("guidance_scale", description="What the call names the strength of guidance; empty: guidance is part of the model or of its guider.")
    frames_name: str = Field("num_frames", description="What the call names the count of frames.")
    rate_name: str = Field("", description="What the call names the frame rate; empty: it is not told.")
    sized: bool = Field(True, description="Takes width and height; otherwise they follow from the picture.")
    fixed: dict[str, Setting] = Field(default_factory=dict, description="Arguments of every call.")
    scheduler: dict[str, Setting] = Field(default_factory=dict, description="Settings of the scheduler that differ from its file, such as flow_shift.")
    sampler: str = Field("", description="Class of a scheduler that takes the place of the folder's own.")
    timesteps: tuple[float, ...] = Field((), description="The steps of a model that was taught a few certain ones; another count of steps is spread by the sampler.")
    pictured: dict[str, Any] = Field(default_factory=dict, description="Rules that are others when the clip begins with a picture.")
    conditions: Conditions | None = Field(None, description="Pictures can stand at any frame.")
    known: bool = Field(
        False, description="Takes a clip with a mask of what is drawn anew, and pictures of what should be seen, whose latents stand before the clip's; pictures at any frame are known frames."
    )
    driven: bool = Field(
        False, description="Takes a picture of a person and clips of how that person is to move: joints, face, surroundings, mask; the latents of the picture stand before the clip's."
    )
    windows: Windows | None = Field(None, description="Long clips are drawn window by window in one call.")
    motion: Motion | None = Field(None, description="The strength of motion can be told.")
    part: str = Field("", description="The card is this one part; the others come from the card `lender`, or from a Stable Diffusion folder of the user's.")
    lender: str = Field("", description="Id of the card whose folder lends every part but `part`, which is this card's one file.")
    marks: dict[str, Setting] = Field(default_factory=dict, description="Settings of its net by which a folder of its kin is told from others of the same class.")
    context: int = Field(0, ge=0, description="Frames that it sees at once; a longer clip shares its noise between overlapping windows (FreeNoise, Qiu et al., 2023). 0: all.")
    free_init: bool = Field(False, description="Can begin anew from the low frequencies of its own clip (FreeInit, Wu et al., 2023).")
    shaped: bool = Field(True, description="Draws other shapes than its own.")
    narrowest: int = Field(0, ge=0, description="Its height is always its own; its width follows the asked shape, from this to its own. 0: both follow.")
    padding: int = Field(0, ge=0, description="Frames of the latents that stand before the clip's, so that its places in time can be joined, and are cut before decoding.")
    exact: tuple[str, ...] = Field((), description="Parts that stay float32: their half-size numbers spoil the picture.")
    latents: Layout = "bcfhw"
    drafts: bool = Field(True, description="A call can be gone on from in the middle: it has one sampler, which works on its latents alone.")
    lora: bool = Field(False, description="The pipeline loads LoRA adapters.")
    sound: bool = Field(False, description="The clip has its own sound.")
    upscaling: Upscaling | None = Field(None, description="Clips at twice the size are made in a second stage.")
    activations_mib: float = Field(1500.0, gt=0, description="About the memory of one evaluation besides the weights at the default size.")

    def given(self, *, image: bool) -> Self:
        """The rules of a call that begins with a picture, or with words alone."""
        return self.model_validate({**dict(self), **self.pictured}) if image and self.pictured else self

    def passes(self, frames: int, *, anew: bool = False) -> int:
        """How often one call runs through all its steps: once for each window, or once for each beginning anew."""
        if anew and self.free_init:
            return FREE_INIT
        windows = self.windows
        if windows is None or frames <= windows.length:
            return 1
        return 1 + -(-(frames - windows.length) // (windows.length - windows.overlap))

    @property
    def anywhere(self) -> bool:
        """Pictures can stand at any frame."""
        return self.conditions is not None or self.known

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
