"""The pictures of an interval: a walk between two prompts and two noises, drawn at places where it changes evenly, or a photo, or a clip."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, denoise, finish
from engine.diffusion.noise import slerp
from engine.diffusion.parts import as_pictures
from engine.diffusion.walk import blended
from engine.tasks.music_video.request import SEEDS, Interval, MusicVideoRequest
from engine.tasks.text_to_video.pocket.models import Pocket
from engine.tasks.text_to_video.pocket.shapes import doublings, native_size
from engine.tasks.text_to_video.pocket.wording import Told, told
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.shapes import fitted
from engine.vision.interpolation import Between

if TYPE_CHECKING:
    from engine.context import RunContext

BATCH = 4
"""Pictures that are drawn together."""

CANDIDATES = 6
"""Pictures from which the best is taken where no seed is given."""

KEPT_MIB = 400
"""Room for walks on disk, the oldest go first."""

LOW, HIGH = 1.2, 8.0
"""Guidance between which the target guidance moves."""

CLIP_PICTURES = 120
"""Most pictures of a clip that are held."""

MOVED = 0.6
"""Share of the change that motion must explain for frames to be laid along it; light that changes is mixed: flow would tear it."""

SWELL = 0.16
"""How far a photo's progress zooms in."""


@dataclass(frozen=True)
class Walk:
    """pictures: (N, H, W, 3) uint8; places: (N,) rising from 0 to 1, where each stands on the way: even steps of place are even changes of the picture."""

    pictures: np.ndarray
    places: np.ndarray
    _pairs: dict[int, Between] = field(default_factory=dict, repr=False, compare=False)

    def at(self, place: float) -> np.ndarray:
        """(H, W, 3) uint8 at a place 0..1; the ends exactly. Pictures that differ by motion are joined along it, others are mixed."""
        place = min(max(place, 0.0), 1.0)
        k = int(np.clip(np.searchsorted(self.places, place, side="right") - 1, 0, max(len(self.places) - 2, 0)))
        if len(self.pictures) == 1 or place <= self.places[k]:
            return np.asarray(self.pictures[k])
        if place >= self.places[k + 1]:
            return np.asarray(self.pictures[k + 1])
        share = float((place - self.places[k]) / (self.places[k + 1] - self.places[k]))
        pair = self._pair(k)
        return pair.at(share) if pair.explained > MOVED else cv2.addWeighted(pair.first, 1 - share, pair.second, share, 0.0)

    def _pair(self, k: int) -> Between:
        """The pair of pictures from k on; its flow is kept while frames lie between them."""
        if k not in self._pairs:
            self._pairs.clear()
            self._pairs[k] = Between(self.pictures[k], self.pictures[k + 1])
        return self._pairs[k]


@dataclass
class Painter:
    """Draws stills and walks with the pocket models, and remembers them: what was drawn once, for a preview or the last run, is not drawn again."""

    request: MusicVideoRequest
    run: RunContext
    pocket: Pocket
    stills: dict[tuple[str, int, float], torch.Tensor] = field(default_factory=dict)
    """(sentence, seed, guidance) -> clean latents (C, h, w)."""

    def __post_init__(self) -> None:
        self.native = native_size(self.request.width, self.request.height)
        self.times = doublings(self.native, self.request.width, self.request.height)
        self.levels = Levels.of(self.pocket.parts.scheduler, self.request.steps)
        self.negative = self.pocket.parts.text_states([""])[0]

    def told(self, prompt: str) -> Told:
        """A prompt, with the style, as the model is told it."""
        text = f"{prompt}, {self.request.style}" if self.request.style else prompt
        return told(TextToVideoRequest(prompt=text), 0, text)

    def noise(self, seed: int) -> torch.Tensor:
        """(1, C, h, w): the noise of a seed."""
        parts = self.pocket.parts
        shape = (1, parts.channels, self.native[1] // parts.factor, self.native[0] // parts.factor)
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    def draw(self, noise: torch.Tensor, states: torch.Tensor, guidance: float) -> torch.Tensor:
        """Clean latents (N, C, h, w) from noises (N, C, h, w) and texts (N, tokens, width)."""
        steps = denoise(self.pocket.parts.unet, self.levels, noise[None], states, negative=self.negative, guidance=Guidance(guidance), checkpoint=self.run.checkpoint)
        return finish(steps)[0]

    def still(self, sentence: str, seed: int, guidance: float) -> torch.Tensor:
        """Clean latents (C, h, w) of one picture. The same still is the end of every walk that begins or ends with it, to the bit."""
        key = (sentence, seed, guidance)
        if key not in self.stills:
            self.stills[key] = self.draw(self.noise(seed), self.pocket.parts.text_states([sentence]), guidance)[0]
        return self.stills[key]

    def best_seed(self, sentence: str) -> int:
        """The one of `CANDIDATES` seeds, always the same ones, whose picture shows a sentence best; remembered on disk."""
        key = hashlib.sha256(repr((sentence, self.request.steps, self.request.guidance, self.native, _weights())).encode()).hexdigest()
        note = shelf(self.run) / f"{key[:40]}.seed"
        with contextlib.suppress(OSError, ValueError):
            return int(note.read_text()) % SEEDS
        seeds = [7919 * k for k in range(CANDIDATES)]
        states = self.pocket.parts.text_states([sentence] * len(seeds))
        drawn = self.draw(torch.cat([self.noise(one) for one in seeds]), states, self.request.guidance)
        best = seeds[self.pocket.best(self.decoded(drawn), sentence)]
        with contextlib.suppress(OSError):
            note.write_text(str(best))
        return best

    def decoded(self, latents: torch.Tensor) -> np.ndarray:
        """(N, h, w, 3) uint8 at the model's own size."""
        return as_pictures(self.pocket.parts.decode(latents, self.run.checkpoint))

    def finished(self, pictures: np.ndarray) -> np.ndarray:
        """(N, H, W, 3) uint8 at the clip's size."""
        for _ in range(self.times):
            pictures = self.pocket.upscaler.enlarge(pictures, self.run.checkpoint)
        return np.stack([fitted(one, self.request.width, self.request.height) for one in pictures])

    def walk(self, first: tuple[str, int], last: tuple[str, int], count: int, guidance: float) -> Generator[tuple[int, int], None, Walk]:
        """A walk of at most `count` pictures between two (sentence, seed): texts mixed linearly, noises along the great arc. Yields (drawn, of).

        New pictures are put where neighbours differ most, and places are measured by how much the picture has changed, so that the pulse of the music becomes change.
        """
        key = hashlib.sha256(repr((first, last, count, guidance, self.request.steps, self.native, self.request.width, self.request.height, _weights())).encode()).hexdigest()
        kept = shelf(self.run) / f"{key[:40]}.safetensors"
        if (found := _read(kept)) is not None:
            yield count, count
            return found
        ends = self.pocket.parts.text_states([first[0], last[0]])
        noises = [self.noise(first[1]), self.noise(last[1])]
        shares = [0.0, 1.0]
        latents = [self.still(*first, guidance), self.still(*last, guidance)]
        small = list(self.decoded(torch.stack(latents)))
        while len(shares) < count and first != last:
            self.run.checkpoint()
            yield len(shares), count
            gaps = [(_apart(small[k], small[k + 1]) + 0.02 * (shares[k + 1] - shares[k]), k) for k in range(len(shares) - 1)]
            chosen = sorted(k for _, k in sorted(gaps, reverse=True)[: min(BATCH, count - len(shares))] if shares[k + 1] - shares[k] > 1e-3)
            if not chosen:
                break
            new = [(shares[k] + shares[k + 1]) / 2 for k in chosen]
            drawn = self.draw(torch.cat([slerp(noises[0], noises[1], share) for share in new]), blended(ends, [(1 - share, share) for share in new]), guidance)
            pictures = self.decoded(drawn)
            for k, share, picture in sorted(zip(chosen, new, pictures, strict=True), key=lambda one: -one[0]):
                shares.insert(k + 1, share)
                small.insert(k + 1, picture)
        steps = np.array([max(_apart(a, b), 1e-4) for a, b in zip(small, small[1:], strict=False)])
        if first == last:
            small, steps = small[:1], np.zeros(0)
        places = np.concatenate([[0.0], np.cumsum(steps) / steps.sum()]) if len(steps) else np.zeros(1)
        if len(places) > 1:
            places[-1] = 1.0
        walk = Walk(self.finished(np.stack(small)), places)
        _write(kept, walk)
        yield count, count
        return walk


def photo_walk(interval: Interval, request: MusicVideoRequest, run: RunContext) -> Walk:
    """A photo as a walk: its progress goes slowly into the picture. A clip as a walk: its progress plays it."""
    from engine.media.images import read_image
    from engine.media.video import open_video

    if interval.clip is not None:
        with open_video(interval.clip, run.settings, max_side=max(request.width, request.height) * 2) as reader:
            every = max(1, -(-reader.count // CLIP_PICTURES))
            pictures: list[np.ndarray] = []
            for index, frame in enumerate(reader):
                run.checkpoint()
                if index % every == 0 and len(pictures) < CLIP_PICTURES:
                    pictures.append(fitted(frame, request.width, request.height))
        return Walk(np.stack(pictures), np.linspace(0, 1, len(pictures)) if len(pictures) > 1 else np.zeros(1))
    assert interval.picture is not None
    picture = fitted(read_image(interval.picture, run.settings, max_side=max(request.width, request.height) * 2), request.width, request.height)
    steps = [zoomed(picture, 1 + SWELL * share) for share in np.linspace(0, 1, 5)]
    return Walk(np.stack(steps), np.linspace(0, 1, 5))


def zoomed(picture: np.ndarray, scale: float, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """(H, W, 3) uint8 enlarged about its middle and moved by pixels; what lies beyond the rim is mirrored."""
    height, width = picture.shape[:2]
    matrix = np.array([[scale, 0, (1 - scale) * width / 2 + shift[0]], [0, scale, (1 - scale) * height / 2 + shift[1]]])
    return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def shelf(run: RunContext) -> Path:
    """Where walks are kept between runs."""
    place = run.settings.data_dir / "cache" / "walks"
    place.mkdir(parents=True, exist_ok=True)
    return place


@lru_cache(maxsize=1)
def _weights() -> str:
    """What names the model's weights: walks of other weights are not taken from disk."""
    from engine.tasks.text_to_video.pocket.models import folder

    manifest = folder("pocket-sd") / "unet"
    return ",".join(f"{file.name}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in sorted(manifest.iterdir()))


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    """Mean change of a pixel between two small pictures, 0..1."""
    return float(np.abs(a.astype(np.int16) - b).mean()) / 255


def _read(path: Path) -> Walk | None:
    try:
        data = load_file(path)
        path.touch()
        return Walk(data["pictures"], data["places"])
    except (OSError, ValueError, KeyError, SafetensorError):
        return None


def _write(path: Path, walk: Walk) -> None:
    """Keep a walk whole or not at all; when the disk is full it is not kept."""
    files = sorted(path.parent.glob("*.safetensors"), key=lambda file: file.stat().st_mtime)
    room = KEPT_MIB * 2**20 - walk.pictures.nbytes
    for file in reversed(files):
        room -= file.stat().st_size
        if room < 0:
            file.unlink(missing_ok=True)
    aside = path.with_suffix(".part")
    try:
        save_file({"pictures": np.ascontiguousarray(walk.pictures), "places": walk.places}, aside)
        aside.replace(path)
    except (OSError, SafetensorError):
        aside.unlink(missing_ok=True)
