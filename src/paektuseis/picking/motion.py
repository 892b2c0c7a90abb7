"""Particle motion: the axes of the ground's movement in windows of three components."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Inventory, Stream, Trace

from .._segments import joined
from ..errors import ParameterError
from ..processing import bandpass, rotate_to_zne
from ..provenance import band_of, units_of
from ..tables import POLARIZATION
from ..times import TimeLike, as_utc, sample_time

FloatArray = NDArray[np.float64]


def polarization(
    stream: Stream,
    *,
    window: float | None = None,
    step: float | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    freqmin: float | None = None,
    freqmax: float | None = None,
    inventory: Inventory | None = None,
) -> pd.DataFrame:
    """Measure rectilinearity, planarity, azimuth and incidence of the ground's motion.

    Parameters
    ----------
    stream : Stream
        Three components of each sensor, in one unit: Z, N, E, or any others whose directions
        the inventory gives. Gaps are separate traces; no window bridges one.
    window, step : float, optional
        Length of each window and from one window's start to the next, in seconds; the step is
        half the window by default. Without a window the whole span is one.
    starttime, endtime : UTCDateTime or str, optional
        Span to measure (half-open); all by default.
    freqmin, freqmax : float, optional
        Band-pass first (both or neither), causal, four corners; samples within the filter's
        settling are left out.
    inventory : Inventory, optional
        Azimuth and dip of the channels. Without it Z, N and E point where their names say.

    Returns
    -------
    DataFrame
        Table ``tables.POLARIZATION``, one row for each window and sensor, ``trace_id`` its
        vertical channel. A window without motion has NaN.

    Raises
    ------
    ParameterError
        If a window or step is not positive, a window holds fewer than four samples, or one
        corner only is given.
    WaveformError, MetadataError
        As :func:`~paektuseis.rotate_to_zne`.

    Notes
    -----
    Eigenvalues ``l1 >= l2 >= l3`` and axes of the covariance of the demeaned window.
    Rectilinearity ``1 - (l2 + l3) / (2 l1)``, planarity ``1 - 2 l3 / (l1 + l2)`` (Jurkevics
    1988). The main axis is taken with its vertical part up: for a P wave that comes from
    below, ``azimuth`` is the direction of travel and ``backazimuth`` where it comes from.

    Standard errors are those of a principal axis of ``n`` independent samples: along axis j,
    ``l1 lj / (n (l1 - lj)**2)``; ``n`` is the window's number of samples over the sum of its
    squared autocorrelation. They say how well the axis is known, not that it is a P wave's.

    References
    ----------
    Jurkevics, A. (1988). Polarization analysis of three-component array data. Bulletin of the
    Seismological Society of America 78(5), 1725-1743.
    Flinn, E. A. (1965). Signal analysis using rectilinearity and direction of particle motion.
    Proceedings of the IEEE 53(12), 1874-1876.
    Anderson, T. W. (1963). Asymptotic theory for principal component analysis. Annals of
    Mathematical Statistics 34(1), 122-148.

    Examples
    --------
    >>> from obspy import Stream, Trace
    >>> import numpy as np
    >>> wave = np.sin(np.arange(100.0))
    >>> parts = {"Z": wave, "N": 0.5 * wave, "E": 0.5 * wave}
    >>> st = Stream([Trace(v, {"station": "A", "channel": "HH" + c}) for c, v in parts.items()])
    >>> round(float(polarization(st)["azimuth"].iloc[0]), 6)
    45.0
    """
    for name, value in (("window", window), ("step", step)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value} s; give a positive length")
    if (freqmin is None) != (freqmax is None):
        raise ParameterError("give both freqmin and freqmax, or neither")
    turned = rotate_to_zne(stream, inventory)
    if freqmin is not None and freqmax is not None:
        turned = bandpass(turned, freqmin=freqmin, freqmax=freqmax)
    begin = None if starttime is None else as_utc(starttime)
    end = None if endtime is None else as_utc(endtime)
    rows: list[dict[str, Any]] = []
    for parts in _triples(joined(turned)):
        rows += _measured(parts, window, step, begin, end)
    return POLARIZATION.frame(rows)


def _triples(turned: Stream) -> Iterator[list[Trace]]:
    """Yield Z, N and E of each contiguous piece of each sensor."""
    pieces: dict[tuple[str, int, int], dict[str, Trace]] = {}
    for trace in turned:
        key = trace.id[:-1], int(trace.stats.starttime.ns), int(trace.stats.npts)
        pieces.setdefault(key, {})[trace.stats.channel[-1]] = trace
    for key in sorted(pieces):
        if key[2]:
            yield [pieces[key][letter] for letter in "ZNE"]


def _measured(
    parts: list[Trace], window: float | None, step: float | None, begin: Any, end: Any
) -> list[dict[str, Any]]:
    head = parts[0]
    rate = float(head.stats.sampling_rate)
    first = 0 if begin is None else math.ceil((begin - head.stats.starttime) * rate - 1e-3)
    last = len(head) if end is None else math.ceil((end - head.stats.starttime) * rate - 1e-3)
    first, last = max(first, 0), min(last, len(head))
    size = last - first if window is None else round(window * rate)
    if window is not None and size < 4:
        raise ParameterError(
            f"window={window:g} s is {size} samples of {head.id}; four at least are needed"
        )
    if size < 4 or last - first < size:
        return []
    stride = size if window is None else max(1, round((step or window / 2) * rate))
    data = np.array([trace.data[first:last] for trace in parts], dtype=np.float64)
    low, high = band_of(head)
    rows = []
    for start, values in zip(*principal_motion(data, size, stride), strict=True):
        at = sample_time(head.stats.starttime, first + int(start), rate)
        row: dict[str, Any] = dict(zip(_NAMES, (float(v) for v in values), strict=True))
        row |= {"trace_id": head.id, "starttime": at, "endtime": at + size / rate}
        rows.append(row | {"units": units_of(head), "freqmin": low, "freqmax": high})
    return rows


_NAMES = (
    "rectilinearity",
    "planarity",
    "azimuth",
    "azimuth_uncertainty",
    "backazimuth",
    "incidence",
    "incidence_uncertainty",
    "amplitude",
    "n_effective",
)


def principal_motion(
    data: FloatArray, size: int, stride: int
) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the starts of windows and their measures, shape (windows, 9), of Z, N, E rows."""
    views = np.lib.stride_tricks.sliding_window_view(data, size, axis=1)[:, ::stride]
    starts = np.arange(views.shape[1], dtype=np.int64) * stride
    out = np.full((len(starts), len(_NAMES)), np.nan)
    for k in range(len(starts)):  # a window at a time: the windows overlap, copies would not
        out[k] = _axes(views[:, k])
    return starts, out


def _axes(piece: FloatArray) -> FloatArray:
    """Return the measures of one window, shape (3, samples); NaN where nothing moves."""
    centred = piece - piece.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(centred @ centred.T / piece.shape[1])
    values = np.maximum(values[::-1], 0.0)
    vectors = vectors[:, ::-1]
    # rounding of the mean leaves about 1e-16 of the offset: that is no motion
    floor = (1e-13 * float(np.max(np.abs(piece), initial=0.0))) ** 2
    if not values[0] > floor:
        return np.full(len(_NAMES), np.nan)
    axis = vectors[:, 0] if vectors[0, 0] >= 0 else -vectors[:, 0]
    n = _independent(axis @ centred)
    spread = np.array([_spread(values[0], values[j], n) for j in (1, 2)])
    azimuth = math.degrees(math.atan2(axis[2], axis[1])) % 360.0
    flat = math.hypot(axis[1], axis[2])
    turn = (axis[1] * vectors[2, 1:] - axis[2] * vectors[1, 1:]) / max(flat**2, 1e-300)
    tilt = vectors[0, 1:] / max(flat, 1e-300)
    return np.array(
        [
            1 - (values[1] + values[2]) / (2 * values[0]),
            1 - 2 * values[2] / (values[0] + values[1]),
            azimuth,
            min(math.degrees(float(np.sqrt(np.sum((turn * spread) ** 2)))), 104.0),
            (azimuth + 180.0) % 360.0,
            math.degrees(math.atan2(flat, axis[0])),
            min(math.degrees(float(np.sqrt(np.sum((tilt * spread) ** 2)))), 26.0),
            math.sqrt(values[0]),
            n,
        ]
    )


def _spread(first: float, other: float, n: float) -> float:
    """Return the standard error (radians) of the main axis towards another one."""
    apart = first - other
    return math.sqrt(first * other / n) / apart if apart > 1e-12 * first else math.inf


def _independent(values: FloatArray) -> float:
    """Return the number of independent samples, for second moments, of a demeaned row."""
    size = len(values)
    power = np.abs(np.fft.rfft(values, 2 * size)) ** 2
    correlation = np.fft.irfft(power, 2 * size)[: size // 4 + 1]  # beyond, it is mostly chance
    ratio = correlation / correlation[0]
    return float(max(1.0, size / (1.0 + 2.0 * np.sum(ratio[1:] ** 2))))
