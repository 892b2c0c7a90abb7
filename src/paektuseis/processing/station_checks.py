"""Metadata looked at for themselves, without any record."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pandas as pd
from obspy import Inventory, UTCDateTime

from ..errors import ParameterError
from ..tables import QUALITY
from ..times import TimeLike, as_utc
from ._epochs import Epoch, covers
from ._metadata import fingerprint, has_response
from ._quality_metadata import Row, finding, response_rows

_TILT = 15.0  # degrees by which a component may miss the direction its code promises
_LAST = UTCDateTime(2262, 1, 1)  # what a table can hold


def check_stations(inventory: Inventory, *, time: TimeLike | None = None) -> pd.DataFrame:
    """List everything that makes station metadata doubtful, channel by channel and epoch by epoch.

    Parameters
    ----------
    inventory : Inventory
        Station metadata, as read. Nothing in them is changed.
    time : UTCDateTime or str, optional
        Only the epochs that hold then; all of them by default.

    Returns
    -------
    DataFrame
        Table ``tables.QUALITY``, sorted by channel, time and check. ``starttime`` and ``endtime``
        are those of the epoch (NaT where it is open, or ends after 2261). ``severity`` is
        ``"error"`` where a conversion to ground motion would be wrong or is impossible and is
        refused, ``"warning"`` where two statements contradict each other, ``"info"`` for what
        is worth knowing. The checks:

        ============== ========= ====================================================
        check          severity  finding
        ============== ========= ====================================================
        wrong_epoch    error     the epoch ends before it begins
        no_response    error     an epoch without response
        response       any       zero, unstable, contradictory or doubtful response;
                                 two responses at one time; one listed twice
        orientation    warning   a dip that the code of the component belies (degrees)
        ============== ========= ====================================================

        An empty table means that nothing was found.

    Raises
    ------
    ParameterError
        If this is no Inventory.

    See Also
    --------
    check_waveforms : the same for the time and the sampling rate of a record.

    Examples
    --------
    >>> from obspy.core.inventory import Channel, Inventory, Network, Station
    >>> channel = Channel("HHZ", "", 42.0, 128.0, 2000.0, 0.0, dip=0.0)
    >>> station = Station("PKS", 42.0, 128.0, 2000.0, channels=[channel])
    >>> inventory = Inventory([Network("KP", [station])])
    >>> check_stations(inventory)[["trace_id", "check", "severity"]].values.tolist()
    [['KP.PKS..HHZ', 'no_response', 'error'], ['KP.PKS..HHZ', 'orientation', 'warning']]
    """
    if not isinstance(inventory, Inventory):
        raise ParameterError(
            f"check_stations takes an obspy Inventory, not {type(inventory).__name__}"
        )
    when = None if time is None else as_utc(time, name="time")
    rows: list[Row] = []
    for trace_id, epochs in _channels(inventory).items():
        wanted = [e for e in epochs if when is None or covers(e, when)]
        for epoch in wanted:
            base = {"trace_id": trace_id, **_span(epoch.start_date, epoch.end_date)}
            rows += [base | row for row in _epoch_rows(epoch)]
        for first, second in combinations(wanted, 2):
            rows += [{"trace_id": trace_id} | row for row in _overlap_rows(first, second)]
    return QUALITY.frame(rows).sort_values(
        ["trace_id", "starttime", "check", "severity"], kind="stable", ignore_index=True
    )


def _channels(inventory: Inventory) -> dict[str, list[Epoch]]:
    """Return the epochs of every channel, by its name, in order of name and time."""
    found: dict[str, list[Epoch]] = {}
    for network in inventory:
        for station in network:
            for epoch in station:
                location = (epoch.location_code or "").strip("- ")
                name = f"{network.code}.{station.code}.{location}.{epoch.code}"
                found.setdefault(name, []).append(epoch)
    for epochs in found.values():
        epochs.sort(key=lambda e: e.start_date or UTCDateTime(0))
    return dict(sorted(found.items()))


def _span(start: UTCDateTime | None, end: UTCDateTime | None) -> dict[str, Any]:
    return {
        name: None if t is None or t > _LAST else t
        for name, t in (("starttime", start), ("endtime", end))
    }


def _epoch_rows(epoch: Epoch) -> list[Row]:
    start, end = epoch.start_date, epoch.end_date
    rows: list[Row] = []
    if start is not None and end is not None and end <= start:
        rows.append(
            finding("wrong_epoch", "error", f"begins {start} and ends {end}: no time at all")
        )
    if has_response(epoch):
        rate = float(epoch.sample_rate) if epoch.sample_rate else None
        rows += response_rows(epoch.response, rate)
    else:
        rows.append(finding("no_response", "error", "the epoch has no response; counts only"))
    return rows + _orientation_rows(epoch)


def _orientation_rows(epoch: Epoch) -> list[Row]:
    """Hold the dip against the last letter of a seismometer's code."""
    code = str(epoch.code)
    if epoch.dip is None or len(code) != 3 or code[1] not in "HNLP" or code[2] not in "ZNE":
        return []
    dip = float(epoch.dip)
    off = 90.0 - abs(dip) if code[2] == "Z" else abs(dip)
    if off > _TILT:
        words = f"dip {dip:g} degrees on a component called {code[2]}"
        return [
            finding("orientation", "warning", words)
            | {"value": off, "units": "degrees", "limit": _TILT}
        ]
    if code[2] == "Z" and dip > 0:
        return [
            finding("orientation", "info", f"dip {dip:g} degrees: up is negative") | {"value": dip}
        ]
    return []


def _overlap_rows(first: Epoch, second: Epoch) -> list[Row]:
    """Return the finding on two epochs that hold at once."""
    starts = [e.start_date for e in (first, second) if e.start_date is not None]
    ends = [e.end_date for e in (first, second) if e.end_date is not None]
    begin, until = max(starts, default=None), min(ends, default=None)
    if any(
        e.start_date is not None and e.end_date is not None and e.end_date <= e.start_date
        for e in (first, second)
    ):
        return []
    if begin is not None and until is not None and until <= begin:
        return []
    if not (has_response(first) and has_response(second)):
        return []
    if fingerprint(first.response) != fingerprint(second.response):
        row = finding(
            "response",
            "error",
            "two epochs with different responses hold at once; close the wrong one",
        )
    else:
        row = finding("response", "info", "the same response is listed twice for this time")
    return [row | _span(begin, until)]
