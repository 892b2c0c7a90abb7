"""Similarity: events that look alike, found by correlation: families and repeats of templates."""

from __future__ import annotations

from .families import correlation_matrix, find_families
from .matching import correlation_series, match_templates
from .stacks import family_stacks
from .templates import Template, make_templates

__all__ = [
    "Template",
    "correlation_matrix",
    "correlation_series",
    "family_stacks",
    "find_families",
    "make_templates",
    "match_templates",
]
