"""Uturuncu: picks NonLinLoc located, located again in a model that has its travel times."""

from __future__ import annotations

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.geodetics import gps2dist_azimuth

import paektuseis as ps
from paektuseis import tables
from paektuseis.network import Layer, Network, NetworkStation, VelocityModel, travel_time
from paektuseis.source._geometry import to_degrees

pytestmark = pytest.mark.real

# P velocities (km/s) from the tops (km) down, fitted by least squares to the 177 travel times the
# files state; vp/vs 1.735. Standard deviation of the misfit 0.05 s.
LAYERS = (
    (-6, 5.396), (-3, 5.339), (-1, 5.340), (0.5, 5.711), (2, 5.192), (5, 5.364), (8, 5.258),
    (11, 5.220), (14, 4.201), (16, 5.737), (18, 5.519), (20, 5.899), (23, 6.092), (26, 6.155),
    (29, 6.265), (32, 6.304), (36, 6.898), (40, 4.864), (45, 7.641), (50, 6.136),
)  # fmt: skip
MODEL = VelocityModel(
    name="fitted to the travel times of the solutions",
    layers=tuple(Layer(top_km=z, vp=v, vs=v / 1.735, rho=2600) for z, v in LAYERS),
)

REGION = (-67.75, -66.57, -22.82, -21.72)  # 60 km each way, as the solutions were sought


def read_hyp(path):
    """Origin and phases of one NonLinLoc solution (columns by the file's own header)."""
    origin, phases, inside = {}, [], False
    for line in path.read_text().splitlines():
        w = line.split()
        if not w:
            continue
        if w[0] == "GEOGRAPHIC":
            origin.update(latitude=float(w[9]), longitude=float(w[11]), depth_km=float(w[13]))
        elif w[0] == "QUALITY":
            origin.update(rms=float(w[8]), gap=float(w[12]))
        elif w[0] == "END_PHASE":
            inside = False
        elif inside:
            after = w.index(">")
            x, y, z = (float(v) for v in w[after + 4 : after + 7])
            latitude, longitude = to_degrees(x, y, -22.27, -67.16)
            phases.append(
                {
                    "station": w[0],
                    "phase": w[4],
                    "time": UTCDateTime(f"{w[6]}T{w[7]}00") + float(w[8]),
                    "uncertainty": float(w[10]),
                    "travel_time": float(w[after + 1]),
                    "latitude": float(latitude),
                    "longitude": float(longitude),
                    "elevation_m": -1e3 * z,
                }
            )
        if w[0] == "PHASE":
            inside = True
    return origin, phases


@pytest.fixture(scope="module")
def solutions(real_data):
    paths = sorted((real_data / "uturuncu_vt").rglob("*.hyp"))
    return [read_hyp(p) for p in paths]


@pytest.fixture(scope="module")
def network(solutions):
    stations = {}
    for _, phases in solutions:
        for p in phases:
            stations[p["station"]] = NetworkStation(
                network="XP",
                station=p["station"],
                latitude=p["latitude"],
                longitude=p["longitude"],
                elevation_m=p["elevation_m"],
            )
    return Network(
        name="uturuncu",
        latitude=-22.27,
        longitude=-67.16,
        stations=tuple(stations.values()),
        velocity=MODEL,
    )


def test_the_model_has_the_travel_times_of_the_solutions(solutions, network):
    misfit = []
    for origin, phases in solutions:
        for p in phases:
            if p["travel_time"] > 0:
                s = network.station(p["station"])
                metres = gps2dist_azimuth(
                    origin["latitude"], origin["longitude"], s.latitude, s.longitude
                )[0]
                t = travel_time(
                    MODEL,
                    distance_km=metres / 1e3,
                    source_depth_km=origin["depth_km"],
                    receiver_depth_km=-s.elevation_m / 1e3,
                    phase=p["phase"],
                )
                misfit.append(float(t) - p["travel_time"])
    assert len(misfit) > 150
    assert np.std(misfit) < 0.07


def test_uturuncu_within_a_kilometre_of_nonlinloc(solutions, network):
    away, deeper = [], []
    for origin, phases in solutions:
        if origin["rms"] > 1.0 or origin["gap"] > 180:
            continue
        picks = tables.PICKS.frame(
            {
                "trace_id": f"XP.{p['station']}..HHZ",
                "phase": p["phase"],
                "time": p["time"],
                "uncertainty": p["uncertainty"],
                "snr": np.nan,
                "polarity": "",
                "quality": "C",
            }
            for p in phases
        )
        found = ps.locate(picks, network, max_depth_km=54.0, region=REGION)
        metres = gps2dist_azimuth(
            origin["latitude"], origin["longitude"], found.latitude, found.longitude
        )[0]
        away.append(metres / 1e3)
        deeper.append(abs(found.depth_km - origin["depth_km"]))
    assert len(away) >= 6
    assert np.median(away) < 1.0
    assert np.median(deeper) < 2.0
