"""Running normalised correlation of many templates with prepared pieces, on one grid of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from .._segments import Segment
from ..errors import WaveformError
from ._kernels import add_products, window_deviation
from ._prepare import Prepared, nearest, position
from .templates import Template

FloatArray = NDArray[np.float64]
LEAST_BLOCK = 8192
QUIET = 1e-9
"""Windows this much smaller than the piece's largest sample carry nothing but rounding."""


@dataclass(frozen=True)
class Running:
    """Mean correlation of templates (rows) on the grid ``anchor + (first + i) / rate``.

    NaN where fewer than the channels asked for have a record.
    """

    values: NDArray[np.float32]
    channels: NDArray[np.uint16]
    first: int


@dataclass(frozen=True)
class Found:
    """A template at one place of the grid, restated in double precision without any FFT."""

    ns: int
    correlation: float
    relative_magnitude: float
    n_channels: int


def running_correlation(
    prepared: Prepared,
    templates: Sequence[Template],
    *,
    anchor_ns: int,
    first: int,
    last: int,
    min_channels: int,
) -> Running:
    """Correlate templates of one sampling rate with a record.

    Parameters
    ----------
    prepared : Prepared
    templates : sequence of Template
    anchor_ns : int
        Instant of grid sample 0.
    first, last : int
        Grid samples wanted, ``last`` not included.
    min_channels : int
        Below this many channels there is no value.

    Notes
    -----
    Overlap-save: a block of the record is transformed once for all templates of a length, the
    products are transformed back together, divided by the deviation of each window and added.
    """
    total = np.zeros((len(templates), max(last - first, 0)), dtype=np.float32)
    count = np.zeros(total.shape, dtype=np.uint16)
    for size in sorted({t.npts for t in templates}):
        for trace_id in sorted({k for t in templates for k in t.data}):
            rows = [i for i, t in enumerate(templates) if t.npts == size and trace_id in t.data]
            pieces = prepared.segments.get(trace_id, [])
            if not rows or not pieces:
                continue
            chosen = [templates[i] for i in rows]
            shapes = np.stack([unit_shape(t.data[trace_id]) for t in chosen])
            for piece in pieces:
                _require_rate(piece, chosen[0])
                shifts = np.array([_shift(piece, t, trace_id, anchor_ns) for t in chosen])
                _add_piece(
                    total,
                    count,
                    np.array(rows),
                    piece,
                    prepared.flat.get(trace_id, []),
                    shapes,
                    shifts - first,
                )
    with np.errstate(invalid="ignore", divide="ignore"):
        np.divide(total, count, out=total)
    total[count < min_channels] = np.nan
    return Running(total, count, first)


def unit_shape(window: FloatArray) -> FloatArray:
    """Return a window without its mean, of norm one."""
    centred = window - window.mean()
    centred -= centred.mean()
    return np.asarray(centred / np.sqrt(np.dot(centred, centred)))


def window_scale(piece: Segment, size: int, flat: list[tuple[int, int]]) -> FloatArray:
    """Return one over the norm of each window without its mean; 0 where it does not vary."""
    x = np.ascontiguousarray(piece.data, dtype=np.float64)
    if x.size < size:
        return np.zeros(0)
    deviation = window_deviation(x, size)
    floor = size * (QUIET * float(np.abs(x).max())) ** 2
    scale = np.zeros_like(deviation)
    sound = deviation > floor
    scale[sound] = 1.0 / np.sqrt(deviation[sound])
    for a, b in flat:  # windows wholly inside a span where the raw samples stand still
        begin = max(int(piece.first_at(a)), 0)
        end = min(int(piece.first_at(b)) - size + 1, scale.size)
        if end > begin:
            scale[begin:end] = 0.0
    return scale


def restated(
    prepared: Prepared,
    template: Template,
    place: int,
    *,
    anchor_ns: int,
) -> Found | None:
    """Return correlation, size and time of a template at a grid sample, by literal sums."""
    values, times, own, shared = [], [], 0.0, 0.0
    for trace_id, window in template.data.items():
        centred = window - window.mean()
        for piece in prepared.segments.get(trace_id, []):
            j = place - _shift(piece, template, trace_id, anchor_ns)
            if not 0 <= j <= len(piece.data) - template.npts:
                continue
            x = np.asarray(piece.data[j : j + template.npts], dtype=np.float64)
            begin = piece.start_ns + round(j / piece.sampling_rate * 1e9)
            end = begin + round(template.npts / piece.sampling_rate * 1e9)
            if any(a <= begin and end <= b for a, b in prepared.flat.get(trace_id, [])):
                continue
            x = x - x.mean()
            norm = float(np.sqrt(np.dot(x, x) * np.dot(centred, centred)))
            if norm <= 0:
                continue
            values.append(float(np.dot(x, centred)) / norm)
            times.append(begin - round(template.offsets[trace_id] * 1e9))
            shared += float(np.dot(x, centred))
            own += float(np.dot(centred, centred))
            break
    if not values:
        return None
    base = times[0]
    return Found(
        ns=base + round(float(np.mean([t - base for t in times]))),
        correlation=float(np.mean(values)),
        relative_magnitude=float(np.log10(shared / own)) if shared > 0 else float("nan"),
        n_channels=len(values),
    )


def _shift(piece: Segment, template: Template, trace_id: str, anchor_ns: int) -> int:
    """Return the grid sample the template's start stands on when its window is the first."""
    begin = piece.start_ns - round(template.offsets[trace_id] * 1e9)
    return nearest(position(begin, anchor_ns, piece.sampling_rate))


def _require_rate(piece: Segment, template: Template) -> None:
    if abs(piece.sampling_rate / template.sampling_rate - 1) > 1e-6:
        raise WaveformError(
            f"{piece.trace_id} has {piece.sampling_rate:g} Hz, template {template.name!r} "
            f"{template.sampling_rate:g} Hz; make the templates with sampling_rate= a rate that "
            "divides both"
        )


def _add_piece(
    total: NDArray[np.float32],
    count: NDArray[np.uint16],
    rows: NDArray[Any],
    piece: Segment,
    flat: list[tuple[int, int]],
    shapes: FloatArray,
    begins: NDArray[Any],
) -> None:
    """Add the correlation of one piece; ``begins`` is where its first window falls in a row."""
    size = shapes.shape[1]
    windows = len(piece.data) - size + 1
    low = max(int(-begins.max()), 0)
    high = min(total.shape[1] - int(begins.min()), windows)
    if high <= low:
        return
    # cut to what is needed; the floor of quiet windows stays that of the part used
    part = piece.part(low, high + size - 1)
    scale = window_scale(part, size, flat)
    x = np.ascontiguousarray(part.data, dtype=np.float64)
    x = x - x.mean()
    span = block_size(size, x.size)
    step = span - size + 1
    spectra = np.conj(fft.rfft(shapes, span, axis=1))
    product = np.empty_like(spectra)
    for at in range(0, scale.size, step):
        block = fft.rfft(x[at : at + span], span)
        np.multiply(spectra, block, out=product)
        back = fft.irfft(product, span, axis=1, overwrite_x=True)
        add_products(total, count, rows, begins + (low + at), back, scale[at : at + step])


def block_size(size: int, available: int) -> int:
    """Return the length of the transforms: about 8,192 or eight templates, fast to transform."""
    wanted = max(LEAST_BLOCK, 1 << int(np.ceil(np.log2(8 * size))))
    return int(min(wanted, fft.next_fast_len(available, real=True)))
