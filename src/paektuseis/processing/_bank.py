"""A bank of filters over one record: each sample is read once, for all bands.

A bank is an array of second-order sections, one cascade for each band
(:func:`bank_sections`); :func:`bank_block` carries their states from block to
block, so that a record of any length needs the memory of one block. Four bands
run side by side (:mod:`._lanes`). A value does not depend on the blocks, nor on
which other bands are in the bank.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel
from ._lanes import WIDTH, four_zeros, fused, get3, negated, plus, scaled, set2, set3, times

FloatArray = NDArray[np.float64]

BLOCK = 8192
"""Samples of a block that stays in the cache."""

SILENT = 1e-250
"""A filter's state below this is set to zero at the end of a block.

Numbers below 1e-308 are some hundred times slower than others, and a filter that
rings out in a stretch of zeros ends among them.
"""


def bank_sections(designs: Sequence[NDArray[np.float64]]) -> FloatArray:
    """Return cascades side by side: (L, S, 5) with b0, b1, b2, a1, a2 of each section.

    Parameters
    ----------
    designs : sequence of ndarray, shape (S_i, 6)
        Second-order sections as scipy writes them, with a0 = 1.

    Returns
    -------
    ndarray, shape (L, S, 5)
        Shorter cascades are filled up with sections that pass everything.
    """
    longest = max(len(design) for design in designs)
    out = np.zeros((len(designs), longest, 5))
    out[:, :, 0] = 1.0
    for lane, design in enumerate(designs):
        out[lane, : len(design), :3] = design[:, :3]
        out[lane, : len(design), 3:] = design[:, 4:]
    return out


@kernel
def bank_block(
    x: Any, begin: int, end: int, offset: float, sections: Any, state: Any, out: Any
) -> None:
    """Filter ``x[begin:end] - offset`` by each cascade into ``out[lane, : end - begin]``.

    ``state`` (L, S, 2) is carried from block to block; zeros are a start at rest.
    """
    u = np.empty(end - begin)
    for i in range(end - begin):
        u[i] = x[begin + i] - offset
    start: Any = np.int64(0)
    bank_rows(u, sections, state, out, start)


@kernel
def bank_rows(u: Any, sections: Any, state: Any, out: Any, place: int) -> None:
    """Filter float64 ``u`` by each cascade into ``out[lane, place : place + u.size]``."""
    lanes, depth = sections.shape[0], sections.shape[1]
    lane: Any = np.int64(0)  # a plain 0 would be a type of its own, and all be compiled twice
    while lane < lanes:
        last = lane
        while last < lanes and last < lane + WIDTH and _resonant(sections, last):
            last += 1
        if last > lane + 1:
            _resonators(u, sections, state, out, lane, last - 1, place, four_zeros())
        elif last == lane + 1:
            _resonators(u, sections, state, out, lane, last - 1, place, 0.0)
        else:
            last += 1
            for i in range(u.size):
                out[lane, place + i] = u[i]
            _section_by_section(u.size, sections, state, out, lane, place)
        lane = last
    for lane in range(lanes):
        for s in range(depth):
            for k in range(2):
                if abs(state[lane, s, k]) < SILENT:
                    state[lane, s, k] = 0.0


def filtered(x: NDArray[Any], sections: FloatArray) -> FloatArray:
    """Return a whole record filtered by each cascade from rest, shape (L, n)."""
    out = np.empty((len(sections), len(x)))
    state = np.zeros((*sections.shape[:2], 2))
    for begin in range(0, len(x), BLOCK):
        block = np.asarray(x[begin : begin + BLOCK], dtype=np.float64)
        bank_rows(np.ascontiguousarray(block), sections, state, out, begin)
    return out


@kernel
def _resonant(sections: Any, lane: int) -> bool:
    """Whether a cascade is g (1, 0, -1), twice (1, 0, -1), (1, b1, b2), and nothing more."""
    if sections.shape[1] < 4:
        return False
    for s in range(sections.shape[1]):
        b0, b1, b2 = sections[lane, s, 0], sections[lane, s, 1], sections[lane, s, 2]
        if s > 0 and b0 != 1.0:
            return False
        if s < 3 and (b1 != 0.0 or b2 != -b0):
            return False
        if s > 3:
            for k in range(1, 5):
                if sections[lane, s, k] != 0.0:
                    return False
    return True


@kernel
def _resonators(
    u: Any, sections: Any, state: Any, out: Any, lane: int, last: int, place: int, like: Any
) -> None:
    """Run four sections in a row, the first three with numerator (1, 0, -1)."""
    g = get3(sections, lane, last, 0, 0, like)
    a1 = negated(get3(sections, lane, last, 0, 3, like))
    a2 = negated(get3(sections, lane, last, 0, 4, like))
    b1 = negated(get3(sections, lane, last, 1, 3, like))
    b2 = negated(get3(sections, lane, last, 1, 4, like))
    c1 = negated(get3(sections, lane, last, 2, 3, like))
    c2 = negated(get3(sections, lane, last, 2, 4, like))
    d1 = negated(get3(sections, lane, last, 3, 3, like))
    d2 = negated(get3(sections, lane, last, 3, 4, like))
    n1 = get3(sections, lane, last, 3, 1, like)
    n2 = get3(sections, lane, last, 3, 2, like)
    p0, q0 = get3(state, lane, last, 0, 0, like), get3(state, lane, last, 0, 1, like)
    p1, q1 = get3(state, lane, last, 1, 0, like), get3(state, lane, last, 1, 1, like)
    p2, q2 = get3(state, lane, last, 2, 0, like), get3(state, lane, last, 2, 1, like)
    p3, q3 = get3(state, lane, last, 3, 0, like), get3(state, lane, last, 3, 1, like)
    for i in range(u.size):
        x = scaled(g, u[i])
        y0 = plus(x, p0)
        p0 = fused(a1, y0, q0)
        q0 = fused(a2, y0, negated(x))
        y1 = plus(y0, p1)
        p1 = fused(b1, y1, q1)
        q1 = fused(b2, y1, negated(y0))
        y2 = plus(y1, p2)
        p2 = fused(c1, y2, q2)
        q2 = fused(c2, y2, negated(y1))
        y3 = plus(y2, p3)
        p3 = fused(d1, y3, fused(n1, y2, q3))
        q3 = fused(d2, y3, times(n2, y2))
        set2(out, lane, last, place + i, y3)
    set3(state, lane, last, 0, 0, p0)
    set3(state, lane, last, 0, 1, q0)
    set3(state, lane, last, 1, 0, p1)
    set3(state, lane, last, 1, 1, q1)
    set3(state, lane, last, 2, 0, p2)
    set3(state, lane, last, 2, 1, q2)
    set3(state, lane, last, 3, 0, p3)
    set3(state, lane, last, 3, 1, q3)


@kernel
def _section_by_section(n: int, sections: Any, state: Any, out: Any, lane: int, place: int) -> None:
    """Run any cascade over ``out[lane]``, in place, two sections at a time."""
    depth = sections.shape[1]
    for s in range(0, depth, 2):
        b0, b1, b2 = sections[lane, s, 0], sections[lane, s, 1], sections[lane, s, 2]
        a1, a2 = -sections[lane, s, 3], -sections[lane, s, 4]
        p0, q0 = state[lane, s, 0], state[lane, s, 1]
        e0, e1, e2, d1, d2, p1, q1 = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        if s + 1 < depth:
            e0, e1, e2 = (
                sections[lane, s + 1, 0],
                sections[lane, s + 1, 1],
                sections[lane, s + 1, 2],
            )
            d1, d2 = -sections[lane, s + 1, 3], -sections[lane, s + 1, 4]
            p1, q1 = state[lane, s + 1, 0], state[lane, s + 1, 1]
        for i in range(place, place + n):
            x = out[lane, i]
            y = fused(b0, x, p0)
            p0 = fused(a1, y, fused(b1, x, q0))
            q0 = fused(a2, y, b2 * x)
            z = fused(e0, y, p1)
            p1 = fused(d1, z, fused(e1, y, q1))
            q1 = fused(d2, z, e2 * y)
            out[lane, i] = z
        state[lane, s, 0], state[lane, s, 1] = p0, q0
        if s + 1 < depth:
            state[lane, s + 1, 0], state[lane, s + 1, 1] = p1, q1
