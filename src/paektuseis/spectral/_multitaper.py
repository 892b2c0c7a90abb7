"""Multitaper estimate with adaptive weights (Thomson 1982)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .._segments import Segment
from ..errors import ParameterError
from ..types import FloatArray
from ._average import WindowAverage
from ._kernels import adaptive_weights
from ._windows import BLOCK_CELLS, IntArray, windows

MAX_CELLS = 20_000_000  # tapered samples of one window: 0.5 GB with their transforms


@dataclass(frozen=True)
class MultitaperEstimate:
    """Density, number of windows and tapers, degrees of freedom of one window, limits if any."""

    values: FloatArray
    n: int
    tapers: int
    dof: FloatArray
    limits: tuple[FloatArray, FloatArray] | None


def multitaper_psd(
    pieces: Sequence[Segment],
    begin: int,
    starts: IntArray,
    size: int,
    linear: bool,
    statistic: str,
    time_bandwidth: float,
    confidence: float,
    used: int,
) -> MultitaperEstimate:
    """Return the one-sided multitaper density averaged over windows."""
    from scipy.fft import rfft

    tapers, ratios = slepian(size, time_bandwidth)
    rate, bins = pieces[0].sampling_rate, size // 2 + 1
    average, freedom = WindowAverage(statistic, bins, used), np.zeros(bins)
    last = np.zeros((len(tapers), bins))
    cells = max(size, BLOCK_CELLS // len(tapers))
    for numbers, block in windows(pieces, begin, starts, np.ones(size), linear, cells=cells):
        if not len(numbers):
            continue
        eigen = np.abs(rfft(block[:, None, :] * tapers, axis=2)) ** 2 / rate  # window, taper, f
        noise = np.mean(block**2, axis=1) / rate
        power, dof = adaptive(eigen, ratios, noise)
        average.add(power)
        freedom += dof.sum(axis=0)
        last = eigen[-1]
    n = average.n
    freedom /= max(n, 1)
    values = average.values(np.maximum(freedom, 2.0))
    sided = np.full(bins, 2.0)
    sided[0] = 1.0
    if size % 2 == 0:
        sided[-1] = 1.0
    limits = None
    if n == 1 and len(tapers) > 2:
        low, high = jackknife(last, values, confidence)
        limits = low * sided, high * sided
    return MultitaperEstimate(values * sided, n, len(tapers), freedom, limits)


def slepian(size: int, time_bandwidth: float) -> tuple[FloatArray, FloatArray]:
    """Return the ``2 NW - 1`` best Slepian tapers (k, size) and their concentrations (k,)."""
    from scipy.signal.windows import dpss

    if not 1 <= time_bandwidth < size / 4:
        raise ParameterError(
            f"time_bandwidth={time_bandwidth:g} for windows of {size} samples; give 1 to "
            f"below {size / 4:g}, usually 2.5 to 4"
        )
    count = max(1, int(2 * time_bandwidth) - 1)
    if size * count > MAX_CELLS:
        raise ParameterError(
            f"{count} tapers over a window of {size} samples are too many to hold; shorten the "
            "window or lower time_bandwidth"
        )
    tapers, ratios = dpss(size, time_bandwidth, Kmax=count, return_ratios=True)
    return tapers, np.minimum(ratios, 1.0)


def adaptive(
    eigen: FloatArray, ratios: FloatArray, noise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weigh eigenspectra (window, taper, frequency) against leakage from the whole band.

    ``noise`` is each window's variance / sampling rate: the density if it were white. Returns
    density and degrees of freedom, each (window, frequency).
    """
    power, dof = np.empty((2, len(eigen), eigen.shape[2]))
    for row in range(len(eigen)):
        adaptive_weights(eigen[row], ratios, float(noise[row]), power[row], dof[row])
    return power, dof


def jackknife(
    eigen: FloatArray, values: FloatArray, confidence: float
) -> tuple[FloatArray, FloatArray]:
    """Limits from leaving out one taper at a time; ``eigen`` is (taper, frequency)."""
    from scipy.special import stdtrit

    count = len(eigen)
    tiny = np.finfo(float).tiny
    logs = np.array(
        [np.log(np.maximum(np.delete(eigen, k, 0).mean(axis=0), tiny)) for k in range(count)]
    )
    error = np.sqrt((count - 1) / count * ((logs - logs.mean(axis=0)) ** 2).sum(axis=0))
    reach = stdtrit(count - 1, 0.5 + confidence / 2) * error
    return values * np.exp(-reach), values * np.exp(reach)
