"""Harmonic tremor by the minute: fundamental, strength of overtones, gliding lines."""

from __future__ import annotations

import math
from itertools import pairwise
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import scipy.signal
import scipy.stats
from obspy import Stream

from .._segments import Segment, segments
from ..errors import ParameterError
from ..tables import HARMONICS, TREMOR, station_of
from ..times import TimeLike, as_utc
from ..types import FloatArray
from ._episodes import episodes, needed, one_window, require_positive

KAISER = 38.0
DECIMATIONS = 6
SEARCH = 0.1  # Hz on each side of a multiple of the fundamental
MIN_HSI = 30.0
_BLOCK = 64  # windows transformed at once


def harmonic_strength(
    stream: Stream,
    *,
    window: float = 60.0,
    min_frequency: float = 0.5,
    max_frequency: float | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    component: str = "Z",
) -> pd.DataFrame:
    """Measure the harmonic strength of every window of every channel.

    Parameters
    ----------
    stream : Stream
        Records in any unit; gaps as separate traces. A window with a gap has no row.
    window : float, optional
        Seconds, consecutive. A line that glides by more than about ``SEARCH / 3`` Hz within
        the window is smeared: shorten the window (20 s) where lines glide fast.
    min_frequency, max_frequency : float, optional
        Hertz, of the fundamental; the upper one by default a sixth of the Nyquist frequency.
    starttime, endtime : UTCDateTime or str, optional
        By default all; windows begin on whole multiples of their length.
    component : str, optional
        Last letter of the channels used.

    Returns
    -------
    DataFrame
        Table ``tables.HARMONICS``.

    Raises
    ------
    ParameterError
        If the window is too short for the lowest fundamental, or a frequency is impossible.

    Notes
    -----
    After Roman (2017). Periodogram with a Kaiser window (beta 38) of the demeaned window;
    fundamental at the largest local maximum of the harmonic product spectrum (product of the
    density at 1 to 6 times each frequency), sought from ``min_frequency`` up (the original seeks
    everywhere and then rejects lower ones); power of the fundamental and of each overtone: the
    largest density within 0.1 Hz of its multiple; between them: the largest density in the
    middle half between neighbours (the original takes the middle half of what lies between the
    feet of the two peaks, a little narrower), times the window's noise bandwidth.
    ``hsi = peak / (between x bandwidth)``: **not dimensionless** (1/Hz), so that 30 holds for
    windows of 60 s, whose bandwidth is 0.058 Hz: the peak stands 1.7 times above what is
    between. For another window the figure is scaled to the bandwidth of 60 s, so that the
    threshold means the same ratio.

    References
    ----------
    Roman, D. C. (2017). Automated detection and characterization of harmonic tremor in
    continuous seismic data. Geophysical Research Letters 44. doi:10.1002/2017GL073715
    """
    require_positive(window=window, min_frequency=min_frequency)
    if window * min_frequency < 8:
        raise ParameterError(
            f"window={window:g} s holds {window * min_frequency:.1f} periods of "
            f"min_frequency={min_frequency:g} Hz; 8 are needed, raise one of them"
        )
    begin = None if starttime is None else int(as_utc(starttime).ns)
    end = None if endtime is None else int(as_utc(endtime).ns)
    chosen = Stream([t for t in stream if t.stats.channel.endswith(component)])
    rows: list[dict[str, Any]] = []
    for pieces in segments(chosen).values():
        for piece in pieces:
            rows += _piece(piece.cut(begin, end), window, min_frequency, max_frequency)
    return HARMONICS.frame(rows)


def _piece(piece: Segment, window: float, low: float, high: float | None) -> list[dict[str, Any]]:
    rate = piece.sampling_rate
    size = round(window * rate)
    top = rate / 2 / DECIMATIONS if high is None else high
    if not low < top <= rate / 2 / DECIMATIONS:
        raise ParameterError(
            f"max_frequency={top:g} Hz; for {piece.trace_id} give one above "
            f"{low:g} Hz and up to {rate / 2 / DECIMATIONS:g} Hz (a sixth of Nyquist)"
        )
    step = round(window * 1e9)
    first = -(-piece.start_ns // step) * step
    starts = np.arange(first, piece.end_ns, step, dtype=np.int64)
    at = piece.first_at(starts)
    keep = (at >= 0) & (at + size <= len(piece.data))
    starts, at = starts[keep], at[keep]
    rows: list[dict[str, Any]] = []
    for k in range(0, len(at), _BLOCK):
        chunk = np.stack([piece.data[i : i + size] for i in at[k : k + _BLOCK]]).astype(np.float64)
        measures = strengths(chunk, rate, low, top)
        for ns, values in zip(starts[k : k + _BLOCK], measures, strict=True):
            rows.append(
                {
                    "trace_id": piece.trace_id,
                    "starttime": pd.Timestamp(int(ns), tz="UTC"),
                    "window": float(window),
                    "fundamental": values[0],
                    "hsi1": values[1],
                    "hsi2": values[2],
                    "hsi3": values[3],
                    "power": values[4],
                    "units": f"({piece.units})**2/Hz",
                }
            )
    return rows


def strengths(data: FloatArray, rate: float, low: float, high: float) -> FloatArray:
    """Return fundamental, three strengths and the fundamental's density, shape (windows, 5)."""
    size = data.shape[1]
    taper = scipy.signal.windows.kaiser(size, KAISER, sym=True)
    power = float(taper @ taper)
    data = data - data.mean(axis=1, keepdims=True)
    density = np.abs(np.fft.rfft(data * taper, axis=1)) ** 2 * (2.0 / (rate * power))
    step = rate / size
    bandwidth = power / float(taper.sum()) ** 2 * rate  # of this window
    bandwidth *= size / rate / 60.0  # as of 60 s, which the threshold is for
    count = (density.shape[1] - 1) // DECIMATIONS + 1
    with np.errstate(divide="ignore"):
        logs = np.log(density)
    product = np.sum([logs[:, :: m + 1][:, :count] for m in range(DECIMATIONS)], axis=0)
    i0, i1 = math.ceil(low / step), min(math.floor(high / step), count - 2)
    inner = product[:, i0 : i1 + 1]
    peak = (inner > product[:, i0 - 1 : i1]) & (inner >= product[:, i0 + 1 : i1 + 2])
    peak &= np.isfinite(inner)
    place = np.where(peak, inner, -np.inf)
    found = place.argmax(axis=1) + i0
    out = np.full((len(data), 5), nan)
    for k in np.flatnonzero(peak.any(axis=1)):
        out[k] = _ladder(density[k], int(found[k]), step, bandwidth, low)
    return out


def _ladder(
    density: FloatArray, place: int, step: float, bandwidth: float, low: float
) -> FloatArray:
    reach = max(1, round(SEARCH / step))
    peaks, at = [], []
    for m in range(1, 5):
        a = max(m * place - reach, 1)
        piece = density[a : m * place + reach + 1]
        if not piece.size:
            return np.full(5, nan)
        at.append(a + int(piece.argmax()))
        peaks.append(float(piece.max()))
    out = np.full(5, nan)
    if at[0] * step < low - 1e-9:
        return out
    out[0], out[4] = at[0] * step, peaks[0]
    for m in range(3):
        a, b = at[m], at[m + 1]
        if b - a < 4:
            continue
        between = float(density[round(a + (b - a) * 0.25) : round(a + (b - a) * 0.75) + 1].max())
        out[1 + m] = peaks[m] / (between * bandwidth) if between > 0 else math.inf
    return out


def find_harmonic_tremor(
    table: pd.DataFrame,
    *,
    min_hsi: float = MIN_HSI,
    tolerance: float = 0.1,
    max_glide: float = 0.4,
    min_windows: int = 3,
    bridge: int = 1,
    min_stations: int | None = None,
) -> pd.DataFrame:
    """Find stretches of harmonic tremor: windows in which stations agree on the fundamental.

    Parameters
    ----------
    table : DataFrame
        Table ``tables.HARMONICS``.
    min_hsi : float, optional
        Least strength of the fundamental and two overtones.
    tolerance : float, optional
        Hertz, by which stations may differ in the fundamental.
    max_glide : float, optional
        Hertz a minute: a larger step of the fundamental (by more than the resolution, two over
        the window) begins another line.
    min_windows : int, optional
        Fewest windows of an episode; below 3 a single station's chance hits come through.
    bridge : int, optional
        Windows without agreement that do not end a line.
    min_stations : int, optional
        Stations in agreement; by default more than half of those with a measure.

    Returns
    -------
    DataFrame
        Table ``tables.TREMOR``, ``kind`` "harmonic"; ``peak`` is the largest ``hsi1`` (1/Hz) and
        ``glide`` the Theil-Sen slope of the fundamental (Hz/min). The reduced displacement is
        NaN: it is not a matter of harmonic strength.

    Raises
    ------
    ParameterError
        If an option is out of its range.
    """
    require_positive(
        min_hsi=min_hsi, tolerance=tolerance, max_glide=max_glide, min_windows=min_windows
    )
    HARMONICS.check(table)
    if not len(table):
        return TREMOR.frame()
    window = one_window(table)
    track = harmonic_track(table, min_hsi=min_hsi, tolerance=tolerance, min_stations=min_stations)
    f = track["fundamental"].to_numpy(dtype=np.float64)
    rows = []
    for first, last in episodes(np.isfinite(f), least=min_windows, bridge=bridge):
        for a, b in _lines(f, first, last, max_glide * window / 60.0 + 2.0 / window):
            if np.isfinite(f[a:b]).sum() >= min_windows:
                rows.append(_episode(table, track.iloc[a:b], window, min_hsi))
    return TREMOR.frame(rows)


def harmonic_track(
    table: pd.DataFrame,
    *,
    min_hsi: float = MIN_HSI,
    tolerance: float = 0.1,
    min_stations: int | None = None,
) -> pd.DataFrame:
    """Follow the fundamental across windows, where enough stations agree on it.

    Parameters
    ----------
    table : DataFrame
        Table ``tables.HARMONICS``.
    min_hsi, tolerance, min_stations
        As of :func:`find_harmonic_tremor`.

    Returns
    -------
    DataFrame
        One row for each window from first to last: ``starttime``, ``fundamental`` (Hz, median
        of the stations in agreement, NaN where too few), ``n_stations``, ``stations``.
    """
    HARMONICS.check(table)
    window = one_window(table) if len(table) else 60.0
    good = table[["hsi1", "hsi2", "hsi3"]].min(axis=1, skipna=False) >= min_hsi
    frame = table.assign(good=good, station=[station_of(t) for t in table["trace_id"]])
    groups = {pd.Timestamp(str(t)): part for t, part in frame.groupby("starttime")}
    if not groups:
        return pd.DataFrame(columns=["starttime", "fundamental", "n_stations", "stations"])
    stamps = sorted(groups)
    times = pd.date_range(stamps[0], stamps[-1], freq=pd.Timedelta(seconds=window))
    rows = []
    for time in times:
        rows.append({"starttime": time} | _agreement(groups.get(time), tolerance, min_stations))
    return pd.DataFrame(rows, columns=["starttime", "fundamental", "n_stations", "stations"])


def _agreement(
    part: pd.DataFrame | None, tolerance: float, min_stations: int | None
) -> dict[str, Any]:
    none = {"fundamental": nan, "n_stations": 0, "stations": ()}
    if part is None:
        return none
    alive = part["station"].nunique()
    best = part[part["good"]].sort_values("hsi1").drop_duplicates("station", keep="last")
    f = best["fundamental"].to_numpy(dtype=np.float64)
    if not f.size:
        return none
    close = np.abs(f[:, None] - f[None, :]) <= tolerance
    mates = close[int(close.sum(axis=1).argmax())]
    if mates.sum() < needed(np.array([alive]), min_stations)[0]:
        return none
    return {
        "fundamental": float(np.median(f[mates])),
        "n_stations": int(mates.sum()),
        "stations": tuple(sorted(best["station"].to_numpy()[mates])),
    }


def _lines(f: FloatArray, first: int, last: int, step: float) -> list[tuple[int, int]]:
    """Cut an episode where the fundamental jumps by more than ``step`` a window."""
    where = first + np.flatnonzero(np.isfinite(f[first:last]))
    edges = [int(where[0])]
    for a, b in pairwise(where):
        if abs(f[b] - f[a]) > step * (b - a):
            edges.append(int(b))
    return list(zip(edges, [*edges[1:], int(where[-1]) + 1], strict=True))


def _episode(
    table: pd.DataFrame, track: pd.DataFrame, window: float, min_hsi: float
) -> dict[str, Any]:
    known = track[np.isfinite(track["fundamental"])]
    start, end = known["starttime"].iloc[0], known["starttime"].iloc[-1]
    stations = tuple(sorted({s for row in known["stations"] for s in row}))
    inside = table[table["starttime"].isin(known["starttime"])]
    mine = inside[[station_of(t) in stations for t in inside["trace_id"]]]
    mine = mine[mine["hsi1"] >= min_hsi]
    peak = mine.iloc[int(mine["hsi1"].to_numpy(dtype=np.float64).argmax())]
    f = known["fundamental"].to_numpy(dtype=np.float64)
    minutes = (known["starttime"] - start).dt.total_seconds().to_numpy() / 60.0
    return {
        "event_id": f"harmonic-{start.strftime('%Y%m%dT%H%M%S')}",
        "starttime": start,
        "endtime": end + pd.Timedelta(seconds=window),
        "kind": "harmonic",
        "n_stations": int(known["n_stations"].max()),
        "stations": stations,
        "peak": float(peak["hsi1"]),
        "units": "1/Hz",
        "peak_time": peak["starttime"],
        "reduced_displacement": nan,
        "fundamental": float(np.median(f)),
        "fundamental_min": float(f.min()),
        "fundamental_max": float(f.max()),
        "glide": float(scipy.stats.theilslopes(f, minutes)[0]) if len(f) > 1 else nan,
    }
