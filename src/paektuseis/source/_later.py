"""Tables of a result that are made when somebody first looks at them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

import pandas as pd


class LaterTable:
    """A field that holds a table, or how to make it: made at its first use and kept.

    Two threads that look at the same time may both make it; they get equal tables.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, result: None, owner: type) -> LaterTable: ...

    @overload
    def __get__(self, result: object, owner: type) -> pd.DataFrame: ...

    def __get__(self, result: Any, owner: type) -> Any:
        if result is None:
            raise AttributeError(self.name)  # the field has no default
        value = vars(result)[self.name]
        if not isinstance(value, pd.DataFrame):
            value = vars(result)[self.name] = value()
        return value

    def __set__(self, result: object, value: pd.DataFrame | Callable[[], pd.DataFrame]) -> None:
        vars(result)[self.name] = value
