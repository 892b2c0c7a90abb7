"""miniSEED 2: decoding the samples of checked records, compiled.

Takes the record table of :mod:`._kernels`; bounds have been checked there, and the
integration constant is checked here. Big-endian Steim records, the usual ones, take the
vector lanes of :mod:`._lanes`, all others the plain loops below.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba.core.errors import NumbaError

from .._jit import kernel
from ._kernels import (
    BAD_STEIM,
    BIG,
    COLUMNS,
    DATA,
    ENCODING,
    LENGTH,
    NSAMP,
    OFFSET,
    OK,
    SHORT_STEIM,
)

logger = logging.getLogger("paektuseis.io")


@kernel
def _word(b: Any, o: Any) -> Any:
    """Four bytes as they stand, big-endian (unsigned index: no wrap-around to guard)."""
    return (
        (np.uint32(b[o]) << np.uint32(24))
        | (np.uint32(b[o + np.uint64(1)]) << np.uint32(16))
        | (np.uint32(b[o + np.uint64(2)]) << np.uint32(8))
        | np.uint32(b[o + np.uint64(3)])
    )


@kernel
def _turned(x: Any) -> Any:
    """A word with its bytes in the opposite order."""
    low = ((x & np.uint32(0xFF)) << np.uint32(24)) | ((x & np.uint32(0xFF00)) << np.uint32(8))
    return low | ((x >> np.uint32(8)) & np.uint32(0xFF00)) | (x >> np.uint32(24))


@kernel
def _field(w: Any, left: int, bits: int) -> Any:
    """The signed field of ``bits`` bits that begins ``left`` bits from the top of a word."""
    return np.int32(w << np.int32(left)) >> np.int32(32 - bits)


@kernel
def _steim_record(
    b: Any, o: Any, frames: int, n: int, big: bool, two: bool, room: Any, out: Any
) -> int:
    """Decode one Steim record into ``out[:n]``; 0, SHORT_STEIM or BAD_STEIM.

    ``room`` takes the differences; it holds at least 7 for each word of the frames.
    """
    u = np.uint64
    q = u(0)
    for f in range(frames):
        base = o + u(64) * u(f)
        control = _word(b, base)
        if not big:
            control = _turned(control)
        for i in range(3 if f == 0 else 1, 16):
            code = (control >> np.uint32(30 - 2 * i)) & np.uint32(3)
            if code == 0:
                continue
            raw = _word(b, base + u(4) * u(i))
            if code == 1:  # four bytes in the order they stand, whatever the byte order
                w = np.int32(raw)
                room[q] = _field(w, 0, 8)
                room[q + u(1)] = _field(w, 8, 8)
                room[q + u(2)] = _field(w, 16, 8)
                room[q + u(3)] = _field(w, 24, 8)
                q += u(4)
                continue
            w = np.int32(raw) if big else np.int32(_turned(raw))
            if not two:
                if code == 3:
                    room[q] = w
                    q += u(1)
                else:  # two 16-bit numbers in the order they stand
                    room[q] = _field(w, 0 if big else 16, 16)
                    room[q + u(1)] = _field(w, 16 if big else 0, 16)
                    q += u(2)
                continue
            key = (code - np.uint32(2)) * np.uint32(4) + (np.uint32(w) >> np.uint32(30))
            if key == 3:
                room[q] = _field(w, 2, 10)
                room[q + u(1)] = _field(w, 12, 10)
                room[q + u(2)] = _field(w, 22, 10)
                q += u(3)
            elif key == 2:
                room[q] = _field(w, 2, 15)
                room[q + u(1)] = _field(w, 17, 15)
                q += u(2)
            elif key == 4:
                room[q] = _field(w, 2, 6)
                room[q + u(1)] = _field(w, 8, 6)
                room[q + u(2)] = _field(w, 14, 6)
                room[q + u(3)] = _field(w, 20, 6)
                room[q + u(4)] = _field(w, 26, 6)
                q += u(5)
            elif key == 5:
                for j in range(6):
                    room[q + u(j)] = _field(w, 2 + 5 * j, 5)
                q += u(6)
            elif key == 6:
                for j in range(7):
                    room[q + u(j)] = _field(w, 4 + 4 * j, 4)
                q += u(7)
            elif key == 1:
                room[q] = _field(w, 2, 30)
                q += u(1)
            else:
                return BAD_STEIM
    if q < u(n):
        return SHORT_STEIM
    first = _word(b, o + u(4))
    last = _word(b, o + u(8))
    if not big:
        first = _turned(first)
        last = _turned(last)
    value = np.int32(first)
    out[0] = value
    for i in range(1, n):
        value = np.int32(value + room[i])
        out[i] = value
    return OK if value == np.int32(last) else BAD_STEIM


@kernel
def _decode_plain(b: Any, rows: Any, which: Any, position: Any, out: Any, status: Any) -> int:
    """Decode Steim records of either byte order; returns how many failed."""
    failed = 0
    longest = 0
    for i in range(which.size):
        longest = max(longest, rows[which[i], LENGTH])
    room = np.empty(longest // 64 * 105 + 8, np.int32)
    for i in range(which.size):
        r = which[i]
        n = rows[r, NSAMP]
        frames = (rows[r, LENGTH] - rows[r, DATA]) // 64
        status[i] = _steim_record(
            b,
            np.uint64(rows[r, OFFSET] + rows[r, DATA]),
            frames,
            n,
            rows[r, BIG] == 1,
            rows[r, ENCODING] == 11,
            room,
            out[position[i] : position[i] + n],
        )
        if status[i] != OK:
            failed += 1
    return failed


Decoder = Callable[[Any, Any, Any, Any, Any, Any], tuple[int, int]]


@functools.cache
def lanes_decoder() -> Decoder | None:
    """The decoder of big-endian records in vector lanes, if it can be compiled here."""
    try:
        from ._lanes import USABLE, decode_lanes

        none = np.zeros(0, np.int64)
        rows = np.zeros((0, COLUMNS), np.int64)
        decode_lanes(np.zeros(0, np.uint8), rows, none, none, np.zeros(0, np.int32), none)
    except (ImportError, AttributeError, NumbaError) as error:
        logger.info("records are decoded without vector lanes: %s", error)
        return None
    return cast(Decoder, decode_lanes) if USABLE else None


def decode_steim(
    b: Any, rows: Any, which: Any, position: Any, out: Any, status: Any
) -> tuple[int, int | None]:
    """Decode Steim records ``rows[which]`` to ``out[position[i]:]`` (int32).

    ``position`` ascends without overlap. ``status`` takes the verdict on each. Returns how
    many failed, and the least sample of the others, or None if nobody looked.
    """
    lanes = lanes_decoder()
    if lanes is None:
        return int(_decode_plain(b, rows, which, position, out, status)), None
    big = rows[which, BIG] == 1
    if big.all():
        return lanes(b, rows, which, position, out, status)
    # records in lanes first: they write beyond their end
    failed = 0
    for mine, decoder in ((big, lanes), (~big, _decode_plain)):
        part = np.zeros(int(mine.sum()), np.int64)
        decoder(b, rows, which[mine], position[mine], out, part)
        status[mine] = part
        failed += int(np.count_nonzero(part != OK))
    return failed, None


@kernel
def gather_bytes(b: Any, rows: Any, which: Any, position: Any, size: int, little: Any) -> None:
    """Copy samples of ``size`` bytes into ``little`` (bytes), all in little-endian order."""
    for i in range(which.size):
        r = which[i]
        source = rows[r, OFFSET] + rows[r, DATA]
        target = position[i] * size
        for k in range(rows[r, NSAMP]):
            for j in range(size):
                if rows[r, BIG] == 1:
                    little[target + k * size + j] = b[source + k * size + size - 1 - j]
                else:
                    little[target + k * size + j] = b[source + k * size + j]
