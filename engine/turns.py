"""Whose run is next when several visitors wait: they take turns, and each one's own runs stay in order (round robin, as in fair queueing: Nagle, 1987)."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Served:
    """What an owner has had: runs that are working now, and when the last one was started (seconds since the epoch; 0 never)."""

    working: int = 0
    last: float = 0.0


def in_turn(waiting: Sequence[tuple[str, str]], served: Mapping[str, Served]) -> list[str]:
    """Run ids in the order in which they will be taken.

    waiting: (run id, owner), each owner's runs in their own order. Whoever has fewer runs working comes first, then whoever waited longest since their last one
    was started; every run that is taken counts as one more. So of n visitors each has a turn within n, however many runs the others queued.
    """
    own: dict[str, deque[str]] = defaultdict(deque)
    for run_id, owner in waiting:
        own[owner].append(run_id)
    # Position in `waiting` settles ties between visitors who never had a turn: who asked first goes first.
    line = [(had.working, had.last, place, owner) for place, owner in enumerate(own) for had in [served.get(owner, Served())]]
    heapq.heapify(line)
    order: list[str] = []
    later = max((had.last for had in served.values()), default=0.0)
    while line:
        working, _, place, owner = heapq.heappop(line)
        order.append(own[owner].popleft())
        later += 1.0
        if own[owner]:
            heapq.heappush(line, (working + 1, later, place, owner))
    return order
