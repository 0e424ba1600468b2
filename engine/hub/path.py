"""Where a pipeline is on its way from noise to picture: levels of signal and noise by its scheduler, and the clean latents that two neighbouring steps point to.

Every sampler here walks `x = a * x0 + s * noise`. With flow matching a = 1 - s (Lipman et al., 2023); with the diffusion of Ho et al. (2020) a^2 + s^2 = 1; with that of
Karras et al. (2022) a = 1. Two neighbours on a straight (deterministic) way are two equations for x0 and the noise.
"""

from __future__ import annotations

from typing import Any

LEAST = 1e-6


def levels(scheduler: Any) -> list[tuple[float, float]]:
    """(signal, noise) before each step of a scheduler whose steps are set, and after the last. Empty when the scheduler does not tell."""
    config, name = scheduler.config, type(scheduler).__name__
    told = getattr(scheduler, "sigmas", None)
    sigmas = [] if told is None else [float(sigma) for sigma in told]
    if "FlowMatch" in name or config.get("use_flow_sigmas") or config.get("prediction_type") == "flow_prediction":
        return [(sigma, 1 - sigma) if config.get("invert_sigmas") else (1 - sigma, sigma) for sigma in sigmas]
    if "Euler" in name and sigmas:
        return [(1.0, sigma) for sigma in sigmas]
    alphas, steps = getattr(scheduler, "alphas_cumprod", None), getattr(scheduler, "timesteps", None)
    if alphas is None or steps is None:
        return []
    powers = [float(alphas[min(int(step), len(alphas) - 1)]) for step in steps]
    return [*((power**0.5, (1 - power) ** 0.5) for power in powers), (1.0, 0.0)]


def clean(before: Any, after: Any, here: tuple[float, float], there: tuple[float, float]) -> Any:
    """The clean latents that a step from `before` (at level `here`) to `after` (at level `there`) points to, as a tensor of the same shape."""
    (a0, s0), (a1, s1) = here, there
    if s1 == 0:
        return after / a1
    across = s0 * a1 - s1 * a0
    if abs(across) < LEAST:
        return after / max(a1, LEAST)
    return (s0 * after.float() - s1 * before.float()) / across
