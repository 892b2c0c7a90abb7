"""Take each protection out of a copy of the library, and see whether a test fails then.

    python tests/reliability/protections.py
    python tests/reliability/protections.py --only 'steim*' --only lock-dead-owner

``protections.toml`` lists the protections: what each is against, the source text that is the
protection, the text that takes it out, and the tests that must fail without it. The tests are
run on an untouched copy first. Then, for each protection, on a copy with that one edit:
``guarded`` if one of them fails, ``NOT GUARDED`` if all pass, ``BROKEN`` if they do not come to
a verdict (an error while they are collected, or the time limit). Prints a table and exits 1
if any protection is not guarded.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import fnmatch
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
SOURCE = CHECKOUT / "src" / "paektuseis"
TABLE = HERE / "protections.toml"
SECONDS = 120.0
"""Time limit for the tests of one protection."""
_QUICK = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Nothing is loaded that the tests do not ask for."""
_OF_THE_EDIT = re.compile(
    r"[\w.]*(Numba\w*|TypingError|LoweringError|NameError|UnboundLocalError|ImportError|"
    r"ModuleNotFoundError|SyntaxError|IndentationError)\b"
)
"""Failures that tell of an edit that is no program, not of a protection that is missing."""


@dataclass(frozen=True)
class Edit:
    """A text of a file below ``src/paektuseis``, and what to put there instead."""

    file: str
    text: str
    without: str


@dataclass(frozen=True)
class Protection:
    """One protection; it may stand in several places, which are all taken out together."""

    name: str
    threat: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of the tests: the verdict, the first that failed, and the seconds it took."""

    verdict: str
    detail: str
    seconds: float


def load_table(path: Path = TABLE) -> list[Protection]:
    """Read the table of protections."""
    with path.open("rb") as file:
        rows = tomllib.load(file)["protection"]
    return [
        Protection(
            row["name"],
            row["threat"],
            tuple(
                Edit(e.get("file", row["file"]), e["text"], e["without"])
                for e in (row, *row.get("also", ()))
            ),
            tuple(row["tests"]),
        )
        for row in rows
    ]


def text_problems(protection: Protection, source: Path | None = None) -> list[str]:
    """Say which texts of a protection are not in the source exactly once."""
    source = source or SOURCE
    found = []
    for edit in protection.edits:
        path = source / edit.file
        count = path.read_text(encoding="utf-8").count(edit.text) if path.is_file() else -1
        if count != 1 or edit.text == edit.without:
            what = "no such file" if count < 0 else f"{count} times"
            found.append(f"{protection.name}: {edit.file}: {edit.text!r}: {what}")
    return found


def functions_of(path: Path) -> dict[str, bool]:
    """Names of the test functions of a module, and whether they have parameters."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name: any("parametrize" in ast.unparse(d) for d in node.decorator_list)
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def missing_tests(protection: Protection) -> list[str]:
    """Say which tests of a protection there are not, from the text of their modules alone."""
    found = [] if protection.tests else [f"{protection.name}: names no test"]
    for node in protection.tests:
        file, _, name = node.partition("::")
        name, bracket, _ = name.partition("[")
        path = CHECKOUT / file
        known = functions_of(path) if path.is_file() else {}
        if name not in known or (bracket and not known[name]):
            found.append(f"{protection.name}: {node}: no such test")
    return found


def copy_source(origin: Path, place: Path) -> Path:
    """Copy the library with its compiled kernels, whose times of change must stay."""
    return Path(shutil.copytree(origin, place / "paektuseis", copy_function=shutil.copy2))


def take_out(protection: Protection, package: Path) -> None:
    """Edit a copy, so that the protection is not in it any more."""
    if problems := text_problems(protection, package):
        raise SystemExit("\n".join(problems))
    for edit in protection.edits:
        path = package / edit.file
        text = path.read_text(encoding="utf-8").replace(edit.text, edit.without)
        ast.parse(text)  # an edit that is no Python proves nothing
        path.write_text(text, encoding="utf-8")
        _forget_inlined(path)


def _forget_inlined(path: Path) -> None:
    """Remove compiled kernels that may hold code of an edited module inside them."""
    name = re.compile(rf"^\s*from \.{path.stem} import [^#]*?\b[a-z_]\w*", re.M)
    for module in path.parent.glob("*.py"):
        if module == path or name.search(module.read_text(encoding="utf-8")):
            for kind in ("nbi", "nbc"):
                for cache in (path.parent / "__pycache__").glob(f"{module.stem}.*.{kind}"):
                    cache.unlink()


def run_tests(tests: Iterable[str], place: Path, *, stop: bool, seconds: float) -> Outcome:
    """Run tests on the copy in a folder; the verdict is ``passed``, ``failed`` or ``broken``."""
    report = place / "report.xml"
    report.unlink(missing_ok=True)
    paths = [str(place), *filter(None, [os.environ.get("PYTHONPATH")])]
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "junit_logging=no"]
    words += ["-x"] * stop + [f"--junitxml={report}", *tests]
    log = place / "log.txt"
    begin = time.monotonic()
    code = _run_pytest(words, {**_QUICK, "PYTHONPATH": os.pathsep.join(paths)}, log, seconds)
    if code is None:
        return Outcome("broken", f"not done in {seconds:g} s", time.monotonic() - begin)
    took = time.monotonic() - begin
    failed = list(_failed(report)) if report.is_file() else []
    detail = "; ".join(f"{name}: {why}" for name, why in failed)
    if any(_OF_THE_EDIT.match(why) for _, why in failed):
        return Outcome("broken", detail, took)
    if code == 0 and not failed:
        return Outcome("passed", "", took)
    if code == 1 and failed:
        return Outcome("failed", detail, took)
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return Outcome("broken", f"exit {code}: {' | '.join(lines[-3:])[:300]}", took)


_preloaded: list[str] = []


def preload() -> None:
    """Import what most tests need of others, so that each run of tests is a fork of this."""
    if hasattr(os, "fork"):
        for name in ("pytest", "hypothesis", "obspy", "pandas", "scipy.signal", "matplotlib",
                     "numba", "lxml.etree"):  # fmt: skip
            importlib.import_module(name)
            _preloaded.append(name)
        assert "paektuseis" not in sys.modules


_PLAIN = {"PYTEST_ADDOPTS": ""}  # what the whole suite is run with is not for a few tests


def _run_pytest(
    words: list[str], environment: dict[str, str], log: Path, seconds: float
) -> int | None:
    """Run pytest in a process of its own; its exit code, or None after the time limit."""
    with log.open("wb") as file:
        if not _preloaded:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return subprocess.run(
                    [sys.executable, "-m", "pytest", *words], cwd=CHECKOUT, check=False,
                    env=os.environ | environment | _PLAIN, stdin=subprocess.DEVNULL, stdout=file,
                    stderr=file, timeout=seconds,
                ).returncode  # fmt: skip
            return None
        pid = _forked(words, environment, file.fileno())
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _forked(words: list[str], environment: dict[str, str], log: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(CHECKOUT)
        os.environ |= environment | _PLAIN
        sys.path[:1] = [str(CHECKOUT), *environment["PYTHONPATH"].split(os.pathsep)]
        code = int(sys.modules["pytest"].main(words))
    finally:
        sys.stdout.flush()
        os._exit(code)


def _failed(report: Path) -> Iterator[tuple[str, str]]:
    """The tests that failed, and why; one that did not get as far as its assertions is none."""
    for case in ElementTree.parse(report).iter("testcase"):
        failure = case.find("failure")
        if failure is not None:
            yield str(case.get("name")), " ".join(str(failure.get("message")).split())[:90]


def require_copy(place: Path) -> None:
    """Make sure that what is tested is the copy and not an installed library."""
    code = "import paektuseis; print(paektuseis.__file__)"
    env = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    if not Path(done.stdout.strip()).is_relative_to(place):
        raise SystemExit(f"{done.stdout.strip()} is imported instead of the copy in {place}")


def judge(protection: Protection, base: Path, *, seconds: float = SECONDS) -> Outcome:
    """Take a protection out of a copy of ``base`` and run its tests on that."""
    with tempfile.TemporaryDirectory(prefix="protections-") as name:
        place = Path(name).resolve()
        take_out(protection, copy_source(base, place))
        outcome = run_tests(protection.tests, place, stop=True, seconds=seconds)
    verdict = {"failed": "guarded", "passed": "NOT GUARDED", "broken": "BROKEN"}[outcome.verdict]
    return Outcome(verdict, outcome.detail, outcome.seconds)


def untouched(protections: list[Protection], base: Path) -> Outcome:
    """Run every test that is named on a copy without any edit."""
    tests = dict.fromkeys(node for protection in protections for node in protection.tests)
    limit = SECONDS * max(1, len(protections))
    return run_tests(tests, base.parent, stop=False, seconds=limit)


def main(arguments: list[str] | None = None) -> int:
    """Judge the protections that are asked for; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="wildcards allowed")
    parser.add_argument("--table", type=Path, default=TABLE)
    options = parser.parse_args(arguments)
    chosen = [
        p
        for p in load_table(options.table)
        if not options.only or any(fnmatch.fnmatch(p.name, pattern) for pattern in options.only)
    ]
    problems = [t for p in chosen for t in (*text_problems(p), *missing_tests(p))]
    if problems or not chosen:
        print("\n".join(problems or ["no such protection"]))
        return 1
    bad = 0
    with tempfile.TemporaryDirectory(prefix="protections-") as name:
        place = Path(name).resolve()
        base = copy_source(SOURCE, place)
        require_copy(place)
        first = untouched(chosen, base)
        print(f"untouched: {first.verdict} {first.detail} ({first.seconds:.0f} s)", flush=True)
        if first.verdict != "passed":
            return 1
        for protection in chosen:
            outcome = judge(protection, base)
            bad += outcome.verdict != "guarded"
            print(
                f"{outcome.verdict:12} {protection.name:30} {outcome.seconds:5.1f} s  "
                f"{outcome.detail}",
                flush=True,
            )
    print(f"{len(chosen)} protections, {bad} not guarded")
    return int(bad > 0)


if __name__ == "__main__":
    preload()
    sys.exit(main())
