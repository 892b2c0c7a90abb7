"""A disk of mixed formats, wrong names, duplicates and damage into an archive."""

import gzip
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import obspy
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings, strategies as st

import paektuseis as ps
from paektuseis.cli.app import run

from .made import START, content, gcf, samples_of, trace, tree

UTC = obspy.UTCDateTime


def row(report, name):
    (found,) = report.files[report.files.file == name].to_dict("records")
    return found


def put(folder, name, data):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def holds_together(report, disk):
    """The report names every file of the disk, and its numbers add up to what is there."""
    names = {
        p.relative_to(disk).as_posix() for p in disk.rglob("*") if not p.is_dir() or p.is_symlink()
    }
    assert set(report.files.file) == names
    files = report.files
    seen = {p.stat().st_ino: p.stat().st_size for p in disk.rglob("*") if p.is_file()}
    assert files.bytes.sum() == sum(seen.values())
    assert (files.data_bytes + files.other_bytes == files.bytes).all()
    fates = ["new", "known", "duplicate", "conflict", "refused"]
    assert (files[fates].sum(axis=1) == files.samples).all()
    for fate in fates:
        assert report.parts[report.parts.outcome == fate].samples.sum() == files[fate].sum()
    total = report.totals()
    assert total.loc["all", "bytes"] == sum(seen.values())
    assert total.loc["all", "files"] == len(names)
    assert (total.drop(index="all").sum() == total.loc["all"]).all()
    for entry in files[files.sha256 != ""].itertuples():
        assert entry.sha256 == hashlib.sha256((disk / entry.file).read_bytes()).hexdigest()


@pytest.fixture
def disk(tmp_path, signal):
    """Two minutes across midnight in pieces of four formats, and everything else a disk has."""
    folder = tmp_path / "disk"
    start = UTC("2010-08-31T23:59:00")
    at = lambda i: start + i / 100  # noqa: E731

    def piece(a, b, **more):
        return trace(signal[a:b], at(a), **more)

    put(folder, "a/weird name.bin", content(piece(0, 3000)))
    put(folder, "b/deep/er/0001", gcf(signal[3000:5000], at(3000)))
    sac = piece(5000, 7000)
    sac.data = sac.data.astype(np.float32)
    put(folder, "c/x.txt", content(sac, "SAC"))
    put(folder, "c/y.gse", content(piece(7000, 9000), "GSE2"))
    put(folder, "z.mseed.gz", gzip.compress(content(piece(9000, 12_000))))
    put(folder, "copy/of a.bin", content(piece(0, 3000)))
    put(folder, "copy/same samples", content(piece(1000, 2500), reclen=4096))
    wrong = signal[10_000:10_500].copy()
    wrong[100:200] += 7
    put(folder, "later/wrong.mseed", content(trace(wrong, at(10_000))))
    put(folder, "broken/cut.sac", content(sac, "SAC")[:900])
    put(folder, "broken/empty.mseed", b"")
    damaged = bytearray(content(trace(signal[:3000], id="1U.OTHER..HHZ"), reclen=512))
    damaged[512 + 80 : 512 + 90] = b"\xff" * 10
    put(folder, "broken/bit.mseed", bytes(damaged))
    put(folder, "notes/readme.txt", b"battery changed on Tuesday\n" * 20)
    put(folder, "nonet.mseed", content(trace(signal[:500], id=".1234.00.HHN")))
    put(folder, ".Trash/old.mseed", content(trace(signal[:500], id="1U.OLD..HHZ")))
    os.link(folder / "a" / "weird name.bin", folder / "notes" / "z hard link")
    (folder / "soft link").symlink_to(folder / "c" / "x.txt")
    (folder / "gone").symlink_to(folder / "nowhere")
    (folder / "folder link").symlink_to(folder / "c")
    os.mkfifo(folder / "pipe")
    return folder


def test_every_file_of_a_mixed_disk_is_accounted_for(disk, tmp_path, signal):
    before = {p: p.stat().st_mtime_ns for p in disk.rglob("*") if p.is_file()}
    rules = {".JGPD.*.*": "1U.*.*.*"}
    report = ps.import_waveforms(disk, tmp_path / "sds", codes=rules, conflicts=tmp_path / "cf")
    holds_together(report, disk)
    outcomes = dict(zip(report.files.file, report.files.outcome, strict=True))
    assert outcomes == {
        "a/weird name.bin": "imported",
        "b/deep/er/0001": "imported",
        "c/x.txt": "imported",
        "c/y.gse": "refused",  # GSE2 has no network, and the rule is for JGPD alone
        "z.mseed.gz": "imported",
        "copy/of a.bin": "duplicate",
        "copy/same samples": "duplicate",
        "later/wrong.mseed": "conflict",
        "broken/cut.sac": "unreadable",
        "broken/empty.mseed": "unreadable",
        "broken/bit.mseed": "imported",
        "notes/readme.txt": "no waveform",
        "nonet.mseed": "refused",
        ".Trash/old.mseed": "hidden",
        "notes/z hard link": "link",
        "soft link": "link",
        "gone": "unreadable",
        "folder link": "link",
        "pipe": "not a file",
    } | {"c/y.gse": outcomes["c/y.gse"]}
    held = samples_of(tmp_path / "sds", "1U.JGPD..HHZ", "2010-08-31T23:59:00", 12_000)
    want = signal.astype(float)
    if outcomes["c/y.gse"] == "refused":
        want[7000:9000] = np.nan
    np.testing.assert_array_equal(held, want)
    assert {p.name for p in (tmp_path / "sds").rglob("*JGPD*HHZ.D.*")} == {
        "1U.JGPD..HHZ.D.2010.243",
        "1U.JGPD..HHZ.D.2010.244",
    }
    bit = row(report, "broken/bit.mseed")
    assert bit["other_bytes"] == 512
    assert "byte 512" in bit["reason"]
    assert row(report, "later/wrong.mseed")["conflict"] == 100
    assert row(report, "later/wrong.mseed")["duplicate"] == 400
    (aside,) = (tmp_path / "cf").iterdir()
    assert (obspy.read(aside)[0].data[100:200] == signal[10_100:10_200] + 7).all()
    assert "network code is empty" in row(report, "nonet.mseed")["reason"]
    assert before == {p: p.stat().st_mtime_ns for p in disk.rglob("*") if p.is_file()}
    assert not report.clean


def test_a_second_run_changes_no_byte(disk, tmp_path):
    rules = {".*.*.*": "1U.*.*.*"}
    first = ps.import_waveforms(disk, tmp_path / "sds", codes=rules, conflicts=tmp_path / "cf")
    archive, aside = tree(tmp_path / "sds"), tree(tmp_path / "cf")
    second = ps.import_waveforms(disk, tmp_path / "sds", codes=rules, conflicts=tmp_path / "cf")
    assert tree(tmp_path / "sds") == archive
    assert tree(tmp_path / "cf") == aside
    holds_together(second, disk)
    assert second.files.new.sum() == 0
    assert second.files.conflict.sum() == first.files.conflict.sum() == 100
    same = ["new", "known", "duplicate"]
    assert second.files[same].sum(axis=1).tolist() == first.files[same].sum(axis=1).tolist()
    assert row(second, "a/weird name.bin")["outcome"] == "known"


@pytest.mark.parametrize("kind", [np.int32, np.float32, np.float64])
def test_samples_are_exact_whatever_they_are(kind, tmp_path, rng):
    big = rng.integers(-(2**31) + 1, 2**31, 5000)  # differences no Steim-2 word can hold
    data = big.astype(kind) if kind is np.int32 else (big * np.pi).astype(kind)
    options = {"encoding": "INT32"} if kind is np.int32 else {}
    put(tmp_path / "disk", "x", content(trace(data, rate=20.0), **options))
    report = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    assert report.clean
    (path,) = (tmp_path / "sds").rglob("*.D.2010.244")
    (read,) = obspy.read(path)
    assert read.data.dtype == kind
    np.testing.assert_array_equal(read.data, data)
    assert read.stats.starttime == UTC(START)
    assert read.stats.sampling_rate == 20.0


def test_small_differences_are_written_as_steim_2(tmp_path, signal):
    put(tmp_path / "disk", "x", content(trace(signal), encoding="INT32"))
    ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    (path,) = (tmp_path / "sds").rglob("*.D.2010.244")
    assert obspy.read(path)[0].stats.mseed.encoding == "STEIM2"


def test_what_is_there_is_only_added_to(tmp_path, signal):
    """Later files fill the gaps of a day; the bytes written first stay as they are."""
    put(tmp_path / "one", "x", content(trace(signal[:4000])))
    put(tmp_path / "two", "x", content(trace(signal[8000:], UTC(START) + 80)))
    put(tmp_path / "three", "x", content(trace(signal)))
    archive = tmp_path / "sds"
    older = b""
    for name, new in (("one", 4000), ("two", 4000), ("three", 4000)):
        report = ps.import_waveforms(tmp_path / name, archive)
        assert report.files.new.sum() == new
        (path,) = archive.rglob("*.D.2010.244")
        assert path.read_bytes().startswith(older)
        older = path.read_bytes()
    np.testing.assert_array_equal(
        samples_of(archive, "1U.JGPD..HHZ", START, 12_000), signal.astype(float)
    )


def test_an_archive_that_differs_keeps_its_samples(tmp_path, signal):
    archive = tmp_path / "sds"
    ps.write_sds(trace(signal), archive)
    before = tree(archive)
    put(tmp_path / "disk", "x", content(trace(signal + 1)))
    report = ps.import_waveforms(tmp_path / "disk", archive)
    assert tree(archive) == before
    found = row(report, "x")
    assert (found["outcome"], found["conflict"]) == ("conflict", 12_000)
    assert "what the archive holds" in found["reason"]


def test_a_day_file_cut_in_a_record_keeps_its_bytes(tmp_path, signal):
    archive = tmp_path / "sds"
    (path,) = ps.write_sds(trace(signal[:6000]), archive)
    cut = path.read_bytes()[:-200]
    path.write_bytes(cut)
    put(tmp_path / "disk", "x", content(trace(signal)))
    ps.import_waveforms(tmp_path / "disk", archive)
    whole = path.read_bytes()
    assert whole.startswith(cut[: len(cut) // 512 * 512])
    assert whole.endswith(cut[len(cut) // 512 * 512 :])
    read = ps.read_waveforms(path)
    joined, _ = ps.join_segments(read)
    np.testing.assert_array_equal(joined[0].data, signal)
    assert len(joined) == 1


def test_an_unreadable_day_file_is_left_alone(tmp_path, signal):
    archive = tmp_path / "sds"
    (path,) = ps.write_sds(trace(signal), archive)
    path.write_bytes(b"not a waveform" * 50)
    put(tmp_path / "disk", "x", content(trace(signal)))
    report = ps.import_waveforms(tmp_path / "disk", archive)
    assert path.read_bytes() == b"not a waveform" * 50
    assert row(report, "x")["outcome"] == "refused"
    assert "cannot be read" in row(report, "x")["reason"]


def test_records_in_the_file_of_the_day_before_are_known(tmp_path, signal):
    """Other programs let the last record of a day reach into the next."""
    start = UTC("2010-08-31T23:59:00")
    archive = tmp_path / "sds"
    (path,) = ps.write_sds(trace(signal[:6000], start), archive)
    path.write_bytes(content(trace(signal[:7000], start)))  # ten seconds too long
    put(tmp_path / "disk", "x", content(trace(signal, start)))
    report = ps.import_waveforms(tmp_path / "disk", archive)
    assert (row(report, "x")["known"], row(report, "x")["new"]) == (7000, 5000)
    held = samples_of(archive, "1U.JGPD..HHZ", start, 12_000)
    np.testing.assert_array_equal(held, signal.astype(float))


def test_of_two_files_that_differ_integers_are_kept(tmp_path, signal):
    put(tmp_path / "disk", "a.sac", content(trace(signal.astype(np.float32) * 0.5), "SAC"))
    put(tmp_path / "disk", "b.mseed", content(trace(signal)))
    report = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    assert row(report, "b.mseed")["outcome"] == "imported"
    assert row(report, "a.sac")["outcome"] == "conflict"
    assert "b.mseed" in row(report, "a.sac")["reason"]


def test_the_same_counts_as_floats_are_duplicates(tmp_path, signal):
    put(tmp_path / "disk", "a.sac", content(trace(signal.astype(np.float32)), "SAC"))
    put(tmp_path / "disk", "b.mseed", content(trace(signal)))
    report = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    assert row(report, "a.sac")["outcome"] == "duplicate"
    (path,) = (tmp_path / "sds").rglob("*.D.2010.244")
    assert obspy.read(path)[0].data.dtype == np.int32


def test_a_day_is_of_one_type(tmp_path, signal):
    """Whole floats become integers beside integers; other floats are left out and told."""
    put(tmp_path / "disk", "a.mseed", content(trace(signal[:4000])))
    whole = trace(signal[4000:8000].astype(np.float32), UTC(START) + 40)
    put(tmp_path / "disk", "b.sac", content(whole, "SAC"))
    other = trace(signal[8000:].astype(np.float64) + 0.25, UTC(START) + 80)
    put(tmp_path / "disk", "c.mseed", content(other))
    for _ in range(2):
        report = ps.import_waveforms(
            tmp_path / "disk", tmp_path / "sds", conflicts=tmp_path / "aside"
        )
        assert row(report, "c.mseed")["conflict"] == 4000
        assert "float64 against int32" in row(report, "c.mseed")["reason"]
    (read,) = obspy.read(next((tmp_path / "sds").rglob("*.D.2010.244"))).merge()
    assert read.data.dtype == np.int32
    np.testing.assert_array_equal(read.data, signal[:8000])
    (aside,) = obspy.read(next((tmp_path / "aside").iterdir()))
    np.testing.assert_array_equal(aside.data, other.data)


def test_long_files_are_read_in_blocks(tmp_path, signal, monkeypatch):
    """Three channels in one file, damage at the edges of blocks: as read in one go."""
    from paektuseis.acquire import importing
    from paektuseis.io import _streaming

    whole = b"".join(content(trace(signal, id=f"1U.JGPD..HH{c}"), reclen=512) for c in "ZNE")
    data = bytearray(whole)
    data[20_000:20_700] = b"\xa5" * 700
    data = bytes(data) + b"PAD" * 100
    path = put(tmp_path / "disk", "long", data)
    want = ps.import_waveforms(path.parent, tmp_path / "whole")

    def small(file, *, headonly=False):
        return _streaming.read_blocks(file, headonly=headonly, block=3000)

    monkeypatch.setattr(importing, "read_blocks", small)
    got = ps.import_waveforms(path.parent, tmp_path / "blocks")
    assert got.files.new.sum() == want.files.new.sum() > 30_000
    assert got.files.other_bytes.sum() == want.files.other_bytes.sum() >= 1000
    for c in "ZNE":
        a, b = (
            samples_of(tmp_path / name, f"1U.JGPD..HH{c}", START, 12_000)
            for name in ("whole", "blocks")
        )
        np.testing.assert_array_equal(a, b)


def test_little_memory_for_days_in_work_changes_no_sample(tmp_path, signal, monkeypatch):
    from paektuseis.acquire import importing

    for i in range(12):
        part = trace(signal[1000 * i : 1000 * i + 1000], UTC(START) + 10 * i)
        put(tmp_path / "disk", f"{(5 * i) % 12:02d}", content(part))
    monkeypatch.setattr(importing, "PENDING", 5000)
    report = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    assert report.files.new.sum() == 12_000
    held = samples_of(tmp_path / "sds", "1U.JGPD..HHZ", START, 12_000)
    np.testing.assert_array_equal(held, signal.astype(float))


@given(
    pieces=st.lists(
        st.tuples(
            st.integers(0, 500),
            st.integers(1, 300),
            st.sampled_from([0, 0, 0, 0.04, 0.3, 0.45, 0.5, 0.51, -0.3, 0.9]),
            st.sampled_from([0, 0, 0, 1]),
            st.sampled_from([10.0, 10.0, 10.00002, 10.0007, 10.1]),
        ),
        min_size=1,
        max_size=6,
    )
)
@example(
    pieces=[  # half a sample off: which of them is new hung on the last digit
        (0, 218, 0.5, 0, 10.0),
        (49, 283, 0, 1, 10.0007),
        (201, 9, 0.5, 0, 10.0),
        (455, 262, 0.9, 0, 10.0),
    ]
)
@settings(
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_pieces_twice_change_nothing_the_second_time(pieces, tmp_path_factory):
    """Overlapping, off the grid, of slightly other rates, contradicting."""
    tmp_path = tmp_path_factory.mktemp("twice")
    walk = np.cumsum(np.random.default_rng(1).integers(-50, 50, 1000)).astype(np.int32)
    total = 0
    for i, (first, count, shift, error, rate) in enumerate(pieces):
        data = walk[first : first + count] + np.int32(error * i)
        total += len(data)
        start = UTC("2010-08-31T23:59:30") + (first + shift) / 10
        put(tmp_path / "disk", f"{i}", content(trace(data, start, rate=rate)))
    first = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    before = tree(tmp_path / "sds")
    second = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    assert tree(tmp_path / "sds") == before
    assert second.files.new.sum() == 0
    for report in (first, second):
        holds_together(report, tmp_path / "disk")
        named_once = report.files[report.files.outcome != "duplicate"]
        assert named_once.samples.sum() <= total


def test_codes_are_put_right_by_rule_and_refused_without(tmp_path, signal):
    put(tmp_path / "disk", "x", gcf(signal[:2000]))
    put(tmp_path / "disk", "y", content(trace(signal, id=".AB123.-9.Z")))
    report = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    assert report.files.outcome.tolist() == ["refused", "refused"]
    assert not list((tmp_path / "sds").rglob("*.D.*"))
    rules = {".*.*.*": "1U.*.*.*", "*.AB123.*.*": "*.JGPE..*", "*.*.*.Z": "*.*.*.EHZ"}
    report = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds", codes=rules)
    assert report.clean
    assert sorted(report.parts.trace_id) == ["1U.JGPD..HHZ", "1U.JGPE..EHZ"]
    assert sorted(ps.Archive(tmp_path / "sds").trace_ids()) == ["1U.JGPD..HHZ", "1U.JGPE..EHZ"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"codes": {"A": "B"}}, "NET.STA.LOC.CHA"),
        ({"codes": {"*.*.*.*": "TOOLONG.*.*.*"}}, "one or two"),
        ({"codes": [("a", "b")]}, "mapping"),
        ({"report": "report.txt"}, ".csv"),
        ({"reclen": 500}, "power of two"),
    ],
)
def test_wrong_options_are_refused(options, words, tmp_path):
    (tmp_path / "disk").mkdir()
    with pytest.raises(ps.ParameterError, match=words):
        ps.import_waveforms(tmp_path / "disk", tmp_path / "sds", **options)


def test_source_and_archive_may_not_lie_in_each_other(tmp_path):
    (tmp_path / "disk" / "sds").mkdir(parents=True)
    for source, archive in (("disk", "disk/sds"), ("disk/sds", "disk"), ("disk", "disk")):
        with pytest.raises(ps.ParameterError, match="of its own"):
            ps.import_waveforms(tmp_path / source, tmp_path / archive)


def test_the_verb_reports_and_never_replaces_a_report(disk, tmp_path, capsys):
    out = tmp_path / "report.csv"
    words = ["import", str(disk), "--to", str(tmp_path / "sds"), "-n", "1U", "--report", str(out)]
    assert run(words) == 1
    text = capsys.readouterr()
    assert text.out.strip() == str(out)
    assert "later/wrong.mseed: conflict" in text.err
    first = out.read_bytes()
    assert run(words) == 1
    assert capsys.readouterr().out.strip() == str(tmp_path / "report-2.csv")
    assert out.read_bytes() == first
    files = pd.read_csv(out)
    assert files.bytes.sum() == files.data_bytes.sum() + files.other_bytes.sum()
    parts = pd.read_csv(tmp_path / "report-2-parts.csv")
    assert parts[parts.outcome == "new"].empty
    assert set(parts.outcome) >= {"known", "conflict"}


def test_many_damaged_places_are_counted(tmp_path, signal, capsys):
    data = bytearray(content(trace(np.tile(signal, 3)), reclen=256))
    for at in range(256, len(data) - 256, 512):  # every other record
        data[at + 70 : at + 80] = b"\xff" * 10
    put(tmp_path / "disk", "x", bytes(data))
    report = tmp_path / "r.csv"
    words = ["import", str(tmp_path / "disk"), "--to", str(tmp_path / "sds")]
    assert run([*words, "--report", str(report)]) == 1
    (found,) = pd.read_csv(report).to_dict("records")
    assert len(found["reason"]) < 10_000
    assert "more" in found["reason"]
    assert found["other_bytes"] == 256 * ((len(data) - 256) // 512)
    assert max(map(len, capsys.readouterr().err.splitlines())) < 400


def test_exit_codes_of_the_verb(tmp_path, signal, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    disk, sds = tmp_path / "disk", str(tmp_path / "sds")
    put(disk, "readme", b"nothing here\n" * 9)
    assert run(["import", str(disk), "--to", sds]) == 3
    put(disk, "x", content(trace(signal)))
    assert run(["import", str(disk), "--to", sds]) == 0
    assert run(["import", str(disk), "--to", sds, "--station", "JGPD"]) == 2
    assert run(["import", str(tmp_path / "none"), "--to", sds]) == 2
    put(tmp_path, "file", b"x")
    assert run(["import", str(disk), "--to", str(tmp_path / "file")]) == 4
    assert (tmp_path / "import-report.csv").exists()


LIMITED = """
import resource, signal, sys
from paektuseis.cli import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
sys.argv[0] = "paektuseis"
main()
"""


def test_a_disk_that_is_full_is_told_and_resumed(tmp_path, rng):
    """No file may be longer than 60 kB: the second day does not fit; what is there stays whole."""
    data = rng.integers(-9000, 9000, 60_000).astype(np.int32)
    put(tmp_path / "disk", "1", content(trace(data[:6000])))
    put(tmp_path / "disk", "2", content(trace(data, UTC(START) + 86_400)))
    put(tmp_path / "disk", "3", content(trace(data[:6000], UTC(START) + 2 * 86_400)))
    words = ["import", str(tmp_path / "disk"), "--to", str(tmp_path / "sds"), "--report", "r.csv"]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert "cannot be written" in done.stderr
    files = pd.read_csv(tmp_path / "r.csv")
    assert files.outcome.tolist() == ["imported", "not reached", "not reached"]
    assert len(list((tmp_path / "sds").rglob("*.D.*"))) == 1
    assert not list((tmp_path / "sds").rglob(".tmp*"))
    report = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    assert report.files.outcome.tolist() == ["known", "imported", "imported"]
    assert report.files.new.sum() == 66_000


def test_two_imports_at_once_hold_nothing_twice(tmp_path, signal):
    """Four threads write interleaved halves of the same day."""
    for name, parts in (("even", (0, 2, 4)), ("odd", (1, 3, 5)), ("all", range(6))):
        for i in parts:
            part = trace(signal[2000 * i : 2000 * i + 2000], UTC(START) + 20 * i)
            put(tmp_path / name, str(i), content(part))
    with ThreadPoolExecutor(4) as pool:
        reports = list(
            pool.map(
                lambda name: ps.import_waveforms(tmp_path / name, tmp_path / "sds"),
                ("even", "odd", "all", "even"),
            )
        )
    assert sum(r.files.new.sum() for r in reports) == 12_000
    assert all(r.clean for r in reports)
    held = samples_of(tmp_path / "sds", "1U.JGPD..HHZ", START, 12_000)
    np.testing.assert_array_equal(held, signal.astype(float))


@pytest.mark.real
def test_a_real_station_day_is_exact(real_data, tmp_path):
    source = real_data / "piton_undervolc_2010"
    day = max((p for p in source.rglob("*UV05*") if p.is_file()), key=lambda p: p.stat().st_size)
    put(tmp_path / "disk", "whole", day.read_bytes())
    put(tmp_path / "disk", "again", day.read_bytes()[: 512 * 2000])
    report = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
    holds_together(report, tmp_path / "disk")
    (tr,) = obspy.read(day)
    assert tr.stats.npts == 8_640_000
    held = samples_of(tmp_path / "sds", tr.id, tr.stats.starttime, tr.stats.npts)
    np.testing.assert_array_equal(held, tr.data)


def test_a_recorder_that_drifts_is_known_again(tmp_path, signal):
    """Record by record 0.02 samples late: a part of the records is no conflict, and times stay."""
    records = []
    for i in range(0, 12_000, 100):
        start = UTC(START) + i / 100 + 2e-4 * (i // 100)
        records.append(content(trace(signal[i : i + 100], start), reclen=512))
    put(tmp_path / "disk", "all", b"".join(records))
    put(tmp_path / "disk", "last", b"".join(records[80:]))
    for _ in range(2):
        report = ps.import_waveforms(tmp_path / "disk", tmp_path / "sds")
        assert report.clean
        assert report.files.conflict.sum() == 0
    (path,) = (tmp_path / "sds").rglob("*.D.2010.244")
    read = obspy.read(path)
    assert sum(tr.stats.npts for tr in read) == 12_000
    for tr in read:  # each trace begins where the records said, within a tenth of a sample
        late = tr.stats.starttime - UTC(START)
        i = round(late / 1.0002 * 100)
        assert abs(late - (i / 100 + 2e-4 * (i // 100))) < 1.1e-3


def test_a_link_out_of_the_disk_is_told_and_not_read(tmp_path, signal):
    (tmp_path / "private.mseed").write_bytes(content(trace(signal[:500], id="1U.OTHER..HHZ")))
    folder = tmp_path / "disk"
    put(folder, "own.mseed", content(trace(signal[:500], id="1U.JGPD..HHZ")))
    (folder / "out").symlink_to(tmp_path / "private.mseed")
    report = ps.import_waveforms(folder, tmp_path / "sds")
    row = report.files.set_index("file").loc["out"]
    assert row["outcome"] == "link"
    assert "leads out of the folder" in row["reason"]
    assert not list((tmp_path / "sds").rglob("*OTHER*"))
