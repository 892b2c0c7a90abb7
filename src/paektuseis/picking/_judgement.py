"""How good a reading is: signal-to-noise ratio, standard error, class, first motion."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SIGNAL = 0.5
"""Seconds after a pick over which its signal is measured."""
NOISE_P, NOISE_S = 3.0, 1.0
"""Seconds before it, at most, over which the noise is."""

CLASSES = (("A", 0.04), ("B", 0.08), ("C", 0.16))
"""Quality and the largest standard error (s) it stands for; anything above is D."""

SWING = 4.0
"""Least size of a first motion in standard deviations of the noise before it."""
OVER_NOISE = 1.5
"""Least size over the largest swing of the noise in the second before."""


def signal_to_noise(rows: FloatArray, rate: float, index: float, noise: float, floor: int) -> float:
    """Return rms after over rms before a pick, of all rows together; NaN if not known."""
    k = math.ceil(index)
    after = rows[:, k : k + max(3, round(SIGNAL * rate))]
    before = rows[:, max(floor, k - round(noise * rate)) : max(0, k - 1)]
    if after.shape[1] < 2 or before.shape[1] < 4:
        return math.nan
    low = float(np.mean(before**2))
    return math.sqrt(float(np.mean(after**2)) / low) if low > 0 else math.inf


def standard_error(scatter: float, snr: float, floor: float, share: float, slope: float) -> float:
    """Return the standard error (s) of a pick from the scatter of its readings and its SNR."""
    weak = slope / max(snr, 1e-3) if math.isfinite(snr) else 0.0
    return math.sqrt(floor**2 + (share * scatter) ** 2 + weak**2)


def quality_of(uncertainty: float) -> str:
    """Return the class of a standard error."""
    return next((name for name, limit in CLASSES if uncertainty <= limit), "D")


def first_motion(bands: FloatArray, rate: float, index: float, uncertainty: float) -> str:
    """Return ``"up"`` or ``"down"`` where every band that shows a first motion shows the same.

    Parameters
    ----------
    bands : ndarray, shape (bands, n)
        The vertical, positive upwards.
    rate : float
        Hertz.
    index : float
        Sample of the pick.
    uncertainty : float
        Seconds.
    """
    found = [_swing(row, rate, index, uncertainty) for row in bands]
    seen = [sign for sign in found if sign]
    if len(seen) < min(2, len(bands)) or len(set(seen)) > 1:
        return ""
    return "up" if seen[0] > 0 else "down"


def _swing(row: FloatArray, rate: float, index: float, uncertainty: float) -> int:
    """Return the sign of the first swing out of the noise, 0 where it is not clear."""
    k = round(index)
    slack = max(2, round(uncertainty * rate))
    noise = row[max(0, k - slack - round(2.0 * rate)) : max(0, k - slack)]
    part = row[max(0, k - slack) : k + slack + max(4, round(0.3 * rate))]
    if len(noise) < round(0.5 * rate) or len(part) < slack + 4:
        return 0
    deviation = float(np.sqrt(np.mean(noise**2)))
    largest = float(np.max(np.abs(noise[-round(rate) :])))
    limit = max(SWING * deviation, OVER_NOISE * largest)
    out = np.flatnonzero(np.abs(part) > limit)
    if not len(out) or limit == 0.0:
        return 0
    first = int(out[0])
    sign = 1 if part[first] > 0 else -1
    # a smaller swing the other way just before, out of the noise, might be the first motion
    earlier = -sign * part[:first]
    if len(earlier) and float(earlier.max()) > max(0.5 * limit, largest):
        return 0
    return sign
