"""``paektuseis classify``: what kind each event is, from its features."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import NoDataError


def classify(
    features: Annotated[
        Path,
        typer.Argument(help="Folder of `paektuseis day`, or its table features (CSV, Parquet)."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Table to write (.csv, .parquet).")],
    model: Annotated[
        Path | None,
        typer.Option(help="A model you trained (JSON); by default the rules of the library."),
    ] = None,
) -> int:
    """Give each event its class, how clear it is, and the reason.

    Example: paektuseis classify paektuseis-demo --out classes.csv
    """
    from .. import tables
    from ..catalog import classify_events, load_event_model
    from ..errors import ConfigError
    from ..io import read_table, write_table

    path = features / "tables" / "features.parquet" if features.is_dir() else features
    if not path.is_file():
        raise ConfigError(f"{path}: no such table; run `paektuseis day` first")
    table = read_table(path, tables.FEATURES)
    if not len(table):
        raise NoDataError(f"{path}: no event in it")
    rules = load_event_model(model) if model is not None else None
    classes = classify_events(table, rules=rules)
    write_table(classes, out)
    for label, count in classes["label"].value_counts().items():
        typer.echo(f"{count:6d} {label or 'no class'}")
    typer.echo(str(out))
    return 0
