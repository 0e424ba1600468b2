"""Replacing by diffusion: the pocket model's real weights on a clip of the diorama, and Stable Diffusion inpainting with a ControlNet on tiny weights from disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from engine.context import RunContext
from engine.diffusion.attention import CrossFrame
from engine.diffusion.parts_xl import PartsXL, load_parts_xl
from engine.errors import InvalidInput
from engine.media.frames import Held
from engine.metrics import pocket_judge
from engine.settings import Settings
from engine.tasks.subject_swap import denoised, inpainted, structure
from engine.tasks.subject_swap.actions import look_of
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.tasks.text_to_video.pocket.models import HOME
from engine.world.moving import MovingDiorama, WorldClip
from engine.world.spec import COLOURS, KINDS, SceneSpec, SubjectSpec
from tests.diffusion import toy
from tests.hub.tiny import pictures
from tests.tasks import pocket_toy


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * by + 1, 2 * by + 1), np.uint8)) > 0


def request_of(**fields: Any) -> SubjectSwapRequest:
    return SubjectSwapRequest.model_validate({"video": "clip.mp4", "action": "replace", "prompt": "a green bus", "drawing": "pocket", **fields})


def made(clip: WorldClip, folder: Path, settings: Settings | None = None, **fields: Any) -> tuple[np.ndarray, Any]:
    masks = [grown(mask, 3) for mask in clip.masks[:, 0]]
    run = RunContext("0" * 32, folder, settings or Settings(data_dir=folder), seed=3)
    look = look_of(request_of(**fields), run, Held(clip.frames, 8.0), lambda index: masks[index], [(0, len(masks) - 1)])
    return np.stack([look.frame(k, clip.frames[k], masks[k], clip.plate[k] if look.needs_plate else clip.frames[k]) for k in range(len(masks))]), look


@pytest.fixture(scope="module")
def clip() -> WorldClip:
    """A red car goes to the left through hills, 8 frames."""
    subject = SubjectSpec(kind="car", colour="red", motion="left")
    return MovingDiorama(SceneSpec(place="hills", seconds=1.0, fps=8.0, seed=5, subjects=(subject,)), (288, 192)).clip()


@pytest.fixture(scope="module")
def replaced(clip: WorldClip, tmp_path_factory: pytest.TempPathFactory) -> Iterator[np.ndarray]:
    """The clip with a green bus, drawn in few steps."""
    patch = pytest.MonkeyPatch()
    patch.setattr(denoised, "CANDIDATES", 3)
    patch.setattr(denoised, "STEPS", 8)
    yield made(clip, tmp_path_factory.mktemp("pocket"))[0]
    patch.undo()


def seen_as(frames: np.ndarray, masks: np.ndarray, kind: str, colour: str) -> float:
    """Share of frames in which the judge takes what is around the mask for that thing in that colour."""
    squares = []
    for frame, mask in zip(frames, masks, strict=True):
        y, x = np.nonzero(mask)
        side = min(2 * max(int(np.ptp(x)), int(np.ptp(y))), *mask.shape)
        left, top = (int(np.clip((v.min() + v.max()) / 2 - side / 2, 0, limit - side)) for v, limit in ((x, mask.shape[1]), (y, mask.shape[0])))
        squares.append(frame[top : top + side, left : left + side])
    found = pocket_judge.load(HOME / "pocket-judge")(pocket_judge.small_pictures(np.stack([cv2.resize(one, (128, 128), interpolation=cv2.INTER_AREA) for one in squares])))
    right = (found["things"].argmax(1) == KINDS.index(kind)) & (found["colours"][:, KINDS.index(kind)].argmax(1) == COLOURS.index(colour))
    return float(right.float().mean())


def test_another_thing_is_seen_where_the_old_one_was(clip: WorldClip, replaced: np.ndarray) -> None:
    masks = clip.masks[:, 0]
    assert seen_as(clip.frames, masks, "bus", "green") == 0.0 and seen_as(clip.frames, masks, "car", "red") == 1.0
    assert seen_as(replaced, masks, "bus", "green") >= 0.8
    new = np.abs(replaced.astype(int) - clip.plate).max(3) > 20
    ways = [np.array([np.argwhere(mask).mean(0)[1] for mask in several]) for several in (new, masks)]
    assert np.ptp(ways[1]) > 20 and np.corrcoef(*ways)[0, 1] >= 0.9
    assert np.abs((ways[0] - ways[1]) - (ways[0] - ways[1]).mean()).max() < 0.02 * clip.frames.shape[2]


def test_what_is_around_stays_to_the_bit(clip: WorldClip, replaced: np.ndarray) -> None:
    for frame, plate, mask in zip(replaced, clip.plate, clip.masks[:, 0], strict=True):
        assert np.abs(frame.astype(int) - plate)[~grown(mask, 3)].mean() / 255 < 0.03
        far = ~grown(mask, 40)
        assert far.any() and np.array_equal(frame[far], plate[far])


def test_it_stays_itself_from_frame_to_frame(clip: WorldClip, replaced: np.ndarray) -> None:
    """Seen from the car, the bus hardly changes; frames drawn each for itself would."""
    middles = [np.argwhere(mask).mean(0).round().astype(int) for mask in clip.masks[:, 0]]
    crops = np.stack([frame[y - 20 : y + 20, x - 35 : x + 35] for frame, (y, x) in zip(replaced, middles, strict=True)]).astype(float)
    assert np.abs(np.diff(crops, axis=0)).mean() < 0.5 * np.abs(crops - crops.mean((1, 2), keepdims=True)).mean()


def test_words_that_it_cannot_draw_are_refused(clip: WorldClip, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nothing that can be drawn"):
        made(clip, tmp_path, prompt="a quantum")
    with pytest.raises(InvalidInput, match="not said"):
        made(clip, tmp_path, prompt=" ")
    with pytest.raises(InvalidInput, match="action replace"):
        made(clip, tmp_path, drawing="diffusion", action="both")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder with two inpainting models and a ControlNet of toy size."""
    from diffusers import ControlNetModel

    from engine.diffusion.conditioned import widened
    from engine.diffusion.parts import load_parts

    root = tmp_path_factory.mktemp("sd")
    pocket_toy.save(root / "pocket")
    unet = load_parts(root / "pocket/pocket-sd", dtype=torch.float32).unet
    models = root / "data/models"
    shutil.copytree(root / "pocket/pocket-sd", models / "sd15-inpainting", ignore=shutil.ignore_patterns("unet"))
    toy.shaken(widened(unet, 9), 5, 0.3).save_pretrained(models / "sd15-inpainting/unet")
    pictures.sdxl_inpainting(models / "sdxl-inpainting")
    net = ControlNetModel.from_unet(unet, conditioning_channels=3)
    toy.shaken(net, 6, 0.3).save_pretrained(models / "controlnet-depth-sd15")
    return Settings(data_dir=root / "data")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inpainted, "STEPS", 2)


def test_inpainting_keeps_the_outside_to_the_bit(clip: WorldClip, shelf: Settings, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    modes, call = [], CrossFrame.__call__
    monkeypatch.setattr(CrossFrame, "__call__", lambda self, *given, **extra: (modes.append(self.mode), call(self, *given, **extra))[1])
    frames, look = made(clip, tmp_path, shelf, drawing="diffusion")
    assert not look.needs_plate and any("processor" in note for note in look.notes)
    for frame, source, mask in zip(frames, clip.frames, clip.masks[:, 0], strict=True):
        outside = ~inpainted.grown(grown(mask, 3))
        assert np.array_equal(frame[outside], source[outside]) and np.abs(frame.astype(int) - source)[mask].mean() > 10
    assert set(modes) == {"first+prev"}
    nets = look._painter.parts.unet, look._painter.structures[0].net
    assert not any(isinstance(one, CrossFrame) for net in nets for one in net.attn_processors.values())


def test_the_large_inpainting_model_draws_at_its_own_size_and_keeps_the_outside_to_the_bit(
    clip: WorldClip, shelf: Settings, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, own = [], inpainted.repainted
    monkeypatch.setattr(inpainted, "repainted", lambda painter, shown, *given, **more: (seen.append(shown.shape), own(painter, shown, *given, **more))[1])
    frames, look = made(clip, tmp_path, shelf, drawing="diffusion-xl")
    assert isinstance(look._painter.parts, PartsXL) and look._painter.structures == ()
    assert [shape[0] for shape in seen] == [4, 4]
    own_area = (look._painter.parts.unet.config.sample_size * look._painter.parts.factor) ** 2
    assert all(0.7 < shape[1] * shape[2] / own_area < 1.4 for shape in seen)
    assert any("Stable Diffusion XL inpainting on the processor" in note for note in look.notes) and any("No ControlNet is used" in note for note in look.notes)
    for frame, source, mask in zip(frames, clip.frames, clip.masks[:, 0], strict=True):
        outside = ~inpainted.grown(grown(mask, 3))
        assert np.array_equal(frame[outside], source[outside]) and np.abs(frame.astype(int) - source)[mask].mean() > 10


def test_the_words_and_the_seed_count_for_the_large_model(shelf: Settings) -> None:
    parts = load_parts_xl(inpainted.model_here(shelf, "diffusion-xl"), dtype=torch.float32)
    shown = np.random.default_rng(1).integers(0, 255, (2, 64, 64, 3), np.uint8)
    masks = np.zeros((2, 64, 64), bool)
    masks[:, 16:40, 16:40] = True

    def drawn(words: str = "a red boat", seed: int = 1) -> np.ndarray:
        return inpainted.repainted(inpainted.Inpainter(parts), shown, masks, words, seed, steps=2).astype(int)

    first = drawn()
    assert np.array_equal(first, drawn())
    assert all(np.abs(first - other)[masks].mean() > 0.5 for other in (drawn("at night"), drawn(seed=2)))


def test_each_drawing_takes_a_model_of_its_own_family(shelf: Settings, tmp_path: Path) -> None:
    assert [inpainted.model_here(shelf, name).name for name in ("diffusion", "diffusion-xl")] == ["sd15-inpainting", "sdxl-inpainting"]
    own = Settings(data_dir=tmp_path)
    pictures.sdxl_inpainting(tmp_path / "checkpoints/mine")
    assert inpainted.model_here(own, "diffusion-xl").name == "mine"
    with pytest.raises(InvalidInput, match="app.py fetch sd15-inpainting"):
        inpainted.model_here(own, "diffusion")
    shutil.rmtree(tmp_path / "checkpoints")
    with pytest.raises(InvalidInput, match=r"Stable Diffusion XL inpainting: 69\d\d MB, CreativeML-OpenRAIL\+\+-M.*app.py fetch sdxl-inpainting"):
        inpainted.model_here(own, "diffusion-xl")


def test_text_depth_and_seed_count(shelf: Settings) -> None:
    from engine.diffusion.parts import load_parts

    parts = load_parts(inpainted.model_here(shelf, "diffusion"), dtype=torch.float32)
    control = tuple(one.loaded(dtype=torch.float32, device="cpu") for one in structure.chosen("depth", shelf)[0])
    assert len(control) == 1
    size = parts.unet.config.sample_size * parts.factor // 2
    pictures = np.random.default_rng(1).integers(0, 255, (2, size, size, 3), np.uint8)
    masks = np.zeros((2, size, size), bool)
    masks[:, size // 4 : size // 2, size // 4 : size // 2] = True

    def drawn(words: str = "a red boat", seed: int = 1, scale: float = 1.0, with_control: bool = True) -> np.ndarray:
        return inpainted.repainted(inpainted.Inpainter(parts, control if with_control else (), scale), pictures, masks, words, seed, steps=2).astype(int)

    first = drawn()
    assert np.array_equal(first, drawn())
    assert all((np.abs(first - other)[masks].mean() > 0.5) for other in (drawn("at night"), drawn(seed=2), drawn(scale=0.0)))
    assert np.abs(drawn(scale=0.0) - drawn(with_control=False)).max() <= 1, "without weight it is not there"


def test_a_missing_model_is_named_with_size_and_licence(clip: WorldClip, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"2133 MB, CreativeML-OpenRAIL-M.*app.py fetch sd15-inpainting|21\d\d MB, CreativeML"):
        made(clip, tmp_path, drawing="diffusion")


def test_boxes_hold_their_masks_and_stay_in_the_picture() -> None:
    masks = np.zeros((6, 60, 90), bool)
    for k in range(6):
        masks[k, 30 : 50 + k, 14 * k : 14 * k + 18] = True
    places = inpainted.boxes(list(masks))
    assert len({(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in places}) == 1
    assert all(mask[place].sum() == mask.sum() for mask, place in zip(masks, places, strict=True))
