"""One page to mail: an HTML file with everything in it, or a PDF."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from obspy import Inventory

from ..._language import known_language, plural, speak, translate as _
from ...errors import ParameterError
from ...io import write_text
from ...network import Network
from ...tables import STATIONS, station_of
from ...times import as_utc
from ._day import DayTables
from ._event_view import event_view
from ._ground import ground_of, title_of
from ._maps import Ground
from ._pages import Frame, event_page, station_page
from ._render import render, static
from ._source import Day, Source, open_source
from ._station_view import ssam_picture, station_view
from ._waveforms import Pictures, Records, about_of, draw_event, draw_station, make_records
from ._words import Clock

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What one page is about: an event, or a station and its day."""

    source: Source
    day: Day
    tables: DayTables
    ground: Ground
    event: str = ""
    station: str = ""


def write_page(
    directory: str | Path,
    path: str | Path,
    *,
    event: str = "",
    station: str = "",
    day: str = "",
    language: str = "en",
    network: Network | Inventory | None = None,
    records: str | Path | None = None,
    inventory: Inventory | None = None,
    local_time: str = "",
    synthetic: bool | None = None,
) -> Path:
    """Write one station's day or one event as a single file: HTML with everything in it, or PDF.

    Parameters
    ----------
    directory : str or Path
        Results, as for :func:`write_report`.
    path : str or Path
        Ends in ``.html`` or ``.pdf``.
    event : str, optional
        Id of an event.
    station : str, optional
        ``NET.STA``, in place of an event; with ``day`` unless the results hold one day.
    day : str, optional
        UTC date.
    language : str, optional
        A code of :func:`paektuseis.languages`.
    network, records, inventory, local_time, synthetic
        As for :func:`write_report`.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    ParameterError
        If neither or both of event and station are given, one of them is not in the results,
        or the name ends otherwise.
    ArchiveError
        If the folder holds no results.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import paektuseis as ps
    >>> ps.write_page("day-244", "jgpd.pdf", station="1U.JGPD")  # doctest: +SKIP
    """
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in (".html", ".pdf"):
        raise ParameterError(f"{target.name}: end the name in .html or .pdf")
    code = known_language(language)
    clock = Clock(local_time)
    source = open_source(directory)
    about = about_of(source, network, inventory, synthetic)
    subject = _find(source, event, station, day, about.network)
    held = None if records is None else make_records(records, about, source.run)
    with speak(code):
        if kind == ".html":
            write_text(target, _html(subject, code, clock, held, about.synthetic))
        else:
            from ...plotting.site_pdf import save_pages

            save_pages(_figures(subject, clock, held, about.synthetic), target)
    return target


def _find(source: Source, event: str, station: str, day: str, network: Network | None) -> Subject:
    if bool(event) == bool(station):
        raise ParameterError("give an event, or a station (with its day): one of the two")
    days = source.days
    if day:
        at = as_utc(day, name="day")
        days = tuple(d for d in days if d.starttime < at + 86400.0 and d.endtime > at)
        if not days:
            raise ParameterError(f"day={day!r}: the results hold {_listed(source.days)}")
    found = []
    for one in days:
        tables = DayTables(one)
        if event in tables.event_ids if event else station in tables.stations:
            found.append((one, tables))
    if not found:
        what = f"event {event!r}" if event else f"station {station!r}"
        held = DayTables(days[0])
        names = held.event_ids if event else held.stations
        raise ParameterError(
            f"{what} is not in the results of {_listed(days)}; {days[0].name} holds "
            f"{', '.join(names[:6]) or 'none'}{' ...' if len(names) > 6 else ''}"
        )
    if len(found) > 1:
        raise ParameterError(
            f"station {station!r} has {len(found)} days: {_listed([d for d, _t in found])}; "
            "give one as day"
        )
    one, tables = found[0]
    ground = ground_of(network, source.run, tables.stations)
    return Subject(
        source=source, day=one, tables=tables, ground=ground, event=event, station=station
    )


def _listed(days: Sequence[Day]) -> str:
    names = [d.name for d in days]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]} ({len(names)} days)"


# HTML -------------------------------------------------------------------------------------


class _Kept:
    """Takes the place of a site: pictures go to a folder that is thrown away."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, str] = {}

    def stale(self, key: str, *names: str) -> bool:
        return True

    def keep(self, key: str, *names: str) -> None:
        self.files.update(dict.fromkeys(names, key))

    def write(self, key: str, name: str, data: bytes) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(data)
        self.files[name] = key


def _html(
    subject: Subject, language: str, clock: Clock, records: Records | None, synthetic: bool
) -> str:
    frame = Frame(
        languages=(language,), ground=subject.ground, synthetic=synthetic, zone=clock.zone
    )
    tables, day = subject.tables, subject.day
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        pictures = Pictures(day, root, records, _Kept(root))
        if subject.event:
            page, template = event_page(subject.event), "event.html"
            view = event_view(tables, subject.event, subject.ground, clock)
            view.update(pictures.event(tables, subject.event, page, language), why_not="")
        else:
            page, template = station_page(day.name, subject.station), "station.html"
            view = station_view(tables, subject.station, subject.ground, clock)
            ssam = ssam_picture(tables, subject.station)
            view["ssam_src"] = "" if ssam is None else _data_uri(ssam, "image/png")
            ids = [c["trace_id"] for c in view["channels"]]
            view.update(pictures.station(tables, subject.station, ids, page, language))
            for event in view["events"]:
                event["href"] = ""
        view["previous"] = view["next"] = None
        view["drawn_elsewhere"] = ""
        for picture in view["pictures"]:
            file = root / Path(picture["src"]).relative_to("..")
            picture["src"] = _data_uri(file.read_bytes(), "image/webp")
        span = (str(day.starttime), str(day.endtime))
        around = frame.around(page, language, span, single=True)
        around.update(inline_css=static("site.css"), inline_js=static("site.js"))
        return _without_links(render(template, v=view, site=around))


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _without_links(page: str) -> str:
    """Return a page whose links to other files are plain text: there are no other files."""
    return re.sub(r'<a (?![^>]*href="#)[^>]*>(.*?)</a>', r"\1", page, flags=re.DOTALL)


# PDF --------------------------------------------------------------------------------------


def _figures(
    subject: Subject, clock: Clock, records: Records | None, synthetic: bool
) -> list[Figure]:
    if subject.event:
        return _event_figures(subject, clock, records, synthetic)
    return _station_figures(subject, clock, records, synthetic)


def _drawn(subject: Subject, stems: Sequence[str]) -> list[Figure]:
    """Return pages a run drew, where its language is that of the reader."""
    from ..._language import current_language
    from ...plotting.site_pdf import picture_page

    if current_language() != "en":
        return []
    held = subject.day.drawn()
    return [picture_page(held[s]) for s in stems if s in held]


def _stations_table(ground: Ground) -> pd.DataFrame:
    return STATIONS.frame(
        {
            "network": p.key.split(".")[0],
            "station": p.code,
            "latitude": p.latitude,
            "longitude": p.longitude,
            "elevation_m": p.elevation_m,
            "distance_km": p.distance_km,
            "azimuth": p.azimuth,
        }
        for p in ground.stations
    )


def _station_figures(
    subject: Subject, clock: Clock, records: Records | None, synthetic: bool
) -> list[Figure]:
    from ...plotting.site_pdf import Block, day_page, word_pages

    tables, station = subject.tables, subject.station
    view = _plain(station_view(tables, station, subject.ground, clock))
    title = f"{title_of(subject.ground)} · {station} · {view['day_text']}"
    figures: list[Figure] = []
    ids = [c["trace_id"] for c in view["channels"]]
    if records is not None:
        figure = draw_station(records, tables, station, ids)
        figures += [] if figure is None else [figure]
    else:
        figures += _drawn(subject, [f"station-{i}" for i in ids])
    if not figures:
        figures.append(
            day_page(
                title=title,
                lines=[
                    _(
                        "recorded {a}, monitored {b}, blind {c}",
                        a=view["recorded"],
                        b=view["monitored"],
                        c=view["blind"],
                    ),
                    view["counts"],
                ],
                starttime=subject.day.starttime,
                endtime=subject.day.endtime,
                monitoring=tables.of_station("monitoring", station),
                rsam=tables.of_station("rsam", station),
                stations=_stations_table(subject.ground),
                alive=[station],
                synthetic=synthetic,
            )
        )
    facts = [
        (_("recorded"), view["recorded"]),
        (_("monitored"), view["monitored"]),
        (_("blind"), view["blind"]),
        (_("not monitored, no record"), view["missing"]),
        (_("events here"), f"{view['n_events']}: {view['counts']}"),
        (_("Gaps, {total} in all", total=view["gap_time"]), str(len(view["gaps"]))),
    ]
    blocks = [
        Block(
            _("Events this station triggered for"),
            (_("onset (UTC)"), _("class"), _("magnitude"), _("stations")),
            [(e["time"], e["kind"], e["magnitude"], str(e["stations"])) for e in view["events"]],
            (0.0, 42.0, 72.0, 100.0),
        ),
        Block(
            _("Gaps"),
            (_("channel"), _("from (UTC)"), _("to (UTC)"), _("missing")),
            [(g["trace_id"], g["start"], g["end"], g["duration"]) for g in view["gaps"]],
            (0.0, 42.0, 72.0, 100.0),
        ),
        Block(
            _("Data quality"),
            (_("severity"), _("channel"), _("from (UTC)"), _("finding")),
            [(f["word"], f["trace_id"], f["time"], f["message"]) for f in view["findings"]],
            (0.0, 18.0, 48.0, 86.0),
        ),
    ]
    return [*figures, *word_pages(title, facts, [b for b in blocks if b.rows], synthetic=synthetic)]


def _event_figures(
    subject: Subject, clock: Clock, records: Records | None, synthetic: bool
) -> list[Figure]:
    from ...plotting.site_pdf import Block, word_pages

    view = _plain(event_view(subject.tables, subject.event, subject.ground, clock))
    figures: list[Figure] = []
    if records is not None:
        figure = draw_event(records, subject.tables, subject.event)
        figures += [] if figure is None else [figure]
    else:
        figures += _drawn(subject, [f"event-{subject.event}"])
    origin = view["origin"] or {}
    facts = [
        (_("class"), f"{view['kind']} ({view['kind_title']}), {view['margin']}"),
        (_("reason"), view["reason"]),
        (_("onset (UTC)"), view["time"]),
        (_("duration"), f"{view['duration']} s"),
        (_("stations that triggered"), plural("{n} station", "{n} stations", view["stations"])),
        (_("strongest at"), view["best"]),
        (_("dominant frequency"), f"{view['frequency']} Hz"),
        (_("peak amplitude"), f"{view['amplitude']} {view['amplitude_units']}"),
    ]
    if origin:
        facts += [
            (_("origin time (UTC)"), f"{origin['time']} ± {origin['time_error']} s"),
            (_("epicentre"), f"{origin['latitude']}, {origin['longitude']}"),
            (
                _("68 % ellipse"),
                f"{origin['horizontal']} km × {origin['minor']} km, {origin['azimuth']}°",
            ),
            (_("depth below sea level"), origin["depth"]),
            (_("quality"), origin["quality"]),
            (_("velocity model"), origin["model"]),
            (_("note"), origin["note"]),
        ]
    else:
        facts.append((_("Hypocentre"), _("Not located.")))
    blocks = [
        Block(
            _("Magnitudes"),
            (_("kind"), _("value"), "±", _("stations"), _("note")),
            [
                (m["kind"], m["value"], m["error"], str(m["n"]), m["note"])
                for m in view["magnitudes"]
            ],
            (0.0, 16.0, 32.0, 48.0, 66.0),
        ),
        Block(
            _("Picks and residuals"),
            (
                _("channel"),
                _("phase"),
                _("time (UTC)"),
                "± (s)",
                _("distance (km)"),
                _("residual (s)"),
            ),
            [
                (p["trace_id"], p["phase"], p["time"], p["error"], p["distance"], p["residual"])
                for p in view["arrivals"]
            ],
            (0.0, 36.0, 52.0, 86.0, 104.0, 132.0),
        ),
        Block(
            _("What was not given a value"),
            (_("step"), _("reason")),
            [(r["step"], r["reason"]) for r in view["refusals"]],
            (0.0, 30.0),
        ),
    ]
    title = f"{title_of(subject.ground)} · {view['title']}"
    rows = subject.tables.by_event[subject.event]
    found = (rows.get("origins") or [{}])[0]
    words = word_pages(
        title,
        [(name, value) for name, value in facts if value],
        [b for b in blocks if b.rows],
        stations=None if figures else _stations_table(subject.ground),
        event=found if origin else None,
        alive=[station_of(r["trace_id"]) for r in rows.get("picks", ())],
        synthetic=synthetic,
    )
    return [*figures, *words]


def _plain(value: Any) -> Any:
    """Return a view with its markup as plain text."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if hasattr(value, "striptags"):
        return str(value.striptags()) if "<svg" not in value[:5] else ""
    return value
