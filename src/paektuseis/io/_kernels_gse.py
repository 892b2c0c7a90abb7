"""Compiled GSE2: six-bit characters to integers, and the checksum. Plain arrays in and out."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._jit import kernel

_LONGEST = 7
"""Characters that hold 4 + 6 * 5 = 34 bits, more than any 32-bit difference needs."""
_MODULUS = 100_000_000


@kernel
def join_sixes(sixes: Any, out: Any) -> int:
    """Put the integers held in six-bit groups into ``out``; how many there are in all.

    The first group of an integer holds a sign (bit 4) and four bits, the others five; bit 5
    says that another follows. Negative: the group (from 1) where the integers make no sense.
    """
    count = 0
    value = np.int64(0)
    negative = False
    length = 0
    for i in range(sixes.size):
        six = np.int64(sixes[i])
        if six > 63:
            return -1 - i
        if length == 0:
            negative = (six & 16) != 0
            value = six & 15
        else:
            value = (value << 5) | (six & 31)
        length += 1
        if six & 32:
            if length == _LONGEST:
                return -1 - i
            continue
        if count < out.size:
            out[count] = -value if negative else value
        count += 1
        length = 0
    return -sixes.size if length else count


@kernel
def checksum(data: Any) -> int:
    """Sum of samples, each and the running sum cut to eight decimal digits."""
    total: Any = np.int64(0)
    for i in range(data.size):
        value = np.int64(data[i])
        if value >= _MODULUS or value <= -_MODULUS:
            value -= np.int64(value / _MODULUS) * _MODULUS
        total += value
        if total >= _MODULUS or total <= -_MODULUS:
            total -= np.int64(total / _MODULUS) * _MODULUS
    return abs(total)  # type: ignore[no-any-return]
