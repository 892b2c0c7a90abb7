"""Displacement spectra of one phase at one station, in bins that are even in log frequency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from obspy import Inventory, Trace, UTCDateTime

from ..errors import ParameterError, WaveformError
from ..types import FloatArray
from ._records import Sensor, motion_factor
from .local import fade

TAPER_SHARE = 0.1  # of a window, at each end
LEAD_SHARE = 0.15  # of a window, before the arrival
BINS_PER_DECADE = 20
GUARD = 0.3  # s before P that are no noise any more
CLEAR_SHARE = 0.75  # of the bins of a usable band
CODA_SNR = 1.5  # amplitude of S over that of the coda of P, at least
ONSET_GUARD = 0.1  # s before S that are no coda of P any more
NOISE_SECONDS = 60.0
MOST_NOISE = 16  # windows of noise that are averaged


@dataclass(frozen=True, kw_only=True, eq=False)
class PhaseSpectrum:
    """Amplitude spectrum of displacement in m s, vector sum of the components.

    ``signal`` has the noise's power taken off; ``usable`` marks the bins of the band that is used.
    """

    trace_ids: tuple[str, ...]
    frequencies: FloatArray
    signal: FloatArray
    noise: FloatArray
    usable: NDArray[np.bool_]
    window: float
    remark: str

    @property
    def snr(self) -> float:
        """Median signal over noise of the usable band."""
        with np.errstate(divide="ignore"):
            return float(np.median((self.signal / self.noise)[self.usable]))


def phase_spectrum(
    sensor: Sensor,
    components: list[str],
    arrival: UTCDateTime,
    first: UTCDateTime,
    length: float,
    inventory: Inventory,
    *,
    freqmin: float | None,
    freqmax: float | None,
    min_snr: float,
    scale: float,
    earlier: float = 0.0,
) -> PhaseSpectrum:
    """Measure the spectrum of ``length`` seconds around an arrival against the noise before P.

    Parameters
    ----------
    sensor, components
        What is read; the power of the components is added.
    arrival, first : UTCDateTime
        Of this phase, and of P (where the noise ends).
    length : float
        Seconds of window.
    inventory : Inventory
    freqmin, freqmax : float or None
        Limits beside those of the window and the sampling rate.
    min_snr : float
        A bin whose amplitude is not so many times the noise is not usable.
    scale : float
        Factor of the amplitude (missing components).
    earlier : float
        Seconds straight before the arrival that hold the coda of P: the larger of it and of the
        noise is taken off, and a bin that does not stand 1.5 times above it is not usable.

    Raises
    ------
    WaveformError
        If a window is not covered, or nothing stands above the noise.
    """
    begin = arrival - LEAD_SHARE * length
    before = first - GUARD - LEAD_SHARE * length
    power: list[FloatArray] = []
    quiet: list[FloatArray] = []
    wake: list[FloatArray] = []
    remarks: set[str] = set()
    edges = centres = np.zeros(0)
    for component in components:
        trace = sensor.window(component, begin, begin + length)
        rate = float(trace.stats.sampling_rate)
        count = round(length * rate)
        if not power:
            edges, centres = _bins(length, rate, freqmin, freqmax, trace.id)
        frequencies = np.fft.rfftfreq(_size(count), 1 / rate)
        chosen = (frequencies >= edges[0]) & (frequencies < edges[-1])
        factor, remark = motion_factor(trace, inventory, frequencies[chosen], arrival)
        gain = np.abs(factor)
        remarks.add(remark)
        start = round((begin - trace.stats.starttime) * rate)
        bins = np.searchsorted(edges, frequencies[chosen], side="right") - 1
        each = np.bincount(bins, minlength=len(centres))
        window = trace.data[None, start : start + count]
        signal = _periodograms(window, count, rate)[0, chosen] / gain**2
        noise = _noise(trace, before, count, rate)[chosen] / gain**2
        coda = _coda(trace, arrival, earlier, count, rate)[chosen] / gain**2
        power.append(np.bincount(bins, signal, len(centres)) / np.maximum(each, 1))
        quiet.append(np.bincount(bins, noise, len(centres)) / np.maximum(each, 1))
        wake.append(np.bincount(bins, coda, len(centres)) / np.maximum(each, 1))
    total, level, coda = (scale**2 * np.sum(x, axis=0) for x in (power, quiet, wake))
    clear = (total > min_snr**2 * level) & (total > CODA_SNR**2 * coda)
    level = np.maximum(level, coda)
    usable = _longest(clear & (total > 0), centres)
    if not usable.any():
        raise WaveformError(
            f"{sensor.name}: no frequency from {centres[0]:.3g} to {centres[-1]:.3g} Hz stands "
            f"{min_snr:g} times above the noise"
        )
    with np.errstate(invalid="ignore"):
        signal = np.sqrt(np.maximum(total - level, 0.0))
    return PhaseSpectrum(
        trace_ids=tuple(sensor.trace_id(c) for c in components),
        frequencies=centres,
        signal=signal,
        noise=np.sqrt(level),
        usable=usable,
        window=length,
        remark="; ".join(sorted(r for r in remarks if r)),
    )


def _size(count: int) -> int:
    from scipy.fft import next_fast_len

    return int(next_fast_len(4 * count, real=True))


def _bins(
    length: float, rate: float, freqmin: float | None, freqmax: float | None, trace_id: str
) -> tuple[FloatArray, FloatArray]:
    """Edges and centres: one resolution wide at least, even in log frequency above."""
    low = max(1.0 / length, freqmin or 0.0)
    high = 0.6 * rate / 2
    if freqmax is not None:
        if freqmax >= rate / 2:
            raise ParameterError(
                f"freqmax={freqmax:g} Hz is at or above the Nyquist frequency {rate / 2:g} Hz of "
                f"{trace_id}; lower it or leave the channel out"
            )
        high = freqmax
    edges = [low]
    ratio = 10 ** (1 / BINS_PER_DECADE)
    while edges[-1] < high:
        edges.append(max(edges[-1] * ratio, edges[-1] + 1 / length))
    if len(edges) < 6:
        raise ParameterError(
            f"{trace_id}: {low:.3g} to {high:.3g} Hz holds too few frequencies for a window of "
            f"{length:.3g} s"
        )
    out = np.array(edges)
    return out, np.sqrt(out[1:] * out[:-1])


def _periodograms(windows: NDArray[np.generic], count: int, rate: float) -> FloatArray:
    """Squared amplitude spectra (unit s)**2 of tapered windows (rows), padded to one length."""
    from scipy.fft import rfft

    data = np.asarray(windows, dtype=np.float64)
    data = data - data.mean(axis=1, keepdims=True)
    width = data.shape[1]
    place = np.arange(width) - 0.5 * (width - 1)
    data -= np.outer(data @ place / (place @ place), place)
    weight = np.ones(width)
    fade(weight, round(TAPER_SHARE * width))
    return np.asarray(np.abs(rfft(data * weight, _size(count), axis=1) / rate) ** 2)


def _noise(trace: Trace, until: UTCDateTime, count: int, rate: float) -> FloatArray:
    """Mean of the noise's periodograms before an instant, as of a window of ``count`` samples."""
    end = round((until - trace.stats.starttime) * rate)
    start = max(0, end - round(NOISE_SECONDS * rate))
    width = min(count, end - start)
    if width < max(0.5 * count, 20):
        raise WaveformError(
            f"{trace.id}: {max(end - start, 0) / rate:.3g} s of record before P, too little noise "
            f"to judge a window of {count / rate:.3g} s; give a longer record"
        )
    step = max(width // 2, (end - start) // MOST_NOISE, 1)
    starts = range(end - width, start - 1, -step)
    windows = sliding_window_view(trace.data, width)[np.array(starts)]
    return np.asarray(_periodograms(windows, count, rate).mean(axis=0) * count / width)


def _coda(
    trace: Trace, arrival: UTCDateTime, seconds: float, count: int, rate: float
) -> FloatArray:
    """Periodogram of what precedes an arrival, as of a window of ``count`` samples."""
    end = round((arrival - ONSET_GUARD - trace.stats.starttime) * rate)
    width = min(round(seconds * rate), count, end)
    if width < 20:
        return np.zeros(_size(count) // 2 + 1)
    part = _periodograms(trace.data[None, end - width : end], count, rate)[0]
    return np.asarray(part * count / width)


def _longest(clear: NDArray[np.bool_], centres: FloatArray) -> NDArray[np.bool_]:
    """Clear bins of the widest band (in octaves) with ``CLEAR_SHARE`` of its bins clear."""
    best, widest = np.zeros(len(clear), dtype=np.bool_), 0.0
    at = np.flatnonzero(clear)
    count = np.arange(1, len(at) + 1)
    for i, a in enumerate(at):
        share = count[: len(at) - i] / (at[i:] - a + 1)
        b = int(at[i:][np.flatnonzero(share >= CLEAR_SHARE)[-1]])
        if centres[b] / centres[a] > widest:
            widest = float(centres[b] / centres[a])
            best[:] = False
            best[a : b + 1] = clear[a : b + 1]
    return best
