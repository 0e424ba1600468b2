"""What a ControlNet is told of the source: the pictures of each kind against known ones, which nets are used, and that each counts in what is drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.catalog.experts import CONTROLNET_DEPTH, CONTROLNET_EDGES, CONTROLNET_POSE, VITPOSE
from engine.diffusion.control import controlled
from engine.diffusion.parts import Parts, load_parts
from engine.settings import Settings
from engine.tasks.subject_swap import inpainted, structure
from engine.vision import skeleton
from tests.diffusion import toy
from tests.experts import tiny
from tests.experts.test_pose import SIZE, standing
from tests.tasks import pocket_toy


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    root = tmp_path_factory.mktemp("sd")
    pocket_toy.save(root)
    return load_parts(root / "pocket-sd", dtype=torch.float32)


@pytest.fixture(scope="module")
def nets(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with three ControlNets of toy size and ViTPose."""
    from diffusers import ControlNetModel

    root = tmp_path_factory.mktemp("nets")
    for seed, card in enumerate((CONTROLNET_DEPTH, CONTROLNET_EDGES, CONTROLNET_POSE)):
        toy.shaken(ControlNetModel.from_unet(parts.unet, conditioning_channels=3), 6 + seed, 0.3).save_pretrained(root / "models" / card.id)
    tiny.vitpose(root / "models" / VITPOSE.id)
    return root


class Walks:
    """In place of the expert: a person in the middle."""

    def follow(self, frames: Any, masks: Any) -> np.ndarray:
        return np.stack([standing(80 + 2 * k, 60) for k in range(len(frames))])


def square() -> tuple[np.ndarray, np.ndarray]:
    """A grey square on black, and its mask: two frames."""
    frames, masks = np.zeros((2, SIZE[1], SIZE[0], 3), np.uint8), np.zeros((2, SIZE[1], SIZE[0]), bool)
    masks[:, 30:90, 50:110] = True
    frames[masks] = 180
    return frames, masks


def test_edges_are_on_the_rim_and_nowhere_else() -> None:
    frames, masks = square()
    seen = structure.Structure("edges", Path()).pictures(frames, masks)
    assert seen.shape == (2, SIZE[1], SIZE[0], 3) and set(np.unique(seen)) == {0.0, 1.0}
    rim = np.zeros(masks.shape[1:], bool)
    rim[28:92, 48:112] = True
    rim[33:87, 53:107] = False
    assert seen[0, ..., 0][rim].sum() >= 4 * 55 and not seen[0, ..., 0][~rim].any()


def test_pose_is_the_skeleton_and_depth_the_guess() -> None:
    frames, masks = square()
    seen = structure.Structure("pose", Path(), reader=Walks()).pictures(frames, masks)
    for k in range(2):
        np.testing.assert_array_equal(np.rint(seen[k] * 255), skeleton.drawn([standing(80 + 2 * k, 60)], SIZE))
    near = structure.Structure("depth", Path()).pictures(frames, masks)
    np.testing.assert_allclose(near[0, ..., 2], structure.rough_depth(masks[0]))
    both = structure.told((structure.Structure("depth", Path()), structure.Structure("edges", Path())), frames, masks)
    assert both.shape == (1, 2, 6, SIZE[1], SIZE[0])
    np.testing.assert_allclose(both[0, 0, 0].numpy(), near[0, ..., 0])


@pytest.mark.parametrize(
    ("asked", "used"), [("auto", ("depth", "pose")), ("depth", ("depth",)), ("edges", ("edges",)), ("pose", ("pose",)), ("none", ())]
)
def test_what_is_asked_is_used(nets: Path, asked: str, used: tuple[str, ...]) -> None:
    found, notes = structure.chosen(asked, Settings(data_dir=nets))
    assert tuple(one.kind for one in found) == used
    assert all("guessed" in note for note in notes) and len(notes) == ("depth" in used)


def test_what_is_missing_is_told(nets: Path, tmp_path: Path) -> None:
    nothing = Settings(data_dir=tmp_path)
    for asked, card in (("auto", CONTROLNET_DEPTH), ("depth", CONTROLNET_DEPTH), ("edges", CONTROLNET_EDGES), ("pose", CONTROLNET_POSE)):
        found, notes = structure.chosen(asked, nothing)
        assert not found and len(notes) == 1 and f"app.py fetch {card.id}`" in notes[0]
    assert structure.chosen("none", nothing) == ((), [])
    # A pose net alone: joints cannot be found.
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / CONTROLNET_POSE.id).symlink_to(nets / "models" / CONTROLNET_POSE.id)
    found, notes = structure.chosen("pose", nothing)
    assert not found and "fetch vitpose-base" in notes[0]


def test_nets_of_the_users_own_are_told_by_their_names(tmp_path: Path) -> None:
    for name, own in (("my-canny", ""), ("third", "somebody/control_v11p_sd15_openpose"), ("unnamed", "")):
        (tmp_path / "shelf" / name).mkdir(parents=True)
        (tmp_path / "shelf" / name / "config.json").write_text(json.dumps({"_class_name": "ControlNetModel", "_name_or_path": own}))
    found = structure.nets_here(Settings(data_dir=tmp_path / "data", model_folders=str(tmp_path / "shelf")))
    assert {kind: place.name for kind, place in found.items()} == {"edges": "my-canny", "pose": "third"}


def test_things_have_no_pose() -> None:
    frames, masks = square()
    both = (structure.Structure("depth", Path()), structure.Structure("pose", Path(), reader=Walks()))
    assert structure.with_joints(both, list(frames), list(masks)) == both

    class Sees(Walks):
        def follow(self, frames: Any, masks: Any) -> np.ndarray:
            return super().follow(frames, masks) * [1, 1, 0.3]

    thing = (both[0], structure.Structure("pose", Path(), reader=Sees()))
    assert structure.with_joints(thing, list(frames), list(masks)) == both[:1]


def test_every_net_counts_and_answers_are_added(parts: Parts, nets: Path) -> None:
    found = {one.kind: one.loaded(dtype=torch.float32, device="cpu") for asked in ("depth", "edges", "pose") for one in structure.chosen(asked, Settings(data_dir=nets))[0]}
    side = parts.unet.config.sample_size * parts.factor // 2
    pictures, masks = np.stack([tiny.picture(seed, side, side) for seed in (0, 1)]), np.zeros((2, side, side), bool)
    masks[:, side // 4 : side // 2, side // 4 : side // 2] = True

    def drawn(*kinds: str, scale: float | None = None) -> np.ndarray:
        return inpainted.repainted(inpainted.Inpainter(parts, tuple(found[kind] for kind in kinds), scale), pictures, masks, "a red boat", 1, steps=2).astype(int)

    bare = drawn()
    seen = [drawn("depth"), drawn("edges"), drawn("pose"), drawn("depth", "pose")]
    for k, one in enumerate(seen):
        assert all(np.abs(one - other)[masks].mean() > 0.5 for other in (bare, *seen[:k]))
    assert np.abs(drawn("depth", "pose", scale=0.0) - bare).max() <= 1, "without weight they are not there"
    # Added: a net twice at half strength is the net once.
    latents, states = torch.randn(1, 2, parts.channels, 8, 8), parts.text_states(["a red boat"])[:, None].expand(1, 2, -1, -1)
    control = torch.rand(1, 2, 3, 8 * parts.factor, 8 * parts.factor)
    net = found["edges"].net
    with torch.no_grad():
        once = controlled(parts.unet, (net, 1.0))(latents, 500, states, control=control)
        twice = controlled(parts.unet, (net, 0.5), (net, 0.5))(latents, 500, states, control=torch.cat([control, control], 2))
    assert torch.allclose(once, twice, atol=1e-4) and once.std() > 0


def test_strengths() -> None:
    assert (structure.strength(1), structure.strength(2)) == (0.8, 0.5)
