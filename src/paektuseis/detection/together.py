"""Network coincidence: which triggers of several stations are one event."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import tables
from ..errors import MetadataError, ParameterError
from . import _grouping
from ._frames import choices, from_columns, nanoseconds
from .veto import SIMULTANEOUS, impulsive, simultaneous_onsets

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_EARTH_RADIUS_KM = 6371.0088


def coincidence(
    triggers: pd.DataFrame,
    *,
    min_stations: int = 3,
    window: float = 3.0,
    stations: Any = None,
    velocity: float = 3.0,
    merge_gap: float = 0.0,
    spike_spread: float = 0.05,
    detector: str | None = None,
) -> pd.DataFrame:
    """Find the events that several stations saw together.

    The detections of :func:`coincidence_candidates` that have no veto; the method and its
    parameters are described there.

    Parameters
    ----------
    triggers : DataFrame
        Table ``tables.TRIGGERS``, in any order.
    min_stations : int, optional
        Stations needed; 1 makes an event of every trigger, merged over the channels.
    window : float, optional
        Largest difference of onsets in seconds, without moveout.
    stations : DataFrame or Network, optional
        Places of the stations, for the moveout.
    velocity : float, optional
        Slowest speed in km/s at which a first trigger crosses the network.
    merge_gap : float, optional
        Join an event that begins within so many seconds after the end of the one before.
    spike_spread : float, optional
        Seconds within which onsets count as simultaneous; 0 switches that veto off.
    detector : str, optional
        Name of the detector for the table and the ids.

    Returns
    -------
    DataFrame
        Table ``tables.DETECTIONS``, by start time, without vetoed rows.

    Raises
    ------
    ParameterError
        If an option is out of range or the table lacks a column.
    MetadataError
        If ``stations`` lacks the coordinates of a station that triggered.

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Stream, Trace
    >>> from paektuseis import trigger_onsets
    >>> pulse = np.where((np.arange(100) > 40) & (np.arange(100) < 60), 5.0, 1.0)
    >>> cf = Stream([Trace(pulse, {"station": s, "channel": "HHZ"}) for s in ("A", "B", "C")])
    >>> coincidence(trigger_onsets(cf, thr_on=3, thr_off=2))[["n_stations", "duration"]].iloc[0]
    n_stations     3.0
    duration      18.0
    Name: 0, dtype: float64
    """
    found = coincidence_candidates(
        triggers,
        min_stations=min_stations,
        window=window,
        stations=stations,
        velocity=velocity,
        merge_gap=merge_gap,
        spike_spread=spike_spread,
        detector=detector,
    )
    return found[found["veto"] == ""].reset_index(drop=True)


def coincidence_candidates(
    triggers: pd.DataFrame,
    *,
    min_stations: int = 3,
    window: float = 3.0,
    stations: Any = None,
    velocity: float = 3.0,
    merge_gap: float = 0.0,
    spike_spread: float = 0.05,
    detector: str | None = None,
) -> pd.DataFrame:
    """Find all coincidences of triggers, and say of each why it may be no event.

    Stations (NET.STA) are counted, never channels or location codes. The onsets of two stations
    belong together if they differ by at most ``window``, plus the time a wave of ``velocity``
    takes from one to the other where ``stations`` gives their places; in a coincidence this
    holds for every pair. Of the coincidences that could begin with the same triggers the
    one with the most stations is taken, then triggers that were already on and fit are added.

    A coincidence lasts until fewer than ``min_stations`` of its stations are on; one that begins
    before that is the same event (flickering coda, S after P), so one station that stays on does
    not join events. Left-over triggers of its stations that begin meanwhile count as
    re-triggers: they belong to it, and may only move its end. No trigger belongs to two
    events, and an event ends at the latest where the next one begins.

    Parameters
    ----------
    triggers : DataFrame
        Table ``tables.TRIGGERS``, in any order. Several detectors in it are treated one by one.
    min_stations : int, optional
        Stations needed; 1 makes an event of every trigger, merged over the channels.
    window : float, optional
        Largest difference of onsets in seconds, without moveout.
    stations : DataFrame or Network, optional
        ``tables.STATIONS`` (network, station, latitude, longitude), or an object
        with a ``station_table`` method.
    velocity : float, optional
        Slowest speed in km/s at which a first trigger crosses the network (3 km/s: S
        in the upper crust).
    merge_gap : float, optional
        Join an event that begins within so many seconds after the end of the one before.
    spike_spread : float, optional
        Onsets of three stations or more within so many seconds, on triggers no longer than an
        impulse makes them, are vetoed as "simultaneous onsets": a wave needs time to cross the
        network, an electric pulse does not. 0 switches the veto off. See
        :mod:`paektuseis.detection.veto`.
    detector : str, optional
        Name of the detector for the table and the ids; by default that of the triggers.

    Returns
    -------
    DataFrame
        Table ``tables.DETECTIONS``, by start time. ``spread`` is that of the first onsets of the
        stations; ``veto`` is empty where nothing speaks against an event. ``event_id`` is
        made of detector and start, so the same triggers always give the same ids.

    Raises
    ------
    ParameterError
        If an option is out of range or the table lacks a column.
    MetadataError
        If ``stations`` is given and lacks the coordinates of a station that triggered.

    References
    ----------
    Withers et al. (1998) BSSA 88(1), 95-106; Trnkoczy (2012) NMSOP-2 IS 8.1.
    """
    tables.TRIGGERS.check(triggers)
    if isinstance(min_stations, bool) or int(min_stations) != min_stations or min_stations < 1:
        raise ParameterError(f"min_stations={min_stations}; give a whole number of at least 1")
    for name, value, low in (
        ("window", window, 0.0),
        ("merge_gap", merge_gap, 0.0),
        ("spike_spread", spike_spread, 0.0),
    ):
        if not (np.isfinite(value) and value >= low):
            raise ParameterError(f"{name}={value} s; give zero or a positive time")
    if not velocity > 0:
        raise ParameterError(f"velocity={velocity} km/s; give a positive speed")
    if not len(triggers):
        return tables.DETECTIONS.frame()
    rule = _Rule(int(min_stations), window, stations, velocity, merge_gap, spike_spread)
    if "detector" in triggers.columns:
        codes, found_names = pd.factorize(triggers["detector"].astype(str), sort=True)
        names = [str(name) for name in found_names]
    else:
        codes, names = np.zeros(len(triggers), dtype=np.int64), [""]
    parts: list[pd.DataFrame] = []
    for i, name in enumerate(names):
        mine = triggers if len(names) == 1 else triggers[codes == i]
        found = _detect(mine, name if detector is None else detector, rule)
        if found is not None:
            parts.append(found)
    if not parts:
        return tables.DETECTIONS.frame()
    joined = parts[0]
    if len(parts) > 1:
        joined = pd.concat(parts).sort_values(["starttime", "event_id"], ignore_index=True)
    if not joined["event_id"].is_unique:
        joined["event_id"] = pd.array(_unique(list(joined["event_id"])), dtype="str")
    return joined


@dataclass(frozen=True)
class _Rule:
    min_stations: int
    window: float
    stations: Any
    velocity: float
    merge_gap: float
    spike_spread: float


def station_of(trace_id: str) -> str:
    """Return NET.STA of a trace id."""
    parts = str(trace_id).split(".")
    if len(parts) != 4:
        raise ParameterError(f"trace_id={trace_id!r} is not of the form NET.STA.LOC.CHA")
    return f"{parts[0]}.{parts[1]}"


def event_names(detector: str, ns: IntArray) -> list[str]:
    """Return identifiers made of detector and time (to the millisecond), fit for file names."""
    stem = re.sub(r"[^A-Za-z0-9.-]+", "-", detector).strip("-.") or "event"
    ms = (ns // 1_000_000).astype("datetime64[ms]")
    days, months = ms.astype("datetime64[D]"), ms.astype("datetime64[M]")
    month = months.astype(np.int64)
    rest = (ms - days).astype(np.int64)
    date = (month // 12 + 1970) * 10_000 + (month % 12 + 1) * 100
    date += (days - months).astype(np.int64) + 1
    clock = rest // 3_600_000 * 10_000 + rest // 60_000 % 60 * 100 + rest // 1000 % 60
    letters = np.empty((len(ns), 19), dtype=np.uint32)
    for low, width, number in ((0, 8, date), (9, 6, clock), (16, 3, rest % 1000)):
        for place in range(width):
            letters[:, low + place] = number // 10 ** (width - 1 - place) % 10 + ord("0")
    letters[:, 8], letters[:, 15] = ord("T"), ord(".")
    return [f"{stem}-{stamp}" for stamp in letters.view("U19")[:, 0].tolist()]


def _unique(names: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    out = []
    for name in names:
        seen[name] += 1
        out.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return out


def _distances(names: list[str], stations: Any) -> FloatArray | None:
    """Return the distances in km between stations, or None without their places."""
    if stations is None:
        return None
    if not isinstance(stations, pd.DataFrame) and hasattr(stations, "station_table"):
        stations = stations.station_table()
    tables.STATIONS.check(stations, need=("network", "station", "latitude", "longitude"))
    known: dict[str, tuple[float, float]] = {}
    for net, sta, lat, lon in zip(
        stations["network"],
        stations["station"],
        stations["latitude"],
        stations["longitude"],
        strict=True,
    ):
        if np.isfinite(lat) and np.isfinite(lon):
            known.setdefault(f"{net}.{sta}", (float(lat), float(lon)))
    missing = [name for name in names if name not in known]
    if missing:
        raise MetadataError(
            f"no coordinates of {', '.join(missing)} among the {len(known)} stations given; add "
            "them, or leave the station's triggers out"
        )
    lat, lon = np.radians(np.array([known[name] for name in names])).T
    north = np.sin((lat[:, None] - lat[None, :]) / 2) ** 2
    east = np.sin((lon[:, None] - lon[None, :]) / 2) ** 2
    half = north + np.cos(lat[:, None]) * np.cos(lat[None, :]) * east
    return np.asarray(2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def _detect(triggers: pd.DataFrame, detector: str, rule: _Rule) -> pd.DataFrame | None:
    codes, ids = pd.factorize(triggers["trace_id"].astype(str), sort=True)
    on, off = nanoseconds(triggers["starttime"]), nanoseconds(triggers["endtime"])
    peak = triggers["peak_ratio"].to_numpy(dtype=np.float64)
    order = np.lexsort((peak, codes, off, on))
    on, off, trace, peak = on[order], off[order], codes[order].astype(np.int64), peak[order]
    per_id = [station_of(name) for name in ids]
    names = sorted(set(per_id))
    station = np.array([names.index(name) for name in per_id], dtype=np.int64)[trace]
    distances = _distances(names, rule.stations)
    allow = np.full((len(names), len(names)), rule.window)
    if distances is not None:
        allow = allow + distances / rule.velocity
    label = _grouping.group(
        on, off, station, np.rint(allow * 1e9).astype(np.int64), rule.min_stations
    )
    event, role = _grouping.merge(
        on, off, station, label, rule.min_stations, round(rule.merge_gap * 1e9), len(names)
    )
    keep = np.flatnonzero(event >= 0)
    if not keep.size:
        return None
    # by event, in order of onset within each
    keep = keep[np.argsort(event[keep], kind="stable")]
    rows = _Rows(event[keep], on[keep], off[keep], trace[keep], peak[keep], station[keep])
    return _events(
        rows, triggers, order[keep], role[keep] == 0, list(ids), distances, detector, rule
    )


@dataclass(frozen=True)
class _Rows:
    """Triggers that belong to events, by event and onset."""

    event: IntArray
    on: IntArray
    off: IntArray
    trace: IntArray
    peak: FloatArray
    station: IntArray


def _events(
    rows: _Rows,
    triggers: pd.DataFrame,
    place: IntArray,
    primary: NDArray[np.bool_],
    ids: list[str],
    distances: FloatArray | None,
    detector: str,
    rule: _Rule,
) -> pd.DataFrame:
    """Make one row of each event; ``place`` says where in the table the rows stand."""
    event, on = rows.event, rows.on
    bounds = np.flatnonzero(np.diff(event, prepend=-1) > 0)
    which = np.repeat(np.arange(len(bounds)), np.diff(bounds, append=len(on)))
    start = np.minimum.reduceat(on, bounds)
    end = np.maximum.reduceat(rows.off, bounds)
    end[:-1] = np.minimum(end[:-1], start[1:])
    # rows sorted by event and falling peak: the strongest of an event is where its rows begin
    peak = np.where(np.isnan(rows.peak), -np.inf, rows.peak)
    best = np.lexsort((-peak, which))[bounds]
    # the first trigger of each station, and of each channel
    first = np.flatnonzero(
        _grouping.firsts(event, rows.station, primary, int(rows.station.max()) + 1)
    )
    listed = np.flatnonzero(
        _grouping.firsts(event, rows.trace, np.ones(len(on), dtype=bool), len(ids))
    )
    counts = np.bincount(which[first], minlength=len(bounds))
    begins = np.cumsum(counts) - counts
    low, high = on[first[begins]], on[first[begins + counts - 1]]
    names = event_names(detector, start)
    veto = simultaneous_onsets(on[first], rows.station[first], begins, distances, rule.spike_spread)
    if veto.any():
        veto &= np.logical_and.reduceat(impulsive(triggers.iloc[place[first]]), begins)
    order = np.lexsort((np.array(names), start))
    return from_columns(
        tables.DETECTIONS,
        {
            "event_id": [names[i] for i in order.tolist()],
            "starttime": start[order],
            "endtime": end[order],
            "duration": (end - start)[order] / 1e9,
            "freqmin": _common(triggers, "freqmin", place),
            "freqmax": _common(triggers, "freqmax", place),
            "detector": detector,
            "trace_ids": _tuples(rows.trace[listed], which[listed], ids, order),
            "n_stations": counts[order],
            "best_trace_id": choices(ids, rows.trace[best][order]),
            "peak_ratio": rows.peak[best][order],
            "spread": (high - low)[order] / 1e9,
            "veto": choices(["", SIMULTANEOUS], veto[order].astype(np.int64)),
        },
        len(bounds),
    )


def _tuples(
    trace: IntArray, which: IntArray, ids: list[str], order: IntArray
) -> NDArray[np.object_]:
    """Return the ids of each event as a tuple, the events in the given order."""
    alone = np.empty(len(ids), dtype=object)
    alone[:] = [(name,) for name in ids]
    ends = np.searchsorted(which, order, side="right")
    begins = np.searchsorted(which, order, side="left")
    cells = alone[trace[begins]]
    for row in np.flatnonzero(ends - begins > 1).tolist():
        cells[row] = tuple(ids[i] for i in trace[begins[row] : ends[row]].tolist())
    return cells


def _common(table: pd.DataFrame, column: str, place: IntArray) -> float:
    """Return the value all these triggers share, NaN where they differ or none is known."""
    if column not in table.columns:
        return float("nan")
    values = table[column].to_numpy(dtype=np.float64)[place]
    return float(values[0]) if (values == values[0]).all() else float("nan")
