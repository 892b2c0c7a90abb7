"""The sample hour that ships: what it holds, and that the script makes it again."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, read, read_inventory
from obspy.signal.trigger import recursive_sta_lta, trigger_onset

from paektuseis import tables
from paektuseis.io import read_table
from paektuseis.network import load_network
from paektuseis.synthetic import FAULTS


@pytest.fixture(scope="module")
def files(sample_dir):
    return sorted(p.relative_to(sample_dir) for p in sample_dir.rglob("*") if p.is_file())


@pytest.fixture(scope="module")
def truth(sample_dir):
    return read_table(sample_dir / "truth.csv", tables.TRUTH)


@pytest.fixture(scope="module")
def stream(sample_dir, files):
    out = Stream()
    for path in files:
        if path.parts[0] == "sds":
            out += read(str(sample_dir / path), format="MSEED")
    return out


def test_says_that_it_is_synthetic(sample_dir, files):
    first = (sample_dir / "README.md").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("SYNTHETIC")
    assert sum((sample_dir / p).stat().st_size for p in files) <= 15e6
    inventory = read_inventory(str(sample_dir / "stations.xml"))
    assert "SYNTHETIC" in inventory.sender
    assert inventory[0].code == "1U"
    assert len(inventory[0]) == 6


def test_channels(stream):
    ids = {tr.id for tr in stream}
    codes = load_network("paektu").select("1U.*").station_codes
    assert ids == {f"{c}..HH{x}" for c in codes for x in "ZNE"}
    assert {tr.stats.sampling_rate for tr in stream} == {100.0}
    assert {tr.data.dtype.name for tr in stream} == {"int32"}
    span = max(tr.stats.endtime for tr in stream) - min(tr.stats.starttime for tr in stream)
    assert span == pytest.approx(3599.99)


def test_holds_every_kind(truth):
    counts = truth.label.value_counts()
    wanted = {"VT": 15, "LP": 2, "hybrid": 2, "harmonic": 1, "tremor": 1, "VLP": 1,
              "explosion": 1, "regional": 1, "teleseism": 1}  # fmt: skip
    for kind, least in wanted.items():
        assert counts[kind] >= least, kind
    vt = truth[truth.label == "VT"]
    assert (vt.snr >= 5).sum() >= 12
    assert (vt.snr < 5).sum() >= 2
    assert np.ptp(vt.magnitude) > 1.5
    assert truth[truth.label == "tremor"].duration.iloc[0] > 230


def test_events_keep_apart(truth):
    start = pd.Timestamp("2014-06-15T03:00:00", tz="UTC")
    times = truth.time.sort_values()
    assert (times.iloc[0] - start).total_seconds() > 150
    assert times.diff().dropna().dt.total_seconds().min() >= 60
    ends = truth.time + pd.to_timedelta(truth.duration, unit="s")
    assert ends.max() < start + pd.Timedelta("1h")
    assert (truth.time.iloc[1:].to_numpy() > ends.iloc[:-1].to_numpy()).all()


def test_faults(sample_dir, stream):
    faults = read_table(sample_dir / "faults.csv", FAULTS)
    counts = faults.groupby("kind").trace_id.nunique()
    assert counts["dead"] == counts["clipped"] == 1
    assert counts["misrotated"] == 2
    gaps = faults[faults.kind == "gap"]
    assert gaps.trace_id.str[:7].nunique() == 2
    assert faults[faults.kind == "spike"].starttime.nunique() >= 2
    found = {(g[0] + "." + g[1] + "." + g[2] + "." + g[3], round(g[6], 2))
             for g in stream.get_gaps()}  # fmt: skip
    assert {(r.trace_id, round(r.value, 2)) for r in gaps.itertuples()} == found


def _stations_triggered(stream, truth, low, high, sta, lta):
    """Stations whose vertical triggers (recursive STA/LTA by obspy) near each event's onset."""
    hits = [set() for _ in range(len(truth))]
    for tr in stream.select(component="Z"):
        tr = tr.copy().detrend("demean").filter("bandpass", freqmin=low, freqmax=high, corners=4)
        ratio = recursive_sta_lta(tr.data, int(sta * 100), int(lta * 100))
        ratio[: int((lta + 5 / low) * 100)] = 0
        for on, _ in trigger_onset(ratio, 3.5, 1.5):
            when = pd.Timestamp((tr.stats.starttime + on / 100).ns, tz="UTC")
            for i, event in enumerate(truth.time):
                if pd.Timedelta("-1s") < when - event < pd.Timedelta("20s"):
                    hits[i].add(tr.stats.station)
    return np.array([len(h) for h in hits])


def test_vt_trigger_four_stations(stream, truth):
    count = _stations_triggered(stream, truth, 2, 15, 0.5, 10)
    clear = ((truth.label == "VT") & (truth.snr >= 10)).to_numpy()
    assert clear.sum() >= 12
    assert (count[clear] >= 4).mean() >= 0.95
    distant = truth.label.isin(["explosion", "regional"]).to_numpy()
    assert (count[distant] >= 4).all()


def test_other_kinds_trigger_in_their_band(stream, truth):
    count = _stations_triggered(stream, truth, 0.5, 5, 2, 30)
    assert (count[truth.label.isin(["LP", "harmonic"]).to_numpy()] >= 4).all()
    count = _stations_triggered(stream, truth, 0.05, 2, 4, 60)
    assert (count[(truth.label == "teleseism").to_numpy()] >= 4).all()


def test_script_makes_it_again(sample_dir, files, tmp_path):
    script = sample_dir.parent / "make_sample.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "s")], check=True, timeout=300)
    again = sorted(p.relative_to(tmp_path / "s") for p in (tmp_path / "s").rglob("*")
                   if p.is_file())  # fmt: skip
    assert again == files
    for path in files:
        same = (tmp_path / "s" / path).read_bytes() == (sample_dir / path).read_bytes()
        assert same, path
