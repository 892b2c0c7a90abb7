"""A day of a network: quality, detections, amplitudes, spectra, events."""

from __future__ import annotations

import functools
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd
from obspy import Inventory, UTCDateTime
from obspy.core.event import Catalog

from .. import tables
from ..catalog import CatalogueTables, to_catalog
from ..config import Settings
from ..errors import PaektuseisError, ParameterError
from ..io import Archive
from ..io._promises import promised
from ..network import Network
from ..spectral import NoisePSD
from ..times import TimeLike, as_timestamp, as_utc
from ..types import Progress, Spectrogram, Spectrum
from .agreement import detect_network, draft_events, network_rates, stations_needed, within
from .channel import CONTEXT, TAIL, ChannelDay, process_channel, whole_days
from .event import EventResult, event_window, process_event
from .event_tables import EventTables, families_of, with_understanding

log = logging.getLogger("paektuseis.pipeline")

__all__ = ["DayResult", "process_day", "stations_needed"]

_no_triggers = tables.TRIGGERS.frame

"""Called with (what, done, total) as the work goes on."""

OnEvent = Callable[[EventResult, int], None]
"""Called with each measured event and its rank by strength (0 is the strongest)."""


@dataclass(frozen=True, kw_only=True)
class DayResult:
    """Everything known of one network-day.

    Attributes
    ----------
    starttime, endtime : UTCDateTime
        The span, half open.
    tables : dict of str to DataFrame
        ``quality, gaps, availability, triggers, monitoring, detections, events,
        attributes, amplitudes, rsam, ssam, ratios, rates``; see ``paektuseis.tables``.
    spectrograms : dict of str to Spectrogram
        By trace id.
    noise : dict of str to NoisePSD
        Hourly noise densities by trace id.
    spectra : dict of str to Spectrum
        Median power spectral density by trace id.
    problems : tuple of str
        What could not be done, and why. Empty when all went well.
    settings : Settings
    timings : dict of str to float
        CPU seconds spent in each stage.
    onsets : DataFrame
        Triggers (``tables.TRIGGERS``) of the span and of some time before and after it.
    """

    starttime: UTCDateTime
    endtime: UTCDateTime
    tables: dict[str, pd.DataFrame]
    spectrograms: dict[str, Spectrogram]
    spectra: dict[str, Spectrum]
    settings: Settings
    network: Network | None = None
    inventory: Inventory | None = None
    problems: tuple[str, ...] = field(default=())
    noise: dict[str, NoisePSD] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    onsets: pd.DataFrame = field(default_factory=_no_triggers)

    @functools.cached_property
    def catalog(self) -> Catalog:
        """The events as QuakeML holds them: arrivals or onsets, origins, magnitudes, classes."""
        names = ("events", "picks", "origins", "residuals", "magnitudes", "classes")
        known: dict[str, Any] = {n: self.tables[n] for n in names if n in self.tables}
        return to_catalog(CatalogueTables(**known), triggers=self.onsets, network=self.network)

    @property
    def events(self) -> pd.DataFrame:
        """The events table."""
        return self.tables["events"]


def process_day(
    archive: Archive,
    *,
    date: TimeLike | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    network: Network | None = None,
    inventory: Inventory | None = None,
    settings: Settings | None = None,
    measure_events: bool = True,
    station_spectra: bool = True,
    per_octave: int = 0,
    rate_window: float | None = None,
    threads: int = 1,
    progress: Progress | None = None,
    on_event: OnEvent | None = None,
) -> DayResult:
    """Take one day (or any span) of a network from records to events.

    Channels are read one at a time with enough record before and after the span that
    nothing depends on how a longer period is cut into days, and memory stays near one
    channel-day.

    Parameters
    ----------
    archive : Archive
    date : str or UTCDateTime, optional
        A UTC day. Or give ``starttime`` and ``endtime`` (half open).
    starttime, endtime : str or UTCDateTime, optional
    network : Network, optional
        Positions for move-out, order and maps.
    inventory : Inventory, optional
        Responses; without one everything stays in counts.
    settings : Settings, optional
    measure_events : bool, optional
        Read each event's window again: amplitudes, spectra, arrivals, hypocentre, magnitudes
        and class of each, and families of events that look alike.
    station_spectra : bool, optional
        Also the median spectrum of each measured channel (``spectra``).
    per_octave : int, optional
        Reduce the spectrograms to so many bands in an octave; 0 keeps every frequency.
    rate_window : float, optional
        Seconds of a window of the rates; by default an hour, ten minutes for spans up to 6 h.
    threads : int, optional
        Channels measured at the same time; each needs the memory of its own channel-day.
    progress : callable, optional
        Called as ``progress(what, done, total)``.
    on_event : callable, optional
        Called as ``on_event(measured, rank)`` for each event while its records are at hand,
        so that a page can be drawn without reading them again.

    Returns
    -------
    DayResult
        Empty tables, not an error, where the archive holds nothing in the span.

    Raises
    ------
    ParameterError
        If no span is given, or it ends before it starts.
    """
    if threads < 1:
        raise ParameterError(f"threads={threads}; give a whole number of at least 1")
    settings = settings or Settings()
    start, end = span_of(date, starttime, endtime)
    tick = progress or (lambda what, done, total: None)
    wanted = [
        name
        for name in archive.trace_ids()
        if any(fnmatchcase(name, pattern) for pattern in settings.data.trace_ids)
    ]
    first, last = whole_days(start, end)
    names = [name for name in wanted if len(archive.files(name, first, last))]
    channels: list[ChannelDay] = []
    problems: list[str] = []

    def measure(name: str) -> ChannelDay | PaektuseisError:
        try:
            return process_channel(
                archive,
                name,
                start,
                end,
                settings,
                inventory,
                station_spectrum=station_spectra,
                per_octave=per_octave,
            )
        except PaektuseisError as error:  # one bad channel does not end the day
            return error

    with ThreadPoolExecutor(threads) if threads > 1 else nullcontext() as pool:
        measures = map(measure, names) if pool is None else pool.map(measure, names)
        for i, (name, channel) in enumerate(zip(names, measures, strict=True)):
            tick(name, i, len(names))
            if isinstance(channel, PaektuseisError):
                log.warning("%s left out: %s", name, channel)
                problems.append(f"{name}: {channel}")
                continue
            channels.append(channel)
            problems += [f"{name}: {p}" for p in channel.problems]
    tick("channels", len(names), len(names))
    timings: Counter[str] = Counter()
    for c in channels:
        timings.update(c.timings)

    context = tables.QUALITY.concat(c.quality for c in channels)
    triggers = tables.TRIGGERS.concat(c.triggers for c in channels)
    listened = tables.MONITORING.concat(
        [*(c.monitoring for c in channels), _silent(set(wanted), channels, settings, start, end)]
    )
    found = detect_network(triggers, listened, settings, network, start)
    good = found[found["veto"] == ""].reset_index(drop=True)
    # looks at every file's headers: which cannot be used is known after it
    gaps = archive.gaps(wanted, start, end) if names else tables.GAPS.frame()
    out = {
        "quality": tables.QUALITY.concat([context, _unreadable(archive, start, end)]),
        "availability": tables.AVAILABILITY.concat(c.availability for c in channels),
        "gaps": gaps,
        "triggers": within(triggers, start, end),
        "monitoring": _clipped(listened, start, end),
        "rsam": tables.RSAM.concat(c.rsam for c in channels),
        "ssam": tables.SSAM.concat(c.ssam for c in channels),
        "ratios": tables.RATIOS.concat(c.ratios for c in channels),
        "detections": within(found, start, end),
    }
    spectrograms = {c.trace_id: c.spectrogram for c in channels if c.spectrogram is not None}
    spectra = {c.trace_id: c.psd for c in channels if c.psd is not None}
    noise = {c.trace_id: c.noise for c in channels if c.noise is not None}
    del channels  # their tables stand in the day's: half the memory
    drafts = within(draft_events(good, settings, start, quality=context), start, end)
    measured = EventTables()
    if measure_events:
        for event in _measured(
            drafts, names, archive, inventory, network, triggers, settings, tick, on_event,
            problems,
        ):  # fmt: skip
            measured.add(event)
            problems += [f"event {event.event['event_id']}: {p}" for p in event.problems]
    out.update(measured.tables())
    out["events"] = (
        within(
            draft_events(
                good,
                settings,
                start,
                attributes=out["attributes"],
                amplitudes=out["amplitudes"],
                quality=context,
            ),
            start,
            end,
        )
        if measured.count
        else drafts
    )
    out["events"] = with_understanding(out["events"], out)
    if settings.families.enabled and measured.count > 1:
        tick("families", 0, 1)
        out["families"] = families_of(archive, out["events"], settings, problems)
    if rate_window is None:
        rate_window = 3600.0 if end - start > 6 * 3600 else 600.0
    out["rates"] = network_rates(
        within(good, start, end), out["monitoring"], settings, start, end, rate_window
    )
    return DayResult(
        starttime=start,
        endtime=end,
        tables=out,
        spectrograms=spectrograms,
        spectra=spectra,
        noise=noise,
        settings=settings,
        network=network,
        inventory=inventory,
        problems=tuple(dict.fromkeys(problems)),
        timings=dict(timings),
        onsets=triggers,
    )


def _measured(
    drafts: pd.DataFrame,
    names: list[str],
    archive: Archive,
    inventory: Inventory | None,
    network: Network | None,
    triggers: pd.DataFrame,
    settings: Settings,
    tick: Progress,
    on_event: OnEvent | None,
    problems: list[str],
) -> Iterator[EventResult]:
    """Yield each event with what was measured in its window."""
    ranks = drafts["peak_ratio"].rank(ascending=False, method="first")
    for i, (_, row) in enumerate(drafts.iterrows()):
        tick(str(row["event_id"]), i, len(drafts))
        begin, until = event_window(as_utc(row["time"]), as_utc(row["endtime"]), settings)
        window = archive.read(names, begin, until)
        if not len(window):
            problems.append(f"event {row['event_id']}: no records in its window")
            continue
        event = process_event(
            window,
            row,
            inventory=inventory,
            network=network,
            triggers=triggers,
            settings=settings,
        )
        yield event
        if on_event is not None:
            on_event(event, int(ranks.iloc[i]) - 1)
    tick("events", len(drafts), len(drafts))


def _silent(
    wanted: set[str],
    channels: list[ChannelDay],
    settings: Settings,
    start: UTCDateTime,
    end: UTCDateTime,
) -> pd.DataFrame:
    """Return, for channels of the archive without a record, the time they did not listen."""
    begin, until = start - CONTEXT, end + TAIL
    heard = {c.trace_id for c in channels if len(c.monitoring)}
    return tables.MONITORING.frame(
        {
            "trace_id": name,
            "starttime": begin,
            "endtime": until,
            "state": "missing",
            "cause": "no samples",
            "duration": until - begin,
            "detector": detector.name,
        }
        for name in sorted(wanted - heard)
        for detector in settings.detectors
        if fnmatchcase(name, detector.channels)
    )


def _clipped(monitoring: pd.DataFrame, start: UTCDateTime, end: UTCDateTime) -> pd.DataFrame:
    """Return what of the spans lies inside start to end."""
    first, last = as_timestamp(start), as_timestamp(end)
    rows = monitoring[(monitoring["endtime"] > first) & (monitoring["starttime"] < last)]
    begin, until = rows["starttime"], rows["endtime"]
    rows = rows.assign(
        starttime=begin.where(begin > first, first), endtime=until.where(until < last, last)
    )
    rows["duration"] = (rows["endtime"] - rows["starttime"]).dt.total_seconds()
    return rows.reset_index(drop=True)


def _unreadable(archive: Archive, start: UTCDateTime, end: UTCDateTime) -> pd.DataFrame:
    """Return a row for each file that could not be used, with the reason.

    A file whose name tells another day is left to that day.
    """
    return tables.QUALITY.frame(
        {
            "trace_id": "",
            "starttime": start,
            "endtime": end,
            "check": "unreadable_file",
            "severity": "info" if fault.kind == "foreign" else "warning",
            "message": f"{Path(path).name}: {fault.reason.removeprefix(f'{path}: ')}",
            "value": None,
            "path": str(path),
        }
        for path, fault in sorted(archive.faults().items())
        if _concerns(Path(path), start, end)
    )


def _concerns(path: Path, start: UTCDateTime, end: UTCDateTime) -> bool:
    """Whether a file's name tells nothing of its time, or a time within a span."""
    promise = promised(path)
    return promise is None or (promise[1][0] < end.ns and start.ns < promise[1][1])


def span_of(
    date: TimeLike | None, starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[UTCDateTime, UTCDateTime]:
    """Return begin and end of the day, or of the other span, that was asked for."""
    if date is not None:
        if starttime is not None or endtime is not None:
            raise ParameterError("give either date or starttime and endtime, not both")
        day = as_utc(date, name="date")
        day = UTCDateTime(day.year, day.month, day.day)
        return day, day + 86400.0
    if starttime is None or endtime is None:
        raise ParameterError("give date='2010-09-01', or both starttime and endtime")
    start, end = as_utc(starttime, name="starttime"), as_utc(endtime, name="endtime")
    if end <= start:
        raise ParameterError(f"endtime {end} is not after starttime {start}")
    return start, end
