"""Hypocentres of planted events: calibrated, robust, honest about what is not resolved."""

from __future__ import annotations

import copy
import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from obspy import UTCDateTime
from obspy.geodetics import gps2dist_azimuth
from scipy.stats import binom

import paektuseis as ps
from paektuseis import tables
from paektuseis.network import (
    Layer,
    Network,
    NetworkStation,
    VelocityModel,
    ray_parameters,
    travel_time,
)
from paektuseis.source._geometry import to_degrees

T0 = UTCDateTime("2014-06-01T12:00:00")
PAEKTU = ps.load_network("paektu")
ONE_SIDED = PAEKTU.select("1U.*")
RINGS = ((2, 0.3), (5, 2.2), (8, 4.1), (10, 5.5), (14, 1.2), (18, 3.1), (20, 4.8), (25, 0.1))


def around(x_km: float, y_km: float) -> tuple[float, float]:
    lat, lon = to_degrees(x_km, y_km, PAEKTU.latitude, PAEKTU.longitude)
    return float(lat), float(lon)


def surrounding() -> Network:
    stations = []
    for i, (r, a) in enumerate(RINGS):
        lat, lon = around(r * np.sin(a), r * np.cos(a))
        stations.append(
            NetworkStation(
                network="XX",
                station=f"S{i}",
                latitude=lat,
                longitude=lon,
                elevation_m=2500 - 40 * r,
            )
        )
    return Network(
        name="ring",
        latitude=PAEKTU.latitude,
        longitude=PAEKTU.longitude,
        velocity=PAEKTU.velocity,
        stations=tuple(stations),
    )


GOOD = surrounding()


def picks_of(network, lat, lon, depth, *, rng=None, sigma=(0.05, 0.1), phases="PS", stations=None):
    """Exact arrivals along the geodesic, with Gaussian noise of the stated uncertainty."""
    used = [s for s in network.stations if stations is None or s.station in stations]
    distances = [gps2dist_azimuth(lat, lon, s.latitude, s.longitude)[0] / 1e3 for s in used]
    rows = []
    for phase, error in zip("PS", sigma, strict=True):
        if phase not in phases:
            continue
        times = travel_time(
            network.velocity,
            distance_km=distances,
            source_depth_km=depth,
            receiver_depth_km=[-s.elevation_m / 1e3 for s in used],
            phase=phase,
        )
        for s, t in zip(used, times, strict=True):
            noise = 0.0 if rng is None else rng.normal(0.0, error)
            rows.append(
                {
                    "trace_id": f"{s.key}..HHZ",
                    "phase": phase,
                    "time": T0 + float(t) + noise,
                    "uncertainty": error,
                    "snr": 10.0,
                    "polarity": "",
                    "quality": "B",
                }
            )
    return tables.PICKS.frame(rows)


def away_km(location, lat, lon):
    return gps2dist_azimuth(lat, lon, location.latitude, location.longitude)[0] / 1e3


@pytest.mark.parametrize("depth", [-2.0, -1.0, 3.0, 12.0])
def test_exact_picks_give_back_the_hypocentre(depth):
    lat, lon = around(1.0, -2.0)
    found = ps.locate(picks_of(GOOD, lat, lon, depth), GOOD)
    assert away_km(found, lat, lon) < 0.03
    assert found.depth_km == pytest.approx(depth, abs=0.05)
    assert abs(found.time - T0) < 0.01
    assert found.rms < 0.003
    assert found.n_picks == 16
    assert found.n_stations == 8
    assert found.quality in "AB"


def truth_inside(network, n, seed):
    """Counts of events inside: region of highest density, ellipsoid, central 68 % of time."""
    rng = np.random.default_rng(seed)
    counts = np.zeros(3, dtype=int)
    for _ in range(n):
        r, a = 15 * math.sqrt(rng.random()), 2 * np.pi * rng.random()
        lat, lon = around(r * np.sin(a), r * np.cos(a))
        depth = rng.uniform(-1, 15)
        found = ps.locate(picks_of(network, lat, lon, depth, rng=rng), network)
        counts[0] += found.contains(lat, lon, depth)
        counts[1] += found.ellipsoid.contains(lat, lon, depth)
        low, high = found.samples["time"].quantile([0.16, 0.84])
        counts[2] += low.value <= T0.ns <= high.value
    return counts


@pytest.mark.parametrize(("network", "seed"), [(ONE_SIDED, 20), (GOOD, 21)], ids=["1U", "ring"])
def test_the_truth_is_inside_the_68_percent_region_68_times_in_100(network, seed):
    n = 100
    inside = truth_inside(network, n, seed)
    low, high = binom.ppf([0.002, 0.998], n, 0.68)
    assert (inside >= low).all(), inside
    assert (inside <= high).all(), inside


@pytest.mark.parametrize("which", range(8))
@pytest.mark.parametrize("wrong", [2.0, -2.0])
def test_one_pick_of_eight_wrong_by_two_seconds_does_not_spoil_it(which, wrong, rng):
    lat, lon = around(2.0, 3.0)
    stations = ("S0", "S1", "S2", "S4")
    clean = picks_of(GOOD, lat, lon, 5.0, rng=rng, stations=stations)
    spoilt = clean.copy()
    spoilt.loc[which, "time"] += pd.Timedelta(seconds=wrong)
    before, after = ps.locate(clean, GOOD), ps.locate(spoilt, GOOD)
    assert away_km(after, before.latitude, before.longitude) < 1.0
    assert abs(after.depth_km - before.depth_km) < 2.0
    assert after.n_picks == 7
    assert "does not count" in after.note
    weights = after.residuals.set_index(["trace_id", "phase"])["weight"]
    assert weights[spoilt.trace_id[which], spoilt.phase[which]] < 1e-6
    plain = ps.locate(spoilt, GOOD, outlier_share=0.0, widen=False)
    assert away_km(plain, lat, lon) + abs(plain.depth_km - 5) > 1.0  # least squares is spoilt


def test_the_density_is_least_squares_with_the_origin_time_integrated_out(rng):
    """Against the closed form: Gaussian errors, origin time by its weighted mean."""
    lat, lon = around(3.0, 1.0)
    picks = picks_of(GOOD, lat, lon, 6.0, rng=rng)
    found = ps.locate(picks, GOOD, outlier_share=0.0, widen=False)
    places = [around(3.1, 1.2), around(2.5, 0.5), around(4.0, 1.0)]
    depths = np.array([6.5, 5.0, 7.5])
    expected = []
    for (la, lo), z in zip(places, depths, strict=True):
        there = picks_of(GOOD, la, lo, z)  # exact travel times, same order
        left = (picks.time - there.time).dt.total_seconds().to_numpy()
        w = 1.0 / picks.uncertainty.to_numpy() ** 2
        mean = (w * left).sum() / w.sum()
        expected.append(-0.5 * (w * (left - mean) ** 2).sum())
    lats, lons = (np.array([p[i] for p in places]) for i in (0, 1))
    got = found.density(lats, lons, depths)
    np.testing.assert_allclose(got - got[0], np.array(expected) - expected[0], atol=0.15, rtol=0.01)


def test_samples_are_the_posterior():
    """A grid integral of the density gives the same means and covariance as the samples."""
    rng = np.random.default_rng(3)
    lat, lon = around(-1.0, 2.0)
    found = ps.locate(picks_of(GOOD, lat, lon, 5.0, rng=rng), GOOD, n_samples=4000)
    x = np.linspace(-1.8, 1.8, 37)
    gx, gy, gz = np.meshgrid(x, x, x, indexing="ij")
    lats, lons = to_degrees(gx.ravel(), gy.ravel(), found.latitude, found.longitude)
    log = found.density(lats, lons, gz.ravel() + found.depth_km)
    p = np.exp(log - log.max())
    p /= p.sum()
    s = found.samples
    mean = (p * (gz.ravel() + found.depth_km)).sum()
    spread = math.sqrt((p * (gz.ravel() + found.depth_km - mean) ** 2).sum())
    assert s.depth_km.mean() == pytest.approx(mean, abs=0.1 * spread)
    assert s.depth_km.std() == pytest.approx(spread, rel=0.08)
    assert s.latitude.mean() == pytest.approx((p * lats).sum(), abs=3e-4)
    higher = p[log > np.quantile(found.sample_density, 0.32)].sum()
    assert higher == pytest.approx(0.68, abs=0.03)  # the region of highest density holds 68 %
    inside = found.ellipsoid.distance(s.latitude, s.longitude, s.depth_km) <= 1
    assert inside.mean() == pytest.approx(0.68, abs=0.005)


def test_numbers_of_a_location_against_obspy_and_exact_rays(rng):
    lat, lon = around(20.0, -6.0)
    found = ps.locate(picks_of(ONE_SIDED, lat, lon, 9.0, rng=rng), ONE_SIDED)
    table = tables.RESIDUALS.check(found.residuals)
    azimuths = []
    for row in table.itertuples():
        s = ONE_SIDED.station(tables.station_of(row.trace_id))
        metres, azimuth, _ = gps2dist_azimuth(
            found.latitude, found.longitude, s.latitude, s.longitude
        )
        assert row.distance_km == pytest.approx(metres / 1e3, abs=0.005)
        assert (row.azimuth - azimuth + 180) % 360 - 180 == pytest.approx(0, abs=0.02)
        ray = ray_parameters(
            ONE_SIDED.velocity,
            distance_km=metres / 1e3,
            source_depth_km=found.depth_km,
            receiver_depth_km=-s.elevation_m / 1e3,
            phase=row.phase,
        )
        assert row.takeoff == pytest.approx(float(ray.takeoff), abs=1.0)
        predicted = found.time + float(ray.time)
        picked = UTCDateTime(ns=row.time.value)
        assert row.residual == pytest.approx(picked - predicted, abs=1e-3)
        azimuths.append(azimuth)
    ordered = np.sort(np.unique(np.round(azimuths, 6)))
    gap = np.diff(np.append(ordered, ordered[0] + 360)).max()
    assert found.azimuthal_gap == pytest.approx(gap, abs=0.1)
    assert found.nearest_km == pytest.approx(table.distance_km.min())
    w, r = table.weight, table.residual
    assert found.rms == pytest.approx(math.sqrt((w * r**2).sum() / w.sum()))
    row = tables.ORIGINS.check(found.origin("e1")).iloc[0]
    assert row.event_id == "e1"
    assert row.depth_km == found.depth_km
    assert row.time.value == found.time.ns
    axes = found.ellipsoid.semi_axes_km
    assert axes[0] >= axes[1] >= axes[2] > 0
    grid = found.marginal("longitude", "depth_km", bins=20)
    east = np.diff(grid.x)[0] * gps2dist_azimuth(lat, lon, lat, lon + 1)[0] / 1e3
    assert grid.values.sum() * east * np.diff(grid.y)[0] == pytest.approx(1.0, rel=0.01)


def test_the_same_picks_in_any_order_give_the_same_place(rng):
    lat, lon = around(0.0, 0.0)
    picks = picks_of(ONE_SIDED, lat, lon, 4.0, rng=rng)
    kept = picks.copy(deep=True)
    one = ps.locate(picks, ONE_SIDED)
    two = ps.locate(picks.sample(frac=1.0, random_state=1).reset_index(drop=True), ONE_SIDED)
    assert one.latitude == two.latitude
    assert one.depth_km == two.depth_km
    pd.testing.assert_frame_equal(one.samples, two.samples)
    pd.testing.assert_frame_equal(picks, kept)


def test_later_by_a_day_is_the_same_place(rng):
    lat, lon = around(5.0, 0.0)
    picks = picks_of(GOOD, lat, lon, 4.0, rng=rng)
    later = picks.assign(time=picks.time + pd.Timedelta(days=1))
    one, two = ps.locate(picks, GOOD), ps.locate(later, GOOD)
    assert two.latitude == pytest.approx(one.latitude, abs=1e-6)
    assert two.time - one.time == pytest.approx(86400.0, abs=1e-4)


def test_a_source_outside_the_network_has_a_wide_posterior(rng):
    lat, lon = around(-80.0, 30.0)
    far = ps.locate(picks_of(ONE_SIDED, lat, lon, 10.0, rng=rng), ONE_SIDED)
    near = ps.locate(picks_of(GOOD, *around(3.0, -3.0), 5.0, rng=rng), GOOD)
    assert far.horizontal_uncertainty_km > 5 * near.horizontal_uncertainty_km
    assert far.depth_uncertainty_km > 5 * near.depth_uncertainty_km
    assert far.credibility(lat, lon, 10.0) < 0.995
    assert far.azimuthal_gap > 300
    assert far.quality in "CD"


def test_no_source_above_the_ground():
    lat, lon = around(0.5, 0.5)
    found = ps.locate(picks_of(GOOD, lat, lon, -2.4), GOOD)
    top = -max(s.elevation_m for s in GOOD.stations) / 1e3
    assert (found.samples.depth_km >= top).all()
    lower = ps.locate(picks_of(GOOD, lat, lon, -2.4), GOOD, min_depth_km=0.0)
    assert lower.depth_km == pytest.approx(0.0, abs=0.02)
    assert "ceiling" in lower.note


def test_the_edge_of_a_given_region_is_said():
    lat, lon = around(30.0, 0.0)
    region = (128.0, 128.2, 41.9, 42.1)
    found = ps.locate(picks_of(GOOD, lat, lon, 5.0), GOOD, region=region, outlier_share=0.0)
    assert "edge of the region" in found.note
    assert found.quality == "D"


def test_errors_larger_than_stated_are_widened_and_said(rng):
    lat, lon = around(1.0, 1.0)
    picks = picks_of(GOOD, lat, lon, 5.0, rng=rng, sigma=(0.2, 0.2))
    picks["uncertainty"] = 0.02
    found = ps.locate(picks, GOOD)
    assert "residuals exceed" in found.note
    assert found.residuals.uncertainty.between(0.1, 0.3).all()
    narrow = ps.locate(picks, GOOD, widen=False)
    assert found.n_picks > narrow.n_picks
    assert found.contains(lat, lon, 5.0) or found.credibility(lat, lon, 5.0) < 0.99


def test_station_corrections_are_taken_off():
    lat, lon = around(1.0, 1.0)
    picks = picks_of(GOOD, lat, lon, 5.0)
    late = picks.trace_id.str.startswith("XX.S3.") & (picks.phase == "S")
    picks.loc[late, "time"] += pd.Timedelta(seconds=0.4)
    found = ps.locate(picks, GOOD, corrections={("XX.S3", "S"): 0.4})
    assert found.residuals.residual.abs().max() < 0.01
    assert away_km(found, lat, lon) < 0.03


def test_inventory_and_table_of_stations_serve_as_network(rng):
    from paektuseis.synthetic import make_inventory  # noqa: F401

    lat, lon = around(1.0, 1.0)
    picks = picks_of(ONE_SIDED, lat, lon, 5.0, rng=rng)
    whole = ps.locate(picks, ONE_SIDED)
    table = ONE_SIDED.station_table()
    by_table = ps.locate(picks, table, model=ONE_SIDED.velocity, min_depth_km=-2.744)
    assert away_km(by_table, whole.latitude, whole.longitude) < 0.5
    with pytest.raises(ps.ParameterError, match="no velocity model"):
        ps.locate(picks, table)


def test_what_cannot_be_located_is_refused(rng):
    lat, lon = around(1.0, 1.0)
    picks = picks_of(GOOD, lat, lon, 5.0, rng=rng)
    few = picks[picks.trace_id.str.contains("S0|S1")]
    with pytest.raises(ps.ParameterError, match="4 picks at 2 stations"):
        ps.locate(few, GOOD)
    assert ps.locate(few, GOOD, min_stations=2).horizontal_uncertainty_km > 0.5
    with pytest.raises(ps.ParameterError, match="two picks of P"):
        ps.locate(pd.concat([picks, picks.iloc[:1]]), GOOD)
    with pytest.raises(ps.MetadataError, match=r"1U\.JGPD"):
        ps.locate(picks_of(ONE_SIDED, lat, lon, 5.0), GOOD)
    with pytest.raises(ps.ParameterError, match="phase 'Lg'"):
        ps.locate(picks.assign(phase="Lg"), GOOD)
    with pytest.raises(ps.ParameterError, match="uncertainty nan"):
        ps.locate(picks.assign(uncertainty=np.nan), GOOD)
    with pytest.raises(ps.ParameterError, match="2 events"):
        ps.locate(picks.assign(event_id=["a", "b"] * 8), GOOD)
    with pytest.raises(ps.ParameterError, match="outlier_share"):
        ps.locate(picks, GOOD, outlier_share=0.6)


def test_across_the_date_line():
    model = VelocityModel(layers=(Layer(top_km=0, vp=6.0, vs=3.5, rho=2700),))
    stations = tuple(
        NetworkStation(
            network="XX", station=f"D{i}", latitude=51.9 + y, longitude=lon, elevation_m=0
        )
        for i, (y, lon) in enumerate(((0.1, 179.8), (-0.1, -179.9), (0.15, -179.7), (-0.2, 179.6)))
    )
    net = Network(name="d", latitude=51.9, longitude=180.0, stations=stations, velocity=model)
    for lon in (179.95, -179.95):
        found = ps.locate(picks_of(net, 51.92, lon, 8.0), net)
        assert away_km(found, 51.92, lon) < 0.1
        assert found.depth_km == pytest.approx(8.0, abs=0.2)


@pytest.mark.parametrize("network", [ONE_SIDED, GOOD], ids=["12 picks", "16 picks"])
@pytest.mark.parametrize("wrong", [0.0, 3.0])
@pytest.mark.parametrize("share", [0.05, 1e-40])
def test_the_density_is_the_integral_over_the_origin_time(network, wrong, share, rng):
    if wrong and share < 1e-3:
        pytest.skip("with no share of wrong picks a wrong one is no case")
    picks = picks_of(network, *around(2.0, 1.0), 5.0, rng=rng)
    picks.loc[3, "time"] += pd.Timedelta(seconds=wrong)
    found = ps.locate(picks, network, outlier_share=share, widen=False)
    problem = found.density
    s = found.samples.iloc[:37]
    columns = (s[c].to_numpy() for c in ("latitude", "longitude", "depth_km"))
    places = problem.place(*columns)
    left = problem.residuals(places)
    sigma = np.sqrt(problem.variance)
    off = []
    for r, (log, time, precision) in zip(left, problem.at(places), strict=True):
        t = time + np.linspace(-8, 8, 4001) / np.sqrt(precision)
        z = (r[:, None] - t) / sigma[:, None]
        good = (1 - share) * np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi) / sigma[:, None]
        whole = np.log(good + share / 10.0).sum(axis=0)
        top = whole.max()
        integral = top + np.log(np.trapezoid(np.exp(whole - top), t))
        off.append(abs(log + 0.5 * np.log(2 * np.pi) - integral))
    exact = share < 1e-3  # Laplace's where a pick may be wrong
    assert np.median(off) < (1e-4 if exact else 0.05)
    assert max(off) < (1e-3 if exact else 0.6)


def test_tables_are_made_once_and_can_be_given(rng):
    picks = picks_of(GOOD, *around(2.0, 1.0), 5.0, rng=rng)
    texts = picks.trace_id.tolist()
    found = ps.locate(picks, GOOD)
    picks["trace_id"] = "XX.OTHER..HHZ"  # after the location: no part of it
    again = copy.deepcopy(found)
    assert sorted(found.residuals.trace_id) == sorted(texts)
    assert found.samples is found.samples
    pd.testing.assert_frame_equal(again.samples, found.samples)
    pd.testing.assert_frame_equal(again.residuals, found.residuals)
    other = dataclasses.replace(found, samples=found.samples.iloc[:10])
    assert len(other.samples) == 10
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.samples = other.samples
    with pytest.raises(TypeError, match="samples"):
        ps.source.Location(
            latitude=0.0,
            longitude=0.0,
            depth_km=0.0,
            time=None,
            residuals=found.residuals,
            method="",
        )
