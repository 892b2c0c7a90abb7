"""The drawn outline against a literal minimum and maximum."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from obspy import Stream, Trace, UTCDateTime

from paektuseis import ParameterError, WaveformError
from paektuseis.plotting._envelope import as_traces, min_max, outline
from paektuseis.plotting._time import to_days


def literal(samples, first, per_column, columns):
    found = {}
    for i, value in enumerate(samples):
        column = int(np.floor((first + i) / per_column + 1e-12))
        if 0 <= column < columns:
            found.setdefault(column, []).append(value)
    keys = sorted(found)
    return keys, [np.nanmin(found[k]) for k in keys], [np.nanmax(found[k]) for k in keys]


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 400),
    first=st.integers(-300, 300),
    per_column=st.sampled_from([1.0, 2.5, 3.0, 7.25, 40.0]),
    columns=st.integers(1, 60),
    seed=st.integers(0, 10),
)
def test_min_max_equals_the_literal_one(n, first, per_column, columns, seed):
    samples = np.random.default_rng(seed).integers(-1000, 1000, n)
    column, low, high = min_max(samples, first, per_column, columns)
    keys, lows, highs = literal(samples, first, per_column, columns)
    assert column.tolist() == keys
    assert low.tolist() == lows
    assert high.tolist() == highs


def test_nan_does_not_hide_its_neighbours():
    samples = np.array([1.0, np.nan, 3.0, np.nan, np.nan, np.nan])
    _, low, high = min_max(samples, 0, 3.0, 2)
    assert low[0] == 1.0
    assert high[0] == 3.0
    assert np.isnan(low[1])


def test_outline_keeps_every_extreme_of_a_day():
    data = np.zeros(8_640_000, dtype=np.int32)
    data[4_321_987] = 77
    data[8_000_001] = -55
    trace = Trace(data, {"sampling_rate": 100.0, "starttime": UTCDateTime("2010-09-01")})
    days, values = outline([trace], trace.stats.starttime, trace.stats.starttime + 86400, 1500)
    assert len(values) == 3000
    assert values.max() == 77
    assert values.min() == -55
    at = days[np.argmax(values)]
    assert abs(at - to_days(trace.stats.starttime + 43219.87)) * 86400 < 86400 / 1500


def test_outline_breaks_at_a_gap(gappy):
    days, values = outline(list(gappy), gappy[0].stats.starttime, gappy[1].stats.endtime, 100)
    (broken,) = np.flatnonzero(np.isnan(values))
    t0 = to_days(gappy[0].stats.starttime)
    assert (days[broken - 1] - t0) * 86400 <= 201
    assert (days[broken + 1] - t0) * 86400 >= 299


def test_few_samples_are_drawn_as_they_are():
    trace = Trace(np.array([1.0, 5.0, 2.0]), {"sampling_rate": 1.0})
    days, values = outline([trace], trace.stats.starttime, trace.stats.starttime + 3, 1500)
    assert values.tolist() == [1.0, 5.0, 2.0]
    assert np.diff(days) * 86400 == pytest.approx([1.0, 1.0], abs=1e-6)


def test_masked_samples_are_a_gap_and_nothing_is_changed():
    data = np.ma.masked_array(np.arange(100.0), mask=np.zeros(100, dtype=bool))
    data.mask[40:60] = True
    trace = Trace(data)
    pieces = as_traces(trace)
    assert [len(p) for p in pieces] == [40, 40]
    assert trace.data is data


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(WaveformError, match="no samples"):
        as_traces(Stream())
    with pytest.raises(ParameterError, match="ndarray"):
        as_traces(np.zeros(3))
