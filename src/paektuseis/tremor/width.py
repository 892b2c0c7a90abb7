"""Spectral width of the network's covariance: how many sources the records hold."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, UTCDateTime

from .._segments import Segment, segments
from ..errors import ParameterError, WaveformError
from ..tables import station_of
from ..times import TimeLike, as_utc
from ..types import FloatArray, Spectrogram
from ._episodes import require_positive

_NORMALISE = ("none", "whiten", "onebit")
Complex = NDArray[np.complex128]


def spectral_width(
    stream: Stream,
    *,
    window: float = 20.0,
    overlap: float = 0.5,
    snapshots: int | None = None,
    normalise: str = "whiten",
    freqmin: float | None = None,
    freqmax: float | None = None,
    component: str = "Z",
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> Spectrogram:
    r"""Measure the spectral width of the network covariance by time and frequency.

    Parameters
    ----------
    stream : Stream
        Records of at least two stations at one sampling rate; gaps as separate traces.
    window : float, optional
        Seconds of one transform (Hann).
    overlap : float, optional
        Share of a window that the next one repeats, 0 to below 1.
    snapshots : int, optional
        Windows a covariance is averaged over; by default four times the number of stations.
        The average moves on by half of them.
    normalise : {"whiten", "onebit", "none"}, optional
        "whiten": each transform of each station keeps its phase only; "onebit": the sign of the
        samples goes in (then whitened no more); "none": as recorded, so that the strongest
        station decides.
    freqmin, freqmax : float, optional
        Hertz, of the result.
    component : str, optional
        Last letter of the channels used.
    starttime, endtime : UTCDateTime or str, optional
        By default what all stations have in common.

    Returns
    -------
    Spectrogram
        ``values`` (nf, nt) between 0 and (N - 1) / 2 for independent noise (never above N - 1),
        ``units`` "1"; NaN where a station has a gap.

    Raises
    ------
    ParameterError
        If an option is out of its range.
    WaveformError
        If there are fewer than two stations, rates differ, or there is no time in common.

    Notes
    -----
    :math:`\sigma(f, t) = \sum_{n=0}^{N-1} n \lambda_n / \sum_n \lambda_n` with the eigenvalues
    of the covariance :math:`\langle u u^\dagger \rangle`, descending (Seydoux et al. 2016). One
    coherent source gives 0, independent noise of equal power (N - 1) / 2 as the number of
    snapshots grows, and less with few of them: compare only values made with the same number
    of stations and snapshots. The stations must not change within one picture, so that a gap
    at any of them blanks the columns it touches.

    References
    ----------
    Seydoux, L., Shapiro, N. M., de Rosny, J., Brenguier, F., Landes, M. (2016). Detecting
    seismic activity with a covariance matrix analysis of data recorded on seismic arrays.
    Geophysical Journal International 204, 1430-1442.
    """
    require_positive(window=window)
    if not 0 <= overlap < 1:
        raise ParameterError(f"overlap={overlap}; give a share from 0 to below 1")
    if normalise not in _NORMALISE:
        raise ParameterError(f"normalise={normalise!r}; give one of {', '.join(_NORMALISE)}")
    channels = _channels(stream, component)
    names, pieces = list(channels), list(channels.values())
    rate = pieces[0][0].sampling_rate
    n = len(names)
    count = 4 * n if snapshots is None else snapshots
    if count < n:
        raise ParameterError(f"snapshots={count}; {n} stations need at least as many")
    begin = max(p[0].start_ns for p in pieces) if starttime is None else int(as_utc(starttime).ns)
    end = min(p[-1].end_ns for p in pieces) if endtime is None else int(as_utc(endtime).ns)
    size = round(window * rate)
    hop = max(1, round(size * (1 - overlap)))
    total = (math.floor((end - begin) * 1e-9 * rate + 1e-3) - size) // hop + 1
    move = max(1, count // 2)
    columns = (total - count) // move + 1 if total >= count else 0
    if columns < 1 or size < 4:
        raise WaveformError(
            f"{max(end - begin, 0) * 1e-9:.0f} s in common hold {max(total, 0)} windows of "
            f"{window:g} s; {count} are needed"
        )
    frequencies: FloatArray = np.asarray(np.fft.rfftfreq(size, 1 / rate), dtype=np.float64)
    low, high = freqmin or 0.0, freqmax or rate / 2
    keep = np.asarray((frequencies >= low) & (frequencies <= high), dtype=np.bool_)
    if freqmax is not None and freqmax >= rate / 2:
        raise ParameterError(f"freqmax={freqmax} Hz is not below Nyquist ({rate / 2:g} Hz)")
    if not keep.any():
        raise ParameterError("no frequency lies between freqmin and freqmax; widen the band")
    values = np.empty((int(keep.sum()), columns))
    for c in range(columns):
        first = begin + round(c * move * hop / rate * 1e9)
        u = np.stack([_transforms(p, first, size, hop, count, keep, normalise) for p in pieces])
        values[:, c] = covariance_width(u)
    return Spectrogram(
        starttime=UTCDateTime(ns=begin),
        step=move * hop / rate,
        window=((count - 1) * hop + size) / rate,
        frequencies=np.asarray(frequencies[keep], dtype=np.float64),
        values=values,
        units="1",
        statistic="spectral width",
        trace_id="+".join(names),
        method=(
            f"eigenvalues of the covariance of {n} stations, {count} Hann windows of "
            f"{window:g} s every {hop / rate:g} s, normalised: {normalise}"
        ),
    )


def covariance_width(transforms: Complex) -> FloatArray:
    """Return the spectral width from transforms, shape (stations, snapshots, frequencies).

    NaN where a transform is NaN or nothing moves.
    """
    u = np.moveaxis(transforms, 2, 0)
    bad: NDArray[np.bool_] = np.asarray(~np.isfinite(u).all(axis=(1, 2)))
    u = np.where(bad[:, None, None], 0.0, u)
    covariance = u @ np.conj(np.swapaxes(u, 1, 2)) / u.shape[2]
    values = np.maximum(np.linalg.eigvalsh(covariance)[:, ::-1], 0.0)
    total = values.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        width = (values * np.arange(values.shape[1])).sum(axis=1) / total
    return np.asarray(np.where(bad | ~(total > 0), np.nan, width), dtype=np.float64)


def _channels(stream: Stream, component: str) -> dict[str, list[Segment]]:
    chosen = Stream([t for t in stream if t.stats.channel.endswith(component)])
    found = {k: [p for p in v if len(p.data)] for k, v in segments(chosen).items()}
    found = {k: v for k, v in found.items() if v}
    keys = [station_of(k) for k in found]
    if len(set(keys)) < 2:
        raise WaveformError(f"{len(set(keys))} stations with records; two or more are needed")
    if len(set(keys)) < len(keys):
        raise WaveformError("a station has two channels of one component; choose one")
    rates = sorted({p.sampling_rate for v in found.values() for p in v})
    if len(rates) > 1:
        raise WaveformError(f"sampling rates {rates} Hz; bring the records to one rate")
    return found


def _transforms(
    pieces: list[Segment],
    first: int,
    size: int,
    hop: int,
    count: int,
    keep: NDArray[np.bool_],
    normalise: str,
) -> Complex:
    """Return transforms (snapshots, frequencies) from an instant on, NaN in a gap."""
    need = (count - 1) * hop + size
    for piece in pieces:
        # the nearest sample: half a sample of delay is a phase, the same in every snapshot
        at = round((first - piece.start_ns) * 1e-9 * piece.sampling_rate)
        if at >= 0 and at + need <= len(piece.data):
            x = np.asarray(piece.data[at : at + need], dtype=np.float64)
            break
    else:
        return np.full((count, int(keep.sum())), np.nan + 0j)
    x = x - x.mean()
    if normalise == "onebit":
        x = np.sign(x)
    views = np.lib.stride_tricks.sliding_window_view(x, size)[::hop]
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    u = np.fft.rfft(views * taper, axis=1)[:, keep]
    if normalise == "whiten":
        modulus = np.abs(u)
        u = np.divide(u, modulus, out=np.zeros_like(u), where=modulus > 0)
    return u
