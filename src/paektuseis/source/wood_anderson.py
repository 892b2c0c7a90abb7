"""The Wood-Anderson seismograph: its response, a record through it, the amplitude read off."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..types import FloatArray

MEASURES = ("zero_to_peak", "half_peak_to_peak")


@dataclass(frozen=True, kw_only=True)
class WoodAnderson:
    """A torsion seismograph of Wood and Anderson: what local magnitudes are defined on.

    Attributes
    ----------
    gain : float
        Static magnification: 2080 as measured (Uhrhammer & Collins 1990) or 2800 as the maker
        stated. The difference is 0.129 in magnitude.
    period : float
        Free period in s.
    damping : float
        Share of critical damping: 0.7 in the IASPEI standard, 0.8 of the nominal instrument.

    Raises
    ------
    ParameterError
        If one is no positive number, or the damping is not below 1.

    References
    ----------
    Uhrhammer, R. A. and Collins, E. R. (1990). Bull. Seismol. Soc. Am. 80(3), 702-716.
    Bormann, P. and Dewey, J. W. (2014). The IASPEI standards for determining magnitudes, NMSOP-2
    information sheet 3.3, doi:10.2312/GFZ.NMSOP-2_IS_3.3.

    Examples
    --------
    >>> [complex(round(p.real, 5), round(p.imag, 5)) for p in WoodAnderson().poles]
    [(-5.49779+5.60886j), (-5.49779-5.60886j)]
    """

    gain: float = 2080.0
    period: float = 0.8
    damping: float = 0.7

    def __post_init__(self) -> None:
        for name in ("gain", "period", "damping"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise ParameterError(f"{name}={value} of a Wood-Anderson; give a positive number")
        if self.damping >= 1:
            raise ParameterError(
                f"damping={self.damping} of a Wood-Anderson; give a share of the critical below 1"
            )

    @property
    def poles(self) -> tuple[complex, complex]:
        """Poles in rad/s; of ground displacement there are two zeros at 0."""
        omega = 2 * pi / self.period
        real, imag = -self.damping * omega, omega * sqrt(1 - self.damping**2)
        return complex(real, imag), complex(real, -imag)

    def response(self, frequencies: ArrayLike) -> NDArray[np.complex128]:
        """Return trace over ground displacement without the magnification, 1 far above 1.25 Hz.

        Parameters
        ----------
        frequencies : array_like
            Hertz, zero or more.

        Returns
        -------
        ndarray of complex128
            ``s**2 / ((s - p1) (s - p2))`` with s = 2 pi i f.
        """
        s = 2j * np.pi * np.asarray(frequencies, dtype=np.float64)
        p1, p2 = self.poles
        return np.asarray(s**2 / ((s - p1) * (s - p2)), dtype=np.complex128)


def cosine_flanks(
    frequencies: FloatArray, corners: tuple[float, float, float, float]
) -> FloatArray:
    """Return 0 below the first and above the fourth corner, 1 between the second and third."""
    f1, f2, f3, f4 = corners
    up = np.clip((frequencies - f1) / (f2 - f1), 0.0, 1.0)
    down = np.clip((f4 - frequencies) / (f4 - f3), 0.0, 1.0)
    return np.asarray(0.25 * (1 - np.cos(np.pi * up)) * (1 - np.cos(np.pi * down)))


def read_amplitude(samples: FloatArray, measure: str) -> tuple[float, int]:
    """Return an amplitude and the sample it stands at.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        Without offset.
    measure : {"zero_to_peak", "half_peak_to_peak"}
        Largest absolute value, or half the largest sum of two neighbouring swings to opposite
        sides of zero. Crests are those of the parabola through the largest sample and its
        neighbours (at eight samples a period the largest sample may be 7 % under the crest).

    Returns
    -------
    amplitude : float
    index : int
        Of the largest absolute value (of the larger of the two swings).
    """
    if measure not in MEASURES:
        raise ParameterError(f"measure={measure!r}; choose {' or '.join(MEASURES)}")
    size = np.abs(samples)
    if measure == "zero_to_peak":
        index = int(np.argmax(size))
        return _crest(samples, index), index
    starts = np.concatenate(([0], np.flatnonzero(np.diff(samples >= 0)) + 1))
    swings = np.maximum.reduceat(size, starts)
    ends = np.append(starts[1:], len(samples))
    if len(swings) < 2:
        return 0.5 * float(swings[0]), int(np.argmax(size))
    pair = int(np.argmax(swings[:-1] + swings[1:]))
    two = zip(starts[pair : pair + 2], ends[pair : pair + 2], strict=True)
    tops = [int(a + np.argmax(size[a:b])) for a, b in two]
    crests = [_crest(samples, top) for top in tops]
    return 0.5 * sum(crests), tops[int(np.argmax(crests))]


def _crest(samples: FloatArray, index: int) -> float:
    """Height of a crest between its samples: that of the parabola through three."""
    if not 0 < index < len(samples) - 1:
        return float(abs(samples[index]))
    before, top, after = np.sign(samples[index]) * samples[index - 1 : index + 2]
    bend = before - 2 * top + after
    if bend >= 0:
        return float(top)
    return float(min(top - (after - before) ** 2 / (8 * bend), 1.25 * top))
