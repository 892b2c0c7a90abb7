"""The inverse of a response as a filter of finite memory, applied block by block.

Blocks lie on one grid of sample numbers counted from 1970, so that a sample comes out the same,
to the last bit, from whatever record its surroundings are read in.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MetadataError, ParameterError
from ._division import Corners, divide_spectrum
from ._kernels import add_products
from ._metadata import fingerprint
from .curves import Output

SHORTEST = 4.0
"""Memory times the narrowest width of a flank must reach this."""
_FLAT = 0.5  # share of the memory in which the impulse response is left as it is
_LARGEST = 2**15  # samples in a block: its transform stays in cache
_KEPT = 64

_filters: OrderedDict[tuple[Any, ...], InverseFilter] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class InverseFilter:
    """Taps from ``-reach`` to ``reach`` samples, float64, whose sum is zero."""

    taps: NDArray[np.float64]
    reach: int


def require_memory(memory: float, corners: Corners | None) -> None:
    """Raise unless a filter of this memory (seconds) can follow the flanks (hertz)."""
    if not (np.isfinite(memory) and memory > 0):
        raise ParameterError(f"memory={memory} s; give a positive number of seconds")
    if corners is None:
        raise ParameterError("memory needs pre_filt: without flanks the inverse has no end")
    narrowest = min(corners[0], corners[1] - corners[0], corners[3] - corners[2])
    if memory * narrowest < SHORTEST * (1 - 1e-9):
        need = f"{SHORTEST / narrowest:.6g} s" if narrowest > 0 else "an f1 above zero"
        raise ParameterError(
            f"memory={memory:g} s is too short for pre_filt={corners}: it must reach "
            f"{SHORTEST:g} / min(f1, f2 - f1, f4 - f3), {need}; lengthen it or widen the flanks"
        )


def inverse_filter(
    response: Any, output: Output, corners: Corners, rate: float, memory: float, trace_id: str
) -> InverseFilter:
    """Return the impulse response of ``flanks / response``, from a store if it is known."""
    reach = round(memory * rate)
    key = (fingerprint(response), output, corners, rate, reach)
    with _lock:
        if key in _filters:
            _filters.move_to_end(key)
            return _filters[key]
    made = _build(response, output, corners, rate, reach, trace_id)
    with _lock:
        _filters[key] = made
        while len(_filters) > _KEPT:
            _filters.popitem(last=False)
    return made


def _build(
    response: Any, output: Output, corners: Corners, rate: float, reach: int, trace_id: str
) -> InverseFilter:
    from scipy.fft import irfft

    # on a grid so fine that the impulse response has ended long before it would wrap around
    size = 1 << int(np.ceil(np.log2(8 * reach + 1)))
    spectrum = np.ones(size // 2 + 1, dtype=np.complex128)
    divide_spectrum(spectrum, size, rate, response, output, corners, None, trace_id)
    impulse = irfft(spectrum, n=size, overwrite_x=True)
    at = np.arange(-reach, reach + 1)
    outer = np.maximum(np.abs(at) / reach - _FLAT, 0.0) / (1 - _FLAT)
    window = 0.5 * (1.0 + np.cos(np.pi * outer))
    taps = impulse[at] * window
    taps -= window * (taps.sum() / window.sum())  # no offset may come through
    if not np.isfinite(taps).all():
        raise MetadataError(f"{trace_id}: dividing by the response gave values that are no numbers")
    return InverseFilter(taps, reach)


def filtered(samples: NDArray[Any], first: int, inverse: InverseFilter) -> NDArray[np.float64]:
    """Return the samples through the filter.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        One contiguous piece, any real type. Beyond its ends it is mirrored at its first and
        last sample, as far as the filter reaches.
    first : int
        Number of the first sample on the grid of blocks.
    inverse : InverseFilter

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    if len(samples) <= inverse.reach + 1:
        return _mirrored(samples, inverse)
    return _in_blocks(samples, first, inverse)


def _mirrored(samples: NDArray[Any], inverse: InverseFilter) -> NDArray[np.float64]:
    """Filter a piece shorter than the memory: mirrored again and again, it has a period."""
    from scipy.fft import irfft, rfft

    n, reach = len(samples), inverse.reach
    period = max(2 * (n - 1), 1)
    row = np.concatenate([samples, samples[n - 2 : 0 : -1]]).astype(np.float64)
    lead = -reach % period  # the first tap belongs to this place in the period
    wrapped = np.zeros(-(-(lead + len(inverse.taps)) // period) * period)
    wrapped[lead : lead + len(inverse.taps)] = inverse.taps
    taps = wrapped.reshape(-1, period).sum(axis=0)
    return np.asarray(irfft(rfft(row) * rfft(taps), n=period)[:n].copy())


def _block_size(taps: int) -> int:
    """A quarter of the filter or more: the grid of blocks is felt a few blocks from a cut only."""
    return int(min(max(1 << (taps // 4).bit_length(), 4096), _LARGEST))


def _in_blocks(samples: NDArray[Any], first: int, inverse: InverseFilter) -> NDArray[np.float64]:
    """Filter by overlap-save with the taps in parts as long as a block.

    Transforms are made two at a time, always an even block and the next one, because two side
    by side are done at once, with roundings of their own.
    """
    from scipy.fft import irfft, rfft

    n, reach = len(samples), inverse.reach
    size = _block_size(len(inverse.taps))
    count = -(-len(inverse.taps) // size)
    parts = np.zeros((count, 2 * size))
    for k in range(count):
        part = inverse.taps[k * size : (k + 1) * size]
        parts[k, : len(part)] = part
    filters = rfft(parts)
    # spectra of the newest blocks, newest first, two and two: even block, odd block
    pairs = deque([np.zeros((2, size + 1), dtype=np.complex128)] * (count // 2 + 1))
    total = np.empty((2, size + 1), dtype=np.complex128)
    three = np.zeros(3 * size)
    pair = np.lib.stride_tricks.sliding_window_view(three, 2 * size)[::size]
    out = np.empty(n)
    begin = (first - reach) // (2 * size) * 2  # even block with the first sample needed
    end = (first + n + reach - 1) // size  # block with the last one
    for q in range(begin, end + 1, 2):
        three[:size] = three[2 * size :]
        _place(three[size:], samples, q * size - first, reach)
        pairs.rotate(1)
        pairs[0] = rfft(pair)
        if (q + 2) * size <= first + reach:
            continue  # nothing comes out yet
        for p in range(count):
            even, odd = pairs[(p + 1) // 2][p % 2], pairs[p // 2][(p + 1) % 2]
            add_products(even, odd, filters[p], p == 0, total[0], total[1])
        done = irfft(total, n=2 * size)
        for k in (0, 1):
            at = (q + k) * size - reach - first
            low, high = max(0, at), min(n, at + size)
            if low < high:
                out[low:high] = done[k, size + low - at : size + high - at]
    return out


def _place(block: NDArray[np.float64], samples: NDArray[Any], at: int, reach: int) -> None:
    """Fill a block that begins ``at`` samples into a piece, mirroring the piece at its ends."""
    n, size = len(samples), len(block)
    low, high = max(at, 0), min(at + size, n)
    if high - low == size:
        block[:] = samples[low:high]
        return
    block[:] = 0.0
    if low < high:
        block[low - at : high - at] = samples[low:high]
    a, b = max(at, -reach), min(at + size, 0)  # before the piece
    if a < b:
        block[a - at : b - at] = samples[-a:-b:-1]
    a, b = max(at, n), min(at + size, n + reach)  # after it
    if a < b:
        block[a - at : b - at] = samples[2 * (n - 1) - a : 2 * (n - 1) - b : -1]
