"""Checks of the metadata of one channel over the time of its records."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from obspy import Inventory, Trace, UTCDateTime

from ..times import sample_time
from ._epochs import boundaries, epoch_text, epochs_at, epochs_of
from ._metadata import fingerprint, has_response, response_problems

Row = dict[str, Any]


def metadata_rows(traces: list[Trace], inventory: Inventory) -> list[Row]:
    """Return the findings on the responses of one channel, one set for each epoch touched."""
    trace_id = traces[0].id
    start = min(t.stats.starttime for t in traces)
    end = max(t.stats.endtime for t in traces)
    rate = float(max(traces, key=lambda t: len(t.data)).stats.sampling_rate)
    edges = [start, *boundaries(inventory, trace_id, start, end), end]
    rows: list[Row] = []
    for begin, until in pairwise(edges):
        if begin != until and not any(
            t.stats.starttime < until and t.stats.endtime > begin for t in traces
        ):
            continue  # between two epochs, with no samples there
        base: Row = {"trace_id": trace_id, "starttime": begin, "endtime": until}
        rows += [base | row for row in _epoch_rows(inventory, trace_id, begin, until, rate)]
    return rows


def finding(check: str, severity: str, message: str) -> Row:
    return {"check": check, "severity": severity, "message": message, "value": float("nan")}


def _epoch_rows(
    inventory: Inventory, trace_id: str, begin: UTCDateTime, until: UTCDateTime, rate: float
) -> list[Row]:
    middle = sample_time(begin, 0.5 * (until - begin), 1.0)
    if not epochs_of(inventory, trace_id):
        return [
            finding(
                "no_response",
                "error",
                f"no metadata: {epoch_text(inventory, trace_id)}; counts only",
            )
        ]
    epochs = epochs_at(inventory, trace_id, middle)
    if not epochs:
        return [
            finding(
                "wrong_epoch",
                "error",
                f"no epoch covers this time ({epoch_text(inventory, trace_id)}); counts only",
            )
        ]
    usable = [e for e in epochs if has_response(e)]
    if not usable:
        return [finding("no_response", "error", "the epoch has no response; counts only")]
    rows: list[Row] = []
    if len({fingerprint(e.response) for e in usable}) > 1:
        return [
            finding(
                "response",
                "error",
                f"{len(usable)} epochs with different responses hold at once; close the wrong one",
            )
        ]
    if len(usable) > 1:
        rows.append(finding("response", "info", f"the same epoch is listed {len(usable)} times"))
    stated = usable[0].sample_rate
    if stated and abs(float(stated) / rate - 1) > 0.01:
        rows.append(
            finding(
                "response",
                "warning",
                f"the metadata say {float(stated):g} Hz, the samples come at {rate:g} Hz",
            )
            | {"value": float(stated), "units": "Hz", "limit": rate}
        )
    return rows + response_rows(usable[0].response, rate)


def response_rows(response: Any, rate: float | None) -> list[Row]:
    """Return the findings on one response, without channel and time."""
    return [
        {
            "check": "response",
            "severity": problem.severity,
            "message": problem.message,
            "value": problem.value,
            "units": problem.units,
            "limit": problem.limit,
        }
        for problem in response_problems(response, sampling_rate=rate)
    ]
