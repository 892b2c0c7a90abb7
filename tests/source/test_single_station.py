"""One station: distances from S - P, directions from P, against what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables
from paektuseis.errors import ParameterError
from paektuseis.network import Layer, VelocityModel, travel_time
from paektuseis.synthetic import SourceEvent, simulate_network

T0 = UTCDateTime("2020-01-01T00:00:00")
RATE = 100.0
HALF = VelocityModel(layers=(Layer(top_km=-5, vp=6.0, vs=6.0 / 1.73, rho=2700),), name="half")


def picks_of(p, s=None, key="XX.AAA"):
    rows = [{"trace_id": f"{key}..HHZ", "phase": "P", "time": T0 + p, "uncertainty": 0.02}]
    if s is not None:
        rows.append({"trace_id": f"{key}..HHN", "phase": "S", "time": T0 + s, "uncertainty": 0.04})
    return tables.PICKS.frame([r | {"snr": 10, "polarity": "", "quality": "A"} for r in rows])


def record(backazimuth, incidence, *, sp=2.0, noise=0.0, seed=1, first=1.0, gain=(1, 1, 1)):
    """P and S wavelets of 5 Hz turned onto Z, N, E by hand."""
    rng = np.random.default_rng(seed)
    t = np.arange(3000) / RATE
    zne = rng.standard_normal((3, t.size)) * noise

    def wavelet(at):
        u = np.maximum(t - at, 0)
        return u * np.exp(-u / 0.05) * np.sin(2 * np.pi * 5 * u) / 0.022

    i, b = np.radians([incidence, backazimuth])
    away = np.array([-np.cos(b), -np.sin(b)])  # horizontal direction of travel
    zne += first * np.outer([np.cos(i), *(np.sin(i) * away)], wavelet(15.0))
    sv = np.array([-np.sin(i), *(np.cos(i) * away)])
    sh = np.array([0, away[1], -away[0]])
    zne += np.outer(1.6 * sv + 1.2 * sh, wavelet(15.0 + sp))
    head = {"network": "XX", "station": "AAA", "starttime": T0, "sampling_rate": RATE}
    return Stream(
        [
            Trace(x * g, head | {"channel": f"HH{c}"})
            for x, g, c in zip(zne, gain, "ZNE", strict=True)
        ]
    )


def off(a, b):
    return abs((a - b + 180) % 360 - 180)


@pytest.mark.parametrize("backazimuth", [3, 77, 140, 215, 301])
@pytest.mark.parametrize("incidence", [10, 35, 60, 75])
@pytest.mark.parametrize("first", [1.0, -1.0])
def test_without_noise_the_direction_is_that_planted(backazimuth, incidence, first):
    loc = ps.locate_single_station(
        record(backazimuth, incidence, noise=1e-4, first=first), picks_of(15.0, 17.0)
    )
    assert off(loc.backazimuth, backazimuth) < 0.5
    assert loc.incidence == pytest.approx(incidence, abs=0.7)
    assert not loc.ambiguous
    assert loc.rectilinearity > 0.99


def test_in_a_half_space_distance_is_omori():
    loc = ps.locate_single_station(record(40, 30), picks_of(15.0, 17.0), model=HALF)
    assert loc.distance_km == pytest.approx(2.0 * 6.0 / 0.73, rel=0.01)
    # errors of picks and velocities, by hand; the grid adds its own curvature
    relative = np.sqrt((np.hypot(0.02, 0.04) / 2) ** 2 + 0.05**2 + (0.03 / 0.73) ** 2)
    assert loc.distance_uncertainty_km / loc.distance_km == pytest.approx(relative, rel=0.15)
    assert loc.time is not None
    assert loc.time - (T0 + 15) == pytest.approx(-loc.distance_km / 6.0, abs=0.02)


def test_with_a_known_depth_the_layers_are_used():
    net = ps.load_network("paektu")
    height = -net.station("1U.SMSD").elevation_m / 1e3
    p, s = (
        float(
            travel_time(
                net.velocity,
                distance_km=60.0,
                source_depth_km=20.0,
                receiver_depth_km=height,
                phase=phase,
            )
        )
        for phase in ("P", "S")
    )
    loc = ps.locate_single_station(
        record(40, 30),
        picks_of(15.0, 15.0 + s - p, key="1U.SMSD"),
        network=net,
        depth_km=20.0,
        velocity_uncertainty=0.0,
        ratio_uncertainty=0.0,
    )
    assert loc.epicentral_distance_km == pytest.approx(60.0, abs=0.3)
    assert loc.depth_km == 20.0
    assert any("components" in n for n in loc.notes)


def test_at_snr_10_four_in_five_are_within_15_degrees_and_errors_are_honest():
    rng = np.random.default_rng(99)
    errors, stated, far = [], [], []
    for k in range(60):
        b, i = rng.uniform(0, 360), rng.uniform(25, 60)
        sp = rng.uniform(0.8, 5)
        u = rng.normal(size=2) * [0.02, 0.04]
        # peak of P over rms of broad-band noise: 10
        st = record(b, i, sp=sp, noise=0.1, seed=k)
        loc = ps.locate_single_station(st, picks_of(15 + u[0], 15 + sp + u[1]), model=HALF)
        far.append(abs(loc.distance_km / (sp * 6 / 0.73) - 1))
        errors.append(off(loc.backazimuth, b))
        stated.append(loc.backazimuth_uncertainty)
    assert np.mean(np.array(errors) < 15) >= 0.8
    assert np.mean(np.array(far) < 0.1) >= 0.9
    assert 0.5 < np.mean(np.array(errors) < np.array(stated)) <= 1.0


def test_what_cannot_be_had_is_nan_with_a_reason():
    st = record(40, 30, noise=0.01)
    no_s = ps.locate_single_station(st, picks_of(15.0))
    assert np.isnan(no_s.distance_km)
    assert no_s.time is None
    assert "no pick of S" in no_s.note
    assert off(no_s.backazimuth, 40) < 5
    flat = ps.locate_single_station(st.select(channel="*Z"), picks_of(15.0, 17.0))
    assert np.isnan(flat.backazimuth)
    assert "1 components" in flat.note
    assert np.isfinite(flat.distance_km)
    rng = np.random.default_rng(4)
    noise = st.copy()
    for tr in noise:
        tr.data = rng.standard_normal(tr.stats.npts)
    nothing = ps.locate_single_station(noise, picks_of(15.0, 17.0))
    assert np.isnan(nothing.backazimuth)
    assert "no direction" in nothing.note
    with pytest.raises(ParameterError, match="no pick of P"):
        ps.locate_single_station(st, picks_of(15.0, 17.0).iloc[1:])
    with pytest.raises(ParameterError, match="S is not after P"):
        ps.locate_single_station(st, picks_of(15.0, 14.0))


def test_horizontal_motion_stays_ambiguous():
    loc = ps.locate_single_station(record(40, 90, noise=0.02), picks_of(15.0, 17.0))
    assert loc.ambiguous
    assert "180" in loc.note
    assert min(off(loc.backazimuth, 40), off(loc.backazimuth, 220)) < 5


def test_a_gap_around_p_gives_no_direction_and_the_record_stays():
    st = record(40, 30, noise=0.01)
    before = [tr.data.copy() for tr in st]
    ps.locate_single_station(st, picks_of(15.0, 17.0))
    assert all((a == tr.data).all() for a, tr in zip(before, st, strict=True))
    cut = Stream([*st.slice(T0, T0 + 14.9), *st.slice(T0 + 15.2, T0 + 30)])
    loc = ps.locate_single_station(cut, picks_of(15.0, 17.0))
    assert np.isnan(loc.backazimuth)
    assert np.isfinite(loc.distance_km)


def test_a_turned_sensor_is_turned_back():
    net = ps.load_network("paektu")
    fix = net.azimuth_corrections[0]
    key, error = f"{fix.network}.{fix.station}", fix.azimuth_error
    shift = fix.starttime + 3600 - T0
    st = record((100 - error) % 360, 30, noise=0.001)  # as the turned sensor writes it
    for tr in st:
        tr.stats.network, tr.stats.station = key.split(".")
        tr.stats.starttime += shift
    picks = picks_of(15 + shift, 17 + shift, key=key)
    model = None if net.velocity else HALF
    loc = ps.locate_single_station(st, picks, network=net, model=model)
    assert off(loc.backazimuth, 100) < 1


def test_unlike_responses_are_removed():
    net = ps.load_network("paektu")
    sim = simulate_network(net, duration=30, stations="JGPD", faults=False, events=())
    inv = sim.inventory
    st = record(40, 35, noise=1e-4, gain=(1, 3, 3))
    for tr in st:
        tr.stats.network, tr.stats.station = "1U", "JGPD"
        tr.stats.starttime = inv[0][0].start_date
        tr.data = tr.data * 1e5
    shift = inv[0][0].start_date - T0
    for channel in inv[0][0]:
        channel.end_date = channel.start_date + 3600
        if not channel.code.endswith("Z"):
            channel.response.instrument_sensitivity.value *= 3
            channel.response.response_stages[0].stage_gain *= 3
    loc = ps.locate_single_station(
        st, picks_of(15 + shift, 17 + shift, key="1U.JGPD"), inventory=inv
    )
    assert "responses removed" in loc.note
    assert off(loc.backazimuth, 40) < 2
    assert loc.incidence == pytest.approx(35, abs=3)


def test_on_simulated_events_of_the_network():
    net = ps.load_network("paektu")
    station = net.station("1U.MDPD")
    rng = np.random.default_rng(3)
    events = []
    for k in range(12):
        b, d = rng.uniform(0, 360), rng.uniform(5, 30)
        north, east = d * np.cos(np.radians(b)), d * np.sin(np.radians(b))
        events.append(
            SourceEvent(
                kind="VT",
                time=T0 + 25 + 40 * k,
                latitude=station.latitude + north / 111.1,
                longitude=station.longitude + east / 111.3 / np.cos(np.radians(42)),
                depth_km=rng.uniform(0, 6),
                magnitude=1.8,
                strike=rng.uniform(0, 360),
            )
        )
    sim = simulate_network(
        net, duration=520, starttime=T0, stations="MDPD", events=events, faults=False, seed=8
    )
    near, turned = [], []
    for event, (_, rows) in zip(events, sim.arrivals.groupby("event_id"), strict=True):
        rows = rows.assign(trace_id="1U.MDPD..HHZ", uncertainty=0.03)
        loc = ps.locate_single_station(sim.stream, rows, network=net)
        flat, _, back = _geodesic(station, event)
        near.append(loc.distance_km / np.hypot(flat, event.depth_km + station.elevation_m / 1e3))
        turned.append(off(loc.backazimuth, back))
        assert loc.horizontal_uncertainty_km > 0 or np.isnan(loc.latitude)
    assert np.mean(np.abs(np.array(near) - 1) < 0.1) >= 0.9
    assert np.mean(np.array(turned) < 15) >= 0.8
    row = loc.origin("e")
    tables.ORIGINS.check(row)
    assert row["azimuthal_gap"][0] == 360
    assert row["method"][0] == "single station"


def _geodesic(station, event):
    from obspy.geodetics import gps2dist_azimuth

    metres, back, _ = gps2dist_azimuth(
        station.latitude, station.longitude, event.latitude, event.longitude
    )
    return metres / 1e3, None, back


def test_the_station_is_chosen_by_picks_and_name():
    st = record(40, 30, noise=0.01)
    both = pd.concat([picks_of(15.0, 17.0), picks_of(14.0, key="XX.BBB")], ignore_index=True)
    assert ps.locate_single_station(st, both).station == "XX.AAA"
    named = ps.locate_single_station(st, both, station="XX.BBB")
    assert named.station == "XX.BBB"
    assert np.isnan(named.distance_km)
