"""Planted earthquakes: found as process_day finds them, and as arithmetic says they must be."""

import dataclasses

import numpy as np
import pytest
import scipy.signal
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis.config import DetectorSettings, Settings
from paektuseis.synthetic import (
    INSTRUMENTS,
    SourceEvent,
    ground_motion,
    make_inventory,
    noise_trace,
    trace_path,
)
from paektuseis.synthetic._random import EVENT, PROGRAMME, generator

BEGIN = UTCDateTime(2014, 6, 15, 3)
RATE, LENGTH = 100.0, 3600.0
SENSOR = INSTRUMENTS["CMG-3T 120 s"]
VT = DetectorSettings(name="vt", min_stations=3)
SETTINGS = Settings(detectors=(VT,))
NETWORK = ps.load_network("paektu").select("1U.*")
HERE = {"latitude": [41.98], "longitude": [128.12], "depth_km": [4.0]}


def counts(velocity: np.ndarray) -> np.ndarray:
    return np.rint(SENSOR.record(velocity, RATE)).astype(np.int32)


def trace_of(station, data: np.ndarray, start: UTCDateTime = BEGIN) -> Trace:
    header = {"network": station.network, "station": station.station, "channel": "HHZ",
              "sampling_rate": RATE, "starttime": start}  # fmt: skip
    return Trace(data, header)


@pytest.fixture(scope="module")
def noise() -> Stream:
    out = Stream()
    for station in NETWORK.stations:
        ground = noise_trace(round(LENGTH * RATE), RATE, level=0.45, seed=5, station=station.key)
        out.append(trace_of(station, counts(ground)))
    return out


@pytest.fixture(scope="module")
def inventory():
    return make_inventory(
        NETWORK.stations, sampling_rate=RATE, starttime=BEGIN - 86400, endtime=BEGIN + 86400,
        sensor=SENSOR,
    )  # fmt: skip


@pytest.fixture(scope="module")
def grid():
    import pandas as pd

    return pd.DataFrame(HERE)


@pytest.fixture(scope="module")
def result(noise, inventory, grid):
    return ps.completeness_map(
        NETWORK, noise, inventory=inventory, grid=grid, settings=SETTINGS, n=20,
        magnitudes=[-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5],
    )  # fmt: skip


def source(trial: int, time: UTCDateTime, magnitude: float, seed: int = 1, n: int = 5):
    """The event of a trial, put together from what the documentation promises."""
    number = trial % n
    rng = generator(seed, PROGRAMME, number)
    angles = {
        "strike": float(rng.uniform(0.0, 360.0)),
        "dip": float(rng.uniform(30.0, 90.0)),
        "rake": float(rng.uniform(-180.0, 180.0)),
    }
    place = {k: v[0] for k, v in HERE.items()}
    return number, SourceEvent(kind="VT", time=time, magnitude=magnitude, **place, **angles)


def with_events(noise: Stream, rows, seed: int = 1) -> Stream:
    """Literally: ground motion of each event, through the sensor's formula, added to counts."""
    out = noise.copy()
    for station, trace in zip(NETWORK.stations, out, strict=True):
        added = np.zeros(trace.stats.npts)
        for row in rows.itertuples():
            time = UTCDateTime(row.time.isoformat())
            number, event = source(row.trial, time, row.magnitude)
            first, velocity = ground_motion(
                event, station, NETWORK.velocity, sampling_rate=RATE, reference=BEGIN,
                rng=generator(seed, EVENT, number, station.key),
                source_rng=generator(seed, EVENT, number),
            )  # fmt: skip
            added[first : first + velocity.shape[1]] += SENSOR.record(velocity[0], RATE)
        trace.data = np.rint(trace.data + added).astype(np.int32)
    return out


def day_of(stream: Stream, folder, settings: Settings = SETTINGS):
    ps.write_sds(stream, folder)
    return ps.process_day(
        ps.Archive(folder), starttime=BEGIN, endtime=BEGIN + LENGTH, network=NETWORK,
        settings=dataclasses.replace(
            settings, data=dataclasses.replace(settings.data, measured="")
        ), measure_events=False, station_spectra=False,
    )  # fmt: skip


def found_by(day, row) -> int:
    """Stations of the detection of one planted event in the day's own tables."""
    _, event = source(row.trial, UTCDateTime(row.time.isoformat()), row.magnitude)
    times = [trace_path(event, s, NETWORK.velocity).time for s in NETWORK.stations]
    first = event.time + min(t[0] for t in times) - 5.0
    last = event.time + max(t[1] for t in times) + 5.0
    table = day.tables["detections"]
    begins = [UTCDateTime(t.isoformat()) for t in table["starttime"]]
    mine = [n for t, n in zip(begins, table["n_stations"], strict=True) if first <= t <= last]
    return max(mine, default=0)


@pytest.mark.parametrize("magnitude", [0.25, 0.5, 0.75])
def test_as_if_added_to_the_raw_counts_and_processed_as_a_day(
    result, noise, tmp_path, magnitude: float
) -> None:
    rows = result.trials[result.trials["magnitude"] == magnitude]
    assert rows["detected"].sum() > 0 or magnitude < 0.5
    day = day_of(with_events(noise, rows), tmp_path / "sds")
    assert [found_by(day, row) for row in rows.itertuples()] == rows["n_stations"].tolist()


def test_an_event_alone_is_found_as_among_the_others(result, noise, tmp_path) -> None:
    rows = result.trials[result.trials["magnitude"] == 0.5]
    assert 0 < rows["detected"].sum() < len(rows)  # neither all nor none: a test that can fail
    for i in (1, 7, 12, 18):
        alone = rows.iloc[i : i + 1]
        day = day_of(with_events(noise, alone), tmp_path / f"sds{i}")
        assert found_by(day, next(alone.itertuples())) == alone["n_stations"].iloc[0]


def test_larger_events_are_found_more_often(result) -> None:
    shares = result.detectability["probability"].to_numpy()
    assert (np.diff(shares) >= 0).all()
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    half, most = result.completeness["magnitude"]
    assert -0.5 < half < most < 1.5
    assert (result.completeness["uncertainty"] > 0).all()


def test_fewer_stations_never_see_more(result, noise, inventory, grid) -> None:
    """With a fixed number of stations that must agree: trial by trial."""
    fewer = ps.completeness_map(
        NETWORK, noise, inventory=inventory, grid=grid, settings=SETTINGS, n=20,
        magnitudes=[0.5, 0.75, 1.0], without=["JGPD", "MDPD"],
    )  # fmt: skip
    assert fewer.dead == ("1U.JGPD", "1U.MDPD")
    both = result.trials.merge(fewer.trials, on=["place", "magnitude", "trial", "time"])
    assert len(both) == 60
    assert (both["detected_x"] >= both["detected_y"]).all()
    assert both["detected_x"].sum() > both["detected_y"].sum()


def test_same_seed_same_result_and_nothing_is_touched(result, noise, inventory, grid) -> None:
    before = [trace.data.copy() for trace in noise]
    again = ps.completeness_map(
        NETWORK, noise, inventory=inventory, grid=grid, settings=SETTINGS, n=20,
        magnitudes=[0.5, 1.0], threads=2,
    )  # fmt: skip
    wanted = result.trials[result.trials["magnitude"].isin([0.5, 1.0])]
    assert again.trials.equals(wanted.reset_index(drop=True))
    assert all(np.array_equal(a, t.data) for a, t in zip(before, noise, strict=True))


def test_archive_and_stream_agree(result, noise, inventory, grid, tmp_path) -> None:
    ps.write_sds(noise, tmp_path / "sds")
    found = ps.completeness_map(
        NETWORK, ps.Archive(tmp_path / "sds"), inventory=inventory, grid=grid, n=20,
        settings=SETTINGS, magnitudes=[0.5, 1.0],
    )  # fmt: skip
    wanted = result.trials[result.trials["magnitude"].isin([0.5, 1.0])]
    assert found.trials.equals(wanted.reset_index(drop=True))


# ------------------------------------------------------------------ arithmetic


def predicted(sigma: float, station, threshold: float, trials: int = 5) -> float:
    """Magnitude at which the expected ratio of one station just reaches the threshold.

    Literal recursion over the power of the filtered signal plus that of white noise.
    """
    sos = scipy.signal.butter(VT.corners, (VT.freqmin, VT.freqmax), "bandpass", fs=RATE,
                              output="sos")  # fmt: skip
    impulse = np.zeros(4096)
    impulse[0] = 1.0
    power = sigma**2 * np.sum(scipy.signal.sosfilt(sos, impulse) ** 2)
    a, b = 1 / (VT.sta * RATE), 1 / (VT.lta * RATE)

    def ratio(magnitude: float, trial: int) -> float:
        number, event = source(trial, BEGIN, magnitude)
        _, velocity = ground_motion(
            event, station, NETWORK.velocity, sampling_rate=RATE, reference=BEGIN,
            rng=generator(1, EVENT, number, station.key), source_rng=generator(1, EVENT, number),
        )  # fmt: skip
        energy = scipy.signal.sosfilt(sos, velocity[0]) ** 2
        short = scipy.signal.lfilter([a], [1, a - 1], energy) + power
        long = scipy.signal.lfilter([b], [1, b - 1], energy) + power
        return float((short / long).max())

    answers = []
    for trial in range(trials):
        low, high = -2.0, 4.0
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (middle, high) if ratio(middle, trial) < threshold else (low, middle)
        answers.append(low)
    return float(np.median(answers))


@pytest.mark.parametrize("sigma", [1e-8, 1e-7])
def test_one_station_sees_what_arithmetic_says(sigma: float, grid) -> None:
    """White noise of ground velocity, one station: the ratio needed gives the magnitude."""
    station = NETWORK.stations[2]
    rng = np.random.default_rng(3)
    trace = trace_of(station, rng.normal(0.0, sigma, round(LENGTH * RATE)))
    trace = ps.provenance.note(trace, units="m/s")
    detector = dataclasses.replace(VT, min_stations=1, thr_on=8.0)
    expected = predicted(sigma, station, 8.0)
    found = ps.completeness_map(
        NETWORK.select(station.key), Stream([trace]), grid=grid, n=25,
        settings=Settings(detectors=(detector,)), magnitudes=expected + np.linspace(-0.6, 0.6, 7),
    )  # fmt: skip
    half = found.completeness[found.completeness["share"] == 0.5].iloc[0]
    assert half["magnitude"] == pytest.approx(expected, abs=0.15)
    assert abs(half["magnitude"] - expected) < 2.5 * half["uncertainty"]


# ------------------------------------------------------------------ noise that is not quiet


def test_moments_with_an_event_of_their_own_are_not_used(result, noise, inventory, grid) -> None:
    """An earthquake nobody planted, at the very moment of one of the trials."""
    moment = UTCDateTime(result.trials["time"].iloc[4].isoformat())
    loud = noise.copy()
    time = np.arange(3000) / RATE
    wave = (3e4 * np.sin(2 * np.pi * 8.0 * time) * np.exp(-time / 8.0)).astype(np.int32)
    for i, trace in enumerate(loud):
        first = round((moment - BEGIN + 3.0 + 0.5 * i) * RATE)
        trace.data = trace.data.copy()
        trace.data[first : first + 3000] += wave
    found = ps.completeness_map(
        NETWORK, loud, inventory=inventory, grid=grid, settings=SETTINGS, n=20,
        magnitudes=[-1.0, 2.0],
    )  # fmt: skip
    assert found.excluded == 1
    before, after = set(result.trials["time"]), set(found.trials["time"])
    assert before - after >= {result.trials["time"].iloc[4]}
    assert found.detectability["probability"].tolist() == [0.0, 1.0]


def test_station_that_hardly_listened_is_dead_and_said_so(noise, inventory, grid) -> None:
    cut = noise.copy()
    cut[0] = cut[0].slice(BEGIN, BEGIN + 400.0)
    notes: list[str] = []
    found = ps.completeness_map(
        NETWORK, cut, inventory=inventory, grid=grid, settings=SETTINGS, n=10,
        magnitudes=[0.0, 1.0], problems=notes,
    )  # fmt: skip
    assert found.dead == (NETWORK.stations[0].key,)
    assert any("taken as dead" in text and NETWORK.stations[0].key in text for text in notes)


def test_no_threshold_outside_the_magnitudes(noise, inventory, grid) -> None:
    found = ps.completeness_map(
        NETWORK, noise, inventory=inventory, grid=grid, settings=SETTINGS, n=10,
        magnitudes=[-1.0, -0.5],
    )  # fmt: skip
    assert found.completeness["magnitude"].isna().all()
    assert found.completeness["note"].str.contains("plant larger ones").all()


def test_errors_say_what_to_do(noise, inventory, grid) -> None:
    def ask(**options):
        values = {"inventory": inventory, "grid": grid, "settings": SETTINGS, "n": 10, **options}
        return ps.completeness_map(NETWORK, noise, **values)

    with pytest.raises(ps.MetadataError, match="give inventory= with responses"):
        ask(inventory=None)
    with pytest.raises(ps.ParameterError, match="do not rise"):
        ask(magnitudes=[1.0, 0.0])
    with pytest.raises(ps.ParameterError, match="n=2"):
        ask(n=2)
    with pytest.raises(ps.ParameterError, match="lengthen it"):
        ask(spacing=10.0)
    with pytest.raises(ps.ParameterError, match="latitude and longitude"):
        ask(grid=grid.drop(columns="latitude"))
    with pytest.raises(ps.MetadataError, match="velocity model"):
        ps.completeness_map(dataclasses.replace(NETWORK, velocity=None), noise)
    with pytest.raises(ps.ParameterError, match="is not after starttime"):
        ask(starttime=BEGIN + 60.0, endtime=BEGIN)
    with pytest.raises(ps.NoRecordsError, match="no record of 1U"):
        ask(starttime=BEGIN + 86400.0)
    with pytest.raises(ps.NoRecordsError, match="no record of the stations"):
        ps.completeness_map(NETWORK, noise.copy().select(station="XXXX"))


@pytest.mark.real
def test_ten_times_the_real_noise_needs_two_thirds_of_a_magnitude(real_data) -> None:
    """Moment grows by 10**1.5 for a magnitude; well below the corner the amplitude does too."""
    import pandas as pd

    folder = real_data / "daylong_broadband" / "fur_2015361"
    noise = ps.read_waveforms(folder / "GR.FUR..BHN.D.2015.361")
    metadata = ps.read_stations(folder / "station_FUR.stationxml")
    network = dataclasses.replace(
        ps.Network.from_inventory(metadata, name="fur"), velocity=NETWORK.velocity
    )
    station = network.stations[0]
    detector = dataclasses.replace(
        VT, channels="*N", freqmin=1.0, freqmax=4.0, min_stations=1, thr_on=6.0
    )
    where = {"latitude": [station.latitude + 0.09], "longitude": [station.longitude]}
    loud = noise.copy()
    for trace in loud:
        trace.data = trace.data * 10
    half = []
    for records in (noise, loud):
        found = ps.completeness_map(
            network, records, inventory=metadata, grid=pd.DataFrame(where), n=30,
            settings=Settings(detectors=(detector,)), magnitudes=np.arange(-0.5, 2.6, 0.25),
            stress_drop=20.0,
        )  # fmt: skip
        half.append(found.completeness["magnitude"].iloc[0])
        hours = {t.hour for t in found.trials["time"]}
        assert len(hours) >= 3  # noise of different times of the day
    assert half[1] - half[0] == pytest.approx(2 / 3, abs=0.12)
