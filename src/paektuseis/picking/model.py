"""Arrivals picked by a trained network that the user has: a SeisBench model and its weights."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from obspy import Stream, Trace, UTCDateTime

from .._segments import as_stream
from ..errors import ParameterError
from ..tables import PHASES, PICKS, station_of
from ._bands import filtered, usable
from ._judgement import NOISE_P, NOISE_S, signal_to_noise
from ._record import Sensor, sensors_of

MODELS = {"phasenet": "PhaseNet", "eqtransformer": "EQTransformer"}
"""Name here, and the class of ``seisbench.models``; both take a threshold for each phase."""


def pick_with_model(
    stream: Stream | Trace,
    model: str = "phasenet",
    *,
    weights: str | Path,
    phases: Sequence[str] = ("P", "S"),
    min_probability: float = 0.3,
    freqmin: float = 1.0,
    freqmax: float = 20.0,
    event_id: str = "",
    problems: list[str] | None = None,
) -> pd.DataFrame:
    """Pick P and S with a SeisBench model whose weights lie in a local file.

    Parameters
    ----------
    stream : Stream
        As for :func:`~paektuseis.pick_phases`. The model resamples its own copy.
    model : str, optional
        ``"phasenet"`` or ``"eqtransformer"``.
    weights : str or Path
        Weights as SeisBench's ``save`` writes them: ``NAME.pt`` beside ``NAME.json``, with or
        without a version (``NAME.pt.v2``, ``NAME.json.v2``). Either file, or ``NAME`` alone.
        Nothing is ever downloaded.
    phases : sequence of str, optional
        ``"P"``, ``"S"`` or both.
    min_probability : float, optional
        Least peak of the model's output for a pick, between 0 and 1.
    freqmin, freqmax : float, optional
        Hertz; band in which ``snr`` is measured, cut at 0.45 of the sampling rate. The model
        does not see it.
    event_id : str, optional
        Copied into the table.
    problems : list of str, optional
        Collects why a pick was left out.

    Returns
    -------
    DataFrame
        Table ``tables.PICKS``, every pick of the model in order of station and time.
        ``uncertainty`` is NaN and ``quality`` empty: the model gives a probability, which is
        no standard error. ``polarity`` is empty. ``snr`` is measured as by ``pick_phases``.
        ``trace_id`` is the vertical for P and a horizontal for S, where there is one;
        ``method`` names the model, its weights and the probability.

    Raises
    ------
    ParameterError
        If SeisBench is not installed, a file of the weights is absent, or an option is outside
        what it accepts.

    References
    ----------
    Woollam, J., Münchmeyer, J., Tilmann, F., et al. (2022). SeisBench - A toolbox for machine
    learning in seismology. Seismological Research Letters 93(3), 1695-1709.
    doi:10.1785/0220210324
    Zhu, W. and Beroza, G. C. (2019). PhaseNet: a deep-neural-network-based seismic
    arrival-time picking method. Geophysical Journal International 216(1), 261-273.
    doi:10.1093/gji/ggy423
    """
    if model not in MODELS:
        raise ParameterError(f"model={model!r}; choose from {', '.join(MODELS)}")
    if not phases or any(phase not in PHASES for phase in phases):
        raise ParameterError(f"phases={list(phases)}: choose from {list(PHASES)}")
    if not 0 < min_probability < 1:
        raise ParameterError(f"min_probability={min_probability}; give a number between 0 and 1")
    if not (math.isfinite(freqmax) and 0 < freqmin < freqmax):
        raise ParameterError(f"freqmin={freqmin}, freqmax={freqmax}; give 0 < freqmin < freqmax")
    base, version = _weight_files(weights)
    picker = getattr(_seisbench_models(), MODELS[model]).load(base, version_str=version)
    records = as_stream(stream)
    thresholds = {f"{phase}_threshold": min_probability for phase in PHASES}
    found = picker.classify(records.copy(), **thresholds).picks
    reasons = problems if problems is not None else []
    sensors = {sensor.name: sensor for sensor in sensors_of(records, None, reasons)}
    label = f"{MODELS[model]} {base.name}" + (f" v{version}" if version else "")
    rows, last_p = [], dict[str, UTCDateTime]()
    for pick in sorted(found, key=lambda one: (str(one.trace_id), one.peak_time)):
        sensor = _sensor_of(str(pick.trace_id), pick.peak_time, sensors)
        if sensor is None:
            reasons.append(f"{pick.trace_id}: {pick.phase} left out: no record holds it")
            continue
        trace = _trace_of(sensor, str(pick.phase), pick.peak_time)
        if trace is None or pick.phase not in PHASES:
            reasons.append(f"{pick.trace_id}: {pick.phase} left out: no component records it")
            continue
        if pick.phase == "P":
            last_p[sensor.name] = pick.peak_time
        if pick.phase not in phases:
            continue
        measured = _measured(sensor, trace, pick, last_p.get(sensor.name), (freqmin, freqmax))
        rows.append(
            {
                "event_id": event_id,
                "trace_id": trace.id,
                "phase": str(pick.phase),
                "time": pick.peak_time,
                "uncertainty": math.nan,
                "polarity": "",
                "quality": "",
                "method": f"{label}, probability {float(pick.peak_value):.2f}",
                **measured,
            }
        )
    rows.sort(key=lambda row: (station_of(str(row["trace_id"])), row["time"]))
    return PICKS.frame(rows)


def _seisbench_models() -> Any:
    try:
        return importlib.import_module("seisbench.models")
    except ImportError as error:
        raise ParameterError(
            "pick_with_model needs SeisBench, which cannot be imported; install the extra: "
            f"pip install paektuseis[ml] ({error})"
        ) from error


def _weight_files(weights: str | Path) -> tuple[Path, str | None]:
    """Return the path without suffix, and the version, as SeisBench's ``load`` wants them."""
    path = Path(weights)
    name, version = path.name, None
    for kind in (".pt", ".json"):
        stem, mark, rest = name.rpartition(kind)
        if mark and (not rest or rest.startswith(".v")):
            name, version = stem, rest[2:] or None
            break
    tail = f".v{version}" if version else ""
    for kind in (".pt", ".json"):
        file = path.with_name(name + kind + tail)
        if not file.is_file():
            raise ParameterError(
                f"weights={str(weights)!r}: there is no file {str(file)!r}; a model needs NAME.pt "
                "and NAME.json side by side, and none is downloaded"
            )
    return path.with_name(name), version


def _sensor_of(name: str, time: UTCDateTime, sensors: dict[str, Sensor]) -> Sensor | None:
    """Return the sensor of ``NET.STA.LOC`` (as the models name it) that records an instant."""
    for key in sorted(sensors):
        own = ".".join(key.split(".")[:3])
        if own == ".".join(name.split(".")[:3]) and sensors[key].covering("Z", time) is not None:
            return sensors[key]
    return None


def _trace_of(sensor: Sensor, phase: str, time: UTCDateTime) -> Trace | None:
    letters = ["Z"] if phase == "P" else [*sensor.horizontals, "Z"]
    return next((t for t in (sensor.covering(c, time) for c in letters) if t is not None), None)


def _measured(
    sensor: Sensor,
    trace: Trace,
    pick: Any,
    p: UTCDateTime | None,
    band: tuple[float, float],
) -> dict[str, float]:
    """Return SNR and band; of an S on all horizontals, its noise not from before its P."""
    rate = float(trace.stats.sampling_rate)
    bands = usable([band], rate)
    if not bands:
        return {"snr": math.nan, "freqmin": math.nan, "freqmax": math.nan}
    others = [trace] if pick.phase == "P" else _alongside(sensor, trace, pick.peak_time)
    rows = np.array([filtered(part.data, rate, bands)[0] for part in others])
    start = trace.stats.starttime
    at = (pick.peak_time - start) * rate
    near = p is not None and pick.phase == "S" and pick.peak_time - p < NOISE_S
    floor = max(0, round((p - start) * rate)) if near and p is not None else 0
    noise = NOISE_P if pick.phase == "P" else NOISE_S
    snr = signal_to_noise(rows, rate, at, noise, floor)
    return {"snr": snr, "freqmin": bands[0][0], "freqmax": bands[0][1]}


def _alongside(sensor: Sensor, trace: Trace, time: UTCDateTime) -> list[Trace]:
    """Return the horizontals that share the span of a trace; the trace alone if it is vertical."""
    if trace.stats.channel[-1] == "Z":
        return [trace]
    each = [sensor.covering(letter, time) for letter in sensor.horizontals]
    return [
        t
        for t in each
        if t is not None
        and t.stats.starttime == trace.stats.starttime
        and len(t.data) == len(trace.data)
        and t.stats.sampling_rate == trace.stats.sampling_rate
    ]
