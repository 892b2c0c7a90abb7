"""Filtering, RSAM, DSAR and the family of ratios of one channel-day, beside obspy and scipy.

Usage: python benchmarks/bench_amplitude.py [--hours 24] [--rate 100] [--repeats 3]

Each pair runs in turn in one process; printed is the least CPU time of each and how they
compare, and how far the numbers are apart (relative, largest). What stands on the other side:

bandpass   ``Trace.filter("bandpass")`` of obspy on a copy, two lines for int32
rsam       a loop over ``Stream.slide``: mean of ``|x - mean|`` each minute, unfiltered
dsar       trapezoidal integral, two ``sosfilt``, median of ``|x - mean|`` of ten minutes
all        RSAM 1-16 Hz and the four ratios the same way: one ``sosfilt`` for each band
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from obspy import Stream, Trace, UTCDateTime
from scipy.integrate import cumulative_trapezoid
from scipy.signal import butter, sosfilt

import paektuseis as ps

START = UTCDateTime(2010, 9, 1)


def record(hours: float, rate: float) -> Trace:
    """Coloured noise in counts."""
    rng = np.random.default_rng(20100901)
    x = sosfilt(
        butter(1, 3.0, fs=rate, output="sos"), rng.standard_normal(round(3600 * hours * rate))
    )
    header = {"network": "1U", "station": "JGPD", "channel": "HHZ", "sampling_rate": rate}
    return Trace((20_000 * x).astype(np.int32), {"starttime": START, **header})


def in_windows(x: Any, size: int) -> Any:
    """Return the record as rows of one window, each without its mean."""
    rows = x[: len(x) // size * size].reshape(-1, size)
    return np.abs(rows - rows.mean(axis=1, keepdims=True))


def plain_rsam(trace: Trace) -> Any:
    """Return RSAM by the minute as a loop over obspy's windows."""
    return np.array(
        [
            np.mean(np.abs(window[0].data - window[0].data.mean()))
            for window in Stream([trace]).slide(60.0, 60.0)
        ]
    )


def plain_ratio(x: Any, low: Any, high: Any, size: int, rate: float) -> Any:
    """Return the ratio of two bands' medians."""
    a, b = (
        np.median(
            in_windows(sosfilt(butter(4, band, "bandpass", fs=rate, output="sos"), x), size), 1
        )
        for band in (low, high)
    )
    return a / b


def plain_family(trace: Trace, size: int) -> Any:
    """Return RSAM and all ratios, band by band."""
    rate = trace.stats.sampling_rate
    x = trace.data.astype(np.float64)
    moved = cumulative_trapezoid(x, dx=1 / rate, initial=0)
    band = butter(4, (1, 16), "bandpass", fs=rate, output="sos")
    out = [in_windows(sosfilt(band, x), size).mean(axis=1)]
    for r in ps.RATIO_FAMILY:
        out.append(plain_ratio(moved if r.integrate else x, r.low, r.high, size, rate))
    return np.array(out)


def our_family(trace: Trace) -> Any:
    """Return the same from one pass."""
    table, ratios = ps.band_amplitudes(
        trace, rsam=[ps.RsamBand(freqmin=1, freqmax=16)], ratios=ps.RATIO_FAMILY
    )
    values = [t.value.to_numpy() for _, t in ratios.groupby("ratio", sort=False)]
    return np.array([table.value.to_numpy(), *values])


def compare(name: str, ours: Callable[[], Any], plain: Callable[[], Any], repeats: int) -> None:
    """Run both in turn and print a line."""
    results = [np.asarray(ours()), np.asarray(plain())]  # warm
    spent = [float("inf"), float("inf")]
    for _ in range(repeats):
        for k, call in enumerate((plain, ours)):
            begin = time.process_time()
            call()
            spent[1 - k] = min(spent[1 - k], time.process_time() - begin)
    settled = slice(len(results[0].T) // 8 + 1, None)  # past the start of the filters
    a, b = (r.T[settled] for r in results)
    apart = float(np.nanmax(np.abs(a - b) / np.abs(b).max(axis=0)))
    print(
        f"{name:<12} ours {1e3 * spent[0]:8.1f} ms   plain {1e3 * spent[1]:8.1f} ms   "
        f"ratio {spent[1] / spent[0]:6.1f}   apart {apart:.1e}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    trace = record(options.hours, options.rate)
    size = round(600 * options.rate)
    moved = {"low": (4.5, 8.0), "high": (8.0, 16.0)}

    def obspy_band() -> Any:
        return trace.copy().filter("bandpass", freqmin=2.0, freqmax=15.0, corners=4).data

    def plain_dsar() -> Any:
        x = cumulative_trapezoid(trace.data, dx=1 / options.rate, initial=0)
        return plain_ratio(x, moved["low"], moved["high"], size, options.rate)

    compare("bandpass", lambda: ps.bandpass(trace, freqmin=2, freqmax=15)[0].data, obspy_band, 5)
    compare(
        "rsam 60 s",
        lambda: ps.rsam(trace, window=60).value.to_numpy(),
        lambda: plain_rsam(trace),
        options.repeats,
    )
    compare("dsar", lambda: ps.dsar(trace).value.to_numpy(), plain_dsar, options.repeats)
    compare("all", lambda: our_family(trace), lambda: plain_family(trace, size), options.repeats)


if __name__ == "__main__":
    main()
