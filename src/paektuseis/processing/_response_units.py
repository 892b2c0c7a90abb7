"""The units a response speaks of, and how a finding on it is put."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

DISAGREE_WARNING = 0.05
DISAGREE_ERROR = 0.50

GROUND = {"M": "DISP", "M/S": "VEL", "M/SEC": "VEL"} | dict.fromkeys(
    ("M/S**2", "M/(S**2)", "M/SEC**2", "M/(SEC**2)", "M/S/S"), "ACC"
)
PREFIXES = ("", "N", "C", "M")
PRESSURE = ("PA", "PASCAL", "PASCALS")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a response: severity, words and figures."""

    severity: str
    message: str
    value: float = float("nan")
    units: str = ""
    limit: float = float("nan")


def unit_name(units: str | None) -> str:
    """Return a unit in capitals, counts and volts under one name."""
    name = (units or "").strip().upper()
    if name in ("COUNT", "COUNTS", "DIGITAL COUNTS", "DIGITAL COUNT"):
        return "COUNTS"
    return {"VOLT": "V", "VOLTS": "V"}.get(name, name)


def ground_quantity(units: str | None) -> str | None:
    """Return DISP, VEL or ACC for the unit of a ground-motion sensor, else ``None``."""
    name = (units or "").strip().upper()
    for prefix in PREFIXES:
        if name.startswith(prefix) and name[len(prefix) :] in GROUND:
            return GROUND[name[len(prefix) :]]
    return None


def metres_of(units: str | None) -> float:
    """Return the size in metres of the length in a unit of ground motion (1 for others)."""
    name = (units or "").strip().upper()
    if name in GROUND or ground_quantity(units) is None:
        return 1.0
    return {"N": 1e-9, "C": 1e-2, "M": 1e-3}[name[0]]


def stages_in_order(response: Any) -> list[Any]:
    """Return the stages by their number, as evalresp takes them."""
    return sorted(response.response_stages or [], key=lambda s: s.stage_sequence_number)


def input_units(response: Any) -> str | None:
    """Return the unit a response starts from."""
    stages = stages_in_order(response)
    if stages and stages[0].input_units:
        return str(stages[0].input_units)
    sensitivity = response.instrument_sensitivity
    return str(sensitivity.input_units) if sensitivity and sensitivity.input_units else None


def number(value: Any) -> float:
    """Return a value as a number, NaN if it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def disagreement(ratio: float) -> str | None:
    """Severity of a ratio that should be 1 (or None), the same up as down."""
    if not np.isfinite(ratio) or ratio <= 0:
        return "error"
    apart = max(ratio, 1 / ratio) - 1
    if apart > DISAGREE_ERROR:
        return "error"
    return "warning" if apart > DISAGREE_WARNING else None


def disagreement_limit(severity: str) -> float:
    """Return the limit that a disagreement of this severity is beyond."""
    return DISAGREE_WARNING if severity == "warning" else DISAGREE_ERROR
