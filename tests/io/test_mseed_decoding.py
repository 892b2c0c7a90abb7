"""Our miniSEED 2 decoder against obspy's, on everything a writer can make."""

import numpy as np
import obspy
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from paektuseis.io import _decoding as decoding, _kernels as k, read_waveforms, reader_findings
from paektuseis.io._mseed import scan_records

SETTINGS = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def integers(seed, count, bits):
    """A random walk with steps of up to ``bits`` bits that changes its size as it goes."""
    rng = np.random.default_rng(seed)
    size = 2 ** rng.integers(0, bits, count // 40 + 1).repeat(40)[:count]
    return np.cumsum(np.rint(rng.normal(size=count) * size)).astype(np.int64)


@SETTINGS
@given(
    seed=st.integers(0, 2**31),
    count=st.integers(1, 4000),
    bits=st.integers(1, 25),
    encoding=st.sampled_from(["STEIM1", "STEIM2", "INT32", "FLOAT32", "FLOAT64"]),
    order=st.sampled_from("<>"),
    reclen=st.sampled_from([256, 512, 4096]),
    rate=st.sampled_from([0.1, 1.0, 75.0, 100.0, 125.0, 33.333333]),
)
def test_equal_to_obspy(tmp_path, mseed, seed, count, bits, encoding, order, reclen, rate):
    walk = np.clip(integers(seed, count, bits), -(2**29), 2**29)
    kind = {"FLOAT32": np.float32, "FLOAT64": np.float64}.get(encoding, np.int32)
    if encoding == "STEIM2":  # differences beyond 30 bits cannot be written
        walk = np.clip(walk, -(2**28), 2**28)
    path = tmp_path / "x.mseed"
    path.write_bytes(
        mseed(walk.astype(kind), encoding=encoding, byteorder=order, reclen=reclen, rate=rate)
    )
    ours, theirs = read_waveforms(path), obspy.read(str(path), format="MSEED")
    assert len(ours) == len(theirs) == 1
    assert ours[0].data.dtype == kind
    np.testing.assert_array_equal(ours[0].data, walk.astype(kind))
    for key in ("id", "starttime", "endtime", "npts", "sampling_rate"):
        mine = ours[0].id if key == "id" else ours[0].stats[key]
        other = theirs[0].id if key == "id" else theirs[0].stats[key]
        assert mine == other
    assert set(reader_findings(ours).severity) <= {"info"}  # obspy states timing quality 0


def test_int16_equals_obspy(tmp_path, mseed, rng):
    data = rng.integers(-(2**15), 2**15, 3000).astype(np.int16)
    path = tmp_path / "x"
    path.write_bytes(mseed(data, encoding="INT16", byteorder="<", reclen=512))
    (trace,) = read_waveforms(path)
    assert trace.data.dtype == np.int32
    np.testing.assert_array_equal(trace.data, data)


def steim_frame(words, first, last, nibbles):
    """One 64-byte Steim frame, by hand: X0, Xn and up to 13 words with their codes."""
    control = 0
    for i, nibble in enumerate(nibbles):
        control |= nibble << (30 - 2 * (i + 3))
    full = [control, first & 0xFFFFFFFF, last & 0xFFFFFFFF, *[w & 0xFFFFFFFF for w in words]]
    full += [0] * (16 - len(full))
    return np.array(full, ">u4").view(np.uint8)


def test_steim2_by_hand():
    """The SEED manual's dnib table, each width once, written out by hand."""
    words, nibbles, differences = [], [], []
    for code, dnib, count, bits in [
        (2, 1, 1, 30),
        (2, 2, 2, 15),
        (2, 3, 3, 10),
        (3, 0, 5, 6),
        (3, 1, 6, 5),
        (3, 2, 7, 4),
    ]:
        values = [(-1) ** i * (i + 1) for i in range(count)]
        word = dnib << 30
        for i, v in enumerate(values):
            word |= (v & (2**bits - 1)) << (bits * (count - 1 - i))
        words.append(word)
        nibbles.append(code)
        differences += values
    words.append(int.from_bytes(np.array([100, -100, 7, -8], np.int8).tobytes(), "big"))
    nibbles.append(1)
    differences += [100, -100, 7, -8]
    first = 1000
    truth = first + np.concatenate(([0], np.cumsum(differences[1:])))
    frame = steim_frame(words, first, int(truth[-1]), nibbles)
    rows = np.zeros((1, k.COLUMNS), np.int64)
    rows[0, [k.LENGTH, k.NSAMP, k.ENCODING, k.BIG]] = 64, len(truth), 11, 1
    out, status = np.zeros(len(truth), np.int32), np.zeros(1, np.int64)
    zero = np.zeros(1, np.int64)
    assert decoding.decode_steim(frame, rows, zero, zero, out, status) == (0, truth.min())
    np.testing.assert_array_equal(out, truth)
    rows[0, k.NSAMP] = len(truth) + 1  # more samples than differences
    more = np.zeros(len(truth) + 1, np.int32)
    assert decoding.decode_steim(frame, rows, zero, zero, more, status)[0] == 1
    assert status[0] == k.SHORT_STEIM
    rows[0, k.NSAMP] = len(truth) - 1  # fewer: the last sample is not Xn
    assert decoding.decode_steim(frame, rows, zero, zero, out, status)[0] == 1
    assert status[0] == k.BAD_STEIM


def test_piton_day_is_what_obspy_reads(real_data):
    path = real_data / "piton_undervolc_2010" / "waveforms" / "YA.UV05.00.HHZ.D.2010.244"
    (ours,), (theirs,) = read_waveforms(path), obspy.read(str(path), format="MSEED")
    assert ours.stats.npts == 8_640_000
    assert ours.stats.starttime == theirs.stats.starttime
    np.testing.assert_array_equal(ours.data, theirs.data)


def test_window_decodes_only_what_is_asked(tmp_path, mseed, rng, monkeypatch):
    data = rng.integers(-500, 500, 20000).astype(np.int32)
    path = tmp_path / "x"
    path.write_bytes(mseed(data, start="2020-01-01", encoding="STEIM2", reclen=512))
    start = obspy.UTCDateTime("2020-01-01T00:01:00")
    decoded = []
    original = decoding.decode_steim
    monkeypatch.setattr(
        decoding, "decode_steim", lambda *a: (decoded.append(len(a[2])), original(*a))[1]
    )
    (trace,) = read_waveforms(path, starttime=start, endtime=start + 10)
    assert (trace.stats.starttime, trace.stats.endtime) == (start, start + 10)
    np.testing.assert_array_equal(trace.data, data[6000:7001])
    assert 0 < decoded[0] < 10
    (head,) = read_waveforms(path, starttime=start, endtime=start + 10, headonly=True)
    assert head.stats.npts == 1001
    assert len(head.data) == 0
    assert len(read_waveforms(path, starttime="2021-01-01")) == 0
    assert len(read_waveforms(path, trace_ids="YA.*.HHN")) == 0
    assert len(read_waveforms(path, trace_ids=["XX.*", "YA.UV05.00.HH?"])) == 1


def test_scan_knows_every_record(mseed, rng):
    data = rng.integers(-500, 500, 5000).astype(np.int32)
    raw = mseed(data, encoding="STEIM2", reclen=512)
    records = scan_records(np.frombuffer(bytearray(raw), np.uint8))
    assert records.usable.all()
    assert len(records.rows) == len(raw) // 512
    assert records.rows[:, k.NSAMP].sum() == 5000
    assert (records.rates == 100).all()


@pytest.mark.parametrize("year", [1900, 1969, 1972, 2000, 2016, 2038, 2099])
def test_times_of_any_year(tmp_path, mseed, year):
    start = f"{year}-02-28T23:59:59.999900"
    path = tmp_path / "x"
    path.write_bytes(mseed(np.arange(300, dtype=np.int32), start=start, reclen=256))
    assert read_waveforms(path)[0].stats.starttime == obspy.UTCDateTime(start)
