"""Locate an event with one station of three components: S - P and the motion of P."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite, nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, UTCDateTime

from .._segments import joined
from ..errors import MetadataError, ParameterError, WaveformError
from ..network import Layer, Network, VelocityModel
from ..processing import remove_response, response_curve, rotate_to_zne
from ..provenance import units_of
from ..tables import ORIGINS, PICKS, RESIDUALS, station_of
from ..types import FloatArray
from ._geometry import to_degrees
from ._one_distance import Range, distance_range, true_incidence
from ._p_motion import PMotion, p_motion

DEFAULT_MODEL = VelocityModel(
    layers=(Layer(top_km=-5.0, vp=6.0, vs=6.0 / 1.73, rho=2700.0),),
    name="half-space, Vp 6.0 km/s, Vp/Vs 1.73",
    certainty="assumed",
)
"""What is taken where neither a model nor a network with one is given."""

_BEFORE, _AFTER = 20.0, 5.0  # s of record around P that are used
_ALIKE = 0.02  # responses that differ by less leave the direction as it is


@dataclass(frozen=True, kw_only=True)
class SingleStationLocation:
    """What one station says of where an event was.

    Attributes
    ----------
    station : str
        ``NET.STA``.
    distance_km, distance_uncertainty_km : float
        Hypocentral, with one standard error.
    epicentral_distance_km, epicentral_uncertainty_km : float
        Along the surface: rests on the depth, which one station hardly knows.
    backazimuth, backazimuth_uncertainty : float
        From the station to the source, degrees from north.
    incidence, incidence_uncertainty : float
        Of the motion of P as recorded: 0 vertical, 90 horizontal, degrees.
    incidence_corrected : float
        Of the ray below the free surface, with Vp/Vs of the model at the station; NaN where
        no P makes such a motion.
    depth_km, depth_uncertainty_km : float
        Below sea level; weakly known (see :func:`locate_single_station`).
    latitude, longitude : float
        Degrees; NaN where the station's place or a direction is not known.
    horizontal_uncertainty_km : float
        Larger of the standard errors along and across the direction.
    ambiguous : bool
        Whether the source may as well lie in the opposite direction.
    time : UTCDateTime or None
        Origin time.
    time_uncertainty : float
        Seconds.
    s_minus_p : float
        Seconds.
    rectilinearity, snr : float
        Of P's motion (1 along a line), and rms ratio to the noise in the best band.
    model : str
    notes : tuple of str
        What is not known and why; what was assumed.
    residuals : DataFrame
        The arrivals used (``tables.RESIDUALS``); one station leaves no residual (NaN).
    """

    station: str
    distance_km: float = nan
    distance_uncertainty_km: float = nan
    epicentral_distance_km: float = nan
    epicentral_uncertainty_km: float = nan
    backazimuth: float = nan
    backazimuth_uncertainty: float = nan
    incidence: float = nan
    incidence_uncertainty: float = nan
    incidence_corrected: float = nan
    depth_km: float = nan
    depth_uncertainty_km: float = nan
    latitude: float = nan
    longitude: float = nan
    horizontal_uncertainty_km: float = nan
    ambiguous: bool = False
    time: UTCDateTime | None = None
    time_uncertainty: float = nan
    s_minus_p: float = nan
    rectilinearity: float = nan
    snr: float = nan
    model: str = ""
    notes: tuple[str, ...] = ()
    residuals: pd.DataFrame = field(default_factory=RESIDUALS.frame, repr=False, compare=False)

    @property
    def note(self) -> str:
        """The notes as one text."""
        return "; ".join(self.notes)

    def origin_row(self, event_id: str = "") -> dict[str, Any]:
        """Return the location as one row of ``tables.ORIGINS``."""
        same = (
            "time", "latitude", "longitude", "depth_km", "time_uncertainty",
            "horizontal_uncertainty_km", "depth_uncertainty_km", "model", "distance_km",
            "distance_uncertainty_km", "backazimuth", "backazimuth_uncertainty", "incidence",
            "note",
        )  # fmt: skip
        row = {name: getattr(self, name) for name in same}
        n_picks = 1 + isfinite(self.s_minus_p)
        return row | {
            "event_id": event_id,
            "n_picks": n_picks,
            "n_stations": 1,
            "rms": nan,
            "azimuthal_gap": 360.0,
            "nearest_km": self.epicentral_distance_km,
            "method": "single station",
            "quality": "D",
        }

    def origin(self, event_id: str = "") -> pd.DataFrame:
        """Return the location as a table of one row (``tables.ORIGINS``)."""
        return ORIGINS.frame([self.origin_row(event_id)])


class _Place(NamedTuple):
    latitude: float
    longitude: float
    depth_km: float  # below sea level


def locate_single_station(
    stream: Stream,
    picks: pd.DataFrame,
    *,
    inventory: Inventory | None = None,
    network: Network | None = None,
    model: VelocityModel | None = None,
    station: str | None = None,
    depth_km: float | None = None,
    depth_uncertainty_km: float = 0.0,
    velocity_uncertainty: float | None = None,
    ratio_uncertainty: float | None = None,
    min_rectilinearity: float = 0.7,
    min_snr: float = 1.5,
    max_azimuth_uncertainty: float = 30.0,
    max_depth_km: float = 40.0,
) -> SingleStationLocation:
    """Locate an event from S - P and the particle motion of P at one station.

    Parameters
    ----------
    stream : Stream
        Records of the station, at least 1.3 s (better 8 s) before P and up to S: three
        components Z, N, E, or others whose directions the inventory gives. Raw counts will do
        where the three responses are alike.
    picks : DataFrame
        Table ``tables.PICKS`` (``trace_id``, ``phase``, ``time``; ``uncertainty`` in s, taken
        as 0.05 s for P and 0.1 s for S where missing).
    inventory : obspy.Inventory, optional
        Orientations, responses and coordinates. Where the three responses differ by more than
        2 % they are removed; where they are alike the direction does not need it.
    network : Network, optional
        Coordinates, velocity model and known errors of the sensor's azimuth.
    model : VelocityModel, optional
        By default the network's, else a half-space with Vp 6.0 km/s and Vp/Vs 1.73.
    station : str, optional
        ``NET.STA``; needed where ``picks`` hold several stations with the same phases. By
        default the one with the most of P and S, the smallest S - P first.
    depth_km, depth_uncertainty_km : float, optional
        Depth of the source below sea level where it is known from elsewhere, and its standard
        error (0: exact).
    velocity_uncertainty, ratio_uncertainty : float, optional
        Relative standard error of velocities (0.05; 0.1 for the half-space) and absolute one of
        Vp/Vs (0.03; 0.05 for the half-space).
    min_rectilinearity, min_snr, max_azimuth_uncertainty : float, optional
        No direction below, below and above these (share, rms ratio in the best band, degrees).
    max_depth_km : float, optional
        Deepest source thought of.

    Returns
    -------
    SingleStationLocation
        What cannot be had is NaN, and ``note`` says why.

    Raises
    ------
    ParameterError
        If there is no pick of P, or an option makes no sense.
    MetadataError
        If the station is in neither network nor inventory although one was given.

    Notes
    -----
    *Distance.* On a grid of epicentral distance and depth, every place is as likely as its S - P
    through the layers fits the measured one within the errors of picks and velocities (and, as
    a weak addition, as its ray parameter fits the incidence, with Vs under the station anywhere
    between 0.3 and 1 of the model's); places are equally likely by volume beforehand.
    Mean and standard deviation of that are returned. *Direction.* In nine bands from 0.8 to
    25 Hz, one period after P, the horizontals are regressed on the vertical, weighted by
    signal and noise before P. A P from below moves up and away, or down and towards, so that
    the sign of the regression tells the two directions apart; only where the motion is so flat
    that the vertical's sign is not certain is the result ``ambiguous``. A source higher than
    the station, whose wave comes from above, is placed on the wrong side.

    References
    ----------
    Roberts, R. G., Christoffersson, A., Cassidy, F. (1989). Real-time event detection, phase
    identification and source location estimation using single station three-component seismic
    data. Geophysical Journal International 97, 471-480.
    Jurkevics, A. (1988). Polarization analysis of three-component array data. BSSA 78(5),
    1725-1743.
    """
    _check(depth_km, depth_uncertainty_km, max_azimuth_uncertainty)
    key, p, s = _readings(picks, station)
    notes: list[str] = []
    used, given = _model(model, network)
    place = _place(key, network, inventory)
    if not given:
        notes.append(f"no velocity model given: {used.name} assumed")
    motion = _direction(stream, key, p, s, inventory, network, notes)
    if not motion.reason:
        motion = _accepted(motion, min_rectilinearity, min_snr, max_azimuth_uncertainty)
    if motion.reason:
        notes.append(f"no direction: {motion.reason}")
    if motion.ambiguous:
        notes.append("the motion is nearly horizontal: the source may lie opposite (180 degrees)")
    dv = velocity_uncertainty if velocity_uncertainty is not None else (0.05 if given else 0.1)
    dk = ratio_uncertainty if ratio_uncertainty is not None else (0.03 if given else 0.05)
    receiver = place.depth_km if place else 0.0
    reach, gap = Range(), nan
    if s is None:
        notes.append("no distance: no pick of S")
    else:
        gap = (s[0] - p[0]) * 1e-9
        reach = distance_range(
            used,
            receiver,
            gap,
            float(np.hypot(p[1], s[1])),
            velocity_uncertainty=dv,
            ratio_uncertainty=dk,
            incidence=motion.incidence,
            incidence_sd=motion.incidence_uncertainty,
            depth=None if depth_km is None else (float(depth_km), float(depth_uncertainty_km)),
            max_depth_km=max_depth_km,
        )
        if not isfinite(reach.distance):
            notes.append(f"no distance: S - P of {gap:.2f} s fits no place in {used.name}")
    layer = used.layer_at(receiver)
    found = _result(key, p, gap, reach, motion, place, used, layer.vp / layer.vs, notes, dv)
    return replace(found, residuals=_arrivals(picks, found, p, s))


def _check(depth: float | None, error: float, limit: float) -> None:
    if depth is not None and not isfinite(depth):
        raise ParameterError(f"depth_km={depth}; give km below sea level or None")
    if not (isfinite(error) and error >= 0):
        raise ParameterError(f"depth_uncertainty_km={error}; give 0 or more")
    if not limit > 0:
        raise ParameterError(f"max_azimuth_uncertainty={limit}; give positive degrees")


Reading = tuple[int, float]  # time in ns, standard error in s


def _readings(picks: pd.DataFrame, station: str | None) -> tuple[str, Reading, Reading | None]:
    """Return the station and its best P and S."""
    PICKS.check(picks, need=("trace_id", "phase", "time"))
    known: dict[str, dict[str, Reading]] = {}
    for row in picks.to_dict("records"):
        phase, time = str(row["phase"]), row["time"]
        if phase not in ("P", "S") or pd.isna(time):
            continue
        error = float(row.get("uncertainty", nan))
        error = error if isfinite(error) and error >= 0 else {"P": 0.05, "S": 0.1}[phase]
        mine = known.setdefault(station_of(row["trace_id"]), {})
        if phase not in mine or error < mine[phase][1]:
            mine[phase] = (int(pd.Timestamp(time).value), error)
    usable = {k: v for k, v in known.items() if "P" in v and (station in (None, k))}
    if not usable:
        raise ParameterError(
            f"no pick of P{f' at {station}' if station else ''}; picks are at "
            f"{', '.join(sorted(known)) or 'no station'}"
        )

    def order(name: str) -> tuple[bool, int, str]:
        both = "S" in usable[name]
        wait = usable[name]["S"][0] - usable[name]["P"][0] if both else 0
        return not both, wait, name

    key = min(usable, key=order)
    p, s = usable[key]["P"], usable[key].get("S")
    if s is not None and s[0] <= p[0]:
        raise ParameterError(f"{key}: S is not after P; correct the picks")
    return key, p, s


def _arrivals(
    picks: pd.DataFrame, found: SingleStationLocation, p: Reading, s: Reading | None
) -> pd.DataFrame:
    """Return the arrivals used as residuals that are not known."""
    rows = []
    for phase, reading in (("P", p), ("S", s)):
        same = [station_of(t) == found.station for t in picks["trace_id"]]
        mine = picks[np.array(same) & (picks["phase"] == phase).to_numpy()]
        if reading is not None:
            rows.append(
                {
                    "trace_id": str(mine["trace_id"].iloc[0]),
                    "phase": phase,
                    "time": UTCDateTime(ns=reading[0]),
                    "residual": nan,
                    "weight": 1.0,
                    "distance_km": found.epicentral_distance_km,
                    "azimuth": (found.backazimuth + 180.0) % 360.0,
                    "uncertainty": reading[1],
                }
            )
    return RESIDUALS.frame(rows)


def _model(model: VelocityModel | None, network: Network | None) -> tuple[VelocityModel, bool]:
    if model is None and network is not None:
        model = network.velocity
    return (DEFAULT_MODEL, False) if model is None else (model, True)


def _place(key: str, network: Network | None, inventory: Inventory | None) -> _Place | None:
    if network is None and inventory is None:
        return None
    if network is None:
        assert inventory is not None
        network = Network.from_inventory(inventory)
    elif inventory is not None:
        network = network.with_inventory(inventory)
    found = network.station(key)
    height = found.elevation_m / 1e3 if isfinite(found.elevation_m) else nan
    return _Place(found.latitude, found.longitude, -height)


def _direction(
    stream: Stream,
    key: str,
    p: Reading,
    s: Reading | None,
    inventory: Inventory | None,
    network: Network | None,
    notes: list[str],
) -> PMotion:
    onset = UTCDateTime(ns=p[0])
    last = onset + _AFTER if s is None else min(UTCDateTime(ns=s[0]), onset + _AFTER)
    mine = Stream([t for t in joined(stream) if station_of(t.id) == key])
    names = sorted({t.id[:-1] for t in mine})
    mine = Stream([t for t in mine if t.id[:-1] == names[0]]).slice(onset - _BEFORE, last + 1.0)
    letters = {t.stats.channel[-1] for t in mine}
    if len(letters) != 3:
        return PMotion(reason=f"{key} has {len(letters)} components around P, not three")
    try:
        if inventory is not None and not _alike(mine, inventory, onset, notes):
            high = 0.5 * min(float(t.stats.sampling_rate) for t in mine)
            corners = (0.2, 0.4, 0.8 * high, 0.95 * high)
            mine = remove_response(mine, inventory, output="VEL", pre_filt=corners)
            notes.append("responses removed: they differ between the components")
        turned = rotate_to_zne(mine, inventory, corrections=_turns(network, key))
    except (WaveformError, MetadataError) as error:
        return PMotion(reason=str(error))
    data, rate, start = _around(turned, onset)
    if data is None:
        return PMotion(reason=f"{key}: a gap around P")
    first = round((onset - start) * rate)
    until = min(round((last - start) * rate), data.shape[1] - 1)
    if until - first < 4:
        return PMotion(reason="fewer than four samples between P and S")
    if not (np.ptp(data, axis=1) > 0).all():
        return PMotion(reason=f"{key}: a component is flat")
    return p_motion(data, rate, first, until)


def _around(turned: Stream, onset: UTCDateTime) -> tuple[FloatArray | None, float, UTCDateTime]:
    """Return the Z, N, E samples of the piece that holds P."""
    pieces: dict[tuple[int, int], dict[str, Any]] = {}
    for trace in turned:
        if trace.stats.starttime <= onset < trace.stats.endtime:
            spot = int(trace.stats.starttime.ns), int(trace.stats.npts)
            pieces.setdefault(spot, {})[trace.stats.channel[-1]] = trace
    for parts in pieces.values():
        if len(parts) == 3:
            head = parts["Z"].stats
            rows = np.array([parts[c].data for c in "ZNE"], dtype=np.float64)
            return rows, float(head.sampling_rate), head.starttime
    return None, nan, onset


def _alike(mine: Stream, inventory: Inventory, onset: UTCDateTime, notes: list[str]) -> bool:
    """Whether the components have one response (or none is known, which is noted)."""
    probe = np.array([1.0, 2.0, 5.0, 10.0])
    if any(units_of(t) != "counts" for t in mine):
        return True  # converted already
    shapes = []
    for name in sorted({t.id for t in mine}):
        try:
            shapes.append(response_curve(inventory, name, onset, probe))
        except MetadataError as error:
            notes.append(f"responses taken as alike: {error}")
            return True
    scale = np.abs(shapes[0])
    return all(bool((np.abs(r - shapes[0]) <= _ALIKE * scale).all()) for r in shapes[1:])


def _turns(network: Network | None, key: str) -> pd.DataFrame | None:
    """Return the known errors of the sensor's azimuth, as ``rotate_to_zne`` takes them."""
    if network is None:
        return None
    rows = [
        {
            "network": c.network,
            "station": c.station,
            "starttime": c.starttime,
            "endtime": c.endtime,
            "azimuth_error": c.azimuth_error,
        }
        for c in network.azimuth_corrections
        if f"{c.network}.{c.station}" == key
    ]
    return pd.DataFrame(rows) if rows else None


def _accepted(motion: PMotion, straight: float, snr: float, limit: float) -> PMotion:
    """Return the motion, or a reason why its direction is not to be trusted."""
    reason = ""
    if motion.snr < snr:
        reason = f"P is {motion.snr:.1f} times the noise, below {snr:g}"
    elif motion.rectilinearity < straight:
        reason = f"rectilinearity {motion.rectilinearity:.2f} is below {straight:g}"
    elif motion.backazimuth_uncertainty > limit:
        reason = (
            f"the back-azimuth has a standard error of {motion.backazimuth_uncertainty:.0f} "
            f"degrees, above {limit:g}"
        )
    if not reason:
        return motion
    keep = motion.snr >= snr and motion.rectilinearity >= straight
    return PMotion(
        incidence=motion.incidence if keep else nan,
        incidence_uncertainty=motion.incidence_uncertainty if keep else nan,
        rectilinearity=motion.rectilinearity,
        snr=motion.snr,
        reason=reason,
    )


def _result(
    key: str,
    p: Reading,
    gap: float,
    reach: Range,
    motion: PMotion,
    place: _Place | None,
    model: VelocityModel,
    ratio: float,
    notes: list[str],
    dv: float,
) -> SingleStationLocation:
    latitude = longitude = across = nan
    if place is None:
        notes.append("no coordinates of the station given: no epicentre and no depth")
    elif not isfinite(place.depth_km):
        notes.append("the station's elevation is unknown: no depth")
    if place is not None and not motion.ambiguous and isfinite(motion.backazimuth):
        angle = np.radians(motion.backazimuth)
        east, north = reach.epicentral * np.sin(angle), reach.epicentral * np.cos(angle)
        if isfinite(east):
            lat, lon = to_degrees(east, north, place.latitude, place.longitude)
            latitude, longitude = float(lat), float(lon)
        turn = np.radians(min(motion.backazimuth_uncertainty, 90.0))
        across = float(np.hypot(reach.epicentral, reach.epicentral_sd) * np.sin(turn))
    timed = isfinite(reach.p_time)
    late = reach.p_time * float(np.hypot(dv, reach.distance_sd / max(reach.distance, 1e-9)))
    depths = place is not None and isfinite(place.depth_km)
    return SingleStationLocation(
        station=key,
        distance_km=reach.distance,
        distance_uncertainty_km=reach.distance_sd,
        epicentral_distance_km=reach.epicentral,
        epicentral_uncertainty_km=reach.epicentral_sd,
        backazimuth=motion.backazimuth,
        backazimuth_uncertainty=motion.backazimuth_uncertainty
        if isfinite(motion.backazimuth)
        else nan,
        incidence=motion.incidence,
        incidence_uncertainty=motion.incidence_uncertainty,
        incidence_corrected=true_incidence(motion.incidence, ratio),
        depth_km=reach.depth if depths else nan,
        depth_uncertainty_km=reach.depth_sd if depths else nan,
        latitude=latitude,
        longitude=longitude,
        horizontal_uncertainty_km=max(reach.epicentral_sd, across) if isfinite(across) else nan,
        ambiguous=motion.ambiguous,
        time=UTCDateTime(ns=p[0] - round(reach.p_time * 1e9)) if timed else None,
        time_uncertainty=float(np.hypot(p[1], late)) if timed else nan,
        s_minus_p=gap,
        rectilinearity=motion.rectilinearity,
        snr=motion.snr,
        model=model.name,
        notes=tuple(notes),
    )
