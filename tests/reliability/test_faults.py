"""The fault plan on a small scale; ``faults.py all`` beside this file is the whole of it."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (sys.platform == "linux" and shutil.which("cc")), reason="needs Linux and a C compiler"
    ),
]


def driven(*words):
    """Run the driver; return its summaries by fault."""
    done = subprocess.run(
        [sys.executable, str(HERE / "faults.py"), *words], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stdout + done.stderr
    found = {row["fault"]: row for row in map(json.loads, lines)}
    assert done.returncode == 0, done.stdout
    assert all(row["failed"] == 0 and row["trials"] > 0 for row in found.values())
    return found


def test_crashes_failing_writes_and_damaged_records_of_what_was_done():
    found = driven("H1", "H2", "H4", "H7", "H9", "H10", "H11", "--points", "2")
    assert found["H1"]["output calls"] > 500  # the calls of pyarrow and SQLite are among them
    assert set(found["H1"]["exit codes"]) == {"-9"}
    assert found["H2"]["trials"] == 4
    assert set(found["H2"]["exit codes"]) == {"4"}
    assert set(found["H4"]["exit codes"]) == {"4"}
    assert set(found["H9"]["exit codes"]) <= {"0", "1"}


def test_a_signal_ends_the_run_and_its_workers_within_seconds():
    """One of the eight cases: Ctrl-C, two processes."""
    found = driven("H6", "--points", "1")
    assert set(found["H6"]["exit codes"]) == {"130"}


def test_the_driver_sees_a_batch_that_does_not_write_whole(tmp_path):
    """Without the temporary folder and the rename the same trials fail."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name != 'paektuseis.batch.store': return None\n"
        "        sys.meta_path.remove(self)\n"
        "        import importlib.util as util\n"
        "        spec = util.find_spec(name)\n"
        "        load = spec.loader.exec_module\n"
        "        def exec_module(module):\n"
        "            load(module)\n"
        "            import os, shutil\n"
        "            def copy(temporary, target):\n"
        "                shutil.rmtree(target, ignore_errors=True)\n"
        "                os.makedirs(target)\n"
        "                for name in sorted(os.listdir(temporary), reverse=True):\n"
        "                    data = (temporary / name).read_bytes()\n"
        "                    with open(target / name, 'wb', buffering=0) as file:\n"
        "                        for k in range(0, len(data), 128): file.write(data[k : k + 128])\n"
        "            module._into_place = copy\n"
        "        spec.loader.exec_module = exec_module\n"
        "        return spec\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, str(HERE / "faults.py"), "H1", "--points", "2"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "cut: tables/day=" in done.stdout


def test_a_lease_from_a_clock_that_was_wrong_holds_nothing(tmp_path):
    import sqlite3
    from contextlib import closing

    from obspy import UTCDateTime

    from paektuseis.batch.state import RunState, owner_name

    state = RunState(tmp_path / "state.sqlite")
    day = UTCDateTime(2014, 1, 1)
    state.plan([("day=2014-01-01", "k", day, day + 86400)])
    assert state.claim("day=2014-01-01", owner_name(), 60)
    assert not state.claim("day=2014-01-01", "another-host:1:5:boot:1:0", 60)
    with closing(sqlite3.connect(state.path)) as db:
        db.execute("UPDATE jobs SET lease_until = ?", (time.time() + 50 * 365 * 86400,))
        db.commit()
    assert state.claim("day=2014-01-01", "another-host:1:5:boot:1:0", 60)
