"""Quantiles of a few hundred values: sorted here, for `numpy.percentile` takes twenty times as long over so few, and keeps other threads waiting."""

from __future__ import annotations

import numpy as np


def quantiles(values: np.ndarray, *shares: float) -> list[float]:
    """Values below which shares (0..1) of all values lie, linearly between two of them; NaN is no value, but one value there must be."""
    flat = values.ravel()
    known = np.sort(flat[~np.isnan(flat)])
    out = []
    for share in shares:
        at = share * (len(known) - 1)
        low = int(at)
        below, above = float(known[low]), float(known[min(low + 1, len(known) - 1)])
        out.append(below + (at - low) * (above - below))
    return out
