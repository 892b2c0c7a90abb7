"""The program: exit codes, what goes where, help that teaches."""

import json
import os

import pandas as pd
import pytest

from paektuseis.cli.app import run

VERBS = ("demo", "day", "event", "quality", "network", "config")


def test_help_names_every_verb_and_the_exit_codes(capsys):
    assert run(["--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for verb in VERBS:
        assert verb in text
    assert "3 no data" in text


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself(verb, capsys):
    assert run([verb, "--help"]) == 0
    assert len(capsys.readouterr().out) > 200


def test_version(capsys):
    from paektuseis import __version__

    assert run(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["day"], "Missing argument"),
        (["nonsense"], "No such command"),
        (["day", "{missing}", "--out", "{tmp}/o", "--date", "2014-06-15"], "missing"),
        (["day", "{sample}", "--out", "{tmp}/o", "--starttime", "2014-06-15"], "give date"),
        (["day", "{sample}", "--out", "{tmp}/o", "--date", "someday"], "someday"),
        (["day", "{sample}", "--out", "{tmp}/o", "--date", "2014-06-15", "-n", "no"], "shipped"),
        (["day", "{sample}", "--out", "{tmp}/o", "--date", "2014-06-15", "-i", "no"], "no such"),
    ],
)
def test_wrong_usage_is_exit_2_with_a_reason(arguments, words, capsys, sample_dir, tmp_path):
    places = {
        "sample": str(sample_dir / "sds"),
        "tmp": str(tmp_path),
        "missing": str(tmp_path / "missing"),
    }
    assert run([a.format(**places) for a in arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_settings_file_with_an_unknown_key_is_exit_2(capsys, sample_dir, tmp_path):
    path = tmp_path / "run.toml"
    path.write_text("[amplitud]\n")
    code = run(["config", "check", str(path)])
    assert code == 2
    assert "did you mean 'amplitude'" in capsys.readouterr().err


def test_config_show_is_a_settings_file(capsys, tmp_path):
    assert run(["config", "show"]) == 0
    path = tmp_path / "run.toml"
    path.write_text(capsys.readouterr().out)
    assert run(["config", "check", str(path)]) == 0


def test_a_day_without_records_is_exit_3_and_says_what_there_is(capsys, sample_dir, tmp_path):
    code = run(
        ["day", str(sample_dir / "sds"), "--date", "1999-01-01", "--out", str(tmp_path / "o")]
    )
    assert code == 3
    assert "1U.JGPD" in capsys.readouterr().err


def test_an_output_that_cannot_be_made_is_exit_4_before_the_work(capsys, sample_dir, tmp_path):
    place = tmp_path / "file"
    place.write_text("not a folder")
    code = run(["day", str(sample_dir / "sds"), "--date", "2014-06-15", "--out", str(place)])
    assert code == 4
    assert "file" in capsys.readouterr().err


def test_interruption_is_exit_130(monkeypatch, sample_dir, tmp_path):
    import paektuseis.pipeline

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(paektuseis.pipeline, "process_day", stop)
    code = run(["day", str(sample_dir / "sds"), "--date", "2014-06-15", "--out", str(tmp_path)])
    assert code == 130


def test_network_lists_stations_as_csv(capsys):
    assert run(["network", "paektu"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith("network,station,latitude")
    assert "JGPD" in out


def test_quality_writes_the_table(capsys, sample_dir, tmp_path):
    out = tmp_path / "quality.csv"
    code = run(["quality", str(sample_dir / "sds"), "--out", str(out)])
    assert code == 0
    table = pd.read_csv(out)
    assert {"gap", "flat"} <= set(table["check"])


def test_event_measures_and_draws(capsys, sample_dir, tmp_path):
    truth = pd.read_csv(sample_dir / "truth.csv")
    time = truth[truth["label"] == "VT"].sort_values("snr")["time"].iloc[-1]
    code = run(
        ["event", str(sample_dir / "sds"), "--time", time, "--out", str(tmp_path),
         "-i", str(sample_dir / "stations.xml"), "-n", "paektu"]
    )  # fmt: skip
    assert code in (0, 1)
    page = capsys.readouterr().out.strip()
    assert os.path.getsize(page) > 20_000
    attributes = pd.read_csv(tmp_path / "attributes.csv")
    assert "frequency_index" in set(attributes["attribute"])
    assert set(pd.read_csv(tmp_path / "amplitudes.csv")["units"]) == {"m/s"}


def test_demo_leaves_everything_and_names_the_first_page(capsys, sample_dir, tmp_path):
    out = tmp_path / "demo"
    assert run(["demo", "--data", str(sample_dir), "--out", str(out)]) == 0
    streams = capsys.readouterr()
    assert streams.out.strip() == str(out / "index.html")
    assert "planted" in streams.err
    html = (out / "index.html").read_text()
    assert "SYNTHETIC" in html
    assert "<script" not in html
    record = json.loads((out / "run.json").read_text())
    assert record["counts"]["events"] > 10
    assert all(len(item["sha256"]) == 64 for item in record["inputs"])
    tables = {p.name for p in (out / "tables").iterdir()}
    assert {"events.parquet", "events.csv", "quality.csv", "rsam.parquet"} <= tables
    from obspy import read_events

    assert len(read_events(str(out / "events.xml"))) == record["counts"]["events"]
    assert len(list((out / "pages").glob("event-*.png"))) == record["counts"]["events"]
    for name in __import__("re").findall(r'(?:href|src)="([^"]+)"', html):
        assert (out / name).exists(), name
