"""The catalogue page and the files it offers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ...catalog import CatalogueTables, write_catalogue
from ...io import write_table
from ...tables import EVENTS
from ._day import DayTables
from ._files import put
from ._overview import Overview
from ._words import UNKNOWN, Clock, finite, number, percent, plain_time

ONE_PAGE = 2000
"""Longer catalogues have a page for each calendar month."""


def month_of(event: dict[str, Any]) -> str:
    """Return the month of an event."""
    return plain_time(event["time"], "%Y-%m")


def months(overview: Overview) -> list[str]:
    """Return the months that have a page of their own; none for a short catalogue."""
    if len(overview.events) <= ONE_PAGE:
        return []
    found = sorted({month_of(e) for e in overview.events})
    return found if len(found) > 1 else []


def row_of(event: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Return an event as a row of the table."""
    return {
        **{k: event[k] for k in ("id", "label", "stations", "best")},
        "time": clock(event["time"]),
        "magnitude": event["magnitude"] or UNKNOWN,
        "margin": percent(event["margin"]),
        "latitude": number(event["latitude"], 3),
        "longitude": number(event["longitude"], 3),
        "horizontal": number(event["horizontal"], 1),
        "depth": number(event["depth"], 1),
        "vertical": number(event["vertical"], 1),
        "duration": number(event["duration"], 1),
        "frequency": number(event["frequency"], 2),
        "index": number(event["index"], 2, sign=True),
    }


def classes_summary(overview: Overview) -> list[dict[str, Any]]:
    """Return a row for each class: events, located ones, the largest."""
    out = []
    for label, n in overview.by_class().items():
        mine = [e for e in overview.events if e["label"] == label]
        sized = [e for e in mine if math.isfinite(e["size"])]
        top = max(sized, key=lambda e: e["size"]) if sized else None
        out.append(
            {
                "label": label,
                "n": int(n),
                "located": sum(finite(e["latitude"]) for e in mine),
                "largest": top["magnitude"] if top else UNKNOWN,
            }
        )
    return out


def day_files(tables: DayTables, folder: Path) -> list[str]:
    """Write QuakeML and bulletin of one day; return their names."""
    data = CatalogueTables(
        events=tables["events"],
        picks=tables["picks"],
        origins=tables["origins"],
        residuals=tables["residuals"],
        magnitudes=tables["magnitudes"],
        classes=tables["classes"],
    )
    write_catalogue(data, folder / "events.xml", format="quakeml")
    path = folder / "events.xml"
    put(folder, path.name, re.sub(rb">\s+<", b"><", path.read_bytes()))  # a third less
    write_catalogue(data, folder / "bulletin.txt", format="ims")
    return ["events.xml", "bulletin.txt"]


def whole_csv(frames: Sequence[pd.DataFrame], path: Path) -> None:
    """Write the events of all days as one CSV table."""
    write_table(EVENTS.concat(frames), path)
