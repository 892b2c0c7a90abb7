"""Locations a second on one core (CPU time): six stations of 1U, P and S, tables in memory.

python benchmarks/bench_locate.py [events]
"""

from __future__ import annotations

import sys
import time

import numpy as np
from obspy import UTCDateTime

import paektuseis as ps
from paektuseis import tables
from paektuseis.network import travel_time
from paektuseis.source._geometry import distance_km, to_degrees


def picks_of(network, lat, lon, depth, rng):
    rows = []

    start = UTCDateTime("2014-06-01T00:00:00")
    for phase, error in (("P", 0.05), ("S", 0.1)):
        for s in network.stations:
            t = travel_time(
                network.velocity,
                distance_km=distance_km(s.latitude, s.longitude, lat, lon),
                source_depth_km=depth,
                receiver_depth_km=-s.elevation_m / 1e3,
                phase=phase,
            )
            rows.append(
                {
                    "trace_id": f"{s.key}..HHZ",
                    "phase": phase,
                    "time": start + float(t) + rng.normal(0, error),
                    "uncertainty": error,
                    "snr": 10.0,
                    "polarity": "",
                    "quality": "B",
                }
            )
    return tables.PICKS.frame(rows)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    network = ps.load_network("paektu").select("1U.*")
    rng = np.random.default_rng(0)
    events = []
    for _ in range(n):
        r, a = 15 * np.sqrt(rng.random()), 2 * np.pi * rng.random()
        lat, lon = to_degrees(r * np.sin(a), r * np.cos(a), network.latitude, network.longitude)
        events.append(picks_of(network, float(lat), float(lon), rng.uniform(-1, 15), rng))
    for picks in events[:20]:  # compile, make the tables of every range met
        ps.locate(picks, network)
    best = np.inf
    for _ in range(3):
        begun = time.process_time()
        for picks in events:
            ps.locate(picks, network)
        best = min(best, (time.process_time() - begun) / n)
    print(f"{1e3 * best:.2f} ms an event, {1 / best:.0f} events a second (CPU time, best of 3)")


if __name__ == "__main__":
    main()
