"""Numbers, times and words of a page: one way to write each, in the reader's language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
from markupsafe import Markup
from obspy import UTCDateTime

from ..._language import mark, retell, translate as _
from ..._phrases import CLASS_WORDS
from ...errors import ParameterError
from ...io import safe_text

CLASSES: dict[str, str] = {
    "VT": mark("volcano-tectonic earthquake"),
    "LP": mark("long-period earthquake"),
    "hybrid": mark("hybrid earthquake"),
    "VLP": mark("very-long-period event"),
    "harmonic": mark("harmonic tremor"),
    "tremor": mark("volcanic tremor"),
    "explosion": mark("explosion-like event"),
    "regional": mark("regional earthquake"),
    "teleseism": mark("teleseism"),
    "noise": mark("noise"),
    "": mark("not classified"),
}
SEVERITIES = {"error": mark("error"), "warning": mark("warning"), "info": mark("note")}
STATES = {
    "monitored": mark("monitored"),
    "blind": mark("blind (warming up)"),
    "missing": mark("no record"),
}
STEPS = {
    "picks": mark("picks"),
    "location": mark("location"),
    "magnitude": mark("magnitude"),
    "class": mark("class"),
}
CHECKS: dict[str, str] = {
    "availability": mark("availability"),
    "gap": mark("gap"),
    "gaps": mark("gaps"),
    "overlap": mark("overlap"),
    "dead": mark("dead channel"),
    "flatline": mark("flat line"),
    "clipping": mark("clipping"),
    "spike": mark("spikes"),
    "spikes": mark("spikes"),
    "offset": mark("offset"),
    "step": mark("step"),
    "no_response": mark("no response"),
    "wrong_epoch": mark("wrong epoch"),
    "response": mark("response"),
    "clock": mark("clock"),
    "timing": mark("timing"),
    "sampling_rate": mark("sampling rate"),
    "unreadable_file": mark("unreadable file"),
}
UNKNOWN = "–"


def class_name(label: str) -> str:
    """Return what a class is called on a page (``""``: not classified)."""
    return _(CLASS_WORDS[label]) if label in CLASS_WORDS else safe_text(label)


def class_title(label: str) -> str:
    """Return a class in full words."""
    return _(CLASSES[label]) if label in CLASSES else safe_text(label)


def known_class(label: Any) -> str:
    """Return a class as pages draw it; an unknown one is drawn as unclassified."""
    return str(label) if isinstance(label, str) and label in CLASSES else ""


def word(words: Mapping[str, str], key: str) -> str:
    """Return the word for a code of a table; a code nobody has a word for stays."""
    return _(words[key]) if key in words else retell(safe_text(key.replace("_", " ")))


def told(sentence: Any) -> str:
    """Return a sentence of a table in the reader's language, harmless."""
    return retell(safe_text(str(sentence)))


def finite(value: Any) -> bool:
    """Whether a cell holds a number."""
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: Any, decimals: int = 1, *, sign: bool = False) -> str:
    """Return a number with so many decimals, a dash where there is none."""
    if not finite(value):
        return UNKNOWN
    value = round(float(value), decimals) + 0.0  # no minus before a zero
    text = f"{value:{'+' if sign else ''}.{decimals}f}"
    return text.replace("-", "−")


def scientific(value: Any, digits: int = 3) -> str:
    """Return a number of any size with so many digits: ``3.2×10⁻⁶``."""
    if not finite(value):
        return UNKNOWN
    value = float(value)
    if value == 0 or 1e-2 <= abs(value) < 1e5:
        rounded = float(f"{value:.{digits}g}")  # 10, not 1e+01
        return f"{rounded:.10g}".replace("-", "−")
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa.replace('-', '−')}×10{raised}"


def with_error(value: Any, error: Any, unit: str, decimals: int = 1) -> str:
    """Return a value with its standard error and unit; both know when they are not there."""
    if not finite(value):
        return UNKNOWN
    spread = f" ± {number(error, decimals)}" if finite(error) else ""
    return f"{number(value, decimals)}{spread} {unit}".rstrip()


def percent(share: Any) -> str:
    """Return a share in percent; never 100 % or 0 % of what is not."""
    if not finite(share):
        return UNKNOWN
    value = 100.0 * float(share)
    if 0 < value < 0.05:
        return "<0.1 %"
    if 99.95 <= value < 100 - 1e-9:
        return ">99.9 %"
    return f"{value:.1f} %"


def units(text: Any) -> str:
    """Return a unit as it is printed."""
    found = safe_text(str(text))
    for plain, nice in (("**2", "²"), ("**3", "³"), ("**-1", "⁻¹"), ("cm2", "cm²")):
        found = found.replace(plain, nice)
    return retell(found)


def band_text(low: Any, high: Any) -> str:
    """Return a band in words: ``1–16 Hz``, or the end that is open."""
    if finite(low) and finite(high):
        return f"{low:g}–{high:g} Hz"
    if finite(low):
        return _("above {low} Hz", low=f"{low:g}")
    if finite(high):
        return _("below {high} Hz", high=f"{high:g}")
    return _("unfiltered")


def rsam_label(row: Mapping[str, Any] | pd.Series) -> str:
    """Return what the lines of an RSAM panel are, from one row of the table."""
    return _(
        "RSAM ({unit}), {statistic} of {window} s, {band}",
        unit=units(row["units"]),
        statistic=told(str(row["statistic"]).replace("_", " ")),
        window=f"{row['window']:g}",
        band=band_text(row["freqmin"], row["freqmax"]),
    )


def none(reason: str) -> Markup:
    """Return a dash that says why nothing stands there."""
    return Markup('<span class="none" title="{0}">–<span class="vh"> {0}</span></span>').format(
        reason
    )


def or_none(text: str, reason: str) -> str:
    """Return the text, or where it is a dash, the dash with its reason."""
    return none(reason) if text == UNKNOWN else text


class Clock:
    """Writes instants: UTC, and a local time beside it where one was asked for.

    Parameters
    ----------
    zone : str
        Name of a time zone, or ``""``.
    """

    def __init__(self, zone: str = "") -> None:
        self.zone = zone
        try:
            self._zone = ZoneInfo(zone) if zone else None
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ParameterError(
                f"local time zone {zone!r} is not known here; give a name such as 'Asia/Seoul' "
                "(on Windows install the package tzdata)"
            ) from error

    def __call__(self, time: Any, *, day: bool = True, decimals: int = 1) -> str:
        """Return an instant as HTML; a dash for none."""
        stamp = _stamp(time)
        if stamp is None:
            return Markup(UNKNOWN)
        step = 10 ** (9 - decimals)
        rounded = pd.Timestamp((stamp.value + step // 2) // step * step, tz="UTC")
        fraction = f".{rounded.value % 10**9 // step:0{decimals}d}" if decimals else ""
        clock = f"{rounded:%H:%M:%S}{fraction}"
        text = f"{rounded:%Y-%m-%d} {clock}" if day else clock
        local = ""
        if self._zone is not None:
            there = rounded.tz_convert(self._zone)
            other = there.date() != rounded.date()
            shown = f"{there:%m-%d %H:%M:%S}" if other else f"{there:%H:%M:%S}"
            local = Markup(' <span class="local">({} {})</span>').format(
                shown, there.strftime("%Z")
            )
        return Markup('<time datetime="{}">{}</time>{}').format(
            f"{rounded:%Y-%m-%dT%H:%M:%S}{fraction}Z", text, local
        )


def plain_time(time: Any, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return an instant as text, to the second."""
    stamp = _stamp(time)
    return UNKNOWN if stamp is None else stamp.strftime(form)


def _stamp(time: Any) -> pd.Timestamp | None:
    if isinstance(time, UTCDateTime):
        return pd.Timestamp(time.ns, tz="UTC")
    if time is None or time is pd.NaT or pd.isna(time):
        return None
    return pd.Timestamp(time)


def span_words(start: UTCDateTime, end: UTCDateTime) -> str:
    """Return a half-open span as a person writes it."""
    whole = (end - start) % 86400.0 == 0 and start.strftime("%H%M%S") == "000000"
    if whole:
        last = (end - 1.0).strftime("%Y-%m-%d")
        first = start.strftime("%Y-%m-%d")
        return first if first == last else _("{first} to {last}", first=first, last=last)
    same = (end - 0.001).date == start.date
    return _(
        "{first} to {last}",
        first=start.strftime("%Y-%m-%d %H:%M"),
        last=end.strftime("%H:%M" if same else "%Y-%m-%d %H:%M"),
    )


def duration(seconds: Any) -> str:
    """Return a length of time in a unit that fits."""
    if not finite(seconds):
        return UNKNOWN
    value = float(seconds)
    if value < 120:
        return f"{value:.1f} s"
    if value < 7200:
        return f"{value / 60:.1f} min"
    return f"{value / 3600:.1f} h"
