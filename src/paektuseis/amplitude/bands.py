"""Amplitudes in any number of bands, and their ratios, from one pass over each record."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from obspy import Stream, Trace

from .._segments import segments
from ..errors import ParameterError
from ..tables import RATIOS, RSAM
from ..times import TimeLike
from ..types import Band, FloatArray
from ._channels import Channel, Lane, channels_of
from ._engine import Request, Series, measure
from ._statistics import check_choice
from ._windows import STATISTICS, IntArray, windowed, windows_of

_INTEGRAL = {"m/s**2": "m/s", "m/s": "m", "counts": "counts*s"}


@dataclass(frozen=True, kw_only=True)
class RsamBand:
    """An amplitude to be measured in consecutive windows; see :func:`rsam`.

    Parameters
    ----------
    freqmin, freqmax : float, optional
        Corners in hertz; with both None nothing is filtered.
    window : float, optional
        Seconds.
    statistic : {"mean_abs", "median_abs", "rms", "max_abs"}, optional

    Raises
    ------
    ParameterError
        If an option is out of its range.
    """

    freqmin: float | None = None
    freqmax: float | None = None
    window: float = 600.0
    statistic: str = "mean_abs"

    def __post_init__(self) -> None:
        _check(self.window, self.statistic)
        Band(freqmin=self.freqmin, freqmax=self.freqmax)

    @property
    def band(self) -> Band:
        """The corners."""
        return Band(freqmin=self.freqmin, freqmax=self.freqmax)


@dataclass(frozen=True, kw_only=True)
class RatioBands:
    """Two bands whose amplitudes are to be compared; see :func:`band_ratio`.

    Parameters
    ----------
    name : str
        Written into each row.
    low, high : (float, float)
        Corners of the two bands in hertz: the amplitude in ``low`` is divided by that in ``high``.
    window : float, optional
        Seconds.
    statistic : {"median_abs", "mean_abs", "rms", "max_abs"}, optional
    integrate : bool, optional
        Compare the integral of the record: displacement, of a record of velocity.

    Raises
    ------
    ParameterError
        If an option is out of its range.
    """

    name: str
    low: tuple[float, float]
    high: tuple[float, float]
    window: float = 600.0
    statistic: str = "median_abs"
    integrate: bool = False

    def __post_init__(self) -> None:
        _check(self.window, self.statistic)
        for name in ("low", "high"):
            if len(getattr(self, name)) != 2 or None in getattr(self, name):
                raise ParameterError(
                    f"{name}={getattr(self, name)!r}; give two corner frequencies in hertz"
                )
        _ = self.bands

    @property
    def bands(self) -> tuple[Band, Band]:
        """The lower and the higher band."""
        (a, b), (c, d) = self.low, self.high
        return Band(freqmin=a, freqmax=b), Band(freqmin=c, freqmax=d)


def band_amplitudes(
    stream: Stream | Trace,
    *,
    rsam: Sequence[RsamBand] = (),
    ratios: Sequence[RatioBands] = (),
    min_coverage: float = 0.8,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    problems: list[str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure amplitudes in many bands, and ratios of them, in one pass over each channel.

    The numbers are those of :func:`rsam` and :func:`band_ratio`, which come here too. All
    bands are filtered side by side, a few minutes of the record at a time, so that memory does
    not grow with its length; a band that several products share is filtered once.

    Parameters
    ----------
    stream : Stream or Trace
        Any number of channels, of any unit.
    rsam : sequence of RsamBand, optional
    ratios : sequence of RatioBands, optional
    min_coverage : float, optional
        Share of a window's samples that must be there; below it the value is NaN.
    starttime, endtime : UTCDateTime or str, optional
        As in :func:`rsam`. Filters start with each piece of the record: for numbers that do not
        depend on where it was cut, pass :func:`memory_time` of the lowest band more before
        ``starttime``.
    problems : list of str, optional
        If given, a band at or above the Nyquist frequency of a channel is left out there, and
        the list is told so; otherwise it is an error.

    Returns
    -------
    rsam, ratios : DataFrame
        Schemas :data:`paektuseis.tables.RSAM` and :data:`paektuseis.tables.RATIOS`, in order of
        channel, band and time.

    Raises
    ------
    ParameterError
        If an option is out of its range, or a band reaches a channel's Nyquist frequency.
    WaveformError
        If a trace holds a masked array, or a channel's segments differ in unit or filter.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> tone = obspy.Trace(np.sin(2 * np.pi * 3 * np.arange(120_000) / 100), {"delta": 0.01})
    >>> table, ratio = band_amplitudes(
    ...     tone, rsam=[RsamBand(freqmin=2, freqmax=5)],
    ...     ratios=[RatioBands(name="rmar", low=(2, 5), high=(4.5, 8))])
    >>> table.value.round(3).tolist(), bool((ratio.value > 10).all())
    ([0.637, 0.637], True)
    """
    if not 0 < min_coverage <= 1:
        raise ParameterError(f"min_coverage={min_coverage}; give a share above 0 and up to 1")
    plain = [wanted for wanted in rsam if wanted.band == Band()]
    banded = [wanted for wanted in rsam if wanted.band != Band()]
    amplitudes = [
        (trace_id, frame) for trace_id, frame in _unfiltered(stream, plain, starttime, endtime)
    ]
    quotients = []
    channels = list(channels_of(stream)) if banded or ratios else []
    allowed = [
        (
            [wanted for wanted in banded if _possible(channel, [wanted.band], problems)],
            [wanted for wanted in ratios if _possible(channel, wanted.bands, problems)],
        )
        for channel in channels
    ]
    for channel, (single, double) in zip(channels, allowed, strict=True):
        requests = [Request((Lane(w.band),), _ns(w.window), w.statistic) for w in single]
        requests += [
            Request(tuple(Lane(band, w.integrate) for band in w.bands), _ns(w.window), w.statistic)
            for w in double
        ]
        answers = measure(channel, requests, starttime, endtime)
        for wanted, answer in zip(single, answers, strict=False):
            frame = _rsam_frame(
                channel.trace_id,
                channel.units,
                channel.band_within(wanted.band),
                wanted,
                answer[0].edges,
                answer[0].value,
                answer[0].coverage,
            )
            amplitudes.append((channel.trace_id, frame))
        for pair, (low, high) in zip(double, answers[len(single) :], strict=True):
            quotients.append(_ratio_frame(channel, pair, low, high, min_coverage))
    amplitudes.sort(key=lambda item: item[0])
    frames = [frame for _, frame in amplitudes]
    for frame in frames:
        frame.loc[frame["coverage"] < min_coverage, "value"] = np.nan
    return RSAM.concat(frames), RATIOS.concat(quotients)


def _check(window: float, statistic: str) -> None:
    check_choice("statistic", statistic, STATISTICS)
    if not (math.isfinite(window) and _ns(window) > 0):
        raise ParameterError(f"window={window} s; give a positive length in seconds")


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _possible(channel: Channel, bands: Sequence[Band], problems: list[str] | None) -> bool:
    """Whether a channel's sampling rates allow bands; if not, that is told or raised."""
    try:
        for band in bands:
            for piece in channel.pieces:
                band.require_below_nyquist(piece.sampling_rate, channel.trace_id)
    except ParameterError as error:
        if problems is None:
            raise
        problems.append(str(error))
        return False
    return True


def _unfiltered(
    stream: Stream | Trace,
    wanted: Sequence[RsamBand],
    starttime: TimeLike | None,
    endtime: TimeLike | None,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the amplitudes of the record as it is."""
    for trace_id, pieces in segments(stream).items() if wanted else ():
        for one in wanted:
            step = _ns(one.window)
            first, count = windows_of(pieces, step, starttime, endtime)
            edges = first + step * np.arange(count + 1, dtype=np.int64)
            value, coverage = windowed(pieces, edges, one.statistic)
            head = pieces[0]
            band = head.freqmin, head.freqmax
            yield trace_id, _rsam_frame(trace_id, head.units, band, one, edges, value, coverage)


def _rsam_frame(
    trace_id: str,
    units: str,
    band: tuple[float | None, float | None],
    wanted: RsamBand,
    edges: IntArray,
    value: FloatArray,
    coverage: FloatArray,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "trace_id": trace_id,
            "starttime": _times(edges),
            "window": float(wanted.window),
            "value": value,
            "units": units,
            "statistic": wanted.statistic,
            "freqmin": _number(band[0]),
            "freqmax": _number(band[1]),
            "coverage": coverage,
        }
    )[RSAM.names]


def _ratio_frame(
    channel: Channel, wanted: RatioBands, below: Series, above: Series, min_coverage: float
) -> pd.DataFrame:
    low, high = (channel.band_within(band) for band in wanted.bands)
    units = channel.units
    coverage = np.minimum(below.coverage, above.coverage)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = (coverage >= min_coverage) & (above.value > 0)
        ratio = np.where(known, below.value / above.value, np.nan)
    return pd.DataFrame(
        {
            "trace_id": channel.trace_id,
            "starttime": _times(below.edges),
            "window": float(wanted.window),
            "ratio": wanted.name,
            "value": ratio,
            "statistic": wanted.statistic,
            "quantity": _INTEGRAL.get(units, f"{units}*s") if wanted.integrate else units,
            "low_freqmin": _number(low[0]),
            "low_freqmax": _number(low[1]),
            "high_freqmin": _number(high[0]),
            "high_freqmax": _number(high[1]),
            "coverage": coverage,
        }
    )[RATIOS.names]


def _times(edges: IntArray) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(edges[:-1].view("datetime64[ns]")).tz_localize("UTC")


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
