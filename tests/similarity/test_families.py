"""Families of like events: planted ones, literal correlations, gaps, archives, stacks."""

import numpy as np
import pandas as pd
import pytest
from obspy import Stream, Trace, UTCDateTime

import paektuseis as ps
from paektuseis import tables

START = UTCDateTime(2020, 1, 1, 5)
RATE = 50.0
SPACING = 40  # s
PLAIN = {"before": 1.0, "length": 8.0, "freqmin": None, "freqmax": None}


def wavelet(rng, count=3):
    """Return an event of 6 s on some channels, by a random walk of its own."""
    t = np.arange(300) / RATE
    noise = rng.normal(size=(count, 300))
    return np.apply_along_axis(np.convolve, 1, noise, np.hanning(9), "same") * np.exp(-t / 1.5)


def planted(rng, *, families=(4, 3, 2), alone=3, noise=0.02, stations=("A",), channel="HH"):
    """Return record, events and truth: family, log10 of size and delay (samples) by event."""
    kinds = [k for k, n in enumerate(families) for _ in range(n)]
    kinds += [len(families) + k for k in range(alone)]
    kinds = [kinds[i] for i in rng.permutation(len(kinds))]
    n = round((len(kinds) + 1) * SPACING * RATE)
    size = 10 ** rng.uniform(-0.5, 0.5, len(kinds))
    delay = rng.integers(-15, 16, len(kinds))
    stream = Stream()
    shapes = {(k, s): wavelet(rng) for k in sorted(set(kinds)) for s in stations}
    for station in stations:
        data = noise * rng.normal(size=(3, n))
        for i, kind in enumerate(kinds):
            at = round((i + 1) * SPACING * RATE) + delay[i]
            data[:, at : at + 300] += size[i] * shapes[kind, station]
        for x, component in zip(data, "ENZ", strict=True):
            header = {"network": "XX", "station": station, "channel": channel + component}
            stream.append(Trace(x, {**header, "sampling_rate": RATE, "starttime": START}))
    times = [pd.Timestamp((START + (i + 1) * SPACING).ns, tz="UTC") for i in range(len(kinds))]
    events = pd.DataFrame({"event_id": [f"ev{i:02d}" for i in range(len(kinds))], "time": times})
    truth = pd.DataFrame({"kind": kinds, "log_size": np.log10(size), "delay": delay})
    return stream, events, truth


def cut(stream, time, station="A"):
    """Return the windows of an event by plain indexing, without their means."""
    at = round((UTCDateTime(ns=time.value) - 1 - START) * RATE)
    rows = np.array([t.data[at : at + 400] for t in stream.select(station=station)])
    return rows - rows.mean(axis=1, keepdims=True)


def literal(a, b, shift=50):
    """Return the largest mean correlation and its lag, by the sums of the definition."""
    n, best = a.shape[1], (-2.0, 0)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    for k in range(-shift, shift + 1):
        value = 0.0
        for x, y, s in zip(a, b, scale, strict=True):
            value += np.dot(x[max(-k, 0) : n - max(k, 0)], y[max(k, 0) : n - max(-k, 0)]) / s
        best = max(best, (value / len(a), k))
    return best


def rand_index(a, b):
    """Return the adjusted Rand index of two partitions."""
    table = pd.crosstab(np.asarray(a), np.asarray(b)).to_numpy()

    def pairs(x):
        return float((x * (x - 1) / 2).sum())

    both, one, two = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    expected = one * two / pairs(np.array([len(a)]))
    return (both - expected) / ((one + two) / 2 - expected)


def partition(found):
    """Return a label for each event; an event in no family is a class of its own."""
    return found["family"].where(found["family"] != "", found["event_id"])


@pytest.mark.parametrize("linkage", ["average", "single", "complete"])
def test_planted_families_sizes_and_lags(rng, linkage):
    stream, events, truth = planted(rng)
    found = ps.find_families(stream, events, linkage=linkage, **PLAIN)
    tables.FAMILIES.check(found)
    assert found["event_id"].tolist() == events["event_id"].tolist()
    assert rand_index(partition(found), truth["kind"]) == pytest.approx(1.0)
    assert (found["family"] != "").sum() == 9
    for name, part in found[found["family"] != ""].groupby("family"):
        assert name == part["event_id"].iloc[0]  # the earliest
        assert part["master"].sum() == 1
        rows = truth.loc[part.index]
        head = truth.loc[part.index[part["master"]][0]]
        np.testing.assert_allclose(part["lag"], (rows["delay"] - head["delay"]) / RATE, atol=1e-6)
        np.testing.assert_allclose(
            part["relative_magnitude"], rows["log_size"] - head["log_size"], atol=0.02
        )
        own = part[part["master"]].iloc[0]
        assert (own["correlation"], own["lag"]) == (pytest.approx(1), 0)
        assert own["relative_magnitude"] == pytest.approx(0, abs=1e-9)
    lone = found[found["family"] == ""]
    assert lone[["correlation", "lag", "relative_magnitude"]].isna().all(axis=None)
    assert (lone["n_stations"] == 1).all()


def test_matrix_equals_the_literal_sums_and_obspy(rng):
    from obspy.signal.cross_correlation import correlate, xcorr_max

    stream, events, _ = planted(rng, families=(2, 2), alone=1, noise=0.3)
    matrix = ps.correlation_matrix(stream, events, **PLAIN)
    names = events["event_id"].tolist()
    assert matrix.index.tolist() == matrix.columns.tolist() == names
    assert (np.diag(matrix) == 1).all()
    windows = [cut(stream, t) for t in events["time"]]
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            expected = literal(windows[i], windows[j])[0]
            assert matrix.iloc[i, j] == pytest.approx(expected, abs=1e-6)
            assert matrix.iloc[j, i] == matrix.iloc[i, j]
    one = ps.correlation_matrix(stream, events, trace_ids="XX.A..HHZ", **PLAIN)
    for i, j in ((0, 1), (1, 3), (2, 4)):
        cc = correlate(windows[i][2], windows[j][2], 50)
        assert one.iloc[i, j] == pytest.approx(xcorr_max(cc, abs_max=False)[1], abs=1e-6)


def test_row_with_the_master_equals_the_literal_sums(rng):
    stream, events, _ = planted(rng, families=(4,), alone=1, noise=0.3)
    found = ps.find_families(stream, events, min_correlation=0.4, **PLAIN)
    assert (found["family"] != "").sum() == 4
    master = found[found["master"]].iloc[0]
    a = cut(stream, master["time"])
    for row in found[found["family"] != ""].itertuples():
        b = cut(stream, row.time)
        value, k = literal(a, b)
        assert row.correlation == pytest.approx(value, abs=1e-6)
        assert row.lag == pytest.approx(k / RATE, abs=1e-9)
        x, y = a[:, max(-k, 0) : 400 - max(k, 0)], b[:, max(k, 0) : 400 - max(-k, 0)]
        size = np.log10((x * y).sum() / (x * x).sum())
        assert row.relative_magnitude == pytest.approx(size, abs=1e-6)
    matrix = ps.correlation_matrix(stream, events, **PLAIN)
    members = found.loc[found["family"] != "", "event_id"]
    means = matrix.loc[members, members].mean()
    assert master["event_id"] == means.idxmax()


def test_neither_order_nor_scale_nor_offset_matters(rng):
    stream, events, _ = planted(rng)
    first = ps.find_families(stream, events, **PLAIN)
    shuffled = events.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(ps.find_families(stream, shuffled, **PLAIN), first)
    before = [t.data.copy() for t in stream]
    other = stream.copy()
    for trace in other:
        trace.data = trace.data * 1e-9 + 3e-7
    scaled = ps.find_families(other, events, **PLAIN)
    pd.testing.assert_frame_equal(scaled, first, rtol=0, atol=1e-6)
    for trace, data in zip(stream, before, strict=True):
        np.testing.assert_array_equal(trace.data, data)


def test_gaps_and_dead_channels_are_left_out(rng):
    stream, events, truth = planted(rng, families=(4,), alone=0)
    at = [START + (i + 1) * SPACING for i in range(4)]
    stream[0].data[round((at[1] - START - 5) * RATE) :][: round(20 * RATE)] = 7.0  # stands still
    pieces = Stream()
    for trace in stream:  # the third event is cut on one channel, the fourth on all
        hole = 2 if trace.stats.channel == "HHN" else 3
        pieces += trace.slice(None, at[hole] + 2)
        pieces += trace.slice(at[hole] + 3, at[3] + 2 if hole == 2 else None)
    problems = []
    found = ps.find_families(pieces, events, problems=problems, **PLAIN)
    assert found["family"].tolist() == ["ev00"] * 3 + [""]
    assert found["n_stations"].tolist() == [1, 1, 1, 0]
    assert np.isnan(found["correlation"][3])
    assert [p for p in problems if "ev03" in p]
    assert (found["correlation"][:3] > 0.95).all()
    # the dead channel did not count: the same as without it
    rest = pieces.select(channel="HH[NZ]")
    matrix = ps.correlation_matrix(pieces, events, **PLAIN)
    other = ps.correlation_matrix(rest, events, **PLAIN)
    np.testing.assert_allclose(matrix.iloc[0, 1], other.iloc[0, 1], atol=1e-6)
    assert matrix.iloc[3].isna().all()
    master = truth["log_size"][found.index[found["master"]][0]]
    np.testing.assert_allclose(
        found["relative_magnitude"][:3], truth["log_size"][:3] - master, atol=0.02
    )


def test_stations_that_tell(rng):
    stream, events, truth = planted(rng, stations=("A", "B"))
    both = ps.find_families(stream, events, **PLAIN)
    assert (both["n_stations"] == 2).all()
    for trace in stream.select(station="B"):
        trace.data = rng.normal(size=len(trace.data))  # B tells nothing
    events["best_trace_id"] = ["XX.A..HHZ"] * 8 + ["XX.B..HHZ"] * 4
    events["peak_ratio"] = 9.0
    best = ps.find_families(stream, events, **PLAIN)
    assert (best["n_stations"] == 1).all()
    assert rand_index(partition(best), truth["kind"]) == pytest.approx(1.0)
    given = ps.find_families(stream, events, trace_ids=["XX.A.*"], **PLAIN)
    pd.testing.assert_frame_equal(given, best)
    problems = []
    none = ps.find_families(stream, events, min_stations=2, problems=problems, **PLAIN)
    assert (none["family"] == "").all()


def test_picks_align_each_station(rng):
    stream, events, truth = planted(rng, stations=("A", "B"), families=(3, 2), alone=1)
    for trace in stream.select(station="B"):
        trace.stats.starttime += 3.0  # the wave comes there 3 s later
    rows = []
    for i, event in events.iterrows():
        delay = pd.Timedelta(truth["delay"][i] / RATE, unit="s")
        for name, late in (("XX.A..HHZ", 0.0), ("XX.B..HHZ", 3.0)):
            time = event["time"] + delay + pd.Timedelta(late, unit="s")
            rows += [(event["event_id"], name, "P", time)]
            rows += [(event["event_id"], name, "S", time + pd.Timedelta(1.5, unit="s"))]
    picks = pd.DataFrame(rows, columns=["event_id", "trace_id", "phase", "time"])
    found = ps.find_families(stream, picks.sample(frac=1, random_state=1), **PLAIN)
    assert found["event_id"].tolist() == events["event_id"].tolist()
    assert rand_index(partition(found), truth["kind"]) == pytest.approx(1.0)
    like = found[found["family"] != ""]
    np.testing.assert_allclose(like["lag"], 0, atol=1e-6)
    assert (found["n_stations"] == 2).all()
    problems = []
    some = picks[~((picks["event_id"] == "ev00") & (picks["phase"] == "P"))]
    less = ps.find_families(stream, some, problems=problems, **PLAIN)
    assert len(less) == len(events)
    assert [p for p in problems if "ev00" in p]


def test_two_clusters_joined_by_one_member():
    """Hand-worked: a-b-c and d are alike at a cut of 0.3 by chains only."""
    from paektuseis.similarity.families import clusters

    cc = np.array([0.9, 0.5, 0.1, 0.8, 0.1, 0.1], dtype=np.float32)  # ab ac ad bc bd cd
    assert [c.tolist() for c in clusters(cc, 4, 0.3, "single")] == [[0, 1, 2]]
    assert [c.tolist() for c in clusters(cc, 4, 0.3, "complete")] == [[0, 1]]
    # average: c is 1 - (0.5 + 0.8) / 2 = 0.35 from ab
    assert [c.tolist() for c in clusters(cc, 4, 0.3, "average")] == [[0, 1]]
    assert [c.tolist() for c in clusters(cc, 4, 0.35, "average")] == [[0, 1, 2]]
    cc[0] = np.nan  # not compared: as if uncorrelated
    assert [c.tolist() for c in clusters(cc, 4, 0.3, "complete")] == [[1, 2]]


def test_clustering_by_parts_is_the_clustering_of_all(rng):
    from scipy.cluster import hierarchy

    from paektuseis.similarity.families import clusters

    points = rng.normal(size=(80, 3))
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(80, 1)] / 4
    for method in ("average", "single", "complete"):
        names = hierarchy.fcluster(hierarchy.linkage(distance, method), 0.2, "distance")
        got = np.arange(80) + 1000
        for k, members in enumerate(clusters((1 - distance).astype(np.float32), 80, 0.2, method)):
            got[members] = k
        assert rand_index(got, names) == pytest.approx(1.0)


@pytest.fixture
def archive(rng, tmp_path):
    """Return a record over midnight as an archive and as a Stream, and its events."""
    stream, events, truth = planted(rng, families=(4, 3), alone=2, noise=0.1)
    late = UTCDateTime(2020, 1, 1, 23, 57) - START
    for trace in stream:
        trace.stats.starttime += late
        trace.data = np.rint(trace.data * 1e4).astype(np.int32)
    events["time"] += pd.Timedelta(late, unit="s")
    ps.write_sds(stream, tmp_path)
    return ps.Archive(tmp_path), stream, events, truth


@pytest.mark.parametrize("options", [{}, {"sampling_rate": 25.0}, {"trace_ids": "XX.A..HH[EZ]"}])
def test_archive_and_stream_give_the_same(archive, options):
    record, stream, events, truth = archive
    a = ps.find_families(record, events, freqmin=1, freqmax=10, **options)
    b = ps.find_families(stream, events, freqmin=1, freqmax=10, **options)
    pd.testing.assert_frame_equal(a, b, rtol=0, atol=1e-6)
    assert rand_index(partition(a), truth["kind"]) == pytest.approx(1.0)


@pytest.mark.parametrize("sampling_rate", [None, 25.0])
def test_templates_and_repeats_from_an_archive(archive, sampling_rate):
    record, stream, events, truth = archive
    options = {"length": 6, "freqmin": 1, "freqmax": 10, "sampling_rate": sampling_rate}
    first = events.iloc[[int(np.flatnonzero(truth["kind"] == 0)[0])]]
    (a,) = ps.make_templates(record, first, **options)
    (b,) = ps.make_templates(stream, first, **options)
    assert (a.starttime, a.sampling_rate, a.trace_ids) == (
        b.starttime,
        b.sampling_rate,
        b.trace_ids,
    )
    for trace_id in a.trace_ids:
        top = np.abs(b.data[trace_id]).max()
        np.testing.assert_allclose(a.data[trace_id], b.data[trace_id], rtol=0, atol=1e-6 * top)
    x = ps.match_templates(record, a, threshold=0.7)
    y = ps.match_templates(stream, b, threshold=0.7)
    assert len(x) == 4
    pd.testing.assert_frame_equal(x, y, rtol=0, atol=1e-6)
    size = truth.loc[truth["kind"] == 0, "log_size"]
    # half a sample off at 25 Hz is a fifth of a cycle at 10 Hz
    atol = 0.1 if sampling_rate else 0.05
    np.testing.assert_allclose(x["relative_magnitude"], size - size.iloc[0], atol=atol)


def test_the_rate_of_the_archive_counts(rng, tmp_path):
    """A band beyond the Nyquist frequency of 100 Hz is fine where the record has 200 Hz."""
    x = rng.normal(size=30_000)
    header = {"network": "XX", "station": "A", "channel": "HHZ", "sampling_rate": 200.0}
    trace = Trace(np.rint(1e3 * x).astype(np.int32), {**header, "starttime": START})
    ps.write_sds(Stream([trace]), tmp_path)
    events = pd.DataFrame({"event_id": ["a"], "time": [pd.Timestamp((START + 60).ns, tz="UTC")]})
    options = {"length": 5, "freqmin": 20, "freqmax": 70}
    (a,) = ps.make_templates(ps.Archive(tmp_path), events, **options)
    (b,) = ps.make_templates(trace, events, **options)
    np.testing.assert_allclose(a.data["XX.A..HHZ"], b.data["XX.A..HHZ"], atol=1e-3)


def test_channels_that_cannot_be_compared_by_default(rng):
    stream, events, _ = planted(rng)
    slow = stream[2].copy()
    slow.stats.channel, slow.stats.sampling_rate = "LHZ", 1.0
    slow.data = slow.data[: len(slow.data) // 50]
    pressure = stream[2].copy()
    pressure.stats.channel = "HDF"
    pressure.data = rng.normal(size=len(pressure.data))
    options = {**PLAIN, "freqmin": 1.0, "freqmax": 10.0}
    found = ps.find_families(stream + Stream([slow, pressure]), events, **options)
    pd.testing.assert_frame_equal(found, ps.find_families(stream, events, **options))
    with pytest.raises(ps.ParameterError, match="Nyquist"):
        ps.find_families(Stream([slow]), events, trace_ids="*", **options)


def test_refusals(rng):
    stream, events, _ = planted(rng, families=(2,), alone=0)
    for bad in (
        {"linkage": "ward"},
        {"min_correlation": 0},
        {"min_correlation": 1.1},
        {"max_shift": 8.0},
        {"max_shift": -1.0},
        {"length": 0},
        {"min_stations": 0},
    ):
        with pytest.raises(ps.ParameterError, match=next(iter(bad))):
            ps.find_families(stream, events, **{**PLAIN, **bad})
    with pytest.raises(ps.ParameterError, match="time"):
        ps.find_families(stream, events[["event_id"]])
    with pytest.raises(ps.ParameterError, match="ev00"):
        ps.find_families(stream, pd.concat([events, events.iloc[:1]]))
    empty = ps.find_families(stream, events.iloc[:0], **PLAIN)
    assert empty.empty
    tables.FAMILIES.check(empty)


def test_stack_is_the_wave_that_fits_all_members_best(rng):
    stream, events, _ = planted(rng, families=(9, 3), alone=2, noise=0.2)
    found = ps.find_families(stream, events, min_correlation=0.4, **PLAIN)
    stacks = ps.family_stacks(stream, events, found, **PLAIN)
    kept = found[found["family"] != ""]
    assert [t.name for t in stacks] == list(dict.fromkeys(kept["family"]))
    for template in stacks:
        part = kept[kept["family"] == template.name]
        master = part[part["master"]].iloc[0]
        assert pd.Timestamp(template.starttime.ns, tz="UTC") == master["time"] - pd.Timedelta("1s")
        for trace in stream:
            rows = []
            for row in part.itertuples():
                late = pd.Timestamp(row.time).value * 1e-9 - START.timestamp - 1 + row.lag
                window = trace.data[round(late * 50) :][:400]
                rows.append(window - window.mean())
            size = 10 ** part["relative_magnitude"].to_numpy()
            best = np.linalg.lstsq(size[:, None], np.array(rows), rcond=None)[0][0]
            np.testing.assert_allclose(template.data[trace.id], best, rtol=0, atol=1e-5)


def test_noise_falls_and_all_members_are_found_again(rng):
    clean, events, truth = planted(rng, families=(9,), alone=3, noise=0.0)
    stream = clean.copy()
    for trace in stream:
        trace.data = trace.data + 0.25 * rng.normal(size=len(trace.data))
    options = {"freqmin": 1.0, "freqmax": 10.0, "length": 5.0, "before": 0.5}
    found = ps.find_families(stream, events, min_correlation=0.4, **options)
    assert (found["family"] != "").sum() == 9
    (stack,) = ps.family_stacks(stream, events, found, **options)
    master = found[found["master"]]
    cut = {k: options[k] for k in ("length", "before", "freqmin", "freqmax")}
    (pure,) = ps.make_templates(clean, master, **cut)
    (noisy,) = ps.make_templates(stream, master, **cut)

    def error(template):
        return sum(float(((template.data[k] - pure.data[k]) ** 2).sum()) for k in pure.trace_ids)

    assert error(stack) < 0.5 * error(noisy)
    again = ps.match_templates(stream, stack)
    assert len(again) == (truth["kind"] == 0).sum()


def test_picks_keep_the_moveout(rng):
    stream, events, truth = planted(rng, stations=("A", "B"), families=(3,), alone=0)
    for trace in stream.select(station="B"):
        trace.stats.starttime += 3.0
    delay = pd.to_timedelta(truth["delay"] / 50.0, unit="s")
    picks = pd.concat(
        [
            pd.DataFrame(
                {
                    "event_id": events["event_id"],
                    "trace_id": name,
                    "phase": "P",
                    "time": events["time"] + delay + pd.Timedelta(late, unit="s"),
                }
            )
            for name, late in (("XX.A..HHZ", 0), ("XX.B..HHZ", 3))
        ]
    )
    found = ps.find_families(stream, picks, **PLAIN)
    (stack,) = ps.family_stacks(stream, picks, found, **PLAIN)
    assert {k: round(v, 6) for k, v in stack.offsets.items()} == {
        t.id: 3.0 if t.stats.station == "B" else 0.0 for t in stream
    }
    assert len(ps.match_templates(stream, stack)) == 3


def test_stacks_refuse(rng):
    stream, events, _ = planted(rng, families=(3,), alone=1)
    found = ps.find_families(stream, events, **PLAIN)
    with pytest.raises(ps.ParameterError, match="masters"):
        ps.family_stacks(stream, events, found.assign(master=False), **PLAIN)
    with pytest.raises(ps.ParameterError, match="length"):
        ps.family_stacks(stream, events, found, **{**PLAIN, "length": 0})
    assert ps.family_stacks(stream, events, found.assign(family=""), **PLAIN) == []
