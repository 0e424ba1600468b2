"""Restyle: only the subject looks different. Words are read as a few looks, one laid after the other; outside the soft mask not one bit changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from PIL import ImageColor

from engine.context import RunContext
from engine.errors import InvalidInput
from engine.media.frames import Pictures
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.vision import styling
from engine.vision.edges import alpha_of, cut_out, subject_colours
from engine.vision.matting import grown_box
from engine.world.palette import rgb
from engine.world.rig import PAINTS

Masks = Callable[[int], np.ndarray]

LOOKS: dict[str, tuple[styling.Style, tuple[str, ...]]] = {
    "black and white": (styling.grey_scale, ("black & white", "black white", "b&w", "bw", "monochrome", "greyscale", "grayscale", "colourless", "colorless")),
    "pencil": (styling.pencil, ("pencil sketch", "pencil drawing", "sketch", "sketched", "graphite", "drawing", "drawn")),
    "cartoon": (styling.cartoon, ("comic", "toon", "anime", "cel shaded", "flat")),
    "paper cut": (styling.paper_cut, ("papercut", "paper", "cut paper", "paper cutout", "collage", "origami")),
    "neon": (styling.neon, ("glow", "glowing", "neon lights", "luminous", "tron")),
    "negative": (styling.negative, ("inverted", "invert", "x-ray", "xray")),
    "pixelate": (styling.mosaic, ("pixelated", "pixels", "pixel", "mosaic", "pixel art", "censored", "censor", "8-bit")),
    "blur": (styling.blurred, ("blurred", "blurry", "anonymous", "anonymise", "anonymised", "anonymize", "anonymized", "hidden", "unrecognisable", "unrecognizable")),
    "sepia": (styling.sepia, ("vintage", "old photo", "old photograph")),
    "brighter": (styling.lightened(0.45), ("bright", "lighter", "brightened")),
    "darker": (styling.lightened(-0.5), ("darkened", "dim", "dimmed")),
    "vivid": (styling.vivid(1.5), ("colourful", "colorful", "saturated", "more colour", "more color")),
    "pale": (styling.vivid(0.5), ("faded", "desaturated", "muted", "washed out")),
}
"""Name -> the look and its other names."""

METALS = {"gold": "#d9a92c", "golden": "#d9a92c", "silver": "#b9bec6", "bronze": "#b0763a", "copper": "#c46f43", "chrome": "#c3cbd4"}
"""Colours that shine."""

TONES = {"dark": -16.0, "deep": -12.0, "light": 16.0}
"""Words before a colour and by how much lightness (CIELAB) they move it."""

IDLE = frozenset((
    "a", "an", "the", "it", "its", "as", "in", "into", "to", "of", "with", "look", "looks", "looking", "like", "make", "made", "turn", "turned",
    "paint", "painted", "colour", "color", "coloured", "colored", "style", "styled", "and", "&", "me", "please", "subject", "only", "but", "very",
    "more",
))  # fmt: skip
"""Words that say nothing about the look."""

SAMPLES = 7
"""Frames in which the subject's colours are learned."""


class RestyleLook:
    """See `engine.tasks.subject_swap.actions.Look`."""

    needs_plate = False

    def __init__(self, request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Masks, shots: Sequence[tuple[int, int]]) -> None:
        self.notes: list[str] = []
        self._styles = looks_of(request.prompt)
        self._strength, self._feather = request.strength, request.mask.feather
        self._cut: tuple[int, np.ndarray, np.ndarray, tuple[slice, slice]] | None = None
        self._unit = max(frames.width, frames.height) / 640.0
        colours = _colours(frames, masks, run.checkpoint)
        known = len(colours) > 0
        self._main: np.ndarray = styling.main_colour(colours) if known else np.array([50.0, 0.0, 0.0], np.float32)
        self._palette: np.ndarray = styling.palette_of(colours) if known else self._main[None]
        if not known:
            self.notes.append("The subject is not seen in this range: nothing was changed.")
        self._centres = _centres(masks, frames.count, shots, run.checkpoint)

    def frame(self, index: int, source: np.ndarray, mask: np.ndarray, plate: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8: the source with the subject in its new look."""
        self._cut = None
        if not mask.any() or self._strength == 0.0:
            return source.copy()
        alpha = alpha_of(source, mask, self._feather)
        window = grown_box(alpha > 0, round(12 * self._unit))
        own = np.clip(np.rint(subject_colours(source, alpha)[window]), 0, 255).astype(np.uint8)
        share = alpha[window]
        x, y = self._centres[index]
        at = int(round(x)) - window[1].start, int(round(y)) - window[0].start
        styled = own
        for style in self._styles:
            styled = style(styling.Sight(styled, share, self._unit, at, self._main, self._palette))
        out = source.copy()
        there = share > 0
        self._cut = index, own + self._strength * (styled.astype(np.float32) - own), share, window
        # At the edge a pixel mixes the subject's own colour with what is behind: only its share changes, and no rim of the old colour stays.
        change = (self._strength * share[there])[:, None] * (styled[there].astype(np.float32) - own[there])
        out[window][there] = np.clip(np.rint(source[window][there] + change), 0, 255).astype(np.uint8)
        return out

    def cut(self, index: int, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(H, W, 4) uint8: the subject alone, in its new look."""
        if self._cut is None or self._cut[0] != index:
            return cut_out(source, mask, self._feather)
        _, colours, share, window = self._cut
        out = np.zeros((*mask.shape, 4), np.uint8)
        part = out[window]
        part[..., 3] = np.rint(255.0 * share)
        part[..., :3] = np.where(part[..., 3:] > 0, np.clip(np.rint(colours), 0, 255), 0)
        return out


def looks_of(words: str) -> list[styling.Style]:
    """The looks that words name, in the order in which they are laid on. Raises `InvalidInput` that lists what is known."""
    text = re.sub(r"[,.;!]", " ", words.lower()).strip()
    named = {name: style for key, (style, others) in LOOKS.items() for name in (key, *others)}
    parts = re.findall(r"#[0-9a-f]{3,6}\b|\S+", text)
    colours: list[styling.Style] = []
    looks: list[styling.Style] = []
    unknown: list[str] = []
    k = 0
    while k < len(parts):
        for length in (3, 2, 1):
            phrase = " ".join(parts[k : k + length])
            if k + length > len(parts):
                continue
            if phrase in named:
                looks.append(named[phrase])
                break
            if (colour := _colour(phrase)) is not None:
                colours.append(colour)
                break
        else:
            length = 1
            if parts[k] not in IDLE:
                unknown.append(parts[k])
        k += length
    if unknown or not (colours or looks):
        what = f"“{' '.join(unknown)[:60]}” is not a look that is known" if unknown else "how the subject should look is not said"
        raise InvalidInput(
            what, why=f"known are {', '.join(LOOKS)}, {', '.join(METALS)}, and colours such as {', '.join(PAINTS)}, their dark and light kinds, and #rrggbb",
            fix="use one or more of these", field="prompt",
        )  # fmt: skip
    return [*colours[-1:], *looks]


def _colour(phrase: str) -> styling.Style | None:
    """The recolouring that a phrase names."""
    tone, _, name = phrase.rpartition(" ")
    if tone and tone not in TONES:
        return None
    name = {"gray": "grey"}.get(name, name)
    if name in METALS:
        code: str | np.ndarray = METALS[name]
    elif name in PAINTS:
        code = PAINTS[name]
    elif name in ImageColor.colormap or re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", name):
        code = "#{:02x}{:02x}{:02x}".format(*ImageColor.getrgb(name)[:3])
    else:
        return None
    values = np.clip(np.rint(255.0 * rgb(code)), 0, 255).astype(np.uint8)
    lab = styling.lab_of(values.reshape(1, 1, 3))[0, 0]
    lab[0] = np.clip(lab[0] + TONES.get(tone, 0.0), 8.0, 96.0)
    return styling.recoloured(lab, metal=name in METALS)


def _colours(frames: Pictures, masks: Masks, checkpoint: Callable[[], None]) -> np.ndarray:
    """(N, 3) float32 Lab of the subject's pixels in some frames in which it is seen."""
    out = []
    for index in np.unique(np.linspace(0, frames.count - 1, 3 * SAMPLES).astype(int)):
        checkpoint()
        mask = masks(int(index))
        if mask.sum() < 16:
            continue
        pixels = frames.read(int(index))[mask]
        out.append(styling.lab_of(pixels[:: max(1, len(pixels) // 1500)][:, None])[:, 0])
        if len(out) == SAMPLES:
            break
    return np.concatenate(out) if out else np.zeros((0, 3), np.float32)


def _centres(masks: Masks, count: int, shots: Sequence[tuple[int, int]], checkpoint: Callable[[], None]) -> np.ndarray:
    """(T, 2) pixels: the middle of the masks, smoothed over time and carried on where there are none, so that paper and strokes move with the subject without trembling."""
    import cv2

    out = np.zeros((count, 2))
    for first, last in shots:
        found = {}
        for index in range(first, min(last, count - 1) + 1):
            checkpoint()
            moments = cv2.moments(masks(index).astype(np.uint8), binaryImage=True)
            if moments["m00"] > 0:
                found[index] = (moments["m10"] / moments["m00"], moments["m01"] / moments["m00"])
        if found:
            known, places = np.array(list(found)), np.array(list(found.values()))
            span = np.arange(first, min(last, count - 1) + 1)
            values = np.column_stack([np.interp(span, known, places[:, axis]) for axis in (0, 1)]).astype(np.float32)
            out[span] = cv2.GaussianBlur(values, (1, 0), sigmaX=0.01, sigmaY=2.0, borderType=cv2.BORDER_REFLECT) if len(span) > 2 else values
    return out
