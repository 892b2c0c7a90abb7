"""Network coincidence: stations, windows, moveout, overlaps and the pulse veto."""

import re
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from obspy import Stream, Trace, UTCDateTime
from obspy.signal.trigger import coincidence_trigger
from scipy.signal import butter, sosfilt

from paektuseis import (
    MetadataError,
    ParameterError,
    coincidence,
    coincidence_candidates,
    load_network,
    provenance,
    sta_lta,
    tables,
    trigger_onsets,
)
from paektuseis.detection import _grouping

T0 = UTCDateTime(2010, 9, 1)


def triggers(*rows, **extra):
    """Build triggers from (id, onset, end[, peak]) in seconds after T0."""
    return tables.TRIGGERS.frame(
        {
            "trace_id": r[0] if r[0].count(".") == 3 else f"1U.{r[0]}..HHZ",
            "starttime": T0 + r[1],
            "endtime": T0 + r[2],
            "peak_ratio": r[3] if len(r) > 3 else 5.0,
            "peak_time": T0 + (r[1] + r[2]) / 2,
            **extra,
        }
        for r in rows
    )


def seconds(column):
    return [round(t.timestamp() - T0.timestamp, 6) for t in column]


def places(**km):
    """Stations on an east-west line, by distance in km."""
    return pd.DataFrame(
        [
            {"network": "1U", "station": k, "latitude": 0.0, "longitude": v / 111.195}
            for k, v in km.items()
        ]
    )


def test_stations_are_counted_not_channels_nor_location_codes():
    rows = triggers(
        ("1U.A.00.HHZ", 0, 5),
        ("1U.A.10.HHZ", 0.1, 5),
        ("1U.A.00.HHN", 0.5, 6),
        ("1U.B.00.HHZ", 1, 5),
    )
    assert len(coincidence(rows, min_stations=3)) == 0
    got = coincidence(rows, min_stations=2)
    tables.DETECTIONS.check(got, need=tables.DETECTIONS.names)
    assert got["n_stations"].tolist() == [2]
    assert got["trace_ids"].iloc[0] == (
        "1U.A.00.HHZ",
        "1U.A.10.HHZ",
        "1U.A.00.HHN",
        "1U.B.00.HHZ",
    )
    assert got["spread"].tolist() == [1.0]
    # the same station code in another network is another station
    rows = triggers(("1U.A..HHZ", 0, 5), ("JL.A..HHZ", 1, 5))
    assert coincidence(rows, min_stations=2)["n_stations"].tolist() == [2]


def test_row_of_the_table():
    rows = triggers(
        ("A", 0.25, 5, 4.0),
        ("B", 1, 9, 7.0),
        ("C", 2, 4, 6.0),
        detector="vt",
        freqmin=2.0,
        freqmax=15.0,
    )
    row = coincidence(rows, min_stations=3).iloc[0]
    assert seconds([row["starttime"], row["endtime"]]) == [0.25, 9]
    assert row["duration"] == 8.75
    assert row["peak_ratio"] == 7
    assert row["best_trace_id"] == "1U.B..HHZ"
    assert row["event_id"] == "vt-20100901T000000.250"
    assert (row["freqmin"], row["freqmax"], row["detector"], row["veto"]) == (2, 15, "vt", "")


def test_window_is_inclusive_and_holds_for_every_pair():
    rows = triggers(("A", 0, 9), ("B", 2, 9), ("C", 3, 9), ("D", 3.001, 9))
    assert coincidence(rows, min_stations=4, window=3).empty
    got = coincidence(rows, min_stations=3, window=3)
    assert got["n_stations"].tolist() == [3]
    assert got["trace_ids"].iloc[0] == ("1U.A..HHZ", "1U.B..HHZ", "1U.C..HHZ")
    # what is close to one of them only does not make a chain
    rows = triggers(("A", 0, 20), ("B", 2.5, 20), ("C", 5, 20), ("D", 7.5, 20))
    assert coincidence(rows, min_stations=3, window=3).empty


def test_moveout_from_the_distances():
    rows = triggers(("A", 0, 9), ("B", 2, 9), ("C", 8, 15))
    line = places(A=0, B=6, C=21)
    assert coincidence(rows, min_stations=3, window=1.1).empty
    # 21 km at 3 km/s are 7 s, 15 km from B to C 5 s: |8 - 2| needs 1 s more
    assert len(coincidence(rows, min_stations=3, window=1.1, stations=line)) == 1
    assert coincidence(rows, min_stations=3, window=0.9, stations=line).empty
    assert coincidence(rows, min_stations=3, window=1.1, stations=line, velocity=4).empty
    # close stations get no more than the window, however large the network is
    rows = triggers(("A", 0, 9), ("B", 4, 9), ("C", 4.1, 9))
    assert coincidence(rows, min_stations=3, window=1.1, stations=places(A=0, B=6, C=21)).empty


def test_network_object_gives_the_stations():
    network = load_network("paektu")
    keys = list(network.station_codes)[:3] if network.station_codes else []
    table = network.station_table()
    ids = [f"{n}.{s}..HHZ" for n, s in zip(table["network"], table["station"], strict=True)][:3]
    assert len(keys) == 3
    rows = triggers(*[(name, i * 0.5, 9) for i, name in enumerate(ids)])
    assert len(coincidence(rows, min_stations=3, stations=network)) == 1
    unknown = triggers(("XX.NONE..HHZ", 0, 4))
    with pytest.raises(MetadataError, match=r"no coordinates of XX\.NONE"):
        coincidence(unknown, min_stations=1, stations=network)


def test_noise_before_an_event_does_not_break_it():
    """The best anchor is taken, not the first."""
    rows = triggers(
        ("A", 0, 1),
        ("B", 2, 9),
        ("C", 2.5, 9),
        ("D", 4, 9),
        ("E", 4.9, 9),
        ("A", 4.5, 9),
    )
    got = coincidence(rows, min_stations=3, window=3)
    assert seconds(got["starttime"]) == [2]
    assert got["n_stations"].tolist() == [5]
    # a first station that is still on is the event's onset
    rows = triggers(("A", 0, 9), ("B", 2, 9), ("C", 2.5, 9), ("D", 4, 9), ("E", 4.9, 9))
    got = coincidence(rows, min_stations=3, window=3)
    assert seconds(got["starttime"]) == [0]
    assert got["n_stations"].tolist() == [5]


def test_flickering_coda_is_one_event():
    rows = triggers(
        *[
            (s, at + shift, at + shift + 4)
            for at in (0, 4.5, 9)
            for shift, s in ((0, "A"), (0.6, "B"), (1.2, "C"))
        ]
    )
    # B and C are on when A comes again: three overlapping groups
    got = coincidence(rows, min_stations=2, window=2)
    assert len(got) == 1
    assert seconds(got["endtime"]) == [14.2]
    assert got["n_stations"].tolist() == [3]
    # with all three needed, the second group begins after A was off at 4 s
    got = coincidence(rows, min_stations=3, window=2)
    assert seconds(got["starttime"]) == [0, 4.5, 9]
    assert len(coincidence(rows, min_stations=3, window=2, merge_gap=1)) == 1


def test_one_station_that_stays_on_does_not_join_events():
    rows = triggers(
        ("A", 0, 200),
        ("B", 0.5, 6),
        ("C", 1, 6),
        ("D", 1.4, 6),
        ("B", 60, 66),
        ("C", 60.7, 66),
        ("D", 61.2, 66),
    )
    got = coincidence(rows, min_stations=3, window=3)
    assert seconds(got["starttime"]) == [0, 60]
    assert got["n_stations"].tolist() == [4, 3]
    # no overlap: the first ends where the second begins
    assert seconds(got["endtime"]) == [60, 66]


def test_one_living_station():
    rows = triggers(
        ("1U.A..HHZ", 0, 3),
        ("1U.A..HHN", 1, 5),
        ("1U.A..HHZ", 20, 23),
        ("1U.A..HHE", 60, 63),
    )
    got = coincidence(rows, min_stations=1)
    assert seconds(got["starttime"]) == [0, 20, 60]
    assert got["n_stations"].tolist() == [1, 1, 1]
    assert got["trace_ids"].iloc[0] == ("1U.A..HHZ", "1U.A..HHN")


def test_several_detectors_are_kept_apart():
    rows = pd.concat(
        [
            triggers(("A", 0, 5), ("B", 1, 5), detector="vt"),
            triggers(("C", 0, 5), detector="lp"),
        ]
    )
    assert coincidence(rows, min_stations=3).empty
    got = coincidence(rows, min_stations=1)
    assert got["detector"].tolist() == ["lp", "vt"]
    assert got["n_stations"].tolist() == [1, 2]


def test_ids_are_unique_and_fit_for_files():
    rows = triggers(("A", 0.0001, 0.0002), ("A", 0.0003, 0.0004), ("A", 7, 8), detector="VT 2/15:x")
    got = coincidence(rows, min_stations=1, window=0)
    assert got["event_id"].tolist() == [
        "VT-2-15-x-20100901T000000.000",
        "VT-2-15-x-20100901T000000.000-2",
        "VT-2-15-x-20100901T000007.000",
    ]
    assert coincidence(rows, min_stations=1, detector="")["event_id"].str.startswith("event-").all()
    assert all(re.fullmatch(r"[A-Za-z0-9.-]+", name) for name in got["event_id"])


def random_triggers(seed, n=60, stations="ABCDE"):
    rng = np.random.default_rng(seed)
    on = np.sort(rng.uniform(0, 150, n))
    return triggers(
        *[
            (f"1U.{rng.choice(list(stations))}..{rng.choice(['HHZ', 'HHN'])}", t, t + d, p)
            for t, d, p in zip(on, rng.uniform(0.1, 6, n), rng.uniform(3, 9, n), strict=True)
        ]
    )


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    need=st.integers(1, 4),
    window=st.floats(0, 5),
    gap=st.sampled_from([0.0, 2.0]),
)
def test_invariants(seed, need, window, gap):
    rows = random_triggers(seed)
    line = places(A=0, B=2, C=4, D=6, E=12)
    options = {"min_stations": need, "window": window, "stations": line, "merge_gap": gap}
    got = coincidence_candidates(rows, **options)
    shuffled = rows.sample(frac=1, random_state=seed % 1000)
    pd.testing.assert_frame_equal(coincidence_candidates(shuffled, **options), got)
    assert (got["n_stations"] >= need).all()
    assert [len({t.split(".")[1] for t in ids}) for ids in got["trace_ids"]] == got[
        "n_stations"
    ].tolist()
    assert (got["duration"] >= 0).all()
    assert got["event_id"].is_unique
    # detections neither overlap nor share a trigger
    assert (got["starttime"].to_numpy()[1:] >= got["endtime"].to_numpy()[:-1]).all()
    assert got["starttime"].is_monotonic_increasing
    if need == 1:
        # every trigger is part of some detection
        for on in rows["starttime"]:
            assert ((got["starttime"] <= on) & (on <= got["endtime"])).any()
    # scaling time scales the result: a shift moves it
    later = rows.assign(
        **{c: rows[c] + pd.Timedelta(hours=7) for c in ("starttime", "endtime", "peak_time")}
    )
    moved = coincidence_candidates(later, **options)
    assert ((moved["starttime"] - got["starttime"]) == pd.Timedelta(hours=7)).all()


@pytest.mark.parametrize("need", [2, 3, 4])
def test_equals_obspy_where_events_are_apart(need, rng):
    """Six channels of a network, events of random membership, far apart and overlapping."""
    n = 60_000
    stream = Stream()
    for s in "ABCDEF":
        stream.append(
            Trace(
                np.ones(n),
                {
                    "network": "1U",
                    "station": s,
                    "channel": "HHZ",
                    "sampling_rate": 100,
                    "starttime": T0,
                },
            )
        )
    for at in range(1000, n - 2000, 2500):
        for k in rng.permutation(6)[: rng.integers(1, 7)]:
            on = at + rng.integers(0, 250)
            stream[int(k)].data[on : on + rng.integers(400, 900)] = rng.uniform(4, 9)
    want = coincidence_trigger(None, 3.5, 1.5, stream, need, details=True)
    found = trigger_onsets(stream, thr_on=3.5, thr_off=1.5)
    got = coincidence(found, min_stations=need, window=2.5)
    assert len(got) == len(want) > 5
    for row, event in zip(got.itertuples(), want, strict=True):
        assert UTCDateTime(ns=row.starttime.value) == event["time"]
        assert row.n_stations == event["coincidence_sum"]
        assert list(row.trace_ids) == event["trace_ids"]
        assert row.duration == pytest.approx(event["duration"])
        assert row.peak_ratio == pytest.approx(max(event["cft_peaks"]))


def test_many_triggers_of_one_channel_are_fast():
    n = 8000
    on = T0.ns + np.arange(n) * 10_000_000_000
    times = pd.DatetimeIndex(on.view("datetime64[ns]")).tz_localize("UTC")
    rows = pd.DataFrame(
        {
            "trace_id": "1U.A..HHZ",
            "starttime": times,
            "endtime": times + pd.Timedelta("1s"),
            "peak_ratio": 4.0,
            "peak_time": times,
        }
    )
    coincidence(rows.head(10), min_stations=1)
    for need, window, count in ((1, 3, n), (2, 3, 0), (3, 1e6, 0)):
        begin = time.perf_counter()
        assert len(coincidence(rows, min_stations=need, window=window)) == count
        assert time.perf_counter() - begin < 3  # 0.2 s; a quadratic scan takes 6 s and more


# ---------------------------------------------------------------- simultaneous pulses


def network_record(rng, arrivals, *, pulse_at=None, n=12_000, fs=100.0, spike=3000.0):
    """Noise at five stations; P wave trains at ``arrivals`` (s), or a pulse at one instant."""
    stream = Stream()
    for k, name in enumerate("ABCDE"):
        x = rng.standard_normal(n) * 10
        if arrivals is not None:
            t = np.arange(1500) / fs
            at = round(arrivals[k] * fs)
            x[at : at + 1500] += (
                300 * rng.standard_normal(1500) * np.exp(-t / 2) * (1 + 2 * (t > 1))
            )
        if pulse_at is not None:
            x[round(pulse_at * fs)] += spike * rng.uniform(0.5, 3) * rng.choice([-1, 1])
        trace = Trace(
            x,
            {
                "network": "1U",
                "station": name,
                "channel": "HHZ",
                "sampling_rate": fs,
                "starttime": T0,
            },
        )
        trace.data = sosfilt(butter(4, (2, 15), "bandpass", fs=fs, output="sos"), trace.data)
        stream.append(
            provenance.note(
                trace,
                freqmin=2.0,
                freqmax=15.0,
                valid_from=T0 + 2.0,
            )
        )
    return stream


def detect(stream, method="recursive", stations=None):
    cf = sta_lta(stream, sta=0.5, lta=10, method=method)
    found = trigger_onsets(cf, thr_on=4, thr_off=1.5)
    return coincidence_candidates(found, min_stations=3, window=2, stations=stations)


@pytest.mark.parametrize("method", ["recursive", "classic", "delayed"])
@pytest.mark.parametrize("spike", [500.0, 3000.0, 1e6])
@pytest.mark.parametrize("with_places", [False, True])
def test_simultaneous_pulse_is_vetoed(method, spike, with_places, rng):
    stations = places(A=0, B=3, C=5, D=8, E=12) if with_places else None
    got = detect(network_record(rng, None, pulse_at=60, spike=spike), method, stations)
    assert got["veto"].tolist() == ["simultaneous onsets"]


@pytest.mark.parametrize("method", ["recursive", "classic", "delayed"])
def test_real_arrivals_are_not_vetoed(method, rng):
    local = detect(network_record(rng, [60, 60.4, 60.7, 61.2, 61.9]), method)
    assert local["veto"].tolist() == [""]
    assert local["n_stations"].tolist() == [5]
    # from straight below, or at stations at equal distance: at once, but it lasts
    below = detect(network_record(rng, [60, 60, 60.01, 60.01, 60.02]), method)
    assert below["veto"].tolist() == [""]


def test_veto_needs_three_stations_and_an_impulse():
    short = {
        "method": "classic",
        "sta": 0.5,
        "lta": 10.0,
        "thr_on": 3.5,
        "thr_off": 1.5,
        "freqmin": 2.0,
        "freqmax": 15.0,
    }
    pulse = [(s, t, t + 0.6) for s, t in (("A", 0.0), ("B", 0.02), ("C", 0.05))]

    def judged(rows, **options):
        return coincidence_candidates(rows, min_stations=2, **options)["veto"].tolist()

    assert judged(triggers(*pulse, **short)) == ["simultaneous onsets"]
    assert judged(triggers(*pulse[:2], **short)) == [""]
    assert judged(triggers(*pulse, **short), spike_spread=0) == [""]
    assert judged(triggers(*pulse, **short), spike_spread=0.04) == [""]
    assert judged(triggers(*pulse), spike_spread=0.05) == [""]  # nothing known of the windows
    longer = [(s, t, t + 4) for s, t, _ in pulse]
    assert judged(triggers(*longer, **short)) == [""]
    # in an array of 200 m a wave too arrives within 0.05 s
    small = places(A=0, B=0.1, C=0.2)
    assert judged(triggers(*pulse, **short), stations=small) == [""]
    assert coincidence(triggers(*pulse, **short), min_stations=2).empty


def test_empty_and_refusals():
    empty = coincidence(tables.TRIGGERS.frame())
    assert list(empty.columns) == tables.DETECTIONS.names
    rows = triggers(("A", 0, 5))
    none = coincidence(rows)
    assert list(none.columns) == tables.DETECTIONS.names
    for options in (
        {"min_stations": 0},
        {"min_stations": 2.5},
        {"window": -1},
        {"window": np.nan},
        {"velocity": 0},
        {"merge_gap": -1},
        {"spike_spread": -1},
    ):
        with pytest.raises(ParameterError, match=next(iter(options))):
            coincidence(rows, **options)
    with pytest.raises(ParameterError, match="lacks the columns"):
        coincidence(rows.drop(columns="endtime"))
    with pytest.raises(ParameterError, match=r"NET\.STA\.LOC\.CHA"):
        coincidence(rows.assign(trace_id="A"), min_stations=1)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), need=st.integers(1, 3), spike=st.sampled_from([0.0, 1.0]))
def test_columns_are_those_of_the_triggers_of_each_event(seed, need, spike):
    """Each row worked out again with plain loops from the grouping alone."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    on = np.sort(np.rint(rng.uniform(0, 60, n) * 4) / 4)
    off = on + np.rint(rng.exponential(3, n) * 4) / 4
    codes = zip(rng.choice(list("ABCD"), n), rng.choice(["HHZ", "HHN"], n), strict=True)
    ids = [f"1U.{station}..{channel}" for station, channel in codes]
    peaks = np.where(rng.random(n) < 0.1, np.nan, np.round(rng.uniform(3, 6, n)))
    got = coincidence_candidates(
        triggers(*zip(ids, on, off, peaks, strict=True), sta=0.5, lta=20, thr_off=1.5, freqmin=5.0),
        min_stations=need,
        spike_spread=spike,
    )
    rows = sorted(
        zip(on, off, ids, peaks, strict=True), key=lambda r: (*r[:3], np.nan_to_num(r[3], nan=9))
    )
    station = [".".join(r[2].split(".")[:2]) for r in rows]
    names = sorted(set(station))
    number = np.array([names.index(s) for s in station])
    ns = [np.rint(np.array([r[k] for r in rows]) * 1e9).astype(np.int64) for k in (0, 1)]
    allow = np.full((len(names),) * 2, 3_000_000_000)
    label = _grouping.group(ns[0], ns[1], number, allow, need)
    event, role = _grouping.merge(ns[0], ns[1], number, label, need, 0, len(names))
    assert len(got) == event.max() + 1
    starts = [min(rows[k][0] for k in range(n) if event[k] == i) for i in range(len(got))]
    for i, row in enumerate(got.itertuples()):
        mine = [k for k in range(n) if event[k] == i]
        first = {}
        for k in mine:
            if role[k] == 0:
                first.setdefault(station[k], rows[k])
        onsets = [r[0] for r in first.values()]
        end = max(rows[k][1] for k in mine)
        if i + 1 < len(got):
            end = min(end, starts[i + 1])
        best = max(mine, key=lambda k: -np.inf if np.isnan(rows[k][3]) else rows[k][3])
        assert seconds([row.starttime, row.endtime]) == [starts[i], end]
        assert row.trace_ids == tuple(dict.fromkeys(rows[k][2] for k in mine))
        assert row.n_stations == len(first)
        assert row.best_trace_id == rows[best][2]
        np.testing.assert_equal(row.peak_ratio, rows[best][3])
        assert row.spread == onsets[-1] - onsets[0]
        # method unknown: an impulse lasts the short window and a period of the lower corner
        short = [
            r[1] - r[0] <= 1.25 * (0.5 + 0.2) and (r[1] - r[0]) / 2 <= 0.25 + 0.2
            for r in first.values()
        ]
        pulse = spike > 0 and len(first) >= 3 and row.spread <= spike and all(short)
        assert (row.veto != "") == pulse
