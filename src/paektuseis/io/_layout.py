"""How an archive names its files: a pattern of codes and times, SDS being one of them."""

from __future__ import annotations

import datetime as dt
import functools
import os
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from obspy import UTCDateTime

from ..errors import ParameterError

SDS = (
    "{year}/{network}/{station}/{channel}.D/"
    "{network}.{station}.{location}.{channel}.D.{year}.{julday:03d}"
)
_SECOND = 1_000_000_000
_CODES = ("network", "station", "location", "channel")
_TIMES = {
    "year": r"\d{4}",
    "month": r"\d{1,2}",
    "day": r"\d{1,2}",
    "julday": r"\d{1,3}",
    "hour": r"\d{1,2}",
}


@dataclass(frozen=True)
class Pattern:
    """A file-name pattern such as :data:`SDS`."""

    text: str

    def __post_init__(self) -> None:
        try:
            fields = {f for _, f, _, _ in string.Formatter().parse(self.text) if f is not None}
        except ValueError as error:
            raise ParameterError(f"layout={self.text!r} is no pattern: {error}") from error
        unknown = fields - set(_CODES) - set(_TIMES)
        if unknown or not fields:
            raise ParameterError(
                f'layout={self.text!r}: unknown fields {sorted(unknown)}; give "auto", "sds", '
                f'"flat" or a pattern of {", ".join((*_CODES, *_TIMES))}'
            )
        if Path(self.text).is_absolute() or ".." in Path(self.text).parts:
            raise ParameterError(f"layout={self.text!r} must stay below the root of the archive")
        missing = set(_CODES) - fields
        if missing:
            raise ParameterError(
                f'layout={self.text!r} lacks {sorted(missing)}; use layout="flat" where names '
                "do not tell the channel"
            )

    @functools.cached_property
    def step(self) -> str:
        """The finest time in the pattern: hour, day, month, year, or ``""``."""
        for name, words in (
            ("hour", ("hour",)),
            ("day", ("day", "julday")),
            ("month", ("month",)),
            ("year", ("year",)),
        ):
            if any("{" + w in self.text for w in words):
                return name
        return ""

    def name(self, trace_id: str, time: UTCDateTime) -> str:
        """File name of a channel at a time."""
        return self._name(trace_id.split("."), int(time.ns))

    def _name(self, codes: list[str], ns: int) -> str:
        network, station, location, channel = codes
        return self.text.format(
            network=network, station=station, location=location, channel=channel, **_times(ns)
        )

    def names(self, trace_id: str, start: UTCDateTime, end: UTCDateTime) -> Iterator[str]:
        """File names of a channel over a time span and the periods just before and after."""
        codes = trace_id.split(".")
        seconds = {"hour": 3600, "day": 86400, "month": 28 * 86400, "year": 365 * 86400}
        if self.step not in seconds:
            return iter([self._name(codes, int(start.ns))])
        width = seconds[self.step] * _SECOND
        unit = 3600 * _SECOND if self.step == "hour" else 86400 * _SECOND
        begin = int(start.ns) // unit * unit - width
        last = min(int(end.ns) + 2 * width, int(end.ns) // unit * unit + 3 * width // 2)
        return iter(dict.fromkeys(self._name(codes, ns) for ns in range(begin, last + 1, width)))

    def regex(self) -> re.Pattern[str]:
        """Expression that takes a file name (with ``/``) apart."""
        return self._regex

    @functools.cached_property
    def _regex(self) -> re.Pattern[str]:
        out, seen = "", set()
        for literal, name, _, _ in string.Formatter().parse(self.text):
            out += re.escape(literal)
            if name is None:
                continue
            if name in seen:
                out += f"(?P={name})"
            else:
                seen.add(name)
                out += f"(?P<{name}>{_TIMES.get(name, '[^/.]*')})"
        return re.compile(out)

    def _time(self, match: re.Match[str]) -> dict[str, int]:
        return {k: int(v) for k, v in match.groupdict().items() if k in _TIMES}

    def day(self, match: re.Match[str]) -> UTCDateTime | None:
        """Midnight of the day a file name stands for, if it tells one."""
        date = _midnight(self._time(match))
        return None if date is None else UTCDateTime(date)

    def period(self, match: re.Match[str]) -> tuple[int, int] | None:
        """Span of time a file name stands for, ns, if it tells a day or an hour."""
        parts = self._time(match)
        date = _midnight(parts)
        if date is None or self.step not in ("day", "hour"):
            return None
        begin = (date - dt.date(1970, 1, 1)).days * 86400 * _SECOND
        if self.step == "day":
            return begin, begin + 86400 * _SECOND
        begin += parts["hour"] * 3600 * _SECOND
        return begin, begin + 3600 * _SECOND


@functools.lru_cache(maxsize=1024)
def _times(ns: int) -> dict[str, int]:
    date = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=ns // _SECOND)
    return {
        "year": date.year,
        "month": date.month,
        "day": date.day,
        "julday": date.timetuple().tm_yday,
        "hour": date.hour,
    }


def _midnight(parts: dict[str, int]) -> dt.date | None:
    try:
        if "year" in parts and "julday" in parts:
            return dt.date(parts["year"], 1, 1) + dt.timedelta(parts["julday"] - 1)
        if "year" in parts and "month" in parts and "day" in parts:
            return dt.date(parts["year"], parts["month"], parts["day"])
    except ValueError:
        pass
    return None


def is_sds(root: Path) -> bool:
    """Whether a folder holds YEAR/NET/STA/CHAN.D."""
    for year in _folders(root, r"\d{4}"):
        for network in _folders(year, r"[^.]+"):
            for station in _folders(network, r"[^.]+"):
                if any(True for _ in _folders(station, r"[^.]+\.[A-Z]")):
                    return True
    return False


def _folders(folder: Path, expression: str) -> Iterator[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if re.fullmatch(expression, name) and (folder / name).is_dir():
            yield folder / name
