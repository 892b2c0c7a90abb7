"""``paektuseis report`` at the terminal."""

from pathlib import Path

import pytest

from paektuseis import tables
from paektuseis.cli.app import run
from paektuseis.io import write_table


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A run of one day without a single row: nothing was recorded."""
    folder = tmp_path / "day"
    for schema in (tables.EVENTS, tables.AVAILABILITY, tables.QUALITY):
        write_table(schema.frame(), folder / "tables" / f"{schema.name}.parquet")
    (folder / "run.json").write_text(
        '{"starttime": "2014-06-15T00:00:00Z", "endtime": "2014-06-16T00:00:00Z"}'
    )
    return folder


def test_a_site_of_nothing_is_said_to_be_deaf(results, tmp_path, capsys):
    assert run(["report", str(results), "--out", str(tmp_path / "s"), "--language", "en"]) == 0
    assert str(tmp_path / "s" / "index.html") in capsys.readouterr().out
    text = (tmp_path / "s" / "index.html").read_text(encoding="utf-8")
    assert "the network was deaf" in text
    assert "This is not quiet" in text


def test_wrong_words_are_told(results, tmp_path, capsys):
    assert run(["report", str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert run(["report", str(results), "--station", "1U.AAA"]) == 2
    assert "--single-file or --pdf" in capsys.readouterr().err
    assert run(["report", str(results), "--language", "tlh"]) == 2
    assert "no catalogue" in capsys.readouterr().err
    assert run(["report", str(results), "--pdf", str(tmp_path / "a.pdf"), "--event", "x"]) == 2
    assert "event 'x' is not in the results" in capsys.readouterr().err
