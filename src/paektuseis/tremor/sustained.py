"""Sustained tremor: minutes in which the median amplitude stands above the station's own level."""

from __future__ import annotations

from math import isfinite, nan
from typing import Any

import numpy as np
import pandas as pd
from obspy import Stream

from ..amplitude import reduced_displacement, rsam
from ..errors import MetadataError, ParameterError, WaveformError
from ..network import Network
from ..processing import bandpass
from ..provenance import note, units_of
from ..tables import RSAM, TREMOR, station_of
from ..times import as_utc
from ..types import FloatArray
from ._episodes import by_station, episodes, needed, one_window, require_positive, wide

_ROUNDS = 10
_SETTLE = 20.0  # s of record before the minute of the peak that the filter is given


def find_tremor(
    data: Stream | pd.DataFrame,
    *,
    freqmin: float = 1.0,
    freqmax: float = 5.0,
    window: float = 60.0,
    threshold: float = 2.0,
    percentile: float = 25.0,
    reference_span: float = 6 * 3600.0,
    min_reference: int = 10,
    min_windows: int = 4,
    bridge: int = 1,
    min_stations: int | None = None,
    component: str = "Z",
    network: Network | None = None,
    source: tuple[float, float, float] | None = None,
    problems: list[str] | None = None,
) -> pd.DataFrame:
    """Find stretches of sustained amplitude on which stations agree.

    Parameters
    ----------
    data : Stream or DataFrame
        Records (gaps as separate traces), or a table ``tables.RSAM`` of one band; its
        statistic should be ``median_abs`` (see Notes).
    freqmin, freqmax : float, optional
        Hertz; of records only.
    window : float, optional
        Seconds; of records only.
    threshold : float, optional
        A window is on where its amplitude exceeds this many times the reference.
    percentile : float, optional
        Of the windows that are not on, within ``reference_span``: the station's reference.
    reference_span : float, optional
        Seconds, centred on the window (what there is of it at the ends).
    min_reference : int, optional
        Fewest windows a reference is made from; with fewer the station does not count.
    min_windows : int, optional
        Fewest windows on in an episode.
    bridge : int, optional
        Windows off that do not end an episode.
    min_stations : int, optional
        Stations that must be on at once; by default more than half of those alive.
    component : str, optional
        Last letter of the channels used.
    network, source : Network and (latitude, longitude, depth_km), optional
        For the reduced displacement, where records are in m or m/s, or the table holds rms
        displacement in m.
    problems : list of str, optional
        Told which stations have no reference and why there is no reduced displacement.

    Returns
    -------
    DataFrame
        Table ``tables.TREMOR``, ``kind`` "sustained". ``peak`` is the largest amplitude of the
        channel that stands highest above its reference.

    Raises
    ------
    ParameterError
        If an option is out of its range, or the table mixes bands, windows or units of a
        channel.

    Notes
    -----
    The amplitude is the median of ``abs(x)`` in the band within the window: an earthquake
    shorter than half of it hardly moves it. A longer one (regional, teleseism) is kept out
    only where it is shorter than ``min_windows``. The reference is found in rounds: percentile
    of all windows; windows above ``threshold`` times it left out; again, until nothing changes.
    Tremor that fills more than ``100 - percentile`` per cent of the span becomes the reference
    itself and is missed.
    """
    require_positive(
        window=window, reference_span=reference_span, min_windows=min_windows,
        min_reference=min_reference,
    )  # fmt: skip
    if not threshold > 1:
        raise ParameterError(f"threshold={threshold}; give a factor above 1")
    if not 0 < percentile < 100:
        raise ParameterError(f"percentile={percentile}; give one between 0 and 100")
    table = _amplitudes(data, freqmin, freqmax, window, component)
    if not len(table):
        return TREMOR.frame()
    step = one_window(table)
    values = wide(table, "value", step)
    amplitude = values.to_numpy(dtype=np.float64)
    reference = np.stack(
        [
            running_reference(
                amplitude[:, k],
                span=max(1, round(reference_span / step)),
                threshold=threshold,
                percentile=percentile,
                least=min_reference,
            )
            for k in range(amplitude.shape[1])
        ],
        axis=1,
    )
    columns = [str(c) for c in values.columns]
    _tell(columns, reference, problems, min_reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = amplitude / reference
        names, on = by_station(columns, ratio > threshold)
        alive = by_station(columns, np.isfinite(ratio))[1].sum(axis=1)
    agreed = (on.sum(axis=1) >= needed(alive, min_stations)) & (alive > 0)
    rows = []
    for first, last in episodes(agreed, least=min_windows, bridge=bridge):
        part = ratio[first:last]
        best = int(np.nanargmax(np.nanmax(np.where(np.isfinite(part), part, -1.0), axis=0)))
        at = first + int(np.nanargmax(part[:, best]))
        row = _row(table, values, columns[best], first, last, at, step)
        row["n_stations"] = int(on[first:last].sum(axis=1).max())
        row["stations"] = tuple(n for k, n in enumerate(names) if on[first:last, k].any())
        row["reduced_displacement"] = _reduced(data, table, row, step, network, source, problems)
        rows.append({k: v for k, v in row.items() if k != "trace_id"})
    return TREMOR.frame(rows)


def _amplitudes(
    data: Stream | pd.DataFrame, freqmin: float, freqmax: float, window: float, component: str
) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        RSAM.check(data)
        table = data[[str(t).endswith(component) for t in data["trace_id"]]]
        for name in ("freqmin", "freqmax", "units", "statistic"):
            found = table.groupby("trace_id")[name].nunique(dropna=False)
            if (found > 1).any():
                raise ParameterError(f"{found.idxmax()} has several {name} in the table; keep one")
        return table
    chosen = Stream([t for t in data if t.stats.channel.endswith(component)])
    if not chosen:
        return RSAM.frame()
    begin = min(int(t.stats.starttime.ns) for t in chosen)
    step = round(window * 1e9)
    return rsam(
        chosen,
        window=window,
        statistic="median_abs",
        freqmin=freqmin,
        freqmax=freqmax,
        starttime=as_utc(pd.Timestamp(begin // step * step, tz="UTC")),
    )


def running_reference(
    values: FloatArray, *, span: int, threshold: float, percentile: float, least: int
) -> FloatArray:
    """Return a running low percentile of the values that are not above ``threshold`` times it.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Amplitudes, NaN where missing.
    span : int
        Values in the window, centred.
    threshold, percentile : float
    least : int
        Fewest values a reference is made from.

    Returns
    -------
    ndarray, shape (n,)
        NaN where there are too few values.
    """
    calm = np.isfinite(values) & (values > 0)
    known = calm.copy()
    reference = np.full(len(values), nan)
    for _ in range(_ROUNDS):
        reference = _percentile(np.where(calm, values, nan), span, percentile, least)
        filled = pd.Series(reference).ffill().bfill().to_numpy()  # inside long tremor: the last
        with np.errstate(invalid="ignore"):
            now = known & ~(values > threshold * filled)
        if (now == calm).all():
            break
        calm = now
    few = pd.Series(known.astype(float)).rolling(span, center=True, min_periods=1).sum().to_numpy()
    reference = pd.Series(reference).ffill().bfill().to_numpy()
    return np.where(few >= least, reference, nan)


def _percentile(values: FloatArray, span: int, percentile: float, least: int) -> FloatArray:
    rolling = pd.Series(values).rolling(span, center=True, min_periods=min(least, span))
    return np.asarray(rolling.quantile(percentile / 100.0).to_numpy(), dtype=np.float64)


def _tell(
    columns: list[str], reference: FloatArray, problems: list[str] | None, least: int
) -> None:
    for k, name in enumerate(columns):
        if problems is not None and not np.isfinite(reference[:, k]).any():
            problems.append(f"{name}: fewer than {least} windows, no reference")


def _row(
    table: pd.DataFrame,
    values: pd.DataFrame,
    trace_id: str,
    first: int,
    last: int,
    at: int,
    step: float,
) -> dict[str, Any]:
    head = table[table["trace_id"] == trace_id].iloc[0]
    start = values.index[first]
    return {
        "trace_id": trace_id,
        "event_id": f"tremor-{start.strftime('%Y%m%dT%H%M%S')}",
        "starttime": start,
        "endtime": values.index[last - 1] + pd.Timedelta(seconds=step),
        "kind": "sustained",
        "peak": float(values[trace_id].iloc[at]),
        "units": str(head["units"]),
        "peak_time": values.index[at],
        "freqmin": float(head["freqmin"]),
        "freqmax": float(head["freqmax"]),
    }


def _reduced(
    data: Stream | pd.DataFrame,
    table: pd.DataFrame,
    row: dict[str, Any],
    step: float,
    network: Network | None,
    source: tuple[float, float, float] | None,
    problems: list[str] | None,
) -> float:
    """Return the reduced displacement (body waves, rms) of the peak's window, cm2."""
    if network is None or source is None:
        return nan
    try:
        if isinstance(data, pd.DataFrame):
            same = (table["trace_id"] == row["trace_id"]) & (table["starttime"] == row["peak_time"])
            found = reduced_displacement(table[same], network=network, source=source)
        else:
            moved = _displacement(data, row, step)
            start = as_utc(row["peak_time"])
            found = reduced_displacement(
                moved, network=network, source=source, starttime=start, endtime=start + step
            )
    except (ParameterError, WaveformError, MetadataError) as error:
        if problems is not None:
            problems.append(f"no reduced displacement: {error}")
        return nan
    value = float(found["value"].iloc[0]) if len(found) else nan
    return value if isfinite(value) else nan


def _displacement(stream: Stream, row: dict[str, Any], step: float) -> Stream:
    """Return the band-passed displacement of the channel around the peak."""
    start = as_utc(row["peak_time"])
    mine = Stream([t for t in stream if t.id == row["trace_id"]])
    mine = mine.slice(start - _SETTLE, start + step)
    units = {units_of(t) for t in mine}
    if not units <= {"m", "m/s"}:
        raise ParameterError(
            f"{row['trace_id']} at {station_of(row['trace_id'])} is in {', '.join(units)}; "
            "remove the response for a reduced displacement"
        )
    moved = bandpass(mine, freqmin=row["freqmin"], freqmax=row["freqmax"])
    if units == {"m/s"}:
        for trace in moved:
            trace.data = np.cumsum(trace.data) / float(trace.stats.sampling_rate)
            trace.data -= trace.data.mean()
            note(trace, units="m")
        # integration leaves a drift of the filter's start: the band again takes it away
        moved = bandpass(moved, freqmin=row["freqmin"], freqmax=row["freqmax"])
    return moved
