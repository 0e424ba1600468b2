"""The diorama's stills: layers that add up to the picture, the same bytes every time, and examples that are ready to run."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.task import get_task, parse_request
from engine.world import props, scenery, subjects
from engine.world.diorama import Cutout, Diorama
from engine.world.palette import SKIES, from_oklab, mix, rgb, to_oklab
from engine.world.paper import Paint, cut
from engine.world.stills import SCENES, Scene, main, make_scene, write_still

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
ENTRIES: list[dict[str, Any]] = json.loads((EXAMPLES / "examples.json").read_text(encoding="utf-8"))
MOVING: dict[str, list[tuple[str, ...]]] = {  # picture -> the layers that each of its move strokes takes
    "balloon": [("balloon",), ("cloud 3.1", "cloud 3.2")],
    "boat": [("boat",)],
    "rocket": [("rocket",), ("rocket",)],
    "reef": [("fish",)],
    "village": [("robin",)],
}


@cache
def small(name: str) -> Scene:
    """A scene at half its size."""
    width, height = (384, 512) if name == "rocket" else (512, 384)
    return make_scene(name, size=(width, height))


@pytest.mark.parametrize("name", SCENES)
def test_layers_add_up_to_the_picture(name: str) -> None:
    scene = small(name)
    by_hand = np.zeros((scene.height, scene.width, 3))
    for layer in scene.layers:
        share = layer.rgba[..., 3:] / 255.0
        by_hand[layer.box] = by_hand[layer.box] * (1 - share) + layer.rgba[..., :3] * share
    picture = scene.render()
    assert picture.shape == (scene.height, scene.width, 3) and picture.dtype == np.uint8
    assert np.abs(by_hand - picture).max() < 0.51, "0.5 is rounding; a render without its layers differs by up to 255"
    assert np.array_equal(scene.layers[0].rgba[..., 3], np.full((scene.height, scene.width), 255)), "the sky covers everything"


def test_shadows_and_light_make_the_picture() -> None:
    """The sheets alone are another picture than the sheets with shadows and light."""
    scene = small("balloon")
    bare = Scene(scene.name, scene.width, scene.height, tuple(layer for layer in scene.layers if layer.kind == "paper"))
    change = np.abs(scene.render().astype(int) - bare.render())
    assert change.mean() > 3, "0 without shadows and light"


def test_the_same_seed_gives_the_same_layers_and_another_one_does_not() -> None:
    first, again, other = (
        make_scene("boat", size=(256, 192)),
        make_scene("boat", size=(256, 192)),
        make_scene("boat", size=(256, 192), seed=1),
    )
    assert all(a.name == b.name and np.array_equal(a.rgba, b.rgba) for a, b in zip(first.layers, again.layers, strict=True))
    assert np.abs(first.render().astype(int) - other.render()).mean() > 1, "0 when the seed has no effect"


@pytest.mark.parametrize("size", [(320, 240), (200, 300), (640, 360)])
def test_any_size(size: tuple[int, int]) -> None:
    for name in ("reef", "village"):
        scene = make_scene(name, size=size)
        assert scene.render().shape == (size[1], size[0], 3)
        assert scene.alpha(MOVING[name][0][0]).max() == 1.0


def test_a_smaller_picture_is_the_same_picture() -> None:
    large, little = make_scene("balloon").render(), small("balloon").render()
    reduced = cv2.resize(large, little.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(reduced.astype(int) - little).mean() < 4, "another scene differs by 65 or more"


def test_depth_and_visibility_follow_the_order() -> None:
    scene = small("village")
    depth = scene.depth()
    assert depth.min() >= 0 and depth.max() <= 1
    robin = scene.visible("robin") > 0.9
    assert robin.sum() > 1000 and np.allclose(depth[robin], scene.layer("robin").depth)
    papers = [layer.depth for layer in scene.layers if layer.kind == "paper" and "snow fall" not in layer.name]
    assert papers[0] == 1.0 and papers[-1] < 0.1
    hidden = small("boat").alpha("boat").sum() - small("boat").visible("boat").sum()
    assert hidden > 100, "0 when the wave before the hull did not count"
    with pytest.raises(KeyError, match="robin"):
        scene.layer("dragon")


def test_shadows_fall_away_from_the_lamp() -> None:
    """A square's shadow lies to its lower right, and is darker where the square is near the sheet."""
    world = Diorama("test", (200, 200), SKIES["day"])
    square = np.array([[70.0, 70.0], [120.0, 70.0], [120.0, 120.0], [70.0, 120.0]])
    world.sheet("square", [square], Paint(("#ffffff",)), 0.5, lift=40)
    shade = Scene("test", 200, 200, tuple(world.layers)).alpha("square shadow")
    ys, xs = np.mgrid[0:200, 0:200]
    centre = np.array([(xs * shade).sum(), (ys * shade).sum()]) / shade.sum()
    assert centre[0] - 94.5 > 1 and centre[1] - 94.5 > 2, "0 without a direction"


def test_cut_edges_are_anti_aliased() -> None:
    edge = cut([np.array([[10.25, 10.0], [30.75, 10.0], [30.75, 30.0], [10.25, 30.0]])], (40, 40), margin=0)
    assert edge is not None
    assert edge.mask.sum() == pytest.approx(20.5 * 20, rel=0.015), "OpenCV draws outlines 1/16 px wider; rounding to pixels gives 420"
    assert edge.mask[10, 0] == pytest.approx(0.75, abs=0.07)
    assert cut([np.array([[-30.0, -30.0], [-20.0, -30.0], [-20.0, -20.0]])], (40, 40)) is None


def test_a_stripe_stays_on_its_piece() -> None:
    thing = (
        Cutout()
        .add([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], "#ffffff")
        .add([[-2, -0.1], [2, -0.1], [2, 0.1], [-2, 0.1]], "#ff0000", within="piece")
    )
    world = Diorama("test", (200, 200), SKIES["day"])
    world.place("thing", thing, 0.5, 0.5, 500, 0.5)
    alpha = Scene("test", 200, 200, tuple(world.layers)).alpha("thing")
    assert alpha.sum() == pytest.approx(100 * 100, rel=0.02), "a free stripe would add 4000 pixels"


@pytest.mark.parametrize("sky", SKIES)
def test_every_sky_grows_lighter_towards_its_light(sky: str) -> None:
    world = Diorama("test", (160, 120), SKIES[sky], 3)
    scenery.ringed_sky(world, 0.5, 0.5, inner=120, rings=4)
    grey = world.finish(vignette=0.0, warmth=0.0).render().mean(2)
    assert grey[50:70, 70:90].mean() > grey[:10, :10].mean() + 25, "0 on a flat sky"


def test_every_thing_can_be_drawn() -> None:
    things = {
        "balloon": subjects.balloon(), "boat": subjects.boat(), "rocket": subjects.rocket(flame=False), "bird": subjects.bird(raised=False),
        "fish": subjects.fish(), "car": subjects.car(), "pine": props.pine(), "tree": props.round_tree(),
        "house": props.house(lit=False, floors=2),
        "church": props.church(), "lamp": props.street_lamp(), "lighthouse": props.lighthouse(), "tower": props.launch_tower(),
        "smoke": props.smoke(("#888888", "#ffffff"), seed=1), "coral": props.coral(), "weed": props.seaweed(), "brain": props.brain_coral(),
    }  # fmt: skip
    for name, thing in things.items():
        world = Diorama("test", (120, 120), SKIES["day"])
        world.place(name, thing, 0.5, 0.6, 500, 0.5, flip=name in ("bird", "fish"))
        share = float((world.layers[-1].rgba[..., 3] > 127).sum()) / 120**2
        assert 0.008 < share < 0.5, f"{name} covers {share:.3f} of the picture"


def test_oklab_goes_there_and_back() -> None:
    colours = np.random.default_rng(0).random((200, 3))
    assert np.allclose(from_oklab(to_oklab(colours)), colours, atol=1e-6)
    assert np.allclose(mix("#102030", "#405060", 0.0), rgb("#102030"), atol=1e-6)
    with pytest.raises(ValueError, match="rrggbb"):
        rgb("red")


def test_errors_name_what_is_allowed() -> None:
    with pytest.raises(InvalidInput, match="balloon, boat"):
        make_scene("dragon")
    with pytest.raises(InvalidInput, match="64"):
        make_scene("boat", size=(10, 10))


def test_the_script_writes_the_same_bytes_twice(tmp_path: Path) -> None:
    assert main([str(tmp_path / "new"), "--only", "boat"]) == 0
    write_still(make_scene("boat"), tmp_path / "again.jpg")
    assert (tmp_path / "new" / "boat.jpg").read_bytes() == (tmp_path / "again.jpg").read_bytes()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["fields"]["image"])
def test_examples_are_ready_to_run(entry: dict[str, Any]) -> None:
    fields = dict(entry["fields"])
    path = EXAMPLES / fields["image"]
    assert entry["title"] and path.stat().st_size <= 220_000
    request = parse_request(get_task("stroke-motion"), {**fields, "image": str(path)})
    picture = cv2.imread(str(path))
    assert picture is not None
    assert sorted(picture.shape[:2]) == [768, 1024]
    drawn = small(path.stem).render()[..., ::-1]
    reduced = cv2.resize(picture, drawn.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(reduced.astype(int) - drawn).mean() < 5, "the committed file is this scene; another scene differs by 50 or more"
    assert request.seconds <= 5


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["fields"]["image"])
def test_strokes_start_inside_what_they_move(entry: dict[str, Any]) -> None:
    name = Path(entry["fields"]["image"]).stem
    scene = small(name)
    moves = [stroke for stroke in entry["fields"]["strokes"] if stroke["kind"] == "move"]
    pins = [stroke for stroke in entry["fields"]["strokes"] if stroke["kind"] == "pin"]
    things: list[np.ndarray] = [np.maximum.reduce([scene.visible(layer) for layer in layers]) for layers in MOVING[name]]
    ys, xs = np.mgrid[0 : scene.height, 0 : scene.width] + 0.5

    def under_brush(stroke: dict[str, Any], point: list[float]) -> np.ndarray:
        return np.hypot(xs - point[0] * scene.width, ys - point[1] * scene.height) <= stroke["radius"] * max(scene.width, scene.height)

    for stroke, thing in zip(moves, things, strict=True):
        brush = under_brush(stroke, stroke["points"][0])
        assert thing[brush].mean() > 0.9, "the share of the brush that lies on the thing; a random place gives its area, below 0.15"
    for pin in pins:
        for point in pin["points"]:
            assert max(float(thing[under_brush(pin, point)].mean()) for thing in things) < 0.02, "pins keep clear of what moves"


def test_examples_show_what_the_tab_can_do() -> None:
    """A drawn timing, a camera zoom with parallax, a boomerang and pins are among them."""
    fields = [entry["fields"] for entry in ENTRIES]
    assert any(f["loop"] == "boomerang" for f in fields)
    assert any(f.get("camera", {}).get("zoom", 1) > 1 and f.get("parallax", 0) > 0 for f in fields)
    assert any(stroke["kind"] == "pin" for f in fields for stroke in f["strokes"])
    drawn = [s for f in fields for s in f["strokes"] if s.get("easing") == "drawn" and len(s["points"]) > 8]
    assert any(
        np.ptp([np.hypot(b[0] - a[0], b[1] - a[1]) for a, b in zip(s["points"], s["points"][1:], strict=False)]) > 0.01 for s in drawn
    )
