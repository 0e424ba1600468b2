"""Ray itself: whether it is there and safe, joining or starting a cluster, and how many actors fit it. Imports Ray only when a cluster is joined."""

from __future__ import annotations

import os
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.errors import InvalidInput
from engine.hardware import memory_mib
from engine.settings import Settings

OLDEST = (2, 60)
"""Ray listens on every address of the machine and runs what callers send; from this version on it asks them for a token unless told not to."""

MOST_CPU_ACTORS = 8
MIB_AN_ACTOR = 3072
"""Without a setting there is an actor for each core, but no more than so many, and none without so much memory: torch and a pocket model take half of it."""

OBJECT_STORE = 80 * 2**20
"""Bytes of Ray's shared memory on this machine; only events travel through it."""


def check() -> None:
    """Raise `InvalidInput` when Ray is not installed, or is too old to be safe."""
    if find_spec("ray") is None:
        raise InvalidInput("executor=ray needs the package ray", fix="pip install ray, or choose --executor worker")
    if tuple(int(number) for number in version("ray").split(".")[:2]) < OLDEST:
        raise InvalidInput(f"ray {version('ray')} is too old", why="it lets anybody on the network run code here", fix="pip install --upgrade ray, or choose --executor worker")


def join(settings: Settings) -> tuple[bool, int, int, int]:
    """Join or start the cluster: whether this call did, and its graphics cards, processor cores and machines. Raises `InvalidInput` when it cannot be reached."""
    # Nothing is sent anywhere, whatever this machine's environment says.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    address = settings.ray_address
    if address and has_token():
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # read when ray is imported
    import ray

    options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "namespace": "kinora"}
    if address:
        options["address"] = address
    else:
        # No processors for Ray to hand out: it would start idle processes for them. How many actors there are is decided here.
        options |= {"address": "local", "num_cpus": 0, "include_dashboard": False, "object_store_memory": OBJECT_STORE}
    joins = not ray.is_initialized()
    try:
        if joins:
            ray.init(**options)
    except Exception as error:
        where = f"the Ray cluster {address}" if address else "Ray on this machine"
        raise InvalidInput(f"{where} cannot be used", why=" ".join(str(error).split())[:200], fix="give another --ray-address, or choose --executor worker") from error
    found = ray.cluster_resources()
    processors = int(found.get("CPU", 0)) if address else os.cpu_count() or 1
    return joins, int(found.get("GPU", 0)), processors, sum(bool(node["Alive"]) for node in ray.nodes()) or 1


def has_token() -> bool:
    """True where Ray finds the token of a cluster."""
    return bool(os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")) or (Path.home() / ".ray" / "auth_token").is_file()


def actors_for(settings: Settings, graphics: int, processors: int) -> int:
    """How many actors there are: as the settings say, no more than the cluster can place; else one for each graphics card, or for each core that has memory enough."""
    if graphics:
        return min(settings.ray_actors or graphics, graphics)
    if settings.ray_address:
        return max(1, min(settings.ray_actors or processors, processors))
    memory = memory_mib("MemTotal") or MIB_AN_ACTOR
    return settings.ray_actors or max(1, min(processors, MOST_CPU_ACTORS, int(memory // MIB_AN_ACTOR)))
