"""Small records and tables to draw."""

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

from paektuseis import tables

T0 = UTCDateTime("2010-09-01T00:00:00")


def record(seconds=600.0, rate=100.0, station="UV05", start=T0, seed=1, offset=1000.0):
    data = np.random.default_rng(seed).normal(scale=100.0, size=round(seconds * rate)) + offset
    header = {
        "network": "YA",
        "station": station,
        "location": "00",
        "channel": "HHZ",
        "sampling_rate": rate,
        "starttime": start,
    }
    return Trace(data, header)


@pytest.fixture
def gappy() -> Stream:
    """Ten minutes with a gap from 200 to 300 s."""
    return Stream([record(200.0, seed=1), record(300.0, start=T0 + 300, seed=2)])


@pytest.fixture
def rsam_table():
    rows = []
    for i in range(20):
        if 8 <= i < 10:
            continue
        rows.append(
            {
                "trace_id": "YA.UV05.00.HHZ",
                "starttime": T0 + 60 * i,
                "window": 60.0,
                "value": np.nan if i == 14 else 100.0 + i,
                "units": "counts",
                "statistic": "mean_abs",
                "freqmin": 1.0,
                "freqmax": 20.0,
                "coverage": 1.0,
            }
        )
    return tables.RSAM.frame(rows)


@pytest.fixture
def rates():
    return tables.RATES.frame(
        {
            "starttime": T0 + 3600 * i,
            "window": 3600.0,
            "count": 0 if i in (5, 6) else i % 3,
            "rate": float("nan") if i in (5, 6) else 24.0 * (i % 3),
            "monitored": 0.0 if i in (5, 6) else 0.25 if i == 7 else 1.0,
            "stations_alive": 3.0,
            "min_stations": 3,
        }
        for i in range(12)
    )


@pytest.fixture
def triggers():
    return tables.TRIGGERS.frame(
        [
            {
                "trace_id": "YA.UV05.00.HHZ",
                "starttime": T0 + 100,
                "endtime": T0 + 110,
                "peak_ratio": 9.0,
                "peak_time": T0 + 101,
                "thr_on": 3.5,
                "thr_off": 1.5,
            }
        ]
    )


@pytest.fixture
def monitoring():
    spans = [(0, 30, "blind"), (30, 200, "monitored"), (200, 300, "missing")]
    spans += [(300, 330, "blind"), (330, 600, "monitored")]
    return tables.MONITORING.frame(
        {"trace_id": "YA.UV05.00.HHZ", "starttime": T0 + a, "endtime": T0 + b, "state": state}
        for a, b, state in spans
    )
