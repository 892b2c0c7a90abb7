"""Catalogues to the formats of other programs and back."""

# ruff: noqa: E501, PT017
from __future__ import annotations

import numpy as np
import obspy
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import paektuseis as ps
from paektuseis import tables
from paektuseis.catalog._hypodd import station_labels
from paektuseis.errors import ParameterError

T0 = pd.Timestamp("2011-06-14T04:57:59.999999", tz="UTC")


def make(seed: int, n: int = 3) -> ps.CatalogueTables:
    rng = np.random.default_rng(seed)
    rows = {
        name: [] for name in ("events", "picks", "origins", "residuals", "magnitudes", "classes")
    }
    for k in range(n):
        event_id = f"ev-{k}.{rng.integers(1000)}"
        origin = T0 + pd.to_timedelta(int(rng.integers(0, 10**12)), unit="us")
        rows["origins"].append({
            "event_id": event_id, "time": origin, "latitude": round(rng.uniform(-89, 89), 6),
            "longitude": round(rng.uniform(-179, 179), 6),
            "depth_km": round(rng.uniform(-2.5, 40), 4), "time_uncertainty": round(rng.uniform(0.01, 1), 4),
            "horizontal_uncertainty_km": round(rng.uniform(1, 5), 4),
            "depth_uncertainty_km": round(rng.uniform(0.1, 5), 4), "n_picks": int(rng.integers(3, 9)),
            "n_stations": 3, "rms": round(rng.uniform(0, 1), 4),
            "azimuthal_gap": round(rng.uniform(30, 300), 3), "nearest_km": round(rng.uniform(1, 20), 4),
            "method": "grid", "model": "m", "quality": "B",
            "semi_minor_km": round(rng.uniform(0.1, 0.9), 4),
            "major_azimuth": round(rng.uniform(1, 179), 3), "note": "a, b < c & \"d\"",
        })  # fmt: skip
        rows["events"].append({
            "event_id": event_id, "time": origin, "endtime": origin + pd.Timedelta("5s"),
            "duration": 5.0, "n_stations": 3, "detectors": ("vt",), "trace_ids": ("XP.PL03..HHZ",),
            "best_trace_id": "XP.PL03..HHZ", "peak_ratio": 7.25, "label": "VT",
        })  # fmt: skip
        rows["classes"].append({
            "event_id": event_id, "label": "VT", "margin": 0.5, "reason": "high frequency: 8 Hz",
        })  # fmt: skip
        rows["magnitudes"].append({
            "event_id": event_id, "kind": "ML", "scale": "hutton_boore",
            "value": round(rng.uniform(0.1, 4), 2), "uncertainty": 0.21, "n": 3,
            "stations": ("XP.PL03", "XP.PL07"),
        })  # fmt: skip
        for i, station in enumerate(("PL03", "PL07", "PLQU")):
            for phase, delay in (("P", 1.0 + i), ("S", 2.0 + i)):
                time = origin + pd.to_timedelta(
                    int(delay * 1e6 + rng.integers(0, 10**6)), unit="us"
                )
                key = {
                    "event_id": event_id,
                    "trace_id": f"XP.{station}..HHZ",
                    "phase": phase,
                    "time": time,
                }
                error = round(float(rng.uniform(0.005, 0.5)), 4)
                rows["picks"].append({
                    **key, "uncertainty": error, "snr": 12.5,
                    "polarity": str(rng.choice(["", "up", "down"])), "quality": str(rng.choice(list("ABCD"))),
                })  # fmt: skip
                rows["residuals"].append({
                    **key, "residual": round(rng.normal(0, 0.1), 6), "weight": round(rng.uniform(0.1, 1), 4),
                    "distance_km": round(rng.uniform(1, 50), 4), "azimuth": round(rng.uniform(0, 359), 3),
                    "takeoff": round(rng.uniform(0, 180), 3), "uncertainty": error,
                })  # fmt: skip
    return ps.CatalogueTables(**{k: getattr(tables, k.upper()).frame(v) for k, v in rows.items()})


def same(one: pd.DataFrame, two: pd.DataFrame, columns: list[str], tolerance: float = 1e-9) -> None:
    assert len(one) == len(two) > 0
    for name in columns:
        a, b = one[name], two[name]
        if a.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)
        else:
            assert a.tolist() == b.tolist(), name


seeds = st.integers(0, 2**31)
few = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
PICKED = ["event_id", "trace_id", "phase", "time", "uncertainty", "polarity"]


@few
@given(seed=seeds)
def test_quakeml_keeps_every_column(tmp_path_factory, seed):
    data = make(seed)
    path = tmp_path_factory.mktemp("q") / "a.xml"
    ps.write_catalogue(data, path, format="quakeml")
    back = ps.read_catalogue(path)
    assert back.problems == ()
    for name in ("events", "picks", "origins", "residuals", "magnitudes", "classes"):
        one = getattr(data, name)
        same(one, getattr(back, name), list(one.columns))


def test_quakeml_is_valid_and_preferred_ids_resolve(tmp_path):
    path = ps.write_catalogue(make(1), tmp_path / "a.xml", format="quakeml")
    event = obspy.read_events(str(path))[0]
    assert event.preferred_origin().arrivals[0].pick_id.get_referred_object() in event.picks
    assert event.preferred_magnitude().magnitude_type == "ML"
    assert event.event_type == "earthquake"
    assert event.event_descriptions[0].text == "VT"


@few
@given(seed=seeds)
def test_nonlinloc_observations(tmp_path_factory, seed):
    data = make(seed)
    path = ps.write_catalogue(data, tmp_path_factory.mktemp("n") / "a.obs", format="nonlinloc")
    same(data.picks, ps.read_catalogue(path).picks, PICKED)


@few
@given(seed=seeds)
def test_nonlinloc_hypocentres(tmp_path_factory, seed):
    data = make(seed)
    path = ps.write_catalogue(data, tmp_path_factory.mktemp("h") / "a.hyp", format="nonlinloc_hyp")
    back = ps.read_catalogue(path)
    assert back.problems == ()
    same(data.picks, back.picks, PICKED)
    columns = ["event_id", "time", "latitude", "longitude", "depth_km", "depth_uncertainty_km",
               "horizontal_uncertainty_km", "semi_minor_km", "major_azimuth", "n_picks",
               "n_stations", "rms", "azimuthal_gap", "nearest_km"]  # fmt: skip
    same(data.origins, back.origins, columns, 1e-6)
    same(data.residuals, back.residuals,
         ["event_id", "trace_id", "phase", "time", "residual", "weight", "distance_km", "azimuth",
          "takeoff", "uncertainty"], 1e-6)  # fmt: skip
    theirs = obspy.read_events(str(path), format="NLLOC_HYP")
    assert theirs[0].origins[0].latitude == pytest.approx(data.origins["latitude"].iloc[0])
    assert theirs[0].origins[0].depth == pytest.approx(data.origins["depth_km"].iloc[0] * 1000)


@few
@given(seed=seeds)
def test_hypodd_phases(tmp_path_factory, seed):
    data = make(seed)
    path = ps.write_catalogue(data, tmp_path_factory.mktemp("d") / "a.pha", format="hypodd")
    back = ps.read_catalogue(path)
    same(data.origins, back.origins, ["time", "latitude", "longitude", "depth_km", "rms",
                                      "horizontal_uncertainty_km", "depth_uncertainty_km"])  # fmt: skip
    same(data.magnitudes, back.magnitudes, ["value"])
    same(data.picks, back.picks, ["event_id", "phase", "time", "quality"])
    assert back.problems == ()
    assert back.origins["event_id"].tolist() == data.origins["event_id"].tolist()
    assert back.picks["trace_id"].tolist() == [t[:-3] for t in data.picks["trace_id"]]


def test_hypodd_names_give_way_to_numbers_where_they_are_another_catalogues(tmp_path):
    ps.write_catalogue(make(1), tmp_path / "a.pha", format="hypodd")
    ps.write_catalogue(make(2), tmp_path / "b.pha", format="hypodd")
    (tmp_path / "a.pha.ids.csv").write_bytes((tmp_path / "b.pha.ids.csv").read_bytes())
    back = ps.read_catalogue(tmp_path / "a.pha")
    assert back.origins["event_id"].tolist() == ["1", "2", "3"]
    assert len(back.problems) == 3
    (tmp_path / "a.pha.ids.csv").unlink()
    back = ps.read_catalogue(tmp_path / "a.pha")
    assert back.problems == ()
    assert set(back.picks["trace_id"]) == {".XPPL03..", ".XPPL07..", ".XPPLQU.."}


def test_hypodd_stations_are_labelled_as_in_the_phases(tmp_path):
    data = make(1, n=1)
    codes = [
        "XP.PL03..HHZ",
        "AB.PLQU..HHZ",
        "XP.PLQU..HHZ",
        "XP.LONGST..HHZ",
        "A.BLONGST..HHZ",
        "AB.C..HHZ",
    ]
    picks = pd.concat([data.picks.head(1).assign(trace_id=c) for c in codes], ignore_index=True)
    data = ps.CatalogueTables(origins=data.origins, picks=picks)
    stations = tables.STATIONS.frame({
        "network": c.split(".")[0], "station": c.split(".")[1], "latitude": 41.5 + k, "longitude": -128.25,
        "elevation_m": 2000.5 if k else np.nan,
    } for k, c in enumerate(codes[:-1]))  # fmt: skip
    problems: list[str] = []
    path = ps.write_catalogue(
        data, tmp_path / "a.pha", format="hypodd", stations=stations, problems=problems
    )
    assert problems == ["no place in the list of stations: AB.C"]
    listed = [line.split() for line in (tmp_path / "station.dat").read_text().splitlines()]
    assert listed[0] == ["XPPL03", "41.500000", "-128.250000"]
    assert [row[0] for row in listed[1:]] == ["ABPLQU", "XPPLQU", "LONGST", "BLONGST"]
    assert listed[1][1:] == ["42.500000", "-128.250000", "2000.5"]
    used = [line.split()[0] for line in path.read_text().splitlines()[1:]]
    assert used == [*(row[0] for row in listed), "ABC"]
    back = ps.read_catalogue(path)
    assert back.picks["trace_id"].tolist() == [c[:-3] for c in codes]
    net = ps.load_network("paektu")
    ps.write_catalogue(data, tmp_path / "a.pha", format="hypodd", stations=net)
    assert len((tmp_path / "station.dat").read_text().splitlines()) == len(net.stations)
    with pytest.raises(ParameterError, match="no list of stations"):
        ps.write_catalogue(data, tmp_path / "a.obs", format="nonlinloc", stations=net)


def test_swarm_tags_keep_class_channel_and_second(tmp_path):
    data = make(4)
    path = ps.write_catalogue(data, tmp_path / "a.csv", format="swarm")
    back = ps.read_catalogue(path, format="swarm")
    assert back.classes["label"].tolist() == ["VT"] * 3
    assert back.events["best_trace_id"].tolist() == ["XP.PL03..HHZ"] * 3
    assert (abs(back.events["time"] - data.events["time"]) <= pd.Timedelta("0.5s")).all()
    assert ",PL03 HHZ XP --,VT" in path.read_text()


def test_hypocentres_of_nonlinloc_equal_obspy(real_data):
    files = sorted((real_data / "uturuncu_vt/2011/nlloc").glob("*.hyp"))
    for file in files:
        ours = ps.read_catalogue(file)
        theirs = obspy.read_events(str(file), format="NLLOC_HYP")[0]
        origin, row = theirs.origins[0], ours.origins.iloc[0]
        assert row["latitude"] == pytest.approx(origin.latitude)
        assert row["depth_km"] == pytest.approx(origin.depth / 1000)
        assert abs(row["time"].timestamp() - origin.time.timestamp) < 2e-6
        assert len(ours.residuals) == len(theirs.picks)
        for line in file.read_text().splitlines():
            if line.startswith("QML_OriginUncertainty"):
                widest = float(line.split()[6])
                assert row["horizontal_uncertainty_km"] == pytest.approx(widest, rel=0.01)


def test_bad_lines_are_named_and_the_rest_kept(tmp_path):
    path = ps.write_catalogue(make(2), tmp_path / "a.obs", format="nonlinloc")
    text = path.read_text().splitlines()
    text.insert(3, "PL99 ? HHZ ? P ? 20119999 0457 1.0 GAU 0.1")
    path.write_text("\n".join(text))
    back = ps.read_catalogue(path)
    assert len(back.picks) == 18
    assert "line 4" in back.problems[0]
    (tmp_path / "b.pha").write_text("\x00\xff nothing here\n")
    with pytest.raises(ParameterError, match="nothing could be read"):
        ps.read_catalogue(tmp_path / "b.pha")
    with pytest.raises(ParameterError, match="choose quakeml"):
        ps.write_catalogue(make(1), tmp_path / "x", format="word")


def test_a_class_a_spreadsheet_would_run_is_left_out(tmp_path):
    data = make(3, n=1)
    bad = ps.CatalogueTables(events=data.events, classes=data.classes.assign(label="=cmd|' /C'!A0"))
    problems: list[str] = []
    path = ps.write_catalogue(bad, tmp_path / "a.csv", format="swarm", problems=problems)
    assert "=cmd" not in path.read_text()
    assert problems


def test_bad_files_give_an_error_or_tables(real_data):
    for file in sorted((real_data / "bad_input/obspy_nordic_nlloc").iterdir()):
        name = "nonlinloc_hyp" if file.suffix == ".hyp" else "nordic"
        try:
            assert ps.read_catalogue(file, format=name).event_ids is not None
        except ParameterError as error:
            assert file.name in str(error)


@given(keys=st.sets(st.from_regex(r"[AB1]{0,2}\.[AB1천]{1,8}", fullmatch=True), max_size=12))
def test_hypodd_labels_are_short_and_differ(keys):
    labels = station_labels(keys)
    assert set(labels) == keys
    assert len(set(labels.values())) == len(keys)
    assert all(0 < len(v) <= 7 and v.isascii() for v in labels.values())
