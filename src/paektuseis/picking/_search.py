"""Where in a record the first arrival of its main event may be, to a few tenths of a second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

AHEAD = 0.4
"""Seconds after a sample whose energy is held against that of the seconds before."""
BEHIND = 4.0
NOISE = 2.0
"""Seconds of record a pick needs before it."""
AFTER = 0.6
"""Seconds of record a pick needs after it."""
SMOOTH = 0.5
EVENT = 15.0
"""Seconds an event's largest amplitude may come after its first arrival."""
SHARE = 0.5
"""Share of the largest rise (in logarithms) that a first arrival must reach."""
TOGETHER = 0.3
CLOSE, CLEAR = 2.0, 2.0
"""Seconds from a trigger within which a rise (natural log) as large as this is its event's."""
EVENT_NEAR = 6.0


@dataclass(frozen=True)
class Candidate:
    """A rise of energy: sample, its size (natural log of power ratio), and the event's peak."""

    index: int
    rise: float
    peak: int
    height: float


def sums(energy: FloatArray) -> FloatArray:
    """Return running sums along the last axis, beginning with 0."""
    out = np.zeros((*energy.shape[:-1], energy.shape[-1] + 1))
    np.cumsum(energy, axis=-1, out=out[..., 1:])
    return out


def _two_best(rows: FloatArray) -> FloatArray:
    return np.asarray(np.sort(rows, axis=0)[-2:].mean(axis=0))


def rises(total: FloatArray, rate: float) -> FloatArray:
    """Return ln(mean energy ahead / mean energy behind) at each sample, -9 where not known."""
    n = total.shape[-1] - 1
    t = np.arange(n)
    ahead = np.minimum(t + max(2, round(AHEAD * rate)), n)
    behind = np.maximum(t - round(BEHIND * rate), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        above = (total[:, ahead] - total[:, t]) / (ahead - t)
        below = (total[:, t] - total[:, behind]) / (t - behind)
        out = np.log(above) - np.log(below)
    out[:, : round(NOISE * rate)] = -9.0
    out[:, max(0, n - round(AFTER * rate)) :] = -9.0
    return np.asarray(np.nan_to_num(out, nan=-9.0, posinf=-9.0, neginf=-9.0))


def find_onset(
    components: FloatArray, rate: float, first: int, last: int, near: int | None = None
) -> Candidate | None:
    """Return the first arrival of the main event whose onset lies in samples [first, last).

    Parameters
    ----------
    components : ndarray, shape (components, bands, n)
        The vertical, and whatever horizontals there are, in several bands.
    rate : float
        Hertz.
    first, last : int
        Where the onset is looked for.
    near : int, optional
        Sample of a trigger: an event that clearly rises there is taken though a larger one
        follows.
    """
    n = components.shape[2]
    width = max(2, round(SMOOTH * rate))
    first = max(first, round(NOISE * rate))
    last = min(last, n - round(AFTER * rate))
    if last - first < 2 or n < width + 2:
        return None
    score = _two_best(rises(sums(components[0] ** 2), rate))
    level = _level(components, width)
    after = EVENT
    if near is not None:
        a, b = max(first, near - round(CLOSE * rate)), min(last, near + round(CLOSE * rate) + 1)
        if b > a and float(score[a:b].max()) >= CLEAR:
            last, after = b, EVENT_NEAR
    reach = min(last + round(after * rate), len(level))
    peak = first + int(np.argmax(level[first:reach]))
    begin = max(first, peak - round(EVENT * rate))
    end = min(last, peak + width)
    if end - begin < 2:
        begin, end = max(first, last - round(EVENT * rate)), last
    return _earliest(score, level, rate, (begin, end, peak))


def _level(components: FloatArray, width: int) -> FloatArray:
    """Return ln(power in a window from each sample on / its 20 % quantile), of all components."""
    ratio = np.zeros((components.shape[1], components.shape[2] - width + 1))
    for part in components:
        total = sums(part**2)
        smooth = np.maximum(total[:, width:] - total[:, :-width], 0.0)
        floor = np.quantile(smooth, 0.2, axis=1, keepdims=True)
        tiny = 1e-12 * smooth.max(axis=1, keepdims=True) + 1e-300
        ratio += smooth / np.maximum(floor, tiny)
    return _two_best(np.log(np.maximum(ratio / len(components), 1e-3)))


def _earliest(
    score: FloatArray, level: FloatArray, rate: float, span: tuple[int, int, int]
) -> Candidate:
    """Return the first rise that the event's peak follows without falling back to noise."""
    begin, end, peak = span
    part = score[begin:end]
    above = np.flatnonzero(part >= SHARE * max(part.max(), 0.0))
    if not len(above):
        above = np.array([int(np.argmax(part))])
    groups = np.split(above, np.flatnonzero(np.diff(above) > round(TOGETHER * rate)) + 1)
    found = begin
    for group in groups:
        found = begin + int(group[np.argmax(part[group])])
        before = level[max(0, found - round(3.0 * rate)) : max(1, found - round(0.6 * rate))]
        between = level[found + round(0.2 * rate) : peak]
        quiet = float(np.median(before)) + 0.3 if len(before) else 0.3
        if len(between) == 0 or np.quantile(between, 0.1) > quiet:
            break
    return Candidate(found, float(score[found]), peak, float(level[min(peak, len(level) - 1)]))
