"""Numbers and dates of station metadata, looked at as they stand in the document."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import datetime
from typing import Any

from obspy import UTCDateTime

_NUMBER = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(nan|inf(inity)?)", re.I
)
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]*)?)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_LIMITS = {
    "Latitude": (-90.0, 90.0),
    "Longitude": (-180.0, 180.0),
    "Elevation": (-12_000.0, 10_000.0),
    "Depth": (-10_000.0, 12_000.0),
    "Azimuth": (0.0, 360.0),
    "Dip": (-90.0, 90.0),
    "SampleRate": (0.0, 1e6),
}
_SKIPPED_NAN = frozenset(
    [
        "NormalizationFrequency",
        "InputSampleRate",
        "Delay",
        "Correction",
        "Amplitude",
        "Phase",
        "FrequencyLowerBound",
        "FrequencyUpperBound",
    ]
)
_NUMBERS = _SKIPPED_NAN | frozenset(
    [
        "Value",
        "Frequency",
        "NormalizationFactor",
        "Real",
        "Imaginary",
        "Numerator",
        "Denominator",
        "NumeratorCoefficient",
        "Coefficient",
        "Factor",
        "Offset",
        "ApproximationLowerBound",
        "ApproximationUpperBound",
        "MaximumError",
    ]
)
_UNIMPORTANT = frozenset(["FrequencyStart", "FrequencyEnd", "FrequencyDBVariation"])
_WHOLE = frozenset(("Factor", "Offset"))
_LEFT_OUT = ("Azimuth", "Dip", "SampleRate")
"""Values of a channel that it can be used without."""


def bad_number(text: str | None, *, whole: bool = False, date: bool = False) -> str:
    """Return what is wrong with the text of a number or date, or an empty text."""
    word = (text or "").strip()
    if date:
        if not _DATE.fullmatch(word):
            return f"{word[:40]!r} is no date"
        with suppress(ValueError):  # much faster, where it can tell
            datetime.fromisoformat(word[:19])
            return ""
        try:
            UTCDateTime(word)
        except (ValueError, TypeError, OverflowError) as error:
            return f"{word!r} is no date ({error})"
        return ""
    if not _NUMBER.fullmatch(word):
        return f"{word[:40]!r} is no number"
    if whole and not float(word).is_integer():
        return f"{word[:40]!r} is no whole number"
    return ""


def _child(element: Any, name: str) -> Any:
    return element.find(element.tag.rpartition("}")[0] + "}" + name)


def _fault(element: Any, name: str) -> str:
    """Return what is wrong with a child that should be a number within limits."""
    child = _child(element, name)
    if child is None:
        return f"no {name}"
    bad = bad_number(child.text)
    if bad:
        return f"{name} {bad}"
    for attribute in ("plusError", "minusError"):
        if child.get(attribute) is not None and bad_number(child.get(attribute)):
            del child.attrib[attribute]
    value = float(child.text)
    low, high = _LIMITS[name]
    if not low <= value <= high:
        return f"{name} {child.text.strip()[:40]} is not within {low:g} and {high:g}"
    return ""


def mend_coordinates(element: Any, names: tuple[str, ...]) -> str:
    """Return what is wrong with the coordinates of a station or channel, or an empty text."""
    return next((fault for name in names if (fault := _fault(element, name))), "")


def mend_dates(element: Any, *, drop: bool) -> list[str]:
    """Return what is wrong with the dates of an element; take unreadable ones off if told to."""
    notes = []
    for attribute in ("startDate", "endDate"):
        text = element.get(attribute)
        if text is None:
            continue
        bad = bad_number(text, date=True)
        if bad:
            notes.append(f"{attribute} {bad}" + (": left open" if drop else ""))
            if drop:
                del element.attrib[attribute]
    start, end = element.get("startDate"), element.get("endDate")
    if not notes and start and end and UTCDateTime(end) <= UTCDateTime(start):
        notes.append(f"starts {start} and ends {end}: an epoch without any time")
    return notes


def mend_channel(channel: Any) -> tuple[str, list[str]]:
    """Take out of a channel what cannot be used; return why it is lost, if it is, and notes."""
    fault = mend_coordinates(channel, ("Latitude", "Longitude", "Elevation", "Depth"))
    notes: list[str] = []
    if not fault:
        notes = mend_dates(channel, drop=False)
        if any("no date" in note for note in notes):
            fault, notes = notes[0], []
    if fault:
        return fault, []
    for name in _LEFT_OUT:
        if _child(channel, name) is not None and (bad := _fault(channel, name)):
            notes.append(f"{bad}: left out")
            channel.remove(_child(channel, name))
    response = _child(channel, "Response")
    if response is not None:
        bad = _response_fault(response)
        if bad:
            notes.append(f"{bad}; response left out")
            channel.remove(response)
    return "", notes


def _response_fault(response: Any) -> str:
    """Return the first thing in a response that is not the number it should be."""
    for leaf in list(response.iter()):
        name = leaf.tag.rpartition("}")[2] if isinstance(leaf.tag, str) else ""
        if name in _UNIMPORTANT and bad_number(leaf.text):
            leaf.getparent().remove(leaf)
            continue
        if name == "Stage" and bad_number(leaf.get("number"), whole=True):
            return f"line {leaf.sourceline}: stage number {leaf.get('number')!r}"
        if name in ("Pole", "Zero"):
            for part in ("Real", "Imaginary"):
                if _child(leaf, part) is None:
                    return f"line {leaf.sourceline}: <{name}> without <{part}>"
        if name not in _NUMBERS:
            continue
        bad = bad_number(leaf.text, whole=name in _WHOLE)
        if not bad and name in _SKIPPED_NAN and not math.isfinite(float(leaf.text)):
            bad = f"is {leaf.text.strip()}"
        if bad:
            return f"line {leaf.sourceline}: <{name}> {bad}"
    return ""
