"""The simulated network against its own truth, and against obspy where obspy can judge."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.invsim import cosine_sac_taper

from paektuseis import tables
from paektuseis.errors import MetadataError, ParameterError
from paektuseis.network import Network, load_network, travel_time
from paektuseis.synthetic import (
    FAULTS,
    FaultPlan,
    Gap,
    SourceEvent,
    default_programme,
    ground_motion,
    simulate_network,
)
from paektuseis.synthetic._random import EVENT, generator

T0 = UTCDateTime("2014-06-15T03:00:00")
QUAKE = SourceEvent(kind="VT", time=T0 + 60.0, latitude=42.0, longitude=128.06, depth_km=2.0,
                    magnitude=1.4)  # fmt: skip


@pytest.fixture(scope="module")
def paektu():
    return load_network("paektu")


@pytest.fixture(scope="module")
def mixed(paektu):
    """Half an hour of the default programme with faults."""
    return simulate_network(paektu, duration=1800.0, seed=3)


@pytest.fixture(scope="module")
def clean(paektu):
    """One earthquake over noise, no faults."""
    return simulate_network(paektu, duration=120.0, seed=5, events=(QUAKE,), faults=False)


def test_stream_and_metadata_fit(mixed):
    assert {tr.data.dtype.name for tr in mixed.stream} == {"int32"}
    assert len({tr.id for tr in mixed.stream}) == 18
    for tr in mixed.stream:
        assert tr.id.split(".")[2] == ""
        offset = (tr.stats.starttime.ns - T0.ns) / 1e7
        assert offset == round(offset)  # on the grid of samples
        response = mixed.inventory.get_response(tr.id, tr.stats.starttime)
        assert response.instrument_sensitivity.value == pytest.approx(1500 / 1.278e-6)
        assert tr.stats.endtime <= T0 + 1800.0
    assert "SYNTHETIC" in mixed.inventory.sender
    for net in mixed.inventory:
        assert "SYNTHETIC" in net.description
        for station in net:
            words = " ".join(c.value for c in station.comments)
            assert "SYNTHETIC" in words
            assert "not known" in words
    # azimuths and dips let obspy rotate to Z, N, E
    orientation = mixed.inventory.get_orientation("1U.JGPD..HHE", T0)
    assert orientation == {"azimuth": 90.0, "dip": 0.0}


def test_same_seed_same_samples_whichever_stations(paektu, clean):
    alone = simulate_network(
        paektu, duration=120.0, seed=5, events=(QUAKE,), faults=False, stations="SMSD"
    )
    for tr in alone.stream:
        np.testing.assert_array_equal(tr.data, clean.stream.select(id=tr.id)[0].data)
    other = simulate_network(
        paektu, duration=120.0, seed=6, events=(QUAKE,), faults=False, stations="SMSD"
    )
    assert not np.array_equal(other.stream[0].data, alone.stream[0].data)


def test_longer_record_begins_the_same(paektu):
    options = {"seed": 4, "events": (), "faults": False, "stations": "JGPD"}
    short = simulate_network(paektu, duration=60.0, **options).stream[0].data
    long = simulate_network(paektu, duration=900.0, **options).stream[0].data
    assert np.abs(long[: short.size] - short).max() <= 1  # rounding of the transforms


def test_removing_the_response_gives_the_planted_motion(paektu):
    sim = simulate_network(
        paektu, duration=180.0, seed=5, events=(QUAKE,), faults=False, noise=None, stations="PDBD"
    )
    station = paektu.station("1U.PDBD")
    first, planted = ground_motion(
        QUAKE, station, paektu.velocity, sampling_rate=100.0, reference=T0,
        rng=generator(5, EVENT, 0, "1U.PDBD"), source_rng=generator(5, EVENT, 0),
    )  # fmt: skip
    pre_filt = (0.05, 0.1, 30.0, 35.0)
    for row, channel in enumerate("ZNE"):
        trace = sim.stream.select(component=channel)[0].copy()
        trace.data = trace.data - np.median(trace.data)
        trace.remove_response(sim.inventory, output="VEL", pre_filt=pre_filt, water_level=None,
                              zero_mean=False, taper=False)  # fmt: skip
        truth = np.zeros(trace.stats.npts)
        truth[first : first + planted.shape[1]] = planted[row]
        n = 2**16
        taper = cosine_sac_taper(np.fft.rfftfreq(n, 0.01), flimit=pre_filt)
        truth = np.fft.irfft(np.fft.rfft(truth, n) * taper, n)[: truth.size]
        assert np.abs(trace.data - truth).max() < 0.01 * np.abs(truth).max()


def test_truth_is_the_travel_times(paektu, clean):
    tables.TRUTH.check(clean.truth)
    tables.ARRIVALS.check(clean.arrivals)
    row = clean.truth.iloc[0]
    p = clean.arrivals[clean.arrivals.phase == "P"]
    assert row.time == p.time.min()
    for arrival in clean.arrivals.itertuples():
        station = paektu.station(f"{arrival.network}.{arrival.station}")
        expected = travel_time(
            paektu.velocity, distance_km=arrival.distance_km, source_depth_km=2.0,
            receiver_depth_km=-station.elevation_m / 1e3, phase=arrival.phase,
        )  # fmt: skip
        got = (UTCDateTime(ns=arrival.time.value) - QUAKE.time) - float(expected)
        assert abs(got) < 1e-5


def test_snr_is_what_a_filter_measures(paektu, clean):
    """Peak of the signal alone over the rms of the noise alone, both in counts, by obspy."""
    options = {"duration": 120.0, "seed": 5, "faults": False}
    signal = simulate_network(paektu, events=(QUAKE,), noise=None, **options).stream
    noise = simulate_network(paektu, events=(), **options).stream
    ratios = []
    for key in ("JGPD", "PDBD", "MDPD", "SMSD", "PSRD", "SHRD"):
        s, n = (
            st.select(station=key, component="Z")[0].copy().detrend("constant")
            .filter("bandpass", freqmin=2, freqmax=15, corners=4) for st in (signal, noise)
        )  # fmt: skip
        ratio = np.abs(s.data).max() / n.data[500:].std()
        stated = clean.arrivals.query("station == @key and phase == 'P'").snr.iloc[0]
        assert stated == pytest.approx(ratio, rel=0.1)
        ratios.append(stated)
    assert clean.truth.snr[0] == pytest.approx(sorted(ratios)[-4])


def test_gaps_are_gaps(mixed):
    rows = mixed.faults[mixed.faults.kind == "gap"]
    assert rows.trace_id.str.split(".").str[1].nunique() == 2
    for key, planted in rows.groupby("trace_id"):
        pieces = sorted(mixed.stream.select(id=key), key=lambda tr: tr.stats.starttime.ns)
        assert len(pieces) == len(planted) + 1
        found = [(a.stats.endtime + 0.01, b.stats.starttime)
                 for a, b in pairwise(pieces)]  # fmt: skip
        stated = [(UTCDateTime(ns=r.starttime.value), UTCDateTime(ns=r.endtime.value))
                  for r in planted.sort_values("starttime").itertuples()]  # fmt: skip
        assert found == stated


def test_every_fault_is_in_the_samples(paektu, mixed):
    FAULTS.check(mixed.faults)
    whole = simulate_network(paektu, duration=1800.0, seed=3, faults=False)

    def planted(kind):
        return mixed.faults[mixed.faults.kind == kind]

    for row in planted("dead").itertuples():
        assert all(np.ptp(tr.data) == 0 for tr in mixed.stream.select(id=row.trace_id))
    assert len(planted("dead")) == 1
    (row,) = planted("clipped").itertuples()
    data = np.concatenate([tr.data for tr in mixed.stream.select(id=row.trace_id)])
    assert (data == data.max()).sum() + (data == data.min()).sum() > 10
    assert np.ptp(data) == 2 * row.value

    spikes = planted("spike")
    assert spikes.starttime.nunique() == 3
    for time, group in spikes.groupby("starttime"):
        assert len(group) == 17  # all channels but the dead one
        for row in group.itertuples():
            instant = UTCDateTime(ns=time.value)
            cut = mixed.stream.select(id=row.trace_id).slice(instant - 1.0, instant + 1.0)[0]
            at = round((instant - cut.stats.starttime) * 100)
            assert np.abs(np.delete(cut.data, at) - cut.data[at]).min() > 3000

    (key,) = set(planted("misrotated").trace_id.str[:7])
    assert len(planted("misrotated")) == 2
    angle = np.radians(planted("misrotated").value.iloc[0])
    n, e = (whole.stream.select(id=f"{key}..HH{c}")[0].data.astype(float) for c in "NE")
    east = mixed.stream.select(id=f"{key}..HHE")[0]
    expected = -n * np.sin(angle) + e * np.cos(angle)
    difference = east.data - expected
    good = np.abs(difference - np.median(difference)) < 3  # all but the spikes
    assert good.sum() >= good.size - 3
    # the metadata do not say so, but a comment does
    assert mixed.inventory.get_orientation(f"{key}..HHN", T0)["azimuth"] == 0.0
    station = mixed.inventory.select(station=key[3:])[0][0]
    assert any("turned by -14" in c.value for c in station.comments)


def test_faults_stay_away_from_events(mixed):
    for row in mixed.faults[mixed.faults.kind.isin(["gap", "spike"])].itertuples():
        for event in mixed.truth.itertuples():
            lead = (event.time - row.endtime).total_seconds()
            after = (row.starttime - event.time).total_seconds()
            assert lead > 30.0 or after > event.duration


def test_a_gap_on_an_event_is_said(paektu):
    plan = FaultPlan(
        gaps=(Gap(station="1U.JGPD", first=5900, last=6500),), dead=(("1U.PDBD", "Z"),)
    )
    sim = simulate_network(paektu, duration=120.0, seed=5, events=(QUAKE,), faults=plan)
    row = sim.truth.iloc[0]
    assert row.note == "no vertical at 1U.JGPD, 1U.PDBD"
    left = sim.arrivals[(sim.arrivals.phase == "P") & ~sim.arrivals.station.isin(["JGPD", "PDBD"])]
    assert row.snr == pytest.approx(left.snr.min())  # the fourth of the four left


def test_programme_scales(paektu):
    day = default_programme(paektu, starttime=T0, duration=86400.0, seed=1)
    kinds = pd.Series([e.kind for e in day]).value_counts()
    expected = {"VT": 24 * 18, "LP": 72, "hybrid": 48, "harmonic": 24, "VLP": 8, "tremor": 6,
                "regional": 4, "teleseism": 2, "explosion": 1}  # fmt: skip
    assert kinds.to_dict() == expected
    short = default_programme(paektu, starttime=T0, duration=1800.0, seed=1)
    assert repr(short) == repr(day[: len(short)])
    assert default_programme(paektu, starttime=T0, duration=200.0, seed=1) == ()
    magnitudes = [e.magnitude for e in day if e.kind == "VT"]
    assert min(magnitudes) < 0.5
    assert max(magnitudes) == 2.0


def test_first_arrivals_keep_their_distance(mixed):
    start = pd.Timestamp(T0.ns, tz="UTC")
    times = mixed.truth.time.sort_values()
    assert (times.iloc[0] - start).total_seconds() >= 150
    assert times.diff().dropna().dt.total_seconds().min() >= 60
    ends = mixed.truth.time + pd.to_timedelta(mixed.truth.duration, unit="s")
    assert (mixed.truth.time.iloc[1:].to_numpy() > ends.iloc[:-1].to_numpy()).all()


def test_other_rates_and_networks(paektu):
    sim = simulate_network(paektu, duration=60.0, sampling_rate=50.0, stations=["JL.CBS"],
                           events=(), faults=True, sensor="CMG-3ESP 30 s")  # fmt: skip
    assert {tr.stats.channel for tr in sim.stream} == {"BHZ", "BHN", "BHE"}
    assert all(tr.stats.npts == 3000 for tr in sim.stream)
    again = Network.from_inventory(sim.inventory)
    assert again.station_codes == ("JL.CBS",)


def test_noise_alone_sets_off_no_network_trigger(paektu):
    from obspy.signal.trigger import coincidence_trigger

    sim = simulate_network(paektu, duration=1200.0, seed=9, events=(), faults=False)
    for low, high, sta, lta in ((2, 15, 0.5, 10), (0.5, 5, 2, 30)):
        z = Stream([Trace(tr.data.astype(float), tr.stats) for tr in sim.stream
                    if tr.stats.channel == "HHZ"])  # fmt: skip
        z.detrend("demean").filter("bandpass", freqmin=low, freqmax=high, corners=4)
        found = coincidence_trigger("recstalta", 3.5, 1.5, z, 3, sta=sta, lta=lta)
        assert not [f for f in found if f["time"] > T0 + lta + 5]


@pytest.mark.parametrize(("options", "error", "says"), [
    ({"duration": -1.0}, ParameterError, "duration=-1"),
    ({"sampling_rate": np.nan}, ParameterError, "sampling_rate=nan"),
    ({"duration": 60.0, "stations": "JL.QXZ", "events": (QUAKE,)}, MetadataError, r"JL\.QXZ"),
    ({"duration": 60.0, "sampling_rate": 5.0, "events": (QUAKE,)}, ParameterError, "too low"),
    ({"duration": 60.0, "noise": "loud", "events": ()}, ParameterError, "noise='loud'"),
    ({"duration": 60.0, "sensor": "geophone"}, ParameterError, "no instrument 'geophone'"),
])  # fmt: skip
def test_nonsense_is_refused(paektu, options, error, says):
    with pytest.raises(error, match=says):
        simulate_network(paektu, **options)


def test_needs_stations_and_a_model(paektu):
    with pytest.raises(MetadataError, match="no velocity model"):
        simulate_network(Network(name="x", latitude=0.0, longitude=0.0,
                                 stations=paektu.stations[:1]))  # fmt: skip
    with pytest.raises(MetadataError, match="no station"):
        simulate_network(Network(name="x", latitude=0.0, longitude=0.0))
