from __future__ import annotations
def captions(spec, rng, n, held_out=False):
    return [""]*n
