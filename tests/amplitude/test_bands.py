"""Many bands in one pass: against filtering whole records, literal scipy, closed forms and cuts."""

import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import Stream, Trace, UTCDateTime
from scipy.integrate import cumulative_trapezoid
from scipy.signal import butter, sosfilt, sosfreqz

import paektuseis as ps
from paektuseis import tables
from paektuseis.amplitude import _engine
from paektuseis.amplitude._kernels import median_away
from paektuseis.provenance import note

T0 = UTCDateTime("2014-03-01")
STATISTICS = ("mean_abs", "median_abs", "rms", "max_abs")
BANDS = [(2.0, 5.0), (1.0, 16.0), (1.0, None), (None, 4.0), (8.0, 16.0), (0.5, 20.0)]


def trace(data, start=T0, rate=100.0, units="m/s", **header):
    names = {"network": "1U", "station": "JGPD", "channel": "HHZ"} | header
    made = Trace(np.asanyarray(data), {"starttime": start, "sampling_rate": rate} | names)
    return note(made, units=units)


def filtered_whole(stream, low, high):
    stream = ps.join_segments(stream)[0]
    if low is None:
        return ps.lowpass(stream, freq=high)
    if high is None:
        return ps.highpass(stream, freq=low)
    return ps.bandpass(stream, freqmin=low, freqmax=high)


def broken(x, cuts, gap, rate=100.0):
    """The record without ``gap`` samples after each cut."""
    pieces, begin = [], 0
    for cut in [*cuts, len(x)]:
        if cut > begin:
            pieces.append(trace(x[begin:cut], T0 + begin / rate, rate))
        begin = max(begin, cut + gap)
    return Stream(pieces)


def same(got, truth, rel=1e-12):
    pd.testing.assert_frame_equal(got.drop(columns="value"), truth.drop(columns="value"))
    np.testing.assert_allclose(got.value, truth.value, rtol=rel, equal_nan=True)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("band", BANDS)
def test_in_a_band_it_is_what_the_filtered_record_gives(rng, statistic, band):
    x = (1000 * rng.normal(size=100_000)).astype(np.int32)
    stream = broken(x, [7, 20_000, 20_900, 61_234, 99_500], 333)
    options = {"window": 7.1, "statistic": statistic}
    got = ps.rsam(stream, freqmin=band[0], freqmax=band[1], **options)
    same(got, ps.rsam(filtered_whole(stream, *band), **options))
    assert got.value.notna().sum() > 100


@given(
    cuts=st.lists(st.integers(0, 20_000), max_size=5, unique=True),
    gap=st.integers(0, 2000),
    window=st.sampled_from([0.5, 7.1, 60.0, 333.3]),
    rate=st.sampled_from([40.96, 100.0]),
    bad=st.integers(0, 19_000),
    start=st.sampled_from([None, -20.0, 33.3]),
)
@settings(max_examples=15, deadline=None)
def test_whatever_the_pieces_and_windows(cuts, gap, window, rate, bad, start):
    x = np.random.default_rng(len(cuts) + gap).normal(size=20_000)
    x[bad : bad + 3] = np.nan
    stream = broken(x, sorted(cuts), gap, rate)
    span = {} if start is None else {"starttime": T0 + start, "endtime": T0 + 250}
    for statistic in ("mean_abs", "median_abs"):
        options = {"window": window, "statistic": statistic, "min_coverage": 0.3, **span}
        got = ps.rsam(stream, freqmin=2.0, freqmax=8.0, **options)
        same(got, ps.rsam(filtered_whole(stream, 2.0, 8.0), **options))


def test_all_at_once_is_each_alone(rng):
    x = 1000 * rng.normal(size=200_000)
    stream = broken(x, [50_000, 120_000], 2500)
    stream += Stream([trace(x[::-1].astype(np.int32), station="KDPD", rate=50.0, units="counts")])
    rsams = [
        ps.RsamBand(),
        ps.RsamBand(window=60, statistic="rms"),
        ps.RsamBand(freqmin=2, freqmax=5, window=60),
        ps.RsamBand(freqmin=2, freqmax=5, window=31.7, statistic="max_abs"),
        ps.RsamBand(freqmin=1, window=60, statistic="median_abs"),
    ]
    ratios = [
        replace(r, window=w) for r, w in zip(ps.RATIO_FAMILY, (600, 60, 45.5, 60), strict=True)
    ]
    span = {"starttime": T0 + 100, "endtime": T0 + 3000}
    table, quotients = ps.band_amplitudes(stream, rsam=rsams, ratios=ratios, **span)
    alone = [
        ps.rsam(
            stream,
            window=r.window,
            statistic=r.statistic,
            freqmin=r.freqmin,
            freqmax=r.freqmax,
            **span,
        )
        for r in rsams
    ]
    ids = ["1U.JGPD..HHZ", "1U.KDPD..HHZ"]
    each = [t[t.trace_id == i] for i in ids for t in alone]
    same(table, pd.concat(each, ignore_index=True))
    alone = [
        ps.band_ratio(
            stream,
            low=r.low,
            high=r.high,
            window=r.window,
            integrate=r.integrate,
            name=r.name,
            **span,
        )
        for r in ratios
    ]
    each = [t[t.trace_id == i] for i in ids for t in alone]
    same(quotients, pd.concat(each, ignore_index=True))
    assert quotients.value.notna().mean() > 0.5
    assert list(table.columns) == tables.RSAM.names
    assert list(quotients.columns) == tables.RATIOS.names
    pd.testing.assert_frame_equal(quotients, tables.RATIOS.frame(quotients.to_dict("records")))


def test_one_pass_or_several_give_the_same(rng, monkeypatch):
    tr = trace(1000 * rng.normal(size=150_000))
    bands = [ps.RsamBand(freqmin=f, freqmax=3 * f, window=30 * f) for f in (1, 2, 3, 4, 5)]
    tables_of = []
    for room, chunk in ((262_144, 131_072), (1, 1), (20_000, 5_000), (10**9, 10**9)):
        monkeypatch.setattr(_engine, "ROOM", room)
        monkeypatch.setattr(_engine, "CHUNK", chunk)
        tables_of.append(ps.band_amplitudes(tr, rsam=bands, ratios=ps.RATIO_FAMILY))
    for table, ratios in tables_of[1:]:
        pd.testing.assert_frame_equal(table, tables_of[0][0], check_exact=True)
        pd.testing.assert_frame_equal(ratios, tables_of[0][1], check_exact=True)


def literal_ratio(x, low, high, size, statistic, integrate, rate=100.0):
    amplitudes = []
    if integrate:
        x = cumulative_trapezoid(x, dx=1 / rate, initial=0)
    for band in (low, high):
        y = sosfilt(butter(4, band, "bandpass", fs=rate, output="sos"), x)
        windows = y[: len(y) // size * size].reshape(-1, size)
        away = np.abs(windows - windows.mean(axis=1, keepdims=True))
        amplitudes.append({"median_abs": np.median, "mean_abs": np.mean}[statistic](away, axis=1))
    return amplitudes[0] / amplitudes[1]


@pytest.mark.parametrize("statistic", ["median_abs", "mean_abs"])
def test_dsar_is_the_literal_computation(rng, statistic):
    x = 1e-6 * rng.standard_normal(250_000)
    got = ps.dsar(trace(x), statistic=statistic)
    truth = literal_ratio(x, (4.5, 8.0), (8.0, 16.0), 60_000, statistic, integrate=True)
    # the first window of the literal computation holds the start of its filters
    np.testing.assert_allclose(got.value.to_numpy()[1:4], truth[1:], rtol=1e-9)
    row = got.iloc[1]
    assert (row.ratio, row.quantity, row.statistic) == ("dsar", "m", statistic)
    assert (row.low_freqmin, row.low_freqmax) == (4.5, 8.0)
    assert (row.high_freqmin, row.high_freqmax, row.window) == (8.0, 16.0, 600.0)
    assert math.isnan(got.value.to_numpy()[4])  # of the last window only a tenth is there


@pytest.mark.parametrize("name", ["lrar", "rmar"])
def test_the_family_is_the_literal_computation(rng, name):
    (bands,) = (r for r in ps.RATIO_FAMILY if r.name == name)
    x = 1e-6 * rng.standard_normal(200_000)
    got = ps.band_ratio(trace(x), low=bands.low, high=bands.high, name=name)
    truth = literal_ratio(x, bands.low, bands.high, 60_000, "median_abs", integrate=False)
    np.testing.assert_allclose(got.value.to_numpy()[1:3], truth[1:], rtol=1e-9)
    assert set(got.quantity) == {"m/s"}


def test_dsar_of_two_tones_of_known_displacement():
    """In closed form: each tone's displacement times the band-pass at its frequency."""
    f, displacement = np.array([6.0, 11.31]), np.array([3e-6, 0.5e-6])
    t = np.arange(150_000)[:, None] / 100
    x = (2 * np.pi * f * displacement * np.cos(2 * np.pi * f * t)).sum(axis=1)
    # the trapezoidal rule is the integral but for a known factor
    seen = displacement * (np.pi * f / 100) / np.tan(np.pi * f / 100)

    def band(low, high):
        sections = butter(4, (low, high), "bandpass", fs=100, output="sos")
        return np.abs(sosfreqz(sections, f, fs=100)[1])

    truth = np.linalg.norm(seen * band(4.5, 8)) / np.linalg.norm(seen * band(8, 16))
    table = ps.dsar(trace(x), statistic="rms")
    assert table.value.to_numpy()[1] == pytest.approx(truth, rel=1e-5)
    assert truth == pytest.approx(6.0, rel=0.2)  # flanks let some of the other tone through


def test_displacement_and_velocity_differ():
    """Equal displacement at 6 Hz and 12 Hz: half the velocity at 6 Hz."""
    t = np.arange(150_000) / 100
    x = np.cos(2 * np.pi * 6.0 * t) + 2 * np.cos(2 * np.pi * 12.0 * t)
    bands = {"low": (4.5, 8.0), "high": (8.0, 16.0)}
    for statistic in ("median_abs", "mean_abs", "rms", "max_abs"):
        moved = ps.dsar(trace(x), statistic=statistic).value.to_numpy()[1]
        velocity = ps.band_ratio(trace(x), statistic=statistic, **bands).value.to_numpy()[1]
        assert moved == pytest.approx(1.0, rel=0.1)
        assert velocity == pytest.approx(0.5, rel=0.1)


def test_the_family():
    family = {r.name: r for r in ps.RATIO_FAMILY}
    assert list(family) == ["vlar", "lrar", "rmar", "dsar"]
    assert [r.high for r in ps.RATIO_FAMILY][:2] == [r.low for r in ps.RATIO_FAMILY][1:3]
    assert [r.integrate for r in ps.RATIO_FAMILY] == [False, False, False, True]


@pytest.mark.parametrize(
    ("units", "integrate", "quantity"),
    [
        ("m/s", True, "m"),
        ("m/s**2", True, "m/s"),
        ("counts", True, "counts*s"),
        ("counts", False, "counts"),
    ],
)
def test_the_quantity_compared(rng, units, integrate, quantity):
    tr = trace(rng.normal(size=12_000), units=units)
    table = ps.band_ratio(tr, low=(1, 4), high=(4, 8), window=60, integrate=integrate)
    assert set(table.quantity) == {quantity}


def test_a_ratio_needs_both_bands(rng):
    """Coverage is that of the band that settles later; silence has no ratio."""
    tr = trace(rng.normal(size=60_000))
    table = ps.band_ratio(tr, low=(0.1, 0.2), high=(4, 8), window=60, min_coverage=0.9)
    wait = ps.settling_time(100.0, freqmin=0.1, freqmax=0.2)
    assert 60 < wait < 120
    assert table.coverage.tolist()[:3] == pytest.approx([0, 2 - wait / 60, 1], abs=2e-4)
    assert table.value.isna().tolist()[:3] == [True, True, False]
    silent = ps.band_ratio(trace(np.zeros(30_000)), low=(1, 4), high=(4, 8), window=60)
    assert silent.value.isna().all()
    assert silent.coverage.min() > 0.9


def test_a_band_above_nyquist_is_an_error_or_told(rng):
    stream = Stream(
        [trace(rng.normal(size=9000)), trace(rng.normal(size=900), rate=20.0, station="B")]
    )
    wanted = {
        "rsam": [ps.RsamBand(freqmin=1, freqmax=5, window=10), ps.RsamBand(freqmin=10, window=10)],
        "ratios": [ps.RatioBands(name="x", low=(1, 3), high=(3, 30), window=10)],
    }
    with pytest.raises(ps.ParameterError, match=r"10 Hz of 1U\.B\.\.HHZ"):
        ps.band_amplitudes(stream, **wanted)
    problems = []
    table, ratios = ps.band_amplitudes(stream, **wanted, problems=problems)
    assert len(problems) == 2
    assert all("1U.B..HHZ" in text for text in problems)
    assert set(ratios.trace_id) == {"1U.JGPD..HHZ"}
    assert table.groupby("trace_id").freqmin.unique().map(list).to_dict() == {
        "1U.B..HHZ": [1.0],
        "1U.JGPD..HHZ": [1.0, 10.0],
    }


@pytest.mark.parametrize("hours", [0.5, 1.0])
def test_a_piece_at_a_time_is_the_same(rng, hours):
    """Read ``memory_time`` earlier, and nothing shows where the record was cut."""
    x = 1e-6 * rng.standard_normal(4 * 360_000)
    wanted = {
        "rsam": [ps.RsamBand(freqmin=1, freqmax=16), ps.RsamBand(freqmin=2, freqmax=5, window=60)],
        "ratios": [r for r in ps.RATIO_FAMILY if r.name != "vlar"],
    }
    lead = ps.memory_time(100.0, freqmin=0.1, freqmax=2.0)
    start = T0 + 3600
    whole = ps.band_amplitudes(trace(x), **wanted, starttime=start, endtime=T0 + 4 * 3600)
    parts = []
    while start < T0 + 4 * 3600:
        end = start + hours * 3600
        piece = trace(x).slice(start - lead, end)
        parts.append(ps.band_amplitudes(piece, **wanted, starttime=start, endtime=end))
        start = end
    for got, truth in zip(zip(*parts, strict=True), whole, strict=True):
        keys = ["freqmin", "ratio", "starttime"]
        ordered = pd.concat(got).sort_values([k for k in keys if k in truth], kind="stable")
        truth = truth.sort_values([k for k in keys if k in truth], kind="stable")
        same(ordered.reset_index(drop=True), truth.reset_index(drop=True), rel=1e-10)
        assert truth.value.notna().all()


def test_samples_in_two_pieces_of_different_rates(rng):
    """A recorder replaced while the old one still ran: both measure, none is lost."""
    stream = Stream([trace(rng.normal(size=12_000)), trace(rng.normal(size=6000), T0 + 60, 50.0)])
    got = ps.rsam(stream, freqmin=2, freqmax=8, window=30)
    same(got, ps.rsam(ps.bandpass(stream, freqmin=2, freqmax=8), window=30))
    assert len(got) == 6
    assert got.value.notna().all()


def test_a_record_already_filtered_says_so(rng):
    once = ps.highpass(trace(rng.normal(size=30_000)), freq=1.5)
    table, ratios = ps.band_amplitudes(
        once,
        rsam=[ps.RsamBand(freqmin=1, freqmax=16, window=60)],
        ratios=[ps.RatioBands(name="own", low=(1, 4), high=(4, 8), window=60)],
    )
    assert (table.freqmin[0], table.freqmax[0]) == (1.5, 16.0)
    assert (ratios.low_freqmin[0], ratios.high_freqmin[0], ratios.ratio[0]) == (1.5, 4.0, "own")


def test_memory_does_not_grow_with_the_record(rng):
    tr = trace((1000 * rng.standard_normal(2_000_000)).astype(np.int32))
    wanted = {"rsam": [ps.RsamBand(freqmin=1, freqmax=16, window=60)], "ratios": ps.RATIO_FAMILY}
    ps.band_amplitudes(tr.slice(T0, T0 + 700), **wanted)
    tracemalloc.start()
    ps.band_amplitudes(tr, **wanted)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6  # the record in float64 would be 16 MB, its bands 112 MB


def test_nothing_in_nothing_out():
    table, ratios = ps.band_amplitudes(Stream(), ratios=ps.RATIO_FAMILY)
    assert list(table.columns) == tables.RSAM.names
    assert list(ratios.columns) == tables.RATIOS.names
    assert table.empty
    assert ratios.empty
    assert ps.dsar(trace(np.full(5000, np.nan))).empty


@pytest.mark.parametrize(
    ("made", "options", "words"),
    [
        (ps.RsamBand, {"window": 0}, "window"),
        (ps.RsamBand, {"statistic": "mean"}, "mean_abs"),
        (ps.RsamBand, {"freqmin": 5, "freqmax": 2}, "not below"),
        (ps.RatioBands, {"name": "", "low": (5, 2), "high": (1, 2)}, "not below"),
        (ps.RatioBands, {"name": "", "low": (1,), "high": (1, 2)}, "low"),
        (ps.RatioBands, {"name": "", "low": (1, 2), "high": (None, 2)}, "high"),
        (ps.RatioBands, {"name": "", "low": (1, 2), "high": (2, 3), "window": -1}, "window"),
    ],
)
def test_options_out_of_range(made, options, words):
    with pytest.raises(ps.ParameterError, match=words):
        made(**options)


def median_of(x, mean=0.0):
    work = np.empty(len(x), dtype=np.int64)
    n = int(np.isfinite(x).sum())
    return median_away(np.asarray(x, dtype=np.float64), 0, len(x), mean, n, work)


@given(
    kind=st.sampled_from(["noise", "steps", "sorted", "tone", "constant", "two", "heavy", "tiny"]),
    n=st.integers(1, 20_000),
    holes=st.integers(0, 50),
    mean=st.sampled_from([0.0, 0.3, -7.0]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=80, deadline=None)
def test_the_median_is_the_median(kind, n, holes, mean, seed):
    rng = np.random.default_rng(seed)
    x = {
        "noise": rng.standard_normal(n),
        "steps": rng.integers(-3, 4, n).astype(float),
        "sorted": np.sort(rng.standard_normal(n)),
        "tone": np.sin(2 * np.pi * np.arange(n) / max(1, n // 1024)),  # in step with the sample
        "constant": np.full(n, 2.5),
        "two": rng.choice([0.0, 1e9], n),
        "heavy": rng.standard_cauchy(n),
        "tiny": 1e-310 * rng.standard_normal(n),
    }[kind]
    if holes < n:
        x[rng.integers(0, n, holes)] = rng.choice([np.nan, np.inf, -np.inf], holes)
    good = np.abs(x[np.isfinite(x)] - mean)
    if len(good):
        assert median_of(x, mean) == np.median(good)
