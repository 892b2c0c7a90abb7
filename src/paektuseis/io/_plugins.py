"""Formats other than miniSEED: decoders of our own, or obspy's in a process of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from obspy import Trace, UTCDateTime
from obspy.core import AttribDict

from ..errors import WaveformError
from ._findings import Finding, ForeignFormatError, finding
from ._foreign import impossible_times, safe_text
from ._formats import describe_head, possible_formats
from ._gcf import read_gcf
from ._gse2 import read_gse
from ._mseed import _code
from ._sac import read_sac
from ._sources import FileBytes
from ._worker import native, read_apart

_DAY_NS = 86_400_000_000_000


def read_foreign(
    source: FileBytes, name: str, *, headonly: bool
) -> tuple[list[Trace], list[Finding]]:
    """Read a file of a named format (``""`` = find out which of the others it is)."""
    if name == "SAC":
        return read_sac(source, headonly=headonly)
    if name == "GCF":
        return read_gcf(source, headonly=headonly)
    if name in ("GSE2", "GSE1"):
        return read_gse(source, headonly=headonly)
    path = source.path
    candidates = (name,) if name else possible_formats(source.data)
    apart = headonly and name not in ("SACXY",)
    answer: dict[str, Any] = {"format": ""}
    if candidates:
        answer = read_apart(source, candidates, headonly=apart)
    name = answer["format"]
    if not name:
        raise ForeignFormatError(
            f"{path}: not a waveform format paektuseis knows; it begins with "
            f"{describe_head(source)}"
        )
    if not answer["traces"]:
        raise WaveformError(f"{path}: {name} file without any trace")
    traces = [_trace(row, path, name, headonly) for row in answer["traces"]]
    findings = [
        finding("reader_warning", "warning", f"{path.name}: {safe_text(text)}", path=path)
        for text in dict.fromkeys(answer["warnings"])
    ]
    return traces, findings


def _trace(row: dict[str, Any], path: Path, name: str, headonly: bool) -> Trace:
    """Hold a foreign trace against what every trace must be."""
    stats = row["stats"]
    codes = ("network", "station", "location", "channel")
    header = {c: _code(stats[c].encode("utf-8", "replace")) for c in codes}
    what = f"{path}: {name}: {'.'.join(header.values())}"
    rate, start = float(stats["sampling_rate"]), int(stats["starttime"])
    if not (np.isfinite(rate) and rate > 0):
        raise WaveformError(f"{what}: sampling rate {rate:g} Hz")
    if 0 <= start < _DAY_NS:  # what parsers put where a header states no time
        raise WaveformError(f"{what}: no absolute time")
    if why := impossible_times(start, int(stats["npts"]), rate):
        raise WaveformError(f"{what}: header states {why}")
    if row["masked"]:
        raise WaveformError(f"{what}: masked samples")
    if row["dtype"] and "data" not in row:
        raise WaveformError(f"{what}: samples of type {row['dtype']}")
    if "data" in row and row["data"].size != stats["npts"]:
        raise WaveformError(f"{what}: {stats['npts']} samples claimed, {row['data'].size} found")
    extra = {k: AttribDict(v) for k, v in stats["extra"].items()}
    full = (
        header
        | extra
        | {
            "sampling_rate": rate,
            "starttime": UTCDateTime(ns=start),
            "calib": stats["calib"] or 1.0,
            "_format": name,
        }
    )
    if headonly or "data" not in row:
        trace = Trace(header=full)
        trace.stats.npts = stats["npts"]
        return trace
    return Trace(native(row["data"]), header=full)
