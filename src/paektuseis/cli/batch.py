"""``paektuseis batch``: years of archive."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import EXIT_PROBLEMS, complain, open_network, say
from .day import ArchiveArgument, ConfigOption, InventoryOption, NetworkOption

if TYPE_CHECKING:
    from ..batch import ArchiveRun, Progress

_PLAIN_EVERY = 10.0
_MOST = 20


def batch(
    archive: ArchiveArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    config: ConfigOption = None,
    starttime: Annotated[
        str | None, typer.Option("--from", help="First instant (UTC), default all there is.")
    ] = None,
    endtime: Annotated[str | None, typer.Option("--to", help="End, not included (UTC).")] = None,
    network: NetworkOption = None,
    inventory: InventoryOption = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes of this machine.")] = 1,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler that does the work, as tcp://host:port.")
    ] = None,
    index: Annotated[
        Path | None, typer.Option(help="Index of the archive; default OUT/index.sqlite.")
    ] = None,
    measure_events: Annotated[
        bool, typer.Option("--measure-events", help="Measure each event's amplitudes and spectra.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the work and stop.")] = False,
) -> int:
    """Process years of archive, day by day; a rerun does only what changed.

    Every record is decoded once. Results are Parquet tables in OUT/tables/day=YYYY-MM-DD; a day
    that fails is a row with its reason and the run goes on. A killed run is resumed by the
    same command; several runs may share one OUT.

    Example: paektuseis batch SDS --network stations.xml --out results --workers 2
    """
    from ..batch import dask_executor, run_archive
    from ..io import make_folder

    make_folder(out)
    net, from_network = open_network(network)
    metadata: Any = inventory
    if not inventory and from_network is not None and network is not None:
        metadata = [Path(network)]
    elif net is not None and inventory:
        from ..io import read_stations

        net = net.with_inventory(read_stations(inventory))
    elif net is None and inventory:
        from ..io import read_stations
        from ..network import Network

        net = Network.from_inventory(read_stations(inventory), name="network")
    with (
        _progress(dry_run) as tell,
        dask_executor(scheduler) if scheduler else nullcontext(None) as executor,
    ):
        done = run_archive(
            archive,
            config,
            out,
            starttime=starttime,
            endtime=endtime,
            executor=executor,
            workers=workers,
            network=net,
            inventory=metadata or None,
            measure_events=measure_events,
            index=index,
            dry_run=dry_run,
            progress=tell,
        )
    if dry_run:
        for row in done.jobs.itertuples():
            typer.echo(f"{row.job}  {row.state}")
        say(f"{len(done.jobs)} days, {int((done.jobs['state'] != 'done').sum())} to do")
        return 0
    return _closing(done)


def _closing(done: ArchiveRun) -> int:
    from ..batch._bad_files import BAD_FILES
    from ..io import safe_text

    failed = done.jobs[done.jobs["state"] == "failed"]
    for row in failed.itertuples():
        complain(f"{row.job}: {row.reason}")
    worked = done.done + done.failed
    rate = f", {done.seconds / worked:.2f} s a day" if worked else ""
    memory = f", peak memory {done.peak_memory:.0f} MB" if done.peak_memory > 0 else ""
    say(
        f"{done.done} days done, {done.failed} failed, {done.unchanged} unchanged in "
        f"{done.seconds:.1f} s{rate}{memory}"
    )
    if done.problems:
        say(f"{done.problems} problems within the days: see the problems column and the receipts")
    for path, reason in list(done.bad_files.items())[:_MOST]:
        name, why = safe_text(path), safe_text(reason)
        say(why if why.startswith(name) else f"{name}: {why}")
    if len(done.bad_files) > _MOST:
        say(f"... and {len(done.bad_files) - _MOST} more files: {done.out / BAD_FILES}")
    typer.echo(str(done.out))
    troubled = len(failed) or done.problems or done.bad_files or not done.complete
    return EXIT_PROBLEMS if troubled else 0


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """Yield what shows the progress: a bar on a terminal, plain lines in a log."""
    if quiet:
        yield None
        return
    if not sys.stderr.isatty():
        last = [-_PLAIN_EVERY]

        def plain(now: Progress) -> None:
            worked = now.done + now.failed
            final = worked + now.unchanged == now.total
            if now.state == "failed":
                complain(f"{now.job} failed: {now.reason}")
            if final or now.seconds - last[0] >= _PLAIN_EVERY:
                last[0] = now.seconds
                say(
                    f"{worked + now.unchanged} of {now.total} days"
                    + (f", {now.unchanged} unchanged" if now.unchanged else "")
                    + (f", {now.failed} failed" if now.failed else "")
                    + (f", {now.seconds / worked:.2f} s a day" if worked else "")
                    + (f", {_clock(now.left)} left" if worked and not final else "")
                )

        yield plain
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn

    columns = (
        TextColumn("days"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("days", total=None, words="")

        def draw(now: Progress) -> None:
            worked = now.done + now.failed
            words = f"{now.seconds / worked:.2f} s a day, {_clock(now.left)} left" if worked else ""
            if now.failed:
                words += f", {now.failed} failed"
            bar.update(task, completed=worked + now.unchanged, total=now.total, words=words)

        yield draw


def _clock(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    return f"{hours} h {rest // 60:02d} min" if hours else f"{rest // 60} min {rest % 60:02d} s"
