"""Tremor: sustained and harmonic signals by the minute, and their coherence across a network."""

from __future__ import annotations

from .harmonic import find_harmonic_tremor, harmonic_strength, harmonic_track
from .sustained import find_tremor
from .width import spectral_width

__all__ = [
    "find_harmonic_tremor",
    "find_tremor",
    "harmonic_strength",
    "harmonic_track",
    "spectral_width",
]
