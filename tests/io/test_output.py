"""What is on the disk when: bytes before the name, the name before anything counts on it."""

import errno
import os
import stat
import sys
import time
from pathlib import Path

import pytest

import paektuseis as ps
from paektuseis.io import _output as output, _processes as processes, atomic_path
from paektuseis.io._output import make_folder


@pytest.fixture
def calls(monkeypatch):
    """The calls that make a file last, in order: (what, name of the file or folder)."""
    seen = []
    fsync, replace = os.fsync, os.replace

    def flushing(fd):
        folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        seen.append(("folder" if folder else "file", os.fstat(fd).st_ino))
        fsync(fd)

    def renaming(source, target):
        seen.append(("rename", os.stat(source).st_ino))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flushing)
    monkeypatch.setattr(os, "replace", renaming)
    return seen


def test_bytes_are_on_the_disk_before_the_name_and_the_name_after(tmp_path, calls):
    with atomic_path(tmp_path / "x") as temporary:
        temporary.write_text("whole")
        assert temporary.parent == tmp_path  # a rename, never a copy
        assert not calls
    file, folder = (tmp_path / "x").stat().st_ino, tmp_path.stat().st_ino
    assert calls == [("file", file), ("rename", file), ("folder", folder)]


def test_a_disk_that_fails_is_told(tmp_path, monkeypatch):
    """EIO of a flush means that the bytes may be lost; EINVAL that there is nothing to flush."""
    fsync = os.fsync

    def failing(fd, number):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", lambda fd: failing(fd, errno.EINVAL))
    with atomic_path(tmp_path / "x") as temporary:
        temporary.write_text("whole")
    monkeypatch.setattr(os, "fsync", lambda fd: failing(fd, errno.EIO))
    with pytest.raises(ps.OutputError, match="x: cannot be written"), atomic_path(tmp_path / "x"):
        pass


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_leftovers_of_the_dead_are_removed_and_no_others(tmp_path):
    mine = processes.process_mark()
    machine, pid, start = mine.rsplit(".", 2)
    dead = f"{machine}.{pid}.{int(start) - 1}"
    away = f"{'0' * 18}.{pid}.{start}"
    names = {
        f".tmp-{mine}-a": True,
        f".tmp-{dead}-b": False,
        f".old-{dead}-c": False,
        f".tmp-{away}-young": True,
        f".tmp-{away}-old": False,
        ".tmp-whose": True,
        "result.tmp": True,
    }
    for name in names:
        (tmp_path / name).mkdir() if name[-1] in "bd" else (tmp_path / name).write_text("x")
    (tmp_path / f".tmp-{dead}-b" / "inside").write_text("x")
    long_ago = time.time() - 2 * processes.LEFT_OVER
    os.utime(tmp_path / f".tmp-{away}-old", (long_ago, long_ago))
    os.utime(tmp_path / f".tmp-{mine}-a", (long_ago, long_ago))
    assert processes.remove_leftovers(tmp_path) == 3
    assert {p.name for p in tmp_path.iterdir()} == {n for n, stays in names.items() if stays}


def test_a_link_among_the_leftovers_is_not_followed(tmp_path):
    machine, pid, start = processes.process_mark().rsplit(".", 2)
    if not start:
        pytest.skip("this system does not tell when a process began")
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    (kept / "results").write_text("x")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / f".tmp-{machine}.{pid}.{int(start) - 1}-x").symlink_to(kept)
    assert processes.remove_leftovers(folder) == 1
    assert not list(folder.iterdir())
    assert (kept / "results").read_text() == "x"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
def test_a_folder_that_takes_nothing_is_refused(tmp_path, monkeypatch):
    assert make_folder(tmp_path / "deep" / "er").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(ps.OutputError, match="choose another --out"):
        make_folder(tmp_path / "file")
    access = os.access
    closed = tmp_path / "closed"
    closed.mkdir()
    monkeypatch.setattr(
        output.os, "access", lambda p, mode: Path(p) != closed and access(p, mode)
    )  # root may write anywhere
    with pytest.raises(ps.OutputError, match="closed: nothing can be written"):
        make_folder(closed)
