"""FFmpeg's own loudness meter (libavfilter's ebur128): a second implementation to compare with."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.filter import Graph


def ebur128(samples: np.ndarray, rate: int = 48_000) -> tuple[float, float, float]:
    """(integrated LUFS, loudness range LU, true peak dBTP) of (N, 2) float."""
    graph = Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="stereo", time_base=Fraction(1, rate))
    meter, sink = graph.add("ebur128", "peak=true:metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    told: dict[str, str] = {}
    for at in [*range(0, len(samples), rate), None]:
        if at is None:
            graph.push(None)
        else:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[at : at + rate], np.float32).reshape(1, -1), format="flt", layout="stereo")
            frame.sample_rate, frame.pts = rate, at
            graph.push(frame)
        while True:
            try:
                told = graph.pull().metadata or told
            except (av.BlockingIOError, av.EOFError):
                break
    # The peak is an amplitude.
    return float(told["lavfi.r128.I"]), float(told["lavfi.r128.LRA"]), float(20 * np.log10(max(float(told["lavfi.r128.true_peak"]), 1e-9)))
