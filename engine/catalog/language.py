"""Cards of language models, which may write the plans of films. None is needed: the built-in planner works without."""

from __future__ import annotations

from engine.catalog.card import Card, File, HubSource

QWEN = Card(
    id="qwen2-5-1-5b-instruct",
    title="Qwen 2.5 Instruct, 1.5B",
    role="write plans",
    family="qwen",
    provider="hub",
    source=HubSource(repo="Qwen/Qwen2.5-1.5B-Instruct", revision="main"),
    files=(
        File(name="model.safetensors", bytes=3_087_467_144),
        File(name="config.json", bytes=660),
        File(name="generation_config.json", bytes=242),
        File(name="tokenizer.json", bytes=7_031_645),
        File(name="tokenizer_config.json", bytes=7_305),
    ),
    licence="Apache-2.0",
    memory_mib=6400,
    good_at="Plans of films in JSON, from ideas in some thirty languages.",
    bad_at="Minutes a plan without a graphics card; long stories lose their thread. Its plans are checked and mended like those of any model.",
)

CARDS = (QWEN,)
