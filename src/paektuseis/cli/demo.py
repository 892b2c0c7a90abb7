"""``paektuseis demo``: the main job on the synthetic sample hour."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import say

if TYPE_CHECKING:
    import pandas as pd

SAMPLE = Path("data") / "sample"
LATE = {"tremor": 20.0, "VLP": 20.0}
"""Seconds a detection may come after a first arrival of kinds that begin slowly (others 3)."""


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
    from ..errors import ConfigError
    from ..io import Archive, make_folder, read_stations, read_table
    from ..network import load_network
    from .day import drawing_workers, summarise

    folder = data or SAMPLE
    if data is not None and not (folder / "stations.xml").is_file():
        raise ConfigError(f"--data {data}: holds no stations.xml; leave it out to compute the hour")
    make_folder(out)
    if not (folder / "stations.xml").is_file():
        from ..synthetic import write_sample

        folder = out / "sample"
        say(f"computing the sample hour into {folder}")
        write_sample(folder)
    settings = Settings()
    with drawing_workers(settings, min(2, os.cpu_count() or 1)) as workers:
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
    say(score_text(events, truth))
    return code


def score_text(events: pd.DataFrame, truth: pd.DataFrame) -> str:
    """Say how many of the planted events of each kind were found, and what is left over.

    Parameters
    ----------
    events : DataFrame
        ``tables.EVENTS``.
    truth : DataFrame
        ``tables.TRUTH``.

    Returns
    -------
    str
    """
    from ..detection import match_detections

    parts = []
    for label, planted in truth.groupby("label", sort=False):
        score = match_detections(events, planted, tolerance=LATE.get(str(label), 3.0))
        faint = planted.iloc[score.misses["reference_index"]]["snr"]
        missed = f" (missed: SNR {', '.join(f'{v:.1f}' for v in faint)})" if len(faint) else ""
        parts.append(f"{label} {score.n_hits} of {len(planted)}{missed}")
    inside = [
        bool(
            (
                (truth["time"] - pd_seconds(3.0) <= time)
                & (time <= truth["time"] + pd_seconds(truth["duration"] + 5.0))
            ).any()
        )
        for time in events["time"]
    ]
    return (
        f"against what was planted: {'; '.join(parts)}. "
        f"{len(inside) - sum(inside)} of {len(inside)} events are nothing that was planted"
    )


def pd_seconds(seconds: Any) -> Any:
    """Return seconds as time differences pandas can add to times."""
    import pandas as pd

    return pd.to_timedelta(seconds, unit="s")
