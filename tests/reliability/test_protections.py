"""Every protection in the table is in the source, its tests exist, and the runner sees both ends.

The table itself is run by hand: ``python tests/reliability/protections.py``.
"""

import importlib.util
import sys
from pathlib import Path

import pytest


def load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its data classes ask for it
    spec.loader.exec_module(module)
    return module


protections = load("protections")
TABLE = protections.load_table()


@pytest.mark.parametrize("protection", TABLE, ids=[p.name for p in TABLE])
def test_the_text_is_there_once_and_the_tests_exist(protection):
    problems = protections.text_problems(protection) + protections.missing_tests(protection)
    assert not problems, "\n".join(problems)


def test_names_differ_and_threats_are_said():
    names = [p.name for p in TABLE]
    assert len(set(names)) == len(names) > 200
    assert all(p.threat for p in TABLE)
    kinds = {edit.file.partition("/")[0] for p in TABLE for edit in p.edits}
    assert kinds >= {"io", "processing", "detection", "batch", "cli", "plotting"}


LIMITS = "def limited(n):\n    if n > 9:\n        raise ValueError\n    return n\n"
TESTS = """import pytest
from paektuseis.limits import limited
def test_limit():
    with pytest.raises(ValueError):
        limited(10)
def test_value():
    assert limited(3) == 3
@pytest.fixture
def tenth():
    with pytest.raises(ValueError):
        limited(10)
def test_that_is_not_reached(tenth):
    pass
"""
ROWS = """
[[protection]]
name = "{name}"
threat = "more than nine"
file = "limits.py"
text = "if n > 9:"
without = {without}
tests = ["tests/test_limits.py::{test}"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A library of one limit, and the runner turned on it."""
    package = tmp_path / "src" / "paektuseis"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "limits.py").write_text(LIMITS)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_limits.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.setattr(protections, "CHECKOUT", tmp_path)
    monkeypatch.setattr(protections, "SOURCE", package)

    def run(*rows):
        table = tmp_path / "table.toml"
        keys = ("name", "without", "test")
        table.write_text("".join(ROWS.format(**dict(zip(keys, r, strict=True))) for r in rows))
        return protections.main(["--table", str(table)])

    return run


def test_the_runner_tells_guarded_from_not_guarded_and_from_no_verdict(project, capsys):
    gone = '"if False:"'
    code = project(
        ("guarded", gone, "test_limit"),
        ("blind test", gone, "test_value"),
        ("setup", gone, "test_that_is_not_reached"),
        (
            "import",
            '"if True:\\n        import nothing_of_this_name\\n    if n > 9:"',
            "test_value",
        ),
    )
    verdicts = [line[:12].strip() for line in capsys.readouterr().out.splitlines()]
    assert code == 1
    assert verdicts[1:5] == ["guarded", "NOT GUARDED", "BROKEN", "BROKEN"]
    assert project(("guarded", gone, "test_limit")) == 0
    assert "1 protections, 0 not guarded" in capsys.readouterr().out


def test_what_the_runner_refuses(project, capsys, monkeypatch):
    assert project(("no such test", '"if False:"', "test_nothing")) == 1
    assert "no such test" in capsys.readouterr().out
    (protections.SOURCE / "limits.py").write_text(LIMITS * 2)
    assert project(("twice", '"if False:"', "test_limit")) == 1
    assert "2 times" in capsys.readouterr().out
    (protections.SOURCE / "limits.py").write_text(LIMITS.replace("9", "11"))
    assert project(("gone", '"if False:"', "test_limit")) == 1
    assert "0 times" in capsys.readouterr().out
    broken = LIMITS.replace("return n", "return n if n > 9 else -n")
    (protections.SOURCE / "limits.py").write_text(broken.replace("n if n > 9 else ", ""))
    assert project(("fails already", '"if False:"', "test_value")) == 1
    assert "untouched: failed" in capsys.readouterr().out
    (protections.SOURCE / "limits.py").write_text(LIMITS)
    monkeypatch.setattr(protections.judge, "__kwdefaults__", {"seconds": 0.8})
    assert project(("hangs", '"while n > 9:\\n        pass\\n    if n > 9:"', "test_limit")) == 1
    assert "BROKEN" in capsys.readouterr().out


def test_one_protection_of_the_library_is_taken_out(tmp_path):
    (chosen,) = (p for p in TABLE if p.name == "safe-filename-dots")
    base = protections.copy_source(protections.SOURCE, tmp_path)
    protections.require_copy(tmp_path)
    outcome = protections.judge(chosen, base)
    assert (outcome.verdict, outcome.detail[:18]) == ("guarded", "test_safe_filename")
