"""How far two sets of pictures lie apart as clouds of features: the Fréchet distance (Heusel et al., 2017), here on pocket-clip's features."""

from __future__ import annotations

import numpy as np

from engine.errors import InvalidInput


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """Squared Fréchet distance of two Gaussians fitted to features (N, D) and (M, D): |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). 0 for the same set.

    It grows as sets get smaller, so compare only distances of sets of one size, and state that of two true sets beside it.
    Raises `InvalidInput` for fewer than two rows or different widths.
    """
    if one.ndim != 2 or other.ndim != 2 or min(len(one), len(other)) < 2 or one.shape[1] != other.shape[1]:
        raise InvalidInput(f"features of shapes {one.shape} and {other.shape} cannot be compared", fix="give (N, D) and (M, D) with at least two rows each")
    means, covariances = [], []
    for features in (one, other):
        centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
        means.append(features.mean(0, dtype=np.float64))
        covariances.append(centred.T @ centred / (len(features) - 1))
    # The eigenvalues of C1 C2 are those of the symmetric C1^(1/2) C2 C1^(1/2), which stays exact where covariances have no full rank.
    values, vectors = np.linalg.eigh(covariances[0])
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ covariances[1] @ root).clip(0)).sum()
    return float(max(0.0, ((means[0] - means[1]) ** 2).sum() + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * shared))
