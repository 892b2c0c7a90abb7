"""One-to-one matching against an exhaustive reference, and its counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import UTCDateTime
from scipy.optimize import linear_sum_assignment

from paektuseis import MatchResult, ParameterError, match_detections, tables

T0 = pd.Timestamp("2010-09-01", tz="UTC")


def times(seconds):
    return pd.DataFrame({"time": [T0 + pd.Timedelta(seconds=float(s)) for s in seconds]})


def optimum(found, truth, tolerance):
    """Most hits, then least total residual, by the Hungarian method over all pairs."""
    residual = np.abs(np.subtract.outer(found, truth))
    cost = np.where(residual <= tolerance, residual - 1e6, 0.0)
    rows, columns = linear_sum_assignment(cost)
    hit = residual[rows, columns] <= tolerance
    return int(hit.sum()), float(residual[rows, columns][hit].sum())


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(0, 25),
    m=st.integers(0, 25),
    span=st.sampled_from([10, 60, 600]),
    tolerance=st.sampled_from([0.0, 1.0, 3.0, 1000.0]),
)
def test_equals_the_optimal_assignment(seed, n, m, span, tolerance):
    rng = np.random.default_rng(seed)
    found, truth = rng.integers(0, span * 8, n) / 8, rng.integers(0, span * 8, m) / 8
    got = match_detections(times(found), times(truth), tolerance=tolerance)
    hits, total = optimum(found, truth, tolerance) if n and m else (0, 0.0)
    assert got.n_hits == len(got) == hits
    assert got.hits["residual"].abs().sum() == pytest.approx(total, abs=1e-9)
    assert got.n_missed == m - hits
    assert got.n_false == n - hits
    # one to one
    assert got.hits["reference_index"].is_unique
    used = set(got.hits["reference_index"]) | set(got.misses["reference_index"])
    assert used == set(range(m))
    for row in got.hits.itertuples():
        assert row.reference_time == times(truth)["time"][row.reference_index]
        assert abs(row.residual) <= tolerance


def test_nearest_in_turn_is_not_enough():
    """Taking the nearest pair first (3.0 with 3.1) would leave only one hit."""
    got = match_detections(times([0.0, 3.0]), times([3.1, 5.5]), tolerance=3.5)
    assert got.n_hits == 2
    assert got.hits["residual"].tolist() == pytest.approx([-3.1, -2.5])


def test_counts_and_words():
    found = tables.DETECTIONS.frame(
        [
            {
                "event_id": f"vt-{i}",
                "starttime": T0 + pd.Timedelta(seconds=s),
                "endtime": T0 + pd.Timedelta(seconds=s + 5),
                "n_stations": 3,
                "trace_ids": (),
            }
            for i, s in enumerate((1, 100, 200, 300))
        ]
    )
    got = match_detections(found, times([0, 99, 400]), tolerance=2)
    assert isinstance(got, MatchResult)
    assert (got.n_hits, got.n_missed, got.n_false) == (2, 1, 2)
    assert (got.recall, got.precision) == (pytest.approx(2 / 3), 0.5)
    assert got.f1 == pytest.approx(4 / 7)
    assert got.hits["event_id"].tolist() == ["vt-0", "vt-1"]
    assert got.false["event_id"].tolist() == ["vt-2", "vt-3"]
    assert got.false["reference_index"].tolist() == [-1, -1]
    assert got.misses["reference_index"].tolist() == [2]
    assert got.table["outcome"].tolist() == ["hit", "hit", "false", "false", "miss"]
    tables.MATCHES.check(got.table, need=tables.MATCHES.names)
    assert repr(got).startswith("MatchResult(2 hits, 1 missed, 2 false; recall 0.667")


def test_nothing_against_nothing_is_not_perfect():
    got = match_detections(times([]), times([]))
    assert np.isnan(got.recall)
    assert np.isnan(got.precision)
    assert np.isnan(got.f1)
    assert match_detections(times([]), times([1])).recall == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t,
        lambda t: t.tz_localize(None),
        lambda t: str(t),
        lambda t: UTCDateTime(ns=t.value),
        lambda t: t.to_pydatetime(),
        lambda t: t.as_unit("s").tz_convert("Asia/Seoul"),
        lambda t: t.to_datetime64(),
    ],
)
def test_times_of_many_kinds(make):
    reference = pd.DataFrame({"time": [make(T0), make(T0 + pd.Timedelta(minutes=1))]})
    got = match_detections(times([0.5, 60]), reference)
    assert got.hits["residual"].tolist() == [0.5, 0]


def test_other_column_and_refusals():
    reference = times([0]).rename(columns={"time": "origin"})
    with pytest.raises(ParameterError, match="no column 'time'"):
        match_detections(times([0]), reference)
    got = match_detections(
        times([0]).rename(columns={"time": "starttime"}), reference, time_column="origin"
    )
    assert got.n_hits == 1
    with pytest.raises(ParameterError, match="tolerance"):
        match_detections(times([0]), times([0]), tolerance=-1)
    with pytest.raises(ParameterError, match="1 rows without time"):
        match_detections(times([0]), pd.DataFrame({"time": [pd.NaT]}))
    with pytest.raises(ParameterError, match="DataFrame"):
        match_detections([1.0], times([0]))
    with pytest.raises(ParameterError, match="time of reference"):
        match_detections(times([0]), pd.DataFrame({"time": ["soon"]}))


def test_a_dense_swarm_is_matched_in_reasonable_time(rng):
    truth = np.sort(rng.uniform(0, 20_000, 20_000))
    found = np.sort(truth + rng.normal(0, 0.5, 20_000))
    got = match_detections(times(found), times(truth), tolerance=3)
    assert got.n_hits > 19_900
