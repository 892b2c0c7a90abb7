"""The map of completeness shows what was computed, and says what was not."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PatchCollection
from obspy import UTCDateTime

import paektuseis as ps
from paektuseis import tables
from paektuseis.types import CompletenessMap

NETWORK = ps.load_network("paektu").select("1U.*")
PLACES = [(41.9, 128.1), (41.9, 128.5), (42.1, 128.1), (42.1, 128.5)]
VALUES = [0.4, 1.2, np.nan, np.nan]
NOTES = ["", "", "none found; plant larger ones", "all found; plant smaller ones"]


@pytest.fixture
def result() -> CompletenessMap:
    where = [
        {"place": f"p{i}", "latitude": a, "longitude": b, "depth_km": 3.0}
        for i, (a, b) in enumerate(PLACES)
    ]
    rest = {"scale": "Mw", "n": 20, "confidence": 0.95, "stations": 5}
    half = [
        {**w, **rest, "share": 0.5, "magnitude": v, "uncertainty": 0.15, "lower": v - 0.5,
         "upper": v + 0.5, "note": n}
        for w, v, n in zip(where, VALUES, NOTES, strict=True)
    ]  # fmt: skip
    chance = [
        {**w, **rest, "magnitude": m, "detected": 10, "probability": p, "lower": 0.3, "upper": 0.7}
        for m, shift in ((0.0, 0.0), (2.0, 0.25))
        for w, p in zip(where, np.array([0.1, 0.2, 0.3, 0.4]) + shift, strict=True)
    ]
    now = UTCDateTime(2014, 1, 1)
    return CompletenessMap(
        detectability=tables.DETECTABILITY.frame(chance),
        completeness=tables.COMPLETENESS.frame(half),
        trials=pd.DataFrame(),
        network=NETWORK,
        alive=NETWORK.station_codes[1:],
        dead=NETWORK.station_codes[:1],
        starttime=now,
        endtime=now + 3600,
        noise_seconds=3600.0,
        excluded=0,
        method="",
        seed=1,
    )


def cells(ax) -> PatchCollection:
    return next(
        c for c in ax.collections if isinstance(c, PatchCollection) and len(c.get_paths()) == 4
    )


def test_magnitudes_and_refusals_are_written(result) -> None:
    ax = ps.plot_completeness_map(result)
    texts = [t.get_text() for t in ax.texts]
    assert "0.4\n±0.1" in texts or "0.4\n±0.2" in texts
    assert "> 2" in texts
    assert "< 0" in texts
    faces = cells(ax).get_facecolors()
    assert not np.allclose(faces[0][:3], faces[1][:3])
    assert np.allclose(faces[2][:3], 1.0)  # a refused place has no colour of a value
    assert "5 stations alive, 1 dead" in ax.get_title(loc="left")


def test_living_and_dead_stations_differ(result) -> None:
    labels = ps.plot_completeness_map(result).get_legend_handles_labels()[1]
    assert {"station with records", "station without records"} <= set(labels)


def test_probability_of_one_magnitude(result) -> None:
    ax = ps.plot_completeness_map(result, magnitude=2.0)
    texts = [t.get_text() for t in ax.texts]
    assert {"0.35", "0.45", "0.55", "0.65"} <= set(texts)


def test_all_cells_and_stations_lie_in_the_map(result) -> None:
    ax = ps.plot_completeness_map(result)
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    table = NETWORK.station_table()
    for latitude, longitude in [*PLACES, *zip(table["latitude"], table["longitude"], strict=True)]:
        assert west < longitude < east
        assert south < latitude < north


def test_what_was_not_computed_is_refused(result) -> None:
    with pytest.raises(ps.ParameterError, match=r"share=0.7 was not computed; there is 0.5"):
        ps.plot_completeness_map(result, share=0.7)
    with pytest.raises(ps.ParameterError, match="magnitude=1 was not computed; there is 0, 2"):
        ps.plot_completeness_map(result, magnitude=1.0)
