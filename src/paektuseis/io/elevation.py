"""Grids of elevation for maps: ESRI ASCII, and GeoTIFF with an extra package."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MetadataError, ParameterError
from ..types import FloatArray

MOST_CELLS = 40_000_000
HEADER = ("ncols", "nrows", "xllcorner", "yllcorner", "xllcenter", "yllcenter", "cellsize",
          "nodata_value", "dx", "dy")  # fmt: skip
GEOGRAPHIC, MODEL_TYPE, RASTER_TYPE, GEODETIC_CRS = 2, 1024, 1025, 2048
WGS84_LIKE = {4326, 4258, 4269, 4490, 4979}  # differ by less than a metre or two on a map


@dataclass(frozen=True, kw_only=True, eq=False)
class ElevationGrid:
    """Elevations at the centres of the cells of a grid in degrees.

    Attributes
    ----------
    latitudes : ndarray, shape (ny,)
        Degrees north of the centres, ascending.
    longitudes : ndarray, shape (nx,)
        Degrees east of the centres, ascending.
    elevation_m : ndarray, shape (ny, nx)
        Metres above sea level, NaN where nothing is known.
    source : str
        File it was read from.
    """

    latitudes: FloatArray
    longitudes: FloatArray
    elevation_m: FloatArray
    source: str = ""

    def __post_init__(self) -> None:
        shape = (len(self.latitudes), len(self.longitudes))
        if self.elevation_m.shape != shape or min(shape) < 2:
            raise ParameterError(
                f"elevations of shape {self.elevation_m.shape} for {shape[0]} latitudes and "
                f"{shape[1]} longitudes; give one for each, at least 2 by 2"
            )
        for name, axis, limit in (
            ("latitudes", self.latitudes, 90.0),
            ("longitudes", self.longitudes, 360.0),
        ):
            if not (np.all(np.diff(axis) > 0) and np.all(np.abs(axis) <= limit)):
                raise ParameterError(f"{name} must ascend and lie within ±{limit:g} degrees")


def read_elevation(path: str | Path) -> ElevationGrid:
    r"""Read a grid of elevation in degrees (WGS84), for shaded relief on a map.

    Parameters
    ----------
    path : str or Path
        ESRI ASCII grid (``.asc``, ``.txt``), or GeoTIFF (``.tif``, ``.tiff``; needs the extra
        ``dem``), in geographic coordinates, not turned.

    Returns
    -------
    ElevationGrid

    Raises
    ------
    MetadataError
        If the file is not such a grid, is projected or turned, or lacks the package it needs;
        the message says which.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "dem.asc")
    ...     _ = path.write_text("ncols 2\nnrows 2\nxllcorner 128\nyllcorner 42\n"
    ...                         "cellsize 0.5\nnodata_value -9999\n3 4\n1 -9999\n")
    ...     grid = read_elevation(path)
    >>> grid.latitudes.tolist(), grid.elevation_m.tolist()
    ([42.25, 42.75], [[1.0, nan], [3.0, 4.0]])
    """
    path = Path(path)
    if not path.is_file():
        raise MetadataError(f"{path}: no such file; give a grid of elevation")
    if path.suffix.lower() in (".tif", ".tiff"):
        return _read_geotiff(path)
    return _read_ascii(path)


# ESRI ASCII -------------------------------------------------------------------------------------


def _read_ascii(path: Path) -> ElevationGrid:
    header: dict[str, float] = {}
    with path.open("r", encoding="ascii", errors="replace") as stream:
        while True:
            begin = stream.tell()
            words = stream.readline().split()
            if len(words) != 2 or words[0].lower() not in HEADER:
                stream.seek(begin)
                break
            header[words[0].lower()] = _number(words[1], words[0], path)
        columns, rows = _shape(header, path)
        values = _values(stream.read(), path)
    if len(values) != rows * columns:
        raise MetadataError(
            f"{path.name}: {len(values)} elevations for {rows} rows of {columns}; the file is cut "
            "or its header is wrong"
        )
    dx, dy = header.get("dx", header.get("cellsize")), header.get("dy", header.get("cellsize"))
    if dx is None or dy is None or not (dx > 0 and dy > 0):
        raise MetadataError(f"{path.name}: cellsize={dx} is no size of a cell")
    west, south = _corner(header, "x", dx, path), _corner(header, "y", dy, path)
    elevation = values.reshape(rows, columns)[::-1]
    if "nodata_value" in header:
        elevation = np.where(elevation == header["nodata_value"], np.nan, elevation)
    return _grid(south + dy * np.arange(rows), west + dx * np.arange(columns), elevation, path)


def _number(word: str, name: str, path: Path) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise MetadataError(f"{path.name}: {name} {word!r} is no number") from error


def _shape(header: dict[str, float], path: Path) -> tuple[int, int]:
    if "ncols" not in header or "nrows" not in header:
        raise MetadataError(
            f"{path.name}: not an ESRI ASCII grid (no ncols and nrows at its head); "
            "a GeoTIFF ends in .tif"
        )
    columns, rows = header["ncols"], header["nrows"]
    if not (columns >= 2 and rows >= 2 and columns * rows <= MOST_CELLS):
        raise MetadataError(
            f"{path.name}: {rows:g} rows of {columns:g} cells; from 2 by 2 to "
            f"{MOST_CELLS} cells can be read, cut out the map's part"
        )
    return int(columns), int(rows)


def _values(text: str, path: Path) -> FloatArray:
    try:
        return np.array(text.split(), dtype=np.float64)
    except ValueError as error:
        raise MetadataError(f"{path.name}: an elevation is no number ({error})") from error


def _corner(header: dict[str, float], axis: str, step: float, path: Path) -> float:
    """Return the centre of the first cell along an axis."""
    if f"{axis}llcenter" in header:
        return header[f"{axis}llcenter"]
    if f"{axis}llcorner" in header:
        return header[f"{axis}llcorner"] + 0.5 * step
    raise MetadataError(f"{path.name}: neither {axis}llcorner nor {axis}llcenter at its head")


def _grid(latitudes: Any, longitudes: Any, elevation: Any, path: Path) -> ElevationGrid:
    if abs(latitudes[-1]) > 90 or abs(latitudes[0]) > 90 or abs(longitudes[-1]) > 360:
        raise MetadataError(
            f"{path.name}: coordinates up to {longitudes[-1]:g}, {latitudes[-1]:g} are no degrees; "
            "project the grid to geographic coordinates (EPSG:4326)"
        )
    return ElevationGrid(
        latitudes=np.asarray(latitudes, dtype=np.float64),
        longitudes=np.asarray(longitudes, dtype=np.float64),
        elevation_m=np.asarray(elevation, dtype=np.float64),
        source=path.name,
    )


# GeoTIFF ----------------------------------------------------------------------------------------


def _read_geotiff(path: Path) -> ElevationGrid:
    try:
        import tifffile
    except ImportError as error:
        raise MetadataError(
            f"{path.name}: a GeoTIFF needs the package tifffile; "
            "pip install 'paektuseis[dem]', or convert it to an ESRI ASCII grid"
        ) from error
    try:
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            tags = {tag.code: tag.value for tag in page.tags.values()}
            if math.prod(page.shape) > MOST_CELLS:
                raise MetadataError(
                    f"{path.name}: {page.shape} cells; at most {MOST_CELLS} can be read, "
                    "cut out the map's part"
                )
            values = np.asarray(page.asarray(), dtype=np.float64)
    except (tifffile.TiffFileError, ValueError, OSError) as error:
        raise MetadataError(f"{path.name}: cannot be read as TIFF ({error})") from error
    if values.ndim != 2:
        raise MetadataError(f"{path.name}: {values.shape} is no single band of elevations")
    scale, tie = tags.get(33550), tags.get(33922)
    if scale is None or tie is None or len(tie) != 6 or 34264 in tags:
        raise MetadataError(
            f"{path.name}: no scale and single tie point (turned, or without a place); "
            "warp it to a north-up grid in EPSG:4326"
        )
    keys = _geo_keys(tags.get(34735, ()))
    if keys.get(MODEL_TYPE, GEOGRAPHIC) != GEOGRAPHIC or (
        keys.get(GEODETIC_CRS, 4326) not in WGS84_LIKE
    ):
        raise MetadataError(
            f"{path.name}: not in geographic coordinates (WGS84); warp it to EPSG:4326"
        )
    half = 0.0 if keys.get(RASTER_TYPE, 1) == 2 else 0.5  # tie points at centres or corners
    rows, columns = values.shape
    west = tie[3] + (half - tie[0]) * scale[0]
    north = tie[4] - (half - tie[1]) * scale[1]
    if 42113 in tags:
        values = np.where(values == _number(str(tags[42113]).strip("\x00 "), "nodata", path),
                          np.nan, values)  # fmt: skip
    latitudes = north - scale[1] * np.arange(rows)
    return _grid(latitudes[::-1], west + scale[0] * np.arange(columns), values[::-1], path)


def _geo_keys(directory: Any) -> dict[int, int]:
    """Return the keys of a GeoKeyDirectory whose value stands in the directory itself."""
    numbers = [int(v) for v in directory]
    entries = [numbers[i : i + 4] for i in range(4, len(numbers) - 3, 4)]
    return {key: value for key, place, _, value in entries if place == 0}
