"""``magnitude_completeness``: the magnitude from which a catalogue is complete."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..errors import ParameterError
from ..types import Estimate
from ._magnitudes import (
    FloatArray,
    IntArray,
    check_count,
    check_delta,
    check_share,
    magnitude_array,
    to_bins,
)

Method = Literal["maxc", "gft", "bstability", "emr", "ks"]
METHODS = {
    "maxc": "largest bin of the magnitudes plus a correction (Wiemer and Wyss 2000)",
    "gft": "goodness of fit of the Gutenberg-Richter law (Wiemer and Wyss 2000)",
    "bstability": "stability of b under the cut-off (Cao and Gao 2002)",
    "emr": "entire magnitude range (Woessner and Wiemer 2005)",
    "ks": "Kolmogorov-Smirnov distance to the Gutenberg-Richter law (Clauset and others 2009)",
}
_LN10 = math.log(10.0)
_NONE = -1


@dataclass(frozen=True)
class _Settings:
    width: float
    correction: int
    levels: tuple[float, ...]
    span: int
    least: int
    p_pass: float
    beta: float | None
    n_sims: int
    seed: int


def magnitude_completeness(
    mags: ArrayLike,
    *,
    delta_m: float = 0.1,
    method: Method = "maxc",
    correction: float = 0.2,
    levels: tuple[float, ...] = (0.95, 0.90),
    stability_range: float = 0.5,
    p_pass: float = 0.1,
    beta: float | None = None,
    n_sims: int = 1000,
    n_bootstrap: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
    min_events: int = 50,
    min_above: int = 10,
    problems: list[str] | None = None,
) -> Estimate:
    """Estimate the completeness magnitude of a catalogue.

    Parameters
    ----------
    mags : array_like, shape (n,)
        Magnitudes; NaN are left out.
    delta_m : float, optional
        Bin width; magnitudes are rounded to it.
    method : {"maxc", "gft", "bstability", "emr", "ks"}, optional
    correction : float, optional
        Added to the largest bin by ``"maxc"``, which alone is too low.
    levels : tuple of float, optional
        ``"gft"``: shares of the cumulative distribution to be explained; the first that any
        cut-off reaches is taken.
    stability_range : float, optional
        ``"bstability"``: magnitudes over which b is averaged, from the cut-off on.
    p_pass : float, optional
        ``"ks"``: probability from which the law is not rejected.
    beta : float, optional
        ``"ks"``: known b ln 10; otherwise it is fitted, in the simulations too.
    n_sims : int, optional
        ``"ks"``: simulated catalogues for each cut-off.
    n_bootstrap : int, optional
        Resamples for the uncertainty (at most 20 for ``"ks"``); 0 for none.
    confidence : float, optional
        Of the percentiles ``details["lower"]`` and ``details["upper"]``.
    seed : int, optional
    min_events : int, optional
        With fewer magnitudes the value is refused: NaN with ``details["reason"]``.
    min_above : int, optional
        Magnitudes a cut-off must leave to be looked at.
    problems : list of str, optional
        Collects the reason of a refusal.

    Returns
    -------
    Estimate
        ``value`` is a bin centre, ``uncertainty`` the standard deviation over the resamples,
        ``n`` the number of magnitudes given; ``details`` has ``n_above``, the interval, and the
        figures of the method.

    Raises
    ------
    ParameterError
        If an option cannot be used.

    Notes
    -----
    ``"emr"`` takes the smallest cut-off whose log-likelihood lies within 1 of the largest, for
    above the range of partial detection any cut-off describes the catalogue as well.

    The bootstrap tells how much the estimate scatters, not how far the method is off: where
    detection fades over a wide range of magnitudes the methods differ by more than that.

    References
    ----------
    Wiemer and Wyss (2000), Cao and Gao (2002), Woessner and Wiemer (2005), Clauset, Shalizi and
    Newman (2009).

    Examples
    --------
    >>> from paektuseis import simulate_magnitudes
    >>> mags = simulate_magnitudes(b=1.0, mc=1.0, n=500, delta_m=0.1, seed=1)
    >>> magnitude_completeness(mags, method="maxc", correction=0.0).value
    1.0
    """
    if method not in METHODS:
        raise ParameterError(f"method={method!r}; choose one of {', '.join(METHODS)}")
    width = check_delta(delta_m)
    check_share("confidence", confidence)
    shares = tuple(check_share("levels", v) for v in levels)
    if not math.isfinite(correction):
        raise ParameterError(f"correction={correction}; give a number of magnitudes")
    if beta is not None and not (math.isfinite(beta) and beta > 0):
        raise ParameterError(f"beta={beta}; give b ln(10), a positive number, or None")
    settings = _Settings(
        width=width,
        correction=round(correction / width),
        levels=shares,
        span=max(1, round(stability_range / width)),
        least=check_count("min_above", min_above, 2),
        p_pass=check_share("p_pass", p_pass),
        beta=beta,
        n_sims=check_count("n_sims", n_sims, 10),
        seed=seed,
    )
    resamples = check_count("n_bootstrap", n_bootstrap, 0)
    least = check_count("min_events", min_events, 2)
    values = magnitude_array(mags)
    if len(values) < least:
        reason = f"Mc is not estimated from {len(values)} magnitudes; at least {least} are needed"
        return _refused(reason, method, len(values), problems)
    bins, offset = to_bins(values, width)
    first = int(bins.min())
    counts = np.bincount(bins - first).astype(np.int64)
    run = _RUN[method]
    index, details = run(counts, settings)
    if index == _NONE:
        return _refused(details["reason"], method, len(values), problems)
    spread, interval = _bootstrap(
        counts, run, settings, min(resamples, 20) if method == "ks" else resamples, confidence
    )

    def magnitude(k: float) -> float:
        return round(offset + (first + k) * width, 10)

    details["n_above"] = int(counts[max(index, 0) :].sum())
    details["lower"], details["upper"] = (magnitude(k) for k in interval)
    details["confidence"] = float(confidence)
    details["delta_m"] = width
    return Estimate(
        value=magnitude(index),
        units="",
        method=METHODS[method],
        uncertainty=spread * width,
        n=len(values),
        details=details,
    )


def _refused(reason: str, method: str, n: int, problems: list[str] | None) -> Estimate:
    if problems is not None:
        problems.append(reason)
    return Estimate(
        value=math.nan, units="", method=METHODS[method], n=n, details={"reason": reason}
    )


def _bootstrap(
    counts: IntArray, run: _Run, settings: _Settings, count: int, level: float
) -> tuple[float, tuple[float, float]]:
    rng = np.random.default_rng(settings.seed)
    n = int(counts.sum())
    draws = rng.multinomial(n, counts / n, size=count) if count else ()
    found = np.array([i for i, _ in (run(d, settings) for d in draws) if i != _NONE], dtype=float)
    if len(found) < 2:
        return math.nan, (math.nan, math.nan)
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(np.std(found, ddof=1)), (float(low), float(high))


def _cumulative(counts: IntArray) -> IntArray:
    """Return the number of magnitudes in each bin and above."""
    return np.cumsum(counts[::-1])[::-1]


def _slopes(counts: IntArray, settings: _Settings) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return, for each bin as cut-off, beta per bin, the mean excess in bins, and the number."""
    above = _cumulative(counts)
    place = np.arange(len(counts))
    moment = np.cumsum((counts * place)[::-1])[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = moment / above - place
        slope = np.log1p(1.0 / mean)
    usable = (above >= settings.least) & (mean > 1e-12)
    return np.where(usable, slope, np.nan), np.where(usable, mean, np.nan), above


def _maxc(counts: IntArray, settings: _Settings) -> tuple[int, dict[str, Any]]:
    index = int(np.argmax(counts)) + settings.correction
    return index, {"correction": settings.correction * settings.width}


def _gft(counts: IntArray, settings: _Settings) -> tuple[int, dict[str, Any]]:
    slopes, _, above = _slopes(counts, settings)
    fits = np.full(len(counts), -np.inf)
    for k in np.flatnonzero(np.isfinite(slopes)):
        model = above[k] * np.exp(-slopes[k] * np.arange(len(counts) - k))
        fits[k] = 1.0 - np.abs(above[k:] - model).sum() / above[k:].sum()
    for level in settings.levels:
        passed = np.flatnonzero(fits >= level)
        if len(passed):
            return int(passed[0]), {"level": level, "fit": float(fits[passed[0]])}
    best = float(fits.max()) if np.isfinite(fits).any() else math.nan
    return _NONE, {
        "reason": f"no cut-off explains {min(settings.levels):.0%} of the distribution; the best "
        f"explains {best:.0%}"
    }


def _bstability(counts: IntArray, settings: _Settings) -> tuple[int, dict[str, Any]]:
    slopes, mean, above = _slopes(counts, settings)
    place = np.arange(len(counts))
    square = np.cumsum((counts * place**2)[::-1])[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (square - above * (mean + place) ** 2) / (above * (above - 1.0))
    b = slopes / (settings.width * _LN10)
    errors = _LN10 * b**2 * np.sqrt(np.maximum(variance, 0.0)) * settings.width
    for k in range(len(counts) - settings.span + 1):
        window = b[k : k + settings.span]
        if np.isfinite(window).all() and abs(window.mean() - b[k]) < errors[k]:
            return k, {"b_value": float(b[k]), "b_mean": float(window.mean())}
    return _NONE, {
        "reason": "b is not stable within its standard error over "
        f"{settings.span * settings.width:g} magnitudes for any cut-off"
    }


_CENTRES = 48
_WIDTHS = np.geomspace(0.3, 12.0, 28)


def _emr(counts: IntArray, settings: _Settings) -> tuple[int, dict[str, Any]]:
    slopes, _, above = _slopes(counts, settings)
    size = len(counts)
    peak = int(np.argmax(counts))
    centres = np.linspace(-2.0, min(size - 1, peak + 10) + 1.0, _CENTRES)
    mu, sigma = (v.ravel() for v in np.meshgrid(centres, _WIDTHS))
    detect = np.clip(
        stats.norm.cdf((np.arange(size)[None, :] - mu[:, None]) / sigma[:, None]), 1e-12, 1.0
    )
    log_detect = np.log(detect)
    scores = np.full(size, -np.inf)
    chosen = np.zeros(size, dtype=np.int64)
    for k in np.flatnonzero(np.isfinite(slopes)):
        if k > peak + 10:
            break
        top = above[k] * -np.expm1(-slopes[k])  # events expected in the bin of the cut-off
        rate = top * np.exp(-slopes[k] * (np.arange(size) - k))
        score = float(np.sum(counts[k:] * np.log(rate[k:]) - rate[k:]))
        g = 0
        if k:
            low, n_low = rate[:k], counts[:k]
            fits = log_detect[:, :k] @ n_low - detect[:, :k] @ low
            g = int(np.argmax(fits))
            score += float(fits[g] + np.sum(n_low * np.log(low)))
        scores[k], chosen[k] = score, g
    if not np.isfinite(scores).any():
        return _NONE, {"reason": f"no cut-off leaves {settings.least} magnitudes in several bins"}
    where = int(np.flatnonzero(scores >= scores.max() - 1.0)[0])
    which = int(chosen[where])
    return where, {
        "log_likelihood": float(scores[where]),
        "b_value": float(slopes[where] / (settings.width * _LN10)),
        "centre_above_mc": float((mu[which] - where) * settings.width) if where else math.nan,
        "sigma": float(sigma[which] * settings.width) if where else math.nan,
    }


def _ks(counts: IntArray, settings: _Settings) -> tuple[int, dict[str, Any]]:
    slopes, _, _ = _slopes(counts, settings)
    rng = np.random.default_rng(settings.seed)
    tested = []
    for k in np.flatnonzero(np.isfinite(slopes)):
        slope = settings.beta * settings.width if settings.beta is not None else slopes[k]
        p = _ks_probability(counts[k:], float(slope), settings, rng)
        tested.append((int(k), p))
        if p >= settings.p_pass:
            return int(k), {"p_value": p, "p_values": tuple(v for _, v in tested)}
    return _NONE, {"reason": f"the law is rejected at p={settings.p_pass:g} for every cut-off"}


def _ks_probability(
    counts: IntArray, slope: float, settings: _Settings, rng: np.random.Generator
) -> float:
    n = int(counts.sum())
    size = max(len(counts), int(np.ceil((math.log(n) + 12.0) / slope)))
    edges = -np.expm1(-slope * np.arange(1, size + 1))
    seen = np.cumsum(np.pad(counts, (0, size - len(counts)))) / n
    distance = np.abs(seen - edges).max()
    share = np.diff(np.concatenate(([0.0], edges)))
    share[-1] += 1.0 - edges[-1]
    draws = rng.multinomial(n, share, size=settings.n_sims)
    cumulative = np.cumsum(draws, axis=1) / n
    if settings.beta is not None:
        model = edges[None, :]
    else:
        mean = np.maximum(draws @ np.arange(size) / n, 1e-9)
        model = -np.expm1(-np.log1p(1.0 / mean)[:, None] * np.arange(1, size + 1)[None, :])
    return float(np.mean(np.abs(cumulative - model).max(axis=1) >= distance))


_Run = Callable[[IntArray, _Settings], tuple[int, dict[str, Any]]]
_RUN: dict[str, _Run] = {
    "maxc": _maxc, "gft": _gft, "bstability": _bstability, "emr": _emr, "ks": _ks,
}  # fmt: skip
