"""Tremor: sustained and harmonic signals by the minute, and their coherence across a network."""

from __future__ import annotations

__all__: list[str] = []
