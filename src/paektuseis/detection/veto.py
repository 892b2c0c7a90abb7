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

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SIMULTANEOUS = "simultaneous onsets"
_FASTEST_KM_S = 8.0  # fastest wave along a local network
_ROUNDING_S = 1e-6


def impulse_durations(
    method: NDArray[np.object_],
    sta: FloatArray,
    lta: FloatArray,
    peak: FloatArray,
    thr_off: FloatArray,
    freqmin: FloatArray,
) -> FloatArray:
    r"""Return how long (s) one impulse keeps characteristic functions above ``thr_off``.

    The short window itself (classic, delayed, z, carl), or the time a recursive average
    takes to fall from the peak, :math:`\ln(peak/thr_{off})/(1/sta - 1/lta)`; and one period
    of the lower corner of the band for the ringing of the filter.
    """
    falling = (method == "recursive") & (peak > thr_off) & (thr_off > 0) & (lta > sta)
    with np.errstate(all="ignore"):
        fall = np.log(peak / thr_off) / (1 / sta - 1 / lta)
    return np.where(falling, fall, sta) + _ringing(freqmin)


def _ringing(freqmin: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        return np.where(freqmin > 0, 1.0 / freqmin, 0.0)


def impulsive(triggers: pd.DataFrame) -> BoolArray:
    """Return which triggers are as short, and rise as fast, as an impulse makes them.

    None is, where the table does not tell how the triggers were found.
    """
    needed = ("sta", "lta", "thr_off", "peak_time", "freqmin")
    if any(name not in triggers.columns for name in needed):
        return np.zeros(len(triggers), dtype=bool)
    sta, lta, off, freqmin, peak = (
        triggers[name].to_numpy(dtype=np.float64)
        for name in ("sta", "lta", "thr_off", "freqmin", "peak_ratio")
    )
    method = np.full(len(triggers), "", dtype=object)
    if "method" in triggers.columns:
        method = triggers["method"].to_numpy(dtype=object)
    begin = nanoseconds(triggers["starttime"])
    length = (nanoseconds(triggers["endtime"]) - begin) / 1e9
    rise = (nanoseconds(triggers["peak_time"]) - begin) / 1e9
    longest = 1.25 * impulse_durations(method, sta, lta, peak, off, freqmin)
    slow = (length > longest) | (rise > 0.5 * sta + _ringing(freqmin))
    return np.asarray(np.isfinite(sta) & ~slow, dtype=bool)


def simultaneous_onsets(
    on: IntArray,
    station: IntArray,
    begins: IntArray,
    distances: FloatArray | None,
    spread: float,
) -> BoolArray:
    """Return which coincidences have onsets that are nowhere apart enough for a wave.

    Parameters
    ----------
    on, station : ndarray of int
        Onset (ns) and number of each station of each coincidence, in order of onset.
    begins : ndarray of int
        Where the stations of each coincidence begin.
    distances : ndarray, optional
        Distances in km between stations, by number.
    spread : float
        Largest spread of onsets in seconds that counts as "at once".
    """
    ends = np.append(begins[1:], len(on))
    apart = (on[ends - 1] - on[begins]) / 1e9
    out = (ends - begins >= 3) & (apart <= spread + _ROUNDING_S) & (spread > 0)
    if distances is not None:
        for i in np.flatnonzero(out):
            there = station[begins[i] : ends[i]]
            # so small a network sees a real event at once
            out[i] = not distances[np.ix_(there, there)].max() / _FASTEST_KM_S <= spread
    return np.asarray(out, dtype=bool)
