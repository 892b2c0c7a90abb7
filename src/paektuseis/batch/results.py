"""The results of an archive run, read back over any span without loading the archive."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from obspy import UTCDateTime

from .. import tables as schemas
from ..errors import ArchiveError, ParameterError
from ..times import TimeLike, as_utc
from ._arrays import ArrayRows, axis_of, columns_of, rows_of
from ._joining import KEYS, boundaries, join_rows
from ._partitions import Partition, batches, list_partitions, read_arrow
from ._reading import header, ids_in, limits, read_rows, slowest, stamps

if TYPE_CHECKING:
    from ..types import Spectrogram, Timeline

SAMPLED = 40
"""Days looked at to know which stations a run has."""
Period = Literal["month", "year"]


def open_results(directory: str | Path) -> Results:
    """Open the folder an archive run wrote.

    Nothing is read but the names of the days, so this takes as long for a year as for a week.
    A run that is still going on can be opened: days appear whole.

    Parameters
    ----------
    directory : str or Path
        The ``out`` of :func:`paektuseis.run_archive`, or ``--out`` of ``paektuseis batch``.

    Returns
    -------
    Results

    Raises
    ------
    ArchiveError
        If there is no such folder, or it holds no results.

    Examples
    --------
    >>> results = open_results("piton-2010")  # doctest: +SKIP
    >>> results.table("events", starttime="2010-09-01", endtime="2010-10-01")  # doctest: +SKIP
    """
    return Results(directory)


class Results:
    """The tables of an archive run, by day on disk, read for the span that is asked for.

    Parameters
    ----------
    directory : str or Path
        Folder of the run.

    Attributes
    ----------
    directory : Path
        Folder of the run.

    Raises
    ------
    ArchiveError
        If there is no such folder, or it holds no results.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        if not self.directory.is_dir():
            raise ArchiveError(
                f"{self.directory}: no such folder; give the folder an archive run wrote "
                "(paektuseis batch --out FOLDER)"
            )
        self._folder = self.directory / "tables"
        if not self._folder.is_dir():
            held = sorted(p.name for p in self.directory.iterdir())[:6]
            raise ArchiveError(
                f"{self.directory} holds no results of an archive run (no folder 'tables'; it "
                f"holds {held or 'nothing'})"
            )

    def __repr__(self) -> str:
        parts = self._parts()
        if not parts:
            return f"<Results {self.directory}: no day yet>"
        return (
            f"<Results {self.directory}: {len(parts)} days from {parts[0].starttime} "
            f"to {parts[-1].endtime}>"
        )

    # what is there --------------------------------------------------------------------------

    @property
    def tables(self) -> list[str]:
        """Names of the tables found, in the first and the last day."""
        parts = self._parts()
        names = {p.stem for part in parts[:1] + parts[-1:] for p in part.path.glob("*.parquet")}
        return sorted(names - {"axes"})

    @property
    def span(self) -> tuple[UTCDateTime, UTCDateTime]:
        """Start of the first day and end of the last one (half open)."""
        parts = self._need_parts()
        return parts[0].starttime, parts[-1].endtime

    @property
    def run(self) -> dict[str, Any]:
        """What was run, from ``run.json``: versions, settings and their hash."""
        path = self.directory / "run.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ArchiveError(
                f"{path}: not there, so the settings of the run are not known"
            ) from None
        except (OSError, ValueError) as error:
            raise ArchiveError(f"{path} cannot be read: {error}") from error
        if not isinstance(found, dict):
            raise ArchiveError(f"{path} is no record of a run")
        return found

    def days(
        self, *, starttime: TimeLike | None = None, endtime: TimeLike | None = None
    ) -> pd.DataFrame:
        """Return the folders of results in order of time; none for a run without a day yet.

        Parameters
        ----------
        starttime, endtime : UTCDateTime or str, optional
            Half-open span the days touch; by default all.

        Returns
        -------
        DataFrame
            ``day`` (date, or date and times of a part of a day), ``starttime``, ``endtime``
            (half open), ``path``.
        """
        parts = _touching(self._parts(), starttime, endtime)
        return pd.DataFrame(
            {
                "day": pd.Series([p.name for p in parts], dtype=str),
                "starttime": stamps(p.starttime for p in parts),
                "endtime": stamps(p.endtime for p in parts),
                "path": pd.Series([str(p.path) for p in parts], dtype=str),
            }
        )

    def jobs(self) -> pd.DataFrame:
        """Return the state of every job of the run, as the runner keeps it.

        Returns
        -------
        DataFrame
            One row for each job; empty where the run left no state.

        Raises
        ------
        ArchiveError
            If the state cannot be read.
        """
        path = self.directory / "state.sqlite"
        if not path.is_file():
            return pd.DataFrame()
        try:
            with closing(
                sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)
            ) as base:
                names = [
                    row[0]
                    for row in base.execute(
                        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
                    )
                ]
                name = "jobs" if "jobs" in names else next(iter(names), None)
                if name is None:
                    return pd.DataFrame()
                quoted = '"' + name.replace('"', '""') + '"'
                cursor = base.execute(f"SELECT * FROM {quoted}")
                columns = [c[0] for c in cursor.description]
                return pd.DataFrame(cursor.fetchall(), columns=columns)
        except sqlite3.Error as error:
            raise ArchiveError(f"{path} cannot be read: {error}") from error

    def pattern(self, name: str) -> str:
        """Return the path pattern of a table, for DuckDB, Dask or Polars.

        Parameters
        ----------
        name : str

        Returns
        -------
        str
            For example ``OUT/tables/day=*/rsam.parquet``. Half-written days begin with a dot and
            never match.

        Raises
        ------
        ParameterError
            If there is no such table.
        """
        self._check_name(name)
        return str(self._folder / "day=*" / f"{name}.parquet")

    # tables ---------------------------------------------------------------------------------

    def table(
        self,
        name: str,
        *,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
        trace_ids: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        joined: bool = True,
    ) -> pd.DataFrame:
        """Return one table over a span.

        Only the days of the span and the columns asked for are read. The rows returned are
        held in memory: a year of ten-minute amplitudes is small, a year of spectral amplitudes
        is not; :meth:`iter` goes by day.

        Parameters
        ----------
        name : str
            One of :attr:`tables`.
        starttime, endtime : UTCDateTime or str, optional
            Half-open span; by default everything. Rows that are spans of time (availability,
            gaps, monitoring, quality) are returned whole if they touch it, others if they
            start in it.
        trace_ids : str or sequence of str, optional
            Trace ids or wildcards.
        columns : sequence of str, optional
            By default all.
        joined : bool, optional
            Join rows of availability, gaps, monitoring and quality that were cut only because
            a day ended.

        Returns
        -------
        DataFrame
            As in :mod:`paektuseis.tables`; in order of time within each day.

        Raises
        ------
        ParameterError
            If there is no such table or column, or the span is empty.
        ArchiveError
            If a file cannot be read.
        """
        parts = self._within(starttime, endtime)
        wanted = self._check_columns(name, columns)
        helpers = [] if wanted is None or not joined else list(KEYS.get(name, ()))
        extra = ["starttime", "endtime", "duration", "npts", "value", "message", *helpers]
        inner = wanted if wanted is None or name not in KEYS else [*wanted, *extra]
        frame = read_rows(parts, name, starttime, endtime, trace_ids, inner)
        if frame is None or frame.empty:
            return self._empty(name, wanted)
        if joined and name in KEYS:
            intervals: dict[str, float] = {}
            if name != "availability":
                intervals = slowest(parts)
            frame = join_rows(frame, name, boundaries(parts), intervals)
        return frame if wanted is None else frame[list(wanted)]

    def iter(
        self,
        name: str,
        *,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
        trace_ids: str | Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pd.DataFrame]:
        """Yield one table day by day; memory is that of a day.

        Parameters
        ----------
        name, starttime, endtime, trace_ids, columns
            As for :meth:`table`; rows cut at the end of a day are not joined.

        Yields
        ------
        DataFrame
            The rows of one day, none for a day without.

        Raises
        ------
        ParameterError
            If there is no such table or column, or the span is empty.
        """
        wanted = self._check_columns(name, columns)
        for part in self._within(starttime, endtime):
            frame = read_rows([part], name, starttime, endtime, trace_ids, wanted)
            if frame is not None:
                yield frame if wanted is None else frame[list(wanted)]

    def summary(
        self,
        *,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
        trace_ids: str | Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return one row for each channel: what was recorded of it and what was found.

        Days are read one after another; only sums are kept.

        Parameters
        ----------
        starttime, endtime : UTCDateTime or str, optional
            Half-open span; by default everything.
        trace_ids : str or sequence of str, optional
            Trace ids or wildcards.

        Returns
        -------
        DataFrame
            ``trace_id``, ``first`` and ``last`` (sample), ``days`` with record, ``recorded``
            (s), ``share`` (recorded over processed time), ``gaps``, ``triggers``, ``warnings``
            and ``errors`` (findings by day).
        """
        from ._summary import NEEDED, summarise

        parts = self._within(starttime, endtime)
        return summarise(
            (
                some,
                {
                    name: read_rows(some, name, starttime, endtime, trace_ids, columns)
                    for name, columns in NEEDED.items()
                },
            )
            for some in batches(parts)
        )

    # arrays ---------------------------------------------------------------------------------

    def spectrogram(
        self,
        trace_id: str,
        *,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
        average: float | None = None,
    ) -> Spectrogram:
        """Return the stored spectra of one channel.

        Memory: eight bytes for each frequency and column returned, and one day of the file.

        Parameters
        ----------
        trace_id : str
        starttime, endtime : UTCDateTime or str, optional
            Half-open span; by default everything.
        average : float, optional
            Seconds: columns of the mean power of the windows that start in them, NaN where
            more than half of them have no value. By default every window is a column.

        Returns
        -------
        Spectrogram
            NaN where there is no value.

        Raises
        ------
        ParameterError
            If there is nothing of that channel in the span, or its axis changes within it.
        """
        return self._array("spectra", trace_id, starttime, endtime, average)

    def noise(
        self,
        trace_id: str,
        *,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
    ) -> Spectrogram:
        """Return the stored hourly noise densities of one channel.

        Parameters
        ----------
        trace_id : str
        starttime, endtime : UTCDateTime or str, optional
            Half-open span; by default everything.

        Returns
        -------
        Spectrogram
            Power (``10**(dB / 10)`` of what is stored) by ascending frequency: its
            ``decibels()`` are those :func:`paektuseis.noise_psd` gave, rounded to float32.
            NaN where an hour has no value. The mean in each bin was taken of decibels.

        Raises
        ------
        ParameterError
            If there is nothing of that channel in the span, or its axis changes within it.
        """
        stored = self._array("noise", trace_id, starttime, endtime, None)
        up = np.argsort(stored.frequencies, kind="stable")  # stored by ascending period
        return replace(
            stored,
            frequencies=stored.frequencies[up],
            values=10.0 ** (stored.values[up] / 10.0),
            units=stored.units.removeprefix("dB rel. 1 "),
        )

    def _array(
        self,
        name: str,
        trace_id: str,
        starttime: TimeLike | None,
        endtime: TimeLike | None,
        average: float | None,
    ) -> Spectrogram:
        if average is not None and not average > 0:
            raise ParameterError(f"average={average} s; give a positive time")
        self._check_name(name)
        begin, until = limits(starttime, endtime)
        pieces: list[ArrayRows] = []
        for part in self._within(starttime, endtime):
            arrow = read_arrow(part, name)
            if arrow is None or trace_id not in ids_in(arrow):
                continue
            axis = axis_of(read_arrow(part, "axes"), name, trace_id, part.name)
            rows = rows_of(arrow, trace_id, axis, begin, until, part.name)
            if rows is not None:
                pieces.append(rows if average is None else rows.averaged(average))
        if not pieces:
            raise ParameterError(
                f"no {name} of {trace_id!r} in that span; {self._channels_text(name)}"
            )
        return columns_of(pieces, trace_id, average=average)

    # time lines -----------------------------------------------------------------------------

    def timeline(
        self,
        *,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
        stations: str | Sequence[str] | None = None,
        step: float | None = None,
    ) -> Timeline:
        """Return what a plot of months or years shows: one figure for each step of time.

        Some days at a time are read; only the sums and quantiles of each step are kept, so
        memory does not grow with the archive beyond them. A station that recorded nothing in
        the span but did so elsewhere in the run has a share of 0.

        Parameters
        ----------
        starttime, endtime : UTCDateTime or str, optional
            Half-open span; by default everything.
        stations : str or sequence of str, optional
            ``NET.STA`` or wildcards; by default all.
        step : float, optional
            Seconds: 3600, 21600, 86400 or 604800. By default an hour up to 4 days, six hours
            up to 45, a day up to 3 years, else a week.

        Returns
        -------
        Timeline
            For :func:`paektuseis.plot_timeline`.

        Raises
        ------
        ParameterError
            If the span is empty, holds no day, or the step is none of these.
        """
        from ._timeline import build_timeline

        first, last = self.span
        start = first if starttime is None else as_utc(starttime, name="starttime")
        end = last if endtime is None else as_utc(endtime, name="endtime")
        parts = self._within(start, end)
        return build_timeline(
            parts,
            start,
            end,
            stations=stations,
            step=step,
            known=self._known_ids(),
            source=self.directory.resolve().name,
        )

    def periods(
        self,
        period: Period,
        *,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
    ) -> list[tuple[str, UTCDateTime, UTCDateTime]]:
        """Return the calendar months or years that hold results.

        Parameters
        ----------
        period : {"month", "year"}
        starttime, endtime : UTCDateTime or str, optional
            Half-open span; by default everything. A period is never cut.

        Returns
        -------
        list of (str, UTCDateTime, UTCDateTime)
            ``"2010-09"`` or ``"2010"``, and the half-open span.

        Raises
        ------
        ParameterError
            If the period is unknown.
        """
        if period not in ("month", "year"):
            raise ParameterError(f"period={period!r}; choose 'month' or 'year'")
        found: dict[str, tuple[UTCDateTime, UTCDateTime]] = {}
        for part in self._within(starttime, endtime):
            at = part.starttime
            if period == "month":
                then = (at.year + at.month // 12, at.month % 12 + 1)
                key, span = (
                    at.strftime("%Y-%m"),
                    (UTCDateTime(at.year, at.month, 1), UTCDateTime(*then, 1)),
                )
            else:
                key, span = (
                    at.strftime("%Y"),
                    (UTCDateTime(at.year, 1, 1), UTCDateTime(at.year + 1, 1, 1)),
                )
            found[key] = span
        return [(key, *span) for key, span in found.items()]

    # helpers --------------------------------------------------------------------------------

    def _parts(self) -> list[Partition]:
        return list_partitions(self._folder)

    def _need_parts(self) -> list[Partition]:
        parts = self._parts()
        if not parts:
            raise ArchiveError(f"{self.directory} holds no finished day yet")
        return parts

    def _within(self, starttime: TimeLike | None, endtime: TimeLike | None) -> list[Partition]:
        return _touching(self._need_parts(), starttime, endtime)

    def _known_ids(self) -> list[str]:
        """Return the channels that recorded on any of some days spread over the whole run."""
        parts = self._need_parts()
        picked = parts[:: max(1, len(parts) // SAMPLED)] + parts[-1:]
        frame = read_rows(picked, "availability", columns=["trace_id"])
        return [] if frame is None else sorted(frame["trace_id"].unique())

    def _check_name(self, name: str) -> None:
        if name in self.tables:
            return
        if any((p.path / f"{name}.parquet").is_file() for p in self._need_parts()):
            return
        raise ParameterError(f"no table {name!r} in {self.directory}; it holds {self.tables}")

    def _check_columns(self, name: str, columns: Sequence[str] | None) -> list[str] | None:
        self._check_name(name)
        if columns is None:
            return None
        if isinstance(columns, str):
            raise ParameterError(f"columns={columns!r}; give a list of names")
        held = header(self._need_parts(), name)
        if missing := [c for c in columns if c not in held]:
            raise ParameterError(f"table {name!r} has no column {missing}; it has {held}")
        return list(dict.fromkeys(columns))

    def _empty(self, name: str, columns: list[str] | None) -> pd.DataFrame:
        schema = next((s for s in schemas.ALL if s.name == name), None)
        frame = (
            schema.frame()
            if schema is not None
            else pd.DataFrame(columns=header(self._need_parts(), name))
        )
        if columns is None:
            return frame
        return frame.reindex(columns=columns)

    def _channels_text(self, name: str) -> str:
        for part in reversed(self._need_parts()):
            arrow = read_arrow(part, name, ["trace_id"])
            if arrow is not None and arrow.num_rows:
                return f"{part.name} holds {ids_in(arrow)}"
        return "no day holds any"


def _touching(
    parts: list[Partition], starttime: TimeLike | None, endtime: TimeLike | None
) -> list[Partition]:
    begin, until = limits(starttime, endtime)
    return [p for p in parts if p.endtime.ns > begin and p.starttime.ns < until]


__all__ = ["Results", "open_results"]
