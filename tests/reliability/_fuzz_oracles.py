"""What a damaged file still holds by its own format's checks, decoded without the library.

Written sample by sample after the formats' manuals, slowly and plainly, so that it shares
nothing with the code under test. A *unit* is the least piece a format can vouch for: a record,
a block, a section. ``units(content)`` gives those whose checks hold: (samples, time in ns).
"""

from __future__ import annotations

import calendar
import collections
import math
import re
import struct
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Unit = tuple[NDArray[np.generic], int]
SENTINEL = -(2**31)


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


def _steim(body: bytes, count: int, second: bool, big: bool) -> list[int] | None:
    """Samples of Steim frames; empty if the last one is wrong, None if there are too few."""
    words = struct.unpack((">" if big else "<") + f"{len(body) // 4}I", body[: len(body) // 4 * 4])
    if len(words) < 16:
        return None
    first, last = _signed(words[1], 32), _signed(words[2], 32)
    steps: list[int] = []
    for frame in range(len(words) // 16):
        if len(steps) >= count:
            break
        control = words[16 * frame]
        for place in range(1, 16):
            code = control >> (30 - 2 * place) & 3
            word = words[16 * frame + place]
            if code == 0 or (frame == 0 and place < 3):
                continue
            if code == 1:
                # single bytes stand in the order of the file in either byte order
                steps += [_signed(word >> s & 255, 8) for s in (24, 16, 8, 0)]
                continue
            if not second:
                parts = (16, 2) if code == 2 else (32, 1)
            else:
                kind = word >> 30
                table = {(2, 1): (30, 1), (2, 2): (15, 2), (2, 3): (10, 3)}
                table |= {(3, 0): (6, 5), (3, 1): (5, 6), (3, 2): (4, 7)}
                if (code, kind) not in table:
                    return None
                parts = table[code, kind]
            bits, many = parts
            for k in range(many - 1, -1, -1):
                steps.append(_signed(word >> (bits * k) & ((1 << bits) - 1), bits))
    if len(steps) < count:
        return None
    out = [first]
    for step in steps[1:count]:
        out.append(_signed((out[-1] + step) & 0xFFFFFFFF, 32))
    return out if out[-1] == last else []


def _btime(head: bytes, big: bool) -> int | None:
    order = ">" if big else "<"
    year, doy, hour, minute, second, fract = struct.unpack(order + "HHBBBxH", head[20:30])
    if not (1900 <= year <= 2100 and 1 <= doy <= 366 and hour < 24 and minute < 60):
        return None
    if second > 60 or fract > 10000:
        return None
    days = calendar.timegm((year, 1, 1, 0, 0, 0)) // 86400 + doy - 1
    seconds = days * 86400 + hour * 3600 + minute * 60 + second
    return seconds * 1_000_000_000 + fract * 100_000


def _record(content: bytes, at: int, big: bool) -> tuple[int, Unit] | None:
    """Encoding and samples of the miniSEED 2 record at an offset, for one byte order."""
    head = content[at : at + 48]
    order = ">" if big else "<"
    time = _btime(head, big)
    if time is None:
        return None
    count, data, where = struct.unpack(order + "H12xHH", head[30:48])
    if not head[36] & 2:
        time += struct.unpack(order + "i", head[40:44])[0] * 100_000
    encoding, data_big, length, chain_end = -1, big, 0, 48
    seen = set()
    while where and where not in seen and at + where + 8 <= len(content):
        seen.add(where)
        kind, following = struct.unpack(order + "HH", content[at + where : at + where + 4])
        chain_end = max(chain_end, where + {1000: 8, 1001: 8, 100: 12}.get(kind, 4))
        if kind == 1000:
            encoding, data_order, exponent = content[at + where + 4 : at + where + 7]
            data_big = data_order == 1 if data_order <= 1 else big
            length = 1 << exponent if exponent <= 20 else 0
        elif kind == 1001:
            time += _signed(content[at + where + 5], 8) * 1000
        where = following
    if data == 0:
        data = (chain_end + 63) // 64 * 64
    for size in dict.fromkeys([length, *(1 << p for p in range(7, 13))]):
        body = content[at + data : at + size]
        samples = _samples(body, count, encoding if encoding >= 0 else 10, data_big)
        if samples is not None:
            return (encoding, (samples, time)) if samples.size else None
    return None


def _samples(body: bytes, count: int, encoding: int, big: bool) -> NDArray[np.generic] | None:
    if encoding in (10, 11):
        values = _steim(body, count, encoding == 11, big)
        return None if values is None else np.array(values, np.int32)  # none: the check fails
    kinds = {1: "i2", 3: "i4", 4: "f4", 5: "f8", 13: "", 14: "", 16: "", 30: "", 32: "i2"}
    kind = kinds.get(encoding)
    if not kind:
        return None
    kind = (">" if big else "<") + kind
    size = np.dtype(kind).itemsize
    if len(body) < count * size:
        return None
    values = np.frombuffer(body[: count * size], kind)
    return values.astype({"i": np.int32, "f": values.dtype.newbyteorder("=")}[values.dtype.kind])


def mseed_units(content: bytes) -> Iterator[Unit]:
    """Records anywhere in the bytes.

    An uncompressed record has no check: its label counts only where it is the usual one of the
    file, or none is (a single byte may have made it another's).
    """
    found: list[tuple[int, Unit]] = []
    for match in re.finditer(rb"[DRQM][ \0]", content):
        at = match.start() - 6
        if at >= 0 and at + 48 <= len(content):
            for big in (True, False):
                unit = _record(content, at, big)
                if unit is not None:
                    found.append(unit)
    labels = collections.Counter(encoding for encoding, _ in found)
    usual = max(labels.values(), default=0)
    for encoding, unit in found:
        if encoding in (-1, 10, 11) or labels[encoding] == usual:
            yield unit


_PARTS = {171: 8, 174: 2, 175: 16, 176: 4, 179: 8, 181: 16, 182: 5, 191: 5, 193: 10, 194: 20}


def gcf_units(content: bytes) -> Iterator[Unit]:
    """Blocks anywhere in the bytes."""
    if len(content) < 1024:
        return
    every = np.frombuffer(content, np.uint8)
    form, records = every[14:], every[15:]
    hopeful = np.flatnonzero((form[:-1] & 7 > 0) & (records > 0) & (records <= 250))
    for at in hopeful[hopeful <= len(content) - 1024].tolist():
        _, stream, date, _, code, form, records = struct.unpack(">IIIBBBB", content[at : at + 16])
        width = form & 7
        if width not in (1, 2, 4) or not 1 <= records <= 250 or not 0 < code < 251 or stream >> 31:
            continue
        (value,) = struct.unpack(">i", content[at + 16 : at + 20])
        steps = struct.unpack(
            f">{records * width}" + {1: "i", 2: "h", 4: "b"}[width],
            content[at + 20 : at + 20 + 4 * records],
        )
        (last,) = struct.unpack(">i", content[at + 20 + 4 * records : at + 24 + 4 * records])
        out = [value]
        for step in steps[1:]:
            out.append(_signed((out[-1] + step) & 0xFFFFFFFF, 32))
        if out[-1] == last:
            second = date & 0x1FFFF
            time = calendar.timegm((1989, 11, 17, 0, 0, 0)) + (date >> 17) * 86400 + second
            time -= second == 86400  # a leap second shares the time of the one before it
            part = (form >> 4) + 2 * (form & 8)
            fraction = part * 10**9 // _PARTS[code] if code in _PARTS else 0
            yield np.array(out, np.int32), time * 10**9 + fraction


_SIX = b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def gse2_units(content: bytes) -> Iterator[Unit]:
    """Sections whose checksum holds."""
    for found in re.finditer(rb"(?m)^WID2 ", content):
        part = content[found.start() :]
        line = part.split(b"\n")[0]
        body = re.search(rb"(?ms)^\s*DAT2\s*?\n(.*?)^CHK2\s+(-?\d+)", part)
        if body is None:
            continue
        numbers: list[int] = []
        try:
            if line[44:48].strip() == b"CM6":
                value = sign = length = 0
                for char in b"".join(row.rstrip() for row in body[1].split(b"\n")):
                    six = _SIX.index(char)
                    if length == 0:
                        value, sign = six & 15, six & 16
                    else:
                        value = value * 32 + (six & 31)
                    length = length + 1 if six & 32 else 0
                    if not length:
                        numbers.append(-value if sign else value)
                for _ in (1, 2):
                    for i in range(1, len(numbers)):
                        numbers[i] = numbers[i] + numbers[i - 1]
                numbers = [_signed(n & 0xFFFFFFFF, 32) for n in numbers]
            else:
                numbers = [int(word) for word in body[1].split()]
            year, month, day = (int(x) for x in line[5:15].split(b"/"))
            clock = [int(x) for x in re.split(rb"[:.]", line[16:28])]
        except ValueError:
            continue
        total = 0
        for n in numbers:
            total = int(math.fmod(total + int(math.fmod(n, 10**8)), 10**8))
        if len(clock) == 4 and abs(total) == abs(int(body[2])):
            time = calendar.timegm((year, month, day, *clock[:3])) * 1000 + clock[3]
            yield np.array(numbers, np.int64).astype(np.int32), time * 1_000_000


def sac_units(content: bytes) -> Iterator[Unit]:
    """The samples after the header, in both byte orders; SAC vouches for nothing."""
    for order in "<>":
        year, doy, hour, minute, second, milli = struct.unpack(order + "6i", content[280:304])
        (begin,) = struct.unpack(order + "f", content[20:24])
        if 1900 <= year <= 2100 and 1 <= doy <= 366 and abs(begin) < 1e9:
            days = calendar.timegm((year, 1, 1, 0, 0, 0)) // 86400 + doy - 1
            start = days * 86400 + hour * 3600 + minute * 60 + second
            time = start * 10**9 + milli * 10**6 + round(begin * 1e9)
            size = (len(content) - 632) // 4 * 4
            for end in {size, size - 176} if size > 176 else {size}:
                samples = np.frombuffer(content[632 : 632 + end], order + "f4")
                yield samples.astype(np.float32), time


def _pieces(unit: Unit, step: float) -> Iterator[Unit]:
    """A unit cut where samples are marks for missing ones."""
    samples, time = unit
    with np.errstate(invalid="ignore"):
        floats = samples.dtype.kind == "f"
        bad = ~(np.abs(samples) <= 1e30) if floats else samples == SENTINEL
    if not bad.any():
        yield unit
        return
    edges = np.flatnonzero(np.diff(np.concatenate(([True], bad, [True])).astype(np.int8)))
    for begin, end in edges.reshape(-1, 2):
        yield samples[begin:end], time + round(begin * step)


def explained(
    traces: list[tuple[NDArray[np.generic], int, float]],
    units: list[Unit],
) -> str:
    """Whether traces (samples, ns, Hz) are made of whole units at their times; if not, why not."""
    for data, start, rate in traces:
        step = 1e9 / rate
        pieces = [p for u in units for p in _pieces(u, step) if len(p[0])]
        reached = {0}
        done: set[int] = set()
        while reached - done and len(data) not in reached:
            at = max(reached - done)
            done.add(at)
            for samples, time in pieces:
                end = at + len(samples)
                if end > len(data) or end in done:
                    continue
                late = abs(start + at * step - time)
                if late <= 0.5 * step + 2000 and np.array_equal(data[at:end], samples):
                    reached.add(end)
        if len(data) not in reached:
            return f"{len(data)} samples from {start}: unexplained from sample {max(reached)} on"
    return ""


ORACLES: dict[str, Callable[[bytes], Iterator[Unit]]] = {
    "mseed": mseed_units,
    "gcf": gcf_units,
    "gse2": gse2_units,
    "sac": sac_units,
}
