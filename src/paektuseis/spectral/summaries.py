"""A spectrogram made smaller: by bands of a fraction of an octave, or to one spectrum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from obspy import UTCDateTime

from ..errors import ParameterError, WaveformError
from ..types import Band, FloatArray, Spectrogram, Spectrum
from ._average import chi2_median_bias

HANN_SHARED = (4.0 / 9.0, 1.0 / 36.0)
"""Squared correlation of a Hann periodogram between frequencies one and two bins apart."""


def octave_bands(
    spectrogram: Spectrogram,
    *,
    per_octave: int = 12,
    freqmin: float | None = None,
    freqmax: float | None = None,
) -> Spectrogram:
    """Mean power over bands of a fraction of an octave.

    Parameters
    ----------
    spectrogram : Spectrogram
        With evenly spaced frequencies, as :func:`spectrogram` makes it.
    per_octave : int, optional
        Bands in an octave. Their centres are ``2**(k / per_octave)`` Hz for whole numbers k, so
        that spectrograms of other windows and rates fall on the same bands.
    freqmin, freqmax : float, optional
        Keep only the bands with their centre between these (both included).

    Returns
    -------
    Spectrogram
        ``frequencies`` are the centres of the bands, ``values`` the mean of the densities of
        the frequencies in each band.

    Raises
    ------
    ParameterError
        If an option is out of its range, the frequencies are not evenly spaced, or no band is
        left.

    Notes
    -----
    Each frequency above 0 Hz belongs to the one band whose centre is nearest to it on the
    logarithmic axis. At low frequency, where bands are narrower than the distance of the
    frequencies, most bands hold none and are left out, and the others hold one: no value comes
    twice, and it stands at the band's centre, up to half a band (3 % for twelfths) from its
    own frequency. A band that reaches above the last frequency is left out.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> import paektuseis as ps
    >>> noise = obspy.Trace(np.random.default_rng(1).normal(size=12_000), {"delta": 0.01})
    >>> minutes = ps.spectrogram(noise, window=10.24, overlap=0.5, average=60)
    >>> minutes.values.shape, octave_bands(minutes).values.shape
    ((513, 2), (75, 2))
    """
    if not 1 <= per_octave <= 48:
        raise ParameterError(f"per_octave={per_octave}; give a whole number from 1 to 48")
    Band(freqmin=freqmin, freqmax=freqmax)
    f = spectrogram.frequencies
    spacing = float(f[-1] - f[0]) / max(len(f) - 1, 1)
    if len(f) < 2 or not np.allclose(np.diff(f), spacing, rtol=1e-6, atol=0.0):
        raise ParameterError("octave_bands needs evenly spaced frequencies, at least two")
    first = int(np.searchsorted(f, 1e-9 * spacing, side="right"))  # 0 Hz is in no octave
    band = np.floor(per_octave * np.log2(f[first:]) + 0.5).astype(np.int64)
    numbers, begin, size = np.unique(band, return_index=True, return_counts=True)
    centres = 2.0 ** (numbers / per_octave)
    good = centres * 2.0 ** (0.5 / per_octave) <= f[-1] + 0.5 * spacing
    good &= (freqmin is None or centres >= freqmin * (1 - 1e-9)) & (
        freqmax is None or centres <= freqmax * (1 + 1e-9)
    )
    if not good.any():
        raise ParameterError(
            f"no band of 1/{per_octave} octave between {freqmin or f[first]:g} and "
            f"{freqmax or f[-1]:g} Hz; widen the band or lower per_octave"
        )
    total = np.add.reduceat(spectrogram.values[first:], begin, axis=0)
    values = total[good] / size[good, None]
    dof = spectrogram.dof
    if dof is not None:
        dof = np.broadcast_to(dof, spectrogram.values.shape)[first:][begin][good]
        dof = dof * _independent(size[good])[:, None]
    return replace(
        spectrogram,
        frequencies=centres[good],
        values=values,
        dof=dof,
        method=f"{spectrogram.method}, mean over bands of 1/{per_octave} octave",
    )


def _independent(size: NDArray[np.int64]) -> FloatArray:
    """Return how many independent values a mean over adjoining Hann bins is worth."""
    n = size.astype(np.float64)
    shared = sum(
        2.0 * np.maximum(1.0 - lag / n, 0.0) * share for lag, share in enumerate(HANN_SHARED, 1)
    )
    return np.asarray(n / (1.0 + shared), dtype=np.float64)


def median_spectrum(spectrogram: Spectrogram) -> Spectrum:
    """Median over the columns of a spectrogram, freed of its bias.

    It passes over events that are short against the whole, and needs no more memory than the
    spectrogram.

    Parameters
    ----------
    spectrogram : Spectrogram
        Of power densities whose degrees of freedom are known (``dof``), as
        :func:`spectrogram`, :func:`minute_spectra` and :func:`octave_bands` make it.

    Returns
    -------
    Spectrum
        ``values`` (nf,) in the unit of the spectrogram; for a stationary signal the same
        density as :func:`power_spectral_density` estimates. ``coverage`` is the share of the
        columns that hold a value.

    Raises
    ------
    ParameterError
        If the degrees of freedom are not known.
    WaveformError
        If no column holds a value.

    Notes
    -----
    A column is the mean of K overlapping windows and follows, for a stationary signal, a
    chi-squared distribution with nearly the degrees of freedom of Welch (1967). Its median is
    below its mean: 0.69 of it for K = 1, 0.97 for the ten windows of a minute. The median
    over columns is divided by that ratio (its mean over the columns, where they differ).

    References
    ----------
    Welch, P. D. (1967), IEEE Trans. Audio Electroacoust. 15, 70-73.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> import paektuseis as ps
    >>> noise = obspy.Trace(np.random.default_rng(1).normal(size=360_000), {"delta": 0.01})
    >>> psd = median_spectrum(ps.spectrogram(noise, window=5, overlap=0.5, average=60))
    >>> round(float(psd.values[1:-1].mean() / 0.02), 2)
    1.0
    """
    if spectrogram.dof is None:
        raise ParameterError(
            "the spectrogram does not know the degrees of freedom of its values, which the bias "
            "of a median depends on; make it with paektuseis.spectrogram or minute_spectra"
        )
    good: NDArray[np.bool_] = np.asarray(np.isfinite(spectrogram.values).all(axis=0))
    if not good.any():
        raise WaveformError(f"the spectrogram of {spectrogram.trace_id} holds no value")
    values = np.median(spectrogram.values[:, good], axis=1)
    n = int(good.sum())
    bias = _bias(np.atleast_2d(spectrogram.dof)[:, good], n)
    span = len(good) * spectrogram.step + max(spectrogram.window - spectrogram.step, 0.0)
    start = spectrogram.starttime
    return Spectrum(
        frequencies=spectrogram.frequencies,
        values=values / bias,
        units=spectrogram.units,
        statistic=spectrogram.statistic,
        trace_id=spectrogram.trace_id,
        starttime=start,
        endtime=UTCDateTime(ns=start.ns + round(span * 1e9)),
        method=f"{spectrogram.method}, median of {n} columns freed of its bias",
        window=spectrogram.window,
        coverage=n / len(good),
    )


def _bias(dof: FloatArray, n: int) -> FloatArray:
    """Return median over mean, (nf,) or (1,), of columns with these degrees of freedom."""
    levels, where = np.unique(dof, return_inverse=True)
    ratio = chi2_median_bias(n, levels)
    return np.asarray(ratio[where.reshape(dof.shape)].mean(axis=1), dtype=np.float64)
