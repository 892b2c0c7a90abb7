"""Features of one event: what its class is told from, with nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, hypot, inf, isfinite, nan, radians
from typing import Any

import numpy as np
import pandas as pd
from obspy import Catalog, Inventory, Stream, UTCDateTime
from obspy.geodetics import gps2dist_azimuth

from .. import tables
from .._segments import Segment, segments
from ..errors import ParameterError
from ..network import Network
from ..spectral import amplitude_spectrum, frequency_index
from ..times import as_utc
from ._global import catalogue_misfit
from ._measures import Measures, harmonic_strength, measure, ps_ratio

_VERTICAL = ("Z", "3")
_SEEN = 2.0


def event_features(
    stream: Stream,
    event: Mapping[str, Any],
    *,
    inventory: Inventory | None = None,
    network: Network | None = None,
    picks: pd.DataFrame | None = None,
    origin: Mapping[str, Any] | None = None,
    reference: Mapping[str, float] | None = None,
    catalogue: Catalog | pd.DataFrame | None = None,
    problems: list[str] | None = None,
) -> pd.DataFrame:
    """Measure the features of one event.

    Parameters
    ----------
    stream : Stream
        Records around the event, counts or velocity, with at least 15 s (better 60 s) before
        it; gaps as separate traces. Only verticals are measured.
    event : mapping
        ``event_id`` and ``time``; ``detectors`` where known. How long it lasts is measured.
    inventory : Inventory, optional
        Positions, where there is no ``network``.
    network : Network, optional
        Positions, reference point and known sources.
    picks : DataFrame, optional
        ``tables.PICKS`` of this event.
    origin : mapping, optional
        A row of ``tables.ORIGINS``: latitude and longitude are used.
    reference : mapping, optional
        Usual frequency index by ``NET.STA``.
    catalogue : Catalog or DataFrame, optional
        Earthquakes of the world (``time``, ``latitude``, ``longitude``, ``depth_km``,
        ``magnitude``), whose first arrivals are predicted (TauP, iasp91).
    problems : list of str, optional
        Takes what could not be measured, and why.

    Returns
    -------
    DataFrame
        ``tables.FEATURES``, one row. A number of a network is the median over the stations
        that see the event.

    Raises
    ------
    ParameterError
        If the event has no time.
    """
    begin = event.get("time", event.get("starttime"))
    if begin is None or begin is pd.NaT:
        raise ParameterError("the event has no time; give a mapping with event_id and time")
    onset = as_utc(begin)
    notes = problems if problems is not None else []
    arrivals = _picked(picks)
    row: dict[str, Any] = {"event_id": str(event.get("event_id", ""))}
    detectors = event.get("detectors")
    row["detectors"] = tuple(detectors) if detectors is not None else ()
    if network is None and inventory is not None:
        network = Network.from_inventory(inventory)
    seen = _stations(stream, onset, arrivals, notes)
    if not seen:
        notes.append("features: no vertical record with 15 s before the event")
    strong = [m for m, _ in seen if m.snr >= _SEEN] or [m for m, _ in seen]
    row["n_measured"] = float(len(seen))
    row["n_seen"] = float(sum(m.snr >= _SEEN for m, _ in seen))
    names = sorted({k for m in strong for k in m.values})
    for name in names:
        column = "frequency_index" if name == "frequency_index" else name
        row[column] = _median([m.values.get(name, nan) for m in strong])
    for name in ("snr", "snr_low", "snr_mid", "snr_high", "snr_vlp", "snr_ulp"):
        row[name] = _median([m.values.get(name, nan) for m, _ in seen])
    if len(strong):
        _spectra(row, [(m, s) for m, s in seen if m in strong], arrivals, reference)
    times = _onsets(seen, arrivals)
    row["onset_spread"] = max(times.values()) - min(times.values()) if len(times) > 1 else nan
    row["sp_time"] = _median([a["S"] - a["P"] for a in arrivals.values() if "S" in a and "P" in a])
    if network is not None:
        row |= _plane_wave(network, times)
        row |= _places(network, origin, notes)
    if catalogue is not None:
        row |= catalogue_misfit(catalogue, onset, network)
    return tables.FEATURES.frame([row])


def _median(values: list[float]) -> float:
    good = [v for v in values if isfinite(v)]
    return float(np.median(good)) if good else nan


def _picked(picks: pd.DataFrame | None) -> dict[str, dict[str, float]]:
    """First P and S of each station, seconds since 1970."""
    found: dict[str, dict[str, float]] = {}
    if picks is None or not len(picks):
        return found
    for trace_id, phase, time in zip(picks["trace_id"], picks["phase"], picks["time"], strict=True):
        at = found.setdefault(tables.station_of(trace_id), {})
        at[str(phase)] = min(at.get(str(phase), inf), pd.Timestamp(time).value / 1e9)
    return found


def _stations(
    stream: Stream, onset: UTCDateTime, arrivals: dict[str, dict[str, float]], notes: list[str]
) -> list[tuple[Measures, Segment]]:
    """Measure one vertical of each station."""
    found: list[tuple[Measures, Segment]] = []
    done = set()
    verticals = Stream([t for t in stream if t.stats.channel[-1:] in _VERTICAL])
    for trace_id, pieces in segments(verticals).items():
        station = tables.station_of(trace_id)
        if station in done:
            continue
        for piece in pieces:
            start = piece.starttime.timestamp
            length = len(piece.data) / piece.sampling_rate
            trigger = onset.timestamp - start
            if not 15.0 <= trigger <= length - 5.0:
                continue
            data = np.asarray(piece.data, dtype=np.float64)
            if not np.isfinite(data).all() or not np.ptp(data[: int(trigger)]) > 0:
                notes.append(f"features: {trace_id} has no living record before the event")
                continue
            pick = arrivals.get(station, {}).get("P", nan) - start
            pick = pick if abs(pick - trigger) < 30.0 and pick > 10.0 else nan
            m = measure(data, piece.sampling_rate, trigger, pick, trace_id)
            if isfinite(m.snr):
                found.append((m, piece))
                done.add(station)
    return found


def _spectra(
    row: dict[str, Any],
    strong: list[tuple[Measures, Segment]],
    arrivals: dict[str, dict[str, float]],
    reference: Mapping[str, float] | None,
) -> None:
    """Frequency index of the raw record, harmonic strength and P/S of each station."""
    indices, changes, harmonics, fundamentals, ratios = [], [], [], [], []
    for m, piece in strong:
        rate, start = piece.sampling_rate, piece.starttime.timestamp
        data = np.asarray(piece.data, dtype=np.float64)
        a, b = int(m.onset * rate), int(max(m.end, m.onset + 5.0) * rate)
        if rate > 40.0:
            index = window_index(piece, m.onset, max(m.end, m.onset + 5.0))
            indices.append(index)
            station = tables.station_of(m.trace_id)
            if reference and station in reference:
                changes.append(index - reference[station])
        strength, fundamental = harmonic_strength(data[a:b], rate)
        harmonics.append(strength)
        fundamentals.append(fundamental)
        at = arrivals.get(tables.station_of(m.trace_id), {})
        ratios.append(ps_ratio(data, rate, at.get("P", nan) - start, at.get("S", nan) - start))
    row["frequency_index"] = _median(indices)
    row["frequency_index_change"] = _median(changes)
    row["harmonicity"] = _median(harmonics)
    row["fundamental"] = _median(fundamentals)
    row["ps_ratio"] = _median(ratios)


def window_index(piece: Segment, begin: float, end: float) -> float:
    """Return the frequency index (Buurman & West 2010) of part of a record.

    Parameters
    ----------
    piece : Segment
    begin, end : float
        Seconds from its start.
    """
    from obspy import Trace

    rate = piece.sampling_rate
    part = np.asarray(piece.data[int(begin * rate) : int(end * rate)], dtype=np.float64)
    trace = Trace(part, {"sampling_rate": rate, "starttime": piece.starttime + begin})
    return frequency_index(amplitude_spectrum(trace))


def _onsets(
    seen: list[tuple[Measures, Segment]], arrivals: dict[str, dict[str, float]]
) -> dict[str, float]:
    times = {}
    for m, piece in seen:
        station = tables.station_of(m.trace_id)
        picked = arrivals.get(station, {}).get("P", nan)
        if isfinite(picked):
            times[station] = picked
        elif m.snr >= _SEEN and not arrivals:
            times[station] = piece.starttime.timestamp + m.onset
    return times


def _plane_wave(network: Network, times: dict[str, float]) -> dict[str, float]:
    """Fit one slowness to the onsets: apparent velocity, direction, misfit."""
    places = {s.key: s for s in network.stations}
    keys = [k for k in times if k in places]
    if len(keys) < 4:
        return {}
    lat0 = np.mean([places[k].latitude for k in keys])
    scale = 111.195 * cos(radians(float(lat0)))
    east = np.array([places[k].longitude * scale for k in keys])
    north = np.array([places[k].latitude * 111.195 for k in keys])
    t = np.array([times[k] for k in keys])
    t = t - t.mean()
    g = np.column_stack([np.ones_like(t), east - east.mean(), north - north.mean()])
    solution, _, rank, _ = np.linalg.lstsq(g, t, rcond=None)
    if rank < 3:
        return {}
    rest = t - g @ solution
    sigma = max(float(np.sqrt((rest**2).sum() / (len(t) - 3))), 0.05)
    covariance = sigma**2 * np.linalg.inv(g.T @ g)
    slow = hypot(solution[1], solution[2])
    if not slow > 0:
        return {}
    unit = solution[1:] / slow
    error = float(np.sqrt(unit @ covariance[1:, 1:] @ unit))
    return {
        "slowness": slow,
        "slowness_uncertainty": error,
        "apparent_velocity": 1.0 / slow,
        "apparent_velocity_uncertainty": error / slow**2,
        "backazimuth": float(np.degrees(np.arctan2(-solution[1], -solution[2])) % 360.0),
        "plane_wave_rms": float(np.sqrt((rest**2).mean())),
    }


def _places(network: Network, origin: Mapping[str, Any] | None, notes: list[str]) -> dict[str, Any]:
    """How far the origin is from the volcano and from known sources."""
    if origin is None:
        return {}
    latitude, longitude = (float(origin.get(k, nan)) for k in ("latitude", "longitude"))
    if not (isfinite(latitude) and isfinite(longitude)):
        return {}
    if str(origin.get("quality", "")) == "D":
        notes.append("features: the location is of quality D, its place is not used")
        return {}

    def away(lat: float, lon: float) -> float:
        return float(gps2dist_azimuth(latitude, longitude, lat, lon)[0]) / 1e3

    distance = away(network.latitude, network.longitude)
    sigma = float(origin.get("horizontal_uncertainty_km", nan))
    if sigma > max(0.5 * distance, 10.0):
        notes.append(f"features: the epicentre is known to {sigma:.0f} km, its place is not used")
        return {}
    found: dict[str, Any] = {"origin_distance_km": distance}
    near = sorted((away(s.latitude, s.longitude), s.name, s.kind) for s in network.sources)
    if near:
        found |= {"source_distance_km": near[0][0], "source_name": f"{near[0][1]} ({near[0][2]})"}
    return found
