"""`pocket-things`: which thing of the paper-cut world a mask shows. `python -m engine.training.things`.

It learns from exact masks of random scenes, spoiled as found masks are: too wide, too narrow, wobbly, cut in part. Patches of scenery, and of the photos that
scikit-image carries, teach it what is none of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from engine.training.data import HALF
from engine.training.home import Log, swap, training_dir
from engine.training.optim import Optimiser
from engine.training.session import CHECKPOINT, Learner, arguments, rate_at, session, train
from engine.vision.subjects.kinds import GROUPS, NAME, NOTHING, SIDE, STRIDES, WEIGHTS, Net, crop
from engine.world.moving import MovingDiorama
from engine.world.spec import KINDS, sample_spec
from engine.world.truth import Truth

WIDTHS = (24, 32, 48, 80, 96)
"""Channels after each convolution."""

SIZES = ((256, 144), (320, 180), (144, 144))
"""Pictures from which masks are cut, (width, height)."""

PATCHES = 3
"""Patches of scenery a frame that are none of the things."""

PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png", "color.png", "hubble_deep_field.jpg", "retina.jpg")


class Things(nn.Module):
    """(B, 4, SIDE, SIDE) -> logits (B, 26)."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        before = (4, *widths)
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, s, 1, bias=False) for a, b, s in zip(before, widths, STRIDES, strict=False))
        self.normals = nn.ModuleList(nn.GroupNorm(GROUPS, b) for b in widths)
        self.exit = nn.Linear(2 * widths[-1], len(KINDS) + 1)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        """The answers before the softmax."""
        for convolution, normal in zip(self.convolutions, self.normals, strict=True):
            crops = F.relu(normal(convolution(crops)))
        return self.exit(torch.cat([crops.mean((2, 3)), crops.amax((2, 3))], 1))


def spoiled(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask (H, W) bool as it may be found: moved outline, wobbles, a part missing, the shadow taken along."""
    out = mask.astype(np.uint8)
    reach = max(1.0, float(np.sqrt(mask.sum())) / 12)
    if rng.random() < 0.25:  # something stands before a part of it
        ys, xs = np.nonzero(mask)
        turn = rng.uniform(0, 2 * np.pi)
        along = xs * np.cos(turn) + ys * np.sin(turn)
        gone = along > np.quantile(along, rng.uniform(0.65, 1.0))
        out[ys[gone], xs[gone]] = 0
    if rng.random() < 0.6:
        step = rng.uniform(-0.8, 1.2) * reach
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(1, round(abs(step))) + 1,) * 2)
        out = cv2.dilate(out, kernel) if step > 0 else cv2.erode(out, kernel)
    if rng.random() < 0.5:
        noise = cv2.GaussianBlur(rng.normal(size=mask.shape).astype(np.float32), (0, 0), 1.5 * reach)
        soft = cv2.GaussianBlur(out.astype(np.float32), (0, 0), reach)
        out = (soft + noise / (noise.std() + 1e-6) * rng.uniform(0, 0.2) > 0.5).astype(np.uint8)
    return out.astype(bool) if out.sum() > 12 else mask


def patches(picture: np.ndarray, busy: np.ndarray, rng: np.random.Generator, count: int) -> Iterator[np.ndarray]:
    """Masks (H, W) bool in a picture that show none of the things: blobs, and pieces of one colour. busy: where things are."""
    height, width = busy.shape
    small = cv2.GaussianBlur(picture, (0, 0), 1.5) // int(rng.integers(16, 48))
    pieces = cv2.connectedComponents((np.abs(np.diff(small.astype(np.int16), axis=1, prepend=0)).sum(2) == 0).astype(np.uint8), connectivity=4)[1]
    for _ in range(8 * count):
        if rng.random() < 0.5:
            mask = np.zeros((height, width), np.uint8)
            centre = int(rng.integers(width)), int(rng.integers(height))
            axes = tuple(int(v) for v in rng.uniform(0.04, 0.25, 2) * height)
            cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
            blob: np.ndarray = mask.astype(bool)
        else:
            piece = pieces[int(rng.integers(height)), int(rng.integers(width))]  # 0 is where colours change
            blob = np.asarray((pieces == piece) & (piece > 0), bool)
        if 0.003 < blob.mean() < 0.3 and busy[blob].mean() < 0.15:
            yield spoiled(blob, rng)
            count -= 1
        if not count:
            return


def photos() -> list[np.ndarray]:
    """The photos of scikit-image that are on this machine, (H, W, 3) uint8 of at most 320 px."""
    import skimage
    from skimage import io

    folder = Path(skimage.__file__).parent / "data"
    read = [io.imread(folder / name)[..., :3] for name in PHOTOS if (folder / name).is_file()]
    return [cv2.resize(one, (320, round(320 * one.shape[0] / one.shape[1])), interpolation=cv2.INTER_AREA) for one in read]


def scene(number: int, *, held_out: bool = False) -> Iterator[tuple[np.ndarray, int, np.ndarray, np.ndarray]]:
    """Picture, label (index of the kind, or `NOTHING`), exact mask and spoiled mask of the things and patches of one random scene."""
    rng = np.random.default_rng([61, int(held_out), number])
    spec = sample_spec(rng, count=3, kind=KINDS[number % len(KINDS)], wild=bool(rng.random() < 0.3))
    spec = spec.model_copy(update={"seed": int(rng.integers(HALF)) + (HALF if held_out else 0)})
    world = MovingDiorama(spec, SIZES[number % len(SIZES)])
    truth = Truth(world)
    for time in rng.uniform(0.05, 0.95, 3) * spec.seconds:
        picture, masks = world.frame(float(time)), truth.look(float(time)).masks
        for subject, mask in zip(spec.subjects, masks, strict=True):
            if mask.sum() > 60:
                yield picture, KINDS.index(subject.kind), mask, spoiled(mask, rng)
        for mask in patches(picture, np.array(masks.max(axis=0), dtype=bool), rng, PATCHES):
            yield picture, NOTHING, mask, mask


@dataclass
class Corpus:
    """Crops of things. crops: (N, 4, SIDE, SIDE) uint8, colours and mask in 0..255; labels: (N,) int64."""

    crops: np.ndarray
    labels: np.ndarray

    def draw(self, rng: np.random.Generator, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Crops (count, 4, SIDE, SIDE) as the net takes them, mirrored and lit at random, and labels (count,)."""
        picks = rng.integers(len(self.labels), size=count)
        crops = unpacked(self.crops[picks])
        turn = rng.random(count) < 0.5
        crops[turn] = crops[turn, :, :, ::-1]
        crops[:, :3] = np.clip(crops[:, :3] * rng.uniform(0.8, 1.2, (count, 1, 1, 1)) + rng.normal(0, 0.08, (count, 3, 1, 1)), -1, 1)
        crops[:, :3] += rng.normal(0, 0.03, (count, 3, SIDE, SIDE))
        return _shaken(torch.from_numpy(crops.astype(np.float32)), rng), torch.from_numpy(self.labels[picks])


def _shaken(crops: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Crops turned, zoomed, stretched and shifted a little, each otherwise: few scenes then go a longer way."""
    count = len(crops)
    turn, zoom = rng.normal(0, 0.1, count), np.exp(rng.normal(0, 0.07, (count, 2)))
    matrix = np.stack([np.cos(turn) * zoom[:, 0], -np.sin(turn) * zoom[:, 1], np.sin(turn) * zoom[:, 0], np.cos(turn) * zoom[:, 1]], axis=1).reshape(count, 2, 2)
    along = np.concatenate([matrix, rng.normal(0, 0.05, (count, 2, 1))], axis=2).astype(np.float32)
    grid = F.affine_grid(torch.from_numpy(along), [count, 1, SIDE, SIDE], align_corners=False)
    colours = F.grid_sample(crops[:, :3], grid, padding_mode="border", align_corners=False)
    return torch.cat([colours, F.grid_sample(crops[:, 3:], grid, padding_mode="zeros", align_corners=False)], 1)


def packed(crops: np.ndarray) -> np.ndarray:
    """Crops as bytes."""
    scaled = np.concatenate([crops[:, :3] * 127.5 + 127.5, crops[:, 3:] * 255], axis=1)
    return scaled.round().clip(0, 255).astype(np.uint8)


def unpacked(crops: np.ndarray) -> np.ndarray:
    """The inverse of `packed`, float32."""
    plain = crops.astype(np.float32)
    return np.concatenate([plain[:, :3] / 127.5 - 1, plain[:, 3:] / 255], axis=1)


def corpus(scenes: int, place: Path, *, held_out: bool = False) -> Corpus:
    """Crops of so many scenes, and of photos, made once and kept."""
    if not place.exists():
        crops: list[np.ndarray] = []
        labels: list[int] = []
        rng = np.random.default_rng([62, int(held_out)])
        for number in range(scenes):
            for picture, label, _, mask in scene(number, held_out=held_out):
                crops.append(packed(crop(picture, mask)[None])[0])
                labels.append(label)
        for picture in [] if held_out else photos():
            for mask in patches(picture, np.zeros(picture.shape[:2], dtype=bool), rng, scenes // 12):
                crops.append(packed(crop(picture, mask)[None])[0])
                labels.append(NOTHING)
        aside = place.with_suffix(".part")
        aside.parent.mkdir(parents=True, exist_ok=True)
        save_file({"crops": torch.from_numpy(np.ascontiguousarray(np.stack(crops))), "labels": torch.tensor(labels)}, aside)
        aside.replace(place)
    held = load_file(place)
    return Corpus(held["crops"].numpy(), held["labels"].numpy())


def figures(net: Net, test: Corpus) -> dict[str, float]:
    """On held-out crops, masks spoiled. kind: share of things whose kind is right (chance 0.04); taken: of things that are called one at all;
    refused: of patches of scenery that are called none."""
    found = np.concatenate([net(unpacked(test.crops[k : k + 64])) for k in range(0, len(test.labels), 64)])
    things = test.labels != NOTHING
    return {
        "kind": float((found[things, :NOTHING].argmax(1) == test.labels[things]).mean()),
        "taken": float((found[things, NOTHING] < 0.5).mean()),
        "refused": float((found[~things, NOTHING] >= 0.5).mean()),
    }


class Training(Learner):
    """The net with everything that a step needs."""

    def __init__(self, net: Things, seed: int = 0) -> None:
        super().__init__(Optimiser(net.named_parameters(), muon_rate=2e-3, adam_rate=2e-3, average=0.998, adam_only=("exit",)), np.random.default_rng([seed, 63]), seed)
        self.net = net

    def step(self, examples: Corpus, count: int, scale: float = 1.0) -> float:
        """One step on so many crops; the loss."""
        crops, labels = examples.draw(self.rng, count)
        return self.learn(F.cross_entropy(self.net(crops), labels, label_smoothing=0.05), count, scale)

    def averaged(self) -> Net:
        """The net with the averaged weights, as it is used."""
        return Net({name: tensor.half().float().numpy() for name, tensor in self.optimiser.averages.items()})


def export(net: Net, place: Path) -> None:
    """Write float16 safetensors, aside and then swapped into place."""
    aside = place.with_suffix(".part")
    aside.mkdir(parents=True, exist_ok=True)
    save_file({name: torch.from_numpy(tensor).half() for name, tensor in net.tensors.items()}, aside / WEIGHTS)
    (aside / "config.json").write_text(json.dumps({"side": SIDE, "strides": STRIDES, "answers": [*KINDS, "none"]}) + "\n", encoding="utf-8")
    swap(aside, place)


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    parser = arguments("things", "Train the recogniser of paper things", minutes=8, batch=96)
    parser.add_argument("--scenes", type=int, default=900, help="random scenes to learn from, three things each")
    chosen = parser.parse_args()
    with session(NAME) as (folder, stop, log):
        cache = training_dir() / "cache"
        examples = corpus(chosen.scenes, cache / f"things-{chosen.scenes}.safetensors")
        test = corpus(100, cache / "things-held-out-100.safetensors", held_out=True)
        torch.manual_seed(0)
        training = Training(Things())
        training.resume(folder / CHECKPOINT)
        train(training, chosen.minutes, lambda done: training.step(examples, chosen.batch, rate_at(done)), lambda loss: _report(training, folder, log, loss, test), stop=stop, every=60)
    return 0


def _report(training: Training, folder: Path, log: Log, loss: float | None, test: Corpus) -> None:
    training.save(folder / CHECKPOINT)
    net = training.averaged()
    log.write(samples=training.samples, minutes=training.seconds / 60, loss=loss, held_out=figures(net, test))
    export(net, folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
