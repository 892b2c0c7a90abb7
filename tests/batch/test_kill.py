"""A batch killed at any moment is resumed by the same command, to the same bytes."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import paektuseis as ps
from paektuseis.batch.store import RESULTS
from paektuseis.config import settings_to_toml

from .test_run import contents

COMMAND = "import sys; from paektuseis.cli import main; sys.argv[0] = 'paektuseis'; main()"


def start(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(archive, settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kill")
    (folder / "run.toml").write_text(settings_to_toml(settings))
    begin = time.perf_counter()
    job = start("batch", archive, "--config", folder / "run.toml", "--out", folder / "whole")
    out, err = job.communicate()
    assert job.returncode == 0, err
    assert out.strip() == str(folder / "whole")
    return folder, contents(folder / "whole"), time.perf_counter() - begin


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_and_resumed(undisturbed, archive, seed):
    folder, whole, seconds = undisturbed
    rng = np.random.default_rng(seed)
    out = folder / f"killed-{seed}"
    words = ("batch", archive, "--config", folder / "run.toml", "--out", out,
             "--workers", 1 + seed % 2)  # fmt: skip
    for _ in range(2):
        job = start(*words)
        try:
            job.wait(timeout=float(rng.uniform(0.2, 1.0) * seconds))
        except subprocess.TimeoutExpired:
            os.kill(job.pid, signal.SIGKILL)
            job.wait()
        job.stdout.close()
        job.stderr.close()
        if (out / RESULTS).is_dir():  # whatever can be seen is whole and final
            seen = {n: b for n, b in contents(out).items() if not n.startswith(".")}
            assert all(whole[name] == data for name, data in seen.items())
            days = {name.split("/")[0] for name in seen}
            assert all(name in seen for name in whole if name.split("/")[0] in days)
    last = start(*words)
    _, err = last.communicate()
    assert last.returncode == 0, err
    assert contents(out) == whole
    assert ps.open_results(out).jobs()["state"].eq("done").all()


@pytest.mark.slow
def test_two_runs_on_one_output_share_the_work(undisturbed, archive):
    folder, whole, _ = undisturbed
    out = folder / "shared"
    words = ("batch", archive, "--config", folder / "run.toml", "--out", out)
    runs = [start(*words), start(*words)]
    for run in runs:
        _, err = run.communicate()
        assert run.returncode == 0, err
    assert contents(out) == whole
    assert ps.open_results(out).jobs()["attempts"].eq(1).all()
