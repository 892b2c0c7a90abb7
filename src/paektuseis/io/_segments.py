"""Joining traces of one channel: contiguous pieces, equal overlaps, conflicts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Stream, Trace

from ..errors import WaveformError
from ..provenance import note, recall, trace_like
from ..tables import QUALITY
from ..times import sample_time
from ._clock import clock_steps
from ._findings import Finding, finding
from ._memory import adjacent
from ._mseed import JITTER

MISALIGNED = 0.1
"""Shift between two grids, in samples, above which joining them is reported."""
_RANK = {"M": 0, "Q": 1, "D": 2, "R": 3}


def join_segments(stream: Stream | Trace) -> tuple[Stream, pd.DataFrame]:
    """Join the traces of each channel into its contiguous segments.

    Pieces that follow each other within half a sample are joined on the grid of the first;
    samples present twice and equal are kept once. Where overlapping samples differ, the
    span from the first to the last of them is left out (a gap) and reported as a
    ``conflict`` — unless the pieces carry different miniSEED quality letters, when the
    better one (M, then Q, D, R) is kept, and reported too. Traces of different sampling
    rate or sample type are never joined. Gaps are never filled, so that no gap, however
    long, costs memory.

    Parameters
    ----------
    stream : Stream or Trace

    Returns
    -------
    stream : Stream
        New traces, ordered by id and time. A joined trace keeps the record of its first
        piece and the findings of all.
    findings : DataFrame
        Rows of the quality table: ``conflict``, ``overlap``, ``clock_step`` (a clock that
        jumped and came back), ``misaligned``, ``type_change``, ``rate_change``.

    Raises
    ------
    WaveformError
        If a trace holds masked samples.

    Examples
    --------
    >>> one = Trace(np.arange(5, dtype=np.int32)); two = one.copy()
    >>> two.stats.starttime += 5
    >>> joined, findings = join_segments(Stream([one, two]))
    >>> len(joined), joined[0].stats.npts, len(findings)
    (1, 10, 0)
    """
    joined, rows = join_traces([stream] if isinstance(stream, Trace) else stream, copy=True)
    return Stream(joined), QUALITY.frame(rows)


def join_traces(traces: Iterable[Trace], *, copy: bool) -> tuple[list[Trace], list[Finding]]:
    """As :func:`join_segments`, on lists; without ``copy`` lone pieces are passed through."""
    channels: dict[str, list[Trace]] = {}
    for trace in traces:
        if np.ma.isMaskedArray(trace.data):
            raise WaveformError(
                f"{trace.id}: masked samples; split the trace at its gaps with Stream.split()"
            )
        if len(trace.data):
            channels.setdefault(trace.id, []).append(trace)
    out: list[Trace] = []
    findings: list[Finding] = []
    for trace_id in sorted(channels):
        kinds = _by_kind(channels[trace_id])
        if len(kinds) > 1:
            findings += _kind_changes(trace_id, kinds)
        mine: list[Trace] = []
        for pieces in kinds:
            mine += _join_kind(pieces, findings, copy)
        out += sorted(mine, key=lambda t: t.stats.starttime.ns)
    return out, findings


def _by_kind(traces: list[Trace]) -> list[list[Trace]]:
    """Traces of one channel by sample type and sampling rate."""
    kinds: list[tuple[Any, float, list[Trace]]] = []
    for trace in sorted(traces, key=lambda t: t.stats.starttime.ns):
        rate = trace.stats.sampling_rate
        for dtype, known, pieces in kinds:
            if dtype == trace.data.dtype and abs(rate / known - 1) <= JITTER:
                pieces.append(trace)
                break
        else:
            kinds.append((trace.data.dtype, rate, [trace]))
    return [pieces for _, _, pieces in kinds]


def _kind_changes(trace_id: str, kinds: list[list[Trace]]) -> list[Finding]:
    out = []
    first = kinds[0][0]
    for pieces in kinds[1:]:
        start = pieces[0].stats.starttime
        end = max(t.stats.endtime for t in pieces)
        if pieces[0].data.dtype != first.data.dtype:
            out.append(
                finding(
                    "type_change",
                    "warning",
                    f"{trace_id}: samples are {first.data.dtype} and "
                    f"{pieces[0].data.dtype}; kept apart",
                    trace_id=trace_id,
                    starttime=start,
                    endtime=end,
                    value=len(pieces),
                    units="traces",
                )
            )
        if abs(pieces[0].stats.sampling_rate / first.stats.sampling_rate - 1) > JITTER:
            out.append(
                finding(
                    "rate_change",
                    "warning",
                    f"{trace_id}: sampling rates "
                    f"{first.stats.sampling_rate:g} Hz and {pieces[0].stats.sampling_rate:g} Hz; "
                    "kept apart",
                    trace_id=trace_id,
                    starttime=start,
                    endtime=end,
                    value=pieces[0].stats.sampling_rate,
                    units="Hz",
                    limit=first.stats.sampling_rate,
                )
            )
    return out


def _quality_letter(trace: Trace) -> str:
    return str(trace.stats.get("mseed", {}).get("dataquality", ""))


def _join_kind(pieces: list[Trace], findings: list[Finding], copy: bool) -> list[Trace]:
    letters = sorted({_quality_letter(t) for t in pieces}, key=lambda q: _RANK.get(q, 4))
    if len(letters) == 1:
        known = len(findings)
        joined = _chain(pieces, findings, copy)
        findings += clock_steps(pieces, findings[known:])
        return joined
    kept: list[Trace] = []
    for letter in letters:
        mine = _chain([t for t in pieces if _quality_letter(t) == letter], findings, copy)
        better = sorted(kept, key=lambda t: t.stats.starttime.ns)
        for trace in mine:
            kept += _outside(trace, better, findings)
    return _chain(sorted(kept, key=lambda t: t.stats.starttime.ns), findings, copy)


def _outside(trace: Trace, better: list[Trace], findings: list[Finding]) -> list[Trace]:
    """Pieces of a trace not covered by better ones; differences are reported."""
    start, rate, npts = trace.stats.starttime, trace.stats.sampling_rate, trace.stats.npts
    covered = np.zeros(npts, np.bool_)
    for other in better:
        first = round(float(other.stats.starttime.ns - start.ns) * rate / 1e9)
        low, high = max(0, first), min(npts, first + other.stats.npts)
        if low >= high:
            continue
        covered[low:high] = True
        differ = trace.data[low:high] != other.data[low - first : high - first]
        count = int(np.count_nonzero(differ))
        findings.append(
            finding(
                "conflict" if count else "overlap",
                "warning" if count else "info",
                f"{trace.id}: {high - low} samples of quality {_quality_letter(trace)} also as "
                f"{_quality_letter(other)}, {count} of them different; the latter kept",
                trace_id=trace.id,
                starttime=sample_time(start, low, rate),
                endtime=sample_time(start, high - 1, rate),
                value=count,
                units="samples",
            )
        )
    if not covered.any():
        return [trace]
    edges = np.flatnonzero(np.diff(np.concatenate(([True], covered, [True])).astype(np.int8)))
    return [_piece(trace, int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _piece(trace: Trace, begin: int, end: int) -> Trace:
    when = sample_time(trace.stats.starttime, begin, trace.stats.sampling_rate)
    return trace_like(trace, trace.data[begin:end].copy(), when)


@dataclass
class _Cluster:
    """Pieces that touch or overlap, placed on the grid of the first."""

    first: Trace
    members: list[tuple[int, Trace]] = field(default_factory=list)
    length: int = 0

    def place(self, trace: Trace) -> float:
        """Position of a trace's first sample on the grid, in samples."""
        late = int(trace.stats.starttime.ns) - int(self.first.stats.starttime.ns)
        return float(late * self.first.stats.sampling_rate / 1e9)

    def takes(self, trace: Trace) -> bool:
        """Whether the trace touches or overlaps what is here, staying on the grid to its end."""
        where = self.place(trace)
        begin = round(where)
        if begin > self.length:
            return False
        if begin < self.length and where > self.length - 1:
            return False  # early by less than a sample: a seam of clocks, not an overlap
        npts = trace.stats.npts
        stretch = npts * (self.first.stats.sampling_rate / trace.stats.sampling_rate - 1)
        return abs(where - begin + stretch) <= 0.5 + 1e-6 and abs(where - begin) <= 0.5 + 1e-6

    def add(self, trace: Trace) -> None:
        begin = round(self.place(trace))
        self.members.append((begin, trace))
        self.length = max(self.length, begin + trace.stats.npts)


def _chain(pieces: list[Trace], findings: list[Finding], copy: bool) -> list[Trace]:
    """Join time-ordered pieces of one channel, rate and type."""
    clusters: list[_Cluster] = []
    opened: list[_Cluster] = []
    for trace in pieces:
        opened = [c for c in opened if round(c.place(trace)) <= c.length]
        home = next((c for c in opened if c.takes(trace)), None)
        if home is None:
            home = _Cluster(trace)
            clusters.append(home)
            opened.append(home)
        home.add(trace)
    out: list[Trace] = []
    for cluster in clusters:
        first = cluster.first
        if len(cluster.members) == 1:
            out.append(_piece(first, 0, len(first.data)) if copy else first)
        else:
            out += _fill(cluster, copy, findings)
    return out


def _in_one_block(cluster: _Cluster) -> NDArray[Any] | None:
    """The samples as one array, if the pieces abut in time and in memory."""
    reached = 0
    for begin, trace in cluster.members:
        if begin != reached:
            return None
        reached += trace.stats.npts
    return adjacent([trace.data for _, trace in cluster.members])


def _fill(cluster: _Cluster, copy: bool, findings: list[Finding]) -> list[Trace]:
    first = cluster.first
    start, rate = first.stats.starttime, first.stats.sampling_rate
    block = None if copy else _in_one_block(cluster)
    data = np.empty(cluster.length, first.data.dtype) if block is None else block
    conflict: NDArray[np.bool_] | None = None
    filled = 0
    gathered: list[Finding] = []
    for begin, trace in cluster.members:
        count = trace.stats.npts
        shift = cluster.place(trace) - begin
        if abs(shift) > MISALIGNED:
            findings.append(
                finding(
                    "misaligned",
                    "info",
                    f"{trace.id}: joined although {shift:+.2f} samples off the "
                    "grid of the piece before",
                    trace_id=trace.id,
                    starttime=trace.stats.starttime,
                    endtime=trace.stats.endtime,
                    value=shift,
                    units="samples",
                    limit=MISALIGNED,
                )
            )
        common = min(filled, begin + count) - begin
        if common > 0:
            mine = trace.data[:common]
            differ = np.flatnonzero(mine != data[begin : begin + common])
            low, high = begin, begin + common - 1
            if differ.size:
                low, high = begin + int(differ[0]), begin + int(differ[-1])
                conflict = np.zeros(cluster.length, np.bool_) if conflict is None else conflict
                conflict[low : high + 1] = True
            findings.append(
                finding(
                    "conflict" if differ.size else "overlap",
                    "error" if differ.size else "info",
                    f"{trace.id}: {common} samples present twice"
                    + (
                        f", {differ.size} of them different; {high - low + 1} left out as a gap"
                        if differ.size
                        else " and equal; kept once"
                    ),
                    trace_id=trace.id,
                    starttime=sample_time(start, low, rate),
                    endtime=sample_time(start, high, rate),
                    value=differ.size if differ.size else common,
                    units="samples",
                )
            )
        if begin + count > filled:
            new = max(common, 0)
            if block is None:
                data[begin + new : begin + count] = trace.data[new:]
            filled = begin + count
        gathered += recall(trace, "findings", ())
    whole = trace_like(first, data, start)
    if conflict is None:
        out = [whole]
    else:
        edges = np.flatnonzero(np.diff(np.concatenate(([True], conflict, [True])).astype(np.int8)))
        out = [_piece(whole, int(a), int(b)) for a, b in edges.reshape(-1, 2)]
    if gathered and out:
        note(out[0], findings=tuple(gathered))
    return out
