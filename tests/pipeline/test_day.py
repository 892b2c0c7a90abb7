"""The main job on the sample hour: what was planted is found, nothing is made up."""

import itertools

import numpy as np
import pandas as pd
import pytest

from paektuseis import tables
from paektuseis.config import DetectorSettings, Settings
from paektuseis.detection import match_detections
from paektuseis.errors import ParameterError
from paektuseis.io import Archive, read_stations, read_table
from paektuseis.network import load_network
from paektuseis.pipeline import process_day
from paektuseis.pipeline.day import stations_needed

HOUR = 3600.0


@pytest.fixture(scope="session")
def sample(sample_dir):
    inventory = read_stations(sample_dir / "stations.xml")
    return {
        "archive": Archive(sample_dir / "sds"),
        "inventory": inventory,
        "network": load_network("paektu").select(["1U.*"]).with_inventory(inventory),
        "truth": read_table(sample_dir / "truth.csv", tables.TRUTH),
        "faults": read_table(sample_dir / "faults.csv"),
    }


def run(sample, start, end, **options):
    return process_day(
        sample["archive"],
        starttime=start,
        endtime=end,
        network=sample["network"],
        inventory=sample["inventory"],
        **options,
    )


@pytest.fixture(scope="session")
def start(sample):
    first, _ = sample["archive"].span()
    return first.replace(minute=0, second=0, microsecond=0)


@pytest.fixture(scope="session")
def hour(sample, start):
    return run(sample, start, start + HOUR)


def of(result, detector):
    found = result.tables["detections"]
    return found[(found["detector"] == detector) & (found["veto"] == "")]


def test_every_table_keeps_its_schema(hour):
    schemas = {s.name: s for s in tables.ALL}
    for name, frame in hour.tables.items():
        schemas[name].check(frame)
    assert hour.problems == ()


def test_local_earthquakes_are_found_and_nothing_else_is(hour, sample):
    truth = sample["truth"]
    planted = truth[(truth["label"] == "VT") & (truth["snr"] >= 5.0)]
    assert len(planted) >= 8
    assert match_detections(of(hour, "vt"), planted, tolerance=3.0).recall >= 0.95
    everything = match_detections(of(hour, "vt"), truth, tolerance=4.0)
    assert everything.precision >= 0.95


@pytest.mark.parametrize("label", ["LP", "hybrid", "harmonic"])
def test_long_period_events_are_found_in_some_band(hour, sample, label):
    truth = sample["truth"]
    planted = truth[truth["label"].str.lower().str.startswith(label.lower())]
    planted = planted[~planted["label"].str.contains("tremor")]
    assert len(planted)
    found = match_detections(hour.events, planted, tolerance=5.0)
    assert found.recall == 1.0


@pytest.mark.parametrize("label", ["explosion", "teleseism", "regional"])
def test_distant_events_are_not_lost(hour, sample, label):
    truth = sample["truth"]
    planted = truth[truth["label"].str.contains(label)]
    assert len(planted)
    assert match_detections(hour.events, planted, tolerance=6.0).recall == 1.0


def test_simultaneous_spikes_make_no_event(hour, sample):
    faults = sample["faults"]
    spikes = pd.to_datetime(faults[faults["kind"] == "spike"]["starttime"].unique(), utc=True)
    assert len(spikes) >= 2
    onsets = hour.events["time"]
    for spike in spikes:
        assert ((onsets - spike).abs() > pd.Timedelta(seconds=2)).all()


def test_nothing_triggers_where_a_gap_ends(hour, sample):
    gaps = hour.tables["gaps"]
    assert len(gaps)
    triggers = hour.tables["triggers"]
    for gap in gaps.itertuples():
        mine = triggers[triggers["trace_id"] == gap.trace_id]
        after = mine[mine["starttime"] >= gap.endtime]
        waited = (after["starttime"] - gap.endtime).dt.total_seconds()
        assert (waited >= after["lta"]).all()


def test_after_a_gap_the_station_is_reported_blind_not_quiet(hour):
    monitoring = hour.tables["monitoring"]
    gap = hour.tables["gaps"].query("duration < 600").iloc[0]
    if not gap["trace_id"].endswith("Z"):
        gap = hour.tables["gaps"][hour.tables["gaps"]["trace_id"].str.endswith("Z")].iloc[0]
    mine = monitoring[
        (monitoring["trace_id"] == gap["trace_id"]) & (monitoring["detector"] == "vt")
    ]
    blind = mine[(mine["state"] == "blind") & (mine["starttime"] >= gap["starttime"])]
    assert len(blind)
    assert blind["duration"].iloc[0] >= 20.0


def test_the_day_can_be_cut_anywhere(hour, sample, start):
    """An hour at once and in unequal pieces gives the same detections, to the sample."""
    cuts = [start, start + 1000.0, start + 2417.3, start + HOUR]
    pieces = [run(sample, a, b) for a, b in itertools.pairwise(cuts)]
    for name in ("triggers", "detections"):
        columns = ["starttime", "endtime"]
        whole = hour.tables[name].sort_values([*columns, "peak_ratio"], ignore_index=True)
        joined = pd.concat([p.tables[name] for p in pieces]).sort_values(
            [*columns, "peak_ratio"], ignore_index=True
        )
        assert len(whole) == len(joined)
        pd.testing.assert_frame_equal(whole[columns], joined[columns])
        np.testing.assert_allclose(
            whole["peak_ratio"], joined["peak_ratio"], rtol=1e-6, err_msg=name
        )


def test_without_responses_amplitudes_stay_in_counts(sample, start):
    result = process_day(sample["archive"], starttime=start, endtime=start + 600.0)
    assert set(result.tables["rsam"]["units"]) == {"counts"}


def test_physical_units_where_a_response_is_known(hour):
    assert set(hour.tables["rsam"]["units"]) == {"m/s"}
    assert set(hour.events["peak_units"]) == {"m/s"}


def test_one_living_station_is_enough_when_asked(sample, start):
    settings = Settings(detectors=(DetectorSettings(channels="*.PDBD.*Z", min_stations=1),))
    result = run(sample, start, start + HOUR, settings=settings)
    assert set(result.events["n_stations"]) == {1}
    truth = sample["truth"]
    strong = truth[(truth["label"] == "VT") & (truth["snr"] >= 8.0)]
    assert match_detections(result.events, strong, tolerance=6.0).recall >= 0.9


def test_a_span_without_records_gives_empty_tables(sample, start):
    result = run(sample, start + 86400.0, start + 2 * 86400.0)
    for name in ("availability", "triggers", "detections", "events", "rsam", "attributes"):
        assert len(result.tables[name]) == 0, name
    assert "monitored" not in set(result.tables["monitoring"]["state"])
    assert result.tables["rates"]["rate"].isna().all()


@pytest.mark.parametrize(
    ("alive", "needed"), [(0, 1), (1, 1), (2, 2), (3, 3), (4, 3), (6, 4), (9, 6)]
)
def test_two_thirds_of_the_stations_must_agree(alive, needed):
    assert stations_needed(DetectorSettings(), alive) == needed


def test_spans_that_mean_nothing_are_refused(sample, start):
    with pytest.raises(ParameterError, match="give date="):
        process_day(sample["archive"])
    with pytest.raises(ParameterError, match="not after"):
        process_day(sample["archive"], starttime=start, endtime=start)
    with pytest.raises(ParameterError, match="not both"):
        process_day(sample["archive"], date="2014-06-15", starttime=start)
