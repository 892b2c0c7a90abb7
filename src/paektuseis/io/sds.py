"""``write_sds``: traces into a SeisComP Data Structure tree, split at midnight."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from obspy import Stream, Trace, UTCDateTime

from ..errors import OutputError, ParameterError, WaveformError
from ._foreign import ForeignParser
from ._layout import SDS, Pattern
from ._output import atomic_path, safe_filename
from ._sources import one_path

ENCODINGS = {
    "int32": ("STEIM2", "STEIM1", "INT32"),
    "float32": ("FLOAT32",),
    "float64": ("FLOAT64",),
}
"""Encodings of each type of samples, the preferred one first."""


def write_sds(
    stream: Stream | Trace,
    root: str | os.PathLike[str],
    *,
    encoding: str = "STEIM2",
    reclen: int = 512,
) -> list[Path]:
    """Write traces as day files of an SDS archive (miniSEED 2).

    Parameters
    ----------
    stream : Stream or Trace
        int32, float32 or float64 samples; floats are written in their own encoding.
    root : str or Path
        Folder of the archive, made if missing.
    encoding : {"STEIM2", "STEIM1", "INT32"}, optional
        How integers are written.
    reclen : int, optional
        Record length, a power of two from 256 to 65536 bytes.

    Returns
    -------
    list of Path
        The day files, sorted. The same input gives the same bytes.

    Raises
    ------
    OutputError
        If a file is there already with other content, or cannot be written.
    ParameterError, WaveformError
        If the encoding, record length or samples do not fit.
    """
    if encoding not in ENCODINGS["int32"]:
        raise ParameterError(f"encoding={encoding!r}; give one of {', '.join(ENCODINGS['int32'])}")
    if reclen not in {1 << p for p in range(8, 17)}:
        raise ParameterError(f"reclen={reclen}; give a power of two from 256 to 65536")
    base = one_path(root, name="root")
    days: dict[Path, list[Trace]] = {}
    for trace in [stream] if isinstance(stream, Trace) else stream:
        for day, part in _split_days(trace):
            days.setdefault(base / _day_name(part, day), []).append(part)
    for path in sorted(days):
        traces = sorted(days[path], key=lambda t: t.stats.starttime.ns)
        _write_day(path, traces, encoding, reclen)
    return sorted(days)


def _day_name(trace: Trace, day: UTCDateTime) -> str:
    s = trace.stats
    codes = [safe_filename(c) if c else "" for c in (s.network, s.station, s.location, s.channel)]
    if not (codes[1] and codes[3]):
        raise WaveformError(f"{trace.id}: an SDS file name needs a station and a channel code")
    return Pattern(SDS).name(".".join(c.replace(".", "%2E") for c in codes), day)


def _split_days(trace: Trace) -> list[tuple[UTCDateTime, Trace]]:
    """Split a trace at midnight; each part begins with its day's first sample."""
    if np.ma.isMaskedArray(trace.data):
        raise WaveformError(f"{trace.id}: masked samples; split the trace at its gaps first")
    data = trace.data
    if data.dtype.kind == "i" and data.dtype.itemsize <= 4:
        data = data.astype(np.int32, copy=False)
    if str(data.dtype) not in ENCODINGS:
        raise WaveformError(
            f"{trace.id}: samples of type {data.dtype} cannot be written; "
            "convert them to int32, float32 or float64"
        )
    start, rate = int(trace.stats.starttime.ns), float(trace.stats.sampling_rate)
    day_ns = 86_400_000_000_000
    out = []
    at = 0
    while at < len(data):
        now = start + round(at * 1e9 / rate)
        midnight = (now // day_ns + 1) * day_ns
        stop = min(len(data), max(at + 1, int(np.ceil((midnight - start) * rate / 1e9 - 1e-6))))
        header = {
            key: trace.stats[key]
            for key in ("network", "station", "location", "channel", "sampling_rate")
        }
        header["starttime"] = UTCDateTime(ns=now)
        out.append(
            (
                UTCDateTime(ns=now // day_ns * day_ns),
                Trace(np.ascontiguousarray(data[at:stop]), header=header),
            )
        )
        at = stop
    return out


def record_bytes(trace: Trace, path: Path, encoding: str, reclen: int, sequence: int) -> bytes:
    """Return a trace as miniSEED records, the first with a sequence number.

    Raises
    ------
    OutputError
        Naming the file it is for, if it cannot be written in this encoding.
    """
    buffer = io.BytesIO()
    with ForeignParser(path, "miniSEED", OutputError):
        trace.write(
            buffer,
            format="MSEED",
            encoding=encoding,
            reclen=reclen,
            byteorder=">",
            sequence_number=(sequence - 1) % 999999 + 1,
        )
    return buffer.getvalue()


def _write_day(path: Path, traces: list[Trace], encoding: str, reclen: int) -> None:
    buffer, sequence = io.BytesIO(), 1
    for trace in traces:
        kind = str(trace.data.dtype)
        chosen = encoding if kind == "int32" else ENCODINGS[kind][0]
        buffer.write(record_bytes(trace, path, chosen, reclen, sequence))
        sequence = 1 + buffer.tell() // reclen
    data = buffer.getvalue()
    try:
        if path.exists():
            if path.read_bytes() == data:
                return
            raise OutputError(
                f"{path}: is there already with other content; remove it or write to another folder"
            )
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{path}: {error.strerror or error}") from error
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
