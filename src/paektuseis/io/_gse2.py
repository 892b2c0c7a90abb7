"""GSE2 and GSE1 waveforms: sections of a header line, data lines and a checksum.

Each section is parsed by fixed columns, its samples are decoded (CM6 or integers as
text) and held against the number claimed and against the checksum (CHK2, CHK1). A
section that fails is left out and reported; the others are read. The layout follows
GSE2.1 (Provisional GSE 2.1 Message Formats & Protocols, GSETT-3 Operations Annex 3, 1997).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Trace, UTCDateTime
from obspy.core import AttribDict

from ..errors import WaveformError
from . import _kernels_gse as kernels
from ._findings import Finding, finding
from ._foreign import impossible_times
from ._mseed import _code
from ._mseed_report import _capped
from ._sources import FileBytes

LONGEST_LINE = 1024
_ALPHABET = b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SIXES = np.full(256, 255, np.uint8)
_SIXES[np.frombuffer(_ALPHABET, np.uint8)] = np.arange(64)
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_CHECK = re.compile(rb"CHK[12]\s+(-?\d+)\s*$")
_KINDS = {"CM6": 2, "CMP6": 2, "INT": 0, "INTV": 0}


class _BadSection(Exception):
    """A section that cannot be used: name of the check and the reason."""

    def __init__(self, check: str, reason: str) -> None:
        super().__init__(reason)
        self.check = check


@dataclass
class _Section:
    """Lines of a section, the number of its first one (from 1) and its offset in the file."""

    lines: list[bytes]
    number: int
    offset: int


def read_gse(source: FileBytes, *, headonly: bool = False) -> tuple[list[Trace], list[Finding]]:
    """Read the sections of a GSE2 or GSE1 file; one that fails its checks is a finding.

    Raises
    ------
    WaveformError
        If no section is usable.
    """
    traces: list[Trace] = []
    findings: list[Finding] = []
    for section in _sections(source.data.tobytes()):
        try:
            trace, told = _read_section(section)
        except _BadSection as error:
            findings.append(_finding(error.check, "error", str(error), section, source.path))
            continue
        findings += [_finding("bad_header", "warning", t, section, source.path) for t in told]
        if headonly:
            npts = trace.stats.npts
            trace.data = np.empty(0, np.int32)
            trace.stats.npts = npts
        traces.append(trace)
    if not traces:
        why = findings[0]["message"] if findings else f"{source.path.name}: no section in it"
        raise WaveformError(f"{source.path}: GSE2: no usable section: {why}")
    return traces, _capped(findings, source.path)


def _finding(check: str, severity: str, text: str, section: _Section, path: Path) -> Finding:
    return finding(
        check,
        severity,
        f"{path.name}: section at byte {section.offset} (line {section.number}): {text}"
        + ("; left out" if severity == "error" else ""),
        value=1,
        units="sections",
        path=path,
    )


def _sections(content: bytes) -> list[_Section]:
    out: list[_Section] = []
    offset = 0
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.startswith((b"WID2 ", b"WID1 ")):
            out.append(_Section([], number, offset))
        if out:
            out[-1].lines.append(line)
        offset += len(line) + 1
    return out


def _read_section(section: _Section) -> tuple[Trace, list[str]]:
    head = section.lines[0]
    new = head.startswith(b"WID2")
    header, npts, kind, order = _wid2(head) if new else _wid1(section.lines)
    if new and len(section.lines) > 1 and section.lines[1].startswith(b"STA2"):
        _sta2(section.lines[1], header)
    if why := impossible_times(header["starttime"].ns, npts, header["sampling_rate"]):
        raise _BadSection("bad_time", f"header states {why}")
    begin, end, check = _data_lines(section, b"DAT2" if new else b"DAT1")
    text = section.lines[begin:end]
    if kind in ("CM6", "CMP6"):
        data = _six_bit(text, npts, section.number + begin)
    elif kind in ("INT", "INTV"):
        data = _integers(text, npts)
    else:
        raise _BadSection(
            "bad_encoding", f"data type {kind!r}; this reader knows CM6 and INT (CMP6, INTV)"
        )
    for _ in range(order):
        data = np.cumsum(data, dtype=np.int32)  # 32-bit sums wrap around
    found = int(kernels.checksum(data))
    if found != abs(check):
        raise _BadSection(
            "bad_checksum",
            f"checksum of the samples is {found}, the file states {check}: samples are damaged",
        )
    doubts = header.pop("doubts")
    return Trace(data, header=header), doubts


def _field(text: bytes, name: str) -> int:
    text = text.strip()
    if not text.isdigit():
        raise _BadSection("bad_header", f"{name} reads {text.decode('latin-1')!r}")
    return int(text)


def _float(text: bytes) -> float | None:
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _rate(text: bytes) -> float:
    rate = _float(text)
    if rate is None or not (np.isfinite(rate) and rate > 0):
        raise _BadSection("bad_rate", f"sampling rate reads {text.strip().decode('latin-1')!r}")
    return rate


def _start(year: int, month: int, day: int, parts: list[bytes]) -> UTCDateTime:
    hour, minute, second, milli = (
        _field(p, n) for p, n in zip(parts, ("hour", "minute", "second", "ms"), strict=True)
    )
    try:
        date = dt.datetime(year, month, day, hour, minute, second, milli * 1000)
    except ValueError as error:
        raise _BadSection("bad_time", f"start time is none: {error}") from None
    return UTCDateTime(date)


def _numbers(pairs: dict[str, bytes]) -> tuple[dict[str, Any], list[str]]:
    """Values of lesser fields; what does not read as a number is NaN, and told."""
    values: dict[str, Any] = {}
    told = []
    for name, text in pairs.items():
        value = _float(text)
        values[name] = float("nan") if value is None else value
        if value is None and text.strip():
            told.append(f"{name} reads {text.strip().decode('latin-1')!r}, no number")
    if not (np.isfinite(values.get("calib", 1.0)) and values.get("calib", 1.0)):
        values["calib"] = 1.0
    return values, told


def _wid2(line: bytes) -> tuple[dict[str, Any], int, str, int]:
    if line[9:10] + line[12:13] + line[18:19] + line[21:22] + line[24:25] != b"//::.":
        raise _BadSection("bad_time", f"no date and time in columns 6 to 28 of {line[:28]!r}")
    numbers, doubts = _numbers(
        {
            "calib": line[69:79],
            "calper": line[80:87],
            "hang": line[95:100],
            "vang": line[101:105],
        }
    )
    year, month, day = (
        _field(line[a:b], n) for a, b, n in ((5, 9, "year"), (10, 12, "month"), (13, 15, "day"))
    )
    kind = line[44:48].strip().decode("latin-1")
    calib = numbers.pop("calib")
    header = {
        "starttime": _start(year, month, day, [line[16:18], line[19:21], line[22:24], line[25:28]]),
        "station": _code(line[29:34]),
        "channel": _code(line[35:38].upper()),
        "sampling_rate": _rate(line[57:68]),
        "calib": calib,
        "_format": "GSE2",
        "gse2": AttribDict(
            auxid=_code(line[39:43]), datatype=kind, instype=_code(line[88:94]), **numbers
        ),
        "doubts": doubts,
    }
    return header, _field(line[48:56], "number of samples"), kind, _KINDS.get(kind, 0)


def _sta2(line: bytes, header: dict[str, Any]) -> None:
    """Network and place of the station; the last two fields are often out of their columns."""
    header["network"] = _code(line[5:14])
    depths = line[48:].split()
    pairs = {"lat": line[15:24], "lon": line[25:35]}
    if len(depths) == 2:
        pairs |= {"elev": depths[0], "edepth": depths[1]}
    values, doubts = _numbers(pairs)
    header["gse2"].update(values | {"coordsys": line[36:48].strip().decode("latin-1")})
    header["doubts"] += doubts


def _wid1(lines: list[bytes]) -> tuple[dict[str, Any], int, str, int]:
    line = lines[0]
    year, doy = _field(line[5:10], "year"), _field(line[10:13], "day of the year")
    if not 1 <= doy <= 366 or not 1 <= year <= 9998:
        raise _BadSection("bad_time", f"day {doy} of the year {year}")
    date = dt.date(year, 1, 1) + dt.timedelta(days=doy - 1)
    if date.year != year:
        raise _BadSection("bad_time", f"day {doy} of the year {year}")
    second = lines[1] if len(lines) > 1 else b""
    numbers, doubts = _numbers(
        {
            "calib": second[0:10],
            "calper": second[10:17],
            "lat": second[18:27],
            "lon": second[28:37],
            "elev": second[38:47],
            "edepth": second[48:57],
        }
    )
    kind = line[74:78].strip().decode("latin-1")
    order = line[79:80]
    if order not in (b"0", b"1", b"2"):
        raise _BadSection("bad_header", f"order of differences reads {order!r}")
    calib = numbers.pop("calib")
    header = {
        "starttime": _start(
            year, date.month, date.day, [line[14:16], line[17:19], line[20:22], line[23:26]]
        ),
        "station": _code(line[36:42]),
        "channel": _code(line[52:54].upper()),
        "sampling_rate": _rate(line[55:66]),
        "calib": calib,
        "_format": "GSE1",
        "gse1": AttribDict(
            instype=_code(line[43:51]), type=_code(line[67:73]), datatype=kind, **numbers
        ),
        "doubts": doubts,
    }
    return header, _field(line[27:35], "number of samples"), kind, int(order)


def _data_lines(section: _Section, magic: bytes) -> tuple[int, int, int]:
    """First line of the samples, the one after the last, and the checksum stated."""
    begin = end = 0
    for place, line in enumerate(section.lines):
        if len(line) > LONGEST_LINE:
            raise _BadSection(
                "bad_line",
                f"line {section.number + place} has {len(line)} characters, more than "
                f"{LONGEST_LINE}; line breaks were lost",
            )
        if not begin and line.strip() == magic:
            begin = place + 1
        elif begin and (stated := _CHECK.match(line)):
            end = place
            return begin, end, int(stated[1])
    if not begin:
        raise _BadSection("cut_record", f"no {magic.decode()} line")
    raise _BadSection("cut_record", "cut: no checksum line after the samples")


def _claim(npts: int, most: int) -> None:
    if not 0 < npts <= most:
        raise _BadSection(
            "bad_count", f"{npts} samples claimed by a section that holds no more than {most}"
        )


def _six_bit(lines: list[bytes], npts: int, number: int) -> NDArray[np.int32]:
    text = b"".join(line.rstrip() for line in lines)
    _claim(npts, len(text))
    wide = np.empty(npts, np.int64)
    count = int(kernels.join_sixes(_SIXES[np.frombuffer(text, np.uint8)], wide))
    if count < 0:
        at = -count - 1
        raise _BadSection(
            "bad_data", f"the samples make no sense at character {at + 1} after line {number - 1}"
        )
    if count != npts:
        raise _BadSection("bad_count", f"{npts} samples claimed, {count} found")
    return wide.astype(np.int32)


def _integers(lines: list[bytes], npts: int) -> NDArray[np.int32]:
    words = b" ".join(lines).split()
    _claim(npts, sum(map(len, lines)))
    if len(words) != npts:
        raise _BadSection("bad_count", f"{npts} samples claimed, {len(words)} found")
    for word in words:
        if not word.lstrip(b"+-").isdigit() or len(word) > 11:
            raise _BadSection("bad_data", f"{word[:20].decode('latin-1')!r} is no sample")
    try:
        values = np.array(words, dtype=np.bytes_).astype(np.int64)
    except ValueError:
        raise _BadSection("bad_data", "a sample is no number") from None
    if values.size and (values.min() < -(2**31) or values.max() >= 2**31):
        raise _BadSection("bad_data", "a sample needs more than 32 bits")
    return values.astype(np.int32)
