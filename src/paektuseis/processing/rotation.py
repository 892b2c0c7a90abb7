"""Any three components to vertical, north and east, with the sensor's true azimuth."""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..errors import MetadataError, ParameterError, WaveformError
from ..provenance import log_step, note, units_of, valid_span
from ..times import as_timestamp, as_utc, sample_time
from ._epochs import boundaries, epochs_at, no_epoch
from ._traces import contiguous, piece

_log = logging.getLogger("paektuseis.processing")

NOMINAL = {"Z": (0.0, -90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)}
CORRECTION_COLUMNS = ("network", "station", "starttime", "endtime", "azimuth_error")
_ALIGNED = 0.05  # components whose samples are further apart than this share of one are not joined
_WORST_CONDITION = 20.0


def rotate_to_zne(
    stream: Stream | Trace,
    inventory: Inventory | None = None,
    *,
    corrections: pd.DataFrame | None = None,
) -> Stream:
    """Turn three components into vertical, north and east.

    Parameters
    ----------
    stream : Stream
        Three components of each sensor (channels that differ in their last letter only), all
        in the same unit.
    inventory : Inventory, optional
        Azimuth and dip of each channel at its time. Without it channels named Z, N and E are
        taken to point where their names say; others cannot be rotated.
    corrections : DataFrame, optional
        Columns ``network``, ``station``, ``starttime``, ``endtime`` (UTC, NaT = open) and
        ``azimuth_error`` (degrees): true azimuth = nominal azimuth + error, from start to
        before end, for every channel that is not vertical.

    Returns
    -------
    Stream
        New traces, float64, channels ending in Z, N, E: vertical positive up, north, east.
        Traces are cut wherever an orientation changes, so that none holds two. Only spans
        common to the three components come back; what is left over, and sensors that lack a
        component, are named in the log.

    Raises
    ------
    WaveformError
        If no sensor has three components over any common span.
    MetadataError
        If an orientation is missing, or the three directions do not span space.
    ParameterError
        If ``corrections`` lacks a column, or two of its rows hold at one time.

    Notes
    -----
    With unit vectors of the channels as rows of ``A``, samples are ``s = A u``; ``u = A^-1 s``
    (as obspy's ``rotate2zne``), so the three need not be at right angles.

    References
    ----------
    Ekstrom, G. and Busby, R. W. (2008). Measurements of seismometer orientation at USArray
    Transportable Array and backbone stations. Seismological Research Letters 79(4), 554-561.
    doi:10.1785/gssrl.79.4.554

    Examples
    --------
    >>> from obspy import Trace, Stream
    >>> import numpy as np
    >>> st = Stream([Trace(np.ones(3), {"station": "A", "channel": "HH" + c}) for c in "ZNE"])
    >>> [tr.stats.channel for tr in rotate_to_zne(st)]
    ['HHZ', 'HHN', 'HHE']
    """
    table = _checked(corrections)
    sensors: dict[str, dict[str, list[Trace]]] = {}
    for trace, samples in contiguous(stream):
        if not trace.stats.channel:
            raise WaveformError(f"{trace.id} has no channel code; its direction is unknown")
        sensor = sensors.setdefault(trace.id[:-1], {})
        view = piece(trace, 0, len(samples), samples)
        sensor.setdefault(trace.stats.channel[-1], []).append(view)
    out = Stream()
    reasons = []
    for name in sorted(sensors):
        parts = sensors[name]
        if len(parts) != 3:
            reasons.append(f"{name}? has components {', '.join(sorted(parts))}: three are needed")
            continue
        found = _rotated(name, parts, inventory, table)
        if not found:
            reasons.append(f"{name}?: its three components have no span in common")
        out.extend(found)
    for reason in reasons:
        _log.warning("left out of the rotation: %s", reason)
    if not out:
        raise WaveformError(
            "nothing can be rotated: " + ("; ".join(reasons) or "the stream is empty")
        )
    return out


def _checked(corrections: pd.DataFrame | None) -> pd.DataFrame | None:
    if corrections is None:
        return None
    missing = [c for c in CORRECTION_COLUMNS if c not in corrections.columns]
    if missing:
        raise ParameterError(
            f"corrections lack the columns {missing}; they need {list(CORRECTION_COLUMNS)}"
        )
    table = corrections.copy()
    for column in ("starttime", "endtime"):
        table[column] = [pd.NaT if pd.isna(v) else as_timestamp(v) for v in table[column].tolist()]
        table[column] = pd.to_datetime(table[column], utc=True)
    if not np.isfinite(table["azimuth_error"].to_numpy(dtype=float)).all():
        raise ParameterError("corrections hold an azimuth_error that is no number (degrees)")
    return table


def _rotated(
    name: str,
    parts: dict[str, list[Trace]],
    inventory: Inventory | None,
    table: pd.DataFrame | None,
) -> list[Trace]:
    """Rotate every span the three components of one sensor have in common."""
    letters = sorted(parts)
    out: list[Trace] = []
    kept = dict.fromkeys(letters, 0)
    for first in parts[letters[0]]:
        for second in parts[letters[1]]:
            for third in parts[letters[2]]:
                span = _common((first, second, third))
                if span is None:
                    continue
                for start, count in _steps(span, name, letters, inventory, table):
                    out += _turned((first, second, third), start, count, letters, inventory, table)
                    for letter in letters:
                        kept[letter] += count
    for letter in letters:
        spare = sum(len(t.data) for t in parts[letter]) - kept[letter]
        if spare and out:
            _log.info(
                "%s%s: %d samples have no partner on the other components", name, letter, spare
            )
    return out


def _common(traces: tuple[Trace, ...]) -> tuple[UTCDateTime, int, float] | None:
    """Return start, number of samples and rate of the span three traces share."""
    rate = float(traces[0].stats.sampling_rate)
    start = max(t.stats.starttime for t in traces)
    end = min(t.stats.endtime for t in traces)
    if end - start < -0.5 / rate:
        return None
    if any(abs(float(t.stats.sampling_rate) - rate) > 1e-6 * rate for t in traces):
        _log.warning("%s: components at different sampling rates are not rotated", traces[0].id)
        return None
    if len({units_of(t) for t in traces}) > 1:
        raise WaveformError(
            f"{traces[0].id[:-1]}?: components in different units "
            f"({', '.join(sorted({units_of(t) for t in traces}))}) cannot be rotated"
        )
    for trace in traces:
        at = (start - trace.stats.starttime) * rate
        if abs(at - round(at)) > _ALIGNED:
            _log.warning(
                "%s: components at %s are %.2f of a sample apart and not rotated; "
                "resample them to common times",
                trace.id,
                start,
                abs(at - round(at)),
            )
            return None
    count = min(len(t.data) - round((start - t.stats.starttime) * rate) for t in traces)
    return (start, count, rate) if count > 0 else None


def _steps(
    span: tuple[UTCDateTime, int, float],
    name: str,
    letters: list[str],
    inventory: Inventory | None,
    table: pd.DataFrame | None,
) -> list[tuple[UTCDateTime, int]]:
    """Cut a span where an orientation may change: start and number of samples of each part."""
    start, count, rate = span
    end = sample_time(start, count - 1, rate)
    times: list[UTCDateTime] = []
    if inventory is not None:
        for letter in letters:
            times += boundaries(inventory, name + letter, start, end)
    if table is not None:
        for row in _rows_of(table, name).itertuples(index=False):
            ends: list[Any] = [row.starttime, row.endtime]
            times += [as_utc(t) for t in ends if not pd.isna(t)]
    cuts = {int(np.ceil((t - start) * rate - 1e-3)) for t in times if start < t <= end}
    edges = sorted({0, count, *(c for c in cuts if 0 < c < count)})
    return [(sample_time(start, a, rate), b - a) for a, b in pairwise(edges)]


def _rows_of(table: pd.DataFrame, name: str) -> pd.DataFrame:
    network, station = name.split(".")[:2]
    return table[(table["network"] == network) & (table["station"] == station)]


def _azimuth_error(table: pd.DataFrame | None, name: str, time: UTCDateTime) -> float:
    """Return the error (degrees) of a station's azimuth at a time, 0 where none is listed."""
    if table is None:
        return 0.0
    at = as_timestamp(time)
    rows = _rows_of(table, name)
    holds = (rows["starttime"].isna() | (rows["starttime"] <= at)) & (
        rows["endtime"].isna() | (rows["endtime"] > at)
    )
    found = rows[holds]
    if len(found) > 1:
        raise ParameterError(
            f"{len(found)} azimuth corrections hold for {'.'.join(name.split('.')[:2])} at {time}; "
            "leave one"
        )
    return float(found["azimuth_error"].iloc[0]) if len(found) else 0.0


def _direction(
    trace_id: str, time: UTCDateTime, inventory: Inventory | None
) -> tuple[float, float]:
    """Return nominal azimuth and dip (degrees) of a channel at a time."""
    if inventory is None:
        if trace_id[-1] not in NOMINAL:
            raise MetadataError(
                f"{trace_id}: its direction is unknown without an inventory; give one with "
                "azimuth and dip"
            )
        return NOMINAL[trace_id[-1]]
    epochs = epochs_at(inventory, trace_id, time)
    if not epochs:
        raise no_epoch(inventory, trace_id, time)
    found = {
        (float(e.azimuth), float(e.dip)) if e.azimuth is not None and e.dip is not None else None
        for e in epochs
    }
    if len(found) > 1:
        raise MetadataError(f"{trace_id}: epochs with different orientations cover {time}")
    direction: Any = found.pop()
    if direction is None:
        raise MetadataError(f"{trace_id}: the metadata give no azimuth and dip at {time}")
    return float(direction[0]), float(direction[1])


def _unit_vector(azimuth: float, dip: float) -> NDArray[np.float64]:
    """Return the direction of a channel as (up, north, east); dip is positive downwards."""
    a, d = np.radians(azimuth), np.radians(dip)
    return np.array([-np.sin(d), np.cos(d) * np.cos(a), np.cos(d) * np.sin(a)])


def _turned(
    traces: tuple[Trace, ...],
    start: UTCDateTime,
    count: int,
    letters: list[str],
    inventory: Inventory | None,
    table: pd.DataFrame | None,
) -> list[Trace]:
    """Rotate one span with one orientation."""
    rate = float(traces[0].stats.sampling_rate)
    name = traces[0].id[:-1]
    middle = sample_time(start, (count - 1) // 2, rate)
    error = _azimuth_error(table, name, middle)
    rows, words = [], []
    for letter in letters:
        azimuth, dip = _direction(name + letter, middle, inventory)
        azimuth = (azimuth + error) % 360.0 if abs(dip) < 89.999 else azimuth
        rows.append(_unit_vector(azimuth, dip))
        words.append(f"{letter} azimuth {azimuth:g} dip {dip:g}")
    matrix = np.array(rows)
    if np.linalg.cond(matrix) > _WORST_CONDITION:
        raise MetadataError(
            f"{name}?: the directions {'; '.join(words)} do not span space; correct the metadata"
        )
    inverse = np.linalg.inv(matrix)
    begins = [round((start - t.stats.starttime) * rate) for t in traces]
    samples = [np.asarray(t.data[b : b + count]) for t, b in zip(traces, begins, strict=True)]
    spans = [valid_span(t) for t in traces]
    out = []
    for row, letter in zip(inverse, "ZNE", strict=True):
        data = row[0] * samples[0] + row[1] * samples[1] + row[2] * samples[2]
        source = traces[letters.index(letter)] if letter in letters else traces[0]
        at = letters.index(letter) if letter in letters else 0
        new = piece(source, begins[at], begins[at] + count, np.asarray(data, dtype=np.float64))
        new.stats.channel = source.stats.channel[:-1] + letter
        new.stats.starttime = start
        note(new, valid_from=max(s[0] for s in spans), valid_until=min(s[1] for s in spans))
        out.append(log_step(new, f"rotated to ZNE from {'; '.join(words)}"))
    return out
