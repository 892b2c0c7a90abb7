"""What the index and the catalogue say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..._language import translate as _
from ...tables import QUALITY
from ...times import as_utc
from ._catalogue import classes_summary, month_of, months, row_of
from ._overview import LATEST, Overview
from ._pages import Frame, event_page, file_name, link, station_page
from ._source import Source
from ._station_view import findings
from ._words import (
    Clock,
    finite,
    none,
    number,
    or_none,
    percent,
    span_words,
    told,
    with_error,
)

MOST_ALERTS = 25
MOST_PROBLEMS = 40


def index_view(
    source: Source,
    frame: Frame,
    language: str,
    overview: Overview,
    days: dict[str, Any],
    clock: Clock,
    problems: Sequence[str],
) -> dict[str, Any]:
    """Return everything the template of the index needs."""
    here = frame.home(language) + "index.html"
    stations = sorted(overview.recorded)
    classes = classes_summary(overview)
    labels = [c["label"] for c in classes]
    known = [d["summary"] for d in days.values()]
    alive = [(s["alive"], _length(s)) for s in known if finite(s["alive"])]
    watched = [(s["monitored"], _length(s)) for s in known if finite(s["monitored"])]
    mean = _weighted(alive)
    share = _weighted(watched)
    bad = QUALITY.concat(overview.quality)
    told_problems = [told(p) for p in (*_list(source.run.get("problems")), *problems)]
    located = sum(finite(e["latitude"]) for e in overview.events)
    return {
        "results": source.directory.resolve().name,
        "n_events": len(overview.events),
        "n_stations": len(stations),
        "alive": or_none(number(mean, 1), _("the results do not say")),
        "monitored": or_none(percent(share), _("the results do not say")),
        "deaf": not share > 0.0,
        "errors": sum(s["errors"] for s in known),
        "warnings": sum(s["warnings"] for s in known),
        "min_stations": min((s["min_stations"] for s in known if s["min_stations"]), default=1),
        "map": overview.map(frame.ground),
        "classes": classes,
        "unlocated": ""
        if located == len(overview.events)
        else _(
            "{n} of {total} events have no location and are not on the map.",
            n=len(overview.events) - located,
            total=len(overview.events),
        ),
        "chart": overview.chart(),
        "lines": overview.keys(),
        "station_codes": _codes(stations),
        "days": [_day(d, stations, labels, frame, language, here) for d in reversed(known)],
        "latest": _latest(overview, frame, language, here, clock),
        "catalogue": link(here, frame.home(language) + "catalogue.html"),
        "findings": findings(bad, clock, MOST_ALERTS),
        "n_findings": len(bad),
        "problems": told_problems[:MOST_PROBLEMS],
        "n_problems": len(told_problems),
    }


def _codes(stations: Sequence[str]) -> list[str]:
    codes = [s.split(".")[1] for s in stations]
    return codes if len(set(codes)) == len(codes) else list(stations)


def _length(summary: dict[str, Any]) -> float:
    span = pd.Timestamp(summary["endtime"]) - pd.Timestamp(summary["starttime"])
    return span.total_seconds()


def _weighted(pairs: Sequence[tuple[float, float]]) -> float:
    if not pairs:
        return float("nan")
    return float(np.average([v for v, _w in pairs], weights=[w for _v, w in pairs]))


def _list(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []


def _day(
    summary: dict[str, Any],
    stations: Sequence[str],
    labels: Sequence[str],
    frame: Frame,
    language: str,
    here: str,
) -> dict[str, Any]:
    cells = []
    for station in stations:
        shares = summary["stations"].get(station)
        if shares is None:
            cells.append({"text": "0 %", "href": "", "label": ""})
            continue
        text = percent(shares["recorded"])
        page = frame.home(language) + station_page(summary["name"], station)
        words = _(
            "{station} on {day}: {share} recorded", station=station, day=summary["name"], share=text
        )
        cells.append({"text": text, "href": link(here, page), "label": words})
    return {
        "name": span_words(as_utc(summary["starttime"]), as_utc(summary["endtime"])),
        "alive": or_none(number(summary["alive"], 1), _("the results do not say")),
        "monitored": or_none(percent(summary["monitored"]), _("the results do not say")),
        "n": sum(summary["counts"].values()),
        "deaf": not (finite(summary["monitored"]) and summary["monitored"] > 0.05),
        "counts": [summary["counts"].get(label, 0) for label in labels],
        "cells": cells,
    }


def _latest(
    overview: Overview, frame: Frame, language: str, here: str, clock: Clock
) -> list[dict[str, Any]]:
    out = []
    for event in reversed(overview.events[-LATEST:]):
        page = frame.home(language) + event_page(event["id"])
        out.append(
            {
                **{k: event[k] for k in ("id", "label", "stations", "best")},
                "href": link(here, page),
                "time": clock(event["time"]),
                "magnitude": event["magnitude"] or none(_("no magnitude")),
                "depth": or_none(
                    with_error(event["depth"], event["vertical"], ""), _("not located")
                ),
            }
        )
    return out


def catalogue_views(
    frame: Frame, language: str, overview: Overview, days: dict[str, Any], clock: Clock
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each page of the catalogue and what its template needs; the last month comes first."""
    split = months(overview)
    counts = {m: sum(month_of(e) == m for e in overview.events) for m in split}
    for month in reversed(split) if split else [""]:
        newest = not split or month == split[-1]
        page = "catalogue.html" if newest else f"catalogue-{month}.html"
        here = frame.home(language) + page
        rows = []
        for event in overview.events:
            if month and month_of(event) != month:
                continue
            row = row_of(event, clock)
            row["href"] = link(here, frame.home(language) + event_page(event["id"]))
            rows.append(row)
        yield (
            page,
            {
                "total": len(overview.events),
                "month": month,
                "months": [
                    {
                        "text": m,
                        "n": counts[m],
                        "current": m == month,
                        "href": link(
                            here,
                            frame.home(language)
                            + ("catalogue.html" if m == split[-1] else f"catalogue-{m}.html"),
                        ),
                    }
                    for m in split
                ],
                "rows": rows,
                "classes": list(overview.by_class()),
                "downloads": _downloads(here, days),
                "day_files": _day_files(here, days) if len(days) > 1 else [],
            },
        )


def _downloads(here: str, days: dict[str, Any]) -> list[dict[str, str]]:
    found = [
        {
            "href": link(here, "files/catalogue.csv"),
            "text": "catalogue.csv",
            "note": _(
                "table of all events; text that a spreadsheet would take for a formula begins "
                "with an apostrophe"
            ),
        }
    ]
    if len(days) == 1:
        for entry in _day_files(here, days):
            found.append({"href": entry["quakeml"], "text": "events.xml", "note": _("QuakeML 1.2")})
            found.append(
                {
                    "href": entry["bulletin"],
                    "text": "bulletin.txt",
                    "note": _("bulletin in the form of the ISC (IMS 1.0, short)"),
                }
            )
    return found


def _day_files(here: str, days: dict[str, Any]) -> list[dict[str, Any]]:
    out = []
    for name, day in days.items():
        folder = f"files/{file_name(name)}"
        if f"{folder}/events.xml" in day["files"]:
            out.append(
                {
                    "name": name,
                    "n": sum(day["summary"]["counts"].values()),
                    "quakeml": link(here, f"{folder}/events.xml"),
                    "bulletin": link(here, f"{folder}/bulletin.txt"),
                }
            )
    return out
