"""Masks of a clip on disk: to the bit, in any order, with bounded memory; what is damaged is told when it is opened, and readers are not disturbed by writers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.media.pieces import Pieces
from engine.vision.masks import KEPT, Masks

SIZE = (53, 37)


def labels(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    out = np.zeros(SIZE[::-1], np.uint8)
    y, x = rng.integers(0, 20, 2)
    out[y : y + 15, x : x + 25] = 1 + seed % 255
    return out


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    with Masks(tmp_path, SIZE) as masks:
        for frame in range(0, 200, 2):
            masks.put(frame, labels(frame))
        masks.save()
    return tmp_path


def test_what_was_put_is_read_to_the_bit_in_any_order(saved: Path) -> None:
    with Masks.load(saved) as masks:
        assert len(masks) == 100 and 4 in masks and 5 not in masks and masks.size == SIZE
        for frame in np.random.default_rng(0).permutation(200).tolist():
            assert (masks.read(frame) == (labels(frame) if frame % 2 == 0 else 0)).all()
        assert len(masks._kept) <= KEPT
        with pytest.raises(ValueError):
            masks.read(4)[:] = 0


def test_the_newer_one_counts_and_the_callers_array_stays_its_own(tmp_path: Path) -> None:
    with Masks(tmp_path, SIZE) as masks:
        mine = labels(1)
        masks.put(7, mine)
        mine[:] = 99
        assert (masks.read(7) == labels(1)).all()
        masks.put(7, labels(2))
        masks.save()
    with Masks.load(tmp_path) as masks:
        assert (masks.read(7) == labels(2)).all()
        masks.put(8, labels(3))  # goes on from what was loaded
        masks.save()
    with Masks.load(tmp_path) as masks:
        assert (masks.read(7) == labels(2)).all() and (masks.read(8) == labels(3)).all()
    assert len(list(tmp_path.glob("*.bin"))) == 1


def test_masks_of_another_shape_or_type_are_refused(tmp_path: Path) -> None:
    with Masks(tmp_path, SIZE) as masks:
        for wrong in (np.zeros(SIZE, np.uint8), np.zeros(SIZE[::-1], bool), np.zeros((*SIZE[::-1], 3), np.uint8)):
            with pytest.raises(ValueError, match="37x53"):
                masks.put(0, wrong)


def test_what_was_never_saved_leaves_what_was_there(saved: Path) -> None:
    with Masks(saved, SIZE) as other:
        other.put(0, labels(77))
    with Masks.load(saved) as masks:
        assert (masks.read(0) == labels(0)).all() and len(masks) == 100
    assert len(list(saved.glob("*.bin"))) == 1


def test_a_reader_goes_on_while_a_writer_makes_them_anew(saved: Path) -> None:
    with Masks.load(saved) as reader:
        with Masks(saved, SIZE) as writer:
            writer.put(0, labels(50))
            writer.save()
        assert (reader.read(0) == labels(0)).all() and (reader.read(198) == labels(198)).all()
    with Masks.load(saved) as masks:
        assert (masks.read(0) == labels(50)).all() and len(masks) == 1


@pytest.mark.parametrize("damage", ["cut", "emptied", "gone", "flipped", "index cut", "index empty", "index of lists", "other file", "beyond"])
def test_what_is_damaged_is_told_when_opened(saved: Path, damage: str) -> None:
    data, index = next(saved.glob("*.bin")), saved / "masks.json"
    bytes_, told = data.read_bytes(), json.loads(index.read_text())
    match damage:
        case "cut":
            data.write_bytes(bytes_[:-5])
        case "emptied":
            data.write_bytes(b"")
        case "gone":
            data.unlink()
        case "flipped":
            data.write_bytes(bytes_[:900] + bytes([bytes_[900] ^ 1]) + bytes_[901:])
        case "index cut":
            index.write_text(index.read_text()[:-20])
        case "index empty":
            index.write_text("")
        case "index of lists":
            index.write_text("[1, 2]")
        case "other file":
            index.write_text(json.dumps({**told, "file": "../../elsewhere.bin"}))
        case "beyond":
            index.write_text(json.dumps({**told, "pieces": {"0": [len(bytes_) - 1, 50]}}))
    with pytest.raises((OSError, ValueError)):
        Masks.load(saved)
    with Masks(saved, SIZE) as masks:  # and is made anew without ado
        masks.put(3, labels(3))
        masks.save()
    with Masks.load(saved) as masks:
        assert (masks.read(3) == labels(3)).all()


def test_what_comes_after_the_last_save_does_no_harm(saved: Path) -> None:
    with next(saved.glob("*.bin")).open("ab") as stream:
        stream.write(b"half a piece that a killed run left")
    with Masks.load(saved) as masks:
        assert (masks.read(198) == labels(198)).all()


def test_pieces_keep_facts_and_empty_pieces(tmp_path: Path) -> None:
    pieces = Pieces(tmp_path, "some", {"a": [1, "b"]})
    pieces.put(5, b"")
    pieces.put(2, b"two")
    pieces.save()
    pieces.close()
    pieces.close()
    again = Pieces.load(tmp_path, "some")
    assert again.facts == {"a": [1, "b"]} and again.read(5) == b"" and again.read(2) == b"two" and set(again.where) == {2, 5}
    with pytest.raises(KeyError):
        again.read(3)
    again.close()
