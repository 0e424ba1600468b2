"""What the engine room may do with models: list, fetch, verify, remove, restore, and what the disk holds. The owner of a machine may; visitors of a shared studio look only."""

from __future__ import annotations

import shutil
import threading
import time
from typing import Any

from engine.catalog import CARDS, get_card
from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.catalog.fetching import Fetcher
from engine.catalog.folders import shelves, survey
from engine.catalog.trash import disk_bytes
from engine.catalog.uses import GROUPS, group_of, tabs_of
from engine.errors import InvalidInput
from engine.store import Store

COUNTED_SECONDS = 15.0
"""The disk is counted anew after so long, and after every change."""


class ModelRoom:
    """The models of one studio."""

    def __init__(self, files: ModelFiles, store: Store) -> None:
        self.files, self.store, self.settings = files, store, store.settings
        self.fetcher = Fetcher(files, CARDS)
        self._counted: tuple[float, dict[str, int]] = (0.0, {})
        self._lock = threading.Lock()
        files.trash.empty(self.settings.trash_days)

    def look(self) -> dict[str, Any]:
        """Every card with where it lies and what happens to it, the trash, the disk, and the switch."""
        jobs, trash = self.fetcher.jobs(), self.files.trash.holds()
        return {
            "cards": [self._card(card, jobs.get(card.id), trash.get(card.id)) for card in CARDS.values()], "groups": GROUPS, "disk": self._disk(), "offline": self.files.offline,
            "locked": self.settings.offline, "owner": not self.settings.shared, "keep_gib": self.settings.keep_gib, "trash_days": self.settings.trash_days,
            "trash_bytes": sum(int(one["bytes"]) for one in trash.values()),
        }  # fmt: skip

    def fetch(self, card_id: str) -> None:
        """Begin to fetch a model, or go on, because the owner asked for it."""
        self._owner()
        self.fetcher.fetch(get_card(card_id))

    def pause(self, card_id: str) -> None:
        """Stop a fetch for now; what has come stays."""
        self._owner()
        self.fetcher.pause(card_id)

    def cancel(self, card_id: str) -> None:
        """Stop a fetch or a verification and throw away what has come."""
        self._owner()
        self.fetcher.cancel(card_id)
        self._changed()

    def verify(self, card_id: str) -> None:
        """Begin to read all of a model again."""
        self._owner()
        self.fetcher.verify(get_card(card_id))

    def remove(self, card_id: str) -> dict[str, int]:
        """Move a model to the trash; says how many bytes."""
        self._owner()
        freed = self.files.remove(get_card(card_id))
        self.fetcher.dismiss(card_id)
        self.files.trash.empty(self.settings.trash_days)
        self._changed()
        return {"bytes": freed}

    def restore(self, card_id: str) -> None:
        """Bring a model back from the trash."""
        self._owner()
        self.files.restore(get_card(card_id))
        self._changed()

    def empty_trash(self) -> dict[str, int]:
        """Throw away all removed models; says how many bytes they had."""
        self._owner()
        freed = self.files.trash.empty()
        self._changed()
        return {"bytes": freed}

    def go_offline(self, offline: bool) -> None:
        """The switch of this session. The setting `offline` cannot be undone here."""
        self._owner()
        if self.settings.offline and not offline:
            raise InvalidInput("this studio was started offline", fix="start it without --offline (KINORA_OFFLINE)")
        self.fetcher.go_offline(offline)

    def own(self) -> dict[str, Any]:
        """Models that the owner put here, and where to put one."""
        self._owner()
        found = [{"id": str(one.path), "name": one.name, "kind": one.kind, "bytes": one.bytes, "refused": one.refused} for one in survey(self.settings)]
        return {"found": found, "shelves": [{"path": str(shelf), "there": shelf.is_dir()} for shelf in shelves(self.settings)]}

    def stop(self) -> None:
        """End with the studio: fetches are paused."""
        self.fetcher.stop()

    def _card(self, card: Card, job: dict[str, Any] | None, trashed: dict[str, float] | None) -> dict[str, Any]:
        place = self.files.find(card)
        mine = place is not None and self.files.own(card)
        source = card.source.kind
        lies = "ships with Kinora" if source == "repository" else "in the model folder" if mine else "in your Hugging Face cache" if place is not None and "snapshots" in place.parts else "in a folder of yours"
        return {
            "id": card.id, "title": card.title, "role": card.role, "licence": card.licence, "licence_note": card.licence_note, "bytes": card.bytes, "memory_mib": card.memory_mib,
            "here": place is not None, "own": mine, "lies": lies if place is not None else "", "path": str(place) if place is not None and not self.settings.shared else "",
            "good_at": card.good_at, "bad_at": card.bad_at, "provider": card.provider, "source": source, "group": group_of(card), "tabs": tabs_of(card), "needed": card.tabs,
            "from": getattr(card.source, "repo", None) or getattr(card.source, "package", None) or "", "job": job, "trashed": trashed,
        }  # fmt: skip

    def _disk(self) -> dict[str, int]:
        with self._lock:
            then, counted = self._counted
            if time.monotonic() - then > COUNTED_SECONDS:
                store = self.store
                removed, coming = self.files.trash.folder, store.models / ".fetch"
                trash = disk_bytes(store.trash, removed)
                counted = {
                    "models": max(0, disk_bytes(store.models) - disk_bytes(removed) - disk_bytes(coming)), "coming": disk_bytes(coming), "results": disk_bytes(store.results),
                    "cache": disk_bytes(store.root / "cache", store.inputs, store.staging), "trash": trash,
                }  # fmt: skip
                self._counted = (time.monotonic(), counted)
        usage = shutil.disk_usage(self.store.root)
        return {**counted, "free": usage.free, "total": usage.total}

    def _changed(self) -> None:
        self._counted = (0.0, {})

    def _owner(self) -> None:
        if self.settings.shared:
            raise InvalidInput("models are kept by the owner of this studio", fix="ask them, or run Kinora on your machine")
