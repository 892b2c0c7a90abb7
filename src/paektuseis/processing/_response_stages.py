"""What can be wrong inside a response: its stages one by one, and one after another."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._response_units import (
    PRESSURE,
    Problem,
    disagreement,
    disagreement_limit,
    ground_quantity,
    input_units,
    number,
    stages_in_order,
    unit_name,
)

MAX_POLES = 1000
_HUGE = 1e18
_MOST_DENOMINATORS = 200
_RATE_TOLERANCE = 1e-3
_AT_ORIGIN = 1e-6  # rad/s
_BEND = 0.3  # by which a logarithmic slope may miss a whole number


def stage_problems(response: Any) -> list[Problem]:
    """List what is wrong with the stages of a response."""
    stages = stages_in_order(response)
    if not stages:
        kind = "polynomial" if response.instrument_polynomial else "overall sensitivity"
        return [
            Problem("error", f"the response has no stages, only an {kind}".replace("an p", "a p"))
        ]
    found = _order_problems(response.response_stages)
    found += _unit_problems(response, stages)
    for stage in stages:
        name = f"stage {stage.stage_sequence_number}"
        found += _gain_problems(stage, name)
        found += _pole_problems(stage, name)
        found += _coefficient_problems(stage, name)
        found += _list_problems(stage, name)
        found += _polynomial_problems(stage, name)
        found += _decimation_problems(stage, name)
    return found + _rate_chain_problems(stages) + _shape_problems(response, stages)


def _error(message: str, value: float = float("nan")) -> list[Problem]:
    return [Problem("error", message, value)]


def _order_problems(stages: list[Any]) -> list[Problem]:
    numbers = [int(s.stage_sequence_number) for s in stages]
    twice = [n for n, count in Counter(numbers).items() if count > 1]
    if twice:
        return _error(f"stage {twice[0]} is given {numbers.count(twice[0])} times", twice[0])
    found: list[Problem] = []
    missing = sorted(set(range(1, max(numbers) + 1)) - set(numbers))
    if missing:
        found += _error(f"stages missing: {', '.join(map(str, missing[:5]))}", missing[0])
    if numbers != sorted(numbers):
        found.append(Problem("info", f"stages listed out of order: {numbers[:8]}"))
    return found


def _unit_problems(response: Any, stages: list[Any]) -> list[Problem]:
    found = []
    units = input_units(response)
    if ground_quantity(units) is None and unit_name(units) not in PRESSURE:
        found += _error(
            f"input unit {units!r} is no ground motion: m, m/s or m/s**2 (or their n, c, m forms)"
        )
    for before, after in pairwise(stages):
        left, right = before.output_units, after.input_units
        if left and right and unit_name(left) != unit_name(right):
            found += _error(
                f"stage {after.stage_sequence_number} takes {right}, but stage "
                f"{before.stage_sequence_number} gives {left}"
            )
    last = next((s.output_units for s in reversed(stages) if s.output_units), None)
    if last and unit_name(last) != "COUNTS":
        found.append(Problem("warning", f"the last stage gives {last}, not counts"))
    stated = response.instrument_sensitivity
    other = stated.input_units if stated is not None else None
    if other and unit_name(other) != unit_name(units):
        both = ground_quantity(other) is not None and ground_quantity(units) is not None
        words = f"the overall sensitivity is for {other}, the first stage takes {units}"
        found.append(Problem("warning" if both else "error", words))
    return found


def _gain_problems(stage: Any, name: str) -> list[Problem]:
    if stage.stage_gain is None:
        if getattr(stage, "coefficients", None) is not None:
            return []
        return [Problem("info", f"{name} states no gain; taken as 1")]
    gain = number(stage.stage_gain)
    if not np.isfinite(gain) or gain == 0:
        return [Problem("error", f"{name} has the gain {gain:g}", gain, "", 0.0)]
    if not 1 / _HUGE < abs(gain) < _HUGE:
        return [Problem("error", f"{name} has the gain {gain:g}, hardly possible", gain, "", _HUGE)]
    if gain < 0:
        return [Problem("info", f"{name} has a negative gain: polarity kept", gain)]
    return []


def _pole_problems(stage: Any, name: str) -> list[Problem]:
    poles = getattr(stage, "poles", None)
    zeros = getattr(stage, "zeros", None)
    if poles is None or zeros is None:
        return []
    count = len(poles) + len(zeros)
    if count > MAX_POLES:
        words = f"{name} has {len(poles)} poles and {len(zeros)} zeros"
        return [Problem("error", words, count, "", MAX_POLES)]
    p, z = np.array(poles, dtype=complex), np.array(zeros, dtype=complex)
    if not (np.isfinite(p).all() and np.isfinite(z).all()):
        return _error(f"{name} has a pole or zero that is no number")
    kind = str(stage.pz_transfer_function_type or "").upper()
    digital = "DIGITAL" in kind
    worst = float(np.abs(p).max() - 1 if digital else p.real.max()) if p.size else -1.0
    if worst > 0:
        return _error(f"{name} is unstable: a pole lies in the wrong half", worst)
    a0, frequency = number(stage.normalization_factor), number(stage.normalization_frequency)
    if not np.isfinite(a0) or a0 == 0:
        return [Problem("error", f"{name} has the normalisation factor {a0:g}", a0, "", 0.0)]
    found = _lone_roots(p, z, name)
    if digital or not frequency > 0:
        return found
    s = 1j * frequency * (1.0 if "HERTZ" in kind else 2 * np.pi)
    with np.errstate(all="ignore"):
        size = float(abs(a0 * np.prod(s - z) / np.prod(s - p)))
    severity = disagreement(size)
    if severity is not None:
        words = f"{name}: normalisation factor {a0:g} gives {size:.4g} instead of 1 at "
        limit = disagreement_limit(severity)
        found.append(Problem(severity, f"{words}{frequency:g} Hz", size, "ratio", limit))
    return found


def _lone_roots(p: NDArray[np.complex128], z: NDArray[np.complex128], name: str) -> list[Problem]:
    """Complex roots come in pairs in every real filter."""
    for roots, words in ((p, "pole"), (z, "zero")):
        for root in roots[np.abs(roots.imag) > 1e-6 * np.abs(roots)]:
            near = np.abs(roots - root.conjugate()) <= 1e-2 * abs(root)
            if not near.any():
                return [
                    Problem("warning", f"{name}: {words} {root:.6g} without its conjugate partner")
                ]
    return []


def _coefficient_problems(stage: Any, name: str) -> list[Problem]:
    """FIR and coefficient stages: numbers, a sum that is none, poles outside the circle."""
    coefficients = getattr(stage, "coefficients", None)
    if hasattr(stage, "approximation_type"):  # a polynomial
        return []
    if coefficients is not None:
        b = np.array(coefficients, dtype=float)
        a = np.array([], dtype=float)
        symmetry = str(stage.symmetry or "NONE").upper()
    elif getattr(stage, "numerator", None) is not None:
        b = np.array(stage.numerator, dtype=float)
        a = np.array(stage.denominator or [], dtype=float)
        symmetry = "NONE"
    else:
        return []
    if not (np.isfinite(b).all() and np.isfinite(a).all()):
        return _error(f"{name} has a coefficient that is no number")
    if a.size > _MOST_DENOMINATORS:
        return _error(f"{name} has {a.size} denominators", a.size)
    if a.size > 1:
        if not a.any():
            return _error(f"{name} has denominators that are all zero", 0.0)
        worst = float(np.abs(np.roots(a)).max(initial=0.0)) if a[0] else float("inf")
        if worst >= 1:
            return _error(f"{name} is unstable: a pole outside the unit circle", worst)
        return []
    if b.size == 0:
        return []
    half = {"ODD": 2 * b.sum() - b[-1], "EVEN": 2 * b.sum()}
    total = float(half.get(symmetry, b.sum()))
    if not b.any() or abs(total) <= 1e-9 * np.abs(b).sum():
        return _error(
            f"{name}: its {b.size} coefficients sum to {total:g}, which no gain mends", total
        )
    if abs(total - 1) > 0.05 and b.size > 1:
        return [
            Problem(
                "info", f"{name}: its coefficients sum to {total:.4g}; scaled to 1", total, "", 1.0
            )
        ]
    return []


def _list_problems(stage: Any, name: str) -> list[Problem]:
    """Response lists: at least two frequencies, rising, with amplitudes above zero."""
    elements = getattr(stage, "response_list_elements", None)
    if elements is None:
        return []
    table = np.array(
        [[number(e.frequency), number(e.amplitude), number(e.phase)] for e in elements], dtype=float
    ).reshape(-1, 3)
    if len(table) < 2:
        return _error(f"{name}: a response list of {len(table)} frequencies", len(table))
    if not np.isfinite(table).all():
        return _error(f"{name}: a response list with values that are no numbers")
    if (table[:, 0] < 0).any() or (np.diff(table[:, 0]) <= 0).any():
        return _error(f"{name}: the frequencies of the response list do not rise")
    bad = (table[:, 1] <= 0) & (table[:, 0] > 0)
    if bad.any() or (table[:, 1] < 0).any():
        where = table[bad, 0][0] if bad.any() else 0.0
        return _error(f"{name}: response list without amplitude at {where:g} Hz", float(where))
    return []


def _polynomial_problems(stage: Any, name: str) -> list[Problem]:
    if not hasattr(stage, "approximation_type"):
        return []
    return _error(f"{name} is a polynomial, which cannot be divided out of a spectrum")


def _decimation_problems(stage: Any, name: str) -> list[Problem]:
    rate = stage.decimation_input_sample_rate
    factor = stage.decimation_factor
    if rate is None and factor is None:
        return []
    found = []
    if not (number(rate) > 0 and np.isfinite(number(rate))):
        found += _error(f"{name} decimates from {number(rate):g} Hz", number(rate))
    if not number(factor) >= 1:
        found += _error(f"{name} decimates by {number(factor):g}", number(factor))
    for words, value in (
        ("delay", stage.decimation_delay),
        ("correction", stage.decimation_correction),
    ):
        if value is not None and not np.isfinite(number(value)):
            found += _error(f"{name} has the {words} {number(value):g} s", number(value))
    return found


def _rate_chain_problems(stages: list[Any]) -> list[Problem]:
    """Each digital stage begins at the rate at which the one before ends."""
    digital = [
        s
        for s in stages
        if number(s.decimation_input_sample_rate) > 0 and number(s.decimation_factor) >= 1
    ]
    for before, after in pairwise(digital):
        gives = number(before.decimation_input_sample_rate) / number(before.decimation_factor)
        takes = number(after.decimation_input_sample_rate)
        if abs(takes / gives - 1) > _RATE_TOLERANCE:
            words = (
                f"stage {before.stage_sequence_number} gives {gives:g} Hz, stage "
                f"{after.stage_sequence_number} takes {takes:g} Hz"
            )
            return [Problem("warning", words, takes, "Hz", gives)]
    return []


def _shape_problems(response: Any, stages: list[Any]) -> list[Problem]:
    """Hold the zeros at the origin and the slope of the first stage against its unit.

    A seismometer has two zeros at the origin and is flat in velocity; what has two and is flat,
    and says it takes metres, is a response to velocity under the wrong label.
    """
    first = stages[0]
    quantity = ground_quantity(input_units(response))
    kind = str(getattr(first, "pz_transfer_function_type", "") or "").upper()
    if quantity is None or "LAPLACE" not in kind or len(first.poles) < 2:
        return []
    stated = response.instrument_sensitivity
    places = (first.normalization_frequency, getattr(stated, "frequency", None))
    frequency = next((f for f in map(number, places) if f > 0), None)
    p, z = np.array(first.poles, dtype=complex), np.array(first.zeros, dtype=complex)
    if frequency is None or not (np.isfinite(p).all() and np.isfinite(z).all()):
        return []
    s = 1j * frequency * (1.0 if "HERTZ" in kind else 2 * np.pi)
    with np.errstate(all="ignore"):
        slope = float(np.real(np.sum(s / (s - z)) - np.sum(s / (s - p))))
    at_origin = int((np.abs(z) < _AT_ORIGIN).sum()) - int((np.abs(p) < _AT_ORIGIN).sum())
    # unit, zeros at the origin, slope that the label does not explain; what it would be right for
    rules = {"DISP": (2, 2, 0, "m/s"), "VEL": (3, 9, 1, "m"), "ACC": (2, 9, 0, "m/s or m")}
    least, most, bend, likely = rules[quantity]
    if not (least <= at_origin <= most and abs(slope - bend) < _BEND):
        return []
    words = (
        f"{at_origin} zeros at the origin and a slope of {slope:.2g} at {frequency:g} Hz are a "
        f"seismometer's response to {likely}, but the input unit is {input_units(response)}"
    )
    return [Problem("warning", words, slope, "", _BEND)]
