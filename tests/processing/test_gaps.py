import numpy as np
import pytest
from hypothesis import given, settings, strategies as some
from obspy import Stream, Trace, UTCDateTime

from paektuseis import tables
from paektuseis.errors import ParameterError
from paektuseis.processing import waveform_gaps

START = UTCDateTime(2010, 9, 1)


def trace(first, count, rate=100.0, station="A"):
    header = {"station": station, "sampling_rate": rate, "starttime": START + first / rate}
    return Trace(np.arange(count, dtype=np.int32), header)


def spans(table):
    return [
        (
            round((UTCDateTime(ns=a.value) - START) * 100),
            round((UTCDateTime(ns=b.value) - START) * 100),
        )
        for a, b in zip(table.starttime, table.endtime, strict=True)
    ]


@settings(deadline=None, max_examples=40)
@given(
    cuts=some.lists(some.integers(1, 60), min_size=2, max_size=12),
    order=some.randoms(use_true_random=False),
)
def test_gaps_are_the_cuts_planted(cuts, order):
    at, pieces, expected = 0, [], []
    for k, length in enumerate(cuts):
        if k % 2 == 0:
            pieces.append(trace(at, length))
        elif k < len(cuts) - 1:
            expected.append((at, at + length))
        at += length
    order.shuffle(pieces)
    table = waveform_gaps(Stream(pieces))
    assert spans(table) == expected
    assert table.duration.tolist() == pytest.approx([(b - a) / 100 for a, b in expected])
    assert list(table.columns) == tables.GAPS.names


def test_overlapping_nested_and_adjoining_pieces_make_no_gap():
    pieces = [trace(0, 1000), trace(100, 50), trace(900, 300), trace(1200, 10)]
    assert len(waveform_gaps(Stream(pieces))) == 0


def test_a_shift_below_half_a_sample_is_no_gap_and_above_is_one():
    assert len(waveform_gaps(Stream([trace(0, 100), trace(100.4, 100)]))) == 0
    assert len(waveform_gaps(Stream([trace(0, 100), trace(100.6, 100)]))) == 1


def test_masked_samples_are_gaps():
    tr = trace(0, 1000)
    tr.data = np.ma.masked_inside(tr.data, 200, 299)
    assert spans(waveform_gaps(tr)) == [(200, 300)]


def test_span_asked_for_adds_its_ends_and_cuts():
    pieces = Stream([trace(100, 100), trace(300, 100), trace(500, 100)])
    table = waveform_gaps(pieces, starttime=START, endtime=START + 8)
    assert spans(table) == [(0, 100), (200, 300), (400, 500), (600, 800)]
    table = waveform_gaps(pieces, starttime=START + 2.5, endtime="2010-09-01T00:00:04.5")
    assert spans(table) == [(250, 300), (400, 450)]


def test_a_gap_of_decades_costs_nothing():
    late = trace(0, 10)
    late.stats.starttime += 54 * 365.25 * 86400
    table = waveform_gaps(Stream([trace(0, 10), late]))
    assert table.duration[0] == pytest.approx(54 * 365.25 * 86400 - 0.1)


def test_channels_are_apart_and_the_span_must_be_a_span():
    table = waveform_gaps(
        Stream([trace(0, 10), trace(0, 10, station="B"), trace(20, 10, station="B")])
    )
    assert table.trace_id.tolist() == [".B.."]
    with pytest.raises(ParameterError, match="not after"):
        waveform_gaps(trace(0, 10), starttime=START, endtime=START)
