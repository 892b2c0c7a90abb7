"""Templates sought in a record: against a literal correlation, planted repeats, gaps, cuts."""

import itertools

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables

START = UTCDateTime(2020, 1, 1, 5)
RATE = 50.0
LENGTH = 300


def literal(x, y):
    """Return the normalised correlation as its definition says it."""
    windows = np.lib.stride_tricks.sliding_window_view(x, len(y))
    windows = windows - windows.mean(axis=1, keepdims=True)
    y = y - y.mean()
    return windows @ y / np.sqrt((windows**2).sum(axis=1) * (y**2).sum())


def record(rng, *, planted=((3000, 1.0), (9000, 3.0), (15000, 0.5)), count=20000, size=20.0):
    """Return three components of white noise (sigma 1) with scaled copies of one wavelet."""
    out = Stream()
    for component in "ENZ":
        x = rng.normal(size=count)
        wave = size * rng.normal(size=LENGTH) * np.hanning(LENGTH)
        for at, scale in planted:
            x[at : at + LENGTH] += scale * wave
        out.append(
            Trace(
                x,
                {
                    "network": "XX",
                    "station": "A",
                    "channel": f"HH{component}",
                    "sampling_rate": RATE,
                    "starttime": START,
                },
            )
        )
    return out


def cut(stream, at):
    return Stream(
        [
            Trace(
                t.data[at : at + LENGTH].copy(),
                {**t.stats, "starttime": t.stats.starttime + at / RATE, "npts": LENGTH},
            )
            for t in stream
        ]
    )


def test_series_equals_the_literal_correlation(rng):
    stream = record(rng)
    stream[0].data[12000:12010] += 1e6  # nothing is lost beside a spike
    stream[1].data += 1e6
    template = cut(stream, 3000)
    series = ps.correlation_series(stream, template)
    expected = np.mean(
        [literal(a.data, b.data) for a, b in zip(stream, template, strict=True)], axis=0
    )
    assert len(series) == 1
    assert series[0].stats.starttime == START
    np.testing.assert_allclose(series[0].data, expected, rtol=0, atol=1e-6)


def test_series_agrees_with_obspy(rng):
    from obspy.signal.cross_correlation import correlate_template

    stream = record(rng, count=6000, planted=((3000, 1.0),))[:1]
    template = cut(stream, 3000)
    series = ps.correlation_series(stream, template)
    expected = correlate_template(stream[0].data, template[0].data, mode="valid")
    np.testing.assert_allclose(series[0].data, expected, rtol=0, atol=1e-6)


def test_planted_repeats_times_sizes_and_threshold(rng):
    stream = record(rng)
    template = cut(stream, 3000)
    found = ps.match_templates(stream, template)
    tables.REPEATS.check(found)
    places = [(UTCDateTime(ns=t.value) - START) * RATE for t in found["time"]]
    np.testing.assert_allclose(places, [3000, 9000, 15000], atol=1e-3)
    np.testing.assert_allclose(found["relative_magnitude"], np.log10([1, 3, 0.5]), atol=0.02)
    series = ps.correlation_series(stream, template)[0].data
    mad = np.median(np.abs(series - np.median(series)))
    np.testing.assert_allclose(found["mad"], mad, rtol=1e-6)
    np.testing.assert_allclose(found["threshold"], 9 * mad, rtol=1e-6)
    literal_value = np.mean(
        [literal(a.data, b.data)[9000] for a, b in zip(stream, template, strict=True)]
    )
    assert found["correlation"][1] == pytest.approx(literal_value, abs=1e-12)


def test_scale_and_offset_change_nothing(rng):
    stream = record(rng)
    template = cut(stream, 3000)
    other = stream.copy()
    for trace in other:
        trace.data = trace.data * 1e-9 + 3e-7
    a, b = (ps.match_templates(s, template) for s in (stream, other))
    np.testing.assert_allclose(a["correlation"], b["correlation"], atol=1e-9)
    np.testing.assert_allclose(a["relative_magnitude"] - 9, b["relative_magnitude"], atol=1e-9)
    assert (a["time"] == b["time"]).all()


def test_gaps_and_dead_channels_are_left_out(rng):
    stream = record(rng)
    template = cut(stream, 3000)
    whole = stream.copy()
    stream[0].data[8900:9700] = 7.0  # stands still over the second event
    late = stream[1].slice(START + 15100 / RATE)  # the third event is cut on one channel
    stream[1] = stream[1].slice(None, START + 14800 / RATE)
    stream.append(late)
    found = ps.match_templates(stream, template)
    assert found["n_channels"].tolist() == [3, 2, 2]
    assert np.isfinite(found["correlation"]).all()
    assert ps.match_templates(stream, template, min_channels=3)["n_channels"].tolist() == [3]
    assert ps.match_templates(whole, template)["n_channels"].tolist() == [3, 3, 3]


def test_nothing_is_found_at_the_edges_of_gaps(rng):
    stream = record(rng, count=60000, planted=((3000, 1.0),))
    events = pd.DataFrame({"event_id": ["a"], "time": [pd.Timestamp((START + 60).ns, tz="UTC")]})
    for trace in stream:
        trace.data += 1e5
    templates = ps.make_templates(stream, events, length=6, before=0.5, freqmin=1, freqmax=10)
    holed = Stream()
    for begin in range(0, 60000, 5000):
        holed += stream.slice(START + begin / RATE, START + (begin + 4700) / RATE)
    found = ps.match_templates(holed, templates)
    assert len(found) == 1


def test_repeats_at_snr_two_and_no_false_ones(rng):
    # the peak of the filtered wavelet is twice the rms of the filtered noise, on 3 components
    count, at = 180_000, np.arange(6000, 174_000, 9000)
    stream = record(rng, count=count, planted=())
    clean = stream.copy()
    t = np.arange(400) / RATE
    for trace, lone in zip(stream, clean, strict=True):
        lone.data = np.zeros(2000)
        lone.data[1000:1400] = rng.normal(size=400) * np.exp(-t / 2)
        peak = np.abs(ps.bandpass(Stream([lone]), freqmin=1, freqmax=10)[0].data).max()
        noise = ps.bandpass(Stream([trace]), freqmin=1, freqmax=10)[0].data.std()
        lone.data *= 2 * noise / peak
        for k in at:
            trace.data[k : k + 400] += lone.data[1000:1400]
    event = pd.DataFrame({"time": [pd.Timestamp((START + 20).ns, tz="UTC")]})
    templates = ps.make_templates(clean, event, length=8, before=0, freqmin=1, freqmax=10)
    found = ps.match_templates(stream, templates)
    places = np.array([(UTCDateTime(ns=x.value) - START) * RATE for x in found["time"]])
    assert len(found) == len(at)
    assert np.abs(places - at).max() <= 2


@pytest.mark.parametrize("sampling_rate", [None, 25.0])
def test_cuts_at_odd_places_change_nothing(rng, sampling_rate):
    stream = record(rng, count=40000, planted=((3000, 1.0), (19900, 1.0), (31000, 0.7)))
    events = pd.DataFrame({"event_id": ["a"], "time": [pd.Timestamp((START + 60).ns, tz="UTC")]})
    templates = ps.make_templates(
        stream, events, length=6, freqmin=1, freqmax=10, sampling_rate=sampling_rate
    )
    end = START + 790
    whole = ps.match_templates(stream, templates, threshold=0.5, starttime=START, endtime=end)
    edges = [START, START + 123.457, START + 398.01, START + 398.03, START + 700.001, end]
    parts = [
        ps.match_templates(stream, templates, threshold=0.5, starttime=a, endtime=b)
        for a, b in itertools.pairwise(edges)
    ]
    joined = tables.REPEATS.concat(parts)
    assert len(whole) == 3
    assert (joined["time"] == whole["time"]).all()
    np.testing.assert_allclose(joined["correlation"], whole["correlation"], atol=1e-8)


def test_a_swarm_of_long_period_events(real_data):
    """Each mark is found by its own template; likeness, where there is any, is mutual."""
    folder = real_data / "volcano_snippets" / "gareloi_2022_lf"
    stream = Stream()
    for path in sorted(folder.glob("*.mseed")):
        stream += ps.read_waveforms(path)
    marks = ["01:32:08", "01:33:52", "01:34:54", "01:36:26", "01:37:59", "01:39:48"]
    times = [pd.Timestamp(f"2022-07-10T{m}Z") for m in marks]
    events = pd.DataFrame({"event_id": marks, "time": times})
    templates = ps.make_templates(stream, events, length=15, before=3, freqmin=0.8, freqmax=5)
    found = ps.match_templates(stream, templates)
    assert found["n_channels"].eq(5).all()
    seen = set()
    for template, part in found.groupby("template"):
        onsets = part["time"] + pd.Timedelta(3, unit="s")
        seen |= {
            (template, m)
            for m, t in zip(marks, times, strict=True)
            if (abs((onsets - t).dt.total_seconds()) < 4).any()
        }
    assert {(m, m) for m in marks} <= seen
    for pair in ((marks[0], marks[2]), (marks[1], marks[5])):
        assert pair in seen
        assert pair[::-1] in seen


def test_refusals(rng):
    stream = record(rng, count=2000, planted=())
    template = cut(stream, 500)
    for bad in ("mad", "0*mad", 0, 1.5, None, True):
        with pytest.raises(ps.ParameterError, match="threshold"):
            ps.match_templates(stream, template, threshold=bad)
    with pytest.raises(ps.ParameterError, match="no template"):
        ps.match_templates(stream, [])
    for trace in template:
        trace.stats.sampling_rate = 40.0
    with pytest.raises(ps.WaveformError, match="sampling_rate"):
        ps.match_templates(stream, template)
