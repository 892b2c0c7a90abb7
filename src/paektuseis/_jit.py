"""How kernels are compiled: one decorator, used by every ``_kernels.py``.

Kernels take plain arrays and return plain arrays, release the GIL and are
cached on disk. Where no cache folder can be written (a read-only
installation without a home) they are compiled anew in each process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Compile a function of plain arrays with Numba (nopython, no GIL, cached).

    Sums keep the order they are written in: with leave to change it, a kernel compiled anew and
    the same one from the disk may differ in the last bits.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    compiled: object
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        compiled = numba.njit(**options)(function)
    return cast(F, compiled)
