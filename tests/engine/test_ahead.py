"""Weights of the next run are read ahead: which ones, and when not."""

from __future__ import annotations

import os

import pytest

from engine import ahead
from engine.ahead import next_weights, read_ahead
from engine.catalog import get_card
from engine.settings import Settings
from engine.store import Store
from tests.hub.tiny import wan

CARD = get_card("wan-2-1-t2v-1-3b")


@pytest.fixture
def store(tmp_path):
    store = Store(Settings(data_dir=tmp_path))
    wan.wan_t2v(store.models / CARD.id)
    return store


def test_the_first_that_waits_tells_its_weights(store):
    runs, settings = store.runs, store.settings
    assert next_weights(runs, settings) == ()
    runs.submit("text-to-video", 1, {"prompt": "a boat", "model": "diorama"})
    assert next_weights(runs, settings) == ()
    runs.claim()
    runs.submit("text-to-video", 1, {"prompt": "a boat", "model": CARD.id})
    runs.submit("text-to-video", 1, {"prompt": "another", "model": "ltx-2"})
    found = next_weights(runs, settings)
    assert {file.parent.name for file in found} == {"text_encoder", "transformer", "vae"}
    runs.claim()
    assert next_weights(runs, settings) == ()  # that one is not on this machine


def test_files_are_asked_for_while_they_fit(store, monkeypatch):
    runs = store.runs
    runs.submit("text-to-video", 1, {"prompt": "a boat", "model": CARD.id})
    files = next_weights(runs, store.settings)
    asked = []
    monkeypatch.setattr(os, "posix_fadvise", lambda descriptor, start, size, advice: asked.append((start, size, advice)))
    assert read_ahead(files) == sum(file.stat().st_size for file in files)
    assert sorted(asked) == sorted((0, file.stat().st_size, os.POSIX_FADV_WILLNEED) for file in files)
    asked.clear()
    monkeypatch.setattr(ahead, "memory_mib", lambda name: 0.01)
    assert read_ahead(files) == 0 and not asked
