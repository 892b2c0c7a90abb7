"""Arrays that are stored as rows (spectra, noise), put back on their axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import UTCDateTime

from ..errors import ArchiveError, ParameterError
from ..types import Spectrogram

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_WORDS = ("units", "statistic", "method")
_DEFAULTS = ("", "power spectral density", "as stored by an archive run")


@dataclass(frozen=True, kw_only=True, eq=False)
class ArrayRows:
    """The windows of one channel and day.

    ``values`` (n, nf) are values or, where ``counts`` (n, nf) is given, sums of so many.
    """

    day: str
    starts: IntArray
    values: NDArray[Any]
    frequencies: FloatArray
    window: float
    step: float
    units: str
    statistic: str
    method: str
    counts: FloatArray | None = None

    def averaged(self, seconds: float) -> ArrayRows:
        """Return sums over the windows that start in each stretch of so many seconds."""
        length = round(seconds * 1e9)
        bins = self.starts // length
        edges = np.flatnonzero(np.append(True, np.diff(bins) != 0))
        finite = np.isfinite(self.values)
        held = np.where(finite, self.values, 0.0)
        return ArrayRows(
            day=self.day,
            starts=bins[edges] * length,
            values=np.add.reduceat(held, edges, axis=0, dtype=np.float64),
            counts=np.add.reduceat(finite, edges, axis=0, dtype=np.float64),
            frequencies=self.frequencies,
            window=self.window,
            step=self.step,
            units=self.units,
            statistic=self.statistic,
            method=self.method,
        )


def axis_of(axes: Any, name: str, trace_id: str, day: str) -> FloatArray:
    """Return the frequencies of one channel's arrays (Hz)."""
    frame = None if axes is None else axes.to_pandas()
    if frame is not None:
        frame = frame[(frame["table"] == name) & (frame["trace_id"] == trace_id)]
    if frame is None or frame.empty:
        raise ArchiveError(
            f"day {day} does not say which frequencies its {name} of {trace_id} have "
            "(axes.parquet); process that day again"
        )
    return np.asarray(frame.sort_values("index")["frequency"], dtype=np.float64)


def rows_of(
    arrow: Any, trace_id: str, frequencies: FloatArray, begin: int, until: int, day: str
) -> ArrayRows | None:
    """Return the windows of a channel that start in a span (ns, half open), if there are any."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mine = arrow.filter(pc.equal(arrow["trace_id"].cast(pa.string()), trace_id))
    starts = mine["starttime"].cast(pa.timestamp("ns", "UTC")).to_numpy().astype(np.int64)
    inside = (starts >= begin) & (starts < until)
    if not inside.any():
        return None
    values = mine["values"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    values = values.reshape(len(starts), -1)
    if values.shape[1] != len(frequencies):
        raise ArchiveError(
            f"day {day}: {values.shape[1]} values against {len(frequencies)} frequencies of "
            f"{trace_id}; process that day again"
        )
    order = np.argsort(starts[inside], kind="stable")
    words = {
        name: str(mine[name][0].as_py()) if name in mine.column_names else default
        for name, default in zip(_WORDS, _DEFAULTS, strict=True)
    }
    return ArrayRows(
        day=day,
        starts=starts[inside][order],
        values=values[inside][order],
        frequencies=frequencies,
        window=float(mine["window"][0].as_py()),
        step=float(mine["step"][0].as_py()),
        units=words["units"],
        statistic=words["statistic"],
        method=words["method"],
    )


def columns_of(pieces: list[ArrayRows], trace_id: str, *, average: float | None) -> Spectrogram:
    """Return the windows of consecutive days as one spectrogram, NaN where there is none.

    Raises
    ------
    ParameterError
        If axis, unit or grid of the windows changes on the way.
    """
    first = pieces[0]
    for piece in pieces[1:]:
        same_axis = np.array_equal(piece.frequencies, first.frequencies)
        kind = (piece.units, piece.window, piece.step)
        if not same_axis or kind != (first.units, first.window, first.step):
            raise ParameterError(
                f"{trace_id}: unit, window or frequencies change on day {piece.day} (from "
                f"{first.units}, {first.window:g} s, {len(first.frequencies)} frequencies to "
                f"{piece.units}, {piece.window:g} s, {len(piece.frequencies)}); ask for the spans "
                "before and after that day"
            )
    step = round((average or first.step) * 1e9)
    origin = int(first.starts[0])
    number = round((int(pieces[-1].starts[-1]) - origin) / step) + 1
    total = np.zeros((len(first.frequencies), number))
    counts = np.zeros_like(total)
    for piece in pieces:
        offset = piece.starts - origin
        at = np.rint(offset / step).astype(np.int64)
        if np.abs(offset - at * step).max() > 0.01 * step:
            raise ParameterError(
                f"{trace_id}: the windows of day {piece.day} are not a whole number of steps "
                f"({step / 1e9:g} s) after those of day {first.day}; ask for the spans apart"
            )
        if piece.counts is None:
            total[:, at] = piece.values.T
            counts[:, at] = 1.0
        else:
            total[:, at] += piece.values.T
            counts[:, at] += piece.counts.T
    expected = 1.0 if average is None else max(1.0, step / 1e9 / first.step)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.where(2 * counts >= expected, total / counts, np.nan)
    method = first.method
    if average is not None:
        method += f"; mean power of windows that start in the same {average:g} s"
    return Spectrogram(
        starttime=UTCDateTime(ns=origin),
        step=step / 1e9,
        window=first.window if average is None else max(first.window, step / 1e9),
        frequencies=first.frequencies,
        values=values,
        units=first.units,
        statistic=first.statistic,
        trace_id=trace_id,
        method=method,
    )
