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
from ..network import Network
from ..processing import preprocess
from ..processing._metadata import responses_at_rest
from ..spectral import amplitude_spectrum, spectral_attributes
from ..times import as_timestamp, as_utc
from ..types import Spectrum
from .understanding import Understanding, understand_event
from .units import to_velocity

BEFORE, AFTER = 60.0, 120.0
"""Seconds read before and after an event, so that its kind can be told."""

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
    triggers : DataFrame
        Those of the triggers given that overlap the event (``tables.TRIGGERS``).
    problems : tuple of str
        Channels that could not be measured, with the reason.
    understanding : Understanding
        Arrivals, hypocentre, magnitudes and class.
    """

    event: dict[str, Any]
    stream: Stream
    attributes: pd.DataFrame
    amplitudes: pd.DataFrame
    spectra: dict[str, Spectrum]
    best_trace_id: str
    triggers: pd.DataFrame
    problems: tuple[str, ...] = field(default=())
    understanding: Understanding = field(default_factory=Understanding)


def event_window(
    onset: UTCDateTime, end: UTCDateTime, settings: Settings
) -> tuple[UTCDateTime, UTCDateTime]:
    """Return the span of record an event is understood from.

    Parameters
    ----------
    onset, end : UTCDateTime
        Of the event.
    settings : Settings
        A longer ``events.before`` or ``events.after`` is kept.

    Returns
    -------
    tuple of UTCDateTime
    """
    e = settings.events
    return onset - max(e.before, BEFORE), end + max(e.after, AFTER)


@responses_at_rest()
def process_event(
    stream: Stream,
    event: Mapping[str, Any] | pd.Series,
    *,
    inventory: Inventory | None = None,
    network: Network | None = None,
    triggers: pd.DataFrame | None = None,
    settings: Settings | None = None,
) -> EventResult:
    """Measure one event at every station: amplitudes, spectra, arrivals, place, size and kind.

    Parameters
    ----------
    stream : Stream
        Raw records (counts) around the event, any channels; gaps as separate traces. Best with
        a minute before and two minutes after it; amplitudes and spectra are taken from
        ``settings.events.before`` and ``after``.
    event : mapping or Series
        With ``event_id``, ``time`` (or ``starttime``) and ``endtime``; a
        ``best_trace_id`` is honoured.
    inventory : Inventory, optional
        Where it holds a response, amplitudes are in m/s; else in counts.
    network : Network, optional
        Positions and velocity model, to locate the event.
    triggers : DataFrame, optional
        Triggers to draw with it (``tables.TRIGGERS``).
    settings : Settings, optional
        The sections ``events``, ``data``, ``picks``, ``location``, ``magnitudes`` and
        ``classes`` are used.

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

    e = settings.events
    near = stream.slice(onset - e.before, end + e.after)
    clean = preprocess(near if len(near) else stream, detrend=settings.data.detrend, taper=0.0)
    moved, _ = to_velocity(clean, inventory, settings)
    attributes: list[pd.DataFrame] = []
    spectra: dict[str, Spectrum] = {}
    problems: list[str] = []
    for trace_id in dict.fromkeys(t.id for t in moved):
        if fnmatchcase(trace_id, settings.data.measured):
            mine = Stream([t for t in moved if t.id == trace_id])
            try:
                spectra[trace_id], rows = _spectrum(mine, begin, until, event_id, settings)
                attributes.append(rows)
            except (ParameterError, WaveformError) as error:
                problems.append(f"{trace_id}: {error}")
    around = _around(triggers, onset, end)
    amplitudes = peak_amplitude(moved, starttime=begin, endtime=until, event_id=event_id)
    return EventResult(
        event=row,
        stream=moved,
        attributes=tables.ATTRIBUTES.concat(attributes),
        amplitudes=amplitudes,
        spectra=spectra,
        best_trace_id=_best(row, spectra, amplitudes),
        triggers=around,
        problems=tuple(problems),
        understanding=understand_event(
            stream,
            row,
            network=network,
            inventory=inventory,
            triggers=around if triggers is not None else None,
            settings=settings,
        ),
    )


def _around(triggers: pd.DataFrame | None, onset: UTCDateTime, end: UTCDateTime) -> pd.DataFrame:
    if triggers is None:
        return tables.TRIGGERS.frame()
    near = (triggers["starttime"] <= as_timestamp(end)) & (
        triggers["endtime"] >= as_timestamp(onset)
    )
    return triggers[near].reset_index(drop=True)


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


def _best(row: Mapping[str, Any], spectra: Mapping[str, Spectrum], amplitudes: pd.DataFrame) -> str:
    named = str(row.get("best_trace_id", "") or "")
    if named in spectra:
        return named
    known = amplitudes[amplitudes["trace_id"].isin(list(spectra)) & amplitudes["value"].notna()]
    if not len(known):
        return ""
    same = known[known["units"] == known["units"].iloc[0]]
    return str(same.loc[same["value"].idxmax(), "trace_id"])
