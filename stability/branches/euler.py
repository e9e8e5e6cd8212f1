"""Critical and best Euler steps of many spectra at once."""

from __future__ import annotations

import numpy as np

from ..criteria.steps import euler_step_sizes

_FEW = 16  # up to here all pairs of eigenvalues of many spectra fit into memory
_AT_ONCE = 2_000_000  # numbers


def euler_step_sizes_of_all(
    eigenvalues: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The critical step, the best one and the radius there, shape (n,) each, of spectra (n, m).

    As `spectra.steps.euler_step_sizes`, vectorised. The best step is NaN where no step is stable, all three
    are where the spectrum is.
    """
    n, m = eigenvalues.shape
    sizes = np.full((n, 3), np.nan)
    known = np.flatnonzero(np.isfinite(eigenvalues).all(axis=1) & (m > 0))
    if m > _FEW:
        for i in known:
            found = euler_step_sizes(eigenvalues[i])
            sizes[i] = [
                np.nan if x is None else x for x in (found.critical, found.best, found.best_radius)
            ]
    else:
        batch = max(1, _AT_ONCE // max(1, m * m * (m + 1) // 2))
        for begin in range(0, len(known), batch):
            part = known[begin : begin + batch]
            sizes[part] = _few(eigenvalues[part])
    critical, best, best_radius = sizes.T
    return critical, best, best_radius


def _few(eigenvalues: np.ndarray) -> np.ndarray:
    fastest = np.abs(eigenvalues).max(axis=1)
    unstable = (fastest == 0) | (np.real(eigenvalues).max(axis=1) > -1e-100 * fastest)
    sizes = np.full((len(eigenvalues), 3), np.nan)
    sizes[unstable, 0] = 0.0
    fastest = fastest[~unstable, None]
    scaled = eigenvalues[~unstable] / fastest
    if not len(scaled):
        return sizes
    slope, curvature = np.real(scaled), np.abs(scaled) ** 2
    i, j = np.triu_indices(slope.shape[1], 1)
    with np.errstate(all="ignore"):
        vertices = -slope / curvature
        crossings = -2 * (slope[:, i] - slope[:, j]) / (curvature[:, i] - curvature[:, j])
    usable = (curvature[:, i] != curvature[:, j]) & (crossings > 0)
    crossings = np.where(usable, crossings, vertices[:, :1])
    candidates = np.sort(np.concatenate([vertices, crossings], axis=1), axis=1)
    h = candidates[:, :, None]
    envelope = (2 * h * slope[:, None] + h**2 * curvature[:, None]).max(axis=2)
    lowest = envelope.argmin(axis=1)[:, None]
    sizes[~unstable, 0] = 2 * vertices.min(axis=1) / fastest[:, 0]
    sizes[~unstable, 1] = np.take_along_axis(candidates, lowest, axis=1)[:, 0] / fastest[:, 0]
    bottom = np.take_along_axis(envelope, lowest, axis=1)[:, 0]
    sizes[~unstable, 2] = np.sqrt(np.maximum(1.0 + bottom, 0.0))
    return sizes
