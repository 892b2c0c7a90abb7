"""Features against independent truths, and labels that neighbours do not change."""

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime
from obspy.geodetics import gps2dist_azimuth, locations2degrees
from obspy.taup import TauPyModel

from paektuseis import load_network, tables
from paektuseis.catalog import classify_events, event_features, macro_f1
from paektuseis.catalog._measures import harmonic_strength, ps_ratio
from paektuseis.errors import ParameterError
from paektuseis.synthetic import SourceEvent, simulate_network

T0 = UTCDateTime("2014-06-15T03:00:00")
RATE = 100.0


@pytest.fixture(scope="module")
def network():
    return load_network("paektu").select(["1U.*"])


def noise_stream(network, rng, seconds=150.0, onset=60.0):
    """White noise with a burst at every station."""
    stream = Stream()
    for s in network.stations:
        x = rng.normal(0, 10.0, int(seconds * RATE))
        n = int(4.0 * RATE)
        x[int(onset * RATE) :][:n] += rng.normal(0, 500.0, n) * np.exp(-np.arange(n) / RATE)
        head = {"network": s.network, "station": s.station, "channel": "HHZ"}
        stream.append(Trace(x, {**head, "sampling_rate": RATE, "starttime": T0}))
    return stream


def picks_of(network, times, phase="P"):
    rows = []
    for station, time in zip(network.stations, times, strict=True):
        rows.append({"event_id": "a", "trace_id": f"{station.key}..HHZ", "phase": phase,
                     "time": pd.Timestamp((T0 + float(time)).datetime, tz="UTC"),
                     "uncertainty": 0.05})  # fmt: skip
    return pd.DataFrame(rows)


def test_a_planted_plane_wave_comes_back(network, rng):
    azimuth, slowness = 70.0, 1 / 6.5
    times = []
    for s in network.stations:
        metres, towards, _ = gps2dist_azimuth(
            network.latitude, network.longitude, s.latitude, s.longitude
        )
        # a wave from azimuth 70 arrives later the farther a station lies the other way
        times.append(62.0 - slowness * metres / 1e3 * np.cos(np.radians(towards - azimuth)))
    row = event_features(
        noise_stream(network, rng), {"event_id": "a", "time": T0 + 60},
        network=network, picks=picks_of(network, times),
    ).iloc[0]  # fmt: skip
    assert row["apparent_velocity"] == pytest.approx(6.5, rel=0.01)
    assert row["backazimuth"] == pytest.approx(azimuth, abs=0.7)
    assert row["onset_spread"] == pytest.approx(max(times) - min(times), abs=1e-3)
    assert row["plane_wave_rms"] < 0.01


def test_s_minus_p_is_that_of_the_picks(network, rng):
    p = np.full(len(network.stations), 60.0)
    s = p + np.linspace(2.0, 4.0, len(p))
    both = pd.concat([picks_of(network, p), picks_of(network, s, "S")], ignore_index=True)
    event = {"event_id": "a", "time": T0 + 60}
    row = event_features(noise_stream(network, rng), event, network=network, picks=both).iloc[0]
    assert row["sp_time"] == pytest.approx(np.median(s - p), abs=1e-6)


def test_planted_p_over_s():
    t = np.arange(6000) / RATE
    x = np.zeros_like(t)
    for at, size in ((20.0, 300.0), (25.0, 100.0)):
        inside = (t >= at) & (t < at + 4.0)
        x[inside] += size * np.sin(2 * np.pi * 9.0 * t[inside])
    assert ps_ratio(x, RATE, 20.0, 25.0) == pytest.approx(np.log10(3.0), abs=0.03)
    assert np.isnan(ps_ratio(x, RATE, 20.0, np.nan))
    assert np.isnan(ps_ratio(x, RATE, 20.0, 20.1))


def test_a_planted_comb_is_harmonic(rng):
    t = np.arange(6000) / RATE
    comb = sum(np.sin(2 * np.pi * 1.5 * k * t + k) for k in range(1, 6))
    strength, fundamental = harmonic_strength(comb + rng.normal(0, 0.1, len(t)), RATE)
    assert strength > 2.0
    assert fundamental == pytest.approx(1.5, abs=0.1)
    assert harmonic_strength(rng.normal(0, 1.0, len(t)), RATE)[0] < 0.5


def test_the_catalogue_misfit_is_that_of_taup(network, rng):
    latitude, longitude, depth, origin = -6.0, 130.0, 100.0, T0 - 500.0
    degrees = locations2degrees(latitude, longitude, network.latitude, network.longitude)
    arrivals = TauPyModel("iasp91").get_travel_times(depth, degrees, ["P"])
    expected = (T0 + 60.0) - (origin + arrivals[0].time)
    others = {"time": [origin - 3000.0, origin], "latitude": [10.0, latitude],
              "longitude": [20.0, longitude], "depth_km": [10.0, depth],
              "magnitude": [7.0, 6.1]}  # fmt: skip
    row = event_features(
        noise_stream(network, rng), {"event_id": "a", "time": T0 + 60.0},
        network=network, catalogue=pd.DataFrame(others),
    ).iloc[0]  # fmt: skip
    assert row["catalogue_misfit"] == pytest.approx(expected, abs=0.15)  # distance to 0.01 degree
    assert row["catalogue_distance"] == pytest.approx(degrees)
    assert row["catalogue_magnitude"] == 6.1


def test_distances_are_obspys_and_a_poor_location_is_not_used(network, rng):
    stream, event = noise_stream(network, rng), {"event_id": "a", "time": T0 + 60.0}
    place = {"latitude": 41.3, "longitude": 129.0, "quality": "B"}
    row = event_features(stream, event, network=network, origin=place).iloc[0]
    metres = gps2dist_azimuth(41.3, 129.0, network.latitude, network.longitude)[0]
    assert row["origin_distance_km"] == pytest.approx(metres / 1e3)
    nearest = min(
        gps2dist_azimuth(41.3, 129.0, s.latitude, s.longitude)[0] for s in network.sources
    )
    assert row["source_distance_km"] == pytest.approx(nearest / 1e3)
    for poor in ({"quality": "D"}, {"horizontal_uncertainty_km": 200.0}):
        said = []
        row = event_features(
            stream, event, network=network, origin=place | poor, problems=said
        ).iloc[0]
        assert np.isnan(row["origin_distance_km"])
        assert any("place is not used" in text for text in said)


def test_what_cannot_be_measured_is_said(network, rng):
    said = []
    stream = noise_stream(network, rng)
    row = event_features(stream, {"event_id": "a", "time": T0 + 3.0}, problems=said).iloc[0]
    assert np.isnan(row["snr"])
    assert "15 s before" in said[0]
    with pytest.raises(ParameterError, match="no time"):
        event_features(stream, {"event_id": "a"})


def test_scale_does_not_matter(network, rng):
    stream = noise_stream(network, rng)
    event = {"event_id": "a", "time": T0 + 60.0}
    one = event_features(stream, event, network=network)
    for trace in stream:
        trace.data = trace.data * 37.0
    two = event_features(stream, event, network=network)
    numbers = [c.name for c in tables.FEATURES.columns if c.kind == "float"]
    numbers = [n for n in numbers if n in one]
    np.testing.assert_allclose(
        two[numbers].astype(float), one[numbers].astype(float), rtol=1e-6, atol=1e-9
    )


def test_neighbours_do_not_change_the_label(network):
    def local(kind, at, **size):
        return SourceEvent(kind=kind, time=T0 + at, latitude=network.latitude + 0.01,
                           longitude=network.longitude, depth_km=2.0, **size)  # fmt: skip

    middle = local("LP", 100.0, reduced_displacement=10.0, frequency=1.6)
    before = local("VT", 50.0, magnitude=1.9)
    after = local("VT", 150.0, magnitude=1.9)
    labels = []
    for events in ((middle,), (before, middle, after)):
        sim = simulate_network(
            network, duration=240.0, starttime=T0, seed=5, events=events, faults=False
        )
        at = sim.truth.loc[sim.truth["label"] == "LP", "time"].iloc[0]
        row = event_features(sim.stream, {"event_id": "a", "time": at}, network=network)
        assert row["significant_duration"].iloc[0] < 15.0
        labels.append(classify_events(row)["label"].iloc[0])
    assert labels == ["LP", "LP"]


def test_reasons_name_at_most_four_features_and_their_limits():
    seen = {"event_id": "a", "snr": 30.0, "frequency_index": 0.2, "low_peak": 0.0,
            "peak_delay": 1.5, "significant_duration": 4.0, "fi_onset": 0.2}  # fmt: skip
    reason = classify_events(tables.FEATURES.frame([seen]))["reason"].iloc[0]
    assert reason.count("(") <= 4
    assert "frequency index 0.20" in reason
    assert "significant duration 4.00 s (< 11)" in reason


def test_macro_f1_in_a_busy_hour_not_used_for_the_limits(network):
    sim = simulate_network(network, duration=3600.0, starttime=T0, seed=8123)
    verticals = sim.stream.select(component="Z")
    rows, truth = [], []
    for event in sim.truth[sim.truth["snr"] >= 3.0].to_dict("records"):
        onset = UTCDateTime(ns=int(event["time"].value))
        window = verticals.slice(onset - 60.0, onset + event["duration"] + 120.0)
        event = {"event_id": event["event_id"], "time": onset, "label": event["label"]}
        rows.append(event_features(window, event, network=network))
        truth.append(event["label"])
    labels = classify_events(pd.concat(rows, ignore_index=True))["label"]
    assert len(set(truth)) == 9
    assert np.mean(labels == np.array(truth)) >= 0.85
    assert macro_f1(truth, labels) >= 0.8
