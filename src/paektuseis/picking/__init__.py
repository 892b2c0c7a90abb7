"""Picking: arrivals of P and S refined around a trigger, each with its uncertainty."""

from __future__ import annotations

from .characteristic import aic_function, kurtosis_function
from .phases import pick_phases
from .polarization import polarization

__all__ = ["aic_function", "kurtosis_function", "pick_phases", "polarization"]
