"""The benchmarks do what they say; nothing here looks at a clock."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from obspy import UTCDateTime, read, read_inventory
from obspy.clients.filesystem.sds import Client
from obspy.signal.filter import bandpass
from obspy.signal.trigger import recursive_sta_lta, trigger_onset

import paektuseis as ps

START = UTCDateTime(2014, 3, 1)
DAY = 86400


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.suffix != ".xml"  # holds the date of its making
    }


@pytest.fixture(scope="module")
def two_days(bench, tmp_path_factory):
    """Two days of one channel at 20 Hz without outages."""
    out = tmp_path_factory.mktemp("two") / "a"
    model = bench("_model").Model(stations=1, components=1, rate=20.0, gaps=0.0)
    bench("make_archive").make_archive(out, days=2, start=START, model=model)
    return out, model


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(bench, tmp_path):
    made = {}
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        model = bench("_model").Model(stations=2, components=2, rate=20.0, seed=seed, gaps=1.0)
        bench("make_archive").make_archive(tmp_path / name, days=0.1, start=START, model=model)
        made[name] = files(tmp_path / name)
    assert made["a"] == made["b"]
    assert len(made["a"]) == 5
    assert all(made["a"][name] != made["c"][name] for name in made["a"])


def test_a_longer_archive_begins_with_a_shorter_one(bench, two_days, tmp_path):
    long, model = two_days
    bench("make_archive").make_archive(tmp_path / "one", days=1, start=START, model=model)
    one, two = files(tmp_path / "one" / "sds"), files(long / "sds")
    assert len(one) == 1
    assert len(two) == 2
    assert all(two[name] == content for name, content in one.items())


def test_records_lie_in_the_file_of_the_day_in_which_they_start(two_days):
    out, _ = two_days
    first, second = (starts_of(p) for p in sorted((out / "sds").rglob("*.D.2014.*")))
    assert first[0] == START
    assert START + DAY - 60 < first[-1] < START + DAY <= second[0] < START + DAY + 60
    assert second[-1] < START + 2 * DAY
    path = min((out / "sds").rglob("*.D.2014.*"))
    assert read(path)[-1].stats.endtime + 0.05 == second[0] > START + DAY  # over midnight


def starts_of(path: Path) -> list[UTCDateTime]:
    data = path.read_bytes()
    assert len(data) % 512 == 0
    out = []
    for at in range(0, len(data), 512):
        head = data[at : at + 30]
        year, day, fraction = (int.from_bytes(head[a : a + 2], "big") for a in (20, 22, 28))
        seconds = head[24] * 3600 + head[25] * 60 + head[26] + fraction / 1e4
        out.append(UTCDateTime(year=year, julday=day) + seconds)
    assert out == sorted(out)
    return out


def test_the_client_of_obspy_reads_the_samples_of_the_model(two_days):
    out, model = two_days
    stream = Client(str(out / "sds")).get_waveforms(
        "XX", "PK01", "", "HHZ", START, START + 2 * DAY - 0.05
    )
    assert len(stream) == 1
    total = round(2 * DAY * model.rate)
    truth = np.concatenate([data for _, data in model.pieces(0, 0, total)])
    assert truth.dtype == np.int32
    np.testing.assert_array_equal(stream[0].data, truth)


def test_outages_are_gaps_of_all_components(bench, tmp_path):
    model = bench("_model").Model(stations=1, components=2, rate=5.0, gaps=1.0)
    bench("make_archive").make_archive(tmp_path / "a", days=1, start=START, model=model)
    outages = model.outages(0, 0)
    assert outages
    for channel in ("HHZ", "HHN"):
        client = Client(str(tmp_path / "a" / "sds"))
        stream = client.get_waveforms("XX", "PK01", "", channel, START, START + DAY)
        missing = [
            (a.stats.endtime + 0.2 - START, b.stats.starttime - START) for a, b in pairwise(stream)
        ]
        inner = [(a, b) for a, b in outages if b < DAY]
        assert len(missing) >= len(inner) > 0
        np.testing.assert_allclose(missing[: len(inner)], inner, atol=0.101)


def test_fading_blocks_into_each_other_keeps_the_power(bench):
    module = bench("_model")

    class Quiet(module.Model):
        def _add_events(self, *args):
            pass

        _add_spikes = _add_events

    model = Quiet(stations=1, components=1, rate=100.0, gaps=0.0)
    noise = np.concatenate([d for _, d in model.pieces(0, 0, 24 * module.HOP)]).astype(float)
    blocks = noise.reshape(24, module.HOP)
    fading, steady = blocks[1:, : module.FADE], blocks[1:, module.FADE :]
    assert fading.std() / steady.std() == pytest.approx(1.0, abs=0.03)
    hours = (np.arange(24) + 0.5) * module.HOP / 100.0 / 3600.0
    swell = 320.0 * (1 + 0.25 * np.sin(2 * np.pi * hours / 61.0 + 1.0))  # wind adds 0.1 %
    np.testing.assert_allclose(blocks[:, module.FADE :].std(axis=1), swell, rtol=0.12)


def test_one_channel_chatters(bench):
    model = bench("_model").Model(stations=2, components=1, rate=50.0, gaps=0.0, chatter=True)
    total = round(6 * 3600 * model.rate)
    counts = []
    for station in (0, 1):
        data = np.concatenate([d for _, d in model.pieces(station, 0, total)])
        assert len(data) == total
        ratio = recursive_sta_lta(bandpass(data.astype(float), 5, 20, 50.0), 25, 1000)
        counts.append(len(trigger_onset(ratio, 3.5, 1.5)))
    assert counts[1] > 2000  # 8,000 a day
    assert counts[0] < 200


def test_metadata_are_whole(two_days):
    out, _ = two_days
    response = read_inventory(out / "stations.xml")[0][0][0].response
    assert [len(getattr(s, "numerator", ())) for s in response.response_stages[2:]] == [60, 80, 120]
    at_1_hz = response.get_evalresp_response_for_frequencies([1.0], output="VEL")[0]
    assert abs(at_1_hz) == pytest.approx(1500.0 * 419430.0, rel=2e-3)


def test_truth_lists_what_was_planted(bench, two_days):
    out, model = two_days
    truth = ps.read_table(out / "events.csv", ps.tables.TRUTH)
    planted = [e for day in (0, 1) for e in model.events(day)]
    assert len(truth) == len(planted) > 100
    magnitudes = truth.loc[truth["label"] == "VT", "magnitude"]
    b = np.log10(np.e) / (magnitudes.mean() + 0.6)
    assert b == pytest.approx(1.0, abs=3 / np.sqrt(len(magnitudes)))


def test_runs_and_windows_of_the_plain_script(bench, rng):
    plain = bench("plain_obspy")
    flags = rng.random(500) < 0.7
    found = plain.runs(flags, 3)
    brute = []
    at = 0
    while at < len(flags):
        length = 0
        while at + length < len(flags) and flags[at + length]:
            length += 1
        if length >= 3:
            brute.append((at, length))
        at += max(length, 1)
    assert found == brute
    assert plain.runs(np.zeros(9, bool), 1) == []
    x = rng.normal(size=95)
    for first in (-7, 0, 12):  # before, at and after the start of the day
        values = plain.windowed(x.copy(), first, 10, 12, plain.mean_abs)
        for number in range(12):
            part = x[max(0, number * 10 - first) : max(0, number * 10 + 10 - first)]
            if len(part) == 10:
                assert values[number] == pytest.approx(np.abs(part - part.mean()).mean())
            else:
                assert np.isnan(values[number])


def test_exponent_of_a_power_law(bench):
    exponent = bench("bench_batch").exponent
    assert exponent([1, 2, 4, 8], [3 * x**1.7 for x in (1, 2, 4, 8)]) == pytest.approx(1.7)
