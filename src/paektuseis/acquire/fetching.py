"""``fetch_waveforms``: what an archive lacks, from FDSN data centres."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from obspy import Inventory, UTCDateTime

from ..errors import NoRecordsError, ParameterError, WaveformError
from ..io import atomic_path, safe_filename, safe_text
from ..io._sources import one_path
from ..io._streaming import read_blocks
from ..times import TimeLike, as_utc
from ..types import Progress
from ._codes import Codes
from ._dayfile import DAY_NS, DayFiles, by_day, piece_of
from ._fdsn import Centre, CentreError, RefusedError, Selector, Span
from ._merge import CONFLICT, NEW, Piece
from ._tables import FETCHED

logger = logging.getLogger("paektuseis.acquire")
_ROUNDS = 20
"""How often a span is asked for again, as long as each answer brings something new."""
_GIVE_UP = 3
"""Requests in a row without an answer after which a centre is taken to be out of reach."""


@dataclass(frozen=True)
class FetchReport:
    """What was fetched.

    Attributes
    ----------
    days : DataFrame
        One row for each channel and day: samples new and in conflict, what is still missing.
    stations : tuple of Path
        StationXML files that were written.
    problems : tuple of str
        Requests that failed, in words.
    """

    days: pd.DataFrame
    stations: tuple[Path, ...]
    problems: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every request was answered; there may be gaps in what the centres hold."""
        return not self.problems

    def summary(self) -> list[str]:
        """Lines for a terminal."""
        days = self.days[self.days.outcome != "edge"]
        out = [
            f"{len(days)} channel-days: {(days.outcome == 'complete').sum()} complete, "
            f"{(days.outcome == 'partial').sum()} with gaps, "
            f"{(days.outcome == 'no data').sum()} without data, "
            f"{(days.outcome == 'failed').sum()} failed",
            f"{self.days.new.sum()} samples fetched, {len(self.stations)} StationXML files written",
        ]
        if days.conflict.sum():
            out.append(f"{days.conflict.sum()} samples contradict the archive; not written")
        return out


def fetch_waveforms(
    base_urls: str | Iterable[str],
    archive: str | os.PathLike[str],
    *,
    starttime: TimeLike,
    endtime: TimeLike,
    network: str = "*",
    station: str = "*",
    location: str = "*",
    channel: str = "*",
    latitude: float | None = None,
    longitude: float | None = None,
    radius_km: float | None = None,
    stationxml: str | os.PathLike[str] | None = None,
    timeout: float = 60.0,
    attempts: int = 3,
    pause: float = 5.0,
    progress: Progress | None = None,
) -> FetchReport:
    """Fetch waveforms and metadata from FDSN data centres into an SDS archive.

    Only what the archive lacks is asked for, station by station and day by day, so that a
    run that was ended, or whose server died in the middle, is resumed by running it again.
    What comes is read as any untrusted file, and added to the day files as
    :func:`import_waveforms` does: nothing is overwritten and nothing is held twice.

    Parameters
    ----------
    base_urls : str or iterable of str
        Addresses of data centres (or short names obspy knows), the preferred one first; what
        the first does not give is asked of the next.
    archive : str or Path
        Root of the SDS archive, made if missing.
    starttime, endtime : UTCDateTime or str
        Span that is wanted.
    network, station, location, channel : str, optional
        Codes, with wildcards ``*`` and ``?`` and lists with commas; ``location=""`` is the empty
        one.
    latitude, longitude, radius_km : float, optional
        Only stations within so many km of a point (degrees).
    stationxml : str or Path, optional
        Folder for the metadata, one file with responses for each station (``NET.STA.xml``);
        by default beside the archive, with ``-stationxml`` after its name. A file that is
        there is kept.
    timeout : float, optional
        Seconds without an answer after which a request has failed.
    attempts : int, optional
        How often each request is made.
    pause : float, optional
        Seconds before the second attempt; each further one waits twice as long.
    progress : callable, optional
        Called with what is done, how much of it, and of how much.

    Returns
    -------
    FetchReport

    Raises
    ------
    ArchiveError
        If no data centre can be reached.
    NoRecordsError
        If no centre has a channel that matches.
    OutputError
        If archive or metadata cannot be written.
    ParameterError
        If an argument makes no sense.

    Notes
    -----
    This uses obspy's FDSN client and not its mass downloader: that one takes a file that is
    there for a complete day, and ends with an exception when a connection breaks. Gaps in what
    a centre holds are asked for again in each run, since data may arrive late there. Data under
    embargo are not asked for: no password is taken.
    """
    start, end = as_utc(starttime, name="starttime"), as_utc(endtime, name="endtime")
    if end <= start:
        raise ParameterError(f"endtime={end} is not after starttime={start}; exchange them")
    if isinstance(base_urls, str):
        base_urls = (base_urls,)
    if attempts < 1 or timeout <= 0 or pause < 0:
        raise ParameterError(
            f"attempts={attempts}, timeout={timeout}, pause={pause}; give at least one attempt, "
            "a timeout above 0 s and a pause of 0 s or more"
        )
    place = (latitude, longitude, radius_km)
    if any(x is None for x in place) and any(x is not None for x in place):
        raise ParameterError("give latitude, longitude and radius_km together, or none of them")
    selector = Selector(network, station, location, channel, start, end, *place)
    centres = [Centre(url, timeout=timeout, attempts=attempts, pause=pause) for url in base_urls]
    if not centres:
        raise ParameterError("base_urls is empty; give the address of a data centre")
    store = DayFiles(archive)
    folder = one_path(
        stationxml or store.root.with_name(store.root.name + "-stationxml"), name="stationxml"
    )
    run = _Fetch(centres, store, folder, selector, progress)
    return run.run()


class _Fetch:
    """One run: metadata, then what is missing of each station and day."""

    def __init__(
        self,
        centres: list[Centre],
        store: DayFiles,
        folder: Path,
        selector: Selector,
        progress: Progress | None,
    ) -> None:
        self.centres, self.store, self.folder = centres, store, folder
        self.selector = selector
        self.tell = progress or (lambda what, done, total: None)
        self.problems: list[str] = []
        self.written: list[Path] = []
        self.rows: dict[tuple[str, int], dict[str, Any]] = {}
        self.failures: dict[str, int] = defaultdict(int)
        self.codes = Codes()

    def run(self) -> FetchReport:
        """Fetch everything; problems of single requests are collected."""
        held = self._lists()
        for _, inventory in held:
            self._metadata(inventory)
        work = self._station_days(held)
        for done, ((_, day), wanted) in enumerate(sorted(work.items())):
            self._station_day(day, wanted)
            self.tell("station-days", done + 1, len(work))
        rows = [self.rows[key] for key in sorted(self.rows)]
        for row in rows:  # records that reach beyond the span that was asked for
            row["outcome"] = row["outcome"] or "edge"
        return FetchReport(FETCHED.frame(rows), tuple(self.written), tuple(self.problems))

    def _lists(self) -> list[tuple[Centre, Inventory]]:
        """What each centre lists of the channels that are wanted."""
        found, faults = [], []
        for centre in self.centres:
            try:
                inventory = centre.channels(self.selector)
            except CentreError as error:
                faults.append(error)
                self._problem(error)
                continue
            if inventory is not None and len(inventory.get_contents()["channels"]):
                found.append((centre, inventory))
        if not found and faults:
            raise faults[0]
        if not found:
            s = self.selector
            raise NoRecordsError(
                f"no channel {s.network}.{s.station}.{s.location}.{s.channel} is listed by "
                f"{', '.join(c.name for c in self.centres)} from {s.starttime} to {s.endtime}"
            )
        return found

    def _problem(self, error: Exception) -> None:
        text = safe_text(str(error))
        logger.info("%s", text)
        self.problems.append(text)

    def _metadata(self, inventory: Inventory) -> None:
        """Keep the responses of each station that has no file yet."""
        for network in inventory:
            for station in network:
                path = self.folder / (safe_filename(f"{network.code}.{station.code}") + ".xml")
                if path.exists():
                    continue
                wanted = replace(
                    self.selector,
                    network=network.code,
                    station=station.code,
                    latitude=None,
                    longitude=None,
                    radius_km=None,
                )
                for centre in self._alive(self.centres):
                    data = self._try(centre, partial(centre.station, wanted))
                    if data:
                        with atomic_path(path) as temporary:
                            temporary.write_bytes(data)
                        self.written.append(path)
                        break

    def _alive(self, centres: list[Centre]) -> Iterator[Centre]:
        for centre in centres:
            if self.failures[centre.name] < _GIVE_UP:
                yield centre

    def _try(self, centre: Centre, call: Callable[[], bytes | None]) -> bytes | None:
        """Return an answer, or None with the problem noted."""
        try:
            answer = call()
        except RefusedError as error:
            self._problem(error)
            return None
        except CentreError as error:
            self.failures[centre.name] += 1
            self._problem(error)
            if self.failures[centre.name] == _GIVE_UP:
                self._problem(CentreError(f"{centre.name}: given up; run again to resume"))
            return None
        self.failures[centre.name] = 0
        return answer

    def _station_days(
        self, held: list[tuple[Centre, Inventory]]
    ) -> dict[tuple[str, int], dict[str, list[Centre]]]:
        """Channels of each station and day, with the centres that list them."""
        work: dict[tuple[str, int], dict[str, list[Centre]]] = defaultdict(dict)
        first, last = int(self.selector.starttime.ns), int(self.selector.endtime.ns)
        for centre, inventory in held:
            for network, station, channel in _channels(inventory):
                trace_id = ".".join(
                    (network.code, station.code, channel.location_code, channel.code)
                )
                if why := self.codes.why_not(trace_id):
                    self._problem(WaveformError(f"{centre.name}: {why}"))
                    continue
                begin = max(first, _ns(channel.start_date, first))
                end = min(last, _ns(channel.end_date, last))
                for day in range(begin // DAY_NS * DAY_NS, end, DAY_NS):
                    centres = work[f"{network.code}.{station.code}", day].setdefault(trace_id, [])
                    if centre not in centres:
                        centres.append(centre)
        return work

    def _station_day(self, day: int, wanted: dict[str, list[Centre]]) -> None:
        """Ask the centres, one after the other, for what is missing of a station's day."""
        low = max(day, int(self.selector.starttime.ns))
        high = min(day + DAY_NS, int(self.selector.endtime.ns))
        for trace_id in wanted:
            self._row(trace_id, day)
        for centre in self._alive(self.centres):
            mine = [t for t, centres in wanted.items() if centre in centres]
            failed = self._ask(centre, mine, day, low, high)
            for trace_id in failed:
                self._row(trace_id, day)["outcome"] = "failed"
        for trace_id in wanted:
            row = self._row(trace_id, day)
            missing = self.store.missing(trace_id, day, low, high)
            row["missing"] = sum(b - a for a, b in missing) / 1e9
            alive = any(True for _ in self._alive(wanted[trace_id]))
            if not missing:
                row["outcome"] = "complete"
            elif not row["outcome"]:
                nothing = row["missing"] * 1e9 >= high - low - 1
                row["outcome"] = "failed" if not alive else "no data" if nothing else "partial"

    def _ask(self, centre: Centre, ids: list[str], day: int, low: int, high: int) -> list[str]:
        """Ask for what is missing until an answer brings nothing new; channels that failed."""
        for _ in range(_ROUNDS):
            spans: list[Span] = [
                (trace_id, a, b)
                for trace_id in ids
                for a, b in self.store.missing(trace_id, day, low, high)
            ]
            if not spans:
                return []
            before = len(self.problems)
            data = self._try(centre, partial(centre.waveforms, spans))
            if data is None and len(self.problems) > before:
                return sorted({trace_id for trace_id, _, _ in spans})
            if not data or not self._keep(centre, data, {t for t, _, _ in spans}):
                return []
        return []

    def _keep(self, centre: Centre, data: bytes, wanted: set[str]) -> int:
        """Add records to the archive; returns how many samples were new."""
        pieces: dict[tuple[str, int], list[Piece]] = defaultdict(list)
        with TemporaryDirectory(prefix="paektuseis-") as folder:
            path = Path(folder) / "answer"
            path.write_bytes(data)
            try:
                for block in read_blocks(path):
                    for trace in block.traces:
                        if trace.id not in wanted:  # not what was asked for
                            continue
                        for day, part in by_day(piece_of(trace)):
                            pieces[trace.id, day].append(part)
            except WaveformError as error:
                text = str(error).replace(f"{path}: ", "")
                self._problem(WaveformError(f"{centre.name}: {', '.join(sorted(wanted))}: {text}"))
        new = 0
        for (trace_id, day), parts in sorted(pieces.items()):
            outcome = self.store.add(trace_id, day, parts)
            row = self._row(trace_id, day)
            if outcome.fault:
                self._problem(WaveformError(f"{outcome.path}: {outcome.fault}"))
            for stretch in outcome.stretches:
                count = stretch.piece.data.size
                if stretch.fate == NEW:
                    row["new"] += count
                    new += count
                elif stretch.fate == CONFLICT:
                    row["conflict"] += count
        return new

    def _row(self, trace_id: str, day: int) -> dict[str, Any]:
        return self.rows.setdefault(
            (trace_id, day),
            {
                "trace_id": trace_id,
                "day": UTCDateTime(ns=day),
                "outcome": "",
                "new": 0,
                "conflict": 0,
                "missing": float("nan"),
            },
        )


def _channels(inventory: Inventory) -> Iterator[tuple[Any, Any, Any]]:
    for network in inventory:
        for station in network:
            for channel in station:
                yield network, station, channel


def _ns(time: UTCDateTime | None, otherwise: int) -> int:
    return otherwise if time is None else int(time.ns)
