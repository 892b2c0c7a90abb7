"""``paektuseis demo``: the main job on the synthetic sample hour."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from .common import say

SAMPLE = Path("data") / "sample"


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the products.")] = Path(
        "paektuseis-demo"
    ),
    data: Annotated[
        Path | None, typer.Option(help="The sample folder; default data/sample, else made anew.")
    ] = None,
) -> int:
    """Summarise one synthetic hour of six stations, and score it against the planted truth.

    Run it in the project's folder to use data/sample; elsewhere the same hour is computed
    first. Prints where the pages are.
    """
    import pandas as pd

    from .. import tables
    from ..config import Settings
    from ..detection import match_detections
    from ..io import Archive, read_stations, read_table
    from ..network import load_network
    from .day import drawing_workers, summarise

    folder = data or SAMPLE
    if not (folder / "stations.xml").is_file():
        from ..synthetic import write_sample

        folder = out / "sample"
        say(f"computing the sample hour into {folder}")
        write_sample(folder)
    settings = Settings()
    with drawing_workers(settings) as workers:
        inventory = read_stations(folder / "stations.xml")
        archive = Archive(folder / "sds")
        start, end = archive.span()
        hour = start.replace(minute=0, second=0, microsecond=0)
        code = summarise(
            archive,
            out,
            settings,
            load_network("paektu").select(["1U.*"]).with_inventory(inventory),
            inventory,
            starttime=str(hour),
            endtime=str(hour + 3600.0 * max(1, math.ceil((end - hour) / 3600.0))),
            workers=workers,
        )
    truth = read_table(folder / "truth.csv", tables.TRUTH)
    events = pd.read_parquet(out / "tables" / "events.parquet")
    score = match_detections(events, truth, tolerance=3.0)
    say(
        f"against the planted truth: {score.n_hits} of {len(truth)} events found, "
        f"{score.n_false} detections match none (see docs/methods)"
    )
    return code
