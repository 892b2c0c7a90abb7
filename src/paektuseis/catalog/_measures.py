"""Measures of one vertical record of an event: plain arrays in, numbers out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, log10, nan
from typing import Any

import numpy as np
from scipy.signal import butter, sosfilt

from ..types import FloatArray

BANDS = {"low": (0.5, 2.0), "mid": (2.0, 5.0), "high": (5.0, 15.0)}
_RISEN = 4.0  # power over the noise's that counts as signal
_PAUSE = 8.0  # s below it that end an event
_LATE = 15.0  # s after the trigger in which it has to rise
_ONE_EVENT = 50.0  # s in which a second rise is the same event's (S waves)
LONGEST = 420.0  # s, no event is taken to last longer
_MEDIAN = 0.6931  # median of a power that has mean 1 (chi-square of two degrees)
_LOW = 0.3567  # its 0.3 quantile


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
        return np.empty(0), _frequencies(n, rate), np.empty((0, n // 2 + 1))
    view = np.lib.stride_tricks.sliding_window_view(x, n)[::hop]
    window = np.hanning(n)
    view = view - view.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(view * window, axis=1)) ** 2 / (rate * (window**2).sum())
    centres = np.asarray((np.arange(len(view)) * hop + n / 2) / rate, dtype=np.float64)
    return centres, _frequencies(n, rate), np.asarray(power, dtype=np.float64)


def _frequencies(n: int, rate: float) -> FloatArray:
    return np.asarray(np.fft.rfftfreq(n, 1 / rate), dtype=np.float64)


def measure(x: FloatArray, rate: float, trigger: float, pick: float, name: str) -> Measures:
    """Measure one record; ``trigger`` and ``pick`` in seconds from its start."""
    found = Measures(trace_id=name)
    t, f, power = frames(x, rate, 2.56)
    start = pick if isfinite(pick) else trigger
    quiet = t < start - 2.5
    if quiet.sum() < 5 or (t > start).sum() < 5:
        return found
    noise = _noise(t, power, start)
    ratios = {}
    for band, (low, high) in BANDS.items():
        inside = (f >= low) & (f <= high)
        if high * 0.99 > rate / 2 or not noise[inside].sum() > 0:
            continue
        ratio = power[:, inside].sum(axis=1) / noise[inside].sum()
        scatter = 1.0 + 1.28 / np.sqrt((high - low) * 2.56 / 1.5)  # 0.9 quantile of white noise
        ratios[band] = ratio / np.clip(np.quantile(ratio[quiet], 0.9), scatter, 2.0 * scatter)
    if not ratios:
        return found
    risen = np.max(list(ratios.values()), axis=0)
    first, last = _span(t, risen, start)
    span = (t >= first) & (t <= last) if isfinite(first) else (t >= start) & (t < start + 10.0)
    for band, ratio in ratios.items():
        found.values[f"snr_{band}"] = float(np.sqrt(ratio[span].max()))
    found.values["snr"] = max(found.values.values())
    if not isfinite(first):
        first, last = start, start + 10.0
    found.onset = pick if isfinite(pick) else max(first - 0.64, 0.0)
    found.end = last
    signal = np.maximum(power[span] - noise, 0.0)
    _shape(found, t[span], f, signal, rate)
    inside = (f >= 0.5) & (f <= min(20.0, 0.45 * rate))
    rms = float(np.sqrt(2.0 * noise[inside].sum() * f[1]))
    _envelope(found, x, rate, rms, quiet_end=start - 2.0)
    return found


def _noise(t: FloatArray, power: FloatArray, start: float) -> FloatArray:
    """Power of the noise at each frequency.

    The 0.3 quantile of the frames before the event, set right for a chi-square of two degrees, so
    that an earlier event in half of the record does not count. Where the record still falls off
    just before the onset, the coda it falls off in is the noise.
    """
    noise = np.quantile(power[t < start - 2.5], 0.3, axis=0) / _LOW
    just = power[(t < start - 2.5) & (t > start - 9.0)]
    earlier = power[(t < start - 12.0) & (t > start - 25.0)]
    if len(just) < 5 or len(earlier) < 5:
        return np.asarray(noise)
    now, then = np.median(just, axis=0) / _MEDIAN, np.median(earlier, axis=0) / _MEDIAN
    falls = (now.sum() > 2.0 * noise.sum()) and (then.sum() > 1.5 * now.sum())
    return np.asarray(np.maximum(noise, now) if falls else noise)


def _span(t: FloatArray, risen: FloatArray, start: float) -> tuple[float, float]:
    """First and last instant of the run that begins with the event."""
    above = np.flatnonzero((risen > _RISEN) & (t >= start - 4.0) & (t < start + LONGEST))
    if not above.size or t[above[0]] > start + _LATE:
        return nan, nan
    breaks = np.flatnonzero(np.diff(t[above]) > _PAUSE)
    groups = np.split(above, breaks + 1)
    run = groups[0]
    if len(run) < 3 and len(groups) > 1 and t[groups[1][0]] < start + _LATE:
        run = groups[1]  # a spike before the event
    return float(t[run[0]]), float(t[_ends(t, risen, run)])


def _ends(t: FloatArray, risen: FloatArray, run: np.ndarray[Any, np.dtype[np.int64]]) -> int:
    """Index of the frame in which the run ends: before a new event rises out of its coda."""
    level = np.log10(np.maximum(risen[run[0] : run[-1] + 1], 1e-3))
    level = np.convolve(np.pad(level, 2, mode="edge"), np.ones(5) / 5, "valid")
    late = int(np.searchsorted(t[run[0] : run[-1] + 1] - t[run[0]], _ONE_EVENT))
    if late >= len(level):
        return int(run[-1])
    top = np.maximum.accumulate(level)
    lowest = np.minimum.accumulate(
        np.where(np.arange(len(level)) > level[:late].argmax(), level, np.inf)
    )
    again = (level > lowest + 1.0) & (lowest < top - 1.5) & (np.arange(len(level)) >= late)
    if not again.any():
        return int(run[-1])
    at = int(again.argmax())
    peak = int(level[:late].argmax())
    return int(run[0] + peak + level[peak:at].argmin())


def _shape(
    found: Measures,
    t: FloatArray,
    f: FloatArray,
    signal: FloatArray,
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


def _envelope(found: Measures, x: FloatArray, rate: float, noise: float, quiet_end: float) -> None:
    """Onset slope, kurtosis and the energy below 0.5 Hz."""
    v = found.values
    n = len(x)
    spectrum = np.fft.rfft(x - x.mean())
    f = np.fft.rfftfreq(n, 1 / rate)

    def band(low: float, high: float) -> FloatArray:
        edge = np.clip((f - low) / (0.25 * low), 0, 1) * np.clip((high - f) / (0.25 * high), 0, 1)
        return np.asarray(np.fft.irfft(spectrum * edge, n))

    i0 = int(found.onset * rate)
    wide = band(0.5, min(20.0, 0.45 * rate))
    part = np.abs(wide[i0 : max(i0 + 2, int(found.end * rate))])
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
    _long_periods(v, x, rate, (found.onset, found.end), quiet_end, rest / rate)


def _long_periods(
    v: dict[str, float],
    x: FloatArray,
    rate: float,
    event: tuple[float, float],
    quiet_end: float,
    rest: float,
) -> None:
    """Largest amplitude and energy below 0.5 Hz (causal filters: no signal before its onset).

    From 5 s before the onset to 25 s after the end, at least 45 and at most 150 s: what comes
    later belongs to another event.
    """
    onset = event[0]
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
        tail = z[i0 : int((onset + min(max(event[1] - onset + 25.0, 45.0), 150.0)) * rate)]
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
