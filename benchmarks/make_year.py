"""Write a year of results as an archive run leaves them, from a course that is known.

Usage: ``python benchmarks/make_year.py OUT --days 365``

No waveform is made or processed: amplitudes and counts are drawn about planted values, which
:func:`course` returns. It serves what reads results (time lines, rates, reports) at the length of
a year, in seconds.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from obspy import UTCDateTime

from paektuseis import tables
from paektuseis.io import write_table

DAY = 86400.0
STATIONS = ("RIM", "FLANK", "FOOT")
BASE = (2.0e-7, 1.0e-7, 0.6e-7)  # m/s, quiet RSAM of each station
QUIET, BUSY = 6.0, 70.0  # events a day
NEED = 2  # stations
SWARM = (192, 200)  # days of the year
DEAD = {"RIM": (20, 155), "FLANK": (110, 155)}
WINDOW = 7200.0


def trace_id(station: str) -> str:
    return f"XX.{station}..HHZ"


def alive(day: int) -> list[str]:
    """Return the stations that record on a day."""
    return [s for s in STATIONS if not DEAD.get(s, (0, 0))[0] <= day < DEAD.get(s, (0, 0))[1]]


def course(start: UTCDateTime, days: int) -> pd.DataFrame:
    """Return what was planted: rate of events, factor of amplitude and of DSAR, by day."""
    day = np.arange(days)
    swarm = (day >= SWARM[0]) & (day < SWARM[1])
    before = np.clip((day - (SWARM[0] - 45)) / 45.0, 0.0, 1.0) * (day < SWARM[1])
    winter = 1.0 + 0.5 * np.cos(2 * np.pi * (day - 15) / 365.0)  # wind
    return pd.DataFrame(
        {
            "time": [start + float(d) * DAY for d in day],
            "rate": np.where(swarm, BUSY, QUIET),
            "amplitude": winter * np.where(swarm, 2.5, 1.0),
            "dsar": 1.6 + 0.6 * before,
            "stations": [len(alive(int(d))) for d in day],
        }
    )


def day_tables(day: int, row: Any, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables of one day."""
    begin, end = row.time, row.time + DAY
    living = alive(day)
    enough = len(living) >= NEED
    hours = [begin + i * WINDOW for i in range(round(DAY / WINDOW))]
    rsam, ratios, rates, events = [], [], [], []
    for station, base in zip(STATIONS, BASE, strict=True):
        if station not in living:
            continue
        for at in hours:
            common = {"trace_id": trace_id(station), "starttime": at, "window": WINDOW}
            scatter = np.exp(0.25 * rng.standard_normal())
            rsam.append({**common, "value": base * row.amplitude * scatter, "units": "m/s",
                         "statistic": "mean_abs", "freqmin": 1.0, "freqmax": 16.0,
                         "coverage": 1.0})  # fmt: skip
            ratios.append({**common, "ratio": "dsar", "value": row.dsar * (1 + 0.05 *
                           rng.standard_normal()), "statistic": "median_abs", "quantity": "m",
                           "low_freqmin": 4.5, "low_freqmax": 8.0, "high_freqmin": 8.0,
                           "high_freqmax": 16.0, "coverage": 1.0})  # fmt: skip
    for at in hours:
        count = int(rng.poisson(row.rate * WINDOW / DAY)) if enough else 0
        rates.append({"starttime": at, "window": WINDOW, "count": count,
                      "rate": count * DAY / WINDOW if enough else np.nan,
                      "monitored": float(enough),
                      "stations_alive": float(len(living)), "min_stations": NEED,
                      "group": "vt"})  # fmt: skip
        for second in np.sort(rng.uniform(0.0, WINDOW, count)):
            time = at + float(second)
            events.append({"event_id": f"vt-{time.strftime('%Y%m%dT%H%M%S.%f')}", "time": time,
                           "endtime": time + 8.0, "duration": 8.0, "n_stations": len(living),
                           "detectors": ("vt",), "best_trace_id": trace_id(living[0]),
                           "trace_ids": tuple(map(trace_id, living)),
                           "peak_ratio": 4.0 + float(rng.exponential(3.0))})  # fmt: skip
    return {
        "availability": tables.AVAILABILITY.frame(
            {"trace_id": trace_id(s), "starttime": begin, "endtime": end - 0.01,
             "sampling_rate": 100.0, "npts": 8_640_000}
            for s in living
        ),
        "monitoring": tables.MONITORING.frame(
            {"trace_id": trace_id(s), "starttime": begin, "endtime": end, "duration": DAY,
             "state": "monitored" if s in living else "missing",
             "cause": "" if s in living else "no samples", "detector": "vt"}
            for s in STATIONS
        ),
        "rsam": tables.RSAM.frame(rsam),
        "ratios": tables.RATIOS.frame(ratios),
        "rates": tables.RATES.frame(rates),
        "events": tables.EVENTS.frame(events),
    }  # fmt: skip


def make_year(
    out: Path, *, start: str = "2014-01-01", days: int = 365, seed: int = 1
) -> pd.DataFrame:
    """Write the results; returns the course that was planted."""
    planted = course(UTCDateTime(start), days)
    rng = np.random.default_rng(seed)
    for day, row in enumerate(planted.itertuples()):
        folder = out / "tables" / row.time.strftime("day=%Y-%m-%d")
        folder.mkdir(parents=True)
        for name, frame in day_tables(day, row, rng).items():
            write_table(frame, folder / f"{name}.parquet")
    return planted


def main() -> None:
    it = argparse.ArgumentParser(description=__doc__)
    it.add_argument("out", type=Path, help="folder to make")
    it.add_argument("--start", default="2014-01-01")
    it.add_argument("--days", type=int, default=365)
    it.add_argument("--seed", type=int, default=1)
    o = it.parse_args()
    planted = make_year(o.out, start=o.start, days=o.days, seed=o.seed)
    print(planted.groupby("stations")["rate"].describe()[["count", "mean"]])


if __name__ == "__main__":
    main()
