"""A model of a card opened for one call: its pipeline placed on the device, previews measured on its own VAE, steps told, memory looked after."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.catalog.previews import preview_for
from engine.catalog.upscalers import doubled
from engine.errors import ModelUnavailable, OutOfMemory
from engine.hardware import device_of
from engine.hub import looks
from engine.hub.adapters import Adapter, worn
from engine.hub.caching import cached
from engine.hub.components import Place, components_of, fingerprint
from engine.hub.continuing import after
from engine.hub.decoding import decoded
from engine.hub.fields import Level
from engine.hub.fit import Fit, Learnt, choose
from engine.hub.located import alone
from engine.hub.looks import Looks
from engine.hub.needs import machine_of, megapixels, needs_of
from engine.hub.pipeline import Wish, arguments, dtypes_on, frames_of, prepared, ready, remember_texts, sound_of, vae_name
from engine.hub.placing import place, tune
from engine.hub.tiny_vae import TinyLooks, tiny_looks
from engine.hub.upscaling import Upsampler, lent, unrefined
from engine.hub.watching import Step, Watched, awaited

if TYPE_CHECKING:
    import numpy as np

    from engine.context import RunContext

Seen = Looks | TinyLooks | None
"""What makes a preview of latents."""

SHARE = 0.03
"""Part of the time of the steps that previews may take."""

MOST_LOOKS = 16
"""Frames of a preview."""


@dataclass(frozen=True)
class Extras:
    """What a call may have besides its wish. rest_after: a draft stops there; begin_after, latents: an earlier draft is gone on from; upsampler: where the net of a second stage lies."""

    cache: Level = "off"
    adapters: tuple[Adapter, ...] = ()
    rest_after: int = 0
    begin_after: int = 0
    latents: Any = None
    upsampler: Path | None = None


class Session:
    """One opened model. `told`: what the result's document says of it."""

    def __init__(
        self, card: Card, pipeline: Any, run: RunContext, device: str, told: dict[str, Any], notes: list[str], seen: Seen, extras: Extras, upsampler: Upsampler | None = None
    ) -> None:  # fmt: skip
        self.card, self.pipeline, self.run, self.device, self.told, self._notes, self.extras = card, pipeline, run, device, told, notes, extras
        self._seen, self._upsampler = seen, upsampler
        self._watched: Watched | None = None
        self._broken = False

    def news(self) -> list[str]:
        """Notes that were not asked for yet: what the user should know before the first step, and later what had to be given up while the model worked."""
        found = list(self._notes)
        self._notes.clear()
        return found

    @property
    def stopped(self) -> bool:
        """The user pressed Stop in the middle of the call, or between its two stages."""
        return self._broken or self._watched is not None and self._watched.stopped and not self.rests

    @property
    def rests(self) -> bool:
        """The call ended as a draft."""
        return self._watched is not None and bool(self.extras.rest_after) and self._watched.done == self.extras.rest_after

    @property
    def noisy(self) -> Any:
        """The latents of a draft as the next step would take them."""
        assert self._watched is not None
        return self._watched.noisy

    def steps(self, wish: Wish) -> Iterator[tuple[int, np.ndarray | None]]:
        """Make the call; yields how many steps are done, with a preview (F, h, w, 3) uint8 when one is due; the same count again while Stop waits. Raises `OutOfMemory`.

        Where a second stage follows, `refine` goes on; Stop ends it here, and what was seen by then is decoded.
        """
        upsampler = self._upsampler
        if upsampler is None:
            yield from self._called(wish, self.extras.begin_after, self.extras.latents)
            return
        yield from self._called(replace(wish, given={**wish.given, "output_type": "latent"}), self.extras.begin_after, self.extras.latents)
        watched = self._watched
        assert watched is not None
        if watched.stopped or self.run.cancelled():
            self._broken, latents = True, watched.result.frames
            if upsampler.rules.raw:
                watched.result = yield from self._waited(partial(upsampler.decoded, latents), watched.done)
            else:
                yield from ((watched.done, None) for _ in self._called(unrefined(wish, latents)))

    def refine(self, wish: Wish) -> Iterator[tuple[int, np.ndarray | None]]:
        """The second stage after all steps of `wish`, at twice its size; yields as `steps` does."""
        upsampler, watched = self._upsampler, self._watched
        assert upsampler is not None and watched is not None
        latents = yield from self._waited(partial(upsampler.enlarge, watched.result.frames), 0)
        with upsampler.ready(self.extras.adapters):
            again = upsampler.refining(wish, latents, getattr(watched.result, "audio", None))
            yield from self._called(again, skipped=upsampler.rules.steps - upsampler.rules.walked)

    def _waited(self, work: Callable[[], Any], done: int) -> Generator[tuple[int, None], None, Any]:
        """Work beside the steps, with signs of life while Stop waits."""
        beats = awaited(work, self.run.cancelled)
        while True:
            try:
                next(beats)
            except StopIteration as end:
                return end.value
            yield done, None

    def _called(self, wish: Wish, begin_after: int = 0, latents: Any = None, *, skipped: int = 0) -> Iterator[tuple[int, np.ndarray | None]]:
        """One call of the pipeline. skipped: of its steps, those that it leaves out by itself."""
        import torch

        drawing = self.card.rules
        given = arguments(self.pipeline, drawing, wish)
        total = wish.steps - begin_after - skipped
        times = drawing.passes(wish.frames, anew=wish.free_init)

        def stop() -> bool:
            return self.run.cancelled() or bool(self.extras.rest_after) and watched.done >= self.extras.rest_after

        self._watched = watched = Watched(self.pipeline, given, total=total * times, passes=times, skipped=skipped, stop=stop)
        began, looked = time.monotonic(), 0.0
        # Some pipelines draw noise beside the generator that they are given.
        torch.manual_seed(wish.seed)
        with prepared(self.pipeline, drawing, wish), after(self.pipeline, begin_after, latents):
            for step in watched.steps():
                if step is None:
                    yield watched.done, None
                    continue
                look = None
                at = time.monotonic()
                room = SHARE * (at - began) - looked
                if self._seen is not None and step.points and room >= 0 and self.run.wants_preview():
                    look = self._look(step, wish, room)
                    looked += time.monotonic() - at
                yield step.done, look

    def frames(self) -> np.ndarray:
        """(F, H, W, 3) uint8 of the call that has ended."""
        assert self._watched is not None
        if self._watched.result is not None:
            return frames_of(self._watched.result)
        return frames_of(decoded(self.pipeline, self.card.rules, [*self._watched.passed, *([] if self._watched.latents is None else [self._watched.latents])]))

    @property
    def sound(self) -> tuple[np.ndarray, int] | None:
        """(samples (N, C) float32 in -1..1, rate in Hz) that came with the frames; None without, and after Stop, when it is half noise."""
        if self._watched is None or self._watched.result is None or self._watched.stopped:
            return None
        return sound_of(self.pipeline, self._watched.result)

    def _look(self, step: Step, wish: Wish, room: float) -> np.ndarray | None:
        """A preview of a step; None when its latents cannot be told, or when it cannot be had in `room` seconds."""
        clean = step.x0
        if clean is None or self._seen is None:
            return None
        found = looks.grid(self.pipeline, self.card.rules, clean, wish.size, wish.frames)
        if found is None:
            return None
        most = min(len(found), MOST_LOOKS) if isinstance(self._seen, Looks) else self._seen.afford(room, min(len(found), MOST_LOOKS))
        return self._seen(found[:: -(-len(found) // most)]) if most else None


@contextmanager
def opened(card: Card, folder: Place, run: RunContext, *, image: bool, size: tuple[int, int], frames: int, extras: Extras = Extras()) -> Iterator[Session]:
    """The model of a card, ready for one call of that size. Raises `ModelUnavailable`, `InvalidInput`, and `OutOfMemory` that names a setting that fits."""
    import torch

    drawing = card.rules
    device = device_of(run.settings.device)
    dtypes = dtypes_on(device, drawing)
    learnt = Learnt(run.settings.data_dir / "cache" / "hub")
    upsampler = extras.upsampler
    largest = size if upsampler is None else doubled(size)
    needs = needs_of(card, folder, size, frames, learnt, bytes_each=dtypes[""].itemsize, upsampler=upsampler)
    fit = choose(needs, machine_of(device.type, resident_mib(run)), card.title, run.settings.placing, run.settings.weights)
    told: dict[str, Any] = {"model": card.id, "placing": fit.line, **({"step_cache": extras.cache} if extras.cache != "off" else {})}
    if extras.adapters:
        told["loras"] = {one.name: one.strength for one in extras.adapters}
    try:
        with ExitStack() as held:
            pipeline = held.enter_context(ready(folder, drawing, card.title, run.pool, dtypes, image=image, weights=fit.weights))
            net = held.enter_context(lent(drawing.upscaling, upsampler, run.pool, dtypes))
            notes = held.enter_context(worn(pipeline, list(extras.adapters)))
            place(pipeline, fit, device)
            tune(pipeline, device, run.settings.attention, run.settings.compiled, notes.append)
            remember_texts(pipeline)
            method = held.enter_context(cached(pipeline, extras.cache, run.settings.step_cache_method))
            if extras.cache != "off":
                told["step_cache_method"] = method or "none"
                notes += [] if method else [f"{card.title} has no step cache: every step is computed."]
            seen, unsound = _seen_by(pipeline, folder, run, device, dtypes[""], measurable=fit.mode != "group offload")
            notes += unsound
            told["pipeline"] = type(pipeline).__name__
            told["weights"] = {part.name: fingerprint(part.weights) for part in components_of(folder) if part.weights and getattr(pipeline, part.name, None) is not None}
            twice = None
            if net is not None:
                assert drawing.upscaling is not None and upsampler is not None
                twice = Upsampler(drawing.upscaling, upsampler, net, pipeline, device, stays=fit.mode in ("processor", "resident"))
                told["weights"] |= {part.name: fingerprint(part.weights) for part in components_of(alone(drawing.upscaling, upsampler))}
            _begin_measuring(device)
            yield Session(card, pipeline, run, str(device), told, notes, seen, extras, twice)
            used = _measured(device)
            if used is not None:
                learnt.note(card.id, megapixels(largest, frames), used - (fit.card_mib - needs.activations))
                told["card_mib"] = round(used)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(f"{card.title} ran out of memory", why=f"it was placed {fit.line}", fix=_smaller(fit, size, twice=upsampler is not None)) from error
    finally:
        # The run's end collects, too (`engine.worker`): here it only makes room on a card at once, as it takes half a second.
        if device.type == "cuda":
            gc.collect()
            torch.cuda.empty_cache()


def _seen_by(pipeline: Any, folder: Place, run: RunContext, device: Any, dtype: Any, *, measurable: bool) -> tuple[Seen, list[str]]:
    """What makes previews, with notes: the tiny autoencoder of these latents where it is here, else the map that is measured on the VAE, if it can be."""
    vae = getattr(pipeline, "vae", None)
    if vae is None:
        return None, []
    notes = []
    card = preview_for(type(vae).__name__, vae.config)
    place = None if card is None else ModelFiles.of(run.settings).find(card)
    if card is not None and place is not None:
        try:
            return tiny_looks(card, place, device, dtype), []
        except ModelUnavailable as error:
            notes.append(f"Previews are made without {card.title}: {error.line}")
    return looks.measured(vae, run.settings.data_dir / "cache" / "looks", vae_name(folder)) if measurable else None, notes


def resident_mib(run: RunContext) -> float:
    """MiB of models that nobody uses and that would make room."""
    if run.pool is None:
        return 0.0
    return sum(one["bytes"] for one in run.pool.stats()["models"] if not one["users"]) / 2**20


def _smaller(fit: Fit, size: tuple[int, int], *, twice: bool) -> str:
    width, height = (int(side * 0.75) // 16 * 16 for side in size)
    return ("leave out upscale, " if twice else "") + f"try {max(64, width)}x{max(64, height)}, or half the seconds" + ("" if fit.mode == "group offload" else ", or the setting placing=group offload") + "; everything was freed, the next run is fine"


def _begin_measuring(device: Any) -> None:
    if device.type == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats(device)


def _measured(device: Any) -> float | None:
    """Peak MiB on the card since the measuring began; None on the processor, whose peak cannot be told from other work."""
    if device.type != "cuda":
        return None
    import torch

    return float(torch.cuda.max_memory_allocated(device)) / 2**20
