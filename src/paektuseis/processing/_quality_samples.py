"""Checks of the samples of one channel: dead, clipped, spiky, stepping, drifting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from obspy import Trace, UTCDateTime

from ..provenance import units_of
from ..times import sample_time
from ._kernels import block_means, equal_runs, jumps
from ._traces import NOT_MOTION, SENTINEL, bad_samples, contiguous, runs

if TYPE_CHECKING:
    from .quality import QualityThresholds

Row = dict[str, Any]
Found = list[tuple[int, int, float]]  # first index, end index, figure

FULL_SCALE = 2.0**23
_RAILS = tuple((-(2.0**bits), 2.0**bits - 1) for bits in (15, 23, 31))
_ROOM = 20_000
_PROBE = 20_000
_FEWEST_FLAT = 100
_DENORMAL_SHARE = 0.01


def sample_rows(traces: list[Trace], limits: QualityThresholds) -> list[Row]:
    """Return the findings on the samples of one channel's segments."""
    rows: list[Row] = []
    for trace in traces:
        rows += _damage_rows(trace)
        for part, samples in contiguous(trace):
            if samples.dtype not in (np.int32, np.float32, np.float64):
                wide = samples.dtype.kind == "i" and samples.dtype.itemsize < 4
                samples = samples.astype(np.int32 if wide else np.float64)
            rows += _Segment(part, np.ascontiguousarray(samples), limits).rows()
    return rows


def _damage_rows(trace: Trace) -> list[Row]:
    """Samples that are no measurement."""
    plain = np.asarray(np.ma.getdata(trace.data))
    bad = bad_samples(plain)
    if bad is None:
        return []
    if np.ma.isMaskedArray(trace.data):
        bad = bad & ~np.ma.getmaskarray(trace.data)
    rate, start = float(trace.stats.sampling_rate), trace.stats.starttime
    rows = []
    for a, b in runs(bad):
        values = plain[a:b]
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
        rows.append(
            {
                "trace_id": trace.id,
                "starttime": sample_time(start, a, rate),
                "endtime": sample_time(start, b - 1, rate),
                "check": "nonfinite",
                "severity": "error",
                "message": f"{b - a} samples are no measurement ({', '.join(kinds)})",
                "value": float(b - a),
                "units": "samples",
                "limit": 0.0,
            }
        )
    return rows


class _Segment:
    """One contiguous run of samples and what was found in it."""

    def __init__(self, trace: Trace, samples: NDArray[Any], limits: QualityThresholds) -> None:
        self.trace = trace
        self.x = samples
        self.limits = limits
        self.rate = float(trace.stats.sampling_rate)
        self.units = units_of(trace)
        self.low, self.high = float(samples.min()), float(samples.max())
        self.scale, self.quantum = _usual_difference(samples)
        self.artefact_edges: list[int] = []

    def rows(self) -> list[Row]:
        """Every finding of the segment."""
        if self.x.dtype.kind == "f" and (share := _denormal(self.x)) > _DENORMAL_SHARE:
            message = f"{100 * share:.0f} % of the samples are denormal floats: wrongly decoded"
            return [
                self._row(
                    "denormal", "error", 0, len(self.x), message, share, "share", _DENORMAL_SHARE
                )
            ]
        out = self._equal_rows()
        if self.high > self.low:
            out += self._jump_rows() + self._level_rows()
        return out

    def _row(
        self,
        check: str,
        severity: str,
        begin: int,
        end: int,
        message: str,
        value: float,
        units: str,
        limit: float,
    ) -> Row:
        return {
            "trace_id": self.trace.id,
            "starttime": self._at(begin),
            "endtime": self._at(max(begin, end - 1)),
            "check": check,
            "severity": severity,
            "message": message,
            "value": float(value),
            "units": units,
            "limit": float(limit),
        }

    def _at(self, index: int) -> UTCDateTime:
        return sample_time(self.trace.stats.starttime, index, self.rate)

    # -- runs of equal samples ------------------------------------------------------------
    def _equal_rows(self) -> list[Row]:
        limits = self.limits
        flat = max(round(limits.flat_seconds * self.rate), _FEWEST_FLAT)
        step = max(limits.clip_step * self.quantum, self.scale)
        table, _ = equal_runs(self.x, self.low, self.high, limits.clip_samples, flat, step, _ROOM)
        rows: list[Row] = []
        zeros: Found = []
        clips: Found = []
        for begin, end, larger, smaller in table:
            a, b = int(begin), int(end)
            value = float(self.x[a])
            if b - a >= flat:
                seconds = (b - a) / self.rate
                rows.append(
                    self._row(
                        "flat",
                        "error",
                        a,
                        b,
                        f"every sample is {value:.9g} for {seconds:.6g} s: dead or stuck",
                        seconds,
                        "s",
                        flat / self.rate,
                    )
                )
                self.artefact_edges += [a, b]
            elif value == 0 and self._never_measured(b - a, smaller):
                zeros.append((a, b, float(b - a)))
                self.artefact_edges += [a, b]
            elif value in (self.low, self.high) and larger >= step and self.low < self.high:
                clips.append((a, b, float(b - a)))
        for a, b, total in self._joined(zeros):
            rows.append(
                self._row(
                    "zero_run",
                    "error",
                    a,
                    b,
                    f"{total:.0f} zeros in a row on a live channel: a "
                    "drop-out or a gap filled with zeros",
                    total,
                    "samples",
                    limits.zero_samples,
                )
            )
        return rows + self._clip_rows(clips)

    def _never_measured(self, length: int, smaller_step: float) -> bool:
        live = self.scale >= 2 * self.quantum
        enough = length >= self.limits.zero_samples
        # fewer zeros will do where the record jumps to them and back
        return live and (enough or smaller_step >= self.limits.jump * self.scale)

    def _clip_rows(self, clips: Found) -> list[Row]:
        levels = {float(self.x[a]) for a, _, _ in clips}
        if levels:  # once a level is known to clip, every sample that stands there is clipped
            there = np.logical_or.reduce([self.x == level for level in levels])
            clips = [(a, b, float(b - a)) for a, b in runs(there)]
        for low, high in _RAILS:
            reached = self.low == low or self.high == high
            if reached and self.x.dtype.kind == "i" and self.low >= low and self.high <= high:
                at_rail = (self.x == np.int64(low)) | (self.x == np.int64(high))
                if low == -(2.0**15) and np.count_nonzero(at_rail) < 3:
                    break  # a 24-bit record may well touch this value once
                clips = sorted({*clips, *((a, b, float(b - a)) for a, b in runs(at_rail))})
                break
        return [
            self._row(
                "clipped",
                "warning",
                a,
                b,
                f"{total:.0f} samples stand at the extremes ({self.low:.9g}, {self.high:.9g}): "
                "clipped, amplitudes are too small",
                total,
                "samples",
                self.limits.clip_samples,
            )
            for a, b, total in self._joined(clips)
        ]

    def _joined(self, found: Found) -> Found:
        """Join findings closer than ``merge`` seconds, adding up their figures."""
        gap = self.limits.merge * self.rate
        out: Found = []
        for a, b, figure in sorted(found):
            if out and a - out[-1][1] <= gap:
                out[-1] = (out[-1][0], max(b, out[-1][1]), out[-1][2] + figure)
            else:
                out.append((a, b, figure))
        return out

    # -- jumps ------------------------------------------------------------------------------
    def _jump_rows(self) -> list[Row]:
        limits = self.limits
        least = limits.jump * max(self.scale, self.quantum)
        near = max(round(limits.spike_calm * self.rate), 10)
        far = max(round(limits.step_calm * self.rate), 20)
        table, _ = jumps(self.x, least, limits.isolation, limits.spike_samples, near, far, _ROOM)
        spikes: Found = [(int(a), int(b), 1.0) for kind, a, b, _ in table if kind == 1]
        rows = []
        for a, b, count in self._joined(spikes):
            top = max((abs(h), h) for kind, i, _, h in table if kind == 1 and a <= i < b)[1]
            rows.append(
                self._row(
                    "spike",
                    "warning",
                    a,
                    b,
                    f"{count:.0f} isolated spike{'s' if count > 1 else ''} of up to {top:+.6g} "
                    f"{self.units} ({abs(top) / max(self.scale, self.quantum):.0f} times the usual "
                    "difference of samples)",
                    count,
                    "spikes",
                    least,
                )
            )
        edges = np.array(sorted(self.artefact_edges))
        for kind, begin, end, height in table:
            a, b = int(begin), int(end)
            if kind != 2 or (edges.size and np.abs(edges - a).min() <= 1):
                continue
            rows.append(
                self._row(
                    "step",
                    "warning",
                    a,
                    b,
                    f"the level jumps by {height:+.6g} {self.units} and stays",
                    height,
                    self.units,
                    least,
                )
            )
        return rows

    # -- level --------------------------------------------------------------------------------
    def _level_rows(self) -> list[Row]:
        if self.units != "counts":
            return []
        size = max(1, round(60 * self.rate))
        means = block_means(self.x, size)
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
                f"the mean drifts by {change:+.6g} counts over "
                f"{len(self.x) / self.rate / 3600:.3g} h",
            )
        return rows

    def _graded(self, check: str, value: float, share: float, message: str) -> list[Row]:
        limit = share * FULL_SCALE
        if abs(value) <= limit / 5:
            return []
        severity = "warning" if abs(value) > limit else "info"
        used = limit if severity == "warning" else limit / 5
        return [self._row(check, severity, 0, len(self.x), message, value, "counts", used)]


def _usual_difference(x: NDArray[Any]) -> tuple[float, float]:
    """Return the median absolute difference of neighbours, and the sample resolution."""
    if len(x) < 2:
        return 0.0, 1.0
    stride = max(1, (len(x) - 1) // _PROBE)
    at = np.arange(0, len(x) - 1, stride)
    steps = np.abs(x[at + 1].astype(np.float64) - x[at].astype(np.float64))
    moving = steps[steps > 0]
    if x.dtype.kind == "i":
        quantum = 1.0
    else:
        quantum = float(moving.min()) if moving.size else float(np.finfo(np.float32).tiny)
    return float(np.median(steps)), quantum


def _denormal(x: NDArray[Any]) -> float:
    probe = np.abs(x[:: max(1, len(x) // _PROBE)].astype(np.float64))
    return float(np.mean((probe > 0) & (probe < 1e-37)))
