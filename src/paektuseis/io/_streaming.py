"""A waveform file block by block: memory that does not grow with the file, bytes accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from obspy import Trace

from ..errors import WaveformError
from . import _kernels as k
from ._clean import split_at_bad_samples
from ._findings import Finding
from ._formats import name_format
from ._mseed import Records, Selection, scan_records
from ._mseed_read import read_mseed
from ._sources import FileBytes, OpenFile, open_regular, read_whole
from .waveforms import read_source

BLOCK = 8 << 20
"""Bytes of a file read at once, where its format allows that."""
_OVERLAP = 64
"""Bytes at the end of a block without records that may be the begin of a header."""
_EVERYTHING = Selection()
_EXACT_NS = 2000
"""What times rounded to a microsecond may differ by."""


@dataclass
class Block:
    """A part of a file: its traces, what was found in it, and how many bytes were samples.

    ``other_bytes`` are the bytes of which no sample came: headers of control, holes, text,
    damaged records.
    """

    format: str
    traces: list[Trace]
    findings: list[Finding]
    data_bytes: int
    other_bytes: int


def read_blocks(
    path: Path,
    *,
    selection: Selection = _EVERYTHING,
    headonly: bool = False,
    block: int = BLOCK,
    steady: float = 0.1,
) -> Iterator[Block]:
    """Yield a waveform file in blocks; one block where its format must be read whole.

    Only miniSEED 2 is read in parts, and so may be of any size. The bytes of all blocks add
    up to the size of the file (of what it unpacks to, for ``.gz``). Where the times of miniSEED
    records drift, a trace ends when a record is more than ``steady`` samples (but at least the
    0.1 ms of the header's resolution, if ``steady`` is not 0) off the times of its first, so
    that each sample is at the time its record states.

    Raises
    ------
    WaveformError
        Naming the file and the reason; for a file that is no waveform file at once.
    """
    with open_regular(path) as file:
        if file.size <= block or path.suffix.lower() == ".gz":
            source = read_whole(file)
        else:
            head = FileBytes(path, file.read(0, block), stamp=file.stamp)
            if name_format(head) == "MSEED":
                yield from _mseed_blocks(file, selection, headonly, steady, block)
                file.require_unchanged()
                return
            source = read_whole(file)
    if name_format(source) == "MSEED":
        records = scan_records(source.data)
        out = _mseed_block(records, path, selection, headonly, steady, source.data.size)
        out.other_bytes += source.hole
        yield out
        return
    traces, findings = read_source(source, selection, headonly=headonly)
    name = str(traces[0].stats.get("_format", "")) if traces else ""
    yield Block(name, traces, findings, source.data.size, source.hole)


def _mseed_blocks(
    file: OpenFile, selection: Selection, headonly: bool, steady: float, block: int
) -> Iterator[Block]:
    """Read the records of a long file, a block at a time; a record cut by its end is read anew."""
    at = 0
    while at < file.size:
        buffer = file.read(at, min(at + block, file.size))
        if not buffer.size:
            raise WaveformError(f"{file.path}: the file became shorter while it was read")
        records = scan_records(buffer, base=at, filesize=file.size)
        reached = buffer.size
        if at + buffer.size < file.size:
            last = len(records.rows) - 1
            begin = int(records.rows[last, k.OFFSET])
            junk = records.rows[last, k.VERDICT] in (k.JUNK, k.ZEROS)
            if last > 0 and not junk:
                reached = begin
                records = Records(buffer, records.rows[:last], records.rates[:last], at, file.size)
            else:
                reached = max(begin + 1, buffer.size - _OVERLAP)
        yield _mseed_block(records, file.path, selection, headonly, steady, reached)
        at += reached


def _mseed_block(
    records: Records, path: Path, selection: Selection, headonly: bool, steady: float, end: int
) -> Block:
    """Traces of the records of a buffer, whose bytes count up to ``end``."""
    if steady:
        fastest = float(records.rates[records.usable, 0].max(initial=0.0))
        steady = min(max(steady, 1.5e-4 * fastest), 0.4)
    else:
        steady = _EXACT_NS * 1e-9 * float(records.rates[records.usable, 0].min(initial=1e9))
    found, findings, clean = read_mseed(records, path, selection, headonly=headonly, steady=steady)
    traces: list[Trace] = []
    for trace in found:
        pieces, more = ([trace], []) if headonly or clean else split_at_bad_samples(trace, path)
        traces += pieces
        findings += more
    lengths = np.diff(records.rows[:, k.OFFSET], append=end)
    data = int(lengths[records.usable].sum())
    return Block("MSEED", traces, findings, data, end - data)
