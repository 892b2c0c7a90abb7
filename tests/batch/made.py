"""A folder of results as an archive run leaves it, written from planted figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from obspy import UTCDateTime

from paektuseis import tables
from paektuseis.io import write_table

DAY = 86400.0
STATIONS = ("AAA", "BBB", "CCC")
FREQUENCIES = np.array([1.0, 2.0, 4.0, 8.0])


def trace_id(station: str) -> str:
    return f"XX.{station}..HHZ"


def folder_name(start: UTCDateTime, end: UTCDateTime) -> str:
    if start == UTCDateTime(start.date) and end - start == DAY:
        return start.strftime("day=%Y-%m-%d")
    return start.strftime("day=%Y-%m-%dT%H%M%S-") + end.strftime("%H%M%S")


def put(out: Path, start: UTCDateTime, end: UTCDateTime, frames: dict[str, pd.DataFrame]) -> Path:
    folder = out / "tables" / folder_name(start, end)
    folder.mkdir(parents=True)
    for name, frame in frames.items():
        if "values" in frame.columns:
            _put_arrays(frame, folder / f"{name}.parquet")
        else:
            write_table(frame, folder / f"{name}.parquet")
    return folder


def _put_arrays(frame: pd.DataFrame, path: Path) -> None:
    """Write arrays as lists of one size, as the runner does."""
    values = np.stack(frame["values"].to_list()).astype(np.float32)
    arrow = pa.Table.from_pandas(frame.drop(columns="values"), preserve_index=False)
    column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    pq.write_table(arrow.append_column("values", column), path)


def level(time: UTCDateTime) -> float:
    """RSAM planted: a slow swell about 1e-7 m/s, the same for all stations."""
    return 1e-7 * (1.5 + np.sin(2 * np.pi * time.timestamp / (40 * DAY)))


def array_frame(start, values, *, window, step, units, name="XX.AAA..HHZ"):
    ns = int(start.ns) + np.rint(np.arange(len(values)) * step * 1e9).astype(np.int64)
    return pd.DataFrame(
        {
            "trace_id": pd.Categorical([name] * len(values)),
            "starttime": pd.DatetimeIndex(ns.view("datetime64[ns]")).tz_localize("UTC"),
            "window": window,
            "step": step,
            "units": pd.Categorical([units] * len(values)),
            "values": list(np.asarray(values, dtype=np.float32)),
        }
    )


def axes_frame(name="XX.AAA..HHZ", frequencies=FREQUENCIES):
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "table": table,
                    "trace_id": name,
                    "index": np.arange(len(frequencies)),
                    "frequency": frequencies if table == "spectra" else frequencies[::-1],
                }
            )
            for table in ("spectra", "noise")
        ],
        ignore_index=True,
    )


def day_frames(
    start: UTCDateTime,
    end: UTCDateTime,
    *,
    rng: np.random.Generator,
    stations=STATIONS,
    dead=(),
    window: float = 600.0,
    events_per_day: float = 20.0,
    detectors=("vt", "lp"),
):
    """Return the tables of a span; stations in ``dead`` have no record."""
    span = end - start
    alive = [s for s in stations if s not in dead]
    availability = tables.AVAILABILITY.frame(
        {
            "trace_id": trace_id(s),
            "starttime": start,
            "endtime": end - 0.01,
            "sampling_rate": 100.0,
            "npts": round(span * 100),
        }
        for s in alive
    )
    gaps = tables.GAPS.frame(
        {"trace_id": trace_id(s), "starttime": start, "endtime": end, "duration": span}
        for s in dead
    )
    monitoring = tables.MONITORING.frame(
        {
            "trace_id": trace_id(s),
            "starttime": start,
            "endtime": end,
            "state": "monitored" if s in alive else "missing",
            "duration": span,
            "detector": d,
        }
        for d in detectors
        for s in stations
    )
    quality = tables.QUALITY.frame(
        {
            "trace_id": trace_id(s),
            "starttime": start,
            "endtime": end,
            "check": "flat",
            "severity": "warning",
            "message": f"flat for {span:g} s",
            "value": span,
            "units": "s",
        }
        for s in alive[:1]
    )
    times = [start + i * window for i in range(round(span / window))]
    rsam = tables.RSAM.frame(
        {
            "trace_id": trace_id(s),
            "starttime": t,
            "window": window,
            "value": level(t) * (1 + i) * float(np.exp(0.2 * rng.standard_normal())),
            "units": "m/s",
            "statistic": "mean_abs",
            "freqmin": 1.0,
            "freqmax": 16.0,
            "coverage": 1.0,
        }
        for i, s in enumerate(alive)
        for t in times
    )
    ratios = tables.RATIOS.frame(
        {
            "trace_id": trace_id(s),
            "starttime": t,
            "window": window,
            "ratio": name,
            "value": base + 0.1 * rng.standard_normal(),
            "statistic": "median_abs",
            "quantity": "m",
            "low_freqmin": 4.5,
            "low_freqmax": 8.0,
            "high_freqmin": 8.0,
            "high_freqmax": 16.0,
            "coverage": 1.0,
        }
        for name, base in (("dsar", 2.0), ("lrar", 1.0))
        for s in alive
        for t in times
    )
    enough = len(alive) >= 2
    rates, triggers, events = [], [], []
    for d in detectors:
        hours = max(1, round(span / 3600))
        for h in range(hours):
            n = int(rng.poisson(events_per_day / 24)) if enough else 0
            at = start + 3600 * h
            rates.append(
                {
                    "starttime": at,
                    "window": span / hours,
                    "count": n,
                    "rate": 24.0 * n if enough else np.nan,
                    "monitored": 1.0 if enough else 0.0,
                    "stations_alive": float(len(alive)),
                    "min_stations": 2,
                    "group": d,
                }
            )
            for k in range(n):
                t = at + 10 + 60 * k
                event = {
                    "event_id": f"{d}-{t.strftime('%Y%m%dT%H%M%S')}",
                    "time": t,
                    "endtime": t + 8,
                    "duration": 8.0,
                    "n_stations": len(alive),
                    "detectors": (d,),
                    "trace_ids": tuple(trace_id(s) for s in alive),
                    "best_trace_id": trace_id(alive[0]),
                    "peak_ratio": 6.0,
                }
                events.append(event)
                triggers += [
                    {
                        "trace_id": trace_id(s),
                        "starttime": t,
                        "endtime": t + 8,
                        "peak_ratio": 6.0,
                        "peak_time": t + 1,
                        "detector": d,
                    }
                    for s in alive
                ]
    windows = round(span / 60)
    spectra = rng.uniform(0.5, 1.5, (windows, len(FREQUENCIES))) * 1e-14
    noise = rng.uniform(-140, -120, (round(span / 1800), len(FREQUENCIES)))
    return {
        "availability": availability,
        "gaps": gaps,
        "monitoring": monitoring,
        "quality": quality,
        "rsam": rsam,
        "ratios": ratios,
        "rates": tables.RATES.frame(rates),
        "triggers": tables.TRIGGERS.frame(triggers),
        "events": tables.EVENTS.frame(events),
        "spectra": array_frame(start, spectra, window=10.24, step=60.0, units="(m/s)**2/Hz"),
        "noise": array_frame(
            start, noise, window=3600.0, step=1800.0, units="dB rel. 1 (m/s**2)**2/Hz"
        ),
        "axes": axes_frame(),
    }


def make_results(out: Path, start: str, days: int, *, seed: int = 1, skip=(), dead=None, **options):
    """Write days of results; returns the frames of each day by date."""
    rng = np.random.default_rng(seed)
    written = {}
    for i in range(days):
        begin = UTCDateTime(start) + i * DAY
        date = begin.strftime("%Y-%m-%d")
        if date in skip:
            continue
        frames = day_frames(begin, begin + DAY, rng=rng, dead=(dead or {}).get(date, ()), **options)
        put(out, begin, begin + DAY, frames)
        written[date] = frames
    return written
