"""Source: where an event was and how large: travel times, locations, magnitudes."""

from __future__ import annotations

__all__: list[str] = []
