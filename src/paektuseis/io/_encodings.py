"""Uncompressed sample encodings of miniSEED 2, also those of older networks.

Byte layouts follow the SEED 2.4 manual, blockette 1000 and appendix B; the
gain-ranged formats (GEOSCOPE, CDSN, SRO, DWWSSN) are decoded with numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _decoding as decoding, _kernels as k

if TYPE_CHECKING:
    from ._mseed import IntArray, Records

ENCODING_NAMES = {
    0: "ASCII",
    1: "INT16",
    2: "INT24",
    3: "INT32",
    4: "FLOAT32",
    5: "FLOAT64",
    10: "STEIM1",
    11: "STEIM2",
    12: "GEOSCOPE24",
    13: "GEOSCOPE16_3",
    14: "GEOSCOPE16_4",
    16: "CDSN",
    30: "SRO",
    32: "DWWSSN",
}
_SIZES = {1: 2, 2: 3, 3: 4, 4: 4, 5: 8, 12: 3, 13: 2, 14: 2, 16: 2, 30: 2, 32: 2}


def decode_plain(
    records: Records, run: IntArray, position: IntArray, encoding: int, out: NDArray[Any]
) -> None:
    """Decode uncompressed records of one encoding to their places in ``out``."""
    size = _SIZES[encoding]
    if encoding in (3, 4, 5):
        decoding.gather_bytes(records.buffer, records.rows, run, position, size, out.view(np.uint8))
        return
    counts = records.rows[run, k.NSAMP]
    packed = np.zeros(len(run), np.int64)
    np.cumsum(counts[:-1], out=packed[1:])
    raw = np.zeros(int(counts.sum()) * size, np.uint8)
    decoding.gather_bytes(records.buffer, records.rows, run, packed, size, raw)
    values = _convert(raw, encoding)
    for begin, target, count in zip(packed, position, counts, strict=True):
        out[target : target + count] = values[begin : begin + count]


def _three_bytes(raw: NDArray[np.uint8]) -> NDArray[np.int32]:
    wide = np.zeros((len(raw) // 3, 4), np.uint8)
    wide[:, 1:] = raw.reshape(-1, 3)
    values: NDArray[np.int32] = wide.view("<i4").ravel() >> 8
    return values


def _convert(raw: NDArray[np.uint8], encoding: int) -> NDArray[Any]:
    if encoding == 1 or encoding == 32:  # DWWSSN is 16-bit two's complement
        return raw.view("<i2").astype(np.int32)
    if encoding == 2:
        return _three_bytes(raw)
    if encoding == 12:
        return _three_bytes(raw).astype(np.float32)
    word = raw.view("<u2").astype(np.int32)
    if encoding in (13, 14):  # sign-offset mantissa of 12 bits over 2**gain
        gain = (word >> 12) & (7 if encoding == 13 else 15)
        return np.asarray(np.ldexp((word & 0x0FFF) - 2048.0, -gain), np.float32)
    if encoding == 16:  # 14-bit mantissa, gain 1, 4, 16 or 128
        return np.asarray(((word & 0x3FFF) - 8191) << np.array([0, 2, 4, 7], np.int32)[word >> 14])
    # SRO: 12-bit two's complement mantissa times 2**(10 - exponent)
    mantissa = word & 0x0FFF
    mantissa = np.where(mantissa > 2047, mantissa - 4096, mantissa)
    exponent = 10 - (word >> 12)
    scaled: NDArray[Any] = np.where(
        exponent >= 0, mantissa << np.maximum(exponent, 0), mantissa >> np.maximum(-exponent, 0)
    )
    return scaled
