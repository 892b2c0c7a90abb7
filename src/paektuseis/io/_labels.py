"""miniSEED 2: a record whose stated encoding is not that of the records around it.

Nothing but the stated encoding says how the samples of an uncompressed record stand, so that one
wrong byte turns ground motion into other numbers, all in range. A recorder changes its encoding
from some record on, not for a single one; a lone one is held against its neighbours here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import _decoding as decoding, _kernels as k
from ._sources import ByteArray

IntArray = NDArray[np.int64]
_STEIM = (10, 11)
_SAME = {32: 1}  # DWWSSN is the 16-bit integer under another name
_INT32 = 3
_WITH_LABEL = (k.OK, k.CUT, k.BAD_RATE, k.BAD_ENCODING, k.BAD_DATA, k.BAD_COUNT)


def doubt_lone_encodings(buffer: ByteArray, rows: IntArray) -> None:
    """Mark records with an encoding of their own that nothing but its label speaks for.

    Left as they are: Steim records (their check says whether the label is right) and 32-bit
    integers between Steim records, which some recorders write where a difference is too large
    for Steim, unless the bytes pass the check of Steim.
    """
    known = np.flatnonzero(np.isin(rows[:, k.VERDICT], _WITH_LABEL))
    stated = rows[known, k.ENCODING].copy()
    for alias, name in _SAME.items():
        stated[stated == alias] = name
    if len(known) < 2 or (stated == stated[0]).all():
        return
    keys = np.ascontiguousarray(rows[known][:, (k.KEY1, k.KEY2)]).view([("a", "i8"), ("b", "i8")])
    _, channel = np.unique(keys.ravel(), return_inverse=True)
    for one in np.unique(channel):
        mine = channel == one
        _doubt_channel(buffer, rows, known[mine], stated[mine])


def _doubt_channel(buffer: ByteArray, rows: IntArray, which: IntArray, stated: IntArray) -> None:
    kinds, counts = np.unique(stated, return_counts=True)
    if len(kinds) < 2:
        return
    most = kinds[counts == counts.max()]
    steim = most[np.isin(most, _STEIM)]
    usual = int(steim[0] if steim.size else most[0]) if steim.size or len(most) == 1 else -1
    change = stated[1:] != stated[:-1]
    lone = np.concatenate(([True], change)) & np.concatenate((change, [True]))
    lone &= (stated != usual) & ~np.isin(stated, _STEIM)
    for row, encoding in zip(which[lone].tolist(), stated[lone].tolist(), strict=True):
        if rows[row, k.VERDICT] == k.OK and (
            usual not in _STEIM or encoding != _INT32 or _passes(buffer, rows, row, usual)
        ):
            rows[row, k.VERDICT] = k.BAD_LABEL


def _passes(buffer: ByteArray, rows: IntArray, row: int, encoding: int) -> bool:
    """Whether the bytes of a record pass the check of a Steim encoding."""
    table = rows[row : row + 1].copy()
    table[0, k.ENCODING] = encoding
    status = np.zeros(1, np.int64)
    out = np.empty(int(table[0, k.NSAMP]), np.int32)
    first = np.zeros(1, np.int64)
    decoding.decode_steim(buffer, table, first, first.copy(), out, status)
    return bool(status[0] == k.OK)
