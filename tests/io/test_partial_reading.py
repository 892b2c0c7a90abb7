"""Parts of day files: the same samples as from whole files, with far fewer bytes read."""

import io
import itertools
import os
import tracemalloc

import numpy as np
import obspy
import pytest

import paektuseis as ps
from paektuseis.io import Archive, _sources, read_waveforms, reader_findings
from paektuseis.io._regular import FileMemory, records_of_span

ID = "XX.A.00.HHZ"
RATE = 20.0
DAY = obspy.UTCDateTime("2020-01-02")
BEGIN = DAY - 86400
COUNT = round(3 * 86400 * RATE)
RECORD = 512


def records_of(data, start, *, rate=RATE, length=RECORD, channel="HHZ", order=">"):
    """A trace as records, one row of bytes each, and the first sample of each record."""
    header = {"network": "XX", "station": "A", "location": "00", "channel": channel}
    trace = obspy.Trace(data, {**header, "sampling_rate": rate, "starttime": start})
    buffer = io.BytesIO()
    trace.write(buffer, format="MSEED", encoding="STEIM2", reclen=length, byteorder=order)
    raw = np.frombuffer(buffer.getvalue(), np.uint8).reshape(-1, length)
    counts = raw[:, 30:32].copy().view(">u2" if order == ">" else "<u2").astype(int).ravel()
    return raw, np.concatenate(([0], np.cumsum(counts)[:-1]))


def day_file(root, day):
    path = root / "2020" / "XX" / "A" / "HHZ.D" / f"{ID}.D.2020.{day:03d}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="module")
def record():
    """Three days of one channel at 20 Hz."""
    rng = np.random.default_rng(11)
    size = np.exp(rng.normal(0, 1.0, COUNT // 4000 + 1)).repeat(4000)[:COUNT]
    return np.rint(rng.normal(size=COUNT) * 60 * size).astype(np.int32)


def save_days(root, record, cuts):
    """Records into day files by the sample they begin with; ``cuts`` end the first files."""
    raw, first = records_of(record, BEGIN)
    edges = [0, *cuts, COUNT]
    for i in range(len(edges) - 1):
        mine = raw[(first >= edges[i]) & (first < edges[i + 1])]
        day_file(root, i + 1).write_bytes(mine.tobytes())
    return root


@pytest.fixture(scope="module")
def straddling(record, tmp_path_factory):
    """Each record stands in the file of the day in which it begins."""
    day = round(86400 * RATE)
    return save_days(tmp_path_factory.mktemp("sds"), record, (day, 2 * day))


def expect(record, start, end):
    first = int(np.ceil(round((start - BEGIN) * RATE, 6)))
    last = int(np.floor(round((end - BEGIN) * RATE, 6)))
    return record[max(first, 0) : last + 1]


class Meter:
    """Counts the bytes that are read from files."""

    def __init__(self, monkeypatch):
        self.count = 0
        original = _sources._read_at

        def read_at(*args):
            count = original(*args)
            self.count += count
            return count

        monkeypatch.setattr(_sources, "_read_at", read_at)


@pytest.mark.parametrize("seed", range(3))
def test_any_window_holds_the_samples_that_were_written(straddling, record, seed):
    rng = np.random.default_rng(seed)
    archive = Archive(straddling)
    for _ in range(40):
        start = BEGIN + float(rng.uniform(0, 3 * 86400 - 1))
        end = start + float(10 ** rng.uniform(-2, 5))
        (trace,) = archive.read(ID, start, end) or [obspy.Trace(np.zeros(0, np.int32))]
        want = expect(record, start, end)
        np.testing.assert_array_equal(trace.data, want)
        if len(want):
            assert trace.data.dtype == np.int32
            assert 0 <= trace.stats.starttime - start < 1 / RATE


def test_midnight_and_both_ends_of_the_record(straddling, record):
    for start, end in [
        (DAY, DAY + 86400 - 1 / RATE),
        (DAY - 4620, DAY + 88200),
        (DAY - 1, DAY + 1),
        (DAY, DAY),
        (BEGIN - 100, BEGIN + 5),
        (BEGIN + 3 * 86400 - 5, BEGIN + 4 * 86400),
    ]:
        (trace,) = Archive(straddling).read(ID, start, end)
        np.testing.assert_array_equal(trace.data, expect(record, start, end))
    assert len(Archive(straddling).read(ID, BEGIN - 100, BEGIN - 1)) == 0


def test_few_bytes_are_read_for_a_minute_and_for_the_tail_of_a_neighbour(
    straddling, record, monkeypatch
):
    sizes = [day_file(straddling, day).stat().st_size for day in (1, 2, 3)]
    meter = Meter(monkeypatch)
    archive = Archive(straddling)
    (trace,) = archive.read(ID, DAY + 40000, DAY + 40060)
    np.testing.assert_array_equal(trace.data, expect(record, DAY + 40000, DAY + 40060))
    assert meter.count < 50 * RECORD < sizes[1] / 40
    meter.count = 0
    archive.read(ID, DAY + 50000, DAY + 50060)  # what is known of the files spares more
    assert meter.count < 45 * RECORD
    meter.count = 0
    archive.read(ID, DAY - 4620, DAY + 88200)
    assert sizes[1] < meter.count < sizes[1] + sum(sizes) / 8


@pytest.mark.parametrize("minutes", [7, -7])
def test_a_day_split_elsewhere_than_at_midnight_loses_nothing(tmp_path, record, minutes):
    day = round(86400 * RATE)
    shift = round(minutes * 60 * RATE)
    archive = Archive(save_days(tmp_path, record, (day + shift, 2 * day + shift)))
    for start, end in [
        (DAY, DAY + 86400),
        (DAY - 4620, DAY + 88200),
        (DAY + 60, DAY + 120),
        (DAY - 120, DAY - 60),
        (DAY + 60 * minutes - 30, DAY + 60 * minutes + 30),
    ]:
        (trace,) = Archive(tmp_path).read(ID, start, end)
        np.testing.assert_array_equal(trace.data, expect(record, start, end))
        (again,) = archive.read(ID, start, end)  # knows the files from the reads before
        np.testing.assert_array_equal(again.data, trace.data)


def whole(root):
    """The record from whole files."""
    files = sorted(day_file(root, 1).parent.iterdir())
    return ps.join_segments(read_waveforms(files, on_error="report"))[0]


def shuffled(raw, rng):
    """An hour of records appended hours later, as recorders do after an outage."""
    late = raw[900:1000]
    return np.concatenate([raw[:900], raw[1000:1400], late, raw[1400:]])


def reversed_file(raw, rng):
    return raw[::-1]


def damaged(raw, rng):
    raw = raw.copy()
    raw[::197, 20:30] = 255
    return raw


def cut(raw, rng):
    return raw.ravel()[: raw.size - 100]


def bad_samples(raw, rng):
    raw = raw.copy()
    raw[::150, 215] ^= 1  # the last difference of a word
    return raw


def other_channel(raw, rng):
    raw = raw.copy()
    raw[500:700, 15:18] = np.frombuffer(b"HHN", np.uint8)
    return raw


def other_length(raw, rng):
    more, _ = records_of(rng.integers(-9, 9, 3000).astype(np.int32), DAY + 4 * 86400, length=1024)
    return np.concatenate([raw.ravel(), more.ravel()])


def twice(raw, rng):
    return np.concatenate([raw[:800], raw[700:800], raw[800:]])


def leading_junk(raw, rng):
    return np.concatenate([rng.integers(0, 255, RECORD).astype(np.uint8), raw.ravel()])


@pytest.mark.parametrize(
    "spoil",
    [shuffled, reversed_file, damaged, cut, bad_samples, other_channel, other_length, twice,
     leading_junk],
)  # fmt: skip
def test_irregular_files_are_read_as_if_whole(straddling, tmp_path, rng, spoil):
    for day in (1, 2, 3):
        raw = np.fromfile(day_file(straddling, day), np.uint8).reshape(-1, RECORD)
        day_file(tmp_path, day).write_bytes(spoil(raw, rng).tobytes())
    archive, everything = Archive(tmp_path), whole(tmp_path)
    raw = np.fromfile(day_file(straddling, 2), np.uint8).reshape(-1, RECORD)
    starts = [int(r[24]) * 3600 + int(r[25]) * 60 + int(r[26]) for r in raw[[650, 950, 1402]]]
    for second, length in itertools.product((0, 30000, 86300, *starts), (0.5, 4000)):
        start = DAY + second + 0.013
        end = start + length
        want = everything.slice(start, end, nearest_sample=False)
        for known in (archive, Archive(tmp_path)):  # with and without what earlier reads told
            got = known.read("*", start, end)
            assert [t.id for t in got] == [t.id for t in want]
            for a, b in zip(got, want, strict=True):
                assert a.stats.starttime == b.stats.starttime
                np.testing.assert_array_equal(a.data, b.data)


def test_a_failed_record_of_a_part_is_told_with_its_place_in_the_file(straddling, tmp_path):
    raw = np.fromfile(day_file(straddling, 2), np.uint8).reshape(-1, RECORD).copy()
    raw[600, 215] ^= 1
    day_file(tmp_path, 2).write_bytes(raw.tobytes())
    at = raw[600]
    start = DAY + int(at[24]) * 3600 + int(at[25]) * 60 + int(at[26])
    stream = Archive(tmp_path).read(ID, start - 100, start + 100)
    (row,) = reader_findings(stream).query("check == 'bad_checksum'").itertuples()
    assert f"byte {600 * RECORD} " in row.message
    assert len(stream) == 2
    (full,) = (
        reader_findings(read_waveforms(day_file(tmp_path, 2)))
        .query("check == 'bad_checksum'")
        .itertuples()
    )
    assert full.message == row.message


def test_changes_of_a_file_are_seen(straddling, tmp_path, record):
    content = day_file(straddling, 2).read_bytes()
    half = len(content) // RECORD // 2 * RECORD
    path = day_file(tmp_path, 2)
    path.write_bytes(content[:half])
    archive = Archive(tmp_path)
    late = DAY + 80000
    assert len(archive.read(ID, DAY + 100, DAY + 160)) == 1
    assert len(archive.read(ID, late, late + 60)) == 0
    path.write_bytes(content)
    (trace,) = archive.read(ID, late, late + 60)
    np.testing.assert_array_equal(trace.data, expect(record, late, late + 60))
    os.unlink(path)
    assert len(archive.read(ID, late, late + 60)) == 0


def test_part_of_a_file_changed_meanwhile_is_refused(straddling, monkeypatch):
    original = os.fstat
    calls = []

    def fstat(fd):
        info = original(fd)
        calls.append(fd)
        if len(calls) % 2 == 0:  # the look after reading
            return os.stat_result((*info[:6], info.st_size + 1, *info[7:10]))
        return info

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(ps.WaveformError, match="changed"):
        Archive(straddling).read(ID, DAY + 40000, DAY + 40060, on_error="raise")


def test_only_regular_files_are_read_in_part(straddling, tmp_path):
    low, high = int((DAY + 40000).ns), int((DAY + 40060).ns)
    period = (int(DAY.ns), int((DAY + 86400).ns))
    with _sources.open_regular(day_file(straddling, 2)) as file:
        records = records_of_span(file, low, high, FileMemory(period))
        assert records is not None
        assert 0 < len(records.rows) < 60
        # without the promise of a name, or with other promises, nothing is taken for granted
        assert records_of_span(file, low, high, FileMemory()) is None
        memory = FileMemory(None, file.stamp, regular=True)
        assert records_of_span(file, low, high, memory) is not None
        memory = FileMemory(period, file.stamp, regular=False)
        assert records_of_span(file, low, high, memory) is None
        # a day that the file does not hold although its name says so
        other = (period[0] - 86400 * 10**9, period[0])
        found = records_of_span(file, other[0] + 10**12, other[0] + 2 * 10**12, FileMemory(other))
        assert found is None


def test_a_day_is_decoded_without_a_second_copy(straddling, record):
    archive = Archive(straddling)
    archive.read(ID, DAY, DAY + 60)  # compiled
    tracemalloc.start()
    stream = archive.read(ID, DAY - 4620, DAY + 88200)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    (trace,) = stream
    np.testing.assert_array_equal(trace.data, expect(record, DAY - 4620, DAY + 88200))
    file_bytes = day_file(straddling, 2).stat().st_size
    table = file_bytes // RECORD * 16 * 8
    assert peak < trace.data.nbytes + 1.2 * file_bytes + 2 * table


def test_joined_pieces_do_not_share_samples_with_each_other(straddling):
    stream = Archive(straddling).read(ID, DAY - 100, DAY + 100)
    (one,) = stream
    other = one.copy()
    one.data[:] = 0
    assert other.data.any()
    (again,) = Archive(straddling).read(ID, DAY - 100, DAY + 100)
    np.testing.assert_array_equal(again.data, other.data)


def test_kinds_of_faults(straddling, tmp_path):
    (tmp_path / "good").write_bytes(day_file(straddling, 2).read_bytes())
    (tmp_path / "note.txt").write_text("battery changed\n" * 20)
    (tmp_path / "photo").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2000))
    (tmp_path / "packed").write_bytes(b"PK\x03\x04" + bytes(2000))
    (tmp_path / "empty").touch()
    archive = Archive(tmp_path)
    assert archive.layout == "flat"
    assert len(archive.availability()) == 1
    faults = {os.path.basename(path): fault for path, fault in archive.faults().items()}
    assert {name: fault.kind for name, fault in faults.items()} == {
        "note.txt": "foreign",
        "photo": "foreign",
        "packed": "broken",
        "empty": "broken",
    }
    assert "empty" in faults["empty"].reason
