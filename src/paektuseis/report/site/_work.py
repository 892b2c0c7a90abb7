"""Making the pages of one day, in a process of its own: everything it needs comes as values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..._language import speak, translate as _
from ._catalogue import day_files
from ._day import DayTables
from ._event_view import event_view
from ._files import frame_key, key_of, put
from ._pages import Frame, event_page, file_name, link, neighbours, station_page
from ._render import look, render
from ._source import Day
from ._station_view import ssam_picture, station_view
from ._waveforms import Pictures, Records
from ._words import Clock, class_name, plain_time


@dataclass(frozen=True, kw_only=True)
class DayJob:
    """One day to be made into pages.

    Attributes
    ----------
    day : Day
    root : Path
        Folder of the site.
    frame : Frame
    key : str
        Hash of everything the day's pages are made from.
    digest : str
        Hash of its tables.
    before, after : dict of str to str
        Name of the day before and after on which each station has a page.
    known : dict of str to str
        Pages of an earlier report with the hash each was made from.
    records : Records or None
        Where waveforms are, to draw them.
    """

    day: Day
    root: Path
    frame: Frame
    key: str
    digest: str
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    records: Records | None = None

    @property
    def span(self) -> tuple[str, str]:
        """Start and end of the day, as text."""
        return str(self.day.starttime), str(self.day.endtime)


def make_day(job: DayJob) -> str:
    """Write every page of a day whose inputs changed; return what there is, as JSON.

    Parameters
    ----------
    job : DayJob

    Returns
    -------
    str
        ``files`` with their hashes, ``summary`` for the index, ``written`` pages, ``problems``.
    """
    tables = DayTables(job.day)
    made = _Made(job)
    folder = f"files/{file_name(job.day.name)}"
    data_key = key_of(job.digest, look())
    names = [f"{folder}/events.xml", f"{folder}/bulletin.txt"]
    if tables.event_ids:
        if made.stale(data_key, *names):
            (job.root / folder).mkdir(parents=True, exist_ok=True)
            day_files(tables, job.root / folder)
        made.keep(data_key, *names)
    pictures = Pictures(job.day, job.root, job.records, made)
    for station in tables.stations:
        _station_pages(job, tables, station, made, pictures)
    for event_id in tables.event_ids:
        _event_pages(job, tables, event_id, made, pictures)
    return json.dumps(
        {
            "key": job.key,
            "files": made.files,
            "summary": tables.summary(),
            "written": made.written,
            "problems": pictures.problems,
        }
    )


class _Made:
    """What of a day is there, and from what it was made."""

    def __init__(self, job: DayJob) -> None:
        self.job = job
        self.files: dict[str, str] = {}
        self.written = 0

    def stale(self, key: str, *names: str) -> bool:
        """Whether files have to be made: one is new, changed or gone."""
        return any(self.job.known.get(n) != key or not (self.job.root / n).is_file() for n in names)

    def hold(self, names: Iterable[str]) -> None:
        """Note files of an earlier report that are there still."""
        for name in names:
            if name in self.job.known and (self.job.root / name).is_file():
                self.files[name] = self.job.known[name]

    def keep(self, key: str, *names: str) -> None:
        """Note files as part of the site."""
        for name in names:
            self.files[name] = key

    def write(self, key: str, name: str, data: str | bytes) -> None:
        """Write a file and note it."""
        put(self.job.root, name, data)
        self.files[name] = key
        self.written += 1


def _pages(job: DayJob, page: str, key: str, made: _Made) -> Iterator[tuple[str, str]]:
    """Yield (language, path) of a page wherever it has to be made anew."""
    for language in job.frame.languages:
        path = job.frame.home(language) + page
        if made.stale(key, path):
            yield language, path
        else:
            made.keep(key, path)


def _station_pages(
    job: DayJob, tables: DayTables, station: str, made: _Made, pictures: Pictures
) -> None:
    day = job.day.name
    page = station_page(day, station)
    before, after = job.before.get(station, ""), job.after.get(station, "")
    key = key_of(
        look(), job.frame, before, after, _station_rows(tables, station),
        pictures.key("station", station),
    )  # fmt: skip
    pictures.hold(
        "station", station, f"station-{file_name(f'{day}_{station}')}", job.frame.languages
    )
    ssam = f"figures/ssam-{file_name(f'{day}_{station}')}.png"
    if made.stale(key, ssam):
        picture = ssam_picture(tables, station)
        if picture is not None:
            made.write(key, ssam, picture)
    else:
        made.keep(key, ssam)
    clock = Clock(job.frame.zone)
    for language, path in _pages(job, page, key, made):
        with speak(language):
            view = station_view(tables, station, job.frame.ground, clock)
            view["ssam_src"] = link(path, ssam) if ssam in made.files else ""
            view["previous"] = _step(job, path, language, before, station)
            view["next"] = _step(job, path, language, after, station)
            for event in view["events"]:
                target = job.frame.home(language) + event_page(event["id"])
                event["href"] = link(path, target)
            ids = [c["trace_id"] for c in view["channels"]]
            view.update(pictures.station(tables, station, ids, path, language))
            text = render("station.html", v=view, site=job.frame.around(page, language, job.span))
        made.write(key, path, text)


def _station_rows(tables: DayTables, station: str) -> list[Any]:
    names = ("availability", "monitoring", "rsam", "ratios", "ssam", "gaps", "quality")
    rows = [frame_key(tables.of_station(n, station)) for n in names]
    events = []
    for event_id in tables.event_ids:
        row = tables.by_event[event_id]["events"][0]
        if any(str(i).startswith(station + ".") for i in row.get("trace_ids") or ()):
            events.append((tables.label(event_id), sorted(row.items(), key=str)))
    return [*rows, events, tables.detector]


def _step(job: DayJob, path: str, language: str, day: str, station: str) -> dict[str, str] | None:
    if not day:
        return None
    target = job.frame.home(language) + station_page(day, station)
    return {"href": link(path, target), "text": day}


def _event_pages(
    job: DayJob, tables: DayTables, event_id: str, made: _Made, pictures: Pictures
) -> None:
    page = event_page(event_id)
    before, after = neighbours(tables.event_ids, event_id)
    rows = tables.by_event[event_id]
    key = key_of(
        look(), job.frame, rows, _sign(tables, before), _sign(tables, after),
        pictures.key("event", event_id),
    )  # fmt: skip
    pictures.hold("event", event_id, f"event-{file_name(event_id)}", job.frame.languages)
    clock = Clock(job.frame.zone)
    for language, path in _pages(job, page, key, made):
        with speak(language):
            view = event_view(tables, event_id, job.frame.ground, clock)
            view["previous"] = _other(job, tables, path, language, before)
            view["next"] = _other(job, tables, path, language, after)
            view["why_not"] = _why(view)
            view.update(pictures.event(tables, event_id, path, language))
            text = render("event.html", v=view, site=job.frame.around(page, language, job.span))
        made.write(key, path, text)


def _why(view: dict[str, Any]) -> str:
    location = _("location")
    return "; ".join(r["reason"] for r in view["refusals"] if r["step"] == location)


def _sign(tables: DayTables, event_id: str) -> Any:
    if not event_id:
        return ""
    row = tables.by_event[event_id]["events"][0]
    return event_id, tables.label(event_id), str(row["time"])


def _other(
    job: DayJob, tables: DayTables, path: str, language: str, event_id: str
) -> dict[str, str] | None:
    if not event_id:
        return None
    row = tables.by_event[event_id]["events"][0]
    when = plain_time(row["time"], "%H:%M:%S")
    target = job.frame.home(language) + event_page(event_id)
    return {"href": link(path, target), "text": f"{when} {class_name(tables.label(event_id))}"}
