"""GCF: against blocks built by hand, against obspy on sound files, and damaged block by block."""

import calendar
import struct
from pathlib import Path

import numpy as np
import obspy
import pytest

import paektuseis as ps
from paektuseis.io import _gcf as gcf

T0 = calendar.timegm((2010, 9, 1, 0, 0, 0))
DAY_ZERO = calendar.timegm((1989, 11, 17, 0, 0, 0))
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def block(data, t=T0, *, code=100, form=None, width=1, stream="UV05Z2", system=None, **lies):
    """One block of 1024 bytes; ``lies`` replace what the header or the constants should say."""
    data = np.asarray(data, np.int64)
    steps = np.diff(data, prepend=data[0])
    day, second = divmod(t - DAY_ZERO, 86400)
    date = lies.get("date", (day << 17) | second)
    head = struct.pack(
        ">IIIBBBB",
        int("PAEK", 36) if system is None else system,
        int(stream, 36),
        date,
        lies.get("ttl", 3),
        code,
        width if form is None else form,
        lies.get("records", len(data) // width),
    )
    kind = {1: ">i4", 2: ">i2", 4: "i1"}[width]
    body = bytearray(steps.astype(kind).tobytes())
    if "stray" in lies:
        body[: 4 // width] = np.array([lies["stray"]]).astype(kind).tobytes()
    out = head + struct.pack(">i", int(lies.get("first", data[0]))) + body
    out += struct.pack(">i", int(lies.get("last", data[-1])))
    return out.ljust(1024, b"\0")


@pytest.fixture
def signal(rng):
    return np.cumsum(rng.integers(-60, 60, 2000))


@pytest.fixture
def blocks(signal):
    return [block(signal[i : i + 200], T0 + i // 100) for i in range(0, 2000, 200)]


def read(tmp_path, content, **options):
    path = tmp_path / "x.gcf"
    path.write_bytes(content if isinstance(content, bytes | bytearray) else b"".join(content))
    return ps.read_waveforms(path, **options)


def checks(stream):
    return ps.reader_findings(stream).check.tolist()


def test_a_block_worked_by_hand(tmp_path):
    # 4 samples 7 9 6 6 at 1 Hz, 16-bit differences 0 2 -3 0; 2010-09-01 is day 7593
    assert (T0 - DAY_ZERO) // 86400 == 7593
    raw = bytes.fromhex("0000000A") + (10 * 36**3 + 11 * 36**2 + 25 * 36 + 2).to_bytes(4, "big")
    raw += (7593 * 2**17 + 3661).to_bytes(4, "big") + bytes([0, 1, 2, 2])
    raw += bytes.fromhex("00000007 0000 0002 FFFD 0000 00000006")
    (trace,) = read(tmp_path, raw.ljust(1024, b"\0"))
    assert trace.data.tolist() == [7, 9, 6, 6]
    assert trace.data.dtype == np.int32
    assert trace.stats.starttime == obspy.UTCDateTime("2010-09-01T01:01:01")
    assert trace.stats.sampling_rate == 1
    assert trace.stats.gcf.stream_id == "ABP2"
    assert trace.stats.gcf.system_id == "A"
    assert trace.id == ".ABP2..HHP"
    assert ps.provenance.recall(trace, "units") == "counts"


@pytest.mark.parametrize("width", [1, 2, 4])
def test_each_width_of_differences(tmp_path, signal, width):
    parts = [block(signal[i : i + 200], T0 + i // 100, width=width) for i in range(0, 2000, 200)]
    (trace,) = read(tmp_path, parts)
    np.testing.assert_array_equal(trace.data, signal)
    assert trace.stats.endtime == obspy.UTCDateTime(T0) + 19.99


def test_differences_that_wrap_around(tmp_path):
    data = np.array([2**31 - 1, -(2**31) + 1, 5, -6])
    steps = np.diff(data, prepend=data[0])
    steps = (steps + 2**31) % 2**32 - 2**31
    raw = bytearray(block(data, code=4))
    raw[20:36] = steps.astype(">i4").tobytes()
    (trace,) = read(tmp_path, raw)
    assert trace.data.tolist() == data.tolist()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("rate", "start"),
    [(r, 0.0) for r in (0.1, 0.125, 0.2, 0.25, 0.5, 1, 40, 100, 200, 250)]
    + [(400, 3 / 8), (500, 1 / 2), (625, 2 / 5), (1000, 3 / 4)]
    + [(1250, 4 / 5), (2000, 7 / 8), (2500, 9 / 10), (4000, 15 / 16), (5000, 19 / 20)],
)
def test_rates_and_fractional_starts_as_obspy(tmp_path, signal, rate, start):
    trace = obspy.Trace(signal.astype(np.int32))
    trace.stats.update({"station": "UV05", "channel": "HHZ", "sampling_rate": rate})
    trace.stats.starttime = obspy.UTCDateTime(T0) + start
    path = tmp_path / "x"
    trace.write(str(path), format="GCF")
    (theirs,) = obspy.read(path, format="GCF")
    (ours,) = ps.read_waveforms(path)
    np.testing.assert_array_equal(ours.data, signal)
    assert ours.id == theirs.id
    assert ours.stats.sampling_rate == theirs.stats.sampling_rate == rate
    assert ours.stats.starttime == theirs.stats.starttime == obspy.UTCDateTime(T0) + start
    assert dict(ours.stats.gcf) == dict(theirs.stats.gcf)


def test_800_hz_and_the_fifth_bit_of_the_start(tmp_path, signal):
    # obspy 1.5.1 writes 800 Hz as 1000 Hz, so this one is built by hand: 15/16 s, code 175
    (trace,) = read(tmp_path, block(signal[:800], code=175, width=4, form=4 | 15 << 4))
    assert trace.stats.sampling_rate == 800
    assert trace.stats.starttime == obspy.UTCDateTime(T0) + 15 / 16
    (trace,) = read(tmp_path, block(signal[:800], code=194, width=4, form=4 | 8 | 1 << 4))
    assert trace.stats.starttime == obspy.UTCDateTime(T0) + 17 / 20
    # at 250 Hz and less these bits say nothing
    (trace,) = read(tmp_path, block(signal[:800], code=200, width=4, form=4 | 8 | 1 << 4))
    assert trace.stats.starttime == obspy.UTCDateTime(T0)


def test_obspy_test_files():
    folder = Path(obspy.__file__).parent / "io" / "gcf" / "tests" / "data"
    files = sorted(folder.glob("*.gcf"))
    if not files:
        pytest.skip("this obspy comes without its test files")
    for path in files:
        (theirs,) = obspy.read(path, format="GCF")
        (ours,) = ps.read_waveforms(path)
        np.testing.assert_array_equal(ours.data, theirs.data)
        assert ours.stats.starttime == theirs.stats.starttime
        assert dict(ours.stats.gcf) == dict(theirs.stats.gcf)
        (head,) = ps.read_waveforms(path, headonly=True)
        assert head.stats.npts == theirs.stats.npts


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (825913, ("HPA1", 0, -1, 0)),  # the example of the format's manual
        (int("ZIK0ZJ", 36), ("ZIK0ZJ", 0, -1, 0)),  # its largest name
        (1 << 31 | int("ZZZZZ", 36), ("ZZZZZ", 1, 0, 0)),
        (1 << 31 | 4 << 27 | 1 << 26 | int("6018", 36), ("6018", 1, 8, 1)),
        (3 << 30 | 1 << 27 | 5 << 22 | int("ABCD", 36), ("ABCD", 2, 1, 0)),
        (3 << 30 | 7 << 27, ("0", 2, 64, 0)),
    ],
)
def test_system_names(number, expected):
    found = gcf.system_of(number)
    assert tuple(found[k] for k in ("system_id", "sys_type", "gain", "digi")) == expected


DAMAGE = {
    "last": ("bad_checksum", lambda x: block(x, last=x[-1] + 1)),
    "first": ("bad_checksum", lambda x: block(x, first=x[0] ^ 64)),
    "records": ("bad_count", lambda x: block(x, records=255)),
    "no records": ("bad_count", lambda x: block(x, records=0)),
    "compression": ("bad_encoding", lambda x: block(x, form=3)),
    "rate": ("bad_rate", lambda x: block(x, code=252)),
    "second": ("bad_time", lambda x: block(x, date=(7593 << 17) | 86401)),
    "no clock": ("bad_time", lambda x: block(x, date=5)),
    "fraction": ("bad_time", lambda x: block(x, code=174, form=1 | 2 << 4)),
    "name": ("not_a_record", lambda x: block(x, stream="0")),
    "zeros": ("hole", lambda x: bytes(1024)),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_bad_block_costs_that_block(tmp_path, signal, blocks, case):
    check, make = DAMAGE[case]
    blocks[4] = make(signal[800:1000])
    stream = read(tmp_path, blocks)
    assert [t.stats.npts for t in stream] == [800, 1000]
    np.testing.assert_array_equal(stream[0].data, signal[:800])
    np.testing.assert_array_equal(stream[1].data, signal[1000:])
    assert stream[1].stats.starttime == obspy.UTCDateTime(T0) + 10
    (row,) = ps.reader_findings(stream).itertuples()
    assert row.check == check
    assert "from byte 4096" in row.message
    assert "x.gcf" in row.message
    assert row.trace_id == ".UV05..HHZ"
    assert row.starttime.timestamp() == T0 + 8
    assert row.endtime.timestamp() == T0 + 10


def test_every_flip_in_the_samples_is_seen(tmp_path, signal, blocks):
    for byte in range(16, 16 + 4 + 800 + 4):
        damaged = bytearray(blocks[1])
        damaged[byte] ^= 1 << (byte % 8)
        table, samples = gcf._read_at(np.frombuffer(bytes(damaged), np.uint8), np.array([0]))
        if table.verdict[0] == gcf.OK:  # the first difference is not used
            assert 20 <= byte < 24
            assert table.notes[0]
            np.testing.assert_array_equal(samples[0], signal[200:400])


def test_stray_first_difference_is_told(tmp_path, signal, blocks):
    blocks[3] = block(signal[600:800], T0 + 6, stray=9)
    (trace,) = read(tmp_path, blocks)
    np.testing.assert_array_equal(trace.data, signal)
    assert checks(trace) == ["bad_difference"]


def test_status_blocks_are_counted(tmp_path, signal, blocks):
    status = bytearray(block(signal[:4], code=0, records=20))
    status[16:96] = b"GPS locked ".ljust(80)
    (trace,) = read(tmp_path, [bytes(status), *blocks[:5], bytes(status), *blocks[5:]])
    np.testing.assert_array_equal(trace.data, signal)
    (row,) = ps.reader_findings(trace).itertuples()
    assert (row.check, row.severity, row.value) == ("text_record", "info", 2)
    status[16:96] = bytes(range(128, 208))
    (trace,) = read(tmp_path, [bytes(status), *blocks])
    np.testing.assert_array_equal(trace.data, signal)
    assert checks(trace) == ["no_samples"]


def test_cut_block(tmp_path, signal, blocks):
    stream = read(tmp_path, b"".join(blocks)[:-600])
    np.testing.assert_array_equal(stream[0].data, signal[:1800])
    assert checks(stream) == ["cut_record"]


@pytest.mark.parametrize("by", [-3, 1, 700])
def test_bytes_lost_or_put_in(tmp_path, signal, blocks, by):
    content = b"".join(blocks)
    at = 2 * 1024 + 500
    content = content[:at] + (bytes(by) + content[at:] if by > 0 else content[at - by :])
    stream = read(tmp_path, content)
    data = np.concatenate([t.data for t in stream])
    np.testing.assert_array_equal(stream[0].data, signal[:400])
    np.testing.assert_array_equal(data[400:], signal[600:])  # one block is lost
    assert stream[1].stats.starttime == obspy.UTCDateTime(T0) + 6
    assert "bad_checksum" in checks(stream)


def test_long_stretches_of_junk_and_zeros(tmp_path, rng, signal, blocks):
    junk = rng.integers(0, 256, 300 * 1024 + 17, dtype=np.uint8).tobytes()
    # in step again after the junk; then an unwritten tail
    middle = junk[: 300 * 1024]
    stream = read(tmp_path, b"".join(blocks[:5]) + middle + b"".join(blocks[5:]) + bytes(5000))
    (trace,) = stream
    np.testing.assert_array_equal(trace.data, signal)
    assert sorted(checks(stream)) == ["hole", "not_a_record"]


def test_order_twins_and_conflicts(tmp_path, signal, blocks):
    shuffled = [blocks[i] for i in (3, 1, 0, 2, 9, 8, 7, 6, 5, 4, 3)]
    (trace,) = read(tmp_path, shuffled)
    np.testing.assert_array_equal(trace.data, signal)
    assert checks(trace) == ["duplicate_records"]
    other = block(signal[600:800] + 1, T0 + 6)
    stream = read(tmp_path, [*blocks, other])
    assert sorted(t.stats.npts for t in stream) == [200, 2000]  # both are kept, apart


def test_two_streams_and_two_taps(tmp_path, signal, blocks):
    east = [
        block(-signal[i : i + 200], T0 + i // 100, stream="UV05E2") for i in range(0, 2000, 200)
    ]
    slow = [block(signal[:40], code=4, stream="UV05Z6")]
    mixed = [b for pair in zip(blocks, east, strict=True) for b in pair] + slow
    stream = read(tmp_path, mixed)
    found = [(t.id[-1], t.stats.sampling_rate, t.stats.npts) for t in stream]
    assert found == [("E", 100, 2000), ("Z", 100, 2000), ("Z", 4, 40)] or found == [
        ("E", 100, 2000),
        ("Z", 4, 40),
        ("Z", 100, 2000),
    ]


def test_leap_second_is_flagged(tmp_path, signal):
    day = (calendar.timegm((2016, 12, 31, 0, 0, 0)) - DAY_ZERO) // 86400
    leap = block(signal[:200], date=(day << 17) | 86400)
    (trace,) = read(tmp_path, leap)
    # the second sample after the leap second stands at its own time: 00:00:00 of the new year
    assert trace.stats.starttime + 1 == obspy.UTCDateTime("2017-01-01")
    assert checks(trace) == ["leap_second"]


def test_nothing_usable(tmp_path, rng, signal):
    with pytest.raises(ps.WaveformError, match=r"x\.gcf.*not a waveform format"):
        read(tmp_path, block(signal[:200], last=0))
    assert not gcf.is_gcf(rng.integers(0, 256, 1 << 18, dtype=np.uint8))
    assert not gcf.is_gcf(np.zeros(1 << 16, np.uint8))
    assert not gcf.is_gcf(np.zeros(100, np.uint8))
    assert gcf.is_gcf(np.frombuffer(block(np.zeros(200)), np.uint8))  # a dead channel


def test_damaged_first_blocks_do_not_hide_the_rest(tmp_path, signal, blocks):
    blocks[0] = bytes(range(256)) * 4
    blocks[1] = block(signal[200:400], last=1)
    (trace,) = read(tmp_path, blocks)
    np.testing.assert_array_equal(trace.data, signal[400:])
