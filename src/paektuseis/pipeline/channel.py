"""One channel of one day: each record decoded once, everything taken from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, UTCDateTime

from .. import tables
from ..amplitude import rsam
from ..config import DetectorSettings, Settings
from ..detection import monitored_time, sta_lta, trigger_onsets
from ..errors import ParameterError, WaveformError
from ..io import Archive
from ..processing import bandpass, check_waveforms, preprocess
from ..provenance import units_of
from ..spectral import power_spectral_density, spectrogram
from ..types import Spectrogram, Spectrum
from .units import to_velocity

RECURSIVE_MEMORY = 25.0
"""LTA lengths after which a recursive STA/LTA no longer feels where it started (e^-25)."""

Measured = tuple[pd.DataFrame, Spectrogram | None, Spectrum | None, str]
"""RSAM table, spectrogram, median spectrum and unit of one channel."""


@dataclass(frozen=True, kw_only=True)
class ChannelDay:
    """What one channel yields in one day."""

    trace_id: str
    quality: pd.DataFrame
    availability: pd.DataFrame
    triggers: pd.DataFrame
    monitoring: pd.DataFrame
    rsam: pd.DataFrame
    spectrogram: Spectrogram | None = None
    psd: Spectrum | None = None
    units: str = "counts"
    problems: tuple[str, ...] = field(default=())


def lead_time(settings: Settings) -> float:
    """Return the seconds of record to read before a day so that its first sample is judged."""
    return max(
        d.lta * (RECURSIVE_MEMORY if d.method == "recursive" else 2.0) + 20.0 / d.freqmin
        for d in settings.detectors
    )


def tail_time(settings: Settings) -> float:
    """Return the seconds of record to read after a day so that its last event ends."""
    return max(3.0 * d.lta + d.window for d in settings.detectors)


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
) -> ChannelDay:
    """Read one channel once and derive quality, triggers, amplitude and spectra.

    Parameters
    ----------
    archive : Archive
    trace_id : str
    starttime, endtime : UTCDateTime
        The day, half open.
    settings : Settings
    inventory : Inventory or None

    Returns
    -------
    ChannelDay
    """
    raw = archive.read(trace_id, starttime - lead_time(settings), endtime + tail_time(settings))
    day = half_open(raw, starttime, endtime)
    quality = check_waveforms(day, inventory=inventory, starttime=starttime, endtime=endtime)
    problems: list[str] = []

    listening = [d for d in settings.detectors if fnmatchcase(trace_id, d.channels)]
    # the band-pass removes the offset; taking it from the start alone keeps the result
    # independent of how much record is read at once
    ready = preprocess(raw, detrend="start", quality=quality) if listening else raw
    found = [
        _detect(ready, detector, starttime, endtime, quality, problems) for detector in listening
    ]
    del ready  # as large as the day; the measures make their own
    measured: Measured = (tables.RSAM.frame(), None, None, "counts")
    if fnmatchcase(trace_id, settings.data.measured) and len(day):
        measured = _measure(raw, starttime, endtime, settings, inventory, quality, problems)
    amplitude, gram, psd, units = measured
    return ChannelDay(
        trace_id=trace_id,
        quality=quality,
        availability=_segments(day),
        triggers=tables.TRIGGERS.concat([f[0] for f in found]),
        monitoring=tables.MONITORING.concat([f[1] for f in found]),
        rsam=amplitude,
        spectrogram=gram,
        psd=psd,
        units=units,
        problems=tuple(problems),
    )


def _detect(
    ready: Stream,
    detector: DetectorSettings,
    starttime: UTCDateTime,
    endtime: UTCDateTime,
    quality: pd.DataFrame,
    problems: list[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    try:
        filtered = bandpass(
            ready, freqmin=detector.freqmin, freqmax=detector.freqmax, corners=detector.corners
        )
        ratio = sta_lta(
            filtered,
            sta=detector.sta,
            lta=detector.lta,
            method=detector.method,
            freeze=(detector.thr_on, detector.thr_off) if detector.freeze else None,
        )
    except (ParameterError, WaveformError) as error:
        problems.append(f"detector {detector.name}: {error}")
        return tables.TRIGGERS.frame(), tables.MONITORING.frame()
    triggers = trigger_onsets(
        ratio,
        thr_on=detector.thr_on,
        thr_off=detector.thr_off,
        min_duration=detector.min_duration,
        dead_time=detector.dead_time,
        detector=detector.name,
    )
    triggers = flag_spikes(triggers, quality, within=detector.sta)
    monitoring = monitored_time(ratio, starttime=starttime, endtime=endtime, detector=detector.name)
    return triggers, monitoring


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


def _measure(
    raw: Stream,
    starttime: UTCDateTime,
    endtime: UTCDateTime,
    settings: Settings,
    inventory: Inventory | None,
    quality: pd.DataFrame,
    problems: list[str],
) -> Measured:
    clean = preprocess(raw, detrend=settings.data.detrend, taper=0.0, quality=quality)
    moved, _ = to_velocity(clean, inventory, settings)
    units = units_of(moved[0]) if len(moved) else "counts"
    day = half_open(moved, starttime, endtime)
    if not len(day):
        return tables.RSAM.frame(), None, None, units
    a, s = settings.amplitude, settings.spectra
    amplitude, gram, psd = tables.RSAM.frame(), None, None
    try:
        amplitude = rsam(
            moved,
            window=a.window,
            statistic=a.statistic,
            freqmin=a.freqmin,
            freqmax=a.freqmax,
            min_coverage=a.min_coverage,
            starttime=starttime,
            endtime=endtime,
        )
    except (ParameterError, WaveformError) as error:
        problems.append(f"rsam: {error}")
    try:
        gram = spectrogram(
            day,
            window=s.window,
            overlap=s.overlap,
            average=s.average or None,
            starttime=starttime,
            endtime=endtime,
        )
        psd = power_spectral_density(day, window=s.psd_window, overlap=0.5, statistic="median")
    except (ParameterError, WaveformError) as error:
        problems.append(f"spectra: {error}")
    return amplitude, gram, psd, units


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
