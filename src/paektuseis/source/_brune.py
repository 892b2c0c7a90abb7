"""Source spectra with attenuation fitted to many stations that share one corner frequency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray

GRID_PER_OCTAVE = 24
LARGEST_T_STAR = 0.25  # s
PLATEAU = 1.5  # the corner lies at least this factor above the lowest usable frequency
VAGUE = 0.5  # a corner whose standard error is a larger share of it is not known
MANY = 12  # spectra; fewer must be the clearer, as misfits they share do not average out
CLOSED = 2.25  # standard errors by which a corner far above all frequencies fits worse
NO_T_STAR = 0.005  # s: a median t* under this says that the corner has taken its part
RESOLVED = 1.25  # ... and this factor below the highest, to be called known


@dataclass(frozen=True, kw_only=True)
class SourceShape:
    """Fall of a source spectrum: (1 + (f/fc)**(gamma n))**(-1/gamma).

    n = 2, gamma = 1: Brune (1970); gamma = 2: Boatwright (1980).
    """

    n: float = 2.0
    gamma: float = 1.0

    def log_fall(self, frequencies: FloatArray, corner: FloatArray | float) -> FloatArray:
        """Return the natural logarithm of the shape.

        Parameters
        ----------
        frequencies : ndarray
            Hertz.
        corner : float or ndarray
            Corner frequency in hertz.

        Returns
        -------
        ndarray
            0 far below the corner.
        """
        power = self.gamma * self.n
        return np.asarray(-np.log1p((frequencies / corner) ** power) / self.gamma)


@dataclass(frozen=True, kw_only=True, eq=False)
class OneSpectrum:
    """What is fitted: frequencies, ln of displacement, and what is known of t*."""

    frequencies: FloatArray
    log_signal: FloatArray
    ratio: float = 1.0
    """Its corner over the corner sought."""
    t_star: float = nan
    """Mean of what is known beforehand (s), NaN: nothing."""
    t_star_error: float = inf
    """Its standard error; 0 fixes t*."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JointFit:
    """One corner; of each spectrum ln of the plateau and t*."""

    corner: float
    corner_error: float
    resolved: str
    """"" where the corner is known, else why not."""
    log_plateau: FloatArray
    log_plateau_error: FloatArray
    t_star: FloatArray
    rms: FloatArray
    """Of ln residuals, of each spectrum."""

    def of(self, keep: NDArray[np.bool_]) -> JointFit:
        """Return the fit with some of its spectra."""
        names = ("log_plateau", "log_plateau_error", "t_star", "rms")
        return replace(self, **{name: getattr(self, name)[keep] for name in names})


def fit_shared_corner(
    spectra: list[OneSpectrum], shape: SourceShape, noise: float = 0.35
) -> JointFit:
    """Fit spectra that share a corner frequency, in logarithms, by least squares.

    Parameters
    ----------
    spectra : list of OneSpectrum
    shape : SourceShape
    noise : float
        Standard deviation of ln amplitude in a bin that weighs what is known of t* beforehand
        against the spectrum.

    Returns
    -------
    JointFit

    Notes
    -----
    For a given corner the model is linear in the plateau's logarithm and t*; the corner itself is
    found on a grid of 24 an octave, then on a finer one between its points. The standard error is
    the larger of that of the misfit's curve (residuals of ln amplitude independent and alike) and
    of leaving out one spectrum at a time.
    """
    low = min(s.frequencies[0] / s.ratio for s in spectra)
    high = max(s.frequencies[-1] / s.ratio for s in spectra)
    octaves = np.log2(high / low) + 4
    grid = 0.25 * low * 2 ** (np.arange(int(octaves * GRID_PER_OCTAVE)) / GRID_PER_OCTAVE)
    misfit = np.array([_profile(s, grid, shape, noise)[0] for s in spectra])
    total = misfit.sum(axis=0)
    at = int(np.argmin(total))
    fine = grid[at] * 2 ** np.linspace(-1 / GRID_PER_OCTAVE, 1 / GRID_PER_OCTAVE, 41)
    corner = _minimum(fine, np.sum([_profile(s, fine, shape, noise)[0] for s in spectra], axis=0))
    count = sum(s.frequencies.size for s in spectra)
    free = count - 1 - sum(1 + (s.t_star_error > 0) for s in spectra)
    variance = max(total[at] / max(free, 1), 1e-6)
    below, above = _interval(grid, total, at, variance)
    error = 0.5 * (above - below)
    if len(spectra) > 2:
        without = np.log([_minimum(grid, total - one) for one in misfit])
        n = len(spectra)
        jackknife = sqrt((n - 1) / n * float(np.sum((without - without.mean()) ** 2)))
        error = max(error, corner * jackknife)
    closed = CLOSED * sqrt(max(MANY / len(spectra), 1.0))
    resolved = ""
    if corner < PLATEAU * low:
        resolved = f"corner {corner:.3g} Hz is not above the lowest usable frequency {low:.3g} Hz"
    elif corner * RESOLVED > high or not total[-1] > total[at] + closed**2 * variance:
        resolved = f"corner is near or above the highest usable frequency {high:.3g} Hz"
    elif not error <= VAGUE * corner:
        resolved = f"corner {corner:.3g} Hz is known to no better than {error:.2g} Hz"
    each = [_profile(s, np.array([corner]), shape, noise) for s in spectra]
    t_star = np.array([float(e[2][0]) for e in each])
    free_t = [t for t, s in zip(t_star, spectra, strict=True) if s.t_star_error > 0]
    if not resolved and len(free_t) > 1 and np.median(free_t) < NO_T_STAR:
        resolved = f"corner {corner:.3g} Hz leaves nothing to attenuation"
    rms = np.array(
        [
            sqrt(float(m[0]) / max(s.frequencies.size - 2, 1))
            for (m, *_), s in zip(each, spectra, strict=True)
        ]
    )
    spread = np.array([e[3] for e in each])
    return JointFit(
        corner=corner,
        corner_error=nan if resolved else error,
        resolved=resolved,
        log_plateau=np.array([float(e[1][0]) for e in each]),
        log_plateau_error=np.asarray(spread * np.maximum(rms, 0.05)),
        t_star=t_star,
        rms=rms,
    )


def _profile(
    one: OneSpectrum, grid: FloatArray, shape: SourceShape, noise: float
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Misfit, ln plateau and t* at each corner, and the plateau's error for residuals of 1."""
    f = one.frequencies
    y = one.log_signal - shape.log_fall(
        f[None, :], one.ratio * grid[:, None]
    )  # = ln plateau - pi f t*
    x = -np.pi * f
    xm, ym = x.mean(), y.mean(axis=1)
    if one.t_star_error == 0:
        t = np.full(len(grid), one.t_star)
        sxx = inf
    else:
        sxx = float(np.sum((x - xm) ** 2))
        sxy = (y - ym[:, None]) @ (x - xm)
        weight = (noise / one.t_star_error) ** 2 if np.isfinite(one.t_star) else 0.0
        t = (sxy + weight * (one.t_star if weight else 0.0)) / (sxx + weight)
        t = np.clip(t, 0.0, LARGEST_T_STAR)
        sxx += weight
    plateau = ym - xm * t
    misfit = np.sum((y - plateau[:, None] - x[None, :] * t[:, None]) ** 2, axis=1)
    if one.t_star_error > 0 and np.isfinite(one.t_star):
        misfit = misfit + (noise * (t - one.t_star) / one.t_star_error) ** 2
    return misfit, plateau, t, sqrt(1 / f.size + xm**2 / sxx)


def _minimum(grid: FloatArray, misfit: FloatArray) -> float:
    """Corner of the smallest misfit: that of the parabola through it and its neighbours."""
    at = int(np.argmin(misfit))
    if at in (0, len(grid) - 1):
        return float(grid[at])
    a, b, c = misfit[at - 1 : at + 2]
    curve = a - 2 * b + c
    shift = 0.5 * (a - c) / curve if curve > 0 else 0.0
    return float(grid[at] * (grid[1] / grid[0]) ** shift)


def _interval(
    grid: FloatArray, misfit: FloatArray, at: int, variance: float
) -> tuple[float, float]:
    """Where the misfit has grown by one variance on either side; infinite where it has not."""
    limit = misfit[at] + variance
    lower, upper = np.flatnonzero(misfit[:at] > limit), np.flatnonzero(misfit[at:] > limit)
    below = float(grid[lower[-1]]) if lower.size else 0.0
    above = float(grid[at + upper[0]]) if upper.size else inf
    return below, above
