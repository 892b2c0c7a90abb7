"""One channel of one day: each record decoded once, everything taken from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace, UTCDateTime

from .. import tables
from ..amplitude import RATIO_FAMILY, RsamBand, band_amplitudes
from ..config import DetectorSettings, Settings
from ..detection import detect_triggers
from ..errors import MetadataError, ParameterError, WaveformError
from ..io import Archive
from ..processing import check_waveforms, memory_time, sound_pieces
from ..provenance import units_of, valid_span
from ..spectral import (
    NoisePSD,
    minute_spectra,
    noise_psd,
    octave_bands,
    power_spectral_density,
)
from ..times import as_timestamp, as_utc
from ..types import Spectrogram, Spectrum
from .units import continuous_velocity

RECURSIVE_MEMORY = 25.0
"""LTA lengths after which a recursive STA/LTA no longer feels where it started (e^-25)."""

CONTEXT = 900.0
"""Seconds before a span whose triggers are right too, so that groups begin where they would."""

TAIL = 2100.0
"""Seconds after a span in which its last event and its last hour of noise end, and beyond which
the blocks of the response removal change no bit."""

DAY_NS = 86_400_000_000_000

LONGEST_TAIL = 6 * 3600.0
"""A trigger still on after so many seconds is left open."""


@dataclass(frozen=True, kw_only=True)
class ChannelDay:
    """What one channel yields in one day.

    ``triggers`` and ``monitoring`` reach from :data:`CONTEXT` before the span to the end of
    what was read; all else is of the span alone. ``timings`` are CPU seconds by stage.
    """

    trace_id: str
    quality: pd.DataFrame
    availability: pd.DataFrame
    triggers: pd.DataFrame
    monitoring: pd.DataFrame
    rsam: pd.DataFrame = field(default_factory=tables.RSAM.frame)
    ratios: pd.DataFrame = field(default_factory=tables.RATIOS.frame)
    ssam: pd.DataFrame = field(default_factory=tables.SSAM.frame)
    spectrogram: Spectrogram | None = None
    noise: NoisePSD | None = None
    psd: Spectrum | None = None
    units: str = "counts"
    problems: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)


@dataclass
class _Clock:
    """CPU seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begin = time.thread_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.thread_time() - begin


def lead_time(settings: Settings) -> float:
    """Return the seconds of record to read before a span so that nothing depends on its start."""
    detectors = (
        _memory(d.freqmin, d.freqmax, d.corners)
        + d.lta * (RECURSIVE_MEMORY if d.method == "recursive" else 3.0)
        for d in settings.detectors
    )
    bands = [(settings.amplitude.freqmin, settings.amplitude.freqmax)]
    for ratio in RATIO_FAMILY:
        if ratio.name in settings.ratios.names:
            bands += [ratio.low, ratio.high]
    measures = settings.data.response_memory + max(_memory(*band) for band in bands)
    return CONTEXT + max(*detectors, measures)


def _memory(freqmin: float | None, freqmax: float | None, corners: int = 4) -> float:
    if freqmin is None and freqmax is None:
        return 0.0
    # the slowest decay is set by the corners, not by the sampling rate
    rate = 8.0 * (freqmax or 4.0 * (freqmin or 1.0))
    return memory_time(rate, freqmin=freqmin, freqmax=freqmax, corners=corners)


def whole_days(start: UTCDateTime, end: UTCDateTime) -> tuple[UTCDateTime, UTCDateTime]:
    """Return begin and end of the UTC days a span touches."""
    return UTCDateTime(ns=start.ns // DAY_NS * DAY_NS), UTCDateTime(
        ns=-(-end.ns // DAY_NS) * DAY_NS
    )


def half_open(stream: Stream, starttime: UTCDateTime, endtime: UTCDateTime) -> Stream:
    """Return the samples with ``starttime <= time < endtime`` (views on the data)."""
    return stream.slice(starttime, endtime - 1e-6, nearest_sample=False)


def process_channel(
    archive: Archive,
    trace_id: str,
    starttime: UTCDateTime,
    endtime: UTCDateTime,
    settings: Settings,
    inventory: Inventory | None,
    *,
    station_spectrum: bool = True,
    per_octave: int = 0,
) -> ChannelDay:
    """Read one channel once and derive quality, triggers, amplitudes and spectra.

    Parameters
    ----------
    archive : Archive
    trace_id : str
    starttime, endtime : UTCDateTime
        The span, half open.
    settings : Settings
    inventory : Inventory or None
    station_spectrum : bool, optional
        Also the median spectrum of the span with the resolution of ``spectra.psd_window``.
    per_octave : int, optional
        Reduce the spectrogram to so many bands in an octave; 0 keeps every frequency.

    Returns
    -------
    ChannelDay
    """
    clock = _Clock()
    problems: list[str] = []
    lead = lead_time(settings)
    with clock.stage("read"):
        raw = archive.read(trace_id, starttime - lead, endtime + TAIL)
    day = half_open(raw, starttime, endtime)
    with clock.stage("quality"):
        quality = check_waveforms(
            raw, inventory=inventory, starttime=starttime, endtime=endtime, context_rows=True
        )
        sound = sound_pieces(raw, quality)
    listening = tuple(d for d in settings.detectors if fnmatchcase(trace_id, d.channels))
    triggers, monitoring = tables.TRIGGERS.frame(), tables.MONITORING.frame()
    if listening and len(raw):
        with clock.stage("detect"):
            triggers, monitoring = _detect(
                archive, trace_id, raw, sound, quality, listening, starttime, endtime, lead,
                problems,
            )  # fmt: skip
    out = ChannelDay(
        trace_id=trace_id,
        quality=_of_span(quality, starttime, endtime),
        availability=_segments(day),
        triggers=triggers,
        monitoring=monitoring,
        problems=tuple(problems),
        timings=clock.seconds,
    )
    if not fnmatchcase(trace_id, settings.data.measured):
        return out
    if not len(day):
        sound = _sample_of_day(archive, trace_id, starttime, endtime)
        if not len(sound):
            return out
    return _measured(
        out, sound, starttime, endtime, settings, inventory, clock, station_spectrum,
        per_octave,
    )  # fmt: skip


def _sample_of_day(archive: Archive, trace_id: str, start: UTCDateTime, end: UTCDateTime) -> Stream:
    """Return a minute of the UTC day a span without samples is a part of, if that has any.

    What windows the channel should have had depends on it, so that the empty part of a day has
    the same rows whether it is processed alone or with the rest.
    """
    first, last = whole_days(start, end)
    if last - first <= end - start:
        return Stream()
    spans = archive.availability(trace_id, first, last - 1e-6)
    if not len(spans):
        return Stream()
    begin = as_utc(spans["starttime"].iloc[0])
    return archive.read(trace_id, begin, min(begin + 60.0, last - 1e-6))


def _detect(
    archive: Archive,
    trace_id: str,
    raw: Stream,
    sound: Stream,
    quality: pd.DataFrame,
    detectors: tuple[DetectorSettings, ...],
    starttime: UTCDateTime,
    endtime: UTCDateTime,
    lead: float,
    problems: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return triggers and monitoring, reading on while an event of the span has not ended."""
    tail = TAIL
    while True:
        notes: list[str] = []
        triggers, monitoring = detect_triggers(
            sound, detectors, starttime=starttime - CONTEXT, endtime=endtime + tail, problems=notes
        )
        if tail >= LONGEST_TAIL or not _still_on(triggers, starttime, endtime, endtime + tail):
            break
        tail = min(4.0 * tail, LONGEST_TAIL)
        longer = archive.read(trace_id, starttime - lead, endtime + tail)
        if max(t.stats.endtime for t in longer) <= max(t.stats.endtime for t in raw):
            break  # the record ends here
        quality = check_waveforms(longer, starttime=starttime, endtime=endtime, context_rows=True)
        sound = sound_pieces(longer, quality)
    problems += notes
    flagged = [
        flag_spikes(triggers[triggers["detector"] == d.name], quality, within=d.sta)
        for d in detectors
    ]
    return tables.TRIGGERS.concat(flagged), monitoring


def _still_on(
    triggers: pd.DataFrame, start: UTCDateTime, end: UTCDateTime, until: UTCDateTime
) -> bool:
    """Whether a trigger that may belong to an event of the span was on when the record stopped."""
    begin = pd.Timestamp((start - CONTEXT).ns, tz="UTC")
    late = pd.Timestamp((end + CONTEXT / 3).ns, tz="UTC")
    stop = pd.Timestamp((until - 1.0).ns, tz="UTC")
    mine = triggers["open_end"] & (triggers["starttime"] >= begin) & (triggers["starttime"] < late)
    return bool((mine & (triggers["endtime"] >= stop)).any())


def flag_spikes(triggers: pd.DataFrame, quality: pd.DataFrame, *, within: float) -> pd.DataFrame:
    """Flag the triggers that a spike of the record set off; they stay in the table.

    Parameters
    ----------
    triggers : DataFrame
        ``tables.TRIGGERS`` of one channel.
    quality : DataFrame
        ``tables.QUALITY`` of the same channel.
    within : float
        Seconds after a spike in which an onset is taken to be its doing: the short window.

    Returns
    -------
    DataFrame
    """
    spikes = quality[quality["check"] == "spike"]
    if not len(triggers) or not len(spikes):
        return triggers
    onset = triggers["starttime"].to_numpy()[:, None]
    margin = pd.Timedelta(seconds=0.05)
    hit = (onset >= (spikes["starttime"] - margin).to_numpy()[None, :]) & (
        onset <= (spikes["endtime"] + pd.Timedelta(seconds=within)).to_numpy()[None, :]
    )
    return triggers.assign(flag=np.where(hit.any(axis=1), "spike", triggers["flag"]))


def _measured(
    out: ChannelDay,
    sound: Stream,
    start: UTCDateTime,
    end: UTCDateTime,
    settings: Settings,
    inventory: Inventory | None,
    clock: _Clock,
    station_spectrum: bool,
    per_octave: int,
) -> ChannelDay:
    """Return the channel with its amplitudes and spectra."""
    problems = list(out.problems)
    found: dict[str, Any] = {}
    present = len(half_open(sound, start, end)) > 0
    if settings.spectra.noise and present:
        with clock.stage("noise"), _noted(problems, "noise"):
            physical = inventory if settings.data.physical_units else None
            found["noise"] = noise_psd(sound, inventory=physical, starttime=start, endtime=end)
    with clock.stage("response"):
        moved, _ = continuous_velocity(sound, inventory, settings)
    if not len(moved):
        return replace(out, problems=tuple(problems), **found)
    found["units"] = units_of(moved[0])
    bands = [
        replace(r, window=settings.ratios.window, statistic=settings.ratios.statistic)
        for r in RATIO_FAMILY
        if r.name in settings.ratios.names
    ]
    a, s = settings.amplitude, settings.spectra
    with clock.stage("amplitude"), _noted(problems, "amplitude"):
        found["rsam"], found["ratios"] = band_amplitudes(
            moved,
            rsam=[
                RsamBand(
                    freqmin=a.freqmin, freqmax=a.freqmax, window=a.window, statistic=a.statistic
                )
            ],
            ratios=bands,
            min_coverage=a.min_coverage,
            starttime=start,
            endtime=end,
            problems=problems,
        )
    if not any(_undisturbed(trace, start, end) for trace in moved):
        return replace(out, problems=tuple(dict.fromkeys(problems)), **found)
    nyquist = float(moved[0].stats.sampling_rate) / 2
    edges = tuple(e for e in s.ssam_edges if e <= nyquist)
    with clock.stage("spectra"), _noted(problems, "spectra"):
        found["spectrogram"], found["ssam"] = minute_spectra(
            moved,
            window=s.window,
            overlap=s.overlap,
            average=s.average or None,
            edges=edges if len(edges) > 1 else (),
            starttime=start,
            endtime=end,
        )
        found["ssam"] = _compact(found["ssam"])
        if per_octave:
            found["spectrogram"] = octave_bands(found["spectrogram"], per_octave=per_octave)
    if station_spectrum:
        with clock.stage("spectrum"), _noted(problems, "spectra"):
            found["psd"] = power_spectral_density(
                half_open(moved, start, end), window=s.psd_window, overlap=0.5, statistic="median"
            )
    return replace(out, problems=tuple(dict.fromkeys(problems)), **found)


def _compact(ssam: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with a record, texts as categories: a day of a network has half a million."""
    rows = ssam[ssam["coverage"] > 0].reset_index(drop=True)
    return rows.assign(
        **{name: rows[name].astype("category") for name in ("trace_id", "units", "statistic")}
    )


@contextmanager
def _noted(problems: list[str], what: str) -> Iterator[None]:
    """Note what cannot be measured and go on."""
    try:
        yield
    except (ParameterError, WaveformError, MetadataError) as error:
        problems.append(f"{what}: {error}")


def _undisturbed(trace: Trace, start: UTCDateTime, end: UTCDateTime) -> bool:
    """Whether a trace has samples in the span that no filter has disturbed."""
    first, last = valid_span(trace)
    return bool(first < end and last >= start and first <= last)


def _of_span(quality: pd.DataFrame, start: UTCDateTime, end: UTCDateTime) -> pd.DataFrame:
    """Return the findings that touch the span."""
    known = quality["starttime"].notna()
    inside = (quality["endtime"] >= as_timestamp(start)) & (
        quality["starttime"] < as_timestamp(end)
    )
    return quality[~known | inside].reset_index(drop=True)


def _segments(stream: Stream) -> pd.DataFrame:
    return tables.AVAILABILITY.frame(
        {
            "trace_id": t.id,
            "starttime": t.stats.starttime,
            "endtime": t.stats.endtime,
            "sampling_rate": t.stats.sampling_rate,
            "npts": t.stats.npts,
        }
        for t in stream
    )
