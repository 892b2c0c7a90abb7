import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

from paektuseis import provenance, tables
from paektuseis.errors import ParameterError, WaveformError
from paektuseis.processing import preprocess, sound_pieces
from paektuseis.processing.preparation import detrended

START = UTCDateTime(2010, 9, 1)


def trace(data, first=0, **header):
    return Trace(
        np.asarray(data),
        {
            "network": "1U",
            "station": "JGPD",
            "channel": "HHZ",
            "sampling_rate": 100.0,
            "starttime": START + first / 100,
            **header,
        },
    )


def spans(stream):
    return [(round((t.stats.starttime - START) * 100), len(t)) for t in stream]


@pytest.mark.parametrize("dtype", ["int32", "float32", "float64", "int16", "int64", ">i4"])
@pytest.mark.parametrize("kind", ["demean", "linear"])
def test_detrend_equals_obspy(rng, dtype, kind):
    x = (500 * rng.standard_normal(5001) + 0.3 * np.arange(5001) + 1000).astype(dtype)
    mine = preprocess(trace(x), detrend=kind)[0].data
    theirs = trace(x.astype("float64")).detrend(kind).data
    np.testing.assert_allclose(mine, theirs, atol=1e-9 * np.abs(x).max())


def test_each_piece_loses_its_own_mean_and_gaps_stay():
    st = Stream([trace(np.full(100, 7)), trace(np.full(100, -3), first=200)])
    out = preprocess(st)
    assert [len(t) for t in out] == [100, 100]
    assert all(np.all(t.data == 0) and t.data.dtype == np.float64 for t in out)
    assert st[0].data[0] == 7
    assert detrended(np.array([5], dtype=np.int32), "linear").tolist() == [0.0]


def test_damage_becomes_gaps():
    x = np.arange(300.0)
    x[50], x[100], x[150], x[200] = np.nan, np.inf, -(2.0**31), 1e300
    out = preprocess(trace(x), detrend=None)
    assert spans(out) == [(0, 50), (51, 49), (101, 49), (151, 49), (201, 99)]
    y = np.arange(100, dtype=np.int32)
    y[10] = -(2**31)
    assert [len(t) for t in preprocess(trace(y), detrend=None)] == [10, 89]
    masked = trace(np.arange(100))
    masked.data = np.ma.masked_equal(masked.data, 5)
    assert [len(t) for t in preprocess(masked, detrend=None)] == [5, 94]


def test_overlaps_are_joined_once_or_left_out():
    x = np.arange(1000, dtype=np.int32)
    same = Stream([trace(x[:600]), trace(x[400:], first=400), trace(x[450:500], first=450)])
    (one,) = preprocess(same, detrend=None)
    np.testing.assert_array_equal(one.data, x)
    other = x[400:].copy()
    other[:200] += 1
    out = preprocess(Stream([trace(x[:600]), trace(other, first=400)]), detrend=None)
    assert spans(out) == [(0, 400), (600, 400)]


def test_taper_is_a_quarter_sine_and_on_record():
    out = preprocess(trace(np.ones(1000)), detrend=None, taper=1.0)[0]
    np.testing.assert_allclose(out.data[:100], np.sin(0.5 * np.pi * np.arange(100) / 100))
    np.testing.assert_allclose(out.data, out.data[::-1])
    assert np.all(out.data[100:900] == 1)
    assert provenance.valid_span(out) == (START + 1, START + 8.99)
    short = preprocess(trace(np.ones(20)), detrend=None, taper=1.0)[0]
    start, end = provenance.valid_span(short)
    assert end <= start


def test_min_length_and_quality_cut():
    st = Stream([trace(np.ones(100)), trace(np.ones(500), first=200)])
    assert [len(t) for t in preprocess(st, min_length=2.0)] == [500]
    row = {"trace_id": "1U.JGPD..HHZ", "message": "", "value": 0.0}
    table = tables.QUALITY.frame(
        [
            row
            | {"check": "flat", "severity": "error", "starttime": START + 3, "endtime": START + 4},
            row
            | {
                "check": "spike",
                "severity": "warning",
                "starttime": START + 5,
                "endtime": START + 6,
            },
            row
            | {"check": "response", "severity": "error", "starttime": START, "endtime": START + 9},
            row
            | {
                "trace_id": "1U.PDBD..HHZ",
                "check": "flat",
                "severity": "error",
                "starttime": START,
                "endtime": START + 9,
            },
        ]
    )
    out = preprocess(st, quality=table, detrend=None)
    assert spans(out) == [(0, 100), (200, 100), (401, 299)]


def test_a_constant_added_changes_nothing(rng):
    x = rng.standard_normal(1000)
    a = preprocess(trace(x))[0].data
    b = preprocess(trace(x + 2.0**20))[0].data
    np.testing.assert_allclose(a, b, atol=1e-9)


def test_what_cannot_be():
    with pytest.raises(ParameterError, match="detrend"):
        preprocess(trace(np.ones(3)), detrend="constant")
    with pytest.raises(ParameterError, match="taper"):
        preprocess(trace(np.ones(3)), taper=-1)
    with pytest.raises(WaveformError, match="str"):
        preprocess("x.mseed")
    assert len(preprocess(Stream())) == 0


@pytest.mark.parametrize("seed", range(8))
def test_sound_pieces_are_preprocess_without_a_copy(seed):
    """Random records with damage, gaps, equal and conflicting overlaps: the same spans."""
    rng = np.random.default_rng(seed)
    st, at = Stream(), 0
    for _ in range(12):
        x = rng.integers(-500, 500, rng.integers(1, 400)).astype(np.int32)
        x[rng.random(len(x)) < 0.01] = -(2**31)
        back = int(rng.integers(0, 40)) if st and rng.random() < 0.4 else 0
        if back and rng.random() < 0.5:  # an equal overlap
            back = min(back, len(x), len(st[-1]))
            x[:back] = st[-1].data[-back:]
        st.append(trace(x, first=at - back))
        at += len(x) - back + int(rng.integers(0, 3)) * int(rng.integers(0, 50))
    rows = [
        {
            "trace_id": st[0].id,
            "starttime": START + a / 100,
            "endtime": START + (a + 17) / 100,
            "check": check,
            "severity": severity,
            "message": "",
            "value": 0.0,
            "units": "s",
            "limit": 0.0,
        }
        for a, check, severity in (
            (50, "flat", "error"),
            (300, "spike", "warning"),
            (700, "flat", "error"),
            (705, "response", "error"),
        )
    ]
    quality = tables.QUALITY.frame(rows)
    before = [t.data.copy() for t in st]
    mine = sound_pieces(st, quality)
    theirs = preprocess(st, detrend=None, quality=quality)
    assert len(mine) == len(theirs) > 3
    for a, b in zip(mine, theirs, strict=True):
        assert a.data.dtype == np.int32
        assert (a.stats.starttime, a.stats.npts) == (b.stats.starttime, b.stats.npts)
        np.testing.assert_array_equal(a.data, b.data)
    for t, kept in zip(st, before, strict=True):
        np.testing.assert_array_equal(t.data, kept)


def test_sound_pieces_share_the_samples_of_what_needs_no_joining():
    lone, one = trace(np.arange(100, dtype=np.int32)), trace(np.ones(50, np.int32), first=500)
    two = trace(np.full(50, 2, np.int32), first=550)
    out = sound_pieces(Stream([two, lone, one]))
    assert spans(out) == [(0, 100), (500, 100)]
    assert np.shares_memory(out[0].data, lone.data)
    out[0].stats.station = "B"
    assert lone.stats.station == "JGPD"


@pytest.mark.parametrize(
    ("dtype", "as_"),
    [("int16", "int32"), ("uint16", "int32"), (">i4", "int32"), ("int64", "float64"),
     ("uint32", "float64"), ("float32", "float32"), ("float64", "float64")],
)  # fmt: skip
def test_sound_pieces_come_in_three_types(dtype, as_):
    x = np.arange(40).astype(dtype)
    out = sound_pieces(trace(x[::2]))
    assert out[0].data.dtype == as_
    assert out[0].data.flags.c_contiguous
    np.testing.assert_array_equal(out[0].data, np.arange(0, 40, 2))


def test_sound_pieces_keep_the_record_and_leave_out_the_masked():
    record = trace(np.arange(10.0))
    record.data = np.ma.masked_equal(record.data, 4)
    provenance.note(record, units="m/s")
    out = sound_pieces(record)
    assert spans(out) == [(0, 4), (5, 5)]
    assert [provenance.units_of(t) for t in out] == ["m/s", "m/s"]
    assert len(sound_pieces(Stream())) == 0
    with pytest.raises(WaveformError, match="obspy Stream"):
        sound_pieces([1, 2])
    with pytest.raises(ParameterError, match="quality"):
        sound_pieces(
            record,
            tables.GAPS.frame(
                [{"trace_id": "A", "starttime": START, "endtime": START + 1, "duration": 1.0}]
            ),
        )
