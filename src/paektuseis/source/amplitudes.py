"""Locate events and tremor without picks, by how amplitudes decay across the network."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, nan

import numpy as np
import pandas as pd
import scipy.optimize
from numpy.typing import NDArray
from obspy import Inventory, Stream

from ..amplitude import rsam
from ..errors import ParameterError
from ..network import Network
from ..tables import RSAM, station_of
from ..times import TimeLike
from ..types import FloatArray
from ._amplitude_problem import Problem, build_problem
from ._amplitude_results import AmplitudeGrid, AmplitudeLocation
from ._decay import best_places, misfits
from ._geometry import to_degrees

_STARTS = 6  # places of the grid that least squares starts from


def station_amplitudes(
    stream: Stream,
    *,
    freqmin: float,
    freqmax: float,
    window: float = 5.0,
    statistic: str = "rms",
    component: str = "Z",
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    min_coverage: float = 0.9,
) -> pd.DataFrame:
    """Measure the amplitude of one component of every station in consecutive windows.

    Parameters
    ----------
    stream : Stream
        Ground motion, or counts where all stations have one gain.
    freqmin, freqmax : float
        Hertz. Above about 5 Hz scattering blurs the radiation pattern.
    window : float, optional
        Seconds.
    statistic : str, optional
        As of :func:`~paektuseis.rsam`.
    component : str, optional
        Last letter of the channels.
    starttime, endtime, min_coverage
        As of :func:`~paektuseis.rsam`.

    Returns
    -------
    DataFrame
        Table ``tables.RSAM``, for :func:`locate_by_amplitude` (one window) or
        :func:`track_by_amplitude` (all).
    """
    chosen = Stream([t for t in stream if t.stats.channel.endswith(component)])
    if not chosen:
        raise ParameterError(f"no channel ends in {component!r}; give component=")
    return rsam(
        chosen,
        window=window,
        statistic=statistic,
        freqmin=freqmin,
        freqmax=freqmax,
        starttime=starttime,
        endtime=endtime,
        min_coverage=min_coverage,
    )


def locate_by_amplitude(
    amplitudes: Mapping[str, float] | pd.DataFrame,
    network: Network | Inventory,
    *,
    frequency: float,
    velocity: float,
    quality_factor: float,
    site: Mapping[str, float] | None = None,
    wave: str = "body",
    misfit: str = "relative",
    spacing_km: float = 0.5,
    margin_km: float = 5.0,
    region: tuple[float, float, float, float] | None = None,
    depths_km: tuple[float, ...] | None = None,
    min_stations: int = 5,
    jackknife: bool = True,
) -> AmplitudeLocation:
    r"""Locate a source from the amplitudes of one window at several stations.

    Parameters
    ----------
    amplitudes : mapping or DataFrame
        Amplitude by ``NET.STA`` (or trace id), or a table with ``trace_id`` and ``value`` (and
        ``units``) of one window; NaN and zero count as missing. Only the vertical is used
        where a table has several components of a station.
    network : Network or obspy.Inventory
        Positions and elevations.
    frequency : float
        Hz, middle of the band.
    velocity : float
        km/s, of the wave.
    quality_factor : float
    site : mapping, optional
        Amplification by ``NET.STA`` (1 where missing), as from coda.
    wave : {"body", "surface"}, optional
        Spreading ``1/r`` or ``1/sqrt(r)``.
    misfit : {"relative", "log"}, optional
        Ogiso and Yomogida's residual of amplitudes, or the sum of squares of logarithms, which
        suits errors by a factor and lets far stations count.
    spacing_km, margin_km : float, optional
        Of the grid, and how far it reaches beyond the stations.
    region : tuple of float, optional
        West, east, south, north in degrees, instead of the margin.
    depths_km : tuple of float, optional
        Depths searched, km below sea level, ascending; by default from the highest station
        down 10 km in steps of ``spacing_km``. One depth alone fixes it.
    min_stations : int, optional
        At least 4.
    jackknife : bool, optional
        Whether ``jackknife_km`` is worked out.

    Returns
    -------
    AmplitudeLocation
        With the misfit of the whole grid.

    Raises
    ------
    ParameterError
        If there are too few stations, units are mixed, or a parameter is impossible.
    MetadataError
        If a station has no place.

    Notes
    -----
    Ogiso and Yomogida (2021), equations 1 to 4: amplitudes
    :math:`A_i = A_s S_i e^{-B r_i} / r_i` with :math:`B = \pi f / (Q v)`, source amplitude
    :math:`A_s = \frac{1}{N} \sum (A_i / S_i) r_i e^{B r_i}`, residual
    :math:`R = \sum (A_i / S_i - A_s e^{-B r_i} / r_i)^2 / \sum (A_i / S_i)^2`. The grid's best
    places are refined by least squares. The region holds the places with
    :math:`R \le R_{min} (1 + \frac{q}{N - q - 1} F_{0.68}(q, N - q - 1))` with q coordinates:
    right for errors of one size at all stations ("relative": added; "log": factors). With
    stations on one side, or few of them, the region is large or open: look at the grid before
    the point.

    References
    ----------
    Ogiso, M., Yomogida, K. (2021). Earth, Planets and Space 73.
    Battaglia, J., Aki, K. (2003). Location of seismic events and eruptive fissures on the Piton
    de la Fournaise volcano using seismic amplitudes. J. Geophys. Res. 108(B8), 2364.
    """
    values, unit = _values(amplitudes)
    keys = sorted(k for k, v in values.items() if isfinite(v) and v > 0)
    _enough(keys, min_stations, depths_km)
    problem = build_problem(
        tuple(keys), network, frequency, velocity, quality_factor, wave, misfit,
        spacing_km, margin_km, region, depths_km,
    )  # fmt: skip
    factors = _sites(keys, site)
    a = np.array([values[k] for k in keys]) / factors
    return _located(problem, a, factors, unit, wave, jackknife)


def track_by_amplitude(
    table: pd.DataFrame,
    network: Network | Inventory,
    *,
    frequency: float,
    velocity: float,
    quality_factor: float,
    site: Mapping[str, float] | None = None,
    wave: str = "body",
    misfit: str = "relative",
    spacing_km: float = 0.5,
    margin_km: float = 5.0,
    region: tuple[float, float, float, float] | None = None,
    depths_km: tuple[float, ...] | None = None,
    min_stations: int = 5,
    problems: list[str] | None = None,
) -> pd.DataFrame:
    """Locate every window of a table of amplitudes on one grid: tremor as it moves.

    Parameters
    ----------
    table : DataFrame
        Table ``tables.RSAM``, as from :func:`station_amplitudes`.
    network, frequency, velocity, quality_factor, site, wave, misfit
        As of :func:`locate_by_amplitude`.
    spacing_km, margin_km, region, depths_km, min_stations
        The same; the grid is not refined, so that places are good to half its spacing.
    problems : list of str, optional
        Told how many windows had too few stations.

    Returns
    -------
    DataFrame
        ``starttime``, ``window`` (s), ``latitude``, ``longitude``, ``depth_km``,
        ``source_amplitude``, ``units``, ``misfit``, ``n_stations``; NaN where there are too few.
    """
    RSAM.check(table, need=("trace_id", "starttime", "window", "value", "units"))
    kept = _vertical(table)
    unit = _one_unit(kept)
    wide = kept.pivot(index="starttime", columns="station", values="value")
    keys = tuple(str(c) for c in wide.columns)
    _enough(list(keys), min_stations, depths_km)
    problem = build_problem(
        keys, network, frequency, velocity, quality_factor, wave, misfit,
        spacing_km, margin_km, region, depths_km,
    )  # fmt: skip
    a = wide.to_numpy(dtype=np.float64) / _sites(list(keys), site)
    present = np.isfinite(a) & (a > 0)
    out = np.full((len(a), 5), nan)
    points = problem.points()
    whole = problem.gain(points, np.arange(len(keys)))
    patterns, which = np.unique(present, axis=0, return_inverse=True)
    for k, mask in enumerate(patterns):
        rows = np.flatnonzero(which.ravel() == k)
        if mask.sum() < min_stations:
            if problems is not None:
                problems.append(
                    f"{len(rows)} windows have {int(mask.sum())} stations, below {min_stations}"
                )
            continue
        found = best_places(a[np.ix_(rows, mask)], whole[:, mask], logarithmic=problem.logarithmic)
        place = points[found.index]
        lat, lon = to_degrees(place[:, 0], place[:, 1], problem.latitude0, problem.longitude0)
        least = found.misfit / (mask.sum() if problem.logarithmic else 1)
        out[rows] = np.stack([lat, lon, place[:, 2], found.amplitude, least], axis=1)
    frame = pd.DataFrame(
        out, columns=["latitude", "longitude", "depth_km", "source_amplitude", "misfit"]
    )
    frame.insert(0, "starttime", wide.index)
    frame.insert(1, "window", float(kept["window"].iloc[0]))
    frame["units"] = _source_unit(unit, wave)
    frame["n_stations"] = present.sum(axis=1)
    return frame


def _enough(keys: list[str], least: int, depths: tuple[float, ...] | None) -> None:
    need = 4 if depths is not None and len(depths) == 1 else 5
    if least < 4:
        raise ParameterError(f"min_stations={least}; a place and an amplitude need 4 or more")
    if len(keys) < max(least, need):
        raise ParameterError(
            f"{len(keys)} stations with an amplitude ({', '.join(keys) or 'none'}); "
            f"{max(least, need)} are needed (4 with min_stations=4 and one depth)"
        )


def _vertical(table: pd.DataFrame) -> pd.DataFrame:
    """Return one component of each station: the vertical where there are several."""
    kept = table.assign(station=[station_of(t) for t in table["trace_id"]])
    several = kept.groupby("station")["trace_id"].transform("nunique") > 1
    kept = kept[~several | kept["trace_id"].str.endswith("Z")]
    doubled = kept.groupby("station")["trace_id"].nunique()
    if (doubled > 1).any():
        raise ParameterError(
            f"{doubled.idxmax()} has several vertical channels; keep one in the table"
        )
    return kept


def _one_unit(table: pd.DataFrame) -> str:
    units = sorted(set(map(str, table["units"]))) if "units" in table else [""]
    if len(units) > 1:
        raise ParameterError(f"amplitudes in {', '.join(units)} cannot be compared")
    return units[0]


def _values(amplitudes: Mapping[str, float] | pd.DataFrame) -> tuple[dict[str, float], str]:
    if isinstance(amplitudes, pd.DataFrame):
        missing = {"trace_id", "value"} - set(amplitudes.columns)
        if missing:
            raise ParameterError(f"the amplitudes lack the columns {sorted(missing)}")
        kept = _vertical(amplitudes)
        if kept["station"].duplicated().any():
            raise ParameterError(
                "several rows a station: choose one window, or use track_by_amplitude"
            )
        values = kept["value"].to_numpy(dtype=np.float64)
        return dict(zip(kept["station"], map(float, values), strict=True)), _one_unit(kept)
    out: dict[str, float] = {}
    for name, value in amplitudes.items():
        key = station_of(name)
        if key in out:
            raise ParameterError(f"two amplitudes of {key}; keep one")
        out[key] = float(value)
    return out, ""


def _sites(keys: list[str], site: Mapping[str, float] | None) -> FloatArray:
    factors = np.array([float((site or {}).get(k, 1.0)) for k in keys])
    if not (np.isfinite(factors) & (factors > 0)).all():
        raise ParameterError("a site factor is not positive; give amplifications (1 = rock)")
    return factors


def _refined(
    problem: Problem,
    a: FloatArray,
    rows: NDArray[np.int64],
    values: FloatArray,
    starts: int = _STARTS,
) -> tuple[FloatArray, float]:
    """Return the best point (east, north, down) and its misfit: least squares from grid places."""
    points = problem.points()
    axes = (problem.x, problem.y, problem.z)
    free = [k for k, ax in enumerate(axes) if ax.size > 1]
    low = np.array([axes[k][0] for k in free])
    high = np.array([axes[k][-1] for k in free])
    order = np.argsort(values, kind="stable")
    best, least = points[order[0]], float(values[order[0]])

    def residuals(v: FloatArray, base: FloatArray) -> FloatArray:
        point = base.copy()
        point[free] = v
        gain = problem.gain(point[None], rows)[0]
        if problem.logarithmic:
            off = np.log(a) - np.log(gain)
            return np.asarray(off - off.mean())
        return np.asarray((a - np.mean(a / gain) * gain) / np.sqrt((a**2).sum()))

    for start in points[order[: 8 * starts : 8]]:
        x0 = np.clip(start[free], low + 1e-6, high - 1e-6)
        found = scipy.optimize.least_squares(
            residuals, x0, bounds=(low, high), args=(start,), xtol=1e-12, ftol=1e-12, gtol=1e-12
        )
        if 2.0 * found.cost < least:
            best = start.copy()
            best[free] = found.x
            least = 2.0 * float(found.cost)
    return best, least


def _located(
    problem: Problem, a: FloatArray, factors: FloatArray, unit: str, wave: str, jackknife: bool
) -> AmplitudeLocation:
    n = len(a)
    rows = np.arange(n)
    points = problem.points()
    values = misfits(a[None], problem.gain(points, rows), logarithmic=problem.logarithmic)[0][0]
    best, least = _refined(problem, a, rows, values)
    gain = problem.gain(best[None], rows)
    level = float(misfits(a[None], gain, logarithmic=problem.logarithmic)[1][0, 0])
    limit = problem.limit(least, n)
    inside = points[values <= limit]
    inside = np.vstack([inside, best])
    flat = np.hypot(inside[:, 0] - best[0], inside[:, 1] - best[1])
    bounded = not any(
        ax.size > 1 and (inside[:, k].min() <= ax[0] + 1e-9 or inside[:, k].max() >= ax[-1] - 1e-9)
        for k, ax in enumerate((problem.x, problem.y, problem.z))
    )
    half = 0.5 * float(problem.x[1] - problem.x[0])
    gap = _gap(problem, best)
    share = n if problem.logarithmic else 1
    lat_axis = to_degrees(0.0 * problem.y, problem.y, problem.latitude0, problem.longitude0)[0]
    lon_axis = to_degrees(problem.x, 0.0 * problem.x, problem.latitude0, problem.longitude0)[1]
    lat, lon = to_degrees(best[0], best[1], problem.latitude0, problem.longitude0)
    shape = (problem.z.size, problem.y.size, problem.x.size)
    distance = np.sqrt(
        (problem.east - best[0]) ** 2
        + (problem.north - best[1]) ** 2
        + (problem.down - best[2]) ** 2
    )
    return AmplitudeLocation(
        latitude=float(lat),
        longitude=float(lon),
        depth_km=float(best[2]),
        source_amplitude=level,
        units=_source_unit(unit, wave),
        misfit=least / share,
        horizontal_uncertainty_km=max(float(flat.max()), half),
        depth_uncertainty_km=0.5 * float(np.ptp(inside[:, 2])) if problem.z.size > 1 else nan,
        jackknife_km=_jackknife(problem, a) if jackknife else nan,
        bounded=bounded,
        azimuthal_gap=gap,
        n_stations=n,
        stations=pd.DataFrame(
            {
                "station": problem.keys,
                "amplitude": a * factors,
                "predicted": level * gain[0] * factors,
                "distance_km": distance,
            }
        ),
        grid=AmplitudeGrid(
            longitude=lon_axis,
            latitude=lat_axis,
            depth_km=problem.z,
            values=(values / share).reshape(shape),
            units="mean square of ln" if problem.logarithmic else "relative residual",
            limit=limit / share,
        ),
        notes=_notes(unit, gap, bounded, best, problem),
    )


def _jackknife(problem: Problem, a: FloatArray) -> float:
    """Standard error of the epicentre from leaving out each station in turn."""
    n = len(a)
    if n - 1 < problem.free + 1:
        return nan
    points = problem.points()
    whole = problem.gain(points, np.arange(n))
    places = []
    for k in range(n):
        keep = np.flatnonzero(np.arange(n) != k)
        values = misfits(a[None, keep], whole[:, keep], logarithmic=problem.logarithmic)[0][0]
        places.append(_refined(problem, a[keep], keep, values, starts=1)[0][:2])
    off = np.array(places) - np.mean(places, axis=0)
    return float(np.sqrt((n - 1) / n * (off**2).sum()))


def _gap(problem: Problem, best: FloatArray) -> float:
    azimuth = np.sort(
        np.degrees(np.arctan2(problem.east - best[0], problem.north - best[1])) % 360.0
    )
    return float(np.diff(np.append(azimuth, azimuth[0] + 360.0)).max())


def _notes(
    unit: str, gap: float, bounded: bool, best: FloatArray, problem: Problem
) -> tuple[str, ...]:
    notes: list[str] = []
    if unit == "counts":
        notes.append("amplitudes in counts: right only where all stations have one gain")
    if gap > 180:
        notes.append(f"stations on one side (gap {gap:.0f} degrees): the place is weak")
    if not bounded:
        notes.append("the 68 % region reaches the end of the grid: uncertainties are lower bounds")
    for k, ax in enumerate((problem.x, problem.y)):
        if best[k] <= ax[0] + 1e-9 or best[k] >= ax[-1] - 1e-9:
            notes.append("the best place lies on the edge of the grid: widen the region")
            break
    return tuple(notes)


def _source_unit(unit: str, wave: str) -> str:
    return f"{unit or 'amplitude'}*{'km' if wave == 'body' else 'km**0.5'}"
