"""Windows of many events at each station, cut from a record and brought to norm one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from obspy import Stream

from .._segments import Segment
from ..tables import station_of
from ._prepare import Preparation, WaveformSource, selected
from .templates import place_of

QUIET = 1e-9
"""Windows this much smaller than the largest sample read carry nothing but rounding."""
INSTRUMENTS = "HLNP"
"""Second letters of the codes of seismometers, accelerometers and geophones."""


@dataclass(frozen=True)
class Event:
    """An event and where its windows begin: by station, '' standing for every station."""

    event_id: str
    ns: int | None
    starts: dict[str, int]


@dataclass(frozen=True)
class StationWindows:
    """Windows of the events a station recorded.

    Attributes
    ----------
    events : ndarray, shape (n,)
        Places of the events in the list of all.
    unit : ndarray, shape (n, channels, samples)
        Windows without their means, of norm one; zeros where a channel has none.
    norm : ndarray, shape (n, channels)
        Norms of the windows without their means, 0 where there is none.
    late : ndarray, shape (n,)
        Seconds from the start asked for to the first sample.
    """

    station: str
    sampling_rate: float
    trace_ids: list[str]
    events: NDArray[np.intp]
    unit: NDArray[np.float32]
    norm: NDArray[np.float64]
    late: NDArray[np.float64]


@dataclass(frozen=True)
class _Window:
    rate: float
    unit: NDArray[np.float32]
    norm: float
    late: float


def read_windows(
    source: WaveformSource,
    events: Sequence[Event],
    *,
    trace_ids: Sequence[str],
    usual: bool,
    length: float,
    prep: Preparation,
    problems: list[str],
) -> list[StationWindows]:
    """Cut the windows of events, each event read by itself.

    Parameters
    ----------
    source : WaveformSource
    events : sequence of Event
    trace_ids : sequence of str
        Patterns of the channels wanted.
    usual : bool
        Whether nobody chose them: channels that are no seismometer's, or whose Nyquist frequency
        does not reach the band, are then passed over.
    length : float
        Seconds.
    prep : Preparation
    problems : list of str
        Collects what was left out.
    """
    rates: set[float] = set()
    found: dict[str, dict[int, dict[str, _Window]]] = {}
    for i, event in enumerate(events):
        if not event.starts:
            continue
        wanted = list(trace_ids)
        first, last = min(event.starts.values()), max(event.starts.values())
        record = prep.record(source, wanted, first, last + round(length * 1e9), rates)
        if usual:
            record = _seismic(record, prep)
        prepared = prep.apply(record)
        for trace_id, pieces in prepared.segments.items():
            start = event.starts.get("", event.starts.get(station_of(trace_id)))
            if start is None or not selected(trace_id, wanted):
                continue
            window = _window(pieces, prepared.flat.get(trace_id, []), start, length)
            if window is not None:
                found.setdefault(station_of(trace_id), {}).setdefault(i, {})[trace_id] = window
    stations = [_joined(name, by_event, problems) for name, by_event in sorted(found.items())]
    seen = {int(i) for s in stations for i in s.events}
    problems += [
        f"event {e.event_id}: no channel of {', '.join(trace_ids)} holds its window of {length:g} s"
        for i, e in enumerate(events)
        if i not in seen
    ]
    return stations


def _seismic(stream: Stream, prep: Preparation) -> Stream:
    kept = [t for t in stream if prep.fits(float(t.stats.sampling_rate))]
    ground = [t for t in kept if len(t.stats.channel) == 3 and t.stats.channel[1] in INSTRUMENTS]
    return Stream(ground or kept)


def _window(
    pieces: list[Segment], flat: list[tuple[int, int]], start_ns: int, length: float
) -> _Window | None:
    """Return the window of a channel, None if it is not wholly there or dead."""
    for piece in pieces:
        count = round(length * piece.sampling_rate)
        j = place_of(piece, start_ns, count)
        if j is None or count < 3:
            continue
        begin = piece.start_ns + round(j / piece.sampling_rate * 1e9)
        end = begin + round(count / piece.sampling_rate * 1e9)
        still = sum(max(min(b, end) - max(a, begin), 0) for a, b in flat)
        if 2 * still > end - begin:
            return None
        x = np.asarray(piece.data[j : j + count], dtype=np.float64)
        x = x - x.mean()
        norm = float(np.sqrt(np.dot(x, x)))
        if not norm > QUIET * np.sqrt(count) * float(np.abs(piece.data).max()):
            return None
        unit = (x / norm).astype(np.float32)
        return _Window(piece.sampling_rate, unit, norm, (begin - start_ns) * 1e-9)
    return None


def _joined(
    station: str, by_event: dict[int, dict[str, _Window]], problems: list[str]
) -> StationWindows:
    """Put the windows of a station into one array; of several rates the commonest is kept."""
    counts = Counter(w.rate for windows in by_event.values() for w in windows.values())
    rate = max(counts, key=lambda r: (counts[r], r))
    if len(counts) > 1:
        problems.append(
            f"{station}: {sum(counts.values()) - counts[rate]} windows of other rates than "
            f"{rate:g} Hz left out; give sampling_rate= one that divides all, or trace_ids="
        )
    kept = {
        i: {k: w for k, w in windows.items() if w.rate == rate}
        for i, windows in sorted(by_event.items())
    }
    kept = {i: windows for i, windows in kept.items() if windows}
    ids = sorted({k for windows in kept.values() for k in windows})
    size = next(w.unit.size for windows in kept.values() for w in windows.values())
    unit = np.zeros((len(kept), len(ids), size), dtype=np.float32)
    norm = np.zeros((len(kept), len(ids)))
    late = np.zeros(len(kept))
    for row, windows in enumerate(kept.values()):
        late[row] = np.mean([w.late for w in windows.values()])
        for trace_id, window in windows.items():
            unit[row, ids.index(trace_id)] = window.unit
            norm[row, ids.index(trace_id)] = window.norm
    return StationWindows(station, rate, ids, np.array(list(kept)), unit, norm, late)
