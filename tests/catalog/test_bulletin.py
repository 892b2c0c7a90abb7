"""The bulletin against obspy's own reader of IMS 1.0, and against hand-worked columns."""

import math
import warnings

import numpy as np
import obspy
import pandas as pd
import pytest
from scipy.stats import chi2, norm

import paektuseis as ps
from paektuseis import tables
from paektuseis.catalog import _bulletin


@pytest.fixture
def catalogue() -> ps.CatalogueTables:
    time = pd.Timestamp("2014-06-15T03:03:00.994", tz="UTC")
    return ps.CatalogueTables(
        events=tables.EVENTS.frame(
            {"event_id": i, "time": time, "endtime": time, "duration": 1.0, "n_stations": 5,
             "detectors": ("vt",), "trace_ids": (), "best_trace_id": "", "peak_ratio": 9.0}
            for i in ("vt-1", "vt-2")
        ),
        origins=tables.ORIGINS.frame(
            [
                {"event_id": "vt-1", "time": time, "latitude": -42.01386, "longitude": 128.0357,
                 "depth_km": 8.0796, "time_uncertainty": 0.0753, "horizontal_uncertainty_km": 5.63,
                 "depth_uncertainty_km": 0.82, "n_picks": 10, "n_stations": 5, "rms": 0.123,
                 "azimuthal_gap": 340.8, "nearest_km": 4.4965, "method": "octree",
                 "model": "layers", "quality": "D", "semi_minor_km": 0.54, "major_azimuth": 10.5}
            ]
        ),
        magnitudes=tables.MAGNITUDES.frame(
            [{"event_id": "vt-1", "kind": "ML", "scale": "luckett", "value": 0.917,
              "uncertainty": 0.066, "n": 4, "stations": ()}]
        ),
        picks=tables.PICKS.frame(
            {"event_id": "vt-1", "trace_id": t, "phase": p,
             "time": time + pd.Timedelta(s, unit="s"), "uncertainty": 0.02, "snr": 18.94,
             "polarity": o, "quality": "A"}
            for t, p, s, o in (("1U.JGPD..HHZ", "P", 1.9, "up"), ("1U.PDBD..HHN", "S", 4.2, "down"))
        ),
        residuals=tables.RESIDUALS.frame(
            [{"event_id": "vt-1", "trace_id": "1U.JGPD..HHZ", "phase": "P", "time": time,
              "residual": -0.26, "weight": 0.4, "distance_km": 4.4965, "azimuth": 118.83}]
        ),
        classes=tables.CLASSES.frame(
            [{"event_id": "vt-1", "label": "VT", "margin": 0.9, "reason": ""}]
        ),
    )  # fmt: skip


def test_obspy_reads_what_was_written(catalogue, tmp_path):
    problems: list[str] = []
    path = ps.write_catalogue(catalogue, tmp_path / "b.txt", format="ims", problems=problems)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of obspy's reader
        found = obspy.read_events(str(path), format="IMS10BULLETIN")
    assert len(found) == 2
    origin = found[0].origins[0]
    assert abs(origin.time - obspy.UTCDateTime("2014-06-15T03:03:00.99")) < 1e-6
    assert origin.latitude == pytest.approx(-42.0139, abs=1e-9)
    assert origin.longitude == pytest.approx(128.0357, abs=1e-9)
    assert origin.depth == pytest.approx(8100.0)
    assert origin.quality.used_phase_count == 10
    assert origin.quality.used_station_count == 5
    assert origin.quality.azimuthal_gap == pytest.approx(341)
    assert origin.quality.minimum_distance == pytest.approx(0.04)
    assert origin.quality.standard_error == pytest.approx(0.12)
    magnitude = found[0].magnitudes[0]
    assert (magnitude.mag, magnitude.magnitude_type, magnitude.station_count) == (0.9, "ML", 4)
    codes = [p.waveform_id.station_code for p in found[0].picks]
    assert codes == ["JGPD", "PDBD"]
    assert [p.phase_hint for p in found[0].picks] == ["P", "S"]
    assert [p.polarity for p in found[0].picks] == ["positive", "negative"]
    assert found[0].picks[0].time == obspy.UTCDateTime("2014-06-15T03:03:02.894")
    assert found[1].origins == []
    assert problems == ["event vt-2: no location, so no line of an origin"]


def test_errors_are_those_of_ninety_percent():
    assert pytest.approx(norm.ppf(0.95)) == _bulletin.TO_90_LINE
    wanted = math.sqrt(chi2(2).ppf(0.90) / chi2(2).ppf(0.68))
    assert pytest.approx(wanted) == _bulletin.TO_90_PLANE


def test_the_columns_are_those_of_the_format(catalogue):
    text = _bulletin.write_bulletin(catalogue, [])
    lines = text.splitlines()
    assert lines[0] == "DATA_TYPE BULLETIN IMS1.0:short"
    at = next(i for i, line in enumerate(lines) if line.startswith("2014/06/15"))
    line = lines[at]
    assert line[:22] == "2014/06/15 03:03:00.99"
    assert line[24:29] == " 0.12"  # 1.645 times 0.0753
    assert line[55:60] == "  8.0"  # 1.4215 times 5.63
    assert line[61:66] == "  0.8"
    assert line[67:70] == " 10"
    assert line[71:76] == "  8.1"
    assert line[78:82] == " 1.3"
    assert line[111] == "a"
    assert line[115:117] == "ke"
    arrival = next(line for line in lines if line.startswith("JGPD"))
    assert arrival[6:12] == "  0.04"
    assert arrival[13:18] == "118.8"
    assert arrival[28:40] == "03:03:02.894"
    assert arrival[41:46] == " -0.3"
    assert arrival[73:76] == "T__"
    assert arrival[77:82] == " 18.9"
    assert arrival[99:102] == "ac_"
    assert np.all([len(part) <= 136 for part in lines])


def test_a_long_code_and_an_unknown_depth_are_told(catalogue):
    problems: list[str] = []
    catalogue.picks.loc[0, "trace_id"] = "1U.TOOLONG..HHZ"
    catalogue.origins.loc[0, "depth_km"] = np.nan
    text = _bulletin.write_bulletin(catalogue, problems)
    assert any("five letters" in p for p in problems)
    line = next(line for line in text.splitlines() if line.startswith("2014/06/15"))
    assert line[71:76].strip() == ""
