"""Compiled miniSEED 2: walking the records of a buffer and planning their runs.

Every read is held against the end of the buffer and of its record; a header
value is used only after it has been checked. Plain arrays in, plain arrays out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._jit import kernel

# columns of the record table
OFFSET, LENGTH, TIME, NSAMP, ENCODING, BIG, DATA, QUALITY = range(8)
TIMING, FLAGS, VERDICT, KEY1, KEY2, NOTES = range(8, 14)
COLUMNS = 14

# verdicts on a record (or on bytes that are none)
OK, EMPTY, TEXT, CONTROL, ZEROS, JUNK = range(6)
CUT, BAD_TIME, BAD_CHAIN, BAD_LENGTH, BAD_RATE, BAD_ENCODING, BAD_DATA, BAD_COUNT = range(6, 14)
BAD_STEIM, SHORT_STEIM, BAD_ORDER, BAD_LABEL = 14, 15, 16, 17

# notes on a usable record
NOTE_TIME_CORRECTED, NOTE_LEAP_SECOND, NOTE_LENGTH, NOTE_ORDER = 1, 2, 4, 8
NOTE_RATE, NOTE_NO_1000 = 16, 32

_DAY_NS = 86_400_000_000_000
_SLOWEST, _FASTEST = 1e-5, 1e7
"""Sampling rates (Hz) that no recorder goes beyond; times of others leave the range of ns."""

# a bare True or 0 handed to a kernel has it compiled once more, for that one value
YES: Any = np.bool_(True)
NO: Any = np.bool_(False)


@kernel
def _u16(b: Any, o: Any, big: Any) -> Any:
    u = np.uint64(o)  # unsigned: no wrap-around to guard
    first, second = np.int64(b[u]), np.int64(b[u + np.uint64(1)])
    return (first << 8) | second if big else (second << 8) | first


@kernel
def _s16(b: Any, o: Any, big: Any) -> Any:
    v = _u16(b, o, big)
    return v - 65536 if v >= 32768 else v


@kernel
def _u32(b: Any, o: Any, big: Any) -> Any:
    if big:
        return (_u16(b, o, big) << 16) | _u16(b, o + 2, big)
    return (_u16(b, o + 2, big) << 16) | _u16(b, o, big)


@kernel
def _days(year: Any, doy: Any) -> Any:
    """Days from 1970-01-01 to a day of a year."""
    y = year - 1
    return 365 * (year - 1970) + (y // 4 - y // 100 + y // 400) - 477 + doy - 1


@kernel
def _btime_order(b: Any, o: Any) -> Any:
    """Byte order in which the time at ``o`` is one: 1 big, 0 little, -1 neither."""
    if b[o + 4] > 23 or b[o + 5] > 59 or b[o + 6] > 60:
        return -1
    for big in (1, 0):
        year = _u16(b, o, big == 1)
        doy = _u16(b, o + 2, big == 1)
        fract = _u16(b, o + 8, big == 1)
        if 1900 <= year <= 2100 and 1 <= doy <= 366 and fract <= 10000:
            leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
            if doy <= 365 or leap:
                return big
    return -1


@kernel
def _letters(b: Any, o: Any, strict: bool) -> bool:
    """Whether a data record may start at ``o``, by its first eight bytes."""
    if o + 48 > b.size:
        return False
    q = b[o + 6]
    if q != 68 and q != 82 and q != 81 and q != 77:  # D R Q M
        return False
    if b[o + 7] != 32 and b[o + 7] != 0:
        return False
    if strict:
        for i in range(6):
            c = b[o + i]
            if not (48 <= c <= 57 or c == 32 or c == 0):
                return False
    return True


@kernel
def header_at(b: Any, o: Any, strict: bool) -> bool:
    """Whether a data record begins at ``o``; strict: with digits or blanks before it."""
    return bool(_letters(b, o, strict) and _btime_order(b, o + 20) >= 0)


@kernel
def control_at(b: Any, o: Any) -> bool:
    """Whether a SEED control header (V, A, S, T) or a noise record starts at ``o``."""
    if o + 8 > b.size:
        return False
    for i in range(6):
        if not 48 <= b[o + i] <= 57:
            return False
    q = b[o + 6]
    if q == 32 and b[o + 7] == 32:
        return True
    known = q == 86 or q == 65 or q == 83 or q == 84
    return bool(known and (b[o + 7] == 32 or b[o + 7] == 42))


@kernel
def find_header(b: Any, start: Any, stop: Any) -> Any:
    """First offset from ``start`` where a data record begins; ``stop`` if there is none."""
    for o in range(start, stop):
        q = b[min(o + 6, b.size - 1)]
        if (q == 68 or q == 82 or q == 81 or q == 77) and header_at(b, o, YES):
            return o
    return stop


@kernel
def _inferred_length(b: Any, o: Any) -> Any:
    """Length of a record without blockette 1000, by where the next one begins; 0 if unknown."""
    for p in range(7, 21):
        e = o + (1 << p)
        if e > b.size:
            return 0
        if e == b.size or header_at(b, e, YES) or control_at(b, e):
            return 1 << p
    return 0


@kernel
def _sample_size(encoding: Any) -> Any:
    """Bytes of a sample; 0 for Steim, -1 for an encoding unknown to this reader."""
    if encoding == 10 or encoding == 11:
        return 0
    if encoding == 0:
        return 1
    if encoding == 1 or encoding == 13 or encoding == 14:
        return 2
    if encoding == 16 or encoding == 30 or encoding == 32:
        return 2
    if encoding == 2 or encoding == 12:
        return 3
    if encoding == 3 or encoding == 4:
        return 4
    if encoding == 5:
        return 8
    return -1


@kernel
def _read_header(b: Any, o: Any, big: Any, rows: Any, i: Any, rates: Any, scratch: Any) -> None:
    """Check and read the record header at ``o`` into row ``i`` of the table."""
    n = b.size
    rows[i, OFFSET] = o
    rows[i, QUALITY] = b[o + 6]
    rows[i, TIMING] = -1
    rows[i, NOTES] = 0
    rows[i, VERDICT] = OK
    rows[i, KEY1] = (_u32(b, o + 8, YES) << 32) | _u32(b, o + 12, YES)
    rows[i, KEY2] = _u32(b, o + 16, YES)

    rows[i, NSAMP] = _u16(b, o + 30, big)
    factor = float(_s16(b, o + 32, big))
    multiplier = float(_s16(b, o + 34, big))
    fixed = factor if factor >= 0 else -1.0 / factor
    if multiplier > 0:
        fixed *= multiplier
    elif multiplier < 0:
        fixed = -fixed / multiplier
    rates[i, 0] = fixed
    rates[i, 1] = fixed
    activity = np.int64(b[o + 36])
    rows[i, FLAGS] = activity | (np.int64(b[o + 37]) << 8) | (np.int64(b[o + 38]) << 16)

    # blockettes: strictly forward, inside what can be the record
    rows[i, ENCODING] = -1
    rows[i, BIG] = 1 if big else 0
    length: Any = np.int64(0)
    microseconds: Any = np.int64(0)
    chain_ok = True
    at = _u16(b, o + 46, big)
    data = _u16(b, o + 44, big)
    chain_end: Any = np.int64(48)
    limit = min(n - o, np.int64(1) << 20)
    while at != 0:
        if at < 48 or at + 4 > limit:
            chain_ok = False
            break
        kind = _u16(b, o + at, big)
        follow = _u16(b, o + at + 2, big)
        chain_end = max(chain_end, at + 4)
        if kind == 1000 and at + 8 <= limit:
            rows[i, ENCODING] = b[o + at + 4]
            order = b[o + at + 5]
            if order <= 1:
                rows[i, BIG] = order
            else:
                rows[i, NOTES] |= NOTE_ORDER
            exponent = np.int64(b[o + at + 6])
            if 7 <= exponent <= 20:
                length = np.int64(1) << exponent
            else:
                rows[i, VERDICT] = BAD_LENGTH
            chain_end = max(chain_end, at + 8)
        elif kind == 1001 and at + 8 <= limit:
            rows[i, TIMING] = b[o + at + 4]
            microseconds = np.int64(b[o + at + 5])
            if microseconds > 127:
                microseconds -= 256
            chain_end = max(chain_end, at + 8)
        elif kind == 100 and at + 12 <= limit:
            scratch[0] = np.uint32(_u32(b, o + at + 4, big))
            rates[i, 0] = float(scratch.view(np.float32)[0])
            chain_end = max(chain_end, at + 12)
        if follow != 0 and follow <= at:
            chain_ok = False
            break
        at = follow

    if length == 0:
        length = _inferred_length(b, o)
    else:
        # a shorter record of the same channel inside: the length field lies
        p: Any = np.int64(128)
        while p < length and o + p + 48 <= n:
            if header_at(b, o + p, YES):
                same = _u32(b, o + p + 16, YES) == rows[i, KEY2]
                for j in range(8, 16, 4):
                    same = same and _u32(b, o + p + j, YES) == _u32(b, o + j, YES)
                if same:
                    length = p
                    rows[i, NOTES] |= NOTE_LENGTH
                    break
            p *= 2
    if length == 0:
        if rows[i, VERDICT] == OK:
            rows[i, VERDICT] = BAD_LENGTH if chain_ok else BAD_CHAIN
        length = find_header(b, o + 48, n) - o
        rows[i, LENGTH] = length
    rows[i, LENGTH] = length

    # time
    year = _u16(b, o + 20, big)
    doy = _u16(b, o + 22, big)
    second = np.int64(b[o + 26])
    t = _days(year, doy) * _DAY_NS
    t += (np.int64(b[o + 24]) * 3600 + np.int64(b[o + 25]) * 60 + second) * 1_000_000_000
    t += _u16(b, o + 28, big) * 100_000 + microseconds * 1000
    if second == 60:
        rows[i, NOTES] |= NOTE_LEAP_SECOND
    correction = _u32(b, o + 40, big)
    if correction >= 2147483648:
        correction -= 4294967296
    if correction != 0 and activity & 2 == 0:
        t += correction * 100_000
        rows[i, NOTES] |= NOTE_TIME_CORRECTED
    rows[i, TIME] = t
    if data == 0 and rows[i, NSAMP] > 0:
        data = (chain_end + 63) // 64 * 64
    rows[i, DATA] = data

    if rows[i, VERDICT] != OK:
        return
    if o + length > n:
        rows[i, VERDICT] = CUT
        return
    if not chain_ok:
        rows[i, VERDICT] = BAD_CHAIN
        return
    if rows[i, NSAMP] == 0:
        rows[i, VERDICT] = EMPTY
        return
    if rows[i, ENCODING] < 0:
        rows[i, ENCODING] = 10  # SEED without blockette 1000: Steim-1 is what such records hold
        rows[i, NOTES] |= NOTE_NO_1000
    size = _sample_size(rows[i, ENCODING])
    if rows[i, ENCODING] == 0:
        rows[i, VERDICT] = TEXT
    elif size < 0:
        rows[i, VERDICT] = BAD_ENCODING
    elif not _SLOWEST <= rates[i, 0] <= _FASTEST:  # not a number is neither
        rows[i, VERDICT] = BAD_RATE
    elif data < 48 or data >= length:
        rows[i, VERDICT] = BAD_DATA
    elif size > 0:
        if data + size * rows[i, NSAMP] > length:
            rows[i, VERDICT] = BAD_COUNT
    else:
        most = 4 if rows[i, ENCODING] == 10 else 7
        words = (length - data) // 64 * 15 - 2
        if rows[i, NSAMP] > words * most:
            rows[i, VERDICT] = BAD_COUNT
    if (
        rates[i, 0] != rates[i, 1]
        and rates[i, 1] > 0
        and abs(rates[i, 0] / rates[i, 1] - 1.0) > 0.01
    ):
        rows[i, NOTES] |= NOTE_RATE


@kernel
def scan(b: Any, start: int, rows: Any, rates: Any) -> tuple[int, int]:
    """Walk the records of ``b`` from ``start``; returns rows filled and the next offset.

    Bytes that are no record become one row up to the next plausible header, so
    every step moves forward and damage costs the damaged bytes alone.
    """
    n = b.size
    o = start
    k: Any = np.int64(0)
    scratch = np.zeros(1, np.uint32)
    while o < n and k < rows.shape[0]:
        order = _btime_order(b, o + 20) if _letters(b, o, NO) else -1
        if order >= 0:
            _read_header(b, o, order == 1, rows, k, rates, scratch)
            o += max(np.int64(1), rows[k, LENGTH])
        else:
            e = find_header(b, o + 1, n)
            rows[k, :] = 0
            rates[k, :] = 0.0
            rows[k, OFFSET] = o
            rows[k, LENGTH] = e - o
            rows[k, TIMING] = -1
            rows[k, VERDICT] = JUNK
            if control_at(b, o):
                rows[k, VERDICT] = CONTROL
            elif _letters(b, o, YES):
                rows[k, VERDICT] = BAD_TIME
            else:
                blank = True
                for i in range(o, e):
                    if b[i] != 0:
                        blank = False
                        break
                if blank:
                    rows[k, VERDICT] = ZEROS
            o = e
        k += 1
    return k, o


@kernel
def same_bytes(b: Any, first: Any, second: Any, count: Any) -> bool:
    """Whether two stretches of the buffer are equal."""
    i = 0
    while i < count and b[first + i] == b[second + i]:
        i += 1
    return bool(i == count)


@kernel
def mark_duplicates(b: Any, rows: Any, order: Any, twin: Any) -> int:
    """Mark records (in time order) whose header time, count and data bytes came before."""
    found = 0
    for i in range(1, order.size):
        r = order[i]
        j = i - 1
        while j >= 0 and rows[order[j], TIME] == rows[r, TIME]:
            s = order[j]
            size = rows[r, LENGTH] - rows[r, DATA]
            if (
                not twin[s]
                and rows[s, NSAMP] == rows[r, NSAMP]
                and rows[s, ENCODING] == rows[r, ENCODING]
                and rows[s, BIG] == rows[r, BIG]
                and rows[s, LENGTH] - rows[s, DATA] == size
                and same_bytes(
                    b, rows[s, OFFSET] + rows[s, DATA], rows[r, OFFSET] + rows[r, DATA], size
                )
            ):
                twin[r] = True
                rows[s, FLAGS] |= rows[r, FLAGS]
                found += 1
                break
            j -= 1
            if i - j > 64:
                break
    return found


@kernel
def plan_runs(t: Any, n: Any, offset: Any, dt: float, run: Any) -> int:
    """Number the contiguous runs of records sorted by time.

    A record joins a run if it starts within half a sample of where the run, counted
    from its own first sample, expects it: a clock that drifts cannot accumulate.
    Records that overlap start runs of their own. ``t`` in ns, ``dt`` in ns.
    """
    depth = 32
    begin = np.zeros(depth, np.int64)
    count = np.zeros(depth, np.int64)
    last = np.zeros(depth, np.int64)
    name = np.zeros(depth, np.int64)
    half = 0.5 * dt + 1.0
    opened = 0
    runs = 0
    for i in range(t.size):
        best = -1
        k = 0
        while k < opened:
            late = float(t[i] - begin[k]) - float(count[k]) * dt
            if late > half:  # records come in time order: nothing can join this run any more
                opened -= 1
                begin[k] = begin[opened]
                count[k] = count[opened]
                last[k] = last[opened]
                name[k] = name[opened]
                continue
            # prefer the run whose last record stands nearest before this one in the file
            if late >= -half and (
                best < 0
                or (last[k] < offset[i] and (last[best] > offset[i] or last[k] > last[best]))
            ):
                best = k
            k += 1
        if best < 0:
            if opened == depth:
                best = 0
            else:
                best = opened
                opened += 1
            begin[best] = t[i]
            count[best] = 0
            name[best] = runs
            runs += 1
        run[i] = name[best]
        count[best] += n[i]
        last[best] = offset[i]
    return runs
