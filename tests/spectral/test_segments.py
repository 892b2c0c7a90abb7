"""From streams to arrays: joining, settling, what is refused."""

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

from paektuseis import ParameterError, WaveformError
from paektuseis._segments import one_channel, segments
from paektuseis.provenance import note

T0 = UTCDateTime("2014-03-01T00:00:00")


def trace(data, start=T0, rate=100.0, **header):
    names = {"network": "1U", "station": "JGPD", "channel": "HHZ"} | header
    return Trace(np.asanyarray(data), {"starttime": start, "sampling_rate": rate} | names)


def test_abutting_files_become_one_segment():
    x = np.arange(1000, dtype=np.int32)
    stream = Stream([trace(x[400:], T0 + 4), trace(x[:400])])
    (piece,) = one_channel(stream)
    assert np.array_equal(piece.data, x)
    assert piece.starttime == T0
    assert piece.end_ns == (T0 + 10).ns


def test_a_sample_that_two_traces_share_comes_once():
    x = np.arange(1000, dtype=np.int32)
    pieces = one_channel(Stream([trace(x[:600]), trace(x[500:], T0 + 5), trace(x[:600])]))
    assert sum(len(p.data) for p in pieces) == 1000
    assert np.array_equal(np.concatenate([p.data for p in pieces]), x)


def test_samples_in_the_settling_of_a_filter_are_left_out():
    disturbed = note(trace(np.arange(1000.0)), valid_from=T0 + 2, valid_until=T0 + 8)
    (piece,) = one_channel(disturbed)
    assert (piece.data[0], piece.data[-1]) == (200.0, 800.0)
    assert piece.starttime == T0 + 2
    with pytest.raises(WaveformError, match="no usable sample"):
        one_channel(note(trace(np.arange(1000.0)), valid_from=T0 + 60))


def test_each_abutting_piece_keeps_its_own_settling():
    one = note(trace(np.arange(1000.0)), valid_from=T0 + 2)
    two = note(trace(np.arange(1000.0, 2000.0), T0 + 10), valid_from=T0 + 11.5)
    pieces = one_channel(Stream([one, two]))
    assert [(p.data[0], p.data[-1]) for p in pieces] == [(200.0, 999.0), (1150.0, 1999.0)]
    assert [p.starttime for p in pieces] == [T0 + 2, T0 + 11.5]


def test_first_sample_at_or_after_an_instant():
    # 75 Hz: the samples of whole seconds are written to the microsecond
    (piece,) = one_channel(trace(np.zeros(900), T0 + 0.013333, rate=75.0))
    ns = np.array([(T0 + s).ns for s in (0.0, 1.0, 1.001, 12.0)])
    times = piece.start_ns + np.arange(-75, 1200) / 75.0 * 1e9
    for instant, index in zip(ns, piece.first_at(ns), strict=True):
        literal = int(np.flatnonzero(times >= instant - 2e4)[0]) - 75
        assert index == literal


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (np.ma.masked_equal([1, 2, 3], 2), WaveformError, "masked"),
        (np.ones(9, dtype=complex), WaveformError, "complex128"),
        (np.ones(9, dtype=bool), WaveformError, "bool"),
    ],
)
def test_what_is_no_row_of_numbers_is_refused(data, error, words):
    with pytest.raises(error, match=words):
        segments(trace(data))


def test_two_channels_where_one_is_meant():
    with pytest.raises(ParameterError, match=r"1U\.JGPD\.\.HHE, 1U\.JGPD\.\.HHZ"):
        one_channel(Stream([trace(np.ones(9)), trace(np.ones(9), channel="HHE")]))


def test_segments_must_be_alike():
    counts = trace(np.ones(100))
    metres = note(trace(np.ones(100), T0 + 10), units="m")
    with pytest.raises(WaveformError, match="differ in unit"):
        segments(Stream([counts, metres]))
    with pytest.raises(WaveformError, match="changes its sampling rate"):
        one_channel(Stream([counts, trace(np.ones(100), T0 + 10, rate=50.0)]))


def test_a_list_is_no_stream():
    with pytest.raises(ParameterError, match="not ndarray"):
        segments(np.ones(9))
