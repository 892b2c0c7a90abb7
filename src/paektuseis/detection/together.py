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
from ._frames import from_columns, nanoseconds
from .veto import simultaneous_onsets

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
    names = (
        triggers["detector"].astype(str)
        if "detector" in triggers.columns
        else pd.Series([""] * len(triggers), index=triggers.index)
    )
    parts = [
        _detect(triggers[names == name], name if detector is None else detector, rule)
        for name in sorted(names.unique())
    ]
    joined = pd.concat([p for p in parts if len(p)] or [tables.DETECTIONS.frame()])
    joined = joined.sort_values(["starttime", "event_id"], ignore_index=True)
    joined["event_id"] = pd.Series(_unique(list(joined["event_id"])), dtype="object").astype(str)
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
    stamps = np.datetime_as_string((ns // 1_000_000).astype("datetime64[ms]"), unit="ms")
    return [f"{stem}-{stamp.replace('-', '').replace(':', '')}" for stamp in stamps.tolist()]


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


def _detect(triggers: pd.DataFrame, detector: str, rule: _Rule) -> pd.DataFrame:
    table = triggers.assign(
        _on=nanoseconds(triggers["starttime"]), _off=nanoseconds(triggers["endtime"])
    ).sort_values(["_on", "_off", "trace_id", "peak_ratio"], kind="stable", ignore_index=True)
    on = table["_on"].to_numpy(dtype=np.int64)
    off = table["_off"].to_numpy(dtype=np.int64)
    per_id = {name: station_of(name) for name in table["trace_id"].unique()}
    names = sorted(set(per_id.values()))
    number = {name: i for i, name in enumerate(names)}
    station = table["trace_id"].map(lambda t: number[per_id[t]]).to_numpy(dtype=np.int64)
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
        return tables.DETECTIONS.frame()
    # by event, in order of onset within each
    keep = keep[np.argsort(event[keep], kind="stable")]
    bounds = np.flatnonzero(np.r_[True, np.diff(event[keep]) > 0])
    return _events(
        table.iloc[keep], station[keep], role[keep] == 0, bounds, distances, detector, rule
    )


def _events(
    table: pd.DataFrame,
    station: IntArray,
    primary: NDArray[np.bool_],
    bounds: IntArray,
    distances: FloatArray | None,
    detector: str,
    rule: _Rule,
) -> pd.DataFrame:
    """Make one row of each run of triggers that begins at ``bounds``."""
    on = table["_on"].to_numpy(dtype=np.int64)
    size = len(bounds)
    start = np.minimum.reduceat(on, bounds)
    end = np.maximum.reduceat(table["_off"].to_numpy(dtype=np.int64), bounds)
    end[:-1] = np.minimum(end[:-1], start[1:])
    ids = table["trace_id"].to_numpy(dtype=object)
    peak = table["peak_ratio"].to_numpy(dtype=np.float64)
    # rows sorted by event and falling peak: the strongest of an event is where its rows begin
    which = np.repeat(np.arange(size), np.diff(np.r_[bounds, len(on)]))
    strongest = np.lexsort((-np.where(np.isnan(peak), -np.inf, peak), which))
    rows: dict[str, list[Any]] = {
        k: [] for k in ("trace_ids", "n_stations", "best_trace_id", "peak_ratio", "spread", "veto")
    }
    for low, high in zip(bounds, np.r_[bounds[1:], len(on)], strict=True):
        best = int(strongest[low])
        firsts: dict[int, int] = {}  # first trigger of each station
        for row in range(low, high):
            if primary[row]:
                firsts.setdefault(int(station[row]), row)
        first = list(firsts.values())
        rows["trace_ids"].append(tuple(dict.fromkeys(ids[low:high])))
        rows["n_stations"].append(len(first))
        rows["best_trace_id"].append(ids[best])
        rows["peak_ratio"].append(peak[best])
        rows["spread"].append((int(on[first[-1]]) - int(on[first[0]])) / 1e9)
        rows["veto"].append(
            ""
            if len(first) < 3
            else simultaneous_onsets(table, first, station, distances, rule.spike_spread)
        )
    return from_columns(
        tables.DETECTIONS,
        {
            "event_id": event_names(detector, start),
            "starttime": start,
            "endtime": end,
            "duration": (end - start) / 1e9,
            "freqmin": _common(table, "freqmin"),
            "freqmax": _common(table, "freqmax"),
            "detector": detector,
            **rows,
        },
        size,
    )


def _common(table: pd.DataFrame, column: str) -> float:
    """Return the value all triggers share, NaN where they differ or none is known."""
    if column not in table.columns:
        return float("nan")
    values = table[column].unique()
    return float(values[0]) if len(values) == 1 else float("nan")
