"""Hourly noise densities (PPSD): McNamara and Buland's, number for number as obspy's."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory, Stream, Trace, UTCDateTime

from .._segments import TOLERANCE, Segment, one_channel
from ..errors import MetadataError, ParameterError, WaveformError
from ..processing import response_curve
from ..times import TimeLike
from ..types import FloatArray
from ._kernels import add_squares, fold, log_products, quarter_lines, quarter_rows
from ._stft import nearest, span_from
from ._windows import IntArray, filtered_text, squared

ACCELERATION = "(m/s**2)**2/Hz"
SMALLEST = float(np.finfo(np.float64).tiny)
"""Density a spectrum without any power is given (as obspy does): -3077 dB."""

TOLERATED = 1e-4
"""Decibels of rounding above which an hour is transformed again in double precision."""

ROUNDING = 3e-14
"""Mean power of the rounding of a single-precision transform, as a share of the mean power.

The power of the lines removed counts with it.
"""

SMOOTHING, STEP = 1.0, 0.125  # octaves
STRETCH = 512
"""Powers multiplied before the logarithm is taken."""

TAPERED = 0.2
"""Share of a sub-window that is tapered, both ends together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NoisePSD:
    """Noise densities of one channel in consecutive, overlapping windows of an hour.

    Attributes
    ----------
    trace_id : str
    starttimes : ndarray of datetime64[ns], shape (n,)
        UTC start of each window that was wholly covered.
    periods : ndarray, shape (n_bins,)
        Centres of the bins in seconds, ascending.
    edges : ndarray, shape (n_bins, 2)
        Shortest and longest period averaged in each bin (an octave; bins overlap).
    decibels : ndarray, shape (n, n_bins)
        10 log10 of the density, mean of the decibels over each bin.
    units : str
        ``"dB rel. 1 (m/s**2)**2/Hz"``, or without metadata that of the data.
    response : {"removed", "none"}
    length, step : float
        Seconds of each window, and from one to the next.
    sampling_rate : float
        Hertz.
    coverage : float
        Share of the windows that start in the span and could be used.
    method : str
    """

    trace_id: str
    starttimes: NDArray[np.datetime64]
    periods: FloatArray
    edges: FloatArray
    decibels: FloatArray
    units: str
    response: str
    length: float
    step: float
    sampling_rate: float
    coverage: float
    method: str

    @property
    def frequencies(self) -> FloatArray:
        """Centres of the bins in hertz, descending."""
        return 1.0 / self.periods

    def percentile(self, q: float | Sequence[float]) -> FloatArray:
        """Return percentiles (0 to 100) over the windows: (n_bins,) or (n_q, n_bins)."""
        if not len(self.decibels):
            raise WaveformError(f"{self.trace_id}: no window of noise is wholly covered")
        return np.asarray(np.percentile(self.decibels, q, axis=0), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Plan:
    """What depends on sampling rate and length only."""

    rate: float
    samples: int
    size: int
    taper: FloatArray
    scale: float
    count: int
    periods: FloatArray
    edges: FloatArray
    low: IntArray
    high: IntArray
    cuts: IntArray
    lower: IntArray
    upper: IntArray

    @property
    def frequencies(self) -> FloatArray:
        """Frequencies of the transform above 0 Hz, descending: their periods ascend."""
        return np.asarray(np.arange(self.size // 2, 0, -1) * (self.rate / self.size))


def noise_psd(
    stream: Stream | Trace,
    *,
    inventory: Inventory | None = None,
    length: float = 3600.0,
    overlap: float = 0.5,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    problems: list[str] | None = None,
) -> NoisePSD:
    """Power spectral densities of seismic noise, hour by hour, as a PPSD is made of.

    Parameters
    ----------
    stream : Trace or Stream of one channel
        Raw counts if ``inventory`` is given. Gaps (separate traces) are allowed; only windows
        wholly covered are used. The data should reach ``length`` beyond ``endtime``.
    inventory : Inventory, optional
        With the response of the channel; densities are then of ground acceleration.
    length : float, optional
        Seconds of one window.
    overlap : float, optional
        Share of a window that the next one repeats.
    starttime, endtime : UTCDateTime or str, optional
        Windows start in this span, half open, the first at ``starttime``; by default the
        record.
    problems : list of str, optional
        What metadata lack for some windows is noted here and they are left out; without it
        the error is raised.

    Returns
    -------
    NoisePSD

    Raises
    ------
    ParameterError
        If an option is out of its range or there is more than one channel.
    MetadataError
        If no response can be used at some window's time (unless ``problems`` is given).
    WaveformError
        If there is no usable sample, or samples are no counts and an inventory is given.

    Notes
    -----
    As in McNamara and Buland (2004) and obspy's ``PPSD``: sub-windows of the power of two
    below a quarter of the window, each a quarter of itself after the one before; a straight
    line removed from each, a tenth of each end tapered with a cosine; periodograms averaged;
    the response taken off; decibels averaged over full octaves in steps of an eighth. (An
    hour at 100 Hz has 18 sub-windows of 655 s.) Transforms run in single precision, two
    sub-windows to a transform; where its rounding could reach 1e-4 dB in a bin, which needs a
    bin far below the strongest or below the line removed, the hour is done again in double
    precision. A window during which the response changes is left out.

    A mean of decibels lies below the decibels of the mean: for stationary noise 0.4 dB here.

    References
    ----------
    McNamara, D. E. and Buland, R. P. (2004), Ambient noise levels in the continental United
    States, Bull. Seismol. Soc. Am. 94, 1517-1527.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> noise = np.random.default_rng(1).normal(scale=10, size=72_000)
    >>> psd = noise_psd(obspy.Trace(noise, {"sampling_rate": 10.0}))
    >>> psd.decibels.shape, round(float(psd.decibels[:, :20].mean()))
    ((3, 97), 13)
    """
    if not (math.isfinite(length) and length > 0):
        raise ParameterError(f"length={length} s; give a positive length in seconds")
    if not 0 <= overlap < 1:
        raise ParameterError(f"overlap={overlap}; give a share from 0 to below 1")
    pieces = one_channel(stream)
    units, trace_id = pieces[0].units, pieces[0].trace_id
    if inventory is not None and units != "counts":
        raise WaveformError(
            f"{trace_id} is in {units}, not counts: give noise_psd the raw record or no inventory"
        )
    rate = pieces[0].sampling_rate
    if length * rate < 64:
        raise ParameterError(
            f"length={length:g} s holds {int(length * rate)} samples of {trace_id} at {rate:g} Hz; "
            f"give at least {64 / rate:g} s"
        )
    plan = _plan(rate, float(length))
    begin, end = span_from(pieces, starttime, endtime)
    step = length * (1.0 - overlap)
    expected = math.ceil((end - begin) * 1e-9 / step - 1e-9)
    if endtime is None:  # windows that would end after the record are not missed
        whole = (end - begin) * 1e-9 + TOLERANCE / plan.rate - length
        expected = max(0, math.floor(whole / step) + 1)
    number, piece_of, starts = _covered(pieces, begin, step, expected, plan)
    times = begin + np.rint(number * (step * 1e9)).astype(np.int64)
    taken = np.zeros((len(number), len(plan.low)))
    good = np.ones(len(number), dtype=np.bool_)
    if inventory is not None:
        taken, good = _responses(inventory, trace_id, times, length, plan, problems)
    power = np.full((int(good.sum()), len(plan.low)), np.nan)
    usable = _levels(pieces, piece_of[good], starts[good], plan, power)
    silent = (power <= _decibels(SMALLEST) + 1e-6).all(axis=1)
    power += taken[good]
    power[silent] = _decibels(SMALLEST)
    chosen = np.flatnonzero(good)[usable]
    return NoisePSD(
        trace_id=trace_id,
        starttimes=times[chosen].view("datetime64[ns]"),
        periods=plan.periods.copy(),
        edges=plan.edges.copy(),
        decibels=power[usable],
        units=f"dB rel. 1 {squared(units) if inventory is None else ACCELERATION}",
        response="none" if inventory is None else "removed",
        length=float(length),
        step=step,
        sampling_rate=plan.rate,
        coverage=len(chosen) / expected if expected else 0.0,
        method=(
            f"{plan.count} periodograms of {plan.size / plan.rate:g} s, linear trend "
            "removed, 10 % cosine taper at each end, 75 % overlap; mean of decibels over full "
            "octaves in steps of 1/8 octave (McNamara and Buland 2004)" + filtered_text(pieces[0])
        ),
    )


@functools.lru_cache(maxsize=8)
def _plan(rate: float, length: float) -> _Plan:
    samples, size = int(rate * length), 2 ** math.floor(math.log2(length * rate / 4.0))
    taper = cosine_flanks(size, TAPERED)
    periods = 1.0 / (np.arange(size // 2, 0, -1) * (rate / size))
    left, right, centre = period_bins(periods)
    low = np.searchsorted(periods, left, side="left").astype(np.int64)
    high = np.searchsorted(periods, right, side="right").astype(np.int64)
    # frequencies ascend: bins begin where, by period, they end; no stretch is long
    half = size // 2
    cuts = np.unique(np.concatenate([half - low, half - high, np.arange(0, half, STRETCH), [half]]))
    return _Plan(
        rate=rate,
        samples=samples,
        size=size,
        taper=taper,
        scale=1.0 / (rate * float(np.dot(taper, taper))),
        count=(samples - size) // (size // 4) + 1,
        periods=centre,
        edges=np.column_stack([left, right]),
        low=low,
        high=high,
        cuts=cuts.astype(np.int64),
        lower=np.searchsorted(cuts, half - high),
        upper=np.searchsorted(cuts, half - low),
    )


def cosine_flanks(size: int, share: float) -> FloatArray:
    """Return a taper with half a cosine over ``share / 2`` of its samples at each end."""
    flank = int(size * share / 2.0 + 0.5)
    rise = 0.5 * (1.0 - np.cos(np.pi * np.arange(flank) / max(flank - 1, 1)))
    taper = np.ones(size)
    taper[:flank] = rise
    taper[size - flank :] = rise[::-1]
    return taper


def period_bins(periods: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return left edges, right edges and centres of bins over ascending periods."""
    width, factor = 2.0**SMOOTHING, 2.0**STEP
    left = [float(periods[0]) / width**0.5]
    centre = [math.sqrt(left[0] * (left[0] * width))]
    while centre[-1] < periods[-1]:
        left.append(left[-1] * factor)
        centre.append(math.sqrt(left[-1] * (left[-1] * width)))
    a = np.array(left)
    keep = (a * width > periods[0]) & (a < periods[-1])
    return a[keep], a[keep] * width, np.array(centre)[keep]


def _covered(
    pieces: Sequence[Segment], begin: int, step: float, count: int, plan: _Plan
) -> tuple[IntArray, IntArray, IntArray]:
    """Return number, segment and first sample of each window a segment covers wholly."""
    number, which, start = [], [], []
    hop = step * plan.rate
    for index, piece in enumerate(pieces):
        ahead = (begin - piece.start_ns) * 1e-9 * plan.rate
        low = max(math.floor(-ahead / hop) - 1, 0)
        high = min(math.ceil((len(piece.data) - ahead) / hop) + 1, count)
        k: IntArray = np.arange(low, max(low, high), dtype=np.int64)
        place = nearest(ahead + k * hop)
        inside = (place >= 0) & (place + plan.samples <= len(piece.data))
        number.append(k[inside])
        start.append(place[inside])
        which.append(np.full(int(inside.sum()), index, dtype=np.int64))
    return np.concatenate(number), np.concatenate(which), np.concatenate(start)


def _levels(
    pieces: Sequence[Segment], piece_of: IntArray, starts: IntArray, plan: _Plan, out: FloatArray
) -> NDArray[np.bool_]:
    """Fill ``out`` with the smoothed decibels of each window; return which hold numbers only."""
    usable = np.ones(len(starts), dtype=np.bool_)
    single, double = _Transform(plan, np.float32), None
    for k, (index, start) in enumerate(zip(piece_of, starts, strict=True)):
        x = pieces[index].data[start : start + plan.samples]
        if not single.fits(x):
            usable[k] = False
            continue
        out[k], rounding = _smoothed(*single.density(), plan)
        if rounding > TOLERATED:
            double = double or _Transform(plan, np.float64)
            double.fits(x)
            out[k], _ = _smoothed(*double.density(), plan)
    return usable


class _Transform:
    """Mean power of the sub-windows of one window, two of them to a complex transform.

    With Z the transform of u + iv, ``|Z(f)|² + |Z(-f)|² = 2 |U|² + 2 |V|²``. A transform of 4 q
    samples is done as one step of radix four and four transforms of q side by side, which
    stay in cache and fill the lanes of the processor.
    """

    def __init__(self, plan: _Plan, kind: type) -> None:
        q = plan.size // 4
        self.plan, self.kind = plan, kind
        self.buffer: NDArray[Any] = np.zeros((4, 2 * q), dtype=kind)
        self.total = np.zeros((4, q))
        self.power = np.zeros(2 * q)
        self.x: NDArray[Any] = np.zeros((plan.count + 3, q), dtype=kind)
        self.level, self.line = np.zeros(plan.count + 3), np.zeros((2, plan.count))
        self.tapers: NDArray[Any] = plan.taper.reshape(4, q).astype(kind)
        angle = -2.0 * np.pi * np.arange(q) / plan.size
        self.turn: NDArray[Any] = np.array([np.cos(angle), np.sin(angle)], dtype=kind)
        self.room: NDArray[Any] = np.zeros(2376, dtype=kind)
        self.room[2120:] = np.arange(256)

    def fits(self, x: NDArray[Any]) -> bool:
        """Take the samples of one window; return whether they are numbers."""
        quarter_lines(x, self.x, self.level, self.line[0], self.line[1])
        return bool(np.isfinite(self.line).all())  # one that is none spoils the sums

    def density(self) -> tuple[FloatArray, float]:
        """Return the mean periodogram from the lowest frequency above 0 Hz to Nyquist.

        Also the mean power that rounding goes by: that of the density and of the lines.
        """
        from scipy.fft import fft

        buffer, plan, total = self.buffer, self.plan, self.total
        z = buffer.view(np.complex64 if self.kind is np.float32 else np.complex128)
        total[:] = 0.0
        for j in range(0, plan.count, 2):
            k = min(j + 1, plan.count - 1)
            quarter_rows(
                self.x, self.level, self.line, j, k, self.tapers, self.turn, self.room, buffer
            )
            if k == j:  # the last one twice, at half its power
                buffer *= math.sqrt(0.5)
            add_squares(fft(z, axis=1, overwrite_x=True).view(self.kind), total)
        fold(total, plan.scale / plan.count, SMALLEST, self.power)
        tilt = float(np.mean(self.line[1] ** 2)) * plan.size**2 / 12.0
        return self.power, float(self.power.mean()) + tilt * 2.0 / plan.rate


def _smoothed(power: FloatArray, mean: float, plan: _Plan) -> tuple[FloatArray, float]:
    """Return decibels by bin, and the largest rounding in any of them (if single precision).

    A sum of logarithms is the logarithm of a product: few logarithms for many powers.
    """
    sums = np.zeros(len(plan.cuts))
    room = np.empty(STRETCH, dtype=np.int64)
    log_products(power.view(np.int64), plan.cuts, room, room.view(np.float64), sums[1:])
    np.cumsum(sums, out=sums)
    width = plan.high - plan.low
    decibels = (sums[plan.upper] - sums[plan.lower]) * (10.0 * math.log10(2.0)) / width
    noise = ROUNDING * mean / 10.0 ** (decibels / 10.0)
    miss = (10.0 / math.log(10.0)) * (noise + 2.0 * np.sqrt(noise / (plan.count * width)))
    return decibels, float(miss.max())


def _responses(
    inventory: Inventory,
    trace_id: str,
    times: IntArray,
    length: float,
    plan: _Plan,
    problems: list[str] | None,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the decibels to add for acceleration in each window, and which have one."""
    taken, good = np.zeros((len(times), len(plan.low))), np.ones(len(times), dtype=np.bool_)
    cuts = _changes(inventory, trace_id)
    last = times + round((length - 1.0 / plan.rate) * 1e9)
    epoch, until = (np.searchsorted(cuts, t, side="right") for t in (times, last))
    known: dict[int, FloatArray | None] = {}

    def level_of(k: int, ns: int) -> FloatArray | None:
        if k not in known:
            try:
                known[k] = _acceleration(inventory, trace_id, UTCDateTime(ns=ns), plan)
            except MetadataError as error:
                if problems is None:
                    raise
                problems.append(f"noise: {error}")
                known[k] = None
        return known[k]

    for i in range(len(times)):
        level = level_of(int(epoch[i]), int(times[i]))
        if level is not None and until[i] != epoch[i]:
            after = [level_of(int(k), int(cuts[k - 1])) for k in range(epoch[i] + 1, until[i] + 1)]
            if not all(a is not None and np.array_equal(a, level) for a in after):
                level = None  # the response changes within the window
        good[i] = level is not None
        if level is not None:
            taken[i] = level
    return taken, good


def _changes(inventory: Inventory, trace_id: str) -> IntArray:
    """Return the instants (ns) at which an epoch of the channel begins, or has just ended."""
    found: set[int] = set()
    for network in inventory:
        for station in network:
            for channel in station:
                location = (channel.location_code or "").strip("- ")
                if f"{network.code}.{station.code}.{location}.{channel.code}" == trace_id:
                    for time in (channel.start_date, channel.end_date):
                        if time is not None:
                            found.add(int(time.ns))
    return np.array(sorted(found), dtype=np.int64)


def _acceleration(
    inventory: Inventory, trace_id: str, time: UTCDateTime, plan: _Plan
) -> FloatArray:
    """Return the decibels that turn counts into acceleration, averaged over each bin."""
    curve = response_curve(inventory, trace_id, time, plan.frequencies, output="ACC")
    with np.errstate(divide="ignore"):
        level = -20.0 * np.log10(np.abs(curve))
    return np.array(
        [level[a:b].mean() for a, b in zip(plan.low, plan.high, strict=True)], dtype=np.float64
    )


def _decibels(value: float) -> float:
    return 10.0 * math.log10(value)
