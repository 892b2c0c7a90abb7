"""The PNG pages of a day: network, stations, events."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
from obspy import Inventory, Stream

from ..config import Settings
from ..errors import ParameterError, WaveformError
from ..io import Archive, make_folder, safe_filename
from ..io._processes import end_processes, server_context, settle_in
from ..network import Network
from ..pipeline import DayResult, EventResult
from ..pipeline.channel import half_open
from ..pipeline.rehearsal import rehearse_channel, rehearse_event
from ..pipeline.units import to_velocity
from ..plotting import event_summary, network_summary, save_figure, station_summary
from ..processing import bandpass, highpass, lowpass, preprocess
from ..source import Location, SourceFit
from ..tables import TRIGGERS, station_of
from ..types import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SETTLING = 120.0
"""Seconds read on both sides of the page so that filters and response removal have settled."""


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Files drawn, relative to the output folder.

    Attributes
    ----------
    network : str
        The overview, or ``""``.
    stations, events : dict of str to str
        Files by trace id and by event id.
    problems : tuple of str
        Pages that could not be drawn, with the reason.
    """

    network: str = ""
    stations: dict[str, str] = field(default_factory=dict)
    events: dict[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class Workers:
    """Processes that draw, started when first needed and ended with the ``with`` block.

    Parameters
    ----------
    count : int
        How many; 1 draws in this process.
    """

    def __init__(self, count: int = 1) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            if error is not None:  # nobody will look at what is being drawn
                end_processes(self._pool)
            self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, work: Callable[..., str], *args: Any) -> Future[str]:
        """Have something done, here or in a worker; its error waits in the future.

        Parameters
        ----------
        work : callable
            Importable by name, as are its arguments by pickling.
        *args
            Its arguments.

        Returns
        -------
        concurrent.futures.Future
        """
        if self.count > 1:
            return self._start().submit(work, *args)
        job: Future[str] = Future()
        try:
            job.set_result(work(*args))
        except (ParameterError, WaveformError) as error:
            job.set_exception(error)
        return job

    def warm_up(self, settings: Settings) -> None:
        """Start the workers and let them compile what will be needed, before it is.

        Parameters
        ----------
        settings : Settings
        """
        if self.count > 1:
            self._start().submit(rehearse_channel, settings)
            self._start().submit(rehearse_event, settings)

    def _start(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.count,
                mp_context=server_context(__name__),
                initializer=settle_in,
                initargs=(os.getpid(),),
            )
        return self._pool


class PagePrinter:
    """Draws pages, in worker processes while the measuring goes on.

    Parameters
    ----------
    out : str or Path
        Output folder; pages go to ``out/pages``.
    settings : Settings
    network : Network, optional
    inventory : Inventory, optional
    synthetic : bool, optional
        Say on every page that the records are synthetic.
    workers : Workers, optional
        Who draws; by default this process.
    """

    def __init__(
        self,
        out: str | Path,
        settings: Settings,
        *,
        network: Network | None = None,
        inventory: Inventory | None = None,
        synthetic: bool = False,
        workers: Workers | None = None,
    ) -> None:
        self.folder = make_folder(Path(out) / "pages")
        self.settings = settings
        self.network = network
        self.inventory = inventory
        self.synthetic = synthetic
        self._workers = workers or Workers()
        self._jobs: dict[tuple[str, str], Future[str]] = {}

    def event(self, measured: EventResult, rank: int) -> None:
        """Draw the page of one event, unless enough stronger ones get one.

        Parameters
        ----------
        measured : EventResult
        rank : int
            Place by strength, 0 the strongest.
        """
        pages = self.settings.pages
        if not pages.events or rank >= pages.max_events:
            return
        name = str(measured.event["event_id"])
        self._submit(
            ("event", name),
            self.folder / f"event-{safe_filename(name)}.png",
            event_page,
            _drawn(measured, self.settings),
            self.settings,
            network=self.network,
            inventory=self.inventory if self.network is None else None,
            synthetic=self.synthetic,
        )

    def finish(
        self, result: DayResult, archive: Archive, *, progress: Progress | None = None
    ) -> Pages:
        """Draw what is drawn once for the day, wait for all pages, and list them.

        Parameters
        ----------
        result : DayResult
        archive : Archive
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
        tick = progress or (lambda what, done, total: None)
        place = (str(archive.root), archive.layout)
        for name in sorted(result.spectrograms) if self.settings.pages.stations else []:
            self._submit(
                ("station", name),
                self.folder / f"station-{safe_filename(name)}.png",
                _station_page_of,
                place,
                _only(result, name),
                name,
                synthetic=self.synthetic,
            )
        self._submit(
            ("network", ""),
            self.folder / "network.png",
            network_page,
            _without_spectra(result),
            synthetic=self.synthetic,
        )
        done: dict[str, dict[str, str]] = {"network": {}, "station": {}, "event": {}}
        problems: list[str] = []
        for i, ((kind, name), job) in enumerate(self._jobs.items()):
            tick(name or kind, i, len(self._jobs))
            try:
                done[kind][name] = f"pages/{job.result()}"
            except (ParameterError, WaveformError) as error:
                problems.append(f"page of {kind} {name}: {error}")
        tick("pages", len(self._jobs), len(self._jobs))
        return Pages(
            network=done["network"].get("", ""),
            stations=done["station"],
            events=done["event"],
            problems=tuple(problems),
        )

    def _submit(
        self,
        key: tuple[str, str],
        path: Path,
        draw: Callable[..., Figure],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        dpi = self.settings.pages.dpi
        self._jobs[key] = self._workers.submit(_print, path, dpi, draw, args, kwargs)


def network_page(result: DayResult, *, synthetic: bool = False) -> Figure:
    """Draw the overview of a day.

    Parameters
    ----------
    result : DayResult
    synthetic : bool, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    return network_summary(
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
    raw = archive.read(trace_id, result.starttime - SETTLING, result.endtime + SETTLING)
    clean = preprocess(raw, detrend=result.settings.data.detrend, taper=0.0)
    moved, _ = to_velocity(clean, result.inventory, result.settings)
    drawn = half_open(_filtered(moved, result), result.starttime, result.endtime)
    station = station_of(trace_id) + "."
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
        interval=result.settings.pages.interval or None,
        synthetic=synthetic,
    )


def event_page(
    measured: EventResult,
    settings: Settings,
    *,
    network: Network | None = None,
    inventory: Inventory | None = None,
    synthetic: bool = False,
) -> Figure:
    """Draw the page of one event.

    Parameters
    ----------
    measured : EventResult
    settings : Settings
    network : Network, optional
    inventory : Inventory, optional
    synthetic : bool, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    found = measured.understanding
    where = found.location
    drawn = [t for t in measured.stream if fnmatchcase(t.id, settings.data.measured)]
    return event_summary(
        Stream(drawn) if drawn else measured.stream,
        event=measured.event,
        triggers=measured.triggers if len(measured.triggers) else None,
        attributes=measured.attributes,
        amplitudes=measured.amplitudes,
        picks=found.picks if settings.picks.enabled else None,
        origin=found.origins if len(found.origins) else {},
        samples=where.samples if isinstance(where, Location) else None,
        magnitudes=found.magnitudes,
        classification=found.classes if len(found.classes) else None,
        fit=_best_fit(measured),
        motion=Stream(t for t in measured.stream if _beside(t.id, measured.best_trace_id)),
        network=network,
        inventory=inventory,
        spectrum=measured.spectra.get(measured.best_trace_id),
        best_trace_id=measured.best_trace_id or None,
        bands=(settings.events.fi_low, settings.events.fi_high),
        synthetic=synthetic,
    )


def _beside(trace_id: str, best: str) -> bool:
    """Whether a channel belongs to the sensor of the best one."""
    return bool(best) and trace_id[:-1] == best[:-1]


def _best_fit(measured: EventResult) -> SourceFit | None:
    """Return the source spectrum of the best station, S before P, if one counts."""
    fits = [f for f in measured.understanding.fits if f.used]
    here = [f for f in fits if station_of(f.trace_id) == station_of(measured.best_trace_id)]
    return min(here, key=lambda f: f.phase != "S") if here else None


def _drawn(measured: EventResult, settings: Settings) -> EventResult:
    """Return the event with what its page shows: no other channel, no function of the posterior."""
    best = measured.best_trace_id
    kept = [
        t
        for t in measured.stream
        if fnmatchcase(t.id, settings.data.measured) or _beside(t.id, best)
    ]
    found = measured.understanding
    where = found.location
    fit = _best_fit(measured)
    found = replace(
        found,
        location=replace(where, density=None) if isinstance(where, Location) else where,
        fits=() if fit is None else (fit,),
    )
    return replace(measured, stream=Stream(kept) if kept else measured.stream, understanding=found)


def _print(
    path: Path, dpi: int, draw: Callable[..., Figure], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str:
    save_figure(draw(*args, **kwargs), path, dpi=dpi)
    return path.name


def _station_page_of(
    place: tuple[str, str], result: DayResult, trace_id: str, *, synthetic: bool
) -> Figure:
    root, layout = place
    return station_page(result, Archive(root, layout=layout), trace_id, synthetic=synthetic)


def _without_spectra(result: DayResult) -> DayResult:
    return _replace(result, spectrograms={}, spectra={})


def _only(result: DayResult, trace_id: str) -> DayResult:
    """Return the result with the spectra of one channel: what its page needs, no more."""
    return _replace(
        result,
        spectrograms={k: v for k, v in result.spectrograms.items() if k == trace_id},
        spectra={k: v for k, v in result.spectra.items() if k == trace_id},
    )


def _replace(result: DayResult, **changes: Any) -> DayResult:
    return replace(result, onsets=TRIGGERS.frame(), **changes)


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
