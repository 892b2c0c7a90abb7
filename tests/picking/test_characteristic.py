"""AIC and kurtosis against literal restatements."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import kurtosis

from paektuseis import ParameterError, aic_function, kurtosis_function
from paektuseis.picking._kernels import running_kurtosis


def literal_aic(x):
    """Maeda (1985), term by term."""
    n = len(x)
    out = np.full(n, np.inf)
    for k in range(2, n - 1):
        out[k] = k * np.log(np.var(x[:k])) + (n - k - 1) * np.log(np.var(x[k:]))
    return out


def literal_f4(f1):
    """Baillard et al. (2014), step by step."""
    f2 = [0.0]
    for a, b in itertools.pairwise(f1):
        f2.append(f2[-1] + max(b - a, 0.0))
    n = len(f2)
    f3 = [v - (f2[0] + (f2[-1] - f2[0]) * i / (n - 1)) for i, v in enumerate(f2)]
    out = []
    for i in range(n):
        peak = next(
            (j for j in range(max(i, 1), n - 1) if f3[j] >= f3[j - 1] and f3[j] > f3[j + 1]), n - 1
        )
        out.append(min(f3[i] - f3[peak], 0.0))
    return np.array(out)


def test_aic_is_maedas(rng):
    x = rng.standard_normal(400) + 1000.0
    x[250:] += 7 * rng.standard_normal(150)
    got = aic_function(x)
    want = literal_aic(x)
    assert np.array_equal(np.isinf(got), np.isinf(want))
    finite = np.isfinite(want)
    np.testing.assert_allclose(got[finite], want[finite], rtol=1e-9, atol=1e-7)
    assert abs(int(np.argmin(got)) - 250) <= 2


def test_aic_of_two_components_averages_their_variances(rng):
    x = rng.standard_normal((2, 120)) * [[1.0], [4.0]]
    got = aic_function(x)
    for k in (2, 17, 60, 118):
        v1 = np.mean([np.var(row[:k]) for row in x])
        v2 = np.mean([np.var(row[k:]) for row in x])
        assert got[k] == pytest.approx(2 * (k * np.log(v1) + (120 - k - 1) * np.log(v2)))


def test_running_kurtosis_is_scipys(rng):
    x = rng.standard_normal(300) ** 3 + 50.0
    got = running_kurtosis(x, 40)
    assert np.isnan(got[:39]).all()
    want = [kurtosis(x[i - 39 : i + 1]) for i in range(39, 300)]
    np.testing.assert_allclose(got[39:], want, rtol=1e-9, atol=1e-9)


def test_kurtosis_function_is_baillards(rng):
    x = rng.standard_normal(500)
    x[300:] *= 20
    got = kurtosis_function(x, samples=100)
    f1 = np.array([kurtosis(x[i - 99 : i + 1]) for i in range(99, 500)])
    assert np.isnan(got[:99]).all()
    np.testing.assert_allclose(got[99:], literal_f4(f1), atol=1e-8)
    assert (got[99:] <= 0).all()
    assert abs(int(np.nanargmin(got)) - 300) <= 3


@pytest.mark.parametrize("bad", [np.ones((2, 3, 4)), [1.0, np.nan, 2.0], [1.0, np.inf]])
def test_what_is_no_row_is_refused(bad):
    with pytest.raises(ParameterError):
        aic_function(bad)
    with pytest.raises(ParameterError):
        kurtosis_function(bad, samples=8)


def test_kurtosis_wants_one_row_and_four_samples(rng):
    with pytest.raises(ParameterError, match="one row"):
        kurtosis_function(rng.standard_normal((2, 50)), samples=8)
    with pytest.raises(ParameterError, match="samples=3"):
        kurtosis_function(rng.standard_normal(50), samples=3)


def test_flat_rows_have_no_onset():
    assert np.isinf(aic_function(np.zeros(50))).all()
    assert np.isnan(kurtosis_function(np.full(50, 3.0), samples=10)).all()
