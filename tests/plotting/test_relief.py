"""Shaded relief: light from the north-west, nothing where nothing is known."""

import numpy as np
import pytest

from paektuseis import ElevationGrid, ParameterError, plot_station_map
from paektuseis.plotting.relief import _thinned, shade

from .test_catalogue_figures import PAEKTU

EXTENT = (128.0, 128.3, 41.9, 42.1)


def ramp(towards):
    """A plane that falls towards a direction (east, north), 10 %."""
    x, y = np.meshgrid(np.arange(40.0), np.arange(30.0))
    return 2000.0 - 60.0 * (towards[0] * x + towards[1] * y)


def brightness(heights):
    return float(shade(heights, EXTENT)[5:-5, 5:-5, :3].mean())


def test_slopes_to_the_north_west_are_lighter():
    assert brightness(ramp((-1, 1))) > brightness(ramp((1, -1))) + 0.02


def test_level_ground_has_one_colour_and_unknown_ground_none():
    heights = np.full((30, 40), 700.0)
    heights[3, 4] = np.nan
    picture = shade(heights, EXTENT)
    assert picture[3, 4, 3] == 0.0
    known = np.delete(picture.reshape(-1, 4), 3 * 40 + 4, axis=0)
    assert np.ptp(known, axis=0).max() == 0.0
    assert known[0, 3] == 1.0


def test_thinning_is_a_mean_of_what_is_known():
    heights = np.array([[1.0, 3.0], [np.nan, 5.0]])
    assert _thinned(heights, 1).tolist() == [[3.0]]
    assert _thinned(heights, 2) is heights


def grid(west, south):
    return ElevationGrid(
        latitudes=south + 0.01 * np.arange(60),
        longitudes=west + 0.01 * np.arange(120),
        elevation_m=np.add.outer(np.arange(60.0), np.arange(120.0)),
    )


def test_the_map_keeps_its_limits_and_the_picture_its_place():
    plain = plot_station_map(PAEKTU)
    ax = plot_station_map(PAEKTU, elevation=grid(127.9, 41.7))
    assert ax.get_xlim() == plain.get_xlim()
    assert ax.get_ylim() == plain.get_ylim()
    (image,) = ax.images
    west, east, south, north = image.get_extent()
    # edges of cells: half a cell beyond centres that are multiples of 0.01 degree from the first
    for value, first in ((west, 127.9), (east, 127.9), (south, 41.7), (north, 41.7)):
        assert abs((value - first - 0.005) / 0.01 - round((value - first - 0.005) / 0.01)) < 1e-6
    assert image.get_zorder() < min(c.get_zorder() for c in ax.collections)


def test_a_grid_elsewhere_is_refused():
    with pytest.raises(ParameterError, match="does not meet the map"):
        plot_station_map(PAEKTU, elevation=grid(10.0, 41.7))
    with pytest.raises(ParameterError, match="read_elevation"):
        plot_station_map(PAEKTU, elevation=np.zeros((3, 3)))
