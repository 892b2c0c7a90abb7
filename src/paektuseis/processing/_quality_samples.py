"""Checks of the samples of one channel: dead, clipped, spiky, stepping, drifting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from obspy import Trace

from ..provenance import units_of
from ._kernels import block_means, equal_runs, jumps, survey
from ._quality_scale import scale_of
from ._quality_span import Row, Span
from ._traces import NOT_MOTION, SENTINEL, bad_samples, piece, plain_samples, require_samples, runs

if TYPE_CHECKING:
    from .quality import QualityThresholds

Found = list[tuple[int, int]]  # first index, end index

FULL_SCALE = 2.0**23
_RAILS = tuple((-(2.0**bits), 2.0**bits - 1) for bits in (15, 23, 31))
_ROOM = 20_000
_PROBE = 20_000
_FEWEST_FLAT = 100
_FEWEST_CALM = 20
_BLOCK = 512
_DENORMAL_SHARE = 0.01
_MARGIN = 0.1
"""Seconds on either side of a square wave that go with it."""


def sample_rows(traces: list[Trace], limits: QualityThresholds, span: Span) -> list[Row]:
    """Return the findings on the samples of one channel's segments."""
    rows: list[Row] = []
    for trace in traces:
        plain = require_samples(trace)
        if plain.dtype.kind == "i" and not np.ma.isMaskedArray(trace.data):
            segment = _Segment(trace, plain, limits, span)
            if segment.low > SENTINEL:  # the lowest is known: no need to look for damage
                rows += segment.rows()
                continue
        bad = bad_samples(trace.data)
        if bad is None:
            rows += _Segment(trace, plain, limits, span).rows()
            continue
        rows += _damage_rows(trace, plain, bad, span)
        for a, b in runs(~bad):
            part = piece(trace, a, b, plain[a:b])
            rows += _Segment(part, part.data, limits, span).rows()
    return rows


def _damage_rows(
    trace: Trace, plain: NDArray[Any], bad: NDArray[np.bool_], span: Span
) -> list[Row]:
    """Samples that are no measurement."""
    if np.ma.isMaskedArray(trace.data):
        bad = bad & ~np.ma.getmaskarray(trace.data)
    rows: list[Row] = []
    for begin, end in runs(bad):
        for a, b in span.parts(trace, begin, end):
            kinds = _kinds_of_damage(plain[a:b])
            row = {
                "check": "nonfinite",
                "severity": "error",
                "message": f"{b - a} samples are no measurement ({', '.join(kinds)})",
                "value": float(b - a),
                "units": "samples",
                "limit": 0.0,
            }
            rows += span.rows(trace, a, b, row)
    return rows


def _kinds_of_damage(values: NDArray[Any]) -> list[str]:
    kinds = []
    if (values == SENTINEL).any():
        kinds.append("the gap value -2**31")
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            if np.isnan(values).any():
                kinds.append("NaN")
            if np.isinf(values).any():
                kinds.append("infinite")
            if (np.isfinite(values) & (np.abs(values) >= NOT_MOTION)).any():
                kinds.append("beyond 1e30")
    return kinds


class _Segment:
    """One contiguous run of samples and what was found in it."""

    def __init__(
        self, trace: Trace, samples: NDArray[Any], limits: QualityThresholds, span: Span
    ) -> None:
        self.trace = trace
        self.x = plain_samples(samples)
        self.limits = limits
        self.span = span
        self.rate = float(trace.stats.sampling_rate)
        self.units = units_of(trace)
        self.flat = max(round(limits.flat_seconds * self.rate), _FEWEST_FLAT)
        self.stuck = min(self.flat, max(round(limits.stuck_seconds * self.rate), _FEWEST_FLAT))
        # a run that is stuck covers at least one block, which is then constant
        self.block = min(self.stuck // 2, _BLOCK)
        self.blocks = survey(self.x, self.block)
        self.low = float(self.blocks[:, 0].min())
        self.high = float(self.blocks[:, 1].max())
        self.scale = scale_of(self.x, int(trace.stats.starttime.ns), self.rate)
        self.artefact_edges: list[int] = []

    def rows(self) -> list[Row]:
        """Every finding of the segment."""
        if self.x.dtype.kind == "f" and (share := _denormal(self.x)) > _DENORMAL_SHARE:
            message = f"{100 * share:.0f} % of the samples are denormal floats: wrongly decoded"
            whole = [(0, len(self.x))]
            return self._rows(
                "denormal", "error", whole, partial(_say, message, share), "share", _DENORMAL_SHARE
            )
        out = self._equal_rows()
        if self.high > self.low:
            out += self._jump_rows() + self._level_rows()
        return out

    def _rows(
        self,
        check: str,
        severity: str,
        members: Found,
        say: Callable[[Found], tuple[str, float]],
        units: str,
        limit: float,
    ) -> list[Row]:
        """Rows for findings that belong together; ``say`` gives message and figure of a part."""
        rows: list[Row] = []
        for a, b in self.span.parts(self.trace, members[0][0], max(end for _, end in members)):
            mine = [(max(a, c), min(b, d)) for c, d in members if max(a, c) < min(b, d)]
            message, value = say(mine)
            row = {
                "check": check,
                "severity": severity,
                "message": message,
                "value": float(value),
                "units": units,
                "limit": float(limit),
            }
            rows += self.span.rows(self.trace, a, b, row)
        return rows

    def _near(self, blocks: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the index ranges of blocks that are marked."""
        ranges = np.array(runs(blocks), dtype=np.int64).reshape(-1, 2) * self.block
        return np.minimum(ranges, len(self.x))

    def _joined(self, found: Found) -> list[Found]:
        """Group findings closer than ``merge`` seconds."""
        gap = self.limits.merge * self.rate
        out: list[Found] = []
        last = 0
        for a, b in sorted(found):
            if out and a - last <= gap:
                out[-1].append((a, b))
            else:
                out.append([(a, b)])
            last = max(b, last)
        return out

    # -- runs of equal samples ------------------------------------------------------------
    def _equal_rows(self) -> list[Row]:
        limits, scale = self.limits, self.scale
        low, high, steps, zeros = self.blocks.T
        live = scale.usual >= 2 * scale.quantum
        edge = np.maximum(limits.clip_step * scale.quantum, scale.usual)
        fall = limits.jump * float(scale.usual[live].min()) if live.any() else np.inf
        many = limits.zero_samples if live.any() else len(self.x) + 1
        look = (low == high) | (low == self.low) | (high == self.high)
        look |= (2 * zeros >= many) | (steps >= fall)
        if not look.any():
            return self._clip_rows([])
        table, _ = equal_runs(
            self.x,
            self._near(look),
            self.low,
            self.high,
            limits.clip_samples,
            many,
            self.stuck if live.any() else self.flat,
            float(edge.min()),
            fall,
            _ROOM,
        )
        rows: list[Row] = []
        gone: Found = []
        held: Found = []
        clips: Found = []
        for begin, end, larger, smaller in table:
            a, b = int(begin), int(end)
            value, cell = float(self.x[a]), scale.cell(a)
            if b - a >= self.flat:
                rows += self._rows(
                    "flat", "error", [(a, b)], self._say_flat, "s", self.flat / self.rate
                )
                self.artefact_edges += [a, b]
            elif (
                value == 0
                and live[cell]
                and (b - a >= many or smaller >= limits.jump * scale.usual[cell])
            ):  # fewer zeros will do where the record jumps to them and back
                gone.append((a, b))
                self.artefact_edges += [a, b]
            elif (
                live[cell]
                and (
                    b - a >= self.stuck
                    or (b - a >= many and smaller >= limits.jump * scale.usual[cell])
                )
                and self._calm_around(a, b, limits.jump * float(scale.usual[cell]))
            ):  # asked before clipping, which is told by what else was read
                held.append((a, b))
                self.artefact_edges += [a, b]
            elif value in (self.low, self.high) and larger >= edge[cell] and self.low < self.high:
                clips.append((a, b))
        for group in self._joined(held):
            rows += self._rows("held", "error", group, self._say_held, "s", self.stuck / self.rate)
        for group in self._joined(gone):
            rows += self._rows(
                "zero_run", "error", group, _say_zeros, "samples", limits.zero_samples
            )
        return rows + self._clip_rows(clips)

    def _calm_around(self, begin: int, end: int, jump: float) -> bool:
        """Whether no sample before and after a run jumps, as it does in an event that clips.

        Next to an end of the segment nobody knows.
        """
        width = max(round(self.limits.step_calm * self.rate), _FEWEST_CALM)
        for part in (self.x[max(begin - width, 0) : begin], self.x[end : end + width]):
            if len(part) < _FEWEST_CALM:
                return False
            steps = np.subtract(part[1:], part[:-1], dtype=np.float64)
            if np.abs(steps).max() > jump:
                return False
        return True

    def _say_flat(self, runs: Found) -> tuple[str, float]:
        ((a, b),) = runs
        seconds = (b - a) / self.rate
        whole = "" if b - a >= self.flat else ", the part of a longer run in this span"
        value = float(self.x[a])
        return f"every sample is {value:.9g} for {seconds:.6g} s: dead or stuck{whole}", seconds

    def _say_held(self, runs: Found) -> tuple[str, float]:
        seconds = sum(b - a for a, b in runs) / self.rate
        value = float(self.x[runs[0][0]])
        return f"the value {value:.9g} is held for {seconds:.6g} s on a live channel", seconds

    def _clip_rows(self, clips: Found) -> list[Row]:
        levels = {float(self.x[a]) for a, _ in clips}
        if levels:  # once a level is known to clip, every sample that stands there is clipped
            there = np.logical_or.reduce([self.x == level for level in levels])
            clips = runs(there)
        for low, high in _RAILS:
            reached = self.low == low or self.high == high
            if reached and self.x.dtype.kind == "i" and self.low >= low and self.high <= high:
                at_rail = (self.x == np.int64(low)) | (np.abs(self.x) == np.int64(high))
                if low == -(2.0**15) and np.count_nonzero(at_rail) < 3:
                    break  # a 24-bit record may well touch this value once
                clips = sorted({*clips, *runs(at_rail)})
                break
        rows: list[Row] = []
        for group in self._joined(clips):
            rows += self._rows(
                "clipped", "warning", group, self._say_clipped, "samples", self.limits.clip_samples
            )
        return rows

    def _say_clipped(self, runs: Found) -> tuple[str, float]:
        total = sum(b - a for a, b in runs)
        return (
            f"{total} samples stand at the extremes ({self.low:.9g}, {self.high:.9g}): "
            "clipped, amplitudes are too small",
            total,
        )

    # -- jumps ------------------------------------------------------------------------------
    def _jump_rows(self) -> list[Row]:
        limits, scale = self.limits, self.scale
        least = limits.jump * scale.unit
        near = max(round(limits.spike_calm * self.rate), 10)
        far = max(round(limits.step_calm * self.rate), 20)
        starts = np.arange(len(self.blocks)) * self.block
        first = np.searchsorted(scale.edges, starts, side="right") - 1
        last = np.minimum(starts + self.block, len(self.x)) - 1
        last = np.searchsorted(scale.edges, last, side="right") - 1
        look = self.blocks[:, 2] > np.minimum(least[first], least[last])
        if not look.any():
            return []
        table, _ = jumps(
            self.x,
            self._near(look),
            scale.edges,
            least,
            limits.isolation,
            limits.spike_samples,
            near,
            far,
            _ROOM,
        )
        heights = {int(a): float(h) for kind, a, _, h in table if kind == 1}
        rows: list[Row] = []

        def say(spikes: Found) -> tuple[str, float]:
            height, at = max((abs(heights[a]), a) for a, _ in spikes if a in heights)
            return (
                f"{len(spikes)} isolated spike{'s' if len(spikes) > 1 else ''} of up to "
                f"{heights[at]:+.6g} {self.units} ({height / scale.unit[scale.cell(at)]:.0f} times "
                "the usual difference of samples)",
                len(spikes),
            )

        for group in self._joined([(int(a), int(b)) for kind, a, b, _ in table if kind == 1]):
            rows += self._rows(
                "spike", "warning", group, say, "spikes", least[scale.cell(group[0][0])]
            )
        edges = np.array(sorted(self.artefact_edges))
        steps = [
            (int(a), int(b), float(height))
            for kind, a, b, height in table
            if kind == 2 and not (edges.size and np.abs(edges - a).min() <= 1)
        ]
        rows += self._calibration_rows([(a, height) for a, _, height in steps])
        for a, b, height in steps:
            say_step = partial(
                _say, f"the level jumps by {height:+.6g} {self.units} and stays", height
            )
            limit = least[scale.cell(a)]
            rows += self._rows("step", "warning", [(a, b)], say_step, self.units, limit)
        return rows

    def _calibration_rows(self, steps: list[tuple[int, float]]) -> list[Row]:
        """Steps up and down by turns, alike in height and distance: a square wave fed in."""
        rows: list[Row] = []
        longest = self.limits.calibration_period / 2 * self.rate
        for train in _trains(steps, longest, self.limits.calibration_steps):
            margin = round(_MARGIN * self.rate)
            a = max(train[0][0] - margin, 0)
            b = min(train[-1][0] + margin, len(self.x))
            height = float(np.median([abs(h) for _, h in train]))
            message = (
                f"{len(train)} steps up and down by turns, {height:.6g} {self.units} high: "
                "a square wave of the calibration"
            )
            say = partial(_say, message, len(train))
            least = self.limits.calibration_steps
            rows += self._rows("calibration", "error", [(a, b)], say, "steps", least)
        return rows

    # -- level --------------------------------------------------------------------------------
    def _level_rows(self) -> list[Row]:
        if self.units != "counts":
            return []
        size = max(1, round(60 * self.rate))
        begin, end = self.span.inside(self.trace)
        if begin == end:
            return []
        x = self.x[begin:end]
        means = block_means(x, size)
        level = float(np.mean(means))
        rows = self._graded(
            "dc_offset",
            level,
            self.limits.offset,
            f"the mean is {level:+.6g} counts: check the offset (mass position)",
        )
        if len(means) >= 10:
            t = np.arange(len(means)) - 0.5 * (len(means) - 1)
            change = float(np.sum(t * means) / np.sum(t * t) * len(means))
            rows += self._graded(
                "dc_drift",
                change,
                self.limits.drift,
                f"the mean drifts by {change:+.6g} counts over {len(x) / self.rate / 3600:.3g} h",
            )
        return rows

    def _graded(self, check: str, value: float, share: float, message: str) -> list[Row]:
        limit = share * FULL_SCALE
        if abs(value) <= limit / 5:
            return []
        severity = "warning" if abs(value) > limit else "info"
        used = limit if severity == "warning" else limit / 5
        inside = [self.span.inside(self.trace)]
        return self._rows(check, severity, inside, partial(_say, message, value), "counts", used)


def _trains(
    steps: list[tuple[int, float]], longest: float, least: int
) -> list[list[tuple[int, float]]]:
    """Return series of at least so many steps that alternate, alike in height and distance.

    The first and the last step of a wave around the resting level are half as high.
    """
    out: list[list[tuple[int, float]]] = []
    train: list[tuple[int, float]] = []
    for step in [*steps, None]:
        if step is not None and train:
            (a, h), (b, g) = train[-1], step
            spacing = train[-1][0] - train[-2][0] if len(train) > 1 else b - a
            alike = h * g < 0 and 0.4 <= abs(g / h) <= 2.5
            if alike and b - a <= longest and abs(b - a - spacing) <= 0.1 * spacing + 2:
                train.append(step)
                continue
        if len(train) >= least:
            out.append(train)
        train = [] if step is None else [step]
    return out


def _say(message: str, value: float, _: Found) -> tuple[str, float]:
    return message, value


def _say_zeros(runs: Found) -> tuple[str, float]:
    total = sum(b - a for a, b in runs)
    return (
        f"{total} zeros in a row on a live channel: a drop-out or a gap filled with zeros",
        total,
    )


def _denormal(x: NDArray[Any]) -> float:
    probe = np.abs(x[:: max(1, len(x) // _PROBE)].astype(np.float64))
    return float(np.mean((probe > 0) & (probe < 1e-37)))
