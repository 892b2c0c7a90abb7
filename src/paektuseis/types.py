"""Small frozen values shared by the packages.

Arrays on axes carry their axes, their unit and the trace they came from, and
cannot be built without them. Nothing here computes anything a user would cite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from obspy import UTCDateTime

from .errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from .network import Network

FloatArray = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and of how much."""
KM_PER_DEGREE = 111.19492664455873
"""Of a great circle on a sphere of 6371 km."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """A frequency band in hertz; ``None`` leaves that side open.

    Parameters
    ----------
    freqmin, freqmax : float, optional
        Lower and upper corner in hertz.

    Raises
    ------
    ParameterError
        If a corner is not positive, or the two are not in order.
    """

    freqmin: float | None = None
    freqmax: float | None = None

    def __post_init__(self) -> None:
        for name in ("freqmin", "freqmax"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value > 0):
                raise ParameterError(f"{name}={value} Hz; give a positive frequency or None")
        if self.freqmin is not None and self.freqmax is not None and self.freqmin >= self.freqmax:
            raise ParameterError(
                f"freqmin={self.freqmin} Hz is not below freqmax={self.freqmax} Hz; "
                "exchange them or widen the band"
            )

    @property
    def text(self) -> str:
        """The band in words, for labels: ``"2–15 Hz"``, ``"above 1 Hz"``, ``"unfiltered"``."""
        if self.freqmin is not None and self.freqmax is not None:
            return f"{self.freqmin:g}–{self.freqmax:g} Hz"
        if self.freqmin is not None:
            return f"above {self.freqmin:g} Hz"
        if self.freqmax is not None:
            return f"below {self.freqmax:g} Hz"
        return "unfiltered"

    def require_below_nyquist(self, sampling_rate: float, trace_id: str) -> None:
        """Raise ``ParameterError`` if the band reaches the Nyquist frequency of a trace.

        Parameters
        ----------
        sampling_rate : float
            Hertz.
        trace_id : str
            For the message.
        """
        nyquist = sampling_rate / 2
        for name in ("freqmin", "freqmax"):
            value = getattr(self, name)
            if value is not None and value >= nyquist:
                raise ParameterError(
                    f"{name}={value:g} Hz is at or above the Nyquist frequency {nyquist:g} Hz "
                    f"of {trace_id}; lower {name} or drop the channel"
                )


def _same_length(what: str, axis: Any, values: Any, which: int) -> None:
    if values.shape[which] != len(axis):
        raise ParameterError(
            f"{what}: axis of {len(axis)} entries against values of shape {values.shape}"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    """One spectrum of one trace.

    Attributes
    ----------
    frequencies : ndarray, shape (nf,)
        Hertz, ascending.
    values : ndarray, shape (nf,)
        Amplitude or power density, in ``units``; never in decibels.
    units : str
        For example ``"(m/s)/Hz"`` or ``"(m/s)**2/Hz"``.
    statistic : str
        ``"amplitude spectrum"`` or ``"power spectral density"``.
    trace_id : str
    starttime, endtime : UTCDateTime
        Span of the samples used.
    method : str
        How it was estimated, in words a paper could print.
    window : float
        Length in seconds of one transformed piece.
    coverage : float
        Share of the span that was covered by samples (0 to 1).
    lower, upper : ndarray, shape (nf,), optional
        Confidence limits, same unit.
    """

    frequencies: FloatArray
    values: FloatArray
    units: str
    statistic: str
    trace_id: str
    starttime: UTCDateTime
    endtime: UTCDateTime
    method: str
    window: float
    coverage: float = 1.0
    lower: FloatArray | None = None
    upper: FloatArray | None = None

    def __post_init__(self) -> None:
        if not self.units:
            raise ParameterError("a Spectrum needs units")
        _same_length("Spectrum", self.frequencies, self.values, 0)

    @property
    def is_power(self) -> bool:
        """Whether the values are power (decibels are 10 log10) rather than amplitude."""
        return "power" in self.statistic

    def decibels(self) -> FloatArray:
        """Return the values in dB relative to one ``units`` (-inf where the value is 0)."""
        with np.errstate(divide="ignore"):
            return np.asarray((10.0 if self.is_power else 20.0) * np.log10(self.values))


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrogram:
    """Spectra of one trace in consecutive windows.

    Attributes
    ----------
    starttime : UTCDateTime
        Start of the first window; window ``i`` starts at ``starttime + i * step``.
    step : float
        Seconds from one window's start to the next.
    window : float
        Seconds of each window.
    frequencies : ndarray, shape (nf,)
        Hertz, ascending.
    values : ndarray, shape (nf, nt)
        In ``units``; NaN where a window is not wholly covered by samples.
    units : str
    statistic : str
        ``"power spectral density"``.
    trace_id : str
    method : str
    dof : ndarray, shape (nt,) or (nf, nt), optional
        Degrees of freedom of the chi-squared distribution the values follow where the signal
        is stationary (2 for a single periodogram); None where they are not known.
    """

    starttime: UTCDateTime
    step: float
    window: float
    frequencies: FloatArray
    values: FloatArray
    units: str
    statistic: str
    trace_id: str
    method: str
    dof: FloatArray | None = None

    def __post_init__(self) -> None:
        if not self.units:
            raise ParameterError("a Spectrogram needs units")
        _same_length("Spectrogram", self.frequencies, self.values, 0)

    @property
    def offsets(self) -> FloatArray:
        """Start of each window in seconds after ``starttime``, shape (nt,)."""
        return np.asarray(np.arange(self.values.shape[1]) * self.step, dtype=np.float64)

    @property
    def coverage(self) -> float:
        """Share of the windows that hold a value."""
        return float(np.isfinite(self.values).any(axis=0).mean()) if self.values.size else 0.0

    def decibels(self) -> FloatArray:
        """Return the values in dB relative to one ``units``."""
        with np.errstate(divide="ignore"):
            return np.asarray(10.0 * np.log10(self.values))


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """Months or years of a network in equal steps of time: what a plot of them shows.

    Every table has ``starttime`` of the step (``datetime64[ns, UTC]``); steps lie on whole
    multiples of their length (weeks begin on Monday), so the first and the last may be
    covered in part.

    Attributes
    ----------
    starttime, endtime : UTCDateTime
        Half-open span.
    step : float
        Seconds.
    processed : DataFrame
        ``share`` of each step (0 to 1) that was processed: where it is 0 nobody looked.
    availability : DataFrame
        ``station`` and ``share`` of the processed time in which any of its channels was
        recorded; NaN where nothing was processed.
    rates : DataFrame
        ``group`` (detector), ``count`` of events, share ``monitored`` by at least
        ``min_stations`` stations, mean number of ``stations_alive``; the last two are NaN
        where they are not known. ``min_stations`` is the smallest number asked for in the step.
    amplitude : DataFrame
        RSAM: ``trace_id``, ``median``, ``low`` and ``high`` (10th and 90th percentile of the
        windows in the step), ``coverage`` (share of the windows with a value; below 0.1 there
        is no figure), ``units``, ``statistic``, ``window``, ``freqmin``, ``freqmax``.
    ratios : DataFrame
        The same of ratios of amplitudes: ``trace_id``, ``ratio``, ``median``, ``low``, ``high``,
        ``coverage``, ``statistic``, ``quantity``.
    source : str
        Where it comes from, in words for the page.
    """

    starttime: UTCDateTime
    endtime: UTCDateTime
    step: float
    processed: pd.DataFrame
    availability: pd.DataFrame
    rates: pd.DataFrame
    amplitude: pd.DataFrame
    ratios: pd.DataFrame
    source: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class CompletenessMap:
    """What a network can see: how many of the events planted in its noise were found.

    Attributes
    ----------
    detectability : DataFrame
        ``tables.DETECTABILITY``: probability by place and magnitude, with binomial intervals.
    completeness : DataFrame
        ``tables.COMPLETENESS``: the magnitudes found at 50 % and at 90 %, by place.
    trials : DataFrame
        One row for each planted event: ``place``, ``magnitude``, ``trial``, origin ``time``,
        ``detected``, ``n_stations`` of the detection (0 for none). The same trial of another
        place, magnitude or set of stations has the same noise and the same source.
    network : Network
        All stations that were asked about, and the places drawn on a map.
    alive : tuple of str
        ``NET.STA`` of the stations the events were planted at.
    dead : tuple of str
        Those left out: by the caller, or for want of records or response.
    starttime, endtime : UTCDateTime
        Span of the noise.
    noise_seconds : float
        How much of the span was used.
    excluded : int
        Places in time not used because the noise alone held a detection there, or a station
        did not listen.
    method : str
        In words a paper could print.
    seed : int
    """

    detectability: pd.DataFrame
    completeness: pd.DataFrame
    trials: pd.DataFrame
    network: Network
    alive: tuple[str, ...]
    dead: tuple[str, ...]
    starttime: UTCDateTime
    endtime: UTCDateTime
    noise_seconds: float
    excluded: int
    method: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its uncertainty, its unit and how it was obtained.

    Attributes
    ----------
    value : float
    units : str
    method : str
        Definition and source, in words a paper could print.
    uncertainty : float
        One standard error in the same unit; NaN where it is not known.
    n : int
        Number of observations behind the value.
    details : dict
        Whatever else the method has to say; not compared.
    """

    value: float
    units: str
    method: str
    uncertainty: float = float("nan")
    n: int = 1
    details: dict[str, Any] = field(default_factory=dict, compare=False)

    def __float__(self) -> float:
        return float(self.value)
