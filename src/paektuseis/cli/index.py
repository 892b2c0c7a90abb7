"""``paektuseis index``: what an archive holds, noted once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import EXIT_PROBLEMS, EXIT_USAGE, NoDataError, complain, progress_bar, say
from .day import ArchiveArgument

_MOST = 20


def index(
    archive: ArchiveArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Index, a SQLite file; made or brought up to date.")
    ] = Path("index.sqlite"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="Threads that read files.")] = 1,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            "--verify",
            help="Read every file again, changed or not, and hold it against its first digest.",
        ),
    ] = False,
) -> int:
    """Index an archive: spans, damage and digest of every file; only changed files are read.

    The file has the layout of EarthScope's tsindex: obspy's client of that name and
    programs around mseedindex read it. The digest of each file is kept from its first sight:
    with --verify, bits that have rotted since are found.

    Example: paektuseis index SDS --out sds.sqlite
    """
    from ..io import Archive, index_archive, safe_text

    records = Archive(archive)
    with progress_bar("indexing") as tick:
        report = index_archive(records, out, workers=workers, full=full, progress=tick)
    bad = {**report.unreadable, **report.damaged, **report.altered}
    if records.layout != "flat":  # their names promise records
        bad.update(report.foreign)
    for path, reason in list(bad.items())[:_MOST]:
        name, why = safe_text(path), safe_text(reason)
        say(why if why.startswith(name) else f"{name}: {why}")
    if len(bad) > _MOST:
        say(f"... and {len(bad) - _MOST} more")
    typer.echo(
        f"{report.path}: {report.files} files, {report.scanned} read, "
        f"{report.unchanged} unchanged, {report.gone} gone, "
        f"{len(report.damaged)} damaged, {len(report.unreadable)} unreadable, "
        f"{len(report.foreign)} no waveform files"
        + (f", {len(report.altered)} altered since first seen" if report.altered else "")
    )
    if len(report.foreign) == report.files:
        raise NoDataError(f"{records.root}: holds no waveforms")
    if len(report.unreadable) + len(report.foreign) == report.files:
        complain(f"{records.root}: none of its files can be read")
        return EXIT_USAGE
    return EXIT_PROBLEMS if bad else 0
