"""Duration magnitude: how long an event stands above the noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite, log10, nan
from typing import Any

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..errors import MetadataError, ParameterError, WaveformError
from ..network import VelocityModel
from ..processing import bandpass
from ..times import sample_time
from ..types import Band, FloatArray
from ._magnitude import Magnitude, correction_of, gathered, station_row
from ._records import Sensor, sensors_of
from ._sites import Site, hypocentre_of, sites_of
from .scales import unknown_scale

GUARD = 0.5  # s before P that are no noise any more
NOISE = 30.0  # s before P, at most, that are noise
SHORTEST_NOISE = 5.0
HOP = 0.25  # share of the averaging window


@dataclass(frozen=True, kw_only=True)
class DurationScale:
    """``Md = constant + slope log10 tau + lapse tau + attenuation distance``.

    Attributes
    ----------
    name : str
    constant, slope : float
    lapse : float
        Per second of tau.
    attenuation : float
        Per km of epicentral distance.
    start : {"P", "origin"}
        Where tau begins.
    max_distance_km : float
        Where the scale holds.
    sigma : float
        Standard deviation of one station's magnitude, NaN where nobody stated one.
    source : str

    Examples
    --------
    >>> round(DURATION_SCALES["lee"].magnitude(100.0, 20.0), 2)  # -0.87 + 4.00 + 0.07
    3.2
    """

    name: str
    constant: float
    slope: float
    lapse: float = 0.0
    attenuation: float = 0.0
    start: str = "P"
    max_distance_km: float = inf
    sigma: float = nan
    source: str = ""

    def __post_init__(self) -> None:
        if self.start not in ("P", "origin"):
            raise ParameterError(f"start={self.start!r} of {self.name}; choose 'P' or 'origin'")
        for name in ("constant", "slope", "lapse", "attenuation"):
            if not isfinite(getattr(self, name)):
                raise ParameterError(f"{name}={getattr(self, name)} of {self.name}; give a number")

    def magnitude(self, tau: float, distance_km: float) -> float:
        """Return the magnitude of a duration.

        Parameters
        ----------
        tau : float
            Duration in s, from where ``start`` says.
        distance_km : float
            Epicentral distance in km.

        Returns
        -------
        float
        """
        if not (isfinite(tau) and tau > 0):
            raise ParameterError(f"tau={tau} s; give a positive duration")
        if not (isfinite(distance_km) and distance_km >= 0):
            raise ParameterError(f"distance_km={distance_km}; give a distance of zero or more")
        value = self.constant + self.slope * log10(tau) + self.lapse * tau
        return value + self.attenuation * distance_km


DURATION_SCALES: dict[str, DurationScale] = {
    scale.name: scale
    for scale in (
        DurationScale(
            name="lee",
            constant=-0.87,
            slope=2.00,
            attenuation=0.0035,
            source="Lee, Bennett & Meagher (1972), central California",
        ),
        DurationScale(
            name="michaelson",
            constant=-1.03,
            slope=2.10,
            lapse=0.00268,
            start="origin",
            source="Michaelson (1990), central California, without instrument and site terms",
        ),
        DurationScale(name="swarm", constant=-0.85, slope=1.86, source="default of Swarm"),
    )
}
"""The scales that are known by name."""


def duration_scale(scale: str | DurationScale) -> DurationScale:
    """Return a duration scale by its name: ``"lee"``, ``"michaelson"``, ``"swarm"``."""
    if isinstance(scale, DurationScale):
        return scale
    if scale not in DURATION_SCALES:
        raise unknown_scale(scale, DURATION_SCALES, "a DurationScale")
    return DURATION_SCALES[scale]


@dataclass(frozen=True)
class _Coda:
    end: UTCDateTime
    snr: float


def duration_magnitude(
    stream: Stream | Trace,
    loc: Any,
    inventory: Inventory,
    *,
    scale: str | DurationScale = "lee",
    picks: pd.DataFrame | None = None,
    corrections: Mapping[str, float] | None = None,
    model: VelocityModel | None = None,
    freqmin: float = 1.0,
    freqmax: float = 10.0,
    window: float = 2.0,
    ratio: float = 2.0,
    min_snr: float = 5.0,
    statistic: str = "median",
    event_id: str = "",
    problems: list[str] | None = None,
) -> Magnitude:
    """Measure the duration magnitude of an event.

    Parameters
    ----------
    stream : Stream or Trace
        Counts or ground motion, with noise before P and to beyond the end of the coda.
    loc : Location, Origin, Event, row of ``tables.ORIGINS``
        As in :func:`local_magnitude`.
    inventory : Inventory
        For positions; no response is needed.
    scale : str or DurationScale, optional
        ``"lee"``, ``"michaelson"``, ``"swarm"`` or one's own coefficients.
    picks : DataFrame, optional
        Table ``tables.PICKS``; P is predicted where it was not picked.
    corrections : mapping, optional
        Added to the magnitude of a station.
    model : VelocityModel, optional
        For predicted arrivals.
    freqmin, freqmax : float, optional
        Hertz: band in which the coda is followed on the vertical.
    window : float, optional
        Seconds over which the root mean square is taken.
    ratio : float, optional
        The coda ends where it falls, and stays for one window, under so many times the rms of
        the noise before P.
    min_snr : float, optional
        Largest rms over that of the noise, at least.
    statistic : {"median", "mean"}, optional
    event_id : str, optional
    problems : list, optional
        Collects what was refused, as texts.

    Returns
    -------
    Magnitude
        ``kind`` "Md"; ``amplitude`` of a station row is the duration in s.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    The end of a coda depends on the noise of the day and on the instrument, and the scales were
    made with other instruments (Lee's ends where the trace on a film viewer falls under 1 cm):
    calibrate the coefficients before the figures are compared with those of other places. A
    record that ends before the coda is refused.

    References
    ----------
    Lee, W. H. K., Bennett, R. E. and Meagher, K. L. (1972). U.S. Geol. Surv. Open-File Report.
    Michaelson, C. A. (1990). Bull. Seismol. Soc. Am. 80(5), 1190-1204.
    """
    used = duration_scale(scale)
    if not (window > 0 and ratio > 1 and min_snr > ratio):
        raise ParameterError(
            f"window={window} s, ratio={ratio}, min_snr={min_snr}; window > 0 and "
            "min_snr > ratio > 1 are needed"
        )
    band = Band(freqmin=freqmin, freqmax=freqmax)
    hypo = hypocentre_of(loc)
    sensors = sensors_of(stream)
    sites = sites_of(list(sensors), hypo, inventory, picks, model)
    rows = []
    for key, found in sensors.items():
        site = sites[key]
        if isinstance(site, str):
            rows.append(station_row(found[0].name, nan, "s", note=site, event_id=event_id))
            continue
        row = _station(found, site, used, band, window, ratio, min_snr)
        if row["used"]:
            row["value"] += correction_of(corrections, key)
        rows.append(row | {"event_id": event_id})
    return gathered(
        rows,
        kind="Md",
        scale=used.name,
        statistic=statistic,
        sigma=used.sigma,
        problems=problems,
        method=(
            f"{statistic} of stations; {used.source or used.name}; duration from {used.start} to "
            f"where the rms of {window:g} s in {band.text} falls under {ratio:g} times the noise"
        ),
    )


def _station(
    sensors: list[Sensor],
    site: Site,
    scale: DurationScale,
    band: Band,
    window: float,
    ratio: float,
    min_snr: float,
) -> dict[str, Any]:
    def refused(note: str) -> dict[str, Any]:
        return station_row(sensors[0].name, site.hypocentral_km, "s", note=note)

    sensor = next((s for s in sensors if "Z" in s.pieces), None)
    if sensor is None:
        return refused("no vertical component")
    if site.epicentral_km > scale.max_distance_km:
        return refused(
            f"epicentral distance {site.epicentral_km:.3g} km, beyond the "
            f"{scale.max_distance_km:g} km of {scale.name}"
        )
    start = site.p if scale.start == "P" else site.origin
    if site.p is None or site.s is None or start is None:
        return refused("neither pick nor origin time: no duration")
    try:
        coda = coda_end(sensor, site, band, window=window, ratio=ratio, min_snr=min_snr)
    except (WaveformError, MetadataError, ParameterError) as error:
        return refused(str(error))
    tau = coda.end - start
    return station_row(
        sensor.trace_id("Z"),
        site.hypocentral_km,
        "s",
        value=scale.magnitude(tau, site.epicentral_km),
        amplitude=tau,
        time=coda.end,
        snr=coda.snr,
        note=site.note,
        used=True,
    )


def coda_end(
    sensor: Sensor, site: Site, band: Band, *, window: float, ratio: float, min_snr: float
) -> _Coda:
    """Find where the coda on the vertical falls into the noise."""
    assert site.p is not None
    assert site.s is not None
    piece = sensor.piece_at("Z", site.p)
    if piece is None:
        raise WaveformError(f"{sensor.trace_id('Z')}: not recorded at P, {site.p}")
    band.require_below_nyquist(float(piece.stats.sampling_rate), piece.id)
    assert band.freqmin is not None
    assert band.freqmax is not None
    filtered = bandpass(piece, freqmin=band.freqmin, freqmax=band.freqmax)[0]
    rate, start = float(filtered.stats.sampling_rate), filtered.stats.starttime
    rms, step = _running_rms(np.asarray(filtered.data, dtype=np.float64), rate, window)
    times = np.arange(len(rms)) * step / rate  # start of each window
    noise = _noise(filtered, site.p, rate)
    after = np.flatnonzero(times >= (site.p - start))
    if not after.size:
        raise WaveformError(f"{piece.id}: the record ends before the coda")
    near = after[times[after] <= (site.s - start) + max(site.s - site.p, window)]
    top = int(near[np.argmax(rms[near])]) if near.size else int(after[np.argmax(rms[after])])
    if not rms[top] >= min_snr * noise:
        raise WaveformError(
            f"{piece.id}: largest rms {rms[top] / noise:.2g} times the noise, under {min_snr:g}"
        )
    low = rms < ratio * noise
    stay = max(round(1 / HOP), 1)
    quiet = np.convolve(low.astype(float), np.ones(stay), "valid") >= stay  # from here on, a window
    ends = np.flatnonzero(quiet[top:])
    if not ends.size:
        raise WaveformError(
            f"{piece.id}: the record ends before the coda has fallen to {ratio:g} times the noise; "
            "give a longer record"
        )
    end = top + int(ends[0])
    sensor.window("Z", site.p, min(start + times[end] + window, piece.stats.endtime))
    middle = times[end] + 0.5 * window
    if end > 0 and rms[end - 1] > ratio * noise:  # between two windows, in log amplitude
        a, b = log10(rms[end - 1]), log10(max(rms[end], 1e-300))
        share = (a - log10(ratio * noise)) / (a - b)
        middle += (min(share, 1.0) - 1.0) * step / rate
    return _Coda(sample_time(start, middle * rate, rate), float(rms[top] / noise))


def _running_rms(data: FloatArray, rate: float, window: float) -> tuple[FloatArray, int]:
    """Root mean square of windows that begin every quarter of their length."""
    width = max(round(window * rate), 1)
    step = max(round(HOP * width), 1)
    total = np.concatenate(([0.0], np.cumsum(data**2)))
    starts = np.arange(0, len(data) - width + 1, step)
    power = (total[starts + width] - total[starts]) / width
    return np.sqrt(np.maximum(power, 0.0)), step


def _noise(trace: Trace, p: UTCDateTime, rate: float) -> float:
    from ..provenance import valid_span

    end = round((p - GUARD - trace.stats.starttime) * rate)
    first = round((valid_span(trace)[0] - trace.stats.starttime) * rate)
    begin = max(first, end - round(NOISE * rate), 0)
    if end - begin < SHORTEST_NOISE * rate:
        raise WaveformError(
            f"{trace.id}: less than {SHORTEST_NOISE:g} s of noise before P at {p}; give a longer "
            "record"
        )
    level = float(np.sqrt(np.mean(np.asarray(trace.data[begin:end], dtype=np.float64) ** 2)))
    if level == 0:
        raise WaveformError(f"{trace.id}: nothing but zeros before P: no noise to compare with")
    return level
