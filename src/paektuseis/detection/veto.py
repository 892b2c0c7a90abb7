"""Pulses that reach all stations at once: no wave, whatever its source.

An electric pulse (lightning, a power cut, a calibration, a fault of the
telemetry) is recorded at the same instant everywhere. But a wave may also
arrive almost at once: from deep below, or at stations at equal distance from the
source. So equal onsets alone are never enough for a veto: each trigger must
also be as short, and rise as fast, as a single impulse makes it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._frames import nanoseconds

SIMULTANEOUS = "simultaneous onsets"
_FASTEST_KM_S = 8.0  # fastest wave along a local network
_ROUNDING_S = 1e-6


def impulse_duration(
    method: str, sta: float, lta: float, peak: float, thr_off: float, freqmin: float
) -> float:
    r"""Return how long (s) one impulse keeps a characteristic function above ``thr_off``.

    The short window itself (classic, delayed, z, carl), or the time a recursive average
    takes to fall from the peak, :math:`\ln(peak/thr_{off})/(1/sta - 1/lta)`; and one period
    of the lower corner of the band for the ringing of the filter.
    """
    ringing = 1.0 / freqmin if freqmin > 0 else 0.0
    if method == "recursive" and peak > thr_off > 0 and lta > sta:
        return float(np.log(peak / thr_off) / (1 / sta - 1 / lta)) + ringing
    return sta + ringing


def simultaneous_onsets(
    table: pd.DataFrame,
    rows: list[int],
    station: NDArray[np.int64],
    distances: NDArray[np.float64] | None,
    spread: float,
) -> str:
    """Return the veto of one coincidence, ``""`` for none.

    Parameters
    ----------
    table : DataFrame
        Triggers with their onsets in nanoseconds (``_on``).
    rows : list of int
        Row of the first trigger of each station.
    station : ndarray of int
        Number of the station, for each row of ``table``.
    distances : ndarray, optional
        Distances in km between stations, by number.
    spread : float
        Largest spread of onsets in seconds that counts as "at once".
    """
    first = np.array(rows, dtype=np.int64)
    if spread <= 0 or len(first) < 3:
        return ""
    on = table["_on"].to_numpy()[first]
    if (on.max() - on.min()) / 1e9 > spread + _ROUNDING_S:
        return ""
    if distances is not None:
        apart = distances[np.ix_(station[first], station[first])].max()
        if apart / _FASTEST_KM_S <= spread:
            return ""  # so small a network sees a real event at once
    needed = ("sta", "lta", "thr_off", "peak_time", "freqmin")
    if any(name not in table.columns for name in needed):
        return ""
    part = table.iloc[first]
    method = part["method"] if "method" in part else [""] * len(part)
    for m, sta, lta, peak, off, fmin, begin, end, top in zip(
        method,
        part["sta"],
        part["lta"],
        part["peak_ratio"],
        part["thr_off"],
        part["freqmin"],
        part["_on"],
        part["_off"],
        nanoseconds(part["peak_time"]),
        strict=True,
    ):
        if not np.isfinite(sta):
            return ""
        ringing = 1.0 / fmin if fmin > 0 else 0.0
        rise = (top - begin) / 1e9
        longest = 1.25 * impulse_duration(m, sta, lta, peak, off, fmin)
        if (end - begin) / 1e9 > longest or rise > 0.5 * sta + ringing:
            return ""
    return SIMULTANEOUS
