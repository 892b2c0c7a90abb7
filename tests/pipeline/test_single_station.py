"""One living station from trigger to rate: detection, pick, distance, class, family, rate.

The truth is that of the planted events of the sample (truth.csv, arrivals.csv).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import paektuseis as ps
from paektuseis.pipeline import DayResult

STATION = "1U.JGPD"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def day() -> DayResult:
    settings = ps.load_settings(ROOT / "examples" / "single-station.toml")
    settings = replace(settings, data=replace(settings.data, trace_ids=(f"{STATION}..HH?",)))
    return ps.process_day(
        ps.Archive(ROOT / "data" / "sample" / "sds"),
        starttime="2014-06-15T03:00:00",
        endtime="2014-06-15T04:00:00",
        network=ps.load_network("paektu"),
        inventory=ps.read_stations(ROOT / "data" / "sample" / "stations.xml"),
        settings=settings,
    )


@pytest.fixture(scope="module")
def planted(day: DayResult) -> pd.DataFrame:
    """Return the VT events whose P at the station is within a second of a detection's."""
    sample = ROOT / "data" / "sample"
    truth = pd.read_csv(sample / "truth.csv", parse_dates=["time", "origin_time"])
    arrivals = pd.read_csv(sample / "arrivals.csv", parse_dates=["time"])
    here = arrivals[arrivals["station"] == STATION.split(".")[1]].pivot(
        index="event_id", columns="phase", values="time"
    )
    truth = truth[truth["label"] == "VT"].join(here, on="event_id")
    found = day.tables["events"]
    nearest = [(found["time"] - t).abs().idxmin() for t in truth["P"]]
    near = found.loc[nearest].set_index(truth.index)
    off = (near["time"] - truth["P"]).dt.total_seconds().abs()
    return truth.assign(found=near["event_id"], off=off)


def test_strong_events_are_found(planted: pd.DataFrame) -> None:
    strong = planted[planted["snr"] >= 5]
    assert len(strong) == 16
    assert (strong["off"] < 1.0).sum() >= 15


def test_phases_are_where_they_were_planted(day: DayResult, planted: pd.DataFrame) -> None:
    picks = day.tables["picks"].pivot(index="event_id", columns="phase", values="time")
    both = planted[planted["off"] < 1.0].join(picks.add_suffix(" picked"), on="found")
    error = {p: (both[f"{p} picked"] - both[p]).dt.total_seconds().abs() for p in ("P", "S")}
    assert (error["P"].dropna() < 0.1).mean() >= 0.9
    assert (error["S"].dropna() < 0.2).mean() >= 0.8
    assert error["S"].notna().mean() >= 0.7


def test_distance_and_its_uncertainty(day: DayResult, planted: pd.DataFrame) -> None:
    station = ps.load_network("paektu").station(STATION)
    km = 111.19
    east = (planted["longitude"] - station.longitude) * km * np.cos(np.radians(station.latitude))
    north = (planted["latitude"] - station.latitude) * km
    down = planted["depth_km"] + station.elevation_m / 1000
    true = np.sqrt(east**2 + north**2 + down**2)
    origins = day.tables["origins"].set_index("event_id")
    both = planted.assign(true=true)[planted["off"] < 1.0].join(
        origins[["distance_km", "distance_uncertainty_km"]], on="found"
    )
    both = both.dropna(subset="distance_km")
    assert len(both) >= 12
    error = (both["distance_km"] - both["true"]).abs()
    assert (error / both["true"]).median() < 0.1
    assert (error < 2.5 * both["distance_uncertainty_km"]).mean() >= 0.9


def test_classes(day: DayResult, planted: pd.DataFrame) -> None:
    classes = day.tables["classes"].set_index("event_id")
    mine = classes.loc[planted.loc[planted["off"] < 1.0, "found"]]
    assert (mine["label"] == "VT").mean() >= 0.9
    assert mine["reason"].str.len().min() > 20


def test_families_and_rates(day: DayResult) -> None:
    events = day.tables["events"]
    assert set(day.tables["families"]["event_id"]) == set(events["event_id"])
    rates = day.tables["rates"]
    assert rates["count"].sum() == len(day.tables["detections"]) == len(events)
    assert (rates["min_stations"] == 1).all()
    expected = rates["count"] / (rates["window"] * rates["monitored"]) * 86400
    np.testing.assert_allclose(rates["rate"], expected, rtol=1e-9)
    assert ((rates["rate_lower"] <= rates["rate"]) & (rates["rate"] <= rates["rate_upper"])).all()


def test_nothing_of_another_station(day: DayResult) -> None:
    for name in ("picks", "attributes", "amplitudes", "triggers"):
        assert day.tables[name]["trace_id"].str.startswith(f"{STATION}..").all()
    assert (day.tables["origins"]["method"] == "single station").all()
