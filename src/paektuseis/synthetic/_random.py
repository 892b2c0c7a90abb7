"""Random streams that depend on what they are for, not on the order of the work."""

from __future__ import annotations

import zlib

import numpy as np

NOISE, WIND, EVENT, PROGRAMME, FAULTS, OFFSET = range(6)


def generator(seed: int, purpose: int, *keys: str | int) -> np.random.Generator:
    """Return the generator of one purpose and one set of keys (a station, a block, ...).

    The same arguments always give the same stream, so that leaving out a
    station, or simulating a longer time, changes nothing in the others.
    """
    path = [zlib.crc32(k.encode()) if isinstance(k, str) else int(k) for k in keys]
    sequence = np.random.SeedSequence(entropy=int(seed), spawn_key=(purpose, *path))
    return np.random.Generator(np.random.PCG64(sequence))
