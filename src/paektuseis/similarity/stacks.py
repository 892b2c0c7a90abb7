"""Stacks of families: what their members have in common, ready to be sought as templates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from obspy import UTCDateTime

from ..errors import ParameterError, WaveformError
from ..tables import FAMILIES
from ._prepare import Preparation, as_source
from ._windows import Event, StationWindows, read_windows
from .families import channels_of, events_of
from .templates import Template


def family_stacks(
    stream: Any,
    detections: pd.DataFrame,
    families: pd.DataFrame,
    *,
    before: float = 1.0,
    length: float = 10.0,
    freqmin: float | None = 1.0,
    freqmax: float | None = 10.0,
    trace_ids: str | Iterable[str] | None = None,
    corners: int = 4,
    sampling_rate: float | None = None,
    problems: list[str] | None = None,
) -> list[Template]:
    r"""Stack the records of each family, aligned and brought to the master's size.

    Parameters
    ----------
    stream, detections
        What :func:`find_families` was given.
    families : DataFrame
        What it returned (``tables.FAMILIES``).
    before, length, freqmin, freqmax, trace_ids, corners, sampling_rate, problems
        As in :func:`find_families`.

    Returns
    -------
    list of Template
        One for each family, named by it, in order of its first member; ``Template.stream()``
        gives the traces. :func:`match_templates` takes them as they are.

    Raises
    ------
    ParameterError
        If an option is out of range, or a family has not one master among ``detections``.
    WaveformError
        If the stations of a family differ in sampling rate.

    Notes
    -----
    With windows :math:`x_i` without their means, each begun ``lag`` later, and sizes
    :math:`a_i = 10^{m_i}`, :math:`m_i` the ``relative_magnitude``, the stack of a channel is
    :math:`\sum a_i x_i / \sum a_i^2`: the wave that fits all members best, as seen in the master.
    Members without a size are left out.

    Examples
    --------
    >>> from obspy import Trace
    >>> wave = 9 * np.sin(np.arange(200) / 4) * np.hanning(200)
    >>> x = np.random.default_rng(1).normal(size=9000)
    >>> for at, size in ((1000, 1), (4000, 10)):
    ...     x[at : at + 200] += size * wave
    >>> times = pd.to_datetime([20, 80], unit="s", utc=True)
    >>> events = pd.DataFrame({"event_id": ["a", "b"], "time": times})
    >>> trace = Trace(x, {"sampling_rate": 50.0})
    >>> options = {"length": 4, "before": 0, "freqmin": None, "freqmax": None}
    >>> from paektuseis import find_families
    >>> found = find_families(trace, events, **options)
    >>> [(t.name, t.length) for t in family_stacks(trace, events, found, **options)]
    [('a', 4.0)]
    """
    for name, value in (("length", length), ("before", before)):
        if not np.isfinite(value) or value < 0 or (name == "length" and value == 0):
            raise ParameterError(f"{name}={value} s; give a positive time")
    prep = Preparation(
        freqmin=freqmin, freqmax=freqmax, corners=corners, sampling_rate=sampling_rate
    )
    notes = problems if problems is not None else []
    FAMILIES.check(families, need=("family", "event_id", "lag", "relative_magnitude", "master"))
    told = families[
        (families["family"] != "")
        & families["lag"].notna()
        & families["relative_magnitude"].notna()
    ]
    columns = ("family", "lag", "relative_magnitude", "master")
    rows = dict(zip(told["event_id"], told[list(columns)].itertuples(index=False), strict=True))
    members = [e for e in events_of(detections, before, []) if e.event_id in rows]
    aligned = [_moved(e, float(rows[e.event_id].lag)) for e in members]
    stations = read_windows(
        as_source(stream),
        aligned,
        trace_ids=channels_of(detections, trace_ids),
        usual=trace_ids is None,
        length=length,
        prep=prep,
        problems=notes,
    )
    names = [str(rows[e.event_id].family) for e in members]
    sizes = np.array([10 ** float(rows[e.event_id].relative_magnitude) for e in members])
    out = []
    for family in dict.fromkeys(names):
        own = np.array([name == family for name in names])
        masters = [i for i, e in enumerate(members) if own[i] and rows[e.event_id].master]
        if len(masters) != 1:
            raise ParameterError(f"family {family!r} has {len(masters)} masters; one is needed")
        made = _stack(family, members, masters[0], own, sizes, stations, prep)
        if made is None:
            notes.append(f"family {family}: no channel holds a window of {length:g} s")
        else:
            out.append(made)
    return out


def _moved(event: Event, lag: float) -> Event:
    late = round(lag * 1e9)
    return Event(event.event_id, event.ns, {k: v + late for k, v in event.starts.items()})


def _stack(
    name: str,
    members: Sequence[Event],
    master: int,
    own: Any,
    sizes: Any,
    stations: Sequence[StationWindows],
    prep: Preparation,
) -> Template | None:
    """Return the stack of the events marked in ``own``, None if they have no window."""
    data, offsets, rates = {}, {}, set()
    for station in stations:
        rows = np.flatnonzero(own[station.events])
        if not rows.size:
            continue
        events = station.events[rows]
        size = sizes[events, None]
        total = np.einsum("ec,ecn->cn", size * station.norm[rows], station.unit[rows])
        weight = (size**2 * (station.norm[rows] > 0)).sum(axis=0)
        after = [  # of the event's time, by which the station's window begins
            members[i].starts.get(station.station, members[i].starts.get("", 0))
            - int(members[i].ns or 0)
            for i in events
        ]
        for c in np.flatnonzero(weight):
            trace_id = station.trace_ids[c]
            data[trace_id] = total[c] / weight[c]
            offsets[trace_id] = float(np.median(after)) * 1e-9
            rates.add(station.sampling_rate)
    if not data:
        return None
    if len(rates) > 1:
        raise WaveformError(f"family {name!r}: stations of {sorted(rates)} Hz; give sampling_rate=")
    first = min(offsets.values())
    return Template(
        name=name,
        starttime=UTCDateTime(ns=int(members[master].ns or 0) + round(first * 1e9)),
        sampling_rate=rates.pop(),
        data=data,
        offsets={k: v - first for k, v in offsets.items()},
        freqmin=prep.freqmin,
        freqmax=prep.freqmax,
        corners=prep.corners,
        decimated=prep.sampling_rate is not None,
    )
