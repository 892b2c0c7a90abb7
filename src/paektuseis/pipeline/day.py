"""A day of a network: quality, detections, amplitudes, spectra, events."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd
from obspy import Inventory, UTCDateTime
from obspy.core.event import Catalog

from .. import tables
from ..catalog import detections_to_catalog, event_rate, event_table
from ..config import DetectorSettings, Settings
from ..detection import coincidence_candidates
from ..errors import PaektuseisError, ParameterError
from ..io import Archive
from ..network import Network
from ..times import TimeLike, as_timestamp, as_utc
from ..types import Spectrogram, Spectrum
from .channel import ChannelDay, process_channel
from .event import EventResult, process_event

log = logging.getLogger("paektuseis.pipeline")

Progress = Callable[[str, int, int], None]
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
        attributes, amplitudes, rsam, rates``; see ``paektuseis.tables``.
    spectrograms : dict of str to Spectrogram
        By trace id.
    spectra : dict of str to Spectrum
        Median power spectral density by trace id.
    catalog : obspy.core.event.Catalog
        The events with their automatic onsets; no origin is invented.
    problems : tuple of str
        What could not be done, and why. Empty when all went well.
    settings : Settings
    """

    starttime: UTCDateTime
    endtime: UTCDateTime
    tables: dict[str, pd.DataFrame]
    spectrograms: dict[str, Spectrogram]
    spectra: dict[str, Spectrum]
    catalog: Catalog
    settings: Settings
    network: Network | None = None
    inventory: Inventory | None = None
    problems: tuple[str, ...] = field(default=())

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
    progress: Progress | None = None,
    on_event: OnEvent | None = None,
) -> DayResult:
    """Take one day (or any span) of a network from records to events.

    Channels are read one at a time with enough record before the span that its
    first sample can be judged, so the result does not depend on how a longer
    period is cut into days, and memory stays near one channel-day.

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
    settings = settings or Settings()
    start, end = _span(date, starttime, endtime)
    tick = progress or (lambda what, done, total: None)
    names = [
        name
        for name in archive.trace_ids()
        if any(fnmatchcase(name, pattern) for pattern in settings.data.trace_ids)
        and len(archive.files(name, start, end))
    ]
    channels: list[ChannelDay] = []
    problems: list[str] = []
    for i, name in enumerate(names):
        tick(name, i, len(names))
        try:
            channel = process_channel(archive, name, start, end, settings, inventory)
        except PaektuseisError as error:  # one bad channel does not end the day
            log.warning("%s left out: %s", name, error)
            problems.append(f"{name}: {error}")
            continue
        channels.append(channel)
        problems += [f"{name}: {p}" for p in channel.problems]
    tick("channels", len(names), len(names))

    found = _detect_network(channels, settings, network, start, end)
    out = {
        "quality": tables.QUALITY.concat(
            [*(c.quality for c in channels), _unreadable(archive, start, end)]
        ),
        "availability": tables.AVAILABILITY.concat(c.availability for c in channels),
        "gaps": archive.gaps([c.trace_id for c in channels], start, end)
        if channels
        else tables.GAPS.frame(),
        "triggers": _within(tables.TRIGGERS.concat(c.triggers for c in channels), start, end),
        "monitoring": tables.MONITORING.concat(c.monitoring for c in channels),
        "rsam": tables.RSAM.concat(c.rsam for c in channels),
        "detections": found,
    }
    good = found[found["veto"] == ""].reset_index(drop=True)
    gap = settings.events.merge_gap
    drafts = event_table(good, merge_gap=gap, quality=out["quality"])
    ranks = drafts["peak_ratio"].rank(ascending=False, method="first")
    measured: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    for i, (_, row) in enumerate(drafts.iterrows()):
        tick(str(row["event_id"]), i, len(drafts))
        window = archive.read(
            names,
            as_utc(row["time"]) - settings.events.before,
            as_utc(row["endtime"]) + settings.events.after,
        )
        if not len(window):
            problems.append(f"event {row['event_id']}: no records in its window")
            continue
        event = process_event(
            window, row, inventory=inventory, triggers=out["triggers"], settings=settings
        )
        measured.append((event.attributes, event.amplitudes))
        problems += [f"event {row['event_id']}: {p}" for p in event.problems]
        if on_event is not None:
            on_event(event, int(ranks.iloc[i]) - 1)
    tick("events", len(drafts), len(drafts))
    out["attributes"] = tables.ATTRIBUTES.concat(m[0] for m in measured)
    out["amplitudes"] = tables.AMPLITUDES.concat(m[1] for m in measured)
    out["events"] = event_table(
        good,
        merge_gap=gap,
        attributes=out["attributes"],
        amplitudes=out["amplitudes"],
        quality=out["quality"],
    )
    out["rates"] = _rates(good, out["monitoring"], channels, settings, start, end)
    return DayResult(
        starttime=start,
        endtime=end,
        tables=out,
        spectrograms={c.trace_id: c.spectrogram for c in channels if c.spectrogram is not None},
        spectra={c.trace_id: c.psd for c in channels if c.psd is not None},
        catalog=detections_to_catalog(out["events"], triggers=out["triggers"], network=network),
        settings=settings,
        network=network,
        inventory=inventory,
        problems=tuple(dict.fromkeys(problems)),
    )


def _unreadable(archive: Archive, start: UTCDateTime, end: UTCDateTime) -> pd.DataFrame:
    """Return a row for each file of the archive that could not be used, with the reason."""
    return tables.QUALITY.frame(
        {
            "trace_id": "",
            "starttime": start,
            "endtime": end,
            "check": "unreadable_file",
            "severity": "info" if "not a waveform format" in reason else "warning",
            "message": f"{Path(path).name}: {reason}",
            "value": None,
            "path": str(path),
        }
        for path, reason in sorted(archive.faults().items())
    )


def _span(
    date: TimeLike | None, starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[UTCDateTime, UTCDateTime]:
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


def stations_needed(detector: DetectorSettings, alive: int) -> int:
    """Return how many stations must agree, given how many have data.

    A number in the settings is taken as it is. 0 means two thirds of the stations
    with data, rounded up, but never fewer than three while three or more live (fewer
    cannot tell an event from a coincidence of noises), and all of them below that.
    """
    if detector.min_stations:
        return detector.min_stations
    return max(1, min(alive, max(3, math.ceil(2 * alive / 3))))


def _alive(channels: list[ChannelDay], detector: DetectorSettings) -> set[str]:
    alive = set()
    for c in channels:
        m = c.monitoring
        if len(m) and ((m["detector"] == detector.name) & (m["state"] == "monitored")).any():
            alive.add(tables.station_of(c.trace_id))
    return alive


def _detect_network(
    channels: list[ChannelDay],
    settings: Settings,
    network: Network | None,
    start: UTCDateTime,
    end: UTCDateTime,
) -> pd.DataFrame:
    triggers = tables.TRIGGERS.concat(c.triggers for c in channels)
    triggers = triggers[triggers["flag"] == ""]
    stations = network.station_table() if network is not None else None
    found = []
    for detector in settings.detectors:
        mine = triggers[triggers["detector"] == detector.name].reset_index(drop=True)
        if not len(mine):
            continue
        candidates = coincidence_candidates(
            mine,
            min_stations=stations_needed(detector, len(_alive(channels, detector))),
            window=detector.window,
            stations=stations,
            velocity=detector.velocity,
        )
        found.append(_within(candidates, start, end))
    return tables.DETECTIONS.concat(found).sort_values(["starttime", "event_id"], ignore_index=True)


def _within(frame: pd.DataFrame, start: UTCDateTime, end: UTCDateTime) -> pd.DataFrame:
    inside = (frame["starttime"] >= as_timestamp(start)) & (frame["starttime"] < as_timestamp(end))
    return frame[inside].reset_index(drop=True)


def _rates(
    detections: pd.DataFrame,
    monitoring: pd.DataFrame,
    channels: list[ChannelDay],
    settings: Settings,
    start: UTCDateTime,
    end: UTCDateTime,
) -> pd.DataFrame:
    window = 3600.0 if end - start > 6 * 3600 else 600.0
    rates = []
    for detector in settings.detectors:
        rates.append(
            event_rate(
                detections[detections["detector"] == detector.name],
                window=window,
                starttime=start,
                endtime=end,
                monitoring=monitoring[monitoring["detector"] == detector.name],
                min_stations=stations_needed(detector, len(_alive(channels, detector))),
                group=detector.name,
            )
        )
    return tables.RATES.concat(rates)
