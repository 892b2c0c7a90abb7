"""``read_waveforms``: local files of any supported format into a Stream."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from obspy import Stream, Trace

from ..errors import ParameterError, WaveformError
from ..provenance import note
from ..times import TimeLike, as_utc
from ._clean import cut_to_window, split_at_bad_samples
from ._findings import Finding, attach, finding, unreadable
from ._foreign import safe_text
from ._formats import name_format
from ._memory import Memory
from ._mseed import Records, Selection, scan_records
from ._mseed3 import read_mseed3
from ._mseed_read import read_mseed
from ._plugins import read_foreign
from ._regular import FileMemory, is_regular, records_of_span
from ._sources import FileBytes, expand_paths, open_regular, read_whole

logger = logging.getLogger("paektuseis.io")
OnError = Literal["raise", "report"]


def make_selection(
    trace_ids: str | Iterable[str] | None,
    starttime: TimeLike | None,
    endtime: TimeLike | None,
) -> Selection:
    """Check and bundle what a caller asks for."""
    if isinstance(trace_ids, str):
        trace_ids = (trace_ids,)
    if trace_ids is not None:
        trace_ids = tuple(trace_ids)
        if not trace_ids or not all(isinstance(t, str) for t in trace_ids):
            raise ParameterError(
                f"trace_ids={trace_ids!r}; give NET.STA.LOC.CHA (wildcards * ? [] allowed) "
                "or a list of them"
            )
    start = None if starttime is None else as_utc(starttime, name="starttime")
    end = None if endtime is None else as_utc(endtime, name="endtime")
    if start is not None and end is not None and end < start:
        raise ParameterError(f"endtime={end} lies before starttime={start}; exchange them")
    return Selection(trace_ids, start, end)


def read_file(
    path: Path,
    selection: Selection,
    *,
    headonly: bool = False,
    known: FileMemory | None = None,
    memory: Memory | None = None,
) -> tuple[list[Trace], list[Finding]]:
    """Read one file; the traces that are asked for, and what was found in the file.

    With ``known`` only the part of the file that holds the span is read where that can be
    told from a few headers, and what is learnt of the file is put there. ``memory`` takes
    the samples.

    Raises
    ------
    WaveformError
        Naming the file and the reason, if nothing in it can be used.
    """
    part = known is not None and not headonly and selection.bounded
    if part and known is not None and known.rules_out(path, *selection.window):
        return [], []
    with open_regular(path) as file:
        records = None
        if part and known is not None:
            records = records_of_span(file, *selection.window, known)
        if records is None:
            source = read_whole(file)
        else:
            file.require_unchanged()
    if records is None:
        return read_source(source, selection, headonly=headonly, known=known, memory=memory)
    if not len(records.rows):
        return [], []
    traces, findings, clean = read_mseed(records, path, selection, memory=memory)
    if not traces and not _has_usable(records, findings):
        raise WaveformError(f"{path}: {_why_nothing(findings)}")
    return _finish(traces, findings, path, selection, clean=clean)


def read_source(
    source: FileBytes,
    selection: Selection,
    *,
    headonly: bool = False,
    known: FileMemory | None = None,
    memory: Memory | None = None,
) -> tuple[list[Trace], list[Finding]]:
    """Read the bytes of one file, see :func:`read_file`."""
    path = source.path
    name = name_format(source)
    regular = clean = False
    if name == "MSEED":
        records = scan_records(source.data)
        regular = is_regular(records)
        traces, findings, clean = read_mseed(
            records, path, selection, headonly=headonly, memory=memory
        )
        if not traces and not _has_usable(records, findings):
            raise WaveformError(f"{path}: {_why_nothing(findings)}")
    elif name == "MSEED3":
        traces, findings = read_mseed3(source, selection, headonly=headonly)
        if not traces and findings:
            raise WaveformError(f"{path}: {_why_nothing(findings)}")
    else:
        everything, findings = read_foreign(source, name, headonly=headonly)
        traces = [t for t in everything if selection.wants(t.id)]
    if known is not None:
        known.of(source.stamp).regular = regular
    if source.hole:
        findings.append(
            finding(
                "hole",
                "info",
                f"{path.name}: {source.hole} bytes at the end were never written",
                value=source.hole,
                units="bytes",
                path=path,
            )
        )
    return _finish(traces, findings, path, selection, headonly=headonly, clean=clean)


def _has_usable(records: Records, findings: list[Finding]) -> bool:
    """Whether an empty result is due to the selection, not to the file."""
    failed = {"bad_checksum", "bad_count"} & {row["check"] for row in findings}
    return bool(records.usable.any()) and not failed


def _why_nothing(findings: list[Finding]) -> str:
    order = {"error": 0, "warning": 1, "info": 2}
    worst = sorted(findings, key=lambda row: order[row["severity"]])
    if not worst:
        return "no data records in it"
    return "no usable record: " + str(worst[0]["message"]).split(": ", 1)[-1]


def _finish(
    traces: list[Trace],
    findings: list[Finding],
    path: Path,
    selection: Selection,
    *,
    headonly: bool = False,
    clean: bool = False,
) -> tuple[list[Trace], list[Finding]]:
    """Cut traces to the span asked for and split them at marks for missing samples.

    ``clean``: they are known to hold no such marks.
    """
    low, high = selection.window
    out: list[Trace] = []
    for trace in traces:
        kept = cut_to_window(trace, low, high)
        if kept is None:
            continue
        if headonly:
            out.append(kept)
            continue
        pieces, found = ([kept], []) if clean else split_at_bad_samples(kept, path)
        findings += found
        for piece in pieces:
            if piece.data.dtype.kind == "i":
                note(piece, units="counts")
            out.append(piece)
    if (
        traces
        and not out
        and any(row["check"] in ("not_floats", "no_data_value") for row in findings)
    ):
        raise WaveformError(f"{path}: {_why_nothing(findings[-1:])}")
    out.sort(key=lambda t: (t.id, t.stats.starttime.ns))
    attach(out, findings)
    return out, findings


def read_waveforms(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    trace_ids: str | Iterable[str] | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    headonly: bool = False,
    on_error: OnError = "raise",
) -> Stream:
    """Read waveforms from local files.

    The format is named by the content of each file. miniSEED 2 is read by a record walker
    and decoder of our own, in which a damaged record costs that record; miniSEED 3 needs
    the extra ``mseed3``; SAC, GSE2, GCF, SEISAN, SEG-Y, SU and further formats are parsed
    by obspy from checked bytes. URLs, pickles, archives (except ``.gz``), files that point
    to other files and everything that is no regular file are refused.

    Parameters
    ----------
    paths : str, Path or iterable of them
        Files, folders (all files in them and below) or patterns with ``*``, ``?``, ``[]``.
        A name that exists is that file, whatever characters it holds.
    trace_ids : str or iterable of str, optional
        Channels as NET.STA.LOC.CHA, wildcards allowed; default all.
    starttime, endtime : UTCDateTime or str, optional
        First and last instant (UTC); a sample at ``endtime`` is included. Only the
        records needed are decoded.
    headonly : bool, optional
        Read headers only; the traces have ``stats.npts`` but no samples.
    on_error : {"raise", "report"}, optional
        What an unusable file does: raise, or be left out, logged and reported as a finding.

    Returns
    -------
    Stream
        One trace for each contiguous segment of each file; gaps are gaps. Integer samples
        are int32 (units ``counts``), floats float32 or float64. Samples of -2**31, NaN,
        infinities and magnitudes above 1e30 are gaps too. What was found in the files is
        kept on the traces, see :func:`reader_findings`.

    Raises
    ------
    WaveformError
        If a file cannot be used (``on_error="raise"``), or none can.
    ParameterError
        If ``paths`` is no path, or a selection makes no sense.

    References
    ----------
    FDSN (2012). SEED Reference Manual, version 2.4, chapter 8 and appendix B.
    """
    if on_error not in ("raise", "report"):
        raise ParameterError(f'on_error={on_error!r}; give "raise" or "report"')
    selection = make_selection(trace_ids, starttime, endtime)
    files = expand_paths(paths)
    traces: list[Trace] = []
    lost: list[Finding] = []
    usable = 0
    first: WaveformError | None = None
    for path in files:
        try:
            found, findings = read_file(path, selection, headonly=headonly)
        except WaveformError as error:
            if on_error == "raise":
                raise
            lost.append(unreadable(error, path))
            first = first or error
            continue
        usable += 1
        traces += found
        if findings:
            severe = any(row["severity"] != "info" for row in findings)
            logger.log(
                logging.WARNING if severe else logging.INFO,
                "%d finding(s), the first: %s",
                len(findings),
                safe_text(findings[0]["message"]),
            )
    if not usable:
        raise WaveformError(f"none of {len(files)} file(s) can be used; the first: {first}")
    attach(traces, lost)
    return Stream(traces)
