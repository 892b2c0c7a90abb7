"""Places from amplitudes: exact without noise, regions that hold the truth as often as stated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime

from paektuseis.errors import MetadataError, ParameterError
from paektuseis.network import Network, NetworkStation
from paektuseis.source import (
    locate_by_amplitude,
    station_amplitudes,
    track_by_amplitude,
)
from paektuseis.source._decay import misfits

LAT, LON = 42.0, 128.05
KM_NORTH, KM_EAST = 111.07, 82.84  # a degree at 42 N; good to 0.1 % for the hand-made truth
LAW = {"frequency": 8.0, "velocity": 1.5, "quality_factor": 100.0}
B = np.pi * 8.0 / (100.0 * 1.5)
RING = [(3, 0), (-2, 3.5), (-4, -2), (1, -4), (5, 4), (-6, 1), (0.5, 6), (4, -6)]


def ring(places=RING, heights=(1.2, 2.0, 1.5, 1.8, 1.1, 2.2, 1.4, 1.9)):
    return Network(
        name="ring",
        latitude=LAT,
        longitude=LON,
        stations=tuple(
            NetworkStation(
                network="XX",
                station=f"S{k}",
                latitude=LAT + n / KM_NORTH,
                longitude=LON + e / KM_EAST,
                elevation_m=1e3 * h,
            )
            for k, ((e, n), h) in enumerate(zip(places, heights, strict=False))
        ),
    )


def truth(net, east, north, depth, level=5.0, power=1.0):
    from obspy.geodetics import gps2dist_azimuth

    lat, lon = LAT + north / KM_NORTH, LON + east / KM_EAST
    out = {}
    for s in net.stations:
        flat = gps2dist_azimuth(lat, lon, s.latitude, s.longitude)[0] / 1e3
        r = np.hypot(flat, depth + s.elevation_m / 1e3)
        out[s.key] = level * np.exp(-B * r) / r**power
    return out, lat, lon


def apart_km(loc, lat, lon):
    return np.hypot((loc.latitude - lat) * KM_NORTH, (loc.longitude - lon) * KM_EAST)


@pytest.mark.parametrize("misfit", ["relative", "log"])
@pytest.mark.parametrize(("wave", "power"), [("body", 1.0), ("surface", 0.5)])
@pytest.mark.parametrize("place", [(0.3, -0.7, 0.4), (2.1, 1.3, -0.6)])
def test_without_noise_the_source_comes_back(misfit, wave, power, place):
    net = ring()
    a, lat, lon = truth(net, *place, power=power)
    site = {"XX.S1": 2.0, "XX.S4": 0.5}
    a = {k: v * site.get(k, 1.0) for k, v in a.items()}
    loc = locate_by_amplitude(a, net, **LAW, wave=wave, misfit=misfit, site=site)
    assert apart_km(loc, lat, lon) < 0.05
    assert loc.depth_km == pytest.approx(place[2], abs=0.1)
    assert loc.source_amplitude == pytest.approx(5.0, rel=0.03)
    assert loc.misfit < 1e-4
    assert np.allclose(loc.stations["predicted"], loc.stations["amplitude"], rtol=0.03)


def test_the_misfit_is_the_papers_equation():
    rng = np.random.default_rng(1)
    a, g = rng.uniform(1, 3, (4, 6)), rng.uniform(0.1, 1, (7, 6))
    got, level = misfits(a, g, logarithmic=False)
    logs, log_level = misfits(a, g, logarithmic=True)
    for w in range(4):
        for p in range(7):
            source = np.mean(a[w] / g[p])
            assert level[w, p] == pytest.approx(source, rel=1e-12)
            r = np.sum((a[w] - source * g[p]) ** 2) / np.sum(a[w] ** 2)
            assert got[w, p] == pytest.approx(r, rel=1e-9)
            d = np.log(a[w]) - np.log(g[p])
            assert logs[w, p] == pytest.approx(np.sum((d - d.mean()) ** 2), rel=1e-9)
            assert log_level[w, p] == pytest.approx(np.exp(d.mean()), rel=1e-12)


def test_the_region_holds_the_truth_about_as_often_as_stated():
    net = ring()
    rng = np.random.default_rng(7)
    hits = 0
    n = 100
    for _ in range(n):
        east, north = rng.uniform(-2, 2, 2)
        a, lat, lon = truth(net, east, north, 0.0)
        noisy = {k: v * np.exp(rng.normal() * 0.1) for k, v in a.items()}
        loc = locate_by_amplitude(
            noisy,
            net,
            **LAW,
            misfit="log",
            depths_km=(0.0,),
            spacing_km=0.2,
            margin_km=0.0,
            jackknife=False,
        )
        hits += loc.contains(lat, lon)
    # 68 %: three standard errors of 100 draws are 14 %
    assert 0.54 <= hits / n <= 0.82


def test_the_jackknife_grows_with_the_noise():
    net = ring()
    rng = np.random.default_rng(3)
    a, _, _ = truth(net, 0.5, 0.5, 0.0)
    draws = rng.normal(size=len(a))
    sizes = [
        locate_by_amplitude(
            {k: v * np.exp(s * d) for (k, v), d in zip(a.items(), draws, strict=True)},
            net, **LAW, misfit="log", depths_km=(0.0,), spacing_km=0.2,
        ).jackknife_km
        for s in (0.0, 0.05, 0.3)
    ]  # fmt: skip
    assert sizes[0] < 0.1 < sizes[2]
    assert sizes[0] <= sizes[1] < sizes[2]


def test_stations_on_one_side_say_so():
    line = [(3 * k, 0.2 * k) for k in range(1, 7)]
    net = ring(line)
    a, _, _ = truth(net, -1.0, 0.0, 0.0)
    loc = locate_by_amplitude(a, net, **LAW)
    assert loc.azimuthal_gap > 180
    assert "one side" in loc.note


def test_windows_at_once_are_those_one_by_one():
    net = ring()
    rows = []
    places = [(0.0, 0.0, 0.0), (1.5, -1.0, 0.5), (-2.0, 2.0, 1.0)]
    times = pd.date_range("2020-01-01", periods=3, freq="5s", tz="UTC")
    for t, place in zip(times, places, strict=True):
        for key, value in truth(net, *place)[0].items():
            rows.append((f"{key}..HHZ", t, 5.0, value, "m/s"))
    table = pd.DataFrame(rows, columns=["trace_id", "starttime", "window", "value", "units"])
    table.loc[3, "value"] = np.nan
    track = track_by_amplitude(table, net, **LAW)
    assert track["n_stations"].tolist() == [7, 8, 8]
    assert track["units"].unique().tolist() == ["m/s*km"]
    for t, row in zip(times, track.to_dict("records"), strict=True):
        loc = locate_by_amplitude(table[table["starttime"] == t], net, **LAW)
        assert abs(loc.latitude - row["latitude"]) * KM_NORTH <= 0.5
        assert abs(loc.longitude - row["longitude"]) * KM_EAST <= 0.5
        assert loc.units == row["units"]
    told: list[str] = []
    few = track_by_amplitude(table, net, **LAW, min_stations=8, problems=told)
    assert np.isnan(few["latitude"][0])
    assert "1 windows have 7 stations" in told[0]


def test_amplitudes_are_measured_from_records():
    rng = np.random.default_rng(2)
    t0 = UTCDateTime("2020-01-01")
    t = np.arange(2000) / 100
    head = {"network": "XX", "starttime": t0, "sampling_rate": 100.0}
    st = Stream(
        [
            Trace(a * np.sin(2 * np.pi * 8 * t) + 1e-6 * rng.normal(size=t.size),
                  head | {"station": s, "channel": c})
            for s, c, a in (("S0", "HHZ", 3.0), ("S0", "HHN", 9.0), ("S1", "HHZ", 1.0))
        ]
    )  # fmt: skip
    table = station_amplitudes(st, freqmin=6, freqmax=10, window=5)
    assert set(table["trace_id"]) == {"XX.S0..HHZ", "XX.S1..HHZ"}
    last = table[table["starttime"] == table["starttime"].max()].set_index("trace_id")["value"]
    assert last["XX.S0..HHZ"] / last["XX.S1..HHZ"] == pytest.approx(3.0, rel=1e-3)
    assert last["XX.S1..HHZ"] == pytest.approx(1 / np.sqrt(2), rel=0.02)


def test_refusals():
    net = ring()
    a, _, _ = truth(net, 0, 0, 0)
    four = dict(list(a.items())[:4])
    with pytest.raises(ParameterError, match="4 stations"):
        locate_by_amplitude(four, net, **LAW)
    loc = locate_by_amplitude(four, net, **LAW, min_stations=4, depths_km=(0.0,))
    assert loc.n_stations == 4
    with pytest.raises(ParameterError, match="min_stations=3"):
        locate_by_amplitude(a, net, **LAW, min_stations=3)
    with pytest.raises(ParameterError, match="km/s"):
        locate_by_amplitude(a, net, frequency=8, velocity=1500, quality_factor=100)
    with pytest.raises(MetadataError, match="no station"):
        locate_by_amplitude(a | {"XX.NONE": 1.0}, net, **LAW)
    with pytest.raises(ParameterError, match="wave"):
        locate_by_amplitude(a, net, **LAW, wave="p")
    mixed = pd.DataFrame(
        {"trace_id": [f"{k}..HHZ" for k in a], "value": list(a.values()), "units": "m/s"}
    )
    mixed.loc[0, "units"] = "counts"
    with pytest.raises(ParameterError, match="cannot be compared"):
        locate_by_amplitude(mixed, net, **LAW)
