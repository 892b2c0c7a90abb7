"""What may be opened, and what is refused before any parser sees it."""

import gzip
import io
import os
import pickle
import socket
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
    with pytest.raises(ps.WaveformError, match="pickle"):
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


def test_zip_and_bombs(tmp_path, raw):
    with zipfile.ZipFile(tmp_path / "x.mseed", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("good.mseed", raw)
        file.writestr("zeros", bytes(50_000_000))
    with pytest.raises(ps.WaveformError, match="zip"):
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
    with pytest.raises(ps.WaveformError, match="gzip"):
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
        "pipe": "named pipe",
        "zero": "device",
        "loop": "loop",
        "empty": "empty",
        "absent": "no such file",
    }.items():
        with pytest.raises(ps.WaveformError, match=words) as caught:
            read_waveforms(tmp_path / name)
        assert name in str(caught.value)


def test_size_limit_and_change_while_reading(tmp_path, raw, monkeypatch):
    path = tmp_path / "x.mseed"
    path.write_bytes(raw)
    with pytest.raises(ps.WaveformError, match="limit"):
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
