"""The page to open first: one HTML file beside the products, no script, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, select_autoescape

from .. import __version__
from ..io import safe_text, write_text
from ..pipeline import DayResult
from .pages import Pages
from .products import short_time, span_text

_SEVERITY_RANK = {"error": 0, "warning": 1, "info": 2}
MAX_QUALITY_ROWS = 60


def write_index(
    result: DayResult, pages: Pages, out: str | Path, *, synthetic: bool = False
) -> Path:
    """Write ``index.html``: what happened, what was monitored, where everything is.

    Parameters
    ----------
    result : DayResult
    pages : Pages
    out : str or Path
    synthetic : bool, optional

    Returns
    -------
    Path
        The file to open.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    environment = Environment(
        loader=PackageLoader("paektuseis.report"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    title = result.network.title if result.network is not None else "Network"
    page = environment.get_template("index.html").render(
        title=safe_text(title),
        span=span_text(result),
        synthetic=synthetic,
        version=__version__,
        pages=pages,
        events=[_event(row, pages) for _, row in result.events.iterrows()],
        counts=_counts(result),
        stations=_stations(result, pages),
        quality=_quality(result.tables["quality"]),
        n_quality=len(result.tables["quality"]),
        problems=[safe_text(p) for p in (*result.problems, *pages.problems)],
        tables=sorted(result.tables),
        detectors=result.settings.detectors,
    )
    path = Path(out) / "index.html"
    write_text(path, page)
    return path


def _event(row: pd.Series, pages: Pages) -> dict[str, Any]:
    def number(name: str, form: str) -> str:
        return format(row[name], form) if pd.notna(row[name]) else "–"

    return {
        "id": safe_text(row["event_id"]),
        "time": short_time(row["time"]),
        "duration": number("duration", ".1f"),
        "stations": int(row["n_stations"]),
        "detectors": ", ".join(row["detectors"]),
        "ratio": number("peak_ratio", ".1f"),
        "frequency": number("dominant_frequency", ".1f"),
        "index": number("frequency_index", "+.2f"),
        "amplitude": number("peak_amplitude", ".2e"),
        "units": safe_text(row["peak_units"]),
        "best": safe_text(row["best_trace_id"]),
        "flags": len(row["flags"]),
        "page": pages.events.get(row["event_id"], ""),
    }


def _counts(result: DayResult) -> list[dict[str, Any]]:
    detections = result.tables["detections"]
    out = []
    for detector in result.settings.detectors:
        mine = detections[detections["detector"] == detector.name]
        out.append(
            {
                "detector": detector,
                "events": int((mine["veto"] == "").sum()),
                "vetoed": int((mine["veto"] != "").sum()),
            }
        )
    return out


def _stations(result: DayResult, pages: Pages) -> list[dict[str, Any]]:
    """One row a measured channel: where it is and how much of the span was judged."""
    monitoring = result.tables["monitoring"]
    first = result.settings.detectors[0].name
    mine = monitoring[monitoring["detector"] == first]
    span = result.endtime - result.starttime
    rows = []
    for name in sorted(set(mine["trace_id"])):
        states = mine[mine["trace_id"] == name].groupby("state")["duration"].sum() / span
        rows.append(
            {
                "name": safe_text(name),
                "monitored": f"{100 * states.get('monitored', 0.0):.1f}",
                "blind": f"{100 * states.get('blind', 0.0):.1f}",
                "missing": f"{100 * states.get('missing', 0.0):.1f}",
                "page": pages.stations.get(name, ""),
            }
        )
    return rows


def _quality(quality: pd.DataFrame) -> list[dict[str, str]]:
    order = quality["severity"].map(_SEVERITY_RANK)
    worst = quality.assign(_rank=order).sort_values(["_rank", "trace_id", "starttime"])
    return [
        {
            "severity": row["severity"],
            "trace_id": safe_text(row["trace_id"]),
            "time": short_time(row["starttime"]) if pd.notna(row["starttime"]) else "",
            "check": safe_text(row["check"]),
            "message": safe_text(row["message"]),
        }
        for _, row in worst.head(MAX_QUALITY_ROWS).iterrows()
    ]
