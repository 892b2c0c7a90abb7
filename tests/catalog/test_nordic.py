"""Nordic files: round trips, and the same files through obspy."""

# ruff: noqa: E501
from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import obspy
import obspy.io.nordic
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import paektuseis as ps
from paektuseis import tables
from paektuseis.errors import ParameterError

FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
DAY = pd.Timestamp("2011-06-14T00:00:00", tz="UTC")


def cell(draw, low, high, decimals):
    """Return a rounded number, or NaN in one of four."""
    if draw(st.integers(0, 3)) == 0:
        return np.nan
    return round(draw(st.floats(low, high)), decimals) + 0.0


@st.composite
def catalogues(draw):
    rows = {name: [] for name in ("picks", "origins", "residuals", "magnitudes", "classes")}
    for k in range(draw(st.integers(1, 4))):
        event_id = draw(st.sampled_from(["e", "천지 №", "a" * 120, "b/c*d", "2011-06-14T"])) + str(
            k
        )
        ms = draw(st.integers(0, 86_400_000 - 1))
        time = DAY + pd.Timedelta(ms, unit="ms")
        located = draw(st.booleans())
        label = draw(st.sampled_from(["", "explosion", "VT", "regional", "rock fall"]))
        if located:
            major, minor = cell(draw, 1.0, 80.0, 3), cell(draw, 0.3, 0.9, 3)
            rows["origins"].append({
                "event_id": event_id, "time": time, "latitude": cell(draw, -89, 89, 5),
                "longitude": cell(draw, -179, 179, 5), "depth_km": cell(draw, -3, 700, 3),
                "time_uncertainty": cell(draw, 0, 99, 3), "horizontal_uncertainty_km": major,
                "depth_uncertainty_km": cell(draw, 0, 9, 3), "n_picks": 0,
                "n_stations": draw(st.integers(0, 99)), "rms": cell(draw, 0, 9, 3),
                "azimuthal_gap": cell(draw, 0, 360, 0), "nearest_km": np.nan, "method": "", "model": "",
                "quality": "", "semi_minor_km": minor, "major_azimuth": 33.0 if minor == minor else np.nan,
            })  # fmt: skip
        for kind in draw(st.lists(st.sampled_from(["ML", "Md", "Mw"]), max_size=6)):
            rows["magnitudes"].append({
                "event_id": event_id, "kind": kind, "scale": "", "value": round(draw(st.floats(-1, 9.9)), 2) + 0.0,
                "uncertainty": np.nan, "n": 0, "stations": (),
            })  # fmt: skip
        for trace_id in draw(
            st.lists(st.sampled_from(["1U.JGPD..HHZ", "XP.PLQ.00.BHN", ".STAT5..EZ"]), unique=True)
        ):
            key = {"event_id": event_id, "trace_id": trace_id, "phase": draw(st.sampled_from(["P", "S", "Pn", "Sg"])),
                   "time": time + pd.Timedelta(draw(st.integers(1, 80_000_000)), unit="ms")}  # fmt: skip
            rows["picks"].append({
                **key, "uncertainty": np.nan, "snr": np.nan,
                "polarity": draw(st.sampled_from(["", "up", "down"])), "quality": draw(st.sampled_from(["", *"ABCD"])),
            })  # fmt: skip
            if located and draw(st.booleans()):
                rows["residuals"].append({
                    **key, "residual": cell(draw, -9, 9, 2), "weight": round(draw(st.integers(0, 10)) / 10, 1),
                    "distance_km": cell(draw, 0, 99, 2), "azimuth": cell(draw, 0, 359, 0),
                    "takeoff": cell(draw, 0, 180, 0), "uncertainty": np.nan,
                })  # fmt: skip
        if label:
            rows["classes"].append(
                {"event_id": event_id, "label": label, "margin": np.nan, "reason": "x"}
            )
        if not located and not any(r["event_id"] == event_id for r in rows["picks"]):
            rows["picks"].append({"event_id": event_id, "trace_id": ".ONE..HZ", "phase": "P", "time": time, "uncertainty": np.nan,
                                  "snr": np.nan, "polarity": "", "quality": ""})  # fmt: skip
    return ps.CatalogueTables(**{k: getattr(tables, k.upper()).frame(v) for k, v in rows.items()})


def held(table: pd.DataFrame, columns: list[str], second: bool) -> pd.DataFrame:
    """Return what a phase line of the form holds of a table, events in order of their ids."""
    out = table[columns].copy()
    if "trace_id" in columns and not second:
        parts = out["trace_id"].str.split(".")
        out["trace_id"] = [f".{p[1]}..{p[3][:1]}{p[3][-1:]}" for p in parts]
    return out.sort_values("event_id", kind="stable", ignore_index=True)


@pytest.mark.parametrize("second", [False, True])
@FEW
@given(data=catalogues())
def test_round_trip_keeps_what_the_format_holds(tmp_path_factory, second, data):
    name = "nordic2" if second else "nordic"
    problems: list[str] = []
    path = ps.write_catalogue(
        data, tmp_path_factory.mktemp("n") / "a", format=name, problems=problems
    )
    assert problems == []
    assert all(len(line) in (0, 80) for line in path.read_text().split("\n"))
    back = ps.read_catalogue(path, format=name)
    assert back.problems == ()
    assert set(back.event_ids) == set(data.event_ids)
    columns = {
        "origins": ["event_id", "time", "latitude", "longitude", "depth_km", "time_uncertainty",
                    "depth_uncertainty_km", "n_stations", "rms", "azimuthal_gap"],
        "picks": ["event_id", "trace_id", "phase", "time", "polarity", "quality"],
        "residuals": ["event_id", "trace_id", "phase", "time", "residual", "weight", "distance_km",
                      "azimuth", "takeoff"],
        "magnitudes": ["event_id", "kind", "value"], "classes": ["event_id", "label"],
    }  # fmt: skip
    for table, names in columns.items():
        one, two = (held(getattr(d, table), names, second) for d in (data, back))
        assert len(one) == len(two), table
        # three decimals fit a width of 5 or 6 below 10 or 100; one decimal of kilometres in 700
        pd.testing.assert_frame_equal(one, two, check_exact=False, atol=1e-9, rtol=1e-4)
    one, two = (
        held(
            d.origins,
            ["event_id", "horizontal_uncertainty_km", "semi_minor_km", "major_azimuth"],
            True,
        )
        for d in (data, back)
    )
    known = one["horizontal_uncertainty_km"].notna()
    assert (two["horizontal_uncertainty_km"].notna() == known).all()
    np.testing.assert_allclose(
        two["horizontal_uncertainty_km"][known], one["horizontal_uncertainty_km"][known], rtol=2e-3
    )
    full = known & one["semi_minor_km"].notna()
    np.testing.assert_allclose(two["major_azimuth"][full], 33.0, atol=1.0)


@pytest.mark.parametrize("name", ["nordic", "nordic2"])
@FEW
@given(data=catalogues())
def test_obspy_reads_the_same_times_places_and_sizes(tmp_path_factory, name, data):
    path = ps.write_catalogue(data, tmp_path_factory.mktemp("n") / "a", format=name)
    back = ps.read_catalogue(path, format="nordic")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = obspy.read_events(str(path), format="NORDIC")
    assert len(theirs) == len(back.event_ids)
    picks = [p for e in theirs for p in e.picks]
    assert [p.time.ns for p in picks] == back.picks["time"].astype("int64").tolist()
    assert [p.phase_hint for p in picks] == back.picks["phase"].tolist()
    seeds = [p.waveform_id.get_seed_string() for p in picks]
    assert seeds == back.picks["trace_id"].tolist()
    sizes = [(m.mag, m.magnitude_type) for e in theirs for m in e.magnitudes]
    assert [s for s, _ in sizes] == back.magnitudes["value"].tolist()
    origins = [e.origins[0] for e in theirs if e.origins[0].latitude is not None]
    ours = back.origins[back.origins["latitude"].notna()]
    assert len(origins) == len(ours)
    for one, (_, two) in zip(origins, ours.iterrows(), strict=True):
        assert one.latitude == two["latitude"]
        assert abs(one.time.ns - two["time"].value) <= 1000


def test_files_of_other_programs_equal_obspy(real_data):
    folder = Path(obspy.io.nordic.__file__).parent / "tests/data"
    files = [folder / "select.out", folder / "collect.out", folder / "01-0411-15L.S201309"]
    files = [f for f in files if f.exists()]
    files += sorted((real_data / "bad_input/obspy_nordic_nlloc").glob("[Ss]file_*"))
    compared = 0
    for file in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = obspy.read_events(str(file), format="NORDIC")
        except Exception:  # noqa: BLE001 - whatever their reader stumbles over
            with pytest.raises(ParameterError):
                ps.read_catalogue(file, format="nordic")
            continue
        ours = ps.read_catalogue(file, format="nordic")
        assert len(ours.origins) == len(theirs)
        picks = [p for e in theirs for p in e.picks if p.phase_hint and "AM" not in p.phase_hint]
        assert len(picks) == len(ours.picks)
        for pick, (_, row) in zip(picks, ours.picks.iterrows(), strict=True):
            assert abs(pick.time.ns - row["time"].value) < 1000
            assert pick.phase_hint == row["phase"]
            assert {"positive": "up", "negative": "down"}.get(pick.polarity, "") == row["polarity"]
            compared += 1
        for event, (_, row) in zip(theirs, ours.origins.iterrows(), strict=True):
            origin = event.origins[0]
            spread = origin.origin_uncertainty
            if spread is not None:  # theirs is one standard error along the axis
                wide = spread.max_horizontal_uncertainty / 1000 * np.sqrt(2.295748928898636)
                assert row["horizontal_uncertainty_km"] == pytest.approx(wide, rel=1e-6)
            if origin.depth is not None:
                assert row["depth_km"] == pytest.approx(origin.depth / 1000)
    assert compared > 100


def test_what_cannot_stand_is_named(tmp_path):
    origin = {
        "event_id": "e", "time": DAY + pd.Timedelta("23:30:00"), "latitude": 1.0, "longitude": 2.0, "depth_km": 1.0,
        "time_uncertainty": np.nan, "horizontal_uncertainty_km": np.nan, "depth_uncertainty_km": np.nan,
        "n_picks": 0, "n_stations": 0, "rms": np.nan, "azimuthal_gap": np.nan, "nearest_km": np.nan,
        "method": "", "model": "", "quality": "",
    }  # fmt: skip
    pick = {
        "event_id": "e",
        "phase": "P",
        "uncertainty": 0.1,
        "snr": 5.0,
        "polarity": "",
        "quality": "",
    }
    data = ps.CatalogueTables(
        origins=tables.ORIGINS.frame([origin, {**origin, "event_id": "f", "time": pd.NaT}]),
        picks=tables.PICKS.frame([
            {**pick, "trace_id": "XX.TOOLONG..HHZ", "time": DAY + pd.Timedelta("23:31:00")},
            {**pick, "trace_id": "XX.A..HHZ", "time": DAY + pd.Timedelta("00:10:00")},
            {**pick, "trace_id": "XX.B..HHZ", "time": DAY + pd.Timedelta("24:10:00")},
        ]),
        magnitudes=tables.MAGNITUDES.frame([{"event_id": "e", "kind": "Me", "scale": "", "value": 1.0,
                                             "uncertainty": 0.1, "n": 1, "stations": ()}]),
    )  # fmt: skip
    problems: list[str] = []
    path = ps.write_catalogue(data, tmp_path / "a", format="nordic", problems=problems)
    text = "\n".join(problems)
    for part in ("TOOLONG", "XX.A..HHZ", "magnitude Me", "event f: without any time"):
        assert part in text
    assert len(problems) == 5
    back = ps.read_catalogue(path, format="nordic")
    assert back.picks["time"].tolist() == [DAY + pd.Timedelta("24:10:00")]


def test_bad_lines_are_named_and_the_rest_kept(tmp_path):
    text = (
        " 2013  9 1 0411 15.7 L -43.340 170.376  8.5  VUW  8 0.2 0.6LVUW                1\n"
        " STAT SP IPHASW D HRMM SECON CODA AMPLIT PERI AZIMU VELO AIN AR TRES W  DIS CAZ7\n"
        " GCSZ SZ IP        411 17.24                             145    0.0610    4 304 \n"
        " GCSZ S1 IS        4x1 18.22                             145    0.0210    4 304 \n"
        "\n 2013 99 1 0411 15.7 L -43.340 170.376  8.5  VUW  8 0.2 0.6LVUW                1\n\n"
    )
    (tmp_path / "a").write_text(text)
    back = ps.read_catalogue(tmp_path / "a", format="nordic")
    assert (len(back.origins), len(back.picks), len(back.problems)) == (1, 1, 2)
    assert back.magnitudes[["kind", "value"]].values.tolist() == [["ML", 0.6]]
