"""Characteristic functions of the STA/LTA family."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime

from .. import provenance
from ..errors import ParameterError, WaveformError
from ..times import sample_time
from . import _kernels

FloatArray = NDArray[np.float64]
Method = Literal["classic", "recursive", "delayed", "z", "carl"]
METHODS: tuple[str, ...] = get_args(Method)


def sta_lta(
    stream: Stream | Trace,
    *,
    sta: float,
    lta: float,
    method: Method = "recursive",
    ratio: float = 2.3,
    quiet: float = 4.0,
    freeze: tuple[float, float] | None = None,
    freeze_max: float | None = None,
    dead_run: float | None = None,
) -> Stream:
    r"""Compute a characteristic function of the STA/LTA family for each trace.

    With :math:`n_s` and :math:`n_l` samples in the short and the long window
    (``round(sta * sampling_rate)``, at least 1 and 2), and every window ending
    at the sample :math:`i` it belongs to:

    ``"classic"``
        :math:`\overline{x^2}` over :math:`n_s` divided by the same over
        :math:`n_l`. Known from sample :math:`n_l - 1` on. Never above
        :math:`n_l/n_s`.
    ``"recursive"``
        :math:`s_i = x_i^2/n_s + (1 - 1/n_s)s_{i-1}`, the long average
        likewise, from the second sample of the trace on. Known from sample
        :math:`n_l` on. Never above :math:`n_l/n_s`.
    ``"delayed"``
        as classic, but the long window is the :math:`n_l` samples *before* the
        short one. Known from :math:`n_s + n_l - 1` on; it has no ceiling.
    ``"z"``
        :math:`(\mathrm{STA}_i - \mu_i)/\sigma_i`, where :math:`\mu_i` and
        :math:`\sigma_i` are mean and (population) standard deviation of the
        :math:`n_l` values :math:`\mathrm{STA}_{i-n_l+1}, …, \mathrm{STA}_i`: a
        running reference, so the value does not depend on how long a record
        is passed. Known from :math:`n_s + n_l - 2` on; never above
        :math:`\sqrt{n_l - 1}`.
    ``"carl"``
        Carl-STA-Trig, :math:`\eta = star - ratio·ltar - |sta - lta| - quiet`:
        *sta* the mean of :math:`x` over :math:`n_s`, *lta* the mean of *sta*
        over :math:`n_l`, *star* the mean over :math:`n_s` of
        :math:`|x_j - lta_j|`, *ltar* the mean of *star* over :math:`n_l`.
        Known from :math:`2(n_s + n_l) - 4` on. An event where it is above 0.

    Parameters
    ----------
    stream : Stream or Trace
        Each trace is one contiguous segment; normally band-passed. Left untouched.
    sta, lta : float
        Length of the short and the long window in seconds, ``sta < lta``.
    method : {"recursive", "classic", "delayed", "z", "carl"}, optional
    ratio, quiet : float, optional
        Carl-STA-Trig only: weight of the long-term roughness, and a floor in
        the units of the input (4 counts is usual for raw records).
    freeze : (float, float), optional
        ``(thr_on, thr_off)``: hold the long average from the sample where the
        function reaches ``thr_on`` until it falls below ``thr_off``, so that a
        long event does not raise its own reference. For recursive, classic and
        delayed. The value then depends on all that came before, no longer on
        the windows alone, and may exceed lta/sta while held.
    freeze_max : float, optional
        Longest hold in seconds, ``3 * lta`` by default; afterwards the average
        runs on, so that a lasting change of the noise cannot hold it for ever.
    dead_run : float, optional
        A run of dead samples this long (seconds; ``max(sta, lta/10)`` by
        default) is treated as a gap. Dead samples are exact zeros, or samples
        160 dB below the running mean square, which is what a zero-filled gap
        becomes in a filter. ``math.inf`` switches it off.

    Returns
    -------
    Stream
        One trace for each given one, same id and times, float64. NaN wherever
        the windows are not full: at the start of each trace (exactly the
        samples that ObsPy sets to zero, for classic and recursive), after a dead run or a
        sample that is not finite, and where the long average is 0. Units
        ``"ratio"`` (z: ``"standard deviations"``, carl: as the input). The
        record of each trace (:mod:`paektuseis.provenance`) keeps method,
        windows and band, and ``blind_until``: filter settling of the input plus
        warm-up of the windows.

    Raises
    ------
    ParameterError
        If the windows are not ``0 < sta < lta`` in samples too, the method is
        unknown, or ``freeze`` does not fit the method.
    WaveformError
        If the samples are complex or not one-dimensional.

    References
    ----------
    Allen (1978) BSSA 68(5); Evans & Allen (1983) BSSA 73(4);
    Swindell & Snell (1977) Texas Instruments ALEX(01)-FR-77-01; Johnson (1979) thesis, Caltech
    (Carl-STA-Trig, as in Earthworm); Withers et al. (1998) BSSA 88(1), 95-106.

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Trace
    >>> cf = sta_lta(Trace(np.arange(6.0)), sta=2, lta=3, method="classic")
    >>> cf[0].data.round(4)
    array([   nan,    nan, 1.5   , 1.3929, 1.2931, 1.23  ])
    """
    check_windows(method, sta, lta)
    on, off, longest = _freeze(method, freeze, freeze_max, lta)
    if dead_run is None:
        dead_run = usual_dead_run(sta, lta)
    if not dead_run > 0:
        raise ParameterError(f"dead_run={dead_run} s; give a positive time or math.inf")
    traces = [stream] if isinstance(stream, Trace) else stream
    return Stream(
        [
            _characteristic(trace, sta, lta, method, ratio, quiet, (on, off, longest, dead_run))
            for trace in traces
        ]
    )


def check_windows(method: str, sta: float, lta: float) -> None:
    """Refuse an unknown method and windows that are none."""
    if method not in METHODS:
        raise ParameterError(f"method={method!r}; choose one of {', '.join(METHODS)}")
    if not (math.isfinite(sta) and math.isfinite(lta) and 0 < sta < lta):
        raise ParameterError(
            f"sta={sta} s and lta={lta} s; the short window must be positive and shorter than "
            "the long one"
        )


def usual_dead_run(sta: float, lta: float) -> float:
    """Return the seconds of dead samples that count as a gap unless something else is asked."""
    return max(sta, lta / 10)


def warm_up(method: str, nsta: int, nlta: int) -> int:
    """Return how many samples a method needs before its first value."""
    return {
        "classic": nlta - 1,
        "recursive": nlta,
        "delayed": nsta + nlta - 1,
        "z": nsta + nlta - 2,
        "carl": 2 * (nsta + nlta) - 4,
    }[method]


def window_samples(sta: float, lta: float, sampling_rate: float, trace_id: str) -> tuple[int, int]:
    """Return both windows in samples, or say why they do not fit the sampling rate."""
    nsta = max(1, round(sta * sampling_rate))
    nlta = round(lta * sampling_rate)
    if nlta < 2 or nsta >= nlta:
        raise ParameterError(
            f"sta={sta:g} s and lta={lta:g} s are {nsta} and {nlta} samples at "
            f"{sampling_rate:g} Hz of {trace_id}; the long window needs at least 2 samples and "
            "more than the short one: lengthen lta or use a faster channel"
        )
    return nsta, nlta


def _freeze(
    method: str, freeze: tuple[float, float] | None, freeze_max: float | None, lta: float
) -> tuple[float, float, float]:
    if freeze is None:
        if freeze_max is not None:
            raise ParameterError("freeze_max needs freeze=(thr_on, thr_off)")
        return math.inf, -math.inf, 0.0
    if method not in ("classic", "recursive", "delayed"):
        raise ParameterError(
            f"freeze does not apply to method={method!r}, which has no ratio to a long average; "
            "use recursive, classic or delayed"
        )
    on, off = freeze
    if not (math.isfinite(on) and 0 < off <= on):
        raise ParameterError(f"freeze={freeze}; give (thr_on, thr_off) with 0 < thr_off <= thr_on")
    longest = 3 * lta if freeze_max is None else freeze_max
    if not longest > 0:
        raise ParameterError(f"freeze_max={freeze_max} s; give a positive time")
    return on, off, longest


def real_samples(trace: Trace) -> FloatArray:
    """Return the samples as contiguous float64, NaN where they are masked."""
    data: Any = trace.data
    if np.ndim(data) != 1 or np.iscomplexobj(data):
        raise WaveformError(f"{trace.id}: samples must be one row of real numbers")
    if isinstance(data, np.ma.MaskedArray):
        data = np.where(np.ma.getmaskarray(data), np.nan, data.data)
    return np.ascontiguousarray(data, dtype=np.float64)


def _characteristic(
    trace: Trace,
    sta: float,
    lta: float,
    method: str,
    ratio: float,
    quiet: float,
    options: tuple[float, float, float, float],
) -> Trace:
    on, off, longest, dead_run = options
    fs = float(trace.stats.sampling_rate)
    nsta, nlta = window_samples(sta, lta, fs, trace.id)
    x = real_samples(trace)
    shortest_dead = x.size + 1 if math.isinf(dead_run) else max(1, round(dead_run * fs))
    hold = (on, off, x.size if math.isinf(longest) else round(longest * fs))
    live = np.array([[0, x.size]])
    if _may_be_dead(x, shortest_dead):
        live = _kernels.live_segments(x, shortest_dead, nlta)
    if len(live) == 1 and live[0, 1] - live[0, 0] == x.size:
        out = _values(x, nsta, nlta, method, ratio, quiet, hold)
    else:
        out = np.full(x.size, np.nan)
        for begin, end in live:
            out[begin:end] = _values(x[begin:end], nsta, nlta, method, ratio, quiet, hold)
    result = Trace(header=trace.stats.copy())
    result.data = out
    valid_from, _ = provenance.valid_span(trace)
    items: dict[str, Any] = {
        "units": {"z": "standard deviations", "carl": provenance.units_of(trace)}.get(
            method, "ratio"
        ),
        "method": method,
        "sta": float(sta),
        "lta": float(lta),
        "blind_until": blind_until(trace, valid_from, warm_up(method, nsta, nlta)),
    }
    provenance.note(result, **items)
    return provenance.log_step(result, f"sta_lta(sta={sta:g}, lta={lta:g}, method={method!r})")


def _may_be_dead(x: FloatArray, shortest_dead: int) -> bool:
    """Tell whether ``live_segments`` could find anything but one live piece (fast, no false no).

    A dead sample is below the resolution of the largest mean square there can be, and a run of
    ``shortest_dead`` of them contains one of every ``shortest_dead``-th samples.
    """
    if not x.size:
        return True
    with np.errstate(over="ignore"):
        largest = np.square(max(x.max(), -x.min()))
        probes = x[::shortest_dead] ** 2
    if not largest < np.inf:
        return True
    return bool((probes <= _kernels.BELOW_RESOLUTION * largest).any())


def blind_until(trace: Trace, valid_from: UTCDateTime, warm: int) -> UTCDateTime:
    """Return the time of the first value, ``warm`` samples after the filter has settled."""
    start, fs = trace.stats.starttime, float(trace.stats.sampling_rate)
    settled = max(0, math.ceil((valid_from - start) * fs - 1e-6))
    return sample_time(start, settled + warm, fs)


def _values(
    x: FloatArray,
    nsta: int,
    nlta: int,
    method: str,
    ratio: float,
    quiet: float,
    hold: tuple[float, float, int],
) -> FloatArray:
    if x.size <= warm_up(method, nsta, nlta):
        return np.full(x.size, np.nan)
    if method == "recursive":
        return _kernels.recursive_ratio(x, nsta, nlta, *hold)
    lag = nsta if method == "delayed" else 0
    if method in ("classic", "delayed") and math.isinf(hold[0]):
        return _kernels.energy_ratio(x, nsta, nlta, lag)
    if method == "carl":
        return _kernels.carl(x, nsta, nlta, float(ratio), float(quiet))
    if method == "z":
        scores = np.full(x.size, np.nan)
        short = _kernels.window_means(x, nsta, True, nsta)
        scores[nsta - 1 :] = _kernels.window_scores(short[nsta - 1 :], nlta)
        return scores
    short = _kernels.window_means(x, nsta, True, 1)
    long = _kernels.window_means(x, nlta, True, 1)
    return _kernels.held_ratio(short, long, nlta / nsta, lag, *hold)
