"""A spectrum divided by an instrument response inside the flanks of a band."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._kernels import divide_by_curve
from ._metadata import evaluate
from .curves import Curve, Output, curve_of

_log = logging.getLogger("paektuseis.processing")

_FADED = 1e-4  # 80 dB: no digitiser resolves ground motion so far below its best

Corners = tuple[float, float, float, float]
"""Hertz: nothing below the first and above the fourth, all between the second and third."""


def divide_spectrum(
    spectrum: NDArray[np.complex128],
    size: int,
    rate: float,
    response: Any,
    output: Output,
    corners: Corners | None,
    water_level: float | None,
    trace_id: str,
) -> None:
    """Divide the real transform of ``size`` samples by a response and apply the flanks, in place.

    What lies outside the flanks, and the mean, becomes zero.
    """
    step = rate / size
    spectrum[0] = 0.0
    low, high = (step, rate / 2) if corners is None else (max(corners[0], step), corners[3])
    first = max(1, int(np.ceil(low / step - 1e-9)))
    last = min(int(np.floor(high / step + 1e-9)), size // 2)
    spectrum[:first] = 0.0
    spectrum[last + 1 :] = 0.0
    if last < first:
        return
    curve = curve_of(response, output, first * step, rate / 2, trace_id)
    if curve is not None and water_level is None:
        _warn_where_it_fades(curve, low, high, trace_id)
    flanks = np.array(corners if corners is not None else (-1.0, -1.0, -1.0, -1.0))
    band = spectrum[first : last + 1]
    if curve is not None:
        floor = _floor(np.abs(curve.coefficients[3]), water_level)
        divide_by_curve(band, step, first, curve.knots, curve.coefficients, flanks, floor)
    else:
        _divide_exactly(band, step, first, response, output, flanks, water_level, trace_id)


def _warn_where_it_fades(curve: Curve, low: float, high: float, trace_id: str) -> None:
    """Say so where the response is next to nothing inside the band: noise is raised there."""
    size = np.abs(curve.coefficients[3])
    f = np.exp(curve.knots[:-1])
    inside = (f >= low) & (f <= high)
    if not inside.any():
        return
    worst = int(np.argmin(np.where(inside, size, np.inf)))
    fall = float(size[worst] / size[inside].max())
    if fall < _FADED:
        _log.warning(
            "%s: at %.4g Hz, inside pre_filt, the response is %.0f dB below its largest value "
            "there, and noise is raised as much; draw pre_filt in",
            trace_id,
            f[worst],
            -20 * np.log10(max(fall, 1e-30)),
        )


def _floor(amplitudes: NDArray[np.float64], water_level: float | None) -> float:
    if water_level is None:
        return 0.0
    return float(amplitudes.max() * 10.0 ** (-water_level / 20.0))


def _divide_exactly(
    band: NDArray[np.complex128],
    step: float,
    first: int,
    response: Any,
    output: Output,
    flanks: NDArray[np.float64],
    water_level: float | None,
    trace_id: str,
) -> None:
    """Divide by evalresp's own value at each frequency, in place (slow: no curve was sound)."""
    _log.warning(
        "%s: response too rough for a curve; evalresp at %d frequencies", trace_id, len(band)
    )
    frequencies = np.arange(first, first + len(band) + 1, dtype=np.float64) * step
    truth = evaluate(response, frequencies[:-1], output, trace_id)
    knots = np.log(frequencies)
    coefficients = np.zeros((4, len(band)), dtype=np.complex128)
    coefficients[3] = truth
    floor = _floor(np.abs(truth), water_level)
    divide_by_curve(band, step, first, knots, coefficients, flanks, floor)
