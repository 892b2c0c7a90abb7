"""The verb that draws months and years: pages named by their period, exit codes like the others."""

import pytest

from paektuseis.cli.app import run

from ..batch.made import make_results


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    make_results(out, "2009-12-31", 2, stations=("AAA", "BBB"), window=3600.0, detectors=("vt",))
    return out


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ["timeline-all.png"]),
        (["--period", "year"], ["timeline-2009.png", "timeline-2010.png"]),
        (["--period", "month", "--from", "2010-01-01"], ["timeline-2010-01.png"]),
        (["--format", "svg", "--station", "XX.AAA"], ["timeline-all.svg"]),
    ],
)
def test_pages_are_named_by_their_period(results, tmp_path, capsys, options, names):
    assert run(["timeline", str(results), "--out", str(tmp_path / "pages"), *options]) == 0
    assert sorted(p.name for p in (tmp_path / "pages").iterdir()) == names
    assert [line.rsplit("/", 1)[-1] for line in capsys.readouterr().out.split()] == names


def test_pages_lie_beside_the_results_by_default(results):
    assert run(["timeline", str(results), "--to", "2010-01-01"]) == 0
    assert (results / "pages" / "timeline-all.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("directory", "options", "code", "words"),
    [
        ("{run}", ["--from", "2012-01-01"], 3, "it holds 2009-12-31 to 2010-01-01"),
        ("{run}/nothing", [], 2, "no such folder"),
        ("{run}/tables", [], 2, "no folder 'tables'"),
        ("{run}", ["--from", "2012-01-01", "--to", "2011-01-01"], 2, "not after"),
        ("{run}", ["--from", "yesterday"], 2, "yesterday"),
        ("{run}", ["--period", "week"], 2, "week"),
    ],
)
def test_exit_codes(results, capsys, directory, options, code, words):
    assert run(["timeline", directory.format(run=results), *options]) == code
    captured = capsys.readouterr()
    assert words in captured.err + captured.out


def test_a_folder_that_cannot_be_made_is_exit_4(results, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert run(["timeline", str(results), "--out", str(tmp_path / "file" / "pages")]) == 4


def test_help_is_plain_and_loads_neither_rich_nor_the_library():
    import subprocess
    import sys

    code = (
        "import sys\nfrom paektuseis.cli.app import run\nrun(['--help'])\n"
        "print(sorted(m for m in ('rich', 'numpy', 'pandas', 'obspy', 'pyarrow', 'numba')"
        " if m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "[bold]" not in done.stdout
    assert "or years." in done.stdout  # the whole first sentence of each verb
