"""The runner: what is done, what is not done again, what becomes of a day that fails."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

import paektuseis as ps
from paektuseis.batch.store import RESULTS
from paektuseis.pipeline import process_day

from .conftest import START


def contents(folder):
    """Every file of the results with its bytes."""
    root = folder / RESULTS
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def two_days(archive, settings, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    done = ps.run_archive(archive, settings, out, endtime=START + 2 * 86400)
    return out, done


def test_every_day_is_a_folder_of_tables(two_days):
    out, done = two_days
    assert (done.done, done.failed, done.unchanged) == (2, 0, 0)
    assert done.complete
    assert done.jobs["state"].tolist() == ["done", "done"]
    names = {p.split("/")[0] for p in contents(out)}
    assert names == {"day=2014-01-01", "day=2014-01-02"}
    record = json.loads((out / "run.json").read_text())
    assert record["jobs"] == {"planned": 0, "running": 0, "done": 2, "failed": 0}
    assert record["paektuseis"] == ps.__version__
    assert done.timings["read"] > 0
    assert done.peak_memory > 10


def test_a_rerun_does_nothing(two_days, archive, settings):
    out, _ = two_days
    before = contents(out)
    stamps = {p: p.stat().st_mtime_ns for p in (out / RESULTS).rglob("*.parquet")}
    again = ps.run_archive(archive, settings, out, endtime=START + 2 * 86400)
    assert (again.done, again.unchanged) == (0, 2)
    assert contents(out) == before
    assert stamps == {p: p.stat().st_mtime_ns for p in (out / RESULTS).rglob("*.parquet")}


def test_only_what_changed_is_done_again(archive, settings, tmp_path):
    copy, out = tmp_path / "sds", tmp_path / "out"
    shutil.copytree(archive, copy)
    ps.run_archive(copy, settings, out)
    victim = next(copy.rglob("XX.A..HHZ.D.2014.003"))
    victim.write_bytes(victim.read_bytes()[:-512])
    again = ps.run_archive(copy, settings, out)
    # the last day lost a record; the day before it reads the first half hour of that file
    assert again.done == 2
    assert again.unchanged == 1
    other = ps.Settings(detectors=settings.detectors, amplitude=settings.amplitude)
    assert ps.run_archive(copy, other, out, dry_run=True).unchanged == 0


def test_the_numbers_are_those_of_the_interactive_functions(two_days, archive, settings):
    out, _ = two_days
    results = ps.open_results(out)
    day = process_day(
        ps.Archive(archive), date="2014-01-02", settings=settings, station_spectra=False,
        measure_events=False,
    )  # fmt: skip
    for name in ("triggers", "detections", "rsam", "ssam", "ratios"):
        stored = results.table(name, starttime=START + 86400, endtime=START + 2 * 86400)
        for column in ("starttime", "value", "peak_ratio", "event_id"):
            if column in stored:
                assert (
                    stored[column].tolist()
                    == pytest.approx(day.tables[name][column].tolist(), nan_ok=True)
                    if column in ("value", "peak_ratio")
                    else (stored[column].tolist() == day.tables[name][column].tolist())
                )
    record = ps.Archive(archive).read("XX.A..HHZ", START + 43_200, START + 86_400)
    rows = ps.rsam(record, window=600.0, freqmin=1.0, freqmax=8.0)
    stored = results.table("rsam", starttime=START, endtime=START + 86400, trace_ids="XX.A..HHZ")
    both = stored.merge(rows, on="starttime").iloc[1:]
    assert len(both) == 71
    assert both["value_x"].to_numpy() == pytest.approx(both["value_y"].to_numpy(), rel=1e-9)


def test_a_day_that_fails_is_a_row_and_the_run_goes_on(archive, settings, tmp_path, monkeypatch):
    import paektuseis.batch.job as job

    true = job.process_day

    def sick(archive, **options):
        if options["starttime"] == START + 86400:
            raise RuntimeError("a disk gave up")
        return true(archive, **options)

    monkeypatch.setattr(job, "process_day", sick)
    done = ps.run_archive(archive, settings, tmp_path / "out")
    assert (done.done, done.failed) == (2, 1)
    assert not done.complete
    failed = done.jobs[done.jobs["state"] == "failed"]
    assert failed["job"].tolist() == ["day=2014-01-02"]
    assert "RuntimeError: a disk gave up" in failed["reason"].iloc[0]
    assert not (tmp_path / "out" / RESULTS / "day=2014-01-02").exists()
    monkeypatch.undo()
    again = ps.run_archive(archive, settings, tmp_path / "out")
    assert (again.done, again.unchanged, again.complete) == (1, 2, True)


def test_a_day_whose_table_was_cut_is_done_again(two_days, archive, settings, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(two_days[0], out)
    span = {"endtime": START + 2 * 86400}
    assert ps.run_archive(archive, settings, out, dry_run=True, **span).unchanged == 2
    victim = out / RESULTS / "day=2014-01-02" / "rsam.parquet"
    victim.write_bytes(victim.read_bytes()[:-7])
    planned = ps.run_archive(archive, settings, out, dry_run=True, **span)
    assert planned.unchanged == 1
    assert planned.jobs["state"].tolist() == ["done", "planned"]


def test_what_cannot_be_written_ends_the_run(archive, settings, tmp_path, monkeypatch):
    import paektuseis.batch.job as job

    def full(archive, **options):
        raise ps.OutputError("results: no space left on the disk")

    monkeypatch.setattr(job, "process_day", full)
    with pytest.raises(ps.OutputError, match="no space left"):
        ps.run_archive(archive, settings, tmp_path / "out")


def test_processes_and_threads_write_the_same_bytes(two_days, archive, settings, tmp_path):
    out, _ = two_days
    span = {"endtime": START + 2 * 86400}
    done = ps.run_archive(archive, settings, tmp_path / "two", workers=2, **span)
    assert done.done == 2
    assert contents(tmp_path / "two") == contents(out)
    with ThreadPoolExecutor(2) as pool:
        ps.run_archive(archive, settings, tmp_path / "threads", executor=pool, **span)
    assert contents(tmp_path / "threads") == contents(out)


def test_a_worker_that_dies_costs_its_day_alone(archive, settings, tmp_path, monkeypatch):
    from paektuseis.batch import run

    # worker processes import this module by its name
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1]))
    monkeypatch.setattr(run, "run_job", dies_on_the_second_day)
    done = ps.run_archive(archive, settings, tmp_path / "out", workers=2)
    assert (done.done, done.failed) == (2, 1)
    reason = done.jobs.set_index("job")["reason"]["day=2014-01-02"]
    assert "worker process ended" in reason


def dies_on_the_second_day(job):
    from paektuseis.batch.job import run_job

    if job.name == "day=2014-01-02":
        os._exit(9)
    return run_job(job)


def test_a_part_of_a_day_gives_way_to_the_whole(archive, settings, tmp_path):
    out = tmp_path / "out"
    ps.run_archive(archive, settings, out, endtime=START + 6 * 3600)
    assert [p.name for p in (out / RESULTS).iterdir()] == ["day=2014-01-01T000000-060000"]
    ps.run_archive(archive, settings, out, endtime=START + 86400)
    assert [p.name for p in (out / RESULTS).iterdir()] == ["day=2014-01-01"]


def test_spans_and_archives_that_mean_nothing_are_refused(archive, settings, tmp_path):
    with pytest.raises(ps.ParameterError, match="not after"):
        ps.run_archive(archive, settings, tmp_path / "o", starttime=START, endtime=START)
    with pytest.raises(ps.ArchiveError, match="it holds 2014-01-01"):
        ps.run_archive(archive, settings, tmp_path / "o", starttime="2020-01-01")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ps.ArchiveError, match="no records"):
        ps.run_archive(empty, settings, tmp_path / "p")
    with pytest.raises(ps.ParameterError, match="workers"):
        ps.run_archive(archive, settings, tmp_path / "o", workers=0)


def test_an_absent_station_is_missing_not_quiet(two_days):
    monitoring = ps.open_results(two_days[0]).table("monitoring")
    gone = monitoring[(monitoring["trace_id"] == "XX.C..HHZ") & (monitoring["state"] == "missing")]
    assert gone["endtime"].max() >= pd.Timestamp("2014-01-03", tz="UTC")
