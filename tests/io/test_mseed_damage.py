"""Damaged miniSEED: damage costs the damaged records, and is told."""

import struct
import threading
import warnings

import numpy as np
import obspy
import pytest

import paektuseis as ps
from paektuseis.io import _kernels as k, read_waveforms, reader_findings
from paektuseis.io._mseed import scan_records

START = obspy.UTCDateTime("2010-09-01T00:00:00.1234")
N = 12000


@pytest.fixture
def data(rng):
    return np.cumsum(rng.integers(-200, 200, N)).astype(np.int32)


@pytest.fixture
def raw(mseed, data):
    return mseed(data, encoding="STEIM2", reclen=512)


def check_against_truth(stream, data, lose_at_most):
    """Every sample returned stands where the truth has it; at most so many are missing."""
    seen = np.zeros(len(data), bool)
    for trace in stream:
        first = round((trace.stats.starttime - START) * 100)
        np.testing.assert_array_equal(trace.data, data[first : first + trace.stats.npts])
        seen[first : first + trace.stats.npts] = True
    assert np.count_nonzero(~seen) <= lose_at_most
    return seen


def read(tmp_path, content):
    path = tmp_path / "day.mseed"
    path.write_bytes(content)
    return read_waveforms(path)


def patch(raw, at, values):
    out = bytearray(raw)
    out[at : at + len(values)] = values
    return bytes(out)


SECOND = 512  # offset of the second record
CASES = {
    "bit in a frame": (
        lambda r: patch(r, SECOND + 200, bytes([r[SECOND + 200] ^ 4])),
        "bad_checksum",
    ),
    "zero block": (lambda r: patch(r, SECOND, bytes(512)), "hole"),
    "noise for a header": (lambda r: patch(r, SECOND, b"\xa7" * 48), "not_a_record"),
    "stray byte": (lambda r: r[: SECOND + 100] + b"x" + r[SECOND + 100 :], "bad_"),
    "count too big": (lambda r: patch(r, SECOND + 30, b"\xff\xff"), "bad_count"),
    "blockette loop": (lambda r: patch(r, SECOND + 50, struct.pack(">H", 48)), "bad_blockette"),
    "length 2**30": (lambda r: patch(r, SECOND + 54, b"\x1e"), "bad_length"),
    "length 4096": (lambda r: patch(r, SECOND + 54, b"\x0c"), "bad_length"),
    "data offset past the end": (lambda r: patch(r, SECOND + 44, b"\x7f\x00"), "bad_data_offset"),
    "impossible time": (lambda r: patch(r, SECOND + 22, struct.pack(">H", 400)), "bad_time"),
    "year 6000": (lambda r: patch(r, SECOND + 20, struct.pack(">H", 6000)), "bad_time"),
    "day 366": (lambda r: patch(r, SECOND + 22, struct.pack(">H", 366)), "bad_time"),
    "hour 24": (lambda r: patch(r, SECOND + 24, bytes([24])), "bad_time"),
    "blockette in the header": (lambda r: patch(r, SECOND + 46, b"\0\x14"), "bad_blockette"),
    "blockette past the end": (lambda r: patch(r, SECOND + 46, b"\xff\xf0"), "bad_blockette"),
    "rate zero": (lambda r: patch(r, SECOND + 32, bytes(2)), "bad_rate"),
    "encoding 99": (lambda r: patch(r, SECOND + 52, b"\x63"), "bad_encoding"),
    "cut in the last record": (lambda r: r[:-255], "cut_record"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_bad_record_costs_one_record(tmp_path, data, raw, case):
    damage, check = CASES[case]
    stream = read(tmp_path, damage(raw))
    found = reader_findings(stream)
    seen = check_against_truth(stream, data, lose_at_most=600)
    rows = found[found.check.str.startswith(check)]
    assert len(rows) >= 1, found.check.tolist()
    assert rows.path.str.endswith("day.mseed").all()
    assert rows.message.str.contains("byte|record").all()
    if case == "length 4096":  # the record itself is sound
        assert seen.all()
    else:
        assert not seen.all()


def test_order_and_copies_do_not_matter(tmp_path, data, raw, rng):
    records = [raw[i : i + 512] for i in range(0, len(raw), 512)]
    order = rng.permutation(len(records))
    stream = read(tmp_path, b"".join(records[i] for i in order) + b"".join(records[5:9]))
    assert len(stream) == 1
    np.testing.assert_array_equal(stream[0].data, data)
    found = reader_findings(stream)
    assert found.check.tolist() == ["duplicate_records"]
    assert found.value.tolist() == [4.0]


def test_slow_drift_splits_instead_of_adding_up(tmp_path, data, raw):
    """0.8 ms later with each record: within half a sample everywhere, and told."""
    records = [bytearray(raw[i : i + 512]) for i in range(0, len(raw), 512)]
    starts = []
    at = 0
    for i, record in enumerate(records):
        starts.append(at)
        at += struct.unpack(">H", record[30:32])[0]
        struct.pack_into(">i", record, 40, 8 * i)  # correction in 0.1 ms, not yet applied
    stream = read(tmp_path, b"".join(map(bytes, records)))
    assert sum(t.stats.npts for t in stream) == N
    truth = {s: START.timestamp + s / 100 + 0.0008 * i for i, s in enumerate(starts)}
    at = 0
    for trace in stream:
        for sample, time in truth.items():
            if at <= sample < at + trace.stats.npts:
                claimed = trace.stats.starttime.timestamp + (sample - at) / 100
                assert abs(claimed - time) <= 0.0051
        at += trace.stats.npts
    assert "clock_drift" in set(reader_findings(stream).check)


def test_jitter_of_the_rate_is_joined(tmp_path, mseed, data):
    parts, at = [], 0
    for rate in (99.99, 100.0, 100.01, 100.0):
        parts.append(mseed(data[at : at + 300], start=START + at / 100, rate=rate, reclen=4096))
        at += 300
    stream = read(tmp_path, b"".join(parts))
    assert [t.stats.sampling_rate for t in stream] == [100.0]
    np.testing.assert_array_equal(stream[0].data, data[:1200])
    assert "rate_jitter" in set(reader_findings(stream).check)


def test_rate_change_and_type_change_stay_apart(tmp_path, mseed, data):
    content = (
        mseed(data[:500], reclen=512)
        + mseed(data[500:1000], start=START + 5, rate=50.0, reclen=512)
        + mseed(data[1000:1500].astype(np.float32), start=START + 15, reclen=512)
    )
    stream = read(tmp_path, content)
    assert sorted((t.stats.npts, t.stats.sampling_rate, str(t.data.dtype)) for t in stream) == [
        (500, 50.0, "int32"),
        (500, 100.0, "float32"),
        (500, 100.0, "int32"),
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300])
def test_impossible_floats_are_gaps(tmp_path, mseed, rng, value):
    data = rng.normal(size=2000)
    data[700:703] = value
    path = tmp_path / "x"
    path.write_bytes(mseed(data, encoding="FLOAT64", reclen=512))
    stream = read_waveforms(path)
    assert [t.stats.npts for t in stream] == [700, 1297]
    assert stream[1].stats.starttime == START + 7.03
    np.testing.assert_array_equal(stream[1].data, data[703:])
    row = reader_findings(stream).iloc[0]
    assert (row.check, row.value, row.severity) == ("no_data_value", 3.0, "warning")


def test_winston_gap_value_is_a_gap(tmp_path, mseed, data):
    data[4000:7000] = -(2**31)
    path = tmp_path / "x"
    path.write_bytes(mseed(data, encoding="INT32", reclen=512))
    stream = read_waveforms(path)
    assert [t.stats.npts for t in stream] == [4000, 5000]
    assert reader_findings(stream).value.tolist() == [3000.0]


def test_integers_labelled_float_are_refused(tmp_path, mseed, rng):
    raw = bytearray(
        mseed(rng.integers(0, 5000, 1000).astype(np.int32), encoding="INT32", reclen=4096)
    )
    raw[52] = 4
    (tmp_path / "x").write_bytes(raw)
    with pytest.raises(ps.WaveformError, match="denormal"):
        read_waveforms(tmp_path / "x")


def test_recorder_flags_become_findings(tmp_path, data, raw):
    content = patch(raw, SECOND + 38, bytes([0b1000_0010]))
    found = reader_findings(read(tmp_path, content))
    assert set(found.check) == {"clipped", "time_questionable"}
    assert (found.trace_id == "YA.UV05.00.HHZ").all()
    assert ((found.endtime - found.starttime).dt.total_seconds() < 8).all()


def test_int32_count_never_reads_the_next_record(tmp_path, mseed, rng):
    data = rng.integers(-9, 9, 1000).astype(np.int32)
    raw = mseed(data, encoding="INT32", reclen=512)
    (count,) = struct.unpack(">H", raw[30:32])
    content = patch(raw, 512 + 30, struct.pack(">H", count + 16384))
    stream = read(tmp_path, content)
    check_against_truth(stream, data, lose_at_most=count)
    assert "bad_count" in set(reader_findings(stream).check)


def test_wrong_word_order_of_one_record(tmp_path, mseed, data):
    raw = mseed(data, encoding="INT32", reclen=512)
    stream = read(tmp_path, patch(raw, 3 * 512 + 53, b"\0"))
    check_against_truth(stream, data, lose_at_most=114)
    assert reader_findings(stream).check.tolist() == ["word_order"]
    half = len(raw) // 1024 * 512  # a change of order that lasts is none
    samples = struct.unpack(">H", raw[30:32])[0] * (half // 512)
    little = mseed(
        data[samples:], start=START + samples / 100, encoding="INT32", reclen=512, byteorder="<"
    )
    (trace,) = read(tmp_path, raw[:half] + little)
    np.testing.assert_array_equal(trace.data, data)


def test_a_shift_below_half_a_sample_is_told(tmp_path, mseed, data):
    content = mseed(data[:2000], reclen=512) + mseed(
        data[2000:4000], start=START + 20.004, reclen=512
    )
    stream = read(tmp_path, content)
    np.testing.assert_array_equal(stream[0].data, data[:4000])
    rows = reader_findings(stream)
    assert rows[rows.check == "misaligned"].value.tolist() == pytest.approx([0.4])


def test_zero_tail_is_told_once(tmp_path, data, raw):
    stream = read(tmp_path, raw + bytes(1 << 20))
    np.testing.assert_array_equal(stream[0].data, data)
    found = reader_findings(stream)
    assert found.check.tolist() == ["hole"]
    assert found.value.tolist() == [float(1 << 20)]


def test_54_years_between_two_records_cost_nothing(tmp_path, mseed, data):
    content = mseed(data[:400], start="1970-01-02", reclen=512) + mseed(
        data[:400], start="2024-01-02", reclen=512
    )
    stream = read(tmp_path, content)
    assert len(stream) == 2
    joined, _ = ps.join_segments(stream)
    assert sum(t.data.nbytes for t in joined) == 3200


def record(data, start=START, *, factor=100, rate=None, timing=None, encoding=3, second=None):
    """One record of 512 bytes of int32, with a blockette 100 or 1001 if wanted."""
    at = obspy.UTCDateTime(start)
    extra = b""
    if rate is not None:
        extra = struct.pack(">HHf4x", 100, 0, rate)
    elif timing is not None:
        extra = struct.pack(">HHBb2x", 1001, 0, timing, 0)
    time = (at.year, at.julday, at.hour, at.minute, at.second if second is None else second)
    head = b"000001D UV05 00HHZYA" + struct.pack(">HHBBBxH", *time, at.microsecond // 100)
    head += struct.pack(">Hhh4BiHH", len(data), factor, 1, 0, 0, 0, 1 + bool(extra), 0, 128, 48)
    head += struct.pack(">HHBBBx", 1000, 56 if extra else 0, encoding, 1, 9) + extra
    return (head.ljust(128, b"\0") + np.asarray(data, ">i4").tobytes()).ljust(512, b"\0")


def records(data, **options):
    """Records of 96 samples that follow each other at 100 Hz."""
    parts = range(0, len(data), 96)
    return [record(data[i : i + 96], START + i / 100, **options) for i in parts]


def test_a_chain_that_leads_back_ends(raw):
    content = np.frombuffer(patch(raw, SECOND + 50, struct.pack(">H", 48)), np.uint8)
    scan_records(np.frombuffer(raw, np.uint8))  # compiled from here on
    found = []
    walk = threading.Thread(target=lambda: found.append(scan_records(content)), daemon=True)
    walk.start()
    walk.join(20)  # the kernel goes round without the lock of the interpreter
    assert found, "the walk does not end"
    assert found[0].rows[1, k.VERDICT] == k.BAD_CHAIN


@pytest.mark.parametrize("encoding", ["INT32", "STEIM1", "STEIM2"])
def test_a_count_is_held_against_the_bytes_before_decoding(mseed, data, encoding):
    content = mseed(data, encoding=encoding, reclen=512)
    content = np.frombuffer(patch(content, SECOND + 30, b"\xff\xff"), np.uint8)
    verdicts = scan_records(content).rows[:, k.VERDICT].tolist()
    assert verdicts[:3] == [k.OK, k.BAD_COUNT, k.OK]


@pytest.mark.parametrize("order", [">", "<"])
def test_a_count_a_little_too_great_is_refused(tmp_path, mseed, data, order):
    """The frames could hold as many, but do not."""
    raw = mseed(data, encoding="STEIM2", reclen=512, byteorder=order)
    (count,) = struct.unpack_from(order + "H", raw, SECOND + 30)
    stream = read(tmp_path, patch(raw, SECOND + 30, struct.pack(order + "H", count + 3)))
    check_against_truth(stream, data, lose_at_most=count)
    assert reader_findings(stream).check.tolist() == ["bad_count"]


def test_little_endian_records_are_checked_too(tmp_path, mseed, data):
    raw = mseed(data, encoding="STEIM2", reclen=512, byteorder="<")
    stream = read(tmp_path, patch(raw, SECOND + 200, bytes([raw[SECOND + 200] ^ 4])))
    check_against_truth(stream, data, lose_at_most=600)
    assert reader_findings(stream).check.tolist() == ["bad_checksum"]


def test_records_of_text_and_without_samples_are_counted(tmp_path, data):
    parts = records(data[:480])
    log = record([], START + 0.5, encoding=0)
    text = patch(log, 30, struct.pack(">H", 40))
    stream = read(tmp_path, b"".join([*parts[:2], text, log, *parts[2:], text]))
    (trace,) = stream
    np.testing.assert_array_equal(trace.data, data[:480])
    rows = reader_findings(stream)
    assert dict(zip(rows.check, rows.value, strict=True)) == {"text_record": 2, "empty_record": 1}
    assert set(rows.severity) == {"info"}


def test_an_encoding_nobody_knows_is_refused(tmp_path, data):
    with pytest.raises(ps.WaveformError, match=r"unknown to this reader \(99\)"):
        read(tmp_path, b"".join(records(data[:960], encoding=99)))


def test_rates_of_blockette_100(tmp_path, data):
    (trace,) = read(tmp_path, b"".join(records(data[:960], rate=100.0)))
    assert reader_findings(trace).empty
    (trace,) = read(tmp_path, b"".join(records(data[:960], rate=50.0)))
    np.testing.assert_array_equal(trace.data, data[:960])
    assert trace.stats.sampling_rate == 100.0  # as the times of the records have it
    (row,) = reader_findings(trace).itertuples()
    assert (row.check, row.severity) == ("rate_conflict", "warning")
    assert "100 Hz and 50 Hz" in row.message
    for wrong in (np.nan, np.inf, -100.0, 0.0):
        parts = records(data[:960])
        parts[4] = record(data[384:480], START + 3.84, rate=wrong)
        stream = read(tmp_path, b"".join(parts))
        check_against_truth(stream, data[:960], lose_at_most=96)
        assert len(stream) == 2
        assert reader_findings(stream).check.tolist() == ["bad_rate"]


def test_a_word_order_that_is_none_is_told(tmp_path, data, raw):
    stream = read(tmp_path, patch(raw, SECOND + 53, b"\7"))
    assert check_against_truth(stream, data, lose_at_most=0).all()
    assert reader_findings(stream).check.tolist() == ["word_order"]


def test_a_leap_second_is_flagged_and_nothing_after_it_is_late(tmp_path, data):
    """96 Hz: each record is one second long."""
    new_year = obspy.UTCDateTime("2017-01-01")
    leap = record(data[96:192], new_year - 1, factor=96, second=60)
    content = record(data[:96], new_year - 1, factor=96) + leap
    for i in (2, 3, 4):
        content += record(data[96 * i : 96 * (i + 1)], new_year + i - 2, factor=96)
    stream = read(tmp_path, content)
    (row,) = reader_findings(stream).itertuples()
    assert (row.check, row.severity) == ("leap_second", "warning")
    (after,) = (t for t in stream if t.stats.endtime > new_year + 2)
    assert after.stats.starttime == new_year
    np.testing.assert_array_equal(after.data, data[192:480])


def test_two_records_of_one_time_that_differ_are_no_copies(tmp_path, data):
    parts = records(data[:960])
    other = record(data[192:288] + 1, START + 1.92)
    stream = read(tmp_path, b"".join([*parts, other]))
    assert sum(t.stats.npts for t in stream) == 960 + 96
    assert "duplicate_records" not in set(reader_findings(stream).check)
    joined, found = ps.join_segments(stream)
    assert found.check.tolist() == ["conflict"]
    assert [t.stats.npts for t in joined] == [192, 672]


def test_poor_timing_quality_is_told(tmp_path, data):
    parts = records(data[:960], timing=90)
    assert reader_findings(read(tmp_path, b"".join(parts))).empty
    parts[3] = record(data[288:384], START + 2.88, timing=20)
    (trace,) = read(tmp_path, b"".join(parts))
    (row,) = reader_findings(trace).itertuples()
    assert (row.check, row.severity, row.value, row.units) == ("timing_quality", "warning", 20, "%")
    assert obspy.UTCDateTime(row.starttime) == START + 2.88


def test_mutations_never_crash(tmp_path, raw):
    """Flipped bits, cuts, doubled and zeroed stretches: traces or a WaveformError, no more."""
    rng = np.random.default_rng(7)
    small = raw[: 6 * 512]
    path = tmp_path / "x"
    refused = []
    for _ in range(300):
        content = bytearray(small)
        for _ in range(rng.integers(1, 5)):
            at = int(rng.integers(0, len(content)))
            kind = rng.integers(0, 4)
            if kind == 0:
                content[at] ^= 1 << int(rng.integers(0, 8))
            elif kind == 1:
                del content[at:]
                content += b"\0"
            elif kind == 2:
                content[at:at] = content[at : at + 40]
            else:
                content[at : at + 30] = bytes(len(content[at : at + 30]))
        path.write_bytes(content)
        try:
            for trace in read_waveforms(path):
                assert trace.stats.npts == len(trace.data) > 0
                assert np.isfinite(trace.stats.sampling_rate)
        except ps.WaveformError as error:
            refused.append(str(error))
    assert len(refused) < 150
    assert all(str(path) in text for text in refused)


def test_corpus(real_data):
    """obspy's own collection of odd files: equal to obspy, or an error that names the file."""
    folder = real_data / "bad_input" / "obspy_mseed"
    equal, refused, other = [], [], []
    for path in sorted(folder.iterdir()):
        try:
            stream = read_waveforms(path)
        except ps.WaveformError as error:
            refused.append(path.name if path.name in str(error) else f"unnamed: {error}")
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = [t for t in obspy.read(str(path), format="MSEED") if t.stats.npts]
        if len(stream) == len(theirs) and all(
            a.stats.starttime == b.stats.starttime and np.array_equal(a.data, b.data)
            for a, b in zip(
                stream, sorted(theirs, key=lambda t: (t.id, t.stats.starttime)), strict=True
            )
        ):
            equal.append(path.name)
        else:
            other.append(path.name)
            assert len(reader_findings(stream)), path.name
    assert refused == [
        "emptyfile.mseed",
        "infinite-loop.mseed",
        "not.mseed",
        "not2.mseed",
        "not3.mseed",
        "not4.mseed",
        "rt130_sr0_cropped.mseed",
    ]
    # one joins over a record without samples, the other drops 17 copies of one record
    assert other == ["mseed_data_offset_0.mseed", "qualityflags.mseed"]
    assert len(equal) > 40


def test_codes_that_are_no_codes_stay_apart_and_harmless(tmp_path, data, mseed):
    raw = mseed(data)
    ids = set()
    for code in (b"../..", b"/tmp/", b"\xe9\xff\xc3( ", b"B\x00\n\x1b[", b"*?[a]", b"A.B  "):
        body = bytearray(raw)
        for at in range(0, len(body), 4096):
            body[at + 8 : at + 13] = code
        stream = read(tmp_path, bytes(body))
        (trace_id,) = {t.id for t in stream}
        ids.add(trace_id)
        assert trace_id.count(".") == 3
        station = trace_id.split(".")[1]
        assert set(station) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabtmp0123456789%-_")
        kept = station.encode().replace(b"%", b"")
        assert kept
        np.testing.assert_array_equal(np.concatenate([t.data for t in stream]), data)
    assert len(ids) == 6


def test_records_that_belie_the_name_of_the_file_are_told(tmp_path, mseed, data):
    mine = mseed(data, start="2010-09-01T00:10:00")
    other = mseed(data[:2000], start="2010-09-01T05:00:00", code="OTHER")
    late = mseed(data[:2000], start="2010-09-02T00:10:01")
    early = mseed(data[:2000], start="2010-08-31T23:50:01")  # within ten minutes: no word
    path = tmp_path / "YA.UV05.00.HHZ.D.2010.244"
    path.write_bytes(mine + other + late + early)
    stream = read_waveforms(path, trace_ids="YA.UV05.00.HHZ")
    assert {t.id for t in stream} == {"YA.UV05.00.HHZ"}
    found = reader_findings(stream).set_index("check")
    assert set(found.index) == {"stray_channel", "wrong_day"}
    assert found.loc["stray_channel", "trace_id"] == "YA.OTHER.00.HHZ"
    assert found.loc["stray_channel", "value"] == 2000
    assert found.loc["wrong_day", "value"] == 2000
    assert obspy.UTCDateTime(found.loc["wrong_day", "starttime"]) == obspy.UTCDateTime(
        "2010-09-02T00:10:01"
    )
    path.write_bytes(mine)
    assert not len(reader_findings(read_waveforms(path)))
    (tmp_path / "any-name.mseed").write_bytes(mine + other)
    assert not len(reader_findings(read_waveforms(tmp_path / "any-name.mseed")))


@pytest.mark.parametrize("usual", ["STEIM1", "STEIM2", "INT32", "FLOAT32"])
@pytest.mark.parametrize("forged", [1, 2, 3, 4, 5, 12, 13, 14, 16, 30, 32])
def test_a_lone_label_with_nothing_to_prove_it_is_not_believed(tmp_path, mseed, rng, usual, forged):
    if forged == {"INT32": 3, "FLOAT32": 4}.get(usual):
        return
    data = np.cumsum(rng.integers(-9000, 9000, 6000))
    data = data.astype(np.float32 if usual == "FLOAT32" else np.int32)
    raw = mseed(data, encoding=usual, reclen=512)
    for record in (0, 2, len(raw) // 512 - 1):
        stream = read(tmp_path, patch(raw, 512 * record + 52, bytes([forged])))
        check_against_truth(stream, data, lose_at_most=450)
        (check,) = set(reader_findings(stream).check)
        assert check in {"bad_encoding", "bad_count"}


def test_of_two_records_with_two_labels_neither_is_believed(tmp_path, mseed, rng):
    data = rng.integers(-9000, 9000, 200).astype(np.int32)
    raw = mseed(data, encoding="INT32", reclen=512)[:1024]
    with pytest.raises(ps.WaveformError, match="another encoding"):
        read(tmp_path, patch(raw, 512 + 52, bytes([1])))


def test_a_change_of_encoding_and_a_record_steim_cannot_hold_are_believed(tmp_path, mseed, rng):
    data = np.cumsum(rng.integers(-9000, 9000, 4000)).astype(np.int32)
    first, rest = data[:2000], data[2000:]
    steim = mseed(first, encoding="STEIM2", reclen=512)
    plain = mseed(rest, start=START + 20, encoding="INT32", reclen=512)
    check_against_truth(read(tmp_path, steim + plain), data, lose_at_most=0)
    lone = mseed(rest[:90], start=START + 20, encoding="INT32", reclen=512)
    after = mseed(rest[90:], start=START + 20.9, encoding="STEIM2", reclen=512)
    stream = read(tmp_path, steim + lone + after)
    check_against_truth(stream, data, lose_at_most=0)
    assert reader_findings(stream).empty


@pytest.mark.parametrize("rate", [1e-30, 1e-6, 1e30, float("nan"), float("inf")])
@pytest.mark.parametrize("alone", [True, False])
def test_a_rate_that_no_recorder_has_costs_the_record(tmp_path, rate, alone):
    """Its times would leave the range of nanoseconds."""
    data = np.arange(96)
    wrong = record(data, START + 10, factor=0, rate=rate)
    if alone:
        with pytest.raises(ps.WaveformError, match="impossible sampling rate"):
            read(tmp_path, wrong)
        return
    stream = read(tmp_path, record(data) + wrong)
    assert [t.stats.npts for t in stream] == [96]
    assert reader_findings(stream).check.tolist() == ["bad_rate"]
