"""b-values, completeness, rates, times between events and swarms against independent truths."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import paektuseis as ps
from paektuseis.catalog import bvalue
from paektuseis.errors import ParameterError

CASES = [
    ("b_value = 1", 0, 0.1, 0.3, 0.9985052731, 0.9941299341, 1.0076848377, 1.0325957951),
    ("b_value = 1.5", 0.5, 0.01, None, 1.4861149766, 1.4859699805, 1.4946439855, 1.4768419842),
    ("b_value = 0.5", 2, 0.2, None, 0.5012460754, 0.4990321892, 0.4903952164, 0.4869048158),
]


@pytest.mark.parametrize("case", CASES, ids=[c[0] for c in CASES])
def test_b_equals_published_reference_to_ten_digits(real_data, case):
    folder = real_data / "catalogues_stats/seismostats/bvalue/tests/data"
    column, mc, delta_m, dmc, *expected = case
    mags = pd.read_csv(folder / "simulated_magnitudes.csv")[column].to_numpy()
    for method, truth in zip(("tinti", "utsu", "positive", "more_positive"), expected, strict=True):
        b = ps.b_value(
            mags,
            mc=mc,
            delta_m=delta_m,
            method=method,
            dmc=dmc if "positive" in method else None,
        )
        assert b.value == pytest.approx(truth, abs=6e-11), method


def test_b_by_hand_and_shi_bolt():
    mags = np.array([1.0, 1.1, 1.0, 1.3, 1.2, 1.0, 1.6, 1.1, 1.0, 1.4, 0.9, 0.2])
    used = mags[mags >= 0.95]
    mean = used.mean()
    aki = ps.b_value(mags, mc=1.0, delta_m=0.1, method="aki")
    assert aki.value == pytest.approx(math.log10(math.e) / (mean - 1.0), rel=1e-9)
    error = math.log(10) * aki.value**2 * np.sqrt(np.sum((used - mean) ** 2) / (10 * 9))
    assert aki.uncertainty == pytest.approx(error, rel=1e-9)
    assert aki.n == 10
    assert aki.a_value == pytest.approx(1 + aki.value * 1.0, rel=1e-9)


def test_decimal_fractions_do_not_fall_off_the_edge():
    mags = np.round(np.arange(0.0, 3.0, 0.1), 1)
    for mc in mags[:15]:
        assert ps.b_value(mags, mc=mc, delta_m=0.1).n == np.sum(
            np.round(mags * 10) >= mc * 10 - 0.1
        )


@pytest.mark.parametrize("method", ["tinti", "positive"])
@pytest.mark.parametrize(("delta_m", "n"), [(0.1, 12), (0.1, 60), (0.1, 200), (0.0, 30)])
def test_intervals_of_b_cover_at_their_nominal_rate(method, delta_m, n):
    trials, truth = 1200, 0.9
    hits = {0.68: 0, 0.95: 0}
    for seed in range(trials):
        mags = ps.simulate_magnitudes(b=truth, mc=1.0, n=n * 2, delta_m=delta_m, seed=seed)
        for level in hits:
            b = ps.b_value(
                mags, mc=1.0, delta_m=delta_m, method=method, confidence=level, min_events=2
            )
            hits[level] += b.lower <= truth <= b.upper
    for level, hit in hits.items():
        # three points of the brief, and the scatter of 1200 trials (three standard errors)
        scatter = 3 * math.sqrt(level * (1 - level) / trials)
        assert abs(hit / trials - level) < max(0.03, scatter), (level, hit / trials)


def test_the_interval_of_differences_that_share_magnitudes_covers():
    trials, level, truth, hits = 300, 0.68, 0.9, 0
    for seed in range(trials):
        mags = ps.simulate_magnitudes(b=truth, mc=1.0, n=30, delta_m=0.1, seed=seed)
        b = ps.b_value(
            mags, mc=1.0, method="more_positive", confidence=level, min_events=2, seed=seed
        )
        hits += b.lower <= truth <= b.upper
    scatter = 3 * math.sqrt(level * (1 - level) / trials)
    assert abs(hits / trials - level) < 0.03 + scatter  # taken as independent they give 0.46


@pytest.mark.parametrize("least", [0, 1, 3, 0.25])
def test_many_catalogues_at_once_are_as_one_by_one(rng, least):
    values = rng.exponential(2.0, (40, 25))
    values = np.floor(values) if least != 0.25 else values
    means = bvalue._means_to_next_larger(values, least)
    for row, mean in zip(values, means, strict=True):
        wanted = []
        for i, value in enumerate(row):
            later = [v for v in row[i + 1 :] if v > value and v >= value + least]
            wanted += [later[0] - value - least] if later else []
        assert mean == pytest.approx(np.mean(wanted), rel=1e-12)


def test_too_few_events_are_refused_with_a_reason():
    problems: list[str] = []
    b = ps.b_value([1.0, 1.2, 1.3], mc=1.0, delta_m=0.1, problems=problems)
    assert math.isnan(b.value)
    assert math.isnan(b.lower)
    assert "at least 10" in problems[0]
    assert problems[0] == b.details["reason"]
    mc = ps.magnitude_completeness([1.0] * 20, problems=problems)
    assert math.isnan(mc.value)
    assert "at least 50" in problems[1]
    assert math.isnan(ps.b_value(np.ones(100), mc=mc.value).value)
    with pytest.raises(ParameterError, match="needs mc"):
        ps.b_value([1.0] * 20)
    with pytest.raises(ParameterError, match="choose one of"):
        ps.b_value([1.0] * 20, mc=1, method="other")


@pytest.mark.parametrize("method", ["gft", "bstability", "emr", "ks"])
def test_completeness_of_a_sharp_cut(method):
    mags = ps.simulate_magnitudes(b=1.0, mc=1.2, n=3000, delta_m=0.1, seed=3)
    mc = ps.magnitude_completeness(mags, method=method, n_bootstrap=20, seed=1)
    assert mc.value == pytest.approx(1.2, abs=0.101)


def test_completeness_methods_on_faded_detection():
    rng = np.random.default_rng(5)
    full = ps.simulate_magnitudes(b=1.0, mc=-1.0, n=60_000, delta_m=0.1, seed=4)
    seen = full[rng.random(len(full)) < stats.norm.cdf(full, 0.5, 0.15)]
    mode = pd.Series(np.round(seen, 1)).mode()[0]
    maxc = ps.magnitude_completeness(seen, method="maxc", n_bootstrap=50)
    assert maxc.value == pytest.approx(mode + 0.2)
    assert maxc.uncertainty < 0.1
    for method in ("gft", "bstability", "emr"):
        mc = ps.magnitude_completeness(seen, method=method, n_bootstrap=0)
        assert 0.3 <= mc.value <= 1.0, (method, mc.value)


def test_goodness_of_fit_equals_its_definition():
    mags = np.random.default_rng(2).exponential(0.4, 400).round(1) + 1.0
    mags = np.concatenate([mags, np.full(20, 0.5)])
    mc = ps.magnitude_completeness(mags, method="gft", levels=(0.9,), n_bootstrap=0)
    passed = []
    for cut in np.round(np.arange(0.5, 3.0, 0.1), 1):
        used = mags[mags >= cut - 0.05]
        if len(used) < 10:
            break
        b = math.log10(1 + 0.1 / (used.mean() - cut)) / 0.1
        grid = np.round(np.arange(cut, mags.max() + 0.05, 0.1), 1)
        seen = np.array([(mags >= g - 0.05).sum() for g in grid])
        model = len(used) * 10 ** (-b * (grid - cut))
        if 1 - np.abs(seen - model).sum() / seen.sum() >= 0.9:
            passed.append(cut)
    assert mc.value == pytest.approx(passed[0])


def test_rate_intervals_equal_chi_square_and_cover():
    exact = ps.rate_interval(7, 2.0, method="exact")
    assert exact.lower == pytest.approx(stats.chi2.ppf(0.025, 14) / 2 / 2.0)
    assert exact.upper == pytest.approx(stats.chi2.ppf(0.975, 16) / 2 / 2.0)
    assert math.isnan(ps.rate_interval(0, 0.0).value)
    rng = np.random.default_rng(0)
    for level in (0.68, 0.95):
        inside = []
        for mean in rng.uniform(3.0, 30.0, 3000):
            rate = ps.rate_interval(int(rng.poisson(mean)), 1.0, confidence=level)
            inside.append(rate.lower <= mean <= rate.upper)
        assert abs(np.mean(inside) - level) < 0.03


def test_event_rate_carries_the_interval():
    times = pd.date_range("2010-09-01T00:00:10", periods=5, freq="1min", tz="UTC")
    row = ps.event_rate(
        pd.DataFrame({"time": times}), starttime="2010-09-01", endtime="2010-09-02", window=86400
    ).iloc[0]
    one = ps.rate_interval(5, 1.0)
    assert (row["rate_lower"], row["rate_upper"]) == pytest.approx((one.lower, one.upper))


def test_times_between_events_of_a_gamma_process():
    rng = np.random.default_rng(1)
    seconds = rng.gamma(2.5, 40.0, 4000)
    times = pd.Timestamp("2010-01-01", tz="UTC") + pd.to_timedelta(np.cumsum(seconds), unit="s")
    found = ps.inter_event_times(times)
    shape, _, _ = stats.gamma.fit(np.asarray(found.seconds), floc=0)
    assert found.gamma_shape.value == pytest.approx(shape, rel=1e-4)
    assert abs(found.gamma_shape.value - 2.5) < 4 * found.gamma_shape.uncertainty
    assert abs(found.cv.value - 1 / math.sqrt(2.5)) < 4 * found.cv.uncertainty
    gap = pd.DataFrame({"starttime": [times[10]], "endtime": [times[12]]})
    assert ps.inter_event_times(times, gaps=gap).n_broken == 2


def events_at(seconds, latitude=42.0, longitude=128.0):
    time = pd.Timestamp("2010-09-01", tz="UTC") + pd.to_timedelta(
        np.asarray(seconds, float), unit="s"
    )
    ids = [f"e{i}" for i in range(len(time))]
    return pd.DataFrame(
        {"event_id": ids, "time": time, "latitude": latitude, "longitude": longitude}
    )


def test_cluster_needs_place_and_time():
    near = events_at(np.arange(6) * 3500.0)
    found = ps.find_swarms(near)
    assert found[["rule", "n_events"]].values.tolist() == [["cluster", 6]]
    assert len(ps.find_swarms(near.head(5))) == 0
    assert len(ps.find_swarms(events_at(np.arange(6) * 3700.0))) == 0
    far = near.assign(latitude=42.0 + np.arange(6) * 0.05)  # 5.6 km apart
    assert len(ps.find_swarms(far)) == 0
    assert ps.find_swarms(far, max_distance_km=6.0)["n_events"].tolist() == [6]


def test_count_and_rate_rules():
    lone = events_at(np.arange(12) * 7000.0).drop(columns=["latitude", "longitude"])
    found = ps.find_swarms(lone, background_rate=1.0)
    assert found["rule"].tolist() == ["count", "rate"]
    assert found["probability"].iloc[1] == pytest.approx(stats.poisson.sf(11, 1.0))
    two = pd.concat([lone, lone.assign(time=lone["time"] + pd.Timedelta("10D"))])
    assert len(ps.find_swarms(two)) == 2


def test_moment_and_frequencies():
    table = ps.cumulative_moment([1.0, np.nan, 2.0], ["2010-01-03", "2010-01-02", "2010-01-01"])
    assert table["moment"].tolist() == pytest.approx([10**12.1, 10**10.6])
    assert table["cumulative_moment"].iloc[-1] == pytest.approx(10**12.1 + 10**10.6)
    fmd = ps.frequency_magnitude([0.3, 0.1 + 0.2, 0.6], delta_m=0.1)
    assert fmd["magnitude"].tolist() == [0.3, 0.4, 0.5, 0.6]
    assert fmd["count"].tolist() == [2, 0, 0, 1]


def test_completeness_by_stability_of_a_real_catalogue_equals_the_published_value(real_data):
    path = real_data / "catalogues_stats/seismostats/tests/data/catalog_sed.csv"
    mags = pd.read_csv(path)["magnitude"].round(2)
    for above in (-9.0, 0.115):  # the published figure looks at cut-offs from 0.12 on
        mc = ps.magnitude_completeness(
            mags[mags > above],
            method="bstability",
            delta_m=0.01,
            stability_range=0.5,
            n_bootstrap=0,
        )
        assert mc.value == pytest.approx(1.44)


def test_probability_of_the_ks_distance_equals_a_plain_simulation():
    rng = np.random.default_rng(8)
    mags = np.concatenate([np.round(rng.exponential(1 / 2.24, 94) + 1.05, 1), np.full(6, 1.0)])
    passed = ps.magnitude_completeness(
        mags, method="ks", beta=2.24, n_sims=5000, n_bootstrap=0, p_pass=0.05
    )
    cuts = np.round(1.0 + 0.1 * np.arange(len(passed.details["p_values"])), 1)
    for cut, found in zip(cuts, passed.details["p_values"], strict=True):
        bins = np.round((mags[mags >= cut - 0.05] - cut) / 0.1)
        edges = np.arange(60)
        law = 1 - np.exp(-0.224 * (edges + 1))

        def distance(sample, edges=edges, law=law):
            return np.abs((sample[:, None] <= edges).mean(axis=0) - law).max()

        seen = distance(bins)
        drawn = [
            distance(np.floor(rng.exponential(1 / 0.224, len(bins)))) >= seen - 1e-12
            for _ in range(1500)
        ]
        assert found == pytest.approx(np.mean(drawn), abs=0.04), cut
