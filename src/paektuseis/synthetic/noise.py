"""Ground noise between Peterson's low- and high-noise models, with gusts of wind."""

from __future__ import annotations

import numpy as np
import scipy.fft

from ..errors import ParameterError
from ..types import FloatArray
from ._random import NOISE, WIND, generator

BLOCK_SECONDS = 1200.0
OVERLAP_SECONDS = 200.0
WIND_FREQUENCY = 1.2  # Hz: above it the noise follows the wind
WIND_STRENGTH = 0.2  # standard deviation of the logarithm of the amplitude
_BLOCK_ZERO = 2**20  # blocks before the start have negative numbers; keys must not
_WIND_PERIODS = np.array([75.0, 130.0, 210.0, 370.0, 640.0, 1100.0])

ASSUMED_LEVELS: dict[str, float] = {
    "1U.JGPD": 0.50,
    "1U.PDBD": 0.49,
    "1U.MDPD": 0.44,
    "1U.SMSD": 0.42,
    "1U.PSRD": 0.44,
    "1U.SHRD": 0.42,
}
"""Noise level (0 = NLNM, 1 = NHNM, in dB) assumed for the verticals of network 1U.

No noise spectrum of these stations is published. The order follows the
long-period signal-to-noise ratios of a public full-waveform inversion and
the height of the stations (more wind at the summit); the numbers are assumed.
"""
DEFAULT_LEVEL = 0.45
HORIZONTAL_EXTRA = 0.02
ASSUMED_HORIZONTAL_EXTRA: dict[str, float] = {"1U.SMSD": 0.10}


def noise_level(station: str, component: str) -> float:
    """Return the assumed noise level of a station (``NET.STA``) and component (Z, N, E)."""
    level = ASSUMED_LEVELS.get(station, DEFAULT_LEVEL)
    if component != "Z":
        level += ASSUMED_HORIZONTAL_EXTRA.get(station, HORIZONTAL_EXTRA)
    return level


def noise_psd(frequencies: FloatArray, level: float) -> FloatArray:
    """Return the power spectral density of ground velocity at a noise level.

    Parameters
    ----------
    frequencies : ndarray, shape (nf,)
        Hertz.
    level : float
        0 is Peterson's (1993) low-noise model, 1 the high-noise model;
        between them the acceleration density is interpolated in decibels.

    Returns
    -------
    ndarray, shape (nf,)
        One-sided, in (m/s)²/Hz; 0 at frequency 0. The models end at 10 Hz:
        above, the acceleration density is held constant.

    References
    ----------
    Peterson, J. (1993). Observations and modeling of seismic background
    noise. USGS Open-File Report 93-322.
    """
    from obspy.signal.spectral_estimation import get_nhnm, get_nlnm  # slow to import

    if not 0 <= level <= 1:
        raise ParameterError(f"level={level}; give 0 (low-noise model) to 1 (high-noise model)")
    f = np.asarray(frequencies, dtype=np.float64)
    positive = f > 0
    log_f = np.log10(f[positive])
    decibels = np.zeros_like(log_f)
    for model, weight in ((get_nlnm, 1 - level), (get_nhnm, level)):
        periods, values = model()
        x = -np.log10(periods)
        order = np.argsort(x)
        decibels += weight * np.interp(log_f, x[order], np.asarray(values)[order])
    out = np.zeros_like(f)
    out[positive] = 10 ** (decibels / 10) / (2 * np.pi * f[positive]) ** 2
    return out


def noise_trace(
    npts: int,
    sampling_rate: float,
    *,
    level: float = DEFAULT_LEVEL,
    seed: int = 1,
    station: str = "",
    component: str = "Z",
    first: int = 0,
    wind: bool = True,
) -> FloatArray:
    """Return samples of ground noise.

    Parameters
    ----------
    npts : int
    sampling_rate : float
        Hertz.
    level : float, optional
        See :func:`noise_psd`.
    seed : int, optional
    station, component : str, optional
        Choose the random stream; the wind is common to a station's components.
    first : int, optional
        Index of the first sample; the noise is one endless series, of which
        any piece may be asked for.
    wind : bool, optional
        Whether slow gusts modulate what is above 1.2 Hz.

    Returns
    -------
    ndarray, shape (npts,)
        Ground velocity in m/s.

    Notes
    -----
    Blocks of 1200 s are coloured in the frequency domain and joined by
    cross-fading over 200 s with windows whose squares add up to one: memory
    does not grow with the length, and power is kept.
    """
    block = scipy.fft.next_fast_len(int(BLOCK_SECONDS * sampling_rate), real=True)
    overlap = int(OVERLAP_SECONDS * sampling_rate)
    hop = block - overlap
    f = np.asarray(np.fft.rfftfreq(block, 1 / sampling_rate), dtype=np.float64)
    amplitude = np.sqrt(noise_psd(f, level) * sampling_rate * block / 4)
    with np.errstate(divide="ignore"):
        octaves = np.log2(f / WIND_FREQUENCY)
    windy = 0.5 * (1 + np.tanh(2 * octaves))
    fade = np.sin(0.5 * np.pi * (np.arange(overlap) + 0.5) / overlap)
    out = np.zeros(npts)
    begin = (first - overlap) // hop
    for index in range(begin, (first + npts) // hop + 1):
        rng = generator(seed, NOISE, station, component, index + _BLOCK_ZERO)
        white = rng.standard_normal((2, f.size))
        spectrum = amplitude * (white[0] + 1j * white[1])
        x = scipy.fft.irfft(spectrum * (1 - windy), block)
        gusty = scipy.fft.irfft(spectrum * windy, block)
        if wind:
            gusty *= _wind(index * hop, block, sampling_rate, seed=seed, station=station)
        x += gusty
        x[:overlap] *= fade
        x[-overlap:] *= fade[::-1]
        low, high = max(index * hop, first), min(index * hop + block, first + npts)
        if low < high:
            out[low - first : high - first] += x[low - index * hop : high - index * hop]
    return out


def _wind(first: int, npts: int, sampling_rate: float, *, seed: int, station: str) -> FloatArray:
    """The wind factor at each sample, interpolated between whole seconds."""
    start, end = first / sampling_rate, (first + npts) / sampling_rate
    seconds = np.arange(np.floor(start), np.ceil(end) + 1.0)
    values = wind_factor(seconds, seed=seed, station=station)
    time = (first + np.arange(npts)) / sampling_rate
    return np.interp(time, seconds, values)


def wind_factor(time: FloatArray, *, seed: int, station: str) -> FloatArray:
    """Return the factor by which wind changes the noise amplitude (mean square 1)."""
    rng = generator(seed, WIND, station)
    phases = rng.uniform(0, 2 * np.pi, _WIND_PERIODS.size)
    weights = rng.uniform(0.5, 1.5, _WIND_PERIODS.size)
    weights *= WIND_STRENGTH * np.sqrt(2 / np.sum(weights**2))
    g = np.zeros_like(time)
    for period, phase, weight in zip(_WIND_PERIODS, phases, weights, strict=True):
        g += weight * np.cos(2 * np.pi * time / period + phase)
    return np.asarray(np.exp(g - WIND_STRENGTH**2), dtype=np.float64)
