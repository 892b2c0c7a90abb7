"""Formats other than miniSEED 2: each checked by us first, then parsed with a named format."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import obspy
from numpy.typing import NDArray
from obspy import Stream, Trace

from ..errors import WaveformError
from ._findings import Finding, ForeignFormatError, finding
from ._foreign import ForeignParser, private_copy
from ._formats import describe_head
from ._gcf import read_gcf
from ._gse2 import read_gse
from ._sac import read_sac
from ._sources import FileBytes

# obspy's name and module of each reader that is asked, most telling test first. Left out on
# purpose: PICKLE (runs code), CSS, NNSA_KB_CORE and Q (point to other files).
_ASKED = (
    ("SEISAN", "obspy.io.seisan.core", "_is_seisan"),
    ("SEG2", "obspy.io.seg2.seg2", "_is_seg2"),
    ("KINEMETRICS_EVT", "obspy.io.kinemetrics.core", "is_evt"),
    ("REFTEK130", "obspy.io.reftek.core", "_is_reftek130"),
    ("AH", "obspy.io.ah.core", "_is_ah"),
    ("KNET", "obspy.io.nied.knet", "_is_knet_ascii"),
    ("PDAS", "obspy.io.pdas.core", "_is_pdas"),
    ("SLIST", "obspy.io.ascii.core", "_is_slist"),
    ("TSPAIR", "obspy.io.ascii.core", "_is_tspair"),
    ("SH_ASC", "obspy.io.sh.core", "_is_asc"),
    ("SEGY", "obspy.io.segy.core", "_is_segy"),
    ("Y", "obspy.io.y.core", "_is_y"),
    ("WIN", "obspy.io.win.core", "_is_win"),
    ("DMX", "obspy.io.dmx.core", "_is_dmx"),
    ("SU", "obspy.io.segy.core", "_is_su"),
)


def read_foreign(
    source: FileBytes, name: str, *, headonly: bool
) -> tuple[list[Trace], list[Finding]]:
    """Read a file of a named format (``""`` = find out which of the others it is)."""
    path = source.path
    if name == "GCF":
        return read_gcf(source, headonly=headonly)
    if name in ("GSE2", "GSE1"):
        return read_gse(source, headonly=headonly)
    if name == "SAC":
        return read_sac(source, headonly=headonly)
    if not name:
        name = _ask_readers(source)
    headonly = headonly and name not in ("SACXY",)
    with ForeignParser(path, name, WaveformError) as parser:
        stream = _parse(source, name, headonly)
    findings = [
        finding("reader_warning", "warning", f"{path.name}: {text}", path=path)
        for text in dict.fromkeys(parser.warnings)
    ]
    traces = [_plain(trace, path, name, headonly) for trace in stream]
    if not traces:
        raise WaveformError(f"{path}: {name} file without any trace")
    return traces, findings


def _parse(source: FileBytes, name: str, headonly: bool) -> Stream:
    if name in ("SACXY", "SEGY", "SU"):
        return obspy.read(source.stream(), format=name, headonly=headonly, check_compression=False)
    module = next(m for n, m, _ in _ASKED if n == name)
    reader = _entry(name, module)
    with private_copy(source.data.tobytes()) as copy:
        return reader(copy, headonly=headonly)


def _entry(name: str, module: str) -> Callable[..., Stream]:
    """The reading function an installed obspy registers for a format."""
    from importlib.metadata import entry_points

    for entry in entry_points(group=f"obspy.plugin.waveform.{name}", name="readFormat"):
        if entry.value.startswith("obspy.io."):
            function: Callable[..., Stream] = entry.load()
            return function
    raise WaveformError(f"this obspy has no reader for {name} ({module})")


def _ask_readers(source: FileBytes) -> str:
    with private_copy(source.data.tobytes()) as copy:
        for name, module, test in _ASKED:
            try:
                with ForeignParser(source.path, name, WaveformError):
                    yes = getattr(importlib.import_module(module), test)(copy)
            except WaveformError:
                continue  # a test that fails says no
            if yes:
                return name
    raise ForeignFormatError(
        f"{source.path}: not a waveform format paektuseis knows; it begins with "
        f"{describe_head(source)}"
    )


def _plain(trace: Trace, path: Path, name: str, headonly: bool) -> Trace:
    """Hold a foreign trace against what every trace must be."""
    rate = float(trace.stats.sampling_rate)
    if not (np.isfinite(rate) and rate > 0):
        raise WaveformError(f"{path}: {name}: sampling rate {rate:g} Hz of {trace.id}")
    if not headonly:
        if np.ma.isMaskedArray(trace.data):
            raise WaveformError(f"{path}: {name}: masked samples in {trace.id}")
        if trace.data.dtype.kind not in "iuf":
            raise WaveformError(f"{path}: {name}: samples of type {trace.data.dtype}")
        trace.data = _native(trace.data)
    return trace


def _native(data: NDArray[Any]) -> NDArray[Any]:
    """int32, float32 or float64 in native byte order."""
    if data.dtype.kind in "iu":
        small = data.dtype.itemsize < 4 or data.dtype == np.int32
        if small or (len(data) and data.min() >= -(2**31) and data.max() < 2**31):
            return np.ascontiguousarray(data, dtype=np.int32)
        return np.ascontiguousarray(data, dtype=np.float64)
    kind = np.float32 if data.dtype.itemsize <= 4 else np.float64
    return np.ascontiguousarray(data, dtype=kind)
