"""Thresholds of the correlation: a number, or a multiple of its own scatter that day."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError

_MAD = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*\*?\s*mad\s*", re.IGNORECASE)
ENOUGH = 20
"""Template lengths of values without which a number of channels has no scatter of its own."""


@dataclass(frozen=True)
class Threshold:
    """A fixed correlation (``multiple`` None) or a multiple of the MAD."""

    fixed: float | None
    multiple: float | None

    @classmethod
    def parse(cls, value: Any) -> Threshold:
        """Read ``0.7``, ``"0.7"`` or ``"9*mad"``."""
        if isinstance(value, str) and (match := _MAD.fullmatch(value)):
            multiple = float(match.group(1))
            if multiple > 0:
                return cls(None, multiple)
        else:
            try:
                number = float(value)
            except (TypeError, ValueError):
                number = math.nan
            if 0 < number <= 1 and not isinstance(value, bool):
                return cls(number, None)
        raise ParameterError(
            f"threshold={value!r}; give a correlation above 0 and up to 1, "
            'or a multiple of the scatter such as "9*mad"'
        )

    @property
    def text(self) -> str:
        """How it is set, for the table."""
        return f"{self.multiple:g}*mad per day" if self.multiple is not None else "fixed"

    def of(self, mad: float) -> float:
        """Return the correlation to exceed."""
        return self.fixed if self.fixed is not None else float(self.multiple or 0) * mad


def median_deviation(values: NDArray[Any]) -> float:
    """Return ``median(|v - median(v)|)`` of finite values; NaN if there are none.

    Examples
    --------
    >>> median_deviation(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    1.0
    """
    if values.size == 0:
        return float("nan")
    return _median(np.abs(values - values.dtype.type(_median(values))))


def _median(values: NDArray[Any]) -> float:
    half = values.size // 2
    if values.size % 2:
        return float(np.partition(values, half)[half])
    parts = np.partition(values, half)
    return (float(parts[half]) + float(parts[:half].max())) / 2


def deviations(
    values: NDArray[np.float32], channels: NDArray[np.uint16], size: int
) -> dict[int, float]:
    """Return the median absolute deviation for each number of channels.

    The mean over fewer channels scatters more; each number has its own scatter, from the values
    of that day with that number. Where those span less than ``ENOUGH`` template lengths the
    scatter of the most frequent number stands in, times ``sqrt`` of the ratio if that is more
    channels (right for channels that are independent, cautious otherwise).
    """
    finite = np.isfinite(values)
    if finite.all() and channels.size and (channels == channels[0]).all():
        return {int(channels[0]): median_deviation(values)}
    values, channels = values[finite], channels[finite]
    sizes = np.bincount(channels)
    numbers = [int(n) for n in np.flatnonzero(sizes)]
    if not numbers:
        return {}
    main = max(numbers, key=lambda n: (int(sizes[n]), n))
    out = {}
    reference = median_deviation(values[channels == main])
    for n in numbers:
        if n != main and sizes[n] >= ENOUGH * size:
            out[n] = median_deviation(values[channels == n])
        else:
            out[n] = reference * math.sqrt(max(main / n, 1.0))
    return out
