"""``paektuseis import``: a disk from the field into an archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import EXIT_PROBLEMS, NoDataError, progress_bar, say

_MOST = 20
_LONGEST = 240
ToOption = Annotated[
    Path, typer.Option("--to", "-o", help="Root of the SDS archive; made if missing.")
]


def import_(
    source: Annotated[Path, typer.Argument(help="Folder of records in any format and naming.")],
    to: ToOption,
    network: Annotated[
        str | None, typer.Option("--network", "-n", help="Code for records without a network.")
    ] = None,
    station: Annotated[
        list[str] | None, typer.Option("--station", help="OLD=NEW station code; may be repeated.")
    ] = None,
    code: Annotated[
        list[str] | None,
        typer.Option(
            "--code",
            help="NET.STA.LOC.CHA=NET.STA.LOC.CHA; * for any code, and to keep one; repeatable.",
        ),
    ] = None,
    conflicts: Annotated[
        Path | None,
        typer.Option(help="Folder for samples that contradict the archive; else left out."),
    ] = None,
    report: Annotated[
        Path, typer.Option(help="Table of what became of each file (CSV); never replaced.")
    ] = Path("import-report.csv"),
) -> int:
    """Bring a disk of GCF, SAC, GSE2 or miniSEED files into an SDS archive.

    The content of a file tells its format, channel and time, not its name. Nothing is
    overwritten: samples that are missing are added, equal ones are left alone, different ones are
    reported. The report tells of every file what became of it; a second run changes nothing.
    The exit code is 0 if all is well, 1 if something was damaged, refused or in conflict, 3 if
    there were no waveforms.

    Example: paektuseis import /media/disk --to SDS --network 1U --station 1234=JGPD
    """
    from ..acquire import import_waveforms
    from ..io import safe_text

    with progress_bar("import") as tick:
        done = import_waveforms(
            source,
            to,
            codes=_rules(network, station or [], code or []),
            conflicts=conflicts,
            report=report,
            progress=tick,
        )
    troubled = done.problems()
    for row in troubled.head(_MOST).itertuples():
        reason = str(row.reason)
        if len(reason) > _LONGEST:
            reason = reason[:_LONGEST] + " … (all of it is in the report)"
        say(f"{safe_text(str(row.file))}: {row.outcome}: {reason}")
    if len(troubled) > _MOST:
        say(f"... and {len(troubled) - _MOST} more files: {done.path}")
    for line in done.summary():
        say(line)
    typer.echo(str(done.path))
    if not done.files["samples"].any() and not (done.files["outcome"] == "duplicate").any():
        raise NoDataError(f"{source}: holds no waveforms that can be read")
    return EXIT_PROBLEMS if len(troubled) else 0


def _rules(network: str | None, stations: list[str], codes: list[str]) -> dict[str, str]:
    """Return the rules that the options stand for; those of --code come last."""
    rules: dict[str, str] = {}
    if network is not None:
        rules[".*.*.*"] = f"{network}.*.*.*"
    for text in stations:
        old, new = _halves(text, "--station")
        rules[f"*.{old}.*.*"] = f"*.{new}.*.*"
    for text in codes:
        old, new = _halves(text, "--code")
        rules[old] = new
    return rules


def _halves(text: str, option: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not sign or not new:
        raise typer.BadParameter(f"{text!r}; give OLD=NEW", param_hint=option)
    return old, new
