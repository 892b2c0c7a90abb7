"""Moment magnitude and corner frequency from the spectra of P and S."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan, pi, sqrt
from typing import Any

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace

from ..errors import MetadataError, ParameterError, WaveformError
from ..network import Layer, VelocityModel
from ..types import FloatArray
from ._brune import PLATEAU, JointFit, OneSpectrum, SourceShape, fit_shared_corner
from ._magnitude import Magnitude, correction_of, gathered, station_row
from ._records import Sensor, sensors_of
from ._sites import Hypocentre, Site, hypocentre_of, sites_of
from ._spectra import LEAD_SHARE, PhaseSpectrum, phase_spectrum

RADIATION = {"P": 0.52, "S": 0.63}
"""Root mean square over the focal sphere of a double couple (Boore & Boatwright 1984)."""
FREE_SURFACE = 2.0
DENSITY = 2700.0
SHAPES = {"brune": SourceShape(), "boatwright": SourceShape(gamma=2.0)}
WEIGHT = {"P": 1.0, "S": 3.0}
"""How much a station's P and S count: the radiation of S varies less with direction."""
P_WINDOW = (0.6, 6.0)
S_WINDOW = (1.5, 10.0)
"""Shortest and longest window in s."""
SPAN = 3.0  # the usable band must reach from f to this many times f
UNKNOWN_VELOCITY = (5.5, 3.18)


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
        Whether it counts; ``note`` says why not.
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


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """Velocity (m/s) and density where the waves leave and where they arrive, and Q."""

    source: tuple[float, float, float]
    model: VelocityModel | None
    q: Mapping[str, float | None]

    def impedance(self, phase: str, elevation_m: float) -> float:
        """Root of rho_s rho_r c_s**5 c_r in SI units."""
        vp, vs, rho = self.source
        c = vp if phase == "P" else vs
        c_r, rho_r = c, rho
        if self.model is not None:
            top = self.model.layer_at(-elevation_m / 1e3)
            c_r, rho_r = 1e3 * (top.vp if phase == "P" else top.vs), top.rho
        return sqrt(rho * rho_r * c**5 * c_r)


@dataclass(frozen=True, kw_only=True)
class _Try:
    """One spectrum on its way to a moment."""

    site: Site
    phase: str
    spectrum: PhaseSpectrum
    known: tuple[float, float]
    remark: str


def moment_magnitude(
    stream: Stream | Trace,
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
    freqmin: float | None = None,
    freqmax: float | None = None,
    min_snr: float = 3.0,
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
        Quality factors of the path. Without them t* is fitted, starting from the model's where
        it states them.
    kappa : float, optional
        Seconds of t* under the station; fitted where not given. With ``q`` and ``kappa`` t*
        is fixed.
    shape : {"brune", "boatwright"} or SourceShape, optional
    freqmin, freqmax : float, optional
        Hertz; without them from one over the window's length to 0.6 of the Nyquist frequency.
    min_snr : float, optional
        Only frequencies whose amplitude is so many times the noise's are fitted.
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
    eq. 4.96), ``Mw = 2/3 (log10 moment - 9.1)``. All stations share one corner for each phase and
    have each their plateau and t*; fitted in logarithms over bins even in log frequency. A
    spectrum whose plateau is not in the usable band (corner under 1.5 times its lowest frequency)
    is refused. S of a single horizontal is multiplied by the root of 2.

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
    hypo = hypocentre_of(loc)
    sensors = sensors_of(stream)
    sites = sites_of(list(sensors), hypo, inventory, picks, model)
    ground, remarks = _ground(hypo, sites, model, velocity, density, q)
    rows: list[dict[str, Any]] = []
    tries: list[_Try] = []
    for key, found in sensors.items():
        site = sites[key]
        if isinstance(site, str):
            rows.append(station_row(found[0].name, nan, "N m", note=site, event_id=event_id))
            continue
        reasons: list[str] = []
        for phase in wanted:
            try:
                tries.append(
                    _spectrum(
                        found[0], site, phase, inventory, freqmin, freqmax, min_snr, ground, kappa
                    )
                )
            except (WaveformError, MetadataError, ParameterError) as error:
                reasons.append(f"{phase}: {error}")
        if not any(t.site is site for t in tries):
            rows.append(
                station_row(
                    found[0].name, site.hypocentral_km, "N m", note="; ".join(reasons),
                    event_id=event_id,
                )
            )  # fmt: skip
        elif problems is not None:
            problems.extend(f"Mw: {reason}" for reason in reasons)
    joint = {phase: _fitted([t for t in tries if t.phase == phase], form) for phase in wanted}
    fits: list[SourceFit] = []
    for phase, fit in joint.items():
        mine = [t for t in tries if t.phase == phase]
        if fit is not None:
            strength = free_surface * pattern[phase]
            fits += [_fit_of(t, fit, i, form, ground, strength) for i, t in enumerate(mine)]
    rows += _station_rows(fits, {t.site.key: t.site for t in tries}, corrections, event_id)
    corner, corner_error, whose = _corner(joint, fits)
    remarks += whose
    out = gathered(
        sorted(rows, key=lambda r: str(r["trace_id"])),
        kind="Mw",
        scale=shape if isinstance(shape, str) else f"n={form.n:g}, gamma={form.gamma:g}",
        statistic=statistic,
        problems=problems,
        remarks=tuple(remarks),
        method=_method(statistic, wanted, ground, pattern, free_surface, q, kappa, min_snr),
        spectra=tuple(fits),
        corner_frequency=corner,
        corner_uncertainty=corner_error,
        details={f"corner_{p}": f.corner for p, f in joint.items() if f and not f.resolved},
    )
    return _with_moment(out)


def _shape(shape: str | SourceShape) -> SourceShape:
    if isinstance(shape, SourceShape):
        return shape
    if shape not in SHAPES:
        raise ParameterError(f"shape={shape!r}; choose {', '.join(SHAPES)} or a SourceShape")
    return SHAPES[shape]


def _ground(
    hypo: Hypocentre,
    sites: Mapping[str, Site | str],
    model: VelocityModel | None,
    velocity: tuple[float, float] | None,
    density: float | None,
    q: tuple[float, float] | None,
) -> tuple[_Ground, list[str]]:
    """Return the properties at the source, and what had to be assumed."""
    remarks: list[str] = []
    layer: Layer | None = None
    if model is not None:
        depth = hypo.depth_km
        if not isfinite(depth):
            depth = 0.0
            remarks.append("depth unknown: the model at sea level is taken")
        layer = model.layer_at(depth)
    if velocity is not None:
        vp, vs = velocity
        if not (isfinite(vp) and isfinite(vs) and 0 < vs < vp < 10):
            raise ParameterError(f"velocity={velocity}; give (vp, vs) in km/s")
    elif layer is not None:
        vp, vs = layer.vp, layer.vs
    else:
        vp, vs, said = _path_velocity(sites)
        remarks.append(said)
    rho = density if density is not None else layer.rho if layer is not None else DENSITY
    if not 500 <= rho <= 6000:
        raise ParameterError(f"density={rho}; give kg/m3 (rock: 1500 to 3500)")
    given: dict[str, float | None] = {"P": None, "S": None}
    if q is not None:
        if not all(isfinite(v) and v > 0 for v in q):
            raise ParameterError(f"q={q}; give (qp, qs), positive")
        given = {"P": q[0], "S": q[1]}
    elif layer is not None:
        given = {"P": layer.qp, "S": layer.qs}
    return _Ground(source=(1e3 * vp, 1e3 * vs, rho), model=model, q=given), remarks


def _path_velocity(sites: Mapping[str, Site | str]) -> tuple[float, float, str]:
    """Median of distance over travel time of what was picked."""
    found: dict[str, float] = {}
    limits = {"P": (2.0, 8.5), "S": (1.0, 5.0)}
    for i, phase in enumerate("PS"):
        speeds = [
            s.hypocentral_km / (t - s.origin)
            for s in sites.values()
            if not isinstance(s, str)
            and s.origin is not None
            and s.picked[i]
            and (t := (s.p, s.s)[i]) is not None
            and t - s.origin > 0.2
        ]
        low, high = limits[phase]
        if speeds and low < np.median(speeds) < high:
            found[phase] = float(np.median(speeds))
    if not found:
        vp, vs = UNKNOWN_VELOCITY
        return vp, vs, f"velocity at the source unknown, {vp:g} and {vs:g} km/s taken"
    ratio = UNKNOWN_VELOCITY[0] / UNKNOWN_VELOCITY[1]
    vp = found["P"] if "P" in found else found["S"] * ratio
    vs = found["S"] if "S" in found else vp / ratio
    return vp, vs, f"velocity at the source: {vp:.2f} and {vs:.2f} km/s, mean of the paths"


def _spectrum(
    sensor: Sensor,
    site: Site,
    phase: str,
    inventory: Inventory,
    freqmin: float | None,
    freqmax: float | None,
    min_snr: float,
    ground: _Ground,
    kappa: float | None,
) -> _Try:
    """Measure one phase at one station."""
    if site.p is None or site.s is None:
        raise WaveformError(f"{sensor.name}: neither pick nor origin time, no window")
    gap = max(site.s - site.p, 0.0)
    arrival = site.p if phase == "P" else site.s
    low, high = P_WINDOW if phase == "P" else S_WINDOW
    length = min(gap / (1 - LEAD_SHARE), high) if phase == "P" else min(max(gap, low), high)
    if length < low:
        raise WaveformError(
            f"{sensor.name}: S comes {gap:.2g} s after P, too soon for a spectrum of P"
        )
    components, scale, remark = _components(sensor, phase)
    spectrum = phase_spectrum(
        sensor, components, arrival, site.p, length, inventory,
        freqmin=freqmin, freqmax=freqmax, min_snr=min_snr, scale=scale,
    )  # fmt: skip
    used = spectrum.frequencies[spectrum.usable]
    if used.size < 5 or used[-1] < SPAN * used[0]:
        raise WaveformError(
            f"{sensor.name}: {phase} stands above the noise only from {used[0]:.3g} to "
            f"{used[-1]:.3g} Hz; three times the lowest frequency is needed"
        )
    picked = site.picked[0 if phase == "P" else 1]
    notes = [remark, spectrum.remark, "" if picked else f"{phase} predicted, not picked"]
    return _Try(
        site=site,
        phase=phase,
        spectrum=spectrum,
        known=_t_star(site, phase, ground, kappa),
        remark="; ".join(n for n in notes if n),
    )


def _components(sensor: Sensor, phase: str) -> tuple[list[str], float, str]:
    horizontal = sensor.horizontals
    vertical = ["Z"] if "Z" in sensor.pieces else []
    if len(horizontal) >= 2:
        return vertical + horizontal[:2], 1.0, "" if vertical else "no vertical"
    if phase == "P":
        if not vertical:
            raise WaveformError(f"{sensor.name}: no vertical component for P")
        return vertical, 1.0, "vertical only"
    if not horizontal:
        raise WaveformError(f"{sensor.name}: no horizontal component for S")
    return horizontal, sqrt(2.0), "one horizontal, times root 2"


def _t_star(site: Site, phase: str, ground: _Ground, kappa: float | None) -> tuple[float, float]:
    """What is known of t* beforehand: mean and standard error (s)."""
    c = ground.source[0 if phase == "P" else 1] / 1e3
    arrival = site.p if phase == "P" else site.s
    travel = site.hypocentral_km / c
    if site.origin is not None and arrival is not None and arrival - site.origin > 0:
        travel = arrival - site.origin
    q = ground.q[phase]
    if q is not None and kappa is not None:
        return travel / q + kappa, 0.0
    return nan, float("inf")


def _fitted(tries: list[_Try], form: SourceShape) -> JointFit | None:
    if not tries:
        return None
    return fit_shared_corner(
        [
            OneSpectrum(
                frequencies=t.spectrum.frequencies[t.spectrum.usable],
                log_signal=np.log(t.spectrum.signal[t.spectrum.usable]),
                t_star=t.known[0],
                t_star_error=t.known[1],
            )
            for t in tries
        ],
        form,
    )


def _fit_of(
    one: _Try, fit: JointFit, i: int, form: SourceShape, ground: _Ground, strength: float
) -> SourceFit:
    """Return the i-th spectrum of a joint fit with its moment."""
    spectrum = one.spectrum
    plateau, t_star = float(np.exp(fit.log_plateau[i])), float(fit.t_star[i])
    f = spectrum.frequencies
    moment = (
        4 * pi * ground.impedance(one.phase, one.site.elevation_m)
        * one.site.hypocentral_km * 1e3 * plateau / strength
    )  # fmt: skip
    lowest = float(f[spectrum.usable][0])
    good = fit.corner >= PLATEAU * lowest
    name = (
        spectrum.trace_ids[0] if len(spectrum.trace_ids) == 1 else spectrum.trace_ids[0][:-1] + "?"
    )
    refusal = (
        ""
        if good
        else f"{one.phase}: plateau not in the usable band, from {lowest:.3g} Hz, against a corner "
        f"of {fit.corner:.3g} Hz"
    )
    return SourceFit(
        trace_id=name,
        phase=one.phase,
        frequencies=f,
        observed=spectrum.signal,
        noise=spectrum.noise,
        model=plateau * np.exp(form.log_fall(f, fit.corner) - np.pi * f * t_star),
        usable=spectrum.usable,
        plateau=plateau,
        corner_frequency=fit.corner if not fit.resolved else nan,
        t_star=t_star,
        moment=moment,
        distance_km=one.site.hypocentral_km,
        window=spectrum.window,
        rms=float(fit.rms[i]),
        used=good,
        note="; ".join(n for n in (refusal, one.remark) if n),
    )


def _station_rows(
    fits: list[SourceFit],
    sites: Mapping[str, Site],
    corrections: Mapping[str, float] | None,
    event_id: str,
) -> list[dict[str, Any]]:
    """One row a station: the weighted mean of log moment of its phases."""
    rows = []
    for key, site in sites.items():
        mine = [f for f in fits if ".".join(f.trace_id.split(".")[:2]) == key]
        used = [f for f in mine if f.used]
        notes = [f.note for f in mine if f.note] + ([site.note] if site.note else [])
        row = station_row(
            mine[0].trace_id, site.hypocentral_km, "N m", event_id=event_id,
            note="; ".join(dict.fromkeys(notes)),
        )  # fmt: skip
        if used:
            weights = np.array([WEIGHT[f.phase] for f in used])
            log_moment = float(np.log10([f.moment for f in used]) @ weights / weights.sum())
            snr = min(
                float(np.median((f.observed / np.maximum(f.noise, 1e-300))[f.usable])) for f in used
            )
            row |= {
                "value": 2 / 3 * (log_moment - 9.1) + correction_of(corrections, key),
                "amplitude": 10**log_moment,
                "snr": snr,
                "time": site.p,
                "used": True,
            }
        rows.append(row)
    return rows


def _corner(
    joint: Mapping[str, JointFit | None], fits: list[SourceFit]
) -> tuple[float, float, list[str]]:
    """The corner of S where it is known, else that of P, and a remark."""
    said = []
    for phase in ("S", "P"):
        fit = joint.get(phase)
        if fit is None or not any(f.used for f in fits if f.phase == phase):
            continue
        if not fit.resolved:
            return fit.corner, fit.corner_error, [*said, f"corner of {phase}"]
        said.append(f"{phase}: {fit.resolved}")
    return nan, nan, said


def _method(
    statistic: str,
    wanted: tuple[str, ...],
    ground: _Ground,
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


def _with_moment(out: Magnitude) -> Magnitude:
    from dataclasses import replace

    if not isfinite(out.value):
        return replace(out, corner_frequency=nan, corner_uncertainty=nan)
    return replace(
        out, moment=10 ** (1.5 * out.value + 9.1), moment_factor=10 ** (1.5 * out.uncertainty)
    )


def stress_drop(moment: float, corner_frequency: float, vs: float, *, k: float = 0.372) -> float:
    """Return the static stress drop of a circular source in MPa.

    Parameters
    ----------
    moment : float
        N m.
    corner_frequency : float
        Hertz, of S where k is Brune's.
    vs : float
        S velocity at the source in km/s.
    k : float, optional
        Radius = k vs / corner: 0.372 (2.34 / 2 pi) is Brune's.

    Returns
    -------
    float
        ``7/16 moment / radius**3``; it goes with the cube of the corner, so a corner known to
        25 % gives a stress drop known to a factor of two.

    Raises
    ------
    ParameterError
        If something is not positive.

    References
    ----------
    Brune, J. N. (1970, 1971); Eshelby, J. D. (1957). Proc. R. Soc. Lond. A 241, 376-396.

    Examples
    --------
    >>> round(stress_drop(1.3e13, 10.0, 3.0, k=0.372), 2)
    4.09
    """
    return (
        7 / 16 * moment / (1e3 * source_radius(corner_frequency, vs, k=k)) ** 3 / 1e6
        if (_positive(moment=moment))
        else nan
    )


def source_radius(corner_frequency: float, vs: float, *, k: float = 0.372) -> float:
    """Return the radius of a circular source in km, ``k vs / corner`` (see :func:`stress_drop`)."""
    _positive(corner_frequency=corner_frequency, vs=vs, k=k)
    return k * vs / corner_frequency


def _positive(**values: float) -> bool:
    for name, value in values.items():
        if not (isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value}; give a positive number")
    return True
