"""One event: its window measured at every station."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd
from obspy import Inventory, Stream, UTCDateTime

from .. import tables
from ..amplitude import peak_amplitude
from ..config import Settings
from ..errors import ParameterError, WaveformError
from ..processing import preprocess
from ..spectral import amplitude_spectrum, spectral_attributes
from ..times import as_utc
from ..types import Spectrum
from .units import to_velocity

MIN_WINDOW = 5.0
"""Shortest stretch of signal (s) a spectrum of an event is taken from."""


@dataclass(frozen=True, kw_only=True)
class EventResult:
    """What one event yields.

    Attributes
    ----------
    event : dict
        The row of the events table it was made from.
    stream : Stream
        The window, in m/s where a response was known, else counts.
    attributes : DataFrame
        Spectral measures of every measured channel (``tables.ATTRIBUTES``).
    amplitudes : DataFrame
        Peak amplitudes of every channel (``tables.AMPLITUDES``).
    spectra : dict of str to Spectrum
        Amplitude spectrum of the signal window of each measured channel.
    best_trace_id : str
        Channel drawn large: the one with the largest ratio, if it could be measured.
    problems : tuple of str
        Channels that could not be measured, with the reason.
    """

    event: dict[str, Any]
    stream: Stream
    attributes: pd.DataFrame
    amplitudes: pd.DataFrame
    spectra: dict[str, Spectrum]
    best_trace_id: str
    problems: tuple[str, ...] = field(default=())


def process_event(
    stream: Stream,
    event: Mapping[str, Any] | pd.Series,
    *,
    inventory: Inventory | None = None,
    settings: Settings | None = None,
) -> EventResult:
    """Measure one event at every station of a window of records.

    Parameters
    ----------
    stream : Stream
        Raw records (counts) around the event, any channels; gaps as separate traces.
    event : mapping or Series
        With ``event_id``, ``time`` (or ``starttime``) and ``endtime``; a
        ``best_trace_id`` is honoured.
    inventory : Inventory, optional
        Where it holds a response, amplitudes are in m/s; else in counts.
    settings : Settings, optional
        The ``events`` and ``data`` sections are used.

    Returns
    -------
    EventResult

    Raises
    ------
    ParameterError
        If the event has no time.
    WaveformError
        If the stream is empty.
    """
    settings = settings or Settings()
    row = {str(k): v for k, v in dict(event).items()}
    if "time" not in row and "starttime" not in row:
        raise ParameterError(f"event {row.get('event_id', '')!r} has neither time nor starttime")
    if not len(stream):
        raise WaveformError(f"no records around event {row.get('event_id', '')!r}")
    onset = as_utc(row.get("time", row.get("starttime")))
    end = as_utc(row["endtime"]) if row.get("endtime") is not None else onset + MIN_WINDOW
    begin, until = onset - 1.0, max(end, onset + MIN_WINDOW)
    event_id = str(row.get("event_id", ""))

    moved = Stream()
    attributes: list[pd.DataFrame] = []
    amplitudes: list[pd.DataFrame] = []
    spectra: dict[str, Spectrum] = {}
    problems: list[str] = []
    for trace_id in sorted({t.id for t in stream}):
        try:
            clean = preprocess(stream.select(id=trace_id), detrend=settings.data.detrend, taper=0.0)
            velocity, _ = to_velocity(clean, inventory, settings)
            moved += velocity
            amplitudes.append(
                peak_amplitude(velocity, starttime=begin, endtime=until, event_id=event_id)
            )
            if fnmatchcase(trace_id, settings.data.measured):
                spectrum, rows = _spectrum(velocity, begin, until, event_id, settings)
                spectra[trace_id] = spectrum
                attributes.append(rows)
        except (ParameterError, WaveformError) as error:
            problems.append(f"{trace_id}: {error}")
    return EventResult(
        event=row,
        stream=moved,
        attributes=tables.ATTRIBUTES.concat(attributes),
        amplitudes=tables.AMPLITUDES.concat(amplitudes),
        spectra=spectra,
        best_trace_id=_best(row, spectra, amplitudes),
        problems=tuple(problems),
    )


def _spectrum(
    velocity: Stream, begin: UTCDateTime, until: UTCDateTime, event_id: str, settings: Settings
) -> tuple[Spectrum, pd.DataFrame]:
    window = velocity.slice(begin, until)
    if len(window) != 1:
        name = velocity[0].id if len(velocity) else "?"
        raise WaveformError(f"{name}: {'a gap' if len(window) else 'no record'} in the event")
    trace = window[0]
    e = settings.events
    nyquist = trace.stats.sampling_rate / 2
    spectrum = amplitude_spectrum(trace)
    rows = spectral_attributes(
        spectrum,
        freqmin=e.spectrum_freqmin,
        freqmax=e.spectrum_freqmax or 0.8 * nyquist,
        low=e.fi_low,
        high=e.fi_high,
        event_id=event_id,
    )
    return spectrum, rows


def _best(
    row: Mapping[str, Any], spectra: Mapping[str, Spectrum], amplitudes: list[pd.DataFrame]
) -> str:
    named = str(row.get("best_trace_id", "") or "")
    if named in spectra:
        return named
    known = [a for a in amplitudes if len(a) and a["trace_id"].iloc[0] in spectra]
    if not known:
        return ""
    every = pd.concat(known)
    same = every[every["units"] == every["units"].iloc[0]]
    return str(same.loc[same["value"].idxmax(), "trace_id"]) if same["value"].notna().any() else ""
