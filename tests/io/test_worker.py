"""The process other parsers run in: what it answers, and what becomes of it when they fail."""

import io
import json
import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import obspy
import pytest

import paektuseis as ps
from paektuseis.io import _worker as worker, _worker_child as child
from paektuseis.io._foreign import ForeignParser
from paektuseis.io._formats import possible_formats
from paektuseis.io._sources import FileBytes

START = obspy.UTCDateTime("2010-09-01")


@pytest.fixture(scope="module")
def slist(tmp_path_factory):
    """A file that a parser of obspy is asked about."""
    path = tmp_path_factory.mktemp("w") / "x.slist"
    data = np.arange(500, dtype=np.int32)
    header = {"station": "UV05", "channel": "HHZ", "sampling_rate": 50, "starttime": START}
    obspy.Trace(data, header=header).write(str(path), format="SLIST")
    return path


@pytest.fixture
def anew():
    """No process before and after."""
    worker.stop_reader()
    yield
    worker.stop_reader()


def stand_in(tmp_path, monkeypatch, body):
    """Let another program, which says it is ready and then does ``body``, stand for the reader."""
    script = tmp_path / "reader.py"
    lines = ["import json, os, signal, sys, time", "out = sys.stdout.buffer"]
    lines += [
        "out.write(b'{\"ready\": true}\\n'); out.flush()",
        "line = sys.stdin.readline()",
        body,
    ]
    script.write_text("\n".join(lines))
    real = worker.Reader.__init__
    command = [sys.executable, str(script)]
    monkeypatch.setattr(worker.Reader, "__init__", lambda self: real(self, command))


def test_one_process_for_many_files(slist, anew):
    for _ in range(3):
        (trace,) = ps.read_waveforms(slist)
        assert trace.data.tolist() == list(range(500))
        assert trace.stats._format == "SLIST"
    (head,) = ps.read_waveforms(slist, headonly=True)
    assert (head.stats.npts, len(head.data)) == (500, 0)
    pid = worker._reader[0].process.pid
    ps.read_waveforms(slist)
    assert worker._reader[0].process.pid == pid != os.getpid()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals here")
def test_death_by_signal_is_told_and_the_next_file_is_read(slist, anew, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stand_in(tmp_path, patch, "os.kill(os.getpid(), signal.SIGSEGV)")
        with pytest.raises(ps.WaveformError, match=r"x\.slist.*SLIST.*reader died, signal 11"):
            ps.read_waveforms(slist)
    assert not worker._reader
    (trace,) = ps.read_waveforms(slist)
    assert trace.stats.npts == 500
    os.kill(worker._reader[0].process.pid, signal.SIGKILL)
    worker._reader[0].process.wait()
    with pytest.raises(ps.WaveformError, match="reader died, signal 9"):
        ps.read_waveforms(slist)
    assert ps.read_waveforms(slist)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("sys.exit(3)", "ended with status 3"),
        ("out.write(b'{nonsense\\n'); out.flush(); time.sleep(9)", "reader died"),
        ("out.write(b'[1, 2]\\n'); out.flush(); time.sleep(9)", "reader died"),
        ('out.write(b\'{"format": "SLIST"\')', "ended with status 0"),
    ],
)
def test_answers_that_are_none(slist, anew, tmp_path, monkeypatch, body, words):
    stand_in(tmp_path, monkeypatch, body)
    with pytest.raises(ps.WaveformError, match=words):
        ps.read_waveforms(slist)


def test_an_answer_is_not_believed(slist, anew, tmp_path, monkeypatch):
    rows = [{"stats": {}, "dtype": "<f8", "size": 1 << 40}]
    answer = json.dumps({"format": "SLIST", "traces": rows, "warnings": []})
    stand_in(tmp_path, monkeypatch, f"print({answer!r}, flush=True); time.sleep(9)")
    with pytest.raises(ps.WaveformError, match="more than"):
        ps.read_waveforms(slist)
    rows[0] |= {"dtype": "O", "size": 4}
    answer = json.dumps({"format": "SLIST", "traces": rows, "warnings": []})
    worker.stop_reader()
    stand_in(tmp_path, monkeypatch, f"print({answer!r}, flush=True); time.sleep(9)")
    with pytest.raises(ps.WaveformError, match="reader died"):
        ps.read_waveforms(slist)


def test_a_reader_that_hangs_is_stopped(slist, anew, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "SPARE_SECONDS", -3.9)  # half a second
    stand_in(tmp_path, monkeypatch, "time.sleep(60)")
    with pytest.raises(ps.WaveformError, match="it took too long"):
        ps.read_waveforms(slist)


LIMITED = """
import sys
sys.path.insert(0, {folder!r})
import _worker_child as child
child._limit({memory}, {seconds})
{body}
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits differ elsewhere")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("x = bytearray(300 << 20)", 1),  # MemoryError
        ("x = bytearray(10 << 20)", 0),
        ("while True: pass", -signal.SIGXCPU),
        ("f = open('written', 'w'); f.write('x' * 100); f.close()", 1),  # no file may grow
    ],
)
def test_memory_time_and_writing_are_limited(tmp_path, body, code):
    import subprocess

    body = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + body
    text = LIMITED.format(
        folder=str(Path(child.__file__).parent), memory=200 << 20, seconds=0, body=body
    )
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == code
    if "written" in body:
        assert not (tmp_path / "written").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="limits differ elsewhere")
def test_a_parser_that_loops_is_ended_by_its_cpu_time(tmp_path):
    import subprocess

    body = "import time\nwhile time.process_time() < 8: pass"  # far beyond what is allowed
    folder = str(Path(child.__file__).parent)
    text = LIMITED.format(folder=folder, memory=200 << 20, seconds=0, body=body)
    done = subprocess.run([sys.executable, "-c", text], check=False)
    assert done.returncode == -signal.SIGXCPU


def test_limits_are_set_before_a_parser_is_called(slist, monkeypatch):
    calls = []
    monkeypatch.setattr(child, "_limit", lambda memory, seconds: calls.append((memory, seconds)))
    monkeypatch.setattr(child, "_answer", lambda request: calls.append("parser") or ({}, []))
    request = {"path": str(slist), "formats": ["SLIST"], "headonly": False}
    request |= {"memory": 12345, "seconds": 6}
    child.serve(io.BytesIO(json.dumps(request).encode() + b"\n"), io.BytesIO())
    assert calls == [(12345, 6), "parser"]


def test_no_reader_runs_code_or_opens_other_files():
    assert not {"PICKLE", "CSS", "NNSA_KB_CORE", "Q", "MSEED", "GSE2"} & set(child.READERS)
    modules = {module for module, _, _ in child.READERS.values()}
    assert all(m.startswith("obspy.io.") for m in modules)
    assert not any(m.startswith(("obspy.io.css", "obspy.io.nnsa")) for m in modules)


def test_an_answer_is_of_numbers(slist, anew, tmp_path, monkeypatch):
    for kind in ("V8", "S8", "U2", "M8[ns]"):
        rows = [{"stats": {}, "dtype": kind, "size": 4}]
        answer = json.dumps({"format": "SLIST", "traces": rows, "warnings": []})
        worker.stop_reader()
        with monkeypatch.context() as patch:
            stand_in(tmp_path, patch, f"print({answer!r}, 'x' * 99, sep=chr(10), flush=True)")
            with pytest.raises(ps.WaveformError, match=r"it answered with .* bytes of samples"):
                ps.read_waveforms(slist)


@pytest.mark.parametrize(
    "fault", [ValueError, KeyError, IndexError, RecursionError, AssertionError]
)
def test_whatever_a_parser_raises_names_the_file(fault):
    def raising(path, error):
        with ForeignParser(Path(path), "SEED", ps.MetadataError):
            raise error

    words = rf"x\.dlsv: cannot be read as SEED: {fault.__name__}"
    with pytest.raises(ps.MetadataError, match=words):
        raising("x.dlsv", fault("at byte 7"))
    with pytest.raises(ps.WaveformError, match="ours"):
        raising("x.dlsv", ps.WaveformError("ours"))
    with pytest.raises(KeyboardInterrupt):
        raising("x.dlsv", KeyboardInterrupt())


def test_parsers_complaints_become_ours(slist, tmp_path, anew):
    broken = tmp_path / "y.slist"
    broken.write_bytes(slist.read_bytes().replace(b"INTEGER", b"INTEGRE"))
    with pytest.raises(ps.WaveformError, match=r"y\.slist: cannot be read as SLIST"):
        ps.read_waveforms(broken)
    cut = tmp_path / "z.slist"
    cut.write_bytes(slist.read_bytes()[:900])
    with pytest.raises(ps.WaveformError, match=r"z\.slist.*500 samples claimed"):
        ps.read_waveforms(cut)


def test_no_absolute_time_is_refused(tmp_path, slist, anew):
    path = tmp_path / "x"
    path.write_bytes(slist.read_bytes().replace(b"2010-09-01", b"1970-01-01"))
    with pytest.raises(ps.WaveformError, match="no absolute time"):
        ps.read_waveforms(path)


def test_threads_share_the_process(slist, anew):
    found, threads = [], []
    for _ in range(4):
        threads.append(
            threading.Thread(target=lambda: found.append(ps.read_waveforms(slist)[0].stats.npts))
        )
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert found == [500] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_takes_a_process_of_its_own(slist, anew):
    ps.read_waveforms(slist)
    pid = worker._reader[0].process.pid
    child_pid = os.fork()
    if not child_pid:
        ok = not worker._reader and ps.read_waveforms(slist)[0].stats.npts == 500
        ok = ok and worker._reader[0].process.pid != pid
        worker.stop_reader()
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child_pid, 0)[1]) == 0
    assert worker._reader[0].process.poll() is None
    assert ps.read_waveforms(slist)[0].stats.npts == 500


def test_text_and_html_are_refused_without_a_process(tmp_path, anew):
    for content in (b"<html><body>not found</body></html>" * 40, b"time,value\n1,2\n" * 300):
        path = tmp_path / "x.mseed"
        path.write_bytes(content)
        with pytest.raises(ps.WaveformError, match="not a waveform format"):
            ps.read_waveforms(path)
    assert not worker._reader


def test_every_file_a_parser_accepts_is_asked_about():
    """No test of obspy says yes to a file the cheap test before it lets go."""
    folder = Path(obspy.__file__).parent / "io"
    parts = ("seisan", "seg2", "kinemetrics", "reftek", "ah", "nied", "pdas", "ascii", "sh")
    parts += ("segy", "y", "win", "dmx")
    asked = 0
    for part in parts:
        for path in sorted((folder / part / "tests" / "data").glob("*")):
            if not path.is_file() or not 0 < path.stat().st_size < 2 << 20:
                continue
            ours = possible_formats(np.frombuffer(path.read_bytes(), np.uint8))
            for name, (module, test, _) in child.READERS.items():
                if not test or part not in module:
                    continue
                try:
                    yes = getattr(__import__(module, fromlist=[test]), test)(str(path))
                except Exception:  # noqa: BLE001
                    continue
                if yes:
                    asked += 1
                    assert name in ours, path.name
    if not asked:
        pytest.skip("this obspy comes without its test files")


def test_private_copy_is_gone(slist, anew, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    source = FileBytes(slist, np.fromfile(slist, np.uint8))
    assert worker.read_apart(source, ["SLIST"], headonly=False)["format"] == "SLIST"
    assert not list(tmp_path.iterdir())
