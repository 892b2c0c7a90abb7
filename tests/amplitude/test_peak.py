"""Peaks with their time."""

import math

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables
from paektuseis.provenance import note

T0 = UTCDateTime("2014-03-01")


def trace(data, start=T0, rate=100.0, **header):
    names = {"network": "1U", "station": "JGPD", "channel": "HHZ"} | header
    return Trace(np.asanyarray(data), {"starttime": start, "sampling_rate": rate} | names)


def test_peak_and_its_time():
    x = np.tile(np.array([1, -1], dtype=np.int32), 500)
    x[[300, 301]] = (-51, 51)  # mean stays 0
    row = ps.peak_amplitude(trace(x), event_id="e1").iloc[0]
    assert (row.value, row.units, row.statistic) == (51.0, "counts", "peak_abs")
    assert row.time.isoformat() == "2014-03-01T00:00:03+00:00"
    assert (row.coverage, row.event_id) == (1.0, "e1")
    assert row.endtime.isoformat() == "2014-03-01T00:00:09.990000+00:00"


def test_peak_to_peak_of_neighbouring_swings():
    #                    first swing up 5, down -1; later down -4, up 2: 6, 5, 6 ... by hand
    x = np.array([0, 3, 5, 2, -1, 0.5, 0.2, -2, -4, -3, 2, 1, -3.7])
    x = x - x.mean()
    y = np.concatenate([x])
    assert y.mean() == pytest.approx(0, abs=1e-12)
    row = ps.peak_amplitude(trace(y), statistic="peak_to_peak").iloc[0]
    assert row.value == pytest.approx(6.0)  # 5 to -1, and -4 to 2: the first of them
    assert row.time == (ps.times.as_timestamp(T0 + 0.02))
    tone = 3 * np.sin(2 * np.pi * np.arange(4000) / 100)
    tone_row = ps.peak_amplitude(trace(tone + 1e5), statistic="peak_to_peak").iloc[0]
    assert tone_row.value == pytest.approx(6.0)


def test_slow_drift_is_no_swing():
    t = np.arange(6000) / 100
    x = np.sin(2 * np.pi * 5 * t) + 40 * np.sin(2 * np.pi * t / 240)
    swing = ps.peak_amplitude(trace(x), statistic="peak_to_peak").value[0]
    assert swing < np.ptp(x)


def test_only_the_time_asked_for():
    x = np.zeros(2000)
    x[500] = 100.0
    x[1200] = -10.0
    row = ps.peak_amplitude(trace(x), starttime=T0 + 10, endtime=T0 + 15).iloc[0]
    assert row.value == pytest.approx(10.0 - 10.0 / 501)
    assert row.time.second == 12
    edge = ps.peak_amplitude(trace(x), starttime=T0 + 10, endtime=T0 + 12).iloc[0]
    assert edge.time.second == 12  # both ends included


def test_coverage_across_a_gap_and_outside():
    stream = Stream([trace(np.arange(100.0)), trace(np.arange(100.0), T0 + 3)])
    row = ps.peak_amplitude(stream).iloc[0]
    assert row.coverage == pytest.approx(0.5)
    none = ps.peak_amplitude(stream, starttime=T0 + 60, endtime=T0 + 70).iloc[0]
    assert (none.coverage, math.isnan(none.value), none.time is not None) == (0.0, True, True)
    assert str(none.time) == "NaT"


def test_no_number_is_passed_over():
    x = np.array([1.0, -1, 1, -1, np.nan, 9, -9, np.inf, 1, -1])
    row = ps.peak_amplitude(trace(x)).iloc[0]
    assert (row.value, row.coverage) == (9.0, 0.8)
    assert ps.peak_amplitude(trace(x), statistic="peak_to_peak").value[0] == 18.0
    assert ps.peak_amplitude(trace(x), statistic="rms").value[0] == pytest.approx(
        math.sqrt((6 + 162) / 8)
    )


def test_band_and_schema(rng):
    t = np.arange(6000) / 100
    x = 7 * np.sin(2 * np.pi * 4 * t) + 900
    stream = Stream([note(trace(x, channel=c), units="m/s") for c in ("HHZ", "HHE")])
    table = ps.peak_amplitude(stream, starttime=T0 + 20, freqmin=1, freqmax=10)
    assert list(table.columns) == tables.AMPLITUDES.names
    assert table.value.to_numpy() == pytest.approx(7.0, rel=0.02)
    assert table.trace_id.tolist() == ["1U.JGPD..HHE", "1U.JGPD..HHZ"]
    assert set(table.units) == {"m/s"}
    assert (table.freqmin[0], table.freqmax[0]) == (1.0, 10.0)


def test_wrong_options():
    with pytest.raises(ps.ParameterError, match="peak_abs, peak_to_peak, rms"):
        ps.peak_amplitude(trace(np.ones(9)), statistic="max")
    with pytest.raises(ps.ParameterError, match="exchange them"):
        ps.peak_amplitude(trace(np.ones(9)), starttime=T0 + 5, endtime=T0)
