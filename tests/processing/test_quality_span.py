"""What is judged and what is only context; the same findings wherever a record is cut."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings, strategies as st
from obspy import Stream, Trace, UTCDateTime

from paektuseis import provenance
from paektuseis.processing import QualityThresholds, check_waveforms, sound_pieces
from paektuseis.processing._kernels import equal_runs, survey
from paektuseis.processing._quality_scale import scale_of

MIDNIGHT = UTCDateTime(2010, 9, 2)
RATE = 20.0


def trace(x, start):
    header = {"network": "1U", "station": "JGPD", "channel": "HHZ", "sampling_rate": RATE}
    return Trace(np.asarray(x), header | {"starttime": start})


def noise(count, seed=0, size=300.0):
    rng = np.random.default_rng(seed)
    x = np.convolve(rng.standard_normal(count + 8), np.ones(9) / 3, "valid")
    return np.rint(size * x + 5000).astype(np.int32)


def rows(table, check):
    mine = table[table["check"] == check]
    begin = [(UTCDateTime(ns=t.value) - MIDNIGHT) for t in mine["starttime"]]
    end = [(UTCDateTime(ns=t.value) - MIDNIGHT) for t in mine["endtime"]]
    return list(zip(begin, end, mine["value"], strict=True))


def test_a_run_across_midnight_is_seen_in_both_days():
    x = noise(72_000)
    middle = 36_000
    x[middle - 120 : middle + 120] = 7  # six seconds on either side
    whole = trace(x, MIDNIGHT - 1800)
    evening = check_waveforms(whole, starttime=MIDNIGHT - 1800, endtime=MIDNIGHT)
    morning = check_waveforms(whole, starttime=MIDNIGHT, endtime=MIDNIGHT + 1800)
    assert rows(evening, "flat") == [(-6.0, -0.05, 6.0)]
    assert rows(morning, "flat") == [(0.0, 5.95, 6.0)]
    assert "part of a longer run" in morning.message[0]
    alone = whole.slice(MIDNIGHT)
    short = check_waveforms(alone, starttime=MIDNIGHT, endtime=MIDNIGHT + 1800)
    assert "error" not in set(short.severity)
    # without a span nothing is context
    assert rows(check_waveforms(whole), "flat") == [(-6.0, 5.95, 12.0)]


def test_rows_outside_are_left_out_or_listed_apart():
    x = noise(72_000)
    x[1000:1300] = 0  # outside
    x[35_900:36_040] = 0  # across the beginning: 7 s
    x[50_000:50_030] = 0  # inside
    x[60_000] += 100_000  # a spike outside
    whole = trace(x, MIDNIGHT - 1800)
    span = {"starttime": MIDNIGHT, "endtime": MIDNIGHT + 900}
    inside = check_waveforms(whole, **span)
    assert inside.check.tolist() == ["zero_run", "zero_run"]
    assert inside.value.tolist() == [40, 30]
    every = check_waveforms(whole, **span, context_rows=True)
    assert sorted(zip(every.check, every.value, strict=True)) == [
        ("flat", 15.0),
        ("spike", 1.0),
        ("zero_run", 30.0),
        ("zero_run", 40.0),
        ("zero_run", 100.0),
    ]
    begin, end = pd.Timestamp(MIDNIGHT.ns, tz="UTC"), pd.Timestamp((MIDNIGHT + 900).ns, tz="UTC")
    touching = every[(every.endtime >= begin) & (every.starttime < end)]
    pd.testing.assert_frame_equal(touching.reset_index(drop=True), inside)
    # cut out, the parts leave the same as the findings unsplit
    mine = sound_pieces(whole, every)
    theirs = sound_pieces(whole, check_waveforms(whole))
    assert [(t.stats.starttime, t.stats.npts) for t in mine] == [
        (t.stats.starttime, t.stats.npts) for t in theirs
    ]


def test_level_and_reader_findings_are_of_the_span():
    x = noise(72_000)
    x[:36_000] += 6_000_000
    whole = trace(x, MIDNIGHT - 1800)
    late = check_waveforms(whole, starttime=MIDNIGHT, endtime=MIDNIGHT + 1800)
    early = check_waveforms(whole, starttime=MIDNIGHT - 1800, endtime=MIDNIGHT)
    assert "dc_offset" not in set(late.check)
    assert rows(early, "dc_offset")[0][:2] == (-1800.0, -0.05)
    assert early[early.check == "dc_offset"].value.iloc[0] == pytest.approx(x[:36_000].mean())
    row = {
        "trace_id": whole.id,
        "starttime": MIDNIGHT - 60,
        "endtime": MIDNIGHT - 50,
        "check": "record",
        "severity": "error",
        "message": "bad record",
        "value": 1.0,
        "path": "x.mseed",
    }
    provenance.note(
        whole, findings=(row, row | {"starttime": MIDNIGHT + 60, "endtime": MIDNIGHT + 70})
    )
    span = {"starttime": MIDNIGHT, "endtime": MIDNIGHT + 1800}
    assert (check_waveforms(whole, **span).check == "record").sum() == 1
    every = check_waveforms(whole, **span, context_rows=True)
    assert (every.check == "record").sum() == 2


def test_overlaps_are_cut_at_the_ends_of_the_span():
    x = noise(4000)
    other = x[1000:3000].copy()
    other[900:1100] += 1  # 100 samples on either side of midnight
    two = Stream([trace(x, MIDNIGHT - 100), trace(other, MIDNIGHT - 50)])
    span = {"starttime": MIDNIGHT, "endtime": MIDNIGHT + 100}
    assert rows(check_waveforms(two, **span), "conflict") == [(0.0, 49.95, 100.0)]
    every = rows(check_waveforms(two, **span, context_rows=True), "conflict")
    assert every == [(-50.0, -0.05, 100.0), (0.0, 49.95, 100.0)]
    same = Stream([two[0], trace(x[1000:3000], MIDNIGHT - 50)])
    assert rows(check_waveforms(same, **span), "duplicate") == [(0.0, 49.95, 50.0)]
    gap = Stream([trace(x[:1000], MIDNIGHT - 100), trace(x, MIDNIGHT + 20)])
    assert rows(check_waveforms(gap, **span, context_rows=True), "gap") == [(0.0, 20.0, 20.0)]


def test_every_error_is_kept_however_many():
    x = noise(200_000)
    for k in range(300):
        x[500 + 600 * k : 540 + 600 * k] = 0
    table = check_waveforms(trace(x, MIDNIGHT), thresholds=QualityThresholds(max_rows=20))
    assert (table.check == "zero_run").sum() == 300
    assert set(table.severity) == {"error"}


def damaged(seed):
    """Four hours with dead stretches, zeros, spikes, damage and gaps at random places."""
    rng = np.random.default_rng(seed)
    count = round(4 * 3600 * RATE)
    x = noise(count, seed)
    x[: count // 2] = x[: count // 2] // int(rng.integers(1, 30))  # a quiet half
    for _ in range(60):
        a = int(rng.integers(0, count - 2000))
        kind = rng.integers(0, 5)
        if kind == 0:
            x[a : a + int(rng.integers(50, 600))] = int(rng.integers(-5, 5)) * 100
        elif kind == 1:
            x[a : a + int(rng.integers(2, 200))] = 0
        elif kind == 2:
            x[a : a + int(rng.integers(1, 4))] += 300_000
        elif kind == 3:
            x[a : a + int(rng.integers(1, 40))] = -(2**31)
        else:
            x[a : a + int(rng.integers(1, 30)) : 2] = 0
    gaps = np.sort(rng.integers(0, count, 4))
    edges = [0, *gaps, count]
    pieces = [
        trace(x[a + 30 : b], MIDNIGHT + (a + 30) / RATE) for a, b in pairwise(edges) if b - a > 40
    ]
    return Stream(pieces)


@given(st.integers(0, 10_000), st.integers(0, 23))
@example(121, 0)  # a value held that is the least of two hours, not of four
@settings(max_examples=15, deadline=None)
def test_error_spans_and_spikes_do_not_depend_on_where_a_record_is_cut(seed, shift):
    """An hour with half an hour of context has the errors of the hour in four hours."""
    whole = damaged(seed)
    begin = MIDNIGHT + 3600 + 157 * shift
    span = {"starttime": begin, "endtime": begin + 3600}
    near = whole.slice(begin - 1800, begin + 5400, nearest_sample=False)
    kinds = ["flat", "held", "zero_run", "nonfinite", "spike", "step", "gap"]
    tables = []
    for data in (whole, near):
        table = check_waveforms(data, **span)
        assert (table.starttime >= pd.Timestamp(begin.ns, tz="UTC")).all()
        until = pd.Timestamp((begin + 3600).ns, tz="UTC")
        assert (table.endtime[table.check != "gap"] < until).all()
        tables.append(table[table.check.isin(kinds)].reset_index(drop=True))
    pd.testing.assert_frame_equal(*tables)
    inner = (begin, begin + 3600 - 1e-6)
    cuts = [
        sound_pieces(data, check_waveforms(data, **span, context_rows=True)).slice(
            *inner, nearest_sample=False
        )
        for data in (whole, near)
    ]
    assert len(cuts[0]) == len(cuts[1]) > 0
    for a, b in zip(*cuts, strict=True):
        assert a.stats.starttime == b.stats.starttime
        np.testing.assert_array_equal(a.data, b.data)


@given(st.integers(0, 10_000), st.sampled_from(["int32", "float32", "float64"]))
@settings(max_examples=30, deadline=None)
def test_runs_looked_for_in_blocks_are_all_there_are(seed, dtype):
    """The blocks that are passed over can hold no run that would be kept."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, 4000)
    for _ in range(12):
        a = int(rng.integers(0, 3900))
        x[a : a + int(rng.integers(1, 260))] = rng.integers(-1, 2) * int(rng.integers(0, 60))
    x = x.astype(dtype)
    low, high, flat, zeros, fall, edge = float(x.min()), float(x.max()), 100, 20, 40.0, 8.0
    whole = np.array([[0, len(x)]])
    truth = []
    i = 0
    while i < len(x):
        j = i
        while j < len(x) and x[j] == x[i]:
            j += 1
        before = abs(float(x[i]) - float(x[i - 1])) if i else 0.0
        after = abs(float(x[j]) - float(x[i])) if j < len(x) else 0.0
        empty = x[i] == 0 and (j - i >= zeros or (j - i >= 3 and min(before, after) >= fall))
        empty = empty or (j - i >= zeros and min(before, after) >= fall)
        extreme = x[i] in (low, high) and j - i >= 3 and max(before, after) >= edge
        if j - i >= flat or empty or extreme:
            truth.append([i, j, max(before, after), min(before, after)])
        i = j
    table, count = equal_runs(x, whole, low, high, 3, zeros, flat, edge, fall, 1000)
    assert table.tolist() == truth
    assert count == len(truth)
    size = 50
    blocks = survey(x, size)
    for k in range(len(blocks)):
        part = x[k * size : (k + 1) * size].astype(float)
        steps = np.abs(np.diff(x[max(k * size - 1, 0) : (k + 1) * size].astype(float)))
        assert blocks[k].tolist() == [part.min(), part.max(), steps.max(), (part == 0).sum()]
    look = (blocks[:, 0] == blocks[:, 1]) | (blocks[:, 0] == low) | (blocks[:, 1] == high)
    look |= (2 * blocks[:, 3] >= zeros) | (blocks[:, 2] >= fall)
    ranges = np.array([[k * size, (k + 1) * size] for k in np.flatnonzero(look)]).reshape(-1, 2)
    table, _ = equal_runs(x, ranges, low, high, 3, zeros, flat, edge, fall, 1000)
    assert table.tolist() == truth


def test_the_scale_is_a_median_of_ten_minutes_on_a_grid_of_its_own():
    x = noise(60_000, 3)
    start = MIDNIGHT + 250
    scale = scale_of(x, start.ns, RATE)
    assert scale.edges.tolist() == [0, 19_000 - 12_000, 19_000, 31_000, 43_000, 60_000]
    late = scale_of(x[10_000:], start.ns + round(10_000 / RATE * 1e9), RATE)
    assert late.usual[-3:].tolist() == scale.usual[-3:].tolist()
    for a, b, usual in zip(scale.edges[:-1], scale.edges[1:], scale.usual, strict=True):
        steps = np.abs(np.diff(x[a:b].astype(float)))
        assert usual == pytest.approx(np.median(steps[steps > 0]), rel=0.15)
    assert scale.cell(6999) == 0
    assert scale.cell(7000) == 1
    assert scale_of(np.zeros(5, np.int32), 0, RATE).usual.tolist() == [0.0]
