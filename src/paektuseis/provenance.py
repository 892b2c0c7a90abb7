"""What a trace carries besides its samples.

Waveforms are plain obspy traces; what paektuseis must know of one is kept in
a single place, ``trace.stats.paektuseis`` (an ``AttribDict``), written and
read only through this module:

``units``
    ``"counts"``, ``"m"``, ``"m/s"``, ``"m/s**2"`` or ``"ratio"``.
``freqmin``, ``freqmax``
    The band (Hz) the trace was filtered to, or ``None``.
``valid_from``, ``valid_until``
    First and last instant not disturbed by the settling of a filter. Absolute
    times, so that they stay right when the trace is cut.
``method``, ``sta``, ``lta``
    On a characteristic function: how it was made (seconds).
``blind_until``
    On a characteristic function: nothing before this instant can be judged
    (filter settling and LTA warm-up).
``findings``
    What the reader had to say of this trace: a tuple of rows of the quality
    table, so that damage found while reading is not lost on the way.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from numpy.typing import NDArray
from obspy import Inventory, Trace, UTCDateTime
from obspy.core import AttribDict
from obspy.core.trace import Stats

KEY = "paektuseis"


def trace_like(trace: Trace, data: NDArray[Any], starttime: UTCDateTime) -> Trace:
    """Return a trace of the given samples with the header of another one.

    Nothing that can be changed is shared but a ``response``. obspy's own way, a deep copy,
    costs twenty times as much, which tells where a record has thousands of gaps.
    """
    stats = Stats.__new__(Stats)
    header = vars(stats)
    for key, value in vars(trace.stats).items():
        if isinstance(value, AttribDict):
            kind: Any = type(value)
            copied = kind.__new__(kind)
            vars(copied).update(vars(value))
            header[key] = copied
        else:
            header[key] = list(value) if isinstance(value, list) else value
    header["npts"] = len(data)
    stats.starttime = starttime  # works out the end as well
    new = Trace.__new__(Trace)
    vars(new)["stats"] = stats
    vars(new)["data"] = data
    return new


def note(trace: Trace, **items: Any) -> Trace:
    """Write items into a trace's record (in place: for traces the library has just made)."""
    known = dict(trace.stats.get(KEY, {}))
    known.update(items)
    trace.stats[KEY] = AttribDict(known)
    return trace


def recall(trace: Trace, key: str, default: Any = None) -> Any:
    """Read one item of a trace's record."""
    return trace.stats.get(KEY, {}).get(key, default)


def units_of(trace: Trace) -> str:
    """Return the unit of the samples; a trace nobody converted is in counts."""
    return str(recall(trace, "units", "counts"))


def band_of(trace: Trace) -> tuple[float | None, float | None]:
    """Return the band in hertz the trace was filtered to (``None`` = open)."""
    return recall(trace, "freqmin"), recall(trace, "freqmax")


def valid_span(trace: Trace) -> tuple[UTCDateTime, UTCDateTime]:
    """Return the first and last instant of the trace not disturbed by filter settling."""
    start, end = trace.stats.starttime, trace.stats.endtime
    begin = recall(trace, "valid_from", start)
    until = recall(trace, "valid_until", end)
    return max(start, begin), min(end, until)


def log_step(trace: Trace, text: str) -> Trace:
    """Append one line to ``stats.processing``, as obspy's own methods do."""
    from . import __version__

    history = list(trace.stats.get("processing", []))
    history.append(f"paektuseis {__version__}: {text}")
    trace.stats.processing = history
    return trace


PACKAGES = ("obspy", "numpy", "scipy", "pandas", "pyarrow", "numba", "matplotlib")
"""Libraries whose version may show in a number or a figure."""


def package_versions() -> dict[str, str | None]:
    """Return the versions of the libraries a result rests on (None: not installed)."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def is_synthetic(inventory: Inventory | None, network: Any = None, note: str = "") -> bool:
    """Whether metadata, network or note say that the records were computed, not recorded."""
    words = [note, getattr(network, "title", ""), getattr(network, "note", "")]
    if isinstance(inventory, Inventory):
        words += [inventory.source, inventory.sender, *(n.description for n in inventory)]
    return any("synthetic" in str(w or "").lower() for w in words)
