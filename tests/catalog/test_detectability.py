"""Thresholds from events planted and found, against other software and planted truth."""

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from paektuseis.catalog._detectability import binomial_interval, rising, threshold

SIZES = np.arange(0.0, 2.01, 0.25)


@pytest.mark.parametrize(("detected", "n"), [(0, 5), (3, 7), (20, 20), (39, 40), (1, 100)])
@pytest.mark.parametrize("confidence", [0.68, 0.95])
def test_interval_is_that_of_scipy(detected: int, n: int, confidence: float) -> None:
    truth = scipy.stats.binomtest(detected, n).proportion_ci(confidence, method="exact")
    found = binomial_interval(detected, n, confidence)
    assert found == pytest.approx((truth.low, truth.high), abs=1e-9)


def test_rising_is_isotonic_regression(rng) -> None:
    curves = rng.random((30, 9))
    truth = [scipy.optimize.isotonic_regression(c).x for c in curves]
    np.testing.assert_allclose(rising(curves), truth, atol=1e-12)


def hits_of(shares, trials: int = 20):
    return np.array([[k < round(s * trials) for s in shares] for k in range(trials)])


def find(hits, share=0.5, sizes=SIZES, seed=1):
    return threshold(
        sizes,
        hits,
        share,
        confidence=0.95,
        n_bootstrap=200,
        rng=np.random.default_rng(seed),
    )


def test_worked_by_hand() -> None:
    found = find(hits_of([0.0, 0.2, 0.8, 1.0]), sizes=np.array([0.0, 1.0, 2.0, 3.0]))
    assert found.value == pytest.approx(1.5)
    # 4 of 20: at most 0.437 with 97.5 %; 16 of 20: at least 0.563
    assert (found.lower, found.upper) == (1.0, 2.0)
    assert found.uncertainty >= 1.0 / math.sqrt(12.0)
    assert find(hits_of([0.0, 0.2, 0.8, 1.0]), 0.9, np.arange(4.0)).value == pytest.approx(2.5)


def test_ninety_per_cent_is_not_sure_with_twenty_events() -> None:
    found = find(hits_of([0.0, 0.0, 1.0, 1.0]), 0.9, np.arange(4.0))
    assert found.value == pytest.approx(1.9)
    assert math.isnan(found.upper)  # 20 of 20 are at least 0.83 with 97.5 %
    enough = find(hits_of([0.0, 0.0, 1.0, 1.0], 36), 0.9, np.arange(4.0))
    assert enough.upper == 2.0


@pytest.mark.parametrize(
    ("shares", "words"),
    [([0.0, 0.1, 0.2, 0.4], "plant larger ones"), ([0.6, 0.7, 1.0, 1.0], "plant smaller ones")],
)
def test_refused_where_not_bracketed(shares, words: str) -> None:
    found = find(hits_of(shares), sizes=np.arange(4.0))
    assert math.isnan(found.value)
    assert math.isnan(found.uncertainty)
    assert words in found.note


def test_planted_threshold_is_found_with_honest_errors(rng) -> None:
    """Trials with a known normal detection curve: value without bias, errors not too small."""
    true, width, trials = 1.07, 0.2, 40
    chance = scipy.stats.norm.cdf((SIZES - true) / width)
    errors, pulls, inside = [], [], 0
    for _ in range(150):
        hits = rng.random((trials, 1)) < chance  # the same noise at each magnitude
        found = find(hits)
        errors.append(found.value - true)
        pulls.append((found.value - true) / found.uncertainty)
        inside += found.lower <= true <= found.upper
    assert abs(np.mean(errors)) < 0.02
    assert np.std(pulls) < 1.0
    assert inside >= 0.95 * 150
