"""The mean or the median of densities over windows that arrive in blocks."""

from __future__ import annotations

import numpy as np

from ..errors import ParameterError
from ..types import FloatArray

MAX_CELLS = 150_000_000  # values of all windows held for a median: 1.2 GB


class WindowAverage:
    """Average of densities (window, frequency) added block by block."""

    def __init__(self, statistic: str, bins: int, windows: int) -> None:
        self.n = 0
        self._total = np.zeros(bins)
        self._every: FloatArray | None = None
        if statistic == "median":
            if windows * bins > MAX_CELLS:
                raise ParameterError(
                    f"a median over {windows} windows of {bins} frequencies needs "
                    f"{windows * bins * 8e-9:.1f} GB; lessen the overlap, lengthen the window, "
                    "or take statistic='mean'"
                )
            self._every = np.empty((windows, bins))

    def add(self, power: FloatArray) -> None:
        """Add the densities of some windows."""
        if self._every is None:
            self._total += power.sum(axis=0)
        else:
            self._every[self.n : self.n + len(power)] = power
        self.n += len(power)

    def values(self, dof: FloatArray | None = None) -> FloatArray:
        """Return the average (zeros if nothing was added).

        ``dof`` are the degrees of freedom of one window's density, for the bias of the
        median; None stands for 2, a single periodogram.
        """
        if self._every is None or not self.n:
            return self._total / max(self.n, 1)
        bias = median_bias(self.n) if dof is None else chi2_median_bias(self.n, dof)
        out: FloatArray = np.median(self._every[: self.n], axis=0) / bias
        return out


def median_bias(n: int) -> float:
    """Return median / mean of ``n`` exponentially distributed values (1 for n = 1, ln 2 at ∞)."""
    even = np.arange(2, 2 * ((n - 1) // 2) + 1, 2)
    return float(1.0 + np.sum(1.0 / (even + 1) - 1.0 / even))


def chi2_median_bias(n: int, dof: FloatArray) -> FloatArray:
    """Return median / mean of chi-squared values: of many (1 for n < 3, where they agree)."""
    from scipy.special import chdtri

    out: FloatArray = chdtri(dof, 0.5) / dof if n > 2 else np.ones_like(dof)
    return out


def welch_freedom(taper: FloatArray, hop: int, n: int) -> float:
    """Return the degrees of freedom of a mean of ``n`` overlapping windows (Welch 1967)."""
    if n < 1:
        return 0.0
    correlated = 0.0
    norm = float(np.dot(taper, taper))
    for k in range(1, min(n, -(-len(taper) // hop))):
        shared = float(np.dot(taper[k * hop :], taper[: len(taper) - k * hop])) / norm
        correlated += (1 - k / n) * shared**2
    return 2.0 * n / (1.0 + 2.0 * correlated)
