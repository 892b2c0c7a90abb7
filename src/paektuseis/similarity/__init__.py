"""Similarity: events that look alike, found by correlation: families and repeats of templates."""

from __future__ import annotations

from .matching import correlation_series, match_templates
from .templates import Template, make_templates

__all__ = [
    "Template",
    "correlation_series",
    "make_templates",
    "match_templates",
]
