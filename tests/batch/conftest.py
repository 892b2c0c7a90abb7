"""A small archive with everything that makes cutting a record awkward."""

import numpy as np
import pytest
from obspy import Stream, Trace, UTCDateTime
from obspy.core.inventory import Channel, Inventory, Network, Response, Station

import paektuseis as ps
from paektuseis.config import settings_from_mapping

RATE = 20.0
START = UTCDateTime(2014, 1, 1)
DAYS = 3
STATIONS = {"A": 0.0, "B": 1.1, "C": 2.3, "D": 1.7}  # seconds an event needs to get there

SETTINGS = {
    "detectors": [
        {"name": "vt", "freqmin": 2.0, "freqmax": 8.0, "sta": 0.5, "lta": 20.0},
        {"name": "far", "freqmin": 0.1, "freqmax": 0.5, "sta": 5.0, "lta": 100.0, "thr_on": 4.0,
         "window": 10.0},
    ],
    "amplitude": {"freqmax": 8.0},
    "ratios": {"names": ["vlar", "lrar", "rmar"]},
}  # fmt: skip


@pytest.fixture(scope="session")
def settings():
    return settings_from_mapping(SETTINGS)


def record(station, rng, events, days=DAYS):
    """Noise with a microseism, events, a tremor over midnight, spikes; counts."""
    n = round(days * 86400 * RATE)
    x = rng.normal(0.0, 30.0, n)
    t = np.arange(n) / RATE
    x += 200.0 * np.sin(2 * np.pi * 0.21 * t + rng.uniform(0, 6)) + 500.0
    grain = np.exp(-np.arange(round(12 * RATE)) / RATE / 2.5)
    for when, strength, low in events:
        at = round((when + STATIONS[station]) * RATE)
        size = min(len(grain), n - at)
        if at < 0 or size <= 0:
            continue
        phase = 2 * np.pi * (0.3 if low else 4.0) * np.arange(size) / RATE
        stretch = grain[:size] if not low else np.sin(np.pi * np.arange(size) / len(grain)) ** 2
        x[at : at + size] += strength * stretch * np.sin(phase)
    tremor = (t > 86400 - 400) & (t < 86400 + 500)
    x[tremor] += 150.0 * np.sin(2 * np.pi * 3.0 * t[tremor])
    for when in (30_000.0, 2 * 86400 - 2.0):
        x[round(when * RATE)] += 50_000.0
    return np.rint(x).astype(np.int32)


def planted(days=DAYS):
    rng = np.random.default_rng(5)
    times = np.sort(rng.uniform(600, days * 86400 - 60, 40 * days))
    times = np.append(times, [86400 - 1.5, 2 * 86400 - 0.6, 6 * 3600 - 0.9, 2 * 86400 + 3.0])
    return [(t, 10 ** rng.uniform(2.2, 3.6), i % 9 == 0) for i, t in enumerate(times)]


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """SDS folder of four stations over three days, with gaps at all the wrong places."""
    root = tmp_path_factory.mktemp("archive")
    events = planted()
    holes = {
        "A": [],
        "B": [(6 * 3600 - 40, 6 * 3600 + 25), (86400 - 5, 86400 + 300)],  # over two kinds of cut
        "C": [(86400 + 20_000, 2 * 86400 + 5_000)],  # a station that is away
        "D": [(2 * 86400 - 120, 2 * 86400), (40_000, 40_000.3)],  # ends at midnight; tiny
    }
    for i, station in enumerate(STATIONS):
        data = record(station, np.random.default_rng(100 + i), events)
        if station == "D":
            data[round((86400 - 8) * RATE) : round((86400 + 9) * RATE)] = 77  # stuck at midnight
        stream = Stream()
        edges = [0.0, *(s for hole in holes[station] for s in hole), DAYS * 86400.0]
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            low, high = round(a * RATE), round(b * RATE)
            trace = Trace(data[low:high])
            trace.stats.update({"network": "XX", "station": station, "channel": "HHZ"})
            trace.stats.sampling_rate = RATE
            trace.stats.starttime = START + low / RATE
            stream.append(trace)
        ps.write_sds(stream, root)
    return root


@pytest.fixture(scope="session")
def inventory():
    """Responses of the four stations: a sensor of 30 s, in m/s."""
    poles = [-0.1486 + 0.1486j, -0.1486 - 0.1486j, -251.3 + 0j]
    s = 2j * np.pi
    factor = float(abs(np.prod(s - np.array(poles)) / s**2))
    stations = []
    for i, code in enumerate(STATIONS):
        response = Response.from_paz(
            zeros=[0j, 0j], poles=poles, stage_gain=1e9, normalization_frequency=1.0,
            normalization_factor=factor,
        )  # fmt: skip
        channel = Channel(
            "HHZ", "", 42.0, 128.1, 2000.0, 0.0, sample_rate=RATE, response=response,
            azimuth=0.0, dip=-90.0, start_date=START - 86400,
        )  # fmt: skip
        stations.append(Station(code, 42.0 + 0.05 * i, 128.1, 2000.0, channels=[channel]))
    return Inventory([Network("XX", stations)], source="test")
