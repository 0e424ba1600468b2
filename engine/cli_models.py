"""The command line's model commands: list, fetch, verify, remove, restore. Light: no model is loaded."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.errors import StudioError
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.catalog.card import Card
    from engine.catalog.fetch import ModelFiles, Told

DONE, FAILED, CANCELLED = 0, 1, 130

TOLD_SECONDS = 0.5
"""A line of progress is written anew that often, on a terminal."""


def add_model_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """The options of `models`, `fetch`, `verify`, `remove` and `restore`."""
    listing = commands.add_parser("models", parents=[common], help="list the models with size, licence and whether they are here")
    listing.add_argument("--own", action="store_true", help="list the models of your own instead: what lies in data/checkpoints and in --model-folders")
    fetch = commands.add_parser("fetch", parents=[common], help="fetch models by id, or those that the tabs need; goes on where an earlier call was stopped")
    fetch.add_argument("models", nargs="*", metavar="MODEL", help="ids; none: the embedded models that the tabs need")
    for name, text in (("verify", "read every byte of models again"), ("remove", "move models to the trash"), ("restore", "bring models back from the trash")):
        commands.add_parser(name, parents=[common], help=text).add_argument("models", nargs="+", metavar="MODEL", help="ids")


def list_models(options: argparse.Namespace) -> int:
    """`app.py models`: a line a card, or a line a model of one's own."""
    from engine.catalog import CARDS
    from engine.catalog.folders import shelves, survey

    try:
        settings, files = _files(options)
        if options.own:
            for one in survey(settings):
                print(f"{one.name:32} {one.bytes / 1e6:10.1f} MB  {one.kind:24} {f'refused: {one.refused}' if one.refused else one.path}")
            print(f"looked in: {', '.join(map(str, shelves(settings)))}")
            return DONE
        trash = files.trash.holds()
        for card in CARDS.values():
            left = files.left(card)
            state = "here" if files.present(card) else f"{100 * left.done // max(1, left.total)} %" if left is not None else "trash" if card.id in trash else "-"
            print(f"{card.id:24} {state:6} {card.bytes / 1e6:10.1f} MB  {card.licence:22} {card.title}")
    except StudioError as error:
        return _complain(error)
    return DONE


def fetch_models(options: argparse.Namespace) -> int:
    """`app.py fetch`: bring models here; those that are here cost a verification. Ctrl-C keeps what has come."""

    def act(files: ModelFiles, card: Card) -> str:
        if not files.present(card):
            print(f"fetching {card.title}: {card.bytes / 1e6:.1f} MB, {card.licence}", flush=True)
            files.fetch(card, _progress())
        files.verify(card)
        return "here, verified"

    from engine.catalog import CARDS

    return _each(options, options.models or [card.id for card in CARDS.values() if card.provider == "embedded" and card.tabs], act)


def verify_models(options: argparse.Namespace) -> int:
    """`app.py verify`: compare every byte with the known hashes."""

    def act(files: ModelFiles, card: Card) -> str:
        count = files.verify(card, _progress())
        return f"{count} files are as they should be" if count else "sound, but no hash of its files is known: they came by hand"

    return _each(options, options.models, act)


def remove_models(options: argparse.Namespace) -> int:
    """`app.py remove`: to the trash, from where `restore` brings a model back for `trash_days`."""
    return _each(options, options.models, lambda files, card: f"{files.remove(card) / 1e6:.1f} MB are in the trash for {files.settings.trash_days:g} days")


def restore_models(options: argparse.Namespace) -> int:
    """`app.py restore`: back from the trash."""

    def act(files: ModelFiles, card: Card) -> str:
        files.restore(card)
        return "is back"

    return _each(options, options.models, act)


def _each(options: argparse.Namespace, names: list[str], act: Callable[[ModelFiles, Card], str]) -> int:
    from engine.catalog import get_card

    try:
        settings, files = _files(options)
        files.trash.empty(settings.trash_days)
        for card in [get_card(name) for name in names]:
            print(f"{card.id}: {act(files, card)}", flush=True)
    except StudioError as error:
        return _complain(error)
    except KeyboardInterrupt:
        print("\nstopped: what has come is kept, the same command goes on", file=sys.stderr, flush=True)
        return CANCELLED
    return DONE


def _files(options: argparse.Namespace) -> tuple[Settings, ModelFiles]:
    from engine.catalog.fetch import ModelFiles

    settings = Settings.load(**{name: getattr(options, name, None) for name in Settings.model_fields})
    return settings, ModelFiles.of(settings)


def _progress() -> Callable[[Told], None]:
    """Writes one line over and over on a terminal; a log gets none of it."""
    last = [0.0]
    began = time.monotonic()

    def hear(told: Told) -> None:
        now = time.monotonic()
        if not sys.stderr.isatty() or now - last[0] < TOLD_SECONDS:
            return
        last[0] = now
        rate = "" if told.waiting else f", {told.done / max(now - began, 0.1) / 1e6:.1f} MB/s"
        print(f"\r\033[K{told.done / 1e6:.1f} of {told.total / 1e6:.1f} MB{rate} {told.waiting or told.file}"[:120], end="", file=sys.stderr, flush=True)

    return hear


def _complain(error: StudioError) -> int:
    print(error.line, file=sys.stderr, flush=True)
    return FAILED


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "models": list_models, "fetch": fetch_models, "verify": verify_models, "remove": remove_models, "restore": restore_models,
}  # fmt: skip
