"""miniSEED 2: the table of records of a buffer, and traces decoded from it."""

from __future__ import annotations

import fnmatch
import functools
import itertools
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from obspy import Trace, UTCDateTime
from obspy.core import AttribDict

from ..provenance import trace_like
from . import _decoding as decoding, _kernels as k, _kernels_uniform as uniform
from ._encodings import ENCODING_NAMES, decode_plain
from ._labels import doubt_lone_encodings
from ._sources import ByteArray

IntArray = NDArray[np.int64]
JITTER = 2e-4
"""Largest relative difference from the nominal rate that is jitter, not another rate."""


@dataclass(frozen=True)
class Selection:
    """Which samples are asked for; ``None`` leaves that side open."""

    trace_ids: tuple[str, ...] | None = None
    starttime: UTCDateTime | None = None
    endtime: UTCDateTime | None = None

    def wants(self, trace_id: str) -> bool:
        """Whether a trace id matches one of the patterns."""
        return self.trace_ids is None or any(
            fnmatch.fnmatchcase(trace_id, pattern) for pattern in self.trace_ids
        )

    @property
    def bounded(self) -> bool:
        """Whether the span asked for has two ends."""
        return self.starttime is not None and self.endtime is not None

    @property
    def window(self) -> tuple[int, int]:
        """First and last instant asked for, in ns."""
        low = -(2**62) if self.starttime is None else int(self.starttime.ns)
        high = 2**62 if self.endtime is None else int(self.endtime.ns)
        return low, high


class Summary(NamedTuple):
    """The records of a table at one look.

    ``alike``: all are sound and of one channel, quality letter, sampling rate, encoding and
    length; if not, the rest says nothing. ``ordered``: none begins more than half a sample
    before the end of the one before; ``abut``: nor more than half a sample after it.
    ``notes`` and ``flags`` of all together; least and greatest timing quality (-1: none).
    """

    alike: bool
    ordered: bool
    abut: bool
    notes: int
    flags: int
    worst_timing: int
    best_timing: int

    @property
    def plain(self) -> bool:
        """Whether the records form one group as they stand."""
        return self.alike and self.ordered and not self.notes & k.NOTE_RATE


@dataclass(frozen=True)
class Records:
    """The records of a buffer: one row each of header values, and their two rates (Hz).

    ``base`` is where the buffer begins in its file, ``filesize`` the size of the file.
    """

    buffer: ByteArray
    rows: IntArray
    rates: NDArray[np.float64]
    base: int
    filesize: int

    @functools.cached_property
    def summary(self) -> Summary:
        """The records at one look."""
        if not len(self.rows):
            return Summary(False, False, False, 0, 0, -1, -1)
        count, *rest = uniform.summarize(self.rows, self.rates)
        return Summary(count == len(self.rows), *rest)

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which rows are records that can be decoded."""
        return np.asarray(self.rows[:, k.VERDICT] == k.OK)


@dataclass
class Group:
    """Records of one channel, quality letter, sampling rate and sample type, in time order."""

    trace_id: str
    codes: tuple[str, str, str, str]
    quality: str
    rate: float
    kind: str
    which: IntArray
    jitter: float = 0.0
    duplicates: int = 0

    @property
    def step(self) -> float:
        """Sampling interval in ns."""
        return 1e9 / self.rate


def scan_records(buffer: ByteArray, *, base: int = 0, filesize: int | None = None) -> Records:
    """Walk all records of a buffer, checking each header."""
    size = buffer.size if filesize is None else filesize
    parts = []
    at, room = 0, 1
    while at < buffer.size:
        table = np.empty((room, k.COLUMNS), np.int64)
        rate = np.empty((room, 2), np.float64)
        count, reached = k.scan(buffer, at, table, rate)
        if reached < buffer.size and room == 1:  # begin anew with room for records like it
            room = min(buffer.size // max(int(table[0, k.LENGTH]), 128) + 16, 1 << 16)
            continue
        at = reached
        parts.append((table[:count], rate[:count]))
    if not parts:
        return Records(buffer, np.empty((0, k.COLUMNS), np.int64), np.empty((0, 2)), base, size)
    rows, rates = parts[0]
    if len(parts) > 1:
        rows, rates = (np.concatenate(column) for column in zip(*parts, strict=True))
    records = _without_tail_archive(Records(buffer, rows, rates, base, size))
    if not records.summary.alike:
        doubt_lone_encodings(buffer, records.rows)
    return records


def _without_tail_archive(records: Records) -> Records:
    """Take a zip archive glued behind the records, and records inside it, as one stretch."""
    rows = records.rows
    if records.summary.alike:
        return records
    for i in np.flatnonzero(rows[:, k.VERDICT] == k.JUNK):
        start = int(rows[i, k.OFFSET])
        if records.buffer[start : start + 4].tobytes() == b"PK\x03\x04":
            rows[i, k.LENGTH] = records.buffer.size - start
            return replace(records, rows=rows[: i + 1], rates=records.rates[: i + 1])
    return records


def _code(raw: bytes) -> str:
    """A code as text: any byte that SEED does not allow in one stands as ``%`` and two digits.

    So no code holds a dot, a slash, a wildcard or a control character, and different codes stay
    different.
    """
    text = raw.replace(b"\0", b" ").strip().decode("latin-1")
    if text.isalnum() and text.isascii():
        return text
    return "".join(
        c if c in "-_" or (c.isascii() and c.isalnum()) else f"%{ord(c):02X}" for c in text
    )


def record_codes(records: Records, row: int) -> tuple[str, str, str, str]:
    """Network, station, location and channel code of a record, printable ASCII only."""
    o = int(records.rows[row, k.OFFSET])
    raw = records.buffer[o + 8 : o + 20].tobytes()
    return _code(raw[10:12]), _code(raw[0:5]), _code(raw[5:7]), _code(raw[7:10])


_KINDS = ("int32", "float32", "float64")
_KIND = {4: 1, 5: 2, 12: 1, 13: 1, 14: 1}


def _kind(encoding: IntArray) -> IntArray:
    """Sample type of encodings, as its place among :data:`_KINDS`."""
    kinds = np.zeros(len(encoding), np.int64)
    for known, kind in _KIND.items():
        kinds[encoding == known] = kind
    return kinds


def _rates_together(rates: NDArray[np.float64]) -> tuple[IntArray, NDArray[np.float64]]:
    """Number rates that differ by jitter alone as one; returns numbers and distinct rates."""
    values, inverse = np.unique(rates, return_inverse=True)
    if len(values) == 1:
        return np.zeros(len(rates), np.int64), values
    cluster = np.zeros(len(values), np.int64)
    first = values[0]
    for i in range(1, len(values)):
        cluster[i] = cluster[i - 1]
        if values[i] > first * (1 + 2 * JITTER):
            cluster[i] += 1
            first = values[i]
    return cluster[inverse], values


def effective_rates(records: Records, which: IntArray) -> NDArray[np.float64]:
    """Sampling rate of each record of one channel.

    Where the fixed header and blockette 100 disagree by more than 1 %, the one that fits
    the spacing of the records is taken.
    """
    rates: NDArray[np.float64] = records.rates[which, 0].copy()
    doubtful = records.rows[which, k.NOTES] & k.NOTE_RATE != 0
    if not doubtful.any():
        return rates
    t = records.rows[which, k.TIME]
    n = records.rows[which, k.NSAMP]
    order = np.argsort(t, kind="stable")
    step = np.diff(t[order])
    count = n[order][:-1]
    near = (step > 0) & (step < 2e9 * count / records.rates[which].min())
    if near.any():
        seen = float(np.median(1e9 * count[near] / step[near]))
        other = records.rates[which, 1]
        better = np.abs(other / seen - 1) < np.abs(rates / seen - 1)
        rates = np.where(doubtful & better, other, rates)
    return rates


def group_records(records: Records, selection: Selection) -> list[Group]:
    """Sort the usable records that are asked for into groups that may be joined."""
    if records.summary.plain:
        return _plain_group(records, selection)
    rows = records.rows
    usable = np.flatnonzero(records.usable)
    groups: list[Group] = []
    if not usable.size:
        return groups
    head = rows[usable]
    same = (head[:, (k.KEY1, k.KEY2)] == head[0, (k.KEY1, k.KEY2)]).all()
    if same:
        channels = [usable]
    else:
        key = np.ascontiguousarray(head[:, (k.KEY1, k.KEY2)]).view([("a", "i8"), ("b", "i8")])
        _, first, inverse = np.unique(key.ravel(), return_index=True, return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        parts = np.split(usable[order], np.cumsum(np.bincount(inverse))[:-1])
        channels = [parts[i] for i in np.argsort(first)]
    low, high = selection.window
    for which in channels:
        codes = record_codes(records, int(which[0]))
        trace_id = ".".join(codes)
        if selection.wants(trace_id):
            groups += _channel_groups(records, which, codes, trace_id, low, high)
    return groups


def _plain_group(records: Records, selection: Selection) -> list[Group]:
    """The one group of records that are alike and in time order."""
    rows, rate = records.rows, float(records.rates[0, 0])
    codes = record_codes(records, 0)
    trace_id = ".".join(codes)
    if not selection.wants(trace_id):
        return []
    low, high = selection.window
    times = np.ascontiguousarray(rows[:, k.TIME])
    last = int(times.searchsorted(high, "right"))
    first = max(0, int(times.searchsorted(low, "right")) - 2)
    step = 1e9 / rate
    while first < last and times[first] + round(float(rows[first, k.NSAMP] * step)) < low:
        first += 1
    if last <= first:
        return []
    kind = _KINDS[_KIND.get(int(rows[0, k.ENCODING]), 0)]
    quality = chr(int(rows[0, k.QUALITY]))
    return [Group(trace_id, codes, quality, rate, kind, np.arange(first, last))]


def _channel_groups(
    records: Records,
    which: IntArray,
    codes: tuple[str, str, str, str],
    trace_id: str,
    low: int,
    high: int,
) -> list[Group]:
    rows = records.rows
    rates = effective_rates(records, which)
    number, values = _rates_together(rates)
    label = (number * 256 + rows[which, k.QUALITY]) * 4 + _kind(rows[which, k.ENCODING])
    groups = []
    for one in np.unique(label) if (label != label[0]).any() else label[:1]:
        mask = label == one
        mine = which[mask]
        mine_rates = rates[mask]
        rate, jitter = _nominal(mine_rates, records.rates[mine, 1], len(values))
        t = rows[mine, k.TIME]
        ends = t + np.rint(rows[mine, k.NSAMP] * (1e9 / rate)).astype(np.int64)
        inside = (ends >= low) & (t <= high)
        mine, t = mine[inside], t[inside]
        if not mine.size:
            continue
        if (np.diff(t) < 0).any():
            mine = mine[np.argsort(t, kind="stable")]
        twin = np.zeros(len(rows), np.bool_)
        duplicates = 0
        if (np.diff(rows[mine, k.TIME]) == 0).any():
            duplicates = int(k.mark_duplicates(records.buffer, rows, mine, twin))
            mine = mine[~twin[mine]]
        kind = _KINDS[int(one) % 4]
        quality = chr(int(rows[mine[0], k.QUALITY]))
        groups.append(Group(trace_id, codes, quality, rate, kind, mine, jitter, duplicates))
    return groups


def _nominal(
    rates: NDArray[np.float64], fixed: NDArray[np.float64], distinct: int
) -> tuple[float, float]:
    """Rate a group is kept at, and the relative spread of the rates of its records."""
    if distinct == 1 or (rates == rates[0]).all():
        return float(rates[0]), 0.0
    middle = float(np.median(rates))
    if (fixed == fixed[0]).all() and fixed[0] > 0 and abs(middle / fixed[0] - 1) <= JITTER:
        middle = float(fixed[0])
    return middle, float(np.max(np.abs(rates / middle - 1)))


def group_runs(records: Records, group: Group) -> list[IntArray]:
    """Split a group into runs of records that follow each other within half a sample."""
    largest = uniform.largest_shift(records.rows, group.which, group.step)
    if abs(largest) <= 0.5 * group.step + 1.0:
        return [group.which]
    rows = records.rows[group.which]
    run = np.empty(len(rows), np.int64)
    count = k.plan_runs(
        np.ascontiguousarray(rows[:, k.TIME]),
        np.ascontiguousarray(rows[:, k.NSAMP]),
        np.ascontiguousarray(rows[:, k.OFFSET]),
        group.step,
        run,
    )
    if count == 1:
        return [group.which]
    order = np.argsort(run, kind="stable")
    return np.split(group.which[order], np.cumsum(np.bincount(run, minlength=count))[:-1])


def split_drifting(
    records: Records, group: Group, runs: list[IntArray], most: float
) -> list[IntArray]:
    """Split runs where a record is more than ``most`` samples off the times of its run's first."""
    out = []
    for run in runs:
        counts = records.rows[run, k.NSAMP]
        place = np.cumsum(counts) - counts
        drift = (records.rows[run, k.TIME] - records.rows[run[0], k.TIME]) - place * group.step
        limit = most * group.step + 1.0
        if np.max(np.abs(drift)) <= limit:
            out.append(run)
            continue
        cuts, reference = [], 0.0
        for i, off in enumerate(drift.tolist()):
            if abs(off - reference) > limit:
                cuts.append(i)
                reference = off
        out += np.split(run, cuts)
    return out


def run_header(records: Records, group: Group, run: IntArray, npts: int) -> dict[str, Any]:
    """Header of a trace made of a run of records, as obspy's own reader fills it."""
    row = records.rows[run[0]]
    return {
        "network": group.codes[0],
        "station": group.codes[1],
        "location": group.codes[2],
        "channel": group.codes[3],
        "sampling_rate": group.rate,
        "starttime": UTCDateTime(ns=int(row[k.TIME])),
        "npts": npts,
        "_format": "MSEED",
        "mseed": _record_facts(records, group, run),
    }


def _record_facts(records: Records, group: Group, run: IntArray) -> AttribDict:
    row = records.rows[run[0]]
    return AttribDict(
        dataquality=group.quality,
        number_of_records=len(run),
        encoding=ENCODING_NAMES[int(row[k.ENCODING])],
        byteorder=">" if row[k.BIG] else "<",
        record_length=int(row[k.LENGTH]),
        filesize=records.filesize,
    )


def run_traces(
    records: Records, group: Group, pieces: list[tuple[IntArray, NDArray[Any]]]
) -> list[Trace]:
    """One trace for each unbroken piece of a group."""
    traces: list[Trace] = []
    for run, samples in pieces:
        if not traces:
            traces.append(Trace(samples, header=run_header(records, group, run, len(samples))))
            continue
        start = UTCDateTime(ns=int(records.rows[run[0], k.TIME]))
        trace = trace_like(traces[0], samples, start)
        trace.stats.mseed = _record_facts(records, group, run)
        traces.append(trace)
    return traces


@dataclass
class Decoded:
    """What the records of a group hold.

    ``pieces`` are the unbroken ones, as records and samples, ``failed`` the (row, verdict)
    of each record that could not be decoded and so breaks its run. ``least`` is the least
    sample, or None if nobody looked.
    """

    pieces: list[tuple[IntArray, NDArray[Any]]]
    failed: list[tuple[int, int]]
    least: int | None


def group_size(records: Records, group: Group) -> int:
    """How many samples the records of a group claim to hold."""
    return int(records.rows[group.which, k.NSAMP].sum())


def decode_group(
    records: Records, group: Group, runs: list[IntArray], out: NDArray[Any]
) -> Decoded:
    """Decode the runs of a group in one go, one after another into ``out``."""
    order = runs[0] if len(runs) == 1 else np.concatenate(runs)
    counts = records.rows[order, k.NSAMP]
    position = np.zeros(len(order) + 1, np.int64)
    np.cumsum(counts, out=position[1:])
    status, least = _decode(records, order, position[:-1], out)
    if len(runs) == 1 and not status.any():
        return Decoded([(order, out)], [], least)
    begin_of_run = np.zeros(len(order), np.bool_)
    begin_of_run[np.cumsum([0, *map(len, runs[:-1])])] = True
    bad = status != k.OK
    cuts = np.flatnonzero(begin_of_run[1:] | bad[1:] | bad[:-1]) + 1
    edges = np.concatenate(([0], cuts, [len(order)]))
    pieces = [
        (order[a:b], out[position[a] : position[b]])
        for a, b in itertools.pairwise(edges.tolist())
        if not bad[a]
    ]
    failed = [(int(order[i]), int(status[i])) for i in np.flatnonzero(bad)]
    return Decoded(pieces, failed, least)


def _decode(
    records: Records, order: IntArray, position: IntArray, out: NDArray[Any]
) -> tuple[IntArray, int | None]:
    """Decode records to their places in ``out``; the verdict on each, and the least sample."""
    status = np.zeros(len(order), np.int64)
    one = order[:1] if records.summary.alike else order
    encodings = records.rows[one, k.ENCODING]
    steim = (encodings == 10) | (encodings == 11)
    if steim.all():
        _, least = decoding.decode_steim(records.buffer, records.rows, order, position, out, status)
        return status, least
    if len(one) < len(order):
        encodings = np.broadcast_to(encodings, len(order))
        steim = np.broadcast_to(steim, len(order))
    if steim.any():
        part = np.zeros(int(steim.sum()), np.int64)
        decoding.decode_steim(
            records.buffer, records.rows, order[steim], position[steim], out, part
        )
        status[steim] = part
    for encoding in np.unique(encodings[~steim]):
        mine = encodings == encoding
        decode_plain(records, order[mine], position[mine], int(encoding), out)
    _suspect_byte_order(records.rows[order], position, out, status)
    return status, None


def _suspect_byte_order(
    rows: IntArray, position: IntArray, out: NDArray[Any], status: IntArray
) -> None:
    """Mark lone records whose word order flag differs from both neighbours' and does not fit.

    Uncompressed samples carry no checksum; a wrong flag shows by numbers more than a hundred
    times larger than before and after, which become ordinary when their bytes are turned.
    """
    big = rows[:, k.BIG]
    lone = np.flatnonzero((big[1:-1] != big[:-2]) & (big[1:-1] != big[2:])) + 1
    for i in lone:
        if rows[i, k.ENCODING] not in (3, 4, 5):
            continue
        size = [
            float(np.median(np.abs(part.astype(np.float64))))
            for part in (
                out[position[j] : position[j] + rows[j, k.NSAMP]] for j in (i - 1, i, i + 1)
            )
        ]
        mine = out[position[i] : position[i] + rows[i, k.NSAMP]].byteswap()
        with np.errstate(all="ignore"):
            turned = float(np.median(np.abs(mine.astype(np.float64))))
        usual = max(size[0], size[2], 1e-30)
        if not size[1] <= 100 * usual and turned <= 100 * usual:
            status[i] = k.BAD_ORDER
