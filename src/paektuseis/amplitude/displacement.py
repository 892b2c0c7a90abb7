"""Reduced displacement: amplitude of ground displacement freed of geometrical spreading."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from obspy import Stream, Trace

from ..errors import MetadataError, ParameterError
from ..network import Network
from ..tables import AMPLITUDES
from ..times import TimeLike
from ._statistics import check_choice
from .peak import peak_amplitude

PEAK_TO_RMS = 2.0 * math.sqrt(2.0)  # peak-to-peak over root mean square of a sine


def reduced_displacement(
    data: Stream | Trace | pd.DataFrame,
    *,
    distance_km: float | Mapping[str, float] | None = None,
    network: Network | None = None,
    source: tuple[float, float, float] | None = None,
    wave: str = "body",
    velocity: float | None = None,
    frequency: float | None = None,
    statistic: str = "rms",
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    freqmin: float | None = None,
    freqmax: float | None = None,
    event_id: str = "",
) -> pd.DataFrame:
    r"""Reduced displacement of body or surface waves, in cm**2.

    With A the peak-to-peak displacement and r the distance, ``A r / (2 sqrt 2)``
    for body waves and ``A sqrt(wavelength r) / (2 sqrt 2)`` for surface waves.
    The root mean square replaces ``A / (2 sqrt 2)``: the two agree for a sine.
    Spreading only is corrected: no attenuation, no site, no radiation pattern.

    Parameters
    ----------
    data : Stream, Trace or DataFrame
        Displacement in metres (``remove_response(..., output="DISP")``), or a table of rms or
        peak-to-peak amplitudes in metres: from :func:`peak_amplitude`, or from :func:`rsam`
        with ``statistic="rms"``, which gives a series in time.
    distance_km : float or mapping, optional
        Kilometres from the source: one for all, or by trace id, ``NET.STA`` or station code.
    network, source : Network and (latitude, longitude, depth_km), optional
        Instead of ``distance_km``: straight distance from the source (depth below sea level) to
        each station, elevation counted where known.
    wave : {"body", "surface"}, optional
    velocity : float, optional
        Metres a second, phase velocity of the surface waves; needed for them.
    frequency : float, optional
        Hertz, dominant frequency of the surface waves; needed for them.
    statistic : {"rms", "peak_to_peak"}, optional
        How the amplitude of waveforms is measured (a table says it itself).
    starttime, endtime, freqmin, freqmax, event_id
        As in :func:`peak_amplitude`; only for waveforms.

    Returns
    -------
    DataFrame
        Schema :data:`paektuseis.tables.AMPLITUDES` with ``units`` "cm**2" and ``statistic``
        "reduced_displacement_body_rms" and the like.

    Raises
    ------
    ParameterError
        If the data are no displacement in metres, or a distance, velocity or frequency is
        missing or impossible.
    MetadataError
        If a station has no distance or no place.

    References
    ----------
    Aki, K. and Koyanagi, R. (1981), J. Geophys. Res. 86(B8), 7095-7109.
    Fehler, M. (1983), J. Geophys. Res. 88(B4), 3476-3484.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> from paektuseis.provenance import note
    >>> micron = obspy.Trace(1e-6 * np.sin(2 * np.pi * np.arange(400) / 100), {"delta": 0.01})
    >>> table = reduced_displacement(note(micron, units="m"), distance_km=2.0)
    >>> round(float(table.value[0]), 3), table.units[0]  # 1e-4 cm / sqrt 2 * 2e5 cm
    (14.142, 'cm**2')
    """
    check_choice("wave", wave, ("body", "surface"))
    spreading = _spreading(wave, velocity, frequency)
    if isinstance(data, pd.DataFrame):
        options = (starttime, endtime, freqmin, freqmax)
        if any(option is not None for option in options):
            raise ParameterError(
                "starttime, endtime, freqmin and freqmax are for waveforms; select rows of the "
                "table instead"
            )
        table = _amplitude_table(data)
    else:
        check_choice("statistic", statistic, ("rms", "peak_to_peak"))
        table = peak_amplitude(
            data,
            starttime=starttime,
            endtime=endtime,
            statistic=statistic,
            freqmin=freqmin,
            freqmax=freqmax,
            event_id=event_id,
        )
    far = _distances(sorted(set(table["trace_id"])), distance_km, network, source)
    rows: list[dict[str, Any]] = []
    for record in table.to_dict("records"):
        row = {str(key): value for key, value in record.items()}
        _require_displacement(row)
        centimetres = 100.0 * row["value"]
        if row["statistic"] == "peak_to_peak":
            centimetres /= PEAK_TO_RMS
        value = centimetres * spreading(1e5 * far[row["trace_id"]])
        rows.append(
            row
            | {
                "value": value,
                "units": "cm**2",
                "statistic": f"reduced_displacement_{wave}_{row['statistic']}",
            }
        )
    return AMPLITUDES.frame(rows)


def _spreading(wave: str, velocity: float | None, frequency: float | None) -> Any:
    """Return the factor (cm) as a function of distance (cm)."""
    if wave == "body":
        return lambda r: r
    if velocity is None or frequency is None:
        raise ParameterError(
            "surface waves need velocity (m/s) and frequency (Hz), which give their wavelength"
        )
    if not 50 <= velocity <= 10_000:
        raise ParameterError(f"velocity={velocity} m/s; give 50 to 10000, in metres a second")
    if not (math.isfinite(frequency) and frequency > 0):
        raise ParameterError(f"frequency={frequency} Hz; give a positive frequency")
    wavelength = 100.0 * velocity / frequency
    return lambda r: math.sqrt(wavelength * r)


def _amplitude_table(table: pd.DataFrame) -> pd.DataFrame:
    AMPLITUDES.check(
        table,
        need=(
            "trace_id",
            "starttime",
            "value",
            "units",
            "statistic",
            "freqmin",
            "freqmax",
            "coverage",
        ),
    )
    known = table.copy()
    if "endtime" not in known and "window" in known:  # a series from rsam
        known["endtime"] = known["starttime"] + pd.to_timedelta(known["window"], unit="s")
    if "endtime" not in known:
        raise ParameterError("the table has neither endtime nor window")
    if "time" not in known:
        known["time"] = known["starttime"]
    wanted: pd.DataFrame = known[[name for name in AMPLITUDES.names if name in known]]
    return wanted


def _require_displacement(row: Mapping[str, Any]) -> None:
    if row["units"] != "m":
        raise ParameterError(
            f"{row['trace_id']} is in {row['units']}, not in metres of displacement; use "
            'paektuseis.remove_response(..., output="DISP") first'
        )
    if row["statistic"] not in ("rms", "peak_to_peak"):
        raise ParameterError(
            f"an amplitude measured as {row['statistic']!r} gives no reduced displacement; "
            "measure rms or peak_to_peak"
        )


def _distances(
    trace_ids: list[str],
    distance_km: float | Mapping[str, float] | None,
    network: Network | None,
    source: tuple[float, float, float] | None,
) -> dict[str, float]:
    if (distance_km is None) == (network is None):
        raise ParameterError("give either distance_km, or network and source")
    if network is not None:
        if source is None:
            raise ParameterError("source=None; give (latitude, longitude, depth_km)")
        return {name: _checked(name, _hypocentral(name, network, source)) for name in trace_ids}
    if isinstance(distance_km, Mapping):
        return {name: _checked(name, _looked_up(name, distance_km)) for name in trace_ids}
    return {name: _checked(name, distance_km) for name in trace_ids}


def _looked_up(trace_id: str, distances: Mapping[str, float]) -> float:
    net, sta = trace_id.split(".")[:2]
    for key in (trace_id, f"{net}.{sta}", sta):
        if key in distances:
            return float(distances[key])
    raise MetadataError(
        f"distance_km has no entry for {trace_id}; it has {', '.join(map(str, distances))}"
    )


def _hypocentral(trace_id: str, network: Network, source: tuple[float, float, float]) -> float:
    from obspy.geodetics import gps2dist_azimuth

    net, sta = trace_id.split(".")[:2]
    station = network.station(f"{net}.{sta}")
    latitude, longitude, depth_km = source
    flat = gps2dist_azimuth(latitude, longitude, station.latitude, station.longitude)[0] / 1e3
    height = station.elevation_m if math.isfinite(station.elevation_m) else 0.0
    return math.hypot(flat, depth_km + height / 1e3)


def _checked(trace_id: str, distance: Any) -> float:
    if not (isinstance(distance, int | float) and math.isfinite(distance) and distance > 0):
        raise ParameterError(
            f"distance_km={distance!r} for {trace_id}; give a positive number of kilometres"
        )
    return float(distance)
