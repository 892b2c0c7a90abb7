"""The PNG pages of a day: network, stations, events."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import ParameterError, WaveformError
from ..io import Archive, safe_filename
from ..pipeline import DayResult, EventResult
from ..pipeline.channel import half_open
from ..pipeline.day import Progress, measure_event
from ..pipeline.units import to_velocity
from ..plotting import event_summary, network_summary, save_figure, station_summary
from ..processing import bandpass, highpass, lowpass, preprocess
from .products import make_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from obspy import Stream

SETTLING = 120.0
"""Seconds read before the page so that the drawn filter output has settled."""


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Files drawn, relative to the output folder."""

    network: str = ""
    stations: dict[str, str] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def draw_pages(
    result: DayResult,
    archive: Archive,
    out: str | Path,
    *,
    synthetic: bool = False,
    progress: Progress | None = None,
) -> Pages:
    """Draw the pages of a day into ``out/pages``.

    Parameters
    ----------
    result : DayResult
    archive : Archive
    out : str or Path
    synthetic : bool, optional
        Say on every page that the records are synthetic.
    progress : callable, optional
        Called as ``progress(what, done, total)``.

    Returns
    -------
    Pages

    Raises
    ------
    OutputError
        If a page cannot be written.
    """
    folder = make_folder(Path(out) / "pages")
    tick = progress or (lambda what, done, total: None)
    pages = result.settings.pages
    names = sorted(result.spectrograms) if pages.stations else []
    events = result.events.sort_values("peak_ratio", ascending=False).head(pages.max_events)
    events = events.sort_values("time") if pages.events else events.head(0)
    total, done = 1 + len(names) + len(events), 0
    problems: list[str] = []

    def save(figure: Figure, name: str) -> str:
        save_figure(figure, folder / name, dpi=pages.dpi)
        return f"pages/{name}"

    tick("network page", done, total)
    figure = network_summary(
        network=result.network,
        starttime=result.starttime,
        endtime=result.endtime,
        events=result.events,
        monitoring=_first_detector(result.tables["monitoring"], result),
        rates=_first_detector(result.tables["rates"], result, "group"),
        rsam=result.tables["rsam"],
        quality=result.tables["quality"],
        synthetic=synthetic,
    )
    network_file = save(figure, "network.png")
    stations: dict[str, str] = {}
    for name in names:
        done += 1
        tick(name, done, total)
        try:
            figure = station_page(result, archive, name, synthetic=synthetic)
        except (ParameterError, WaveformError) as error:
            problems.append(f"page of {name}: {error}")
            continue
        stations[name] = save(figure, f"station-{safe_filename(name)}.png")
    event_files: dict[str, str] = {}
    for _, row in events.iterrows():
        done += 1
        tick(str(row["event_id"]), done, total)
        measured = measure_event(
            archive,
            row,
            sorted(set(result.tables["availability"]["trace_id"])),
            result.inventory,
            result.settings,
        )
        if measured is None:
            problems.append(f"page of event {row['event_id']}: no records")
            continue
        figure = event_page(measured, result, synthetic=synthetic)
        event_files[str(row["event_id"])] = save(
            figure, f"event-{safe_filename(str(row['event_id']))}.png"
        )
    tick("pages", total, total)
    return Pages(
        network=network_file, stations=stations, events=event_files, problems=tuple(problems)
    )


def station_page(
    result: DayResult, archive: Archive, trace_id: str, *, synthetic: bool = False
) -> Figure:
    """Draw the page of one channel.

    Parameters
    ----------
    result : DayResult
    archive : Archive
    trace_id : str
    synthetic : bool, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    raw = archive.read(trace_id, result.starttime - SETTLING, result.endtime)
    clean = preprocess(raw, detrend=result.settings.data.detrend, taper=0.0)
    moved, _ = to_velocity(clean, result.inventory, result.settings)
    drawn = half_open(_filtered(moved, result), result.starttime, result.endtime)
    station = ".".join(trace_id.split(".")[:2]) + "."
    events = result.events
    seen = [any(t.startswith(station) for t in ids) for ids in events["trace_ids"]]
    return station_summary(
        drawn,
        trace_id=trace_id,
        starttime=result.starttime,
        endtime=result.endtime,
        events=events[seen] if len(events) else events,
        rsam=_of(result.tables["rsam"], trace_id),
        spectrogram=result.spectrograms.get(trace_id),
        psd=result.spectra.get(trace_id),
        quality=result.tables["quality"][
            result.tables["quality"]["trace_id"].str.startswith(station)
        ],
        monitoring=_first_detector(_of(result.tables["monitoring"], trace_id), result),
        network=result.network,
        inventory=result.inventory,
        synthetic=synthetic,
    )


def event_page(measured: EventResult, result: DayResult, *, synthetic: bool = False) -> Figure:
    """Draw the page of one event.

    Parameters
    ----------
    measured : EventResult
    result : DayResult
    synthetic : bool, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    e = result.settings.events
    verticals = measured.stream.copy()
    verticals.traces = [t for t in verticals if fnmatchcase(t.id, result.settings.data.measured)]
    row = measured.event
    triggers = result.tables["triggers"]
    around = triggers[
        (triggers["starttime"] <= row["endtime"]) & (triggers["endtime"] >= row["time"])
    ]
    return event_summary(
        verticals if len(verticals) else measured.stream,
        event=row,
        triggers=around,
        attributes=measured.attributes,
        amplitudes=measured.amplitudes,
        network=result.network,
        inventory=result.inventory,
        spectrum=measured.spectra.get(measured.best_trace_id),
        best_trace_id=measured.best_trace_id or None,
        bands=(e.fi_low, e.fi_high),
        synthetic=synthetic,
    )


def _filtered(stream: Stream, result: DayResult) -> Stream:
    a = result.settings.amplitude
    if a.freqmin is not None and a.freqmax is not None:
        return bandpass(stream, freqmin=a.freqmin, freqmax=a.freqmax)
    if a.freqmin is not None:
        return highpass(stream, freq=a.freqmin)
    return lowpass(stream, freq=a.freqmax) if a.freqmax is not None else stream


def _of(frame: pd.DataFrame, trace_id: str) -> pd.DataFrame:
    return frame[frame["trace_id"] == trace_id].reset_index(drop=True)


def _first_detector(
    frame: pd.DataFrame, result: DayResult, column: str = "detector"
) -> pd.DataFrame:
    """Rows of the first detector: one line of availability a station, not one a band."""
    return frame[frame[column] == result.settings.detectors[0].name].reset_index(drop=True)
