"""Picking: arrivals of P and S refined around a trigger, each with its uncertainty."""

from __future__ import annotations

from .characteristic import aic_function, kurtosis_function
from .model import pick_with_model
from .motion import polarization
from .phases import pick_phases

__all__ = ["aic_function", "kurtosis_function", "pick_phases", "pick_with_model", "polarization"]
