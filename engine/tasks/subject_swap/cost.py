"""What a large editor will cost: how much of it fits this machine, and how long it takes. Light."""

from __future__ import annotations

from pathlib import Path

from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.errors import OutOfMemory, StudioError
from engine.experts import available
from engine.hardware import planned_device
from engine.hub.adapters import wanted
from engine.hub.fields import asked
from engine.hub.fit import Fit, Learnt, choose
from engine.hub.needs import machine_of, needs_of
from engine.settings import Settings
from engine.task import Forecast
from engine.tasks.subject_swap.models import BESIDE, EDITORS
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.tasks.text_to_video.cost import OVERHEAD_MIB, evaluations

SHARES = (1.0, 0.6, 0.4, 0.25)
"""Of the frames that an editor draws at once: shorter pieces need less memory."""


def room_of(card: Card, folder: Path, settings: Settings, device: str, reclaimable_mib: float = 0.0) -> tuple[int, Fit]:
    """The most frames of the card's own size that fit at once, and how they are placed. Raises `OutOfMemory` when not even few do."""
    drawing = card.rules
    learnt = Learnt(settings.data_dir / "cache" / "hub")
    for share in SHARES:
        frames = drawing.count(drawing.most * share)
        needs = needs_of(card, folder, (drawing.width, drawing.height), frames, learnt, bytes_each=4 if device == "cpu" else 2)
        try:
            return frames, choose(needs, machine_of(device, reclaimable_mib), card.title, settings.placing, settings.weights)
        except OutOfMemory as error:
            refused = error
    raise smaller(refused)


def smaller(error: OutOfMemory) -> OutOfMemory:
    """The same error with what helps here."""
    fix = "close other programs, free the resident models, choose a smaller editor, or a shorter range of the video; everything was freed, the next run is fine"
    return OutOfMemory(error.what, why=error.why, fix=fix, field="drawing")


def forecast(request: SubjectSwapRequest, settings: Settings) -> Forecast:
    """Before the run of a large editor: whether it and the LoRAs are here, and where it will lie."""
    card = EDITORS.get(request.drawing)
    if card is None:
        return Forecast()
    files = ModelFiles.of(settings)
    absent = lacking(card, settings)
    if absent:
        told = "; ".join(f"{one.bytes / 1e9:.0f} GB, {one.licence}" if one.bytes > 1e9 else f"{one.bytes / 1e6:.0f} MB, {one.licence}" for one in absent)
        one, it = ("is", "it") if len(absent) == 1 else ("are", "them")
        return Forecast(f"{' and '.join(card.title for card in absent)} {one} not on this machine: fetch {it} in the engine room ({told})", able=False)
    device = planned_device(settings.device)
    try:
        wanted(request.loras, settings)
        frames, fit = room_of(card, files.path(card), settings, device)
    except StudioError as error:
        return Forecast(error.line, able=False)
    pieces = f", {frames} frames at once" if frames < card.rules.most else ""
    slow = "; without a graphics card that takes hours" if fit.mode == "processor" else ""
    return Forecast(f"{card.title} {fit.line}{pieces}{slow}", fit.ram_mib + OVERHEAD_MIB)


def lacking(card: Card, settings: Settings) -> list[Card]:
    """What an editor needs and what is not on this machine: its own model, and the experts beside it."""
    files, there = ModelFiles.of(settings), {one.card.role for one in available(settings).values()}
    return [*([] if files.present(card) else [card]), *(one for one in BESIDE.get(card.id, ()) if one.role not in there)]


def weights_of(request: SubjectSwapRequest, settings: Settings) -> tuple[Path, ...]:
    """Weight files of a large editor that is here."""
    card = EDITORS.get(request.drawing)
    return () if card is None else ModelFiles.of(settings).weights(card)


def large_work(request: SubjectSwapRequest, seconds: float) -> float:
    """Work of a large editor's evaluations for so many seconds of video; 0 for other drawers."""
    card = EDITORS.get(request.drawing)
    if card is None:
        return 0.0
    drawing = card.rules
    steps, guidance = asked(drawing, request.steps, request.guidance)
    return evaluations(card, steps, guidance, drawing.width * drawing.height * max(seconds * drawing.fps, drawing.every + drawing.first) / 1e6)
