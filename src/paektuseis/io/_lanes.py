"""Eight samples at a time: Steim records of big-endian words decoded in vector lanes.

A 32-bit word of a frame holds one to seven differences. In two vectors of four int32 each
lane shifts its own difference into place (the shifts stand in a table by the word's code),
the lanes are summed from left to right within the registers, and the sum reached so far is
added. LLVM turns this into whatever vector instructions the processor has. Bounds have been
checked by :mod:`._kernels`; the integration constant is checked here.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types as _types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

from .._jit import kernel
from ._kernels import BAD_STEIM, DATA, ENCODING, LENGTH, NSAMP, OFFSET, OK, SHORT_STEIM

types: Any = _types
cgutils: Any = _cgutils

USABLE = sys.byteorder == "little"
"""Whether the words are turned as the code below expects."""

_HALF = 4
_WIDTH = 2 * _HALF
_FRAME = 15 * 7 + _WIDTH
"""Most samples written for a frame, those included that the next word overwrites."""
_STEIM1 = 16
"""Added to the code of a word of Steim-1."""
_UNKNOWN = 1 << 32
"""Counted for a word whose code Steim-2 does not define."""

# code of a word: 4 * (its two bits in the control word) + its own upper two bits
_FIELDS = {  # bits before the first difference, how many there are, bits of each
    **dict.fromkeys((4, 5, 6, 7), (0, 4, 8)),
    9: (2, 1, 30),  # Steim-2
    10: (2, 2, 15),
    11: (2, 3, 10),
    12: (2, 5, 6),
    13: (2, 6, 5),
    14: (4, 7, 4),
    **dict.fromkeys((20, 21, 22, 23), (0, 4, 8)),
    **dict.fromkeys((24, 25, 26, 27), (0, 2, 16)),
    **dict.fromkeys((28, 29, 30, 31), (0, 1, 32)),
}
_COUNT = [_FIELDS.get(code, (0, 0, 0))[1] for code in range(2 * _STEIM1)]
_COUNT[8] = _COUNT[15] = _UNKNOWN
_LEFT = [_FIELDS.get(code, (0, 0, 0))[0] for code in range(2 * _STEIM1)]
_RIGHT = [32 - _FIELDS.get(code, (0, 0, 32))[2] for code in range(2 * _STEIM1)]

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_I32, _HALF)


def _lane_table() -> list[int]:
    """For each code: how far each lane shifts left, and which lanes hold a difference."""
    table: list[int] = []
    for code in range(2 * _STEIM1):
        skip, count, bits = _FIELDS.get(code, (0, 0, 0))
        table += [skip + bits * lane if lane < count else 0 for lane in range(_WIDTH)]
        table += [-1 if lane < count else 0 for lane in range(_WIDTH)]
    return table


def _constant(builder: Any, name: str, kind: Any, values: list[int]) -> Any:
    constant = ir.Constant(ir.ArrayType(kind, len(values)), values)
    return cgutils.global_constant(builder.module, name, constant)


def _shuffled(builder: Any, first: Any, second: Any, lanes: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(_VECTOR, lanes))


def _splat(builder: Any, value: Any) -> Any:
    empty = ir.Constant(_VECTOR, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(_I32, 0))
    return _shuffled(builder, one, empty, [0] * _HALF)


def _last(builder: Any, v: Any) -> Any:
    return _shuffled(builder, v, v, [_HALF - 1] * _HALF)


def _summed(builder: Any, v: Any) -> Any:
    """Running sums of the lanes: over two, then over four."""
    none = ir.Constant(_VECTOR, [0] * _HALF)
    for lanes in ([4, 0, 1, 2], [4, 4, 0, 1]):
        v = builder.add(v, _shuffled(builder, v, none, lanes))
    return v


@intrinsic
def _sum_frame(typing: Any, target: Any, frame: Any, control: Any, family: Any, start: Any) -> Any:
    """Unpack the 15 data words of the frame at address ``frame`` and sum them up.

    Running sums that begin with ``start`` are written to address ``target``, up to
    :data:`_FRAME` of them. ``control`` is the frame's first word as a number, ``family`` 0
    or :data:`_STEIM1`. Returns the number of differences, with :data:`_UNKNOWN` for each
    word of unknown code, and the last sum.
    """
    signature = types.UniTuple(types.int64, 2)(
        types.intp, types.intp, types.uint32, types.int64, types.int32
    )

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        b = builder
        target, frame, control, family, start = arguments
        counts = _constant(b, ".steim.counts", _I64, _COUNT)
        rights = _constant(b, ".steim.rights", _I32, _RIGHT)
        table = _constant(b, ".steim.lanes", _I32, _lane_table())
        turn = cgutils.get_or_insert_function(
            b.module, ir.FunctionType(_I32, [_I32]), "llvm.bswap.i32"
        )
        zero = ir.Constant(_I64, 0)

        def lanes(code: Any, part: int) -> Any:
            at = b.add(b.mul(code, ir.Constant(_I64, 2 * _WIDTH)), ir.Constant(_I64, part))
            place = b.gep(table, [zero, at], inbounds=True)
            vector = b.load(b.bitcast(place, _VECTOR.as_pointer()))
            vector.align = 4
            return vector

        q = zero
        total = _splat(b, start)
        for i in range(1, 16):
            place = b.add(frame, ir.Constant(frame.type, 4 * i))
            word = b.load(b.inttoptr(place, _I32.as_pointer()))
            word.align = 1
            word = b.call(turn, [word])
            upper = b.and_(b.lshr(control, ir.Constant(_I32, 30 - 2 * i)), ir.Constant(_I32, 3))
            code = b.add(b.shl(upper, ir.Constant(_I32, 2)), b.lshr(word, ir.Constant(_I32, 30)))
            code = b.add(b.zext(code, _I64), family)
            right = b.load(b.gep(rights, [zero, code], inbounds=True))
            spread, right = _splat(b, word), _splat(b, right)
            low, high = (
                _summed(
                    b,
                    b.and_(b.ashr(b.shl(spread, lanes(code, at)), right), lanes(code, _WIDTH + at)),
                )
                for at in (0, _HALF)
            )
            high = b.add(high, _last(b, low))
            offset = b.mul(b.zext(b.trunc(q, _I32), target.type), ir.Constant(target.type, 4))
            for v, at in ((low, 0), (high, 4 * _HALF)):
                address = b.add(b.add(target, offset), ir.Constant(target.type, at))
                store = b.store(b.add(v, total), b.inttoptr(address, _VECTOR.as_pointer()))
                store.align = 4
            total = b.add(total, _last(b, high))
            q = b.add(q, b.load(b.gep(counts, [zero, code], inbounds=True)))
        last = b.sext(b.extract_element(total, ir.Constant(_I32, 0)), _I64)
        return context.make_tuple(b, sig.return_type, [q, last])

    return signature, generate


sum_frame: Any = _sum_frame
_LEFTS = np.array(_LEFT, np.int32)
_RIGHTS = np.array(_RIGHT, np.int32)


@kernel
def _big(b: Any, o: Any) -> Any:
    """The big-endian number in four bytes (unsigned index: no wrap-around to guard)."""
    u = np.uint64(o)
    return (
        (np.uint32(b[u]) << np.uint32(24))
        | (np.uint32(b[u + np.uint64(1)]) << np.uint32(16))
        | (np.uint32(b[u + np.uint64(2)]) << np.uint32(8))
        | np.uint32(b[u + np.uint64(3)])
    )


@kernel
def _control(b: Any, o: Any, frame: Any) -> Any:
    """Control word of a frame; the first frame holds two sample values before its words."""
    control = _big(b, o + 64 * frame)
    return control & np.uint32(0x03FFFFFF) if frame == 0 else control


@kernel
def _first_difference(b: Any, o: Any, frames: Any, family: Any) -> Any:
    """The first difference, which leads to the first sample from one before the record."""
    for f in range(frames):
        control = _control(b, o, f)
        for i in range(1, 16):
            upper = (control >> np.uint32(30 - 2 * i)) & np.uint32(3)
            if upper != 0:
                word = _big(b, o + 64 * f + 4 * i)
                code = np.int64(upper) * 4 + np.int64(word >> np.uint32(30)) + family
                return np.int32(np.int32(word) << _LEFTS[code]) >> _RIGHTS[code]
    return np.int32(0)


@kernel
def decode_lanes(b: Any, rows: Any, which: Any, position: Any, out: Any, status: Any) -> Any:
    """Decode big-endian Steim records ``rows[which]`` to ``out[position[i]:]``.

    ``position`` ascends without overlap: what a record writes beyond its samples is
    overwritten by the next. Returns how many failed, and the least sample of the others.
    """
    room = np.empty(_FRAME, np.int32)
    failed = 0
    least: Any = np.int32(2147483647)
    for i in range(which.size):
        r = which[i]
        n = rows[r, NSAMP]
        o = rows[r, OFFSET] + rows[r, DATA]
        frames = (rows[r, LENGTH] - rows[r, DATA]) // 64
        family = 0 if rows[r, ENCODING] == 11 else _STEIM1
        at = position[i]
        total = np.int32(_big(b, o + 4) - np.uint32(_first_difference(b, o, frames, family)))
        done: Any = np.int64(0)
        unknown = False
        for f in range(frames):
            inside = at + done + _FRAME <= out.size
            target = out.ctypes.data + (at + done) * 4 if inside else room.ctypes.data
            count, last = sum_frame(
                target, b.ctypes.data + o + 64 * f, _control(b, o, f), family, total
            )
            total = np.int32(last)
            unknown = unknown or count >= _UNKNOWN
            count &= _UNKNOWN - 1
            if not inside:
                for j in range(min(count, n - done)):
                    out[at + done + j] = room[j]
            done += count
        status[i] = OK
        if unknown:
            status[i] = BAD_STEIM
        elif done < n:
            status[i] = SHORT_STEIM
        elif out[at + n - 1] != np.int32(_big(b, o + 8)):
            status[i] = BAD_STEIM
        if status[i] != OK:
            failed += 1
            continue
        mine = least
        part = out[at : at + n]
        for j in range(part.size):
            mine = min(mine, part[j])
        least = mine
    return failed, least
