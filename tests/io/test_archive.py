"""Archives: imperfect day files, gaps and availability from headers, SDS written and read."""

import datetime as dt

import numpy as np
import obspy
import pandas as pd
import pytest

import paektuseis as ps
from paektuseis.io import Archive, write_sds
from paektuseis.tables import AVAILABILITY, GAPS

MIDNIGHT = obspy.UTCDateTime("2020-01-02")
ID = "XX.A.00.HHZ"


@pytest.fixture
def truth(rng):
    """Ten minutes around midnight, 50 Hz."""
    data = np.cumsum(rng.integers(-99, 99, 30000)).astype(np.int32)
    return obspy.Trace(
        data,
        header={
            "network": "XX",
            "station": "A",
            "location": "00",
            "channel": "HHZ",
            "sampling_rate": 50,
            "starttime": MIDNIGHT - 300,
        },
    )


def sds_path(root, day, station="A"):
    name = f"XX.{station}.00.HHZ.D.2020.{day:03d}"
    path = root / "2020" / "XX" / station / "HHZ.D" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def save(trace, path):
    trace.write(str(path), format="MSEED", encoding="STEIM2", reclen=512)


@pytest.fixture
def imperfect(tmp_path, truth):
    """The first day's file runs 80 s into the next day; the next begins with an overlap."""
    save(truth.slice(endtime=MIDNIGHT + 80), sds_path(tmp_path, 1))
    save(truth.slice(starttime=MIDNIGHT + 60), sds_path(tmp_path, 2))
    return tmp_path


def test_samples_are_found_in_neighbouring_files(imperfect, truth):
    archive = Archive(imperfect)
    assert archive.layout == "sds"
    start, end = MIDNIGHT + 10, MIDNIGHT + 100
    (trace,) = archive.read(ID, start, end)
    assert (trace.stats.starttime, trace.stats.endtime) == (start, end)
    np.testing.assert_array_equal(trace.data, truth.slice(start, end).data)
    (whole,) = archive.read("XX.*")
    np.testing.assert_array_equal(whole.data, truth.data)
    assert ps.reader_findings(whole).check.tolist() == ["overlap"]
    assert archive.read(ID, "2021-01-01", "2021-01-02") == obspy.Stream()
    assert len(archive.files(ID, MIDNIGHT, MIDNIGHT + 1)) == 2
    sizes = [row["size"] for row in archive.input_files(ID, MIDNIGHT, MIDNIGHT + 1)]
    assert sizes == [p.stat().st_size for p in archive.files(ID)]


def test_any_split_of_the_record_gives_the_same_samples(tmp_path, truth, rng):
    edges = np.sort(rng.choice(np.arange(1, 29999), 6, replace=False))
    for i, part in enumerate(np.split(np.arange(30000), edges)):
        piece = truth.slice(
            truth.stats.starttime + part[0] / 50, truth.stats.starttime + part[-1] / 50
        )
        save(piece, tmp_path / f"part{(i * 5) % 7}")
    archive = Archive(tmp_path)
    assert archive.layout == "flat"
    (trace,) = archive.read()
    np.testing.assert_array_equal(trace.data, truth.data)
    assert archive.availability().npts.tolist() == [30000]
    assert archive.gaps().empty


def test_availability_and_gaps_from_headers(tmp_path, truth):
    start = truth.stats.starttime
    save(truth.slice(endtime=start + 99.98), sds_path(tmp_path, 1))
    stream = obspy.Stream(
        [truth.slice(start + 130, start + 399.98), truth.slice(start + 450, start + 499.98)]
    )
    stream.write(str(sds_path(tmp_path, 2)), format="MSEED", encoding="STEIM2", reclen=512)
    archive = Archive(tmp_path)
    table = archive.availability()
    AVAILABILITY.check(table)
    assert table.npts.tolist() == [5000, 13500, 2500]
    gaps = archive.gaps(ID)
    GAPS.check(gaps)
    assert gaps.duration.tolist() == [30.0, 50.0]
    assert gaps.starttime[0] == pd.Timestamp((start + 100).datetime, tz="UTC")
    assert gaps.endtime[0] == pd.Timestamp((start + 130).datetime, tz="UTC")
    asked = archive.gaps(ID, start - 10, start + 460)
    assert asked.duration.tolist() == [10.0, 30.0, 50.0]
    cut = archive.availability(ID, start + 50, start + 150)
    assert cut.npts.tolist() == [2500, 1001]
    assert archive.span() == (start, start + 499.98)
    assert archive.days() == [MIDNIGHT - 86400, MIDNIGHT]
    whole = archive.gaps("XX.NONE.00.HHZ", start, start + 60)
    assert whole.duration.tolist() == [60.0]
    assert [t.stats.npts for t in archive.read(ID)] == table.npts.tolist()


def test_bad_files_and_strays_are_told(imperfect, truth):
    stray = truth.copy()
    stray.stats.station = "B"
    path = sds_path(imperfect, 2)
    other = path.with_name("other")
    save(stray, other)
    path.write_bytes(path.read_bytes() + other.read_bytes())
    other.unlink()
    sds_path(imperfect, 3).write_bytes(b"")
    archive = Archive(imperfect)
    found = ps.reader_findings(archive.read(ID))
    assert "unreadable_file" in set(found.check)
    everything = archive.read()
    assert "stray_channel" in set(ps.reader_findings(everything).check)
    with pytest.raises(ps.WaveformError, match="empty"):
        archive.read(ID, on_error="raise")
    archive.availability()
    assert [name[-3:] for name in archive.faults()] == ["003"]


def test_header_scans_follow_changes(tmp_path, truth):
    path = tmp_path / "x"
    save(truth.slice(endtime=MIDNIGHT - 1), path)
    archive = Archive(tmp_path)
    before = archive.availability().npts.sum()
    save(truth, path)
    assert archive.availability().npts.sum() == 30000 > before


def test_patterns(tmp_path, truth):
    pattern = "{network}/{year}{month:02d}{day:02d}/{station}.{location}.{channel}.{hour:02d}"
    for hour, part in ((23, truth.slice(endtime=MIDNIGHT - 0.02)), (0, truth.slice(MIDNIGHT))):
        name = f"XX/202001{1 if hour else 2:02d}/A.00.HHZ.{hour:02d}"
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        save(part, tmp_path / name)
    archive = Archive(tmp_path, layout=pattern)
    assert archive.trace_ids() == [ID]
    (trace,) = archive.read(ID, MIDNIGHT - 1, MIDNIGHT + 1)
    assert trace.stats.npts == 101
    for bad in ("{nowhere}", "../{network}.{station}.{location}.{channel}", "{station}", "{"):
        with pytest.raises(ps.ParameterError, match="layout"):
            Archive(tmp_path, layout=bad)


def test_missing_root(tmp_path):
    with pytest.raises(ps.ArchiveError, match="does not exist"):
        Archive(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(ps.ArchiveError, match="no folder"):
        Archive(tmp_path / "file")
    assert len(Archive(tmp_path / "..").root.parts) > 1
    with pytest.raises(ps.ArchiveError, match="no samples"):
        Archive(tmp_path).span()


def test_sds_is_written_once_and_the_same(tmp_path, truth):
    paths = write_sds(truth, tmp_path / "one")
    assert [p.name for p in paths] == [f"{ID}.D.2020.001", f"{ID}.D.2020.002"]
    again = write_sds(truth, tmp_path / "two")
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in again]
    (first,) = ps.read_waveforms(paths[0])
    (second,) = ps.read_waveforms(paths[1])
    assert first.stats.endtime == MIDNIGHT - 0.02
    assert second.stats.starttime == MIDNIGHT
    (trace,) = Archive(tmp_path / "one").read()
    np.testing.assert_array_equal(trace.data, truth.data)
    assert write_sds(truth, tmp_path / "one") == paths  # identical: nothing to do
    other = truth.copy()
    other.data[0] += 1
    with pytest.raises(ps.OutputError, match="other content"):
        write_sds(other, tmp_path / "one")
    for bad in ({"encoding": "ASCII"}, {"reclen": 500}):
        with pytest.raises(ps.ParameterError):
            write_sds(truth, tmp_path / "three", **bad)


def test_hostile_codes_stay_below_the_root(tmp_path, truth):
    truth.stats.station = "../..x"
    for path in write_sds(truth.slice(MIDNIGHT), tmp_path / "deep" / "root"):
        assert (tmp_path / "deep" / "root") in path.resolve().parents


@pytest.mark.parametrize(
    ("folder", "ids"),
    [
        ("piton_undervolc_2010/waveforms", "YA.UV05.00.HHZ"),
        ("volcano_snippets/gareloi_2022_lf", "AV.GAEA..BHZ"),
    ],
)
def test_real_folders(real_data, folder, ids):
    archive = Archive(real_data / folder)
    assert ids in archive.trace_ids()
    traces = archive.read(ids)
    assert [t.stats.npts for t in traces] == archive.availability(ids).npts.tolist()
    if "piton" in folder:
        assert archive.availability("YA.UV*.00.HHZ", "2010-09-01", "2010-09-02").npts.tolist() == (
            [8_640_000] * 3
        )
        assert archive.days()[0].date == dt.date(2010, 9, 1)
