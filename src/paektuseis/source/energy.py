"""Seismic energy from the square of ground velocity, and its magnitude."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, log10, nan, pi
from typing import Any

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace

from ..errors import MetadataError, ParameterError, WaveformError
from ..network import VelocityModel
from ..processing.preparation import detrended
from ..types import FloatArray
from ._magnitude import Magnitude, correction_of, gathered, station_row
from ._records import Sensor, motion_factor, sensors_of
from ._sites import Site, hypocentre_of, sites_of
from .local import fade

CHOY_BOATWRIGHT = 3.2
MARGIN = 0.5  # s before P
TAPER = 0.4  # s of fade within the margin and at the end
UPPER = 0.8  # share of the Nyquist frequency


def seismic_energy(
    stream: Stream | Trace,
    loc: Any,
    inventory: Inventory,
    *,
    picks: pd.DataFrame | None = None,
    model: VelocityModel | None = None,
    velocity: float | None = None,
    density: float | None = None,
    site_response: Mapping[str, float] | None = None,
    attenuation: float = 1.0,
    k: float = CHOY_BOATWRIGHT,
    freqmin: float = 0.5,
    freqmax: float | None = None,
    coda: float = 10.0,
    min_snr: float = 3.0,
    statistic: str = "mean",
    corrections: Mapping[str, float] | None = None,
    event_id: str = "",
    problems: list[str] | None = None,
) -> Magnitude:
    """Measure the seismic energy of an event and its magnitude.

    Parameters
    ----------
    stream : Stream or Trace
        Counts or ground motion, three components, with noise before P.
    loc : Location, Origin, Event, row of ``tables.ORIGINS``
        As in :func:`local_magnitude`.
    inventory : Inventory
    picks : DataFrame, optional
        Table ``tables.PICKS``.
    model : VelocityModel, optional
        Velocity of P and density under the stations.
    velocity : float, optional
        km/s, instead of the model's; one of the two is needed.
    density : float, optional
        kg/m³; the model's, else 2700.
    site_response : mapping, optional
        Amplification S of a station (``NET.STA`` or code), 1 where not given. In the form used
        here the energy is multiplied by S squared: it is the factor motion is to be multiplied by.
    attenuation : float, optional
        A: what share of the energy arrives.
    k : float, optional
        ``Me = 2/3 log10 E - k``: 3.2 (Choy & Boatwright 1995).
    freqmin, freqmax : float, optional
        Hertz: what is counted; the upper end is 0.8 of the Nyquist frequency by default.
    coda : float, optional
        Counted from P - 0.5 s to S + (S - P) + ``coda`` seconds.
    min_snr : float, optional
        Root of energy over that of as long a noise, at least.
    statistic : {"mean", "median"}, optional
        Of the stations' magnitudes, so the mean is that of log energy.
    corrections : mapping, optional
        Added to the magnitude of a station.
    event_id : str, optional
    problems : list, optional
        Collects what was refused, as texts.

    Returns
    -------
    Magnitude
        ``kind`` "Me", with ``energy`` in J; ``amplitude`` of a station row is its energy.

    Raises
    ------
    ParameterError
        If neither model nor velocity is given, or an option is out of range.

    Notes
    -----
    ``E = 2 pi r**2 rho c S**2 / A integral(v**2 dt)``: a source at the surface of a half-space
    that radiates alike in all directions, c the velocity of P (Johnson & Aster 2005). The integral
    is over the three components, by Parseval's theorem over frequency, the noise's share taken
    off. No correction for Q but A, none for the free surface.

    References
    ----------
    Boatwright, J. (1980). Bull. Seismol. Soc. Am. 70(1), 1-27.
    Choy, G. L. and Boatwright, J. L. (1995). J. Geophys. Res. 100(B9), 18205-18228.
    Johnson, J. B. and Aster, R. C. (2005). J. Volcanol. Geotherm. Res. 148, 334-354.
    """
    if velocity is None and model is None:
        raise ParameterError("give model or velocity (km/s, of P under the stations)")
    for name, value in (
        ("velocity", velocity), ("density", density), ("attenuation", attenuation),
        ("freqmin", freqmin), ("freqmax", freqmax),
    ):  # fmt: skip
        if value is not None and not (isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value}; give a positive number")
    hypo = hypocentre_of(loc)
    sensors = sensors_of(stream)
    sites = sites_of(list(sensors), hypo, inventory, picks, model)
    rows = []
    for key, found in sensors.items():
        site = sites[key]
        if isinstance(site, str):
            rows.append(station_row(found[0].name, nan, "J", note=site, event_id=event_id))
            continue
        try:
            integral, snr, remark = _flux(found[0], site, inventory, freqmin, freqmax, coda)
            if not snr >= min_snr:
                raise WaveformError(f"{found[0].name}: SNR {snr:.2g} under {min_snr:g}")
        except (WaveformError, MetadataError, ParameterError) as error:
            rows.append(
                station_row(
                    found[0].name, site.hypocentral_km, "J", note=str(error), event_id=event_id
                )
            )
            continue
        rho, c = _surface(site, model, velocity, density)
        s = (site_response or {}).get(key, (site_response or {}).get(key.split(".")[-1], 1.0))
        energy = 2 * pi * (1e3 * site.hypocentral_km) ** 2 * rho * c * s**2 / attenuation * integral
        rows.append(
            station_row(
                found[0].name + "?",
                site.hypocentral_km,
                "J",
                event_id=event_id,
                value=2 / 3 * log10(energy) - k + correction_of(corrections, key),
                amplitude=energy,
                snr=snr,
                time=site.p,
                used=True,
                note="; ".join(n for n in (site.note, remark) if n),
            )
        )
    out = gathered(
        rows,
        kind="Me",
        scale=f"k={k:g}",
        statistic=statistic,
        problems=problems,
        method=(
            f"{statistic} of stations; 2 pi r^2 rho c S^2 / A of the integral of v^2 from "
            f"{freqmin:g} Hz; A {attenuation:g}; Me = 2/3 log10 E - {k:g}"
        ),
    )
    return replace(out, energy=10 ** (1.5 * (out.value + k)) if isfinite(out.value) else nan)


def _surface(
    site: Site, model: VelocityModel | None, velocity: float | None, density: float | None
) -> tuple[float, float]:
    """Density (kg/m³) and velocity (m/s) of P under a station."""
    layer = model.layer_at(-site.elevation_m / 1e3) if model is not None else None
    if velocity is None:
        assert layer is not None
        velocity = layer.vp
    if density is None:
        density = layer.rho if layer is not None else 2700.0
    return density, 1e3 * velocity


def _flux(
    sensor: Sensor,
    site: Site,
    inventory: Inventory,
    freqmin: float,
    freqmax: float | None,
    coda: float,
) -> tuple[float, float, str]:
    """Integral of v² over time and components (m²/s), its SNR, and a remark."""
    if site.p is None or site.s is None:
        raise WaveformError(f"{sensor.name}: neither pick nor origin time: no window")
    if len(sensor.pieces) < 3:
        raise WaveformError(
            f"{sensor.name}: components {', '.join(sorted(sensor.pieces))}; energy needs three"
        )
    begin = site.p - MARGIN
    end = site.s + max(site.s - site.p, 0.0) + coda
    signal = noise = 0.0
    remarks = set()
    for component in sorted(sensor.pieces)[:3]:
        trace = sensor.window(component, begin, end)
        rate = float(trace.stats.sampling_rate)
        first = round((begin - trace.stats.starttime) * rate)
        count = round((end - begin) * rate)
        width = min(count, first)
        if width < 2 * rate:
            raise WaveformError(
                f"{trace.id}: less than 2 s of noise before P; give a longer record"
            )
        high = freqmax or UPPER * rate / 2
        if high >= rate / 2:
            raise ParameterError(
                f"freqmax={high:g} Hz is at or above the Nyquist frequency {rate / 2:g} Hz of "
                f"{trace.id}"
            )
        power, remark = _energy(trace, first, count, inventory, freqmin, high)
        quiet, _ = _energy(trace, first - width, width, inventory, freqmin, high)
        signal += power
        noise += quiet * count / width
        remarks.add(remark)
    snr = float(np.sqrt(signal / noise)) if noise > 0 else float("inf")
    return max(signal - noise, 0.0), snr, "; ".join(sorted(r for r in remarks if r))


def _energy(
    trace: Trace, first: int, count: int, inventory: Inventory, low: float, high: float
) -> tuple[float, str]:
    """Integral of the square of velocity over one window, within a band."""
    from scipy.fft import next_fast_len, rfft

    rate = float(trace.stats.sampling_rate)
    data: FloatArray = detrended(trace.data[first : first + count], "linear")
    fade(data, round(TAPER * rate))
    size = next_fast_len(2 * count, real=True)
    f: FloatArray = np.asarray(np.fft.rfftfreq(size, 1 / rate), dtype=np.float64)
    inside = (f >= low) & (f <= high)
    factor, remark = motion_factor(
        trace, inventory, f[inside], trace.stats.starttime + first / rate
    )
    spectrum = rfft(data, size)[inside] / rate / factor * (2j * np.pi * f[inside])
    return float(2 * np.sum(np.abs(spectrum) ** 2) * rate / size), remark
