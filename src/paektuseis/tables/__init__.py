"""Every table the library makes or takes: its columns, their types, units and meaning.

Tables are ``pandas.DataFrame`` in long form. Times are UTC-aware
``datetime64[ns, UTC]``; a list of ids in a cell is a tuple of strings. A
:class:`Schema` builds a table from rows and checks one at the border.
"""

from __future__ import annotations

from .._schema import Column as Column, Kind as Kind, Schema as Schema
from .events import (
    ARRIVALS as ARRIVALS,
    CLASSES as CLASSES,
    EVENTS as EVENTS,
    FAMILIES as FAMILIES,
    FEATURES as FEATURES,
    LABELS as LABELS,
    RATES as RATES,
    REFUSALS as REFUSALS,
    REPEATS as REPEATS,
    SWARMS as SWARMS,
    TREMOR as TREMOR,
    TRUTH as TRUTH,
)
from .measures import (
    AMPLITUDES as AMPLITUDES,
    ATTRIBUTES as ATTRIBUTES,
    POLARIZATION as POLARIZATION,
    RATIOS as RATIOS,
    RSAM as RSAM,
    SSAM as SSAM,
)
from .records import (
    AVAILABILITY as AVAILABILITY,
    DETECTIONS as DETECTIONS,
    GAPS as GAPS,
    JOBS as JOBS,
    MATCHES as MATCHES,
    METADATA_CHECKS as METADATA_CHECKS,
    MONITORING as MONITORING,
    QUALITY as QUALITY,
    SEVERITIES as SEVERITIES,
    STATIONS as STATIONS,
    TRIGGERS as TRIGGERS,
)
from .sources import (
    MAGNITUDES as MAGNITUDES,
    ORIGINS as ORIGINS,
    PHASES as PHASES,
    PICKS as PICKS,
    POLARITIES as POLARITIES,
    QUALITIES as QUALITIES,
    RESIDUALS as RESIDUALS,
    STATION_MAGNITUDES as STATION_MAGNITUDES,
)


def station_of(trace_id: str) -> str:
    """Return ``NET.STA`` of a trace id (``NET.STA.LOC.CHA``).

    Examples
    --------
    >>> station_of("1U.JGPD..HHZ")
    '1U.JGPD'
    """
    return ".".join(str(trace_id).split(".")[:2])


ALL: tuple[Schema, ...] = (
    STATIONS,
    GAPS,
    QUALITY,
    AVAILABILITY,
    TRIGGERS,
    MONITORING,
    DETECTIONS,
    MATCHES,
    RSAM,
    SSAM,
    RATIOS,
    AMPLITUDES,
    ATTRIBUTES,
    EVENTS,
    RATES,
    SWARMS,
    TRUTH,
    ARRIVALS,
    PICKS,
    POLARIZATION,
    RESIDUALS,
    ORIGINS,
    MAGNITUDES,
    STATION_MAGNITUDES,
    FEATURES,
    CLASSES,
    REFUSALS,
    FAMILIES,
    REPEATS,
    TREMOR,
    JOBS,
)
