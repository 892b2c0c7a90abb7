"""Numbers that describe a spectrum: where its energy lies and how widely.

Each takes a :class:`~paektuseis.types.Spectrum` of either kind and says whether
it works on power S (the square of an amplitude spectrum) or on amplitude A (the
square root of a power spectral density). 0 Hz is never used.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import ParameterError
from ..types import Band, FloatArray, Spectrum

LOW_BAND = (1.0, 2.0)
HIGH_BAND = (10.0, 20.0)


def dominant_frequency(
    spectrum: Spectrum, *, freqmin: float | None = None, freqmax: float | None = None
) -> float:
    """Frequency of the largest power, refined between the samples of the spectrum.

    A parabola through the logarithm of the peak and its two neighbours; the
    result lies within half a frequency step of the largest sample.

    Parameters
    ----------
    spectrum : Spectrum
    freqmin, freqmax : float, optional
        Hertz; only this part of the spectrum is looked at (nothing is filtered).

    Returns
    -------
    float
        Hertz; NaN if the band holds no energy.

    Raises
    ------
    ParameterError
        If the band lies above the spectrum's last frequency or holds no sample of it.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> from paektuseis.spectral import amplitude_spectrum
    >>> tone = obspy.Trace(np.sin(2 * np.pi * 3 * np.arange(6000) / 100), {"delta": 0.01})
    >>> round(dominant_frequency(amplitude_spectrum(tone)), 3)
    3.0
    """
    f, s = _power(spectrum, freqmin, freqmax)
    if not s.sum() > 0:
        return math.nan
    k = int(np.argmax(s))
    if 0 < k < len(s) - 1 and s[k - 1] > 0 and s[k + 1] > 0:
        left, top, right = np.log(s[k - 1 : k + 2])
        bend = left - 2 * top + right
        if bend < 0:
            shift = 0.5 * (left - right) / bend
            return float(f[k] + shift * (f[k + 1] - f[k]))
    return float(f[k])


def centroid_frequency(
    spectrum: Spectrum, *, freqmin: float | None = None, freqmax: float | None = None
) -> float:
    """Mean frequency weighted by power, ``sum(f S) / sum(S)``.

    Parameters
    ----------
    spectrum : Spectrum
    freqmin, freqmax : float, optional
        Hertz; the part of the spectrum used.

    Returns
    -------
    float
        Hertz; NaN if the band holds no energy.

    Raises
    ------
    ParameterError
        If the band lies above the spectrum's last frequency or holds no sample of it.
    """
    f, s = _power(spectrum, freqmin, freqmax)
    total = float(s.sum())
    return float(np.dot(f, s)) / total if total > 0 else math.nan


def central_frequency(
    spectrum: Spectrum, *, freqmin: float | None = None, freqmax: float | None = None
) -> float:
    """Central frequency ``sqrt(m2 / m0)``, ``mk`` the integral of ``f**k S``.

    Parameters
    ----------
    spectrum : Spectrum
    freqmin, freqmax : float, optional
        Hertz; the part of the spectrum used.

    Returns
    -------
    float
        Hertz; NaN if the band holds no energy.

    Raises
    ------
    ParameterError
        If the band lies above the spectrum's last frequency or holds no sample of it.

    References
    ----------
    Vanmarcke, E. H. (1970), Parameters of the spectral density function, MIT R70-58.
    Galluzzo, D. et al. (2020), Adv. Geosci. 52, 67 (Vesuvius: separates VT from LF).
    """
    m0, _, m2 = _moments(*_power(spectrum, freqmin, freqmax))
    return math.sqrt(m2 / m0) if m0 > 0 else math.nan


def shape_factor(
    spectrum: Spectrum, *, freqmin: float | None = None, freqmax: float | None = None
) -> float:
    """Shape factor ``sqrt(1 - m1**2 / (m0 m2))``: 0 for a tone, larger for a wide spectrum.

    Parameters
    ----------
    spectrum : Spectrum
    freqmin, freqmax : float, optional
        Hertz; the part of the spectrum used.

    Returns
    -------
    float
        0 to 1; NaN if the band holds no energy.

    Raises
    ------
    ParameterError
        If the band lies above the spectrum's last frequency or holds no sample of it.

    References
    ----------
    Vanmarcke, E. H. (1970), Parameters of the spectral density function, MIT R70-58.
    """
    m0, m1, m2 = _moments(*_power(spectrum, freqmin, freqmax))
    return math.sqrt(max(0.0, 1.0 - m1 * m1 / (m0 * m2))) if m0 > 0 else math.nan


def bandwidth(
    spectrum: Spectrum, *, freqmin: float | None = None, freqmax: float | None = None
) -> float:
    """Width of the peak at 0.707 of the peak amplitude (half the power).

    From the largest sample outwards on both sides to where the spectrum first
    falls below half its power, interpolated linearly in power.

    Parameters
    ----------
    spectrum : Spectrum
        Smooth it first (``smoothing=``, or a Welch estimate): the peak of a raw transform is
        one sample wide.
    freqmin, freqmax : float, optional
        Hertz; the part of the spectrum used. A side that does not fall below ends there.

    Returns
    -------
    float
        Hertz; NaN if the band holds no energy.

    Raises
    ------
    ParameterError
        If the band lies above the spectrum's last frequency or holds no sample of it.
    """
    f, s = _power(spectrum, freqmin, freqmax)
    if not s.sum() > 0:
        return math.nan
    k, half = int(np.argmax(s)), float(s.max()) / 2
    return _fall(f[k:], s[k:], half) - _fall(f[k::-1], s[k::-1], half)


def spectral_entropy(
    spectrum: Spectrum, *, freqmin: float | None = None, freqmax: float | None = None
) -> float:
    """Entropy of the power as a distribution over the K frequencies, ``-sum(p ln p) / ln K``.

    Parameters
    ----------
    spectrum : Spectrum
    freqmin, freqmax : float, optional
        Hertz; the part of the spectrum used.

    Returns
    -------
    float
        0 (one frequency) to 1 (all alike); NaN if the band holds no energy.

    Raises
    ------
    ParameterError
        If the band lies above the spectrum's last frequency or holds no sample of it.
    """
    _, s = _power(spectrum, freqmin, freqmax)
    total = float(s.sum())
    if not total > 0:
        return math.nan
    if len(s) == 1:
        return 0.0
    p = s[s > 0] / total
    return float(max(0.0, -np.sum(p * np.log(p)) / math.log(len(s))))


def frequency_index(
    spectrum: Spectrum,
    *,
    low: tuple[float, float] = LOW_BAND,
    high: tuple[float, float] = HIGH_BAND,
) -> float:
    """Frequency index ``log10(mean A in high / mean A in low)``.

    On amplitude. With the default bands and one station's unfiltered waveform,
    above -0.4 is a volcano-tectonic, below -1.3 a low-frequency event, between
    them a hybrid (Augustine; another volcano needs its own limits).

    Parameters
    ----------
    spectrum : Spectrum
        Of unfiltered data, best an amplitude spectrum.
    low, high : (float, float), optional
        The two bands in hertz, ends included.

    Returns
    -------
    float
        NaN if a band holds no energy.

    Raises
    ------
    ParameterError
        If a band lies above the spectrum's last frequency or holds no sample of it.

    References
    ----------
    Buurman, H. and West, M. E. (2010), U.S. Geol. Surv. Prof. Pap. 1769, ch. 2.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> from paektuseis.spectral import amplitude_spectrum
    >>> t = np.arange(6000) / 100
    >>> x = np.sin(2 * np.pi * 1.5 * t) + 0.1 * np.sin(2 * np.pi * 15 * t)
    >>> spectrum = amplitude_spectrum(obspy.Trace(x, {"delta": 0.01}), taper=0)
    >>> round(frequency_index(spectrum, low=(1.4, 1.6), high=(14.9, 15.1)), 3)
    -1.0
    """
    means = []
    for name, band in (("low", low), ("high", high)):
        if len(band) != 2 or None in band:
            raise ParameterError(f"{name}={band}; give two frequencies in hertz")
        _, s = _power(spectrum, *band)
        means.append(float(np.sqrt(s).mean()))
    return math.log10(means[1] / means[0]) if means[0] > 0 and means[1] > 0 else math.nan


def band_used(
    spectrum: Spectrum, freqmin: float | None, freqmax: float | None
) -> tuple[float, float]:
    """Return the first and last frequency of the spectrum inside a band."""
    f, _ = _power(spectrum, freqmin, freqmax)
    return float(f[0]), float(f[-1])


def _power(
    spectrum: Spectrum, freqmin: float | None, freqmax: float | None
) -> tuple[FloatArray, FloatArray]:
    """Return frequencies and power in the band, both ends included, without 0 Hz."""
    if not isinstance(spectrum, Spectrum):
        raise ParameterError(
            f"expected a Spectrum, not {type(spectrum).__name__}; make one with "
            "amplitude_spectrum or power_spectral_density"
        )
    band = Band(freqmin=freqmin, freqmax=freqmax)
    f = spectrum.frequencies
    step = float(f[1] - f[0]) if len(f) > 1 else 0.0
    top = float(f[-1]) + step / 2  # an odd number of samples ends half a step below Nyquist
    for name in ("freqmin", "freqmax"):
        value = getattr(band, name)
        if value is not None and value > top * (1 + 1e-9):
            raise ParameterError(
                f"{name}={value:g} Hz is above {f[-1]:g} Hz, where the spectrum of "
                f"{spectrum.trace_id} ends; lower {name}"
            )
    slack = 1e-6 * step
    inside = f > 0
    if band.freqmin is not None:
        inside &= f >= band.freqmin - slack
    if band.freqmax is not None:
        inside &= f <= band.freqmax + slack
    if not inside.any():
        raise ParameterError(
            f"no sample of the spectrum of {spectrum.trace_id} lies in {band.text}; its step is "
            f"{step:g} Hz: widen the band or take a longer record"
        )
    values = spectrum.values[inside]
    return f[inside], values if spectrum.is_power else values**2


def _moments(f: FloatArray, s: FloatArray) -> tuple[float, float, float]:
    if len(f) == 1:
        return float(s[0]), float(f[0] * s[0]), float(f[0] ** 2 * s[0])
    # the trapezium rule by hand: numpy 1 and 2 name it differently
    width = np.empty_like(f)
    width[1:-1] = (f[2:] - f[:-2]) / 2
    width[0], width[-1] = (f[1] - f[0]) / 2, (f[-1] - f[-2]) / 2
    m0, m1, m2 = (float(np.sum(width * f**k * s)) for k in range(3))
    return m0, m1, m2


def _fall(f: FloatArray, s: FloatArray, half: float) -> float:
    """Return where ``s``, from its largest first value on, falls below ``half``."""
    below = np.flatnonzero(s < half)
    if not below.size:
        return float(f[-1])
    k = int(below[0])
    share = (s[k - 1] - half) / (s[k - 1] - s[k])
    return float(f[k - 1] + share * (f[k] - f[k - 1]))
