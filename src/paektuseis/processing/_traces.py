"""What every verb here needs: traces in, contiguous pieces out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace

from ..errors import WaveformError
from ..provenance import trace_like
from ..times import sample_time

SENTINEL = -(2**31)
"""The value some servers write where they have no sample."""

NOT_MOTION = 1e30
"""No instrument writes a larger figure: such a sample is damage."""


def traces_of(data: Stream | Trace) -> list[Trace]:
    """Return the traces of a Stream, or the one Trace given, as a list."""
    if isinstance(data, Trace):
        return [data]
    if isinstance(data, Stream):
        return list(data.traces)
    raise WaveformError(
        f"waveforms must come as an obspy Stream or Trace, not {type(data).__name__}"
    )


def require_rate(trace: Trace) -> float:
    """Return the sampling rate of a trace, or raise if it cannot be one."""
    rate = float(trace.stats.sampling_rate)
    if not (np.isfinite(rate) and rate > 0):
        raise WaveformError(f"{trace.id} has the sampling rate {rate} Hz; it must be positive")
    return rate


def require_samples(trace: Trace) -> NDArray[np.generic]:
    """Return the plain samples of a trace, masked ones too, or raise if it is no record."""
    require_rate(trace)
    plain = np.asarray(np.ma.getdata(trace.data))
    if plain.dtype.kind not in "iuf" or plain.ndim != 1:
        raise WaveformError(
            f"{trace.id} holds samples of type {plain.dtype} and shape {plain.shape}; "
            "one row of real numbers is needed"
        )
    return plain


def piece(trace: Trace, begin: int, end: int, data: NDArray[np.generic]) -> Trace:
    """Return a new trace of samples ``begin:end`` of another, with ``data`` as its samples."""
    when = sample_time(trace.stats.starttime, begin, float(trace.stats.sampling_rate))
    if len(data) != end - begin:
        raise ValueError(f"{len(data)} samples for the piece {begin}:{end}")
    return trace_like(trace, data, when)


def renewed(trace: Trace, data: NDArray[np.generic]) -> Trace:
    """Return a new trace with the header of another and new samples of the same length."""
    return piece(trace, 0, len(data), data)


def plain_samples(data: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return samples as contiguous int32, float32 or float64: the same memory if they are so."""
    values = np.asarray(data)
    if values.dtype not in (np.int32, np.float32, np.float64) or not values.dtype.isnative:
        wide = values.dtype.kind == "i" and values.dtype.itemsize <= 4
        short = wide or (values.dtype.kind == "u" and values.dtype.itemsize < 4)
        values = values.astype(np.int32 if short else np.float64)
    return np.ascontiguousarray(values)


def bad_samples(data: NDArray[np.generic]) -> NDArray[np.bool_] | None:
    """Return where the samples are no measurement, or ``None`` if all are.

    That is: masked, NaN, infinite, beyond 1e30, or equal to −2³¹.
    """
    bad: NDArray[np.bool_] | None = None
    plain = np.asarray(np.ma.getdata(data))
    if np.ma.isMaskedArray(data):
        mask = np.ma.getmaskarray(data)
        bad = mask if mask.any() else None
    if plain.dtype.kind == "f":
        low, high = (plain.min(), plain.max()) if plain.size else (0.0, 0.0)
        if not (low > SENTINEL and high < NOT_MOTION):  # also true when NaN is inside
            with np.errstate(invalid="ignore"):
                wrong = ~(np.abs(plain) < NOT_MOTION) | (plain == SENTINEL)
            bad = wrong if bad is None else bad | wrong
    elif plain.dtype.kind == "i" and plain.size and plain.min() <= SENTINEL:
        wrong = plain == SENTINEL
        bad = wrong if bad is None else bad | wrong
    return bad if bad is not None and bad.any() else None


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of true flags as half-open index pairs."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def contiguous(data: Stream | Trace) -> Iterator[tuple[Trace, NDArray[np.generic]]]:
    """Yield each contiguous piece: a trace (a view, not to be changed) and its plain samples.

    Samples that are no measurement split a trace; empty traces are left out.
    """
    for trace in traces_of(data):
        if len(trace.data) == 0:
            continue
        plain = require_samples(trace)
        bad = bad_samples(trace.data)
        if bad is None:
            yield trace, plain
            continue
        for begin, end in runs(~bad):
            yield piece(trace, begin, end, plain[begin:end]), plain[begin:end]
