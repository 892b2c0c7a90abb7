"""What is wrong with a record, in one table."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace

from ..errors import ParameterError
from ..io import reader_findings
from ..tables import QUALITY
from ..times import TimeLike, as_utc
from ._quality_copies import copy_rows
from ._quality_headers import header_rows
from ._quality_metadata import metadata_rows
from ._quality_samples import sample_rows
from ._quality_span import Row, Span
from ._traces import piece, traces_of


@dataclass(frozen=True, kw_only=True)
class QualityThresholds:
    """Limits of :func:`check_waveforms`.

    Attributes
    ----------
    flat_seconds : float
        A run of equal samples of this length is dead or stuck (s; never under 100 samples).
    stuck_seconds : float
        As long a run of equal samples was never measured on a channel whose samples usually
        differ by two counts or more (s; never under 100 samples), if what surrounds it is calm.
    zero_samples : int
        So many zeros in a row on such a channel were never measured, nor so many equal samples
        that the record jumps to and from.
    clip_samples : int
        So many equal samples in a row at the largest or smallest value are clipping, where
        the record enters or leaves them by a step a smooth crest would not make.
    clip_step : float
        That step, in units of the sample resolution.
    jump : float
        A spike or step is a jump of this many times the median absolute difference of
        neighbours that differ, within its ten minutes (of the hour, UTC).
    isolation : float
        What surrounds a spike or step stays within this share of it.
    spike_samples : int
        A spike lasts at most so many samples.
    spike_calm, step_calm : float
        Seconds of calm on each side that make it a spike or a step.
    calibration_steps : int
        So many steps, up and down by turns, of like height and at like distances, are a square
        wave fed in for calibration ...
    calibration_period : float
        ... whose period is no longer than this (s).
    offset, drift : float
        Mean, and linear change over the record, as share of 2**23 counts: a warning; a fifth
        of it is mentioned as ``"info"``. Only for records in counts.
    rate_tolerance : float
        Relative difference of sampling rates within a channel that is let pass.
    clock_tolerance : float
        Share of a sample by which a segment may miss the grid of the one before.
    clock_gap : float
        Only gaps up to this many seconds are held to that grid.
    merge : float
        Findings of one kind closer than this many seconds become one row.
    max_rows : int
        Rows kept for each channel and check; the rest is summed up in one more. Errors are
        all kept.
    """

    flat_seconds: float = 10.0
    stuck_seconds: float = 1.0
    zero_samples: int = 20
    clip_samples: int = 3
    clip_step: float = 8.0
    jump: float = 20.0
    isolation: float = 0.25
    spike_samples: int = 3
    spike_calm: float = 0.5
    step_calm: float = 2.0
    calibration_steps: int = 4
    calibration_period: float = 240.0
    offset: float = 0.25
    drift: float = 0.25
    rate_tolerance: float = 2e-4
    clock_tolerance: float = 0.1
    clock_gap: float = 60.0
    merge: float = 2.0
    max_rows: int = 100

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not (np.isfinite(value) and value > 0):
                raise ParameterError(f"QualityThresholds: {item.name}={value}; must be positive")


def check_waveforms(
    stream: Stream | Trace,
    *,
    inventory: Inventory | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    thresholds: QualityThresholds | None = None,
    context_rows: bool = False,
) -> pd.DataFrame:
    """List everything that makes a record, or its metadata, doubtful.

    Parameters
    ----------
    stream : Stream or Trace
        Raw records, as read. Nothing in them is changed.
    inventory : Inventory, optional
        If given, responses are checked too.
    starttime, endtime : UTCDateTime or str, optional
        The span that is judged, half open, and should be covered (see
        :func:`waveform_gaps`). Samples outside it are context: six dead seconds on either side
        of midnight are a dead run of twelve in both days. What lies wholly outside is left
        out, and a finding that runs across an end is cut there, its length or count being that
        of the part inside.
    thresholds : QualityThresholds, optional
    context_rows : bool, optional
        Also list what was found outside the span, a finding across an end as one row on each
        side of it: these are the spans to cut out of everything that was passed
        (:func:`sound_pieces`). Gaps, level and metadata are of the span alone.

    Returns
    -------
    DataFrame
        Table ``tables.QUALITY``, sorted by channel, time and check. ``severity`` is
        ``"error"`` where the samples are certainly no ground motion (or a conversion would be
        wrong), ``"warning"`` where they are doubtful, ``"info"`` for what is worth knowing.
        The checks:

        ============== ========= ====================================================
        check          severity  finding
        ============== ========= ====================================================
        gap            warning   samples missing (s)
        duplicate      info      an overlap with the same samples twice (s)
        conflict       error     an overlap with different samples (samples)
        overlap        warning   an overlap whose samples cannot be compared (s)
        sampling_rate  warning   a segment at another rate than most (Hz)
        clock_jump     warning   a segment off the sample grid of the one before (s)
        nonfinite      error     NaN, infinite, beyond 1e30 or −2**31 (samples)
        denormal       error     floats so small that they are no samples (share)
        flat           error     dead, constant or stuck (s)
        zero_run       error     zeros written where nothing was measured (samples)
        held           error     one value held on a live channel (s)
        clipped        warning   runs at the extremes, or full scale reached (samples)
        spike          warning   isolated jumps that return at once (spikes)
        step           warning   the level jumps and stays (counts)
        calibration    error     a square wave fed in (steps)
        same_samples   warning   a segment that another channel holds as well (samples)
        dc_offset      w/info    mean far from zero (counts)
        dc_drift       w/info    mean changes over the record (counts)
        no_response    error     no metadata, or an epoch without response
        wrong_epoch    error     metadata exist, but not for this time
        response       any       zero, unstable, contradictory or doubtful response
        ============== ========= ====================================================

        and whatever the reader noted on the traces (``paektuseis.io.reader_findings``).

    Raises
    ------
    WaveformError
        If the input is no waveform.

    Notes
    -----
    Sample checks are single passes with isolation tests: a jump counts as spike or step only
    if all around it is calm, which no band-limited ground motion is, so that earthquakes are
    neither. Overall sensitivity and normalisation factors are held against the stages
    evaluated by evalresp: more than 5 % apart is a warning, more than 50 % an error.

    Examples
    --------
    >>> from obspy import Trace
    >>> import numpy as np
    >>> dead = Trace(np.zeros(6000, dtype="int32"), {"station": "A", "sampling_rate": 100.0})
    >>> check_waveforms(dead)[["check", "severity", "value"]].values.tolist()
    [['flat', 'error', 60.0]]
    """
    limits = thresholds or QualityThresholds()
    span = Span(
        None if starttime is None else int(as_utc(starttime, name="starttime").ns),
        None if endtime is None else int(as_utc(endtime, name="endtime").ns),
        context_rows,
    )
    channels: dict[str, list[Trace]] = {}
    for trace in traces_of(stream):
        if len(trace.data):
            channels.setdefault(trace.id, []).append(trace)
    rows: list[Row] = []
    for trace_id in sorted(channels):
        traces = sorted(channels[trace_id], key=lambda t: (t.stats.starttime.ns, len(t.data)))
        found = header_rows(traces, starttime, endtime, limits, span)
        found += sample_rows(traces, limits, span)
        for side in _by_side(found, span):
            rows += _capped(side, limits.max_rows)
        judged = [part for t in traces if (part := _inside(t, span)) is not None]
        if inventory is not None and judged:
            rows += metadata_rows(judged, inventory)
    if len(channels) > 1:
        rows += copy_rows([t for name in sorted(channels) for t in channels[name]], span)
    table = QUALITY.frame(rows)
    noted = _noted(stream, span)
    if len(noted):
        table = pd.concat([table, noted[table.columns]], ignore_index=True) if rows else noted
    return table.sort_values(
        ["trace_id", "starttime", "check", "severity"], kind="stable", ignore_index=True
    )


def _inside(trace: Trace, span: Span) -> Trace | None:
    """Return the part of a trace in the span, a view, or ``None``."""
    begin, end = span.inside(trace)
    if begin == end:
        return None
    if end - begin == len(trace.data):
        return trace
    return piece(trace, begin, end, trace.data[begin:end])


def _noted(stream: Stream | Trace, span: Span) -> pd.DataFrame:
    """Return what the reader found, in the span if nothing else is asked for."""
    noted = reader_findings(Stream(traces_of(stream)))
    if span.outside or not len(noted):
        return noted
    wanted = np.ones(len(noted), dtype=np.bool_)
    if span.begin is not None:
        wanted &= ~(noted["endtime"] < pd.Timestamp(span.begin, tz="UTC")).to_numpy()
    if span.until is not None:
        wanted &= ~(noted["starttime"] >= pd.Timestamp(span.until, tz="UTC")).to_numpy()
    return noted[wanted]


def _by_side(rows: list[Row], span: Span) -> list[list[Row]]:
    """Return the rows before, in and after the span."""
    sides: list[list[Row]] = [[], [], []]
    for row in rows:
        before = span.begin is not None and row["endtime"].ns < span.begin
        after = span.until is not None and row["starttime"].ns >= span.until
        sides[0 if before else 2 if after else 1].append(row)
    return sides


def _capped(rows: list[Row], most: int) -> list[Row]:
    """Keep errors and the first ``most`` other rows of each check; sum up the rest in one."""
    kinds: dict[str, list[Row]] = {}
    out = [row for row in rows if row["severity"] == "error"]
    for row in rows:
        if row["severity"] != "error":  # errors are cut out, each of them
            kinds.setdefault(row["check"], []).append(row)
    for check, found in kinds.items():
        found.sort(key=lambda r: r["starttime"].ns)
        out += found[:most]
        rest = found[most:]
        if rest:
            worst = max(rest, key=lambda r: ("info", "warning").index(r["severity"]))
            out.append(
                rest[0]
                | {
                    "endtime": max(r["endtime"] for r in rest),
                    "severity": worst["severity"],
                    "message": f"{len(rest)} more findings of {check!r} like this one",
                    "value": float(len(rest)),
                    "units": "findings",
                    "limit": float(most),
                }
            )
    return out
