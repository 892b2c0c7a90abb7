"""Travel-time tables against closed forms, the exact rays, and TauP."""

from __future__ import annotations

import os

import numpy as np
import pytest

import paektuseis as ps
from paektuseis.network import Layer, VelocityModel, travel_time
from paektuseis.source._geometry import distance_km, to_degrees, to_km

MS = 1e-3


def layered(*rows: tuple[float, float]) -> VelocityModel:
    return VelocityModel(
        layers=tuple(Layer(top_km=z, vp=v, vs=v / 1.75, rho=2600) for z, v in rows)
    )


MODELS = {
    "half space": layered((0, 6.0)),
    "two layers": layered((0, 5.0), (10, 6.5)),
    "strong contrast": layered((0, 3.0), (2, 6.0)),
    "low velocity": layered((0, 4.0), (1, 6.0), (4, 5.0), (8, 6.5), (30, 8.0)),
    "paektu": ps.load_network("paektu").velocity,
}


@pytest.mark.parametrize("phase", ["P", "S"])
@pytest.mark.parametrize("receiver", [-2.648, 0.0])
@pytest.mark.parametrize("name", MODELS)
def test_within_a_millisecond_of_exact_rays(name, receiver, phase, rng):
    model = MODELS[name]
    table = ps.travel_time_table(
        model, phase=phase, receiver_depth_km=receiver, max_distance_km=150
    )
    x = np.concatenate([150 * rng.random(3000) ** 2, 3 * rng.random(1000)])
    z = np.concatenate([rng.uniform(-4, 40, 2000), rng.uniform(-4, 5, 2000)])
    exact = travel_time(
        model, distance_km=x, source_depth_km=z, receiver_depth_km=receiver, phase=phase
    )
    assert np.abs(table.at(x, z) - exact).max() < MS


def test_half_space_is_exact(rng):
    table = ps.travel_time_table(MODELS["half space"], receiver_depth_km=-2.5)
    x, z = rng.uniform(0, 100, 500), rng.uniform(-4, 40, 500)
    np.testing.assert_allclose(table.at(x, z), np.hypot(x, z + 2.5) / 6.0, atol=1e-9)


def test_two_layers_against_the_closed_form():
    """Surface source: direct x/v1, head wave x/v2 + 2 h sqrt(1/v1² - 1/v2²)."""
    table = ps.travel_time_table(MODELS["two layers"], max_distance_km=150)
    x = np.linspace(0.5, 149, 400)
    head = x / 6.5 + 2 * 10 * np.sqrt(1 / 5.0**2 - 1 / 6.5**2)
    np.testing.assert_allclose(table.at(x, 0.0), np.minimum(x / 5.0, head), atol=MS)
    assert (head < x / 5.0).any()


def test_against_taup(tmp_path):
    """TauP's Earth is round: its first arrivals within 100 km differ by less than 12 ms; with the
    flattening of a path at depth z (shorter by z/6371) taken out, by a millisecond."""
    from obspy.taup import TauPyModel
    from obspy.taup.taup_create import build_taup_model

    path = tmp_path / "crust.nd"
    rows = [f"{z} {v} {v / 1.75:.4f} 2.9" for z, v in ((0, 5.8), (15, 5.8), (15, 6.6), (35, 6.6))]
    rows += ["mantle", "35 8.0 4.5714 3.3", "2891 8.0 4.5714 3.3", "outer-core"]
    rows += ["2891 8.0 0.0 10.0", "5150 8.0 0.0 10.0", "inner-core"]
    rows += ["5150 8.1 3.5 12.0", "6371 8.1 3.5 12.0"]
    path.write_text("\n".join(rows) + "\n")
    build_taup_model(str(path), output_folder=str(tmp_path), verbose=False)
    taup = TauPyModel(str(tmp_path / "crust.npz"))
    model = layered((0, 5.8), (15, 6.6), (35, 8.0))
    table = ps.travel_time_table(model, max_distance_km=120)
    for depth in (2.0, 8.0):
        for x in (5.0, 20.0, 40.0):
            arrivals = taup.get_travel_times(depth, np.degrees(x / 6371.0), ["p", "P"])
            first = min(a.time for a in arrivals)
            assert float(table.at(x, depth)) == pytest.approx(first, abs=5 * MS)
            mean_depth = depth / 2
            shorter = float(table.at(x * (1 - mean_depth / 6371.0), depth))
            assert shorter == pytest.approx(first, abs=MS)


def test_a_damaged_or_foreign_file_is_not_trusted(tmp_path):
    from paektuseis.source import traveltimetable as module

    model = layered((0, 5.123), (7, 6.5))
    options = {"phase": "S", "receiver_depth_km": -1.0, "max_distance_km": 30.0}
    table = ps.travel_time_table(model, cache=tmp_path, **options)
    (path,) = tmp_path.glob("*.npz")
    module._MEMORY.clear()
    again = ps.travel_time_table(model, cache=tmp_path, **options)
    np.testing.assert_array_equal(table.values, again.values)
    path.write_bytes(path.read_bytes()[:500])
    module._MEMORY.clear()
    np.testing.assert_array_equal(
        ps.travel_time_table(model, cache=tmp_path, **options).values, table.values
    )


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_table_on_disk_never_runs_code(tmp_path):
    from paektuseis.source import traveltimetable as module

    model = layered((0, 5.321), (7, 6.5))
    table = ps.travel_time_table(model, cache=tmp_path, max_distance_km=30.0)
    (path,) = tmp_path.glob("*.npz")
    with np.load(path) as file:
        arrays = dict(file)
    hidden = np.empty((), dtype=object)
    hidden[()] = Canary(str(tmp_path / "canary"))
    np.savez(path, **arrays | {"phase": hidden})
    module._MEMORY.clear()
    again = ps.travel_time_table(model, cache=tmp_path, max_distance_km=30.0)
    assert not (tmp_path / "canary").exists()
    np.testing.assert_array_equal(again.values, table.values)


def test_outside_the_table_is_refused():
    table = ps.travel_time_table(MODELS["half space"], max_distance_km=50, max_depth_km=20)
    for x, z in ((80.0, 5.0), (5.0, 21.0), (5.0, np.nan), (-1.0, 5.0)):
        with pytest.raises(ps.ParameterError, match="outside the table"):
            table.at(x, z)


@pytest.mark.parametrize("latitude", [0.0, 42.0, -61.0])
def test_distances_against_the_geodesic(latitude, rng):
    from obspy.geodetics import gps2dist_azimuth

    for _ in range(100):
        lat, lon = latitude + rng.uniform(-1.5, 1.5), 179.0 + rng.uniform(-2, 2)
        truth = gps2dist_azimuth(latitude, 179.5, lat, (lon + 180) % 360 - 180)[0] / 1e3
        assert float(distance_km(lat, lon, latitude, 179.5)) == pytest.approx(truth, abs=3e-3)
        back = to_degrees(*to_km(lat, lon, latitude, 179.5), latitude, 179.5)
        assert back[0] == pytest.approx(lat, abs=1e-8)
        assert (back[1] - lon) % 360 == pytest.approx(0, abs=1e-8) or (
            back[1] - lon
        ) % 360 == pytest.approx(360, abs=1e-8)
