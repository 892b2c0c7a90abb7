"""One channel's pass: what a spike sets off is set aside, and said."""

import numpy as np
import pandas as pd
import pytest

from paektuseis import tables
from paektuseis.io import Archive, write_sds
from paektuseis.network import load_network
from paektuseis.pipeline import process_day
from paektuseis.pipeline.channel import flag_spikes
from paektuseis.synthetic import simulate_network


def test_only_triggers_that_follow_a_spike_are_flagged():
    quality = tables.QUALITY.frame(
        {
            "trace_id": "XX.A..HHZ", "starttime": t, "endtime": t, "check": check,
            "severity": "warning", "message": "", "value": 1.0,
        }
        for t, check in [("2014-01-01T00:01:00", "spike"), ("2014-01-01T00:05:00", "gap")]
    )  # fmt: skip
    onsets = ["00:00:59.90", "00:00:59.96", "00:01:00.30", "00:01:00.60", "00:05:00.10"]
    triggers = tables.TRIGGERS.frame(
        {
            "trace_id": "XX.A..HHZ", "starttime": f"2014-01-01T{t}",
            "endtime": f"2014-01-01T{t}", "peak_ratio": 9.0, "peak_time": f"2014-01-01T{t}",
        }
        for t in onsets
    )  # fmt: skip
    flagged = flag_spikes(triggers, quality, within=0.5)
    assert flagged["flag"].tolist() == ["", "spike", "spike", "", ""]
    assert triggers["flag"].tolist() == [""] * 5
    assert flag_spikes(triggers, quality.iloc[1:], within=0.5) is triggers


@pytest.mark.parametrize("seed", [2])
def test_another_hour_than_the_sample(seed, tmp_path):
    """Spikes, gaps and a step on records no setting was chosen on: no event but planted ones."""
    network = load_network("paektu")
    hour = simulate_network(network, duration=3600.0, seed=seed)
    write_sds(hour.stream, tmp_path)
    result = process_day(
        Archive(tmp_path),
        starttime="2014-06-15T03:00:00",
        endtime="2014-06-15T04:00:00",
        network=network.select(["1U.*"]),
        inventory=hour.inventory,
    )
    spikes = pd.to_datetime(
        hour.faults.loc[hour.faults["kind"] == "spike", "starttime"].unique(), utc=True
    )
    triggers = result.tables["triggers"]
    near = np.zeros(len(triggers), dtype=bool)
    for spike in spikes:
        near |= ((triggers["starttime"] - spike).abs() < pd.Timedelta("0.2s")).to_numpy()
    assert near.sum() >= 12
    assert (triggers.loc[near, "flag"] == "spike").all()
    truth = hour.truth
    begin = truth["time"] - pd.Timedelta("3s")
    end = truth["time"] + pd.to_timedelta(truth["duration"] + 5.0, unit="s")
    assert all(((begin <= t) & (t <= end)).any() for t in result.events["time"])
    strong = truth[(truth["label"] == "VT") & (truth["snr"] >= 12.0)]
    found = [((result.events["time"] - t).abs() < pd.Timedelta("3s")).any() for t in strong["time"]]
    assert all(found)


def test_a_file_that_cannot_be_read_is_a_row_and_the_day_goes_on(tmp_path):
    network = load_network("paektu")
    hour = simulate_network(network, duration=600.0, seed=1, events=(), faults=False)
    one = hour.stream.select(station="PDBD", channel="HHZ")
    one.write(str(tmp_path / "good.mseed"), format="MSEED")
    (tmp_path / "cut.mseed").write_bytes((tmp_path / "good.mseed").read_bytes()[:100])
    (tmp_path / "notes.txt").write_text("battery changed")
    result = process_day(
        Archive(tmp_path), starttime="2014-06-15T03:00:00", endtime="2014-06-15T03:10:00"
    )
    rows = result.tables["quality"].query("check == 'unreadable_file'")
    assert dict(
        zip(rows["path"].map(lambda p: p.split("/")[-1]), rows["severity"], strict=True)
    ) == {
        "cut.mseed": "warning",
        "notes.txt": "info",
    }
    assert len(result.tables["availability"]) == 1
