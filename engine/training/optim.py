"""The optimiser of all pocket models: Muon on matrices, Adam on the rest, with fp32 masters and an average of the weights.

The model itself may be bfloat16: its parameters are rounded copies of the masters, so small steps are not lost.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

STEPS_OF_NEWTON_SCHULZ = 5


def orthogonalised(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest (semi-)orthogonal matrix, roughly: (rows, columns) with singular values in about 0.7 to 1.2.

    Newton-Schulz iteration with the quintic coefficients of Jordan et al. (Muon, 2024), run in bfloat16: only directions matter.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.bfloat16()
    turned = x.shape[0] > x.shape[1]
    if turned:
        x = x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(STEPS_OF_NEWTON_SCHULZ):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if turned else x).float()


class Optimiser:
    """Steps the parameters of a model from their `.grad`.

    Matrices and convolution kernels of at least 16 rows take Muon with Nesterov momentum 0.95 and a step whose RMS is 0.2 of the
    rate, as Adam's is (Liu et al., Muon is scalable, 2025); vectors, embeddings and thin layers named in `adam_only` take Adam (0.9, 0.99).
    average: share of the old average kept at every step (EMA), warmed up as (1 + t) / (10 + t).
    """

    def __init__(self, named: Iterable[tuple[str, nn.Parameter]], *, muon_rate: float = 2e-3, adam_rate: float = 1e-3, average: float = 0.999,
                 decay: float = 0.0, adam_only: tuple[str, ...] = ()) -> None:  # fmt: skip
        self.parameters = dict(named)
        self.muon_rate, self.adam_rate, self.average, self.decay, self.steps = muon_rate, adam_rate, average, decay, 0
        self.muon = {n for n, p in self.parameters.items() if p.ndim >= 2 and min(p.shape[0], p[0].numel()) >= 16 and not any(word in n for word in adam_only)}
        self.masters = {n: p.detach().float().clone() for n, p in self.parameters.items()}
        self.averages = {n: m.clone() for n, m in self.masters.items()}
        self.first = {n: torch.zeros_like(m) for n, m in self.masters.items()}
        self.second = {n: torch.zeros_like(m) for n, m in self.masters.items() if n not in self.muon}

    def zero(self) -> None:
        """Forget the gradients."""
        for p in self.parameters.values():
            p.grad = None

    @torch.no_grad()
    def step(self, scale: float = 1.0, clip: float = 1.0) -> float:
        """One step at `scale` times the rates, gradients cut to norm `clip`; the norm before cutting. Parameters without a gradient stay."""
        gradients = {n: p.grad.float() for n, p in self.parameters.items() if p.grad is not None}
        norm = float(torch.stack([g.norm() for g in gradients.values()]).norm())
        if not norm < float("inf"):
            return norm
        cut = min(1.0, clip / (norm + 1e-9))
        self.steps += 1
        keep = min(self.average, (1 + self.steps) / (10 + self.steps))
        for name, gradient in gradients.items():
            g, master, first = gradient * cut, self.masters[name], self.first[name]
            if name in self.muon:
                first.mul_(0.95).add_(g)
                matrix = (g + 0.95 * first).reshape(g.shape[0], -1)
                update = orthogonalised(matrix).reshape(g.shape) * (0.2 * max(matrix.shape) ** 0.5)
                rate = self.muon_rate * scale
            else:
                second = self.second[name]
                first.lerp_(g, 0.1)
                second.lerp_(g * g, 0.01)
                update = (first / (1 - 0.9**self.steps)) / ((second / (1 - 0.99**self.steps)).sqrt() + 1e-8)
                rate = self.adam_rate * scale
            if self.decay and master.ndim >= 2:
                master.mul_(1 - rate * self.decay)
            master.sub_(update, alpha=rate)
            self.averages[name].lerp_(master, 1 - keep)
            self.parameters[name].copy_(master)
        return norm

    def tensors(self) -> dict[str, torch.Tensor]:
        """All that a later process needs, by name."""
        groups = {"master": self.masters, "average": self.averages, "first": self.first, "second": self.second}
        return {f"{group}.{n}": t for group, held in groups.items() for n, t in held.items()}

    @torch.no_grad()
    def load(self, tensors: dict[str, torch.Tensor], steps: int) -> None:
        """Go on from `tensors()` and `steps` of an earlier process, exactly. Raises `KeyError` when the model is another one."""
        self.steps = steps
        for group, held in {"master": self.masters, "average": self.averages, "first": self.first, "second": self.second}.items():
            for name in held:
                held[name].copy_(tensors[f"{group}.{name}"])
        for name, p in self.parameters.items():
            p.copy_(self.masters[name])
