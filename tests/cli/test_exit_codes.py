"""Every verb: 0 done, 1 with problems, 2 usage or nothing usable, 3 no data, 4 cannot write."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables
from paektuseis.cli.app import run

COMMAND = "import sys; from paektuseis.cli import main; sys.argv[0] = 'paektuseis'; main()"
DAY = "2014-06-01"


def record(station, seconds=240.0):
    n = round(seconds * 20)
    rng = np.random.default_rng(len(station) + ord(station[0]))
    out = Trace(np.rint(rng.normal(0, 300, n)).astype(np.int32))
    out.stats.update({"network": "XX", "station": station, "channel": "HHZ"})
    out.stats.sampling_rate, out.stats.starttime = 20.0, UTCDateTime(DAY) + 3600
    return out


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Archives that are sound, damaged, unusable, empty; tables; places not to be written to."""
    root = tmp_path_factory.mktemp("codes")
    ps.write_sds(Stream([record("A"), record("B")]), root / "sound")
    shutil.copytree(root / "sound", root / "damaged")
    victim = next((root / "damaged").rglob("XX.A*"))
    data = bytearray(victim.read_bytes())
    data[512:1024] = b"\xaa" * 512
    victim.write_bytes(data)
    shutil.copytree(root / "sound", root / "unusable")
    for path in (root / "unusable").rglob("XX.*"):
        path.write_bytes(b"")
    (root / "empty").mkdir()
    (root / "notes").mkdir()
    (root / "notes" / "a.txt").write_text("no record")
    (root / "file").write_text("in the way")
    (root / "garbage.parquet").write_bytes(b"PAR1 nothing")
    (root / "other.csv").write_text("a,b\n1,2\n")
    ps.write_table(tables.EVENTS.frame(), root / "no-events.csv")
    ps.write_table(tables.PICKS.frame(), root / "no-picks.csv")
    ps.write_table(tables.FEATURES.frame(), root / "no-features.csv")
    (root / "run.toml").write_text(
        '[[detectors]]\nname = "vt"\nfreqmin = 2.0\nfreqmax = 8.0\nsta = 0.5\nlta = 10.0\n'
        '[amplitude]\nfreqmax = 8.0\n[ratios]\nnames = ["vlar"]\n'
    )
    return root


CASES = [
    # verb, words, exit code, words in what is said
    ("help", "--help", 0, ""),
    ("no verb", "nothing", 2, "No such command"),
    ("config", "config check {p}/run.toml", 0, ""),
    ("config missing", "config check {p}/none.toml", 2, "none.toml"),
    ("config garbage", "config check {p}/garbage.parquet", 2, "garbage"),
    ("network", "network paektu", 0, ""),
    ("network unknown", "network nowhere", 2, "shipped"),
    ("network garbage", "network {p}/other.csv", 2, "other.csv"),
    ("network map", "network paektu --map {p}/file/map.png", 4, "file"),
    ("index", "index {p}/sound --out {t}/i.sqlite", 0, ""),
    ("index damaged", "index {p}/damaged --out {t}/i.sqlite", 1, "XX.A"),
    ("index unusable", "index {p}/unusable --out {t}/i.sqlite", 2, "none of its files"),
    ("index empty", "index {p}/empty --out {t}/i.sqlite", 3, "no waveforms"),
    ("index notes", "index {p}/notes --out {t}/i.sqlite", 3, "no waveforms"),
    ("index missing", "index {p}/none --out {t}/i.sqlite", 2, "does not exist"),
    ("index below a file", "index {p}/sound --out {p}/file/i.sqlite", 4, "cannot be written"),
    ("index a folder", "index {p}/sound --out {p}/empty", 4, "empty"),
    ("index no index", "index {p}/sound --out {p}/other.csv", 2, "not a database"),
    ("doctor", "doctor {p}/sound", 0, "no fault"),
    ("doctor damaged", "doctor {p}/damaged", 1, "1 error"),
    ("doctor unusable", "doctor {p}/unusable", 2, "none of its files"),
    ("doctor empty", "doctor {p}/empty", 3, "no waveforms"),
    ("doctor missing", "doctor {p}/none", 2, "does not exist"),
    ("quality", "quality {p}/sound --out {t}/q.csv", 0, ""),
    ("quality damaged", "quality {p}/damaged --out {t}/q.csv", 1, ""),
    ("quality unusable", "quality {p}/unusable --out {t}/q.csv", 2, "nothing can be used"),
    ("quality no day", "quality {p}/sound --date 2001-01-01 --out {t}/q.csv", 3, "XX.A"),
    ("quality empty", "quality {p}/empty --out {t}/q.csv", 3, "no records"),
    ("quality below a file", "quality {p}/sound --out {p}/file/q.csv", 4, "cannot be written"),
    ("batch usage", "batch {p}/sound --out {t}/o --from never", 2, "never"),
    ("batch missing", "batch {p}/none --out {t}/o", 2, "does not exist"),
    ("batch empty", "batch {p}/empty --out {t}/o", 3, "no records"),
    ("batch no day", "batch {p}/sound --out {t}/o --from 2020-01-01", 3, "it holds"),
    ("batch on a file", "batch {p}/sound --out {p}/file", 4, "file"),
    ("batch no settings", "batch {p}/sound --out {t}/o --config {p}/none.toml", 2, "none.toml"),
    ("batch garbage", "batch {p}/sound --out {t}/o -i {p}/garbage.parquet", 2, "garbage"),
    ("day missing", "day {p}/none --out {t}/o --date 2014-06-01", 2, "does not exist"),
    ("day none", "day {p}/sound --out {t}/o --date 2001-01-01 --no-pages", 3, "XX.A"),
    ("day unusable", "day {p}/unusable --out {t}/o --date 2014-06-01 --no-pages", 2, "empty"),
    ("day on a file", "day {p}/sound --out {p}/file --date 2014-06-01 --no-pages", 4, "file"),
    ("event none", "event {p}/sound --out {t}/o --time 2001-01-01", 3, "no records"),
    ("event usage", "event {p}/sound --out {t}/o --time now", 2, "now"),
    ("event on a file", "event {p}/sound --out {p}/file --time 2014-06-01T01:01", 4, "file"),
    ("stats none", "stats {p}/no-events.csv", 3, "no event"),
    ("stats missing", "stats {p}/none.csv", 2, "no such table"),
    ("stats garbage", "stats {p}/garbage.parquet", 2, "garbage"),
    ("stats other", "stats {p}/other.csv", 2, "magnitude"),
    ("locate none", "locate {p}/no-picks.csv -n paektu --out {t}/o.csv", 3, "no pick"),
    ("locate missing", "locate {p}/none.csv -n paektu --out {t}/o.csv", 2, "none.csv"),
    ("locate garbage", "locate {p}/garbage.parquet -n paektu --out {t}/o.csv", 2, "garbage"),
    ("classify none", "classify {p}/no-features.csv --out {t}/o.csv", 3, "no event"),
    ("classify missing", "classify {p}/none.csv --out {t}/o.csv", 2, "no such table"),
    ("classify garbage", "classify {p}/garbage.parquet --out {t}/o.csv", 2, "garbage"),
    ("match none", "match {p}/sound {p}/no-events.csv --out {t}/o", 3, "no event"),
    ("match missing", "match {p}/none {p}/no-events.csv --out {t}/o", 2, "does not exist"),
    ("match garbage", "match {p}/sound {p}/garbage.parquet --out {t}/o", 2, "garbage"),
    ("timeline missing", "timeline {p}/none", 2, "none"),
    ("demo no sample", "demo --data {p}/empty --out {t}/o", 2, "stations.xml"),
    ("demo on a file", "demo --data {p}/file --out {p}/file", 2, "stations.xml"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "said"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_exit_code(place, tmp_path, capsys, words, code, said):
    got = run([word.format(p=place, t=tmp_path) for word in words.split()])
    told = capsys.readouterr()
    assert got == code, told.err
    assert said in told.out + told.err
    assert "Traceback" not in told.err
    assert (place / "file").read_text() == "in the way"


def test_a_batch_with_a_damaged_file_is_done_with_problems(place, tmp_path, capsys):
    words = ["batch", str(place / "damaged"), "--out", str(tmp_path / "o"),
             "--config", str(place / "run.toml")]  # fmt: skip
    for _ in range(2):  # a rerun that finds everything done says so too
        assert run(words) == 1
        assert "XX.A..HHZ" in capsys.readouterr().err
    lines = (tmp_path / "o" / "bad-files.jsonl").read_text().splitlines()
    assert len(lines) == 1
    assert "damaged" in lines[0]


def test_a_name_cannot_forge_a_line_of_the_terminal(tmp_path, capsys):
    path = tmp_path / "x\n\x1b[2Kall is well.csv"
    assert run(["stats", str(path)]) == 2
    told = capsys.readouterr()
    assert "\x1b[2K" not in told.out + told.err
    assert not any(line.startswith("all is well") for line in (told.out + told.err).splitlines())
    assert "\\x1b[2Kall is well" in told.err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_exit_4(place):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "config", "show"], stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 4
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_of_the_program_is_not_a_run_with_problems(monkeypatch, caplog):
    from paektuseis.cli import app

    def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(app, "run", broken)
    monkeypatch.setattr(app.interrupts, "listen", lambda: None)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 2
    assert "unexpected error" in caplog.text


def test_a_signal_that_a_compiled_module_swallows_still_ends_as_one(monkeypatch, capsys):
    from paektuseis.cli import app

    def swallowed():
        app.interrupts._heard.append(15)
        raise AttributeError("partially initialized module")

    monkeypatch.setattr(app.interrupts, "_heard", [])
    monkeypatch.setattr(app.interrupts, "_told", set())
    monkeypatch.setattr(app.interrupts, "listen", lambda: None)
    monkeypatch.setattr(app, "run", swallowed)
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 143
    assert capsys.readouterr().err.count("paektuseis:") == 1
