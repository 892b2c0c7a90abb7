"""Calling parsers that are not ours: their failures and warnings, put into our words."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from ..errors import PaektuseisError

SLOWEST, FASTEST = 1e-5, 1e7
"""Sampling rates (Hz) outside which a header is wrong."""
EARLIEST_NS, LATEST_NS = -2_208_988_800 * 10**9, 7_258_118_400 * 10**9
"""1900 and 2200: no seismogram is of a time outside."""


def safe_text(text: str) -> str:
    r"""Return text with control characters escaped, fit for a log, a terminal or a table.

    Parameters
    ----------
    text : str
        For example a message that quotes a header.

    Returns
    -------
    str

    Examples
    --------
    >>> safe_text("A\nB")
    'A\\nB'
    """
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text)
    )


def impossible_times(start_ns: int, npts: int, rate: float) -> str:
    """Why samples cannot be of these times; ``""`` if they can.

    Parameters
    ----------
    start_ns : int
        First sample, ns since 1970.
    npts : int
        Number of samples.
    rate : float
        Samples a second.

    Returns
    -------
    str

    Examples
    --------
    >>> impossible_times(0, 100, 1e-9)
    'a sampling rate of 1e-09 Hz'
    """
    if not SLOWEST <= rate <= FASTEST:
        return f"a sampling rate of {rate:g} Hz"
    if start_ns < EARLIEST_NS:
        return "a begin before 1900"
    if start_ns + npts / rate * 1e9 > LATEST_NS:
        return f"an end after 2200 ({npts} samples at {rate:g} Hz)"
    return ""


class ForeignParser:
    """Context in which any failure of a parser becomes ``error(path, what, reason)``.

    Parsers raise whatever they stumble over; none of it may pass for an error of the caller.
    Warnings are collected in ``warnings`` instead of being shown.
    """

    def __init__(self, path: Path, what: str, error: type[PaektuseisError]) -> None:
        self.path, self.what, self.error = path, what, error
        self.warnings: list[str] = []
        self._catch = warnings.catch_warnings(record=True)

    def __enter__(self) -> ForeignParser:
        self._log = self._catch.__enter__()
        warnings.simplefilter("always")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._catch.__exit__(kind, fault, trace)
        self.warnings = [
            safe_text(str(w.message))
            for w in self._log or ()
            if not issubclass(w.category, DeprecationWarning | PendingDeprecationWarning)
        ]
        if isinstance(fault, Exception) and not isinstance(fault, PaektuseisError):
            reason = safe_text(str(fault))[:300] or "no reason given"
            raise self.error(
                f"{self.path}: cannot be read as {self.what}: {type(fault).__name__}: {reason}"
            ) from fault


@contextmanager
def private_copy(data: bytes, suffix: str = "") -> Iterator[str]:
    """A temporary file of the caller's own with the given bytes, removed afterwards."""
    handle, name = tempfile.mkstemp(prefix="paektuseis-", suffix=suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        yield name
    finally:
        os.unlink(name)
