"""Templates: windows of past events, prepared to be sought in a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime

from .._segments import Segment
from ..errors import ParameterError, WaveformError
from ..tables import station_of
from ._prepare import Preparation, Prepared, as_source, selected

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Template:
    """A window of an event on one or more channels, ready for :func:`match_templates`.

    Attributes
    ----------
    name : str
    starttime : UTCDateTime
        Start of the earliest window: a repeat's ``time`` is where this instant is found again.
    sampling_rate : float
        Hertz, of every window.
    data : dict of str to ndarray, shape (n,)
        Samples by trace id, all of one length, as prepared.
    offsets : dict of str to float
        Seconds from ``starttime`` to the first sample of each window (the moveout).
    freqmin, freqmax : float or None
        Band the windows were filtered to (hertz); the record is filtered alike.
    corners : int
        Order of that filter.
    decimated : bool
        Whether ``sampling_rate`` is one the record has to be brought down to.
    """

    name: str
    starttime: UTCDateTime
    sampling_rate: float
    data: Mapping[str, FloatArray]
    offsets: Mapping[str, float] = field(default_factory=dict)
    freqmin: float | None = None
    freqmax: float | None = None
    corners: int = 4
    decimated: bool = False

    def __post_init__(self) -> None:
        if not self.name:
            raise ParameterError("a template needs a name")
        if not (np.isfinite(self.sampling_rate) and self.sampling_rate > 0):
            raise ParameterError(f"template {self.name!r}: sampling_rate={self.sampling_rate} Hz")
        data = {str(k): np.array(v, dtype=np.float64) for k, v in sorted(self.data.items())}
        lengths = {v.shape for v in data.values()}
        if len(lengths) != 1 or len(next(iter(lengths))) != 1:
            raise ParameterError(
                f"template {self.name!r}: windows of shapes {sorted(lengths)}; give rows of one "
                "length, one for each channel"
            )
        for trace_id, window in data.items():
            if not np.isfinite(window).all():
                raise WaveformError(f"template {self.name!r}: {trace_id} holds NaN or infinity")
            if window.size < 3 or np.ptp(window) == 0:
                raise WaveformError(
                    f"template {self.name!r}: {trace_id} has {window.size} samples without "
                    "variation; leave that channel out"
                )
            window.setflags(write=False)
        offsets = {k: float(self.offsets.get(k, 0.0)) for k in data}
        if min(offsets.values()) < -1e-9:
            raise ParameterError(
                f"template {self.name!r}: offsets {offsets} s; none may lie before starttime"
            )
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "offsets", offsets)
        self.preparation  # noqa: B018  (checks the band)

    @property
    def trace_ids(self) -> list[str]:
        """Channels, sorted."""
        return list(self.data)

    @property
    def npts(self) -> int:
        """Samples of each window."""
        return int(next(iter(self.data.values())).size)

    @property
    def length(self) -> float:
        """Length of each window in seconds."""
        return self.npts / self.sampling_rate

    @property
    def extent(self) -> float:
        """Seconds from ``starttime`` to the end of the last window."""
        return max(self.offsets.values()) + self.length

    @property
    def preparation(self) -> Preparation:
        """What was done to the samples."""
        return Preparation(
            freqmin=self.freqmin,
            freqmax=self.freqmax,
            corners=self.corners,
            sampling_rate=self.sampling_rate if self.decimated else None,
        )

    def stream(self) -> Stream:
        """Return the windows as a Stream (copies)."""
        out = Stream()
        for trace_id, window in self.data.items():
            net, sta, loc, cha = trace_id.split(".")
            header = {
                "network": net,
                "station": sta,
                "location": loc,
                "channel": cha,
                "sampling_rate": self.sampling_rate,
                "starttime": self.starttime + self.offsets[trace_id],
            }
            out.append(Trace(window.copy(), header))
        return out

    @classmethod
    def from_stream(cls, stream: Stream, *, name: str = "template") -> Template:
        """Take the traces of a Stream as they are for the windows of a template.

        Parameters
        ----------
        stream : Stream
            One trace for each channel, all of one length and rate; whatever filter they have
            seen, the record has to have seen as well.
        name : str, optional

        Returns
        -------
        Template

        Raises
        ------
        ParameterError
            If there is no trace, or two of one channel.
        """
        ids = [t.id for t in stream]
        if not ids or len(set(ids)) != len(ids):
            raise ParameterError(f"template {name!r}: one trace for each channel, not {ids}")
        rates = {float(t.stats.sampling_rate) for t in stream}
        if len(rates) > 1:
            raise ParameterError(f"template {name!r}: one sampling rate, not {sorted(rates)} Hz")
        start = min(t.stats.starttime for t in stream)
        return cls(
            name=name,
            starttime=start,
            sampling_rate=rates.pop(),
            data={t.id: np.ma.filled(np.ma.asarray(t.data, np.float64), np.nan) for t in stream},
            offsets={t.id: (int(t.stats.starttime.ns) - int(start.ns)) * 1e-9 for t in stream},
        )


def make_templates(
    stream: Any,
    events: pd.DataFrame,
    *,
    length: float,
    before: float = 0.5,
    freqmin: float | None = 1.0,
    freqmax: float | None = 10.0,
    corners: int = 4,
    sampling_rate: float | None = None,
    trace_ids: Iterable[str] | None = None,
    problems: list[str] | None = None,
) -> list[Template]:
    """Cut templates out of a record at known events.

    Parameters
    ----------
    stream : Stream, Trace or Archive
        The record, unfiltered. From an archive each event is read with what the filter needs.
    events : DataFrame
        ``tables.PICKS``: each station's windows begin at its earliest pick (P where there is
        one), one template for each ``event_id``. Or any table with ``time`` or ``starttime``
        (``tables.DETECTIONS``, ``tables.EVENTS``): one template for each row, all windows at
        that instant. ``event_id`` gives the name.
    length : float
        Seconds of each window.
    before : float, optional
        Seconds by which a window begins before the pick or the event.
    freqmin, freqmax : float or None, optional
        Corners of a causal Butterworth filter in hertz; both None: no filter.
    corners : int, optional
    sampling_rate : float, optional
        Bring the record down to this rate first (it must divide the record's).
    trace_ids : iterable of str, optional
        Channels to use, wildcards allowed; by default all of the stream (in an archive: those of
        the row).
    problems : list of str, optional
        Collects why a channel or an event was left out.

    Returns
    -------
    list of Template
        In the order of the events; a channel whose window is not wholly there, or flat, is
        left out, an event without any channel too.

    Raises
    ------
    ParameterError
        If an option is out of range or the table has no times.

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Trace, UTCDateTime
    >>> tr = Trace(np.random.default_rng(1).normal(size=6000), {"sampling_rate": 50.0})
    >>> events = pd.DataFrame({"event_id": ["a"], "time": [pd.Timestamp(60, unit="s", tz="UTC")]})
    >>> make_templates(tr, events, length=4, before=1)[0].starttime
    UTCDateTime(1970, 1, 1, 0, 0, 59)
    """
    for name, value in (("length", length), ("before", before)):
        if not np.isfinite(value) or value < 0 or (name == "length" and value == 0):
            raise ParameterError(f"{name}={value} s; give a positive time")
    prep = Preparation(
        freqmin=freqmin, freqmax=freqmax, corners=corners, sampling_rate=sampling_rate
    )
    chosen = None if trace_ids is None else sorted(set(trace_ids))
    notes = problems if problems is not None else []
    source = as_source(stream)
    in_memory = isinstance(stream, Stream | Trace)
    whole = None
    if in_memory:
        whole = prep.apply(Stream([stream]) if isinstance(stream, Trace) else stream)
    out = []
    rates: set[float] = set()
    for name, starts, ids in windows_of(events, before):
        prepared = whole
        if prepared is None:
            first, last = min(starts.values()), max(starts.values()) + round(length * 1e9)
            prepared = prep.apply(prep.record(source, chosen or ids or None, first, last, rates))
        made = _cut(name, starts, prepared, length, prep, chosen, notes)
        if made is not None:
            out.append(made)
    return out


def windows_of(events: pd.DataFrame, before: float) -> list[tuple[str, dict[str, int], list[str]]]:
    """Return name, window start (ns) by station ('' = all) and channels of each template."""
    column = next((c for c in ("time", "starttime") if c in getattr(events, "columns", ())), None)
    if column is None:
        raise ParameterError("events need a column 'time' or 'starttime', as tables.EVENTS has it")
    table = events[events[column].notna()]
    ns = pd.DatetimeIndex(pd.to_datetime(table[column], utc=True)).as_unit("ns").asi8
    ns = ns - round(before * 1e9)
    has_id = "event_id" in table
    names = [str(n) for n in table["event_id"]] if has_id else [""] * len(table)
    names = [
        n or UTCDateTime(ns=int(t)).strftime("%Y%m%dT%H%M%S.%f")
        for n, t in zip(names, ns, strict=True)
    ]
    if {"phase", "trace_id"} <= set(table.columns):
        by_event: dict[str, dict[str, int]] = {}
        events_of = names if has_id else ["template"] * len(names)
        for name, trace_id, t in zip(events_of, table["trace_id"], ns, strict=True):
            station = station_of(trace_id)
            starts = by_event.setdefault(name, {})
            starts[station] = min(int(t), starts.get(station, int(t)))
        return [(name, starts, [f"{s}.*" for s in starts]) for name, starts in by_event.items()]
    ids = [list(v) for v in table["trace_ids"]] if "trace_ids" in table else [[]] * len(table)
    return [(n, {"": int(t)}, i) for n, t, i in zip(names, ns, ids, strict=True)]


def place_of(piece: Segment, start_ns: int, count: int) -> int | None:
    """Return the index of the sample nearest to an instant if the whole window is there."""
    j = int(piece.first_at(start_ns - round(0.5e9 / piece.sampling_rate)))
    return j if j >= 0 and j + count <= len(piece.data) else None


def _cut(
    name: str,
    starts: dict[str, int],
    prepared: Prepared,
    length: float,
    prep: Preparation,
    chosen: list[str] | None,
    problems: list[str],
) -> Template | None:
    data: dict[str, FloatArray] = {}
    first: dict[str, int] = {}
    rates: set[float] = set()
    for trace_id, pieces in prepared.segments.items():
        start = starts.get("", starts.get(station_of(trace_id)))
        if start is None or not selected(trace_id, chosen):
            continue
        for piece in pieces:
            count = round(length * piece.sampling_rate)
            j = place_of(piece, start, count)
            if j is not None and count >= 3:
                window = np.array(piece.data[j : j + count], dtype=np.float64)
                if np.ptp(window) > 0:
                    data[trace_id] = window
                    first[trace_id] = piece.start_ns + round(j / piece.sampling_rate * 1e9)
                    rates.add(piece.sampling_rate)
                break
        if trace_id not in data:
            problems.append(f"template {name}: {trace_id} left out, not wholly there or flat")
    if not data:
        problems.append(f"template {name}: no channel holds its window of {length:g} s")
        return None
    if len(rates) > 1:
        raise WaveformError(
            f"template {name!r}: channels of {sorted(rates)} Hz; give sampling_rate="
        )
    begin = min(first.values())
    return Template(
        name=name,
        starttime=UTCDateTime(ns=begin),
        sampling_rate=rates.pop(),
        data=data,
        offsets={k: (t - begin) * 1e-9 for k, t in first.items()},
        freqmin=prep.freqmin,
        freqmax=prep.freqmax,
        corners=prep.corners,
        decimated=prep.sampling_rate is not None,
    )
