"""What every file writer needs: here, the walk over folders that other processes change meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.media.disk import files_below


def grove(folder: Path) -> list[Path]:
    places = [folder / branch / twig for branch in "abc" for twig in "xy"]
    for place in places:
        place.mkdir(parents=True)
        (place / "leaf").write_text("12345")
    return [place / "leaf" for place in places]


def test_files_below_tells_every_file_and_follows_no_link(tmp_path: Path) -> None:
    leaves = grove(tmp_path / "tree")
    (tmp_path / "tree/a/link").symlink_to(leaves[0])
    (tmp_path / "tree/b/loop").symlink_to(tmp_path / "tree")
    found = {path: facts.st_size for path, facts in files_below(tmp_path / "tree")}
    assert found == dict.fromkeys(leaves, 5)
    assert list(files_below(tmp_path / "nowhere")) == []


@pytest.mark.parametrize("seen", range(1, 6))
def test_a_folder_that_goes_while_it_is_walked_ends_nothing(tmp_path: Path, seen: int) -> None:
    """pip takes its own temporary folders away while a fetch counts what has come: a fetch on a fresh machine ended with "the file could not be written" for it."""
    grove(tmp_path)
    found = 0
    for _ in files_below(tmp_path):
        found += 1
        if found == seen:
            for branch in list(tmp_path.iterdir()):
                shutil.rmtree(branch)
    assert seen <= found <= 6
