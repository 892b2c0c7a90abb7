"""The index of an archive: equal to the files, read by obspy's client, whole after any death."""

import gzip
import hashlib
import io
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import obspy
import pandas as pd
import pytest
from obspy import UTCDateTime
from obspy.clients.filesystem.tsindex import Client

import paektuseis as ps
from paektuseis.io import Archive, ArchiveIndex, _index_scan as index_scan, index_archive
from paektuseis.io._index_scan import FileScan, scan_file
from paektuseis.io._index_tables import index_database, write_files
from paektuseis.io._spans import Span

# obspy's client asks with a query that sqlalchemy frowns upon
pytestmark = pytest.mark.filterwarnings("ignore:SELECT statement has a cartesian product")

T0 = UTCDateTime("2020-01-01T22:00:00")
RATE = 10.0
IDS = ("XX.A.00.HHZ", "XX.B..BHZ")


def trace(data, trace_id=IDS[0], start=T0, rate=RATE):
    network, station, location, channel = trace_id.split(".")
    header = {
        "network": network,
        "station": station,
        "location": location,
        "channel": channel,
        "sampling_rate": rate,
        "starttime": start,
    }
    return obspy.Trace(np.asarray(data, np.int32), header=header)


def sds_path(root, trace_id, time):
    n, s, loc, c = trace_id.split(".")
    path = root / f"{time.year}/{n}/{s}/{c}.D/{n}.{s}.{loc}.{c}.D.{time.year}.{time.julday:03d}"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def save(data, path, reclen=4096):
    data.write(str(path), format="MSEED", encoding="STEIM2", reclen=reclen)


def records_of(path, reclen=4096):
    raw = path.read_bytes()
    return [raw[i : i + reclen] for i in range(0, len(raw), reclen)]


@pytest.fixture
def walks(rng):
    """Four hours about midnight of each channel."""
    return {
        name: trace(np.cumsum(rng.integers(-99, 99, int(4 * 3600 * RATE))), name) for name in IDS
    }


@pytest.fixture
def root(tmp_path, walks):
    """SDS: a file into the next day, a gap, an overlap, records out of order, one written twice."""
    folder = tmp_path / "archive"
    midnight = UTCDateTime(2020, 1, 2)
    a, b = walks[IDS[0]], walks[IDS[1]]
    save(a.slice(endtime=midnight + 420), sds_path(folder, IDS[0], T0))
    path = sds_path(folder, IDS[0], midnight)
    parts = a.slice(starttime=midnight + 300)
    save(obspy.Stream([parts.slice(endtime=midnight + 3000), parts.slice(midnight + 3600)]), path)
    path = sds_path(folder, IDS[1], T0)
    save(b.slice(endtime=midnight - 0.1), path)
    blocks = records_of(path)
    third = len(blocks) // 3
    path.write_bytes(b"".join(blocks[third:] + blocks[:third]))
    path = sds_path(folder, IDS[1], midnight)
    save(b.slice(starttime=midnight), path)
    blocks = records_of(path)
    path.write_bytes(b"".join([*blocks[:9], blocks[8], *blocks[9:]]))
    return folder


def samples(stream, start, end):
    """Every distinct (instant to a microsecond, value) of a channel within a window, in order."""
    parts = [np.empty((0, 2), np.int64)]
    for tr in stream:
        steps = np.rint(np.arange(tr.stats.npts) * 1e9 / tr.stats.sampling_rate).astype(np.int64)
        ns = tr.stats.starttime.ns + steps
        part = np.stack([(ns + 500) // 1000, tr.data], axis=1)
        parts.append(part[(ns >= start.ns) & (ns <= end.ns)])
    assert len({tr.id for tr in stream}) <= 1
    return np.unique(np.concatenate(parts), axis=0)


# obspy's client -------------------------------------------------------------------------------


def windows(rng, count=4):
    yield T0, T0 + 4 * 3600
    yield T0 - 100, T0 + 7200.05
    for _ in range(count):
        a = rng.uniform(-100, 4 * 3600)
        yield T0 + float(a), T0 + float(a + 10 ** rng.uniform(0, 3.5))


def test_obspy_client_reads_what_obspy_reads(root, tmp_path, rng):
    index = index_archive(root, tmp_path / "i.sqlite").path
    about = ArchiveIndex(index)
    client = Client(str(index), datapath_replace=about.datapath_replace)
    everything = obspy.Stream()
    for path in Archive(root).files("*"):
        everything += obspy.read(str(path))
    for start, end in windows(rng):
        for name in IDS:
            got = client.get_waveforms(*name.split("."), start, end, merge=None)
            expected = samples(everything.select(id=name), start, end)
            np.testing.assert_array_equal(samples(got, start, end), expected)
    assert client.get_nslc() == [tuple(name.split(".")) for name in IDS]


def test_obspy_client_sees_the_same_availability(root, tmp_path):
    report = index_archive(root, tmp_path / "i.sqlite")
    client = Client(str(report.path))
    ours = ArchiveIndex(report.path).spans()
    for name in IDS:
        mine = ours[ours["trace_id"] == name]
        theirs = client.get_availability(*name.split("."), merge_overlap=True)
        assert [(t[4], t[5]) for t in theirs] == [
            (UTCDateTime(row.starttime), UTCDateTime(row.endtime)) for row in mine.itertuples()
        ]
        ((*codes, first, last),) = client.get_availability_extent(*name.split("."))
        assert codes == name.split(".")
        assert (first, last) == (theirs[0][4], theirs[-1][5])
    share, gaps = client.get_availability_percentage(*IDS[0].split("."), T0, T0 + 4 * 3600 - 0.1)
    assert gaps == 1
    assert share == pytest.approx(1 - 600 / 14400, abs=1e-4)


def test_columns_are_those_of_the_schema(root, tmp_path):
    """Columns that obspy's own model of the schema has, in its order, and their formats."""
    from obspy.clients.filesystem.db import _get_tsindex_summary_table, _get_tsindex_table

    index = index_archive(root, tmp_path / "i.sqlite").path
    with sqlite3.connect(index) as db:
        for table in (_get_tsindex_table(), _get_tsindex_summary_table()):
            found = [row[1] for row in db.execute(f"PRAGMA table_info({table.__tablename__})")]
            assert found == [c.name for c in table.__table__.columns]
        db.row_factory = sqlite3.Row
        name = f"2020/XX/A/HHZ.D/{IDS[0]}.D.2020.002"
        (row,) = db.execute("SELECT * FROM tsindex WHERE filename = ?", (name,)).fetchall()
    db.close()
    path = root / name
    assert (row["starttime"], row["endtime"]) == (
        "2020-01-02T00:05:00.000000",
        "2020-01-02T01:59:59.900000",
    )
    assert (row["byteoffset"], row["bytes"]) == (0, path.stat().st_size)
    assert (row["quality"], row["samplerate"]) == ("D", RATE)
    start = UTCDateTime(2020, 1, 2, 0, 5).timestamp
    assert row["timespans"] == (
        f"[{start:.6f}:{start + 2700:.6f}],[{start + 3300:.6f}:{start + 6899.9:.6f}]"
    )
    assert row["filemodtime"] == time.strftime(
        "%Y-%m-%dT%H:%M:%S", time.gmtime(path.stat().st_mtime)
    )


def test_time_index_names_the_first_record_of_each_hour(root):
    """Held against the records as obspy reads their headers one by one."""
    path = sds_path(root, IDS[0], T0)
    (section,) = scan_file(path).sections
    starts = [
        obspy.read(io.BytesIO(block), headonly=True)[0].stats.starttime
        for block in records_of(path)
    ]
    expected = [(starts[0], 0)]
    for i, start in enumerate(starts):
        if start >= expected[-1][0] + 3600:
            expected.append((start, i * 4096))
    words = [f"{t.timestamp:.6f}=>{offset}" for t, offset in expected]
    assert section.timeindex == ",".join([*words, "latest=>1"])
    assert len(words) == 3


def test_sections_hold_one_channel_each(tmp_path, walks):
    """Interleaved channels, junk between records, another rate: cut there and nowhere else."""
    blocks = {}
    for name, tr in walks.items():
        save(tr.slice(endtime=T0 + 300), tmp_path / "x", 512)
        blocks[name] = records_of(tmp_path / "x", 512)
    save(trace(np.arange(2000) % 97, start=T0 + 400, rate=50.0), tmp_path / "x", 512)
    faster = records_of(tmp_path / "x", 512)
    a, b = (blocks[name] for name in IDS)
    assert len(a) > 6
    pieces = [a[:3], b[:2], a[3:5], [b"\xff" * 512], a[5:], faster]
    (tmp_path / "x").unlink()
    path = tmp_path / "mixed.mseed"
    path.write_bytes(b"".join(b"".join(piece) for piece in pieces))
    scan = scan_file(path)
    sizes = [512 * len(piece) for piece in pieces]
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    channels = [IDS[0], IDS[1], IDS[0], None, IDS[0], IDS[0]]
    assert [(s.offset, s.size, ".".join(s.codes)) for s in scan.sections] == [
        (o, n, c) for o, n, c in zip(offsets, sizes, channels, strict=True) if c
    ]
    assert [s.rate for s in scan.sections] == [10, 10, 10, 10, 50]
    assert scan.state == "damaged"
    assert "no record" in scan.reason
    index = index_archive(Archive(tmp_path, layout="flat"), tmp_path / ".i.sqlite").path
    client = Client(str(index), datapath_replace=ArchiveIndex(index).datapath_replace)
    got = client.get_waveforms(*IDS[0].split("."), T0 - 10, T0 + 500, merge=None)
    expected = samples(obspy.Stream([walks[IDS[0]].slice(endtime=T0 + 300)]), T0, T0 + 300)
    np.testing.assert_array_equal(samples(got, T0, T0 + 300), expected)
    assert len(samples(got.select(sampling_rate=50), T0, T0 + 500))


# equal to the archive -------------------------------------------------------------------------


def assert_same(plain, indexed, ids=None, *times):
    pd.testing.assert_frame_equal(
        plain.availability(ids, *times), indexed.availability(ids, *times)
    )
    pd.testing.assert_frame_equal(plain.gaps(ids, *times), indexed.gaps(ids, *times))
    assert plain.trace_ids(ids or "*") == indexed.trace_ids(ids or "*")


def mixed_folder(folder, walks):
    """Flat: miniSEED, SAC, gzip, an empty file, text, half a record."""
    folder.mkdir()
    a, b = walks.values()
    save(a.slice(endtime=T0 + 3000), folder / "one.ms")
    b.slice(endtime=T0 + 1000).write(str(folder / "two.sac"), format="SAC")
    save(b.slice(starttime=T0 + 1000.1, endtime=T0 + 2000), folder / "three.ms")
    (folder / "three.ms.gz").write_bytes(gzip.compress((folder / "three.ms").read_bytes()))
    (folder / "three.ms").unlink()
    (folder / "empty.ms").touch()
    (folder / "notes.txt").write_text("nothing to read\n" * 9)
    save(a.slice(starttime=T0 + 4000), folder / "cut.ms")
    whole = (folder / "cut.ms").read_bytes()
    (folder / "cut.ms").write_bytes(whole[:-300])
    return folder


@pytest.mark.parametrize("kind", ["sds", "flat"])
def test_answers_equal_those_of_the_files(kind, root, tmp_path, walks, rng):
    folder = root if kind == "sds" else mixed_folder(tmp_path / "mixed", walks)
    index = index_archive(folder, tmp_path / "i.sqlite").path
    plain, indexed, alone = Archive(folder), Archive(folder, index=index), ArchiveIndex(index)
    assert indexed.layout == plain.layout == kind
    assert_same(plain, indexed)
    assert plain.span() == indexed.span()
    assert plain.days() == indexed.days() == alone.days()
    assert plain.trace_ids() == alone.trace_ids() == list(IDS)
    for start, end in windows(rng):
        for ids in (None, IDS[1], "*.A.*", "NO.SU..CH"):
            assert_same(plain, indexed, ids, start, end)
            pd.testing.assert_frame_equal(
                plain.availability(ids, start, end), alone.spans(ids, start, end)
            )
            names = [row["path"] for row in alone.files(ids, start, end)]
            assert set(names) <= {str(p) for p in plain._paths(ids, start, end)}
            assert set(names) == {row["path"] for row in indexed.input_files(ids, start, end)} - (
                {str(folder / "cut.ms")} if str(folder / "cut.ms") not in names else set()
            )
        got = indexed.read(IDS[0], start, end)
        assert [(t.id, t.stats.starttime.ns, t.stats.npts) for t in got] == [
            (t.id, t.stats.starttime.ns, t.stats.npts) for t in plain.read(IDS[0], start, end)
        ]


def test_no_file_is_opened(root, tmp_path, monkeypatch):
    index = index_archive(root, tmp_path / "i.sqlite").path
    indexed = Archive(root, index=index)

    def refuse(*args, **options):
        raise AssertionError("opened")

    monkeypatch.setattr("paektuseis.io.archive.read_file", refuse)
    monkeypatch.setattr("paektuseis.io.archive.scan_file", refuse)
    assert len(indexed.availability()) == 3
    assert indexed.days()
    assert indexed.span()[0] == T0
    assert len(indexed.input_files(IDS[0], T0, T0 + 10)) == 1
    with pytest.raises(AssertionError, match="opened"):
        Archive(root).availability()


def test_neighbours_without_samples_are_left_out(root, tmp_path):
    index = index_archive(root, tmp_path / "i.sqlite").path
    start = UTCDateTime(2020, 1, 2, 0, 10)
    assert len(Archive(root).files(IDS[0], start, start + 60)) == 2
    only = Archive(root, index=index).files(IDS[0], start, start + 60)
    assert only == [sds_path(root, IDS[0], start)]
    # the end of the first day's file, 00:07, is still within this window
    assert len(Archive(root, index=index).files(IDS[0], start - 180, start)) == 2


@pytest.mark.parametrize("layout", ["sds", "flat"])
def test_changed_files_are_looked_at(layout, root, tmp_path, walks):
    index = index_archive(Archive(root, layout=layout), tmp_path / "i.sqlite").path
    path = sds_path(root, IDS[0], UTCDateTime(2020, 1, 2))
    save(walks[IDS[0]].slice(UTCDateTime(2020, 1, 2, 1, 30)), path)
    plain, indexed = Archive(root, layout=layout), Archive(root, index=index)
    assert ArchiveIndex(index).check() == {str(path): "changed"}
    assert_same(plain, indexed)
    start = UTCDateTime(2020, 1, 2, 1, 40)
    assert plain.files(IDS[0], start, start + 1)[-1] in indexed.files(IDS[0], start, start + 1)
    rows = {r["path"]: r["digest"] for r in indexed.input_files(IDS[0])}
    assert rows[str(path)] == hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()
    indexed.refresh()
    assert ArchiveIndex(index).check() == {str(path): "gone"}
    assert indexed.availability().equals(Archive(root, layout=layout).availability())


def test_name_that_promises_another_channel(root, tmp_path, walks):
    """A stray stretch counts where its file is asked for too, as without an index."""
    path = sds_path(root, "XX.C.00.HHZ", T0)
    save(obspy.Stream([walks[IDS[0]].slice(endtime=T0 + 60)]), path)
    index = index_archive(root, tmp_path / "i.sqlite").path
    plain, indexed, alone = Archive(root), Archive(root, index=index), ArchiveIndex(index)
    for ids in (None, IDS[0], "XX.C.00.HHZ", [IDS[0], "XX.C.00.HHZ"]):
        pd.testing.assert_frame_equal(plain.availability(ids), indexed.availability(ids))
        pd.testing.assert_frame_equal(plain.availability(ids), alone.spans(ids))
    assert alone.trace_ids() == list(IDS)


def test_layouts_must_agree(root, tmp_path):
    index = index_archive(Archive(root, layout="flat"), tmp_path / "i.sqlite").path
    assert Archive(root, index=index).layout == "flat"
    with pytest.raises(ps.ParameterError, match="layout 'flat'"):
        Archive(root, layout="sds", index=index)


def test_real_records(real_data, tmp_path):
    folder = real_data / "bad_input" / "obspy_mseed"
    report = index_archive(folder, tmp_path / "i.sqlite", workers=2)
    plain = Archive(folder)
    pd.testing.assert_frame_equal(plain.availability(), ArchiveIndex(report.path).spans())
    for kind, found in (("broken", report.unreadable), ("foreign", report.foreign)):
        assert dict(found) == {p: f.reason for p, f in plain.faults().items() if f.kind == kind}
    assert len(report.unreadable) + len(report.foreign) >= 5
    assert len(report.damaged) >= 1


# what is written -------------------------------------------------------------------------------


def test_only_what_changed_is_read(root, tmp_path, walks):
    path = tmp_path / "i.sqlite"
    first = index_archive(root, path)
    assert (first.files, first.scanned, first.unchanged, first.gone) == (4, 4, 0, 0)
    second = index_archive(root, path)
    assert (second.files, second.scanned, second.unchanged, second.gone) == (4, 0, 4, 0)
    touched = sds_path(root, IDS[0], T0)
    os.utime(touched, ns=(1, touched.stat().st_mtime_ns + 1))
    sds_path(root, IDS[1], T0).unlink()
    save(walks[IDS[1]].slice(T0 + 10, T0 + 20), sds_path(root, IDS[1], T0 - 9 * 86400))
    told = []
    third = index_archive(root, path, progress=lambda *args: told.append(args))
    assert (third.files, third.scanned, third.unchanged, third.gone) == (4, 2, 2, 1)
    assert told == [("files", 0, 2), ("files", 1, 2), ("files", 2, 2)]
    assert contents(path) == contents(index_archive(root, tmp_path / "fresh.sqlite").path)
    assert index_archive(root, path, full=True, workers=3).scanned == 4
    assert contents(path) == contents(tmp_path / "fresh.sqlite")


def contents(path):
    """All that an index says, but for row numbers and the times of writing."""
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        out = [
            sorted(db.execute(query).fetchall(), key=repr)
            for query in (
                "SELECT network, station, location, channel, quality, version, starttime, "
                "endtime, samplerate, filename, byteoffset, bytes, hash, timeindex, timespans, "
                "timerates, format, filemodtime FROM tsindex",
                "SELECT network, station, location, channel, earliest, latest FROM tsindex_summary",
                "SELECT path, size, mtime_ns, digest, format, state, reason, named, day "
                "FROM paektuseis_files",
                "SELECT f.path, s.trace_id, s.starttime, s.endtime, s.level, s.samplerate, s.npts "
                "FROM paektuseis_spans s LEFT JOIN paektuseis_files f ON f.id = s.file",
            )
        ]
    db.close()
    return out


def test_a_damaged_row_is_found_and_its_file_read_again(root, tmp_path):
    """SQLite keeps no checksum of its pages: each row has a seal of its own."""
    path = index_archive(root, tmp_path / "i.sqlite").path
    whole = contents(path)
    for damage in (
        "UPDATE paektuseis_spans SET endtime = endtime - 1 WHERE rowid = {span}",
        "UPDATE paektuseis_files SET day = day + 1 WHERE id = {file}",
        "UPDATE paektuseis_spans SET npts = npts + 1 WHERE rowid = {span}",
        "DELETE FROM paektuseis_spans WHERE rowid = {span}",
    ):
        with sqlite3.connect(path) as db:
            (span,) = db.execute("SELECT max(rowid) FROM paektuseis_spans").fetchone()
            (number,) = db.execute("SELECT min(id) FROM paektuseis_files").fetchone()
            assert db.execute(damage.format(span=span, file=number)).rowcount == 1
        db.close()
        assert index_archive(root, path).scanned == 1
        assert contents(path) == whole


def test_a_file_written_to_while_it_is_indexed_is_told(root, monkeypatch):
    path = sds_path(root, IDS[0], T0)
    real = index_scan.read_bytes

    def slow(name, **options):
        raw = real(name, **options)
        os.utime(name, ns=(1, os.stat(name).st_mtime_ns + 1))
        return raw

    monkeypatch.setattr(index_scan, "read_bytes", slow)
    scan = scan_file(path)
    assert scan.state == "unreadable"
    assert "changed while it was read" in scan.reason
    monkeypatch.undo()
    assert scan_file(path).state == "ok"


def test_digest_is_that_of_the_file(root, tmp_path, walks):
    folder = mixed_folder(tmp_path / "mixed", walks)
    with open(folder / "one.ms", "ab") as file:  # an unwritten tail, as some recorders leave
        file.truncate(file.tell() + (5 << 20))
    index = index_archive(folder, tmp_path / "i.sqlite").path
    rows = ArchiveIndex(index).files()
    assert {row["name"] for row in rows} == {"one.ms", "two.sac", "three.ms.gz", "cut.ms"}
    for row in rows:
        raw = Path(row["path"]).read_bytes()
        assert row["digest"] == hashlib.sha256(raw).hexdigest()
        assert row["size"] == len(raw)
        assert row["mtime_ns"] == Path(row["path"]).stat().st_mtime_ns


def test_files_that_cannot_be_used(root, tmp_path, walks):
    folder = mixed_folder(tmp_path / "mixed", walks)
    report = index_archive(folder, tmp_path / "i.sqlite")
    assert report.files == 6
    assert set(report.unreadable) == {str(folder / "empty.ms")}
    assert set(report.foreign) == {str(folder / "notes.txt")}
    assert "empty" in report.unreadable[str(folder / "empty.ms")]
    assert list(report.damaged) == [str(folder / "cut.ms")]
    with sqlite3.connect(report.path) as db:
        names = {row[0] for row in db.execute("SELECT filename FROM tsindex")}
    db.close()
    assert names == {"one.ms", "cut.ms"}  # no byte ranges of packed or other files
    # where the name tells the day, a file that cannot be read belongs to that day
    lost = sds_path(root, IDS[0], UTCDateTime(2020, 1, 3))
    lost.write_bytes(b"\0" * 100)
    index = ArchiveIndex(index_archive(root, tmp_path / "j.sqlite").path)
    day = UTCDateTime(2020, 1, 3)
    (row,) = index.files(IDS[0], day + 1, day + 2)
    assert (row["path"], row["state"]) == (str(lost), "unreadable")
    assert index.files(IDS[1], day + 1, day + 2) == []
    assert index.files(IDS[0], day + 86400, day + 2 * 86400) == []
    assert day not in index.days()


def test_archive_that_has_moved(root, tmp_path):
    index = index_archive(root, tmp_path / "i.sqlite").path
    before = ArchiveIndex(index).files()
    moved = tmp_path / "elsewhere"
    shutil.move(root, moved)
    here = ArchiveIndex(index, root=moved)
    assert here.check() == {}
    assert [r["name"] for r in here.files()] == [r["name"] for r in before]
    assert len(Archive(moved, index=index).read(IDS[0], T0, T0 + 10)) == 1
    client = Client(str(index), datapath_replace=here.datapath_replace)
    assert len(client.get_waveforms(*IDS[0].split("."), T0, T0 + 10)) == 1
    assert index_archive(moved, index).scanned == 0
    assert ArchiveIndex(index).root == moved.resolve()


def test_empty_folder_is_a_disk_that_is_not_mounted(root, tmp_path):
    index = index_archive(root, tmp_path / "i.sqlite").path
    shutil.rmtree(root)
    root.mkdir()
    with pytest.raises(ps.ArchiveError, match="mount the disk"):
        index_archive(Archive(root, layout="sds"), index)
    assert len(ArchiveIndex(index).days()) == 2
    assert index_archive(Archive(root, layout="sds"), index, full=True).gone == 4
    assert ArchiveIndex(index).days() == []


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux's")
def test_name_that_is_no_text(tmp_path, walks):
    folder = tmp_path / "odd"
    folder.mkdir()
    path = folder / os.fsdecode(b"caf\xe9 'a' \\ %.ms")
    save(walks[IDS[0]].slice(endtime=T0 + 60), path)
    index = index_archive(folder, tmp_path / "i.sqlite").path
    (row,) = ArchiveIndex(index).files()
    assert row["path"] == str(path)
    assert Archive(folder, index=index).files(IDS[0], T0, T0 + 1) == [path]
    assert index_archive(folder, index).unchanged == 1


def test_window_of_any_spans(tmp_path, rng):
    """Spans from a sample to years, held against every one of them."""
    database = index_database(tmp_path / "i.sqlite")
    starts = rng.integers(0, 10**18, 300)
    lengths = np.rint(10.0 ** rng.uniform(0, 9, 300)).astype(int)
    spans = [
        Span(f"XX.S{i % 7}..HHZ", int(s), 10.0, int(n))
        for i, (s, n) in enumerate(zip(starts, lengths, strict=True))
    ]
    scans = [
        (f"{i:03d}", FileScan(size=1, mtime_ns=1, spans=(span,)), "", None)
        for i, span in enumerate(spans)
    ]
    with database.writing() as db:
        write_files(db, scans, UTCDateTime())
    index = ArchiveIndex(tmp_path / "i.sqlite", root=tmp_path)
    for _ in range(60):
        edge = spans[rng.integers(300)]
        low = int(rng.choice([edge.start, edge.end, rng.integers(0, 10**18)])) + int(
            rng.integers(-1, 2)
        )
        high = low + int(10.0 ** rng.uniform(0, 17))
        expected = [
            f"{i:03d}"
            for i, s in enumerate(spans)
            if s.end >= low and s.start <= high and s.trace_id != "XX.S3..HHZ"
        ]
        found = index.files("XX.S[!3]..HHZ", UTCDateTime(ns=low), UTCDateTime(ns=high))
        assert [row["name"] for row in found] == expected


# races and deaths ------------------------------------------------------------------------------

WRITER = """
import sys
import paektuseis.io._index_scan
from paektuseis.io import index_archive, indexing
indexing._BATCH = 10
print("ready", flush=True)
sys.stdin.readline()
print("scanned", index_archive(sys.argv[1], sys.argv[2], full=len(sys.argv) > 3).scanned)
"""


def writer(root, index, *more):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), str(index), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def many(tmp_path, rng):
    """Forty small files."""
    folder = tmp_path / "many"
    for i in range(40):
        start = T0 + i * 86400
        save(trace(rng.integers(-99, 99, 3000), start=start), sds_path(folder, IDS[0], start))
    return folder


def test_two_writers_at_once(many, tmp_path):
    index = tmp_path / "i.sqlite"
    both = [writer(many, index, "full"), writer(many, index, "full")]
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60)[0] for process in both] == ["scanned 40\n"] * 2
    assert contents(index) == contents(index_archive(many, tmp_path / "j.sqlite").path)


def test_killed_writers_leave_a_valid_index(many, tmp_path, rng):
    """Each file is known as it was before or as it is, wholly; the next run completes it."""
    index = tmp_path / "i.sqlite"
    index_archive(many, index)
    older = contents(index)
    for path in Archive(many).files("*"):
        data = obspy.read(str(path))[0]
        save(trace(data.data[:2000], start=data.stats.starttime), path)
    newer = contents(index_archive(many, tmp_path / "j.sqlite").path)
    for moment in (0.04, 0.1):
        process = writer(many, index)
        process.stdin.write("go\n")
        process.stdin.flush()
        time.sleep(moment)
        process.kill()
        process.communicate()
        for now, before, after in zip(contents(index), older, newer, strict=True):
            assert set(map(repr, now)) <= set(map(repr, before)) | set(map(repr, after)) or (
                len(now) == 1  # the summary: from the first to the last of either
            )
        assert len(ArchiveIndex(index).days()) == 40
    index_archive(many, index)
    assert contents(index) == newer


# errors ---------------------------------------------------------------------------------------


def test_files_that_are_no_index(root, tmp_path):
    with pytest.raises(ps.ArchiveError, match="index_archive"):
        ArchiveIndex(tmp_path / "missing.sqlite")
    text = tmp_path / "text.sqlite"
    text.write_text("no database at all, but long enough for one" * 99)
    with pytest.raises(ps.ArchiveError, match="index the archive anew"):
        ArchiveIndex(text)
    with pytest.raises(ps.ArchiveError, match="index the archive anew"):
        index_archive(root, text)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (a)")
    db.close()
    with pytest.raises(ps.ArchiveError, match="no such table"):
        ArchiveIndex(other)
    before = other.read_bytes()
    with pytest.raises(ps.ArchiveError, match="of another program"):
        index_archive(root, other)
    assert other.read_bytes() == before
    with pytest.raises(ps.ParameterError, match="workers"):
        index_archive(root, tmp_path / "i.sqlite", workers=0)


@pytest.mark.parametrize("layout", ["sds", "flat"])
def test_index_within_the_archive(layout, root):
    """An index that lies in the archive it is of is no file of the archive."""
    for _ in range(2):
        report = index_archive(Archive(root, layout=layout), root / "index.sqlite")
        assert (report.files, dict(report.unreadable)) == (4, {})


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_index_can_be_read_from_a_medium_that_cannot_be_written(root, tmp_path):
    with tempfile.TemporaryDirectory() as name:
        index = index_archive(root, Path(name) / "i.sqlite").path
        index.chmod(0o444)
        Path(name).chmod(0o555)
        user = os.geteuid()
        try:
            if user == 0:  # whom permissions do not hold back
                os.seteuid(65534)
            with pytest.raises(PermissionError):
                (Path(name) / "another").touch()
            assert len(ArchiveIndex(index).days()) == 2
            assert len(ArchiveIndex(index).files()) == 4
            with (
                pytest.raises(ps.OutputError, match="readonly"),
                index_database(index).writing() as db,
            ):
                db.execute("DELETE FROM paektuseis_files")
        finally:
            os.seteuid(user)
            Path(name).chmod(0o755)
