"""The notebooks run from the first cell to the last, from a copy of the checkout."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((CHECKOUT / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 2, [path.name for path in NOTEBOOKS]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    for name in ("notebooks", "data", "benchmarks"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # its own root: none of our settings
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    environment["JUPYTER_PLATFORM_DIRS"] = "1"
    # no way out, whatever this machine has: what fetches data must say that it could not
    environment |= dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=600", "-q",
         str(tmp_path / "notebooks" / path.name)],
        cwd=tmp_path, capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_is_stored_without_results(path: Path) -> None:
    """What a reader sees comes from running it, never from an old run."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert not [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None]
