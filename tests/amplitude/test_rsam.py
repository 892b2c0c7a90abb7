"""RSAM against closed forms, a literal reference, gaps and cuts."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables
from paektuseis.provenance import note

T0 = UTCDateTime("2014-03-01")
STATISTICS = ("mean_abs", "median_abs", "rms", "max_abs")


def trace(data, start=T0, rate=100.0, **header):
    names = {"network": "1U", "station": "JGPD", "channel": "HHZ"} | header
    return Trace(np.asanyarray(data), {"starttime": start, "sampling_rate": rate} | names)


def literal(x, statistic):
    y = np.asarray(x, float) - np.mean(np.asarray(x, float))
    return {
        "mean_abs": np.mean(np.abs(y)),
        "median_abs": np.median(np.abs(y)),
        "rms": np.sqrt(np.mean(y**2)),
        "max_abs": np.max(np.abs(y)),
    }[statistic]


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("dtype", [np.int32, np.int16, np.float32, np.float64, ">i4"])
def test_equals_the_literal_reference(rng, statistic, dtype):
    x = (3000 * rng.normal(size=50_001) + 500).clip(-32_000, 32_000).astype(dtype)
    table = ps.rsam(trace(x), window=60, statistic=statistic, min_coverage=0.01)
    truth = [literal(x[i : i + 6000], statistic) for i in range(0, 50_001, 6000)]
    assert table.value.to_numpy() == pytest.approx(
        truth, rel=1e-6 if dtype == np.float32 else 1e-12
    )


def test_closed_forms(rng):
    t = np.arange(60_000) / 100
    tone = trace(1000 * np.sin(2 * np.pi * 2.015 * t))
    noise = trace(1000 * rng.normal(size=600_000))
    value = {s: float(ps.rsam(tone, statistic=s).value[0]) for s in STATISTICS}
    assert value["mean_abs"] == pytest.approx(2000 / np.pi, rel=2e-3)
    assert value["rms"] == pytest.approx(1000 / math.sqrt(2), rel=1e-3)
    assert value["median_abs"] == pytest.approx(1000 / math.sqrt(2), rel=2e-2)
    assert value["max_abs"] == pytest.approx(1000, rel=1e-3)
    mean_abs = ps.rsam(noise, window=6000, min_coverage=0.5, starttime=T0).value[0]
    assert mean_abs == pytest.approx(1000 * math.sqrt(2 / np.pi), rel=5e-3)


def test_columns_say_what_the_number_is(rng):
    table = ps.rsam(note(trace(rng.normal(size=120_000)), units="m/s"), window=600)
    assert list(table.columns) == tables.RSAM.names
    made = tables.RSAM.frame(table.to_dict("records"))
    pd.testing.assert_frame_equal(table, made)
    row = table.iloc[1]
    assert (row.trace_id, row.units, row.statistic) == ("1U.JGPD..HHZ", "m/s", "mean_abs")
    assert (row.window, row.coverage) == (600.0, 1.0)
    assert math.isnan(row.freqmin)
    assert row.starttime.isoformat() == "2014-03-01T00:10:00+00:00"


@given(scale=st.floats(1e-9, 1e9), seed=st.integers(0, 999), offset=st.integers(-(10**6), 10**6))
@settings(max_examples=25, deadline=None)
def test_scale_and_offset(scale, seed, offset):
    x = np.random.default_rng(seed).normal(size=2000)
    for statistic in STATISTICS:
        options = {"window": 5, "statistic": statistic, "min_coverage": 0.5}
        plain, scaled, lifted = (
            ps.rsam(trace(y), **options).value.to_numpy() for y in (x, scale * x, x + offset)
        )
        assert scaled / scale == pytest.approx(plain, rel=1e-9)
        assert lifted == pytest.approx(plain, abs=1e-8)


@given(
    share=st.floats(0.1, 0.9), seed=st.integers(0, 10_000), chunk=st.sampled_from([0.5, 3.0, 20.0])
)
@settings(max_examples=25, deadline=None)
def test_losing_any_share_of_a_record_leaves_rsam_or_nothing(share, seed, chunk):
    """What is missing is not counted: neither as zeros nor as something in between."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=60_000)
    size = int(chunk * 100)
    keep = rng.random(60_000 // size) >= share
    pieces = Stream(
        trace(x[i * size : (i + 1) * size], T0 + i * chunk) for i in np.flatnonzero(keep)
    )
    for statistic, truth, error in (("mean_abs", 0.797885, 0.6028), ("rms", 1.0, 0.7071)):
        table = ps.rsam(
            pieces,
            window=600,
            statistic=statistic,
            min_coverage=0.3,
            starttime=T0,
            endtime=T0 + 600,
        )
        if not len(pieces):
            assert table.empty
            continue
        (row,) = table.itertuples()
        assert row.coverage == pytest.approx(keep.sum() * size / 60_000)
        if row.coverage < 0.3:
            assert math.isnan(row.value)
        else:
            assert abs(row.value - truth) < 5 * error / math.sqrt(keep.sum() * size)


def test_gap_windows_are_there_and_empty(rng):
    x = rng.normal(size=60_000)
    whole = trace(x)
    broken = Stream([whole.slice(T0, T0 + 129.99), whole.slice(T0 + 310, T0 + 599.99)])
    table = ps.rsam(broken, window=60)
    assert len(table) == 10
    assert table.coverage.to_numpy() == pytest.approx([1, 1, 1 / 6, 0, 0, 5 / 6, 1, 1, 1, 1])
    assert table.value.isna().tolist() == [False, False, True, True, True] + [False] * 5
    assert table.value[5] == pytest.approx(literal(x[31_000:36_000], "mean_abs"))


def test_all_segments_of_a_window_are_one_sample():
    """Two segments of different level: the mean is that of both together."""
    parts = Stream([trace(np.full(2000, 10.0)), trace(np.full(2000, 20.0), T0 + 30)])
    for statistic in STATISTICS:
        row = ps.rsam(parts, window=60, min_coverage=0.5, statistic=statistic).iloc[0]
        assert row.value == 5.0
        assert row.coverage == pytest.approx(2 / 3)


def test_overlaps_count_once(rng):
    x = rng.normal(size=6000)
    doubled = Stream([trace(x), trace(x[1000:3000], T0 + 10), trace(x)])
    row = ps.rsam(doubled, window=60).iloc[0]
    assert (row.value, row.coverage) == (pytest.approx(literal(x, "mean_abs")), 1.0)


def test_no_number_is_no_sample(rng):
    x = rng.normal(size=6000)
    y = x.copy()
    y[100:700] = np.nan
    y[5000] = np.inf
    good = x[np.isfinite(y)]
    for statistic in STATISTICS:
        row = ps.rsam(trace(y), window=60, statistic=statistic).iloc[0]
        assert row.value == pytest.approx(literal(good, statistic))
        assert row.coverage == pytest.approx(len(good) / 6000)


@pytest.mark.parametrize("rate", [75.0, 100.0, 40.96, 31.25])
@pytest.mark.parametrize("window", [2.56, 1.0, 7.1])
def test_windows_of_no_whole_number_of_samples(rng, rate, window):
    n = int(60 * rate)
    x = rng.normal(size=n)
    start = T0 + 0.4
    table = ps.rsam(trace(x, start, rate), window=window, min_coverage=0.01)
    times = start.ns + np.rint(np.arange(n) / rate * 1e9)
    begins = table.starttime.astype("int64").to_numpy()
    step = round(window * 1e9)
    assert (np.diff(begins) == step).all()
    assert (begins % step == 0).all()
    for row, begin in zip(table.itertuples(), begins, strict=True):
        inside = (times >= begin - 5e5 / rate) & (times < begin + step - 5e5 / rate)
        assert row.value == pytest.approx(literal(x[inside], "mean_abs"), abs=1e-12)
    assert (table.coverage[1:-1] == 1.0).all()


def test_an_hour_at_a_time_is_the_same_to_the_bit(rng):
    x = rng.integers(-5000, 5000, 360_000).astype(np.int32)
    day = ps.rsam(trace(x), window=60)
    hours = [
        ps.rsam(trace(x[i : i + 60_000], T0 + i / 100), window=60)
        for i in range(0, 360_000, 60_000)
    ]
    pd.testing.assert_frame_equal(day, pd.concat(hours, ignore_index=True))
    files = Stream(trace(x[i : i + 7777], T0 + i / 100) for i in range(0, 360_000, 7777))
    pd.testing.assert_frame_equal(day, ps.rsam(files, window=60))


def test_windows_start_where_asked(rng):
    tr = trace(rng.normal(size=30_000), T0 + 95)
    table = ps.rsam(tr, window=60, starttime=T0 + 30, endtime=T0 + 330)
    assert [t.second + 60 * t.minute for t in table.starttime] == [30, 90, 150, 210, 270]
    assert table.coverage.to_numpy() == pytest.approx([0, 55 / 60, 1, 1, 1])
    aligned = ps.rsam(tr, window=60)
    assert aligned.starttime[0].isoformat() == "2014-03-01T00:01:00+00:00"
    assert (len(aligned), aligned.coverage[0]) == (6, pytest.approx(25 / 60))


def test_a_sample_written_a_little_early_belongs_to_its_window(rng):
    x = rng.normal(size=6000)
    table = ps.rsam(trace(x, T0 - 0.000005), window=60)
    assert len(table) == 1
    assert table.coverage[0] == 1.0


def test_band_filters_causally_and_is_reported(rng):
    t = np.arange(120_000) / 100
    x = 100 * np.sin(2 * np.pi * 3 * t) + 5000 * np.sin(2 * np.pi * 0.1 * t) + 1e6
    table = ps.rsam(trace(x), window=60, freqmin=2, freqmax=5)
    assert table.value[1:].to_numpy() == pytest.approx(200 / np.pi, rel=0.01)
    assert set(zip(table.freqmin, table.freqmax, strict=True)) == {(2.0, 5.0)}
    high = ps.rsam(trace(x), window=60, freqmin=2)
    assert (high.freqmin[0], math.isnan(high.freqmax[0])) == (2.0, True)
    low = ps.rsam(trace(x), window=60, freqmax=1)
    assert low.value[1:].to_numpy() == pytest.approx(10_000 / np.pi, rel=0.01)
    with pytest.raises(ps.ParameterError, match=r"50 Hz of 1U\.JGPD\.\.HHZ"):
        ps.rsam(trace(x), freqmin=2, freqmax=50)


def test_settling_of_a_filter_lowers_the_coverage(rng):
    settled = note(trace(rng.normal(size=12_000)), freqmin=1.0, freqmax=16.0, valid_from=T0 + 30)
    table = ps.rsam(settled, window=60)
    assert table.coverage.to_numpy() == pytest.approx([0.5, 1.0])
    assert table.value.isna().tolist() == [True, False]
    assert (table.freqmin[0], table.freqmax[0]) == (1.0, 16.0)
    nothing = note(trace(rng.normal(size=6000)), valid_from=T0 + 600)
    rows = ps.rsam(nothing, window=60, starttime=T0, endtime=T0 + 60)
    assert (len(rows), rows.coverage[0], math.isnan(rows.value[0])) == (1, 0.0, True)


def test_several_channels_in_order(rng):
    stream = Stream([trace(rng.normal(size=12_000), station=s) for s in ("KDPD", "JGPD")])
    table = ps.rsam(stream, window=60)
    assert table.trace_id.tolist() == ["1U.JGPD..HHZ"] * 2 + ["1U.KDPD..HHZ"] * 2


def test_nothing_gives_an_empty_table():
    assert list(ps.rsam(Stream()).columns) == tables.RSAM.names
    assert ps.rsam(Stream()).empty


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": 0}, "window"),
        ({"window": float("nan")}, "window"),
        ({"statistic": "mean"}, "mean_abs, median_abs"),
        ({"min_coverage": 0}, "min_coverage"),
        ({"freqmin": 5, "freqmax": 2}, "not below"),
        ({"window": 1e-6}, "lengthen the window"),
    ],
)
def test_options_out_of_range(options, words):
    with pytest.raises(ps.ParameterError, match=words):
        ps.rsam(trace(np.zeros(1000)), **options)


def test_input_is_left_alone(rng):
    stream = Stream([trace(rng.normal(size=9000)), trace(rng.normal(size=900), T0 + 90)])
    before = stream.copy()
    ps.rsam(stream, window=10, freqmin=1, freqmax=10)
    assert stream == before


@pytest.mark.real
def test_ten_minutes_of_montserrat_at_75_hz(real_data):
    stream = ps.read_waveforms(
        real_data / "volcano_snippets" / "montserrat_2001_rsam" / "rsam_example.mseed"
    )
    (tr,) = stream
    assert tr.stats.sampling_rate == 75.0
    table = ps.rsam(tr, window=60)
    times = tr.stats.starttime.ns + np.rint(np.arange(tr.stats.npts) / 75 * 1e9)
    for row in table[table.coverage >= 0.8].itertuples():
        begin = row.starttime.value
        inside = (times >= begin - 1e4) & (times < begin + 60e9 - 1e4)
        assert row.value == pytest.approx(literal(tr.data[inside], "mean_abs"), rel=1e-12)
    assert table.coverage.iloc[1:-1].eq(1.0).all()
    assert table.coverage.sum() * 60 == pytest.approx(tr.stats.npts / 75, abs=0.02)
