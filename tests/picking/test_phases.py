"""Picks against planted onsets; what cannot be picked is refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from obspy import Inventory, Stream, UTCDateTime
from obspy.core.inventory import Channel, Network, Station

from paektuseis import ParameterError, load_network, pick_phases
from paektuseis.synthetic import SourceEvent, simulate_network
from paektuseis.tables import PICKS, station_of

T0 = UTCDateTime("2015-04-01T02:00:00")


def sensor_inventory(directions, station="PKA"):
    """An inventory of channels ``code: (azimuth, dip)``."""
    channels = [
        Channel("HH" + code, "", 42.0, 128.0, 500.0, 0.0, azimuth=az, dip=dip, sample_rate=100.0)
        for code, (az, dip) in directions.items()
    ]
    place = Station(station, 42.0, 128.0, 500.0, channels=channels)
    return Inventory(networks=[Network("XX", stations=[place])])


@pytest.mark.parametrize("p", [12.0, 15.37, 20.05])
def test_planted_onsets_are_found(p, rng, make_event, onset_of):
    picks = pick_phases(make_event(rng, p=p, s=p + 3.0))
    assert list(picks["phase"]) == ["P", "S"]
    assert abs(onset_of(picks, "P") - p) <= 0.02
    assert abs(onset_of(picks, "S") - p - 3.0) <= 0.05
    assert picks["trace_id"].iloc[0][-1] == "Z"
    assert picks["trace_id"].iloc[1][-1] in "NE"
    assert (picks["uncertainty"] > 0).all()
    assert picks["quality"].iloc[0] == "A"


@pytest.mark.parametrize("rate", [40.0, 200.0])
def test_other_rates(rate, rng, make_event, onset_of):
    picks = pick_phases(make_event(rng, rate=rate, p=15.0, s=18.5))
    assert abs(onset_of(picks, "P") - 15.0) <= max(0.02, 2 / rate)
    assert abs(onset_of(picks, "S") - 18.5) <= 0.1
    assert (picks["freqmax"] <= 0.45 * rate).all()


@pytest.mark.parametrize(("sign", "name"), [(1, "up"), (-1, "down")])
def test_polarity_of_a_clear_onset(sign, name, make_event):
    for seed in range(5):
        stream = make_event(np.random.default_rng(seed), sign=sign)
        picks = pick_phases(stream)
        assert picks.loc[picks["phase"] == "P", "polarity"].tolist() == [name]
        assert picks.loc[picks["phase"] == "S", "polarity"].tolist() == [""]


def test_polarity_follows_a_vertical_that_points_down(rng, make_event):
    down = sensor_inventory({"Z": (0.0, 90.0), "N": (0.0, 0.0), "E": (90.0, 0.0)})
    picks = pick_phases(make_event(rng, sign=1), None, down, phases=["P"])
    assert picks["polarity"].tolist() == ["down"]


def test_polarity_of_a_weak_onset_is_withheld(make_event):
    given = []
    for seed in range(40):
        stream = make_event(np.random.default_rng(seed), size=2.5, s_size=10.0)
        picks = pick_phases(stream, T0 + 15.0, phases=["P"])
        given += picks[picks["snr"] < 3]["polarity"].tolist()
    assert len(given) >= 5
    assert set(given) == {""}


def test_noise_alone_is_not_picked(make_event):
    found = 0
    for seed in range(20):
        stream = make_event(np.random.default_rng(seed), size=0.0, s_size=0.0)
        problems: list[str] = []
        picks = pick_phases(stream, problems=problems)
        found += len(picks)
        assert len(picks) or (len(problems) == 1 and "refused" in problems[0])
    assert found <= 2


def test_short_record_is_refused(rng, make_event):
    stream = make_event(rng).slice(T0 + 14.0, T0 + 16.0)
    problems: list[str] = []
    assert pick_phases(stream, problems=problems).empty
    assert "no piece of record of 2.6 s" in problems[0]


def test_dead_vertical_has_no_pick(rng, make_event):
    stream = make_event(rng)
    stream[0].data[:] = 7.0
    problems: list[str] = []
    assert pick_phases(stream, problems=problems).empty
    assert any("hold no vertical" in text for text in problems)


def test_one_horizontal_is_enough_for_s(rng, make_event, onset_of):
    stream = make_event(rng)
    stream[2].data[:] = 0.0
    picks = pick_phases(stream)
    assert abs(onset_of(picks, "S") - 18.0) <= 0.1
    assert picks.loc[picks["phase"] == "S", "trace_id"].tolist() == ["XX.PKA..HHN"]


def test_no_horizontal_no_s(rng, make_event, onset_of):
    problems: list[str] = []
    picks = pick_phases(make_event(rng).select(channel="HHZ"), problems=problems)
    assert abs(onset_of(picks, "P") - 15.0) <= 0.02
    assert list(picks["phase"]) == ["P"]
    assert problems == ["XX.PKA..HH?: S refused: no horizontal component records P"]


@pytest.mark.parametrize("offset", [-1.0, -0.3, 0.0])
def test_no_pick_at_a_gap(offset, rng, make_event):
    """P within two seconds after a gap has no noise before it; the gap's edge is none either."""
    whole = make_event(rng)
    whole.trim(T0, T0 + 30)
    for trace in whole:
        trace.data += 300.0  # an offset makes every edge a step for a careless filter
    edge = T0 + 15.0 + offset
    split = whole.slice(T0, edge - 3.0) + whole.slice(edge, None)
    picks = pick_phases(split)
    for time in picks.loc[picks["phase"] == "P", "time"]:
        at = UTCDateTime(time)
        assert at < edge - 3.6 or at >= edge + 2.0


def test_gap_away_from_the_event_changes_nothing(rng, make_event, onset_of):
    whole = make_event(rng)
    split = whole.slice(T0, T0 + 5.0) + whole.slice(T0 + 6.0, None)
    picks = pick_phases(split)
    assert abs(onset_of(picks, "P") - 15.0) <= 0.02
    assert abs(onset_of(picks, "S") - 18.0) <= 0.1


def turned_by(stream, azimuth, codes="12"):
    """The same ground motion on horizontals turned clockwise by ``azimuth``."""
    a = np.radians(azimuth)
    out = stream.copy()
    north, east = stream[1].data, stream[2].data
    out[1].data = np.cos(a) * north + np.sin(a) * east
    out[2].data = -np.sin(a) * north + np.cos(a) * east
    for trace, code in zip(out[1:], codes, strict=True):
        trace.stats.channel = "HH" + code
    return out


@pytest.mark.parametrize("azimuth", [25.0, 118.0])
def test_turned_components_give_the_same_picks(azimuth, rng, make_event):
    stream = make_event(rng)
    inventory = sensor_inventory(
        {"Z": (0.0, -90.0), "1": (azimuth, 0.0), "2": ((azimuth + 90) % 360, 0.0)}
    )
    want = pick_phases(stream)
    got = pick_phases(turned_by(stream, azimuth), None, inventory)
    assert list(got["phase"]) == ["P", "S"]
    apart = (got["time"] - want["time"]).dt.total_seconds().abs()
    assert (apart <= 0.02).all()
    assert set(got["trace_id"].str[-1]) <= set("Z12")


def test_numbered_horizontals_without_an_inventory(rng, make_event, onset_of):
    picks = pick_phases(turned_by(make_event(rng), 40.0))
    assert abs(onset_of(picks, "P") - 15.0) <= 0.02
    assert abs(onset_of(picks, "S") - 18.0) <= 0.1


def test_triggers_by_station(rng, make_event):
    first = make_event(rng, station="PKA", p=12.0, s=14.5)
    second = make_event(rng, station="PKB", p=24.0, s=27.0)
    small = make_event(rng, station="PKB", p=9.0, s=11.0, size=60.0, s_size=90.0, noise=0.0)
    for trace, more in zip(second, small, strict=True):
        trace.data += more.data
    triggers = {"XX.PKA": T0 + 12.0, "XX.PKB": T0 + 9.3}
    picks = pick_phases(first + second, triggers, phases=["P"])
    times = {
        station_of(i): UTCDateTime(t) - T0
        for i, t in zip(picks["trace_id"], picks["time"], strict=True)
    }
    assert abs(times["XX.PKA"] - 12.0) <= 0.02
    assert abs(times["XX.PKB"] - 9.0) <= 0.02
    alone = pick_phases(second, phases=["P"])
    assert abs(UTCDateTime(alone["time"].iloc[0]) - T0 - 24.0) <= 0.02


def test_input_stays_as_it_was(rng, make_event):
    stream = make_event(rng)
    before = stream.copy()
    order = [trace.id for trace in stream]
    pick_phases(stream, T0 + 15)
    assert [trace.id for trace in stream] == order
    for a, b in zip(before, stream, strict=True):
        assert np.array_equal(a.data, b.data)
        assert a.stats == b.stats


def test_event_id_and_wanted_phases(rng, make_event):
    picks = pick_phases(make_event(rng), phases=["S"], event_id="e7")
    assert picks["phase"].tolist() == ["S"]
    assert picks["event_id"].tolist() == ["e7"]


def test_empty_stream_gives_an_empty_table():
    picks = pick_phases(Stream())
    assert picks.empty
    assert list(picks.columns) == [c.name for c in PICKS.columns]


@pytest.mark.parametrize(
    "bad",
    [
        {"phases": ["Q"]},
        {"phases": []},
        {"bands": []},
        {"bands": [(5.0, 1.0)]},
        {"p_window": (3.0, 1.0)},
        {"s_minus_p": (0.0, 4.0)},
        {"min_snr": float("nan")},
        {"min_evidence": -1.0},
        {"t_trigger": {}},
        {"t_trigger": {"PKA": T0}},
    ],
)
def test_bad_options_are_refused(bad, rng, make_event):
    with pytest.raises(ParameterError):
        pick_phases(make_event(rng), **bad)


@pytest.fixture(scope="module")
def simulated():
    network = load_network("paektu")
    start = UTCDateTime("2014-06-15T03:00:00")
    events = [
        SourceEvent(
            kind="VT", time=start + at, latitude=lat, longitude=lon, depth_km=z, magnitude=m
        )
        for at, lat, lon, z, m in (
            (60, 42.00, 128.06, 3.0, 1.8),
            (180, 41.97, 128.10, 5.0, 2.0),
        )
    ]
    return simulate_network(
        network, duration=300, starttime=start, seed=4, events=events, faults=False
    )


def test_arrivals_of_the_synthetic_network(simulated):
    """P within 0.03 s at every station; S within 0.05 s to 30 km, farther right or refused."""
    p_off, s_near, s_far = [], [], []
    for _, rows in simulated.arrivals.groupby("event_id"):
        origin = UTCDateTime(rows["time"].min())
        window = simulated.stream.slice(origin - 20, origin + 40)
        picks = pick_phases(window, origin + 1, simulated.inventory)
        for _, row in rows[rows["snr"] >= 10].iterrows():
            here = picks["trace_id"].map(station_of) == f"{row['network']}.{row['station']}"
            found = picks[here & (picks["phase"] == row["phase"])]
            off = [(t - row["time"]).total_seconds() for t in found["time"]] or [np.nan]
            near = row["distance_km"] < 30
            (p_off if row["phase"] == "P" else s_near if near else s_far).extend(off)
    assert len(p_off) == 12
    assert len(s_near) == 8
    assert np.max(np.abs(p_off)) <= 0.03
    assert np.max(np.abs(s_near)) <= 0.05
    assert all(np.isnan(off) or abs(off) <= 0.2 for off in s_far)
