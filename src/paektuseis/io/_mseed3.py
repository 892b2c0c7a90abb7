"""miniSEED 3, through the optional package pymseed (record by record, CRC checked)."""

from __future__ import annotations

from typing import Any

import numpy as np
from obspy import Trace, UTCDateTime
from obspy.core import AttribDict

from ..errors import WaveformError
from ._findings import Finding, finding
from ._foreign import ForeignParser
from ._mseed import Selection
from ._sources import FileBytes

_KINDS = {"i": "int32", "f": "float32", "d": "float64"}


def read_mseed3(
    source: FileBytes, selection: Selection, *, headonly: bool
) -> tuple[list[Trace], list[Finding]]:
    """Read miniSEED 3 records into traces; a record that fails its check is left out."""
    try:
        import pymseed
    except ImportError as error:
        raise WaveformError(
            f"{source.path}: miniSEED 3 needs the package pymseed; "
            'install it with: pip install "paektuseis[mseed3]"'
        ) from error
    findings: list[Finding] = []
    parts: dict[tuple[Any, ...], list[tuple[int, Any]]] = {}
    buffer = bytearray(source.data.tobytes())
    at = 0
    low, high = selection.window
    while at < len(buffer):
        length = _length(buffer, at)
        if not length:
            following = buffer.find(b"MS\x03", at + 1)
            following = len(buffer) if following < 0 else following
            findings.append(
                finding(
                    "not_a_record",
                    "error",
                    f"{source.path.name}: {following - at} bytes from byte "
                    f"{at}: no miniSEED 3 record, or one cut short",
                    value=following - at,
                    units="bytes",
                    path=source.path,
                )
            )
            at = following
            continue
        try:
            with ForeignParser(source.path, "miniSEED 3", WaveformError):
                record = pymseed.MS3Record.parse(
                    bytes(buffer[at : at + length]), unpack_data=not headonly, validate_crc=True
                )
                trace_id = ".".join(pymseed.sourceid2nslc(record.sourceid))
                start, count, rate = int(record.starttime), record.samplecnt, record.samprate
                end = start + round(max(count - 1, 0) / rate * 1e9) if rate > 0 else start
                keep = count > 0 and rate > 0 and selection.wants(trace_id)
                if keep and end >= low and start <= high:
                    kind = record.sampletype
                    data = None if headonly else np.array(record.np_datasamples)
                    key = (trace_id, rate, record.pubversion, None if headonly else kind)
                    parts.setdefault(key, []).append((start, count if headonly else data))
        except WaveformError as error:
            findings.append(
                finding(
                    "bad_record",
                    "error",
                    f"{source.path.name}: record at byte {at} left out: {error.__cause__}",
                    value=1,
                    units="records",
                    path=source.path,
                )
            )
        at += length
    return _join(parts, headonly), findings


def _length(buffer: bytearray, at: int) -> int:
    """Length of the version 3 record at an offset, 0 if there is none or it is cut."""
    if buffer[at : at + 3] != b"MS\x03" or at + 40 > len(buffer):
        return 0
    extra = int.from_bytes(buffer[at + 34 : at + 36], "little")
    payload = int.from_bytes(buffer[at + 36 : at + 40], "little")
    length = 40 + buffer[at + 33] + extra + payload
    return length if at + length <= len(buffer) else 0


def _join(parts: dict[tuple[Any, ...], list[tuple[int, Any]]], headonly: bool) -> list[Trace]:
    traces = []
    for (trace_id, rate, version, kind), records in parts.items():
        if kind is not None and kind not in _KINDS:
            continue  # text
        net, sta, loc, cha = trace_id.split(".")
        step = 1e9 / rate
        runs: list[list[Any]] = []
        for start, item in sorted(records, key=lambda r: r[0]):
            size = item if headonly else len(item)
            if runs and abs(start - runs[-1][0] - runs[-1][1] * step) <= step / 2:
                runs[-1][1] += size
                runs[-1][2].append(item)
            else:
                runs.append([start, size, [item]])
        for start, size, items in runs:
            header = {
                "network": net,
                "station": sta,
                "location": loc,
                "channel": cha,
                "sampling_rate": rate,
                "starttime": UTCDateTime(ns=start),
                "_format": "MSEED3",
                "mseed3": AttribDict(pubversion=version),
            }
            if headonly:
                trace = Trace(header=header)
                trace.stats.npts = size
            else:
                trace = Trace(np.concatenate(items).astype(_KINDS[kind]), header=header)
            traces.append(trace)
    return traces
