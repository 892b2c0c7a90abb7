"""What may be opened, and what is refused before any parser sees it."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import socket
import stat
import tarfile
import threading
import zipfile

import numpy as np
import obspy
import pytest

import paektuseis as ps
from paektuseis.io import _sources, read_waveforms, reader_findings


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the library went to the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.fixture
def raw(mseed, rng):
    return mseed(rng.integers(-99, 99, 2000).astype(np.int32), encoding="STEIM2", reclen=512)


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("marker", [b"", b"obspy.core.stream"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_are_never_loaded(tmp_path, marker, protocol):
    canary = tmp_path / "canary"
    path = tmp_path / "x.mseed"
    content = pickle.dumps([marker, Canary(str(canary))], protocol=protocol)
    path.write_bytes(content)
    with pytest.raises(ps.WaveformError, match=r"x\.mseed"):
        read_waveforms(path)
    assert not canary.exists()


def test_a_pickled_stream_is_refused_by_kind(tmp_path):
    path = tmp_path / "x.mseed"
    obspy.Stream([obspy.Trace(np.zeros(5))]).write(str(path), format="PICKLE")
    with pytest.raises(ps.WaveformError, match="this is a Python pickle"):
        read_waveforms(path)


@pytest.mark.parametrize("where", ["http://127.0.0.1:9/x.mseed", "file:///etc/passwd"])
def test_urls_are_refused(where):
    for reader in (read_waveforms, ps.read_stations, ps.read_events):
        with pytest.raises(ps.ParameterError, match="URL"):
            reader(where)


@pytest.mark.parametrize("value", [None, "", 5, [], [None]])
def test_no_path_is_a_parameter_error(value):
    with pytest.raises(ps.ParameterError):
        read_waveforms(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "paths=None"), ("", "is empty"), (b"", "is empty"), ("a\0b", "NUL"), (5, "is a int")],
)
def test_what_is_no_path_is_said(value, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for reader in (read_waveforms, ps.read_stations, ps.read_events):
        with pytest.raises(ps.ParameterError, match=words):
            reader(value)


def test_files_of_other_kinds_are_refused_by_kind(tmp_path, raw):
    (tmp_path / "good").write_bytes(raw)
    with tarfile.open(tmp_path / "x.tar", "w") as file:
        file.add(tmp_path / "good", "good.mseed")
    kinds = {
        "tar": (tmp_path / "x.tar").read_bytes(),
        "bzip2": bz2.compress(raw),
        "xz": lzma.compress(raw),
        "7z": b"7z\xbc\xaf\x27\x1c" + raw,
        "zstd": b"\x28\xb5\x2f\xfd" + raw,
        "HDF5": b"\x89HDF\r\n\x1a\n" + raw,
        "rar": b"Rar!\x1a\x07\x00" + raw,
        "SQLite": b"SQLite format 3\0" + raw,
    }
    for kind, content in kinds.items():
        path = tmp_path / "x.mseed"
        path.write_bytes(content)
        with pytest.raises(ps.WaveformError, match=rf"x\.mseed: this is an? {kind}"):
            read_waveforms(path)


def test_a_file_of_zeros_is_named_as_one(tmp_path):
    (tmp_path / "x.mseed").write_bytes(bytes(65536))
    with pytest.raises(ps.WaveformError, match=r"x\.mseed: holds 65536 bytes, all zero"):
        read_waveforms(tmp_path / "x.mseed")


def test_an_empty_file_is_named_as_one(tmp_path):
    (tmp_path / "x.mseed").touch()
    with pytest.raises(ps.WaveformError, match=r"x\.mseed: the file is empty"):
        read_waveforms(tmp_path / "x.mseed")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("name", ["pipe", "device", "socket"])
def test_pipes_and_devices_are_named(tmp_path, name):
    path = tmp_path / name
    if name == "device":
        path.symlink_to("/dev/null")
    else:
        os.mknod(path, 0o600 | (stat.S_IFIFO if name == "pipe" else stat.S_IFSOCK))
    with pytest.raises(ps.WaveformError, match=f"not a regular file.*{name}"):
        read_waveforms(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_file_exchanged_for_a_pipe_does_not_block(tmp_path, raw, monkeypatch):
    """The name is exchanged between the look at the file and its opening."""
    path, pipe = tmp_path / "x.mseed", tmp_path / "pipe"
    path.write_bytes(raw)
    os.mkfifo(pipe)
    real, told = os.open, []

    def exchanged(name, flags, *more, **options):
        return real(pipe if os.fspath(name) == str(path) else name, flags, *more, **options)

    def reading():
        try:
            read_waveforms(path)
        except ps.WaveformError as error:
            told.append(str(error))

    monkeypatch.setattr(os, "open", exchanged)
    thread = threading.Thread(target=reading, daemon=True)
    thread.start()
    thread.join(20)
    if not told:  # let it go, if it waits
        os.close(real(pipe, os.O_WRONLY | os.O_NONBLOCK))
        thread.join(5)
        pytest.fail("the pipe was waited for, or read")
    assert "not a regular file (a named pipe)" in told[0]


def test_a_file_with_two_names_is_read_once(tmp_path, raw):
    (tmp_path / "a").write_bytes(raw)
    os.link(tmp_path / "a", tmp_path / "b")
    (tmp_path / "c").symlink_to("a")
    assert len(read_waveforms(tmp_path)) == 1


def test_zip_and_bombs(tmp_path, raw):
    with zipfile.ZipFile(tmp_path / "x.mseed", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("good.mseed", raw)
        file.writestr("zeros", bytes(50_000_000))
    with pytest.raises(ps.WaveformError, match="this is a zip archive"):
        read_waveforms(tmp_path / "x.mseed")
    bomb = tmp_path / "bomb.mseed.gz"
    bomb.write_bytes(gzip.compress(raw + bytes(40_000_000), mtime=0))
    with pytest.raises(ps.WaveformError, match="unpacks to more than"):
        read_waveforms(bomb)
    good = tmp_path / "good.mseed.gz"
    good.write_bytes(gzip.compress(raw, mtime=0) + gzip.compress(b"", mtime=0))
    assert read_waveforms(good)[0].stats.npts == 2000
    cut = tmp_path / "cut.mseed.gz"
    cut.write_bytes(gzip.compress(raw, mtime=0)[:-500])
    with pytest.raises(ps.WaveformError, match=r"cut at byte|damaged"):
        read_waveforms(cut)
    plain = tmp_path / "nosuffix"
    plain.write_bytes(good.read_bytes())
    with pytest.raises(ps.WaveformError, match="this is gzip data"):
        read_waveforms(plain)


def test_zip_behind_good_records_is_not_opened(tmp_path, raw):
    tail = io.BytesIO()
    with zipfile.ZipFile(tail, "w") as file:
        file.writestr("other.mseed", raw.replace(b"UV05", b"EVIL"))
    path = tmp_path / "x.mseed"
    path.write_bytes(raw + b"PK" + tail.getvalue()[2:])
    stream = read_waveforms(path)
    assert stream[0].id == "YA.UV05.00.HHZ"
    assert stream[0].stats.npts == 2000
    assert len(reader_findings(stream)) > 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_devices_and_loops_do_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    os.symlink("/dev/zero", tmp_path / "zero")
    os.symlink(tmp_path / "loop", tmp_path / "loop")
    (tmp_path / "empty").touch()
    for name, words in {
        "pipe": r"\(a named pipe\)",
        "zero": r"\(a device\)",
        "loop": "loop: Too many levels",
        "empty": "the file is empty",
        "absent": "no such file",
    }.items():
        with pytest.raises(ps.WaveformError, match=words) as caught:
            read_waveforms(tmp_path / name)
        assert name in str(caught.value)


def test_size_limit_and_change_while_reading(tmp_path, raw, monkeypatch):
    path = tmp_path / "x.mseed"
    path.write_bytes(raw)
    with pytest.raises(ps.WaveformError, match="more than the limit of 100"):
        _sources.read_bytes(path, max_bytes=100)
    original = os.open

    def touching(*args, **kwargs):
        handle = original(*args, **kwargs)
        before = os.fstat(handle)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        real = os.fstat
        calls = []

        def fstat(fd):
            calls.append(fd)
            if len(calls) == 2:
                os.truncate(path, 100)
            return real(fd)

        monkeypatch.setattr(os, "fstat", fstat)
        return handle

    monkeypatch.setattr(os, "open", touching)
    with pytest.raises(ps.WaveformError, match="changed"):
        _sources.read_bytes(path)


def test_sparse_tail_is_not_read(tmp_path, raw):
    path = tmp_path / "x.mseed"
    path.write_bytes(raw + bytes(-len(raw) % 4096))
    with open(path, "r+b") as file:
        file.truncate(20 * 1024**3)
    if os.stat(path).st_blocks * 512 > 10_000_000:
        pytest.skip("this file system has no sparse files")
    stream = read_waveforms(path)
    assert stream[0].stats.npts == 2000
    assert reader_findings(stream).value.sum() == 20 * 1024**3 - len(raw)


def test_names_folders_and_patterns(tmp_path, raw):
    (tmp_path / "data[1].mseed").write_bytes(raw)
    (tmp_path / "data1.mseed").write_bytes(raw.replace(b"UV05", b"UV06"))
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a").write_bytes(raw.replace(b"UV05", b"UV07"))
    (tmp_path / ".hidden").write_bytes(b"junk")
    os.symlink(tmp_path, tmp_path / "below" / "up")
    assert [t.stats.station for t in read_waveforms(str(tmp_path / "data[1].mseed"))] == ["UV05"]
    assert {t.stats.station for t in read_waveforms(tmp_path)} == {"UV05", "UV06", "UV07"}
    assert {t.stats.station for t in read_waveforms(str(tmp_path / "*.mseed"))} == {"UV05", "UV06"}
    assert len(read_waveforms([tmp_path / "data1.mseed", str(tmp_path / "below" / "*")])) == 2
    with pytest.raises(ps.WaveformError, match="matches"):
        read_waveforms(str(tmp_path / "*.sac"))


def test_report_goes_on_and_tells(tmp_path, raw):
    (tmp_path / "a.txt").write_text("no waveform\n" * 9)
    (tmp_path / "b.mseed").write_bytes(raw)
    with pytest.raises(ps.WaveformError, match=r"a\.txt"):
        read_waveforms(tmp_path)
    stream = read_waveforms(tmp_path, on_error="report")
    assert len(stream) == 1
    rows = reader_findings(stream)
    assert rows.check.tolist() == ["unreadable_file"]
    assert rows.path.iloc[0].endswith("a.txt")
    (tmp_path / "b.mseed").unlink()
    with pytest.raises(ps.WaveformError, match="none of 1"):
        read_waveforms(tmp_path, on_error="report")
    with pytest.raises(ps.ParameterError, match="on_error"):
        read_waveforms(tmp_path, on_error="ignore")


def test_junk_of_many_kinds_is_refused_by_name(tmp_path, rng):
    junk = {
        "random": rng.bytes(65536),
        "html": b"<html><body>404</body></html>" * 40,
        "zeros": bytes(65536),
        "csv": b"time,value\n1,2\n" * 100,
        "short": b"000001D ",
        "wfdisc": b"STA   CHAN 1278720000.0 1 1 1278723600.0 3600 1.0 1 1 - o s4 /etc passwd\n",
    }
    for name, content in junk.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ps.WaveformError, match=name):
            read_waveforms(path)
