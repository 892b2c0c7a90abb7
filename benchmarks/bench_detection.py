"""Detectors of one channel-day, characteristic functions and coincidence, beside obspy.

Usage: python benchmarks/bench_detection.py [--hours 24] [--rate 100] [--repeats 5]

All candidates run in turn in one process; printed is the least CPU time of each and how it
compares with obspy. "detector" is everything from counts to triggers: obspy's ``detrend``,
``filter``, ``recursive_sta_lta`` and ``trigger_onset`` beside ``detect_triggers`` (which also
looks for dead samples and accounts for the monitored time). "coincidence" grows the number of
triggers in a day, on one, six and eighteen channels.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from obspy import Trace, UTCDateTime
from obspy.signal.trigger import classic_sta_lta, recursive_sta_lta, trigger_onset, z_detect

import paektuseis as ps

START = UTCDateTime(2010, 9, 1)


def record(hours: float, rate: float) -> Trace:
    """Noise in counts with some hundred bursts a day."""
    rng = np.random.default_rng(20100901)
    n = round(3600 * hours * rate)
    x = 200 * rng.standard_normal(n)
    for at in rng.integers(0, n - 2000, max(1, round(12 * hours))):
        x[at : at + 2000] += 4000 * rng.random() * rng.standard_normal(2000) * np.exp(
            -np.arange(2000) / 400
        )  # fmt: skip
    header = {"network": "1U", "station": "JGPD", "channel": "HHZ", "sampling_rate": rate}
    return Trace(np.rint(x).astype(np.int32), {"starttime": START, **header})


def plain(trace: Trace, detectors: Any) -> list[Any]:
    """Return the triggers as obspy finds them."""
    found = []
    fs = trace.stats.sampling_rate
    for d in detectors:
        copy = trace.copy()
        copy.detrend("demean")
        copy.filter("bandpass", freqmin=d.freqmin, freqmax=d.freqmax, corners=d.corners)
        ratio = recursive_sta_lta(copy.data, round(d.sta * fs), round(d.lta * fs))
        found.append(trigger_onset(ratio, d.thr_on, d.thr_off))
    return found


def triggers(count: int, channels: int) -> pd.DataFrame:
    """Return triggers spread over a day, nine tenths of them on the first channel."""
    rng = np.random.default_rng(count)
    channel = np.where(rng.random(count) < 0.9, 0, rng.integers(0, channels, count))
    on = np.sort(rng.integers(0, 8_640_000, count)) * 10_000_000 + START.ns
    off = on + rng.integers(1, 400, count) * 10_000_000
    times = [pd.to_datetime(ns, utc=True) for ns in (on, off, (on + off) // 2)]
    return pd.DataFrame(
        {
            "trace_id": [f"1U.S{k:02d}..HHZ" for k in channel],
            "starttime": times[0],
            "endtime": times[1],
            "peak_ratio": rng.uniform(3, 9, count),
            "peak_time": times[2],
            "detector": "vt",
        }
    )


def least(candidates: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Return the least CPU time (ms) of each, run in turn."""
    for run in candidates.values():
        run()
    best = dict.fromkeys(candidates, math.inf)
    for _ in range(repeats):
        for name, run in candidates.items():
            begin = time.process_time()
            run()
            best[name] = min(best[name], 1e3 * (time.process_time() - begin))
    return best


def show(title: str, best: dict[str, float]) -> None:
    """Print times, and ratios to the first."""
    print(f"\n{title}")
    first = next(iter(best.values()))
    for name, value in best.items():
        print(f"  {name:<34} {value:9.1f} ms  {first / value:7.2f} times less than the first")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    trace = record(options.hours, options.rate)
    detectors = ps.Settings().detectors
    show(
        "detector",
        least(
            {
                "obspy, one detector": lambda: plain(trace, detectors[:1]),
                "detect_triggers, one": lambda: ps.detect_triggers(trace, detectors[:1]),
                "obspy, four detectors": lambda: plain(trace, detectors),
                "detect_triggers, four": lambda: ps.detect_triggers(trace, detectors),
            },
            options.repeats,
        ),
    )
    found, _ = ps.detect_triggers(trace, detectors)
    print(f"  triggers: {len(found)}, of obspy (warm-up included): ", end="")
    print(sum(len(rows) for rows in plain(trace, detectors)))

    filtered = ps.bandpass(trace, freqmin=5, freqmax=20)
    data, fs = filtered[0].data, options.rate
    short, long = round(0.5 * fs), round(20 * fs)
    for method, other in (
        ("recursive", lambda: recursive_sta_lta(data, short, long)),
        ("classic", lambda: classic_sta_lta(data, short, long)),
        ("delayed", None),
        ("z", lambda: z_detect(data, short)),
        ("carl", None),
    ):
        candidates: dict[str, Callable[[], Any]] = {}
        if other is not None:
            candidates[f"obspy {method}"] = other
        candidates[f"sta_lta {method}"] = lambda m=method: ps.sta_lta(  # type: ignore[misc]
            filtered, sta=0.5, lta=20, method=m
        )
        show(method, least(candidates, options.repeats))

    print("\ncoincidence: CPU ms for 500, 2000, 8000 and 32000 triggers a day, and the exponent")
    for channels in (1, 6, 18):
        for need in (1, 3):
            times = []
            for count in (500, 2000, 8000, 32_000):
                rows = triggers(count, channels)
                name = "coincidence"
                run = {name: lambda r=rows, n=need: ps.coincidence(r, min_stations=n)}
                times.append(least(run, 3)[name])  # type: ignore[arg-type]
            exponent = math.log(times[-1] / times[0]) / math.log(64)
            shown = " ".join(f"{t:7.1f}" for t in times)
            print(f"  {channels:2d} channels, {need} needed: {shown}   {exponent:.2f}")


if __name__ == "__main__":
    main()
