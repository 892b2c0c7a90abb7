"""Güralp Compressed Format: blocks of 1024 bytes, each checked and decoded on its own.

A block states its first sample (FIC), differences, and its last sample once more
(RIC). A block whose last sample differs from the RIC costs that block; so does one
whose header makes no sense. Layout and special sampling rates follow Güralp's
format reference (SWA-RFC-GCFR).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Trace, UTCDateTime
from obspy.core import AttribDict

from ..errors import WaveformError
from . import _kernels as k
from ._findings import Finding, finding
from ._mseed_report import _capped, _streaks
from ._sources import ByteArray, FileBytes

BLOCK = 1024
MOST_RECORDS = (BLOCK - 24) // 4
_BATCH = 2048
_PROBE = 256
_SEARCH = 64
"""Blocks after a bad one within which a block is looked for at any byte."""
_EPOCH = 627_264_000  # 1989-11-17, in s since 1970
# sampling-rate codes that stand for another rate: Hz as a fraction, denominator of start times
_SPECIAL = {
    157: (1, 10, 1),
    161: (1, 8, 1),
    162: (1, 5, 1),
    164: (1, 4, 1),
    167: (1, 2, 1),
    171: (400, 1, 8),
    174: (500, 1, 2),
    175: (800, 1, 16),
    176: (1000, 1, 4),
    179: (2000, 1, 8),
    181: (4000, 1, 16),
    182: (625, 1, 5),
    191: (1250, 1, 5),
    193: (2500, 1, 10),
    194: (5000, 1, 20),
}
_RATE = np.arange(256, dtype=np.float64)
_DENOMINATOR = np.ones(256, np.int64)
for _code, (_top, _below, _parts) in _SPECIAL.items():
    _RATE[_code] = _top / _below
    _DENOMINATOR[_code] = _parts
_RATE[251:] = 0.0
_COMPRESSIONS = np.array([False, True, True, False, True, False, False, False])
_PRINTABLE = np.zeros(256, bool)
_PRINTABLE[[0, 9, 10, 13, *range(32, 127)]] = True
_SIZES = {1: ">i4", 2: ">i2", 4: ">i1"}

OK, STATUS, ZEROS, CUT, BAD_ID, BAD_TIME, BAD_RATE, BAD_COMPRESSION, BAD_COUNT, BAD_RIC = range(10)
NO_TEXT = 10
_CAUSES = {
    STATUS: ("text_record", "info", "status block of text, not samples"),
    ZEROS: ("hole", "warning", "bytes that are all zero where a block should stand"),
    CUT: ("cut_record", "error", "block cut by the end of the file"),
    BAD_ID: ("not_a_record", "error", "bytes that are no block: the stream name is none"),
    BAD_TIME: ("bad_time", "error", "block with an impossible time"),
    BAD_RATE: ("bad_rate", "error", "sampling-rate code that stands for no rate"),
    BAD_COMPRESSION: ("bad_encoding", "error", "compression code other than 1, 2 or 4"),
    BAD_COUNT: ("bad_count", "error", "more or fewer samples claimed than a block can hold"),
    BAD_RIC: ("bad_checksum", "error", "block whose last sample differs from its check (RIC)"),
    NO_TEXT: ("no_samples", "warning", "block without a sampling rate that holds no status text"),
}
_NOTE_FIRST, _NOTE_LEAP = 1, 2


@dataclass
class Blocks:
    """Header values of blocks, one row each; ``time`` in ns, ``count`` in samples."""

    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    verdict: NDArray[np.int64]
    system: NDArray[np.int64]
    stream: NDArray[np.int64]
    time: NDArray[np.int64]
    rate: NDArray[np.float64]
    count: NDArray[np.int64]
    compression: NDArray[np.int64]
    ttl: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    notes: NDArray[np.int64]

    def pick(self, which: Any) -> Blocks:
        """The blocks with the given numbers."""
        return Blocks(**{name: column[which] for name, column in vars(self).items()})


def _joined(parts: list[Blocks]) -> Blocks:
    names = vars(parts[0])
    return Blocks(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def name_of(number: int) -> str:
    """A number as up to six characters, base 36."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = digits[digit] + text
    return text or "0"


def system_of(number: int) -> dict[str, Any]:
    """System name, kind of name (0 to 2), gain (-1: not stated) and digitizer bit."""
    if not number & 0x8000_0000:
        return {"system_id": name_of(number), "sys_type": 0, "gain": -1, "digi": 0}
    code = (number >> 27) & 7
    double = bool(number & 0x4000_0000)
    return {
        "system_id": name_of(number & (0x001F_FFFF if double else 0x03FF_FFFF)),
        "sys_type": 2 if double else 1,
        "gain": code if code < 2 else 1 << (code - 1),
        "digi": (number >> 26) & 1,
    }


def _is_text(raw: ByteArray, records: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the words a block claims are mostly printable."""
    inside = np.arange(BLOCK - 16) < 4 * records[:, None]
    strange = inside & ~_PRINTABLE[raw[:, 16:]]
    share: NDArray[np.bool_] = strange.sum(axis=1) <= 0.05 * inside.sum(axis=1)
    return share & (records > 0) & (records <= (BLOCK - 16) // 4)


def _headers(raw: ByteArray, offset: NDArray[np.int64]) -> Blocks:
    """Read and judge the headers of blocks (rows of 1024 bytes)."""
    words = np.ascontiguousarray(raw[:, :20]).view(">u4").astype(np.int64)
    code, form, records = (raw[:, i].astype(np.int64) for i in (13, 14, 15))
    compression = form & 7
    day, second = words[:, 2] >> 17, words[:, 2] & 0x1FFFF
    parts = _DENOMINATOR[code]
    part = np.where(parts > 1, (form >> 4) + 2 * (form & 8), 0)
    last_at = np.minimum(20 + 4 * records, BLOCK - 4)
    rows = np.arange(len(raw))[:, None]
    last = np.ascontiguousarray(raw[rows, last_at[:, None] + np.arange(4)]).view(">i4")[:, 0]
    leap = second == 86400
    verdict = np.full(len(raw), OK)
    for cause, wrong in (
        (BAD_COUNT, (records == 0) | (records > MOST_RECORDS)),
        (BAD_COMPRESSION, ~_COMPRESSIONS[compression]),
        (BAD_RATE, _RATE[code] <= 0),
        (BAD_TIME, (second > 86400) | (part >= parts) | (day == 0)),
        (BAD_ID, (words[:, 1] < 36) | (words[:, 1] >= 1 << 31)),
        (NO_TEXT, code == 0),
        (ZEROS, ~raw.any(axis=1)),
    ):
        verdict[wrong] = cause
    silent = np.flatnonzero(verdict == NO_TEXT)
    if silent.size:
        verdict[silent[_is_text(raw[silent], records[silent])]] = STATUS
    return Blocks(
        offset=offset,
        length=np.full(len(raw), BLOCK),
        verdict=verdict,
        system=words[:, 0],
        stream=words[:, 1],
        # a leap second has no time of its own: it shares that of the second before it
        time=(_EPOCH + day * 86400 + second - leap) * 1_000_000_000 + part * 1_000_000_000 // parts,
        rate=_RATE[code],
        count=records * compression,
        compression=compression,
        ttl=raw[:, 12].astype(np.int64),
        first=(words[:, 4] ^ (1 << 31)) - (1 << 31),  # two's complement
        last=last.astype(np.int64),
        notes=np.where(leap, _NOTE_LEAP, 0),
    )


def _decode(raw: ByteArray, blocks: Blocks) -> list[NDArray[np.int32]]:
    """Samples of each sound block; the verdict of a block that fails its check is set."""
    samples: list[NDArray[np.int32]] = [np.empty(0, np.int32)] * len(raw)
    for compression, kind in _SIZES.items():
        which = np.flatnonzero((blocks.verdict == OK) & (blocks.compression == compression))
        if not which.size:
            continue
        body = np.ascontiguousarray(raw[which, 20 : 20 + 4 * MOST_RECORDS]).view(kind)
        steps = body.astype(np.int32)
        stray = steps[:, 0] != 0
        steps[:, 0] = blocks.first[which]
        values = np.cumsum(steps, axis=1, dtype=np.int32)  # 32-bit sums wrap around
        count = blocks.count[which]
        sound = values[np.arange(len(which)), count - 1] == blocks.last[which]
        blocks.verdict[which[~sound]] = BAD_RIC
        blocks.notes[which[stray]] |= _NOTE_FIRST
        for row in np.flatnonzero(sound):
            samples[which[row]] = values[row, : count[row]]
    return samples


def _read_at(data: ByteArray, offsets: NDArray[np.int64]) -> tuple[Blocks, list[Any]]:
    raw = data[offsets[:, None] + np.arange(BLOCK)]
    blocks = _headers(raw, offsets)
    return blocks, _decode(raw, blocks)


def _search(data: ByteArray, begin: int, end: int) -> int:
    """First byte in a stretch where a block stands whose check holds; -1 if none."""
    end = min(end, data.size - BLOCK + 1)
    for start in range(begin, end, BLOCK):
        offsets = np.arange(start, min(start + BLOCK, end))
        heads = data[offsets[:, None] + np.arange(16)]
        hopeful = _COMPRESSIONS[heads[:, 14] & 7] & (heads[:, 15] - 1 < MOST_RECORDS)
        hopeful &= (heads[:, 13] > 0) & (heads[:, 4] < 0x80)
        if hopeful.any():
            blocks, _ = _read_at(data, offsets[hopeful])
            good = blocks.offset[(blocks.verdict == OK) & (blocks.notes == 0)]
            if good.size:
                return int(good[0])
    return -1


def _out_of_step(blocks: Blocks, more: bool) -> int:
    """Number of the first bad block that is not followed by a good one; -1 if none."""
    bad = np.append(blocks.verdict > ZEROS, not more)
    places = np.flatnonzero(bad[:-1] & bad[1:])
    if not places.size and more and bad[-2]:
        return len(bad) - 2  # the next one is not known yet
    return int(places[0]) if places.size else -1


def _walk(data: ByteArray) -> Iterator[tuple[Blocks, list[Any]]]:
    """Blocks of a file in order; where they are out of step the next sound one is looked for."""
    at, patient = 0, True
    while at + BLOCK <= data.size:
        offsets = np.arange(at, data.size - BLOCK + 1, BLOCK)[:_BATCH]
        blocks, samples = _read_at(data, offsets)
        after = int(offsets[-1]) + BLOCK
        stop = _out_of_step(blocks, after + BLOCK <= data.size) if patient else -1
        if stop < 0:
            patient = patient or bool((blocks.verdict == OK).any())
            yield blocks, samples
            at = after
            continue
        if stop:
            yield blocks.pick(slice(0, stop)), samples[:stop]
        begin = at + stop * BLOCK
        found = _search(data, begin + 1, begin + _SEARCH * BLOCK)
        patient = found >= 0
        bad = blocks.pick(slice(stop, stop + 1))
        at = found if patient else begin + BLOCK
        bad.length[:] = at - begin
        yield bad, samples[stop : stop + 1]
    if at < data.size:
        yield _tail(data, at), [np.empty(0, np.int32)]


def _tail(data: ByteArray, at: int) -> Blocks:
    """Row of the bytes at the end of a file that are less than a block."""
    raw = np.zeros((1, BLOCK), np.uint8)
    raw[0, : data.size - at] = data[at:]
    blocks = _headers(raw, np.array([at]))
    blocks.verdict[:] = CUT if raw.any() else ZEROS
    blocks.length[:] = data.size - at
    return blocks


def is_gcf(data: ByteArray) -> bool:
    """Whether the first blocks of a file hold one whose check holds."""
    count = min(data.size // BLOCK, _PROBE)
    if not count:
        return False
    blocks, samples = _read_at(data, np.arange(count) * BLOCK)
    if any(s.any() for s in samples):
        return True  # chance agreement: once in 2**32
    return bool((blocks.verdict <= STATUS).all() and (blocks.verdict == OK).any())


def read_gcf(source: FileBytes, *, headonly: bool = False) -> tuple[list[Trace], list[Finding]]:
    """Read the blocks of a GCF file into traces; a bad block is a gap and a finding.

    Raises
    ------
    WaveformError
        If no block is usable.
    """
    parts, samples = [], []
    for blocks, found in _walk(source.data):
        parts.append(blocks)
        samples += found
    if not parts:
        raise WaveformError(f"{source.path}: {source.data.size} bytes, less than a GCF block")
    table = _joined(parts)
    findings = _bad_blocks(table, source.path)
    usable = np.flatnonzero(table.verdict == OK)
    if not usable.size:
        why = findings[0]["message"] if findings else "no blocks"
        raise WaveformError(f"{source.path}: no usable block: {why}")
    traces: list[Trace] = []
    keys = np.stack([table.stream, table.system, (table.rate * 1000).astype(np.int64)], axis=1)
    _, kinds = np.unique(keys[usable], axis=0, return_inverse=True)
    for kind in range(int(kinds.max()) + 1):
        which = usable[kinds.ravel() == kind]
        which = which[np.argsort(table.time[which], kind="stable")]
        which, twins = _without_twins(table, samples, which)
        runs = np.zeros(len(which), np.int64)
        rate = float(table.rate[which[0]])
        k.plan_runs(table.time[which], table.count[which], table.offset[which], 1e9 / rate, runs)
        made = [_trace(table, samples, which[runs == run], headonly) for run in np.unique(runs)]
        findings += _group_findings(table, which, twins, made[0].id, source.path)
        traces += made
    return traces, findings


def _without_twins(
    table: Blocks, samples: list[Any], which: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Leave out blocks that repeat another one of the same time, and count them."""
    same = np.zeros(len(which), bool)
    close = np.flatnonzero((np.diff(table.time[which]) == 0) & (np.diff(table.count[which]) == 0))
    for i in close:
        same[i + 1] = np.array_equal(samples[which[i]], samples[which[i + 1]])
    return which[~same], int(same.sum())


def _trace(table: Blocks, samples: list[Any], run: NDArray[np.int64], headonly: bool) -> Trace:
    first = int(run[0])
    name = name_of(int(table.stream[first]))
    leap = bool(table.notes[first] & _NOTE_LEAP)
    header = {
        "station": name[:4],
        "channel": "HH" + name[-2],
        "sampling_rate": float(table.rate[first]),
        "starttime": UTCDateTime(ns=int(table.time[first])),
        "_format": "GCF",
        "gcf": AttribDict(
            stream_id=name,
            **system_of(int(table.system[first])),
            t_leap=leap,
            ttl=int(table.ttl[first]),
            blk=int(table.offset[first]) // BLOCK,
            FIC=int(table.first[first]),
            RIC=int(table.last[run[-1]]),
            stat=0,
        ),
    }
    if headonly:
        trace = Trace(header=header)
        trace.stats.npts = int(table.count[run].sum())
        return trace
    return Trace(np.concatenate([samples[i] for i in run]), header=header)


def _bad_blocks(table: Blocks, path: Path) -> list[Finding]:
    """Findings on everything that is no usable block, in streaks of one cause."""
    out: list[Finding] = []
    good = np.flatnonzero(table.verdict == OK)
    ends = table.time[good] + (table.count[good] / table.rate[good] * 1e9).astype(np.int64)
    names = {name_of(int(n)) for n in np.unique(table.stream[good])}
    verdict = table.verdict.copy()
    for streak in _streaks(np.flatnonzero(verdict > CUT)):
        if np.ptp(verdict[streak]):  # several causes side by side: no blocks at all
            verdict[streak] = BAD_ID
    for cause, (check, severity, words) in _CAUSES.items():
        rows = np.flatnonzero(verdict == cause)
        if not rows.size:
            continue
        found = []
        for streak in [rows] if severity == "info" else _streaks(rows):
            size = int(table.length[streak].sum())
            after = int(np.searchsorted(good, streak[0]))
            start = int(ends[after - 1]) if after else None
            end = int(table.time[good[after]]) if after < len(good) else start
            start = end if start is None else start
            span = [None, None] if start is None else sorted([start, end or start])
            where = UTCDateTime(ns=span[0]) if span[0] is not None else "no time known"
            found.append(
                finding(
                    check,
                    severity,
                    f"{path.name}: {len(streak)} block(s), {size} bytes from byte "
                    f"{int(table.offset[streak[0]])} (after {where}): {words}",
                    trace_id=_id_of(next(iter(names))) if len(names) == 1 else "",
                    starttime=None if span[0] is None else UTCDateTime(ns=span[0]),
                    endtime=None if span[1] is None else UTCDateTime(ns=span[1]),
                    value=len(streak),
                    units="blocks",
                    path=path,
                )
            )
        out += _capped(found, path)
    return out


def _id_of(name: str) -> str:
    return f".{name[:4]}..HH{name[-2]}"


def _group_findings(
    table: Blocks, which: NDArray[np.int64], twins: int, trace_id: str, path: Path
) -> list[Finding]:
    """Findings on the usable blocks of a channel."""
    out = []
    if twins:
        words = f"{twins} blocks stand in the file twice; used once"
        out.append(("duplicate_records", "info", words, which, twins))
    for bit, check, severity, words in (
        (_NOTE_LEAP, "leap_second", "warning", "block begins within a leap second"),
        (
            _NOTE_FIRST,
            "bad_difference",
            "warning",
            "first difference of the block is not zero; not used, the check holds without it",
        ),
    ):
        hit = which[(table.notes[which] & bit) > 0]
        if hit.size:
            out.append((check, severity, f"{words} ({len(hit)} blocks)", hit, len(hit)))
    rows = []
    for check, severity, words, blocks, value in out:
        last = int(blocks[-1])
        end = int(table.time[last] + table.count[last] / table.rate[last] * 1e9)
        rows.append(
            finding(
                check,
                severity,
                f"{path.name}: {words}",
                trace_id=trace_id,
                starttime=UTCDateTime(ns=int(table.time[blocks[0]])),
                endtime=UTCDateTime(ns=end),
                value=value,
                units="blocks",
                path=path,
            )
        )
    return rows
