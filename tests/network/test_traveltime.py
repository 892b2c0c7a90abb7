"""Travel times against closed forms, Fermat's principle and obspy's TauP."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as hs
from scipy.optimize import minimize

from paektuseis.errors import ParameterError
from paektuseis.network import Layer, VelocityModel, load_network, ray_parameters, travel_time


def make(*rows):
    return VelocityModel(
        layers=tuple(Layer(top_km=t, vp=v, vs=v / 1.75, rho=2700.0) for t, v in rows)
    )


HALF = make((0.0, 6.0))
TWO = make((0.0, 5.0), (10.0, 8.0))


def test_uniform_ground_is_a_straight_line():
    x = np.array([0.0, 1e-6, 0.5, 3.0, 40.0, 150.0])
    for zs, zr in [(5.0, -2.6), (-2.6, 5.0), (-1.0, -2.0), (2.0, 2.0)]:
        expected = np.hypot(x, zs - zr)
        got = travel_time(HALF, distance_km=x, source_depth_km=zs, receiver_depth_km=zr)
        np.testing.assert_allclose(got, expected / 6.0, rtol=1e-12, atol=1e-14)
        got = travel_time(HALF, distance_km=x, source_depth_km=zs, receiver_depth_km=zr, phase="S")
        np.testing.assert_allclose(got, expected / (6.0 / 1.75), rtol=1e-12, atol=1e-14)


def test_head_wave_of_two_layers():
    # source at 2 km, receiver at -1 km: legs of 8 and 11 km down to the refractor
    cosine = np.sqrt(1 - (5 / 8) ** 2)
    critical = (8 + 11) * (5 / 8) / cosine
    x = np.array([critical + 0.001, 60.0, 200.0])
    head = x / 8 + (8 + 11) * cosine / 5
    direct = np.hypot(x, 3.0) / 5
    rays = ray_parameters(TWO, distance_km=x, source_depth_km=2.0, receiver_depth_km=-1.0)
    np.testing.assert_allclose(rays.time, np.minimum(head, direct), rtol=1e-12)
    assert list(rays.head_wave) == list(head < direct)
    assert rays.head_wave[-1]
    assert not rays.head_wave[0]
    np.testing.assert_allclose(rays.ray_parameter[-1], 1 / 8)
    np.testing.assert_allclose(rays.takeoff[-1], np.degrees(np.arcsin(5 / 8)))
    np.testing.assert_allclose(rays.incidence[-1], np.degrees(np.arcsin(5 / 8)))


def test_head_wave_does_not_begin_before_the_critical_distance():
    cosine = np.sqrt(1 - (5 / 8) ** 2)
    critical = 20 * (5 / 8) / cosine
    rays = ray_parameters(TWO, distance_km=[critical * 0.99], source_depth_km=0.0)
    assert not rays.head_wave[0]


def test_head_wave_along_the_bottom_of_a_faster_layer_above():
    upside = make((0.0, 8.0), (10.0, 5.0))
    x = 200.0
    cosine = np.sqrt(1 - (5 / 8) ** 2)
    got = ray_parameters(upside, distance_km=x, source_depth_km=14.0, receiver_depth_km=12.0)
    np.testing.assert_allclose(got.time, x / 8 + 6 * cosine / 5, rtol=1e-12)
    assert got.takeoff > 90  # leaves upwards
    assert got.incidence > 90  # arrives from above


def test_on_a_boundary_the_faster_side_carries_it():
    for model in (TWO, make((0.0, 8.0), (10.0, 5.0))):
        got = travel_time(model, distance_km=40.0, source_depth_km=10.0, receiver_depth_km=10.0)
        np.testing.assert_allclose(got, 40.0 / 8.0, rtol=1e-12)


def test_snell_holds_and_angles_point_the_right_way():
    model = make((-3.0, 4.0), (0.0, 5.0), (6.0, 6.5))
    rays = ray_parameters(
        model, distance_km=[2.0, 9.0], source_depth_km=8.0, receiver_depth_km=-2.0
    )
    assert (rays.takeoff > 90).all()
    assert (rays.incidence < 90).all()
    np.testing.assert_allclose(np.sin(np.radians(rays.takeoff)) / 6.5, rays.ray_parameter)
    np.testing.assert_allclose(np.sin(np.radians(rays.incidence)) / 4.0, rays.ray_parameter)
    # dT/dx is the ray parameter
    eps = 1e-4
    t = travel_time(
        model, distance_km=[2.0 + eps, 9.0 + eps], source_depth_km=8.0, receiver_depth_km=-2.0
    )
    np.testing.assert_allclose((t - rays.time) / eps, rays.ray_parameter, rtol=1e-3)


def test_direct_ray_is_the_path_of_least_time():
    """Fermat: minimise the time over the crossing points with scipy, no ray theory."""
    v = np.array([3.0, 6.0, 4.5])
    h = np.array([2.5, 3.0, 1.5])
    model = make((-2.5, 3.0), (0.0, 6.0), (3.0, 4.5))
    for x in (0.3, 4.0, 12.0):

        def total(inner, x=x):
            crossing = np.diff(np.concatenate(([0.0], inner, [x])))
            return float(np.sum(np.hypot(crossing, h) / v))

        best = minimize(total, [x / 3, 2 * x / 3], method="BFGS", options={"gtol": 1e-9})
        got = travel_time(model, distance_km=x, source_depth_km=4.5, receiver_depth_km=-2.5)
        assert abs(float(got) - best.fun) < 1e-6


def test_thin_fast_layer_far_away_converges():
    model = make((0.0, 5.0), (4.999999, 9.0), (5.0, 5.0))
    x = np.array([0.1, 1.0, 100.0])
    t = travel_time(model, distance_km=x, source_depth_km=10.0, receiver_depth_km=0.0)
    # carried along the sheet of 9 km/s: legs of 5 km above and below it
    cosine = np.sqrt(1 - (5 / 9) ** 2)
    np.testing.assert_allclose(t[2], 100 / 9 + 10 * cosine / 5, rtol=1e-6)
    np.testing.assert_allclose(t[0], np.hypot(0.1, 10.0) / 5, rtol=1e-5)


def test_against_taup(tmp_path):
    """A layered spherical Earth through obspy's TauP."""
    from obspy.taup import TauPyModel
    from obspy.taup.taup_create import build_taup_model

    lines = """0 5.0 2.9 2.6
12 5.0 2.9 2.6
12 6.2 3.5 2.8
30 6.2 3.5 2.8
mantle
30 8.0 4.5 3.3
400 8.2 4.6 3.4
2891 13.0 7.0 5.5
outer-core
2891 8.3 0 10.0
5150 10.0 0 12.0
inner-core
5150 11.0 3.5 12.7
6371 11.0 3.5 13.0
"""
    (tmp_path / "flat.nd").write_text(lines)
    build_taup_model(str(tmp_path / "flat.nd"), output_folder=str(tmp_path), verbose=False)
    taup = TauPyModel(str(tmp_path / "flat.npz"))
    # The same Earth flattened: z' = R ln(R / (R - z)), v' = v R / (R - z), in steps of 250 m
    radius, step = 6371.0, 0.25

    def flat(z):
        return radius * np.log(radius / (radius - z))

    layers = []
    for z in np.arange(0.0, 45.0, step):
        vp, vs = (5.0, 2.9) if z < 12 else (6.2, 3.5) if z < 30 else (8.0, 4.5)
        stretch = radius / (radius - z - step / 2)
        layers.append(Layer(top_km=flat(z), vp=vp * stretch, vs=vs * stretch, rho=2700))
    model = VelocityModel(layers=tuple(layers))
    for depth in (5.0, 15.0):
        for x in (5.0, 20.0, 50.0, 90.0):
            for phase, names in (("P", ["p", "P", "Pn"]), ("S", ["s", "S", "Sn"])):
                arrivals = taup.get_travel_times(depth, np.degrees(x / radius), phase_list=names)
                got = travel_time(model, distance_km=x, source_depth_km=flat(depth), phase=phase)
                assert abs(float(got) - min(a.time for a in arrivals)) < 0.003, (depth, x, phase)


@settings(deadline=None, max_examples=40)
@given(
    hs.floats(-2.5, 45.0),
    hs.floats(-2.7, 45.0),
    hs.lists(hs.floats(0.0, 300.0), min_size=2, max_size=8),
)
def test_reciprocal_and_growing_with_distance(zs, zr, x):
    model = load_network("paektu").velocity
    x = np.sort(x)
    there = travel_time(model, distance_km=x, source_depth_km=zs, receiver_depth_km=zr)
    back = travel_time(model, distance_km=x, source_depth_km=zr, receiver_depth_km=zs)
    np.testing.assert_allclose(there, back, rtol=1e-9, atol=1e-9)
    assert (np.diff(there) >= -1e-12).all()
    # never faster than the fastest layer, never slower than a straight line in the slowest
    straight = np.hypot(x, zs - zr)
    assert (there >= straight / 8.013 - 1e-12).all()
    assert (there <= straight / 6.154 + 1e-12).all()


def test_broadcasts_and_keeps_shape():
    depths = np.linspace(-1.0, 20.0, 5)[:, None]
    t = travel_time(TWO, distance_km=np.linspace(0, 80, 7), source_depth_km=depths)
    assert t.shape == (5, 7)
    one = travel_time(TWO, distance_km=80.0, source_depth_km=float(depths[3, 0]))
    assert one.shape == ()
    np.testing.assert_allclose(t[3, -1], one, rtol=1e-12)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("distance_km", -1.0),
        ("distance_km", np.nan),
        ("source_depth_km", np.inf),
        ("phase", "X"),
    ],
)
def test_refuses_nonsense(key, value):
    options = {"distance_km": 1.0, "source_depth_km": 1.0, key: value}
    with pytest.raises(ParameterError, match=key):
        travel_time(TWO, **options)
