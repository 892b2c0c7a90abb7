"""``paektuseis index``: counts on standard output, reasons on standard error, exit codes."""

import shutil

from paektuseis import ArchiveIndex
from paektuseis.cli.app import run


def test_index_of_the_sample(capsys, sample_dir, tmp_path):
    out = tmp_path / "sds.sqlite"
    assert run(["index", str(sample_dir / "sds"), "--out", str(out), "--workers", "2"]) == 0
    assert "18 files, 18 read, 0 unchanged, 0 gone, 0 damaged, 0 unreadable, 0 no" in (
        capsys.readouterr().out
    )
    assert len(ArchiveIndex(out).trace_ids()) == 18
    assert run(["index", str(sample_dir / "sds"), "--out", str(out)]) == 0
    assert "18 files, 0 read, 18 unchanged" in capsys.readouterr().out
    assert run(["index", str(sample_dir / "sds"), "--out", str(out), "--full"]) == 0
    assert "18 files, 18 read" in capsys.readouterr().out


def test_index_tells_of_files_that_cannot_be_read(capsys, sample_dir, tmp_path):
    folder = tmp_path / "flat"
    folder.mkdir()
    path = next((sample_dir / "sds").rglob("*.166"))
    shutil.copy(path, folder / "good")
    (folder / "notes").write_text("no records")
    assert run(["index", str(folder), "--out", str(tmp_path / "i.sqlite")]) == 0
    assert "0 unreadable, 1 no waveform files" in capsys.readouterr().out
    (folder / "bad\x1b[1m").touch()
    assert run(["index", str(folder), "--out", str(tmp_path / "i.sqlite")]) == 1
    told = capsys.readouterr()
    assert "3 files, 1 read, 2 unchanged, 0 gone, 0 damaged, 1 unreadable, 1 no" in told.out
    assert "flat/bad" in told.err
    assert "\x1b" not in told.err
    (folder / "good").unlink()
    assert run(["index", str(folder), "--out", str(tmp_path / "i.sqlite")]) == 2
    (folder / "bad\x1b[1m").unlink()
    assert run(["index", str(folder), "--out", str(tmp_path / "i.sqlite")]) == 3
    assert run(["index", str(tmp_path / "missing"), "--out", str(tmp_path / "i.sqlite")]) == 2
