"""Picking: arrivals of P and S refined around a trigger, each with its uncertainty."""

from __future__ import annotations

from .polarization import polarization

__all__ = ["polarization"]
