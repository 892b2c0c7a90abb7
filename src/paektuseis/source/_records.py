"""A station's sensor: its components, windows without gap or damage, its response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..errors import MetadataError, WaveformError
from ..processing import check_waveforms, response_curve, sound_pieces
from ..provenance import units_of
from ..times import as_utc
from ..types import FloatArray

MOTION_CODES = "HLGMNP"  # second letter of a channel that is a seismometer or accelerometer
_TWINS = {"1": "N", "2": "E", "N": "1", "E": "2"}
_ALIKE = 0.02  # horizontals of one sensor with responses as near as this may be exchanged
_DAMAGE = ("clipped", "flat")


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """One sensor of a station: its contiguous pieces by component."""

    key: str
    name: str
    """``NET.STA.LOC.CH`` without the component."""
    pieces: dict[str, list[Trace]]
    damage: Mapping[str, list[tuple[int, int, str]]] = field(repr=False, default_factory=dict)
    """By channel the spans that are no ground motion: begin, end (ns, both inside) and why."""

    @property
    def horizontals(self) -> list[str]:
        """Components that are not vertical, in order."""
        return sorted(c for c in self.pieces if c != "Z")

    def trace_id(self, component: str) -> str:
        """Id of one channel."""
        return self.name + component

    def window(self, component: str, begin: UTCDateTime, end: UTCDateTime) -> Trace:
        """Return the piece that covers a window, not cut to it.

        Raises
        ------
        WaveformError
            If it holds a gap or clipped samples, or is not recorded.
        """
        for trace in self.pieces[component]:
            slack = 0.5 / trace.stats.sampling_rate
            if trace.stats.starttime <= begin + slack and trace.stats.endtime >= end - slack:
                self._require_sound(component, begin, end)
                return trace
        first = self.pieces[component][0].stats.starttime
        last = self.pieces[component][-1].stats.endtime
        why = "a gap" if first <= begin and last >= end else "the end of the record"
        raise WaveformError(
            f"{self.trace_id(component)}: {why} between {begin} and {end}; "
            "no amplitude is read across it"
        )

    def piece_at(self, component: str, time: UTCDateTime) -> Trace | None:
        """Return the piece that holds an instant."""
        for trace in self.pieces[component]:
            if trace.stats.starttime <= time <= trace.stats.endtime:
                return trace
        return None

    def _require_sound(self, component: str, begin: UTCDateTime, end: UTCDateTime) -> None:
        trace_id = self.trace_id(component)
        for start, until, why in self.damage.get(trace_id, ()):
            if start <= end.ns and until >= begin.ns:
                raise WaveformError(f"{trace_id}: {why}")


class Sensors(dict[str, list[Sensor]]):
    """The sensors of each station (``NET.STA``), those with most components first."""


def sensors_of(stream: Stream | Trace | Sensors) -> Sensors:
    """Return the sensors in some records; several measures of the same records may share them."""
    if isinstance(stream, Sensors):
        return stream
    pieces = sound_pieces(stream)
    raw = Stream([t for t in pieces if units_of(t) == "counts"])
    damage = _damage(check_waveforms(raw)) if raw else {}
    grouped: dict[str, dict[str, dict[str, list[Trace]]]] = {}
    for trace in pieces:
        code = trace.stats.channel
        if not code or (len(code) == 3 and code[1] not in MOTION_CODES):
            continue
        key = f"{trace.stats.network}.{trace.stats.station}"
        station = grouped.setdefault(key, {})
        station.setdefault(trace.id[:-1], {}).setdefault(code[-1], []).append(trace)
    out: dict[str, list[Sensor]] = {}
    for key, sensors in grouped.items():
        found = [
            Sensor(key=key, name=name, pieces=parts, damage=damage)
            for name, parts in sensors.items()
        ]
        # a seismometer before an accelerometer, the faster before the slower
        found.sort(
            key=lambda s: (
                -len(s.pieces),
                s.name[-1] in "NGL",
                -max(p[0].stats.sampling_rate for p in s.pieces.values()),
                s.name,
            )
        )
        out[key] = found
    return Sensors(sorted(out.items()))


def _damage(quality: pd.DataFrame) -> dict[str, list[tuple[int, int, str]]]:
    """Return the spans of ``tables.QUALITY`` that no window may touch, by channel."""
    spans: dict[str, list[tuple[int, int, str]]] = {}
    rows = quality[quality["check"].isin(_DAMAGE)]
    for row in rows.itertuples(index=False):
        start, end = (int(as_utc(t).ns) for t in (row.starttime, row.endtime))
        spans.setdefault(str(row.trace_id), []).append((start, end, str(row.message)))
    return spans


def named_in_metadata(inventory: Inventory, trace_id: str, time: UTCDateTime) -> tuple[str, str]:
    """Return the id under which the metadata know a channel, and a remark if it is another.

    Records and metadata may name the same two horizontals 1, 2 and N, E. Where all that is
    wanted is a response, and both horizontals have the same, the name makes no difference.
    """
    network, station, location, channel = trace_id.split(".")
    codes = {
        c.code
        for n in inventory
        if n.code == network
        for s in n
        if s.code == station
        for c in s
        if c.location_code == location and c.is_active(time)
    }
    if channel in codes:
        return trace_id, ""
    pairs = [("N", "E"), ("1", "2")]
    pair = next((p for p in pairs if all(channel[:-1] + c in codes for c in p)), None)
    if pair is None or channel[-1:] not in _TWINS:
        raise MetadataError(
            f"{trace_id}: the metadata have no epoch that covers {time}; add it or leave the "
            "channel out"
        )
    ids = [f"{network}.{station}.{location}.{channel[:-1]}{c}" for c in pair]
    f = np.array([0.5, 2.0, 10.0])
    a, b = (np.abs(response_curve(inventory, i, time, f)) for i in ids)
    if (np.abs(a / b - 1) > _ALIKE).any():
        raise MetadataError(
            f"{trace_id} is not in the metadata, which have {' and '.join(ids)} with different "
            "responses; rename the channel"
        )
    twin = f"{network}.{station}.{location}.{channel[:-1]}{_TWINS[channel[-1]]}"
    return twin, f"response of {twin} (the metadata name the horizontals so)"


def motion_factor(
    trace: Trace, inventory: Inventory, frequencies: FloatArray, time: UTCDateTime
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.complex128]], str]:
    """Return samples over ground displacement (m) at frequencies above 0, and a remark."""
    units = units_of(trace)
    if units == "counts":
        name, remark = named_in_metadata(inventory, trace.id, time)
        return response_curve(inventory, name, time, frequencies, output="DISP"), remark
    powers = {"m": 0, "m/s": 1, "m/s**2": 2}
    if units not in powers:
        raise WaveformError(f"{trace.id} is in {units}; counts or ground motion is needed")
    return np.asarray((2j * np.pi * frequencies) ** powers[units], dtype=np.complex128), ""
