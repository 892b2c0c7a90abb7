"""Grids of elevation: where each cell lies, and what is no such grid."""

import numpy as np
import pytest

from paektuseis import ElevationGrid, MetadataError, ParameterError, read_elevation

HEAD = "ncols 3\nnrows 2\nxllcorner 128\nyllcorner 42\ncellsize 0.5\nNODATA_value -9999\n"
ROWS = "10 20 30\n40 -9999 60\n"  # the first row is the northern one


def written(path, text):
    path.write_text(text, encoding="ascii")
    return path


def test_ascii_cells_lie_where_the_header_says(tmp_path):
    grid = read_elevation(written(tmp_path / "dem.asc", HEAD + ROWS))
    assert grid.latitudes.tolist() == [42.25, 42.75]
    assert grid.longitudes.tolist() == [128.25, 128.75, 129.25]
    assert grid.elevation_m[1].tolist() == [10.0, 20.0, 30.0]
    assert grid.elevation_m[0, 0] == 40.0
    assert np.isnan(grid.elevation_m[0, 1])
    assert grid.source == "dem.asc"


def test_ascii_of_centres_and_two_sizes(tmp_path):
    head = "NCOLS 3\nNROWS 2\nXLLCENTER 128\nYLLCENTER 42\nDX 0.5\nDY 0.25\n"
    grid = read_elevation(written(tmp_path / "dem.txt", head + "1 2 3 4 5 6"))
    assert grid.latitudes.tolist() == [42.0, 42.25]
    assert grid.longitudes.tolist() == [128.0, 128.5, 129.0]
    assert grid.elevation_m.tolist() == [[4.0, 5.0, 6.0], [1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not an ESRI ASCII grid"),
        ("hello world\n", "not an ESRI ASCII grid"),
        (HEAD + "10 20 30\n40 50\n", "5 elevations for 2 rows of 3"),
        (HEAD + "10 20 30\n40 x 60\n", "no number"),
        (HEAD.replace("ncols 3", "ncols three") + ROWS, "ncols 'three' is no number"),
        (HEAD.replace("ncols 3", "ncols 1e9") + ROWS, "cut out"),
        (HEAD.replace("cellsize 0.5", "cellsize 0") + ROWS, "no size of a cell"),
        (HEAD.replace("xllcorner 128\n", "") + ROWS, "xllcorner"),
        (HEAD.replace("yllcorner 42", "yllcorner 4650000") + ROWS, "EPSG:4326"),
    ],
)
def test_what_is_no_grid_is_refused(tmp_path, text, said):
    with pytest.raises(MetadataError, match=said):
        read_elevation(written(tmp_path / "dem.asc", text))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(MetadataError, match="no such file"):
        read_elevation(tmp_path / "none.asc")


def geotiff(path, values, *, keys=(1, 1, 0, 2, 1024, 0, 1, 2, 1025, 0, 1, 1), tie=None, **extra):
    tifffile = pytest.importorskip("tifffile")
    tie = tie or (0.0, 0.0, 0.0, 128.0, 43.0, 0.0)
    tags = [
        (33550, "d", 3, (0.5, 0.5, 0.0), True),
        (33922, "d", 6, tie, True),
        (34735, "H", len(keys), keys, True),
        (42113, "s", 0, "-9999", True),
    ]
    tifffile.imwrite(path, np.asarray(values), extratags=tags, **extra)
    return path


VALUES = np.array([[10, 20, 30], [40, -9999, 60]], dtype=np.float32)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_geotiff_is_the_same_grid(tmp_path, compression):
    path = geotiff(tmp_path / "dem.tif", VALUES, compression=compression)
    plain = read_elevation(written(tmp_path / "dem.asc", HEAD + ROWS))
    grid = read_elevation(path)
    for name in ("latitudes", "longitudes", "elevation_m"):
        np.testing.assert_allclose(getattr(grid, name), getattr(plain, name))


def test_geotiff_with_points_at_centres(tmp_path):
    keys = (1, 1, 0, 2, 1024, 0, 1, 2, 1025, 0, 1, 2)
    grid = read_elevation(geotiff(tmp_path / "dem.tif", VALUES, keys=keys))
    assert grid.longitudes[0] == 128.0
    assert grid.latitudes[-1] == 43.0


def test_projected_or_foreign_tiff_is_refused(tmp_path):
    projected = (1, 1, 0, 1, 1024, 0, 1, 1)
    with pytest.raises(MetadataError, match="EPSG:4326"):
        read_elevation(geotiff(tmp_path / "utm.tif", VALUES, keys=projected))
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "photo.tif", VALUES)
    with pytest.raises(MetadataError, match="without a place"):
        read_elevation(tmp_path / "photo.tif")
    with pytest.raises(MetadataError, match="single band"):
        read_elevation(geotiff(tmp_path / "rgb.tif", np.zeros((3, 4, 3), np.uint8)))
    (tmp_path / "text.tif").write_bytes(b"no tiff at all")
    with pytest.raises(MetadataError, match="cannot be read"):
        read_elevation(tmp_path / "text.tif")


def test_without_the_package_the_message_says_which(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tifffile", None)
    (tmp_path / "dem.tif").write_bytes(b"II*\x00")
    with pytest.raises(MetadataError, match=r"paektuseis\[dem\]"):
        read_elevation(tmp_path / "dem.tif")


def test_a_grid_that_is_none_is_refused():
    axis = np.array([1.0, 2.0])
    with pytest.raises(ParameterError, match="shape"):
        ElevationGrid(latitudes=axis, longitudes=axis, elevation_m=np.zeros((2, 3)))
    with pytest.raises(ParameterError, match="ascend"):
        ElevationGrid(latitudes=axis[::-1], longitudes=axis, elevation_m=np.zeros((2, 2)))
