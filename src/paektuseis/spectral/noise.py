"""Peterson's new low- and high-noise models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..types import FloatArray
from ._windows import check_choice

ACCELERATION = "(m/s**2)**2/Hz"
# unit of the density -> times the model is divided by (2 pi f)**2
INTEGRATIONS = {ACCELERATION: 0, "(m/s)**2/Hz": 1, "(m)**2/Hz": 2, "m**2/Hz": 2}

# Peterson (1993): from each period (s) to the next, the level in dB relative to
# 1 (m/s**2)**2/Hz is A + B log10(period). Rows: period, A, B.
LOW = np.array(
    [
        (0.10, -162.36, 5.64),
        (0.17, -166.70, 0.00),
        (0.40, -170.00, -8.30),
        (0.80, -166.40, 28.90),
        (1.24, -168.60, 52.48),
        (2.40, -159.98, 29.81),
        (4.30, -141.10, 0.00),
        (5.00, -71.36, -99.77),
        (6.00, -97.26, -66.49),
        (10.00, -132.18, -31.57),
        (12.00, -205.27, 36.16),
        (15.60, -37.65, -104.33),
        (21.90, -114.37, -47.10),
        (31.60, -160.58, -16.28),
        (45.00, -187.50, 0.00),
        (70.00, -216.47, 15.70),
        (101.00, -185.00, 0.00),
        (154.00, -168.34, -7.61),
        (328.00, -217.43, 11.90),
        (600.00, -258.28, 26.60),
        (10000.00, -346.88, 48.75),
    ]
)
HIGH = np.array(
    [
        (0.10, -108.73, -17.23),
        (0.22, -150.34, -80.50),
        (0.32, -122.31, -23.87),
        (0.80, -116.85, 32.51),
        (3.80, -108.48, 18.08),
        (4.60, -74.66, -32.95),
        (6.30, 0.66, -127.18),
        (7.90, -93.37, -22.42),
        (15.40, 73.54, -162.98),
        (20.00, -151.52, 10.01),
        (354.80, -206.66, 31.63),
    ]
)
LONGEST_PERIOD = 100_000.0


@dataclass(frozen=True, kw_only=True, eq=False)
class NoiseModels:
    """The quietest and the noisiest ground of seismic stations worldwide.

    Attributes
    ----------
    frequencies : ndarray, shape (nf,)
        Hertz, ascending.
    low, high : ndarray, shape (nf,)
        Power spectral density in ``units`` (not decibels); NaN outside 1e-5 to 10 Hz.
    units : str
    """

    frequencies: FloatArray
    low: FloatArray
    high: FloatArray
    units: str = ACCELERATION

    def as_units(self, units: str) -> NoiseModels:
        """Return the models as acceleration, velocity or displacement density.

        Parameters
        ----------
        units : {"(m/s**2)**2/Hz", "(m/s)**2/Hz", "(m)**2/Hz"}

        Raises
        ------
        ParameterError
            If the unit is another, such as counts.
        """
        check_choice("units", units, tuple(INTEGRATIONS))
        power = 2.0 * (INTEGRATIONS[self.units] - INTEGRATIONS[units])
        factor = (2 * np.pi * self.frequencies) ** power
        return NoiseModels(
            frequencies=self.frequencies,
            low=self.low * factor,
            high=self.high * factor,
            units=units,
        )

    def decibels(self) -> tuple[FloatArray, FloatArray]:
        """Return ``low`` and ``high`` in dB relative to one ``units``."""
        return 10 * np.log10(self.low), 10 * np.log10(self.high)


def noise_models(frequencies: Any = None, *, units: str = ACCELERATION) -> NoiseModels:
    """Peterson's (1993) new low-noise and high-noise models (NLNM, NHNM).

    Parameters
    ----------
    frequencies : array_like, shape (nf,), optional
        Hertz, positive and ascending; by default 400 from 1e-5 to 10 Hz, evenly spaced on a
        logarithmic axis.
    units : str, optional
        ``"(m/s**2)**2/Hz"``, ``"(m/s)**2/Hz"`` or ``"(m)**2/Hz"``.

    Returns
    -------
    NoiseModels

    Raises
    ------
    ParameterError
        If a frequency is not positive, or the unit is no ground motion.

    References
    ----------
    Peterson, J. (1993), Observations and modeling of seismic background noise, U.S. Geol.
    Surv. Open-File Rep. 93-322, Tables 3 and 4.

    Examples
    --------
    >>> low, high = noise_models([0.2, 1.0]).decibels()
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([-141.1, -166.4], [-97.69, -116.85])
    """
    if frequencies is None:
        frequencies = np.geomspace(1 / LONGEST_PERIOD, 10.0, 400)
    axis = np.atleast_1d(np.asarray(frequencies, dtype=np.float64))
    if not (np.all(axis > 0) and np.all(np.diff(axis) > 0)):
        raise ParameterError("frequencies must be positive and ascending; leave out 0 Hz")
    models = NoiseModels(frequencies=axis, low=_level(LOW, axis), high=_level(HIGH, axis))
    return models if units == ACCELERATION else models.as_units(units)


def _level(table: FloatArray, frequencies: FloatArray) -> FloatArray:
    period = 1.0 / frequencies
    row = np.searchsorted(table[:, 0], period * (1 + 1e-12), side="right") - 1
    row = np.clip(row, 0, len(table) - 1)
    level = table[row, 1] + table[row, 2] * np.log10(period)
    inside = (period >= 0.1 * (1 - 1e-12)) & (period <= LONGEST_PERIOD * (1 + 1e-12))
    return np.where(inside, 10.0 ** (level / 10), np.nan)
