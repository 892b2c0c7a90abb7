"""Binary SAC: the header held against the file and against itself, then the samples.

SAC carries no checksum. What it states twice is compared: the number of samples and
the size of the file, the end time and the sampling interval, the least and greatest
sample. Layout after the SAC user manual (header versions 6 and 7).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
from obspy import Trace, UTCDateTime
from obspy.core import AttribDict

from ..errors import WaveformError
from ._findings import Finding, finding
from ._foreign import impossible_times
from ._formats import is_sac
from ._mseed import _code
from ._sources import FileBytes

_FLOATS = (
    "delta depmin depmax scale odelta b e o a internal0 t0 t1 t2 t3 t4 t5 t6 t7 t8 t9 f resp0 "
    "resp1 resp2 resp3 resp4 resp5 resp6 resp7 resp8 resp9 stla stlo stel stdp evla evlo evel "
    "evdp mag user0 user1 user2 user3 user4 user5 user6 user7 user8 user9 dist az baz gcarc "
    "internal1 internal2 depmen cmpaz cmpinc xminimum xmaximum yminimum ymaximum"
)
_INTEGERS = (
    "nzyear nzjday nzhour nzmin nzsec nzmsec nvhdr norid nevid npts internal3 nwfid nxsize "
    "nysize unused13 iftype idep iztype unused14 iinst istreg ievreg ievtyp iqual isynth imagtyp "
    "imagsrc unused15 unused16 unused17 unused18 unused19 unused20 unused21 unused22 leven "
    "lpspol lovrok lcalda unused23"
)
_TEXTS = (
    "kstnm kevnm kevnm2 khole ko ka kt0 kt1 kt2 kt3 kt4 kt5 kt6 kt7 kt8 kt9 kf kuser0 kuser1 "
    "kuser2 kcmpnm knetwk kdatrd kinst"
)
_UNDEFINED = -12345
HEADER, FOOTER = 632, 176
_SPECTRA = {2: "spectral file", 3: "spectral file", 51: "three-dimensional file"}
_EPSILON = float(np.finfo(np.float32).eps)


def _header(source: FileBytes, order: str) -> dict[str, Any]:
    """All header values that are defined, by SAC's names."""
    raw = source.data[:HEADER].tobytes()
    out: dict[str, Any] = {}
    with np.errstate(invalid="ignore"):  # a signalling NaN
        floats = np.frombuffer(raw, order + "f4", 70).astype(np.float64)
    out |= {n: float(v) for n, v in zip(_FLOATS.split(), floats, strict=False) if v != _UNDEFINED}
    numbers = np.frombuffer(raw, order + "i4", 40, 280)
    out |= {n: int(v) for n, v in zip(_INTEGERS.split(), numbers, strict=True) if v != _UNDEFINED}
    for place, name in enumerate(_TEXTS.split()):
        text = raw[440 + 8 * place : 448 + 8 * place].split(b"\0")[0].rstrip()
        if text != b"-12345" and text:
            out[name] = text.decode("latin-1")
    if "kevnm2" in out:
        out["kevnm"] = out.get("kevnm", "").ljust(8) + out.pop("kevnm2")
    return out


def _rate(delta: float) -> float:
    """Sampling rate (Hz) of an interval (s) kept in 32 bits.

    The whole number, or the rate of an interval of whole milli- or microseconds, that cannot
    be told from it; if there is none, its inverse.
    """
    rate = 1.0 / delta
    for near in (float(round(rate)), *(1.0 / (round(delta, n) or np.inf) for n in (3, 6))):
        if near > 0 and abs(near / rate - 1.0) < 2 * _EPSILON:
            return near
    return rate


def _check(header: dict[str, Any], source: FileBytes) -> int:
    """Number of samples, held against the size of the file."""
    path = source.path
    delta = header.get("delta", float(_UNDEFINED))
    if not (np.isfinite(delta) and delta > 0):
        raise WaveformError(f"{path}: SAC sampling interval delta={delta:g} s")
    if header.get("leven") == 0:
        raise WaveformError(f"{path}: unevenly sampled SAC file; resample it first")
    if header.get("iftype") in _SPECTRA:
        raise WaveformError(f"{path}: SAC {_SPECTRA[header['iftype']]}, not a time series")
    npts = header.get("npts", _UNDEFINED)
    expected = HEADER + 4 * npts + (FOOTER if header["nvhdr"] == 7 else 0)
    if npts <= 0 or source.data.size != expected:
        raise WaveformError(
            f"{path}: SAC header claims npts={npts} ({expected} bytes), "
            f"the file has {source.data.size} bytes"
        )
    return int(npts)


def _reference(header: dict[str, Any], path: Path) -> UTCDateTime:
    names = ("nzyear", "nzjday", "nzhour", "nzmin", "nzsec", "nzmsec")
    if any(n not in header for n in names) or "b" not in header:
        raise WaveformError(f"{path}: SAC file without reference time: no absolute time")
    year, day, hour, minute, second, milli = (header[n] for n in names)
    try:
        if not (1900 <= year <= 2100 and 1 <= day <= 366 and np.isfinite(header["b"])):
            raise ValueError
        first = dt.datetime(year, 1, 1, hour, minute, second, milli * 1000)
        date = first + dt.timedelta(days=day - 1)
        if date.year != year or not abs(header["b"]) < 1e9:
            raise ValueError
    except (ValueError, OverflowError):
        raise WaveformError(
            f"{path}: SAC reference time {year}-{day:03d}T{hour}:{minute}:{second} "
            f"with b={header['b']:g} s is no time"
        ) from None
    return UTCDateTime(date)


def _exact(header: dict[str, Any], source: FileBytes, order: str) -> list[str]:
    """Take the interval and begin in 64 bits from the end of a version 7 file."""
    values = np.frombuffer(source.data[-FOOTER:].tobytes(), order + "f8", 2)
    told = []
    for name, value in zip(("delta", "b"), values, strict=True):
        if abs(value - header[name]) <= _EPSILON * abs(header[name]):
            header[name] = float(value)
        elif value != _UNDEFINED:
            told.append(f"{name} reads {header[name]:g} s in the header, {value:g} s at the end")
    return told


def _contradictions(header: dict[str, Any], data: Any) -> list[tuple[str, str, str]]:
    """What the header states twice and differently: check, severity, words."""
    out = []
    span = (header["npts"] - 1) * header["delta"]
    end = header["b"] + span
    if "e" in header:
        slack = 0.5 * header["delta"] + 4 * _EPSILON * (abs(end) + abs(span) + abs(header["b"]))
        if not abs(header["e"] - end) <= slack:
            words = f"end e={header['e']:g} s, but begin, interval and samples give {end:g} s"
            out.append(("header_times", "warning", words))
    with np.errstate(invalid="ignore"):
        for name, found in (("depmin", np.nanmin), ("depmax", np.nanmax)):
            if name in header and np.isfinite(data).any():
                value = float(found(data[np.isfinite(data)]))
                if not abs(header[name] - value) <= 1e-5 * max(abs(value), abs(header[name])):
                    words = f"{name}={header[name]:g}, but the samples give {value:g}"
                    out.append(("header_range", "info", words))
    return out


def read_sac(source: FileBytes, *, headonly: bool = False) -> tuple[list[Trace], list[Finding]]:
    """Read a binary SAC file whose header makes sense.

    Raises
    ------
    WaveformError
        Naming the file and the field that does not.
    """
    path = source.path
    order = is_sac(source.data[:HEADER].tobytes())
    header = _header(source, order)
    npts = _check(header, source)
    reference = _reference(header, path)
    told = [("header_times", "warning", t) for t in _exact(header, source, order)] * (
        header["nvhdr"] == 7
    )
    rate, start = _rate(header["delta"]), reference + header["b"]
    if why := impossible_times(start.ns, npts, rate):
        raise WaveformError(f"{path}: SAC header states {why}")
    scale = header.get("scale", 1.0)
    if not (np.isfinite(scale) and scale):
        told.append(("bad_header", "warning", f"scale={scale:g} is no calibration; 1 taken"))
    raw = source.data[HEADER : HEADER + 4 * npts].tobytes()
    data = np.frombuffer(raw, order + "f4").astype(np.float32)
    stats = {
        "network": _code(header.get("knetwk", "").encode("latin-1")),
        "station": _code(header.get("kstnm", "").encode("latin-1")),
        "location": _code(header.get("khole", "").encode("latin-1")),
        "channel": _code(header.get("kcmpnm", "").encode("latin-1")),
        "sampling_rate": rate,
        "starttime": start,
        "calib": scale if np.isfinite(scale) and scale else 1.0,
        "_format": "SAC",
        "sac": AttribDict(header),
    }
    trace = Trace(data, header=stats)
    told += _contradictions(header, data)
    findings = [
        finding(
            check,
            severity,
            f"{path.name}: SAC header: {words}",
            trace_id=trace.id,
            starttime=trace.stats.starttime,
            endtime=trace.stats.endtime,
            value=1,
            units="headers",
            path=path,
        )
        for check, severity, words in told
    ]
    if headonly:
        trace.data = np.empty(0, np.float32)
        trace.stats.npts = npts
    return [trace], findings
