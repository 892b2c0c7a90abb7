"""Where a P wave comes from: horizontals regressed on the vertical in many narrow bands."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
import scipy.signal

from ..types import FloatArray

N_BANDS = 9
_WIDTH = 2.2  # upper over lower corner of each band
_LOWEST, _HIGHEST = 1.2, 16.7  # Hz, centres of the first and the last band
_SHORTEST = 0.1  # s
_LONGEST = 1.0  # s
_BEFORE = 0.03  # s, the window begins so much before the pick
_NOISE = (8.0, 0.3)  # s before the pick
_LEAST_NOISE = 1.0
_FREEDOM = 0.67  # independent samples a band adds (overlap of the bands counted)
_SCATTER = 0.06  # share of the vertical's power that scattering adds to each horizontal
_STEEP = 1.0  # horizontal over vertical above which the main axis goes before the regression


@dataclass(frozen=True)
class PMotion:
    """Direction of the first P motion; NaN where a reason says why."""

    backazimuth: float = nan
    backazimuth_uncertainty: float = nan
    incidence: float = nan
    incidence_uncertainty: float = nan
    rectilinearity: float = nan
    snr: float = nan
    ambiguous: bool = False
    reason: str = ""


def p_motion(zne: FloatArray, rate: float, onset: int, last: int) -> PMotion:
    """Measure the direction of a P wave.

    Parameters
    ----------
    zne : ndarray, shape (3, n)
        Vertical (up), north, east; no gap.
    rate : float
        Hz.
    onset : int
        Sample of P.
    last : int
        First sample that is no longer P (S, or the end).

    Returns
    -------
    PMotion
    """
    first = max(0, onset - round(_NOISE[0] * rate))
    quiet = onset - round(_NOISE[1] * rate)
    if quiet - first < _LEAST_NOISE * rate:
        return PMotion(
            reason=f"less than {_LEAST_NOISE + _NOISE[1]:g} s of record before P: noise unknown"
        )
    sums = _Sums()
    centred = zne - zne[:, first:quiet].mean(axis=1, keepdims=True)
    for centre in np.geomspace(_LOWEST, _HIGHEST, N_BANDS):
        low, high = centre / np.sqrt(_WIDTH), centre * np.sqrt(_WIDTH)
        if high >= 0.45 * rate:
            break
        sos = scipy.signal.butter(2, [low, high], "band", fs=rate, output="sos")
        moved = scipy.signal.sosfilt(sos, centred[:, : last + 1], axis=1)
        length = min(max(1.0 / centre, _SHORTEST), _LONGEST, 0.8 * (last - onset) / rate)
        begin = max(onset - round(_BEFORE * rate), quiet)
        end = min(onset + max(round(length * rate), 3), moved.shape[1])
        if end - begin >= 4:
            sums.add(moved[:, begin:end], moved[:, first:quiet])
    return sums.motion()


class _Sums:
    """Sums over bands, each weighted by how much it says about the direction."""

    def __init__(self) -> None:
        self.cross = np.zeros(2)
        self.power = 0.0
        self.scattered = 0.0
        self.matrix = np.zeros((3, 3))
        self.snr = 0.0

    def add(self, signal: FloatArray, noise: FloatArray) -> None:
        c = signal @ signal.T / signal.shape[1]
        n = noise @ noise.T / noise.shape[1]
        horizontal = (n[1, 1] + n[2, 2]) / 2.0
        total, quiet = float(np.trace(c)), float(np.trace(n))
        if not (quiet > 0 and total > quiet):
            if total > 0 and quiet == 0:  # no noise at all: every band counts alike
                n = np.eye(3) * total * 1e-12
                horizontal, quiet = total * 1e-12, total * 3e-12
            else:
                return
        self.snr = max(self.snr, float(np.sqrt(total / quiet)))
        clean = c - n
        up = max(float(clean[0, 0]), 0.0)
        trust = up / (up + float(n[0, 0]))
        self.cross += trust * clean[0, 1:] / horizontal
        self.power += trust * up / horizontal
        self.scattered += (trust * up / horizontal) ** 2 / _FREEDOM
        self.matrix += clean * (1.0 - quiet / total) / horizontal

    def motion(self) -> PMotion:
        values, vectors = np.linalg.eigh(self.matrix)
        if not values[2] > 0:
            return PMotion(snr=self.snr, reason="P does not stand above the noise")
        rest = max(values[0], 0.0) + max(values[1], 0.0)
        straight = 1.0 - rest / (2.0 * float(values[2]))
        axis = vectors[:, 2] * (1.0 if vectors[0, 2] >= 0 else -1.0)
        regressed = self.power > 0
        slope = self.cross / self.power if regressed else axis[1:] * np.inf
        # noise of the horizontals, and what scattering makes of the wave itself
        spread = (
            np.sqrt(1.0 / (_FREEDOM * self.power) + _SCATTER**2 * self.scattered / self.power**2)
            if regressed
            else np.inf
        )
        if regressed and np.hypot(*slope) <= _STEEP:
            flat = float(np.hypot(*slope))
            turn = float(np.degrees(np.arctan2(spread, flat)))
            east, north = float(slope[1]), float(slope[0])
            tilt = float(np.degrees(spread / (1.0 + flat**2)))
            flat = float(np.sqrt(max(flat**2 - spread**2, 0.0)))  # noise lengthens it
            incidence = float(np.degrees(np.arctan(flat)))
            ambiguous = False
        else:
            flat = float(np.hypot(axis[1], axis[2]))
            noise = 1.0 / (_FREEDOM * max(float(values[2]), 1e-300)) + _SCATTER**2 / _FREEDOM
            lean = float(np.sqrt(noise))
            turn = float(np.degrees(np.arctan2(lean, flat)))
            tilt = float(np.degrees(np.arctan(lean)))
            east, north = float(axis[2]), float(axis[1])
            incidence = float(np.degrees(np.arctan2(flat, axis[0])))
            ambiguous = bool(90.0 - incidence < 2.0 * tilt)
        return PMotion(
            backazimuth=float((np.degrees(np.arctan2(east, north)) + 180.0) % 360.0),
            backazimuth_uncertainty=turn,
            incidence=incidence,
            incidence_uncertainty=tilt,
            rectilinearity=straight,
            snr=self.snr,
            ambiguous=ambiguous,
        )
