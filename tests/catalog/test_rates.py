"""Rates: counts over the time in which somebody listened."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import UTCDateTime

from paektuseis import ParameterError, event_rate, tables

T0 = UTCDateTime(2010, 9, 1)
HOUR = 3600.0


def events(*seconds):
    times = [pd.Timestamp(T0.ns, tz="UTC") + pd.Timedelta(seconds=s) for s in seconds]
    return pd.DataFrame({"time": pd.DatetimeIndex(times, tz="UTC")})


def monitoring(*rows):
    return tables.MONITORING.frame(
        {"trace_id": t, "starttime": T0 + a, "endtime": T0 + b, "state": s} for t, a, b, s in rows
    )


def test_counts_without_monitoring():
    got = event_rate(
        events(0, 10, HOUR - 0.001, HOUR, 3 * HOUR), starttime=T0, endtime=T0 + 3 * HOUR
    )
    tables.RATES.check(got, need=tables.RATES.names)
    assert got["count"].tolist() == [3, 1, 0]  # the last instant is outside
    assert got["rate"].tolist() == [72, 24, 0]
    assert got["monitored"].isna().all()
    assert [t.timestamp() - T0.timestamp for t in got["starttime"]] == [0, HOUR, 2 * HOUR]


def test_an_absent_station_is_not_a_quiet_volcano():
    heard = monitoring(
        ("1U.A..HHZ", 0, 3 * HOUR, "monitored"),
        ("1U.B..HHZ", 0, HOUR, "monitored"),
        ("1U.B..HHZ", HOUR, 1.5 * HOUR, "blind"),
        ("1U.B..HHZ", 1.5 * HOUR, 2 * HOUR, "monitored"),
        ("1U.B..HHZ", 2 * HOUR, 3 * HOUR, "missing"),
        # other channels of a station add nothing where it is heard already
        ("1U.A..HHN", 0, 3 * HOUR, "monitored"),
        ("1U.B.10.HHZ", 0, 0.5 * HOUR, "monitored"),
    )
    got = event_rate(
        events(10, HOUR + 10),
        starttime=T0,
        endtime=T0 + 3 * HOUR,
        monitoring=heard,
        min_stations=2,
        group="vt",
    )
    assert got["monitored"].tolist() == pytest.approx([1, 0.5, 0])
    assert got["stations_alive"].tolist() == pytest.approx([2, 1.5, 1])
    assert got["count"].tolist() == [1, 1, 0]
    assert got["rate"].tolist()[:2] == pytest.approx([24, 48])
    assert np.isnan(got["rate"].iloc[2])
    assert set(got["group"]) == {"vt"}
    alone = event_rate(
        events(10), starttime=T0, endtime=T0 + 3 * HOUR, monitoring=heard, min_stations=1
    )
    assert alone["monitored"].tolist() == [1, 1, 1]
    assert alone["rate"].tolist() == [24, 0, 0]


def test_min_coverage():
    heard = monitoring(("1U.A..HHZ", 0, 0.2 * HOUR, "monitored"))
    options = {"starttime": T0, "endtime": T0 + HOUR, "monitoring": heard}
    assert event_rate(events(5), **options)["rate"].tolist() == pytest.approx([24 / 0.2])
    assert event_rate(events(5), min_coverage=0.3, **options)["rate"].isna().all()
    nobody = event_rate(
        events(5),
        starttime=T0,
        endtime=T0 + HOUR,
        monitoring=tables.MONITORING.frame(),
        min_coverage=0,
    )
    assert nobody["rate"].isna().all()
    assert nobody["monitored"].tolist() == [0]


def test_last_window_is_cut_at_the_end():
    got = event_rate(
        events(HOUR + 1),
        starttime=T0,
        endtime=T0 + 1.5 * HOUR,
        monitoring=monitoring(("1U.A..HHZ", 0, 9 * HOUR, "monitored")),
    )
    assert got["rate"].tolist() == pytest.approx([0, 48])
    assert got["monitored"].tolist() == pytest.approx([1, 1])


def test_detections_with_a_veto_do_not_count():
    found = tables.DETECTIONS.frame(
        {
            "event_id": f"e{i}",
            "starttime": T0 + i,
            "endtime": T0 + i + 1,
            "n_stations": 3,
            "trace_ids": (),
            "veto": veto,
        }
        for i, veto in enumerate(("", "simultaneous onsets"))
    )
    assert event_rate(found, starttime=T0, endtime=T0 + HOUR)["count"].tolist() == [1]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), need=st.integers(1, 3), window=st.integers(7, 200))
def test_equals_counting_second_by_second(seed, need, window):
    rng = np.random.default_rng(seed)
    span, rows = 600, []
    alive = np.zeros((3, span), dtype=bool)
    for _ in range(int(rng.integers(0, 12))):
        k, a, b = int(rng.integers(3)), *sorted(rng.integers(-50, span + 50, 2).tolist())
        rows.append((f"1U.{'ABC'[k]}..HH{rng.choice(list('ZNE'))}", a, b, "monitored"))
        alive[k, max(a, 0) : max(b, 0)] = True
    onsets = rng.uniform(-20, span + 20, 40)
    got = event_rate(
        events(*onsets),
        starttime=T0,
        endtime=T0 + span,
        window=window,
        min_stations=need,
        monitoring=monitoring(*rows),
    )
    for i, row in enumerate(got.itertuples()):
        low, high = i * window, min(span, (i + 1) * window)
        part = alive[:, low:high].sum(axis=0)
        assert row.stations_alive == pytest.approx(part.mean())
        assert row.monitored == pytest.approx((part >= need).mean())
        assert row.count == ((onsets >= low) & (onsets < high)).sum()
        if row.monitored >= 0.1:
            assert row.rate == pytest.approx(row.count / ((part >= need).sum() / 86400))
        else:
            assert np.isnan(row.rate)


@pytest.mark.parametrize(
    "options",
    [
        {"endtime": T0},
        {"window": 0},
        {"min_stations": 0},
        {"min_coverage": 2},
        {"monitoring": pd.DataFrame({"state": []})},
    ],
)
def test_refusals(options):
    with pytest.raises(ParameterError):
        event_rate(events(1), **{"starttime": T0, "endtime": T0 + HOUR, **options})
    with pytest.raises(ParameterError, match="neither a column 'time' nor"):
        event_rate(pd.DataFrame({"x": [1]}), starttime=T0, endtime=T0 + HOUR)
