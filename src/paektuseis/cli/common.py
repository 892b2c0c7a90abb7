"""What the verbs share: exit codes, messages, progress, opening what was named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import ConfigError, MetadataError, PaektuseisError

if TYPE_CHECKING:
    import pandas as pd
    from obspy import Inventory

    from ..network import Network
    from ..types import Progress

EXIT_PROBLEMS = 1
EXIT_USAGE = 2
EXIT_NO_DATA = 3
EXIT_OUTPUT = 4
EXIT_INTERRUPTED = 130


class NoDataError(PaektuseisError):
    """Nothing in the archive for what was asked."""


def say(text: str) -> None:
    """Write a line for the person at the terminal (standard error)."""
    typer.echo(text, err=True)


def complain(text: str) -> None:
    """Write an error, with control characters made visible."""
    from ..io import safe_text

    typer.secho(f"paektuseis: {safe_text(text)}", err=True, fg=typer.colors.RED)


def damage(table: pd.DataFrame) -> list[str]:
    """Return what a quality table says of files that cannot be used wholly, a line for each."""
    bad = table[
        (table["path"] != "")
        & (
            (table["severity"] == "error")
            | ((table["check"] == "unreadable_file") & (table["severity"] == "warning"))
        )
    ]
    return list(
        dict.fromkeys(
            message
            if message.startswith(path)
            else f"{path}: {message.removeprefix(Path(path).name + ': ')}"
            for path, message in zip(bad["path"], bad["message"], strict=True)
        )
    )


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """Yield ``tick(what, done, total)``: a bar on a terminal, a few plain lines elsewhere."""
    if not sys.stderr.isatty():
        last = ""

        def plain(what: str, done: int, total: int) -> None:
            nonlocal last
            if done == total and what != last:
                last = what
                say(f"{label}: {total} {what}")

        yield plain
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None, what="")

        def draw(what: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, what=what)

        yield draw


def open_network(name: str | None) -> tuple[Network | None, Inventory | None]:
    """Return the network a user named: a shipped name, a TOML profile or a metadata file.

    A station metadata file (StationXML, dataless SEED) gives positions and responses
    both; so it is returned as an inventory too.
    """
    if name is None:
        return None, None
    from ..io import read_stations
    from ..network import Network, load_network, shipped_networks

    path = Path(name)
    if name in shipped_networks() or path.suffix.lower() == ".toml":
        return load_network(name), None
    if not path.exists():
        raise ConfigError(
            f"--network {name!r} is neither a shipped network ({', '.join(shipped_networks())}) "
            "nor a file; give a TOML profile or a StationXML file"
        )
    inventory = read_stations(path)
    return Network.from_inventory(inventory, name=path.stem), inventory


def open_inventory(paths: list[Path] | None) -> Inventory | None:
    """Return the metadata files a user named, as one inventory."""
    if not paths:
        return None
    from ..io import read_stations

    for path in paths:
        if not path.exists():
            raise MetadataError(f"{path}: no such file; give a StationXML or dataless SEED file")
    return read_stations(paths)


def open_metadata(
    network: str | None, inventory: list[Path] | None
) -> tuple[Network | None, Inventory | None]:
    """Combine ``--network`` and ``--inventory``; the inventory's positions win."""
    net, from_network = open_network(network)
    metadata = open_inventory(inventory) or from_network
    if net is not None and metadata is not None and metadata is not from_network:
        net = net.with_inventory(metadata)
    elif net is None and metadata is not None:
        from ..network import Network

        net = Network.from_inventory(metadata, name="network")
    return net, metadata
