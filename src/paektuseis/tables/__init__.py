"""Every table the library makes or takes: its columns, their types, units and meaning.

Tables are ``pandas.DataFrame`` in long form. Times are UTC-aware
``datetime64[ns, UTC]``; a list of ids in a cell is a tuple of strings. A
:class:`Schema` builds a table from rows and checks one at the border.
"""

from __future__ import annotations

from .._schema import Column, Kind, Schema
from .completeness import COMPLETENESS, DETECTABILITY
from .events import (
    ARRIVALS,
    CLASSES,
    EVENTS,
    FAMILIES,
    FEATURES,
    LABELS,
    RATES,
    REFUSALS,
    REPEATS,
    SWARMS,
    TREMOR,
    TRUTH,
)
from .measures import (
    AMPLITUDES,
    ATTRIBUTES,
    HARMONICS,
    POLARIZATION,
    RATIOS,
    RSAM,
    SSAM,
)
from .records import (
    AVAILABILITY,
    DETECTIONS,
    GAPS,
    JOBS,
    MATCHES,
    METADATA_CHECKS,
    MONITORING,
    QUALITY,
    SEVERITIES,
    STATIONS,
    TRIGGERS,
)
from .sources import (
    MAGNITUDES,
    ORIGINS,
    PHASES,
    PICKS,
    POLARITIES,
    QUALITIES,
    RESIDUALS,
    STATION_MAGNITUDES,
)

__all__ = [
    "ALL",
    "AMPLITUDES",
    "ARRIVALS",
    "ATTRIBUTES",
    "AVAILABILITY",
    "CLASSES",
    "COMPLETENESS",
    "DETECTABILITY",
    "DETECTIONS",
    "EVENTS",
    "FAMILIES",
    "FEATURES",
    "GAPS",
    "HARMONICS",
    "JOBS",
    "LABELS",
    "MAGNITUDES",
    "MATCHES",
    "METADATA_CHECKS",
    "MONITORING",
    "ORIGINS",
    "PHASES",
    "PICKS",
    "POLARITIES",
    "POLARIZATION",
    "QUALITIES",
    "QUALITY",
    "RATES",
    "RATIOS",
    "REFUSALS",
    "REPEATS",
    "RESIDUALS",
    "RSAM",
    "SEVERITIES",
    "SSAM",
    "STATIONS",
    "STATION_MAGNITUDES",
    "SWARMS",
    "TREMOR",
    "TRIGGERS",
    "TRUTH",
    "Column",
    "Kind",
    "Schema",
    "station_of",
]


def station_of(trace_id: str) -> str:
    """Return ``NET.STA`` of a trace id (``NET.STA.LOC.CHA``).

    Parameters
    ----------
    trace_id : str

    Returns
    -------
    str

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
    HARMONICS,
    JOBS,
    DETECTABILITY,
    COMPLETENESS,
)
