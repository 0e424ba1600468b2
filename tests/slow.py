"""Which tests `make test` leaves to `make test-all`: the slowest ones, so that the rest takes less than ten minutes on two cores.

`slow.txt` names them; `tests/conftest.py` marks them. It is written anew from a whole run's own reports:

    pytest -m "not browser" -n 2 --dist loadfile --junitxml=unit.xml; pytest -m browser --junitxml=browser.xml; python -m tests.slow unit.xml browser.xml
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

LIST = Path(__file__).with_name("slow.txt")

UNIT_SECONDS, BROWSER_SECONDS = 420.0, 250.0
"""How long the tests that stay may take, one after the other; without a browser two run at once."""

KEPT = (
    "tests/browser/test_studio.py::test_from_example_to_result_with_a_reload_in_between",
    "tests/engine/test_cli.py::test_a_run_prints_events_and_leaves_a_stamped_clip",
    "tests/hub/test_pictures.py::test_every_picture_card",
    "tests/tasks/test_movie.py::test_one_prompt_makes_one_scene_and_a_move_makes_none",
    "tests/tasks/test_music_video.py::test_the_picture_goes_on_with_the_drums_and_rests_between",
    "tests/tasks/test_pocket.py::test_a_clip_is_made_with_moving_previews_and_the_same_seed_gives_the_same_frames",
    "tests/tasks/test_stroke_motion.py::test_real_photographs_obey_and_stand_still",
    "tests/tasks/test_subject_swap.py::test_the_result_holds_everything_and_keeps_its_sound",
    "tests/tasks/test_talking_head.py::test_a_drawn_face_speaks_after_four_clicks",
)
"""They take long and stay all the same: the main way through each tab."""


def names() -> frozenset[str]:
    """The listed tests, as `file::function`: all cases of a function together."""
    return frozenset(line for line in LIST.read_text(encoding="utf-8").splitlines() if line)


def function_of(node: str) -> str:
    """A test's id or name without its case."""
    return node.split("[")[0]


def seconds(report: Path) -> Counter[str]:
    """How long each function's cases took together, by a report in JUnit's form."""
    found: Counter[str] = Counter()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        place = case.attrib["classname"].replace(".", "/") + ".py"
        found[f"{place}::{function_of(case.attrib['name'])}"] += float(case.attrib["time"])
    return found


def slowest(took: Counter[str], budget: float) -> list[str]:
    """The functions that must go, the slowest first, until the others take no longer than the budget in seconds."""
    left, gone = sum(took.values()), list[str]()
    for name, spent in took.most_common():
        if left <= budget:
            break
        if name not in KEPT:
            gone.append(name)
            left -= spent
    return gone


def main(unit: str, browser: str) -> None:
    """Write the list."""
    gone = slowest(seconds(Path(unit)), UNIT_SECONDS) + slowest(seconds(Path(browser)), BROWSER_SECONDS)
    LIST.write_text("\n".join(sorted(gone)) + "\n", encoding="utf-8")
    print(f"{len(gone)} functions are left to make test-all")


if __name__ == "__main__":
    main(*sys.argv[1:])
