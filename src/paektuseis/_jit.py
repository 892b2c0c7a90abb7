"""How kernels are compiled: one decorator, used by every ``_kernels.py``.

Kernels take plain arrays and return plain arrays, release the GIL and are
cached on disk. Where no cache folder can be written (a read-only
installation without a home) they are compiled anew in each process.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

import numba

F = TypeVar("F", bound=Callable[..., object])


@overload
def kernel(function: F) -> F: ...


@overload
def kernel(*, reorder: bool) -> Callable[[F], F]: ...


def kernel(function: Any = None, *, reorder: bool = False) -> Any:
    """Compile a function of plain arrays with Numba (nopython, no GIL, cached).

    With ``reorder`` sums may be taken in another order and products fused, so that a long sum
    runs in the lanes of a vector; the last bits then depend on the processor.
    """
    if function is None:
        return functools.partial(_compiled, reorder=reorder)
    return _compiled(function, reorder=reorder)


def _compiled(function: Any, *, reorder: bool) -> Any:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    if reorder:
        options["fastmath"] = {"reassoc", "contract", "nsz"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(**options)(function)
