"""A bank of filters over one record: each sample is read once, for all bands.

A bank is an array of second-order sections, one cascade for each band
(:func:`bank_sections`); :func:`bank_block` carries their states from block to
block, so that a record of any length needs the memory of one block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel

FloatArray = NDArray[np.float64]


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
    n = end - begin
    for lane in range(sections.shape[0]):
        row = out[lane]
        for i in range(n):
            row[i] = x[begin + i] - offset
        for s in range(sections.shape[1]):
            b0, b1, b2, a1, a2 = sections[lane, s]
            z0, z1 = state[lane, s]
            for i in range(n):
                u = row[i]
                y = b0 * u + z0
                z0 = b1 * u - a1 * y + z1
                z1 = b2 * u - a2 * y
                row[i] = y
            state[lane, s, 0] = z0
            state[lane, s, 1] = z1
