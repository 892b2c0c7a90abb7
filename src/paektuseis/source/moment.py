"""Moment magnitude and corner frequency from the spectra of P and S."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import hypot, isfinite, nan, pi
from typing import Any

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace

from ..errors import ParameterError
from ..network import VelocityModel
from ..processing._metadata import responses_at_rest
from ..types import FloatArray
from ._brune import PLATEAU, JointFit, SourceShape
from ._ground import Ground, ground_of
from ._magnitude import Magnitude, correction_of, gathered, station_row
from ._phase_spectra import Measure, Measured, measured_spectra
from ._records import Sensors, sensors_of
from ._sites import Site, hypocentre_of, sites_of

RADIATION = {"P": 0.52, "S": 0.63}
"""Root mean square over the focal sphere of a double couple (Boore & Boatwright 1984)."""
FREE_SURFACE = 2.0
SHAPES = {"brune": SourceShape(), "boatwright": SourceShape(gamma=2.0)}
WEIGHT = {"P": 1.0, "S": 3.0}
"""How much a station's P and S count: the radiation of S varies less with direction."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceFit:
    """A displacement spectrum of one phase at one station, and the source model fitted to it.

    Attributes
    ----------
    trace_id : str
        Channel, or sensor with ``?`` where components were added.
    phase : str
        P or S.
    frequencies : ndarray, shape (nf,)
        Hertz.
    observed, noise : ndarray, shape (nf,)
        Amplitude spectra of displacement in m s, vector sum of the components; the noise's power
        is taken off the observed.
    model : ndarray, shape (nf,)
        Source model with attenuation, m s.
    usable : ndarray of bool, shape (nf,)
        What was fitted.
    plateau, corner_frequency, t_star : float
        m s, Hz, s.
    moment, distance_km, window : float
        N m; hypocentral km; s.
    rms : float
        Of the fit in natural logarithms.
    used : bool
        Whether it counts.
    note : str
        Why it does not count, or remarks.
    units : str
        Of ``observed``, ``noise``, ``model`` and ``plateau``.
    """

    trace_id: str
    phase: str
    frequencies: FloatArray
    observed: FloatArray
    noise: FloatArray
    model: FloatArray
    usable: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    plateau: float
    corner_frequency: float
    t_star: float
    moment: float
    distance_km: float
    window: float
    rms: float
    used: bool
    note: str = ""
    units: str = "m*s"


@responses_at_rest()
def moment_magnitude(
    stream: Stream | Trace | Sensors,
    loc: Any,
    inventory: Inventory,
    picks: pd.DataFrame | None = None,
    *,
    phases: str = "both",
    model: VelocityModel | None = None,
    velocity: tuple[float, float] | None = None,
    density: float | None = None,
    radiation: Mapping[str, float] | None = None,
    free_surface: float = FREE_SURFACE,
    q: tuple[float, float] | None = None,
    kappa: float | None = None,
    shape: str | SourceShape = "brune",
    corner_ratio: float | str | None = "vp/vs",
    freqmin: float | None = None,
    freqmax: float | None = None,
    min_snr: float = 3.0,
    model_error: float = 0.15,
    statistic: str = "mean",
    corrections: Mapping[str, float] | None = None,
    event_id: str = "",
    problems: list[str] | None = None,
) -> Magnitude:
    """Fit source spectra to P and S: moment magnitude and corner frequency.

    Parameters
    ----------
    stream : Stream or Trace
        Raw counts (or ground motion), with noise before P.
    loc : Location, Origin, Event, row of ``tables.ORIGINS``
        As in :func:`local_magnitude`.
    inventory : Inventory
    picks : DataFrame, optional
        Table ``tables.PICKS``; a phase without a pick is predicted from the origin time.
    phases : {"both", "P", "S"}, optional
    model : VelocityModel, optional
        Velocity and density at the source and under the stations, predicted arrivals, and Q
        where it states one.
    velocity : (vp, vs), optional
        km/s at the source, instead of the model's. Without either: the median of distance over
        travel time of the picks, else 5.5 and 3.18 (the note says which).
    density : float, optional
        kg/m³; the model's, else 2700.
    radiation : mapping, optional
        By phase; root mean squares over the focal sphere 0.52 and 0.63 by default.
    free_surface : float, optional
        By what the surface multiplies the motion.
    q : (qp, qs), optional
        Quality factors of the path; those of the model at the source where it states them.
    kappa : float, optional
        Seconds of t* under the station. Where it is given and Q is known, t* is fixed to travel
        time over Q plus kappa; else it is fitted to each spectrum (0 to 0.25 s).
    shape : {"brune", "boatwright"} or SourceShape, optional
    corner_ratio : float, "vp/vs" or None, optional
        Corner of P over that of S, of which one is fitted to both; None fits each its own.
    freqmin, freqmax : float, optional
        Hertz; without them from one over the window's length to 0.6 of the Nyquist frequency.
    min_snr : float, optional
        Only frequencies whose amplitude is so many times the noise's are fitted.
    model_error : float, optional
        Standard error of the magnitude that all stations share, put in squares to that of their
        scatter: velocity and density at the source (a velocity 8 % off is 0.07), the mean of the
        radiation, what is left of the coda.
    statistic : {"mean", "median"}, optional
        Of the stations' magnitudes (so the mean is that of log moment).
    corrections : mapping, optional
        Added to the magnitude of a station.
    event_id : str, optional
    problems : list, optional
        Collects what was refused, as texts.

    Returns
    -------
    Magnitude
        ``kind`` "Mw", with ``corner_frequency`` (of S, else of P; NaN where it does not lie in
        the usable band), ``moment`` and ``spectra`` (:class:`SourceFit`).

    Raises
    ------
    ParameterError
        If an option is out of range, or ``loc`` is no place.

    Notes
    -----
    ``moment = 4 pi sqrt(rho_s rho_r c_s**5 c_r) R plateau / (F radiation)`` (Aki & Richards 2002,
    eq. 4.96), ``Mw = 2/3 (log10 moment - 9.1)``. All spectra share one corner, that of P a fixed
    ratio above that of S, and have each their plateau and t*; fitted in logarithms over bins even
    in log frequency. Spectra are measured twice: in windows as long as S - P allows, then in four
    periods of the corner found (where the phase was picked), because the coda would raise the
    plateau. What precedes S counts as noise of S. A spectrum whose plateau is not in the usable
    band (corner under 1.5 times its lowest frequency) is refused. S of a single horizontal is
    multiplied by the root of 2.

    ``details`` holds the two parts of the uncertainty: ``scatter_error`` and ``model_error``.

    References
    ----------
    Brune, J. N. (1970). J. Geophys. Res. 75, 4997-5009; correction (1971) 76, 5002.
    Hanks, T. C. and Kanamori, H. (1979). J. Geophys. Res. 84, 2348-2350.
    Boore, D. M. and Boatwright, J. (1984). Bull. Seismol. Soc. Am. 74(5), 1615-1621.
    """
    if phases not in ("both", "P", "S"):
        raise ParameterError(f"phases={phases!r}; choose 'both', 'P' or 'S'")
    wanted = ("P", "S") if phases == "both" else (phases,)
    form = _shape(shape)
    pattern = {**RADIATION, **(radiation or {})}
    for name, value in (("free_surface", free_surface), *pattern.items()):
        if not (isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value}; give a positive number")
    if not (isfinite(model_error) and model_error >= 0):
        raise ParameterError(f"model_error={model_error}; give zero or more")
    hypo = hypocentre_of(loc)
    sensors = sensors_of(stream)
    sites = sites_of(list(sensors), hypo, inventory, picks, model)
    ground, remarks = ground_of(hypo, sites, model, velocity, density, q)
    how = Measure(
        inventory=inventory, ground=ground, form=form, freqmin=freqmin, freqmax=freqmax,
        min_snr=min_snr, kappa=kappa, corner_ratio=_tied(corner_ratio, wanted, ground),
    )  # fmt: skip
    seen = [(found[0], s) for key, found in sensors.items() if isinstance(s := sites[key], Site)]
    spectra, joint, reasons = measured_spectra(wanted, seen, how)
    fits: list[SourceFit] = []
    for phase, fit in joint.items():
        strength = free_surface * pattern[phase]
        mine = [m for m in spectra if m.phase == phase]
        fits += [_fit_of(m, fit, i, how, strength) for i, m in enumerate(mine)]
    rows = []
    for key, found in sensors.items():
        site = sites[key]
        own = [f for f in fits if _key(f.trace_id) == key]
        said = [site] if isinstance(site, str) else reasons.get(key, [])
        if isinstance(site, str) or not own:
            far = nan if isinstance(site, str) else site.hypocentral_km
            rows.append(
                station_row(found[0].name, far, "N m", note="; ".join(said), event_id=event_id)
            )
            continue
        rows.append(_station_row(own, site, correction_of(corrections, key), event_id))
        if problems is not None:
            problems.extend(f"Mw: {text}" for text in said)
    corner, corner_error, whose = _corner(joint, fits, how)
    remarks += whose
    out = gathered(
        rows,
        kind="Mw",
        scale=shape if isinstance(shape, str) else f"n={form.n:g}, gamma={form.gamma:g}",
        statistic=statistic,
        problems=problems,
        remarks=tuple(remarks),
        method=_method(statistic, wanted, ground, pattern, free_surface, q, kappa, min_snr),
        spectra=tuple(fits),
        corner_frequency=corner,
        corner_uncertainty=corner_error,
        details={
            f"corner_{p}": f.corner * how.ratio(p) for p, f in joint.items() if not f.resolved
        },
    )
    return _with_moment(out, model_error)


def _shape(shape: str | SourceShape) -> SourceShape:
    if isinstance(shape, SourceShape):
        return shape
    if shape not in SHAPES:
        raise ParameterError(f"shape={shape!r}; choose {', '.join(SHAPES)} or a SourceShape")
    return SHAPES[shape]


def _fit_of(one: Measured, fit: JointFit, i: int, how: Measure, strength: float) -> SourceFit:
    """Return the i-th spectrum of a joint fit with its moment."""
    spectrum = one.spectrum
    corner = fit.corner * how.ratio(one.phase)
    plateau, t_star = float(np.exp(fit.log_plateau[i])), float(fit.t_star[i])
    f = spectrum.frequencies
    moment = (
        4 * pi * how.ground.impedance(one.phase, one.site.elevation_m)
        * one.site.hypocentral_km * 1e3 * plateau / strength
    )  # fmt: skip
    lowest = float(f[spectrum.usable][0])
    good = corner >= PLATEAU * lowest
    name = (
        spectrum.trace_ids[0] if len(spectrum.trace_ids) == 1 else spectrum.trace_ids[0][:-1] + "?"
    )
    refusal = (
        ""
        if good
        else f"{one.phase}: plateau not in the usable band, from {lowest:.3g} Hz, against a corner "
        f"of {corner:.3g} Hz"
    )
    return SourceFit(
        trace_id=name,
        phase=one.phase,
        frequencies=f,
        observed=spectrum.signal,
        noise=spectrum.noise,
        model=plateau * np.exp(how.form.log_fall(f, corner) - np.pi * f * t_star),
        usable=spectrum.usable,
        plateau=plateau,
        corner_frequency=corner if not fit.resolved else nan,
        t_star=t_star,
        moment=moment,
        distance_km=one.site.hypocentral_km,
        window=spectrum.window,
        rms=float(fit.rms[i]),
        used=good,
        note="; ".join(n for n in (refusal, one.remark) if n),
    )


def _key(trace_id: str) -> str:
    return ".".join(trace_id.split(".")[:2])


def _station_row(
    fits: list[SourceFit], site: Site, correction: float, event_id: str
) -> dict[str, Any]:
    """One station's row: the weighted mean of log moment of its phases."""
    used = [f for f in fits if f.used]
    notes = [f.note for f in fits if f.note] + ([site.note] if site.note else [])
    row = station_row(
        fits[0].trace_id,
        site.hypocentral_km,
        "N m",
        event_id=event_id,
        note="; ".join(dict.fromkeys(notes)),
    )
    if used:
        weights = np.array([WEIGHT[f.phase] for f in used])
        log_moment = float(np.log10([f.moment for f in used]) @ weights / weights.sum())
        snr = min(
            float(np.median((f.observed / np.maximum(f.noise, 1e-300))[f.usable])) for f in used
        )
        row |= {
            "value": 2 / 3 * (log_moment - 9.1) + correction,
            "amplitude": 10**log_moment,
            "snr": snr,
            "time": site.p,
            "used": True,
        }
    return row


def _corner(
    joint: Mapping[str, JointFit], fits: list[SourceFit], how: Measure
) -> tuple[float, float, list[str]]:
    """The corner of S where it is known, else that of P, and a remark."""
    said: list[str] = []
    for phase in ("S", "P"):
        fit = joint.get(phase)
        if fit is None or not any(f.used for f in fits if f.phase == phase):
            continue
        if how.corner_ratio is not None:
            remark = f"corner of S, that of P {how.corner_ratio:.3g} times it"
        else:
            remark = f"corner of {phase}"
        if not fit.resolved:
            return fit.corner, fit.corner_error, [*said, remark]
        said.append(f"{remark}: {fit.resolved}")
        if how.corner_ratio is not None:
            break
    return nan, nan, said


def _tied(ratio: float | str | None, wanted: tuple[str, ...], ground: Ground) -> float | None:
    """Corner of P over that of S, None where they are not tied."""
    if ratio is None or len(wanted) < 2:
        return None
    if ratio == "vp/vs":
        return ground.source[0] / ground.source[1]
    if isinstance(ratio, str) or not 0.5 <= ratio <= 3:
        raise ParameterError(f"corner_ratio={ratio!r}; give 0.5 to 3, 'vp/vs' or None")
    return float(ratio)


def _method(
    statistic: str,
    wanted: tuple[str, ...],
    ground: Ground,
    pattern: Mapping[str, float],
    free_surface: float,
    q: tuple[float, float] | None,
    kappa: float | None,
    min_snr: float,
) -> str:
    vp, vs, rho = ground.source
    t_star = "fixed by Q and kappa" if q and kappa is not None else "fitted"
    return (
        f"{statistic} of stations, {' and '.join(wanted)}; source vp {vp / 1e3:.2f}, "
        f"vs {vs / 1e3:.2f} km/s, density {rho:g} kg/m3; radiation "
        + ", ".join(f"{p} {pattern[p]:g}" for p in wanted)
        + f"; free surface {free_surface:g}; t* {t_star}; SNR {min_snr:g}"
    )


def _with_moment(out: Magnitude, model_error: float) -> Magnitude:
    if not isfinite(out.value):
        return replace(out, corner_frequency=nan, corner_uncertainty=nan)
    error = hypot(out.uncertainty, model_error)
    return replace(
        out,
        uncertainty=error,
        moment=10 ** (1.5 * out.value + 9.1),
        moment_factor=10 ** (1.5 * error),
        details={**out.details, "scatter_error": out.uncertainty, "model_error": model_error},
    )
