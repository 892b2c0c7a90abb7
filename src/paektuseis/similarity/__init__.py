"""Similarity: events that look alike, found by correlation: families and repeats of templates."""

from __future__ import annotations

__all__: list[str] = []
