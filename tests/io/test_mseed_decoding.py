"""Our miniSEED 2 decoder against obspy's, on everything a writer can make."""

import os
import subprocess
import sys

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


def random_frames(seed, records, frames, steim):
    """Records of random bytes in the shape of Steim frames, with a table that fits them."""
    rng = np.random.default_rng(seed)
    b = rng.integers(0, 256, records * frames * 64).astype(np.uint8)
    if rng.random() < 0.7:  # mostly codes that exist
        words = b.view(">u4").reshape(-1, 16)
        good = rng.choice([1, 2, 3, 0], words.shape, p=[0.4, 0.3, 0.25, 0.05])
        for word in range(1, 16):
            top = np.where(good[:, word] == 2, rng.integers(1, 4, len(words)), 0)
            top = np.where(good[:, word] == 3, rng.integers(0, 3, len(words)), top)
            kept = words[:, word] & 0x3FFFFFFF | top.astype(np.uint32) << 30
            words[:, word] = np.where(good[:, word] >= 2, kept, words[:, word])
        words[:, 0] = sum(good[:, i].astype(np.uint32) << (30 - 2 * i) for i in range(1, 16))
    rows = np.zeros((records, k.COLUMNS), np.int64)
    rows[:, k.OFFSET] = np.arange(records) * frames * 64
    rows[:, k.LENGTH] = frames * 64
    rows[:, k.NSAMP] = rng.integers(1, 60 * frames, records)
    rows[:, k.ENCODING], rows[:, k.BIG] = steim, 1
    return b, rows


@SETTINGS
@given(
    seed=st.integers(0, 2**31),
    records=st.integers(1, 12),
    frames=st.integers(1, 9),
    steim=st.sampled_from([10, 11]),
)
def test_lanes_and_loops_agree_on_any_bytes(seed, records, frames, steim):
    b, rows = random_frames(seed, records, frames, steim)
    which = np.arange(records)
    position = np.concatenate(([0], np.cumsum(rows[:, k.NSAMP])[:-1]))
    size = int(rows[:, k.NSAMP].sum())
    lanes = decoding.lanes_decoder()
    assert lanes is not None
    for _ in range(2):
        mine, other = np.zeros(size, np.int32), np.zeros(size, np.int32)
        verdicts = np.full((2, records), 99)
        failed, least = lanes(b, rows, which, position, mine, verdicts[0])
        assert failed == decoding._decode_plain(b, rows, which, position, other, verdicts[1])
        np.testing.assert_array_equal(verdicts[0], verdicts[1])
        good = [np.arange(rows[i, k.NSAMP]) + position[i] for i in which if verdicts[0, i] == k.OK]
        sound = np.concatenate([*good, np.zeros(0, np.int64)]).astype(int)
        np.testing.assert_array_equal(mine[sound], other[sound])
        assert least == mine[sound].min(initial=2**31 - 1)
        # give each record the last sample that its differences lead to, so that it passes
        for i in which:
            if verdicts[0, i] == k.BAD_STEIM:
                last = mine[position[i] + rows[i, k.NSAMP] - 1 :][:1]
                at = rows[i, k.OFFSET] + 8
                b[at : at + 4] = last.astype(">i4").view(np.uint8)


def test_lanes_write_nothing_beyond_the_end(mseed, rng):
    data = np.cumsum(rng.integers(-500, 500, 3000)).astype(np.int32)
    b = np.frombuffer(mseed(data, encoding="STEIM2", reclen=512), np.uint8)
    rows = scan_records(b).rows
    which = np.arange(len(rows))
    position = np.concatenate(([0], np.cumsum(rows[:, k.NSAMP])[:-1]))
    lanes = decoding.lanes_decoder()
    assert lanes is not None
    memory = np.full(4000, 77, np.int32)
    lanes(b, rows, which, position, memory[:3000], np.zeros(len(rows), np.int64))
    np.testing.assert_array_equal(memory[:3000], data)
    assert (memory[3000:] == 77).all()


def test_without_lanes_the_loops_serve(tmp_path, mseed, rng, monkeypatch):
    data = np.cumsum(rng.integers(-500, 500, 20000)).astype(np.int32)
    path = tmp_path / "x"
    path.write_bytes(mseed(data, encoding="STEIM2", reclen=512))
    monkeypatch.setattr(decoding, "lanes_decoder", lambda: None)
    np.testing.assert_array_equal(read_waveforms(path)[0].data, data)


def test_both_byte_orders_in_one_file(tmp_path, mseed, rng):
    data = np.cumsum(rng.integers(-500, 500, 20000)).astype(np.int32)
    raw = {
        order: np.frombuffer(
            mseed(data, encoding="STEIM2", reclen=512, byteorder=order), np.uint8
        ).reshape(-1, 512)
        for order in "<>"
    }
    mixed = np.where(rng.random(len(raw[">"]))[:, None] < 0.5, raw["<"], raw[">"])
    path = tmp_path / "x"
    path.write_bytes(mixed.tobytes())
    (trace,) = read_waveforms(path)
    np.testing.assert_array_equal(trace.data, data)


def test_the_gap_value_is_found_in_steim_records(tmp_path, mseed):
    data = np.arange(-(2**31), -(2**31) + 3000, dtype=np.int64).astype(np.int32)
    path = tmp_path / "x"
    path.write_bytes(mseed(data, encoding="STEIM2", reclen=512))
    (trace,) = read_waveforms(path)
    np.testing.assert_array_equal(trace.data, data[1:])
    assert reader_findings(trace).check.tolist().count("no_data_value") == 1


PORTABLE = """
import sys
import numpy as np
from paektuseis.io import _decoding
given = np.load(sys.argv[1])
rows, size = given["rows"], int(given["size"])
out, status = np.zeros(size, np.int32), np.zeros(len(rows), np.int64)
lanes = _decoding.lanes_decoder()
lanes(given["b"], rows, np.arange(len(rows)), given["position"], out, status)
np.savez(sys.argv[2], out=out, status=status)
"""


def test_lanes_on_a_processor_without_vector_extensions(tmp_path, mseed, rng):
    data = np.cumsum(rng.integers(-500, 500, 3000)).astype(np.int32)
    b = np.frombuffer(bytearray(mseed(data, encoding="STEIM2", reclen=512)), np.uint8)
    rows = scan_records(b).rows
    position = np.concatenate(([0], np.cumsum(rows[:, k.NSAMP])[:-1]))
    np.savez(tmp_path / "given.npz", b=b, rows=rows, position=position, size=3000)
    environment = {
        **os.environ,
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
    }
    subprocess.run(
        [sys.executable, "-c", PORTABLE, str(tmp_path / "given.npz"), str(tmp_path / "out.npz")],
        env=environment,
        check=True,
    )
    found = np.load(tmp_path / "out.npz")
    np.testing.assert_array_equal(found["out"], data)
    assert not found["status"].any()
