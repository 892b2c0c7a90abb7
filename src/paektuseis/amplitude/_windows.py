"""Windows of time on pieces of record: which samples each holds, and what they amount to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._segments import Segment
from ..errors import ParameterError
from ..times import TimeLike, as_utc
from ..types import FloatArray
from ._kernels import add_absolute, add_samples, add_squares, median_away, raise_largest

STATISTICS = ("mean_abs", "median_abs", "rms", "max_abs")
MAX_WINDOWS = 5_000_000
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Share:
    """The windows one piece touches, and its samples in each.

    Window ``windows.start + i`` holds ``data[edges[i] : edges[i + 1]]`` of the
    ``expected[i]`` samples it would hold of a whole record. ``offset`` is where the data begin
    in the piece they are cut from.
    """

    data: NDArray[Any]
    windows: slice
    expected: IntArray
    edges: IntArray
    offset: int = 0


def windowed(
    pieces: Sequence[Segment], edges_ns: IntArray, statistic: str
) -> tuple[FloatArray, FloatArray]:
    """Return the statistic and the coverage of windows between instants (nanoseconds).

    A sample belongs to the window that begins at or before it.
    """
    count = len(edges_ns) - 1
    shares = [share_of(piece, edges_ns) for piece in pieces if len(piece.data)]
    total, n, coverage = np.zeros(count), np.zeros(count, dtype=np.int64), np.zeros(count)
    for share in shares:
        known = n[share.windows].copy()
        add_samples(share.data, share.edges, total[share.windows], n[share.windows])
        coverage[share.windows] += (n[share.windows] - known) / share.expected
    mean = total / np.maximum(n, 1)
    out = np.zeros(count)
    if statistic == "median_abs":
        _medians(shares, mean, n, out)
    else:
        measure = {"mean_abs": add_absolute, "rms": add_squares, "max_abs": raise_largest}
        for share in shares:
            measure[statistic](share.data, share.edges, mean[share.windows], out[share.windows])
    if statistic in ("mean_abs", "rms"):
        out /= np.maximum(n, 1)
    if statistic == "rms":
        out = np.sqrt(out)
    out[n == 0] = np.nan
    return out, np.minimum(coverage, 1.0)


def share_of(piece: Segment, edges_ns: IntArray, offset: int = 0) -> Share:
    """Return the share of a piece in the windows between instants."""
    slack = round(1e9 / piece.sampling_rate)
    count = len(edges_ns) - 1
    low = int(np.searchsorted(edges_ns, piece.start_ns - slack, side="right")) - 1
    high = int(np.searchsorted(edges_ns, piece.end_ns + slack, side="left"))
    low, high = min(max(low, 0), count), min(max(high, 0), count)
    places = piece.first_at(edges_ns[low : high + 1])
    # how many samples a window has at this rate depends on where it begins between two
    expected = np.maximum(np.diff(places), 1)
    edges = np.clip(places, 0, len(piece.data))
    return Share(piece.data, slice(low, high), expected, edges, offset)


def _medians(shares: Sequence[Share], mean: FloatArray, n: IntArray, out: FloatArray) -> None:
    parts: dict[int, list[tuple[NDArray[Any], int, int]]] = {}
    for share in shares:
        for k, w in enumerate(range(share.windows.start, share.windows.stop)):
            if share.edges[k + 1] > share.edges[k]:
                part = share.data, int(share.edges[k]), int(share.edges[k + 1])
                parts.setdefault(w, []).append(part)
    room = max((sum(b - a for _, a, b in some) for some in parts.values()), default=0)
    work = np.empty(room, dtype=np.int64)
    for w, some in parts.items():
        if not n[w]:
            continue
        data, a, b = some[0]
        if len(some) > 1 or data.dtype != np.float64:
            data = np.concatenate([d[a:b] for d, a, b in some], dtype=np.float64)
            a, b = 0, len(data)
        out[w] = median_away(data, a, b, float(mean[w]), int(n[w]), work)


def windows_of(
    pieces: Sequence[Segment], step: int, starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[int, int]:
    """Return the first window's start (ns) and the number of windows of ``step`` ns."""
    if starttime is not None:
        first = int(as_utc(starttime, name="starttime").ns)
    else:
        # a sample written just before an edge belongs after it (see Segment.first_at)
        early = round(1e6 / pieces[0].sampling_rate)
        first = (pieces[0].start_ns + early) // step * step
    if endtime is not None:
        end = int(as_utc(endtime, name="endtime").ns)
    else:
        end = max(
            p.start_ns + round((len(p.data) - 1) / p.sampling_rate * 1e9) + 1_000 for p in pieces
        )
    count = max(0, -(-(end - first) // step))
    if count > MAX_WINDOWS:
        raise ParameterError(
            f"{count} windows of {step * 1e-9:g} s: more than {MAX_WINDOWS}; lengthen the window "
            "or give starttime and endtime"
        )
    return first, count
