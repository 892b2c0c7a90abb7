"""Onsets against ObsPy, and the accounting of blind time."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.trigger import trigger_onset

from paektuseis import ParameterError, monitored_time, provenance, sta_lta, tables, trigger_onsets

FS = 100.0


def make(data, fs=FS, start=0.0, station="TEST", channel="HHZ"):
    return Trace(
        np.asarray(data, dtype=float),
        {
            "sampling_rate": fs,
            "network": "1U",
            "station": station,
            "channel": channel,
            "starttime": UTCDateTime(start),
        },
    )


def samples(table, fs=1.0, start=0.0):
    """Onset and end as sample numbers."""
    return [
        [round((a.timestamp() - start) * fs), round((b.timestamp() - start) * fs)]
        for a, b in zip(table["starttime"], table["endtime"], strict=True)
    ]


def noise_with_bursts(rng, n, *starts, factor=20.0, length=300):
    x = rng.standard_normal(n)
    for at in starts:
        x[at : at + length] *= factor
    return x


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 150),
    thresholds=st.tuples(st.floats(0, 4), st.floats(0, 4)),
    longest=st.one_of(st.none(), st.integers(1, 12)),
)
def test_equals_obspy(seed, n, thresholds, longest):
    c = np.abs(np.random.default_rng(seed).standard_normal(n).cumsum())
    off, on = sorted(thresholds)
    want = trigger_onset(c, on, off, max_len=longest or 9e99)
    got = trigger_onsets(make(c, fs=1.0), thr_on=on, thr_off=off, max_duration=longest)
    assert samples(got) == [list(map(int, row)) for row in want]
    for (a, b), peak, at, open_end in zip(
        want, got["peak_ratio"], got["peak_time"], got["open_end"], strict=True
    ):
        assert peak == c[a : b + 1].max()
        assert c[round(at.timestamp())] == peak
        assert open_end == (b == n - 1 and c[-1] >= off)


def test_by_hand():
    c = [0, 3, 5, 4, 2, 1, 0, 6, 0, 0, 4, 4]
    got = trigger_onsets(make(c, fs=2.0), thr_on=3, thr_off=2, detector="vt")
    tables.TRIGGERS.check(got, need=tables.TRIGGERS.names)
    assert samples(got, fs=2.0) == [[1, 4], [7, 7], [10, 11]]
    assert got["peak_ratio"].tolist() == [5, 6, 4]
    assert [t.timestamp() for t in got["peak_time"]] == [1.0, 3.5, 5.0]
    assert got["open_end"].tolist() == [False, False, True]
    assert got["duration"].tolist() == [1.5, 0, 0.5]
    assert set(got["detector"]) == {"vt"}


def test_min_duration_and_dead_time():
    c = [0, 5, 5, 5, 0, 5, 0, 0, 5, 5, 5, 5, 0]
    assert samples(trigger_onsets(make(c, fs=1), thr_on=3, thr_off=2, min_duration=2)) == [
        [1, 3],
        [8, 11],
    ]
    # the trigger at 5 falls into the dead time 4..6, that at 8 does not
    assert samples(trigger_onsets(make(c, fs=1), thr_on=3, thr_off=2, dead_time=3)) == [
        [1, 3],
        [8, 11],
    ]
    # an excursion that began in the dead time is passed over whole
    assert samples(trigger_onsets(make(c, fs=1), thr_on=3, thr_off=2, dead_time=5)) == [[1, 3]]
    # a dropped trigger leaves no dead time behind
    d = [0, 5, 0, 5, 5, 5, 0]
    got = trigger_onsets(make(d, fs=1), thr_on=3, thr_off=2, dead_time=3, min_duration=1)
    assert samples(got) == [[3, 5]]


def test_nan_closes_and_says_so():
    c = [0, 5, 5, np.nan, np.nan, 5, 5, 1, 0]
    got = trigger_onsets(make(c, fs=1), thr_on=3, thr_off=2)
    assert samples(got) == [[1, 2], [5, 6]]
    assert got["open_end"].tolist() == [True, False]


def test_nothing_in_blind_time_even_where_finite():
    c = np.ones(100)
    c[20:30] = 9
    c[60:70] = 9
    trace = provenance.note(make(c, fs=1), blind_until=UTCDateTime(40))
    assert samples(trigger_onsets(trace, thr_on=3, thr_off=2)) == [[60, 69]]
    trace = provenance.note(make(c, fs=1), valid_until=UTCDateTime(64))
    got = trigger_onsets(trace, thr_on=3, thr_off=2)
    assert samples(got) == [[20, 29], [60, 64]]
    assert got["open_end"].tolist() == [False, True]


def test_out_of_reach_threshold_is_refused(rng):
    x = make(rng.standard_normal(3000))
    for method in ("classic", "recursive"):
        cf = sta_lta(x, sta=0.5, lta=10, method=method)
        with pytest.raises(ParameterError, match=r"lta/sta=20; lower thr_on"):
            trigger_onsets(cf, thr_on=20.5, thr_off=1)
        assert len(trigger_onsets(cf, thr_on=20, thr_off=1)) == 0
    cf = sta_lta(x, sta=0.5, lta=10, method="delayed")
    assert len(trigger_onsets(cf, thr_on=500, thr_off=1)) == 0


@pytest.mark.parametrize(
    "options",
    [
        {"thr_on": 1, "thr_off": 2},
        {"thr_on": np.nan, "thr_off": 2},
        {"thr_on": 3, "thr_off": -np.inf},
        {"thr_on": 3, "thr_off": 1, "dead_time": -1},
        {"thr_on": 3, "thr_off": 1, "min_duration": np.nan},
        {"thr_on": 3, "thr_off": 1, "max_duration": 0},
    ],
)
def test_refusals(options):
    with pytest.raises(ParameterError):
        trigger_onsets(make([1, 2]), **options)


def test_nothing_gives_an_empty_table_of_the_right_kind(rng):
    got = trigger_onsets(Stream(), thr_on=3, thr_off=1)
    full = trigger_onsets(make([0, 5, 0]), thr_on=3, thr_off=1)
    assert len(got) == 0
    assert list(got.columns) == list(full.columns) == tables.TRIGGERS.names
    assert got.dtypes.to_dict() == full.dtypes.to_dict()


@pytest.mark.parametrize("method", ["classic", "recursive", "delayed", "z"])
def test_day_and_hours_give_the_same_triggers_to_the_sample(method, rng):
    """An hour at once, or in pieces of ten minutes with warm-up before each."""
    n = 360_000
    starts = rng.integers(3000, n - 1000, 60)
    x = noise_with_bursts(rng, n, *starts, factor=8)
    thr_on, thr_off = (8, 0) if method == "z" else (3.5, 1.5)
    options = {"sta": 0.5, "lta": 10, "method": method}

    def triggers(begin, end):
        cf = sta_lta(make(x[begin:end], start=begin / FS), **options)
        return trigger_onsets(cf, thr_on=thr_on, thr_off=thr_off)

    whole = triggers(0, n)
    assert len(whole) > 20
    parts = []
    for begin in range(0, n, 60_000):
        piece = triggers(max(0, begin - 26_000), min(n, begin + 66_000))
        on = piece["starttime"].map(pd.Timestamp.timestamp)
        parts.append(piece[(on >= begin / FS) & (on < (begin + 60_000) / FS)])
    pieces = pd.concat(parts, ignore_index=True)
    exact = ["trace_id", "starttime", "endtime", "peak_time", "open_end"]
    pd.testing.assert_frame_equal(pieces[exact], whole[exact])
    np.testing.assert_allclose(pieces["peak_ratio"], whole["peak_ratio"], atol=1e-9)


def test_linear_in_triggers():
    c = np.tile([0.0, 5.0, 5.0, 0.0], 100_000)
    trace = make(c)
    trigger_onsets(trace, thr_on=3, thr_off=1)
    begin = time.perf_counter()
    assert len(trigger_onsets(trace, thr_on=3, thr_off=1)) == 100_000
    assert time.perf_counter() - begin < 5  # 0.1 s; a quadratic scan takes minutes


# ---------------------------------------------------------------- monitored time


def check_complete(table, begin, end):
    """The spans of each channel fill the whole without gap or overlap."""
    for _, part in table.groupby("trace_id"):
        assert part["starttime"].iloc[0].timestamp() == pytest.approx(begin)
        assert part["endtime"].iloc[-1].timestamp() == pytest.approx(end)
        assert (part["starttime"].to_numpy()[1:] == part["endtime"].to_numpy()[:-1]).all()
        assert part["duration"].sum() == pytest.approx(end - begin)


def test_gap_warm_up_and_absent_channel(rng):
    pieces = Stream(
        [
            make(rng.standard_normal(6000), start=0),
            make(rng.standard_normal(500), start=70),  # shorter than the warm-up
            make(rng.standard_normal(6000), start=90),
        ]
    )
    for trace in pieces:
        provenance.note(trace, valid_from=trace.stats.starttime + 2)
    cf = sta_lta(pieces, sta=0.5, lta=10)
    got = monitored_time(
        cf,
        starttime=UTCDateTime(0),
        endtime=UTCDateTime(160),
        trace_ids=["1U.TEST..HHZ", "1U.GONE..HHZ"],
        detector="vt",
    )
    check_complete(got, 0, 160)
    here = got[got["trace_id"] == "1U.TEST..HHZ"]
    assert list(zip(here["state"], here["duration"].round(6), strict=True)) == [
        ("blind", 12),
        ("monitored", 48),
        ("missing", 10),
        ("blind", 5),
        ("missing", 15),
        ("blind", 12),
        ("monitored", 48),
        ("missing", 10),
    ]
    causes = here["cause"].tolist()
    assert causes[0] == "filter settling and LTA warm-up, 12 s"
    assert causes[3] == (
        "segment of 5 s is not longer than the 12 s of filter settling and LTA warm-up"
    )
    gone = got[got["trace_id"] == "1U.GONE..HHZ"]
    assert gone["state"].tolist() == ["missing"]
    assert gone["duration"].tolist() == [160]


def test_event_soon_after_a_gap(rng):
    """5 s after a gap is blind time, and said to be; the same event after the warm-up is found."""
    x = noise_with_bursts(rng, 12_000, 500, 4000)
    cf = sta_lta(make(x), sta=0.5, lta=10)
    got = trigger_onsets(cf, thr_on=5, thr_off=1.5)
    assert samples(got, FS)[0][0] == pytest.approx(4000, abs=20)
    assert len(got) == 1
    spans = monitored_time(cf)
    assert spans["state"].tolist() == ["blind", "monitored"]
    assert spans["duration"].tolist() == [10, 110]
    # with an average that is warm by then, it is found
    cf = sta_lta(make(x), sta=0.2, lta=4.5)
    found = [s[0] for s in samples(trigger_onsets(cf, thr_on=5, thr_off=1.5), FS)]
    assert found == pytest.approx([500, 4000], abs=20)


def test_dead_stretch_is_blind(rng):
    x = rng.standard_normal(12_000)
    x[4000:6000] = 0
    spans = monitored_time(sta_lta(make(x), sta=0.5, lta=10))
    assert spans["state"].tolist() == ["blind", "monitored", "blind", "monitored"]
    assert spans["duration"].tolist() == [10, 30, 30, 50]
    assert "dead samples" in spans["cause"][2]


def test_filter_end_is_blind(rng):
    trace = provenance.note(make(rng.standard_normal(6000)), valid_until=UTCDateTime(50))
    spans = monitored_time(sta_lta(trace, sta=0.5, lta=10))
    assert spans["state"].tolist() == ["blind", "monitored", "blind"]
    assert spans["cause"][2].startswith("disturbed by the filter at the end")
    check_complete(spans, 0, 60)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(1, 3000), min_size=2, max_size=8, unique=True),
    settle=st.floats(0, 3),
)
def test_spans_fill_the_time_and_agree_with_triggers(seed, cuts, settle):
    rng = np.random.default_rng(seed)
    cuts = sorted(cuts)
    pieces = Stream(
        [
            provenance.note(
                make(rng.standard_normal(b - a), fs=20, start=a / 20),
                valid_from=UTCDateTime(a / 20 + settle),
            )
            for a, b in zip(cuts[::2], cuts[1::2], strict=False)
        ]
    )
    cf = sta_lta(pieces, sta=0.2, lta=2)
    spans = monitored_time(cf, starttime=UTCDateTime(0), endtime=UTCDateTime(160))
    check_complete(spans, 0, 160)
    heard = spans[spans["state"] == "monitored"]
    for row in trigger_onsets(cf, thr_on=1.5, thr_off=1).itertuples():
        inside = (heard["starttime"] <= row.starttime) & (row.starttime < heard["endtime"])
        assert inside.sum() == 1


def test_no_trace_and_no_span():
    with pytest.raises(ParameterError, match="give starttime and endtime"):
        monitored_time(Stream())
    assert len(monitored_time(Stream(), starttime="2010-09-01", endtime="2010-09-02")) == 0
    got = monitored_time(
        Stream(), starttime="2010-09-01", endtime="2010-09-02", trace_ids=["1U.A..HHZ"]
    )
    assert got["state"].tolist() == ["missing"]
    with pytest.raises(ParameterError, match="not after"):
        monitored_time(make([1, 1]), starttime="2010-09-01", endtime="2010-09-01")
