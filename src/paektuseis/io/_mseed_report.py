"""What the record walker has to say: verdicts and notes as rows of the quality table."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
from obspy import UTCDateTime

from . import _kernels as k, _kernels_uniform as uniform
from ._findings import Finding, finding
from ._mseed import Group, IntArray, Records, Selection, record_codes

MOST = 50
"""Findings of one kind a file may fill the table with; further ones are counted in the last."""

_CAUSES = {
    k.EMPTY: ("empty_record", "info", "record without samples"),
    k.TEXT: ("text_record", "info", "record of text, not samples"),
    k.ZEROS: ("hole", "warning", "bytes that are all zero where a record should stand"),
    k.JUNK: ("not_a_record", "error", "bytes that are no record"),
    k.CUT: ("cut_record", "error", "record cut by the end of the file"),
    k.BAD_TIME: ("bad_time", "error", "record header with an impossible time"),
    k.BAD_CHAIN: ("bad_blockette", "error", "blockette chain that does not lead forward"),
    k.BAD_LENGTH: ("bad_length", "error", "record length missing or outside 128 bytes to 1 MiB"),
    k.BAD_RATE: ("bad_rate", "error", "impossible sampling rate"),
    k.BAD_ENCODING: ("bad_encoding", "error", "encoding unknown to this reader"),
    k.BAD_DATA: ("bad_data_offset", "error", "samples said to begin outside the record"),
    k.BAD_COUNT: ("bad_count", "error", "more samples claimed than the record can hold"),
    k.BAD_STEIM: ("bad_checksum", "error", "Steim data whose last sample differs from its check"),
    k.BAD_ORDER: (
        "word_order",
        "error",
        "word order that differs from its neighbours' and gives impossible samples",
    ),
    k.BAD_LABEL: (
        "bad_encoding",
        "error",
        "record that alone states another encoding than those around it, with nothing to prove it",
    ),
    k.SHORT_STEIM: ("bad_count", "error", "Steim data with fewer samples than claimed"),
}
_NO_HEADER = (k.JUNK, k.ZEROS, k.BAD_TIME, k.CONTROL)
_COUNTED = (k.EMPTY, k.TEXT)
_FLAGS = (  # bit of FLAGS, check, severity, words
    (16, "saturated", "warning", "recorder flags amplifier saturation"),
    (17, "clipped", "warning", "recorder flags digitizer clipping"),
    (18, "spikes", "warning", "recorder flags spikes"),
    (19, "glitches", "warning", "recorder flags glitches"),
    (20, "padded", "warning", "recorder flags missing or padded data"),
    (21, "telemetry", "warning", "recorder flags a telemetry synchronisation error"),
    (22, "filter_charging", "info", "recorder flags a digital filter that may be charging"),
    (23, "time_questionable", "warning", "recorder flags the time tag as questionable"),
)
_FLAG_BITS = 0xFF0000
_NOTES = (
    (k.NOTE_TIME_CORRECTED, "time_correction", "info", "time correction in the header applied"),
    (k.NOTE_LEAP_SECOND, "leap_second", "warning", "record begins within a leap second"),
    (
        k.NOTE_LENGTH,
        "bad_length",
        "warning",
        "record length in the header is wrong; the next record begins earlier",
    ),
    (k.NOTE_ORDER, "word_order", "warning", "word order neither 0 nor 1; that of the header taken"),
    (
        k.NOTE_NO_1000,
        "no_blockette_1000",
        "info",
        "no blockette 1000: length found by the next record, read as Steim-1",
    ),
    (
        k.NOTE_RATE,
        "rate_conflict",
        "warning",
        "fixed header and blockette 100 state different sampling rates",
    ),
)
TIMING_LIMIT = 50
MISALIGNED = 0.1


def _time(ns: int) -> UTCDateTime:
    return UTCDateTime(ns=int(ns))


def _span(records: Records, rows: IntArray, rate: float = 0.0) -> tuple[UTCDateTime, UTCDateTime]:
    """First and last instant the headers of some records claim."""
    times, counts = records.rows[rows, k.TIME], records.rows[rows, k.NSAMP]
    rates = records.rates[rows, 0] if not rate else np.full(len(rows), rate)
    good = np.isfinite(rates) & (rates > 0)
    length = np.zeros(len(rows))
    length[good] = (np.maximum(counts[good] - 1, 0)) / rates[good] * 1e9
    length = np.minimum(length, 86400e9)
    ends = times + length.astype(np.int64)
    return _time(times.min()), _time(ends.max())


def _streaks(values: IntArray) -> list[IntArray]:
    """Split ascending row numbers into consecutive ones."""
    return np.split(values, np.flatnonzero(np.diff(values) > 1) + 1) if values.size else []


def _capped(findings: list[Finding], path: Path) -> list[Finding]:
    if len(findings) <= MOST:
        return findings
    rest = findings[MOST - 1 :]
    last = dict(rest[0])
    last["endtime"] = max((r["endtime"] for r in rest if r["endtime"] is not None), default=None)
    last["message"] = f"{len(rest)} more of this kind in {path.name}, the first: " + last["message"]
    last["value"] = float(sum(r["value"] for r in rest if np.isfinite(r["value"])))
    return [*findings[: MOST - 1], last]


def scan_findings(records: Records, path: Path, selection: Selection) -> list[Finding]:
    """Findings on everything in the buffer that is no usable record."""
    out: list[Finding] = []
    if records.summary.alike:
        return out
    verdicts = records.rows[:, k.VERDICT]
    if not (verdicts != k.OK).any():
        return out
    for verdict in np.unique(verdicts):
        if verdict in (k.OK, k.CONTROL):
            continue
        check, severity, words = _CAUSES[int(verdict)]
        rows = np.flatnonzero(verdicts == verdict)
        found = []
        for streak in [rows] if verdict in _COUNTED else _streaks(rows):
            o = records.base + int(records.rows[streak[0], k.OFFSET])
            size = int(records.rows[streak, k.LENGTH].sum())
            start = end = None
            trace_id = ""
            if verdict not in _NO_HEADER:
                trace_id = ".".join(record_codes(records, int(streak[0])))
                if not selection.wants(trace_id):
                    continue
                start, end = _span(records, streak)
                what = f"{len(streak)} record(s) from byte {o} ({start}): {words}"
                if verdict == k.BAD_ENCODING:
                    what += f" ({int(records.rows[streak[0], k.ENCODING])})"
                elif verdict == k.BAD_RATE:
                    what += f" ({records.rates[streak[0], 0]:g} Hz)"
                elif verdict == k.BAD_COUNT:
                    what += f" ({int(records.rows[streak[0], k.NSAMP])})"
                value, units = float(len(streak)), "records"
            else:
                start = _neighbour_time(records, int(streak[0]))
                what = f"{size} bytes from byte {o}: {words}"
                value, units = float(size), "bytes"
                if verdict == k.JUNK and o + size == records.filesize and size < 48:
                    what = f"{size} bytes from byte {o}: cut record at the end of the file"
                    severity = "warning"
            found.append(
                finding(
                    check,
                    severity,
                    f"{path.name}: {what}",
                    trace_id=trace_id,
                    starttime=start,
                    endtime=end,
                    value=value,
                    units=units,
                    path=path,
                )
            )
        out += _capped(found, path)
    return out


def _neighbour_time(records: Records, row: int) -> UTCDateTime | None:
    """Time of the usable record before (or else after) bytes that have none themselves."""
    usable = np.flatnonzero(records.usable)
    if not usable.size:
        return None
    at = int(np.searchsorted(usable, row))
    return _time(records.rows[usable[max(at - 1, 0)], k.TIME])


def failed_findings(
    records: Records, group: Group, failed: list[tuple[int, int]], path: Path
) -> list[Finding]:
    """Findings on records that could not be decoded."""
    out = []
    for row, verdict in failed:
        check, severity, words = _CAUSES[verdict]
        which = np.array([row])
        start, end = _span(records, which, group.rate)
        o = records.base + int(records.rows[row, k.OFFSET])
        out.append(
            finding(
                check,
                severity,
                f"{path.name}: record at byte {o} ({start}): {words}; left out as a gap of "
                f"{int(records.rows[row, k.NSAMP])} samples",
                trace_id=group.trace_id,
                starttime=start,
                endtime=end,
                value=float(records.rows[row, k.NSAMP]),
                units="samples",
                path=path,
            )
        )
    return _capped(out, path)


def group_findings(
    records: Records, group: Group, runs: list[IntArray], path: Path
) -> list[Finding]:
    """Findings on usable records: duplicates, jitter, recorder flags, corrected times, drift."""
    out: list[Finding] = []
    which = group.which

    def add(
        check: str,
        severity: str,
        words: str,
        rows: IntArray,
        value: float,
        units: str,
        limit: float = float("nan"),
    ) -> Finding:
        start, end = _span(records, rows, group.rate)
        return finding(
            check,
            severity,
            f"{path.name}: {words}",
            trace_id=group.trace_id,
            starttime=start,
            endtime=end,
            value=value,
            units=units,
            limit=limit,
            path=path,
        )

    if group.duplicates:
        out.append(
            add(
                "duplicate_records",
                "info",
                f"{group.duplicates} records stand in the file twice; used once",
                which,
                group.duplicates,
                "records",
            )
        )
    if group.jitter:
        out.append(
            add(
                "rate_jitter",
                "info",
                f"sampling rates of the records differ by up to "
                f"{100 * group.jitter:.4f} %; {group.rate:g} Hz taken",
                which,
                100 * group.jitter,
                "%",
                2e-2,
            )
        )
    summary = records.summary
    doubt = not summary.alike
    if doubt or summary.flags & _FLAG_BITS or summary.notes:
        rows = records.rows[which]
        flags = rows[:, k.FLAGS]
        if (flags & _FLAG_BITS).any():
            for bit, check, severity, words in _FLAGS:
                hit = np.flatnonzero((flags >> bit) & 1)
                out += _capped(
                    [
                        add(
                            check,
                            severity,
                            f"{words} in {len(s)} records",
                            which[s],
                            len(s),
                            "records",
                        )
                        for s in _streaks(hit)
                    ],
                    path,
                )
        if rows[:, k.NOTES].any():
            for bit, check, severity, words in _NOTES:
                hit = np.flatnonzero(rows[:, k.NOTES] & bit)
                found = []
                for s in _streaks(hit):
                    text = f"{words} ({len(s)} records)"
                    if bit == k.NOTE_RATE:
                        fixed = records.rates[which[s[0]], 1]
                        text += (
                            f": {fixed:g} Hz and {records.rates[which[s[0]], 0]:g} Hz; "
                            f"{group.rate:g} Hz taken"
                        )
                    found.append(add(check, severity, text, which[s], len(s), "records"))
                out += _capped(found, path)
    if doubt or 0 <= summary.worst_timing < TIMING_LIMIT:
        out += _timing_findings(records.rows[which, k.TIMING], which, add, path)
    shift = max((_shift(records, group, run) for run in runs), key=abs)
    if abs(shift) > MISALIGNED:
        words = f"record times up to {shift:+.2f} samples off the grid of the first; joined"
        out.append(add("misaligned", "info", words, which, shift, "samples", MISALIGNED))
    drift = _drift(records, group, runs)
    if drift:
        out.append(
            add(
                "clock_drift",
                "warning",
                f"record times run away from {group.rate:g} Hz "
                f"by {drift:+.3g} s over the file; split so that no sample is more than "
                "half a sample off",
                which,
                drift,
                "s",
            )
        )
    return out


def _timing_findings(
    timing: IntArray, which: IntArray, add: Callable[..., Finding], path: Path
) -> list[Finding]:
    """Findings on blockette 1001's timing quality; 0 % throughout mostly means "not stated"."""
    stated = timing >= 0
    if not stated.any() or timing[stated].min() >= TIMING_LIMIT:
        return []
    if timing[stated].max() == 0:
        words = "timing quality 0 % in all records: not stated, or a clock without reference"
        return [add("timing_quality", "info", words, which, 0.0, "%", TIMING_LIMIT)]
    poor = np.flatnonzero(stated & (timing < TIMING_LIMIT))
    found = []
    for s in _streaks(poor):
        least = int(timing[s].min())
        words = f"timing quality down to {least} % in {len(s)} records"
        found.append(add("timing_quality", "warning", words, which[s], least, "%", TIMING_LIMIT))
    return _capped(found, path)


def _shift(records: Records, group: Group, run: IntArray) -> float:
    """Largest distance, in samples, of a run's record times from the grid of its first."""
    return float(uniform.largest_shift(records.rows, run, group.step)) / group.step


def _drift(records: Records, group: Group, runs: list[IntArray]) -> float:
    """Seconds a clock has run away over seams of less than a sample and a half; 0 if steady."""
    total = 0.0
    seams = 0
    for before, after in itertools.pairwise(runs):
        count = int(records.rows[before, k.NSAMP].sum())
        late = (
            int(records.rows[after[0], k.TIME] - records.rows[before[0], k.TIME])
            - count * group.step
        ) / group.step
        if abs(late) < 1.0:
            total += late / group.rate
            seams += 1
    return total if seams >= 2 else 0.0
