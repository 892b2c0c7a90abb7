"""Reading a buffer of miniSEED 2: scan, group, join, decode, report."""

from __future__ import annotations

from pathlib import Path

from obspy import Trace

from . import _kernels as k
from ._findings import Finding
from ._mseed import Selection, decode_group, group_records, group_runs, run_header, scan_records
from ._mseed_report import failed_findings, group_findings, scan_findings
from ._sources import ByteArray


def read_mseed(
    buffer: ByteArray, path: Path, selection: Selection, *, headonly: bool = False
) -> tuple[list[Trace], list[Finding]]:
    """Read the miniSEED 2 records of a buffer into traces, with what was found on the way."""
    records = scan_records(buffer)
    findings = scan_findings(records, path, selection)
    traces: list[Trace] = []
    for group in group_records(records, selection):
        runs = group_runs(records, group)
        findings += group_findings(records, group, runs, path)
        if headonly:
            for run in runs:
                trace = Trace(header=run_header(records, group, run, 0))
                trace.stats.npts = int(records.rows[run, k.NSAMP].sum())
                traces.append(trace)
            continue
        pieces, failed = decode_group(records, group, runs)
        findings += failed_findings(records, group, failed, path)
        traces += [
            Trace(samples, header=run_header(records, group, part, len(samples)))
            for part, samples in pieces
        ]
    return traces, findings
