"""Reading the records of miniSEED 2: group, join, decode, report."""

from __future__ import annotations

from pathlib import Path

from obspy import Trace

from . import _kernels as k
from ._clean import SENTINEL
from ._findings import Finding
from ._memory import Memory
from ._mseed import (
    Records,
    Selection,
    decode_group,
    group_records,
    group_runs,
    group_size,
    run_header,
    run_traces,
    split_drifting,
)
from ._mseed_report import failed_findings, group_findings, scan_findings
from ._promises import name_findings


def read_mseed(
    records: Records,
    path: Path,
    selection: Selection,
    *,
    headonly: bool = False,
    memory: Memory | None = None,
    steady: float | None = None,
) -> tuple[list[Trace], list[Finding], bool]:
    """Read checked records into traces, with what was found on the way.

    The samples are put into ``memory``, or into arrays of their own. With ``steady`` a trace
    also ends where the time of a record is more than so many samples off that of its first.
    The last answer is whether the samples are known to be free of marks for missing ones.
    """
    findings = scan_findings(records, path, selection) + name_findings(records, path)
    memory = memory or Memory()
    traces: list[Trace] = []
    clean = True
    for group in group_records(records, selection):
        runs = group_runs(records, group)
        findings += group_findings(records, group, runs, path)
        if steady is not None:
            runs = split_drifting(records, group, runs, steady)
        if headonly:
            for run in runs:
                trace = Trace(header=run_header(records, group, run, 0))
                trace.stats.npts = int(records.rows[run, k.NSAMP].sum())
                traces.append(trace)
            continue
        size = group_size(records, group)
        decoded = decode_group(
            records, group, runs, memory.take(group.trace_id, group.rate, size, group.kind)
        )
        findings += failed_findings(records, group, decoded.failed, path)
        for row, verdict in decoded.failed:
            records.rows[row, k.VERDICT] = verdict
        clean = clean and decoded.least is not None and decoded.least > SENTINEL
        traces += run_traces(records, group, decoded.pieces)
    return traces, findings, clean
