"""``check_archive`` names each planted fault once, and is silent about a sound archive."""

import json
import os
import shutil

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network, Station

import paektuseis as ps
from paektuseis.cli.app import run

START = UTCDateTime(2014, 6, 1)
RATE, SECONDS = 20.0, 120.0


def trace(station, start, seed, seconds=SECONDS):
    data = np.random.default_rng(seed).normal(0, 300, round(seconds * RATE))
    out = Trace(np.rint(data).astype(np.int32))
    out.stats.update({"network": "XX", "station": station, "channel": "HHZ"})
    out.stats.sampling_rate, out.stats.starttime = RATE, start
    return out


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    root = tmp_path_factory.mktemp("sound") / "sds"
    stations = ("A", "B")
    ps.write_sds(
        Stream(
            trace(s, START + 86400 * d + 3600, 10 * d + i)
            for d in range(3)
            for i, s in enumerate(stations)
        ),
        root,
    )
    return root


@pytest.fixture
def sds(sound, tmp_path):
    root = tmp_path / "sds"
    shutil.copytree(sound, root)
    return root


def file(root, station="A", day=152):
    return root / f"2014/XX/{station}/HHZ.D/XX.{station}..HHZ.D.2014.{day:03d}"


def look(root, **options):
    found = []
    health = ps.check_archive(root, found.append, **options)
    assert sum(health.counts.values()) == len(found)
    return found, health


def inventory(stations=("A", "B"), end=None):
    return Inventory(
        [
            Network(
                "XX",
                [
                    Station(s, 42.0, 128.0, 2000.0, channels=[
                        Channel("HHZ", "", 42.0, 128.0, 2000.0, 0.0, sample_rate=RATE,
                                start_date=START - 86400, end_date=end)
                    ])
                    for s in stations
                ],
            )
        ],
        source="test",
    )  # fmt: skip


def test_a_sound_archive_is_silent(sound, capsys):
    found, health = look(sound, inventory=inventory(), samples=False)
    assert found == []
    assert (health.files, health.usable, health.foreign, health.channels) == (6, 6, 0, 2)
    assert health.n_bytes == sum(p.stat().st_size for p in sound.rglob("*") if p.is_file())
    assert health.healthy
    assert run(["doctor", str(sound)]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "6 files" in told.err
    assert "no fault found" in told.err


def cut(root):
    path = file(root)
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size - 100)
    return path


def junk(root):
    path = file(root)
    data = bytearray(path.read_bytes())
    data[512:1024] = b"\xaa" * 512
    path.write_bytes(data)
    return path


def empty(root):
    path = file(root)
    path.write_bytes(b"")
    return path


def note(root):
    path = file(root)
    path.write_text("batteries changed\n" * 40)
    return path


def readme(root):
    path = root / "2014" / "README"
    path.write_text("batteries changed\n" * 40)
    return path


def other_station(root):
    path = file(root, "C")
    path.parent.mkdir(parents=True)
    file(root, "A").rename(path)
    return path


def other_day(root):
    path = file(root, day=200)
    file(root).rename(path)
    return path


def two_channels(root):
    path = file(root)
    path.write_bytes(path.read_bytes() + file(root, "B").read_bytes())
    file(root, "B").unlink()
    return path


def late(root):
    path = file(root)
    path.unlink()
    other = trace("A", START + 86400 - 60, 7, seconds=3600.0)
    ps.write_sds(Stream([other]), root.parent / "late")
    parts = sorted((root.parent / "late").rglob("XX.A*"))
    path.write_bytes(b"".join(p.read_bytes() for p in parts))
    file(root, day=153).unlink()
    return path


def future(root):
    path = file(root, day=153)
    path.unlink()
    ps.write_sds(Stream([trace("A", UTCDateTime(2100, 1, 1), 3)]), root)
    return root / "2100/XX/A/HHZ.D/XX.A..HHZ.D.2100.001"


def wrong_name(root):
    path = file(root).with_name("copy of A")
    file(root).rename(path)
    return path


def loop(root):
    path = root / "2014" / "XX" / "loop"
    path.symlink_to(root)
    return path


def nowhere(root):
    path = file(root).with_name("gone")
    path.symlink_to("nothing")
    return path


def pipe(root):
    path = file(root).with_name("pipe")
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("plant", "check", "severity"),
    [
        (cut, "cut_record", "error"),
        (junk, "not_a_record", "error"),
        (empty, "unreadable", "error"),
        (note, "foreign", "error"),
        (readme, "foreign", "info"),
        (other_station, "wrong_channel", "error"),
        (two_channels, "stray_channel", "warning"),
        (other_day, "wrong_day", "error"),
        (late, "outside_day", "warning"),
        (future, "future", "warning"),
        (wrong_name, "foreign_name", "warning"),
        (loop, "linked_folder", "warning"),
        (nowhere, "broken_link", "error"),
        (pipe, "no_file", "warning"),
    ],
)
def test_each_planted_fault_is_named_once(sds, capsys, plant, check, severity):
    path = plant(sds)
    found, health = look(sds)
    assert [(f.path, f.check, f.severity) for f in found] == [(str(path), check, severity)]
    assert health.number(severity) == 1
    code = run(["doctor", str(sds)])
    lines = capsys.readouterr().out.splitlines()
    assert code == (0 if severity == "info" else 1)
    assert len(lines) == code
    assert run(["doctor", str(sds), "--json"]) == code
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["path"], row["check"], row["severity"]) == (str(path), check, severity)
    assert row["cause"]


def test_where_and_how_much(sds):
    size = file(sds).stat().st_size
    path = junk(sds)
    (fault,), _ = look(sds)
    assert (fault.offset, fault.path) == (512, str(path))
    shutil.copy(file(sds, day=153), path)
    path.unlink()
    other_day(sds) if path.exists() else shutil.copy(file(sds, "B"), file(sds, "B", 200))
    found, _ = look(sds)
    wrong = next(f for f in found if f.check == "wrong_day")
    assert wrong.trace_id == "XX.B..HHZ"
    assert wrong.starttime == START + 3600
    assert wrong.lost == pytest.approx(SECONDS - 1 / RATE)
    assert size > 512


def test_copies_and_overlaps_of_a_flat_archive(tmp_path):
    root = tmp_path / "flat"
    root.mkdir()
    whole = trace("A", START, 1, seconds=600.0)
    part = whole.slice(START + 100, START + 200)
    other = part.copy()
    other.data = other.data + 1
    whole.write(str(root / "a"), format="MSEED")
    shutil.copy(root / "a", root / "b")
    (fault,), _ = look(root)
    assert (fault.check, fault.path) == ("duplicate_file", str(root / "b"))
    assert str(root / "a") in fault.cause
    part.write(str(root / "b"), format="MSEED")
    (fault,), _ = look(root)
    assert (fault.check, fault.severity) == ("overlapping_files", "warning")
    assert (fault.starttime, fault.endtime, fault.lost) == (START + 100, START + 200, 100.0)
    (fault,), _ = look(root, samples=True)
    assert (fault.check, fault.severity) == ("overlapping_files", "info")
    other.write(str(root / "b"), format="MSEED")
    (fault,), _ = look(root, samples=True)
    assert (fault.check, fault.severity) == ("conflict", "error")


def test_files_that_follow_each_other_do_not_overlap(tmp_path):
    whole = trace("A", START, 1, seconds=600.0)
    for i in range(6):
        a = START + 100 * i
        whole.slice(a, a + 100 - 1 / RATE).write(str(tmp_path / str(i)), format="MSEED")
    assert look(tmp_path, samples=True)[0] == []


def test_time_without_metadata(sds):
    found, _ = look(sds, inventory=inventory(("A",)))
    assert [(f.check, f.trace_id) for f in found] == [("no_metadata", "XX.B..HHZ")]
    found, _ = look(sds, inventory=inventory(end=START + 2 * 86400))
    assert [(f.check, f.trace_id) for f in found] == [
        ("wrong_epoch", "XX.A..HHZ"), ("wrong_epoch", "XX.B..HHZ"),
    ]  # fmt: skip
    assert found[0].starttime == START + 2 * 86400 + 3600
    assert found[0].lost == pytest.approx(SECONDS - 1 / RATE)
    assert "2014-05-31 to 2014-06-03" in found[0].cause


def test_samples_are_looked_at_on_request(sds):
    dead = trace("A", START + 3600, 1)
    dead.data[:] = 77
    file(sds).unlink()
    ps.write_sds(Stream([dead]), sds)
    assert look(sds)[0] == []
    found, _ = look(sds, samples=True)
    assert {(f.check, f.path) for f in found} == {("flat", str(file(sds)))}


def rot(path):
    """Change a bit and leave size and times of the content as they are."""
    info = path.stat()
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def test_rotten_bits_are_seen_against_the_first_digest(sds, tmp_path, capsys):
    index = tmp_path / "i.sqlite"
    assert not ps.index_archive(sds, index).altered
    path = file(sds, "B", 153)
    good = path.read_bytes()
    rot(path)
    found, _ = look(sds, index=index)
    assert not [f for f in found if f.check == "altered"]
    found, _ = look(sds, index=index, verify=True)
    assert [(f.check, f.path) for f in found if f.check == "altered"] == [("altered", str(path))]
    # it stays known after the index has seen the new content, until the old one is back
    for _ in range(2):
        report = ps.index_archive(sds, index, full=True)
        assert list(report.altered) == [str(path)]
        assert "first seen" in report.altered[str(path)]
    assert run(["index", str(sds), "--out", str(index), "--verify"]) == 1
    assert "1 altered since first seen" in capsys.readouterr().out
    assert [f.check for f in look(sds, index=index)[0] if f.check == "altered"] == ["altered"]
    info = path.stat()
    path.write_bytes(good)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert not ps.index_archive(sds, index, full=True).altered
    rot(path)
    os.utime(path)  # a change that is meant
    assert not ps.index_archive(sds, index).altered
    assert not look(sds, index=index, verify=True)[0] or look(sds)[0]


def test_a_file_replaced_under_its_old_size_and_time_is_read_again(sds, tmp_path):
    index = tmp_path / "i.sqlite"
    ps.index_archive(sds, index)
    path, info = file(sds), file(sds).stat()
    other = path.with_name(".new")
    ps.write_sds(Stream([trace("A", START + 3600, 99)]), tmp_path / "other")
    data = file(tmp_path / "other").read_bytes()
    other.write_bytes(data[: info.st_size].ljust(info.st_size, b"\0"))
    os.utime(other, ns=(info.st_atime_ns, info.st_mtime_ns))
    other.replace(path)
    report = ps.index_archive(sds, index)
    assert (report.scanned, list(report.altered)) == (1, [str(path)])


def test_what_went_and_what_was_written_since(sds, tmp_path):
    index = tmp_path / "i.sqlite"
    ps.index_archive(sds, index)
    file(sds, "A", 153).unlink()
    with file(sds, "B").open("ab") as stream:
        stream.write(file(sds, "B").read_bytes()[:512])
    found = [(f.check, f.path) for f in look(sds, index=index)[0] if f.check in ("gone", "changed")]
    assert sorted(found) == [
        ("changed", str(file(sds, "B"))), ("gone", str(file(sds, "A", 153))),
    ]  # fmt: skip


def test_names_cannot_forge_a_line(tmp_path, capsys):
    root = tmp_path / "flat"
    root.mkdir()
    trace("A", START, 1).write(str(root / "good"), format="MSEED")
    (root / "x\nerror y: all is well\x1b[2J").write_bytes(b"")
    assert run(["doctor", str(root)]) == 1
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1
    assert "\x1b" not in told.out + told.err
    assert run(["doctor", str(root), "--json"]) == 1
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert row["path"].endswith("[2J")


def test_exit_codes(tmp_path, sound, capsys):
    empty_folder = tmp_path / "empty"
    empty_folder.mkdir()
    assert run(["doctor", str(empty_folder)]) == 3
    (empty_folder / "note.txt").write_text("nothing but a note")
    assert run(["doctor", str(empty_folder)]) == 3
    (empty_folder / "zero").write_bytes(b"")
    assert run(["doctor", str(empty_folder)]) == 2
    assert run(["doctor", str(tmp_path / "missing")]) == 2
    assert run(["doctor", str(sound), "--verify"]) == 2
    assert run(["doctor", str(sound), "--index", str(tmp_path / "none.sqlite")]) == 2
    assert "make it" in capsys.readouterr().err


def test_memory_does_not_grow_with_the_archive(tmp_path):
    """500 files, one in a hundred bad: all bad ones told, peak far below the records' size."""
    import tracemalloc

    good = trace("A", START, 1)
    good.write(str(tmp_path / "seed"), format="MSEED")
    data = (tmp_path / "seed").read_bytes()
    root = tmp_path / "many"
    bad = []

    def fill(count):
        root.mkdir(exist_ok=True)
        for i in range(len(list(root.iterdir())), count):
            path = root / f"{i:05d}"
            year = (2000 + i // 366).to_bytes(2, "big") + (1 + i % 366).to_bytes(2, "big")
            path.write_bytes(
                b"".join(
                    data[k : k + 20] + year + data[k + 24 : k + 512]
                    for k in range(0, len(data), 512)
                )
            )
            if i % 100 == 50:
                path.write_bytes(b"")
                bad.append(str(path))

    def peak():
        tracemalloc.start()
        found, health = look(root)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found, health, most

    fill(100)
    look(root)
    _, _, few = peak()
    fill(500)
    found, health, many = peak()
    assert sorted(f.path for f in found if f.severity == "error") == sorted(bad)
    assert (health.files, health.usable) == (500, 495)
    assert many - few < 2_000_000
