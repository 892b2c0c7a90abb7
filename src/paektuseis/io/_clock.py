"""A clock that jumped and came back: a gap on one side of a stretch, an overlap on the other."""

from __future__ import annotations

from dataclasses import dataclass

from obspy import Trace, UTCDateTime

from ._findings import Finding, finding

ALIKE = 1.5
"""Samples by which the jump there and the jump back may differ."""


@dataclass
class _Stretch:
    """Pieces of one channel that follow each other within half a sample, in ns."""

    begin: int
    end: int


def clock_steps(pieces: list[Trace], conflicts: list[Finding]) -> list[Finding]:
    """Find the stretches whose clock was wrong by as much before as after.

    A stretch that begins a gap of g seconds late and whose end overlaps what follows by g
    seconds, with other samples, was recorded by a clock g seconds fast (and the other way
    round for a slow one): none of its times can be trusted. A gap alone, or an overlap alone,
    does not tell which side is wrong.

    Parameters
    ----------
    pieces : list of Trace
        Of one channel, rate and sample type, in the order of their beginnings.
    conflicts : list of Finding
        What joining them has found; only overlaps in conflict count.
    """
    differing = [
        (row["starttime"].ns, row["endtime"].ns) for row in conflicts if row["check"] == "conflict"
    ]
    if not differing:
        return []
    step = 1e9 / float(pieces[0].stats.sampling_rate)
    out: list[Finding] = []
    stretches = _stretches(pieces, step)
    for before, middle, after in zip(stretches, stretches[1:], stretches[2:], strict=False):
        there, back = middle.begin - before.end, after.begin - middle.end
        if there * back >= 0 or abs(there + back) > ALIKE * step:
            continue
        low, high = sorted((middle.begin, before.end) if there < 0 else (after.begin, middle.end))
        if not any(first < high and last >= low for first, last in differing):
            continue
        start = UTCDateTime(ns=middle.begin)
        out.append(
            finding(
                "clock_step",
                "error",
                f"{pieces[0].id}: the clock jumped by {there / 1e9:+.6g} s at {start} and back "
                f"{(middle.end - middle.begin) / 1e9:.6g} s later; no time between can be trusted",
                trace_id=pieces[0].id,
                starttime=start,
                endtime=UTCDateTime(ns=round(middle.end - step)),
                value=there / 1e9,
                units="s",
                limit=0.0,
            )
        )
    return out


def _stretches(pieces: list[Trace], step: float) -> list[_Stretch]:
    """Pieces put together, each to the stretch that ended where it begins."""
    out: list[_Stretch] = []
    for piece in pieces:
        begin = int(piece.stats.starttime.ns)
        end = begin + round(len(piece.data) * step)
        home = next((s for s in reversed(out[-8:]) if abs(begin - s.end) <= 0.5 * step), None)
        if home is None:
            out.append(_Stretch(begin, end))
        else:
            home.end = end
    return out
