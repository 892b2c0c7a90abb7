"""Raw windows around detections."""

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

from paektuseis import ParameterError, cut_events, tables

T0 = UTCDateTime(2010, 9, 1)


def record():
    def make(station, begin, end):
        return Trace(
            np.arange(begin * 10, end * 10, dtype=np.int32),
            {
                "network": "1U",
                "station": station,
                "channel": "HHZ",
                "sampling_rate": 10,
                "starttime": T0 + begin,
            },
        )

    return Stream([make("A", 0, 100), make("B", 0, 55), make("B", 65, 100)])


def found(*spans):
    return tables.DETECTIONS.frame(
        {
            "event_id": f"vt-{i}",
            "starttime": T0 + a,
            "endtime": T0 + b,
            "n_stations": 1,
            "trace_ids": ("1U.A..HHZ",),
        }
        for i, (a, b) in enumerate(spans)
    )


def test_window_from_the_stream_keeps_gaps_and_dtype():
    stream = record()
    before = stream.copy()
    got = cut_events(stream, found((60, 62), (5, 8), (500, 501)), before=10, after=20)
    assert list(got) == ["vt-0", "vt-1", "vt-2"]
    spans = [(t.id, t.stats.starttime - T0, t.stats.endtime - T0) for t in got["vt-0"]]
    assert spans == [
        ("1U.A..HHZ", 50, 82),
        ("1U.B..HHZ", 50, 54.9),
        ("1U.B..HHZ", 65, 82),
    ]
    assert got["vt-0"][0].data[0] == 500
    assert got["vt-0"][0].data.dtype == np.int32
    assert got["vt-1"][0].stats.starttime == T0  # nothing is padded
    assert len(got["vt-2"]) == 0
    got["vt-0"][0].data[:] = -1
    assert stream == before


def test_chosen_channels_and_a_reader():
    got = cut_events(record(), found((60, 62)), trace_ids=["1U.B..HHZ"])
    assert {t.id for t in got["vt-0"]} == {"1U.B..HHZ"}
    calls = []

    class Reader:
        def read(self, trace_ids, starttime, endtime):
            calls.append((trace_ids, starttime - T0, endtime - T0))
            return record()

    cut_events(Reader(), found((60, 62)), before=5, after=8)
    cut_events(Reader(), found((60, 62)), before=5, after=8, trace_ids=["1U.B..HHZ"])
    assert calls == [(["1U.A..HHZ"], 55, 70), (["1U.B..HHZ"], 55, 70)]


def test_refusals():
    with pytest.raises(ParameterError, match="before"):
        cut_events(record(), found((1, 2)), before=-1)
    with pytest.raises(ParameterError, match="cannot cut from a str"):
        cut_events("archive", found((1, 2)))
    assert cut_events(record(), found()) == {}
