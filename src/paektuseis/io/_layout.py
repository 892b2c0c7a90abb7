"""How an archive names its files: a pattern of codes and times, SDS being one of them."""

from __future__ import annotations

import datetime as dt
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

    @property
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
        network, station, location, channel = trace_id.split(".")
        return self.text.format(
            network=network,
            station=station,
            location=location,
            channel=channel,
            year=time.year,
            month=time.month,
            day=time.day,
            julday=time.julday,
            hour=time.hour,
        )

    def names(self, trace_id: str, start: UTCDateTime, end: UTCDateTime) -> Iterator[str]:
        """File names of a channel over a time span and the periods just before and after."""
        seconds = {"hour": 3600, "day": 86400, "month": 28 * 86400, "year": 365 * 86400}
        width = seconds.get(self.step)
        if width is None:
            yield self.name(trace_id, start)
            return
        seen = set()
        time = _floor(start, self.step) - width
        while time <= end + 2 * width and time <= _floor(end, self.step) + 1.5 * width:
            name = self.name(trace_id, time)
            if name not in seen:
                seen.add(name)
                yield name
            time += width

    def regex(self) -> re.Pattern[str]:
        """Expression that takes a file name (with ``/``) apart."""
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

    def day(self, match: re.Match[str]) -> UTCDateTime | None:
        """Midnight of the day a file name stands for, if it tells one."""
        parts = {k: int(v) for k, v in match.groupdict().items() if k in _TIMES}
        if "year" not in parts:
            return None
        try:
            if "julday" in parts:
                date = dt.date(parts["year"], 1, 1) + dt.timedelta(parts["julday"] - 1)
            elif "month" in parts and "day" in parts:
                date = dt.date(parts["year"], parts["month"], parts["day"])
            else:
                return None
        except ValueError:
            return None
        return UTCDateTime(date)


def _floor(time: UTCDateTime, step: str) -> UTCDateTime:
    hour = time.hour if step == "hour" else 0
    return UTCDateTime(time.year, time.month, time.day, hour)


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
