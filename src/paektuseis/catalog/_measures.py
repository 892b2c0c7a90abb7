"""Measures of one vertical record of an event: plain arrays in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, log10, nan

import numpy as np
from scipy.signal import butter, sosfilt

from ..types import FloatArray

BANDS = {"low": (0.5, 2.0), "mid": (2.0, 5.0), "high": (5.0, 15.0)}
_RISEN = 4.0  # power over the noise's that counts as signal
_PAUSE = 6.0  # s below it that end an event
_MEDIAN = 0.6931  # median of a power that has mean 1 (chi-square of two degrees)


@dataclass(kw_only=True)
class Measures:
    """What one vertical record says of an event (NaN where it says nothing)."""

    trace_id: str
    onset: float = nan  # s from the start of the record
    end: float = nan
    values: dict[str, float] = field(default_factory=dict)

    @property
    def snr(self) -> float:
        return self.values.get("snr", nan)


def frames(x: FloatArray, rate: float, seconds: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return times of centres (s), frequencies (Hz) and power (frame, frequency)."""
    n = max(16, round(seconds * rate))
    hop = max(1, n // 4)
    if len(x) < n:
        return np.empty(0), np.fft.rfftfreq(n, 1 / rate), np.empty((0, n // 2 + 1))
    view = np.lib.stride_tricks.sliding_window_view(x, n)[::hop]
    window = np.hanning(n)
    view = view - view.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(view * window, axis=1)) ** 2 / (rate * (window**2).sum())
    centres = (np.arange(len(view)) * hop + n / 2) / rate
    return centres, np.fft.rfftfreq(n, 1 / rate), power


def measure(x: FloatArray, rate: float, trigger: float, pick: float, name: str) -> Measures:
    """Measure one record; ``trigger`` and ``pick`` in seconds from its start."""
    found = Measures(trace_id=name)
    t, f, power = frames(x, rate, 2.56)
    start = pick if isfinite(pick) else trigger
    quiet = t < start - 2.5
    if quiet.sum() < 5 or (t > start).sum() < 5:
        return found
    noise = np.median(power[quiet], axis=0) / _MEDIAN
    ratios = {}
    for band, (low, high) in BANDS.items():
        inside = (f >= low) & (f <= high)
        if high * 0.99 > rate / 2 or not noise[inside].sum() > 0:
            continue
        ratio = power[:, inside].sum(axis=1) / noise[inside].sum()
        calm = np.quantile(ratio[quiet], 0.9)
        ratios[band] = ratio / max(calm, 1.0)
    if not ratios:
        return found
    risen = np.max(list(ratios.values()), axis=0)
    after = t >= start - 4.0
    first, last = _span(t, risen, after)
    span = (t >= first) & (t <= last) if isfinite(first) else (t >= start) & (t < start + 10.0)
    for band, ratio in ratios.items():
        found.values[f"snr_{band}"] = float(np.sqrt(ratio[span].max()))
    found.values["snr"] = max(found.values.values())
    if not isfinite(first):
        first, last = start, start + 10.0
    found.onset = pick if isfinite(pick) else max(first - 0.64, 0.0)
    found.end = last
    signal = np.maximum(power[span] - noise, 0.0)
    _shape(found, t[span], f, signal, ratios, span, quiet, rate)
    _envelope(found, x, rate, quiet_end=start - 2.0)
    return found


def _span(t: FloatArray, risen: FloatArray, after: FloatArray) -> tuple[float, float]:
    """First and last instant of the run that holds the strongest frame."""
    above = np.flatnonzero((risen > _RISEN) & after)
    if not above.size:
        return nan, nan
    breaks = np.flatnonzero(np.diff(t[above]) > _PAUSE)
    groups = np.split(above, breaks + 1)
    best = max(groups, key=lambda g: float(np.log(risen[g]).sum()))
    return float(t[best[0]]), float(t[best[-1]])


def _shape(
    found: Measures,
    t: FloatArray,
    f: FloatArray,
    signal: FloatArray,
    ratios: dict[str, FloatArray],
    span: FloatArray,
    quiet: FloatArray,
    rate: float,
) -> None:
    v = found.values
    v["duration"] = float(t[-1] - t[0]) if len(t) else nan
    total = signal.sum(axis=0)
    inside = (f >= 0.5) & (f <= min(20.0, 0.45 * rate))
    weight = total[inside]
    if not weight.sum() > 0:
        return
    p = weight / weight.sum()
    v["centroid_frequency"] = float((f[inside] * p).sum())
    v["bandwidth"] = float(np.sqrt(((f[inside] - v["centroid_frequency"]) ** 2 * p).sum()))
    v["spectral_entropy"] = float(-(p[p > 0] * np.log(p[p > 0])).sum() / np.log(len(p)))
    energy = signal[:, inside].sum(axis=1)
    peak = f[inside][signal[:, inside].argmax(axis=1)]
    strong = energy > 0.1 * energy.max()
    v["dominant_frequency"] = float(f[inside][weight.argmax()])
    v["dominant_frequency_std"] = float(np.std(peak[strong])) if strong.sum() > 2 else nan
    v["peak_delay"] = float(t[energy.argmax()] - t[0])
    share = np.cumsum(energy) / energy.sum()
    v["significant_duration"] = float(
        np.interp(0.95, share, t) - np.interp(0.05, share, t) if len(t) > 1 else nan
    )
    upper = (f >= 5.0) & (f <= 15.0)
    if upper.any():
        v["peak_delay_high"] = float(t[signal[:, upper].sum(axis=1).argmax()] - t[0])
    v["low_peak"] = _low_peak(f, total)
    late = signal[energy.argmax() + 4 : energy.argmax() + 16]
    v["low_peak_coda"] = _low_peak(f, late.sum(axis=0)) if len(late) > 2 else nan
    v["fi_onset"] = _index(f, signal[:5].sum(axis=0))
    v["fi_coda"] = _index(f, signal[max(len(t) // 3, 5) :].sum(axis=0))


def _index(f: FloatArray, power: FloatArray) -> float:
    """log10 of the mean amplitude in 5-15 Hz over that in 0.5-3 Hz, noise taken away."""
    high = np.sqrt(power[(f >= 5) & (f <= 15)])
    low = np.sqrt(power[(f >= 0.5) & (f <= 3)])
    if not high.size or not low.size:
        return nan
    return log10((high.mean() + 1e-30) / (low.mean() + 1e-30)) if low.sum() + high.sum() else nan


def _low_peak(f: FloatArray, power: FloatArray) -> float:
    """log10 of the largest power in 0.8-4 Hz over the mean of 4-12 Hz."""
    low, high = power[(f >= 0.8) & (f <= 4.0)], power[(f >= 4.0) & (f <= 12.0)]
    if not low.size or not high.size or not low.max() > 0 or not high.mean() > 0:
        return nan
    return log10(low.max() / high.mean())


def _envelope(found: Measures, x: FloatArray, rate: float, quiet_end: float) -> None:
    """Onset slope, kurtosis and the energy below 0.5 Hz."""
    v = found.values
    n = len(x)
    spectrum = np.fft.rfft(x - x.mean())
    f = np.fft.rfftfreq(n, 1 / rate)

    def band(low: float, high: float) -> FloatArray:
        edge = np.clip((f - low) / (0.25 * low), 0, 1) * np.clip((high - f) / (0.25 * high), 0, 1)
        return np.asarray(np.fft.irfft(spectrum * edge, n))

    i0, q = int(found.onset * rate), int(quiet_end * rate)
    wide = band(0.5, min(20.0, 0.45 * rate))
    part = np.abs(wide[i0 : max(i0 + 2, int(found.end * rate))])
    noise = np.sqrt(np.mean(wide[: max(q, 2)] ** 2))
    if part.size > 10 and noise > 0:
        step = max(1, int(0.2 * rate))
        smooth = np.sqrt(np.convolve(part**2, np.ones(step) / step, "same"))
        top = int(smooth.argmax())
        v["rise_time"] = top / rate
        first = smooth[: int(1.0 * rate)].max(initial=0.0)
        v["onset_share"] = float(first / smooth[top])  # share of the peak reached in 1 s
        z = wide[i0 : int(found.end * rate)]
        v["kurtosis"] = float(np.mean(z**4) / np.mean(z**2) ** 2)
    rest = float((wide[i0 : int(found.end * rate)] ** 2).sum()) - noise**2 * part.size
    _long_periods(v, x, rate, found.onset, quiet_end, rest / rate)


def _long_periods(
    v: dict[str, float], x: FloatArray, rate: float, onset: float, quiet_end: float, rest: float
) -> None:
    """Largest amplitude and energy below 0.5 Hz (causal filters: no signal before its onset)."""
    step = max(1, round(rate / 4.0))
    slow = x[: len(x) // step * step].reshape(-1, step).mean(axis=1)
    rate = rate / step
    if rate < 2.0:
        return
    q, i0 = int(quiet_end * rate), int(max(onset - 5.0, 0.0) * rate)
    slow = slow - np.median(slow[: max(q, 2)])
    for name, low, high in (("vlp", 0.02, 0.1), ("ulp", 0.1, 0.5)):
        sos = butter(2, [low, high], btype="bandpass", fs=rate, output="sos")
        z = sosfilt(sos, slow)
        first = int(min(0.3 / low, 0.4 * quiet_end) * rate)  # the filter settles
        base = np.sqrt(np.mean(z[first:q] ** 2)) if q > first + 2 * rate else nan
        tail = z[i0:]
        if tail.size and isfinite(base) and base > 0:
            v[f"snr_{name}"] = float(np.abs(tail).max() / (3.0 * base))
            excess = float((tail**2).sum() - base**2 * tail.size) / rate
            if excess > 0 and rest > 0:
                v[f"{name}_ratio"] = log10(excess / rest)


def harmonic_strength(x: FloatArray, rate: float) -> tuple[float, float]:
    """Return log10 of the harmonic strength (median of 10 s frames) and the fundamental.

    In each frame the fundamental is the maximum of the product of the spectrum
    at 1, 2 and 3 times the frequency; the strength is the least of the three
    ratios of power within 0.15 Hz of a line to the largest in the middle half
    between it and the next.
    """
    t, f, power = frames(x, rate, 10.0)
    if not len(t) or rate < 20:
        return nan, nan
    step = f[1]
    base = np.arange(int(np.ceil(0.7 / step)), int(4.0 / step))
    strengths, bases = [], []
    logs = np.log(power + 1e-30)
    score = logs[:, base] + logs[:, 2 * base] + logs[:, 3 * base]
    for row, k in zip(power, base[score.argmax(axis=1)], strict=True):
        least = np.inf
        for m in (1, 2, 3):
            line = row[max(m * k - 2, 0) : m * k + 3].max()
            between = row[int((m + 0.25) * k) : int((m + 0.75) * k) + 1].max()
            least = min(least, float(line / between) if between > 0 else 0.0)
        strengths.append(least)
        bases.append(k * step)
    best = np.asarray(strengths)
    return float(np.log10(np.median(best) + 1e-6)), float(np.median(np.asarray(bases)))


def ps_ratio(x: FloatArray, rate: float, p: float, s: float) -> float:
    """Largest 6-12 Hz amplitude of P over that of S, log10; P up to 0.9 of S - P."""
    if not (isfinite(p) and isfinite(s)) or s - p < 0.3 or rate < 27:
        return nan
    f = np.fft.rfftfreq(len(x), 1 / rate)
    z = np.fft.irfft(np.fft.rfft(x - x.mean()) * ((f >= 6) & (f <= 12)), len(x))
    length = min(0.9 * (s - p), 5.0)
    a = np.abs(z[int(p * rate) : int((p + length) * rate)])
    b = np.abs(z[int(s * rate) : int((s + length) * rate)])
    return log10(a.max() / b.max()) if a.size and b.size and a.max() > 0 and b.max() > 0 else nan
