"""Every limit and place of this installation, once, with its reason. Environment `KINORA_<NAME>` sets a field."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from engine.errors import InvalidInput
from engine.hub.backends import check_attention

Weights = Literal["whole", "int8", "float8", "int4"]
"""How nets keep their weights, the nearest to the whole ones first: the answer of a layer is 0.7 %, 3.3 % and 9.2 % off (`tests/hub/test_quantised.py`)."""

StepCacheMethod = Literal["auto", "first-block", "taylorseer", "pyramid", "fastercache"]
"""How steps are left out (`engine.hub.caching`)."""


def default_data_dir() -> Path:
    """Where runs, results and fetched models live unless the user says otherwise: `data/` beside `app.py`."""
    return Path(__file__).resolve().parent.parent / "data"


class Settings(BaseModel):
    """Limits and places. Sizes are in the unit that the field's name or description says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(default_factory=default_data_dir, description="Folder of runs, results, inputs and models.")
    host: str = Field("127.0.0.1", description="Address the page listens on; only this machine unless changed.")
    port: int = Field(7860, ge=0, le=65535, description="Port of the page; 0 takes a free one.")
    model_folders: str = Field("", description="More folders with models of your own in diffusers layout, separated as in PATH; data/checkpoints is always searched.")
    device: str = Field("auto", description="cpu, cuda, mps or auto.")
    placing: str = Field("auto", description="How large models lie on the graphics card: resident, model offload, group offload, or auto (the quickest that fits).")
    weights: Literal["auto", Weights] = Field("auto", description="How large models keep their weights: whole, int8 (needs torchao), float8, int4 (needs bitsandbytes), or auto (whole where they fit).")
    attention: str = Field("", description="Another attention for large models where it is installed, by its name in diffusers (flash, sage, xformers, flex; a wrong one is answered with all of them); empty: torch's own.")
    step_cache_method: StepCacheMethod = Field(
        "auto", description="How step caches of large models leave work out; auto: the first of these that the model takes."
    )
    compiled: bool = Field(False, description="Compile the repeated blocks of large models: the first run waits a minute, the next ones are quicker.")
    shared: bool = Field(False, description="Several visitors: each sees only the results of their own browser.")
    executor: Literal["worker", "inline", "ray"] = Field("worker", description="Where runs work: worker (one process beside the page), ray (several, see ray_actors), inline (the page's own process; the way of ZeroGPU).")
    ray_actors: int = Field(0, ge=0, le=64, description="Executor ray: processes that work runs at once; 0: one for each graphics card of the cluster, or for each core.")
    ray_address: str = Field("", description="Executor ray: address of a running cluster; empty: this machine alone.")
    gpu_seconds: int = Field(120, ge=15, le=600, description="ZeroGPU: seconds of the graphics card that one clip or scene may declare.")
    offline: bool = Field(False, description="Never fetch a model, even when asked.")
    mcp: bool = Field(False, description="Offer the endpoints as MCP tools too (needs the package gradio[mcp]).")
    planner_url: str = Field("", description="OpenAI-compatible server that may write the plans of films, such as http://127.0.0.1:8080/v1; empty: none.")
    planner_model: str = Field("default", description="Name of the model that the planner server is asked for.")
    planner_key: SecretStr = Field(SecretStr(""), exclude=True, repr=False, description="Key of the planner server; only from the environment, and never written anywhere.")
    max_image_pixels: int = Field(100_000_000, description="Decoded pixels of one picture: 100 Mpx is 300 MB as RGB.")
    max_image_mib: int = Field(64, description="Bytes of one picture file.")
    max_video_mib: int = Field(1024, description="Bytes of one video or audio file.")
    max_video_seconds: float = Field(1800.0, description="Length of an uploaded clip or sound.")
    max_frame_pixels: int = Field(36_000_000, description="Pixels of one video frame: 8K is 33 Mpx.")
    decode_seconds: float = Field(30.0, description="Time a decoder may be silent before it is ended.")
    decode_memory_mib: int = Field(3072, description="Address space of a decoder process.")
    helper_seconds: float = Field(20.0, description="Time a quick answer (a stroke's preview) may take.")
    painter_idle_seconds: float = Field(240.0, description="The process that draws single pictures for the page ends after so long without one.")
    helper_memory_mib: int = Field(6144, description="Address space of the helper process.")
    model_memory_mib: int | None = Field(None, description="Budget of resident models; empty: half of the machine's memory.")
    max_queue: int = Field(200, description="Runs that may wait.")
    max_queue_per_visitor: int = Field(40, description="Runs that one browser may have waiting.")
    keep_gib: float = Field(50.0, description="Disk for results; beyond it the trash goes, then the oldest results that are not pinned.")
    trash_days: float = Field(7.0, description="Days that a deleted result can be brought back.")
    min_free_mib: int = Field(200, description="Free disk below which no run starts.")

    @classmethod
    def load(cls, **overrides: Any) -> Settings:
        """Settings from `KINORA_*` variables, then `overrides` that are not None. A bad value, or an attention that cannot be had here, raises `InvalidInput`."""
        values: dict[str, Any] = {}
        for name in cls.model_fields:
            given = os.environ.get(f"KINORA_{name.upper()}")
            if given:
                values[name] = given
        values.update({k: v for k, v in overrides.items() if v is not None})
        if os.environ.get("SPACE_ID"):
            # On Spaces visitors share the machine, the proxy must reach the port, and the code's own folder may be read-only.
            values = {"shared": True, "host": "0.0.0.0", **values}
            if os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true"):
                values = {"executor": "inline", **values}
            if "data_dir" not in values and not os.access(default_data_dir().parent, os.W_OK):
                values["data_dir"] = Path(tempfile.gettempdir()) / "kinora"
        try:
            settings = cls(**values)
        except ValueError as error:
            raise InvalidInput("a setting is wrong", why=str(error).splitlines()[1], fix="see `python app.py --help`") from error
        check_attention(settings.attention)
        return settings.model_copy(update={"data_dir": settings.data_dir.expanduser().resolve()})


def python() -> str:
    """The interpreter that child processes use."""
    return sys.executable
