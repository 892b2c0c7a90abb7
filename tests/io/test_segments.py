"""Joining: nothing lost, nothing invented, conflicts told."""

import itertools

import numpy as np
import obspy
import pytest
from hypothesis import given, settings, strategies as st

import paektuseis as ps
from paektuseis.io import join_segments
from paektuseis.provenance import note

T0 = obspy.UTCDateTime("2020-01-01")
DATA = np.random.default_rng(3).integers(-1000, 1000, 1000).astype(np.int32)
LONG = np.random.default_rng(4).integers(-1000, 1000, 90_000).astype(np.int32)


def piece(begin, end, shift=0.0, rate=100.0, data=DATA, **header):
    return obspy.Trace(
        data[begin:end].copy(),
        header={
            "network": "XX",
            "station": "A",
            "channel": "HHZ",
            "sampling_rate": rate,
            "starttime": T0 + (begin + shift) / rate,
            **header,
        },
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 990), st.integers(1, 400)), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_any_set_of_true_pieces_gives_the_truth(cuts, random):
    pieces = [piece(a, min(a + n, 1000)) for a, n in cuts]
    random.shuffle(pieces)
    kept = [t.data.copy() for t in pieces]
    joined, found = join_segments(obspy.Stream(pieces))
    covered = np.zeros(1000, bool)
    for a, n in cuts:
        covered[a : a + n] = True
    seen = np.zeros(1000, int)
    for trace in joined:
        first = round((trace.stats.starttime - T0) * 100)
        np.testing.assert_array_equal(trace.data, DATA[first : first + trace.stats.npts])
        seen[first : first + trace.stats.npts] += 1
    np.testing.assert_array_equal(seen, covered.astype(int))
    assert len(joined) == np.count_nonzero(np.diff(np.concatenate(([0], covered))) > 0)
    assert set(found.check) <= {"overlap"}
    for trace, before in zip(pieces, kept, strict=True):
        np.testing.assert_array_equal(trace.data, before)


def test_conflict_is_left_out_and_told():
    other = DATA.copy()
    other[420:440] += 1
    joined, found = join_segments(obspy.Stream([piece(0, 500), piece(400, 900, data=other)]))
    assert [(t.stats.npts, t.stats.starttime) for t in joined] == [(420, T0), (460, T0 + 4.4)]
    (row,) = found[found.check == "conflict"].itertuples()
    assert row.value == 20
    assert (row.endtime - row.starttime).total_seconds() == pytest.approx(0.19)
    np.testing.assert_array_equal(joined[1].data, DATA[440:900])


def test_better_quality_letter_wins_and_is_told():
    header = {"mseed": {"dataquality": "D"}}
    better = {"mseed": {"dataquality": "Q"}}
    other = DATA.copy()
    other[::100] += 1
    joined, found = join_segments(
        obspy.Stream([piece(0, 1000, data=other, **header), piece(200, 600, **better)])
    )
    assert len(joined) == 1
    np.testing.assert_array_equal(joined[0].data[200:600], DATA[200:600])
    np.testing.assert_array_equal(joined[0].data[:200], other[:200])
    assert "conflict" in set(found.check)


@pytest.mark.parametrize(
    ("shift", "count", "checks"),
    [
        (0.0, 1, []),
        (0.05, 1, []),
        (0.4, 1, ["misaligned"]),
        (-0.4, 1, ["misaligned"]),
        (0.6, 2, []),
        (-0.6, 2, []),
        (2.0, 2, []),
    ],
)
def test_seams(shift, count, checks):
    joined, found = join_segments(obspy.Stream([piece(0, 500), piece(500, 1000, shift)]))
    assert len(joined) == count
    assert found.check.tolist() == checks
    assert sum(t.stats.npts for t in joined) == 1000


def test_a_piece_stays_on_the_grid_to_its_end():
    """A clock 0.01 % fast: 5000 samples end half a sample off, 10 000 a whole one."""
    for npts, count in ((4000, 1), (10_000, 2)):
        fast = piece(30_000, 30_000 + npts, data=LONG, rate=100.01)
        fast.stats.starttime = T0 + 300
        joined, _ = join_segments(obspy.Stream([piece(0, 30_000, data=LONG), fast]))
        assert len(joined) == count
        assert sum(t.stats.npts for t in joined) == 30_000 + npts


def test_types_and_rates_stay_apart():
    stream = obspy.Stream(
        [piece(0, 300), piece(300, 600, data=DATA.astype(np.float32)), piece(600, 800, rate=50.0)]
    )
    joined, found = join_segments(stream)
    assert len(joined) == 3
    assert set(found.check) == {"type_change", "rate_change"}
    with pytest.raises(ps.WaveformError, match="masked"):
        join_segments(obspy.Trace(np.ma.masked_less(DATA, 0)))


def test_records_of_all_pieces_are_kept():
    one, two = piece(0, 500), piece(500, 1000)
    row = {
        "trace_id": "XX.A..HHZ",
        "starttime": T0,
        "endtime": T0,
        "check": "x",
        "severity": "info",
        "message": "m",
        "value": 1.0,
        "units": "",
        "limit": np.nan,
        "path": "p",
    }
    note(one, units="counts", findings=(row,))
    note(two, units="counts", findings=({**row, "check": "y"},))
    joined, _ = join_segments(obspy.Stream([two, one]))
    assert ps.reader_findings(joined).check.tolist() == ["x", "y"]
    assert ps.reader_findings(one).check.tolist() == ["x"]


def test_a_gap_of_years_costs_nothing():
    late = piece(0, 500)
    late.stats.starttime += 54 * 365 * 86400
    joined, _ = join_segments(obspy.Stream([piece(0, 500), late]))
    assert [t.stats.npts for t in joined] == [500, 500]


def test_thousands_of_segments_stay_themselves():
    pieces = [piece(0, 10, shift=12 * i) for i in range(3000)]
    joined, _ = join_segments(obspy.Stream(pieces))
    assert len(joined) == 3000


@pytest.mark.parametrize("jump", [10.0, -10.0, 0.73, -0.05])
@pytest.mark.parametrize("parts", [1, 3])
def test_clock_that_jumped_and_came_back(jump, parts):
    shift = round(jump * 100)
    edges = np.linspace(30_000, 60_000, parts + 1).astype(int)
    middle = [piece(a, b, shift, data=LONG) for a, b in itertools.pairwise(edges)]
    whole = [piece(0, 30_000, data=LONG), *middle, piece(60_000, 90_000, data=LONG)]
    joined, rows = join_segments(obspy.Stream(whole))
    steps = rows[rows.check == "clock_step"]
    assert steps.severity.tolist() == ["error"]
    assert steps.value.iloc[0] == pytest.approx(jump)
    sound = ps.sound_pieces(joined, rows)
    count = 0
    for trace in sound:
        first = round((trace.stats.starttime - T0) * 100)
        np.testing.assert_array_equal(trace.data, LONG[first : first + len(trace)])
        count += len(trace)
    assert count == 60_000 - abs(shift)


def test_a_gap_and_an_overlap_of_other_lengths_are_no_jump():
    for there, back in ((10, 5), (10, 10.2)):
        whole = [
            piece(0, 30_000, data=LONG),
            piece(30_000, 60_000, round(there * 100), data=LONG),
            piece(60_000, 90_000, round((there - back) * 100), data=LONG),
        ]
        _, rows = join_segments(obspy.Stream(whole))
        assert "clock_step" not in set(rows.check)
    same = [
        piece(0, 30_000, data=LONG),
        piece(31_000, 61_000, data=LONG),
        piece(60_000, 90_000, data=LONG),
    ]  # equal overlap
    _, rows = join_segments(obspy.Stream(same))
    assert set(rows.check) == {"overlap"}
