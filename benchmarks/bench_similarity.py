"""Templates sought in a record, beside obspy's ``correlation_detector``; and pairs of events.

Usage: python benchmarks/bench_similarity.py [--hours 6] [--rate 50] [--templates 5] [--repeats 3]

Both detectors get the same filtered Stream (three components), the same windows and one fixed
threshold, run in turn in one process; printed is the least CPU time of each and their ratio,
and how far their detections differ. Then the pairs of events of one station are compared.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.cross_correlation import correlation_detector

import paektuseis as ps

START = UTCDateTime(2020, 1, 1)
LENGTH = 6.0
THRESHOLD = 0.5


def record(hours: float, rate: float, kinds: int) -> tuple[Stream, list[Stream], pd.DataFrame]:
    """Return a filtered record with repeats of some wavelets, one template of each, all times."""
    rng = np.random.default_rng(20200101)
    n, size = round(3600 * hours * rate), round(LENGTH * rate)
    shapes = rng.normal(size=(kinds, 3, size)) * np.exp(-np.arange(size) / rate / 1.5)
    data = 0.2 * rng.normal(size=(3, n))
    places = np.arange(round(60 * rate), n - 2 * size, round(40 * rate))
    for i, at in enumerate(places):
        data[:, at : at + size] += rng.uniform(0.5, 2) * shapes[i % kinds]
    header = {"network": "XX", "station": "A", "sampling_rate": rate, "starttime": START}
    raw = Stream(
        [Trace(x, {**header, "channel": f"HH{c}"}) for x, c in zip(data, "ENZ", strict=True)]
    )
    stream = ps.bandpass(raw, freqmin=1, freqmax=10)
    starts = [START + p / rate for p in places]
    templates = [stream.slice(t, t + LENGTH - 1 / rate).copy() for t in starts[:kinds]]
    times = pd.to_datetime([t.ns for t in starts], utc=True)
    events = pd.DataFrame({"event_id": [f"e{i}" for i in range(len(times))], "time": times})
    return stream, templates, events


def least(run: Any, repeats: int) -> tuple[float, Any]:
    """Return the least CPU time in seconds, and what came out; the first run does not count."""
    out, best = run(), np.inf
    for _ in range(repeats):
        begin = time.process_time()
        out = run()
        best = min(best, time.process_time() - begin)
    return float(best), out


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=6.0)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--templates", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    stream, templates, events = record(options.hours, options.rate, options.templates)
    theirs, (found, _) = least(
        lambda: correlation_detector(stream, templates, THRESHOLD, LENGTH, plot=None),
        options.repeats,
    )
    ours, table = least(
        lambda: ps.match_templates(
            stream, templates, threshold=THRESHOLD, min_separation=LENGTH, merge=True
        ),
        options.repeats,
    )
    print(f"{options.hours:g} h, 3 x {options.rate:g} Hz, {options.templates} templates")
    print(f"  obspy correlation_detector {theirs:8.2f} s  {len(found)} detections")
    print(f"  match_templates            {ours:8.2f} s  {len(table)} detections")
    print(f"  ratio                      {theirs / ours:8.2f}")
    both = min(len(found), len(table))
    a = np.array([d["time"].ns for d in found[:both]])
    b = pd.DatetimeIndex(table["time"][:both]).as_unit("ns").asi8
    values = np.array([d["similarity"] for d in found[:both]])
    print(
        f"  largest difference of time {np.abs(a - b).max() * 1e-9:.4f} s, of correlation ", end=""
    )
    print(f"{np.abs(values - table['correlation'].to_numpy()[:both]).max():.1e}")
    spent, families = least(lambda: ps.find_families(stream, events), 1)
    pairs = len(events) * (len(events) - 1) // 2
    print(f"  find_families {len(events)} events, {pairs} pairs: {spent:.2f} s, ", end="")
    print(f"{families['family'].replace('', np.nan).nunique()} families")


if __name__ == "__main__":
    main()
