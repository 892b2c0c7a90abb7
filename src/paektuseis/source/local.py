"""Local magnitude: amplitudes on a simulated Wood-Anderson, made a magnitude by a scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, log10
from typing import Any

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..errors import MetadataError, ParameterError, WaveformError
from ..network import VelocityModel
from ..processing._metadata import responses_at_rest
from ..processing.preparation import detrended
from ..times import sample_time
from ..types import FloatArray
from ._magnitude import Magnitude, correction_of, gathered, station_row
from ._records import Sensor, Sensors, motion_factor, sensors_of
from ._sites import Hypocentre, Site, hypocentre_of, sites_of
from .scales import MagnitudeScale, magnitude_scale
from .wood_anderson import WoodAnderson, cosine_flanks, read_amplitude

TAPER = 2.0  # s at each end of a record
PAD = 10.0  # s of zeros: both responses have forgotten by then
MARGIN = 0.5  # s before P that already belong to the signal
NOISE = 30.0  # s before P, at most, that are noise
SHORTEST_NOISE = 2.0  # s
UPPER = 0.8  # share of the Nyquist frequency up to which the response is divided out


@dataclass(frozen=True)
class Reading:
    """One component's amplitude: metres of ground displacement through unit gain."""

    trace_id: str
    displacement: float
    noise: float
    time: UTCDateTime
    remark: str


@responses_at_rest()
def local_magnitude(
    stream: Stream | Trace | Sensors,
    loc: Any,
    inventory: Inventory,
    *,
    scale: str | MagnitudeScale = "hutton_boore",
    picks: pd.DataFrame | None = None,
    corrections: Mapping[str, float] | None = None,
    model: VelocityModel | None = None,
    freqmin: float = 0.5,
    coda: float = 10.0,
    min_snr: float = 3.0,
    statistic: str = "median",
    extrapolate: bool = False,
    event_id: str = "",
    problems: list[str] | None = None,
) -> Magnitude:
    """Measure the local magnitude of an event.

    Parameters
    ----------
    stream : Stream or Trace
        Raw counts (or ground motion in m, m/s) from before P to after S, with some seconds of
        noise before.
    loc : Location, Origin, Event, row of ``tables.ORIGINS``
        Anything with ``latitude``, ``longitude``, ``depth_km`` and ``time``, or with only
        ``distance_km`` (hypocentral) from the one station in the stream.
    inventory : Inventory
        Positions and responses.
    scale : str or MagnitudeScale, optional
        See :func:`magnitude_scale`.
    picks : DataFrame, optional
        Table ``tables.PICKS``; a phase without a pick is predicted from the origin time.
    corrections : mapping, optional
        Added to the magnitude of a station, by ``NET.STA`` or station code.
    model : VelocityModel, optional
        For predicted arrivals; 5.5 km/s and vp/vs 1.73 without.
    freqmin : float, optional
        Hertz: nothing below half of it, all above it. The upper end is 0.8 of the Nyquist
        frequency.
    coda : float, optional
        The amplitude is looked for from P to S + (S - P) + ``coda`` seconds (to the end of
        the record if that comes first, but not before S + 1 s + (S - P) / 2).
    min_snr : float, optional
        A component whose amplitude is not so many times that of the noise before P, read in
        the same way, is refused.
    statistic : {"median", "mean"}, optional
        Of the stations.
    extrapolate : bool, optional
        Use the scale outside the distances it holds for too.
    event_id : str, optional
    problems : list, optional
        Collects what was refused, as texts.

    Returns
    -------
    Magnitude
        ``kind`` "ML". The value is NaN, with a note, where no station gave one.

    Raises
    ------
    ParameterError
        If the scale or an option is not known, or ``loc`` is no place.
    WaveformError
        If the input is no waveform.

    Notes
    -----
    One division of the spectrum takes the record to the Wood-Anderson: its response
    ``s**2 / ((s - p1)(s - p2))`` (free period and damping from the scale's seismograph) over
    that of the channel. A window with a gap or clipped samples is refused. Distances count the
    elevation of the station.

    References
    ----------
    Richter, C. F. (1935). Bull. Seismol. Soc. Am. 25, 1-32.
    Bormann, P. and Dewey, J. W. (2014). NMSOP-2 information sheet 3.3.
    """
    used = magnitude_scale(scale)
    if not (isfinite(freqmin) and freqmin > 0):
        raise ParameterError(f"freqmin={freqmin} Hz; give a positive frequency")
    if coda < 0 or min_snr < 0:
        raise ParameterError(f"coda={coda} s, min_snr={min_snr}; neither can be negative")
    hypo = hypocentre_of(loc)
    sensors = sensors_of(stream)
    sites = sites_of(list(sensors), hypo, inventory, picks, model)
    rows = []
    for key, found in sensors.items():
        site = sites[key]
        if isinstance(site, str):
            rows.append(station_row(found[0].name, float("nan"), used.amplitude_text, note=site))
            continue
        row = _station(found, site, inventory, used, freqmin, coda, min_snr, extrapolate)
        if row["used"]:
            row["value"] += correction_of(corrections, key)
        rows.append(row | {"event_id": event_id})
    low, high = used.limits_km
    return gathered(
        rows,
        kind="ML",
        scale=used.name,
        statistic=statistic,
        sigma=_sigma(used, hypo, rows),
        problems=problems,
        method=(
            f"{statistic} of stations; {used.source or used.name}; amplitude {used.measure} in "
            f"{used.amplitude_text}, {used.components}, above {freqmin:g} Hz; "
            f"{used.distance} distance {low:g}-{high:g} km"
            + (" (extrapolated)" if extrapolate else "")
        ),
    )


def _sigma(scale: MagnitudeScale, hypo: Hypocentre, rows: list[dict[str, Any]]) -> float:
    """Standard deviation of a single station's magnitude, with that of its distance."""
    used = [row for row in rows if row["used"]]
    if len(used) != 1 or not isfinite(scale.sigma) or not isfinite(hypo.distance_uncertainty_km):
        return scale.sigma
    r, dr = used[0]["distance_km"], hypo.distance_uncertainty_km
    near, far = (
        scale.correction(max(d, 0.1), extrapolate=True) for d in (r - 0.5 * dr, r + 0.5 * dr)
    )
    return float(np.hypot(scale.sigma, far - near))


def _station(
    sensors: list[Sensor],
    site: Site,
    inventory: Inventory,
    scale: MagnitudeScale,
    freqmin: float,
    coda: float,
    min_snr: float,
    extrapolate: bool,
) -> dict[str, Any]:
    """Return one station's row, refused or not."""
    vertical = scale.components == "vertical"
    good = [s for s in sensors if ("Z" in s.pieces if vertical else s.horizontals)]
    distance = site.distance(scale.distance)

    def refused(note: str, trace_id: str = sensors[0].name) -> dict[str, Any]:
        return station_row(trace_id, site.hypocentral_km, scale.amplitude_text, note=note)

    if not good:
        return refused("no vertical component" if vertical else "no horizontal component")
    sensor = good[0]
    if not scale.holds_at(distance) and not extrapolate:
        low, high = scale.limits_km
        return refused(
            f"{scale.distance} distance {distance:.3g} km, outside the {low:g} to {high:g} km of "
            f"{scale.name}",
            sensor.name,
        )
    if site.p is None or site.s is None:
        return refused("neither pick nor origin time: no window", sensor.name)
    readings, reasons = [], []
    for component in ["Z"] if vertical else sensor.horizontals:
        try:
            reading = read_component(
                sensor, component, site, inventory, scale.seismograph, scale.measure,
                freqmin=freqmin, coda=coda, min_snr=min_snr,
            )  # fmt: skip
        except (WaveformError, MetadataError, ParameterError) as error:
            reasons.append(str(error))
            continue
        snr = reading.displacement / reading.noise if reading.noise > 0 else float("inf")
        if not snr >= min_snr:
            reasons.append(f"{reading.trace_id}: SNR {snr:.2g} under {min_snr:g}")
            continue
        readings.append(reading)
    if not readings:
        return refused("; ".join(reasons), sensor.name)
    try:
        return _row(readings, reasons, site, scale, distance, extrapolate)
    except ParameterError as error:  # outside a table
        return refused(str(error), sensor.name)


def _row(
    readings: list[Reading],
    reasons: list[str],
    site: Site,
    scale: MagnitudeScale,
    distance: float,
    extrapolate: bool,
) -> dict[str, Any]:
    size = np.array([r.displacement for r in readings])
    mean = {
        "geometric_mean": lambda: float(np.exp(np.log(size).mean())),
        "mean": lambda: float(size.mean()),
        "max": lambda: float(size.max()),
        "vertical": lambda: float(size[0]),
    }[scale.components]()
    amplitude = scale.from_motion(mean)
    largest = max(readings, key=lambda r: r.displacement)
    notes = [site.note, *{r.remark for r in readings}, *reasons]
    if len(readings) == 1 and scale.components != "vertical":
        notes.append("one horizontal")
    if not scale.holds_at(distance):
        notes.append("extrapolated")
    return station_row(
        largest.trace_id,
        site.hypocentral_km,
        scale.amplitude_text,
        value=log10(amplitude) + scale.correction(distance, extrapolate=extrapolate),
        amplitude=amplitude,
        used=True,
        time=largest.time,
        snr=min(r.displacement / r.noise if r.noise > 0 else float("inf") for r in readings),
        note="; ".join(n for n in notes if n),
    )


def read_component(
    sensor: Sensor,
    component: str,
    site: Site,
    inventory: Inventory,
    seismograph: WoodAnderson,
    measure: str,
    *,
    freqmin: float,
    coda: float,
    min_snr: float,
) -> Reading:
    """Read one component's amplitude on the seismograph, in metres of unit gain."""
    assert site.p is not None
    assert site.s is not None
    p, s = site.p, site.s
    gap = max(s - p, 0.0)
    begin, wanted, least = p - MARGIN, s + gap + coda, s + 0.5 * gap + 1.0
    piece = sensor.piece_at(component, s)
    end = wanted
    if piece is not None:
        end = min(wanted, max(piece.stats.endtime - TAPER, least))
    trace = sensor.window(component, begin, end)
    motion, remark = wood_anderson_motion(
        _cut(trace, p - NOISE - 3 * TAPER, end + 2 * TAPER), inventory, seismograph, freqmin
    )
    rate, start = float(motion.stats.sampling_rate), motion.stats.starttime
    i0, i1 = (round((t - start) * rate) for t in (begin, end))
    amplitude, at = read_amplitude(motion.data[max(i0, 0) : i1 + 1], measure)
    head = round(TAPER * rate)
    noise = motion.data[max(head, i0 - round(NOISE * rate)) : max(i0, 0)]
    if len(noise) >= SHORTEST_NOISE * rate:
        level = read_amplitude(noise, measure)[0]
    elif min_snr == 0:
        level = float("nan")
    else:
        raise WaveformError(
            f"{trace.id}: less than {SHORTEST_NOISE:g} s of noise before P at {p}; give a longer "
            "record, or min_snr=0 to go without"
        )
    return Reading(trace.id, amplitude, level, sample_time(start, max(i0, 0) + at, rate), remark)


def _cut(trace: Trace, begin: UTCDateTime, end: UTCDateTime) -> Trace:
    """Return a part of a trace as a view."""
    return trace.slice(begin, end)


def wood_anderson_motion(
    trace: Trace,
    inventory: Inventory,
    seismograph: WoodAnderson,
    freqmin: float,
) -> tuple[Trace, str]:
    """Return a contiguous record as displacement (m) through a Wood-Anderson of unit gain.

    Its first and last ``TAPER`` seconds are faded. The remark says whose response was taken.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    rate, count = float(trace.stats.sampling_rate), trace.stats.npts
    top = UPPER * rate / 2
    if freqmin >= 0.5 * top:
        raise ParameterError(
            f"freqmin={freqmin:g} Hz is too near the {rate / 2:g} Hz Nyquist frequency of "
            f"{trace.id}; lower it or leave the channel out"
        )
    data = detrended(trace.data, "linear")
    fade(data, round(TAPER * rate))
    size = next_fast_len(count + round(PAD * rate), real=True)
    f: FloatArray = np.asarray(np.fft.rfftfreq(size, 1 / rate), dtype=np.float64)
    inside = (f >= 0.5 * freqmin) & (f <= rate / 2 * 0.999)
    spectrum = rfft(data, size)
    middle = trace.stats.starttime + 0.5 * count / rate
    response, remark = motion_factor(trace, inventory, f[inside], middle)
    flanks = cosine_flanks(f[inside], (0.5 * freqmin, freqmin, top, rate / 2))
    spectrum[~inside] = 0.0
    spectrum[inside] *= flanks * seismograph.response(f[inside]) / response
    out = trace.copy()
    out.data = np.ascontiguousarray(irfft(spectrum, size)[:count])
    return out, remark


def fade(data: FloatArray, length: int) -> None:
    """Multiply both ends of an array by a half cosine, in place."""
    length = min(length, len(data) // 2)
    ramp = 0.5 * (1 - np.cos(np.pi * (np.arange(length) + 0.5) / max(length, 1)))
    data[:length] *= ramp
    data[len(data) - length :] *= ramp[::-1]
