"""Results of a day: whole or not at all, counted with all their files, and of one key."""

import json
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace

import paektuseis as ps
from paektuseis.batch import job as jobs, store
from paektuseis.batch.plan import DayJob, code_version, plan_days
from paektuseis.batch.store import RECEIPT, RESULTS, result_in_place, write_day
from paektuseis.io import ArchiveIndex, index_archive

from .conftest import START

NAME = "day=2014-01-01"


def day(value):
    """What ``write_day`` needs of a day."""
    tables = {name: pd.DataFrame({"value": [value]}) for name in ("a", "b")}
    return SimpleNamespace(tables=tables, spectrograms={}, noise={}, problems=())


def tree(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*")) if p.is_file()}  # fmt: skip


def test_a_day_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    write_day(day(1.0), tmp_path, NAME, {"key": "one"})
    before = tree(tmp_path)
    write = store.write_table

    def failing(frame, path, **options):
        if path.name == "b.parquet":
            raise ps.OutputError(f"{path}: no space left")
        return write(frame, path, **options)

    monkeypatch.setattr(store, "write_table", failing)
    with pytest.raises(ps.OutputError, match="no space left"):
        write_day(day(2.0), tmp_path, NAME, {"key": "two"})
    assert tree(tmp_path) == before
    monkeypatch.undo()
    write_day(day(2.0), tmp_path, NAME, {"key": "two"})
    assert [p.name for p in (tmp_path / RESULTS).iterdir()] == [NAME]
    assert pd.read_parquet(tmp_path / RESULTS / NAME / "a.parquet")["value"].tolist() == [2.0]


def test_the_receipt_is_last_and_the_folder_is_flushed(tmp_path, monkeypatch):
    """Tables, then their receipt, then the name of the folder, then the folder above."""
    seen = []
    change, rename, fsync = os.replace, os.rename, os.fsync

    def flushing(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            seen.append(os.fstat(fd).st_ino)
        fsync(fd)

    def renaming(how, source, target):
        seen.append(Path(target).name)
        how(source, target)

    monkeypatch.setattr(os, "fsync", flushing)
    monkeypatch.setattr(os, "replace", lambda a, b: renaming(change, a, b))
    monkeypatch.setattr(os, "rename", lambda a, b: renaming(rename, a, b))
    write_day(day(1.0), tmp_path, NAME, {"key": "one"})
    names = [item for item in seen if isinstance(item, str)]
    assert names[-2:] == [RECEIPT, NAME]
    assert set(names[:-2]) == {"a.parquet", "b.parquet", "spectra.parquet", "noise.parquet",
                               "axes.parquet"}  # fmt: skip
    assert seen[-1] == (tmp_path / RESULTS).stat().st_ino
    receipt = json.loads((tmp_path / RESULTS / NAME / RECEIPT).read_text())
    assert set(receipt["files"]) == set(names[:-2])


def test_a_result_counts_with_all_its_files_alone(tmp_path):
    write_day(day(1.0), tmp_path, NAME, {"key": "one"})
    folder = tmp_path / RESULTS / NAME
    assert result_in_place(tmp_path, NAME, "one")
    assert not result_in_place(tmp_path, NAME, "two")
    whole = (folder / "a.parquet").read_bytes()
    (folder / "a.parquet").write_bytes(whole[:-1])
    assert not result_in_place(tmp_path, NAME, "one")
    (folder / "a.parquet").unlink()
    assert not result_in_place(tmp_path, NAME, "one")
    (folder / "a.parquet").write_bytes(whole)
    assert result_in_place(tmp_path, NAME, "one")
    for damaged in ("{", "[]", '{"key": "one"}', '{"key": "one", "files": {}}',
                    '{"key": "one", "files": {"a.parquet": {}}}', ""):  # fmt: skip
        (folder / RECEIPT).write_text(damaged)
        assert not result_in_place(tmp_path, NAME, "one")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """An archive of one channel and a minute."""
    root = tmp_path_factory.mktemp("small") / "sds"
    data = np.random.default_rng(4).integers(-999, 999, 1200).astype(np.int32)
    header = {"network": "XX", "station": "A", "channel": "HHZ", "sampling_rate": 20.0,
              "starttime": START + 3600}  # fmt: skip
    ps.write_sds(Stream([Trace(data, header=header)]), root)
    return root


def test_the_key_of_a_day_is_made_of_all_it_depends_on(small, settings, tmp_path, monkeypatch):
    root = tmp_path / "sds"
    shutil.copytree(small, root)

    def key(chosen=settings, **options):
        index_archive(ps.Archive(root), tmp_path / "i.sqlite")
        common = {"network": None, "inventory_digest": "", "measure_events": False} | options
        (planned,) = plan_days(
            ArchiveIndex(tmp_path / "i.sqlite", root=root), [(START, START + 86400)],
            settings=chosen, archive=str(root), layout="sds", index="", out="", inventory=(),
            **common,
        )  # fmt: skip
        return planned.key

    keys = [key(), key(inventory_digest="other"), key(measure_events=True)]
    assert key() == keys[0]
    keys.append(key(network=ps.load_network("paektu")))
    keys.append(key(replace(settings, amplitude=replace(settings.amplitude, freqmax=7.0))))
    with monkeypatch.context() as patch:
        patch.setattr("paektuseis.batch.plan.code_version", lambda: "1.0+another")
        keys.append(key())
    # another content under the same name, size and time
    (path,) = (p for p in root.rglob("XX.*") if p.is_file())
    info, content = path.stat(), bytearray(path.read_bytes())
    content[6] = ord("R")
    path.write_bytes(content)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert path.stat().st_size == info.st_size
    keys.append(key())
    assert len(set(keys)) == len(keys)


@pytest.fixture
def planned(small, settings, tmp_path):
    root = tmp_path / "sds"
    shutil.copytree(small, root)
    (path,) = (p for p in root.rglob("XX.*") if p.is_file())
    info = path.stat()
    files = ((path.relative_to(root).as_posix(), info.st_size, info.st_mtime_ns),)
    return path, DayJob(
        name=NAME, key="k", starttime=START, endtime=START + 86400, archive=str(root),
        layout="sds", index="", out=str(tmp_path / "out"), settings=settings, files=files,
        code=code_version(),
    )  # fmt: skip


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_day_whose_files_are_not_as_planned_is_refused(planned, monkeypatch, when):
    path, job = planned
    worked = []

    def processing(archive, **options):
        worked.append(options["starttime"])
        if when == "during":
            os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))
        return SimpleNamespace(timings={}, **vars(day(1.0)))

    monkeypatch.setattr(jobs, "process_day", processing)
    if when == "before":
        os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))
    with pytest.raises(ps.ArchiveError, match=r"XX\.A.*changed while the day was processed"):
        jobs.run_job(job)
    assert len(worked) == (when == "during")
    assert not Path(job.out).exists()
    path.unlink()
    with pytest.raises(ps.ArchiveError, match=r"XX\.A.*went away"):
        jobs.run_job(job)


def test_a_worker_of_another_version_is_refused(planned, monkeypatch):
    _, job = planned
    monkeypatch.setattr(jobs, "process_day", lambda archive, **options: pytest.fail("worked"))
    with pytest.raises(ps.ParameterError, match="install the same version everywhere"):
        jobs.run_job(replace(job, code="0.0+another"))
