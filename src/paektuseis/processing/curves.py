"""Instrument response curves: evalresp on a fitted grid, cubic in between, and checked."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from obspy import Inventory
from obspy.core.inventory import Response

from ..errors import MetadataError, ParameterError
from ..times import TimeLike, as_utc
from ._metadata import evaluate, fingerprint, response_at, response_problems
from ._response_units import Problem, ground_quantity, input_units

_log = logging.getLogger("paektuseis.processing")

Output = Literal["DISP", "VEL", "ACC"]
TOLERANCE = 1e-4
"""A curve whose relative error against evalresp is larger is not used."""
_AIM = 1e-6  # the grid is refined until the cubic is this good between its points
_FEW = 2000  # so many frequencies are evaluated directly: as fast, and exact
_RIPPLE = 600
_MOST = 60_000  # grid points at which refinement gives up


@dataclass(frozen=True, eq=False)
class Curve:
    """A response as a cubic spline over the logarithm of frequency.

    ``knots`` (n,) are ln(Hz); ``coefficients`` (4, n−1) highest power first; ``error`` is the
    largest relative error found at frequencies that are no knots.
    """

    knots: NDArray[np.float64]
    coefficients: NDArray[np.complex128]
    error: float

    def __call__(self, frequencies: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Return the response at frequencies inside the knots."""
        u = np.log(frequencies)
        k = np.clip(np.searchsorted(self.knots, u, side="right") - 1, 0, len(self.knots) - 2)
        d = u - self.knots[k]
        c = self.coefficients
        value = ((c[0, k] * d + c[1, k]) * d + c[2, k]) * d + c[3, k]
        return np.asarray(value)


_curves: OrderedDict[tuple[str, str, float, float], Curve | None] = OrderedDict()
_lock = threading.Lock()
_KEPT = 256
_values: OrderedDict[tuple[str, str, str], NDArray[np.complex128]] = OrderedDict()
"""What evalresp answered, by response, output and frequencies; the channels of a sensor share."""


def response_curve(
    inventory: Inventory | Response,
    trace_id: str,
    time: TimeLike,
    frequencies: ArrayLike,
    *,
    output: Output = "VEL",
) -> NDArray[np.complex128]:
    """Return the complex instrument response of a channel.

    Parameters
    ----------
    inventory : Inventory or Response
    trace_id : str
        ``NET.STA.LOC.CHA``; of a bare Response only the name for messages.
    time : UTCDateTime or str
        When the response is wanted.
    frequencies : array_like, shape (n,)
        Hertz, zero or more, in any order.
    output : {"VEL", "DISP", "ACC"}, optional
        Ground motion the response refers to: m/s, m or m/s**2.

    Returns
    -------
    ndarray of complex128, shape (n,)
        Counts per unit of ground motion, all stages, as evalresp gives it.

    Raises
    ------
    MetadataError
        If no epoch covers the time, two differ, or the response cannot be used.
    ParameterError
        If a frequency is negative or no number, or the output unknown.

    Notes
    -----
    Up to 2000 frequencies are given to evalresp itself. More are read off a cubic spline over
    ln(f) through evalresp's values, with knots added until the spline is within 1e-6 of
    evalresp halfway between them, then checked at other frequencies; where it is not within
    1e-4, evalresp is asked for every frequency. Curves are kept for later calls.

    References
    ----------
    Incorporated Research Institutions for Seismology, evalresp 5.
    """
    require_output(output)
    f = np.asarray(frequencies, dtype=np.float64)
    if f.ndim != 1 or not np.isfinite(f).all() or (f < 0).any():
        raise ParameterError("frequencies must be one row of finite numbers, zero or more (Hz)")
    response = sound_response(inventory, trace_id, time, output)
    positive = f[f > 0]
    if f.size <= _FEW or not positive.size:
        return _evaluated(response, f, output, trace_id)
    curve = curve_of(response, output, float(positive.min()), float(positive.max()), trace_id)
    if curve is None:
        return evaluate(response, f, output, trace_id)
    values = np.empty(f.shape, dtype=np.complex128)
    zero = f == 0
    if zero.any():
        values[zero] = evaluate(response, np.zeros(1), output, trace_id)[0]
    values[~zero] = curve(positive)
    return values


def _evaluated(
    response: Any, frequencies: NDArray[np.float64], output: str, trace_id: str
) -> NDArray[np.complex128]:
    """Return evalresp's values, from memory where the same was asked before."""
    if frequencies.size > _FEW:
        return evaluate(response, frequencies, output, trace_id)
    asked = hashlib.blake2b(frequencies.tobytes(), digest_size=16).hexdigest()
    key = (fingerprint(response), output, asked)
    with _lock:
        if key in _values:
            _values.move_to_end(key)
            return _values[key].copy()
    values = evaluate(response, frequencies, output, trace_id)
    with _lock:
        _values[key] = values.copy()
        while len(_values) > _KEPT:
            _values.popitem(last=False)
    return values


def require_output(output: str) -> None:
    """Raise unless the output is a ground motion."""
    if output not in ("DISP", "VEL", "ACC"):
        raise ParameterError(f"output={output!r}; choose 'VEL' (m/s), 'DISP' (m) or 'ACC' (m/s**2)")


def sound_response(
    inventory: Inventory | Response, trace_id: str, time: TimeLike, output: Output
) -> Any:
    """Return the response that holds, or raise if a conversion with it would be wrong."""
    response = (
        inventory
        if isinstance(inventory, Response)
        else response_at(inventory, trace_id, as_utc(time))
    )
    units = input_units(response)
    problems: list[Problem] = response_problems(response)
    if ground_quantity(units) is None:
        problems.insert(
            0,
            Problem("error", f"its input unit is {units!r}, which cannot be turned into {output}"),
        )
    for problem in problems:
        if problem.severity == "error":
            raise MetadataError(
                f"{trace_id}: the response cannot be used: {problem.message}; "
                "correct the metadata or leave the channel in counts"
            )
        if problem.severity == "warning":
            _log.warning("%s: %s", trace_id, problem.message)
    return response


def curve_of(
    response: Any, output: str, lowest: float, highest: float, trace_id: str
) -> Curve | None:
    """Return a checked curve over at least the asked range, or ``None`` if none is good enough."""
    # round the range outwards, so that records of many lengths share a curve
    low = _floor(lowest)
    key = (fingerprint(response), output, low, highest)
    with _lock:
        if key in _curves:
            _curves.move_to_end(key)
            return _curves[key]
    curve = _fit(response, output, low, highest, trace_id)
    with _lock:
        _curves[key] = curve
        while len(_curves) > _KEPT:
            _curves.popitem(last=False)
    return curve


def _floor(frequency: float) -> float:
    """Round a frequency down to a half decade, never above 1e-4 Hz."""
    return float(min(10.0 ** (np.floor(2 * np.log10(frequency)) / 2), 1e-4))


def _fit(response: Any, output: str, low: float, high: float, trace_id: str) -> Curve | None:
    from scipy.interpolate import CubicSpline

    def exact(at: NDArray[np.float64]) -> NDArray[np.complex128]:
        return evaluate(response, np.exp(at), output, trace_id)

    # evenly in ln(f) for poles and zeros, and evenly in f for the ripple of FIR filters
    even = np.linspace(np.log(low), np.log(high), max(200, int(100 * np.log10(high / low))))
    ripple = np.log(np.linspace(low, high, _RIPPLE))[1:-1]
    u = np.unique(np.concatenate([even, ripple]))
    values = exact(u)
    todo = np.arange(len(u) - 1)
    while True:
        spline = CubicSpline(u, values)
        middle = 0.5 * (u[todo] + u[todo + 1])
        truth = exact(middle)
        # a zero of the response is judged by its neighbourhood, not by itself
        size = np.maximum(np.abs(truth), np.maximum(np.abs(values[todo]), np.abs(values[todo + 1])))
        with np.errstate(all="ignore"):
            miss = np.abs(spline(middle) - truth) / size
        if not np.isfinite(miss).all():
            return None
        # a spline feels its neighbours: look again on both sides of what was divided
        divide = todo[miss > _AIM]
        u, order = _merged(u, middle)
        values = np.concatenate([values, truth])[order]
        if not divide.size or len(u) > _MOST:
            break
        new = np.searchsorted(u, middle[miss > _AIM])
        near = np.unique(np.concatenate([new + k for k in range(-3, 3)]))
        todo = near[(near >= 0) & (near < len(u) - 1)]
    spline = CubicSpline(u, values)
    error = _largest_error(spline, u, exact)
    if not error <= TOLERANCE:
        _log.info("%s: spline error %.1e, evalresp is asked for each frequency", trace_id, error)
        return None
    return Curve(u, np.ascontiguousarray(spline.c), error)


def _merged(
    u: NDArray[np.float64], more: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    joined = np.concatenate([u, more])
    order = np.argsort(joined, kind="stable")
    return joined[order], order


def _largest_error(spline: Any, u: NDArray[np.float64], exact: Any) -> float:
    """Largest relative error at 500 places spread evenly but at no knot."""
    at = np.sort(u[0] + (u[-1] - u[0]) * ((np.arange(1, 501) * 0.6180339887498949) % 1.0))
    truth = exact(at)
    return float(np.max(np.abs(spline(at) - truth) / np.abs(truth)))
